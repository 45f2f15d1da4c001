//! Transform jobs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use aws_sdk_sagemaker::error::ProvideErrorMetadata as _;
use aws_sdk_sagemaker::operation::describe_transform_job::DescribeTransformJobOutput;
use aws_sdk_sagemaker::types::{
    AssemblyType, ContainerDefinition, DataProcessing, JoinSource, S3DataType, SplitType, TransformDataSource, TransformInput,
    TransformInstanceType, TransformJobStatus, TransformOutput, TransformResources, TransformS3DataSource,
};
use shiftdeck::local::pace::Pace;

use crate::pipeline::{Bench, bench, definition, inputs};

async fn with_model() -> (Bench, usize) {
    let bench = bench(Pace::Instant, true).await;
    let run = bench.run(&definition(&bench.scenario, &inputs())).await;
    assert_eq!(run.status.as_str(), "Succeeded", "{:?}", run.steps);
    let packages = bench.sagemaker.list_model_packages().model_package_group_name(&bench.scenario.model_group).send().await.unwrap();
    let package = packages.model_package_summary_list()[0].model_package_arn().unwrap().to_owned();
    let container = ContainerDefinition::builder().model_package_name(&package).build();
    let request = bench.sagemaker.create_model().model_name("m").execution_role_arn(inputs().role_arn);
    request.primary_container(container).send().await.unwrap();
    let described = bench.sagemaker.describe_model_package().model_package_name(&package).send().await.unwrap();
    let uri = described.customer_metadata_properties().unwrap()["feature_schema"].clone();
    let (bucket, key) = uri.strip_prefix("s3://").unwrap().split_once('/').unwrap();
    let object = bench.s3.get_object().bucket(bucket).key(key).send().await.unwrap().body.collect().await.unwrap().to_vec();
    let width = shiftdeck::demo::feature_schema::FeatureSchema::from_json(&object).unwrap().width();
    (bench, width)
}

async fn start(bench: &Bench, name: &str, input: &str, processing: Option<DataProcessing>) -> Result<(), String> {
    let bucket = &bench.scenario.bucket;
    let source = TransformS3DataSource::builder().s3_data_type(S3DataType::S3Prefix).s3_uri(format!("s3://{bucket}/{input}")).build();
    let request = bench
        .sagemaker
        .create_transform_job()
        .transform_job_name(name)
        .model_name("m")
        .transform_input(
            TransformInput::builder()
                .data_source(TransformDataSource::builder().s3_data_source(source).build())
                .content_type("text/csv")
                .split_type(SplitType::Line)
                .build(),
        )
        .transform_output(
            TransformOutput::builder().s3_output_path(format!("s3://{bucket}/out/{name}")).assemble_with(AssemblyType::Line).build(),
        )
        .transform_resources(TransformResources::builder().instance_type(TransformInstanceType::MlM5Large).instance_count(1).build())
        .set_data_processing(processing);
    request.send().await.map(drop).map_err(|error| error.message().unwrap_or_default().to_owned())
}

async fn ended(bench: &Bench, name: &str) -> DescribeTransformJobOutput {
    loop {
        let job = bench.sagemaker.describe_transform_job().transform_job_name(name).send().await.unwrap();
        if job.transform_job_status() != Some(&TransformJobStatus::InProgress) {
            return job;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn object(bench: &Bench, key: &str) -> String {
    let object = bench.s3.get_object().bucket(&bench.scenario.bucket).key(key).send().await.unwrap();
    String::from_utf8(object.body.collect().await.unwrap().to_vec()).unwrap()
}

async fn put(bench: &Bench, key: &str, body: &str) {
    bench.s3.put_object().bucket(&bench.scenario.bucket).key(key).body(body.as_bytes().to_vec().into()).send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_of_every_object_is_answered() {
    let (bench, width) = with_model().await;
    let row = |value: &str| vec![value; width].join(",");
    put(&bench, "in/a.csv", &format!("{}\n{}\n", row("1"), row("0"))).await;
    put(&bench, "in/deep/b.csv", &row("30")).await;
    start(&bench, "plain", "in/", None).await.unwrap();
    let job = ended(&bench, "plain").await;
    assert_eq!(job.transform_job_status(), Some(&TransformJobStatus::Completed), "{:?}", job.failure_reason());
    assert!(job.transform_start_time().is_some() && job.transform_end_time().is_some());
    let a: Vec<f64> = object(&bench, "out/plain/a.csv.out").await.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(a.len(), 2);
    assert_eq!(object(&bench, "out/plain/deep/b.csv.out").await.lines().count(), 1);

    // The record's id stays out of the model and joins its answer.
    put(&bench, "ids/a.csv", &format!("7,{}\n8,{}\n", row("1"), row("0"))).await;
    let processing = DataProcessing::builder().input_filter("$[1:]").join_source(JoinSource::Input).output_filter("$[0,-1]").build();
    start(&bench, "joined", "ids/a.csv", Some(processing)).await.unwrap();
    assert_eq!(ended(&bench, "joined").await.transform_job_status(), Some(&TransformJobStatus::Completed));
    let joined = object(&bench, "out/joined/a.csv.out").await;
    assert_eq!(joined, format!("7,{}\n8,{}\n", a[0], a[1]));

    let listed = bench.sagemaker.list_transform_jobs().status_equals(TransformJobStatus::Completed).send().await.unwrap();
    assert_eq!(listed.transform_job_summaries().len(), 2);
    bench.account.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_transformed_says_why_and_leaves_nothing() {
    let (bench, width) = with_model().await;
    put(&bench, "in/good.csv", &vec!["1"; width].join(",")).await;
    put(&bench, "in/wide.csv", "1,2,3").await;
    start(&bench, "wide", "in/", None).await.unwrap();
    let job = ended(&bench, "wide").await;
    assert_eq!(job.transform_job_status(), Some(&TransformJobStatus::Failed));
    let reason = job.failure_reason().unwrap();
    assert!(reason.contains("wide.csv") && reason.contains("not consistent with feature size"), "{reason}");
    let left = bench.s3.list_objects_v2().bucket(&bench.scenario.bucket).prefix("out/").send().await.unwrap();
    assert!(left.contents().is_empty(), "a job that failed wrote {:?}", left.contents());
    start(&bench, "empty", "nothing/", None).await.unwrap();
    assert!(ended(&bench, "empty").await.failure_reason().unwrap().contains("No S3 objects"));
    assert!(start(&bench, "wide", "in/", None).await.unwrap_err().contains("must be unique"));
    let filter = DataProcessing::builder().input_filter("$.features").build();
    assert!(start(&bench, "filter", "in/", Some(filter)).await.unwrap_err().contains("$.features"));
    let stopped = bench.sagemaker.stop_transform_job().transform_job_name("wide").send().await.unwrap_err();
    assert!(stopped.message().unwrap().contains("Failed"), "{stopped}");
    let missing = bench.sagemaker.describe_transform_job().transform_job_name("no").send().await.unwrap_err();
    assert!(missing.into_service_error().is_resource_not_found());
    bench.account.close().await;
}
