//! Running statements: transaction control, and which room does which statement.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::sql::sqlparser::ast;
use futures::StreamExt;

use super::catalog::{ColumnDef, LakeRelation, Relation, TableName};
use super::error::Text;
use super::outcome::{self, TracedPlan};
use super::parse::{self, Statement};
use super::session::{Open, Session};
use super::transaction::Transaction;
use super::types::{ColumnType, DEFAULT_VARCHAR, MAX_VARCHAR};
use super::work::Work;
use super::{Dialect, Engine, Outcome, OutputColumn, Parameter, SqlError, SqlErrorKind, StatementKind};
use super::{
    alter, ddl, describe, dialect, dml, drop, lake, lake_write, materialized, merge, models, plan, prepared, settings, system, transfer,
    upkeep,
};
use crate::local::engine::InStream as _;

impl Outcome {
    /// The outcome of a statement that returns no rows.
    pub(super) fn done(kind: StatementKind, affected: Option<u64>) -> Self {
        Outcome { kind, columns: Vec::new(), schema: Arc::new(Schema::empty()), rows: None, affected, scanned: Arc::default() }
    }

    /// The outcome of a statement whose rows are in memory.
    pub(super) fn rows(columns: Vec<OutputColumn>, rows: RecordBatch) -> Self {
        let schema = rows.schema();
        Outcome {
            kind: StatementKind::Utility,
            columns,
            schema: Arc::clone(&schema),
            rows: Some(outcome::rows_in_memory(schema, rows)),
            affected: None,
            scanned: Arc::default(),
        }
    }
}

/// What a statement does to the session's transaction.
enum Control {
    Begin,
    Commit,
    Rollback,
}

fn control(statement: &Statement) -> Option<Control> {
    let Statement::Sql(statement) = statement else { return None };
    match statement.as_ref() {
        ast::Statement::StartTransaction { .. } => Some(Control::Begin),
        ast::Statement::Commit { .. } => Some(Control::Commit),
        ast::Statement::Rollback { .. } => Some(Control::Rollback),
        _ => None,
    }
}

impl Engine {
    /// Runs one statement; outside an explicit transaction it commits by itself. Dropping the future or the row stream cancels the work
    /// and leaves nothing changed.
    pub async fn execute(&self, session: &mut Session, sql: &str, parameters: &[Parameter]) -> Result<Outcome, SqlError> {
        let statement = parse::parse(session.dialect, sql, parameters)?;
        self.execute_read(session, sql, statement).await
    }

    /// Runs a statement that is read.
    pub(super) async fn execute_read(&self, session: &mut Session, sql: &str, statement: Statement) -> Result<Outcome, SqlError> {
        if let Some(control) = control(&statement) {
            return self.control(session, &control);
        }
        if let Statement::Execute(execute) = statement {
            let (statement, text) = prepared::resolve(self, session, sql, execute)?;
            return self.execute_parsed(session, &text, statement).await;
        }
        self.execute_parsed(session, sql, statement).await
    }

    /// Runs a statement that is read and that is not transaction control.
    async fn execute_parsed(&self, session: &mut Session, sql: &str, statement: Statement) -> Result<Outcome, SqlError> {
        if session.dialect == Dialect::Athena {
            return self.execute_in_transaction(session, sql, statement, 0).await;
        }
        let recording = self.journal().begin(session, sql);
        let limit = settings::statement_timeout(session);
        let result = match limit {
            None => self.execute_in_transaction(session, sql, statement, recording.id).await,
            Some(limit) => {
                let deadline = tokio::time::Instant::now() + limit;
                let query = recording.id;
                let work = self.execute_in_transaction(session, sql, statement, query);
                match tokio::time::timeout_at(deadline, work).await {
                    Ok(outcome) => outcome.map(|outcome| until(outcome, deadline, query)),
                    Err(_) => Err(timed_out(query)),
                }
            }
        };
        recording.outcome(result)
    }

    async fn execute_in_transaction(
        &self,
        session: &mut Session,
        sql: &str,
        statement: Statement,
        query: u64,
    ) -> Result<Outcome, SqlError> {
        // While the statement runs, and after it failed or was cancelled, an explicit transaction counts as failed.
        match std::mem::replace(&mut session.transaction, Open::Failed) {
            Open::Failed => Err(aborted()),
            Open::Yes(mut transaction) => {
                let outcome = run(self, session, &mut transaction, sql, statement, query).await?;
                session.transaction = Open::Yes(transaction);
                Ok(outcome)
            }
            Open::No => {
                session.transaction = Open::No;
                let mut transaction = Transaction::begin(self, &session.temporary);
                let outcome = run(self, session, &mut transaction, sql, statement, query).await?;
                session.temporary = transaction.commit()?;
                Ok(outcome)
            }
        }
    }

    /// Runs statements as one transaction: all or nothing. The error carries the index of the statement that failed.
    pub async fn execute_batch(&self, session: &mut Session, statements: &[String]) -> Result<Vec<Outcome>, (usize, SqlError)> {
        let mut parsed = Vec::with_capacity(statements.len());
        for (index, sql) in statements.iter().enumerate() {
            let statement = parse::parse(session.dialect, sql, &[]).map_err(|error| (index, error))?;
            if control(&statement).is_some() {
                let error = Text::new(session.dialect, sql).unsupported("transaction control in a batch, which is one transaction,");
                return Err((index, error));
            }
            parsed.push(statement);
        }
        if session.in_transaction() {
            let message = "ERROR: a batch cannot run inside a transaction that is open";
            return Err((0, SqlError::new(SqlErrorKind::Semantic, message)));
        }
        let mut transaction = Transaction::begin(self, &session.temporary);
        if let Some(index) = parsed.iter().position(writes) {
            // The batch will write: it waits for other writers now, before it has read anything that they may change.
            transaction.catalog_mut().await.map_err(|error| (index, error))?;
        }
        let mut outcomes = Vec::with_capacity(parsed.len());
        for (index, (statement, sql)) in parsed.into_iter().zip(statements).enumerate() {
            let outcome = run(self, session, &mut transaction, sql, statement, 0).await;
            // A query that fails has to undo what came before it, so it runs to its end here.
            let outcome = match outcome {
                Ok(outcome) => settled(outcome).await,
                Err(error) => Err(error),
            };
            outcomes.push(outcome.map_err(|error| (index, error))?);
        }
        let last = statements.len().saturating_sub(1);
        session.temporary = transaction.commit().map_err(|error| (last, error))?;
        Ok(outcomes)
    }

    fn control(&self, session: &mut Session, control: &Control) -> Result<Outcome, SqlError> {
        let open = std::mem::replace(&mut session.transaction, Open::No);
        match (control, open) {
            (Control::Begin, Open::No) => {
                session.transaction = Open::Yes(Box::new(Transaction::begin(self, &session.temporary)));
            }
            // A second BEGIN is a warning in Redshift; the transaction goes on.
            (Control::Begin, open) => session.transaction = open,
            (Control::Commit, Open::Yes(transaction)) => session.temporary = transaction.commit()?,
            // Ending a transaction that failed rolls it back; ending none is a warning.
            (Control::Commit | Control::Rollback, _) => {}
        }
        Ok(Outcome::done(StatementKind::Utility, None))
    }
}

/// The error for a statement in a transaction that has failed.
fn aborted() -> SqlError {
    let message = "ERROR: current transaction is aborted, commands ignored until end of transaction block";
    SqlError::new(SqlErrorKind::Semantic, message)
}

/// The error for a statement that took longer than the session allows.
fn timed_out(query: u64) -> SqlError {
    let message = format!("ERROR: Query ({query}) cancelled on user's request\n  Detail: it ran longer than statement_timeout allows.");
    SqlError::new(SqlErrorKind::Cancelled, message)
}

/// An outcome whose rows come to a deadline, or fail.
fn until(mut outcome: Outcome, deadline: tokio::time::Instant, query: u64) -> Outcome {
    if let Some(rows) = outcome.rows.take() {
        let schema = rows.schema();
        let stream = futures::stream::unfold(Some(rows), move |rows| async move {
            let mut rows = rows?;
            match tokio::time::timeout_at(deadline, rows.next()).await {
                Ok(batch) => batch.map(|batch| (batch, Some(rows))),
                Err(_) => Some((Err(timed_out(query).into_stream()), None)),
            }
        });
        outcome.rows = Some(Box::pin(RecordBatchStreamAdapter::new(schema, stream)));
    }
    outcome
}

/// Whether a statement changes anything that others see.
fn writes(statement: &Statement) -> bool {
    match statement {
        Statement::Sql(sql) => !matches!(sql.as_ref(), ast::Statement::Query(_) | ast::Statement::Set(_)),
        Statement::Explain { .. }
        | Statement::Show(_)
        | Statement::ShowModel { .. }
        | Statement::ShowModels { .. }
        | Statement::Execute(_)
        | Statement::UnloadQuery(_)
        | Statement::Reset { .. }
        | Statement::Unload(_) => false,
        _ => true,
    }
}

/// Reads an outcome's rows into memory.
async fn settled(mut outcome: Outcome) -> Result<Outcome, SqlError> {
    if let Some(rows) = outcome.rows.take() {
        let schema = rows.schema();
        let batches = outcome::collect(rows).await?;
        let rows: SendableRecordBatchStream =
            Box::pin(RecordBatchStreamAdapter::new(schema, futures::stream::iter(batches.into_iter().map(Ok))));
        outcome.rows = Some(rows);
    }
    Ok(outcome)
}

/// Runs one statement in a transaction.
async fn run(
    engine: &Engine,
    session: &mut Session,
    transaction: &mut Transaction,
    sql: &str,
    statement: Statement,
    query: u64,
) -> Result<Outcome, SqlError> {
    let scanned = Arc::new(AtomicU64::new(0));
    let mut work = Work { engine, session, transaction, sql, scanned: Arc::clone(&scanned), query };
    let mut outcome = dispatch(&mut work, statement).await?;
    outcome.scanned = scanned;
    Ok(outcome)
}

async fn dispatch(work: &mut Work<'_>, statement: Statement) -> Result<Outcome, SqlError> {
    match statement {
        Statement::Sql(statement) => sql(work, *statement).await,
        Statement::Explain { analyze, verbose, kind, format, statement } => {
            plan::explain(work, *statement, plan::Asked { analyze, verbose, kind, format }).await
        }
        Statement::CreateTable { create, attributes } => ddl::create_table(work, *create, attributes).await,
        Statement::CreateExternalTable(create) => ddl::create_external_table(work, create).await,
        Statement::CreateDatabase(create) => ddl::create_database(work, create).await,
        Statement::DropDatabase { name, if_exists, cascade } => ddl::drop_database(work, &name, if_exists, cascade).await,
        Statement::CreateExternalSchema(create) => ddl::create_external_schema(work, create).await,
        Statement::DropExternalSchema { name, if_exists, cascade } => ddl::drop_external_schema(work, &name, if_exists, cascade).await,
        Statement::Show(show) => describe::show(work, show),
        Statement::Unload(unload) => transfer::unload(work, &unload).await,
        Statement::Copy(copy) => {
            let rows = transfer::copy(work, &copy).await?;
            Ok(Outcome::done(StatementKind::Dml, Some(rows)))
        }
        Statement::CreateModel(create) => models::create(work, &create).await,
        Statement::ShowModel { name } => models::show(work, &name),
        Statement::ShowModels { like } => models::show_all(work, like.as_deref()),
        Statement::DropModel { name, if_exists } => models::drop(work, &name, if_exists).await,
        Statement::AlterTable(alter) => alter::alter_table(work, alter).await,
        Statement::AlterSchema(alter) => alter::alter_schema(work, alter).await,
        Statement::Merge { merge, remove_duplicates } => merge::merge(work, *merge, remove_duplicates).await,
        Statement::CreateMaterializedView(create) => materialized::create(work, create).await,
        Statement::RefreshMaterializedView { name, cascade } => materialized::refresh(work, &name, cascade).await,
        Statement::DropMaterializedView { name, if_exists, cascade } => materialized::remove(work, &name, if_exists, cascade).await,
        Statement::Comment(comment) => upkeep::comment(work, comment).await,
        Statement::Upkeep(upkeep) => upkeep::upkeep(work, upkeep).await,
        Statement::Prepare(prepare) => prepared::prepare(work, prepare).await,
        Statement::Deallocate { name } => prepared::deallocate(work, name).await,
        Statement::Reset { name } => settings::reset(work, name.as_deref()),
        // Only one that is in something else comes here: the engine runs what it stands for.
        Statement::Execute(_) => Err(work.text().unsupported("EXECUTE here")),
        Statement::AlterExternalTable(alter) => lake::alter(work, alter).await,
        Statement::RepairTable(repair) => lake::repair(work, repair).await,
        Statement::CreateTableAs(create) => lake_write::create_table_as(work, create).await,
        Statement::UnloadQuery(unload) => lake_write::unload(work, unload).await,
    }
}

async fn sql(work: &mut Work<'_>, statement: ast::Statement) -> Result<Outcome, SqlError> {
    match statement {
        ast::Statement::Query(query) => match ddl::select_into(&query) {
            Some((target, query)) => ddl::create_table_from(work, &target, query).await,
            None => self::query(work, *query).await,
        },
        ast::Statement::Insert(insert) if work.dialect() == Dialect::Athena => lake_write::insert(work, insert).await,
        ast::Statement::Insert(insert) => dml::insert(work, insert).await,
        ast::Statement::Update(update) => dml::update(work, update).await,
        ast::Statement::Delete(delete) => dml::delete(work, delete).await,
        ast::Statement::Truncate(truncate) => ddl::truncate(work, &truncate).await,
        ast::Statement::CreateView(view) => ddl::create_view(work, view).await,
        ast::Statement::CreateSchema { schema_name, if_not_exists, .. } => ddl::create_schema(work, &schema_name, if_not_exists).await,
        ast::Statement::Drop { object_type, if_exists, names, cascade, .. } => {
            drop::drop(work, object_type, if_exists, &names, cascade).await
        }
        ast::Statement::Set(set) => settings::set(work, &set),
        other => {
            let words: Vec<String> = other.to_string().split_whitespace().take(2).map(str::to_uppercase).collect();
            Err(work.text().unsupported(&words.join(" ")))
        }
    }
}

/// Runs a query for its rows.
async fn query(work: &mut Work<'_>, query: ast::Query) -> Result<Outcome, SqlError> {
    let (state, traced) = work.planned(query, None).await?;
    let columns = columns(work, &traced);
    let rows = outcome::canonical_stream(work.run(&state, &traced.plan).await?);
    let rows = match work.session().zone() {
        Some(zone) => outcome::in_zone(rows, zone),
        None => rows,
    };
    let schema: SchemaRef = rows.schema();
    Ok(Outcome { kind: StatementKind::Query, columns, schema, rows: Some(rows), affected: None, scanned: Arc::default() })
}

/// The result columns of a plan, with the declared types of the columns that come from a table.
pub(super) fn columns(work: &Work<'_>, traced: &TracedPlan) -> Vec<OutputColumn> {
    traced.columns(work.dialect(), &|name| declared(work, name))
}

/// The columns of a table or view that is made of a plan.
pub(super) fn column_defs(work: &Work<'_>, traced: &TracedPlan) -> Vec<ColumnDef> {
    let dialect = work.dialect();
    let fields = traced.plan.schema().fields();
    fields
        .iter()
        .enumerate()
        .map(|(index, field)| {
            let kind = match traced.column_type(index, dialect, &|name| declared(work, name)) {
                // A text that was computed has no length of its own; NULL by itself is a text.
                ColumnType::Varchar(None) if dialect == Dialect::Redshift => ColumnType::Varchar(Some(MAX_VARCHAR)),
                ColumnType::Unknown => ColumnType::Varchar((dialect == Dialect::Redshift).then_some(DEFAULT_VARCHAR)),
                kind => kind,
            };
            ColumnDef::new(dialect::label(field.name()).to_lowercase(), kind)
        })
        .collect()
}

/// The declared columns of a relation.
fn declared(work: &Work<'_>, name: &TableName) -> Option<Vec<ColumnDef>> {
    match work.transaction.relation(name) {
        Some(Relation::Table(table)) => return Some(table.columns.clone()),
        Some(Relation::View(view)) => return Some(view.columns.clone()),
        None => {}
    }
    let catalog = work.catalog();
    let database = match work.dialect() {
        Dialect::Athena => &name.schema,
        Dialect::Redshift => match catalog.schema(&name.database, &name.schema).and_then(|schema| schema.external.as_ref()) {
            Some(external) => &external.database,
            None => return system::columns(name),
        },
    };
    match catalog.lake_table(database, &name.table)? {
        LakeRelation::External(table) => Some(table.all_columns()),
        LakeRelation::View(view) => Some(view.columns.clone()),
    }
}
