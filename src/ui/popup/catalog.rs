//! The catalog browser.

use ratatui::layout::Rect;

use super::open;
use crate::app::list::window;
use crate::app::msg::Target;
use crate::app::sql::catalog::{Browser, Line, RelationKind};
use crate::app::text_width::{left, visible, width};
use crate::demo::figures;
use crate::ops::query::QueryEngine;
use crate::ui::canvas::{Canvas, Pieces};
use crate::ui::theme::Role;

pub(super) fn draw(canvas: &mut Canvas<'_>, screen: Rect, browser: &Browser) {
    let title = match browser.catalog.database.as_str() {
        "" => format!("Catalog of {}", browser.engine.title()),
        database => format!("Catalog of {} · {}", browser.engine.title(), visible(database)),
    };
    let area = open(canvas, screen, 110, screen.height * 4 / 5, &title);
    let prompt = Pieces::new().add("› ", Role::Accent).add(browser.query.clone(), Role::Strong).add("▏", Role::Accent);
    canvas.pieces(area.x, area.y, area.width, &prompt);
    if browser.query.is_empty() {
        canvas.text(area.x + 4, area.y, area.width.saturating_sub(4), "type to narrow", Role::Faint);
    }
    let state = match (&browser.problem, browser.reading, browser.catalog.read) {
        (Some(_), ..) => String::new(),
        (None, true, _) => "being read…".to_owned(),
        (None, false, Some(at)) => format!("as of {}", at.with_timezone(&canvas.model.zone).format("%H:%M:%S")),
        (None, false, None) => String::new(),
    };
    canvas.text_right(area.x, area.y, area.width, &state, Role::Faint);
    canvas.rule(area.x, area.y + 1, area.width, Role::Rule);
    let list = Rect { y: area.y + 2, height: area.height.saturating_sub(5), ..area };
    let lines = browser.lines();
    let height = usize::from(list.height);
    let selected = browser.list.selected.min(lines.len().saturating_sub(1));
    let top = window(canvas.view.popup_top, selected, lines.len(), height);
    canvas.view.popup_top = top;
    canvas.view.popup_height = height;
    if lines.is_empty() || (browser.catalog.schemas.is_empty() && browser.query.is_empty() && height > lines.len() + 2) {
        let text = match (&browser.problem, browser.reading) {
            (Some(problem), _) => format!("✖ {problem}"),
            (None, true) => "The catalog is being read.".to_owned(),
            (None, false) if browser.query.is_empty() => {
                "There is nothing yet: step 3 makes the lake, step 4 the warehouse's table.".to_owned()
            }
            (None, false) => "Nothing matches".to_owned(),
        };
        let below = Rect { y: list.y + lines.len() as u16, height: list.height - lines.len() as u16, ..list };
        canvas.paragraph(below, &text, if browser.problem.is_some() { Role::Bad } else { Role::Dim });
    }
    for (row, (index, line)) in lines.iter().enumerate().skip(top).take(height).enumerate() {
        let y = list.y + row as u16;
        draw_line(canvas, Rect { y, height: 1, ..list }, line);
        let whole = Rect { y, height: 1, ..list };
        if index == selected {
            canvas.highlight(whole, Role::Selection);
        }
        canvas.target(whole, Target::PopupRow(index));
    }
    let foot = area.bottom().saturating_sub(2);
    canvas.rule(area.x, foot.saturating_sub(1), area.width, Role::Rule);
    let location = match lines.get(selected) {
        Some(Line::Relation { relation, .. } | Line::Column { relation, .. }) => match (&relation.location, relation.kind) {
            (Some(location), _) => location.clone(),
            (None, RelationKind::Function | RelationKind::Procedure) => format!("{}{}", relation.name, relation.signature()),
            (None, RelationKind::Table) if browser.engine == QueryEngine::Redshift => "rows in the warehouse".to_owned(),
            _ => String::new(),
        },
        Some(Line::Schema { schema, .. }) => {
            let (rows, others): (Vec<_>, Vec<_>) = schema.relations.iter().map(|it| it.kind).partition(|kind| kind.has_rows());
            let models = others.iter().filter(|kind| **kind == RelationKind::Model).count();
            let parts = [(rows.len(), "relation"), (models, "model"), (others.len() - models, "function")];
            let told: Vec<String> =
                parts.iter().filter(|(count, _)| *count > 0).map(|(count, noun)| figures::counted(*count as u64, noun)).collect();
            if told.is_empty() { "nothing in it".to_owned() } else { told.join(", ") }
        }
        Some(Line::Database(_)) => "another database; a name of three parts reads from it".to_owned(),
        None => String::new(),
    };
    canvas.text(area.x, foot, area.width, &left(&visible(&location), usize::from(area.width)), Role::Dim);
    let hints = [
        ("Enter", "insert"),
        ("→←", "open"),
        ("F5", "100 rows"),
        ("F6", "DDL"),
        ("F7", "count"),
        ("Tab", "other engine"),
        ("Ctrl-R", "refresh"),
    ];
    let mut x = area.x;
    for (key, label) in hints {
        let needed = (width(key) + width(label) + 1) as u16;
        if x + needed > area.right() {
            break;
        }
        let used = canvas.text(x, foot + 1, needed, key, Role::Accent);
        canvas.text(x + used + 1, foot + 1, needed, label, Role::Dim);
        x += needed + 3;
    }
}

fn draw_line(canvas: &mut Canvas<'_>, area: Rect, line: &Line<'_>) {
    let (indent, name, role, mark) = match line {
        Line::Schema { schema, open } => (0, format!("{} {}", if *open { "▾" } else { "▸" }, schema.name), Role::Strong, String::new()),
        Line::Relation { relation, open, .. } => {
            let arrow = match (relation.columns.is_empty(), open) {
                (true, _) => " ",
                (false, true) => "▾",
                (false, false) => "▸",
            };
            let count = relation.columns.len();
            let facts = match count {
                _ if matches!(relation.kind, RelationKind::Function | RelationKind::Procedure) => {
                    let gives = relation.gives.as_deref().map(|gives| format!(" → {gives}")).unwrap_or_default();
                    format!(
                        "{}({}){gives}",
                        if relation.kind == RelationKind::Procedure { "procedure " } else { "ƒ " },
                        relation.arguments()
                    )
                }
                0 => relation.kind.title().to_owned(),
                1 => format!("{} · 1 column", relation.kind.title()),
                count => format!("{} · {count} columns", relation.kind.title()),
            };
            (2, format!("{arrow} {}", relation.name), Role::Base, facts)
        }
        Line::Database(name) => (0, format!("  {name}"), Role::Strong, "database".to_owned()),
        Line::Column { column, .. } => (6, column.name.clone(), Role::Base, column.type_name.clone()),
    };
    let used = canvas.text(area.x + indent, area.y, area.width.saturating_sub(indent), &visible(&name), role);
    let room = area.width.saturating_sub(indent + used + 2);
    let role = if matches!(line, Line::Column { .. }) { Role::Function } else { Role::Faint };
    // A long signature is cut; anything else is told whole or not at all.
    if width(&mark) <= usize::from(room) || (mark.contains('(') && room > 12) {
        canvas.text_right(area.x + indent + used + 2, area.y, room, &mark, role);
    }
}
