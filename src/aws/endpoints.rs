//! Models, endpoint configurations and endpoints (SageMaker).

use aws_sdk_sagemaker::types::{
    ContainerDefinition, DesiredWeightAndCapacity, ProductionVariant, ProductionVariantInstanceType, ProductionVariantSummary,
};
use chrono::{DateTime, Utc};

use super::AwsError;
use super::client::{Lazy, Source, Tags, lazy_client, time};
use super::error::{empty, fault};
use super::pipelines::to_tags;

const SERVICE: &str = "SageMaker";

/// A model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// ARN.
    pub arn: String,
    /// The model package that it is made from.
    pub package: Option<String>,
}

/// An endpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct Endpoint {
    /// ARN.
    pub arn: String,
    /// `Creating`, `InService`, `Updating`, `Failed`, …
    pub status: String,
    /// Endpoint configuration.
    pub config: String,
    /// Why it failed.
    pub failure: Option<String>,
    /// When it was made.
    pub created: Option<DateTime<Utc>>,
    /// Last change.
    pub updated: Option<DateTime<Utc>>,
    /// Variants that answer, with those that only listen after them; none before it is in service.
    pub variants: Vec<RunningVariant>,
}

/// A variant of an endpoint, as it runs.
#[derive(Debug, Clone, PartialEq)]
pub struct RunningVariant {
    /// Name.
    pub name: String,
    /// Weight now.
    pub weight: f64,
    /// Weight that was asked for.
    pub wanted_weight: f64,
    /// Instances now.
    pub instances: u32,
    /// Whether it only listens.
    pub shadow: bool,
}

/// A variant of an endpoint configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct VariantPlan {
    /// Name.
    pub name: String,
    /// Model.
    pub model: String,
    /// Instance type; empty when the service chooses.
    pub instance: String,
    /// Weight among the variants.
    pub weight: f64,
    /// Whether it only listens.
    pub shadow: bool,
}

/// A named SageMaker resource in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Name.
    pub name: String,
    /// ARN.
    pub arn: String,
}

/// The gateway.
pub struct Endpoints {
    client: Lazy<aws_sdk_sagemaker::Client>,
}

impl Endpoints {
    pub(super) fn new(source: &Source) -> Self {
        Endpoints { client: lazy_client!(source, aws_sdk_sagemaker) }
    }

    /// The model, if it exists.
    pub async fn model(&self, name: &str) -> Result<Option<Model>, AwsError> {
        match self.client.get().describe_model().model_name(name).send().await.map_err(fault(SERVICE, "DescribeModel")) {
            Ok(said) => {
                let container = said.primary_container().or(said.containers().first());
                Ok(Some(Model {
                    arn: said.model_arn().unwrap_or_default().to_owned(),
                    package: container.and_then(|container| container.model_package_name()).map(str::to_owned),
                }))
            }
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes a model from a package.
    pub async fn create_model(&self, name: &str, package: &str, role: &str, tags: &Tags) -> Result<(), AwsError> {
        let request = self
            .client
            .get()
            .create_model()
            .model_name(name)
            .execution_role_arn(role)
            .containers(ContainerDefinition::builder().model_package_name(package).build())
            .set_tags(Some(to_tags(tags)));
        request.send().await.map_err(fault(SERVICE, "CreateModel")).map(drop)
    }

    /// Removes a model. Gives false when it was not there.
    pub async fn delete_model(&self, name: &str) -> Result<bool, AwsError> {
        match self.client.get().delete_model().model_name(name).send().await.map_err(fault(SERVICE, "DeleteModel")) {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Models whose name contains `part`.
    pub async fn models(&self, part: &str) -> Result<Vec<Named>, AwsError> {
        let mut found = Vec::new();
        let mut token = None;
        loop {
            let request = self.client.get().list_models().name_contains(part).set_next_token(token.take());
            let said = request.send().await.map_err(fault(SERVICE, "ListModels"))?;
            found.extend(said.models().iter().map(|model| named(model.model_name(), model.model_arn())));
            token = said.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(found);
            }
        }
    }

    /// The model of an endpoint configuration's first variant, if the configuration exists.
    pub async fn config(&self, name: &str) -> Result<Option<String>, AwsError> {
        let variants = self.variants(name).await?;
        Ok(variants.map(|variants| variants.into_iter().next().map(|variant| variant.model).unwrap_or_default()))
    }

    /// The variants of an endpoint configuration, those that only listen after the others, if the configuration exists.
    pub async fn variants(&self, name: &str) -> Result<Option<Vec<VariantPlan>>, AwsError> {
        let request = self.client.get().describe_endpoint_config().endpoint_config_name(name);
        match request.send().await.map_err(fault(SERVICE, "DescribeEndpointConfig")) {
            Ok(said) => {
                let plan = |variant: &ProductionVariant, shadow| VariantPlan {
                    name: variant.variant_name().unwrap_or_default().to_owned(),
                    model: variant.model_name().unwrap_or_default().to_owned(),
                    instance: variant.instance_type().map(|instance| instance.as_str().to_owned()).unwrap_or_default(),
                    weight: f64::from(variant.initial_variant_weight().unwrap_or(1.0)),
                    shadow,
                };
                let production = said.production_variants().iter().map(|variant| plan(variant, false));
                Ok(Some(production.chain(said.shadow_production_variants().iter().map(|variant| plan(variant, true))).collect()))
            }
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes an endpoint configuration; each variant is on one instance.
    pub async fn create_config(&self, name: &str, variants: &[VariantPlan], tags: &Tags) -> Result<(), AwsError> {
        let mut request = self.client.get().create_endpoint_config().endpoint_config_name(name).set_tags(Some(to_tags(tags)));
        for plan in variants {
            let variant = ProductionVariant::builder()
                .variant_name(&plan.name)
                .model_name(&plan.model)
                .initial_instance_count(1)
                // The service takes weights as floats.
                .initial_variant_weight(plan.weight as f32)
                .instance_type(ProductionVariantInstanceType::from(plan.instance.as_str()))
                .build();
            request = if plan.shadow { request.shadow_production_variants(variant) } else { request.production_variants(variant) };
        }
        request.send().await.map_err(fault(SERVICE, "CreateEndpointConfig")).map(drop)
    }

    /// Removes an endpoint configuration. Gives false when it was not there.
    pub async fn delete_config(&self, name: &str) -> Result<bool, AwsError> {
        let request = self.client.get().delete_endpoint_config().endpoint_config_name(name);
        match request.send().await.map_err(fault(SERVICE, "DeleteEndpointConfig")) {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Endpoint configurations whose name contains `part`.
    pub async fn configs(&self, part: &str) -> Result<Vec<Named>, AwsError> {
        let mut found = Vec::new();
        let mut token = None;
        loop {
            let request = self.client.get().list_endpoint_configs().name_contains(part).set_next_token(token.take());
            let said = request.send().await.map_err(fault(SERVICE, "ListEndpointConfigs"))?;
            found.extend(said.endpoint_configs().iter().map(|config| named(config.endpoint_config_name(), config.endpoint_config_arn())));
            token = said.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(found);
            }
        }
    }

    /// The endpoint, if it exists.
    pub async fn find(&self, name: &str) -> Result<Option<Endpoint>, AwsError> {
        match self.client.get().describe_endpoint().endpoint_name(name).send().await.map_err(fault(SERVICE, "DescribeEndpoint")) {
            Ok(said) if said.endpoint_status().is_none() => Err(empty(SERVICE, "DescribeEndpoint")),
            Ok(said) => Ok(Some(Endpoint {
                arn: said.endpoint_arn().unwrap_or_default().to_owned(),
                status: said.endpoint_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
                config: said.endpoint_config_name().unwrap_or_default().to_owned(),
                failure: said.failure_reason().map(str::to_owned),
                created: time(said.creation_time()),
                updated: time(said.last_modified_time()),
                variants: said
                    .production_variants()
                    .iter()
                    .map(|variant| running(variant, false))
                    .chain(said.shadow_production_variants().iter().map(|variant| running(variant, true)))
                    .collect(),
            })),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Starts the making of an endpoint.
    pub async fn create(&self, name: &str, config: &str, tags: &Tags) -> Result<(), AwsError> {
        let request = self.client.get().create_endpoint().endpoint_name(name).endpoint_config_name(config).set_tags(Some(to_tags(tags)));
        request.send().await.map_err(fault(SERVICE, "CreateEndpoint")).map(drop)
    }

    /// Starts the change of an endpoint to another configuration.
    pub async fn update(&self, name: &str, config: &str) -> Result<(), AwsError> {
        let request = self.client.get().update_endpoint().endpoint_name(name).endpoint_config_name(config);
        request.send().await.map_err(fault(SERVICE, "UpdateEndpoint")).map(drop)
    }

    /// Starts the change of the weights of an endpoint's variants.
    pub async fn reweigh(&self, name: &str, weights: &[(String, f64)]) -> Result<(), AwsError> {
        let mut request = self.client.get().update_endpoint_weights_and_capacities().endpoint_name(name);
        for (variant, weight) in weights {
            let wanted = DesiredWeightAndCapacity::builder().variant_name(variant).desired_weight(*weight as f32).build();
            request = request.desired_weights_and_capacities(wanted);
        }
        request.send().await.map_err(fault(SERVICE, "UpdateEndpointWeightsAndCapacities")).map(drop)
    }

    /// Adds tags to an endpoint, or replaces those of the same keys.
    pub async fn tag(&self, arn: &str, tags: &Tags) -> Result<(), AwsError> {
        let request = self.client.get().add_tags().resource_arn(arn).set_tags(Some(to_tags(tags)));
        request.send().await.map_err(fault(SERVICE, "AddTags")).map(drop)
    }

    /// Starts the removal of an endpoint. Gives false when it was not there.
    pub async fn delete(&self, name: &str) -> Result<bool, AwsError> {
        match self.client.get().delete_endpoint().endpoint_name(name).send().await.map_err(fault(SERVICE, "DeleteEndpoint")) {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Endpoints whose name contains `part`.
    pub async fn endpoints(&self, part: &str) -> Result<Vec<Named>, AwsError> {
        let mut found = Vec::new();
        let mut token = None;
        loop {
            let request = self.client.get().list_endpoints().name_contains(part).set_next_token(token.take());
            let said = request.send().await.map_err(fault(SERVICE, "ListEndpoints"))?;
            found.extend(said.endpoints().iter().map(|endpoint| named(endpoint.endpoint_name(), endpoint.endpoint_arn())));
            token = said.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(found);
            }
        }
    }
}

fn running(variant: &ProductionVariantSummary, shadow: bool) -> RunningVariant {
    let weight = |weight: Option<f32>| f64::from(weight.unwrap_or(1.0));
    RunningVariant {
        name: variant.variant_name().unwrap_or_default().to_owned(),
        weight: weight(variant.current_weight()),
        wanted_weight: weight(variant.desired_weight()),
        instances: variant.current_instance_count().and_then(|count| u32::try_from(count).ok()).unwrap_or_default(),
        shadow,
    }
}

fn named(name: Option<&str>, arn: Option<&str>) -> Named {
    Named { name: name.unwrap_or_default().to_owned(), arn: arn.unwrap_or_default().to_owned() }
}
