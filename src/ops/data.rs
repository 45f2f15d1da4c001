//! The CSV of the demonstration: where it comes from, and what of it is in S3.

use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::error::op;
use super::report::Run;
use super::{Context, OpError, OpErrorKind, results};
use crate::demo::dataset::{self, PreparedCsv};
use crate::demo::sample;

/// Keys of the object's metadata.
mod key {
    pub const SOURCE: &str = "shiftdeck-source";
    pub const SHA256: &str = "shiftdeck-sha256";
    pub const ROWS: &str = "shiftdeck-rows";
    pub const YES: &str = "shiftdeck-yes";
    pub const SUMS: &str = "shiftdeck-sums";
}

/// What is known of the CSV in S3: figures taken when it was checked, and compared with at every hop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LakeFile {
    /// SHA-256 of the canonical CSV, hex.
    pub sha256: String,
    /// Rows.
    pub rows: u64,
    /// Rows of the positive class.
    pub yes: u64,
    /// Sums as SQL prints them, of the columns of the data set that are added up.
    pub sums: Vec<String>,
    /// Identifies the source that it was made from.
    source: String,
    /// Bytes.
    pub size: u64,
}

/// The key of the CSV.
pub(super) fn object_key(context: &Context) -> String {
    format!("{}{}.csv", context.scenario.data_prefix, context.scenario.data.name)
}

/// The CSV in S3, if it is there with its figures.
pub(super) async fn in_lake(context: &Context) -> Result<Option<LakeFile>, OpError> {
    let key = object_key(context);
    let info = context.gateways.objects.info(&context.scenario.bucket, &key).await.map_err(op(&key, "could not look for the CSV"))?;
    Ok(info.and_then(|info| {
        let text = |name: &str| info.metadata.get(name).cloned();
        let sums: Vec<String> = text(key::SUMS)?.split(' ').filter(|sum| !sum.is_empty()).map(str::to_owned).collect();
        Some(LakeFile {
            sha256: text(key::SHA256)?,
            rows: text(key::ROWS)?.parse().ok()?,
            yes: text(key::YES)?.parse().ok()?,
            sums: (sums.len() == context.scenario.data.summed().count()).then_some(sums)?,
            source: text(key::SOURCE)?,
            size: info.size,
        })
    }))
}

/// Makes sure that the CSV of the settings is in S3; gives its figures and whether it was uploaded now.
pub(super) async fn ensure(run: &Run<'_>) -> Result<(LakeFile, bool), OpError> {
    let context = run.context;
    let (raw, present) = tokio::try_join!(Raw::open(context), in_lake(context))?;
    let source = raw.fingerprint(context);
    if let Some(present) = present.as_ref().filter(|present| present.source == source) {
        return Ok((present.clone(), false));
    }
    run.say(&context.settings.data.source, "checking the data, line by line")?;
    let prepared = raw.prepare(context).await?;
    let key = object_key(context);
    let bucket = &context.scenario.bucket;
    let sums = prepared.sums.iter().map(ToString::to_string).collect();
    let file =
        LakeFile { sha256: prepared.sha256, rows: prepared.rows, yes: prepared.yes, sums, source, size: prepared.bytes.len() as u64 };
    let changed = present.is_none_or(|present| present.sha256 != file.sha256);
    run.say(&key, format!("uploading {} rows to S3", crate::demo::figures::count(file.rows)))?;
    let (rows, yes, joined) = (file.rows.to_string(), file.yes.to_string(), file.sums.join(" "));
    let metadata =
        [(key::SOURCE, file.source.as_str()), (key::SHA256, &file.sha256), (key::ROWS, &rows), (key::YES, &yes), (key::SUMS, &joined)];
    context
        .gateways
        .objects
        .put(bucket, &key, Bytes::from(prepared.bytes), "text/csv", &metadata)
        .await
        .map_err(op(&key, "could not upload the CSV"))?;
    let replaced = others(context, &key).await?;
    if !replaced.is_empty() {
        run.say(&context.scenario.data_prefix, "removing the file of the data set that was there before")?;
        context.gateways.objects.delete(bucket, &replaced).await.map_err(op(&key, "could not remove the file before"))?;
    }
    Ok((file, changed))
}

/// Files that this program uploaded for another data set: the lake's table would read them, too. What somebody else put there stays, and
/// the counts of the hops tell of it.
async fn others(context: &Context, key: &str) -> Result<Vec<String>, OpError> {
    let (bucket, prefix) = (&context.scenario.bucket, &context.scenario.data_prefix);
    let objects = &context.gateways.objects;
    let listed = objects.list(bucket, prefix).await.map_err(op(prefix, "could not look for other files"))?;
    let mut found = Vec::new();
    for other in listed.into_iter().filter(|other| other.key != key) {
        let info = objects.info(bucket, &other.key).await.map_err(op(&other.key, "could not look at the file"))?;
        if info.is_some_and(|info| info.metadata.contains_key(key::SOURCE)) {
            found.push(other.key);
        }
    }
    Ok(found)
}

/// The file as it is given, before anything is known of its content.
enum Raw {
    Sample,
    Bytes { name: String, content: Bytes },
}

impl Raw {
    async fn open(context: &Context) -> Result<Raw, OpError> {
        let source = context.settings.data.source.as_str();
        if source == "sample" {
            let fix = "set `data.source` to the path, `s3://` or `https://` address of a CSV of it";
            context.scenario.data.story("the sample").map_err(|why| OpError::usage("there is no sample of these data", why, fix))?;
            return Ok(Raw::Sample);
        }
        let content = if let Some(rest) = source.strip_prefix("s3://") {
            let (bucket, key) = rest
                .split_once('/')
                .filter(|(bucket, key)| !bucket.is_empty() && !key.is_empty())
                .ok_or_else(|| OpError::usage(format!("could not read `{source}`"), "it names no object", "write `s3://bucket/key`"))?;
            let content = context.gateways.objects.get(bucket, key).await.map_err(op(source, "could not read the data"))?;
            content.ok_or_else(|| refused(source, "it does not exist"))?
        } else if source.starts_with("https://") {
            context.gateways.web.get(source).await.map_err(|error| refused(source, error.to_string()))?
        } else {
            let path = results::expanded(source, std::env::home_dir().as_deref());
            tokio::fs::read(&path).await.map(Bytes::from).map_err(|error| refused(source, error.to_string()))?
        };
        Ok(Raw::Bytes { name: source.to_owned(), content })
    }

    /// Says whether the source is the same as before, without checking its content again.
    fn fingerprint(&self, context: &Context) -> String {
        match self {
            Raw::Sample => {
                let data = &context.settings.data;
                format!("sample-{}-{}-{}", data.sample_rows, data.sample_seed, env!("CARGO_PKG_VERSION"))
            }
            // The same file means something else under another description.
            Raw::Bytes { content, .. } if !context.scenario.data.built_in => {
                let digest = Sha256::new().chain_update(content).chain_update(format!("{:?}", context.scenario.data)).finalize();
                digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
            }
            Raw::Bytes { content, .. } => Sha256::digest(content).iter().take(16).map(|byte| format!("{byte:02x}")).collect::<String>(),
        }
    }

    /// Reads and checks; off the async threads, because it takes tens of milliseconds.
    async fn prepare(self, context: &Context) -> Result<PreparedCsv, OpError> {
        let (rows, seed) = (context.settings.data.sample_rows, context.settings.data.sample_seed);
        let data = Arc::clone(&context.scenario.data);
        let prepared = tokio::task::spawn_blocking(move || match self {
            Raw::Sample => dataset::prepare(&sample::generate(rows, seed), "the sample", &data),
            Raw::Bytes { name, content } => dataset::prepare(&content, &name, &data),
        })
        .await
        .map_err(|error| OpError::failed("", "could not check the data", error.to_string()))?;
        prepared.map_err(|error| {
            let fix = error.fix();
            OpError { kind: OpErrorKind::Usage, ..OpError::failed("", "the data is refused", error.to_string()) }.with_fix(fix)
        })
    }
}

fn refused(source: &str, why: impl Into<String>) -> OpError {
    OpError::usage(
        format!("could not read `{source}`"),
        why,
        "set `data.source` to `sample`, or to the path, `s3://` or `https://` address of a CSV",
    )
}

/// Checks the data of the settings without changing the account, so that a bad file is refused before anything is made. A file whose
/// content is in the lake already was checked then.
pub async fn check(context: &Context) -> Result<(), OpError> {
    match Raw::open(context).await? {
        Raw::Sample => Ok(()),
        raw @ Raw::Bytes { .. } => {
            let known = in_lake(context).await?.is_some_and(|file| file.source == raw.fingerprint(context));
            if known { Ok(()) } else { raw.prepare(context).await.map(drop) }
        }
    }
}
