//! The commands and their contract with scripts: exit codes, JSON, formats, signals, pipes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{BufRead as _, BufReader, Read as _};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::program::{Machine, finish, json_lines};

/// A small sample, so that a test takes a moment; large enough for a model that the quality gate lets pass.
const SMALL: [&str; 2] = ["--set", "data.sample_rows=4000"];

/// How many resources of the demonstration are there; the account's own Athena workgroup is not the demonstration's.
fn made(status: &Value) -> usize {
    let resources = status["resources"].as_array().unwrap().iter();
    resources.filter(|resource| resource["state"] != "missing" && resource["id"] != "athena-workgroup/primary").count()
}

fn with_small<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    arguments.iter().copied().chain(SMALL).collect()
}

#[test]
fn wrong_usage_is_exit_code_2() {
    let machine = Machine::new();
    for (arguments, expected) in [
        (&["run"][..], "Name steps"),
        (&["run", "nosuch"], "the steps are foundation, explore"),
        (&["run", "--all", "load"], "cannot be used with"),
        (&["predict"], "--sample"),
        (&["predict", "--row", "[1]"], "not an object"),
        (&["sql", "-e", " ; -- nothing"], "no statement"),
        (&["sql", "-f", "missing.sql"], "missing.sql"),
        (&["sql", "-e", "select 1; select 2", "--format", "parquet", "-o", "x"], "one result"),
        (&["nosuch"], "unrecognized"),
        (&["--target", "replay", "status"], "recording"),
        (&["--target", "aws", "reset"], "--target local"),
    ] {
        let ended = machine.run(arguments);
        assert_eq!(ended.code, Some(2), "{arguments:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(expected), "{arguments:?}: {expected}\nnot in\n{}", ended.stderr);
        assert!(ended.stdout.is_empty(), "{arguments:?}: {}", ended.stdout);
    }
}

#[test]
fn what_is_missing_is_exit_code_3_and_says_what_to_do() {
    let machine = Machine::new();
    let ended = machine.run(&[]);
    assert_eq!(ended.code, Some(3));
    assert!(ended.stderr.contains("needs a terminal") && ended.stderr.contains("next: "), "{}", ended.stderr);
    let ended = machine.run(&["run", "load"]);
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    assert!(ended.stderr.contains("next: ") && ended.stderr.contains("`foundation`"), "{}", ended.stderr);
    let ended = machine.run(&["predict", "--sample", "1"]);
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    let mut command = machine.command(&["--target", "aws", "status"]);
    let ended = finish(command.env("AWS_EC2_METADATA_DISABLED", "true").spawn().unwrap());
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    assert!(ended.stderr.contains("credentials") && ended.stderr.contains("--target local"), "{}", ended.stderr);
}

#[test]
fn what_is_made_from_the_arguments_is_there() {
    let machine = Machine::new();
    assert!(machine.done(&["completions", "bash"]).contains("shiftdeck"));
    let manual = machine.done(&["man"]);
    assert!(manual.contains(".TH shiftdeck") && manual.contains("dry\\-run"), "{manual}");
    assert!(machine.done(&["--version"]).starts_with("shiftdeck "));
}

#[test]
fn the_whole_demonstration_runs_from_a_script_and_the_second_time_changes_nothing() {
    let machine = Machine::new();
    let all = with_small(&["run", "--all", "--json"]);
    let first = machine.events(&all);
    let summary = first.last().unwrap();
    assert_eq!((&summary["event"], &summary["ok"]), (&"summary".into(), &true.into()), "{summary}");
    let steps = summary["steps"].as_object().unwrap();
    assert_eq!(steps.keys().collect::<Vec<_>>(), ["foundation", "explore", "lake", "load", "pipeline", "deploy", "predict", "redshift-ml"]);
    assert!(steps.values().all(|step| step["ok"] == true && step["seconds"].is_f64()), "{summary}");
    let metrics = &summary["metrics"];
    assert_eq!(metrics["rows"], 4000);
    for name in ["train_rows", "features", "mse", "auc", "redshift_ml_accuracy"] {
        assert!(metrics[name].is_number(), "{name}: {metrics}");
    }
    for event in &first[..first.len() - 1] {
        assert!(event["ts"].is_string() && event["step"].is_string() && event["seconds"].is_number(), "{event}");
        assert!(["started", "progress", "succeeded", "skipped", "failed"].contains(&event["event"].as_str().unwrap()), "{event}");
        if event["event"] == "succeeded" {
            assert!(event["detail"]["changed"].is_boolean(), "{event}");
        }
    }

    let second = machine.events(&all);
    let again = second.last().unwrap();
    assert_eq!(again["metrics"], *metrics);
    for (name, step) in again["steps"].as_object().unwrap() {
        assert_eq!(step["changed"], false, "{name}: {again}");
    }

    formats(&machine);
    documents(&machine);
    predictions(&machine);

    machine.done(&["cleanup", "--yes"]);
    let status: Value = serde_json::from_str(&machine.done(&["status", "--json"])).unwrap();
    assert_eq!(made(&status), 0, "{status}");
}

/// Results in every format, and statements that fail.
fn formats(machine: &Machine) {
    let query = "select y, count(*) as n, cast(null as varchar) as nothing from dm.data group by y order by y";
    let csv = machine.done(&["sql", "-e", query, "--format", "csv"]);
    assert_eq!(csv, "y,n,nothing\nno,3551,\nyes,449,\n");
    let json: Value = serde_json::from_str(&machine.done(&["sql", "-e", query, "--format", "json"])).unwrap();
    assert_eq!(json[1], serde_json::json!({"y": "yes", "n": 449, "nothing": null}));
    assert_eq!(json_lines(&machine.done(&["sql", "-e", query, "--format", "jsonl"])).len(), 2);
    assert!(machine.done(&["sql", "-e", query, "--format", "markdown"]).starts_with("| y | n | nothing |\n| --- | ---: |"));
    assert!(machine.done(&["sql", "-e", query]).contains("yes │  449 │ NULL"));
    // From standard input, to a file, all pages.
    let rows = machine.home().join("rows.csv");
    let ended = machine.run_on("select * from dm.data;", &["sql", "--format", "csv", "-o", rows.to_str().unwrap()]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""), "{}", ended.stderr);
    assert_eq!(std::fs::read_to_string(&rows).unwrap().lines().count(), 4001);
    let parquet = machine.home().join("rows.parquet");
    machine.done(&["sql", "-e", "select age, y from dm.data", "--format", "parquet", "-o", parquet.to_str().unwrap()]);
    assert_eq!(std::fs::read(&parquet).unwrap()[..4], *b"PAR1");
    let lake = machine.done(&["sql", "--engine", "athena", "-e", "select count(*) as n from bankdm.bankdm_glue", "--format", "csv"]);
    assert_eq!(lake, "n\n4000\n");

    let ended = machine.run(&["sql", "-e", "select 1 as a; select nosuch from dm.data; select 2", "--format", "csv"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), "a\n1\n"), "{}", ended.stderr);
    assert!(ended.stderr.contains("statement 2 of 3") && ended.stderr.contains("nosuch"), "{}", ended.stderr);
    let kept = machine.file("kept.csv", "before");
    let ended = machine.run(&["sql", "-e", "select nosuch", "--format", "csv", "-o", kept.to_str().unwrap()]);
    assert_eq!(ended.code, Some(1));
    assert_eq!(std::fs::read_to_string(&kept).unwrap(), "before");

    assert!(ended.stderr.contains("1 | select nosuch\n") && ended.stderr.contains("^"), "the place is shown:\n{}", ended.stderr);
    script(machine);

    // Whoever reads the result leaves after a line.
    let mut child = machine
        .command(&["sql", "-e", "select a.* from dm.data a, (select 1 from dm.data limit 20) b", "--format", "csv"])
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let ended = finish(child);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert!(line.starts_with("age,job,"), "{line}");
}

/// Scripts: parameters, a shared session, what happens after an error, and only looking.
fn script(machine: &Machine) {
    let ended = machine.run(&["sql", "-e", "select :a as a; select :b as b", "--param", "a=it's", "--param", "b=2", "--format", "csv"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "a\nit's\n\nb\n2\n"), "{}", ended.stderr);
    let shared = "create temp table t (n int); insert into t values (1), (2); begin; delete from t; rollback; select count(*) as n from t";
    assert_eq!(machine.done(&["sql", "-e", shared, "--format", "csv"]), "n\n2\n");

    let going_on = "select 1 as a; select nosuch; select 3 as c";
    let ended = machine.run(&["sql", "-e", going_on, "--format", "csv", "--on-error", "continue"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), "a\n1\n\nc\n3\n"), "{}", ended.stderr);
    assert!(ended.stderr.contains("statement 2 of 3"), "{}", ended.stderr);

    let look = machine.done(&["sql", "--dry-run", "-e", "select 1;\ndelete from dm.data"]);
    assert!(look.contains("2. line 2, on Redshift: delete from dm.data") && look.contains("removes every row of dm.data"), "{look}");
    assert_eq!(machine.done(&["sql", "-e", "select count(*) as n from dm.data", "--format", "csv"]), "n\n4000\n", "nothing was run");
    let look = machine.done(&["sql", "--engine", "athena", "--dry-run", "-e", "select * from bankdm.bankdm_glue"]);
    assert!(look.contains("reads at most") && look.contains("$0.00005"), "{look}");
    let look = machine.run(&["sql", "--dry-run", "-e", "selec 1", "-e", "select :x"]);
    assert_eq!(look.code, Some(1), "{}", look.stdout);
    assert!(look.stdout.contains("cannot be read") && look.stdout.contains("parameters without a value: x"), "{}", look.stdout);

    let above = machine.run(&["--set", "sql.ceiling_bytes=10", "sql", "--engine", "athena", "-e", "select * from bankdm.bankdm_glue"]);
    assert_eq!(above.code, Some(2), "{}", above.stderr);
    assert!(above.stderr.contains("the ceiling is"), "{}", above.stderr);
}

#[test]
fn what_destroys_has_to_be_confirmed_on_an_account() {
    let machine = Machine::new();
    let on_aws = |arguments: &[&str]| {
        let all: Vec<&str> = ["--target", "aws", "sql"].into_iter().chain(arguments.iter().copied()).collect();
        finish(machine.command(&all).env("AWS_EC2_METADATA_DISABLED", "true").spawn().unwrap())
    };
    let script = "select 1;\ndelete from dm.data;\nupdate dm.data set age = 1 where 1 = 1;\ndrop table dm.data";
    let refused = on_aws(&["-e", script]);
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(3), ""), "{}", refused.stderr);
    for told in [
        "nothing was run",
        "line 2: DELETE without WHERE removes every row of dm.data.",
        "line 3: UPDATE without WHERE changes every row of dm.data.",
        "line 4: DROP removes the table dm.data for good.",
        "--yes",
        "--dry-run",
    ] {
        assert!(refused.stderr.contains(told), "{told}\nnot in\n{}", refused.stderr);
    }
    let lake = on_aws(&["--engine", "athena", "-e", "drop table bankdm_glue"]);
    assert!(lake.code == Some(3) && lake.stderr.contains("DROP removes the table bankdm_glue"), "{}", lake.stderr);
    // What is let through comes as far as the account, which this machine has no credentials for.
    for arguments in [&["-e", "delete from dm.data where age > 99"][..], &["--yes", "-e", script], &["-e", "select 'drop table x'"]] {
        let ended = on_aws(arguments);
        assert!(ended.code == Some(3) && ended.stderr.contains("credentials"), "{arguments:?}: {}", ended.stderr);
        assert!(!ended.stderr.contains("nothing was run"), "{arguments:?}: {}", ended.stderr);
    }
    let never = on_aws(&["-e", "delete from dm.data", "--set", "sql.guard=never"]);
    assert!(never.stderr.contains("credentials"), "{}", never.stderr);
    // The embedded account is guarded when the settings say so.
    let always = machine.run(&["--set", "sql.guard=always", "sql", "-e", "truncate dm.data"]);
    assert_eq!(always.code, Some(3), "{}", always.stderr);
    assert!(always.stderr.contains("TRUNCATE without WHERE removes every row of dm.data"), "{}", always.stderr);
    let local = machine.run(&["sql", "-e", "truncate dm.data"]);
    assert!(!local.stderr.contains("nothing was run: what destroys"), "{}", local.stderr);
}

/// Documents of other commands.
fn documents(machine: &Machine) {
    let document = |arguments: &[&str]| -> Value { serde_json::from_str(&machine.done(arguments)).unwrap() };
    let status = document(&["status", "--json"]);
    assert!(status["resources"].as_array().unwrap().len() > 15, "{status}");
    assert!(status["resources"].as_array().unwrap().iter().any(|resource| resource["state"] == "ready"), "{status}");
    let executions = document(&["pipeline", "list", "--json"]);
    assert_eq!(executions["executions"][0]["state"], "succeeded", "{executions}");
    let shown = document(&["pipeline", "show", "--json"]);
    assert!(shown["steps"].as_array().unwrap().len() >= 6, "{shown}");
    let models = document(&["model", "list", "--json"]);
    assert_eq!(models["models"][0]["version"], 1, "{models}");
    assert!(models["models"][0]["evaluation"]["auc"].is_f64(), "{models}");
    let doctor = document(&["doctor", "--json"]);
    assert_eq!(doctor["ok"], true, "{doctor}");
    assert!(machine.done(&["cleanup", "--dry-run"]).contains("BankDM-Pipeline"));
}

/// Predictions from the test split, from a row and from a file.
fn predictions(machine: &Machine) {
    let answers = json_lines(&machine.done(&["predict", "--sample", "5", "--json"]));
    assert_eq!(answers.len(), 5);
    for answer in &answers {
        assert!(answer["score"].as_f64().is_some_and(|score| (0.0..=1.0).contains(&score)), "{answer}");
        assert_eq!(answer["seen"], false, "{answer}");
        assert!(answer["actual"] == "yes" || answer["actual"] == "no", "{answer}");
    }
    let row = answers[0]["row"].to_string();
    let again = json_lines(&machine.done(&["predict", "--row", &row, "--json"]));
    assert_eq!(again[0]["score"], answers[0]["score"]);
    // The same customer in a file, by the published names.
    let fields = answers[0]["row"].as_object().unwrap();
    let names: Vec<String> = fields.keys().map(|name| if name == "defaulted" { "default".into() } else { name.clone() }).collect();
    let cells: Vec<String> = fields.values().map(|value| value.as_str().map_or(value.to_string(), str::to_owned)).collect();
    let file = machine.file("customers.csv", format!("{}\n{}\n", names.join(","), cells.join(",")));
    let from_file = json_lines(&machine.done(&["predict", "--file", file.to_str().unwrap(), "--json"]));
    assert_eq!(from_file[0]["score"], answers[0]["score"]);
}

#[test]
fn a_run_that_is_interrupted_can_be_run_again() {
    let machine = Machine::new();
    let mut child = machine.command(&with_small(&["run", "--all", "--json", "--set", "local.pace=live"])).spawn().unwrap();
    // After the first event something is at work.
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    lines.read_line(&mut first).unwrap();
    assert!(first.contains("started"), "{first}");
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let mut rest = String::new();
    lines.read_to_string(&mut rest).unwrap();
    let ended = finish(child);
    assert_eq!(ended.code, Some(130), "{}", ended.stderr);
    let summary = json_lines(&rest).pop().unwrap();
    assert_eq!((&summary["event"], &summary["ok"]), (&"summary".into(), &false.into()), "{summary}");
    let again = machine.events(&with_small(&["run", "foundation", "lake", "load", "--json"]));
    assert_eq!(again.last().unwrap()["metrics"]["rows"], 4000);
}

#[test]
fn a_second_process_uses_the_account_of_the_first() {
    let machine = Machine::new();
    let mut child = machine.command(&with_small(&["run", "foundation", "--json", "--set", "local.pace=live"])).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    lines.read_line(&mut first).unwrap();
    let status: Value = serde_json::from_str(&machine.done(&["status", "--json"])).unwrap();
    assert_eq!(status["account"], "000000000000");
    let ended = machine.run(&["reset", "--yes"]);
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    assert!(ended.stderr.contains(&child.id().to_string()), "{}", ended.stderr);
    let mut rest = String::new();
    lines.read_to_string(&mut rest).unwrap();
    assert_eq!(finish(child).code, Some(0), "{rest}");
    machine.done(&["reset", "--yes"]);
}

#[test]
fn a_run_goes_on_when_nobody_reads_it() {
    let machine = Machine::new();
    let mut child = machine.command(&with_small(&["run", "foundation", "lake"])).spawn().unwrap();
    drop(child.stdout.take());
    let ended = finish(child);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let rows = machine.done(&["sql", "--engine", "athena", "-e", "select count(*) as n from bankdm.bankdm_glue", "--format", "csv"]);
    assert_eq!(rows, "n\n4000\n");
}

#[test]
fn nothing_but_text_is_written_to_a_pipe() {
    let machine = Machine::new();
    let ended = machine.run(&with_small(&["run", "foundation"]));
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(!ended.stdout.contains('\x1b') && !ended.stderr.contains('\x1b'), "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.lines().next().unwrap().starts_with("foundation"), "{}", ended.stdout);
}
