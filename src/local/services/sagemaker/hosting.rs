//! Models, endpoint configurations and endpoints.
//!
//! An endpoint's status follows from the time of its last change and the pace: no timer runs, and a restart loses nothing. Whether its
//! model can be loaded is found out when it is made, and told when a container would have found out.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Inner;
use super::names::{Doc, arn, doc, invalid, list, name_of, now, required_name};
use crate::demo::pipeline_definition::{Framework, framework_of};
use crate::local::ml::artifact::Artifact;
use crate::local::ml::train::Booster;
use crate::local::objects::split_s3_uri;
use crate::local::pace::Wait;
use crate::local::service::{ServiceError, ServiceResult};
use crate::local::services::protocol::aws_json::{Input, epoch};

/// Everything that serves.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Hosting {
    models: BTreeMap<String, Doc>,
    configs: BTreeMap<String, Doc>,
    endpoints: BTreeMap<String, Endpoint>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Endpoint {
    config: String,
    created: DateTime<Utc>,
    changed: DateTime<Utc>,
    /// The configuration before the change that may still be going on; it serves until then.
    before: Option<String>,
    /// Why the last change cannot end well.
    failure: Option<String>,
    /// Set while it is being deleted.
    deleting: bool,
}

/// Models that were loaded, by the entity tag of their artifact.
#[derive(Default)]
pub(crate) struct Loaded {
    boosters: Mutex<HashMap<String, Arc<Booster>>>,
}

/// An endpoint that answers.
pub(crate) struct Serving {
    /// Its variants: name, weight, model.
    pub variants: Vec<(String, f64, Arc<Booster>)>,
}

impl Inner {
    pub(super) fn create_model(&self, input: &Input) -> ServiceResult {
        let name = required_name(input, "ModelName", 63)?.to_owned();
        input.required_text("ExecutionRoleArn")?;
        let container = match (input.object("PrimaryContainer")?, input.objects("Containers")?.as_slice()) {
            (Some(container), []) => container,
            (None, [container]) => container.clone(),
            (None, []) => return Err(invalid("A model needs a PrimaryContainer or Containers")),
            _ => return Err(invalid("Models of several containers are not supported by the embedded AWS")),
        };
        self.container_source(&container)?;
        let arn = arn(&self.account, "model", &name.to_lowercase());
        let (_, created) = now(&self.account);
        self.hosting.change(|hosting| {
            if hosting.models.contains_key(&name) {
                return Err(invalid(format!("Cannot create already existing model \"{arn}\".")));
            }
            let mut model = doc(json!({ "ModelName": name, "ModelArn": arn, "CreationTime": created }));
            for member in ["PrimaryContainer", "Containers", "ExecutionRoleArn", "VpcConfig", "EnableNetworkIsolation"] {
                if let Some(value) = input.value(member) {
                    model.insert(member.to_owned(), value.clone());
                }
            }
            hosting.models.insert(name.clone(), model);
            Ok(())
        })?;
        self.tag(&arn, input)?;
        Ok(json!({ "ModelArn": arn }))
    }

    /// Image and model data of a container, its own or those of the package that it names.
    fn container_source(&self, container: &Input) -> ServiceResult<(String, String)> {
        let (image, url) = match container.text("ModelPackageName")? {
            Some(package) => {
                let package = self.package(package)?;
                let specified = &package["InferenceSpecification"]["Containers"][0];
                let member = |name: &str| specified[name].as_str().unwrap_or_default().to_owned();
                (member("Image"), member("ModelDataUrl"))
            }
            None => (container.required_text("Image")?.to_owned(), container.required_text("ModelDataUrl")?.to_owned()),
        };
        if framework_of(&image) != Some(Framework::XgBoost) {
            return Err(invalid(format!(
                "The embedded AWS serves models of SageMaker's XGBoost 3.0-5 and 1.7-1 images, and not of {image}"
            )));
        }
        if split_s3_uri(&url).is_none() {
            return Err(invalid(format!("ModelDataUrl {url} is no s3:// address")));
        }
        Ok((image, url))
    }

    pub(super) fn describe_model(&self, input: &Input) -> ServiceResult {
        let name = name_of(input.required_text("ModelName")?);
        self.hosting.read(|hosting| hosting.models.get(name).cloned()).map(Value::Object).ok_or_else(|| self.no("model", name))
    }

    fn no(&self, kind: &str, name: &str) -> ServiceError {
        let said = kind.replace('-', " ");
        invalid(format!("Could not find {said} \"{}\".", arn(&self.account, kind, &name.to_lowercase())))
    }

    pub(super) fn list_models(&self, input: &Input) -> ServiceResult {
        let models = self.hosting.read(|hosting| hosting.models.iter().map(summary("ModelName", "ModelArn")).collect());
        list(input, "ListModels", "Models", true, models)
    }

    pub(super) fn delete_model(&self, input: &Input) -> ServiceResult {
        let name = name_of(input.required_text("ModelName")?).to_owned();
        self.hosting.change(|hosting| hosting.models.remove(&name).map(drop).ok_or_else(|| self.no("model", &name)))?;
        self.untag(&arn(&self.account, "model", &name.to_lowercase()))?;
        Ok(Value::Null)
    }

    pub(super) fn create_endpoint_config(&self, input: &Input) -> ServiceResult {
        let name = required_name(input, "EndpointConfigName", 63)?.to_owned();
        let variants = input.objects("ProductionVariants")?;
        if variants.is_empty() {
            return Err(invalid("An endpoint configuration needs at least one production variant"));
        }
        for variant in &variants {
            variant.required_text("VariantName")?;
            let model = variant.required_text("ModelName")?;
            if !self.hosting.read(|hosting| hosting.models.contains_key(model)) {
                return Err(self.no("model", model));
            }
        }
        let arn = arn(&self.account, "endpoint-config", &name.to_lowercase());
        let (_, created) = now(&self.account);
        self.hosting.change(|hosting| {
            if hosting.configs.contains_key(&name) {
                return Err(invalid(format!("Cannot create already existing endpoint configuration \"{arn}\".")));
            }
            let config = doc(json!({
                "EndpointConfigName": name,
                "EndpointConfigArn": arn,
                "ProductionVariants": input.value("ProductionVariants"),
                "CreationTime": created,
            }));
            hosting.configs.insert(name.clone(), config);
            Ok(())
        })?;
        self.tag(&arn, input)?;
        Ok(json!({ "EndpointConfigArn": arn }))
    }

    pub(super) fn describe_endpoint_config(&self, input: &Input) -> ServiceResult {
        let name = name_of(input.required_text("EndpointConfigName")?);
        self.hosting.read(|hosting| hosting.configs.get(name).cloned()).map(Value::Object).ok_or_else(|| self.no("endpoint-config", name))
    }

    pub(super) fn list_endpoint_configs(&self, input: &Input) -> ServiceResult {
        let configs = self.hosting.read(|hosting| hosting.configs.iter().map(summary("EndpointConfigName", "EndpointConfigArn")).collect());
        list(input, "ListEndpointConfigs", "EndpointConfigs", true, configs)
    }

    pub(super) fn delete_endpoint_config(&self, input: &Input) -> ServiceResult {
        let name = name_of(input.required_text("EndpointConfigName")?).to_owned();
        self.hosting.change(|hosting| hosting.configs.remove(&name).map(drop).ok_or_else(|| self.no("endpoint-config", &name)))?;
        self.untag(&arn(&self.account, "endpoint-config", &name.to_lowercase()))?;
        Ok(Value::Null)
    }

    pub(super) fn create_endpoint(&self, input: &Input) -> ServiceResult {
        let name = required_name(input, "EndpointName", 63)?.to_owned();
        let config = name_of(input.required_text("EndpointConfigName")?).to_owned();
        let arn = arn(&self.account, "endpoint", &name.to_lowercase());
        let failure = self.why_not_served(&config)?;
        let now = self.account.clock.now();
        self.hosting.change(|hosting| {
            self.forget_deleted(hosting);
            if hosting.endpoints.contains_key(&name) {
                return Err(invalid(format!("Cannot create already existing endpoint \"{arn}\".")));
            }
            let endpoint = Endpoint { config, created: now, changed: now, before: None, failure, deleting: false };
            hosting.endpoints.insert(name.clone(), endpoint);
            Ok(())
        })?;
        self.tag(&arn, input)?;
        Ok(json!({ "EndpointArn": arn }))
    }

    pub(super) fn update_endpoint(&self, input: &Input) -> ServiceResult {
        let name = name_of(input.required_text("EndpointName")?).to_owned();
        let config = name_of(input.required_text("EndpointConfigName")?).to_owned();
        let failure = self.why_not_served(&config)?;
        let now = self.account.clock.now();
        self.hosting.change(|hosting| {
            self.forget_deleted(hosting);
            let endpoint = hosting.endpoints.get_mut(&name).ok_or_else(|| self.no("endpoint", &name))?;
            let status = self.endpoint_status(endpoint);
            if !matches!(status, "InService" | "Failed") {
                return Err(invalid(format!(
                    "Cannot update in-progress endpoint \"{}\".",
                    arn(&self.account, "endpoint", &name.to_lowercase())
                )));
            }
            endpoint.before = (status == "InService").then(|| endpoint.config.clone());
            endpoint.config = config;
            endpoint.changed = now;
            endpoint.failure = failure;
            Ok(())
        })?;
        Ok(json!({ "EndpointArn": arn(&self.account, "endpoint", &name.to_lowercase()) }))
    }

    /// Why an endpoint of this configuration would fail; an error when the configuration itself does not exist.
    fn why_not_served(&self, config: &str) -> ServiceResult<Option<String>> {
        if !self.hosting.read(|hosting| hosting.configs.contains_key(config)) {
            return Err(self.no("endpoint-config", config));
        }
        Ok(self.load_config(config).err())
    }

    /// The variants of a configuration with their models, loaded; or the reason why they cannot be.
    fn load_config(&self, config: &str) -> Result<Vec<(String, f64, Arc<Booster>)>, String> {
        let config = self
            .hosting
            .read(|hosting| hosting.configs.get(config).cloned())
            .ok_or_else(|| format!("the endpoint configuration {config} does not exist"))?;
        let variants = config["ProductionVariants"].as_array().cloned().unwrap_or_default();
        variants
            .iter()
            .map(|variant| {
                let name = variant["VariantName"].as_str().unwrap_or_default().to_owned();
                let weight = variant["InitialVariantWeight"].as_f64().unwrap_or(1.0);
                let model = variant["ModelName"].as_str().unwrap_or_default();
                let booster = self.load_model(model).map_err(|why| {
                    format!("The primary container for production variant {name} did not pass the ping health check: {why}")
                })?;
                Ok((name, weight, booster))
            })
            .collect()
    }

    fn load_model(&self, model: &str) -> Result<Arc<Booster>, String> {
        let model =
            self.hosting.read(|hosting| hosting.models.get(model).cloned()).ok_or_else(|| format!("the model {model} does not exist"))?;
        let container = model.get("PrimaryContainer").or_else(|| model.get("Containers")?.get(0)).and_then(Value::as_object);
        let container = Input::new(container.cloned().unwrap_or_default(), "ValidationException");
        let (_, url) = self.container_source(&container).map_err(|error| error.message)?;
        let (bucket, key) = split_s3_uri(&url).ok_or_else(|| format!("{url} is no s3:// address"))?;
        let etag = self.account.objects.head(bucket, key).map_err(|error| error.to_string())?.etag;
        if let Some(booster) = self.loaded.boosters.lock().get(&etag) {
            return Ok(booster.clone());
        }
        let (archive, _) = self.account.objects.get(bucket, key).map_err(|error| error.to_string())?;
        let booster = Artifact::read(&archive).and_then(|artifact| artifact.booster()).map_err(|error| format!("{url}: {error}"))?;
        let booster = Arc::new(booster);
        self.loaded.boosters.lock().insert(etag, booster.clone());
        Ok(booster)
    }

    fn settling(&self, since: DateTime<Utc>, wait: Wait) -> bool {
        !self.account.left(since, wait).is_zero()
    }

    fn endpoint_status(&self, endpoint: &Endpoint) -> &'static str {
        if endpoint.deleting {
            "Deleting"
        } else if self.settling(endpoint.changed, Wait::Endpoint) {
            if endpoint.changed == endpoint.created { "Creating" } else { "Updating" }
        } else if endpoint.failure.is_some() && endpoint.before.is_none() {
            "Failed"
        } else {
            // An update that failed was rolled back: the configuration before it serves on.
            "InService"
        }
    }

    fn forget_deleted(&self, hosting: &mut Hosting) {
        hosting.endpoints.retain(|_, endpoint| !endpoint.deleting || self.settling(endpoint.changed, Wait::Deletion));
    }

    /// An endpoint that is still there.
    fn endpoint(&self, name: &str) -> ServiceResult<Endpoint> {
        let gone = |endpoint: &Endpoint| endpoint.deleting && !self.settling(endpoint.changed, Wait::Deletion);
        self.hosting
            .read(|hosting| hosting.endpoints.get(name).cloned())
            .filter(|endpoint| !gone(endpoint))
            .ok_or_else(|| self.no("endpoint", name))
    }

    pub(super) fn describe_endpoint(&self, input: &Input) -> ServiceResult {
        let name = name_of(input.required_text("EndpointName")?);
        let endpoint = self.endpoint(name)?;
        let status = self.endpoint_status(&endpoint);
        let serving = if endpoint.failure.is_some() || status == "Updating" { endpoint.before.as_ref() } else { None };
        let config = serving.unwrap_or(&endpoint.config);
        let variants: Vec<Value> = self.hosting.read(|hosting| {
            let variants = hosting.configs.get(config).and_then(|config| config["ProductionVariants"].as_array());
            variants.into_iter().flatten().map(variant_summary).collect()
        });
        Ok(Value::Object(doc(json!({
            "EndpointName": name,
            "EndpointArn": arn(&self.account, "endpoint", &name.to_lowercase()),
            "EndpointConfigName": config,
            "ProductionVariants": (status != "Creating" && status != "Failed").then_some(variants),
            "EndpointStatus": status,
            "FailureReason": if matches!(status, "Creating" | "Updating") { None } else { endpoint.failure },
            "CreationTime": epoch(endpoint.created),
            "LastModifiedTime": epoch(endpoint.changed),
        }))))
    }

    pub(super) fn list_endpoints(&self, input: &Input) -> ServiceResult {
        let status = input.text("StatusEquals")?;
        let endpoints = self.hosting.read(|hosting| hosting.endpoints.clone());
        let summaries = endpoints
            .iter()
            .filter(|(name, _)| self.endpoint(name).is_ok())
            .filter(|(_, endpoint)| status.is_none_or(|status| self.endpoint_status(endpoint) == status))
            .map(|(name, endpoint)| {
                let summary = json!({
                    "EndpointName": name,
                    "EndpointArn": arn(&self.account, "endpoint", &name.to_lowercase()),
                    "CreationTime": epoch(endpoint.created),
                    "LastModifiedTime": epoch(endpoint.changed),
                    "EndpointStatus": self.endpoint_status(endpoint),
                });
                (name.clone(), epoch(endpoint.created), summary)
            })
            .collect();
        list(input, "ListEndpoints", "Endpoints", true, summaries)
    }

    pub(super) fn delete_endpoint(&self, input: &Input) -> ServiceResult {
        let name = name_of(input.required_text("EndpointName")?).to_owned();
        self.endpoint(&name)?;
        let now = self.account.clock.now();
        self.hosting.change(|hosting| {
            self.forget_deleted(hosting);
            if let Some(endpoint) = hosting.endpoints.get_mut(&name).filter(|endpoint| !endpoint.deleting) {
                endpoint.deleting = true;
                endpoint.changed = now;
            }
            self.forget_deleted(hosting);
            Ok(())
        })?;
        self.untag(&arn(&self.account, "endpoint", &name.to_lowercase()))?;
        Ok(Value::Null)
    }

    /// What answers invocations of an endpoint now.
    pub(crate) fn serving(&self, name: &str) -> ServiceResult<Serving> {
        let refused = |message: String| ServiceError::new("ValidationError", message);
        let arn = arn(&self.account, "endpoint", &name.to_lowercase());
        let endpoint = self.endpoint(name).map_err(|_| refused(format!("Endpoint {name} of account {} not found.", self.account.id)))?;
        let status = self.endpoint_status(&endpoint);
        let config = match status {
            "InService" if endpoint.failure.is_none() => &endpoint.config,
            "InService" | "Updating" => endpoint.before.as_ref().unwrap_or(&endpoint.config),
            status => return Err(refused(format!("Endpoint {arn} is {status} and cannot be invoked."))),
        };
        let variants = self.load_config(config).map_err(|why| refused(format!("Endpoint {arn} cannot serve its model: {why}")))?;
        Ok(Serving { variants })
    }
}

fn variant_summary(variant: &Value) -> Value {
    let weight = variant.get("InitialVariantWeight").cloned().unwrap_or_else(|| json!(1.0));
    let count = variant.get("InitialInstanceCount").cloned().unwrap_or_else(|| json!(1));
    json!({
        "VariantName": variant["VariantName"],
        "CurrentWeight": weight,
        "DesiredWeight": weight,
        "CurrentInstanceCount": count,
        "DesiredInstanceCount": count,
    })
}

fn summary(name: &'static str, arn: &'static str) -> impl Fn((&String, &Doc)) -> (String, Value, Value) {
    move |(key, document)| {
        let summary = json!({ name: document[name], arn: document[arn], "CreationTime": document["CreationTime"] });
        (key.clone(), document["CreationTime"].clone(), summary)
    }
}
