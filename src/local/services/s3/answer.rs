//! S3's XML: answers and errors.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderName, HeaderValue};

use super::Address;
use crate::local::objects::ObjectError;
use crate::local::service::{Response, ServiceError};
use crate::local::services::protocol::aws_query::Xml;

const DECLARATION: &str = r#"<?xml version="1.0" encoding="UTF-8"?>"#;
const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// An XML document with the root element `root`.
pub(super) fn xml(root: &str, inner: impl FnOnce(&mut Xml)) -> Response {
    let mut document = Xml::default();
    document.element(&format!("{root} xmlns=\"{NAMESPACE}\""), inner);
    Response::new(200, "application/xml", format!("{DECLARATION}{}", document.into_text()))
}

/// An answer without a body.
pub(super) fn empty(status: u16) -> Response {
    Response { status, headers: http::HeaderMap::new(), body: Bytes::new() }
}

/// An error as S3 states it.
pub(super) fn error(error: &ServiceError, to: &Address) -> Response {
    let mut document = Xml::default();
    document.element("Error", |xml| {
        xml.text("Code", &error.code).text("Message", &error.message);
        match error.code.as_ref() {
            "NoSuchKey" => xml.text("Key", &to.key),
            "NoSuchBucket" | "BucketNotEmpty" | "BucketAlreadyOwnedByYou" => xml.text("BucketName", &to.bucket),
            _ => xml.text("Resource", format!("/{}/{}", to.bucket, to.key)),
        };
    });
    Response::new(error.status, "application/xml", format!("{DECLARATION}{}", document.into_text()))
}

/// An error with S3's code and status.
pub(super) fn refuse(status: u16, code: &'static str, message: impl Into<String>) -> ServiceError {
    ServiceError::new(code, message).with_status(status)
}

impl From<ObjectError> for ServiceError {
    fn from(error: ObjectError) -> Self {
        match error {
            ObjectError::NoBucket(_) => refuse(404, "NoSuchBucket", "The specified bucket does not exist"),
            ObjectError::NoKey { .. } => refuse(404, "NoSuchKey", "The specified key does not exist."),
            ObjectError::BucketExists(_) => {
                refuse(409, "BucketAlreadyOwnedByYou", "Your previous request to create the named bucket succeeded and you already own it.")
            }
            ObjectError::NotEmpty(_) => refuse(409, "BucketNotEmpty", "The bucket you tried to delete is not empty"),
            ObjectError::BucketName(_) => refuse(400, "InvalidBucketName", "The specified bucket is not valid."),
            ObjectError::Store(error) => refuse(500, "InternalError", error.to_string()),
        }
    }
}

/// Sets a header; a value that no header can have (a line break in user meta data) is left out.
pub(super) fn set(response: &mut Response, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
        response.headers.insert(name, value);
    }
}

/// A time as HTTP headers give it.
pub(super) fn http_date(at: DateTime<Utc>) -> String {
    at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// An entity tag as S3 gives it.
pub(super) fn quoted(etag: &str) -> String {
    format!("\"{etag}\"")
}
