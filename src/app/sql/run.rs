//! Statements on their way to a service and back: one, or a whole script, one after the other.

use chrono::{DateTime, Utc};

use super::history::Ran;
use super::tab::{PAGE, Tab, TabId};
use super::{Failure, ResultSet, session};
use crate::app::effect::Effect;
use crate::ops::query::cost::Estimate;
use crate::ops::query::plan::{self, Plan};
use crate::ops::query::{Cell, QueryEngine, QueryEvent, QueryRequest, QueryResult, QueryState, scrub};
use crate::ops::{OpError, OpErrorKind};

/// A run. The id is its own for as long as the program runs, over all tabs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId(pub u64);

/// What a run is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Purpose {
    /// Its rows.
    #[default]
    Rows,
    /// The plan that `EXPLAIN` gives.
    Plan,
    /// Closing the session of the tab.
    CloseSession,
}

/// Where a run is.
#[derive(Debug, Clone, PartialEq)]
pub enum RunState {
    /// Behind others of its script.
    Waiting,
    /// On the service.
    Active {
        /// Since when.
        since: DateTime<Utc>,
        /// Where it is there.
        state: QueryState,
        /// Whether it is being cancelled.
        cancelling: bool,
    },
    /// It gave an answer.
    Done {
        /// From sending to the last row of the first page, in seconds.
        seconds: f64,
        /// Rows of the result, or rows changed, where the service says.
        rows: Option<u64>,
        /// Bytes that Athena scanned.
        scanned: Option<u64>,
        /// Bytes of the result, where the service says.
        bytes: Option<u64>,
    },
    /// It failed, or was cancelled.
    Failed {
        /// Why.
        error: OpError,
        /// After how many seconds.
        seconds: f64,
    },
    /// One before it failed, and the script stopped.
    Skipped,
}

/// A statement to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The text.
    pub sql: String,
    /// Its first byte in the editor's text; `None` for what does not stand there.
    pub start: Option<usize>,
    /// Values of its named parameters.
    pub parameters: Vec<(String, String)>,
}

/// Something to be started in a tab, with what has been asked about already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// Where.
    pub tab: TabId,
    /// Who answers.
    pub engine: QueryEngine,
    /// The statements, in order.
    pub pieces: Vec<Piece>,
    /// What for.
    pub purpose: Purpose,
    /// Whether its named parameters have their values.
    pub parameters_given: bool,
    /// Whether what it destroys was agreed to.
    pub danger_agreed: bool,
    /// Whether what it costs was agreed to.
    pub cost_agreed: bool,
}

/// A statement that runs or has run.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Which one.
    pub id: RunId,
    /// Who answers.
    pub engine: QueryEngine,
    /// The text.
    pub sql: String,
    /// Its first byte in the editor's text at that time.
    pub start: Option<usize>,
    /// Values of its named parameters.
    pub parameters: Vec<(String, String)>,
    /// What for.
    pub purpose: Purpose,
    /// Its id on the service.
    pub remote: Option<String>,
    /// Where it is.
    pub state: RunState,
}

/// What happens to a run.
#[derive(Debug, Clone)]
pub enum Msg {
    /// It has got on at the service.
    Progress(QueryEvent),
    /// It has ended.
    Finished(Box<Result<QueryResult, OpError>>),
}

/// What came of a message of a run.
#[derive(Debug, Default)]
pub struct Outcome {
    /// For the history.
    pub ran: Option<Ran>,
    /// To be done.
    pub effects: Vec<Effect>,
    /// To be shown.
    pub plan: Option<Plan>,
    /// Whether names may have changed on the service.
    pub catalog_changed: bool,
}

impl Start {
    /// A single statement that does not stand in the editor.
    pub fn aside(tab: TabId, engine: QueryEngine, sql: String, purpose: Purpose) -> Start {
        let pieces = vec![Piece { sql, start: None, parameters: Vec::new() }];
        Start { tab, engine, pieces, purpose, parameters_given: true, danger_agreed: true, cost_agreed: true }
    }
}

impl Run {
    /// Whether it is on the service.
    pub fn active(&self) -> bool {
        matches!(self.state, RunState::Active { .. })
    }

    /// Whether it is on the service or will be.
    pub fn open(&self) -> bool {
        matches!(self.state, RunState::Active { .. } | RunState::Waiting)
    }

    /// Whether it is being cancelled.
    pub fn cancelling(&self) -> bool {
        matches!(self.state, RunState::Active { cancelling: true, .. })
    }

    /// The text in one line.
    pub fn line(&self) -> String {
        self.sql.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

impl Tab {
    /// Begins a script of one statement or many; `ids` has as many as there are pieces.
    pub(super) fn begin(&mut self, start: Start, ids: impl Iterator<Item = RunId>, now: DateTime<Utc>) -> Vec<Effect> {
        self.failure = None;
        self.runs = start
            .pieces
            .into_iter()
            .zip(ids)
            .map(|(piece, id)| Run {
                id,
                engine: start.engine,
                sql: piece.sql,
                start: piece.start,
                parameters: piece.parameters,
                purpose: start.purpose,
                remote: None,
                state: RunState::Waiting,
            })
            .collect();
        self.send_next(now)
    }

    /// Begins to follow a statement that is on a service already.
    pub(super) fn attach(&mut self, id: RunId, engine: QueryEngine, remote: String, sql: String, since: DateTime<Utc>) -> Vec<Effect> {
        self.failure = None;
        let state = RunState::Active { since, state: QueryState::Running, cancelling: false };
        self.runs.push(Run {
            id,
            engine,
            sql,
            start: None,
            parameters: Vec::new(),
            purpose: Purpose::Rows,
            remote: Some(remote.clone()),
            state,
        });
        vec![Effect::Attach { run: id, engine, id: remote }]
    }

    /// Sends the first statement that waits, unless one is on the service.
    fn send_next(&mut self, now: DateTime<Utc>) -> Vec<Effect> {
        if self.busy() {
            return Vec::new();
        }
        let session = self.session.clone();
        let Some(run) = self.runs.iter_mut().find(|run| run.state == RunState::Waiting) else { return Vec::new() };
        run.state = RunState::Active { since: now, state: QueryState::Submitted, cancelling: false };
        let request = QueryRequest { engine: run.engine, sql: run.sql.clone(), parameters: run.parameters.clone(), page_size: PAGE };
        let session = if run.engine == QueryEngine::Redshift { session.for_run(run.purpose) } else { Default::default() };
        vec![Effect::Query { run: run.id, request, session }]
    }

    /// Cancels what runs here; what waits is not sent.
    pub fn cancel(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        for run in &mut self.runs {
            match &mut run.state {
                RunState::Active { cancelling: cancelling @ false, .. } => {
                    *cancelling = true;
                    effects.push(Effect::CancelQuery(run.id));
                }
                RunState::Waiting => run.state = RunState::Skipped,
                _ => {}
            }
        }
        effects
    }

    /// Takes a message of a run.
    pub(super) fn on_run(&mut self, id: RunId, msg: Msg, now: DateTime<Utc>) -> Outcome {
        let Some(run) = self.runs.iter_mut().find(|run| run.id == id) else { return Outcome::default() };
        let RunState::Active { since, state, .. } = &mut run.state else { return Outcome::default() };
        match msg {
            Msg::Progress(QueryEvent::State(now)) => {
                *state = now;
                Outcome::default()
            }
            Msg::Progress(QueryEvent::Sent { id, session }) => {
                run.remote = Some(id);
                if let Some(session) = session {
                    self.session.opened(session, now);
                }
                Outcome::default()
            }
            Msg::Finished(answer) => {
                let seconds = (now - *since).num_milliseconds().max(0) as f64 / 1000.0;
                self.finished(id, *answer, seconds, now)
            }
        }
    }

    fn finished(&mut self, id: RunId, answer: Result<QueryResult, OpError>, seconds: f64, now: DateTime<Utc>) -> Outcome {
        let mut outcome = Outcome::default();
        let Some(at) = self.runs.iter().position(|run| run.id == id) else { return outcome };
        let run = self.runs[at].clone();
        let ok = answer.is_ok();
        if run.engine == QueryEngine::Redshift {
            self.session.ended(&run, answer.as_ref().err(), now);
        }
        if run.purpose != Purpose::CloseSession {
            outcome.ran = Some(ran(&run, &answer, seconds, now));
        }
        match answer {
            Ok(result) => {
                let rows = result.total_rows.or_else(|| (!result.columns.is_empty()).then_some(result.page.rows.len() as u64));
                self.runs[at].state = RunState::Done { seconds, rows, scanned: result.scanned_bytes, bytes: result.result_bytes };
                match run.purpose {
                    Purpose::Rows => {
                        outcome.catalog_changed = result.columns.is_empty() && session::changes_names(&run.sql, run.engine);
                        self.results.show(ResultSet::new(id, result, run.sql, seconds));
                    }
                    Purpose::Plan => {
                        let lines: Vec<String> =
                            result.page.rows.iter().map(|row| row.iter().map(Cell::text).collect::<Vec<_>>().join(" ")).collect();
                        outcome.plan = Some(plan::read(&lines));
                    }
                    Purpose::CloseSession => {}
                }
            }
            Err(error) => {
                self.runs[at].state = RunState::Failed { error: error.clone(), seconds };
                let place = if error.kind == OpErrorKind::Cancelled { None } else { self.place(&error, &run) };
                self.failure = Some(Failure { error, place, seconds, engine: run.engine });
            }
        }
        if !ok && !self.goes_on {
            for run in &mut self.runs {
                if run.state == RunState::Waiting {
                    run.state = RunState::Skipped;
                }
            }
        }
        outcome.effects.extend(self.send_next(now));
        outcome
    }
}

/// What the history keeps of a run: no secrets, no values of parameters.
fn ran(run: &Run, answer: &Result<QueryResult, OpError>, seconds: f64, now: DateTime<Utc>) -> Ran {
    Ran {
        at: now,
        engine: run.engine,
        sql: scrub::scrub(&run.sql),
        seconds,
        rows: answer.as_ref().ok().and_then(|result| result.total_rows.or(Some(result.page.rows.len() as u64))),
        scanned: answer.as_ref().ok().and_then(|result| result.scanned_bytes),
        error: answer.as_ref().err().map(|error| {
            let quotes_secret = scrub::scrub(&run.sql) != run.sql;
            if quotes_secret { scrub::without_quotes(&error.why) } else { scrub::scrub(&error.why) }
        }),
        parameters: run.parameters.iter().map(|(name, _)| name.clone()).collect(),
    }
}

/// What is above a ceiling, in a sentence; `None` when nothing is.
pub fn above_ceiling(estimate: &Estimate, ceiling_bytes: u64, ceiling_usd: f64) -> Option<String> {
    use crate::demo::figures;
    use crate::ops::prices::money;
    let bytes = estimate.bytes.filter(|bytes| ceiling_bytes > 0 && *bytes > ceiling_bytes);
    if let Some(bytes) = bytes {
        return Some(format!("It may read {}; the ceiling is {}.", figures::bytes(bytes), figures::bytes(ceiling_bytes)));
    }
    let usd = estimate.usd.filter(|usd| ceiling_usd > 0.0 && *usd > ceiling_usd)?;
    Some(format!("It may cost {}; the ceiling is {}.", money(usd), money(ceiling_usd)))
}
