//! Compressed objects.

use std::io::{Read, Write};

use crate::local::engine::error::internal;
use crate::local::engine::{SqlError, SqlErrorKind};
use crate::syntax::Compression;

/// What of a body is in it, unpacked as the statement says.
pub(super) fn unpacked(uri: &str, compression: Compression, body: &[u8]) -> Result<Vec<u8>, SqlError> {
    let mut out = Vec::new();
    let read = match compression {
        Compression::None => {
            out.extend_from_slice(body);
            Ok(0)
        }
        Compression::Gzip => flate2::read::MultiGzDecoder::new(body).read_to_end(&mut out),
        Compression::Bzip2 => bzip2::read::MultiBzDecoder::new(body).read_to_end(&mut out),
        Compression::Zstd => zstd::stream::read::Decoder::new(body).and_then(|mut decoder| decoder.read_to_end(&mut out)),
    };
    read.map_err(|error| {
        let message = format!("ERROR: {uri} cannot be unpacked as {}: {error}", name(compression));
        SqlError::new(SqlErrorKind::Execution, message)
    })?;
    Ok(out)
}

fn name(compression: Compression) -> &'static str {
    match compression {
        Compression::None => "text",
        Compression::Gzip => "GZIP",
        Compression::Bzip2 => "BZIP2",
        Compression::Zstd => "ZSTD",
    }
}

/// The end of the names of objects that are packed so.
pub fn suffix(compression: Compression) -> &'static str {
    match compression {
        Compression::None => "",
        Compression::Gzip => ".gz",
        Compression::Bzip2 => ".bz2",
        Compression::Zstd => ".zst",
    }
}

/// A body that is being packed.
pub(super) enum Packer {
    Plain(Vec<u8>),
    Gzip(Box<flate2::write::GzEncoder<Vec<u8>>>),
    Bzip2(Box<bzip2::write::BzEncoder<Vec<u8>>>),
    Zstd(Box<zstd::stream::write::Encoder<'static, Vec<u8>>>),
}

impl Packer {
    /// An empty body.
    pub fn new(compression: Compression) -> Result<Self, SqlError> {
        Ok(match compression {
            Compression::None => Packer::Plain(Vec::new()),
            Compression::Gzip => Packer::Gzip(Box::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()))),
            Compression::Bzip2 => Packer::Bzip2(Box::new(bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast()))),
            Compression::Zstd => Packer::Zstd(Box::new(zstd::stream::write::Encoder::new(Vec::new(), 0).map_err(internal)?)),
        })
    }

    /// Appends bytes.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), SqlError> {
        match self {
            Packer::Plain(out) => {
                out.extend_from_slice(bytes);
                Ok(())
            }
            Packer::Gzip(encoder) => encoder.write_all(bytes),
            Packer::Bzip2(encoder) => encoder.write_all(bytes),
            Packer::Zstd(encoder) => encoder.write_all(bytes),
        }
        .map_err(internal)
    }

    /// Bytes so far, packed.
    pub fn size(&self) -> u64 {
        match self {
            Packer::Plain(out) => out.len() as u64,
            Packer::Gzip(encoder) => encoder.get_ref().len() as u64,
            Packer::Bzip2(encoder) => encoder.get_ref().len() as u64,
            Packer::Zstd(encoder) => encoder.get_ref().len() as u64,
        }
    }

    /// The whole body.
    pub fn finish(self) -> Result<Vec<u8>, SqlError> {
        match self {
            Packer::Plain(out) => Ok(out),
            Packer::Gzip(encoder) => encoder.finish().map_err(internal),
            Packer::Bzip2(encoder) => encoder.finish().map_err(internal),
            Packer::Zstd(encoder) => encoder.finish().map_err(internal),
        }
    }
}
