//! Hides on the audience's screen what is nobody's business: the account's id, who is logged in, the addresses under which a warehouse or a
//! studio is reached, and the ids of access keys. The finished frame is searched, so that no pane can forget it, whatever a service's answer
//! has in it.

use ratatui::buffer::Buffer;

/// What stands for a character that is hidden.
const HIDDEN: &str = "•";
/// So many digits of an id, at its beginning or its end, give it away: what is cut or broken between two lines is hidden too.
const TELLING: usize = 6;

/// Labels of the addresses that AWS gives to what is in an account, as opposed to its own: `bankdm.c0ffee.us-east-1.redshift.amazonaws.com`,
/// `d-0ffee.studio.us-east-1.sagemaker.aws`.
const OF_AN_ACCOUNT: [&str; 4] = ["redshift", "redshift-serverless", "studio", "vpce"];
/// What ids of access keys begin with: those of users, and those of sessions.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids>
const KEYS: [&str; 2] = ["AKIA", "ASIA"];
/// Letters of such an id.
const KEY_LETTERS: usize = 20;

/// Hides `private` texts wherever they are in the frame, and what is private by its form.
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
        formed(&row, &mut hidden);
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

/// Marks words that are an address in an account, or the id of a key.
fn formed(row: &[&str], hidden: &mut [bool]) {
    let part = |cell: &&str| cell.len() == 1 && matches!(cell.as_bytes()[0], b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_');
    let mut at = 0;
    while at < row.len() {
        let length = row[at..].iter().take_while(|cell| part(cell)).count();
        // An address is no shorter than a key.
        if length >= KEY_LETTERS {
            let run = row[at..at + length].concat();
            // One that ends a sentence.
            let word = run.trim_end_matches('.');
            if is_address(word) || is_key(word) {
                hidden[at..at + word.len()].fill(true);
            }
        }
        at += length.max(1);
    }
}

/// Whether a word is the address of something in an account.
fn is_address(word: &str) -> bool {
    word.split('.').skip(1).any(|label| OF_AN_ACCOUNT.contains(&label)) && word.split('.').count() >= 4
}

/// Whether a word is the id of an access key.
fn is_key(word: &str) -> bool {
    let letters = word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    word.len() == KEY_LETTERS && letters && KEYS.iter().any(|first| word.starts_with(first))
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    fn masked(text: &str, private: &[&str]) -> String {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 80, 1));
        buffer.set_string(0, 0, text, Style::new());
        let private: Vec<String> = private.iter().map(|&text| text.to_owned()).collect();
        apply(&mut buffer, &private);
        (0..80).map(|x| buffer[(x, 0)].symbol().to_owned()).collect::<String>().trim_end().to_owned()
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

    #[test]
    fn an_address_in_an_account_and_the_id_of_a_key_are_hidden_by_their_form() {
        let hidden = |letters: usize| HIDDEN.repeat(letters);
        let address = "bankdm.c0ffee123456.us-east-1.redshift.amazonaws.com";
        assert_eq!(masked(&format!("at {address}:5439/dev"), &[]), format!("at {}:5439/dev", hidden(address.len())));
        let address = "bankdm.123456789012.us-east-1.redshift-serverless.amazonaws.com";
        assert_eq!(masked(address, &["123456789012"]), hidden(address.len()));
        let studio = "d-0ffee1234567.studio.us-east-1.sagemaker.aws";
        assert_eq!(masked(&format!("https://{studio}/jupyter"), &[]), format!("https://{}/jupyter", hidden(studio.len())));
        assert_eq!(masked("AKIAIOSFODNN7EXAMPLE, ASIAIOSFODNN7EXAMPLE.", &[]), format!("{}, {}.", hidden(20), hidden(20)));
        for public in [
            "sagemaker.us-east-1.amazonaws.com",
            "redshift.us-east-1.amazonaws.com",
            "redshift-data.GetStatementResult",
            "SAMPLE_OF_20_LETTERS",
        ] {
            assert_eq!(masked(public, &[]), public);
        }
    }
}
