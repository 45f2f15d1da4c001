//! `shiftdeck sql --dry-run`: what would run, without running it.

use std::sync::Arc;

use super::{Sql, bytes_in_words, caret, exit};
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::session::Session;
use crate::config::Settings;
use crate::demo::sql_script::Statement;
use crate::ops::prices;
use crate::ops::query::{QueryEngine, cost, guard, parameters, scrub};
use crate::syntax::{self, Dialect, Parameter};

/// Says of each statement what it is, what it destroys, and what it may read and cost. The account is only asked how large tables are, and
/// only by queries of the lake.
pub async fn run(arguments: &Sql, settings: &Arc<Settings>, mut output: Output, found: &[Statement<'_>]) -> Result<(), Failure> {
    let dialect = match arguments.engine {
        QueryEngine::Redshift => Dialect::Redshift,
        QueryEngine::Athena => Dialect::Athena,
    };
    let mut session = None;
    let mut unread = 0;
    for (index, statement) in found.iter().enumerate() {
        let names = parameters::names(statement.text);
        let line = scrub::scrub(statement.text).split_whitespace().collect::<Vec<_>>().join(" ");
        output.line(&format!("{}. line {}, on {}: {line}", index + 1, statement.line, arguments.engine.title()))?;
        let missing: Vec<&str> = names
            .iter()
            .filter(|name| !arguments.parameters.iter().any(|(given, _)| given.eq_ignore_ascii_case(name)))
            .map(String::as_str)
            .collect();
        if !missing.is_empty() {
            output.line(&format!("   parameters without a value: {}", missing.join(", ")))?;
            unread += 1;
        }
        let values: Vec<Parameter> = names
            .iter()
            .map(|name| {
                let given = arguments.parameters.iter().find(|(given, _)| given.eq_ignore_ascii_case(name));
                Parameter { name: name.clone(), value: Some(given.map(|(_, value)| value.clone()).unwrap_or_default()) }
            })
            .collect();
        if let Err(error) = syntax::parse(dialect, statement.text, &values) {
            unread += 1;
            let told = caret::with_place(&error.message, statement.text);
            output.line(&format!("   cannot be read: {}", told.replace('\n', "\n   ")))?;
            continue;
        }
        if let Some(danger) = guard::danger(dialect, statement.text, &names) {
            output.line(&format!("   {}", danger.sentence()))?;
        }
        let given = parameters::used(statement.text, &arguments.parameters);
        let reads = cost::tables(dialect, statement.text, &given).unwrap_or_default();
        if arguments.engine == QueryEngine::Athena && !reads.is_empty() {
            if session.is_none() {
                session = Some(Session::open(settings).await?);
            }
            if let Some(session) = &session {
                let estimate = cost::estimate(&session.quiet(), statement.text, &given).await?;
                let of = estimate.partitions().map(|(read, all)| format!(" in {read} of {all} partitions")).unwrap_or_default();
                output.line(&match (estimate.bytes, estimate.usd) {
                    (Some(bytes), Some(usd)) => format!("   reads at most {}{of}, {}", bytes_in_words(bytes), prices::money(usd)),
                    _ => "   how much it reads is not known".to_owned(),
                })?;
            }
        }
    }
    output.line("Nothing was run.")?;
    output.flush()?;
    if let Some(session) = session {
        session.close().await;
    }
    if unread > 0 { Err(Failure::Silent(exit::FAILED)) } else { Ok(()) }
}
