//! The prediction form: a customer's fields, made from the feature schema that travelled with the model, and the endpoint's answer.

pub mod beside;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Number, Value};

use beside::Beside;

use super::effect::Effect;
use super::latest::{Latest, Ticket};
use super::list::ListState;
use crate::demo::feature_schema::{Column, ColumnKind, Row};
use crate::demo::figures;
use crate::ops::OpError;
use crate::ops::predict::{DeployedModel, Prediction, Sample};

/// How long to wait for the next key before the endpoint is asked.
const DEBOUNCE: Duration = Duration::from_millis(60);

/// A field of the form.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// The column.
    pub column: Column,
    /// What is written in it.
    pub text: String,
    /// What the customer has.
    pub original: String,
}

/// What is to be said about the value of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// Nothing.
    Fine,
    /// It can be asked, but training never saw anything like it.
    Unusual(String),
    /// It cannot be asked.
    Wrong(String),
}

impl Field {
    /// A field with a customer's value.
    pub fn new(column: Column, value: &Value) -> Field {
        let text = match value {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Field { column, original: text.clone(), text }
    }

    /// Whether somebody has changed it.
    pub fn changed(&self) -> bool {
        self.text != self.original
    }

    /// What is to be said about the value.
    pub fn remark(&self) -> Remark {
        match &self.column.kind {
            ColumnKind::Number { integer, min, max, .. } => match self.text.trim().parse::<f64>() {
                Ok(number) if !number.is_finite() => Remark::Wrong("not a number".into()),
                Ok(number) if *integer && number.fract() != 0.0 => Remark::Unusual("whole numbers only in the data".into()),
                Ok(number) if number < *min || number > *max => {
                    Remark::Unusual(format!("outside of {} to {}", figures::float(*min), figures::float(*max)))
                }
                Ok(_) => Remark::Fine,
                Err(_) if self.column.dropped && self.text.is_empty() => Remark::Fine,
                Err(_) => Remark::Wrong("not a number".into()),
            },
            ColumnKind::Category { values } => {
                if self.column.dropped || values.iter().any(|value| value.value == self.text) {
                    Remark::Fine
                } else {
                    Remark::Wrong("not one of the values that training saw".into())
                }
            }
        }
    }

    /// The value for the row.
    fn value(&self) -> Value {
        match &self.column.kind {
            ColumnKind::Category { .. } => Value::String(self.text.clone()),
            ColumnKind::Number { .. } => {
                let text = self.text.trim();
                let number = match text.parse::<i64>() {
                    Ok(whole) => Some(Number::from(whole)),
                    Err(_) => text.parse::<f64>().ok().and_then(Number::from_f64),
                };
                number.map_or(Value::Null, Value::Number)
            }
        }
    }

    /// A larger or smaller number, or the next or previous value.
    pub fn step(&mut self, delta: i64) {
        match &self.column.kind {
            ColumnKind::Category { values } => {
                if values.is_empty() {
                    return;
                }
                let at = values.iter().position(|value| value.value == self.text).unwrap_or(0) as i64;
                let next = (at + delta).rem_euclid(values.len() as i64);
                self.text.clone_from(&values[next as usize].value);
            }
            ColumnKind::Number { integer, min, max, .. } => {
                let now = self.text.trim().parse::<f64>().unwrap_or(*min);
                let step = if *integer { 1.0 } else { 0.1 };
                let next = (now + step * delta as f64).clamp(*min, *max);
                self.text = figures::rounded(next, if *integer { 0 } else { 3 });
            }
        }
    }
}

/// Which customer the form shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Customer {
    /// Number among those drawn, from 1.
    pub number: u64,
    /// The true answer.
    pub actual: Option<String>,
    /// Whether training saw the row.
    pub seen: Option<bool>,
}

/// The state of the pane.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// The model behind the endpoint.
    pub model: Option<Arc<DeployedModel>>,
    /// Why there is none.
    pub missing: Option<OpError>,
    /// Customers drawn and not shown yet.
    pub samples: Vec<Sample>,
    /// Which customers to draw next.
    pub seed: u64,
    /// How many customers were shown.
    pub shown: u64,
    /// The customer in the form.
    pub customer: Option<Customer>,
    /// The form.
    pub fields: Vec<Field>,
    /// Selection.
    pub list: ListState,
    /// The text being typed into the selected number, and whether the next character replaces it.
    pub editing: Option<String>,
    /// The newest answer.
    pub prediction: Option<Prediction>,
    /// The answer to the customer as drawn, before any change.
    pub baseline: Option<f64>,
    /// Why there is no answer.
    pub error: Option<OpError>,
    /// What is awaited.
    pub find: Latest,
    /// What is awaited.
    pub draw: Latest,
    /// What is awaited.
    pub ask: Latest,
    /// What stands beside the form.
    pub beside: Beside,
}

/// What happens to the form.
#[derive(Debug, Clone)]
pub enum Msg {
    /// The model was found, or not.
    Found(Ticket, Box<Result<DeployedModel, OpError>>),
    /// Customers were drawn.
    Drawn(Ticket, Result<Vec<Sample>, OpError>),
    /// The endpoint answered.
    Answered(Ticket, Result<Prediction, OpError>),
    /// A value was picked for a field.
    Picked(usize, String),
    /// Something happened beside the form.
    Beside(beside::Msg),
}

impl State {
    /// Looks for the deployed model.
    pub fn look(&mut self) -> Vec<Effect> {
        vec![Effect::FindModel { ticket: self.find.issue() }]
    }

    /// Forgets the model, after a cleanup.
    pub fn forget(&mut self) {
        let mut beside = std::mem::take(&mut self.beside);
        beside.forget();
        *self = State { find: self.find, draw: self.draw, ask: self.ask, beside, ..State::default() };
        self.find.abandon();
        self.draw.abandon();
        self.ask.abandon();
    }

    /// Shows another customer.
    pub fn next_customer(&mut self) -> Vec<Effect> {
        if !self.samples.is_empty() {
            let sample = self.samples.remove(0);
            return self.show(sample);
        }
        match &self.model {
            Some(model) if !self.draw.pending() => {
                self.seed += 1;
                vec![Effect::DrawSamples { ticket: self.draw.issue(), model: Arc::clone(model), seed: self.seed }]
            }
            Some(_) => Vec::new(),
            None if !self.find.pending() => self.look(),
            None => Vec::new(),
        }
    }

    fn show(&mut self, sample: Sample) -> Vec<Effect> {
        let Some(model) = &self.model else { return Vec::new() };
        self.shown += 1;
        self.customer = Some(Customer { number: self.shown, actual: sample.actual, seen: sample.seen });
        // What the model looks at comes first, in table order; what it does not look at comes last.
        let (dropped, used): (Vec<_>, Vec<_>) = model.schema.columns.iter().cloned().partition(|column| column.dropped);
        self.fields = used
            .into_iter()
            .chain(dropped)
            .map(|column| {
                let value = sample.row.get(&column.name).cloned().unwrap_or(Value::Null);
                Field::new(column, &value)
            })
            .collect();
        self.list.clamp(self.fields.len());
        self.editing = None;
        self.prediction = None;
        self.baseline = None;
        self.beside.reasons = None;
        self.ask(Duration::ZERO)
    }

    /// The row of the form, or the first field that cannot be asked.
    pub fn row(&self) -> Result<Row, &Field> {
        match self.fields.iter().find(|field| matches!(field.remark(), Remark::Wrong(_))) {
            Some(field) => Err(field),
            None => Ok(self.fields.iter().map(|field| (field.column.name.clone(), field.value())).collect()),
        }
    }

    fn ask(&mut self, after: Duration) -> Vec<Effect> {
        let Some(model) = &self.model else { return Vec::new() };
        match self.row() {
            Ok(row) => {
                let model = Arc::clone(model);
                let mut effects = self.reason(&row, after);
                effects.insert(0, Effect::Predict { ticket: self.ask.issue(), model, row, after });
                effects
            }
            Err(_) => {
                self.ask.abandon();
                Vec::new()
            }
        }
    }

    /// A smaller or larger value in the selected field.
    pub fn step(&mut self, delta: i64) -> Vec<Effect> {
        self.editing = None;
        match self.fields.get_mut(self.list.selected) {
            Some(field) => {
                field.step(delta);
                self.ask(DEBOUNCE)
            }
            None => Vec::new(),
        }
    }

    /// The customer's own value in the selected field.
    pub fn reset(&mut self) -> Vec<Effect> {
        self.editing = None;
        match self.fields.get_mut(self.list.selected) {
            Some(field) if field.changed() => {
                field.text = field.original.clone();
                self.ask(DEBOUNCE)
            }
            _ => Vec::new(),
        }
    }

    /// Begins to type into the selected field if it is a number; its choices if it is a category.
    pub fn edit(&mut self) -> Option<(usize, Vec<(String, u64)>)> {
        let index = self.list.selected;
        let field = self.fields.get(index)?;
        match &field.column.kind {
            ColumnKind::Number { .. } => {
                self.editing = Some(field.text.clone());
                None
            }
            ColumnKind::Category { values } => Some((index, values.iter().map(|value| (value.value.clone(), value.count)).collect())),
        }
    }

    /// Types into the number being edited: a character, or `None` to take one away.
    pub fn type_character(&mut self, character: Option<char>) -> Vec<Effect> {
        let Some(text) = &mut self.editing else { return Vec::new() };
        match character {
            Some(c) if text.chars().count() < 24 && (c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e')) => text.push(c),
            Some(_) => return Vec::new(),
            None => {
                text.pop();
            }
        }
        let text = text.clone();
        match self.fields.get_mut(self.list.selected) {
            Some(field) => {
                field.text = text;
                self.ask(DEBOUNCE)
            }
            None => Vec::new(),
        }
    }

    /// Ends typing. With `keep` the text stays, else the value from before comes back.
    pub fn finish_editing(&mut self, keep: bool, before: Option<String>) -> Vec<Effect> {
        self.editing = None;
        match (keep, before, self.fields.get_mut(self.list.selected)) {
            (false, Some(before), Some(field)) if field.text != before => {
                field.text = before;
                self.ask(DEBOUNCE)
            }
            _ => Vec::new(),
        }
    }

    /// Takes a message.
    pub fn update(&mut self, msg: Msg) -> Vec<Effect> {
        match msg {
            Msg::Found(ticket, answer) => {
                if !self.find.settle(ticket) {
                    return Vec::new();
                }
                match *answer {
                    Ok(model) => {
                        self.missing = None;
                        let same = self.model.as_ref().is_some_and(|known| known.artifact == model.artifact);
                        self.model = Some(Arc::new(model));
                        if !same {
                            self.beside.forget();
                        }
                        let mut effects = if self.customer.is_none() { self.next_customer() } else { self.ask(Duration::ZERO) };
                        if self.beside.evidence.is_none() {
                            effects.extend(self.gather());
                        }
                        effects
                    }
                    Err(error) => {
                        self.model = None;
                        self.missing = Some(error);
                        self.samples.clear();
                        self.customer = None;
                        self.fields.clear();
                        self.prediction = None;
                        self.beside.forget();
                        Vec::new()
                    }
                }
            }
            Msg::Drawn(ticket, answer) => {
                if !self.draw.settle(ticket) {
                    return Vec::new();
                }
                match answer {
                    Ok(samples) => {
                        self.error = None;
                        self.samples = samples;
                        if self.samples.is_empty() { Vec::new() } else { self.next_customer() }
                    }
                    Err(error) => {
                        self.error = Some(error);
                        Vec::new()
                    }
                }
            }
            Msg::Answered(ticket, answer) => {
                if self.ask.settle(ticket) {
                    match answer {
                        Ok(prediction) => {
                            self.error = None;
                            if !self.fields.iter().any(Field::changed) {
                                self.baseline = Some(prediction.score);
                            }
                            self.prediction = Some(prediction);
                        }
                        Err(error) => self.error = Some(error),
                    }
                }
                Vec::new()
            }
            Msg::Beside(msg) => self.hear_beside(msg),
            Msg::Picked(index, value) => match self.fields.get_mut(index) {
                Some(field) => {
                    field.text = value;
                    self.ask(Duration::ZERO)
                }
                None => Vec::new(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::demo::feature_schema::{CategoryValue, FeatureSchema, Target};

    fn number(name: &str) -> Column {
        let kind = ColumnKind::Number { integer: true, min: 17.0, max: 98.0, mean: 40.0, quantiles: vec![] };
        Column { name: name.into(), dropped: false, kind }
    }

    fn category(name: &str, values: &[&str]) -> Column {
        let values = values.iter().map(|value| CategoryValue { value: (*value).into(), count: 1 }).collect();
        Column { name: name.into(), dropped: false, kind: ColumnKind::Category { values } }
    }

    fn model() -> DeployedModel {
        let schema = FeatureSchema {
            version: 1,
            target: Target { name: "y".into(), positive: "yes".into(), negative: "no".into() },
            columns: vec![number("age"), category("job", &["admin.", "student"])],
            derived: vec![],
            features: vec![],
        };
        let mut model = DeployedModel::detached("BankDM-staging", schema, 0.5);
        model.version = Some(1);
        model
    }

    fn with_customer() -> (State, Ticket) {
        let mut state = State::default();
        let find = match &state.look()[..] {
            [Effect::FindModel { ticket }] => *ticket,
            other => panic!("{other:?}"),
        };
        let draw = match &state.update(Msg::Found(find, Box::new(Ok(model()))))[..] {
            [Effect::DrawSamples { ticket, .. }, Effect::GatherEvidence { .. }] => *ticket,
            other => panic!("{other:?}"),
        };
        let row: Row = [("age".to_owned(), Value::from(30)), ("job".to_owned(), Value::from("student"))].into_iter().collect();
        let effects = state.update(Msg::Drawn(draw, Ok(vec![Sample { row, actual: Some("no".into()), seen: Some(false) }])));
        let ask = match &effects[..] {
            [Effect::Predict { ticket, row, .. }] => {
                assert_eq!(row["age"], Value::from(30));
                *ticket
            }
            other => panic!("{other:?}"),
        };
        (state, ask)
    }

    fn answer(score: f64) -> Prediction {
        Prediction { score, decision: "no".into(), latency: Duration::from_millis(3) }
    }

    #[test]
    fn the_form_follows_the_schema_and_asks_at_once() {
        let (mut state, ask) = with_customer();
        assert_eq!(state.fields.len(), 2);
        state.update(Msg::Answered(ask, Ok(answer(0.2))));
        assert_eq!(state.baseline, Some(0.2));
    }

    #[test]
    fn only_the_newest_answer_is_shown() {
        let (mut state, first) = with_customer();
        let second = match &state.step(1)[..] {
            [Effect::Predict { ticket, row, .. }] => {
                assert_eq!(row["age"], Value::from(31));
                *ticket
            }
            other => panic!("{other:?}"),
        };
        state.update(Msg::Answered(second, Ok(answer(0.4))));
        state.update(Msg::Answered(first, Ok(answer(0.1))));
        assert_eq!(state.prediction.as_ref().unwrap().score, 0.4);
        assert_eq!(state.baseline, None, "a changed customer is no baseline");
    }

    #[test]
    fn what_is_not_a_number_is_not_asked() {
        let (mut state, _) = with_customer();
        assert!(state.edit().is_none());
        for _ in 0..2 {
            state.type_character(None);
        }
        assert!(state.type_character(Some('-')).is_empty());
        assert!(matches!(state.fields[0].remark(), Remark::Wrong(_)));
        assert_eq!(state.type_character(Some('5')).len(), 1);
        assert!(matches!(state.fields[0].remark(), Remark::Unusual(_)));
        assert!(state.type_character(Some('x')).is_empty());
        assert_eq!(state.finish_editing(false, Some("30".into())).len(), 1);
        assert_eq!(state.fields[0].text, "30");
    }

    #[test]
    fn categories_go_round() {
        let (mut state, _) = with_customer();
        state.list.selected = 1;
        state.step(1);
        assert_eq!(state.fields[1].text, "admin.");
        state.step(-1);
        assert_eq!(state.fields[1].text, "student");
        assert!(!state.fields[1].changed());
    }
}
