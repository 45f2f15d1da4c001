#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bytes::Bytes;
use chrono::TimeZone as _;
use http::{HeaderMap, HeaderName};

use super::*;
use crate::keys::AccessKey;

/// The key of AWS's published examples.
const KEY: (&str, &str) = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");

fn keys() -> (tempfile::TempDir, Keys) {
    let directory = tempfile::tempdir().unwrap();
    let keys = Keys::open(directory.path(), Some(AccessKey::new(KEY.0, KEY.1))).unwrap();
    (directory, keys)
}

fn request(method: Method, uri: &str, headers: &[(&str, &str)], body: &[u8]) -> Request {
    let headers: HeaderMap = headers.iter().map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap())).collect();
    Request { method, uri: uri.to_owned(), headers, body: Bytes::copy_from_slice(body) }
}

fn checked(request: &Request, now: DateTime<Utc>) -> Result<(), Refused> {
    let (_directory, keys) = keys();
    Signed::of(request)?.verify(request, &keys, now)
}

fn day(minute: u32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2013, 5, 24, 0, minute, 0).unwrap()
}

const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// "GET Object" of the S3 documentation, section "Examples: Signature Calculations".
fn get_object() -> Request {
    request(
        Method::GET,
        "http://examplebucket.s3.amazonaws.com/test.txt",
        &[
            ("host", "examplebucket.s3.amazonaws.com"),
            ("range", "bytes=0-9"),
            ("x-amz-content-sha256", EMPTY),
            ("x-amz-date", "20130524T000000Z"),
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
            ),
        ],
        b"",
    )
}

#[test]
fn the_published_example_of_a_header_is_right() {
    checked(&get_object(), day(1)).unwrap();
}

#[test]
fn the_published_example_of_a_put_with_an_escaped_key_is_right() {
    let put = request(
        Method::PUT,
        "http://examplebucket.s3.amazonaws.com/test$file.text",
        &[
            ("host", "examplebucket.s3.amazonaws.com"),
            ("date", "Fri, 24 May 2013 00:00:00 GMT"),
            ("x-amz-date", "20130524T000000Z"),
            ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ("x-amz-content-sha256", "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"),
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class,Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
            ),
        ],
        b"Welcome to Amazon S3.",
    );
    checked(&put, day(1)).unwrap();
    let mut other = put;
    other.body = Bytes::from_static(b"Welcome to Amazon S4.");
    assert!(matches!(checked(&other, day(1)), Err(Refused::OtherBody { .. })));
}

#[test]
fn the_published_example_of_a_presigned_url_is_right_for_a_day() {
    let uri = "http://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
    let get = request(Method::GET, uri, &[("host", "examplebucket.s3.amazonaws.com")], b"");
    checked(&get, day(0) + TimeDelta::hours(24)).unwrap();
    let late = day(0) + TimeDelta::hours(24) + TimeDelta::seconds(1);
    assert!(matches!(checked(&get, late), Err(Refused::Expired { .. })));
    let early = day(0) - TimeDelta::minutes(16);
    assert!(matches!(checked(&get, early), Err(Refused::Skewed { .. })));
}

/// "Example: Signature Calculations … multiple chunks" of the S3 documentation.
fn chunked() -> Request {
    let first = "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648";
    let second = "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497";
    let last = "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9";
    let body = format!(
        "10000;chunk-signature={first}\r\n{}\r\n400;chunk-signature={second}\r\n{}\r\n0;chunk-signature={last}\r\n\r\n",
        "a".repeat(65_536),
        "a".repeat(1024)
    );
    request(
        Method::PUT,
        "http://s3.amazonaws.com/examplebucket/chunkObject.txt",
        &[
            ("host", "s3.amazonaws.com"),
            ("x-amz-date", "20130524T000000Z"),
            ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
            ("content-encoding", "aws-chunked"),
            ("x-amz-decoded-content-length", "66560"),
            ("content-length", "66824"),
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class,Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
            ),
        ],
        body.as_bytes(),
    )
}

#[test]
fn the_published_example_of_signed_chunks_is_right() {
    let put = chunked();
    checked(&put, day(1)).unwrap();
    let mut changed = put.clone();
    let mut body = put.body.to_vec();
    body[200] = b'b';
    changed.body = body.into();
    assert!(matches!(checked(&changed, day(1)), Err(Refused::Mismatch { .. })));
    let mut cut = put;
    let end = cut.body.len() - 86;
    cut.body = cut.body.slice(..end);
    assert!(checked(&cut, day(1)).is_err(), "the last chunk says that there are no more");
}

#[test]
fn what_was_changed_after_signing_is_refused() {
    let change = |change: &dyn Fn(&mut Request)| {
        let mut request = get_object();
        change(&mut request);
        checked(&request, day(1))
    };
    assert!(matches!(change(&|it| it.method = Method::DELETE), Err(Refused::Mismatch { .. })));
    assert!(matches!(change(&|it| it.uri.push_str("?acl")), Err(Refused::Mismatch { .. })));
    assert!(matches!(change(&|it| it.uri = it.uri.replace("test", "text")), Err(Refused::Mismatch { .. })));
    let header = |name: &'static str, value: &'static str| change(&|it| drop(it.headers.insert(name, value.parse().unwrap())));
    assert!(matches!(header("range", "bytes=0-10"), Err(Refused::Mismatch { .. })));
    assert!(matches!(header("host", "other.s3.amazonaws.com"), Err(Refused::Mismatch { .. })));
    assert!(matches!(header("x-amz-date", "20130524T000001Z"), Err(Refused::Mismatch { .. })));
    assert!(matches!(header("x-amz-date", "20130525T000000Z"), Err(Refused::Incomplete(_))));
    assert!(matches!(change(&|it| it.body = Bytes::from_static(b"x")), Err(Refused::OtherBody { .. })));
    assert!(matches!(change(&|it| drop(it.headers.remove("authorization"))), Err(Refused::Unsigned)));
}

#[test]
fn a_request_is_good_for_a_quarter_of_an_hour() {
    checked(&get_object(), day(15)).unwrap();
    assert!(matches!(checked(&get_object(), day(16)), Err(Refused::Skewed { .. })));
    checked(&get_object(), day(0) - TimeDelta::minutes(15)).unwrap();
    assert!(matches!(checked(&get_object(), day(0) - TimeDelta::minutes(16)), Err(Refused::Skewed { .. })));
}

#[test]
fn every_part_of_a_signature_is_needed() {
    for (header, part) in [
        ("AWS4-HMAC-SHA256 Credential=A/20130524/r/s3/aws4_request, SignedHeaders=host", "Signature"),
        ("AWS4-HMAC-SHA256 Credential=A/20130524/r/s3/aws4_request, Signature=0", "SignedHeaders"),
        ("AWS4-HMAC-SHA256 SignedHeaders=host, Signature=0", "Credential"),
        ("AWS4-HMAC-SHA256 Credential=A/r/s3/aws4_request, SignedHeaders=host, Signature=0", "5 slash-delimited"),
        ("AWS4-HMAC-SHA256 Credential=A/20130524/r/s3/aws4_request, SignedHeaders=range, Signature=0", "Host"),
        ("AWS4-ECDSA-P256-SHA256 Credential=A/20130524/s3/aws4_request, SignedHeaders=host, Signature=0", "AWS4-HMAC-SHA256"),
        ("Basic dGVzdDp0ZXN0", "Basic"),
    ] {
        let mut request = get_object();
        request.headers.insert("authorization", header.parse().unwrap());
        match Signed::of(&request) {
            Err(Refused::Incomplete(why)) => assert!(why.contains(part), "{why}"),
            other => panic!("{header}: {other:?}"),
        }
    }
}

#[test]
fn session_keys_need_their_token_and_end() {
    let (_directory, keys) = keys();
    let mut session = AccessKey::new("ASIAIOSFODNN7EXAMPLE", KEY.1);
    session.token = Some("the-token".to_owned().into());
    session.expires = Some(day(10));
    keys.accept(&session).unwrap();
    let mut request = get_object();
    let authorization = request.headers["authorization"].to_str().unwrap().replace(KEY.0, "ASIAIOSFODNN7EXAMPLE");
    request.headers.insert("authorization", authorization.parse().unwrap());
    let verify_at = |request: &Request, now| Signed::of(request).unwrap().verify(request, &keys, now);
    assert!(matches!(verify_at(&request, day(1)), Err(Refused::WrongToken)));
    request.headers.insert("x-amz-security-token", "the-token".parse().unwrap());
    // The token is part of no signed header here, which AWS takes as well.
    verify_at(&request, day(1)).unwrap();
    assert!(matches!(verify_at(&request, day(11)), Err(Refused::EndedKey)));
}
