//! The ceiling of a query of the lake, without anybody who could be asked: above it the query is refused.

use crate::cli::failure::Failure;
use crate::config::settings::Sql;
use crate::demo::figures;
use crate::ops::Context;
use crate::ops::prices;
use crate::ops::query::{QueryEngine, QueryRequest, cost};

/// Refuses a query that may read or cost more than the settings allow, or of which that cannot be known.
pub async fn check(context: &Context, request: &QueryRequest, rules: &Sql) -> Result<(), Failure> {
    if request.engine != QueryEngine::Athena || (rules.ceiling_bytes == 0 && rules.ceiling_usd == 0.0) {
        return Ok(());
    }
    let estimate = cost::estimate(context, &request.sql, &request.parameters).await?;
    let refuse = |why: String| {
        Err(Failure::usage(
            format!("the query was not run: {why}"),
            "Raise sql.ceiling_bytes or sql.ceiling_usd, or set them to 0 (`--set sql.ceiling_bytes=0`).",
        ))
    };
    let Some(bytes) = estimate.bytes else { return refuse("how much it reads is not known, and there is a ceiling".to_owned()) };
    if rules.ceiling_bytes > 0 && bytes > rules.ceiling_bytes {
        return refuse(format!("it may read {}; the ceiling is {}", figures::bytes(bytes), figures::bytes(rules.ceiling_bytes)));
    }
    match estimate.usd {
        Some(usd) if rules.ceiling_usd > 0.0 && usd > rules.ceiling_usd => {
            refuse(format!("it may cost {}; the ceiling is {}", prices::money(usd), prices::money(rules.ceiling_usd)))
        }
        _ => Ok(()),
    }
}
