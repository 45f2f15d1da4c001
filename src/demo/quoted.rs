//! How a text that somebody gave is repeated in a message: shortened, and without what a terminal would act on.

use std::borrow::Cow;

/// Characters that are repeated at most.
const LONGEST: usize = 60;

/// The text as a message repeats it: control characters escaped, and of a long text its beginning with its length.
pub fn quoted(text: &str) -> Cow<'_, str> {
    let cut = text.char_indices().nth(LONGEST).map(|(at, _)| at);
    let shown = &text[..cut.unwrap_or(text.len())];
    let odd = |c: char| c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if cut.is_none() && !shown.contains(odd) {
        return Cow::Borrowed(text);
    }
    let mut safe: String = shown.chars().flat_map(|c| if odd(c) { c.escape_default().collect::<Vec<char>>() } else { vec![c] }).collect();
    if cut.is_some() {
        safe.push_str(&format!("… ({})", super::figures::bytes(text.len() as u64)));
    }
    Cow::Owned(safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_stays_short_and_harmless() {
        assert_eq!(quoted("blue-collar"), "blue-collar");
        assert_eq!(quoted("a\u{1b}[2Jb\r\n\0"), "a\\u{1b}[2Jb\\r\\n\\u{0}");
        assert_eq!(quoted("\u{202e}txt"), "\\u{202e}txt");
        let long = quoted(&"é".repeat(5_000_000)).into_owned();
        assert!(long.starts_with("éé") && long.chars().count() < 90, "{long}");
    }
}
