//! Keys in the Pipeline pane, from the key to what is asked of the account.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::*;
use crate::app::action::Command;
use crate::app::model::Viewport;
use crate::app::pipeline::fixture::{self, Outcome};
use crate::app::pipeline::{Ask, Command as P, Msg as Answer, Section, View, Work};
use crate::app::popup::Popup;
use crate::app::tests::full_model;
use crate::config::settings::TargetKind;
use crate::ops::pipeline::Peek;
use crate::ops::pipeline::parameters::{ParameterKind, ParameterSpec};

fn press(model: &mut Model, code: KeyCode) -> Vec<Effect> {
    update(model, Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

fn key(model: &mut Model, c: char) -> Vec<Effect> {
    press(model, KeyCode::Char(c))
}

fn work(effects: &[Effect]) -> Option<&Work> {
    effects.iter().find_map(|effect| match effect {
        Effect::Pipeline(Ask::Do(work)) => Some(work),
        _ => None,
    })
}

fn pane(outcome: Outcome) -> Model {
    let mut model = full_model();
    model.pipeline = fixture::state(outcome);
    model.pipeline.runs = fixture::runs();
    model.pipeline.models = fixture::models();
    model.pipeline.endpoints = fixture::endpoints();
    model.pipeline.project = fixture::project(true);
    model.viewport = Viewport::default();
    update(&mut model, Msg::Do(Command::Focus(Pane::Pipeline)));
    model
}

#[test]
fn arrows_and_letters_go_through_the_views_and_digits_still_go_to_panes() {
    let mut model = pane(Outcome::Succeeded);
    for view in [View::Runs, View::Models, View::Endpoints, View::Definition, View::Project, View::Graph] {
        press(&mut model, KeyCode::Right);
        assert_eq!(model.pipeline.view, view);
    }
    for (c, view) in [('m', View::Models), ('p', View::Project), ('g', View::Graph), ('e', View::Endpoints)] {
        key(&mut model, c);
        assert_eq!(model.pipeline.view, view);
    }
    press(&mut model, KeyCode::Esc);
    assert_eq!((model.focus, model.pipeline.view), (Pane::Pipeline, View::Graph));
    key(&mut model, '3');
    assert_eq!(model.focus, Pane::Sql);
}

#[test]
fn in_the_detail_arrows_go_through_the_sections_and_esc_goes_back() {
    let mut model = pane(Outcome::Succeeded);
    press(&mut model, KeyCode::Enter);
    assert!(model.pipeline.in_detail);
    assert_eq!(model.pipeline.section(), Section::Result, "what only this step has comes first");
    press(&mut model, KeyCode::Right);
    assert_eq!((model.pipeline.section(), model.pipeline.view), (Section::Data, View::Graph));
    press(&mut model, KeyCode::Esc);
    assert!(!model.pipeline.in_detail && model.focus == Pane::Pipeline);
}

#[test]
fn the_rows_of_an_object_are_asked_for_and_shown() {
    let mut model = pane(Outcome::Succeeded);
    press(&mut model, KeyCode::Enter);
    press(&mut model, KeyCode::Right);
    let effects = press(&mut model, KeyCode::Enter);
    let (ticket, uri) = effects
        .iter()
        .find_map(|effect| match effect {
            Effect::Pipeline(Ask::Peek { ticket, uri }) => Some((*ticket, uri.clone())),
            _ => None,
        })
        .unwrap();
    assert!(uri.ends_with("/train/train.csv"), "{uri}");
    let peek = Peek { columns: vec!["y".into()], rows: vec![vec!["1".into()]], truncated: false };
    update(&mut model, Msg::Pipeline(Answer::Peeked(ticket, Box::new(Ok(peek)))));
    assert!(matches!(model.popups.last(), Some(Popup::Table(table)) if table.found.is_some()));
    press(&mut model, KeyCode::Esc);
    assert!(model.popups.is_empty() && model.pipeline.in_detail);
}

#[test]
fn starting_asks_for_the_parameters_first() {
    let mut model = pane(Outcome::Succeeded);
    let effects = key(&mut model, 's');
    let ticket = effects
        .iter()
        .find_map(|effect| match effect {
            Effect::Pipeline(Ask::Parameters { ticket }) => Some(*ticket),
            _ => None,
        })
        .unwrap();
    assert!(key(&mut model, 's').iter().all(|effect| !matches!(effect, Effect::Pipeline(Ask::Parameters { .. }))), "asked once");
    let spec = ParameterSpec { name: "Count".into(), kind: ParameterKind::Integer, default: Some("1".into()), allowed: vec![] };
    update(&mut model, Msg::Pipeline(Answer::Parameters(ticket, Box::new(Ok(vec![spec])))));
    key(&mut model, '2');
    let effects = press(&mut model, KeyCode::F(5));
    let Some(Work::Start(options)) = work(&effects) else { panic!("{effects:?}") };
    assert_eq!(options.parameters, [("Count".to_owned(), "12".to_owned())]);
    assert!(model.popups.is_empty());
}

#[test]
fn stopping_and_trying_again_are_asked_about() {
    let mut model = pane(Outcome::Running(3));
    assert!(work(&key(&mut model, 'S')).is_none());
    assert!(matches!(work(&press(&mut model, KeyCode::Enter)), Some(Work::Stop(_))));
    assert!(work(&key(&mut model, 'S')).is_none() && model.popups.is_empty(), "it is being stopped");
    let mut model = pane(Outcome::Failed(3));
    key(&mut model, 't');
    assert!(matches!(work(&key(&mut model, 'y')), Some(Work::Retry(_))));
    let mut model = pane(Outcome::Succeeded);
    key(&mut model, 't');
    assert!(model.popups.is_empty() && model.notice.is_some(), "what succeeded is not tried again");
}

#[test]
fn on_an_account_promoting_is_typed() {
    let mut model = pane(Outcome::Succeeded);
    model.target = TargetKind::Aws;
    key(&mut model, 'e');
    key(&mut model, 'P');
    assert!(work(&press(&mut model, KeyCode::Enter)).is_none());
    for c in "BankDM".chars() {
        key(&mut model, c);
    }
    assert_eq!(work(&press(&mut model, KeyCode::Enter)), Some(&Work::Promote));
    key(&mut model, 'b');
    assert!(model.popups.is_empty(), "one change of endpoints at a time");
}

#[test]
fn a_version_is_approved_or_rejected_with_a_reason_and_only_an_approved_one_deployed() {
    let mut model = pane(Outcome::Succeeded);
    key(&mut model, 'm');
    model.pipeline.models.list.selected = 0;
    key(&mut model, 'y');
    assert!(model.popups.is_empty(), "nobody has approved it");
    key(&mut model, 'n');
    assert!(work(&press(&mut model, KeyCode::Enter)).is_none(), "without a reason");
    for c in "worse".chars() {
        key(&mut model, c);
    }
    let effects = press(&mut model, KeyCode::Enter);
    assert_eq!(work(&effects), Some(&Work::Decide { version: 3, approve: false, reason: "worse".into() }));
}

#[test]
fn the_approval_of_the_project_carries_its_token() {
    let mut model = pane(Outcome::Succeeded);
    key(&mut model, 'p');
    key(&mut model, 'a');
    let effects = press(&mut model, KeyCode::Enter);
    assert!(matches!(work(&effects), Some(Work::Answer { token, yes: true, .. }) if token == "token-1"));
}

#[test]
fn a_search_is_typed_into_the_log_and_no_key_is_a_command_meanwhile() {
    let mut model = pane(Outcome::Running(3));
    press(&mut model, KeyCode::Enter);
    update(&mut model, Msg::Do(Command::Pipeline(P::Section(Section::Log))));
    key(&mut model, '/');
    for c in "[1qs".chars() {
        key(&mut model, c);
    }
    press(&mut model, KeyCode::Backspace);
    press(&mut model, KeyCode::Backspace);
    press(&mut model, KeyCode::Enter);
    let log = &model.pipeline.step_view().unwrap().log;
    assert_eq!(log.search.as_deref(), Some("[1"));
    assert_eq!(log.found().len(), 11);
    assert!(log.top.is_some() && model.popups.is_empty());
}

#[test]
fn nothing_is_asked_for_a_pane_that_nobody_looks_at() {
    let mut model = pane(Outcome::Succeeded);
    model.pipeline.runs.stale = true;
    model.pipeline.view = View::Runs;
    model.focus = Pane::Walkthrough;
    assert!(press(&mut model, KeyCode::Down).iter().all(|effect| !matches!(effect, Effect::Pipeline(_))));
    let effects = update(&mut model, Msg::Do(Command::Focus(Pane::Pipeline)));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Pipeline(Ask::History { .. }))));
}
