//! Models, endpoint configurations and endpoints (SageMaker).

use aws_sdk_sagemaker::types::{ContainerDefinition, ProductionVariant, ProductionVariantInstanceType};
use chrono::{DateTime, Utc};

use super::AwsError;
use super::client::{Lazy, Source, Tags, lazy_client, time};
use super::error::fault;
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// ARN.
    pub arn: String,
    /// `Creating`, `InService`, `Updating`, `Failed`, …
    pub status: String,
    /// Endpoint configuration.
    pub config: String,
    /// Why it failed.
    pub failure: Option<String>,
    /// Last change.
    pub updated: Option<DateTime<Utc>>,
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

    /// The model of an endpoint configuration, if the configuration exists.
    pub async fn config(&self, name: &str) -> Result<Option<String>, AwsError> {
        let request = self.client.get().describe_endpoint_config().endpoint_config_name(name);
        match request.send().await.map_err(fault(SERVICE, "DescribeEndpointConfig")) {
            Ok(said) => Ok(said.production_variants().first().map(|variant| variant.model_name().unwrap_or_default().to_owned())),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes an endpoint configuration with one variant on one instance.
    pub async fn create_config(&self, name: &str, model: &str, instance: &str, tags: &Tags) -> Result<(), AwsError> {
        let variant = ProductionVariant::builder()
            .variant_name("AllTraffic")
            .model_name(model)
            .initial_instance_count(1)
            .initial_variant_weight(1.0)
            .instance_type(ProductionVariantInstanceType::from(instance))
            .build();
        let request = self
            .client
            .get()
            .create_endpoint_config()
            .endpoint_config_name(name)
            .production_variants(variant)
            .set_tags(Some(to_tags(tags)));
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
            Ok(said) => Ok(Some(Endpoint {
                arn: said.endpoint_arn().unwrap_or_default().to_owned(),
                status: said.endpoint_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
                config: said.endpoint_config_name().unwrap_or_default().to_owned(),
                failure: said.failure_reason().map(str::to_owned),
                updated: time(said.last_modified_time()),
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

fn named(name: Option<&str>, arn: Option<&str>) -> Named {
    Named { name: name.unwrap_or_default().to_owned(), arn: arn.unwrap_or_default().to_owned() }
}
