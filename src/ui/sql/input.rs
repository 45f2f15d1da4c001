//! The line of input under the text: search and replace, a line number, a command of vim.

use ratatui::layout::{Position, Rect};

use super::super::canvas::{Canvas, Pieces};
use super::super::theme::Role;
use crate::app::sql::editor::Editor;
use crate::app::sql::editor::bar::{Bar, Field};
use crate::app::sql::editor::text::columns;
use crate::app::text_width::{visible, width};
use crate::demo::figures;

/// How many rows it takes.
pub fn rows(editor: &Editor) -> u16 {
    match editor.bar() {
        None => 0,
        Some(Bar::Search { replace: Some(_), .. }) => 2,
        Some(_) => 1,
    }
}

/// Draws it; `showing` says whether the cursor of the terminal may stand there.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, showing: bool) {
    let editor = &canvas.model.sql.tab().editor;
    let Some(bar) = editor.bar() else { return };
    if area.height == 0 {
        return;
    }
    match bar {
        Bar::Search { find, replace, in_replace } => {
            let facts = facts(editor);
            let room = area.width.saturating_sub(facts.width() as u16 + 2);
            field(canvas, Rect { height: 1, width: room, ..area }, "Find    ", find, showing && !in_replace);
            canvas.pieces(area.x + room + 1, area.y, area.width - room - 1, &facts);
            if let Some(replace) = replace
                && area.height > 1
            {
                let keys =
                    Pieces::new().add("Enter", Role::Accent).add(" one  ", Role::Dim).add("Alt-A", Role::Accent).add(" all", Role::Dim);
                let room = area.width.saturating_sub(keys.width() as u16 + 2);
                field(canvas, Rect { y: area.y + 1, height: 1, width: room, ..area }, "Replace ", replace, showing && *in_replace);
                canvas.pieces(area.x + room + 1, area.y + 1, area.width - room - 1, &keys);
            }
        }
        Bar::Line(line) => {
            let last = format!("of {}", figures::count(editor.lines().len() as u64));
            canvas.text_right(area.x, area.y, area.width, &last, Role::Faint);
            field(canvas, Rect { height: 1, ..area }, "Go to line ", line, showing);
        }
        Bar::Ex(command) => field(canvas, Rect { height: 1, ..area }, ":", command, showing),
        Bar::VimSearch { field: pattern, forward } => {
            let facts = facts(editor);
            let room = area.width.saturating_sub(facts.width() as u16 + 2);
            canvas.pieces(area.x + room + 1, area.y, area.width - room - 1, &facts);
            field(canvas, Rect { height: 1, width: room, ..area }, if *forward { "/" } else { "?" }, pattern, showing);
        }
    }
}

/// How many matches, which one, and the two switches.
fn facts(editor: &Editor) -> Pieces {
    let found = editor.found();
    let count = found.matches.len();
    let at = editor.selection().map_or(editor.cursor(), |(from, _)| from);
    let text = match (&found.error, found.number(at)) {
        (Some(error), _) => error.clone(),
        (None, _) if found.pattern.is_empty() => String::new(),
        (None, _) if count == 0 => "no match".to_owned(),
        (None, Some(number)) => format!("{} of {}", figures::count(number as u64), figures::count(count as u64)),
        (None, None) => format!("{} {}", figures::count(count as u64), if count == 1 { "match" } else { "matches" }),
    };
    let role = if found.error.is_some() || (count == 0 && !found.pattern.is_empty()) { Role::Bad } else { Role::Strong };
    // A switch that is on is told by its mark, too.
    let switch = |pieces: Pieces, on: bool, word: &str| {
        if on { pieces.add(format!("●{word}"), Role::Accent) } else { pieces.add(format!("○{word}"), Role::Faint) }
    };
    let case = switch(Pieces::new().add(text, role).add("  Alt-C ", Role::Faint), found.case, "Aa");
    switch(case.add("  Alt-X ", Role::Faint), found.regex, ".*")
}

fn field(canvas: &mut Canvas<'_>, area: Rect, label: &str, field: &Field, active: bool) {
    let used = canvas.text(area.x, area.y, area.width, label, if active { Role::Accent } else { Role::Dim });
    let room = usize::from(area.width.saturating_sub(used + 1));
    // So much of the text that its cursor is in view.
    let mut from = 0;
    while columns(&field.text[from..field.cursor]) > room && from < field.cursor {
        from = crate::app::sql::editor::text::next(&field.text, from);
    }
    canvas.text(area.x + used, area.y, room as u16 + 1, &visible(&field.text[from..]), Role::Base);
    if active {
        let x = area.x + used + width(&visible(&field.text[from..field.cursor])) as u16;
        canvas.cursor = Some(Position::new(x.min(area.right().saturating_sub(1)), area.y));
    }
}
