//! CSV files as a table of dictionary-encoded columns: every distinct text of a column once, and a small number for each row.
//!
//! Whatever is done per value (is it a number, what is its place in the vector) is then done per distinct text and not per cell, and
//! no cell is ever copied.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::io::Read;

use rayon::prelude::*;

use super::train::MlError;

/// A CSV file, unpacked, with the places of its cells.
pub(super) struct Part {
    data: Vec<u8>,
    header: Vec<String>,
    /// Start and end of every cell of every row, header excluded, row by row.
    cells: Vec<(u32, u32)>,
}

/// A column: `values[codes[row]]` is the text of a row.
pub(super) struct Column<'a> {
    /// Name in the header.
    pub name: &'a str,
    /// Index into `values`, one a row.
    pub codes: Vec<u32>,
    /// The distinct texts in the order of their first appearance.
    pub values: Vec<&'a [u8]>,
    /// How many rows have each text.
    pub counts: Vec<u64>,
}

/// Unpacks (gzip is recognised by its first bytes) and splits files with a header each. Empty ones are left out.
pub(super) fn read_parts<T: AsRef<[u8]> + Sync>(files: &[T]) -> Result<Vec<Part>, MlError> {
    let parts: Vec<Option<Part>> =
        files.par_iter().enumerate().map(|(number, file)| read_part(number, file.as_ref())).collect::<Result<_, MlError>>()?;
    let parts: Vec<Part> = parts.into_iter().flatten().collect();
    let Some(first) = parts.first() else {
        return Err(MlError::Data("the data cannot be prepared: the unload is empty".into()));
    };
    if parts.iter().any(|part| part.header != first.header) {
        return Err(MlError::Data("the data cannot be prepared: its files have different columns".into()));
    }
    if parts.iter().all(|part| part.cells.is_empty()) {
        return Err(MlError::Data("the data cannot be prepared: the unload has a header but no rows".into()));
    }
    Ok(parts)
}

/// The columns of all parts, in header order.
pub(super) fn columns(parts: &[Part]) -> Vec<Column<'_>> {
    let Some(first) = parts.first() else { return Vec::new() };
    let width = first.header.len();
    (0..width).into_par_iter().map(|index| encode(parts, index, width, &first.header[index])).collect()
}

fn encode<'a>(parts: &'a [Part], index: usize, width: usize, name: &'a str) -> Column<'a> {
    let rows: usize = parts.iter().map(|part| part.cells.len() / width).sum();
    let mut column = Column { name, codes: Vec::with_capacity(rows), values: Vec::new(), counts: Vec::new() };
    let mut known: HashMap<&[u8], u32, BuildHasherDefault<ShortTextHasher>> = HashMap::default();
    for part in parts {
        for &(start, end) in part.cells.iter().skip(index).step_by(width) {
            let text = &part.data[start as usize..end as usize];
            let code = *known.entry(text).or_insert_with(|| {
                column.values.push(text);
                column.counts.push(0);
                // There are fewer texts than cells, and cells are addressed by u32.
                (column.values.len() - 1) as u32
            });
            column.counts[code as usize] += 1;
            column.codes.push(code);
        }
    }
    column
}

fn read_part(number: usize, file: &[u8]) -> Result<Option<Part>, MlError> {
    let refused = |why: String| MlError::Data(format!("the data cannot be prepared: file {} of the unload {why}", number + 1));
    let data = unpack(file).map_err(|error| refused(format!("cannot be unpacked: {error}")))?.into_owned();
    if data.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    if data.len() > u32::MAX as usize {
        return Err(refused("has more than 4 GB".into()));
    }
    let part = if data.contains(&b'"') { split_quoted(&data) } else { split_plain(data) };
    part.map(Some).map_err(refused)
}

/// The content of a file, unpacked when it is gzip.
pub(super) fn unpack(file: &[u8]) -> std::io::Result<Cow<'_, [u8]>> {
    if !file.starts_with(&[0x1F, 0x8B]) {
        return Ok(Cow::Borrowed(file));
    }
    let mut data = Vec::with_capacity(file.len() * 12);
    flate2::read::MultiGzDecoder::new(file).read_to_end(&mut data)?;
    Ok(Cow::Owned(data))
}

/// Splits a file without quotes: commas and line ends are all there is.
fn split_plain(data: Vec<u8>) -> Result<Part, String> {
    let mut header = None;
    let mut cells: Vec<(u32, u32)> = Vec::with_capacity(data.len() / 4);
    let mut start = 0;
    let mut line_first = 0;
    let mut line = 1_usize;
    // A file may end without a line end: one is assumed after the last byte.
    for at in 0..=data.len() {
        let byte = data.get(at).copied().unwrap_or(b'\n');
        if byte != b',' && byte != b'\n' {
            continue;
        }
        let mut end = at;
        if byte == b'\n' && end > start && data[end - 1] == b'\r' {
            end -= 1;
        }
        let blank = byte == b'\n' && cells.len() == line_first && end == start;
        if !blank {
            // The file has at most u32::MAX bytes.
            cells.push((start as u32, end as u32));
        }
        start = at + 1;
        if byte == b'\n' {
            if !blank {
                end_line(&data, &mut header, &mut cells, line_first, line)?;
            }
            line_first = cells.len();
            line += 1;
        }
    }
    let header = header.ok_or("has no header")?;
    Ok(Part { data, header, cells })
}

fn end_line(data: &[u8], header: &mut Option<Vec<String>>, cells: &mut Vec<(u32, u32)>, first: usize, line: usize) -> Result<(), String> {
    let width = cells.len() - first;
    match header {
        None => {
            let names = cells.drain(first..).map(|(start, end)| column_name(&data[start as usize..end as usize])).collect();
            *header = Some(names);
            Ok(())
        }
        Some(header) if header.len() != width => {
            Err(format!("has {width} values in line {line}, and its header names {} columns", header.len()))
        }
        Some(_) => Ok(()),
    }
}

/// Splits a file with quotes, whose cells are unescaped into a buffer of their own.
fn split_quoted(data: &[u8]) -> Result<Part, String> {
    let mut reader = csv::ReaderBuilder::new().has_headers(true).from_reader(data);
    let header = reader.byte_headers().map_err(|error| format!("is not CSV: {error}"))?.iter().map(column_name).collect();
    let mut part = Part { data: Vec::with_capacity(data.len()), header, cells: Vec::with_capacity(data.len() / 4) };
    let mut record = csv::ByteRecord::new();
    // The reader refuses a record that is not as wide as the header and names its line.
    while reader.read_byte_record(&mut record).map_err(|error| format!("is not CSV: {error}"))? {
        for cell in &record {
            // Unescaping only shortens, so offsets stay within u32.
            let start = part.data.len() as u32;
            part.data.extend_from_slice(cell);
            part.cells.push((start, part.data.len() as u32));
        }
    }
    Ok(part)
}

fn column_name(name: &[u8]) -> String {
    String::from_utf8_lossy(name).trim_start_matches('\u{feff}').to_owned()
}

/// FNV-1a: the keys are a few bytes long and come from the demonstration's own unload, so speed on short texts is what matters.
#[derive(Clone)]
struct ShortTextHasher(u64);

impl Default for ShortTextHasher {
    fn default() -> Self {
        ShortTextHasher(0xCBF2_9CE4_8422_2325)
    }
}

impl Hasher for ShortTextHasher {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
        }
    }

    fn write_usize(&mut self, _length: usize) {
        // A slice hashes its length first; the bytes tell short texts apart.
    }

    fn finish(&self) -> u64 {
        // The map takes its top bits from the high end, which the multiplication alone mixes weakly for short texts.
        self.0 ^ (self.0 >> 32)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn texts(files: &[&[u8]]) -> Vec<(String, Vec<String>)> {
        let parts = read_parts(files).unwrap();
        columns(&parts)
            .iter()
            .map(|column| {
                let row = |&code: &u32| String::from_utf8(column.values[code as usize].to_vec()).unwrap();
                (column.name.to_owned(), column.codes.iter().map(row).collect())
            })
            .collect()
    }

    #[test]
    fn files_are_one_table() {
        let table = texts(&[b"a,b\n1,x\n2,y", b"a,b\r\n3,\r\n\r\n", b""]);
        assert_eq!(table[0], ("a".into(), vec!["1".into(), "2".into(), "3".into()]));
        assert_eq!(table[1], ("b".into(), vec!["x".into(), "y".into(), String::new()]));
    }

    #[test]
    fn quotes_are_understood() {
        let table = texts(&[b"a,b\n\"1,5\",\"he said \"\"no\"\"\"\n2,\"two\nlines\"\n"]);
        assert_eq!(table[0].1, ["1,5", "2"]);
        assert_eq!(table[1].1, ["he said \"no\"", "two\nlines"]);
    }

    #[test]
    fn gzip_is_unpacked() {
        use std::io::Write;
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(b"a\n1\n1\n").unwrap();
        let packed = packed.finish().unwrap();
        let parts = read_parts(&[packed]).unwrap();
        let columns = columns(&parts);
        assert_eq!((columns[0].values.len(), columns[0].counts[0]), (1, 2));
    }

    #[test]
    fn what_is_no_table_is_refused_by_line() {
        let message = |files: &[&[u8]]| read_parts(files).err().unwrap().to_string();
        assert!(message(&[b""]).ends_with("the unload is empty"));
        assert!(message(&[b"a,b\n"]).ends_with("a header but no rows"));
        assert!(message(&[b"a,b\n1,2\n3\n"]).contains("file 1 of the unload has 1 values in line 3"));
        assert!(message(&[b"a,b\n1,\"2\"\n\"3\"\n"]).contains("file 1 of the unload is not CSV"));
        assert!(message(&[b"a\n1\n", b"b\n1\n"]).ends_with("its files have different columns"));
        assert!(message(&[&[0x1F, 0x8B, 8, 0]]).contains("cannot be unpacked"));
    }
}
