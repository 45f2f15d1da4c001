//! What ran: the newest at the end, kept on disk by an effect.

pub use crate::ops::console::history::Ran;

/// Statements remembered.
const KEPT: usize = 5000;

/// Adds a statement, unless it is the one before again; says whether it was added.
pub fn remember(history: &mut Vec<Ran>, ran: Ran) -> bool {
    if history.last().is_some_and(|last| last.sql == ran.sql && last.engine == ran.engine && last.error.is_some() == ran.error.is_some()) {
        return false;
    }
    if history.len() == KEPT {
        history.remove(0);
    }
    history.push(ran);
    true
}
