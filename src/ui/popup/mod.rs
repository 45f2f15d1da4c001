//! What stands over the panes: help, pickers, confirmations, prompts, the catalog, plans.

mod catalog;
mod doctor;
mod form;
mod parameters;
mod plan;
mod table;

use ratatui::layout::Rect;

use super::canvas::{Canvas, Pieces};
use super::theme::Role;
use crate::app::action::{self, Scope, key_label};
use crate::app::list::window;
use crate::app::msg::Target;
use crate::app::pipeline::View;
use crate::app::popup::{Confirm, Picker, Popup, Prompt};
use crate::app::text_width::{left, visible, width, wrap};
use crate::app::{Model, Pane};

/// Draws a component in the middle of the screen.
pub fn draw(canvas: &mut Canvas<'_>, screen: Rect, component: &Popup) {
    match component {
        Popup::Help { scroll } => help(canvas, screen, *scroll),
        Popup::Picker(picker) => draw_picker(canvas, screen, picker),
        Popup::Confirm(confirm) => draw_confirm(canvas, screen, confirm),
        Popup::Prompt(prompt) => draw_prompt(canvas, screen, prompt),
        Popup::Parameters(form) => parameters::draw(canvas, screen, form),
        Popup::Catalog(browser) => catalog::draw(canvas, screen, browser),
        Popup::Plan(view) => plan::draw(canvas, screen, view),
        Popup::Form(view) => form::draw(canvas, screen, view),
        Popup::Table(view) => table::draw(canvas, screen, view),
        Popup::Doctor(view) => doctor::draw(canvas, screen, view),
    }
}

/// An empty box in the middle; gives what is inside.
fn open(canvas: &mut Canvas<'_>, screen: Rect, columns: u16, rows: u16, title: &str) -> Rect {
    let width = columns.min(screen.width.saturating_sub(2)).max(10);
    let height = rows.min(screen.height.saturating_sub(2)).max(4);
    let area = Rect::new(screen.x + (screen.width - width) / 2, screen.y + (screen.height - height) / 2, width, height);
    canvas.clear(area);
    canvas.frame(area, Role::Focus);
    canvas.text(area.x + 2, area.y, width.saturating_sub(4), &format!(" {title} "), Role::Accent);
    // A press inside is not a press outside.
    canvas.target(area, Target::PopupRow(usize::MAX));
    Rect::new(area.x + 2, area.y + 1, width - 4, height - 2)
}

fn draw_picker(canvas: &mut Canvas<'_>, screen: Rect, picker: &Picker) {
    let matches = picker.matches();
    // As high as everything, so that the box stays where it is while typing narrows the list.
    let rows = u16::try_from(picker.items.len())
        .unwrap_or(u16::MAX)
        .saturating_add(4 + u16::from(!picker.keys.is_empty()))
        .min(screen.height * 3 / 4)
        .max(8);
    let area = open(canvas, screen, 96, rows, &picker.title);
    let prompt = Pieces::new().add("› ", Role::Accent).add(picker.query.clone(), Role::Strong).add("▏", Role::Accent);
    canvas.pieces(area.x, area.y, area.width, &prompt);
    if picker.query.is_empty() {
        canvas.text(area.x + 4, area.y, area.width.saturating_sub(4), "type to narrow", Role::Faint);
    }
    let count = format!("{} of {}", matches.len(), picker.items.len());
    canvas.text_right(area.x, area.y, area.width, &count, Role::Faint);
    canvas.rule(area.x, area.y + 1, area.width, Role::Rule);
    let foot = u16::from(!picker.keys.is_empty());
    let list = Rect { y: area.y + 2, height: area.height.saturating_sub(2 + foot), ..area };
    if foot > 0 {
        let mut hints = Pieces::new().add("Enter", Role::Accent).add(format!(" {}", picker.enter), Role::Dim);
        for (key, word) in picker.keys {
            hints = hints.add(format!("   {key}"), Role::Accent).add(format!(" {word}"), Role::Dim);
        }
        canvas.pieces(area.x, area.bottom() - 1, area.width, &hints);
    }
    let height = usize::from(list.height);
    let selected = picker.list.selected.min(matches.len().saturating_sub(1));
    let top = window(canvas.view.popup_top, selected, matches.len(), height);
    canvas.view.popup_top = top;
    canvas.view.popup_height = height;
    if matches.is_empty() {
        canvas.text(list.x, list.y, list.width, "Nothing matches", Role::Dim);
    }
    let mark = matches.iter().map(|item| width(&item.mark)).max().unwrap_or(0) as u16;
    for (row, (index, item)) in matches.iter().enumerate().skip(top).take(height).enumerate() {
        let y = list.y + row as u16;
        let room = list.width.saturating_sub(mark + 2);
        let used = canvas.text(list.x, y, room, &visible(&item.label), Role::Base);
        if room > used + 6 && !item.detail.is_empty() {
            canvas.text(list.x + used + 2, y, room - used - 2, &visible(&item.detail), Role::Faint);
        }
        canvas.text_right(list.x, y, list.width, &item.mark, Role::Accent);
        let whole = Rect::new(list.x, y, list.width, 1);
        if index == selected {
            canvas.highlight(whole, Role::Selection);
        }
        canvas.target(whole, Target::PopupRow(index));
    }
}

fn draw_prompt(canvas: &mut Canvas<'_>, screen: Rect, prompt: &Prompt) {
    let hint = wrap(&prompt.hint, 66.min(usize::from(screen.width.saturating_sub(10))));
    let area = open(canvas, screen, 72, 5 + hint.len().max(1) as u16, &prompt.title);
    // Of a text that is longer than the line, the end is what is being typed.
    let room = usize::from(area.width).saturating_sub(4);
    let mut shown = prompt.text.as_str();
    while width(shown) > room {
        shown = shown.char_indices().nth(1).map_or("", |(at, _)| &shown[at..]);
    }
    let mark = if shown.len() < prompt.text.len() { "… " } else { "› " };
    let typed = Pieces::new().add(mark, Role::Accent).add(shown, Role::Strong).add("▏", Role::Accent);
    canvas.pieces(area.x, area.y, area.width, &typed);
    let role = if prompt.hint.starts_with('✖') { Role::Bad } else { Role::Faint };
    for (row, line) in hint.iter().enumerate() {
        canvas.text(area.x + 2, area.y + 1 + row as u16, area.width.saturating_sub(2), line, role);
    }
    let used = canvas.text(area.x, area.bottom() - 1, area.width, "Enter Accept", Role::Accent);
    let no = canvas.text(area.x + used + 4, area.bottom() - 1, area.width.saturating_sub(used + 4), "Esc Leave it", Role::Dim);
    canvas.target(Rect::new(area.x + used + 4, area.bottom() - 1, no, 1), Target::Outside);
}

fn draw_confirm(canvas: &mut Canvas<'_>, screen: Rect, confirm: &Confirm) {
    let columns = 64.min(screen.width.saturating_sub(4));
    let body = wrap(&confirm.body, usize::from(columns) - 4);
    let rows = body.len() as u16 + if confirm.phrase.is_some() { 7 } else { 4 };
    let area = open(canvas, screen, columns, rows, &confirm.title);
    let mut y = area.y;
    for line in &body {
        canvas.text(area.x, y, area.width, line, Role::Base);
        y += 1;
    }
    y += 1;
    if let Some(phrase) = &confirm.phrase {
        canvas.pieces(
            area.x,
            y,
            area.width,
            &Pieces::new().add("Type ", Role::Dim).add(phrase.clone(), Role::Strong).add(" to go on", Role::Dim),
        );
        canvas.pieces(
            area.x,
            y + 1,
            area.width,
            &Pieces::new().add("› ", Role::Accent).add(confirm.typed.clone(), Role::Strong).add("▏", Role::Accent),
        );
        y += 3;
    }
    let ready = confirm.satisfied();
    let yes = format!("Enter {}", confirm.yes);
    let used = canvas.text(area.x, y, area.width, &yes, if ready { Role::Accent } else { Role::Faint });
    canvas.target(Rect::new(area.x, y, used, 1), Target::PopupRow(0));
    let no = canvas.text(area.x + used + 4, y, area.width.saturating_sub(used + 4), "Esc Keep things as they are", Role::Dim);
    canvas.target(Rect::new(area.x + used + 4, y, no, 1), Target::Outside);
}

fn help(canvas: &mut Canvas<'_>, screen: Rect, scroll: usize) {
    let lines = help_lines(canvas.model);
    let area = open(canvas, screen, 90, screen.height.saturating_sub(4), "Keys");
    let height = usize::from(area.height.saturating_sub(1));
    let end = lines.len().saturating_sub(height);
    let top = scroll.min(end);
    canvas.view.popup_height = height;
    for (row, (keys, text)) in lines.iter().skip(top).take(height).enumerate() {
        let y = area.y + row as u16;
        if keys.is_empty() {
            canvas.text(area.x, y, area.width, text, Role::Accent);
        } else {
            canvas.text(area.x + 2, y, 24, &left(keys, 24), Role::Strong);
            canvas.text(area.x + 27, y, area.width.saturating_sub(27), text, Role::Base);
        }
    }
    let text = if top < end { "↓ more · Esc closes" } else { "Esc closes" };
    canvas.text_right(area.x, area.bottom() - 1, area.width, text, Role::Faint);
}

/// Headings have no key.
fn help_lines(model: &Model) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    let mut group = |title: &str, scope: &dyn Fn(&Scope) -> bool| {
        lines.push((String::new(), title.to_owned()));
        for action in action::actions().filter(|action| scope(&action.scope) && !action::twin(action)) {
            let keys: Vec<String> = action::keys(action).iter().map(|key| key_label(key)).collect();
            lines.push((keys.join("  "), model.speak(action.description).into_owned()));
        }
        lines.push((" ".to_owned(), String::new()));
    };
    group("Everywhere", &|scope| matches!(scope, Scope::Always | Scope::Global));
    group("While a presentation is on", &|scope| matches!(scope, Scope::Remote | Scope::InHand));
    for pane in Pane::ALL {
        match pane {
            Pane::Sql => {
                group("SQL", &|scope| *scope == Scope::Console);
                group("SQL, editor", &|scope| *scope == Scope::Editor);
                group("SQL, result", &|scope| *scope == Scope::Results);
            }
            Pane::Pipeline => {
                group("Pipeline", &|scope| *scope == Scope::Pane(Pane::Pipeline));
                for view in View::ALL {
                    if action::actions().any(|action| action.scope == Scope::View(view)) {
                        group(&format!("Pipeline, {}", view.title().to_lowercase()), &|scope| *scope == Scope::View(view));
                    }
                }
                group("Pipeline, what is said about a step", &|scope| *scope == Scope::Detail);
            }
            pane => group(pane.title(), &|scope| *scope == Scope::Pane(pane)),
        }
    }
    lines
}
