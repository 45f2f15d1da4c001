#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::editor::text::Place;
use super::*;
use crate::ops::query::{Cell, Page, QueryColumn, QueryEvent, QueryResult, SessionUse};
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
        result_bytes: None,
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
    state.tab_mut().place_cursor(Place::new(0, 3));
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
    state.tab_mut().place_cursor(Place::default());
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
    assert_eq!(state.tab().failure.as_ref().unwrap().place, Some((Place::new(1, 7), Place::new(1, 11))));
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

fn pick(effects: &[Effect]) -> Option<(RunId, String, SessionUse)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Query { run, request, session } => Some((*run, request.sql.clone(), session.clone())),
        _ => None,
    })
}

fn failure(why: &str) -> OpError {
    OpError { kind: OpErrorKind::Failed, resource: None, what: "the statement failed".into(), why: why.into(), fix: None }
}

fn script(state: &mut State) -> Vec<Effect> {
    let start = state.start(true).unwrap();
    state.begin(start, now())
}

fn states(state: &State) -> Vec<&'static str> {
    let word = |run: &Run| match run.state {
        RunState::Waiting => "waiting",
        RunState::Active { .. } => "active",
        RunState::Done { .. } => "done",
        RunState::Failed { .. } => "failed",
        RunState::Skipped => "skipped",
    };
    state.tab().runs.iter().map(word).collect()
}

#[test]
fn a_script_runs_one_statement_after_the_other_and_stops_at_an_error() {
    let mut state = with_text("select 1; select 2;\n-- three\nselect 3");
    let (first, sql, _) = pick(&script(&mut state)).unwrap();
    assert_eq!((sql.as_str(), states(&state)), ("select 1", vec!["active", "waiting", "waiting"]));
    let (second, sql, _) = pick(&state.update(ended(first, Ok(answer(1, None))), now())).unwrap();
    assert_eq!(sql, "select 2");
    assert!(pick(&state.update(ended(second, Err(failure("no"))), now())).is_none());
    assert_eq!(states(&state), ["done", "failed", "skipped"]);
}

#[test]
fn a_script_goes_on_when_it_is_asked_to() {
    let mut state = with_text("select 1; select 2");
    state.tab_mut().goes_on = true;
    let (first, ..) = pick(&script(&mut state)).unwrap();
    let (second, ..) = pick(&state.update(ended(first, Err(failure("no"))), now())).unwrap();
    state.update(ended(second, Ok(answer(1, None))), now());
    assert_eq!(states(&state), ["failed", "done"]);
}

#[test]
fn cancelling_a_script_sends_nothing_more() {
    let mut state = with_text("select 1; select 2");
    let (first, ..) = pick(&script(&mut state)).unwrap();
    assert!(matches!(state.tab_mut().cancel()[..], [Effect::CancelQuery(run)] if run == first));
    let cancelled = OpError { kind: OpErrorKind::Cancelled, ..failure("cancelled") };
    assert!(pick(&state.update(ended(first, Err(cancelled)), now())).is_none());
    assert_eq!(states(&state), ["failed", "skipped"]);
}

#[test]
fn tabs_run_at_the_same_time_and_answers_find_their_tab() {
    let mut state = with_text("select 1");
    let first = run_of(&state.run(now()));
    state.open_tab();
    state.tab_mut().paste("select 2");
    let second = run_of(&state.run(now()));
    assert_ne!(first, second);
    assert_eq!(state.active().count(), 2);
    state.update(ended(first, Ok(answer(3, None))), now());
    assert!(state.tab().results.is_empty(), "the answer is for the other tab");
    state.step_tab(false);
    assert_eq!(state.tab().result().unwrap().shown_rows(), 3);
    assert_eq!(state.active().count(), 1);
}

#[test]
fn the_statements_of_a_tab_share_a_session_until_it_is_closed() {
    let mut state = with_text("create temp table t (a int); begin; insert into t values (1); select nope; commit");
    let (run, _, session) = pick(&script(&mut state)).unwrap();
    assert_eq!(session, SessionUse::Open { keep: 3600 });
    let sent = QueryEvent::Sent { id: "q".into(), session: Some("s1".into()) };
    state.update(Msg::Run(run, run::Msg::Progress(sent)), now());
    let inside = SessionUse::In { id: "s1".into(), keep: 3600 };
    let mut next = run;
    let mut seen = Vec::new();
    for _ in 0..2 {
        let (run, _, session) = pick(&state.update(ended(next, Ok(answer(0, None))), now())).unwrap();
        assert_eq!(session, inside);
        seen.push(state.tab().session.words());
        next = run;
    }
    assert_eq!(seen, [Some("session open"), Some("in transaction")]);
    let (run, sql, _) = pick(&state.update(ended(next, Ok(answer(0, None))), now())).unwrap();
    assert_eq!(sql, "select nope");
    state.update(ended(run, Err(failure("no such column"))), now());
    assert_eq!(state.tab().session.words(), Some("transaction aborted"));
    assert_eq!(state.tab().session.last_words(), "ROLLBACK");
    let close = Start::aside(state.tab().id, QueryEngine::Redshift, "ROLLBACK".into(), Purpose::CloseSession);
    let (run, _, session) = pick(&state.begin(close, now())).unwrap();
    assert_eq!(session, SessionUse::In { id: "s1".into(), keep: 0 });
    let remembered = state.history.len();
    state.update(ended(run, Ok(answer(0, None))), now());
    assert_eq!((state.tab().session.words(), state.history.len()), (None, remembered));
}

#[test]
fn a_session_that_is_gone_is_opened_anew() {
    let mut state = with_text("select 1");
    state.tab_mut().session.opened("s1".into(), now());
    let (run, ..) = pick(&state.run(now())).unwrap();
    let gone = failure("Session s1 is not available: it does not exist or has expired.");
    state.update(ended(run, Err(gone)), now());
    let (_, _, session) = pick(&state.run(now())).unwrap();
    assert_eq!(session, SessionUse::Open { keep: 3600 });
}

#[test]
fn tabs_and_what_they_left_running_come_back() {
    let mut state = with_text("select 'geheim'; select 2");
    state.restore(Found { writes: true, ..Found::default() });
    state.account = "1-eu".into();
    state.tab_mut().name = "First".into();
    let run = run_of(&state.run(now()));
    state.update(Msg::Run(run, run::Msg::Progress(QueryEvent::Sent { id: "q7".into(), session: None })), now());
    state.open_tab();
    state.tab_mut().engine = QueryEngine::Athena;
    let workspace = match &state.keep()[..] {
        [Effect::KeepWorkspace(workspace)] => (**workspace).clone(),
        other => panic!("{other:?}"),
    };
    assert!(state.keep().is_empty(), "nothing has changed since");
    assert_eq!(workspace.tabs[0].left[0].id, "q7");

    let mut later = State::default();
    later.restore(Found { workspace: Some(workspace.clone()), writes: true, ..Found::default() });
    assert_eq!((later.tabs().len(), later.current(), later.tab().engine), (2, 1, QueryEngine::Athena));
    assert_eq!((later.tabs()[0].name.as_str(), later.tabs()[0].cursor()), ("First", state.tabs()[0].cursor()));
    assert!(later.connected("2-eu".into(), now()).iter().all(|effect| !matches!(effect, Effect::Attach { .. })), "another account");
    let effects = later.connected("1-eu".into(), now());
    let run = effects.iter().find_map(|effect| match effect {
        Effect::Attach { run, id, .. } if id == "q7" => Some(*run),
        _ => None,
    });
    later.update(ended(run.unwrap(), Ok(answer(4, None))), now());
    later.step_tab(false);
    assert_eq!(later.tab().result().unwrap().shown_rows(), 4);
}

#[test]
fn text_that_is_there_is_not_replaced_by_what_was_kept() {
    let mut state = with_text("select 1");
    let mut other = with_text("select 2");
    other.restore(Found { writes: true, ..Found::default() });
    state.restore(Found { workspace: Some(other.workspace()), writes: true, ..Found::default() });
    assert_eq!(state.tab().text(), "select 1");
}

#[test]
fn the_history_has_no_secrets_and_no_values() {
    let mut state = with_text("create user bob password 'Geheim1'");
    let mut start = state.start(false).unwrap();
    start.pieces[0].parameters = vec![("age".into(), "40".into())];
    let run = run_of(&state.begin(start, now()));
    let effects = state.update(ended(run, Ok(answer(0, None))), now());
    let ran = effects.iter().find_map(|effect| if let Effect::Remember(ran) = effect { Some(ran) } else { None }).unwrap();
    assert_eq!(ran.sql, "create user bob password '***'");
    assert_eq!(ran.parameters, ["age"]);
    assert!(!serde_json::to_string(&**ran).unwrap().contains("40"));
}

#[test]
fn what_may_change_names_has_the_catalog_read_again_once() {
    let mut state = with_text("drop table t");
    let run = run_of(&state.run(now()));
    let mut nothing = answer(0, None);
    nothing.columns.clear();
    let effects = state.update(ended(run, Ok(nothing)), now());
    assert!(effects.iter().any(|effect| matches!(effect, Effect::ReadCatalog { engine: QueryEngine::Redshift, .. })));
    assert!(state.read_catalog(QueryEngine::Redshift).is_empty(), "it is being read");
}

#[test]
fn a_tab_is_unsaved_until_its_text_is_that_of_its_query() {
    let mut state = with_text("select 1");
    assert!(state.tab().unsaved());
    state.tab_mut().saved = Some(SavedQuery { name: "one".into(), engine: QueryEngine::Redshift, tags: vec![], text: "select 1\n".into() });
    assert!(!state.tab().unsaved());
    state.tab_mut().paste(" + 1");
    assert!(state.tab().unsaved());
}
