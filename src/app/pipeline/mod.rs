//! The pipeline on the screen: an execution as a graph, the executions so far, the registry, what answers, the definition, the project.
//!
//! What a view shows is asked for when it is on the screen and missing ([`State::want`]): nothing is read for a pane that nobody looks at,
//! and nothing is read twice. Answers carry the ticket of their question, so that an old one is dropped.

pub mod ask;
pub mod command;
pub mod definition;
pub mod endpoints;
#[cfg(test)]
pub mod fixture;
pub mod form;
pub mod log;
pub mod models;
pub mod project;
pub mod runs;
pub mod step;
#[cfg(test)]
mod tests;
pub mod view;
mod want;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

pub use ask::{Ask, Work};
pub use command::Command;
pub use step::{Finding, StepView, matter};
pub use view::{Matter, Section, View};

use super::effect::Effect;
use super::latest::{Latest, Ticket};
use super::list::ListState;
use crate::ops::OpError;
use crate::ops::endpoints::{EndpointView, SmokeTest};
use crate::ops::models::{Lineage, ModelVersion};
use crate::ops::pipeline::{
    DefinitionState, LogPage, ParameterSpec, Peek, PipelineRun, PipelineStep, RunComparison, RunState, RunSummary, StepDetail, graph,
};
use crate::ops::project::ProjectView;
use crate::ops::retrain::Retraining;

/// The state of the pane.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// What is shown.
    pub view: View,
    /// The execution on show: the newest one, or the chosen one.
    pub run: Option<PipelineRun>,
    /// The ARN of an execution that is on show although it may not be the newest one.
    pub chosen: Option<String>,
    /// Whether it was asked for at all.
    pub read: bool,
    /// What is awaited.
    pub follow: Latest,
    /// Another execution, side by side with it.
    pub beside: Option<Beside>,
    /// Why something could not be read or done.
    pub error: Option<OpError>,
    /// What is being done.
    pub jobs: Vec<Job>,
    /// The selected step, counted as in the execution.
    pub list: ListState,
    /// Whether keys go to what is said about the selected step.
    pub in_detail: bool,
    /// The part of it on show.
    pub section: Section,
    /// The selected object among inputs and outputs.
    pub objects: ListState,
    /// First line of the section on the screen.
    pub scroll: usize,
    /// What is known of the steps of the execution on show, by name.
    pub steps: BTreeMap<String, StepView>,
    /// What is awaited of inputs, outputs and the like of the selected step.
    pub detail_answer: Latest,
    /// What is awaited of what only its kind of step has.
    pub finding_answer: Latest,
    /// What is awaited of its log.
    pub log_answer: Latest,
    /// The step that they are awaited of.
    watched: Option<String>,
    /// The executions so far.
    pub runs: runs::State,
    /// The registry.
    pub models: models::State,
    /// What answers.
    pub endpoints: endpoints::State,
    /// The definition.
    pub definition: definition::State,
    /// The project.
    pub project: project::State,
    /// The values that an execution can be started with are awaited for the form.
    pub form_answer: Latest,
    /// What the form begins with.
    pub(super) form_before: (Vec<(String, String)>, bool),
    /// The rows of an object are awaited for their popup.
    pub peek_answer: Latest,
}

/// An execution beside the one on show.
#[derive(Debug, Clone, PartialEq)]
pub struct Beside {
    /// Its ARN.
    pub arn: String,
    /// It, once it was read.
    pub run: Option<PipelineRun>,
    /// What is awaited.
    pub follow: Latest,
}

/// Something that is being done.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// What.
    pub work: Work,
    /// Since when.
    pub since: DateTime<Utc>,
    /// What it said last.
    pub said: String,
}

/// What happens to the pipeline.
#[derive(Debug, Clone)]
pub enum Msg {
    /// An execution has changed.
    Changed(Ticket, Box<PipelineRun>),
    /// Following has ended: with the execution, or because there is none.
    Followed(Ticket, Box<Result<Option<PipelineRun>, OpError>>),
    /// The execution beside has changed.
    BesideChanged(Ticket, Box<Result<Option<PipelineRun>, OpError>>),
    /// Inputs, outputs and the like of a step.
    Detail(Ticket, String, Box<Result<StepDetail, OpError>>),
    /// What only this kind of step has; nothing when there is none.
    Found(Ticket, String, Box<Result<Option<Finding>, OpError>>),
    /// Lines of the log of a step.
    Logged(Ticket, String, Box<Result<LogPage, OpError>>),
    /// The first rows of an object.
    Peeked(Ticket, Box<Result<Peek, OpError>>),
    /// The executions so far.
    History(Ticket, Box<Result<Vec<RunSummary>, OpError>>),
    /// Two executions were compared.
    RunsCompared(Ticket, Box<Result<RunComparison, OpError>>),
    /// The registry.
    Models(Ticket, Box<Result<Vec<ModelVersion>, OpError>>),
    /// Where a version comes from.
    Lineage(Ticket, u32, Box<Result<Lineage, OpError>>),
    /// Two versions were compared.
    ModelsCompared(Ticket, Box<Result<RunComparison, OpError>>),
    /// What answers.
    Endpoints(Ticket, Box<Result<Vec<EndpointView>, OpError>>),
    /// What is deployed and what would be.
    Definition(Ticket, Box<Result<DefinitionState, OpError>>),
    /// What an execution can be started with.
    Parameters(Ticket, Box<Result<Vec<ParameterSpec>, OpError>>),
    /// The project.
    Project(Ticket, Box<Result<Option<ProjectView>, OpError>>),
    /// What is being done says how far it is.
    Progress(Work, String),
    /// A smoke test has an outcome.
    Smoked(String, SmokeTest),
    /// A training on new rows has an outcome.
    Retrained(Box<Retraining>),
    /// What was to be done is done, with a sentence, or was not.
    Done(Work, Box<Result<String, OpError>>),
}

/// Whether an execution or a step of it goes on.
pub fn under_way(state: RunState) -> bool {
    matches!(state, RunState::Running | RunState::Stopping)
}

/// How long something took, or takes so far.
pub fn elapsed(started: Option<DateTime<Utc>>, ended: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<f64> {
    started.map(|started| (ended.unwrap_or(now) - started).num_milliseconds().max(0) as f64 / 1000.0)
}

impl State {
    /// Reads the execution on show and follows it.
    pub fn follow(&mut self) -> Vec<Effect> {
        vec![Effect::Pipeline(Ask::Follow { ticket: self.follow.issue(), arn: self.chosen.clone() })]
    }

    /// Whether an execution is going on, as far as is known.
    pub fn active(&self) -> bool {
        self.run.as_ref().is_some_and(|run| under_way(run.state))
    }

    /// Whether something is drawn that changes with time alone.
    pub fn moving(&self) -> bool {
        self.active()
            || !self.jobs.is_empty()
            || self.beside.as_ref().and_then(|beside| beside.run.as_ref()).is_some_and(|run| under_way(run.state))
    }

    /// Follows, unless an execution is being followed already.
    pub fn follow_if_idle(&mut self) -> Vec<Effect> {
        if self.follow.pending() && self.active() { Vec::new() } else { self.follow() }
    }

    /// Whether a search of the log is being typed.
    pub fn searching(&self) -> bool {
        self.view == View::Graph && self.in_detail && self.step_view().is_some_and(|view| view.log.typing.is_some())
    }

    /// Reads again what the view shows.
    pub fn refresh(&mut self) -> Vec<Effect> {
        self.error = None;
        match self.view {
            View::Graph => {
                self.watched = None;
                for view in self.steps.values_mut() {
                    view.detail_of = None;
                    view.finding_of = None;
                    view.log.complete = false;
                }
                return self.follow_if_idle();
            }
            View::Runs => self.runs.stale = true,
            View::Models => self.models.stale = true,
            View::Endpoints => self.endpoints.stale = true,
            View::Definition => self.definition.stale = true,
            View::Project => self.project.stale = true,
        }
        Vec::new()
    }

    /// The number of the steps in the order in which the graph shows them: level by level.
    pub fn order(&self) -> Vec<usize> {
        self.run.as_ref().map(|run| graph::levels(&run.steps).concat()).unwrap_or_default()
    }

    /// The selected step.
    pub fn step(&self) -> Option<&PipelineStep> {
        self.run.as_ref()?.steps.get(self.list.selected)
    }

    /// What is known of the selected step.
    pub fn step_view(&self) -> Option<&StepView> {
        self.steps.get(&self.step()?.name)
    }

    /// The same, to be changed.
    pub fn step_view_mut(&mut self) -> Option<&mut StepView> {
        let name = self.step()?.name.clone();
        self.steps.get_mut(&name)
    }

    /// The sections of the selected step.
    pub fn sections(&self) -> &'static [Section] {
        self.step().map_or(&[Section::About], |step| Section::of(matter(step)))
    }

    /// The section on show: the chosen one, where the selected step has it.
    pub fn section(&self) -> Section {
        if self.sections().contains(&self.section) { self.section } else { Section::About }
    }

    /// Moves the selection of the view, or what is said about a step. `page` is how many rows are on the screen.
    pub fn move_by(&mut self, delta: isize, page: usize) {
        match self.view {
            View::Graph if self.in_detail => self.move_detail(delta, page),
            View::Graph => {
                let order = self.order();
                let at = order.iter().position(|step| *step == self.list.selected).unwrap_or(0);
                let at = at.saturating_add_signed(delta).min(order.len().saturating_sub(1));
                if let Some(step) = order.get(at) {
                    self.select_step(*step);
                }
            }
            View::Runs => match &mut self.runs.compared {
                Some(compared) => compared.scroll = compared.scroll.saturating_add_signed(delta),
                None => self.runs.list.move_by(delta, self.runs.len()),
            },
            View::Models => match &mut self.models.compared {
                Some(compared) => compared.scroll = compared.scroll.saturating_add_signed(delta),
                None => self.models.list.move_by(delta, self.models.len()),
            },
            View::Endpoints => self.endpoints.list.move_by(delta, self.endpoints.len()),
            View::Definition => {
                let len = self.definition.found.as_ref().map_or(0, |found| found.changes.len());
                self.definition.list.move_by(delta, len);
            }
            View::Project => {
                let len = self.project.project().map_or(0, |project| project.stages.len());
                self.project.list.move_by(delta, len);
            }
        }
    }

    fn move_detail(&mut self, delta: isize, page: usize) {
        match self.section() {
            Section::Data => {
                let len = self.step_view().and_then(|view| view.detail.as_ref()).map_or(0, |detail| step::objects(detail).len());
                self.objects.move_by(delta, len);
            }
            Section::Log => {
                if let Some(view) = self.step_view_mut() {
                    view.log.scroll(delta, page);
                }
            }
            _ => self.scroll = self.scroll.saturating_add_signed(delta),
        }
    }

    /// Selects a row of the view by its number.
    pub fn select(&mut self, index: usize) {
        match self.view {
            View::Graph if self.in_detail && self.section() == Section::Data => self.objects.selected = index,
            View::Graph => {
                if self.run.as_ref().is_some_and(|run| index < run.steps.len()) {
                    self.select_step(index);
                }
            }
            View::Runs => self.runs.list.selected = index.min(self.runs.len().saturating_sub(1)),
            View::Models => self.models.list.selected = index.min(self.models.len().saturating_sub(1)),
            View::Endpoints => self.endpoints.list.selected = index.min(self.endpoints.len().saturating_sub(1)),
            View::Definition => {
                let len = self.definition.found.as_ref().map_or(0, |found| found.changes.len());
                self.definition.list.selected = index.min(len.saturating_sub(1));
            }
            View::Project => {
                let len = self.project.project().map_or(0, |project| project.stages.len());
                self.project.list.selected = index.min(len.saturating_sub(1));
            }
        }
    }

    fn select_step(&mut self, index: usize) {
        if self.list.selected != index {
            self.list.selected = index;
            self.scroll = 0;
            self.objects = ListState::default();
        }
    }

    /// Shows another view.
    pub fn show_view(&mut self, view: View) {
        if self.view != view {
            self.view = view;
            self.in_detail = false;
            self.runs.compared = None;
            self.models.compared = None;
            self.models.open = false;
            self.models.walk = None;
            // What another view does may have changed it.
            match view {
                View::Runs => self.runs.stale |= self.runs.found.is_none(),
                View::Endpoints => self.endpoints.stale = true,
                View::Definition => self.definition.stale = true,
                View::Project => self.project.stale = true,
                View::Graph | View::Models => {}
            }
        }
    }

    /// Shows an execution in the graph and follows it.
    pub fn show_run(&mut self, arn: String) -> Vec<Effect> {
        self.show_view(View::Graph);
        self.chosen = Some(arn);
        self.follow()
    }

    /// Shows an execution beside the one on show, or takes it away.
    pub fn show_beside(&mut self, arn: Option<String>) -> Vec<Effect> {
        let Some(arn) = arn else {
            self.beside = None;
            return Vec::new();
        };
        let mut follow = Latest::default();
        let ticket = follow.issue();
        self.beside = Some(Beside { arn: arn.clone(), run: None, follow });
        vec![Effect::Pipeline(Ask::FollowBeside { ticket, arn })]
    }

    /// Whether such a work is under way.
    pub fn doing(&self, like: impl Fn(&Work) -> bool) -> bool {
        self.jobs.iter().any(|job| like(&job.work))
    }

    /// Begins what changes the account.
    pub fn begin(&mut self, work: Work, now: DateTime<Utc>) -> Vec<Effect> {
        if self.doing(|other| *other == work) {
            return Vec::new();
        }
        self.error = None;
        self.jobs.push(Job { work: work.clone(), since: now, said: String::new() });
        vec![Effect::Pipeline(Ask::Do(work))]
    }

    /// Takes a message. What is to be said to the reader is given beside what has to be done.
    pub fn update(&mut self, msg: Msg) -> (Vec<Effect>, Option<String>) {
        let mut effects = Vec::new();
        match msg {
            Msg::Changed(ticket, run) => {
                if self.follow.is_current(ticket) {
                    self.show(Some(*run));
                }
            }
            Msg::Followed(ticket, answer) => {
                if self.follow.settle(ticket) {
                    match *answer {
                        Ok(run) => {
                            self.error = None;
                            self.show(run);
                        }
                        Err(error) => self.error = Some(error),
                    }
                }
            }
            Msg::BesideChanged(ticket, answer) => {
                if let Some(beside) = self.beside.as_mut().filter(|beside| beside.follow.is_current(ticket)) {
                    match *answer {
                        Ok(run) => beside.run = run,
                        Err(error) => {
                            self.beside = None;
                            self.error = Some(error);
                        }
                    }
                }
            }
            Msg::Progress(work, said) => {
                if let Some(job) = self.jobs.iter_mut().find(|job| job.work == work) {
                    job.said = said;
                }
            }
            Msg::Retrained(walk) => {
                self.show_view(View::Models);
                self.models.walk = Some(*walk);
            }
            Msg::Smoked(endpoint, test) => self.endpoints.smoke = Some((endpoint, test)),
            Msg::Done(work, answer) => {
                self.jobs.retain(|job| job.work != work);
                match *answer {
                    Ok(said) => {
                        effects = self.after(&work);
                        return (effects, Some(said));
                    }
                    Err(error) => {
                        // What was begun may have had an effect before it failed.
                        self.endpoints.stale = true;
                        self.models.stale = true;
                        self.error = Some(error);
                    }
                }
            }
            other => self.answered(other),
        }
        (effects, None)
    }

    /// What is out of date after a work.
    fn after(&mut self, work: &Work) -> Vec<Effect> {
        match work {
            Work::Start(_) | Work::Retry(_) => {
                self.runs.stale = true;
                self.chosen = if let Work::Retry(arn) = work { Some(arn.clone()) } else { None };
                self.show_view(View::Graph);
                return self.follow();
            }
            Work::Stop(_) => {
                self.runs.stale = true;
                return self.follow_if_idle();
            }
            Work::Decide { .. } => self.models.stale = true,
            Work::Score { .. } => {}
            Work::Retrain(_) => {
                self.runs.stale = true;
                self.models.stale = true;
            }
            Work::PromoteNew { .. } | Work::Deploy { .. } | Work::Promote | Work::Rollback(_) | Work::Traffic { .. } => {
                self.endpoints.stale = true;
                self.models.stale = true;
            }
            Work::Smoke(_) | Work::AskCustomers(_) => self.endpoints.stale = true,
            Work::Commit(_) | Work::RetryStage(_) | Work::Answer { .. } => self.project.stale = true,
        }
        Vec::new()
    }

    /// Answers to what a view wanted.
    fn answered(&mut self, msg: Msg) {
        match msg {
            Msg::Detail(ticket, step, answer) => {
                if self.detail_answer.settle(ticket)
                    && let Some(view) = self.steps.get_mut(&step)
                {
                    match *answer {
                        Ok(detail) => (view.detail, view.detail_error) = (Some(detail), None),
                        Err(error) => view.detail_error = Some(error),
                    }
                }
            }
            Msg::Found(ticket, step, answer) => {
                if self.finding_answer.settle(ticket)
                    && let Some(view) = self.steps.get_mut(&step)
                {
                    match *answer {
                        Ok(found) => (view.finding, view.finding_error) = (found, None),
                        Err(error) => view.finding_error = Some(error),
                    }
                }
            }
            Msg::Logged(ticket, step, answer) => {
                let over = self.run.iter().flat_map(|run| &run.steps).any(|other| other.name == step && other.state.is_over());
                let curve = self.run.iter().flat_map(|run| &run.steps).any(|other| other.name == step && matter(other) == Matter::Curve);
                if self.log_answer.settle(ticket)
                    && let Some(view) = self.steps.get_mut(&step)
                {
                    view.log.take(*answer, over);
                    if curve {
                        view.read_curve();
                    }
                }
            }
            Msg::History(ticket, answer) => {
                if self.runs.answer.settle(ticket) {
                    self.runs.take(*answer);
                }
            }
            Msg::RunsCompared(ticket, answer) => {
                if self.runs.compare_answer.settle(ticket)
                    && let Some(compared) = &mut self.runs.compared
                {
                    compared.found = Some(*answer);
                }
            }
            Msg::Models(ticket, answer) => {
                if self.models.answer.settle(ticket) {
                    self.models.take(*answer);
                }
            }
            Msg::Lineage(ticket, version, answer) => {
                if self.models.lineage_answer.settle(ticket) {
                    self.models.lineages.insert(version, *answer);
                }
            }
            Msg::ModelsCompared(ticket, answer) => {
                if self.models.compare_answer.settle(ticket)
                    && let Some(compared) = &mut self.models.compared
                {
                    compared.found = Some(*answer);
                }
            }
            Msg::Endpoints(ticket, answer) => {
                if self.endpoints.answer.settle(ticket) {
                    self.endpoints.take(*answer);
                }
            }
            Msg::Definition(ticket, answer) => {
                if self.definition.answer.settle(ticket) {
                    self.definition.take(*answer);
                }
            }
            Msg::Project(ticket, answer) => {
                if self.project.answer.settle(ticket) {
                    self.project.take(*answer);
                }
            }
            // These open or fill popups, which belong to the screen as a whole.
            Msg::Parameters(..) | Msg::Peeked(..) => {}
            // Taken before.
            Msg::Changed(..) | Msg::Followed(..) | Msg::BesideChanged(..) | Msg::Progress(..) => {}
            Msg::Smoked(..) | Msg::Retrained(..) | Msg::Done(..) => {}
        }
    }

    /// Whether the selection is where the work was last seen: nobody has moved it elsewhere.
    fn goes_along(&self) -> bool {
        let at_work = self.run.as_ref().and_then(|run| run.steps.iter().position(|step| under_way(step.state)));
        at_work.is_none_or(|at| at == self.list.selected)
    }

    fn show(&mut self, run: Option<PipelineRun>) {
        self.read = true;
        let was_active = self.active();
        let same = match (&self.run, &run) {
            (Some(old), Some(new)) => old.arn == new.arn,
            (old, new) => old.is_none() && new.is_none(),
        };
        if !same {
            self.list = ListState::default();
            self.steps.clear();
            self.watched = None;
            self.in_detail = false;
            self.scroll = 0;
            self.runs.stale = true;
        }
        if let Some(run) = &run {
            // While it runs the selection goes along with the work, unless somebody looks at another step.
            if let Some(at) = run.steps.iter().position(|step| under_way(step.state)) {
                if self.goes_along() && !self.in_detail {
                    self.select_step(at);
                }
            } else if (was_active || !same)
                && run.state == RunState::Failed
                && let Some(at) = run.steps.iter().position(|step| step.state == RunState::Failed)
            {
                self.select_step(at);
            } else if (!same || was_active && !under_way(run.state) && self.goes_along() && !self.in_detail)
                && let Some(at) = run.steps.iter().position(|step| matter(step) == Matter::Curve)
            {
                // Of what has ended well the training says the most.
                self.select_step(at);
            }
            self.list.clamp(run.steps.len());
            if was_active && !under_way(run.state) {
                self.runs.stale = true;
                self.models.stale = true;
            }
        }
        self.run = run;
    }
}
