//! The form filled from customers who fit, from examples and from pasted text, its history, and what is asked beside it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::json;

use super::ask::Told;
use super::beside::{Command as Beside, View};
use super::*;
use crate::demo::example::model::{row, schema};
use crate::ops::customers::Matching;

fn sample(age: i64, seen: bool) -> Sample {
    Sample { row: row(age, "admin."), actual: Some("no".into()), seen: Some(seen) }
}

/// A form with three customers of the test split at hand, the first one shown.
fn form() -> State {
    let mut state = State::default();
    let find = match &state.look()[..] {
        [Effect::FindModel { ticket }] => *ticket,
        other => panic!("{other:?}"),
    };
    let mut deployed = DeployedModel::detached("BankDM-staging", schema(), 0.5);
    deployed.version = Some(3);
    let effects = state.update(Msg::Found(find, Box::new(Ok(deployed))));
    let draw = effects.iter().find_map(|effect| if let Effect::DrawSamples { ticket, .. } = effect { Some(*ticket) } else { None });
    state.update(Msg::Drawn(draw.unwrap(), Ok([30, 40, 50].map(|age| sample(age, false)).to_vec())));
    state
}

fn ages(state: &State) -> &str {
    &state.fields[0].text
}

fn answer(state: &mut State, effects: &[Effect], score: f64) {
    let ask = effects.iter().find_map(|effect| if let Effect::Predict { ticket, .. } = effect { Some(*ticket) } else { None });
    let decision = if score >= 0.5 { "yes" } else { "no" };
    let prediction = Prediction { score, decision: decision.into(), latency: Duration::from_millis(4) };
    state.update(Msg::Answered(ask.unwrap(), Ok(prediction)));
}

#[test]
fn customers_go_forwards_backwards_and_by_chance() {
    let mut state = form();
    assert_eq!((ages(&state), state.customer.as_ref().unwrap().number), ("30", 1));
    assert!(state.previous_customer().is_empty(), "there is none before the first");
    state.next_customer();
    state.next_customer();
    assert_eq!(ages(&state), "50");
    assert!(matches!(state.next_customer()[..], [Effect::DrawSamples { seed: 2, .. }]), "more are drawn at the end");
    state.previous_customer();
    assert_eq!((ages(&state), state.customer.as_ref().unwrap().number), ("40", 2));
    for _ in 0..20 {
        let before = state.customers.at;
        state.any_customer();
        assert_ne!(state.customers.at, before, "another one than now");
    }
}

#[test]
fn those_who_fit_take_the_place_of_the_test_rows() {
    let mut state = form();
    let error = state.filter("age > old").unwrap_err();
    assert_eq!(error.at, 7);
    assert_eq!(ages(&state), "30", "a condition that cannot be read changes nothing");
    let effects = state.filter("age > 60").unwrap();
    let [Effect::Form(Ask::Match { ticket, condition, .. })] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(condition.sql(crate::demo::sql::Quotes::Double).1, [("p1".to_owned(), "60".to_owned())]);
    assert_eq!(ages(&state), "30", "until somebody is found");
    let old = *ticket;
    let effects = state.filter("age > 70").unwrap();
    let [Effect::Form(Ask::Match { ticket, .. })] = &effects[..] else { panic!("{effects:?}") };
    let found = |ages: &[i64]| Ok(Matching { samples: ages.iter().map(|age| sample(*age, *age > 80)).collect(), total: 900 });
    state.update(Msg::Told(Told::Matched(old, found(&[61]))));
    assert_eq!(ages(&state), "30", "an older answer is not taken");
    state.update(Msg::Told(Told::Matched(*ticket, found(&[71, 85]))));
    assert_eq!(state.customers.told("customer").unwrap(), "900 customers have age > 70");
    assert_eq!((ages(&state), state.customer.as_ref().unwrap().seen), ("71", Some(false)));
    state.next_customer();
    assert_eq!((ages(&state), state.customer.as_ref().unwrap().seen), ("85", Some(true)));
    state.next_customer();
    assert_eq!(ages(&state), "71", "they go round");
    state.previous_customer();
    assert_eq!(ages(&state), "85");
    assert!(matches!(state.filter(" ").unwrap()[..], [Effect::DrawSamples { .. }]), "without a condition, the test rows again");
}

#[test]
fn nobody_fits_and_the_form_stays() {
    let mut state = form();
    let effects = state.filter("age > 97").unwrap();
    let [Effect::Form(Ask::Match { ticket, .. })] = &effects[..] else { panic!("{effects:?}") };
    state.update(Msg::Told(Told::Matched(*ticket, Ok(Matching { samples: vec![], total: 0 }))));
    assert_eq!((ages(&state), state.customers.told("customer").unwrap().as_str()), ("30", "No customer has age > 97"));
    assert!(state.next_customer().is_empty() && state.previous_customer().is_empty());
}

#[test]
fn an_example_is_shown_and_looked_up() {
    let mut state = form();
    let effects = state.show_example(Example { name: "Older".into(), row: row(77, "student") });
    let recognise = effects.iter().find_map(|effect| match effect {
        Effect::Form(Ask::Recognise { ticket, row, .. }) if row["age"] == json!(77) => Some(*ticket),
        _ => None,
    });
    assert_eq!(state.customer.as_ref().unwrap().origin, Origin::Example("Older".into()));
    state.update(Msg::Told(Told::Recognised(recognise.unwrap(), Ok(sample(77, true)))));
    assert_eq!(state.customer.as_ref().unwrap().seen, Some(true));
    // One that lacks a column can still be shown: the field is empty, and says so.
    state.show_example(Example { name: "Half".into(), row: [("age".to_owned(), json!(20))].into_iter().collect() });
    assert!(matches!(state.fields[1].remark(), Remark::Unusual(_)));
}

#[test]
fn a_prediction_of_before_comes_back_with_its_changes() {
    let mut state = form();
    let effects = state.ask(Duration::ZERO);
    answer(&mut state, &effects, 0.2);
    let effects = state.step(1);
    answer(&mut state, &effects, 0.6);
    let effects = state.ask(Duration::ZERO);
    answer(&mut state, &effects, 0.6);
    assert_eq!(state.past.len(), 2, "the same row asked again is the same prediction");
    assert_eq!(state.past[1].changes, [("age".to_owned(), "30".to_owned(), "31".to_owned())]);
    assert_eq!((state.past[1].decision.as_str(), state.past[1].version), ("yes", Some(3)));
    state.next_customer();
    let effects = state.go_back(2);
    assert!(matches!(&effects[..], [Effect::Predict { row, .. }] if row["age"] == json!(31)));
    assert_eq!((ages(&state), state.fields[0].original.as_str(), state.baseline), ("31", "30", Some(0.2)));
    assert_eq!(state.customer.as_ref().unwrap().origin, Origin::Past(2));
    assert!(state.go_back(99).is_empty());
}

#[test]
fn a_pasted_customer_fills_what_it_names() {
    let mut state = form();
    let (told, effects) = state.paste(r#"{"age": "44", "income": 5, "y": "yes"}"#).unwrap();
    assert_eq!(told, "1 field filled; `income` left out, the form has no such column");
    assert!(matches!(&effects[..], [Effect::Predict { row, .. }, ..] if row["age"] == json!(44) && row["job"] == json!("admin.")));
    assert_eq!(state.customer.as_ref().unwrap().actual.as_deref(), Some("yes"));
    state.paste("\u{feff}\"age\";\"job\"\n51;student\n").unwrap();
    assert_eq!((ages(&state), state.fields[1].text.as_str()), ("51", "student"));
}

/// Whatever is pasted or picked, the form says what is wrong or asks, and what was in it is not lost to a text that is no customer.
#[test]
fn bad_input_is_refused_in_a_sentence_and_nothing_is_lost() {
    let mut state = form();
    let before = state.fields.clone();
    let large = format!("{{\"age\": \"{}\"}}", "9".repeat(10 << 20));
    let deep = format!("{{\"age\": {}}}", "[".repeat(100_000));
    for text in
        ["", " ", "hello", "{", "[1]", "{\"age\"", "null", "age,job", "a,b\n1,2", "{\"x\u{1b}[2J\": 1}", &large, &deep, "\u{0}\n\u{0}"]
    {
        let why = state.paste(text).map(|_| panic!("{}", &text[..text.len().min(40)])).unwrap_err();
        assert!(!why.is_empty() && why.len() < 200 && !why.contains('\u{1b}'), "{why}");
        assert_eq!(state.fields, before);
    }
    let wrong = ["true", "\"old\"", "{}", "[]", "1e999", r#""\u0000""#, r#""\u001b[2J""#];
    for value in wrong {
        for column in ["age", "job"] {
            // A number that JSON cannot hold is no JSON; everything else is shown, and said to be wrong.
            let Ok((_, effects)) = state.paste(&format!("{{\"{column}\": {value}}}")) else { continue };
            assert!(matches!(state.row(), Err(field) if field.column.name == column), "{column} {value}");
            assert!(effects.is_empty(), "what is wrong is not asked");
            state.paste(r#"{"age": 30, "job": "admin."}"#).unwrap();
        }
    }
    state.update(Msg::Picked(1, "x".repeat(10 << 20)));
    assert!(matches!(state.row(), Err(field) if field.column.name == "job"));
    assert!(state.update(Msg::Picked(99, String::new())).is_empty());
}

#[test]
fn the_views_of_a_column_follow_the_selection_and_the_threshold() {
    let mut state = form();
    assert!(state.run(Beside::Dependence).is_empty(), "there is nothing to compute it from yet");
    state.beside.evidence = Some(beside::tests::evidence());
    state.beside.view = View::Form;
    let effects = state.run(Beside::Dependence);
    let [Effect::Form(Ask::Depend { ticket, column, .. })] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(column, "age");
    assert!(state.look_into().is_empty(), "it is on its way");
    state.list.selected = 1;
    let effects = state.look_into();
    let [Effect::Form(Ask::Depend { ticket: newer, column, .. })] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(column, "job");
    let found = |column: &str| beside::tests::evidence().explained.dependence(&beside::tests::evidence().test, column);
    state.update(Msg::Told(Told::Depends(*newer, found("job"))));
    state.update(Msg::Told(Told::Depends(*ticket, found("age"))));
    assert_eq!(state.beside.aspects.dependence.as_ref().unwrap().as_ref().unwrap().column, "job");
    assert!(matches!(&state.run(Beside::Segments)[..], [Effect::Form(Ask::Segment { column, .. })] if column == "job"));
    let effects = state.run(Beside::LowerThreshold);
    assert!(matches!(&effects[..], [Effect::Form(Ask::Segment { threshold, .. })] if (*threshold - 0.49).abs() < 1e-9), "{effects:?}");
    assert!(state.run(Beside::Importance).is_empty());
}
