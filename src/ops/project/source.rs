//! What a commit has: the filled definition, the script of the stages, and the objects in S3 that the definition refers to.

use bytes::Bytes;

use crate::demo::delivery;
use crate::demo::pipeline_definition::{code_objects, default_references};
use crate::ops::error::op;
use crate::ops::{Context, OpError, pipeline};

/// The source as this program has it.
pub(super) struct Source {
    /// Files of the repository: path and content.
    pub files: Vec<(String, Vec<u8>)>,
    /// Objects that are not in the bucket yet.
    objects: Vec<Object>,
}

/// An object that the definition refers to.
struct Object {
    key: String,
    content: Bytes,
    content_type: &'static str,
}

impl Source {
    /// Reads what it takes; nothing is written.
    pub(super) async fn read(context: &Context) -> Result<Self, OpError> {
        let scenario = &context.scenario;
        let inputs = pipeline::definition::inputs(context).await?;
        let definition = pipeline::definition::local(context, &inputs)?;
        let references = default_references(scenario).map(|(key, content)| Object {
            key,
            content: Bytes::from(content),
            content_type: "application/json",
        });
        let scripts = code_objects(scenario).map(|(key, content)| Object {
            key,
            content: Bytes::from_static(content.as_bytes()),
            content_type: "text/x-python",
        });
        let mut objects = Vec::new();
        for object in references.into_iter().chain(scripts) {
            if !pipeline::is_there(context, &object.key).await? {
                objects.push(object);
            }
        }
        let mut definition = serde_json::to_vec_pretty(&definition)
            .map_err(|error| OpError::failed(&scenario.pipeline, "could not write the pipeline's definition", error.to_string()))?;
        definition.push(b'\n');
        let files = vec![
            (delivery::DELIVER_FILE.to_owned(), delivery::DELIVER_SCRIPT.as_bytes().to_vec()),
            (delivery::DEFINITION_FILE.to_owned(), definition),
        ];
        Ok(Source { files, objects })
    }

    /// Keys of the objects that are written.
    pub(super) fn writes(&self) -> Vec<String> {
        self.objects.iter().map(|object| object.key.clone()).collect()
    }

    /// Writes the objects that are not there.
    pub(super) async fn place(&self, context: &Context) -> Result<(), OpError> {
        let bucket = &context.scenario.bucket;
        for Object { key, content, content_type } in &self.objects {
            let put = context.gateways.objects.put(bucket, key, content.clone(), content_type, &[]).await;
            put.map_err(op(key, "could not write what the definition refers to"))?;
        }
        Ok(())
    }
}
