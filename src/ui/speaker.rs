//! What the speaker sees in a second terminal: the notes of the present beat and what comes after it, the time, what is running, and what
//! the audience is not told.

use chrono::{DateTime, Utc};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::markdown;
use super::theme::{Role, Theme};
use crate::app::text_width::{clip, left, right, width, wrap};
use crate::demo::figures;
use crate::ops::stage::{Planned, Told};

/// From this width on the plan stands beside the notes.
const SIDE_BY_SIDE: u16 = 110;
/// Columns of the plan.
const PLAN: usize = 40;
/// Columns of running text at most.
const MEASURE: usize = 92;
/// Columns of the plain text.
const PLAIN: usize = 80;
/// Warnings shown at most.
const WARNINGS: usize = 4;
/// Seconds before the end of a step from which on it is told.
const SOON: i64 = 30;

/// What is heard from the screen that presents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// No presentation is on.
    Nothing,
    /// One is on.
    Told(Box<Told>),
    /// The program that presented has ended without saying so.
    Gone(Box<Told>),
    /// What is told cannot be read.
    Broken(String),
}

/// Draws the view. `drives` says whether presses reach the screen that presents.
pub fn draw(buffer: &mut Buffer, heard: &Heard, now: DateTime<Utc>, theme: &Theme, drives: bool) {
    let area = buffer.area;
    buffer.set_style(area, theme.style(Role::Base));
    if area.width < 20 || area.height < 4 {
        return;
    }
    let inner = Rect::new(area.x + 1, area.y, area.width - 2, area.height - 1);
    let wide = area.width >= SIDE_BY_SIDE;
    match heard {
        Heard::Told(told) if wide => {
            let columns = (usize::from(inner.width) - PLAN - 4).min(MEASURE);
            put(buffer, Rect { width: columns as u16, ..inner }, &page(told, now, columns, theme), theme);
            let x = inner.right() - PLAN as u16;
            put(buffer, Rect::new(x, inner.y, PLAN as u16, inner.height), &plan(told, now, theme), theme);
        }
        heard => {
            let mut lines = text(heard, now, usize::from(inner.width).min(MEASURE), theme);
            if let Heard::Told(told) = heard {
                lines.push(Line::default());
                lines.extend(plan(told, now, theme));
            }
            put(buffer, inner, &lines, theme);
        }
    }
    let on = matches!(heard, Heard::Told(_));
    let mut keys = vec![Span::styled("q", theme.style(Role::Accent)), Span::styled(" leave", theme.style(Role::Dim))];
    if on && drives {
        for (key, word) in [("Space", "next beat"), ("PgUp", "back")] {
            keys.push(Span::styled(format!("   {key}"), theme.style(Role::Accent)));
            keys.push(Span::styled(format!(" {word}"), theme.style(Role::Dim)));
        }
    }
    buffer.set_line(area.x + 1, area.bottom() - 1, &Line::from(keys), area.width - 2);
}

/// The view as plain text, for scripts.
pub fn plain(heard: &Heard, now: DateTime<Utc>, theme: &Theme) -> String {
    let mut lines = text(heard, now, PLAIN, theme);
    if let Heard::Told(told) = heard {
        lines.push(Line::default());
        lines.extend(plan(told, now, theme));
    }
    let mut plain = String::new();
    for line in lines {
        let text: String = line.spans.iter().map(|span| span.content.as_ref()).collect();
        plain.push_str(text.trim_end());
        plain.push('\n');
    }
    plain
}

fn put(buffer: &mut Buffer, area: Rect, lines: &[Line<'_>], theme: &Theme) {
    let height = usize::from(area.height);
    for (row, line) in lines.iter().take(height).enumerate() {
        buffer.set_line(area.x, area.y + row as u16, line, area.width);
    }
    if lines.len() > height && height > 0 {
        let y = area.bottom() - 1;
        buffer.set_string(area.x, y, " ".repeat(usize::from(area.width)), theme.style(Role::Base));
        buffer.set_string(area.x, y, format!("↓ {} more lines", lines.len() - height + 1), theme.style(Role::Faint));
    }
}

fn text(heard: &Heard, now: DateTime<Utc>, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    let said = |title: &str, role: Role, text: &str| {
        let mut lines = vec![Line::from(Span::styled(title.to_owned(), theme.style(role))), Line::default()];
        lines.extend(wrap(text, columns).into_iter().map(|line| Line::from(Span::styled(line, theme.style(Role::Base)))));
        lines
    };
    match heard {
        Heard::Told(told) => page(told, now, columns, theme),
        Heard::Nothing => said(
            "No presentation is on",
            Role::Strong,
            "Begin one in the other terminal: Space in Walkthrough, or F12 anywhere. This view follows by itself, with the same --state-dir.",
        ),
        Heard::Gone(told) => said(
            "The presentation has ended without a word",
            Role::Warn,
            &format!(
                "Process {} presented “{}” and is gone. Start `shiftdeck` again; this view follows by itself.",
                told.process,
                told.title.trim_start_matches(|c: char| c.is_ascii_digit()).trim()
            ),
        ),
        Heard::Broken(why) => said("What the presentation tells cannot be read", Role::Bad, why),
    }
}

/// `4:05`, from milliseconds.
fn clock(milliseconds: i64) -> String {
    let seconds = milliseconds.max(0) / 1000;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// What is left of a time, and how that looks.
fn remaining(spent: i64, planned: i64) -> (String, Role) {
    // Whole seconds, so that what has passed and what is left always make the whole.
    let left = planned - spent / 1000 * 1000;
    match left {
        left if left < 0 => (format!("{} over", clock(-left)), Role::Bad),
        left if left <= SOON * 1000 => (format!("{} left", clock(left)), Role::Warn),
        left => (format!("{} left", clock(left)), Role::Good),
    }
}

fn on_step(told: &Told, planned: &Planned, index: usize, now: DateTime<Utc>) -> i64 {
    let here = if told.at == Some(index) { (now - told.entered).num_milliseconds().max(0) } else { 0 };
    planned.spent + here
}

/// Two texts at the ends of a line.
fn ends(one: (String, Role), other: Vec<(String, Role)>, columns: usize, theme: &Theme) -> Line<'static> {
    let room = columns.saturating_sub(other.iter().map(|(text, _)| width(text)).sum::<usize>() + 1);
    let mut spans = vec![Span::styled(left(&clip(&one.0, room), room + 1), theme.style(one.1))];
    spans.extend(other.into_iter().map(|(text, role)| Span::styled(text, theme.style(role))));
    Line::from(spans)
}

fn page(told: &Told, now: DateTime<Utc>, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let planned: i64 = told.plan.iter().map(|step| i64::from(step.seconds) * 1000).sum();
    let elapsed = (now - told.began).num_milliseconds().max(0);
    let (rest, role) = remaining(elapsed, planned);
    lines.push(ends(
        (told.demo.clone(), Role::Dim),
        vec![(format!("{} of {}  ", clock(elapsed), clock(planned)), Role::Base), (rest, role)],
        columns,
        theme,
    ));
    let step = match told.at.and_then(|at| Some((at, told.plan.get(at)?))) {
        Some((at, step)) => {
            let (spent, planned) = (on_step(told, step, at, now), i64::from(step.seconds) * 1000);
            let (rest, role) = remaining(spent, planned);
            vec![(format!("{} of {}  ", clock(spent), clock(planned)), Role::Base), (rest, role)]
        }
        None => vec![("not in this walkthrough".to_owned(), Role::Warn)],
    };
    lines.push(ends((told.title.clone(), Role::Strong), step, columns, theme));
    let mut strip = Vec::new();
    for (index, beat) in told.beats.iter().enumerate() {
        let present = index == told.beat;
        let mark = if present { "▸" } else { " " };
        let gap = if index == 0 { "" } else { " ·" };
        strip.push(Span::styled(format!("{gap}{mark}"), theme.style(if present { Role::Accent } else { Role::Faint })));
        strip.push(Span::styled(beat.clone(), theme.style(if present { Role::Accent } else { Role::Faint })));
    }
    strip.push(Span::styled("   → ", theme.style(Role::Accent)));
    strip.push(Span::styled(told.press.clone(), theme.style(Role::Base)));
    lines.push(Line::from(strip));
    private(told, now, columns, theme, &mut lines);
    lines.push(Line::default());
    lines.extend(markdown::render(&told.notes, columns, theme));
    if !told.checks.is_empty() {
        lines.push(Line::default());
    }
    for check in &told.checks {
        let (mark, role) = match check.holds {
            Some(true) => ("✔ ", Role::Good),
            Some(false) => ("✖ ", Role::Bad),
            None => ("· ", Role::Faint),
        };
        marked(mark, role, &check.text, columns, theme, &mut lines);
    }
    for (heading, text) in [("For you alone", &told.aside), ("After that", &told.after)] {
        if !text.is_empty() {
            lines.push(Line::default());
            lines.push(Line::from(Span::styled(heading.to_owned(), theme.style(Role::Accent))));
            let rendered = markdown::render(text, columns, theme);
            // What comes later is told more quietly.
            lines.extend(rendered.into_iter().map(|line| if heading == "After that" { quietly(&line, theme) } else { line }));
        }
    }
    lines
}

/// A line in the colour of what is secondary.
fn quietly(line: &Line<'_>, theme: &Theme) -> Line<'static> {
    Line::from(line.spans.iter().map(|span| Span::styled(span.content.to_string(), theme.style(Role::Dim))).collect::<Vec<_>>())
}

/// How the step stands, what is running, and warnings.
fn private(told: &Told, now: DateTime<Utc>, columns: usize, theme: &Theme, lines: &mut Vec<Line<'static>>) {
    let mut shown = Vec::new();
    for running in &told.running {
        let so_far = running.since.map(|since| format!(" · {}", figures::so_far((now - since).num_milliseconds().max(0) as f64 / 1000.0)));
        let expected = running.expected.map(|seconds| format!(" of about {}", figures::so_far(seconds as f64)));
        let beside = if running.background { "in the background: " } else { "" };
        let text = format!("{beside}{}{}{}", running.what, so_far.unwrap_or_default(), expected.unwrap_or_default());
        marked("● ", Role::Accent, &text, columns, theme, &mut shown);
    }
    if told.running.iter().all(|running| running.background) && !told.state.is_empty() {
        marked("  ", Role::Dim, &told.state, columns, theme, &mut shown);
    }
    for ended in &told.begun_early {
        let (mark, role) = if ended.holds == Some(true) { ("✔ ", Role::Good) } else { ("✖ ", Role::Bad) };
        marked(mark, role, &ended.text, columns, theme, &mut shown);
    }
    for warning in told.warnings.iter().take(WARNINGS) {
        marked("! ", Role::Warn, warning, columns, theme, &mut shown);
    }
    if told.warnings.len() > WARNINGS {
        marked("! ", Role::Warn, &format!("and {} more", told.warnings.len() - WARNINGS), columns, theme, &mut shown);
    }
    lines.extend(shown);
}

fn marked(mark: &str, role: Role, text: &str, columns: usize, theme: &Theme, lines: &mut Vec<Line<'static>>) {
    for (index, line) in wrap(text, columns.saturating_sub(2)).into_iter().enumerate() {
        let lead = if index == 0 { mark.to_owned() } else { "  ".to_owned() };
        let body = if role == Role::Dim { Role::Dim } else { Role::Base };
        lines.push(Line::from(vec![Span::styled(lead, theme.style(role)), Span::styled(line, theme.style(body))]));
    }
}

/// Every step with the time that it took and the time that it may take.
fn plan(told: &Told, now: DateTime<Utc>, theme: &Theme) -> Vec<Line<'static>> {
    told.plan
        .iter()
        .enumerate()
        .map(|(index, step)| {
            let here = told.at == Some(index);
            let (spent, planned) = (on_step(told, step, index, now), i64::from(step.seconds) * 1000);
            let time = if spent > 0 || here { clock(spent) } else { String::new() };
            let role = if spent > planned { Role::Bad } else { Role::Dim };
            let mark = match step.mark.as_str() {
                "✔" => Role::Good,
                "✖" => Role::Bad,
                "●" => Role::Accent,
                _ => Role::Faint,
            };
            Line::from(vec![
                Span::styled(if here { "▸" } else { " " }, theme.style(Role::Accent)),
                Span::styled(format!("{} ", step.mark), theme.style(mark)),
                Span::styled(
                    left(&clip(&format!("{} {}", step.number, step.title), 23), 24),
                    theme.style(if here { Role::Strong } else { Role::Base }),
                ),
                Span::styled(if spent > planned { "!" } else { " " }, theme.style(role)),
                Span::styled(right(&time, 6), theme.style(role)),
                Span::styled(right(&clock(planned), 6), theme.style(Role::Faint)),
            ])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use chrono::Duration;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;
    use crate::app::action::Command;
    use crate::app::tests::{at, failure, full_model};
    use crate::app::walkthrough::told;
    use crate::app::{Msg, update};
    use crate::demo::step::Step;
    use crate::ops::stage::{Checked, Running};
    use crate::ui::theme::Depth;

    /// Ten minutes into the talk, two into the pipeline.
    fn talk(presses: usize) -> Box<Told> {
        let mut model = full_model();
        model.activity = crate::app::activity::State::default();
        model.walkthrough.select(Step::Load as usize);
        update(&mut model, Msg::Do(Command::BeatOn));
        model.now += Duration::seconds(500);
        update(&mut model, Msg::Do(Command::Down));
        for _ in 0..presses {
            update(&mut model, Msg::Do(Command::BeatOn));
        }
        let mut told = told::told(&model).unwrap();
        told.process = 4711;
        told.aside = "If somebody asks for the price: the run costs **about a dollar** on AWS.".into();
        Box::new(told)
    }

    fn snapshot(name: &str, heard: &Heard, now: DateTime<Utc>) {
        let theme = Theme::named("dark", Depth::True);
        for (width, height) in [(80, 24), (120, 36)] {
            let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
            terminal.draw(|frame| draw(frame.buffer_mut(), heard, now, &theme, true)).unwrap();
            let buffer = terminal.backend().buffer().clone();
            let mut text = String::new();
            for y in 0..height {
                let line: String = (0..width).map(|x| buffer[(x, y)].symbol()).collect();
                text.push_str(line.trim_end());
                text.push('\n');
            }
            insta::with_settings!({ snapshot_path => "../../tests/screens", prepend_module_to_snapshot => false, omit_expression => true }, {
                insta::assert_snapshot!(format!("{name}_{width}x{height}"), text);
            });
        }
    }

    #[test]
    fn views_of_the_speaker() {
        let now = at(620);
        snapshot("speaker_say", &Heard::Told(talk(0)), now);
        snapshot("speaker_notice", &Heard::Told(talk(3)), now);
        let mut late = talk(2);
        late.running.push(Running {
            what: "the pipeline: the table is unloaded".into(),
            since: Some(at(600)),
            expected: None,
            background: false,
        });
        late.warnings =
            vec![format!("“Deploy the model” failed: {}", failure("could not deploy", "the quota of instances is used up", None))];
        snapshot("speaker_late", &Heard::Told(late), at(2600));
        snapshot("speaker_nothing", &Heard::Nothing, now);
        snapshot("speaker_gone", &Heard::Gone(talk(0)), now);
    }

    #[test]
    fn time_is_told_as_left_or_over() {
        assert_eq!(remaining(60_000, 180_000), ("2:00 left".into(), Role::Good));
        assert_eq!(remaining(170_000, 180_000), ("0:10 left".into(), Role::Warn));
        assert_eq!(remaining(251_000, 180_000), ("1:11 over".into(), Role::Bad));
    }

    #[test]
    fn what_was_begun_early_is_told_beside_how_the_step_stands() {
        let mut told = talk(0);
        told.running = vec![Running { what: "Train again in SQL".into(), since: Some(at(600)), expected: Some(3600), background: true }];
        told.begun_early = vec![Checked { holds: Some(false), text: "“Deploy the model” was begun early and has failed".into() }];
        told.state = "to do".into();
        let text = plain(&Heard::Told(told), at(620), &Theme::named("mono", Depth::None));
        for part in ["● in the background: Train again in SQL · 20 s of about 1 h 00 min", "✖ “Deploy the model”", "  to do\n"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn plain_text_has_everything() {
        let text = plain(&Heard::Told(talk(0)), at(620), &Theme::named("mono", Depth::None));
        for part in ["10:20 of 34:00", "5  Train with a pipeline", "2:00 of 6:00", "▸say", "For you alone", "After that", "9 Clean up"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(plain(&Heard::Nothing, at(0), &Theme::named("mono", Depth::None)).starts_with("No presentation is on\n"));
    }
}
