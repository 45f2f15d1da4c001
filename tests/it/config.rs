//! The configuration as a person meets it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use crate::program::Machine;

#[test]
fn the_default_is_documented_and_sound() {
    let machine = Machine::new();
    let default = machine.done(&["config", "--default"]);
    assert_eq!(default, include_str!("../../config.toml"));
    // What it prints is a configuration that it accepts.
    let file = machine.file("copy.toml", &default);
    let said = machine.done(&["--config", file.to_str().unwrap(), "config", "--check"]);
    assert!(said.contains("copy.toml"), "{said}");
}

#[test]
fn the_place_of_the_file_follows_the_environment() {
    let machine = Machine::new();
    let expected = machine.home().join(".config/shiftdeck/config.toml");
    assert_eq!(machine.done(&["config", "--path"]).trim(), expected.to_str().unwrap());
    let other = machine.run_with(("XDG_CONFIG_HOME", "/somewhere"), &["config", "--path"]);
    assert_eq!(other.stdout.trim(), "/somewhere/shiftdeck/config.toml");
}

#[test]
fn everything_wrong_in_a_file_is_told_with_its_place() {
    let machine = Machine::new();
    machine.file(".config/shiftdeck/config.toml", "[mlops]\nmax_dept = 3\neta = \"fast\"\n\n[names]\ntable = \"data; drop table x\"\n");
    for arguments in [&["config", "--check"][..], &["config"], &["run", "--all"], &["status"]] {
        let ended = machine.run(arguments);
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
        assert!(ended.stdout.is_empty(), "{}", ended.stdout);
        for expected in [
            "config.toml:2:1: there is no setting `mlops.max_dept`; the nearest is `mlops.max_depth`",
            "config.toml:3:7: `mlops.eta` is the text \"fast\"; a number above 0 and up to 1 is expected",
            "config.toml:6:9: `names.table` is \"data; drop table x\"; an identifier",
        ] {
            assert!(ended.stderr.contains(expected), "{expected}\nnot in\n{}", ended.stderr);
        }
    }
    // Printing the default and the place works all the same: that is how one gets out of it.
    machine.done(&["config", "--default"]);
    machine.done(&["config", "--path"]);
}

#[test]
fn every_layer_is_refused_by_name() {
    let machine = Machine::new();
    let ended = machine.run_with(("SHIFTDECK_MLOPS_ETTA", "1"), &["config", "--check"]);
    assert_eq!(ended.code, Some(2));
    assert!(
        ended.stderr.contains("SHIFTDECK_MLOPS_ETTA: no setting has this variable; the nearest is SHIFTDECK_MLOPS_ETA"),
        "{}",
        ended.stderr
    );
    let ended = machine.run(&["config", "--check", "--set", "mlops.threshold=2"]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("--set mlops.threshold=2: `mlops.threshold` is 2.0; a number above 0 and below 1"), "{}", ended.stderr);
    let ended = machine.run(&["--config", "missing.toml", "config", "--check"]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("missing.toml: the file cannot be read"), "{}", ended.stderr);
    let ended = machine.run(&["config", "--check", "--target", "mars"]);
    assert_eq!(ended.code, Some(2));
}

#[test]
fn what_is_in_force_says_where_it_is_from() {
    let machine = Machine::new();
    machine.file(".config/shiftdeck/config.toml", "[mlops]\neta = 0.1\n");
    let mut command = machine.command(&["config", "--set", "mlops.seed=7"]);
    command.env("SHIFTDECK_MLOPS_GAMMA", "0.5");
    let said = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let line = |name: &str| said.lines().find(|line| line.starts_with(&format!("{name} = "))).unwrap().to_owned();
    assert!(line("eta").ends_with("config.toml:2:7"), "{}", line("eta"));
    assert!(line("gamma").ends_with("# SHIFTDECK_MLOPS_GAMMA"), "{}", line("gamma"));
    assert!(line("seed").starts_with("seed = 7 ") && line("seed").ends_with("# --set mlops.seed=7"), "{}", line("seed"));
    assert!(line("num_round").ends_with("# default"), "{}", line("num_round"));
    // It is a configuration itself.
    let file = machine.file("again.toml", &said);
    machine.done(&["--config", file.to_str().unwrap(), "config", "--check"]);
}
