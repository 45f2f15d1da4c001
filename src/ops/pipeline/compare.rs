//! Two executions side by side: figures, settings, data, and what their models go by.

use std::collections::BTreeMap;
use std::io::Read;

use flate2::read::GzDecoder;
use hessboost::prelude::{BoostedModel, ImportanceType, ModelFormat};
use serde::Serialize;

use super::{RunOutputs, outputs, quality};
use crate::ops::error::op;
use crate::ops::evaluation::{self, Evaluation, SplitRows};
use crate::ops::{Context, OpError};

/// The largest model file that is read: an archive of a few bytes could otherwise fill the memory.
const LARGEST_MODEL: u64 = 512 * 1024 * 1024;
/// The model's file name in an artifact.
const MODEL_FILE: &str = "xgboost-model";

/// One of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The first.
    A,
    /// The second.
    B,
}

/// A figure of both.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MetricChange {
    /// Name (`auc`).
    pub name: String,
    /// Of the first.
    pub a: Option<f64>,
    /// Of the second.
    pub b: Option<f64>,
    /// Which is better; absent when they are the same, one is not known, or none is better than the other.
    pub better: Option<Side>,
}

/// A setting or fact of both, as texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Name.
    pub name: String,
    /// Of the first.
    pub a: Option<String>,
    /// Of the second.
    pub b: Option<String>,
}

/// How much a feature brought to each model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ImportanceChange {
    /// Feature.
    pub feature: String,
    /// Mean gain of a split on it in the first model; absent when no tree splits on it.
    pub a: Option<f64>,
    /// The same in the second model.
    pub b: Option<f64>,
}

/// Two executions side by side. Lists hold what is the same, too.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct RunComparison {
    /// Figures of the models on their test rows.
    pub metrics: Vec<MetricChange>,
    /// Parameters of the executions and hyperparameters of the trainings.
    pub settings: Vec<Change>,
    /// The data: rows, splits, share of yes, digest.
    pub data: Vec<Change>,
    /// Features by mean gain, the most important of either first.
    pub importance: Vec<ImportanceChange>,
}

/// What one side has.
struct OneSide {
    parameters: Vec<(String, String)>,
    found: RunOutputs,
    evaluation: Option<Evaluation>,
    splits: Option<SplitRows>,
    target_rate: Option<f64>,
    importance: BTreeMap<String, f64>,
}

/// Compares two executions.
///
/// # Errors
/// One does not exist, or what it wrote cannot be read.
pub async fn compare(context: &Context, run_a: &str, run_b: &str) -> Result<RunComparison, OpError> {
    let (a, b) = tokio::try_join!(side(context, run_a), side(context, run_b))?;
    let mut settings = changes("", &a.parameters, &b.parameters);
    settings.extend(changes("", &a.found.hyperparameters, &b.found.hyperparameters));
    Ok(RunComparison {
        metrics: metrics(a.evaluation.as_ref(), b.evaluation.as_ref()),
        settings,
        data: changes("", &facts(&a), &facts(&b)),
        importance: importances(&a.importance, &b.importance),
    })
}

async fn side(context: &Context, arn: &str) -> Result<OneSide, OpError> {
    let gateway = &context.gateways.pipelines;
    let (parameters, found) =
        tokio::try_join!(async { gateway.parameters(arn).await.map_err(op(arn, "could not read the execution")) }, outputs(context, arn))?;
    let (evaluation, splits, report, importance) = tokio::try_join!(
        async { present(found.evaluation.as_deref(), |address| evaluation::evaluation(context, address)).await },
        async { present(found.splits.as_deref(), |address| evaluation::split_rows(context, address)).await },
        async { present(found.quality.as_deref(), |address| quality::report(context, address)).await },
        importance(context, &found),
    )?;
    let target_rate = report.and_then(|report| report.target_rate);
    Ok(OneSide { parameters, found, evaluation, splits, target_rate, importance })
}

/// Reads what is at an address, if there is one and nobody has removed it.
async fn present<'a, T, Fut: Future<Output = Result<T, OpError>>>(
    address: Option<&'a str>,
    read: impl FnOnce(&'a str) -> Fut,
) -> Result<Option<T>, OpError> {
    match address {
        None => Ok(None),
        Some(address) => match read(address).await {
            Err(error) if error.why == evaluation::GONE => Ok(None),
            other => other.map(Some),
        },
    }
}

fn facts(side: &OneSide) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    let mut put = |name: &str, value: String| facts.push((name.to_owned(), value));
    if let Some(splits) = &side.splits {
        put("rows", splits.all().to_string());
        put("train rows", splits.train.to_string());
        put("validation rows", splits.validation.to_string());
        put("test rows", splits.test.to_string());
    }
    if let Some(rate) = side.target_rate {
        put("share of yes", format!("{:.2} %", rate * 100.0));
    }
    if let Some(fingerprint) = &side.found.fingerprint {
        put("digest", fingerprint.clone());
    }
    facts
}

/// Every name of either list, those of the first in its order, then what only the second has.
pub(crate) fn changes(prefix: &str, a: &[(String, String)], b: &[(String, String)]) -> Vec<Change> {
    let value = |list: &[(String, String)], name: &str| list.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let only_b = b.iter().filter(|(name, _)| !a.iter().any(|(known, _)| known == name));
    a.iter().chain(only_b).map(|(name, _)| Change { name: format!("{prefix}{name}"), a: value(a, name), b: value(b, name) }).collect()
}

/// The figures of two evaluations.
pub(crate) fn metrics(a: Option<&Evaluation>, b: Option<&Evaluation>) -> Vec<MetricChange> {
    type Figure = (&'static str, fn(&Evaluation) -> Option<f64>, Option<bool>);
    // Whether more is better; nothing is when the figure says what the data were.
    const FIGURES: [Figure; 11] = [
        ("auc", |e| Some(e.auc), Some(true)),
        ("mse", |e| Some(e.mse), Some(false)),
        ("log_loss", |e| Some(e.log_loss), Some(false)),
        ("accuracy", |e| Some(e.accuracy), Some(true)),
        ("precision", |e| Some(e.precision), Some(true)),
        ("recall", |e| Some(e.recall), Some(true)),
        ("f1", |e| Some(e.f1), Some(true)),
        ("lift_top_decile", |e| Some(e.lift_top_decile), Some(true)),
        ("base_rate_mse", |e| Some(e.base_rate_mse), None),
        ("error_deviation", |e| Some(e.error_deviation), None),
        ("test_rows", |e| Some(e.test_rows as f64), None),
    ];
    if a.is_none() && b.is_none() {
        return Vec::new();
    }
    FIGURES
        .iter()
        .map(|(name, of, more_is_better)| {
            let (a, b) = (a.and_then(of), b.and_then(of));
            let better = match (a, b, more_is_better) {
                (Some(a), Some(b), Some(more)) if a != b => Some(if (a > b) == *more { Side::A } else { Side::B }),
                _ => None,
            };
            MetricChange { name: (*name).to_owned(), a, b, better }
        })
        .collect()
}

fn importances(a: &BTreeMap<String, f64>, b: &BTreeMap<String, f64>) -> Vec<ImportanceChange> {
    let names: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let mut all: Vec<ImportanceChange> = names
        .into_iter()
        .map(|feature| ImportanceChange { feature: feature.clone(), a: a.get(feature).copied(), b: b.get(feature).copied() })
        .collect();
    let most = |change: &ImportanceChange| change.a.unwrap_or(0.0).max(change.b.unwrap_or(0.0));
    all.sort_by(|x, y| most(y).total_cmp(&most(x)));
    all
}

/// Mean gain of each feature of an execution's model; nothing when it made none.
async fn importance(context: &Context, found: &RunOutputs) -> Result<BTreeMap<String, f64>, OpError> {
    let model = present(found.model.as_deref(), |address| evaluation::fetch(context, address)).await?;
    let schema = present(found.schema.as_deref(), |address| evaluation::schema(context, address)).await?;
    let Some((model, schema)) = model.zip(schema) else { return Ok(BTreeMap::new()) };
    let address = found.model.clone().unwrap_or_default();
    // Unpacking and reading a model takes some milliseconds of computing.
    let read = tokio::task::spawn_blocking(move || gains(&model, &schema.features)).await;
    read.map_err(|error| error.to_string())
        .and_then(|gains| gains)
        .map_err(|why| OpError::failed(&address, "could not read what the model goes by", why))
}

/// Mean gain by feature of the model in an artifact; features that no tree splits on are absent.
pub(crate) fn gains(archive: &[u8], features: &[String]) -> Result<BTreeMap<String, f64>, String> {
    let mut archive = tar::Archive::new(GzDecoder::new(archive));
    for entry in archive.entries().map_err(|error| error.to_string())? {
        let mut entry = entry.map_err(|error| error.to_string())?;
        let model = entry.path().is_ok_and(|path| path.file_name().is_some_and(|name| name == MODEL_FILE));
        if !model {
            continue;
        }
        let mut content = Vec::new();
        entry.by_ref().take(LARGEST_MODEL).read_to_end(&mut content).map_err(|error| error.to_string())?;
        let format = ModelFormat::detect(&content).ok_or("the model is neither XGBoost JSON nor XGBoost UBJSON")?;
        let model = BoostedModel::decode(&content, format).map_err(|error| error.to_string())?;
        let gains = model.feature_importance(ImportanceType::Gain);
        let name = |index: usize| features.get(index).cloned().unwrap_or_else(|| format!("f{index}"));
        return Ok(gains.into_iter().map(|(index, gain)| (name(index), gain)).collect());
    }
    Err(format!("the artifact has no `{MODEL_FILE}`"))
}
