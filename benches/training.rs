//! Training as the embedded jobs do it, on files that are given: what `training.py` compares with Python's XGBoost.
//!
//! `training TRAIN VALIDATION TEST HYPERPARAMETERS`: three channels as CSV with the target first, and the hyperparameters as a JSON object of
//! texts. Prints one JSON object: seconds of reading, of training (both channels watched, as in the container; also the processors' seconds,
//! which a busy machine does not lengthen) and of scoring, the area under the curve on the test rows, and the most memory that was in use.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Instant;

use serde_json::json;
use shiftdeck::demo::metrics::BinaryReport;
use shiftdeck::demo::pipeline_definition::XgboostRelease;
use shiftdeck::local::ml::matrix::read_labelled;
use shiftdeck::local::ml::train::train;

/// Seconds that the processors have worked for this process, to a hundredth.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the program may have spaces; the numbers begin after its parenthesis with the third field.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().skip(11).take(2);
    fields.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn main() {
    // `cargo bench` adds an argument of its own.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [train_file, validation_file, test_file, hyperparameters] = arguments.as_slice() else {
        println!("nothing to do: give TRAIN VALIDATION TEST HYPERPARAMETERS, or run benches/training.py");
        return;
    };
    let hyperparameters: BTreeMap<String, String> = serde_json::from_str(hyperparameters).unwrap();
    let start = Instant::now();
    let read = |file: &String| read_labelled(&std::fs::read(file).unwrap()).unwrap();
    let (data, validation) = (read(train_file), read(validation_file));
    let reading = start.elapsed();

    let (start, busy) = (Instant::now(), processor_seconds());
    let booster = train(&data, Some(&validation), &hyperparameters, &mut |_| ControlFlow::Continue(())).unwrap();
    let (training, busy) = (start.elapsed(), processor_seconds() - busy);
    let file = booster.to_xgboost_file(XgboostRelease::V3_0).unwrap();

    let test = read(test_file);
    let start = Instant::now();
    let scores: Vec<f64> = booster.predict(&test.values).unwrap().into_iter().map(f64::from).collect();
    let scoring = start.elapsed();
    let truths: Vec<bool> = test.labels.iter().map(|&label| label > 0.5).collect();
    let report = BinaryReport::measure(&scores, &truths, 0.5).unwrap();
    let memory = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = memory.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    println!(
        "{}",
        json!({
            "rows": data.rows(), "read": reading.as_secs_f64(), "train": training.as_secs_f64(),
            "processor": busy, "score": scoring.as_secs_f64(), "auc": report.auc, "mse": report.mse, "megabytes": peak.map(|kilobytes| kilobytes / 1024), "model_bytes": file.len(),
        })
    );
}
