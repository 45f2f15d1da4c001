//! The file: a line that says what it is, then frames. A frame is compressed by itself and carries the digest of everything before it, so
//! that whatever is cut off, altered, left out or put elsewhere is found, and found at its place.
//!
//! ```text
//! shiftdeck recording 1\n
//! frame*:  kind     1 byte    H header, C calls, T trailer
//!          packed   4 bytes   length of the payload as it is here, little-endian
//!          raw      4 bytes   its length before compression
//!          head     8 bytes   of SHA-256 over the digest before and these nine bytes
//!          digest  32 bytes   SHA-256 over the digest before, these nine bytes and the payload
//!          payload            zstd
//! ```
//!
//! The head has a digest of its own, so that a length that was altered is not taken for a file that was cut off.

use std::io::{self, Write};

use sha2::{Digest, Sha256};

/// The first line.
pub const MAGIC: &[u8] = b"shiftdeck recording 1\n";

/// What the first lines of all versions begin with.
const FAMILY: &[u8] = b"shiftdeck recording ";

/// Bytes of a frame before its payload.
const HEAD: usize = 1 + 4 + 4 + 8 + 32;

/// No frame is longer before compression; a longer one is damage.
const LONGEST: u32 = 1 << 30;

/// Level of zstd: 3 is its own default.
const LEVEL: i32 = 3;

/// What a frame has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The header.
    Header,
    /// Calls.
    Calls,
    /// The trailer.
    Trailer,
}

impl Kind {
    const fn byte(self) -> u8 {
        match self {
            Kind::Header => b'H',
            Kind::Calls => b'C',
            Kind::Trailer => b'T',
        }
    }

    const fn of(byte: u8) -> Option<Kind> {
        match byte {
            b'H' => Some(Kind::Header),
            b'C' => Some(Kind::Calls),
            b'T' => Some(Kind::Trailer),
            _ => None,
        }
    }
}

/// Why bytes are no recording.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// Something else.
    #[error("it is not a recording of shiftdeck")]
    NotARecording,
    /// Of another version.
    #[error("it is a recording of another version ({0}), and this program reads version 1")]
    Version(String),
    /// Something in it is not what was written.
    #[error("it is damaged at byte {at}")]
    Damaged {
        /// The first byte of the frame that is not sound.
        at: u64,
    },
}

/// Writes frames. Every frame is given to the operating system before the next one is made.
pub struct FrameWriter<W> {
    out: W,
    digest: [u8; 32],
}

impl<W: Write> FrameWriter<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn begin(mut out: W) -> io::Result<Self> {
        out.write_all(MAGIC)?;
        out.flush()?;
        Ok(FrameWriter { out, digest: Sha256::digest(MAGIC).into() })
    }

    /// Writes a frame.
    ///
    /// # Errors
    /// When it cannot be written, or has more than a gigabyte.
    pub fn write(&mut self, kind: Kind, payload: &[u8]) -> io::Result<()> {
        let raw = u32::try_from(payload.len()).ok().filter(|raw| *raw <= LONGEST);
        let raw = raw.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a frame has more than a gigabyte"))?;
        let packed = zstd::bulk::compress(payload, LEVEL)?;
        let length = u32::try_from(packed.len()).map_err(io::Error::other)?;
        let mut head = [0; 9];
        head[0] = kind.byte();
        head[1..5].copy_from_slice(&length.to_le_bytes());
        head[5..9].copy_from_slice(&raw.to_le_bytes());
        let digest = of_frame(&self.digest, &head, &packed);
        let mut frame = Vec::with_capacity(HEAD + packed.len());
        frame.extend_from_slice(&head);
        frame.extend_from_slice(&of_head(&self.digest, &head));
        frame.extend_from_slice(&digest);
        frame.extend_from_slice(&packed);
        self.out.write_all(&frame)?;
        self.out.flush()?;
        self.digest = digest;
        Ok(())
    }

    /// What is written to.
    pub fn get_ref(&self) -> &W {
        &self.out
    }
}

fn of_head(before: &[u8; 32], head: &[u8; 9]) -> [u8; 8] {
    let digest = Sha256::new().chain_update(before).chain_update(head).finalize();
    let mut short = [0; 8];
    short.copy_from_slice(&digest[..8]);
    short
}

fn of_frame(before: &[u8; 32], head: &[u8; 9], packed: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(before).chain_update(head).chain_update(packed).finalize().into()
}

/// A frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What it has.
    pub kind: Kind,
    /// That, decompressed.
    pub payload: Vec<u8>,
    /// Its first byte in the file.
    pub at: u64,
}

/// The sound frames of a file, up to where it ends or is cut off.
pub struct Frames<'a> {
    bytes: &'a [u8],
    at: usize,
    digest: [u8; 32],
    failed: bool,
}

impl<'a> Frames<'a> {
    /// The frames of a whole file.
    ///
    /// # Errors
    /// When it is no recording, or of another version.
    pub fn of(bytes: &'a [u8]) -> Result<Self, FormatError> {
        if let Some(rest) = bytes.strip_prefix(MAGIC) {
            let at = bytes.len() - rest.len();
            return Ok(Frames { bytes, at, digest: Sha256::digest(MAGIC).into(), failed: false });
        }
        // A file that was cut within its first line is one all the same: it ends early.
        if !bytes.is_empty() && MAGIC.starts_with(bytes) {
            return Ok(Frames { bytes, at: bytes.len(), digest: [0; 32], failed: false });
        }
        let version = bytes.strip_prefix(FAMILY).and_then(|rest| rest.split(|byte| *byte == b'\n').next());
        match version.map(|version| String::from_utf8_lossy(version).into_owned()) {
            Some(version) if !version.is_empty() && version.len() < 10 && version.bytes().all(|byte| byte.is_ascii_digit()) => {
                Err(FormatError::Version(version))
            }
            _ => Err(FormatError::NotARecording),
        }
    }

    /// Whether everything has been read: nothing is left over after the last whole frame.
    pub fn at_end(&self) -> bool {
        self.at == self.bytes.len()
    }

    /// Where the next frame begins.
    pub fn position(&self) -> u64 {
        self.at as u64
    }

    fn read(&mut self) -> Result<Option<Frame>, FormatError> {
        let rest = &self.bytes[self.at..];
        let damaged = FormatError::Damaged { at: self.at as u64 };
        let Some((prefix, rest)) = rest.split_at_checked(HEAD) else { return Ok(None) };
        let (mut head, mut packed, mut raw) = ([0; 9], [0; 4], [0; 4]);
        head.copy_from_slice(&prefix[..9]);
        packed.copy_from_slice(&head[1..5]);
        raw.copy_from_slice(&head[5..9]);
        if of_head(&self.digest, &head) != prefix[9..17] {
            return Err(damaged);
        }
        let (kind, packed, raw) = (Kind::of(head[0]), u32::from_le_bytes(packed), u32::from_le_bytes(raw));
        let Some(kind) = kind.filter(|_| raw <= LONGEST) else { return Err(damaged) };
        let Some(packed) = rest.get(..packed as usize) else { return Ok(None) };
        let digest = of_frame(&self.digest, &head, packed);
        if digest != prefix[17..HEAD] {
            return Err(damaged);
        }
        let payload = zstd::bulk::decompress(packed, raw as usize).map_err(|_| damaged.clone())?;
        if payload.len() != raw as usize {
            return Err(damaged);
        }
        let frame = Frame { kind, payload, at: self.at as u64 };
        self.at += HEAD + packed.len();
        self.digest = digest;
        Ok(Some(frame))
    }
}

impl Iterator for Frames<'_> {
    type Item = Result<Frame, FormatError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let read = self.read().transpose();
        self.failed = matches!(read, Some(Err(_)));
        read
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn file() -> Vec<u8> {
        let mut out = Vec::new();
        let mut writer = FrameWriter::begin(&mut out).unwrap();
        writer.write(Kind::Header, b"{}").unwrap();
        writer.write(Kind::Calls, &b"a call".repeat(40)).unwrap();
        writer.write(Kind::Trailer, b"").unwrap();
        out
    }

    fn frames(bytes: &[u8]) -> Result<(Vec<Frame>, bool), FormatError> {
        let mut frames = Frames::of(bytes)?;
        let found = frames.by_ref().collect::<Result<Vec<_>, _>>()?;
        Ok((found, frames.at_end()))
    }

    #[test]
    fn what_is_written_is_read() {
        let (found, whole) = frames(&file()).unwrap();
        assert!(whole);
        assert_eq!(found.iter().map(|frame| frame.kind).collect::<Vec<_>>(), [Kind::Header, Kind::Calls, Kind::Trailer]);
        assert_eq!((found[1].payload.as_slice(), found[0].at), (b"a call".repeat(40).as_slice(), MAGIC.len() as u64));
    }

    #[test]
    fn a_file_that_is_cut_anywhere_ends_early_and_is_not_damaged() {
        let whole = file();
        for length in 1..whole.len() {
            let (found, _) = frames(&whole[..length]).unwrap_or_else(|error| panic!("cut at {length}: {error}"));
            assert!(found.len() < 3, "cut at {length}");
        }
    }

    #[test]
    fn every_bit_that_is_altered_is_found() {
        let whole = file();
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut altered = whole.clone();
                altered[at] ^= 1 << bit;
                let error = frames(&altered).err().unwrap_or_else(|| panic!("bit {bit} of byte {at}"));
                if let FormatError::Damaged { at: told } = error {
                    assert!(told <= at as u64, "byte {at}: told at {told}");
                }
            }
        }
    }

    #[test]
    fn frames_that_are_left_out_doubled_or_exchanged_are_found() {
        let whole = file();
        let (found, _) = frames(&whole).unwrap();
        let at: Vec<usize> = found.iter().map(|frame| frame.at as usize).chain([whole.len()]).collect();
        let part = |frame: usize| &whole[at[frame]..at[frame + 1]];
        for order in [&[0, 2][..], &[0, 1, 1, 2], &[1, 0, 2]] {
            let mut altered = whole[..at[0]].to_vec();
            order.iter().for_each(|frame| altered.extend_from_slice(part(*frame)));
            assert!(matches!(frames(&altered), Err(FormatError::Damaged { .. })), "{order:?}");
        }
    }

    #[test]
    fn other_files_and_versions_are_told() {
        assert_eq!(frames(b"").err(), Some(FormatError::NotARecording));
        assert_eq!(frames(b"PK\x03\x04").err(), Some(FormatError::NotARecording));
        assert_eq!(frames(b"shiftdeck recording 2\nwhatever").err(), Some(FormatError::Version("2".into())));
    }
}
