//! The prediction form of a model of other data: its fields, and none of the bank's.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use serde_json::json;

use super::tests::render;
use crate::app::action::Command;
use crate::app::predict::Msg as Heard;
use crate::app::tests::open_model;
use crate::app::{Effect, Msg, Pane, update};
use crate::demo::feature_schema::{FeatureSchema, Row};
use crate::ops::predict::{DeployedModel, Prediction, Sample};

/// What preprocessing makes of machines and whether they failed.
fn schema() -> FeatureSchema {
    let number = |name: &str, integer: bool, most: f64| {
        let quantiles: Vec<f64> = (0..11).map(|at| most * f64::from(at) / 10.0).collect();
        json!({ "name": name, "kind": "number", "integer": integer, "min": 0.0, "max": most, "mean": most / 2.0, "quantiles": quantiles })
    };
    let document = json!({
        "version": 1,
        "target": { "name": "failed", "positive": "1", "negative": "0" },
        "columns": [
            number("age_months", true, 240.0),
            number("temperature", false, 320.0),
            { "name": "site", "kind": "category", "values": [{ "value": "quay", "count": 300 }, { "value": "rig", "count": 300 }] },
        ],
        "derived": [{ "name": "at_sea", "rule": "one_of", "column": "site", "values": ["rig"] }],
        "features": ["age_months", "temperature", "at_sea", "site_quay", "site_rig"],
    });
    FeatureSchema::from_json(&serde_json::to_vec(&document).unwrap()).unwrap()
}

#[test]
fn the_form_has_the_fields_of_the_schema() {
    let mut model = open_model();
    model.predict.find.abandon();
    let find = match &model.predict.look()[..] {
        [Effect::FindModel { ticket }] => *ticket,
        other => panic!("{other:?}"),
    };
    let deployed = DeployedModel::detached("Machines-staging", schema(), 0.5);
    let draw = match &model.predict.update(Heard::Found(find, Box::new(Ok(deployed))))[..] {
        [Effect::DrawSamples { ticket, .. }, ..] => *ticket,
        other => panic!("{other:?}"),
    };
    let row: Row = [("age_months", json!(12)), ("temperature", json!(301.25)), ("site", json!("rig"))]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    let sample = Sample { row, actual: Some("1".into()), seen: Some(false) };
    let ask = match &model.predict.update(Heard::Drawn(draw, Ok(vec![sample])))[..] {
        [Effect::Predict { ticket, .. }] => *ticket,
        other => panic!("{other:?}"),
    };
    let answer = Prediction { score: 0.8125, decision: "1".into(), latency: Duration::from_millis(4) };
    model.predict.update(Heard::Answered(ask, Ok(answer)));
    update(&mut model, Msg::Do(Command::Focus(Pane::Predict)));
    update(&mut model, Msg::Do(Command::Zoom));
    for (width, height) in [(80, 24), (120, 36), (200, 60)] {
        model.size = (width, height);
        let (text, _) = render(&model, width, height);
        for shown in ["age_months", "temperature", "301.25", "site", "rig", "Machines-staging", "81.2"] {
            assert!(text.contains(shown), "{shown} at {width}x{height}\n{text}");
        }
        for other in ["job", "poutcome", "marital"] {
            assert!(!text.contains(other), "{other} at {width}x{height}\n{text}");
        }
    }
}
