//! Recordings: everything that crosses the SDK, kept in a file as it happens, and played from it without a network.
//!
//! [`connector`] is the SDK's HTTP client that listens, [`writer`] the thread that writes, [`mask`] and `secrets` take out what must not
//! be kept, [`format`](mod@format) is the file. [`reader`] reads it, [`matching`] says which requests are the same, [`script`] which of the
//! recorded answers is due, and [`player`] is the SDK's HTTP client that gives it.

use shiftdeck_demo as demo;
use shiftdeck_syntax as syntax;

#[cfg(test)]
use crate as recording;

pub mod address;
pub mod call;
mod codec;
pub mod connector;
pub mod format;
mod given_up;
pub mod mask;
pub mod matching;
pub mod player;
pub mod reader;
mod refusal;
mod rows;
pub mod script;
mod secrets;
mod tee;
pub mod writer;

/// The account number of every recording, whatever the account was: that of the embedded AWS.
pub const ACCOUNT: &str = "000000000000";

/// What stands in a recording in the place of the user's name.
pub const USER: &str = "presenter";

/// What stands in a recording in the place of a secret.
pub const HIDDEN: &str = "***";
