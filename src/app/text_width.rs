//! How wide text is in a terminal, and how it is cut to fit.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Columns that a text takes in a terminal.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Text without what would disturb a terminal or a grid: line ends and tabs become visible marks, other control characters `·`.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_disturbing) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(
        text.chars()
            .map(|c| match c {
                '\n' => '↵',
                '\t' => '→',
                c if is_disturbing(c) => '·',
                c => c,
            })
            .collect(),
    )
}

fn is_disturbing(c: char) -> bool {
    // Besides control characters: marks that change the direction of writing would reorder the cells of a row.
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// The text cut to `columns`, with `…` when something was cut off.
pub fn clip(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    if columns == 0 {
        return Cow::Borrowed("");
    }
    let mut used = 0;
    let mut end = 0;
    for (index, cluster) in text.grapheme_indices(true) {
        let next = used + width(cluster);
        if next > columns - 1 {
            break;
        }
        used = next;
        end = index + cluster.len();
    }
    Cow::Owned(format!("{}…", &text[..end]))
}

/// The text cut or filled with spaces on the right to exactly `columns`.
pub fn left(text: &str, columns: usize) -> String {
    let text = clip(text, columns);
    let fill = columns.saturating_sub(width(&text));
    format!("{text}{}", " ".repeat(fill))
}

/// The text cut or filled with spaces on the left to exactly `columns`.
pub fn right(text: &str, columns: usize) -> String {
    let text = clip(text, columns);
    let fill = columns.saturating_sub(width(&text));
    format!("{}{text}", " ".repeat(fill))
}

/// The text in lines of at most `columns`, broken between words where possible.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            let mut word = word;
            if !line.is_empty() && width(&line) + 1 + width(word) > columns {
                lines.push(std::mem::take(&mut line));
            }
            while width(word) > columns {
                let head = head(word, columns);
                if head.is_empty() {
                    break;
                }
                lines.push(head.to_owned());
                word = &word[head.len()..];
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

fn head(text: &str, columns: usize) -> &str {
    let mut used = 0;
    for (index, cluster) in text.grapheme_indices(true) {
        used += width(cluster);
        if used > columns {
            return &text[..index];
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cutting_and_filling_give_the_exact_width() {
        for text in ["", "abc", "日本語テキスト", "e\u{301}e\u{301}e\u{301}", "👩‍👩‍👧 family", "a b c d e f g"] {
            for columns in 0..12 {
                assert_eq!(width(&left(text, columns)), columns, "{text} {columns}");
                assert_eq!(width(&right(text, columns)), columns, "{text} {columns}");
            }
        }
        assert_eq!(clip("Lambda-RedShift", 6), "Lambd…");
    }

    #[test]
    fn wrapped_lines_fit_and_lose_nothing() {
        let text = "Blue-collar customers are under-represented 日本語テキスト averyveryverylongword\n\nend";
        for columns in 2..30 {
            let lines = wrap(text, columns);
            assert!(lines.iter().all(|line| width(line) <= columns), "{columns} {lines:?}");
            let squeeze = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            assert_eq!(squeeze(&lines.concat()), squeeze(text));
        }
    }

    #[test]
    fn control_characters_become_visible() {
        assert_eq!(visible("a\nb\tc\u{1b}[2J\u{202e}"), "a↵b→c·[2J·");
        assert!(matches!(visible("plain"), Cow::Borrowed(_)));
    }
}
