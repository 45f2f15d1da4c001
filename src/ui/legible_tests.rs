//! What an audience sees of every step, at every size, and what presenters do about it: large, lit, and still.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use serde_json::{Value, json};

use super::legible::{check, frame, lines};
use super::tests::{SIZES, finish, run_of};
use super::theme::{Depth, Role, Theme};
use super::{draw_on, figure, layout, stage};
use crate::app::action::Command;
use crate::app::pipeline::fixture::{self, Outcome};
use crate::app::sql::LibraryEntry;
use crate::app::tests::{at, full_model, open_model};
use crate::app::walkthrough::figure as telling;
use crate::app::walkthrough::run::tests::over;
use crate::app::walkthrough::{Beat, Msg as Walk, Status};
use crate::app::{Effect, Model, Msg, Pane, update};
use crate::config::settings::TargetKind;
use crate::demo::event::{Event, EventKind};
use crate::demo::step::Step;
use crate::ops::query::{Cell, Page, QueryColumn, QueryEngine, QueryResult};
use crate::ops::steps::StepOutcome;

/// The beats that are kept as snapshots: what is shown before a step is done is the pane that its second beat has.
const KEPT: [Beat; 3] = [Beat::Say, Beat::Do, Beat::Notice];

fn press(model: &mut Model, code: KeyCode) -> Vec<Effect> {
    update(model, Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

/// What each step gives once it has run, and what it says.
fn outcome(step: Step) -> (Value, &'static str) {
    match step {
        Step::Foundation => (json!({}), "Bucket, 3 roles, warehouse, secret and function are there"),
        Step::Explore => {
            (json!({"rows": 41188, "yes": 4640, "findings": [1, 2, 3, 4, 5]}), "41,188 customers, 11.3 % said yes; 5 findings")
        }
        Step::Lake => {
            (json!({"rows": 41188, "yes": 4640, "bytes": 4_834_728}), "41,188 rows in bankdm.bankdm_glue, as many as in the file")
        }
        Step::Load => (json!({"rows": 41188, "yes": 4640}), "41,188 rows in dm.data, the same as in the file"),
        Step::Pipeline => (
            json!({"auc": 0.758, "mse": 0.0886, "train_rows": 28831, "test_rows": 4120, "features": 59, "version": 1}),
            "The pipeline registered version 1: AUC 0.758, MSE 0.0886",
        ),
        Step::Deploy => (json!({"version": 1}), "BankDM-staging answers with version 1"),
        Step::Predict => {
            (json!({"customers": [1, 2, 3], "right": 22, "threshold": 0.5}), "24 customers asked about, 22 of 24 decisions right")
        }
        Step::RedshiftMl => (
            json!({"redshift_ml_accuracy": 0.914, "always_no": 0.887, "rows": 41188}),
            "`predict_dm01` is right for 91.4 % of 41,188 customers; always answering no would be right for 88.7 %",
        ),
        Step::Cleanup => (json!({"removed": vec!["x"; 27]}), "27 resources removed, nothing is left"),
    }
}

/// The demonstration as it is after a step, and a presentation that begins at it.
fn after(step: Step) -> Model {
    let mut model = full_model();
    let entry = |title: &str, text: &str| LibraryEntry { title: title.into(), engine: QueryEngine::Redshift, text: text.into() };
    model.sql.library.extend([
        entry("17 Verify the table", "-- Rows, answers and sums of the table\nSELECT count(*) AS customers, sum(CASE WHEN y = 'yes' THEN 1 ELSE 0 END) AS yes\nFROM dm.data;"),
        entry("34 Confusion matrix", "-- What the function says beside the true answer\nSELECT predicted, y AS actual, count(*) AS customers\nFROM dm.predicted\nGROUP BY 1, 2;"),
    ]);
    for done in Step::ALL.into_iter().filter(|done| *done <= step) {
        let (Value::Object(detail), message) = outcome(done) else { panic!("figures") };
        if done == Step::Cleanup {
            update(&mut model, Msg::Walkthrough(Walk::Begun(done)));
            model.now += chrono::Duration::seconds(4);
            let outcome = StepOutcome { changed: true, message: message.into(), detail };
            update(&mut model, Msg::Walkthrough(Walk::Ended(done, Box::new(Ok(outcome)))));
            let over = over(&model.walkthrough);
            update(&mut model, Msg::Walkthrough(over));
            model.resources.rows.clear();
            continue;
        }
        let view = &mut model.walkthrough.steps[done as usize];
        view.status = Status::Done { message: message.into(), seconds: Some(1.25 * done.number() as f64), changed: Some(true) };
        view.figures.clone_from(&detail);
        model.walkthrough.metrics.extend(detail);
    }
    model.pipeline.endpoints = fixture::endpoints();
    model.walkthrough.select(step as usize);
    press(&mut model, KeyCode::F(12));
    model
}

/// What the console gets for the statement of a step.
fn answer(step: Step) -> QueryResult {
    let column = |name: &str, type_name: &str, numeric| QueryColumn { name: name.into(), type_name: type_name.into(), numeric };
    let text = |text: &str| Cell::Text(text.into());
    let (columns, rows) = match step {
        Step::RedshiftMl => (
            vec![column("predicted", "varchar", false), column("actual", "varchar", false), column("customers", "int8", true)],
            [("no", "no", 35_652), ("no", "yes", 2_646), ("yes", "no", 896), ("yes", "yes", 1_994)]
                .into_iter()
                .map(|(predicted, actual, count)| vec![text(predicted), text(actual), Cell::Integer(count)])
                .collect(),
        ),
        _ => {
            (vec![column("customers", "int8", true), column("yes", "int8", true)], vec![vec![Cell::Integer(41_188), Cell::Integer(4_640)]])
        }
    };
    let total = rows.len() as u64;
    QueryResult {
        id: "1".into(),
        engine: QueryEngine::Redshift,
        columns,
        page: Page { rows, next: None },
        total_rows: Some(total),
        duration: Duration::from_millis(14),
        scanned_bytes: None,
        result_bytes: None,
    }
}

/// Goes on to the next beat; a statement that is run is answered.
fn on(model: &mut Model, step: Step) {
    let effects = press(model, KeyCode::PageDown);
    if effects.iter().any(|effect| matches!(effect, Effect::Query { .. })) {
        finish(model, run_of(&effects), Ok(answer(step)));
    }
}

/// Every beat of a step, in order.
fn beats(step: Step, large: bool) -> Vec<(Beat, Model)> {
    let mut model = after(step);
    model.large = large;
    let mut seen = Vec::new();
    for beat in Beat::ALL {
        assert_eq!(model.walkthrough.presenting.as_ref().unwrap().beat, beat, "{step}");
        assert!(model.popups.is_empty(), "{step}: nothing is asked of what is done");
        seen.push((beat, model.clone()));
        on(&mut model, step);
    }
    seen
}

fn name(step: Step, large: bool) -> String {
    format!("{}_{}_{}", if large { "large" } else { "walk" }, step.number(), step.name().replace('-', "_"))
}

/// The beats of every step below each other, one file for each step and size.
fn kept(large: bool) {
    for step in Step::ALL {
        let beats = beats(step, large);
        for size in SIZES {
            let mut text = String::new();
            for (beat, model) in beats.iter().filter(|(beat, _)| KEPT.contains(beat)) {
                let buffer = frame(model, "dark", size);
                text.push_str(&format!("═══ {} ═══\n{}\n", beat.name(), lines(&buffer, buffer.area).join("\n")));
            }
            insta::with_settings!({ snapshot_path => "../../tests/screens", prepend_module_to_snapshot => false, omit_expression => true }, {
                insta::assert_snapshot!(format!("{}_{}x{}", name(step, large), size.0, size.1), text);
            });
        }
    }
}

#[test]
fn every_step_as_the_audience_sees_it() {
    kept(false);
}

#[test]
fn every_step_as_those_at_the_back_see_it() {
    kept(true);
}

/// The words of a text, without the marks of markdown.
fn words(text: &str) -> Vec<String> {
    let plain = text.replace(['*', '`', '#'], "");
    plain.split_whitespace().filter(|word| *word != "-").map(str::to_owned).collect()
}

/// Whether every word of a text stands in an area, in order; of a text that can be scrolled, from its beginning on.
fn stands_whole(buffer: &Buffer, area: Rect, text: &str, what: &str) {
    let screen = lines(buffer, area).join(" ");
    let mut from = 0;
    for word in words(text) {
        match screen[from..].find(&word) {
            Some(at) => from += at + word.len(),
            None => {
                assert!(screen.contains(" more lines (J)"), "{what}: `{word}` is not there\n{}", lines(buffer, buffer.area).join("\n"));
                return;
            }
        }
    }
}

/// In both themes, at all sizes, with all beats: nothing that matters is cut off or written over, and everything can be read.
#[test]
fn nothing_that_matters_is_cut_off_at_any_size() {
    for large in [false, true] {
        for step in Step::ALL {
            for (beat, model) in beats(step, large) {
                for size in SIZES {
                    let what = format!("{step}, {}, {}x{}, large: {large}", beat.name(), size.0, size.1);
                    for theme in ["dark", "light"] {
                        check(&frame(&model, theme, size), theme);
                    }
                    matters(&frame(&model, "dark", size), &model, beat, &what);
                }
            }
        }
    }
}

fn matters(buffer: &Buffer, model: &Model, beat: Beat, what: &str) {
    let screen = lines(buffer, buffer.area);
    let whole = screen.join("\n");
    let (key, press) = stage::next(model).unwrap();
    let last = screen.last().unwrap();
    assert!(last.contains(&key) && last.contains(&press) && !last.contains('…'), "{what}: what the next press does\n{whole}");
    let mut sized = model.clone();
    sized.size = (buffer.area.width, buffer.area.height);
    let plan = layout::plan(buffer.area, &sized);
    let Some((_, pane)) = plan.panes.iter().find(|(pane, _)| *pane == Pane::Walkthrough) else { return };
    let view = model.walkthrough.current();
    let notes = model.walkthrough.notes(view.step);
    let title = format!("{}  {}", view.step.number(), notes.title);
    assert!(lines(buffer, *pane).iter().any(|line| line.contains(&title)), "{what}: the title\n{whole}");
    stands_whole(buffer, *pane, notes.section(beat.section()), what);
    if beat == Beat::Notice {
        for (_, text) in model.walkthrough.checks(view.step) {
            stands_whole(buffer, *pane, &text, what);
        }
        large_figure(buffer, *pane, model, view.step, what);
    }
}

/// The figure of a step is there in large characters and whole, or told in ordinary ones.
fn large_figure(buffer: &Buffer, pane: Rect, model: &Model, step: Step, what: &str) {
    let Some(found) = telling::of(model, step) else {
        assert!(model.walkthrough.notes(step).figure.is_none() || step == Step::Cleanup, "{what}: the step has its figure");
        return;
    };
    let screen = lines(buffer, pane);
    let drawn = |scale| {
        let rows = figure::lines(&found.text, scale).unwrap();
        // One row below the other, each of them whole.
        screen.windows(rows.len()).any(|window| window.iter().zip(&rows).all(|(line, row)| line.contains(row.trim_end())))
    };
    let large = drawn(figure::Scale::Large) || drawn(figure::Scale::Small);
    if large {
        stands_whole(buffer, pane, &found.words, what);
    } else if model.walkthrough.notes(step).figure.as_deref() != Some(telling::DECISION) {
        assert!(screen.iter().any(|line| line.contains(&found.text)), "{what}: {found:?}\n{}", screen.join("\n"));
    }
    // Where there is room it is large.
    let roomy = buffer.area.width >= 200 || model.enlarged();
    assert!(large || !roomy, "{what}: {found:?} is not large\n{}", screen.join("\n"));
}

#[test]
fn a_figure_gives_way_to_the_text() {
    let mut model = after(Step::Pipeline);
    for _ in 0..3 {
        on(&mut model, Step::Pipeline);
    }
    let text = |size| {
        let buffer = frame(&model, "dark", size);
        lines(&buffer, buffer.area).join("\n")
    };
    assert!(text((200, 60)).contains("██████      ██████"), "{}", text((200, 60)));
    let small = text((44, 12));
    assert!(!small.contains('█') && !small.contains('▀') && small.contains("0.758"), "{small}");
    model.walkthrough.steps[Step::Pipeline as usize].figures.clear();
    model.walkthrough.metrics.clear();
    let without = frame(&model, "dark", (200, 60));
    assert!(lines(&without, Rect::new(0, 0, 70, 60)).iter().all(|line| !line.contains("██")), "without a value it is the text");
}

#[test]
fn a_large_presentation_has_one_pane_short_lines_and_one_hint() {
    let mut model = after(Step::Pipeline);
    press(&mut model, KeyCode::F(10));
    assert!(model.large && model.notice.is_none());
    for size in SIZES {
        let buffer = frame(&model, "dark", size);
        let text = lines(&buffer, buffer.area);
        // Sixty columns in the middle.
        let left = (size.0 - 60) / 2;
        for (y, line) in text.iter().enumerate() {
            let inside = lines(&buffer, Rect::new(left, y as u16, 60, 1)).remove(0);
            assert_eq!(line.trim(), inside.trim(), "{size:?}\n{}", text.join("\n"));
        }
        assert_eq!(text.last().unwrap().trim(), "Space  show Pipeline");
        assert!(text[0].trim_start().starts_with("BankDM") && text[0].ends_with("5 of 9"));
    }
    on(&mut model, Step::Pipeline);
    let buffer = frame(&model, "dark", (200, 60));
    let text = lines(&buffer, buffer.area);
    assert!(
        text[0].contains("5  Train with a pipeline") && !text.iter().any(|line| line.contains("Walkthrough") || line.contains("Resources"))
    );
    press(&mut model, KeyCode::F(10));
    let buffer = frame(&model, "dark", (200, 60));
    assert!(lines(&buffer, buffer.area).iter().any(|line| line.contains("Walkthrough")), "and all again");
}

#[test]
fn large_is_for_presentations() {
    let mut model = full_model();
    update(&mut model, Msg::Do(Command::Size));
    assert!(model.large && !model.enlarged());
    assert_eq!(model.notice.as_ref().unwrap().text, "Presentations are shown large");
    model.notice = None;
    let (mut usual, large) = (full_model(), model);
    update(&mut usual, Msg::Release);
    assert_eq!(frame(&usual, "dark", (120, 36)), frame(&large, "dark", (120, 36)));
}

#[test]
fn the_spotlight_dims_all_but_the_pane_with_the_focus_and_moves_nothing() {
    let mut model = after(Step::Pipeline);
    on(&mut model, Step::Pipeline);
    assert_eq!(model.focus, Pane::Pipeline);
    for theme in ["dark", "light", "mono"] {
        model.spotlight = false;
        let before = frame(&model, theme, (120, 36));
        press(&mut model, KeyCode::F(11));
        assert!(model.spotlight);
        let lit = frame(&model, theme, (120, 36));
        assert_eq!(lines(&before, before.area), lines(&lit, lit.area), "nothing loses its place");
        let plan = layout::plan(lit.area, &model);
        let (_, pane) = plan.panes.iter().find(|(pane, _)| *pane == Pane::Pipeline).unwrap();
        let colours = Theme::named(theme, Depth::True);
        let (faint, rule) = (colours.style(Role::Faint), colours.style(Role::Rule));
        for position in lit.area.positions() {
            if pane.contains(position) {
                assert_eq!(lit[position], before[position]);
            } else {
                let cell = &lit[position];
                assert!(
                    [faint.fg, rule.fg].contains(&Some(cell.fg)) || (faint.fg.is_none() && cell.fg == Color::Reset),
                    "{theme} {position}"
                );
                assert_eq!(cell.modifier.contains(Modifier::DIM), faint.add_modifier.contains(Modifier::DIM), "{theme} {position}");
                assert!(!cell.modifier.intersects(Modifier::BOLD | Modifier::REVERSED));
            }
        }
        if theme != "mono" {
            check(&lit, theme);
        }
        press(&mut model, KeyCode::F(11));
        assert_eq!(frame(&model, theme, (120, 36)), before, "and light again");
    }
    press(&mut model, KeyCode::F(11));
    press(&mut model, KeyCode::F(12));
    assert!(!model.spotlight, "it ends with the presentation");
}

#[test]
fn the_spotlight_needs_something_to_dim() {
    let mut model = open_model();
    model.viewport.overview = false;
    press(&mut model, KeyCode::F(11));
    assert!(!model.spotlight);
    model.viewport.overview = true;
    press(&mut model, KeyCode::F(11));
    assert!(model.spotlight);
    model.zoomed = true;
    let zoomed = frame(&model, "dark", (120, 36));
    model.spotlight = false;
    assert_eq!(zoomed, frame(&model, "dark", (120, 36)), "one pane is not dimmed");
}

/// Everything that can be under way at once.
fn at_work() -> Model {
    let mut model = full_model();
    model.target = TargetKind::Local;
    model.pipeline = fixture::state(Outcome::Running(3));
    model.pipeline.list.selected = 3;
    update(&mut model, Msg::Do(Command::StepRunAll));
    update(&mut model, Msg::Walkthrough(Walk::Begun(Step::Pipeline)));
    let told = |message: &str| Event {
        ts: at(1),
        step: Step::Pipeline,
        event: EventKind::Progress,
        resource: Some("BankDM-pipeline".into()),
        message: message.into(),
        seconds: 0.4,
        detail: serde_json::Map::new(),
    };
    update(&mut model, Msg::Walkthrough(Walk::Event(told("the table is unloaded"))));
    model.focus = Pane::Sql;
    model.sql.tab_mut().replace("SELECT count(*) FROM dm.data;\nSELECT 2;");
    run_of(&update(&mut model, Msg::Do(Command::Console(crate::app::sql::Command::RunScript))));
    model.focus = Pane::Walkthrough;
    model.resources.changed.insert(model.resources.rows[0].id.clone(), model.now);
    model.notice = None;
    model
}

/// What a pane asks for once it is on the screen is asked for.
fn settle(model: &mut Model) {
    for _ in 0..2 {
        update(model, Msg::Release);
    }
    model.notice = None;
}

/// The same some seconds later, with nothing heard in between.
fn later(model: &Model) -> Model {
    let mut model = model.clone();
    model.now += chrono::Duration::milliseconds(2_300);
    for _ in 0..3 {
        update(&mut model, Msg::Tick);
    }
    model.now += chrono::Duration::seconds(61);
    update(&mut model, Msg::Tick);
    model
}

#[test]
fn without_motion_nothing_changes_by_itself() {
    let (mut moved, views) = (0, Pane::ALL.len() * 2 * SIZES.len());
    for pane in Pane::ALL {
        for zoomed in [false, true] {
            for size in SIZES {
                let mut model = at_work();
                (model.focus, model.zoomed) = (pane, zoomed);
                model.pipeline.in_detail = pane == Pane::Pipeline && zoomed;
                settle(&mut model);
                let moving = frame(&model, "dark", size) != frame(&later(&model), "dark", size);
                moved += usize::from(moving);
                model.motion = false;
                assert_eq!(model.next_tick(), None, "nothing is drawn either");
                let (first, second) = (frame(&model, "dark", size), frame(&later(&model), "dark", size));
                assert_eq!(lines(&first, first.area), lines(&second, second.area), "{pane:?}, zoomed: {zoomed}, {size:?}");
                assert!(first == second, "{pane:?}, zoomed: {zoomed}, {size:?}: a colour changes");
            }
        }
    }
    assert_eq!(moved, views, "with motion everything that is under way moves");
}

#[test]
fn without_motion_a_presentation_and_the_views_of_the_pipeline_hold_still() {
    let still = |mut model: Model, what: &str| {
        model.motion = false;
        settle(&mut model);
        for size in SIZES {
            let (first, second) = (frame(&model, "dark", size), frame(&later(&model), "dark", size));
            assert_eq!(lines(&first, first.area), lines(&second, second.area), "{what} {size:?}");
            assert!(first == second, "{what} {size:?}: a colour changes");
        }
    };
    for view in crate::app::pipeline::View::ALL {
        let mut model = at_work();
        (model.focus, model.zoomed) = (Pane::Pipeline, true);
        model.pipeline.runs = fixture::runs();
        model.pipeline.endpoints = fixture::endpoints();
        model.pipeline.models = fixture::models();
        model.pipeline.view = view;
        still(model, view.title());
    }
    for large in [false, true] {
        let mut model = at_work();
        model.large = large;
        model.walkthrough.select(Step::Pipeline as usize);
        press(&mut model, KeyCode::F(12));
        for beat in Beat::ALL {
            model.walkthrough.presenting.as_mut().unwrap().beat = beat;
            model.notice = None;
            still(model.clone(), beat.name());
        }
    }
}

#[test]
fn without_motion_times_are_told_by_when_something_began() {
    let mut model = at_work();
    model.motion = false;
    let since = model.now.with_timezone(&model.zone).format("since %H:%M:%S").to_string();
    assert_eq!(model.so_far(model.now), since);
    let buffer = frame(&model, "dark", (200, 60));
    let text = lines(&buffer, buffer.area).join("\n");
    assert!(text.contains(&since), "{text}");
    assert!(!text.contains('◐') && !text.contains('◓') && !text.contains('◑') && !text.contains('◒'), "{text}");
}

/// Every key of themes shows another one, and each of them shows something.
#[test]
fn the_key_goes_through_every_theme() {
    let mut model = full_model();
    let mut seen = vec![model.theme.clone()];
    for _ in 1..crate::config::settings::THEMES.len() {
        update(&mut model, Msg::Do(Command::Theme));
        seen.push(model.theme.clone());
    }
    assert_eq!(seen, crate::config::settings::THEMES);
    update(&mut model, Msg::Do(Command::Theme));
    assert_eq!(model.theme, seen[0]);
    for (at, theme) in seen.iter().enumerate() {
        let looks = |name: &str| {
            let mut buffer = Buffer::empty(Rect::new(0, 0, 80, 24));
            draw_on(&mut buffer, &full_model(), &Theme::named(name, Depth::True));
            buffer
        };
        for other in &seen[at + 1..] {
            assert!(looks(theme) != looks(other), "{theme} and {other}");
        }
    }
}
