//! What can be done with the prediction form.

use super::{Action, Command as C, Scope, action};
use crate::app::Pane;
use crate::app::predict::beside::Command as B;

const PREDICT: Scope = Scope::Pane(Pane::Predict);

/// The actions.
pub(super) const ACTIONS: &[Action] = &[
    action(PREDICT, C::NextCustomer, "predict.next", "next customer", "Take another customer that training has not seen", &["n"]),
    action(PREDICT, C::EditField, "predict.edit", "change", "Change the selected field", &["enter"]),
    action(PREDICT, C::Decrease, "predict.less", "less", "A smaller number, or the value before", &["left", "-"]),
    action(PREDICT, C::Increase, "predict.more", "more", "A larger number, or the next value", &["right", "+"]),
    action(PREDICT, C::ResetField, "predict.reset", "undo", "Put the customer's own value back", &["u"]),
    action(PREDICT, C::Beside(B::Why), "predict.why", "why", "Why the model answers so, and what would change its mind", &["w"]),
    action(
        PREDICT,
        C::Beside(B::Threshold),
        "predict.threshold",
        "threshold",
        "What another threshold means: who is called, what is reached, what it pays",
        &["t"],
    ),
    action(
        PREDICT,
        C::Beside(B::Roads),
        "predict.roads",
        "compare",
        "The same customer asked of the endpoint, of Redshift ML in SQL, and of the model file",
        &["c"],
    ),
    action(PREDICT, C::Beside(B::LowerThreshold), "predict.threshold_lower", "", "A lower threshold", &["["]),
    action(PREDICT, C::Beside(B::HigherThreshold), "predict.threshold_higher", "", "A higher threshold", &["]"]),
    action(PREDICT, C::Beside(B::BestThreshold), "predict.threshold_best", "", "The threshold that pays most", &["b"]),
    action(PREDICT, C::Beside(B::OwnThreshold), "predict.threshold_own", "", "The model's own threshold again", &["o"]),
    action(PREDICT, C::Beside(B::CheaperCall), "predict.call_cheaper", "", "A call costs less", &[","]),
    action(PREDICT, C::Beside(B::DearerCall), "predict.call_dearer", "", "A call costs more", &["."]),
    action(PREDICT, C::Beside(B::SmallerValue), "predict.value_smaller", "", "A subscription brings less", &["<"]),
    action(PREDICT, C::Beside(B::LargerValue), "predict.value_larger", "", "A subscription brings more", &[">"]),
    action(PREDICT, C::Refresh, "predict.reload", "", "Look for the deployed model again", &["r"]),
    action(PREDICT, C::Down, "predict.down", "", "Next field", &["down", "j"]),
    action(PREDICT, C::Up, "predict.up", "", "Field before", &["up", "k"]),
];
