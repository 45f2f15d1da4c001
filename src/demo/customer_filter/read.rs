//! Reads a condition: first its words, then what they say.

use super::{FilterError, LONGEST, Literal, Operator, Test};
use crate::demo::dataset::normalise;
use crate::demo::feature_schema::{ColumnKind, FeatureSchema};
use crate::demo::quoted::quoted;

/// How deeply parentheses and `not` may be nested: far deeper than anybody writes, and far from the end of a stack.
const DEEPEST: usize = 40;
/// Names that a message lists at most.
const LISTED: usize = 12;

/// A word of a condition.
#[derive(Debug, Clone, PartialEq)]
enum Word {
    /// A name, a keyword, or a value without quotes.
    Bare(String),
    /// A name in double quotes.
    Name(String),
    /// A text in single quotes.
    Text(String),
    /// A number as it was written.
    Number(String),
    /// A sign.
    Sign(&'static str),
    /// The end.
    End,
}

pub(super) fn condition(text: &str, schema: &FeatureSchema) -> Result<Test, FilterError> {
    if text.len() > LONGEST {
        return Err(FilterError { at: 1, why: format!("the condition is longer than {LONGEST} bytes") });
    }
    let mut reader = Reader { words: words(text)?, next: 0, schema };
    let test = reader.any(0)?;
    match reader.peek() {
        Word::End => Ok(test),
        other => {
            let why = format!("`{}` means nothing here; conditions are joined by `and` or `or`", quoted(&written(&other)));
            Err(reader.refuse(why))
        }
    }
}

/// The signs, longer ones first.
const SIGNS: [&str; 11] = ["<=", ">=", "<>", "!=", "==", "<", ">", "=", "(", ")", ","];

/// The words of a text with the characters that they begin at, from 1.
fn words(text: &str) -> Result<Vec<(usize, Word)>, FilterError> {
    let mut found = Vec::new();
    let (mut rest, mut at) = (text, 1);
    while let Some(first) = rest.chars().next() {
        let (word, taken) = if first.is_whitespace() {
            (None, first.len_utf8())
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (Some(Word::Sign(sign)), sign.len())
        } else if first == '\'' || first == '"' {
            let (inside, taken) = within(rest, first).ok_or_else(|| FilterError { at, why: "the text has no closing quote".to_owned() })?;
            (Some(if first == '"' { Word::Name(inside) } else { Word::Text(inside) }), taken)
        } else if first.is_ascii_digit()
            || (matches!(first, '-' | '+' | '.') && rest[1..].starts_with(|c: char| c.is_ascii_digit() || c == '.'))
        {
            let end = number_end(rest);
            (Some(Word::Number(rest[..end].to_owned())), end)
        } else if first.is_alphanumeric() || first == '_' {
            let end = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '-'))).unwrap_or(rest.len());
            (Some(Word::Bare(rest[..end].to_owned())), end)
        } else {
            let why = format!("`{}` means nothing here; conditions are joined by `and` or `or`", quoted(&first.to_string()));
            return Err(FilterError { at, why });
        };
        found.extend(word.map(|word| (at, word)));
        at += rest[..taken].chars().count();
        rest = &rest[taken..];
    }
    found.push((at, Word::End));
    Ok(found)
}

/// The text between two quotes, a doubled one standing for itself, and the bytes it took with them.
fn within(rest: &str, quote: char) -> Option<(String, usize)> {
    let mut inside = String::new();
    let mut characters = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = characters.next() {
        if c != quote {
            inside.push(c);
        } else if characters.peek().is_some_and(|(_, next)| *next == quote) {
            inside.push(c);
            characters.next();
        } else {
            return Some((inside, at + c.len_utf8()));
        }
    }
    None
}

/// Where a number ends; an exponent may have a sign.
fn number_end(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let mut end = 1;
    while let Some(byte) = bytes.get(end) {
        let exponent = matches!(bytes[end - 1], b'e' | b'E');
        if !(byte.is_ascii_alphanumeric() || *byte == b'.' || (exponent && matches!(byte, b'-' | b'+'))) {
            break;
        }
        end += 1;
    }
    end
}

fn written(word: &Word) -> String {
    match word {
        Word::Bare(text) | Word::Name(text) | Word::Text(text) | Word::Number(text) => text.clone(),
        Word::Sign(sign) => (*sign).to_owned(),
        Word::End => String::new(),
    }
}

/// A list in words: `a, b or c`.
fn choices<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    match names.as_slice() {
        [] => "nothing".to_owned(),
        [one] => (*one).to_owned(),
        many if many.len() > LISTED => format!("{} and {} others", many[..LISTED].join(", "), many.len() - LISTED),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

struct Reader<'a> {
    words: Vec<(usize, Word)>,
    next: usize,
    schema: &'a FeatureSchema,
}

/// What a column is compared as.
enum Kind {
    Number,
    /// With the values that occur.
    Category(Vec<String>),
}

impl Reader<'_> {
    fn peek(&self) -> Word {
        self.words.get(self.next).map_or(Word::End, |(_, word)| word.clone())
    }

    fn take(&mut self) -> Word {
        let word = self.peek();
        self.next += 1;
        word
    }

    /// An error at the next word.
    fn refuse(&self, why: String) -> FilterError {
        let at = self.words.get(self.next).or(self.words.last()).map_or(1, |(at, _)| *at);
        FilterError { at, why }
    }

    /// Takes a keyword when it is next.
    fn keyword(&mut self, keyword: &str) -> bool {
        let found = matches!(self.peek(), Word::Bare(text) if text.eq_ignore_ascii_case(keyword));
        self.next += usize::from(found);
        found
    }

    fn sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Word::Sign(found) if found == sign);
        self.next += usize::from(found);
        found
    }

    fn close(&mut self) -> Result<(), FilterError> {
        if self.sign(")") { Ok(()) } else { Err(self.refuse("a `)` is missing".to_owned())) }
    }

    fn any(&mut self, depth: usize) -> Result<Test, FilterError> {
        let mut tests = vec![self.all(depth)?];
        while self.keyword("or") {
            tests.push(self.all(depth)?);
        }
        Ok(single(tests, Test::Any))
    }

    fn all(&mut self, depth: usize) -> Result<Test, FilterError> {
        let mut tests = vec![self.one(depth)?];
        while self.keyword("and") {
            tests.push(self.one(depth)?);
        }
        Ok(single(tests, Test::All))
    }

    fn one(&mut self, depth: usize) -> Result<Test, FilterError> {
        if depth > DEEPEST {
            return Err(self.refuse("the condition is nested too deeply".to_owned()));
        }
        if self.keyword("not") {
            return Ok(Test::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.sign("(") {
            let test = self.any(depth + 1)?;
            self.close()?;
            return Ok(test);
        }
        let (column, kind) = self.column()?;
        self.comparison(&column, &kind)
    }

    fn column(&mut self) -> Result<(String, Kind), FilterError> {
        let known = || choices(self.schema.columns.iter().map(|column| column.name.as_str()).chain([self.schema.target.name.as_str()]));
        let name = match self.peek() {
            Word::Bare(name) => normalise(&name),
            Word::Name(name) => name,
            Word::End => return Err(self.refuse(format!("a column is missing; it could be {}", known()))),
            other => return Err(self.refuse(format!("`{}` is no column; it could be {}", quoted(&written(&other)), known()))),
        };
        let target = &self.schema.target;
        let kind = match self.schema.column(&name).map(|column| &column.kind) {
            Some(ColumnKind::Number { .. }) => Kind::Number,
            Some(ColumnKind::Category { values }) => Kind::Category(values.iter().map(|value| value.value.clone()).collect()),
            None if name == target.name => Kind::Category(vec![target.positive.clone(), target.negative.clone()]),
            None => return Err(self.refuse(format!("there is no column `{}`; it could be {}", quoted(&name), known()))),
        };
        self.next += 1;
        Ok((name, kind))
    }

    fn comparison(&mut self, column: &str, kind: &Kind) -> Result<Test, FilterError> {
        if self.keyword("is") {
            let not = self.keyword("not");
            if !self.keyword("null") {
                return Err(self.refuse("`is` goes with `null` or `not null`".to_owned()));
            }
            return Ok(negated(not, Test::IsNull(column.to_owned())));
        }
        let not = self.keyword("not");
        if self.keyword("in") {
            return Ok(negated(not, self.list(column, kind)?));
        }
        if self.keyword("between") {
            if matches!(kind, Kind::Category(_)) {
                self.next -= 1;
                return Err(self.refuse(category_only(column)));
            }
            let low = self.value(column, kind)?;
            if !self.keyword("and") {
                return Err(self.refuse("`between` needs two values with `and` between them".to_owned()));
            }
            let high = self.value(column, kind)?;
            return Ok(negated(not, Test::Between(column.to_owned(), low, high)));
        }
        if self.keyword("like") {
            if matches!(kind, Kind::Number) {
                self.next -= 1;
                return Err(self.refuse(format!("`{column}` is a number; `like` is for texts")));
            }
            return match self.take() {
                Word::Text(pattern) => Ok(negated(not, Test::Like(column.to_owned(), pattern))),
                _ => {
                    self.next -= 1;
                    Err(self.refuse("`like` needs a text in quotes, with % for anything".to_owned()))
                }
            };
        }
        let operator = match self.peek() {
            Word::Sign("=" | "==") => Operator::Equal,
            Word::Sign("<>" | "!=") => Operator::NotEqual,
            Word::Sign("<") => Operator::Less,
            Word::Sign("<=") => Operator::AtMost,
            Word::Sign(">") => Operator::Greater,
            Word::Sign(">=") => Operator::AtLeast,
            _ => return Err(self.refuse(format!("a comparison is missing, such as `{column} {}`", example(kind)))),
        };
        if not {
            return Err(self.refuse("`not` stands before the column, or before `in`, `between` and `like`".to_owned()));
        }
        if matches!(kind, Kind::Category(_)) && !matches!(operator, Operator::Equal | Operator::NotEqual) {
            return Err(self.refuse(category_only(column)));
        }
        self.next += 1;
        let value = self.value(column, kind)?;
        Ok(Test::Compare(column.to_owned(), operator, value))
    }

    fn list(&mut self, column: &str, kind: &Kind) -> Result<Test, FilterError> {
        if !self.sign("(") {
            return Err(self.refuse("`in` needs its values in parentheses".to_owned()));
        }
        let mut values = vec![self.value(column, kind)?];
        while self.sign(",") {
            values.push(self.value(column, kind)?);
        }
        self.close()?;
        Ok(Test::OneOf(column.to_owned(), values))
    }

    fn value(&mut self, column: &str, kind: &Kind) -> Result<Literal, FilterError> {
        let word = self.peek();
        let text = match &word {
            Word::Bare(text) | Word::Text(text) | Word::Number(text) => text.as_str(),
            Word::Name(_) => return Err(self.refuse("a text stands in single quotes".to_owned())),
            Word::Sign(_) | Word::End => return Err(self.refuse(format!("`{column}` is compared with nothing"))),
        };
        let literal = match kind {
            Kind::Number => match text.trim().parse::<f64>() {
                Ok(number) if number.is_finite() => Literal::Number(number),
                Ok(number) if number.is_infinite() && matches!(word, Word::Number(_)) => {
                    return Err(self.refuse(format!("`{}` is too large", quoted(text))));
                }
                _ => return Err(self.refuse(format!("`{column}` is a number, and `{}` is none", quoted(text)))),
            },
            Kind::Category(values) if values.iter().any(|value| value == text) => Literal::Text(text.to_owned()),
            Kind::Category(values) => {
                let known = choices(values.iter().map(String::as_str));
                return Err(self.refuse(format!("`{column}` is never `{}`; it could be {known}", quoted(text))));
            }
        };
        self.next += 1;
        Ok(literal)
    }
}

fn single(mut tests: Vec<Test>, many: fn(Vec<Test>) -> Test) -> Test {
    match tests.pop() {
        Some(only) if tests.is_empty() => only,
        last => {
            tests.extend(last);
            many(tests)
        }
    }
}

fn negated(not: bool, test: Test) -> Test {
    if not { Test::Not(Box::new(test)) } else { test }
}

fn category_only(column: &str) -> String {
    format!("`{column}` is a category; compare it with =, <>, in or like")
}

fn example(kind: &Kind) -> String {
    match kind {
        Kind::Number => "> 40".to_owned(),
        Kind::Category(values) => format!("= '{}'", values.first().map_or("", String::as_str)),
    }
}
