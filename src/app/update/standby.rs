//! Going over to the account behind the screen, and back.

use std::time::Duration;

use super::{connected, console};
use crate::app::Effect;
use crate::app::model::Model;
use crate::app::msg::Identity;
use crate::app::sql::{self, RunId, run};
use crate::app::standby::{self, Ask, Msg, Readiness, Shown, Side};
use crate::app::{activity, resources, walkthrough};
use crate::aws::activity::ApiCall;
use crate::config::settings::TargetKind;
use crate::demo::resource::{ResourceState, ResourceStatus};
use crate::demo::step::Step;
use crate::ops::OpError;
use crate::ops::steps::StepState;

/// The name of this program among those that make calls.
const SELF: &str = "shiftdeck";

/// While a presentation is on, the account behind the screen is at its step.
pub(super) fn want(model: &mut Model) -> Option<Effect> {
    model.walkthrough.presenting.as_ref()?;
    let step = standby::step(&model.walkthrough);
    model.standby.want(step).map(Effect::Standby)
}

/// Goes over, or back. Nothing is said on the screen as long as it works.
pub(super) fn switch(model: &mut Model) -> Vec<Effect> {
    if model.standby.going {
        return Vec::new();
    }
    match model.standby.side {
        Side::First => {
            model.standby.going = true;
            vec![Effect::Standby(Ask::GoOver(standby::step(&model.walkthrough)))]
        }
        Side::Fallback if model.standby.answers => {
            model.standby.going = true;
            vec![Effect::Standby(Ask::GoBack)]
        }
        Side::Fallback => {
            model.say("The first account does not answer yet", false);
            Vec::new()
        }
    }
}

pub(super) fn on_msg(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Ready(step, name) => model.standby.readiness = Readiness::Ready(step, name),
        Msg::Failed(step, why) => model.standby.readiness = Readiness::Failed(step, why),
        Msg::Answers(answers) => model.standby.answers = answers && model.standby.side == Side::Fallback,
        Msg::Stayed(why) => {
            model.standby.going = false;
            model.say(why, true);
        }
        Msg::Switched(side, identity) => return switched(model, side, identity),
    }
    Vec::new()
}

/// The screen is on another account. Step and beat stay; what ran on the one that was left has ended.
fn switched(model: &mut Model, side: Side, identity: Box<Identity>) -> Vec<Effect> {
    let (stopped, mut effects) = stop(model);
    match side {
        Side::Fallback => model.walkthrough.trust_runs(),
        // What has ended well over there says nothing of the first account.
        Side::First => model.walkthrough.forget_runs(),
    }
    let shown = match side {
        Side::First => None,
        Side::Fallback => Some(model.standby.shown.take().unwrap_or_else(|| shown(model))),
    };
    note(model, side, &stopped);
    let left = (side == Side::Fallback).then_some((model.now, stopped));
    let standby = &mut model.standby;
    (standby.side, standby.shown, standby.left, standby.going, standby.answers) = (side, shown, left, false, false);
    standby.readiness = Readiness::Nothing;
    model.target = identity.kind;
    model.pipeline.chosen = None;
    model.predict.forget();
    model.explore.set_source(None);
    // The header goes on to show the first account: what is hidden of it stays hidden.
    let hidden = model.private.clone();
    effects.extend(connected(model, identity));
    let more: Vec<String> = hidden.into_iter().filter(|text| !model.private.contains(text)).collect();
    model.private.extend(more);
    effects
}

fn shown(model: &Model) -> Shown {
    let identity = model.identity();
    Shown {
        target: model.target,
        account: identity.map(|identity| (identity.account.clone(), identity.alias.clone())),
        recording: identity.and_then(|identity| identity.recording.clone()),
    }
}

/// Ends on the screen what ran on the account that was left; gives what that was.
fn stop(model: &mut Model) -> (Vec<String>, Vec<Effect>) {
    let mut stopped = Vec::new();
    let gone = |what: &str| OpError::cancelled(what).with_fix("run it again: the screen is on another account now");
    for (step, quiet) in model.walkthrough.stop() {
        stopped.push(format!("“{}”", model.walkthrough.title(step)));
        // What was begun early may begin early on the other account, too.
        if !quiet {
            let ended = walkthrough::Msg::Ended(step, Box::new(Err(gone(step.title()))));
            model.walkthrough.update(ended, model.now);
        }
    }
    model.walkthrough.tidy();
    // The effects would cancel statements of the account that is gone.
    drop(model.sql.cancel_all());
    let active: Vec<RunId> = model.sql.active().map(|(_, run)| run.id).collect();
    let mut effects = Vec::new();
    for id in &active {
        let ended = run::Msg::Finished(Box::new(Err(gone("running a statement"))));
        effects.extend(console::on_msg(model, sql::Msg::Run(*id, ended)));
    }
    match active.len() {
        0 => {}
        1 => stopped.push("a statement".to_owned()),
        count => stopped.push(format!("{count} statements")),
    }
    model.sql.leave_sessions();
    (stopped, effects)
}

/// A line in Activity.
fn note(model: &mut Model, side: Side, stopped: &[String]) {
    let call = ApiCall {
        at: model.now,
        service: SELF.to_owned(),
        operation: match side {
            Side::First => "BackToFirst",
            Side::Fallback => "OverToFallback",
        }
        .to_owned(),
        duration: Duration::ZERO,
        error: (!stopped.is_empty()).then(|| format!("stopped: {}", stopped.join(", "))),
        reached: true,
        from: None,
    };
    model.activity.update(activity::Msg::Calls(vec![call]));
}

/// What a recording does not tell of the account is as it was last seen: an audience does not see where it ends.
pub(super) fn unrecorded(model: &Model, states: Vec<(Step, StepState)>) -> Vec<(Step, StepState)> {
    let recorded = model.standby.side == Side::Fallback || model.target == TargetKind::Replay;
    let known = |state: &StepState| !recorded || !matches!(state, StepState::Unknown(_));
    states.into_iter().filter(|(_, state)| known(state)).collect()
}

/// The same of the resources.
pub(super) fn kept(model: &Model, msg: resources::Msg) -> resources::Msg {
    match msg {
        resources::Msg::Read(ticket, Ok(rows)) if model.standby.side == Side::Fallback => {
            let keep = |row: ResourceStatus| match row.state {
                ResourceState::Unknown => model.resources.rows.iter().find(|old| old.id == row.id).cloned().unwrap_or(row),
                _ => row,
            };
            resources::Msg::Read(ticket, Ok(rows.into_iter().map(keep).collect()))
        }
        msg => msg,
    }
}
