//! The `text/csv` of XGBoost's channels and endpoints: numbers between commas, no header.

use super::train::{Labelled, MlError};

/// Reads a channel: the target first, then the features.
pub fn read_labelled(text: &[u8]) -> Result<Labelled, MlError> {
    let mut data = Labelled { width: 0, values: Vec::with_capacity(text.len() / 2), labels: Vec::new() };
    for (number, line) in lines(text).enumerate() {
        let mut cells = line.split(|&byte| byte == b',');
        // A line is not empty, so it has a first cell.
        let label = cells.next().unwrap_or_default();
        let label = read_number(label).filter(|label| !label.is_nan()).ok_or_else(|| not_a_number(number, label))?;
        let before = data.values.len();
        for cell in cells {
            data.values.push(read_number(cell).ok_or_else(|| not_a_number(number, cell))?);
        }
        data.labels.push(label);
        let width = data.values.len() - before;
        if number == 0 {
            data.width = width;
        } else if width != data.width {
            return Err(MlError::Data(format!("line {} has {width} features, the first line {}", number + 1, data.width)));
        }
    }
    if data.labels.is_empty() {
        return Err(MlError::Data("there are no rows".into()));
    }
    Ok(data)
}

/// Reads rows of features: the values row by row, and how many rows there are. Every line has to have `width` values.
pub fn read_rows(text: &[u8], width: usize) -> Result<(Vec<f32>, usize), MlError> {
    let mut values = Vec::with_capacity(text.len() / 2);
    let mut rows = 0;
    for (number, line) in lines(text).enumerate() {
        let before = values.len();
        for cell in line.split(|&byte| byte == b',') {
            values.push(read_number(cell).ok_or_else(|| not_a_number(number, cell))?);
        }
        let given = values.len() - before;
        if given != width {
            return Err(MlError::Data(format!(
                "Feature size of csv inference data {given} is not consistent with feature size of trained model {width}"
            )));
        }
        rows += 1;
    }
    Ok((values, rows))
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)).filter(|line| !line.is_empty())
}

/// A number, NaN for an empty cell or the word. Doubles become floats, as where the schema encodes a row.
fn read_number(cell: &[u8]) -> Option<f32> {
    match cell {
        [digit @ b'0'..=b'9'] => return Some(f32::from(digit - b'0')),
        [] => return Some(f32::NAN),
        _ => {}
    }
    if cell.len() <= 7 && cell.iter().all(u8::is_ascii_digit) {
        // Seven digits stay below 2^24, where every integer is a float.
        return Some(cell.iter().fold(0_u32, |number, digit| number * 10 + u32::from(digit - b'0')) as f32);
    }
    let number: f64 = std::str::from_utf8(cell).ok()?.trim().parse().ok()?;
    (!number.is_infinite()).then_some(number as f32)
}

fn not_a_number(line: usize, cell: &[u8]) -> MlError {
    let shown: String = String::from_utf8_lossy(cell).chars().take(40).collect();
    MlError::Data(format!("line {}: `{shown}` is not a number", line + 1))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn a_channel_is_target_and_features() {
        let data = read_labelled(b"1,56,0,-36.4\n0,1234567,,1e3\r\n").unwrap();
        assert_eq!((data.width, data.labels), (3, vec![1.0, 0.0]));
        assert_eq!(data.values[..4], [56.0, 0.0, -36.4, 1_234_567.0]);
        assert!(data.values[4].is_nan());
        assert_eq!(data.values[5], 1000.0);
    }

    #[test]
    fn bad_lines_are_named() {
        let message = |text: &[u8]| read_labelled(text).unwrap_err().to_string();
        assert_eq!(message(b"1,2\n1,x\n"), "line 2: `x` is not a number");
        assert_eq!(message(b"1,2\n1,2,3\n"), "line 2 has 2 features, the first line 1");
        assert_eq!(message(b"\n"), "there are no rows");
        assert_eq!(message(b",2\n"), "line 1: `` is not a number");
        assert_eq!(message(b"1,inf\n"), "line 1: `inf` is not a number");
    }

    #[test]
    fn rows_have_the_width_of_the_model() {
        assert_eq!(read_rows(b"1,2\n3,4", 2).unwrap(), (vec![1.0, 2.0, 3.0, 4.0], 2));
        assert!(read_rows(b"1,2,3", 2).unwrap_err().to_string().contains("data 3 is not consistent with feature size of trained model 2"));
        assert_eq!(read_rows(b"", 2).unwrap().1, 0);
        assert!(read_rows(b"nan,NaN", 2).unwrap().0.iter().all(|value| value.is_nan()));
    }
}
