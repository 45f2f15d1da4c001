//! A column against the answer: rows and share of yes of each value, and the numbers of each answer as boxes.

use super::{Anchor, BLUE, Drawing, INK, NOTE, ORANGE, PAPER, QUIET, RULE, TEXT, TITLE, labels_width, plain};
use crate::demo::figures;
use crate::ops::exploration::{ClassFigures, Picture};

/// Height of a bar with its gap.
const ROW: f64 = 22.0;
/// Height of a box with its gap.
const BOX: f64 = 34.0;
/// Bars at most; what is longer is a list, not a picture.
const MOST: usize = 200;
/// Width of the longest bar of rows, and of the widest share.
const WIDTHS: (f64, f64) = (320.0, 260.0);
/// Between the two, where the counts are.
const GAP: f64 = 96.0;

pub(super) fn picture(picture: &Picture) -> Drawing {
    let classes = picture.classes.iter().map(|class| class.class.as_str());
    let labels = labels_width(picture.bars.iter().map(|bar| bar.label.as_str()).chain(classes));
    let (left, right) = WIDTHS;
    let shown = picture.bars.len().min(MOST);
    let top = 64.0;
    let bottom = top + ROW * shown as f64;
    let boxes = if picture.classes.is_empty() { 0.0 } else { 44.0 + BOX * picture.classes.len() as f64 + 20.0 };
    let width = labels + left + GAP + right + 80.0;
    let mut drawing = Drawing::new(format!("{} and {}", picture.column.name, picture.by), width, bottom + 30.0 + boxes);
    let heading = format!("{} – {} rows", picture.column.name, figures::count(picture.rows));
    drawing.text((12.0, 22.0), Anchor::Start, (TITLE, INK), heading);
    drawing.text((labels, 50.0), Anchor::Start, (NOTE, QUIET), "rows");
    let rates = labels + left + GAP;
    let base = figures::percent(picture.base_rate);
    let legend = format!("share of yes, 95 % interval; line: all, {base}");
    drawing.text((rates, 50.0), Anchor::Start, (NOTE, QUIET), legend);
    let most = picture.bars.iter().map(|bar| bar.rows).max().unwrap_or(1).max(1) as f64;
    let highest = picture.bars.iter().map(|bar| bar.rate_high).fold(picture.base_rate, f64::max).max(1e-9);
    let at = |share: f64| rates + share / highest * right;
    drawing.line((at(picture.base_rate), top), (at(picture.base_rate), bottom), QUIET, 1.0);
    for (place, bar) in picture.bars.iter().take(MOST).enumerate() {
        let y = top + ROW * place as f64;
        let middle = y + ROW / 2.0;
        let base = middle + 4.5;
        drawing.text((labels - 8.0, base), Anchor::End, (TEXT, INK), short(&bar.label));
        let length = bar.rows as f64 / most * left;
        drawing.rectangle((labels, y + 3.0), (length, ROW - 6.0), BLUE);
        drawing.text((labels + length + 6.0, base), Anchor::Start, (NOTE, QUIET), figures::count(bar.rows));
        drawing.line((at(bar.rate_low), middle), (at(bar.rate_high), middle), ORANGE, 1.5);
        drawing.circle((at(bar.rate), middle), 4.0, ORANGE);
        drawing.text((rates + right + 12.0, base), Anchor::Start, (NOTE, INK), figures::percent(bar.rate));
    }
    if picture.bars.len() > MOST {
        let more = format!("and {} more values", figures::count((picture.bars.len() - MOST) as u64));
        drawing.text((labels, bottom + 16.0), Anchor::Start, (NOTE, QUIET), more);
    }
    if !picture.classes.is_empty() {
        draw_boxes(&mut drawing, (labels, bottom + 30.0), left + GAP + right, &picture.classes);
    }
    drawing
}

/// From the least to the most a line, from quartile to quartile a box, the median a stroke in it, the mean a dot.
fn draw_boxes(drawing: &mut Drawing, (x, y): (f64, f64), width: f64, classes: &[ClassFigures]) {
    let least = classes.iter().map(|class| class.five[0]).fold(f64::INFINITY, f64::min);
    let most = classes.iter().map(|class| class.five[4]).fold(f64::NEG_INFINITY, f64::max);
    let span = (most - least).max(f64::MIN_POSITIVE);
    let at = |value: f64| x + (value - least) / span * width;
    let words = "least, quartiles, median and most of each answer; the dot is the mean";
    drawing.text((x, y + 14.0), Anchor::Start, (NOTE, QUIET), words);
    let top = y + 28.0;
    for (place, class) in classes.iter().enumerate() {
        let middle = top + BOX * (place as f64 + 0.5);
        let [low, lower, median, upper, high] = class.five.map(at);
        drawing.text((x - 8.0, middle + 4.5), Anchor::End, (TEXT, INK), short(&class.class));
        drawing.line((low, middle), (high, middle), QUIET, 1.5);
        for end in [low, high] {
            drawing.line((end, middle - 6.0), (end, middle + 6.0), QUIET, 1.5);
        }
        drawing.rectangle((lower, middle - 10.0), ((upper - lower).max(1.0), 20.0), BLUE);
        drawing.line((median, middle - 10.0), (median, middle + 10.0), PAPER, 2.5);
        drawing.circle((at(class.mean), middle), 4.0, ORANGE);
    }
    let bottom = top + BOX * classes.len() as f64;
    drawing.line((x, bottom), (x + width, bottom), RULE, 1.0);
    drawing.text((x, bottom + 16.0), Anchor::Start, (NOTE, QUIET), plain(least));
    drawing.text((x + width, bottom + 16.0), Anchor::End, (NOTE, QUIET), plain(most));
}

/// A label that leaves room for the picture.
pub(super) fn short(label: &str) -> String {
    if label.chars().count() <= 48 { label.to_owned() } else { label.chars().take(47).chain(['…']).collect() }
}
