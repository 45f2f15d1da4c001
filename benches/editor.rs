//! Keystroke to frame in a long script, and the first suggestions from a large catalog. A frame has 16 ms.
//!
//! `cargo bench --profile dev --bench editor` measures what `cargo run` runs.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::hint::black_box;

use chrono::{DateTime, FixedOffset};
use criterion::{Criterion, criterion_group, criterion_main};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use shiftdeck::app::sql::completion::{Request, fixture, suggest};
use shiftdeck::app::{Model, Msg, Pane, update};
use shiftdeck::config::load::{Sources, load};
use shiftdeck::syntax::Dialect;
use shiftdeck::ui::theme::{Depth, Theme};

/// A script of 5,000 lines: statements as people write them, with comments and text.
fn script(lines: usize) -> String {
    let statement = "-- customers by month\nSELECT d.month, count(*) AS calls, avg(d.duration) AS mean /* seconds */\nFROM dm.data d\nJOIN dm.scores s ON s.age = d.age\nWHERE d.job IN ('student', 'it''s', 'retired')\n  AND d.duration > 100 -- not at once\nGROUP BY d.month\nORDER BY 2 DESC\nLIMIT 10;\n\n";
    statement.repeat(lines / 10)
}

fn model(text: &str) -> Model {
    let settings = load(&Sources::default()).unwrap().settings;
    let mut model =
        Model::new(&settings, DateTime::from_timestamp(1_700_000_000, 0).unwrap(), FixedOffset::east_opt(0).unwrap(), (200, 60));
    model.focus = Pane::Sql;
    model.zoomed = true;
    model.sql.tab_mut().replace(text);
    model.sql.catalogs.redshift = fixture::catalog(1000, 50);
    model
}

fn key(code: KeyCode) -> Msg {
    Msg::Key(KeyEvent::new(code, KeyModifiers::NONE))
}

fn keystrokes(criterion: &mut Criterion) {
    let theme = Theme::named("dark", Depth::True);
    let mut terminal = Terminal::new(TestBackend::new(200, 60)).unwrap();
    let mut draw = |model: &mut Model| {
        let mut viewport = None;
        terminal.draw(|frame| viewport = Some(shiftdeck::ui::draw(frame, model, &theme).viewport)).unwrap();
        update(model, Msg::Drawn(viewport.unwrap()));
    };
    let mut middle = model(&script(5000));
    for _ in 0..45 {
        update(&mut middle, key(KeyCode::PageDown));
        draw(&mut middle);
    }
    criterion.bench_function("keystroke to frame, 5,000 lines, typed in the middle", |bencher| {
        bencher.iter(|| {
            update(&mut middle, key(KeyCode::Char('x')));
            draw(&mut middle);
            update(&mut middle, key(KeyCode::Backspace));
        });
    });
    let mut first = model(&script(5000));
    draw(&mut first);
    criterion.bench_function("keystroke to frame, 5,000 lines, a comment opened and closed in the first", |bencher| {
        bencher.iter(|| {
            update(&mut first, key(KeyCode::Char('/')));
            update(&mut first, key(KeyCode::Char('*')));
            draw(&mut first);
            update(&mut first, key(KeyCode::Backspace));
            update(&mut first, key(KeyCode::Backspace));
        });
    });
}

fn completion(criterion: &mut Criterion) {
    let catalog = fixture::catalog(1000, 50);
    for (name, text) in [
        ("suggestions, tables of 1,000", "select * from t"),
        ("suggestions, columns of two tables in scope", "with a as (select * from s1.t7) select co from a join s0.t9 x on true"),
    ] {
        let at = if text.ends_with(" t") { text.len() } else { text.find("co from").unwrap() + 2 };
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| {
                black_box(suggest(&Request { text, at, dialect: Dialect::Redshift, catalog: &catalog, parameters: &[], snippets: &[] }))
            });
        });
    }
}

criterion_group!(benches, keystrokes, completion);
criterion_main!(benches);
