//! `shiftdeck predict`: answers of the deployed model, with the actual answer where it is known.

mod given;
mod reasons;
mod views;
mod wanted;

use std::path::PathBuf;
use std::sync::Arc;

use clap::{ArgGroup, Args};
use serde_json::{Value, json};

pub(super) use given::{Given, read_csv};
use wanted::Wanted;

use super::failure::Failure;
use super::output::{Output, columns};
use super::session::Session;
use crate::config::Settings;
use crate::demo::customer_filter::Condition;
use crate::demo::feature_schema::Row;
use crate::demo::figures;
use crate::ops::predict::{self, DeployedModel, Prediction, Sample};
use crate::ops::{Context, customers};

/// Rows sent to the endpoint and shown at a time.
const CHUNK: usize = 5000;

/// Ask the deployed model
#[derive(Debug, Args)]
#[command(group(
    ArgGroup::new("rows").required(true).args(["sample", "row", "file", "where", "example", "importance", "dependence", "segments"])
))]
pub struct Predict {
    /// So many customers that training has not seen
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub sample: Option<u32>,
    /// One customer, {"age": 41, "job": "admin.", …}
    #[arg(long, value_name = "JSON")]
    pub row: Option<String>,
    /// Customers in a CSV with a header line; a column `y` is the actual answer
    #[arg(long, value_name = "CSV")]
    pub file: Option<PathBuf>,
    /// Customers who fit a condition, such as "age > 60 and poutcome = 'success'"; those that training has not seen first
    #[arg(long = "where", id = "where", value_name = "CONDITION")]
    pub condition: Option<String>,
    /// How many customers --where draws at most
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000), requires = "where")]
    pub limit: u32,
    /// A customer that was saved on the screen, by its name
    #[arg(long, value_name = "NAME")]
    pub example: Option<String>,
    /// Which customers --sample and --where draw; the same for the same seed
    #[arg(
        long, value_name = "SEED", default_value_t = 1,
        conflicts_with_all = ["row", "file", "example", "importance", "dependence", "segments"]
    )]
    pub seed: u64,
    /// Instead: which columns matter in general, by mean |SHAP| and by gain
    #[arg(long, conflicts_with_all = ["explain", "compare"])]
    pub importance: bool,
    /// Instead: how the answer depends on a column on average
    #[arg(long, value_name = "COLUMN", conflicts_with_all = ["explain", "compare"])]
    pub dependence: Option<String>,
    /// Instead: rates, quality and fairness for each group of a column, on the test split
    #[arg(long, value_name = "COLUMN", conflicts_with_all = ["explain", "compare"])]
    pub segments: Option<String>,
    /// A score from here on is a yes (with --segments; the model's own without it)
    #[arg(long, value_name = "SCORE", requires = "segments")]
    pub threshold: Option<f64>,
    /// Why: what each column contributes, what would change the decision, and what such a score has meant
    #[arg(long)]
    pub explain: bool,
    /// The same customers on three roads: endpoint, SQL function of Redshift ML, model file
    #[arg(long)]
    pub compare: bool,
    /// A column that nothing may be changed in (with --explain; may be repeated)
    #[arg(long, value_name = "COLUMN", requires = "explain")]
    pub keep: Vec<String>,
    /// One JSON object a row; one for all with --importance, --dependence and --segments
    #[arg(long)]
    pub json: bool,
}

/// Asks and shows the answers.
///
/// # Errors
/// When nothing is deployed, or a row is not what the model expects.
pub async fn run(arguments: &Predict, settings: &Arc<Settings>, mut output: Output) -> Result<(), Failure> {
    // What can be read without the account is read first.
    let wanted = Wanted::read(arguments, settings)?;
    let session = Session::open(settings).await?;
    let context = session.quiet();
    let model = predict::deployed(&context).await?;
    let samples = match wanted {
        Wanted::View(view) => {
            views::write(&context, &model, &view, arguments, &mut output).await?;
            output.flush()?;
            session.close().await;
            return Ok(());
        }
        Wanted::Where(text) => fitting(&context, &model, &text, arguments, &mut output).await?,
        Wanted::Given(Given::Sample(count)) => predict::samples(&context, &model, count as usize, arguments.seed).await?,
        Wanted::Given(Given::Row(row)) => recognised(&context, &model, vec![row]).await?,
        Wanted::Given(Given::File { name, text }) => {
            let rows = read_csv(&text, &name, &model.schema)?;
            recognised(&context, &model, rows).await?
        }
    };
    let asked = reasons::Asked::open(&context, &model, arguments).await?;
    let mut tally = Tally::default();
    let mut lines = vec![];
    let look_at = &context.scenario.data.look_at;
    for chunk in samples.chunks(CHUNK) {
        let rows: Vec<Row> = chunk.iter().map(|sample| sample.row.clone()).collect();
        let answers = predict::predict(&context, &model, &rows).await?;
        let roads = asked.roads(&context, &rows).await?;
        for (at, (sample, answer)) in chunk.iter().zip(&answers).enumerate() {
            tally.count(sample, answer);
            let reasons = asked.reasons(&sample.row)?;
            let roads = roads.as_ref().and_then(|roads| roads.get(at));
            if arguments.json {
                let mut line = json!({
                    "score": answer.score,
                    "decision": answer.decision,
                    "actual": sample.actual,
                    "seen": sample.seen,
                    "row": sample.row,
                });
                asked.add(&mut line, answer, reasons.as_ref(), roads);
                output.json(&line)?;
            } else if asked.in_full() {
                columns(&[cells(sample, answer, look_at)]).iter().try_for_each(|line| output.line(line))?;
                asked.write(&mut output, answer, reasons.as_ref(), roads)?;
            } else {
                lines.push(cells(sample, answer, look_at));
            }
        }
    }
    if !arguments.json && !asked.in_full() {
        let version = model.version.map(|version| format!(", version {version}")).unwrap_or_default();
        output
            .line(&format!("{}{version}: a score of {} or more is a {}", model.endpoint, model.threshold, model.schema.target.positive))?;
        output.line("")?;
        columns(&lines).iter().try_for_each(|line| output.line(line))?;
        if tally.known > 1 {
            output.line("")?;
            output.line(&format!("{} of {} decisions are right", tally.right, tally.known))?;
        }
    }
    output.flush()?;
    session.close().await;
    Ok(())
}

/// Customers of the table who fit a condition; how many there are is told.
async fn fitting(
    context: &Context,
    model: &DeployedModel,
    text: &str,
    arguments: &Predict,
    output: &mut Output,
) -> Result<Vec<Sample>, Failure> {
    let condition = Condition::read(text, &model.schema)
        .map_err(|error| Failure::usage(format!("--where is no condition: {error}"), "Correct the condition."))?;
    let found = customers::matching(context, model, &condition, arguments.limit as usize, arguments.seed).await?;
    if !arguments.json {
        let drawn = found.samples.len() as u64;
        let some = if drawn < found.total { format!(", {} of them drawn", figures::count(drawn)) } else { String::new() };
        output.line(&format!("{} fit{some}", figures::counted(found.total, &context.scenario.data.words.row)))?;
    }
    Ok(found.samples)
}

/// How many decisions could be compared, and were right.
#[derive(Default)]
struct Tally {
    known: usize,
    right: usize,
}

impl Tally {
    fn count(&mut self, sample: &Sample, answer: &Prediction) {
        if let Some(actual) = &sample.actual {
            self.known += 1;
            self.right += usize::from(*actual == answer.decision);
        }
    }
}

/// A row of the answers; `look_at` names the columns that are shown of the customer.
fn cells(sample: &Sample, answer: &Prediction, look_at: &[String]) -> Vec<String> {
    let actual = match &sample.actual {
        Some(actual) if *actual == answer.decision => format!("actually {actual} ✔"),
        Some(actual) => format!("actually {actual} ✖"),
        None => "not known".to_owned(),
    };
    let seen = match sample.seen {
        Some(true) => "seen in training",
        Some(false) => "not seen in training",
        None => "not in the data",
    };
    let value = |name: &str| match sample.row.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let customer = look_at.iter().map(|name| value(name)).filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", ");
    vec![format!("{:.3}", answer.score), answer.decision.clone(), actual, seen.to_owned(), customer]
}

/// Looks the rows up in the data; a target that a row carries is its actual answer where the data have none.
async fn recognised(context: &Context, model: &DeployedModel, mut rows: Vec<Row>) -> Result<Vec<Sample>, Failure> {
    let target = &model.schema.target.name;
    let given: Vec<Option<String>> = rows
        .iter_mut()
        .map(|row| match row.shift_remove(target) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        })
        .collect();
    let mut samples = predict::recognise(context, model, rows).await?;
    for (sample, given) in samples.iter_mut().zip(given) {
        sample.actual = sample.actual.take().or(given);
    }
    Ok(samples)
}
