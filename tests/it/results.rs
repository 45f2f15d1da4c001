//! Results of any size: fetched in pages through the SDK, kept on disk, sorted, filtered and exported as if they were in memory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use shiftdeck::config::{Sources, load};
use shiftdeck::demo::step::Step;
use shiftdeck::ops::export::Format;
use shiftdeck::ops::query::{self, Cell, Page, QueryEngine, QueryRequest, QueryResult};
use shiftdeck::ops::results::{
    Arrangement, Condition, Export, Filter, SortKey, Spill, Store, Test, Work, arrange, fetch, find, profile, save,
};
use shiftdeck::ops::{Context, OpErrorKind, steps};
use tokio_util::sync::CancellationToken;

use crate::common::{self, TestAccount};

/// A hundred thousand rows: several pages.
const ROWS: i64 = 100_000;

async fn context(account: &TestAccount) -> Context {
    let settings = load(&Sources::default()).unwrap().settings;
    let (context, _) = account.context(&settings);
    steps::run(&context, Step::Foundation).await.unwrap();
    context
}

/// A result whose first page is in a store.
async fn numbers(context: &Context) -> (QueryResult, Store) {
    let digits = "(select 0 as n union all select 1 union all select 2 union all select 3 union all select 4 union all select 5 \
                  union all select 6 union all select 7 union all select 8 union all select 9)";
    let sql = format!(
        "select a.n + 10*b.n + 100*c.n + 1000*d.n + 10000*e.n as id, 'customer ' || (a.n * 7 + c.n) as name, \
         case when b.n = 3 then null else cast(a.n * 1.25 as decimal(8,2)) end as amount \
         from {digits} a, {digits} b, {digits} c, {digits} d, {digits} e order by 1"
    );
    let request = QueryRequest { engine: QueryEngine::Redshift, sql, parameters: Vec::new(), page_size: 1000 };
    let mut result = query::run(context, request, &mut |_| {}).await.unwrap();
    let page = std::mem::replace(&mut result.page, Page { rows: Vec::new(), next: None });
    assert!(page.next.is_some(), "one page would prove nothing");
    let store = Store::new(result.columns.clone(), page);
    (result, store)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_on_disk_is_sorted_searched_and_exported_whole() {
    let account = common::account().await;
    let context = context(&account).await;
    let (result, store) = numbers(&context).await;
    let spill = Spill::new(account.directory.path().join("rows"), 0);
    let work = Work::unheard();
    let before = store.rows();
    fetch(&context, &result, &store, before + 1, &spill, &work).await.unwrap();
    assert!(store.rows() > before && !store.complete(), "no more pages than were asked for");
    fetch(&context, &result, &store, u64::MAX, &spill, &work).await.unwrap();
    assert_eq!((store.rows(), store.complete()), (ROWS as u64, true));
    assert!(store.on_disk() > 100_000, "{}", store.on_disk());
    assert_eq!(store.row(12_345).unwrap().unwrap()[0], Cell::Integer(12_345));

    let sort =
        vec![SortKey { column: 2, descending: true, nulls_first: false }, SortKey { column: 0, descending: true, nulls_first: false }];
    let conditions = vec![Condition { column: 1, test: Test::parse("=customer 63").unwrap() }];
    let wanted = Arrangement { sort, filter: Filter { conditions, anywhere: None } };
    let order = arrange(&store, &wanted, &work).unwrap();
    // 9 * 7 + 0 and 8 * 7 + 7: a thousand of each, a hundred of each without an amount.
    assert_eq!(order.len(), 2000);
    assert_eq!(
        store.row(u64::from(order[0])).unwrap().unwrap()[..],
        [Cell::Integer(99_099), Cell::Text("customer 63".into()), Cell::Text("11.25".into())]
    );
    assert!(order[1800..].iter().all(|row| store.row(u64::from(*row)).unwrap().unwrap()[2] == Cell::Null));
    assert_eq!(find(&store, "customer 63", &[1], None, &work).unwrap().len(), 2000);
    let seen = profile(&store, 2, None, &work).unwrap();
    assert_eq!((seen.rows, seen.nulls, seen.distinct, seen.greatest.as_deref()), (100_000, 10_000, 10, Some("11.25")));

    let path = account.directory.path().join("all.csv");
    let export = Export { path: path.clone(), format: Format::Csv, columns: vec![0, 1, 2], replace: false };
    assert_eq!(save(&store, &export, None, &work).unwrap(), ROWS as u64);
    let text = std::fs::read_to_string(path).unwrap();
    assert_eq!(text.lines().count(), 100_001);
    assert_eq!(text.lines().nth(1), Some("0,customer 0,0.00"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelled_fetching_keeps_what_has_come_and_goes_on_later() {
    let account = common::account().await;
    let context = context(&account).await;
    let (result, store) = numbers(&context).await;
    let spill = Spill::new(account.directory.path().join("rows"), usize::MAX);
    let cancel = CancellationToken::new();
    let stop = cancel.clone();
    let work = Work::new(cancel, Arc::new(move |_, _| stop.cancel()));
    let error = fetch(&context, &result, &store, u64::MAX, &spill, &work).await.unwrap_err();
    assert_eq!(error.kind, OpErrorKind::Cancelled);
    assert!(!store.complete());
    fetch(&context, &result, &store, u64::MAX, &spill, &Work::unheard()).await.unwrap();
    assert_eq!(store.rows(), ROWS as u64);
    for row in [0, 54_321, 99_999] {
        assert_eq!(store.row(row).unwrap().unwrap()[0], Cell::Integer(row as i64), "no page came twice");
    }
}
