//! Models, endpoint configurations, endpoints and their answers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use aws_sdk_sagemaker::error::ProvideErrorMetadata as _;
use aws_sdk_sagemaker::types::{ContainerDefinition, EndpointStatus, ProductionVariant, ProductionVariantInstanceType};
use aws_sdk_sagemakerruntime::primitives::Blob;
use serde_json::Value;
use shiftdeck::demo::feature_schema::{FeatureSchema, Row};
use shiftdeck::demo::pipeline_definition::metadata;
use shiftdeck::local::pace::Pace;

use crate::pipeline::{Bench, bench, definition, inputs};

/// A bench with a registered package.
async fn registered() -> (Bench, String) {
    let bench = bench(Pace::Instant, true).await;
    let run = bench.run(&definition(&bench.scenario, &inputs())).await;
    assert_eq!(run.status.as_str(), "Succeeded", "{:?}", run.steps);
    let packages = bench.sagemaker.list_model_packages().model_package_group_name(&bench.scenario.model_group).send().await.unwrap();
    let arn = packages.model_package_summary_list()[0].model_package_arn().unwrap().to_owned();
    (bench, arn)
}

async fn deploy(bench: &Bench, package: &str, name: &str) {
    let container = ContainerDefinition::builder().model_package_name(package).build();
    let role = inputs().role_arn;
    bench.sagemaker.create_model().model_name(name).execution_role_arn(role).primary_container(container).send().await.unwrap();
    let variant = ProductionVariant::builder()
        .variant_name("AllTraffic")
        .model_name(name)
        .initial_instance_count(1)
        .instance_type(ProductionVariantInstanceType::MlM5Large)
        .build();
    bench.sagemaker.create_endpoint_config().endpoint_config_name(name).production_variants(variant).send().await.unwrap();
    bench.sagemaker.create_endpoint().endpoint_name(name).endpoint_config_name(name).send().await.unwrap();
}

async fn status(bench: &Bench, name: &str) -> (EndpointStatus, String) {
    let described = bench.sagemaker.describe_endpoint().endpoint_name(name).send().await.unwrap();
    (described.endpoint_status().unwrap().clone(), described.failure_reason().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_answers_rows_that_the_schema_encodes() {
    let (bench, package) = registered().await;
    deploy(&bench, &package, "staging").await;
    assert_eq!(status(&bench, "staging").await.0, EndpointStatus::InService);

    let described = bench.sagemaker.describe_model_package().model_package_name(&package).send().await.unwrap();
    let properties = described.customer_metadata_properties().unwrap();
    let object = async |uri: &str| {
        let (bucket, key) = uri.strip_prefix("s3://").unwrap().split_once('/').unwrap();
        bench.s3.get_object().bucket(bucket).key(key).send().await.unwrap().body.collect().await.unwrap().to_vec()
    };
    let schema = FeatureSchema::from_json(&object(&properties[metadata::FEATURE_SCHEMA]).await).unwrap();
    let rows = object(&properties[metadata::TEST_ROWS]).await;
    let mut reader = csv::Reader::from_reader(rows.as_slice());
    let header = reader.headers().unwrap().clone();
    let rows: Vec<Row> =
        reader.records().map(|record| header.iter().map(str::to_owned).zip(record.unwrap().iter().map(Value::from)).collect()).collect();

    let runtime = aws_sdk_sagemakerruntime::Client::new(&bench.account.sdk_config());
    let ask = async |rows: &[Row]| {
        let mut body = Vec::new();
        for row in rows {
            schema.encode_csv_line(row, &mut body).unwrap();
            body.push(b'\n');
        }
        let answer =
            runtime.invoke_endpoint().endpoint_name("staging").content_type("text/csv").body(Blob::new(body)).send().await.unwrap();
        assert_eq!(answer.invoked_production_variant(), Some("AllTraffic"));
        let text = String::from_utf8(answer.body().unwrap().as_ref().to_vec()).unwrap();
        text.lines().map(|line| line.parse::<f64>().unwrap()).collect::<Vec<_>>()
    };
    let scores = ask(&rows).await;
    assert_eq!(scores.len(), rows.len());
    // One row asked alone answers as it does among others.
    assert_eq!(ask(&rows[7..8]).await, scores[7..8]);
    let mean = |answer: &str| {
        let chosen: Vec<f64> = rows.iter().zip(&scores).filter(|(row, _)| row["y"] == answer).map(|(_, score)| *score).collect();
        chosen.iter().sum::<f64>() / chosen.len() as f64
    };
    assert!(mean("yes") > mean("no") + 0.1);
    bench.account.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_answered_says_why() {
    let (bench, package) = registered().await;
    deploy(&bench, &package, "staging").await;
    let runtime = aws_sdk_sagemakerruntime::Client::new(&bench.account.sdk_config());
    let ask = async |endpoint: &str, body: &str| {
        let request = runtime.invoke_endpoint().endpoint_name(endpoint).content_type("text/csv").body(Blob::new(body));
        request.send().await.unwrap_err().into_service_error()
    };
    let narrow = ask("staging", "1,2,3").await;
    assert!(narrow.is_model_error() && narrow.to_string().contains("is not consistent with feature size"), "{narrow}");
    let words = ask("staging", "one").await;
    assert!(words.is_model_error() && words.to_string().contains("not a number"), "{words}");
    let nowhere = ask("production", "1").await;
    assert!(nowhere.is_validation_error(), "{nowhere}");

    // An artifact that is no model makes the endpoint fail, as its container would.
    let described = bench.sagemaker.describe_model_package().model_package_name(&package).send().await.unwrap();
    let url = described.inference_specification().unwrap().containers()[0].model_data_url().unwrap().to_owned();
    let (bucket, key) = url.strip_prefix("s3://").unwrap().split_once('/').unwrap();
    bench.s3.put_object().bucket(bucket).key(key).body(b"nothing".to_vec().into()).send().await.unwrap();
    deploy(&bench, &package, "broken").await;
    let (broken, reason) = status(&bench, "broken").await;
    assert_eq!(broken, EndpointStatus::Failed);
    assert!(reason.contains("did not pass the ping health check"), "{reason}");
    bench.account.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_leaves_nothing_and_a_restart_keeps_the_rest() {
    let (bench, package) = registered().await;
    deploy(&bench, &package, "one").await;
    deploy(&bench, &package, "two").await;
    bench.sagemaker.delete_endpoint().endpoint_name("one").send().await.unwrap();
    bench.sagemaker.delete_endpoint_config().endpoint_config_name("one").send().await.unwrap();
    bench.sagemaker.delete_model().model_name("one").send().await.unwrap();
    let gone = bench.sagemaker.describe_endpoint().endpoint_name("one").send().await.unwrap_err();
    assert!(gone.message().unwrap().contains("Could not find endpoint"), "{gone}");
    let Bench { account, .. } = bench;
    let account = account.reopen().await;
    let sagemaker = aws_sdk_sagemaker::Client::new(&account.sdk_config());
    let endpoints = sagemaker.list_endpoints().send().await.unwrap();
    assert_eq!(endpoints.endpoints().iter().map(|endpoint| endpoint.endpoint_name().unwrap()).collect::<Vec<_>>(), ["two"]);
    assert_eq!(endpoints.endpoints()[0].endpoint_status(), Some(&EndpointStatus::InService));
    account.close().await;
}
