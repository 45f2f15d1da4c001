//! Puts the layers on top of each other and makes typed settings of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::{ConfigError, Origin, Place, Problem};
use super::layers::{Assignment, Layer, home, state_directory, user_file};
use super::schema::KEYS;
use super::settings::Settings;
use super::value::Value;
use crate::demo::dataset::description;

/// The documented default, `config.toml` of the project.
pub const DEFAULT: &str = include_str!("../../config.toml");

/// What a configuration is made from. The environment is a parameter, so that tests choose it.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The process environment.
    pub environment: BTreeMap<String, String>,
    /// `--config`.
    pub file: Option<PathBuf>,
    /// The recording that is played, and the settings that it was made with, in TOML.
    pub recorded: Option<(PathBuf, String)>,
    /// Flags: as typed, dotted key, text.
    pub flags: Vec<(String, String, String)>,
}

/// A configuration in force.
#[derive(Debug, Clone)]
pub struct Effective {
    /// The settings.
    pub settings: Settings,
    /// One assignment for each setting, in the order of `config.toml`, with where it comes from.
    pub assignments: Vec<Assignment>,
    /// The files that were read.
    pub files: Vec<PathBuf>,
}

/// Loads the configuration.
///
/// # Errors
/// Everything that is wrong in any layer.
pub fn load(sources: &Sources) -> Result<Effective, ConfigError> {
    let environment = &sources.environment;
    let mut files = vec![];
    let mut layers = vec![Layer::from_toml(DEFAULT, &Origin::Default), Layer::from_standard_variables(environment)];
    if let Some(path) = user_file(environment).filter(|path| path.exists()) {
        layers.push(Layer::from_file(&path));
        files.push(path);
    }
    if let Some(path) = &sources.file {
        layers.push(Layer::from_file(path));
        files.push(path.clone());
    }
    layers.push(Layer::from_variables(environment));
    if let Some((path, text)) = &sources.recorded {
        layers.push(Layer::from_toml(text, &Origin::Recording(path.clone())));
    }
    layers.push(Layer::from_flags(&sources.flags));

    let mut problems = vec![];
    let mut merged: BTreeMap<&'static str, Assignment> = BTreeMap::new();
    for layer in layers {
        problems.extend(layer.problems);
        merged.extend(layer.assignments.into_iter().map(|assignment| (assignment.key, assignment)));
    }
    problems.extend(contradictions(&merged));
    if !problems.is_empty() {
        return Err(ConfigError { problems });
    }
    let assignments: Vec<Assignment> = KEYS.iter().filter_map(|key| merged.remove(key.name)).collect();
    let settings = settings(&assignments, environment).map_err(|message| {
        let place = Place { origin: Origin::Default, position: None };
        ConfigError { problems: vec![Problem { place, message }] }
    })?;
    let settings = with_data_set(settings, &assignments)?;
    Ok(Effective { settings, assignments, files })
}

/// Reads the description that `data.schema` names, and what follows from it.
fn with_data_set(mut settings: Settings, assignments: &[Assignment]) -> Result<Settings, ConfigError> {
    if settings.data.schema.is_empty() {
        return Ok(settings);
    }
    let place = |key: &str| {
        let place = assignments.iter().find(|assignment| assignment.key == key).map(|assignment| assignment.place.clone());
        place.unwrap_or(Place { origin: Origin::Default, position: None })
    };
    let refused = |place: Place, message: String| Err(ConfigError { problems: vec![Problem { place, message }] });
    let path = PathBuf::from(&settings.data.schema);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => return refused(place("data.schema"), format!("`{}` cannot be read: {error}", path.display())),
    };
    let data = match description::read(text.strip_prefix('\u{feff}').unwrap_or(&text)) {
        Ok(data) => data,
        Err(error) => {
            let place = Place { origin: Origin::File(path), position: Some((error.line, 1)) };
            return refused(place, format!("`{}`: {}", error.key, error.message));
        }
    };
    if settings.data.source == "sample" {
        let why = data.story("the sample").err().unwrap_or_default();
        return refused(place("data.schema"), format!("{why}; `data.source` with the path or address of a CSV of it is expected"));
    }
    let segments = place("mlops.segments");
    if segments.origin == Origin::Default {
        settings.mlops.segments.clone_from(&data.segments);
    } else if let Some(unknown) = settings.mlops.segments.iter().find(|name| !data.inputs().iter().any(|column| column.name == **name)) {
        return refused(segments, format!("`mlops.segments` has `{unknown}`, which is no column of the {} data", data.title));
    }
    settings.data_set = Arc::new(data);
    Ok(settings)
}

/// What is wrong although each value by itself is allowed.
fn contradictions(merged: &BTreeMap<&'static str, Assignment>) -> Vec<Problem> {
    let number = |key: &str| match merged.get(key).map(|assignment| &assignment.value) {
        Some(Value::Number(number)) => *number,
        Some(Value::Integer(number)) => *number as f64,
        _ => 0.0,
    };
    let text = |key: &str| match merged.get(key).map(|assignment| &assignment.value) {
        Some(Value::Text(text)) => text.as_str(),
        _ => "",
    };
    // Blames the assignment that somebody wrote, not the default that it contradicts.
    let blamed = |keys: &[&str]| {
        let written = |key: &&&str| merged.get(**key).is_some_and(|assignment| assignment.place.origin != Origin::Default);
        let key = keys.iter().find(written).or(keys.first()).copied().unwrap_or_default();
        merged.get(key).map_or(Place { origin: Origin::Default, position: None }, |assignment| assignment.place.clone())
    };
    let mut problems = vec![];
    let (train, validation) = (number("mlops.train_share"), number("mlops.validation_share"));
    if train + validation > 0.99 + 1e-9 {
        problems.push(Problem {
            place: blamed(&["mlops.validation_share", "mlops.train_share"]),
            message: format!(
                "`mlops.train_share` ({train}) and `mlops.validation_share` ({validation}) leave nothing for the test split; \
                 a sum of at most 0.99 is expected"
            ),
        });
    }
    let capacity = number("warehouse.base_capacity") as i64;
    if capacity != 4 && capacity % 8 != 0 {
        problems.push(Problem {
            place: blamed(&["warehouse.base_capacity"]),
            message: format!("`warehouse.base_capacity` is {capacity}; 4 or a multiple of 8 up to 1024 is expected"),
        });
    }
    if matches!(merged.get("warehouse.existing").map(|assignment| &assignment.value), Some(Value::Boolean(true))) {
        let unnamed: Vec<&str> =
            ["names.warehouse", "names.database", "names.secret"].into_iter().filter(|key| text(key).is_empty()).collect();
        if !unnamed.is_empty() {
            problems.push(Problem {
                place: blamed(&["warehouse.existing"]),
                message: format!(
                    "`warehouse.existing` says that the warehouse is there; its name is expected in `{}`",
                    unnamed.join("`, `")
                ),
            });
        }
    }
    let truth = |key: &str| matches!(merged.get(key).map(|assignment| &assignment.value), Some(Value::Boolean(true)));
    let listed = |key: &str| matches!(merged.get(key).map(|assignment| &assignment.value), Some(Value::List(items)) if !items.is_empty());
    if truth("stacks.network") && listed("warehouse.subnet_ids") {
        problems.push(Problem {
            place: blamed(&["stacks.network", "warehouse.subnet_ids"]),
            message:
                "`stacks.network` makes the subnets of the warehouse, and `warehouse.subnet_ids` names others; one of both is expected"
                    .to_owned(),
        });
    }
    let (vpc, subnets) = (!text("stacks.vpc_id").is_empty(), listed("stacks.subnet_ids"));
    if vpc != subnets {
        problems.push(Problem {
            place: blamed(&["stacks.vpc_id", "stacks.subnet_ids"]),
            message: "a network for the studio is `stacks.vpc_id` together with `stacks.subnet_ids`; both or none are expected".to_owned(),
        });
    } else if truth("stacks.studio") && !truth("stacks.network") && !vpc {
        problems.push(Problem {
            place: blamed(&["stacks.studio"]),
            message: "`stacks.studio` needs a network; `stacks.network = true`, or `stacks.vpc_id` and `stacks.subnet_ids`, are expected"
                .to_owned(),
        });
    }
    for (one, other) in [
        ("names.network_stack", "names.studio_stack"),
        ("names.staging_endpoint", "names.production_endpoint"),
        ("names.schema", "names.external_schema"),
        ("names.redshift_role", "names.lambda_role"),
        ("names.redshift_role", "names.sagemaker_role"),
        ("names.lambda_role", "names.sagemaker_role"),
    ] {
        if !text(one).is_empty() && text(one) == text(other) {
            let message = format!("`{one}` and `{other}` are both `{}`; two different names are expected", text(one));
            problems.push(Problem { place: blamed(&[other, one]), message });
        }
    }
    problems
}

/// Makes typed settings of one assignment for each key.
fn settings(assignments: &[Assignment], environment: &BTreeMap<String, String>) -> Result<Settings, String> {
    let mut document = serde_json::Map::new();
    for assignment in assignments {
        let Some((sections, name)) = assignment.key.rsplit_once('.') else { continue };
        // A section is there even when none of its settings is.
        let table = sections.split('.').try_fold(&mut document, |table, section| {
            table.entry(section).or_insert_with(|| serde_json::Value::Object(serde_json::Map::new())).as_object_mut()
        });
        let value = match (assignment.key, &assignment.value) {
            ("local.pace", Value::Text(text)) if text == "auto" => continue,
            ("local.state_dir", Value::Text(text)) => {
                let path = if text.is_empty() { state_directory(environment) } else { Some(expand(text, environment)) };
                match path {
                    Some(path) => path.to_string_lossy().into_owned().into(),
                    None => continue,
                }
            }
            (
                "data.source" | "data.schema" | "sql.queries_dir" | "stage.fallback" | "recording.file" | "replay.file",
                Value::Text(text),
            ) if !text.is_empty() => expand(text, environment).to_string_lossy().into_owned().into(),
            (_, value) => value.to_json(),
        };
        if let Some(table) = table {
            table.insert(name.to_owned(), value);
        }
    }
    serde_json::from_value(serde_json::Value::Object(document)).map_err(|error| format!("the settings are not complete: {error}"))
}

/// `~/…` under the home directory; any other text as it is.
fn expand(text: &str, environment: &BTreeMap<String, String>) -> PathBuf {
    match (text.strip_prefix("~/"), home(environment)) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => Path::new(text).to_owned(),
    }
}

impl Default for Settings {
    /// The documented default, without a state directory.
    #[allow(clippy::expect_used)]
    fn default() -> Self {
        // `DEFAULT` is part of the program, and a test loads it.
        load(&Sources::default()).expect("the built-in configuration is sound").settings
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::local::pace::Pace;
    use crate::settings::{Objective, TargetKind};
    use std::collections::BTreeSet;

    fn sources(environment: &[(&str, &str)], sets: &[(&str, &str)]) -> Sources {
        Sources {
            environment: environment.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect(),
            file: None,
            recorded: None,
            flags: sets.iter().map(|(key, text)| (format!("--set {key}={text}"), (*key).to_owned(), (*text).to_owned())).collect(),
        }
    }

    #[test]
    fn the_default_documents_exactly_the_settings_there_are() {
        let layer = Layer::from_toml(DEFAULT, &Origin::Default);
        assert!(layer.problems.is_empty(), "{:?}", layer.problems);
        let documented: BTreeSet<&str> = layer.assignments.iter().map(|assignment| assignment.key).collect();
        let known: BTreeSet<&str> = KEYS.iter().map(|key| key.name).collect();
        assert_eq!(documented, known);
        // And the typed settings have no field that the table does not know.
        let effective = load(&sources(&[("HOME", "/h")], &[("local.pace", "live")])).unwrap();
        fn keys(table: &serde_json::Value, before: &str, found: &mut BTreeSet<String>) {
            match table.as_object() {
                Some(table) => table.iter().for_each(|(name, value)| keys(value, &format!("{before}.{name}"), found)),
                None => drop(found.insert(before.trim_start_matches('.').to_owned())),
            }
        }
        let mut typed = BTreeSet::new();
        keys(&serde_json::to_value(&effective.settings).unwrap(), "", &mut typed);
        assert_eq!(typed, known.iter().map(|key| (*key).to_owned()).collect());
    }

    #[test]
    fn a_later_layer_wins_and_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let user = directory.path().join("shiftdeck");
        std::fs::create_dir(&user).unwrap();
        std::fs::write(user.join("config.toml"), "[mlops]\neta = 0.1\nseed = 1\n[aws]\nregion = 'eu-west-1'\n").unwrap();
        let extra = directory.path().join("extra.toml");
        std::fs::write(&extra, "mlops.seed = 2\nmlops.gamma = 1\n").unwrap();
        let base = directory.path().to_string_lossy();
        let mut sources = sources(
            &[("XDG_CONFIG_HOME", &*base), ("SHIFTDECK_MLOPS_GAMMA", "2"), ("AWS_REGION", "eu-north-1"), ("AWS_PROFILE", "demo")],
            &[("mlops.gamma", "3")],
        );
        sources.file = Some(extra.clone());
        let effective = load(&sources).unwrap();
        let settings = &effective.settings;
        assert_eq!((settings.mlops.eta, settings.mlops.seed, settings.mlops.gamma), (0.1, 2, 3.0));
        assert_eq!((settings.aws.region.as_str(), settings.aws.profile.as_str()), ("eu-west-1", "demo"));
        assert_eq!(settings.mlops.objective, Objective::BinaryLogistic);
        let from = |key: &str| effective.assignments.iter().find(|assignment| assignment.key == key).unwrap().place.to_string();
        assert_eq!(from("mlops.gamma"), "--set mlops.gamma=3");
        assert_eq!(from("mlops.seed"), format!("{}:1:14", extra.display()));
        assert_eq!(from("aws.profile"), "AWS_PROFILE");
        assert!(from("mlops.subsample").starts_with("default:"));
        assert_eq!(effective.files.len(), 2);
    }

    #[test]
    fn what_was_recorded_counts_more_than_files_and_less_than_flags() {
        let mut sources = sources(&[("SHIFTDECK_MLOPS_SEED", "1"), ("SHIFTDECK_DEMO_NAME", "Mine")], &[("mlops.gamma", "3")]);
        let recorded = "[demo]\nname = \"Theirs\"\n[mlops]\ngamma = 2.0\neta = 0.1\n";
        sources.recorded = Some(("talk.rec".into(), recorded.to_owned()));
        let effective = load(&sources).unwrap();
        let settings = &effective.settings;
        assert_eq!((settings.demo.name.as_str(), settings.mlops.gamma, settings.mlops.eta, settings.mlops.seed), ("Theirs", 3.0, 0.1, 1));
        let name = effective.assignments.iter().find(|assignment| assignment.key == "demo.name").unwrap();
        assert_eq!(name.place.to_string(), "talk.rec:2:8");
    }

    #[test]
    fn values_that_contradict_each_other_are_refused_where_they_were_written() {
        let refused = |sets: &[(&str, &str)]| load(&sources(&[], sets)).unwrap_err().to_string();
        assert_eq!(
            refused(&[("mlops.train_share", "0.8")]),
            "--set mlops.train_share=0.8: `mlops.train_share` (0.8) and `mlops.validation_share` (0.2) leave nothing for the test split; a sum of at most 0.99 is expected"
        );
        assert!(refused(&[("warehouse.base_capacity", "12")]).contains("4 or a multiple of 8"));
        let existing = refused(&[("warehouse.existing", "true"), ("names.database", "dev")]);
        assert!(existing.contains("`names.warehouse`, `names.secret`"), "{existing}");
        assert!(refused(&[("names.staging_endpoint", "a"), ("names.production_endpoint", "a")]).contains("two different names"));
        assert!(refused(&[("stacks.studio", "true")]).contains("`stacks.studio` needs a network"));
        assert!(refused(&[("stacks.vpc_id", "vpc-0a1b2c3d")]).contains("both or none"));
        let both = refused(&[("stacks.network", "true"), ("warehouse.subnet_ids", "subnet-0a1b2c3d")]);
        assert!(both.starts_with("--set stacks.network=true: ") && both.contains("one of both"), "{both}");
        let sets = [("stacks.studio", "true"), ("stacks.vpc_id", "vpc-0a1b2c3d"), ("stacks.subnet_ids", "subnet-0a1b2c3d")];
        assert!(load(&sources(&[], &sets)).is_ok());
        assert!(refused(&[("names.table", "data; drop table x")]).contains("an identifier of at most 63"));
        assert!(refused(&[("mlops.objectve", "x")]).contains("the nearest is `mlops.objective`"));
    }

    #[test]
    fn a_data_set_of_ones_own_is_read_and_refused_where_it_is_wrong() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("machines.toml");
        let text = "name = 'machines'\nsegments = ['site']\n[target]\nname = 'failed'\npositive = 1\nnegative = 0\n[[column]]\nname = 'site'\ntype = 'text'\n";
        std::fs::write(&path, text).unwrap();
        let schema = path.to_string_lossy().into_owned();
        let settings = load(&sources(&[], &[("data.schema", &schema), ("data.source", "m.csv")])).unwrap().settings;
        assert_eq!((settings.data_set.target.name.as_str(), settings.mlops.segments.join(" ").as_str()), ("failed", "site"));
        assert_eq!(settings.scenario("000000000000").data, settings.data_set);
        let refused = |sets: &[(&str, &str)]| load(&sources(&[], sets)).unwrap_err().to_string();
        let sample = refused(&[("data.schema", &schema)]);
        assert!(sample.ends_with("the sample is made for the Bank Marketing data, and `data.schema` describes machines; `data.source` with the path or address of a CSV of it is expected"), "{sample}");
        let segments = refused(&[("data.schema", &schema), ("data.source", "m.csv"), ("mlops.segments", "job")]);
        assert!(segments.ends_with("`mlops.segments` has `job`, which is no column of the machines data"), "{segments}");
        std::fs::write(&path, text.replace("type = 'text'", "type = 'word'")).unwrap();
        let wrong = refused(&[("data.schema", &schema), ("data.source", "m.csv")]);
        assert!(wrong.starts_with(&format!("{schema}:9:1: `column.type`: `word` is not a type")), "{wrong}");
        assert!(refused(&[("data.schema", "/nowhere.toml"), ("data.source", "m.csv")]).contains("cannot be read"));
    }

    #[test]
    fn auto_and_empty_stand_for_what_follows() {
        let settings = load(&sources(&[("HOME", "/h")], &[])).unwrap().settings;
        assert_eq!((settings.local.pace, settings.local.state_dir), (None, Some("/h/.local/share/shiftdeck".into())));
        assert_eq!(settings.aws.target, TargetKind::Local);
        let settings = load(&sources(&[("HOME", "/h")], &[("local.pace", "live"), ("local.state_dir", "~/x")])).unwrap().settings;
        assert_eq!((settings.local.pace, settings.local.state_dir), (Some(Pace::Live), Some("/h/x".into())));
    }

    #[test]
    fn names_with_hyphens_make_plain_identifiers() {
        let settings = load(&sources(&[], &[("demo.name", "Team-7")])).unwrap().settings;
        let scenario = settings.scenario("000000000000");
        assert_eq!((scenario.database.as_str(), scenario.glue_table.as_str()), ("team_7", "team_7_glue"));
        assert_eq!((scenario.warehouse.as_str(), scenario.redshift_role.as_str()), ("team-7", "Team-7-RedShift"));
    }
}
