//! What can be done with the prediction form.

use super::{Action, Command as C, Scope, action};
use crate::app::Pane;

const PREDICT: Scope = Scope::Pane(Pane::Predict);

/// The actions.
pub(super) const ACTIONS: &[Action] = &[
    action(PREDICT, C::NextCustomer, "predict.next", "next customer", "Take another customer that training has not seen", &["n"]),
    action(PREDICT, C::EditField, "predict.edit", "change", "Change the selected field", &["enter"]),
    action(PREDICT, C::Decrease, "predict.less", "less", "A smaller number, or the value before", &["left", "-"]),
    action(PREDICT, C::Increase, "predict.more", "more", "A larger number, or the next value", &["right", "+"]),
    action(PREDICT, C::ResetField, "predict.reset", "undo", "Put the customer's own value back", &["u"]),
    action(PREDICT, C::Refresh, "predict.reload", "", "Look for the deployed model again", &["r"]),
    action(PREDICT, C::Down, "predict.down", "", "Next field", &["down", "j"]),
    action(PREDICT, C::Up, "predict.up", "", "Field before", &["up", "k"]),
];
