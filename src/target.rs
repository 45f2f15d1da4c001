//! Builds the SDK configuration of a target; nothing else knows which target is in use.
//!
//! What only the embedded account has (`reset`, checkpoints, `serve`) is reached through this module too, so that nothing else uses
//! [`crate::local`]. What records and what plays is put in here as well, so that nothing else knows of it.

mod recorded;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use chrono::{DateTime, Utc};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::aws::activity::ApiCall;
use crate::aws::{AwsError, AwsErrorKind, Gateways, Polling};
use crate::config::Settings;
use crate::config::settings::TargetKind;
use crate::demo::clock::SharedClock;
use crate::demo::scenario::Scenario;
use crate::demo::step::Step;
use crate::local::checkpoint::{self, Checkpoint};
use crate::local::pace::Pace;
use crate::local::{self, LocalError, Opened, Options};
use crate::ops::{self, Context, OpError, OpErrorKind};
use crate::recording::connector::RecordingHttp;
use crate::recording::player::Player;
use crate::recording::writer::Recorder;
pub use crate::serve::Addresses;
use crate::serve::Ports;
pub use crate::serve::keys::AccessKey;
use crate::serve::keys::{KeyError, Keys};
use crate::serve::outside::Listener;
pub use crate::serve::postgres::Certificate;
pub use recorded::{Played, as_fallback, end_recordings, played, settings_of};

/// API calls that a slow listener may lag behind before it loses the oldest.
const CALLS_KEPT: usize = 1024;

/// How long connecting to a service may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long one attempt of a call may take.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(90);

/// Attempts of a call, the first one included.
const ATTEMPTS: u32 = 5;

/// An opened target: the account, who the caller is in it, and what crosses to it.
#[derive(Clone)]
pub struct Connection {
    /// Which target it is.
    pub kind: TargetKind,
    /// The account's gateways.
    pub gateways: Arc<Gateways>,
    /// The names of this demonstration in that account.
    pub scenario: Arc<Scenario>,
    /// Account id.
    pub account: String,
    /// The account's alias, where it has one that the caller may read.
    pub alias: Option<String>,
    /// The last part of the caller's ARN: a user, or the name of a session of a role, which most companies make from the user's address.
    user: String,
    /// What has to be typed before anything is done in this account; `None` where nothing has to be.
    pub production: Option<String>,
    /// Every API call, as it ends.
    pub calls: broadcast::Sender<ApiCall>,
    /// The embedded account, which lives as long as something holds it.
    embedded: Option<Opened>,
    /// What the calls are signed with.
    credentials: Option<SharedCredentialsProvider>,
    /// What records the calls.
    recorder: Option<Recorder>,
    /// What answers them from a recording.
    player: Option<Player>,
}

/// Opens the target of the settings. `pace` is what `local.pace` falls back to.
pub async fn open(settings: &Settings, clock: SharedClock, pace: Pace) -> Result<Connection, OpError> {
    let kind = settings.aws.target;
    let recorder = recorded::recorder(settings, &clock)?;
    let mut player = None;
    let (config, polling, embedded) = match kind {
        TargetKind::Local => {
            let embedded = open_embedded(settings, clock, pace).await?;
            (embedded.sdk_config(), Polling::LOCAL, Some(embedded))
        }
        TargetKind::Aws => (aws_config(settings).await?, Polling::AWS, None),
        TargetKind::Replay => {
            let (opened, polling) = recorded::player(settings, clock, pace).await?;
            (player.insert(opened).sdk_config(), polling, None)
        }
    };
    let config = match &recorder {
        Some(recorder) => {
            let recording = RecordingHttp::over(config.http_client(), recorder.clone());
            config.into_builder().http_client(recording).build()
        }
        None => config,
    };
    let (calls, _) = broadcast::channel(CALLS_KEPT);
    let gateways = Arc::new(Gateways::new(&config, calls.clone(), polling));
    let alias = async {
        match kind {
            TargetKind::Aws => gateways.roles.account_alias().await,
            _ => Ok(None),
        }
    };
    let (caller, alias) = tokio::join!(gateways.identity.caller(), alias);
    let caller = caller.map_err(|error| no_identity(settings, &error))?;
    // Who may not read the alias is told by the id alone.
    let alias = alias.unwrap_or_else(|error| {
        tracing::info!(%error, "the alias of the account is not known");
        None
    });
    let production = match kind {
        TargetKind::Aws => ops::production::phrase(settings, &caller.account, alias.as_deref()),
        _ => None,
    };
    let scenario = Arc::new(settings.scenario(&caller.account));
    let user = caller.arn.rsplit('/').next().unwrap_or_default().to_owned();
    let credentials = config.credentials_provider();
    if let Some(recorder) = &recorder {
        recorded::begin(recorder, settings, &caller.account, &user);
    }
    let account = caller.account;
    Ok(Connection { kind, gateways, scenario, account, alias, user, production, calls, embedded, credentials, recorder, player })
}

impl Connection {
    /// A context for one operation, with the receiver of its events.
    pub fn context(
        &self,
        settings: Arc<Settings>,
        clock: SharedClock,
    ) -> (Context, tokio::sync::mpsc::UnboundedReceiver<crate::demo::event::Event>) {
        let (progress, events) = tokio::sync::mpsc::unbounded_channel();
        let context = Context {
            gateways: Arc::clone(&self.gateways),
            settings,
            scenario: Arc::clone(&self.scenario),
            clock,
            progress: recorded::progress(progress, self.recorder.as_ref(), self.player.as_ref()),
            cancel: CancellationToken::new(),
        };
        (context, events)
    }

    /// What nobody but the user needs to see: the account's id, and the user's own name.
    pub fn private(&self) -> Vec<String> {
        match self.kind {
            // A user of the program's own name would take that off the screen.
            TargetKind::Aws if self.user == env!("CARGO_PKG_NAME") => vec![self.account.clone()],
            TargetKind::Aws => vec![self.account.clone(), self.user.clone()],
            // The user of the embedded account is nobody.
            TargetKind::Local | TargetKind::Replay => vec![self.account.clone()],
        }
    }

    /// The recording that answers, on the target `replay`.
    pub fn played(&self) -> Option<Played> {
        self.player.as_ref().map(recorded::of_player)
    }

    /// Puts the recording that answers to where a step begins, or, when it does not have the step, to its end. Nothing on other targets.
    pub fn play_from(&self, step: Step) {
        if let Some(player) = &self.player
            && !player.to_step(step.name())
        {
            player.to_end();
        }
    }

    /// Whether this process holds the embedded account itself, rather than using another process's.
    pub fn owns_account(&self) -> bool {
        self.embedded.as_ref().is_some_and(Opened::is_owner)
    }

    /// Whether another process holds the embedded account, and answers for it.
    pub fn is_held_elsewhere(&self) -> bool {
        self.kind == TargetKind::Local && !self.owns_account()
    }

    /// Changes how long the waits of the embedded account last, also those that have begun; gives whether it could: only the process that holds
    /// the account can, and no other target has a pace.
    pub fn set_pace(&self, pace: Pace) -> bool {
        self.embedded.as_ref().is_some_and(|embedded| embedded.set_pace(pace))
    }

    /// When the login ends that the calls are signed with, as far as it tells: a chain that renews itself gives a later time when asked again.
    /// `None` for keys without an end, and on the embedded account.
    ///
    /// # Errors
    /// When there is no login any more; a sentence.
    pub async fn login_ends(&self) -> Result<Option<DateTime<Utc>>, String> {
        match (&self.credentials, self.kind) {
            (Some(provider), TargetKind::Aws) => {
                let credentials = provider.provide_credentials().await.map_err(|error| causes(&error))?;
                Ok(credentials.expiry().map(DateTime::from))
            }
            _ => Ok(None),
        }
    }

    /// Stops what the embedded account still does and gives its state directory free. Nothing to do on the other targets.
    pub async fn close(&self) {
        if let Some(embedded) = &self.embedded {
            embedded.close().await;
        }
    }
}

/// Where the embedded account is kept.
pub fn state_dir(settings: &Settings) -> Result<PathBuf, OpError> {
    settings.local.state_dir.clone().ok_or_else(|| OpError {
        kind: OpErrorKind::Usage,
        resource: None,
        what: "could not find a place for the embedded AWS".into(),
        why: "neither XDG_DATA_HOME nor HOME is set".into(),
        fix: Some("name a directory with `--state-dir`, or set `local.state_dir`".into()),
    })
}

/// Puts the embedded account back to a fresh one. Checkpoints stay.
pub fn reset(settings: &Settings) -> Result<(), OpError> {
    only_local(settings, "could not reset")?;
    checkpoint::reset(&state_dir(settings)?).map_err(|error| embedded_error("could not reset the embedded AWS", &error))
}

/// Removes what processes that were killed have left of accounts of a moment: the directories in `home` whose name begins so and that nobody uses.
///
/// # Errors
/// When they cannot be listed or removed.
pub fn remove_left(home: &Path, prefix: &str) -> std::io::Result<()> {
    for entry in std::fs::read_dir(home)? {
        let path = entry?.path();
        let named = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix));
        if named && path.is_dir() && local::is_left(&path) {
            std::fs::remove_dir_all(&path)?;
        }
    }
    Ok(())
}

/// Saves the embedded account under a name.
pub fn checkpoint_save(settings: &Settings, name: &str, clock: &SharedClock) -> Result<Checkpoint, OpError> {
    only_local(settings, "could not save a checkpoint")?;
    checkpoint::save(&state_dir(settings)?, name, clock).map_err(|error| embedded_error("could not save the checkpoint", &error))
}

/// Makes the embedded account what it was when `name` was saved.
pub fn checkpoint_restore(settings: &Settings, name: &str) -> Result<Checkpoint, OpError> {
    only_local(settings, "could not restore a checkpoint")?;
    checkpoint::restore(&state_dir(settings)?, name).map_err(|error| embedded_error("could not restore the checkpoint", &error))
}

/// The checkpoints of the embedded account, oldest first.
pub fn checkpoint_list(settings: &Settings) -> Result<Vec<Checkpoint>, OpError> {
    only_local(settings, "could not list checkpoints")?;
    checkpoint::list(&state_dir(settings)?).map_err(|error| embedded_error("could not list the checkpoints", &error))
}

/// Where the embedded account is served, and what callers sign with.
pub struct Served {
    /// The addresses.
    pub addresses: Addresses,
    /// The key.
    pub key: AccessKey,
    /// The certificate that clients of the warehouse can check, when they may have TLS.
    pub certificate: Option<Certificate>,
}

/// Serves the embedded account on loopback addresses until `stop`. Callers sign with `key`, or with one that is made once for the state
/// directory. `ready` is called once it listens.
pub async fn serve(
    settings: &Settings,
    clock: SharedClock,
    pace: Pace,
    addresses: Addresses,
    key: Option<AccessKey>,
    stop: CancellationToken,
    ready: impl FnOnce(Served),
) -> Result<(), OpError> {
    only_local(settings, "could not serve")?;
    let embedded = open_embedded(settings, clock.clone(), pace).await?;
    let opened = match Keys::open(&state_dir(settings)?, key) {
        Ok(keys) => {
            let key = keys.own().clone();
            let ports = Ports::open(&embedded, keys, clock, addresses).await;
            ports.map(|ports| (ports, key)).map_err(|error| embedded_error("could not serve the embedded AWS", &error))
        }
        Err(error) => Err(key_error(&error)),
    };
    let served = match opened {
        Ok((ports, key)) => {
            ready(Served { addresses: ports.addresses(), key, certificate: ports.certificate().cloned() });
            ports.run(stop).await;
            Ok(())
        }
        Err(error) => Err(error),
    };
    embedded.close().await;
    served
}

/// What other programs ask of the embedded account that the screen shows.
pub struct Outside(Listener);

impl Outside {
    /// Listens; `None` on the other targets, and where no socket can be made, which the log tells: the screen works without it.
    pub fn open(settings: &Settings) -> Option<Self> {
        if settings.aws.target != TargetKind::Local {
            return None;
        }
        match Listener::open(&state_dir(settings).ok()?) {
            Ok(listener) => Some(Outside(listener)),
            Err(error) => {
                tracing::warn!(%error, "requests of other programs will not be shown");
                None
            }
        }
    }

    /// The next call that another program has made; `None` when there are no more.
    pub async fn next(&self) -> Option<ApiCall> {
        match self.0.next().await {
            Ok(call) => Some(ApiCall {
                at: call.at,
                service: call.service,
                operation: call.operation,
                duration: call.duration,
                error: call.error,
                reached: true,
                from: Some(call.from),
            }),
            Err(error) => {
                tracing::warn!(%error, "requests of other programs are not shown any more");
                None
            }
        }
    }
}

fn key_error(error: &KeyError) -> OpError {
    OpError {
        kind: OpErrorKind::Failed,
        resource: None,
        what: "could not make the key that callers sign with".into(),
        why: error.to_string(),
        fix: Some("choose a directory that can be written with `--state-dir`".into()),
    }
}

async fn open_embedded(settings: &Settings, clock: SharedClock, pace: Pace) -> Result<Opened, OpError> {
    let options = Options {
        state_dir: state_dir(settings)?,
        region: settings.aws.region.clone(),
        pace: settings.local.pace.unwrap_or(pace),
        clock,
        patience: local::PATIENCE,
    };
    local::open(options).await.map_err(|error| embedded_error("could not open the embedded AWS", &error))
}

fn only_local(settings: &Settings, what: &str) -> Result<(), OpError> {
    if settings.aws.target == TargetKind::Local {
        return Ok(());
    }
    let why = match settings.aws.target {
        TargetKind::Replay => "a recording stays as it is: only the embedded AWS can do this",
        _ => "only the embedded AWS can do this",
    };
    Err(OpError {
        kind: OpErrorKind::Usage,
        resource: None,
        what: what.to_owned(),
        why: why.into(),
        fix: Some("add `--target local`".into()),
    })
}

fn embedded_error(what: &str, error: &LocalError) -> OpError {
    let (kind, fix) = match error {
        LocalError::Busy { .. } | LocalError::InUse { .. } => (OpErrorKind::Precondition, None),
        LocalError::NotLoopback(_) | LocalError::Checkpoint(_) => (OpErrorKind::Usage, None),
        LocalError::Listen { .. } => (OpErrorKind::Failed, Some("choose another port with `--addr`")),
        LocalError::Io { .. } => (OpErrorKind::Failed, Some("choose a directory that can be written with `--state-dir`")),
        LocalError::Store(_) | LocalError::Objects(_) | LocalError::Engine(_) | LocalError::Generic(_) => {
            (OpErrorKind::Failed, Some("if the state cannot be repaired, `shiftdeck reset` begins with a fresh account"))
        }
        LocalError::Failed(_) => (OpErrorKind::Failed, None),
    };
    OpError { kind, resource: None, what: what.to_owned(), why: error.to_string(), fix: fix.map(ToOwned::to_owned) }
}

/// The configuration of an account on AWS, by the standard chain. `AWS_ENDPOINT_URL` is part of that chain.
async fn aws_config(settings: &Settings) -> Result<SdkConfig, OpError> {
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).operation_attempt_timeout(ATTEMPT_TIMEOUT).build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(timeouts);
    if !settings.aws.region.is_empty() {
        loader = loader.region(Region::new(settings.aws.region.clone()));
    }
    if !settings.aws.profile.is_empty() {
        loader = loader.profile_name(&settings.aws.profile);
    }
    let config = loader.load().await;
    let found = match config.credentials_provider() {
        Some(provider) => provider.provide_credentials().await.map(drop),
        None => Err(CredentialsError::not_loaded("no provider is configured")),
    };
    found.map_err(|error| no_credentials(settings, &error))?;
    Ok(config)
}

fn no_credentials(settings: &Settings, error: &CredentialsError) -> OpError {
    let profile = match settings.aws.profile.as_str() {
        "" => "the default credential chain".to_owned(),
        profile => format!("the profile `{profile}`"),
    };
    let why = match error {
        CredentialsError::CredentialsNotLoaded(_) => format!("{profile} has none"),
        CredentialsError::ProviderTimedOut(_) => format!("{profile} did not answer in time"),
        other => format!("{profile}: {}", causes(other)),
    };
    OpError {
        kind: OpErrorKind::LoginEnded,
        resource: None,
        what: "could not find AWS credentials".into(),
        why,
        fix: Some(sign_in(settings)),
    }
}

/// The command that renews the login, for a shell.
pub fn login_command(settings: &Settings) -> String {
    match settings.aws.profile.as_str() {
        "" => "aws sso login".to_owned(),
        // A profile's name may have anything in it but brackets and line ends.
        profile => format!("aws sso login --profile '{}'", profile.replace('\'', r"'\''")),
    }
}

fn sign_in(settings: &Settings) -> String {
    let profile = if settings.aws.profile.is_empty() { String::new() } else { format!(" --profile {}", settings.aws.profile) };
    format!(
        "sign in with `aws configure sso` or `aws sso login{profile}`, choose another `--profile`, or use `--target local`, which needs none"
    )
}

/// An error with what caused it, joined to one sentence.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

fn no_identity(settings: &Settings, error: &AwsError) -> OpError {
    let (kind, fix) = match error.kind {
        AwsErrorKind::Expired => (OpErrorKind::LoginEnded, Some(sign_in(settings))),
        AwsErrorKind::AccessDenied => (OpErrorKind::Precondition, Some(sign_in(settings))),
        AwsErrorKind::Network => {
            let fix =
                format!("check the network and the region `{}`, or use `--target local`, which needs no network", settings.aws.region);
            (OpErrorKind::Precondition, Some(fix))
        }
        _ => (OpErrorKind::Failed, None),
    };
    OpError { kind, resource: None, what: "could not find out whose account this is".into(), why: error.to_string(), fix }
}
