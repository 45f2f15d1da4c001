//! What a message does to the state, and what has to be done outside because of it.

mod availability;
mod commands;
mod console;
mod cut;
mod early;
mod editor;
mod explore;
mod grid;
mod keys;
mod movement;
mod pipeline;
mod pointer;
mod predict;
mod remote;
mod standby;

pub use availability::{available, scopes, space_goes_on};
pub use console::engine_name;
pub use pointer::TAB;

use super::doctor;
use super::effect::Effect;
use super::login;
use super::model::{Held, Link, Model};
use super::msg::{Identity, Msg};
use super::pane::Pane;
use super::popup::{Choice, Confirm, Popup};
use super::resources;
use super::sql::{self, Half};
use super::walkthrough::{self, Status};
use crate::config::settings::TargetKind;
use crate::demo::event::EventKind;
use crate::demo::resource::ResourceState;
use crate::demo::step::Step;
use crate::ops::OpError;
use crate::ops::query::QueryEngine;
use crate::ops::steps::{StepState, from_checklist};
use commands::run_command;
use keys::{conclude, on_key, on_paste};
use pointer::{on_click, on_drag, on_scroll, on_sideways, on_wheel};

/// Takes a message.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    let typed = matches!(msg, Msg::Key(_) | Msg::Paste(_) | Msg::Click(_) | Msg::Popup(_) | Msg::Do(_) | Msg::Sql(sql::Msg::Run(..)));
    let drawn = matches!(msg, Msg::Drawn(_));
    let step = model.walkthrough.current().step;
    let mut effects = handle(model, msg);
    remote::settle(model, step);
    settle(model);
    effects.extend(doctor::after(model));
    if typed {
        effects.extend(console::after(model));
    }
    // What the loop makes of a drawn frame is no news to the account.
    if !drawn {
        effects.extend(pipeline::want(model));
        effects.extend(explore::want(model));
        effects.extend(early::want(model));
        effects.extend(cut::settle(model));
        effects.extend(standby::want(model));
        effects.extend(remote::tell(model));
    }
    effects
}

fn handle(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Key(key) => on_key(model, key),
        Msg::Paste(text) => on_paste(model, &text),
        Msg::Click(target) => on_click(model, target),
        Msg::Drag(over, column) => on_drag(model, over, column),
        Msg::Release => {
            model.pointer.held = Held::Nothing;
            Vec::new()
        }
        Msg::Scroll(half, delta) => on_scroll(model, half, delta),
        Msg::Sideways(delta) => on_sideways(model, delta),
        Msg::Wheel(pane, delta) => on_wheel(model, pane, delta),
        Msg::Do(command) => run_command(model, command),
        Msg::Resize(columns, rows) => {
            model.size = (columns, rows);
            Vec::new()
        }
        Msg::Drawn(viewport) => {
            model.viewport = viewport;
            if model.explore.images.room == viewport.picture {
                return Vec::new();
            }
            model.explore.images.room = viewport.picture;
            explore::want(model)
        }
        Msg::Tick => {
            model.frame = model.frame.wrapping_add(1);
            Vec::new()
        }
        Msg::Connected(identity) => connected(model, identity),
        Msg::Standby(msg) => standby::on_msg(model, msg),
        Msg::NotConnected(error) => {
            model.link = Link::Closed(error);
            doctor::linked(model)
        }
        Msg::Production { account, phrase } => {
            model.private = vec![account.clone()];
            production(model, &account, phrase);
            doctor::linked(model)
        }
        Msg::Login(msg) => on_login(model, msg),
        Msg::Doctor(msg) => {
            doctor::on_msg(model, msg);
            Vec::new()
        }
        Msg::Written(said) => {
            let bad = said.is_err();
            model.say(said.unwrap_or_else(|why| why), bad);
            Vec::new()
        }
        Msg::Broken(what) => {
            model.say(what, true);
            Vec::new()
        }
        Msg::Terminate => commands::leave(model),
        Msg::Walkthrough(msg) => on_walkthrough(model, msg),
        Msg::Resources(msg) => on_resources(model, msg),
        Msg::Sql(msg) => {
            let effects = console::on_msg(model, msg);
            let tab = model.sql.tab_mut();
            tab.half = if tab.results.is_empty() { Half::Editor } else { tab.half };
            effects
        }
        Msg::Pipeline(msg) => pipeline::on_msg(model, msg),
        Msg::Predict(msg) => predict::on_msg(model, msg),
        Msg::Explore(msg) => explore::on_msg(model, msg),
        Msg::Activity(msg) => {
            model.activity.update(msg);
            Vec::new()
        }
        Msg::Popup(msg) => {
            let Some(top) = model.popups.last_mut() else { return Vec::new() };
            let outcome = top.update(&msg);
            conclude(model, outcome)
        }
    }
}

/// The account is open: everything that is shown of it is read.
fn connected(model: &mut Model, identity: Box<Identity>) -> Vec<Effect> {
    model.region.clone_from(&identity.scenario.region);
    model.sql.library.clone_from(&identity.library);
    model.private.clone_from(&identity.private);
    // A recording is shown as what was recorded.
    model.mask |= model.mask_follows && identity.somebodys;
    model.link = Link::Open(identity);
    let mut effects = model.resources.refresh();
    let interrupted = model.login.take_up();
    effects.extend(model.walkthrough.start(interrupted));
    effects.extend(model.pipeline.follow());
    effects.extend(model.predict.look());
    effects.extend(console::connected(model));
    effects.extend(doctor::linked(model));
    effects
}

/// What is true of the state as a whole after every message.
fn settle(model: &mut Model) {
    let running = model.walkthrough.running().map(|view| view.step);
    if model.notice.as_ref().is_some_and(|notice| notice.until <= model.now || (notice.of.is_some() && notice.of != running)) {
        model.notice = None;
    }
    if model.revealed.is_some_and(|until| until <= model.now) {
        model.revealed = None;
    }
    let tab = model.sql.tab_mut();
    tab.editor.set_dialect(super::sql::dialect(tab.engine));
    let now = model.now;
    model.resources.changed.retain(|_, at| (now - *at).num_seconds() < resources::FRESH);
    if model.predict.editing.is_some() && model.focus != Pane::Predict {
        model.predict.editing = None;
        model.before_edit = None;
    }
    model.walkthrough.scroll = model.walkthrough.scroll.min(model.viewport.notes_end);
    let source = source(model);
    if source.is_some() {
        model.explore.set_source(source);
    }
}

/// Where the table can be explored: in the warehouse once it is loaded, else in the lake.
fn source(model: &Model) -> Option<QueryEngine> {
    model.identity()?;
    let done = |step: Step| model.walkthrough.steps.iter().any(|view| view.step == step && matches!(view.status, Status::Done { .. }));
    if done(Step::Load) {
        Some(QueryEngine::Redshift)
    } else if done(Step::Lake) {
        Some(QueryEngine::Athena)
    } else {
        None
    }
}

/// What the checklist shows of the steps, and of the endpoint that answers predictions, follows it.
fn on_resources(model: &mut Model, msg: resources::Msg) -> Vec<Effect> {
    let (served, first) = (endpoints_ready(model), model.resources.read_at.is_none());
    let msg = standby::kept(model, msg);
    let mut effects = model.resources.update(msg, model.walkthrough.run.is_some(), model.now);
    doctor::point(model);
    let states = match &model.resources.error {
        Some(error) => Step::ALL.into_iter().map(|step| (step, StepState::Unknown(error.to_string()))).collect(),
        None => from_checklist(&model.resources.rows),
    };
    let states = standby::unrecorded(model, states);
    effects.extend(model.walkthrough.update(walkthrough::Msg::Read(states), model.now));
    // The embedded AWS costs nothing.
    if model.target == TargetKind::Aws {
        effects.extend(model.resources.want_costs(model.now));
    }
    // The first look for the model goes out with the first checklist.
    if !first && endpoints_ready(model) > served {
        effects.extend(model.predict.look());
    }
    effects
}

fn endpoints_ready(model: &Model) -> usize {
    model.resources.rows.iter().filter(|row| row.kind == "Endpoint" && row.state == ResourceState::Ready).count()
}

/// Asks before an account that looks like production is opened.
fn production(model: &mut Model, account: &str, phrase: String) {
    let which = if phrase == account { account.to_owned() } else { format!("{phrase} ({account})") };
    model.link = Link::Closed(OpError::precondition(
        "",
        "this is a production account",
        format!("the account {which} is one of the setting aws.production, and nothing is done in it before its name has been typed"),
        "leave and choose another --profile; or try again and type its name",
    ));
    model.popups.push(Popup::Confirm(Confirm {
        title: "Work in a production account?".into(),
        body: format!("The account {which} is one of the setting aws.production. What the demonstration makes and removes there is real."),
        phrase: Some(phrase),
        typed: String::new(),
        yes: "Work here",
        choice: Choice::Confirmed,
    }));
}

fn on_login(model: &mut Model, msg: login::Msg) -> Vec<Effect> {
    match msg {
        login::Msg::Ends(ends) => {
            (model.login.ends, model.login.ended) = (ends, None);
            Vec::new()
        }
        login::Msg::Ended(why) => {
            model.login.ended = Some(why);
            Vec::new()
        }
        login::Msg::Again(Ok(())) => {
            model.login.renewed();
            if matches!(model.link, Link::Closed(_)) {
                model.link = Link::Opening;
            }
            model.say("Logged in again", false);
            vec![Effect::Connect { confirmed: false }]
        }
        login::Msg::Again(Err(why)) => {
            model.say(why, true);
            Vec::new()
        }
    }
}

fn on_walkthrough(model: &mut Model, msg: walkthrough::Msg) -> Vec<Effect> {
    if let walkthrough::Msg::Earlier(step, found) = msg {
        return cut::found(model, step, *found);
    }
    let mut effects = Vec::new();
    match &msg {
        walkthrough::Msg::Begun(step) => {
            if *step == Step::Pipeline {
                // The new execution is what people want to see.
                model.pipeline.chosen = None;
            }
            effects.extend(model.resources.refresh());
        }
        walkthrough::Msg::Event(event) if event.step == Step::Pipeline && event.event == EventKind::Progress => {
            effects.extend(model.pipeline.follow_if_idle());
        }
        walkthrough::Msg::Ended(step, outcome) => {
            let ok = outcome.is_ok();
            console::step_ended(model, *step);
            effects.extend(model.resources.refresh());
            match step {
                Step::Pipeline => {
                    // An earlier execution was on show only until this one has a result.
                    let earlier = model.walkthrough.steps[*step as usize].earlier.as_ref();
                    if ok && earlier.is_some_and(|earlier| earlier.execution == model.pipeline.chosen) {
                        model.pipeline.chosen = None;
                    }
                    effects.extend(model.pipeline.follow());
                }
                Step::Deploy if ok => {
                    model.pipeline.endpoints.stale = true;
                    model.pipeline.models.stale = true;
                    effects.extend(model.predict.look());
                }
                // The rows may be others now.
                Step::Lake | Step::Load if ok => model.explore.forget(),
                Step::Cleanup => {
                    model.predict.forget();
                    model.explore.set_source(None);
                    model.pipeline.endpoints.stale = true;
                    model.pipeline.models.stale = true;
                    effects.extend(model.pipeline.follow());
                    effects.extend(model.predict.look());
                }
                _ => {}
            }
        }
        walkthrough::Msg::RunOver(_) => effects.extend(model.resources.refresh()),
        _ => {}
    }
    let script = matches!(msg, walkthrough::Msg::Script(_));
    let ended = if let walkthrough::Msg::Ended(step, outcome) = &msg { Some((*step, outcome.is_ok())) } else { None };
    effects.extend(model.walkthrough.update(msg, model.now));
    match ended {
        Some((step, true)) => effects.extend(remote::step_done(model, step)),
        Some((step, false)) => model.login.step_ended(&model.walkthrough.steps, step),
        None => {}
    }
    if script {
        remote::script_read(model);
    }
    effects
}

#[cfg(test)]
mod pipeline_tests;
#[cfg(test)]
mod standby_tests;
#[cfg(test)]
mod tests;
