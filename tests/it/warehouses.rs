//! Redshift Serverless and provisioned clusters through the SDK.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use aws_sdk_redshiftserverless::types::{NamespaceStatus, WorkgroupStatus};
use shiftdeck::local::pace::Pace;

use crate::common::warehouse::{NAME, PASSWORD, rows, serverless, succeed};
use crate::common::{account, account_at};

const ROLE: &str = "arn:aws:iam::000000000000:role/BankDM-RedShift";

#[tokio::test]
async fn a_namespace_and_its_workgroup_come_and_go() {
    let account = account().await;
    let data = serverless(&account).await;
    let client = aws_sdk_redshiftserverless::Client::new(&account.sdk_config());
    let workgroup = client.get_workgroup().workgroup_name(NAME).send().await.unwrap();
    let workgroup = workgroup.workgroup().unwrap();
    assert_eq!((workgroup.status(), workgroup.base_capacity()), (Some(&WorkgroupStatus::Available), Some(4)));
    let endpoint = workgroup.endpoint().unwrap();
    assert_eq!(endpoint.port(), Some(5439));
    assert_eq!(endpoint.address(), Some("bankdm.000000000000.us-east-1.redshift-serverless.amazonaws.com"));
    succeed(&data, "create table t (i integer)").await;

    let updated = client.update_namespace().namespace_name(NAME).iam_roles(ROLE).default_iam_role_arn(ROLE).send().await.unwrap();
    let roles = updated.namespace().unwrap().iam_roles().to_vec();
    assert_eq!(roles, [format!("IamRole(applyStatus=in-sync, iamRoleArn={ROLE})")]);

    let early = client.delete_namespace().namespace_name(NAME).send().await.unwrap_err().into_service_error();
    assert!(early.is_conflict_exception());
    client.delete_workgroup().workgroup_name(NAME).send().await.unwrap();
    assert!(client.get_workgroup().workgroup_name(NAME).send().await.unwrap_err().into_service_error().is_resource_not_found_exception());
    client.delete_namespace().namespace_name(NAME).send().await.unwrap();
    assert!(client.get_namespace().namespace_name(NAME).send().await.unwrap_err().into_service_error().is_resource_not_found_exception());

    // A new warehouse of the same name does not have the old one's tables.
    let data = serverless(&account).await;
    assert_eq!(rows(&data, "select count(*) from information_schema.tables where table_name = 't'").await, [["0"]]);
}

#[tokio::test]
async fn the_password_cannot_be_read_again() {
    let account = account().await;
    serverless(&account).await;
    let client = aws_sdk_redshiftserverless::Client::new(&account.sdk_config());
    let namespace = format!("{:?}", client.get_namespace().namespace_name(NAME).send().await.unwrap());
    assert!(namespace.contains("admin") && !namespace.contains(PASSWORD));
    fn search(directory: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                search(&path, found);
            } else if path.is_file() && String::from_utf8_lossy(&std::fs::read(&path).unwrap()).contains(PASSWORD) {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    search(account.directory.path(), &mut found);
    assert!(found.is_empty(), "{found:?}");
}

#[tokio::test]
async fn statuses_take_their_time_at_pace_live_and_survive_a_restart() {
    let account = account_at(Pace::Live).await;
    let client = aws_sdk_redshiftserverless::Client::new(&account.sdk_config());
    let namespace = client.create_namespace().namespace_name(NAME).db_name(NAME).send().await.unwrap();
    assert_eq!(namespace.namespace().unwrap().status(), Some(&NamespaceStatus::Available));
    let made = client.create_workgroup().workgroup_name(NAME).namespace_name(NAME).send().await.unwrap();
    let made = made.workgroup().unwrap();
    assert_eq!(made.status(), Some(&WorkgroupStatus::Creating));
    assert_eq!(made.endpoint().unwrap().address(), None);
    let early = client.delete_workgroup().workgroup_name(NAME).send().await.unwrap_err().into_service_error();
    assert!(early.is_conflict_exception());
    let account = account.reopen().await;
    let client = aws_sdk_redshiftserverless::Client::new(&account.sdk_config());
    let found = client.get_workgroup().workgroup_name(NAME).send().await.unwrap();
    assert_eq!(found.workgroup().unwrap().status(), Some(&WorkgroupStatus::Available));
}

/// A script provisions at pace `instant`, then the screen opens at pace `live`: what was there stays there.
#[tokio::test]
async fn what_is_ready_stays_ready_at_another_pace() {
    let account = account().await;
    let client = aws_sdk_redshiftserverless::Client::new(&account.sdk_config());
    client.create_namespace().namespace_name(NAME).db_name(NAME).send().await.unwrap();
    client.create_workgroup().workgroup_name(NAME).namespace_name(NAME).send().await.unwrap();
    let account = account.reopen_at(Pace::Live).await;
    let client = aws_sdk_redshiftserverless::Client::new(&account.sdk_config());
    let found = client.get_workgroup().workgroup_name(NAME).send().await.unwrap();
    assert_eq!(found.workgroup().unwrap().status(), Some(&WorkgroupStatus::Available));
}

#[tokio::test]
async fn impossible_warehouses_are_refused() {
    let account = account().await;
    let client = aws_sdk_redshiftserverless::Client::new(&account.sdk_config());
    let namespace =
        |password: &str| client.create_namespace().namespace_name(NAME).admin_username("admin").admin_user_password(password).send();
    for bad in ["short1A", "nouppercase1", "NOLOWERCASE1", "NoDigitsHere", "With/Slash1"] {
        let error = namespace(bad).await.unwrap_err().into_service_error();
        assert!(error.is_validation_exception());
        assert!(!error.meta().message().unwrap().contains(bad), "a password is not repeated");
    }
    namespace(PASSWORD).await.unwrap();
    assert!(namespace(PASSWORD).await.unwrap_err().into_service_error().is_conflict_exception());
    let workgroup = |rpus: i32| client.create_workgroup().workgroup_name(NAME).namespace_name(NAME).base_capacity(rpus).send();
    for bad in [0, 5, 12, 520, 2048] {
        assert!(workgroup(bad).await.unwrap_err().into_service_error().is_validation_exception(), "{bad}");
    }
    workgroup(8).await.unwrap();
    let orphan = client.create_workgroup().workgroup_name("other").namespace_name("none").send().await.unwrap_err();
    assert!(orphan.into_service_error().is_resource_not_found_exception());
}

#[tokio::test]
async fn resources_have_tags() {
    let account = account().await;
    serverless(&account).await;
    let client = aws_sdk_redshiftserverless::Client::new(&account.sdk_config());
    let arn = client.get_namespace().namespace_name(NAME).send().await.unwrap().namespace().unwrap().namespace_arn().unwrap().to_owned();
    let tag = aws_sdk_redshiftserverless::types::Tag::builder().key("shiftdeck:demo").value("BankDM").build().unwrap();
    client.tag_resource().resource_arn(&arn).tags(tag.clone()).send().await.unwrap();
    assert_eq!(client.list_tags_for_resource().resource_arn(&arn).send().await.unwrap().tags(), [tag]);
    client.untag_resource().resource_arn(&arn).tag_keys("shiftdeck:demo").send().await.unwrap();
    assert!(client.list_tags_for_resource().resource_arn(&arn).send().await.unwrap().tags().is_empty());
}

#[tokio::test]
async fn a_cluster_comes_and_goes_with_its_subnet_group() {
    let account = account().await;
    let client = aws_sdk_redshift::Client::new(&account.sdk_config());
    let create = || {
        let cluster = client.create_cluster().cluster_identifier(NAME).node_type("ra3.large").cluster_type("single-node").db_name(NAME);
        let cluster = cluster.master_username("admin").master_user_password(PASSWORD).cluster_subnet_group_name("bankdm-subnet");
        let tag = aws_sdk_redshift::types::Tag::builder().key("shiftdeck:demo").value("Bank <&> DM").build();
        cluster.iam_roles(ROLE).tags(tag).send()
    };
    let missing = create().await.unwrap_err().into_service_error();
    assert!(missing.is_cluster_subnet_group_not_found_fault(), "{missing:?}");
    let group =
        || client.create_cluster_subnet_group().cluster_subnet_group_name("bankdm-subnet").description("d").subnet_ids("subnet-1").send();
    group().await.unwrap();
    assert!(group().await.unwrap_err().into_service_error().is_cluster_subnet_group_already_exists_fault());
    create().await.unwrap();
    assert!(create().await.unwrap_err().into_service_error().is_cluster_already_exists_fault());

    let found = client.describe_clusters().cluster_identifier(NAME).send().await.unwrap();
    let cluster = &found.clusters()[0];
    assert_eq!((cluster.cluster_status(), cluster.db_name(), cluster.number_of_nodes()), (Some("available"), Some(NAME), Some(1)));
    assert_eq!(cluster.endpoint().unwrap().port(), Some(5439));
    assert_eq!(cluster.iam_roles()[0].apply_status(), Some("in-sync"));
    assert_eq!(cluster.tags()[0].value(), Some("Bank <&> DM"));
    assert!(cluster.cluster_create_time().is_some());

    let data = aws_sdk_redshiftdata::Client::new(&account.sdk_config());
    let run = |user: &str| {
        data.execute_statement().cluster_identifier(NAME).database(NAME).db_user(user).sql("select 1").wait_time_seconds(30).send()
    };
    let status = run("admin").await.unwrap().status().unwrap().as_str().to_owned();
    assert_eq!(status, "FINISHED");
    assert_eq!(run("nobody").await.unwrap().status().unwrap().as_str(), "FAILED");

    client.modify_cluster_iam_roles().cluster_identifier(NAME).remove_iam_roles(ROLE).send().await.unwrap();
    let found = client.describe_clusters().send().await.unwrap();
    assert!(found.clusters()[0].iam_roles().is_empty());

    client.pause_cluster().cluster_identifier(NAME).send().await.unwrap();
    assert!(run("admin").await.unwrap_err().into_service_error().meta().message().unwrap().contains("paused"));
    client.resume_cluster().cluster_identifier(NAME).send().await.unwrap();

    let used = client.delete_cluster_subnet_group().cluster_subnet_group_name("bankdm-subnet").send().await.unwrap_err();
    assert!(used.into_service_error().is_invalid_cluster_subnet_group_state_fault());
    assert!(client.delete_cluster().cluster_identifier(NAME).send().await.is_err());
    client.delete_cluster().cluster_identifier(NAME).skip_final_cluster_snapshot(true).send().await.unwrap();
    let gone = client.describe_clusters().cluster_identifier(NAME).send().await.unwrap_err().into_service_error();
    assert!(gone.is_cluster_not_found_fault());
    client.delete_cluster_subnet_group().cluster_subnet_group_name("bankdm-subnet").send().await.unwrap();
    let gone = client.describe_cluster_subnet_groups().cluster_subnet_group_name("bankdm-subnet").send().await.unwrap_err();
    assert!(gone.into_service_error().is_cluster_subnet_group_not_found_fault());
}

#[tokio::test]
async fn node_types_that_are_no_longer_offered_are_refused() {
    let account = account().await;
    let client = aws_sdk_redshift::Client::new(&account.sdk_config());
    let cluster = client.create_cluster().cluster_identifier(NAME).node_type("dc2.large").master_username("admin");
    let error = cluster.master_user_password(PASSWORD).send().await.unwrap_err().into_service_error();
    assert!(error.meta().message().unwrap().contains("dc2.large"));
}

#[tokio::test]
async fn the_data_stays_until_the_last_warehouse_goes() {
    let account = account().await;
    let data = serverless(&account).await;
    succeed(&data, "create table t (i integer)").await;
    let clusters = aws_sdk_redshift::Client::new(&account.sdk_config());
    let cluster = clusters.create_cluster().cluster_identifier("second").node_type("ra3.large").db_name(NAME);
    cluster.master_username("admin").master_user_password(PASSWORD).send().await.unwrap();
    clusters.delete_cluster().cluster_identifier("second").skip_final_cluster_snapshot(true).send().await.unwrap();
    assert_eq!(rows(&data, "select count(*) from t").await, [["0"]]);
}

#[tokio::test]
async fn a_pace_that_is_changed_ends_what_waits_and_takes_nothing_back() {
    let account = account_at(Pace::Live).await;
    serverless(&account).await;
    let client = aws_sdk_redshiftserverless::Client::new(&account.sdk_config());
    let status = || async { client.get_workgroup().workgroup_name(NAME).send().await.unwrap().workgroup().unwrap().status().cloned() };
    assert_eq!(status().await, Some(WorkgroupStatus::Creating));
    assert!(account.opened.set_pace(Pace::Instant));
    assert_eq!(status().await, Some(WorkgroupStatus::Available));
    assert!(account.opened.set_pace(Pace::Live));
    assert_eq!(status().await, Some(WorkgroupStatus::Available), "what is there stays");
    let other = client.create_namespace().namespace_name("other").db_name("other").admin_username("admin").admin_user_password(PASSWORD);
    other.send().await.unwrap();
    let made = client.create_workgroup().workgroup_name("other").namespace_name("other").base_capacity(4).send().await.unwrap();
    assert_eq!(made.workgroup().unwrap().status(), Some(&WorkgroupStatus::Creating), "and what is made now takes its time again");
    account.close().await;
}
