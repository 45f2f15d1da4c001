//! A model of one tree over two columns, small enough to be computed by hand.

use serde_json::{Value, json};

use crate::demo::feature_schema::{CategoryValue, Column, ColumnKind, FeatureSchema, Row, Target};

/// A model document of one tree over three features: below 30 years of age 1.0, else a student 0.5 and another -1.0.
pub fn document() -> Value {
    json!({
        "learner": {
            "gradient_booster": { "name": "gbtree", "model": { "trees": [{
                "left_children": [1, -1, 3, -1, -1],
                "right_children": [2, -1, 4, -1, -1],
                "split_indices": [0, 0, 2, 0, 0],
                "split_conditions": [30.0, 1.0, 0.5, -1.0, 0.5],
                "default_left": [0, 0, 1, 0, 0],
                "loss_changes": [12.0, 0.0, 4.0, 0.0, 0.0],
                "sum_hessian": [100.0, 40.0, 60.0, 50.0, 10.0],
                "split_type": [0, 0, 0, 0, 0],
            }] } },
            "learner_model_param": { "base_score": "[2E-1]", "num_feature": "3", "num_class": "0", "num_target": "1" },
            "objective": { "name": "binary:logistic" },
        },
        "version": [3, 0, 0],
    })
}

/// Its feature schema: an age, and a job that is one of two.
pub fn schema() -> FeatureSchema {
    let quantiles = vec![17.0, 18.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 98.0];
    let value = |value: &str, count| CategoryValue { value: value.into(), count };
    let age = ColumnKind::Number { integer: true, min: 17.0, max: 98.0, mean: 40.0, quantiles };
    let job = ColumnKind::Category { values: vec![value("admin.", 900), value("student", 100)] };
    let column = |name: &str, kind| Column { name: name.into(), dropped: false, kind };
    FeatureSchema {
        version: 1,
        target: Target { name: "y".into(), positive: "yes".into(), negative: "no".into() },
        columns: vec![column("age", age), column("job", job)],
        derived: vec![],
        features: ["age", "job_admin.", "job_student"].map(str::to_owned).to_vec(),
    }
}

/// A customer.
pub fn row(age: i64, job: &str) -> Row {
    [("age".to_owned(), json!(age)), ("job".to_owned(), json!(job))].into_iter().collect()
}
