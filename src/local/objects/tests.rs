#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::Write as _;

use futures::TryStreamExt;
use object_store::{ObjectStoreExt, path::Path as Location};

use super::*;
use crate::demo::clock::{FixedClock, SystemClock};

fn objects(directory: &Path) -> Objects {
    let store = Store::open(directory).unwrap();
    let objects = Objects::open(&store, Arc::new(SystemClock)).unwrap();
    if !objects.has_bucket("lake") {
        objects.create_bucket("lake").unwrap();
    }
    objects
}

fn keys(objects: &Objects, prefix: &str) -> Vec<String> {
    objects.list("lake", prefix).unwrap().into_iter().map(|(key, _)| key).collect()
}

fn files(directory: &Path) -> usize {
    std::fs::read_dir(directory.join("s3/lake/content")).unwrap().count()
}

#[test]
fn an_object_comes_back_with_its_meta_data_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let written = objects(directory.path()).put("lake", "a/b.csv", "x,y\n", Some("text/csv")).unwrap();
    let (body, meta) = objects(directory.path()).get("lake", "a/b.csv").unwrap();
    assert_eq!((&body[..], &meta), (&b"x,y\n"[..], &written));
    assert_eq!(meta.etag, staged::hex(&md5_of(b"x,y\n")));
    assert_eq!(meta.content_type.as_deref(), Some("text/csv"));
}

fn md5_of(bytes: &[u8]) -> Vec<u8> {
    use md5::{Digest, Md5};
    Md5::digest(bytes).to_vec()
}

#[test]
fn a_key_may_be_the_prefix_of_another_and_hold_any_characters() {
    let directory = tempfile::tempdir().unwrap();
    let account = objects(directory.path());
    for key in ["a", "a/b", "a//b", "a/", "../up", "é ü+%20?&=", "a\nb"] {
        account.put("lake", key, key, None).unwrap();
    }
    let account = objects(directory.path());
    for key in ["a", "a/b", "a//b", "a/", "../up", "é ü+%20?&=", "a\nb"] {
        assert_eq!(account.get("lake", key).unwrap().0, key.as_bytes());
    }
    assert_eq!(keys(&account, "a/"), ["a/", "a//b", "a/b"]);
}

#[test]
fn overwriting_and_deleting_leaves_readers_their_file_until_the_next_start() {
    let directory = tempfile::tempdir().unwrap();
    let account = objects(directory.path());
    account.put("lake", "k", "old", None).unwrap();
    let old = account.file("lake", "k").unwrap();
    account.put("lake", "k", "new", None).unwrap();
    account.delete("lake", &["k", "never there"]).unwrap();
    assert_eq!(std::fs::read_to_string(&old).unwrap(), "old");
    assert!(matches!(account.get("lake", "k"), Err(ObjectError::NoKey { .. })));
    objects(directory.path());
    assert_eq!(files(directory.path()), 0);
}

#[test]
fn a_kill_between_content_and_index_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let account = objects(directory.path());
    account.put("lake", "kept", "1", None).unwrap();
    let staged = account.stage("lake", "never named").unwrap();
    std::mem::forget(staged);
    let account = objects(directory.path());
    assert_eq!(keys(&account, ""), ["kept"]);
    assert_eq!(files(directory.path()), 1);
}

#[test]
fn a_change_that_was_cut_short_did_not_happen_and_the_next_one_does() {
    let directory = tempfile::tempdir().unwrap();
    let account = objects(directory.path());
    account.put("lake", "one", "1", None).unwrap();
    account.put_many("lake", [("two".to_owned(), "2"), ("three".to_owned(), "3")]).unwrap();
    let journal = directory.path().join("s3/lake/journal-0");
    let bytes = std::fs::read(&journal).unwrap();
    let second = bytes.iter().position(|&byte| byte == b'\n').unwrap() + 1;
    for cut in second..bytes.len() {
        std::fs::write(&journal, &bytes[..cut]).unwrap();
        std::fs::write(directory.path().join("s3/lake/index.json"), snapshot_of_generation_zero(directory.path())).unwrap();
        let opened = Bucket::open(&Store::open(directory.path()).unwrap(), directory.path().join("s3/lake")).unwrap().unwrap();
        assert_eq!(opened.objects().keys().collect::<Vec<_>>(), ["one"], "cut at {cut}");
    }
    let account = objects(directory.path());
    account.put("lake", "four", "4", None).unwrap();
    assert_eq!(keys(&objects(directory.path()), ""), ["four", "one"]);
}

fn snapshot_of_generation_zero(directory: &Path) -> Vec<u8> {
    let path = directory.join("s3/lake/index.json");
    let mut value: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    value["generation"] = 0.into();
    value["objects"] = serde_json::json!({});
    serde_json::to_vec(&value).unwrap()
}

#[test]
fn a_long_journal_is_folded_and_nothing_is_lost() {
    let directory = tempfile::tempdir().unwrap();
    let account = objects(directory.path());
    for number in 0..700 {
        account.put("lake", &format!("k{:03}", number % 300), number.to_string(), None).unwrap();
    }
    let reopened = objects(directory.path());
    assert_eq!(keys(&reopened, "").len(), 300);
    assert_eq!(reopened.get("lake", "k299").unwrap().0, "599");
    assert_eq!(reopened.get("lake", "k000").unwrap().0, "600");
    assert!(!directory.path().join("s3/lake/journal-0").exists());
}

#[test]
fn buckets_have_names_and_are_removed_only_when_empty() {
    let directory = tempfile::tempdir().unwrap();
    let account = objects(directory.path());
    for name in ["ab", "UPPER", "../x", "-x-", "a..b", "a_b", ""] {
        assert!(matches!(account.create_bucket(name), Err(ObjectError::BucketName(_))), "{name}");
    }
    assert!(matches!(account.create_bucket("lake"), Err(ObjectError::BucketExists(_))));
    account.put("lake", "k", "", None).unwrap();
    assert!(matches!(account.delete_bucket("lake"), Err(ObjectError::NotEmpty(_))));
    account.delete("lake", &["k"]).unwrap();
    account.set_bucket_setting("lake", "tagging", Some("t".into())).unwrap();
    account.delete_bucket("lake").unwrap();
    let account = objects(directory.path());
    assert!(account.bucket_settings("lake").unwrap().is_empty(), "a new bucket of the same name starts empty");
}

#[test]
fn half_made_and_half_removed_buckets_are_gone_after_a_start() {
    let directory = tempfile::tempdir().unwrap();
    objects(directory.path());
    std::fs::create_dir_all(directory.path().join("s3/half/content")).unwrap();
    std::fs::create_dir_all(directory.path().join("s3/.deleted-1/content")).unwrap();
    let account = objects(directory.path());
    assert_eq!(account.buckets().len(), 1);
    assert_eq!(std::fs::read_dir(directory.path().join("s3")).unwrap().count(), 1);
}

#[test]
fn unused_files_go_when_their_grace_is_over() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    let at = |seconds| Arc::new(FixedClock(DateTime::from_timestamp(seconds, 0).unwrap()));
    let account = Objects::open(&store, at(0)).unwrap();
    account.create_bucket("lake").unwrap();
    account.put("lake", "k", "1", None).unwrap();
    account.put("lake", "k", "2", None).unwrap();
    assert_eq!(files(directory.path()), 2);
    account.inner.unused.lock()[0].0 -= TimeDelta::seconds(GRACE_SECONDS);
    account.put("lake", "other", "3", None).unwrap();
    assert_eq!(files(directory.path()), 2, "`k` and `other`");
}

#[test]
fn a_copy_shares_the_bytes_and_survives_its_source() {
    let directory = tempfile::tempdir().unwrap();
    let account = objects(directory.path());
    account.put("lake", "from", "bytes", Some("text/plain")).unwrap();
    account.copy(("lake", "from"), ("lake", "to"), None).unwrap();
    account.delete("lake", &["from"]).unwrap();
    let (body, meta) = objects(directory.path()).get("lake", "to").unwrap();
    assert_eq!((&body[..], meta.content_type.as_deref()), (&b"bytes"[..], Some("text/plain")));
}

#[test]
fn a_dropped_writer_leaves_no_file() {
    let directory = tempfile::tempdir().unwrap();
    let account = objects(directory.path());
    let mut writer = account.writer("lake").unwrap();
    writer.write_all(b"half").unwrap();
    drop(writer);
    drop(account.stage("lake", "whole").unwrap());
    assert_eq!(files(directory.path()), 0);
}

#[test]
fn pages_of_a_listing_continue_after_a_key() {
    let directory = tempfile::tempdir().unwrap();
    let account = objects(directory.path());
    account.put_many("lake", (0..5).map(|n| (format!("p/{n}"), "x"))).unwrap();
    account.put("lake", "q", "x", None).unwrap();
    let page = |after| account.list_after("lake", "p/", after, 2).unwrap().into_iter().map(|(key, _)| key).collect::<Vec<_>>();
    assert_eq!(page(None), ["p/0", "p/1"]);
    assert_eq!(page(Some("p/3")), ["p/4"]);
    assert_eq!(page(Some("a")), ["p/0", "p/1"]);
}

#[tokio::test]
async fn the_engine_reads_ranges_and_lists_by_whole_segments() {
    let directory = tempfile::tempdir().unwrap();
    let account = objects(directory.path());
    account.put_many("lake", ["d/1.csv", "d/2.csv", "d/sub/3.csv", "dd/4.csv", "d/"].map(|key| (key.to_owned(), "0123456789"))).unwrap();
    account.put("lake", "empty", "", None).unwrap();
    let store = account.object_store("lake");
    let listed: Vec<_> = store.list(Some(&Location::from("d"))).try_collect().await.unwrap();
    assert_eq!(listed.iter().map(|meta| meta.location.as_ref()).collect::<Vec<_>>(), ["d/1.csv", "d/2.csv", "d/sub/3.csv"]);
    let level = store.list_with_delimiter(Some(&Location::from("d"))).await.unwrap();
    assert_eq!((level.objects.len(), level.common_prefixes), (2, vec![Location::from("d/sub")]));
    assert_eq!(store.get_range(&Location::from("d/1.csv"), 2..5).await.unwrap(), "234");
    assert_eq!(store.get_ranges(&Location::from("d/1.csv"), &[0..1, 8..20]).await.unwrap(), ["0", "89"]);
    assert_eq!(store.get(&Location::from("empty")).await.unwrap().bytes().await.unwrap(), "");
    assert!(matches!(store.head(&Location::from("none")).await, Err(object_store::Error::NotFound { .. })));
    let mut upload = store.put_multipart(&Location::from("up")).await.unwrap();
    let (first, second) = (upload.put_part("ab".into()), upload.put_part("cd".into()));
    second.await.unwrap();
    first.await.unwrap();
    upload.complete().await.unwrap();
    assert_eq!(account.get("lake", "up").unwrap().0, "abcd");
}
