//! Endpoints: from one fleet to the next without a gap.
//!
//! While an update is under way the fleet before it answers. An update whose models cannot be loaded is rolled back: the fleet before it
//! serves on, and the endpoint says why. Weights change without a new fleet.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::Inner;
use super::super::instances::{Instances, Usage};
use super::super::names::{arn, invalid, name_of, required_name};
use super::Hosting;
use super::fleet::Fleet;
use crate::local::pace::Wait;
use crate::local::service::ServiceResult;
use crate::local::services::protocol::aws_json::Input;

/// An endpoint, as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Endpoint {
    /// The configuration that it was last told to serve.
    pub config: String,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// Its last change.
    pub changed: DateTime<Utc>,
    /// What the last change was.
    #[serde(default)]
    pub change: Change,
    /// The fleet that it was last told to run. What earlier versions of this program kept has only the configuration's name.
    #[serde(default)]
    pub fleet: Option<Fleet>,
    /// The fleet before the last change: it serves until that has ended well.
    #[serde(default)]
    pub previous: Option<Fleet>,
    /// Why the last change cannot end well.
    pub failure: Option<String>,
    /// Why the fleet before the last change cannot serve either.
    #[serde(default)]
    pub rollback_failure: Option<String>,
    /// How the last change was to be carried out.
    #[serde(default)]
    pub deployment: Option<Value>,
    /// Set while it is being deleted.
    pub deleting: bool,
}

/// What the last change of an endpoint was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Change {
    /// It was made.
    #[default]
    Create,
    /// It was told to run another fleet.
    Update,
    /// Its variants were given other weights or instances.
    Reweigh,
}

/// An endpoint at a moment.
pub(super) struct State {
    /// SageMaker's word.
    pub status: &'static str,
    /// The fleet that answers, or would.
    pub fleet: Fleet,
    /// The fleet that it is on its way to.
    pub pending: Option<Fleet>,
    /// Whether a change is under way.
    pub moving: bool,
}

impl State {
    /// Whether invocations are answered.
    pub(super) fn answers(&self) -> bool {
        matches!(self.status, "InService" | "Updating" | "RollingBack" | "UpdateRollbackFailed")
    }
}

impl Inner {
    pub(in super::super) fn create_endpoint(&self, input: &Input) -> ServiceResult {
        let name = required_name(input, "EndpointName", 63)?.to_owned();
        let config = name_of(input.required_text("EndpointConfigName")?).to_owned();
        let deployment = deployment_config(input)?;
        let arn = arn(&self.account, "endpoint", &name.to_lowercase());
        let fleet = self.fleet_of(&config)?;
        let failure = self.why_not_served(&fleet);
        let now = self.account.clock.now();
        let _admission = self.admission.lock();
        // That the name is taken, which is found below, tells more than that the account is full.
        if self.endpoint(&name).is_err() {
            self.admit(Usage::Endpoint, &fleet.instances())?;
        }
        self.change_hosting(|hosting| {
            self.forget_deleted(hosting);
            if hosting.endpoints.contains_key(&name) {
                return Err(invalid(format!("Cannot create already existing endpoint \"{arn}\".")));
            }
            let endpoint = Endpoint {
                config,
                created: now,
                changed: now,
                change: Change::Create,
                fleet: Some(fleet),
                previous: None,
                failure,
                rollback_failure: None,
                deployment,
                deleting: false,
            };
            hosting.endpoints.insert(name.clone(), endpoint);
            Ok(())
        })?;
        self.tag(&arn, input)?;
        Ok(json!({ "EndpointArn": arn }))
    }

    pub(in super::super) fn update_endpoint(&self, input: &Input) -> ServiceResult {
        let name = name_of(input.required_text("EndpointName")?).to_owned();
        let config = name_of(input.required_text("EndpointConfigName")?).to_owned();
        let deployment = deployment_config(input)?;
        let arn = arn(&self.account, "endpoint", &name.to_lowercase());
        let mut fleet = self.fleet_of(&config)?;
        let (seen, state) = self.changeable(&name)?;
        if input.boolean("RetainAllVariantProperties")?.unwrap_or(false) {
            retain(input, &state.fleet, &mut fleet)?;
        }
        let failure = self.why_not_served(&fleet);
        // What serves now was loaded when it came into service; only after a restart it may be found gone.
        let rollback_failure = failure.as_ref().and_then(|_| self.why_not_loaded(&state.fleet));
        let now = self.account.clock.now();
        let _admission = self.admission.lock();
        // Both fleets run until the traffic has gone over.
        self.admit(Usage::Endpoint, &fleet.instances())?;
        self.change_hosting(|hosting| {
            self.forget_deleted(hosting);
            let endpoint = hosting.endpoints.get_mut(&name).ok_or_else(|| self.no("endpoint", &name))?;
            // Another request may have come between the look and the change.
            if endpoint.changed != seen || endpoint.deleting {
                return Err(invalid(format!("Cannot update in-progress endpoint \"{arn}\".")));
            }
            *endpoint = Endpoint {
                config,
                created: endpoint.created,
                changed: now,
                change: Change::Update,
                fleet: Some(fleet),
                previous: Some(state.fleet),
                failure,
                rollback_failure,
                deployment,
                deleting: false,
            };
            Ok(())
        })?;
        Ok(json!({ "EndpointArn": arn }))
    }

    pub(in super::super) fn update_endpoint_weights_and_capacities(&self, input: &Input) -> ServiceResult {
        let name = name_of(input.required_text("EndpointName")?).to_owned();
        let arn = arn(&self.account, "endpoint", &name.to_lowercase());
        let wanted = input.objects("DesiredWeightsAndCapacities")?;
        if wanted.is_empty() {
            return Err(invalid("DesiredWeightsAndCapacities must have at least one member"));
        }
        let (seen, State { mut fleet, .. }) = self.changeable(&name)?;
        let config = fleet.config.clone();
        let before = fleet.instances();
        for wanted in &wanted {
            let variant_name = wanted.required_text("VariantName")?;
            let (weight, instances) = (wanted.number("DesiredWeight")?, wanted.integer_within("DesiredInstanceCount", 0, 1000)?);
            let variant = fleet.variant(variant_name).ok_or_else(|| {
                invalid(format!("The variant name(s) \"{variant_name}\" is/are not present within endpoint configuration \"{config}\"."))
            })?;
            if let Some(weight) = weight {
                if weight < 0.0 {
                    return Err(invalid(format!("DesiredWeight of {variant_name} must be 0 or more")));
                }
                variant.desired.weight = weight;
            }
            if let Some(instances) = instances {
                variant.desired.instances = instances;
            }
        }
        if fleet.production.iter().map(|variant| variant.desired.weight).sum::<f64>() <= 0.0 {
            return Err(invalid("The weights of the production variants must not all be zero"));
        }
        let now = self.account.clock.now();
        let _admission = self.admission.lock();
        self.admit(Usage::Endpoint, &fleet.instances().beyond(&before))?;
        self.change_hosting(|hosting| {
            let endpoint = hosting.endpoints.get_mut(&name).ok_or_else(|| self.no("endpoint", &name))?;
            if endpoint.changed != seen || endpoint.deleting {
                return Err(invalid(format!("Cannot update in-progress endpoint \"{arn}\".")));
            }
            endpoint.change = Change::Reweigh;
            endpoint.config.clone_from(&fleet.config);
            endpoint.fleet = Some(fleet);
            endpoint.previous = None;
            endpoint.failure = None;
            endpoint.rollback_failure = None;
            endpoint.changed = now;
            Ok(())
        })?;
        Ok(json!({ "EndpointArn": arn }))
    }

    pub(in super::super) fn delete_endpoint(&self, input: &Input) -> ServiceResult {
        let name = name_of(input.required_text("EndpointName")?).to_owned();
        self.endpoint(&name)?;
        let now = self.account.clock.now();
        self.change_hosting(|hosting| {
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

    /// The state of an endpoint that can be changed now, and the time of its last change.
    fn changeable(&self, name: &str) -> ServiceResult<(DateTime<Utc>, State)> {
        let endpoint = self.endpoint(name)?;
        let state = self.state_of(&endpoint);
        let arn = || arn(&self.account, "endpoint", &name.to_lowercase());
        match state.status {
            "InService" | "UpdateRollbackFailed" => Ok((endpoint.changed, state)),
            "Failed" => Err(invalid(format!("Cannot update endpoint \"{}\" in Failed status: it can only be deleted.", arn()))),
            _ => Err(invalid(format!("Cannot update in-progress endpoint \"{}\".", arn()))),
        }
    }

    fn settling(&self, since: DateTime<Utc>, wait: Wait) -> bool {
        !self.account.left(since, wait).is_zero()
    }

    /// Where an endpoint is between its fleets.
    pub(super) fn state_of(&self, endpoint: &Endpoint) -> State {
        let mut fleet = endpoint.fleet.clone().unwrap_or_else(|| self.fleet_of(&endpoint.config).unwrap_or_default());
        if endpoint.deleting {
            return State { status: "Deleting", fleet, pending: None, moving: true };
        }
        let moving = self.settling(endpoint.changed, Wait::Endpoint);
        match (endpoint.change, &endpoint.previous, &endpoint.failure) {
            (Change::Reweigh, ..) => {
                if !moving {
                    fleet.settle();
                }
                State { status: if moving { "Updating" } else { "InService" }, fleet, pending: None, moving }
            }
            (Change::Update, Some(previous), failure) => {
                let mut previous = previous.clone();
                previous.settle();
                if moving {
                    return State { status: "Updating", fleet: previous, pending: Some(fleet), moving };
                }
                if failure.is_none() {
                    return State { status: "InService", fleet, pending: None, moving };
                }
                // Going back takes as long as going on did.
                let turned = endpoint.changed + self.account.whole(endpoint.changed, Wait::Endpoint);
                let back = self.settling(turned, Wait::Endpoint);
                let status = match (back, &endpoint.rollback_failure) {
                    (true, _) => "RollingBack",
                    (false, Some(_)) => "UpdateRollbackFailed",
                    (false, None) => "InService",
                };
                State { status, fleet: previous, pending: None, moving: back }
            }
            (_, _, failure) => {
                let status = match (moving, failure) {
                    (true, _) => "Creating",
                    (false, Some(_)) => "Failed",
                    (false, None) => "InService",
                };
                State { status, fleet, pending: None, moving }
            }
        }
    }

    fn forget_deleted(&self, hosting: &mut Hosting) {
        hosting.endpoints.retain(|_, endpoint| !endpoint.deleting || self.settling(endpoint.changed, Wait::Deletion));
    }

    /// An endpoint that is still there.
    pub(super) fn endpoint(&self, name: &str) -> ServiceResult<Endpoint> {
        self.hosting
            .read(|hosting| hosting.endpoints.get(name).cloned())
            .filter(|endpoint| !self.is_gone(endpoint))
            .ok_or_else(|| self.no("endpoint", name))
    }

    fn is_gone(&self, endpoint: &Endpoint) -> bool {
        endpoint.deleting && !self.settling(endpoint.changed, Wait::Deletion)
    }

    /// The instances of all endpoints.
    pub(in super::super) fn running_endpoints(&self) -> Instances {
        // A copy: where an endpoint is between its fleets may have to be looked up among the configurations.
        let endpoints: Vec<Endpoint> = self.hosting.read(|hosting| hosting.endpoints.values().cloned().collect());
        let mut running = Instances::default();
        for endpoint in endpoints.iter().filter(|endpoint| !self.is_gone(endpoint)) {
            let state = self.state_of(endpoint);
            // One that never came into service has given its instances back.
            if state.status == "Failed" {
                continue;
            }
            for fleet in std::iter::once(&state.fleet).chain(&state.pending) {
                fleet.instances().each().for_each(|(instance, count)| running.add(instance, count));
            }
        }
        running
    }
}

/// Keeps the weights and instances of variants that the next fleet has too.
fn retain(input: &Input, now: &Fleet, next: &mut Fleet) -> ServiceResult<()> {
    let mut excluded = Vec::new();
    for property in input.objects("ExcludeRetainedVariantProperties")? {
        let kinds = ["DesiredInstanceCount", "DesiredWeight", "DataCaptureConfig"];
        excluded.extend(property.one_of("VariantPropertyType", &kinds)?.map(str::to_owned));
    }
    let keeps = |kind: &str| !excluded.iter().any(|excluded| excluded == kind);
    for variant in now.production.iter().chain(&now.shadow) {
        if let Some(next) = next.variant(&variant.name) {
            if keeps("DesiredWeight") {
                next.desired.weight = variant.desired.weight;
            }
            if keeps("DesiredInstanceCount") {
                next.desired.instances = variant.desired.instances;
            }
            next.current = next.desired;
        }
    }
    Ok(())
}

/// How a change is to be carried out. All traffic goes over at once here, whatever is asked for: what is checked is what the service checks.
fn deployment_config(input: &Input) -> ServiceResult<Option<Value>> {
    let Some(config) = input.object("DeploymentConfig")? else { return Ok(None) };
    match (config.object("BlueGreenUpdatePolicy")?, config.object("RollingUpdatePolicy")?) {
        (Some(_), Some(_)) => return Err(invalid("DeploymentConfig has a BlueGreenUpdatePolicy or a RollingUpdatePolicy, and not both")),
        (Some(policy), None) => {
            let routing = policy.required_object("TrafficRoutingConfiguration")?;
            let kind = routing.one_of("Type", &["ALL_AT_ONCE", "CANARY", "LINEAR"])?;
            let kind = kind.ok_or_else(|| invalid("TrafficRoutingConfiguration.Type must not be null"))?;
            routing.integer_within("WaitIntervalInSeconds", 0, 3600)?;
            match kind {
                "CANARY" => drop(routing.required_object("CanarySize")?),
                "LINEAR" => drop(routing.required_object("LinearStepSize")?),
                _ => {}
            }
        }
        (None, Some(policy)) => drop(policy.required_object("MaximumBatchSize")?),
        (None, None) => {}
    }
    if let Some(rollback) = config.object("AutoRollbackConfiguration")?
        && rollback.objects("Alarms")?.len() > 10
    {
        return Err(invalid("AutoRollbackConfiguration has at most 10 alarms"));
    }
    Ok(input.value("DeploymentConfig").cloned())
}
