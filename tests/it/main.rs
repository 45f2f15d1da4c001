//! End-to-end tests, by capability. One binary, because linking is expensive.

mod common;

mod athena;
mod cli;
mod config;
mod csv_input;
mod embedded_account;
mod endpoints;
mod identity_and_secrets;
mod lambda;
mod object_storage;
mod pipeline;
mod program;
mod redshift_data;
mod results;
mod resume_after_kill;
mod sql_engine;
mod sql_statements;
mod steps;
mod warehouses;
