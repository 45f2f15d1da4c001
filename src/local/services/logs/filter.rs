//! Filter patterns for unstructured events: terms that have to be in a line, `?terms` of which one has to, `-terms` that must not.

/// A pattern.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Pattern {
    all: Vec<String>,
    any: Vec<String>,
    none: Vec<String>,
}

impl Pattern {
    /// Parses a pattern. Those for JSON (`{…}`) and for columns (`[…]`) are refused.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut pattern = Pattern::default();
        let mut rest = text.trim();
        if rest.starts_with(['{', '[', '%']) {
            return Err("Invalid filter pattern: the embedded AWS filters by terms only".to_owned());
        }
        while !rest.is_empty() {
            let (list, after) = match rest.as_bytes()[0] {
                b'?' => (&mut pattern.any, &rest[1..]),
                b'-' => (&mut pattern.none, &rest[1..]),
                _ => (&mut pattern.all, rest),
            };
            let (term, after) = match after.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').ok_or("Invalid filter pattern: a quote is not closed")?,
                None => after.split_at(after.find(char::is_whitespace).unwrap_or(after.len())),
            };
            if !term.is_empty() {
                list.push(term.to_owned());
            }
            rest = after.trim_start();
        }
        Ok(pattern)
    }

    /// Whether a line fits; case counts.
    pub(super) fn matches(&self, line: &str) -> bool {
        self.all.iter().all(|term| line.contains(term.as_str()))
            && (self.any.is_empty() || self.any.iter().any(|term| line.contains(term.as_str())))
            && !self.none.iter().any(|term| line.contains(term.as_str()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn terms_are_required_alternative_or_excluded() {
        let fits = |pattern: &str, line: &str| Pattern::parse(pattern).unwrap().matches(line);
        assert!(fits("", "anything"));
        assert!(fits("ERROR column", "ERROR in column age") && !fits("ERROR column", "ERROR"));
        assert!(fits("?ERROR ?FAILED", "check FAILED") && !fits("?ERROR ?FAILED", "ok"));
        assert!(fits("ERROR -age", "ERROR job") && !fits("ERROR -age", "ERROR age"));
        assert!(fits("\"in column\"", "ERROR in column age") && !fits("\"in column\"", "column in"));
        assert!(Pattern::parse("{ $.x = 1 }").is_err() && Pattern::parse("\"open").is_err());
    }
}
