//! The model file inside `model.tar.gz`.

use std::io::Read;

use flate2::read::GzDecoder;
use serde_json::Value;

use super::{Context, OpError, evaluation};
use crate::demo::boosted::BoostedTrees;
use crate::demo::model_file;

/// The model's file name in an artifact, as SageMaker's XGBoost container writes it.
const MODEL_FILE: &str = "xgboost-model";
/// A larger file is refused: an archive of a few bytes could otherwise fill the memory.
const LARGEST_FILE: u64 = 512 * 1024 * 1024;

/// The trees in the artifact at an `s3://` address.
pub(super) async fn trees(context: &Context, artifact: &str) -> Result<BoostedTrees, OpError> {
    let failed = |why: String| OpError::failed(artifact, "could not read the model file", why);
    let archive = evaluation::fetch(context, artifact).await?;
    // Unpacking and reading a model takes some milliseconds of computing.
    let read = tokio::task::spawn_blocking(move || read(&archive)).await;
    read.map_err(|error| failed(error.to_string()))?.map_err(failed)
}

fn read(archive: &[u8]) -> Result<BoostedTrees, String> {
    let file = unpacked(archive)?;
    let document: Value = serde_json::from_slice(&model_file::read(&file)?).map_err(|error| error.to_string())?;
    BoostedTrees::from_document(&document).map_err(|error| error.to_string())
}

fn unpacked(archive: &[u8]) -> Result<Vec<u8>, String> {
    let broken = |error: std::io::Error| format!("the artifact is no tar.gz archive: {error}");
    let mut archive = tar::Archive::new(GzDecoder::new(archive));
    for entry in archive.entries().map_err(broken)? {
        let entry = entry.map_err(broken)?;
        let is_model = entry.path().is_ok_and(|path| path.file_name().is_some_and(|name| name == MODEL_FILE));
        if !is_model || !entry.header().entry_type().is_file() {
            continue;
        }
        let mut content = Vec::new();
        entry.take(LARGEST_FILE + 1).read_to_end(&mut content).map_err(broken)?;
        if content.len() as u64 > LARGEST_FILE {
            return Err(format!("the model file has more than {LARGEST_FILE} bytes"));
        }
        return Ok(content);
    }
    Err(format!("the artifact has no `{MODEL_FILE}`"))
}
