//! A body that is signed in chunks: each signature is over the chunk and the signature before it, the first one over the request's.

use bytes::Bytes;

use super::{Claim, Refused, SigningKey, digest, same, string_to_sign};
use crate::local::services::protocol::aws_chunked::{self, Chunked};

/// The digest of nothing, which stands where a request has its headers.
const NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const TRAILER_SIGNATURE: &str = "x-amz-trailer-signature";

/// Checks the signature of every chunk, and that of the trailers.
pub(super) fn verify(body: &Bytes, claim: &Claim, key: &SigningKey) -> Result<(), Refused> {
    let Chunked { chunks, trailers } = aws_chunked::parse(body).map_err(|why| Refused::Incomplete(why.to_string()))?;
    let mut before = claim.signature.clone();
    for chunk in &chunks {
        let signature = chunk.extension.strip_prefix("chunk-signature=").unwrap_or_default();
        let text = string_to_sign(claim, "AWS4-HMAC-SHA256-PAYLOAD", &[&before, NOTHING, &digest(&chunk.data)]);
        before = checked(key, text, signature)?;
    }
    let Some((_, signature)) = trailers.iter().find(|(name, _)| name == TRAILER_SIGNATURE) else {
        // Trailers that nobody signed are none.
        return if trailers.is_empty() { Ok(()) } else { Err(Refused::Incomplete("the trailers are not signed".into())) };
    };
    let signed: String =
        trailers.iter().filter(|(name, _)| name != TRAILER_SIGNATURE).map(|(name, value)| format!("{name}:{value}\n")).collect();
    let text = string_to_sign(claim, "AWS4-HMAC-SHA256-TRAILER", &[&before, &digest(signed.as_bytes())]);
    checked(key, text, signature).map(drop)
}

fn checked(key: &SigningKey, string_to_sign: String, given: &str) -> Result<String, Refused> {
    let expected = key.sign(&string_to_sign);
    if same(&expected, given) { Ok(expected) } else { Err(Refused::Mismatch { canonical: String::new(), string_to_sign }) }
}
