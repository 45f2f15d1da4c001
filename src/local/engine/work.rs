//! A statement at work: engine, session and transaction together, with what every kind of statement needs from them.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use datafusion::catalog::{
    CatalogProvider, CatalogProviderList, MemoryCatalogProvider, MemoryCatalogProviderList, MemorySchemaProvider, SchemaProvider,
    TableProvider,
};
use datafusion::common::Column;
use datafusion::datasource::ViewTable;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::sql::parser::Statement as PlannedStatement;
use datafusion::sql::sqlparser::ast::{self, ObjectName, Query, Visit, Visitor};

use super::catalog::{Catalog, ColumnDef, TableDef, TableName};
use super::error::Text;
use super::names::{self, Found};
use super::outcome::{self, TracedPlan};
use super::parse::{self, Name, Statement};
use super::scan::ScanTable;
use super::session::Session;
use super::table::WarehouseTable;
use super::transaction::Transaction;
use super::{Dialect, Engine, SqlError, SqlErrorKind, dialect, error, external, models, outside, settings, system};
use crate::local::iam::Identity;
use crate::local::objects::Objects;

/// Views over views deeper than this are refused: one of them would be itself.
const DEEPEST_VIEW: usize = 32;

/// Name of the relation that stands for the target of UPDATE and DELETE: the table with its row numbers.
pub const TARGET: &str = "__target";

/// A statement at work.
pub struct Work<'a> {
    pub(super) engine: &'a Engine,
    pub(super) session: &'a mut Session,
    pub(super) transaction: &'a mut Transaction,
    pub(super) sql: &'a str,
    pub(super) scanned: Arc<AtomicU64>,
    /// The statement's number in the journal; 0 where it has none.
    pub(super) query: u64,
}

impl<'a> Work<'a> {
    /// The engine.
    pub fn engine(&self) -> &Engine {
        self.engine
    }

    /// The session.
    pub fn session(&self) -> &Session {
        self.session
    }

    /// The dialect of the statement.
    pub fn dialect(&self) -> Dialect {
        self.session.dialect
    }

    /// The statement's text, for wording errors.
    pub fn text(&self) -> Text<'a> {
        Text::new(self.session.dialect, self.sql)
    }

    /// The objects of S3.
    pub fn objects(&self) -> &Objects {
        self.engine.objects()
    }

    /// The catalog as the statement sees it.
    pub fn catalog(&self) -> &Catalog {
        self.transaction.catalog()
    }

    /// The catalog, to change it; waits for the transaction that is writing.
    pub async fn catalog_mut(&mut self) -> Result<&mut Catalog, SqlError> {
        self.transaction.catalog_mut().await
    }

    /// The full name of something to be made.
    pub fn target(&self, name: &Name) -> TableName {
        names::target(self.session, name)
    }

    /// A table of the warehouse by its name as written.
    pub fn resolve_table(&self, name: &Name) -> Result<(TableName, Arc<TableDef>), SqlError> {
        match names::find(self.session, self.transaction, name) {
            Some(Found::Table(full, table)) => Ok((full, table)),
            Some(_) => {
                let redshift = format!("\"{}\" is not a table of the warehouse", name.last());
                let athena = format!("NOT_SUPPORTED: {name} is not a table that can be changed");
                Err(self.text().error(SqlErrorKind::Semantic, name.span.start, &redshift, &athena))
            }
            None => Err(names::missing(self.text(), self.session, self.transaction, name)),
        }
    }

    /// A table of the warehouse whose rows or definition may be changed: a materialized view is changed by its refresh only.
    pub fn writable_table(&self, name: &Name) -> Result<(TableName, Arc<TableDef>), SqlError> {
        let (full, table) = self.resolve_table(name)?;
        if table.materialized.is_some() {
            let message =
                format!("\"{}\" is a materialized view and cannot be changed\n  Hint: Use REFRESH MATERIALIZED VIEW.", name.last());
            return Err(self.text().error(SqlErrorKind::Semantic, name.span.start, &message, &message));
        }
        Ok((full, table))
    }

    /// The definition of a table of the warehouse.
    pub fn table(&self, name: &TableName) -> Result<Arc<TableDef>, SqlError> {
        self.transaction.table(name).cloned().ok_or_else(|| {
            let redshift = format!("relation \"{name}\" does not exist");
            SqlError::new(SqlErrorKind::Semantic, format!("ERROR: {redshift}"))
        })
    }

    /// Plans a query (rewritten from the session's dialect, names looked up, types checked) and gives the state to run it in. `target` is the table that [`TARGET`] stands for.
    pub(super) async fn planned(
        &mut self,
        query: Query,
        target: Option<(&TableName, &TableDef)>,
    ) -> Result<(SessionState, TracedPlan), SqlError> {
        let planner = Planner {
            engine: self.engine,
            session: self.session,
            transaction: self.transaction,
            scanned: &self.scanned,
            depth: 0,
            reader: None,
        };
        planner.plan(query, self.text(), target).await
    }

    /// Runs a query. Its errors, also those of the stream, are in the service's words ([`of_stream`](super::InStream::of_stream)).
    pub async fn query(&mut self, query: Query) -> Result<SendableRecordBatchStream, SqlError> {
        let (state, traced) = self.planned(query, None).await?;
        self.run(&state, &traced.plan).await
    }

    /// Runs a plan.
    pub(super) async fn run(&self, state: &SessionState, plan: &LogicalPlan) -> Result<SendableRecordBatchStream, SqlError> {
        let physical = self.physical(state, plan).await?;
        let stream = self.text().check(execute_stream(physical, state.task_ctx()))?;
        Ok(outcome::worded(stream, self.session.dialect, self.sql))
    }

    /// The physical plan.
    pub(super) async fn physical(&self, state: &SessionState, plan: &LogicalPlan) -> Result<Arc<dyn ExecutionPlan>, SqlError> {
        self.text().check(state.create_physical_plan(plan).await)
    }
}

/// Plans queries of one snapshot; views by planning what they stand for.
struct Planner<'a> {
    engine: &'a Engine,
    session: &'a Session,
    transaction: &'a Transaction,
    scanned: &'a Arc<AtomicU64>,
    depth: usize,
    /// Who reads the lake in a view of it that the warehouse uses.
    reader: Option<Identity>,
}

type Planned<'a, T> = Pin<Box<dyn Future<Output = Result<T, SqlError>> + Send + 'a>>;

impl Planner<'_> {
    fn plan<'a>(
        &'a self,
        query: Query,
        text: Text<'a>,
        target: Option<(&'a TableName, &'a TableDef)>,
    ) -> Planned<'a, (SessionState, TracedPlan)> {
        Box::pin(async move {
            let mut statement = ast::Statement::Query(Box::new(query));
            dialect::rewrite(text.dialect, &mut statement)?;
            let pseudo = external::pseudocolumns(text.dialect, &mut statement, |name| {
                matches!(names::find(self.session, self.transaction, name), Some(Found::External(..)))
            });
            let mut relations = Relations::default();
            let _ = statement.visit(&mut relations);

            let mut state = self.engine.state(text.dialect);
            let options = state.config_mut().options_mut();
            options.catalog.default_catalog = self.session.catalog_name().to_owned();
            options.catalog.default_schema = self.session.default_schema().to_owned();
            let settings = settings::all(&self.session.variables, &self.session.user).into_iter().collect();
            let objects = system::Objects::new(self.session, self.transaction);
            options.extensions.insert(dialect::SessionFacts { user: self.session.user.clone(), settings, objects });
            // Functions that are evaluated row by row find the facts by these, and not by the session's own options.
            let options = Arc::clone(state.config().options());
            state.execution_props_mut().config_options = Some(options);
            let mut providers = Providers::default();
            let mut origins = BTreeMap::new();
            for (name, optional) in relations.names {
                if let (Some((full, table)), [written]) = (target, name.parts.as_slice())
                    && written == TARGET
                {
                    self.transaction.observe(full);
                    let source = WarehouseTable::new(self.engine, full, table, true);
                    providers.add(self.session, &name, ScanTable::over(source));
                    continue;
                }
                let Some(found) = names::find(self.session, self.transaction, &name) else {
                    if optional {
                        continue;
                    }
                    return Err(names::missing(text, self.session, self.transaction, &name));
                };
                self.transaction.observe(found.name());
                let (full, provider) = self.provider(found, &pseudo, text).await?;
                origins.insert(name.parts.clone(), full);
                providers.add(self.session, &name, provider);
            }
            state.register_catalog_list(providers.list());
            if text.dialect == Dialect::Redshift {
                for function in models::functions(self.engine, self.transaction.catalog(), &self.session.database)? {
                    datafusion::execution::FunctionRegistry::register_udf(&mut state, function).map_err(|error| text.datafusion(&error))?;
                }
            }
            let plan = loop {
                match state.statement_to_plan(PlannedStatement::Statement(Box::new(statement.clone()))).await {
                    Ok(plan) => break plan,
                    Err(error) => {
                        let name = dialect::missing(&error).filter(|_| text.dialect == Dialect::Redshift);
                        // A column that is not there may be the alias of an expression before it.
                        if !name.is_some_and(|name| dialect::substitute(&mut statement, &name)) {
                            return Err(text.datafusion(&error));
                        }
                    }
                }
            };
            let mut plan = text.check(dialect::inline(text.dialect, plan))?;
            if let Some(zone) = self.session.zone() {
                plan = text.check(dialect::in_zone(plan, zone))?;
            }
            Ok((state, TracedPlan { plan, origins }))
        })
    }

    /// The provider of what was found, and the name that it has in results. Tables of the lake have the pseudocolumns beside their own.
    async fn provider(
        &self,
        found: Found,
        pseudo: &[external::Pseudo],
        text: Text<'_>,
    ) -> Result<(TableName, Arc<dyn TableProvider>), SqlError> {
        Ok(match found {
            Found::Table(name, table) => {
                let source = WarehouseTable::new(self.engine, &name, &table, false);
                (name, ScanTable::over(source))
            }
            Found::External(name, table) => {
                let reader = self.reader(&name, !table.partition_columns.is_empty())?;
                let provider = external::provider(
                    &self.engine.objects_of(reader),
                    &name,
                    &table,
                    pseudo,
                    Arc::clone(self.scanned),
                    self.engine.clock().now(),
                    text,
                )?;
                (name, provider)
            }
            Found::System(name) => {
                let provider = system::provider(self.engine, self.session, self.transaction, &name)?;
                (name, provider)
            }
            Found::View(name, view, view_dialect) => {
                if self.depth >= DEEPEST_VIEW {
                    return Err(text.unsupported("a view that refers to itself"));
                }
                let reader = match (self.session.dialect, view_dialect) {
                    (Dialect::Redshift, Dialect::Athena) => Some(self.reader(&name, false)?),
                    _ => self.reader.clone(),
                };
                // Names in a view of the lake are those of its database, whoever uses it.
                let lake = (view_dialect == Dialect::Athena).then(|| {
                    let schema = self.transaction.catalog().schema(&name.database, &name.schema);
                    let external = schema.and_then(|schema| schema.external.as_ref());
                    Session::new(self.engine, view_dialect, external.map_or(&name.schema, |external| &external.database))
                });
                let inner = Planner { session: lake.as_ref().unwrap_or(self.session), depth: self.depth + 1, reader, ..*self };
                let Statement::Sql(statement) = parse::parse(view_dialect, &view.sql, &[])? else {
                    return Err(error::internal(format!("the view {name} is not a query")));
                };
                let ast::Statement::Query(query) = *statement else {
                    return Err(error::internal(format!("the view {name} is not a query")));
                };
                let view_text = Text::new(view_dialect, &view.sql);
                let (_, traced) = inner.plan(*query, view_text, None).await?;
                let plan = if view.late_binding { traced.plan } else { text.check(as_declared(traced.plan, &view.columns))? };
                let provider: Arc<dyn TableProvider> = Arc::new(ViewTable::new(plan, Some(view.sql.clone())));
                (name, provider)
            }
        })
    }
}

impl Planner<'_> {
    /// Who reads a table or a view of the lake, allowed to read its definition.
    fn reader(&self, name: &TableName, partitioned: bool) -> Result<Identity, SqlError> {
        if let Some(reader) = &self.reader {
            outside::definition(reader, &name.schema, &name.table, partitioned)?;
            return Ok(reader.clone());
        }
        if self.session.dialect == Dialect::Athena {
            return Ok(Identity::Owner);
        }
        let external = self.transaction.catalog().schema(&name.database, &name.schema).and_then(|schema| schema.external.as_ref());
        let Some(external) = external else { return Ok(Identity::Owner) };
        let reader = self.engine.identity(&external.iam_role)?;
        outside::definition(&reader, &external.database, &name.table, partitioned)?;
        Ok(reader)
    }
}

/// The plan of a view with the columns that it was made with: a table that has grown since does not make its views grow.
pub(super) fn as_declared(plan: LogicalPlan, columns: &[ColumnDef]) -> datafusion::common::Result<LogicalPlan> {
    let schema = Arc::clone(plan.schema());
    if columns.is_empty() || schema.fields().len() <= columns.len() {
        return Ok(plan);
    }
    let position =
        |column: &ColumnDef| schema.fields().iter().position(|field| dialect::label(field.name()).eq_ignore_ascii_case(&column.name));
    let Some(positions) = columns.iter().map(position).collect::<Option<Vec<usize>>>() else { return Ok(plan) };
    let columns = positions.into_iter().map(|index| Expr::Column(Column::from(schema.qualified_field(index))));
    LogicalPlanBuilder::from(plan).project(columns)?.build()
}

/// A table under its name.
type NamedTable = (String, Arc<dyn TableProvider>);

/// Providers by the names under which a statement wrote them.
#[derive(Default)]
struct Providers {
    /// By database and schema.
    tables: HashMap<(String, String), Vec<NamedTable>>,
}

impl Providers {
    fn add(&mut self, session: &Session, name: &Name, provider: Arc<dyn TableProvider>) {
        let place = match name.parts.as_slice() {
            [database, schema, _] => (database.clone(), schema.clone()),
            [schema, _] => (session.catalog_name().to_owned(), schema.clone()),
            _ => (session.catalog_name().to_owned(), session.default_schema().to_owned()),
        };
        self.tables.entry(place).or_default().push((name.last().to_owned(), provider));
    }

    fn list(self) -> Arc<dyn CatalogProviderList> {
        let list = MemoryCatalogProviderList::new();
        for ((database, schema), tables) in self.tables {
            let catalog = list.catalog(&database).unwrap_or_else(|| {
                let catalog: Arc<dyn CatalogProvider> = Arc::new(MemoryCatalogProvider::new());
                list.register_catalog(database.clone(), Arc::clone(&catalog));
                catalog
            });
            let provider = MemorySchemaProvider::new();
            for (name, table) in tables {
                // The memory provider refuses only a name that it has: the same relation, written twice.
                let _ = provider.register_table(name, table);
            }
            // A memory catalog takes every schema.
            let _ = catalog.register_schema(&schema, Arc::new(provider));
        }
        Arc::new(list)
    }
}

/// The common table expressions of a query and of the queries in it.
pub fn common_names(query: &Query) -> Vec<String> {
    let mut relations = Relations::default();
    // The visitor never breaks off.
    let _ = query.visit(&mut relations);
    relations.names.into_iter().filter(|(_, common)| *common).map(|(name, _)| name.last().to_owned()).collect()
}

/// The relations that a statement names, and whether each may also be a common table expression.
#[derive(Default)]
struct Relations {
    names: Vec<(Name, bool)>,
    scopes: Vec<Vec<String>>,
}

impl Visitor for Relations {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let names = query.with.iter().flat_map(|with| &with.cte_tables).map(|table| parse::fold(&table.alias.name)).collect();
        self.scopes.push(names);
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.scopes.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        let name = parse::object_name(relation);
        let common = name.parts.len() == 1 && self.scopes.iter().flatten().any(|known| known == name.last());
        if !self.names.iter().any(|(known, _)| known.parts == name.parts) {
            self.names.push((name, common));
        }
        ControlFlow::Continue(())
    }
}
