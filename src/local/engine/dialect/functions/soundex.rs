//! The American Soundex code of a word: its first letter and three digits for the consonants behind it.

/// The code; empty when there is no letter.
pub(super) fn soundex(text: &str) -> String {
    let mut letters = text.chars().filter(char::is_ascii_alphabetic).map(|letter| letter.to_ascii_uppercase());
    let Some(first) = letters.next() else { return String::new() };
    let mut code = String::from(first);
    let mut before = digit(first);
    for letter in letters {
        let this = digit(letter);
        if this != '0' && this != before {
            code.push(this);
        }
        // H and W do not separate consonants of the same kind, vowels do.
        if !matches!(letter, 'H' | 'W') {
            before = this;
        }
        if code.len() == 4 {
            break;
        }
    }
    while code.len() < 4 {
        code.push('0');
    }
    code
}

/// How many characters of the codes are the same: 0 to 4.
pub(super) fn difference(left: &str, right: &str) -> i64 {
    let (left, right) = (soundex(left), soundex(right));
    i64::try_from(left.chars().zip(right.chars()).filter(|(left, right)| left == right).count()).unwrap_or(0)
}

const fn digit(letter: char) -> char {
    match letter {
        'B' | 'F' | 'P' | 'V' => '1',
        'C' | 'G' | 'J' | 'K' | 'Q' | 'S' | 'X' | 'Z' => '2',
        'D' | 'T' => '3',
        'L' => '4',
        'M' | 'N' => '5',
        'R' => '6',
        _ => '0',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_names() {
        let codes = ["Robert", "Rupert", "Tymczak", "Ashcraft", "Amazon", ""].map(soundex);
        assert_eq!(codes, ["R163", "R163", "T522", "A261", "A525", ""]);
        assert_eq!((difference("Robert", "Rupert"), difference("Amazon", "+****")), (4, 0));
    }
}
