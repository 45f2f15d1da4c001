//! The checks of the doctor, one of them in full on demand.

use std::collections::BTreeMap;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{Choice, Outcome};
use crate::app::action::Command;
use crate::app::list::ListState;
use crate::ops::doctor::{Check, Part, Surroundings, Verdict};

/// The checks on the screen.
#[derive(Debug, Clone, PartialEq)]
pub struct DoctorView {
    /// What can be told without the account, once it is known.
    pub around: Option<Surroundings>,
    /// What the account has told.
    pub parts: BTreeMap<Part, Vec<Check>>,
    /// What it is still asked.
    pub waiting: Vec<Part>,
    /// The selected line.
    pub list: ListState,
    /// Whether the selected check is shown in full, and from which of its lines on.
    pub whole: Option<usize>,
}

/// A line of the list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum DoctorLine<'a> {
    /// A check.
    Check(&'a Check),
    /// Something that the account is still asked.
    Waiting(Part),
}

impl DoctorView {
    /// Before anything is known; `waiting` is what the account will be asked.
    pub fn new(waiting: Vec<Part>) -> DoctorView {
        DoctorView { around: None, parts: BTreeMap::new(), waiting, list: ListState::default(), whole: None }
    }

    /// The lines, in the order of the command's.
    pub fn lines(&self) -> Vec<DoctorLine<'_>> {
        let around = |pick: fn(&Surroundings) -> &Vec<Check>| self.around.iter().flat_map(pick).map(DoctorLine::Check);
        let of_account = Part::ALL.into_iter().flat_map(|part| {
            let told = self.parts.get(&part).into_iter().flatten().map(DoctorLine::Check);
            told.chain(self.waiting.contains(&part).then_some(DoctorLine::Waiting(part)))
        });
        around(|around| &around.before).chain(of_account).chain(around(|around| &around.after)).collect()
    }

    /// The checks, in the same order.
    pub fn checks(&self) -> impl Iterator<Item = &Check> {
        self.lines().into_iter().filter_map(|line| if let DoctorLine::Check(check) = line { Some(check) } else { None })
    }

    /// How many checks ended so.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.checks().filter(|check| check.verdict == verdict).count()
    }

    /// The selected check.
    pub fn selected(&self) -> Option<&Check> {
        let lines = self.lines();
        match lines.get(self.list.selected.min(lines.len().saturating_sub(1))) {
            Some(DoctorLine::Check(check)) => Some(check),
            _ => None,
        }
    }

    pub(super) fn key(&mut self, key: KeyEvent, page: usize) -> Outcome {
        if key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL) {
            return Outcome::Close(None);
        }
        let page = isize::try_from(page.max(1)).unwrap_or(10);
        match key.code {
            KeyCode::Down | KeyCode::Char('j') => self.scroll(1),
            KeyCode::Up | KeyCode::Char('k') => self.scroll(-1),
            // A check takes several rows.
            KeyCode::PageDown | KeyCode::Char(' ') => self.scroll((page / 2).max(1)),
            KeyCode::PageUp => self.scroll(-(page / 2).max(1)),
            KeyCode::Home | KeyCode::Char('g') => self.scroll(isize::MIN / 2),
            KeyCode::End | KeyCode::Char('G') => self.scroll(isize::MAX / 2),
            KeyCode::Enter if self.whole.is_none() => self.whole = self.selected().map(|_| 0),
            KeyCode::Enter | KeyCode::Esc | KeyCode::Char('q') if self.whole.is_some() => self.whole = None,
            KeyCode::Char('r') => return Outcome::Stay(Choice::Command(Command::Doctor)),
            KeyCode::Esc | KeyCode::Char('q' | 'D') => return Outcome::Close(None),
            _ => return Outcome::Ignored,
        }
        Outcome::Consumed
    }

    /// Selects another line, or scrolls the check that is shown in full. How far it can be scrolled is known to the frame.
    pub(super) fn scroll(&mut self, delta: isize) {
        let len = self.lines().len();
        match &mut self.whole {
            Some(top) => *top = top.saturating_add_signed(delta).min(MOST_LINES),
            None => self.list.move_by(delta, len),
        }
    }

    /// A line was pressed: it is selected, and shown in full when it was selected already.
    pub(super) fn pick(&mut self, index: usize) {
        if self.whole.is_some() {
            self.whole = None;
            return;
        }
        let again = self.list.selected == index;
        self.list.selected = index.min(self.lines().len().saturating_sub(1));
        if again {
            self.whole = self.selected().map(|_| 0);
        }
    }
}

/// No check has more lines than this.
const MOST_LINES: usize = 400;

#[cfg(test)]
mod tests {
    use super::*;

    fn press(view: &mut DoctorView, code: KeyCode) -> Outcome {
        view.key(KeyEvent::new(code, KeyModifiers::NONE), 10)
    }

    fn view() -> DoctorView {
        let mut view = DoctorView::new(vec![Part::Quotas]);
        view.around = Some(Surroundings { before: vec![Check::ok("target", "aws")], after: vec![Check::ok("data", "sample")] });
        view.parts.insert(Part::Account, vec![Check::failed("account", "none", "sign in")]);
        view
    }

    #[test]
    fn enter_shows_a_check_in_full_and_esc_goes_back_before_it_closes() {
        let mut view = view();
        press(&mut view, KeyCode::Down);
        press(&mut view, KeyCode::Enter);
        assert_eq!((view.whole, view.selected().map(|check| check.name)), (Some(0), Some("account")));
        press(&mut view, KeyCode::Down);
        assert_eq!((view.whole, view.list.selected), (Some(1), 1), "it scrolls");
        assert_eq!(press(&mut view, KeyCode::Esc), Outcome::Consumed);
        assert_eq!(view.whole, None);
        press(&mut view, KeyCode::Down);
        press(&mut view, KeyCode::Enter);
        assert_eq!(view.whole, None, "there is nothing to show of what is awaited");
        assert_eq!(press(&mut view, KeyCode::Esc), Outcome::Close(None));
    }

    #[test]
    fn lines_are_in_the_order_of_the_command() {
        let view = view();
        let lines = view.lines();
        assert!(matches!(lines[2], DoctorLine::Waiting(Part::Quotas)));
        assert_eq!(lines.len(), 4);
        assert_eq!((view.count(Verdict::Failed), view.count(Verdict::Ok)), (1, 2));
    }

    #[test]
    fn a_second_press_on_a_line_opens_it() {
        let mut view = view();
        view.pick(1);
        assert_eq!((view.list.selected, view.whole), (1, None));
        view.pick(1);
        assert_eq!(view.whole, Some(0));
        view.pick(3);
        assert_eq!((view.list.selected, view.whole), (1, None));
    }
}
