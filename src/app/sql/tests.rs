#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::*;
use crate::ops::query::{Cell, Page, QueryColumn, QueryResult};
use crate::ops::{OpError, OpErrorKind};

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap()
}

fn with_text(text: &str) -> State {
    let mut state = State::default();
    state.tab_mut().paste(text);
    state
}

fn answer(rows: usize, next: Option<&str>) -> QueryResult {
    QueryResult {
        id: "1".into(),
        engine: QueryEngine::Redshift,
        columns: vec![QueryColumn { name: "n".into(), type_name: "int8".into(), numeric: true }],
        page: Page { rows: (0..rows).map(|n| vec![Cell::Integer(n as i64)]).collect(), next: next.map(Into::into) },
        total_rows: Some(5000),
        duration: Duration::from_millis(7),
        scanned_bytes: None,
    }
}

fn ended(run: RunId, answer: Result<QueryResult, OpError>) -> Msg {
    Msg::Run(run, run::Msg::Finished(Box::new(answer)))
}

fn near(state: &mut State) -> Vec<Effect> {
    state.tab_mut().result_mut().unwrap().fetch_if_near(20)
}

fn run_of(effects: &[Effect]) -> RunId {
    match effects {
        [Effect::Query { run, .. }] => *run,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_statement_under_the_cursor_runs_without_its_semicolon() {
    let mut state = with_text("select 1;\n\nselect 'é',\n  2;");
    assert_eq!(state.tab().statement().unwrap().0, "select 'é',\n  2");
    state.tab_mut().place_cursor(0, 3);
    assert_eq!(state.tab().statement().unwrap(), ("select 1".into(), 0));
    match &state.run(now())[..] {
        [Effect::Query { request, .. }] => assert_eq!(request.sql, "select 1"),
        other => panic!("{other:?}"),
    }
    assert!(state.run(now()).is_empty(), "one at a time");
}

#[test]
fn a_selection_runs_as_it_is() {
    let mut state = with_text("select 1; select 2;");
    state.tab_mut().place_cursor(0, 0);
    for _ in 0..9 {
        state.tab_mut().key(KeyEvent::new(KeyCode::Right, KeyModifiers::SHIFT));
    }
    assert_eq!(state.tab().statement().unwrap().0, "select 1");
}

#[test]
fn an_error_is_underlined_where_the_service_points() {
    let mut state = with_text("select 1;\nselect nope\nfrom t");
    let run = run_of(&state.run(now()));
    let error = OpError {
        kind: OpErrorKind::Failed,
        resource: None,
        what: "the statement failed".into(),
        why: "ERROR: column \"nope\" does not exist Position: 8".into(),
        fix: None,
    };
    state.update(ended(run, Err(error)), now());
    assert_eq!(state.tab().failure.as_ref().unwrap().place, Some((1, 7, 11)));
    state.tab_mut().key(KeyEvent::new(KeyCode::Char('x'), KeyModifiers::NONE));
    assert!(state.tab().failure.is_none(), "typing takes the mark away");
}

#[test]
fn pages_are_fetched_as_one_nears_the_end_and_only_once() {
    let mut state = with_text("select 1");
    let run = run_of(&state.run(now()));
    state.update(ended(run, Ok(answer(100, Some("p2")))), now());
    assert!(near(&mut state).is_empty());
    state.tab_mut().result_mut().unwrap().list.selected = 60;
    let page = match &near(&mut state)[..] {
        [Effect::Result { ticket, task, .. }] if task.job.fetches() && task.store.next().as_deref() == Some("p2") => *ticket,
        other => panic!("{other:?}"),
    };
    assert!(near(&mut state).is_empty());
    let spill = crate::ops::results::Spill::new(std::env::temp_dir(), usize::MAX);
    state.tab().result().unwrap().store.append(answer(100, None).page, &spill).unwrap();
    state.update(Msg::Grid(run, result::Msg::Fetched(page, Ok(()))), now());
    assert_eq!(state.tab().result().unwrap().shown_rows(), 200);
    assert!(near(&mut state).is_empty());
}

#[test]
fn a_page_of_an_older_result_is_dropped() {
    let mut state = with_text("select 1");
    let run = run_of(&state.run(now()));
    state.update(ended(run, Ok(answer(10, Some("p2")))), now());
    let page = match &near(&mut state)[..] {
        [Effect::Result { ticket, task, .. }] if task.job.fetches() => *ticket,
        other => panic!("{other:?}"),
    };
    let again = run_of(&state.run(now()));
    state.update(ended(again, Ok(answer(3, None))), now());
    state.update(Msg::Grid(run, result::Msg::Fetched(page, Ok(()))), now());
    assert_eq!(state.tab().result().unwrap().shown_rows(), 3);
}

#[test]
fn replacing_the_text_can_be_undone() {
    let mut state = with_text("select 1");
    state.tab_mut().replace("select 2;\n");
    assert_eq!(state.tab().text(), "select 2;");
    while state.tab_mut().editor.undo() {}
    while state.tab().text() != "select 1" && state.tab_mut().editor.redo() {}
    assert_eq!(state.tab().text(), "select 1");
}

#[test]
fn carriage_returns_of_a_paste_are_line_ends() {
    assert_eq!(with_text("a\r\nb\rc").tab().editor.lines(), ["a", "b", "c"]);
}
