//! Turns what the terminal reports into messages.

use crossterm::event::{Event, KeyEventKind, MouseButton, MouseEventKind};

use crate::app::Msg;
use crate::app::msg::Target;
use crate::ui::Drawn;

/// The message of an event; `None` for what means nothing here.
pub fn message(event: Event, drawn: &Drawn) -> Option<Msg> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => Some(Msg::Key(key)),
        Event::Paste(text) => Some(Msg::Paste(text)),
        Event::Resize(columns, rows) => Some(Msg::Resize(columns, rows)),
        Event::Mouse(mouse) => match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) => match drawn.at(mouse.column, mouse.row)? {
                // The frame of a component is neither one of its rows nor outside.
                Target::PopupRow(usize::MAX) => None,
                target => Some(Msg::Click(target)),
            },
            MouseEventKind::Drag(MouseButton::Left) => match drawn.at(mouse.column, mouse.row)? {
                target @ Target::EditorText(..) => Some(Msg::Drag(target)),
                _ => None,
            },
            MouseEventKind::ScrollDown => Some(Msg::Wheel(drawn.pane_at(mouse.column, mouse.row), 1)),
            MouseEventKind::ScrollUp => Some(Msg::Wheel(drawn.pane_at(mouse.column, mouse.row), -1)),
            _ => None,
        },
        _ => None,
    }
}
