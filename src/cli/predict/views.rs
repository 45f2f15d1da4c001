//! `--importance`, `--dependence` and `--segments`: the model as a whole, measured on the test split.

use serde_json::json;

use super::Predict;
use super::wanted::View;
use crate::cli::failure::Failure;
use crate::cli::output::{Output, columns};
use crate::demo::fairness::{SMALL_POSITIVES, SMALL_ROWS, Segment, SegmentReport};
use crate::demo::figures;
use crate::ops::predict::DeployedModel;
use crate::ops::{Context, explain};

/// Cells of the longest bar.
const BAR: f64 = 24.0;

/// Computes a view and writes it.
///
/// # Errors
/// The model file or the test split cannot be read, or there is no such column.
pub(super) async fn write(
    context: &Context,
    model: &DeployedModel,
    view: &View,
    arguments: &Predict,
    output: &mut Output,
) -> Result<(), Failure> {
    let evidence = explain::evidence(context, model).await?;
    let measured = evidence.test.measured();
    match view {
        View::Importance if arguments.json => output.json(&json!({ "rows": measured, "columns": evidence.importance })),
        View::Importance => {
            let largest = evidence.importance.first().map_or(1.0, |first| first.mean_contribution).max(f64::MIN_POSITIVE);
            let mut rows = vec![["column", "mean |SHAP|", "gain", ""].map(str::to_owned).to_vec()];
            rows.extend(evidence.importance.iter().map(|column| {
                let cells = (column.mean_contribution / largest * BAR).round() as usize;
                let figures = [format!("{:.3}", column.mean_contribution), figures::percent(column.gain_share), "█".repeat(cells)];
                std::iter::once(column.column.clone()).chain(figures).collect()
            }));
            columns(&rows).iter().try_for_each(|line| output.line(line))
        }
        View::Dependence(column) => {
            let found = explain::dependence(std::sync::Arc::new(evidence), column.clone()).await?;
            if arguments.json {
                return output.json(&json!({ "rows": measured, "dependence": found }));
            }
            output.line(&format!("the mean answer if all of {measured} test customers had this value of {column}, and its middle 80 %"))?;
            let rows: Vec<Vec<String>> = found
                .points
                .iter()
                .map(|point| {
                    let middle = format!("{} to {}", figures::percent(point.low), figures::percent(point.high));
                    vec![format!("  {}", point.value), figures::percent(point.mean), middle]
                })
                .collect();
            columns(&rows).iter().try_for_each(|line| output.line(line))
        }
        View::Segments(column) => {
            let threshold = arguments.threshold.unwrap_or(model.threshold);
            if !threshold.is_finite() {
                return Err(Failure::usage("--threshold is not a number", "Give a score, usually between 0 and 1."));
            }
            let report = explain::segments(std::sync::Arc::new(evidence), column.clone(), threshold).await?;
            if arguments.json { output.json(&report) } else { write_segments(output, &report) }
        }
    }
}

fn write_segments(output: &mut Output, report: &SegmentReport) -> Result<(), Failure> {
    output.line(&format!("groups by {} on the test split, at the threshold {}", report.column, report.threshold))?;
    output.line("")?;
    let heading = ["", "rows", "yes", "said yes", "AUC", "found of yes", "wrong of no", "calibration gap"];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    rows.push(figures_of("all", &report.whole));
    rows.extend(report.segments.iter().map(|segment| {
        let name = if segment.small { format!("~{}", segment.value) } else { segment.value.clone() };
        figures_of(&name, segment)
    }));
    columns(&rows).iter().try_for_each(|line| output.line(line))?;
    output.line("")?;
    let apart = |difference: Option<f64>| difference.map_or("not enough groups".to_owned(), |difference| format!("{difference:.3}"));
    output.line(&format!("demographic parity difference  {}  (Dwork et al., 2012)", apart(report.demographic_parity_difference)))?;
    output.line(&format!("equal opportunity difference   {}  (Hardt et al., 2016)", apart(report.equal_opportunity_difference)))?;
    if report.segments.iter().any(|segment| segment.small) {
        output.line(&format!("~ fewer than {SMALL_ROWS} rows or {SMALL_POSITIVES} yes: too few to compare"))?;
    }
    Ok(())
}

fn figures_of(name: &str, segment: &Segment) -> Vec<String> {
    let share = |share: Option<f64>| share.map_or("–".to_owned(), figures::percent);
    vec![
        name.to_owned(),
        figures::count(segment.rows),
        share(Some(segment.positive_rate)),
        share(Some(segment.predicted_positive_rate)),
        segment.auc.map_or("–".to_owned(), |auc| format!("{auc:.3}")),
        share(segment.true_positive_rate),
        share(segment.false_positive_rate),
        format!("{:+.1} points", segment.calibration_gap * 100.0),
    ]
}
