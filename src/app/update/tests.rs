#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::*;
use crate::app::action::Command;
use crate::app::tests::{failure, full_model, identity, open_model};
use crate::app::walkthrough::run::tests::over;
use crate::config::settings::TargetKind;
use crate::ops::OpErrorKind;
use crate::ops::query::QueryEngine;

fn press(model: &mut Model, code: KeyCode) -> Vec<Effect> {
    update(model, Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

fn control(model: &mut Model, c: char) -> Vec<Effect> {
    update(model, Msg::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL)))
}

#[test]
fn enter_runs_the_selected_step() {
    let mut model = open_model();
    assert!(matches!(&press(&mut model, KeyCode::Enter)[..], [Effect::RunSteps(_, steps)] if steps == &[Step::Foundation]));
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    assert!(matches!(control(&mut model, 'c')[..], [Effect::CancelSteps(_)]));
}

#[test]
fn run_all_leaves_the_cleanup_out() {
    let mut model = open_model();
    let effects = press(&mut model, KeyCode::Char('R'));
    assert!(matches!(&effects[..], [Effect::RunSteps(_, steps)] if steps.len() == 8 && !steps.contains(&Step::Cleanup)));
}

#[test]
fn cleaning_up_is_confirmed() {
    let mut model = full_model();
    model.walkthrough.select(8);
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    assert!(press(&mut model, KeyCode::Esc).is_empty());
    assert!(model.walkthrough.run.is_none());
    press(&mut model, KeyCode::Enter);
    assert!(matches!(&press(&mut model, KeyCode::Char('y'))[..], [Effect::RunSteps(_, steps)] if steps == &[Step::Cleanup]));
}

#[test]
fn on_an_account_the_name_has_to_be_typed_before_a_cleanup() {
    let mut model = full_model();
    model.target = TargetKind::Aws;
    model.walkthrough.select(8);
    press(&mut model, KeyCode::Enter);
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    for c in "BankDM".chars() {
        press(&mut model, KeyCode::Char(c));
    }
    assert!(matches!(&press(&mut model, KeyCode::Enter)[..], [Effect::RunSteps(..)]));
}

#[test]
fn what_is_typed_into_the_editor_is_never_a_command() {
    let mut model = open_model();
    update(&mut model, Msg::Do(Command::Focus(Pane::Sql)));
    for c in "qz?:1rRx".chars() {
        assert!(matches!(&press(&mut model, KeyCode::Char(c))[..], [Effect::CheckSql { .. }]));
    }
    assert_eq!(model.sql.tab().text(), "qz?:1rRx");
    assert!(model.popups.is_empty());
}

#[test]
fn tab_goes_round_and_stops_at_the_result_too() {
    let mut model = full_model();
    model.sql.tab_mut().half = Half::Editor;
    // In a text Tab indents; an empty one has nothing to indent.
    model.sql.tab_mut().replace("");
    let mut seen = Vec::new();
    for _ in 0..8 {
        seen.push((model.focus, model.sql.tab().half));
        press(&mut model, KeyCode::Tab);
    }
    assert_eq!(model.focus, Pane::Walkthrough);
    assert!(seen.contains(&(Pane::Sql, Half::Editor)) && seen.contains(&(Pane::Sql, Half::Results)));
    for _ in 0..8 {
        press(&mut model, KeyCode::BackTab);
    }
    assert_eq!(model.focus, Pane::Walkthrough);
}

#[test]
fn esc_goes_back_one_level_at_a_time() {
    let mut model = full_model();
    update(&mut model, Msg::Do(Command::Focus(Pane::Sql)));
    model.sql.tab_mut().half = Half::Results;
    model.zoomed = true;
    press(&mut model, KeyCode::Char('?'));
    press(&mut model, KeyCode::Esc);
    assert!(model.popups.is_empty() && model.zoomed);
    press(&mut model, KeyCode::Esc);
    assert_eq!(model.sql.tab().half, Half::Editor);
    press(&mut model, KeyCode::Esc);
    assert!(!model.zoomed && model.focus == Pane::Sql);
    press(&mut model, KeyCode::Esc);
    assert_eq!(model.focus, Pane::Walkthrough);
    assert!(!model.sql.tab().text().is_empty(), "no work is lost");
}

#[test]
fn leaving_asks_only_while_something_runs() {
    let mut model = open_model();
    assert!(matches!(press(&mut model, KeyCode::Char('q'))[..], [Effect::Quit]));
    press(&mut model, KeyCode::Enter);
    update(&mut model, Msg::Walkthrough(walkthrough::Msg::Begun(Step::Foundation)));
    assert!(press(&mut model, KeyCode::Char('q')).is_empty());
    assert!(matches!(press(&mut model, KeyCode::Enter)[..], [Effect::Quit]));
}

#[test]
fn an_account_that_cannot_be_opened_can_be_tried_again() {
    let mut model = open_model();
    update(&mut model, Msg::NotConnected(failure("could not open", "process 12 holds the directory", Some("Close it."))));
    assert!(matches!(press(&mut model, KeyCode::Char('r'))[..], [Effect::Connect { confirmed: false }]));
    assert_eq!(model.link, Link::Opening);
}

#[test]
fn after_the_deployment_the_form_looks_for_the_model() {
    let mut model = open_model();
    press(&mut model, KeyCode::Char('R'));
    let outcome = crate::ops::steps::StepOutcome { changed: true, message: "in service".into(), detail: serde_json::Map::new() };
    let effects = update(&mut model, Msg::Walkthrough(walkthrough::Msg::Ended(Step::Deploy, Box::new(Ok(outcome)))));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::FindModel { .. })));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::ReadResources { .. })));
}

#[test]
fn a_step_is_done_as_soon_as_the_checklist_shows_it() {
    let mut model = open_model();
    let checklist = |state| {
        let mut row = full_model().resources.rows[2].clone();
        row.state = state;
        vec![row]
    };
    let ticket_of = |effects: &[Effect]| match effects {
        [Effect::ReadResources { ticket, .. }] => *ticket,
        other => panic!("{other:?}"),
    };
    let status = |model: &Model| model.walkthrough.steps[Step::Foundation as usize].status.clone();
    let mut ticket = ticket_of(&model.resources.refresh());
    let again = update(&mut model, Msg::Resources(resources::Msg::Read(ticket, Ok(checklist(ResourceState::Creating)))));
    assert_eq!(status(&model), Status::Pending);
    ticket = ticket_of(&again);
    update(&mut model, Msg::Resources(resources::Msg::Read(ticket, Ok(checklist(ResourceState::Ready)))));
    assert!(matches!(status(&model), Status::Done { .. }), "{:?}", status(&model));
}

#[test]
fn a_statement_of_the_library_comes_with_its_engine() {
    let mut model = open_model();
    press(&mut model, KeyCode::F(3));
    update(&mut model, Msg::Do(Command::Focus(Pane::Sql)));
    press(&mut model, KeyCode::F(3));
    press(&mut model, KeyCode::Enter);
    assert_eq!(model.sql.tab().engine, QueryEngine::Athena);
    assert!(model.sql.tab().text().starts_with("-- Ten rows"));
}

#[test]
fn nothing_ticks_when_all_is_calm() {
    let mut model = full_model();
    model.resources.rows.clear();
    model.notice = None;
    assert_eq!(model.next_tick(), None);
    model.say("x", false);
    assert!(model.next_tick().is_some());
}

#[test]
fn hints_and_palette_offer_only_what_can_be_done() {
    let mut model = open_model();
    assert!(available(&model, Command::StepRun));
    press(&mut model, KeyCode::Enter);
    assert!(!available(&model, Command::StepRun));
    assert!(available(&model, Command::Cancel));
    assert!(!available(&model, Command::Pipeline(crate::app::pipeline::Command::Stop)));
}

fn typed(model: &mut Model, text: &str) {
    for c in text.chars() {
        press(model, KeyCode::Char(c));
    }
}

fn console(text: &str) -> Model {
    let mut model = full_model();
    model.focus = Pane::Sql;
    model.sql.tab_mut().replace(text);
    model.sql.catalogs.redshift = crate::app::sql::completion::fixture::catalog(3, 4);
    model
}

#[test]
fn suggestions_follow_what_is_typed_and_tab_takes_one() {
    let mut model = console("");
    typed(&mut model, "select c from s1.t2 where colu");
    let list = model.sql.tab().completion.as_ref().unwrap();
    assert_eq!(
        list.items.iter().map(|item| item.label.as_str()).take(4).collect::<Vec<_>>(),
        ["column_0", "column_1", "column_2", "column_3"]
    );
    press(&mut model, KeyCode::Down);
    press(&mut model, KeyCode::Tab);
    assert_eq!(model.sql.tab().text(), "select c from s1.t2 where column_1");
    assert!(model.sql.tab().completion.is_none());
    control(&mut model, 'u');
    assert_eq!(model.sql.tab().text(), "select c from s1.t2 where colu", "undo takes it back");
}

#[test]
fn enter_makes_a_line_unless_something_was_chosen() {
    let mut model = console("");
    typed(&mut model, "select * from s1.t");
    assert!(model.sql.tab().completion.is_some());
    press(&mut model, KeyCode::Enter);
    assert_eq!(model.sql.tab().text(), "select * from s1.t\n");
    model.sql.tab_mut().replace("select * from s1.");
    press(&mut model, KeyCode::End);
    control(&mut model, ' ');
    assert!(model.sql.tab().completion.is_some(), "asked for");
    press(&mut model, KeyCode::Enter);
    assert_eq!(model.sql.tab().text(), "select * from s1.t0");
}

#[test]
fn esc_puts_suggestions_away_before_anything_else() {
    let mut model = console("");
    typed(&mut model, "sel");
    assert!(model.sql.tab().completion.is_some());
    press(&mut model, KeyCode::Esc);
    assert!(model.sql.tab().completion.is_none());
    assert_eq!(model.focus, Pane::Sql);
}

#[test]
fn mistakes_come_back_only_for_the_text_they_were_found_in() {
    let mut model = console("");
    typed(&mut model, "select (1 2) from t; ");
    let effects = press(&mut model, KeyCode::Char('s'));
    let [Effect::CheckSql { ticket, tab, revision, dialect, text }] = &effects[..] else { panic!("{effects:?}") };
    let found = crate::app::sql::check::mistakes(*dialect, text);
    let answer = Msg::Sql(crate::app::sql::Msg::Checked(*ticket, *tab, *revision, found));
    update(&mut model, answer.clone());
    assert_eq!(model.sql.tab().mistakes().count(), 1, "{:?}", model.sql.tab().problems);
    press(&mut model, KeyCode::Char('e'));
    assert_eq!(model.sql.tab().mistakes().count(), 0);
    update(&mut model, answer);
    assert_eq!(model.sql.tab().mistakes().count(), 0, "of an older text");
}

#[test]
fn what_was_copied_in_one_tab_can_be_pasted_in_another() {
    let mut model = console("select 1");
    update(&mut model, Msg::Do(Command::Edit(crate::app::sql::editor::Command::SelectAll)));
    let effects = control(&mut model, 'x');
    assert!(matches!(&effects[0], Effect::Copy(text) if text == "select 1"));
    update(&mut model, Msg::Do(Command::Console(crate::app::sql::Command::NewTab)));
    control(&mut model, 'v');
    assert_eq!(model.sql.tab().text(), "select 1");
}

#[test]
fn dragging_the_mouse_selects() {
    let mut model = console("one\ntwo");
    update(&mut model, Msg::Click(crate::app::msg::Target::EditorText(0, 1)));
    update(&mut model, Msg::Drag(Some(crate::app::msg::Target::EditorText(1, 2)), 40));
    assert_eq!(model.sql.tab().editor.selected().unwrap(), "ne\ntw");
}

#[test]
fn vims_keys_come_before_those_of_the_console() {
    let mut model = console("one two");
    update(&mut model, Msg::Do(Command::Edit(crate::app::sql::editor::Command::VimMode)));
    typed(&mut model, "dw");
    control(&mut model, 'r');
    assert_eq!(model.sql.tab().text(), "two", "Ctrl-R redoes and does not run");
    typed(&mut model, "u");
    assert_eq!(model.sql.tab().text(), "one two");
    update(&mut model, Msg::Do(Command::Console(crate::app::sql::Command::NewTab)));
    typed(&mut model, "ix");
    assert_eq!(model.sql.tab().text(), "x", "a new tab has the same keys");
    press(&mut model, KeyCode::Esc);
    typed(&mut model, ":q");
    press(&mut model, KeyCode::Enter);
    assert_eq!(model.sql.tab().text(), "one two", "the tab is closed");
}

#[test]
fn parameters_are_asked_for_and_sent_as_parameters() {
    let mut model = console("select * from dm.data where job = :job and age > :age");
    model.sql.tab_mut().half = Half::Editor;
    let sent = press(&mut model, KeyCode::F(5));
    assert!(!sent.iter().any(|effect| matches!(effect, Effect::Query { .. })), "nothing is sent before it is asked");
    typed(&mut model, "it's");
    press(&mut model, KeyCode::Enter);
    control(&mut model, 'n');
    let effects = press(&mut model, KeyCode::Enter);
    let Some(Effect::Query { request, .. }) = effects.iter().find(|effect| matches!(effect, Effect::Query { .. })) else {
        panic!("{effects:?}")
    };
    assert_eq!(request.sql, "select * from dm.data where job = :job and age > NULL");
    assert_eq!(request.parameters, [("job".to_owned(), "it's".to_owned())]);
    assert_eq!(model.sql.values["job"].as_deref(), Some("it's"), "remembered");
    assert!(model.sql.values["age"].is_none());
}

#[test]
fn the_account_is_put_to_where_a_step_begins_after_a_question() {
    let mut model = full_model();
    model.focus = Pane::Walkthrough;
    model.walkthrough.select(4);
    assert!(press(&mut model, KeyCode::Char('T')).is_empty(), "it asks");
    assert!(matches!(model.popups.last(), Some(Popup::Confirm(confirm)) if confirm.title == "Begin at step 5?"));
    let effects = press(&mut model, KeyCode::Enter);
    assert!(matches!(effects.last(), Some(Effect::BeginAt(Step::Pipeline))), "{effects:?}");
    assert!(matches!(model.link, Link::Opening) && model.walkthrough.selected == 4 && model.resources.rows.is_empty());
    model.target = TargetKind::Aws;
    model.link = Link::Open(Box::new(identity()));
    assert!(press(&mut model, KeyCode::Char('T')).is_empty(), "an account is not put anywhere from here");
    let command = "shiftdeck --target aws checkpoint prepare --at before-pipeline";
    assert!(matches!(model.popups.last(), Some(Popup::Confirm(confirm)) if confirm.body.contains(command)));
    let effects = press(&mut model, KeyCode::Enter);
    assert!(matches!(effects.last(), Some(Effect::Copy(text)) if text == command), "{effects:?}");
    assert!(model.popups.is_empty() && matches!(model.link, Link::Open(_)));
}

#[test]
fn a_login_that_is_renewed_takes_up_what_it_has_interrupted() {
    let mut model = full_model();
    model.target = TargetKind::Aws;
    update(&mut model, Msg::Walkthrough(walkthrough::Msg::Begun(Step::Lake)));
    let error = OpError { kind: OpErrorKind::LoginEnded, ..failure("could not upload", "the token has expired", None) };
    update(&mut model, Msg::Walkthrough(walkthrough::Msg::Ended(Step::Lake, Box::new(Err(error)))));
    let over = over(&model.walkthrough);
    update(&mut model, Msg::Walkthrough(over));
    assert!(matches!(press(&mut model, KeyCode::Char('L'))[..], [Effect::LogIn]));
    let effects = update(&mut model, Msg::Login(login::Msg::Again(Ok(()))));
    assert!(matches!(effects[..], [Effect::Connect { confirmed: false }]));
    let effects = update(&mut model, Msg::Connected(Box::new(identity())));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::RunSteps(_, steps) if steps == &[Step::Lake])), "{effects:?}");
}
