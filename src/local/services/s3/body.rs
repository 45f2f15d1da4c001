//! The content of an upload: taken out of the `aws-chunked` encoding, and checked against the checksums that came with it.

use std::str::FromStr;

use aws_smithy_checksums::ChecksumAlgorithm;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use md5::{Digest, Md5};

use super::answer::refuse;
use crate::local::service::{Request, ServiceResult};
use crate::local::services::protocol::aws_chunked::{self, Chunked};
use crate::local::services::protocol::rest::header;

/// Content that arrived whole.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) bytes: Bytes,
    /// The checksum that was sent and holds: algorithm and base64 value.
    pub(super) checksum: Option<(String, String)>,
}

/// Takes the content of a request.
pub(super) fn content(request: &Request) -> ServiceResult<Content> {
    let payload = header(request, "x-amz-content-sha256").unwrap_or_default();
    let encoding = header(request, "content-encoding").unwrap_or_default();
    let chunked = payload.starts_with("STREAMING-") || encoding.split(',').any(|part| part.trim() == "aws-chunked");
    let (bytes, trailers) = if chunked { dechunk(&request.body)? } else { (request.body.clone(), Vec::new()) };
    if let Some(expected) = header(request, "x-amz-decoded-content-length").filter(|_| chunked)
        && expected.parse() != Ok(bytes.len())
    {
        return Err(refuse(400, "IncompleteBody", format!("the body has {} bytes, not the {expected} that were announced", bytes.len())));
    }
    if let Some(expected) = header(request, "content-md5")
        && STANDARD.encode(Md5::digest(&bytes)) != expected
    {
        return Err(refuse(400, "BadDigest", "The Content-MD5 you specified did not match what we received."));
    }
    let checksum = sent_checksum(request, &trailers);
    if let Some((name, expected)) = &checksum {
        verify(&bytes, name, expected)?;
    }
    Ok(Content { bytes, checksum })
}

/// The `x-amz-checksum-…` among headers and trailers whose algorithm is known here. Others (`-type`, `-algorithm`) describe it.
fn sent_checksum(request: &Request, trailers: &[(String, String)]) -> Option<(String, String)> {
    let headers = request.headers.iter().filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
    headers.chain(trailers.iter().cloned()).find_map(|(name, value)| {
        let algorithm = name.strip_prefix("x-amz-checksum-")?;
        KNOWN.contains(&algorithm).then(|| (algorithm.to_owned(), value))
    })
}

/// Algorithms that can be computed here.
const KNOWN: &[&str] = &["crc32", "crc32c", "crc64nvme", "sha1", "sha256"];

fn verify(bytes: &Bytes, algorithm: &str, expected: &str) -> ServiceResult<()> {
    let unknown = |_| refuse(400, "InvalidRequest", format!("the checksum algorithm {algorithm} is not known"));
    let mut checksum = ChecksumAlgorithm::from_str(algorithm).map_err(unknown)?.into_impl();
    checksum.update(bytes);
    if STANDARD.encode(checksum.finalize()) == expected {
        return Ok(());
    }
    Err(refuse(400, "BadDigest", format!("The {} you specified did not match the calculated checksum.", algorithm.to_uppercase())))
}

/// Takes the content out of the `aws-chunked` encoding. Who serves others has checked the signatures of chunks.
fn dechunk(body: &Bytes) -> ServiceResult<(Bytes, Vec<(String, String)>)> {
    let Chunked { chunks, trailers } = aws_chunked::parse(body).map_err(|error| refuse(400, "IncompleteBody", error.to_string()))?;
    let mut content = BytesMut::with_capacity(body.len());
    for chunk in &chunks {
        content.extend_from_slice(&chunk.data);
    }
    Ok((content.freeze(), trailers))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use http::{HeaderMap, HeaderName, Method};

    use super::*;

    fn request(headers: &[(&str, &str)], body: &'static str) -> Request {
        let headers: HeaderMap =
            headers.iter().map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap())).collect();
        Request { method: Method::PUT, uri: "https://b.s3.amazonaws.com/k".into(), headers, body: Bytes::from_static(body.as_bytes()) }
    }

    const STREAMED: (&str, &str) = ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER");

    #[test]
    fn chunks_are_joined_and_the_trailing_checksum_is_checked() {
        // The CRC-32 of "123456789" is cbf43926, a published check value.
        let body = "4;chunk-signature=00\r\n1234\r\n5\r\n56789\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\r\n\r\n";
        let found = content(&request(&[STREAMED, ("x-amz-decoded-content-length", "9")], body)).unwrap();
        assert_eq!(&found.bytes[..], b"123456789");
        assert_eq!(found.checksum, Some(("crc32".into(), "y/Q5Jg==".into())));
    }

    #[test]
    fn a_wrong_checksum_length_or_chunk_is_refused() {
        let code = |headers: &[(&str, &str)], body| content(&request(headers, body)).unwrap_err().code;
        assert_eq!(code(&[("x-amz-checksum-crc32", "AAAAAA==")], "123456789"), "BadDigest");
        assert_eq!(code(&[("content-md5", "AAAA")], "x"), "BadDigest");
        assert_eq!(code(&[STREAMED, ("x-amz-decoded-content-length", "5")], "4\r\n1234\r\n0\r\n\r\n"), "IncompleteBody");
        for broken in ["9\r\n1234\r\n0\r\n\r\n", "3\r\n1234\r\n0\r\n\r\n", "x\r\n", ""] {
            assert_eq!(code(&[STREAMED], broken), "IncompleteBody", "{broken:?}");
        }
    }

    #[test]
    fn every_known_algorithm_can_be_computed() {
        for algorithm in KNOWN {
            assert!(ChecksumAlgorithm::from_str(algorithm).is_ok(), "{algorithm}");
        }
    }
}
