//! Beside the form: the reasons as a waterfall, the threshold explorer, the three roads, and the views with files of their own.

use ratatui::layout::Rect;

use super::lines::Lines;
use super::{dependence, importance, segments};
use crate::app::predict::beside::View;
use crate::app::text_width::{left, right, visible, width};
use crate::demo::explanation::{Contribution, Explanation, Flip};
use crate::demo::figures;
use crate::demo::ranking::{Outcome, Ranking};
use crate::ui::canvas::{Canvas, Pieces};
use crate::ui::glyph;
use crate::ui::sql::plot::{Dots, bar};
use crate::ui::theme::Role;

/// Draws the view that is asked for.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let model = canvas.model;
    let beside = &model.predict.beside;
    if area.height == 0 || area.width < 20 {
        return;
    }
    if let Some(error) = &beside.missing {
        canvas.paragraph(area, &format!("✖ {error}"), Role::Bad);
        return;
    }
    if beside.evidence.is_none() {
        canvas.text(area.x, area.y, area.width, &format!("{} Reading the model file …", glyph::working(model)), Role::Dim);
        return;
    }
    match beside.view {
        View::Form | View::Why => why(canvas, area),
        View::Threshold => threshold(canvas, area),
        View::Roads => roads(canvas, area),
        View::Dependence => dependence::draw(canvas, area),
        View::Importance => importance::draw(canvas, area),
        View::Segments => segments::draw(canvas, area),
    }
}

fn why(canvas: &mut Canvas<'_>, area: Rect) {
    let model = canvas.model;
    let state = &model.predict;
    let mut lines = Lines::new(area);
    let Some(reasons) = &state.beside.reasons else {
        lines.text(canvas, "Why: …", Role::Dim);
        return;
    };
    let Some(deployed) = &state.model else { return };
    let explanation = &reasons.explanation;
    let target = &deployed.schema.target;
    let heading = Pieces::new()
        .add("Why", Role::Accent)
        .add(format!("   of nobody in particular the model says {}", figures::percent(explanation.base_score)), Role::Dim);
    lines.pieces(canvas, &heading);
    if let Some(meant) = state.prediction.as_ref().and_then(|prediction| state.beside.calibrated(prediction.score)) {
        let text = Pieces::new()
            .add(format!("Such scores meant {} in ", target.positive), Role::Dim)
            .add(figures::percent(meant.rate), Role::Strong)
            .add(format!(" ({} to {}, ", figures::percent(meant.low), figures::percent(meant.high)), Role::Dim)
            .add(format!("{} tested)", figures::count(meant.rows)), Role::Dim);
        lines.pieces(canvas, &text);
    }
    let flips = reasons.flips.len().clamp(1, 3) as u16 + 1;
    let room = lines.left().saturating_sub(flips + 1);
    waterfall(canvas, &mut lines, explanation, usize::from(room));
    if lines.left() > 1 {
        lines.skip();
    }
    match reasons.flips.as_slice() {
        [] => lines.text(canvas, "No realistic change of one or two columns would change the decision.", Role::Dim),
        flips => {
            lines.text(canvas, "What would change the decision:", Role::Dim);
            for flip in flips {
                lines.pieces(canvas, &flip_line(flip, area.width));
            }
        }
    }
}

/// A change that flips the decision, on one line: with what is there now where there is room for it.
fn flip_line(flip: &Flip, columns: u16) -> Pieces {
    let line = |whole: bool| {
        let mut pieces = Pieces::new().add("  ", Role::Base);
        for (at, change) in flip.changes.iter().enumerate() {
            if at > 0 {
                pieces = pieces.add(if at + 1 == flip.changes.len() { " and " } else { ", " }, Role::Dim);
            }
            pieces = pieces.add(format!("{} ", change.column), Role::Dim).add(visible(&change.to).into_owned(), Role::Strong);
            if whole {
                pieces = pieces.add(format!(" instead of {}", visible(&change.from)), Role::Dim);
            }
        }
        pieces.add(format!("  → {}", figures::percent(flip.score)), Role::Accent)
    };
    let whole = line(true);
    if whole.width() <= usize::from(columns) { whole } else { line(false) }
}

/// From the answer of nobody in particular to this one, column by column: bars to the right push up, bars to the left push down.
fn waterfall(canvas: &mut Canvas<'_>, lines: &mut Lines, explanation: &Explanation, room: usize) {
    if room < 2 {
        return;
    }
    let listed = explanation.contributions.len().min(room - 1);
    let listed = if explanation.contributions.len() <= room { explanation.contributions.len() } else { listed };
    let (shown, rest) = explanation.contributions.split_at(listed);
    let mut rows: Vec<Contribution> = shown.to_vec();
    if !rest.is_empty() {
        let margin = rest.iter().map(|contribution| contribution.margin).sum();
        rows.push(Contribution { column: format!("{} others", rest.len()), value: String::new(), margin });
    }
    let label_of = |row: &Contribution| match row.value.is_empty() {
        true => row.column.clone(),
        false => format!("{} = {}", row.column, visible(&row.value)),
    };
    let label = rows.iter().map(|row| width(&label_of(row))).max().unwrap_or(0).min(usize::from(lines.area.width) / 2);
    let figure = 7;
    let bars = usize::from(lines.area.width).saturating_sub(label + figure + 2);
    // Each step of the waterfall begins where the one before ended.
    let mut ends = vec![explanation.base_margin];
    for row in &rows {
        ends.push(ends.last().copied().unwrap_or(0.0) + row.margin);
    }
    let (least, most) = ends.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), end| (least.min(*end), most.max(*end)));
    let span = (most - least).max(1e-9);
    let place = |margin: f64| ((margin - least) / span * (bars.saturating_sub(1)) as f64).round() as usize;
    for (at, row) in rows.iter().enumerate() {
        if lines.left() == 0 {
            return;
        }
        let (from, to) = (place(ends[at]), place(ends[at + 1]));
        let up = row.margin >= 0.0;
        let role = if up { Role::Good } else { Role::Warn };
        let y = lines.y;
        canvas.text(lines.area.x, y, label as u16, &left(&label_of(row), label), Role::Base);
        let x = lines.area.x + label as u16 + 1;
        canvas.text(x, y, figure as u16, &right(&format!("{:+.2}", row.margin), figure - 1), role);
        if bars >= 4 {
            let (start, end) = (from.min(to), from.max(to));
            let body = if up { "█" } else { "▒" };
            let bar = format!("{}{}", body.repeat((end - start).max(1) - usize::from(end > start)), if up { "▶" } else { "◀" });
            let bar = if up { bar } else { bar.chars().rev().collect() };
            canvas.text(x + figure as u16 + start as u16, y, (bars - start.min(bars)) as u16, &bar, role);
        }
        lines.y += 1;
    }
}

fn threshold(canvas: &mut Canvas<'_>, area: Rect) {
    let model = canvas.model;
    let state = &model.predict;
    let mut lines = Lines::new(area);
    let Some(ranking) = state.beside.evidence.as_ref().and_then(|evidence| evidence.ranking.as_ref()) else {
        lines.text(canvas, "The test split has one class only: there is nothing to rank.", Role::Dim);
        return;
    };
    let at = state.threshold();
    let economics = state.beside.economics;
    let (here, best) = (ranking.at(at, economics), ranking.best(economics));
    let own = state.model.as_ref().is_some_and(|model| (model.threshold - at).abs() < 1e-9);
    let heading = Pieces::new()
        .add("Threshold ", Role::Accent)
        .add(format!("{at:.3}"), Role::Strong)
        .add(if own { "  the model's own" } else { "  tried" }, Role::Dim)
        .add("   [ ] moves, b best, o own", Role::Faint);
    lines.pieces(canvas, &heading);
    let money = Pieces::new()
        .add("Profit ", Role::Dim)
        .add(
            format!("{}{}", if here.profit > 0.0 { "+" } else { "" }, amount(here.profit)),
            if here.profit >= 0.0 { Role::Good } else { Role::Bad },
        )
        .add(format!("  of at most {} at {:.3}", amount(best.profit), best.threshold), Role::Dim);
    lines.pieces(canvas, &money);
    let costs = Pieces::new()
        .add(format!("A call costs {}", amount(economics.call_cost)), Role::Dim)
        .add(" (, .)", Role::Faint)
        .add(format!(", a subscription brings {}", amount(economics.subscription_value)), Role::Dim)
        .add(" (< >)", Role::Faint);
    lines.pieces(canvas, &costs);
    lines.skip();
    decisions(canvas, &mut lines, &here);
    lines.skip();
    curves(canvas, &lines, ranking, &here);
}

/// The confusion matrix, and what it means in words.
fn decisions(canvas: &mut Canvas<'_>, lines: &mut Lines, here: &Outcome) {
    let confusion = &here.confusion;
    let cell = |count: u64| right(&figures::count(count), 8);
    let called = confusion.true_positive + confusion.false_positive;
    let rows = [
        ("".to_owned(), right("called", 8), right("not", 8), String::new()),
        (
            "said yes".to_owned(),
            cell(confusion.true_positive),
            cell(confusion.false_negative),
            format!("{} of the yes are reached", figures::percent(confusion.recall())),
        ),
        (
            "said no".to_owned(),
            cell(confusion.false_positive),
            cell(confusion.true_negative),
            format!("{} of {} calls are right", figures::percent(confusion.precision()), figures::count(called)),
        ),
    ];
    for (at, (name, called, not, words)) in rows.into_iter().enumerate() {
        let role = if at == 0 { Role::Dim } else { Role::Strong };
        let pieces = Pieces::new().add(left(&name, 9), Role::Dim).add(called, role).add(not, role).add(format!("   {words}"), Role::Dim);
        lines.pieces(canvas, &pieces);
    }
}

/// ROC, precision against recall, and gain, each with the threshold on it; as many as there is room for.
fn curves(canvas: &mut Canvas<'_>, lines: &Lines, ranking: &Ranking, here: &Outcome) {
    let height = lines.left();
    if height < 5 {
        return;
    }
    let roc: Vec<(f64, f64)> = ranking.roc().iter().map(|point| (point.false_positive_rate, point.true_positive_rate)).collect();
    let precision: Vec<(f64, f64)> = ranking.precision_recall().iter().map(|point| (point.recall, point.precision)).collect();
    let gains: Vec<(f64, f64)> =
        std::iter::once((0.0, 0.0)).chain(ranking.gains(50).iter().map(|point| (point.called, point.gain))).collect();
    let confusion = &here.confusion;
    let share = |part: u64, whole: u64| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
    let called = confusion.true_positive + confusion.false_positive;
    let top = ranking.gains(10).first().map_or(0.0, |point| point.lift);
    let plots = [
        (
            format!("ROC  AUC {:.3}", ranking.roc_auc()),
            roc,
            (share(confusion.false_positive, confusion.false_positive + confusion.true_negative), confusion.recall()),
        ),
        (format!("Gain  top tenth ×{top:.1}"), gains, (share(called, confusion.rows()), confusion.recall())),
        (format!("Precision  AP {:.3}", ranking.average_precision()), precision, (confusion.recall(), confusion.precision())),
    ];
    let count = usize::from(lines.area.width / 26).clamp(1, plots.len());
    let wide = lines.area.width / count as u16;
    for (at, (title, points, mark)) in plots.into_iter().take(count).enumerate() {
        let x = lines.area.x + wide * at as u16;
        let plot = Rect::new(x, lines.y, wide.saturating_sub(2), height.min(16));
        curve(canvas, plot, &title, &points, mark);
    }
}

/// A curve from 0 to 1 both ways, and one place on it.
fn curve(canvas: &mut Canvas<'_>, area: Rect, title: &str, points: &[(f64, f64)], mark: (f64, f64)) {
    canvas.text(area.x, area.y, area.width, title, Role::Dim);
    let (columns, rows) = (usize::from(area.width), usize::from(area.height) - 1);
    let mut dots = Dots::new(columns, rows);
    let place = |dots: &Dots, (x, y): (f64, f64)| {
        let across = (x.clamp(0.0, 1.0) * (dots.across() - 1) as f64).round() as usize;
        (across, ((1.0 - y.clamp(0.0, 1.0)) * (dots.down() - 1) as f64).round() as usize)
    };
    for pair in points.windows(2) {
        let (from, to) = (place(&dots, pair[0]), place(&dots, pair[1]));
        dots.line(from, to);
    }
    let drawn: Vec<String> = dots.lines().collect();
    for (row, text) in drawn.iter().enumerate() {
        canvas.text(area.x, area.y + 1 + row as u16, area.width, text, Role::Focus);
    }
    let (x, y) = place(&dots, mark);
    canvas.text(area.x + (x / 2) as u16, area.y + 1 + (y / 4) as u16, 1, "◆", Role::Strong);
}

fn roads(canvas: &mut Canvas<'_>, area: Rect) {
    let model = canvas.model;
    let state = &model.predict;
    let mut lines = Lines::new(area);
    lines.pieces(
        canvas,
        &Pieces::new().add("Three roads", Role::Accent).add(format!("   the same {}, asked thrice", model.row()), Role::Dim),
    );
    lines.skip();
    if let Some(error) = &state.beside.roads_error {
        canvas.paragraph(Rect { y: lines.y, height: lines.left(), ..area }, &format!("✖ {error}"), Role::Bad);
        return;
    }
    let Some(roads) = &state.beside.roads else {
        lines.text(canvas, &format!("{} Asking …", glyph::working(model)), Role::Dim);
        return;
    };
    let bars = usize::from(area.width).saturating_sub(40).min(40);
    let decision = |score: f64| state.decision(score).unwrap_or_default().to_owned();
    for (name, score) in [("SageMaker endpoint", roads.endpoint), ("Model file, here", roads.file)] {
        let pieces = Pieces::new()
            .add(left(name, 20), Role::Base)
            .add(right(&figures::percent(score), 8), Role::Strong)
            .add(format!("  {}  ", left(&decision(score), 5)), Role::Base)
            .add(bar(score, bars), Role::Focus);
        lines.pieces(canvas, &pieces);
    }
    let sql = match &roads.sql {
        Some(answer) => Pieces::new()
            .add(left("Redshift ML, in SQL", 20), Role::Base)
            .add(right("", 8), Role::Base)
            .add(format!("  {answer}"), Role::Base),
        None => Pieces::new()
            .add(left("Redshift ML, in SQL", 20), Role::Base)
            .add("no model yet: step 8 of the walkthrough makes one", Role::Dim),
    };
    lines.pieces(canvas, &sql);
    lines.skip();
    let difference = (roads.endpoint - roads.file).abs();
    lines.text(canvas, &format!("Endpoint and model file differ by {difference:.1e}."), Role::Dim);
    if let Some(answer) = &roads.sql {
        let agree = *answer == decision(roads.endpoint);
        let (words, role) = match agree {
            true => ("Both models decide alike.", Role::Good),
            false => ("The two models disagree: Redshift ML also sees how long the call was, and the economy.", Role::Warn),
        };
        lines.paragraph(canvas, words, role);
    }
}

/// An amount without a currency: it is the presenter's.
fn amount(value: f64) -> String {
    let whole = value.abs().round();
    let sign = if value < 0.0 && whole > 0.0 { "−" } else { "" };
    format!("{sign}{}", figures::count(whole as u64))
}
