//! Machine learning of the embedded AWS: what the containers of the pipeline and Redshift ML do, on real data.
//!
//! [`quality`] checks the unload, [`preprocess`] turns the unload into splits and a feature schema, [`train`] boosts trees with XGBoost's parameters, [`artifact`]
//! packs and reads `model.tar.gz`, [`evaluate`] writes the evaluation report.

use shiftdeck_demo as demo;

pub mod artifact;
mod boost;
pub mod evaluate;
mod hyperparameters;
pub mod matrix;
pub mod preprocess;
pub mod quality;
mod table;
pub mod train;
