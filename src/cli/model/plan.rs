//! What approving, scoring and training anew would do, in lines.

use super::super::output::thousands;
use super::super::pipeline::plan::start;
use super::super::plan::resources;
use super::approval_name;
use crate::demo::figures;
use crate::ops::batch::ScorePlan;
use crate::ops::models::{DecisionPlan, Turn};
use crate::ops::plan::{Action, Planned};
use crate::ops::prices::{money, rate};
use crate::ops::retrain::RetrainPlan;

/// The lines of a decision. `local` is whether the account is the embedded one, of which everything is known.
pub fn decision(plan: &DecisionPlan, local: bool) -> Vec<String> {
    let auc = plan.auc.map(|auc| format!(" (AUC {auc:.4})")).unwrap_or_default();
    let reason = plan.reason_before.as_ref().map(|reason| format!(", “{reason}”")).unwrap_or_default();
    let (before, after) = (approval_name(plan.before), approval_name(plan.after));
    let mut lines = vec![match plan.changed {
        true => format!("version {}{auc} is {before}{reason}; it would be {after}", plan.version),
        false => format!("version {}{auc} is {before} already{reason}; nothing would change", plan.version),
    }];
    if !plan.serves_at.is_empty() {
        lines.push(format!("it serves at {}, and goes on", plan.serves_at.join(", ")));
    }
    if !plan.changed {
        return lines;
    }
    lines.push(turn("`endpoint deploy` and `model score` without a version take", &plan.deployed_next));
    lines.push(turn("the next execution of the pipeline is compared with", &plan.compared_with));
    lines.push(match local {
        true => "nothing starts by itself".to_owned(),
        false => {
            "nothing of this demonstration starts by itself; rules of EventBridge that somebody else has made are not looked at".to_owned()
        }
    });
    lines.extend(
        plan.waiting
            .as_ref()
            .map(|place| format!("{place} of the project waits for a decision of its own about this version: `shiftdeck project approve`")),
    );
    lines
}

fn turn(what: &str, turn: &Turn) -> String {
    let version = |version: Option<u32>| version.map_or_else(|| "no version".to_owned(), |version| format!("version {version}"));
    match turn.before == turn.after {
        true => format!("{what} {}, as now", version(turn.after)),
        false => format!("{what} {} instead of {}", version(turn.after), version(turn.before)),
    }
}

/// The lines of a batch. `free` is whether nothing of it costs anything.
pub fn score(plan: &ScorePlan, free: bool) -> Vec<String> {
    let rows = plan.rows.map_or_else(|| "rows that cannot be counted".to_owned(), |rows| figures::counted(rows, "row"));
    let chosen = plan.chosen.map(|chosen| format!(", {chosen}")).unwrap_or_default();
    let mut lines = vec![format!("{rows} of {} would be scored with version {}{chosen}", plan.input, plan.version)];
    lines.extend(resources(&objects(plan)));
    let time = plan.seconds.map_or_else(
        || "how long it takes is not known here yet".to_owned(),
        |seconds| format!("the last batch took {}", figures::duration(seconds)),
    );
    let cost = match (free, plan.usd, plan.usd_per_hour) {
        (true, ..) => "it costs nothing on the embedded AWS".to_owned(),
        (false, Some(usd), _) => format!("a job of that time costs {}", money(usd)),
        (false, None, Some(hourly)) => format!("the job costs {} an hour", rate(hourly)),
        (false, None, None) => "what the job costs is not known".to_owned(),
    };
    lines.push(format!("one job on 1 × {}; {time}; {cost}", plan.instance));
    lines.push(format!("the rows with their scores go to {}{}…/scores/", plan.folder, plan.job));
    lines
}

fn objects(plan: &ScorePlan) -> Vec<Planned> {
    let mut lines = vec![plan.model.clone(), Planned::free(Action::Create, "Transform job", format!("{}…", plan.job))];
    lines.extend(plan.table.as_ref().map(|table| {
        let lost = table.rows.map(|rows| format!(" (its {} are lost)", figures::counted(rows, "row"))).unwrap_or_default();
        Planned::free(table.action, "Table", format!("{}{lost}", table.name))
    }));
    lines
}

/// The lines of a walk. `free` is whether nothing of it costs anything.
pub fn retrain(plan: &RetrainPlan, free: bool) -> Vec<String> {
    let mut lines = vec![format!(
        "{} rows of an autumn campaign would arrive (seed {}) and be measured against version {}, which staging serves",
        thousands(u64::from(plan.arrivals.rows)),
        plan.arrivals.seed,
        plan.champion
    )];
    lines.extend(resources(std::slice::from_ref(&plan.arriving)));
    lines.push(match plan.inserts {
        true => format!("{} has {}, and would have {}", plan.table, figures::counted(plan.rows, "row"), thousands(plan.rows_after)),
        false => format!("they are in {} already, which has {}", plan.table, figures::counted(plan.rows, "row")),
    });
    lines.push(format!("written to S3 before: {}", plan.writes));
    lines.extend(start(&plan.start, free));
    lines.push(match plan.seconds {
        Some(seconds) => format!("the whole walk took {} the last time", figures::duration(seconds)),
        None => "the whole walk has not been done here yet".to_owned(),
    });
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::batch::IntoPlan;
    use crate::ops::models::ApprovalState;
    use crate::ops::pipeline::{Forecast, StartPlan};
    use crate::ops::retrain::Arrivals;

    #[test]
    fn an_approval_is_told_with_what_follows_from_it() {
        let plan = DecisionPlan {
            version: 2,
            before: ApprovalState::PendingManualApproval,
            reason_before: None,
            after: ApprovalState::Approved,
            changed: true,
            auc: Some(0.79312),
            serves_at: vec!["BankDM-staging".into()],
            deployed_next: Turn { before: Some(1), after: Some(2) },
            compared_with: Turn { before: None, after: Some(2) },
            waiting: Some("Approve/Decide".into()),
        };
        insta::assert_snapshot!(decision(&plan, false).join("\n"), @r"
        version 2 (AUC 0.7931) is waiting for approval; it would be approved
        it serves at BankDM-staging, and goes on
        `endpoint deploy` and `model score` without a version take version 2 instead of version 1
        the next execution of the pipeline is compared with version 2 instead of no version
        nothing of this demonstration starts by itself; rules of EventBridge that somebody else has made are not looked at
        Approve/Decide of the project waits for a decision of its own about this version: `shiftdeck project approve`
        ");
        let same = DecisionPlan {
            before: ApprovalState::Approved,
            reason_before: Some("good".into()),
            changed: false,
            auc: None,
            serves_at: Vec::new(),
            ..plan
        };
        assert_eq!(decision(&same, true), ["version 2 is approved already, “good”; nothing would change"]);
    }

    #[test]
    fn a_batch_is_told_with_its_rows_its_job_and_the_table_that_is_lost() {
        let plan = ScorePlan {
            input: "dm.data".into(),
            rows: Some(41_188),
            version: 2,
            chosen: Some("the newest approved one"),
            model: Planned::free(Action::Keep, "Model", "BankDM-v2"),
            job: "BankDM-batch-v2-".into(),
            instance: "ml.m5.xlarge".into(),
            usd_per_hour: Some(0.23),
            seconds: Some(300.0),
            usd: Some(0.0192),
            folder: "s3://b/p/batch/".into(),
            table: Some(IntoPlan { name: "dm.scores".into(), action: Action::Replace, rows: Some(4119) }),
        };
        insta::assert_snapshot!(score(&plan, false).join("\n"), @r"
        41,188 rows of dm.data would be scored with version 2, the newest approved one
          keep     Model          BankDM-v2
          create   Transform job  BankDM-batch-v2-…
          replace  Table          dm.scores (its 4,119 rows are lost)
        one job on 1 × ml.m5.xlarge; the last batch took 5 min 00 s; a job of that time costs $0.02
        the rows with their scores go to s3://b/p/batch/BankDM-batch-v2-…/scores/
        ");
        let unknown = ScorePlan { rows: None, seconds: None, usd: None, chosen: None, table: None, ..plan };
        let told = score(&unknown, false);
        assert_eq!(told[0], "rows that cannot be counted of dm.data would be scored with version 2");
        assert!(told.iter().any(|line| line.contains("not known here yet; the job costs $0.23 an hour")), "{told:?}");
    }

    #[test]
    fn a_walk_is_told_with_the_table_before_and_after() {
        let start = StartPlan {
            pipeline: "BankDM-Pipeline".into(),
            parameters: Vec::new(),
            writes: Vec::new(),
            definition_digest: "0123456789abcdef".into(),
            outdated: None,
            forecast: Forecast::default(),
            at_work: Vec::new(),
            unknown: Vec::new(),
        };
        let plan = RetrainPlan {
            arrivals: Arrivals { rows: 10_000, seed: 2026 },
            champion: 1,
            arriving: Planned::free(Action::Create, "Table", "dm.data_new"),
            table: "dm.data".into(),
            rows: 41_188,
            rows_after: 51_188,
            inserts: true,
            writes: "p/arrivals/rows.csv".into(),
            start,
            seconds: None,
        };
        insta::assert_snapshot!(retrain(&plan, true).join("\n"), @r"
        10,000 rows of an autumn campaign would arrive (seed 2026) and be measured against version 1, which staging serves
          create  Table  dm.data_new
        dm.data has 41,188 rows, and would have 51,188
        written to S3 before: p/arrivals/rows.csv
        an execution of BankDM-Pipeline would be started with
        how long it takes is not known: no execution has succeeded yet; the jobs cost nothing on the embedded AWS
        the whole walk has not been done here yet
        ");
        let there = retrain(&RetrainPlan { inserts: false, rows: 51_188, ..plan }, true);
        assert_eq!(there[2], "they are in dm.data already, which has 51,188 rows");
    }
}
