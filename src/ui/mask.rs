//! Hides on the audience's screen what is nobody's business: the account's id, and who is logged in. The finished frame is searched, so that
//! no pane can forget it, whatever a service's answer has in it.

use ratatui::buffer::Buffer;

/// What stands for a character that is hidden.
const HIDDEN: &str = "•";
/// So many digits of an id, at its beginning or its end, give it away: what is cut or broken between two lines is hidden too.
const TELLING: usize = 6;

/// Hides `private` texts wherever they are in the frame.
pub fn apply(buffer: &mut Buffer, private: &[String]) {
    let area = buffer.area;
    for y in area.top()..area.bottom() {
        let row: Vec<&str> = (area.left()..area.right()).map(|x| buffer[(x, y)].symbol()).collect();
        let mut hidden = vec![false; row.len()];
        for text in private.iter().filter(|text| !text.is_empty()) {
            whole(&row, text, &mut hidden);
            if text.bytes().all(|byte| byte.is_ascii_digit()) {
                parts(&row, text, &mut hidden);
            }
        }
        for (x, _) in (area.left()..).zip(hidden).filter(|(_, hidden)| *hidden) {
            buffer[(x, y)].set_symbol(HIDDEN);
        }
    }
}

/// Marks the cells of every occurrence of a text.
fn whole(row: &[&str], text: &str, hidden: &mut [bool]) {
    let wanted: Vec<char> = text.chars().collect();
    for (at, window) in row.windows(wanted.len()).enumerate() {
        if window.iter().zip(&wanted).all(|(cell, letter)| cell.chars().eq([*letter])) {
            hidden[at..at + wanted.len()].fill(true);
        }
    }
}

/// Marks runs of digits that are the beginning or the end of an id.
fn parts(row: &[&str], id: &str, hidden: &mut [bool]) {
    let digit = |cell: &&str| cell.len() == 1 && cell.as_bytes()[0].is_ascii_digit();
    let mut at = 0;
    while at < row.len() {
        let length = row[at..].iter().take_while(|cell| digit(cell)).count();
        let run = row[at..at + length].concat();
        if length >= TELLING && (id.starts_with(&run) || id.ends_with(&run)) {
            hidden[at..at + length].fill(true);
        }
        at += length.max(1);
    }
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    fn masked(text: &str, private: &[&str]) -> String {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 40, 1));
        buffer.set_string(0, 0, text, Style::new());
        let private: Vec<String> = private.iter().map(|&text| text.to_owned()).collect();
        apply(&mut buffer, &private);
        (0..40).map(|x| buffer[(x, 0)].symbol().to_owned()).collect::<String>().trim_end().to_owned()
    }

    #[test]
    fn an_id_is_hidden_wherever_it_is() {
        let id = "123456789012";
        assert_eq!(masked("AWS 123456789012", &[id]), "AWS ••••••••••••");
        assert_eq!(masked("bankdm-123456789012-us-east-1", &[id]), "bankdm-••••••••••••-us-east-1");
        assert_eq!(masked("arn:aws:iam::12345678…", &[id]), "arn:aws:iam::••••••••…", "cut at the edge");
        assert_eq!(masked("789012:role/x and 41188 rows", &[id]), "••••••:role/x and 41188 rows", "broken between two lines");
        assert_eq!(masked("12345 rows, 0.789 of 9012", &[id]), "12345 rows, 0.789 of 9012", "other numbers stay");
        assert_eq!(masked("made by ana.maría, twice: ana.maría", &["ana.maría"]), "made by •••••••••, twice: •••••••••");
        assert_eq!(masked("nothing", &["", id]), "nothing");
    }
}
