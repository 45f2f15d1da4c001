//! An embedded account in a temporary directory.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod answers;
pub mod sql;
pub mod tables;
pub mod warehouse;
pub mod watched;

use std::sync::Arc;

use aws_config::SdkConfig;
use serde_json::{Value, json};
use shiftdeck::aws::{Gateways, Polling};
use shiftdeck::config::Settings;
use shiftdeck::demo::clock::{SharedClock, SystemClock};
use shiftdeck::demo::event::{Event, EventKind};
use shiftdeck::local::pace::Pace;
use shiftdeck::local::{self, Opened, Options};
use shiftdeck::ops::{Context, OpError, OpErrorKind};
use tempfile::TempDir;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_util::sync::CancellationToken;

/// Region of the tests.
pub const REGION: &str = "us-east-1";

/// An embedded account; its directory goes with it.
pub struct TestAccount {
    /// The account, owned by this process.
    pub opened: Opened,
    /// Its state directory.
    pub directory: TempDir,
}

/// A fresh account at pace `instant`.
pub async fn account() -> TestAccount {
    account_at(Pace::Instant).await
}

/// A fresh account at a pace.
pub async fn account_at(pace: Pace) -> TestAccount {
    let directory = tempfile::tempdir().unwrap();
    let opened = local::open(options(directory.path(), pace)).await.unwrap();
    TestAccount { opened, directory }
}

/// How the tests open a state directory.
pub fn options(directory: &std::path::Path, pace: Pace) -> Options {
    Options { state_dir: directory.to_owned(), region: REGION.to_owned(), pace, clock: clock(), patience: local::PATIENCE }
}

/// The clock of the tests.
pub fn clock() -> SharedClock {
    Arc::new(SystemClock)
}

/// Gateways over a configuration.
pub fn gateways(config: &SdkConfig) -> Arc<Gateways> {
    let (calls, _) = tokio::sync::broadcast::channel(64);
    Arc::new(Gateways::new(config, calls, Polling::LOCAL))
}

impl TestAccount {
    /// What SDK clients are built from.
    pub fn sdk_config(&self) -> SdkConfig {
        self.opened.sdk_config()
    }

    /// The gateways of the account.
    pub fn gateways(&self) -> Arc<Gateways> {
        gateways(&self.sdk_config())
    }

    /// What operations need on the account, and the events that they tell.
    pub fn context(&self, settings: &Settings) -> (Context, UnboundedReceiver<Event>) {
        let (progress, events) = tokio::sync::mpsc::unbounded_channel();
        let context = Context {
            gateways: self.gateways(),
            settings: Arc::new(settings.clone()),
            scenario: Arc::new(settings.scenario(local::ACCOUNT_ID)),
            clock: clock(),
            progress: progress.into(),
            cancel: CancellationToken::new(),
        };
        (context, events)
    }

    /// Does something again and again, cancelled at its first, second, … word, until it comes through; fails after `most` words.
    pub async fn cancelled_at_every_word<T>(
        &self,
        settings: &Settings,
        most: usize,
        act: impl AsyncFn(&Context) -> Result<T, OpError>,
    ) -> T {
        for word in 1..=most {
            let (context, mut events) = self.context(settings);
            let cancel = context.cancel.clone();
            let listener = tokio::spawn(async move {
                let mut heard = 0;
                while let Some(event) = events.recv().await {
                    heard += usize::from(event.event == EventKind::Progress);
                    if heard == word {
                        cancel.cancel();
                    }
                }
            });
            let result = act(&context).await;
            drop(context);
            listener.await.unwrap();
            match result {
                Ok(done) => return done,
                Err(error) => assert_eq!(error.kind, OpErrorKind::Cancelled, "at word {word}: {error}"),
            }
        }
        panic!("it was cancelled {most} times and is not through");
    }

    /// Makes a role that a service may assume and that may do everything; gives its ARN.
    pub async fn role(&self, name: &str, service: &str) -> String {
        let iam = aws_sdk_iam::Client::new(&self.sdk_config());
        let document = |statement: Value| json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
        let trust = document(json!({ "Effect": "Allow", "Principal": { "Service": service }, "Action": "sts:AssumeRole" }));
        let everything = document(json!({ "Effect": "Allow", "Action": "*", "Resource": "*" }));
        let made = iam.create_role().role_name(name).assume_role_policy_document(trust).send().await.unwrap();
        iam.put_role_policy().role_name(name).policy_name("everything").policy_document(everything).send().await.unwrap();
        made.role().unwrap().arn().to_owned()
    }

    /// Closes the account and opens it again, as the next start of the program does.
    pub async fn reopen(self) -> TestAccount {
        self.reopen_at(Pace::Instant).await
    }

    /// Closes the account and opens it again at a pace.
    pub async fn reopen_at(self, pace: Pace) -> TestAccount {
        self.opened.close().await;
        let opened = local::open(options(self.directory.path(), pace)).await.unwrap();
        TestAccount { opened, directory: self.directory }
    }

    /// Closes the account.
    pub async fn close(self) {
        self.opened.close().await;
    }
}
