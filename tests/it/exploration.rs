//! The exploration, by both engines, against figures counted from the same file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use shiftdeck::demo::step::Step;
use shiftdeck::ops::exploration::{Correlations, Density, Found, Order, Picture, Subject, Table};
use shiftdeck::ops::query::{QueryEngine, QueryRequest};
use shiftdeck::ops::{Context, OpErrorKind, exploration, query, steps};

use crate::common::{self, TestAccount};

const ROWS: u32 = 3000;

async fn loaded() -> (TestAccount, Context) {
    let account = common::account().await;
    let mut settings = shiftdeck::config::load::load(&shiftdeck::config::load::Sources::default()).unwrap().settings;
    settings.data.sample_rows = ROWS;
    let (context, _) = account.context(&settings);
    for step in [Step::Foundation, Step::Lake, Step::Load] {
        steps::run(&context, step).await.unwrap();
    }
    (account, context)
}

async fn find(context: &Context, table: &Table, subject: Subject) -> Found {
    exploration::find(context, table, &subject).await.unwrap()
}

async fn picture(context: &Context, table: &Table, column: &str) -> Picture {
    let Found::Picture(picture) = find(context, table, Subject::Column(column.into())).await else { panic!() };
    picture
}

async fn density(context: &Context, table: &Table, x: &str, y: &str) -> Density {
    let Found::Density(density) = find(context, table, Subject::Density(x.into(), y.into())).await else { panic!() };
    density
}

async fn correlations(context: &Context, table: &Table) -> Correlations {
    let Found::Correlations(correlations) = find(context, table, Subject::Correlations).await else { panic!() };
    correlations
}

/// How many rows a statement gives.
async fn count(context: &Context, engine: QueryEngine, rows: &str) -> u64 {
    let sql = format!("SELECT count(*) FROM ({rows}) AS behind");
    let request = QueryRequest { engine, sql, parameters: vec![], page_size: 10 };
    let result = query::run(context, request, &mut |_| {}).await.unwrap();
    result.page.rows[0][0].number().unwrap() as u64
}

/// The file in the lake, column by column.
async fn file(context: &Context) -> BTreeMap<String, Vec<String>> {
    let scenario = &context.scenario;
    let keys = context.gateways.objects.list(&scenario.bucket, &scenario.data_prefix).await.unwrap();
    let content = context.gateways.objects.get(&scenario.bucket, &keys[0].key).await.unwrap().unwrap();
    let delimiter = if content.iter().take(200).any(|byte| *byte == b';') { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(content.as_ref());
    let names: Vec<String> = reader.headers().unwrap().iter().map(shiftdeck::demo::dataset::normalise).collect();
    let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for record in reader.records() {
        for (name, cell) in names.iter().zip(record.unwrap().iter()) {
            columns.entry(name.clone()).or_default().push(cell.to_owned());
        }
    }
    columns
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pictures_count_what_is_in_the_file_on_both_engines() {
    let (account, context) = loaded().await;
    let file = file(&context).await;
    let yes = |at: usize| file["y"][at] == "yes";
    for engine in [QueryEngine::Redshift, QueryEngine::Athena] {
        let table = exploration::table(&context, engine).await.unwrap();
        assert_eq!(table.columns.len(), 20);
        assert_eq!(table.columns.iter().filter(|column| column.numeric).count(), 10);

        let job = picture(&context, &table, "job").await;
        assert_eq!(job.rows, u64::from(ROWS));
        for bar in &job.bars {
            let of_value: Vec<usize> = (0..ROWS as usize).filter(|at| file["job"][*at] == bar.label).collect();
            let expected = (of_value.len() as u64, of_value.iter().filter(|at| yes(**at)).count() as u64);
            assert_eq!((bar.rows, bar.yes), expected, "{engine:?} {}", bar.label);
            assert!(bar.rate_low <= bar.rate && bar.rate <= bar.rate_high);
        }
        assert!(job.bars.windows(2).all(|pair| pair[0].rows >= pair[1].rows), "the most frequent first");

        let age = picture(&context, &table, "age").await;
        assert_eq!(age.bars.iter().map(|bar| bar.rows).sum::<u64>(), u64::from(ROWS));
        for class in &age.classes {
            let of_class: Vec<f64> =
                (0..ROWS as usize).filter(|at| file["y"][*at] == class.class).map(|at| file["age"][at].parse().unwrap()).collect();
            let mean = of_class.iter().sum::<f64>() / of_class.len() as f64;
            assert_eq!(class.rows as usize, of_class.len());
            assert!((class.mean - mean).abs() < 1e-9, "{engine:?} {}: {} instead of {mean}", class.class, class.mean);
            assert_eq!(class.five[0], of_class.iter().copied().fold(f64::INFINITY, f64::min));
            assert_eq!(class.five[4], of_class.iter().copied().fold(f64::NEG_INFINITY, f64::max));
            let below = of_class.iter().filter(|age| **age < class.five[2]).count() as f64 / of_class.len() as f64;
            // Trino's quantiles are approximate.
            assert!((0.4..=0.52).contains(&below), "{engine:?}: {below} are younger than the median");
        }
        let previous = picture(&context, &table, "previous").await;
        assert_eq!((previous.bars[0].label.as_str(), previous.bars[1].label.as_str()), ("0", "1"), "whole numbers are not parted");
        let month = picture(&context, &table, "month").await;
        let order: Vec<&str> = month.bars.iter().map(|bar| bar.label.as_str()).collect();
        assert_eq!(order[..3], ["mar", "apr", "may"], "in the order of the year");
    }
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn correlations_and_densities_agree_with_the_file() {
    let (account, context) = loaded().await;
    let file = file(&context).await;
    let numbers = |name: &str| file[name].iter().map(|text| text.parse::<f64>().unwrap()).collect::<Vec<_>>();
    let (one, other) = (numbers("euribor3m"), numbers("nr_employed"));
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (one_mean, other_mean) = (mean(&one), mean(&other));
    let moment = |a: &[f64], a_mean: f64, b: &[f64], b_mean: f64| a.iter().zip(b).map(|(a, b)| (a - a_mean) * (b - b_mean)).sum::<f64>();
    let expected = moment(&one, one_mean, &other, other_mean)
        / (moment(&one, one_mean, &one, one_mean) * moment(&other, other_mean, &other, other_mean)).sqrt();
    for engine in [QueryEngine::Redshift, QueryEngine::Athena] {
        let table = exploration::table(&context, engine).await.unwrap();
        let found = correlations(&context, &table).await;
        let at = |name: &str| found.columns.iter().position(|column| column == name).unwrap();
        let value = found.matrix[at("euribor3m")][at("nr_employed")].unwrap();
        assert!((value - expected).abs() < 1e-6, "{engine:?}: {value} instead of {expected}");
        assert_eq!(found.matrix[at("nr_employed")][at("euribor3m")], Some(value));
        let density = density(&context, &table, "age", "campaign").await;
        assert_eq!(density.cells.iter().map(|cell| cell.rows).sum::<u64>(), u64::from(ROWS));
        let Found::Matrix(matrix) = find(&context, &table, Subject::Matrix).await else { panic!() };
        assert_eq!((matrix.columns.len(), matrix.pairs.len(), matrix.left_out), (10, 45, 0));
        assert!(matrix.pairs.iter().all(|pair| pair.rows() == u64::from(ROWS)));
        let (pair, plain) = matrix.pair("nr_employed", "euribor3m").unwrap();
        assert!(!plain, "the earlier column is the one across");
        for cell in &pair.cells {
            let within = |value: f64, edge: f64, step: f64| (value / step).floor() == (edge / step).round();
            let rows: Vec<usize> =
                (0..ROWS as usize).filter(|at| within(one[*at], cell.x, pair.x_step) && within(other[*at], cell.y, pair.y_step)).collect();
            let said_yes = rows.iter().filter(|at| file["y"][**at] == "yes").count() as u64;
            assert_eq!((cell.rows, cell.yes), (rows.len() as u64, said_yes), "{engine:?}");
        }
        assert_eq!(matrix.correlations.of("euribor3m", "nr_employed"), Some(value));
        let refused = exploration::find(&context, &table, &Subject::Density("age".into(), "job".into())).await.unwrap_err();
        assert_eq!(refused.kind, OpErrorKind::Usage);
        assert!(table.column("duratoin").unwrap_err().fix.unwrap().contains("duration"));
    }
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_column_can_be_what_the_others_are_compared_by() {
    let (account, context) = loaded().await;
    let file = file(&context).await;
    let table = exploration::table(&context, QueryEngine::Redshift).await.unwrap().by("contact", "cellular").unwrap();
    let answers = picture(&context, &table, "y").await;
    let cellular = file["contact"].iter().filter(|contact| *contact == "cellular").count() as f64;
    assert!((answers.base_rate - cellular / f64::from(ROWS)).abs() < 1e-12);
    assert_eq!(answers.bars.len(), 2);
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rows_behind_a_bar_are_as_many_as_the_bar_says() {
    let (account, context) = loaded().await;
    for engine in [QueryEngine::Redshift, QueryEngine::Athena] {
        let table = exploration::table(&context, engine).await.unwrap();
        // A category, whole numbers, ranges of decimals whose ends are no exact numbers, and of negative ones.
        for column in ["poutcome", "age", "previous", "euribor3m", "cons_conf_idx"] {
            let picture = picture(&context, &table, column).await;
            assert!(picture.bars.len() > 1, "{column}");
            for bar in &picture.bars {
                let behind = count(&context, engine, &table.rows_where(&bar.condition)).await;
                assert_eq!(behind, bar.rows, "{engine:?}: {column} {} ({})", bar.label, bar.condition);
            }
        }
    }
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn previews_of_all_columns_agree_with_their_pictures() {
    let (account, context) = loaded().await;
    for engine in [QueryEngine::Redshift, QueryEngine::Athena] {
        let table = exploration::table(&context, engine).await.unwrap();
        let previews = exploration::previews(&context, &table).await.unwrap();
        assert_eq!((previews.rows, previews.columns.len()), (u64::from(ROWS), 20), "{engine:?}");
        for column in ["job", "month", "age", "euribor3m"] {
            let picture = picture(&context, &table, column).await;
            let shown: Vec<(u64, u64)> = picture.bars.iter().map(|bar| (bar.rows, bar.yes)).collect();
            // Ranges without rows are in the preview only.
            let parts: Vec<(u64, u64)> = previews.of(column).unwrap().parts.iter().copied().filter(|(rows, _)| *rows > 0).collect();
            assert_eq!(parts, shown, "{engine:?}: {column}");
        }
    }
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_months_are_in_the_order_of_the_file() {
    let (account, context) = loaded().await;
    let file = file(&context).await;
    // The file has its rows in the order of the calls.
    let mut expected: Vec<(String, u64)> = Vec::new();
    for month in &file["month"] {
        match expected.last_mut() {
            Some((last, rows)) if last == month => *rows += 1,
            _ => expected.push((month.clone(), 1)),
        }
    }
    for engine in [QueryEngine::Redshift, QueryEngine::Athena] {
        let table = exploration::table(&context, engine).await.unwrap();
        let Found::Order(order) = find(&context, &table, Subject::Order).await else { panic!() };
        let found: Vec<(String, u64)> = order.periods.iter().map(|period| (period.month.clone(), period.rows)).collect();
        assert_eq!(found, expected, "{engine:?}");
        let Order { first_half, base_rate, second_half, .. } = order;
        assert!(first_half < base_rate && base_rate < second_half, "who was called later said yes more often");
        let last = order.periods.last().unwrap();
        assert_eq!(count(&context, engine, &table.rows_where(&last.condition)).await, last.rows);
    }
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_engines_find_the_same_and_everything_can_be_drawn() {
    let (account, context) = loaded().await;
    let mut sentences = Vec::new();
    for engine in [QueryEngine::Redshift, QueryEngine::Athena] {
        let table = exploration::table(&context, engine).await.unwrap();
        let subjects = [
            Subject::Column("job".into()),
            Subject::Column("duration".into()),
            Subject::Correlations,
            Subject::Matrix,
            Subject::Density("age".into(), "euribor3m".into()),
            Subject::Order,
            Subject::Findings,
        ];
        for subject in subjects {
            let found = find(&context, &table, subject).await;
            assert!(!found.statements().is_empty());
            if let Found::Findings(findings) = &found {
                assert_eq!(findings.rows, u64::from(ROWS));
                sentences.push(findings.findings.iter().map(|finding| finding.sentence.clone()).collect::<Vec<_>>());
            }
            let drawing = exploration::drawing::drawing(&found);
            assert!(exploration::drawing::svg(&drawing).contains(&format!("<title>{}</title>", drawing.title)));
            let png = exploration::drawing::png(&drawing).unwrap();
            let side = |at: usize| f64::from(u32::from_be_bytes(png[at..at + 4].try_into().unwrap()));
            assert_eq!((&png[1..4], side(16), side(20)), (&b"PNG"[..], (drawing.width * 2.0).ceil(), (drawing.height * 2.0).ceil()));
        }
    }
    assert_eq!(sentences[0].len(), 10);
    assert_eq!(sentences[0], sentences[1]);
    account.close().await;
}
