//! The pane at three sizes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::app::action::Command;
use crate::app::explore::fixture::{answer, serve};
use crate::app::explore::{Command as E, View};
use crate::app::tests::{full_model, open_model};
use crate::app::{Effect, Model, Msg, Pane, update};
use crate::ops::OpError;
use crate::ops::query::QueryEngine;
use crate::ui::tests::{at_three_sizes, render};

fn explore(view: View, column: usize) -> Model {
    let mut model = full_model();
    model.focus = Pane::Explore;
    model.zoomed = true;
    model.explore.select(column);
    model.explore.show(view);
    serve(&mut model.explore);
    model
}

fn press(model: &mut Model, code: KeyCode) -> Vec<Effect> {
    let effects = update(model, Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)));
    serve(&mut model.explore);
    effects
}

#[test]
fn every_view() {
    at_three_sizes("explore_numbers", &explore(View::Distribution, 0));
    at_three_sizes("explore_category", &explore(View::Distribution, 1));
    at_three_sizes("explore_answers_number", &explore(View::Answers, 0));
    at_three_sizes("explore_answers_category", &explore(View::Answers, 1));
    at_three_sizes("explore_correlations", &explore(View::Correlations, 15));
    at_three_sizes("explore_pairs", &explore(View::Pairs, 0));
    let mut pairs = explore(View::Pairs, 15);
    press(&mut pairs, KeyCode::Enter);
    press(&mut pairs, KeyCode::End);
    at_three_sizes("explore_pairs_inside", &pairs);
    let mut density = explore(View::Density, 0);
    density.explore.step_other(1);
    serve(&mut density.explore);
    at_three_sizes("explore_density", &density);
    press(&mut density, KeyCode::Enter);
    press(&mut density, KeyCode::Down);
    at_three_sizes("explore_density_cell", &density);
    at_three_sizes("explore_density_refused", &explore(View::Density, 1));
    at_three_sizes("explore_time", &explore(View::Order, 0));
    at_three_sizes("explore_findings", &explore(View::Findings, 0));
}

#[test]
fn a_selected_bar_and_the_statements() {
    let mut model = explore(View::Distribution, 8);
    press(&mut model, KeyCode::Enter);
    press(&mut model, KeyCode::Down);
    at_three_sizes("explore_inside", &model);
    press(&mut model, KeyCode::Char('s'));
    at_three_sizes("explore_statements", &model);
}

#[test]
fn an_image_takes_the_place_of_the_characters_unless_something_stands_over_it() {
    let mut model = explore(View::Distribution, 0);
    (model.explore.images.possible, model.explore.images.on) = (true, true);
    let (characters, drawn) = render(&model, 120, 36);
    let room = drawn.viewport.picture.expect("there is room");
    assert!(drawn.image.is_none(), "not before it is made");
    for effect in update(&mut model, Msg::Drawn(drawn.viewport)) {
        let Effect::Explore(ask) = effect else { panic!("{effect:?}") };
        model.explore.update(answer(&ask).unwrap());
    }
    let (text, drawn) = render(&model, 120, 36);
    let (area, _) = drawn.image.expect("an image");
    assert_eq!((area.width, area.height), room);
    let line = text.lines().nth(usize::from(area.y)).unwrap();
    assert!(line.chars().skip(usize::from(area.x)).all(|letter| " │".contains(letter)), "{line}");
    press(&mut model, KeyCode::Char('?'));
    assert!(render(&model, 120, 36).1.image.is_none());
    press(&mut model, KeyCode::Esc);
    press(&mut model, KeyCode::Char('i'));
    let (text, drawn) = render(&model, 120, 36);
    assert!(drawn.image.is_none() && text == characters);
    assert!(render(&model, 60, 16).1.viewport.picture.is_none());
}

#[test]
fn enter_on_a_bar_runs_the_query_of_its_rows_in_the_console() {
    let mut model = explore(View::Distribution, 8);
    let tabs = model.sql.tabs().len();
    press(&mut model, KeyCode::Enter);
    let effects = press(&mut model, KeyCode::Enter);
    let Some(Effect::Query { request, .. }) = effects.iter().find(|effect| matches!(effect, Effect::Query { .. })) else {
        panic!("{effects:?}")
    };
    assert_eq!(request.sql, "SELECT *\nFROM dm.data\nWHERE month = 'mar'");
    assert_eq!((model.focus, model.sql.tabs().len()), (Pane::Sql, tabs + 1), "nobody's text is replaced");
    let mut model = explore(View::Correlations, 0);
    let effects = press(&mut model, KeyCode::Char('o'));
    assert!(effects.iter().all(|effect| !matches!(effect, Effect::Query { .. })), "opened, not run");
    assert!(model.sql.tab().text().starts_with("SELECT"));
}

#[test]
fn without_a_table_it_says_what_to_do_and_a_failure_says_why() {
    let mut model = open_model();
    model.focus = Pane::Explore;
    model.zoomed = true;
    at_three_sizes("explore_nothing", &model);
    let mut model = full_model();
    model.focus = Pane::Explore;
    model.zoomed = true;
    model.explore.forget();
    let effects = model.explore.want();
    let [Effect::Explore(crate::app::explore::Ask::Open { ticket, engine: QueryEngine::Redshift })] = effects[..] else { panic!() };
    at_three_sizes("explore_reading", &model);
    let error =
        OpError::failed("dm.data", "could not read the table", "the warehouse is paused").with_fix("resume the warehouse, then press r");
    update(&mut model, Msg::Explore(crate::app::explore::Msg::Opened(ticket, Err(error))));
    at_three_sizes("explore_failed", &model);
}

#[test]
fn every_view_fits_wherever_it_is_put() {
    for view in View::ALL {
        for (width, height) in [(20, 6), (40, 12), (64, 20), (100, 28), (131, 44), (300, 90)] {
            for column in [0, 1] {
                let mut model = explore(view, column);
                update(&mut model, Msg::Do(Command::Explore(E::Open)));
                render(&model, width, height);
                model.zoomed = false;
                render(&model, width, height);
            }
        }
    }
}
