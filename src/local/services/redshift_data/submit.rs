//! `ExecuteStatement` and `BatchExecuteStatement`: checks, identity, and the start of the work.

use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::connection::Connection;
use super::execute::{Lease, perform};
use super::record::{Format, Part, Statement, Status};
use super::{Input, RedshiftData, internal, wait_time};
use crate::local::engine::Dialect;
use crate::local::service::{ServiceError, ServiceResult};

/// Bytes of SQL in one statement or batch.
const MOST_SQL_BYTES: usize = 100_000;
/// Statements that may run at a time.
const MOST_ACTIVE: usize = 500;
/// SQL texts of one batch.
const MOST_PARTS: usize = 40;
/// Seconds that a session may be kept: 24 hours.
const MOST_KEEP_ALIVE: i64 = 86_400;

/// What is submitted, as the input says it.
struct Submission {
    texts: Vec<String>,
    batch: bool,
    transaction: bool,
}

impl RedshiftData {
    pub(super) async fn execute_statement(&self, input: &Input) -> ServiceResult {
        let sql = input.required_text("Sql")?.to_owned();
        self.submit(input, Submission { texts: vec![sql], batch: false, transaction: false }).await
    }

    pub(super) async fn batch_execute_statement(&self, input: &Input) -> ServiceResult {
        let texts = input.texts("Sqls")?;
        if texts.is_empty() || texts.len() > MOST_PARTS {
            return Err(input.invalid(format!("Sqls must have between 1 and {MOST_PARTS} statements, not {}.", texts.len())));
        }
        let mode = input.one_of("ExecutionMode", &["TRANSACTION", "AUTO_COMMIT"])?;
        self.submit(input, Submission { texts, batch: true, transaction: mode != Some("AUTO_COMMIT") }).await
    }

    async fn submit(&self, input: &Input, submission: Submission) -> ServiceResult {
        let bytes: usize = submission.texts.iter().map(String::len).sum();
        if bytes > MOST_SQL_BYTES {
            return Err(input.invalid(format!("The SQL text has {bytes} bytes; the limit is {MOST_SQL_BYTES}.")));
        }
        let parameters = input
            .objects("Parameters")?
            .iter()
            .map(|it| Ok((it.required_text("name")?.to_owned(), it.text("value")?.unwrap_or_default().to_owned())))
            .collect::<ServiceResult<Vec<_>>>()?;
        let format = match input.one_of("ResultFormat", &["JSON", "CSV"])? {
            Some("CSV") => Format::Csv,
            _ => Format::Json,
        };
        let name = input.text("StatementName")?.map(str::to_owned);
        if name.as_ref().is_some_and(|name| name.chars().count() > 500) {
            return Err(input.invalid("StatementName must have at most 500 characters."));
        }
        let keep_alive = input.integer_within("SessionKeepAliveSeconds", 0, MOST_KEEP_ALIVE)?;
        let wait = wait_time(input)?;
        let session = input.text("SessionId")?;
        if session.is_some() && ["ClusterIdentifier", "WorkgroupName", "Database", "DbUser"].iter().any(|name| input.has(name)) {
            return Err(input.invalid("A session has its warehouse, database and user already: give only SessionId."));
        }
        let connection = match session {
            None => Some(self.connect(input).await?),
            Some(_) => None,
        };
        let token = input.text("ClientToken")?.map(str::to_owned);
        let fingerprint = fingerprint(&submission, &parameters, session, connection.as_ref(), format);

        let submitting = self.inner.submitting.lock().await;
        if let Some(earlier) = token.as_deref().and_then(|token| self.with_token(token)) {
            if earlier.with(|statement| statement.fingerprint != fingerprint) {
                return Err(input.invalid("The ClientToken was used with another statement."));
            }
            drop(submitting);
            earlier.wait(wait).await;
            return Ok(earlier.with(|statement| statement.submitted(&earlier.id, earlier.sequence)));
        }
        if self.inner.runs.active() >= MOST_ACTIVE {
            let message = format!("Active statements exceeded the limit ({MOST_ACTIVE})");
            return Err(ServiceError::new("ActiveStatementsExceededException", message));
        }
        if self.inner.runs.stopped() {
            return Err(internal("the embedded AWS is stopping"));
        }
        let now = self.inner.now();
        let (lease, target, refused) = match (session, connection) {
            (Some(id), _) => {
                let (guard, target) = self.inner.sessions.take(id, keep_alive, now)?;
                (Lease::Kept(id.to_owned(), guard), target, None)
            }
            (None, Some(Connection { target, refused })) => {
                let mut engine = self.inner.account.engine.session(Dialect::Redshift, &target.database);
                engine.user.clone_from(&target.user);
                match keep_alive.filter(|seconds| *seconds > 0 && refused.is_none()) {
                    Some(seconds) => {
                        let id = self.inner.sessions.open(engine, target.clone(), seconds, now)?;
                        let (guard, target) = self.inner.sessions.take(&id, None, now)?;
                        (Lease::Kept(id, guard), target, None)
                    }
                    None => (Lease::Own(Box::new(engine)), target, refused),
                }
            }
            // There is a connection when there is no session id.
            (None, None) => return Err(internal("no connection")),
        };
        let id = Uuid::new_v4().to_string();
        let session = lease.session_id().map(str::to_owned);
        if let Some(session) = &session {
            self.inner.sessions.working(session, Some(&id), now);
        }
        let statement = Statement {
            target,
            name,
            parameters,
            format,
            session,
            token,
            fingerprint,
            status: Status::Submitted,
            error: None,
            created: now,
            updated: now,
            duration: 0,
            batch: submission.batch,
            transaction: submission.transaction,
            parts: submission.texts.iter().map(|sql| Part::new(sql, now)).collect(),
        };
        let run = self.inner.runs.insert(id, statement).map_err(|error| internal(error.to_string()))?;
        drop(submitting);
        // The work is on its own task: it goes on when the caller hangs up, and ends by the run's token.
        self.inner.account.statements.spawn(perform(self.inner.clone(), run.clone(), lease, refused));
        run.wait(wait).await;
        Ok(run.with(|statement| statement.submitted(&run.id, run.sequence)))
    }

    fn with_token(&self, token: &str) -> Option<std::sync::Arc<super::Run<Statement>>> {
        self.inner.runs.newest_first().into_iter().find(|run| run.with(|statement| statement.token.as_deref() == Some(token)))
    }
}

fn fingerprint(
    submission: &Submission,
    parameters: &[(String, String)],
    session: Option<&str>,
    connection: Option<&Connection>,
    format: Format,
) -> String {
    let target = connection.map(|it| &it.target);
    let whole = json!([submission.texts, submission.batch, submission.transaction, parameters, session, target, format.name()]);
    Sha256::digest(whole.to_string()).iter().map(|byte| format!("{byte:02x}")).collect()
}
