//! The `aws-chunked` encoding of an upload: `size[;extension]\r\n data \r\n`…, a chunk of size 0, then trailers.

use bytes::Bytes;

/// Why a body is not in the encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body is not a valid aws-chunked body: {0}")]
pub struct Broken(&'static str);

/// One chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// What follows its size, `chunk-signature=…`.
    pub extension: String,
    /// Its content.
    pub data: Bytes,
}

/// A body taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunked {
    /// The chunks; the last one is empty.
    pub chunks: Vec<Chunk>,
    /// Headers behind the content, names in lower case.
    pub trailers: Vec<(String, String)>,
}

/// Takes a body apart. The content is not copied.
pub fn parse(body: &Bytes) -> Result<Chunked, Broken> {
    let mut rest = body.clone();
    let mut chunks = Vec::new();
    loop {
        let head = line(&mut rest)?;
        let (size, extension) = head.split_once(';').unwrap_or((&head, ""));
        let size = usize::from_str_radix(size.trim(), 16).map_err(|_| Broken("a chunk has no size"))?;
        if size == 0 {
            chunks.push(Chunk { extension: extension.to_owned(), data: Bytes::new() });
            break;
        }
        if rest.len() < size {
            return Err(Broken("a chunk is shorter than it says"));
        }
        chunks.push(Chunk { extension: extension.to_owned(), data: rest.split_to(size) });
        if !line(&mut rest)?.is_empty() {
            return Err(Broken("a chunk is longer than it says"));
        }
    }
    let mut trailers = Vec::new();
    while !rest.is_empty() {
        let trailer = line(&mut rest)?;
        if let Some((name, value)) = trailer.split_once(':') {
            trailers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    Ok(Chunked { chunks, trailers })
}

/// Takes a line off the front; the last one may lack its line break.
fn line(rest: &mut Bytes) -> Result<String, Broken> {
    let end = rest.iter().position(|&byte| byte == b'\n').map_or(rest.len(), |at| at + 1);
    let line = rest.split_to(end);
    let text = std::str::from_utf8(&line).map_err(|_| Broken("a chunk begins with what is not text"))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
