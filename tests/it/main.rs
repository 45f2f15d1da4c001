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
mod logs;
mod object_storage;
mod pipeline;
mod pipeline_kill;
mod pipeline_ops;
mod pipeline_states;
mod program;
mod redshift_data;
mod results;
mod resume_after_kill;
mod sql_console;
mod sql_copy_unload;
mod sql_ddl;
mod sql_engine;
mod sql_functions_redshift;
mod sql_functions_trino;
mod sql_lake;
mod sql_merge;
mod sql_statements;
mod sql_system_views;
mod steps;
mod tpch;
mod warehouses;
