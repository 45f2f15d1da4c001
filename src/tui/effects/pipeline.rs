//! What the Pipeline pane asks for.

use std::future::Future;

use tokio::sync::mpsc::UnboundedSender;
use tokio::time::sleep;

use super::{Runner, broken, renew, send};
use crate::app::Msg;
use crate::app::pipeline::ask::stage_word;
use crate::app::pipeline::{self, Ask, Finding, Matter, Work, under_way};
use crate::demo::figures;
use crate::ops::batch::BatchInput;
use crate::ops::pipeline::{PipelineRun, findings, parameters};
use crate::ops::{Context, OpError, batch, endpoints, models, project, results, retrain};

/// Executions in the list.
const RUNS: usize = 50;
/// Customers that ask an endpoint one by one: enough for a share of a tenth to be seen.
const CUSTOMERS: usize = 200;
/// Rows of an object that are looked at.
const ROWS: usize = 200;

/// Questions of which only the newest one counts: a new one on the lane ends the old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Lane {
    Follow,
    Beside,
    Detail,
    Finding,
    Log,
    Peek,
    History,
    CompareRuns,
    Models,
    Lineage,
    CompareModels,
    Endpoints,
    Definition,
    Parameters,
    Project,
}

impl Runner {
    /// Starts what the pane asks for. Never waits.
    pub(super) fn pipeline(&self, context: Context, ask: Ask) {
        use pipeline::Msg as P;
        let messages = self.shared.messages.clone();
        match ask {
            Ask::Follow { ticket, arn } => self.lane(
                Lane::Follow,
                async move {
                    let mut tell = |run: &PipelineRun| send(&messages, Msg::Pipeline(P::Changed(ticket, Box::new(run.clone()))));
                    P::Followed(ticket, Box::new(follow(&context, arn.as_deref(), &mut tell).await))
                },
                move || P::Followed(ticket, Box::new(Err(broken("could not follow the pipeline")))),
            ),
            Ask::FollowBeside { ticket, arn } => self.lane(
                Lane::Beside,
                async move {
                    let mut tell =
                        |run: &PipelineRun| send(&messages, Msg::Pipeline(P::BesideChanged(ticket, Box::new(Ok(Some(run.clone()))))));
                    P::BesideChanged(ticket, Box::new(follow(&context, Some(&arn), &mut tell).await))
                },
                move || P::BesideChanged(ticket, Box::new(Err(broken("could not follow the execution")))),
            ),
            Ask::Detail { ticket, arn, step, after } => {
                let name = step.clone();
                self.lane(
                    Lane::Detail,
                    async move {
                        sleep(after).await;
                        let found = crate::ops::pipeline::step_detail(&context, &arn, &step).await;
                        P::Detail(ticket, step, Box::new(found))
                    },
                    move || P::Detail(ticket, name, Box::new(Err(broken("could not read the step")))),
                );
            }
            Ask::Finding { ticket, arn, step, matter } => {
                let name = step.clone();
                self.lane(
                    Lane::Finding,
                    async move { P::Found(ticket, step.clone(), Box::new(finding(&context, &arn, &step, matter).await)) },
                    move || P::Found(ticket, name, Box::new(Err(broken("could not read what the step found")))),
                );
            }
            Ask::Log { ticket, step, source, since, after } => {
                let name = step.clone();
                self.lane(
                    Lane::Log,
                    async move {
                        sleep(after).await;
                        P::Logged(ticket, step, Box::new(crate::ops::pipeline::log_lines(&context, &source, since).await))
                    },
                    move || P::Logged(ticket, name, Box::new(Err(broken("could not read the log")))),
                );
            }
            Ask::Peek { ticket, uri } => self.lane(
                Lane::Peek,
                async move { P::Peeked(ticket, Box::new(crate::ops::pipeline::peek(&context, &uri, ROWS).await)) },
                move || P::Peeked(ticket, Box::new(Err(broken("could not look into the object")))),
            ),
            Ask::History { ticket } => self.lane(
                Lane::History,
                async move { P::History(ticket, Box::new(crate::ops::pipeline::history(&context, RUNS).await)) },
                move || P::History(ticket, Box::new(Err(broken("could not read the executions")))),
            ),
            Ask::CompareRuns { ticket, runs } => self.lane(
                Lane::CompareRuns,
                async move { P::RunsCompared(ticket, Box::new(crate::ops::pipeline::compare(&context, &runs.0, &runs.1).await)) },
                move || P::RunsCompared(ticket, Box::new(Err(broken("could not compare the executions")))),
            ),
            Ask::Parameters { ticket } => self.lane(
                Lane::Parameters,
                async move { P::Parameters(ticket, Box::new(parameters::of_deployed(&context).await)) },
                move || P::Parameters(ticket, Box::new(Err(broken("could not read the parameters")))),
            ),
            Ask::Definition { ticket } => self.lane(
                Lane::Definition,
                async move { P::Definition(ticket, Box::new(crate::ops::pipeline::definition_state(&context).await)) },
                move || P::Definition(ticket, Box::new(Err(broken("could not read the definition")))),
            ),
            Ask::Do(work) => self.work(context, work),
            other => self.registry(context, other),
        }
    }

    /// What is asked of registry, endpoints and project.
    fn registry(&self, context: Context, ask: Ask) {
        use pipeline::Msg as P;
        match ask {
            Ask::Models { ticket } => {
                self.lane(Lane::Models, async move { P::Models(ticket, Box::new(models::list(&context).await)) }, move || {
                    P::Models(ticket, Box::new(Err(broken("could not read the registry"))))
                })
            }
            Ask::Lineage { ticket, version } => self.lane(
                Lane::Lineage,
                async move { P::Lineage(ticket, version, Box::new(models::lineage(&context, version).await)) },
                move || P::Lineage(ticket, version, Box::new(Err(broken("could not read where the version comes from")))),
            ),
            Ask::CompareModels { ticket, versions } => self.lane(
                Lane::CompareModels,
                async move { P::ModelsCompared(ticket, Box::new(models::compare(&context, versions.0, versions.1).await)) },
                move || P::ModelsCompared(ticket, Box::new(Err(broken("could not compare the versions")))),
            ),
            Ask::Endpoints { ticket, after } => self.lane(
                Lane::Endpoints,
                async move {
                    sleep(after).await;
                    P::Endpoints(ticket, Box::new(endpoints::list(&context).await))
                },
                move || P::Endpoints(ticket, Box::new(Err(broken("could not read the endpoints")))),
            ),
            Ask::Project { ticket, after } => self.lane(
                Lane::Project,
                async move {
                    sleep(after).await;
                    P::Project(ticket, Box::new(project::project(&context).await))
                },
                move || P::Project(ticket, Box::new(Err(broken("could not read the project")))),
            ),
            // Taken by the caller.
            other => tracing::warn!("nobody does {other:?}"),
        }
    }

    /// Runs a job that answers the pane; a newer one on its lane drops it.
    fn lane(
        &self,
        lane: Lane,
        job: impl Future<Output = pipeline::Msg> + Send + 'static,
        instead: impl FnOnce() -> pipeline::Msg + Send + 'static,
    ) {
        let cancel = renew(self.shared.slots.lock().pipeline.entry(lane).or_default());
        self.latest(cancel, async move { Msg::Pipeline(job.await) }, move || Msg::Pipeline(instead()));
    }

    /// Changes the account, and says how far it is.
    fn work(&self, context: Context, work: Work) {
        let messages = self.shared.messages.clone();
        let same = work.clone();
        self.job(
            async move {
                let answer = done(&context, &work, &messages).await;
                Msg::Pipeline(pipeline::Msg::Done(work, Box::new(answer)))
            },
            move || {
                let what = broken(&format!("{} did not end well", same.words()));
                Msg::Pipeline(pipeline::Msg::Done(same, Box::new(Err(what))))
            },
        );
    }
}

/// An execution; every change of a running one is told.
async fn follow(context: &Context, arn: Option<&str>, tell: &mut (dyn FnMut(&PipelineRun) + Send)) -> Result<Option<PipelineRun>, OpError> {
    let run = match arn {
        Some(arn) => Some(crate::ops::pipeline::describe(context, arn).await?),
        None => crate::ops::pipeline::latest(context).await?,
    };
    let Some(run) = run else { return Ok(None) };
    if !under_way(run.state) {
        return Ok(Some(run));
    }
    tell(&run);
    crate::ops::pipeline::watch(context, &run.arn, tell).await.map(Some)
}

async fn finding(context: &Context, arn: &str, step: &str, matter: Matter) -> Result<Option<Finding>, OpError> {
    Ok(match matter {
        Matter::Checks => findings::quality(context, arn).await?.map(Finding::Checks),
        Matter::Figures => findings::figures(context, arn).await?.map(|found| Finding::Figures(Box::new(found))),
        Matter::Gate => findings::gate(context, arn, step).await?.map(Finding::Gate),
        Matter::Plain | Matter::Curve => None,
    })
}

/// Does a work; gives the sentence that says what was done.
async fn done(context: &Context, work: &Work, messages: &UnboundedSender<Msg>) -> Result<String, OpError> {
    let told = work.clone();
    let mut report = |said: &str| send(messages, Msg::Pipeline(pipeline::Msg::Progress(told.clone(), said.to_owned())));
    match work {
        Work::Start(options) => {
            crate::ops::pipeline::start(context, options).await?;
            Ok("The pipeline runs".to_owned())
        }
        Work::Stop(arn) => {
            crate::ops::pipeline::stop(context, arn).await?;
            Ok("The execution is stopped".to_owned())
        }
        Work::Retry(arn) => {
            crate::ops::pipeline::retry(context, arn).await?;
            Ok("The execution goes on from the step that failed".to_owned())
        }
        Work::Decide { version, approve: true, reason } => {
            let changed = models::approve(context, *version, reason).await?;
            Ok(if changed { format!("Version {version} is approved") } else { format!("Version {version} was approved already") })
        }
        Work::Decide { version, approve: false, reason } => {
            let changed = models::reject(context, *version, reason).await?;
            Ok(if changed { format!("Version {version} is rejected") } else { format!("Version {version} was rejected already") })
        }
        Work::Deploy { stage, version } => {
            let deployment = endpoints::deploy(context, *stage, *version, &mut report).await?;
            Ok(deployed(&deployment, messages))
        }
        Work::Promote => {
            let deployment = endpoints::promote(context, None, &mut report).await?;
            Ok(deployed(&deployment, messages))
        }
        Work::Rollback(stage) => {
            let deployment = endpoints::rollback(context, *stage, &mut report).await?;
            Ok(deployed(&deployment, messages))
        }
        Work::Traffic { stage, split } => {
            endpoints::traffic(context, *stage, split, &mut report).await?;
            Ok(format!("The requests of {} are split", stage_word(*stage)))
        }
        Work::Smoke(endpoint) => {
            let test = endpoints::smoke(context, endpoint).await?;
            let verdict = if test.ok { "passed" } else { "did not pass" };
            let (agreeing, rows) = (figures::count(test.agreeing as u64), figures::count(test.rows as u64));
            let said = format!("{endpoint} {verdict}: {agreeing} of {rows} answers right");
            send(messages, Msg::Pipeline(pipeline::Msg::Smoked(endpoint.clone(), test)));
            Ok(said)
        }
        Work::AskCustomers(endpoint) => {
            let answered = endpoints::ask_customers(context, endpoint, CUSTOMERS, &mut report).await?;
            Ok(answered.sentence())
        }
        Work::Score { input, into, version } => {
            let destination = batch::BatchDestination { table: into.clone() };
            let input = match input {
                BatchInput::File(path) => BatchInput::File(results::expanded(&path.to_string_lossy(), std::env::home_dir().as_deref())),
                table => table.clone(),
            };
            let scored = batch::score(context, &input, &destination, *version, &mut report).await?;
            let (rows, yes) = (figures::counted(scored.rows, "row"), figures::count(scored.positives));
            let place = scored.table.as_deref().unwrap_or(&scored.uri);
            Ok(format!("{rows} scored by version {}, {yes} decided yes: {place}", scored.version))
        }
        Work::Retrain(arrivals) => {
            let walk = retrain::retrain(context, *arrivals, &mut report).await?;
            let said = match (walk.version, &walk.refused) {
                (Some(version), _) => format!("Version {version} was trained with the new rows"),
                (None, Some(reason)) => format!("The new rows led to no new version: {reason}"),
                (None, None) => "The new rows led to no new version".to_owned(),
            };
            send(messages, Msg::Pipeline(pipeline::Msg::Retrained(Box::new(walk))));
            Ok(said)
        }
        Work::PromoteNew { version, before } => {
            let reason = format!("Trained on new rows and compared with version {before}");
            let deployment = retrain::promote(context, *version, &reason, &mut report).await?;
            Ok(deployed(&deployment, messages))
        }
        Work::Commit(message) => {
            let committed = project::commit(context, message).await?;
            let id: String = committed.commit.id.chars().take(8).collect();
            Ok(if committed.changed { format!("Committed as {id}") } else { format!("The source is as it was in {id}: nothing to commit") })
        }
        Work::RetryStage(stage) => {
            project::retry(context, stage).await?;
            Ok(format!("{stage} is tried again"))
        }
        Work::Answer { stage, action, token, yes, reason } => {
            project::approve(context, project::Decision { stage, action, token, yes: *yes, reason }).await?;
            Ok(if *yes { format!("“{action}” is approved") } else { format!("“{action}” is refused") })
        }
    }
}

fn deployed(deployment: &endpoints::Deployment, messages: &UnboundedSender<Msg>) -> String {
    send(messages, Msg::Pipeline(pipeline::Msg::Smoked(deployment.endpoint.clone(), deployment.smoke.clone())));
    let (endpoint, version) = (&deployment.endpoint, deployment.version);
    if deployment.changed {
        format!("{endpoint} answers with version {version}")
    } else {
        format!("{endpoint} answered with version {version} already")
    }
}
