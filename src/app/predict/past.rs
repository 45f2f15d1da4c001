//! The predictions of this session: what was asked, what was answered, and the way back to one.

use std::time::Duration;

use super::{Customer, Origin, State};
use crate::app::effect::Effect;
use crate::demo::feature_schema::Row;
use crate::ops::predict::Prediction;

/// Predictions that are remembered.
const REMEMBERED: usize = 300;

/// A prediction of before.
#[derive(Debug, Clone, PartialEq)]
pub struct Past {
    /// Its number in this session, from 1.
    pub number: u64,
    /// The row that was asked.
    pub row: Row,
    /// Whose form it was.
    pub customer: Customer,
    /// The fields of the form: what the customer has and what was written.
    fields: Vec<(String, String)>,
    /// What somebody had changed: column, the customer's own value, the value asked.
    pub changes: Vec<(String, String, String)>,
    /// The answer of the endpoint.
    pub score: f64,
    /// The decision at the model's own threshold.
    pub decision: String,
    /// The version that answered.
    pub version: Option<u32>,
    /// The artifact of the model, so that it is known whether the form is still that model's.
    artifact: String,
    /// Round trip of the call.
    pub latency: Duration,
    /// The answer to the customer before any change.
    baseline: Option<f64>,
}

impl State {
    /// Remembers an answer. The same row asked again directly afterwards takes the place of the one before.
    pub(super) fn remember(&mut self, prediction: &Prediction) {
        let (Some(model), Some(customer), Ok(row)) = (&self.model, &self.customer, self.row()) else { return };
        let again =
            self.past.last().is_some_and(|last| last.row == row && last.version == model.version && last.artifact == model.artifact);
        if again {
            self.past.pop();
        } else {
            self.asked += 1;
        }
        let changed = self.fields.iter().filter(|field| field.changed());
        let past = Past {
            number: self.asked,
            row,
            customer: customer.clone(),
            fields: self.fields.iter().map(|field| (field.original.clone(), field.text.clone())).collect(),
            changes: changed.map(|field| (field.column.name.clone(), field.original.clone(), field.text.clone())).collect(),
            score: prediction.score,
            decision: prediction.decision.clone(),
            version: model.version,
            artifact: model.artifact.clone(),
            latency: prediction.latency,
            baseline: self.baseline,
        };
        self.past.push(past);
        let forgotten = self.past.len().saturating_sub(REMEMBERED);
        self.past.drain(..forgotten);
    }

    /// Goes back to a prediction: the form is as it was, and is asked again.
    pub fn go_back(&mut self, number: u64) -> Vec<Effect> {
        let Some(model) = self.model.clone() else { return Vec::new() };
        let Some(past) = self.past.iter().find(|past| past.number == number).cloned() else { return Vec::new() };
        let sample = crate::ops::predict::Sample { row: past.row, actual: past.customer.actual, seen: past.customer.seen };
        self.fill(&model, &sample, Origin::Past(number), past.customer.number);
        // Another model may have other columns; then the row is all that can be shown.
        if model.artifact == past.artifact && self.fields.len() == past.fields.len() {
            for (field, (original, text)) in self.fields.iter_mut().zip(past.fields) {
                (field.original, field.text) = (original, text);
            }
            self.baseline = past.baseline;
        }
        self.ask(Duration::ZERO)
    }
}
