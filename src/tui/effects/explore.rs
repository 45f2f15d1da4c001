//! What the Explore pane asks for: the table, its columns at a glance, pictures, and files of them.

use std::future::Future;
use std::sync::Arc;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{Runner, broken, renew};
use crate::app::Msg;
use crate::app::explore::{Ask, Msg as Heard};
use crate::ops::exploration::{self, Found};
use crate::ops::{Context, OpError};
use crate::tui::images;

/// Questions of which only the newest of a kind counts: a new one cancels the old one, at the service too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Lane {
    Table,
    Previews,
    Picture,
}

impl Runner {
    pub(super) fn explore(&self, mut context: Context, ask: Ask) {
        match ask {
            Ask::Open { ticket, engine } => {
                context.cancel = self.newest(Lane::Table);
                self.job(
                    async move { Msg::Explore(Heard::Opened(ticket, exploration::table(&context, engine).await.map(Arc::new))) },
                    move || Msg::Explore(Heard::Opened(ticket, Err(broken("could not read the table")))),
                );
            }
            Ask::Preview { ticket, table } => {
                context.cancel = self.newest(Lane::Previews);
                self.job(
                    async move { Msg::Explore(Heard::Previewed(ticket, exploration::previews(&context, &table).await.map(Arc::new))) },
                    move || Msg::Explore(Heard::Previewed(ticket, Err(broken("could not look at the columns")))),
                );
            }
            Ask::Find { ticket, table, subject, after } => {
                context.cancel = self.newest(Lane::Picture);
                let instead = subject.clone();
                let cancel = context.cancel.clone();
                let job = async move {
                    let answer = unless_newer(&cancel, sleep(after), exploration::find(&context, &table, &subject)).await;
                    Msg::Explore(Heard::Found(ticket, subject.clone(), answer.map(Arc::new)))
                };
                self.job(job, move || Msg::Explore(Heard::Found(ticket, instead, Err(broken("could not explore the data")))));
            }
            Ask::Draw { ticket, found, order } => {
                let protocol = images::protocol(&self.shared.settings.screen.images, |name| std::env::var(name).ok());
                let instead = order.clone();
                let job = self.shared.handle.spawn_blocking(move || {
                    let image = images::draw(protocol, &found, &order);
                    Msg::Explore(Heard::Drawn(ticket, order, image.map(Arc::new)))
                });
                let failed = move || Msg::Explore(Heard::Drawn(ticket, instead, Err("the program made a mistake".to_owned())));
                let lost = failed.clone();
                self.job(async move { job.await.unwrap_or_else(|_| lost()) }, failed);
            }
            Ask::Save { ticket, found } => {
                let job = self.shared.handle.spawn_blocking(move || save(&found));
                let job = async move { Msg::Explore(Heard::Saved(ticket, job.await.unwrap_or_else(|error| Err(error.to_string())))) };
                self.job(job, move || Msg::Explore(Heard::Saved(ticket, Err("the program made a mistake".to_owned()))));
            }
            Ask::Cancel => self.shared.slots.lock().explore.values().for_each(CancellationToken::cancel),
        }
    }

    fn newest(&self, lane: Lane) -> CancellationToken {
        renew(self.shared.slots.lock().explore.entry(lane).or_default())
    }
}

/// Does something after a wait, unless a newer question comes meanwhile.
async fn unless_newer<T>(
    cancel: &CancellationToken,
    wait: impl Future<Output = ()>,
    work: impl Future<Output = Result<T, OpError>>,
) -> Result<T, OpError> {
    match cancel.run_until_cancelled(wait).await {
        Some(()) => work.await,
        None => Err(OpError::cancelled("could not explore the table")),
    }
}

/// Into the folder that the program was started in.
fn save(found: &Found) -> Result<[std::path::PathBuf; 2], String> {
    let folder = std::env::current_dir().map_err(|error| format!("the current folder is not known: {error}"))?;
    exploration::save_beside(found, &folder).map_err(|error| error.to_string())
}
