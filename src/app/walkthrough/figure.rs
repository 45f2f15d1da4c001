//! The one figure of a step that its last beat shows large.

use super::Status;
use super::check;
use crate::app::Model;
use crate::demo::figures as written;
use crate::demo::step::Step;

/// What the model decides on the row in the prediction form; the other figures are numbers that steps give.
pub const DECISION: &str = "decision";

/// A figure to be shown large.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Large {
    /// The figure itself: `41,188`, `0.758`, `yes`.
    pub text: String,
    /// What it is.
    pub words: String,
}

/// Whether there is a figure of this name.
pub fn known(name: &str) -> bool {
    name == DECISION || check::by_name(name).is_some()
}

/// Whether it is there once `step` is done.
pub fn known_at(step: Step, name: &str) -> bool {
    if name == DECISION { step >= Step::Predict } else { check::known_at(step, name) }
}

/// The names of all figures.
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<&str> = Vec::new();
    for figure in Step::ALL.into_iter().flat_map(check::figures) {
        if !names.contains(&figure.name) {
            names.push(figure.name);
        }
    }
    names.push(DECISION);
    names
}

/// The figure that the notes of a step ask for; `None` when they ask for none, or its value is not known.
pub fn of(model: &Model, step: Step) -> Option<Large> {
    let state = &model.walkthrough;
    let name = state.notes(step).figure.as_deref()?;
    let view = &state.steps[step as usize];
    // What a step gave before it failed is no result.
    if view.earlier.is_none() && !matches!(view.status, Status::Done { .. }) {
        return None;
    }
    if name == DECISION {
        return decision(model);
    }
    let value = state.figures(step).get(name).or_else(|| state.metrics.get(name))?;
    let (words, text) = check::told(name, value)?;
    Some(Large { text, words: words.to_owned() })
}

fn decision(model: &Model) -> Option<Large> {
    let state = &model.predict;
    let score = state.prediction.as_ref().filter(|_| state.error.is_none())?.score;
    let text = state.decision(score)?.to_owned();
    Some(Large { text, words: format!("decided for this {}, at a score of {}", model.row(), written::percent(score)) })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use serde_json::json;

    use super::*;
    use crate::app::tests::{full_model, open_model};

    #[test]
    fn a_figure_is_that_of_the_step_or_of_one_before() {
        let mut model = full_model();
        let told = |model: &Model, step| of(model, step).map(|large| (large.text, large.words));
        assert_eq!(told(&model, Step::Pipeline), Some(("0.758".into(), "AUC".into())));
        assert_eq!(told(&model, Step::Load), Some(("41,188".into(), "rows".into())));
        model.walkthrough.steps[Step::Load as usize].figures.insert("rows".into(), json!(3));
        assert_eq!(told(&model, Step::Load), Some(("3".into(), "rows".into())), "its own comes first");
        assert_eq!(told(&model, Step::Predict), Some(("yes".into(), "decided for this customer, at a score of 63.1 %".into())));
        assert_eq!(told(&model, Step::Foundation), None, "its notes ask for none");
        assert_eq!(told(&model, Step::RedshiftMl), None, "it was not measured");
    }

    #[test]
    fn what_is_not_done_has_no_figure() {
        let mut model = open_model();
        model.walkthrough.steps[Step::Load as usize].figures.insert("rows".into(), json!(3));
        assert_eq!(of(&model, Step::Load), None);
    }

    #[test]
    fn the_decision_is_known_from_the_prediction_on() {
        assert!(known(DECISION) && known_at(Step::Predict, DECISION) && known_at(Step::Cleanup, DECISION));
        assert!(!known_at(Step::Deploy, DECISION) && !known("beauty"));
        assert!(names().iter().all(|name| known(name)));
    }
}
