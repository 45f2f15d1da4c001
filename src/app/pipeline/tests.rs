#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use super::*;
use crate::app::tests::{at, failure};
use crate::ops::pipeline::{LogLine, StartOptions};

fn step(name: &str, kind: &str, state: RunState) -> PipelineStep {
    let begun = !matches!(state, RunState::Waiting | RunState::Skipped);
    PipelineStep { name: name.into(), kind: kind.into(), state, started: begun.then(|| at(0)), ..PipelineStep::default() }
}

fn run(arn: &str, state: RunState, steps: Vec<PipelineStep>) -> PipelineRun {
    PipelineRun { arn: arn.into(), name: arn.into(), state, started: at(0), updated: at(0), steps, ..PipelineRun::default() }
}

fn asks(effects: &[Effect]) -> Vec<&Ask> {
    effects
        .iter()
        .map(|effect| match effect {
            Effect::Pipeline(ask) => ask,
            other => panic!("{other:?}"),
        })
        .collect()
}

fn followed(state: &mut State, run: PipelineRun) {
    let effects = state.follow();
    let [Ask::Follow { ticket, .. }] = asks(&effects)[..] else { panic!("{effects:?}") };
    state.update(Msg::Changed(*ticket, Box::new(run)));
}

fn log_of(effects: &[Effect]) -> Option<(Ticket, Duration)> {
    asks(effects).into_iter().find_map(|ask| match ask {
        Ask::Log { ticket, after, .. } => Some((*ticket, *after)),
        _ => None,
    })
}

fn detail() -> StepDetail {
    StepDetail {
        log: Some(crate::ops::pipeline::LogSource {
            group: "/aws/sagemaker/TrainingJobs".into(),
            stream_prefix: "job".into(),
            from: None,
            until: None,
        }),
        ..StepDetail::default()
    }
}

#[test]
fn a_running_execution_is_not_followed_twice() {
    let mut state = State::default();
    let effects = state.follow();
    let [Ask::Follow { ticket, arn: None }] = asks(&effects)[..] else { panic!("{effects:?}") };
    state.update(Msg::Changed(*ticket, Box::new(run("x", RunState::Running, vec![]))));
    assert!(state.follow_if_idle().is_empty());
    state.update(Msg::Followed(*ticket, Box::new(Ok(Some(run("x", RunState::Succeeded, vec![]))))));
    assert_eq!(state.follow_if_idle().len(), 1);
}

#[test]
fn what_changes_the_account_is_begun_once_and_told_when_it_is_done() {
    let mut state = State::default();
    let work = Work::Stop("x".into());
    assert!(matches!(&asks(&state.begin(work.clone(), at(0)))[..], [Ask::Do(Work::Stop(arn))] if arn == "x"));
    assert!(state.begin(work.clone(), at(1)).is_empty(), "asked once");
    state.update(Msg::Progress(work.clone(), "waits for the steps".into()));
    assert_eq!(state.jobs[0].said, "waits for the steps");
    let (_, said) = state.update(Msg::Done(work.clone(), Box::new(Ok("stopped".into()))));
    assert_eq!(said.as_deref(), Some("stopped"));
    assert!(state.jobs.is_empty());
    state.begin(work.clone(), at(2));
    state.update(Msg::Done(work, Box::new(Err(failure("could not stop", "no", None)))));
    assert!(state.error.is_some() && state.jobs.is_empty());
}

#[test]
fn a_start_shows_the_newest_execution() {
    let mut state = State { chosen: Some("old".into()), view: View::Runs, ..State::default() };
    let work = Work::Start(StartOptions::default());
    state.begin(work.clone(), at(0));
    let (effects, _) = state.update(Msg::Done(work, Box::new(Ok(String::new()))));
    assert!(matches!(asks(&effects)[..], [Ask::Follow { arn: None, .. }]));
    assert_eq!(state.view, View::Graph);
}

#[test]
fn the_selection_goes_along_with_the_work_unless_somebody_looks_elsewhere() {
    let mut state = State::default();
    let steps = |a, b| vec![step("a", "Lambda", a), step("b", "Training", b)];
    followed(&mut state, run("x", RunState::Running, steps(RunState::Running, RunState::Waiting)));
    followed(&mut state, run("x", RunState::Running, steps(RunState::Succeeded, RunState::Running)));
    assert_eq!(state.list.selected, 1);
    state.move_by(-1, 10);
    followed(&mut state, run("x", RunState::Failed, steps(RunState::Succeeded, RunState::Failed)));
    assert_eq!(state.list.selected, 1, "what failed is what people want to see");
}

#[test]
fn what_has_ended_well_shows_the_training_unless_somebody_looks_elsewhere() {
    let steps =
        |last| vec![step("u", "Lambda", RunState::Succeeded), step("t", "Training", RunState::Succeeded), step("r", "RegisterModel", last)];
    for looked_elsewhere in [false, true] {
        let mut state = State::default();
        followed(&mut state, run("x", RunState::Running, steps(RunState::Running)));
        assert_eq!(state.list.selected, 2, "the work is shown");
        if looked_elsewhere {
            state.move_by(-2, 10);
        }
        followed(&mut state, run("x", RunState::Succeeded, steps(RunState::Succeeded)));
        assert_eq!(state.list.selected, if looked_elsewhere { 0 } else { 1 });
    }
}

#[test]
fn the_detail_is_asked_for_once_a_state_and_the_log_while_the_step_runs() {
    let mut state = State::default();
    followed(&mut state, run("x", RunState::Running, vec![step("t", "Training", RunState::Running)]));
    let effects = state.want();
    let [Ask::Detail { ticket, step: name, after, .. }] = asks(&effects)[..] else { panic!("{effects:?}") };
    assert_eq!((name.as_str(), *after), ("t", Duration::ZERO));
    assert!(state.want().is_empty(), "it is awaited");
    state.update(Msg::Detail(*ticket, "t".into(), Box::new(Ok(detail()))));
    let effects = state.want();
    let (log, after) = log_of(&effects).unwrap();
    assert_eq!(after, Duration::ZERO);
    assert!(matches!(asks(&effects)[0], Ask::Detail { after, .. } if *after > Duration::ZERO), "again, but not at once");
    let line = |round: u32| LogLine { at: at(1), text: format!("[{round}]\ttrain-logloss:0.5\tvalidation-logloss:0.6") };
    state.update(Msg::Logged(log, "t".into(), Box::new(Ok(LogPage { lines: vec![line(0), line(1)], next: None }))));
    assert_eq!(state.step_view().unwrap().curve.as_ref().unwrap().points.len(), 2, "the curve grows");
    // The step ends: its detail is read at once, and the log until nothing comes any more.
    followed(&mut state, run("x", RunState::Succeeded, vec![step("t", "Training", RunState::Succeeded)]));
    let mut effects = state.want();
    assert!(matches!(asks(&effects)[0], Ask::Detail { after, .. } if after.is_zero()));
    let mut asked = 0;
    while let Some((ticket, _)) = log_of(&effects) {
        asked += 1;
        assert!(asked < 5);
        state.update(Msg::Logged(ticket, "t".into(), Box::new(Ok(LogPage { lines: vec![], next: None }))));
        effects = state.want();
    }
    assert!(state.step_view().unwrap().log.complete);
    assert!(effects.is_empty(), "nothing is asked of an execution that is over");
}

#[test]
fn an_answer_about_a_step_that_is_not_looked_at_any_more_is_dropped() {
    let mut state = State::default();
    followed(
        &mut state,
        run("x", RunState::Running, vec![step("a", "Lambda", RunState::Succeeded), step("b", "Training", RunState::Running)]),
    );
    state.select(0);
    let effects = state.want();
    let [Ask::Detail { ticket: old, .. }] = asks(&effects)[..] else { panic!("{effects:?}") };
    state.select(1);
    state.want();
    state.update(Msg::Detail(*old, "a".into(), Box::new(Ok(detail()))));
    assert!(state.steps["a"].detail.is_none());
}

#[test]
fn every_view_asks_for_what_it_shows_once() {
    for view in [View::Runs, View::Models, View::Endpoints, View::Definition, View::Project] {
        let mut state = State::default();
        state.show_view(view);
        assert!(!state.want().is_empty(), "{view:?}");
        assert!(state.want().is_empty(), "{view:?}");
    }
}

#[test]
fn what_cannot_be_read_is_not_asked_for_for_ever() {
    let mut state = State::default();
    state.show_view(View::Definition);
    let effects = state.want();
    let [Ask::Definition { ticket }] = asks(&effects)[..] else { panic!("{effects:?}") };
    state.update(Msg::Definition(*ticket, Box::new(Err(failure("no", "no", None)))));
    assert!(state.want().is_empty());
    state.refresh();
    assert_eq!(state.want().len(), 1);
}

#[test]
fn endpoints_at_rest_are_looked_at_less_and_less_often() {
    let mut state = State::default();
    state.show_view(View::Endpoints);
    let mut pauses = Vec::new();
    for _ in 0..6 {
        let effects = state.want();
        let found = asks(&effects).into_iter().find_map(|ask| match ask {
            Ask::Endpoints { ticket, after } => Some((*ticket, *after)),
            _ => None,
        });
        let (ticket, after) = found.unwrap();
        pauses.push(after);
        state.update(Msg::Endpoints(ticket, Box::new(Ok(vec![]))));
    }
    assert_eq!(pauses[0], Duration::ZERO);
    assert!(pauses.windows(2).skip(1).all(|pair| pair[0] <= pair[1]));
    assert_eq!(pauses.last(), Some(&Duration::from_secs(60)));
}

#[test]
fn the_older_of_two_executions_comes_first() {
    let summary = |arn: &str| RunSummary { run: run(arn, RunState::Succeeded, vec![]), evaluation: None, registered: None, seconds: None };
    let mut runs = runs::State { found: Some(vec![summary("c"), summary("b"), summary("a")]), ..runs::State::default() };
    let pair = |runs: &runs::State| runs.pair().unwrap();
    assert_eq!(pair(&runs), ("b".into(), "c".into()), "the one before");
    runs.mark();
    runs.list.selected = 2;
    assert_eq!(pair(&runs), ("a".into(), "c".into()));
    runs.list.selected = 1;
    runs.mark();
    runs.list.selected = 2;
    runs.mark();
    assert_eq!(pair(&runs), ("a".into(), "b".into()), "a third mark takes the place of the first");
    runs.marked.clear();
    runs.list.selected = 2;
    assert_eq!(runs.pair(), None, "nothing comes before the first");
}
