//! What is told about the table as a whole: the months of the campaign, and the findings.

use super::{Anchor, BLUE, Drawing, INK, NOTE, ORANGE, QUIET, RULE, TEXT, TITLE, labels_width};
use crate::demo::figures;
use crate::ops::exploration::{Findings, Order};

/// Width of a month.
const MONTH: f64 = 34.0;
/// Width of a share of one in the findings.
const WHOLE: f64 = 420.0;

/// The share of yes of each month with its interval, and the calls below.
pub(super) fn order(order: &Order) -> Drawing {
    let (left, top, upper, lower) = (70.0, 60.0, 240.0, 90.0);
    let width = (MONTH * order.periods.len() as f64).max(480.0);
    let bottom = top + upper + 20.0 + lower;
    let mut drawing = Drawing::new("The campaign in the order of its months".to_owned(), left + width + 20.0, bottom + 60.0);
    let heading = format!(
        "The campaign month by month – {} calls; yes {} in the first half, {} in the second",
        figures::count(order.rows),
        figures::percent(order.first_half),
        figures::percent(order.second_half)
    );
    drawing.text((12.0, 22.0), Anchor::Start, (TEXT, INK), heading);
    drawing.text((left, 48.0), Anchor::Start, (NOTE, QUIET), "share of yes with its 95 % interval; below, the calls");
    let highest = order.periods.iter().map(|period| period.rate_high).fold(order.base_rate, f64::max).max(1e-9);
    let most = order.periods.iter().map(|period| period.rows).max().unwrap_or(1).max(1) as f64;
    let up = |share: f64| top + upper - share / highest * upper;
    for share in [0.0, order.base_rate, highest] {
        drawing.line((left, up(share)), (left + width, up(share)), RULE, 1.0);
        drawing.text((left - 8.0, up(share) + 4.0), Anchor::End, (NOTE, QUIET), figures::percent(share));
    }
    let middle = |place: usize| left + MONTH * (place as f64 + 0.5);
    for (place, pair) in order.periods.windows(2).enumerate() {
        drawing.line((middle(place), up(pair[0].rate)), (middle(place + 1), up(pair[1].rate)), ORANGE, 1.0);
    }
    for (place, period) in order.periods.iter().enumerate() {
        let x = middle(place);
        drawing.line((x, up(period.rate_low)), (x, up(period.rate_high)), ORANGE, 1.5);
        drawing.circle((x, up(period.rate)), 4.0, ORANGE);
        let height = period.rows as f64 / most * lower;
        drawing.rectangle((x - MONTH / 2.0 + 3.0, bottom - height), (MONTH - 6.0, height), BLUE);
        drawing.text((x, bottom + 16.0), Anchor::Middle, (NOTE, INK), period.month.clone());
        let new_year = place == 0 || order.periods[place - 1].year != period.year;
        if new_year {
            drawing.text((x - MONTH / 2.0 + 3.0, bottom + 34.0), Anchor::Start, (NOTE, QUIET), format!("year {}", period.year));
        }
    }
    drawing.text((left - 8.0, bottom - lower + 12.0), Anchor::End, (NOTE, QUIET), figures::count(most as u64));
    drawing
}

/// Each finding as a sentence, with its figures as bars.
pub(super) fn findings(findings: &Findings) -> Drawing {
    const ROW: f64 = 18.0;
    let labels = labels_width(findings.findings.iter().flat_map(|finding| finding.parts.iter().map(|part| part.label.as_str())));
    let rows: usize = findings.findings.iter().map(|finding| finding.parts.len()).sum();
    let height = 48.0 + rows as f64 * ROW + findings.findings.len() as f64 * 40.0;
    let mut drawing = Drawing::new("What the data say".to_owned(), (labels + WHOLE + 90.0).max(900.0), height);
    let heading = format!("What the data say – {} rows", figures::count(findings.rows));
    drawing.text((12.0, 22.0), Anchor::Start, (TITLE, INK), heading);
    let mut y = 52.0;
    for finding in &findings.findings {
        drawing.text((12.0, y), Anchor::Start, (TEXT, INK), finding.sentence.replace('`', ""));
        y += 10.0;
        for (place, part) in finding.parts.iter().enumerate() {
            let base = y + 13.0;
            drawing.text((labels - 8.0, base), Anchor::End, (NOTE, QUIET), part.label.clone());
            let length = part.figure.abs().min(1.0) * WHOLE;
            drawing.rectangle((labels, y + 2.0), (length, ROW - 5.0), if place == 0 { BLUE } else { ORANGE });
            let figure = if is_coefficient(finding.id) { format!("{:.2}", part.figure) } else { figures::percent(part.figure) };
            drawing.text((labels + length + 6.0, base), Anchor::Start, (NOTE, INK), figure);
            y += ROW;
        }
        y += 30.0;
    }
    drawing
}

/// Whether the figures of a finding are coefficients, not shares.
fn is_coefficient(id: &str) -> bool {
    id == "economy_moves_together"
}
