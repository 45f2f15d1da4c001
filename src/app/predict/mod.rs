//! The prediction form: a customer's fields, made from the feature schema that travelled with the model, and the endpoint's answer.

pub mod ask;
pub mod aspects;
pub mod beside;
mod customers;
mod field;
mod given;
mod past;

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use ask::Ask;
use beside::Beside;
pub use customers::{Customer, Customers, Filter, Origin};
pub use field::{Field, Remark};
pub use past::Past;

use super::effect::Effect;
use super::latest::{Latest, Ticket};
use super::list::ListState;
use crate::demo::feature_schema::{ColumnKind, Row};
use crate::ops::OpError;
use crate::ops::examples::Example;
use crate::ops::predict::{DeployedModel, Prediction, Sample};

/// How long to wait for the next key before the endpoint is asked.
const DEBOUNCE: Duration = Duration::from_millis(60);

/// What can be asked for in the form, besides changing it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the table of actions describes each one")]
pub enum Command {
    Previous,
    Any,
    Filter,
    Save,
    Examples,
    History,
    Batch,
}

/// What was chosen in a component over the form.
#[derive(Debug, Clone, PartialEq)]
pub enum Choice {
    /// A condition was typed.
    Filter(String),
    /// A name for an example was typed.
    Save(String),
    /// The example of this name is to be replaced by the form.
    Replace(String),
    /// An example.
    Example(Box<Example>),
    /// Remove an example.
    Delete(String),
    /// A prediction of before, by its number.
    Past(u64),
}

/// The state of the pane.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// The model behind the endpoint.
    pub model: Option<Arc<DeployedModel>>,
    /// Why there is none.
    pub missing: Option<OpError>,
    /// Customers to fill the form from.
    pub customers: Customers,
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
    /// The predictions of this session, oldest first.
    pub past: Vec<Past>,
    /// Names of the saved examples, as they were last read.
    pub examples: Vec<String>,
    /// How many predictions there were.
    asked: u64,
    /// What is awaited.
    pub find: Latest,
    /// What is awaited.
    pub ask: Latest,
    recognise: Latest,
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
    /// Something that was asked for came back.
    Told(ask::Told),
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
        self.customers.forget();
        let (customers, past) = (std::mem::take(&mut self.customers), std::mem::take(&mut self.past));
        let (find, ask, recognise, asked) = (self.find, self.ask, self.recognise, self.asked);
        let examples = std::mem::take(&mut self.examples);
        *self = State { find, ask, recognise, beside, customers, past, examples, asked, ..State::default() };
        self.find.abandon();
        self.ask.abandon();
        self.recognise.abandon();
    }

    /// Fills the form from a customer and asks.
    fn show(&mut self, sample: Sample, origin: Origin, number: u64) -> Vec<Effect> {
        let Some(model) = self.model.clone() else { return Vec::new() };
        self.fill(&model, &sample, origin, number);
        self.ask(Duration::ZERO)
    }

    fn fill(&mut self, model: &DeployedModel, sample: &Sample, origin: Origin, number: u64) {
        self.customer = Some(Customer { origin, number, actual: sample.actual.clone(), seen: sample.seen });
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
        self.forget_answers();
    }

    /// The answers to the customer before are not those to this one.
    fn forget_answers(&mut self) {
        self.editing = None;
        self.prediction = None;
        self.baseline = None;
        self.recognise.abandon();
        self.beside.reasons = None;
    }

    /// Whether it is being looked up who is in the form.
    pub fn recognising(&self) -> bool {
        self.recognise.pending()
    }

    /// Fills the form from a saved example. What the example has not is left empty.
    pub fn show_example(&mut self, example: Example) -> Vec<Effect> {
        let Some(model) = self.model.clone() else { return Vec::new() };
        let sample = Sample { row: example.row, actual: None, seen: None };
        self.fill(&model, &sample, Origin::Example(example.name), 0);
        self.ask_and_recognise()
    }

    /// Asks about the form, and whether it is a customer of the data.
    fn ask_and_recognise(&mut self) -> Vec<Effect> {
        let mut effects = self.ask(Duration::ZERO);
        if let (Some(model), Ok(row)) = (&self.model, self.row()) {
            let model = Arc::clone(model);
            effects.push(Effect::Form(Ask::Recognise { ticket: self.recognise.issue(), model, row }));
        }
        effects
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

    /// Takes what came back. Examples are for the list of them, which stands over the pane.
    fn hear(&mut self, told: ask::Told) -> Vec<Effect> {
        match told {
            ask::Told::Matched(ticket, answer) if self.customers.draw.settle(ticket) => return self.matched(answer),
            ask::Told::Recognised(ticket, answer) if self.recognise.settle(ticket) => {
                // What cannot be looked up stays unknown; the answer of the model is there all the same.
                if let (Ok(sample), Some(customer)) = (answer, &mut self.customer) {
                    customer.seen = sample.seen;
                    customer.actual = customer.actual.take().or(sample.actual);
                }
            }
            ask::Told::Depends(ticket, answer) => self.depends(ticket, answer),
            ask::Told::Segments(ticket, answer) => self.parted(ticket, answer),
            ask::Told::Matched(..) | ask::Told::Recognised(..) | ask::Told::Examples(..) | ask::Told::Kept(_) => {}
        }
        Vec::new()
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
                            // Another model may have been trained on other rows, and have other columns.
                            self.customers.forget();
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
                        self.customers.forget();
                        self.customer = None;
                        self.fields.clear();
                        self.prediction = None;
                        self.beside.forget();
                        Vec::new()
                    }
                }
            }
            Msg::Drawn(ticket, answer) => {
                if self.customers.draw.settle(ticket) {
                    self.drawn(answer)
                } else {
                    Vec::new()
                }
            }
            Msg::Told(told) => self.hear(told),
            Msg::Answered(ticket, answer) => {
                if self.ask.settle(ticket) {
                    match answer {
                        Ok(prediction) => {
                            self.error = None;
                            if !self.fields.iter().any(Field::changed) {
                                self.baseline = Some(prediction.score);
                            }
                            self.remember(&prediction);
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
mod answer_tests;
#[cfg(test)]
mod tests;
