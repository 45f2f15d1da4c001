//! The embedded AWS: services that answer the SDK's signed requests inside the process, on real data, kept on disk.
//!
//! [`service`] says what a service is, [`account`] holds what services share, [`services`] has one file or folder per service, [`iam`]
//! decides what roles may do, [`engine`] is the SQL engine of the warehouse and the lake, [`ml`] trains and scores. [`connector`] plugs all
//! of it into the SDK, [`socket`] lets a second process use the account that this one owns.

use crate as local;
use shiftdeck_demo as demo;
pub use shiftdeck_ml as ml;
use shiftdeck_syntax as syntax;

pub mod account;
pub mod checkpoint;
pub mod connector;
pub mod engine;
pub mod iam;
mod lock;
pub mod objects;
mod owner;
pub mod pace;
pub mod results;
pub mod router;
pub mod server;
pub mod service;
pub mod services;
pub mod socket;
pub mod store;
mod threads;
pub mod transport;

pub use lock::is_left;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use parking_lot::RwLock;

use crate::demo::clock::SharedClock;
use engine::SqlError;
use lock::{Lock, Locking};
use objects::ObjectError;
use owner::Owner;
use pace::Pace;
use service::{Request, Response};
use socket::Guest;
use store::StoreError;
use transport::{Transport, TransportError};

/// The id of every embedded account.
pub const ACCOUNT_ID: &str = "000000000000";

/// How to open an embedded account.
#[derive(Debug, Clone)]
pub struct Options {
    /// The state directory; made when it does not exist.
    pub state_dir: PathBuf,
    /// The region that resources are in.
    pub region: String,
    /// How long waits last.
    pub pace: Pace,
    /// Time.
    pub clock: SharedClock,
    /// How long another process that owns the directory may take to answer; [`PATIENCE`] is a good one.
    pub patience: Duration,
}

/// How long the owner of a state directory may ordinarily take: it may be busy, or just be opening or closing the account.
pub const PATIENCE: Duration = Duration::from_secs(3);

/// Why an embedded account cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// The state cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The objects cannot be opened.
    #[error(transparent)]
    Objects(#[from] ObjectError),
    /// IAM, STS or Secrets Manager cannot be opened.
    #[error(transparent)]
    Generic(#[from] services::generic::GenericError),
    /// The warehouse and the lake cannot be opened.
    #[error(transparent)]
    Engine(#[from] SqlError),
    /// The operating system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// File or directory.
        path: PathBuf,
        /// Reason.
        source: io::Error,
    },
    /// Another process owns the state directory and does not answer.
    #[error(
        "{} is in use by {}, which does not answer; end it, or choose another directory with --state-dir",
        state_dir.display(),
        pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
    )]
    Busy {
        /// The state directory.
        state_dir: PathBuf,
        /// The owner, when it has said who it is.
        pid: Option<u32>,
    },
    /// Another process owns the state directory, and what was asked for needs it alone.
    #[error(
        "{} is in use by {}; close it, then try again",
        state_dir.display(),
        pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
    )]
    InUse {
        /// The state directory.
        state_dir: PathBuf,
        /// The owner, when it has said who it is.
        pid: Option<u32>,
    },
    /// A server was asked to listen where others can reach it.
    #[error("{0} is not a loopback address; the embedded AWS is for this machine alone and listens on 127.0.0.1 or [::1] only")]
    NotLoopback(SocketAddr),
    /// The port is taken or not allowed.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: String,
        /// Reason.
        source: io::Error,
    },
    /// A checkpoint cannot be made or found.
    #[error("{0}")]
    Checkpoint(String),
    /// A defect.
    #[error("the embedded AWS failed while it was opened: {0}")]
    Failed(String),
}

/// An embedded account that can be used: owned by this process, or by another one that answers. Clones share it.
#[derive(Clone)]
pub struct Opened {
    shared: Arc<Shared>,
}

struct Shared {
    options: Options,
    link: RwLock<Link>,
    /// Held while a lost owner is replaced.
    replacing: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
enum Link {
    Owner(Arc<Owner>),
    Guest(Arc<Guest>),
    Closed,
}

/// Opens the account of a state directory: as its owner, or as a guest of the process that owns it.
pub async fn open(options: Options) -> Result<Opened, LocalError> {
    use std::os::unix::fs::DirBuilderExt;
    let directory = &options.state_dir;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory);
    made.map_err(|source| LocalError::Io { path: directory.clone(), source })?;
    // Relative paths would lead elsewhere when the process changes its directory, and give the socket another name.
    let state_dir = std::fs::canonicalize(directory).map_err(|source| LocalError::Io { path: directory.clone(), source })?;
    let options = Options { state_dir, ..options };
    let link = connect(&options).await?;
    Ok(Opened { shared: Arc::new(Shared { options, link: RwLock::new(link), replacing: tokio::sync::Mutex::default() }) })
}

async fn connect(options: &Options) -> Result<Link, LocalError> {
    let started = Instant::now();
    loop {
        let owner = match Lock::acquire(&options.state_dir)? {
            Locking::Ours(lock) => return Ok(Link::Owner(Arc::new(Owner::open(options, lock).await?))),
            Locking::Theirs(owner) => owner,
        };
        let pid = owner.as_ref().map(|owner| owner.pid);
        if let Some(owner) = owner {
            match Guest::connect(owner.socket, options.patience).await {
                Ok(guest) => return Ok(Link::Guest(Arc::new(guest))),
                Err(error) => tracing::debug!(%error, "the owner of the state directory does not answer"),
            }
        }
        if started.elapsed() > options.patience {
            return Err(LocalError::Busy { state_dir: options.state_dir.clone(), pid });
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

impl Opened {
    /// The SDK's HTTP client for this account.
    pub fn http_client(&self) -> connector::EmbeddedHttp {
        connector::EmbeddedHttp::new(self.transport())
    }

    /// The SDK configuration that leads to this account. Its credentials are made up: no signature is checked.
    pub fn sdk_config(&self) -> SdkConfig {
        let credentials = Credentials::new("AKIASHIFTDECKLOCAL00", "the-embedded-account-checks-no-signature", None, None, "shiftdeck");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.region().to_owned()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(self.http_client())
            .retry_config(RetryConfig::standard().with_initial_backoff(Duration::from_millis(20)))
            // A statement or an invocation may compute as long as it needs.
            .timeout_config(TimeoutConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build()
    }

    /// The account id.
    pub fn account_id(&self) -> &'static str {
        ACCOUNT_ID
    }

    /// The region.
    pub fn region(&self) -> &str {
        &self.shared.options.region
    }

    /// Whether this process owns the account.
    pub fn is_owner(&self) -> bool {
        matches!(*self.shared.link.read(), Link::Owner(_))
    }

    /// What the services share, when this process owns the account.
    pub fn account(&self) -> Option<account::Account> {
        match &*self.shared.link.read() {
            Link::Owner(owner) => Some(owner.account().clone()),
            _ => None,
        }
    }

    /// Changes how long waits last, also those that have begun; gives whether this process owns the account, whose waits it can change.
    pub fn set_pace(&self, pace: Pace) -> bool {
        let account = self.account();
        if let Some(account) = &account {
            account.pace.set(pace, account.clock.now());
        }
        account.is_some()
    }

    /// The way to this account's services. Nothing on it checks a signature.
    pub fn transport(&self) -> Arc<dyn Transport> {
        Arc::clone(&self.shared) as Arc<dyn Transport>
    }

    /// Stops what runs in this process, keeps its state and gives the directory free. Requests fail from then on.
    pub async fn close(&self) {
        let link = std::mem::replace(&mut *self.shared.link.write(), Link::Closed);
        if let Link::Owner(owner) = link {
            owner.close().await;
        }
    }
}

impl Shared {
    /// Finds or becomes the new owner after the process behind `lost` has gone.
    async fn replace(&self, lost: &Arc<Guest>) -> Result<(), LocalError> {
        let _one_at_a_time = self.replacing.lock().await;
        let replaced = !matches!(&*self.link.read(), Link::Guest(guest) if Arc::ptr_eq(guest, lost));
        if replaced {
            return Ok(());
        }
        let next = connect(&self.options).await?;
        let mut link = self.link.write();
        if !matches!(*link, Link::Closed) {
            *link = next;
        }
        Ok(())
    }

    async fn replace_or_log(&self, lost: &Arc<Guest>) {
        if let Err(error) = self.replace(lost).await {
            tracing::warn!(%error, "the owner of the embedded AWS is gone and cannot be replaced");
        }
    }
}

#[async_trait]
impl Transport for Shared {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let link = self.link.read().clone();
        let guest = match link {
            Link::Owner(owner) => return owner.transport().send(request).await,
            Link::Closed => return Err(TransportError::Closed),
            Link::Guest(guest) => guest,
        };
        match guest.send(request.clone()).await {
            Err(TransportError::NotConnected(reason)) => {
                self.replace_or_log(&guest).await;
                let link = self.link.read().clone();
                match link {
                    // The request was never sent, so sending it to the new owner cannot do anything twice.
                    Link::Owner(owner) => owner.transport().send(request).await,
                    Link::Guest(other) if !Arc::ptr_eq(&other, &guest) => other.send(request).await,
                    Link::Guest(_) => Err(TransportError::NotConnected(reason)),
                    Link::Closed => Err(TransportError::Closed),
                }
            }
            Err(TransportError::Lost(reason)) => {
                // It may have been carried out: whether to send it again is the SDK's decision.
                self.replace_or_log(&guest).await;
                Err(TransportError::Lost(reason))
            }
            answered => answered,
        }
    }
}
