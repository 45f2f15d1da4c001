//! Dry runs of the program: what is printed, with which exit code, and that nothing is changed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};

use serde_json::Value;

use crate::program::{Machine, finish};

/// A small sample, as the other tests of the program take it.
const SMALL: [&str; 2] = ["--set", "data.sample_rows=4000"];

fn with_small<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    arguments.iter().copied().chain(SMALL).collect()
}

/// Runs a dry run of the program, which ends with the sentence that it always ends with. Gives what it said before.
fn said(machine: &Machine, code: i32, arguments: &[&str]) -> String {
    let ended = machine.run(&with_small(arguments));
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(code), ""), "{arguments:?}: {}", ended.stdout);
    let (told, last) = ended.stdout.trim_end().rsplit_once('\n').unwrap_or(("", ended.stdout.trim_end()));
    assert_eq!(last, "Nothing was changed.", "{arguments:?}: {}", ended.stdout);
    told.to_owned()
}

/// A dry run as one JSON document.
fn document(machine: &Machine, code: i32, arguments: &[&str]) -> Value {
    let ended = machine.run(&with_small(arguments));
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(code), ""), "{arguments:?}: {}", ended.stdout);
    let document: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((&document["dry_run"], &document["exit_code"]), (&Value::from(true), &Value::from(code)), "{document}");
    document
}

/// What scripts can see of the account.
fn seen(machine: &Machine) -> Vec<String> {
    let looks = [
        &["endpoint", "list", "--json"][..],
        &["model", "list", "--json"],
        &["pipeline", "list", "--json"],
        &["project", "show", "--json"],
        &["checkpoint", "list", "--json"],
        &["cleanup", "--dry-run", "--json"],
    ];
    let mut seen: Vec<String> = looks.iter().map(|look| machine.done(&with_small(look))).collect();
    // Figures of the last minutes are of the requests, and of the time.
    seen[0] = without_figures(&seen[0]);
    seen
}

fn without_figures(endpoints: &str) -> String {
    let mut document: Value = serde_json::from_str(endpoints).unwrap();
    for endpoint in document["endpoints"].as_array_mut().unwrap() {
        endpoint["metrics"] = Value::Null;
    }
    document.to_string()
}

#[test]
fn every_command_can_be_asked_what_it_would_do() {
    let machine = Machine::new();
    // On an account with nothing in it: what is missing has the exit code that the command itself has.
    for arguments in [
        &["endpoint", "deploy"][..],
        &["endpoint", "promote", "--yes"],
        &["endpoint", "rollback"],
        &["endpoint", "traffic", "1=1"],
        &["pipeline", "start"],
        &["pipeline", "stop"],
        &["pipeline", "retry"],
        &["model", "approve"],
        &["model", "reject"],
        &["model", "score", "--table", "dm.data"],
        &["model", "retrain"],
        &["project", "commit"],
        &["project", "approve", "--yes"],
        &["project", "retry", "Build"],
        &["checkpoint", "restore", "monday"],
        &["checkpoint", "save", "monday"],
    ] {
        // A machine of its own each: what a command makes on its way to failing is not the next one's.
        let machine = Machine::new();
        let dry: Vec<&str> = arguments.iter().copied().chain(["--dry-run"]).collect();
        let met = machine.run(&with_small(arguments));
        let code = met.code.unwrap();
        assert_ne!(code, 0, "{arguments:?}: {}", met.stdout);
        let machine = Machine::new();
        let told = said(&machine, code, &dry);
        assert!(told.contains("it would fail: ") && told.contains("  next: "), "{arguments:?}: {told}");
    }

    machine.done(&with_small(&["run", "foundation", "lake", "load", "pipeline", "deploy"]));
    machine.done(&with_small(&["checkpoint", "save", "deployed"]));
    let before = seen(&machine);
    let told = said(&machine, 0, &["endpoint", "deploy", "--dry-run"]);
    assert!(told.starts_with("version 1, the newest approved one: BankDM-staging (staging) serves it already\n"), "{told}");
    assert!(told.contains("  keep  Endpoint         BankDM-staging") && told.contains("400 rows of the test split"), "{told}");
    assert!(told.contains("costs nothing on the embedded AWS (on AWS: $0.115 an hour, as now)"), "{told}");
    let told = said(&machine, 0, &["endpoint", "promote", "--dry-run"]);
    assert!(told.contains("it asks for BankDM-prod to be typed first (or --yes)"), "{told}");
    let told = said(&machine, 0, &["endpoint", "promote", "--dry-run", "--yes"]);
    assert!(told.contains("--yes approves it") && told.contains("create  Endpoint         BankDM-prod"), "{told}");
    let told = document(&machine, 0, &["endpoint", "promote", "--dry-run", "--json"]);
    assert_eq!((&told["plan"]["version"], &told["plan"]["approach"]), (&Value::from(1), &Value::from("create")), "{told}");
    assert_eq!(told["asks"].as_array().unwrap().len(), 1, "{told}");
    let told = document(&machine, 3, &["endpoint", "deploy", "--version", "7", "--dry-run", "--json"]);
    assert!(told["plan"].is_null() && told["obstacles"][0]["what"] == "there is no version 7", "{told}");
    said(&machine, 3, &["endpoint", "rollback", "--dry-run"]);
    said(&machine, 2, &["endpoint", "traffic", "1=0", "--dry-run"]);

    let told = said(&machine, 0, &["pipeline", "start", "--dry-run", "-p", "ModelApprovalStatus=Approved"]);
    assert!(told.contains("ModelApprovalStatus      Approved") && told.contains("as asked for"), "{told}");
    assert!(told.contains("takes over what ") && told.contains("is the one that the settings make"), "{told}");
    let told = said(&machine, 0, &["pipeline", "start", "--dry-run", "--no-cache", "--set", "mlops.max_depth=2"]);
    assert!(!told.contains("takes over") && told.contains("differs from the one that the settings make in 1 place"), "{told}");
    said(&machine, 2, &["pipeline", "start", "--dry-run", "-p", "Colour=red"]);
    let told = said(&machine, 0, &["pipeline", "stop", "--dry-run"]);
    assert!(told.ends_with("has ended (succeeded); there is nothing to stop"), "{told}");
    let told = said(&machine, 3, &["pipeline", "retry", "--dry-run"]);
    assert!(told.contains("it has succeeded: nothing is left to do"), "{told}");

    let told = said(&machine, 0, &["model", "reject", "--dry-run"]);
    assert!(told.contains("is approved") && told.contains("take no version instead of version 1"), "{told}");
    let told = said(&machine, 0, &["model", "score", "--table", "dm.data", "--into", "dm.scores", "--dry-run"]);
    assert!(
        told.starts_with("4,000 rows of dm.data would be scored with version 1") && told.contains("create  Table          dm.scores"),
        "{told}"
    );
    let told = said(&machine, 0, &["model", "retrain", "--rows", "1000", "--promote", "--dry-run"]);
    assert!(told.contains("dm.data has 4,000 rows, and would have 5,000"), "{told}");
    assert!(told.contains("The new version goes to staging and to the production endpoint BankDM-prod; it asks for"), "{told}");
    let told = said(&machine, 0, &["project", "commit", "--dry-run", "--set", "project.enabled=true"]);
    assert!(told.contains("create  Repository  BankDM-source") && told.contains("the stages would run"), "{told}");
    assert_eq!(seen(&machine), before, "nothing of all this has changed anything");
}

#[test]
fn the_state_as_a_whole_is_told_before_it_goes() {
    let machine = Machine::new();
    assert!(said(&machine, 0, &["reset", "--dry-run"]).ends_with("it has not been used yet: nothing is lost"));
    assert!(!machine.home().join(".local").exists(), "and it was not used for that");
    machine.done(&with_small(&["run", "foundation", "lake", "load"]));
    machine.done(&["checkpoint", "save", "loaded"]);
    machine.done(&with_small(&["run", "pipeline"]));
    let before = seen(&machine);
    let lost = "what it has now is lost: 1 table, 1 execution, 1 model version, ";
    let told = said(&machine, 0, &["reset", "--dry-run"]);
    assert!(told.contains(lost) && told.ends_with("checkpoints stay: loaded"), "{told}");
    let told = said(&machine, 0, &["checkpoint", "restore", "loaded", "--dry-run"]);
    assert!(told.starts_with("the embedded AWS would be as it was in `loaded` of 2") && told.contains(lost), "{told}");
    let told = said(&machine, 0, &["checkpoint", "restore", "before-pipeline", "--dry-run"]);
    assert!(told.contains("before step 5 pipeline\nit is not ready"), "{told}");
    assert!(told.contains("made ready: before foundation, explore, lake, load, pipeline, deploy, predict, redshift-ml, cleanup"), "{told}");
    let told = said(&machine, 0, &["checkpoint", "prepare", "--dry-run"]);
    assert!(told.contains("how long they take is not known here yet"), "explore, deploy and others have not run: {told}");
    let told = said(&machine, 0, &["checkpoint", "save", "loaded", "--dry-run"]);
    assert!(told.contains("would be saved as `loaded`: 1 table, 1 execution") && told.contains("it replaces `loaded` of 2"), "{told}");
    let told = said(&machine, 2, &["checkpoint", "restore", "monday", "--dry-run"]);
    assert!(told.contains("there is no checkpoint `monday`; there are loaded"), "{told}");
    assert_eq!(seen(&machine), before);

    // What was told is what happens.
    machine.done(&with_small(&["checkpoint", "restore", "loaded"]));
    let models: Value = serde_json::from_str(&machine.done(&with_small(&["model", "list", "--json"]))).unwrap();
    assert_eq!(models["models"].as_array().unwrap().len(), 0, "{models}");
    machine.done(&with_small(&["checkpoint", "prepare"]));
    let told = said(&machine, 0, &["checkpoint", "prepare", "--dry-run"]);
    assert!(told.contains("ready already: before foundation, explore") && !told.contains("made ready"), "{told}");
    let told = said(&machine, 0, &["checkpoint", "prepare", "--dry-run", "--set", "mlops.max_depth=2"]);
    assert!(told.contains("9 checkpoints of other settings would be removed"), "{told}");
    let told = said(&machine, 0, &["checkpoint", "restore", "before-pipeline", "--dry-run"]);
    assert!(told.contains("ready since 2"), "{told}");
    machine.done(&with_small(&["reset", "--yes"]));
    assert!(said(&machine, 0, &["reset", "--dry-run"]).contains("nothing is lost"));

    // Who uses it at the same time is in the way of both.
    let mut serving = machine.command(&["serve", "--addr", "127.0.0.1:0"]).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(serving.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let met = machine.run(&["reset", "--yes"]);
    assert_eq!(met.code, Some(3), "{}", met.stderr);
    let told = said(&machine, 3, &["reset", "--dry-run"]);
    assert!(told.contains("in use by another process"), "{told}");
    said(&machine, 3, &["checkpoint", "restore", "loaded", "--dry-run"]);
    serving.kill().unwrap();
    finish(serving);
}

#[test]
fn a_walkthrough_is_written_as_was_told() {
    let machine = Machine::new();
    let told = said(&machine, 0, &["walkthrough", "new", "talk", "--dry-run"]);
    let directory = machine.home().join("talk");
    assert!(!directory.exists() && told.starts_with("talk would be made\n"), "{told}");
    machine.done(&["walkthrough", "new", "talk"]);
    let written: BTreeSet<String> =
        std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let named: BTreeSet<String> = told
        .lines()
        .filter_map(|line| line.strip_prefix("  create  talk/"))
        .map(|line| line.split_whitespace().next().unwrap().to_owned())
        .collect();
    assert_eq!(named, written);
    let met = machine.run(&["walkthrough", "new", "talk"]);
    let told = said(&machine, met.code.unwrap(), &["walkthrough", "new", "talk", "--dry-run"]);
    assert!(told.starts_with("it would fail: talk/") && told.ends_with("is there already"), "{told}");
}
