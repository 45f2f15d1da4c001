//! Objects: put, get, head, copy, delete.

use std::collections::BTreeMap;
use std::ops::Range;

use http::HeaderMap;
use serde::Deserialize;

use super::S3;
use super::answer::{empty, http_date, quoted, refuse, set, xml};
use super::body;
use super::buckets::parse;
use crate::local::objects::{ObjectError, ObjectMeta, Staged};
use crate::local::service::{Request, Response, ServiceError, ServiceResult};
use crate::local::services::protocol::rest::{decode, header};

/// Longest key, in bytes of UTF-8.
const LONGEST_KEY: usize = 1024;

/// From here on reading and writing go to a thread that may block.
const LARGE: usize = 256 * 1024;

/// `DeleteObjects` takes this many keys.
const MOST_DELETES: usize = 1000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Delete {
    #[serde(default)]
    object: Vec<ObjectIdentifier>,
    #[serde(default)]
    quiet: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ObjectIdentifier {
    key: String,
}

/// Runs disk work of `size` bytes where it does not hold up other requests.
pub(super) async fn disk<T: Send + 'static>(size: usize, work: impl FnOnce() -> ServiceResult<T> + Send + 'static) -> ServiceResult<T> {
    if size < LARGE {
        return work();
    }
    let failed = |error: tokio::task::JoinError| refuse(500, "InternalError", error.to_string());
    tokio::task::spawn_blocking(work).await.map_err(failed)?
}

impl S3 {
    pub(super) async fn put_object(&self, request: &Request, bucket: &str, key: &str) -> ServiceResult<Response> {
        check_key(key)?;
        if header(request, "if-none-match") == Some("*") && self.objects.head(bucket, key).is_ok() {
            return Err(precondition());
        }
        let (objects, request, bucket, key) = (self.objects.clone(), request.clone(), bucket.to_owned(), key.to_owned());
        let meta = disk(request.body.len(), move || {
            let content = body::content(&request)?;
            let mut staged = objects.stage(&bucket, &content.bytes)?;
            describe(&mut staged, &request.headers);
            staged.checksum = content.checksum;
            let mut written = objects.publish(&bucket, vec![(key.clone(), staged)])?;
            written.pop().ok_or_else(|| ServiceError::from(ObjectError::NoKey { bucket, key }))
        })
        .await?;
        let mut response = empty(200);
        set(&mut response, "etag", &quoted(&meta.etag));
        set_checksum(&mut response, &meta);
        Ok(response)
    }

    pub(super) async fn get_object(&self, request: &Request, bucket: &str, key: &str) -> ServiceResult<Response> {
        let meta = self.objects.head(bucket, key)?;
        if let Some(early) = conditions(request, &meta)? {
            return Ok(early);
        }
        let range = header(request, "range").and_then(|range| parse_range(range, meta.size));
        let wanted = match &range {
            None => 0..meta.size,
            Some(Ok(range)) => range.clone(),
            Some(Err(())) => return Err(refuse(416, "InvalidRange", "The requested range is not satisfiable")),
        };
        let (objects, bucket, key) = (self.objects.clone(), bucket.to_owned(), key.to_owned());
        let size = usize::try_from(wanted.end - wanted.start).unwrap_or(usize::MAX);
        let read = wanted.clone();
        // What is read may be newer than what was looked at: its own meta data goes with it.
        let (bytes, meta) = disk(size, move || Ok(objects.get_range(&bucket, &key, read)?)).await?;
        let mut response = described(&meta, header(request, "x-amz-checksum-mode").is_some() && range.is_none());
        if range.is_some() {
            response.status = 206;
            let last = wanted.start + bytes.len() as u64;
            set(&mut response, "content-range", &format!("bytes {}-{}/{}", wanted.start, last.saturating_sub(1), meta.size));
        }
        set(&mut response, "content-length", &bytes.len().to_string());
        response.body = bytes;
        Ok(response)
    }

    pub(super) fn head_object(&self, request: &Request, bucket: &str, key: &str) -> ServiceResult<Response> {
        let meta = self.objects.head(bucket, key)?;
        if let Some(early) = conditions(request, &meta)? {
            return Ok(early);
        }
        Ok(described(&meta, header(request, "x-amz-checksum-mode").is_some()))
    }

    pub(super) fn delete_object(&self, bucket: &str, key: &str) -> ServiceResult<Response> {
        self.objects.delete(bucket, &[key])?;
        Ok(empty(204))
    }

    pub(super) fn delete_objects(&self, request: &Request, bucket: &str) -> ServiceResult<Response> {
        let content = body::content(request)?;
        let delete: Delete = parse(&content.bytes)?;
        if delete.object.is_empty() || delete.object.len() > MOST_DELETES {
            return Err(refuse(400, "MalformedXML", format!("between 1 and {MOST_DELETES} keys can be deleted at once")));
        }
        let keys: Vec<&str> = delete.object.iter().map(|object| object.key.as_str()).collect();
        self.objects.delete(bucket, &keys)?;
        Ok(xml("DeleteResult", |xml| {
            for key in keys.iter().filter(|_| !delete.quiet) {
                xml.element("Deleted", |xml| {
                    xml.text("Key", key);
                });
            }
        }))
    }

    pub(super) fn copy_object(&self, request: &Request, bucket: &str, key: &str) -> ServiceResult<Response> {
        check_key(key)?;
        let (from_bucket, from_key) = copy_source(request)?;
        let replace = (header(request, "x-amz-metadata-directive") == Some("REPLACE"))
            .then(|| (content_type(&request.headers), user_meta(&request.headers)));
        if (from_bucket.as_str(), from_key.as_str()) == (bucket, key) && replace.is_none() {
            let why =
                "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata.";
            return Err(refuse(400, "InvalidRequest", why));
        }
        let meta = self.objects.copy((&from_bucket, &from_key), (bucket, key), replace)?;
        Ok(xml("CopyObjectResult", |xml| {
            xml.text("ETag", quoted(&meta.etag)).time("LastModified", meta.modified);
        }))
    }
}

/// Bucket and key in `x-amz-copy-source`.
pub(super) fn copy_source(request: &Request) -> ServiceResult<(String, String)> {
    let source = decode(header(request, "x-amz-copy-source").unwrap_or_default());
    let source = source.strip_prefix('/').unwrap_or(&source);
    let (bucket, key) = source.split_once('/').unwrap_or((source, ""));
    if key.is_empty() {
        return Err(refuse(400, "InvalidArgument", "Copy Source must mention the source bucket and key: sourcebucket/sourcekey"));
    }
    Ok((bucket.to_owned(), key.to_owned()))
}

/// S3's limit on keys.
pub(super) fn check_key(key: &str) -> ServiceResult<()> {
    if key.len() > LONGEST_KEY { Err(refuse(400, "KeyTooLongError", "Your key is too long")) } else { Ok(()) }
}

/// Takes what an upload says about its content.
pub(super) fn describe(staged: &mut Staged, headers: &HeaderMap) {
    staged.content_type = content_type(headers);
    staged.user = user_meta(headers);
}

pub(super) fn content_type(headers: &HeaderMap) -> Option<String> {
    headers.get(http::header::CONTENT_TYPE)?.to_str().ok().map(ToOwned::to_owned)
}

pub(super) fn user_meta(headers: &HeaderMap) -> BTreeMap<String, String> {
    let user = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        Some((name.as_str().strip_prefix("x-amz-meta-")?.to_owned(), value.to_str().ok()?.to_owned()))
    };
    headers.iter().filter_map(user).collect()
}

fn described(meta: &ObjectMeta, with_checksum: bool) -> Response {
    let mut response = empty(200);
    set(&mut response, "etag", &quoted(&meta.etag));
    set(&mut response, "last-modified", &http_date(meta.modified));
    set(&mut response, "content-type", meta.content_type.as_deref().unwrap_or("binary/octet-stream"));
    set(&mut response, "content-length", &meta.size.to_string());
    set(&mut response, "accept-ranges", "bytes");
    for (name, value) in &meta.user {
        set(&mut response, &format!("x-amz-meta-{name}"), value);
    }
    if with_checksum {
        set_checksum(&mut response, meta);
    }
    response
}

fn set_checksum(response: &mut Response, meta: &ObjectMeta) {
    if let Some((algorithm, value)) = &meta.checksum {
        set(response, &format!("x-amz-checksum-{algorithm}"), value);
        set(response, "x-amz-checksum-type", "FULL_OBJECT");
    }
}

fn precondition() -> ServiceError {
    refuse(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
}

/// `If-Match` and `If-None-Match`: an error, an early answer, or nothing.
fn conditions(request: &Request, meta: &ObjectMeta) -> ServiceResult<Option<Response>> {
    let matches = |given: &str| given.split(',').map(str::trim).any(|tag| tag == "*" || tag.trim_matches('"') == meta.etag);
    if header(request, "if-match").is_some_and(|given| !matches(given)) {
        return Err(precondition());
    }
    if header(request, "if-none-match").is_some_and(matches) {
        let mut response = empty(304);
        set(&mut response, "etag", &quoted(&meta.etag));
        return Ok(Some(response));
    }
    Ok(None)
}

/// The bytes that a `Range` header asks for of `size`. `None` for a header that is to be ignored, as HTTP says of one that is not
/// understood; `Some(Err)` for one that lies outside.
fn parse_range(range: &str, size: u64) -> Option<Result<Range<u64>, ()>> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let range = match (first.is_empty(), last.is_empty()) {
        (true, true) => return None,
        (true, false) => {
            let suffix: u64 = last.parse().ok()?;
            if suffix == 0 {
                return Some(Err(()));
            }
            size.saturating_sub(suffix)..size
        }
        (false, true) => first.parse().ok()?..size,
        (false, false) => {
            let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
            if last < first {
                return None;
            }
            first..size.min(last.saturating_add(1))
        }
    };
    Some(if range.start < range.end { Ok(range) } else { Err(()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_http_defines_them() {
        for (header, expected) in [
            ("bytes=0-3", Some(Ok(0..4))),
            ("bytes=4-", Some(Ok(4..10))),
            ("bytes=-3", Some(Ok(7..10))),
            ("bytes=-30", Some(Ok(0..10))),
            ("bytes=5-99", Some(Ok(5..10))),
            ("bytes=10-", Some(Err(()))),
            ("bytes=-0", Some(Err(()))),
            ("bytes=5-4", None),
            ("bytes=0-1,3-4", None),
            ("lines=1-2", None),
            ("bytes=-", None),
        ] {
            assert_eq!(parse_range(header, 10), expected, "{header}");
        }
    }
}
