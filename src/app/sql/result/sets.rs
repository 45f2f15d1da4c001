//! The results that a tab has open.

use super::ResultSet;
use crate::app::sql::run::RunId;

/// Results open at once; the oldest that is not pinned makes room.
const MOST: usize = 24;

/// The results that a tab has open.
#[derive(Debug, Clone, Default)]
pub struct Results {
    sets: Vec<ResultSet>,
    shown: usize,
}

impl Results {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.sets.is_empty()
    }

    /// Every one, in order.
    pub fn all(&self) -> &[ResultSet] {
        &self.sets
    }

    /// The place of the one on the screen.
    pub fn place(&self) -> usize {
        self.shown
    }

    /// The one on the screen.
    pub fn current(&self) -> Option<&ResultSet> {
        self.sets.get(self.shown)
    }

    /// The one on the screen.
    pub fn current_mut(&mut self) -> Option<&mut ResultSet> {
        self.sets.get_mut(self.shown)
    }

    /// The one of a run.
    pub fn of_run(&mut self, run: RunId) -> Option<&mut ResultSet> {
        self.sets.iter_mut().find(|set| set.run == run)
    }

    /// Puts a new result on the screen, in the place of the one that is there unless that is pinned.
    pub fn show(&mut self, set: ResultSet) {
        match self.sets.get_mut(self.shown) {
            Some(now) if !now.pinned => *now = set,
            _ => self.add(set),
        }
    }

    /// Puts a new result on the screen beside those that are open.
    pub fn add(&mut self, set: ResultSet) {
        if self.sets.len() >= MOST
            && let Some(oldest) = self.sets.iter().position(|set| !set.pinned)
        {
            self.sets.remove(oldest);
        }
        self.sets.push(set);
        self.shown = self.sets.len() - 1;
    }

    /// Goes to the next result, or the one before, around the ends.
    pub fn step(&mut self, forward: bool) {
        let count = self.sets.len();
        if count > 0 {
            self.shown = (self.shown + if forward { 1 } else { count - 1 }) % count;
        }
    }

    /// Goes to a result.
    pub fn go_to(&mut self, place: usize) {
        self.shown = place.min(self.sets.len().saturating_sub(1));
    }

    /// Closes the result on the screen; gives its run, whose work has to end.
    pub fn close(&mut self) -> Option<RunId> {
        let run = self.current()?.run;
        self.sets.remove(self.shown);
        self.shown = self.shown.min(self.sets.len().saturating_sub(1));
        Some(run)
    }

    /// Whether work goes on for one of them.
    pub fn working(&self) -> bool {
        self.sets.iter().any(ResultSet::working)
    }
}
