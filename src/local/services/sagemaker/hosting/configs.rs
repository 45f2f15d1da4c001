//! Endpoint configurations: which models, on what, with which weights, and which only listen.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::Inner;
use super::super::instances;
use super::super::names::{arn, doc, invalid, list, name_of, now, required_name};
use super::{summary, within};
use crate::local::service::ServiceResult;
use crate::local::services::protocol::aws_json::Input;

/// The most variants of each kind.
const MOST_VARIANTS: usize = 10;

/// Members of a request that are kept as they came.
const KEPT: &[&str] = &[
    "ProductionVariants",
    "ShadowProductionVariants",
    "DataCaptureConfig",
    "KmsKeyId",
    "AsyncInferenceConfig",
    "ExplainerConfig",
    "ExecutionRoleArn",
    "VpcConfig",
    "EnableNetworkIsolation",
];

impl Inner {
    pub(in super::super) fn create_endpoint_config(&self, input: &Input) -> ServiceResult {
        let name = required_name(input, "EndpointConfigName", 63)?.to_owned();
        let (production, shadow) = (input.objects("ProductionVariants")?, input.objects("ShadowProductionVariants")?);
        if production.is_empty() {
            return Err(invalid("An endpoint configuration needs at least one production variant"));
        }
        if production.len() > MOST_VARIANTS || shadow.len() > MOST_VARIANTS {
            return Err(invalid(format!("An endpoint configuration has at most {MOST_VARIANTS} variants of each kind")));
        }
        if !shadow.is_empty() && (production.len() != 1 || shadow.len() != 1) {
            return Err(invalid(
                "When ShadowProductionVariants are given, there can be only one variant in ProductionVariants and one in \
                 ShadowProductionVariants",
            ));
        }
        let mut names = BTreeSet::new();
        for variant in production.iter().chain(&shadow) {
            self.check_variant(variant)?;
            let name = variant.required_text("VariantName")?;
            if !names.insert(name.to_owned()) {
                return Err(invalid(format!("Production variant names must be unique: {name} is given twice")));
            }
        }
        let total: f64 = production.iter().map(|variant| weight(variant.value("InitialVariantWeight"))).sum();
        if total <= 0.0 {
            return Err(invalid("The weights of the production variants must not all be zero"));
        }
        let arn = arn(&self.account, "endpoint-config", &name.to_lowercase());
        let (_, created) = now(&self.account);
        self.change_hosting(|hosting| {
            if hosting.configs.contains_key(&name) {
                return Err(invalid(format!("Cannot create already existing endpoint configuration \"{arn}\".")));
            }
            let mut config = doc(json!({ "EndpointConfigName": name, "EndpointConfigArn": arn, "CreationTime": created }));
            for member in KEPT {
                if let Some(value) = input.value(member) {
                    config.insert((*member).to_owned(), value.clone());
                }
            }
            hosting.configs.insert(name.clone(), config);
            Ok(())
        })?;
        self.tag(&arn, input)?;
        Ok(json!({ "EndpointConfigArn": arn }))
    }

    fn check_variant(&self, variant: &Input) -> ServiceResult<()> {
        variant.required_text("VariantName")?;
        let model = variant.required_text("ModelName")?;
        if !self.hosting.read(|hosting| hosting.models.contains_key(model)) {
            return Err(self.no("model", model));
        }
        if variant.number("InitialVariantWeight")?.is_some_and(|weight| weight < 0.0) {
            return Err(invalid(format!("InitialVariantWeight of {} must be 0 or more", variant.required_text("VariantName")?)));
        }
        if variant.has("ServerlessConfig") {
            if variant.has("InstanceType") || variant.has("InitialInstanceCount") {
                return Err(invalid("A variant has a ServerlessConfig, or an InstanceType with an InitialInstanceCount, and not both"));
            }
            return Ok(());
        }
        variant.required_text("InstanceType")?;
        instances::check(variant, "productionVariants.1.member")?;
        variant.integer_within("InitialInstanceCount", 1, 1000)?;
        Ok(())
    }

    pub(in super::super) fn describe_endpoint_config(&self, input: &Input) -> ServiceResult {
        let name = name_of(input.required_text("EndpointConfigName")?);
        self.hosting.read(|hosting| hosting.configs.get(name).cloned()).map(Value::Object).ok_or_else(|| self.no("endpoint-config", name))
    }

    pub(in super::super) fn list_endpoint_configs(&self, input: &Input) -> ServiceResult {
        let configs: Vec<_> =
            self.hosting.read(|hosting| hosting.configs.iter().map(summary("EndpointConfigName", "EndpointConfigArn")).collect());
        let mut kept = Vec::with_capacity(configs.len());
        for config in configs {
            if within(input, config.1.as_f64(), None)? {
                kept.push(config);
            }
        }
        list(input, "ListEndpointConfigs", "EndpointConfigs", true, kept)
    }

    pub(in super::super) fn delete_endpoint_config(&self, input: &Input) -> ServiceResult {
        let name = name_of(input.required_text("EndpointConfigName")?).to_owned();
        self.change_hosting(|hosting| hosting.configs.remove(&name).map(drop).ok_or_else(|| self.no("endpoint-config", &name)))?;
        self.untag(&arn(&self.account, "endpoint-config", &name.to_lowercase()))?;
        Ok(Value::Null)
    }
}

/// The weight of a variant as it was given; 1 when it was not.
pub(super) fn weight(given: Option<&Value>) -> f64 {
    given.and_then(Value::as_f64).unwrap_or(1.0)
}
