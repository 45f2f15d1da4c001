//! What is known of one step beyond its state: asked for when the step is selected, and again when the step has gone on.

use std::time::Duration;

use super::log::Log;
use super::view::Matter;
use crate::ops::OpError;
use crate::ops::evaluation::Evaluation;
use crate::ops::pipeline::curve::{self, Curve};
use crate::ops::pipeline::{DataQuality, Gate, PipelineStep, RunState, StepDetail};

/// How long until the detail of a running step is read again: its cost grows, its outputs appear.
pub(super) const AGAIN: Duration = Duration::from_secs(5);

/// What only some kinds of steps have.
#[derive(Debug, Clone, PartialEq)]
pub enum Finding {
    /// The checks of the data.
    Checks(DataQuality),
    /// The figures of the model.
    Figures(Box<Evaluation>),
    /// The conditions with both sides.
    Gate(Gate),
}

/// What is known of a step.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StepView {
    /// Inputs, outputs, cost and the like.
    pub detail: Option<StepDetail>,
    /// The state that the step had when they were asked for.
    pub(super) detail_of: Option<RunState>,
    /// Why they cannot be read.
    pub detail_error: Option<OpError>,
    /// What only this kind of step has.
    pub finding: Option<Finding>,
    /// The state that the step had when it was asked for.
    pub(super) finding_of: Option<RunState>,
    /// Why it cannot be read.
    pub finding_error: Option<OpError>,
    /// The log.
    pub log: Log,
    /// The learning curve that the log tells.
    pub curve: Option<Curve>,
}

impl StepView {
    /// Reads the learning curve from the log.
    pub(super) fn read_curve(&mut self) {
        self.curve = curve::of_lines(self.log.lines.make_contiguous()).or_else(|| self.curve.take());
    }
}

/// What only this step has. A processing step is told by what it writes, which its name says.
pub fn matter(step: &PipelineStep) -> Matter {
    let name = step.name.to_lowercase();
    match step.kind.as_str() {
        "Training" => Matter::Curve,
        "Condition" => Matter::Gate,
        "Processing" if name.contains("quality") || name.contains("check") => Matter::Checks,
        "Processing" if name.contains("eval") => Matter::Figures,
        _ => Matter::Plain,
    }
}

/// An object that a step reads or writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectRow {
    /// Whether the step writes it.
    pub output: bool,
    /// Which of the inputs or outputs.
    pub artifact: usize,
    /// Which of its objects; none for the line of the artifact itself.
    pub object: Option<usize>,
}

/// Inputs and outputs line by line, the objects of each below it.
pub fn objects(detail: &StepDetail) -> Vec<ObjectRow> {
    let mut rows = Vec::new();
    for (output, artifacts) in [(false, &detail.inputs), (true, &detail.outputs)] {
        for (artifact, found) in artifacts.iter().enumerate() {
            rows.push(ObjectRow { output, artifact, object: None });
            rows.extend((0..found.objects.len()).map(|object| ObjectRow { output, artifact, object: Some(object) }));
        }
    }
    rows
}

/// The address of an object: of the first one for the line of an artifact; `None` when there is nothing to look into.
pub fn address(detail: &StepDetail, row: ObjectRow) -> Option<String> {
    let artifact = if row.output { detail.outputs.get(row.artifact) } else { detail.inputs.get(row.artifact) }?;
    let object = artifact.objects.get(row.object.unwrap_or(0))?;
    let bucket = artifact.uri.strip_prefix("s3://")?.split('/').next()?;
    Some(format!("s3://{bucket}/{}", object.key))
}
