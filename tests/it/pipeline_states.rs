//! Every way in which an execution can end, made to happen; and what is kept, taken over and logged meanwhile.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use aws_sdk_sagemaker::types::{PipelineExecutionStatus, StepStatus};
use serde_json::{Value, json};
use shiftdeck::demo::pipeline_definition::{self, parameter, step};
use shiftdeck::local::pace::Pace;

use crate::pipeline::{Bench, Run, bench, customers, definition, inputs, named};

/// The table with the cells of a column changed in every `each`th row.
fn spoilt(column: &str, each: usize, cell: &str) -> String {
    let text = customers(3000, true);
    let mut lines = text.lines();
    let header = lines.next().unwrap();
    let at = header.split(',').position(|name| name == column).unwrap();
    let mut out = format!("{header}\n");
    for (row, line) in lines.enumerate() {
        let mut cells: Vec<&str> = line.split(',').collect();
        if row % each == 0 {
            cells[at] = cell;
        }
        out.push_str(&cells.join(","));
        out.push('\n');
    }
    out
}

fn failed_at(run: &Run, step: &str) -> String {
    assert_eq!(run.status, PipelineExecutionStatus::Failed, "{:?}", run.steps);
    let (status, reason) = run.step(step).unwrap_or_else(|| panic!("{step} did not begin: {:?}", run.steps));
    assert_eq!(*status, StepStatus::Failed, "{:?}", run.steps);
    reason.to_owned()
}

async fn versions(bench: &Bench) -> usize {
    let packages = bench.sagemaker.list_model_packages().model_package_group_name(&bench.scenario.model_group).send().await.unwrap();
    packages.model_package_summary_list().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_data_end_the_run_at_the_check_with_the_reason() {
    let bench = bench(Pace::Instant, true).await;
    bench.create(&definition(&bench.scenario, &inputs())).await.unwrap();
    let text = customers(3000, true);
    let (header, rows) = text.split_once('\n').unwrap();
    let cases = [
        ("range", spoilt("age", 10, "241"), "range of `age`: 20 to 241, 10.00 % of the rows outside (allowed: 0 to 120"),
        ("type", spoilt("campaign", 10, "often"), "type of `campaign`: `often` among them (allowed: whole numbers)"),
        ("missing", spoilt("job", 10, ""), "missing of `job`: 10.00 % without a value (allowed: at most 5.00 %)"),
        ("duplicates", format!("{header}\n{rows}{rows}"), "duplicates: 3"),
        ("target", spoilt("y", 1, "no"), "target_rate of `y`: 0.00 % `yes` (allowed: 2.00 % to 50.00 %)"),
        ("columns", text.replacen("contact,", "channel,", 1), "columns: `contact` missing; `channel` not expected"),
        ("rows", text.lines().take(31).map(|line| format!("{line}\n")).collect(), "rows: 30 rows (allowed: at least 50)"),
    ];
    for (name, data, expected) in cases {
        bench.unload(&data).await;
        let key = format!("check-{name}");
        let run = bench.wait(&bench.start_with(&[(parameter::CACHE_KEY, &key)]).await.unwrap()).await;
        let reason = failed_at(&run, step::QUALITY);
        assert!(reason.contains(expected), "{name}: {reason}");
        assert!(run.step(step::TRAIN).is_none(), "{name}: nothing is trained on bad data");
        // The report is there although the step failed.
        let id = run.arn.rsplit('/').next().unwrap();
        let report = format!("s3://{}/{}runs/{id}/quality/report.json", bench.scenario.bucket, bench.scenario.pipeline_prefix);
        let report: Value = serde_json::from_slice(&bench.object(&report).await).unwrap();
        assert_eq!(report["ok"], false);
        assert!(report["checks"].as_array().unwrap().iter().any(|check| check["ok"] == false));
    }
    bench.account.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn data_that_drifted_from_the_approved_models_are_refused() {
    let bench = bench(Pace::Instant, true).await;
    let run = bench.run(&definition(&bench.scenario, &inputs())).await;
    assert_eq!(run.status, PipelineExecutionStatus::Succeeded, "{:?}", run.steps);
    let id = run.arn.rsplit('/').next().unwrap();
    let report = format!("s3://{}/{}runs/{id}/quality/report.json", bench.scenario.bucket, bench.scenario.pipeline_prefix);
    let report: Value = serde_json::from_slice(&bench.object(&report).await).unwrap();
    let mut baseline =
        serde_json::to_value(shiftdeck::demo::data_quality::Baseline::expected(&shiftdeck::demo::dataset::DataSet::bank())).unwrap();
    baseline["source"] = json!("model version 1");
    baseline["profile"] = report["profile"].clone();
    let baseline = bench.put("baselines/1/baseline.json", baseline.to_string()).await;
    let start = async |key: &str| {
        let arn = bench.start_with(&[(parameter::BASELINE, &baseline), (parameter::CACHE_KEY, key)]).await.unwrap();
        bench.wait(&arn).await
    };
    assert_eq!(start("same").await.status, PipelineExecutionStatus::Succeeded, "the same data have not drifted");
    bench.unload(&spoilt("age", 3, "88")).await;
    let reason = failed_at(&start("older").await, step::QUALITY);
    assert!(reason.contains("against model version 1: drift of `age`: stability index "), "{reason}");
    bench.unload(&spoilt("job", 3, "astronaut")).await;
    let reason = failed_at(&start("unseen").await, step::QUALITY);
    assert!(reason.contains("unseen of `job`: `astronaut` in 33.33 % of the rows"), "{reason}");
    bench.unload(&spoilt("contact", 1, "cellular")).await;
    let reason = failed_at(&start("absent").await, step::QUALITY);
    assert!(reason.contains("absent of `contact`: `telephone` no longer there"), "{reason}");
    bench.account.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gate_refuses_by_each_of_its_figures() {
    let bench = bench(Pace::Instant, true).await;
    bench.create(&definition(&bench.scenario, &inputs())).await.unwrap();

    // By the floor: nothing ranks that well.
    let mut strict = inputs();
    strict.auc_floor = 0.999;
    bench.update(&definition(&bench.scenario, &strict)).await;
    let reason = failed_at(&bench.wait(&bench.start().await).await, step::REFUSED);
    assert!(reason.contains("(it has to be at least 0.999)"), "{reason}");

    // By the margin: the approved model is better by more than that.
    bench.update(&definition(&bench.scenario, &inputs())).await;
    let champion = bench.put("champions/4/champion.json", json!({"version": 4, "auc": 0.99, "mse": 0.01}).to_string()).await;
    let run = bench.wait(&bench.start_with(&[(parameter::CHAMPION, &champion)]).await.unwrap()).await;
    let reason = failed_at(&run, step::REFUSED);
    assert!(reason.contains("the approved version 4 has AUC 0.9900 (the AUC may be smaller by at most 0.01)"), "{reason}");

    // By the base rate: trees that know every training row by heart err more than an answer that is the same for everyone.
    bench.unload(&customers(3000, false)).await;
    let mut by_heart = inputs();
    (by_heart.num_round, by_heart.max_depth, by_heart.auc_floor) = (100, 12, 0.5);
    let mut learnt = definition(&bench.scenario, &by_heart);
    // Only the first figure decides.
    named(&mut learnt, step::GATE)["Arguments"]["Conditions"].as_array_mut().unwrap().truncate(1);
    bench.update(&learnt).await;
    let run = bench.wait(&bench.start_with(&[(parameter::CACHE_KEY, "new data")]).await.unwrap()).await;
    let reason = failed_at(&run, step::REFUSED);
    assert!(reason.contains("the error of answering the base rate for everyone"), "{reason}");
    assert_eq!(versions(&bench).await, 0, "a refused model is not registered");

    // A model that is a little worse than the approved one is not too bad.
    bench.unload(&customers(3000, true)).await;
    bench.update(&definition(&bench.scenario, &inputs())).await;
    let arn = bench.start_with(&[(parameter::CACHE_KEY, "good data")]).await.unwrap();
    let good = bench.wait(&arn).await;
    assert_eq!(good.status, PipelineExecutionStatus::Succeeded, "{:?}", good.steps);
    let id = arn.rsplit('/').next().unwrap();
    let report = format!("s3://{}/{}runs/{id}/evaluation/evaluation.json", bench.scenario.bucket, bench.scenario.pipeline_prefix);
    let report: Value = serde_json::from_slice(&bench.object(&report).await).unwrap();
    let auc = report["binary_classification_metrics"]["auc"]["value"].as_f64().unwrap();
    let champion = json!({"version": 1, "auc": auc + 0.005, "mse": 0.1}).to_string();
    let champion = bench.put("champions/1/champion.json", champion).await;
    let run = bench.wait(&bench.start_with(&[(parameter::CHAMPION, &champion)]).await.unwrap()).await;
    assert_eq!(run.status, PipelineExecutionStatus::Succeeded, "{:?}", run.steps);
    assert_eq!(versions(&bench).await, 2);
    bench.account.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_step_can_fail_and_says_why() {
    let bench = bench(Pace::Instant, true).await;
    let good = definition(&bench.scenario, &inputs());
    bench.create(&good).await.unwrap();
    let run = async |change: &dyn Fn(&mut Value)| {
        let mut changed = good.clone();
        change(&mut changed);
        bench.update(&changed).await;
        bench.wait(&bench.start_with(&[(parameter::CACHE_KEY, "fails")]).await.unwrap()).await
    };
    let arguments = |definition: &mut Value, name: &str, more: &[&str]| {
        let list = &mut named(definition, name)["Arguments"]["AppSpecification"]["ContainerArguments"];
        list.as_array_mut().unwrap().extend(more.iter().map(|text| json!(text)));
    };
    let reason = failed_at(&run(&|definition| arguments(definition, step::PREPROCESS, &["--drop", "shoe_size"])).await, step::PREPROCESS);
    assert!(reason.contains("there is no column `shoe_size` to drop"), "{reason}");
    let bad = |definition: &mut Value| named(definition, step::TRAIN)["Arguments"]["HyperParameters"]["eta"] = json!("fast");
    let reason = failed_at(&run(&bad).await, step::TRAIN);
    assert!(reason.contains("Hyperparameter eta: fast"), "{reason}");
    let reason = failed_at(&run(&|definition| arguments(definition, step::EVALUATE, &["--segment", "shoe_size"])).await, step::EVALUATE);
    assert!(reason.contains("there is no column `shoe_size` to measure by"), "{reason}");
    let path = |definition: &mut Value| {
        named(definition, step::GATE)["Arguments"]["Conditions"][0]["LeftValue"]["Std:JsonGet"]["Path"] =
            json!("regression_metrics.nothing");
    };
    let reason = failed_at(&run(&path).await, step::GATE);
    assert!(reason.contains("has nothing at `regression_metrics.nothing`"), "{reason}");
    bench.sagemaker.delete_model_package_group().model_package_group_name(&bench.scenario.model_group).send().await.unwrap();
    let reason = failed_at(&run(&|_| {}).await, step::REGISTER);
    assert!(reason.contains(&bench.scenario.model_group), "{reason}");

    // The whole definition, with a function that does not exist.
    let whole = pipeline_definition::definition(&bench.scenario, &inputs()).unwrap();
    bench.update(&whole).await;
    let reason = failed_at(&bench.wait(&bench.start().await).await, step::UNLOAD);
    assert!(reason.contains("bankdm-redshift-dl"), "{reason}");
    bench.account.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unchanged_step_is_taken_from_the_cache_and_a_changed_one_is_not() {
    let bench = bench(Pace::Instant, true).await;
    let first = bench.run(&definition(&bench.scenario, &inputs())).await;
    assert_eq!(first.status, PipelineExecutionStatus::Succeeded);
    let hits = async |arn: &str| -> Vec<String> {
        let listed = bench.listed(arn).await;
        let hits = listed.iter().filter_map(|step| Some((step.step_name()?, step.cache_hit_result()?.source_pipeline_execution_arn()?)));
        hits.map(|(name, from)| format!("{name} from {}", if from == first.arn { "the first" } else { from })).collect()
    };
    assert_eq!(hits(&first.arn).await, [] as [&str; 0]);
    let second = bench.wait(&bench.start().await).await;
    assert_eq!(second.status, PipelineExecutionStatus::Succeeded);
    let all = ["Step-DataQuality", "Step-PreProcess", "Step-Train", "Step-Eval"].map(|name| format!("{name} from the first"));
    assert_eq!(hits(&second.arn).await, all);
    // Its jobs are those of the first, and a third execution names the first, too.
    let job = async |arn: &str| {
        let listed = bench.listed(arn).await;
        let training = listed.iter().find(|step| step.step_name() == Some(step::TRAIN)).unwrap();
        training.metadata().unwrap().training_job().unwrap().arn().unwrap().to_owned()
    };
    assert_eq!(job(&first.arn).await, job(&second.arn).await);
    let third = bench.wait(&bench.start().await).await;
    assert_eq!(hits(&third.arn).await, all);
    // Another hyperparameter: the data are as before, the training and what follows is not.
    let mut deeper = inputs();
    deeper.max_depth = 5;
    bench.update(&definition(&bench.scenario, &deeper)).await;
    let fourth = bench.wait(&bench.start().await).await;
    assert_eq!(hits(&fourth.arn).await, all[..2]);
    // The cache key makes every step another one; so does a definition without caching.
    let fifth = bench.wait(&bench.start_with(&[(parameter::CACHE_KEY, "fresh")]).await.unwrap()).await;
    assert_eq!(hits(&fifth.arn).await, [] as [&str; 0]);
    deeper.cache = false;
    bench.update(&definition(&bench.scenario, &deeper)).await;
    let sixth = bench.wait(&bench.start().await).await;
    assert_eq!(hits(&sixth.arn).await, [] as [&str; 0]);
    assert_eq!(sixth.status, PipelineExecutionStatus::Succeeded);
    bench.account.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_goes_on_at_the_failed_step() {
    let bench = bench(Pace::Instant, true).await;
    bench.create(&definition(&bench.scenario, &inputs())).await.unwrap();
    let missing = format!("s3://{}/champions/late/champion.json", bench.scenario.bucket);
    let arn = bench.start_with(&[(parameter::CHAMPION, &missing)]).await.unwrap();
    let reason = failed_at(&bench.wait(&arn).await, step::EVALUATE);
    assert!(reason.contains("No S3 objects found"), "{reason}");
    let before = bench.listed(&arn).await;
    bench.put("champions/late/champion.json", json!({"version": null, "auc": null, "mse": null}).to_string()).await;
    let run = bench.retry(&arn).await;
    assert_eq!(run.status, PipelineExecutionStatus::Succeeded, "{:?}", run.steps);
    let after = bench.listed(&arn).await;
    for name in [step::QUALITY, step::PREPROCESS, step::TRAIN] {
        let started = |steps: &[aws_sdk_sagemaker::types::PipelineExecutionStep]| {
            steps.iter().find(|step| step.step_name() == Some(name)).unwrap().start_time().copied()
        };
        assert_eq!(started(&before), started(&after), "{name} is not run again");
    }
    let again = bench.sagemaker.retry_pipeline_execution().pipeline_execution_arn(&arn).client_request_token("x".repeat(32)).send().await;
    assert!(again.is_err(), "what has succeeded cannot be retried");
    bench.account.close().await;
}

/// Events of a stream of a group whose name begins so, oldest first.
async fn log(bench: &Bench, group: &str, prefix: &str) -> Vec<String> {
    let logs = aws_sdk_cloudwatchlogs::Client::new(&bench.account.sdk_config());
    let Ok(streams) = logs.describe_log_streams().log_group_name(group).log_stream_name_prefix(prefix).send().await else {
        return Vec::new();
    };
    let Some(stream) = streams.log_streams().first().and_then(|stream| stream.log_stream_name()) else { return Vec::new() };
    let events = logs.get_log_events().log_group_name(group).log_stream_name(stream).start_from_head(true).send().await.unwrap();
    events.events().iter().map(|event| event.message().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_during_training_stops_the_work_and_leaves_no_model() {
    let bench = bench(Pace::Live, true).await;
    bench.create(&definition(&bench.scenario, &inputs())).await.unwrap();
    let arn = bench.start().await;
    let id = arn.rsplit('/').next().unwrap().to_owned();
    let rounds = async || {
        let lines = log(&bench, "/aws/sagemaker/TrainingJobs", &format!("pipelines-{id}-")).await;
        lines.iter().filter(|line| line.contains("train-logloss:")).count()
    };
    while rounds().await < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let stop = bench.sagemaker.stop_pipeline_execution().pipeline_execution_arn(&arn).client_request_token("s".repeat(32));
    stop.send().await.unwrap();
    // It is being stopped until the round is over that is at work.
    let described = bench.sagemaker.describe_pipeline_execution().pipeline_execution_arn(&arn).send().await.unwrap();
    let state = described.pipeline_execution_status().unwrap();
    assert!(matches!(state, PipelineExecutionStatus::Stopping | PipelineExecutionStatus::Stopped), "{state:?}");
    let run = bench.wait(&arn).await;
    assert_eq!(run.status, PipelineExecutionStatus::Stopped);
    assert_eq!(run.step(step::TRAIN), Some((&StepStatus::Stopped, "")));
    assert!(run.step(step::EVALUATE).is_none());
    let seen = rounds().await;
    assert!(seen < 20, "{seen} rounds: the training went on to its end");
    let training = bench.sagemaker.list_training_jobs().send().await.unwrap();
    assert_eq!(training.training_job_summaries()[0].training_job_status().unwrap().as_str(), "Stopped");
    let prefix = format!("{}runs/{id}/artifacts", bench.scenario.pipeline_prefix);
    let written = bench.s3.list_objects_v2().bucket(&bench.scenario.bucket).prefix(prefix).send().await.unwrap();
    assert!(written.contents().is_empty(), "nothing half-written is taken for a model");
    bench.account.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_log_under_the_names_of_the_service() {
    let bench = bench(Pace::Instant, true).await;
    let run = bench.run(&definition(&bench.scenario, &inputs())).await;
    let id = run.arn.rsplit('/').next().unwrap();
    let lines = log(&bench, "/aws/sagemaker/TrainingJobs", &format!("pipelines-{id}-Step-Train-")).await;
    let rounds: Vec<&String> = lines.iter().filter(|line| line.starts_with('[') && line.contains("]\ttrain-logloss:")).collect();
    assert_eq!(rounds.len(), 20, "{lines:?}");
    assert!(rounds[0].starts_with("[0]\ttrain-logloss:0.") && rounds[0].contains("\tvalidation-logloss:0."), "{}", rounds[0]);
    let lines = log(&bench, "/aws/sagemaker/ProcessingJobs", &format!("pipelines-{id}-Step-DataQuality-")).await;
    assert!(lines.iter().any(|line| line.starts_with("ok range age: ")), "{lines:?}");
    let lines = log(&bench, "/aws/sagemaker/ProcessingJobs", &format!("pipelines-{id}-Step-PreProcess-")).await;
    assert!(lines.iter().any(|line| line.starts_with("3000 rows: 2100 train, 600 validation, 300 test")), "{lines:?}");
    let lines = log(&bench, "/aws/sagemaker/ProcessingJobs", &format!("pipelines-{id}-Step-Eval-")).await;
    assert!(lines.iter().any(|line| line.starts_with("AUC 0.")), "{lines:?}");

    // The next start of the program still has them.
    let Bench { account, scenario, .. } = bench;
    let account = account.reopen().await;
    let sagemaker = aws_sdk_sagemaker::Client::new(&account.sdk_config());
    let s3 = aws_sdk_s3::Client::new(&account.sdk_config());
    let bench = Bench { account, scenario, sagemaker, s3 };
    let lines = log(&bench, "/aws/sagemaker/TrainingJobs", &format!("pipelines-{id}-Step-Train-")).await;
    assert!(lines.iter().any(|line| line.starts_with("[19]\t")), "{lines:?}");
    bench.account.close().await;
}
