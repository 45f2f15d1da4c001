//! What could be typed at a place, best first.

use super::super::catalog::{Catalog, Relation, RelationKind};
use super::super::lexer::{self, TokenKind, words};
use super::functions;
use super::rank::fit;
use super::scope::{self, Scope, Source, Word};
use crate::syntax::Dialect;

/// Suggestions that are given at most.
const MOST: usize = 200;

/// What a suggestion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A column in scope.
    Column,
    /// A table or alias of the query.
    Source,
    /// A table, view or model of the catalog, or what `WITH` has defined.
    Table,
    /// A schema or database.
    Schema,
    /// A function of the engine.
    Function,
    /// Words of the language.
    Keyword,
    /// A named parameter.
    Parameter,
    /// A saved statement.
    Snippet,
}

impl Kind {
    /// The word for people.
    pub const fn title(self) -> &'static str {
        match self {
            Kind::Column => "column",
            Kind::Source => "alias",
            Kind::Table => "table",
            Kind::Schema => "schema",
            Kind::Function => "function",
            Kind::Keyword => "keyword",
            Kind::Parameter => "parameter",
            Kind::Snippet => "query",
        }
    }
}

/// Something that could be typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// What it is called.
    pub label: String,
    /// What is put into the text.
    pub insert: String,
    /// By how many characters the cursor goes back then: into the brackets of a function.
    pub back: usize,
    /// What it is.
    pub kind: Kind,
    /// Its type, its arguments.
    pub detail: String,
    /// Where it comes from.
    pub origin: String,
}

/// Where something could be typed, and what is known there.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The statement.
    pub text: &'a str,
    /// The byte in it.
    pub at: usize,
    /// Its dialect.
    pub dialect: Dialect,
    /// What can be named.
    pub catalog: &'a Catalog,
    /// Parameters that were named or valued before.
    pub parameters: &'a [String],
    /// Saved statements.
    pub snippets: &'a [Snippet],
}

/// A statement that is kept somewhere, put in as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snippet {
    /// What it is called.
    pub title: String,
    /// Words by which it is found, too.
    pub tags: Vec<String>,
    /// The text.
    pub text: String,
    /// Where it comes from.
    pub origin: &'static str,
}

/// What could be typed, and the first byte of what it takes the place of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Suggestions {
    /// First byte of the word at the place.
    pub start: usize,
    /// What is there of the word.
    pub typed: String,
    /// Whether there is something in front that says what it belongs to (`t.`, `:`).
    pub qualified: bool,
    /// Best first.
    pub items: Vec<Suggestion>,
}

/// What is expected at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// The first word of a statement.
    Statement,
    /// A table.
    Relation,
    /// What may follow a table.
    AfterRelation,
    /// A value.
    Expression,
    /// What may follow a value.
    AfterExpression,
    /// A type.
    Type,
    /// A name that nobody knows yet.
    NewName,
}

#[rustfmt::skip]
const STATEMENT: &[&str] = &["SELECT", "WITH", "INSERT INTO", "UPDATE", "DELETE FROM", "CREATE TABLE", "CREATE VIEW", "DROP TABLE", "ALTER TABLE", "EXPLAIN", "SHOW TABLES", "TRUNCATE", "MERGE INTO", "VALUES"];
#[rustfmt::skip]
const REDSHIFT_STATEMENT: &[&str] = &["COPY", "UNLOAD", "CREATE MODEL", "SHOW MODEL", "CREATE EXTERNAL SCHEMA", "BEGIN", "COMMIT", "ROLLBACK", "ANALYZE", "VACUUM", "GRANT", "REVOKE", "CREATE TEMP TABLE"];
#[rustfmt::skip]
const ATHENA_STATEMENT: &[&str] = &["CREATE EXTERNAL TABLE", "CREATE DATABASE", "MSCK REPAIR TABLE", "SHOW DATABASES", "SHOW PARTITIONS", "DESCRIBE", "PREPARE", "EXECUTE"];
#[rustfmt::skip]
const AFTER_RELATION: &[&str] = &["WHERE", "JOIN", "LEFT JOIN", "INNER JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN", "ON", "USING", "GROUP BY", "ORDER BY", "HAVING", "LIMIT", "UNION ALL", "UNION", "AS", "SET", "VALUES", "SELECT"];
#[rustfmt::skip]
const EXPRESSION: &[&str] = &["CASE", "NOT", "NULL", "DISTINCT", "EXISTS", "TRUE", "FALSE", "INTERVAL", "CURRENT_DATE", "CAST"];
#[rustfmt::skip]
const AFTER_EXPRESSION: &[&str] = &["FROM", "AS", "AND", "OR", "IN", "IS NULL", "IS NOT NULL", "BETWEEN", "LIKE", "NOT", "WHERE", "GROUP BY", "ORDER BY", "HAVING", "LIMIT", "ASC", "DESC", "NULLS LAST", "NULLS FIRST", "OVER", "PARTITION BY", "WHEN", "THEN", "ELSE", "END", "UNION ALL", "JOIN", "ON"];

/// What could be typed.
pub fn suggest(request: &Request<'_>) -> Suggestions {
    let tokens = lexer::tokens(request.dialect, request.text);
    if let Some(token) = tokens.iter().find(|token| token.start < request.at && request.at <= token.end) {
        let inside = request.at < token.end;
        let open = match token.kind {
            TokenKind::Comment | TokenKind::Number => true,
            TokenKind::Text => inside || !closed(&request.text[token.start..token.end]),
            _ => false,
        };
        if open {
            return Suggestions { start: request.at, ..Suggestions::default() };
        }
    }
    let words = Word::all(request.text, &tokens);
    // The word that is being typed is no part of what is around it.
    let behind = words.partition_point(|word| word.start < request.at);
    let current = behind.checked_sub(1).filter(|index| words[*index].end >= request.at).map(|index| words[index]);
    let current = current.filter(|word| !matches!(word.kind, TokenKind::Symbol | TokenKind::Semicolon | TokenKind::Text));
    let mut start = request.at;
    let mut typed = String::new();
    let mut before = behind;
    if let Some(word) = current {
        start = word.start;
        typed = request.text[word.start..request.at].trim_start_matches(['"', '`']).to_owned();
        before -= 1;
    } else if behind > 0 && words[behind - 1].end == request.at && words[behind - 1].text == ":" {
        start -= 1;
        typed = ":".to_owned();
        before -= 1;
    }
    let mut collector = Collector { typed: typed.clone(), upper: upper(request, &words, &typed), items: Vec::new() };
    if let Some(rest) = typed.strip_prefix(':') {
        collector.typed = rest.to_owned();
        for name in request.parameters {
            collector.add(Kind::Parameter, 0, name, &format!(":{name}"), "", "");
        }
        return collector.finish(start, true);
    }
    let path = qualifier(&words, before);
    let scope = scope::scope(&words, before, request.catalog);
    if !path.is_empty() {
        qualified(request, &scope, &path, &words[..before - 2 * path.len()], &mut collector);
        return collector.finish(start, true);
    }
    match expected(&words, before) {
        Expected::Statement => {
            collector.keywords(0, STATEMENT);
            collector.keywords(0, if request.dialect == Dialect::Redshift { REDSHIFT_STATEMENT } else { ATHENA_STATEMENT });
            for snippet in request.snippets {
                let tag = snippet.tags.iter().find(|tag| fit(tag, &collector.typed).is_some_and(|fit| fit < 10));
                collector.snippet(snippet, tag.filter(|_| !collector.typed.is_empty()));
            }
        }
        Expected::Relation => relations(request, &scope, &mut collector),
        Expected::AfterRelation => {
            collector.keywords(0, AFTER_RELATION);
            collector.every_keyword(request.dialect, 40);
        }
        Expected::Expression => {
            expressions(request, &scope, &mut collector);
            collector.keywords(25, EXPRESSION);
            collector.every_keyword(request.dialect, 60);
        }
        Expected::AfterExpression => {
            collector.keywords(0, AFTER_EXPRESSION);
            collector.every_keyword(request.dialect, 40);
        }
        Expected::Type => {
            for name in words::types(request.dialect) {
                collector.add(Kind::Keyword, 0, name, name, "type", "");
            }
        }
        Expected::NewName => {}
    }
    collector.finish(start, false)
}

fn closed(text: &str) -> bool {
    text.len() > 1 && (text.ends_with('\'') || text.ends_with('$'))
}

/// Whether words of the language are written in upper case here: as the one being typed, or as those before.
fn upper(request: &Request<'_>, words: &[Word<'_>], typed: &str) -> bool {
    let is_upper = |text: &str| text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase);
    let keyword = words.iter().find(|word| word.kind == TokenKind::Keyword && word.end != request.at);
    match keyword {
        Some(word) => is_upper(word.text),
        None => is_upper(typed),
    }
}

/// The names in front of the place: `schema.table.` gives both.
fn qualifier(words: &[Word<'_>], before: usize) -> Vec<String> {
    let mut path = Vec::new();
    let mut at = before;
    while at >= 2 && words[at - 1].text == "." && (path.is_empty() || words[at - 1].end <= words[at].start) {
        let word = &words[at - 2];
        let Some(name) = word.name().or_else(|| (word.kind == TokenKind::Keyword).then(|| word.text.to_owned())) else { break };
        path.insert(0, name);
        at -= 2;
    }
    path
}

/// What the words before a place let expect.
fn expected(words: &[Word<'_>], before: usize) -> Expected {
    let Some(last) = before.checked_sub(1).map(|index| &words[index]) else { return Expected::Statement };
    let is = |word: &Word<'_>, any: &[&str]| any.iter().any(|one| word.is(one));
    if last.text == "::" {
        return Expected::Type;
    }
    let second = before.checked_sub(2).map(|index| &words[index]);
    // Behind `AS` in a `CAST` is a type, elsewhere a name.
    if last.is("as") {
        let call = open_call(words, before);
        return match call {
            Some(name) if is(&name, &["cast", "try_cast"]) => Expected::Type,
            _ if second.is_some_and(|word| word.kind == TokenKind::Word)
                && words.first().is_some_and(|word| is(word, &["create", "prepare"])) =>
            {
                Expected::Statement
            }
            _ => Expected::NewName,
        };
    }
    let relation = ["from", "join", "into", "update", "table", "describe", "truncate", "analyze", "vacuum", "view", "copy"];
    if is(last, &relation) {
        let new = is(last, &["table", "view"]) && words.first().is_some_and(|word| word.is("create"));
        return if new { Expected::NewName } else { Expected::Relation };
    }
    // In a list behind `FROM`, and behind a table.
    let clause = clause(words, before);
    let in_from = clause.as_ref().is_some_and(|(_, word)| is(word, &["from", "join", "into", "update", "table", "using"]));
    if in_from && last.text == "," && clause.as_ref().is_some_and(|(_, word)| is(word, &["from", "using"])) {
        return Expected::Relation;
    }
    if in_from && (matches!(last.kind, TokenKind::Word | TokenKind::Quoted | TokenKind::Type) || last.text == ")") {
        return Expected::AfterRelation;
    }
    match last.kind {
        TokenKind::Word | TokenKind::Quoted | TokenKind::Number | TokenKind::Text | TokenKind::Parameter | TokenKind::Type => {
            Expected::AfterExpression
        }
        TokenKind::Symbol if last.text == ")" => Expected::AfterExpression,
        // `count(*)` has been left by its bracket; `select *` and `t.*` are values, `a *` waits for one.
        TokenKind::Symbol if last.text == "*" && second.is_some_and(|word| is(word, &["select", "distinct", "."])) => {
            Expected::AfterExpression
        }
        TokenKind::Keyword if is(last, &["null", "true", "false", "end", "current_date"]) => Expected::AfterExpression,
        TokenKind::Keyword
            if is(
                last,
                &[
                    "create",
                    "drop",
                    "alter",
                    "show",
                    "insert",
                    "delete",
                    "group",
                    "order",
                    "partition",
                    "left",
                    "right",
                    "full",
                    "inner",
                    "cross",
                    "union",
                ],
            ) =>
        {
            Expected::AfterRelation
        }
        _ => Expected::Expression,
    }
}

/// The word in front of the innermost bracket that is open.
fn open_call<'a>(words: &[Word<'a>], before: usize) -> Option<Word<'a>> {
    let mut depth = 0;
    for index in (0..before).rev() {
        match words[index].text {
            ")" => depth += 1,
            "(" if depth == 0 => return index.checked_sub(1).map(|index| words[index]),
            "(" => depth -= 1,
            _ => {}
        }
    }
    None
}

/// The word that begins the clause around a place, in the same brackets.
fn clause<'a>(words: &[Word<'a>], before: usize) -> Option<(usize, Word<'a>)> {
    const CLAUSES: [&str; 19] = [
        "select", "from", "join", "where", "on", "using", "group", "order", "having", "limit", "qualify", "into", "update", "set",
        "values", "table", "by", "when", "union",
    ];
    let mut depth = 0;
    for index in (0..before).rev() {
        match words[index].text {
            ")" => depth += 1,
            "(" if depth == 0 => return None,
            "(" => depth -= 1,
            _ if depth == 0 && CLAUSES.iter().any(|clause| words[index].is(clause)) => return Some((index, words[index])),
            _ => {}
        }
    }
    None
}

/// What a name in front belongs to: the columns of a source, the tables of a schema.
fn qualified(request: &Request<'_>, scope: &Scope, path: &[String], before: &[Word<'_>], collector: &mut Collector) {
    let last = path.last().map(String::as_str).unwrap_or_default();
    if path.len() == 1 {
        // The nearest one of this name.
        if let Some(source) = scope.sources.iter().find(|source| source.name.eq_ignore_ascii_case(last) && !source.columns.is_empty()) {
            source.columns.iter().enumerate().for_each(|(index, column)| collector.column(0, index, column, source));
            return;
        }
        if let Some(table) = scope.tables.iter().rev().find(|table| table.name.eq_ignore_ascii_case(last)) {
            table.columns.iter().enumerate().for_each(|(index, column)| collector.column(0, index, column, table));
            return;
        }
    }
    if let Some(schema) = request.catalog.schema(last) {
        let wanted = Wanted::behind(before);
        for relation in schema.relations.iter().filter(|relation| wanted.takes(relation.kind)) {
            if matches!(relation.kind, RelationKind::Function | RelationKind::Procedure) {
                collector.call(request, 0, relation, &quoted(&relation.name), &schema.name);
            } else {
                collector.add(Kind::Table, 1, &relation.name, &quoted(&relation.name), relation.kind.title(), &schema.name);
            }
        }
        return;
    }
    if path.len() == 1 && request.catalog.database.eq_ignore_ascii_case(last) {
        for schema in &request.catalog.schemas {
            collector.add(Kind::Schema, 0, &schema.name, &quoted(&schema.name), "schema", &request.catalog.database);
        }
        return;
    }
    let schema = path.len().checked_sub(2).map(|index| path[index].as_str());
    if let Some(relation) = request.catalog.relation(schema, last) {
        let source = Source { name: last.to_owned(), origin: path.join("."), columns: scope::columns(relation), distance: 0 };
        source.columns.iter().enumerate().for_each(|(index, column)| collector.column(0, index, column, &source));
    }
}

/// What of a schema can stand at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// What has rows.
    Rows,
    /// Models.
    Models,
    /// Functions and procedures.
    Calls,
    /// Values: functions, and relations as the beginning of a column's name.
    Values,
}

impl Wanted {
    fn behind(before: &[Word<'_>]) -> Wanted {
        match before.last() {
            Some(last) if last.is("model") => Wanted::Models,
            Some(last) if ["call", "function", "procedure"].iter().any(|word| last.is(word)) => Wanted::Calls,
            _ if expected(before, before.len()) == Expected::Relation => Wanted::Rows,
            _ => Wanted::Values,
        }
    }

    fn takes(self, kind: RelationKind) -> bool {
        match self {
            Wanted::Rows => kind.has_rows(),
            Wanted::Models => kind == RelationKind::Model,
            Wanted::Calls => matches!(kind, RelationKind::Function | RelationKind::Procedure),
            Wanted::Values => kind.has_rows() || kind == RelationKind::Function,
        }
    }
}

fn relations(request: &Request<'_>, scope: &Scope, collector: &mut Collector) {
    for table in &scope.tables {
        collector.add(Kind::Table, 0, &table.name, &quoted(&table.name), "query", &table.origin);
    }
    for schema in &request.catalog.schemas {
        let own = schema.name.eq_ignore_ascii_case(&request.catalog.default_schema);
        // Schemas of the service itself are seldom meant.
        let system = ["pg_catalog", "information_schema", "pg_internal"].contains(&schema.name.as_str());
        collector.add(Kind::Schema, if system { 12 } else { 2 }, &schema.name, &quoted(&schema.name), "schema", &request.catalog.database);
        for relation in schema.relations.iter().filter(|relation| relation.kind.has_rows()) {
            let name = quoted(&relation.name);
            let insert = if own { name } else { format!("{}.{name}", quoted(&schema.name)) };
            let weight = if own { 0 } else { 3 + u32::from(system) * 12 };
            collector.add(Kind::Table, weight, &relation.name, &insert, relation.kind.title(), &schema.name);
        }
    }
    collector.keywords(35, &["SELECT", "LATERAL", "UNNEST", "VALUES"]);
}

fn expressions(request: &Request<'_>, scope: &Scope, collector: &mut Collector) {
    for source in &scope.sources {
        let weight = 5 * u32::try_from(source.distance).unwrap_or(0);
        // A column that two tables have needs to say of which it is.
        let same = |name: &str| {
            scope
                .sources
                .iter()
                .filter(|other| {
                    other.distance == source.distance && other.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name))
                })
                .count()
                > 1
        };
        for (index, column) in source.columns.iter().enumerate() {
            if !source.name.is_empty() && fit(&column.name, &collector.typed).is_some() && same(&column.name) {
                let insert = format!("{}.{}", quoted(&source.name), quoted(&column.name));
                collector.add_at(Kind::Column, weight, index, &column.name, &insert, &column.type_name, &source.name);
            } else {
                collector.column(weight, index, column, source);
            }
        }
        if !source.name.is_empty() {
            collector.add(Kind::Source, weight + 4, &source.name, &quoted(&source.name), "", &source.origin);
        }
    }
    for function in functions::all(request.dialect) {
        if let Some(last) = collector.items.last()
            && last.2.kind == Kind::Function
            && last.2.label == function.name
        {
            continue;
        }
        let name = collector.cased(function.name);
        let detail = if function.gives.is_empty() {
            format!("({})", function.arguments)
        } else {
            format!("({}) {}", function.arguments, function.gives)
        };
        let followed = request.text[request.at..].starts_with('(');
        let (insert, back) = if followed { (name, 0) } else { (format!("{name}()"), usize::from(!function.arguments.is_empty())) };
        let before = collector.items.len();
        collector.add(Kind::Function, 15, function.name, &insert, &detail, "");
        if let Some(added) = collector.items.get_mut(before) {
            added.2.back = back;
        }
    }
    made_functions(request, collector);
    if !scope.sources.iter().any(|source| source.distance == 0) {
        // Without a table of the query any table may be meant by the reader who writes from left to right.
        for schema in &request.catalog.schemas {
            collector.add(Kind::Schema, 30, &schema.name, &quoted(&schema.name), "schema", "");
        }
    }
}

/// Functions that people have made, and those of the engine that only the service knows.
fn made_functions(request: &Request<'_>, collector: &mut Collector) {
    for schema in &request.catalog.schemas {
        let own = schema.name.eq_ignore_ascii_case(&request.catalog.default_schema);
        for function in schema.relations.iter().filter(|relation| relation.kind == RelationKind::Function) {
            let name = quoted(&function.name);
            let insert = if own { name } else { format!("{}.{name}", quoted(&schema.name)) };
            collector.call(request, 14, function, &insert, &schema.name);
        }
    }
    let mut last = "";
    for function in &request.catalog.functions {
        if function.name != last && !functions::is_known(request.dialect, &function.name) {
            collector.call(request, 16, function, &collector.cased(&function.name), "");
        }
        last = &function.name;
    }
}

/// A name as it has to be written.
fn quoted(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    let reserved = ["user", "order", "group", "table", "select", "from", "where", "end", "default", "left", "right", "column", "tag"];
    if plain && !reserved.contains(&name) { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

struct Collector {
    typed: String,
    upper: bool,
    /// Rank, place in its list, suggestion.
    items: Vec<(u32, usize, Suggestion)>,
}

impl Collector {
    fn cased(&self, word: &str) -> String {
        if self.upper { word.to_ascii_uppercase() } else { word.to_ascii_lowercase() }
    }

    fn add(&mut self, kind: Kind, weight: u32, label: &str, insert: &str, detail: &str, origin: &str) {
        self.add_at(kind, weight, 0, label, insert, detail, origin);
    }

    #[allow(clippy::too_many_arguments, reason = "one line of the list, in the order in which it is read")]
    fn add_at(&mut self, kind: Kind, weight: u32, place: usize, label: &str, insert: &str, detail: &str, origin: &str) {
        let Some(fit) = fit(label, &self.typed) else { return };
        // How well it fits comes first, in steps; then what it is.
        let rank = fit.div_ceil(10) * 100 + weight * 2 + fit % 10;
        let suggestion = Suggestion {
            label: label.to_owned(),
            insert: insert.to_owned(),
            back: 0,
            kind,
            detail: detail.to_owned(),
            origin: origin.to_owned(),
        };
        self.items.push((rank, place, suggestion));
    }

    /// A function, with its brackets unless they are there.
    fn call(&mut self, request: &Request<'_>, weight: u32, function: &Relation, name: &str, origin: &str) {
        let followed = request.text[request.at..].starts_with('(');
        let insert = if followed { name.to_owned() } else { format!("{name}()") };
        let before = self.items.len();
        self.add(Kind::Function, weight, &function.name, &insert, &function.signature(), origin);
        if let Some(added) = self.items.get_mut(before) {
            added.2.back = usize::from(!followed && !function.columns.is_empty());
        }
    }

    /// A statement that is kept, found by its title or by a tag.
    fn snippet(&mut self, snippet: &Snippet, tag: Option<&String>) {
        let before = self.items.len();
        self.add(Kind::Snippet, 30, &snippet.title, &snippet.text, "", snippet.origin);
        if self.items.len() == before
            && let Some(tag) = tag
        {
            self.add(Kind::Snippet, 31, tag, &snippet.text, &format!("#{tag}"), snippet.origin);
            if let Some(added) = self.items.get_mut(before) {
                added.2.label.clone_from(&snippet.title);
            }
        }
    }

    fn column(&mut self, weight: u32, place: usize, column: &scope::Column, source: &Source) {
        let origin = if source.name.is_empty() { &source.origin } else { &source.name };
        self.add_at(Kind::Column, weight, place, &column.name, &quoted(&column.name), &column.type_name, origin);
    }

    fn keywords(&mut self, weight: u32, words: &[&str]) {
        for (place, word) in words.iter().enumerate() {
            let insert = self.cased(word);
            let label = insert.clone();
            self.add_at(Kind::Keyword, weight, place, &label, &insert, "", "");
        }
    }

    /// Every word of the language, once something has been typed.
    fn every_keyword(&mut self, dialect: Dialect, weight: u32) {
        if self.typed.chars().count() < 2 {
            return;
        }
        for word in words::keywords(dialect) {
            if !word.get(..self.typed.len()).is_some_and(|head| head.eq_ignore_ascii_case(&self.typed)) {
                continue;
            }
            let insert = self.cased(word);
            if !self.items.iter().any(|(_, _, item)| item.kind == Kind::Keyword && item.insert == insert) {
                let label = insert.clone();
                self.add(Kind::Keyword, weight, &label, &insert, "", "");
            }
        }
    }

    fn finish(mut self, start: usize, qualified: bool) -> Suggestions {
        self.items.sort_by(|a, b| (a.0, a.1, &a.2.label).cmp(&(b.0, b.1, &b.2.label)));
        let mut items: Vec<Suggestion> = Vec::with_capacity(self.items.len().min(MOST));
        for (_, _, item) in self.items {
            if items.len() == MOST {
                break;
            }
            if !items.iter().any(|other| other.insert == item.insert && other.kind == item.kind) {
                items.push(item);
            }
        }
        Suggestions { start, typed: self.typed, qualified, items }
    }
}
