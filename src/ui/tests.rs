//! Whole screens, compared with what they should be, and random keys at random sizes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::theme::{Depth, Theme};
use super::{Drawn, draw, legible};
use crate::app::action::Command;
use crate::app::model::Link;
use crate::app::sql::catalog::{Catalog, CatalogColumn, Relation, RelationKind, Schema};
use crate::app::sql::history::Ran;
use crate::app::sql::result::tests::{answer, customers};
use crate::app::sql::{self, RunId};
use crate::app::tests::{failure, full_model, model, open_model};
use crate::app::walkthrough::Status;
use crate::app::walkthrough::run::tests::over;
use crate::app::{Effect, Model, Msg, Pane, update};
use crate::config::settings::TargetKind;
use crate::demo::step::Step;
use crate::ops::OpError;
use crate::ops::query::{Cell, Page, QueryColumn, QueryEngine, QueryEvent, QueryResult, QueryState};

pub(in crate::ui) const SIZES: [(u16, u16); 3] = [(80, 24), (120, 36), (200, 60)];

pub(in crate::ui) fn render(model: &Model, width: u16, height: u16) -> (String, Drawn) {
    let theme = Theme::named(&model.theme, Depth::True);
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let mut drawn = Drawn::default();
    terminal.draw(|frame| drawn = draw(frame, model, &theme)).unwrap();
    let buffer = terminal.backend().buffer().clone();
    let mut text = String::new();
    for y in 0..height {
        let mut line = String::new();
        let mut x = 0;
        while x < width {
            let symbol = buffer[(x, y)].symbol();
            line.push_str(symbol);
            x += (crate::app::text_width::width(symbol) as u16).max(1);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    (text, drawn)
}

pub(in crate::ui) fn at_three_sizes(name: &str, model: &Model) {
    for (width, height) in SIZES {
        for theme in ["dark", "light", "contrast", "colour-blind"] {
            legible::check(&legible::frame(model, theme, (width, height)), theme);
        }
        let mut model = model.clone();
        model.size = (width, height);
        let (text, _) = render(&model, width, height);
        insta::with_settings!({ snapshot_path => "../../tests/screens", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(format!("{name}_{width}x{height}"), text);
        });
    }
}

#[test]
fn first_frame() {
    at_three_sizes("first_frame", &model());
}

#[test]
fn empty_account() {
    at_three_sizes("empty_account", &open_model());
}

#[test]
fn overview() {
    at_three_sizes("overview", &full_model());
}

#[test]
fn every_pane_on_its_own() {
    for pane in Pane::ALL {
        let mut model = full_model();
        model.focus = pane;
        model.zoomed = true;
        at_three_sizes(&pane.title().to_lowercase(), &model);
    }
}

#[test]
fn running_and_failed_steps() {
    let mut running = open_model();
    update(&mut running, Msg::Do(Command::StepRunAll));
    update(&mut running, Msg::Walkthrough(crate::app::walkthrough::Msg::Begun(Step::Foundation)));
    running.now += chrono::Duration::seconds(12);
    at_three_sizes("step_running", &running);
    let mut failed = full_model();
    failed.walkthrough.select(4);
    failed.walkthrough.steps[4].status = Status::Failed {
        error: failure(
            "the pipeline failed",
            "the gate refused the model: AUC 0.512 is below 0.70",
            Some("Look at the data of step 4, then run the step again."),
        ),
        seconds: 12.0,
    };
    at_three_sizes("step_failed", &failed);
}

#[test]
fn components() {
    let mut help = full_model();
    update(&mut help, Msg::Do(Command::Help));
    at_three_sizes("help", &help);
    let mut palette = full_model();
    update(&mut palette, Msg::Do(Command::Palette));
    at_three_sizes("palette", &palette);
    let mut confirm = full_model();
    confirm.walkthrough.select(8);
    update(&mut confirm, Msg::Do(Command::StepRun));
    at_three_sizes("confirm_cleanup", &confirm);
    let mut closed = model();
    update(
        &mut closed,
        Msg::NotConnected(failure(
            "could not open the state directory",
            "process 4711 holds it and does not answer",
            Some("Close that process, or choose another directory with --state-dir."),
        )),
    );
    at_three_sizes("not_connected", &closed);
}

#[test]
fn calls_of_other_programs_say_whose_they_are() {
    let mut model = full_model();
    model.focus = Pane::Activity;
    model.zoomed = true;
    let theirs = |operation: &str, from: &str, error: Option<&str>| crate::aws::activity::ApiCall {
        at: model.now,
        service: "S3".into(),
        operation: operation.into(),
        duration: Duration::from_millis(4),
        error: error.map(Into::into),
        reached: true,
        from: Some(from.into()),
    };
    let calls = vec![theirs("PutObject", "Boto3", None), theirs("GetObject", "aws-cli", Some("NoSuchKey"))];
    update(&mut model, Msg::Activity(crate::app::activity::Msg::Calls(calls)));
    at_three_sizes("activity_outside", &model);
}

/// An account on AWS, as it is shown.
fn on_aws() -> Model {
    let mut model = full_model();
    model.target = TargetKind::Aws;
    let mut identity = crate::app::tests::identity();
    identity.kind = TargetKind::Aws;
    identity.alias = Some("acme-dev".into());
    model.private.clone_from(&identity.private);
    model.link = Link::Open(Box::new(identity));
    model.mask = true;
    model
}

#[test]
fn where_an_account_on_aws_is_brought_to_is_told_in_a_small_window() {
    let mut model = on_aws();
    model.focus = Pane::Walkthrough;
    model.size = (80, 24);
    let step = Step::RedshiftMl;
    model.walkthrough.select(step.number() - 1);
    update(&mut model, Msg::Key(KeyEvent::new(KeyCode::Char('T'), KeyModifiers::NONE)));
    let (text, _) = render(&model, 80, 24);
    for expected in
        ["Begin at step 8?", "shiftdeck --target aws checkpoint prepare --at", "before-redshift-ml", "Enter Copy the command", "Esc"]
    {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
}

/// What the demonstration's names have in them on an account: its id.
fn private(model: &mut Model) {
    let account = "123456789012";
    for row in &mut model.resources.rows {
        row.detail = format!("arn:aws:iam::{account}:role/{}", row.name);
    }
    model.say(format!("The bucket bankdm-{account}-us-east-1 belongs to ana.garcia"), true);
    model.sql.tab_mut().replace(&format!("COPY dm.data FROM 's3://bankdm-{account}-us-east-1/data' -- ana.garcia"));
}

#[test]
fn no_screen_shows_the_account_or_its_user_where_they_are_hidden() {
    for pane in Pane::ALL {
        for zoomed in [false, true] {
            for (width, height) in SIZES {
                let mut model = on_aws();
                private(&mut model);
                (model.focus, model.zoomed, model.size) = (pane, zoomed, (width, height));
                let (text, _) = render(&model, width, height);
                assert!(!text.contains("123456789012") && !text.contains("ana.garcia"), "{pane:?} {width}x{height}\n{text}");
                model.reveal();
                let (text, _) = render(&model, width, height);
                assert!(width < 120 || text.contains("123456789012"), "on demand: {pane:?} {width}x{height}\n{text}");
            }
        }
    }
}

#[test]
fn the_end_of_a_login_is_told_before_it_comes() {
    let mut model = on_aws();
    let ends = model.now + chrono::Duration::minutes(4);
    update(&mut model, Msg::Login(crate::app::login::Msg::Ends(Some(ends))));
    at_three_sizes("login_ends", &model);
}

#[test]
fn a_recording_is_named_in_the_header_and_one_behind_the_screen_is_only_a_mark() {
    let recording = || {
        let mut identity = crate::app::tests::identity();
        identity.kind = TargetKind::Replay;
        identity.recording = Some("talk.rec of 2026-01-02".into());
        Box::new(identity)
    };
    let header = |model: &Model| render(model, 200, 60).0.lines().next().unwrap().to_owned();
    let mut replay = full_model();
    replay.target = TargetKind::Replay;
    replay.link = Link::Open(recording());
    assert!(header(&replay).ends_with("BankDM · replay talk.rec of 2026-01-02 · us-east-1"), "{}", header(&replay));

    let mut model = on_aws();
    assert!(header(&model).ends_with("BankDM · AWS acme-dev 000000000000 · us-east-1"), "{}", header(&model));
    update(&mut model, Msg::Standby(crate::app::standby::Msg::Switched(crate::app::standby::Side::Fallback, recording())));
    assert!(header(&model).ends_with("BankDM · AWS acme-dev 000000000000 ◦ · us-east-1"), "{}", header(&model));
    let screen = render(&model, 200, 60).0;
    assert!(!screen.contains("talk.rec"), "{screen}");
}

#[test]
fn a_production_account_is_asked_about() {
    let mut model = model();
    model.target = TargetKind::Aws;
    update(&mut model, Msg::Production { account: "123456789012".into(), phrase: "acme-prod".into() });
    at_three_sizes("production_account", &model);
    for letter in "acme-prod".chars() {
        update(&mut model, Msg::Key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE)));
    }
    let effects = update(&mut model, Msg::Key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE)));
    assert!(matches!(effects[..], [Effect::Connect { confirmed: true }]), "{effects:?}");
}

#[test]
fn what_an_account_costs_is_beside_its_resources() {
    let mut model = on_aws();
    model.focus = Pane::Resources;
    model.zoomed = true;
    let selected = model.resources.rows[model.resources.list.selected].clone();
    let part = crate::ops::costs::Cost {
        kind: selected.kind,
        name: selected.name,
        usd_per_hour: Some(0.000_55),
        usd_per_hour_at_work: None,
        since: None,
        usd: Some(0.0021),
        note: String::new(),
        idle: None,
    };
    let costs =
        crate::ops::costs::Costs { parts: vec![part], usd_per_hour: 0.115, usd: 0.27, prices_as_of: "2025-11-01", budget_usd: Some(5.0) };
    let ticket = model.resources.costs_read.issue();
    update(&mut model, Msg::Resources(crate::app::resources::Msg::Costs(ticket, Ok(costs))));
    at_three_sizes("resources_costs", &model);
}

pub(in crate::ui) fn run_of(effects: &[Effect]) -> RunId {
    effects.iter().find_map(|effect| if let Effect::Query { run, .. } = effect { Some(*run) } else { None }).unwrap()
}

fn console() -> Model {
    let mut model = full_model();
    model.focus = Pane::Sql;
    model.zoomed = true;
    model
}

pub(in crate::ui) fn finish(model: &mut Model, run: RunId, answer: Result<QueryResult, OpError>) -> Vec<Effect> {
    model.now += chrono::Duration::milliseconds(420);
    update(model, Msg::Sql(sql::Msg::Run(run, sql::run::Msg::Finished(Box::new(answer)))))
}

fn changed(rows: u64) -> QueryResult {
    QueryResult {
        id: "1".into(),
        engine: QueryEngine::Redshift,
        columns: vec![],
        page: Page { rows: vec![], next: None },
        total_rows: Some(rows),
        duration: Duration::from_millis(7),
        scanned_bytes: None,
        result_bytes: None,
    }
}

fn command(model: &mut Model, command: sql::Command) -> Vec<Effect> {
    update(model, Msg::Do(Command::Console(command)))
}

#[test]
fn tabs_with_a_running_script() {
    let mut model = console();
    model.sql.tab_mut().name = "Who says yes".into();
    command(&mut model, sql::Command::NewTab);
    model.sql.tab_mut().replace(
        "BEGIN;\nUPDATE dm.data SET age = age + 1 WHERE job = 'student';\nINSERT INTO dm.log SELECT count(*) FROM dm.data;\nSELECT nope;\nCOMMIT;",
    );
    model.sql.tab_mut().name = "Correction".into();
    let first = run_of(&command(&mut model, sql::Command::RunScript));
    let sent = QueryEvent::Sent { id: "q1".into(), session: Some("s1".into()) };
    update(&mut model, Msg::Sql(sql::Msg::Run(first, sql::run::Msg::Progress(sent))));
    let second = run_of(&finish(&mut model, first, Ok(changed(0))));
    let third = run_of(&finish(&mut model, second, Ok(changed(875))));
    model.now += chrono::Duration::seconds(3);
    update(&mut model, Msg::Sql(sql::Msg::Run(third, sql::run::Msg::Progress(QueryEvent::State(QueryState::Running)))));
    at_three_sizes("script_running", &model);
    let fourth = run_of(&finish(&mut model, third, Ok(changed(1))));
    let error = failure("the statement failed", "ERROR: column \"nope\" does not exist Position: 8", None);
    assert!(finish(&mut model, fourth, Err(error)).iter().all(|effect| !matches!(effect, Effect::Query { .. })), "it stops");
    at_three_sizes("script_failed", &model);
}

#[test]
fn the_catalog_browser() {
    let mut model = console();
    let column = |name: &str, type_name: &str| CatalogColumn { name: name.into(), type_name: type_name.into() };
    let columns = vec![column("age", "integer"), column("job", "varchar(32)"), column("balance", "numeric(10,2)")];
    let relation = |name: &str, kind, location: Option<&str>| Relation {
        name: name.into(),
        kind,
        columns: columns.clone(),
        location: location.map(Into::into),
        gives: None,
    };
    let catalog = Catalog {
        database: "bankdm".into(),
        default_schema: "public".into(),
        schemas: vec![
            Schema {
                name: "athena".into(),
                relations: vec![relation("bankdm_glue", RelationKind::External, Some("s3://bankdm-000000000000-us-east-1/bankdm/data/"))],
            },
            Schema {
                name: "dm".into(),
                relations: vec![
                    relation("data", RelationKind::Table, None),
                    Relation { name: "dm01".into(), kind: RelationKind::Model, columns: vec![], location: None, gives: None },
                    Relation {
                        name: "predict_dm01".into(),
                        columns: vec![column("$1", "integer"), column("$2", "varchar"), column("$3", "double precision")],
                        gives: Some("varchar".into()),
                        ..relation("", RelationKind::Function, None)
                    },
                    relation("yes_by_month", RelationKind::View, None),
                ],
            },
            Schema { name: "public".into(), relations: vec![] },
        ],
        others: vec!["dev".into()],
        functions: vec![],
        read: Some(model.now),
        version: 1,
    };
    command(&mut model, sql::Command::Catalog);
    update(&mut model, Msg::Sql(sql::Msg::Catalog(QueryEngine::Redshift, Box::new(Ok(catalog)))));
    for code in [KeyCode::Down, KeyCode::Right, KeyCode::Down] {
        update(&mut model, Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)));
    }
    at_three_sizes("catalog", &model);
}

#[test]
fn the_history_and_the_guard() {
    let mut model = console();
    let ran = |minutes: i64, sql: &str, rows: Option<u64>, error: Option<&str>| Ran {
        at: model.now - chrono::Duration::minutes(minutes),
        engine: if rows == Some(12) { QueryEngine::Athena } else { QueryEngine::Redshift },
        sql: sql.into(),
        seconds: 1.25,
        rows,
        scanned: None,
        error: error.map(Into::into),
        parameters: vec![],
    };
    model.sql.history = vec![
        ran(3000, "SELECT month, count(*)\nFROM bankdm.bankdm_glue\nGROUP BY 1", Some(12), None),
        ran(12, "CREATE USER bob PASSWORD '***'", None, None),
        ran(3, "SELECT nope FROM dm.data", None, Some("ERROR: column \"nope\" does not exist")),
        ran(1, "SELECT * FROM dm.data WHERE age > 40", Some(41_188), None),
    ];
    command(&mut model, sql::Command::History);
    at_three_sizes("history", &model);
    update(&mut model, Msg::Key(KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE)));
    model.target = TargetKind::Aws;
    model.sql.tab_mut().replace("DELETE FROM dm.data;");
    assert!(command(&mut model, sql::Command::Run).iter().all(|effect| !matches!(effect, Effect::Query { .. })));
    at_three_sizes("guard", &model);
    let effects = update(&mut model, Msg::Key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE)));
    run_of(&effects);
}

#[test]
fn a_plan_as_a_tree() {
    let mut model = console();
    let run = run_of(&command(&mut model, sql::Command::Explain));
    let lines = [
        "XN Merge  (cost=1000000000723.53..1000000000723.56 rows=12 width=9)",
        "  Merge Key: count(*)",
        "  ->  XN Sort  (cost=1000000000723.53..1000000000723.56 rows=12 width=9)",
        "        Sort Key: count(*)",
        "        ->  XN HashAggregate  (cost=720.79..723.31 rows=12 width=9)",
        "              ->  XN Hash Join DS_BCAST_INNER  (cost=12.50..617.82 rows=20594 width=9)",
        "                    Hash Cond: (\"outer\".job = \"inner\".job)",
        "                    ->  XN Seq Scan on data  (cost=0.00..411.88 rows=41188 width=9)",
        "                          Filter: (age > 30)",
        "                    ->  XN Hash  (cost=10.00..10.00 rows=1000 width=4)",
        "                          ->  XN Seq Scan on jobs  (cost=0.00..10.00 rows=1000 width=4)",
    ];
    let plan = QueryResult {
        columns: vec![QueryColumn { name: "QUERY PLAN".into(), type_name: "varchar".into(), numeric: false }],
        page: Page { rows: lines.iter().map(|line| vec![Cell::Text((*line).into())]).collect(), next: None },
        ..changed(0)
    };
    finish(&mut model, run, Ok(plan));
    for _ in 0..3 {
        update(&mut model, Msg::Key(KeyEvent::new(KeyCode::Down, KeyModifiers::NONE)));
    }
    at_three_sizes("plan", &model);
}

#[test]
fn failed_statement() {
    let mut model = full_model();
    model.focus = Pane::Sql;
    model.zoomed = true;
    model.sql.tab_mut().replace("SELECT nope\nFROM dm.data;");
    let effects = update(&mut model, Msg::Do(Command::Console(crate::app::sql::Command::Run)));
    let run = run_of(&effects);
    let error = failure("the statement failed", "ERROR: column \"nope\" does not exist in data Position: 8", None);
    update(&mut model, Msg::Sql(crate::app::sql::Msg::Run(run, crate::app::sql::run::Msg::Finished(Box::new(Err(error))))));
    at_three_sizes("statement_failed", &model);
}

/// The console on the whole screen, with a result of every type, and what keys do to it.
fn results(keys: &str) -> Model {
    let mut model = full_model();
    model.focus = Pane::Sql;
    model.zoomed = true;
    model.sql.tab_mut().replace("SELECT * FROM customers;");
    model.sql.tab_mut().results.close();
    model.sql.tab_mut().results.show(customers(1, false));
    model.sql.tab_mut().half = crate::app::sql::Half::Results;
    press(&mut model, keys);
    model
}

/// Presses keys, `{name}` being one with a name, and does at once what the results ask the background for.
fn press(model: &mut Model, keys: &str) {
    let mut rest = keys;
    while let Some(c) = rest.chars().next() {
        let code = match rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            Some((name, after)) => {
                rest = after;
                match name {
                    "down" => KeyCode::Down,
                    "right" => KeyCode::Right,
                    "enter" => KeyCode::Enter,
                    other => panic!("{other}"),
                }
            }
            None => {
                rest = &rest[c.len_utf8()..];
                KeyCode::Char(c)
            }
        };
        let effects = update(model, Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)));
        work(model, effects);
        let (_, drawn) = render(model, 120, 36);
        update(model, Msg::Drawn(drawn.viewport));
    }
}

/// Does what the results ask the background for.
fn work(model: &mut Model, mut effects: Vec<crate::app::Effect>) {
    while let Some(effect) = effects.pop() {
        if let Some((run, msg)) = answer(&effect) {
            effects.extend(update(model, Msg::Sql(crate::app::sql::Msg::Grid(run, msg))));
        }
    }
}

#[test]
fn views_of_a_result() {
    at_three_sizes("result_grid", &results("{right}{right}|{right}{right}{right}s{right}{right}fcampaign{enter}{down}{down}"));
    at_three_sizes("result_filtered", &results("{right}f!null{enter}Ftech{enter}/tech{enter}m{down}{down}{right}-"));
    at_three_sizes("result_record", &results("{down}{down}{down}v{down}"));
    at_three_sizes("result_inspector", &results("{right}{right}{right}{right}{right}{right}{enter}"));
    at_three_sizes("result_profile_number", &results("{right}{right}{right}p"));
    at_three_sizes("result_profile_text", &results("{right}p"));
    at_three_sizes("result_chart_line", &results("c"));
    at_three_sizes("result_chart_bars", &results("c{right}{right}{right}{down}{right}{right}{right}{right}{right}{right}"));
    at_three_sizes("result_prompt", &results("{right}f=adm"));
    let mut compare = results("P");
    compare.sql.tab_mut().results.show(customers(2, true));
    press(&mut compare, "d{enter}");
    at_three_sizes("result_compare", &compare);
}

proptest::proptest! {
    /// Whatever is in a cell, the cells beside it are where they would be anyway, and so is the rest of the screen.
    #[test]
    fn any_bytes_in_a_cell_leave_the_grid_alone(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..60), wide in 1_usize..30) {
        let screen = |text: &str| {
            let mut model = full_model();
            model.focus = Pane::Sql;
            model.zoomed = true;
            let column = |name: &str| QueryColumn { name: name.into(), type_name: "varchar".into(), numeric: name == "mid" };
            let mut meta = crate::app::tests::empty_result();
            meta.columns = vec![column("left"), column("mid"), column("right")];
            let cell = |text: &str| Cell::Text(text.into());
            meta.page.rows = vec![vec![cell(&"x".repeat(wide)), cell(text), cell("MARK")], vec![cell(text), cell("m"), cell("MARK")]];
            let mut set = crate::app::sql::ResultSet::new(crate::app::sql::RunId(1), meta, String::new(), 0.1);
            set.columns.go_to(1, 100);
            for _ in 0..40 {
                set.columns.resize(-10);
            }
            set.columns.resize(wide as isize);
            model.sql.tab_mut().results.close();
            model.sql.tab_mut().results.show(set);
            let theme = Theme::named("dark", Depth::True);
            let mut terminal = Terminal::new(TestBackend::new(100, 24)).unwrap();
            terminal.draw(|frame| drop(draw(frame, &model, &theme))).unwrap();
            let buffer = terminal.backend().buffer().clone();
            // Where the marks are, and that no cell holds what a terminal would act on.
            let mut marks = Vec::new();
            for y in 0..24 {
                for x in 0..97 {
                    if (0..4).all(|at| buffer[(x + at, y)].symbol() == ["M", "A", "R", "K"][at as usize]) {
                        marks.push((x, y));
                    }
                    assert!(!buffer[(x, y)].symbol().chars().any(char::is_control));
                }
            }
            marks
        };
        // As wide as the other text, so that the first column is equally wide.
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let marks = screen(&text);
        proptest::prop_assert_eq!(marks.len(), 2);
        proptest::prop_assert_eq!(marks[0].0, marks[1].0);
    }
}

#[test]
fn every_pane_title_is_on_every_screen() {
    for (width, height) in [(80, 24), (120, 36), (160, 45)] {
        let (text, _) = render(&full_model(), width, height);
        for pane in Pane::ALL {
            assert!(text.contains(pane.title()), "{} at {width}x{height}", pane.title());
        }
    }
}

#[test]
fn a_press_lands_on_what_is_drawn_there() {
    let model = full_model();
    let (text, drawn) = render(&model, 160, 45);
    for (y, line) in text.lines().enumerate() {
        if let Some(at) = line.find("Load the warehouse") {
            let x = crate::app::text_width::width(&line[..at]) as u16;
            assert_eq!(drawn.at(x, y as u16), Some(crate::app::msg::Target::Row(Pane::Walkthrough, 3)));
            return;
        }
    }
    panic!("the step is not on the screen:\n{text}");
}

/// Thousands of keys on a full and on an empty screen, at sizes that change all the time: nothing panics, and every frame is drawn.
#[test]
fn random_keys_never_panic() {
    let codes = [
        KeyCode::Enter,
        KeyCode::Esc,
        KeyCode::Tab,
        KeyCode::BackTab,
        KeyCode::Up,
        KeyCode::Down,
        KeyCode::Left,
        KeyCode::Right,
        KeyCode::Home,
        KeyCode::End,
        KeyCode::PageUp,
        KeyCode::PageDown,
        KeyCode::Backspace,
        KeyCode::Delete,
        KeyCode::F(1),
        KeyCode::F(2),
        KeyCode::F(3),
        KeyCode::F(4),
        KeyCode::F(5),
        KeyCode::F(6),
        KeyCode::F(9),
        KeyCode::F(10),
        KeyCode::F(11),
        KeyCode::F(12),
    ];
    let text: Vec<char> = "qzrRxnoysuSgGjkhlei:?1234567 ';-\u{65e5}é\u{301}+.vpcdCmMfF/=N#<>wW[]|,P()X^$".chars().collect();
    for (seed, start) in [full_model(), open_model(), model(), results("P")].into_iter().enumerate() {
        let mut random = ChaCha8Rng::seed_from_u64(seed as u64);
        let mut model = start;
        for _ in 0..1500 {
            let code = if random.random_bool(0.5) {
                *codes.choose(&mut random).unwrap()
            } else {
                KeyCode::Char(*text.choose(&mut random).unwrap())
            };
            let modifiers = match random.random_range(0..10) {
                0 => KeyModifiers::CONTROL,
                1 => KeyModifiers::ALT,
                2 => KeyModifiers::SHIFT,
                _ => KeyModifiers::NONE,
            };
            let effects = update(&mut model, Msg::Key(KeyEvent::new(code, modifiers)));
            if random.random_bool(0.8) {
                work(&mut model, effects);
            }
            if seed == 3 && random.random_bool(0.02) {
                model.sql.tab_mut().results.show(customers(random.random_range(2..9), true));
            }
            if random.random_bool(0.05) {
                let over = over(&model.walkthrough);
                update(&mut model, Msg::Walkthrough(over));
                model.sql.tab_mut().runs.clear();
            }
            if random.random_bool(0.3) {
                let (width, height) = (random.random_range(1..220), random.random_range(1..70));
                update(&mut model, Msg::Resize(width, height));
                let (_, drawn) = render(&model, width, height);
                update(&mut model, Msg::Drawn(drawn.viewport));
                let place = (random.random_range(0..width), random.random_range(0..height));
                if let Some(target) = drawn.at(place.0, place.1)
                    && random.random_bool(0.3)
                {
                    update(&mut model, Msg::Click(target));
                }
                update(&mut model, Msg::Wheel(drawn.pane_at(place.0, place.1), if random.random_bool(0.5) { 1 } else { -1 }));
            }
        }
    }
}

#[test]
fn beside_the_prediction_form() {
    use crate::app::predict::beside::{Command as Beside, Msg as Heard};
    use crate::ops::explain::Roads;
    let mut model = full_model();
    update(&mut model, Msg::Do(Command::Focus(Pane::Predict)));
    update(&mut model, Msg::Do(Command::Zoom));
    update(&mut model, Msg::Do(Command::Beside(Beside::Why)));
    at_three_sizes("predict_why", &model);
    update(&mut model, Msg::Do(Command::Beside(Beside::Threshold)));
    update(&mut model, Msg::Do(Command::Beside(Beside::HigherThreshold)));
    at_three_sizes("predict_threshold", &model);
    let effects = update(&mut model, Msg::Do(Command::Beside(Beside::Roads)));
    let ticket = effects.iter().find_map(|effect| if let Effect::AskRoads { ticket, .. } = effect { Some(*ticket) } else { None });
    let roads = Roads { endpoint: 0.6312, file: 0.631_200_2, decision: "yes".into(), sql: Some("no".into()) };
    update(&mut model, Msg::Predict(crate::app::predict::Msg::Beside(Heard::Asked(ticket.unwrap(), Box::new(Ok(roads))))));
    at_three_sizes("predict_roads", &model);
}
