//! What is told of endpoints.

use serde_json::{Value, json};

use super::super::Inner;
use super::super::names::{arn, doc, list, name_of};
use super::endpoints::Change;
use super::fleet::{Fleet, Variant};
use super::within;
use crate::local::service::ServiceResult;
use crate::local::services::protocol::aws_json::{Input, epoch};

impl Inner {
    pub(in super::super) fn describe_endpoint(&self, input: &Input) -> ServiceResult {
        let name = name_of(input.required_text("EndpointName")?);
        let endpoint = self.endpoint(name)?;
        let state = self.state_of(&endpoint);
        let runs = state.answers();
        let changed = epoch(endpoint.changed);
        let variants = |variants: &[Variant]| -> Option<Vec<Value>> {
            (runs && !variants.is_empty()).then(|| variants.iter().map(|variant| self.variant_summary(variant, &changed)).collect())
        };
        let pending = state.pending.as_ref().map(|pending| self.pending_summary(pending, &changed));
        let data_capture =
            self.hosting.read(|hosting| hosting.configs.get(&state.fleet.config).and_then(|it| it.get("DataCaptureConfig").cloned()));
        let failure = match state.status {
            "Creating" | "Updating" => None,
            "UpdateRollbackFailed" => endpoint.rollback_failure.as_ref().or(endpoint.failure.as_ref()),
            _ => endpoint.failure.as_ref(),
        };
        Ok(Value::Object(doc(json!({
            "EndpointName": name,
            "EndpointArn": arn(&self.account, "endpoint", &name.to_lowercase()),
            "EndpointConfigName": if state.fleet.config.is_empty() { &endpoint.config } else { &state.fleet.config },
            "ProductionVariants": variants(&state.fleet.production),
            "ShadowProductionVariants": variants(&state.fleet.shadow),
            "DataCaptureConfig": data_capture.map(|capture| capture_summary(&capture)),
            "EndpointStatus": state.status,
            "FailureReason": failure,
            "PendingDeploymentSummary": pending,
            "LastDeploymentConfig": (endpoint.change == Change::Update).then_some(endpoint.deployment.as_ref()).flatten(),
            "CreationTime": epoch(endpoint.created),
            "LastModifiedTime": changed,
        }))))
    }

    fn variant_summary(&self, variant: &Variant, changed: &Value) -> Value {
        Value::Object(doc(json!({
            "VariantName": variant.name,
            "DeployedImages": [{ "SpecifiedImage": variant.image, "ResolvedImage": variant.image, "ResolutionTime": changed }],
            "CurrentWeight": variant.current.weight,
            "DesiredWeight": variant.desired.weight,
            "CurrentInstanceCount": variant.current.instances,
            "DesiredInstanceCount": variant.desired.instances,
            "VariantStatus": (variant.current != variant.desired).then(|| json!([{ "Status": "Updating", "StartTime": changed }])),
        })))
    }

    fn pending_summary(&self, fleet: &Fleet, changed: &Value) -> Value {
        let variants = |variants: &[Variant]| -> Option<Vec<Value>> {
            let summary = |variant: &Variant| {
                let mut summary = self.variant_summary(variant, changed);
                summary["InstanceType"] = Value::from(variant.instance.as_str());
                summary["VariantStatus"] = json!([{ "Status": "Creating", "StartTime": changed }]);
                summary
            };
            (!variants.is_empty()).then(|| variants.iter().map(summary).collect())
        };
        Value::Object(doc(json!({
            "EndpointConfigName": fleet.config,
            "ProductionVariants": variants(&fleet.production),
            "ShadowProductionVariants": variants(&fleet.shadow),
            "StartTime": changed,
        })))
    }

    pub(in super::super) fn list_endpoints(&self, input: &Input) -> ServiceResult {
        let status = input.text("StatusEquals")?;
        let endpoints = self.hosting.read(|hosting| hosting.endpoints.clone());
        let mut summaries = Vec::with_capacity(endpoints.len());
        for (name, endpoint) in &endpoints {
            let (created, changed) = (epoch(endpoint.created), epoch(endpoint.changed));
            // One that has been deleted is kept until the next change.
            if self.endpoint(name).is_err() || !within(input, created.as_f64(), changed.as_f64())? {
                continue;
            }
            let now = self.state_of(endpoint).status;
            if status.is_some_and(|status| now != status) {
                continue;
            }
            let summary = json!({
                "EndpointName": name,
                "EndpointArn": arn(&self.account, "endpoint", &name.to_lowercase()),
                "CreationTime": created,
                "LastModifiedTime": changed,
                "EndpointStatus": now,
            });
            summaries.push((name.clone(), created, summary));
        }
        list(input, "ListEndpoints", "Endpoints", true, summaries)
    }
}

/// Data capture is described and not carried out: the configuration is kept, and its status says so.
fn capture_summary(config: &Value) -> Value {
    let member = |name: &str| config.get(name).cloned().unwrap_or(Value::Null);
    Value::Object(doc(json!({
        "EnableCapture": member("EnableCapture"),
        "CaptureStatus": "Stopped",
        "CurrentSamplingPercentage": member("InitialSamplingPercentage"),
        "DestinationS3Uri": member("DestinationS3Uri"),
        "KmsKeyId": config.get("KmsKeyId").cloned().unwrap_or_else(|| "".into()),
    })))
}
