//! Reads a recording: all of it, or as far as it was written.

use std::io;
use std::path::{Path, PathBuf};

use super::call::{Entry, Exchange, Header, Mark, Trailer};
use super::codec;
use super::format::{FormatError, Frames, Kind};

/// A recording in memory.
#[derive(Debug, Clone)]
pub struct Recording {
    /// The file.
    pub path: PathBuf,
    /// What it was made of.
    pub header: Header,
    /// Its calls, by when they were sent.
    pub calls: Vec<Exchange>,
    /// Where steps begin and end, by time.
    pub marks: Vec<Mark>,
    /// Calls that are missing in it.
    pub lost: u64,
    /// Whether it was ended.
    pub ending: Ending,
}

/// How a recording ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// As it should.
    Whole,
    /// It was cut off: by a crash, or because it is still being made. What there is can be played.
    Early,
}

/// Why a recording cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The operating system refused.
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    /// It is something else, or damaged.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// It was cut off before there was anything to play.
    #[error("it ends before its first call")]
    Empty,
}

impl Recording {
    /// The sentence about a recording that is not whole; nothing of one that is.
    pub fn warning(&self) -> Option<String> {
        let calls = |count: u64| if count == 1 { "1 call".to_owned() } else { format!("{count} calls") };
        match (self.ending, self.lost) {
            (Ending::Early, _) => Some(format!("it ends early, {} can be played", calls(self.calls.len() as u64))),
            (Ending::Whole, 0) => None,
            (Ending::Whole, lost) => Some(format!("{} could not be written while it was made", calls(lost))),
        }
    }
}

/// Reads a file.
///
/// # Errors
/// When it cannot be read, is no recording, or is damaged.
pub fn read(path: &Path) -> Result<Recording, ReadError> {
    of(path, &std::fs::read(path)?)
}

/// Reads what a recording was made of, and no more of it.
///
/// # Errors
/// As [`read`] does.
pub fn header(path: &Path) -> Result<Header, ReadError> {
    let bytes = std::fs::read(path)?;
    let first = Frames::of(&bytes)?.next().transpose()?.ok_or(ReadError::Empty)?;
    if first.kind != Kind::Header {
        return Err(FormatError::Damaged { at: first.at }.into());
    }
    serde_json::from_slice(&first.payload).map_err(|_| FormatError::Damaged { at: first.at }.into())
}

fn of(path: &Path, bytes: &[u8]) -> Result<Recording, ReadError> {
    let mut frames = Frames::of(bytes)?;
    let (mut header, mut trailer) = (None::<Header>, None::<Trailer>);
    let (mut calls, mut marks, mut lost) = (Vec::new(), Vec::new(), 0);
    for frame in frames.by_ref() {
        let frame = frame?;
        let damaged = FormatError::Damaged { at: frame.at };
        match (frame.kind, &header) {
            // Nothing comes after the end.
            _ if trailer.is_some() => return Err(damaged.into()),
            (Kind::Header, None) => header = Some(serde_json::from_slice(&frame.payload).map_err(|_| damaged)?),
            (Kind::Header, Some(_)) | (Kind::Calls | Kind::Trailer, None) => return Err(damaged.into()),
            (Kind::Trailer, Some(_)) => trailer = Some(serde_json::from_slice(&frame.payload).map_err(|_| damaged)?),
            (Kind::Calls, Some(_)) => {
                for entry in codec::decode(frame.payload).ok_or(damaged)? {
                    match entry {
                        Entry::Exchange(exchange) => calls.push(*exchange),
                        Entry::Mark(mark) => marks.push(mark),
                        Entry::Lost(count) => lost += count,
                    }
                }
            }
        }
    }
    if trailer.is_some() && !frames.at_end() {
        return Err(FormatError::Damaged { at: frames.position() }.into());
    }
    let header = header.ok_or(ReadError::Empty)?;
    if calls.is_empty() {
        return Err(ReadError::Empty);
    }
    // Calls are written when they end.
    calls.sort_by_key(|call: &Exchange| call.start);
    marks.sort_by_key(|mark: &Mark| mark.at);
    let ending = if trailer.is_some() { Ending::Whole } else { Ending::Early };
    Ok(Recording { path: path.to_owned(), header, calls, marks, lost, ending })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::time::Duration;

    use bytes::Bytes;

    use super::*;
    use crate::recording::call::{Answer, Content, Outcome, Request};
    use crate::recording::format::FrameWriter;

    fn call(start: u64) -> Entry {
        Entry::Exchange(Box::new(Exchange {
            request: Request {
                service: "sts".into(),
                operation: "GetCallerIdentity".into(),
                method: "POST".into(),
                path: "/".into(),
                query: String::new(),
                headers: vec![],
                body: Content::Whole(Bytes::new()),
            },
            outcome: Outcome::Answer(Answer { status: 200, headers: vec![], body: Bytes::from_static(b"x") }),
            start: Duration::from_secs(start),
            duration: Duration::from_secs(1),
        }))
    }

    fn file() -> Vec<u8> {
        let header = Header {
            program: "0.1.0".into(),
            began: chrono::DateTime::from_timestamp(1_700_000_000, 0).unwrap(),
            target: "local".into(),
            account: "000000000000".into(),
            region: "us-east-1".into(),
            demo: "BankDM".into(),
            warehouse: "serverless".into(),
            data: "sample".into(),
            settings: String::new(),
        };
        let mut out = Vec::new();
        let mut writer = FrameWriter::begin(&mut out).unwrap();
        writer.write(Kind::Header, &serde_json::to_vec(&header).unwrap()).unwrap();
        for start in [[5, 3], [9, 8]] {
            let mut payload = Vec::new();
            start.iter().for_each(|start| codec::encode(&call(*start), &mut payload).unwrap());
            writer.write(Kind::Calls, &payload).unwrap();
        }
        let trailer = Trailer { calls: 4, lost: 0, lasted: Duration::from_secs(10) };
        writer.write(Kind::Trailer, &serde_json::to_vec(&trailer).unwrap()).unwrap();
        out
    }

    fn read(bytes: &[u8]) -> Result<Recording, ReadError> {
        of(Path::new("a.rec"), bytes)
    }

    #[test]
    fn calls_are_in_the_order_in_which_they_were_sent() {
        let recording = read(&file()).unwrap();
        assert_eq!(recording.calls.iter().map(|call| call.start.as_secs()).collect::<Vec<_>>(), [3, 5, 8, 9]);
        assert_eq!((recording.ending, recording.warning()), (Ending::Whole, None));
    }

    #[test]
    fn a_file_that_is_cut_ends_early_and_says_how_much_can_be_played() {
        let whole = file();
        let mut seen = Vec::new();
        for length in 1..whole.len() {
            match read(&whole[..length]) {
                Ok(recording) => {
                    assert_eq!(recording.ending, Ending::Early, "cut at {length}");
                    seen.push(recording.warning().unwrap());
                }
                Err(ReadError::Empty) => {}
                Err(error) => panic!("cut at {length}: {error}"),
            }
        }
        seen.dedup();
        assert_eq!(seen, ["it ends early, 2 calls can be played", "it ends early, 4 calls can be played"]);
    }

    #[test]
    fn every_bit_that_is_altered_is_refused() {
        let whole = file();
        for at in 0..whole.len() {
            let mut altered = whole.clone();
            altered[at] ^= 1;
            assert!(matches!(read(&altered), Err(ReadError::Format(_))), "byte {at}");
        }
        let mut longer = whole.clone();
        longer.push(0);
        let told = read(&longer).unwrap_err().to_string();
        assert_eq!(told, format!("it is damaged at byte {}", whole.len()));
    }
}
