//! Keys of tables: informational, as in Redshift, but a primary key takes no NULL.

use datafusion::sql::sqlparser::ast::{self, ColumnOption, ObjectName, TableConstraint};
use datafusion::sql::sqlparser::tokenizer::Location;

use super::catalog::{Constraint, TableDef};
use super::parse;
use super::work::Work;
use super::{SqlError, error};

/// Adds the keys that a column's declaration has, `UNIQUE` and `REFERENCES`.
pub fn column_keys(
    work: &Work<'_>,
    table_name: &ObjectName,
    column: &ast::ColumnDef,
    name: &str,
    table: &mut TableDef,
) -> Result<(), SqlError> {
    let owner = parse::object_name(table_name);
    for option in &column.options {
        let (kind, suffix, references) = match &option.option {
            ColumnOption::Unique(_) => ('u', "key", None),
            ColumnOption::ForeignKey(key) => {
                let (to, _) = work.resolve_table(&parse::object_name(&key.foreign_table))?;
                let referred: Vec<String> = key.referred_columns.iter().map(parse::fold).collect();
                ('f', "fkey", Some(format!("{to}({})", referred.join(", "))))
            }
            _ => continue,
        };
        let constraint = Constraint { name: format!("{}_{name}_{suffix}", owner.last()), kind, columns: vec![name.to_owned()], references };
        table.constraints.push(constraint);
    }
    Ok(())
}

/// Adds a key to a table. Keys are informational, as in Redshift, but a primary key takes no NULL.
pub fn constrain(work: &Work<'_>, table_name: &str, table: &mut TableDef, constraint: &TableConstraint) -> Result<(), SqlError> {
    let known = |table: &TableDef, name: String, location: Location| match table.position(&name) {
        Some(index) => Ok((index, name)),
        None => Err(error::no_column(work.text(), &name, location)),
    };
    let folded = |column: &ast::IndexColumn| match &column.column.expr {
        ast::Expr::Identifier(ident) => (parse::fold(ident), ident.span.start),
        other => (other.to_string().to_lowercase(), Location::empty()),
    };
    match constraint {
        TableConstraint::PrimaryKey(key) => {
            if !table.primary_key.is_empty() {
                let message = format!("multiple primary keys for table \"{table_name}\" are not allowed");
                return Err(work.semantic(Location::empty(), &message, &message));
            }
            for column in &key.columns {
                let (name, location) = folded(column);
                let (index, name) = known(table, name, location)?;
                table.columns[index].nullable = false;
                table.primary_key.push(name);
            }
        }
        TableConstraint::Unique(key) => {
            let mut columns = Vec::new();
            for column in &key.columns {
                let (name, location) = folded(column);
                columns.push(known(table, name, location)?.1);
            }
            let name = key.name.as_ref().map_or_else(|| format!("{table_name}_{}_key", columns.join("_")), parse::fold);
            table.constraints.push(Constraint { name, kind: 'u', columns, references: None });
        }
        TableConstraint::ForeignKey(key) => {
            let mut columns = Vec::new();
            for column in &key.columns {
                columns.push(known(table, parse::fold(column), column.span.start)?.1);
            }
            let name = key.name.as_ref().map_or_else(|| format!("{table_name}_{}_fkey", columns.join("_")), parse::fold);
            let (to, _) = work.resolve_table(&parse::object_name(&key.foreign_table))?;
            let referred: Vec<String> = key.referred_columns.iter().map(parse::fold).collect();
            table.constraints.push(Constraint { name, kind: 'f', columns, references: Some(format!("{to}({})", referred.join(", "))) });
        }
        TableConstraint::Check(_) => return Err(work.text().unsupported("CHECK")),
        _ => return Err(work.text().unsupported("this table constraint")),
    }
    Ok(())
}
