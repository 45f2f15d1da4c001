//! Whether the account may have as many instances as the demonstration runs at once: SageMaker's quotas, which differ from account to account
//! and are none at all in many new ones.

use serde_json::json;

use super::Check;
use crate::aws::quotas::Quota;
use crate::aws::{AwsError, AwsErrorKind};
use crate::config::Settings;
use crate::ops::Context;

pub(super) const NAME: &str = "quotas";
/// The service, as Service Quotas calls it.
const SERVICE: &str = "sagemaker";
/// Endpoints at once: staging, production, and what takes the place of one of them while it changes over.
const ENDPOINTS: u32 = 3;
/// Processing jobs at once: the pipeline checks the data and prepares them side by side.
const PROCESSING: u32 = 2;

/// A quota that the demonstration may run into.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Want {
    /// Its name.
    name: String,
    /// How many instances there are at once.
    needed: u32,
    /// What for.
    purpose: &'static str,
    /// The setting with the instance type.
    setting: &'static str,
}

/// What the demonstration needs, by the settings.
fn wanted(settings: &Settings) -> Vec<Want> {
    let mlops = &settings.mlops;
    let want = |instance: &str, usage: &str, needed, purpose, setting| Want {
        name: format!("{instance} for {usage} usage"),
        needed,
        purpose,
        setting,
    };
    let (endpoint, processing, training) = (&mlops.endpoint_instance, &mlops.processing_instance, &mlops.training_instance);
    vec![
        want(
            endpoint,
            "endpoint",
            ENDPOINTS,
            "staging, production, and one more while an endpoint changes over",
            "mlops.endpoint_instance",
        ),
        want(
            processing,
            "processing job",
            PROCESSING.saturating_mul(mlops.processing_instances),
            "the pipeline checks the data and prepares them side by side",
            "mlops.processing_instance",
        ),
        want(training, "training job", 1, "the pipeline trains", "mlops.training_instance"),
        want(processing, "transform job", 1, "tables are scored in a batch", "mlops.processing_instance"),
    ]
}

/// Reads the quotas and compares them.
pub(super) async fn check(context: &Context) -> Vec<Check> {
    let wanted = wanted(&context.settings);
    let names: Vec<&str> = wanted.iter().map(|want| want.name.as_str()).collect();
    match context.gateways.quotas.named(SERVICE, &names).await {
        Ok(found) => told(&wanted, &found, &context.scenario.region),
        Err(error) => vec![unread(&error)],
    }
}

fn unread(error: &AwsError) -> Check {
    if error.kind == AwsErrorKind::AccessDenied {
        let message = format!("not known: the quotas may not be read (servicequotas:ListServiceQuotas): {}", error.message);
        return Check::warning(NAME, message, "`shiftdeck doctor --policy` prints the policy for an administrator to attach.");
    }
    Check::warning(
        NAME,
        format!("not known: {}", error.message),
        "Look at SageMaker's quotas in the console of Service Quotas: a new account may run no instance of a type.",
    )
}

/// What is too little, each by itself, and the others together.
fn told(wanted: &[Want], found: &[Quota], region: &str) -> Vec<Check> {
    let mut checks = Vec::new();
    let mut enough = Vec::new();
    for want in wanted {
        let Some(quota) = found.iter().find(|quota| quota.name == want.name) else {
            checks.push(Check::warning(
                NAME,
                format!("{region} tells no quota of the name “{}”", want.name),
                format!("See whether SageMaker has the instance type of the setting {} there, or choose another one.", want.setting),
            ));
            continue;
        };
        let figures = json!([{ "name": quota.name, "code": quota.code, "value": quota.value, "needed": want.needed }]);
        if quota.value >= f64::from(want.needed) {
            enough.push((quota, figures));
            continue;
        }
        let message = format!("“{}” is {}, and {} needed: {}", want.name, quota.value, counted(want.needed), want.purpose);
        let fix = format!(
            "Ask for more: `aws service-quotas request-service-quota-increase --service-code {SERVICE} --quota-code {} --desired-value {} \
             --region {region}`. Or choose another instance type ({}).",
            quota.code, want.needed, want.setting
        );
        let check = if quota.value > 0.0 { Check::warning(NAME, message, fix) } else { Check::failed(NAME, message, fix) };
        checks.push(check.with("quotas", figures));
    }
    if !enough.is_empty() {
        let listed: Vec<String> = enough.iter().map(|(quota, _)| format!("{} ({})", quota.name, quota.value)).collect();
        let figures: Vec<_> = enough.iter().filter_map(|(_, figures)| figures.get(0).cloned()).collect();
        checks.push(Check::ok(NAME, format!("enough: {}", listed.join(", "))).with("quotas", figures.into()));
    }
    checks
}

fn counted(needed: u32) -> String {
    if needed == 1 { "1 is".to_owned() } else { format!("{needed} are") }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::ops::doctor::Verdict;

    fn quota(name: &str, value: f64) -> Quota {
        Quota { code: "L-00000001".into(), name: name.into(), value }
    }

    #[test]
    fn what_is_needed_follows_the_settings() {
        let mut settings = Settings::default();
        settings.mlops.processing_instances = 2;
        settings.mlops.endpoint_instance = "ml.c5.large".into();
        let wanted: Vec<(String, u32)> = wanted(&settings).into_iter().map(|want| (want.name, want.needed)).collect();
        let expected = [
            ("ml.c5.large for endpoint usage", 3),
            ("ml.m5.xlarge for processing job usage", 4),
            ("ml.m5.xlarge for training job usage", 1),
            ("ml.m5.xlarge for transform job usage", 1),
        ];
        assert_eq!(wanted, expected.map(|(name, needed)| (name.to_owned(), needed)));
    }

    #[test]
    fn nothing_at_all_fails_and_too_little_is_a_warning() {
        let found = [
            quota("ml.m5.large for endpoint usage", 2.0),
            quota("ml.m5.xlarge for processing job usage", 0.0),
            quota("ml.m5.xlarge for training job usage", 15.0),
        ];
        let checks = told(&wanted(&Settings::default()), &found, "eu-west-1");
        let verdicts: Vec<Verdict> = checks.iter().map(|check| check.verdict).collect();
        assert_eq!(verdicts, [Verdict::Warning, Verdict::Failed, Verdict::Warning, Verdict::Ok]);
        assert_eq!(
            checks[0].message,
            "“ml.m5.large for endpoint usage” is 2, and 3 are needed: staging, production, and one more while an endpoint changes over"
        );
        assert!(checks[0].fix.as_deref().unwrap().contains(
            "`aws service-quotas request-service-quota-increase --service-code sagemaker --quota-code L-00000001 --desired-value 3 --region \
             eu-west-1`"
        ));
        assert!(checks[1].message.contains("is 0, and 2 are needed"));
        assert!(checks[2].message.contains("tells no quota of the name “ml.m5.xlarge for transform job usage”"));
        assert_eq!(checks[3].message, "enough: ml.m5.xlarge for training job usage (15)");
        assert_eq!(checks[0].detail["quotas"][0]["needed"], 3);
    }

    #[test]
    fn who_may_not_read_them_is_told_so() {
        let error = |kind| AwsError {
            service: "Service Quotas",
            operation: "ListServiceQuotas",
            code: String::new(),
            message: "User: x is not authorized".into(),
            kind,
        };
        let refused = unread(&error(AwsErrorKind::AccessDenied));
        assert_eq!(refused.verdict, Verdict::Warning);
        assert!(refused.message.contains("servicequotas:ListServiceQuotas") && refused.fix.as_deref().unwrap().contains("--policy"));
        assert!(unread(&error(AwsErrorKind::Network)).message.starts_with("not known"));
    }
}
