//! Whether the services answer, and how fast: one refresh of the checklist calls most of them, and one call each the others that the steps
//! and the screen need. The runtime of SageMaker, which has no call that changes nothing, is there where SageMaker is.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt, join_all};
use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::TryRecvError;

use super::Check;
use crate::aws::AwsError;
use crate::aws::activity::{ApiCall, UNRESOLVED};
use crate::ops::{Context, checklist, project};

pub(super) const NAME: &str = "services";
/// A service that takes longer makes every screen wait.
const SLOW: Duration = Duration::from_millis(800);
/// What no step calls: it is told with the quotas.
const ASIDE: &str = "Service Quotas";

/// What a service did.
#[derive(Debug, Default)]
struct Service {
    /// The fastest answer: what the way there takes.
    fastest: Option<Duration>,
    /// Why a call did not reach it.
    failed: Option<String>,
}

/// Refreshes the checklist, asks the other services, and tells of all of them.
pub(super) async fn check(context: &Context, mut calls: Receiver<ApiCall>) -> Vec<Check> {
    let (read, _) = tokio::join!(checklist::read(context), join_all(others(context)));
    let mut heard = Vec::new();
    loop {
        match calls.try_recv() {
            Ok(call) if call.from.is_some() || call.service == ASIDE => {}
            Ok(call) => heard.push(call),
            // Older calls than the channel keeps are those of services that answered.
            Err(TryRecvError::Lagged(_)) => {}
            Err(TryRecvError::Empty | TryRecvError::Closed) => break,
        }
    }
    match &read {
        Ok(_) => told(&heard, &context.scenario.region),
        Err(error) => {
            let fix = error.fix.clone().unwrap_or_else(|| "Check the network, and that the region is right.".to_owned());
            vec![Check::failed(NAME, error.to_string(), fix)]
        }
    }
}

/// A call each to the services that the checklist does not ask. What they answer is heard with the other calls, a refusal too.
fn others(context: &Context) -> Vec<BoxFuture<'_, Result<(), AwsError>>> {
    let (s, g) = (&context.scenario, &context.gateways);
    let mut others = vec![
        async move { g.statements.recent(1).await.map(drop) }.boxed(),
        async move { g.logs.groups("/aws/sagemaker/TrainingJobs").await.map(drop) }.boxed(),
        async move {
            let (variant, minute) = (["AllTraffic".to_owned()], Duration::from_secs(60));
            g.metrics.of_endpoint(&s.staging_endpoint, &variant, context.clock.now().into(), minute).await.map(drop)
        }
        .boxed(),
    ];
    if context.settings.project.enabled {
        let names = Arc::new(project::names(context));
        let pipeline = Arc::clone(&names);
        others.push(async move { g.repositories.find(&names.repository).await.map(drop) }.boxed());
        others.push(async move { g.delivery.state(&pipeline.pipeline).await.map(drop) }.boxed());
    }
    others
}

fn told(calls: &[ApiCall], region: &str) -> Vec<Check> {
    let mut services: BTreeMap<&str, Service> = BTreeMap::new();
    for call in calls {
        let service = services.entry(&call.service).or_default();
        match &call.error {
            Some(why) if !call.reached => service.failed = Some(why.clone()),
            _ => service.fastest = Some(service.fastest.map_or(call.duration, |known| known.min(call.duration))),
        }
    }
    let mut checks = Vec::new();
    for (name, service) in &services {
        if let (Some(why), None) = (&service.failed, service.fastest) {
            checks.push(silent(name, why, region));
        }
    }
    let mut answered: Vec<(&str, Duration)> = services.iter().filter_map(|(name, service)| Some((*name, service.fastest?))).collect();
    answered.sort_by_key(|(_, time)| std::cmp::Reverse(*time));
    let Some((_, slowest)) = answered.first() else { return checks };
    let listed: Vec<String> = answered.iter().map(|(name, time)| format!("{name} {} ms", time.as_millis())).collect();
    let message = format!("{} services answer: {}", answered.len(), listed.join(", "));
    let check = if *slowest > SLOW {
        Check::warning(
            NAME,
            message,
            "Choose a region that is nearer, or rehearse with this in mind: every refresh takes as long as the slowest.",
        )
    } else {
        Check::ok(NAME, message)
    };
    let figures: Vec<Value> = answered.iter().map(|(name, time)| json!({ "service": name, "milliseconds": milliseconds(*time) })).collect();
    checks.push(check.with("services", figures.into()));
    checks
}

/// A service that was not reached.
fn silent(name: &str, why: &str, region: &str) -> Check {
    let (message, fix) = if why == UNRESOLVED {
        (
            format!("{region} has no {name}, or its name cannot be resolved"),
            "Choose a region that has the service (--region), or check that this machine resolves names of AWS (DNS, a private endpoint).",
        )
    } else {
        (format!("{name} does not answer ({why})"), "Check the network, a proxy, and whether the region is the right one (--region).")
    };
    Check::failed(NAME, message, fix)
}

/// Milliseconds with a tenth.
fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 10_000.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::doctor::Verdict;

    fn call(service: &str, millis: u64, error: Option<&str>) -> ApiCall {
        ApiCall {
            at: chrono::DateTime::UNIX_EPOCH,
            service: service.into(),
            operation: "Get".into(),
            duration: Duration::from_millis(millis),
            error: error.map(str::to_owned),
            reached: !matches!(error, Some("connector error" | UNRESOLVED)),
            from: None,
        }
    }

    #[test]
    fn a_service_that_is_not_there_is_named_and_the_rest_are_told_with_their_times() {
        let calls = [
            call("S3", 20, Some("NotFound")),
            call("Athena", 40, None),
            call("Athena", 90, Some("InvalidRequestException")),
            call("SageMaker", 3000, Some("connector error")),
        ];
        let checks = told(&calls, "eu-west-9");
        assert_eq!(checks.iter().map(|check| check.verdict).collect::<Vec<_>>(), [Verdict::Failed, Verdict::Ok]);
        assert_eq!(checks[0].message, "SageMaker does not answer (connector error)");
        assert_eq!(checks[1].message, "2 services answer: Athena 40 ms, S3 20 ms");
        let services = json!([{ "service": "Athena", "milliseconds": 40.0 }, { "service": "S3", "milliseconds": 20.0 }]);
        assert_eq!(checks[1].detail.get("services"), Some(&services));
        assert_eq!(told(&[call("S3", 1500, None)], "eu-west-9")[0].verdict, Verdict::Warning);
        assert!(told(&[], "eu-west-9").is_empty());
    }

    #[test]
    fn a_region_without_a_service_is_told_from_one_that_does_not_answer() {
        let checks = told(&[call("Redshift Serverless", 12, Some(UNRESOLVED)), call("S3", 9, None)], "eu-west-9");
        assert_eq!(checks[0].message, "eu-west-9 has no Redshift Serverless, or its name cannot be resolved");
        assert_eq!((checks[0].verdict, checks.len()), (Verdict::Failed, 2));
        assert!(checks[0].fix.as_deref().is_some_and(|fix| fix.contains("--region")));
    }
}
