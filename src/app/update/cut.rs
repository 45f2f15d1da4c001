//! Going on without waiting for a step: the waits of the embedded AWS end at once; on an account what an earlier run has left is shown, with its
//! date, while the step goes on in the background.

use super::movement::focus;
use super::remote;
use crate::app::model::Model;
use crate::app::walkthrough::Beat;
use crate::app::{Effect, Pane};
use crate::config::settings::TargetKind;
use crate::demo::step::Step;
use crate::ops::OpError;
use crate::ops::earlier::Earlier;

/// The step that the reader waits for.
fn awaited(model: &Model) -> Option<Step> {
    let step = model.walkthrough.run.as_ref().filter(|run| !run.cancelling)?.current?;
    model.walkthrough.is_running(step).then_some(step)
}

/// Whether there is a step to be cut short.
pub(super) fn available(model: &Model) -> bool {
    model.walkthrough.presenting.is_some() && awaited(model).is_some()
}

/// Cuts the step that is running short.
pub(super) fn cut(model: &mut Model) -> Vec<Effect> {
    let Some(step) = awaited(model).filter(|_| model.walkthrough.presenting.is_some()) else {
        model.say("No step is running that a presentation waits for", false);
        return Vec::new();
    };
    match model.target {
        TargetKind::Local if model.identity().is_some_and(|identity| identity.outlives) => {
            model.say("Another process holds the embedded AWS, and its waits with it", true);
            Vec::new()
        }
        TargetKind::Local if model.walkthrough.hurried == Some(step) => Vec::new(),
        TargetKind::Local => {
            model.walkthrough.hurried = Some(step);
            vec![Effect::Hurry(true)]
        }
        TargetKind::Replay => {
            model.say("A recording has a pace of its own: its waits cannot be cut short", false);
            Vec::new()
        }
        TargetKind::Aws if is_presented(model, step) => vec![Effect::FindEarlier(step)],
        TargetKind::Aws => {
            let text = format!("“{}” comes first; only the presented step can be cut short", model.walkthrough.title(step));
            model.say(text, false);
            Vec::new()
        }
    }
}

/// Whether the reader waits for this step in its own beat.
fn is_presented(model: &Model, step: Step) -> bool {
    let doing = model.walkthrough.presenting.as_ref().is_some_and(|remote| remote.beat == Beat::Do);
    doing && model.walkthrough.current().step == step && awaited(model) == Some(step)
}

/// The answer: the presentation goes on with what an earlier run has left. One that ended meanwhile needs it no more.
pub(super) fn found(model: &mut Model, step: Step, found: Result<Option<Earlier>, OpError>) -> Vec<Effect> {
    if !is_presented(model, step) {
        return Vec::new();
    }
    let earlier = match found {
        Ok(Some(earlier)) => earlier,
        Ok(None) => {
            let text = format!("No earlier run of “{}” has left anything to go on with", model.walkthrough.title(step));
            model.say(text, false);
            return Vec::new();
        }
        Err(error) => {
            model.say(format!("What an earlier run has left cannot be read: {error}"), true);
            return Vec::new();
        }
    };
    let execution = earlier.execution.clone();
    model.walkthrough.set_aside();
    model.walkthrough.show_earlier(step, earlier);
    let mut effects = execution.map(|arn| model.pipeline.show_run(arn)).unwrap_or_default();
    remote::set(model, Beat::Notice);
    effects.extend(focus(model, Pane::Walkthrough));
    effects
}

/// Once the step is over, waits last as long as before.
pub(super) fn settle(model: &mut Model) -> Option<Effect> {
    let step = model.walkthrough.hurried?;
    if model.walkthrough.is_running(step) {
        return None;
    }
    model.walkthrough.hurried = None;
    Some(Effect::Hurry(false))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
    use serde_json::{Map, json};

    use super::super::{space_goes_on, update};
    use super::*;
    use crate::app::Msg;
    use crate::app::tests::{at, failure, full_model};
    use crate::app::walkthrough::check::Verdict;
    use crate::app::walkthrough::figure;
    use crate::app::walkthrough::run::tests::over;
    use crate::app::walkthrough::{Msg as Walk, Press, Status};
    use crate::ops::steps::StepOutcome;

    fn key(model: &mut Model) -> Vec<Effect> {
        update(model, Msg::Key(KeyEvent::new(KeyCode::Char('9'), KeyModifiers::ALT)))
    }

    fn space(model: &mut Model) -> Vec<Effect> {
        update(model, Msg::Key(KeyEvent::new(KeyCode::Char(' '), KeyModifiers::NONE)))
    }

    fn outcome() -> Box<Result<StepOutcome, OpError>> {
        let figures = json!({ "auc": 0.8 });
        Box::new(Ok(StepOutcome { changed: true, message: "done".into(), detail: figures.as_object().unwrap().clone() }))
    }

    fn hurries(effects: &[Effect]) -> Vec<bool> {
        effects.iter().filter_map(|effect| if let Effect::Hurry(hurry) = effect { Some(*hurry) } else { None }).collect()
    }

    /// A presentation in which a step runs that nothing is known of.
    fn running(step: Step, target: TargetKind) -> Model {
        let mut model = full_model();
        model.target = target;
        model.walkthrough.steps[step as usize].status = Status::Pending;
        model.walkthrough.metrics = Map::new();
        model.walkthrough.select(step as usize);
        for _ in 0..3 {
            space(&mut model);
        }
        update(&mut model, Msg::Walkthrough(Walk::Begun(step)));
        assert_eq!(model.walkthrough.press(), Some(Press::Wait));
        model
    }

    fn earlier(execution: Option<&str>) -> Earlier {
        let figures = json!({ "auc": 0.75, "version": 3 }).as_object().unwrap().clone();
        Earlier { at: at(-86_400), message: "version 3: AUC 0.750".into(), figures, execution: execution.map(Into::into) }
    }

    fn found(model: &mut Model, step: Step, found: Result<Option<Earlier>, OpError>) -> Vec<Effect> {
        update(model, Msg::Walkthrough(Walk::Earlier(step, Box::new(found))))
    }

    #[test]
    fn what_is_said_of_a_running_step_goes_with_it() {
        let mut model = running(Step::Load, TargetKind::Local);
        space(&mut model);
        let said = model.notice.clone().unwrap();
        assert_eq!(
            (said.of, said.text.as_str()),
            (Some(Step::Load), "“Load the warehouse” is still running; Space goes on once it is done")
        );
        update(&mut model, Msg::Walkthrough(Walk::Ended(Step::Load, outcome())));
        let over = over(&model.walkthrough);
        update(&mut model, Msg::Walkthrough(over));
        assert_eq!(model.notice, None);
        model.say("something else", false);
        update(&mut model, Msg::Tick);
        assert!(model.notice.is_some(), "what has nothing to do with a step stays its time");
    }

    #[test]
    fn the_waits_of_the_embedded_account_end_for_the_rest_of_the_step() {
        let mut model = running(Step::Load, TargetKind::Local);
        assert_eq!(hurries(&key(&mut model)), [true]);
        assert!(space_goes_on(&model), "the remote stays in hand");
        assert!(hurries(&key(&mut model)).is_empty(), "once is enough");
        assert_eq!(hurries(&update(&mut model, Msg::Walkthrough(Walk::Ended(Step::Load, outcome())))), [false]);
        assert_eq!(model.walkthrough.hurried, None);
        assert!(key(&mut model).iter().all(|effect| !matches!(effect, Effect::Hurry(_))), "nothing is waited for any more");
    }

    #[test]
    fn an_account_that_another_process_holds_keeps_its_pace() {
        let mut model = running(Step::Load, TargetKind::Local);
        if let crate::app::model::Link::Open(identity) = &mut model.link {
            identity.outlives = true;
        }
        assert!(hurries(&key(&mut model)).is_empty());
        assert!(model.notice.as_ref().unwrap().text.contains("Another process"));
    }

    #[test]
    fn on_an_account_the_earlier_run_is_shown_and_the_new_one_goes_on() {
        let mut model = running(Step::Pipeline, TargetKind::Aws);
        assert!(key(&mut model).iter().any(|effect| matches!(effect, Effect::FindEarlier(Step::Pipeline))));
        found(&mut model, Step::Pipeline, Ok(Some(earlier(Some("arn:3")))));
        let remote = model.walkthrough.presenting.as_ref().unwrap();
        assert_eq!((remote.beat, model.focus, model.pipeline.chosen.as_deref()), (Beat::Notice, Pane::Walkthrough, Some("arn:3")));
        assert!(model.walkthrough.run.is_none() && model.walkthrough.in_background(Step::Pipeline));
        let checks: Vec<_> = model.walkthrough.checks(Step::Pipeline).into_iter().map(|(verdict, _)| verdict).collect();
        assert_eq!(checks, [Verdict::Holds, Verdict::Holds]);
        assert_eq!(figure::of(&model, Step::Pipeline).unwrap().text, "0.750");
        assert!(model.told.as_ref().unwrap().running.iter().any(|running| running.background));
        // What builds on it builds on what is there.
        assert!(model.walkthrough.missing(Step::Deploy).is_empty());
        space(&mut model);
        assert_eq!(model.walkthrough.current().step, Step::Deploy);
        // The new one has a result of its own, which takes the place of the earlier one.
        let run = model.walkthrough.background[0].id;
        update(&mut model, Msg::Walkthrough(Walk::Ended(Step::Pipeline, outcome())));
        update(&mut model, Msg::Walkthrough(Walk::RunOver(run)));
        let view = &model.walkthrough.steps[Step::Pipeline as usize];
        assert!(view.earlier.is_none() && matches!(view.status, Status::Done { .. }));
        assert_eq!((model.pipeline.chosen.clone(), model.walkthrough.background.len()), (None, 0));
        assert_eq!(figure::of(&model, Step::Pipeline).unwrap().text, "0.800");
    }

    #[test]
    fn where_there_is_no_earlier_run_the_presenter_is_told_and_waits() {
        for answer in [Ok(None), Err(failure("could not list the executions", "denied", None))] {
            let mut model = running(Step::Pipeline, TargetKind::Aws);
            key(&mut model);
            found(&mut model, Step::Pipeline, answer);
            assert!(model.notice.is_some());
            assert_eq!(model.walkthrough.press(), Some(Press::Wait));
        }
    }

    #[test]
    fn an_answer_that_comes_too_late_changes_nothing() {
        let mut model = running(Step::Pipeline, TargetKind::Aws);
        key(&mut model);
        update(&mut model, Msg::Walkthrough(Walk::Ended(Step::Pipeline, outcome())));
        let run = model.walkthrough.run.as_ref().unwrap().id;
        update(&mut model, Msg::Walkthrough(Walk::RunOver(run)));
        found(&mut model, Step::Pipeline, Ok(Some(earlier(None))));
        assert!(model.walkthrough.steps[Step::Pipeline as usize].earlier.is_none());
        assert_eq!(model.walkthrough.presenting.as_ref().unwrap().beat, Beat::Do);
    }

    #[test]
    fn a_recording_keeps_its_pace() {
        let mut model = running(Step::Load, TargetKind::Replay);
        assert!(hurries(&key(&mut model)).is_empty());
        assert!(model.notice.as_ref().unwrap().text.contains("pace of its own"));
    }
}
