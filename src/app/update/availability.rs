//! What can be done now: the hint bar and the palette show nothing else.

use super::{console, cut, editor, explore, grid, pipeline, predict};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::app::Pane;
use crate::app::action::{self, Command, Scope};
use crate::app::model::Model;
use crate::app::pipeline::View;
use crate::app::sql::Half;
use crate::config::settings::TargetKind;
use crate::demo::step::Step;

/// The scopes in which a key is looked up, the nearest first.
pub fn scopes(model: &Model) -> Vec<Scope> {
    let mut scopes = remote_scopes(model);
    scopes.extend(pane_scopes(model));
    scopes
}

/// Those of the remote: none while no presentation is on.
pub(super) fn remote_scopes(model: &Model) -> Vec<Scope> {
    match (model.walkthrough.presenting.is_some(), space_goes_on(model)) {
        (false, _) => Vec::new(),
        (true, false) => vec![Scope::Remote],
        (true, true) => vec![Scope::InHand, Scope::Remote],
    }
}

/// Whether Space is the remote: while a presentation is on, everywhere where it is neither typed nor used; there only as long as nothing
/// but the remote was used since the last beat.
pub fn space_goes_on(model: &Model) -> bool {
    let Some(remote) = &model.walkthrough.presenting else { return false };
    remote.in_hand || !space_is_used(model)
}

fn space_is_used(model: &Model) -> bool {
    let space = KeyEvent::new(KeyCode::Char(' '), KeyModifiers::NONE);
    let used = action::find(&space, &pane_scopes(model)).map(|action| action.command);
    model.typing() || model.focus == Pane::Sql || used.is_some_and(|command| !matches!(command, Command::PageDown | Command::BeatOn))
}

fn pane_scopes(model: &Model) -> Vec<Scope> {
    match model.focus {
        Pane::Sql if model.sql.tab().half == Half::Editor => vec![Scope::Editor, Scope::Console, Scope::Always],
        Pane::Sql => vec![Scope::Results, Scope::Console, Scope::Global, Scope::Always],
        Pane::Pipeline => {
            let view = model.pipeline.view;
            let detail = (view == View::Graph && model.pipeline.in_detail).then_some(Scope::Detail);
            let near = [Scope::View(view), Scope::Pane(Pane::Pipeline), Scope::Global, Scope::Always];
            detail.into_iter().chain(near).collect()
        }
        pane => vec![Scope::Pane(pane), Scope::Global, Scope::Always],
    }
}

/// Whether a command can do something now. Hint bar and palette show only what can.
pub fn available(model: &Model, command: Command) -> bool {
    use Command as C;
    let open = model.identity().is_some();
    match command {
        // Tab indents in a text.
        C::NextFocus | C::PreviousFocus => !editor::takes_tab(model),
        C::StepRun | C::StepRunAll => open && model.walkthrough.run.is_none(),
        C::BeatBack => model.walkthrough.presenting.is_some(),
        C::Cut => cut::available(model),
        C::Cancel => cancels(model).is_some(),
        C::Console(command) => console::available(model, command),
        C::Edit(command) => editor::available(model, command),
        C::Grid(command) => grid::available(model, command),
        C::Pipeline(command) => pipeline::available(model, command),
        C::NextCustomer => open && model.predict.model.is_some(),
        C::EditField | C::Increase | C::Decrease => model.focus == Pane::Predict && !model.predict.fields.is_empty(),
        C::ResetField => {
            model.focus == Pane::Predict
                && model.predict.fields.get(model.predict.list.selected).is_some_and(crate::app::predict::Field::changed)
        }
        C::Form(command) => predict::available(model, command),
        C::Beside(command) => predict::available_beside(model, command),
        C::Explore(command) => explore::available(model, command),
        // What another process holds is not this one's to replace.
        C::StepBegin => {
            let owner = model.identity().is_some_and(|identity| !identity.outlives);
            owner && model.target == TargetKind::Local && model.walkthrough.run.is_none()
        }
        C::Spotlight => model.spotlight || model.can_be_dimmed(),
        C::Reveal => model.masked(),
        C::LogIn => model.target == TargetKind::Aws,
        C::Refresh => open && matches!(model.focus, Pane::Resources | Pane::Pipeline | Pane::Predict | Pane::Explore),
        _ => true,
    }
}

/// What `Cancel` would stop here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cancels {
    Steps,
    /// A step that goes on beside them.
    Beside(Step),
    Query,
    Result,
    Pipeline,
    Exploration,
}

pub(super) fn cancels(model: &Model) -> Option<Cancels> {
    let steps = model.walkthrough.run.as_ref().is_some_and(|run| !run.cancelling).then_some(Cancels::Steps);
    let query = model.sql.tab().active().any(|run| !run.cancelling()).then_some(Cancels::Query);
    let pipeline = (model.pipeline.active() && !pipeline::stopping(model)).then_some(Cancels::Pipeline);
    let result = model.sql.tab().result().is_some_and(|result| result.cancellable()).then_some(Cancels::Result);
    // While a presentation is on, nobody is told that something goes on beside it.
    let selected = model.walkthrough.current().step;
    let reader = model.walkthrough.presenting.is_none() && model.walkthrough.run.is_none();
    let beside = (reader && model.walkthrough.can_cancel_beside(selected)).then_some(Cancels::Beside(selected));
    match model.focus {
        Pane::Walkthrough => steps.or(beside).or(query),
        Pane::Sql => result.or(query).or(steps),
        // An execution that a step has started is stopped by cancelling the step.
        Pane::Pipeline => steps.or(pipeline),
        Pane::Explore => model.explore.pending().then_some(Cancels::Exploration).or(steps),
        _ => steps.or(query),
    }
}
