//! The commands of the SQL result.

use std::path::PathBuf;

use crossterm::event::KeyEvent;

use super::movement::page;
use crate::app::model::Model;
use crate::app::popup::{Choice, Item, Picker, Popup};
use crate::app::sql::Half;
use crate::app::sql::result::{CHART_FIELDS, Command, CopyFormat, Prompt, PromptKind, ResultSet, Said, Span, Typed, View};
use crate::app::{Effect, Pane};
use crate::ops::export::Format;
use crate::ops::results::{Export, Test};

/// Columns that a key makes wider or narrower.
const RESIZE: isize = 4;

pub(super) fn run(model: &mut Model, command: Command) -> Vec<Effect> {
    if let Some(result) = model.sql.tab_mut().result_mut() {
        result.said = None;
    }
    match command {
        Command::Up => moved(model, -1),
        Command::Down => moved(model, 1),
        Command::PageUp => moved(model, -page(model)),
        Command::PageDown => moved(model, page(model)),
        Command::First => moved(model, isize::MIN / 2),
        Command::Last => last(model),
        Command::Left => sideways(model, -1),
        Command::Right => sideways(model, 1),
        Command::FirstColumn => sideways(model, isize::MIN / 2),
        Command::LastColumn => sideways(model, isize::MAX / 2),
        Command::CopyCell => {
            let selected = model.sql.tab().result().is_some_and(|result| result.selection().is_some());
            copy(model, if selected { Span::Selection } else { Span::Cell }, CopyFormat::Plain)
        }
        Command::CopyRow => copy(model, Span::Row, CopyFormat::Plain),
        Command::Copy(span, format) => copy(model, span, format),
        Command::CopyAs => copy_as(model),
        Command::Compare => choose_other(model),
        Command::CompareWith(place, by_key) => compare_with(model, place, by_key),
        Command::NextResult | Command::PreviousResult => {
            model.sql.tab_mut().results.step(command == Command::NextResult);
            Vec::new()
        }
        Command::CloseResult => {
            let tab = model.sql.tab_mut();
            let run = tab.results.close();
            if tab.results.is_empty() {
                tab.half = Half::Editor;
            }
            run.map(Effect::CancelResult).into_iter().collect()
        }
        Command::Search | Command::Filter | Command::FilterAnywhere | Command::GoToRow | Command::Export => prompt(model, command),
        _ => on_result(model, command),
    }
}

/// Commands that concern the result on the screen and nothing else.
fn on_result(model: &mut Model, command: Command) -> Vec<Effect> {
    let room = model.viewport.grid_width;
    let (top, height) = (model.viewport.tops[Pane::Sql as usize], model.viewport.heights[Pane::Sql as usize]);
    let Some(result) = model.sql.tab_mut().result_mut() else { return Vec::new() };
    match command {
        Command::Inspect => toggle(result, View::Inspect { scroll: 0 }),
        Command::Record => toggle(result, View::Record),
        Command::Profile if matches!(result.view, View::Profile(_)) => result.view = View::Grid,
        Command::Profile => return result.profile(),
        Command::Chart => return result.chart(),
        Command::Mark => result.mark(false),
        Command::MarkRows => result.mark(true),
        Command::Sort => return result.sort(false),
        Command::SortMore => return result.sort(true),
        Command::SortNulls => return result.sort_nulls(),
        Command::FilterValue => return result.filter_value(),
        Command::SearchNext | Command::SearchPrevious => result.find_next(command == Command::SearchNext, room),
        Command::Narrower => result.columns.resize(-RESIZE),
        Command::Wider => result.columns.resize(RESIZE),
        Command::Fit => result.fit(false, top, height),
        Command::FitAll => result.fit(true, top, height),
        Command::Hide if result.columns.hide() => {}
        Command::Hide => result.said = Some(Said { text: "The last column stays".to_owned(), bad: false }),
        Command::Unhide => result.columns.unhide(),
        Command::MoveLeft => result.columns.shift(false, room),
        Command::MoveRight => result.columns.shift(true, room),
        Command::Freeze => result.columns.freeze(),
        Command::Separators => result.columns.separators = !result.columns.separators,
        Command::Pin => result.pinned = !result.pinned,
        _ => {}
    }
    Vec::new()
}

fn toggle(result: &mut ResultSet, view: View) {
    let same = std::mem::discriminant(&result.view) == std::mem::discriminant(&view);
    result.view = if same { View::Grid } else { view };
}

/// Goes back one level inside the result; `None` when there is none left.
pub(super) fn back(model: &mut Model) -> Option<Vec<Effect>> {
    let result = model.sql.tab_mut().result_mut()?;
    result.said = None;
    result.back()
}

pub(super) fn available(model: &Model, command: Command) -> bool {
    let Some(result) = model.sql.tab().result().filter(|result| !result.meta.columns.is_empty()) else { return command.moves() };
    let here = model.focus == Pane::Sql;
    match command {
        Command::CopyCell | Command::CopyRow | Command::CopyAs | Command::Inspect | Command::Record | Command::FilterValue => {
            here && result.shown_rows() > 0
        }
        Command::Compare | Command::NextResult | Command::PreviousResult => here && model.sql.tab().results.all().len() > 1,
        Command::SortNulls => !result.arrangement.sort.is_empty(),
        Command::SearchNext | Command::SearchPrevious => result.search.is_some(),
        Command::Unhide => result.columns.hidden() > 0,
        Command::CompareWith(..) | Command::Copy(..) => false,
        _ => here,
    }
}

/// Rows up or down; in other views what goes up and down there.
fn moved(model: &mut Model, delta: isize) -> Vec<Effect> {
    let room = model.viewport.grid_width;
    let Some(result) = model.sql.tab_mut().result_mut() else { return Vec::new() };
    match &mut result.view {
        View::Record => {
            result.columns.step(delta, room);
            Vec::new()
        }
        View::Inspect { scroll } => {
            *scroll = scroll.saturating_add_signed(delta);
            Vec::new()
        }
        View::Chart(chart) => {
            chart.field = chart.field.saturating_add_signed(delta).min(CHART_FIELDS - 1);
            Vec::new()
        }
        View::Compare(compare) => {
            compare.row = compare.row.saturating_add_signed(delta).min(compare.found.differences.len().saturating_sub(1));
            Vec::new()
        }
        View::Profile(_) => Vec::new(),
        View::Grid => move_rows(model, delta),
    }
}

fn last(model: &mut Model) -> Vec<Effect> {
    match model.sql.tab_mut().result_mut() {
        Some(result) if matches!(result.view, View::Grid) => result.go_to_end(),
        _ => moved(model, isize::MAX / 2),
    }
}

/// Columns to the left or right; in other views what goes sideways there.
pub(super) fn sideways(model: &mut Model, delta: isize) -> Vec<Effect> {
    let (room, height) = (model.viewport.grid_width, model.viewport.heights[Pane::Sql as usize]);
    let Some(result) = model.sql.tab_mut().result_mut() else { return Vec::new() };
    match &mut result.view {
        View::Grid => {
            result.columns.step(delta, room);
            Vec::new()
        }
        View::Record => result.move_rows(delta, height),
        View::Inspect { scroll } => {
            *scroll = 0;
            result.columns.step(delta, room);
            Vec::new()
        }
        View::Profile(_) => {
            result.columns.step(delta, room);
            result.profile()
        }
        View::Chart(chart) => {
            chart.turn(delta > 0, result.columns.order());
            result.draw_chart()
        }
        View::Compare(compare) => {
            compare.first = compare.first.saturating_add_signed(delta).min(compare.found.shared.len().saturating_sub(1));
            Vec::new()
        }
    }
}

pub(super) fn move_rows(model: &mut Model, delta: isize) -> Vec<Effect> {
    let height = model.viewport.heights[Pane::Sql as usize];
    match model.sql.tab_mut().result_mut() {
        Some(result) => result.move_rows(delta, height),
        None => Vec::new(),
    }
}

/// The wheel was turned: the grid scrolls, and the cursor stays as long as it is on the screen.
pub(super) fn wheel(model: &mut Model, delta: isize) -> Vec<Effect> {
    let at = Pane::Sql as usize;
    let (top, height) = (model.viewport.tops[at], model.viewport.heights[at].max(1));
    let Some(result) = model.sql.tab_mut().result_mut() else { return Vec::new() };
    if !matches!(result.view, View::Grid) {
        return moved(model, delta);
    }
    let rows = usize::try_from(result.shown_rows()).unwrap_or(usize::MAX);
    let top = top.saturating_add_signed(delta).min(rows.saturating_sub(height));
    let row = result.list.selected.clamp(top, (top + height - 1).min(rows.saturating_sub(1)).max(top));
    let step = isize::try_from(row).unwrap_or(isize::MAX) - isize::try_from(result.list.selected).unwrap_or(0);
    let effects = result.move_rows(step, height);
    model.viewport.tops[at] = top;
    effects
}

/// The head of a column was pressed: the rows are sorted by it, upwards, then downwards, then not at all.
pub(super) fn press_head(model: &mut Model, place: usize) -> Vec<Effect> {
    let room = model.viewport.grid_width;
    let tab = model.sql.tab_mut();
    let Some(result) = tab.results.current_mut() else { return Vec::new() };
    tab.half = Half::Results;
    result.said = None;
    result.columns.go_to(place, room);
    result.sort(false)
}

/// The edge of a column was pressed; twice makes it as wide as what is on the screen.
pub(super) fn press_edge(model: &mut Model, place: usize, twice: bool) {
    let room = model.viewport.grid_width;
    let (top, height) = (model.viewport.tops[Pane::Sql as usize], model.viewport.heights[Pane::Sql as usize]);
    let tab = model.sql.tab_mut();
    let Some(result) = tab.results.current_mut() else { return };
    tab.half = Half::Results;
    if twice {
        result.columns.go_to(place, room);
        result.fit(false, top, height);
    }
}

/// The edge of a column is drawn to where the column has a width.
pub(super) fn resize(model: &mut Model, place: usize, width: usize) {
    if let Some(result) = model.sql.tab_mut().result_mut() {
        result.columns.set_width(place, width);
    }
}

/// Shows the cell under the cursor in full.
pub(super) fn inspect(model: &mut Model) {
    if let Some(result) = model.sql.tab_mut().result_mut().filter(|result| matches!(result.view, View::Grid)) {
        result.view = View::Inspect { scroll: 0 };
    }
}

/// A cell was pressed.
pub(super) fn press(model: &mut Model, row: usize, place: usize) -> Vec<Effect> {
    let (room, height) = (model.viewport.grid_width, model.viewport.heights[Pane::Sql as usize]);
    let tab = model.sql.tab_mut();
    let Some(result) = tab.results.current_mut() else { return Vec::new() };
    tab.half = Half::Results;
    result.columns.go_to(place, room);
    let delta = isize::try_from(row).unwrap_or(isize::MAX) - isize::try_from(result.list.selected).unwrap_or(0);
    result.move_rows(delta, height)
}

fn copy(model: &mut Model, span: Span, format: CopyFormat) -> Vec<Effect> {
    let Some(result) = model.sql.tab().result() else { return Vec::new() };
    match result.copy(span, format) {
        Ok((text, said)) => {
            model.say(said, false);
            vec![Effect::Copy(text)]
        }
        Err(why) => {
            model.say(why, true);
            Vec::new()
        }
    }
}

fn copy_as(model: &mut Model) -> Vec<Effect> {
    let Some(result) = model.sql.tab().result() else { return Vec::new() };
    let spans: &[Span] = if result.selection().is_some() {
        &[Span::Selection, Span::Row, Span::Column, Span::All]
    } else {
        &[Span::Cell, Span::Row, Span::Column, Span::All]
    };
    let items = spans.iter().flat_map(|span| {
        CopyFormat::ALL.iter().map(|(format, name)| Item {
            label: format!("The {} as {name}", span.title()),
            detail: String::new(),
            mark: String::new(),
            choice: Choice::Command(crate::app::action::Command::Grid(Command::Copy(*span, *format))),
        })
    });
    model.popups.push(Popup::Picker(Picker::new("Copy", items.collect())));
    Vec::new()
}

fn choose_other(model: &mut Model) -> Vec<Effect> {
    let results = &model.sql.tab().results;
    let Some(current) = results.current() else { return Vec::new() };
    let keys: Vec<String> = match current.selection() {
        Some((_, places)) => places.filter_map(|place| current.columns.at(place)).collect(),
        None => current.columns.current().into_iter().collect::<Vec<_>>(),
    }
    .into_iter()
    .filter_map(|column| current.meta.columns.get(column).map(|column| column.name.clone()))
    .collect();
    let mut items = Vec::new();
    for (place, other) in results.all().iter().enumerate().filter(|(place, _)| *place != results.place()) {
        let statement = other.sql.split_whitespace().collect::<Vec<_>>().join(" ");
        for by_key in [true, false] {
            let how = if by_key { format!("rows with the same {}", keys.join(", ")) } else { "row by row".to_owned() };
            items.push(Item {
                label: format!("Result {}: {how}", place + 1),
                detail: statement.clone(),
                mark: String::new(),
                choice: Choice::Command(crate::app::action::Command::Grid(Command::CompareWith(place, by_key))),
            });
        }
    }
    if items.is_empty() {
        model.say("There is nothing to compare with; P pins this result, then run another statement", false);
    } else {
        model.popups.push(Popup::Picker(Picker::new("Compare with", items)));
    }
    Vec::new()
}

fn compare_with(model: &mut Model, place: usize, by_key: bool) -> Vec<Effect> {
    let tab = model.sql.tab_mut();
    let Some(other) = tab.results.all().get(place).cloned() else { return Vec::new() };
    match tab.results.current_mut() {
        Some(result) => result.compare(&other, by_key),
        None => Vec::new(),
    }
}

/// Opens the line to type.
fn prompt(model: &mut Model, command: Command) -> Vec<Effect> {
    let Some(result) = model.sql.tab_mut().result_mut() else { return Vec::new() };
    let (kind, text, hint) = match command {
        Command::Search => {
            (PromptKind::Search, result.search.as_ref().map(|search| search.text.clone()).unwrap_or_default(), "in the shown columns")
        }
        Command::FilterAnywhere => {
            (PromptKind::Anywhere, result.arrangement.filter.anywhere.clone().unwrap_or_default(), "rows with this text; empty for all")
        }
        Command::Filter => {
            let Some(column) = result.columns.current() else { return Vec::new() };
            let now = result.arrangement.filter.conditions.iter().find(|condition| condition.column == column);
            let typed = now.map(|condition| condition.test.typed()).unwrap_or_default();
            (PromptKind::Filter(column), typed, "text  !text  =value  !=value  >5  <=5  5..9  null  !null; empty for all")
        }
        Command::GoToRow => (PromptKind::GoTo, String::new(), "number of the row"),
        _ => (PromptKind::Export, "result.csv".to_owned(), "the ending decides: csv tsv parquet jsonl json md; Tab completes"),
    };
    result.prompt = Some(Prompt::new(kind, text, hint));
    Vec::new()
}

/// Text that is pasted while a line is typed.
pub(super) fn prompt_paste(model: &mut Model, text: &str) {
    if let Some(prompt) = model.sql.tab_mut().result_mut().and_then(|result| result.prompt.as_mut()) {
        prompt.insert(text);
    }
}

/// A key while a line is typed; `None` when none is.
pub(super) fn prompt_key(model: &mut Model, key: KeyEvent) -> Option<Vec<Effect>> {
    use PromptKind as K;
    let height = model.viewport.heights[Pane::Sql as usize];
    let result = model.sql.tab_mut().result_mut()?;
    let prompt = result.prompt.as_mut()?;
    result.said = None;
    Some(match prompt.key(key) {
        Typed::Taken => Vec::new(),
        Typed::Dropped => {
            result.prompt = None;
            Vec::new()
        }
        Typed::Complete => {
            let typed = prompt.text.clone();
            result.complete(typed)
        }
        Typed::Done => {
            let prompt = result.prompt.take()?;
            match prompt.kind {
                K::Filter(column) => result.filter(column, Test::parse(&prompt.text)),
                K::Anywhere => result.filter_anywhere(&prompt.text),
                K::Search if prompt.text.is_empty() => {
                    result.search = None;
                    Vec::new()
                }
                K::Search => result.find(prompt.text),
                K::GoTo => match prompt.text.replace([',', '_', ' '], "").parse() {
                    Ok(number) => result.go_to_row(number, height),
                    Err(_) => {
                        result.said = Some(Said { text: format!("“{}” is no number of a row", prompt.text), bad: true });
                        Vec::new()
                    }
                },
                K::Export => export(result, prompt),
                K::Replace(export) => result.export(Export { replace: true, ..*export }),
            }
        }
    })
}

fn export(result: &mut ResultSet, mut prompt: Prompt) -> Vec<Effect> {
    let path = PathBuf::from(prompt.text.trim());
    match Format::of_path(&path) {
        _ if prompt.text.trim().is_empty() => Vec::new(),
        Some(format) => {
            let columns = result.columns.order().to_vec();
            // The home directory is put in where the file is written.
            result.export(Export { path, format, columns, replace: false })
        }
        None => {
            prompt.hint = "the name has to end in .csv .tsv .parquet .jsonl .json or .md".to_owned();
            result.prompt = Some(prompt);
            Vec::new()
        }
    }
}
