//! What stands beside the form: why the model answers so, what another threshold would mean, and the same customer on three roads.

use std::sync::Arc;
use std::time::Duration;

use super::State;
use super::aspects::Aspects;
use crate::app::effect::Effect;
use crate::app::latest::{Latest, Ticket};
use crate::demo::feature_schema::Row;
use crate::demo::ranking::{Calibrated, Economics, Outcome};
use crate::ops::OpError;
use crate::ops::explain::{Evidence, Reasons, Roads};

/// A step of the threshold.
const THRESHOLD_STEP: f64 = 0.01;
/// A step of the cost of a call.
const COST_STEP: f64 = 1.0;
/// A step of the value of a subscription.
const VALUE_STEP: f64 = 10.0;

/// What is shown beside the form, or instead of it where there is no room for both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum View {
    /// The form; where there is room, with the reasons beside it.
    #[default]
    Form,
    /// Why.
    Why,
    /// What another threshold would mean.
    Threshold,
    /// The same customer on three roads.
    Roads,
    /// How the answer depends on the selected column.
    Dependence,
    /// Which columns matter in general.
    Importance,
    /// How the model treats the segments of the selected column.
    Segments,
}

/// What can be asked for beside the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the table of actions describes each one")]
pub enum Command {
    Why,
    Threshold,
    Roads,
    Dependence,
    Importance,
    Segments,
    Differences,
    LowerThreshold,
    HigherThreshold,
    BestThreshold,
    OwnThreshold,
    CheaperCall,
    DearerCall,
    SmallerValue,
    LargerValue,
}

/// The state of what stands beside the form.
#[derive(Debug, Clone)]
pub struct Beside {
    /// What is shown.
    pub view: View,
    /// The model file and the test split, once read.
    pub evidence: Option<Arc<Evidence>>,
    /// Why there is none.
    pub missing: Option<OpError>,
    /// Why the customer in the form is answered so.
    pub reasons: Option<Reasons>,
    /// The same customer on three roads.
    pub roads: Option<Roads>,
    /// Why the roads could not be asked.
    pub roads_error: Option<OpError>,
    /// The threshold that is tried instead of the model's own.
    pub threshold: Option<f64>,
    /// What a call costs and a subscription brings.
    pub economics: Economics,
    /// The selected column beyond this customer.
    pub aspects: Aspects,
    gather: Latest,
    explain: Latest,
    ask_roads: Latest,
}

impl Default for Beside {
    fn default() -> Self {
        Beside {
            view: View::default(),
            evidence: None,
            missing: None,
            reasons: None,
            roads: None,
            roads_error: None,
            threshold: None,
            // Round figures to begin with; the presenter changes them to the customer's own.
            economics: Economics { call_cost: 10.0, subscription_value: 150.0 },
            aspects: Aspects::default(),
            gather: Latest::default(),
            explain: Latest::default(),
            ask_roads: Latest::default(),
        }
    }
}

/// What happens beside the form.
#[derive(Debug, Clone)]
pub enum Msg {
    /// The model file and the test split were read.
    Gathered(Ticket, Result<Arc<Evidence>, OpError>),
    /// A row was explained.
    Explained(Ticket, Box<Result<Reasons, OpError>>),
    /// A row was asked on every road.
    Asked(Ticket, Box<Result<Roads, OpError>>),
}

impl Beside {
    /// Forgets what belongs to a model; answers still on their way are not taken any more.
    pub(super) fn forget(&mut self) {
        let (view, economics) = (self.view, self.economics);
        let (mut gather, mut explain, mut ask_roads) = (self.gather, self.explain, self.ask_roads);
        gather.abandon();
        explain.abandon();
        ask_roads.abandon();
        let mut aspects = std::mem::take(&mut self.aspects);
        aspects.forget();
        *self = Beside { view, economics, aspects, gather, explain, ask_roads, ..Beside::default() };
    }

    /// What scores like this one have meant.
    pub fn calibrated(&self, score: f64) -> Option<Calibrated> {
        self.evidence.as_ref()?.test.calibrated(score)
    }

    /// What a threshold means, and the one that pays most.
    pub fn outcomes(&self, threshold: f64) -> Option<(Outcome, Outcome)> {
        let ranking = self.evidence.as_ref()?.ranking.as_ref()?;
        Some((ranking.at(threshold, self.economics), ranking.best(self.economics)))
    }

    fn move_cost(&mut self, steps: f64) {
        let cost = &mut self.economics.call_cost;
        *cost = (*cost + steps * COST_STEP).max(0.0);
    }

    fn move_value(&mut self, steps: f64) {
        let value = &mut self.economics.subscription_value;
        *value = (*value + steps * VALUE_STEP).max(0.0);
    }

    fn explain(&mut self, row: Row, after: Duration) -> Vec<Effect> {
        match &self.evidence {
            Some(evidence) => vec![Effect::Explain { ticket: self.explain.issue(), evidence: Arc::clone(evidence), row, after }],
            None => Vec::new(),
        }
    }

    fn ask_roads(&mut self, row: Row, after: Duration) -> Vec<Effect> {
        match &self.evidence {
            Some(evidence) if self.view == View::Roads => {
                vec![Effect::AskRoads { ticket: self.ask_roads.issue(), evidence: Arc::clone(evidence), row, after }]
            }
            _ => Vec::new(),
        }
    }
}

impl State {
    /// The threshold in force: the one being tried, else the model's own.
    pub fn threshold(&self) -> f64 {
        self.beside.threshold.unwrap_or_else(|| self.model.as_ref().map_or(0.5, |model| model.threshold))
    }

    /// The decision on a score.
    pub fn decision(&self, score: f64) -> Option<&str> {
        self.model.as_ref().map(|model| model.schema.decision(score, self.threshold()))
    }

    /// Shows a view, or the form again when the view is shown already.
    fn look_at(&mut self, view: View) -> Vec<Effect> {
        self.beside.view = if self.beside.view == view { View::Form } else { view };
        self.beside.roads = None;
        match self.row() {
            Ok(row) if self.beside.view == View::Roads => self.beside.ask_roads(row, Duration::ZERO),
            _ => self.look_into(),
        }
    }

    /// Does a command.
    pub fn run(&mut self, command: Command) -> Vec<Effect> {
        match command {
            Command::Why => return self.look_at(View::Why),
            Command::Threshold => return self.look_at(View::Threshold),
            Command::Roads => return self.look_at(View::Roads),
            Command::Dependence => return self.look_at(View::Dependence),
            Command::Importance => return self.look_at(View::Importance),
            Command::Segments => return self.look_at(View::Segments),
            Command::Differences => self.beside.aspects.differences = !self.beside.aspects.differences,
            Command::LowerThreshold => self.move_threshold(-1.0),
            Command::HigherThreshold => self.move_threshold(1.0),
            Command::BestThreshold => {
                if let Some((_, best)) = self.beside.outcomes(self.threshold()) {
                    self.beside.threshold = Some(best.threshold);
                }
            }
            Command::OwnThreshold => self.beside.threshold = None,
            Command::CheaperCall => self.beside.move_cost(-1.0),
            Command::DearerCall => self.beside.move_cost(1.0),
            Command::SmallerValue => self.beside.move_value(-1.0),
            Command::LargerValue => self.beside.move_value(1.0),
        }
        // Another threshold makes other rates.
        self.look_into()
    }

    /// Another threshold, by steps; the decision in the form follows.
    fn move_threshold(&mut self, steps: f64) {
        let moved = ((self.threshold() + steps * THRESHOLD_STEP) / THRESHOLD_STEP).round() * THRESHOLD_STEP;
        self.beside.threshold = Some(moved.clamp(0.0, 1.0));
    }

    /// Reads the model file of a model that was just found.
    pub(super) fn gather(&mut self) -> Vec<Effect> {
        match &self.model {
            Some(model) => vec![Effect::GatherEvidence { ticket: self.beside.gather.issue(), model: Arc::clone(model) }],
            None => Vec::new(),
        }
    }

    /// What the row in the form needs beside its answer.
    pub(super) fn reason(&mut self, row: &Row, after: Duration) -> Vec<Effect> {
        self.beside.roads = None;
        let mut effects = self.beside.explain(row.clone(), after);
        effects.extend(self.beside.ask_roads(row.clone(), after));
        effects
    }

    /// Takes a message.
    pub(super) fn hear_beside(&mut self, msg: Msg) -> Vec<Effect> {
        let beside = &mut self.beside;
        match msg {
            Msg::Gathered(ticket, answer) if beside.gather.settle(ticket) => match answer {
                Ok(evidence) => {
                    beside.missing = None;
                    beside.evidence = Some(evidence);
                    let mut effects = self.look_into();
                    if let Ok(row) = self.row() {
                        effects.extend(self.reason(&row, Duration::ZERO));
                    }
                    effects
                }
                Err(error) => {
                    beside.missing = Some(error);
                    Vec::new()
                }
            },
            Msg::Explained(ticket, answer) if beside.explain.settle(ticket) => {
                match *answer {
                    Ok(reasons) => beside.reasons = Some(reasons),
                    Err(error) => beside.missing = Some(error),
                }
                Vec::new()
            }
            Msg::Asked(ticket, answer) if beside.ask_roads.settle(ticket) => {
                match *answer {
                    Ok(roads) => (beside.roads, beside.roads_error) = (Some(roads), None),
                    Err(error) => (beside.roads, beside.roads_error) = (None, Some(error)),
                }
                Vec::new()
            }
            // An older answer.
            Msg::Gathered(..) | Msg::Explained(..) | Msg::Asked(..) => Vec::new(),
        }
    }
}

#[cfg(test)]
pub mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
    use super::*;
    use crate::app::predict;
    use crate::demo::boosted::BoostedTrees;
    use crate::demo::example::model::{document, row, schema};
    use crate::demo::explanation::Explainer;
    use crate::demo::ranking::Ranking;
    use crate::ops::explain::{ExplainedModel, TestSet};
    use crate::ops::predict::{DeployedModel, Sample};

    /// A model file of one tree and a test split of five rows.
    pub fn evidence() -> Arc<Evidence> {
        let model = DeployedModel::detached("BankDM-staging", schema(), 0.5);
        let explainer = Explainer::new(BoostedTrees::from_document(&document()).unwrap(), schema()).unwrap();
        let explained = ExplainedModel { model, explainer: Arc::new(explainer), known: Arc::default() };
        let (scores, truths) = (vec![0.9, 0.8, 0.3, 0.2, 0.1], vec![true, false, true, false, false]);
        let ranking = Ranking::new(&scores, &truths);
        let samples = scores.iter().map(|_| Sample { row: row(40, "admin."), actual: None, seen: Some(false) }).collect();
        Arc::new(Evidence { explained, test: TestSet { samples, scores, truths }, ranking, importance: vec![] })
    }

    fn tickets(effects: &[Effect]) -> (Option<Ticket>, Option<Ticket>, Option<Ticket>) {
        let (mut gather, mut explain, mut roads) = (None, None, None);
        for effect in effects {
            match effect {
                Effect::GatherEvidence { ticket, .. } => gather = Some(*ticket),
                Effect::Explain { ticket, .. } => explain = Some(*ticket),
                Effect::AskRoads { ticket, .. } => roads = Some(*ticket),
                _ => {}
            }
        }
        (gather, explain, roads)
    }

    fn with_evidence() -> (State, Ticket) {
        let mut state = State::default();
        let find = match &state.look()[..] {
            [Effect::FindModel { ticket }] => *ticket,
            other => panic!("{other:?}"),
        };
        let effects = state.update(predict::Msg::Found(find, Box::new(Ok(DeployedModel::detached("BankDM-staging", schema(), 0.5)))));
        let draw = effects.iter().find_map(|effect| if let Effect::DrawSamples { ticket, .. } = effect { Some(*ticket) } else { None });
        let (gather, ..) = tickets(&effects);
        state.update(predict::Msg::Drawn(draw.unwrap(), Ok(vec![Sample { row: row(40, "admin."), actual: None, seen: Some(false) }])));
        let effects = state.update(predict::Msg::Beside(Msg::Gathered(gather.unwrap(), Ok(evidence()))));
        (state, tickets(&effects).1.unwrap())
    }

    #[test]
    fn only_the_newest_reasons_are_shown() {
        let (mut state, first) = with_evidence();
        let second = tickets(&state.step(1)).1.unwrap();
        let reasons = |age| evidence().explained.reasons(&row(age, "admin."), &[]).unwrap();
        state.update(predict::Msg::Beside(Msg::Explained(second, Box::new(Ok(reasons(41))))));
        state.update(predict::Msg::Beside(Msg::Explained(first, Box::new(Ok(reasons(20))))));
        assert_eq!(state.beside.reasons, Some(reasons(41)));
    }

    #[test]
    fn the_decision_follows_the_threshold_that_is_tried() {
        let (mut state, _) = with_evidence();
        assert_eq!(state.decision(0.45), Some("no"));
        state.run(Command::Threshold);
        for _ in 0..10 {
            state.run(Command::LowerThreshold);
        }
        assert!((state.threshold() - 0.4).abs() < 1e-12);
        assert_eq!(state.decision(0.45), Some("yes"));
        state.run(Command::BestThreshold);
        // With a call at 10 and a subscription at 150 it pays to call down to the last yes.
        assert!((state.threshold() - 0.3).abs() < 1e-12);
        for _ in 0..200 {
            state.run(Command::SmallerValue);
            state.run(Command::CheaperCall);
        }
        assert_eq!((state.beside.economics.call_cost, state.beside.economics.subscription_value), (0.0, 0.0));
        state.run(Command::OwnThreshold);
        assert!((state.threshold() - 0.5).abs() < 1e-12);
    }

    #[test]
    fn the_roads_are_asked_only_while_they_are_shown() {
        let (mut state, _) = with_evidence();
        assert_eq!(tickets(&state.step(1)).2, None);
        assert!(tickets(&state.run(Command::Roads)).2.is_some());
        assert!(tickets(&state.step(1)).2.is_some());
        state.run(Command::Roads);
        assert_eq!((state.beside.view, tickets(&state.step(1)).2), (View::Form, None));
    }
}
