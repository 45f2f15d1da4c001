//! shiftdeck presents and operates a Redshift to SageMaker MLOps demonstration from the terminal.
//!
//! Layers only look down: `tui → ui → app → ops → aws → demo`, `cli → ops`, `local → demo`; whoever reads SQL uses [`syntax`]. Those from `ops` and `local` down are packages
//! of their own.
//! `demo` is pure; `aws` turns SDK calls into domain types; `ops` is what the demo does; `local` is the AWS that is embedded in the
//! process and knows nothing of `aws` or `ops`. Only [`target`] builds a `local` account, and only `main`, `cli`, `tui` and [`prepared`] use
//! [`target`].

pub use {
    shiftdeck_aws as aws, shiftdeck_config as config, shiftdeck_demo as demo, shiftdeck_local as local, shiftdeck_ops as ops,
    shiftdeck_recording as recording, shiftdeck_serve as serve, shiftdeck_syntax as syntax,
};

pub mod app;
pub mod cli;
pub mod prepared;
pub mod target;
pub mod tui;
pub mod ui;
