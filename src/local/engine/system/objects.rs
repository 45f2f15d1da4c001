//! What there is by its number, for the functions that PostgreSQL's clients ask about one: is it found without its schema, what was said
//! of it, how large is it, how is it defined.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, OnceLock};

use super::keys::{Key, keys};
use super::pg::functions::{arguments, function_number, written};
use super::pg::{CLASS, NAMESPACE, view_number};
use super::{INFORMATION_SCHEMA, Listed, PG_CATALOG, USER_ID, database_number, own_views, relations, schema_number};
use crate::local::engine::catalog::{Catalog, Relation as Stored, TEMPORARY};
use crate::local::engine::models;
use crate::local::engine::session::Session;
use crate::local::engine::transaction::{Temporary, Transaction};
use crate::local::engine::{Dialect, SqlError};

/// What a statement sees, by number. It is read when the first function asks.
#[derive(Default)]
pub struct Objects {
    source: Source,
    read: OnceLock<Read>,
}

/// What it is read from.
#[derive(Default)]
struct Source {
    catalog: Arc<Catalog>,
    temporary: Temporary,
    database: String,
    search_path: Vec<String>,
    user: String,
}

/// A relation or an index.
struct Relation {
    schema: String,
    name: String,
    /// Bytes of its rows.
    bytes: u64,
    /// Text of a view.
    sql: Option<String>,
    /// What was said of it (0) and of its columns by their positions.
    comments: BTreeMap<i64, String>,
    /// Names of the columns.
    columns: Vec<String>,
    /// The statement that would make an index.
    index: Option<String>,
}

/// A function.
struct Function {
    schema: String,
    name: String,
    arguments: String,
    result: String,
}

#[derive(Default)]
struct Read {
    relations: HashMap<i64, Relation>,
    /// Numbers of relations by schema and name.
    names: HashMap<(String, String), i64>,
    /// What was said of schemas.
    schemas: HashMap<i64, Option<String>>,
    functions: HashMap<i64, Function>,
    /// Definitions of keys.
    constraints: HashMap<i64, String>,
}

impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Objects").field("database", &self.source.database).finish_non_exhaustive()
    }
}

impl Objects {
    /// What a statement of a session sees.
    pub fn new(session: &Session, transaction: &Transaction) -> Arc<Self> {
        let source = Source {
            catalog: Arc::clone(transaction.catalog()),
            temporary: transaction.temporary().clone(),
            database: session.database.clone(),
            search_path: session.search_path.clone(),
            user: session.user.clone(),
        };
        Arc::new(Objects { source, read: OnceLock::new() })
    }

    fn read(&self) -> &Read {
        self.read.get_or_init(|| self.source.read())
    }

    fn relation(&self, number: i64) -> Option<&Relation> {
        self.read().relations.get(&number)
    }

    /// The schemas in which a name without one is looked up, in their order.
    fn path(&self) -> impl Iterator<Item = &str> {
        let own = self.source.search_path.iter().map(String::as_str);
        std::iter::once(TEMPORARY).chain(own).chain(std::iter::once(PG_CATALOG))
    }

    /// Whether a relation is found without its schema; `None` when there is none of that number.
    pub fn is_visible(&self, number: i64) -> Option<bool> {
        let relation = self.relation(number)?;
        let found = self.path().find_map(|schema| self.read().names.get(&(schema.to_owned(), relation.name.clone())));
        Some(found == Some(&number))
    }

    /// Whether a function is found without its schema.
    pub fn is_visible_function(&self, number: i64) -> Option<bool> {
        let function = self.read().functions.get(&number)?;
        Some(self.path().any(|schema| schema == function.schema))
    }

    /// The name of a relation as a statement would have to write it.
    pub fn relation_name(&self, number: i64) -> Option<String> {
        let relation = self.relation(number)?;
        let name = quoted(&relation.name);
        Some(if self.is_visible(number) == Some(true) { name } else { format!("{}.{name}", quoted(&relation.schema)) })
    }

    /// The number of a relation by its name as a statement writes it.
    pub fn relation_number(&self, written: &str) -> Option<i64> {
        let parts = parts(written);
        match parts.as_slice() {
            [name] => self.path().find_map(|schema| self.read().names.get(&(schema.to_owned(), name.clone()))).copied(),
            [schema, name] | [_, schema, name] => self.read().names.get(&(schema.clone(), name.clone())).copied(),
            _ => None,
        }
    }

    /// The number of a schema.
    pub fn schema_number(&self, written: &str) -> Option<i64> {
        let number = schema_number(&parts(written).pop()?);
        self.read().schemas.contains_key(&number).then_some(number)
    }

    /// Whether there is a schema of that number.
    pub fn has_schema(&self, number: i64) -> bool {
        self.read().schemas.contains_key(&number)
    }

    /// Whether a relation of that number has a column.
    pub fn has_column(&self, number: i64, name: &str) -> bool {
        self.relation(number).is_some_and(|relation| relation.columns.iter().any(|known| known.eq_ignore_ascii_case(name)))
    }

    /// What was said of an object, or of a column of it (positions from 1). `class` says what kind of number it is, when that is known.
    pub fn comment(&self, number: i64, class: Option<i64>, position: i64) -> Option<String> {
        let relation = || self.relation(number)?.comments.get(&position).cloned();
        let schema = || self.read().schemas.get(&number)?.clone();
        match class {
            Some(CLASS) => relation(),
            Some(NAMESPACE) => schema(),
            Some(_) => None,
            None => relation().or_else(schema),
        }
    }

    /// Bytes of a relation's rows.
    pub fn size(&self, number: i64) -> Option<u64> {
        self.relation(number).map(|relation| relation.bytes)
    }

    /// Bytes of the rows of all tables of a database.
    pub fn database_size(&self, name: &str) -> Option<u64> {
        let database = self.source.catalog.database(name)?;
        let stored = database.schemas.values().flat_map(|schema| schema.relations.values());
        let bytes = |stored: &Stored| match stored {
            Stored::Table(table) => table.files.iter().map(|file| file.bytes).sum(),
            Stored::View(_) => 0,
        };
        Some(stored.map(bytes).sum())
    }

    /// The name of a database.
    pub fn database_name(&self, number: i64) -> Option<&str> {
        self.source.catalog.warehouse.keys().map(String::as_str).find(|name| database_number(name) == number)
    }

    /// The query of a view.
    pub fn view_definition(&self, number: i64) -> Option<String> {
        let sql = self.relation(number)?.sql.as_ref()?;
        Some(format!("{};", sql.trim_end().trim_end_matches(';')))
    }

    /// The statement that would make an index, or the name of a column of it (positions from 1).
    pub fn index_definition(&self, number: i64, position: i64) -> Option<String> {
        let relation = self.relation(number)?;
        let statement = relation.index.as_ref()?;
        match usize::try_from(position).ok()?.checked_sub(1) {
            None => Some(statement.clone()),
            Some(index) => relation.columns.get(index).cloned(),
        }
    }

    /// A key as its declaration writes it.
    pub fn constraint_definition(&self, number: i64) -> Option<String> {
        self.read().constraints.get(&number).cloned()
    }

    /// Names and types of a function's arguments.
    pub fn function_arguments(&self, number: i64) -> Option<String> {
        self.read().functions.get(&number).map(|function| function.arguments.clone())
    }

    /// What a function returns.
    pub fn function_result(&self, number: i64) -> Option<String> {
        self.read().functions.get(&number).map(|function| function.result.clone())
    }

    /// The name of a function.
    pub fn function_name(&self, number: i64) -> Option<String> {
        self.read().functions.get(&number).map(|function| function.name.clone())
    }

    /// The number of a function by its name.
    pub fn function_number(&self, written: &str) -> Option<i64> {
        let parts = parts(written);
        let schema = parts.len().checked_sub(2).and_then(|index| parts.get(index));
        let name = parts.last()?;
        let matches = |function: &Function| {
            function.name == *name
                && schema.map_or_else(|| self.path().any(|known| known == function.schema), |known| *known == function.schema)
        };
        self.read().functions.iter().find(|(_, function)| matches(function)).map(|(number, _)| *number)
    }

    /// The schemas of the search path that there are, with those that are searched unasked or without.
    pub fn schemas(&self, all: bool) -> Vec<&str> {
        let known = |schema: &&str| self.read().schemas.contains_key(&schema_number(schema));
        let own = self.source.search_path.iter().map(String::as_str).filter(known);
        let temporary = (all && !self.source.temporary.is_empty()).then_some(TEMPORARY);
        temporary.into_iter().chain(all.then_some(PG_CATALOG)).chain(own).collect()
    }

    /// The name of a user.
    pub fn user(&self, number: i64) -> String {
        if number.to_string() == USER_ID { self.source.user.clone() } else { format!("unknown (OID={number})") }
    }
}

impl Source {
    fn read(&self) -> Read {
        let mut read = Read::default();
        let listed = relations(Dialect::Redshift, &self.database, &self.catalog, &self.temporary);
        for relation in listed.iter().filter(|relation| !relation.lake) {
            read.add(relation.number(), Relation::of(relation));
        }
        for key in keys(&listed) {
            read.constraints.insert(key.number(), key.definition());
            if let Some(number) = key.index() {
                read.add(number, Relation::of_index(&key));
            }
        }
        for (schema, view) in own_views() {
            let columns = view.columns.iter().map(|(name, _)| (*name).to_owned()).collect();
            let relation = Relation {
                schema: schema.to_owned(),
                name: view.name.to_owned(),
                bytes: 0,
                sql: None,
                comments: BTreeMap::new(),
                columns,
                index: None,
            };
            read.add(view_number(schema, view.name), relation);
        }
        for (name, schema) in self.catalog.database(&self.database).into_iter().flat_map(|database| &database.schemas) {
            read.schemas.insert(schema_number(name), schema.comment.clone());
        }
        let temporary = (!self.temporary.is_empty()).then_some(TEMPORARY);
        for name in [INFORMATION_SCHEMA, PG_CATALOG].into_iter().chain(temporary) {
            read.schemas.insert(schema_number(name), None);
        }
        for function in self.functions().unwrap_or_default() {
            let known = Function {
                schema: function.schema.clone(),
                name: function.name.clone(),
                arguments: arguments(&function),
                result: written(&function.returns),
            };
            read.functions.insert(function_number(&function), known);
        }
        read
    }

    fn functions(&self) -> Result<Vec<models::Signature>, SqlError> {
        models::signatures(&self.catalog, &self.database)
    }
}

impl Read {
    fn add(&mut self, number: i64, relation: Relation) {
        self.names.insert((relation.schema.clone(), relation.name.clone()), number);
        self.relations.insert(number, relation);
    }
}

impl Relation {
    fn of(listed: &Listed) -> Self {
        let position = |name: &str| {
            let index = listed.columns.iter().position(|column| column.name == name);
            if name.is_empty() { Some(0) } else { index.and_then(|index| i64::try_from(index + 1).ok()) }
        };
        let comments = listed.comments.iter().filter_map(|(name, text)| Some((position(name)?, text.clone())));
        Relation {
            schema: listed.schema.clone(),
            name: listed.name.clone(),
            bytes: listed.table.as_ref().map_or(0, |table| table.files.iter().map(|file| file.bytes).sum()),
            sql: listed.sql.clone(),
            comments: comments.collect(),
            columns: listed.columns.iter().map(|column| column.name.clone()).collect(),
            index: None,
        }
    }

    fn of_index(key: &Key<'_>) -> Self {
        Relation {
            schema: key.relation.schema.clone(),
            name: key.name.clone(),
            bytes: 0,
            sql: None,
            comments: BTreeMap::new(),
            columns: key.columns.clone(),
            index: Some(key.index_definition()),
        }
    }
}

/// The parts of a name as a statement writes it: folded to lower case unless quoted.
fn parts(written: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    let mut characters = written.trim().chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                push(&mut parts, '"');
            }
            '"' => quoted = !quoted,
            '.' if !quoted => parts.push(String::new()),
            other if quoted => push(&mut parts, other),
            other => other.to_lowercase().for_each(|lower| push(&mut parts, lower)),
        }
    }
    parts
}

fn push(parts: &mut [String], character: char) {
    if let Some(last) = parts.last_mut() {
        last.push(character);
    }
}

/// A name as a statement has to write it.
fn quoted(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;
    use crate::local::engine::catalog::{ColumnDef, Constraint, Database, Schema as StoredSchema, TableDef};
    use crate::local::engine::types::ColumnType;

    fn objects() -> Objects {
        let table = TableDef {
            columns: vec![ColumnDef::new("id", ColumnType::Int4), ColumnDef::new("job", ColumnType::Varchar(Some(12)))],
            primary_key: vec!["id".to_owned()],
            comments: BTreeMap::from([("".to_owned(), "customers".to_owned()), ("job".to_owned(), "their work".to_owned())]),
            ..TableDef::default()
        };
        let child = TableDef {
            columns: vec![ColumnDef::new("id", ColumnType::Int4)],
            constraints: vec![Constraint {
                name: "child_id_fkey".to_owned(),
                kind: 'f',
                columns: vec!["id".to_owned()],
                references: Some("dm.data()".to_owned()),
            }],
            ..TableDef::default()
        };
        let mut database = Database::default();
        let relations =
            BTreeMap::from([("data".to_owned(), Stored::Table(Arc::new(table))), ("child".to_owned(), Stored::Table(Arc::new(child)))]);
        database.schemas.insert("dm".to_owned(), StoredSchema { relations, ..StoredSchema::default() });
        let catalog = Arc::new(Catalog { warehouse: BTreeMap::from([("bankdm".to_owned(), database)]), ..Catalog::default() });
        let source = Source {
            catalog,
            database: "bankdm".to_owned(),
            search_path: vec!["public".to_owned(), "nowhere".to_owned()],
            user: "admin".to_owned(),
            ..Source::default()
        };
        Objects { source, read: OnceLock::new() }
    }

    #[test]
    fn names_and_numbers_belong_together() {
        let mut objects = objects();
        let data = objects.relation_number("DM.Data").unwrap();
        assert_eq!((objects.is_visible(data), objects.relation_name(data).as_deref()), (Some(false), Some("dm.data")));
        assert_eq!(objects.relation_number("data"), None);
        let class = objects.relation_number("pg_class").unwrap();
        assert_eq!((class, objects.is_visible(class), objects.relation_name(class).as_deref()), (CLASS, Some(true), Some("pg_class")));
        assert_eq!((objects.is_visible(7), objects.relation_number("nothing")), (None, None));
        objects.source.search_path = vec!["dm".to_owned()];
        assert_eq!((objects.is_visible(data), objects.relation_number("\"data\"")), (Some(true), Some(data)));
        assert_eq!(parts("\"A.b\".C\"\"d"), ["A.b", "cd"]);
        assert_eq!(quoted("A b"), "\"A b\"");
    }

    #[test]
    fn keys_are_written_as_they_are_declared() {
        let objects = objects();
        let definition = |name: &str| {
            let listed = relations(Dialect::Redshift, "bankdm", &objects.source.catalog, &objects.source.temporary);
            let number = keys(&listed).into_iter().find(|key| key.name == name).unwrap().number();
            objects.constraint_definition(number).unwrap()
        };
        assert_eq!(definition("data_pkey"), "PRIMARY KEY (id)");
        assert_eq!(definition("child_id_fkey"), "FOREIGN KEY (id) REFERENCES dm.data(id)");
        let index = objects.relation_number("dm.data_pkey").unwrap();
        assert_eq!(objects.index_definition(index, 0).as_deref(), Some("CREATE UNIQUE INDEX data_pkey ON dm.data USING btree (id)"));
        assert_eq!(objects.index_definition(index, 1).as_deref(), Some("id"));
    }

    #[test]
    fn comments_are_those_of_the_kind_that_is_asked_for() {
        let objects = objects();
        let data = objects.relation_number("dm.data").unwrap();
        assert_eq!(objects.comment(data, Some(CLASS), 0).as_deref(), Some("customers"));
        assert_eq!(objects.comment(data, None, 2).as_deref(), Some("their work"));
        assert_eq!(objects.comment(data, Some(NAMESPACE), 0), None);
    }

    #[test]
    fn the_search_path_has_schemas_that_there_are() {
        let objects = objects();
        assert_eq!(objects.schemas(true), ["pg_catalog", "public"]);
        assert_eq!(objects.schemas(false), ["public"]);
        assert_eq!((objects.user(100), objects.user(7)), ("admin".to_owned(), "unknown (OID=7)".to_owned()));
    }
}
