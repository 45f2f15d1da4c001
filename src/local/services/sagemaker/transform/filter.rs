//! Which fields of a CSV record go on: the part of `JSONPath` that makes sense for records.

/// A choice of fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Filter {
    /// `$`: all.
    All,
    /// `$[2]`, `$[0,-1]`: those, in that order; a negative one counts from the end.
    Fields(Vec<i64>),
    /// `$[1:]`, `$[:-1]`, `$[1:3]`: from, to (excluded).
    Slice(Option<i64>, Option<i64>),
}

impl Filter {
    /// Reads a filter; `None` for one that is not supported.
    pub(super) fn parse(text: &str) -> Option<Filter> {
        let text = text.trim();
        if matches!(text, "$" | "$[:]" | "$[*]") {
            return Some(Filter::All);
        }
        let inside = text.strip_prefix("$[")?.strip_suffix(']')?;
        if let Some((from, to)) = inside.split_once(':') {
            let bound = |text: &str| -> Option<Option<i64>> {
                let text = text.trim();
                if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) }
            };
            return Some(Filter::Slice(bound(from)?, bound(to)?));
        }
        let fields: Option<Vec<i64>> = inside.split(',').map(|field| field.trim().parse().ok()).collect();
        fields.map(Filter::Fields)
    }

    /// Appends the chosen fields of a record. Fields are numbers here: no comma is inside one.
    pub(super) fn append(&self, record: &str, out: &mut String) {
        let fields: Vec<&str> = match self {
            Filter::All => {
                out.push_str(record);
                return;
            }
            _ => record.split(',').collect(),
        };
        // A record has far fewer fields than an i64 counts.
        let count = fields.len() as i64;
        let place = |index: i64| if index < 0 { index + count } else { index };
        let chosen: Vec<&str> = match self {
            Filter::All => fields,
            Filter::Fields(wanted) => wanted.iter().filter_map(|index| fields.get(usize::try_from(place(*index)).ok()?).copied()).collect(),
            Filter::Slice(from, to) => {
                let from = place(from.unwrap_or(0)).clamp(0, count);
                let to = place(to.unwrap_or(count)).clamp(from, count);
                // Both lie between 0 and the number of fields.
                fields[from as usize..to as usize].to_vec()
            }
        };
        out.push_str(&chosen.join(","));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn filtered(filter: &str, record: &str) -> String {
        let mut out = String::new();
        Filter::parse(filter).unwrap().append(record, &mut out);
        out
    }

    #[test]
    fn fields_are_chosen_as_asked() {
        for (filter, kept) in [
            ("$", "a,b,c,d"),
            ("$[1:]", "b,c,d"),
            ("$[:-1]", "a,b,c"),
            ("$[1:3]", "b,c"),
            ("$[-1]", "d"),
            ("$[3,0]", "d,a"),
            ("$[9]", ""),
            ("$[2:1]", ""),
            ("$[-2:]", "c,d"),
        ] {
            assert_eq!(filtered(filter, "a,b,c,d"), kept, "{filter}");
        }
    }

    #[test]
    fn what_is_not_supported_is_refused() {
        for filter in ["", "a", "$.features", "$[a]", "$[1:x]", "$[1", "$['a']"] {
            assert_eq!(Filter::parse(filter), None, "{filter}");
        }
    }
}
