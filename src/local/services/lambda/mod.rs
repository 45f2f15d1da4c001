//! Lambda: functions on Python 3.13, kept with their packages and invoked.
//!
//! Python is not run: the function of the demonstration has an equivalent here (`unload`), which does the work when the package holds
//! exactly that script. A function with other code can be made and described; invoking it fails and says why. A function works as its
//! role, which has to trust Lambda when it is handed over, and still when it is used.

mod log;
mod unload;
mod zip;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use http::{HeaderValue, Method};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use self::log::Invocation;
use self::unload::Raised;
use super::kept::Kept;
use super::protocol::aws_json::{Input, without_nulls};
use super::protocol::rest::{Location, header};
use crate::demo::pipeline_definition::{UNLOAD_FILE, UNLOAD_FUNCTION, UNLOAD_HANDLER};
use crate::local::account::Account;
use crate::local::iam::{Assumed, service};
use crate::local::pace::Wait;
use crate::local::service::{Request, Response, Service, ServiceError, ServiceResult};
use crate::local::store::StoreError;

/// The largest event of a synchronous invocation.
const LARGEST_EVENT: usize = 6 * 1024 * 1024;

/// The service.
pub struct Lambda {
    account: Account,
    functions: Kept<BTreeMap<String, Function>>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Function {
    name: String,
    arn: String,
    role: String,
    runtime: String,
    handler: String,
    description: String,
    timeout: u64,
    memory: i64,
    environment: BTreeMap<String, String>,
    tags: BTreeMap<String, String>,
    created: DateTime<Utc>,
    modified: DateTime<Utc>,
    code_size: usize,
    /// Base64 SHA-256 of the package.
    code_sha256: String,
    /// Whether the package is the one that has an equivalent here.
    runs: bool,
    revision: u64,
}

impl Lambda {
    /// Opens the service.
    pub fn open(account: Account) -> Result<Self, StoreError> {
        let functions = Kept::open(&account.store, "services/lambda")?;
        Ok(Lambda { account, functions })
    }

    fn create(&self, input: &Input) -> ServiceResult {
        let name = name_of(input.required_text("FunctionName")?).to_owned();
        let formed = name.len() <= 64 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if !formed {
            return Err(invalid(format!(
                "1 validation error detected: Value '{name}' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9-_]+"
            )));
        }
        let role = input.required_text("Role")?.to_owned();
        if !(role.starts_with("arn:") && role.contains(":role/")) {
            return Err(invalid(format!(
                "1 validation error detected: Value '{role}' at 'role' failed to satisfy constraint: Member must be the ARN of a role"
            )));
        }
        self.check_role(&role)?;
        let package = package(&input.required_object("Code")?)?;
        let handler = input.text("Handler")?.unwrap_or(UNLOAD_HANDLER).to_owned();
        let runtime = input.text("Runtime")?.unwrap_or("python3.13").to_owned();
        let now = self.account.clock.now();
        let mut function = Function {
            arn: format!("arn:aws:lambda:{}:{}:function:{name}", self.account.region, self.account.id),
            name: name.clone(),
            role,
            runtime,
            handler,
            description: input.text("Description")?.unwrap_or_default().to_owned(),
            timeout: seconds(input)?.unwrap_or(3),
            memory: input.integer_within("MemorySize", 128, 10_240)?.unwrap_or(128),
            environment: variables(input)?,
            tags: texts(input, "Tags")?,
            created: now,
            modified: now,
            code_size: 0,
            code_sha256: String::new(),
            runs: false,
            revision: 0,
        };
        function.set_code(&package)?;
        self.functions.change(|functions| {
            if functions.contains_key(&name) {
                return Err(ServiceError::new("ResourceConflictException", format!("Function already exist: {name}")).with_status(409));
            }
            let configuration = self.configuration(&function);
            functions.insert(name, function);
            Ok(configuration)
        })
    }

    /// A role that Lambda cannot assume is refused when it is handed over.
    fn check_role(&self, role: &str) -> ServiceResult<()> {
        self.account.assume(role, service::LAMBDA, "lambda").map(drop).map_err(|error| {
            tracing::info!(%error, "a role is refused");
            invalid("The role defined for the function cannot be assumed by Lambda.")
        })
    }

    /// The function's role, for an invocation. The session has the function's name.
    fn role_of(&self, function: &Function) -> ServiceResult<Assumed> {
        self.account.assume(&function.role, service::LAMBDA, &function.name).map_err(|error| {
            tracing::info!(%error, "a role is refused");
            ServiceError::new("AccessDeniedException", "The role defined for the function cannot be assumed by Lambda.").with_status(403)
        })
    }

    fn find(&self, name: &str) -> ServiceResult<Function> {
        let name = name_of(name);
        self.functions.read(|functions| functions.get(name).cloned()).ok_or_else(|| self.no_function(name))
    }

    fn no_function(&self, name: &str) -> ServiceError {
        let arn = format!("arn:aws:lambda:{}:{}:function:{name}", self.account.region, self.account.id);
        ServiceError::new("ResourceNotFoundException", format!("Function not found: {arn}")).with_status(404)
    }

    fn change(&self, name: &str, change: impl FnOnce(&mut Function) -> ServiceResult<()>) -> ServiceResult {
        let name = name_of(name);
        let now = self.account.clock.now();
        self.functions.change(|functions| {
            let function = functions.get_mut(name).ok_or_else(|| self.no_function(name))?;
            if self.pending(function) {
                return Err(ServiceError::new(
                    "ResourceConflictException",
                    format!(
                        "The operation cannot be performed at this time. The function is currently in the following state: Pending ({})",
                        function.arn
                    ),
                )
                .with_status(409));
            }
            change(function)?;
            function.modified = now;
            function.revision += 1;
            Ok(self.configuration(function))
        })
    }

    fn pending(&self, function: &Function) -> bool {
        !self.account.left(function.created, Wait::Function).is_zero()
    }

    fn configuration(&self, function: &Function) -> Value {
        let pending = self.pending(function);
        without_nulls(json!({
            "FunctionName": function.name,
            "FunctionArn": function.arn,
            "Runtime": function.runtime,
            "Role": function.role,
            "Handler": function.handler,
            "CodeSize": function.code_size,
            "Description": function.description,
            "Timeout": function.timeout,
            "MemorySize": function.memory,
            "LastModified": function.modified.format("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string(),
            "CodeSha256": function.code_sha256,
            "Version": "$LATEST",
            "Environment": (!function.environment.is_empty()).then(|| json!({ "Variables": function.environment })),
            "State": if pending { "Pending" } else { "Active" },
            "StateReason": pending.then_some("The function is being created."),
            "StateReasonCode": pending.then_some("Creating"),
            "LastUpdateStatus": "Successful",
            "PackageType": "Zip",
            "Architectures": ["x86_64"],
            "RevisionId": format!("{}-{}", function.created.timestamp_millis(), function.revision),
        }))
    }

    async fn invoke(&self, name: &str, request: &Request) -> ServiceResult<Response> {
        let function = self.find(name)?;
        if request.body.len() > LARGEST_EVENT {
            return Err(
                ServiceError::new("RequestTooLargeException", format!("{} byte payload is too large", request.body.len())).with_status(413)
            );
        }
        let event: Value = if request.body.is_empty() {
            json!({})
        } else {
            serde_json::from_slice(&request.body).map_err(|error| {
                ServiceError::new("InvalidRequestContentException", format!("Could not parse request body into json: {error}"))
            })?
        };
        match header(request, "x-amz-invocation-type").unwrap_or("RequestResponse") {
            "RequestResponse" => {}
            "DryRun" => return Ok(Response::new(204, "application/json", "")),
            other => return Err(invalid(format!("The embedded AWS invokes functions synchronously, and not as {other}"))),
        }
        // A function that is still being made answers as soon as it is.
        let left = self.account.left(function.created, Wait::Function);
        self.account.pace.sleep(left).await;
        let role = self.role_of(&function)?;
        let log = Invocation::begin(&self.account, &role, &function.name, function.memory);
        let outcome = self.run(&function, role, &event).await;
        log.end(&outcome);
        let (body, error) = match outcome {
            Ok(answer) => (answer, None),
            Err(Raised { kind, message }) => (json!({ "errorMessage": message, "errorType": kind, "stackTrace": [] }), Some("Unhandled")),
        };
        let mut response = Response::new(200, "application/json", body.to_string());
        response.headers.insert("x-amz-executed-version", HeaderValue::from_static("$LATEST"));
        if let Some(error) = error {
            response.headers.insert("x-amz-function-error", HeaderValue::from_static(error));
        }
        Ok(response)
    }

    async fn run(&self, function: &Function, role: Assumed, event: &Value) -> Result<Value, Raised> {
        if !function.runs || function.handler != UNLOAD_HANDLER {
            return Err(Raised {
                kind: "Runtime.Unsupported",
                message: format!(
                    "the embedded AWS has no equivalent of this function's code: it runs {UNLOAD_FILE} exactly as this program packs it, with the handler {UNLOAD_HANDLER}"
                ),
            });
        }
        let time = Duration::from_secs(function.timeout);
        match tokio::time::timeout(time, unload::run(&self.account, role, event, time)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Raised { kind: "Sandbox.Timedout", message: format!("Task timed out after {}.00 seconds", function.timeout) }),
        }
    }

    async fn route(&self, request: &Request) -> ServiceResult<Response> {
        let location = Location::of(request);
        let body = || input(request);
        let answer = match (&request.method, location.path().as_slice()) {
            (&Method::POST, ["2015-03-31", "functions"]) => (201, self.create(&body()?)?),
            (&Method::GET, ["2015-03-31", "functions"]) => {
                let all: Vec<Value> =
                    self.functions.read(|functions| functions.values().map(|function| self.configuration(function)).collect());
                (200, json!({ "Functions": all }))
            }
            (&Method::GET, ["2015-03-31", "functions", name]) => {
                let function = self.find(name)?;
                let tags = (!function.tags.is_empty()).then_some(&function.tags);
                let configuration = self.configuration(&function);
                (200, without_nulls(json!({ "Configuration": configuration, "Code": { "RepositoryType": "S3" }, "Tags": tags })))
            }
            (&Method::GET, ["2015-03-31", "functions", name, "configuration"]) => (200, self.configuration(&self.find(name)?)),
            (&Method::PUT, ["2015-03-31", "functions", name, "code"]) => {
                let package = package(&body()?)?;
                (200, self.change(name, |function| function.set_code(&package))?)
            }
            (&Method::PUT, ["2015-03-31", "functions", name, "configuration"]) => {
                let body = body()?;
                if let Some(role) = body.text("Role")? {
                    self.check_role(role)?;
                }
                (200, self.change(name, |function| function.configure(&body))?)
            }
            (&Method::POST, ["2015-03-31", "functions", name, "invocations"]) => return self.invoke(name, request).await,
            (&Method::DELETE, ["2015-03-31", "functions", name]) => {
                let name = name_of(name);
                self.functions.change(|functions| functions.remove(name).map(drop).ok_or_else(|| self.no_function(name)))?;
                return Ok(Response::new(204, "application/json", ""));
            }
            (&Method::GET, ["2017-03-31", "tags", arn]) => (200, json!({ "Tags": self.find(arn)?.tags })),
            (&Method::POST, ["2017-03-31", "tags", arn]) => {
                let tags = texts(&body()?, "Tags")?;
                self.tag(arn, |kept| kept.extend(tags))?;
                return Ok(Response::new(204, "application/json", ""));
            }
            (&Method::DELETE, ["2017-03-31", "tags", arn]) => {
                self.tag(arn, |kept| kept.retain(|key, _| !location.parameters("tagKeys").any(|removed| removed == key)))?;
                return Ok(Response::new(204, "application/json", ""));
            }
            (method, _) => {
                return Err(ServiceError::new(
                    "UnknownOperationException",
                    format!("the embedded AWS does not support {method} {}", request.path()),
                )
                .with_status(404));
            }
        };
        Ok(Response::new(answer.0, "application/json", answer.1.to_string()))
    }

    fn tag(&self, arn: &str, change: impl FnOnce(&mut BTreeMap<String, String>)) -> ServiceResult<()> {
        let name = name_of(arn);
        self.functions.change(|functions| {
            change(&mut functions.get_mut(name).ok_or_else(|| self.no_function(name))?.tags);
            Ok(())
        })
    }
}

impl Function {
    fn set_code(&mut self, package: &[u8]) -> ServiceResult<()> {
        let script = zip::read(package, UNLOAD_FILE).map_err(invalid)?;
        self.runs = script.is_some_and(|script| script == UNLOAD_FUNCTION.as_bytes());
        self.code_size = package.len();
        self.code_sha256 = STANDARD.encode(Sha256::digest(package));
        Ok(())
    }

    fn configure(&mut self, input: &Input) -> ServiceResult<()> {
        for (member, field) in [
            ("Role", &mut self.role),
            ("Handler", &mut self.handler),
            ("Runtime", &mut self.runtime),
            ("Description", &mut self.description),
        ] {
            if let Some(value) = input.text(member)? {
                value.clone_into(field);
            }
        }
        self.timeout = seconds(input)?.unwrap_or(self.timeout);
        self.memory = input.integer_within("MemorySize", 128, 10_240)?.unwrap_or(self.memory);
        if input.has("Environment") {
            self.environment = variables(input)?;
        }
        Ok(())
    }
}

fn invalid(message: impl Into<String>) -> ServiceError {
    ServiceError::new("InvalidParameterValueException", message)
}

fn input(request: &Request) -> ServiceResult<Input> {
    let fields: Map<String, Value> = if request.body.is_empty() {
        Map::new()
    } else {
        serde_json::from_slice(&request.body).map_err(|error| {
            ServiceError::new("InvalidRequestContentException", format!("Could not parse request body into json: {error}"))
        })?
    };
    Ok(Input::new(fields, "InvalidParameterValueException"))
}

/// The function's name in a name, an ARN, or either with a qualifier.
fn name_of(given: &str) -> &str {
    match given.split_once(":function:") {
        Some((_, rest)) => rest.split(':').next().unwrap_or(rest),
        None => given.split(':').next().unwrap_or(given),
    }
}

fn package(code: &Input) -> ServiceResult<Vec<u8>> {
    let Some(text) = code.text("ZipFile")? else {
        return Err(invalid("The embedded AWS takes a function's code as ZipFile"));
    };
    STANDARD.decode(text).map_err(|_| invalid("ZipFile is not Base64"))
}

fn seconds(input: &Input) -> ServiceResult<Option<u64>> {
    // Between 1 and 900, so the conversion cannot fail.
    Ok(input.integer_within("Timeout", 1, 900)?.and_then(|seconds| u64::try_from(seconds).ok()))
}

fn variables(input: &Input) -> ServiceResult<BTreeMap<String, String>> {
    input.object("Environment")?.map_or_else(|| Ok(BTreeMap::new()), |environment| texts(&environment, "Variables"))
}

fn texts(input: &Input, member: &str) -> ServiceResult<BTreeMap<String, String>> {
    let Some(given) = input.object(member)? else { return Ok(BTreeMap::new()) };
    given.fields().keys().map(|key| Ok((key.clone(), given.text(key)?.unwrap_or_default().to_owned()))).collect()
}

#[async_trait]
impl Service for Lambda {
    fn signing_name(&self) -> &'static str {
        "lambda"
    }

    async fn handle(&self, request: Request) -> Response {
        self.route(&request).await.unwrap_or_else(|error| error.json_response())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_found_by_name_and_arn() {
        assert_eq!(name_of("f"), "f");
        assert_eq!(name_of("f:$LATEST"), "f");
        assert_eq!(name_of("arn:aws:lambda:us-east-1:000000000000:function:f"), "f");
        assert_eq!(name_of("arn:aws:lambda:us-east-1:000000000000:function:f:7"), "f");
    }
}
