//! Shows the events of a running step: JSON lines for programs, plain lines in a pipe, a progress bar on a terminal.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Map, Value, json};

use super::failure::Failure;
use super::output::{Output, seconds};
use crate::demo::event::{Event, EventKind};
use crate::demo::step::Step;
use crate::ops::OpError;
use crate::ops::steps::StepOutcome;

/// The figures of a summary, always all of them; `null` for what no step of this run found.
const METRICS: [&str; 6] = ["rows", "train_rows", "features", "mse", "auc", "redshift_ml_accuracy"];

/// How long each picture of the spinner is shown.
const TICK: Duration = Duration::from_millis(100);

/// How events are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// One JSON object a line.
    Json,
    /// One line an event.
    Lines,
    /// A bar on standard error, and a line on standard output for each step that ended.
    Bar,
}

/// Shows events, and keeps what the summary needs.
pub struct Reporter {
    output: Output,
    style: Style,
    bar: ProgressBar,
    /// Whether anybody still reads.
    reader: bool,
    steps: Map<String, Value>,
    metrics: BTreeMap<&'static str, Value>,
}

impl Reporter {
    /// A reporter for `count` steps.
    pub fn new(output: Output, json: bool, count: usize) -> Self {
        let on_terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
        let style = match (json, output.terminal && on_terminal) {
            (true, _) => Style::Json,
            (false, true) => Style::Bar,
            (false, false) => Style::Lines,
        };
        let target = if style == Style::Bar { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(count as u64), target);
        // The template is a constant, so that it is either always right or never; a plain bar would do as well.
        if let Ok(template) = ProgressStyle::with_template("{spinner} {bar:24} {pos}/{len}  {prefix}  {wide_msg}  {elapsed}") {
            bar.set_style(if output.colour { template } else { template.progress_chars("=> ") });
        }
        if style == Style::Bar {
            bar.enable_steady_tick(TICK);
        }
        let metrics = METRICS.map(|name| (name, Value::Null)).into();
        Reporter { output, style, bar, reader: true, steps: Map::new(), metrics }
    }

    /// Shows an event. A reader that has gone is no reason to stop the work.
    ///
    /// # Errors
    /// When standard output cannot be written for another reason.
    pub fn event(&mut self, event: &Event) -> Result<(), Failure> {
        match self.style {
            Style::Json => {
                let written = self.json(event);
                self.tolerate(written)
            }
            Style::Lines => {
                let what = match event.event {
                    EventKind::Started => "started",
                    EventKind::Progress => "…",
                    EventKind::Succeeded => "done",
                    EventKind::Skipped => "nothing to do",
                    EventKind::Failed => "failed",
                };
                let resource = event.resource.as_deref().map(|name| format!("{name}: ")).unwrap_or_default();
                let line = format!("{:<11} {:>8}  {what:<13}  {resource}{}", event.step.name(), seconds(event.seconds), event.message);
                self.write(line.trim_end())
            }
            Style::Bar => {
                let resource = event.resource.as_deref().map(|name| format!("{name}: ")).unwrap_or_default();
                self.bar.set_prefix(event.step.name());
                self.bar.set_message(format!("{resource}{}", event.message));
                let (sgr, glyph) = match event.event {
                    EventKind::Succeeded => ("32", "✔"),
                    EventKind::Skipped => ("36", "✔"),
                    EventKind::Failed => ("31", "✖"),
                    EventKind::Started | EventKind::Progress => return Ok(()),
                };
                let glyph = self.output.paint(sgr, glyph);
                let line = format!("{glyph} {:<11} {:>8}  {resource}{}", event.step.name(), seconds(event.seconds), event.message);
                self.write(&line)
            }
        }
    }

    /// Whether programs read what is shown.
    pub fn is_json(&self) -> bool {
        self.style == Style::Json
    }

    /// Tells people a sentence that is of no step.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn say(&mut self, sentence: &str) -> Result<(), Failure> {
        if self.style == Style::Json { Ok(()) } else { self.write(sentence) }
    }

    /// Notes how a step ended.
    pub fn ended(&mut self, step: Step, took: f64, result: &Result<StepOutcome, OpError>) {
        self.bar.inc(1);
        let took = rounded(took);
        let entry = match result {
            Ok(outcome) => {
                for name in METRICS {
                    if let Some(value) = outcome.detail.get(name).filter(|value| value.is_number()) {
                        self.metrics.insert(name, value.clone());
                    }
                }
                json!({"ok": true, "seconds": took, "changed": outcome.changed})
            }
            Err(error) => json!({"ok": false, "seconds": took, "error": error.to_string()}),
        };
        self.steps.insert(step.name().to_owned(), entry);
    }

    /// Ends the report with the summary.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn summary(&mut self, ok: bool, took: f64) -> Result<(), Failure> {
        self.bar.finish_and_clear();
        match self.style {
            Style::Json => {
                let metrics: Map<String, Value> =
                    METRICS.iter().map(|name| ((*name).to_owned(), self.metrics.get(name).cloned().unwrap_or_default())).collect();
                let steps = std::mem::take(&mut self.steps);
                let summary = json!({"event": "summary", "ok": ok, "seconds": rounded(took), "steps": steps, "metrics": metrics});
                let written = self.json(&summary);
                self.tolerate(written)
            }
            Style::Lines | Style::Bar if ok => {
                let count = self.steps.len();
                let line = format!("{count} {} in {}", if count == 1 { "step" } else { "steps" }, seconds(took));
                self.write(&line)
            }
            Style::Lines | Style::Bar => Ok(()),
        }
    }

    fn json<T: serde::Serialize>(&mut self, document: &T) -> Result<(), Failure> {
        if !self.reader {
            return Ok(());
        }
        self.output.json(document)?;
        self.output.flush()
    }

    fn write(&mut self, line: &str) -> Result<(), Failure> {
        if !self.reader {
            return Ok(());
        }
        let bar = self.bar.clone();
        let output = &mut self.output;
        let written = bar.suspend(|| output.line(line).and_then(|()| output.flush()));
        self.tolerate(written)
    }

    fn tolerate(&mut self, written: Result<(), Failure>) -> Result<(), Failure> {
        match written {
            Err(Failure::ReaderGone) => {
                self.reader = false;
                Ok(())
            }
            other => other,
        }
    }
}

/// Milliseconds are enough.
fn rounded(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}
