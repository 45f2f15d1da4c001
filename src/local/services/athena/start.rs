//! `StartQueryExecution`: checks, identity, and the start of the work.

use std::sync::Arc;

use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::literals::{bind, kind_of};
use super::query::{Query, Rows, State};
use super::run::perform;
use super::{Athena, Input, internal, workgroups};
use crate::local::engine::{Dialect, split_statements};
use crate::local::objects::split_s3_uri;
use crate::local::service::ServiceResult;

/// Bytes of a query at most.
const MOST_QUERY_BYTES: usize = 262_144;

impl Athena {
    pub(super) async fn start_query_execution(&self, input: &Input) -> ServiceResult {
        let text = input.required_text("QueryString")?;
        if text.len() > MOST_QUERY_BYTES {
            return Err(input.invalid(format!("The query string has {} bytes; the limit is {MOST_QUERY_BYTES}.", text.len())));
        }
        // A text that cannot be split is one that the engine will refuse, with a position.
        if split_statements(Dialect::Athena, text).is_ok_and(|statements| statements.len() > 1) {
            return Err(input.invalid(format!("Only one sql statement is allowed. Got: {text}")));
        }
        let group_name = input.text("WorkGroup")?.unwrap_or(workgroups::PRIMARY);
        let group = self.inner.group(group_name)?;
        if !group.enabled {
            return Err(input.invalid(format!("WorkGroup {group_name} is disabled.")));
        }
        let context = input.object("QueryExecutionContext")?;
        let (database, catalog) = match &context {
            // Clients quote a name that could be a word of the language.
            Some(context) => {
                (context.text("Database")?.map(|name| name.trim_matches('`').to_owned()), context.text("Catalog")?.map(str::to_owned))
            }
            None => (None, None),
        };
        if let Some(catalog) = catalog.as_deref() {
            super::catalog::check(input, catalog)?;
        }
        let own = match input.object("ResultConfiguration")? {
            Some(configuration) => configuration.text("OutputLocation")?.map(str::to_owned),
            None => None,
        };
        // A workgroup that enforces its configuration overrides the caller's.
        let location = if group.enforced { group.output.clone().or(own) } else { own.or(group.output.clone()) };
        let location = location.ok_or_else(|| {
            input.invalid("No output location provided. An output location is required either through the Workgroup result configuration setting or as an API input.")
        })?;
        let Some((bucket, prefix)) = split_s3_uri(&location) else {
            return Err(input.invalid(format!("outputLocation is not a valid S3 path: {location}")));
        };
        if !self.inner.account.objects.has_bucket(bucket) {
            return Err(input.invalid(format!("Unable to verify/create output bucket {bucket}")));
        }
        let parameters = input.texts("ExecutionParameters")?;
        let token = input.text("ClientRequestToken")?.map(str::to_owned);
        if token.as_ref().is_some_and(|token| !(32..=128).contains(&token.len())) {
            return Err(input.invalid("ClientRequestToken must have between 32 and 128 characters."));
        }
        let whole = json!([text, group_name, database, catalog, location, parameters]);
        let fingerprint: String = Sha256::digest(whole.to_string()).iter().map(|byte| format!("{byte:02x}")).collect();

        let _submitting = self.inner.submitting.lock().await;
        if let Some(token) = token.as_deref() {
            let runs = self.inner.runs.newest_first();
            if let Some(earlier) = runs.iter().find(|run| run.with(|query| query.token.as_deref() == Some(token))) {
                if earlier.with(|query| query.fingerprint != fingerprint) {
                    return Err(input.invalid("Idempotent parameters do not match"));
                }
                return Ok(json!({ "QueryExecutionId": earlier.id }));
            }
        }
        if self.inner.runs.stopped() {
            return Err(internal("the embedded AWS is stopping"));
        }
        let id = Uuid::new_v4().to_string();
        let kind = kind_of(text);
        let slash = if prefix.is_empty() || prefix.ends_with('/') { "" } else { "/" };
        let query = Query {
            text: text.to_owned(),
            kind,
            database,
            catalog,
            work_group: group_name.to_owned(),
            output: format!("s3://{bucket}/{prefix}{slash}{id}.{}", kind.suffix()),
            cutoff: group.cutoff,
            parameters,
            token,
            fingerprint,
            state: State::Queued,
            reason: None,
            failure: None,
            submitted: self.inner.now(),
            completed: None,
            queue_millis: 0,
            engine_millis: 0,
            scanned: 0,
            columns: Vec::new(),
            rows: Rows::None,
            updated: None,
        };
        let bound = bind(text, &query.parameters);
        let run = self.inner.runs.insert(id, query).map_err(|error| internal(error.to_string()))?;
        // The work is on its own task: it goes on when the caller hangs up, and ends by the run's token.
        self.inner.account.statements.spawn(perform(Arc::clone(&self.inner), run.clone(), bound));
        Ok(json!({ "QueryExecutionId": run.id }))
    }
}
