//! One result: its rows, and where one looks at them.

use std::ops::Range;
use std::sync::Arc;

use super::job::{Answer, Job, Msg, Order, Task};
use super::{ChartView, Columns, CompareView, Prompt, PromptKind, View};
use crate::app::effect::Effect;
use crate::app::latest::{Latest, Ticket};
use crate::app::list::ListState;
use crate::app::sql::run::RunId;
use crate::demo::figures;
use crate::ops::query::{Cell, Page, QueryResult};
use crate::ops::results::{Arrangement, ChartSpec, Condition, Needle, SortKey, Store, StoreError, Test};
use crate::ops::{OpError, OpErrorKind};

/// Rows that decide how wide a column is. Later rows do not move the columns under the reader's eyes.
const MEASURED: usize = 200;
/// Rows that are fetched at least ahead of what is on the screen.
const AHEAD: u64 = 500;

/// A sentence about what was asked for; it goes with the next command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The sentence.
    pub text: String,
    /// Whether something went wrong.
    pub bad: bool,
}

/// A text that was looked for.
#[derive(Debug, Clone)]
pub struct Search {
    /// The text.
    pub text: String,
    /// Where it is among the shown rows; `None` while it is looked for.
    pub places: Option<Arc<Vec<u32>>>,
}

/// Work that the reader waits for.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// What is done, for people.
    pub words: &'static str,
    /// How much is done.
    pub done: u64,
    /// Of how much; 0 when that is not known.
    pub of: u64,
}

/// A result set.
#[derive(Debug, Clone)]
pub struct ResultSet {
    /// The run that gave it.
    pub run: RunId,
    /// What the service said of it; its first page is moved to `store`.
    pub meta: Arc<QueryResult>,
    /// The statement.
    pub sql: String,
    /// The rows fetched so far.
    pub store: Arc<Store>,
    /// From sending to the last row of the first page, in seconds.
    pub seconds: f64,
    /// How columns stand in the grid.
    pub columns: Columns,
    /// The row under the cursor, among those that are shown.
    pub list: ListState,
    /// What is shown of it.
    pub view: View,
    /// Whether it stays when the next result comes.
    pub pinned: bool,
    /// What is sorted and filtered.
    pub arrangement: Arrangement,
    /// Which rows are shown, in their order; without it all are.
    order: Order,
    /// The text that was looked for.
    pub search: Option<Search>,
    /// The line being typed.
    pub prompt: Option<Prompt>,
    /// A sentence about what was asked for.
    pub said: Option<Said>,
    /// Where the selection began: row and place of the column; whole rows without a place.
    anchor: Option<(usize, Option<usize>)>,
    /// Why rows did not come.
    pub broken: Option<OpError>,
    /// The work that the reader waits for.
    pub waiting: Option<Waiting>,
    job: Latest,
    page: Latest,
    /// Whether the cursor goes to the last row when it is there.
    to_end: bool,
}

impl ResultSet {
    /// A result whose first page is there.
    pub fn new(run: RunId, mut result: QueryResult, sql: String, seconds: f64) -> Self {
        let page = std::mem::replace(&mut result.page, Page { rows: Vec::new(), next: None });
        let columns = Columns::new(&result.columns, &page.rows[..page.rows.len().min(MEASURED)]);
        let store = Arc::new(Store::new(result.columns.clone(), page));
        ResultSet {
            run,
            meta: Arc::new(result),
            sql,
            store,
            seconds,
            columns,
            list: ListState::default(),
            view: View::Grid,
            pinned: false,
            arrangement: Arrangement::default(),
            order: None,
            search: None,
            prompt: None,
            said: None,
            anchor: None,
            broken: None,
            waiting: None,
            job: Latest::default(),
            page: Latest::default(),
            to_end: false,
        }
    }

    /// Rows of the result, where the service says, or as far as they are fetched.
    pub fn total_rows(&self) -> u64 {
        let fetched = self.store.rows();
        if self.store.complete() {
            fetched.max(self.meta.total_rows.filter(|_| self.meta.columns.is_empty()).unwrap_or(0))
        } else {
            self.meta.total_rows.unwrap_or(fetched)
        }
    }

    /// Rows that are shown.
    pub fn shown_rows(&self) -> u64 {
        self.order.as_ref().map_or_else(|| self.store.rows(), |order| order.len() as u64)
    }

    /// The shown row at a place.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn row(&self, place: u64) -> Result<Option<Vec<Cell>>, StoreError> {
        match self.number(place) {
            Some(number) => self.store.row(number),
            None => Ok(None),
        }
    }

    /// The number in the result of the shown row at a place.
    pub fn number(&self, place: u64) -> Option<u64> {
        match &self.order {
            Some(order) => order.get(usize::try_from(place).ok()?).map(|number| u64::from(*number)),
            None => Some(place),
        }
    }

    /// The cell under the cursor.
    pub fn cell(&self) -> Option<Cell> {
        let row = self.row(self.list.selected as u64).ok()??;
        row.get(self.columns.current()?).cloned()
    }

    /// The selected rows and places of columns.
    pub fn selection(&self) -> Option<(Range<u64>, Range<usize>)> {
        let (row, place) = self.anchor?;
        let rows = row.min(self.list.selected) as u64..row.max(self.list.selected) as u64 + 1;
        let cursor = self.columns.cursor();
        let places = match place {
            Some(place) => place.min(cursor)..place.max(cursor) + 1,
            None => 0..self.columns.order().len(),
        };
        Some((rows, places))
    }

    /// Begins a selection at the cursor, or ends it.
    pub fn mark(&mut self, whole_rows: bool) {
        let place = (!whole_rows).then_some(self.columns.cursor());
        self.anchor = match self.anchor {
            Some((_, now)) if now.is_none() == whole_rows => None,
            _ => Some((self.list.selected, place)),
        };
    }

    /// Whether work goes on.
    pub fn working(&self) -> bool {
        self.job.pending() || self.page.pending()
    }

    /// Whether work goes on that can be cancelled.
    pub fn cancellable(&self) -> bool {
        self.waiting.is_some()
    }

    /// Cancels the work that the reader waits for.
    pub fn cancel(&mut self) -> Vec<Effect> {
        if self.waiting.take().is_none() {
            return Vec::new();
        }
        self.job.abandon();
        self.page.abandon();
        self.to_end = false;
        self.said = Some(Said { text: "Cancelled".to_owned(), bad: false });
        vec![Effect::CancelResult(self.run)]
    }

    fn start(&mut self, job: Job) -> Vec<Effect> {
        let ticket = self.job.issue();
        if !matches!(job, Job::Complete(_)) {
            self.waiting = Some(Waiting { words: job.words(), done: 0, of: 0 });
        }
        let task = Task { store: Arc::clone(&self.store), meta: Arc::clone(&self.meta), job };
        vec![Effect::Result { run: self.run, ticket, task }]
    }

    fn fetch(&mut self, rows: u64) -> Vec<Effect> {
        let task = Task { store: Arc::clone(&self.store), meta: Arc::clone(&self.meta), job: Job::Fetch(rows) };
        vec![Effect::Result { run: self.run, ticket: self.page.issue(), task }]
    }

    /// Asks for more rows when those on the screen, `height` of them, come near the end of what is there.
    pub fn fetch_if_near(&mut self, height: usize) -> Vec<Effect> {
        let ahead = 3 * height.max(10) as u64;
        let wanted = self.list.selected as u64 + ahead;
        if self.order.is_some() || wanted < self.store.rows() || self.store.complete() || self.page.pending() || self.broken.is_some() {
            return Vec::new();
        }
        self.fetch(wanted.max(self.store.rows()) + AHEAD)
    }

    /// Moves the row under the cursor.
    pub fn move_rows(&mut self, delta: isize, height: usize) -> Vec<Effect> {
        self.list.move_by(delta, usize::try_from(self.shown_rows()).unwrap_or(usize::MAX));
        // A row that is asked for again may come this time.
        self.broken = None;
        self.fetch_if_near(height)
    }

    /// Goes to the last row; the rest of the rows is fetched first.
    pub fn go_to_end(&mut self) -> Vec<Effect> {
        self.list.last(usize::try_from(self.shown_rows()).unwrap_or(usize::MAX));
        if self.store.complete() || self.order.is_some() {
            return Vec::new();
        }
        self.to_end = true;
        self.waiting = Some(Waiting { words: "Fetching rows", done: self.store.rows(), of: self.meta.total_rows.unwrap_or(0) });
        self.broken = None;
        self.fetch(u64::MAX)
    }

    /// Goes to a row by its number, counted from one.
    pub fn go_to_row(&mut self, number: u64, height: usize) -> Vec<Effect> {
        let last = self.shown_rows().saturating_sub(1);
        let wanted = number.saturating_sub(1);
        if wanted > last && !self.store.complete() && self.order.is_none() {
            let (words, of) = ("Fetching rows", wanted + 1);
            self.list.selected = usize::try_from(last).unwrap_or(usize::MAX);
            self.to_end = true;
            self.waiting = Some(Waiting { words, done: self.store.rows(), of });
            return self.fetch(wanted + 1);
        }
        self.list.selected = usize::try_from(wanted.min(last)).unwrap_or(usize::MAX);
        self.fetch_if_near(height)
    }

    /// Sorts by the column under the cursor: upwards, downwards, not at all. `more` keeps the other columns.
    pub fn sort(&mut self, more: bool) -> Vec<Effect> {
        let Some(column) = self.columns.current() else { return Vec::new() };
        let mut wanted = self.arrangement.clone();
        let now = wanted.sort.iter().position(|key| key.column == column);
        if !more {
            wanted.sort.retain(|key| key.column == column);
        }
        let at = wanted.sort.iter().position(|key| key.column == column);
        match (now, at) {
            (Some(_), Some(at)) if wanted.sort[at].descending => {
                wanted.sort.remove(at);
            }
            (Some(_), Some(at)) => wanted.sort[at].descending = true,
            _ => wanted.sort.push(SortKey { column, descending: false, nulls_first: false }),
        }
        self.arrange(wanted)
    }

    /// Puts NULL at the other end.
    pub fn sort_nulls(&mut self) -> Vec<Effect> {
        let mut wanted = self.arrangement.clone();
        for key in &mut wanted.sort {
            key.nulls_first = !key.nulls_first;
        }
        if wanted.sort.is_empty() { Vec::new() } else { self.arrange(wanted) }
    }

    /// Sets the condition on a column.
    pub fn filter(&mut self, column: usize, test: Option<Test>) -> Vec<Effect> {
        let mut wanted = self.arrangement.clone();
        wanted.filter.conditions.retain(|condition| condition.column != column);
        wanted.filter.conditions.extend(test.map(|test| Condition { column, test }));
        self.arrange(wanted)
    }

    /// Sets the text that any cell of a row has.
    pub fn filter_anywhere(&mut self, text: &str) -> Vec<Effect> {
        let mut wanted = self.arrangement.clone();
        wanted.filter.anywhere = (!text.trim().is_empty()).then(|| text.trim().to_owned());
        self.arrange(wanted)
    }

    /// Shows only rows with the value of the cell under the cursor.
    pub fn filter_value(&mut self) -> Vec<Effect> {
        let (Some(cell), Some(column)) = (self.cell(), self.columns.current()) else { return Vec::new() };
        let test = if cell == Cell::Null { Test::Null } else { Test::Is(cell.text()) };
        self.filter(column, Some(test))
    }

    fn arrange(&mut self, wanted: Arrangement) -> Vec<Effect> {
        if wanted == self.arrangement && !self.job.pending() {
            return Vec::new();
        }
        if wanted.is_plain() {
            return self.plain();
        }
        self.start(Job::Arrange(wanted))
    }

    /// Every row again, as it came.
    fn plain(&mut self) -> Vec<Effect> {
        let number = self.number(self.list.selected as u64);
        self.arrangement = Arrangement::default();
        self.order = None;
        self.anchor = None;
        self.list.selected = number.and_then(|number| usize::try_from(number).ok()).unwrap_or(0);
        self.job.abandon();
        self.waiting = None;
        self.again()
    }

    /// Shows these rows in this order, as it was asked for.
    pub fn show_order(&mut self, arrangement: Arrangement, order: Vec<u32>) {
        self.arrangement = arrangement;
        self.order = Some(Arc::new(order));
        self.anchor = None;
        self.list.first();
    }

    /// What depends on which rows are shown is asked for again.
    fn again(&mut self) -> Vec<Effect> {
        match self.search.clone() {
            Some(search) => self.find(search.text),
            None => Vec::new(),
        }
    }

    /// Looks for a text in the shown columns.
    pub fn find(&mut self, text: String) -> Vec<Effect> {
        self.search = Some(Search { text: text.clone(), places: None });
        self.start(Job::Find(text, self.columns.order().to_vec(), self.order.clone()))
    }

    /// Goes to the next place of the text, or the one before, around the ends.
    pub fn find_next(&mut self, forward: bool, room: usize) {
        let Some(Search { text, places: Some(places) }) = self.search.clone() else { return };
        let needle = Needle::new(&text);
        let here = self.list.selected as u32;
        let columns_of = |set: &ResultSet, place: u32| -> Vec<usize> {
            let row = set.row(u64::from(place)).ok().flatten().unwrap_or_default();
            let hit = |column: &usize| row.get(*column).is_some_and(|cell| needle.is_in(cell.into()));
            set.columns.order().iter().enumerate().filter(|(_, column)| hit(column)).map(|(at, _)| at).collect()
        };
        // In the same row first.
        let cursor = self.columns.cursor();
        let same = columns_of(self, here);
        let beside = if forward { same.iter().find(|at| **at > cursor) } else { same.iter().rev().find(|at| **at < cursor) };
        if let Some(at) = beside.copied() {
            self.columns.go_to(at, room);
            return;
        }
        let place = if forward {
            places.iter().find(|place| **place > here).or_else(|| places.first())
        } else {
            places.iter().rev().find(|place| **place < here).or_else(|| places.last())
        };
        if let Some(place) = place.copied() {
            self.list.selected = place as usize;
            let found = columns_of(self, place);
            if let Some(at) = if forward { found.first() } else { found.last() } {
                self.columns.go_to(*at, room);
            }
        }
    }

    /// Which of the places of the text is under the cursor, counted from one, and how many there are.
    pub fn found(&self) -> Option<(usize, usize)> {
        let places = self.search.as_ref()?.places.as_ref()?;
        let before = places.partition_point(|place| (*place as usize) < self.list.selected);
        let here = places.get(before).is_some_and(|place| *place as usize == self.list.selected);
        Some((if here { before + 1 } else { 0 }, places.len()))
    }

    /// Looks at the column under the cursor.
    pub fn profile(&mut self) -> Vec<Effect> {
        match self.columns.current() {
            Some(column) => self.start(Job::Profile(column, self.order.clone())),
            None => Vec::new(),
        }
    }

    /// Makes a picture, or closes it.
    pub fn chart(&mut self) -> Vec<Effect> {
        if let View::Chart(_) = self.view {
            self.view = View::Grid;
            return Vec::new();
        }
        let spec = ChartSpec::suited(&self.meta.columns);
        self.view = View::Chart(Box::new(ChartView { spec, data: None, field: 0, refused: None }));
        self.draw_chart()
    }

    /// Computes the picture anew.
    pub fn draw_chart(&mut self) -> Vec<Effect> {
        let View::Chart(chart) = &mut self.view else { return Vec::new() };
        let spec = chart.spec;
        chart.refused = spec.refused(&self.meta.columns);
        if chart.refused.is_some() {
            return Vec::new();
        }
        let order = self.order.clone();
        self.start(Job::Chart(spec, order))
    }

    /// Compares with another result: by position, or by the selected columns (that under the cursor without a selection).
    pub fn compare(&mut self, other: &ResultSet, by_key: bool) -> Vec<Effect> {
        use crate::ops::results::Pairing;
        let pairing = if by_key {
            let places = self.selection().map_or_else(|| self.columns.cursor()..self.columns.cursor() + 1, |(_, places)| places);
            Pairing::Keys(places.filter_map(|place| self.columns.at(place)).collect())
        } else {
            Pairing::Position
        };
        self.start(Job::Compare(Arc::clone(&other.store), Arc::clone(&other.meta), pairing))
    }

    /// Writes a file.
    pub fn export(&mut self, export: crate::ops::results::Export) -> Vec<Effect> {
        let order = self.order.clone();
        self.start(Job::Export(export, order))
    }

    /// Asks what the path being typed can be completed to.
    pub fn complete(&mut self, typed: String) -> Vec<Effect> {
        if self.waiting.is_some() { Vec::new() } else { self.start(Job::Complete(typed)) }
    }

    /// Makes columns as wide as what is on the screen.
    pub fn fit(&mut self, all: bool, top: usize, height: usize) {
        let rows: Vec<Vec<Cell>> = (top..top + height.max(1)).filter_map(|place| self.row(place as u64).ok().flatten()).collect();
        self.columns.fit(all, &self.meta.columns, &rows);
    }

    /// Goes back one level: what is typed, a view, a selection, a search, sorting and filtering. `false` when there is none left.
    pub fn back(&mut self) -> Option<Vec<Effect>> {
        if self.prompt.take().is_some() {
            return Some(Vec::new());
        }
        if self.cancellable() {
            return Some(self.cancel());
        }
        if !matches!(self.view, View::Grid) {
            self.view = View::Grid;
            return Some(Vec::new());
        }
        if self.anchor.take().is_some() || self.search.take().is_some() {
            return Some(Vec::new());
        }
        if !self.arrangement.is_plain() {
            return Some(self.plain());
        }
        None
    }

    /// Takes a message.
    pub fn update(&mut self, msg: Msg) -> Vec<Effect> {
        match msg {
            Msg::Fetching(ticket, done, of) => {
                if self.page.is_current(ticket) && self.to_end {
                    self.progress(done, of);
                }
                Vec::new()
            }
            Msg::Progress(ticket, done, of) => {
                if self.job.is_current(ticket) {
                    self.progress(done, of);
                }
                Vec::new()
            }
            Msg::Fetched(ticket, answer) => self.fetched(ticket, answer.err()),
            Msg::Ended(ticket, answer) => self.ended(ticket, *answer),
        }
    }

    fn progress(&mut self, done: u64, of: u64) {
        if let Some(waiting) = &mut self.waiting {
            (waiting.done, waiting.of) = (done, of);
        }
    }

    fn ended(&mut self, ticket: Ticket, answer: Result<Answer, OpError>) -> Vec<Effect> {
        if !self.job.settle(ticket) {
            return Vec::new();
        }
        self.waiting = None;
        match answer {
            Err(error) if error.kind == OpErrorKind::Cancelled => Vec::new(),
            Err(error) => {
                self.said = Some(Said { text: error.to_string(), bad: true });
                Vec::new()
            }
            Ok(answer) => self.take(answer),
        }
    }

    fn fetched(&mut self, ticket: Ticket, error: Option<OpError>) -> Vec<Effect> {
        if !self.page.settle(ticket) {
            return Vec::new();
        }
        if std::mem::take(&mut self.to_end) {
            self.waiting = None;
            if error.is_none() {
                self.list.last(usize::try_from(self.shown_rows()).unwrap_or(usize::MAX));
            }
        }
        self.broken = error.filter(|error| error.kind != OpErrorKind::Cancelled);
        Vec::new()
    }

    fn take(&mut self, answer: Answer) -> Vec<Effect> {
        match answer {
            Answer::Arranged(arrangement, order) => {
                self.show_order(arrangement, order);
                return self.again();
            }
            Answer::Found(text, places) => {
                if places.is_empty() {
                    self.said = Some(Said { text: format!("“{text}” is nowhere in the shown rows"), bad: false });
                }
                let here = self.list.selected as u32;
                if let Some(first) = places.iter().find(|place| **place >= here).or_else(|| places.first()) {
                    self.list.selected = *first as usize;
                }
                self.search = Some(Search { text, places: Some(Arc::new(places)) });
            }
            Answer::Profiled(profile) => self.view = View::Profile(Box::new(profile)),
            Answer::Charted(spec, data) => {
                if let View::Chart(chart) = &mut self.view {
                    chart.data = Some((spec, data));
                }
            }
            Answer::Compared(found, other) => {
                self.view = View::Compare(Box::new(CompareView { found: *found, other, row: 0, first: 0 }));
            }
            Answer::Exported(path, rows) => {
                self.said = Some(Said { text: format!("✔ {} written to {}", figures::counted(rows, "row"), path.display()), bad: false });
            }
            Answer::Exists(export) => self.prompt = Some(Prompt::new(PromptKind::Replace(Box::new(export)), String::new(), "")),
            Answer::Completed(typed, found) => self.completed(&typed, &found),
        }
        Vec::new()
    }

    fn completed(&mut self, typed: &str, found: &[String]) {
        let Some(prompt) = self.prompt.as_mut().filter(|prompt| prompt.text == typed) else { return };
        match found {
            [] => prompt.hint = "nothing there begins like this".to_owned(),
            [only] => {
                prompt.text.clone_from(only);
                prompt.cursor = prompt.text.len();
            }
            [first, rest @ ..] => {
                let common = rest.iter().fold(first.as_str(), |common, other| {
                    let same = common
                        .char_indices()
                        .zip(other.chars())
                        .find(|((_, a), b)| a != b)
                        .map_or(common.len().min(other.len()), |((at, _), _)| at);
                    &common[..same]
                });
                prompt.text = common.to_owned();
                prompt.cursor = prompt.text.len();
                let names: Vec<&str> = found.iter().map(|path| path.trim_end_matches('/').rsplit('/').next().unwrap_or(path)).collect();
                prompt.hint = names.join("  ");
            }
        }
    }
}
