//! SDK clients that are built when they are first used: building all of them would cost start-up time.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use aws_config::SdkConfig;
use aws_smithy_types::DateTime as SmithyTime;
use chrono::{DateTime, Utc};

use super::activity::Recorder;

/// Tags of a resource.
pub type Tags = BTreeMap<String, String>;

/// What every client is built from.
#[derive(Clone)]
pub(super) struct Source {
    pub config: Arc<SdkConfig>,
    pub recorder: Recorder,
}

/// A client that does not exist before it is used.
pub(super) struct Lazy<C> {
    source: Source,
    build: fn(&Source) -> C,
    client: OnceLock<C>,
}

impl<C> Lazy<C> {
    pub fn new(source: &Source, build: fn(&Source) -> C) -> Self {
        Lazy { source: source.clone(), build, client: OnceLock::new() }
    }

    pub fn get(&self) -> &C {
        self.client.get_or_init(|| (self.build)(&self.source))
    }
}

/// Builds the client of a service crate with the recorder attached.
macro_rules! lazy_client {
    ($source:expr, $sdk:ident) => {
        $crate::aws::client::Lazy::new($source, |source| {
            let config = $sdk::config::Builder::from(&*source.config).interceptor(source.recorder.clone()).build();
            $sdk::Client::from_conf(config)
        })
    };
}
pub(super) use lazy_client;

/// An SDK instant as the domain's.
pub(super) fn time(at: Option<&SmithyTime>) -> Option<DateTime<Utc>> {
    at.and_then(|at| at.to_millis().ok()).and_then(DateTime::from_timestamp_millis)
}
