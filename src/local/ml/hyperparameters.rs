//! SageMaker's XGBoost hyperparameters: text in, typed boosting parameters out, refused as the container refuses them.

use std::collections::BTreeMap;

use hessboost::prelude::TrainingParams;
use serde_json::Value;

use super::train::MlError;

/// Hyperparameters of a training job, parsed.
#[derive(Debug)]
pub(super) struct Hyperparameters {
    /// Boosting rounds.
    pub num_round: usize,
    /// Rounds without improvement after which training ends.
    pub early_stopping_rounds: Option<usize>,
    /// What the trees are grown with.
    pub params: TrainingParams,
}

/// How the text of a hyperparameter is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Integer,
    /// 0 or 1.
    Flag,
    Real,
    Text,
    /// Comma-separated.
    List,
    /// Concerns the container, not the model.
    Container,
}

/// The hyperparameters of the XGBoost containers (from its public documentation). One that it does not know is refused there with
/// "Extraneous hyperparameter found".
const KNOWN: &[(&str, Kind)] = &[
    ("alpha", Kind::Real),
    ("base_score", Kind::Real),
    ("booster", Kind::Text),
    ("colsample_bylevel", Kind::Real),
    ("colsample_bynode", Kind::Real),
    ("colsample_bytree", Kind::Real),
    ("early_stopping_rounds", Kind::Container),
    ("eta", Kind::Real),
    ("eval_metric", Kind::List),
    ("gamma", Kind::Real),
    ("grow_policy", Kind::Text),
    ("interaction_constraints", Kind::Text),
    ("lambda", Kind::Real),
    ("max_bin", Kind::Integer),
    ("max_delta_step", Kind::Real),
    ("max_depth", Kind::Integer),
    ("max_leaves", Kind::Integer),
    ("min_child_weight", Kind::Real),
    ("monotone_constraints", Kind::Text),
    ("nthread", Kind::Integer),
    ("num_class", Kind::Integer),
    ("num_parallel_tree", Kind::Integer),
    ("num_round", Kind::Container),
    ("objective", Kind::Text),
    ("one_drop", Kind::Flag),
    ("process_type", Kind::Text),
    ("rate_drop", Kind::Real),
    ("refresh_leaf", Kind::Flag),
    ("sampling_method", Kind::Text),
    ("save_model_on_termination", Kind::Container),
    ("scale_pos_weight", Kind::Real),
    ("seed", Kind::Integer),
    ("skip_drop", Kind::Real),
    ("subsample", Kind::Real),
    ("tree_method", Kind::Text),
    ("tweedie_variance_power", Kind::Real),
    ("verbosity", Kind::Container),
];

/// Objectives whose model answers one number a row.
const OBJECTIVES: &[&str] = &[
    "binary:logistic",
    "reg:squarederror",
    "reg:linear",
    "reg:logistic",
    "reg:squaredlogerror",
    "reg:pseudohubererror",
    "count:poisson",
    "reg:gamma",
    "reg:tweedie",
];

impl Hyperparameters {
    /// Parses the hyperparameters of a job. `tree_method` is `hist` when absent or `auto`, XGBoost's own choice from 2.0 on.
    pub(super) fn parse(given: &BTreeMap<String, String>) -> Result<Self, MlError> {
        let mut flat: Vec<(String, Value)> = Vec::with_capacity(given.len() + 1);
        for (name, text) in given {
            let Some((_, kind)) = KNOWN.iter().find(|(known, _)| known == name) else {
                return Err(MlError::Parameter(format!("Extraneous hyperparameter found: {name}")));
            };
            if let Some(value) = parse_value(name, text.trim(), *kind)? {
                flat.push((name.clone(), value));
            }
        }
        let num_round = match given.get("num_round") {
            Some(text) => whole("num_round", text, 1)?,
            None => return Err(MlError::Parameter("Missing required hyperparameter: num_round".into())),
        };
        let early_stopping_rounds = given.get("early_stopping_rounds").map(|text| whole("early_stopping_rounds", text, 1)).transpose()?;
        let automatic = |text: &str| text == "auto";
        match flat.iter_mut().find(|(name, _)| name == "tree_method") {
            Some((_, value)) if value.as_str().is_some_and(automatic) => *value = Value::from("hist"),
            Some(_) => {}
            None => flat.push(("tree_method".into(), Value::from("hist"))),
        }
        let params = TrainingParams::from_xgboost(flat).map_err(|error| MlError::Parameter(error.to_string()))?;
        Ok(Hyperparameters { num_round, early_stopping_rounds, params })
    }
}

fn parse_value(name: &str, text: &str, kind: Kind) -> Result<Option<Value>, MlError> {
    let unreadable = |what: &str| MlError::Parameter(format!("Hyperparameter {name}: {text} is not {what}"));
    Ok(match kind {
        Kind::Container => None,
        Kind::Integer => Some(Value::from(text.parse::<i64>().map_err(|_| unreadable("a whole number"))?)),
        Kind::Flag => match text {
            "0" => Some(Value::from(false)),
            "1" => Some(Value::from(true)),
            _ => return Err(unreadable("0 or 1")),
        },
        Kind::Real => {
            let number = text.parse::<f64>().ok().filter(|number| number.is_finite()).ok_or_else(|| unreadable("a number"))?;
            Some(Value::from(number))
        }
        Kind::Text if name == "objective" && !OBJECTIVES.contains(&text) => {
            return Err(MlError::Parameter(format!("Hyperparameter objective: {text} is not in {OBJECTIVES:?}")));
        }
        Kind::Text if name == "booster" && text == "gblinear" => {
            return Err(MlError::Parameter(
                "Hyperparameter booster: the embedded AWS grows trees (gbtree, dart), and gblinear has none".into(),
            ));
        }
        // `reg:linear` is the old name of `reg:squarederror`.
        Kind::Text if text == "reg:linear" => Some(Value::from("reg:squarederror")),
        Kind::Text => Some(Value::from(text)),
        Kind::List => Some(text.split(',').map(|part| Value::from(part.trim())).collect()),
    })
}

fn whole(name: &str, text: &str, least: u32) -> Result<usize, MlError> {
    match text.trim().parse::<u32>() {
        Ok(number) if number >= least => Ok(number as usize),
        Ok(number) => Err(MlError::Parameter(format!("Hyperparameter {name}: {number} is below {least}"))),
        Err(_) => Err(MlError::Parameter(format!("Hyperparameter {name}: {text} is not a whole number"))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn parse(pairs: &[(&str, &str)]) -> Result<Hyperparameters, MlError> {
        Hyperparameters::parse(&pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn reads_the_pipelines_hyperparameters() {
        let parsed = parse(&[
            ("objective", "binary:logistic"),
            ("num_round", "50"),
            ("max_depth", "6"),
            ("eta", "0.3"),
            ("gamma", "0"),
            ("min_child_weight", "1"),
            ("subsample", "0.7"),
            ("seed", "42"),
            ("eval_metric", "logloss,auc"),
        ])
        .unwrap();
        assert_eq!(parsed.num_round, 50);
        assert!((parsed.params.subsample - 0.7).abs() < 1e-6);
    }

    #[test]
    fn refuses_what_the_container_refuses() {
        let message = |pairs: &[(&str, &str)]| parse(pairs).unwrap_err().to_string();
        assert_eq!(message(&[("num_round", "5"), ("max_dept", "3")]), "Extraneous hyperparameter found: max_dept");
        assert_eq!(message(&[("eta", "0.3")]), "Missing required hyperparameter: num_round");
        assert_eq!(message(&[("num_round", "5"), ("eta", "fast")]), "Hyperparameter eta: fast is not a number");
        assert_eq!(message(&[("num_round", "0")]), "Hyperparameter num_round: 0 is below 1");
        assert_eq!(message(&[("num_round", "5"), ("one_drop", "2")]), "Hyperparameter one_drop: 2 is not 0 or 1");
        assert!(parse(&[("num_round", "5"), ("booster", "dart"), ("one_drop", "1")]).is_ok());
        assert!(message(&[("num_round", "5"), ("objective", "multi:softmax")]).contains("objective"));
        assert!(message(&[("num_round", "5"), ("booster", "gblinear")]).contains("gblinear has none"));
        assert!(parse(&[("num_round", "5"), ("subsample", "1.5")]).is_err());
    }
}
