//! The process that runs the embedded AWS is killed while a model is trained.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{BufRead, BufReader};

use serde_json::Value;

use crate::program::{Machine, finish};

#[test]
fn a_run_that_is_killed_during_training_has_failed_and_can_be_retried() {
    let machine = Machine::new();
    let small = ["--set", "data.sample_rows=3000"];
    let with = |arguments: &[&'static str]| [arguments, &small].concat();
    machine.done(&with(&["run", "foundation", "lake", "load", "pipeline"]));
    // At pace `live` the training takes some seconds: there is time to kill it.
    let slow = with(&["pipeline", "start", "--no-cache", "--wait", "--json", "--set", "local.pace=live"]);
    let mut child = machine.command(&slow).spawn().unwrap();
    let mut arn = String::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let event: Value = serde_json::from_str(&line.unwrap()).unwrap();
        if event["event"] == "started" {
            event["arn"].as_str().unwrap().clone_into(&mut arn);
        }
        if event["event"] == "step" && event["name"] == "Step-Train" && event["state"] == "running" {
            break;
        }
    }
    // SIGKILL: nothing of the program runs after it.
    child.kill().unwrap();
    assert_eq!(finish(child).code, None);

    let shown: Value = serde_json::from_str(&machine.done(&["pipeline", "show", "--json"])).unwrap();
    assert_eq!(shown["arn"], arn);
    assert_eq!(shown["state"], "failed", "{shown}");
    assert!(shown["failure"].as_str().unwrap().contains("the process that ran the embedded AWS ended"), "{shown}");
    let training = shown["steps"].as_array().unwrap().iter().find(|step| step["name"] == "Step-Train").unwrap();
    assert_eq!(training["state"], "failed", "{training}");
    assert_eq!(shown["evaluation"], Value::Null);
    let models: Value = serde_json::from_str(&machine.done(&["model", "list", "--json"])).unwrap();
    assert_eq!(models["models"].as_array().unwrap().len(), 1, "nothing half-written is taken for a model: {models}");

    let events = machine.events(&["pipeline", "retry", "--wait", "--json"]);
    assert_eq!(events[0]["event"], "retried");
    assert_eq!(events.last().unwrap()["state"], "succeeded");
    // The steps that had succeeded were not run again.
    let run: Vec<&str> = events.iter().filter(|event| event["state"] == "succeeded").filter_map(|event| event["name"].as_str()).collect();
    assert!(run.contains(&"Step-RegisterModel"), "{run:?}");
    let models: Value = serde_json::from_str(&machine.done(&["model", "list", "--json"])).unwrap();
    assert_eq!(models["models"].as_array().unwrap().len(), 2, "{models}");
}

#[test]
fn runs_are_started_watched_listed_compared_and_told_in_words() {
    let machine = Machine::new();
    let small = ["--set", "data.sample_rows=3000"];
    let with = |arguments: &[&'static str]| [arguments, &small].concat();
    let document = |arguments: &[&str]| -> Value { serde_json::from_str(&machine.done(arguments)).unwrap() };
    machine.done(&with(&["run", "foundation", "lake", "load", "pipeline"]));
    let lines = machine.done(&with(&["pipeline", "start", "--param", "ModelApprovalStatus=Rejected", "--wait"]));
    assert!(lines.contains("✔ succeeded  Step-RegisterModel"), "{lines}");
    assert!(lines.contains("taken from an earlier execution"), "{lines}");
    let refused = machine.run(&with(&["pipeline", "start", "--param", "Colour=red"]));
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(refused.stderr.contains("`Colour` is no parameter"), "{}", refused.stderr);
    let listed = document(&["pipeline", "list", "--json"]);
    let executions = listed["executions"].as_array().unwrap();
    assert_eq!(executions.len(), 2);
    assert_eq!((&executions[0]["registered"], &executions[1]["registered"]), (&2.into(), &1.into()));
    let ids: Vec<&str> = executions.iter().map(|run| run["arn"].as_str().unwrap().rsplit('/').next().unwrap()).collect();
    let shown = machine.done(&["pipeline", "show", ids[1]]);
    assert!(shown.contains("AUC 0.") && shown.contains("ModelApprovalStatus"), "{shown}");
    let diff = document(&["pipeline", "diff", ids[1], ids[0], "--json"]);
    let change = diff["settings"].as_array().unwrap().iter().find(|change| change["name"] == "ModelApprovalStatus").unwrap();
    assert_eq!((&change["a"], &change["b"]), (&"PendingManualApproval".into(), &"Rejected".into()));
    let same = machine.done(&with(&["pipeline", "diff"]));
    assert!(same.contains("is the one that the settings make"), "{same}");
    let other = document(&with(&["pipeline", "diff", "--json", "--set", "mlops.eta=0.1"]));
    assert_eq!(other["changes"][0]["path"], "Steps[Step-Train].Arguments.HyperParameters.eta");
    let stopped = machine.done(&["pipeline", "stop", ids[0], "--json"]);
    assert!(stopped.contains("\"stopped\""), "{stopped}");
    let retried = machine.run(&["pipeline", "retry", ids[0]]);
    assert_eq!(retried.code, Some(3), "{}", retried.stderr);
}
