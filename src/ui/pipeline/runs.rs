//! The executions so far: state, figures, duration, parameters; two of them compared.

use ratatui::layout::Rect;

use super::super::canvas::{Canvas, Pieces};
use super::super::glyph;
use super::super::theme::Role;
use super::table::{Table, facts, figure, text};
use super::{below, compare};
use crate::app::pipeline::{elapsed, under_way};
use crate::app::text_width::{left, visible};
use crate::demo::figures;
use crate::demo::pipeline_definition::parameter;
use crate::ops::pipeline::{PipelineRun, RunState, RunSummary, step_title};

/// Draws the view.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let state = &canvas.model.pipeline.runs;
    if let Some(compared) = &state.compared {
        return compare::draw(canvas, area, compared);
    }
    let Some(found) = &state.found else {
        let text = state.error.as_ref().map_or("Reading the executions …".to_owned(), |error| format!("✖ {error}"));
        canvas.paragraph(area, &text, if state.error.is_some() { Role::Bad } else { Role::Dim });
        return;
    };
    if found.is_empty() {
        canvas.paragraph(area, "The pipeline has not run yet. Step 5 of the walkthrough builds and runs it; s starts it again.", Role::Dim);
        return;
    }
    let rows = found.iter().map(|summary| row(canvas, summary)).collect();
    let columns = vec![
        text(" ", 0, 1),
        text("", 0, 1),
        text("execution", 0, 34),
        text("state", 1, 10),
        figure("started", 4),
        figure("took", 2),
        figure("AUC", 0),
        figure("MSE", 3),
        figure("version", 0),
        text("parameters, or why it ended", 5, 400),
    ];
    let table = Table { columns, rows };
    // What is known of the selected one has the room below the list.
    let list = (found.len() as u16 + 1).min(area.height.saturating_sub(12).max(area.height / 2));
    let used = table.draw(canvas, Rect { height: list.min(area.height.saturating_sub(2)), ..area }, Some(state.list.selected));
    let rest = Rect { height: area.height.saturating_sub(used + 4), ..below(area, used + 1) };
    if let Some(summary) = state.selected().filter(|_| rest.height >= 4) {
        selected(canvas, rest, summary);
    }
    foot(canvas, Rect { y: area.bottom().saturating_sub(2), height: 2.min(area.height), ..area });
}

/// What is known of a running execution comes from following it.
fn row(canvas: &Canvas<'_>, summary: &RunSummary) -> Vec<(String, Role)> {
    let model = canvas.model;
    let state = &model.pipeline;
    let live = state.run.as_ref().filter(|run| run.arn == summary.run.arn);
    let run: &PipelineRun = live.unwrap_or(&summary.run);
    let (mark, role, word) = glyph::run(model, run.state);
    let started = run.started.with_timezone(&model.zone);
    let today = started.date_naive() == model.now.with_timezone(&model.zone).date_naive();
    let started = started.format(if today { "%H:%M:%S" } else { "%d %b %H:%M" }).to_string();
    let took = match summary.seconds.filter(|_| run.state.is_over()) {
        Some(seconds) => figures::duration(seconds),
        None => {
            let ended = (!under_way(run.state)).then_some(run.updated);
            let seconds = elapsed(Some(run.started), ended, model.now).unwrap_or(0.0);
            // When it began stands beside it.
            match under_way(run.state) {
                true if model.motion => figures::so_far(seconds),
                true => "–".to_owned(),
                false => figures::duration(seconds),
            }
        }
    };
    let (auc, mse) = match &summary.evaluation {
        Some(found) => (format!("{:.4}", found.auc), format!("{:.4}", found.mse)),
        None => ("–".to_owned(), "–".to_owned()),
    };
    let version = match summary.registered {
        Some(version) => (format!("{version}"), Role::Good),
        None if summary.evaluation.is_some() && run.state.is_over() => ("refused".to_owned(), Role::Bad),
        None => ("–".to_owned(), Role::Faint),
    };
    let marked = state.runs.marked.iter().position(|arn| *arn == summary.run.arn);
    let shown = state.run.as_ref().is_some_and(|run| run.arn == summary.run.arn);
    let (last, last_role) = match (&run.failure, run.state) {
        (_, state) if under_way(state) => {
            let step = run.steps.iter().find(|step| under_way(step.state));
            (step.map(|step| step_title(&step.name).to_owned()).unwrap_or_default(), Role::Accent)
        }
        (Some(failure), RunState::Failed | RunState::Stopped) => (failure.clone(), Role::Bad),
        _ => (parameters(run), Role::Dim),
    };
    vec![
        (marked.map_or(if shown { "›" } else { " " }, |_| "◆").to_owned(), Role::Accent),
        (mark.to_owned(), role),
        (run.name.clone(), Role::Strong),
        (word.to_owned(), role),
        (started, Role::Dim),
        (took, Role::Base),
        (auc, Role::Strong),
        (mse, Role::Base),
        version,
        (last, last_role),
    ]
}

fn parameters(run: &PipelineRun) -> String {
    // What the program sets by itself at every start says nothing about the execution.
    let own = |name: &str| [parameter::BASELINE, parameter::CHAMPION, parameter::CACHE_KEY].contains(&name);
    let shown = run.parameters.iter().filter(|(name, value)| !own(name) && !value.starts_with("s3://"));
    shown.map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
}

/// The selected execution: its parameters, and its figures or why it ended.
fn selected(canvas: &mut Canvas<'_>, area: Rect, summary: &RunSummary) {
    canvas.rule(area.x, area.y, area.width, Role::Rule);
    let title = format!(" {} ", summary.run.name);
    canvas.text(area.x + 1, area.y, area.width.saturating_sub(2), &title, Role::Strong);
    let mut used = 1;
    let digest = summary.run.definition_digest.as_deref().map(|digest| digest.chars().take(12).collect::<String>()).unwrap_or_default();
    let id = summary.run.arn.rsplit('/').next().unwrap_or_default().to_owned();
    used += facts(canvas, below(area, used), &[("id", id), ("definition", digest)]);
    if let Some(failure) = &summary.run.failure {
        used += canvas.paragraph(Rect { height: below(area, used).height.min(3), ..below(area, used) }, &format!("✖ {failure}"), Role::Bad);
    }
    if let Some(found) = &summary.evaluation {
        let all = [
            ("AUC", format!("{:.4}", found.auc)),
            ("MSE", format!("{:.4} (guessing {:.4})", found.mse, found.base_rate_mse)),
            ("log loss", format!("{:.4}", found.log_loss)),
            ("precision", format!("{:.3}", found.precision)),
            ("recall", format!("{:.3}", found.recall)),
            ("lift", format!("{:.2} ×", found.lift_top_decile)),
        ];
        used += facts(canvas, below(area, used), &all);
    }
    for (name, value) in &summary.run.parameters {
        let place = below(area, used + 1);
        if place.height == 0 {
            return;
        }
        canvas.pieces(
            place.x,
            place.y,
            place.width,
            &Pieces::new().add(format!("{} ", left(name, 26)), Role::Dim).add(visible(value), Role::Base),
        );
        used += 1;
    }
}

/// How marking and comparing work, beside what is marked.
fn foot(canvas: &mut Canvas<'_>, area: Rect) {
    let state = &canvas.model.pipeline.runs;
    let text = match &state.marked[..] {
        [] => "Space marks, d compares: two marked ones, or this one with the one before. Enter shows it as a graph, b beside the other."
            .to_owned(),
        [one] => format!("◆ {} is marked; d compares it with the selected one", state.name_of(one)),
        [one, two, ..] => format!("◆ {} and {} are marked; d compares them", state.name_of(one), state.name_of(two)),
    };
    canvas.paragraph(area, &text, Role::Faint);
}
