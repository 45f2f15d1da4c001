#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use http::HeaderMap;

use super::*;

fn address(uri: &str) -> (String, String, Option<String>) {
    let request = Request { method: Method::GET, uri: uri.to_owned(), headers: HeaderMap::new(), body: bytes::Bytes::new() };
    let address = Address::of(&request);
    let part = address.subresource().map(ToOwned::to_owned);
    (address.bucket, address.key, part)
}

#[test]
fn both_styles_of_address_are_understood() {
    for (uri, bucket, key) in [
        ("https://s3.us-east-1.amazonaws.com/", "", ""),
        ("https://s3.us-east-1.amazonaws.com/b", "b", ""),
        ("http://127.0.0.1:4566/b/a%20b//c/?x-id=GetObject", "b", "a b//c/"),
        ("https://my.bucket.s3.eu-west-1.amazonaws.com/k+k", "my.bucket", "k+k"),
        ("https://b.s3.amazonaws.com/", "b", ""),
        ("http://b.localhost:4566/k", "b", "k"),
        ("http://b.s3.localhost.localstack.cloud:4566/k", "b", "k"),
        ("http://localhost:4566/b/k", "b", "k"),
    ] {
        let (found_bucket, found_key, _) = address(uri);
        assert_eq!((found_bucket.as_str(), found_key.as_str()), (bucket, key), "{uri}");
    }
}

#[test]
fn the_query_names_the_operation() {
    assert_eq!(address("https://b.s3.amazonaws.com/k?uploadId=1&partNumber=2&x-id=UploadPart").2.as_deref(), Some("uploadId"));
    assert_eq!(address("https://b.s3.amazonaws.com/?list-type=2&prefix=tagging").2, None);
    assert_eq!(address("https://b.s3.amazonaws.com/?tagging").2.as_deref(), Some("tagging"));
    // It would make a bucket, or remove one, if it were not known.
    assert_eq!(address("https://s3.amazonaws.com/b?metadataConfiguration").2.as_deref(), Some("metadataConfiguration"));
}
