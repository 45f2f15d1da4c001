//! The steps of an execution as a graph: what comes after what, and what stands side by side.

use std::collections::HashMap;

use super::PipelineStep;

/// Indices of the steps in levels: a step stands one level below the lowest step that it waits for, so that every arrow leads down and
/// steps of one level can be at work at the same time. Within a level the order is that of the definition. Names that no step has are
/// ignored; steps that wait for each other (no service accepts them) stand together on a last level.
pub fn levels(steps: &[PipelineStep]) -> Vec<Vec<usize>> {
    let place: HashMap<&str, usize> = steps.iter().enumerate().map(|(index, step)| (step.name.as_str(), index)).collect();
    let waits: Vec<Vec<usize>> =
        steps.iter().map(|step| step.depends_on.iter().filter_map(|name| place.get(name.as_str()).copied()).collect()).collect();
    let mut level_of: Vec<Option<usize>> = vec![None; steps.len()];
    let mut levels: Vec<Vec<usize>> = Vec::new();
    loop {
        let ready = |index: usize| level_of[index].is_none() && waits[index].iter().all(|other| level_of[*other].is_some());
        let next: Vec<usize> = (0..steps.len()).filter(|index| ready(*index)).collect();
        if next.is_empty() {
            break;
        }
        for &index in &next {
            level_of[index] = Some(levels.len());
        }
        levels.push(next);
    }
    let circular: Vec<usize> = (0..steps.len()).filter(|index| level_of[*index].is_none()).collect();
    if !circular.is_empty() {
        levels.push(circular);
    }
    levels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(name: &str, depends_on: &[&str]) -> PipelineStep {
        PipelineStep {
            name: name.to_owned(),
            depends_on: depends_on.iter().map(|name| (*name).to_owned()).collect(),
            ..PipelineStep::default()
        }
    }

    #[test]
    fn parallel_steps_stand_side_by_side() {
        let steps = [
            step("unload", &[]),
            step("check", &["unload"]),
            step("prepare", &["unload"]),
            step("train", &["check", "prepare"]),
            step("evaluate", &["prepare", "train"]),
            step("gate", &["evaluate"]),
            step("register", &["gate", "prepare"]),
            step("refused", &["gate"]),
        ];
        assert_eq!(levels(&steps), [vec![0], vec![1, 2], vec![3], vec![4], vec![5], vec![6, 7]]);
    }

    #[test]
    fn order_in_the_list_does_not_matter_and_nothing_is_lost() {
        assert_eq!(levels(&[step("b", &["a", "nobody"]), step("a", &[])]), [vec![1], vec![0]]);
        assert_eq!(levels(&[step("a", &["b"]), step("b", &["a"]), step("c", &[])]), [vec![2], vec![0, 1]]);
        assert!(levels(&[]).is_empty());
    }
}
