//! What tests of the screen share: a model at a fixed time, with and without a finished demonstration.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::time::Duration;

use chrono::{DateTime, FixedOffset, Utc};
use serde_json::{Map, Value, json};

use super::model::Link;
use super::msg::Identity;
use super::sql::LibraryEntry;
use super::walkthrough::Status;
use super::{Effect, Model, Msg, predict, sql, update};
use crate::aws::activity::ApiCall;
use crate::config::Settings;
use crate::config::settings::*;
use crate::demo::event::{Event, EventKind};
use crate::demo::explanation::{Change, Contribution, Explanation, Flip};
use crate::demo::feature_schema::{CategoryValue, Column, ColumnKind, FeatureSchema, Row, Target};
use crate::demo::resource::{ResourceState, ResourceStatus};
use crate::demo::step::Step;
use crate::ops::explain::Reasons;
use crate::ops::predict::{DeployedModel, Prediction, Sample};
use crate::ops::query::{Cell, Page, QueryColumn, QueryEngine, QueryResult};
use crate::ops::{OpError, OpErrorKind};

pub fn settings() -> Settings {
    Settings {
        demo: Demo { name: "BankDM".into(), owner: String::new() },
        aws: Aws {
            target: TargetKind::Local,
            region: "us-east-1".into(),
            profile: String::new(),
            bucket: String::new(),
            production: Vec::new(),
            confirmed: String::new(),
        },
        data: Data { source: "sample".into(), schema: String::new(), sample_rows: 41_188, sample_seed: 1 },
        names: Names::default(),
        warehouse: Warehouse {
            kind: WarehouseKind::Serverless,
            existing: false,
            base_capacity: 4,
            node_type: "ra3.large".into(),
            nodes: 1,
            subnet_ids: vec![],
        },
        lake: Lake { workgroup: "primary".into() },
        mlops: Mlops {
            objective: Objective::BinaryLogistic,
            num_round: 50,
            max_depth: 6,
            eta: 0.3,
            gamma: 0.0,
            min_child_weight: 1.0,
            subsample: 0.7,
            seed: 1,
            train_share: 0.7,
            validation_share: 0.2,
            auc_floor: 0.7,
            auc_margin: 0.01,
            threshold: 0.5,
            segments: vec!["job".into()],
            cache: true,
            cache_days: 30,
            approval: Approval::Approved,
            processing_instance: "ml.m5.xlarge".into(),
            processing_instances: 1,
            training_instance: "ml.m5.xlarge".into(),
            endpoint_instance: "ml.m5.large".into(),
            quality: Quality {
                min_rows: 50,
                max_missing: 0.05,
                max_unseen: 0.01,
                max_absent: 0.02,
                max_outside: 0.01,
                max_duplicates: 0.01,
                min_target_rate: 0.02,
                max_target_rate: 0.5,
                max_drift: 0.25,
            },
        },
        project: Project::default(),
        stacks: Stacks::default(),
        redshift_ml: RedshiftMl { mode: MlMode::Auto, max_runtime: 5400 },
        sql: Sql {
            editor: EditorKeys::Standard,
            guard: Guard::Aws,
            ceiling_bytes: 0,
            ceiling_usd: 0.0,
            over_ceiling: OverCeiling::Ask,
            session_minutes: 60,
            queries_dir: String::new(),
        },
        local: Local { pace: None, state_dir: None },
        stage: Stage { minutes: 0, fallback: String::new() },
        recording: Recording { file: String::new() },
        replay: Replay { file: String::new(), pace: "auto".into(), from: "auto".into() },
        screen: Screen { theme: "dark".into(), size: Size::Normal, images: "off".into(), mouse: true, motion: true, mask: Mask::Auto },
        costs: Costs { budget_usd: 0.0, over_budget: OverBudget::Warn },
        data_set: crate::demo::dataset::DataSet::bank(),
    }
}

pub fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
}

/// Before anything is known.
pub fn model() -> Model {
    Model::new(&settings(), at(0), FixedOffset::east_opt(3600).unwrap(), (160, 45))
}

pub fn failure(what: &str, why: &str, fix: Option<&str>) -> OpError {
    OpError { kind: OpErrorKind::Failed, resource: None, what: what.into(), why: why.into(), fix: fix.map(Into::into) }
}

pub fn identity() -> Identity {
    let entry = |title: &str, engine, text: &str| LibraryEntry { title: title.into(), engine, text: text.into() };
    Identity {
        kind: TargetKind::Local,
        alias: None,
        private: vec!["123456789012".into(), "ana.garcia".into()],
        account: "000000000000".into(),
        outlives: false,
        scenario: settings().scenario("000000000000"),
        recording: None,
        somebodys: false,
        library: vec![
            entry("05 Ten rows of the lake", QueryEngine::Athena, "-- Ten rows of the lake\nSELECT * FROM bankdm.bankdm_glue LIMIT 10;"),
            entry(
                "24 Target rate by month",
                QueryEngine::Redshift,
                "-- Target rate by month\nSELECT month, count(*) FROM dm.data GROUP BY 1;",
            ),
        ],
    }
}

/// A result without columns and rows.
pub fn empty_result() -> QueryResult {
    QueryResult {
        id: "1".into(),
        engine: QueryEngine::Redshift,
        columns: Vec::new(),
        page: Page { rows: Vec::new(), next: None },
        total_rows: None,
        duration: Duration::from_millis(12),
        scanned_bytes: None,
        result_bytes: None,
    }
}

/// With an account that is open and empty.
pub fn open_model() -> Model {
    let mut model = model();
    update(&mut model, Msg::Connected(Box::new(identity())));

    for view in &mut model.walkthrough.steps {
        view.status = Status::Pending;
    }
    model
}

fn resource(
    kind: &'static str,
    name: &str,
    purpose: &'static str,
    step: Step,
    needs: &[&str],
    state: ResourceState,
    detail: &str,
) -> ResourceStatus {
    ResourceStatus {
        id: format!("{kind}/{name}"),
        kind,
        name: name.into(),
        purpose,
        step,
        depends_on: needs.iter().map(|need| (*need).to_owned()).collect(),
        state,
        detail: detail.into(),
    }
}

pub fn schema() -> FeatureSchema {
    let number = |name: &str, min: f64, max: f64, dropped| Column {
        name: name.into(),
        dropped,
        kind: ColumnKind::Number { integer: true, min, max, mean: 40.0, quantiles: vec![min; 11] },
    };
    let category = |name: &str, values: &[(&str, u64)]| Column {
        name: name.into(),
        dropped: false,
        kind: ColumnKind::Category {
            values: values.iter().map(|(value, count)| CategoryValue { value: (*value).into(), count: *count }).collect(),
        },
    };
    FeatureSchema {
        version: 1,
        target: Target { name: "y".into(), positive: "yes".into(), negative: "no".into() },
        columns: vec![
            number("age", 17.0, 98.0, false),
            category("job", &[("admin.", 10_422), ("blue-collar", 9_254), ("student", 875)]),
            category("marital", &[("divorced", 4_612), ("married", 24_928), ("single", 11_568)]),
            category("contact", &[("cellular", 26_144), ("telephone", 15_044)]),
            category("month", &[("mar", 546), ("may", 13_769)]),
            number("duration", 0.0, 4918.0, true),
            number("campaign", 1.0, 56.0, false),
        ],
        derived: vec![],
        features: vec![],
    }
}

/// Why the customer of [`full_model`] is answered so.
fn reasons() -> Reasons {
    let contribution = |column: &str, value: &str, margin| Contribution { column: column.into(), value: value.into(), margin };
    let change = |column: &str, from: &str, to: &str| Change { column: column.into(), from: from.into(), to: to.into() };
    let contributions = vec![
        contribution("month", "mar", 1.62),
        contribution("job", "student", 0.71),
        contribution("contact", "cellular", 0.44),
        contribution("marital", "single", 0.12),
        contribution("campaign", "2", -0.09),
        contribution("age", "41", -0.063),
    ];
    Reasons {
        explanation: Explanation { score: 0.6312, margin: 0.537, base_margin: -2.2, base_score: 0.0998, contributions },
        flips: vec![
            Flip { changes: vec![change("contact", "cellular", "telephone")], score: 0.471, distance: 0.64 },
            Flip { changes: vec![change("month", "mar", "may")], score: 0.118, distance: 0.67 },
        ],
    }
}

/// With a finished demonstration: every pane has something to show.
pub fn full_model() -> Model {
    let mut model = open_model();
    let sentences = [
        "Bucket, 3 roles, warehouse, secret and function are there",
        "41,188 customers, 11.3 % said yes",
        "41,188 rows in bankdm.bankdm_glue",
        "41,188 rows in dm.data, the same as in the file",
        "AUC 0.758, registered as version 1",
        "BankDM-staging answers",
        "24 customers asked, 22 answers right",
        "dm01 is ready, accuracy 0.914",
    ];
    for (view, sentence) in model.walkthrough.steps.iter_mut().zip(sentences) {
        view.status = Status::Done { message: sentence.into(), seconds: Some(1.25 * view.step.number() as f64), changed: Some(true) };
    }
    model.walkthrough.metrics = match json!({"rows": 41188, "train_rows": 28831, "features": 59, "mse": 0.0886, "auc": 0.758, "base_rate_mse": 0.1})
    {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    model.walkthrough.steps[0].events.push(Event {
        ts: at(0),
        step: Step::Foundation,
        event: EventKind::Progress,
        resource: Some("BankDM-RedShift".into()),
        message: "created".into(),
        seconds: 0.4,
        detail: Map::new(),
    });
    use ResourceState::{Creating, Failed, Missing, Ready};
    model.resources.rows = vec![
        resource(
            "S3 bucket",
            "bankdm-000000000000-us-east-1",
            "Holds every file of the demonstration",
            Step::Foundation,
            &[],
            Ready,
            "public access blocked",
        ),
        resource(
            "IAM role",
            "BankDM-RedShift",
            "Lets the warehouse read the lake",
            Step::Foundation,
            &["S3 bucket/bankdm"],
            Ready,
            "1 policy",
        ),
        resource("Workgroup", "bankdm", "Answers the queries", Step::Foundation, &["IAM role/BankDM-RedShift"], Ready, "4 RPU"),
        resource(
            "Endpoint",
            "BankDM-staging",
            "Answers for one customer in milliseconds",
            Step::Deploy,
            &["Model/BankDM-1"],
            Creating,
            "Creating",
        ),
        resource("Endpoint", "BankDM-prod", "The endpoint that customers use", Step::Deploy, &[], Missing, ""),
        resource(
            "Redshift ML model",
            "dm01",
            "Predicts inside of the warehouse",
            Step::RedshiftMl,
            &["Workgroup/bankdm"],
            Failed,
            "TRAINING failed",
        ),
    ];
    model.pipeline = super::pipeline::fixture::state(super::pipeline::fixture::Outcome::Succeeded);
    model.predict.find.abandon();
    let mut deployed = DeployedModel::detached("BankDM-staging", schema(), 0.5);
    deployed.version = Some(1);
    let find = match &model.predict.look()[..] {
        [Effect::FindModel { ticket }] => *ticket,
        other => panic!("{other:?}"),
    };
    let draw = match &model.predict.update(predict::Msg::Found(find, Box::new(Ok(deployed))))[..] {
        [Effect::DrawSamples { ticket, .. }, Effect::GatherEvidence { .. }] => *ticket,
        other => panic!("{other:?}"),
    };
    let row: Row = [
        ("age", json!(41)),
        ("job", json!("student")),
        ("marital", json!("single")),
        ("contact", json!("cellular")),
        ("month", json!("mar")),
        ("duration", json!(210)),
        ("campaign", json!(2)),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    let ask =
        match &model.predict.update(predict::Msg::Drawn(draw, Ok(vec![Sample { row, actual: Some("yes".into()), seen: Some(false) }])))[..]
        {
            [Effect::Predict { ticket, .. }] => *ticket,
            other => panic!("{other:?}"),
        };
    let answer = Prediction { score: 0.6312, decision: "yes".into(), latency: Duration::from_millis(4) };
    model.predict.update(predict::Msg::Answered(ask, Ok(answer)));
    model.predict.beside.evidence = Some(predict::beside::tests::evidence());
    model.predict.beside.reasons = Some(reasons());
    model
        .sql
        .tab_mut()
        .paste("-- Who says yes?\nSELECT month, count(*) AS customers, avg(age)\nFROM dm.data\nWHERE job = 'student'\nGROUP BY 1;");
    let column = |name: &str, type_name: &str, numeric| QueryColumn { name: name.into(), type_name: type_name.into(), numeric };
    let rows = [("may", Some(13_769), "39.93"), ("jul", Some(7_174), "40.23"), ("unknown", None, ""), ("日本語", Some(-5), "x\ny")]
        .into_iter()
        .map(|(month, count, text)| {
            vec![Cell::Text(month.into()), count.map_or(Cell::Null, Cell::Integer), Cell::Text(text.into()), Cell::Boolean(true)]
        })
        .collect();
    model.sql.tab_mut().results.show(sql::ResultSet::new(
        sql::RunId(1000),
        QueryResult {
            id: "1".into(),
            engine: QueryEngine::Redshift,
            columns: vec![
                column("month", "varchar", false),
                column("customers", "int8", true),
                column("avg", "numeric", true),
                column("ok", "bool", false),
            ],
            page: Page { rows, next: Some("2".into()) },
            total_rows: Some(41_188),
            duration: Duration::from_millis(12),
            scanned_bytes: Some(4_834_728),
            result_bytes: None,
        },
        "SELECT 1".into(),
        0.2,
    ));
    model.explore.set_source(Some(QueryEngine::Redshift));
    super::explore::fixture::serve(&mut model.explore);
    // The months.
    model.explore.select(8);
    super::explore::fixture::serve(&mut model.explore);
    let call = |operation: &str, error: Option<&str>| ApiCall {
        at: at(-3),
        service: "Redshift Data".into(),
        operation: operation.into(),
        duration: Duration::from_millis(12),
        error: error.map(Into::into),
        reached: true,
        from: None,
    };
    model.activity.update(super::activity::Msg::Calls(vec![
        call("ExecuteStatement", None),
        call("GetStatementResult", Some("ResourceNotFoundException")),
        call("DescribeStatement", None),
    ]));
    model.link = Link::Open(Box::new(identity()));
    model
}
