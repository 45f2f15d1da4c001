//! Functions (Lambda).

use std::collections::HashMap;

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{Environment, FunctionCode, Runtime};
use serde_json::Value;

use super::AwsError;
use super::client::{Lazy, Source, Tags, lazy_client};
use super::error::fault;

const SERVICE: &str = "Lambda";

/// A function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// ARN.
    pub arn: String,
    /// `Pending`, `Active`, `Inactive`, `Failed`.
    pub state: String,
    /// `Successful`, `InProgress`, `Failed`: of the last change.
    pub update: String,
    /// SHA-256 of the package, in base64.
    pub code_sha256: String,
    /// Role.
    pub role: String,
    /// Environment.
    pub environment: HashMap<String, String>,
    /// Tags.
    pub tags: Tags,
}

/// What a function is made from.
#[derive(Debug)]
pub struct NewFunction<'a> {
    /// Name.
    pub name: &'a str,
    /// Description.
    pub description: &'a str,
    /// Handler (`module.function`).
    pub handler: &'a str,
    /// Role's ARN.
    pub role: &'a str,
    /// Zip.
    pub package: &'a [u8],
    /// Environment.
    pub environment: &'a HashMap<String, String>,
    /// Longest run, in seconds.
    pub timeout: i32,
    /// Tags.
    pub tags: &'a Tags,
}

/// The gateway.
pub struct Functions {
    client: Lazy<aws_sdk_lambda::Client>,
}

impl Functions {
    pub(super) fn new(source: &Source) -> Self {
        Functions { client: lazy_client!(source, aws_sdk_lambda) }
    }

    /// The function, if it exists.
    pub async fn find(&self, name: &str) -> Result<Option<Function>, AwsError> {
        match self.client.get().get_function().function_name(name).send().await.map_err(fault(SERVICE, "GetFunction")) {
            Ok(said) => {
                let tags = said.tags().into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect();
                Ok(said.configuration().map(|configuration| Function {
                    arn: configuration.function_arn().unwrap_or_default().to_owned(),
                    state: configuration.state().map(|state| state.as_str().to_owned()).unwrap_or_else(|| "Active".to_owned()),
                    update: configuration.last_update_status().map(|state| state.as_str().to_owned()).unwrap_or_default(),
                    code_sha256: configuration.code_sha256().unwrap_or_default().to_owned(),
                    role: configuration.role().unwrap_or_default().to_owned(),
                    environment: configuration.environment().and_then(|environment| environment.variables()).cloned().unwrap_or_default(),
                    tags,
                }))
            }
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes a function on Python 3.13.
    pub async fn create(&self, new: &NewFunction<'_>) -> Result<(), AwsError> {
        let request = self
            .client
            .get()
            .create_function()
            .function_name(new.name)
            .description(new.description)
            .runtime(Runtime::from("python3.13"))
            .handler(new.handler)
            .role(new.role)
            .code(FunctionCode::builder().zip_file(Blob::new(new.package)).build())
            .environment(Environment::builder().set_variables(Some(new.environment.clone())).build())
            .timeout(new.timeout)
            .set_tags(Some(new.tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect()));
        request.send().await.map_err(fault(SERVICE, "CreateFunction")).map(drop)
    }

    /// Replaces the code.
    pub async fn update_code(&self, name: &str, package: &[u8]) -> Result<(), AwsError> {
        let request = self.client.get().update_function_code().function_name(name).zip_file(Blob::new(package));
        request.send().await.map_err(fault(SERVICE, "UpdateFunctionCode")).map(drop)
    }

    /// Replaces role and environment.
    pub async fn update_configuration(&self, name: &str, role: &str, environment: &HashMap<String, String>) -> Result<(), AwsError> {
        let request = self
            .client
            .get()
            .update_function_configuration()
            .function_name(name)
            .role(role)
            .environment(Environment::builder().set_variables(Some(environment.clone())).build());
        request.send().await.map_err(fault(SERVICE, "UpdateFunctionConfiguration")).map(drop)
    }

    /// Calls the function and waits for its answer; the inner error is what the function itself raised.
    pub async fn invoke(&self, name: &str, payload: &Value) -> Result<Result<Value, String>, AwsError> {
        let request = self.client.get().invoke().function_name(name).payload(Blob::new(payload.to_string()));
        let said = request.send().await.map_err(fault(SERVICE, "Invoke"))?;
        let answer = said.payload().and_then(|payload| serde_json::from_slice(payload.as_ref()).ok()).unwrap_or(Value::Null);
        Ok(match said.function_error() {
            None => Ok(answer),
            Some(kind) => Err(answer.get("errorMessage").and_then(Value::as_str).unwrap_or(kind).to_owned()),
        })
    }

    /// Removes the function. Gives false when it was not there.
    pub async fn delete(&self, name: &str) -> Result<bool, AwsError> {
        match self.client.get().delete_function().function_name(name).send().await.map_err(fault(SERVICE, "DeleteFunction")) {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }
}
