//! Models: a container with its artifact, or a package of the registry.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::Inner;
use super::super::names::{arn, doc, invalid, list, name_of, now, required_name};
use super::super::roles::pull;
use super::{summary, within};
use crate::demo::pipeline_definition::{Framework, framework_of};
use crate::local::iam::Assumed;
use crate::local::ml::artifact::Artifact;
use crate::local::ml::train::Booster;
use crate::local::objects::split_s3_uri;
use crate::local::service::ServiceResult;
use crate::local::services::protocol::aws_json::Input;

impl Inner {
    pub(in super::super) fn create_model(&self, input: &Input) -> ServiceResult {
        let name = required_name(input, "ModelName", 63)?.to_owned();
        let role = self.assume(input.required_text("ExecutionRoleArn")?)?;
        let container = match (input.object("PrimaryContainer")?, input.objects("Containers")?.as_slice()) {
            (Some(container), []) => container,
            (None, [container]) => container.clone(),
            (None, []) => return Err(invalid("A model needs a PrimaryContainer or Containers")),
            _ => return Err(invalid("Models of several containers are not supported by the embedded AWS")),
        };
        let (_, url) = self.container_source(&container)?;
        if let Some((bucket, key)) = split_s3_uri(&url)
            && self.objects_of(&role).may_get(bucket, key).is_err()
        {
            return Err(invalid(format!(
                "Could not access model data at {url}. Please ensure that the role \"{}\" exists and that its trust relationship policy allows \
                 the action \"sts:AssumeRole\" for the service principal \"sagemaker.amazonaws.com\". Also ensure that the role has \
                 \"s3:GetObject\" permissions and that the object is located in {}.",
                role.role_arn(),
                self.account.region
            )));
        }
        let arn = arn(&self.account, "model", &name.to_lowercase());
        let (_, created) = now(&self.account);
        self.change_hosting(|hosting| {
            if hosting.models.contains_key(&name) {
                return Err(invalid(format!("Cannot create already existing model \"{arn}\".")));
            }
            let mut model = doc(json!({ "ModelName": name, "ModelArn": arn, "CreationTime": created }));
            for member in ["PrimaryContainer", "Containers", "ExecutionRoleArn", "VpcConfig", "EnableNetworkIsolation"] {
                if let Some(value) = input.value(member) {
                    model.insert(member.to_owned(), value.clone());
                }
            }
            hosting.models.insert(name.clone(), model);
            Ok(())
        })?;
        self.tag(&arn, input)?;
        Ok(json!({ "ModelArn": arn }))
    }

    /// Image and model data of a container, its own or those of the package that it names.
    fn container_source(&self, container: &Input) -> ServiceResult<(String, String)> {
        let (image, url) = match container.text("ModelPackageName")? {
            Some(package) => {
                let package = self.package(package)?;
                let specified = &package["InferenceSpecification"]["Containers"][0];
                let member = |name: &str| specified[name].as_str().unwrap_or_default().to_owned();
                (member("Image"), member("ModelDataUrl"))
            }
            None => (container.required_text("Image")?.to_owned(), container.required_text("ModelDataUrl")?.to_owned()),
        };
        if framework_of(&image) != Some(Framework::XgBoost) {
            return Err(invalid(format!(
                "The embedded AWS serves models of SageMaker's XGBoost 3.0-5 and 1.7-1 images, and not of {image}"
            )));
        }
        if split_s3_uri(&url).is_none() {
            return Err(invalid(format!("ModelDataUrl {url} is no s3:// address")));
        }
        Ok((image, url))
    }

    pub(in super::super) fn describe_model(&self, input: &Input) -> ServiceResult {
        let name = name_of(input.required_text("ModelName")?);
        self.hosting.read(|hosting| hosting.models.get(name).cloned()).map(Value::Object).ok_or_else(|| self.no("model", name))
    }

    pub(in super::super) fn list_models(&self, input: &Input) -> ServiceResult {
        let models: Vec<_> = self.hosting.read(|hosting| hosting.models.iter().map(summary("ModelName", "ModelArn")).collect());
        let mut kept = Vec::with_capacity(models.len());
        for model in models {
            if within(input, model.1.as_f64(), None)? {
                kept.push(model);
            }
        }
        list(input, "ListModels", "Models", true, kept)
    }

    pub(in super::super) fn delete_model(&self, input: &Input) -> ServiceResult {
        let name = name_of(input.required_text("ModelName")?).to_owned();
        self.change_hosting(|hosting| hosting.models.remove(&name).map(drop).ok_or_else(|| self.no("model", &name)))?;
        self.untag(&arn(&self.account, "model", &name.to_lowercase()))?;
        Ok(Value::Null)
    }

    /// Image and artifact of a model; the reason when there are none.
    pub(in super::super) fn model_source(&self, model: &str) -> Result<(String, String), String> {
        let model =
            self.hosting.read(|hosting| hosting.models.get(model).cloned()).ok_or_else(|| format!("the model {model} does not exist"))?;
        let container = model.get("PrimaryContainer").or_else(|| model.get("Containers")?.get(0)).and_then(Value::as_object);
        let container = Input::new(container.cloned().unwrap_or_default(), "ValidationException");
        self.container_source(&container).map_err(|error| error.message)
    }

    /// The role of a model, assumed.
    pub(in super::super) fn model_role(&self, model: &str) -> Result<Assumed, String> {
        let role = self.hosting.read(|hosting| hosting.models.get(model)?.get("ExecutionRoleArn")?.as_str().map(str::to_owned));
        let role = role.ok_or_else(|| format!("the model {model} does not exist"))?;
        self.assume(&role).map_err(|error| error.message)
    }

    /// Whether a model's role may pull its image and read its artifact; the error is the reason.
    pub(in super::super) fn may_load(&self, role: &Assumed, image: &str, artifact: &str) -> Result<(), String> {
        pull(role, image)?;
        let Some((bucket, key)) = split_s3_uri(artifact) else { return Ok(()) };
        self.objects_of(role).may_get(bucket, key).map_err(|denied| {
            format!(
                "Failed to download model data for container \"container_1\" from URL: \"{artifact}\". Please ensure that there is an object \
                 located at the URL and that the role passed to CreateModel has permissions to download the object. {denied}"
            )
        })
    }

    /// A model, loaded; or the reason why it cannot be.
    pub(crate) fn load_model(&self, model: &str) -> Result<Arc<Booster>, String> {
        let (_, url) = self.model_source(model)?;
        self.load_artifact(&url)
    }

    /// The model in an artifact. One that was loaded before is not read again while the object is the same.
    pub(super) fn load_artifact(&self, url: &str) -> Result<Arc<Booster>, String> {
        let (bucket, key) = split_s3_uri(url).ok_or_else(|| format!("{url} is no s3:// address"))?;
        let etag = self.account.objects.head(bucket, key).map_err(|error| error.to_string())?.etag;
        if let Some(booster) = self.loaded.boosters.lock().get(&etag) {
            return Ok(booster.clone());
        }
        let (archive, _) = self.account.objects.get(bucket, key).map_err(|error| error.to_string())?;
        let booster = Artifact::read(&archive).and_then(|artifact| artifact.booster()).map_err(|error| format!("{url}: {error}"))?;
        let booster = Arc::new(booster);
        self.loaded.boosters.lock().insert(etag, booster.clone());
        Ok(booster)
    }
}
