//! Listings: `ListObjectsV2` and its predecessor, with prefixes, delimiters and pages.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::answer::{quoted, refuse, xml};
use super::{Address, S3};
use crate::local::objects::{ObjectMeta, Objects};
use crate::local::service::{Response, ServiceResult};

/// Most entries of a page.
const MOST: usize = 1000;

/// Where a page ended, which is where the next one begins.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Mark {
    /// After this key.
    Key(String),
    /// After everything below this common prefix.
    Prefix(String),
}

#[derive(Debug, Default)]
struct Page {
    objects: Vec<(String, ObjectMeta)>,
    prefixes: Vec<String>,
    next: Option<Mark>,
}

impl Mark {
    fn token(&self) -> String {
        let (kind, text) = match self {
            Mark::Key(key) => ('k', key),
            Mark::Prefix(prefix) => ('p', prefix),
        };
        URL_SAFE_NO_PAD.encode(format!("{kind}{text}"))
    }

    fn from_token(token: &str) -> ServiceResult<Self> {
        let text = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let text = text.as_deref().and_then(|text| text.split_at_checked(1));
        match text {
            Some(("k", key)) => Ok(Mark::Key(key.to_owned())),
            Some(("p", prefix)) => Ok(Mark::Prefix(prefix.to_owned())),
            _ => Err(refuse(400, "InvalidArgument", "The continuation token provided is incorrect")),
        }
    }

    fn text(&self) -> &str {
        match self {
            Mark::Key(text) | Mark::Prefix(text) => text,
        }
    }
}

fn page(objects: &Objects, bucket: &str, prefix: &str, delimiter: &str, start: Option<Mark>, limit: usize) -> ServiceResult<Page> {
    let mut page = Page::default();
    let (mut after, mut done_prefix) = match start {
        Some(Mark::Key(key)) => (Some(key), None),
        Some(Mark::Prefix(prefix)) => (Some(prefix.clone()), Some(prefix)),
        None => (None, None),
    };
    let mut last: Option<Mark> = None;
    loop {
        let found = objects.list_after(bucket, prefix, after.as_deref(), MOST + 1)?;
        let Some((newest, _)) = found.last() else { return Ok(page) };
        let next_after = newest.clone();
        for (key, meta) in found {
            if done_prefix.as_ref().is_some_and(|done| key.starts_with(done.as_str())) {
                continue;
            }
            if page.objects.len() + page.prefixes.len() == limit {
                page.next = last.filter(|_| limit > 0);
                return Ok(page);
            }
            let rest = key.get(prefix.len()..).unwrap_or_default();
            let cut = (!delimiter.is_empty()).then(|| rest.find(delimiter)).flatten();
            if let Some(at) = cut {
                let common = key[..prefix.len() + at + delimiter.len()].to_owned();
                last = Some(Mark::Prefix(common.clone()));
                done_prefix = Some(common.clone());
                page.prefixes.push(common);
            } else {
                last = Some(Mark::Key(key.clone()));
                page.objects.push((key, meta));
            }
        }
        after = Some(next_after);
    }
}

impl S3 {
    /// `ListObjectsV2` (`list-type=2`), else `ListObjects`.
    pub(super) fn list_objects(&self, to: &Address) -> ServiceResult<Response> {
        let parameter = |name: &str| to.parameter(name).unwrap_or_default();
        let second = to.parameter("list-type") == Some("2");
        let (prefix, delimiter) = (parameter("prefix"), parameter("delimiter"));
        let invalid = |_| refuse(400, "InvalidArgument", "Provided max-keys not an integer or within integer range");
        let limit =
            to.parameter("max-keys").map_or(Ok(MOST), |text| text.parse::<usize>().map(|limit| limit.min(MOST))).map_err(invalid)?;
        let start = match (to.parameter("continuation-token"), to.parameter("start-after").or(to.parameter("marker"))) {
            (Some(token), _) if second => Some(Mark::from_token(token)?),
            // A marker that is a common prefix of the last page leads past everything below it.
            (_, Some(key)) if !delimiter.is_empty() && key.ends_with(delimiter) && key.len() > prefix.len() => {
                Some(Mark::Prefix(key.to_owned()))
            }
            (_, Some(key)) if !key.is_empty() => Some(Mark::Key(key.to_owned())),
            _ => None,
        };
        let page = page(&self.objects, &to.bucket, prefix, delimiter, start, limit)?;
        let encoded = parameter("encoding-type") == "url";
        let name = |text: &str| if encoded { encode(text) } else { text.to_owned() };
        Ok(xml("ListBucketResult", |xml| {
            xml.text("Name", &to.bucket).text("Prefix", name(prefix)).value("MaxKeys", limit).value("IsTruncated", page.next.is_some());
            if !delimiter.is_empty() {
                xml.text("Delimiter", name(delimiter));
            }
            if encoded {
                xml.text("EncodingType", "url");
            }
            if second {
                xml.value("KeyCount", page.objects.len() + page.prefixes.len());
                xml.optional("ContinuationToken", to.parameter("continuation-token"));
                xml.optional("NextContinuationToken", page.next.as_ref().map(Mark::token));
                xml.optional("StartAfter", to.parameter("start-after").map(name));
            } else {
                xml.text("Marker", name(parameter("marker")));
                xml.optional("NextMarker", page.next.as_ref().map(|mark| name(mark.text())));
            }
            for (key, meta) in &page.objects {
                xml.element("Contents", |xml| {
                    xml.text("Key", name(key)).time("LastModified", meta.modified).text("ETag", quoted(&meta.etag));
                    xml.value("Size", meta.size).text("StorageClass", "STANDARD");
                });
            }
            for prefix in &page.prefixes {
                xml.element("CommonPrefixes", |xml| {
                    xml.text("Prefix", name(prefix));
                });
            }
        }))
    }
}

/// Percent-encodes all but unreserved characters and slashes, as S3 does for `encoding-type=url`.
fn encode(text: &str) -> String {
    let encoded: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    encoded.replace("%2F", "/").replace("%7E", "~")
}
