//! What is around the panes: header with tabs, frames, the line of what is happening, the line of what can be done.

use std::borrow::Cow;

use ratatui::layout::Rect;

use super::canvas::{Canvas, Pieces};
use super::theme::Role;
use super::{glyph, large, stage};
use crate::app::action::{self, Action, Command, Scope, key_label};
use crate::app::model::{Link, Model};
use crate::app::msg::Target;
use crate::app::sql::RunState;
use crate::app::text_width::width;
use crate::app::walkthrough::{Beat, Status, StepView};
use crate::app::{Pane, available, engine_name, scopes};
use crate::config::settings::TargetKind;
use crate::demo::figures;
use crate::ops::query::QueryState;

/// From this width on the name of the program has a place beside the tabs.
const ROOM_FOR_NAME: u16 = 92;

/// The mark behind the target while the screen is on the account behind it.
const OVER: &str = " ◦";

/// Name, tabs, and where we are.
pub fn header(canvas: &mut Canvas<'_>, area: Rect) {
    let model = canvas.model;
    if model.enlarged() {
        return large::header(canvas, area);
    }
    let mut x = area.x + 1;
    if area.width >= ROOM_FOR_NAME {
        x += canvas.text(x, area.y, 12, "shiftdeck", Role::Accent) + 3;
    }
    let tight = area.width < 82;
    for pane in Pane::ALL {
        let label = format!("{} {}", pane.number(), pane.title());
        let left = area.right().saturating_sub(x);
        let role = if pane == model.focus { Role::Strong } else { Role::Dim };
        let used = canvas.text(x, area.y, left, &label, role);
        if pane == model.focus {
            canvas.overlay(Rect::new(x, area.y, used, 1), canvas.style(Role::Accent).add_modifier(ratatui::style::Modifier::UNDERLINED));
        }
        canvas.target(Rect::new(x, area.y, used, 1), Target::Pane(pane));
        x += used + if tight { 2 } else { 3 };
    }
    let target = target(model);
    let place = format!("{} · {target} · {}", model.demo, model.region);
    let room = area.right().saturating_sub(x + 1);
    for text in [place, format!("{} · {target}", model.demo), model.demo.clone()] {
        if width(&text) <= usize::from(room) {
            canvas.text_right(x, area.y, room, &text, Role::Dim);
            break;
        }
    }
}

/// Where the demonstration runs. An audience is not told that the screen has gone over to the account behind it; a small mark is for those who
/// know.
fn target(model: &Model) -> String {
    let identity = model.identity();
    let of_identity = || identity.map(|identity| (identity.account.clone(), identity.alias.clone()));
    let (kind, account, recording, mark) = match &model.standby.shown {
        Some(shown) => (shown.target, shown.account.clone(), shown.recording.clone(), OVER),
        None => (model.target, of_identity(), identity.and_then(|identity| identity.recording.clone()), ""),
    };
    let name = match (kind, account, recording) {
        (TargetKind::Local, ..) => "embedded AWS".to_owned(),
        (TargetKind::Aws, Some((account, Some(alias))), _) => format!("AWS {alias} {account}"),
        (TargetKind::Aws, Some((account, None)), _) => format!("AWS {account}"),
        (TargetKind::Aws, None, _) => "AWS".to_owned(),
        (TargetKind::Replay, _, Some(recording)) => format!("replay {recording}"),
        (TargetKind::Replay, _, None) => "replay".to_owned(),
    };
    format!("{name}{mark}")
}

/// The short facts beside a pane's title.
fn summary(canvas: &Canvas<'_>, pane: Pane) -> String {
    let model = canvas.model;
    match pane {
        Pane::Walkthrough => format!("{} of 8 done", model.walkthrough.done()),
        Pane::Resources if model.resources.rows.is_empty() => String::new(),
        Pane::Resources => {
            let ready = format!("{} of {} ready", model.resources.ready(), model.resources.rows.len());
            match &model.resources.costs {
                Some(costs) => format!("{ready} · {}", costs.in_words()),
                None => ready,
            }
        }
        Pane::Sql => engine_name(model.sql.tab().engine).to_owned(),
        Pane::Pipeline => model.pipeline.run.as_ref().map(|run| glyph::run(model, run.state).2.to_owned()).unwrap_or_default(),
        Pane::Predict => match &model.predict.model {
            Some(found) => match found.version {
                Some(version) => format!("{} · version {version}", found.endpoint),
                None => found.endpoint.clone(),
            },
            None => String::new(),
        },
        Pane::Explore => model.explore.source.map(|engine| engine_name(engine).to_owned()).unwrap_or_default(),
        Pane::Activity => match model.activity.failed {
            0 => format!("{} calls", figures::count(model.activity.total)),
            failed => format!("{} calls, {} failed", figures::count(model.activity.total), figures::count(failed)),
        },
    }
}

/// Title and frame of a pane; gives what is inside. A frame is for the focus; its place is kept free elsewhere, so that nothing moves.
pub fn pane_frame(canvas: &mut Canvas<'_>, pane: Pane, area: Rect, overview: bool) -> Rect {
    if canvas.model.enlarged() {
        return large::frame(canvas, pane, area);
    }
    let focused = canvas.model.focus == pane;
    canvas.target(area, Target::Pane(pane));
    let summary = summary(canvas, pane);
    if area.height < 3 || area.width < 12 {
        return area;
    }
    if overview && focused {
        canvas.frame(area, Role::Focus);
    } else {
        canvas.rule(area.x + 1, area.y, area.width.saturating_sub(2), Role::Rule);
    }
    let title = format!(" {} ", pane.title());
    let used = canvas.text(area.x + 2, area.y, area.width - 4, &title, if focused { Role::Accent } else { Role::Strong });
    let room = area.width.saturating_sub(used + 6);
    if !summary.is_empty() && width(&summary) + 2 <= usize::from(room) {
        canvas.text_right(area.x + 2 + used, area.y, area.width - used - 4, &format!(" {summary} "), Role::Dim);
    }
    if overview {
        Rect::new(area.x + 2, area.y + 1, area.width - 4, area.height - 2)
    } else {
        Rect::new(area.x + 1, area.y + 1, area.width - 2, area.height - 1)
    }
}

/// What is happening, in one line, and the last call to the account.
pub fn activity_line(canvas: &mut Canvas<'_>, area: Rect) {
    let model = canvas.model;
    let pieces = happening(canvas);
    let place =
        if model.enlarged() { large::column(model, area) } else { Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area } };
    let used = canvas.pieces(place.x, place.y, place.width, &pieces);
    let room = area.width.saturating_sub(used + 5);
    if let Some(call) = model.activity.calls.back().filter(|_| !model.enlarged()) {
        let failed = call.error.as_deref();
        let time = figures::duration(call.duration.as_secs_f64());
        let text = match failed {
            // Nothing has failed where something was looked for: that is how one finds out what is to be made.
            Some(code) if tells_of_absence(code) => format!("{} {}: not there", call.service, call.operation),
            Some(code) => format!("{} {} ✖ {code}", call.service, call.operation),
            None => format!("{} {} {time}", call.service, call.operation),
        };
        if width(&text) <= usize::from(room) {
            let bad = failed.is_some_and(|code| !tells_of_absence(code));
            canvas.text_right(area.x + used + 4, area.y, room, &text, if bad { Role::Warn } else { Role::Faint });
        }
    }
    canvas.target(area, Target::Pane(Pane::Activity));
}

/// Whether the code of an error says that what was asked about does not exist.
fn tells_of_absence(code: &str) -> bool {
    code.contains("NotFound") || code.starts_with("NoSuch")
}

fn happening(canvas: &Canvas<'_>) -> Pieces {
    let model = canvas.model;
    if let Some(notice) = &model.notice {
        let (mark, role) = if notice.bad { ("✖ ", Role::Bad) } else { ("› ", Role::Accent) };
        return Pieces::new().add(mark, role).add(notice.text.lines().next().unwrap_or_default(), Role::Base);
    }
    if let Some(warning) = model.login.warning(model.now) {
        return Pieces::new().add("! ", Role::Warn).add(warning, Role::Strong).add("  L", Role::Accent).add(" logs in again", Role::Dim);
    }
    let spinner = format!("{} ", glyph::working(model));
    if let Link::Opening = model.link {
        return Pieces::new().add(spinner, Role::Accent).add("Opening the account", Role::Base);
    }
    if let Some(view) = model.walkthrough.running().or_else(|| beside(model)) {
        let mut runs = model.walkthrough.run.iter().chain(&model.walkthrough.background);
        let cancelling = runs.any(|run| run.current == Some(view.step) && run.cancelling);
        let mut pieces = Pieces::new().add(spinner, Role::Accent).add(view.step.title(), Role::Strong);
        if let Status::Running { since } = view.status {
            pieces = pieces.add(format!("  {}", model.so_far(since)), Role::Dim);
            if let Some(seconds) = model.walkthrough.expected.get(&view.step) {
                pieces = pieces.add(format!(", {} the last time", figures::duration(*seconds)), Role::Faint);
            }
        }
        if cancelling {
            return pieces.add("  cancelling", Role::Warn);
        }
        if let Some(event) = view.events.last() {
            let resource = event.resource.as_deref().map(|name| format!("{name}: ")).unwrap_or_default();
            pieces = pieces.add(format!("  {resource}{}", event.message), Role::Base);
        }
        return pieces;
    }
    if let Some(pieces) = statements(canvas, &spinner) {
        return pieces;
    }
    if let Some(job) = model.pipeline.jobs.last() {
        let said = if job.said.is_empty() { String::new() } else { format!(": {}", job.said) };
        return Pieces::new()
            .add(spinner, Role::Accent)
            .add(format!("{}{said}", job.work.words()), Role::Base)
            .add(format!("  {}", model.so_far(job.since)), Role::Dim);
    }
    if let Some(run) = model.pipeline.run.as_ref().filter(|_| model.pipeline.active()) {
        return Pieces::new()
            .add(spinner, Role::Accent)
            .add("The pipeline is running", Role::Base)
            .add(format!("  {}", model.so_far(run.started)), Role::Dim);
    }
    let view = model.walkthrough.current();
    if let (Some(Beat::Do | Beat::Notice), Status::Done { message, .. }) =
        (model.walkthrough.presenting.as_ref().map(|remote| remote.beat), &view.status)
    {
        return Pieces::new().add("✔ ", Role::Good).add(message.clone(), Role::Base);
    }
    if model.enlarged() {
        return Pieces::new();
    }
    if model.walkthrough.presenting.is_some() {
        return Pieces::new().add(format!("{} ", view.step.number()), Role::Dim).add(model.walkthrough.title(view.step), Role::Base);
    }
    let next = model.walkthrough.steps.iter().find(|view| matches!(view.status, Status::Pending | Status::Cancelled));
    match next {
        Some(view) if model.walkthrough.done() < 8 => {
            Pieces::new().add("Next: ", Role::Dim).add(format!("{} {}", view.step.number(), view.step.title()), Role::Base)
        }
        _ if model.walkthrough.done() == 8 => Pieces::new().add("✔ ", Role::Good).add("Every step is done", Role::Base),
        _ => Pieces::new().add("Ready", Role::Dim),
    }
}

/// A step that goes on in the background, where no audience watches.
fn beside(model: &Model) -> Option<&StepView> {
    let state = &model.walkthrough;
    state.steps.iter().find(|view| state.presenting.is_none() && state.is_running(view.step) && state.in_background(view.step))
}

/// What the console has on the services: the statement of the tab on the screen before those of others.
fn statements(canvas: &Canvas<'_>, spinner: &str) -> Option<Pieces> {
    let model = canvas.model;
    let run = model.sql.tab().active().next().or_else(|| model.sql.active().next().map(|(_, run)| run))?;
    let RunState::Active { since, state, cancelling } = &run.state else { return None };
    let what = match state {
        _ if *cancelling => "is being cancelled",
        QueryState::Submitted => "sent",
        QueryState::Queued => "waits for its turn",
        QueryState::Running => "runs",
        QueryState::Fetching => "sends its rows",
    };
    let mut pieces = Pieces::new()
        .add(spinner, Role::Accent)
        .add(format!("The statement {what} on {}", engine_name(run.engine)), Role::Base)
        .add(format!("  {}", model.so_far(*since)), Role::Dim);
    let others = model.sql.active().count() - 1;
    if others > 0 {
        pieces = pieces.add(format!("  and {others} more"), Role::Dim);
    }
    Some(pieces)
}

/// What can be done here, made from the table of actions.
pub fn hints(canvas: &mut Canvas<'_>, area: Rect) {
    let model = canvas.model;
    if model.enlarged() {
        return large::hints(canvas, area);
    }
    let here = scopes(model);
    let shown = |scope: Scope| action::actions().filter(move |action| action.scope == scope && !action.label.is_empty());
    let everywhere = |commands: &'static [Command]| shown(Scope::Always).filter(move |action| commands.contains(&action.command));
    // How to stop what is running comes first.
    let mut wanted: Vec<&Action> = everywhere(&[Command::Cancel]).collect();
    let mut near: Vec<Scope> = here.iter().copied().filter(|scope| !matches!(scope, Scope::Always | Scope::Global)).collect();
    // In the editor running comes before editing.
    if near.first() == Some(&Scope::Editor) {
        near.reverse();
    }
    wanted.extend(near.into_iter().flat_map(shown));
    wanted.extend(everywhere(&[Command::Zoom, Command::NextFocus, Command::Palette]));
    let always: Vec<&Action> = shown(Scope::Always).filter(|action| action.command == Command::Help).collect();
    let leave: Vec<&Action> =
        shown(Scope::Global).filter(|action| action.command == Command::Quit && here.contains(&Scope::Global)).collect();

    let label = |action: &Action| {
        let keys = action::keys(action);
        // Where text is typed only the keys count that are not text.
        let typed = !here.contains(&Scope::Global);
        let key = keys.iter().find(|key| !typed || key.chars().count() > 1).copied().unwrap_or_default();
        (key_label(key), model.speak(action.label))
    };
    let fixed: Vec<(String, Cow<'_, str>, Command)> = always
        .iter()
        .chain(&leave)
        .map(|action| {
            let (key, label) = label(action);
            (key, label, action.command)
        })
        .collect();
    let fixed_width: usize = fixed.iter().map(|(key, label, _)| width(key) + width(label) + 4).sum();
    let mut x = area.x + 1;
    if let Some(remote) = &model.walkthrough.presenting {
        let room = Rect { x, width: area.width.saturating_sub(fixed_width as u16 + 2), ..area };
        x += stage::hint(canvas, room, remote) + 3;
        wanted.retain(|action| action.scope != Scope::Pane(Pane::Walkthrough));
    }
    let limit = area.right().saturating_sub(fixed_width as u16 + 1);
    for action in wanted {
        if !available(canvas.model, action.command) {
            continue;
        }
        let (key, label) = label(action);
        let needed = (width(&key) + 1 + width(&label)) as u16;
        if x + needed > limit {
            break;
        }
        hint(canvas, x, area.y, &key, &label, action.command);
        x += needed + 3;
    }
    let mut x = area.right().saturating_sub(fixed_width as u16);
    for (key, label, command) in fixed {
        let needed = hint(canvas, x, area.y, &key, &label, command);
        x += needed + 3;
    }
}

fn hint(canvas: &mut Canvas<'_>, x: u16, y: u16, key: &str, label: &str, command: Command) -> u16 {
    let used = canvas.text(x, y, 20, key, Role::Accent);
    let more = canvas.text(x + used + 1, y, 24, label, Role::Dim);
    canvas.target(Rect::new(x, y, used + 1 + more, 1), Target::Action(command));
    used + 1 + more
}
