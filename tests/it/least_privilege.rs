//! Least privilege: every action of every role's policy is needed, and together they are enough.
//!
//! One after the other, each action is taken from its role in IAM, and what needs it is run: it has to fail with a sentence that names the
//! action. What AWS does without a sentence (a job whose role may not write its log runs on without one) has to be seen to be missing. An
//! action that no test takes away fails the test of its role.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use aws_sdk_sagemaker::error::ProvideErrorMetadata as _;
use serde_json::{Value, json};
use shiftdeck::config::Settings;
use shiftdeck::demo::pipeline_definition::{Framework, UNLOAD_FILE, UNLOAD_FUNCTION, UNLOAD_HANDLER, image_uri};
use shiftdeck::demo::policies::{DemoRole, POLICY_NAME};
use shiftdeck::demo::project_role::{self, ProjectNames};
use shiftdeck::demo::step::Step;
use shiftdeck::local::ACCOUNT_ID;
use shiftdeck::local::pace::Pace;
use shiftdeck::ops::project::{self, Decision, ProjectView};
use shiftdeck::ops::steps::{self, StepOutcome};
use shiftdeck::ops::{Context, OpError, pipeline};

use crate::common::{self, REGION, TestAccount, warehouse};
use crate::pipeline::customers;

/// Enough for Autopilot, which wants 500, and for a model that the gate lets pass.
const ROWS: u64 = 800;

/// A role and its policy in an account, to take actions away from.
struct Bound {
    account: TestAccount,
    settings: Settings,
    role: String,
    policy: Value,
    /// The actions that were taken away, with the statements that they are in.
    tried: BTreeSet<(String, String)>,
}

/// An account with made-up customers, in which some steps have been run.
async fn account(steps: &[Step]) -> (TestAccount, Settings) {
    let account = common::account().await;
    let file = account.directory.path().join("customers.csv");
    std::fs::write(&file, customers(ROWS, true)).unwrap();
    let mut settings = shiftdeck::config::load::load(&shiftdeck::config::load::Sources::default()).unwrap().settings;
    settings.data.source = file.display().to_string();
    for step in steps {
        run(&account, &settings, *step).await.unwrap_or_else(|error| panic!("{step}: {error}"));
    }
    (account, settings)
}

async fn run(account: &TestAccount, settings: &Settings, step: Step) -> Result<StepOutcome, OpError> {
    let (context, _events) = account.context(settings);
    steps::run(&context, step).await
}

/// Every action of a policy with its statement.
fn actions(policy: &Value) -> BTreeSet<(String, String)> {
    let mut all = BTreeSet::new();
    for statement in policy["Statement"].as_array().unwrap() {
        let sid = statement["Sid"].as_str().unwrap();
        let listed = statement["Action"].as_array().cloned().unwrap_or_else(|| vec![statement["Action"].clone()]);
        for action in listed {
            assert!(all.insert((sid.to_owned(), action.as_str().unwrap().to_owned())), "{sid} names {action} twice");
        }
    }
    all
}

/// A policy without an action of a statement; without the statement when that has no other one.
fn without(policy: &Value, sid: &str, action: &str) -> Value {
    let mut policy = policy.clone();
    let statements = policy["Statement"].as_array_mut().unwrap();
    let at = statements.iter().position(|statement| statement["Sid"] == sid).unwrap_or_else(|| panic!("there is no statement {sid}"));
    match statements[at]["Action"].as_array_mut() {
        Some(listed) => {
            let before = listed.len();
            listed.retain(|known| known != action);
            assert_eq!(listed.len() + 1, before, "{sid} does not name {action}");
        }
        None => {
            assert_eq!(statements[at]["Action"], action, "{sid}");
            statements.remove(at);
        }
    }
    policy
}

/// Whether a sentence names the action that was denied. Of one action SageMaker's own sentence leaves out the service.
fn names(sentence: &str, action: &str) -> bool {
    sentence.contains(&format!("perform: {action} on resource"))
        || (action == "ecr:BatchGetImage" && sentence.contains("does not have BatchGetImage permission"))
}

impl Bound {
    /// One of the roles of the foundation.
    async fn of(role: DemoRole, steps: &[Step]) -> Bound {
        let (account, settings) = account(steps).await;
        let scenario = settings.scenario(ACCOUNT_ID);
        let policy = role.policy(&scenario, ACCOUNT_ID, "aws").unwrap();
        Bound { account, settings, role: role.name(&scenario).to_owned(), policy, tried: BTreeSet::new() }
    }

    fn context(&self) -> Context {
        self.account.context(&self.settings).0
    }

    async fn put(&self, policy: &Value) {
        self.account.gateways().roles.put_policy(&self.role, POLICY_NAME, policy).await.unwrap();
    }

    /// Gives the role its whole policy.
    async fn whole(&self) {
        self.put(&self.policy).await;
    }

    /// Takes an action from the role.
    async fn take(&mut self, sid: &str, action: &str) {
        self.put(&without(&self.policy, sid, action)).await;
        self.tried.insert((sid.to_owned(), action.to_owned()));
    }

    /// Runs a step that has to go well.
    async fn does(&self, step: Step) {
        run(&self.account, &self.settings, step).await.unwrap_or_else(|error| panic!("{step}: {error}"));
    }

    /// A step needs each of some actions: without it, it fails and says so, and the program knows what helps.
    async fn needs(&mut self, step: Step, sid: &str, actions: &[&str]) {
        for action in actions {
            self.take(sid, action).await;
            let error = match run(&self.account, &self.settings, step).await {
                Err(error) => error,
                Ok(outcome) => panic!("{step} needs no {action} of {sid}: {}", outcome.message),
            };
            assert!(names(&error.why, action), "{step} without {action}: {error}");
            assert!(error.advice().is_some_and(|advice| advice.contains("`foundation`")), "{action}: {:?}", error.advice());
            // The policy is put by the foundation, and by no step after it.
            let kept = self.account.gateways().roles.policy(&self.role, POLICY_NAME).await.unwrap().unwrap();
            assert_eq!(kept, without(&self.policy, sid, action), "{step}");
        }
        self.whole().await;
    }

    /// A statement on the warehouse needs each of some actions.
    async fn statement_needs(&mut self, sql: &str, sid: &str, actions: &[&str]) {
        let data = aws_sdk_redshiftdata::Client::new(&self.account.sdk_config());
        for action in actions {
            self.take(sid, action).await;
            let message = warehouse::fail(&data, sql).await;
            assert!(names(&message, action), "{sql} without {action}: {message}");
        }
        self.whole().await;
        warehouse::succeed(&data, sql).await;
    }

    /// Every action of the policy has been taken away, and found missing, by now.
    async fn nothing_is_left(self) {
        assert_eq!(self.tried, actions(&self.policy), "actions that nothing needs, or that the policy of {} does not have", self.role);
        self.account.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_policies_as_they_are_are_enough() {
    let (account, settings) =
        account(&[Step::Foundation, Step::Explore, Step::Lake, Step::Load, Step::Pipeline, Step::Deploy, Step::Predict, Step::RedshiftMl])
            .await;
    run(&account, &settings, Step::Cleanup).await.unwrap();
    account.close().await;
}

/// Runs a statement of Athena, as whoever owns the account.
async fn athena(bound: &Bound, sql: &str) {
    use aws_sdk_athena::types::{QueryExecutionState, ResultConfiguration};
    let client = aws_sdk_athena::Client::new(&bound.account.sdk_config());
    let bucket = bound.context().scenario.bucket.clone();
    let output = ResultConfiguration::builder().output_location(format!("s3://{bucket}/athena/staging/")).build();
    let started = client.start_query_execution().query_string(sql).result_configuration(output).send().await.unwrap();
    loop {
        let query = client.get_query_execution().query_execution_id(started.query_execution_id().unwrap()).send().await.unwrap();
        let status = query.query_execution().unwrap().status().unwrap().clone();
        match status.state().unwrap() {
            QueryExecutionState::Succeeded => return,
            QueryExecutionState::Failed | QueryExecutionState::Cancelled => panic!("{sql}: {status:?}"),
            _ => tokio::task::yield_now().await,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_warehouse_needs_each_of_its_permissions() {
    let mut bound = Bound::of(DemoRole::Redshift, &[Step::Foundation, Step::Lake]).await;
    // The schema that lets the warehouse see the lake is there after the first two, and not made again.
    bound.needs(Step::Load, "CatalogOfTheLake", &["glue:GetDatabase", "glue:CreateDatabase", "glue:GetTable"]).await;
    bound.needs(Step::Load, "BucketOfTheDemonstration", &["s3:ListBucket"]).await;
    bound.needs(Step::Load, "ObjectsOfTheDemonstration", &["s3:GetObject"]).await;
    bound.does(Step::Load).await;

    // What the console lists, and a table with partitions that somebody has made in the lake.
    bound.statement_needs("SELECT count(*) FROM svv_external_tables", "CatalogOfTheLake", &["glue:GetTables"]).await;
    let bucket = bound.context().scenario.bucket.clone();
    let parted = format!("CREATE EXTERNAL TABLE bankdm.parted (n int) PARTITIONED BY (day string) LOCATION 's3://{bucket}/parted/'");
    athena(&bound, &parted).await;
    let partitions = ["glue:GetPartition", "glue:GetPartitions", "glue:BatchGetPartition"];
    bound.statement_needs("SELECT count(*) FROM athena.parted", "CatalogOfTheLake", &partitions).await;

    // The unload of the pipeline.
    bound.needs(Step::Pipeline, "BucketOfTheDemonstration", &["s3:GetBucketLocation"]).await;
    bound.needs(Step::Pipeline, "ObjectsOfTheDemonstration", &["s3:PutObject"]).await;

    let ml = Step::RedshiftMl;
    bound.needs(ml, "ObjectsOfTheDemonstration", &["s3:AbortMultipartUpload", "s3:DeleteObject"]).await;
    bound.needs(ml, "HandItselfToSageMaker", &["iam:PassRole"]).await;
    let training = actions(&bound.policy).into_iter().filter(|(sid, _)| sid == "TrainingForRedshiftMl").map(|(_, action)| action);
    let training: Vec<String> = training.collect();
    let training: Vec<&str> = training.iter().map(String::as_str).collect();
    bound.needs(ml, "TrainingForRedshiftMl", &training).await;
    let images = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer"];
    bound.needs(ml, "ImagesOfSageMaker", &images).await;
    let logs = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"];
    bound.needs(ml, "LogsOfTraining", &logs).await;
    bound.needs(ml, "MetricsOfTraining", &["cloudwatch:PutMetricData"]).await;
    bound.does(ml).await;
    bound.nothing_is_left().await;
}

/// The groups and streams of CloudWatch Logs whose names begin so, that have anything in them.
async fn logged(account: &TestAccount, group: &str, stream: &str) -> usize {
    let logs = aws_sdk_cloudwatchlogs::Client::new(&account.sdk_config());
    let listed =
        logs.describe_log_streams().log_group_name(group).set_log_stream_name_prefix((!stream.is_empty()).then(|| stream.to_owned()));
    match listed.send().await {
        Ok(listed) => listed.log_streams().iter().filter(|stream| stream.last_event_timestamp().is_some()).count(),
        Err(error) => {
            let error = error.into_service_error();
            assert!(error.is_resource_not_found_exception(), "{error}");
            0
        }
    }
}

async fn forget_log(account: &TestAccount, group: &str) {
    let logs = aws_sdk_cloudwatchlogs::Client::new(&account.sdk_config());
    if let Err(error) = logs.delete_log_group().log_group_name(group).send().await {
        assert!(error.into_service_error().is_resource_not_found_exception());
    }
}

/// The event that the pipeline sends to the function, without a folder named by the content.
async fn event(context: &Context) -> Value {
    let scenario = &context.scenario;
    let secret = context.gateways.secrets.find(&scenario.secret).await.unwrap().unwrap().arn;
    json!({
        "warehouse": { "WorkgroupName": scenario.warehouse }, "database": scenario.database, "secret_arn": secret,
        "schema": scenario.schema, "table": scenario.table, "location": format!("s3://{}/{}data_", scenario.bucket, scenario.unload_prefix),
        "iam_role": format!("arn:aws:iam::{ACCOUNT_ID}:role/{}", scenario.redshift_role),
    })
}

/// What the function answers or fails with.
async fn invoke(account: &TestAccount, function: &str, event: &Value) -> Value {
    let lambda = aws_sdk_lambda::Client::new(&account.sdk_config());
    let payload = aws_sdk_lambda::primitives::Blob::new(event.to_string());
    let answer = lambda.invoke().function_name(function).payload(payload).send().await.unwrap();
    serde_json::from_slice(answer.payload().unwrap().as_ref()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_function_needs_each_of_its_permissions() {
    let mut bound = Bound::of(DemoRole::Lambda, &[Step::Foundation, Step::Lake, Step::Load]).await;
    bound.needs(Step::Pipeline, "StatementsOnTheWarehouse", &["redshift-data:ExecuteStatement"]).await;
    bound.needs(Step::Pipeline, "LoginOfTheWarehouse", &["secretsmanager:GetSecretValue"]).await;
    bound.needs(Step::Pipeline, "ItsOwnStatements", &["redshift-data:DescribeStatement", "redshift-data:GetStatementResult"]).await;

    // Without a log a function works as before: what is missing is the log.
    let (context, function) = (bound.context(), bound.context().scenario.function.clone());
    let (group, event) = (format!("/aws/lambda/{function}"), event(&context).await);
    for action in ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"] {
        forget_log(&bound.account, &group).await;
        bound.take("ItsLog", action).await;
        assert_eq!(invoke(&bound.account, &function, &event).await["statusCode"], 200, "{action}");
        assert_eq!(logged(&bound.account, &group, "").await, 0, "{action}");
    }
    bound.whole().await;
    invoke(&bound.account, &function, &event).await;
    assert_eq!(logged(&bound.account, &group, "").await, 1);

    // A function whose time runs out cancels its statement. At pace `live` no statement has ended when it is looked at first.
    let Bound { account, settings, role, policy, tried } = bound;
    let account = account.reopen_at(Pace::Live).await;
    let mut bound = Bound { account, settings, role, policy, tried };
    let lambda = aws_sdk_lambda::Client::new(&bound.account.sdk_config());
    lambda.update_function_configuration().function_name(&function).timeout(1).send().await.unwrap();
    let message = async |bound: &Bound| invoke(&bound.account, &function, &event).await["errorMessage"].as_str().unwrap().to_owned();
    let out_of_time = message(&bound).await;
    assert!(out_of_time.contains("it has been cancelled"), "{out_of_time}");
    bound.take("ItsOwnStatements", "redshift-data:CancelStatement").await;
    let denied = message(&bound).await;
    assert!(names(&denied, "redshift-data:CancelStatement"), "{denied}");
    bound.nothing_is_left().await;
}

/// A processing job that finds nothing to run, made by whoever owns the account, as the role of jobs.
async fn idle_job(bound: &Bound, name: &str) {
    use aws_sdk_sagemaker::types::{
        AppSpecification, ProcessingClusterConfig, ProcessingInstanceType, ProcessingJobStatus, ProcessingResources,
    };
    let sagemaker = aws_sdk_sagemaker::Client::new(&bound.account.sdk_config());
    let cluster =
        ProcessingClusterConfig::builder().instance_count(1).instance_type(ProcessingInstanceType::MlM5Large).volume_size_in_gb(10).build();
    let application = AppSpecification::builder()
        .image_uri(image_uri(Framework::ScikitLearn, REGION).unwrap())
        .container_entrypoint("python3")
        .container_entrypoint("/opt/ml/processing/input/code/none.py")
        .build();
    let request = sagemaker.create_processing_job().processing_job_name(name).app_specification(application);
    let request = request.processing_resources(ProcessingResources::builder().cluster_config(cluster).build());
    request.role_arn(format!("arn:aws:iam::{ACCOUNT_ID}:role/{}", bound.role)).send().await.unwrap();
    loop {
        let job = sagemaker.describe_processing_job().processing_job_name(name).send().await.unwrap();
        if job.processing_job_status() != Some(&ProcessingJobStatus::InProgress) {
            assert!(job.failure_reason().unwrap().contains("none.py"), "{:?}", job.failure_reason());
            return;
        }
        tokio::task::yield_now().await;
    }
}

/// Starts a pipeline of one step, stops it while its job starts, and gives what the step says.
async fn stopped(bound: &Bound, name: &str, kind: &str, arguments: Value) -> String {
    let sagemaker = aws_sdk_sagemaker::Client::new(&bound.account.sdk_config());
    let definition = json!({ "Version": "2020-12-01", "Steps": [{ "Name": "Only", "Type": kind, "Arguments": arguments }] });
    let role = format!("arn:aws:iam::{ACCOUNT_ID}:role/{}", bound.role);
    let create = sagemaker.create_pipeline().pipeline_name(name).role_arn(role).client_request_token(name.repeat(8));
    create.pipeline_definition(definition.to_string()).send().await.unwrap();
    let started = sagemaker.start_pipeline_execution().pipeline_name(name).send().await.unwrap();
    let arn = started.pipeline_execution_arn().unwrap();
    let step = async || {
        let steps = sagemaker.list_pipeline_execution_steps().pipeline_execution_arn(arn).send().await.unwrap();
        steps.pipeline_execution_steps().first().cloned()
    };
    loop {
        let metadata = step().await.and_then(|step| step.metadata().cloned());
        if metadata.is_some_and(|metadata| metadata.processing_job().is_some() || metadata.training_job().is_some()) {
            break;
        }
        tokio::task::yield_now().await;
    }
    sagemaker.stop_pipeline_execution().pipeline_execution_arn(arn).client_request_token("s".repeat(32)).send().await.unwrap();
    loop {
        if let Some(step) = step().await.filter(|step| step.end_time().is_some()) {
            return step.failure_reason().unwrap_or_default().to_owned();
        }
        tokio::task::yield_now().await;
    }
}

/// Invocations of the staging endpoint that CloudWatch knows of.
async fn invocations(bound: &Bound) -> f64 {
    use aws_sdk_cloudwatch::primitives::DateTime;
    use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat};
    let cloudwatch = aws_sdk_cloudwatch::Client::new(&bound.account.sdk_config());
    let dimension = |name: &str, value: &str| Dimension::builder().name(name).value(value).build();
    let metric = Metric::builder()
        .namespace("AWS/SageMaker")
        .metric_name("Invocations")
        .dimensions(dimension("EndpointName", &bound.context().scenario.staging_endpoint))
        .dimensions(dimension("VariantName", "AllTraffic"))
        .build();
    let asked = MetricStat::builder().metric(metric).period(3600).stat("Sum").build();
    let hour = chrono::Utc::now().timestamp() / 3600 * 3600;
    let (start, end) = (DateTime::from_secs(hour - 3600), DateTime::from_secs(hour + 7200));
    let query = MetricDataQuery::builder().id("m").metric_stat(asked).build();
    let said = cloudwatch.get_metric_data().metric_data_queries(query).start_time(start).end_time(end).send().await.unwrap();
    said.metric_data_results()[0].values().iter().sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pipeline_and_its_jobs_need_each_of_their_permissions() {
    let mut bound = Bound::of(DemoRole::SageMaker, &[Step::Foundation, Step::Lake, Step::Load]).await;
    let step = Step::Pipeline;
    bound.needs(step, "FunctionThatUnloads", &["lambda:InvokeFunction"]).await;
    // A step that has gone well is taken from the cache the next time: what its job needs comes before that.
    bound.needs(step, "StepsOfThePipeline", &["sagemaker:CreateProcessingJob", "sagemaker:AddTags"]).await;
    bound.needs(step, "HandItselfToItsJobs", &["iam:PassRole"]).await;
    bound.needs(step, "LoginToTheRegistryOfImages", &["ecr:GetAuthorizationToken"]).await;
    let images = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
    bound.needs(step, "ImagesOfSageMaker", &images).await;
    bound.needs(step, "BucketOfTheDemonstration", &["s3:ListBucket"]).await;
    bound.needs(step, "WhatJobsRead", &["s3:GetObject"]).await;
    bound.needs(step, "WhatJobsWrite", &["s3:PutObject"]).await;
    bound.needs(step, "StepsOfThePipeline", &["sagemaker:DescribeProcessingJob"]).await;
    bound.needs(step, "StepsOfThePipeline", &["sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob"]).await;
    let registry = ["sagemaker:DescribeModelPackageGroup", "sagemaker:CreateModelPackage", "sagemaker:DescribeModelPackage"];
    bound.needs(step, "RegistryOfModels", &registry).await;
    bound.does(step).await;

    // What the containers of an endpoint tell CloudWatch, they tell as the role; without it they answer and are not counted.
    bound.does(Step::Deploy).await;
    let before = invocations(&bound).await;
    bound.take("MetricsOfJobsAndEndpoints", "cloudwatch:PutMetricData").await;
    bound.does(Step::Predict).await;
    assert_eq!(invocations(&bound).await, before);
    bound.whole().await;
    bound.does(Step::Predict).await;
    assert!(invocations(&bound).await > before);

    // Without a log a job works as before: what is missing is the log.
    let group = "/aws/sagemaker/ProcessingJobs";
    let logs = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"];
    for (number, action) in logs.into_iter().enumerate() {
        forget_log(&bound.account, group).await;
        bound.take("LogsOfJobs", action).await;
        let name = format!("mute-{number}");
        idle_job(&bound, &name).await;
        assert_eq!(logged(&bound.account, group, &name).await, 0, "{action}");
    }
    bound.whole().await;
    idle_job(&bound, "heard").await;
    assert_eq!(logged(&bound.account, group, "heard").await, 1);

    // Jobs of an execution that is stopped. At pace `live` a job takes its time to start.
    let Bound { account, settings, role, policy, tried } = bound;
    let account = account.reopen_at(Pace::Live).await;
    let mut bound = Bound { account, settings, role, policy, tried };
    let role = format!("arn:aws:iam::{ACCOUNT_ID}:role/{}", bound.role);
    let cluster = json!({ "InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10 });
    let processing = json!({
        "RoleArn": role,
        "ProcessingResources": { "ClusterConfig": cluster },
        "AppSpecification": { "ImageUri": image_uri(Framework::ScikitLearn, REGION).unwrap(), "ContainerEntrypoint": ["python3", "/none.py"] },
    });
    let bucket = bound.context().scenario.bucket.clone();
    let source = json!({ "S3DataSource": { "S3DataType": "S3Prefix", "S3Uri": format!("s3://{bucket}/none/") } });
    let training = json!({
        "RoleArn": role,
        "ResourceConfig": cluster,
        "AlgorithmSpecification": { "TrainingImage": image_uri(Framework::XgBoost, REGION).unwrap(), "TrainingInputMode": "File" },
        "InputDataConfig": [{ "ChannelName": "train", "ContentType": "text/csv", "DataSource": source }],
        "OutputDataConfig": { "S3OutputPath": format!("s3://{bucket}/none/") },
        "HyperParameters": { "num_round": "1" },
    });
    assert_eq!(stopped(&bound, "Stopped", "Processing", processing.clone()).await, "");
    for (name, kind, arguments) in [("Working", "Processing", processing), ("Training", "Training", training)] {
        let action = format!("sagemaker:Stop{kind}Job");
        bound.take("StepsOfThePipeline", &action).await;
        let denied = stopped(&bound, name, kind, arguments).await;
        assert!(names(&denied, &action), "{action}: {denied}");
    }
    bound.nothing_is_left().await;
}

/// A project whose stages run as a role that is taken actions from.
struct Stages {
    bound: Bound,
    context: Context,
    codepipeline: aws_sdk_codepipeline::Client,
    stages: String,
}

impl Stages {
    /// Begins an execution and follows it until it ends or asks; gives its id.
    async fn begin(&self) -> (String, ProjectView) {
        let started = self.codepipeline.start_pipeline_execution().name(&self.stages).send().await.unwrap();
        let id = started.pipeline_execution_id().unwrap().to_owned();
        let view = project::follow(&self.context, Some(&id), &mut |_| {}).await.unwrap();
        (id, view)
    }

    /// A stage of a new execution needs each of some actions.
    async fn need(&mut self, stage: &str, sid: &str, actions: &[&str]) {
        for action in actions {
            self.bound.take(sid, action).await;
            let (_, view) = self.begin().await;
            failed_for(&view, stage, action);
        }
        self.bound.whole().await;
    }

    /// The last stage of an execution that somebody has let pass needs each of some actions.
    async fn deploy_needs(&mut self, execution: &str, sid: &str, actions: &[&str]) {
        for action in actions {
            self.bound.take(sid, action).await;
            project::retry(&self.context, "Deploy").await.unwrap();
            let view = project::follow(&self.context, Some(execution), &mut |_| {}).await.unwrap();
            failed_for(&view, "Deploy", action);
        }
        self.bound.whole().await;
    }

    /// Lets an execution pass that waits for a decision.
    async fn approve(&self, view: &ProjectView) {
        let action = &stage(view, "Approve").actions[0];
        let token = action.approval.clone().unwrap();
        let decision = Decision { stage: "Approve", action: &action.name, token: &token, yes: true, reason: "decided in a test" };
        project::approve(&self.context, decision).await.unwrap();
    }
}

fn stage<'a>(view: &'a ProjectView, name: &str) -> &'a project::StageView {
    view.stages.iter().find(|stage| stage.name == name).unwrap()
}

fn failed_for(view: &ProjectView, name: &str, action: &str) {
    let stage = stage(view, name);
    assert_eq!(stage.status, "Failed", "{name} needs no {action}");
    assert!(names(&stage.actions[0].summary, action), "{name} without {action}: {}", stage.actions[0].summary);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_stages_of_the_project_need_each_of_their_permissions() {
    let (account, mut settings) = account(&[Step::Foundation, Step::Lake, Step::Load]).await;
    settings.project.enabled = true;
    let (context, _events) = account.context(&settings);
    let committed = project::commit(&context, "The first source").await.unwrap();
    let first = committed.execution.unwrap();
    let waiting = project::follow(&context, Some(&first), &mut |_| {}).await.unwrap();
    let (stages, scenario) = (waiting.pipeline.clone(), context.scenario.clone());
    let names = ProjectNames { repository: waiting.repository.clone(), stages: stages.clone() };
    let policy = project_role::policy(&scenario, &names, ACCOUNT_ID, "aws").unwrap();
    let put = context.gateways.roles.policy(&scenario.project_role, POLICY_NAME).await.unwrap().unwrap();
    assert_eq!(put, policy);
    let codepipeline = aws_sdk_codepipeline::Client::new(&account.sdk_config());
    let bound = Bound { account, settings, role: scenario.project_role.clone(), policy, tried: BTreeSet::new() };
    let mut stages = Stages { bound, context, codepipeline, stages };

    let source = [
        "codecommit:GetBranch",
        "codecommit:GetCommit",
        "codecommit:UploadArchive",
        "codecommit:GetUploadArchiveStatus",
        "codecommit:CancelUploadArchive",
    ];
    stages.need("Source", "SourceOfThePipeline", &source).await;
    stages.need("Source", "BucketOfItsArtifacts", &["s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning"]).await;
    stages.need("Source", "ItsArtifacts", &["s3:PutObject"]).await;
    stages.need("Build", "ItsArtifacts", &["s3:GetObject", "s3:GetObjectVersion"]).await;
    stages.need("Build", "ItsLog", &["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]).await;
    stages.need("Build", "HandTheRoleOfJobsToSageMaker", &["iam:PassRole"]).await;
    let known = ["sagemaker:DescribePipeline", "sagemaker:UpdatePipeline", "sagemaker:StartPipelineExecution"];
    stages.need("Build", "PipelineOfTheDemonstration", &known).await;
    let followed = ["sagemaker:DescribePipelineExecution", "sagemaker:ListPipelineExecutionSteps"];
    stages.need("Build", "PipelineOfTheDemonstration", &followed).await;

    // The execution that waited passes; the endpoint is made, with its model and its configuration.
    stages.bound.take("WhatWasRegistered", "sagemaker:DescribeModelPackage").await;
    stages.approve(&waiting).await;
    let view = project::follow(&stages.context, Some(&first), &mut |_| {}).await.unwrap();
    failed_for(&view, "Deploy", "sagemaker:DescribeModelPackage");
    let made = [
        "sagemaker:CreateModel",
        "sagemaker:AddTags",
        "sagemaker:CreateEndpointConfig",
        "sagemaker:DescribeEndpoint",
        "sagemaker:CreateEndpoint",
    ];
    stages.deploy_needs(&first, "ProductionEndpoint", &made).await;
    project::retry(&stages.context, "Deploy").await.unwrap();
    let view = project::follow(&stages.context, Some(&first), &mut |_| {}).await.unwrap();
    assert_eq!(stage(&view, "Deploy").status, "Succeeded", "{:?}", stage(&view, "Deploy").actions[0]);
    // The next version goes to the endpoint that is there.
    let (_, view) = stages.begin().await;
    stages.bound.take("ProductionEndpoint", "sagemaker:UpdateEndpoint").await;
    stages.approve(&view).await;
    let view = project::follow(&stages.context, None, &mut |_| {}).await.unwrap();
    failed_for(&view, "Deploy", "sagemaker:UpdateEndpoint");
    stages.bound.whole().await;

    // Without the pipeline, the next build makes it. What is at work in it has to end first.
    while pipeline::list(&stages.context).await.unwrap().iter().any(|run| !run.state.is_over()) {
        tokio::task::yield_now().await;
    }
    let sagemaker = aws_sdk_sagemaker::Client::new(&stages.bound.account.sdk_config());
    sagemaker.delete_pipeline().pipeline_name(&scenario.pipeline).client_request_token("d".repeat(32)).send().await.unwrap();
    stages.need("Build", "PipelineOfTheDemonstration", &["sagemaker:CreatePipeline", "sagemaker:AddTags"]).await;
    stages.bound.nothing_is_left().await;
}

/// Who may assume a role: some services.
fn trust(services: &[&str]) -> Value {
    let statement = json!({ "Effect": "Allow", "Principal": { "Service": services }, "Action": "sts:AssumeRole" });
    json!({ "Version": "2012-10-17", "Statement": [statement] })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_a_role_does_not_trust_does_not_get_it() {
    let (account, settings) = account(&[Step::Foundation, Step::Lake]).await;
    let scenario = settings.scenario(ACCOUNT_ID);
    let roles = account.gateways();
    let distrusted = async |role: DemoRole, services: &[&str], step: Step, says: &str| {
        roles.roles.set_trust(role.name(&scenario), &trust(services)).await.unwrap();
        let error = run(&account, &settings, step).await.unwrap_err();
        assert!(error.why.contains(says), "{step}: {error}");
        assert!(error.advice().is_some_and(|advice| advice.contains("`foundation`")), "{:?}", error.advice());
        roles.roles.set_trust(role.name(&scenario), &role.trust()).await.unwrap();
    };
    let (redshift, sagemaker) = (["redshift.amazonaws.com", "redshift-serverless.amazonaws.com"], ["sagemaker.amazonaws.com"]);
    distrusted(DemoRole::Redshift, &sagemaker, Step::Load, "Not authorized to get credentials of role").await;
    run(&account, &settings, Step::Load).await.unwrap();
    distrusted(DemoRole::Redshift, &redshift, Step::RedshiftMl, "Could not assume role").await;
    distrusted(DemoRole::Lambda, &sagemaker, Step::Pipeline, "cannot be assumed by Lambda").await;
    distrusted(DemoRole::SageMaker, &redshift, Step::Pipeline, "Could not assume role").await;
    // A role that is not attached to the warehouse is none for its statements.
    let other = account.role("Other", "redshift.amazonaws.com").await;
    let data = aws_sdk_redshiftdata::Client::new(&account.sdk_config());
    let refused = warehouse::fail(&data, &format!("COPY dm.data FROM 's3://{}/x' IAM_ROLE '{other}' CSV", scenario.bucket)).await;
    assert!(refused.contains("is not associated to cluster"), "{refused}");
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_is_refused_when_it_is_handed_to_a_service_that_it_does_not_trust() {
    use aws_sdk_lambda::types::{FunctionCode, Runtime};
    let account = common::account().await;
    let config = account.sdk_config();
    let (of_redshift, of_lambda) =
        (account.role("Redshift", "redshift.amazonaws.com").await, account.role("Lambda", "lambda.amazonaws.com").await);
    let missing = format!("arn:aws:iam::{ACCOUNT_ID}:role/none");

    let lambda = aws_sdk_lambda::Client::new(&config);
    let package = shiftdeck::aws::zip::package(UNLOAD_FILE, UNLOAD_FUNCTION.as_bytes());
    let create = async |role: &str| {
        let code = FunctionCode::builder().zip_file(aws_sdk_lambda::primitives::Blob::new(package.clone())).build();
        let request = lambda.create_function().function_name("f").runtime(Runtime::from("python3.13")).handler(UNLOAD_HANDLER);
        request.role(role).code(code).send().await.map(drop).map_err(|error| error.into_service_error())
    };
    for role in [&of_redshift, &missing] {
        let refused = create(role).await.unwrap_err();
        assert!(refused.is_invalid_parameter_value_exception() && refused.to_string().contains("cannot be assumed by Lambda"), "{refused}");
    }
    create(&of_lambda).await.unwrap();
    let changed = lambda.update_function_configuration().function_name("f").role(&of_redshift).send().await.unwrap_err();
    assert!(changed.into_service_error().is_invalid_parameter_value_exception());

    let sagemaker = aws_sdk_sagemaker::Client::new(&config);
    let definition = json!({ "Version": "2020-12-01", "Steps": [{ "Name": "No", "Type": "Fail", "Arguments": { "ErrorMessage": "no" } }] });
    for role in [&of_lambda, &missing] {
        let request = sagemaker.create_pipeline().pipeline_name("p").role_arn(role).client_request_token("t".repeat(32));
        let refused = request.pipeline_definition(definition.to_string()).send().await.unwrap_err();
        assert!(refused.message().unwrap().starts_with(&format!("Could not assume role {role}")), "{refused:?}");
    }

    // A project takes a role only that CodePipeline may assume.
    let (codepipeline, name) = (aws_sdk_codepipeline::Client::new(&config), "stages");
    let refused = codepipeline.create_pipeline().pipeline(declared(name, &of_lambda)).send().await.unwrap_err().into_service_error();
    assert!(refused.is_invalid_structure_exception() && refused.to_string().contains("not authorized to perform AssumeRole"), "{refused}");
    let of_codepipeline = account.role("CodePipeline", "codepipeline.amazonaws.com").await;
    codepipeline.create_pipeline().pipeline(declared(name, &of_codepipeline)).send().await.unwrap();
    account.close().await;
}

/// Stages of a source and a decision.
fn declared(name: &str, role: &str) -> aws_sdk_codepipeline::types::PipelineDeclaration {
    use aws_sdk_codepipeline::types::{
        ActionCategory, ActionDeclaration, ActionOwner, ActionTypeId, ArtifactStore, ArtifactStoreType, PipelineDeclaration,
        StageDeclaration,
    };
    let action = |name: &str, category: ActionCategory, provider: &str| {
        let kind = ActionTypeId::builder().category(category).owner(ActionOwner::Aws).provider(provider).version("1").build().unwrap();
        ActionDeclaration::builder().name(name).action_type_id(kind)
    };
    let source = action("Commit", ActionCategory::Source, "CodeCommit")
        .configuration("RepositoryName", "none")
        .configuration("BranchName", "main")
        .build()
        .unwrap();
    let decide = action("Decide", ActionCategory::Approval, "Manual").build().unwrap();
    let stage = |name: &str, action| StageDeclaration::builder().name(name).actions(action).build().unwrap();
    let store = ArtifactStore::builder().r#type(ArtifactStoreType::S3).location("bucket").build().unwrap();
    PipelineDeclaration::builder()
        .name(name)
        .role_arn(role)
        .artifact_store(store)
        .stages(stage("Source", source))
        .stages(stage("Approve", decide))
        .build()
        .unwrap()
}
