//! What can be done with the prediction form.

use super::{Action, Command as C, Scope, action};
use crate::app::Pane;
use crate::app::predict::Command as F;
use crate::app::predict::beside::Command as B;

const PREDICT: Scope = Scope::Pane(Pane::Predict);

/// The actions.
pub(super) const ACTIONS: &[Action] = &[
    action(
        PREDICT,
        C::NextCustomer,
        "predict.next",
        "next customer",
        "Take the next customer: one that training has not seen, or the next who fits",
        &["n"],
    ),
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
    action(PREDICT, C::Form(F::Filter), "predict.filter", "find", "Find customers by a condition, such as age > 60", &["f"]),
    action(
        PREDICT,
        C::Beside(B::Dependence),
        "predict.dependence",
        "depends",
        "How the answer depends on the selected column, on average",
        &["d"],
    ),
    action(PREDICT, C::Beside(B::Importance), "predict.importance", "matters", "Which columns matter in general", &["i"]),
    action(
        PREDICT,
        C::Beside(B::Segments),
        "predict.segments",
        "groups",
        "How the model treats the groups of the selected column: rates, quality, fairness",
        &["g"],
    ),
    action(PREDICT, C::Beside(B::Differences), "predict.differences", "differences", "Groups by their differences to the whole", &["v"]),
    action(PREDICT, C::Form(F::Examples), "predict.examples", "examples", "Show a saved example, or delete one", &["e"]),
    action(PREDICT, C::Form(F::Save), "predict.save", "save", "Save the customer in the form as an example", &["s"]),
    action(PREDICT, C::Form(F::History), "predict.history", "history", "Go back to a prediction of this session", &["h"]),
    action(PREDICT, C::Form(F::Batch), "predict.batch", "batch", "Score a whole table or a file with this version", &["B"]),
    action(PREDICT, C::Form(F::Previous), "predict.previous", "", "Go back to the customer before", &["p"]),
    action(PREDICT, C::Form(F::Any), "predict.any", "", "Take a customer by chance", &["a"]),
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
    action(PREDICT, C::PageDown, "predict.page-down", "", "More groups; in the form, one page down", &["pgdn"]),
    action(PREDICT, C::PageUp, "predict.page-up", "", "The groups before; in the form, one page up", &["pgup"]),
];
