//! The account in this process: its runtime, its services, its socket.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UnixListener;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::account::{Account, Services};
use super::engine::Engine;
use super::iam::Authority;
use super::lock::{Lock, OwnerRecord};
use super::objects::Objects;
use super::pace::Tempo;
use super::router::Router;
use super::store::Store;
use super::threads::Threads;
use super::transport::{InProcess, Transport};
use super::{ACCOUNT_ID, LocalError, Options, checkpoint, server, services, socket};

/// How long services may take to stop what they do.
const PATIENCE: Duration = Duration::from_secs(1);

/// An account that is owned by this process.
pub(super) struct Owner {
    router: Arc<Router>,
    transport: Arc<InProcess>,
    account: Account,
    stop: CancellationToken,
    socket: Option<PathBuf>,
    threads: parking_lot::Mutex<Option<Threads>>,
    lock: parking_lot::Mutex<Option<Lock>>,
}

impl Owner {
    /// Opens the account of a state directory whose lock is held.
    pub(super) async fn open(options: &Options, mut lock: Lock) -> Result<Self, LocalError> {
        checkpoint::recover(&options.state_dir)?;
        let threads = Threads::start().map_err(|source| LocalError::Io { path: options.state_dir.clone(), source })?;
        let handle = threads.requests();
        let opened = handle.spawn(open_services(options.clone(), threads.statements())).await;
        let (account, router) = match opened {
            Ok(Ok(opened)) => opened,
            Ok(Err(error)) => {
                threads.abandon();
                return Err(error);
            }
            Err(error) => {
                threads.abandon();
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
        let threads = parking_lot::Mutex::new(Some(threads));
        Ok(Owner { router, transport, account, stop, socket, threads, lock: parking_lot::Mutex::new(Some(lock)) })
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
        let threads = self.threads.lock().take();
        if let Some(threads) = threads {
            // Waiting for threads blocks, which a worker of the caller's runtime must not.
            if let Err(error) = tokio::task::spawn_blocking(move || threads.stop(PATIENCE)).await {
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
        if let Some(threads) = self.threads.lock().take() {
            threads.abandon();
        }
        self.release();
    }
}

async fn open_services(options: Options, statements: Handle) -> Result<(Account, Arc<Router>), LocalError> {
    let opened = options.clock.now();
    let store = Store::open(checkpoint::account_directory(&options.state_dir))?;
    let objects = Objects::open(&store, options.clock.clone())?;
    // Roles come first: what the engine takes up again is done as one.
    let authority = Authority::new(ACCOUNT_ID, &options.region);
    let iam = services::generic::Iam::open(store.clone(), ACCOUNT_ID.into(), authority.clone()).await?;
    // What the engine takes up again (a model that was training) belongs to the threads of statements.
    let opening = {
        let (store, objects, clock, authority) = (store.clone(), objects.clone(), options.clock.clone(), authority.clone());
        statements.spawn(async move { Engine::open_in(&store, objects, clock, authority).await })
    };
    let engine = opening.await.map_err(|error| LocalError::Failed(error.to_string()))??;
    let pace = Tempo::new(options.pace, opened);
    engine.set_pace(pace.clone());
    let logs = services::logs::LogStore::open(&store, options.clock.clone())?;
    let account = Account {
        id: ACCOUNT_ID.into(),
        region: options.region.into(),
        store,
        authority,
        objects,
        engine,
        statements,
        logs,
        pace,
        clock: options.clock,
        opened,
        services: Services::default(),
    };
    let services = services::open(&account, iam).await?;
    account.services.connect(&services);
    Ok((account, Arc::new(Router::new(services))))
}

fn listen(
    state_dir: &Path,
    lock: &mut Lock,
    runtime: &Handle,
    transport: Arc<InProcess>,
    stop: &CancellationToken,
) -> std::io::Result<PathBuf> {
    let path = socket::place(state_dir, socket::OWNER)?;
    let listener = socket::listen(&path)?;
    let listener = {
        let _entered = runtime.enter();
        UnixListener::from_std(listener)?
    };
    runtime.spawn(server::serve_socket(listener, transport as Arc<dyn Transport>, stop.clone()));
    lock.announce(&OwnerRecord { pid: std::process::id(), socket: path.clone() })?;
    Ok(path)
}
