//! A result of a million rows and 21 columns: opening it, a frame while scrolling and after a jump, sorting, filtering, searching,
//! profiling and exporting. Most of its rows are on disk, as on the screen.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, FixedOffset};
use criterion::{Criterion, criterion_group, criterion_main};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use shiftdeck::app::sql::{Half, ResultSet, RunId};
use shiftdeck::app::{Model, Msg, Pane, action, sql, update};
use shiftdeck::config::{Sources, load};
use shiftdeck::ops::export::Format;
use shiftdeck::ops::query::{Cell, Page, QueryColumn, QueryEngine, QueryResult};
use shiftdeck::ops::results::{Arrangement, Condition, Export, Filter, SortKey, Spill, Test, Work, arrange, find, profile, save};
use shiftdeck::ui::draw;
use shiftdeck::ui::theme::{Depth, Theme};

const ROWS: u64 = 1_000_000;
/// What a page of the Data API has of rows like these.
const PAGE: u64 = 1600;
/// Room in memory, as on the screen.
const ROOM: usize = 48 << 20;

fn columns() -> Vec<QueryColumn> {
    let column = |name: String, type_name: &str, numeric| QueryColumn { name, type_name: type_name.into(), numeric };
    (0..21)
        .map(|at| match at % 3 {
            0 => column(format!("n{at}"), "int4", true),
            1 => column(format!("t{at}"), "varchar", false),
            _ => column(format!("d{at}"), "numeric(8,3)", true),
        })
        .collect()
}

fn row(n: u64) -> Vec<Cell> {
    const JOBS: [&str; 5] = ["admin.", "blue-collar", "technician", "services", "management"];
    (0..21_u64)
        .map(|at| {
            // A stride that is no divisor of the rows mixes them.
            let mixed = n.wrapping_mul(7_368_787 + at) % ROWS;
            match at % 3 {
                0 => Cell::Integer(mixed as i64),
                1 => Cell::Text(JOBS[(mixed % 5) as usize].into()),
                _ => Cell::Text(format!("{}.{:03}", mixed % 5000, mixed % 1000)),
            }
        })
        .collect()
}

fn page(at: u64) -> Page {
    let end = ((at + 1) * PAGE).min(ROWS);
    Page { rows: (at * PAGE..end).map(row).collect(), next: (end < ROWS).then(|| (at + 1).to_string()) }
}

fn result(first: Page) -> QueryResult {
    QueryResult {
        id: "1".into(),
        engine: QueryEngine::Redshift,
        columns: columns(),
        page: first,
        total_rows: Some(ROWS),
        duration: Duration::from_millis(1),
        scanned_bytes: None,
        result_bytes: None,
    }
}

fn million(spill: &Spill) -> ResultSet {
    let set = ResultSet::new(RunId(1), result(page(0)), String::new(), 0.1);
    for at in 1..ROWS.div_ceil(PAGE) {
        set.store.append(page(at), spill).unwrap();
    }
    assert_eq!((set.store.rows(), set.store.complete()), (ROWS, true));
    set
}

fn model(set: ResultSet) -> Model {
    let settings = load(&Sources { environment: BTreeMap::new(), file: None, flags: Vec::new(), recorded: None }).unwrap().settings;
    let mut model = Model::new(&settings, DateTime::UNIX_EPOCH, FixedOffset::east_opt(0).unwrap(), (200, 60));
    model.focus = Pane::Sql;
    model.zoomed = true;
    model.sql.tab_mut().results.show(set);
    model.sql.tab_mut().half = Half::Results;
    model
}

fn benches(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().unwrap();
    let spill = Spill::new(directory.path().to_owned(), ROOM);
    let set = million(&spill);
    eprintln!("{} bytes on disk", set.store.on_disk());
    let store = Arc::clone(&set.store);
    let work = Work::unheard();

    criterion.bench_function("open: the first page becomes a result", |bencher| {
        bencher.iter_batched(
            || result(page(0)),
            |result| ResultSet::new(RunId(2), result, String::new(), 0.1),
            criterion::BatchSize::LargeInput,
        );
    });

    let theme = Theme::named("dark", Depth::True);
    let mut terminal = Terminal::new(TestBackend::new(200, 60)).unwrap();
    let mut frame = |model: &mut Model, command: sql::result::Command| {
        update(model, Msg::Do(action::Command::Grid(command)));
        let mut drawn = None;
        terminal.draw(|frame| drawn = Some(draw(frame, model, &theme))).unwrap();
        update(model, Msg::Drawn(drawn.unwrap().viewport));
    };
    let mut plain = model(set.clone());
    criterion.bench_function("scroll: a page down and its frame", |bencher| {
        bencher.iter(|| frame(&mut plain, sql::result::Command::PageDown));
    });
    criterion.bench_function("jump: to the end or the beginning and its frame", |bencher| {
        let mut end = false;
        bencher.iter(|| {
            end = !end;
            frame(&mut plain, if end { sql::result::Command::Last } else { sql::result::Command::First });
        });
    });

    let key = |column, descending| SortKey { column, descending, nulls_first: false };
    let mut group = criterion.benchmark_group("a million rows");
    group.sample_size(10);
    let sorted = |sort: Vec<SortKey>| Arrangement { sort, filter: Filter::default() };
    for (name, wanted) in [
        ("sort by integers", sorted(vec![key(0, false)])),
        ("sort by text and decimals", sorted(vec![key(1, false), key(2, true)])),
        (
            "filter by a range",
            Arrangement {
                sort: Vec::new(),
                filter: Filter { conditions: vec![Condition { column: 0, test: Test::parse("1000..2000").unwrap() }], anywhere: None },
            },
        ),
        (
            "filter by a text anywhere",
            Arrangement { sort: Vec::new(), filter: Filter { conditions: Vec::new(), anywhere: Some("nowhere".into()) } },
        ),
    ] {
        group.bench_function(name, |bencher| bencher.iter(|| black_box(arrange(&store, &wanted, &work).unwrap().len())));
    }
    let every: Vec<usize> = (0..21).collect();
    group.bench_function("search", |bencher| bencher.iter(|| black_box(find(&store, "manage", &every, None, &work).unwrap().len())));
    group.bench_function("profile numbers", |bencher| bencher.iter(|| black_box(profile(&store, 0, None, &work).unwrap().distinct)));
    group.bench_function("profile text", |bencher| bencher.iter(|| black_box(profile(&store, 1, None, &work).unwrap().distinct)));
    for (format, ending) in [(Format::Csv, "csv"), (Format::Parquet, "parquet"), (Format::Jsonl, "jsonl")] {
        let path = directory.path().join(format!("out.{ending}"));
        let export = Export { path, format, columns: every.clone(), replace: true };
        group.bench_function(format!("export {ending}"), |bencher| bencher.iter(|| save(&store, &export, None, &work).unwrap()));
    }
    group.finish();

    // Scrolling where rows lie all over the file.
    let wanted = sorted(vec![key(0, false)]);
    let order = arrange(&store, &wanted, &work).unwrap();
    let mut mixed = set;
    mixed.show_order(wanted, order);
    let mut mixed = model(mixed);
    criterion.bench_function("scroll a sorted result: a page down and its frame", |bencher| {
        bencher.iter(|| frame(&mut mixed, sql::result::Command::PageDown));
    });
}

criterion_group!(results, benches);
criterion_main!(results);
