//! What could be typed next: suggestions for a place of a statement, and the list of them under the cursor.
//!
//! [`scope`] reads from the tokens what can be named there, [`functions`] is what each engine knows, [`rank`] says how well a name fits,
//! [`suggest()`] puts it together, and [`list`] is what the reader sees and chooses from; [`signature()`] says what a call takes. Pure; the
//! catalog is filled by others.

#[doc(hidden)]
pub mod fixture;
pub mod functions;
pub mod list;
pub mod rank;
pub mod scope;
pub mod signature;
pub mod suggest;

#[cfg(test)]
mod tests;

pub use list::{Answer, List};
pub use signature::{Signature, signature};
pub use suggest::{Kind, Request, Snippet, Suggestion, Suggestions, suggest};
