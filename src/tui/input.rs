//! Turns what the terminal reports into messages.

use crossterm::event::{Event, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use crate::app::Msg;
use crate::app::msg::Target;
use crate::app::sql::Half;
use crate::ui::Drawn;

/// The message of an event; `None` for what means nothing here.
pub fn message(event: Event, drawn: &Drawn) -> Option<Msg> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => Some(Msg::Key(key)),
        Event::Paste(text) => Some(Msg::Paste(text)),
        Event::Resize(columns, rows) => Some(Msg::Resize(columns, rows)),
        Event::Mouse(mouse) => mouse_message(mouse, drawn),
        _ => None,
    }
}

fn mouse_message(mouse: MouseEvent, drawn: &Drawn) -> Option<Msg> {
    let (column, row) = (mouse.column, mouse.row);
    let wheel = |delta| match drawn.half_at(column, row) {
        // Terminals without a wheel that tilts send it with Shift.
        Some(Half::Results) if mouse.modifiers.contains(KeyModifiers::SHIFT) => Msg::Sideways(delta),
        Some(half) => Msg::Scroll(half, delta),
        None => Msg::Wheel(drawn.pane_at(column, row), delta),
    };
    match mouse.kind {
        MouseEventKind::Down(MouseButton::Left) => match drawn.at(column, row)? {
            // The frame of a component is neither one of its rows nor outside.
            Target::PopupRow(usize::MAX) => None,
            target => Some(Msg::Click(target)),
        },
        MouseEventKind::Drag(MouseButton::Left) => Some(Msg::Drag(drawn.at(column, row), column)),
        MouseEventKind::Up(MouseButton::Left) => Some(Msg::Release),
        MouseEventKind::ScrollDown => Some(wheel(1)),
        MouseEventKind::ScrollUp => Some(wheel(-1)),
        MouseEventKind::ScrollRight => drawn.half_at(column, row).filter(|half| *half == Half::Results).map(|_| Msg::Sideways(1)),
        MouseEventKind::ScrollLeft => drawn.half_at(column, row).filter(|half| *half == Half::Results).map(|_| Msg::Sideways(-1)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;
    use crate::app::sql::result::View;
    use crate::app::tests::full_model;
    use crate::app::{Effect, Model, Pane, update};
    use crate::ui;
    use crate::ui::theme::{Depth, Theme};

    /// A screen that mouse events are made on, as the event loop does it.
    struct Screen {
        terminal: Terminal<TestBackend>,
        model: Model,
        drawn: Drawn,
    }

    impl Screen {
        fn of(text: &str) -> Screen {
            let mut model = full_model();
            model.focus = Pane::Sql;
            model.zoomed = true;
            model.sql.tab_mut().replace(text);
            let terminal = Terminal::new(TestBackend::new(100, 30)).unwrap();
            let mut screen = Screen { terminal, model, drawn: Drawn::default() };
            screen.draw();
            screen
        }

        fn draw(&mut self) {
            let theme = Theme::named("dark", Depth::True);
            let model = &self.model;
            let mut drawn = None;
            self.terminal.draw(|frame| drawn = Some(ui::draw(frame, model, &theme))).unwrap();
            self.drawn = drawn.unwrap();
            update(&mut self.model, Msg::Drawn(self.drawn.viewport));
        }

        /// Where a text stands on the screen.
        fn find(&self, text: &str) -> (u16, u16) {
            let buffer = self.terminal.backend().buffer();
            let found = (0..buffer.area.height).find_map(|y| {
                let line: Vec<&str> = (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect();
                let wanted: Vec<String> = text.chars().map(|c| c.to_string()).collect();
                let x = line.windows(wanted.len()).position(|cells| cells.iter().zip(&wanted).all(|(cell, c)| cell == c))?;
                Some((x as u16, y))
            });
            found.unwrap_or_else(|| panic!("{text} is not on the screen"))
        }

        fn event(&mut self, kind: MouseEventKind, (column, row): (u16, u16)) -> Vec<Effect> {
            let event = Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE });
            let effects = message(event, &self.drawn).map(|message| update(&mut self.model, message)).unwrap_or_default();
            self.draw();
            effects
        }

        fn press(&mut self, at: (u16, u16)) -> Vec<Effect> {
            let effects = self.event(MouseEventKind::Down(MouseButton::Left), at);
            self.event(MouseEventKind::Up(MouseButton::Left), at);
            effects
        }

        fn drag(&mut self, from: (u16, u16), to: (u16, u16)) {
            self.event(MouseEventKind::Down(MouseButton::Left), from);
            self.event(MouseEventKind::Drag(MouseButton::Left), to);
            self.event(MouseEventKind::Up(MouseButton::Left), to);
        }

        fn selected(&self) -> Option<String> {
            self.model.sql.tab().editor.selected()
        }
    }

    #[test]
    fn two_presses_select_a_word_and_three_a_line() {
        let mut screen = Screen::of("SELECT month\nFROM dm.data");
        let at = screen.find("month");
        let at = (at.0 + 2, at.1);
        screen.press(at);
        assert_eq!((screen.selected(), screen.model.sql.tab().cursor()), (None, (0, 9)));
        screen.press(at);
        assert_eq!(screen.selected().as_deref(), Some("month"));
        screen.press(at);
        assert_eq!(screen.selected().as_deref(), Some("SELECT month\n"));
        screen.press(at);
        assert_eq!(screen.selected(), None, "the fourth begins anew");
        screen.model.now += chrono::Duration::seconds(1);
        screen.press(at);
        assert_eq!(screen.selected(), None, "two slow ones are two");
        let second = screen.find("FROM dm.data");
        screen.press((second.0 - 3, second.1));
        assert_eq!(screen.selected().as_deref(), Some("FROM dm.data"), "the number of a line stands for it");
    }

    #[test]
    fn drawing_the_mouse_over_the_text_selects() {
        let mut screen = Screen::of("SELECT month\nFROM dm.data");
        let (from, to) = (screen.find("month"), screen.find("dm.data"));
        screen.drag(from, (to.0 + 2, to.1));
        assert_eq!(screen.selected().as_deref(), Some("month\nFROM dm"));
        screen.event(MouseEventKind::Drag(MouseButton::Left), from);
        assert_eq!(screen.selected().as_deref(), Some("month\nFROM dm"), "the button is up");
        // Below the text is its end.
        screen.drag(from, (to.0, to.1 + 2));
        assert_eq!(screen.selected().as_deref(), Some("month\nFROM dm.data"));
    }

    #[test]
    fn the_wheel_scrolls_what_it_is_over() {
        let script: Vec<String> = (1..=60).map(|n| format!("select {n};")).collect();
        let mut screen = Screen::of(&script.join("\n"));
        let at = screen.find("select 2;");
        screen.event(MouseEventKind::ScrollDown, at);
        screen.event(MouseEventKind::ScrollDown, at);
        assert_eq!((screen.model.viewport.editor_top, screen.model.sql.tab().cursor()), (6, (0, 0)), "the cursor stays");
        for _ in 0..40 {
            screen.event(MouseEventKind::ScrollDown, at);
        }
        screen.find("select 60;");
        for _ in 0..40 {
            screen.event(MouseEventKind::ScrollUp, at);
        }
        assert_eq!(screen.model.viewport.editor_top, 0);
        screen.event(MouseEventKind::ScrollDown, at);
        update(&mut screen.model, Msg::Key(crossterm::event::KeyEvent::new(crossterm::event::KeyCode::Down, KeyModifiers::NONE)));
        screen.draw();
        assert_eq!(screen.model.viewport.editor_top, 1, "the cursor leads back");

        let cell = screen.find("may");
        let (top, rows) = (screen.model.viewport.tops[Pane::Sql as usize], screen.model.sql.tab().result().unwrap().shown_rows());
        assert_eq!(top, 0);
        screen.event(MouseEventKind::ScrollDown, cell);
        let height = screen.model.viewport.heights[Pane::Sql as usize];
        let expected = 3.min(usize::try_from(rows).unwrap().saturating_sub(height));
        assert_eq!(screen.model.viewport.tops[Pane::Sql as usize], expected);
        assert_eq!(screen.model.viewport.editor_top, 1, "the text stays");
    }

    #[test]
    fn the_head_of_a_column_sorts_and_its_edge_resizes() {
        let mut screen = Screen::of("SELECT 1");
        let head = screen.find("customers");
        let sorted = |effects: Vec<Effect>| {
            let found = effects.iter().find_map(|effect| match effect {
                Effect::Result { task, ticket, .. } => match &task.job {
                    crate::app::sql::result::Job::Arrange(wanted) => Some((wanted.clone(), *ticket)),
                    _ => None,
                },
                _ => None,
            });
            found.unwrap_or_else(|| panic!("{effects:?}"))
        };
        let (up, ticket) = sorted(screen.press(head));
        assert_eq!(up.sort.iter().map(|key| (key.column, key.descending)).collect::<Vec<_>>(), [(1, false)]);
        // The rows come in their order.
        let run = screen.model.sql.tab().result().unwrap().run;
        let answer = crate::app::sql::result::Answer::Arranged(up, vec![1, 0]);
        let msg = crate::app::sql::result::Msg::Ended(ticket, Box::new(Ok(answer)));
        update(&mut screen.model, Msg::Sql(crate::app::sql::Msg::Grid(run, msg)));
        screen.draw();
        let (down, _) = sorted(screen.press(head));
        assert!(down.sort[0].descending, "again: the other way");

        let width = |screen: &Screen| screen.model.sql.tab().result().unwrap().columns.width(1);
        let before = width(&screen);
        let end =
            (0..40).map(|step| (head.0 + step, head.1)).find(|at| matches!(screen.drawn.at(at.0, at.1), Some(Target::ColumnEdge(1, _))));
        let edge = end.unwrap();
        screen.drag(edge, (edge.0 + 7, edge.1 + 3));
        assert_eq!(width(&screen), before + 7);
        let wider = (edge.0 + 7, edge.1);
        screen.press(wider);
        screen.press(wider);
        assert!(width(&screen) < before + 7, "pressed twice it fits what is on the screen");
    }

    #[test]
    fn a_cell_pressed_twice_is_shown_in_full() {
        let mut screen = Screen::of("SELECT 1");
        let cell = screen.find("jul");
        screen.press(cell);
        assert!(matches!(screen.model.sql.tab().result().unwrap().view, View::Grid));
        screen.press(cell);
        assert!(matches!(screen.model.sql.tab().result().unwrap().view, View::Inspect { .. }));
    }
}
