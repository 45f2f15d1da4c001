//! Where the events of operations go.

use std::fmt;
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;

use crate::demo::event::Event;

/// Sees each event before whoever listens does.
pub type Witness = Arc<dyn Fn(&Event) + Send + Sync>;

/// A channel for events. Cheap to clone.
#[derive(Clone)]
pub struct Progress {
    sender: UnboundedSender<Event>,
    witness: Option<Witness>,
}

impl Progress {
    /// A channel whose events a witness sees at once, before the work goes on.
    pub fn witnessed(sender: UnboundedSender<Event>, witness: Witness) -> Progress {
        Progress { sender, witness: Some(witness) }
    }

    /// Tells an event. Whoever listened may have gone; the work goes on.
    pub(super) fn tell(&self, event: Event) {
        if let Some(witness) = &self.witness {
            witness(&event);
        }
        let _ = self.sender.send(event);
    }
}

impl From<UnboundedSender<Event>> for Progress {
    fn from(sender: UnboundedSender<Event>) -> Progress {
        Progress { sender, witness: None }
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Progress")
    }
}
