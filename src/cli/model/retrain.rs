//! `shiftdeck model retrain`: new rows, drift, a new version, the comparison, and promotion for who wants it.

use clap::Args;
use serde_json::json;

use super::super::failure::{Failure, exit};
use super::super::output::{Output, columns, thousands};
use super::super::{confirm, dry_run};
use super::plan;
use crate::config::settings::TargetKind;
use crate::demo::drift::Change;
use crate::ops::Context;
use crate::ops::endpoints::Deployment;
use crate::ops::retrain::{self, Arrivals, Comparison, Retraining};

/// Let rows of another season arrive, measure the drift, train on all rows, compare, and promote if wanted
#[derive(Debug, Args)]
pub struct Retrain {
    /// Rows that arrive
    #[arg(long, value_name = "N", default_value_t = Arrivals::default().rows, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    rows: u32,
    /// Which rows; the same for the same seed, and rows that are there already do not arrive again
    #[arg(long, value_name = "SEED", default_value_t = Arrivals::default().seed)]
    seed: u64,
    /// Approve the new version and bring it to staging and production
    #[arg(long)]
    promote: bool,
    /// Promote without being asked
    #[arg(long, requires = "promote")]
    yes: bool,
    /// Only say which rows would arrive, what would be trained, for how long and for how much
    #[arg(long)]
    pub(super) dry_run: bool,
    /// One JSON document
    #[arg(long)]
    json: bool,
}

/// Walks, and promotes at the end when that was asked for.
///
/// # Errors
/// What the service says; that the gate refused the model; that nobody approved the promotion.
pub(super) async fn run(arguments: &Retrain, context: &Context, mut asks: Vec<String>, output: &mut Output) -> Result<(), Failure> {
    let arrivals = Arrivals { rows: arguments.rows, seed: arguments.seed };
    if arguments.dry_run {
        let free = context.settings.aws.target == TargetKind::Local;
        if arguments.promote {
            let name = &context.scenario.production_endpoint;
            asks.push(confirm::approval_told(arguments.yes, &promotion("The new version", name), name));
        }
        let outlook = retrain::plan_retrain(context, arrivals).await;
        return dry_run::tell(outlook, &asks, arguments.json, output, |told| plan::retrain(told, free));
    }
    let (mut written, json) = (Ok(()), arguments.json);
    let walk = {
        let mut report = |sentence: &str| {
            if !json && written.is_ok() {
                written = output.line(sentence).and_then(|()| output.flush());
            }
        };
        retrain::retrain(context, arrivals, &mut report).await
    };
    written?;
    let walk = walk?;
    if !json {
        show(&walk, output)?;
        output.flush()?;
    }
    let deployment = match (arguments.promote, walk.version) {
        (true, Some(version)) => {
            let name = &context.scenario.production_endpoint;
            confirm::approval(arguments.yes, &promotion(&format!("Version {version}"), name), name)?;
            let mut written = Ok(());
            let mut report = |sentence: &str| {
                if !json && written.is_ok() {
                    written = output.line(sentence).and_then(|()| output.flush());
                }
            };
            let reason = format!("Trained on new rows of an autumn campaign and compared with version {}", walk.drift.version);
            let deployment = retrain::promote(context, version, &reason, &mut report).await;
            written?;
            Some(deployment?)
        }
        _ => None,
    };
    told(&walk, deployment.as_ref(), json, output)?;
    match &walk.refused {
        Some(reason) => Err(Failure::Told {
            code: exit::FAILED,
            what: "the new rows did not lead to a new version".to_owned(),
            why: Some(reason.clone()),
            next: Some(format!("`shiftdeck pipeline show {}` shows its steps.", walk.execution)),
        }),
        None => Ok(()),
    }
}

/// What a promotion does, for whoever is asked.
fn promotion(version: &str, endpoint: &str) -> String {
    format!("{version} goes to staging and to the production endpoint {endpoint}")
}

fn told(walk: &Retraining, deployment: Option<&Deployment>, json: bool, output: &mut Output) -> Result<(), Failure> {
    if json {
        let mut document = json!(walk);
        document["promoted"] = json!(deployment);
        return output.json(&document);
    }
    match (deployment, walk.version) {
        (Some(deployment), _) => output.line(&format!("{} serves version {} now", deployment.endpoint, deployment.version)),
        (None, Some(version)) => output.line(&format!(
            "`shiftdeck model approve {version}`, `shiftdeck endpoint deploy` and `shiftdeck endpoint promote` bring it to production"
        )),
        (None, None) => Ok(()),
    }
}

fn show(walk: &Retraining, output: &mut Output) -> Result<(), Failure> {
    output.line("")?;
    output.line(&format!("Drift of {} new rows against version {}", thousands(walk.drift.rows), walk.drift.version))?;
    let mut rows = vec![vec!["column".to_owned(), "PSI".to_owned(), String::new(), "PSI of the whole table".to_owned()]];
    rows.extend(walk.drift.columns.iter().map(|column| {
        let change = match column.change {
            Change::Stable => "as before",
            Change::Moderate => "somewhat changed",
            Change::Large => "much changed",
        };
        vec![column.column.clone(), format!("{:.3}", column.psi), change.to_owned(), format!("{:.3}", column.table_psi)]
    }));
    columns(&rows).iter().try_for_each(|line| output.line(line))?;
    if let Some(comparison) = &walk.comparison {
        output.line("")?;
        compare(comparison, output)?;
    }
    Ok(())
}

fn compare(comparison: &Comparison, output: &mut Output) -> Result<(), Failure> {
    let figure = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.4}"));
    let (then, now, new) = (&comparison.old_then, &comparison.old_now, &comparison.new_now);
    let row = |what: String, auc: Option<f64>, mse: Option<f64>| vec![what, figure(auc), figure(mse)];
    let rows = vec![
        vec![String::new(), "AUC".to_owned(), "MSE".to_owned()],
        row(format!("version {} on its own test rows", comparison.old), then.as_ref().map(|it| it.auc), then.as_ref().map(|it| it.mse)),
        row(format!("version {} on the new test rows", comparison.old), now.and_then(|it| it.auc), now.map(|it| it.mse)),
        row(format!("version {} on the new test rows", comparison.new), new.as_ref().map(|it| it.auc), new.as_ref().map(|it| it.mse)),
    ];
    columns(&rows).iter().try_for_each(|line| output.line(line))?;
    match comparison.better {
        Some(true) => output.line(&format!("version {} is the better one on the new test rows", comparison.new)),
        Some(false) => output.line(&format!("version {} is not the better one on the new test rows", comparison.new)),
        None => Ok(()),
    }
}
