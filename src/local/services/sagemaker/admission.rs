//! Whether the account may run more instances: the quotas of Service Quotas, held against what runs.

use serde_json::Value;

use super::Inner;
use super::instances::{Instances, Usage};
use super::jobs::JobKind;
use crate::local::service::{ServiceError, ServiceResult};

impl Inner {
    /// Refuses `more` instances when the account would then have more than it may. To be called with `admission` held, until what is admitted
    /// is on record: two requests at once must not both be let in for the last instance.
    pub(super) fn admit(&self, usage: Usage, more: &Instances) -> ServiceResult<()> {
        if more.each().next().is_none() {
            return Ok(());
        }
        let running = self.running(usage);
        for (instance, delta) in more.each() {
            let (quota, used) = (usage.quota(instance), running.of(instance));
            let limit = self.quotas.value(&quota);
            // Instances are far below 2^53, so that the sum is exact.
            if (used + delta) as f64 > limit {
                return Err(beyond(&quota, limit, used, delta));
            }
        }
        Ok(())
    }

    /// The instances that are used for something now.
    fn running(&self, usage: Usage) -> Instances {
        match usage {
            Usage::Endpoint => self.running_endpoints(),
            Usage::Processing => self.running_jobs(JobKind::Processing),
            Usage::Training => self.running_jobs(JobKind::Training),
            Usage::Transform => self.running_transforms(),
        }
    }

    fn running_jobs(&self, kind: JobKind) -> Instances {
        let status = kind.status_member();
        let resources = self.jobs.collect(|job| at_work(job.description.get(&status)).then(|| kind.resources(&job.description)));
        let mut instances = Instances::default();
        resources.iter().for_each(|resources| instances.add_resources(resources));
        instances
    }

    fn running_transforms(&self) -> Instances {
        let mut instances = Instances::default();
        let resources = self.transforms.collect(|job| {
            let description = &job.description;
            at_work(description.get("TransformJobStatus")).then(|| description.get("TransformResources").cloned().unwrap_or_default())
        });
        resources.iter().for_each(|resources| instances.add_resources(resources));
        instances
    }
}

fn at_work(status: Option<&Value>) -> bool {
    matches!(status.and_then(Value::as_str), Some("InProgress" | "Stopping"))
}

/// The refusal, in the service's words.
fn beyond(quota: &str, limit: f64, used: i64, delta: i64) -> ServiceError {
    ServiceError::new(
        "ResourceLimitExceeded",
        format!(
            "The account-level service limit '{quota}' is {limit} Instances, with current utilization of {used} Instances and a request delta \
             of {delta} Instances. Please use AWS Service Quotas to request an increase for this quota."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_worded_as_the_service_words_it() {
        let refused = beyond("ml.m5.large for endpoint usage", 2.0, 1, 2);
        assert_eq!(refused.code, "ResourceLimitExceeded");
        assert_eq!(
            refused.message,
            "The account-level service limit 'ml.m5.large for endpoint usage' is 2 Instances, with current utilization of 1 Instances and a \
             request delta of 2 Instances. Please use AWS Service Quotas to request an increase for this quota."
        );
    }
}
