//! Predictions by the deployed endpoint, with the feature schema that travelled with its model.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::error::op;
use super::evaluation::{self, split_lines};
use super::{Context, OpError, models};
use crate::demo::feature_schema::{ColumnKind, FeatureSchema, Row};
use crate::demo::pipeline_definition::metadata;

/// Rows of one call: 1,000 lines of some hundred bytes are far below the 6 MB that every region takes.
const ROWS_PER_CALL: usize = 1000;

/// A model behind an endpoint, with what is needed to ask it.
#[derive(Debug, Clone)]
pub struct DeployedModel {
    /// Endpoint.
    pub endpoint: String,
    /// Version of the model package.
    pub version: Option<u32>,
    /// Feature schema.
    pub schema: Arc<FeatureSchema>,
    /// A score from here on is a yes.
    pub threshold: f64,
    /// `s3://` address of the model's `model.tar.gz`.
    pub artifact: String,
    /// `s3://` address of the raw rows of the test split.
    test_rows: String,
    /// `s3://` address of the split of every row.
    splits: String,
}

impl DeployedModel {
    /// A model that belongs to no account: for tests and previews of the form.
    pub fn detached(endpoint: &str, schema: FeatureSchema, threshold: f64) -> Self {
        DeployedModel {
            endpoint: endpoint.to_owned(),
            version: None,
            schema: Arc::new(schema),
            threshold,
            artifact: String::new(),
            test_rows: String::new(),
            splits: String::new(),
        }
    }
}

/// A row, with the truth where it is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The row without the target.
    pub row: Row,
    /// The true class (`yes`, `no`).
    pub actual: Option<String>,
    /// Whether training saw it (train or validation split); `None` when it is not a row of the data.
    pub seen: Option<bool>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// The model's answer, a probability for `binary:logistic`.
    pub score: f64,
    /// `yes` or `no`, by the threshold (the target's positive and negative values).
    pub decision: String,
    /// Round trip of the call that answered it.
    pub latency: Duration,
}

/// The model behind the newest endpoint of the demonstration (production if it exists, else staging).
pub async fn deployed(context: &Context) -> Result<DeployedModel, OpError> {
    let production = &context.scenario.production_endpoint;
    let found = context.gateways.endpoints.find(production).await.map_err(op(production, "could not look for the endpoint"))?;
    match found {
        Some(found) if found.status == "InService" => at(context, production).await,
        _ => at(context, &context.scenario.staging_endpoint).await,
    }
}

/// The model behind an endpoint: endpoint → configuration → model → package → where its schema and rows are.
pub async fn at(context: &Context, endpoint: &str) -> Result<DeployedModel, OpError> {
    let gateway = &context.gateways.endpoints;
    let missing =
        |resource: &str, why: String| OpError::precondition(resource, "there is no model to ask", why, "run the step `deploy` first");
    let found = gateway.find(endpoint).await.map_err(op(endpoint, "could not look for the endpoint"))?;
    let found = found.ok_or_else(|| missing(endpoint, format!("the endpoint `{endpoint}` does not exist")))?;
    if !matches!(found.status.as_str(), "InService" | "Updating" | "SystemUpdating" | "RollingBack") {
        return Err(missing(endpoint, format!("the endpoint is {}", found.status)));
    }
    let config = gateway.config(&found.config).await.map_err(op(&found.config, "could not read the endpoint's configuration"))?;
    let model = config.ok_or_else(|| missing(&found.config, "the endpoint's configuration does not exist any more".to_owned()))?;
    let package = gateway.model(&model).await.map_err(op(&model, "could not read the model"))?.and_then(|model| model.package);
    let package = package.ok_or_else(|| missing(&model, "the endpoint's model was not made from the registry".to_owned()))?;
    let package = models::package(context, &package).await?;
    let property = |name: &str| {
        package.properties.get(name).cloned().ok_or_else(|| {
            OpError::failed(&package.summary.arn, "could not read the model", format!("its package does not say where `{name}` is"))
                .with_fix("run the steps `pipeline` and `deploy` again")
        })
    };
    let schema = evaluation::schema(context, &property(metadata::FEATURE_SCHEMA)?).await?;
    let threshold = package.properties.get(metadata::THRESHOLD).and_then(|text| text.parse().ok());
    Ok(DeployedModel {
        endpoint: endpoint.to_owned(),
        version: Some(package.summary.version),
        schema: Arc::new(schema),
        threshold: threshold.unwrap_or(context.settings.mlops.threshold),
        artifact: package.artifact.clone(),
        test_rows: property(metadata::TEST_ROWS)?,
        splits: property(metadata::SPLITS)?,
    })
}

/// `count` rows of the test split; the same `seed` gives the same rows.
pub async fn samples(context: &Context, model: &DeployedModel, count: usize, seed: u64) -> Result<Vec<Sample>, OpError> {
    let all = rows_at(context, &model.schema, &model.test_rows).await?;
    let chosen = rand::seq::index::sample(&mut seeded(seed), all.len(), count.min(all.len()));
    Ok(chosen.into_iter().map(|at| all[at].clone()).collect())
}

/// Every row of the test split, in its order.
pub async fn test_split(context: &Context, model: &DeployedModel) -> Result<Vec<Sample>, OpError> {
    rows_at(context, &model.schema, &model.test_rows).await
}

/// Every row of the test split of a package, typed by `schema`.
pub(super) async fn test_rows(context: &Context, schema: &FeatureSchema, package: &str) -> Result<Vec<Sample>, OpError> {
    let package = models::package(context, package).await?;
    let address = package.properties.get(metadata::TEST_ROWS).ok_or_else(|| {
        OpError::failed(&package.summary.arn, "could not read the model", "its package does not say where its test rows are")
    })?;
    rows_at(context, schema, address).await
}

/// The rows of a CSV with header and target.
async fn rows_at(context: &Context, schema: &FeatureSchema, address: &str) -> Result<Vec<Sample>, OpError> {
    let content = evaluation::fetch(context, address).await?;
    let unreadable = |why: String| OpError::failed(address, "could not read the rows of the test split", why);
    let mut reader = csv::ReaderBuilder::new().from_reader(content.as_ref());
    let header: Vec<String> = reader.headers().map_err(|error| unreadable(error.to_string()))?.iter().map(str::to_owned).collect();
    reader
        .records()
        .map(|record| {
            let record = record.map_err(|error| unreadable(error.to_string()))?;
            let (mut row, mut actual) = (Row::new(), None);
            for (name, text) in header.iter().zip(record.iter()) {
                if *name == schema.target.name {
                    actual = Some(text.to_owned());
                } else {
                    row.insert(name.clone(), cell(schema, name, text));
                }
            }
            Ok(Sample { row, actual, seen: Some(false) })
        })
        .collect()
}

fn seeded(seed: u64) -> rand_chacha::ChaCha8Rng {
    <rand_chacha::ChaCha8Rng as rand_chacha::rand_core::SeedableRng>::seed_from_u64(seed)
}

/// A cell of a CSV as the schema types it; a text where a number belongs stays a text, for the encoding to refuse by name.
fn cell(schema: &FeatureSchema, name: &str, text: &str) -> Value {
    if text.is_empty() {
        return Value::Null;
    }
    let numeric = schema.column(name).is_some_and(|column| matches!(column.kind, ColumnKind::Number { .. }));
    let number = if numeric { text.trim().parse::<f64>().ok() } else { None };
    match number {
        Some(number) if number.fract() == 0.0 && number.abs() < 9e15 => Value::from(number as i64),
        Some(number) => Value::from(number),
        None => Value::from(text),
    }
}

/// A row from CSV text of any source, typed by the schema: names are normalised as for the data set, the target is taken apart.
pub fn typed_row<'a>(model: &DeployedModel, cells: impl IntoIterator<Item = (&'a str, &'a str)>) -> Row {
    cells
        .into_iter()
        .map(|(name, text)| (crate::demo::dataset::normalise(name), text))
        .filter(|(name, _)| *name != model.schema.target.name)
        .map(|(name, text)| {
            let value = cell(&model.schema, &name, text);
            (name, value)
        })
        .collect()
}

/// Asks the endpoint, many rows a call.
pub async fn predict(context: &Context, model: &DeployedModel, rows: &[Row]) -> Result<Vec<Prediction>, OpError> {
    let mut predictions = Vec::with_capacity(rows.len());
    for (part, rows) in rows.chunks(ROWS_PER_CALL).enumerate() {
        context.proceed("predicting")?;
        let mut lines = Vec::with_capacity(rows.len() * 160);
        for (at, row) in rows.iter().enumerate() {
            model.schema.encode_csv_line(row, &mut lines).map_err(|error| {
                let number = part * ROWS_PER_CALL + at + 1;
                OpError::usage(format!("row {number} cannot be encoded"), error.to_string(), "correct the row")
            })?;
            lines.push(b'\n');
        }
        let lines =
            String::from_utf8(lines).map_err(|error| OpError::failed(&model.endpoint, "could not encode the rows", error.to_string()))?;
        let what = "could not ask the endpoint";
        let answer = context.gateways.inference.invoke(&model.endpoint, lines).await.map_err(op(&model.endpoint, what))?;
        let scores = scores(&answer.body).filter(|scores| scores.len() == rows.len()).ok_or_else(|| {
            OpError::failed(&model.endpoint, "could not read the endpoint's answer", format!("{} rows were asked", rows.len()))
        })?;
        predictions.extend(scores.into_iter().map(|score| Prediction {
            score,
            decision: model.schema.decision(score, model.threshold).to_owned(),
            latency: answer.latency,
        }));
    }
    Ok(predictions)
}

/// The numbers of an answer, separated by line ends or commas (containers of different versions do either).
pub(super) fn scores(body: &str) -> Option<Vec<f64>> {
    body.split([',', '\n', '\r']).map(str::trim).filter(|text| !text.is_empty()).map(|text| text.parse().ok()).collect()
}

/// Fills in `actual` and `seen` for rows from elsewhere. Rows alike to the last figure may be in several splits: then one that
/// training saw counts as seen, and the answer is known only if all agree.
pub async fn recognise(context: &Context, model: &DeployedModel, rows: Vec<Row>) -> Result<Vec<Sample>, OpError> {
    let content = evaluation::fetch(context, &model.splits).await?;
    let text = std::str::from_utf8(&content)
        .map_err(|error| OpError::failed(&model.splits, "could not read the split of the rows", error.to_string()))?;
    let digests: Vec<Option<String>> = rows.iter().map(|row| model.schema.row_digest(row).ok()).collect();
    let mut known: HashMap<&str, (bool, Option<bool>)> = digests.iter().flatten().map(|digest| (digest.as_str(), (false, None))).collect();
    let mut found: HashMap<&str, ()> = HashMap::new();
    for line in split_lines(text) {
        if let Some((seen, positive)) = known.get_mut(line.digest) {
            let first = found.insert(line.digest, ()).is_none();
            *positive = if first || *positive == Some(line.positive) { Some(line.positive) } else { None };
            *seen |= line.split != "test";
        }
    }
    let target = &model.schema.target;
    Ok(rows
        .into_iter()
        .zip(&digests)
        .map(|(row, digest)| {
            let digest = digest.as_deref().filter(|digest| found.contains_key(digest));
            let (seen, positive) = digest.and_then(|digest| known.get(digest)).copied().unzip();
            let actual = positive.flatten().map(|positive| if positive { target.positive.clone() } else { target.negative.clone() });
            Sample { row, actual, seen }
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_whichever_way_they_are_separated() {
        assert_eq!(scores("0.1\n0.25\n"), Some(vec![0.1, 0.25]));
        assert_eq!(scores("0.1,0.25"), Some(vec![0.1, 0.25]));
        assert_eq!(scores("no"), None);
    }
}
