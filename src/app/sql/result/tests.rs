#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::sync::Arc;

use super::*;
use crate::app::effect::Effect;
use crate::app::sql::run::RunId;
use crate::ops::export::Format;
use crate::ops::query::{Cell, Page, QueryColumn};
use crate::ops::results::{self, Test, Work};
use crate::ops::{OpError, OpErrorKind};

/// Does what an effect asks for, but for fetching and files, and gives the answer.
pub fn answer(effect: &Effect) -> Option<(RunId, Msg)> {
    let Effect::Result { run, ticket, task } = effect else { return None };
    let (store, work) = (&task.store, Work::unheard());
    let shown = |order: &job::Order| order.as_ref().map(|order| order.as_ref().clone());
    let answer = match &task.job {
        Job::Fetch(_) => return Some((*run, Msg::Fetched(*ticket, Ok(())))),
        Job::Arrange(wanted) => Answer::Arranged(wanted.clone(), results::arrange(store, wanted, &work).unwrap()),
        Job::Find(text, columns, order) => {
            Answer::Found(text.clone(), results::find(store, text, columns, shown(order).as_deref(), &work).unwrap())
        }
        Job::Profile(column, order) => Answer::Profiled(results::profile(store, *column, shown(order).as_deref(), &work).unwrap()),
        Job::Chart(spec, order) => Answer::Charted(*spec, results::chart(store, spec, shown(order).as_deref(), &work).unwrap()),
        Job::Compare(other, _, pairing) => {
            Answer::Compared(Box::new(results::compare(store, other, pairing, &work).unwrap()), Arc::clone(other))
        }
        Job::Export(export, _) => Answer::Exists(export.clone()),
        Job::Complete(typed) => Answer::Completed(typed.clone(), vec![format!("{typed}rows.csv"), format!("{typed}rowing/")]),
    };
    Some((*run, Msg::Ended(*ticket, Box::new(Ok(answer)))))
}

/// Customers: every type, NULL, empty text, wide characters, JSON.
pub fn customers(run: u64, changed: bool) -> ResultSet {
    let column = |name: &str, type_name: &str, numeric| QueryColumn { name: name.into(), type_name: type_name.into(), numeric };
    let columns = vec![
        column("id", "int4", true),
        column("job", "varchar", false),
        column("since", "date", false),
        column("balance", "numeric(12,2)", true),
        column("score", "float8", true),
        column("active", "bool", false),
        column("details", "super", false),
    ];
    let jobs = ["admin.", "technician", "blue-collar", "日本語の仕事", "", "services"];
    let rows = (0..60_i64)
        .filter(|n| !(changed && *n == 7))
        .map(|n| {
            let job = jobs[n as usize % jobs.len()];
            let balance = (n * 7919 % 200_000) - 20_000 + i64::from(changed && n == 3);
            vec![
                Cell::Integer(n + 1),
                if n % 11 == 5 { Cell::Null } else { Cell::Text(job.into()) },
                Cell::Text(format!("20{:02}-{:02}-{:02}", 10 + n % 14, 1 + n % 12, 1 + n % 28)),
                if n % 13 == 4 { Cell::Null } else { Cell::Text(format!("{balance}.{:02}", n % 100)) },
                Cell::Float((n * 37 % 100) as f64 / 100.0),
                Cell::Boolean(n % 3 == 0),
                Cell::Text(format!("{{\"campaign\":{n},\"tags\":[\"a\",\"b\\n{n}\"],\"last\":{{\"result\":null,\"days\":{}}}}}", n * 3)),
            ]
        })
        .collect();
    let mut meta = crate::app::tests::empty_result();
    meta.columns = columns;
    meta.page.rows = rows;
    meta.total_rows = Some(meta.page.rows.len() as u64);
    ResultSet::new(RunId(run), meta, format!("SELECT * FROM customers -- {run}"), 0.1)
}

fn done(set: &mut ResultSet, effects: Vec<Effect>) {
    let mut effects = effects;
    while let Some(effect) = effects.pop() {
        if let Some((_, msg)) = answer(&effect) {
            effects.extend(set.update(msg));
        }
    }
}

fn ids(set: &ResultSet, count: u64) -> Vec<i64> {
    (0..count)
        .filter_map(|place| set.row(place).unwrap())
        .map(|row| if let Cell::Integer(id) = row[0] { id } else { panic!("{row:?}") })
        .collect()
}

#[test]
fn sorting_goes_up_down_and_back() {
    let mut set = customers(1, false);
    set.columns.go_to(4, 200);
    let up = set.sort(false);
    done(&mut set, up);
    assert_eq!(set.arrangement.sort.len(), 1);
    assert_eq!(ids(&set, 2), [1, 47], "0.00, then 46 * 37 % 100 = 2");
    let down = set.sort(false);
    done(&mut set, down);
    assert_eq!(ids(&set, 1), [28]);
    let none = set.sort(false);
    done(&mut set, none);
    assert!(set.arrangement.is_plain());
    assert_eq!(ids(&set, 3), [1, 2, 3]);
}

#[test]
fn a_second_column_sorts_what_the_first_leaves_equal() {
    let mut set = customers(1, false);
    set.columns.go_to(5, 200);
    let effects = set.sort(false);
    done(&mut set, effects);
    set.columns.go_to(0, 200);
    let effects = set.sort(true);
    done(&mut set, effects);
    let effects = set.sort(true);
    done(&mut set, effects);
    assert_eq!(ids(&set, 2), [60, 59], "inactive ones, the highest id first");
    assert_eq!(set.arrangement.sort.len(), 2);
    let effects = set.sort_nulls();
    done(&mut set, effects);
    assert!(set.arrangement.sort.iter().all(|key| key.nulls_first));
}

#[test]
fn escape_takes_back_one_thing_after_the_other() {
    let mut set = customers(1, false);
    let effects = set.filter(1, Test::parse("admin"));
    done(&mut set, effects);
    assert_eq!(set.shown_rows(), 10);
    let effects = set.find("admin".into());
    done(&mut set, effects);
    assert_eq!(set.found(), Some((1, 10)));
    set.mark(false);
    set.view = View::Record;
    set.prompt = Some(Prompt::new(PromptKind::Search, String::new(), ""));
    assert!(set.back().is_some() && set.prompt.is_none());
    assert!(set.back().is_some() && matches!(set.view, View::Grid));
    assert!(set.back().is_some() && set.selection().is_none());
    assert!(set.back().is_some() && set.search.is_none());
    assert!(set.back().is_some() && set.shown_rows() == 60);
    assert!(set.back().is_none());
}

#[test]
fn a_search_goes_around_the_ends() {
    let mut set = customers(1, false);
    let effects = set.find("tech".into());
    done(&mut set, effects);
    assert_eq!(set.list.selected, 1);
    set.find_next(false, 200);
    assert_eq!((set.list.selected, set.columns.cursor()), (55, 1));
    set.find_next(false, 200);
    assert_eq!(set.list.selected, 43, "row 50 has NULL");
    set.find_next(true, 200);
    set.find_next(true, 200);
    assert_eq!(set.list.selected, 1);
}

#[test]
fn an_answer_to_an_older_question_is_dropped() {
    let mut set = customers(1, false);
    let old = set.filter(1, Test::parse("admin"));
    let new = set.filter(1, Test::parse("tech"));
    done(&mut set, old);
    assert!(set.arrangement.is_plain() && set.waiting.is_some());
    done(&mut set, new);
    assert_eq!(set.shown_rows(), 9, "row 50 has NULL");
    assert!(set.waiting.is_none());
}

#[test]
fn cancelled_work_changes_nothing() {
    let mut set = customers(1, false);
    let effects = set.filter(1, Test::parse("admin"));
    assert!(set.cancellable());
    assert!(matches!(set.cancel()[..], [Effect::CancelResult(RunId(1))]));
    done(&mut set, effects);
    assert!(set.arrangement.is_plain() && set.cancel().is_empty());
}

#[test]
fn a_failure_is_said_and_the_rows_stay() {
    let mut set = customers(1, false);
    let effects = set.profile();
    let Effect::Result { ticket, .. } = &effects[0] else { panic!() };
    let error = OpError { kind: OpErrorKind::Failed, resource: None, what: "could not fetch".into(), why: "gone".into(), fix: None };
    set.update(Msg::Ended(*ticket, Box::new(Err(error))));
    assert_eq!(set.said.as_ref().unwrap().text, "could not fetch: gone");
    assert_eq!(set.shown_rows(), 60);
}

#[test]
fn what_is_copied_is_what_is_marked() {
    let mut set = customers(1, false);
    assert_eq!(set.copy(Span::Cell, CopyFormat::Plain).unwrap().0, "1");
    set.mark(false);
    set.columns.go_to(1, 200);
    set.move_rows(1, 20);
    assert_eq!(set.copy(Span::Selection, CopyFormat::Plain).unwrap().0, "1\tadmin.\n2\ttechnician");
    assert_eq!(set.copy(Span::Selection, CopyFormat::As(Format::Csv)).unwrap().0, "id,job\n1,admin.\n2,technician\n");
    let (text, said) = set.copy(Span::Selection, CopyFormat::Insert).unwrap();
    assert!(text.starts_with("INSERT INTO customers (\"id\", \"job\") VALUES\n  (1, 'admin.'),"), "{text}");
    for (sql, table) in [
        ("select * from dm.customers where id > :n", "dm.customers"),
        ("with a as (select * from dm.customers) select * from a join dm.customers c on true", "dm.customers"),
        ("select * from dm.customers, dm.jobs", "table_name"),
        ("show tables from dm", "table_name"),
        ("select * from dm.\"The Customers\"", "dm.\"the customers\""),
    ] {
        set.sql = sql.to_owned();
        let (text, _) = set.copy(Span::Selection, CopyFormat::Insert).unwrap();
        assert!(text.starts_with(&format!("INSERT INTO {table} (")), "{sql}: {text}");
    }
    assert_eq!(said, "2 rows × 2 columns copied");
    set.mark(true);
    assert_eq!(set.selection().unwrap().1, 0..7);
    let effects = set.filter(0, Test::parse(">58"));
    done(&mut set, effects);
    set.columns.go_to(0, 200);
    assert_eq!(set.copy(Span::Column, CopyFormat::Plain).unwrap().0, "59\n60", "only what is shown");
}

#[test]
fn too_much_for_a_clipboard_is_refused_with_a_way_out() {
    let mut meta = crate::app::tests::empty_result();
    meta.columns = vec![QueryColumn { name: "n".into(), type_name: "int4".into(), numeric: true }];
    meta.page.rows = (0..6000).map(|n| vec![Cell::Integer(n)]).collect();
    let set = ResultSet::new(RunId(1), meta, String::new(), 0.1);
    let why = set.copy(Span::Column, CopyFormat::Plain).unwrap_err();
    assert!(why.contains("6,000 rows") && why.contains("exports"), "{why}");
}

#[test]
fn the_end_is_where_it_is_when_every_row_has_come() {
    let mut meta = crate::app::tests::empty_result();
    meta.columns = vec![QueryColumn { name: "n".into(), type_name: "int4".into(), numeric: true }];
    meta.page = Page { rows: (0..100).map(|n| vec![Cell::Integer(n)]).collect(), next: Some("2".into()) };
    meta.total_rows = Some(300);
    let mut set = ResultSet::new(RunId(1), meta, String::new(), 0.1);
    assert!(set.fetch_if_near(10).is_empty(), "there is enough below");
    let effects = set.go_to_end();
    let Effect::Result { ticket, task, .. } = &effects[0] else { panic!() };
    assert!(task.job.fetches() && set.cancellable() && set.list.selected == 99);
    let spill = results::Spill::new(std::env::temp_dir(), usize::MAX);
    task.store.append(Page { rows: (100..300).map(|n| vec![Cell::Integer(n)]).collect(), next: None }, &spill).unwrap();
    set.update(Msg::Fetching(*ticket, 200, 300));
    assert_eq!(set.waiting.as_ref().unwrap().done, 200);
    set.update(Msg::Fetched(*ticket, Ok(())));
    assert_eq!((set.list.selected, set.cancellable()), (299, false));
}

#[test]
fn the_common_part_of_paths_is_completed() {
    let mut set = customers(1, false);
    set.prompt = Some(Prompt::new(PromptKind::Export, "out/".into(), ""));
    let effects = set.complete("out/".into());
    done(&mut set, effects);
    let prompt = set.prompt.as_ref().unwrap();
    assert_eq!((prompt.text.as_str(), prompt.hint.as_str()), ("out/row", "rows.csv  rowing"));
}

#[test]
fn pinned_results_stay() {
    let mut results = Results::default();
    results.show(customers(1, false));
    results.show(customers(2, false));
    assert_eq!(results.all().len(), 1);
    results.current_mut().unwrap().pinned = true;
    results.show(customers(3, true));
    assert_eq!((results.all().len(), results.place()), (2, 1));
    results.step(true);
    assert_eq!(results.current().unwrap().run, RunId(2));
    assert_eq!(results.close(), Some(RunId(2)));
    assert_eq!(results.close(), Some(RunId(3)));
    assert_eq!(results.close(), None);
}
