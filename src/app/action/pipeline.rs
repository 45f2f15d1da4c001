//! What can be done with the pipeline.

use super::{Action, Command as C, Scope, action};
use crate::app::Pane;

const PIPELINE: Scope = Scope::Pane(Pane::Pipeline);

/// The actions.
pub(super) const ACTIONS: &[Action] = &[
    action(PIPELINE, C::PipelineStart, "pipeline.start", "start", "Start the pipeline", &["s"]),
    action(PIPELINE, C::PipelineStop, "pipeline.stop", "stop", "Stop the execution that is running", &["S"]),
    action(PIPELINE, C::Refresh, "pipeline.refresh", "refresh", "Read the newest execution again", &["r"]),
    action(PIPELINE, C::Down, "pipeline.next", "", "Select the next step of the pipeline", &["down", "j"]),
    action(PIPELINE, C::Up, "pipeline.previous", "", "Select the step before", &["up", "k"]),
];
