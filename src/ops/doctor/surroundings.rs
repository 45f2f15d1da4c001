//! What can be told without the account: where it is looked for, the data, and the terminal.

use super::terminal::{self, Terminal};
use super::{Check, Verdict};
use crate::config::Settings;
use crate::config::settings::TargetKind;
use crate::demo::pipeline_definition::{Framework, image_uri};
use crate::demo::{dataset, figures, regions};

/// Checks without an account, in the order in which they are told.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Surroundings {
    /// Those before what the account tells.
    pub before: Vec<Check>,
    /// Those after it.
    pub after: Vec<Check>,
}

/// Looks at everything around the account. Reads the file of data, which may be large, and tries whether the state directory can be written.
/// `variable` gives the value of an environment variable.
pub fn surroundings(settings: &Settings, variable: &dyn Fn(&str) -> Option<String>, terminal: &Terminal) -> Surroundings {
    let mut before = vec![Check::ok("target", settings.aws.target.name()), region(&settings.aws.region)];
    if settings.aws.target == TargetKind::Local {
        before.push(state_directory(settings));
    }
    let mut after = vec![data(settings)];
    after.extend(terminal::checks(settings, variable, terminal));
    Surroundings { before, after }
}

/// Whether there is such a region, and whether the pipeline can run in it.
fn region(region: &str) -> Check {
    const NAME: &str = "region";
    let choose = "Choose another one with --region, or in the setting aws.region.";
    if regions::partition(region).is_none() {
        let meant = regions::nearest(region).map(|near| format!("; `{near}` is written much like it")).unwrap_or_default();
        return Check::failed(NAME, format!("`{region}` is no region of AWS{meant}"), choose);
    }
    match image_uri(Framework::XgBoost, region) {
        Ok(_) => Check::ok(NAME, region),
        Err(error) if regions::known(region) => Check::failed(NAME, error.to_string(), choose),
        Err(error) => Check::failed(NAME, format!("`{region}` is not among the regions that are known here, and {error}"), choose),
    }
}

/// Whether the state directory can be written.
fn state_directory(settings: &Settings) -> Check {
    const NAME: &str = "state";
    let failed = |message: String| Check::failed(NAME, message, "Choose another directory with --state-dir.");
    let Some(directory) = &settings.local.state_dir else {
        return failed("there is no place for the embedded AWS: neither XDG_DATA_HOME nor HOME is set".to_owned());
    };
    let probe = std::fs::create_dir_all(directory).and_then(|()| tempfile::Builder::new().prefix(".probe-").tempfile_in(directory));
    match probe {
        Ok(_) => Check::ok(NAME, format!("{} can be written", directory.display())),
        Err(error) => failed(format!("{} cannot be written: {error}", directory.display())),
    }
}

/// Whether a file of data can be used.
fn data(settings: &Settings) -> Check {
    const NAME: &str = "data";
    let source = settings.data.source.as_str();
    if source == "sample" {
        return Check::ok(NAME, format!("sample of {} rows", figures::count(settings.data.sample_rows.into())));
    }
    if source.contains("://") {
        return Check::ok(NAME, format!("{source} (read when it is needed)"));
    }
    let read = std::fs::read(source)
        .map_err(|error| (format!("{source}: {error}"), "Correct data.source, or --data.".to_owned()))
        .and_then(|bytes| dataset::prepare(&bytes, source, &settings.data_set).map_err(|error| (error.to_string(), error.fix())));
    match read {
        Ok(prepared) => Check::ok(NAME, format!("{source}, {} rows", figures::count(prepared.rows))),
        Err((message, fix)) => Check::failed(NAME, message, fix),
    }
}

impl Surroundings {
    /// Whether a demonstration would fail on something.
    pub fn failed(&self) -> bool {
        self.before.iter().chain(&self.after).any(|check| check.verdict == Verdict::Failed)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::super::Colours;
    use super::*;

    #[test]
    fn a_region_that_is_none_is_told_at_once() {
        assert_eq!(region("eu-west-1").verdict, Verdict::Ok);
        let slip = region("us-east1");
        assert_eq!(slip.verdict, Verdict::Failed);
        assert_eq!(slip.message, "`us-east1` is no region of AWS; `us-east-1` is written much like it");
        assert_eq!(region("xx-nowhere-1").message, "`xx-nowhere-1` is no region of AWS");
        // A region, but without the images that the pipeline runs in.
        let without = region("eusc-de-east-1");
        assert_eq!(without.verdict, Verdict::Failed);
        assert!(without.message.contains("images are not published"), "{}", without.message);
        assert!(region("eu-west-9").message.starts_with("`eu-west-9` is not among the regions that are known here"));
    }

    fn settings() -> Settings {
        Settings::default()
    }

    fn terminal() -> Terminal {
        Terminal { there: true, size: Ok((160, 45)), together: (100, 28), colours: Colours::All, theme: "dark".into(), images: None }
    }

    fn names(checks: &[Check]) -> Vec<&'static str> {
        checks.iter().map(|check| check.name).collect()
    }

    #[test]
    fn the_order_is_the_same_wherever_it_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let mut settings = settings();
        settings.local.state_dir = Some(directory.path().join("state"));
        let found = surroundings(&settings, &|name| (name == "LANG").then(|| "C.UTF-8".to_owned()), &terminal());
        assert_eq!(names(&found.before), ["target", "region", "state"]);
        assert_eq!(names(&found.after), ["data", "terminal", "colour", "characters", "images", "mouse"]);
        assert!(!found.failed(), "{found:?}");
        settings.aws.target = TargetKind::Aws;
        let found = surroundings(&settings, &|_| None, &terminal());
        assert_eq!(names(&found.before), ["target", "region"], "an account has no state here");
    }

    #[test]
    fn what_cannot_be_written_or_read_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        std::fs::write(&file, "x").unwrap();
        let mut settings = settings();
        settings.local.state_dir = Some(file.join("below"));
        settings.data.source = directory.path().join("none.csv").display().to_string();
        let found = surroundings(&settings, &|_| None, &terminal());
        let state = found.before.last().unwrap();
        assert!(state.verdict == Verdict::Failed && state.message.contains("cannot be written"), "{state:?}");
        assert!(found.after[0].verdict == Verdict::Failed && found.after[0].message.contains("none.csv"), "{:?}", found.after[0]);
        assert!(found.failed());
        settings.local.state_dir = None;
        assert!(surroundings(&settings, &|_| None, &terminal()).before.last().unwrap().message.contains("XDG_DATA_HOME"));
    }
}
