//! A boosted tree model as XGBoost writes it, read to be explained: its margin, its contributions (SHAP), its importances.
//!
//! The endpoint answers predictions; this answers *why*. It works on the model file alone, so it is the same for a model that was trained here
//! and for one that was trained by the container on an account.

mod read;
mod shap;

use serde::Serialize;

pub use read::ModelFileError;

/// The gradient boosted trees of a model with one output.
#[derive(Debug, Clone, PartialEq)]
pub struct BoostedTrees {
    /// The trees, in the order they were boosted.
    trees: Vec<Tree>,
    /// What is added to the sum of the leaves: the base score as a margin.
    base_margin: f64,
    /// XGBoost's name of the objective (`binary:logistic`).
    objective: String,
    /// Values in a vector.
    features: usize,
    /// Factor of each tree (1 but for dropouts).
    weights: Vec<f64>,
}

/// A regression tree; nodes by number, the root is 0.
#[derive(Debug, Clone, PartialEq)]
struct Tree {
    nodes: Vec<Node>,
}

/// A node of a tree.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Node {
    /// Asks one feature.
    Split {
        /// Feature asked.
        feature: usize,
        /// Smaller goes left.
        below: f32,
        /// Child for smaller values.
        left: usize,
        /// Child for the others.
        right: usize,
        /// Where a missing value goes.
        missing_left: bool,
        /// Loss that the split saved.
        gain: f64,
        /// Sum of the second derivatives of the rows that came here.
        cover: f64,
    },
    /// Answers.
    Leaf {
        /// The answer, a part of the margin.
        value: f64,
        /// Sum of the second derivatives of the rows that came here.
        cover: f64,
    },
}

impl Node {
    fn cover(&self) -> f64 {
        match self {
            Node::Split { cover, .. } | Node::Leaf { cover, .. } => *cover,
        }
    }
}

/// How much a feature matters in the whole model.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Importance {
    /// The feature's place in the vector.
    pub feature: usize,
    /// Splits on it.
    pub splits: u64,
    /// Mean loss saved by a split on it: XGBoost's `gain`.
    pub gain: f64,
    /// Loss saved by all splits on it: XGBoost's `total_gain`.
    pub total_gain: f64,
}

impl BoostedTrees {
    /// Values in a vector.
    pub fn features(&self) -> usize {
        self.features
    }

    /// XGBoost's name of the objective.
    pub fn objective(&self) -> &str {
        &self.objective
    }

    /// Trees.
    pub fn trees(&self) -> usize {
        self.trees.len()
    }

    /// The sum of the leaves a vector comes to, base margin included: log-odds for `binary:logistic`, the answer itself for squared error.
    /// `vector` has [`BoostedTrees::features`] values, NaN for missing.
    pub fn margin(&self, vector: &[f32]) -> f64 {
        let leaves = self.trees.iter().zip(&self.weights).map(|(tree, weight)| tree.answer(vector) * weight);
        self.base_margin + leaves.sum::<f64>()
    }

    /// What the endpoint answers for a margin: a probability for a logistic objective, the margin itself otherwise.
    pub fn score_of(&self, margin: f64) -> f64 {
        if self.logistic() { 1.0 / (1.0 + (-margin).exp()) } else { margin }
    }

    /// The margin at which the answer is `score`.
    pub fn margin_of(&self, score: f64) -> f64 {
        if self.logistic() { logit(score) } else { score }
    }

    /// What the endpoint answers for a vector.
    pub fn score(&self, vector: &[f32]) -> f64 {
        self.score_of(self.margin(vector))
    }

    /// The values at which the trees divide a feature, ascending.
    pub fn divisions(&self, feature: usize) -> Vec<f32> {
        let nodes = self.trees.iter().flat_map(|tree| &tree.nodes);
        let mut found: Vec<f32> = nodes
            .filter_map(|node| match node {
                Node::Split { feature: asked, below, .. } if *asked == feature => Some(*below),
                _ => None,
            })
            .collect();
        found.sort_by(f32::total_cmp);
        found.dedup();
        found
    }

    /// Whether margins are log-odds.
    pub fn logistic(&self) -> bool {
        matches!(self.objective.as_str(), "binary:logistic" | "reg:logistic")
    }

    /// The features that the trees ask, by total gain, largest first; equal ones in the order of the vector.
    pub fn importances(&self) -> Vec<Importance> {
        let mut found = vec![(0_u64, 0.0_f64); self.features];
        for node in self.trees.iter().flat_map(|tree| &tree.nodes) {
            if let Node::Split { feature, gain, .. } = node {
                found[*feature].0 += 1;
                found[*feature].1 += gain;
            }
        }
        let asked = found.into_iter().enumerate().filter(|(_, (splits, _))| *splits > 0);
        let mut importances: Vec<Importance> = asked
            .map(|(feature, (splits, total_gain))| Importance { feature, splits, gain: total_gain / splits as f64, total_gain })
            .collect();
        importances.sort_by(|a, b| b.total_gain.total_cmp(&a.total_gain).then(a.feature.cmp(&b.feature)));
        importances
    }
}

impl Tree {
    /// The leaf that a vector comes to.
    fn answer(&self, vector: &[f32]) -> f64 {
        let mut at = 0;
        loop {
            match self.nodes[at] {
                Node::Leaf { value, .. } => return value,
                split @ Node::Split { .. } => at = split.next(vector),
            }
        }
    }
}

impl Node {
    /// The child that a vector goes to; a leaf has none and answers the root, which no caller asks for.
    fn next(&self, vector: &[f32]) -> usize {
        match *self {
            Node::Split { feature, below, left, right, missing_left, .. } => {
                let value = vector[feature];
                if if value.is_nan() { missing_left } else { value < below } { left } else { right }
            }
            Node::Leaf { .. } => 0,
        }
    }
}

/// The log-odds of a probability.
fn logit(probability: f64) -> f64 {
    (probability / (1.0 - probability)).ln()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use serde_json::{Value, json};

    use super::*;
    use crate::demo::example::model::document;

    fn model() -> BoostedTrees {
        BoostedTrees::from_document(&document()).unwrap()
    }

    #[test]
    fn a_document_is_read_as_xgboost_means_it() {
        let model = model();
        let base = (0.2_f64 / 0.8).ln();
        assert!((model.margin(&[20.0, 1.0, 0.0]) - (base + 1.0)).abs() < 1e-12);
        assert!((model.margin(&[30.0, 0.0, 1.0]) - (base + 0.5)).abs() < 1e-12, "30 is not below 30");
        assert!((model.margin(&[f32::NAN, 0.0, f32::NAN]) - (base - 1.0)).abs() < 1e-12, "what is missing goes the default way");
        assert!((model.expected_margin() - (base + (40.0 - 50.0 + 5.0) / 100.0)).abs() < 1e-12);
        assert!((model.score_of(model.margin_of(0.3)) - 0.3).abs() < 1e-12);
    }

    #[test]
    fn what_cannot_be_explained_is_refused_by_name() {
        let refused = |path: &str, value: Value| {
            let mut document = document();
            *document.pointer_mut(path).unwrap() = value;
            BoostedTrees::from_document(&document).unwrap_err().to_string()
        };
        assert!(refused("/learner/gradient_booster/name", json!("gblinear")).contains("gblinear"));
        assert!(refused("/learner/learner_model_param/num_class", json!("3")).contains("several outputs"));
        let tree = "/learner/gradient_booster/model/trees/0";
        assert!(refused(&format!("{tree}/left_children"), json!([0, -1, 3, -1, -1])).contains("node 0"), "a circle");
        assert!(refused(&format!("{tree}/split_type"), json!([1, 0, 0, 0, 0])).contains("categories"));
        assert!(refused(&format!("{tree}/sum_hessian"), json!([1.0])).contains("different lengths"));
        assert!(BoostedTrees::from_document(&json!({})).unwrap_err().to_string().contains("learner"));
    }
}
