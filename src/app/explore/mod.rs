//! The Explore pane: the columns of the table with tiny previews, a picture of the selected one in several views, the months of the
//! campaign and the findings. Everything is computed by SQL where the table is; this module decides what is asked, and when.

mod ask;
mod command;
#[cfg(test)]
pub(crate) mod fixture;
mod image;
#[cfg(test)]
mod tests;
mod view;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub use ask::{Ask, Msg};
pub use command::Command;
pub use image::{Image, Images, Order};
pub use view::View;

use super::effect::Effect;
use super::latest::Latest;
use super::list::ListState;
use crate::ops::OpError;
use crate::ops::exploration::{Found, Preview, Previews, Subject, Table};
use crate::ops::query::QueryEngine;

/// How long a question waits for a newer one: who runs through the columns asks about the last.
const PAUSE: Duration = Duration::from_millis(90);

/// What came of a question.
pub type Answer = Result<Arc<Found>, OpError>;

/// The state of the pane.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// Who has the table, once somebody has.
    pub source: Option<QueryEngine>,
    /// The table.
    pub table: Option<Arc<Table>>,
    /// Why it cannot be read.
    pub error: Option<OpError>,
    /// Every column at a glance.
    pub previews: Option<Result<Arc<Previews>, OpError>>,
    /// The selected column.
    pub list: ListState,
    /// What is shown.
    pub view: View,
    /// The selected bar, pair, month or finding.
    pub mark: ListState,
    /// The first line of the statements on the screen, when they are shown.
    pub statements: Option<usize>,
    /// Whether keys go to the picture and not to the columns.
    inside: bool,
    /// The column upwards in a density, as far as one was chosen.
    other: Option<String>,
    /// Pictures as images.
    pub images: Images,
    found: BTreeMap<Subject, Answer>,
    /// What is awaited.
    asked: Option<Subject>,
    open: Latest,
    preview: Latest,
    find: Latest,
    save: Latest,
}

/// A statement for the console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// What it is about.
    pub title: String,
    /// Who answers.
    pub engine: QueryEngine,
    /// The text.
    pub sql: String,
    /// Whether it is run at once.
    pub run: bool,
}

impl State {
    /// Nothing yet, on a theme.
    pub fn on(theme: &str) -> State {
        let mut state = State::default();
        state.images.suit(theme);
        state
    }

    /// Sets who has the table. Somebody else means that everything is asked again.
    pub fn set_source(&mut self, source: Option<QueryEngine>) {
        if self.source != source {
            self.source = source;
            self.forget();
        }
    }

    /// Forgets what was found: it is asked again when it is looked at.
    pub fn forget(&mut self) {
        self.table = None;
        self.error = None;
        self.previews = None;
        self.found.clear();
        self.images.forget();
        self.asked = None;
        self.inside = false;
        self.statements = None;
        for latest in [&mut self.open, &mut self.preview, &mut self.find] {
            latest.abandon();
        }
    }

    /// Asks for what is missing of what is shown.
    pub fn want(&mut self) -> Vec<Effect> {
        let Some(engine) = self.source else { return Vec::new() };
        let Some(table) = self.table.clone() else {
            if self.open.pending() || self.error.is_some() {
                return Vec::new();
            }
            return vec![Effect::Explore(Ask::Open { ticket: self.open.issue(), engine })];
        };
        let mut effects = Vec::new();
        if let Some(subject) = self.subject().filter(|subject| !self.found.contains_key(subject) && self.asked.as_ref() != Some(subject)) {
            let after = if self.asked.is_some() { PAUSE } else { Duration::ZERO };
            self.asked = Some(subject.clone());
            effects.push(Effect::Explore(Ask::Find { ticket: self.find.issue(), table: Arc::clone(&table), subject, after }));
        }
        effects.extend(self.want_image());
        if self.previews.is_none() && !self.preview.pending() {
            effects.push(Effect::Explore(Ask::Preview { ticket: self.preview.issue(), table }));
        }
        effects
    }

    /// Asks for the image of what is shown, where there is room for one.
    fn want_image(&mut self) -> Option<Effect> {
        if !self.as_image() {
            return None;
        }
        let order = self.images.order(self.subject()?)?;
        let found = Arc::clone(self.shown()?);
        let ticket = self.images.ask(&order)?;
        Some(Effect::Explore(Ask::Draw { ticket, found, order }))
    }

    /// Whether the picture may be an image now: not while its parts are selected or its statements are read.
    pub fn as_image(&self) -> bool {
        self.images.on && self.images.possible && self.view.as_image() && !self.inside() && self.statements.is_none()
    }

    /// The image of what is shown for a room of so many columns and rows, once there is one.
    pub fn image(&self, room: (u16, u16)) -> Option<&Arc<Image>> {
        if self.as_image() { self.images.of(&self.subject()?, room) } else { None }
    }

    /// The name of the selected column.
    pub fn column(&self) -> Option<&str> {
        self.table.as_ref()?.columns.get(self.list.selected).map(|column| column.name.as_str())
    }

    /// Whether the selected column holds numbers.
    pub fn numeric(&self) -> bool {
        self.table.as_ref().and_then(|table| table.columns.get(self.list.selected)).is_some_and(|column| column.numeric)
    }

    /// The columns of the table.
    pub fn columns(&self) -> usize {
        self.table.as_ref().map_or(0, |table| table.columns.len())
    }

    /// The numeric columns but the selected one.
    pub fn others(&self) -> Vec<&str> {
        let here = self.column();
        self.table.iter().flat_map(|table| table.numeric()).filter(|name| Some(*name) != here).collect()
    }

    /// The column upwards in a density: the chosen one, or the next one of the table.
    pub fn other(&self) -> Option<&str> {
        let others = self.others();
        let chosen = self.other.as_deref().and_then(|chosen| others.iter().find(|name| **name == chosen));
        let next = || {
            let table = self.table.as_ref()?;
            let after = table.columns.iter().skip(self.list.selected + 1).find(|column| column.numeric);
            after.map(|column| column.name.as_str())
        };
        chosen.copied().or_else(next).or_else(|| others.first().copied())
    }

    /// What is shown, as a question.
    pub fn subject(&self) -> Option<Subject> {
        match self.view {
            View::Distribution | View::Answers => Some(Subject::Column(self.column()?.to_owned())),
            View::Correlations => Some(Subject::Correlations),
            View::Pairs => Some(Subject::Matrix),
            View::Density if self.numeric() => Some(Subject::Density(self.column()?.to_owned(), self.other()?.to_owned())),
            View::Density => None,
            View::Order => Some(Subject::Order),
            View::Findings => Some(Subject::Findings),
        }
    }

    /// What came of what is shown, as far as it did.
    pub fn answer(&self) -> Option<&Answer> {
        self.found.get(&self.subject()?)
    }

    /// What is shown.
    pub fn shown(&self) -> Option<&Arc<Found>> {
        self.answer()?.as_ref().ok()
    }

    /// What is known of a question already, whatever is shown.
    pub fn known(&self, subject: &Subject) -> Option<&Found> {
        self.found.get(subject)?.as_ref().ok().map(Arc::as_ref)
    }

    /// The preview of a column.
    pub fn preview(&self, column: &str) -> Option<&Preview> {
        self.previews.as_ref()?.as_ref().ok()?.of(column)
    }

    /// Whether something is asked of the table.
    pub fn pending(&self) -> bool {
        self.open.pending() || self.preview.pending() || self.find.pending()
    }

    /// How much of the picture can be selected.
    pub fn marks(&self) -> usize {
        match self.shown().map(Arc::as_ref) {
            Some(Found::Picture(picture)) => picture.bars.len(),
            Some(Found::Correlations(_) | Found::Matrix(_)) if self.numeric() => self.others().len(),
            Some(Found::Order(order)) => order.periods.len(),
            Some(Found::Findings(findings)) => findings.findings.len(),
            Some(Found::Density(density)) => density.cells.len(),
            Some(Found::Correlations(_) | Found::Matrix(_)) | None => 0,
        }
    }

    /// Whether keys go to the picture and not to the columns.
    pub fn inside(&self) -> bool {
        (self.inside || !self.view.of_column()) && self.marks() > 0
    }

    /// Selects a column.
    pub fn select(&mut self, index: usize) {
        self.list.selected = index.min(self.columns().saturating_sub(1));
        self.leave();
    }

    /// Selects a part of the picture.
    pub fn select_mark(&mut self, index: usize) {
        if index < self.marks() {
            self.inside = true;
            self.mark.selected = index;
        }
    }

    /// Moves the selection, or scrolls the statements, of which `drawn` is the first line on the screen.
    pub fn move_by(&mut self, delta: isize, drawn: usize) {
        if let Some(top) = &mut self.statements {
            *top = drawn.min(*top).saturating_add_signed(delta);
        } else if self.inside() {
            let marks = self.marks();
            self.mark.move_by(delta, marks);
        } else if self.view.of_column() {
            let columns = self.columns();
            self.list.move_by(delta, columns);
            self.leave();
        }
    }

    fn leave(&mut self) {
        self.inside = false;
        self.mark.first();
        self.statements = None;
    }

    /// Goes back one level; whether there was one.
    pub fn back(&mut self) -> bool {
        if self.statements.take().is_some() {
            return true;
        }
        let was = self.inside && self.view.of_column() && self.marks() > 0;
        self.inside = false;
        was
    }

    /// Shows a view.
    pub fn show(&mut self, view: View) {
        if self.view != view {
            self.view = view;
            self.leave();
        }
    }

    /// Goes into the picture, or looks behind what is selected in it. Gives the statement that shows the rows behind it.
    pub fn open(&mut self) -> Option<Statement> {
        if self.statements.take().is_some() {
            return None;
        }
        if !self.inside() {
            self.inside = self.marks() > 0;
            self.mark.first();
            return None;
        }
        let (at, found) = (self.mark.selected, Arc::clone(self.shown()?));
        match found.as_ref() {
            Found::Picture(picture) => {
                let bar = picture.bars.get(at)?;
                self.rows(format!("{} {}", picture.column.name, bar.label), &bar.condition)
            }
            Found::Order(order) => order.periods.get(at).and_then(|period| self.rows(period.label(), &period.condition)),
            Found::Correlations(_) | Found::Matrix(_) => {
                let other = self.others().get(at).map(|name| (*name).to_owned())?;
                self.other = Some(other);
                self.show(View::Density);
                None
            }
            Found::Findings(findings) => {
                let column = &findings.findings.get(at)?.column;
                let place = self.table.as_ref()?.columns.iter().position(|known| known.name == *column)?;
                self.show(View::Distribution);
                self.select(place);
                None
            }
            Found::Density(density) => {
                let cell = density.by_rows().get(at).copied()?;
                let title = format!("{} and {}", density.x, density.y);
                self.rows(title, &density.condition(self.table.as_ref()?, cell))
            }
        }
    }

    fn rows(&self, title: String, condition: &str) -> Option<Statement> {
        let table = self.table.as_ref()?;
        Some(Statement { title, engine: table.engine, sql: format!("{};", table.rows_where(condition)), run: true })
    }

    /// The statements behind the picture, for the console.
    pub fn console(&self) -> Option<Statement> {
        let (table, found) = (self.table.as_ref()?, self.shown()?);
        Some(Statement { title: found.name(), engine: table.engine, sql: script(found), run: false })
    }

    /// Another column upwards in a density.
    pub fn step_other(&mut self, by: isize) {
        let others = self.others();
        let at = self.other().and_then(|here| others.iter().position(|name| *name == here));
        let next = at.map(|at| (at as isize + by).rem_euclid(others.len() as isize) as usize);
        self.other = next.and_then(|next| others.get(next)).map(|name| (*name).to_owned());
    }

    /// Has the picture written into files.
    pub fn save(&mut self) -> Vec<Effect> {
        match self.shown().cloned() {
            Some(found) => vec![Effect::Explore(Ask::Save { ticket: self.save.issue(), found })],
            None => Vec::new(),
        }
    }

    /// Cancels what is asked of the table.
    pub fn cancel(&mut self) -> Vec<Effect> {
        let cancelled = || OpError::cancelled("could not explore the table");
        if self.open.pending() {
            self.error = Some(cancelled());
        }
        if self.preview.pending() {
            self.previews = Some(Err(cancelled()));
        }
        if let Some(subject) = self.asked.take() {
            self.found.insert(subject, Err(cancelled()));
        }
        for latest in [&mut self.open, &mut self.preview, &mut self.find] {
            latest.abandon();
        }
        vec![Effect::Explore(Ask::Cancel)]
    }

    /// Takes an answer; gives what is to be said about it, and whether that is bad.
    pub fn update(&mut self, msg: Msg) -> Option<(String, bool)> {
        match msg {
            Msg::Opened(ticket, answer) if self.open.settle(ticket) => match answer {
                Ok(table) => {
                    self.list.clamp(table.columns.len());
                    self.table = Some(table);
                    self.error = None;
                }
                Err(error) => self.error = Some(error),
            },
            Msg::Previewed(ticket, answer) if self.preview.settle(ticket) => self.previews = Some(answer),
            Msg::Found(ticket, subject, answer) if self.find.settle(ticket) => {
                self.asked = None;
                self.found.insert(subject, answer);
                let marks = self.marks();
                self.mark.clamp(marks);
            }
            Msg::Drawn(ticket, order, answer) => return self.images.take(ticket, order, answer),
            Msg::Saved(ticket, answer) if self.save.settle(ticket) => {
                return Some(match answer {
                    Ok([svg, png]) => {
                        let name = png.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                        (format!("Written: {} and {name}", svg.display()), false)
                    }
                    Err(why) => (format!("The picture was not written: {why}"), true),
                });
            }
            Msg::Opened(..) | Msg::Previewed(..) | Msg::Found(..) | Msg::Saved(..) => {}
        }
        None
    }
}

/// The statements behind what was found, as a script.
pub fn script(found: &Found) -> String {
    found.statements().iter().map(|sql| format!("{};", sql.trim_end().trim_end_matches(';'))).collect::<Vec<_>>().join("\n\n")
}
