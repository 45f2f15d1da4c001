//! What a request is called: its service and operation as the SDKs name them, who sends it, and the code of the error that answers it.

use http::Method;
use quick_xml::Reader;
use quick_xml::events::Event;

use crate::local::service::{Request, Response};
use crate::local::services::protocol::rest::{Location, header};

/// The name of a service, as the SDKs write it. `signing` is the name in the scope of the signature.
pub fn service(signing: &str, request: &Request) -> String {
    let name = match signing {
        "athena" => "Athena",
        "cloudformation" => "CloudFormation",
        "codecommit" => "CodeCommit",
        "codepipeline" => "CodePipeline",
        "glue" => "Glue",
        "iam" => "IAM",
        "lambda" => "Lambda",
        "logs" => "CloudWatch Logs",
        "monitoring" => "CloudWatch",
        "redshift" => "Redshift",
        "redshift-data" => "Redshift Data",
        "redshift-serverless" => "Redshift Serverless",
        "s3" => "S3",
        "sagemaker" if request.path().starts_with("/endpoints/") => "SageMaker Runtime",
        "sagemaker" => "SageMaker",
        "secretsmanager" => "Secrets Manager",
        "servicequotas" => "Service Quotas",
        "sts" => "STS",
        "" => "unsigned",
        other => other,
    };
    name.to_owned()
}

/// The operation of a request: what its protocol says, or method and path where only the service knows.
pub fn operation(signing: &str, request: &Request) -> String {
    if let Some(operation) = request.json_operation() {
        return operation.to_owned();
    }
    let location = Location::of(request);
    let path = location.path();
    if let ["service", _, "operation", operation] = path.as_slice() {
        return (*operation).to_owned();
    }
    if let Some(action) = action(request, &location) {
        return action;
    }
    match (signing, path.as_slice(), &request.method) {
        ("s3", _, method) => s3(method, &location, request).to_owned(),
        ("sagemaker", ["endpoints", _, "invocations"], &Method::POST) => "InvokeEndpoint".to_owned(),
        ("lambda", [_, "functions", _, "invocations"], &Method::POST) => "Invoke".to_owned(),
        ("lambda", [_, "functions"], &Method::POST) => "CreateFunction".to_owned(),
        ("lambda", [_, "functions"], &Method::GET) => "ListFunctions".to_owned(),
        ("lambda", [_, "functions", _], &Method::GET) => "GetFunction".to_owned(),
        ("lambda", [_, "functions", _], &Method::DELETE) => "DeleteFunction".to_owned(),
        (_, path, method) => format!("{method} /{}", path.join("/")),
    }
}

/// `Action` of the query protocol.
fn action(request: &Request, location: &Location) -> Option<String> {
    if header(request, "content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded")) {
        let mut fields = url::form_urlencoded::parse(&request.body);
        if let Some((_, action)) = fields.find(|(name, _)| name == "Action") {
            return Some(action.into_owned());
        }
    }
    location.parameter("Action").map(ToOwned::to_owned)
}

/// S3 tells its operations by method, by whether a key is named, and by a parameter without a value.
fn s3(method: &Method, location: &Location, request: &Request) -> &'static str {
    let by_host = request.host().is_some_and(|host| host.contains(".s3"));
    let in_bucket = by_host || !location.segments.is_empty();
    let object = location.segments.len() > usize::from(!by_host);
    let has = |name: &str| location.parameter(name).is_some();
    match *method {
        Method::PUT if object && has("partNumber") => "UploadPart",
        Method::PUT if object && header(request, "x-amz-copy-source").is_some() => "CopyObject",
        Method::PUT if has("tagging") => {
            if object {
                "PutObjectTagging"
            } else {
                "PutBucketTagging"
            }
        }
        Method::PUT if object => "PutObject",
        Method::PUT if has("publicAccessBlock") => "PutPublicAccessBlock",
        Method::PUT => "CreateBucket",
        Method::POST if has("delete") => "DeleteObjects",
        Method::POST if has("uploads") => "CreateMultipartUpload",
        Method::POST if has("uploadId") => "CompleteMultipartUpload",
        Method::DELETE if object && has("uploadId") => "AbortMultipartUpload",
        Method::DELETE if object => "DeleteObject",
        Method::DELETE => "DeleteBucket",
        Method::HEAD => {
            if object {
                "HeadObject"
            } else {
                "HeadBucket"
            }
        }
        Method::GET if has("tagging") => {
            if object {
                "GetObjectTagging"
            } else {
                "GetBucketTagging"
            }
        }
        Method::GET if object => "GetObject",
        Method::GET if has("location") => "GetBucketLocation",
        Method::GET if has("list-type") => "ListObjectsV2",
        Method::GET if in_bucket => "ListObjects",
        Method::GET => "ListBuckets",
        _ => "request",
    }
}

/// The program that sends a request: the first product of its `User-Agent`, without the version.
pub fn sender(request: &Request) -> String {
    let agent = header(request, "user-agent").unwrap_or_default();
    let product = agent.split([' ', '/']).next().unwrap_or_default();
    let name: String = product.chars().filter(|letter| letter.is_ascii_graphic()).take(24).collect();
    if name.is_empty() { "unnamed".to_owned() } else { name }
}

/// The code of the error that an answer is, `None` when it is none.
pub fn error(response: &Response) -> Option<String> {
    if response.status < 400 {
        return None;
    }
    let typed = response.headers.get("x-amzn-errortype").and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
    let code = typed.or_else(|| json_code(&response.body)).or_else(|| xml_code(&response.body));
    let code = code.map(|code| code.rsplit('#').next().unwrap_or_default().split(':').next().unwrap_or_default().to_owned());
    Some(code.filter(|code| !code.is_empty()).unwrap_or_else(|| response.status.to_string()))
}

fn json_code(body: &[u8]) -> Option<String> {
    let document: serde_json::Value = serde_json::from_slice(body).ok()?;
    let code = document.get("__type").or_else(|| document.get("code"))?;
    code.as_str().map(ToOwned::to_owned)
}

fn xml_code(body: &[u8]) -> Option<String> {
    let mut reader = Reader::from_str(std::str::from_utf8(body).ok()?);
    let mut inside = false;
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => inside = start.local_name().as_ref() == b"Code",
            Event::Text(text) if inside => return text.unescape().ok().map(|text| text.trim().to_owned()),
            Event::End(_) => inside = false,
            Event::Eof => return None,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use bytes::Bytes;
    use http::HeaderMap;

    use super::*;

    fn request(method: Method, path: &str, headers: &[(&'static str, &str)], body: &str) -> Request {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        Request { method, uri: format!("http://127.0.0.1:4566{path}"), headers: map, body: Bytes::from(body.to_owned()) }
    }

    #[test]
    fn every_protocol_says_its_operation() {
        let json = request(Method::POST, "/", &[("x-amz-target", "RedshiftData.ExecuteStatement")], "{}");
        assert_eq!(
            (service("redshift-data", &json), operation("redshift-data", &json)),
            ("Redshift Data".into(), "ExecuteStatement".into())
        );
        let form = request(
            Method::POST,
            "/",
            &[("content-type", "application/x-www-form-urlencoded; charset=utf-8")],
            "Action=GetCallerIdentity&Version=2011-06-15",
        );
        assert_eq!(operation("sts", &form), "GetCallerIdentity");
        let cbor = request(Method::POST, "/service/GraniteServiceVersion20100801/operation/GetMetricData", &[], "");
        assert_eq!(operation("monitoring", &cbor), "GetMetricData");
        let invoke = request(Method::POST, "/endpoints/mlops-staging/invocations", &[], "1,2");
        assert_eq!((service("sagemaker", &invoke), operation("sagemaker", &invoke)), ("SageMaker Runtime".into(), "InvokeEndpoint".into()));
        let other = request(Method::PUT, "/2015-03-31/functions/f/code", &[], "");
        assert_eq!(operation("lambda", &other), "PUT /2015-03-31/functions/f/code");
    }

    #[test]
    fn s3_is_told_by_method_and_place() {
        let of = |method, path| operation("s3", &request(method, path, &[], ""));
        assert_eq!(of(Method::GET, "/"), "ListBuckets");
        assert_eq!(of(Method::GET, "/b?list-type=2&prefix=x"), "ListObjectsV2");
        assert_eq!(of(Method::GET, "/b/k/l"), "GetObject");
        assert_eq!(of(Method::PUT, "/b"), "CreateBucket");
        assert_eq!(of(Method::PUT, "/b/k?partNumber=1&uploadId=u"), "UploadPart");
        assert_eq!(of(Method::POST, "/b?delete"), "DeleteObjects");
        let by_host = request(Method::GET, "/k", &[("host", "b.s3.localhost:4566")], "");
        assert_eq!(operation("s3", &by_host), "GetObject");
    }

    #[test]
    fn programs_are_named_without_their_versions() {
        let from = |agent: &str| sender(&request(Method::GET, "/", &[("user-agent", agent)], ""));
        assert_eq!(from("Boto3/1.40.1 md/Botocore#1.40.1 ua/2.1 os/linux"), "Boto3");
        assert_eq!(from("aws-cli/1.42.1 md/Botocore#1.40"), "aws-cli");
        assert_eq!(from(""), "unnamed");
    }

    #[test]
    fn errors_have_their_codes_in_every_form() {
        let answer = |status, headers: &[(&'static str, &str)], body: &str| {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.insert(*name, value.parse().unwrap());
            }
            error(&Response { status, headers: map, body: Bytes::from(body.to_owned()) })
        };
        assert_eq!(answer(200, &[], "<Code>x</Code>"), None);
        assert_eq!(answer(404, &[], "<Error><Code>NoSuchKey</Code><Message>m</Message></Error>").as_deref(), Some("NoSuchKey"));
        assert_eq!(answer(400, &[], r#"{"__type":"com.amazonaws#ValidationException"}"#).as_deref(), Some("ValidationException"));
        assert_eq!(answer(404, &[("x-amzn-errortype", "ResourceNotFound:http://x")], "").as_deref(), Some("ResourceNotFound"));
        assert_eq!(answer(404, &[], "").as_deref(), Some("404"));
    }
}
