//! Views over the model. They read and draw; they never change the state and never fetch.
//!
//! [`draw`] draws a frame and says what of it can be pressed and how much of each list it had room for. [`layout`] decides where panes
//! are, [`theme`] what roles look like, `chrome` draws what is around the panes, and every pane has a file of its own.

mod activity;
mod canvas;
mod chrome;
#[cfg(test)]
mod doctor_tests;
mod explore;
mod figure;
mod glyph;
mod large;
pub mod layout;
#[cfg(test)]
mod legible;
#[cfg(test)]
mod legible_tests;
pub mod markdown;
mod mask;
mod message;
#[cfg(test)]
mod own_data_tests;
pub mod picture;
mod pipeline;
mod popup;
mod predict;
mod resources;
pub mod speaker;
mod sql;
mod stage;
#[cfg(test)]
mod stage_tests;
#[cfg(test)]
mod tests;
pub mod theme;
#[cfg(test)]
mod theme_tests;
mod view_bar;
#[cfg(test)]
mod vision;
mod walkthrough;

use std::sync::Arc;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::explore::Image;
use crate::app::model::{Link, Viewport};
use crate::app::msg::Target;
use crate::app::sql::Half;
use crate::app::{Model, Pane};
use crate::config::settings::TargetKind;
use canvas::Canvas;
use theme::Theme;

/// What a frame has shown.
#[derive(Debug, Clone, Default)]
pub struct Drawn {
    /// What can be pressed, the topmost last.
    pub targets: Vec<(Rect, Target)>,
    /// What there was room for.
    pub viewport: Viewport,
    /// Whether a component stands over the panes.
    pub covered: bool,
    /// An image, and where it is.
    pub image: Option<(Rect, Arc<Image>)>,
}

impl Drawn {
    /// What is at a place.
    pub fn at(&self, column: u16, row: u16) -> Option<Target> {
        let position = Position::new(column, row);
        let (area, target) = self.targets.iter().rev().find(|(area, _)| area.contains(position))?;
        Some(match target {
            Target::EditorText(line, _) => Target::EditorText(*line, self.viewport.editor_left + usize::from(column - area.x)),
            target => *target,
        })
    }

    /// The pane at a place.
    pub fn pane_at(&self, column: u16, row: u16) -> Option<Pane> {
        let position = Position::new(column, row);
        self.targets.iter().rev().filter(|(area, _)| area.contains(position)).find_map(|(_, target)| match target {
            Target::Pane(pane) | Target::Row(pane, _) => Some(*pane),
            Target::Mark(_) => Some(Pane::Explore),
            Target::SqlTab(_) => Some(Pane::Sql),
            target => half(target).map(|_| Pane::Sql),
        })
    }

    /// The half of the SQL pane at a place, unless something stands over it.
    pub fn half_at(&self, column: u16, row: u16) -> Option<Half> {
        let position = Position::new(column, row);
        self.targets.iter().rev().filter(|(area, _)| area.contains(position)).find_map(|(_, target)| half(target)).filter(|_| !self.covered)
    }
}

/// The half of the SQL pane that something is in.
fn half(target: &Target) -> Option<Half> {
    match target {
        Target::EditorText(..) | Target::EditorLine(_) | Target::Suggestion(_) | Target::SqlHalf(Half::Editor) => Some(Half::Editor),
        Target::Cell(..) | Target::ColumnHead(_) | Target::ColumnEdge(..) | Target::SqlHalf(Half::Results) => Some(Half::Results),
        _ => None,
    }
}

/// Draws a frame.
pub fn draw(frame: &mut Frame<'_>, model: &Model, theme: &Theme) -> Drawn {
    let (drawn, cursor) = draw_on(frame.buffer_mut(), model, theme);
    if let Some(position) = cursor {
        frame.set_cursor_position(position);
    }
    drawn
}

/// Draws what a frame would show.
pub fn draw_on(buffer: &mut Buffer, model: &Model, theme: &Theme) -> (Drawn, Option<Position>) {
    let painted = paint(buffer, model, theme);
    if model.masked() {
        mask::apply(buffer, &model.private);
    }
    painted
}

fn paint(buffer: &mut Buffer, model: &Model, theme: &Theme) -> (Drawn, Option<Position>) {
    let area = buffer.area;
    let mut canvas = Canvas::new(buffer, theme, model);
    canvas.clear(area);
    if area.width < 20 || area.height < 6 {
        canvas.text(area.x, area.y, area.width, "shiftdeck needs more room", theme::Role::Base);
        return canvas.finish();
    }
    let plan = layout::plan(area, model);
    canvas.view.overview = plan.overview;
    chrome::header(&mut canvas, plan.header);
    if let Link::Closed(error) = &model.link {
        message::closed(&mut canvas, plan.body, error, model.target == TargetKind::Aws);
    } else {
        for (pane, outer) in &plan.panes {
            let inner = chrome::pane_frame(&mut canvas, *pane, *outer, plan.overview);
            if inner.width < 4 || inner.height == 0 {
                continue;
            }
            match pane {
                Pane::Walkthrough => walkthrough::draw(&mut canvas, inner),
                Pane::Resources => resources::draw(&mut canvas, inner),
                Pane::Sql => sql::draw(&mut canvas, inner),
                Pane::Pipeline => pipeline::draw(&mut canvas, inner),
                Pane::Predict => predict::draw(&mut canvas, inner),
                Pane::Explore => explore::draw(&mut canvas, inner),
                Pane::Activity => activity::draw(&mut canvas, inner),
            }
        }
        chrome::activity_line(&mut canvas, plan.activity);
        chrome::hints(&mut canvas, plan.hints);
        if model.spotlight && (plan.overview || model.walkthrough.presenting.is_some()) {
            let lit = plan.panes.iter().find(|(pane, _)| *pane == model.focus);
            canvas.dim_all_but(lit.map_or(plan.body, |(_, area)| *area));
        }
    }
    for component in &model.popups {
        canvas.targets.push((area, Target::Outside));
        canvas.cursor = None;
        popup::draw(&mut canvas, area, component);
    }
    canvas.finish()
}
