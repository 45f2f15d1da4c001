//! What happens to the screen: input, answers of jobs, time.

use crossterm::event::KeyEvent;

use super::action::Command;
use super::pane::Pane;
use super::{activity, doctor, explore, login, pipeline, popup, predict, resources, sql, standby, walkthrough};
use crate::config::settings::TargetKind;
use crate::demo::scenario::Scenario;
use crate::ops::OpError;

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Msg {
    /// A key was pressed.
    Key(KeyEvent),
    /// Text was pasted.
    Paste(String),
    /// The mouse was pressed on something.
    Click(Target),
    /// The mouse was moved with its button down: over what, and in which column of the terminal.
    Drag(Option<Target>, u16),
    /// The button of the mouse was let go.
    Release,
    /// The wheel was turned over a half of the SQL pane; down, negative for up.
    Scroll(sql::Half, isize),
    /// The wheel was turned sideways over the SQL result; right, negative for left.
    Sideways(isize),
    /// The wheel was turned over a pane; rows down, negative for up.
    Wheel(Option<Pane>, isize),
    /// An action was chosen.
    Do(Command),
    /// The terminal has a new size, columns and rows.
    Resize(u16, u16),
    /// What the last frame had room for.
    Drawn(super::model::Viewport),
    /// Time passed while something moves.
    Tick,
    /// The target is open.
    Connected(Box<Identity>),
    /// The target cannot be opened.
    NotConnected(OpError),
    /// The target is an account that looks like production; it is opened once the reader has typed this.
    Production {
        /// Account id.
        account: String,
        /// Its alias, or its id where it has none.
        phrase: String,
    },
    /// A file was written, or could not be; a sentence.
    Written(Result<String, String>),
    /// Of the login.
    Login(login::Msg),
    /// Of the doctor.
    Doctor(doctor::Msg),
    /// A job of the program itself broke; the sentence says which.
    Broken(String),
    /// The system asks the program to leave.
    Terminate,
    /// Of the walkthrough.
    Walkthrough(walkthrough::Msg),
    /// Of the account behind the screen.
    Standby(standby::Msg),
    /// Of the resources.
    Resources(resources::Msg),
    /// Of the SQL console.
    Sql(sql::Msg),
    /// Of the pipeline.
    Pipeline(pipeline::Msg),
    /// Of the prediction.
    Predict(predict::Msg),
    /// Of the exploration.
    Explore(explore::Msg),
    /// Of the activity.
    Activity(activity::Msg),
    /// Of the component on top.
    Popup(popup::Msg),
}

/// Who we are on the target.
#[derive(Debug, Clone, PartialEq)]
pub struct Identity {
    /// Which target.
    pub kind: TargetKind,
    /// Account id.
    pub account: String,
    /// The account's alias, where it has one.
    pub alias: Option<String>,
    /// What is hidden where the screen is shown to others.
    pub private: Vec<String>,
    /// Whether a statement goes on there when this program ends.
    pub outlives: bool,
    /// The names of the demonstration there.
    pub scenario: Scenario,
    /// The recording that answers: the name of its file and its day.
    pub recording: Option<String>,
    /// Whether it is an account on AWS, or the recording of one.
    pub somebodys: bool,
    /// The statements of the demonstration, names filled in.
    pub library: Vec<sql::LibraryEntry>,
}

/// Something on the screen that can be pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A pane, or its tab.
    Pane(Pane),
    /// A row of the list of a pane.
    Row(Pane, usize),
    /// A bar, pair, month or finding of the picture in Explore.
    Mark(usize),
    /// A tab of the SQL console.
    SqlTab(usize),
    /// A place in the text of the SQL editor: line and column.
    EditorText(usize, usize),
    /// A suggestion under the cursor of the SQL editor.
    Suggestion(usize),
    /// The number of a line of the SQL editor.
    EditorLine(usize),
    /// A half of the SQL pane, where nothing more exact is.
    SqlHalf(sql::Half),
    /// A cell of the SQL result: row and column.
    Cell(usize, usize),
    /// The head of a column of the SQL result.
    ColumnHead(usize),
    /// The right edge of a column of the SQL result, and where in the terminal the column begins.
    ColumnEdge(usize, u16),
    /// A row of the component on top.
    PopupRow(usize),
    /// Outside of the component on top.
    Outside,
    /// An action of the hint bar.
    Action(Command),
}
