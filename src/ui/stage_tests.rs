//! Screens of a presentation.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chrono::Duration;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde_json::{Value, json};

use super::tests::{at_three_sizes, render};
use crate::app::tests::{full_model, open_model};
use crate::app::walkthrough::run::tests::over;
use crate::app::walkthrough::{Msg as Walk, Status};
use crate::app::{Model, Msg, update};
use crate::demo::event::{Event, EventKind};
use crate::demo::figures;
use crate::demo::step::Step;
use crate::ops::earlier::Earlier;
use crate::ops::steps::StepOutcome;

fn presses(model: &mut Model, count: usize) {
    for _ in 0..count {
        update(model, Msg::Key(KeyEvent::new(KeyCode::Char(' '), KeyModifiers::NONE)));
    }
}

fn finish(model: &mut Model, step: Step, figures: Value) {
    let Value::Object(detail) = figures else { panic!("figures") };
    let message = "The pipeline registered version 1: AUC 0.758, MSE 0.0886".to_owned();
    update(model, Msg::Walkthrough(Walk::Ended(step, Box::new(Ok(StepOutcome { changed: true, message, detail })))));
    let over = over(&model.walkthrough);
    update(model, Msg::Walkthrough(over));
}

#[test]
fn the_four_beats_of_a_step() {
    let mut model = full_model();
    model.walkthrough.steps[Step::Pipeline as usize].status = Status::Pending;
    model.walkthrough.select(Step::Pipeline as usize);
    presses(&mut model, 1);
    at_three_sizes("stage_say", &model);
    presses(&mut model, 1);
    at_three_sizes("stage_show", &model);
    presses(&mut model, 1);
    update(&mut model, Msg::Walkthrough(Walk::Begun(Step::Pipeline)));
    for (seconds, message) in [(0.4, "the pipeline is deployed"), (1.2, "the table is unloaded")] {
        let ts = model.now;
        update(
            &mut model,
            Msg::Walkthrough(Walk::Event(Event {
                ts,
                step: Step::Pipeline,
                event: EventKind::Progress,
                resource: Some("BankDM-pipeline".into()),
                message: message.into(),
                seconds,
                detail: serde_json::Map::new(),
            })),
        );
    }
    model.now += Duration::seconds(2);
    at_three_sizes("stage_do", &model);
    finish(
        &mut model,
        Step::Pipeline,
        json!({"auc": 0.758, "mse": 0.0886, "train_rows": 28831, "test_rows": 4120, "features": 59, "version": 1}),
    );
    presses(&mut model, 1);
    at_three_sizes("stage_notice", &model);
}

#[test]
fn waiting_says_how_long_it_took_the_last_time_and_what_is_of_an_earlier_run_says_so() {
    let mut model = full_model();
    model.walkthrough.steps[Step::Pipeline as usize].status = Status::Pending;
    model.walkthrough.select(Step::Pipeline as usize);
    presses(&mut model, 3);
    update(&mut model, Msg::Walkthrough(Walk::Begun(Step::Pipeline)));
    update(&mut model, Msg::Walkthrough(Walk::Expected([(Step::Pipeline, 95.0)].into())));
    model.now += Duration::seconds(12);
    let (text, _) = render(&model, 80, 24);
    assert!(text.contains(&format!("12 s, {} the last time", figures::duration(95.0))), "{text}");
    let (text, _) = render(&model, 200, 60);
    assert!(text.contains(&format!("12 s; it took {} the last time", figures::duration(95.0))), "{text}");

    model.target = crate::config::settings::TargetKind::Aws;
    let figures = json!({"auc": 0.747, "mse": 0.0891, "version": 3}).as_object().unwrap().clone();
    let at = chrono::DateTime::from_timestamp(1_699_000_000, 0).unwrap();
    let earlier = Earlier { at, message: "The pipeline registered version 3".into(), figures, execution: None };
    update(&mut model, Msg::Walkthrough(Walk::Earlier(Step::Pipeline, Box::new(Ok(Some(earlier))))));
    for (width, height) in [(80, 24), (120, 36), (200, 60)] {
        for large in [false, true] {
            model.large = large;
            model.size = (width, height);
            let (text, _) = render(&model, width, height);
            assert!(text.contains("From an earlier run, of") && text.contains("2023-11-03"), "{width}x{height}: {text}");
            assert!(!text.contains("AUC 0.758 ≥"), "the checks are of that run: {text}");
        }
    }
}

#[test]
fn a_step_that_builds_on_others() {
    let mut model = open_model();
    model.walkthrough.select(Step::Deploy as usize);
    presses(&mut model, 1);
    at_three_sizes("stage_needs", &model);
    presses(&mut model, 2);
    at_three_sizes("stage_offer", &model);
}

#[test]
fn the_console_is_taken_in_hand() {
    let mut model = full_model();
    model.walkthrough.select(Step::Load as usize);
    presses(&mut model, 2);
    let (text, _) = render(&model, 120, 36);
    assert!(text.contains("Space what it did"), "{text}");
    update(&mut model, Msg::Key(KeyEvent::new(KeyCode::Char('x'), KeyModifiers::NONE)));
    let (text, _) = render(&model, 120, 36);
    assert!(text.contains("PgDn what it did"), "{text}");
}

#[test]
fn the_audience_is_told_neither_time_nor_asides() {
    let mut model = full_model();
    model.walkthrough.select(0);
    for _ in 0..36 {
        presses(&mut model, 1);
        model.now += Duration::seconds(61);
        let (text, _) = render(&model, 120, 36);
        assert!(!text.contains("minutes") && !text.contains("Aside"), "{text}");
    }
}
