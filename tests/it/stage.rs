//! Walkthroughs of one's own, and the speaker's view, as a presenter uses them from a shell.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chrono::{Duration, Utc};
use serde_json::Value;
use shiftdeck::ops::stage::{Planned, Store, Told};

use crate::program::Machine;

#[test]
fn a_new_walkthrough_is_clean_and_never_written_over() {
    let machine = Machine::new();
    let told = machine.done(&["walkthrough", "new", "talk"]);
    assert!(told.contains("9 files in talk") && told.contains("shiftdeck --walkthrough talk"), "{told}");
    assert!(machine.home().join("talk/5-pipeline.md").is_file());
    assert_eq!(machine.done(&["walkthrough", "lint", "talk"]), "9 files checked, nothing found\n");
    assert_eq!(machine.done(&["walkthrough", "lint"]), "9 files checked, nothing found\n");
    let ended = machine.run(&["walkthrough", "new", "talk"]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("talk/1-foundation.md is there already"), "{}", ended.stderr);
}

#[test]
fn the_linter_says_where_and_what() {
    let machine = Machine::new();
    machine.done(&["walkthrough", "new", "talk"]);
    let path = machine.home().join("talk/4-load.md");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("pane: SQL", "pane: Kitchen").replace("rows > 0", "beauty > 0").replace("## Notice", "## Nota"))
        .unwrap();
    machine.file("talk/10-lunch.md", "---\ntitle: Lunch\n---\n");
    let ended = machine.run(&["walkthrough", "lint", "talk"]);
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    for expected in [
        "talk/4-load.md:4:7: there is no pane `Kitchen`",
        "talk/4-load.md:7:15: no step gives a figure `beauty`",
        "`Nota` is none of the sections",
        "talk/10-lunch.md:1:1: the name says no step",
    ] {
        assert!(ended.stdout.contains(expected), "{expected}\nnot in\n{}", ended.stdout);
    }
    let ended = machine.run(&["walkthrough", "lint", "talk", "--json"]);
    assert_eq!(ended.code, Some(1));
    let found: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((&found["ok"], &found["files"]), (&Value::Bool(false), &Value::from(10)));
    let pane = found["findings"].as_array().unwrap().iter().find(|finding| finding["rule"] == "pane").unwrap();
    assert_eq!((&pane["file"], &pane["line"], &pane["column"]), (&Value::from("talk/4-load.md"), &Value::from(4), &Value::from(7)));
}

#[test]
fn what_cannot_be_presented_is_refused_before_the_screen_opens() {
    let machine = Machine::new();
    std::fs::create_dir(machine.home().join("empty")).unwrap();
    for (arguments, expected) in [
        (&["walkthrough", "lint", "nowhere"][..], "cannot be read"),
        (&["--walkthrough", "nowhere"], "cannot be read"),
        (&["--walkthrough", "empty"], "no files of a walkthrough"),
        (&["--walkthrough", "empty", "status"], "for the screen"),
    ] {
        let ended = machine.run(arguments);
        assert_eq!(ended.code, Some(2), "{arguments:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(expected) && ended.stderr.contains("next: "), "{arguments:?}: {}", ended.stderr);
    }
}

#[test]
fn the_speaker_follows_what_is_presented() {
    let machine = Machine::new();
    let state = machine.home().join("state");
    let notes = || machine.done(&["notes", "--once", "--state-dir", state.to_str().unwrap()]);
    assert!(notes().starts_with("No presentation is on\n"));
    let store = Store::at(&state);
    let planned = |number, title: &str, mark: &str| Planned { number, title: title.into(), seconds: 180, spent: 0, mark: mark.into() };
    let told = Told {
        // This test is the program that presents.
        process: std::process::id(),
        demo: "BankDM · embedded AWS".into(),
        began: Utc::now() - Duration::seconds(65),
        plan: vec![planned(1, "Lay the foundation", "✔"), planned(3, "Put data in the lake", "◌")],
        at: Some(1),
        title: "3  Put data in the lake".into(),
        entered: Utc::now() - Duration::seconds(5),
        beats: ["say", "show", "do", "notice"].map(str::to_owned).to_vec(),
        beat: 1,
        notes: "- the **bytes** that were scanned".into(),
        aside: "Speak slowly.".into(),
        press: "run the step".into(),
        after: "The CSV is checked".into(),
        state: "to do".into(),
        checks: vec![],
        running: vec![],
        begun_early: vec![],
        warnings: vec!["2 calls failed".into()],
    };
    store.tell(&told).unwrap();
    let text = notes();
    for expected in ["of 6:00", "▸show", "• the bytes that were scanned", "Speak slowly.", "! 2 calls failed", "The CSV is checked"] {
        assert!(text.contains(expected), "{expected}\nnot in\n{text}");
    }
    store.over(std::process::id()).unwrap();
    assert!(notes().starts_with("No presentation is on\n"));
    store.tell(&Told { process: i32::MAX as u32, ..told }).unwrap();
    assert!(notes().contains("has ended without a word"), "a process that is gone presents nothing");
    let ended = machine.run(&["notes"]);
    assert_eq!(ended.code, Some(3), "the view needs a terminal: {}", ended.stderr);
}
