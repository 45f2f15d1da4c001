//! What an endpoint runs: the variants of a configuration as they were when it was told to, with the weights of now, and the models in them.
//!
//! An endpoint keeps its fleet when the configuration that it was made from is deleted: what runs has no need of the document.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::Inner;
use super::super::instances::Instances;
use super::super::names::arn;
use super::configs::weight;
use crate::local::iam::{Assumed, Keys};
use crate::local::ml::train::Booster;
use crate::local::objects::split_s3_uri;
use crate::local::service::{ServiceError, ServiceResult};

/// Where CloudWatch has the figures of endpoints.
const NAMESPACE: &str = "AWS/SageMaker";

/// The variants of an endpoint.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Fleet {
    /// Name of the configuration.
    pub config: String,
    /// Variants that answer.
    pub production: Vec<Variant>,
    /// Variants that only listen.
    pub shadow: Vec<Variant>,
}

/// A variant of an endpoint.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Variant {
    /// Name.
    pub name: String,
    /// Model.
    pub model: String,
    /// Image of the model's container.
    pub image: String,
    /// Artifact of the model; empty when the model did not exist.
    pub artifact: String,
    /// Entity tag that the artifact had: what was loaded then serves on, even when the object is replaced.
    pub etag: String,
    /// Instance type; empty when serverless.
    pub instance: String,
    /// Weight and instances now.
    pub current: Capacity,
    /// Weight and instances that were asked for.
    pub desired: Capacity,
}

/// How much a variant takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Capacity {
    /// Weight among the variants.
    pub weight: f64,
    /// Instances.
    pub instances: i64,
}

/// What an endpoint was put together for, generation and fleet, and what came of it.
type Assembled = (u64, String, Arc<Serving>);

/// Models that were loaded, and what was put together to answer invocations.
#[derive(Default)]
pub(crate) struct Loaded {
    /// Models by the entity tag of their artifact.
    pub(super) boosters: Mutex<HashMap<String, Arc<Booster>>>,
    /// Grows with every change of what serves.
    pub(super) generation: AtomicU64,
    serving: Mutex<HashMap<String, Assembled>>,
}

/// An endpoint that answers.
pub(crate) struct Serving {
    /// Variants that answer.
    pub production: Vec<Live>,
    /// Variants that only listen.
    pub shadow: Vec<Live>,
    /// Invocations of the endpoint so far: decides between its variants.
    pub invocations: Arc<AtomicU64>,
}

/// A variant that answers.
pub(crate) struct Live {
    /// Name.
    pub name: String,
    /// Weight.
    pub weight: f64,
    /// Model.
    pub model: Arc<Booster>,
    /// What its containers do, they do as this role; `None` when the model or its role are gone.
    role: Option<Assumed>,
}

impl Live {
    /// Whether what it answers is counted: its containers need a permission to tell CloudWatch of it. Without, it answers all the same.
    pub(crate) fn is_counted(&self) -> bool {
        let namespace = || Keys::default().with("cloudwatch:namespace", NAMESPACE);
        self.role.as_ref().is_none_or(|role| role.may_with("cloudwatch:PutMetricData", "*", namespace()).is_ok())
    }
}

impl Fleet {
    /// The variant of a name, among those that answer and those that listen.
    pub(super) fn variant(&mut self, name: &str) -> Option<&mut Variant> {
        self.production.iter_mut().chain(&mut self.shadow).find(|variant| variant.name == name)
    }

    /// The instances that it takes: while their number changes, the larger one.
    pub(super) fn instances(&self) -> Instances {
        let mut instances = Instances::default();
        for variant in self.production.iter().chain(&self.shadow) {
            instances.add(&variant.instance, variant.current.instances.max(variant.desired.instances));
        }
        instances
    }

    /// The weights and instances that were asked for are those of now.
    pub(super) fn settle(&mut self) {
        for variant in self.production.iter_mut().chain(&mut self.shadow) {
            variant.current = variant.desired;
        }
    }
}

impl Inner {
    /// The fleet that a configuration asks for; an error when it does not exist.
    pub(super) fn fleet_of(&self, config: &str) -> ServiceResult<Fleet> {
        let document =
            self.hosting.read(|hosting| hosting.configs.get(config).cloned()).ok_or_else(|| self.no("endpoint-config", config))?;
        let variants = |member: &str| {
            let given = document.get(member).and_then(Value::as_array);
            given.into_iter().flatten().map(|variant| self.variant_of(variant)).collect()
        };
        Ok(Fleet { config: config.to_owned(), production: variants("ProductionVariants"), shadow: variants("ShadowProductionVariants") })
    }

    fn variant_of(&self, given: &Value) -> Variant {
        let text = |member: &str| given[member].as_str().unwrap_or_default().to_owned();
        let capacity =
            Capacity { weight: weight(given.get("InitialVariantWeight")), instances: given["InitialInstanceCount"].as_i64().unwrap_or(1) };
        let model = text("ModelName");
        // A model or an artifact that does not exist any more is told of when it is loaded.
        let (image, artifact) = self.model_source(&model).unwrap_or_default();
        let etag = split_s3_uri(&artifact).and_then(|(bucket, key)| self.account.objects.head(bucket, key).ok()).map(|meta| meta.etag);
        Variant {
            name: text("VariantName"),
            model,
            image,
            artifact,
            etag: etag.unwrap_or_default(),
            instance: text("InstanceType"),
            current: capacity,
            desired: capacity,
        }
    }

    /// Why a fleet would not come into service; `None` when it would.
    pub(super) fn why_not_served(&self, fleet: &Fleet) -> Option<String> {
        let denied = fleet.production.iter().chain(&fleet.shadow).find_map(|variant| self.may_start(variant).err());
        denied.or_else(|| self.why_not_loaded(fleet))
    }

    /// Why the models of a fleet that has come into service before cannot be loaded; `None` when they can.
    pub(super) fn why_not_loaded(&self, fleet: &Fleet) -> Option<String> {
        fleet.production.iter().chain(&fleet.shadow).find_map(|variant| self.load_variant(variant).err())
    }

    /// Whether the instances of a variant may get what they need, as its model's role. A model that does not exist is told of when it is
    /// loaded.
    fn may_start(&self, variant: &Variant) -> Result<(), String> {
        let exists = self.hosting.read(|hosting| hosting.models.contains_key(&variant.model));
        if variant.artifact.is_empty() || !exists {
            return Ok(());
        }
        self.model_role(&variant.model).and_then(|role| self.may_load(&role, &variant.image, &variant.artifact))
    }

    fn load_variant(&self, variant: &Variant) -> Result<Arc<Booster>, String> {
        let kept = self.loaded.boosters.lock().get(&variant.etag).cloned();
        let loaded = match kept {
            Some(model) => Ok(model),
            None if variant.artifact.is_empty() => self.load_model(&variant.model),
            None => self.load_artifact(&variant.artifact),
        };
        loaded.map_err(|why| {
            format!("The primary container for production variant {} did not pass the ping health check: {why}", variant.name)
        })
    }

    /// What answers invocations of an endpoint now.
    pub(crate) fn serving(&self, name: &str) -> ServiceResult<Arc<Serving>> {
        let refused = |message: String| ServiceError::new("ValidationError", message);
        let generation = self.loaded.generation.load(Ordering::Acquire);
        let endpoint = self.endpoint(name).map_err(|_| refused(format!("Endpoint {name} of account {} not found.", self.account.id)))?;
        let state = self.state_of(&endpoint);
        let arn = || arn(&self.account, "endpoint", &name.to_lowercase());
        if !state.answers() {
            return Err(refused(format!("Endpoint {} is {} and cannot be invoked.", arn(), state.status)));
        }
        // Which fleet answers also follows from the time, which no generation counts.
        let key = format!("{}/{}", state.fleet.config, state.moving);
        let mut serving = self.loaded.serving.lock();
        let kept = serving.get(name);
        if let Some((made, of, kept)) = kept
            && (*made, of) == (generation, &key)
        {
            return Ok(kept.clone());
        }
        let invocations = kept.map(|(_, _, kept)| kept.invocations.clone()).unwrap_or_default();
        let live = |variants: &[Variant]| -> ServiceResult<Vec<Live>> {
            let load = |variant: &Variant| {
                let model =
                    self.load_variant(variant).map_err(|why| refused(format!("Endpoint {} cannot serve its model: {why}", arn())))?;
                let role = self.model_role(&variant.model).ok();
                Ok(Live { name: variant.name.clone(), weight: variant.current.weight, model, role })
            };
            variants.iter().map(load).collect()
        };
        let made = Serving { production: live(&state.fleet.production)?, shadow: live(&state.fleet.shadow)?, invocations };
        let made = Arc::new(made);
        serving.insert(name.to_owned(), (generation, key, made.clone()));
        Ok(made)
    }
}
