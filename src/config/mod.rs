//! Typed configuration: the documented default, the layers over it, and their validation.
//!
//! [`settings`] are what the rest of the program sees. [`schema`] says what each may be and [`rules`] what a name may look like;
//! [`layers`] reads files, variables and flags into checked [`value`]s; `load` puts them on top of each other.

use shiftdeck_demo as demo;
use shiftdeck_local as local;

pub mod error;
pub mod layers;
pub mod load;
pub mod rules;
pub mod schema;
pub mod settings;
pub mod value;

pub use error::ConfigError;
pub use load::{Effective, Sources, load};
pub use settings::Settings;
