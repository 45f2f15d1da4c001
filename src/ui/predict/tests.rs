//! Screens of the prediction form: who is in it, what stands beside it, and its lists.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde_json::{Value, json};

use crate::app::action::Command;
use crate::app::predict::ask::{Ask, Told};
use crate::app::predict::beside::Command as Beside;
use crate::app::predict::{Command as Form, Msg as Heard};
use crate::app::tests::full_model;
use crate::app::{Effect, Model, Msg, Pane, update};
use crate::demo::explanation::{Change, ColumnImportance, Dependence, DependencePoint, Flip};
use crate::demo::fairness::SegmentReport;
use crate::demo::feature_schema::{CategoryValue, Column, ColumnKind, Row};
use crate::ops::customers::Matching;
use crate::ops::examples::{Example, Saved};
use crate::ops::predict::{Prediction, Sample};
use crate::ui::tests::{at_three_sizes, render};

fn form() -> Model {
    let mut model = full_model();
    update(&mut model, Msg::Do(Command::Focus(Pane::Predict)));
    update(&mut model, Msg::Do(Command::Zoom));
    model
}

/// What the form asks for because of a message; other panes may ask for something too.
fn asked(model: &mut Model, msg: Msg) -> Vec<Effect> {
    update(model, msg).into_iter().filter(|effect| matches!(effect, Effect::Form(_) | Effect::Predict { .. })).collect()
}

fn tell(model: &mut Model, told: Told) -> Vec<Effect> {
    asked(model, Msg::Predict(Heard::Told(told)))
}

fn press(model: &mut Model, code: KeyCode) -> Vec<Effect> {
    asked(model, Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

fn typed(model: &mut Model, text: &str) -> Vec<Effect> {
    for c in text.chars() {
        press(model, KeyCode::Char(c));
    }
    press(model, KeyCode::Enter)
}

fn answered(model: &mut Model, effects: &[Effect], score: f64) {
    let ticket = effects.iter().find_map(|effect| if let Effect::Predict { ticket, .. } = effect { Some(*ticket) } else { None });
    let decision = if score >= 0.5 { "yes" } else { "no" };
    let prediction = Prediction { score, decision: decision.into(), latency: Duration::from_millis(3) };
    update(model, Msg::Predict(Heard::Answered(ticket.unwrap(), Ok(prediction))));
}

fn customer(age: i64, job: &str) -> Row {
    let cells: [(&str, Value); 7] = [
        ("age", json!(age)),
        ("job", json!(job)),
        ("marital", json!("married")),
        ("contact", json!("cellular")),
        ("month", json!("mar")),
        ("duration", json!(95)),
        ("campaign", json!(1)),
    ];
    cells.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[test]
fn customers_who_fit_a_condition() {
    let mut model = form();
    press(&mut model, KeyCode::Char('f'));
    assert!(typed(&mut model, "age > 60 and jop = student").is_empty());
    at_three_sizes("predict_filter_refused", &model);
    press(&mut model, KeyCode::Esc);
    press(&mut model, KeyCode::Char('f'));
    let effects = typed(&mut model, "age > 60 and job = 'student'");
    let ticket = effects.iter().find_map(|effect| if let Effect::Form(Ask::Match { ticket, .. }) = effect { Some(*ticket) } else { None });
    let samples = [(64, Some(false)), (71, Some(true))]
        .map(|(age, seen)| Sample { row: customer(age, "student"), actual: Some("yes".into()), seen })
        .to_vec();
    let effects = tell(&mut model, Told::Matched(ticket.unwrap(), Ok(Matching { samples, total: 5 })));
    answered(&mut model, &effects, 0.7251);
    let effects = press(&mut model, KeyCode::Char('n'));
    answered(&mut model, &effects, 0.4417);
    at_three_sizes("predict_filter", &model);
}

#[test]
fn saved_examples_and_the_history() {
    let mut model = form();
    let effects = press(&mut model, KeyCode::Char('s'));
    assert!(matches!(effects[..], [Effect::Form(Ask::Examples { show: false })]));
    let effects = typed(&mut model, "Young student");
    assert!(
        matches!(&effects[..], [Effect::Form(Ask::Save(example))] if example.name == "Young student" && example.row["age"] == json!(41))
    );
    press(&mut model, KeyCode::Char('e'));
    let example = |name: &str, age| Example { name: name.into(), row: customer(age, "student") };
    let examples = vec![example("Retired, called once", 71), example("Young student", 19)];
    tell(&mut model, Told::Examples(Ok(Saved { examples: examples.clone(), problems: vec![] }), true));
    at_three_sizes("predict_examples", &model);
    // A name that is taken is asked about.
    press(&mut model, KeyCode::Esc);
    press(&mut model, KeyCode::Char('s'));
    assert!(typed(&mut model, "Young student").is_empty());
    assert!(matches!(press(&mut model, KeyCode::Enter)[..], [Effect::Form(Ask::Save(_))]));
    press(&mut model, KeyCode::Char('e'));
    tell(&mut model, Told::Examples(Ok(Saved { examples, problems: vec![] }), true));
    let effects = press(&mut model, KeyCode::Enter);
    answered(&mut model, &effects, 0.8114);
    press(&mut model, KeyCode::Down);
    let effects = press(&mut model, KeyCode::Right);
    answered(&mut model, &effects, 0.3905);
    press(&mut model, KeyCode::Char('h'));
    at_three_sizes("predict_history", &model);
    press(&mut model, KeyCode::Down);
    let effects = press(&mut model, KeyCode::Enter);
    assert!(matches!(&effects[..], [Effect::Predict { row, .. }, ..] if row["age"] == json!(71)));
    answered(&mut model, &effects, 0.8114);
    at_three_sizes("predict_past", &model);
    press(&mut model, KeyCode::Char('e'));
    tell(&mut model, Told::Examples(Ok(Saved { examples: vec![example("Young student", 19)], problems: vec![] }), true));
    press(&mut model, KeyCode::Delete);
    assert!(matches!(&press(&mut model, KeyCode::Enter)[..], [Effect::Form(Ask::Delete(name))] if name == "Young student"));
}

#[test]
fn how_the_answer_depends_on_a_column() {
    let mut model = form();
    let effects = asked(&mut model, Msg::Do(Command::Beside(Beside::Dependence)));
    let [Effect::Form(Ask::Depend { ticket, .. })] = effects[..] else { panic!("{effects:?}") };
    let points = [(17, 0.31, 0.08, 0.62), (25, 0.19, 0.04, 0.41), (32, 0.11, 0.02, 0.26), (38, 0.09, 0.02, 0.22), (47, 0.10, 0.02, 0.25)]
        .into_iter()
        .chain([(55, 0.12, 0.03, 0.28), (71, 0.38, 0.12, 0.68), (98, 0.44, 0.15, 0.71)])
        .map(|(value, mean, low, high)| DependencePoint { value: value.to_string(), share: 0.1, mean, low, high })
        .collect();
    tell(&mut model, Told::Depends(ticket, Ok(Dependence { column: "age".into(), numeric: true, points })));
    at_three_sizes("predict_dependence", &model);
}

#[test]
fn what_matters_in_general() {
    let mut model = form();
    let evidence = model.predict.beside.evidence.clone().unwrap();
    let column = |name: &str, mean_contribution, gain_share| ColumnImportance { column: name.into(), mean_contribution, gain_share };
    let importance = vec![
        column("month", 0.412, 0.301),
        column("contact", 0.233, 0.184),
        column("age", 0.190, 0.262),
        column("campaign", 0.071, 0.113),
        column("job", 0.044, 0.098),
        column("marital", 0.012, 0.042),
    ];
    model.predict.beside.evidence = Some(Arc::new(crate::ops::explain::Evidence { importance, ..(*evidence).clone() }));
    update(&mut model, Msg::Do(Command::Beside(Beside::Importance)));
    at_three_sizes("predict_importance", &model);
}

#[test]
fn how_the_groups_of_a_column_are_treated() {
    let mut model = form();
    press(&mut model, KeyCode::Down);
    let effects = asked(&mut model, Msg::Do(Command::Beside(Beside::Segments)));
    let [Effect::Form(Ask::Segment { ticket, .. })] = effects[..] else { panic!("{effects:?}") };
    let column = model.predict.fields[1].column.clone();
    let (mut values, mut scores, mut truths) = (Vec::new(), Vec::new(), Vec::new());
    for (name, rows, every) in [("admin.", 1043, 8), ("blue-collar", 926, 14), ("student", 88, 3)] {
        for at in 0..rows {
            values.push(json!(name));
            truths.push(at % every == 0);
            scores.push(f64::from((at * 37 + every * 11) % 100) / 100.0 * if at % every == 0 { 0.9 } else { 0.55 });
        }
    }
    let report = SegmentReport::measure(&column, values.iter().map(Some), &scores, &truths, 0.5);
    tell(&mut model, Told::Segments(ticket, Ok(report)));
    at_three_sizes("predict_segments", &model);
    update(&mut model, Msg::Do(Command::Beside(Beside::Differences)));
    at_three_sizes("predict_segments_differences", &model);
    // Where not all groups fit, PgDn shows the others.
    let groups: Vec<String> = (0..30).map(|at| format!("group {at:02}")).collect();
    let values: Vec<Value> = groups.iter().flat_map(|name| std::iter::repeat_n(json!(name), 400)).collect();
    let (scores, truths): (Vec<f64>, Vec<bool>) = (0..values.len()).map(|at| ((at % 100) as f64 / 100.0, at % 7 == 0)).unzip();
    let counted = groups.iter().map(|name| CategoryValue { value: name.clone(), count: 400 }).collect();
    let column = Column { kind: ColumnKind::Category { values: counted }, ..column };
    let many = SegmentReport::measure(&column, values.iter().map(Some), &scores, &truths, 0.5);
    model.predict.beside.aspects.segments = Some(Ok(many));
    let seen = |model: &Model| {
        let (text, _) = render(model, 80, 24);
        groups.iter().filter(|name| text.contains(name.as_str())).cloned().collect::<Vec<_>>()
    };
    let first = seen(&model);
    assert!(first.len() >= 5 && first.len() < 30, "{first:?}");
    let mut all = first.clone();
    for _ in 0..6 {
        press(&mut model, KeyCode::PageDown);
        all.extend(seen(&model));
    }
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 30);
    for _ in 0..6 {
        press(&mut model, KeyCode::PageUp);
    }
    assert_eq!(seen(&model), first);
    // Esc leads back to the form before it leads anywhere else.
    press(&mut model, KeyCode::Esc);
    assert_eq!((model.predict.beside.view, model.zoomed), (crate::app::predict::beside::View::Form, true));
}

#[test]
fn what_belongs_to_a_change_stands_on_its_line() {
    let mut model = form();
    let change = |column: &str, from: &str, to: &str| Change { column: column.into(), from: from.into(), to: to.into() };
    let changes = vec![change("poutcome", "nonexistent", "success"), change("pdays", "999", "18"), change("previous", "0", "1")];
    let mut reasons = model.predict.beside.reasons.clone().unwrap();
    reasons.flips.insert(0, Flip { changes, score: 0.337, distance: 1.2 });
    model.predict.beside.reasons = Some(reasons);
    update(&mut model, Msg::Do(Command::Beside(Beside::Why)));
    at_three_sizes("predict_why_together", &model);
}

#[test]
fn a_batch_is_begun_from_the_form() {
    let mut model = form();
    update(&mut model, Msg::Do(Command::Form(Form::Batch)));
    at_three_sizes("predict_batch", &model);
    press(&mut model, KeyCode::Esc);
    update(&mut model, Msg::Paste("no customer".into()));
    assert!(model.notice.as_ref().unwrap().text.starts_with("That is no customer"));
}
