//! What the data say: sentences with their figures, and the figures as bars.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::sql::plot::bar;
use super::super::theme::Role;
use super::{below, heading, mark};
use crate::app::list::window;
use crate::app::text_width::{right, width, wrap};
use crate::demo::figures;
use crate::demo::findings::{Finding, TOGETHER};
use crate::ops::exploration::Findings;

/// Columns of a bar's label and of its figure.
const LABEL: usize = 30;
const FIGURE: usize = 8;

/// Draws the findings; where there is room each with its bars, else the selected one.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, found: &Findings) {
    let said = [
        ("What the data say".to_owned(), Role::Accent),
        (format!("   computed from {}", figures::counted(found.rows, "row")), Role::Dim),
        ("   Enter shows the column".to_owned(), Role::Faint),
    ];
    heading(canvas, area, &said);
    let area = below(area, 2);
    let columns = usize::from(area.width).saturating_sub(2).min(120);
    let sentences: Vec<Vec<String>> = found.findings.iter().map(|finding| wrap(&finding.sentence.replace('`', ""), columns)).collect();
    let lines: usize = sentences.iter().map(Vec::len).sum();
    let parts: usize = found.findings.iter().map(|finding| finding.parts.len()).sum();
    let every = lines + parts + sentences.len() <= usize::from(area.height);
    let selected = canvas.model.explore.mark.selected.min(found.findings.len().saturating_sub(1));
    let height = |index: usize| sentences[index].len() + if every { found.findings[index].parts.len() + 1 } else { 0 };
    // Without room for all, the selected one has its bars at the bottom.
    let bars = if every { 0 } else { found.findings.get(selected).map_or(0, |finding| finding.parts.len() as u16 + 1) };
    let bars = if area.height > bars + 6 { bars } else { 0 };
    let list = Rect { height: area.height - bars, ..area };
    let longest = sentences.iter().map(Vec::len).max().unwrap_or(1).max(1);
    let fitting = if lines <= usize::from(list.height) { sentences.len() } else { (usize::from(list.height) / longest).max(1) };
    let top = window(0, selected, sentences.len(), fitting);
    let mut y = list.y;
    for (index, (finding, sentence)) in found.findings.iter().zip(&sentences).enumerate().skip(top) {
        if usize::from(list.bottom().saturating_sub(y)) < height(index).saturating_sub(usize::from(every)) {
            break;
        }
        let from = y;
        for (row, line) in sentence.iter().enumerate() {
            canvas.text(list.x, y, 2, if row == 0 { "● " } else { "  " }, Role::Accent);
            canvas.text(list.x + 2, y, list.width.saturating_sub(2), line, Role::Base);
            y += 1;
        }
        let whole = Rect { y: from, height: y - from, ..list };
        if every {
            y += draw_parts(canvas, Rect { y, height: list.bottom().saturating_sub(y), ..list }, finding);
            y += 1;
        }
        mark(canvas, whole, index);
    }
    if let Some(finding) = found.findings.get(selected).filter(|_| bars > 0) {
        draw_parts(canvas, below(Rect { y: list.bottom(), height: bars, ..area }, 1), finding);
    }
}

/// The figures of a finding as bars; gives the rows used.
fn draw_parts(canvas: &mut Canvas<'_>, area: Rect, finding: &Finding) -> u16 {
    let label = LABEL.min(usize::from(area.width) / 3);
    let room = usize::from(area.width).saturating_sub(label + FIGURE + 4).min(80);
    let coefficients = finding.id == TOGETHER;
    let rows = finding.parts.len().min(usize::from(area.height));
    for (row, part) in finding.parts.iter().take(rows).enumerate() {
        let y = area.y + row as u16;
        let text = right(&part.label, label);
        canvas.text(area.x + 2, y, label as u16, &text, Role::Dim);
        let figure = if coefficients { format!("{:+.2}", part.figure) } else { figures::percent(part.figure) };
        let x = area.x + 2 + label as u16 + 1;
        canvas.text(x, y, FIGURE as u16, &right(&figure, FIGURE), Role::Strong);
        // The first figure is what the finding is about, the others are what it is compared with.
        let drawn = bar(part.figure.abs(), room);
        let drawn = if row == 0 { drawn } else { drawn.replace('█', "▒") };
        let role = if row == 0 { Role::Focus } else { Role::Dim };
        canvas.text(x + FIGURE as u16 + 1, y, width(&drawn) as u16, &drawn, role);
    }
    rows as u16
}
