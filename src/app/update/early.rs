//! Steps that begin in the background as soon as another one is done, because they take long and the script asks for it.

use super::Effect;
use crate::app::model::Model;
use crate::app::walkthrough::{Status, needs};
use crate::config::settings::TargetKind;
use crate::demo::step::Step;

/// Begins what can begin while a presentation is on. A recording is played one step after the other: there nothing is begun early, and not while
/// one is made.
pub(super) fn want(model: &mut Model) -> Vec<Effect> {
    let state = &model.walkthrough;
    let open = model.identity().is_some() && !model.standby.going && model.target != TargetKind::Replay && !model.recorded;
    let removing = state.run.as_ref().is_some_and(|run| run.cancelling || run.steps.contains(&Step::Cleanup));
    if state.presenting.is_none() || !open || removing {
        return Vec::new();
    }
    let done = |step: &Step| matches!(state.steps[*step as usize].status, Status::Done { .. });
    let can_begin = |step: &Step| {
        let after = state.notes(*step).early.filter(|_| *step != Step::Cleanup);
        let pending = state.steps[*step as usize].status == Status::Pending;
        pending && !state.begun_early(*step) && after.is_some_and(|after| done(&after)) && needs(*step).iter().all(done)
    };
    let steps: Vec<Step> = state.script.steps().filter(can_begin).collect();
    steps.into_iter().flat_map(|step| model.walkthrough.begin_early(step)).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
    use serde_json::Map;

    use super::super::update;
    use super::*;
    use crate::app::action::Command;
    use crate::app::popup::Popup;
    use crate::app::standby::{Msg as Standby, Side};
    use crate::app::tests::{failure, identity, open_model};
    use crate::app::walkthrough::{Beat, Msg as Walk, RunId};
    use crate::app::{Msg, available};
    use crate::ops::OpError;
    use crate::ops::stage::Told;
    use crate::ops::steps::{StepOutcome, StepState};

    fn press(model: &mut Model, code: KeyCode) -> Vec<Effect> {
        update(model, Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)))
    }

    fn walk(model: &mut Model, msg: Walk) -> Vec<Effect> {
        update(model, Msg::Walkthrough(msg))
    }

    fn well() -> Box<Result<StepOutcome, OpError>> {
        Box::new(Ok(StepOutcome { changed: true, message: "dm01 is right for 91 %".into(), detail: Map::new() }))
    }

    fn handed(effects: &[Effect]) -> Vec<Vec<Step>> {
        let steps = |effect: &Effect| if let Effect::RunSteps(_, steps) = effect { Some(steps.clone()) } else { None };
        effects.iter().filter_map(steps).collect()
    }

    fn told(model: &Model) -> Told {
        model.told.clone().unwrap()
    }

    /// A presentation that has just come to the end of the load: the model in SQL has begun. Gives its run.
    fn begun() -> (Model, RunId) {
        let mut model = open_model();
        for view in &mut model.walkthrough.steps[..3] {
            view.status = Status::Done { message: "there".into(), seconds: Some(1.0), changed: Some(true) };
        }
        model.walkthrough.select(Step::Load as usize);
        for _ in 0..2 {
            assert_eq!(handed(&press(&mut model, KeyCode::Char(' '))), Vec::<Vec<Step>>::new());
        }
        assert_eq!(handed(&press(&mut model, KeyCode::Char(' '))), [vec![Step::Load]]);
        let load = model.walkthrough.run.as_ref().unwrap().id;
        walk(&mut model, Walk::Begun(Step::Load));
        let effects = walk(&mut model, Walk::Ended(Step::Load, well()));
        assert_eq!(handed(&effects), [vec![Step::RedshiftMl]]);
        walk(&mut model, Walk::RunOver(load));
        let run = model.walkthrough.background[0].id;
        walk(&mut model, Walk::Expected([(Step::RedshiftMl, 42.0)].into()));
        assert_eq!(handed(&walk(&mut model, Walk::Begun(Step::RedshiftMl))), Vec::<Vec<Step>>::new());
        (model, run)
    }

    /// Goes on to the beat of a step.
    fn go_to(model: &mut Model, step: Step, presses: usize) -> Vec<Effect> {
        model.walkthrough.select(step as usize);
        (0..presses).flat_map(|_| press(model, KeyCode::PageDown)).collect()
    }

    #[test]
    fn a_step_begins_once_the_one_it_waits_for_is_done_and_only_the_speaker_hears_of_it() {
        let (model, _) = begun();
        assert_eq!(model.walkthrough.shown(Step::RedshiftMl), &Status::Pending);
        assert_eq!(
            (model.walkthrough.done(), model.walkthrough.shows_background(), model.walkthrough.current().step),
            (4, false, Step::Load)
        );
        let told = told(&model);
        let running = told.running.iter().find(|running| running.what == "Train again in SQL").unwrap();
        assert_eq!((running.since, running.expected, running.background), (Some(model.now), Some(42), true));
        assert_eq!(told.plan[Step::RedshiftMl as usize].mark, "●");
    }

    #[test]
    fn the_presenter_follows_what_goes_on_and_it_is_not_started_again() {
        let (mut model, run) = begun();
        assert_eq!(handed(&go_to(&mut model, Step::RedshiftMl, 2)), Vec::<Vec<Step>>::new());
        assert_eq!(model.walkthrough.presenting.as_ref().unwrap().beat, Beat::Do);
        assert!(matches!(model.walkthrough.shown(Step::RedshiftMl), Status::Running { .. }));
        assert_eq!(model.walkthrough.running().map(|view| view.step), Some(Step::RedshiftMl));
        assert_eq!(
            told(&model).running.iter().map(|running| running.background).collect::<Vec<_>>(),
            [false],
            "{:?}",
            told(&model).running
        );
        walk(&mut model, Walk::Ended(Step::RedshiftMl, well()));
        walk(&mut model, Walk::RunOver(run));
        assert!(model.walkthrough.run.is_none() && model.walkthrough.background.is_empty());
        press(&mut model, KeyCode::PageDown);
        assert_eq!(model.walkthrough.presenting.as_ref().unwrap().beat, Beat::Notice);
    }

    #[test]
    fn what_is_done_when_the_presenter_comes_is_shown_at_once() {
        let (mut model, run) = begun();
        walk(&mut model, Walk::Ended(Step::RedshiftMl, well()));
        walk(&mut model, Walk::RunOver(run));
        assert_eq!((model.walkthrough.shown(Step::RedshiftMl), model.walkthrough.done()), (&Status::Pending, 4));
        let told = told(&model);
        assert!(told.begun_early[0].holds == Some(true) && told.begun_early[0].text.contains("dm01 is right"), "{told:?}");
        assert_eq!(handed(&go_to(&mut model, Step::RedshiftMl, 2)), Vec::<Vec<Step>>::new());
        assert!(matches!(model.walkthrough.shown(Step::RedshiftMl), Status::Done { .. }));
        assert_eq!(model.walkthrough.done(), 5);
    }

    #[test]
    fn what_failed_is_offered_again_and_not_begun_by_itself() {
        let (mut model, run) = begun();
        let failed = Box::new(Err(failure("could not train", "the role is missing", None)));
        assert!(handed(&walk(&mut model, Walk::Ended(Step::RedshiftMl, failed))).is_empty());
        assert!(handed(&walk(&mut model, Walk::RunOver(run))).is_empty());
        let told = told(&model);
        assert_eq!(told.begun_early[0].holds, Some(false));
        assert!(told.warnings.iter().any(|text| text.contains("failed: ")), "{:?}", told.warnings);
        assert_eq!(model.walkthrough.shown(Step::RedshiftMl), &Status::Pending);
        assert_eq!(handed(&go_to(&mut model, Step::RedshiftMl, 2)), [vec![Step::RedshiftMl]]);
    }

    #[test]
    fn nothing_begins_early_without_an_audience_or_in_a_recording() {
        let mut model = open_model();
        for view in &mut model.walkthrough.steps[..4] {
            view.status = Status::Done { message: "there".into(), seconds: Some(1.0), changed: Some(true) };
        }
        assert!(handed(&update(&mut model, Msg::Tick)).is_empty());
        model.target = TargetKind::Replay;
        update(&mut model, Msg::Do(Command::Present));
        assert!(model.walkthrough.background.is_empty());
        model.target = TargetKind::Aws;
        model.recorded = true;
        assert!(handed(&update(&mut model, Msg::Tick)).is_empty(), "what is recorded is played one step after the other");
        model.recorded = false;
        assert_eq!(handed(&update(&mut model, Msg::Tick)), [vec![Step::RedshiftMl]]);
        let run = model.walkthrough.background[0].id;
        // A run that ends without a word is not begun again and again.
        assert!(handed(&walk(&mut model, Walk::RunOver(run))).is_empty() && model.walkthrough.background.is_empty());
    }

    #[test]
    fn it_goes_on_after_the_presentation_and_can_be_seen_and_cancelled() {
        let (mut model, run) = begun();
        model.walkthrough.select(Step::RedshiftMl as usize);
        press(&mut model, KeyCode::PageUp);
        assert!(!available(&model, Command::Cancel), "an audience is not told of it");
        update(&mut model, Msg::Do(Command::Present));
        assert!(matches!(model.walkthrough.shown(Step::RedshiftMl), Status::Running { .. }) && model.working());
        press(&mut model, KeyCode::Char('q'));
        assert!(
            matches!(model.popups.last(), Some(Popup::Confirm(confirm)) if confirm.body.contains("“Train again in SQL” will be cancelled"))
        );
        press(&mut model, KeyCode::Esc);
        update(&mut model, Msg::Do(Command::Focus(crate::app::Pane::Walkthrough)));
        model.walkthrough.select(Step::RedshiftMl as usize);
        let effects = press(&mut model, KeyCode::Char('x'));
        assert!(effects.iter().any(|effect| matches!(effect, Effect::CancelSteps(id) if *id == run)), "{effects:?}");
    }

    #[test]
    fn another_state_of_the_account_ends_it_first() {
        let (mut model, run) = begun();
        update(&mut model, Msg::Do(Command::StepBegin));
        let effects = press(&mut model, KeyCode::Enter);
        let cancel = effects.iter().position(|effect| matches!(effect, Effect::CancelSteps(id) if *id == run));
        let begin = effects.iter().position(|effect| matches!(effect, Effect::BeginAt(_)));
        assert!(cancel.is_some() && cancel < begin, "{effects:?}");
        assert!(model.walkthrough.background.is_empty());
        // Where the account is again as it has to be, it begins anew.
        let cancelled = Box::new(Err(OpError::cancelled("waiting for the model")));
        walk(&mut model, Walk::Ended(Step::RedshiftMl, cancelled));
        update(&mut model, Msg::Connected(Box::new(identity())));
        let mut states: Vec<_> = Step::ALL.into_iter().map(|step| (step, StepState::Pending)).collect();
        for (_, state) in &mut states[..4] {
            *state = StepState::Done("there".into());
        }
        assert_eq!(handed(&walk(&mut model, Walk::Read(states))), [vec![Step::RedshiftMl]]);
    }

    #[test]
    fn on_the_fallback_it_begins_anew() {
        for (kind, anew) in [(TargetKind::Local, true), (TargetKind::Replay, false)] {
            let (mut model, _) = begun();
            let mut there = identity();
            there.kind = kind;
            let effects = update(&mut model, Msg::Standby(Standby::Switched(Side::Fallback, Box::new(there))));
            assert_eq!(handed(&effects), if anew { vec![vec![Step::RedshiftMl]] } else { vec![] }, "{kind:?}");
            assert_eq!(model.standby.left.as_ref().unwrap().1, ["“Train again in SQL”"]);
            assert_eq!(model.walkthrough.background.len(), usize::from(anew));
        }
    }
}
