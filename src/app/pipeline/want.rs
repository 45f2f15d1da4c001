//! What is missing for what is on the screen.

use std::time::Duration;

use super::ask::Ask;
use super::step::AGAIN;
use super::{Matter, State, View, matter, under_way};
use crate::app::effect::Effect;

impl State {
    /// Asks for what the view shows and is not there yet, or not any more. Called after every message while the pane has the focus; what is
    /// awaited already is not asked for again.
    pub fn want(&mut self) -> Vec<Effect> {
        let mut asks = Vec::new();
        match self.view {
            View::Graph => self.want_step(&mut asks),
            View::Runs => {
                let runs = &mut self.runs;
                if (runs.stale || runs.found.is_none() && runs.error.is_none()) && !runs.answer.pending() {
                    runs.stale = false;
                    asks.push(Ask::History { ticket: runs.answer.issue() });
                }
            }
            View::Models => self.want_models(&mut asks),
            View::Endpoints => {
                // Stages and versions are chosen from the registry.
                self.want_models(&mut asks);
                let endpoints = &mut self.endpoints;
                if endpoints.stale {
                    endpoints.answer.abandon();
                }
                if !endpoints.answer.pending() {
                    let after = endpoints.pause();
                    endpoints.stale = false;
                    asks.push(Ask::Endpoints { ticket: endpoints.answer.issue(), after });
                }
            }
            View::Definition => {
                let definition = &mut self.definition;
                if (definition.stale || definition.found.is_none() && definition.error.is_none()) && !definition.answer.pending() {
                    definition.stale = false;
                    asks.push(Ask::Definition { ticket: definition.answer.issue() });
                }
            }
            View::Project => {
                let project = &mut self.project;
                if project.stale {
                    project.answer.abandon();
                }
                if let Some(after) = project.pause().filter(|_| !project.answer.pending() && (project.error.is_none() || project.stale)) {
                    project.stale = false;
                    asks.push(Ask::Project { ticket: project.answer.issue(), after });
                }
            }
        }
        asks.into_iter().map(Effect::Pipeline).collect()
    }

    fn want_models(&mut self, asks: &mut Vec<Ask>) {
        let models = &mut self.models;
        if (models.stale || models.found.is_none() && models.error.is_none()) && !models.answer.pending() {
            models.stale = false;
            asks.push(Ask::Models { ticket: models.answer.issue() });
        }
        if self.view != View::Models {
            return;
        }
        let Some(version) = models.selected().map(|model| model.version) else { return };
        let awaited = models.lineage_answer.pending() && models.lineage_of == Some(version);
        if !models.lineages.contains_key(&version) && !awaited {
            models.lineage_of = Some(version);
            asks.push(Ask::Lineage { ticket: models.lineage_answer.issue(), version });
        }
    }

    fn want_step(&mut self, asks: &mut Vec<Ask>) {
        let Some(run) = &self.run else { return };
        let Some(step) = run.steps.get(self.list.selected) else { return };
        let (arn, name, state, matter) = (run.arn.clone(), step.name.clone(), step.state, matter(step));
        let step_ran = step.started.is_some() || step.cached;
        if self.watched.as_ref() != Some(&name) {
            self.watched = Some(name.clone());
            self.detail_answer.abandon();
            self.finding_answer.abandon();
            self.log_answer.abandon();
        }
        let view = self.steps.entry(name.clone()).or_default();
        let changed = view.detail_of != Some(state);
        if changed || under_way(state) && view.detail_error.is_none() && !self.detail_answer.pending() {
            view.detail_of = Some(state);
            let after = if changed { Duration::ZERO } else { AGAIN };
            let ticket = self.detail_answer.issue();
            asks.push(Ask::Detail { ticket, arn: arn.clone(), step: name.clone(), after });
        }
        let has_finding = matches!(matter, Matter::Checks | Matter::Figures | Matter::Gate);
        if has_finding && state.is_over() && step_ran && view.finding_of != Some(state) {
            view.finding_of = Some(state);
            asks.push(Ask::Finding { ticket: self.finding_answer.issue(), arn, step: name.clone(), matter });
        }
        let source = view.detail.as_ref().and_then(|detail| detail.log.clone());
        if let Some(source) = source.filter(|_| step_ran && !view.log.complete && !self.log_answer.pending()) {
            let after = view.log.pause();
            let (ticket, since) = (self.log_answer.issue(), view.log.cursor.clone());
            asks.push(Ask::Log { ticket, step: name, source, since, after });
        }
    }
}
