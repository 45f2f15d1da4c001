//! Named parameters, for services that know only positions.

use super::quoting::literal;

/// Replaces named parameters (`:name`) by `?` for a service that knows only positions, and gives their values in that order as SQL. Texts,
/// quoted identifiers, comments and casts (`::`) are left alone. A name without a value stays as it is, for the service to refuse.
pub fn positional(sql: &str, parameters: &[(String, String)]) -> (String, Vec<String>) {
    let mut out = String::with_capacity(sql.len());
    let mut values = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let taken = if let Some(end) = skipped(rest) {
            out.push_str(&rest[..end]);
            end
        } else if rest.starts_with("::") {
            out.push_str("::");
            2
        } else if first == ':' {
            let name: &str = &rest[1..1 + rest[1..].find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len() - 1)];
            match parameters.iter().find(|(known, _)| known == name) {
                Some((_, value)) => {
                    out.push('?');
                    values.push(if value.parse::<f64>().is_ok() { value.clone() } else { literal(value) });
                }
                None => out.push_str(&rest[..=name.len()]),
            }
            1 + name.len()
        } else {
            out.push(first);
            first.len_utf8()
        };
        rest = &rest[taken..];
    }
    (out, values)
}

/// The length of the text, quoted identifier or comment that `rest` begins with.
fn skipped(rest: &str) -> Option<usize> {
    let until = |open: &str, close: &str| {
        rest.strip_prefix(open).map(|inside| inside.find(close).map_or(rest.len(), |at| open.len() + at + close.len()))
    };
    // A doubled quote ends one text and begins the next, which comes to the same here.
    until("'", "'").or_else(|| until("\"", "\"")).or_else(|| until("`", "`")).or_else(|| until("--", "\n")).or_else(|| until("/*", "*/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_become_positions_outside_texts_and_comments() {
        let given = [("who".to_owned(), "O'Neil".to_owned()), ("age".to_owned(), "40".to_owned())];
        let (sql, values) = positional("SELECT ':who', a::int, \":age\" FROM t -- :who\nWHERE n = :who AND b > :age AND c = :none", &given);
        assert_eq!(sql, "SELECT ':who', a::int, \":age\" FROM t -- :who\nWHERE n = ? AND b > ? AND c = :none");
        assert_eq!(values, ["'O''Neil'", "40"]);
    }
}
