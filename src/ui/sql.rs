//! The SQL console: editor above, result below.

mod bar;
mod chart;
mod compare;
mod completion;
mod editor;
#[cfg(test)]
mod editor_tests;
mod grid;
mod input;
mod inspect;
pub(in crate::ui) mod plot;
mod profile;
mod record;
mod result;
mod runs;
mod tabs;

pub(in crate::ui) use editor::role as token_role;

use ratatui::layout::Rect;

use super::canvas::{Canvas, Pieces};
use super::glyph;
use super::theme::Role;
use crate::app::engine_name;
use crate::app::msg::Target;
use crate::app::sql;
use crate::app::sql::session::InTransaction;
use crate::app::text_width::width;
use crate::demo::figures;
use crate::ops::OpErrorKind;
use crate::ops::query::QueryEngine;

/// Draws the pane.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let mut area = area;
    if tabs::wanted(canvas) && area.height > 8 && !canvas.model.enlarged() {
        tabs::draw(canvas, Rect { height: 1, ..area });
        area = Rect { y: area.y + 1, height: area.height - 1, ..area };
    }
    let tab = canvas.model.sql.tab();
    let wanted = tab.editor.lines().len().min(500) as u16 + 1 + input::rows(&tab.editor);
    // The editor has its share of the pane; a longer text scrolls inside of it.
    let most = (u32::from(area.height) * if !tab.results.is_empty() || tab.failure.is_some() { 40 } else { 70 } / 100) as u16;
    let least = (u32::from(area.height) * 30 / 100) as u16;
    let height = wanted.clamp(least.max(2), most.max(2)).min(area.height.saturating_sub(2));
    status(canvas, Rect { height: 1, ..area });
    let editor = Rect { y: area.y + 1, height, ..area };
    canvas.target(editor, Target::SqlHalf(sql::Half::Editor));
    editor::draw(canvas, editor);
    let y = editor.bottom();
    if y + 1 < area.bottom() {
        let below = Rect { y, height: area.bottom() - y, ..area };
        canvas.target(below, Target::SqlHalf(sql::Half::Results));
        result(canvas, below);
    }
    // Over the result: that is what it is about to be made from.
    editor::suggestions(canvas, editor, area);
}

/// Engine switch, and what the statement is doing.
fn status(canvas: &mut Canvas<'_>, area: Rect) {
    let model = canvas.model;
    let tab = model.sql.tab();
    let mut x = area.x;
    for engine in [QueryEngine::Redshift, QueryEngine::Athena] {
        let chosen = tab.engine == engine;
        let text = format!("{} {}", if chosen { "●" } else { "○" }, engine_name(engine));
        let used = canvas.text(x, area.y, area.right().saturating_sub(x), &text, if chosen { Role::Accent } else { Role::Dim });
        if !chosen {
            canvas.target(Rect::new(x, area.y, used, 1), Target::Action(crate::app::action::Command::Console(sql::Command::Engine)));
        }
        x += used + 3;
    }
    if let Some(words) = tab.session.words().filter(|_| tab.engine == QueryEngine::Redshift) {
        let role = match tab.session.transaction {
            InTransaction::No => Role::Dim,
            InTransaction::Open => Role::Warn,
            InTransaction::Aborted => Role::Bad,
        };
        let text = if tab.session.expired(model.now) { "session ended" } else { words };
        if width(text) + 2 < usize::from(area.right().saturating_sub(x)) {
            x += canvas.text(x, area.y, area.right().saturating_sub(x), &format!("◆ {text}"), role) + 3;
        }
    }
    if tab.goes_on {
        x += canvas.text(x, area.y, area.right().saturating_sub(x), "goes on after errors", Role::Dim) + 3;
    }
    if let Some(vim) = tab.editor.vim() {
        let mode = Pieces::new().add(vim.mode.name(), Role::Strong).add(format!(" {}", vim.shown()), Role::Dim);
        x += canvas.pieces(x, area.y, area.right().saturating_sub(x), &mode) + 3;
    }
    let room = area.right().saturating_sub(x);
    if let Some(sql::RunState::Active { since, .. }) = tab.active().next().map(|run| &run.state) {
        let text = format!("{} {}  Ctrl-C cancels", glyph::working(model), model.so_far(*since));
        if width(&text) <= usize::from(room) {
            canvas.text_right(x, area.y, room, &text, Role::Accent);
        }
    } else if let Some((_, signature)) = &tab.call {
        let pieces = called(signature, usize::from(room));
        canvas.pieces(x + room.saturating_sub(pieces.width() as u16), area.y, room, &pieces);
    } else if let Some(problem) =
        tab.mistakes().find(|problem| problem.from.line <= tab.editor.cursor().line && tab.editor.cursor().line <= problem.to.line)
    {
        canvas.text_right(x, area.y, room, &format!("✖ {}", problem.message), Role::Bad);
    } else {
        let text = "F5 runs · F4 engine · F3 library";
        if width(text) <= usize::from(room) && tab.editor.is_empty() {
            canvas.text_right(x, area.y, room, text, Role::Faint);
        }
    }
}

/// What a call takes, the argument that is being typed standing out; of one that is too long for `room` what is around that argument.
fn called(signature: &sql::completion::Signature, room: usize) -> Pieces {
    let text = signature.text.as_str();
    let current = signature.current.clone().unwrap_or(0..0);
    let cut = width(text) > room && width(&text[..current.end]) + 1 > room;
    let from = if cut { current.start } else { 0 };
    Pieces::new()
        .add(if cut { "…" } else { "" }, Role::Faint)
        .add(&text[from..current.start.max(from)], Role::Dim)
        .add(&text[current.clone()], Role::Function)
        .add(&text[current.end..], Role::Dim)
}

fn result(canvas: &mut Canvas<'_>, area: Rect) {
    let tab = canvas.model.sql.tab();
    let mut area = area;
    let listed = runs::height(canvas, area.height.saturating_sub(2));
    if listed > 0 {
        canvas.rule(area.x, area.y, area.width, Role::Rule);
        runs::draw(canvas, Rect { y: area.y + 1, height: listed, ..area });
        area = Rect { y: area.y + 1 + listed, height: area.height - 1 - listed, ..area };
    }
    canvas.rule(area.x, area.y, area.width, Role::Rule);
    let inside = Rect { y: area.y + 1, height: area.height - 1, ..area };
    if let Some(failure) = &tab.failure {
        let cancelled = failure.error.kind == OpErrorKind::Cancelled;
        let (mark, role) = if cancelled { ("◇ Cancelled", Role::Warn) } else { ("✖ Failed", Role::Bad) };
        let title = format!(" {mark} after {} on {} ", figures::duration(failure.seconds), engine_name(failure.engine));
        canvas.text(area.x + 1, area.y, area.width.saturating_sub(2), &title, role);
        if !cancelled {
            let used = canvas.paragraph(inside, &failure.error.why, Role::Base);
            if let Some(fix) = &failure.error.fix
                && used < inside.height
            {
                let rest = Rect { y: inside.y + used, height: inside.height - used, ..inside };
                canvas.paragraph(rest, &format!("→ {fix}"), Role::Dim);
            }
        }
        return;
    }
    let Some(result) = tab.result() else {
        let lines: [&str; 3] = [
            "No result yet.",
            "Type a statement above and run it with F5 or Ctrl-R.",
            "F3 opens the statements of the demonstration, F4 switches between Redshift and Athena.",
        ];
        let mut y = inside.y;
        for line in lines {
            if y < inside.bottom() {
                let rest = Rect { y, height: inside.bottom() - y, ..inside };
                y += canvas.paragraph(rest, line, Role::Dim);
            }
        }
        return;
    };
    result::draw(canvas, area, result);
}
