//! The whole demonstration, killed at random moments: the next run finishes, with the figures of a run that nothing disturbed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{BufRead, BufReader};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use crate::program::{Machine, finish};

/// Kills of one state directory before a run is left alone.
const KILLS_A_RUN: usize = 4;
/// State directories.
const RUNS: usize = 5;

fn arguments() -> [&'static str; 5] {
    ["run", "--all", "--json", "--set", "data.sample_rows=4000"]
}

/// Starts a run, kills it behind the `line`th line of its report, and says how many lines it gave. `None` when it was faster.
fn killed_behind(machine: &Machine, line: usize) -> Option<usize> {
    let mut child = machine.command(&arguments()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let seen = lines.by_ref().take(line).map(Result::unwrap).count();
    // SIGKILL: nothing of the program runs after it.
    child.kill().unwrap();
    let ended = finish(child);
    (ended.code.is_none() && seen == line).then_some(seen)
}

#[test]
fn a_run_that_is_killed_twenty_times_ends_with_the_same_figures() {
    let undisturbed = Machine::new();
    let events = undisturbed.events(&arguments());
    let summary: &Value = events.last().unwrap();
    assert_eq!(summary["ok"], true, "{summary}");
    let length = events.len();
    // The seed only decides where; the test holds for every one.
    let mut random = ChaCha8Rng::seed_from_u64(2014);
    let mut kills = 0;
    for run in 0..RUNS {
        let machine = Machine::new();
        for _ in 0..KILLS_A_RUN {
            let line = random.random_range(0..length - 1);
            kills += usize::from(killed_behind(&machine, line).is_some());
        }
        let again = machine.events(&arguments());
        let last = again.last().unwrap();
        assert_eq!(last["ok"], true, "run {run}: {last}");
        assert_eq!(last["metrics"], summary["metrics"], "run {run}");
        // Nothing is left in an in-between state: one more run has nothing to do.
        let third = machine.events(&arguments());
        let steps = third.last().unwrap()["steps"].as_object().unwrap().clone();
        assert!(steps.values().all(|step| step["changed"] == false), "run {run}: {steps:?}");
    }
    assert!(kills >= RUNS * KILLS_A_RUN / 2, "only {kills} runs were killed before their end");
}
