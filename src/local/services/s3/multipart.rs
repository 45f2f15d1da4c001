//! Multipart uploads. Parts are staged on disk; an upload that is not complete when the process ends is forgotten, as if it had been
//! aborted.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use md5::{Digest, Md5};
use parking_lot::Mutex;
use serde::Deserialize;

use super::answer::{empty, quoted, refuse, set, xml};
use super::buckets::parse;
use super::objects::{check_key, content_type, copy_source, disk, user_meta};
use super::{Address, S3, body};
use crate::local::objects::{Objects, Staged};
use crate::local::service::{Request, Response, ServiceError, ServiceResult};
use crate::local::services::protocol::rest::header;
use crate::local::store::StoreError;

/// Every part but the last has at least this many bytes.
const SMALLEST_PART: u64 = 5 << 20;

/// The uploads that are going on, by id.
#[derive(Default)]
pub(super) struct Uploads {
    open: Mutex<HashMap<String, Upload>>,
}

struct Upload {
    bucket: String,
    key: String,
    initiated: DateTime<Utc>,
    content_type: Option<String>,
    user: BTreeMap<String, String>,
    parts: BTreeMap<u32, Part>,
}

#[derive(Clone)]
struct Part {
    staged: Arc<Staged>,
    modified: DateTime<Utc>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CompleteMultipartUpload {
    #[serde(default)]
    part: Vec<CompletedPart>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CompletedPart {
    part_number: u32,
    #[serde(rename = "ETag")]
    etag: String,
}

fn no_such_upload() -> ServiceError {
    refuse(
        404,
        "NoSuchUpload",
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
    )
}

impl Uploads {
    fn with<T>(&self, to: &Address, work: impl FnOnce(&mut Upload) -> T) -> ServiceResult<T> {
        let mut open = self.open.lock();
        let upload = to.parameter("uploadId").and_then(|id| open.get_mut(id));
        let upload = upload.filter(|upload| upload.bucket == to.bucket && upload.key == to.key).ok_or_else(no_such_upload)?;
        Ok(work(upload))
    }

    fn remove(&self, to: &Address) -> ServiceResult<()> {
        self.with(to, |_| ())?;
        self.open.lock().remove(to.parameter("uploadId").unwrap_or_default());
        Ok(())
    }
}

impl S3 {
    pub(super) fn create_upload(&self, request: &Request, bucket: &str, key: &str) -> ServiceResult<Response> {
        check_key(key)?;
        self.objects.bucket_settings(bucket)?;
        let id = uuid::Uuid::new_v4().simple().to_string();
        let upload = Upload {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            initiated: self.clock.now(),
            content_type: content_type(&request.headers),
            user: user_meta(&request.headers),
            parts: BTreeMap::new(),
        };
        self.uploads.open.lock().insert(id.clone(), upload);
        Ok(xml("InitiateMultipartUploadResult", |xml| {
            xml.text("Bucket", bucket).text("Key", key).text("UploadId", &id);
        }))
    }

    pub(super) async fn upload_part(&self, request: &Request, to: &Address) -> ServiceResult<Response> {
        self.uploads.with(to, |_| ())?;
        let number = to.parameter("partNumber").and_then(|number| number.parse().ok()).filter(|number| (1..=10_000).contains(number));
        let number: u32 =
            number.ok_or_else(|| refuse(400, "InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive"))?;
        let copied = request.headers.contains_key("x-amz-copy-source");
        let (objects, owned, bucket) = (self.objects.clone(), request.clone(), to.bucket.clone());
        let staged = disk(if copied { usize::MAX } else { request.body.len() }, move || {
            if copied {
                return Ok(objects.stage(&bucket, copied_part(&objects, &owned)?)?);
            }
            let content = body::content(&owned)?;
            let mut staged = objects.stage(&bucket, &content.bytes)?;
            staged.checksum = content.checksum;
            Ok(staged)
        })
        .await?;
        let (etag, checksum, modified) = (quoted(staged.etag()), staged.checksum.clone(), self.clock.now());
        self.uploads.with(to, |upload| upload.parts.insert(number, Part { staged: Arc::new(staged), modified }))?;
        if copied {
            return Ok(xml("CopyPartResult", |xml| {
                xml.text("ETag", &etag).time("LastModified", modified);
            }));
        }
        let mut response = empty(200);
        set(&mut response, "etag", &etag);
        if let Some((algorithm, value)) = checksum {
            set(&mut response, &format!("x-amz-checksum-{algorithm}"), &value);
        }
        Ok(response)
    }

    pub(super) async fn complete_upload(&self, request: &Request, to: &Address) -> ServiceResult<Response> {
        let wanted: CompleteMultipartUpload = parse(&request.body)?;
        let (parts, content_type, user) =
            self.uploads.with(to, |upload| (choose(&upload.parts, &wanted.part), upload.content_type.clone(), upload.user.clone()))?;
        let parts = parts?;
        let (objects, bucket, key) = (self.objects.clone(), to.bucket.clone(), to.key.clone());
        let etag = disk(usize::MAX, move || {
            let mut staged = join(&objects, &bucket, &parts)?;
            staged.content_type = content_type;
            staged.user = user;
            let etag = staged.etag().to_owned();
            objects.publish(&bucket, vec![(key, staged)])?;
            Ok(etag)
        })
        .await?;
        self.uploads.remove(to)?;
        Ok(xml("CompleteMultipartUploadResult", |xml| {
            xml.text("Location", format!("/{}/{}", to.bucket, to.key)).text("Bucket", &to.bucket).text("Key", &to.key);
            xml.text("ETag", quoted(&etag));
        }))
    }

    pub(super) fn abort_upload(&self, to: &Address) -> ServiceResult<Response> {
        self.uploads.remove(to)?;
        Ok(empty(204))
    }

    pub(super) fn list_parts(&self, to: &Address) -> ServiceResult<Response> {
        let parts = self.uploads.with(to, |upload| upload.parts.clone())?;
        Ok(xml("ListPartsResult", |xml| {
            xml.text("Bucket", &to.bucket).text("Key", &to.key).optional("UploadId", to.parameter("uploadId"));
            xml.value("IsTruncated", false);
            for (number, part) in &parts {
                xml.element("Part", |xml| {
                    xml.value("PartNumber", number).time("LastModified", part.modified);
                    xml.text("ETag", quoted(part.staged.etag())).value("Size", part.staged.size());
                });
            }
        }))
    }

    pub(super) fn list_uploads(&self, bucket: &str) -> ServiceResult<Response> {
        self.objects.bucket_settings(bucket)?;
        let open = self.uploads.open.lock();
        let mut uploads: Vec<_> = open.iter().filter(|(_, upload)| upload.bucket == bucket).collect();
        uploads.sort_by(|(a_id, a), (b_id, b)| (&a.key, a_id).cmp(&(&b.key, b_id)));
        Ok(xml("ListMultipartUploadsResult", |xml| {
            xml.text("Bucket", bucket).value("IsTruncated", false);
            for (id, upload) in uploads {
                xml.element("Upload", |xml| {
                    xml.text("Key", &upload.key).text("UploadId", id).time("Initiated", upload.initiated);
                });
            }
        }))
    }
}

/// The bytes that an `UploadPartCopy` takes from another object.
fn copied_part(objects: &Objects, request: &Request) -> ServiceResult<bytes::Bytes> {
    let (bucket, key) = copy_source(request)?;
    let range = match header(request, "x-amz-copy-source-range") {
        None => 0..u64::MAX,
        Some(range) => {
            let bounds = range.strip_prefix("bytes=").and_then(|range| range.split_once('-'));
            let bounds = bounds.and_then(|(first, last)| Some((first.parse::<u64>().ok()?, last.parse::<u64>().ok()?)));
            let (first, last) =
                bounds.ok_or_else(|| refuse(400, "InvalidArgument", "The x-amz-copy-source-range value must be bytes=first-last"))?;
            first..last.saturating_add(1)
        }
    };
    Ok(objects.get_range(&bucket, &key, range)?.0)
}

/// The parts that a completion names, checked as S3 checks them.
fn choose(parts: &BTreeMap<u32, Part>, wanted: &[CompletedPart]) -> ServiceResult<Vec<Part>> {
    if wanted.is_empty() {
        return Err(refuse(400, "MalformedXML", "You must specify at least one part"));
    }
    if !wanted.is_sorted_by(|a, b| a.part_number < b.part_number) {
        return Err(refuse(
            400,
            "InvalidPartOrder",
            "The list of parts was not in ascending order. The parts list must be specified in order by part number.",
        ));
    }
    let mut chosen = Vec::with_capacity(wanted.len());
    for part in wanted {
        let found = parts.get(&part.part_number).filter(|found| found.staged.etag() == part.etag.trim_matches('"'));
        let missing = "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.";
        chosen.push(found.cloned().ok_or_else(|| refuse(400, "InvalidPart", missing))?);
    }
    let but_last = &chosen[..chosen.len() - 1];
    if but_last.iter().any(|part| part.staged.size() < SMALLEST_PART) {
        return Err(refuse(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size"));
    }
    Ok(chosen)
}

/// Joins parts to one content. Its entity tag is the MD5 of the parts' MD5s, with their number.
fn join(objects: &Objects, bucket: &str, parts: &[Part]) -> ServiceResult<Staged> {
    let mut writer = objects.writer(bucket)?;
    let mut digest = Md5::new();
    for part in parts {
        let path = part.staged.file().ok_or_else(no_such_upload)?;
        let failed = |source: io::Error| refuse(500, "InternalError", StoreError::Io { path: path.to_owned(), source }.to_string());
        let mut file = File::open(path).map_err(failed)?;
        io::copy(&mut file, &mut writer).map_err(failed)?;
        digest.update(unhex(part.staged.etag()));
    }
    let staged = writer.finish().map_err(|error| refuse(500, "InternalError", error.to_string()))?;
    let etag: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(staged.with_etag(format!("{etag}-{}", parts.len())))
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).filter_map(|at| u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok()).collect()
}
