//! What every operation is given.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::error::op;
use super::{OpError, Progress};
use crate::aws::identity::Caller;
use crate::aws::lake::LakePlace;
use crate::aws::statements::{Place, Warehouse};
use crate::aws::{Gateways, Tags};
use crate::config::Settings;
use crate::config::settings::WarehouseKind;
use crate::demo::clock::SharedClock;
use crate::demo::regions;
use crate::demo::scenario::Scenario;
use crate::demo::sql::{self, SqlEngine, SqlValues};

/// Tag with the name of the demonstration: what cleanup goes by.
pub const TAG_DEMO: &str = "shiftdeck:demo";
/// Tag with who made it.
pub const TAG_OWNER: &str = "shiftdeck:owner";
/// Tag with when it was made.
pub const TAG_CREATED: &str = "shiftdeck:created";

/// What an operation works with. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    /// The account.
    pub gateways: Arc<Gateways>,
    /// The settings.
    pub settings: Arc<Settings>,
    /// The names.
    pub scenario: Arc<Scenario>,
    /// Time.
    pub clock: SharedClock,
    /// Where events go.
    pub progress: Progress,
    /// Ends the work: what is running on the service is stopped, and the operation returns `Cancelled`.
    pub cancel: CancellationToken,
}

impl Context {
    /// An error when the work was ended on demand; asked between calls.
    pub(super) fn proceed(&self, doing: &str) -> Result<(), OpError> {
        if self.cancel.is_cancelled() { Err(OpError::cancelled(doing)) } else { Ok(()) }
    }

    /// Where statements go.
    pub(super) fn warehouse(&self) -> Place {
        let name = self.scenario.warehouse.clone();
        Place {
            warehouse: match self.settings.warehouse.kind {
                WarehouseKind::Serverless => Warehouse::Workgroup(name),
                WarehouseKind::Provisioned => Warehouse::Cluster(name),
            },
            database: self.scenario.database.clone(),
            secret: self.scenario.secret.clone(),
        }
    }

    /// Where queries of the lake go.
    pub(super) fn lake(&self, database: Option<&str>) -> LakePlace {
        LakePlace {
            workgroup: self.settings.lake.workgroup.clone(),
            database: database.map(str::to_owned),
            output: format!("s3://{}/{}", self.scenario.bucket, self.scenario.athena_prefix),
        }
    }

    /// The tags of everything that is made.
    pub(super) fn tags(&self, caller: &Caller) -> Tags {
        let owner = if self.settings.demo.owner.is_empty() {
            caller.arn.rsplit('/').next().unwrap_or(&caller.arn).to_owned()
        } else {
            self.settings.demo.owner.clone()
        };
        Tags::from([
            (TAG_DEMO.to_owned(), self.scenario.demo.clone()),
            (TAG_OWNER.to_owned(), owner),
            (TAG_CREATED.to_owned(), self.clock.now().format("%Y-%m-%dT%H:%M:%SZ").to_string()),
        ])
    }

    /// Whether tags say that this demonstration made the resource.
    pub(super) fn is_ours(&self, tags: &Tags) -> bool {
        tags.get(TAG_DEMO) == Some(&self.scenario.demo)
    }

    /// A statement of the library, filled.
    pub(super) fn sql(&self, engine: SqlEngine, name: &str) -> Result<String, OpError> {
        self.sql_with(engine, name, |values| values)
    }

    /// A statement of the library, filled with further values.
    pub(super) fn sql_with(&self, engine: SqlEngine, name: &str, more: impl FnOnce(SqlValues) -> SqlValues) -> Result<String, OpError> {
        let values = more(SqlValues::of(&self.scenario));
        sql::find(engine, name).and_then(|statement| statement.fill(&values)).map_err(op(name, "could not write the statement"))
    }

    /// The ARN of a role of this account.
    pub(super) async fn role_arn(&self, role: &str) -> Result<String, OpError> {
        let caller = self.caller().await?;
        Ok(format!("arn:{}:iam::{}:role/{role}", partition(&self.scenario.region), caller.account))
    }

    /// Who calls.
    pub(super) async fn caller(&self) -> Result<Caller, OpError> {
        self.gateways.identity.caller().await.map_err(op("", "could not find out who is calling"))
    }
}

/// The partition of ARNs in a region.
pub(super) fn partition(region: &str) -> &'static str {
    regions::partition(region).unwrap_or("aws")
}
