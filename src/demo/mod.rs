//! The domain of the demonstration: what it is made of and what its figures mean. Pure: no I/O, no async, no SDK types.

pub mod clock;
pub mod csv_reader;
pub mod data_quality;
pub mod dataset;
pub mod event;
pub mod feature_schema;
pub mod figures;
pub mod findings;
pub mod metrics;
pub mod pipeline_definition;
pub mod policies;
pub mod resource;
pub mod sample;
pub mod scenario;
pub mod sql;
pub mod sql_script;
pub mod step;
