//! `--explain` and `--compare`: why, and the same customer on three roads.

use serde_json::{Value, json};

use super::Predict;
use crate::cli::failure::Failure;
use crate::cli::output::{Output, columns};
use crate::demo::explanation::{Contribution, Flip};
use crate::demo::feature_schema::Row;
use crate::demo::figures;
use crate::ops::Context;
use crate::ops::explain::{self, ExplainedModel, Reasons, Roads, TestSet};
use crate::ops::predict::{DeployedModel, Prediction};

/// Columns that are listed; the rest is added up.
const LISTED: usize = 8;
/// Cells of the longest bar.
const BAR: f64 = 24.0;

/// What was asked beside the answer.
pub(super) struct Asked {
    model: Option<ExplainedModel>,
    test: Option<TestSet>,
    explain: bool,
    compare: bool,
    keep: Vec<String>,
}

impl Asked {
    /// Reads what the answers need: the model file, and with `--explain` the test split.
    pub(super) async fn open(context: &Context, model: &DeployedModel, arguments: &Predict) -> Result<Asked, Failure> {
        let model = if arguments.explain || arguments.compare { Some(explain::open(context, model).await?) } else { None };
        let test = match &model {
            Some(model) if arguments.explain => Some(model.test_set(context).await?),
            _ => None,
        };
        let model = model.map(|model| match &test {
            Some(test) => model.knowing(test),
            None => model,
        });
        Ok(Asked { model, test, explain: arguments.explain, compare: arguments.compare, keep: arguments.keep.clone() })
    }

    /// Whether each customer is a paragraph and not a line.
    pub(super) fn in_full(&self) -> bool {
        self.explain || self.compare
    }

    /// The roads of the rows, when they were asked for.
    pub(super) async fn roads(&self, context: &Context, rows: &[Row]) -> Result<Option<Vec<Roads>>, Failure> {
        match &self.model {
            Some(model) if self.compare => Ok(Some(explain::roads(context, model, rows).await?)),
            _ => Ok(None),
        }
    }

    /// The reasons of a row, when they were asked for.
    pub(super) fn reasons(&self, row: &Row) -> Result<Option<Reasons>, Failure> {
        match &self.model {
            Some(model) if self.explain => Ok(Some(model.reasons(row, &self.keep)?)),
            _ => Ok(None),
        }
    }

    /// Adds to the JSON object of an answer.
    pub(super) fn add(&self, line: &mut Value, answer: &Prediction, reasons: Option<&Reasons>, roads: Option<&Roads>) {
        if let Some(reasons) = reasons {
            line["explanation"] = json!(reasons);
            line["calibrated"] = json!(self.test.as_ref().and_then(|test| test.calibrated(answer.score)));
        }
        if let Some(roads) = roads {
            line["roads"] = json!(roads);
        }
    }

    /// Writes a paragraph below an answer.
    pub(super) fn write(
        &self,
        output: &mut Output,
        answer: &Prediction,
        reasons: Option<&Reasons>,
        roads: Option<&Roads>,
    ) -> Result<(), Failure> {
        if let Some(reasons) = reasons {
            if let Some(meant) = self.test.as_ref().and_then(|test| test.calibrated(answer.score)) {
                output.line(&format!(
                    "  of {} test customers with scores from {:.3} to {:.3}, {} said yes (95 % interval {} to {})",
                    meant.rows,
                    meant.from,
                    meant.to,
                    figures::percent(meant.rate),
                    figures::percent(meant.low),
                    figures::percent(meant.high)
                ))?;
            }
            self.write_contributions(output, reasons)?;
            for flip in &reasons.flips {
                output.line(&format!("  {}", flip_sentence(flip)))?;
            }
            if reasons.flips.is_empty() {
                output.line("  no realistic change of one or two columns and what belongs to them would change the decision")?;
            }
        }
        if let Some(roads) = roads {
            let sql = roads.sql.as_deref().unwrap_or("no model in SQL");
            let rows = [
                vec!["  endpoint".to_owned(), format!("{:.6}", roads.endpoint), roads.decision.clone()],
                vec![
                    "  model file".to_owned(),
                    format!("{:.6}", roads.file),
                    format!("{:+.1e} from the endpoint", roads.file - roads.endpoint),
                ],
                vec!["  Redshift ML".to_owned(), String::new(), sql.to_owned()],
            ];
            columns(&rows).iter().try_for_each(|line| output.line(line))?;
        }
        output.line("")
    }

    fn write_contributions(&self, output: &mut Output, reasons: &Reasons) -> Result<(), Failure> {
        let explanation = &reasons.explanation;
        let largest = explanation.contributions.first().map_or(1.0, |first| first.margin.abs()).max(f64::MIN_POSITIVE);
        let logistic = self.model.as_ref().is_some_and(|model| model.explainer.trees.logistic());
        let mut rows = vec![vec!["  of nothing known".to_owned(), format!("{:.3}", explanation.base_score), String::new(), String::new()]];
        for contribution in explanation.contributions.iter().take(LISTED) {
            rows.push(line(contribution, largest, logistic));
        }
        let rest: f64 = explanation.contributions.iter().skip(LISTED).map(|contribution| contribution.margin).sum();
        if explanation.contributions.len() > LISTED {
            let name = format!("{} other columns", explanation.contributions.len() - LISTED);
            rows.push(line(&Contribution { column: name, value: String::new(), margin: rest }, largest, logistic));
        }
        columns(&rows).iter().try_for_each(|line| output.line(line))
    }
}

fn line(contribution: &Contribution, largest: f64, logistic: bool) -> Vec<String> {
    let name = match contribution.value.is_empty() {
        true => format!("  {}", contribution.column),
        false => format!("  {} = {}", contribution.column, contribution.value),
    };
    let odds = if logistic { format!("odds ×{:.2}", contribution.odds()) } else { String::new() };
    // At most BAR cells.
    let cells = (contribution.margin.abs() / largest * BAR).round().min(BAR) as usize;
    let bar = if contribution.margin < 0.0 { "─" } else { "█" };
    vec![name, format!("{:+.3}", contribution.margin), odds, bar.repeat(cells)]
}

fn flip_sentence(flip: &Flip) -> String {
    let changes: Vec<String> =
        flip.changes.iter().map(|change| format!("`{}` were {} instead of {}", change.column, change.to, change.from)).collect();
    format!("if {}, the score would be {:.3}", changes.join(" and "), flip.score)
}
