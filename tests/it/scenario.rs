//! Another data set, by configuration alone: a description and a file, and everything follows it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use shiftdeck::config::Settings;
use shiftdeck::config::load::{Sources, load};
use shiftdeck::demo::feature_schema::ColumnKind;
use shiftdeck::demo::step::Step;
use shiftdeck::ops::exploration::{Found, Subject};
use shiftdeck::ops::query::{QueryEngine, QueryRequest};
use shiftdeck::ops::steps::StepOutcome;
use shiftdeck::ops::{Context, OpErrorKind, explain, exploration, predict, query, steps};

use crate::common;
use crate::program::Machine;

const ROWS: u64 = 600;

/// Machines and whether they failed: other names, other types, another target.
const SCHEMA: &str = r#"
name = "machine-failures"
title = "Machine failures"
unknown = "unknown"
segments = ["site"]

[words]
row = "machine"
positive = "failed"
negative = "ran on"

[target]
name = "failed"
positive = 1
negative = 0

[[column]]
name = "serial"
type = "text"
kept_out = "it names the machine"

[[column]]
name = "age_months"
type = "integer"
range = [0, 600]
sum = true

[[column]]
name = "temperature"
header = "Air temperature [K]"
type = "decimal(6,2)"
range = [200, 400]

[[column]]
name = "vibration"
type = "decimal(9,5)"

[[column]]
name = "load_share"
type = "decimal(5,2)"
range = [0, 100]

# A reserved word in every dialect.
[[column]]
name = "group"
type = "text"

[[column]]
name = "site"
type = "text"

[[column]]
name = "shift"
type = "text"

[[derived]]
name = "at_sea"
column = "site"
one_of = ["rig"]

[[sql_flag]]
name = "night"
column = "shift"
one_of = ["night"]
"#;

/// A made-up file: the hot, the shaken and those at sea fail. Gives how many failed, and the sums of age (whole) and vibration (in 1/100000).
fn machines() -> (String, u64, u64, u64) {
    let mut text = "serial,Age.Months,Air temperature [K],vibration,load_share,group,site,shift,failed\n".to_owned();
    let mut state = 11_u64;
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let (mut failures, mut ages, mut shaken) = (0, 0, 0);
    for row in 0..ROWS {
        let (age, heat, vibration, load) = (random(240), random(4000), random(300_000), random(10_001));
        let (group, site, shift) = (
            ["a", "b's", "unknown"][random(3) as usize],
            ["rig", "quay", "yard"][random(3) as usize],
            ["day", "night"][random(2) as usize],
        );
        let danger = heat + vibration / 60 + if site == "rig" { 3000 } else { 0 } + random(1500);
        let failed = u64::from(danger > 8200);
        failures += failed;
        ages += age;
        shaken += vibration;
        writeln!(
            text,
            "M{row:04},{age},{}.{:02},{}.{:05},{}.{:02},{group},{site},{shift},{failed}",
            280 + heat / 100,
            heat % 100,
            vibration / 100_000,
            vibration % 100_000,
            load / 100,
            load % 100,
        )
        .unwrap();
    }
    (text, failures, ages, shaken)
}

/// The settings as a person makes them: two keys.
fn settings(folder: &Path, csv: &str) -> Settings {
    let (schema, file) = (folder.join("machines.toml"), folder.join("machines.csv"));
    std::fs::write(&schema, SCHEMA).unwrap();
    std::fs::write(&file, csv).unwrap();
    let set = |key: &str, path: &Path| (format!("--set {key}"), key.to_owned(), path.display().to_string());
    load(&Sources { flags: vec![set("data.schema", &schema), set("data.source", &file)], ..Sources::default() }).unwrap().settings
}

async fn run(context: &Context, step: Step) -> StepOutcome {
    steps::run(context, step).await.unwrap_or_else(|error| panic!("{step}: {error} ({:?})", error.fix))
}

fn figure(outcome: &StepOutcome, name: &str) -> f64 {
    outcome.detail.get(name).and_then(Value::as_f64).unwrap_or_else(|| panic!("no figure {name} in {:?}", outcome.detail))
}

async fn answer(context: &Context, engine: QueryEngine, sql: &str) -> String {
    let request = QueryRequest { engine, sql: sql.to_owned(), parameters: vec![], page_size: 10 };
    let result = query::run(context, request, &mut |_| {}).await.unwrap();
    result.page.rows[0].iter().map(|cell| cell.text()).collect::<Vec<_>>().join("|")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nine_steps_follow_a_description_of_other_data() {
    let account = common::account().await;
    let (csv, failures, ages, shaken) = machines();
    let settings = settings(account.directory.path(), &csv);
    let context = account.context(&settings).0;

    run(&context, Step::Foundation).await;
    let explored = run(&context, Step::Explore).await;
    assert!(explored.message.starts_with("600 machines explored: ") && explored.message.contains(" failed, "), "{}", explored.message);
    let findings = explored.detail["findings"].to_string();
    assert!(findings.contains("Machines with `site` = `rig` failed most often"), "{findings}");
    assert!(!findings.contains("pdays") && explored.detail["ages"] == json!([]), "nothing of the bank is told");

    // Lake and warehouse have what the file has, to the last decimal.
    let lake = run(&context, Step::Lake).await;
    assert_eq!((figure(&lake, "rows"), figure(&lake, "yes")), (600.0, failures as f64));
    let sums = lake.detail["sums"].as_array().unwrap();
    assert_eq!(sums[0], json!(ages.to_string()));
    assert_eq!(sums[2], json!(format!("{}.{:05}", shaken / 100_000, shaken % 100_000)));
    assert_eq!(sums.len(), 4, "three decimals and the integer that asks for it");
    let load = run(&context, Step::Load).await;
    assert_eq!((figure(&load, "rows"), figure(&load, "yes")), (600.0, failures as f64));
    let counted = format!("600|{ages}|{}", sums[2].as_str().unwrap());
    let sql = "SELECT count(*), sum(age_months), sum(vibration) FROM";
    assert_eq!(answer(&context, QueryEngine::Redshift, &format!("{sql} dm.data")).await, counted);
    assert_eq!(answer(&context, QueryEngine::Athena, &format!("{sql} bankdm.bankdm_glue")).await, counted);

    // The model's schema is the description's.
    let trained = run(&context, Step::Pipeline).await;
    assert!(figure(&trained, "auc") > 0.8, "{:?}", trained.detail);
    run(&context, Step::Deploy).await;
    let model = predict::deployed(&context).await.unwrap();
    let schema = &model.schema;
    let columns: Vec<(&str, bool, bool)> = schema
        .columns
        .iter()
        .map(|column| (column.name.as_str(), column.dropped, matches!(column.kind, ColumnKind::Number { .. })))
        .collect();
    let expected = [
        ("serial", true, false),
        ("age_months", false, true),
        ("temperature", false, true),
        ("vibration", false, true),
        ("load_share", false, true),
        ("group", false, false),
        ("site", false, false),
        ("shift", false, false),
    ];
    assert_eq!(columns, expected);
    assert_eq!((schema.target.name.as_str(), schema.target.positive.as_str(), schema.target.negative.as_str()), ("failed", "1", "0"));
    let features = "age_months temperature vibration load_share at_sea group_a group_b's group_unknown site_quay site_rig site_yard shift_day shift_night";
    assert_eq!(schema.features.join(" "), features);
    assert_eq!(figure(&trained, "features"), 13.0);

    // The endpoint answers a row that somebody typed.
    let row = |temperature: &str, site: &str| {
        predict::typed_row(
            &model,
            [
                ("serial", "X1"),
                ("age_months", "12"),
                ("temperature", temperature),
                ("vibration", "2.9"),
                ("load_share", "50.5"),
                ("group", "a"),
                ("site", site),
                ("Shift", "day"),
                ("failed", "1"),
            ],
        )
    };
    let answers = predict::predict(&context, &model, &[row("319.5", "rig"), row("281", "quay")]).await.unwrap();
    assert_eq!((answers[0].decision.as_str(), answers[1].decision.as_str()), ("1", "0"), "{answers:?}");
    let shown = run(&context, Step::Predict).await;
    assert!(!shown.message.contains("customer"), "{}", shown.message);

    // Why: what the columns contribute adds up to the margin.
    let explained = explain::open(&context, &model).await.unwrap();
    let test = explained.test_set(&context).await.unwrap();
    assert_eq!(test.samples.len() as u64, ROWS / 10);
    for sample in &test.samples {
        let explanation = explained.explainer.explain(&sample.row).unwrap();
        let sum = explanation.base_margin + explanation.contributions.iter().map(|one| one.margin).sum::<f64>();
        assert!((sum - explanation.margin).abs() < 1e-4, "{sum} instead of {}", explanation.margin);
        assert_eq!(explanation.contributions.len(), 7, "one for each column that the vector has");
    }

    // Both engines draw its columns against its target.
    for engine in [QueryEngine::Redshift, QueryEngine::Athena] {
        let table = exploration::table(&context, engine).await.unwrap();
        assert_eq!((table.target.as_str(), table.positive.as_str(), table.columns.len()), ("failed", "1", 8));
        for (column, bars) in [("site", 3), ("group", 3), ("temperature", 2)] {
            let found = exploration::find(&context, &table, &Subject::Column(column.into())).await.unwrap();
            let Found::Picture(picture) = found else { panic!() };
            assert_eq!((picture.rows, picture.yes), (ROWS, failures), "{engine:?} {column}");
            assert!(picture.bars.len() >= bars && (picture.base_rate - failures as f64 / 600.0).abs() < 1e-9);
            let rig = picture.bars.iter().find(|bar| bar.label == "rig");
            assert!(column != "site" || rig.unwrap().rate > picture.base_rate * 1.5, "{picture:?}");
        }
        let found = exploration::find(&context, &table, &Subject::Correlations).await.unwrap();
        assert!(matches!(found, Found::Correlations(_)));
        let found = exploration::find(&context, &table, &Subject::Findings).await.unwrap();
        assert!(matches!(found, Found::Findings(findings) if findings.findings.len() >= 4 && findings.yes == failures));
        let order = exploration::find(&context, &table, &Subject::Order).await.unwrap_err();
        assert!(order.why.contains("Machine failures") && order.kind == OpErrorKind::Usage, "{order}");
    }

    // The model in SQL, found by itself and with settings chosen by hand.
    let sql = run(&context, Step::RedshiftMl).await;
    assert_eq!(figure(&sql, "rows"), 600.0);
    assert!(figure(&sql, "redshift_ml_accuracy") > figure(&sql, "always_no"), "{:?}", sql.detail);
    assert!(sql.message.contains("600 machines; always answering 0"), "{}", sql.message);
    let mut by_hand = settings.clone();
    by_hand.redshift_ml.mode = shiftdeck::config::settings::MlMode::Xgboost;
    let sql = run(&account.context(&by_hand).0, Step::RedshiftMl).await;
    assert!(figure(&sql, "redshift_ml_accuracy") > figure(&sql, "always_no"), "{:?}", sql.detail);

    // Twice is once.
    for step in [Step::Lake, Step::Load, Step::Pipeline, Step::Deploy] {
        assert!(!run(&context, step).await.changed, "{step}");
    }
    // The stories of the bank step aside.
    let arrivals = shiftdeck::ops::retrain::Arrivals { rows: 500, seed: 1 };
    let refused = shiftdeck::ops::retrain::retrain(&context, arrivals, &mut |_| {}).await.unwrap_err();
    assert!(refused.why.contains("made for the Bank Marketing data"), "{refused}");
    run(&context, Step::Cleanup).await;
    assert_eq!(steps::cleanup_plan(&context).await.unwrap(), []);
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_data_take_the_place_of_those_before() {
    let account = common::account().await;
    let mut bank = load(&Sources::default()).unwrap().settings;
    bank.data.sample_rows = 1000;
    let (csv, failures, ..) = machines();
    let machines = settings(account.directory.path(), &csv);
    let (bank, machines) = (account.context(&bank).0, account.context(&machines).0);
    for step in [Step::Foundation, Step::Lake, Step::Load] {
        run(&bank, step).await;
    }
    for step in [Step::Lake, Step::Load] {
        let outcome = run(&machines, step).await;
        assert!(outcome.changed && figure(&outcome, "yes") == failures as f64, "{step}: {:?}", outcome.detail);
    }
    for step in [Step::Lake, Step::Load] {
        assert_eq!(figure(&run(&bank, step).await, "rows"), 1000.0, "{step}");
    }
    account.close().await;
}

#[test]
fn what_is_no_two_classes_is_refused_before_anything_is_made() {
    let machine = Machine::new();
    let (csv, ..) = machines();
    let schema = machine.file("machines.toml", SCHEMA).display().to_string();
    let setting = format!("data.schema={schema}");
    let three: String = csv
        .lines()
        .map(|line| if line.starts_with("M0100") { line[..line.len() - 1].to_owned() + "2\n" } else { format!("{line}\n") })
        .collect();
    let one: String =
        csv.lines().enumerate().filter(|(at, line)| *at == 0 || line.ends_with(",0")).map(|(_, line)| format!("{line}\n")).collect();
    let numbers = csv.replace(",rig,", ",1,").replace(",quay,", ",2,").replace(",yard,", ",3,");
    for (name, content, expected) in [
        (
            "three",
            &three,
            &[
                "line 102, column 9: the target `failed` is `2`; it has to be `1` or `0`",
                "has 3 classes: `0` in ",
                "Two classes are predicted",
            ][..],
        ),
        ("one", &one, &["the target `failed` is `0` in every row", "Give rows of both classes"]),
        ("numbers", &numbers, &["column 7: `site` is described as text, and each of its values is a number"]),
    ] {
        let file = machine.file(&format!("{name}.csv"), content);
        let ended = machine.run(&["run", "--all", "--set", &setting, "--data", file.to_str().unwrap()]);
        assert_eq!(ended.code, Some(2), "{name}: {}{}", ended.stdout, ended.stderr);
        for text in expected {
            assert!(ended.stderr.contains(text), "{name}: {text}\nnot in\n{}", ended.stderr);
        }
    }
    // Without a file there is no sample of it, and a bad description is named by line and key.
    let ended = machine.run(&["status", "--set", &setting]);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("the sample is made for the Bank Marketing data"), "{}", ended.stderr);
    machine.file("machines.toml", SCHEMA.replace("decimal(9,5)", "decimal(99,5)"));
    let ended = machine.run(&["status", "--set", &setting, "--set", "data.source=x.csv"]);
    assert!(
        ended.code == Some(2) && ended.stderr.contains("machines.toml:36:1: `column.type`: `decimal(99,5)` is not a type"),
        "{}",
        ended.stderr
    );
    let status: Value = serde_json::from_str(&machine.done(&["status", "--json"])).unwrap();
    for resource in status["resources"].as_array().unwrap().iter().filter(|resource| resource["id"] != "athena-workgroup/primary") {
        assert_eq!(resource["state"], "missing", "{resource}");
    }
}
