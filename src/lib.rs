//! shiftdeck presents and operates a Redshift to SageMaker MLOps demonstration from the terminal.
//!
//! Layers only look down: `tui → ui → app → ops → aws → demo`, `cli → ops`, `local → demo`; whoever reads SQL uses [`syntax`].
//! `demo` is pure; `aws` turns SDK calls into domain types; `ops` is what the demo does; `local` is the AWS that is embedded in the
//! process and knows nothing of `aws` or `ops`. Only [`target`] builds a `local` account, and only `main`, `cli` and `tui` use [`target`].

pub mod app;
pub mod aws;
pub mod cli;
pub mod config;
pub mod demo;
pub mod local;
pub mod ops;
pub mod syntax;
pub mod target;
pub mod tui;
pub mod ui;
