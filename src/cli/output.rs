//! Standard output: lines for people and programs, and what happens when the reader goes away.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

use serde::Serialize;

use super::failure::Failure;

/// Standard output, buffered.
pub struct Output {
    stream: BufWriter<Stdout>,
    /// Whether it is a terminal.
    pub terminal: bool,
    /// Whether colours may be used.
    pub colour: bool,
}

impl Output {
    /// Standard output of the process.
    pub fn new(no_color: bool) -> Self {
        let terminal = io::stdout().is_terminal();
        let no_color = no_color || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Output { stream: BufWriter::new(io::stdout()), terminal, colour: terminal && !no_color }
    }

    /// Writes a line.
    ///
    /// # Errors
    /// [`Failure::ReaderGone`] when nobody reads any more.
    pub fn line(&mut self, text: &str) -> Result<(), Failure> {
        self.stream.write_all(text.as_bytes()).and_then(|()| self.stream.write_all(b"\n")).map_err(failed)
    }

    /// Writes a JSON document on one line.
    ///
    /// # Errors
    /// As [`Output::line`].
    pub fn json<T: Serialize>(&mut self, document: &T) -> Result<(), Failure> {
        serde_json::to_writer(&mut self.stream, document).map_err(|error| failed(error.into()))?;
        self.stream.write_all(b"\n").map_err(failed)
    }

    /// Passes everything on.
    ///
    /// # Errors
    /// As [`Output::line`].
    pub fn flush(&mut self) -> Result<(), Failure> {
        self.stream.flush().map_err(failed)
    }

    /// `text` in a colour, by its number in the 16-colour table of SGR (`32` green); plain where colours may not be used.
    pub fn paint(&self, sgr: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{sgr}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

fn failed(error: io::Error) -> Failure {
    Failure::io("could not write to standard output", &error)
}

/// Lines of columns that are as wide as their widest cell; the last column is as long as it likes.
pub fn columns(rows: &[Vec<String>]) -> Vec<String> {
    use unicode_width::UnicodeWidthStr as _;
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> =
        (0..count).map(|at| rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.width()).max().unwrap_or(0)).collect();
    rows.iter()
        .map(|row| {
            let mut line = String::new();
            for (at, cell) in row.iter().enumerate() {
                line.push_str(cell);
                if at + 1 < row.len() {
                    line.push_str(&" ".repeat(widths[at] - cell.width() + 2));
                }
            }
            line.trim_end().to_owned()
        })
        .collect()
}

/// A duration as people say it: `0.42 s`, `12 s`, `3 min 5 s`.
pub fn seconds(seconds: f64) -> String {
    if seconds < 10.0 {
        format!("{seconds:.2} s")
    } else if seconds < 120.0 {
        format!("{seconds:.0} s")
    } else {
        // Durations of commands are far below 2^53 seconds.
        let whole = seconds as u64;
        format!("{} min {} s", whole / 60, whole % 60)
    }
}

/// A count with separators between thousands.
pub fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn figures_read_as_people_say_them() {
        assert_eq!((seconds(0.416), seconds(42.4), seconds(185.2)), ("0.42 s".into(), "42 s".into(), "3 min 5 s".into()));
        assert_eq!(
            (thousands(7), thousands(999), thousands(41_188), thousands(1_000_000)),
            ("7".into(), "999".into(), "41,188".into(), "1,000,000".into())
        );
    }

    #[test]
    fn columns_line_up() {
        let rows = [vec!["é".to_owned(), "x".to_owned()], vec!["long".to_owned(), "y".to_owned()]];
        assert_eq!(columns(&rows), ["é     x", "long  y"]);
    }
}
