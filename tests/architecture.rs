//! Layers only look down: reads the `crate::…` paths of every source file and fails on one that looks up.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What each layer may name, itself aside. `a::b` allows that module of another layer only.
const LAYERS: &[(&str, &[&str])] = &[
    ("demo", &[]),
    ("config", &["demo", "local::pace"]),
    ("syntax", &[]),
    ("local", &["syntax", "demo"]),
    ("serve", &["local", "demo"]),
    ("recording", &["syntax", "demo"]),
    ("aws", &["demo"]),
    ("ops", &["syntax", "aws", "demo", "config"]),
    ("app", &["syntax", "ops", "aws::activity", "demo", "config"]),
    ("ui", &["app", "syntax", "ops", "aws::activity", "demo", "config"]),
    ("target", &["recording", "serve", "local", "aws", "ops", "demo", "config"]),
    ("prepared", &["target", "ops", "demo", "config", "local::pace"]),
    ("tui", &["ui", "syntax", "app", "ops", "aws", "demo", "config", "target", "prepared", "local::pace"]),
    // A walkthrough is checked by what presents it.
    ("cli", &["tui", "app::walkthrough", "syntax", "ops", "aws", "demo", "config", "target", "prepared", "local::pace"]),
    ("main", &["cli"]),
];

/// The embedded services are crates and modules that only the embedded account may use.
const EMBEDDED_CRATES: &[&str] = &["winterbaume", "datafusion", "hessboost"];

#[test]
fn no_layer_looks_up() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let violations: Vec<String> = sources(&root)
        .iter()
        .flat_map(|file| {
            let relative = file.strip_prefix(&root).unwrap();
            violations(relative, &std::fs::read_to_string(file).unwrap())
        })
        .collect();
    assert!(violations.is_empty(), "layers only look down:\n{}", violations.join("\n"));
}

#[test]
fn every_layer_is_known() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let known: BTreeSet<&str> = LAYERS.iter().map(|(name, _)| *name).chain(["lib"]).collect();
    for file in sources(&root) {
        let layer = layer_of(file.strip_prefix(&root).unwrap());
        assert!(known.contains(layer.as_str()), "{} belongs to no layer", file.display());
    }
}

#[test]
fn a_violation_is_found_however_it_is_written() {
    let found = |file: &str, text: &str| violations(Path::new(file), text);
    for (file, text) in [
        ("local/objects/mod.rs", "use crate::aws::Gateways;"),
        ("local/mod.rs", "use crate::{demo::clock, ops::Context};"),
        ("local/mod.rs", "use crate::{\n    demo::{clock, step},\n    config,\n};"),
        ("demo/step.rs", "fn f() { crate::local::open(options) }"),
        ("aws/mod.rs", "use crate::ops::{\n    Context,\n};"),
        ("app/mod.rs", "use crate::aws::Gateways;"),
        ("config/mod.rs", "use crate::local::engine::Engine;"),
        ("ops/steps/load.rs", "use super::super::super::local::open;"),
        ("ops/mod.rs", "use super::local::open;"),
        ("cli/run.rs", "use crate::local::open;"),
        ("ui/mod.rs", "use datafusion::prelude::SessionContext;"),
        ("ops/mod.rs", "let a = 1; /* a comment */ use crate :: ui :: Theme;"),
    ] {
        assert_eq!(found(file, text).len(), 1, "{file}: {text}");
    }
    for (file, text) in [
        ("local/objects/mod.rs", "use crate::demo::clock::SharedClock; use super::store::Store;"),
        ("local/services/s3/mod.rs", "use super::super::store::Store; // crate::aws is not used"),
        ("config/settings.rs", "use crate::local::pace::Pace;"),
        ("local/mod.rs", "//! See [`crate::ops`].\nconst HELP: &str = \"crate::ops\";"),
        ("ops/mod.rs", "use crate::aws::Gateways; use crate::ops::steps;"),
    ] {
        assert!(found(file, text).is_empty(), "{file}: {text}");
    }
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// `local` for `local/objects/mod.rs`, `target` for `target.rs`.
fn layer_of(relative: &Path) -> String {
    let first = relative.components().next().unwrap().as_os_str().to_str().unwrap();
    first.strip_suffix(".rs").unwrap_or(first).to_owned()
}

/// How many modules below the crate's root a file's own module is: 1 for `ops/mod.rs` and `target.rs`, 2 for `ops/query.rs`.
fn depth_of(relative: &Path) -> usize {
    let stem = relative.file_stem().unwrap();
    relative.components().count() - usize::from(stem == "mod")
}

fn violations(relative: &Path, text: &str) -> Vec<String> {
    let layer = layer_of(relative);
    let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == layer) else { return Vec::new() };
    let tokens = tokens(text);
    let mut used = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at] == "crate" && tokens.get(at + 1).is_some_and(|token| token == "::") {
            paths(&tokens, at + 2, &mut Vec::new(), &mut used);
        }
        // As many `super` as lead out of the file's layer to the crate's root. (An inline module makes one more of them harmless.)
        let starts = at == 0 || tokens[at - 1] != "::";
        if tokens[at] == "super" && starts {
            let supers = tokens[at..].chunks(2).take_while(|pair| pair.first().is_some_and(|token| token == "super")).count();
            if supers == depth_of(relative) {
                paths(&tokens, at + 2 * supers, &mut Vec::new(), &mut used);
            }
        }
        at += 1;
    }
    let permitted = |path: &[String]| {
        path[0] == layer
            || allowed.iter().any(|allowed| {
                let allowed: Vec<&str> = allowed.split("::").collect();
                path.len() >= allowed.len() && path.iter().zip(&allowed).all(|(a, b)| a == b)
            })
    };
    let layers: BTreeSet<&str> = LAYERS.iter().map(|(name, _)| *name).collect();
    let mut found: Vec<String> = used
        .iter()
        .filter(|path| layers.contains(path[0].as_str()) && !permitted(path))
        .map(|path| format!("{}: crate::{}", relative.display(), path.join("::")))
        .collect();
    if layer != "local" {
        let embedded = |token: &&String| EMBEDDED_CRATES.iter().any(|name| token.starts_with(name));
        let outside = tokens.windows(2).filter(|pair| pair[1] == "::").map(|pair| &pair[0]).find(embedded);
        found.extend(outside.map(|name| format!("{}: {name}", relative.display())));
    }
    found
}

/// Reads the path or the group of paths at `at`, adding each whole path to `used`; gives where it ends.
fn paths(tokens: &[String], mut at: usize, prefix: &mut Vec<String>, used: &mut Vec<Vec<String>>) -> usize {
    let length = prefix.len();
    loop {
        match tokens.get(at).map(String::as_str) {
            Some("{") => {
                at += 1;
                while tokens.get(at).is_some_and(|token| token != "}") {
                    at = paths(tokens, at, prefix, used);
                    if tokens.get(at).is_some_and(|token| token == ",") {
                        at += 1;
                    }
                }
                at += 1;
                break;
            }
            Some(name) if name.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '*') => {
                prefix.push(name.to_owned());
                at += 1;
                if tokens.get(at).is_some_and(|token| token == "::") {
                    at += 1;
                    continue;
                }
                used.push(prefix.clone());
                if tokens.get(at).is_some_and(|token| token == "as") {
                    at += 2;
                }
                break;
            }
            _ => {
                at += 1;
                break;
            }
        }
    }
    prefix.truncate(length);
    at
}

/// Splits Rust into words and signs, without comments and the content of literals.
fn tokens(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    let mut found: Vec<String> = Vec::new();
    let mut at = 0;
    while let Some(&c) = characters.get(at) {
        let next = characters.get(at + 1).copied();
        if c == '/' && next == Some('/') {
            while characters.get(at).is_some_and(|&c| c != '\n') {
                at += 1;
            }
        } else if c == '/' && next == Some('*') {
            at += 2;
            while at < characters.len() && !(characters[at] == '*' && characters.get(at + 1) == Some(&'/')) {
                at += 1;
            }
            at += 2;
        } else if c == '"' {
            let hashes = raw_hashes(&mut found);
            at = end_of_text(&characters, at + 1, hashes);
            found.push("\"\"".into());
        } else if c == '\'' && next == Some('\\') {
            at += 3;
            while characters.get(at).is_some_and(|&c| c != '\'') {
                at += 1;
            }
            at += 1;
        } else if c == '\'' && characters.get(at + 2) == Some(&'\'') {
            at += 3;
        } else if c == ':' && next == Some(':') {
            found.push("::".into());
            at += 2;
        } else if c.is_alphanumeric() || c == '_' {
            let start = at;
            while characters.get(at).is_some_and(|&c| c.is_alphanumeric() || c == '_') {
                at += 1;
            }
            found.push(characters[start..at].iter().collect());
        } else {
            if !c.is_whitespace() {
                found.push(c.to_string());
            }
            at += 1;
        }
    }
    found
}

/// Takes the `r##` of a raw text off the tokens before it; `None` for an ordinary one.
fn raw_hashes(found: &mut Vec<String>) -> Option<usize> {
    let hashes = found.iter().rev().take_while(|token| *token == "#").count();
    let prefix = found.len().checked_sub(hashes + 1)?;
    if !matches!(found[prefix].as_str(), "r" | "br") {
        return None;
    }
    found.truncate(prefix);
    Some(hashes)
}

fn end_of_text(characters: &[char], mut at: usize, hashes: Option<usize>) -> usize {
    while let Some(&c) = characters.get(at) {
        at += 1;
        match (c, hashes) {
            ('\\', None) => at += 1,
            ('"', None) => return at,
            ('"', Some(hashes)) if characters[at..].iter().take(hashes).filter(|&&c| c == '#').count() == hashes => return at + hashes,
            _ => {}
        }
    }
    at
}
