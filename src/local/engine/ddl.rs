//! Definitions: databases, schemas, tables, views. What is changed is in `alter`, what goes in `drop`.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{
    self, ColumnOption, CreateTableLikeDefaults, CreateTableLikeKind, Ident, ObjectName, Query, SchemaName, SetExpr, Truncate,
};
use datafusion::sql::sqlparser::tokenizer::Location;

use super::catalog::{
    ColumnDef, Database, ExternalSchema, LakeDatabase, LakeRelation, Relation, Schema, TEMPORARY, TableDef, TableName, ViewDef,
};
use super::error;
use super::execute;
use super::external;
use super::parse::{self, CreateDatabase, CreateExternalSchema, CreateExternalTable, Name, TableAttributes};
use super::types::ColumnType;
use super::work::{Work, common_names};
use super::{Dialect, Outcome, SqlError, SqlErrorKind, StatementKind};
use super::{drop, keys, outside};

/// The outcome of a definition.
fn done() -> Result<Outcome, SqlError> {
    Ok(Outcome::done(StatementKind::Ddl, None))
}

impl Work<'_> {
    /// An error about names: worded for Redshift, and for Athena.
    pub(super) fn semantic(&self, location: Location, redshift: &str, athena: &str) -> SqlError {
        self.text().error(SqlErrorKind::Semantic, location, redshift, athena)
    }

    /// Hive's way to report what its metastore refused.
    pub(super) fn hive(&self, exception: &str, message: &str) -> SqlError {
        let text =
            format!("FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. {exception}(message:{message})");
        SqlError::new(SqlErrorKind::Semantic, text)
    }

    /// Hive's way to report a database that does not exist.
    pub(super) fn no_database(&self, database: &str) -> SqlError {
        SqlError::new(SqlErrorKind::Semantic, format!("FAILED: SemanticException [Error 10072]: Database does not exist: {database}"))
    }

    /// Checks that `name` can be made: its schema exists, is the warehouse's own, and has nothing of that name. `Ok(false)` when it has
    /// and `if_not_exists`.
    pub(super) async fn free(&mut self, name: &TableName, if_not_exists: bool) -> Result<bool, SqlError> {
        self.catalog_mut().await?;
        if name.schema != TEMPORARY {
            match self.catalog().schema(&name.database, &name.schema) {
                None => return Err(error::no_schema(&name.schema)),
                Some(Schema { external: Some(_), .. }) => {
                    let message = format!("Operation is not supported on external schema \"{}\"", name.schema);
                    return Err(self.semantic(Location::empty(), &message, &message));
                }
                Some(_) => {}
            }
        }
        match self.transaction.relation(name) {
            None => Ok(true),
            Some(_) if if_not_exists => Ok(false),
            Some(_) => {
                let message = format!("Relation \"{}\" already exists", name.table);
                Err(self.semantic(Location::empty(), &message, &message))
            }
        }
    }
}

/// `CREATE TABLE`, also `AS` and `LIKE`.
pub async fn create_table(work: &mut Work<'_>, create: ast::CreateTable, attributes: TableAttributes) -> Result<Outcome, SqlError> {
    if work.dialect() == Dialect::Athena {
        return Err(work.text().unsupported("CREATE TABLE"));
    }
    // PostgreSQL's, which Redshift has not: the columns of the other table would be missing.
    if create.inherits.is_some() {
        return Err(work.text().unsupported("INHERITS"));
    }
    let name = new_name(work, &parse::object_name(&create.name), create.temporary);
    if !work.free(&name, create.if_not_exists).await? {
        return done();
    }
    if let Some(query) = create.query {
        let labels: Vec<String> = create.columns.iter().map(|column| parse::fold(&column.name)).collect();
        return create_as(work, name, *query, &labels, attributes).await;
    }
    let mut table = match &create.like {
        Some(CreateTableLikeKind::Parenthesized(like) | CreateTableLikeKind::Plain(like)) => {
            let (_, model) = work.resolve_table(&parse::object_name(&like.name))?;
            let mut columns = model.columns.clone();
            if !matches!(like.defaults, Some(CreateTableLikeDefaults::Including)) {
                columns.iter_mut().for_each(|column| column.default = None);
            }
            TableDef { columns, attributes: model.attributes.clone(), ..TableDef::default() }
        }
        None => declared(work, &create)?,
    };
    if create.like.is_none() {
        table.attributes = attributes;
    }
    work.transaction.put(&name, Relation::Table(Arc::new(table))).await?;
    done()
}

/// The full name of a new table; a temporary one is the session's.
pub fn new_name(work: &Work<'_>, name: &Name, temporary: bool) -> TableName {
    let mut target = work.target(name);
    if temporary || target.table.starts_with('#') {
        TEMPORARY.clone_into(&mut target.schema);
    }
    target
}

/// A table as its columns and constraints declare it.
fn declared(work: &Work<'_>, create: &ast::CreateTable) -> Result<TableDef, SqlError> {
    let mut table = TableDef::default();
    for column in &create.columns {
        let name = parse::fold(&column.name);
        if table.position(&name).is_some() {
            let message = format!("column \"{name}\" specified more than once");
            return Err(work.semantic(column.name.span.start, &message, &message));
        }
        let (declared, primary) = declared_column(work, column)?;
        if primary {
            table.primary_key.push(declared.name.clone());
        }
        let name = declared.name.clone();
        table.columns.push(declared);
        keys::column_keys(work, &create.name, column, &name, &mut table)?;
    }
    if table.columns.is_empty() {
        return Err(work.plain("a table needs at least one column"));
    }
    let name = parse::object_name(&create.name);
    for constraint in &create.constraints {
        keys::constrain(work, name.last(), &mut table, constraint)?;
    }
    Ok(table)
}

/// A column as it is declared, and whether it is the primary key.
pub fn declared_column(work: &Work<'_>, column: &ast::ColumnDef) -> Result<(ColumnDef, bool), SqlError> {
    let kind = column_type(work, &column.data_type, column.name.span.start)?;
    let mut declared = ColumnDef::new(parse::fold(&column.name), kind);
    let mut primary = false;
    for option in &column.options {
        match &option.option {
            ColumnOption::NotNull => declared.nullable = false,
            ColumnOption::Default(expr) => declared.default = Some(expr.to_string()),
            ColumnOption::PrimaryKey(_) => (declared.nullable, primary) = (false, true),
            ColumnOption::Check(_) => return Err(work.text().unsupported("CHECK")),
            // Keys are informational in Redshift, collations and comments have no effect here.
            _ => {}
        }
    }
    Ok((declared, primary))
}

/// The column type that a definition names.
pub fn column_type(work: &Work<'_>, kind: &ast::DataType, location: Location) -> Result<ColumnType, SqlError> {
    ColumnType::of_ast(work.dialect(), kind).ok_or_else(|| {
        let written = kind.to_string().to_lowercase();
        let message = match kind {
            ast::DataType::Decimal(_) | ast::DataType::Numeric(_) | ast::DataType::Dec(_) => {
                format!("invalid type {written}: the precision must be between 1 and 38, the scale between 0 and the precision")
            }
            ast::DataType::Varchar(_) | ast::DataType::CharacterVarying(_) => {
                format!("invalid type {written}: the length must be between 1 and 65535")
            }
            _ => format!("type \"{written}\" does not exist"),
        };
        work.semantic(location, &message, &message)
    })
}

/// `CREATE TABLE name AS query`.
async fn create_as(
    work: &mut Work<'_>,
    name: TableName,
    query: Query,
    labels: &[String],
    attributes: TableAttributes,
) -> Result<Outcome, SqlError> {
    let (state, traced) = work.planned(query, None).await?;
    let mut columns = execute::column_defs(work, &traced);
    if labels.len() > columns.len() {
        return Err(work.plain("CREATE TABLE AS specifies too many column names"));
    }
    for (column, label) in columns.iter_mut().zip(labels) {
        column.name.clone_from(label);
    }
    for (index, column) in columns.iter().enumerate() {
        if columns[..index].iter().any(|other| other.name == column.name) {
            let message = format!("column \"{}\" specified more than once", column.name);
            return Err(work.semantic(Location::empty(), &message, &message));
        }
    }
    let table = TableDef { columns, attributes, ..TableDef::default() };
    let rows = work.run(&state, &traced.plan).await?;
    work.transaction.put(&name, Relation::Table(Arc::new(table))).await?;
    let count = work.append(&name, None, rows).await?;
    Ok(Outcome::done(StatementKind::Ddl, Some(count)))
}

/// Takes the `INTO target` out of `SELECT … INTO target FROM …`.
pub fn select_into(query: &Query) -> Option<((Name, bool), Query)> {
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let into = select.into.as_ref()?;
    let target = (parse::object_name(&into.name), into.temporary);
    let mut query = query.clone();
    if let SetExpr::Select(select) = query.body.as_mut() {
        select.into = None;
    }
    Some((target, query))
}

/// `SELECT … INTO [TEMP] target`.
pub async fn create_table_from(work: &mut Work<'_>, target: &(Name, bool), query: Query) -> Result<Outcome, SqlError> {
    if work.dialect() == Dialect::Athena {
        return Err(work.text().unsupported("SELECT INTO"));
    }
    let name = new_name(work, &target.0, target.1);
    work.free(&name, false).await?;
    create_as(work, name, query, &[], TableAttributes::default()).await
}

/// `CREATE [OR REPLACE] VIEW`.
pub async fn create_view(work: &mut Work<'_>, view: ast::CreateView) -> Result<Outcome, SqlError> {
    work.catalog_mut().await?;
    let name = work.target(&parse::object_name(&view.name));
    let labels: Vec<String> = view.columns.iter().map(|column| parse::fold(&column.name)).collect();
    let mut query = view.query;
    let named = |mut columns: Vec<ColumnDef>| {
        for (column, label) in columns.iter_mut().zip(&labels) {
            column.name.clone_from(label);
        }
        columns
    };
    let (columns, uses) = match work.planned(Query::clone(&query), None).await {
        // What it is made of need not be there yet, and may be another then: its columns are those of now, for who asks.
        Ok((_, traced)) if view.with_no_schema_binding => (named(execute::column_defs(work, &traced)), Vec::new()),
        Err(_) if view.with_no_schema_binding => (Vec::new(), Vec::new()),
        Ok((_, traced)) => {
            let columns = named(execute::column_defs(work, &traced));
            qualify(&mut query, &traced.origins);
            (columns, traced.origins.into_values().collect())
        }
        Err(error) => return Err(error),
    };
    let text = if labels.is_empty() {
        query.to_string()
    } else {
        let quoted: Vec<String> = labels.iter().map(|label| format!("\"{}\"", label.replace('"', "\"\""))).collect();
        format!("SELECT * FROM ({query}) AS __view ({})", quoted.join(", "))
    };
    if uses.contains(&name) {
        return Err(work.text().unsupported("a view that refers to itself"));
    }
    let definition = Arc::new(ViewDef { sql: text, columns, late_binding: view.with_no_schema_binding, uses, comments: BTreeMap::new() });
    if work.dialect() == Dialect::Athena {
        let exists = work.catalog().lake_table(&name.schema, &name.table).cloned();
        match exists {
            Some(LakeRelation::View(_)) if view.or_replace => {}
            Some(_) => {
                let athena = format!("ALREADY_EXISTS: Table or view already exists: {}.{}", name.schema, name.table);
                return Err(work.semantic(Location::empty(), &athena, &athena));
            }
            None => {}
        }
        let Some(database) = work.catalog_mut().await?.lake.get_mut(&name.schema) else { return Err(work.no_database(&name.schema)) };
        database.tables.insert(name.table, LakeRelation::View(definition));
        return done();
    }
    let replaces = view.or_replace && matches!(work.transaction.relation(&name), Some(Relation::View(_)));
    if !replaces && !work.free(&name, view.if_not_exists).await? {
        return done();
    }
    work.transaction.put(&name, Relation::View(definition)).await?;
    done()
}

/// Gives the relations of a view's query their schemas, so that the view means the same whatever the search path is.
pub fn qualify(query: &mut Query, origins: &BTreeMap<Vec<String>, TableName>) {
    let common = common_names(query);
    // The visitor never breaks off.
    let _ = ast::visit_relations_mut(query, |relation| {
        let name = parse::object_name(relation);
        if let ([table], Some(full)) = (name.parts.as_slice(), origins.get(&name.parts))
            && full.schema != TEMPORARY
            && !common.contains(table)
        {
            *relation = ObjectName::from(vec![Ident::with_quote('"', &full.schema), Ident::with_quote('"', &full.table)]);
        }
        ControlFlow::<()>::Continue(())
    });
}

/// `CREATE SCHEMA` in the warehouse.
pub async fn create_schema(work: &mut Work<'_>, name: &SchemaName, if_not_exists: bool) -> Result<Outcome, SqlError> {
    let name = match name {
        SchemaName::Simple(name) | SchemaName::NamedAuthorization(name, _) => parse::object_name(name).last().to_owned(),
        SchemaName::UnnamedAuthorization(user) => parse::fold(user),
    };
    add_schema(work, &name, if_not_exists, Schema::default()).await?;
    done()
}

/// Adds a schema to the session's database.
async fn add_schema(work: &mut Work<'_>, name: &str, if_not_exists: bool, schema: Schema) -> Result<(), SqlError> {
    let database = work.session.database.clone();
    if name.starts_with("pg_") {
        let message = format!("unacceptable schema name \"{name}\"\n  Detail: The prefix \"pg_\" is reserved for system schemas.");
        return Err(work.semantic(Location::empty(), &message, &message));
    }
    let exists = work.catalog().schema(&database, name).is_some();
    if exists && if_not_exists {
        return Ok(());
    }
    if exists {
        let message = format!("Schema \"{name}\" already exists");
        return Err(work.semantic(Location::empty(), &message, &message));
    }
    let catalog = work.catalog_mut().await?;
    let Some(Database { schemas, .. }) = catalog.warehouse.get_mut(&database) else {
        let message = format!("database \"{database}\" does not exist");
        return Err(work.semantic(Location::empty(), &message, &message));
    };
    schemas.insert(name.to_owned(), schema);
    Ok(())
}

/// `CREATE EXTERNAL SCHEMA … FROM DATA CATALOG`.
pub async fn create_external_schema(work: &mut Work<'_>, create: CreateExternalSchema) -> Result<Outcome, SqlError> {
    work.catalog_mut().await?;
    let glue = create.database.to_lowercase();
    if create.create_database {
        let identity = work.engine().identity(create.iam_role.as_deref().unwrap_or_default())?;
        for action in ["glue:GetDatabase", "glue:CreateDatabase"] {
            outside::catalog(&identity, action, &glue, None)?;
        }
    }
    let schema = Schema {
        external: Some(ExternalSchema { database: glue.clone(), iam_role: create.iam_role.unwrap_or_default(), region: create.region }),
        ..Schema::default()
    };
    add_schema(work, &create.name, create.if_not_exists, schema).await?;
    if create.create_database {
        work.catalog_mut().await?.lake.entry(glue).or_default();
    }
    done()
}

/// `DROP SCHEMA name DROP EXTERNAL DATABASE [CASCADE]`: the schema and its Glue database.
pub async fn drop_external_schema(work: &mut Work<'_>, name: &Name, if_exists: bool, cascade: bool) -> Result<Outcome, SqlError> {
    work.catalog_mut().await?;
    let external = work.catalog().schema(&work.session.database, name.last()).and_then(|schema| schema.external.clone());
    if let Some(external) = &external {
        outside::catalog(&work.engine().identity(&external.iam_role)?, "glue:DeleteDatabase", &external.database, None)?;
    }
    drop::drop_schema(work, name, if_exists, cascade).await?;
    if let Some(external) = external {
        let not_empty = work.catalog().lake.get(&external.database).is_some_and(|database| !database.tables.is_empty());
        if not_empty && !cascade {
            let message = format!("Database {} is not empty. One or more tables exist.", external.database);
            return Err(work.semantic(Location::empty(), &message, &message));
        }
        work.catalog_mut().await?.lake.remove(&external.database);
    }
    done()
}

/// Athena's `CREATE DATABASE`.
pub async fn create_database(work: &mut Work<'_>, create: CreateDatabase) -> Result<Outcome, SqlError> {
    let name = create.name.last().to_owned();
    if work.catalog_mut().await?.lake.contains_key(&name) {
        if create.if_not_exists {
            return done();
        }
        return Err(work.hive("AlreadyExistsException", &format!("Database {name} already exists")));
    }
    let database =
        LakeDatabase { comment: create.comment, location: create.location, properties: create.properties, ..LakeDatabase::default() };
    work.catalog_mut().await?.lake.insert(name, database);
    done()
}

/// Athena's `DROP DATABASE`.
pub async fn drop_database(work: &mut Work<'_>, name: &Name, if_exists: bool, cascade: bool) -> Result<Outcome, SqlError> {
    let catalog = work.catalog_mut().await?;
    match catalog.lake.get(name.last()) {
        None if if_exists => return done(),
        None => return Err(work.no_database(name.last())),
        Some(database) if !database.tables.is_empty() && !cascade => {
            let message = format!("Database {} is not empty. One or more tables exist.", name.last());
            return Err(work.hive("InvalidOperationException", &message));
        }
        Some(_) => {
            catalog.lake.remove(name.last());
        }
    }
    done()
}

/// `CREATE EXTERNAL TABLE`, Athena's or Redshift's.
pub async fn create_external_table(work: &mut Work<'_>, create: CreateExternalTable) -> Result<Outcome, SqlError> {
    let if_not_exists = create.if_not_exists;
    work.catalog_mut().await?;
    let target = work.target(&create.name);
    let database = match work.dialect() {
        Dialect::Athena => target.schema.clone(),
        Dialect::Redshift => {
            let schema = work.catalog().schema(&target.database, &target.schema).ok_or_else(|| error::no_schema(&target.schema))?;
            let Some(external) = &schema.external else {
                let message = format!("schema \"{}\" is not an external schema", target.schema);
                return Err(work.semantic(create.name.span.start, &message, &message));
            };
            external.database.clone()
        }
    };
    let Some(known) = work.catalog().lake.get(&database) else { return Err(work.no_database(&database)) };
    if known.tables.contains_key(&target.table) {
        if if_not_exists {
            return done();
        }
        return Err(match work.dialect() {
            Dialect::Athena => work.hive("AlreadyExistsException", &format!("Table {} already exists.", target.table)),
            Dialect::Redshift => {
                let message = format!("Relation \"{}\" already exists", target.table);
                work.semantic(Location::empty(), &message, &message)
            }
        });
    }
    outside::catalog(&work.lake_identity(&target)?, "glue:CreateTable", &database, Some(&target.table))?;
    let table = external::definition(work, create)?;
    if let Some(known) = work.catalog_mut().await?.lake.get_mut(&database) {
        known.tables.insert(target.table, LakeRelation::External(Arc::new(table)));
    }
    done()
}

/// `TRUNCATE`.
pub async fn truncate(work: &mut Work<'_>, truncate: &Truncate) -> Result<Outcome, SqlError> {
    work.catalog_mut().await?;
    for target in &truncate.table_names {
        let (name, table) = work.writable_table(&parse::object_name(&target.name))?;
        let emptied = TableDef { files: Vec::new(), ..TableDef::clone(&table) };
        work.transaction.put(&name, Relation::Table(Arc::new(emptied))).await?;
    }
    done()
}
