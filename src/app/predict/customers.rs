//! Which customers the form is filled from: rows of the test split, or those who fit a condition, forwards, backwards and by chance.

use std::sync::Arc;

use super::State;
use super::ask::Ask;
use crate::app::effect::Effect;
use crate::app::latest::Latest;
use crate::demo::customer_filter::{Condition, FilterError};
use crate::demo::figures;
use crate::ops::OpError;
use crate::ops::customers::Matching;
use crate::ops::predict::Sample;

/// Where the customer in the form comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Origin {
    /// Of the test split.
    #[default]
    Test,
    /// One of those who fit a condition.
    Filter,
    /// Saved under a name.
    Example(String),
    /// A prediction of before, by its number.
    Past(u64),
    /// Given by the reader, as JSON or CSV.
    Given,
}

/// Which customer the form shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Customer {
    /// Where it comes from.
    pub origin: Origin,
    /// Number among those drawn, from 1.
    pub number: u64,
    /// The true answer.
    pub actual: Option<String>,
    /// Whether training saw the row.
    pub seen: Option<bool>,
}

/// A condition in force.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    /// As it was typed.
    pub text: String,
    /// As it was read.
    pub condition: Condition,
    /// How many customers of the table fit; `None` while they are looked for.
    pub total: Option<u64>,
}

/// The customers at hand.
#[derive(Debug, Clone, Default)]
pub struct Customers {
    /// Those drawn so far.
    pub drawn: Vec<Sample>,
    /// Which of them was shown last.
    pub at: Option<usize>,
    /// The condition that they fit.
    pub filter: Option<Filter>,
    /// Which ones to draw next.
    pub seed: u64,
    /// How often a customer was taken by chance.
    chances: u64,
    pub(super) draw: Latest,
}

impl Customers {
    pub(super) fn forget(&mut self) {
        let mut draw = self.draw;
        draw.abandon();
        *self = Customers { draw, ..Customers::default() };
    }

    /// Whether customers are being looked for.
    pub fn pending(&self) -> bool {
        self.draw.pending()
    }

    /// What is said about the condition, a sentence; `row` is what one of the data is called.
    pub fn told(&self, row: &str) -> Option<String> {
        let filter = self.filter.as_ref()?;
        Some(match filter.total {
            None => format!("Looking for {row}s with {} …", filter.text),
            Some(0) => format!("No {row} has {}", filter.text),
            Some(1) => format!("1 {row} has {}", filter.text),
            Some(total) => format!("{} {row}s have {}", figures::count(total), filter.text),
        })
    }
}

impl State {
    /// Shows the next customer, drawing more at the end. Those who fit a condition go round.
    pub fn next_customer(&mut self) -> Vec<Effect> {
        let next = self.customers.at.map_or(0, |at| at + 1);
        if next < self.customers.drawn.len() {
            return self.show_drawn(next);
        }
        if self.customers.filter.is_some() {
            return if self.customers.drawn.is_empty() { Vec::new() } else { self.show_drawn(0) };
        }
        match &self.model {
            Some(model) if !self.customers.draw.pending() => {
                self.customers.seed += 1;
                let (ticket, seed) = (self.customers.draw.issue(), self.customers.seed);
                vec![Effect::DrawSamples { ticket, model: Arc::clone(model), seed }]
            }
            Some(_) => Vec::new(),
            None if !self.find.pending() => self.look(),
            None => Vec::new(),
        }
    }

    /// Shows the customer before; of those who fit a condition, the last one before the first.
    pub fn previous_customer(&mut self) -> Vec<Effect> {
        match self.customers.at {
            Some(at) if at > 0 => self.show_drawn(at - 1),
            Some(_) if self.customers.filter.is_some() => self.show_drawn(self.customers.drawn.len().saturating_sub(1)),
            _ => Vec::new(),
        }
    }

    /// Shows one of those drawn by chance, another one than now.
    pub fn any_customer(&mut self) -> Vec<Effect> {
        let count = self.customers.drawn.len();
        if count < 2 {
            return self.next_customer();
        }
        self.customers.chances += 1;
        // SplitMix64 (Steele, Lea and Flood, 2014): the state has no other source of chance, and needs none.
        let mut mixed = self.customers.chances.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let step = 1 + ((mixed ^ (mixed >> 31)) % (count as u64 - 1)) as usize;
        self.show_drawn((self.customers.at.unwrap_or(0) + step) % count)
    }

    fn show_drawn(&mut self, at: usize) -> Vec<Effect> {
        let Some(sample) = self.customers.drawn.get(at).cloned() else { return Vec::new() };
        self.customers.at = Some(at);
        let origin = if self.customers.filter.is_some() { Origin::Filter } else { Origin::Test };
        self.show(sample, origin, at as u64 + 1)
    }

    /// Looks for customers who fit a condition; with an empty one, takes rows of the test split again. What is in the form stays until one is found.
    ///
    /// # Errors
    /// The text is no condition on the columns.
    pub fn filter(&mut self, text: &str) -> Result<Vec<Effect>, FilterError> {
        let Some(model) = self.model.clone() else { return Ok(Vec::new()) };
        if text.trim().is_empty() {
            let filtered = self.customers.filter.is_some();
            self.customers.forget();
            return Ok(if filtered { self.next_customer() } else { Vec::new() });
        }
        let condition = Condition::read(text, &model.schema)?;
        self.customers.forget();
        self.customers.seed = 1;
        self.customers.filter = Some(Filter { text: text.trim().to_owned(), condition: condition.clone(), total: None });
        let ticket = self.customers.draw.issue();
        Ok(vec![Effect::Form(Ask::Match { ticket, model, condition, seed: self.customers.seed })])
    }

    /// Rows of the test split were drawn.
    pub(super) fn drawn(&mut self, answer: Result<Vec<Sample>, OpError>) -> Vec<Effect> {
        match answer {
            Ok(samples) => {
                self.error = None;
                self.customers.drawn.extend(samples);
                let next = self.customers.at.map_or(0, |at| at + 1);
                self.show_drawn(next)
            }
            Err(error) => {
                self.error = Some(error);
                Vec::new()
            }
        }
    }

    /// Customers who fit the condition were found.
    pub(super) fn matched(&mut self, answer: Result<Matching, OpError>) -> Vec<Effect> {
        match answer {
            Ok(found) => {
                self.error = None;
                if let Some(filter) = &mut self.customers.filter {
                    filter.total = Some(found.total);
                }
                self.customers.drawn = found.samples;
                self.show_drawn(0)
            }
            Err(error) => {
                // Nobody is shown as fitting what could not be asked.
                self.customers.forget();
                self.error = Some(error);
                Vec::new()
            }
        }
    }
}
