//! Where in a statement a service says that the error is.

/// The byte in `statement` that an error message points at. Redshift says `Position: 8` (characters, from 1), Athena says `line 1:8`
/// (line and column, from 1).
pub fn position(message: &str, statement: &str) -> Option<usize> {
    if let Some(index) = number_after(message, "Position: ").or_else(|| number_after(message, "position: ")) {
        return character(statement, index.checked_sub(1)?);
    }
    let at = message.find("line ")?;
    let rest = &message[at + "line ".len()..];
    let (line, rest) = leading_number(rest)?;
    let (column, _) = leading_number(rest.strip_prefix(':')?)?;
    let mut start = 0;
    for _ in 1..line {
        start += statement[start..].find('\n')? + 1;
    }
    let line_text = statement[start..].lines().next().unwrap_or_default();
    Some(start + character(line_text, column.checked_sub(1)?).unwrap_or(line_text.len()))
}

fn number_after(message: &str, marker: &str) -> Option<usize> {
    let at = message.find(marker)?;
    leading_number(&message[at + marker.len()..]).map(|(number, _)| number)
}

fn leading_number(text: &str) -> Option<(usize, &str)> {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    text[..length].parse().ok().map(|number| (number, &text[length..]))
}

fn character(text: &str, index: usize) -> Option<usize> {
    text.char_indices().map(|(at, _)| at).chain([text.len()]).nth(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_services_point_at_the_same_place() {
        let sql = "select é,\n  nope from t";
        let nope = sql.find("nope");
        assert_eq!(position("ERROR: column \"nope\" does not exist Position: 13", sql), nope);
        assert_eq!(position("COLUMN_NOT_FOUND: line 2:3: Column 'nope' cannot be resolved", sql), nope);
    }

    #[test]
    fn positions_outside_of_the_text_are_no_position() {
        assert_eq!(position("ERROR: x Position: 99", "select"), None);
        assert_eq!(position("ERROR: x Position: 0", "select"), None);
        assert_eq!(position("line 9:1: x", "select"), None);
        assert_eq!(position("ERROR: division by zero", "select"), None);
    }
}
