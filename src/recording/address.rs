//! Which service and which operation a request is for, from the request alone: the SDK's HTTP client is told neither.

use http::Uri;

/// A request's service, operation and place, without the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The service, by the name that requests are signed for; `sagemaker-runtime` for what asks endpoints.
    pub service: String,
    /// The operation; for one that is not known here, method and path.
    pub operation: String,
    /// Path, percent-encoded. A bucket is its first part, wherever the request had it.
    pub path: String,
    /// Query, without the question mark.
    pub query: String,
}

/// The address of a request. `header` gives a header by its name in lower case.
pub fn address<'a>(method: &str, uri: &str, header: &dyn Fn(&str) -> Option<&'a str>, body: &[u8]) -> Address {
    let parsed: Uri = uri.parse().unwrap_or_default();
    let (path, query) = (parsed.path(), parsed.query().unwrap_or_default());
    let host = header("host").or(parsed.host()).unwrap_or_default();
    let host = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit())).map_or(host, |(host, _)| host);
    let signed = header("authorization").and_then(scope).unwrap_or_else(|| of_host(host));
    let service = if signed == "sagemaker" && path.starts_with("/endpoints/") { "sagemaker-runtime".to_owned() } else { signed };
    let path = match (service.as_str(), bucket_of_host(host)) {
        // The bucket itself has one path, whether its address ends with a slash or not.
        ("s3", Some(bucket)) if path == "/" => format!("/{bucket}"),
        ("s3", Some(bucket)) => format!("/{bucket}{path}"),
        ("s3", None) if path.trim_matches('/').contains('/') => path.to_owned(),
        ("s3", None) => format!("/{}", path.trim_matches('/')),
        _ => path.to_owned(),
    };
    let named = || {
        let target = header("x-amz-target").and_then(|target| target.rsplit('.').next());
        let remote = || path.rsplit_once("/operation/").map(|(_, operation)| operation);
        target.or_else(remote).map(str::to_owned).or_else(|| action(header("content-type").unwrap_or_default(), body))
    };
    let operation = match service.as_str() {
        "s3" => s3(method, &path, query).map(str::to_owned),
        "sagemaker-runtime" if path.ends_with("/invocations") => Some("InvokeEndpoint".to_owned()),
        "lambda" => lambda(method, &path).map(str::to_owned),
        _ => named(),
    };
    let operation = operation.unwrap_or_else(|| format!("{method} {path}"));
    Address { service, operation, path, query: query.to_owned() }
}

/// The service in `Credential=AKID/date/region/service/aws4_request`.
fn scope(authorization: &str) -> Option<String> {
    let credential = authorization.split_once("Credential=")?.1.split([',', ' ']).next()?;
    credential.rsplit('/').nth(1).map(str::to_owned)
}

/// The service of an unsigned request, from a host such as `athena.us-east-1.amazonaws.com`.
fn of_host(host: &str) -> String {
    let host = host.strip_suffix(".amazonaws.com").unwrap_or(host);
    host.rsplit('.').find(|label| label.bytes().filter(|byte| *byte == b'-').count() != 2).unwrap_or(host).to_owned()
}

/// The bucket in a host such as `bucket.s3.us-east-1.amazonaws.com`; none where the path has it.
fn bucket_of_host(host: &str) -> Option<&str> {
    let end = [".s3.", ".s3-"].iter().filter_map(|sign| host.find(sign)).min();
    let own = || host.strip_suffix(".localhost").filter(|bucket| !bucket.is_empty() && *bucket != "s3");
    end.map(|end| &host[..end]).or_else(own)
}

/// The action of a form, of the services that are asked by one.
fn action(content_type: &str, body: &[u8]) -> Option<String> {
    if !content_type.starts_with("application/x-www-form-urlencoded") {
        return None;
    }
    let text = std::str::from_utf8(body).ok()?;
    text.split('&').find_map(|pair| pair.strip_prefix("Action=")).map(str::to_owned)
}

fn s3(method: &str, path: &str, query: &str) -> Option<&'static str> {
    let on_object = path.trim_start_matches('/').split_once('/').is_some_and(|(_, key)| !key.is_empty());
    let on_bucket = path.len() > 1;
    let asks = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
    Some(match (method, on_object) {
        ("GET", _) if !on_bucket => "ListBuckets",
        ("GET", false) if asks("tagging") => "GetBucketTagging",
        ("GET", false) if asks("publicAccessBlock") => "GetPublicAccessBlock",
        ("GET", false) if asks("location") => "GetBucketLocation",
        ("GET", false) if asks("versions") => "ListObjectVersions",
        ("GET", false) if asks("uploads") => "ListMultipartUploads",
        ("GET", false) => "ListObjectsV2",
        ("HEAD", false) => "HeadBucket",
        ("PUT", false) if asks("tagging") => "PutBucketTagging",
        ("PUT", false) if asks("publicAccessBlock") => "PutPublicAccessBlock",
        ("PUT", false) if query.is_empty() || asks("x-id") => "CreateBucket",
        ("POST", false) if asks("delete") => "DeleteObjects",
        ("DELETE", false) if query.is_empty() || asks("x-id") => "DeleteBucket",
        ("GET", true) if asks("tagging") => "GetObjectTagging",
        ("GET", true) => "GetObject",
        ("HEAD", true) => "HeadObject",
        ("PUT", true) if asks("partNumber") => "UploadPart",
        ("PUT", true) if asks("tagging") => "PutObjectTagging",
        ("PUT", true) => "PutObject",
        ("DELETE", true) if asks("uploadId") => "AbortMultipartUpload",
        ("DELETE", true) => "DeleteObject",
        ("POST", true) if asks("uploads") => "CreateMultipartUpload",
        ("POST", true) if asks("uploadId") => "CompleteMultipartUpload",
        _ => return None,
    })
}

fn lambda(method: &str, path: &str) -> Option<&'static str> {
    let mut parts = path.split('/').filter(|part| !part.is_empty()).skip(1);
    let (kind, name, rest) = (parts.next()?, parts.next(), parts.next());
    Some(match (method, kind, name, rest) {
        ("POST", "functions", None, _) => "CreateFunction",
        ("GET", "functions", None, _) => "ListFunctions",
        ("GET", "functions", Some(_), None) => "GetFunction",
        ("GET", "functions", Some(_), Some("configuration")) => "GetFunctionConfiguration",
        ("DELETE", "functions", Some(_), None) => "DeleteFunction",
        ("PUT", "functions", Some(_), Some("code")) => "UpdateFunctionCode",
        ("PUT", "functions", Some(_), Some("configuration")) => "UpdateFunctionConfiguration",
        ("POST", "functions", Some(_), Some("invocations")) => "Invoke",
        ("GET", "tags", ..) => "ListTags",
        ("POST", "tags", ..) => "TagResource",
        ("DELETE", "tags", ..) => "UntagResource",
        _ => return None,
    })
}

/// The name of a service that people read.
pub fn title(service: &str) -> &str {
    match service {
        "athena" => "Athena",
        "codecommit" => "CodeCommit",
        "codepipeline" => "CodePipeline",
        "iam" => "IAM",
        "lambda" => "Lambda",
        "logs" => "CloudWatch Logs",
        "monitoring" => "CloudWatch",
        "redshift" => "Redshift",
        "redshift-data" => "Redshift Data",
        "redshift-serverless" => "Redshift Serverless",
        "s3" => "S3",
        "sagemaker" => "SageMaker",
        "sagemaker-runtime" => "SageMaker Runtime",
        "secretsmanager" => "Secrets Manager",
        "sts" => "STS",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn of(method: &str, uri: &str, service: &str, headers: &[(&'static str, &'static str)], body: &str) -> Address {
        let signed = format!("AWS4-HMAC-SHA256 Credential=A/20260101/eu-west-1/{service}/aws4_request, SignedHeaders=host, Signature=0");
        let signed: &'static str = signed.leak();
        let header = |name: &str| match name {
            "authorization" => Some(signed),
            name => headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value),
        };
        address(method, uri, &header, body.as_bytes())
    }

    fn operation(method: &str, uri: &str, service: &str) -> String {
        of(method, uri, service, &[], "").operation
    }

    #[test]
    fn operations_are_told_by_header_form_and_path() {
        let found = of("POST", "https://x.amazonaws.com/", "redshift-data", &[("x-amz-target", "RedshiftData.ExecuteStatement")], "{}");
        assert_eq!((found.service.as_str(), found.operation.as_str()), ("redshift-data", "ExecuteStatement"));
        let form = [("content-type", "application/x-www-form-urlencoded")];
        assert_eq!(of("POST", "https://iam.amazonaws.com/", "iam", &form, "Action=GetRole&Version=1").operation, "GetRole");
        let cbor = "https://monitoring.eu-west-1.amazonaws.com/service/GraniteServiceVersion20100801/operation/GetMetricData";
        assert_eq!(operation("POST", cbor, "monitoring"), "GetMetricData");
        let invoked = of("POST", "https://runtime.sagemaker.eu-west-1.amazonaws.com/endpoints/e/invocations", "sagemaker", &[], "1,2");
        assert_eq!((invoked.service.as_str(), invoked.operation.as_str()), ("sagemaker-runtime", "InvokeEndpoint"));
        assert_eq!(operation("GET", "https://lambda.amazonaws.com/2015-03-31/functions/f", "lambda"), "GetFunction");
        assert_eq!(operation("PATCH", "https://lambda.amazonaws.com/2015-03-31/x", "lambda"), "PATCH /2015-03-31/x");
    }

    #[test]
    fn a_bucket_is_the_first_part_of_the_path_wherever_the_request_has_it() {
        let virtual_host = of("GET", "https://b.s3.eu-west-1.amazonaws.com/k/l?x-id=GetObject", "s3", &[], "");
        let in_path = of("GET", "http://127.0.0.1:4566/b/k/l?x-id=GetObject", "s3", &[], "");
        let dotted = of("GET", "https://s3.eu-west-1.amazonaws.com/b/k/l?x-id=GetObject", "s3", &[], "");
        assert_eq!((&virtual_host, &virtual_host), (&in_path, &dotted));
        assert_eq!((virtual_host.path.as_str(), virtual_host.operation.as_str()), ("/b/k/l", "GetObject"));
        assert_eq!(operation("GET", "https://b.s3.amazonaws.com/?list-type=2&prefix=a", "s3"), "ListObjectsV2");
        assert_eq!(operation("HEAD", "https://b.s3.amazonaws.com/", "s3"), "HeadBucket");
        for bucket in ["https://b.s3.amazonaws.com/", "http://127.0.0.1/b", "http://127.0.0.1/b/"] {
            assert_eq!(of("HEAD", bucket, "s3", &[], "").path, "/b", "{bucket}");
        }
        assert_eq!(operation("POST", "https://b.s3.amazonaws.com/?delete", "s3"), "DeleteObjects");
    }

    #[test]
    fn an_unsigned_request_goes_by_its_host() {
        for (host, service) in [("athena.us-east-1.amazonaws.com", "athena"), ("iam.amazonaws.com", "iam")] {
            assert_eq!(of_host(host), service);
        }
    }
}
