#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::update;
use crate::app::action::Command;
use crate::app::model::Link;
use crate::app::msg::Identity;
use crate::app::sql::RunState;
use crate::app::standby::{Ask, Msg as Standby, Readiness, Side};
use crate::app::tests::{failure, full_model, identity, open_model};
use crate::app::walkthrough::{self, Beat, Status};
use crate::app::{Effect, Model, Msg, Pane};
use crate::config::settings::TargetKind;
use crate::demo::step::Step;
use crate::ops::steps::{StepOutcome, StepState};

fn key(model: &mut Model) -> Vec<Effect> {
    update(model, Msg::Key(KeyEvent::new(KeyCode::Char('0'), KeyModifiers::ALT)))
}

fn on_aws(mut model: Model) -> Model {
    model.target = TargetKind::Aws;
    model.standby.by_itself = true;
    let mut first = identity();
    (first.kind, first.account, first.alias) = (TargetKind::Aws, "123456789012".into(), Some("acme-dev".into()));
    model.link = Link::Open(Box::new(first));
    model
}

fn recording() -> Box<Identity> {
    Box::new(Identity { kind: TargetKind::Replay, recording: Some("talk.rec of 2026-01-02".into()), private: vec![], ..identity() })
}

fn switched(model: &mut Model, side: Side, to: Box<Identity>) -> Vec<Effect> {
    update(model, Msg::Standby(Standby::Switched(side, to)))
}

fn asks(effects: &[Effect]) -> Vec<Ask> {
    effects.iter().filter_map(|effect| if let Effect::Standby(ask) = effect { Some(*ask) } else { None }).collect()
}

#[test]
fn a_presentation_has_the_other_account_ready_at_its_step() {
    let mut model = on_aws(open_model());
    model.walkthrough.select(Step::Lake as usize);
    assert!(asks(&update(&mut model, Msg::Tick)).is_empty(), "nobody presents");
    assert_eq!(asks(&update(&mut model, Msg::Do(Command::BeatOn))), [Ask::Prepare(Step::Lake)]);
    assert!(asks(&update(&mut model, Msg::Do(Command::BeatOn))).is_empty());
    update(&mut model, Msg::Standby(Standby::Ready(Step::Lake, "talk.rec".into())));
    assert!(model.told.as_ref().unwrap().demo.ends_with("Alt-0: talk.rec"), "{:?}", model.told);
    // Once the step is done, it has to be at the next one.
    let done = vec![(Step::Lake, StepState::Done("there".into()))];
    model.walkthrough.update(walkthrough::Msg::Read(done), model.now);
    assert_eq!(asks(&update(&mut model, Msg::Tick)), [Ask::Prepare(Step::Load)]);
    update(&mut model, Msg::Standby(Standby::Failed(Step::Load, "because".into())));
    assert!(model.told.as_ref().unwrap().warnings.iter().any(|text| text == "There is no fallback: because"), "{:?}", model.told);
    // On the embedded AWS nothing is opened before it is asked for.
    let mut local = open_model();
    assert!(asks(&update(&mut local, Msg::Do(Command::BeatOn))).is_empty());
}

#[test]
fn the_screen_goes_over_at_the_same_step_and_beat_whatever_runs() {
    for beat in Beat::ALL {
        let mut model = on_aws(full_model());
        model.walkthrough.select(Step::Pipeline as usize);
        for _ in 0..=(beat as usize).min(1) {
            update(&mut model, Msg::Do(Command::BeatOn));
        }
        model.walkthrough.presenting.as_mut().unwrap().beat = beat;
        if beat == Beat::Do {
            model.walkthrough.run = None;
            model.walkthrough.start(vec![Step::Pipeline, Step::Deploy]);
            update(&mut model, Msg::Walkthrough(walkthrough::Msg::Begun(Step::Pipeline)));
        }
        let (focus, zoomed, notice, popups) = (model.focus, model.zoomed, model.notice.clone(), model.popups.len());
        let works = model.walkthrough.run.is_some() || model.sql.active().count() > 0;
        assert!(works || beat != Beat::Do);
        let at = crate::app::standby::step(&model.walkthrough);
        assert_eq!(asks(&key(&mut model)), [Ask::GoOver(at)], "{beat:?}");
        assert!(asks(&key(&mut model)).is_empty(), "once is enough");
        let effects = switched(&mut model, Side::Fallback, recording());
        assert!(effects.iter().any(|effect| matches!(effect, Effect::ReadResources { .. })), "{effects:?}");

        let remote = model.walkthrough.presenting.as_ref().unwrap();
        assert_eq!((remote.beat, model.walkthrough.current().step), (beat, Step::Pipeline));
        assert_eq!((model.focus, model.zoomed, model.target), (focus, zoomed, TargetKind::Replay));
        assert!(model.walkthrough.run.is_none() && model.sql.active().count() == 0);
        assert_eq!((&model.notice, model.popups.len()), (&notice, popups), "the audience sees nothing of it");
        assert!(!model.walkthrough.steps.iter().any(|view| matches!(view.status, Status::Running { .. } | Status::Queued)));
        let told = model.told.clone().unwrap();
        let warning = told.warnings.iter().find(|text| text.starts_with("The screen is on the fallback")).unwrap();
        assert_eq!(warning.contains("stopped: "), works, "{warning}");
        let note = model.activity.calls.back().unwrap();
        assert_eq!((note.operation.as_str(), note.error.is_some()), ("OverToFallback", works));
        // What the header shows of the account, and what is hidden of it, stays.
        assert_eq!(model.standby.shown.as_ref().unwrap().account, Some(("123456789012".into(), Some("acme-dev".into()))));
        assert!(model.private.contains(&"123456789012".to_owned()), "{:?}", model.private);
    }
}

#[test]
fn a_step_that_ended_well_is_done_although_the_last_checklist_came_too_early() {
    let mut model = on_aws(open_model());
    let outcome = StepOutcome { changed: true, message: "41,188 rows".into(), detail: serde_json::Map::new() };
    model.walkthrough.start(vec![Step::Lake]);
    let id = model.walkthrough.run.as_ref().unwrap().id;
    update(&mut model, Msg::Walkthrough(walkthrough::Msg::Begun(Step::Lake)));
    update(&mut model, Msg::Walkthrough(walkthrough::Msg::Ended(Step::Lake, Box::new(Ok(outcome)))));
    update(&mut model, Msg::Walkthrough(walkthrough::Msg::RunOver(id)));
    let done = model.walkthrough.steps[Step::Lake as usize].status.clone();
    let later = model.now + chrono::TimeDelta::minutes(1);
    model.walkthrough.update(walkthrough::Msg::Read(vec![(Step::Lake, StepState::Pending), (Step::Load, StepState::Pending)]), later);
    assert_eq!(model.walkthrough.steps[Step::Lake as usize].status, Status::Pending);
    switched(&mut model, Side::Fallback, recording());
    assert_eq!(model.walkthrough.steps[Step::Lake as usize].status, done);
    assert_eq!(model.walkthrough.steps[Step::Load as usize].status, Status::Pending, "nobody has seen it done");
}

#[test]
fn statements_that_ran_on_the_account_have_ended() {
    let mut model = on_aws(open_model());
    update(&mut model, Msg::Do(Command::Focus(Pane::Sql)));
    model.sql.tab_mut().replace("SELECT 1; SELECT 2");
    update(&mut model, Msg::Do(Command::Console(crate::app::sql::Command::RunScript)));
    assert_eq!(model.sql.active().count(), 1);
    key(&mut model);
    switched(&mut model, Side::Fallback, recording());
    assert_eq!(model.sql.active().count(), 0);
    let states: Vec<bool> =
        model.sql.tab().runs.iter().map(|run| matches!(run.state, RunState::Failed { .. } | RunState::Skipped)).collect();
    assert_eq!(states, [true, true]);
    assert_eq!(model.sql.tab().session.open, None);
    assert_eq!(model.standby.left.as_ref().unwrap().1, ["a statement"]);
}

#[test]
fn the_same_key_goes_back_once_the_first_account_answers() {
    let mut model = on_aws(full_model());
    let first = model.identity().unwrap().clone();
    key(&mut model);
    switched(&mut model, Side::Fallback, recording());
    assert!(asks(&key(&mut model)).is_empty());
    assert!(model.notice.as_ref().unwrap().text.contains("does not answer yet"));
    update(&mut model, Msg::Standby(Standby::Answers(true)));
    assert_eq!(asks(&key(&mut model)), [Ask::GoBack]);
    switched(&mut model, Side::First, Box::new(first));
    assert_eq!((model.standby.side, model.target, model.standby.shown.clone()), (Side::First, TargetKind::Aws, None));
    assert_eq!(model.standby.readiness, Readiness::Nothing, "the other one is opened anew");
    // An answer that comes late changes nothing.
    update(&mut model, Msg::Standby(Standby::Answers(true)));
    assert!(!model.standby.answers);
}

#[test]
fn an_audience_does_not_see_where_a_recording_ends() {
    let mut model = on_aws(full_model());
    key(&mut model);
    switched(&mut model, Side::Fallback, recording());
    let ticket = model.resources.read.issue();
    let mut rows = model.resources.rows.clone();
    let kept = rows[0].clone();
    for row in &mut rows {
        row.state = crate::demo::resource::ResourceState::Unknown;
        row.detail = "the recording does not have it".into();
    }
    update(&mut model, Msg::Resources(crate::app::resources::Msg::Read(ticket, Ok(rows))));
    assert_eq!(model.resources.rows[0], kept);
    assert!(!model.walkthrough.steps.iter().any(|view| matches!(view.status, Status::Unknown(_))));
}

#[test]
fn it_is_there_when_the_account_cannot_be_opened_at_all_and_over_a_question() {
    let mut model = on_aws(open_model());
    model.link = Link::Closed(failure("could not open", "no network", None));
    assert_eq!(asks(&key(&mut model)).len(), 1);
    update(&mut model, Msg::Standby(Standby::Stayed("There is no account to go over to: because".into())));
    assert!(model.notice.as_ref().unwrap().bad && !model.standby.going);
    let mut model = full_model();
    model.walkthrough.select(8);
    update(&mut model, Msg::Do(Command::StepRun));
    assert_eq!(model.popups.len(), 1);
    assert_eq!(asks(&key(&mut model)).len(), 1);
}
