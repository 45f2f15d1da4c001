//! Pictures as images, on terminals that show them.

use std::sync::Arc;

use crate::app::latest::{Latest, Ticket};
use crate::ops::exploration::Subject;
use crate::ops::exploration::drawing::Tones;

/// An image, ready for the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Columns and rows that it covers.
    pub size: (u16, u16),
    /// What shows it where the cursor is.
    pub bytes: Vec<u8>,
}

/// Which image is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// What it shows.
    pub subject: Subject,
    /// What it is drawn on.
    pub tones: Tones,
    /// Columns and rows that there is room for.
    pub room: (u16, u16),
}

/// Whether pictures are images, and the newest one.
#[derive(Debug, Clone, Default)]
pub struct Images {
    /// Whether the terminal shows images.
    pub possible: bool,
    /// Whether they are wanted.
    pub on: bool,
    /// What they are drawn on.
    pub tones: Tones,
    /// The room that the last frame had for one, in columns and rows.
    pub room: Option<(u16, u16)>,
    made: Option<(Order, Result<Arc<Image>, String>)>,
    asked: Option<Order>,
    latest: Latest,
}

impl Images {
    /// Draws on what suits a theme.
    pub fn suit(&mut self, theme: &str) {
        self.tones = if matches!(theme, "light" | "mono") { Tones::Paper } else { Tones::Night };
    }

    /// Forgets what was made.
    pub(super) fn forget(&mut self) {
        self.made = None;
        self.asked = None;
        self.latest.abandon();
    }

    /// What is wanted for a picture, if an image is.
    pub(super) fn order(&self, subject: Subject) -> Option<Order> {
        Some(Order { subject, tones: self.tones, room: self.room? })
    }

    /// The ticket to ask for an image with, unless it is there or asked for.
    pub(super) fn ask(&mut self, order: &Order) -> Option<Ticket> {
        let made = self.made.as_ref().is_some_and(|(made, _)| made == order);
        if made || self.asked.as_ref() == Some(order) {
            return None;
        }
        self.asked = Some(order.clone());
        Some(self.latest.issue())
    }

    /// Takes an answer; gives what is to be said when it is a bad one.
    pub(super) fn take(&mut self, ticket: Ticket, order: Order, answer: Result<Arc<Image>, String>) -> Option<(String, bool)> {
        if !self.latest.settle(ticket) {
            return None;
        }
        self.asked = None;
        let said = answer.as_ref().err().map(|why| (format!("The picture stays made of characters: {why}"), true));
        self.made = Some((order, answer));
        said
    }

    /// The image of a picture for a room.
    pub(super) fn of(&self, subject: &Subject, room: (u16, u16)) -> Option<&Arc<Image>> {
        let (order, image) = self.made.as_ref()?;
        let fits = order.subject == *subject && order.tones == self.tones && order.room == room;
        image.as_ref().ok().filter(|_| fits)
    }
}
