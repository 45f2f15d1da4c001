//! Models, endpoint configurations and endpoints.
//!
//! [`models`] and [`configs`] are documents; [`fleet`] is what an endpoint runs: variants with their weights, and the models in them;
//! [`endpoints`] moves an endpoint from one fleet to the next, [`describe`] tells of it. An endpoint's status follows from the time of its
//! last change and the pace: no timer runs, and a restart loses nothing. Whether its models can be loaded is found out when the change is
//! asked for, and told when a container would have found out.

mod configs;
mod describe;
mod endpoints;
pub(crate) mod fleet;
mod models;

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::endpoints::Endpoint;
pub(crate) use self::fleet::Loaded;
use super::Inner;
use super::names::{Doc, arn, invalid};
use crate::local::service::{ServiceError, ServiceResult};
use crate::local::services::protocol::aws_json::Input;

/// Everything that serves.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Hosting {
    models: BTreeMap<String, Doc>,
    configs: BTreeMap<String, Doc>,
    endpoints: BTreeMap<String, Endpoint>,
}

impl Inner {
    /// Changes what serves; what was put together to answer invocations is put together anew.
    fn change_hosting<R>(&self, change: impl FnOnce(&mut Hosting) -> ServiceResult<R>) -> ServiceResult<R> {
        let result = self.hosting.change(change);
        self.loaded.generation.fetch_add(1, Ordering::Release);
        result
    }

    fn no(&self, kind: &str, name: &str) -> ServiceError {
        let said = kind.replace('-', " ");
        invalid(format!("Could not find {said} \"{}\".", arn(&self.account, kind, &name.to_lowercase())))
    }
}

fn summary(name: &'static str, arn: &'static str) -> impl Fn((&String, &Doc)) -> (String, Value, Value) {
    move |(key, document)| {
        let summary = json!({ name: document[name], arn: document[arn], "CreationTime": document["CreationTime"] });
        (key.clone(), document["CreationTime"].clone(), summary)
    }
}

/// Keeps what was made (and changed) within the times that a listing asks for. Times are seconds since 1970.
fn within(input: &Input, created: Option<f64>, changed: Option<f64>) -> ServiceResult<bool> {
    let mut inside = true;
    for (member, at, before) in [
        ("CreationTimeBefore", created, true),
        ("CreationTimeAfter", created, false),
        ("LastModifiedTimeBefore", changed, true),
        ("LastModifiedTimeAfter", changed, false),
    ] {
        if let (Some(bound), Some(at)) = (input.number(member)?, at) {
            inside &= if before { at < bound } else { at > bound };
        }
    }
    Ok(inside)
}
