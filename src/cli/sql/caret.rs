//! The line of a statement that an error points at, with a caret below the place.

use crate::ops::query::position::position;
use crate::ops::query::scrub;

/// The message, and below it the line with a caret where the service says a position that is in the statement.
pub fn with_place(why: &str, sql: &str) -> String {
    if scrub::scrub(sql) != sql {
        // Neither the line nor what the service quotes of it: both may have the secret.
        return scrub::without_quotes(why);
    }
    let Some(at) = position(why, sql) else { return why.to_owned() };
    let start = sql[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line = sql[start..].lines().next().unwrap_or_default();
    let number = sql[..start].matches('\n').count() + 1;
    let lead = format!("{number} | ");
    // Tabs before the place stay tabs, so that the caret stands below it however wide they are.
    let before: String = sql[start..at].chars().map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    format!("{why}\n{lead}{line}\n{}{before}^", " ".repeat(lead.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_below_the_place() {
        let sql = "select é,\n\tnope\nfrom t";
        assert_eq!(
            with_place("ERROR: column \"nope\" does not exist Position: 12", sql),
            "ERROR: column \"nope\" does not exist Position: 12\n2 | \tnope\n    \t^"
        );
        assert_eq!(with_place("line 1:8: no", sql), "line 1:8: no\n1 | select é,\n           ^");
        assert_eq!(with_place("no place", sql), "no place");
    }
}
