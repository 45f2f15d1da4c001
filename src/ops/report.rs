//! One run of a step: what it is given, and how it tells of its progress.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::{Context, OpError};
use crate::demo::event::{Event, EventKind};
use crate::demo::step::Step;

/// A step at work.
pub(super) struct Run<'a> {
    /// What it works with.
    pub context: &'a Context,
    step: Step,
    started: DateTime<Utc>,
}

impl<'a> Run<'a> {
    /// A run that begins now; `title` says what is begun.
    pub fn begin(context: &'a Context, step: Step, title: &str) -> Self {
        let run = Run { context, step, started: context.clock.now() };
        run.tell(EventKind::Started, None, title, Map::new());
        run
    }

    /// Something happened; `resource` is the one concerned. An error when the work was ended on demand, so that saying what comes next is
    /// also asking whether to go on.
    pub fn say(&self, resource: &str, message: impl AsRef<str>) -> Result<(), OpError> {
        let resource = (!resource.is_empty()).then(|| resource.to_owned());
        self.tell(EventKind::Progress, resource, message.as_ref(), Map::new());
        self.context.proceed(message.as_ref())
    }

    /// Something happened that has facts for programs. Who watches something that goes on by itself is told of it to the end.
    pub fn report(&self, resource: &str, message: impl AsRef<str>, detail: Map<String, Value>) {
        self.tell(EventKind::Progress, Some(resource.to_owned()), message.as_ref(), detail);
    }

    /// When the run began.
    pub fn began(&self) -> DateTime<Utc> {
        self.started
    }

    /// The end of the run.
    pub fn end(&self, event: EventKind, resource: Option<String>, message: &str, detail: Map<String, Value>) {
        self.tell(event, resource, message, detail);
    }

    fn tell(&self, event: EventKind, resource: Option<String>, message: &str, detail: Map<String, Value>) {
        let ts = self.context.clock.now();
        let seconds = (ts - self.started).num_microseconds().unwrap_or_default() as f64 / 1e6;
        self.context.progress.tell(Event { ts, step: self.step, event, resource, message: message.to_owned(), seconds, detail });
    }
}
