//! Gradient boosting with XGBoost's parameters and model format.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use hessboost::error::HessboostError;
use hessboost::prelude::{BoostedModel, DMatrix, Iterations, ModelFormat};
use hessboost::training::Trainer;
use serde_json::Value;

use super::boost::Plan;
use super::hyperparameters::Hyperparameters;
use crate::demo::model_file;
use crate::demo::pipeline_definition::XgboostRelease;

/// A dense matrix, row-major, with one label a row (0 or 1 for a binary target).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Labelled {
    /// Features a row.
    pub width: usize,
    /// `rows × width` values.
    pub values: Vec<f32>,
    /// `rows` labels.
    pub labels: Vec<f32>,
}

/// Figures after one boosting round.
#[derive(Debug, Clone, PartialEq)]
pub struct Round {
    /// Counted from 0, as XGBoost logs it.
    pub number: u32,
    /// `train-…` and `validation-…` by metric name.
    pub metrics: Vec<(String, f64)>,
}

impl Round {
    /// The line that the XGBoost container logs for the round.
    pub fn log_line(&self) -> String {
        use std::fmt::Write;
        let mut line = format!("[{}]", self.number);
        for (name, value) in &self.metrics {
            // Writing to a String cannot fail.
            let _ = write!(line, "\t{name}:{value:.5}");
        }
        line
    }
}

/// Why training or scoring failed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MlError {
    /// A hyperparameter that XGBoost would refuse.
    #[error("{0}")]
    Parameter(String),
    /// The data cannot be trained on.
    #[error("{0}")]
    Data(String),
    /// The model cannot be read.
    #[error("{0}")]
    Model(String),
    /// Stopped by the caller.
    #[error("stopped")]
    Stopped,
}

/// A trained model.
pub struct Booster {
    model: BoostedModel,
}

impl std::fmt::Debug for Booster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Booster").field("width", &self.width()).field("rounds", &self.model.num_boost_rounds()).finish()
    }
}

/// Trains with SageMaker's XGBoost hyperparameters (all text: `objective`, `num_round`, `max_depth`, `eta`, `gamma`,
/// `min_child_weight`, `subsample`, `seed`, …). `on_round` is called after every round and may stop the training, which then fails with
/// [`MlError::Stopped`]. The same data and hyperparameters give the same model on any number of threads.
pub fn train(
    data: &Labelled,
    validation: Option<&Labelled>,
    hyperparameters: &BTreeMap<String, String>,
    on_round: &mut (dyn FnMut(&Round) -> ControlFlow<()> + Send),
) -> Result<Booster, MlError> {
    let settings = Hyperparameters::parse(hyperparameters)?;
    data.check("train")?;
    if let Some(validation) = validation {
        validation.check("validation")?;
        if validation.width != data.width {
            return Err(MlError::Data(format!(
                "the train channel has {} features a row and the validation channel {}",
                data.width, validation.width
            )));
        }
    }
    if let Some(plan) = Plan::of(hyperparameters, &settings) {
        let (mut document, start) = without_trees(&settings, data)?;
        if let Some(forest) = plan.train(start, data, validation, on_round) {
            forest?.into_document(&mut document, data.width);
            let json = serde_json::to_vec(&document).map_err(|error| MlError::Model(error.to_string()))?;
            return Booster::from_xgboost(&json);
        }
    }
    by_library(data, validation, &settings, on_round)
}

/// The document of a model before its first tree, and the score that every row begins with.
fn without_trees(settings: &Hyperparameters, data: &Labelled) -> Result<(Value, f32), MlError> {
    // Both follow from the labels alone.
    let labels = Labelled { width: 1, values: vec![0.0; data.rows()], labels: data.labels.clone() };
    let matrix = labels.matrix("train")?;
    let model = Trainer::new(&settings.params, &matrix, 0).train().map_err(refusal)?.model;
    let start = model.base_scores().first().copied().unwrap_or_default();
    let booster = Booster { model };
    let document = serde_json::from_slice(&booster.to_xgboost_json()?).map_err(|error| MlError::Model(error.to_string()))?;
    Ok((document, start))
}

fn by_library(
    data: &Labelled,
    validation: Option<&Labelled>,
    settings: &Hyperparameters,
    on_round: &mut (dyn FnMut(&Round) -> ControlFlow<()> + Send),
) -> Result<Booster, MlError> {
    let matrix = data.matrix("train")?;
    let watched = validation.map(|data| data.matrix("validation")).transpose()?;
    let mut stopped = false;
    let mut trainer = Trainer::new(&settings.params, &matrix, settings.num_round).eval(&matrix, "train");
    if let Some(watched) = &watched {
        trainer = trainer.eval(watched, "validation");
    }
    if let Some(rounds) = settings.early_stopping_rounds.and_then(NonZeroUsize::new) {
        trainer = trainer.early_stopping_rounds(rounds);
    }
    let trained = trainer
        .on_round(|round| {
            let metrics = round.scores().map(|(set, metric, value)| (format!("{set}-{metric}"), value)).collect();
            // A round number beyond u32 would need 4 billion rounds; num_round is parsed as a u32.
            let flow = on_round(&Round { number: u32::try_from(round.iteration()).unwrap_or(u32::MAX), metrics });
            stopped |= flow.is_break();
            flow
        })
        .train();
    match trained {
        Ok(_) if stopped => Err(MlError::Stopped),
        Ok(result) => Ok(Booster { model: result.model }),
        Err(error) => Err(refusal(error)),
    }
}

fn refusal(error: HessboostError) -> MlError {
    match error {
        HessboostError::InvalidParameter { .. } | HessboostError::Unknown { .. } => MlError::Parameter(error.to_string()),
        error => MlError::Data(error.to_string()),
    }
}

impl Labelled {
    /// Rows.
    pub fn rows(&self) -> usize {
        self.labels.len()
    }

    fn check(&self, channel: &str) -> Result<(), MlError> {
        if self.labels.is_empty() || self.width == 0 {
            return Err(MlError::Data(format!("the {channel} channel has no rows or no features")));
        }
        if self.values.len() != self.labels.len() * self.width {
            return Err(MlError::Data(format!(
                "the {channel} channel has {} values, which is not {} rows of {} features",
                self.values.len(),
                self.labels.len(),
                self.width
            )));
        }
        Ok(())
    }

    fn matrix(&self, channel: &str) -> Result<DMatrix, MlError> {
        DMatrix::from_dense(&self.values, self.labels.len(), self.width)
            .and_then(|matrix| matrix.with_labels(&self.labels))
            .map_err(|error| MlError::Data(format!("the {channel} channel: {error}")))
    }
}

impl Booster {
    /// Reads an XGBoost model: JSON, UBJSON, or the binary format of the versions up to 3.0. All its trees score, as with Python's
    /// `Booster.predict`.
    pub fn from_xgboost(bytes: &[u8]) -> Result<Self, MlError> {
        let json = model_file::read(bytes).map_err(MlError::Model)?;
        let model = BoostedModel::decode(&json, ModelFormat::XgboostJson).map_err(|error| MlError::Model(error.to_string()))?;
        if model.prediction_width() != 1 {
            return Err(MlError::Model(format!("the model answers {} values a row; one is supported", model.prediction_width())));
        }
        Ok(Booster { model })
    }

    /// The model as JSON that every XGBoost from 1.7 on reads.
    pub fn to_xgboost_json(&self) -> Result<Vec<u8>, MlError> {
        model_file::write_json(&self.encode()?).map_err(MlError::Model)
    }

    /// The file that a release of SageMaker's container leaves in `xgboost-model`: UBJSON from 3.0 on, XGBoost's binary format before.
    pub fn to_xgboost_file(&self, release: XgboostRelease) -> Result<Vec<u8>, MlError> {
        model_file::write(&self.encode()?, release).map_err(MlError::Model)
    }

    fn encode(&self) -> Result<Vec<u8>, MlError> {
        self.model.encode(ModelFormat::XgboostJson).map_err(|error| MlError::Model(error.to_string()))
    }

    /// Features a row.
    pub fn width(&self) -> usize {
        self.model.n_features()
    }

    /// Boosting rounds.
    pub fn rounds(&self) -> usize {
        self.model.num_boost_rounds()
    }

    /// One score a row: a probability for `binary:logistic`, the value for `reg:squarederror`. `values` is row-major.
    pub fn predict(&self, values: &[f32]) -> Result<Vec<f32>, MlError> {
        if values.is_empty() {
            return Ok(Vec::new());
        }
        let answers = self.model.predict_rows(values, Iterations::Best).map_err(|error| MlError::Data(error.to_string()))?;
        Ok(answers.into_vec())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    /// Rows whose label is 1 exactly when the first of two features is above 10.
    fn separable(rows: usize) -> Labelled {
        let mut data = Labelled { width: 2, ..Labelled::default() };
        for row in 0..rows {
            data.values.extend([(row % 20) as f32, (row * 7 % 13) as f32]);
            data.labels.push(f32::from(u8::from(row % 20 > 10)));
        }
        data
    }

    fn parameters(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn learns_a_rule_and_reports_every_round() {
        let data = separable(400);
        let mut rounds = Vec::new();
        let booster =
            train(&data, Some(&separable(100)), &parameters(&[("objective", "binary:logistic"), ("num_round", "10")]), &mut |round| {
                rounds.push(round.clone());
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!(rounds.len(), 10);
        assert_eq!(rounds[0].metrics.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["train-logloss", "validation-logloss"]);
        assert!(rounds[9].metrics[1].1 < rounds[0].metrics[1].1);
        let scores = booster.predict(&[0.0, 0.0, 19.0, 0.0]).unwrap();
        assert!(scores[0] < 0.1 && scores[1] > 0.9, "{scores:?}");
    }

    #[test]
    fn the_model_survives_xgboosts_formats() {
        let data = separable(200);
        let booster = train(
            &data,
            None,
            &parameters(&[("objective", "reg:squarederror"), ("num_round", "5"), ("subsample", "0.7"), ("seed", "7")]),
            &mut |_| ControlFlow::Continue(()),
        )
        .unwrap();
        let expected = booster.predict(&data.values).unwrap();
        let files = [XgboostRelease::V1_7, XgboostRelease::V3_0].map(|release| booster.to_xgboost_file(release).unwrap());
        for bytes in std::iter::once(booster.to_xgboost_json().unwrap()).chain(files) {
            let read = Booster::from_xgboost(&bytes).unwrap();
            assert_eq!(read.width(), 2);
            assert_eq!(read.predict(&data.values).unwrap(), expected);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_model_and_another_does_not() {
        let mut data = separable(400);
        for (row, label) in data.labels.iter_mut().enumerate() {
            if row % 9 == 0 {
                *label = 1.0 - *label;
            }
        }
        let model = |seed: &str| {
            let parameters = parameters(&[("num_round", "5"), ("subsample", "0.5"), ("seed", seed)]);
            train(&data, None, &parameters, &mut |_| ControlFlow::Continue(())).unwrap().to_xgboost_json().unwrap()
        };
        assert_eq!(model("1"), model("1"));
        assert_ne!(model("1"), model("2"));
    }

    /// Flags, numbers of few values, and missing ones, with a rule and noise.
    fn mixed(rows: usize, seed: u32) -> Labelled {
        let mut data = Labelled { width: 4, ..Labelled::default() };
        let mut state = seed;
        let mut draw = |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % below
        };
        for _ in 0..rows {
            let (flag, small, wide, noise) = (draw(2), draw(9), draw(180), draw(10));
            let missing = draw(8) == 0;
            data.values.extend([flag as f32, small as f32 - 4.5, if missing { f32::NAN } else { wide as f32 * 0.1 }, draw(3) as f32]);
            let yes = flag * 3 + small + if missing { 5 } else { wide / 30 } > 9;
            data.labels.push(f32::from(u8::from(yes != (noise == 0))));
        }
        data
    }

    const BOTH: &[&[(&str, &str)]] = &[
        &[],
        &[("gamma", "1.5"), ("max_depth", "3")],
        &[("alpha", "2"), ("lambda", "0.5"), ("min_child_weight", "9")],
        &[("objective", "reg:squarederror"), ("base_score", "0.3"), ("eta", "0.1")],
        &[("scale_pos_weight", "3"), ("eval_metric", "error,auc")],
    ];

    #[test]
    fn grows_the_trees_that_the_library_grows() {
        let (data, validation) = (mixed(3000, 7), mixed(500, 8));
        for extra in BOTH {
            let mut given = parameters(&[("objective", "binary:logistic"), ("num_round", "12")]);
            given.extend(parameters(extra));
            let settings = Hyperparameters::parse(&given).unwrap();
            assert!(Plan::of(&given, &settings).is_some(), "{extra:?}");
            let mut rounds = [Vec::new(), Vec::new()];
            let ours = train(&data, Some(&validation), &given, &mut |round| {
                rounds[0].push(round.clone());
                ControlFlow::Continue(())
            })
            .unwrap();
            let theirs = by_library(&data, Some(&validation), &settings, &mut |round| {
                rounds[1].push(round.clone());
                ControlFlow::Continue(())
            })
            .unwrap();
            let scores = [&ours, &theirs].map(|booster| booster.predict(&validation.values).unwrap());
            assert!(scores[0].iter().zip(&scores[1]).all(|(a, b)| (a - b).abs() < 1e-6), "{extra:?}");
            for (ours, theirs) in rounds[0].iter().zip(&rounds[1]) {
                for ((name, ours), (expected, theirs)) in ours.metrics.iter().zip(&theirs.metrics) {
                    assert!(name == expected && (ours - theirs).abs() < 1e-6, "{extra:?}: {name} {ours}, {expected} {theirs}");
                }
            }
            assert_eq!((rounds[0].len(), ours.rounds()), (rounds[1].len(), theirs.rounds()));
        }
    }

    #[test]
    fn early_stopping_keeps_the_best_round() {
        let (data, validation) = (mixed(600, 7), mixed(200, 8));
        let given = parameters(&[("num_round", "60"), ("eta", "1"), ("early_stopping_rounds", "3"), ("objective", "binary:logistic")]);
        let mut losses = Vec::new();
        let booster = train(&data, Some(&validation), &given, &mut |round| {
            losses.push(round.metrics.last().unwrap().1);
            ControlFlow::Continue(())
        })
        .unwrap();
        let best = losses.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1)).unwrap().0;
        assert_eq!((booster.rounds(), losses.len()), (best + 1, best + 4));
    }

    #[test]
    fn any_number_of_threads_grows_the_same_trees() {
        let data = mixed(9000, 7);
        let given = parameters(&[("objective", "binary:logistic"), ("num_round", "6"), ("subsample", "0.6"), ("seed", "5")]);
        let model = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| train(&data, None, &given, &mut |_| ControlFlow::Continue(())).unwrap().to_xgboost_json().unwrap())
        };
        let one = model(1);
        assert!(model(2) == one && model(7) == one);
    }

    #[test]
    fn what_is_not_understood_is_left_to_the_library() {
        let plan = |pairs: &[(&str, &str)]| {
            let mut given = parameters(&[("num_round", "2")]);
            given.extend(parameters(pairs));
            Plan::of(&given, &Hyperparameters::parse(&given).unwrap()).is_some()
        };
        assert!(plan(&[]) && plan(&[("objective", "binary:logistic"), ("tree_method", "auto"), ("booster", "gbtree")]));
        for other in [
            ("booster", "dart"),
            ("tree_method", "exact"),
            ("objective", "count:poisson"),
            ("colsample_bytree", "0.5"),
            ("monotone_constraints", "(1,0)"),
            ("max_depth", "11"),
            ("max_delta_step", "1"),
            ("eval_metric", "rmsle"),
        ] {
            assert!(!plan(&[other]), "{other:?}");
        }
    }

    #[test]
    fn a_broken_round_stops_the_training() {
        let mut seen = 0;
        let result = train(&separable(100), None, &parameters(&[("num_round", "50")]), &mut |_| {
            seen += 1;
            if seen == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!(result.unwrap_err(), MlError::Stopped);
        assert_eq!(seen, 3);
    }

    #[test]
    fn refuses_labels_that_are_no_probability() {
        let mut data = separable(40);
        data.labels[3] = 2.0;
        let result =
            train(&data, None, &parameters(&[("num_round", "2"), ("objective", "binary:logistic")]), &mut |_| ControlFlow::Continue(()));
        assert!(matches!(result, Err(MlError::Data(_))), "{result:?}");
    }

    #[test]
    fn refuses_what_is_no_model() {
        assert!(matches!(Booster::from_xgboost(b"PK\x03\x04"), Err(MlError::Model(_))));
    }

    #[test]
    fn a_round_is_logged_as_the_container_logs_it() {
        let round = Round { number: 3, metrics: vec![("train-logloss".into(), 0.5), ("validation-logloss".into(), 0.25)] };
        assert_eq!(round.log_line(), "[3]\ttrain-logloss:0.50000\tvalidation-logloss:0.25000");
    }
}
