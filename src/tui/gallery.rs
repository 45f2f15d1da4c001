//! Pictures of the screen for readers, taken by the screen itself: every scene is keys that anybody could press.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tokio_util::sync::CancellationToken;

pub use super::driven::Broken;
use super::driven::Driven;
use super::{BACK, FRONT};
use crate::app::action::chord::Chord;
use crate::app::walkthrough::Status;
use crate::app::{Model, Msg};
use crate::config::Settings;
use crate::demo::clock::SharedClock;
use crate::demo::step::Step;
pub use crate::ui::picture::PictureError;
use crate::ui::picture::{png, svg};
use crate::ui::speaker::{self, Heard};
use crate::ui::theme::{Depth, Theme};

/// What one does for a picture.
enum Move {
    /// Presses keys, as the tables of actions write them.
    Keys(&'static str),
    /// Puts a text in.
    Paste(&'static str),
}

/// What is on a picture.
#[derive(Clone, Copy, PartialEq)]
enum Subject {
    /// The screen.
    Screen,
    /// What the speaker sees beside it.
    SpeakersView,
}

struct Scene {
    name: &'static str,
    moves: &'static [Move],
    subject: Subject,
}

const fn screen(name: &'static str, moves: &'static [Move]) -> Scene {
    Scene { name, moves, subject: Subject::Screen }
}

/// Who subscribes, by job.
const BY_JOB: &str = "SELECT job, 100.0 * sum(CASE y WHEN 'yes' THEN 1 ELSE 0 END) / count(*) AS percent_yes
FROM dm.data
GROUP BY job
ORDER BY percent_yes DESC";

/// The scenes, one after the other: each goes on from where the one before has left the screen.
const SCENES: [Scene; 9] = [
    screen("overview", &[Move::Keys("alt-3"), Move::Paste(BY_JOB), Move::Keys("f5")]),
    screen("sql", &[Move::Keys("f2 ctrl-down c")]),
    screen("pipeline", &[Move::Keys("esc f2 alt-4 f2")]),
    screen("explore", &[Move::Keys("f2 alt-6 f2 p")]),
    screen("predict", &[Move::Keys("f2 alt-5 f2 w")]),
    screen("resources", &[Move::Keys("f2 alt-2 f2")]),
    // From the last step that was run, the training in SQL, back to the pipeline.
    screen("presenting", &[Move::Keys("f2 alt-1 up up up f12 space")]),
    Scene { name: "speaker", moves: &[], subject: Subject::SpeakersView },
    screen("large", &[Move::Keys("f10 space space")]),
];

/// The size of the speaker's view: half a screen.
const BESIDE: (u16, u16) = (110, 32);

/// A picture that was taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken {
    /// Its name, for a file.
    pub name: &'static str,
    frame: Buffer,
}

impl Taken {
    /// As text that scales.
    pub fn svg(&self) -> String {
        svg(&self.frame, BACK, FRONT)
    }

    /// As pixels.
    ///
    /// # Errors
    /// The screen is larger than any, or it cannot be compressed.
    pub fn png(&self) -> Result<Vec<u8>, PictureError> {
        png(&self.frame, BACK, FRONT)
    }
}

/// Runs every step of the demonstration but the cleanup and takes a picture of each scene, on a screen of `size` columns and rows.
///
/// # Errors
/// When the account cannot be opened, a step fails, something does not come to its end, or this is cancelled.
pub async fn take(settings: Settings, clock: SharedClock, size: (u16, u16), cancel: CancellationToken) -> Result<Vec<Taken>, Broken> {
    let settings = Arc::new(settings);
    let mut driven = Driven::new(&settings, Arc::clone(&clock), size, cancel);
    let taken = scenes(&mut driven, &clock, &Theme::named(&settings.screen.theme, Depth::True)).await;
    driven.close().await;
    taken
}

async fn scenes(driven: &mut Driven, clock: &SharedClock, theme: &Theme) -> Result<Vec<Taken>, Broken> {
    driven.connect().await?;
    press(driven, "R").await?;
    all_is_done(&driven.model)?;
    let mut taken = Vec::with_capacity(SCENES.len());
    for scene in &SCENES {
        for step in scene.moves {
            match step {
                Move::Keys(keys) => press(driven, keys).await?,
                Move::Paste(text) => driven.update(Msg::Paste((*text).to_owned())),
            }
        }
        let frame = driven.frame().await?;
        let frame = if scene.subject == Subject::Screen { frame } else { beside(driven, clock.now(), theme) };
        taken.push(Taken { name: scene.name, frame });
    }
    Ok(taken)
}

/// Whether there is a demonstration to be shown.
fn all_is_done(model: &Model) -> Result<(), Broken> {
    let state = &model.walkthrough;
    for view in state.steps.iter().filter(|view| view.step != Step::Cleanup) {
        let why = match &view.status {
            Status::Done { .. } => continue,
            Status::Failed { error, .. } => error.to_string(),
            _ => "it did not run".to_owned(),
        };
        return Err(Broken::NotDone(state.title(view.step).to_owned(), why));
    }
    Ok(())
}

/// Presses keys one after the other, each when nothing comes of the one before any more.
async fn press(driven: &mut Driven, keys: &str) -> Result<(), Broken> {
    // A test makes sure that every key is one.
    for chord in keys.split(' ').filter_map(Chord::parse) {
        driven.update(Msg::Key(chord.press()));
        // What is seen decides what a key means.
        driven.frame().await?;
    }
    Ok(())
}

/// What the speaker sees now.
fn beside(driven: &Driven, now: DateTime<Utc>, theme: &Theme) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, BESIDE.0, BESIDE.1));
    let heard = driven.told.clone().map_or(Heard::Nothing, Heard::Told);
    speaker::draw(&mut buffer, &heard, now, theme, true);
    buffer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenes_have_names_of_their_own_and_keys_that_are_keys() {
        let mut names: Vec<&str> = SCENES.iter().map(|scene| scene.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), SCENES.len());
        for step in SCENES.iter().flat_map(|scene| scene.moves) {
            if let Move::Keys(keys) = step {
                let wrong: Vec<&str> = keys.split(' ').filter(|key| Chord::parse(key).is_none()).collect();
                assert!(wrong.is_empty(), "{wrong:?}");
            }
        }
    }
}
