//! The doctor: is everything there that a demonstration needs? What is known at once is shown at once, and the rest as the account answers.

use super::effect::Effect;
use super::latest::{Latest, Ticket};
use super::model::{Link, Model};
use super::popup::{DoctorView, Popup};
use crate::config::settings::TargetKind;
use crate::demo::resource::ResourceState;
use crate::ops::doctor::{Check, Part, Surroundings, no_account};

/// What is kept of it while it is not on the screen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// The examination that is awaited.
    pub latest: Latest,
    /// Whether the reader was told of it because something could not be read at the start.
    pointed: bool,
}

/// What comes of an examination.
#[derive(Debug, Clone)]
pub enum Msg {
    /// What can be told without the account.
    Around(Ticket, Box<Surroundings>),
    /// A part of what the account tells.
    Part(Ticket, Part, Vec<Check>),
    /// Nothing more will come.
    Ended(Ticket),
}

/// Examines everything, from the beginning, and shows it.
pub fn examine(model: &mut Model) -> Vec<Effect> {
    let waiting = match &model.link {
        Link::Closed(_) => Vec::new(),
        Link::Opening | Link::Open(_) => Part::ALL.to_vec(),
    };
    let mut view = DoctorView::new(waiting);
    if let Link::Closed(error) = &model.link {
        view.parts.insert(Part::Account, vec![no_account(error)]);
    }
    match shown(model) {
        Some(place) => {
            view.list = place.list;
            *place = view;
        }
        None => model.popups.push(Popup::Doctor(Box::new(view))),
    }
    vec![Effect::Examine { ticket: model.doctor.latest.issue(), theme: model.theme.clone() }]
}

/// Where the account is has changed: what is on the screen is examined anew.
pub fn linked(model: &mut Model) -> Vec<Effect> {
    if shown(model).is_some() { examine(model) } else { Vec::new() }
}

/// The doctor on the screen.
fn shown(model: &mut Model) -> Option<&mut DoctorView> {
    model.popups.iter_mut().find_map(|popup| if let Popup::Doctor(view) = popup { Some(&mut **view) } else { None })
}

/// Takes what comes of an examination.
pub fn on_msg(model: &mut Model, msg: Msg) {
    let (Msg::Around(ticket, _) | Msg::Part(ticket, ..) | Msg::Ended(ticket)) = &msg;
    if !model.doctor.latest.is_current(*ticket) {
        return;
    }
    // What is still being opened will be asked when it is open.
    let opening = matches!(model.link, Link::Opening);
    if let Msg::Ended(ticket) = &msg {
        model.doctor.latest.settle(*ticket);
    }
    let Some(view) = shown(model) else { return };
    match msg {
        Msg::Around(_, around) => view.around = Some(*around),
        Msg::Part(_, part, checks) => {
            view.waiting.retain(|waiting| *waiting != part);
            view.parts.insert(part, checks);
        }
        Msg::Ended(_) if opening => {}
        Msg::Ended(_) => view.waiting.clear(),
    }
}

/// Ends the examination of a doctor that has left the screen.
pub fn after(model: &mut Model) -> Vec<Effect> {
    if !model.doctor.latest.pending() || shown(model).is_some() {
        return Vec::new();
    }
    model.doctor.latest.abandon();
    vec![Effect::CancelExamination]
}

/// On an account, a first look that did not see everything tells once where to see why.
pub fn point(model: &mut Model) {
    let unread = model.resources.error.is_some() || model.resources.rows.iter().any(|row| row.state == ResourceState::Unknown);
    if model.target == TargetKind::Aws && unread && !model.doctor.pointed {
        model.doctor.pointed = true;
        model.say("Not everything in the account could be read; D tells what is missing", true);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    use super::*;
    use crate::app::tests::{failure, identity, model, open_model};
    use crate::app::{self, resources, update};
    use crate::ops::doctor::{Verdict, account};

    fn press(model: &mut Model, code: KeyCode) -> Vec<Effect> {
        update(model, app::Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)))
    }

    fn ticket(effects: &[Effect]) -> Ticket {
        effects.iter().find_map(|effect| if let Effect::Examine { ticket, .. } = effect { Some(*ticket) } else { None }).unwrap()
    }

    fn view(model: &Model) -> &DoctorView {
        let Some(Popup::Doctor(view)) = model.popups.last() else { panic!("no doctor: {:?}", model.popups) };
        view
    }

    fn tell(model: &mut Model, msg: Msg) {
        update(model, app::Msg::Doctor(msg));
    }

    fn around() -> Box<Surroundings> {
        Box::new(Surroundings { before: vec![Check::ok("target", "local")], after: vec![Check::ok("data", "sample")] })
    }

    #[test]
    fn it_fills_as_the_answers_come() {
        let mut model = open_model();
        let ticket = ticket(&press(&mut model, KeyCode::Char('D')));
        assert_eq!(view(&model).waiting, Part::ALL);
        tell(&mut model, Msg::Around(ticket, around()));
        tell(&mut model, Msg::Part(ticket, Part::Account, vec![account("000000000000", false)]));
        tell(&mut model, Msg::Part(ticket, Part::Quotas, vec![Check::failed("quotas", "none", "ask")]));
        assert_eq!(view(&model).waiting.len(), 4);
        assert!(model.doctor.latest.pending() && model.working(), "the waiting turns");
        tell(&mut model, Msg::Ended(ticket));
        assert!(view(&model).waiting.is_empty() && !model.doctor.latest.pending());
        let names: Vec<&str> = view(&model).checks().map(|check| check.name).collect();
        assert_eq!(names, ["target", "account", "quotas", "data"]);
        assert_eq!(view(&model).count(Verdict::Failed), 1);
    }

    #[test]
    fn r_examines_again_and_what_is_late_is_dropped() {
        let mut model = open_model();
        let first = ticket(&press(&mut model, KeyCode::Char('D')));
        tell(&mut model, Msg::Around(first, around()));
        let second = ticket(&press(&mut model, KeyCode::Char('r')));
        assert_eq!(model.popups.len(), 1);
        tell(&mut model, Msg::Around(first, around()));
        assert!(view(&model).around.is_none(), "of the first examination");
        tell(&mut model, Msg::Around(second, around()));
        assert!(view(&model).around.is_some());
    }

    #[test]
    fn leaving_cancels_what_is_under_way() {
        let mut model = open_model();
        let ticket = ticket(&press(&mut model, KeyCode::Char('D')));
        assert!(press(&mut model, KeyCode::Esc).iter().any(|effect| matches!(effect, Effect::CancelExamination)));
        assert!(model.popups.is_empty() && !model.doctor.latest.pending());
        tell(&mut model, Msg::Ended(ticket));
        let again = press(&mut model, KeyCode::Char('D'));
        tell(&mut model, Msg::Ended(super::tests::ticket(&again)));
        assert!(press(&mut model, KeyCode::Esc).iter().all(|effect| !matches!(effect, Effect::CancelExamination)), "it is done");
    }

    #[test]
    fn an_account_that_cannot_be_opened_is_one_of_the_checks() {
        let mut model = model();
        model.target = TargetKind::Aws;
        let error = failure("could not find AWS credentials", "the default chain has none", Some("sign in"));
        update(&mut model, app::Msg::NotConnected(error));
        let first = ticket(&press(&mut model, KeyCode::Char('D')));
        tell(&mut model, Msg::Around(first, around()));
        tell(&mut model, Msg::Ended(first));
        let failed: Vec<&Check> = view(&model).checks().filter(|check| check.verdict == Verdict::Failed).collect();
        assert!(matches!(failed[..], [check] if check.name == "account" && check.fix.as_deref() == Some("sign in")), "{failed:?}");
        // Once it is open, it is asked.
        let effects = update(&mut model, app::Msg::Connected(Box::new(identity())));
        assert_ne!(ticket(&effects), first);
        assert_eq!(view(&model).waiting, Part::ALL);
    }

    #[test]
    fn what_is_being_opened_is_waited_for() {
        let mut model = model();
        let first = ticket(&press(&mut model, KeyCode::Char('D')));
        tell(&mut model, Msg::Ended(first));
        assert_eq!(view(&model).waiting, Part::ALL, "it goes on when the account is open");
    }

    #[test]
    fn a_start_that_did_not_see_everything_tells_the_key_once() {
        let read = |model: &mut Model| {
            let ticket = model.resources.read.issue();
            update(model, app::Msg::Resources(resources::Msg::Read(ticket, Err(failure("could not read the account", "refused", None)))));
        };
        let mut model = open_model();
        read(&mut model);
        assert!(model.notice.is_none(), "the embedded AWS needs no doctor");
        model.target = TargetKind::Aws;
        read(&mut model);
        assert!(model.notice.take().is_some_and(|notice| notice.text.contains("D tells what is missing")));
        read(&mut model);
        assert!(model.notice.is_none());
    }
}
