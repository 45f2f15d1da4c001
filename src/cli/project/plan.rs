//! What a commit, a decision and a retry would do, in lines.

use super::super::endpoint::plan::lines as of_endpoint;
use super::super::output::columns;
use super::super::plan::resources;
use crate::demo::figures;
use crate::ops::models::ApprovalState;
use crate::ops::project::{ApprovalPlan, CommitPlan, StageRetryPlan};

/// The lines of a commit.
pub fn commit(plan: &CommitPlan) -> Vec<String> {
    let head = plan.head.as_ref().map_or_else(
        || "no commit yet".to_owned(),
        |head| format!("newest commit {}: {}", head.id.get(..10).unwrap_or(&head.id), head.message),
    );
    let mut lines = vec![format!("{}/{}, {head}", plan.repository, plan.branch)];
    lines.extend(resources(&plan.resources));
    let files = plan
        .files
        .iter()
        .map(|file| vec![format!("  {}", file.action.word()), "File".to_owned(), file.path.clone(), figures::bytes(file.bytes as u64)]);
    lines.extend(columns(&files.collect::<Vec<_>>()));
    for key in &plan.writes {
        lines.push(format!("written to S3 before: {key}"));
    }
    lines.push(match plan.changed {
        true => format!("it would be committed: {}", plan.message),
        false => "the source is as it was committed; there would be no new commit".to_owned(),
    });
    lines.push(match plan.starts {
        true => "the stages would run: the pipeline is brought up to date and trains, then somebody is asked".to_owned(),
        false => "the stages would not run".to_owned(),
    });
    lines.extend(
        plan.supersedes
            .as_ref()
            .map(|place| format!("{place} asks about an earlier commit; the new one takes its place when it gets there")),
    );
    lines
}

/// The lines of a decision. `free` is whether nothing of it costs anything.
pub fn approval(plan: &ApprovalPlan, free: bool) -> Vec<String> {
    let verb = if plan.yes { "approved" } else { "rejected" };
    let mut lines = vec![format!("{}/{} of {} would be {verb}", plan.stage, plan.action, plan.pipeline)];
    lines.push(match (plan.version, plan.before) {
        (Some(version), Some(before)) if before == plan.after => format!("version {version} is {verb} in the registry already"),
        (Some(version), Some(before)) => format!("version {version} is {} in the registry; it would be {verb}", word(before)),
        (Some(version), None) => format!("version {version} is not in the registry"),
        (None, _) => "which version it is about the stages do not say".to_owned(),
    });
    match &plan.deploys {
        Some(deploys) => {
            lines.push("then the stages deploy it, without a smoke test:".to_owned());
            lines.extend(of_endpoint(deploys, free));
        }
        None if plan.yes => lines.push("then the stages deploy the newest approved version".to_owned()),
        None => lines.push("then the stages end; the production endpoint stays as it is".to_owned()),
    }
    lines
}

const fn word(approval: ApprovalState) -> &'static str {
    match approval {
        ApprovalState::Approved => "approved",
        ApprovalState::Rejected => "rejected",
        ApprovalState::PendingManualApproval => "waiting for approval",
    }
}

/// The lines of a retry.
pub fn retry(plan: &StageRetryPlan) -> Vec<String> {
    let mut lines = vec![format!("{} of {} would be tried again, in execution {}", plan.stage, plan.pipeline, plan.execution)];
    for (action, summary) in &plan.again {
        lines.push(if summary.is_empty() { format!("  again  {action}") } else { format!("  again  {action}: {summary}") });
    }
    lines.extend(plan.kept.iter().map(|action| format!("  kept   {action}")));
    if !plan.then.is_empty() {
        lines.push(format!("then {}", plan.then.join(", ")));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::plan::{Action, Planned};
    use crate::ops::project::{Commit, FilePlan};

    #[test]
    fn a_commit_is_told_with_its_files_and_what_it_starts() {
        let head = Commit { id: "0123456789abcdef".into(), message: "The first source".into(), author: "ann".into(), at: None };
        let plan = CommitPlan {
            repository: "BankDM-source".into(),
            branch: "main".into(),
            message: "Fewer rounds".into(),
            head: Some(head),
            resources: vec![
                Planned::free(Action::Keep, "Repository", "BankDM-source"),
                Planned::free(Action::Create, "Stages", "BankDM-project"),
            ],
            files: vec![
                FilePlan { path: "deliver.py".into(), action: Action::Keep, bytes: 6100 },
                FilePlan { path: "pipeline/definition.json".into(), action: Action::Change, bytes: 21_400 },
            ],
            writes: vec!["p/code/0a/evaluate.py".into()],
            changed: true,
            starts: true,
            supersedes: Some("Approve/Decide".into()),
        };
        insta::assert_snapshot!(commit(&plan).join("\n"), @r"
        BankDM-source/main, newest commit 0123456789: The first source
          keep    Repository  BankDM-source
          create  Stages      BankDM-project
          keep    File  deliver.py                6.1 kB
          change  File  pipeline/definition.json  21.4 kB
        written to S3 before: p/code/0a/evaluate.py
        it would be committed: Fewer rounds
        the stages would run: the pipeline is brought up to date and trains, then somebody is asked
        Approve/Decide asks about an earlier commit; the new one takes its place when it gets there
        ");
        let same = commit(&CommitPlan { changed: false, starts: false, head: None, supersedes: None, ..plan });
        assert!(same[0].ends_with("no commit yet") && same.iter().any(|line| line.contains("there would be no new commit")), "{same:?}");
        assert_eq!(same.last().map(String::as_str), Some("the stages would not run"));
    }

    #[test]
    fn a_decision_is_told_with_the_version_and_what_comes_after() {
        let plan = ApprovalPlan {
            pipeline: "BankDM-project".into(),
            stage: "Approve".into(),
            action: "Decide".into(),
            yes: false,
            version: Some(2),
            before: Some(ApprovalState::PendingManualApproval),
            after: ApprovalState::Rejected,
            deploys: None,
        };
        insta::assert_snapshot!(approval(&plan, true).join("\n"), @r"
        Approve/Decide of BankDM-project would be rejected
        version 2 is waiting for approval in the registry; it would be rejected
        then the stages end; the production endpoint stays as it is
        ");
        let unknown = approval(&ApprovalPlan { yes: true, version: None, before: None, after: ApprovalState::Approved, ..plan }, true);
        assert_eq!(unknown[1..], ["which version it is about the stages do not say", "then the stages deploy the newest approved version"]);
    }

    #[test]
    fn a_retry_is_told_action_by_action() {
        let plan = StageRetryPlan {
            pipeline: "BankDM-project".into(),
            stage: "Build".into(),
            execution: "e1".into(),
            again: vec![("Train".into(), "AUC too small".into())],
            kept: vec!["Prepare".into()],
            then: vec!["Approve".into(), "Deploy".into()],
        };
        insta::assert_snapshot!(retry(&plan).join("\n"), @r"
        Build of BankDM-project would be tried again, in execution e1
          again  Train: AUC too small
          kept   Prepare
        then Approve, Deploy
        ");
    }
}
