//! The model beyond one customer: how its answer depends on the selected column, and how it treats the segments of that column.

use super::State;
use super::ask::Ask;
use super::beside::View;
use crate::app::effect::Effect;
use crate::app::latest::{Latest, Ticket};
use crate::demo::explanation::Dependence;
use crate::demo::fairness::SegmentReport;
use crate::ops::OpError;

/// What is known of the selected column.
#[derive(Debug, Clone, Default)]
pub struct Aspects {
    /// How the answer depends on it; `None` while it is computed.
    pub dependence: Option<Result<Dependence, OpError>>,
    /// Its segments; `None` while they are measured.
    pub segments: Option<Result<SegmentReport, OpError>>,
    /// Whether segments are shown by their differences to the whole.
    pub differences: bool,
    /// The first segment that is shown where not all of them fit.
    pub top: usize,
    /// What the two above are about, so that nothing is computed twice.
    depends_on: Option<String>,
    parted_by: Option<(String, f64)>,
    depend: Latest,
    part: Latest,
}

impl Aspects {
    /// Forgets what belongs to a model.
    pub(super) fn forget(&mut self) {
        let (mut depend, mut part) = (self.depend, self.part);
        depend.abandon();
        part.abandon();
        *self = Aspects { depend, part, differences: self.differences, ..Aspects::default() };
    }
}

impl State {
    /// The column that is selected in the form.
    pub fn column(&self) -> Option<&str> {
        self.fields.get(self.list.selected).map(|field| field.column.name.as_str())
    }

    /// Asks for what the view on the screen shows and is not there yet.
    pub fn look_into(&mut self) -> Vec<Effect> {
        let (Some(evidence), Some(column)) = (self.beside.evidence.clone(), self.column().map(str::to_owned)) else { return Vec::new() };
        let threshold = self.threshold();
        let aspects = &mut self.beside.aspects;
        match self.beside.view {
            View::Dependence if aspects.depends_on.as_ref() != Some(&column) => {
                aspects.dependence = None;
                aspects.depends_on = Some(column.clone());
                vec![Effect::Form(Ask::Depend { ticket: aspects.depend.issue(), evidence, column })]
            }
            View::Segments if aspects.parted_by.as_ref() != Some(&(column.clone(), threshold)) => {
                // Another threshold changes figures, not what stands where: the old ones stay until the new ones are there.
                if aspects.parted_by.as_ref().is_none_or(|(parted, _)| *parted != column) {
                    aspects.segments = None;
                    aspects.top = 0;
                }
                aspects.parted_by = Some((column.clone(), threshold));
                vec![Effect::Form(Ask::Segment { ticket: aspects.part.issue(), evidence, column, threshold })]
            }
            _ => Vec::new(),
        }
    }

    /// Shows later segments, or earlier ones.
    pub fn page_segments(&mut self, by: isize) {
        let aspects = &mut self.beside.aspects;
        let last =
            aspects.segments.as_ref().and_then(|report| report.as_ref().ok()).map_or(0, |report| report.segments.len().saturating_sub(1));
        aspects.top = aspects.top.saturating_add_signed(by).min(last);
    }

    pub(super) fn depends(&mut self, ticket: Ticket, answer: Result<Dependence, OpError>) {
        let aspects = &mut self.beside.aspects;
        if aspects.depend.settle(ticket) {
            aspects.dependence = Some(answer);
        }
    }

    pub(super) fn parted(&mut self, ticket: Ticket, answer: Result<SegmentReport, OpError>) {
        let aspects = &mut self.beside.aspects;
        if aspects.part.settle(ticket) {
            aspects.segments = Some(answer);
        }
    }
}
