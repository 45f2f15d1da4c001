//! What the demonstration costs: now by the hour, and so far. Estimated from what the account shows and the dated table of prices; the bill
//! of AWS itself comes a day later.

mod working;

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::error::op;
use super::{Context, OpError, prices};
use crate::aws::pipelines::{Execution, StepWork};
use crate::aws::statements::StatementState;
use crate::config::settings::{OverBudget, TargetKind, WarehouseKind};
use crate::demo::figures;
use crate::demo::resource::{ResourceState, ResourceStatus};

/// Statements that are looked at; the Data API keeps those of a day.
const STATEMENTS: usize = 500;
/// Executions of the pipeline whose jobs are counted, the newest.
const EXECUTIONS: usize = 10;
/// How long something that costs by the hour may be left alone before it is called idle.
const IDLE: Duration = Duration::from_secs(3600);

const WHAT: &str = "could not find out what the demonstration costs";

/// One thing that costs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cost {
    /// The kind for people (`Endpoint`).
    pub kind: &'static str,
    /// Name.
    pub name: String,
    /// US dollars an hour, now; absent where no price is known, and of what costs only when it works.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usd_per_hour: Option<f64>,
    /// US dollars an hour while it works.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usd_per_hour_at_work: Option<f64>,
    /// Since when it costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
    /// US dollars so far; absent where that cannot be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usd: Option<f64>,
    /// What it is made of, in words.
    pub note: String,
    /// That it costs and is not used, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle: Option<String>,
}

/// Everything that costs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Costs {
    /// Its parts, those that cost by the hour first.
    pub parts: Vec<Cost>,
    /// US dollars an hour, now.
    pub usd_per_hour: f64,
    /// US dollars so far.
    pub usd: f64,
    /// The day on which the prices were true.
    pub prices_as_of: &'static str,
    /// The budget in US dollars, when there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_usd: Option<f64>,
}

impl Costs {
    fn of(mut parts: Vec<Cost>, budget: f64) -> Costs {
        parts.sort_by(|a, b| b.usd_per_hour.unwrap_or(0.0).total_cmp(&a.usd_per_hour.unwrap_or(0.0)));
        Costs {
            // The sum of nothing is minus zero.
            usd_per_hour: parts.iter().filter_map(|part| part.usd_per_hour).fold(0.0, |sum, usd| sum + usd),
            usd: parts.iter().filter_map(|part| part.usd).fold(0.0, |sum, usd| sum + usd),
            prices_as_of: prices::as_of().unwrap_or_default(),
            budget_usd: (budget > 0.0).then_some(budget),
            parts,
        }
    }

    /// Whether the budget is used up.
    pub fn over_budget(&self) -> bool {
        self.budget_usd.is_some_and(|budget| self.usd >= budget)
    }

    /// In a sentence: `$0.12 an hour now, $0.34 so far`.
    pub fn in_words(&self) -> String {
        format!("{} an hour now, {} so far", prices::rate(self.usd_per_hour), prices::money(self.usd))
    }
}

/// What the demonstration costs. On the embedded AWS: what it would cost on AWS.
///
/// # Errors
/// When the account does not say.
pub async fn read(context: &Context) -> Result<Costs, OpError> {
    let s = &context.scenario;
    let now = context.clock.now();
    let (staging, production, warehouse, jobs, secret, storage) = tokio::try_join!(
        endpoint(context, &s.staging_endpoint, now),
        endpoint(context, &s.production_endpoint, now),
        warehouse(context, now),
        jobs(context, now),
        secret(context, now),
        storage(context),
    )?;
    let parts = [staging, production, warehouse, jobs, secret, storage].into_iter().flatten().collect();
    Ok(Costs::of(parts, context.settings.costs.budget_usd))
}

/// Refuses to make more of what costs when the budget is used up and the settings say that this stops; otherwise gives the sentence that
/// warns. Nothing on the embedded AWS, which costs nothing.
///
/// # Errors
/// When the budget is used up, and when the account does not say what has been used.
pub async fn guard(context: &Context) -> Result<Option<String>, OpError> {
    let rules = &context.settings.costs;
    if rules.budget_usd <= 0.0 || context.settings.aws.target != TargetKind::Aws {
        return Ok(None);
    }
    let costs = read(context).await?;
    if !costs.over_budget() {
        return Ok(None);
    }
    let used = format!("{} of the budget of {} are used", prices::money(costs.usd), prices::money(rules.budget_usd));
    match rules.over_budget {
        OverBudget::Warn => Ok(Some(used)),
        OverBudget::Stop => Err(OpError::precondition(
            "",
            "nothing more is made that costs",
            used,
            "look at `shiftdeck costs`, clean up, or raise the setting costs.budget_usd",
        )),
    }
}

fn so_far(per_hour: Option<f64>, since: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<f64> {
    Some(per_hour? * ((now - since?).num_milliseconds().max(0) as f64 / 3_600_000.0))
}

fn age(since: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Duration {
    since.and_then(|since| (now - since).to_std().ok()).unwrap_or_default()
}

async fn endpoint(context: &Context, name: &str, now: DateTime<Utc>) -> Result<Option<Cost>, OpError> {
    let gateway = &context.gateways.endpoints;
    let told = || op(name, WHAT);
    let Some(found) = gateway.find(name).await.map_err(told())? else { return Ok(None) };
    let plans = gateway.variants(&found.config).await.map_err(told())?.unwrap_or_default();
    let instances = |variant: &str| found.variants.iter().find(|running| running.name == variant).map_or(1, |running| running.instances);
    let hourly = plans.iter().map(|plan| prices::hosting(&plan.instance, instances(&plan.name))).sum::<Option<f64>>();
    let hourly = hourly.filter(|_| found.status != "Failed");
    let note = plans.iter().map(|plan| format!("{} × {}", instances(&plan.name), plan.instance)).collect::<Vec<_>>().join(", ");
    let idle = if age(found.created, now) > IDLE { unasked(context, name, &plans, now).await? } else { None };
    let usd = so_far(hourly, found.created, now);
    Ok(Some(Cost {
        kind: "Endpoint",
        name: name.to_owned(),
        usd_per_hour: hourly,
        usd_per_hour_at_work: None,
        since: found.created,
        usd,
        note,
        idle,
    }))
}

/// That an endpoint has not been asked for long.
async fn unasked(
    context: &Context,
    endpoint: &str,
    plans: &[crate::aws::endpoints::VariantPlan],
    now: DateTime<Utc>,
) -> Result<Option<String>, OpError> {
    let variants: Vec<String> = plans.iter().map(|plan| plan.name.clone()).collect();
    let figures = context.gateways.metrics.of_endpoint(endpoint, &variants, now.into(), IDLE).await.map_err(op(endpoint, WHAT))?;
    let asked: f64 = figures.iter().map(|figures| figures.invocations).sum();
    Ok((asked == 0.0).then(|| format!("{endpoint} has not been asked for an hour and costs all the same")))
}

async fn warehouse(context: &Context, now: DateTime<Utc>) -> Result<Option<Cost>, OpError> {
    let name = &context.scenario.warehouse;
    let told = || op(name, WHAT);
    if context.settings.warehouse.existing {
        return Ok(None);
    }
    match context.settings.warehouse.kind {
        WarehouseKind::Provisioned => {
            let Some(found) = context.gateways.cluster.find(name).await.map_err(told())? else { return Ok(None) };
            let hourly = prices::cluster(&found.nodes.0, found.nodes.1);
            let statements = context.gateways.statements.recent(1).await.map_err(told())?;
            let last = statements.first().and_then(|statement| statement.updated.or(statement.at));
            let idle = age(found.created, now) > IDLE && last.is_none_or(|last| age(Some(last), now) > IDLE);
            Ok(Some(Cost {
                kind: "Cluster",
                name: name.clone(),
                usd_per_hour: hourly,
                usd_per_hour_at_work: None,
                since: found.created,
                usd: so_far(hourly, found.created, now),
                note: format!("{} × {}", found.nodes.1, found.nodes.0),
                idle: idle.then(|| format!("{name} has run no statement for an hour and costs all the same")),
            }))
        }
        WarehouseKind::Serverless => {
            let Some(found) = context.gateways.serverless.workgroup(name).await.map_err(told())? else { return Ok(None) };
            let statements = context.gateways.statements.recent(STATEMENTS).await.map_err(told())?;
            let ended = |state| matches!(state, StatementState::Finished | StatementState::Failed | StatementState::Aborted);
            let spans = statements.iter().filter_map(|statement| {
                let until = if ended(statement.state) { statement.updated } else { Some(now) };
                Some((statement.at?, until.or(statement.at)?))
            });
            let worked = working::billed(spans);
            let hourly = prices::workgroup(found.capacity);
            Ok(Some(Cost {
                kind: "Workgroup",
                name: name.clone(),
                usd_per_hour: None,
                usd_per_hour_at_work: hourly,
                since: None,
                usd: hourly.map(|hourly| hourly * worked.as_secs_f64() / 3600.0),
                note: format!("{} RPU for {} within a day", found.capacity, figures::duration(worked.as_secs_f64())),
                idle: None,
            }))
        }
    }
}

/// The jobs of the newest executions, by the time that their steps took.
async fn jobs(context: &Context, now: DateTime<Utc>) -> Result<Option<Cost>, OpError> {
    let pipeline = &context.scenario.pipeline;
    let gateway = &context.gateways.pipelines;
    let executions = match gateway.executions(pipeline, EXECUTIONS).await {
        Ok(executions) => executions,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) => return Err(op(pipeline, WHAT)(error)),
    };
    if executions.is_empty() {
        return Ok(None);
    }
    let read = |execution: &Execution| {
        let arn = execution.arn.clone();
        async move { gateway.steps(&arn).await }
    };
    let steps = futures::future::try_join_all(executions.iter().map(read)).await.map_err(op(pipeline, WHAT))?;
    let settings = &context.settings.mlops;
    let mut worked = Duration::ZERO;
    let mut usd = Some(0.0);
    for step in steps.iter().flatten().filter(|step| step.cached_from.is_none()) {
        let took = step.started.map(|started| (step.ended.unwrap_or(now) - started).to_std().unwrap_or_default()).unwrap_or_default();
        let cost = match step.work {
            StepWork::Processing(_) => prices::job(&settings.processing_instance, settings.processing_instances, took),
            StepWork::Training(_) => prices::job(&settings.training_instance, 1, took),
            _ => continue,
        };
        worked += took;
        usd = usd.zip(cost).map(|(sum, cost)| sum + cost);
    }
    let runs = figures::counted(executions.len() as u64, "run");
    Ok(Some(Cost {
        kind: "Jobs",
        name: pipeline.clone(),
        usd_per_hour: None,
        usd_per_hour_at_work: prices::job(&settings.training_instance, 1, Duration::from_secs(3600)),
        since: None,
        usd,
        note: format!("{} of {runs}", figures::duration(worked.as_secs_f64())),
        idle: None,
    }))
}

async fn secret(context: &Context, now: DateTime<Utc>) -> Result<Option<Cost>, OpError> {
    let name = &context.scenario.secret;
    if context.settings.warehouse.existing {
        return Ok(None);
    }
    let found = context.gateways.secrets.find(name).await.map_err(op(name, WHAT))?;
    Ok(found.filter(|found| !found.deleted).map(|found| Cost {
        kind: "Secret",
        name: name.clone(),
        usd_per_hour: prices::secret(),
        usd_per_hour_at_work: None,
        since: found.created,
        usd: so_far(prices::secret(), found.created, now),
        note: String::new(),
        idle: None,
    }))
}

async fn storage(context: &Context) -> Result<Option<Cost>, OpError> {
    let bucket = &context.scenario.bucket;
    let told = || op(bucket, WHAT);
    if !context.gateways.objects.bucket_exists(bucket).await.map_err(told())? {
        return Ok(None);
    }
    let objects = context.gateways.objects.list(bucket, "").await.map_err(told())?;
    let bytes: u64 = objects.iter().map(|object| object.size).sum();
    Ok(Some(Cost {
        kind: "S3 bucket",
        name: bucket.clone(),
        usd_per_hour: prices::storage(bytes),
        usd_per_hour_at_work: None,
        since: None,
        usd: None,
        note: format!("{} in {}", figures::bytes(bytes), figures::counted(objects.len() as u64, "object")),
        idle: None,
    }))
}

/// US dollars an hour of a resource of the checklist that is not there yet, by the settings: all the time, or while it works (`true`).
pub fn of_planned(context: &Context, resource: &ResourceStatus) -> Option<(f64, bool)> {
    if resource.state == ResourceState::Ready {
        return None;
    }
    let settings = &context.settings;
    if settings.warehouse.existing && matches!(resource.kind, "Workgroup" | "Cluster" | "Secret") {
        return None;
    }
    match resource.kind {
        "Endpoint" if resource.name == context.scenario.staging_endpoint => {
            Some((prices::hosting(&settings.mlops.endpoint_instance, 1)?, false))
        }
        "Workgroup" => Some((prices::workgroup(settings.warehouse.base_capacity)?, true)),
        "Cluster" => Some((prices::cluster(&settings.warehouse.node_type, settings.warehouse.nodes)?, false)),
        "Execution" => Some((prices::job(&settings.mlops.training_instance, 1, Duration::from_secs(3600))?, true)),
        "Secret" => Some((prices::secret()?, false)),
        // Of the network nothing costs anything (subnets, routes, groups, a gateway endpoint), nor does a domain in which nobody works.
        "Stack" => None,
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn part(kind: &'static str, usd_per_hour: Option<f64>, usd: Option<f64>) -> Cost {
        Cost { kind, name: "x".into(), usd_per_hour, usd_per_hour_at_work: None, since: None, usd, note: String::new(), idle: None }
    }

    #[test]
    fn what_costs_by_the_hour_comes_first_and_all_of_it_is_added_up() {
        let parts = vec![part("Jobs", None, Some(0.5)), part("Endpoint", Some(0.115), Some(0.23)), part("S3 bucket", Some(0.001), None)];
        let costs = Costs::of(parts, 0.7);
        assert_eq!(costs.parts.iter().map(|part| part.kind).collect::<Vec<_>>(), ["Endpoint", "S3 bucket", "Jobs"]);
        assert!((costs.usd_per_hour - 0.116).abs() < 1e-9 && (costs.usd - 0.73).abs() < 1e-9);
        assert!(costs.over_budget());
        assert_eq!(costs.in_words(), "$0.116 an hour now, $0.73 so far");
        assert!(!Costs::of(Vec::new(), 0.0).over_budget(), "without a budget nothing is over it");
    }

    #[test]
    fn time_is_money() {
        let now = DateTime::from_timestamp(1_700_003_600, 0).unwrap();
        let since = DateTime::from_timestamp(1_700_000_000, 0);
        assert_eq!(so_far(Some(0.115), since, now), Some(0.115));
        assert_eq!((so_far(None, since, now), so_far(Some(1.0), None, now)), (None, None));
    }
}
