//! `ALTER TABLE` and `ALTER SCHEMA` in the warehouse.
//!
//! Names, lengths and attributes are the catalog's alone. A column that comes or goes is written: the files are made anew with it or
//! without it, so that a file always has the columns of its table.

use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{self, Ident, ObjectName, TableAlias, TableFactor, VisitMut, VisitorMut};
use datafusion::sql::sqlparser::tokenizer::Location;

use super::catalog::{Constraint, PUBLIC, Relation, TEMPORARY, TableDef, TableName, ViewDef};
use super::parse::{self, AlterAction, AlterSchema, AlterTable, ColumnAttributes, DistStyle, Statement, TableAttributes, WrittenColumn};
use super::scan::Source;
use super::table::WarehouseTable;
use super::types::ColumnType;
use super::work::Work;
use super::{Dialect, Outcome, SqlError, SqlErrorKind, StatementKind, ddl, drop, error, keys, outcome};

/// `ALTER TABLE`.
pub async fn alter_table(work: &mut Work<'_>, alter: AlterTable) -> Result<Outcome, SqlError> {
    work.catalog_mut().await?;
    let (name, table) = work.writable_table(&alter.table)?;
    let mut changed = TableDef::clone(&table);
    match alter.action {
        AlterAction::Rename { to } => rename_table(work, &name, &to).await?,
        AlterAction::RenameColumn { column, to } => rename_column(work, &name, changed, &column, &to).await?,
        AlterAction::AddColumn { column, attributes } => add_column(work, &name, &table, &column, attributes).await?,
        AlterAction::DropColumn { column, cascade } => drop_column(work, &name, &table, &column, cascade).await?,
        AlterAction::ColumnType { column, data_type } => column_type(work, &name, &table, &column, &data_type).await?,
        AlterAction::Encode { column, encoding } => {
            let index = position(work, &name, &table, &column)?;
            attributes_of(&mut changed.attributes, &table.columns[index].name).encode = Some(encoding);
            work.transaction.put(&name, Relation::Table(Arc::new(changed))).await?;
        }
        AlterAction::Owner { user } => owner(work, &user)?,
        AlterAction::Attributes(written) => {
            distribute(work, &name, &mut changed, *written)?;
            work.transaction.put(&name, Relation::Table(Arc::new(changed))).await?;
        }
        AlterAction::AddConstraint(constraint) => {
            keys::constrain(work, &name.table, &mut changed, &constraint)?;
            work.transaction.put(&name, Relation::Table(Arc::new(changed))).await?;
        }
        AlterAction::DropConstraint { name: constraint } => {
            drop_constraint(work, &name, &mut changed, &constraint)?;
            work.transaction.put(&name, Relation::Table(Arc::new(changed))).await?;
        }
    }
    Ok(Outcome::done(StatementKind::Ddl, None))
}

/// `ALTER SCHEMA name RENAME TO | OWNER TO`.
pub async fn alter_schema(work: &mut Work<'_>, alter: AlterSchema) -> Result<Outcome, SqlError> {
    work.catalog_mut().await?;
    let (database, schema) = (work.session.database.clone(), alter.name.last().to_owned());
    if work.catalog().schema(&database, &schema).is_none() {
        return Err(refused(work, alter.name.span.start, &format!("schema \"{schema}\" does not exist")));
    }
    if let Some(user) = alter.owner {
        owner(work, &user)?;
    }
    if let Some(to) = alter.rename {
        if schema == PUBLIC || to.starts_with("pg_") {
            return Err(refused(work, alter.name.span.start, &format!("schema \"{schema}\" cannot be renamed to \"{to}\"")));
        }
        if work.catalog().schema(&database, &to).is_some() {
            return Err(refused(work, Location::empty(), &format!("schema \"{to}\" already exists")));
        }
        let prefix = format!("{schema}.");
        if work.catalog().database(&database).is_some_and(|known| known.models.keys().any(|key| key.starts_with(&prefix))) {
            return Err(work.text().unsupported("ALTER SCHEMA RENAME of a schema that has models"));
        }
        let catalog = work.catalog_mut().await?;
        let Some(known) = catalog.warehouse.get_mut(&database) else { return Err(error::no_schema(&schema)) };
        let Some(moved) = known.schemas.remove(&schema) else { return Err(error::no_schema(&schema)) };
        let tables: Vec<String> = moved.relations.keys().cloned().collect();
        known.schemas.insert(to.clone(), moved);
        for table in tables {
            let old = TableName { database: database.clone(), schema: schema.clone(), table };
            let new = TableName { schema: to.clone(), ..old.clone() };
            follow(work, &old, &new).await?;
        }
    }
    Ok(Outcome::done(StatementKind::Ddl, None))
}

fn refused(work: &Work<'_>, location: Location, message: &str) -> SqlError {
    work.text().error(SqlErrorKind::Semantic, location, message, message)
}

/// The position of a column that a statement names.
fn position(work: &Work<'_>, name: &TableName, table: &TableDef, column: &WrittenColumn) -> Result<usize, SqlError> {
    table.position(&column.name).ok_or_else(|| {
        let message = format!("column \"{}\" of relation \"{}\" does not exist", column.name, name.table);
        refused(work, column.span.start, &message)
    })
}

/// The embedded warehouse has one user, who owns everything.
fn owner(work: &Work<'_>, user: &str) -> Result<(), SqlError> {
    if user.eq_ignore_ascii_case(&work.session.user) || user == "current_user" || user == "session_user" {
        return Ok(());
    }
    Err(refused(work, Location::empty(), &format!("user \"{user}\" does not exist")))
}

async fn rename_table(work: &mut Work<'_>, name: &TableName, to: &str) -> Result<(), SqlError> {
    let new = TableName { table: to.to_owned(), ..name.clone() };
    if work.transaction.relation(&new).is_some() {
        return Err(refused(work, Location::empty(), &format!("relation \"{to}\" already exists")));
    }
    if let Some(relation) = work.transaction.remove(name).await? {
        work.transaction.put(&new, relation).await?;
    }
    if name.schema == TEMPORARY { Ok(()) } else { follow(work, name, &new).await }
}

/// Lets views that read a relation read it under its new name.
async fn follow(work: &mut Work<'_>, old: &TableName, new: &TableName) -> Result<(), SqlError> {
    let names: Vec<TableName> = drop::relations(work.catalog(), &old.database);
    for view_name in names {
        match work.transaction.relation(&view_name).cloned() {
            Some(Relation::View(view)) if view.uses.contains(old) => {
                let sql = renamed(&view.sql, old, new)?;
                let uses = view.uses.iter().map(|used| if used == old { new.clone() } else { used.clone() }).collect();
                let view = ViewDef { sql, uses, ..ViewDef::clone(&view) };
                work.transaction.put(&view_name, Relation::View(Arc::new(view))).await?;
            }
            Some(Relation::Table(table)) => {
                let mut table = TableDef::clone(&table);
                let Some(materialized) = table.materialized.as_mut().filter(|view| view.uses.contains(old)) else { continue };
                materialized.sql = renamed(&materialized.sql, old, new)?;
                materialized.uses.iter_mut().filter(|used| *used == old).for_each(|used| *used = new.clone());
                work.transaction.put(&view_name, Relation::Table(Arc::new(table))).await?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// A view's query with a relation under another name; what it was called in the query it still is.
fn renamed(sql: &str, old: &TableName, new: &TableName) -> Result<String, SqlError> {
    struct Rename<'a> {
        old: &'a TableName,
        new: &'a TableName,
    }
    impl VisitorMut for Rename<'_> {
        type Break = ();
        fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
            if let TableFactor::Table { name, alias, .. } = factor {
                let written = parse::object_name(name);
                if written.last() == self.old.table && written.qualifier() == Some(self.old.schema.as_str()) {
                    *name = ObjectName::from(vec![Ident::with_quote('"', &self.new.schema), Ident::with_quote('"', &self.new.table)]);
                    if alias.is_none() {
                        let label = Ident::with_quote('"', &self.old.table);
                        *alias = Some(TableAlias { explicit: true, name: label, columns: Vec::new(), at: None });
                    }
                }
            }
            ControlFlow::Continue(())
        }
    }
    let mut query = view_query(sql)?;
    // The visitor never breaks off.
    let _ = VisitMut::visit(&mut query, &mut Rename { old, new });
    Ok(query.to_string())
}

/// The query of a view of the warehouse.
fn view_query(sql: &str) -> Result<ast::Query, SqlError> {
    match parse::parse(Dialect::Redshift, sql, &[])? {
        Statement::Sql(statement) => match *statement {
            ast::Statement::Query(query) => Ok(*query),
            other => Err(error::internal(format!("{other} is not the query of a view"))),
        },
        _ => Err(error::internal("a view is not a query")),
    }
}

/// Views that read a relation and cannot be read any more as they were declared.
async fn broken(work: &mut Work<'_>, name: &TableName) -> Result<Vec<TableName>, SqlError> {
    let mut found = Vec::new();
    for dependent in drop::dependents(work, name) {
        let (sql, columns) = match work.transaction.relation(&dependent) {
            Some(Relation::View(view)) => (view.sql.clone(), view.columns.clone()),
            Some(Relation::Table(table)) => match &table.materialized {
                Some(materialized) => (materialized.sql.clone(), table.columns.clone()),
                None => continue,
            },
            None => continue,
        };
        let whole = match work.planned(view_query(&sql)?, None).await {
            Ok((_, traced)) => {
                let fields = traced.plan.schema().fields();
                columns.len() <= fields.len()
                    && columns
                        .iter()
                        .all(|column| fields.iter().any(|field| super::dialect::label(field.name()).eq_ignore_ascii_case(&column.name)))
            }
            Err(_) => false,
        };
        if !whole {
            found.push(dependent);
        }
    }
    Ok(found)
}

async fn rename_column(
    work: &mut Work<'_>,
    name: &TableName,
    mut table: TableDef,
    column: &WrittenColumn,
    to: &WrittenColumn,
) -> Result<(), SqlError> {
    let index = position(work, name, &table, column)?;
    if table.position(&to.name).is_some() {
        return Err(refused(work, to.span.start, &format!("column \"{}\" of relation \"{}\" already exists", to.name, name.table)));
    }
    table.columns[index].name.clone_from(&to.name);
    let swap = |known: &mut String| {
        if *known == column.name {
            known.clone_from(&to.name);
        }
    };
    table.attributes.dist_key.iter_mut().for_each(swap);
    table.attributes.sort_key.iter_mut().for_each(swap);
    table.attributes.columns.iter_mut().for_each(|(known, _)| swap(known));
    table.primary_key.iter_mut().for_each(swap);
    table.constraints.iter_mut().flat_map(|constraint| &mut constraint.columns).for_each(swap);
    if let Some(comment) = table.comments.remove(&column.name) {
        table.comments.insert(to.name.clone(), comment);
    }
    work.transaction.put(name, Relation::Table(Arc::new(table))).await?;
    if let Some(view) = broken(work, name).await?.first() {
        let message = format!("cannot rename column {} of table {} because view {} depends on it", column.name, name.table, view.table);
        return Err(refused(work, column.span.start, &message));
    }
    Ok(())
}

async fn add_column(
    work: &mut Work<'_>,
    name: &TableName,
    table: &TableDef,
    column: &ast::ColumnDef,
    attributes: ColumnAttributes,
) -> Result<(), SqlError> {
    let (declared, primary) = ddl::declared_column(work, column)?;
    let location = column.name.span.start;
    if table.position(&declared.name).is_some() {
        return Err(refused(work, location, &format!("column \"{}\" of relation \"{}\" already exists", declared.name, name.table)));
    }
    if attributes.identity.is_some() {
        return Err(work.text().unsupported("ALTER TABLE ADD COLUMN of an IDENTITY column"));
    }
    if primary {
        return Err(work.text().unsupported("ALTER TABLE ADD COLUMN with PRIMARY KEY"));
    }
    if !declared.nullable && declared.default.as_deref().is_none_or(|default| default.eq_ignore_ascii_case("null")) {
        return Err(refused(work, location, "ALTER TABLE ADD COLUMN defined as NOT NULL must have a non-null default expression"));
    }
    let mut new = TableDef { files: Vec::new(), ..table.clone() };
    if attributes != ColumnAttributes::default() {
        new.attributes.columns.push((declared.name.clone(), attributes));
    }
    new.columns.push(declared);
    let kept: Vec<usize> = (0..table.columns.len()).collect();
    rewrite(work, name, table, new, &kept).await
}

async fn drop_column(
    work: &mut Work<'_>,
    name: &TableName,
    table: &TableDef,
    column: &WrittenColumn,
    cascade: bool,
) -> Result<(), SqlError> {
    let index = position(work, name, table, column)?;
    let attributes = &table.attributes;
    let key = if attributes.dist_key.as_deref() == Some(column.name.as_str()) {
        Some("distkey")
    } else {
        attributes.sort_key.contains(&column.name).then_some("sortkey")
    };
    if let Some(key) = key {
        let message = format!("cannot drop {key} column \"{}\"", column.name);
        return Err(refused(work, column.span.start, &message));
    }
    if table.columns.len() == 1 {
        let message = format!("cannot drop the only column of table \"{}\"", name.table);
        return Err(refused(work, column.span.start, &message));
    }
    let mut new = TableDef { files: Vec::new(), ..table.clone() };
    new.columns.remove(index);
    new.attributes.columns.retain(|(known, _)| *known != column.name);
    new.comments.remove(&column.name);
    if new.primary_key.contains(&column.name) {
        new.primary_key.clear();
    }
    new.constraints.retain(|constraint| !constraint.columns.contains(&column.name));
    work.transaction.put(name, Relation::Table(Arc::new(new.clone()))).await?;
    let broken = broken(work, name).await?;
    if let Some(view) = broken.first()
        && !cascade
    {
        let message = format!(
            "cannot drop table {} column {} because other objects depend on it\n  Detail: view {} depends on it.\n  Hint: Use DROP ... \
             CASCADE to drop the dependent objects too.",
            name.table, column.name, view.table
        );
        return Err(refused(work, column.span.start, &message));
    }
    for view in broken {
        work.transaction.remove(&view).await?;
    }
    let kept: Vec<usize> = (0..table.columns.len()).filter(|known| *known != index).collect();
    rewrite(work, name, table, new, &kept).await
}

/// Writes the rows of a table anew: the columns `kept` of the old one, and what the new one has besides with its default.
async fn rewrite(work: &mut Work<'_>, name: &TableName, old: &TableDef, new: TableDef, kept: &[usize]) -> Result<(), SqlError> {
    let columns: Vec<String> = kept.iter().filter_map(|index| old.columns.get(*index)).map(|column| column.name.clone()).collect();
    let source = WarehouseTable::new(work.engine, name, old, false);
    let rows = outcome::worded(work.text().check(source.open(kept, None))?, work.dialect(), work.sql);
    work.transaction.put(name, Relation::Table(Arc::new(new))).await?;
    work.append(name, Some(&columns), rows).await?;
    // Rows that were there keep their numbers: IDENTITY goes on where it was.
    let grown = work.table(name)?;
    let written = TableDef { numbered: old.numbered, ..TableDef::clone(&grown) };
    work.transaction.put(name, Relation::Table(Arc::new(written))).await
}

async fn column_type(
    work: &mut Work<'_>,
    name: &TableName,
    table: &TableDef,
    column: &WrittenColumn,
    data_type: &ast::DataType,
) -> Result<(), SqlError> {
    if work.session.in_transaction() {
        return Err(refused(work, Location::empty(), "ALTER TABLE ALTER COLUMN cannot run inside a transaction block"));
    }
    let index = position(work, name, table, column)?;
    let known = &table.columns[index];
    let wanted = ddl::column_type(work, data_type, column.span.start)?;
    let prefix = format!("cannot alter column \"{}\" of relation \"{}\"", column.name, name.table);
    let (ColumnType::Varchar(old), ColumnType::Varchar(new)) = (&known.column_type, &wanted) else {
        let message = format!("{prefix}, only the length of a character varying column can be changed");
        return Err(refused(work, column.span.start, &message));
    };
    let (old, new) = (old.unwrap_or(super::types::MAX_VARCHAR), new.unwrap_or(super::types::MAX_VARCHAR));
    if old == new {
        return Err(refused(work, column.span.start, &format!("{prefix}, target column size should be different")));
    }
    let keyed = table.primary_key.contains(&known.name) || table.constraints.iter().any(|key| key.columns.contains(&known.name));
    if known.default.is_some() || keyed {
        let what = if keyed { "a key" } else { "a default value" };
        return Err(refused(work, column.span.start, &format!("{prefix}, the column has {what}")));
    }
    let encoding = table.attributes.columns.iter().find(|(known, _)| *known == column.name).and_then(|(_, known)| known.encode.clone());
    if let Some(encoding) = encoding.filter(|encoding| matches!(encoding.as_str(), "bytedict" | "runlength" | "text255" | "text32k")) {
        return Err(refused(work, column.span.start, &format!("{prefix}, column encoding is {encoding}")));
    }
    if new < old && longest(work, name, table, index).await? > u64::from(new) {
        return Err(refused(work, column.span.start, &format!("{prefix}, it holds values that are longer than {new} bytes")));
    }
    let mut changed = table.clone();
    changed.columns[index].column_type = wanted;
    work.transaction.put(name, Relation::Table(Arc::new(changed))).await
}

/// Bytes of the longest text of a column.
async fn longest(work: &mut Work<'_>, name: &TableName, table: &TableDef, index: usize) -> Result<u64, SqlError> {
    use datafusion::arrow::array::{Array, cast::AsArray};
    let source = WarehouseTable::new(work.engine, name, table, false);
    let rows = outcome::worded(work.text().check(source.open(&[index], None))?, work.dialect(), work.sql);
    let mut longest = 0;
    for batch in outcome::collect(rows).await? {
        if let Some(texts) = batch.column(0).as_string_opt::<i32>() {
            let most = (0..texts.len()).filter(|row| texts.is_valid(*row)).map(|row| texts.value(row).len() as u64).max();
            longest = longest.max(most.unwrap_or(0));
        }
    }
    Ok(longest)
}

fn attributes_of<'a>(attributes: &'a mut TableAttributes, column: &str) -> &'a mut ColumnAttributes {
    let index = attributes.columns.iter().position(|(known, _)| known == column).unwrap_or_else(|| {
        attributes.columns.push((column.to_owned(), ColumnAttributes::default()));
        attributes.columns.len() - 1
    });
    &mut attributes.columns[index].1
}

/// Takes over the distribution and the sort key that a statement writes.
fn distribute(work: &Work<'_>, name: &TableName, table: &mut TableDef, written: TableAttributes) -> Result<(), SqlError> {
    let special = |column: &str| matches!(column, "auto" | "none");
    for column in written.dist_key.iter().chain(&written.sort_key) {
        if table.position(column).is_none() && !special(column) {
            let message = format!("column \"{column}\" of relation \"{}\" does not exist", name.table);
            return Err(refused(work, Location::empty(), &message));
        }
    }
    let attributes = &mut table.attributes;
    if written.dist_style == Some(DistStyle::Key) && written.dist_key.is_none() {
        return Err(refused(work, Location::empty(), "DISTSTYLE KEY needs a DISTKEY column"));
    }
    if written.dist_style.is_some() || written.dist_key.is_some() {
        attributes.dist_style = written.dist_style.or(Some(DistStyle::Key));
        attributes.dist_key = written.dist_key;
    }
    if !written.sort_key.is_empty() {
        attributes.interleaved = written.interleaved;
        attributes.sort_key = if written.sort_key == ["none"] { Vec::new() } else { written.sort_key };
    }
    attributes.encode_auto |= written.encode_auto;
    Ok(())
}

fn drop_constraint(work: &Work<'_>, name: &TableName, table: &mut TableDef, constraint: &WrittenColumn) -> Result<(), SqlError> {
    if constraint.name == Constraint::primary_key_name(&name.table) && !table.primary_key.is_empty() {
        table.primary_key.clear();
        return Ok(());
    }
    let before = table.constraints.len();
    table.constraints.retain(|known| known.name != constraint.name);
    if table.constraints.len() == before {
        let message = format!("constraint \"{}\" of relation \"{}\" does not exist", constraint.name, name.table);
        return Err(refused(work, constraint.span.start, &message));
    }
    Ok(())
}
