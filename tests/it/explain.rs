//! Why the model answers what it answers, against the deployed model of a small run.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use serde_json::{Value, json};
use shiftdeck::demo::customer_filter::Condition;
use shiftdeck::demo::ranking::Economics;
use shiftdeck::demo::step::Step;
use shiftdeck::ops::explain::{self, ExplainedModel};
use shiftdeck::ops::{Context, OpErrorKind, customers, predict, steps};

use crate::common::{self, TestAccount};

/// An account on which everything up to `last` has been done.
async fn prepared(last: Step) -> (TestAccount, Context) {
    let account = common::account().await;
    let mut settings = shiftdeck::config::load::load(&shiftdeck::config::load::Sources::default()).unwrap().settings;
    settings.data.sample_rows = 6000;
    let context = account.context(&settings).0;
    for step in [Step::Foundation, Step::Lake, Step::Load, Step::Pipeline, Step::Deploy, Step::RedshiftMl] {
        steps::run(&context, step).await.unwrap_or_else(|error| panic!("{step}: {error}"));
        if step == last {
            break;
        }
    }
    (account, context)
}

async fn opened(context: &Context) -> ExplainedModel {
    let model = predict::deployed(context).await.unwrap();
    explain::open(context, &model).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contributions_add_up_to_the_margin_on_every_row_of_the_test_split() {
    let (account, context) = prepared(Step::Deploy).await;
    let model = opened(&context).await;
    let test = model.test_set(&context).await.unwrap();
    assert_eq!(test.samples.len(), 600);
    let rows: Vec<_> = test.samples.iter().map(|sample| sample.row.clone()).collect();
    let answers = predict::predict(&context, &model.model, &rows).await.unwrap();
    for (at, row) in rows.iter().enumerate() {
        let explanation = model.explainer.explain(row).unwrap();
        let sum = explanation.base_margin + explanation.contributions.iter().map(|one| one.margin).sum::<f64>();
        assert!((sum - explanation.margin).abs() < 1e-4, "row {at}: {sum} instead of {}", explanation.margin);
        assert!((explanation.score - answers[at].score).abs() < 1e-5, "row {at}: the endpoint answers {}", answers[at].score);
        assert_eq!(explanation.contributions.len(), 14, "one for each column that the vector has");
    }
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_to_flip_the_decision_flips_it_at_the_endpoint() {
    let (account, context) = prepared(Step::Deploy).await;
    let model = opened(&context).await;
    let test = model.test_set(&context).await.unwrap();
    let threshold = model.model.threshold;
    // Beside the threshold on either side, so that both directions are tried.
    let near = |yes: bool| {
        let side = test.scores.iter().enumerate().filter(|(_, score)| (**score >= threshold) == yes);
        side.min_by(|a, b| (a.1 - threshold).abs().total_cmp(&(b.1 - threshold).abs())).unwrap().0
    };
    for at in [near(true), near(false)] {
        let row = &test.samples[at].row;
        let reasons = model.reasons(row, &[]).unwrap();
        assert!(!reasons.flips.is_empty(), "row {at} has the score {}", test.scores[at]);
        for flip in &reasons.flips {
            let mut changed = row.clone();
            for change in &flip.changes {
                let number = change.to.parse::<f64>().ok().filter(|_| row[&change.column].is_number());
                changed.insert(change.column.clone(), number.map_or_else(|| json!(change.to), |number| json!(number)));
            }
            let answer = &predict::predict(&context, &model.model, &[changed]).await.unwrap()[0];
            assert_ne!(answer.score >= threshold, test.scores[at] >= threshold, "{flip:?}");
            assert!((answer.score - flip.score).abs() < 1e-5, "{flip:?}");
        }
        let kept: Vec<String> = reasons.flips.iter().flat_map(|flip| &flip.changes).map(|change| change.column.clone()).collect();
        let others = model.reasons(row, &kept).unwrap().flips;
        assert!(others.iter().flat_map(|flip| &flip.changes).all(|change| !kept.contains(&change.column)));
    }
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_roads_lead_to_one_answer() {
    let (account, context) = prepared(Step::RedshiftMl).await;
    let model = opened(&context).await;
    let test = model.test_set(&context).await.unwrap();
    let agreement = explain::agreement(&context, &model, &test, 250).await.unwrap();
    assert_eq!(agreement.rows, 250);
    assert!(agreement.largest_difference < 1e-5, "{}", agreement.largest_difference);
    let agrees = agreement.sql_agrees.unwrap();
    assert_eq!(agrees + agreement.disagreements.len() as u64, 250);
    // The SQL model was trained on other columns (the call's duration too), so that it decides otherwise now and then.
    assert!(agrees > 200 && agreement.sql_right.unwrap() > 200 && agreement.endpoint_right > 200, "{agrees}");
    for case in &agreement.disagreements {
        assert_ne!(case.roads.sql.as_ref(), Some(&case.roads.decision));
    }
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn importance_dependence_and_thresholds_follow_the_model() {
    let (account, context) = prepared(Step::Deploy).await;
    let model = opened(&context).await;
    let test = model.test_set(&context).await.unwrap();
    let importance = model.importance(&test).unwrap();
    assert_eq!(importance.len(), 14);
    assert!((importance.iter().map(|one| one.gain_share).sum::<f64>() - 1.0).abs() < 1e-9);
    assert!(importance.windows(2).all(|pair| pair[0].mean_contribution >= pair[1].mean_contribution));
    let outcome = model.dependence(&test, "poutcome").unwrap();
    let mean = |value: &str| outcome.points.iter().find(|point| point.value == value).unwrap().mean;
    assert!(mean("success") > mean("failure"), "an earlier success makes another one likelier: {outcome:?}");
    let age = model.dependence(&test, "age").unwrap();
    assert!(
        age.numeric && age.points.len() > 5 && age.points.iter().all(|point| point.low <= point.mean && point.mean <= point.high + 1e-9)
    );
    let refused = model.dependence(&test, "duration").unwrap_err();
    assert_eq!(refused.kind, OpErrorKind::Usage);
    let economics = Economics { call_cost: 5.0, subscription_value: 40.0 };
    let (here, best) = test.outcomes(model.model.threshold, economics).unwrap();
    assert!(best.profit >= here.profit && best.profit > 0.0);
    let report = test.report(best.threshold).unwrap();
    assert_eq!(report.confusion, best.confusion);
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_model_in_sql_two_roads_are_left() {
    let (account, context) = prepared(Step::Deploy).await;
    let model = opened(&context).await;
    let sample = predict::samples(&context, &model.model, 1, 1).await.unwrap().remove(0);
    let roads = explain::roads(&context, &model, std::slice::from_ref(&sample.row)).await.unwrap();
    assert_eq!(roads[0].sql, None);
    assert!((roads[0].endpoint - roads[0].file).abs() < 1e-5);
    let mut incomplete = sample.row;
    incomplete.insert("job".to_owned(), Value::from("astronaut"));
    let refused = model.reasons(&incomplete, &[]).unwrap_err();
    assert_eq!(refused.kind, OpErrorKind::Usage);
    assert!(refused.why.contains("astronaut"), "{refused}");
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_proposed_occurs_in_the_data() {
    let (account, context) = prepared(Step::Deploy).await;
    let model = predict::deployed(&context).await.unwrap();
    let evidence = explain::evidence(&context, &model).await.unwrap();
    let earlier = |row: &predict::Sample| ["pdays", "previous", "poutcome"].map(|name| row.row[name].clone());
    // Whether there was an earlier campaign is said by three columns; a row in which they contradict each other is nobody.
    let consistent = |cells: &[Value; 3]| {
        let [days, previous, outcome] = cells;
        (*outcome == json!("nonexistent")) == (*previous == json!(0)) && (*outcome != json!("nonexistent") || *days == json!(999))
    };
    assert!(evidence.test.samples.iter().all(|sample| consistent(&earlier(sample))), "the data say so themselves");
    let mut together = 0;
    for sample in evidence.test.samples.iter().take(150) {
        for flip in evidence.explained.reasons(&sample.row, &[]).unwrap().flips {
            let mut changed = sample.clone();
            for change in &flip.changes {
                let number = change.to.parse::<i64>().ok().filter(|_| sample.row[&change.column].is_number());
                changed.row.insert(change.column.clone(), number.map_or_else(|| json!(change.to), |number| json!(number)));
            }
            assert!(consistent(&earlier(&changed)), "{flip:?}");
            together +=
                usize::from(flip.changes.iter().filter(|change| ["pdays", "previous", "poutcome"].contains(&&*change.column)).count() > 1);
        }
    }
    assert!(together > 0, "columns that belong together are changed together");
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn customers_are_found_by_a_condition_and_the_model_is_measured_by_group() {
    let (account, context) = prepared(Step::Deploy).await;
    let model = predict::deployed(&context).await.unwrap();
    let condition = |text: &str| Condition::read(text, &model.schema).unwrap();
    let older = condition("age > 55 and poutcome <> success and not (job in (retired, student) or emp.var.rate is null)");
    let found = customers::matching(&context, &model, &older, 40, 1).await.unwrap();
    assert!(found.total > 40 && found.samples.len() == 40, "{}", found.total);
    for sample in &found.samples {
        let row = &sample.row;
        assert!(row["age"].as_i64().unwrap() > 55 && row["poutcome"] != json!("success") && row["job"] != json!("retired"), "{row:?}");
        assert!(sample.seen.is_some() && sample.actual.is_some(), "every row of the table is one of the data");
    }
    assert!(found.samples.is_sorted_by_key(|sample| sample.seen), "those that training has not seen come first");
    assert_eq!(customers::matching(&context, &model, &older, 40, 1).await.unwrap(), found, "the same for the same seed");
    assert_ne!(customers::matching(&context, &model, &older, 40, 2).await.unwrap().samples, found.samples);
    let every = customers::matching(&context, &model, &condition("age between 17 and 120 or y = yes"), 6000, 1).await.unwrap();
    assert_eq!((every.total, every.samples.len()), (6000, 6000));
    let unseen = every.samples.iter().filter(|sample| sample.seen == Some(false)).count();
    assert!((590..=600).contains(&unseen), "{unseen} of 600 test rows; equal rows of another split count as seen");
    // A text in a condition is a value, whatever is written in it.
    for hostile in ["job like '''; drop table dm.data; --%'", "job like '%:p1%'", "job like '\\'", "job like '\u{7}'"] {
        assert_eq!(customers::matching(&context, &model, &condition(hostile), 5, 1).await.unwrap().total, 0, "{hostile}");
    }
    assert_eq!(customers::matching(&context, &model, &condition("age > 0"), 1, 1).await.unwrap().total, 6000, "the table is still there");

    let evidence = Arc::new(explain::evidence(&context, &model).await.unwrap());
    for column in ["job", "age", "pdays", "emp_var_rate"] {
        let report = explain::segments(Arc::clone(&evidence), column.to_owned(), model.threshold).await.unwrap();
        assert_eq!(report.segments.iter().map(|segment| segment.rows).sum::<u64>(), 600, "{column}");
        let auc = evidence.ranking.as_ref().unwrap().roc_auc();
        assert!((report.whole.auc.unwrap() - auc).abs() < 1e-9, "{column}");
    }
    let refused = explain::segments(Arc::clone(&evidence), "income".to_owned(), 0.5).await.unwrap_err();
    assert_eq!(refused.kind, OpErrorKind::Usage);
    let found = explain::dependence(evidence, "poutcome".to_owned()).await.unwrap();
    let mean = |value: &str| found.points.iter().find(|point| point.value == value).unwrap().mean;
    assert!(mean("success") > mean("nonexistent"));
    account.close().await;
}
