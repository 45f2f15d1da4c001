//! Cuts a CSV file into fields without copying one: comma or semicolon, quoted or not, LF or CRLF, with or without a byte order mark.
//!
//! Not a general CSV reader: a value of this data set never holds a quote, a separator or a line end, so a field is always a slice
//! of the file, and a quote that is still open at the end of its line is an error there and not three thousand lines later.

/// A field, and where it begins.
pub type Field<'a> = &'a str;

/// The separator of fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Separator {
    /// `,`
    Comma,
    /// `;`
    Semicolon,
}

impl Separator {
    const fn byte(self) -> u8 {
        match self {
            Separator::Comma => b',',
            Separator::Semicolon => b';',
        }
    }

    /// The separator that the header line uses outside of quotes, or `None` when it has neither.
    pub fn of_header(line: &str) -> Option<Self> {
        let mut quoted = false;
        let (mut commas, mut semicolons) = (0_usize, 0_usize);
        for byte in line.bytes() {
            match byte {
                b'"' => quoted = !quoted,
                b',' if !quoted => commas += 1,
                b';' if !quoted => semicolons += 1,
                _ => {}
            }
        }
        match (commas, semicolons) {
            (0, 0) => None,
            (commas, semicolons) if commas >= semicolons => Some(Separator::Comma),
            _ => Some(Separator::Semicolon),
        }
    }
}

/// What is wrong with the syntax of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyntaxProblem {
    /// A quote is not closed on its line.
    OpenQuote,
    /// A closed quote is followed by more text, or a quote begins in the middle of a field.
    StrayQuote,
}

/// A problem of syntax and the number of its field, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyntaxError {
    /// Field, counted from 1.
    pub column: usize,
    /// What is wrong.
    pub problem: SyntaxProblem,
}

/// The lines of a file that are not blank, with their numbers counted from 1. Both line ends are understood.
pub fn lines(text: &str) -> impl Iterator<Item = (u64, &str)> {
    (1..)
        .zip(text.split('\n'))
        .map(|(number, line)| (number, line.strip_suffix('\r').unwrap_or(line)))
        .filter(|(_, line)| !line.bytes().all(|byte| byte == b' '))
}

/// Cuts `line` into `fields`, which is emptied first. Spaces around a field do not count.
pub fn split<'a>(line: &'a str, separator: Separator, fields: &mut Vec<Field<'a>>) -> Result<(), SyntaxError> {
    fields.clear();
    let bytes = line.as_bytes();
    let separator = separator.byte();
    let mut at = 0;
    loop {
        while bytes.get(at) == Some(&b' ') {
            at += 1;
        }
        let column = fields.len() + 1;
        if bytes.get(at) == Some(&b'"') {
            let start = at + 1;
            let Some(length) = bytes[start..].iter().position(|byte| *byte == b'"') else {
                return Err(SyntaxError { column, problem: SyntaxProblem::OpenQuote });
            };
            fields.push(&line[start..start + length]);
            at = start + length + 1;
            while bytes.get(at) == Some(&b' ') {
                at += 1;
            }
            match bytes.get(at) {
                None => return Ok(()),
                Some(byte) if *byte == separator => at += 1,
                Some(_) => return Err(SyntaxError { column, problem: SyntaxProblem::StrayQuote }),
            }
        } else {
            let start = at;
            while at < bytes.len() && bytes[at] != separator {
                if bytes[at] == b'"' {
                    return Err(SyntaxError { column, problem: SyntaxProblem::StrayQuote });
                }
                at += 1;
            }
            let mut end = at;
            while end > start && bytes[end - 1] == b' ' {
                end -= 1;
            }
            fields.push(&line[start..end]);
            if at == bytes.len() {
                return Ok(());
            }
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn cut(line: &str, separator: Separator) -> Result<Vec<&str>, SyntaxError> {
        let mut fields = vec![];
        split(line, separator, &mut fields).map(|()| fields)
    }

    #[test]
    fn fields_are_cut_quoted_or_not() {
        assert_eq!(cut("a,\"b\", c ,", Separator::Comma).unwrap(), ["a", "b", "c", ""]);
        assert_eq!(cut("\"a\" ;b;\"\"", Separator::Semicolon).unwrap(), ["a", "b", ""]);
        assert_eq!(cut("\"a;b\";c", Separator::Semicolon).unwrap(), ["a;b", "c"]);
    }

    #[test]
    fn a_quote_out_of_place_names_its_field() {
        let open = SyntaxError { column: 2, problem: SyntaxProblem::OpenQuote };
        let stray = SyntaxError { column: 2, problem: SyntaxProblem::StrayQuote };
        assert_eq!(cut("a,\"b,c", Separator::Comma), Err(open));
        assert_eq!(cut("a,\"b\"x,c", Separator::Comma), Err(stray));
        assert_eq!(cut("a,b\"x,c", Separator::Comma), Err(stray));
    }

    #[test]
    fn the_separator_is_read_from_the_header() {
        assert_eq!(Separator::of_header("\"age\";\"job\""), Some(Separator::Semicolon));
        assert_eq!(Separator::of_header("age,job"), Some(Separator::Comma));
        assert_eq!(Separator::of_header("\"a;b\",c"), Some(Separator::Comma));
        assert_eq!(Separator::of_header("age"), None);
    }

    #[test]
    fn lines_keep_their_numbers_over_blank_ones() {
        assert_eq!(lines("a\r\n\r\nb\n  \nc").collect::<Vec<_>>(), [(1, "a"), (3, "b"), (5, "c")]);
    }
}
