//! Why a model answers what it answers, in the columns and words of the data: contributions of a row, the smallest change that flips the
//! decision, how the answer depends on one column, and which columns matter in general.

mod dependence;
mod flip;
mod occurrence;

use serde::Serialize;
use serde_json::Value;

pub use dependence::{Dependence, DependencePoint, dependence};
pub use flip::{Change, Flip, flip};
pub use occurrence::Occurrences;

use super::boosted::BoostedTrees;
use super::feature_schema::{ColumnKind, DerivedRule, EncodeError, FeatureSchema, Row};

/// A model and the schema that makes its vectors.
#[derive(Debug, Clone, PartialEq)]
pub struct Explainer {
    /// The trees.
    pub trees: BoostedTrees,
    /// How a row becomes a vector.
    pub schema: FeatureSchema,
    /// The column that each feature of the vector comes from.
    column_of: Vec<usize>,
}

/// Trees and schema that do not belong together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the model asks {model} features, its feature schema makes {schema}")]
pub struct Mismatch {
    /// Features of the model.
    pub model: usize,
    /// Features of the schema.
    pub schema: usize,
}

/// What one column of a row contributes to its answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Contribution {
    /// The column.
    pub column: String,
    /// Its value in the row; empty for NULL.
    pub value: String,
    /// The contribution to the margin, all features of the column together: log-odds for a logistic objective.
    pub margin: f64,
}

impl Contribution {
    /// What it does to the odds: 1.5 makes them half as large again. Only meaningful for log-odds.
    pub fn odds(&self) -> f64 {
        self.margin.exp()
    }
}

/// Why a row is answered as it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The answer.
    pub score: f64,
    /// The margin behind the answer.
    pub margin: f64,
    /// The margin of a row of which nothing is known.
    pub base_margin: f64,
    /// The answer of a row of which nothing is known.
    pub base_score: f64,
    /// What each column contributes, largest first; with `base_margin` they add up to `margin`.
    pub contributions: Vec<Contribution>,
}

/// How much a column matters in general.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColumnImportance {
    /// The column.
    pub column: String,
    /// Mean size of its contribution to the margin over the rows asked.
    pub mean_contribution: f64,
    /// Its share of the gain of all splits, 0 to 1.
    pub gain_share: f64,
}

impl Explainer {
    /// Puts a model and its schema together.
    ///
    /// # Errors
    /// The model asks another number of features than the schema makes.
    pub fn new(trees: BoostedTrees, schema: FeatureSchema) -> Result<Explainer, Mismatch> {
        if trees.features() != schema.width() {
            return Err(Mismatch { model: trees.features(), schema: schema.width() });
        }
        let column_of = columns_of_features(&schema);
        Ok(Explainer { trees, schema, column_of })
    }

    /// The vector of a row.
    ///
    /// # Errors
    /// The row lacks a column or has a value that the schema does not know.
    pub fn vector(&self, row: &Row) -> Result<Vec<f32>, EncodeError> {
        let mut vector = Vec::with_capacity(self.schema.width());
        self.schema.encode_row(row, &mut vector)?;
        Ok(vector)
    }

    /// The answer for a row, computed from the model file.
    ///
    /// # Errors
    /// See [`Explainer::vector`].
    pub fn score(&self, row: &Row) -> Result<f64, EncodeError> {
        Ok(self.trees.score(&self.vector(row)?))
    }

    /// Why a row is answered as it is.
    ///
    /// # Errors
    /// See [`Explainer::vector`].
    pub fn explain(&self, row: &Row) -> Result<Explanation, EncodeError> {
        let vector = self.vector(row)?;
        let by_column = self.by_column(&vector);
        let used = self.schema.columns.iter().zip(by_column).filter(|(column, _)| !column.dropped);
        let mut contributions: Vec<Contribution> = used
            .map(|(column, margin)| Contribution {
                column: column.name.clone(),
                value: row.get(&column.name).map(text).unwrap_or_default(),
                margin,
            })
            .collect();
        contributions.sort_by(|a, b| b.margin.abs().total_cmp(&a.margin.abs()));
        let (margin, base_margin) = (self.trees.margin(&vector), self.trees.expected_margin());
        let (score, base_score) = (self.trees.score_of(margin), self.trees.score_of(base_margin));
        Ok(Explanation { score, margin, base_margin, base_score, contributions })
    }

    /// How much each column matters, largest first, measured on the rows given.
    ///
    /// # Errors
    /// See [`Explainer::vector`].
    pub fn importance(&self, rows: &[Row]) -> Result<Vec<ColumnImportance>, EncodeError> {
        let columns = &self.schema.columns;
        let mut size = vec![0.0; columns.len()];
        for row in rows {
            for (size, margin) in size.iter_mut().zip(self.by_column(&self.vector(row)?)) {
                *size += margin.abs();
            }
        }
        let mut gain = vec![0.0; columns.len()];
        for importance in self.trees.importances() {
            gain[self.column_of[importance.feature]] += importance.total_gain;
        }
        let whole: f64 = gain.iter().sum();
        let mut found: Vec<ColumnImportance> = columns
            .iter()
            .zip(size.iter().zip(&gain))
            .filter(|(column, _)| !column.dropped)
            .map(|(column, (size, gain))| ColumnImportance {
                column: column.name.clone(),
                mean_contribution: size / rows.len().max(1) as f64,
                gain_share: if whole > 0.0 { gain / whole } else { 0.0 },
            })
            .collect();
        found.sort_by(|a, b| b.mean_contribution.total_cmp(&a.mean_contribution).then_with(|| b.gain_share.total_cmp(&a.gain_share)));
        Ok(found)
    }

    /// The contributions of a vector, those of the features of a column added up; one for every column of the schema.
    fn by_column(&self, vector: &[f32]) -> Vec<f64> {
        let mut by_column = vec![0.0; self.schema.columns.len()];
        for (column, margin) in self.column_of.iter().zip(self.trees.contributions(vector)) {
            by_column[*column] += margin;
        }
        by_column
    }

    /// The features of a number: the column itself, where it is in the vector.
    fn feature_of(&self, column: &str) -> Option<usize> {
        let numeric = self.schema.column(column).is_some_and(|column| matches!(column.kind, ColumnKind::Number { .. }));
        numeric.then(|| self.schema.features.iter().position(|feature| feature == column)).flatten()
    }
}

/// The place in `schema.columns` of the column behind each feature: a derived feature belongs to the column it is made from.
fn columns_of_features(schema: &FeatureSchema) -> Vec<usize> {
    let place = |name: &str| schema.columns.iter().position(|column| column.name == name).unwrap_or(0);
    let used = || schema.columns.iter().enumerate().filter(|(_, column)| !column.dropped);
    let mut places: Vec<usize> =
        used().filter(|(_, column)| matches!(column.kind, ColumnKind::Number { .. })).map(|(place, _)| place).collect();
    places.extend(schema.derived.iter().map(|derived| match &derived.rule {
        DerivedRule::Equals { column, .. } | DerivedRule::OneOf { column, .. } => place(column),
    }));
    for (place, column) in used() {
        if let ColumnKind::Category { values } = &column.kind {
            places.extend(std::iter::repeat_n(place, values.len()));
        }
    }
    places
}

/// A cell as it is shown: empty for NULL.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A number as a cell: whole numbers without a point.
fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 9e15 { Value::from(value as i64) } else { Value::from(value) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::demo::boosted::BoostedTrees;
    use crate::demo::example::model::{document, row, schema};

    fn model() -> BoostedTrees {
        BoostedTrees::from_document(&document()).unwrap()
    }

    fn explainer() -> Explainer {
        Explainer::new(model(), schema()).unwrap()
    }

    #[test]
    fn the_features_of_a_column_speak_as_one() {
        let explainer = explainer();
        let explanation = explainer.explain(&row(40, "admin.")).unwrap();
        assert_eq!(explanation.contributions.len(), 2);
        let sum = explanation.base_margin + explanation.contributions.iter().map(|one| one.margin).sum::<f64>();
        assert!((sum - explanation.margin).abs() < 1e-12);
        let age = explanation.contributions.iter().find(|one| one.column == "age").unwrap();
        assert_eq!(age.value, "40");
        assert!(age.margin < 0.0);
    }

    #[test]
    fn the_smallest_realistic_change_is_told() {
        let explainer = explainer();
        // 40, admin.: base -1.386 - 1.0, a score of 0.084; below 30 it is 0.405; a student has 0.292.
        let flips = flip(&explainer, &Occurrences::default(), &row(40, "admin."), 0.25, &[], 3).unwrap();
        let told: Vec<(&str, &str)> = flips.iter().map(|flip| (flip.changes[0].column.as_str(), flip.changes[0].to.as_str())).collect();
        assert_eq!(told, [("age", "29"), ("job", "student")]);
        assert!(flip(&explainer, &Occurrences::default(), &row(40, "admin."), 0.25, &["age".into(), "job".into()], 3).unwrap().is_empty());
        assert!(flip(&explainer, &Occurrences::default(), &row(40, "admin."), 0.9, &[], 3).unwrap().is_empty(), "nothing reaches 0.9");
    }

    #[test]
    fn dependence_is_the_mean_over_the_rows() {
        let explainer = explainer();
        let rows = [row(40, "admin."), row(20, "student")];
        let found = dependence(&explainer, "job", &rows).unwrap().unwrap();
        let scores = [row(40, "student"), row(20, "student")].map(|row| explainer.score(&row).unwrap());
        assert!((found.points[1].mean - (scores[0] + scores[1]) / 2.0).abs() < 1e-12);
        assert_eq!((found.points[1].value.as_str(), found.points[1].share), ("student", 0.1));
        assert_eq!(dependence(&explainer, "income", &rows).unwrap(), None);
    }

    #[test]
    fn trees_and_schema_have_to_fit() {
        let mut schema = schema();
        schema.features.pop();
        let refused = Explainer::new(model(), schema).unwrap_err();
        assert_eq!(refused.to_string(), "the model asks 3 features, its feature schema makes 2");
    }
}
