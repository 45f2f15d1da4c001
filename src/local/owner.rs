//! The account in this process: its runtime, its services, its socket.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UnixListener;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use super::account::{Account, Services};
use super::engine::Engine;
use super::lock::{Lock, OwnerRecord};
use super::objects::Objects;
use super::router::Router;
use super::store::Store;
use super::transport::{InProcess, Transport};
use super::{ACCOUNT_ID, LocalError, Options, checkpoint, server, services, socket};

/// Threads of the embedded AWS. They are its own, so that the screen's are never busy with a statement.
const WORKERS: usize = 2;

/// Stack of a thread: planning a deeply nested statement recurses deeply, more so in an unoptimised build.
const STACK: usize = 8 << 20;

/// How long services may take to stop what they do.
const PATIENCE: Duration = Duration::from_secs(1);

/// An account that is owned by this process.
pub(super) struct Owner {
    router: Arc<Router>,
    transport: Arc<InProcess>,
    account: Account,
    stop: CancellationToken,
    socket: Option<PathBuf>,
    runtime: parking_lot::Mutex<Option<Runtime>>,
    lock: parking_lot::Mutex<Option<Lock>>,
}

impl Owner {
    /// Opens the account of a state directory whose lock is held.
    pub(super) async fn open(options: &Options, mut lock: Lock) -> Result<Self, LocalError> {
        checkpoint::recover(&options.state_dir)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .thread_name("shiftdeck-aws")
            .thread_stack_size(STACK)
            .enable_all()
            .build()
            .map_err(|source| LocalError::Io { path: options.state_dir.clone(), source })?;
        let handle = runtime.handle().clone();
        let opened = handle.spawn(open_services(options.clone())).await;
        let (account, router) = match opened {
            Ok(Ok(opened)) => opened,
            Ok(Err(error)) => {
                runtime.shutdown_background();
                return Err(error);
            }
            Err(error) => {
                runtime.shutdown_background();
                return Err(LocalError::Failed(error.to_string()));
            }
        };
        let transport = Arc::new(InProcess::new(Arc::clone(&router), handle.clone()));
        let stop = CancellationToken::new();
        let socket = match listen(&options.state_dir, &mut lock, &handle, Arc::clone(&transport), &stop) {
            Ok(path) => Some(path),
            Err(error) => {
                // The account works without it; only other processes cannot join.
                tracing::warn!(%error, "other processes cannot use this account");
                None
            }
        };
        let runtime = parking_lot::Mutex::new(Some(runtime));
        Ok(Owner { router, transport, account, stop, socket, runtime, lock: parking_lot::Mutex::new(Some(lock)) })
    }

    pub(super) fn transport(&self) -> Arc<InProcess> {
        Arc::clone(&self.transport)
    }

    pub(super) fn account(&self) -> &Account {
        &self.account
    }

    /// Stops what runs, and gives the state directory free.
    pub(super) async fn close(&self) {
        self.stop.cancel();
        let stopping = self.router.services().map(|service| tokio::time::timeout(PATIENCE, service.shutdown()));
        if futures::future::join_all(stopping).await.iter().any(Result::is_err) {
            tracing::warn!("an embedded service did not stop in time");
        }
        let runtime = self.runtime.lock().take();
        if let Some(runtime) = runtime {
            // Waiting for threads blocks, which a worker of the caller's runtime must not.
            if let Err(error) = tokio::task::spawn_blocking(move || runtime.shutdown_timeout(PATIENCE)).await {
                tracing::warn!(%error, "the threads of the embedded AWS did not end");
            }
        }
        self.release();
    }

    fn release(&self) {
        let held = self.lock.lock().take();
        if let (Some(_), Some(path)) = (&held, &self.socket)
            && let Err(error) = std::fs::remove_file(path)
        {
            tracing::debug!(%error, "the socket was gone already");
        }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(runtime) = self.runtime.lock().take() {
            runtime.shutdown_background();
        }
        self.release();
    }
}

async fn open_services(options: Options) -> Result<(Account, Arc<Router>), LocalError> {
    let opened = options.clock.now();
    let store = Store::open(checkpoint::account_directory(&options.state_dir))?;
    let objects = Objects::open(&store, options.clock.clone())?;
    let engine = Engine::open(&store, objects.clone(), options.clock.clone()).await?;
    engine.set_pace(options.pace);
    let logs = services::logs::LogStore::open(&store, options.clock.clone())?;
    let account = Account {
        id: ACCOUNT_ID.into(),
        region: options.region.into(),
        store,
        objects,
        engine,
        logs,
        pace: options.pace,
        clock: options.clock,
        opened,
        services: Services::default(),
    };
    let services = services::open(&account).await?;
    account.services.connect(&services);
    Ok((account, Arc::new(Router::new(services))))
}

fn listen(
    state_dir: &Path,
    lock: &mut Lock,
    runtime: &tokio::runtime::Handle,
    transport: Arc<InProcess>,
    stop: &CancellationToken,
) -> std::io::Result<PathBuf> {
    let path = socket::path_for(state_dir)?;
    let listener = socket::listen(&path)?;
    let listener = {
        let _entered = runtime.enter();
        UnixListener::from_std(listener)?
    };
    runtime.spawn(server::serve_socket(listener, transport as Arc<dyn Transport>, stop.clone()));
    lock.announce(&OwnerRecord { pid: std::process::id(), socket: path.clone() })?;
    Ok(path)
}
