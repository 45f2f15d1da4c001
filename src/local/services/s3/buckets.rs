//! Buckets and their settings.

use serde::Deserialize;

use super::S3;
use super::answer::{empty, refuse, set, xml};
use crate::local::service::{Request, Response, ServiceResult};

/// Settings that are kept as the document that was sent: the query parameter, the document's root element and, for one that was never
/// made, S3's code and message.
const SETTINGS: &[(&str, &str, &str, &str)] = &[
    ("tagging", "Tagging", "NoSuchTagSet", "The TagSet does not exist"),
    (
        "publicAccessBlock",
        "PublicAccessBlockConfiguration",
        "NoSuchPublicAccessBlockConfiguration",
        "The public access block configuration was not found",
    ),
    (
        "encryption",
        "ServerSideEncryptionConfiguration",
        "ServerSideEncryptionConfigurationNotFoundError",
        "The server side encryption configuration was not found",
    ),
    ("lifecycle", "LifecycleConfiguration", "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"),
    ("ownershipControls", "OwnershipControls", "OwnershipControlsNotFoundError", "The bucket ownership controls were not found"),
    ("policy", "", "NoSuchBucketPolicy", "The bucket policy does not exist"),
];

/// The setting that holds where a bucket was made.
const LOCATION: &str = "location";

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct CreateBucketConfiguration {
    location_constraint: Option<String>,
    tags: Option<Tags>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Tags {
    tag: Vec<Tag>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Tag {
    key: String,
    value: String,
}

impl S3 {
    pub(super) fn list_buckets(&self) -> Response {
        xml("ListAllMyBucketsResult", |xml| {
            xml.list("Buckets", "Bucket", self.objects.buckets(), |xml, (name, created)| {
                xml.text("Name", name).time("CreationDate", created);
            })
            .element("Owner", |xml| {
                xml.text("ID", &*self.account);
            });
        })
    }

    pub(super) fn create_bucket(&self, request: &Request, bucket: &str) -> ServiceResult<Response> {
        let configuration: CreateBucketConfiguration =
            if request.body.is_empty() { CreateBucketConfiguration::default() } else { parse(&request.body)? };
        self.objects.create_bucket(bucket)?;
        let location = configuration.location_constraint.unwrap_or_else(|| self.region.to_string());
        self.objects.set_bucket_setting(bucket, LOCATION, Some(location))?;
        if let Some(tags) = configuration.tags {
            let document = xml("Tagging", |xml| {
                xml.list("TagSet", "Tag", &tags.tag, |xml, tag| {
                    xml.text("Key", &tag.key).text("Value", &tag.value);
                });
            });
            self.objects.set_bucket_setting(bucket, "tagging", Some(String::from_utf8_lossy(&document.body).into_owned()))?;
        }
        let mut response = empty(200);
        set(&mut response, "location", &format!("/{bucket}"));
        Ok(response)
    }

    pub(super) fn head_bucket(&self, bucket: &str) -> ServiceResult<Response> {
        let settings = self.objects.bucket_settings(bucket)?;
        let mut response = empty(200);
        set(&mut response, "x-amz-bucket-region", settings.get(LOCATION).map_or(&*self.region, String::as_str));
        Ok(response)
    }

    pub(super) fn delete_bucket(&self, bucket: &str) -> ServiceResult<Response> {
        self.objects.delete_bucket(bucket)?;
        Ok(empty(204))
    }

    pub(super) fn bucket_location(&self, bucket: &str) -> ServiceResult<Response> {
        let settings = self.objects.bucket_settings(bucket)?;
        // The first region has no name here.
        let location = settings.get(LOCATION).filter(|location| *location != "us-east-1").cloned().unwrap_or_default();
        let mut response = xml("LocationConstraint", |_| {});
        let text = String::from_utf8_lossy(&response.body).replace("></LocationConstraint>", &format!(">{location}</LocationConstraint>"));
        response.body = text.into();
        Ok(response)
    }

    /// Versioning is always off.
    pub(super) fn bucket_versioning(&self, bucket: &str) -> ServiceResult<Response> {
        self.objects.bucket_settings(bucket)?;
        Ok(xml("VersioningConfiguration", |_| {}))
    }

    pub(super) fn put_setting(&self, request: &Request, bucket: &str, name: &str) -> ServiceResult<Response> {
        let (_, root, _, _) = setting(name)?;
        let document = std::str::from_utf8(&request.body).map_err(|_| malformed())?;
        // A policy is JSON, everything else XML of a known kind.
        let well_formed = if root.is_empty() {
            serde_json::from_str::<serde_json::Value>(document).is_ok()
        } else {
            root_of(document).as_deref() == Some(root)
        };
        if !well_formed {
            return Err(malformed());
        }
        self.objects.set_bucket_setting(bucket, name, Some(document.to_owned()))?;
        Ok(empty(if name == "tagging" || name == "policy" { 204 } else { 200 }))
    }

    pub(super) fn get_setting(&self, bucket: &str, name: &str) -> ServiceResult<Response> {
        let (_, root, code, message) = setting(name)?;
        let mut settings = self.objects.bucket_settings(bucket)?;
        let document = settings.remove(name).ok_or_else(|| refuse(404, code, message))?;
        Ok(Response::new(200, if root.is_empty() { "application/json" } else { "application/xml" }, document))
    }

    pub(super) fn delete_setting(&self, bucket: &str, name: &str) -> ServiceResult<Response> {
        setting(name)?;
        self.objects.set_bucket_setting(bucket, name, None)?;
        Ok(empty(204))
    }
}

fn setting(name: &str) -> ServiceResult<(&'static str, &'static str, &'static str, &'static str)> {
    let found = SETTINGS.iter().find(|(known, ..)| *known == name).copied();
    found.ok_or_else(|| refuse(501, "NotImplemented", format!("the embedded S3 does not support the bucket setting `{name}`")))
}

/// Reads an XML body.
pub(super) fn parse<T: serde::de::DeserializeOwned>(body: &[u8]) -> ServiceResult<T> {
    let text = std::str::from_utf8(body).map_err(|_| malformed())?;
    quick_xml::de::from_str(text).map_err(|_| malformed())
}

fn malformed() -> crate::local::service::ServiceError {
    refuse(400, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
}

/// The name of the root element of a well-formed document.
fn root_of(document: &str) -> Option<String> {
    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_str(document);
    let (mut root, mut depth) = (None, 0_usize);
    loop {
        match reader.read_event().ok()? {
            Event::Start(element) => {
                root.get_or_insert_with(|| String::from_utf8_lossy(element.local_name().as_ref()).into_owned());
                depth += 1;
            }
            Event::Empty(element) => {
                root.get_or_insert_with(|| String::from_utf8_lossy(element.local_name().as_ref()).into_owned());
            }
            Event::End(_) => depth = depth.checked_sub(1)?,
            Event::Eof => return root.filter(|_| depth == 0),
            _ => {}
        }
    }
}
