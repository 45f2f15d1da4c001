//! The exploration, by both engines, against figures counted from the same file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::sync::Arc;

use shiftdeck::demo::step::Step;
use shiftdeck::ops::query::QueryEngine;
use shiftdeck::ops::{Context, OpErrorKind, exploration, steps};
use tokio_util::sync::CancellationToken;

use crate::common::{self, TestAccount};

const ROWS: u32 = 3000;

async fn loaded() -> (TestAccount, Context) {
    let account = common::account().await;
    let mut settings = shiftdeck::config::load::load(&shiftdeck::config::load::Sources::default()).unwrap().settings;
    settings.data.sample_rows = ROWS;
    let (progress, _) = tokio::sync::mpsc::unbounded_channel();
    let context = Context {
        gateways: account.gateways(),
        scenario: Arc::new(settings.scenario("000000000000")),
        settings: Arc::new(settings),
        clock: common::clock(),
        progress,
        cancel: CancellationToken::new(),
    };
    for step in [Step::Foundation, Step::Lake, Step::Load] {
        steps::run(&context, step).await.unwrap();
    }
    (account, context)
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

        let job = exploration::picture(&context, &table, "job").await.unwrap();
        assert_eq!(job.rows, u64::from(ROWS));
        for bar in &job.bars {
            let of_value: Vec<usize> = (0..ROWS as usize).filter(|at| file["job"][*at] == bar.label).collect();
            let expected = (of_value.len() as u64, of_value.iter().filter(|at| yes(**at)).count() as u64);
            assert_eq!((bar.rows, bar.yes), expected, "{engine:?} {}", bar.label);
            assert!(bar.rate_low <= bar.rate && bar.rate <= bar.rate_high);
        }
        assert!(job.bars.windows(2).all(|pair| pair[0].rows >= pair[1].rows), "the most frequent first");

        let age = exploration::picture(&context, &table, "age").await.unwrap();
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
        let month = exploration::picture(&context, &table, "month").await.unwrap();
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
        let found = exploration::correlations(&context, &table).await.unwrap();
        let at = |name: &str| found.columns.iter().position(|column| column == name).unwrap();
        let value = found.matrix[at("euribor3m")][at("nr_employed")].unwrap();
        assert!((value - expected).abs() < 1e-6, "{engine:?}: {value} instead of {expected}");
        assert_eq!(found.matrix[at("nr_employed")][at("euribor3m")], Some(value));
        let density = exploration::density(&context, &table, "age", "campaign").await.unwrap();
        assert_eq!(density.cells.iter().map(|cell| cell.rows).sum::<u64>(), u64::from(ROWS));
        let refused = exploration::density(&context, &table, "age", "job").await.unwrap_err();
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
    let picture = exploration::picture(&context, &table, "y").await.unwrap();
    let cellular = file["contact"].iter().filter(|contact| *contact == "cellular").count() as f64;
    assert!((picture.base_rate - cellular / f64::from(ROWS)).abs() < 1e-12);
    assert_eq!(picture.bars.len(), 2);
    account.close().await;
}
