//! S3 through the SDK.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    BucketLocationConstraint, ChecksumMode, CompletedMultipartUpload, CompletedPart, CreateBucketConfiguration, Delete, MetadataDirective,
    ObjectIdentifier, PublicAccessBlockConfiguration, Tag, Tagging,
};

use crate::common::account;

async fn with_bucket(client: &Client) {
    client.create_bucket().bucket("bank").send().await.unwrap();
}

#[tokio::test]
async fn an_object_goes_in_and_comes_back_whole_and_in_ranges() {
    let account = account().await;
    let s3 = Client::new(&account.sdk_config());
    with_bucket(&s3).await;
    let put = s3
        .put_object()
        .bucket("bank")
        .key("data/ü b+c.csv")
        .body(ByteStream::from_static(b"0123456789"))
        .content_type("text/csv")
        .metadata("sha", "abc")
        .send()
        .await
        .unwrap();
    assert_eq!(put.e_tag(), Some("\"781e5e245d69b566979b86e28d23f2c7\""));
    assert!(put.checksum_crc32().is_some(), "the SDK's default checksum was verified and is stated");

    let get = s3.get_object().bucket("bank").key("data/ü b+c.csv").checksum_mode(ChecksumMode::Enabled).send().await.unwrap();
    assert_eq!((get.content_type(), get.content_length()), (Some("text/csv"), Some(10)));
    assert_eq!(get.metadata().unwrap()["sha"], "abc");
    assert_eq!(get.body.collect().await.unwrap().into_bytes(), "0123456789");

    let part = s3.get_object().bucket("bank").key("data/ü b+c.csv").range("bytes=2-4").send().await.unwrap();
    assert_eq!(part.content_range(), Some("bytes 2-4/10"));
    assert_eq!(part.body.collect().await.unwrap().into_bytes(), "234");

    let head = s3.head_object().bucket("bank").key("data/ü b+c.csv").send().await.unwrap();
    assert_eq!((head.content_length(), head.content_type()), (Some(10), Some("text/csv")));
}

#[tokio::test]
async fn a_streamed_file_arrives_though_it_is_sent_in_chunks() {
    let account = account().await;
    let s3 = Client::new(&account.sdk_config());
    with_bucket(&s3).await;
    let file = account.directory.path().join("big.csv");
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    std::fs::write(&file, &bytes).unwrap();
    let body = ByteStream::from_path(&file).await.unwrap();
    s3.put_object().bucket("bank").key("big").body(body).send().await.unwrap();
    let get = s3.get_object().bucket("bank").key("big").checksum_mode(ChecksumMode::Enabled).send().await.unwrap();
    assert!(get.body.collect().await.unwrap().into_bytes() == bytes);
}

#[tokio::test]
async fn a_wrong_checksum_is_refused_and_nothing_is_written() {
    let account = account().await;
    let s3 = Client::new(&account.sdk_config());
    with_bucket(&s3).await;
    let put = s3.put_object().bucket("bank").key("k").body(ByteStream::from_static(b"x")).checksum_crc32("AAAAAA==").send().await;
    assert_eq!(put.unwrap_err().into_service_error().code(), Some("BadDigest"));
    assert!(s3.head_object().bucket("bank").key("k").send().await.unwrap_err().into_service_error().is_not_found());
}

#[tokio::test]
async fn what_does_not_exist_is_named_as_s3_names_it() {
    let account = account().await;
    let s3 = Client::new(&account.sdk_config());
    let error = s3.get_object().bucket("none").key("k").send().await.unwrap_err().into_service_error();
    assert_eq!(error.code(), Some("NoSuchBucket"));
    assert!(s3.head_bucket().bucket("none").send().await.unwrap_err().into_service_error().is_not_found());
    with_bucket(&s3).await;
    assert!(s3.get_object().bucket("bank").key("k").send().await.unwrap_err().into_service_error().is_no_such_key());
    assert!(s3.head_object().bucket("bank").key("k").send().await.unwrap_err().into_service_error().is_not_found());
    let again = s3.create_bucket().bucket("bank").send().await.unwrap_err().into_service_error();
    assert!(again.is_bucket_already_owned_by_you());
    s3.put_object().bucket("bank").key("k").send().await.unwrap();
    let error = s3.delete_bucket().bucket("bank").send().await.unwrap_err().into_service_error();
    assert_eq!(error.code(), Some("BucketNotEmpty"));
    s3.delete_object().bucket("bank").key("never there").send().await.unwrap();
    let unsupported = s3.get_bucket_acl().bucket("bank").send().await.unwrap_err().into_service_error();
    assert_eq!(unsupported.code(), Some("NotImplemented"));
}

#[tokio::test]
async fn listings_page_and_group() {
    let account = account().await;
    let s3 = Client::new(&account.sdk_config());
    with_bucket(&s3).await;
    for key in ["a/1", "a/2", "a/b/3", "a/c/4", "a/c/5", "z"] {
        s3.put_object().bucket("bank").key(key).body(ByteStream::from_static(b"x")).send().await.unwrap();
    }
    let mut keys = Vec::new();
    let mut pages = s3.list_objects_v2().bucket("bank").prefix("a/").max_keys(2).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        assert!(page.contents().len() <= 2);
        keys.extend(page.contents().iter().map(|object| object.key().unwrap().to_owned()));
    }
    assert_eq!(keys, ["a/1", "a/2", "a/b/3", "a/c/4", "a/c/5"]);

    let mut seen = Vec::new();
    let mut pages = s3.list_objects_v2().bucket("bank").prefix("a/").delimiter("/").max_keys(1).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        assert_eq!(page.key_count(), Some(1));
        seen.extend(page.contents().iter().map(|object| object.key().unwrap().to_owned()));
        seen.extend(page.common_prefixes().iter().map(|prefix| prefix.prefix().unwrap().to_owned()));
    }
    assert_eq!(seen, ["a/1", "a/2", "a/b/", "a/c/"], "a common prefix is given once, on whatever page");
    let none = s3.list_objects_v2().bucket("bank").prefix("nothing/").send().await.unwrap();
    assert_eq!((none.key_count(), none.is_truncated()), (Some(0), Some(false)));
    let after = s3.list_objects_v2().bucket("bank").start_after("a/c/4").send().await.unwrap();
    assert_eq!(after.contents().len(), 2);
}

#[tokio::test]
async fn objects_are_copied_and_deleted_in_batches() {
    let account = account().await;
    let s3 = Client::new(&account.sdk_config());
    with_bucket(&s3).await;
    s3.put_object().bucket("bank").key("from me").body(ByteStream::from_static(b"x")).content_type("text/plain").send().await.unwrap();
    s3.copy_object().bucket("bank").key("to").copy_source("bank/from%20me").send().await.unwrap();
    let head = s3.head_object().bucket("bank").key("to").send().await.unwrap();
    assert_eq!(head.content_type(), Some("text/plain"));
    let onto_itself = s3.copy_object().bucket("bank").key("to").copy_source("bank/to").send().await;
    assert_eq!(onto_itself.unwrap_err().into_service_error().code(), Some("InvalidRequest"));
    let replaced = s3.copy_object().bucket("bank").key("to").copy_source("bank/to");
    replaced.metadata_directive(MetadataDirective::Replace).metadata("note", "n").send().await.unwrap();
    assert_eq!(s3.head_object().bucket("bank").key("to").send().await.unwrap().metadata().unwrap()["note"], "n");

    let objects = ["from me", "to", "none"].map(|key| ObjectIdentifier::builder().key(key).build().unwrap());
    let delete = Delete::builder().set_objects(Some(objects.into())).build().unwrap();
    let deleted = s3.delete_objects().bucket("bank").delete(delete).send().await.unwrap();
    assert_eq!((deleted.deleted().len(), deleted.errors().len()), (3, 0));
    s3.delete_bucket().bucket("bank").send().await.unwrap();
    assert!(s3.list_buckets().send().await.unwrap().buckets().is_empty());
}

#[tokio::test]
async fn settings_of_a_bucket_are_kept_over_a_restart() {
    let account = account().await;
    let s3 = Client::new(&account.sdk_config());
    let configuration = CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::EuWest1).build();
    s3.create_bucket().bucket("bank").create_bucket_configuration(configuration).send().await.unwrap();
    let missing = s3.get_bucket_tagging().bucket("bank").send().await.unwrap_err().into_service_error();
    assert_eq!(missing.code(), Some("NoSuchTagSet"));
    let tag = Tag::builder().key("shiftdeck:demo").value("Bänk & <DM>").build().unwrap();
    let tagging = Tagging::builder().tag_set(tag.clone()).build().unwrap();
    s3.put_bucket_tagging().bucket("bank").tagging(tagging).send().await.unwrap();
    let block = PublicAccessBlockConfiguration::builder().block_public_acls(true).block_public_policy(true).build();
    s3.put_public_access_block().bucket("bank").public_access_block_configuration(block.clone()).send().await.unwrap();

    let account = account.reopen().await;
    let s3 = Client::new(&account.sdk_config());
    assert_eq!(s3.get_bucket_tagging().bucket("bank").send().await.unwrap().tag_set(), [tag]);
    let kept = s3.get_public_access_block().bucket("bank").send().await.unwrap();
    assert_eq!(kept.public_access_block_configuration(), Some(&block));
    let location = s3.get_bucket_location().bucket("bank").send().await.unwrap();
    assert_eq!(location.location_constraint(), Some(&BucketLocationConstraint::EuWest1));
}

#[tokio::test]
async fn a_multipart_upload_becomes_one_object_or_nothing() {
    let account = account().await;
    let s3 = Client::new(&account.sdk_config());
    with_bucket(&s3).await;
    let upload = s3.create_multipart_upload().bucket("bank").key("big").content_type("text/csv").send().await.unwrap();
    let id = upload.upload_id().unwrap();
    let send = |number: i32, body: Vec<u8>| {
        s3.upload_part().bucket("bank").key("big").upload_id(id).part_number(number).body(ByteStream::from(body)).send()
    };
    let second = send(2, vec![b'b'; 10]).await.unwrap();
    let first = send(1, vec![b'a'; 5 << 20]).await.unwrap();
    let complete = |parts: Vec<(i32, String)>| {
        let parts = parts.into_iter().map(|(number, tag)| CompletedPart::builder().part_number(number).e_tag(tag).build());
        let upload = CompletedMultipartUpload::builder().set_parts(Some(parts.collect())).build();
        s3.complete_multipart_upload().bucket("bank").key("big").upload_id(id).multipart_upload(upload).send()
    };
    let (first, second) = (first.e_tag().unwrap().to_owned(), second.e_tag().unwrap().to_owned());
    let code = |error: Option<&str>| error.map(ToOwned::to_owned);
    let disordered = complete(vec![(2, second.clone()), (1, first.clone())]).await.unwrap_err().into_service_error();
    assert_eq!(code(disordered.code()).as_deref(), Some("InvalidPartOrder"));
    let unknown = complete(vec![(1, "\"00\"".into())]).await.unwrap_err().into_service_error();
    assert_eq!(code(unknown.code()).as_deref(), Some("InvalidPart"));
    assert!(s3.head_object().bucket("bank").key("big").send().await.is_err());

    let done = complete(vec![(1, first), (2, second)]).await.unwrap();
    assert!(done.e_tag().unwrap().ends_with("-2\""));
    let get = s3.get_object().bucket("bank").key("big").send().await.unwrap();
    assert_eq!((get.content_length(), get.content_type()), (Some((5 << 20) + 10), Some("text/csv")));
    let body = get.body.collect().await.unwrap().into_bytes();
    assert!(body.ends_with(b"abbbbbbbbbb"));

    let aborted = s3.create_multipart_upload().bucket("bank").key("other").send().await.unwrap();
    let id = aborted.upload_id().unwrap();
    s3.abort_multipart_upload().bucket("bank").key("other").upload_id(id).send().await.unwrap();
    let gone = s3.upload_part().bucket("bank").key("other").upload_id(id).part_number(1).send().await;
    assert_eq!(gone.unwrap_err().into_service_error().code(), Some("NoSuchUpload"));
}
