//! The presenter's remote: what a press does to the screen.

use super::availability::available;
use super::commands::{run_command, run_step};
use super::movement::focus;
use crate::app::action::{Command, actions};
use crate::app::model::Model;
use crate::app::popup::{Choice, Confirm, Popup};
use crate::app::sql::{self, Half, LibraryEntry};
use crate::app::walkthrough::told::told;
use crate::app::walkthrough::{Beat, Press, Remote};
use crate::app::{Effect, Pane};
use crate::demo::step::Step;

/// Begins a presentation at the selected step, or ends it.
pub(super) fn toggle(model: &mut Model) -> Vec<Effect> {
    if model.walkthrough.presenting.is_some() { end(model) } else { begin(model) }
}

fn begin(model: &mut Model) -> Vec<Effect> {
    model.walkthrough.presenting = Some(Remote::new(model.now, model.zoomed));
    model.walkthrough.scroll = 0;
    model.zoomed = false;
    focus(model, Pane::Walkthrough)
}

fn end(model: &mut Model) -> Vec<Effect> {
    if let Some(remote) = model.walkthrough.presenting.take() {
        model.zoomed = remote.zoomed;
        model.spotlight = false;
        model.walkthrough.scroll = 0;
        model.walkthrough.forget_early();
    }
    Vec::new()
}

/// The next beat.
pub(super) fn on(model: &mut Model) -> Vec<Effect> {
    if !model.popups.is_empty() {
        // A question is answered first, by whoever sees it.
        return Vec::new();
    }
    let Some(press) = model.walkthrough.press() else { return begin(model) };
    match press {
        Press::Show(pane) => {
            set(model, Beat::Show);
            put_statement(model);
            let mut effects = focus(model, pane);
            effects.extend(open(model));
            effects
        }
        Press::Run | Press::Verify | Press::Again => {
            set(model, Beat::Do);
            run_step(model)
        }
        Press::Offer(missing) => {
            set(model, Beat::Do);
            offer(model, missing);
            Vec::new()
        }
        Press::Act(_) => {
            set(model, Beat::Do);
            let name = model.walkthrough.notes(model.walkthrough.current().step).action.clone();
            by_name(model, &name)
        }
        Press::Follow => {
            set(model, Beat::Do);
            let step = model.walkthrough.current().step;
            model.walkthrough.start(vec![step])
        }
        Press::Look => {
            set(model, Beat::Do);
            model.walkthrough.take_up(model.walkthrough.current().step);
            run_statement(model)
        }
        Press::Wait => {
            match model.walkthrough.running().map(|view| view.step) {
                Some(step) => {
                    model.say_while(step, format!("“{}” is still running; Space goes on once it is done", model.walkthrough.title(step)))
                }
                None => model.say("A step is being ended; Space goes on once that is done", false),
            }
            Vec::new()
        }
        Press::Notice => {
            set(model, Beat::Notice);
            focus(model, Pane::Walkthrough)
        }
        Press::Next(step) => enter(model, step, Beat::Say),
        Press::End => {
            model.say("That was the last step", false);
            end(model)
        }
    }
}

/// Opens the view of the pane that the notes ask for.
fn open(model: &mut Model) -> Vec<Effect> {
    let name = model.walkthrough.notes(model.walkthrough.current().step).open.clone();
    name.map(|name| by_name(model, &name)).unwrap_or_default()
}

/// Does an action by its name; one that can do nothing now is left alone.
fn by_name(model: &mut Model, name: &str) -> Vec<Effect> {
    match actions().find(|action| action.name == name) {
        Some(action) if available(model, action.command) => run_command(model, action.command),
        _ => Vec::new(),
    }
}

/// The statement of the library that the notes ask for.
fn statement(model: &Model) -> Option<LibraryEntry> {
    let number = model.walkthrough.notes(model.walkthrough.current().step).statement?;
    let prefix = format!("{number:02} ");
    model.sql.library.iter().find(|entry| entry.title.starts_with(&prefix)).cloned()
}

/// Puts the statement of the notes into the console. What the presenter has written there stays, in its tab.
fn put_statement(model: &mut Model) {
    let Some(entry) = statement(model) else { return };
    let holds = |text: &str, entry: &LibraryEntry| text.trim() == entry.text.trim();
    if let Some(at) = model.sql.tabs().iter().position(|tab| tab.engine == entry.engine && holds(&tab.text(), &entry)) {
        model.sql.go_to(at);
    } else {
        let text = model.sql.tab().text();
        let own = !text.trim().is_empty() && !model.sql.library.iter().any(|entry| holds(&text, entry));
        if own {
            model.sql.open_tab();
        }
        let tab = model.sql.tab_mut();
        tab.engine = entry.engine;
        tab.replace(&entry.text);
    }
    model.sql.tab_mut().half = Half::Editor;
}

/// Runs the statement of the notes, if it is what the console shows.
fn run_statement(model: &mut Model) -> Vec<Effect> {
    let run = Command::Console(sql::Command::Run);
    let shown = statement(model).is_some_and(|entry| model.sql.tab().text().trim() == entry.text.trim());
    if shown && model.focus == Pane::Sql && model.popups.is_empty() && available(model, run) { run_command(model, run) } else { Vec::new() }
}

/// A step has ended well: its statement shows what has come of it.
pub(super) fn step_done(model: &mut Model, step: Step) -> Vec<Effect> {
    let here = model.walkthrough.current().step == step;
    let doing = model.walkthrough.presenting.as_ref().is_some_and(|remote| remote.beat == Beat::Do);
    if here && doing { run_statement(model) } else { Vec::new() }
}

/// One beat back. What was done stays done.
pub(super) fn back(model: &mut Model) -> Vec<Effect> {
    let Some(remote) = &model.walkthrough.presenting else { return Vec::new() };
    let step = model.walkthrough.current().step;
    let pane = model.walkthrough.notes(step).pane;
    match remote.beat {
        Beat::Notice => {
            set(model, Beat::Do);
            focus(model, pane)
        }
        Beat::Do => {
            set(model, Beat::Show);
            focus(model, pane)
        }
        Beat::Show => {
            set(model, Beat::Say);
            focus(model, Pane::Walkthrough)
        }
        Beat::Say => match model.walkthrough.script.before(step) {
            Some(before) => enter(model, before, Beat::Notice),
            None => {
                model.say("This is the beginning", false);
                Vec::new()
            }
        },
    }
}

pub(super) fn set(model: &mut Model, beat: Beat) {
    model.walkthrough.scroll = 0;
    if let Some(remote) = &mut model.walkthrough.presenting {
        remote.beat = beat;
        remote.in_hand = true;
    }
}

fn enter(model: &mut Model, step: Step, beat: Beat) -> Vec<Effect> {
    model.walkthrough.select(step as usize);
    set(model, beat);
    focus(model, Pane::Walkthrough)
}

/// The time is counted for the step that is presented: called after every message with the step that was.
pub(super) fn settle(model: &mut Model, before: Step) {
    let step = model.walkthrough.current().step;
    let now = model.now;
    if let Some(remote) = &mut model.walkthrough.presenting
        && step != before
    {
        remote.leave(before, now);
    }
}

/// The files of the script were read: what is wrong in them is told here while nobody watches, and to the speaker otherwise.
pub(super) fn script_read(model: &mut Model) {
    let trouble = &model.walkthrough.script.trouble;
    if let (Some(first), None) = (trouble.first(), &model.walkthrough.presenting) {
        let more = if trouble.len() > 1 { format!(", and {} more files", trouble.len() - 1) } else { String::new() };
        model.say(format!("{first}{more}"), true);
    }
}

/// Tells the speaker what has changed.
pub(super) fn tell(model: &mut Model) -> Option<Effect> {
    let told = told(model);
    if told == model.told {
        return None;
    }
    model.told.clone_from(&told);
    Some(Effect::TellSpeaker(told.map(Box::new)))
}

fn offer(model: &mut Model, missing: Vec<Step>) {
    let step = model.walkthrough.current().step;
    let names: Vec<String> = missing.iter().map(|step| format!("{} “{}”", step.number(), model.walkthrough.title(*step))).collect();
    let body = format!(
        "“{}” builds on what is not there yet: {}. They are run in order, and then this step.",
        model.walkthrough.title(step),
        names.join(", ")
    );
    let mut steps = missing;
    steps.push(step);
    model.popups.push(Popup::Confirm(Confirm {
        title: "Run what it needs first?".into(),
        body,
        phrase: None,
        typed: String::new(),
        yes: "Run them",
        choice: Choice::Run(steps),
    }));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use chrono::Duration;
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
    use serde_json::{Value, json};

    use super::super::{space_goes_on, update};
    use super::*;
    use crate::app::tests::{full_model, open_model};
    use crate::app::walkthrough::check::Verdict;
    use crate::app::walkthrough::run::tests::over;
    use crate::app::walkthrough::{Msg as Walk, Status};
    use crate::app::{Msg, Pane};
    use crate::ops::steps::StepOutcome;

    fn press(model: &mut Model, code: KeyCode) -> Vec<Effect> {
        update(model, Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)))
    }

    fn space(model: &mut Model) -> Vec<Effect> {
        press(model, KeyCode::Char(' '))
    }

    fn beat(model: &Model) -> (Step, Beat, Pane) {
        (model.walkthrough.current().step, model.walkthrough.presenting.as_ref().unwrap().beat, model.focus)
    }

    fn finish(model: &mut Model, step: Step, figures: Value) {
        let Value::Object(detail) = figures else { panic!("figures") };
        let outcome = StepOutcome { changed: true, message: "done".into(), detail };
        update(model, Msg::Walkthrough(Walk::Begun(step)));
        update(model, Msg::Walkthrough(Walk::Ended(step, Box::new(Ok(outcome)))));
        let over = over(&model.walkthrough);
        update(model, Msg::Walkthrough(over));
    }

    #[test]
    fn space_alone_presents_every_step_and_ends() {
        let mut model = open_model();
        space(&mut model);
        for step in Step::ALL {
            assert_eq!(beat(&model), (step, Beat::Say, Pane::Walkthrough));
            space(&mut model);
            let pane = model.walkthrough.notes(step).pane;
            assert_eq!(beat(&model), (step, Beat::Show, pane));
            let mut effects = space(&mut model);
            if step == Step::Cleanup {
                space(&mut model);
                assert!(model.walkthrough.run.is_none(), "what removes is confirmed by more than Space");
                effects = press(&mut model, KeyCode::Char('y'));
            }
            let started = effects.iter().any(|effect| matches!(effect, Effect::RunSteps(_, steps) if steps == &[step]));
            assert_eq!(started, model.walkthrough.notes(step).early.is_none(), "{step}: {effects:?}");
            assert_eq!(beat(&model), (step, Beat::Do, pane));
            space(&mut model);
            assert_eq!(beat(&model).1, Beat::Do, "it waits for the step");
            finish(&mut model, step, json!({}));
            space(&mut model);
            assert_eq!(beat(&model), (step, Beat::Notice, Pane::Walkthrough));
            space(&mut model);
        }
        assert!(model.walkthrough.presenting.is_none());
        let text = model.sql.tab().text();
        assert!(
            model.sql.library.iter().any(|entry| entry.text == text.trim()) && model.sql.tabs().len() == 1,
            "nothing was typed: {text}"
        );
    }

    #[test]
    fn back_goes_the_same_way_and_undoes_nothing() {
        let mut model = full_model();
        model.walkthrough.select(1);
        for _ in 0..4 {
            space(&mut model);
        }
        assert_eq!(beat(&model).1, Beat::Notice, "what is done is looked at and not run again");
        let mut seen = Vec::new();
        for _ in 0..5 {
            press(&mut model, KeyCode::PageUp);
            let (step, beat, pane) = beat(&model);
            seen.push((step.number(), beat, pane));
        }
        assert_eq!(
            seen,
            [
                (2, Beat::Do, Pane::Explore),
                (2, Beat::Show, Pane::Explore),
                (2, Beat::Say, Pane::Walkthrough),
                (1, Beat::Notice, Pane::Walkthrough),
                (1, Beat::Do, Pane::Resources),
            ]
        );
        update(&mut model, Msg::Key(KeyEvent::new(KeyCode::Char(' '), KeyModifiers::SHIFT)));
        assert_eq!(beat(&model).1, Beat::Show);
        press(&mut model, KeyCode::Backspace);
        assert_eq!(beat(&model).1, Beat::Say);
        press(&mut model, KeyCode::Backspace);
        assert_eq!(beat(&model).0, Step::Foundation, "there is nothing before the beginning");
    }

    #[test]
    fn space_is_typed_again_as_soon_as_the_console_is_taken_in_hand() {
        let mut model = full_model();
        model.sql.tab_mut().replace("");
        model.walkthrough.select(Step::Load as usize);
        space(&mut model);
        space(&mut model);
        assert_eq!(beat(&model), (Step::Load, Beat::Show, Pane::Sql));
        model.sql.tab_mut().half = crate::app::sql::Half::Editor;
        assert!(space_goes_on(&model));
        for key in ['a', ' ', 'b'] {
            press(&mut model, KeyCode::Char(key));
        }
        assert_eq!((model.sql.tab().text(), beat(&model).1), ("a b".to_owned(), Beat::Show));
        press(&mut model, KeyCode::PageDown);
        assert_eq!(beat(&model).1, Beat::Do, "PgDn goes on from everywhere");
        space(&mut model);
        assert_eq!(beat(&model).1, Beat::Notice, "and Space is the remote again");
    }

    #[test]
    fn the_statement_of_a_step_waits_in_the_console_and_shows_what_has_come_of_it() {
        let mut model = open_model();
        model.sql.tab_mut().replace("select 'mine'");
        for view in &mut model.walkthrough.steps[..2] {
            view.status = Status::Done { message: "there".into(), seconds: None, changed: None };
        }
        model.walkthrough.select(Step::Lake as usize);
        space(&mut model);
        space(&mut model);
        assert_eq!((model.sql.tabs().len(), model.sql.tabs()[0].text().as_str()), (2, "select 'mine'"));
        assert!(model.sql.tab().text().starts_with("-- Ten rows of the lake"));
        space(&mut model);
        let outcome = StepOutcome { changed: true, message: "done".into(), detail: serde_json::Map::new() };
        update(&mut model, Msg::Walkthrough(Walk::Begun(Step::Lake)));
        let effects = update(&mut model, Msg::Walkthrough(Walk::Ended(Step::Lake, Box::new(Ok(outcome)))));
        assert!(effects.iter().any(|effect| matches!(effect, Effect::Query { .. })), "{effects:?}");
        let over = over(&model.walkthrough);
        update(&mut model, Msg::Walkthrough(over));
        press(&mut model, KeyCode::PageUp);
        press(&mut model, KeyCode::PageUp);
        space(&mut model);
        assert_eq!(model.sql.tabs().len(), 2, "the tab is found again");
    }

    #[test]
    fn space_marks_runs_and_goes_on_elsewhere_in_the_pipeline() {
        let mut model = full_model();
        update(&mut model, Msg::Key(KeyEvent::new(KeyCode::F(12), KeyModifiers::NONE)));
        update(&mut model, Msg::Do(crate::app::action::Command::Focus(Pane::Pipeline)));
        press(&mut model, KeyCode::Char('u'));
        assert!(!space_goes_on(&model));
        press(&mut model, KeyCode::Char('g'));
        assert!(space_goes_on(&model));
        update(&mut model, Msg::Do(crate::app::action::Command::Present));
        assert!(model.walkthrough.presenting.is_none() && !space_goes_on(&model));
    }

    #[test]
    fn what_is_missing_is_offered_and_run_without_leaving_the_step() {
        let mut model = open_model();
        model.walkthrough.select(Step::Predict as usize);
        space(&mut model);
        space(&mut model);
        space(&mut model);
        assert_eq!(model.popups.len(), 1);
        let effects = press(&mut model, KeyCode::Enter);
        let wanted = [Step::Foundation, Step::Lake, Step::Load, Step::Pipeline, Step::Deploy, Step::Predict];
        assert!(effects.iter().any(|effect| matches!(effect, Effect::RunSteps(_, steps) if steps == &wanted)), "{effects:?}");
        update(&mut model, Msg::Walkthrough(Walk::Begun(Step::Foundation)));
        assert_eq!(beat(&model), (Step::Predict, Beat::Do, Pane::Predict));
    }

    #[test]
    fn checks_of_the_result_follow_the_figures_of_the_step() {
        let mut model = open_model();
        finish(&mut model, Step::Pipeline, json!({"auc": 0.61}));
        assert_eq!(model.walkthrough.checks(Step::Pipeline)[1], (Verdict::Fails, "AUC 0.610 ≥ 0.700".into()));
        finish(&mut model, Step::Pipeline, json!({"auc": 0.81}));
        assert_eq!(model.walkthrough.checks(Step::Pipeline)[1].0, Verdict::Holds);
        assert_eq!(
            model.walkthrough.checks(Step::RedshiftMl).iter().map(|(verdict, _)| *verdict).collect::<Vec<_>>(),
            [Verdict::Fails, Verdict::Open]
        );
    }

    #[test]
    fn time_is_counted_for_the_step_that_is_presented() {
        let mut model = full_model();
        model.walkthrough.select(0);
        space(&mut model);
        model.now += Duration::seconds(90);
        press(&mut model, KeyCode::Down);
        model.now += Duration::seconds(10);
        press(&mut model, KeyCode::Up);
        let remote = model.walkthrough.presenting.as_ref().unwrap();
        assert_eq!((remote.spent[0], remote.spent[1], remote.beat), (90_000, 10_000, Beat::Say));
        assert_eq!(remote.entered, model.now);
    }

    #[test]
    fn another_action_than_the_step_is_done_by_its_name() {
        let mut model = full_model();
        let files: Vec<_> = crate::app::walkthrough::script::built_in_files()
            .take(1)
            .map(|(name, text)| crate::app::walkthrough::script::File {
                name: name.into(),
                text: Ok(text.replace("action: step.run", "action: help")),
            })
            .collect();
        update(&mut model, Msg::Walkthrough(Walk::Script(files)));
        model.walkthrough.select(0);
        for _ in 0..3 {
            space(&mut model);
        }
        assert!(matches!(model.popups[..], [Popup::Help { .. }]));
        press(&mut model, KeyCode::Esc);
        space(&mut model);
        assert_eq!(beat(&model).1, Beat::Notice);
        space(&mut model);
        assert!(model.walkthrough.presenting.is_none(), "this script has one step");
        assert!(matches!(model.walkthrough.steps[0].status, Status::Done { .. }));
    }
}
