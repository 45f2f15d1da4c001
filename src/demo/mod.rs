//! The domain of the demonstration: what it is made of and what its figures mean. Pure: no I/O, no async, no SDK types.

use crate as demo;

pub mod boosted;
pub mod clock;
pub mod csv_reader;
pub mod customer_filter;
pub mod data_quality;
pub mod dataset;
pub mod delivery;
pub mod drift;
pub mod event;
pub mod example;
pub mod explanation;
pub mod fairness;
pub mod feature_schema;
pub mod figures;
pub mod findings;
pub mod metrics;
pub mod model_file;
pub mod network;
pub mod operator;
pub mod pipeline_definition;
pub mod policies;
pub mod project_role;
pub mod quoted;
pub mod ranking;
pub mod regions;
pub mod resource;
pub mod sample;
pub mod scenario;
pub mod scoring_sql;
pub mod sql;
mod sql_columns;
pub mod sql_script;
pub mod stack;
pub mod step;
