//! The statement `EXPLAIN`.

use std::sync::Arc;
use std::time::Instant;

use datafusion::physical_plan::execute_stream;
use datafusion::sql::sqlparser::ast;

use super::super::outcome;
use super::super::parse::{self, ExplainFormat, ExplainKind, Statement};
use super::super::rows::Rows;
use super::super::work::Work;
use super::super::{Dialect, Outcome, SqlError, dml};
use super::trino::{Form, Times};
use super::{build, io, measure, redshift, trino};

/// What of a plan is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// Run it, and show what was measured.
    pub analyze: bool,
    /// Show more.
    pub verbose: bool,
    /// Which plan.
    pub kind: ExplainKind,
    /// In which form.
    pub format: ExplainFormat,
}

/// `EXPLAIN [ANALYZE]`. Without `ANALYZE` nothing runs; with it, only a query may.
pub async fn explain(work: &mut Work<'_>, statement: Statement, asked: Asked) -> Result<Outcome, SqlError> {
    let started = Instant::now();
    if asked.format == ExplainFormat::Graphviz {
        return Err(work.text().unsupported("EXPLAIN with FORMAT GRAPHVIZ"));
    }
    let mut written = None;
    let (state, traced) = match statement {
        Statement::Sql(sql) => match *sql {
            ast::Statement::Query(query) => work.planned(*query, None).await?,
            ast::Statement::Insert(insert) if !asked.analyze => {
                let (name, query) = dml::insert_source(work, insert)?;
                written = Some(name);
                work.planned(query, None).await?
            }
            ast::Statement::Update(update) if !asked.analyze => {
                let (name, table, query) = dml::update_query(work, update)?;
                work.planned(query, Some((&name, &table))).await?
            }
            ast::Statement::Delete(delete) if !asked.analyze => {
                let (name, table, query) = dml::delete_query(work, delete)?;
                work.planned(query, Some((&name, &table))).await?
            }
            _ => return Err(work.text().unsupported("EXPLAIN of this statement")),
        },
        Statement::CreateTable { create, .. } if !asked.analyze => {
            let name = work.target(&parse::object_name(&create.name));
            let Some(query) = create.query else { return Err(work.text().unsupported("EXPLAIN of this statement")) };
            written = Some(name);
            work.planned(*query, None).await?
        }
        _ => return Err(work.text().unsupported("EXPLAIN of this statement")),
    };
    let dialect = work.dialect();
    if asked.kind == ExplainKind::Validate {
        let mut rows = Rows::texts(["Valid"]);
        rows.add(["true"]);
        return rows.outcome(dialect);
    }
    let labels: Vec<String> =
        traced.plan.schema().fields().iter().map(|field| super::super::dialect::label(field.name()).to_owned()).collect();
    let optimized = work.text().check(state.optimize(&traced.plan))?;
    let mut tree = build::build(dialect, &optimized);
    let lines = match dialect {
        Dialect::Redshift => redshift::lines(&tree, asked.verbose),
        Dialect::Athena if asked.kind == ExplainKind::Io => vec![io::document(&tree, written.as_ref())],
        Dialect::Athena => {
            let planned = started.elapsed();
            let mut times = None;
            if asked.analyze {
                let physical = work.physical(&state, &traced.plan).await?;
                let stream = work.text().check(execute_stream(Arc::clone(&physical), state.task_ctx()))?;
                outcome::collect(outcome::worded(stream, dialect, work.sql)).await?;
                measure::measure(&mut tree, &physical);
                times = Some(Times { planning: planned, execution: started.elapsed().saturating_sub(planned) });
            }
            let form = match asked.format {
                ExplainFormat::Json => Form::Json,
                _ => Form::Text,
            };
            trino::lines(&tree, &labels, asked.kind == ExplainKind::Logical, form, times)
        }
    };
    let mut rows = match dialect {
        Dialect::Redshift => Rows::texts(["QUERY PLAN"]),
        Dialect::Athena => Rows::texts(["Query Plan"]),
    };
    lines.iter().for_each(|line| rows.add([line]));
    rows.outcome(dialect)
}
