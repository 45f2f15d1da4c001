//! The form, and what the endpoint answers to it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::demo::feature_schema::{CategoryValue, Column, FeatureSchema, Target};

fn number(name: &str) -> Column {
    let kind = ColumnKind::Number { integer: true, min: 17.0, max: 98.0, mean: 40.0, quantiles: vec![] };
    Column { name: name.into(), dropped: false, kind }
}

fn category(name: &str, values: &[&str]) -> Column {
    let values = values.iter().map(|value| CategoryValue { value: (*value).into(), count: 1 }).collect();
    Column { name: name.into(), dropped: false, kind: ColumnKind::Category { values } }
}

fn model() -> DeployedModel {
    let schema = FeatureSchema {
        version: 1,
        target: Target { name: "y".into(), positive: "yes".into(), negative: "no".into() },
        columns: vec![number("age"), category("job", &["admin.", "student"])],
        derived: vec![],
        features: vec![],
    };
    let mut model = DeployedModel::detached("BankDM-staging", schema, 0.5);
    model.version = Some(1);
    model
}

fn with_customer() -> (State, Ticket) {
    let mut state = State::default();
    let find = match &state.look()[..] {
        [Effect::FindModel { ticket }] => *ticket,
        other => panic!("{other:?}"),
    };
    let draw = match &state.update(Msg::Found(find, Box::new(Ok(model()))))[..] {
        [Effect::DrawSamples { ticket, .. }, Effect::GatherEvidence { .. }] => *ticket,
        other => panic!("{other:?}"),
    };
    let row: Row = [("age".to_owned(), Value::from(30)), ("job".to_owned(), Value::from("student"))].into_iter().collect();
    let effects = state.update(Msg::Drawn(draw, Ok(vec![Sample { row, actual: Some("no".into()), seen: Some(false) }])));
    let ask = match &effects[..] {
        [Effect::Predict { ticket, row, .. }] => {
            assert_eq!(row["age"], Value::from(30));
            *ticket
        }
        other => panic!("{other:?}"),
    };
    (state, ask)
}

fn answer(score: f64) -> Prediction {
    Prediction { score, decision: "no".into(), latency: Duration::from_millis(3) }
}

#[test]
fn the_form_follows_the_schema_and_asks_at_once() {
    let (mut state, ask) = with_customer();
    assert_eq!(state.fields.len(), 2);
    state.update(Msg::Answered(ask, Ok(answer(0.2))));
    assert_eq!(state.baseline, Some(0.2));
}

#[test]
fn only_the_newest_answer_is_shown() {
    let (mut state, first) = with_customer();
    let second = match &state.step(1)[..] {
        [Effect::Predict { ticket, row, .. }] => {
            assert_eq!(row["age"], Value::from(31));
            *ticket
        }
        other => panic!("{other:?}"),
    };
    state.update(Msg::Answered(second, Ok(answer(0.4))));
    state.update(Msg::Answered(first, Ok(answer(0.1))));
    assert_eq!(state.prediction.as_ref().unwrap().score, 0.4);
    assert_eq!(state.baseline, None, "a changed customer is no baseline");
}

#[test]
fn what_is_not_a_number_is_not_asked() {
    let (mut state, _) = with_customer();
    assert!(state.edit().is_none());
    for _ in 0..2 {
        state.type_character(None);
    }
    assert!(matches!(state.fields[0].remark(), Remark::Unusual(_)), "an empty field is left out knowingly");
    assert!(state.type_character(Some('-')).is_empty());
    assert!(matches!(state.fields[0].remark(), Remark::Wrong(_)));
    assert_eq!(state.type_character(Some('5')).len(), 1);
    assert!(matches!(state.fields[0].remark(), Remark::Unusual(_)));
    assert!(state.type_character(Some('x')).is_empty());
    assert_eq!(state.finish_editing(false, Some("30".into())).len(), 1);
    assert_eq!(state.fields[0].text, "30");
}

#[test]
fn categories_go_round() {
    let (mut state, _) = with_customer();
    state.list.selected = 1;
    state.step(1);
    assert_eq!(state.fields[1].text, "admin.");
    state.step(-1);
    assert_eq!(state.fields[1].text, "student");
    assert!(!state.fields[1].changed());
}
