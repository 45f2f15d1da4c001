//! What has to be true after a step: a step that is done, or a figure within a bound.

use std::fmt;

use serde_json::{Map, Value};

use super::lint::Rule;
use crate::demo::figures as written;
use crate::demo::step::Step;

/// How a figure is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Count,
    Share,
    Decimals(usize),
    Bytes,
}

/// A figure that a step gives: its name in the events, what people call it, and how it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figure {
    /// Its name.
    pub name: &'static str,
    /// What people call it.
    pub words: &'static str,
    form: Form,
}

const fn figure(name: &'static str, words: &'static str, form: Form) -> Figure {
    Figure { name, words, form }
}

/// Of what looks at the data.
const EXPLORED: &[Figure] =
    &[figure("rows", "rows", Form::Count), figure("yes", "positive answers", Form::Count), figure("findings", "findings", Form::Count)];
/// Of the file in the lake.
const LAKE: &[Figure] =
    &[figure("rows", "rows", Form::Count), figure("bytes", "size", Form::Bytes), figure("yes", "positive answers", Form::Count)];
/// Of the table in the warehouse.
const LOADED: &[Figure] = &[figure("rows", "rows", Form::Count), figure("yes", "positive answers", Form::Count)];
/// Of the pipeline.
const TRAINED: &[Figure] = &[
    figure("auc", "AUC", Form::Decimals(3)),
    figure("mse", "MSE", Form::Decimals(4)),
    figure("train_rows", "rows to train", Form::Count),
    figure("test_rows", "rows to test", Form::Count),
    figure("features", "features", Form::Count),
    figure("version", "version", Form::Count),
    figure("rows", "rows", Form::Count),
    figure("validation_rows", "rows to validate", Form::Count),
    figure("base_rate_mse", "MSE of guessing", Form::Decimals(4)),
    figure("error_deviation", "deviation of the errors", Form::Decimals(4)),
    figure("accuracy", "accuracy", Form::Share),
    figure("precision", "precision", Form::Share),
    figure("recall", "recall", Form::Share),
    figure("f1", "F1", Form::Decimals(3)),
    figure("log_loss", "log loss", Form::Decimals(4)),
    figure("lift_top_decile", "lift of the best tenth", Form::Decimals(2)),
];
/// Of the endpoint.
const DEPLOYED: &[Figure] = &[figure("version", "version", Form::Count)];
/// Of the predictions.
const PREDICTED: &[Figure] = &[
    figure("customers", "asked about", Form::Count),
    figure("right", "right", Form::Count),
    figure("threshold", "threshold", Form::Decimals(3)),
];
/// Of the model in SQL.
const IN_SQL: &[Figure] = &[
    figure("redshift_ml_accuracy", "accuracy in SQL", Form::Share),
    figure("always_no", "without a model", Form::Share),
    figure("rows", "rows", Form::Count),
];
/// Of the cleanup.
const REMOVED: &[Figure] = &[figure("removed", "resources removed", Form::Count)];

/// The figures of a step, the telling ones first.
pub const fn figures(step: Step) -> &'static [Figure] {
    match step {
        Step::Foundation => &[],
        Step::Explore => EXPLORED,
        Step::Lake => LAKE,
        Step::Load => LOADED,
        Step::Pipeline => TRAINED,
        Step::Deploy => DEPLOYED,
        Step::Predict => PREDICTED,
        Step::RedshiftMl => IN_SQL,
        Step::Cleanup => REMOVED,
    }
}

/// How many figures of a step are shown.
const SHOWN: usize = 6;

/// A figure for people: what it is called, and its value; `None` when no step gives it, or it is no number.
pub fn told(name: &str, value: &Value) -> Option<(&'static str, String)> {
    let figure = by_name(name)?;
    Some((figure.words, figure.form.write(number(value)?)))
}

/// The known figure of a name.
pub(super) fn by_name(name: &str) -> Option<&'static Figure> {
    Step::ALL.into_iter().flat_map(figures).find(|figure| figure.name == name)
}

/// Whether a figure is there once `step` is done: its own, or one of a step before.
pub fn known_at(step: Step, name: &str) -> bool {
    Step::ALL.into_iter().filter(|other| *other <= step).flat_map(figures).any(|figure| figure.name == name)
}

/// The number that a fact stands for; of a list it is how long it is.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Array(items) => Some(items.len() as f64),
        value => value.as_f64(),
    }
}

impl Form {
    fn write(self, value: f64) -> String {
        match self {
            Form::Count => written::float(value),
            Form::Share => written::percent(value),
            Form::Decimals(digits) => format!("{value:.digits$}"),
            // Sizes of files are far below 2^53.
            Form::Bytes => written::bytes(value.max(0.0) as u64),
        }
    }
}

/// The figures of a step that are there, for people: what they are called, and their value.
pub fn shown(step: Step, facts: &Map<String, Value>) -> Vec<(&'static str, String)> {
    figures(step)
        .iter()
        .filter_map(|figure| Some((figure.words, figure.form.write(number(facts.get(figure.name)?)?))))
        .take(SHOWN)
        .collect()
}

/// How a figure is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// At least.
    AtLeast,
    /// At most.
    AtMost,
    /// Above.
    Above,
    /// Below.
    Below,
    /// Equal.
    Equal,
    /// Not equal.
    NotEqual,
}

/// The longer ones first, so that `>=` is not read as `>`.
const RELATIONS: [(&str, Relation); 7] = [
    (">=", Relation::AtLeast),
    ("<=", Relation::AtMost),
    ("==", Relation::Equal),
    ("!=", Relation::NotEqual),
    (">", Relation::Above),
    ("<", Relation::Below),
    ("=", Relation::Equal),
];

impl Relation {
    fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Relation::AtLeast => left >= right,
            Relation::AtMost => left <= right,
            Relation::Above => left > right,
            Relation::Below => left < right,
            Relation::Equal => (left - right).abs() < f64::EPSILON * left.abs().max(right.abs()).max(1.0),
            Relation::NotEqual => !Relation::Equal.holds(left, right),
        }
    }

    const fn sign(self) -> &'static str {
        match self {
            Relation::AtLeast => "≥",
            Relation::AtMost => "≤",
            Relation::Above => ">",
            Relation::Below => "<",
            Relation::Equal => "=",
            Relation::NotEqual => "≠",
        }
    }
}

/// What has to be true after a step.
#[derive(Debug, Clone, PartialEq)]
pub enum Check {
    /// A step is done.
    Done(Step),
    /// A figure is within a bound.
    Figure {
        /// Its name.
        name: String,
        /// How it is compared.
        relation: Relation,
        /// The bound.
        bound: f64,
    },
}

/// Why a check cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// Neither a step nor a comparison.
    #[error("there is no step `{0}`; a check is the name of a step, or a figure with a bound such as `auc >= 0.70`")]
    Step(String),
    /// Something is missing, or a sign is none.
    #[error("`{0}` is no check; it is the name of a step, or a figure with a bound such as `auc >= 0.70`")]
    Form(String),
    /// The bound is no number.
    #[error("`{0}` is not a number")]
    Bound(String),
    /// No step gives such a figure.
    #[error("no step gives a figure `{0}`")]
    Figure(String),
}

impl CheckError {
    /// The rule of the linter that it breaks.
    pub const fn rule(&self) -> Rule {
        match self {
            CheckError::Step(_) => Rule::Step,
            CheckError::Form(_) | CheckError::Bound(_) => Rule::Check,
            CheckError::Figure(_) => Rule::Figure,
        }
    }
}

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is true.
    Holds,
    /// It is not.
    Fails,
    /// What it is about is not known yet.
    Open,
}

impl Check {
    /// Reads a check.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Check, CheckError> {
        let found = RELATIONS.iter().filter_map(|(sign, relation)| Some((text.find(sign)?, *sign, *relation))).min_by_key(|(at, ..)| *at);
        let Some((at, sign, relation)) = found else {
            return match text.parse() {
                Ok(step) => Ok(Check::Done(step)),
                Err(_) if text.contains(char::is_whitespace) => Err(CheckError::Form(text.to_owned())),
                Err(_) => Err(CheckError::Step(text.to_owned())),
            };
        };
        let (name, bound) = (text[..at].trim(), text[at + sign.len()..].trim());
        if name.is_empty() || bound.is_empty() {
            return Err(CheckError::Form(text.to_owned()));
        }
        if by_name(name).is_none() {
            return Err(CheckError::Figure(name.to_owned()));
        }
        match bound.parse::<f64>() {
            Ok(bound) if bound.is_finite() => Ok(Check::Figure { name: name.to_owned(), relation, bound }),
            _ => Err(CheckError::Bound(bound.to_owned())),
        }
    }

    /// How it comes out, and how that is told: `done` says whether a step is done, if that is known; `fact` gives a figure.
    pub fn judge<'a>(&self, done: impl Fn(Step) -> Option<bool>, fact: impl Fn(&str) -> Option<&'a Value>) -> (Verdict, String) {
        match self {
            Check::Done(step) => match done(*step) {
                Some(true) => (Verdict::Holds, format!("“{}” is done", step.title())),
                Some(false) => (Verdict::Fails, format!("“{}” is not done", step.title())),
                None => (Verdict::Open, format!("“{}”: not known", step.title())),
            },
            Check::Figure { name, relation, bound } => {
                let figure = by_name(name);
                let words = figure.map_or(name.as_str(), |figure| figure.words);
                let form = figure.map_or(Form::Decimals(4), |figure| figure.form);
                let sign = relation.sign();
                let limit = form.write(*bound);
                match fact(name).and_then(number) {
                    Some(value) => {
                        let verdict = if relation.holds(value, *bound) { Verdict::Holds } else { Verdict::Fails };
                        (verdict, format!("{words} {} {sign} {limit}", form.write(value)))
                    }
                    None => (Verdict::Open, format!("{words} {sign} {limit}: not measured yet")),
                }
            }
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Holds => "✔",
            Verdict::Fails => "✖",
            Verdict::Open => "·",
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use serde_json::json;

    fn judge(text: &str, facts: &Value) -> (Verdict, String) {
        Check::parse(text).unwrap().judge(|step| (step != Step::Predict).then_some(step == Step::Load), |name| facts.get(name))
    }

    #[test]
    fn figures_are_compared_with_their_bounds() {
        let facts = json!({"auc": 0.758, "rows": 41188, "redshift_ml_accuracy": 0.897, "removed": ["a", "b"]});
        assert_eq!(judge("auc >= 0.70", &facts), (Verdict::Holds, "AUC 0.758 ≥ 0.700".into()));
        assert_eq!(judge("redshift_ml_accuracy >= 0.9", &facts), (Verdict::Fails, "accuracy in SQL 89.7 % ≥ 90.0 %".into()));
        assert_eq!(judge("rows>0", &facts), (Verdict::Holds, "rows 41,188 > 0".into()));
        assert_eq!(judge("removed = 2", &facts).0, Verdict::Holds);
        assert_eq!(judge("rows != 41188", &facts).0, Verdict::Fails);
        assert_eq!(judge("mse < 0.1", &facts), (Verdict::Open, "MSE < 0.1000: not measured yet".into()));
    }

    #[test]
    fn the_documentation_lists_every_figure() {
        let text = include_str!("../../../docs/walkthroughs.md");
        for step in Step::ALL {
            let row = text.lines().find(|line| line.starts_with(&format!("| `{step}` |")));
            for figure in figures(step) {
                assert!(row.unwrap().contains(&format!("`{}`", figure.name)), "{step}: {}", figure.name);
            }
        }
    }

    #[test]
    fn steps_are_done_or_not_or_not_known() {
        assert_eq!(judge("load", &json!({})).0, Verdict::Holds);
        assert_eq!(judge("lake", &json!({})).0, Verdict::Fails);
        assert_eq!(judge("predict", &json!({})).0, Verdict::Open);
    }

    #[test]
    fn what_is_no_check_is_refused_with_its_reason() {
        for (text, rule) in [
            ("lunch", Rule::Step),
            ("rows more than 3", Rule::Check),
            ("rows >", Rule::Check),
            ("> 3", Rule::Check),
            ("rows > NaN", Rule::Check),
            ("beauty > 3", Rule::Figure),
        ] {
            assert_eq!(Check::parse(text).unwrap_err().rule(), rule, "{text}");
        }
        assert!(known_at(Step::Load, "rows") && known_at(Step::Deploy, "auc") && !known_at(Step::Load, "auc"));
    }
}
