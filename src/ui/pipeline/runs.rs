//! The executions so far: state, figures, duration, parameters; two of them compared.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::glyph;
use super::super::theme::Role;
use super::compare;
use super::table::{Table, figure, text};
use crate::app::pipeline::{elapsed, under_way};
use crate::demo::figures;
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
    table.draw(canvas, Rect { height: area.height.saturating_sub(2), ..area }, Some(state.list.selected));
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
            if under_way(run.state) { figures::so_far(seconds) } else { figures::duration(seconds) }
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
    run.parameters.iter().map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
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
