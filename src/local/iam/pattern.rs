//! Texts of policies with wildcards and variables.

use std::borrow::Cow;

use super::keys::Keys;

/// A character of a pattern, or a wildcard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Character(char),
    /// `?`: one character.
    One,
    /// `*`: any characters, or none.
    Any,
}

/// A policy variable, `${aws:userid}` or `${aws:PrincipalTag/team, 'nobody'}`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Variable {
    /// Before which unit its value stands.
    at: usize,
    /// Key of the request's context.
    key: String,
    default: Option<String>,
}

/// Which parts of a text are more than themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reading {
    /// `*` and `?` are wildcards.
    pub wildcards: bool,
    /// `${…}` is a variable, as in policies of the version 2012-10-17.
    pub variables: bool,
}

/// A text that others are compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    units: Vec<Unit>,
    variables: Vec<Variable>,
}

impl Pattern {
    /// Reads a pattern.
    pub(super) fn parse(text: &str, reading: Reading) -> Self {
        let (mut units, mut variables) = (Vec::with_capacity(text.len()), Vec::new());
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            if reading.variables
                && let Some((inner, after)) = rest.strip_prefix("${").and_then(|rest| rest.split_once('}'))
            {
                match inner {
                    // How a policy writes these three as themselves.
                    "*" | "?" | "$" => units.extend(inner.chars().map(Unit::Character)),
                    _ => variables.push(Variable::parse(inner, units.len())),
                }
                rest = after;
                continue;
            }
            units.push(match character {
                '*' if reading.wildcards => Unit::Any,
                '?' if reading.wildcards => Unit::One,
                other => Unit::Character(other),
            });
            rest = &rest[character.len_utf8()..];
        }
        Pattern { units, variables }
    }

    /// Whether a text fits. A pattern with a variable that the request has no value for fits nothing.
    pub(super) fn matches(&self, text: &str, keys: &Keys) -> bool {
        let text: Vec<char> = text.chars().collect();
        self.filled(keys).is_some_and(|units| fits(&units, &text))
    }

    /// The units with the values of the variables, in which no character is a wildcard.
    fn filled(&self, keys: &Keys) -> Option<Cow<'_, [Unit]>> {
        if self.variables.is_empty() {
            return Some(Cow::Borrowed(&self.units));
        }
        let mut filled = Vec::with_capacity(self.units.len() + 32);
        let mut from = 0;
        for variable in &self.variables {
            filled.extend_from_slice(self.units.get(from..variable.at)?);
            let value = keys.one(&variable.key).or(variable.default.as_deref())?;
            filled.extend(value.chars().map(Unit::Character));
            from = variable.at;
        }
        filled.extend_from_slice(self.units.get(from..)?);
        Some(Cow::Owned(filled))
    }
}

impl Variable {
    fn parse(inner: &str, at: usize) -> Self {
        let (key, default) = match inner.split_once(',') {
            Some((key, default)) => (key, Some(default.trim().trim_matches('\'').to_owned())),
            None => (inner, None),
        };
        Variable { at, key: key.trim().to_ascii_lowercase(), default }
    }
}

/// Matches from the left; a wildcard for many characters that turns out to have taken too few takes one more.
fn fits(pattern: &[Unit], text: &[char]) -> bool {
    let (mut at, mut place) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while let Some(character) = text.get(place) {
        match pattern.get(at) {
            Some(Unit::Any) => {
                retry = Some((at + 1, place));
                at += 1;
            }
            Some(Unit::One) => (at, place) = (at + 1, place + 1),
            Some(Unit::Character(wanted)) if wanted == character => (at, place) = (at + 1, place + 1),
            _ => {
                let Some((after, taken)) = retry else { return false };
                retry = Some((after, taken + 1));
                (at, place) = (after, taken + 1);
            }
        }
    }
    pattern.get(at..).is_none_or(|rest| rest.iter().all(|unit| *unit == Unit::Any))
}

/// The six parts of an ARN.
const PARTS: usize = 6;

/// An ARN with wildcards. A wildcard stays within its part, the last one of which may have colons; parts that are not written are any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ArnPattern {
    /// `*`.
    Everything,
    /// The parts that are written.
    Parts(Vec<Pattern>),
}

impl ArnPattern {
    /// Reads a pattern.
    pub(super) fn parse(text: &str, variables: bool) -> Self {
        if text == "*" {
            return ArnPattern::Everything;
        }
        let reading = Reading { wildcards: true, variables };
        ArnPattern::Parts(parts(text, variables).into_iter().map(|part| Pattern::parse(part, reading)).collect())
    }

    /// Whether an ARN fits.
    pub(super) fn matches(&self, arn: &str, keys: &Keys) -> bool {
        let ArnPattern::Parts(wanted) = self else { return true };
        let given = parts(arn, false);
        wanted.len() <= given.len() && wanted.iter().zip(given).all(|(wanted, given)| wanted.matches(given, keys))
    }
}

/// The parts of an ARN, split at the colons that are not within a variable.
fn parts(text: &str, variables: bool) -> Vec<&str> {
    let (mut found, mut start, mut within) = (Vec::with_capacity(PARTS), 0, false);
    for (at, character) in text.char_indices() {
        match character {
            '$' if variables && text[at..].starts_with("${") => within = true,
            '}' => within = false,
            ':' if !within && found.len() + 1 < PARTS => {
                found.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(&text[start..]);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const WILD: Reading = Reading { wildcards: true, variables: true };

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::parse(pattern, WILD).matches(text, &Keys::default())
    }

    #[test]
    fn wildcards_take_as_much_as_they_need() {
        for (pattern, text) in [
            ("", ""),
            ("*", ""),
            ("*", "anything"),
            ("a*c", "abcbc"),
            ("a*b*c", "a-b-b-c"),
            ("s3:Get?bject", "s3:GetObject"),
            ("**x", "x"),
            ("data/*.csv", "data/a/b.csv.csv"),
            ("?*", "ü"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("", "a"), ("a", ""), ("?", ""), ("a*c", "abcb"), ("data/*.csv", "data/.csvx"), ("s3:get*", "s3:Get")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn without_wildcards_a_star_is_a_star() {
        let plain = Pattern::parse("a*", Reading { wildcards: false, variables: false });
        assert!(plain.matches("a*", &Keys::default()) && !plain.matches("ab", &Keys::default()));
        assert!(matches("a${*}${?}${$}", "a*?$") && !matches("a${*}", "ab"));
    }

    #[test]
    fn variables_have_the_values_of_the_request_and_no_wildcards_in_them() {
        let keys = Keys::default().with("aws:userid", "AROA:*");
        let pattern = Pattern::parse("x/${aws:userid}/*", WILD);
        assert!(pattern.matches("x/AROA:*/y", &keys) && !pattern.matches("x/AROA:name/y", &keys));
        assert!(!pattern.matches("x//y", &Keys::default()), "a value that is missing fits nothing");
        let with_default = Pattern::parse("${aws:PrincipalTag/team, 'nobody'}", WILD);
        assert!(with_default.matches("nobody", &Keys::default()));
        // The older version of policies has no variables.
        let older = Pattern::parse("${aws:userid}", Reading { wildcards: true, variables: false });
        assert!(older.matches("${aws:userid}", &keys));
    }

    #[test]
    fn a_wildcard_stays_in_its_part_of_an_arn() {
        let matches = |pattern: &str, arn: &str| ArnPattern::parse(pattern, true).matches(arn, &Keys::default());
        let arn = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/f:log-stream:s";
        for pattern in ["*", "arn:aws:logs:*:*:log-group:/aws/lambda/f:*", "arn:*:logs:us-*-1:*:*", "arn:aws:logs", arn] {
            assert!(matches(pattern, arn), "{pattern}");
        }
        for pattern in ["arn:aws:*:log-group:/aws/lambda/f:*", "arn:aws:logs:*:*:log-group:/aws/lambda/g:*", "arn:aws:s3:::*"] {
            assert!(!matches(pattern, arn), "{pattern}");
        }
        assert!(!matches("arn:aws:s3:::b/*", "*"), "a request for everything is not a request for a part");
    }

    #[test]
    fn an_arn_with_a_variable_is_split_around_it() {
        let keys = Keys::default().with("aws:username", "ann");
        let pattern = ArnPattern::parse("arn:aws:s3:::home-${aws:username}/*", true);
        assert!(pattern.matches("arn:aws:s3:::home-ann/x", &keys) && !pattern.matches("arn:aws:s3:::home-bob/x", &keys));
    }
}
