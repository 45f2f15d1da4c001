//! Everything that the screen knows.

use std::borrow::Cow;

use chrono::{DateTime, FixedOffset, Utc};

use super::msg::{Identity, Target};
use super::pane::Pane;
use super::popup::Popup;
use super::{activity, doctor, explore, login, pipeline, predict, resources, sql, standby, walkthrough};
use crate::config::Settings;
use crate::config::settings::{Guard, Mask, OverCeiling, Size, TargetKind};
use crate::demo::dataset::Words;
use crate::demo::figures;
use crate::demo::step::Step;
use crate::ops::OpError;
use crate::ops::query::QueryEngine;
use crate::ops::stage::Told;

/// For how long what is private is shown on demand.
const REVEALED_SECONDS: i64 = 5;

/// For how long a notice stays, in seconds.
const NOTICE_SECONDS: i64 = 5;

/// Where the target is.
#[derive(Debug, Clone, PartialEq)]
pub enum Link {
    /// Being opened.
    Opening,
    /// Open.
    Open(Box<Identity>),
    /// Cannot be opened.
    Closed(OpError),
}

/// A sentence for the reader that goes away by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// The sentence.
    pub text: String,
    /// Whether something went wrong.
    pub bad: bool,
    /// When it goes away.
    pub until: DateTime<Utc>,
    /// The step with whose end it goes away, too.
    pub of: Option<Step>,
}

/// What the last frame had room for: how far a page is, and where a list is scrolled to. By pane; that of `SQL` is its result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Viewport {
    /// Rows of the list on the screen.
    pub heights: [usize; 7],
    /// The first row of the list on the screen.
    pub tops: [usize; 7],
    /// Rows of the editor on the screen.
    pub editor_height: usize,
    /// The first line of the editor on the screen.
    pub editor_top: usize,
    /// The first column of the editor on the screen.
    pub editor_left: usize,
    /// Columns of the result on the screen.
    pub grid_width: usize,
    /// The furthest that the notes can be scrolled.
    pub notes_end: usize,
    /// Rows of the component on top.
    pub popup_height: usize,
    /// The first row of the component on top.
    pub popup_top: usize,
    /// Whether every working pane is on the screen at once.
    pub overview: bool,
    /// Columns and rows for an image, where a picture may be one.
    pub picture: Option<(u16, u16)>,
}

/// What the mouse holds while its button is down.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Held {
    /// Nothing.
    #[default]
    Nothing,
    /// The end of a selection in the SQL editor.
    Text,
    /// The right edge of a column of the SQL result: its place, and where in the terminal it begins.
    Edge(usize, u16),
}

/// What the mouse did last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pointer {
    /// What was pressed, when, and how often within a moment.
    pub pressed: Option<(Target, DateTime<Utc>, u8)>,
    /// What is held.
    pub held: Held,
}

/// What the console goes by.
#[derive(Debug, Clone, PartialEq)]
pub struct ConsoleRules {
    /// When a statement that destroys is asked about.
    pub guard: Guard,
    /// Bytes that a query of Athena may read; 0 for no ceiling.
    pub ceiling_bytes: u64,
    /// US dollars that a query of Athena may cost; 0 for no ceiling.
    pub ceiling_usd: f64,
    /// What happens above a ceiling.
    pub over_ceiling: OverCeiling,
    /// The engines whose catalog was read since the program began.
    pub catalogs_read: Vec<QueryEngine>,
    /// Whether a step has changed what can be named.
    pub catalogs_wanted: bool,
}

/// The state of the screen.
#[derive(Debug, Clone)]
pub struct Model {
    /// What time it is. The loop sets it before every message.
    pub now: DateTime<Utc>,
    /// The time zone of the reader.
    pub zone: FixedOffset,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// Name of the demonstration.
    pub demo: String,
    /// Region.
    pub region: String,
    /// Which target was asked for.
    pub target: TargetKind,
    /// Name of the theme.
    pub theme: String,
    /// Whether a presentation shows less, and larger.
    pub large: bool,
    /// Whether everything but the pane with the focus is dimmed.
    pub spotlight: bool,
    /// Whether things may move.
    pub motion: bool,
    /// Whether the session is recorded.
    pub(super) recorded: bool,
    /// Whether what is private is hidden.
    pub mask: bool,
    /// Whether that follows the account.
    pub(super) mask_follows: bool,
    /// Until when it is shown all the same.
    pub revealed: Option<DateTime<Utc>>,
    /// What is private: the account's id, and who is logged in.
    pub private: Vec<String>,
    /// Where the target is.
    pub link: Link,
    /// The pane with the focus.
    pub focus: Pane,
    /// Whether it has the whole screen.
    pub zoomed: bool,
    /// What stands over the panes, the top one last.
    pub popups: Vec<Popup>,
    /// What the last frame had room for.
    pub viewport: Viewport,
    /// What the mouse did last.
    pub pointer: Pointer,
    /// A sentence that goes away by itself.
    pub notice: Option<Notice>,
    /// Frames of the animation so far.
    pub frame: usize,
    /// The nine steps.
    pub walkthrough: walkthrough::State,
    /// What the speaker was told last.
    pub told: Option<Told>,
    /// The checklist.
    pub resources: resources::State,
    /// The console.
    pub sql: sql::State,
    /// What the console goes by.
    pub console: ConsoleRules,
    /// The pipeline.
    pub pipeline: pipeline::State,
    /// The form.
    pub predict: predict::State,
    /// Pictures.
    pub explore: explore::State,
    /// API calls.
    pub activity: activity::State,
    /// The login on the account.
    pub login: login::State,
    /// The doctor.
    pub doctor: doctor::State,
    /// The account behind the screen.
    pub standby: standby::State,
    /// A number being edited in the form had this text before.
    pub(super) before_edit: Option<String>,
}

impl Model {
    /// The screen before anything is known.
    pub fn new(settings: &Settings, now: DateTime<Utc>, zone: FixedOffset, size: (u16, u16)) -> Model {
        Model {
            now,
            zone,
            size,
            demo: settings.demo.name.clone(),
            region: settings.aws.region.clone(),
            target: settings.aws.target,
            theme: settings.screen.theme.clone(),
            large: settings.screen.size == Size::Large,
            spotlight: false,
            motion: settings.screen.motion,
            recorded: !settings.recording.file.is_empty(),
            mask: match settings.screen.mask {
                Mask::On => true,
                Mask::Off => false,
                Mask::Auto => settings.aws.target == TargetKind::Aws,
            },
            mask_follows: settings.screen.mask == Mask::Auto,
            revealed: None,
            private: Vec::new(),
            link: Link::Opening,
            focus: Pane::Walkthrough,
            zoomed: false,
            popups: Vec::new(),
            viewport: Viewport::default(),
            pointer: Pointer::default(),
            notice: None,
            frame: 0,
            walkthrough: walkthrough::State::lasting(settings.stage.minutes),
            told: None,
            resources: resources::State::default(),
            sql: sql::State::of(settings),
            console: ConsoleRules {
                guard: settings.sql.guard,
                ceiling_bytes: settings.sql.ceiling_bytes,
                ceiling_usd: settings.sql.ceiling_usd,
                over_ceiling: settings.sql.over_ceiling,
                catalogs_read: Vec::new(),
                catalogs_wanted: false,
            },
            pipeline: pipeline::State::default(),
            predict: predict::State::default(),
            explore: explore::State::on(&settings.screen.theme),
            activity: activity::State::default(),
            login: login::State::default(),
            doctor: doctor::State::default(),
            standby: standby::State::of(settings),
            before_edit: None,
        }
    }

    /// Whether a presentation is on that shows less, and larger.
    pub fn enlarged(&self) -> bool {
        self.large && self.walkthrough.presenting.is_some()
    }

    /// Whether everything but the pane with the focus can be dimmed: while a presentation is on, and where several panes are on the screen.
    pub fn can_be_dimmed(&self) -> bool {
        self.walkthrough.presenting.is_some() || self.viewport.overview
    }

    /// How long something has gone on. Where nothing may move it is told by when it began, which stays true: `since 14:03:05`.
    pub fn so_far(&self, since: DateTime<Utc>) -> String {
        if self.motion {
            figures::so_far((self.now - since).num_milliseconds() as f64 / 1000.0)
        } else {
            since.with_timezone(&self.zone).format("since %H:%M:%S").to_string()
        }
    }

    /// Whether what is private is hidden now.
    pub fn masked(&self) -> bool {
        self.mask && self.revealed.is_none_or(|until| until <= self.now)
    }

    /// Shows what is private for a few seconds.
    pub fn reveal(&mut self) {
        self.revealed = Some(self.now + chrono::Duration::seconds(REVEALED_SECONDS));
    }

    /// Who we are, once the target is open.
    pub fn identity(&self) -> Option<&Identity> {
        match &self.link {
            Link::Open(identity) => Some(identity),
            _ => None,
        }
    }

    /// How the rows of the data are spoken of, once it is known.
    pub fn words(&self) -> Option<&Words> {
        self.identity().map(|identity| &identity.scenario.data.words)
    }

    /// A text of the program, which is written about customers, about the rows of the data ([`Words::speak`]).
    pub fn speak<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.words().map_or(Cow::Borrowed(text), |words| words.speak(text))
    }

    /// What one row of the data is called.
    pub fn row(&self) -> &str {
        self.words().map_or("customer", |words| &words.row)
    }

    /// Whether a key would be typed into a text.
    pub fn typing(&self) -> bool {
        (self.focus == Pane::Sql && self.sql.tab().half == sql::Half::Editor)
            || (self.focus == Pane::Predict && self.predict.editing.is_some())
            || self.result_prompt()
            || (self.focus == Pane::Pipeline && self.pipeline.searching())
    }

    /// Whether a line is typed below the result.
    pub fn result_prompt(&self) -> bool {
        let tab = self.sql.tab();
        self.focus == Pane::Sql && tab.half == sql::Half::Results && tab.result().is_some_and(|result| result.prompt.is_some())
    }

    /// Says something to the reader.
    pub fn say(&mut self, text: impl Into<String>, bad: bool) {
        self.notice = Some(Notice { text: text.into(), bad, until: self.now + chrono::Duration::seconds(NOTICE_SECONDS), of: None });
    }

    /// Says something that is true only while a step runs.
    pub fn say_while(&mut self, step: Step, text: impl Into<String>) {
        self.say(text, false);
        if let Some(notice) = &mut self.notice {
            notice.of = Some(step);
        }
    }

    /// Whether something goes on whose elapsed time is shown.
    pub fn working(&self) -> bool {
        self.walkthrough.run.is_some()
            || self.walkthrough.shows_background()
            || self.sql.active().next().is_some()
            || self.sql.tabs().iter().any(|tab| tab.results.working())
            || self.pipeline.moving()
            || self.explore.pending()
            || matches!(self.link, Link::Opening)
            || self.resources.moving()
            || self.doctor.latest.pending()
    }

    /// Whether something on the screen changes with time alone, and in how many milliseconds next. `None` when all is calm: then nothing
    /// is drawn and nothing is computed.
    pub fn next_tick(&self) -> Option<u64> {
        if self.motion && self.working() {
            return Some(100);
        }
        let fades = self.motion && !self.resources.changed.is_empty();
        let near = self.notice.is_some() || self.revealed.is_some() || fades;
        // The end of a login is told in minutes, and when it comes near nothing else may happen that draws a frame.
        near.then_some(1000).or_else(|| self.login.ends.is_some().then_some(10_000))
    }
}
