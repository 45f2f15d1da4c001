#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::fixture::{answer, serve};
use super::*;

fn state() -> State {
    let mut state = State::default();
    state.set_source(Some(QueryEngine::Redshift));
    serve(&mut state);
    state
}

fn asks(effects: &[Effect]) -> Vec<&Ask> {
    effects.iter().map(|effect| if let Effect::Explore(ask) = effect { ask } else { panic!("{effect:?}") }).collect()
}

#[test]
fn the_table_comes_first_then_the_picture_and_the_previews() {
    let mut state = State::default();
    assert!(state.want().is_empty(), "nothing to explore yet");
    state.set_source(Some(QueryEngine::Athena));
    let effects = state.want();
    let [open @ Ask::Open { engine: QueryEngine::Athena, .. }] = asks(&effects)[..] else { panic!("{effects:?}") };
    assert!(state.want().is_empty() && state.pending(), "once is enough");
    state.update(answer(open).unwrap());
    let effects = state.want();
    assert!(matches!(asks(&effects)[..], [Ask::Find { subject: Subject::Column(_), .. }, Ask::Preview { .. }]), "{effects:?}");
    assert!(state.want().is_empty());
    for ask in asks(&effects) {
        state.update(answer(ask).unwrap());
    }
    assert!(state.want().is_empty() && !state.pending());
    assert_eq!(state.column(), Some("age"));
    assert!(state.marks() > 0 && state.preview("month").is_some());
}

#[test]
fn who_runs_through_the_columns_is_answered_about_the_last() {
    let mut state = state();
    state.move_by(1, 0);
    let first = state.want();
    state.move_by(1, 0);
    let second = state.want();
    let [Ask::Find { after, .. }] = asks(&second)[..] else { panic!("{second:?}") };
    assert!(*after > Duration::ZERO, "a newer question may come");
    state.update(answer(asks(&first)[0]).unwrap());
    assert!(state.shown().is_none(), "an answer to an old question");
    state.update(answer(asks(&second)[0]).unwrap());
    assert!(state.shown().is_some());
    state.move_by(-2, 0);
    assert!(state.want().is_empty(), "what is known is not asked again");
    assert!(state.shown().is_some());
}

#[test]
fn enter_goes_into_the_picture_and_then_to_the_rows() {
    let mut state = state();
    assert_eq!(state.open(), None);
    assert!(state.inside());
    state.move_by(1, 0);
    let statement = state.open().unwrap();
    assert_eq!(statement.sql, "SELECT *\nFROM dm.data\nWHERE age >= 20 AND age < 30;");
    assert!(statement.run && statement.title.starts_with("age 20"));
    assert!(state.back() && !state.inside() && !state.back(), "one level at a time");
}

#[test]
fn a_pair_of_the_heat_map_becomes_a_density_and_its_other_column_can_change() {
    let mut state = state();
    state.show(View::Correlations);
    serve(&mut state);
    state.open();
    state.move_by(2, 0);
    state.open();
    assert_eq!((state.view, state.other()), (View::Density, Some("pdays")));
    serve(&mut state);
    assert_eq!(state.subject(), Some(Subject::Density("age".into(), "pdays".into())));
    state.open();
    assert!(state.inside(), "the fullest cell is selected first");
    state.move_by(1, 0);
    let statement = state.open().unwrap();
    assert_eq!(statement.sql, "SELECT *\nFROM dm.data\nWHERE age >= 36 AND age < 38 AND pdays >= 0 AND pdays < 2;");
    assert!(state.back());
    state.step_other(1);
    assert_eq!(state.other(), Some("previous"));
    state.step_other(-3);
    assert_eq!(state.other(), Some("duration"));
    state.select(1);
    assert_eq!(state.subject(), None, "a category has no scale");
    assert!(state.want().is_empty());
}

#[test]
fn a_terminal_that_shows_images_gets_one_for_the_room_that_there_is() {
    let mut state = state();
    state.images.room = Some((80, 20));
    assert!(state.want().is_empty(), "this terminal shows none");
    (state.images.possible, state.images.on) = (true, true);
    let effects = state.want();
    let [Ask::Draw { ticket, order, .. }] = asks(&effects)[..] else { panic!("{effects:?}") };
    assert!(state.want().is_empty(), "once is enough");
    state.update(Msg::Drawn(*ticket, order.clone(), Err("it is too large".into())));
    assert!(state.want().is_empty() && state.image((80, 20)).is_none(), "what failed is not tried for ever");
    // Another room, another image.
    state.images.room = Some((60, 20));
    serve(&mut state);
    assert!(state.image((60, 20)).is_some() && state.image((80, 20)).is_none());
    state.images.suit("dark");
    assert!(state.image((60, 20)).is_none(), "drawn on another ground");
    serve(&mut state);
    assert!(state.image((60, 20)).is_some());
    // Whoever goes into the picture sees what is selected.
    state.open();
    assert!(state.image((60, 20)).is_none());
    state.back();
    assert!(state.image((60, 20)).is_some());
    state.show(View::Answers);
    serve(&mut state);
    assert!(state.image((60, 20)).is_none(), "the file shows something else");
}

#[test]
fn a_finding_leads_to_its_column() {
    let mut state = state();
    state.show(View::Findings);
    serve(&mut state);
    assert!(state.inside());
    state.move_by(2, 0);
    state.open();
    assert_eq!((state.view, state.column()), (View::Distribution, Some("month")));
}

#[test]
fn a_month_of_the_campaign_leads_to_its_rows() {
    let mut state = state();
    state.show(View::Order);
    serve(&mut state);
    state.move_by(1, 0);
    assert!(state.open().unwrap().sql.contains("month = 'jun'"));
}

#[test]
fn what_fails_is_asked_again_only_when_somebody_wants_it() {
    let mut state = State::default();
    state.set_source(Some(QueryEngine::Redshift));
    let effects = state.want();
    let Ask::Open { ticket, .. } = asks(&effects)[0] else { panic!() };
    state.update(Msg::Opened(*ticket, Err(OpError::failed("dm.data", "could not read it", "it is locked"))));
    assert!(state.want().is_empty() && state.error.is_some());
    state.forget();
    assert_eq!(state.want().len(), 1);
    state.cancel();
    assert!(!state.pending() && state.want().is_empty());
}

#[test]
fn statements_scroll_and_are_closed_before_anything_else() {
    let mut state = state();
    state.statements = Some(0);
    state.move_by(5, 0);
    assert_eq!(state.statements, Some(5));
    state.move_by(-1, 3);
    assert_eq!(state.statements, Some(2), "from what was on the screen");
    assert_eq!(state.list.selected, 0);
    assert!(state.back() && state.statements.is_none());
    assert!(state.console().unwrap().sql.ends_with(';'));
}

#[test]
fn another_engine_means_that_everything_is_asked_again() {
    let mut state = state();
    state.set_source(Some(QueryEngine::Athena));
    assert!(state.table.is_none() && state.shown().is_none());
    serve(&mut state);
    assert_eq!(state.table.as_ref().unwrap().engine, QueryEngine::Athena);
}
