//! The keys of tables, as the views and functions of `pg_catalog` tell of them.

use super::{Listed, number};
use crate::local::engine::catalog::Constraint;

/// A key of a table.
pub(super) struct Key<'a> {
    /// The table.
    pub relation: &'a Listed,
    /// The key's name.
    pub name: String,
    /// `p` for a primary, `u` for a unique, `f` for a foreign key.
    pub kind: char,
    /// Its columns.
    pub columns: Vec<String>,
    /// What a foreign key refers to.
    pub references: Option<Reference<'a>>,
}

/// What a foreign key refers to.
pub(super) struct Reference<'a> {
    /// The table as it is written, `schema.table`.
    pub table: String,
    /// The table, when it is still there.
    pub relation: Option<&'a Listed>,
    /// Its columns.
    pub columns: Vec<String>,
}

/// The keys of the warehouse's tables.
pub(super) fn keys(relations: &[Listed]) -> Vec<Key<'_>> {
    let mut keys = Vec::new();
    for relation in relations.iter().filter(|relation| !relation.lake) {
        let Some(table) = &relation.table else { continue };
        if !table.primary_key.is_empty() {
            let (name, columns) = (Constraint::primary_key_name(&relation.name), table.primary_key.clone());
            keys.push(Key { relation, name, kind: 'p', columns, references: None });
        }
        for key in &table.constraints {
            let references = key.references.as_deref().map(|text| reference(relations, text));
            keys.push(Key { relation, name: key.name.clone(), kind: key.kind, columns: key.columns.clone(), references });
        }
    }
    keys
}

/// Reads `schema.table(column, …)`. Without columns it is the primary key that is meant.
fn reference<'a>(relations: &'a [Listed], text: &str) -> Reference<'a> {
    let (table, columns) = text.split_once('(').unwrap_or((text, ""));
    let relation = relations.iter().find(|relation| format!("{}.{}", relation.schema, relation.name) == table);
    let mut columns: Vec<String> =
        columns.trim_end_matches(')').split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
    if let (true, Some(known)) = (columns.is_empty(), relation.and_then(|relation| relation.table.as_ref())) {
        columns.clone_from(&known.primary_key);
    }
    Reference { table: table.to_owned(), relation, columns }
}

impl Key<'_> {
    /// The number of the constraint.
    pub fn number(&self) -> i64 {
        number(&format!("constraint {}.{}.{}", self.relation.schema, self.relation.name, self.name))
    }

    /// The number of the index that PostgreSQL has for a primary and a unique key. In Redshift it is an entry of the catalog only.
    pub fn index(&self) -> Option<i64> {
        (self.kind != 'f').then(|| number(&format!("index {}.{}.{}", self.relation.schema, self.relation.name, self.name)))
    }

    /// Positions of its columns, from 1.
    pub fn positions(&self) -> Vec<String> {
        positions(self.relation, &self.columns)
    }

    /// The key that a foreign key refers to: the one with its columns, else the primary key.
    pub fn referred<'a>(&self, keys: &'a [Key<'a>]) -> Option<&'a Key<'a>> {
        let reference = self.references.as_ref()?;
        let table = reference.relation?;
        let of_table = |key: &&Key<'_>| key.kind != 'f' && key.relation.number() == table.number();
        let exact = keys.iter().filter(of_table).find(|key| key.columns == reference.columns);
        exact.or_else(|| keys.iter().filter(of_table).find(|key| key.kind == 'p'))
    }

    /// The key as its declaration writes it.
    pub fn definition(&self) -> String {
        let columns = self.columns.join(", ");
        match (self.kind, &self.references) {
            ('p', _) => format!("PRIMARY KEY ({columns})"),
            ('f', Some(to)) => format!("FOREIGN KEY ({columns}) REFERENCES {}({})", to.table, to.columns.join(", ")),
            _ => format!("UNIQUE ({columns})"),
        }
    }

    /// The statement that would make its index.
    pub fn index_definition(&self) -> String {
        let (schema, table, columns) = (&self.relation.schema, &self.relation.name, self.columns.join(", "));
        format!("CREATE UNIQUE INDEX {} ON {schema}.{table} USING btree ({columns})", self.name)
    }
}

/// Positions of columns of a relation, from 1.
pub(super) fn positions(relation: &Listed, names: &[String]) -> Vec<String> {
    names
        .iter()
        .filter_map(|name| relation.columns.iter().position(|column| column.name == *name))
        .map(|index| (index + 1).to_string())
        .collect()
}
