//! The mark, the colour and the word of every state: it is told by shape and by colour, so that it survives a bad projector.

use super::theme::Role;
use crate::app::Model;
use crate::app::walkthrough::Status;
use crate::demo::resource::ResourceState;
use crate::ops::pipeline::RunState;

const SPINNER: [&str; 4] = ["◐", "◓", "◑", "◒"];

/// The mark of something that goes on; it turns where things may move.
pub fn working(model: &Model) -> &'static str {
    if model.motion { SPINNER[model.frame / 2 % SPINNER.len()] } else { "●" }
}

/// Mark, role and word of a step.
pub fn step(model: &Model, status: &Status) -> (&'static str, Role, &'static str) {
    match status {
        Status::Unknown(_) => ("·", Role::Faint, "not known"),
        Status::Pending => ("◌", Role::Dim, "to do"),
        Status::Queued => ("◌", Role::Accent, "next"),
        Status::Running { .. } => (working(model), Role::Accent, "running"),
        Status::Done { .. } => ("✔", Role::Good, "done"),
        Status::Failed { .. } => ("✖", Role::Bad, "failed"),
        Status::Cancelled => ("◇", Role::Warn, "cancelled"),
    }
}

/// Mark, role and word of a resource.
pub fn resource(model: &Model, state: ResourceState) -> (&'static str, Role, &'static str) {
    match state {
        ResourceState::Missing => ("◌", Role::Faint, "not there"),
        ResourceState::Creating => (working(model), Role::Accent, "creating"),
        ResourceState::Ready => ("✔", Role::Good, "ready"),
        ResourceState::Changing => (working(model), Role::Accent, "changing"),
        ResourceState::Deleting => (working(model), Role::Warn, "deleting"),
        ResourceState::Failed => ("✖", Role::Bad, "failed"),
        ResourceState::Unknown => ("?", Role::Warn, "not known"),
    }
}

/// Mark, role and word of a pipeline execution or of one of its steps.
pub fn run(model: &Model, state: RunState) -> (&'static str, Role, &'static str) {
    match state {
        RunState::Waiting => ("◌", Role::Dim, "waiting"),
        RunState::Running => (working(model), Role::Accent, "running"),
        RunState::Stopping => (working(model), Role::Warn, "stopping"),
        RunState::Stopped => ("◇", Role::Warn, "stopped"),
        RunState::Failed => ("✖", Role::Bad, "failed"),
        RunState::Succeeded => ("✔", Role::Good, "succeeded"),
        RunState::Skipped => ("·", Role::Faint, "not taken"),
    }
}
