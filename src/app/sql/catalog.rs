//! What can be named in a statement, for each engine, and the browser over it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::choice::{Browse, Choice};
use super::completion::functions;
use super::dialect;
use crate::app::list::ListState;
use crate::demo::sql::{Quotes, identifier};
pub use crate::ops::catalog::{Catalog, CatalogColumn, Catalogs, Relation, RelationKind, Schema};
use crate::ops::query::QueryEngine;

/// The name of the group of functions that the engine itself has.
const BUILT_IN: &str = "built-in functions";

/// The browser: a tree of schemas, relations and columns, narrowed by typing; then the functions of the engine, and the other databases.
#[derive(Debug, Clone, PartialEq)]
pub struct Browser {
    /// Whose catalog.
    pub engine: QueryEngine,
    /// The catalog as it was when it was last looked at.
    pub catalog: Catalog,
    /// The functions of the engine.
    built_in: Schema,
    /// Whether it is being read.
    pub reading: bool,
    /// Why it could not be read.
    pub problem: Option<String>,
    /// What was typed.
    pub query: String,
    /// Schemas and relations (`schema` or `schema.relation`) that are open.
    pub open: Vec<String>,
    /// The selected line.
    pub list: ListState,
}

/// A line of the browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line<'a> {
    /// A schema.
    Schema {
        /// It.
        schema: &'a Schema,
        /// Whether its relations are shown.
        open: bool,
    },
    /// A relation.
    Relation {
        /// Its schema.
        schema: &'a Schema,
        /// It.
        relation: &'a Relation,
        /// Whether its columns are shown.
        open: bool,
    },
    /// A column.
    Column {
        /// Its schema.
        schema: &'a Schema,
        /// Its relation.
        relation: &'a Relation,
        /// It.
        column: &'a CatalogColumn,
    },
    /// Another database.
    Database(&'a str),
}

/// What a key did.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Something in the browser.
    Consumed,
    /// Nothing.
    Ignored,
    /// It closes.
    Close(Option<Choice>),
    /// It stays, and something is to be done.
    Stay(Browse),
}

impl Browser {
    /// A browser that shows the schemas, and the relations of the default one.
    pub fn new(engine: QueryEngine, catalog: Catalog) -> Browser {
        let mut open = vec![catalog.default_schema.clone()];
        if catalog.schemas.len() <= 4 {
            open = catalog.schemas.iter().map(|schema| schema.name.clone()).collect();
        }
        let built_in = built_in(engine, &catalog);
        Browser { engine, catalog, built_in, reading: false, problem: None, query: String::new(), open, list: ListState::default() }
    }

    /// Shows a catalog that was read in the meantime; what is open stays open.
    pub fn refresh(&mut self, catalog: Catalog) {
        let fresh = Browser::new(self.engine, catalog);
        if self.catalog.read.is_none() {
            self.open = fresh.open;
        }
        (self.catalog, self.built_in) = (fresh.catalog, fresh.built_in);
        let len = self.lines().len();
        self.list.clamp(len);
    }

    fn is_open(&self, key: &str) -> bool {
        self.open.iter().any(|open| open == key)
    }

    /// The lines, as they stand below each other. What was typed narrows relations and columns; what matches is shown open.
    pub fn lines(&self) -> Vec<Line<'_>> {
        let query = self.query.to_lowercase();
        let words: Vec<&str> = query.split_whitespace().collect();
        let matches = |text: &str| words.iter().all(|word| text.contains(word));
        let mut lines = Vec::new();
        for schema in self.catalog.schemas.iter().chain([&self.built_in]) {
            let schema_matches = words.is_empty() || matches(&schema.name.to_lowercase());
            let mut inner = Vec::new();
            for relation in &schema.relations {
                let name = format!("{}.{}", schema.name, relation.name);
                let relation_matches = words.is_empty() || matches(&format!("{} {}", name, relation.kind.title()).to_lowercase());
                let columns: Vec<&CatalogColumn> = relation
                    .columns
                    .iter()
                    .filter(|column| words.is_empty() || relation_matches || matches(&format!("{name}.{}", column.name).to_lowercase()))
                    .collect();
                if !relation_matches && columns.is_empty() {
                    continue;
                }
                let key = Self::key_of(&Line::Relation { schema, relation, open: false });
                let open = self.is_open(&key) || (!words.is_empty() && !relation_matches);
                inner.push(Line::Relation { schema, relation, open });
                if open {
                    inner.extend(columns.into_iter().map(|column| Line::Column { schema, relation, column }));
                }
            }
            if !schema_matches && inner.is_empty() {
                continue;
            }
            let open = self.is_open(&schema.name) || !words.is_empty();
            lines.push(Line::Schema { schema, open });
            if open {
                lines.append(&mut inner);
            }
        }
        let others = self.catalog.others.iter().filter(|name| words.is_empty() || matches(&name.to_lowercase()));
        lines.extend(others.map(|name| Line::Database(name)));
        lines
    }

    /// Takes a key. `page` is how many lines are on the screen.
    pub fn key(&mut self, key: KeyEvent, page: usize) -> Answer {
        let len = self.lines().len();
        let page = isize::try_from(page.max(1)).unwrap_or(10);
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc if !self.query.is_empty() => self.narrow(|query| query.clear()),
            KeyCode::Esc | KeyCode::F(8) => return Answer::Close(None),
            KeyCode::Char('c') if control => return Answer::Close(None),
            KeyCode::Down => self.list.move_by(1, len),
            KeyCode::Up => self.list.move_by(-1, len),
            KeyCode::PageDown => self.list.move_by(page, len),
            KeyCode::PageUp => self.list.move_by(-page, len),
            KeyCode::Home => self.list.first(),
            KeyCode::End => self.list.last(len),
            KeyCode::Right => self.set_open(true),
            KeyCode::Left => self.set_open(false),
            KeyCode::Enter => {
                return match self.lines().get(self.list.selected) {
                    Some(Line::Schema { schema, .. }) => {
                        let key = schema.name.clone();
                        self.toggle(key);
                        Answer::Consumed
                    }
                    Some(line) => Answer::Close(Some(Choice::Browse(Browse::Insert(self.inserted(line))))),
                    None => Answer::Consumed,
                };
            }
            KeyCode::Tab | KeyCode::F(4) => {
                let other = match self.engine {
                    QueryEngine::Redshift => QueryEngine::Athena,
                    QueryEngine::Athena => QueryEngine::Redshift,
                };
                return Answer::Stay(Browse::Switch(other));
            }
            KeyCode::F(5) => return self.statement(|name, relation| rows_of(relation, format!("SELECT *\nFROM {name}\nLIMIT 100"))),
            KeyCode::F(6) => {
                let engine = self.engine;
                return self.statement(|name, relation| definition(engine, name, relation));
            }
            KeyCode::F(7) => return self.statement(|name, relation| rows_of(relation, format!("SELECT count(*) AS rows\nFROM {name}"))),
            KeyCode::Char('r') if control => return Answer::Stay(Browse::Refresh(self.engine)),
            KeyCode::Backspace => self.narrow(|query| query.truncate(query.char_indices().next_back().map_or(0, |(at, _)| at))),
            KeyCode::Char('u') if control => self.narrow(|query| query.clear()),
            KeyCode::Char(c) if !control && !key.modifiers.contains(KeyModifiers::ALT) => self.narrow(|query| query.push(c)),
            _ => return Answer::Ignored,
        }
        Answer::Consumed
    }

    fn narrow(&mut self, change: impl FnOnce(&mut String)) {
        change(&mut self.query);
        // The first relation that matches, below its schema.
        let first = self.lines().iter().position(|line| !matches!(line, Line::Schema { .. }));
        self.list.selected = if self.query.is_empty() { 0 } else { first.unwrap_or(0) };
    }

    /// The key of a line that can be open.
    fn key_of(line: &Line<'_>) -> String {
        match line {
            Line::Schema { schema, .. } => schema.name.clone(),
            Line::Relation { schema, relation, .. } | Line::Column { schema, relation, .. } => match relation.kind.has_rows() {
                true => format!("{}.{}", schema.name, relation.name),
                // One name may have several functions.
                false => format!("{}.{}({})", schema.name, relation.name, relation.arguments()),
            },
            Line::Database(name) => (*name).to_owned(),
        }
    }

    fn set_open(&mut self, open: bool) {
        let Some(key) = self.lines().get(self.list.selected).map(Self::key_of) else { return };
        let is = self.is_open(&key);
        if open && !is {
            self.open.push(key);
        } else if !open && is {
            self.open.retain(|other| *other != key);
            // A column that has gone leaves the selection on its relation.
            let at = self.lines().iter().position(|line| Self::key_of(line) == key);
            self.list.selected = at.unwrap_or(self.list.selected);
        } else if !open {
            // A line that is closed already leads to what it is in.
            let selected = self.list.selected.min(self.lines().len().saturating_sub(1));
            let above = self.lines().iter().take(selected).rposition(|line| matches!(line, Line::Schema { .. }));
            self.list.selected = above.unwrap_or(0);
        }
    }

    fn toggle(&mut self, key: String) {
        if self.is_open(&key) {
            self.open.retain(|other| *other != key);
        } else {
            self.open.push(key);
        }
    }

    /// The name of a line as it is written in a statement.
    pub fn name(&self, line: &Line<'_>) -> String {
        match line {
            Line::Schema { schema, .. } => identifier(Quotes::Double, &schema.name),
            // What the engine itself has needs no schema, and some of it, like `left`, no quotes either.
            Line::Relation { schema, relation, .. } if schema.name == BUILT_IN => relation.name.clone(),
            Line::Relation { schema, relation, .. } => {
                format!("{}.{}", identifier(Quotes::Double, &schema.name), identifier(Quotes::Double, &relation.name))
            }
            Line::Column { column, .. } => identifier(Quotes::Double, &column.name),
            Line::Database(name) => identifier(Quotes::Double, name),
        }
    }

    /// What goes into the editor for a line: its name, and of a function or an argument of one the call.
    fn inserted(&self, line: &Line<'_>) -> String {
        match line {
            Line::Relation { schema, relation, .. } | Line::Column { schema, relation, .. }
                if matches!(relation.kind, RelationKind::Function | RelationKind::Procedure) =>
            {
                format!("{}()", self.name(&Line::Relation { schema, relation, open: false }))
            }
            line => self.name(line),
        }
    }

    fn statement(&self, text: impl FnOnce(&str, &Relation) -> Option<String>) -> Answer {
        let statement = match self.lines().get(self.list.selected) {
            Some(Line::Relation { schema, relation, .. } | Line::Column { schema, relation, .. }) => {
                text(&self.name(&Line::Relation { schema, relation, open: false }), relation)
            }
            _ => None,
        };
        match statement {
            Some(sql) => Answer::Close(Some(Choice::Browse(Browse::Run(self.engine, sql)))),
            None => Answer::Consumed,
        }
    }
}

/// A statement that reads rows, of what has some.
fn rows_of(relation: &Relation, sql: String) -> Option<String> {
    relation.kind.has_rows().then_some(sql)
}

/// The functions of an engine: as the service lists them, or else as its documentation does.
fn built_in(engine: QueryEngine, catalog: &Catalog) -> Schema {
    let relations = if catalog.functions.is_empty() {
        let known = functions::all(dialect(engine)).iter().map(|function| Relation {
            name: function.name.to_owned(),
            kind: RelationKind::Function,
            columns: match function.arguments {
                "" => Vec::new(),
                arguments => vec![CatalogColumn { name: "takes".to_owned(), type_name: arguments.to_owned() }],
            },
            location: None,
            gives: Some(function.gives).filter(|gives| !gives.is_empty()).map(str::to_owned),
        });
        known.collect()
    } else {
        catalog.functions.clone()
    };
    Schema { name: BUILT_IN.to_owned(), relations }
}

/// The statement that shows how something was made; functions of neither service have one.
fn definition(engine: QueryEngine, name: &str, relation: &Relation) -> Option<String> {
    Some(match (engine, relation.kind) {
        (_, RelationKind::Function) => return None,
        (QueryEngine::Redshift, RelationKind::Procedure) => format!("SHOW PROCEDURE {name}({})", relation.arguments()),
        (QueryEngine::Redshift, RelationKind::View | RelationKind::MaterializedView) => format!("SHOW VIEW {name}"),
        (QueryEngine::Redshift, RelationKind::Model) => format!("SHOW MODEL {name}"),
        (QueryEngine::Redshift, RelationKind::External) => format!("SHOW EXTERNAL TABLE {name}"),
        (QueryEngine::Redshift, _) => format!("SHOW TABLE {name}"),
        (QueryEngine::Athena, RelationKind::View) => format!("SHOW CREATE VIEW {name}"),
        // Hive's statements quote with back ticks.
        (QueryEngine::Athena, _) => format!("SHOW CREATE TABLE {}", name.replace('"', "`")),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn catalog() -> Catalog {
        let column = |name: &str| CatalogColumn { name: name.into(), type_name: "int".into() };
        let relation = |name: &str, kind| Relation {
            name: name.into(),
            kind,
            columns: vec![column("age"), column("Job")],
            location: None,
            gives: None,
        };
        Catalog {
            default_schema: "public".into(),
            schemas: vec![
                Schema { name: "dm".into(), relations: vec![relation("data", RelationKind::Table), relation("v", RelationKind::View)] },
                Schema { name: "public".into(), relations: vec![] },
            ],
            ..Catalog::default()
        }
    }

    fn press(browser: &mut Browser, code: KeyCode) -> Answer {
        browser.key(KeyEvent::new(code, KeyModifiers::NONE), 10)
    }

    #[test]
    fn a_name_goes_into_the_editor_quoted_where_it_must_be() {
        let mut browser = Browser::new(QueryEngine::Redshift, catalog());
        press(&mut browser, KeyCode::Down);
        assert_eq!(press(&mut browser, KeyCode::Enter), Answer::Close(Some(Choice::Browse(Browse::Insert("dm.data".into())))));
        press(&mut browser, KeyCode::Right);
        press(&mut browser, KeyCode::Down);
        press(&mut browser, KeyCode::Down);
        assert_eq!(press(&mut browser, KeyCode::Enter), Answer::Close(Some(Choice::Browse(Browse::Insert("\"Job\"".into())))));
    }

    #[test]
    fn typing_finds_columns_too() {
        let mut browser = Browser::new(QueryEngine::Redshift, catalog());
        for c in "v.age".chars() {
            press(&mut browser, KeyCode::Char(c));
        }
        let lines: Vec<String> = browser.lines().iter().map(|line| browser.name(line)).collect();
        assert_eq!(lines, ["dm", "dm.v", "age"]);
        press(&mut browser, KeyCode::Esc);
        assert!(browser.query.is_empty());
        assert_eq!(press(&mut browser, KeyCode::Esc), Answer::Close(None));
    }

    #[test]
    fn preview_definition_and_count_are_statements_of_the_engine() {
        let mut browser = Browser::new(QueryEngine::Redshift, catalog());
        press(&mut browser, KeyCode::Down);
        press(&mut browser, KeyCode::Down);
        let run = |answer: Answer| match answer {
            Answer::Close(Some(Choice::Browse(Browse::Run(_, sql)))) => sql,
            other => panic!("{other:?}"),
        };
        assert_eq!(run(press(&mut browser, KeyCode::F(5))), "SELECT *\nFROM dm.v\nLIMIT 100");
        assert_eq!(run(press(&mut browser, KeyCode::F(6))), "SHOW VIEW dm.v");
        assert_eq!(run(press(&mut browser, KeyCode::F(7))), "SELECT count(*) AS rows\nFROM dm.v");
        let external = Relation { kind: RelationKind::External, ..catalog().schemas[0].relations[0].clone() };
        assert_eq!(definition(QueryEngine::Athena, "\"1a\".t", &external).as_deref(), Some("SHOW CREATE TABLE `1a`.t"));
    }

    #[test]
    fn functions_are_called_and_have_no_rows() {
        let mut with = catalog();
        let argument = |at: usize, kind: &str| CatalogColumn { name: format!("${at}"), type_name: kind.into() };
        let function =
            |columns| Relation { name: "f".into(), kind: RelationKind::Function, columns, location: None, gives: Some("varchar".into()) };
        with.schemas[1].relations = vec![function(vec![argument(1, "int")]), function(vec![argument(1, "int"), argument(2, "date")])];
        with.others = vec!["dev".into()];
        let mut browser = Browser::new(QueryEngine::Redshift, with);
        for c in "public.f".chars() {
            press(&mut browser, KeyCode::Char(c));
        }
        assert_eq!(browser.lines().len(), 3, "one name, two functions: {:?}", browser.lines());
        press(&mut browser, KeyCode::Right);
        assert_eq!(browser.lines().len(), 4, "only one of them is open");
        assert_eq!(press(&mut browser, KeyCode::F(5)), Answer::Consumed);
        assert_eq!(press(&mut browser, KeyCode::F(6)), Answer::Consumed);
        assert_eq!(press(&mut browser, KeyCode::Enter), Answer::Close(Some(Choice::Browse(Browse::Insert("public.f()".into())))));
    }

    #[test]
    fn the_functions_of_the_engine_and_other_databases_are_found() {
        let mut with = catalog();
        with.others = vec!["sample_data_dev".into()];
        let mut browser = Browser::new(QueryEngine::Redshift, with);
        let lines = browser.lines();
        assert!(matches!(lines[lines.len() - 2], Line::Schema { open: false, .. }), "closed: they are many");
        assert_eq!(lines.last(), Some(&Line::Database("sample_data_dev")));
        for c in "json_extract_path".chars() {
            press(&mut browser, KeyCode::Char(c));
        }
        let insert = Browse::Insert("json_extract_path_text()".into());
        assert_eq!(press(&mut browser, KeyCode::Enter), Answer::Close(Some(Choice::Browse(insert))));
        // What the service lists takes the place of what the documentation says.
        let listed = Relation {
            name: "abs".into(),
            kind: RelationKind::Function,
            columns: Vec::new(),
            location: None,
            gives: Some("bigint".into()),
        };
        browser.refresh(Catalog { functions: vec![listed], ..catalog() });
        assert!(browser.lines().is_empty());
    }

    #[test]
    fn left_closes_and_then_goes_up() {
        let mut browser = Browser::new(QueryEngine::Redshift, catalog());
        press(&mut browser, KeyCode::Down);
        press(&mut browser, KeyCode::Right);
        press(&mut browser, KeyCode::Down);
        press(&mut browser, KeyCode::Left);
        assert_eq!(browser.list.selected, 1);
        press(&mut browser, KeyCode::Left);
        assert_eq!(browser.list.selected, 0);
    }
}
