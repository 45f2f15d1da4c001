//! Redshift ML: models that are trained in SQL and called as functions.
//!
//! `CREATE MODEL` checks the statement, reads the rows and answers; training goes on in the background when the statement is committed. The
//! catalog keeps an [`Entry`] a model, the trained trees are a file of the state directory. A training that a kill interrupts is made again
//! at the next start.

mod encode;
mod entry;
mod permissions;
mod predict;
mod show;
mod train;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use datafusion::arrow::array::RecordBatch;
use datafusion::logical_expr::ScalarUDF;
use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::tokenizer::Location;

use self::entry::{Entry, Given, Source, State};
pub use self::predict::Functions;
use self::train::Model;
use super::append::CancelOnDrop;
use super::catalog::{Catalog, PUBLIC, TableName};
use super::execute::column_defs;
use super::parse::{self, AutoOff, CreateModel, ModelSource, Name, Statement};
use super::types::ColumnType;
use super::work::Work;
use super::{Dialect, Engine, Outcome, SqlError, SqlErrorKind, StatementKind, WeakEngine, error, outcome};
use crate::local::iam::Identity;
use crate::local::ml::artifact::Artifact;
use crate::local::pace::Wait;

/// Where trained models are, below the state directory.
const DIRECTORY: &str = "warehouse/models";
/// `MAX_RUNTIME` when it is not given: 90 minutes.
const MAX_RUNTIME: u64 = 5400;
/// Boosting rounds of `AUTO OFF` when they are not given.
const ROUNDS: &str = "100";
/// XGBoost's objectives that `AUTO OFF` may choose.
const OBJECTIVES: [&str; 3] = ["binary:logistic", "reg:squarederror", "reg:linear"];

/// The prediction functions of a database's models. Those of models that are not READY say so when they are called.
pub fn functions(engine: &Engine, catalog: &Catalog, database: &str) -> Result<Vec<Arc<ScalarUDF>>, SqlError> {
    let Some(database) = catalog.database(database) else { return Ok(Vec::new()) };
    let mut functions = Vec::with_capacity(database.models.len());
    for value in database.models.values() {
        let job = value.get("job").and_then(serde_json::Value::as_str).unwrap_or_default();
        if let Some(known) = engine.models().known(job) {
            functions.push(known);
            continue;
        }
        let entry = Entry::read(value)?;
        functions.push(engine.models().of(&entry, engine.store().root().join(entry.file())));
    }
    Ok(functions)
}

/// What the function of a model takes and gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Signature {
    /// The schema of the function.
    pub schema: String,
    /// The function.
    pub name: String,
    /// Names and types of its arguments.
    pub arguments: Vec<(String, ColumnType)>,
    /// What it returns.
    pub returns: ColumnType,
    /// The model, `schema.name`.
    pub model: String,
}

/// The prediction functions of a database's models as the views of the system tell of them.
pub fn signatures(catalog: &Catalog, database: &str) -> Result<Vec<Signature>, SqlError> {
    let models = catalog.database(database).into_iter().flat_map(|database| database.models.values());
    let signature = |entry: Entry| Signature {
        model: entry.key(),
        schema: entry.function_schema,
        name: entry.function,
        arguments: entry.arguments,
        returns: entry.returns,
    };
    models.map(|value| Entry::read(value).map(signature)).collect()
}

/// Goes on with the trainings that the end of the last process has interrupted, and removes the files of models that are gone.
pub async fn recover(engine: &Engine) -> Result<(), SqlError> {
    let catalog = engine.committed();
    let mut files = Vec::new();
    for (database, content) in &catalog.warehouse {
        for value in content.models.values() {
            let entry = Entry::read(value)?;
            files.push(engine.store().root().join(entry.file()));
            if entry.state == State::Training {
                engine.spawn(training(engine.downgrade(), database.clone(), entry, None));
            }
        }
    }
    let directory = engine.store().directory(DIRECTORY).map_err(error::internal)?;
    let listed = std::fs::read_dir(&directory).map_err(|failure| error::disk(&directory, &failure))?;
    for path in listed.filter_map(Result::ok).map(|file| file.path()).filter(|path| !files.contains(path)) {
        std::fs::remove_file(&path).map_err(|failure| error::disk(&path, &failure))?;
    }
    Ok(())
}

/// `CREATE MODEL`.
pub async fn create(work: &mut Work<'_>, create: &CreateModel) -> Result<Outcome, SqlError> {
    let target = work.target(&create.name);
    let function = work.target(&create.function);
    work.catalog_mut().await?;
    check_names(work, &target, &function)?;
    if !work.objects().has_bucket(&create.s3_bucket) {
        let message = format!(
            "S3 bucket \"{}\" does not exist\n  Hint: Name a bucket of this account in SETTINGS (S3_BUCKET '…').",
            create.s3_bucket
        );
        return Err(semantic(&message));
    }
    let identity = work.engine().identity(&create.iam_role)?;
    let (source, query) = match &create.source {
        ModelSource::Query(query, text) => (Source::Query(text.clone()), (**query).clone()),
        ModelSource::Table(name) => {
            let table = name.parts.iter().map(|part| format!("\"{}\"", part.replace('"', "\"\""))).collect::<Vec<_>>().join(".");
            (Source::Table(name.to_string()), select_all(&table)?)
        }
    };
    let (state, traced) = work.planned(query, None).await?;
    let mut columns: Vec<(String, ColumnType)> =
        column_defs(work, &traced).into_iter().map(|column| (column.name, column.column_type)).collect();
    let Some(position) = columns.iter().position(|(name, _)| *name == create.target) else {
        return Err(error::no_column(work.text(), &create.target, Location::empty()));
    };
    let target_column = columns.remove(position);
    let given = create.auto_off.as_ref().map(|off| given(create, off, &columns, &target_column)).transpose()?;
    check_types(&columns)?;
    let rows = outcome::canonical_stream(work.run(&state, &traced.plan).await?);
    let rows = outcome::collect(rows).await?;

    let created = work.engine().clock().now();
    let returns = returned(create, &target_column.1, &rows, position);
    let safe = |text: &str| text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>();
    let entry = Entry {
        job: format!("redshiftml-{}-{}-{}", created.format("%Y%m%d%H%M%S%6f"), safe(&target.schema), safe(&target.table)),
        schema: target.schema.clone(),
        name: target.table.clone(),
        owner: work.session().user.clone(),
        created,
        function_schema: function.schema,
        function: function.table,
        arguments: columns,
        target: target_column,
        returns,
        source,
        given,
        problem_type: create.problem_type.clone(),
        objective: create.objective.clone(),
        // Which role is the default may change; this training keeps its own.
        iam_role: match &identity {
            Identity::Role(role) if create.iam_role.eq_ignore_ascii_case("default") => role.role_arn().to_owned(),
            _ => create.iam_role.clone(),
        },
        bucket: create.s3_bucket.clone(),
        garbage_collect: create.garbage_collect,
        max_runtime: create.max_runtime.unwrap_or(MAX_RUNTIME),
        state: State::Training,
    };
    permissions::begin(&identity, &work.engine().objects_of(identity.clone()), &entry)?;
    let document = entry.document()?;
    let database = work.catalog_mut().await?.warehouse.get_mut(&target.database);
    let database = database.ok_or_else(|| semantic(&format!("database \"{}\" does not exist", target.database)))?;
    database.models.insert(entry.key(), document);
    let engine = work.engine();
    engine.spawn(training(engine.downgrade(), target.database, entry, Some(rows)));
    Ok(Outcome::done(StatementKind::Ddl, None))
}

/// `SHOW MODEL name`.
pub fn show(work: &mut Work<'_>, name: &Name) -> Result<Outcome, SqlError> {
    let (_, entry) = find(work, name)?.ok_or_else(|| no_model(name))?;
    show::rows(&entry).outcome(Dialect::Redshift)
}

/// `SHOW MODEL ALL`.
pub fn show_all(work: &mut Work<'_>, like: Option<&str>) -> Result<Outcome, SqlError> {
    let entries = entries(work)?;
    let matches = |name: &str| like.is_none_or(|pattern| like_matches(pattern, name));
    show::all(entries.iter().filter(|entry| matches(&entry.name)))
}

/// `DROP MODEL`. The file of the trained model is left to the next start: until the transaction is committed, others use it.
pub async fn drop(work: &mut Work<'_>, name: &Name, if_exists: bool) -> Result<Outcome, SqlError> {
    work.catalog_mut().await?;
    let Some((database, entry)) = find(work, name)? else {
        return if if_exists { Ok(Outcome::done(StatementKind::Ddl, None)) } else { Err(no_model(name)) };
    };
    if let Some(database) = work.catalog_mut().await?.warehouse.get_mut(&database) {
        database.models.remove(&entry.key());
    }
    Ok(Outcome::done(StatementKind::Ddl, None))
}

fn semantic(message: &str) -> SqlError {
    SqlError::new(SqlErrorKind::Semantic, format!("ERROR: {message}"))
}

fn no_model(name: &Name) -> SqlError {
    semantic(&format!("model \"{name}\" does not exist"))
}

/// All models of the session's database.
fn entries(work: &Work<'_>) -> Result<Vec<Entry>, SqlError> {
    let database = work.catalog().database(&work.session().database);
    database.into_iter().flat_map(|database| database.models.values()).map(Entry::read).collect()
}

/// A model by its name as written: in the schema that is written, or in the first of the search path that has it.
fn find(work: &Work<'_>, name: &Name) -> Result<Option<(String, Entry)>, SqlError> {
    let database = name.parts.len().checked_sub(3).and_then(|index| name.parts.get(index)).unwrap_or(&work.session().database).clone();
    let Some(content) = work.catalog().database(&database) else { return Ok(None) };
    let value = match name.qualifier() {
        Some(schema) => content.models.get(&format!("{schema}.{}", name.last())),
        None => work.session().search_path.iter().find_map(|schema| content.models.get(&format!("{schema}.{}", name.last()))),
    };
    value.map(|value| Entry::read(value).map(|entry| (database, entry))).transpose()
}

/// Refuses names that are taken, and schemas that are not there.
fn check_names(work: &Work<'_>, model: &TableName, function: &TableName) -> Result<(), SqlError> {
    for schema in [&model.schema, &function.schema] {
        if work.catalog().schema(&model.database, schema).is_none() && schema != PUBLIC {
            return Err(error::no_schema(schema));
        }
    }
    for entry in entries(work)? {
        if entry.schema == model.schema && entry.name == model.table {
            return Err(semantic(&format!("model \"{}\" already exists", model.table)));
        }
        if entry.function_schema == function.schema && entry.function == function.table {
            return Err(semantic(&format!("function \"{}\" already exists with same argument types", function.table)));
        }
    }
    Ok(())
}

/// `SELECT * FROM table`.
fn select_all(table: &str) -> Result<ast::Query, SqlError> {
    let sql = format!("SELECT * FROM {table}");
    match parse::parse(Dialect::Redshift, &sql, &[])? {
        Statement::Sql(statement) => match *statement {
            ast::Statement::Query(query) => Ok(*query),
            _ => Err(error::internal(format!("{sql} is not a query"))),
        },
        _ => Err(error::internal(format!("{sql} is not a query"))),
    }
}

/// What `AUTO OFF` gives, checked as Redshift does: the algorithm gets the values as they are, so they have to be numbers.
fn given(create: &CreateModel, off: &AutoOff, columns: &[(String, ColumnType)], target: &(String, ColumnType)) -> Result<Given, SqlError> {
    if create.model_type.is_none() {
        return Err(semantic("AUTO OFF needs MODEL_TYPE\n  Hint: Write MODEL_TYPE XGBOOST."));
    }
    let objective =
        create.objective.clone().ok_or_else(|| semantic("AUTO OFF needs OBJECTIVE\n  Hint: Write OBJECTIVE 'binary:logistic'."))?;
    if !OBJECTIVES.contains(&objective.as_str()) {
        let message = format!("ERROR: OBJECTIVE '{objective}' is not supported\n  Hint: It may be one of {}.", OBJECTIVES.join(", "));
        return Err(SqlError::new(SqlErrorKind::Unsupported, message));
    }
    if let Some(other) = off.preprocessors.as_deref().filter(|text| !text.eq_ignore_ascii_case("none")) {
        return Err(SqlError::new(SqlErrorKind::Unsupported, format!("ERROR: PREPROCESSORS '{other}' is not supported")));
    }
    let plain = |kind: &ColumnType| kind.arrow().is_numeric() || *kind == ColumnType::Boolean;
    if let Some((name, kind)) = columns.iter().chain([target]).find(|(_, kind)| !plain(kind)) {
        let message = format!(
            "column \"{name}\" of type {} cannot be used with AUTO OFF and PREPROCESSORS 'none': XGBoost takes numbers\n  Hint: Turn it into a \
             number in the query of FROM, or leave AUTO OFF out.",
            kind.redshift_text()
        );
        return Err(semantic(&message));
    }
    let mut hyperparameters = off.hyperparameters.clone();
    if !hyperparameters.iter().any(|(name, _)| name == "num_round") {
        hyperparameters.push(("num_round".to_owned(), ROUNDS.to_owned()));
    }
    Ok(Given { objective, hyperparameters })
}

/// Refuses columns that no model can use.
fn check_types(columns: &[(String, ColumnType)]) -> Result<(), SqlError> {
    let odd = |kind: &ColumnType| {
        matches!(
            kind,
            ColumnType::Super
                | ColumnType::Varbyte
                | ColumnType::Interval
                | ColumnType::Array(_)
                | ColumnType::Map(..)
                | ColumnType::Row(_)
        )
    };
    match columns.iter().find(|(_, kind)| odd(kind)) {
        Some((name, kind)) => Err(semantic(&format!("column \"{name}\" has the type {}, which no model can use", kind.redshift_text()))),
        None => Ok(()),
    }
}

/// What the function returns: a class has the type of the target, a number is double precision.
fn returned(create: &CreateModel, target: &ColumnType, rows: &[RecordBatch], position: usize) -> ColumnType {
    if create.auto_off.is_some() || create.problem_type.as_deref() == Some("REGRESSION") {
        return ColumnType::Float8;
    }
    let number = target.arrow().is_numeric();
    if number && create.problem_type.is_none() && more_than_two(rows, position) { ColumnType::Float8 } else { target.clone() }
}

/// Whether a column has more than two values that are not NULL.
fn more_than_two(rows: &[RecordBatch], position: usize) -> bool {
    use datafusion::arrow::array::AsArray;
    use datafusion::arrow::compute::cast;
    use datafusion::arrow::datatypes::{DataType, Float64Type};
    let mut seen: Vec<f64> = Vec::new();
    for batch in rows {
        let Ok(values) = cast(batch.column(position), &DataType::Float64) else { return false };
        for value in values.as_primitive::<Float64Type>().iter().flatten() {
            if !seen.contains(&value) {
                seen.push(value);
                if seen.len() > 2 {
                    return true;
                }
            }
        }
    }
    false
}

/// `LIKE` with `%` and `_`.
fn like_matches(pattern: &str, text: &str) -> bool {
    let mut characters = pattern.chars();
    match characters.next() {
        None => text.is_empty(),
        Some('%') => {
            let rest = characters.as_str();
            text.char_indices().map(|(offset, _)| &text[offset..]).chain([""]).any(|tail| like_matches(rest, tail))
        }
        Some(wanted) => {
            let mut given = text.chars();
            given.next().is_some_and(|c| wanted == '_' || c == wanted) && like_matches(characters.as_str(), given.as_str())
        }
    }
}

/// Trains in the background. `rows` are those that the statement has read; without them the source is read again.
fn training(
    engine: WeakEngine,
    database: String,
    entry: Entry,
    rows: Option<Vec<RecordBatch>>,
) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    // Reading the source again runs a statement, and a statement may start a training: the type of the future has to end somewhere.
    Box::pin(trained(engine, database, entry, rows))
}

async fn trained(engine: WeakEngine, database: String, entry: Entry, rows: Option<Vec<RecordBatch>>) {
    let Some(running) = engine.upgrade() else { return };
    // The transaction of the statement holds the right to write until it is committed or rolled back.
    std::mem::drop(running.writer().await);
    if current(&running, &database, &entry).is_none() {
        return;
    }
    let rows = match rows {
        Some(rows) => Ok(rows),
        None => read_again(&running, &database, &entry.source).await,
    };
    let pace = running.pace();
    let allowed = running.identity_again(&entry.iam_role).map_err(|failure| failure.message);
    std::mem::drop(running);
    pace.wait(Wait::Autopilot).await;
    let allowed = allowed.and_then(|identity| permissions::work(&identity, &entry).map(|()| identity));
    let trained = match rows.map_err(|failure| failure.message).and_then(|rows| allowed.map(|identity| (rows, identity))) {
        Ok((rows, identity)) => {
            let stop = Arc::new(AtomicBool::new(false));
            let _guard = CancelOnDrop(Arc::clone(&stop));
            let described = entry.clone();
            match tokio::task::spawn_blocking(move || train::train_model(&described, &rows, &stop)).await {
                Ok(trained) => trained.map(|model| (model, identity)),
                Err(failure) => Err(failure.to_string()),
            }
        }
        Err(reason) => Err(reason),
    };
    let Some(running) = engine.upgrade() else { return };
    let _writer = running.writer().await;
    if let Some(mut entry) = current(&running, &database, &entry) {
        entry.state = match trained.and_then(|(model, identity)| keep(&running, identity, &entry, model)) {
            Ok(state) => state,
            Err(reason) => State::Failed(reason),
        };
        // When even this cannot be kept, the model stays in TRAINING and is trained again at the next start.
        if let Err(failure) = settle(&running, &database, &entry) {
            tracing::error!(model = entry.name, "the state of a model could not be kept: {failure}");
        }
    }
}

/// The committed entry, while it is the same model and in training.
fn current(engine: &Engine, database: &str, entry: &Entry) -> Option<Entry> {
    let committed = engine.committed();
    let value = committed.database(database)?.models.get(&entry.key())?;
    Entry::read(value).ok().filter(|known| known.job == entry.job && known.state == State::Training)
}

/// Reads the training data again.
async fn read_again(engine: &Engine, database: &str, source: &Source) -> Result<Vec<RecordBatch>, SqlError> {
    let sql = match source {
        Source::Table(table) => format!("SELECT * FROM {table}"),
        Source::Query(query) => query.clone(),
    };
    let mut session = engine.session(Dialect::Redshift, database);
    match engine.execute(&mut session, &sql, &[]).await?.rows {
        Some(rows) => outcome::collect(rows).await,
        None => Err(error::internal(format!("{sql} gives no rows"))),
    }
}

/// Keeps the trained model as a file, and in the bucket when it is to stay there.
fn keep(engine: &Engine, identity: Identity, entry: &Entry, model: Model) -> Result<State, String> {
    permissions::end(&engine.objects_of(identity), entry)?;
    let bytes = model.booster.to_xgboost_json().map_err(|failure| failure.to_string())?;
    let path = engine.store().root().join(entry.file());
    engine.store().replace(&path, &bytes).map_err(|failure| failure.to_string())?;
    if !entry.garbage_collect {
        let archive = Artifact { model: bytes, schema: None }.pack().map_err(|failure| failure.to_string())?;
        let key = format!("{}output/model.tar.gz", permissions::folder(entry));
        engine.objects().put(&entry.bucket, &key, archive, None).map_err(|failure| failure.to_string())?;
    }
    Ok(State::Ready(Box::new(model.trained)))
}

/// Commits the new state of a model.
fn settle(engine: &Engine, database: &str, entry: &Entry) -> Result<(), SqlError> {
    let document = entry.document()?;
    engine.change(|catalog| {
        if let Some(database) = catalog.warehouse.get_mut(database) {
            database.models.insert(entry.key(), document);
        }
    })?;
    let committed = engine.committed();
    let jobs: Vec<&str> = committed
        .warehouse
        .values()
        .flat_map(|database| database.models.values())
        .filter_map(|value| value.get("job").and_then(serde_json::Value::as_str))
        .collect();
    engine.models().retain(&jobs);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_show_model_all() {
        assert!(like_matches("dm%", "dm01") && like_matches("_m0_", "dm01") && like_matches("%", ""));
        assert!(!like_matches("dm", "dm01") && !like_matches("_", ""));
    }
}
