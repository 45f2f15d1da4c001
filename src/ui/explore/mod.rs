//! The Explore pane: the columns with their previews at the left, the picture at the right, each view in a file of its own.

mod boxes;
mod columns;
mod density;
mod distribution;
mod findings;
mod heat;
mod order;
mod pairs;
mod scale;
mod statements;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use ratatui::layout::Rect;

use super::canvas::{Canvas, Pieces};
use super::glyph;
use super::theme::Role;
use super::view_bar::{Tab, view_bar};
use crate::app::Pane;
use crate::app::action::Command;
use crate::app::explore::{Command as E, View};
use crate::app::msg::Target;
use crate::app::text_width::width;
use crate::ops::OpError;
use crate::ops::exploration::Found;

/// The columns and rows that an image needs: in less, characters show more.
const IMAGE: (u16, u16) = (40, 12);

/// Draws the pane.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let state = &canvas.model.explore;
    if state.source.is_none() {
        let how = "Nothing to explore yet. Step 2 of the walkthrough puts the data in the lake, step 4 loads it into the warehouse";
        // A presentation comes there by itself.
        let where_to = if canvas.model.walkthrough.presenting.is_some() { "." } else { ": 1 goes there, Enter runs the step." };
        canvas.paragraph(area, &format!("{how}{where_to}"), Role::Dim);
        return;
    }
    let large = canvas.model.enlarged();
    let area = if large {
        area
    } else {
        views(canvas, Rect { height: 1, ..area });
        // A line of air where there is room for one.
        below(area, if area.height >= 26 { 2 } else { 1 })
    };
    if let Some(error) = &state.error {
        failed(canvas, area, error);
        return;
    }
    if state.table.is_none() {
        return waiting(canvas, area, "Reading the columns of the table");
    }
    if let (Some(top), Some(found)) = (state.statements, state.shown()) {
        return statements::draw(canvas, area, found, top);
    }
    if !state.view.of_column() || large {
        return picture(canvas, area);
    }
    let columns = columns::width(area.width, state.view);
    columns::draw(canvas, Rect { width: columns, ..area });
    picture(canvas, beside(area, columns + 2));
}

/// The picture, or why there is none.
fn picture(canvas: &mut Canvas<'_>, area: Rect) {
    if area.width < 12 || area.height == 0 {
        return;
    }
    let state = &canvas.model.explore;
    if state.view == View::Density && !state.numeric() {
        let name = state.column().unwrap_or_default();
        let words = format!("`{name}` has no scale: choose a column of numbers to see it against another one. ] and [ change the other.");
        canvas.paragraph(area, &words, Role::Dim);
        return;
    }
    let found = match state.answer() {
        None => return waiting(canvas, area, "Counting"),
        Some(Err(error)) => return failed(canvas, area, error),
        Some(Ok(found)) => found,
    };
    let room = (area.width, area.height);
    // What stands over the panes could not stand over an image.
    if state.as_image() && canvas.model.popups.is_empty() && room.0 >= IMAGE.0 && room.1 >= IMAGE.1 {
        canvas.view.picture = Some(room);
        if let Some(image) = state.image(room) {
            canvas.image = Some((area, Arc::clone(image)));
            return;
        }
    }
    match found.as_ref() {
        Found::Picture(found) if state.view == View::Answers => distribution::by_answer(canvas, area, found),
        Found::Picture(found) => distribution::draw(canvas, area, found),
        Found::Correlations(found) => heat::draw(canvas, area, found),
        Found::Matrix(found) => pairs::draw(canvas, area, found),
        Found::Density(found) => density::draw(canvas, area, found),
        Found::Order(found) => order::draw(canvas, area, found),
        Found::Findings(found) => findings::draw(canvas, area, found),
    }
}

/// What is left of an area below some rows of it.
fn below(area: Rect, rows: u16) -> Rect {
    let rows = rows.min(area.height);
    Rect { y: area.y + rows, height: area.height - rows, ..area }
}

/// What is left of an area to the right of some columns of it.
fn beside(area: Rect, columns: u16) -> Rect {
    let columns = columns.min(area.width);
    Rect { x: area.x + columns, width: area.width - columns, ..area }
}

fn waiting(canvas: &mut Canvas<'_>, area: Rect, what: &str) {
    let text = format!("{} {what} …", glyph::working(canvas.model));
    canvas.text(area.x, area.y, area.width, &text, Role::Dim);
}

/// What failed, why, and what to do.
fn failed(canvas: &mut Canvas<'_>, area: Rect, error: &OpError) {
    let used = canvas.paragraph(area, &format!("✖ {error}"), Role::Bad);
    let fix = error.fix.as_deref().unwrap_or("r asks again");
    canvas.paragraph(below(area, used), &format!("→ {fix}"), Role::Dim);
}

/// A line of figures and words; what does not fit at the end is left out whole. Gives the rows used.
fn heading(canvas: &mut Canvas<'_>, area: Rect, pieces: &[(String, Role)]) {
    let mut fitting = Pieces::new();
    for (text, role) in pieces {
        if fitting.width() + width(text) > usize::from(area.width) && fitting.width() > 0 {
            break;
        }
        fitting = fitting.add(text.clone(), *role);
    }
    canvas.pieces(area.x, area.y, area.width, &fitting);
}

/// A part of the picture that can be selected and pressed.
fn mark(canvas: &mut Canvas<'_>, area: Rect, index: usize) {
    let model = canvas.model;
    if model.explore.inside() && model.explore.mark.selected == index {
        canvas.highlight(area, if model.focus == Pane::Explore { Role::Selection } else { Role::QuietSelection });
    }
    canvas.target(area, Target::Mark(index));
}

/// The views, each with its key.
fn views(canvas: &mut Canvas<'_>, area: Rect) {
    let command = |view: View| Command::Explore(E::Show(view));
    let all: Vec<Tab> = View::ALL.into_iter().map(|view| (view.title(), command(view))).collect();
    let current = command(canvas.model.explore.view);
    view_bar(canvas, area, &all, current);
}
