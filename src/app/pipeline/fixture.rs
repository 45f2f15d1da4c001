//! Executions, versions and endpoints for tests of the screen: every state that an execution can end in, and what is known of its steps.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::time::Duration;

use super::*;
use crate::app::tests::at;
use crate::demo::pipeline_definition::step as name;
use crate::ops::endpoints::{EndpointMetrics, PreviousVersion, Stage, VariantMetrics, VariantView};
use crate::ops::evaluation::{CalibrationBin, ChampionFigures, Evaluation, SegmentFigures};
use crate::ops::models::{ApprovalState, LineageKind, LineageNode};
use crate::ops::pipeline::findings::{Gate, GateCondition};
use crate::ops::pipeline::{
    Artifact, Branch, Change, DataQuality, DefinitionChange, ImportanceChange, LogLine, LogSource, MetricChange, ObjectSize, QualityCheck,
    Side,
};
use crate::ops::project::{ActionView, Commit, ProjectView, StageView};

const RUNS: &str = "arn:aws:sagemaker:us-east-1:000000000000:pipeline/bankdm-pipeline/execution";

/// Name, kind, sentence, what it waits for, seconds that it takes, what it says when it is done.
type Told = (&'static str, &'static str, &'static str, &'static [&'static str], i64, &'static str);

const STEPS: [Told; 8] = [
    (
        name::UNLOAD,
        "Lambda",
        "A model is trained on files and not on a warehouse: Redshift writes the table to S3 as gzip CSV.",
        &[],
        2,
        "41,188 rows unloaded",
    ),
    (
        name::QUALITY,
        "Processing",
        "A model is no better than its data: columns, ranges, unknown values, duplicates and drift are checked.",
        &[name::UNLOAD],
        3,
        "24 checks passed",
    ),
    (
        name::PREPROCESS,
        "Processing",
        "Trees need numbers: categories become columns, two features are added, and the rows are split.",
        &[name::UNLOAD],
        4,
        "59 features; 28,831 train, 8,238 validate, 4,119 test",
    ),
    (
        name::TRAIN,
        "Training",
        "The model itself: trees are boosted on the training rows, and the validation rows show when more of them stop helping.",
        &[name::QUALITY, name::PREPROCESS],
        8,
        "50 rounds, validation logloss 0.2871",
    ),
    (
        name::EVALUATE,
        "Processing",
        "Only rows that the model has never seen say how good it is.",
        &[name::PREPROCESS, name::TRAIN],
        3,
        "AUC 0.758, MSE 0.0886",
    ),
    (
        name::GATE,
        "Condition",
        "A model that is no better than guessing, or worse than the approved one, goes nowhere.",
        &[name::EVALUATE],
        0,
        "good enough",
    ),
    (
        name::REGISTER,
        "RegisterModel",
        "What passed gets a version, with everything that is needed to serve and to explain it.",
        &[name::GATE],
        1,
        "version 3",
    ),
    (
        name::REFUSED,
        "Fail",
        "What did not pass ends the execution with the reason.",
        &[name::GATE],
        0,
        "refused: AUC 0.641 is below the floor of 0.70",
    ),
];

/// How far an execution has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing has failed, and it is over.
    Succeeded,
    /// It is at a step.
    Running(usize),
    /// A step has failed.
    Failed(usize),
    /// It is being stopped at a step.
    Stopping(usize),
    /// It was stopped at a step.
    Stopped(usize),
    /// The gate has refused the model.
    Refused,
    /// Everything up to a step came from the cache, and it is at the next one.
    Cached(usize),
}

/// An execution that has come so far.
pub fn run(outcome: Outcome) -> PipelineRun {
    use RunState as R;
    let level = |index: usize| [0, 1, 1, 2, 3, 4, 5, 5][index];
    let (state, at_step) = match outcome {
        Outcome::Succeeded => (R::Succeeded, None),
        Outcome::Refused => (R::Failed, None),
        Outcome::Running(step) | Outcome::Cached(step) => (R::Running, Some(step)),
        Outcome::Failed(step) => (R::Failed, Some(step)),
        Outcome::Stopping(step) => (R::Stopping, Some(step)),
        Outcome::Stopped(step) => (R::Stopped, Some(step)),
    };
    let mut begin = -30;
    let mut steps = Vec::new();
    for (index, (name, kind, description, depends_on, seconds, message)) in STEPS.into_iter().enumerate() {
        let own = match (at_step, outcome) {
            (None, Outcome::Refused) if index == 6 => R::Skipped,
            (None, Outcome::Refused) if index == 7 => R::Failed,
            (None, _) if index == 7 => R::Skipped,
            (None, _) => R::Succeeded,
            (Some(now), _) if level(index) < level(now) => R::Succeeded,
            (Some(now), outcome) if index == now => match outcome {
                Outcome::Failed(_) => R::Failed,
                Outcome::Stopping(_) => R::Stopping,
                Outcome::Stopped(_) => R::Stopped,
                _ => R::Running,
            },
            // What stands beside it has ended before.
            (Some(now), _) if level(index) == level(now) && index < now => R::Succeeded,
            (Some(now), Outcome::Running(_) | Outcome::Cached(_)) if level(index) == level(now) => R::Running,
            (Some(_), _) if state.is_over() => R::Skipped,
            (Some(_), _) => R::Waiting,
        };
        let begun = !matches!(own, R::Waiting | R::Skipped);
        let cached = matches!(outcome, Outcome::Cached(now) if level(index) < level(now));
        let failure = match name {
            name::UNLOAD => "ERROR: relation \"dm.data\" does not exist",
            name::QUALITY => "3 of 24 checks failed: `pdays` has 12.4 % missing values (at most 5.0 %)",
            name::TRAIN => "AlgorithmError: the validation channel is empty",
            name::REFUSED => "refused: AUC 0.641 is below the floor of 0.70",
            _ => "the script ended with exit code 1",
        };
        let refused_gate = outcome == Outcome::Refused && name == name::GATE;
        steps.push(PipelineStep {
            name: name.into(),
            kind: kind.into(),
            description: description.into(),
            depends_on: depends_on.iter().map(|name| (*name).to_owned()).collect(),
            branch: (index > 5).then(|| Branch { condition: name::GATE.into(), taken_when: index == 6 }),
            state: own,
            started: begun.then(|| at(begin)),
            ended: (begun && own.is_over()).then(|| at(begin + if cached { 0 } else { seconds })),
            expected: (index < 7).then(|| Duration::from_millis(seconds.unsigned_abs() * 1000 + 400)),
            cached,
            doing: match own {
                R::Running if name == name::TRAIN => "boosting round 31 of 50".into(),
                R::Running if name == name::UNLOAD => "Redshift writes the table to S3".into(),
                R::Running => "its script is at work".into(),
                R::Stopping => "stopping".into(),
                _ => String::new(),
            },
            job: (begun && kind != "Condition")
                .then(|| format!("arn:aws:sagemaker:us-east-1:000000000000:job/bankdm-{}-x1y2", kind.to_lowercase())),
            message: match own {
                R::Failed => failure.into(),
                R::Succeeded if refused_gate => "not good enough".into(),
                R::Succeeded => message.into(),
                _ => String::new(),
            },
        });
        // What runs began so that the clock of the tests finds it at work.
        if begun && own.is_over() && index != 1 {
            begin += if cached { 0 } else { seconds };
        }
    }
    let failure = steps.iter().find(|step| step.state == R::Failed).map(|step| format!("{}: {}", step.name, step.message));
    PipelineRun {
        arn: format!("{RUNS}/x1y2z3"),
        name: "morning-demo".into(),
        state,
        started: at(-30),
        updated: at(-2),
        failure,
        parameters: vec![("TrainingInstanceType".into(), "ml.m5.xlarge".into()), ("ProcessingInstanceCount".into(), "1".into())],
        definition_digest: Some("9f2c1b7d3e5a".into()),
        steps,
    }
}

pub fn evaluation(auc: f64) -> Evaluation {
    let bin = |lower: f64, rows: u64, mean_score: f64, positive_rate: f64| CalibrationBin {
        lower,
        upper: lower + 0.1,
        rows,
        mean_score,
        positive_rate,
    };
    let segment = |column: &str, value: &str, rows: u64, rate: f64, auc: Option<f64>| SegmentFigures {
        column: column.into(),
        value: value.into(),
        rows,
        positive_rate: rate,
        mean_score: rate + 0.004,
        auc,
        precision: 0.61,
        recall: 0.22,
    };
    Evaluation {
        test_rows: 4_119,
        mse: 0.0886,
        base_rate_mse: 0.1,
        auc,
        log_loss: 0.2931,
        accuracy: 0.897,
        precision: 0.614,
        recall: 0.231,
        f1: 0.336,
        lift_top_decile: 4.31,
        error_deviation: 0.2975,
        threshold: 0.5,
        confusion: [3_588, 67, 357, 107],
        calibration: vec![
            bin(0.0, 2_941, 0.052, 0.049),
            bin(0.1, 642, 0.138, 0.131),
            bin(0.2, 183, 0.243, 0.262),
            bin(0.3, 111, 0.348, 0.36),
            bin(0.4, 68, 0.447, 0.412),
            bin(0.5, 66, 0.553, 0.576),
            bin(0.6, 58, 0.648, 0.69),
            bin(0.7, 40, 0.742, 0.7),
            bin(0.8, 10, 0.836, 0.9),
        ],
        segments: vec![
            segment("contact", "cellular", 2_612, 0.148, Some(0.764)),
            segment("contact", "telephone", 1_507, 0.053, Some(0.688)),
            segment("job", "student", 88, 0.31, Some(0.741)),
            segment("job", "unknown", 12, 0.083, None),
        ],
        champion: Some(ChampionFigures { version: 2, auc: 0.751, mse: 0.0891, auc_change: auc - 0.751 }),
    }
}

pub fn checks(broken: bool) -> DataQuality {
    let check = |name: &str, column: Option<&str>, ok: bool, found: &str, allowed: &str| QualityCheck {
        name: name.into(),
        column: column.map(Into::into),
        ok,
        found: found.into(),
        allowed: allowed.into(),
    };
    let mut checks = vec![
        check("rows", None, true, "41,188 rows", "at least 1,000"),
        check("columns", None, true, "20 columns and the target", "the 20 of the schema, and the target"),
        check("duplicates", None, true, "0.03 % of the rows", "at most 5.0 %"),
        check("target rate", None, true, "11.3 %", "5.0 % to 50.0 %"),
        check("range", Some("age"), true, "17 to 98", "16 to 110"),
        check("unseen", Some("job"), true, "no new value", "at most 1.0 % of the rows"),
    ];
    if broken {
        checks.push(check("missing", Some("pdays"), false, "12.4 % missing", "at most 5.0 %"));
        checks.push(check("drift", Some("month"), false, "0.41 from the approved model's data", "at most 0.25"));
        checks.push(check("range", Some("campaign"), false, "-3 to 56", "1 to 100"));
    }
    DataQuality { rows: 41_188, checks, baseline: "the data of version 2".into(), target_rate: Some(0.1127) }
}

pub fn gate(held: bool) -> Gate {
    let condition = |what: &str, left: f64, relation: &str, right: f64, holds: bool| GateCondition {
        what: what.into(),
        left: Some(left),
        relation: relation.into(),
        right: Some(right),
        holds,
    };
    Gate {
        conditions: vec![
            condition("MSE over that of guessing", 0.886, "<", 1.0, true),
            condition("AUC", if held { 0.758 } else { 0.641 }, "≥", 0.7, held),
            condition("AUC against the approved model", if held { 0.007 } else { -0.11 }, "≥", -0.02, held),
        ],
    }
}

/// Log lines of a training up to a round.
pub fn training_log(rounds: u32) -> Vec<LogLine> {
    let line = |index: u32, text: String| LogLine { at: at(-12 + i64::from(index) / 5), text };
    let mut lines = vec![line(0, "[INFO] XGBoost, 28831 rows with 59 features; 8238 rows validate".into())];
    lines.extend((0..rounds).map(|round| {
        let fall = |to: f64, speed: f64| to + (0.69 - to) * (-f64::from(round) * speed).exp();
        line(round, format!("[{round}]\ttrain-logloss:{:.5}\tvalidation-logloss:{:.5}", fall(0.24, 0.14), fall(0.287, 0.19)))
    }));
    lines
}

fn artifact(name: &str, folder: &str, objects: &[(&str, u64)]) -> Artifact {
    let bucket = "bankdm-000000000000-us-east-1";
    Artifact {
        name: name.into(),
        uri: format!("s3://{bucket}/{folder}"),
        objects: objects.iter().map(|(key, bytes)| ObjectSize { key: format!("{folder}/{key}"), bytes: *bytes }).collect(),
        bytes: objects.iter().map(|(_, bytes)| bytes).sum(),
    }
}

pub fn detail(kind: &str) -> StepDetail {
    let source = LogSource { group: "/aws/sagemaker/TrainingJobs".into(), stream_prefix: "x/".into(), from: None, until: None };
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let runs = "bankdm/runs/x1y2z3";
    let common = StepDetail {
        image: Some("683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1".into()),
        instance: Some("ml.m5.xlarge".into()),
        instances: 1,
        cost_usd: Some(0.000_51),
        log: Some(source),
        ..StepDetail::default()
    };
    match kind {
        "Training" => StepDetail {
            inputs: vec![
                artifact("train", &format!("{runs}/train"), &[("train.csv", 3_541_212)]),
                artifact("validation", &format!("{runs}/validation"), &[("validation.csv", 1_012_004)]),
            ],
            outputs: vec![artifact("model", &format!("{runs}/training"), &[("model.tar.gz", 41_233)])],
            parameters: vec![
                pair("objective", "binary:logistic"),
                pair("num_round", "50"),
                pair("max_depth", "6"),
                pair("eta", "0.3"),
                pair("subsample", "0.7"),
                pair("eval_metric", "logloss"),
            ],
            ..common
        },
        "Lambda" => StepDetail {
            outputs: vec![artifact(
                "folder",
                "bankdm/unload/9f2c",
                &[("data_0000_part_00.gz", 402_118), ("data_0001_part_00.gz", 401_873)],
            )],
            parameters: vec![pair("schema", "dm"), pair("table", "data"), pair("answer.rows", "41188")],
            log: common.log,
            ..StepDetail::default()
        },
        "Condition" | "RegisterModel" | "Fail" => StepDetail::default(),
        _ => StepDetail {
            inputs: vec![artifact("unload", "bankdm/unload/9f2c", &[("data_0000_part_00.gz", 402_118), ("data_0001_part_00.gz", 401_873)])],
            outputs: vec![artifact("schema", &format!("{runs}/schema"), &[("feature_schema.json", 12_044)])],
            parameters: vec![pair("seed", "1"), pair("train-share", "0.7")],
            image: Some("683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3".into()),
            ..common
        },
    }
}

/// The pane with an execution and with everything that is known of its steps.
pub fn state(outcome: Outcome) -> State {
    let run = run(outcome);
    let mut state = State { read: true, ..State::default() };
    let refused = outcome == Outcome::Refused;
    for step in &run.steps {
        if !matches!(step.state, RunState::Waiting | RunState::Skipped) {
            let mut view = StepView { detail: Some(detail(&step.kind)), ..StepView::default() };
            if step.kind == "Training" {
                view.log.lines = training_log(if under_way(step.state) { 31 } else { 50 }).into();
                view.read_curve();
            } else if step.kind == "Processing" {
                let line = |text: &str| LogLine { at: at(-20), text: text.into() };
                view.log.lines = vec![line("reading /opt/ml/processing/input/unload"), line("41188 rows"), line("written in 1.9 s")].into();
            }
            view.log.complete = step.state.is_over();
            view.detail_of = Some(step.state);
            view.finding_of = Some(step.state);
            view.finding = match matter(step) {
                Matter::Checks if step.state.is_over() => Some(Finding::Checks(checks(step.state == RunState::Failed))),
                Matter::Figures if step.state.is_over() => {
                    Some(Finding::Figures(Box::new(evaluation(if refused { 0.641 } else { 0.758 }))))
                }
                Matter::Gate if step.state.is_over() => Some(Finding::Gate(gate(!refused))),
                _ => None,
            };
            state.steps.insert(step.name.clone(), view);
        }
    }
    let interesting = run.steps.iter().position(|step| under_way(step.state) || matches!(step.state, RunState::Failed | RunState::Stopped));
    state.list.selected = interesting.unwrap_or(3);
    state.run = Some(run);
    state
}

pub fn runs() -> runs::State {
    let summary = |index: usize, outcome: Outcome, name: &str, auc: Option<f64>, version: Option<u32>| {
        let mut found = run(outcome);
        found.arn = format!("{RUNS}/{index}");
        found.name = name.into();
        found.started = at(-30 - 3_600 * 7 * index as i64);
        found.updated = found.started + chrono::Duration::seconds(21);
        found.steps = Vec::new();
        RunSummary { run: found, evaluation: auc.map(evaluation), registered: version, seconds: Some(20.5 + index as f64) }
    };
    let found = vec![
        summary(0, Outcome::Succeeded, "morning-demo", Some(0.758), Some(3)),
        summary(1, Outcome::Refused, "shallow-trees", Some(0.641), None),
        summary(2, Outcome::Failed(1), "new-rows", None, None),
        summary(3, Outcome::Stopped(3), "execution-1700000000", None, None),
        summary(4, Outcome::Succeeded, "first", Some(0.751), Some(2)),
    ];
    runs::State { found: Some(found), ..runs::State::default() }
}

pub fn comparison() -> RunComparison {
    let metric = |name: &str, a: f64, b: f64, better| MetricChange { name: name.into(), a: Some(a), b: Some(b), better };
    let change = |name: &str, a: &str, b: &str| Change { name: name.into(), a: Some(a.into()), b: Some(b.into()) };
    let feature = |feature: &str, a: f64, b: Option<f64>| ImportanceChange { feature: feature.into(), a: Some(a), b };
    RunComparison {
        metrics: vec![
            metric("AUC", 0.751, 0.758, Some(Side::B)),
            metric("MSE", 0.0891, 0.0886, Some(Side::B)),
            metric("log loss", 0.2944, 0.2931, Some(Side::B)),
            metric("precision", 0.622, 0.614, Some(Side::A)),
            metric("recall", 0.231, 0.231, None),
        ],
        settings: vec![
            change("max_depth", "4", "6"),
            change("num_round", "50", "50"),
            change("eta", "0.3", "0.3"),
            Change { name: "gamma".into(), a: None, b: Some("0".into()) },
        ],
        data: vec![change("rows", "41188", "41188"), change("target rate", "11.3 %", "11.3 %")],
        importance: vec![
            feature("pdays", 14.2, Some(16.9)),
            feature("no_previous_contact", 12.0, Some(9.4)),
            feature("contact_cellular", 6.1, Some(7.7)),
            feature("month_may", 3.3, None),
        ],
    }
}

pub fn models() -> models::State {
    let version = |version: u32, approval, auc: f64, reason: Option<&str>, deployed: &[&str]| ModelVersion {
        arn: format!("arn:aws:sagemaker:us-east-1:000000000000:model-package/bankdm-group/{version}"),
        version,
        approval,
        reason: reason.map(Into::into),
        status: "Completed".into(),
        created: Some(at(-86_400 * i64::from(4 - version))),
        evaluation: Some(evaluation(auc)),
        artifact: String::new(),
        objective: "binary:logistic".into(),
        execution: Some("x1y2z3".into()),
        deployed: deployed.iter().map(|name| (*name).to_owned()).collect(),
    };
    let found = vec![
        version(3, ApprovalState::PendingManualApproval, 0.758, None, &[]),
        version(2, ApprovalState::Approved, 0.751, Some("better than version 1 on telephone contacts"), &["BankDM-staging", "BankDM-prod"]),
        version(1, ApprovalState::Rejected, 0.702, Some("trained on the sample, not on the bank's data"), &[]),
    ];
    let node = |kind, name: &str, detail: &[(&str, &str)]| LineageNode {
        kind,
        name: name.into(),
        detail: detail.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        at: Some(at(-3600)),
    };
    let nodes = vec![
        node(LineageKind::Data, "dm.data", &[("rows", "41,188"), ("database", "bankdm")]),
        node(LineageKind::Unload, "bankdm/unload/9f2c", &[("objects", "2"), ("bytes", "804.0 kB")]),
        node(LineageKind::Processing, "bankdm-preprocess-x1y2", &[("features", "59")]),
        node(LineageKind::Training, "bankdm-train-x1y2", &[("rounds", "50"), ("instance", "ml.m5.xlarge")]),
        node(LineageKind::Model, "model.tar.gz", &[("bytes", "41.2 kB")]),
        node(LineageKind::Package, "bankdm-group/2", &[("approval", "Approved")]),
        node(LineageKind::Endpoint, "BankDM-staging", &[("status", "InService")]),
        node(LineageKind::Endpoint, "BankDM-prod", &[("status", "InService")]),
    ];
    let lineages = [(2, Ok(Lineage { version: 2, nodes }))].into();
    models::State { found: Some(found), list: ListState { selected: 1 }, lineages, ..models::State::default() }
}

pub fn endpoints() -> endpoints::State {
    let variant = |name: &str, version: u32, share: f64, wanted_share: f64, shadow: bool| VariantView {
        name: name.into(),
        version: Some(version),
        share,
        wanted_share,
        shadow,
        instance: "ml.m5.large".into(),
        instances: 1,
    };
    let metric = |variant: &str, invocations: u64, errors: u64| VariantMetrics {
        variant: variant.into(),
        invocations,
        errors,
        p50_ms: Some(0.42),
        p90_ms: Some(1.7),
        p99_ms: Some(12.3),
    };
    let staging = EndpointView {
        name: "BankDM-staging".into(),
        stage: Stage::Staging,
        status: "Updating".into(),
        failure: None,
        created: Some(at(-7200)),
        updated: Some(at(-5)),
        config: "BankDM-staging-3".into(),
        variants: vec![variant("AllTraffic", 3, 1.0, 1.0, false)],
        previous: Some(PreviousVersion { version: 2, config: "BankDM-staging-2".into() }),
        metrics: Some(EndpointMetrics { window_minutes: 15, invocations: 0, errors: 0, per_variant: vec![] }),
    };
    let production = EndpointView {
        name: "BankDM-prod".into(),
        stage: Stage::Production,
        status: "InService".into(),
        variants: vec![
            variant("version-2", 2, 0.7, 0.7, false),
            variant("version-3", 3, 0.3, 0.3, false),
            variant("shadow-1", 1, 1.0, 1.0, true),
        ],
        metrics: Some(EndpointMetrics {
            window_minutes: 15,
            invocations: 1_204,
            errors: 2,
            per_variant: vec![metric("version-2", 851, 2), metric("version-3", 353, 0), metric("shadow-1", 1_204, 0)],
        }),
        ..staging.clone()
    };
    let test = SmokeTest { rows: 24, agreeing: 22, ok: true, seconds: 0.31, reason: None };
    endpoints::State {
        found: Some(vec![staging, production]),
        list: ListState { selected: 1 },
        smoke: Some(("BankDM-prod".into(), test)),
        ..endpoints::State::default()
    }
}

pub fn definition() -> definition::State {
    let change = |path: &str, deployed: Option<&str>, local: Option<&str>| DefinitionChange {
        path: path.into(),
        deployed: deployed.map(Into::into),
        local: local.map(Into::into),
    };
    let found = DefinitionState {
        local_digest: "9f2c1b7d3e5a44f0aa12".into(),
        deployed_digest: Some("1c0ffee0badc0de00000".into()),
        changes: vec![
            change("Steps[Step-Train].Arguments.HyperParameters.max_depth", Some("\"4\""), Some("\"6\"")),
            change("Steps[Step-DataQuality]", None, Some("{\"Name\":\"Step-DataQuality\",\"Type\":\"Processing\"}")),
            change("Parameters[Legacy]", Some("{\"Name\":\"Legacy\"}"), None),
        ],
    };
    definition::State { found: Some(found), ..definition::State::default() }
}

pub fn project(waiting: bool) -> project::State {
    let action = |name: &str, status: &str, summary: &str, approval: Option<&str>| ActionView {
        name: name.into(),
        status: status.into(),
        summary: summary.into(),
        at: Some(at(-60)),
        approval: approval.map(Into::into),
    };
    let stage = |name: &str, status: &str, action: ActionView| StageView {
        name: name.into(),
        status: status.into(),
        execution: Some("e1".into()),
        actions: vec![action],
    };
    let (third, fourth) = if waiting { ("Succeeded", "InProgress") } else { ("InProgress", "Waiting") };
    let view = ProjectView {
        repository: "sagemaker-bankdm-modelbuild".into(),
        branch: "main".into(),
        head: Some(Commit {
            id: "4f1d2c3b9a8877665544332211".into(),
            message: "Deeper trees".into(),
            author: "presenter".into(),
            at: Some(at(-90)),
        }),
        pipeline: "sagemaker-bankdm-modelbuild".into(),
        execution: Some("e1".into()),
        stages: vec![
            stage("Source", "Succeeded", action("ModelBuildWorkflowCode", "Succeeded", "Deeper trees", None)),
            stage(
                "Build",
                "Succeeded",
                action("BuildAndStart", "Succeeded", "definition 9f2c1b7d upserted, execution x1y2z3 started", None),
            ),
            stage("Pipeline", third, action("RunPipeline", third, "execution x1y2z3: training", None)),
            stage("Approve", fourth, action("ApproveModel", fourth, "", waiting.then_some("token-1"))),
        ],
    };
    project::State { found: Some(Some(view)), ..project::State::default() }
}
