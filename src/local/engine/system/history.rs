//! `stl_…`, `stv_…`, `svl_…` and `sys_…`: what statements ran, and what `COPY` loaded and refused.

use chrono::{DateTime, Utc};

use super::Kind::{Bool, Int, Long, Text, Time};
use super::{Kind, Snapshot, USER_ID, View, some, truth};
use crate::local::engine::journal::Query;
use crate::local::engine::rows::Rows;

/// Characters of a statement in a row of the views that cut it into pieces.
const PIECE: usize = 200;

const LOAD_ERRORS: &[(&str, Kind)] = &[
    ("userid", Int),
    ("slice", Int),
    ("tbl", Long),
    ("starttime", Time),
    ("session", Long),
    ("query", Long),
    ("filename", Text),
    ("line_number", Long),
    ("colname", Text),
    ("type", Text),
    ("col_length", Text),
    ("position", Int),
    ("raw_line", Text),
    ("raw_field_value", Text),
    ("err_code", Int),
    ("err_reason", Text),
];

pub(super) const VIEWS: &[View] = &[
    View {
        name: "stl_query",
        columns: &[
            ("userid", Int),
            ("query", Long),
            ("label", Text),
            ("xid", Long),
            ("pid", Long),
            ("database", Text),
            ("querytxt", Text),
            ("starttime", Time),
            ("endtime", Time),
            ("aborted", Int),
        ],
        fill: queries,
        ordered: true,
    },
    View {
        name: "stl_querytext",
        columns: &[("userid", Int), ("xid", Long), ("pid", Long), ("query", Long), ("sequence", Int), ("text", Text)],
        fill: query_text,
        ordered: true,
    },
    View {
        name: "svl_qlog",
        columns: &[
            ("userid", Int),
            ("query", Long),
            ("xid", Long),
            ("pid", Long),
            ("starttime", Time),
            ("endtime", Time),
            ("elapsed", Long),
            ("aborted", Int),
            ("label", Text),
            ("substring", Text),
        ],
        fill: query_log,
        ordered: true,
    },
    View {
        name: "stv_recents",
        columns: &[
            ("userid", Int),
            ("status", Text),
            ("starttime", Time),
            ("duration", Long),
            ("user_name", Text),
            ("db_name", Text),
            ("query", Text),
            ("pid", Long),
        ],
        fill: recents,
        ordered: true,
    },
    View {
        name: "stv_inflight",
        columns: &[("userid", Int), ("query", Long), ("label", Text), ("xid", Long), ("pid", Long), ("starttime", Time), ("text", Text)],
        fill: in_flight,
        ordered: true,
    },
    View {
        name: "stv_sessions",
        columns: &[("starttime", Time), ("process", Long), ("user_name", Text), ("db_name", Text)],
        fill: sessions,
        ordered: true,
    },
    View {
        name: "sys_query_history",
        columns: &[
            ("user_id", Int),
            ("query_id", Long),
            ("query_label", Text),
            ("transaction_id", Long),
            ("session_id", Long),
            ("database_name", Text),
            ("query_type", Text),
            ("status", Text),
            ("result_cache_hit", Bool),
            ("start_time", Time),
            ("end_time", Time),
            ("elapsed_time", Long),
            ("queue_time", Long),
            ("execution_time", Long),
            ("error_message", Text),
            ("returned_rows", Long),
            ("query_text", Text),
        ],
        fill: query_history,
        ordered: true,
    },
    View {
        name: "sys_query_detail",
        columns: &[
            ("user_id", Int),
            ("query_id", Long),
            ("child_query_sequence", Int),
            ("stream_id", Int),
            ("segment_id", Int),
            ("step_id", Int),
            ("step_name", Text),
            ("table_id", Int),
            ("table_name", Text),
            ("is_rrscan", Bool),
            ("start_time", Time),
            ("end_time", Time),
            ("duration", Long),
            ("alert", Text),
            ("input_bytes", Long),
            ("input_rows", Long),
            ("output_bytes", Long),
            ("output_rows", Long),
            ("is_active", Bool),
            ("spilled_block_local_disk", Long),
            ("spilled_block_remote_disk", Long),
            ("step_attribute", Text),
        ],
        fill: query_detail,
        ordered: true,
    },
    View {
        name: "sys_query_text",
        columns: &[
            ("user_id", Int),
            ("query_id", Long),
            ("transaction_id", Long),
            ("session_id", Long),
            ("start_time", Time),
            ("sequence", Int),
            ("text", Text),
        ],
        fill: sys_query_text,
        ordered: true,
    },
    View { name: "stl_load_errors", columns: LOAD_ERRORS, fill: load_errors, ordered: true },
    View {
        name: "stl_loaderror_detail",
        columns: &[
            ("userid", Int),
            ("session", Long),
            ("query", Long),
            ("filename", Text),
            ("line_number", Long),
            ("colname", Text),
            ("value", Text),
            ("type", Text),
        ],
        fill: load_error_values,
        ordered: true,
    },
    View {
        name: "stl_load_commits",
        columns: &[
            ("userid", Int),
            ("query", Long),
            ("slice", Int),
            ("name", Text),
            ("filename", Text),
            ("byte_offset", Long),
            ("lines_scanned", Long),
            ("errors", Long),
            ("curtime", Time),
            ("status", Int),
        ],
        fill: load_commits,
        ordered: true,
    },
    View {
        name: "sys_load_history",
        columns: &[
            ("user_id", Int),
            ("query_id", Long),
            ("database_name", Text),
            ("status", Text),
            ("table_name", Text),
            ("start_time", Time),
            ("file_format", Text),
            ("loaded_rows", Long),
            ("source_file_count", Long),
            ("source_file_bytes", Long),
            ("error_count", Long),
        ],
        fill: load_history,
        ordered: true,
    },
    View {
        name: "sys_load_detail",
        columns: &[
            ("user_id", Int),
            ("query_id", Long),
            ("table_name", Text),
            ("file_name", Text),
            ("file_format", Text),
            ("scanned_bytes", Long),
            ("loaded_rows", Long),
            ("record_time", Time),
        ],
        fill: load_detail,
        ordered: true,
    },
    View {
        name: "sys_load_error_detail",
        columns: &[
            ("user_id", Int),
            ("query_id", Long),
            ("database_name", Text),
            ("table_name", Text),
            ("start_time", Time),
            ("file_name", Text),
            ("line_number", Long),
            ("column_name", Text),
            ("column_type", Text),
            ("error_code", Int),
            ("error_message", Text),
            ("raw_line", Text),
            ("raw_field", Text),
        ],
        fill: load_error_detail,
        ordered: true,
    },
];

/// A time as text that can be cast to a timestamp.
pub(super) fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.6f").to_string()
}

fn microseconds(query: &Query, now: DateTime<Utc>) -> Option<String> {
    let took = query.end.unwrap_or(now) - query.start;
    took.num_microseconds().map(|count| count.to_string())
}

fn queries(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for query in snapshot.engine.journal().queries().into_iter().filter(|query| query.end.is_some()) {
        rows.push([
            some(USER_ID),
            some(query.id.to_string()),
            query.label.or_else(|| some("default")),
            some(query.id.to_string()),
            some(query.session.to_string()),
            some(query.database),
            some(query.text),
            some(time(query.start)),
            query.end.map(time),
            some(if query.error.is_some() { "1" } else { "0" }),
        ]);
    }
}

/// A text in pieces, each with its number.
fn pieces(text: &str) -> Vec<(String, String)> {
    let characters: Vec<char> = text.chars().collect();
    characters.chunks(PIECE).enumerate().map(|(index, piece)| (index.to_string(), piece.iter().collect())).collect()
}

fn query_text(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for query in snapshot.engine.journal().queries() {
        let (id, session) = (query.id.to_string(), query.session.to_string());
        for (number, text) in pieces(&query.text) {
            rows.add([USER_ID, &id, &session, &id, &number, &text]);
        }
    }
}

fn sys_query_text(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for query in snapshot.engine.journal().queries() {
        let (id, session, start) = (query.id.to_string(), query.session.to_string(), time(query.start));
        for (number, text) in pieces(&query.text) {
            rows.add([USER_ID, &id, &id, &session, &start, &number, &text]);
        }
    }
}

fn query_log(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    let now = snapshot.engine.clock().now();
    for query in snapshot.engine.journal().queries().into_iter().filter(|query| query.end.is_some()) {
        let elapsed = microseconds(&query, now);
        rows.push([
            some(USER_ID),
            some(query.id.to_string()),
            some(query.id.to_string()),
            some(query.session.to_string()),
            some(time(query.start)),
            query.end.map(time),
            elapsed,
            some(if query.error.is_some() { "1" } else { "0" }),
            query.label.clone().or_else(|| some("default")),
            some(query.text.chars().take(60).collect::<String>()),
        ]);
    }
}

fn recents(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    let now = snapshot.engine.clock().now();
    for query in snapshot.engine.journal().queries().into_iter().rev().take(100) {
        let running = query.end.is_none();
        let elapsed = microseconds(&query, now);
        rows.push([
            some(USER_ID),
            some(if running { "Running" } else { "Done" }),
            some(time(query.start)),
            elapsed,
            some(query.user),
            some(query.database),
            some(query.text),
            some(if running { query.session.to_string() } else { "-1".to_owned() }),
        ]);
    }
}

fn in_flight(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for query in snapshot.engine.journal().queries().into_iter().filter(|query| query.end.is_none()) {
        rows.push([
            some(USER_ID),
            some(query.id.to_string()),
            query.label.or_else(|| some("default")),
            some(query.id.to_string()),
            some(query.session.to_string()),
            some(time(query.start)),
            some(query.text),
        ]);
    }
}

/// Sessions that run a statement, this one among them.
fn sessions(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    let mut seen = Vec::new();
    for query in snapshot.engine.journal().queries().into_iter().filter(|query| query.end.is_none()) {
        if !seen.contains(&query.session) {
            seen.push(query.session);
            rows.add([&time(query.start), &query.session.to_string(), &query.user, &query.database]);
        }
    }
}

fn query_history(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    let now = snapshot.engine.clock().now();
    for query in snapshot.engine.journal().queries() {
        let status = match (&query.end, &query.error) {
            (None, _) => "running",
            (Some(_), None) => "success",
            (Some(_), Some(error)) if error == "cancelled" => "canceled",
            (Some(_), Some(_)) => "failed",
        };
        let elapsed = microseconds(&query, now);
        rows.push([
            some(USER_ID),
            some(query.id.to_string()),
            query.label.clone().or_else(|| some("default")),
            some(query.id.to_string()),
            some(query.session.to_string()),
            some(&query.database),
            some(kind(&query.text)),
            some(status),
            truth(false),
            some(time(query.start)),
            query.end.map(time),
            elapsed.clone(),
            some("0"),
            elapsed,
            query.error.clone(),
            some(query.rows.to_string()),
            some(&query.text),
        ]);
    }
}

/// One step a statement: the engine runs it as one, and gives its rows back.
fn query_detail(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    let now = snapshot.engine.clock().now();
    for query in snapshot.engine.journal().queries() {
        let step = if matches!(kind(&query.text), "SELECT") { "return" } else { "save" };
        rows.push([
            some(USER_ID),
            some(query.id.to_string()),
            some("1"),
            some("0"),
            some("0"),
            some("0"),
            some(step),
            some("0"),
            None,
            truth(false),
            some(time(query.start)),
            query.end.map(time),
            microseconds(&query, now),
            None,
            some("0"),
            some("0"),
            some("0"),
            some(query.rows.to_string()),
            truth(query.end.is_none()),
            some("0"),
            some("0"),
            None,
        ]);
    }
}

/// The kind of a statement, as `sys_query_history` calls it.
fn kind(text: &str) -> &'static str {
    let first = text.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    match first.to_ascii_uppercase().as_str() {
        "SELECT" | "WITH" | "" => "SELECT",
        "INSERT" => "INSERT",
        "UPDATE" => "UPDATE",
        "DELETE" => "DELETE",
        "MERGE" => "MERGE",
        "COPY" => "COPY",
        "UNLOAD" => "UNLOAD",
        "CREATE" | "ALTER" | "DROP" | "TRUNCATE" | "COMMENT" => "DDL",
        "REFRESH" => "REFRESH",
        _ => "UTILITY",
    }
}

fn load_errors(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for error in snapshot.engine.journal().loads().errors {
        let length = error.column_type.split_once('(').and_then(|(_, rest)| rest.split(')').next()).map(str::to_owned);
        rows.push([
            some(USER_ID),
            some("0"),
            some(super::oid(&format!("{}.{}", "public", error.table))),
            some(time(error.at)),
            None,
            some(error.query.to_string()),
            some(error.file),
            some(error.line.to_string()),
            some(error.column),
            some(super::bare(error.column_type)),
            length,
            None,
            some(error.raw_line),
            some(error.raw_value),
            some(error.code.to_string()),
            some(error.reason),
        ]);
    }
}

fn load_error_values(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for error in snapshot.engine.journal().loads().errors {
        rows.push([
            some(USER_ID),
            None,
            some(error.query.to_string()),
            some(error.file),
            some(error.line.to_string()),
            some(error.column),
            some(error.raw_value),
            some(super::bare(error.column_type)),
        ]);
    }
}

fn load_error_detail(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for error in snapshot.engine.journal().loads().errors {
        rows.add([
            USER_ID,
            &error.query.to_string(),
            snapshot.database(),
            &error.table,
            &time(error.at),
            &error.file,
            &error.line.to_string(),
            &error.column,
            &error.column_type,
            &error.code.to_string(),
            &error.reason,
            &error.raw_line,
            &error.raw_value,
        ]);
    }
}

fn load_commits(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for load in snapshot.engine.journal().loads().loads.into_iter().filter(|load| !load.failed) {
        for (file, _, lines) in &load.files {
            let query = load.query.to_string();
            let short: String = file.rsplit('/').next().unwrap_or(file).to_owned();
            rows.add([USER_ID, &query, "0", &short, file, "0", &lines.to_string(), &load.errors.to_string(), &time(load.at), "1"]);
        }
    }
}

fn load_history(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for load in snapshot.engine.journal().loads().loads {
        let bytes: u64 = load.files.iter().map(|(_, bytes, _)| bytes).sum();
        rows.add([
            USER_ID,
            &load.query.to_string(),
            snapshot.database(),
            if load.failed { "aborted" } else { "completed" },
            &load.table,
            &time(load.at),
            &load.format,
            &load.rows.to_string(),
            &load.files.len().to_string(),
            &bytes.to_string(),
            &load.errors.to_string(),
        ]);
    }
}

fn load_detail(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for load in snapshot.engine.journal().loads().loads.into_iter().filter(|load| !load.failed) {
        for (file, bytes, lines) in &load.files {
            let query = load.query.to_string();
            rows.add([USER_ID, &query, &load.table, file, &load.format, &bytes.to_string(), &lines.to_string(), &time(load.at)]);
        }
    }
}
