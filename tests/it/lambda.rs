//! Functions: made, described, invoked, removed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{FunctionCode, Runtime, State};
use serde_json::{Value, json};
use shiftdeck::demo::pipeline_definition::{UNLOAD_FILE, UNLOAD_FUNCTION, UNLOAD_HANDLER};

use crate::common;

/// The role of the functions.
const ROLE: &str = "BankDM-Lambda";

async fn create(lambda: &Client, name: &str, package: Vec<u8>) -> Result<(), String> {
    let made = lambda
        .create_function()
        .function_name(name)
        .runtime(Runtime::from("python3.13"))
        .handler(UNLOAD_HANDLER)
        .role(format!("arn:aws:iam::000000000000:role/{ROLE}"))
        .code(FunctionCode::builder().zip_file(Blob::new(package)).build())
        .timeout(60)
        .tags("shiftdeck:demo", "BankDM")
        .send()
        .await;
    made.map(drop).map_err(|error| error.into_service_error().to_string())
}

async fn invoke(lambda: &Client, name: &str, event: &Value) -> (Option<String>, Value) {
    let answer = lambda.invoke().function_name(name).payload(Blob::new(event.to_string())).send().await.unwrap();
    let payload = serde_json::from_slice(answer.payload().unwrap().as_ref()).unwrap();
    (answer.function_error().map(str::to_owned), payload)
}

fn package(content: &str) -> Vec<u8> {
    shiftdeck::aws::zip::package(UNLOAD_FILE, content.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_lives_and_goes() {
    let account = common::account().await;
    let lambda = Client::new(&account.sdk_config());
    let refused = create(&lambda, "unload", package(UNLOAD_FUNCTION)).await.unwrap_err();
    assert!(refused.contains("cannot be assumed by Lambda"), "there is no role yet: {refused}");
    account.role(ROLE, "lambda.amazonaws.com").await;
    create(&lambda, "unload", package(UNLOAD_FUNCTION)).await.unwrap();
    assert!(create(&lambda, "unload", package(UNLOAD_FUNCTION)).await.unwrap_err().contains("already exist"));
    assert!(create(&lambda, "broken", b"no zip".to_vec()).await.unwrap_err().contains("unzip"));
    let account = account.reopen().await;
    let lambda = Client::new(&account.sdk_config());
    let found = lambda.get_function().function_name("unload").send().await.unwrap();
    assert_eq!(found.configuration().unwrap().state(), Some(&State::Active));
    assert_eq!(found.tags().unwrap()["shiftdeck:demo"], "BankDM");
    lambda.delete_function().function_name("unload").send().await.unwrap();
    let gone = lambda.get_function().function_name("unload").send().await.unwrap_err().into_service_error();
    assert!(gone.is_resource_not_found_exception(), "{gone}");
    account.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_reach_the_caller() {
    let account = common::account().await;
    account.role(ROLE, "lambda.amazonaws.com").await;
    let lambda = Client::new(&account.sdk_config());
    create(&lambda, "other", package("def handler(event, context):\n    return 1\n")).await.unwrap();
    let (error, payload) = invoke(&lambda, "other", &json!({})).await;
    assert_eq!(error.as_deref(), Some("Unhandled"));
    assert!(payload["errorMessage"].as_str().unwrap().contains("no equivalent"), "{payload}");

    create(&lambda, "unload", package(UNLOAD_FUNCTION)).await.unwrap();
    let (error, payload) = invoke(&lambda, "unload", &json!({"location": "s3://b/x"})).await;
    assert_eq!((error.as_deref(), payload["errorMessage"].as_str()), (Some("Unhandled"), Some("'database'")));
    // There is no warehouse: the Data API's own message comes through.
    let event = json!({
        "warehouse": {"WorkgroupName": "nowhere"}, "database": "dev", "secret_arn": "arn:aws:secretsmanager:us-east-1:000000000000:secret:x",
        "schema": "dm", "table": "data", "location": "s3://bucket/unload/data_", "iam_role": "arn:aws:iam::000000000000:role/r",
    });
    let (error, payload) = invoke(&lambda, "unload", &event).await;
    assert_eq!(error.as_deref(), Some("Unhandled"));
    assert!(payload["errorMessage"].as_str().unwrap().contains("ExecuteStatement"), "{payload}");
    account.close().await;
}
