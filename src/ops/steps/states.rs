//! What the account already shows of each step, derived from the checklist.

use std::collections::BTreeMap;

use crate::demo::figures;
use crate::demo::resource::{ResourceState, ResourceStatus};
use crate::demo::step::Step;

/// What is known of a step that is not running.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepState {
    /// Not done.
    Pending,
    /// Done, with what is there now.
    Done(String),
    /// Could not be read.
    Unknown(String),
}

/// The states that a checklist means. What leaves nothing behind (looking, asking, cleaning up) is done as far as what it needs is there.
pub fn from_checklist(lines: &[ResourceStatus]) -> Vec<(Step, StepState)> {
    let by_step = Step::ALL.into_iter().fold(BTreeMap::<Step, Vec<&ResourceStatus>>::new(), |mut all, step| {
        // On request only, or made by a run of the pipeline that may have been long ago.
        let counts = |line: &&ResourceStatus| line.step == step && !line.purpose.contains("on request") && line.kind != "Athena workgroup";
        all.insert(step, lines.iter().filter(counts).collect());
        all
    });
    let of = |step: Step| by_step.get(&step).map(Vec::as_slice).unwrap_or_default();
    Step::ALL
        .into_iter()
        .map(|step| {
            let state = match step {
                // It looks at the lake's table, and leaves nothing of its own.
                Step::Explore => match done(of(Step::Lake)) {
                    StepState::Done(_) => StepState::Done("The data can be explored in the lake".to_owned()),
                    other => other,
                },
                Step::Predict => match done(of(Step::Deploy)) {
                    StepState::Done(_) => StepState::Done("The endpoint answers".to_owned()),
                    other => other,
                },
                Step::Cleanup => {
                    match lines.iter().filter(|line| line.kind != "Athena workgroup" && line.state != ResourceState::Missing).count() {
                        0 => StepState::Done("Nothing of the demonstration is in the account".to_owned()),
                        _ => StepState::Pending,
                    }
                }
                step => done(of(step)),
            };
            (step, state)
        })
        .collect()
}

fn done(lines: &[&ResourceStatus]) -> StepState {
    if let Some(unknown) = lines.iter().find(|line| line.state == ResourceState::Unknown) {
        return StepState::Unknown(format!("{}: {}", unknown.name, unknown.detail));
    }
    if lines.is_empty() || lines.iter().any(|line| line.state != ResourceState::Ready) {
        return StepState::Pending;
    }
    let telling = lines.iter().find(|line| matches!(line.kind, "CSV" | "Model package" | "Workgroup" | "Cluster" | "Model" | "SQL model"));
    StepState::Done(match telling {
        Some(line) if !line.detail.is_empty() => format!("{}: {}", line.name, line.detail),
        _ => format!("{} ready", figures::counted(lines.len() as u64, "resource")),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn line(kind: &'static str, step: Step, state: ResourceState) -> ResourceStatus {
        ResourceStatus {
            id: kind.to_owned(),
            kind,
            name: kind.to_owned(),
            purpose: "",
            step,
            depends_on: Vec::new(),
            state,
            detail: "detail".to_owned(),
        }
    }

    #[test]
    fn a_step_is_done_when_all_that_it_makes_is_there() {
        let mut lines = vec![
            line("CSV", Step::Lake, ResourceState::Ready),
            line("Lake table", Step::Lake, ResourceState::Ready),
            line("Table", Step::Load, ResourceState::Missing),
        ];
        let state = |lines: &[ResourceStatus], step| from_checklist(lines).into_iter().find(|(s, _)| *s == step).unwrap().1;
        assert_eq!(state(&lines, Step::Lake), StepState::Done("CSV: detail".to_owned()));
        assert_eq!(state(&lines, Step::Load), StepState::Pending);
        assert_eq!(state(&lines, Step::Cleanup), StepState::Pending);
        lines[1].state = ResourceState::Unknown;
        assert_eq!(state(&lines, Step::Lake), StepState::Unknown("Lake table: detail".to_owned()));
        for line in &mut lines {
            line.state = ResourceState::Missing;
        }
        assert!(matches!(state(&lines, Step::Cleanup), StepState::Done(_)));
    }
}
