//! `model.tar.gz`: the model in XGBoost's format, and the feature schema once evaluation has joined it.

use std::io::Read;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use super::train::{Booster, MlError};
use crate::demo::feature_schema::FeatureSchema;

/// The model's file name in an artifact, as SageMaker's XGBoost container writes it.
pub const MODEL_FILE: &str = "xgboost-model";
/// The schema's place in an artifact. It has a folder of its own, because the serving container takes every file beside the model for a
/// model.
pub const SCHEMA_FILE: &str = "schema/feature_schema.json";

/// No file of an artifact may be larger: an archive of a few bytes could otherwise fill the memory.
const LARGEST_FILE: u64 = 512 * 1024 * 1024;

/// What an artifact holds.
#[derive(Debug)]
pub struct Artifact {
    /// The model's file.
    pub model: Vec<u8>,
    /// The schema's file; absent in what training alone writes.
    pub schema: Option<Vec<u8>>,
}

impl Artifact {
    /// Reads `model.tar.gz`.
    pub fn read(archive: &[u8]) -> Result<Self, MlError> {
        let broken = |error: std::io::Error| MlError::Model(format!("the artifact is no tar.gz archive: {error}"));
        let (mut model, mut schema) = (None, None);
        let mut archive = tar::Archive::new(GzDecoder::new(archive));
        for entry in archive.entries().map_err(broken)? {
            let mut entry = entry.map_err(broken)?;
            if !entry.header().entry_type().is_file() {
                continue;
            }
            let name = entry.path().ok().and_then(|path| path.file_name().map(|name| name.to_string_lossy().into_owned()));
            let slot = match name.as_deref() {
                Some(MODEL_FILE) => &mut model,
                Some("feature_schema.json") => &mut schema,
                _ => continue,
            };
            let mut content = Vec::new();
            entry.by_ref().take(LARGEST_FILE + 1).read_to_end(&mut content).map_err(broken)?;
            if content.len() as u64 > LARGEST_FILE {
                return Err(MlError::Model(format!("a file of the artifact has more than {LARGEST_FILE} bytes")));
            }
            *slot = Some(content);
        }
        let model = model.ok_or_else(|| MlError::Model(format!("the artifact has no `{MODEL_FILE}`")))?;
        Ok(Artifact { model, schema })
    }

    /// The archive. The same content gives the same bytes.
    pub fn pack(&self) -> Result<Vec<u8>, MlError> {
        let broken = |error: std::io::Error| MlError::Model(format!("the artifact cannot be packed: {error}"));
        let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        let files = [(MODEL_FILE, Some(&self.model)), (SCHEMA_FILE, self.schema.as_ref())];
        for (name, content) in files.into_iter().filter_map(|(name, content)| Some((name, content?))) {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            header.set_mtime(0);
            archive.append_data(&mut header, name, content.as_slice()).map_err(broken)?;
        }
        archive.into_inner().and_then(GzEncoder::finish).map_err(broken)
    }

    /// The model, ready to score.
    pub fn booster(&self) -> Result<Booster, MlError> {
        Booster::from_xgboost(&self.model)
    }

    /// The feature schema, if it is in the artifact.
    pub fn schema(&self) -> Result<Option<FeatureSchema>, MlError> {
        self.schema.as_deref().map(FeatureSchema::from_json).transpose().map_err(|error| MlError::Model(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn packs_what_it_reads() {
        let artifact = Artifact { model: b"{model}".to_vec(), schema: Some(b"{}".to_vec()) };
        let packed = artifact.pack().unwrap();
        assert_eq!(packed, artifact.pack().unwrap());
        let read = Artifact::read(&packed).unwrap();
        assert_eq!((read.model, read.schema), (artifact.model, artifact.schema));
    }

    #[test]
    fn an_archive_without_model_is_refused() {
        let empty = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast())).into_inner().unwrap().finish().unwrap();
        assert!(Artifact::read(&empty).unwrap_err().to_string().contains("no `xgboost-model`"));
        assert!(Artifact::read(b"not gzip").unwrap_err().to_string().contains("no tar.gz"));
    }
}
