//! Requests for figures, which are CBOR and ask of a window that ends now.

/// The members with the ends of the window.
const TIMES: [&str; 2] = ["StartTime", "EndTime"];

/// The readable parts of a document in CBOR, without its times: what it asks of which metrics.
pub fn without_times(document: &[u8]) -> String {
    let mut kept = document.to_vec();
    for name in TIMES {
        // A text of so many bytes, the name, then a tag for time and a number.
        let mut sign = vec![0x60 | name.len() as u8];
        sign.extend_from_slice(name.as_bytes());
        if let Some(at) = memchr::memmem::find(&kept, &sign) {
            let value = at + sign.len();
            let length = match kept.get(value..value + 2) {
                Some([0xc1, head]) => 2 + bytes_of(*head),
                Some([head, _]) => 1 + bytes_of(*head),
                _ => 0,
            };
            let end = (value + length).min(kept.len());
            kept.drain(at..end);
        }
    }
    kept.iter().map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { ' ' }).collect()
}

/// Bytes behind the first one of a number.
const fn bytes_of(head: u8) -> usize {
    match head & 0x1f {
        24 => 1,
        25 => 2,
        26 => 4,
        27 => 8,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_does_not_count() {
        let document = |seconds: [u8; 4], double: bool| {
            let mut document = b"\xbf\x69StartTime\xc1".to_vec();
            if double {
                document.push(0xfb);
                document.extend_from_slice(&[0x41, 0xd9]);
                document.extend_from_slice(&seconds);
                document.extend_from_slice(&[0, 0]);
            } else {
                document.push(0x1a);
                document.extend_from_slice(&seconds);
            }
            document.extend_from_slice(b"\x67EndTime\xc1\x1a");
            document.extend_from_slice(&seconds);
            document.extend_from_slice(b"\x6aMetricName\x6bInvocations\xff");
            document
        };
        let asked = without_times(&document([1, 2, 3, 4], false));
        assert_eq!(asked, without_times(&document([5, 6, 65, 66], false)));
        assert_eq!(asked, without_times(&document([5, 6, 65, 66], true)));
        assert!(asked.contains("MetricName") && asked.contains("Invocations") && !asked.contains("Time"));
    }
}
