//! Step 9: everything that the demonstration made is removed, and nothing else.
//!
//! A resource is removed when it carries this demonstration's tag; what carries no tags of its own (objects, tables, packages) when the
//! resource that holds it does. What depends on others goes first; what does not, at the same time. Failures are collected: one
//! resource that cannot be removed does not keep the others.
//!
//! A cleanup may also go back to a step only: what that step and later ones made goes, what earlier ones made stays. Then nothing goes on after a
//! failure, because the notes of what was made go last.

mod inside;
mod look;
mod remove;

use futures::future::join_all;
use serde_json::json;

use super::StepOutcome;
use crate::config::settings::TargetKind;
use crate::demo::figures;
use crate::demo::scenario::Scenario;
use crate::demo::stack::DemoStack;
use crate::demo::step::Step;
use crate::ops::report::Run;
use crate::ops::{Context, OpError, OpErrorKind, batch, costs, notes, prices};

pub(crate) use inside::of_others;
use look::look;
use remove::remove;

/// Where Redshift ML keeps what it trains, in the bucket that `CREATE MODEL` names.
const REDSHIFT_ML_PREFIX: &str = "redshift-ml/";

/// What stands between the end of a cleanup and the estimate of what everything has cost.
pub const COST: &str = "; it cost about ";

/// Something that cleanup removes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// The kind for people (`IAM role`).
    pub kind: &'static str,
    /// Name.
    pub name: String,
    /// The wave it goes with: everything of a wave goes at the same time, after the waves before it.
    pub wave: u8,
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    Execution(String),
    Endpoint,
    EndpointConfig,
    Model,
    Pipeline,
    Package(String),
    /// The approval of a package that stays.
    Approval(String),
    Group,
    SqlModel,
    /// A table of a warehouse that stays; the statement that removes it.
    WarehouseTable(String),
    /// A schema of such a warehouse; the statement that removes it.
    WarehouseSchema(String),
    LakeTable,
    LakeDatabase,
    Function,
    Workgroup,
    Namespace,
    Cluster,
    SubnetGroup,
    /// The step whose work writes into it.
    LogGroup(Step),
    LogStreams(Vec<String>),
    Objects {
        keys: Vec<String>,
        /// Whether the results of queries go too that arrive while it is being cleaned up.
        with_late: bool,
    },
    Bucket,
    Secret,
    /// The step that needs it.
    Role(Step),
    Stages,
    Repository,
    Stack(DemoStack, String),
}

impl What {
    /// The step that such a thing first comes with. Of objects each has its own ([`step_of`]).
    fn step(&self) -> Step {
        match self {
            What::Bucket
            | What::Secret
            | What::Function
            | What::Workgroup
            | What::Namespace
            | What::Cluster
            | What::SubnetGroup
            | What::Group
            | What::Objects { .. }
            | What::Stack(..) => Step::Foundation,
            // Exploring needs the data in the lake and puts them there.
            What::LakeTable | What::LakeDatabase => Step::Explore,
            What::WarehouseTable(_) | What::WarehouseSchema(_) => Step::Load,
            What::Execution(_) | What::Pipeline | What::Package(_) | What::LogStreams(_) | What::Stages | What::Repository => {
                Step::Pipeline
            }
            What::Endpoint | What::EndpointConfig | What::Model | What::Approval(_) => Step::Deploy,
            What::SqlModel => Step::RedshiftMl,
            What::LogGroup(step) | What::Role(step) => *step,
        }
    }
}

/// The step that an object first comes with, by its key. Results of queries are of whoever asked: they go with the bucket only.
fn step_of(scenario: &Scenario, key: &str) -> Step {
    // The longer prefixes come first.
    let of_prefixes = [
        (format!("{}{}", notes::prefix(scenario), notes::SQL_MODEL), Step::RedshiftMl),
        (notes::prefix(scenario), Step::Load),
        (batch::folder(scenario), Step::Predict),
        (scenario.pipeline_prefix.clone(), Step::Pipeline),
        (scenario.unload_prefix.clone(), Step::Pipeline),
        (scenario.data_prefix.clone(), Step::Explore),
        (REDSHIFT_ML_PREFIX.to_owned(), Step::RedshiftMl),
    ];
    of_prefixes.into_iter().find(|(prefix, _)| key.starts_with(prefix)).map_or(Step::Foundation, |(_, step)| step)
}

impl Removal {
    /// What of it goes when a step and later ones are undone; everything with the first one.
    fn since(self, scenario: &Scenario, from: Step) -> Option<Removal> {
        match self.what {
            What::Objects { keys, .. } if from > Step::Foundation => {
                let keys: Vec<String> = keys.into_iter().filter(|key| step_of(scenario, key) >= from).collect();
                (!keys.is_empty()).then(|| objects(&scenario.bucket, keys, false))
            }
            ref what if what.step() >= from => Some(self),
            _ => None,
        }
    }
}

/// What cleanup would remove, in the order in which it would.
///
/// # Errors
/// When a part of the account cannot be listed.
pub async fn plan(context: &Context) -> Result<Vec<Removal>, OpError> {
    plan_from(context, Step::Foundation).await
}

/// What of it a step and later ones have made.
///
/// # Errors
/// When a part of the account cannot be listed.
pub async fn plan_from(context: &Context, from: Step) -> Result<Vec<Removal>, OpError> {
    let (removals, failures) = look(context, from).await;
    failures.into_iter().next().map_or(Ok(removals), Err)
}

fn removal(wave: u8, kind: &'static str, name: impl Into<String>, what: What) -> Removal {
    Removal { kind, name: name.into(), wave, what }
}

fn objects(bucket: &str, keys: Vec<String>, with_late: bool) -> Removal {
    removal(6, "Objects", format!("{} in s3://{bucket}", figures::count(keys.len() as u64)), What::Objects { keys, with_late })
}

/// Removes what a step and later ones have made; everything, from the first one on.
pub async fn run(run: &Run<'_>, from: Step) -> Result<StepOutcome, OpError> {
    let context = run.context;
    let whole = from == Step::Foundation;
    let (of_what, sought) = match whole {
        true => ("the demonstration".to_owned(), "everything that carries this demonstration's tag".to_owned()),
        false => (format!("the step `{from}` and later ones"), format!("what the step `{from}` and later ones have made")),
    };
    run.say("", format!("looking for {sought}"))?;
    let ((mut planned, mut failures), cost) = tokio::join!(look(context, from), spent(context, whole));
    if planned.is_empty() && failures.is_empty() {
        return Ok(StepOutcome::new(false, format!("Nothing of {of_what} is left in the account"), json!({ "removed": [] })));
    }
    let mut removed: Vec<String> = Vec::new();
    // What is at work makes more (models, lines of logs): it is stopped before the plan is made that the rest goes by.
    let running = |removal: &Removal| matches!(removal.what, What::Execution(_));
    if planned.iter().any(running) {
        for removal in planned.iter().filter(|removal| running(removal)) {
            context.proceed("cleaning up")?;
            match remove(run, removal).await {
                Ok(_) => {
                    run.say(&removal.name, format!("{} removed", removal.kind))?;
                    removed.push(format!("{} {}", removal.kind, removal.name));
                }
                Err(error) if error.kind == OpErrorKind::Cancelled => return Err(error),
                // It is in the next plan as well, and fails there for good.
                Err(error) => run.say(&removal.name, format!("{} could not be stopped yet: {}", removal.kind, error.why))?,
            }
        }
        (planned, failures) = look(context, from).await;
    }
    let waves: std::collections::BTreeSet<u8> = planned.iter().map(|removal| removal.wave).collect();
    for wave in waves {
        context.proceed("cleaning up")?;
        if !whole && !failures.is_empty() {
            break;
        }
        let now = planned.iter().filter(|removal| removal.wave == wave);
        let ended = join_all(now.map(|removal| async move { (removal, remove(run, removal).await) })).await;
        for (removal, result) in ended {
            match result {
                Ok(true) => {
                    run.say(&removal.name, format!("{} removed", removal.kind))?;
                    removed.push(format!("{} {}", removal.kind, removal.name));
                }
                Ok(false) => run.say(&removal.name, format!("{} was already gone", removal.kind))?,
                Err(error) if error.kind == OpErrorKind::Cancelled => return Err(error),
                Err(error) => {
                    run.say(&removal.name, format!("{} could not be removed: {}", removal.kind, error.why))?;
                    failures.push(error);
                }
            }
        }
    }
    if failures.iter().any(|error| error.kind == OpErrorKind::Cancelled) {
        return Err(OpError::cancelled("cleaning up"));
    }
    if let Some(first) = failures.first() {
        let all: Vec<String> = failures.iter().map(|error| error.to_string()).collect();
        let what = format!("not everything is removed ({} done, {} not)", removed.len(), failures.len());
        let fix = first.fix.clone().unwrap_or_else(|| match whole {
            true => "run cleanup again: what is gone already stays gone".to_owned(),
            false => "run this again: what is gone already stays gone".to_owned(),
        });
        return Err(OpError::failed("", what, all.join("; ")).with_fix(fix));
    }
    let mut message = format!("{} removed, nothing of {of_what} is left", figures::counted(removed.len() as u64, "resource"));
    let mut detail = json!({ "removed": removed });
    if let Some(usd) = cost {
        message = format!("{message}{COST}{}", prices::money(usd));
        detail["usd_estimate"] = json!(usd);
    }
    Ok(StepOutcome::new(!removed.is_empty(), message, detail))
}

/// US dollars that the demonstration has cost on an account, when all of it goes; `None` where it costs nothing, or where that cannot be told: no
/// reason to leave anything standing.
async fn spent(context: &Context, whole: bool) -> Option<f64> {
    if !whole || context.settings.aws.target != TargetKind::Aws {
        return None;
    }
    match costs::read(context).await {
        Ok(costs) => Some(costs.usd),
        Err(error) => {
            tracing::info!(%error, "what the demonstration has cost is not known");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::demo::example::scenario;

    #[test]
    fn an_object_goes_with_the_step_that_it_first_comes_with() {
        let scenario = scenario();
        let of = |key: &str| step_of(&scenario, key);
        assert_eq!(of("bankdm/data/bank.csv"), Step::Explore);
        assert_eq!(of("bankdm/pipeline/notes/loaded.json"), Step::Load);
        assert_eq!(of("bankdm/pipeline/notes/sql_model.json"), Step::RedshiftMl);
        assert_eq!(of("bankdm/pipeline/batch/one/scores.csv"), Step::Predict);
        assert_eq!((of("bankdm/pipeline/code/a/train.py"), of("bankdm/unload/b/part.gz")), (Step::Pipeline, Step::Pipeline));
        assert_eq!((of("athena/staging/answer.csv"), of("bankdm/holiday.jpg")), (Step::Foundation, Step::Foundation));
    }

    #[test]
    fn going_back_to_a_step_keeps_what_earlier_ones_made() {
        let scenario = scenario();
        let all = || {
            let keys = ["bankdm/data/bank.csv", "bankdm/pipeline/code/a.py", "athena/staging/answer.csv"].map(str::to_owned).to_vec();
            vec![
                removal(1, "Endpoint", "BankDM-staging", What::Endpoint),
                removal(2, "Log group", "/aws/lambda/unload", What::LogGroup(Step::Pipeline)),
                removal(3, "Pipeline", "BankDM-Pipeline", What::Pipeline),
                removal(3, "Lake database", "bankdm", What::LakeDatabase),
                objects(&scenario.bucket, keys, true),
                removal(7, "S3 bucket", &scenario.bucket, What::Bucket),
            ]
        };
        let since = |from: Step| all().into_iter().filter_map(|removal| removal.since(&scenario, from)).collect::<Vec<_>>();
        let kinds = |from: Step| since(from).iter().map(|removal| removal.kind).collect::<Vec<_>>();
        assert_eq!(since(Step::Foundation), all());
        assert_eq!(kinds(Step::Explore), ["Endpoint", "Log group", "Pipeline", "Lake database", "Objects"]);
        assert_eq!(kinds(Step::Lake), ["Endpoint", "Log group", "Pipeline", "Objects"]);
        assert_eq!(kinds(Step::Deploy), ["Endpoint"]);
        assert_eq!(kinds(Step::Predict), [] as [&str; 0]);
        let What::Objects { keys, with_late } = &since(Step::Lake)[3].what else { panic!("{:?}", since(Step::Lake)) };
        assert_eq!((keys.as_slice(), *with_late), (&["bankdm/pipeline/code/a.py".to_owned()][..], false));
    }
}
