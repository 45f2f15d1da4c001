//! The log of a step: lines as they come, followed at the end unless somebody looks back, searched by a text.

use std::collections::VecDeque;
use std::time::Duration;

use crate::app::sql::editor::bar::Field;
use crate::ops::OpError;
use crate::ops::pipeline::{LogCursor, LogLine, LogPage};

/// Lines kept, the newest ones.
const LINES: usize = 5000;
/// The shortest time between two questions for more lines.
const SOONEST: Duration = Duration::from_millis(400);
/// The longest.
const LATEST: Duration = Duration::from_secs(5);

/// The lines of a step.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Log {
    /// The lines, oldest first.
    pub lines: VecDeque<LogLine>,
    /// Lines that were dropped because there are too many.
    pub dropped: usize,
    /// Where the next lines begin.
    pub cursor: Option<LogCursor>,
    /// Why lines cannot be read.
    pub error: Option<OpError>,
    /// Whether the step is over and every line is there.
    pub complete: bool,
    /// The first line on the screen, counted in `lines`; `None` stays at the newest.
    pub top: Option<usize>,
    /// What is searched.
    pub search: Option<String>,
    /// What is being typed as a search.
    pub typing: Option<Field>,
    /// Answers in a row that had nothing new.
    quiet: u32,
}

impl Log {
    /// How long to wait before more lines are asked for: longer the longer nothing came.
    pub fn pause(&self) -> Duration {
        if self.cursor.is_none() && self.quiet == 0 {
            return Duration::ZERO;
        }
        (SOONEST * 2_u32.saturating_pow(self.quiet.min(8))).min(LATEST)
    }

    /// Takes lines; `over` is whether the step had ended when they were asked for.
    pub fn take(&mut self, answer: Result<LogPage, OpError>, over: bool) {
        match answer {
            Ok(page) => {
                self.error = None;
                self.quiet = if page.lines.is_empty() { self.quiet.saturating_add(1) } else { 0 };
                // What a service has is not always all there is at once: the end is believed when nothing comes twice.
                self.complete = over && self.quiet >= 2;
                self.lines.extend(page.lines);
                if page.next.is_some() {
                    self.cursor = page.next;
                }
                let too_many = self.lines.len().saturating_sub(LINES);
                self.lines.drain(..too_many);
                self.dropped += too_many;
                self.top = self.top.map(|top| top.saturating_sub(too_many));
            }
            Err(error) => {
                self.quiet = self.quiet.saturating_add(1);
                self.complete = over;
                self.error = Some(error);
            }
        }
    }

    /// Scrolls; at the end the newest line is followed again. `page` is how many lines are on the screen.
    pub fn scroll(&mut self, delta: isize, page: usize) {
        let end = self.lines.len().saturating_sub(page);
        let top = self.top.unwrap_or(end).saturating_add_signed(delta);
        self.top = (top < end).then_some(top);
    }

    /// Lines that hold what is searched.
    pub fn found(&self) -> Vec<usize> {
        let Some(search) = self.search.as_ref().filter(|text| !text.is_empty()) else { return Vec::new() };
        let search = search.to_lowercase();
        self.lines.iter().enumerate().filter(|(_, line)| line.text.to_lowercase().contains(&search)).map(|(at, _)| at).collect()
    }

    /// Goes to the next place of what is searched, or the one before, around the end. Gives whether there is one.
    pub fn find(&mut self, forward: bool, page: usize) -> bool {
        let found = self.found();
        let end = self.lines.len().saturating_sub(page);
        let here = self.top.unwrap_or(end);
        let next = if forward {
            found.iter().find(|at| **at > here).or_else(|| found.first())
        } else {
            found.iter().rev().find(|at| **at < here).or_else(|| found.last())
        };
        match next {
            Some(at) => {
                self.top = Some(*at);
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::app::tests::at;

    fn page(lines: &[&str]) -> Result<LogPage, OpError> {
        let lines = lines.iter().map(|text| LogLine { at: at(0), text: (*text).to_owned() }).collect();
        Ok(LogPage { lines, next: None })
    }

    #[test]
    fn the_longer_nothing_comes_the_longer_the_pause() {
        let mut log = Log::default();
        assert_eq!(log.pause(), Duration::ZERO, "the first lines are wanted at once");
        let mut before = Duration::ZERO;
        for _ in 0..8 {
            log.take(page(&[]), false);
            assert!(log.pause() >= before && log.pause() <= LATEST);
            before = log.pause();
        }
        assert_eq!(before, LATEST);
        log.take(page(&["a"]), false);
        assert!(log.pause() < before);
        assert!(!log.complete);
        log.take(page(&[]), true);
        assert!(!log.complete, "a line may be late");
        log.take(page(&[]), true);
        assert!(log.complete);
    }

    #[test]
    fn looking_back_stops_following_and_the_end_follows_again() {
        let mut log = Log::default();
        log.take(page(&["a", "b", "c", "d", "e"]), false);
        log.scroll(-1, 2);
        assert_eq!(log.top, Some(2));
        log.take(page(&["f"]), false);
        assert_eq!(log.top, Some(2), "what is read does not move");
        log.scroll(9, 2);
        assert_eq!(log.top, None);
    }

    #[test]
    fn the_search_goes_round() {
        let mut log = Log::default();
        log.take(page(&["one", "TWO", "three", "two"]), false);
        log.search = Some("two".into());
        assert!(log.find(true, 1));
        assert_eq!(log.top, Some(1));
        assert!(log.find(true, 1));
        assert_eq!(log.top, Some(3));
        assert!(log.find(true, 1));
        assert_eq!(log.top, Some(1));
        log.search = Some("four".into());
        assert!(!log.find(false, 1));
    }

    #[test]
    fn the_oldest_lines_give_way() {
        let mut log = Log::default();
        let many = vec!["x"; LINES + 3];
        log.take(page(&many), false);
        assert_eq!((log.lines.len(), log.dropped), (LINES, 3));
    }
}
