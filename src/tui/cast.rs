//! The session as an asciicast, version 2: what was written to the terminal, and when. Players and the web page of asciinema show it.
//!
//! <https://docs.asciinema.org/manual/asciicast/v2/>

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use serde_json::json;

/// A recording under way.
#[derive(Debug)]
pub struct Cast<W: Write = BufWriter<File>> {
    out: W,
    size: (u16, u16),
}

impl Cast {
    /// Begins a recording in a new file; one that is there is not written over.
    ///
    /// # Errors
    /// When the file is there already, or cannot be made.
    pub fn create(path: &Path) -> io::Result<Cast> {
        let file = File::options().write(true).create_new(true).open(path)?;
        Ok(Cast { out: BufWriter::new(file), size: (0, 0) })
    }
}

impl<W: Write> Cast<W> {
    /// Adds a frame, `at` after the beginning, for a terminal of `size` columns and rows.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn frame(&mut self, at: Duration, size: (u16, u16), bytes: &[u8]) -> io::Result<()> {
        if self.size == (0, 0) {
            // The screen that players begin with; what the program sends first is what it changes.
            writeln!(self.out, "{}", json!({ "version": 2, "width": size.0, "height": size.1, "title": "shiftdeck" }))?;
        } else if self.size != size {
            self.event(at, "r", &format!("{}x{}", size.0, size.1))?;
        }
        self.size = size;
        // Frames are written by this program, in UTF-8.
        self.event(at, "o", &String::from_utf8_lossy(bytes))?;
        // A recording that breaks off is whole up to its last frame.
        self.out.flush()
    }

    fn event(&mut self, at: Duration, kind: &str, text: &str) -> io::Result<()> {
        let seconds = (at.as_secs_f64() * 1e6).round() / 1e6;
        writeln!(self.out, "{}", json!([seconds, kind, text]))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_recording_has_its_size_its_frames_and_their_times() {
        let mut cast = Cast { out: Vec::new(), size: (0, 0) };
        cast.frame(Duration::ZERO, (80, 24), b"\x1b[H\"one\"").unwrap();
        cast.frame(Duration::from_millis(1500), (80, 24), "zwei ü".as_bytes()).unwrap();
        cast.frame(Duration::from_secs(2), (120, 36), b"3").unwrap();
        let lines: Vec<serde_json::Value> =
            String::from_utf8(cast.out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines[0], json!({ "version": 2, "width": 80, "height": 24, "title": "shiftdeck" }));
        assert_eq!(lines[1], json!([0.0, "o", "\u{1b}[H\"one\""]));
        assert_eq!(lines[2], json!([1.5, "o", "zwei ü"]));
        assert_eq!(lines[3], json!([2.0, "r", "120x36"]));
        assert_eq!(lines.len(), 5);
    }

    #[test]
    fn a_recording_that_is_there_is_not_written_over() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("demo.cast");
        drop(Cast::create(&path).unwrap());
        assert_eq!(Cast::create(&path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    }
}
