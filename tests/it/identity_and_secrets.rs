//! IAM, STS and Secrets Manager through the SDK.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::os::unix::fs::PermissionsExt;

use aws_sdk_iam::error::ProvideErrorMetadata;
use aws_sdk_iam::types::{PolicyEvaluationDecisionType, Tag};
use shiftdeck::local::ACCOUNT_ID;

use crate::common::account;

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"redshift.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
const POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::bank/*"}]}"#;

fn decoded(text: &str) -> String {
    assert!(!text.contains(['{', '"', ' ']), "AWS percent-encodes policy documents: {text}");
    url::form_urlencoded::parse(format!("d={text}").as_bytes()).next().unwrap().1.into_owned()
}

#[tokio::test]
async fn a_role_keeps_its_policy_and_tags_over_a_restart() {
    let account = account().await;
    let iam = aws_sdk_iam::Client::new(&account.sdk_config());
    let tag = Tag::builder().key("shiftdeck:owner").value("José <&>").build().unwrap();
    let made =
        iam.create_role().role_name("BankDM-RedShift").assume_role_policy_document(TRUST).description("reads – data").tags(tag.clone());
    let made = made.send().await.unwrap();
    let arn = made.role().unwrap().arn().to_owned();
    assert_eq!(arn, format!("arn:aws:iam::{ACCOUNT_ID}:role/BankDM-RedShift"));
    iam.put_role_policy().role_name("BankDM-RedShift").policy_name("data").policy_document(POLICY).send().await.unwrap();

    let account = account.reopen().await;
    let iam = aws_sdk_iam::Client::new(&account.sdk_config());
    let role = iam.get_role().role_name("BankDM-RedShift").send().await.unwrap();
    let role = role.role().unwrap();
    assert_eq!((role.arn(), role.description(), role.tags()), (arn.as_str(), Some("reads – data"), [tag].as_slice()));
    assert_eq!(decoded(role.assume_role_policy_document().unwrap()), TRUST);
    let policy = iam.get_role_policy().role_name("BankDM-RedShift").policy_name("data").send().await.unwrap();
    assert_eq!(decoded(policy.policy_document()), POLICY);
}

#[tokio::test]
async fn iam_answers_with_its_error_codes() {
    let account = account().await;
    let iam = aws_sdk_iam::Client::new(&account.sdk_config());
    let missing = iam.get_role().role_name("none").send().await.unwrap_err().into_service_error();
    assert!(missing.is_no_such_entity_exception());
    let create = || iam.create_role().role_name("r").assume_role_policy_document(TRUST).send();
    create().await.unwrap();
    assert!(create().await.unwrap_err().into_service_error().is_entity_already_exists_exception());
    iam.put_role_policy().role_name("r").policy_name("p").policy_document(POLICY).send().await.unwrap();
    let conflict = iam.delete_role().role_name("r").send().await.unwrap_err().into_service_error();
    assert_eq!(conflict.code(), Some("DeleteConflict"));
    iam.delete_role_policy().role_name("r").policy_name("p").send().await.unwrap();
    iam.delete_role().role_name("r").send().await.unwrap();
    assert!(iam.list_roles().send().await.unwrap().roles().is_empty());
}

#[tokio::test]
async fn a_managed_policy_is_attached_and_counted() {
    let account = account().await;
    let iam = aws_sdk_iam::Client::new(&account.sdk_config());
    iam.create_role().role_name("r").assume_role_policy_document(TRUST).send().await.unwrap();
    let policy = iam.create_policy().policy_name("p").policy_document(POLICY).send().await.unwrap();
    let arn = policy.policy().unwrap().arn().unwrap().to_owned();
    iam.attach_role_policy().role_name("r").policy_arn(&arn).send().await.unwrap();
    let attached = iam.list_attached_role_policies().role_name("r").send().await.unwrap();
    assert_eq!(attached.attached_policies()[0].policy_arn(), Some(arn.as_str()));
    assert_eq!(iam.delete_policy().policy_arn(&arn).send().await.unwrap_err().into_service_error().code(), Some("DeleteConflict"));
}

#[tokio::test]
async fn the_caller_is_known_and_may_do_everything() {
    let account = account().await;
    let config = account.sdk_config();
    let caller = aws_sdk_sts::Client::new(&config).get_caller_identity().send().await.unwrap();
    assert_eq!(caller.account(), Some(ACCOUNT_ID));
    let iam = aws_sdk_iam::Client::new(&config);
    let simulated = iam.simulate_principal_policy().policy_source_arn(caller.arn().unwrap());
    let simulated = simulated.action_names("iam:CreateRole").action_names("s3:PutObject").send().await.unwrap();
    assert_eq!(simulated.evaluation_results().len(), 2);
    assert!(simulated.evaluation_results().iter().all(|result| *result.eval_decision() == PolicyEvaluationDecisionType::Allowed));

    // A role has what its policies give it.
    let made = iam.create_role().role_name("r").assume_role_policy_document(TRUST).send().await.unwrap();
    iam.put_role_policy().role_name("r").policy_name("p").policy_document(POLICY).send().await.unwrap();
    let simulated = iam.simulate_principal_policy().policy_source_arn(made.role().unwrap().arn());
    let simulated =
        simulated.action_names("s3:GetObject").action_names("s3:PutObject").resource_arns("arn:aws:s3:::bank/k").send().await.unwrap();
    let decisions: Vec<_> = simulated.evaluation_results().iter().map(|result| result.eval_decision().as_str().to_owned()).collect();
    assert_eq!(decisions, ["allowed", "implicitDeny"]);
}

#[tokio::test]
async fn a_secret_is_kept_for_its_user_only_and_forgotten_when_forced() {
    let account = account().await;
    let secrets = aws_sdk_secretsmanager::Client::new(&account.sdk_config());
    let create = || secrets.create_secret().name("bankdm_redshift_login").secret_string(r#"{"password":"canary-4711"}"#).send();
    create().await.unwrap();
    assert!(create().await.unwrap_err().into_service_error().is_resource_exists_exception());

    let account = account.reopen().await;
    let secrets = aws_sdk_secretsmanager::Client::new(&account.sdk_config());
    let value = secrets.get_secret_value().secret_id("bankdm_redshift_login").send().await.unwrap();
    assert_eq!(value.secret_string(), Some(r#"{"password":"canary-4711"}"#));
    let document = account.directory.path().join("account/services/secretsmanager.json");
    assert!(std::fs::read_to_string(&document).unwrap().contains("canary-4711"));
    assert_eq!(std::fs::metadata(&document).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::metadata(account.directory.path().join("account")).unwrap().permissions().mode() & 0o777, 0o700);

    let updated = secrets.put_secret_value().secret_id("bankdm_redshift_login").secret_string("second").send().await.unwrap();
    assert!(updated.version_id().is_some());
    secrets.delete_secret().secret_id("bankdm_redshift_login").force_delete_without_recovery(true).send().await.unwrap();
    let gone = secrets.get_secret_value().secret_id("bankdm_redshift_login").send().await.unwrap_err().into_service_error();
    assert!(gone.is_resource_not_found_exception());
    let left = std::fs::read_to_string(&document).unwrap();
    assert!(!left.contains("canary-4711") && !left.contains("second"), "nothing of it stays on disk");
    let secrets = aws_sdk_secretsmanager::Client::new(&account.sdk_config());
    secrets.create_secret().name("bankdm_redshift_login").secret_string("new").send().await.unwrap();
}

#[tokio::test]
async fn a_secret_that_waits_for_its_deletion_cannot_be_read() {
    let account = account().await;
    let secrets = aws_sdk_secretsmanager::Client::new(&account.sdk_config());
    secrets.create_secret().name("s").secret_string("x").send().await.unwrap();
    secrets.delete_secret().secret_id("s").recovery_window_in_days(7).send().await.unwrap();
    let error = secrets.get_secret_value().secret_id("s").send().await.unwrap_err().into_service_error();
    assert!(error.is_invalid_request_exception());
    secrets.restore_secret().secret_id("s").send().await.unwrap();
    assert_eq!(secrets.get_secret_value().secret_id("s").send().await.unwrap().secret_string(), Some("x"));
}
