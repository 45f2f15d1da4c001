//! What can be named in a statement, for each engine, and the browser over it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::choice::{Browse, Choice};
use crate::app::list::ListState;
use crate::demo::sql::{Quotes, identifier};
pub use crate::ops::catalog::{Catalog, CatalogColumn, Catalogs, Relation, RelationKind, Schema};
use crate::ops::query::QueryEngine;

/// The browser: a tree of schemas, relations and columns, narrowed by typing.
#[derive(Debug, Clone, PartialEq)]
pub struct Browser {
    /// Whose catalog.
    pub engine: QueryEngine,
    /// The catalog as it was when it was last looked at.
    pub catalog: Catalog,
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
        Browser { engine, catalog, reading: false, problem: None, query: String::new(), open, list: ListState::default() }
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
        for schema in &self.catalog.schemas {
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
                let open = self.is_open(&name) || (!words.is_empty() && !relation_matches);
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
                    Some(line) => Answer::Close(Some(Choice::Browse(Browse::Insert(self.name(line))))),
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
            KeyCode::F(5) => return self.statement(|name, _| format!("SELECT *\nFROM {name}\nLIMIT 100")),
            KeyCode::F(6) => {
                let engine = self.engine;
                return self.statement(|name, relation| definition(engine, name, relation.kind));
            }
            KeyCode::F(7) => return self.statement(|name, _| format!("SELECT count(*) AS rows\nFROM {name}")),
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
            Line::Relation { schema, relation, .. } | Line::Column { schema, relation, .. } => format!("{}.{}", schema.name, relation.name),
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
            Line::Relation { schema, relation, .. } => {
                format!("{}.{}", identifier(Quotes::Double, &schema.name), identifier(Quotes::Double, &relation.name))
            }
            Line::Column { column, .. } => identifier(Quotes::Double, &column.name),
        }
    }

    fn statement(&self, text: impl FnOnce(&str, &Relation) -> String) -> Answer {
        match self.lines().get(self.list.selected) {
            Some(Line::Relation { schema, relation, .. } | Line::Column { schema, relation, .. }) => {
                let line = Line::Relation { schema, relation, open: false };
                let sql = text(&self.name(&line), relation);
                Answer::Close(Some(Choice::Browse(Browse::Run(self.engine, sql))))
            }
            _ => Answer::Consumed,
        }
    }
}

/// The statement that shows how something was made.
fn definition(engine: QueryEngine, name: &str, kind: RelationKind) -> String {
    match (engine, kind) {
        (QueryEngine::Redshift, RelationKind::View | RelationKind::MaterializedView) => format!("SHOW VIEW {name}"),
        (QueryEngine::Redshift, RelationKind::Model) => format!("SHOW MODEL {name}"),
        (QueryEngine::Redshift, RelationKind::External) => format!("SHOW EXTERNAL TABLE {name}"),
        (QueryEngine::Redshift, _) => format!("SHOW TABLE {name}"),
        (QueryEngine::Athena, RelationKind::View) => format!("SHOW CREATE VIEW {name}"),
        // Hive's statements quote with back ticks.
        (QueryEngine::Athena, _) => format!("SHOW CREATE TABLE {}", name.replace('"', "`")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn catalog() -> Catalog {
        let column = |name: &str| CatalogColumn { name: name.into(), type_name: "int".into() };
        let relation = |name: &str, kind| Relation { name: name.into(), kind, columns: vec![column("age"), column("Job")], location: None };
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
        press(&mut browser, KeyCode::End);
        press(&mut browser, KeyCode::Up);
        let run = |answer: Answer| match answer {
            Answer::Close(Some(Choice::Browse(Browse::Run(_, sql)))) => sql,
            other => panic!("{other:?}"),
        };
        assert_eq!(run(press(&mut browser, KeyCode::F(5))), "SELECT *\nFROM dm.v\nLIMIT 100");
        assert_eq!(run(press(&mut browser, KeyCode::F(6))), "SHOW VIEW dm.v");
        assert_eq!(run(press(&mut browser, KeyCode::F(7))), "SELECT count(*) AS rows\nFROM dm.v");
        assert_eq!(definition(QueryEngine::Athena, "\"1a\".t", RelationKind::External), "SHOW CREATE TABLE `1a`.t");
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
