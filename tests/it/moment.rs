//! An account on AWS is brought to where a step begins: what is missing is made, what comes later goes, nothing else is touched.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use shiftdeck::aws::Tags;
use shiftdeck::aws::endpoints::VariantPlan;
use shiftdeck::config::Settings;
use shiftdeck::demo::policies::DemoRole;
use shiftdeck::demo::resource::ResourceState;
use shiftdeck::demo::step::Step;
use shiftdeck::local;
use shiftdeck::ops::models::{self, ApprovalState};
use shiftdeck::ops::moment::{self, MomentPlan};
use shiftdeck::ops::plan::Action;
use shiftdeck::ops::{Context, OpError, OpErrorKind, checklist, steps};

use crate::common::watched::Watched;
use crate::common::{self, TestAccount, warehouse};
use crate::deployment::{run, settings};
use crate::program::{Ended, Machine, finish, json_lines};

/// Every step that leaves something, and predicting.
const ALL: [Step; 7] = [Step::Foundation, Step::Lake, Step::Load, Step::Pipeline, Step::Deploy, Step::Predict, Step::RedshiftMl];

async fn plan(context: &Context, next: Step) -> Result<MomentPlan, OpError> {
    moment::plan(context, next).await?.clear()
}

/// What the command does.
async fn reach(context: &Context, next: Step) -> Result<MomentPlan, OpError> {
    let plan = plan(context, next).await?;
    if !plan.removals.is_empty() {
        steps::remove_from(context, next).await?;
    }
    for step in &plan.steps {
        steps::run(context, step.step).await?;
    }
    moment::verify(context, next).await?;
    Ok(plan)
}

fn removed(plan: &MomentPlan) -> Vec<&str> {
    plan.removals.iter().map(|it| it.kind.as_str()).collect()
}

fn to_run(plan: &MomentPlan) -> Vec<Step> {
    plan.steps.iter().map(|it| it.step).collect()
}

/// Kinds and names of what is there, by the checklist.
async fn there(context: &Context) -> Vec<(&'static str, String)> {
    let lines = checklist::read(context).await.unwrap();
    lines.into_iter().filter(|line| line.state != ResourceState::Missing).map(|line| (line.kind, line.name)).collect()
}

async fn kinds(context: &Context) -> Vec<&'static str> {
    there(context).await.into_iter().map(|(kind, _)| kind).collect()
}

fn in_directory(account: &TestAccount) -> Settings {
    let mut settings = settings();
    settings.local.state_dir = Some(account.directory.path().to_owned());
    settings
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_nothing_the_steps_before_are_run_and_the_second_time_nothing_is() {
    let account = common::account().await;
    let settings = in_directory(&account);
    let mut watched = Watched::of(&account, &settings);
    let context = watched.context.clone();
    let told = watched.dry(async |context| plan(context, Step::Pipeline).await).await.unwrap();
    assert_eq!((removed(&told), to_run(&told)), (vec![], vec![Step::Foundation, Step::Lake, Step::Load]));
    let makes = |step: usize| told.steps[step].resources.iter().filter(|it| it.action == Action::Create).count();
    assert!(makes(0) >= 8 && makes(1) == 3 && makes(2) == 3, "{told:?}");
    assert_eq!(told.seconds(), None, "nothing has been run here yet");
    assert_eq!(steps::cleanup_plan(&context).await.unwrap(), [], "a dry run makes nothing");

    assert_eq!(reach(&context, Step::Pipeline).await.unwrap(), told);
    let found = kinds(&context).await;
    assert!(found.contains(&"Table") && !found.contains(&"Pipeline") && !found.contains(&"Endpoint"), "{found:?}");

    // The second time there is nothing to do, and finding that out changes nothing.
    let again = watched.dry(async |context| plan(context, Step::Pipeline).await).await.unwrap();
    assert!(again.is_there(), "{again:?}");
    // One step further only that one is run, and it is known how long it takes once it has been.
    let further = reach(&context, Step::Deploy).await.unwrap();
    assert_eq!((removed(&further), to_run(&further)), (vec![], vec![Step::Pipeline]));
    let data = aws_sdk_redshiftdata::Client::new(&account.sdk_config());
    // A row that somebody has removed is missed, although the table is there; the pipeline finds that it has trained on these rows.
    warehouse::succeed(&data, "DELETE FROM dm.data WHERE age > 60").await;
    assert!(moment::verify(&context, Step::Deploy).await.unwrap_err().why.contains("does not have the rows of the lake"));
    let repaired = reach(&context, Step::Deploy).await.unwrap();
    assert_eq!(to_run(&repaired), [Step::Load, Step::Pipeline]);
    assert!(repaired.seconds().is_some());
    assert_eq!(models::list(&context).await.unwrap().len(), 1);
    account.close().await;
}

/// Things with similar names that this demonstration did not make.
async fn decoys(context: &Context) {
    let package = models::show(context, 1).await.unwrap().arn;
    let role = format!("arn:aws:iam::{}:role/{}", local::ACCOUNT_ID, DemoRole::SageMaker.name(&context.scenario));
    let g = &context.gateways;
    let others = Tags::from([("shiftdeck:demo".to_owned(), "Other".to_owned())]);
    g.endpoints.create_model("BankDM-other", &package, &role, &BTreeMap::new()).await.unwrap();
    g.endpoints.create_model("BankDM2-v1", &package, &role, &others).await.unwrap();
    let variant =
        VariantPlan { name: "AllTraffic".into(), model: "BankDM2-v1".into(), instance: "ml.m5.large".into(), weight: 1.0, shadow: false };
    g.endpoints.create_config("BankDM-staging-2-v1", &[variant], &others).await.unwrap();
    g.endpoints.create("BankDM-staging-2", "BankDM-staging-2-v1", &others).await.unwrap();
    g.objects.put(&context.scenario.bucket, "bankdm/holiday.jpg", "theirs".into(), "image/jpeg", &[]).await.unwrap();
}

async fn decoys_are_there(context: &Context) {
    let g = &context.gateways;
    for model in ["BankDM-other", "BankDM2-v1"] {
        assert!(g.endpoints.model(model).await.unwrap().is_some(), "{model}");
    }
    assert!(g.endpoints.variants("BankDM-staging-2-v1").await.unwrap().is_some());
    assert!(g.endpoints.find("BankDM-staging-2").await.unwrap().is_some());
    assert!(g.objects.info(&context.scenario.bucket, "bankdm/holiday.jpg").await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_later_goes_and_nothing_else() {
    let account = common::account().await;
    let settings = in_directory(&account);
    run(&account, &settings, &ALL).await;
    let mut watched = Watched::of(&account, &settings);
    let context = watched.context.clone();
    decoys(&context).await;
    let before = there(&context).await;

    let told = watched.dry(async |context| plan(context, Step::Deploy).await).await.unwrap();
    let kinds_removed = removed(&told);
    for kind in ["Endpoint", "Endpoint config", "Model", "SQL model", "Approval"] {
        assert_eq!(kinds_removed.iter().filter(|it| **it == kind).count(), 1, "{kind}: {kinds_removed:?}");
    }
    assert!(!kinds_removed.iter().any(|kind| ["Pipeline", "Model package", "Lake database", "Table", "IAM role"].contains(kind)));
    let endpoint = told.removals.iter().find(|it| it.kind == "Endpoint").unwrap();
    assert!(endpoint.usd_per_hour.is_some_and(|usd| usd > 0.0), "{endpoint:?}");
    assert_eq!(to_run(&told), []);

    reach(&context, Step::Deploy).await.unwrap();
    decoys_are_there(&context).await;
    let after = there(&context).await;
    let gone: Vec<&str> = before.iter().filter(|it| !after.contains(it)).map(|(kind, _)| *kind).collect();
    assert_eq!(gone, ["Model", "Endpoint config", "Endpoint", "SQL model", "SQL function"]);
    assert!(after.iter().all(|it| before.contains(it)), "{after:?}");
    let version = &models::list(&context).await.unwrap()[0];
    assert_eq!(version.approval, ApprovalState::PendingManualApproval, "the approval was part of the step");
    assert!(watched.dry(async |context| plan(context, Step::Deploy).await).await.unwrap().is_there());
    // The step does what it does the first time.
    let deployed = steps::run(&context, Step::Deploy).await.unwrap();
    assert_eq!((deployed.changed, &deployed.detail["approved_here"]), (true, &Value::from(true)));

    // Back to where the warehouse is empty: what the pipeline made goes too, with what was noted of it.
    let told = reach(&context, Step::Load).await.unwrap();
    let kinds_removed = removed(&told);
    for kind in ["Endpoint", "Pipeline", "Model package", "External schema", "Table", "Schema", "Objects"] {
        assert!(kinds_removed.contains(&kind), "{kind}: {kinds_removed:?}");
    }
    assert!(told.stays.iter().any(|sentence| sentence.contains("1 execution")), "{:?}", told.stays);
    decoys_are_there(&context).await;
    let found = kinds(&context).await;
    assert!(found.contains(&"CSV") && found.contains(&"Lake table") && found.contains(&"Model group"), "{found:?}");
    assert!(plan(&context, Step::Load).await.unwrap().is_there());
    assert!(plan(&context, Step::Lake).await.unwrap().is_there(), "exploring has put the data in the lake");

    // Back before the data, and from there to the very end.
    reach(&context, Step::Explore).await.unwrap();
    assert!(!kinds(&context).await.iter().any(|kind| ["CSV", "Lake table", "Lake database"].contains(kind)));
    let told = reach(&context, Step::Cleanup).await.unwrap();
    assert_eq!(to_run(&told), [Step::Lake, Step::Load, Step::Pipeline, Step::Deploy, Step::RedshiftMl]);
    decoys_are_there(&context).await;
    // Before the first step is after a cleanup.
    reach(&context, Step::Foundation).await.unwrap();
    assert_eq!(steps::cleanup_plan(&context).await.unwrap(), []);
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_in_the_way_is_told_before_anything_is_changed() {
    let account = common::account().await;
    let settings = in_directory(&account);
    run(&account, &settings, &[Step::Foundation, Step::Lake, Step::Load]).await;
    let mut watched = Watched::of(&account, &settings);
    let context = watched.context.clone();
    let data = aws_sdk_redshiftdata::Client::new(&account.sdk_config());
    warehouse::succeed(&data, "CREATE TABLE dm.theirs (id INT)").await;
    let met = watched.dry(async |context| plan(context, Step::Load).await).await.unwrap_err();
    assert_eq!((met.kind, met.resource.as_deref()), (OpErrorKind::Precondition, Some("dm")));
    assert!(met.why.contains("theirs"), "{met}");
    assert!(kinds(&context).await.contains(&"Table"), "nothing was changed");

    // Of a later step, by its name, and of nobody.
    let unknown = VariantPlan { name: "a".into(), model: "nobodys".into(), instance: "ml.m5.large".into(), weight: 1.0, shadow: false };
    let package_role = format!("arn:aws:iam::{}:role/{}", local::ACCOUNT_ID, DemoRole::SageMaker.name(&context.scenario));
    run(&account, &settings, &[Step::Pipeline]).await;
    let package = models::show(&context, 1).await.unwrap().arn;
    context.gateways.endpoints.create_model("nobodys", &package, &package_role, &BTreeMap::new()).await.unwrap();
    context.gateways.endpoints.create_config("BankDM-staging-v9", &[unknown], &BTreeMap::new()).await.unwrap();
    let met = watched.dry(async |context| plan(context, Step::Deploy).await).await.unwrap_err();
    assert!(met.what.contains("will not remove the Endpoint config") && met.why.contains("BankDM-staging-v9"), "{met}");
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_is_not_as_it_should_be_afterwards_is_told_of() {
    let account = common::account().await;
    let settings = in_directory(&account);
    run(&account, &settings, &[Step::Foundation, Step::Lake, Step::Load, Step::Pipeline]).await;
    // Somebody makes the schema again, as soon as it is gone.
    let (mut context, _events) = account.context(&settings);
    let gone = Arc::new(AtomicBool::new(false));
    let config = common::answers::changed(&account.sdk_config(), move |operation, body| match operation {
        "DeleteModelPackage" => {
            gone.store(true, Ordering::SeqCst);
            body
        }
        "ListSchemas" if gone.load(Ordering::SeqCst) => {
            let mut said: Value = serde_json::from_str(&body).unwrap();
            said["Schemas"].as_array_mut().unwrap().push(json!("dm"));
            said.to_string()
        }
        _ => body,
    });
    context.gateways = common::gateways(&config);
    let differs = reach(&context, Step::Load).await.unwrap_err();
    assert_eq!(differs.kind, OpErrorKind::Failed);
    assert_eq!(differs.what, "the account is not as it is before step 4 `load`");
    assert_eq!(differs.why, "Schema `dm` is still there");
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_broken_off_goes_on_when_it_is_asked_for_again() {
    let account = common::account().await;
    let settings = in_directory(&account);
    run(&account, &settings, &ALL).await;
    account.cancelled_at_every_word(&settings, 60, async |context| reach(context, Step::Load).await).await;
    let (context, _events) = account.context(&settings);
    moment::verify(&context, Step::Load).await.unwrap();
    assert!(plan(&context, Step::Load).await.unwrap().is_there());
    account.close().await;
}

/// The embedded AWS of one machine, and another one that takes it for an account on AWS.
struct Served {
    serving: Child,
    address: String,
    machine: Machine,
    _home: Machine,
}

/// The key that both know.
const KEY: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKIAMOMENT"), ("AWS_SECRET_ACCESS_KEY", "the secret of the test")];

impl Served {
    fn start() -> Self {
        let home = Machine::new();
        let mut serving = home.command(&["serve", "--addr", "127.0.0.1:0"]).envs(KEY).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(serving.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line.strip_prefix("serving on ").and_then(|rest| rest.split_once(';')).unwrap().0.to_owned();
        Served { serving, address, machine: Machine::new(), _home: home }
    }

    /// `checkpoint prepare --at` on that account.
    fn prepare(&self, code: i32, arguments: &[&str]) -> Ended {
        let first = ["--target", "aws", "--region", common::REGION, "--set", "data.sample_rows=4000", "checkpoint", "prepare", "--at"];
        let all: Vec<&str> = first.into_iter().chain(arguments.iter().copied()).collect();
        let ended = finish(self.machine.command(&all).envs(KEY).env("AWS_ENDPOINT_URL", &self.address).spawn().unwrap());
        assert_eq!(ended.code, Some(code), "{arguments:?}: {}{}", ended.stdout, ended.stderr);
        ended
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // A test that has failed leaves no server behind.
        let _ = self.serving.kill();
        let _ = self.serving.wait();
    }
}

#[test]
fn the_command_tells_asks_does_and_looks_again() {
    let served = Served::start();
    let wrong = served.prepare(2, &["monday"]);
    assert!(wrong.stderr.contains("`monday` is none") && wrong.stderr.contains("before-pipeline"), "{}", wrong.stderr);

    let told = served.prepare(0, &["before-load", "--dry-run"]).stdout;
    assert!(told.starts_with("the account will be as it is before step 4 `load`\n1 Lay the foundation\n"), "{told}");
    assert!(told.contains("create  Workgroup") && told.ends_with("\nNothing was changed.\n"), "{told}");
    // Nothing is removed: nothing is asked.
    let events = json_lines(&served.prepare(0, &["before-load", "--json"]).stdout);
    let ended: Vec<(&str, &str)> = events
        .iter()
        .filter(|event| matches!(event["event"].as_str(), Some("succeeded" | "failed" | "skipped")))
        .map(|event| (event["step"].as_str().unwrap(), event["event"].as_str().unwrap()))
        .collect();
    assert_eq!(ended, [("foundation", "succeeded"), ("lake", "succeeded")]);
    let summary = events.last().unwrap();
    assert_eq!((&summary["event"], &summary["ok"]), (&json!("summary"), &json!(true)), "{summary}");
    let again = served.prepare(0, &["after-lake"]).stdout;
    assert_eq!(again, "the account is as it is before step 4 `load` already: nothing to remove, nothing to run\n");

    // What goes is confirmed.
    let refused = served.prepare(3, &["before-explore"]);
    assert!(
        refused.stderr.contains("has to be confirmed") && refused.stderr.contains("--at before-explore --dry-run"),
        "{}",
        refused.stderr
    );
    let told = served.prepare(0, &["before-explore", "--dry-run", "--json"]).stdout;
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&told["dry_run"], &told["exit_code"], told["asks"].as_array().unwrap().len()), (&json!(true), &json!(0), 1), "{told}");
    assert!(told["plan"]["removals"].as_array().unwrap().iter().any(|it| it["kind"] == "Lake database"), "{told}");
    let done = served.prepare(0, &["before-2", "--yes"]).stdout;
    assert!(
        done.contains("Lake database removed") && done.contains("read again: the account is as it is before step 2 `explore`"),
        "{done}"
    );
    served.prepare(0, &["before-2"]);
}

#[test]
fn on_the_embedded_aws_it_is_what_restoring_does() {
    let machine = Machine::new();
    let small = ["--set", "data.sample_rows=4000"];
    let all = |arguments: &[&'static str]| -> Vec<&'static str> { arguments.iter().copied().chain(small).collect() };
    let told = machine.done(&all(&["checkpoint", "prepare", "--at", "before-lake", "--dry-run"]));
    assert!(told.contains("before step 3 lake") && told.contains("would be prepared first"), "{told}");
    assert_eq!(machine.done(&all(&["checkpoint", "prepare", "--at", "before-lake"])), "the next step is 3 lake\n");
    let status: Value = serde_json::from_str(&machine.done(&all(&["status", "--json"]))).unwrap();
    assert_eq!((&status["steps"][0]["state"], &status["steps"][3]["state"]), (&json!("done"), &json!("pending")), "{status}");
    let summary = machine.events(&all(&["checkpoint", "prepare", "--at", "before-2", "--json"]));
    assert_eq!((summary.len(), &summary[0]["ok"]), (1, &json!(true)), "{summary:?}");
    let refused = machine.run(&["--target", "aws", "checkpoint", "prepare"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("--at before-pipeline"), "{}", refused.stderr);
}
