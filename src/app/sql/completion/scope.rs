//! What can be named at a place of a statement: the tables of the query around it, their columns, and what `WITH` has defined. Read from
//! the tokens, because a statement that is being typed does not parse.

use super::super::catalog::{Catalog, Relation};
use super::super::lexer::{Token, TokenKind};

/// Queries inside of queries are followed so far.
const DEEPEST: usize = 12;

/// A column that can be named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Name.
    pub name: String,
    /// Type, where known.
    pub type_name: String,
}

/// Something that a query reads from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The name by which its columns are qualified: the alias, or the last part of the name.
    pub name: String,
    /// What it is: the name of the table, or what kind of query.
    pub origin: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// How many queries further out it belongs to; 0 is the query around the place.
    pub distance: usize,
}

/// What is in scope.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// The tables of the query around the place, then those of the queries around that.
    pub sources: Vec<Source>,
    /// What `WITH` has defined.
    pub tables: Vec<Source>,
}

/// A token that counts, with its text.
#[derive(Debug, Clone, Copy)]
pub struct Word<'a> {
    /// What it is.
    pub kind: TokenKind,
    /// Its text.
    pub text: &'a str,
    /// First byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl<'a> Word<'a> {
    /// The tokens of a text that count.
    pub fn all(text: &'a str, tokens: &[Token]) -> Vec<Word<'a>> {
        let counting = tokens.iter().filter(|token| token.counts());
        counting.map(|token| Word { kind: token.kind, text: &text[token.start..token.end], start: token.start, end: token.end }).collect()
    }

    /// Whether it is this word of the language, in any case.
    pub fn is(&self, word: &str) -> bool {
        self.text.eq_ignore_ascii_case(word)
    }

    /// Whether it can be the name of something.
    pub fn name(&self) -> Option<String> {
        match self.kind {
            TokenKind::Word | TokenKind::Type | TokenKind::Function => Some(self.text.to_owned()),
            TokenKind::Quoted => {
                let quote = self.text.chars().next()?;
                let inner = self.text.strip_prefix(quote)?;
                Some(inner.strip_suffix(quote).unwrap_or(inner).replace(&format!("{quote}{quote}"), &quote.to_string()))
            }
            _ => None,
        }
    }
}

/// Reads what is in scope at the word `at` (the index of the first word behind the place).
pub fn scope(words: &[Word<'_>], at: usize, catalog: &Catalog) -> Scope {
    let reader = Reader { words, catalog };
    // The brackets that are open at the place, the outermost first; the statement itself is around them all.
    let mut open = Vec::new();
    for (index, word) in words.iter().enumerate().take(at) {
        match word.text {
            "(" => open.push(index),
            ")" => {
                open.pop();
            }
            _ => {}
        }
    }
    let mut blocks = vec![(0, words.len())];
    blocks.extend(
        open.into_iter()
            .map(|index| (index + 1, reader.closing(index)))
            .filter(|(from, _)| words.get(*from).is_some_and(|word| word.is("select") || word.is("with"))),
    );
    let mut scope = Scope::default();
    let mut levels = Vec::new();
    for (from, to) in blocks {
        let body = reader.with(from, to, &mut scope.tables, 0);
        let (from, to) = reader.member(body, to, at);
        levels.push(reader.sources(from, to, &scope.tables, 0));
    }
    for (distance, sources) in levels.into_iter().rev().enumerate() {
        scope.sources.extend(sources.into_iter().map(|source| Source { distance, ..source }));
    }
    scope
}

/// Words that end the list behind `FROM`.
const ENDS_FROM: [&str; 14] =
    ["where", "group", "order", "having", "limit", "qualify", "union", "intersect", "except", "minus", "window", "offset", "set", "when"];

/// Words that begin a clause: what is in a bracket that is not closed ends there.
const CLAUSES: [&str; 7] = ["from", "where", "group", "order", "having", "limit", "qualify"];

/// Words that stand behind a table and are no alias.
const NO_ALIAS: [&str; 12] =
    ["on", "using", "join", "inner", "left", "right", "full", "cross", "natural", "lateral", "tablesample", "values"];

struct Reader<'a> {
    words: &'a [Word<'a>],
    catalog: &'a Catalog,
}

impl Reader<'_> {
    /// The bracket that closes the one at an index. One that is not closed yet ends before the next clause, and a query in one at the end.
    fn closing(&self, open: usize) -> usize {
        let mut depth = 0;
        let mut clause = None;
        for (index, word) in self.words.iter().enumerate().skip(open) {
            match word.text {
                "(" => depth += 1,
                ")" => {
                    depth -= 1;
                    if depth == 0 {
                        return index;
                    }
                }
                _ if depth == 1 && clause.is_none() && CLAUSES.iter().any(|clause| word.is(clause)) => clause = Some(index),
                _ => {}
            }
        }
        let query = self.is(open + 1, "select") || self.is(open + 1, "with");
        clause.filter(|_| !query).map_or(self.words.len(), |index| index - 1)
    }

    fn is(&self, index: usize, word: &str) -> bool {
        self.words.get(index).is_some_and(|here| here.is(word))
    }

    /// Reads `WITH name [(columns)] AS (query), …` and gives where the query behind it begins.
    fn with(&self, from: usize, to: usize, tables: &mut Vec<Source>, depth: usize) -> usize {
        // `CREATE TABLE t AS WITH …` and `INSERT INTO t WITH …` have it further on.
        let Some(start) = self.top_level(from, to).into_iter().find(|index| self.is(*index, "with")) else { return from };
        if self.words.get(start + 1).is_none_or(|word| word.name().is_none() && !word.is("recursive")) || depth > DEEPEST {
            return from;
        }
        let mut at = start + 1;
        if self.is(at, "recursive") {
            at += 1;
        }
        while at < to {
            let Some(name) = self.words.get(at).and_then(Word::name) else { break };
            at += 1;
            let mut given = Vec::new();
            if self.is(at, "(") {
                let close = self.closing(at).min(to);
                given = self.words[at + 1..close].iter().filter_map(Word::name).collect();
                at = close + 1;
            }
            if !self.is(at, "as") {
                break;
            }
            at += 1;
            if !self.is(at, "(") {
                break;
            }
            let close = self.closing(at).min(to);
            let mut columns = self.output(at + 1, close, tables, depth + 1);
            for (column, name) in columns.iter_mut().zip(&given) {
                column.name.clone_from(name);
            }
            for name in given.into_iter().skip(columns.len()) {
                columns.push(Column { name, type_name: String::new() });
            }
            tables.push(Source { name, origin: "WITH".to_owned(), columns, distance: 0 });
            at = close + 1;
            if self.is(at, ",") {
                at += 1;
            } else {
                break;
            }
        }
        at.min(to)
    }

    /// The words between two that are in no bracket of their own.
    fn top_level(&self, from: usize, to: usize) -> Vec<usize> {
        let to = to.min(self.words.len());
        let mut found = Vec::new();
        let mut at = from;
        while at < to {
            found.push(at);
            at = if self.words[at].text == "(" { self.closing(at).max(at) + 1 } else { at + 1 };
        }
        found
    }

    /// The part of a `UNION` that a place is in.
    fn member(&self, from: usize, to: usize, at: usize) -> (usize, usize) {
        let (mut start, mut end) = (from, to);
        for index in self.top_level(from, to) {
            if ["union", "intersect", "except", "minus"].iter().any(|word| self.is(index, word)) {
                if index < at {
                    start = index + 1;
                } else {
                    end = index;
                    break;
                }
            }
        }
        (start, end)
    }

    /// What a query reads from, and what a statement writes to.
    fn sources(&self, from: usize, to: usize, tables: &[Source], depth: usize) -> Vec<Source> {
        let mut found = Vec::new();
        let mut listing = false;
        let mut at = from;
        let to = to.min(self.words.len());
        while at < to {
            let word = &self.words[at];
            let starts = ["from", "join", "into", "update", "using"].iter().any(|start| word.is(start))
                || (word.is("table") && at > from && self.is(at - 1, "alter"));
            if starts || (listing && word.text == ",") {
                listing = word.is("from") || word.text == "," || word.is("using");
                let (source, next) = self.source(at + 1, to, tables, depth);
                found.extend(source);
                at = next.max(at + 1);
                continue;
            }
            if ENDS_FROM.iter().any(|end| word.is(end)) {
                listing = false;
            }
            at = if word.text == "(" { self.closing(at).min(to) + 1 } else { at + 1 };
        }
        found
    }

    /// One table, or one query in brackets, with its alias.
    fn source(&self, from: usize, to: usize, tables: &[Source], depth: usize) -> (Option<Source>, usize) {
        let mut at = from;
        while self.is(at, "lateral") || self.is(at, "only") {
            at += 1;
        }
        if at >= to {
            return (None, at);
        }
        if self.is(at, "(") {
            let close = self.closing(at).min(to);
            if !self.is(at + 1, "select") && !self.is(at + 1, "with") {
                // A join in brackets, or the columns of `USING`.
                return (None, at + 1);
            }
            let columns = if depth < DEEPEST { self.output(at + 1, close, tables, depth + 1) } else { Vec::new() };
            let (alias, next) = self.alias(close + 1, to);
            let name = alias.unwrap_or_default();
            return (Some(Source { name, origin: "subquery".to_owned(), columns, distance: 0 }), next);
        }
        let Some(first) = self.words[at].name() else { return (None, at) };
        let mut path = vec![first];
        at += 1;
        while self.is(at, ".") && at < to {
            match self.words.get(at + 1).filter(|_| at + 1 < to) {
                // Behind a dot everything is a name.
                Some(word) if word.kind != TokenKind::Symbol => {
                    path.push(word.name().unwrap_or_else(|| word.text.to_owned()));
                    at += 2;
                }
                _ => {
                    at += 1;
                    break;
                }
            }
        }
        if self.is(at, "(") && self.words[at - 1].kind == TokenKind::Function {
            // A function in the place of a table: its columns are not known.
            let close = self.closing(at).min(to);
            let (alias, next) = self.alias(close + 1, to);
            return (alias.map(|name| Source { name, origin: "function".to_owned(), columns: Vec::new(), distance: 0 }), next);
        }
        let (alias, next) = self.alias(at, to);
        let last = path.last().cloned().unwrap_or_default();
        let defined = (path.len() == 1).then(|| tables.iter().rev().find(|table| table.name.eq_ignore_ascii_case(&last))).flatten();
        let columns = match defined {
            Some(table) => table.columns.clone(),
            None => {
                let schema = path.len().checked_sub(2).map(|index| path[index].as_str());
                self.catalog.relation(schema, &last).map(columns).unwrap_or_default()
            }
        };
        (Some(Source { name: alias.unwrap_or(last), origin: path.join("."), columns, distance: 0 }), next)
    }

    fn alias(&self, at: usize, to: usize) -> (Option<String>, usize) {
        let (explicit, at) = if self.is(at, "as") { (true, at + 1) } else { (false, at) };
        let word = self.words.get(at).filter(|_| at < to);
        let name = word.filter(|word| explicit || !NO_ALIAS.iter().any(|no| word.is(no))).and_then(Word::name);
        match name {
            Some(name) => (Some(name), at + 1),
            None => (None, at),
        }
    }

    /// The columns that a query gives.
    fn output(&self, from: usize, to: usize, tables: &[Source], depth: usize) -> Vec<Column> {
        if depth > DEEPEST {
            return Vec::new();
        }
        let mut tables = tables.to_vec();
        let from = self.with(from, to, &mut tables, depth);
        let (from, to) = self.member(from, to, from);
        let Some(select) = self.top_level(from, to).into_iter().find(|index| self.is(*index, "select")) else { return Vec::new() };
        let end = self.top_level(select, to).into_iter().find(|index| self.is(*index, "from")).unwrap_or(to);
        let sources = self.sources(end, to, &tables, depth);
        let mut columns = Vec::new();
        let mut start = select + 1;
        let ends: Vec<usize> = self.top_level(start, end).into_iter().filter(|index| self.words[*index].text == ",").chain([end]).collect();
        for end in ends {
            self.item(start, end, &sources, &mut columns);
            start = end + 1;
        }
        columns
    }

    /// One item of a select list.
    fn item(&self, from: usize, to: usize, sources: &[Source], columns: &mut Vec<Column>) {
        let mut from = from;
        while ["distinct", "all"].iter().any(|word| self.is(from, word)) {
            from += 1;
        }
        let Some(words) = self.words.get(from..to).filter(|words| !words.is_empty()) else { return };
        let last = &words[words.len() - 1];
        if last.text == "*" && (words.len() == 1 || words[words.len() - 2].text == ".") {
            let of = if words.len() > 2 { words[words.len() - 3].name() } else { None };
            let all = sources.iter().filter(|source| of.as_ref().is_none_or(|of| source.name.eq_ignore_ascii_case(of)));
            columns.extend(all.flat_map(|source| source.columns.clone()));
            return;
        }
        let Some(name) = last.name() else { return };
        let path = words.iter().enumerate().all(|(index, word)| if index % 2 == 1 { word.text == "." } else { word.name().is_some() });
        let type_name = if path {
            let of = if words.len() > 2 { words[words.len() - 3].name() } else { None };
            sources
                .iter()
                .filter(|source| of.as_ref().is_none_or(|of| source.name.eq_ignore_ascii_case(of)))
                .find_map(|source| source.columns.iter().find(|column| column.name.eq_ignore_ascii_case(&name)))
                .map(|column| column.type_name.clone())
                .unwrap_or_default()
        } else {
            String::new()
        };
        columns.push(Column { name, type_name });
    }
}

/// The columns of a relation of the catalog.
pub fn columns(relation: &Relation) -> Vec<Column> {
    relation.columns.iter().map(|column| Column { name: column.name.clone(), type_name: column.type_name.clone() }).collect()
}
