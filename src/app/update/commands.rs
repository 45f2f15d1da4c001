//! What each command does.

use super::availability::{Cancels, available, cancels};
use super::movement::{back, focus, move_rows, next_focus, page};
use super::remote;
use crate::app::action::Command;
use crate::app::model::{Link, Model};
use crate::app::popup::{Choice, Confirm, Item, Picker, Popup};
use crate::app::predict::beside::View;
use crate::app::{Effect, Pane, doctor, login, sql};
use crate::config::settings::{THEMES, TargetKind};
use crate::demo::figures;
use crate::demo::resource::ResourceState;
use crate::demo::step::Step;

/// Groups by which their list is turned: as many as are seen in any room.
const SEGMENTS: isize = 5;

pub(super) fn run_command(model: &mut Model, command: Command) -> Vec<Effect> {
    use Command as C;
    match command {
        C::Help => {
            model.popups.push(Popup::Help { scroll: 0 });
            Vec::new()
        }
        C::Palette => {
            let palette = Picker::palette(|command| available(model, command), |text| model.speak(text).into_owned());
            model.popups.push(Popup::Picker(palette));
            Vec::new()
        }
        C::NextFocus => next_focus(model, true),
        C::PreviousFocus => next_focus(model, false),
        C::Focus(pane) => {
            // The key of the pane that has the focus already gives it the whole screen.
            if model.focus == pane && model.viewport.overview | model.zoomed && model.popups.is_empty() {
                model.zoomed = !model.zoomed;
            }
            focus(model, pane)
        }
        C::Zoom => {
            model.zoomed = !model.zoomed;
            Vec::new()
        }
        C::Back => back(model),
        C::Cancel => cancel(model),
        C::Theme => {
            let at = THEMES.iter().position(|name| *name == model.theme).unwrap_or(0);
            model.theme = THEMES[(at + 1) % THEMES.len()].to_owned();
            model.explore.images.suit(&model.theme);
            model.say(format!("Theme: {}", model.theme), false);
            vec![Effect::Redraw]
        }
        C::Size => {
            model.large = !model.large;
            // While nothing is presented, nothing on the screen says so.
            if model.walkthrough.presenting.is_none() {
                model.say(if model.large { "Presentations are shown large" } else { "Presentations are shown as usual" }, false);
            }
            Vec::new()
        }
        C::Spotlight => {
            model.spotlight = !model.spotlight && model.can_be_dimmed();
            Vec::new()
        }
        C::Redraw => vec![Effect::Redraw],
        C::Suspend => vec![Effect::Suspend],
        C::LogIn => login::log_in(),
        C::Doctor => doctor::examine(model),
        C::Fallback => super::standby::switch(model),
        C::Picture => vec![Effect::Picture],
        C::Reveal => {
            model.reveal();
            Vec::new()
        }
        C::Quit => quit(model, false),
        C::StepRun => run_step(model),
        C::StepRunAll => {
            let steps = Step::ALL.into_iter().filter(|step| *step != Step::Cleanup).collect();
            start(model, steps)
        }
        C::StepBegin => begin_here(model),
        C::StepShow => {
            let pane = model.walkthrough.notes(model.walkthrough.current().step).pane;
            focus(model, pane)
        }
        C::BeatOn => remote::on(model),
        C::BeatBack => remote::back(model),
        C::Cut => super::cut::cut(model),
        C::Present => remote::toggle(model),
        C::Refresh => refresh(model),
        C::Up => move_rows(model, model.focus, -1),
        C::Down => move_rows(model, model.focus, 1),
        C::PageUp if model.focus == Pane::Walkthrough => {
            model.walkthrough.scroll = model.walkthrough.scroll.saturating_sub(page(model).unsigned_abs());
            Vec::new()
        }
        C::PageDown if model.focus == Pane::Walkthrough => {
            model.walkthrough.scroll += page(model).unsigned_abs();
            Vec::new()
        }
        C::PageUp | C::PageDown if model.focus == Pane::Predict && model.predict.beside.view == View::Segments => {
            model.predict.page_segments(if command == C::PageUp { -SEGMENTS } else { SEGMENTS });
            Vec::new()
        }
        C::PageUp => move_rows(model, model.focus, -page(model)),
        C::PageDown => move_rows(model, model.focus, page(model)),
        C::First => move_rows(model, model.focus, isize::MIN / 2),
        C::Last => move_rows(model, model.focus, isize::MAX / 2),
        C::Edit(command) => super::editor::run(model, command),
        C::Grid(command) => super::grid::run(model, command),
        C::Console(command) => super::console::run(model, command),
        C::Pipeline(command) => super::pipeline::run(model, command),
        C::NextCustomer => model.predict.next_customer(),
        C::EditField => edit_field(model),
        C::Decrease => model.predict.step(-1),
        C::Increase => model.predict.step(1),
        C::ResetField => model.predict.reset(),
        C::Form(command) => super::predict::run(model, command),
        C::Beside(command) => model.predict.run(command),
        C::Explore(command) => super::explore::run(model, command),
    }
}

pub(super) fn cancel(model: &mut Model) -> Vec<Effect> {
    match cancels(model) {
        Some(Cancels::Steps) => model.walkthrough.cancel(),
        Some(Cancels::Beside(step)) => model.walkthrough.cancel_beside(step),
        Some(Cancels::Result) => model.sql.tab_mut().result_mut().map(sql::ResultSet::cancel).unwrap_or_default(),
        Some(Cancels::Query) => model.sql.tab_mut().cancel(),
        Some(Cancels::Exploration) => model.explore.cancel(),
        Some(Cancels::Pipeline) => super::pipeline::run(model, crate::app::pipeline::Command::Stop),
        None => quit(model, true),
    }
}

pub(super) fn quit(model: &mut Model, ask: bool) -> Vec<Effect> {
    let running = running_now(model);
    if model.sql.active().next().is_some() && super::console::can_run_on(model) {
        return super::console::ask_to_leave(model, &running);
    }
    if running.is_empty() && !ask {
        return leave(model);
    }
    let body = if running.is_empty() {
        "Nothing is running. What the demonstration has made stays in the account.".to_owned()
    } else {
        format!("{} will be cancelled. What is done already stays in the account.", running.join(" and "))
    };
    model.popups.push(Popup::Confirm(Confirm {
        title: "Leave shiftdeck?".into(),
        body,
        phrase: None,
        typed: String::new(),
        yes: "Leave",
        choice: Choice::Quit,
    }));
    Vec::new()
}

/// The tabs of the console are kept, then the program ends.
pub(super) fn leave(model: &mut Model) -> Vec<Effect> {
    // What is cancelled now is not looked for at the next start.
    let mut effects = model.sql.cancel_all();
    effects.extend(model.sql.keep_now());
    effects.push(Effect::Quit);
    effects
}

fn running_now(model: &Model) -> Vec<String> {
    let mut running = Vec::new();
    if let Some(view) = model.walkthrough.running() {
        running.push(format!("The step “{}”", view.step.title()));
    } else if model.walkthrough.run.is_some() {
        running.push("The run".to_owned());
    }
    for step in Step::ALL.into_iter().filter(|step| model.walkthrough.in_background(*step)) {
        let followed = model.walkthrough.run.as_ref().is_some_and(|run| run.current == Some(step));
        if !followed {
            running.push(if running.is_empty() {
                format!("The step “{}”", step.title())
            } else {
                format!("the step “{}”", step.title())
            });
        }
    }
    match model.sql.active().count() {
        0 => {}
        1 => running.push("the statement in the console".to_owned()),
        count => running.push(format!("{count} statements in the console")),
    }
    running
}

pub(super) fn run_step(model: &mut Model) -> Vec<Effect> {
    let step = model.walkthrough.current().step;
    if step != Step::Cleanup {
        return start(model, vec![step]);
    }
    if model.walkthrough.run.is_some() || model.identity().is_none() {
        return start(model, vec![step]);
    }
    let present = model.resources.rows.iter().filter(|row| row.state != ResourceState::Missing).count();
    let what = match present {
        0 => "Everything that the demonstration has made is removed.".to_owned(),
        count => format!("{} are removed, with the data in them.", plural(count, "resource")),
    };
    let phrase = (model.target == TargetKind::Aws).then(|| model.demo.clone());
    model.popups.push(Popup::Confirm(Confirm {
        title: "Clean up?".into(),
        body: format!("{what} Only what carries this demonstration's tag is touched. It cannot be undone."),
        phrase,
        typed: String::new(),
        yes: "Remove",
        choice: Choice::Run(vec![Step::Cleanup]),
    }));
    Vec::new()
}

/// Asks whether the account is to be as it is before the selected step.
fn begin_here(model: &mut Model) -> Vec<Effect> {
    if model.target == TargetKind::Aws {
        return begin_elsewhere(model);
    }
    if !available(model, Command::StepBegin) {
        model.say("Only an embedded AWS that this program holds can be put to a step, and not while a step runs", true);
        return Vec::new();
    }
    let step = model.walkthrough.current().step;
    let before = match step {
        Step::Foundation => "as a fresh account".to_owned(),
        step => format!("as it is before “{}”: the steps before are done, and nothing later", step.title()),
    };
    model.popups.push(Popup::Confirm(Confirm {
        title: format!("Begin at step {}?", step.number()),
        body: format!("The embedded AWS will be {before}. What is in it now is replaced, and statements that run are cancelled."),
        phrase: None,
        typed: String::new(),
        yes: "Begin there",
        choice: Choice::Begin(step),
    }));
    Vec::new()
}

/// On an account on AWS it is minutes of work that a command does: it is told, and copied on demand.
fn begin_elsewhere(model: &mut Model) -> Vec<Effect> {
    let step = model.walkthrough.current().step;
    let command = format!("shiftdeck --target aws checkpoint prepare --at before-{step}");
    model.popups.push(Popup::Confirm(Confirm {
        title: format!("Begin at step {}?", step.number()),
        body: format!(
            "An account on AWS is brought there by a command in another terminal, with the flags that this screen was started with:\n\n\
             {command}\n\nIt tells first what it removes and runs, and how long that takes; with --dry-run it only tells."
        ),
        phrase: None,
        typed: String::new(),
        yes: "Copy the command",
        choice: Choice::Copy(command),
    }));
    Vec::new()
}

/// The account is put to where a step begins, and opened again.
pub(super) fn begin(model: &mut Model, step: Step) -> Vec<Effect> {
    model.link = Link::Opening;
    let mut effects = model.sql.cancel_all();
    // What goes on beside the reader would make again what is put back.
    effects.extend(model.walkthrough.cancel_background());
    model.walkthrough.forget();
    model.resources.rows.clear();
    model.pipeline.chosen = None;
    model.predict.forget();
    model.explore.set_source(None);
    effects.push(Effect::BeginAt(step));
    effects
}

fn start(model: &mut Model, steps: Vec<Step>) -> Vec<Effect> {
    if model.identity().is_none() {
        model.say("The account is still being opened", false);
        return Vec::new();
    }
    if let Some(view) = model.walkthrough.running() {
        let text = format!("“{}” is running; x cancels it", view.step.title());
        model.say(text, false);
        return Vec::new();
    }
    model.walkthrough.start(steps)
}

/// Says why the pipeline is not started now.
pub(super) fn start_refused(model: &mut Model) -> Vec<Effect> {
    model.say("A step is running; cancel it or let it end first", false);
    Vec::new()
}

fn refresh(model: &mut Model) -> Vec<Effect> {
    if model.identity().is_none() {
        return Vec::new();
    }
    match model.focus {
        Pane::Resources => model.resources.refresh(),
        Pane::Pipeline => model.pipeline.refresh(),
        Pane::Predict => model.predict.look(),
        Pane::Explore => {
            // What is missing is asked for after every message.
            model.explore.forget();
            Vec::new()
        }
        _ => Vec::new(),
    }
}

fn edit_field(model: &mut Model) -> Vec<Effect> {
    let before = model.predict.fields.get(model.predict.list.selected).map(|field| (field.column.name.clone(), field.text.clone()));
    let Some((name, text)) = before else { return Vec::new() };
    model.before_edit = Some(text.clone());
    if let Some((index, values)) = model.predict.edit() {
        let total: u64 = values.iter().map(|(_, count)| count).sum();
        let items = values
            .into_iter()
            .map(|(value, count)| Item {
                label: value.clone(),
                detail: String::new(),
                mark: if total == 0 { String::new() } else { figures::percent(count as f64 / total as f64) },
                choice: Choice::Value(index, value),
            })
            .collect::<Vec<_>>();
        let mut picker = Picker::new(&name, items);
        picker.list.selected = picker.items.iter().position(|item| item.label == text).unwrap_or(0);
        model.popups.push(Popup::Picker(picker));
    }
    Vec::new()
}

fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{} {noun}s", figures::count(count as u64)) }
}
