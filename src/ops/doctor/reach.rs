//! Whether the services answer, and how fast: one refresh of the checklist calls most of them. What the names of the demonstration belong to
//! is seen in the same answers.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::TryRecvError;

use super::{Check, names};
use crate::aws::activity::ApiCall;
use crate::ops::{Context, checklist};

const NAME: &str = "services";
/// A service that takes longer makes every screen wait.
const SLOW: Duration = Duration::from_millis(800);

/// What a service did.
#[derive(Debug, Default)]
struct Service {
    /// The fastest answer: what the way there takes.
    fastest: Option<Duration>,
    /// Why a call did not reach it.
    failed: Option<String>,
}

/// Refreshes the checklist; tells of the services, and of the names.
pub(super) async fn and_names(context: &Context, mut calls: Receiver<ApiCall>) -> (Vec<Check>, Check) {
    let read = checklist::read(context).await;
    let mut heard = Vec::new();
    loop {
        match calls.try_recv() {
            Ok(call) if call.from.is_some() => {}
            Ok(call) => heard.push(call),
            // Older calls than the channel keeps are those of services that answered.
            Err(TryRecvError::Lagged(_)) => {}
            Err(TryRecvError::Empty | TryRecvError::Closed) => break,
        }
    }
    let reach = match &read {
        Ok(_) => told(&heard),
        Err(error) => {
            let fix = error.fix.clone().unwrap_or_else(|| "Check the network, and that the region is right.".to_owned());
            vec![Check::failed(NAME, error.to_string(), fix)]
        }
    };
    (reach, names::check(context).await)
}

fn told(calls: &[ApiCall]) -> Vec<Check> {
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
            let message = format!("{name} does not answer ({why})");
            checks.push(Check::failed(NAME, message, "Check the network, a proxy, and whether the region has the service (--region)."));
        }
    }
    let answered = || services.iter().filter_map(|(name, service)| Some((*name, service.fastest?)));
    if let Some((slowest, time)) = answered().max_by_key(|(_, time)| *time) {
        let message = format!("{} services answer, the slowest ({slowest}) after {} ms", answered().count(), time.as_millis());
        checks.push(if time > SLOW {
            Check::warning(NAME, message, "Choose a region that is nearer, or rehearse with this in mind: every refresh takes as long.")
        } else {
            Check::ok(NAME, message)
        });
    }
    checks
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
            reached: error != Some("dispatch failure"),
            from: None,
        }
    }

    #[test]
    fn a_service_that_is_not_there_is_named_and_the_rest_are_counted() {
        let calls = [
            call("Athena", 40, None),
            call("Athena", 90, Some("InvalidRequestException")),
            call("S3", 20, Some("NotFound")),
            call("SageMaker", 3000, Some("dispatch failure")),
        ];
        let checks = told(&calls);
        assert_eq!(checks.iter().map(|check| check.verdict).collect::<Vec<_>>(), [Verdict::Failed, Verdict::Ok]);
        assert!(checks[0].message.contains("SageMaker"));
        assert_eq!(checks[1].message, "2 services answer, the slowest (Athena) after 40 ms");
        assert_eq!(told(&[call("S3", 1500, None)])[0].verdict, Verdict::Warning);
        assert!(told(&[]).is_empty());
    }
}
