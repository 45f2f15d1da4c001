//! Work over a whole result: how far it is, and how it is stopped.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::StoreError;

/// Hears how far work is: done, of how much (0 when that is not known).
pub type Hear = Arc<dyn Fn(u64, u64) + Send + Sync>;

/// What work over a whole result is given.
#[derive(Clone)]
pub struct Work {
    cancel: CancellationToken,
    hear: Hear,
}

impl Work {
    /// Work that `cancel` ends and that tells `hear` how far it is.
    pub fn new(cancel: CancellationToken, hear: Hear) -> Work {
        Work { cancel, hear }
    }

    /// Work that nobody follows.
    pub fn unheard() -> Work {
        Work::new(CancellationToken::new(), Arc::new(|_, _| {}))
    }

    /// What ends it.
    pub fn cancel(&self) -> &CancellationToken {
        &self.cancel
    }

    /// Says how far it is.
    pub fn tell(&self, done: u64, of: u64) {
        (self.hear)(done, of);
    }

    /// An error when it was ended on demand.
    pub(super) fn proceed(&self) -> Result<(), StoreError> {
        if self.cancel.is_cancelled() { Err(StoreError::Cancelled) } else { Ok(()) }
    }
}
