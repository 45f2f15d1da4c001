//! Screens of a presentation.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chrono::Duration;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde_json::{Value, json};

use super::tests::{at_three_sizes, render};
use crate::app::tests::{full_model, open_model};
use crate::app::walkthrough::{Msg as Walk, Status};
use crate::app::{Model, Msg, update};
use crate::demo::event::{Event, EventKind};
use crate::demo::step::Step;
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
    update(model, Msg::Walkthrough(Walk::RunOver));
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
