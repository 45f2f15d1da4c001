//! A numeric column among the rows of each answer: five numbers and the mean as a box.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::theme::Role;
use super::scale::box_plot;
use crate::app::text_width::{left, visible, width};
use crate::demo::figures;
use crate::ops::exploration::ClassFigures;

/// Draws the boxes, each with its numbers below; gives the rows used.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, classes: &[ClassFigures]) -> u16 {
    let least = classes.iter().map(|class| class.five[0]).fold(f64::INFINITY, f64::min);
    let most = classes.iter().map(|class| class.five[4]).fold(f64::NEG_INFINITY, f64::max);
    let label = classes.iter().map(|class| width(&visible(&class.class))).max().unwrap_or(0).clamp(3, 12);
    let columns = usize::from(area.width).saturating_sub(label + 1);
    if columns < 10 || area.height < 4 {
        return 0;
    }
    // A box, its numbers, and air below.
    let airy = area.height >= 30;
    let pitch = if airy { 3 } else { 2 };
    let fitting = classes.iter().take(usize::from(area.height / pitch).saturating_sub(1).max(1));
    let mut y = area.y;
    for class in fitting {
        let x = area.x + label as u16 + 1;
        canvas.text(area.x, y, label as u16, &left(&visible(&class.class), label), Role::Strong);
        canvas.text(x, y, columns as u16, &box_plot(class.five, class.mean, (least, most), columns), Role::Focus);
        canvas.text(x, y + 1, columns as u16, &numbers(class, columns), Role::Dim);
        y += pitch;
    }
    y + u16::from(!airy) - area.y
}

/// As many of the numbers as there is room for, the middle first.
fn numbers(class: &ClassFigures, columns: usize) -> String {
    let [low, lower, median, upper, high] = class.five.map(|value| figures::rounded(value, 3));
    let (mean, deviation) = (figures::rounded(class.mean, 2), figures::rounded(class.deviation, 2));
    let texts = [
        format!("min {low} · 25 % {lower} · ┃ median {median} · 75 % {upper} · max {high} · ◆ mean {mean} ± {deviation}"),
        format!("{low} · {lower} · ┃{median} · {upper} · {high} · ◆{mean} ± {deviation}"),
        format!("{low} · {lower} · ┃{median} · {upper} · {high}"),
        format!("┃{median}"),
    ];
    texts.into_iter().find(|text| width(text) <= columns).unwrap_or_default()
}
