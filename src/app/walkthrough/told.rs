//! What the speaker is told and the audience is not.

use crate::app::Model;
use crate::app::action::key_label;
use crate::app::model::Link;
use crate::app::sql::RunState;
use crate::app::walkthrough::check::Verdict;
use crate::app::walkthrough::{Beat, Press, Remote, State, Status};
use crate::config::settings::TargetKind;
use crate::demo::figures;
use crate::demo::step::Step;
use crate::ops::stage::{Checked, Planned, Running, Told};

/// Parts of the codes of errors that a presenter has to know of; that something does not exist is no news while it is being made.
const REFUSALS: [&str; 6] = ["AccessDenied", "Unauthorized", "Expired", "Throttl", "LimitExceeded", "UnrecognizedClient"];

/// The key that goes over to the account behind the screen.
const FALLBACK: &str = "alt-0";

/// The key that goes on without waiting.
const CUT: &str = "alt-9";

/// What the speaker is told now; nothing while no presentation is on. The process is filled in by who writes it down.
pub fn told(model: &Model) -> Option<Told> {
    let state = &model.walkthrough;
    let remote = state.presenting.as_ref()?;
    let step = state.current().step;
    let notes = state.notes(step);
    let press = state.press()?;
    let key = key_label(FALLBACK);
    Some(Told {
        process: 0,
        demo: match model.standby.ready(&key) {
            Some(ready) => format!("{} · {} · {ready}", model.demo, place(model)),
            None => format!("{} · {}", model.demo, place(model)),
        },
        began: remote.began,
        plan: plan(state, remote),
        at: state.script.position(step),
        title: format!("{}  {}", step.number(), notes.title),
        entered: remote.entered,
        beats: Beat::ALL.map(|beat| beat.name().to_owned()).to_vec(),
        beat: remote.beat as usize,
        notes: notes.section(remote.beat.section()).to_owned(),
        aside: notes.aside.clone(),
        after: after(state, step, remote.beat, &press),
        press: next(model, &press),
        state: stands(state, step),
        checks: match remote.beat {
            Beat::Notice => state.checks(step).into_iter().map(|(verdict, text)| checked(verdict, text)).collect(),
            _ => Vec::new(),
        },
        running: running(model),
        begun_early: begun_early(state),
        warnings: warnings(model, step, remote.beat),
    })
}

fn place(model: &Model) -> &'static str {
    match model.target {
        TargetKind::Local => "embedded AWS",
        TargetKind::Aws => "AWS",
        TargetKind::Replay => "recording",
    }
}

fn plan(state: &State, remote: &Remote) -> Vec<Planned> {
    state
        .script
        .steps()
        .map(|step| {
            let mark = match state.steps[step as usize].status {
                Status::Done { seconds: None, .. } if step == Step::Cleanup => "◌",
                Status::Done { .. } => "✔",
                Status::Failed { .. } => "✖",
                Status::Running { .. } => "●",
                _ => "◌",
            };
            Planned {
                number: step.number(),
                title: state.title(step).to_owned(),
                seconds: state.planned(step),
                spent: remote.spent[step as usize],
                mark: mark.to_owned(),
            }
        })
        .collect()
}

/// What the next press does, and that there is a way around waiting.
fn next(model: &Model, press: &Press) -> String {
    let state = &model.walkthrough;
    let words = press.words(|step| state.title(step).to_owned());
    let waits = *press == Press::Wait && state.hurried.is_none() && model.target != TargetKind::Replay;
    if waits { format!("{words}; {} cuts it short", key_label(CUT)) } else { words }
}

/// The notes of the beat after this one.
fn after(state: &State, step: Step, beat: Beat, press: &Press) -> String {
    let next = match (beat, press) {
        (Beat::Say, _) => Some((step, Beat::Show)),
        (Beat::Show, _) => Some((step, Beat::Do)),
        (Beat::Do, _) => Some((step, Beat::Notice)),
        (Beat::Notice, Press::Next(step)) => Some((*step, Beat::Say)),
        (Beat::Notice, _) => None,
    };
    next.map(|(step, beat)| state.notes(step).section(beat.section()).to_owned()).unwrap_or_default()
}

fn checked(verdict: Verdict, text: String) -> Checked {
    let holds = match verdict {
        Verdict::Holds => Some(true),
        Verdict::Fails => Some(false),
        Verdict::Open => None,
    };
    Checked { holds, text }
}

/// How the step stands.
fn stands(state: &State, step: Step) -> String {
    let view = &state.steps[step as usize];
    match &view.status {
        Status::Running { .. } if view.earlier.is_some() => "running; what an earlier run has left is shown".to_owned(),
        Status::Unknown(_) => "not known yet".to_owned(),
        Status::Pending => "to do".to_owned(),
        Status::Queued => "its turn comes".to_owned(),
        Status::Running { .. } => "running".to_owned(),
        Status::Done { message, seconds: Some(seconds), .. } => format!("done in {}: {message}", figures::duration(*seconds)),
        Status::Done { message, .. } => format!("done before: {message}"),
        Status::Failed { .. } => "failed".to_owned(),
        Status::Cancelled => "cancelled".to_owned(),
    }
}

/// A step that is running.
fn step_running(state: &State, step: Step, background: bool) -> Option<Running> {
    let view = &state.steps[step as usize];
    let Status::Running { since } = view.status else { return None };
    let said = view.events.last().map(|event| format!(": {}", event.message)).unwrap_or_default();
    // Less than a second is not waited for.
    let expected = state.expected.get(&step).map(|seconds| seconds.round().max(1.0) as u64);
    Some(Running { what: format!("{}{said}", state.title(step)), since: Some(since), expected, background })
}

/// The steps that were begun early and have ended, with how that went.
fn begun_early(state: &State) -> Vec<Checked> {
    let ended = state.script.steps().filter(|step| state.is_quiet(*step)).filter_map(|step| {
        let title = state.title(step);
        match &state.steps[step as usize].status {
            Status::Done { message, seconds, .. } => {
                let took = seconds.map(|seconds| format!(" in {}", figures::duration(seconds))).unwrap_or_default();
                Some(Checked { holds: Some(true), text: format!("“{title}” was begun early and is done{took}: {message}") })
            }
            Status::Failed { .. } => Some(Checked { holds: Some(false), text: format!("“{title}” was begun early and has failed") }),
            Status::Cancelled => Some(Checked { holds: Some(false), text: format!("“{title}” was begun early and was cancelled") }),
            _ => None,
        }
    });
    ended.collect()
}

fn running(model: &Model) -> Vec<Running> {
    let mut running = Vec::new();
    let state = &model.walkthrough;
    if let Some(run) = &state.run {
        running.extend(run.steps.iter().filter_map(|step| step_running(state, *step, false)));
        let queued = run.steps.iter().filter(|step| model.walkthrough.steps[**step as usize].status == Status::Queued).count();
        if queued > 0 {
            let what = format!("{} after it", figures::counted(queued as u64, "step"));
            running.push(Running { what, since: None, expected: None, background: false });
        }
    }
    // What the run follows has been told.
    let beside = state.background.iter().flat_map(|run| &run.steps).filter(|step| state.in_background(**step));
    let followed = state.run.as_ref().and_then(|run| run.current);
    running.extend(beside.filter(|step| followed != Some(**step)).filter_map(|step| step_running(state, *step, true)));
    for (_, run) in model.sql.active() {
        if let RunState::Active { since, .. } = &run.state {
            let what = format!("a statement on {}", crate::app::engine_name(run.engine));
            running.push(Running { what, since: Some(*since), expected: None, background: false });
        }
    }
    for job in &model.pipeline.jobs {
        running.push(Running { what: job.work.words(), since: Some(job.since), expected: None, background: false });
    }
    if model.pipeline.active()
        && let Some(run) = &model.pipeline.run
    {
        running.push(Running { what: "the pipeline".to_owned(), since: Some(run.started), expected: None, background: false });
    }
    running
}

fn warnings(model: &Model, step: Step, beat: Beat) -> Vec<String> {
    let state = &model.walkthrough;
    let mut warnings: Vec<String> = model.standby.told(&key_label(FALLBACK)).into_iter().collect();
    match &model.link {
        Link::Closed(error) => warnings.push(format!("The account is not open: {error}")),
        Link::Opening => warnings.push("The account is still being opened".to_owned()),
        Link::Open(_) => {}
    }
    for view in &state.steps {
        if let Status::Failed { error, .. } = &view.status {
            let fix = error.fix.as_deref().map(|fix| format!(" → {fix}")).unwrap_or_default();
            warnings.push(format!("“{}” failed: {error}{fix}", state.title(view.step)));
        }
    }
    let missing = state.missing(step);
    if !missing.is_empty() && state.run.is_none() && !matches!(state.steps[step as usize].status, Status::Done { .. }) {
        let names: Vec<&str> = missing.iter().map(|step| state.title(*step)).collect();
        warnings.push(format!("Not done yet, and needed here: {}", names.join(", ")));
    }
    if beat == Beat::Notice {
        let failed = state.checks(step).into_iter().filter(|(verdict, _)| *verdict == Verdict::Fails);
        warnings.extend(failed.map(|(_, text)| format!("A check does not hold: {text}")));
    }
    let refused = |code: &str| REFUSALS.iter().any(|part| code.contains(part));
    if let Some((call, code)) =
        model.activity.calls.iter().rev().find_map(|call| Some((call, call.error.as_deref().filter(|code| refused(code))?)))
    {
        warnings.push(format!("{} refused {} ({code})", call.service, call.operation));
    }
    warnings.extend(state.script.trouble.iter().map(|trouble| format!("The walkthrough: {trouble}")));
    warnings
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::app::action::Command;
    use crate::app::tests::{failure, full_model, open_model};
    use crate::app::{Msg, update};

    fn on(model: &mut Model, presses: usize) -> Told {
        for _ in 0..presses {
            update(model, Msg::Do(Command::BeatOn));
        }
        told(model).unwrap()
    }

    #[test]
    fn nothing_is_told_while_nothing_is_presented() {
        assert_eq!(told(&full_model()), None);
    }

    #[test]
    fn the_speaker_sees_this_beat_and_the_next() {
        let mut model = full_model();
        model.walkthrough.select(2);
        let say = on(&mut model, 1);
        assert_eq!((say.beat, say.at, say.title.as_str(), say.press.as_str()), (0, Some(2), "3  Put data in the lake", "show SQL"));
        let show = on(&mut model, 1);
        assert_eq!(show.notes, say.after);
        let notice = on(&mut model, 2);
        assert_eq!((notice.beat, notice.checks.len()), (3, 1));
        let next = on(&mut model, 1);
        assert_eq!((next.notes, next.at), (notice.after, Some(3)));
        assert_eq!(next.plan.iter().map(|planned| planned.seconds).sum::<u32>(), 34 * 60);
        model.walkthrough.minutes = 20;
        let shorter = on(&mut model, 0).plan;
        assert_eq!(shorter.iter().map(|planned| planned.seconds).sum::<u32>(), 20 * 60);
        for (shorter, planned) in shorter.iter().zip(&next.plan) {
            assert!(shorter.seconds.abs_diff(planned.seconds * 20 / 34) <= 1, "every step has its share: {shorter:?}");
        }
    }

    #[test]
    fn what_the_audience_is_not_told() {
        let mut model = open_model();
        model.walkthrough.select(5);
        model.walkthrough.steps[0].status = Status::Failed { error: failure("could not", "because", Some("Try.")), seconds: 1.0 };
        let told = on(&mut model, 1);
        assert!(told.warnings.iter().any(|text| text.contains("failed: ") && text.ends_with("→ Try.")), "{:?}", told.warnings);
        assert!(told.warnings.iter().any(|text| text.contains("needed here")), "{:?}", told.warnings);
        update(&mut model, Msg::Do(Command::StepRunAll));
        update(&mut model, Msg::Walkthrough(crate::app::walkthrough::Msg::Begun(Step::Foundation)));
        let told = super::told(&model).unwrap();
        assert_eq!(
            told.running.iter().map(|running| running.what.as_str()).collect::<Vec<_>>(),
            ["Lay the foundation", "7 steps after it"]
        );
    }
}
