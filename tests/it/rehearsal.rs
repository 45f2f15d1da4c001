//! The whole presentation without anybody, twice: the same figures and the same screens, times aside.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use shiftdeck::app::walkthrough::Beat;
use shiftdeck::config::Settings;
use shiftdeck::demo::step::Step;
use shiftdeck::local::pace::Pace;
use shiftdeck::tui::rehearsal::{self, Rehearsed, Went};

use crate::common;

async fn rehearsed(change: impl FnOnce(&mut Settings)) -> Rehearsed {
    let directory = tempfile::tempdir().unwrap();
    let mut settings = shiftdeck::config::load::load(&shiftdeck::config::load::Sources::default()).unwrap().settings;
    settings.data.sample_rows = 20_000;
    settings.local.state_dir = Some(directory.path().to_owned());
    settings.local.pace = Some(Pace::Instant);
    settings.screen.motion = false;
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
    assert_eq!(first.other_screens(&second), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_fails_is_told_and_the_rest_is_presented() {
    let rehearsed = rehearsed(|settings| settings.mlops.auc_floor = 0.99).await;
    let failed: Vec<&Went> = rehearsed.steps.iter().filter(|went| !went.is_right()).collect();
    assert!(failed.iter().any(|went| went.step == Step::Pipeline && !went.done && went.message.contains("0.99")), "{failed:?}");
    assert_eq!(rehearsed.steps.last().map(|went| (went.step, went.done)), Some((Step::Cleanup, true)), "{:?}", rehearsed.steps);
}
