//! What a checklist says of a moment. Pure.

use crate::demo::resource::{ResourceState, ResourceStatus};
use crate::demo::step::Step;
use crate::ops::OpError;
use crate::ops::steps::{StepState, from_checklist};

/// The step that a resource first comes with: exploring already puts the data in the lake.
const fn comes_with(line: &ResourceStatus) -> Step {
    match line.step {
        Step::Lake => Step::Explore,
        step => step,
    }
}

/// Whether a step before `next` leaves something that has to be there. What exploring leaves the step after it makes as well.
fn leaves(step: Step, next: Step) -> bool {
    match step {
        Step::Explore => next == Step::Lake,
        Step::Predict | Step::Cleanup => false,
        step => step < next,
    }
}

/// The steps before `next` that leave something, and how they stand. How the newest execution ended says nothing of what the step has left.
pub(super) fn before(lines: &[ResourceStatus], next: Step) -> Vec<(Step, StepState)> {
    let lines: Vec<ResourceStatus> = lines.iter().filter(|line| line.kind != "Execution").cloned().collect();
    from_checklist(&lines).into_iter().filter(|(step, _)| leaves(*step, next)).collect()
}

/// Whether a step is among those that have to be done, and is.
pub(super) fn is_done(states: &[(Step, StepState)], step: Step) -> bool {
    states.iter().any(|(known, state)| *known == step && matches!(state, StepState::Done(_)))
}

/// The steps that have to run: the first one that is not done and those after it, because they work on what it makes. `loaded` is whether the
/// table has the rows of the lake.
pub(super) fn missing(states: &[(Step, StepState)], loaded: bool) -> Vec<Step> {
    let is_missing = |(step, state): &(Step, StepState)| !matches!(state, StepState::Done(_)) || (*step == Step::Load && !loaded);
    let first = states.iter().position(is_missing).unwrap_or(states.len());
    states[first..].iter().map(|(step, _)| *step).collect()
}

/// What is not done of the steps that have to be, in sentences.
pub(super) fn undone(states: &[(Step, StepState)]) -> Vec<String> {
    states
        .iter()
        .filter_map(|(step, state)| match state {
            StepState::Done(_) => None,
            StepState::Pending => Some(format!("the step `{step}` is not done")),
            StepState::Unknown(why) => Some(format!("whether the step `{step}` is done could not be read ({why})")),
        })
        .collect()
}

/// The steps of which that could not be read, as what is in the way.
pub(super) fn unreadable(states: &[(Step, StepState)]) -> Vec<OpError> {
    states
        .iter()
        .filter_map(|(step, state)| match state {
            StepState::Unknown(why) => {
                let what = format!("could not find out whether the step `{step}` is done");
                Some(OpError::failed("", what, why.clone()).or_fix("run this again when it can be read"))
            }
            StepState::Done(_) | StepState::Pending => None,
        })
        .collect()
}

/// Whether something is there, by kind and name.
pub(super) fn is_there(lines: &[ResourceStatus], kind: &str, name: &str) -> bool {
    lines.iter().any(|line| line.kind == kind && line.name == name && line.state != ResourceState::Missing)
}

/// What is there of `next` and later steps. Not looked at is what cannot go: the workgroup that every account has, executions, and with the first
/// step what is the account's own; of a warehouse that is only used its schemas, which may have been there before.
pub(super) fn left(lines: &[ResourceStatus], next: Step, only_used: bool) -> Vec<&ResourceStatus> {
    let stays = |line: &ResourceStatus| match line.kind {
        "Athena workgroup" | "Execution" => true,
        // It goes with its model, which has a line of its own.
        "SQL function" => true,
        "Schema" | "External schema" => only_used,
        _ => false,
    };
    if next == Step::Foundation {
        return Vec::new();
    }
    lines.iter().filter(|line| comes_with(line) >= next && line.state != ResourceState::Missing && !stays(line)).collect()
}

/// Whether a removal of one kind takes away a line of another.
pub(super) fn takes(removal: &str, line: &str) -> bool {
    match line {
        "CSV" | "Scripts" | "Unload" => removal == "Objects",
        "Lake table" => matches!(removal, "Lake table" | "Lake database"),
        line => removal == line,
    }
}

/// What is there of `next` and later steps and will not go, as what is in the way. `removals` are the kinds of what goes.
pub(super) fn staying(left: &[&ResourceStatus], removals: &[&str]) -> Vec<OpError> {
    let goes = |line: &ResourceStatus| removals.iter().any(|removal| takes(removal, line.kind));
    left.iter()
        .filter(|line| !goes(line))
        .map(|line| match line.state {
            ResourceState::Unknown => {
                let what = format!("could not find out whether the {} is there", line.kind);
                OpError::failed(&line.name, what, line.detail.clone()).or_fix("run this again when it can be read")
            }
            _ => {
                let found = if line.detail.is_empty() { String::new() } else { format!(" ({})", line.detail) };
                let why = format!("what is there{found} does not carry this demonstration's tag, or others have something in it");
                OpError::failed(&line.name, format!("will not remove the {}", line.kind), why)
                    .with_fix("see to it by hand, or choose another `demo.name`; then run this again")
            }
        })
        .collect()
}

/// Something that should not be there, in a sentence.
pub(super) fn told(line: &ResourceStatus) -> String {
    let ResourceStatus { kind, name, detail, .. } = line;
    match (line.state, detail.as_str()) {
        (ResourceState::Unknown, why) => format!("whether {kind} `{name}` is there could not be read ({why})"),
        (_, "") => format!("{kind} `{name}` is still there"),
        (_, detail) => format!("{kind} `{name}` is still there ({detail})"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    const KINDS: [(&str, Step); 8] = [
        ("S3 bucket", Step::Foundation),
        ("CSV", Step::Lake),
        ("Schema", Step::Load),
        ("Table", Step::Load),
        ("Pipeline", Step::Pipeline),
        ("Execution", Step::Pipeline),
        ("Endpoint", Step::Deploy),
        ("SQL model", Step::RedshiftMl),
    ];

    /// An account in which everything up to a step is done.
    fn until(last: Option<Step>) -> Vec<ResourceStatus> {
        let line = |(kind, step): (&'static str, Step)| ResourceStatus {
            id: kind.to_lowercase(),
            kind,
            name: kind.to_uppercase(),
            purpose: "",
            step,
            depends_on: Vec::new(),
            state: if last.is_some_and(|last| step <= last) { ResourceState::Ready } else { ResourceState::Missing },
            detail: String::new(),
        };
        KINDS.into_iter().map(line).collect()
    }

    fn with(mut lines: Vec<ResourceStatus>, kind: &str, state: ResourceState) -> Vec<ResourceStatus> {
        let line = lines.iter_mut().find(|line| line.kind == kind).unwrap();
        (line.state, line.detail) = (state, "the reason".to_owned());
        lines
    }

    fn to_run(lines: &[ResourceStatus], next: Step) -> Vec<Step> {
        missing(&before(lines, next), true)
    }

    #[test]
    fn from_nothing_every_step_runs_that_leaves_something() {
        let nothing = until(None);
        assert_eq!(to_run(&nothing, Step::Foundation), []);
        assert_eq!(to_run(&nothing, Step::Explore), [Step::Foundation]);
        assert_eq!(to_run(&nothing, Step::Lake), [Step::Foundation, Step::Explore], "exploring is what comes before");
        assert_eq!(to_run(&nothing, Step::Pipeline), [Step::Foundation, Step::Lake, Step::Load]);
        let all = [Step::Foundation, Step::Lake, Step::Load, Step::Pipeline, Step::Deploy, Step::RedshiftMl];
        assert_eq!(to_run(&nothing, Step::Cleanup), all);
    }

    #[test]
    fn what_is_done_does_not_run_and_what_follows_from_something_missing_does() {
        let everything = until(Some(Step::Cleanup));
        for next in Step::ALL {
            assert_eq!(to_run(&everything, next), [], "{next}");
        }
        let unloaded = with(everything.clone(), "Table", ResourceState::Missing);
        assert_eq!(to_run(&unloaded, Step::Deploy), [Step::Load, Step::Pipeline]);
        assert_eq!(missing(&before(&everything, Step::Deploy), false), [Step::Load, Step::Pipeline], "other rows than the lake's");
        let failed = with(everything, "Execution", ResourceState::Failed);
        assert_eq!(to_run(&failed, Step::Deploy), [], "a failed execution takes nothing away");
    }

    #[test]
    fn what_is_of_the_step_or_later_must_not_be_there() {
        let kinds = |lines: &[ResourceStatus], next| left(lines, next, false).into_iter().map(|line| line.kind).collect::<Vec<_>>();
        let everything = until(Some(Step::Cleanup));
        assert_eq!(kinds(&everything, Step::Explore), ["CSV", "Schema", "Table", "Pipeline", "Endpoint", "SQL model"]);
        assert_eq!(kinds(&everything, Step::Lake), ["Schema", "Table", "Pipeline", "Endpoint", "SQL model"]);
        assert_eq!(kinds(&everything, Step::Deploy), ["Endpoint", "SQL model"]);
        assert_eq!(kinds(&everything, Step::Cleanup), [] as [&str; 0]);
        assert_eq!(kinds(&until(Some(Step::Pipeline)), Step::Deploy), [] as [&str; 0]);
        assert_eq!(left(&everything, Step::Load, true).first().unwrap().kind, "Table", "a schema that was there before stays");
    }

    #[test]
    fn what_is_there_and_does_not_go_is_in_the_way() {
        let everything = until(Some(Step::Cleanup));
        let left = left(&everything, Step::Explore, false);
        assert_eq!(staying(&left, &["Objects", "Table", "Schema", "Pipeline", "Endpoint", "SQL model"]), []);
        let stays = staying(&left, &["Objects", "Table", "Schema", "Pipeline", "SQL model"]);
        assert_eq!(stays.iter().map(|error| error.what.as_str()).collect::<Vec<_>>(), ["will not remove the Endpoint"]);
        assert!(takes("Lake database", "Lake table") && !takes("Lake table", "Lake database"));
    }

    #[test]
    fn differences_are_sentences() {
        let lines = with(until(Some(Step::Pipeline)), "Endpoint", ResourceState::Deleting);
        let left = left(&lines, Step::Deploy, false);
        assert_eq!(left.iter().map(|line| told(line)).collect::<Vec<_>>(), ["Endpoint `ENDPOINT` is still there (the reason)"]);
        assert_eq!(undone(&before(&until(Some(Step::Lake)), Step::Pipeline)), ["the step `load` is not done"]);
        let denied = with(until(Some(Step::Load)), "Table", ResourceState::Unknown);
        assert_eq!(unreadable(&before(&denied, Step::Pipeline)).len(), 1);
        assert_eq!(unreadable(&before(&denied, Step::Load)), [], "what comes later is not asked for");
        let told = undone(&before(&denied, Step::Pipeline)).join("");
        assert!(told.starts_with("whether the step `load` is done could not be read (TABLE: the reason"), "{told}");
    }
}
