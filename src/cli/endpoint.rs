//! `shiftdeck endpoint`: what serves which version, and what is done with it.

mod invoke;
pub(super) mod plan;

use std::path::PathBuf;
use std::sync::Arc;

use clap::{ArgGroup, Args, Subcommand};
use serde_json::json;

use super::failure::{Failure, exit};
use super::output::{Output, columns, seconds, thousands};
use super::predict::Given;
use super::session::Session;
use super::{confirm, dry_run};
use crate::config::Settings;
use crate::config::settings::TargetKind;
use crate::ops::endpoints::{self, Deployment, EndpointView, SmokeTest, Stage, TrafficSplit, VariantView};
use crate::ops::{Context, OpError};

/// List, deploy, promote, roll back, split and ask the endpoints
#[derive(Debug, Args)]
pub struct Endpoint {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the endpoints with their variants, versions and figures
    List {
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
    /// Put an approved version behind the endpoint of a stage; it is called good after its smoke test
    Deploy {
        /// Version; the newest approved one without it
        #[arg(long, value_name = "N")]
        version: Option<u32>,
        /// Stage
        #[arg(long, value_enum, default_value_t = StageArgument::Staging)]
        stage: StageArgument,
        /// Approve a deployment to production without being asked
        #[arg(long)]
        yes: bool,
        /// Only say what would be made and changed, what it costs and takes, and what would keep it from being done
        #[arg(long)]
        dry_run: bool,
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
    /// Put the version that staging serves behind the production endpoint
    Promote {
        /// Another version than that of staging
        #[arg(long, value_name = "N")]
        version: Option<u32>,
        /// Approve it without being asked
        #[arg(long)]
        yes: bool,
        /// Only say what would be made and changed, what it costs and takes, and what would keep it from being done
        #[arg(long)]
        dry_run: bool,
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
    /// Go back to what the endpoint of a stage served before
    Rollback {
        /// Stage
        #[arg(long, value_enum, default_value_t = StageArgument::Staging)]
        stage: StageArgument,
        /// Only say what would be made and changed, what it costs and takes, and what would keep it from being done
        #[arg(long)]
        dry_run: bool,
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
    /// Split the traffic of an endpoint between versions, or let a version listen; without versions the split is shown
    Traffic {
        /// Versions with their weights, `1=90 2=10`
        #[arg(value_name = "VERSION=WEIGHT", value_parser = version_and_weight)]
        shares: Vec<(u32, f64)>,
        /// A version that is sent a copy of every request, and whose answers are thrown away
        #[arg(long, value_name = "N")]
        shadow: Option<u32>,
        /// Show the split and what each variant has answered, and change nothing
        #[arg(long, conflicts_with_all = ["shares", "shadow"])]
        show: bool,
        /// Stage
        #[arg(long, value_enum, default_value_t = StageArgument::Staging)]
        stage: StageArgument,
        /// Approve a change of production without being asked
        #[arg(long)]
        yes: bool,
        /// Only say what would be made and changed, what it costs and takes, and what would keep it from being done
        #[arg(long)]
        dry_run: bool,
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
    /// Ask an endpoint
    #[command(group(ArgGroup::new("rows").required(true).args(["sample", "row", "file"])))]
    Invoke {
        /// Endpoint by its name; that of the stage without it
        #[arg(long, value_name = "NAME", conflicts_with = "stage")]
        endpoint: Option<String>,
        /// Stage
        #[arg(long, value_enum, default_value_t = StageArgument::Staging)]
        stage: StageArgument,
        /// So many customers that training has not seen
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
        sample: Option<u32>,
        /// One customer, {"age": 41, "job": "admin.", …}
        #[arg(long, value_name = "JSON")]
        row: Option<String>,
        /// Customers in a CSV with a header line, 1,000 at most
        #[arg(long, value_name = "CSV")]
        file: Option<PathBuf>,
        /// The variant that has to answer; the weights decide without it
        #[arg(long, value_name = "NAME")]
        variant: Option<String>,
        /// Ask so many times, to see who answers
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        repeat: u32,
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
    /// Ask an endpoint every row of the test split and compare with the model's own figures
    Smoke {
        /// Stage
        #[arg(long, value_enum, default_value_t = StageArgument::Staging)]
        stage: StageArgument,
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
}

impl Action {
    /// Whether nothing is to be changed, so that nobody has to be asked.
    const fn is_dry_run(&self) -> bool {
        matches!(
            self,
            Action::Deploy { dry_run: true, .. }
                | Action::Promote { dry_run: true, .. }
                | Action::Rollback { dry_run: true, .. }
                | Action::Traffic { dry_run: true, .. }
        )
    }
}

/// A stage as it is chosen on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum StageArgument {
    /// Where a newly approved model is tried
    Staging,
    /// What everyone asks
    Production,
}

impl StageArgument {
    const fn stage(self) -> Stage {
        match self {
            StageArgument::Staging => Stage::Staging,
            StageArgument::Production => Stage::Production,
        }
    }

    fn endpoint(self, context: &Context) -> &str {
        match self {
            StageArgument::Staging => &context.scenario.staging_endpoint,
            StageArgument::Production => &context.scenario.production_endpoint,
        }
    }
}

/// Reads `VERSION=WEIGHT`.
fn version_and_weight(text: &str) -> Result<(u32, f64), String> {
    let (version, weight) = text.split_once('=').ok_or("VERSION=WEIGHT is expected")?;
    let version = version.trim_start_matches('v').parse().map_err(|_| format!("`{version}` is no version"))?;
    let weight = weight.trim_end_matches('%').parse().map_err(|_| format!("`{weight}` is no weight"))?;
    Ok((version, weight))
}

/// Does what was asked.
///
/// # Errors
/// What the service says, or what has to be there first.
pub async fn run(arguments: &Endpoint, settings: &Arc<Settings>, mut output: Output) -> Result<(), Failure> {
    if let Action::Traffic { shares, shadow, dry_run: false, .. } = &arguments.action
        && !(shares.is_empty() && shadow.is_none())
    {
        // What can be refused without the account is refused first.
        TrafficSplit { shares: shares.clone(), shadow: *shadow }.check()?;
    }
    let session = Session::open_for(settings, arguments.action.is_dry_run()).await?;
    let context = session.quiet();
    match arguments.action.is_dry_run() {
        true => tell(&arguments.action, &context, session.asks(), &mut output).await?,
        false => act(&arguments.action, &context, &mut output).await?,
    }
    output.flush()?;
    session.close().await;
    Ok(())
}

/// Says what a change would do.
async fn tell(action: &Action, context: &Context, mut asks: Vec<String>, output: &mut Output) -> Result<(), Failure> {
    let (outlook, json) = match action {
        Action::Deploy { version, stage, yes, json, .. } => {
            asks.extend(approval_told(context, stage.stage(), *yes));
            (endpoints::plan_deploy(context, stage.stage(), *version).await, *json)
        }
        Action::Promote { version, yes, json, .. } => {
            asks.extend(approval_told(context, Stage::Production, *yes));
            (endpoints::plan_promote(context, *version).await, *json)
        }
        Action::Rollback { stage, json, .. } => (endpoints::plan_rollback(context, stage.stage()).await, *json),
        Action::Traffic { shares, shadow, stage, yes, json, .. } if !(shares.is_empty() && shadow.is_none()) => {
            asks.extend(approval_told(context, stage.stage(), *yes));
            let split = TrafficSplit { shares: shares.clone(), shadow: *shadow };
            (endpoints::plan_traffic(context, stage.stage(), &split).await, *json)
        }
        // What only looks is done.
        Action::Traffic { .. } | Action::List { .. } | Action::Invoke { .. } | Action::Smoke { .. } => {
            return act(action, context, output).await;
        }
    };
    let free = context.settings.aws.target == TargetKind::Local;
    dry_run::tell(outlook, &asks, json, output, |told| plan::lines(told, free))
}

async fn act(action: &Action, context: &Context, output: &mut Output) -> Result<(), Failure> {
    match action {
        Action::List { json } => {
            let views = endpoints::list(context).await?;
            if *json {
                return output.json(&json!({ "endpoints": views }));
            }
            if views.is_empty() {
                return output.line("no endpoint yet; `shiftdeck endpoint deploy` makes one");
            }
            for (at, view) in views.iter().enumerate() {
                if at > 0 {
                    output.line("")?;
                }
                show(view, output)?;
            }
            Ok(())
        }
        Action::Deploy { version, stage, yes, json, .. } => {
            approved_for(context, stage.stage(), *yes)?;
            let deployment = told(*json, output, async |report| endpoints::deploy(context, stage.stage(), *version, report).await).await?;
            deployed(&deployment, *json, output)
        }
        Action::Promote { version, yes, json, .. } => {
            approved_for(context, Stage::Production, *yes)?;
            let deployment = told(*json, output, async |report| endpoints::promote(context, *version, report).await).await?;
            deployed(&deployment, *json, output)
        }
        Action::Rollback { stage, json, .. } => {
            let deployment = told(*json, output, async |report| endpoints::rollback(context, stage.stage(), report).await).await?;
            deployed(&deployment, *json, output)?;
            good(&deployment.smoke, &deployment.endpoint)
        }
        Action::Traffic { shares, shadow, show: shown, stage, yes, json, .. } => {
            let name = stage.endpoint(context);
            let view = if *shown || (shares.is_empty() && shadow.is_none()) {
                let all = endpoints::list(context).await?;
                all.into_iter().find(|view| view.name == name).ok_or_else(|| {
                    Failure::precondition(format!("there is no endpoint {name}"), "Run `shiftdeck endpoint deploy` first.")
                })?
            } else {
                approved_for(context, stage.stage(), *yes)?;
                let split = TrafficSplit { shares: shares.clone(), shadow: *shadow };
                told(*json, output, async |report| endpoints::traffic(context, stage.stage(), &split, report).await).await?
            };
            if *json { output.json(&view) } else { show(&view, output) }
        }
        Action::Invoke { endpoint, stage, sample, row, file, variant, repeat, json } => {
            let given = Given::read(*sample, row.as_deref(), file.as_deref())?;
            let endpoint = endpoint.as_deref().unwrap_or_else(|| stage.endpoint(context));
            let rows = invoke::rows(context, endpoint, given).await?;
            invoke::invoke(context, endpoint, variant.as_deref(), &rows, *repeat, *json, output).await
        }
        Action::Smoke { stage, json } => {
            let endpoint = stage.endpoint(context);
            let test = endpoints::smoke(context, endpoint).await?;
            if *json {
                output.json(&test)?
            } else {
                output.line(&smoke_line(&test))?
            }
            good(&test, endpoint)
        }
    }
}

/// Asks before production is changed.
fn approved_for(context: &Context, stage: Stage, yes: bool) -> Result<(), Failure> {
    if stage != Stage::Production {
        return Ok(());
    }
    let name = &context.scenario.production_endpoint;
    confirm::approval(yes, &changes_production(name), name)
}

/// What a dry run says of that question.
fn approval_told(context: &Context, stage: Stage, yes: bool) -> Option<String> {
    let name = &context.scenario.production_endpoint;
    (stage == Stage::Production).then(|| confirm::approval_told(yes, &changes_production(name), name))
}

fn changes_production(name: &str) -> String {
    format!("This changes what the production endpoint {name} answers")
}

/// Runs an operation, with a line for each of its sentences unless a program reads the output.
async fn told<T>(
    json: bool,
    output: &mut Output,
    operation: impl AsyncFnOnce(endpoints::Report<'_>) -> Result<T, OpError>,
) -> Result<T, Failure> {
    let mut written = Ok(());
    let mut report = |sentence: &str| {
        if !json && written.is_ok() {
            written = output.line(sentence).and_then(|()| output.flush());
        }
    };
    let result = operation(&mut report).await;
    written?;
    Ok(result?)
}

fn deployed(deployment: &Deployment, json: bool, output: &mut Output) -> Result<(), Failure> {
    if json {
        return output.json(deployment);
    }
    let verb = if deployment.changed { "serves" } else { "served already" };
    output.line(&format!("{} {verb} version {} ({})", deployment.endpoint, deployment.version, deployment.stage.title()))?;
    output.line(&smoke_line(&deployment.smoke))?;
    match &deployment.previous {
        Some(previous) => {
            output.line(&format!("{}; `shiftdeck endpoint rollback --stage {}` goes back", previous.sentence(), deployment.stage.title()))
        }
        None => Ok(()),
    }
}

fn smoke_line(test: &SmokeTest) -> String {
    let verdict = match (&test.reason, test.ok) {
        (Some(reason), false) => format!("failed: {reason}"),
        (None, false) => "failed".to_owned(),
        (_, true) => "passed".to_owned(),
    };
    let rows = u64::try_from(test.rows).unwrap_or(u64::MAX);
    let agreeing = u64::try_from(test.agreeing).unwrap_or(u64::MAX);
    format!("smoke test {verdict}: {} of {} decisions are right ({})", thousands(agreeing), thousands(rows), seconds(test.seconds))
}

/// A smoke test that fails is the command's failure.
fn good(test: &SmokeTest, endpoint: &str) -> Result<(), Failure> {
    if test.ok {
        return Ok(());
    }
    Err(Failure::Told {
        code: exit::FAILED,
        what: format!("{endpoint} does not answer as its model should"),
        why: test.reason.clone(),
        next: Some("Roll it back (`shiftdeck endpoint rollback`), or deploy another version.".to_owned()),
    })
}

fn show(view: &EndpointView, output: &mut Output) -> Result<(), Failure> {
    let updated = view.updated.map(|at| at.format(", changed %Y-%m-%d %H:%M UTC").to_string()).unwrap_or_default();
    output.line(&format!("{}  {}  {}{updated}", view.name, view.stage.title(), view.status))?;
    if let Some(failure) = &view.failure {
        output.line(&format!("  {failure}"))?;
    }
    let rows: Vec<Vec<String>> = view.variants.iter().map(|variant| cells(view, variant)).collect();
    for line in columns(&rows) {
        output.line(&format!("  {line}"))?;
    }
    if let Some(metrics) = &view.metrics {
        output.line(&format!(
            "  {} answered in {} minutes, {} failed",
            thousands(metrics.invocations),
            metrics.window_minutes,
            thousands(metrics.errors)
        ))?;
    }
    match &view.previous {
        Some(previous) => output.line(&format!("  {}", previous.sentence())),
        None => Ok(()),
    }
}

fn cells(view: &EndpointView, variant: &VariantView) -> Vec<String> {
    let version = variant.version.map_or_else(|| "no version of the registry".to_owned(), |version| format!("version {version}"));
    let share = match (variant.shadow, (variant.share - variant.wanted_share).abs() > 1e-9) {
        (true, _) => "shadow".to_owned(),
        (false, false) => format!("{:.0} % of the traffic", variant.share * 100.0),
        (false, true) => format!("{:.0} %, on its way to {:.0} %", variant.share * 100.0, variant.wanted_share * 100.0),
    };
    let figures = view.metrics.as_ref().and_then(|metrics| metrics.per_variant.iter().find(|figures| figures.variant == variant.name));
    let counted = figures.map(|figures| format!("{} invocations", thousands(figures.invocations))).unwrap_or_default();
    let failed = figures.filter(|figures| figures.errors > 0).map(|figures| format!("{} failed", thousands(figures.errors)));
    let times = figures.and_then(|figures| {
        let [p50, p90, p99] = [figures.p50_ms?, figures.p90_ms?, figures.p99_ms?];
        Some(format!("p50 {p50:.2} ms, p90 {p90:.2} ms, p99 {p99:.2} ms"))
    });
    let instances = format!("{} × {}", variant.instances, variant.instance);
    vec![variant.name.clone(), version, share, instances, counted, failed.unwrap_or_default(), times.unwrap_or_default()]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_share_is_a_version_and_a_weight() {
        assert_eq!(version_and_weight("1=90").unwrap(), (1, 90.0));
        assert_eq!(version_and_weight("v12=0.5").unwrap(), (12, 0.5));
        assert_eq!(version_and_weight("3=10%").unwrap(), (3, 10.0));
        assert!(version_and_weight("3").unwrap_err().contains("VERSION=WEIGHT"));
        assert!(version_and_weight("x=1").unwrap_err().contains("`x` is no version"));
        assert!(version_and_weight("1=x").unwrap_err().contains("`x` is no weight"));
    }
}
