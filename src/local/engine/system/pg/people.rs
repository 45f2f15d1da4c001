//! Users, groups and roles. The embedded warehouse has one user at a time, who may do everything.

use super::nothing;
use crate::local::engine::rows::Rows;
use crate::local::engine::system::Kind::{Array, Bool, Int, Text, Time};
use crate::local::engine::system::{Kind, Snapshot, USER_ID, View, some, truth};

const USER: &[(&str, Kind)] = &[
    ("usename", Text),
    ("usesysid", Int),
    ("usecreatedb", Bool),
    ("usesuper", Bool),
    ("usecatupd", Bool),
    ("passwd", Text),
    ("valuntil", Time),
    ("useconfig", Text),
];

pub(in crate::engine::system) const VIEWS: &[View] = &[
    View { name: "pg_user", columns: USER, fill: users, ordered: false },
    View { name: "pg_user_info", columns: USER, fill: users, ordered: false },
    View { name: "pg_group", columns: &[("groname", Text), ("grosysid", Int), ("grolist", Text)], fill: nothing, ordered: false },
    View {
        name: "pg_roles",
        columns: &[
            ("rolname", Text),
            ("rolsuper", Bool),
            ("rolinherit", Bool),
            ("rolcreaterole", Bool),
            ("rolcreatedb", Bool),
            ("rolcatupdate", Bool),
            ("rolcanlogin", Bool),
            ("rolreplication", Bool),
            ("rolbypassrls", Bool),
            ("rolconnlimit", Int),
            ("rolpassword", Text),
            ("rolvaliduntil", Time),
            ("rolconfig", Array("_text")),
            ("oid", Int),
        ],
        fill: roles,
        ordered: false,
    },
    View {
        name: "pg_auth_members",
        columns: &[("roleid", Int), ("member", Int), ("grantor", Int), ("admin_option", Bool)],
        fill: nothing,
        ordered: false,
    },
];

fn users(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    rows.push([some(snapshot.owner()), some(USER_ID), truth(true), truth(true), truth(false), some("********"), None, None]);
}

fn roles(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    rows.push([
        some(snapshot.owner()),
        truth(true),
        truth(true),
        truth(true),
        truth(true),
        truth(false),
        truth(true),
        truth(false),
        truth(false),
        some("-1"),
        some("********"),
        None,
        None,
        some(USER_ID),
    ]);
}
