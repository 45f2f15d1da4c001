//! What the demonstration does. Every operation takes a `Context`, reports through its progress channel, can be
//! cancelled, can be run again, and changes nothing the second time.

use crate as ops;
use shiftdeck_aws as aws;
use shiftdeck_config as config;
use shiftdeck_demo as demo;
use shiftdeck_syntax as syntax;

pub mod batch;
pub mod catalog;
pub mod checklist;
pub mod console;
pub mod context;
pub mod costs;
pub mod customers;
pub mod data;
pub mod doctor;
pub mod durations;
pub mod earlier;
pub mod endpoints;
pub mod error;
pub mod evaluation;
pub mod examples;
pub mod explain;
pub mod exploration;
pub mod export;
mod hops;
pub mod inventory;
mod login;
mod model_file;
pub mod models;
pub mod moment;
mod notes;
mod outlook;
pub mod pipeline;
pub mod plan;
pub mod predict;
pub mod prices;
pub mod production;
mod progress;
pub mod project;
pub mod query;
mod report;
pub mod results;
pub mod retrain;
mod roles;
pub mod stacks;
pub mod stage;
pub mod steps;

pub use context::Context;
pub use error::{OpError, OpErrorKind};
pub use outlook::Outlook;
pub use progress::{Progress, Witness};
