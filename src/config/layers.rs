//! The layers of a configuration: where each comes from and what it says. Later ones win.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::error::{Origin, Place, Problem};
use super::schema::{self, KEYS, Key};
use super::value::{self, Value};

/// Variables of this program that are not settings: what is logged, and where scripts and tests find the program.
const OTHER_VARIABLES: [&str; 2] = ["SHIFTDECK_LOG", "SHIFTDECK_BIN"];

/// What a layer says about one setting.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// The setting's dotted key.
    pub key: &'static str,
    /// The value, checked by itself.
    pub value: Value,
    /// Where it is written.
    pub place: Place,
}

/// A layer: its assignments, and what is wrong in it.
#[derive(Debug, Default)]
pub struct Layer {
    /// Assignments in the order of the layer.
    pub assignments: Vec<Assignment>,
    /// Problems.
    pub problems: Vec<Problem>,
}

impl Layer {
    /// Reads a TOML text.
    pub fn from_toml(text: &str, origin: &Origin) -> Self {
        let mut layer = Layer::default();
        let place = |range: Range<usize>| Place { origin: origin.clone(), position: Some(position(text, range.start)) };
        let (document, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let place = place(error.span().unwrap_or(0..0));
            layer.problems.push(Problem { place, message: format!("this is not TOML: {}", error.message().replace('\n', "; ")) });
        }
        if layer.problems.is_empty() {
            layer.read_table("", document.get_ref(), &place);
            // The table is sorted by key; problems are told in the order of the file.
            layer.problems.sort_by_key(|problem| problem.place.position);
        }
        layer
    }

    fn read_table(&mut self, prefix: &str, table: &DeTable<'_>, place: &dyn Fn(Range<usize>) -> Place) {
        for (name, item) in table {
            let dotted = if prefix.is_empty() { name.get_ref().to_string() } else { format!("{prefix}.{}", name.get_ref()) };
            let is_section = KEYS.iter().any(|key| key.name.strip_prefix(&dotted).is_some_and(|rest| rest.starts_with('.')));
            match (schema::find(&dotted), item.get_ref()) {
                (Some(key), value) => match value::from_toml(key, value) {
                    Ok(value) => self.assignments.push(Assignment { key: key.name, value, place: place(item.span()) }),
                    Err(message) => self.problems.push(Problem { place: place(item.span()), message }),
                },
                (None, DeValue::Table(inner)) if is_section => self.read_table(&dotted, inner, place),
                (None, value) if is_section => {
                    let message = format!("`{dotted}` is {}; a table of settings, `[{dotted}]`, is expected", value::type_in_words(value));
                    self.problems.push(Problem { place: place(item.span()), message });
                }
                (None, DeValue::Table(_)) if prefix.is_empty() => {
                    let message = format!("there is no section `[{dotted}]`; the nearest is `[{}]`", nearest_section(&dotted));
                    self.problems.push(Problem { place: place(name.span()), message });
                }
                (None, _) => self.problems.push(Problem { place: place(name.span()), message: unknown(&dotted) }),
            }
        }
    }

    /// Reads a file.
    pub fn from_file(path: &Path) -> Self {
        let origin = Origin::File(path.to_owned());
        match std::fs::read(path) {
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => Layer::from_toml(text.strip_prefix('\u{feff}').unwrap_or(&text), &origin),
                Err(error) => {
                    let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                    let place = Place { origin, position: Some(position(&String::from_utf8_lossy(valid), valid.len())) };
                    Layer { problems: vec![Problem { place, message: "this byte is not UTF-8".to_owned() }], ..Layer::default() }
                }
            },
            Err(error) => {
                let place = Place { origin, position: None };
                Layer { problems: vec![Problem { place, message: format!("the file cannot be read: {error}") }], ..Layer::default() }
            }
        }
    }

    /// Reads the `SHIFTDECK_*` variables. A doubled underscore counts as one, for those used to it from other programs.
    pub fn from_variables(environment: &BTreeMap<String, String>) -> Self {
        let mut layer = Layer::default();
        let mut seen: BTreeMap<&'static str, &str> = BTreeMap::new();
        for (variable, text) in environment.iter().filter(|(name, _)| name.starts_with("SHIFTDECK_")) {
            if OTHER_VARIABLES.contains(&variable.as_str()) {
                continue;
            }
            let name = variable.replace("__", "_");
            let place = Place { origin: Origin::Variable(variable.clone()), position: None };
            let Some(key) = KEYS.iter().find(|key| key.variable() == name) else {
                let nearest = nearest_variable(&name);
                let message = format!("no setting has this variable; the nearest is {nearest}");
                layer.problems.push(Problem { place, message });
                continue;
            };
            if let Some(other) = seen.insert(key.name, variable) {
                let message = format!("{other} sets `{}` as well; remove one of them", key.name);
                layer.problems.push(Problem { place, message });
                continue;
            }
            layer.read_text(key, text, place);
        }
        layer
    }

    /// The standard variables of AWS that name a region and a profile.
    pub fn from_standard_variables(environment: &BTreeMap<String, String>) -> Self {
        let mut layer = Layer::default();
        for (key, variables) in [("aws.region", &["AWS_REGION", "AWS_DEFAULT_REGION"][..]), ("aws.profile", &["AWS_PROFILE"][..])] {
            let found = variables.iter().find_map(|name| environment.get(*name).filter(|text| !text.is_empty()).map(|text| (*name, text)));
            if let (Some((name, text)), Some(key)) = (found, schema::find(key)) {
                layer.read_text(key, text, Place { origin: Origin::Standard(name), position: None });
            }
        }
        layer
    }

    /// Reads flags: what the person typed (for messages), the dotted key, and the text.
    pub fn from_flags(flags: &[(String, String, String)]) -> Self {
        let mut layer = Layer::default();
        for (flag, name, text) in flags {
            let place = Place { origin: Origin::Flag(flag.clone()), position: None };
            match schema::find(name) {
                Some(key) => layer.read_text(key, text, place),
                None => layer.problems.push(Problem { place, message: unknown(name) }),
            }
        }
        layer
    }

    fn read_text(&mut self, key: &Key, text: &str, place: Place) {
        match value::from_text(key, text) {
            Ok(value) => self.assignments.push(Assignment { key: key.name, value, place }),
            Err(message) => self.problems.push(Problem { place, message }),
        }
    }
}

fn unknown(name: &str) -> String {
    format!("there is no setting `{name}`; the nearest is `{}`", schema::nearest(name))
}

fn nearest_section(given: &str) -> &'static str {
    let sections = KEYS.iter().filter_map(|key| key.name.split('.').next());
    sections.max_by(|a, b| strsim::jaro_winkler(a, given).total_cmp(&strsim::jaro_winkler(b, given))).unwrap_or_default()
}

fn nearest_variable(given: &str) -> String {
    let likeness = |key: &Key| strsim::normalized_damerau_levenshtein(&key.variable(), given);
    KEYS.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b))).map(Key::variable).unwrap_or_default()
}

/// Line and column, counted from 1, of a byte offset.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
    (line, column)
}

/// The user's file: `shiftdeck/config.toml` in `$XDG_CONFIG_HOME`, or in `~/.config` without it. `None` without a home directory.
pub fn user_file(environment: &BTreeMap<String, String>) -> Option<PathBuf> {
    base_directory(environment, "XDG_CONFIG_HOME", ".config").map(|base| base.join("shiftdeck").join("config.toml"))
}

/// Where the embedded AWS is kept by default: `shiftdeck` in `$XDG_DATA_HOME`, or in `~/.local/share` without it.
pub fn state_directory(environment: &BTreeMap<String, String>) -> Option<PathBuf> {
    base_directory(environment, "XDG_DATA_HOME", ".local/share").map(|base| base.join("shiftdeck"))
}

/// A base directory of the XDG specification, which says that a relative path in the variable is to be ignored.
fn base_directory(environment: &BTreeMap<String, String>, variable: &str, fallback: &str) -> Option<PathBuf> {
    let given = environment.get(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    given.or_else(|| home(environment).map(|home| home.join(fallback)))
}

/// The home directory.
pub fn home(environment: &BTreeMap<String, String>) -> Option<PathBuf> {
    environment.get("HOME").filter(|home| !home.is_empty()).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        Layer::from_toml(text, &Origin::File("c.toml".into())).problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_problem_of_a_file_has_its_place() {
        let text = "[mlops]\neta = \"fast\"\nmax-depth = 3\n  num_round = 0\n[data]\nsource.a = 1\n[redshift-ml]\nmode = 'auto'\n";
        assert_eq!(
            problems(text),
            [
                "c.toml:2:7: `mlops.eta` is the text \"fast\"; a number above 0 and up to 1 is expected",
                "c.toml:3:1: there is no setting `mlops.max-depth`; the nearest is `mlops.max_depth`",
                "c.toml:4:15: `mlops.num_round` is 0; a whole number from 1 to 10000 is expected",
                "c.toml:6:1: `data.source` is a table; `sample`, a path, or an s3:// or https:// address is expected",
                "c.toml:7:2: there is no section `[redshift-ml]`; the nearest is `[redshift_ml]`",
            ]
        );
        assert_eq!(problems("local = 3"), ["c.toml:1:9: `local` is the whole number 3; a table of settings, `[local]`, is expected"]);
    }

    #[test]
    fn what_is_not_toml_is_said_with_its_place() {
        let problems = problems("[mlops]\neta = = 3\n");
        assert!(problems[0].starts_with("c.toml:2:7: this is not TOML: "), "{problems:?}");
        assert!(super::Layer::from_toml("[mlops]\neta = 0.1\neta = 0.2\n", &Origin::Default).problems[0].place.position.unwrap().0 == 3);
    }

    #[test]
    fn variables_are_settings_or_refused() {
        let environment = |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let layer = Layer::from_variables(&environment(&[("SHIFTDECK_LOCAL__PACE", "live"), ("SHIFTDECK_LOG", "debug"), ("PATH", "/")]));
        assert!(layer.problems.is_empty());
        assert_eq!((layer.assignments[0].key, &layer.assignments[0].value), ("local.pace", &Value::Text("live".into())));
        let layer = Layer::from_variables(&environment(&[("SHIFTDECK_LOCAL_PAC", "live")]));
        assert_eq!(layer.problems[0].to_string(), "SHIFTDECK_LOCAL_PAC: no setting has this variable; the nearest is SHIFTDECK_LOCAL_PACE");
        let layer = Layer::from_variables(&environment(&[("SHIFTDECK_LOCAL_PACE", "live"), ("SHIFTDECK_LOCAL__PACE", "auto")]));
        assert_eq!(layer.problems.len(), 1);
    }

    #[test]
    fn directories_follow_the_specification() {
        let environment = |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        assert_eq!(user_file(&environment(&[("HOME", "/h")])), Some("/h/.config/shiftdeck/config.toml".into()));
        assert_eq!(user_file(&environment(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "/x")])), Some("/x/shiftdeck/config.toml".into()));
        assert_eq!(user_file(&environment(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "x")])), Some("/h/.config/shiftdeck/config.toml".into()));
        assert_eq!(state_directory(&environment(&[])), None);
    }
}
