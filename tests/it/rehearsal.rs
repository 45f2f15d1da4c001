//! The whole presentation without anybody, twice: the same figures and the same screens, times aside.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{BufRead as _, BufReader};
use std::process::Child;

use shiftdeck::app::walkthrough::Beat;
use shiftdeck::app::walkthrough::script::{File, built_in_files};
use shiftdeck::config::Settings;
use shiftdeck::demo::step::Step;
use shiftdeck::local::engine::Dialect;
use shiftdeck::local::pace::Pace;
use shiftdeck::tui::rehearsal::{self, Rehearsed, Went};

use crate::common;
use crate::program::{Ended, Machine, finish};

fn settings(directory: &std::path::Path) -> Settings {
    let mut settings = shiftdeck::config::load::load(&shiftdeck::config::load::Sources::default()).unwrap().settings;
    settings.data.sample_rows = 20_000;
    settings.local.state_dir = Some(directory.to_owned());
    settings.local.pace = Some(Pace::Instant);
    settings.screen.motion = false;
    settings
}

async fn rehearsed(change: impl FnOnce(&mut Settings)) -> Rehearsed {
    let directory = tempfile::tempdir().unwrap();
    let mut settings = settings(directory.path());
    change(&mut settings);
    rehearsal::run(settings, common::clock(), None, (120, 36), tokio_util::sync::CancellationToken::new()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_presentation_goes_through_every_beat_and_is_the_same_again() {
    let first = rehearsed(|_| {}).await;
    assert_eq!(first.steps.iter().map(|went| went.step).collect::<Vec<_>>(), Step::ALL);
    for went in &first.steps {
        assert!(went.is_right(), "{went:?}");
        assert!(went.step == Step::Cleanup || !went.checks.is_empty(), "a step without a check: {went:?}");
    }
    let beats: Vec<(Step, Beat)> = first.seen.iter().map(|seen| (seen.step, seen.beat)).collect();
    let all: Vec<(Step, Beat)> = Step::ALL.into_iter().flat_map(|step| Beat::ALL.map(|beat| (step, beat))).collect();
    assert_eq!(beats, all);
    assert!(first.seen.iter().all(|seen| seen.svg.starts_with("<svg ") && !seen.text.trim().is_empty()));

    let second = rehearsed(|_| {}).await;
    assert_eq!(first.figures, second.figures);
    assert!(first.comes_to_the_same(&second), "{:?}\n{:?}", first.steps, second.steps);
    assert_eq!(first.other_screens(&second.seen), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_fails_is_told_and_the_rest_is_presented() {
    let rehearsed = rehearsed(|settings| settings.mlops.auc_floor = 0.99).await;
    let failed: Vec<&Went> = rehearsed.steps.iter().filter(|went| !went.is_right()).collect();
    assert!(failed.iter().any(|went| went.step == Step::Pipeline && !went.done && went.message.contains("0.99")), "{failed:?}");
    assert_eq!(rehearsed.steps.last().map(|went| (went.step, went.done)), Some((Step::Cleanup, true)), "{:?}", rehearsed.steps);
}

/// A sample that is large enough for every check of the script to hold.
const SMALL: [&str; 2] = ["--set", "data.sample_rows=20000"];

/// `serve` in a process of its own, and the environment in which the program reaches it as an account on AWS.
struct Serving {
    process: Child,
    environment: Vec<(String, String)>,
}

impl Serving {
    fn on(machine: &Machine) -> Serving {
        let mut process = machine.command(&["serve", "--addr", "127.0.0.1:0"]).spawn().unwrap();
        let line =
            BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap).find(|line| line.starts_with("export ")).unwrap();
        let environment = line
            .split_whitespace()
            .filter_map(|word| word.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Serving { process, environment }
    }

    /// The program, on `aws`.
    fn run(&self, machine: &Machine, arguments: &[&str]) -> Ended {
        let mut command = machine.command(&[&["--target", "aws"], arguments].concat());
        finish(command.envs(self.environment.iter().cloned()).spawn().unwrap())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

#[test]
fn on_an_account_the_cleanup_is_confirmed_and_no_account_number_is_seen() {
    let (account, machine) = (Machine::new(), Machine::new());
    let serving = Serving::on(&account);
    let rehearse = ["--record", "talk.rec", "rehearse", "--yes", "--report", "seen"];
    let ended = serving.run(&machine, &[&rehearse[..], &SMALL].concat());
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("9 of 9 steps are as they should be"), "the cleanup is confirmed: {}", ended.stdout);
    let screens = std::fs::read_dir(machine.home().join("seen/screens")).unwrap();
    let text: Vec<String> = screens.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap()).collect();
    assert_eq!(text.len(), 2 * Step::ALL.len() * Beat::ALL.len());
    assert!(text.iter().all(|text| !text.contains("000000000000")), "an account number is on a screen");
    let told = machine.done(&["--target", "replay", "talk.rec", "status"]);
    assert!(told.contains("BankDM-staging"), "{told}");
}

#[test]
fn screens_are_held_against_those_of_a_report() {
    let machine = Machine::new();
    machine.done(&[&["rehearse", "--report", "seen"][..], &SMALL].concat());
    let like = |directory: &str| machine.run(&[&["rehearse", "--like", directory][..], &SMALL].concat());
    let ended = like("seen");
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);

    let changed = machine.home().join("seen/screens/4-load-notice.txt");
    let text = std::fs::read_to_string(&changed).unwrap();
    std::fs::write(&changed, text.replace("20,000", "19,999")).unwrap();
    std::fs::remove_file(machine.home().join("seen/screens/1-foundation-say.txt")).unwrap();
    let ended = like("seen");
    assert_eq!(ended.code, Some(1), "{}", ended.stdout);
    assert!(ended.stdout.contains("another screen: load, notice: “") && ended.stdout.contains("19,999"), "{}", ended.stdout);
    let unseen = ended.stdout.contains("another screen: foundation, say: “") && ended.stdout.contains("in the report not seen");
    assert!(unseen, "{}", ended.stdout);
    let ended = like("nothing");
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("nothing has no screens of a rehearsal"), "{}", ended.stderr);
}

#[test]
fn what_a_rehearsal_that_was_killed_has_left_goes_with_the_next_one() {
    let machine = Machine::new();
    let state = machine.home().join("state");
    let left = state.join("rehearsing-x1");
    std::fs::create_dir_all(&left).unwrap();
    std::fs::write(left.join("lock"), "").unwrap();
    std::fs::create_dir_all(state.join("rehearsing-beginning")).unwrap();
    let ended = machine.run(&[&["--state-dir", state.to_str().unwrap(), "rehearse"][..], &SMALL].concat());
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    let there: Vec<_> = std::fs::read_dir(&state).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(there.contains(&"rehearsing-beginning".to_owned()), "one that has not locked it yet may still begin: {there:?}");
    assert_eq!(there.iter().filter(|name| name.starts_with("rehearsing-")).count(), 1, "{there:?}");
}

#[test]
fn several_rehearsals_hold_no_more_files_and_tasks_than_one() {
    let machine = Machine::new();
    let told = machine.done(&[&["rehearse", "--times", "3", "--json"][..], &SMALL].concat());
    let document: serde_json::Value = serde_json::from_str(&told).unwrap();
    let held = |name: &str| document["runs"].as_array().unwrap().iter().map(|run| run[name].as_u64().unwrap()).collect::<Vec<_>>();
    let (files, tasks) = (held("open_files"), held("tasks"));
    // What is just being closed is no leak: one would be there after both.
    let none_is_left = |counts: &[u64]| counts.len() == 3 && counts[1..].iter().any(|count| *count <= counts[0]);
    assert!(none_is_left(&files) && none_is_left(&tasks), "files {files:?}, tasks {tasks:?}");
    assert!(held("resident_bytes").iter().all(|bytes| *bytes > 1 << 20));
}

#[test]
fn the_program_draws_its_own_pictures() {
    let machine = Machine::new();
    let state = machine.home().join("state");
    let told = machine.done(&[&["--state-dir", state.to_str().unwrap(), "pictures", "seen"][..], &SMALL].concat());
    for (name, words) in [
        ("overview", "Load the warehouse"),
        ("sql", "measured"),
        ("pipeline", "Learning curve"),
        ("explore", "upwards"),
        ("predict", "What would change the decision"),
        ("resources", "Lets the warehouse reach the lake"),
        ("presenting", "the graph of the run"),
        ("speaker", "For you alone"),
        ("large", "AUC"),
    ] {
        assert!(told.contains(&format!("seen/{name}.svg")), "{told}");
        let picture = std::fs::read_to_string(machine.home().join(format!("seen/{name}.svg"))).unwrap();
        // Spaces between words are drawn as such or as none, so that columns stay where they are.
        let drawn: String =
            picture.split('<').filter_map(|piece| piece.split_once('>')).map(|(_, text)| text.replace('\u{a0}', " ")).collect();
        assert!(picture.starts_with("<svg ") && drawn.contains(words), "{name}: {drawn}");
    }
    let left: Vec<_> = std::fs::read_dir(&state).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(left.iter().all(|name| !name.starts_with("rehearsing-")), "{left:?}");

    machine.done(&[&["pictures", "seen", "--format", "png", "--size", "100x30"][..], &SMALL].concat());
    assert!(std::fs::read(machine.home().join("seen/overview.png")).unwrap().starts_with(b"\x89PNG"));
    // Pictures of a demonstration that did not come about are none.
    let failed = machine.run(&[&["pictures", "none", "--set", "mlops.auc_floor=0.99"][..], &SMALL].concat());
    assert!(failed.code == Some(1) && failed.stderr.contains("“Train with a pipeline” was not done: "), "{}", failed.stderr);
    assert_eq!(std::fs::read_dir(machine.home().join("none")).unwrap().count(), 0);
    let refused = machine.run(&["--target", "aws", "pictures", "seen"]);
    assert!(refused.code == Some(2) && refused.stderr.contains("next: Leave `--target` out"), "{}", refused.stderr);
}

/// The files of a talk of five steps, in which something comes between the load and the model in SQL.
fn talk() -> Vec<File> {
    let order = [("1-foundation.md", 0), ("2-lake.md", 2), ("3-load.md", 3), ("4-explore.md", 1), ("5-redshift-ml.md", 7)];
    let text = |at| built_in_files().nth(at).unwrap().1.to_owned();
    order.into_iter().map(|(name, at)| File { name: name.into(), text: Ok(text(at)) }).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_begins_early_is_done_once_and_seen_when_the_presentation_comes_to_it() {
    let directory = tempfile::tempdir().unwrap();
    let settings = settings(directory.path());
    let cancel = tokio_util::sync::CancellationToken::new();
    let rehearsed = rehearsal::run(settings.clone(), common::clock(), Some(talk()), (120, 36), cancel).await.unwrap();
    let steps: Vec<Step> = rehearsed.steps.iter().map(|went| went.step).collect();
    assert_eq!(steps, [Step::Foundation, Step::Lake, Step::Load, Step::Explore, Step::RedshiftMl]);
    for went in &rehearsed.steps {
        assert!(went.is_right(), "{went:?}");
    }
    assert!(rehearsed.steps[4].seconds.is_some(), "it was run, not found: {:?}", rehearsed.steps[4]);

    let seen = |step, beat| {
        let seen = rehearsed.seen.iter().find(|seen| (seen.step, seen.beat) == (step, beat));
        seen.unwrap_or_else(|| panic!("no beat {step} {beat:?}")).text.as_str()
    };
    let in_the_list = |text: &str| text.lines().find(|line| line.contains("8 Train again in SQL")).unwrap_or_default().to_owned();
    for (step, beat) in [(Step::Load, Beat::Notice), (Step::Explore, Beat::Say), (Step::RedshiftMl, Beat::Say)] {
        let line = in_the_list(seen(step, beat));
        assert!(line.contains("to do"), "an audience sees nothing of it at {step}, {}: {line}", beat.name());
    }
    // Nothing is left to be run when its turn comes.
    let show = seen(Step::RedshiftMl, Beat::Show);
    assert!(show.contains("what it did"), "{show}");
    assert!(!in_the_list(seen(Step::RedshiftMl, Beat::Notice)).contains("to do"));

    let account = shiftdeck::local::open(common::options(directory.path(), Pace::Instant)).await.unwrap();
    let scenario = settings.scenario(account.account_id());
    let engine = account.account().unwrap().engine;
    let mut session = engine.session(Dialect::Redshift, &scenario.database);
    let trained = "SELECT count(*) FROM sys_query_history WHERE query_type = 'DDL' AND query_text ILIKE 'create model%'";
    let counted = common::sql::execute(&engine, &mut session, trained).await.unwrap();
    assert_eq!(counted.rows, ["1"], "one training, whoever asked for it");
    drop((session, engine));
    account.close().await;
}
