//! The pane on whole screens: every view, and every state that an execution can be in.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::tests::{at_three_sizes, render};
use crate::app::action::Command;
use crate::app::pipeline::fixture::{self, Outcome};
use crate::app::pipeline::form::Form;
use crate::app::pipeline::runs::Compared;
use crate::app::pipeline::{Beside, Command as P, Job, Section, View, Work};
use crate::app::popup::{Popup, TableView};
use crate::app::tests::{at, failure, full_model};
use crate::app::{Model, Msg, Pane, update};
use crate::config::settings::TargetKind;
use crate::ops::endpoints::Stage;
use crate::ops::pipeline::parameters::{ParameterKind, ParameterSpec};
use crate::ops::pipeline::{Peek, RunState};

/// The pane on the whole screen.
fn pane(outcome: Outcome) -> Model {
    let mut model = full_model();
    model.focus = Pane::Pipeline;
    model.zoomed = true;
    model.pipeline = fixture::state(outcome);
    model.pipeline.runs = fixture::runs();
    model.pipeline.models = fixture::models();
    model.pipeline.endpoints = fixture::endpoints();
    model.pipeline.definition = fixture::definition();
    model.pipeline.project = fixture::project(true);
    model
}

fn shown(view: View) -> Model {
    let mut model = pane(Outcome::Succeeded);
    model.pipeline.view = view;
    model
}

/// The detail of a step, where keys go there.
fn detail(outcome: Outcome, step: usize, section: Section) -> Model {
    let mut model = pane(outcome);
    model.pipeline.list.selected = step;
    model.pipeline.in_detail = true;
    model.pipeline.section = section;
    model
}

#[test]
fn an_execution_in_every_state() {
    at_three_sizes("graph_succeeded", &pane(Outcome::Succeeded));
    at_three_sizes("graph_training", &pane(Outcome::Running(3)));
    at_three_sizes("graph_parallel", &pane(Outcome::Running(1)));
    at_three_sizes("graph_cached", &pane(Outcome::Cached(4)));
    at_three_sizes("graph_refused", &pane(Outcome::Refused));
    at_three_sizes("graph_stopping", &pane(Outcome::Stopping(3)));
    at_three_sizes("graph_stopped", &pane(Outcome::Stopped(3)));
}

/// Wherever it fails, the step and the reason are on the screen.
#[test]
fn a_failure_is_told_at_every_step() {
    for (index, name) in ["unload", "quality", "preprocess", "train", "evaluate", "gate", "register"].into_iter().enumerate() {
        let model = pane(Outcome::Failed(index));
        at_three_sizes(&format!("graph_failed_{name}"), &model);
        let reason = model.pipeline.run.as_ref().unwrap().steps[index].message.clone();
        let (text, _) = render(&model, 120, 36);
        let words: Vec<&str> = reason.split_whitespace().take(3).collect();
        assert!(text.contains(&words.join(" ")), "{name}: {text}");
    }
}

#[test]
fn what_is_said_about_a_step() {
    at_three_sizes("step_curve", &detail(Outcome::Running(3), 3, Section::Result));
    at_three_sizes("step_checks", &detail(Outcome::Failed(1), 1, Section::Result));
    at_three_sizes("step_figures", &detail(Outcome::Succeeded, 4, Section::Result));
    at_three_sizes("step_gate", &detail(Outcome::Refused, 5, Section::Result));
    at_three_sizes("step_about", &detail(Outcome::Succeeded, 4, Section::About));
    at_three_sizes("step_data", &detail(Outcome::Succeeded, 3, Section::Data));
    let mut log = detail(Outcome::Running(3), 3, Section::Log);
    let found = log.pipeline.step_view_mut().unwrap();
    found.log.search = Some("[2".into());
    at_three_sizes("step_log", &log);
}

#[test]
fn two_executions_side_by_side() {
    let mut model = pane(Outcome::Running(3));
    let mut other = fixture::run(Outcome::Refused);
    other.arn = "other".into();
    other.name = "shallow-trees".into();
    model.pipeline.beside = Some(Beside { arn: other.arn.clone(), run: Some(other), follow: Default::default() });
    at_three_sizes("graph_beside", &model);
}

#[test]
fn the_executions_and_their_comparison() {
    let mut model = shown(View::Runs);
    model.pipeline.runs.marked = vec![model.pipeline.runs.found.as_ref().unwrap()[4].run.arn.clone()];
    at_three_sizes("runs", &model);
    let names = ("first".to_owned(), "morning-demo".to_owned());
    model.pipeline.runs.compared = Some(Compared { names, found: Some(Ok(fixture::comparison())), scroll: 0 });
    at_three_sizes("runs_compared", &model);
}

#[test]
fn the_registry() {
    at_three_sizes("models", &shown(View::Models));
    let mut open = shown(View::Models);
    open.pipeline.models.open = true;
    at_three_sizes("model_open", &open);
    let mut rejected = shown(View::Models);
    rejected.pipeline.models.list.selected = 2;
    rejected.pipeline.models.lineages.insert(1, Err(failure("could not read where it comes from", "the execution is gone", None)));
    at_three_sizes("model_rejected", &rejected);
}

#[test]
fn a_training_on_new_data() {
    let mut walk = shown(View::Models);
    walk.pipeline.models.walk = Some(fixture::walk(true));
    at_three_sizes("new_data", &walk);
    // The two figures may disagree, and the sentence says so.
    let mut mixed = fixture::walk(true);
    if let Some(evaluation) = mixed.comparison.as_mut().and_then(|comparison| comparison.new_now.as_mut()) {
        evaluation.mse = 0.0990;
    }
    walk.pipeline.models.walk = Some(mixed);
    at_three_sizes("new_data_mixed", &walk);
    walk.pipeline.models.walk = Some(fixture::walk(false));
    at_three_sizes("new_data_refused", &walk);
    let mut form = shown(View::Models);
    update(&mut form, Msg::Do(Command::Pipeline(P::NewData)));
    at_three_sizes("form_new_data", &form);
    let mut score = shown(View::Models);
    update(&mut score, Msg::Do(Command::Pipeline(P::Score)));
    at_three_sizes("form_score", &score);
}

#[test]
fn what_answers() {
    at_three_sizes("endpoints", &shown(View::Endpoints));
    let mut deploying = shown(View::Endpoints);
    let work = Work::Deploy { stage: Stage::Staging, version: Some(3) };
    deploying.pipeline.jobs.push(Job { work, since: at(-12), said: "waiting for the endpoint: Updating".into() });
    at_three_sizes("endpoints_deploying", &deploying);
}

#[test]
fn the_definition_and_the_project() {
    at_three_sizes("definition", &shown(View::Definition));
    at_three_sizes("project", &shown(View::Project));
    let mut none = shown(View::Project);
    none.pipeline.project.found = Some(None);
    at_three_sizes("project_none", &none);
}

#[test]
fn forms_and_questions() {
    let mut start = pane(Outcome::Succeeded);
    let spec = |name: &str, kind, default: &str, allowed: &[&str]| ParameterSpec {
        name: name.into(),
        kind,
        default: Some(default.into()),
        allowed: allowed.iter().map(|value| (*value).to_owned()).collect(),
    };
    let specs = vec![
        spec("ProcessingInstanceType", ParameterKind::Text, "ml.m5.xlarge", &[]),
        spec("ProcessingInstanceCount", ParameterKind::Integer, "1", &[]),
        spec("TrainingInstanceType", ParameterKind::Text, "ml.m5.xlarge", &[]),
        spec("ModelApprovalStatus", ParameterKind::Text, "Approved", &["Approved", "PendingManualApproval", "Rejected"]),
    ];
    let mut form = Form::start("bankdm-pipeline", specs, &[("ProcessingInstanceCount".into(), "two".into())], true);
    form.key(crossterm::event::KeyEvent::new(crossterm::event::KeyCode::F(5), crossterm::event::KeyModifiers::NONE));
    start.popups.push(Popup::Form(Box::new(form)));
    at_three_sizes("form_start", &start);
    let mut reject = shown(View::Models);
    update(&mut reject, Msg::Do(Command::Pipeline(P::Reject)));
    at_three_sizes("form_reject", &reject);
    let mut promote = shown(View::Endpoints);
    promote.target = TargetKind::Aws;
    update(&mut promote, Msg::Do(Command::Pipeline(P::Promote)));
    at_three_sizes("confirm_promote", &promote);
    let mut stop = pane(Outcome::Running(3));
    update(&mut stop, Msg::Do(Command::Pipeline(P::Stop)));
    at_three_sizes("confirm_stop", &stop);
}

#[test]
fn the_rows_of_an_object() {
    let mut model = detail(Outcome::Succeeded, 3, Section::Data);
    let ticket = model.pipeline.peek_answer.issue();
    let row = |age: &str, job: &str| vec![age.to_owned(), job.to_owned(), "yes".to_owned(), "no\u{1b}[2J".to_owned()];
    let peek = Peek {
        columns: ["age", "job", "housing", "y"].map(str::to_owned).to_vec(),
        rows: vec![row("41", "blue-collar"), row("29", "student"), row("56", "retired")],
        truncated: true,
    };
    let uri = "s3://bankdm-000000000000-us-east-1/bankdm/unload/9f2c/data_0000_part_00.gz".to_owned();
    model.popups.push(Popup::Table(Box::new(TableView { uri, ticket, found: Some(Ok(peek)), top: 0, left: 0 })));
    at_three_sizes("object_rows", &model);
}

/// Without colours every state of a step can still be told from the others.
#[test]
fn states_are_told_without_colours() {
    let (mut seen, model) = (Vec::new(), full_model());
    for state in [RunState::Waiting, RunState::Running, RunState::Stopped, RunState::Failed, RunState::Succeeded, RunState::Skipped] {
        let (mark, _, word) = super::super::glyph::run(&model, state);
        assert!(!seen.contains(&mark) && !word.is_empty(), "{state:?}");
        seen.push(mark);
    }
}

/// A press on a box selects its step, wherever the graph is scrolled to.
#[test]
fn a_press_on_a_box_selects_its_step() {
    use crate::app::msg::Target;
    for (width, height) in [(80, 24), (120, 36), (60, 14)] {
        let model = pane(Outcome::Succeeded);
        let (text, drawn) = render(&model, width, height);
        for (y, line) in text.lines().enumerate() {
            if let Some(at) = line.find("Evaluate") {
                let x = crate::app::text_width::width(&line[..at]) as u16;
                if let Some(Target::Row(Pane::Pipeline, index)) = drawn.at(x, y as u16) {
                    assert_eq!(index, 4, "{width}x{height}");
                }
            }
        }
    }
}
