//! Columns that tell of the object that a row comes from: `"$path"` and the like. A table has them where a statement names them, and never
//! in `*` ("Pseudocolumns" of Redshift Spectrum; hidden columns of Trino's Hive connector).

use std::ops::ControlFlow;

use datafusion::common::ScalarValue;
use datafusion::sql::sqlparser::ast::{
    ExcludeSelectItem, Expr, Ident, ObjectName, Select, SelectItem, SelectItemQualifiedWildcardKind, Statement, TableFactor, VisitMut,
    VisitorMut, WildcardAdditionalOptions,
};

use super::source::DataObject;
use crate::local::engine::Dialect;
use crate::local::engine::catalog::ColumnDef;
use crate::local::engine::parse::{self, Name};
use crate::local::engine::types::ColumnType;

/// What a column tells of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pseudo {
    /// Its address.
    Path,
    /// Its size in bytes.
    Size,
    /// When it was written.
    Modified,
    /// Its partition, `day=2024-05-06/n=3`.
    Partition,
}

impl Pseudo {
    fn of(dialect: Dialect, name: &str) -> Option<Self> {
        Some(match (dialect, name) {
            (_, "$path") => Pseudo::Path,
            (Dialect::Redshift, "$size") | (Dialect::Athena, "$file_size") => Pseudo::Size,
            (Dialect::Athena, "$file_modified_time") => Pseudo::Modified,
            (Dialect::Athena, "$partition") => Pseudo::Partition,
            _ => return None,
        })
    }

    fn name(self, dialect: Dialect) -> &'static str {
        match (self, dialect) {
            (Pseudo::Path, _) => "$path",
            (Pseudo::Size, Dialect::Redshift) => "$size",
            (Pseudo::Size, Dialect::Athena) => "$file_size",
            (Pseudo::Modified, _) => "$file_modified_time",
            (Pseudo::Partition, _) => "$partition",
        }
    }

    /// The column.
    pub(super) fn column(self, dialect: Dialect) -> ColumnDef {
        let kind = match self {
            Pseudo::Path | Pseudo::Partition => ColumnType::Varchar(None),
            Pseudo::Size => ColumnType::Int8,
            Pseudo::Modified => ColumnType::TimestampTz,
        };
        ColumnDef::new(self.name(dialect).to_owned(), kind)
    }

    /// What the column has in the rows of an object.
    pub(super) fn value(self, object: &DataObject, partition: &str) -> ScalarValue {
        match self {
            Pseudo::Path => ScalarValue::from(object.uri()),
            Pseudo::Size => ScalarValue::Int64(i64::try_from(object.size).ok()),
            Pseudo::Modified => ScalarValue::TimestampMicrosecond(Some(object.modified.timestamp_micros()), Some("UTC".into())),
            Pseudo::Partition => ScalarValue::from(partition),
        }
    }
}

/// The columns of this kind that a statement names, which are then taken out of each `*` over a table that `is_external`.
pub fn named(dialect: Dialect, statement: &mut Statement, is_external: impl Fn(&Name) -> bool) -> Vec<Pseudo> {
    let mut names = Names { dialect, found: Vec::new() };
    // Neither visitor breaks off.
    let _ = statement.visit(&mut names);
    if !names.found.is_empty() {
        let excluded = names.found.iter().map(|pseudo| ObjectName::from(vec![Ident::with_quote('"', pseudo.name(dialect))])).collect();
        let _ = statement.visit(&mut Stars { excluded, is_external });
    }
    names.found
}

struct Names {
    dialect: Dialect,
    found: Vec<Pseudo>,
}

impl VisitorMut for Names {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let ident = match expr {
            Expr::Identifier(ident) => Some(&*ident),
            Expr::CompoundIdentifier(parts) => parts.last(),
            _ => None,
        };
        if let Some(pseudo) = ident.and_then(|ident| Pseudo::of(self.dialect, &ident.value.to_lowercase()))
            && !self.found.contains(&pseudo)
        {
            self.found.push(pseudo);
        }
        ControlFlow::Continue(())
    }
}

struct Stars<F> {
    excluded: Vec<ObjectName>,
    is_external: F,
}

impl<F: Fn(&Name) -> bool> Stars<F> {
    /// The names by which a query calls its external tables.
    fn externals(&self, select: &Select) -> Vec<Vec<String>> {
        let factors =
            select.from.iter().flat_map(|table| std::iter::once(&table.relation).chain(table.joins.iter().map(|join| &join.relation)));
        let named = factors.filter_map(|factor| match factor {
            TableFactor::Table { name, alias, .. } => {
                let name = parse::object_name(name);
                (self.is_external)(&name).then(|| match alias {
                    Some(alias) => vec![parse::fold(&alias.name)],
                    None => name.parts,
                })
            }
            _ => None,
        });
        named.collect()
    }

    fn exclude(&self, options: &mut WildcardAdditionalOptions) {
        let excluded = match options.opt_exclude.take() {
            Some(ExcludeSelectItem::Single(name)) => vec![name],
            Some(ExcludeSelectItem::Multiple(names)) => names,
            None => Vec::new(),
        };
        options.opt_exclude = Some(ExcludeSelectItem::Multiple(excluded.into_iter().chain(self.excluded.iter().cloned()).collect()));
    }
}

impl<F: Fn(&Name) -> bool> VisitorMut for Stars<F> {
    type Break = ();

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        let externals = self.externals(select);
        for item in &mut select.projection {
            match item {
                SelectItem::Wildcard(options) if !externals.is_empty() => self.exclude(options),
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), options) => {
                    let of = parse::object_name(name).parts;
                    if externals.iter().any(|known| known.ends_with(&of)) {
                        self.exclude(options);
                    }
                }
                _ => {}
            }
        }
        ControlFlow::Continue(())
    }
}
