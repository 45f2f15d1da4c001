//! The files of a walkthrough while it is presented: read at the start, and again whenever one of them changes.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio::time::sleep;

use crate::app::walkthrough::script::File;
use crate::app::{Msg, walkthrough};
use crate::ops::stage::files::{self, Stamp};

/// How often the files are looked at.
pub const LOOK: Duration = Duration::from_millis(500);

/// Reads the files of a walkthrough.
///
/// # Errors
/// When the directory cannot be read.
pub fn read(directory: &Path) -> io::Result<Vec<File>> {
    Ok(files::read(directory)?.into_iter().map(|(name, text)| File { name, text }).collect())
}

/// Reads the files at once and after every change, until the screen has gone. A directory that is gone for a moment, as while a version is
/// checked out, leaves the text that was read.
pub async fn follow(directory: PathBuf, every: Duration, messages: UnboundedSender<Msg>) {
    let mut seen: Option<Vec<Stamp>> = None;
    while !messages.is_closed() {
        let (directory, before) = (directory.clone(), seen.clone());
        // Disks may be slow: on a thread of its own.
        let looked = tokio::task::spawn_blocking(move || {
            let stamps = files::stamps(&directory)?;
            if before.as_ref() == Some(&stamps) {
                return Ok(None);
            }
            read(&directory).map(|files| Some((stamps, files)))
        })
        .await;
        match looked {
            Ok(Ok(Some((stamps, files)))) => {
                seen = Some(stamps);
                if messages.send(Msg::Walkthrough(walkthrough::Msg::Script(files))).is_err() {
                    return;
                }
            }
            Ok(Ok(None)) => {}
            Ok(Err(error)) => {
                let error: io::Error = error;
                tracing::debug!(%error, "the walkthrough cannot be read now");
            }
            Err(error) => tracing::error!(%error, "reading the walkthrough ended badly"),
        }
        sleep(every).await;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[tokio::test]
    async fn a_change_is_read_and_calm_is_not() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("3-lake.md");
        std::fs::write(&path, "one").unwrap();
        let (sender, mut messages) = tokio::sync::mpsc::unbounded_channel();
        let task = tokio::spawn(follow(home.path().to_owned(), Duration::from_millis(2), sender));
        let text = |message: Msg| match message {
            Msg::Walkthrough(walkthrough::Msg::Script(files)) => files[0].text.clone().unwrap(),
            other => panic!("{other:?}"),
        };
        assert_eq!(text(messages.recv().await.unwrap()), "one");
        sleep(Duration::from_millis(30)).await;
        assert!(messages.try_recv().is_err());
        std::fs::write(&path, "three").unwrap();
        assert_eq!(text(messages.recv().await.unwrap()), "three");
        drop(messages);
        task.await.unwrap();
    }
}
