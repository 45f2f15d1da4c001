//! Reading XGBoost's model document (JSON, or UBJSON already turned into the same tree of values).
//!
//! The format is described in XGBoost's documentation, "Introduction to Model IO", and by its JSON schema.

use serde_json::Value;

use super::{BoostedTrees, Node, Tree, logit};

/// Why a model file cannot be explained.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelFileError {
    /// Not XGBoost's document.
    #[error("the model file has no `{0}` as XGBoost writes it")]
    Missing(String),
    /// A number or reference that cannot be.
    #[error("the model file contradicts itself: {0}")]
    Contradiction(String),
    /// A kind of model that is not explained.
    #[error("{0} cannot be explained here")]
    Unsupported(String),
}

impl BoostedTrees {
    /// Reads a model document.
    pub fn from_document(document: &Value) -> Result<BoostedTrees, ModelFileError> {
        let learner = at(document, "learner")?;
        let booster = at(learner, "gradient_booster")?;
        let name = text(at(booster, "name")?, "gradient_booster.name")?;
        let (model, weights) = match name {
            "gbtree" => (at(booster, "model")?, None),
            "dart" => (at(at(booster, "gbtree")?, "model")?, Some(numbers(at(booster, "weight_drop")?, "weight_drop")?)),
            other => return Err(ModelFileError::Unsupported(format!("a booster of the kind `{other}`"))),
        };
        let parameters = at(learner, "learner_model_param")?;
        let features = number(at(parameters, "num_feature")?, "num_feature")? as usize;
        let classes = parameters.get("num_class").map(|value| number(value, "num_class")).transpose()?.unwrap_or(0.0);
        let targets = parameters.get("num_target").map(|value| number(value, "num_target")).transpose()?.unwrap_or(1.0);
        if classes > 1.0 || targets > 1.0 {
            return Err(ModelFileError::Unsupported("a model with several outputs".into()));
        }
        let objective = text(at(at(learner, "objective")?, "name")?, "objective.name")?.to_owned();
        let base_score = number(at(parameters, "base_score")?, "base_score")?;
        let trees = list(at(model, "trees")?, "trees")?;
        let trees = trees.iter().enumerate().map(|(at, tree)| read_tree(tree, at, features)).collect::<Result<Vec<_>, _>>()?;
        let weights = weights.unwrap_or_else(|| vec![1.0; trees.len()]);
        if weights.len() != trees.len() {
            return Err(ModelFileError::Contradiction(format!("{} weights for {} trees", weights.len(), trees.len())));
        }
        let logistic = matches!(objective.as_str(), "binary:logistic" | "reg:logistic");
        let base_margin = if logistic { logit(base_score) } else { base_score };
        if !base_margin.is_finite() {
            return Err(ModelFileError::Contradiction(format!("a base score of {base_score}")));
        }
        Ok(BoostedTrees { trees, base_margin, objective, features, weights })
    }
}

fn read_tree(tree: &Value, number_of_tree: usize, features: usize) -> Result<Tree, ModelFileError> {
    let column = |name: &str| numbers(at(tree, name)?, name);
    let (left, right) = (column("left_children")?, column("right_children")?);
    let (asked, conditions) = (column("split_indices")?, column("split_conditions")?);
    let (missing_left, gains, covers) = (column("default_left")?, column("loss_changes")?, column("sum_hessian")?);
    let count = left.len();
    if [&right, &asked, &conditions, &missing_left, &gains, &covers].iter().any(|column| column.len() != count) || count == 0 {
        return Err(ModelFileError::Contradiction(format!("the columns of tree {number_of_tree} have different lengths")));
    }
    if let Some(kinds) = tree.get("split_type")
        && numbers(kinds, "split_type")?.iter().any(|kind| *kind != 0.0)
    {
        return Err(ModelFileError::Unsupported("a model that splits on categories".into()));
    }
    let mut nodes = Vec::with_capacity(count);
    for at in 0..count {
        if left[at] < 0.0 {
            // The value of a leaf stands where a split has its condition.
            nodes.push(Node::Leaf { value: conditions[at], cover: covers[at] });
            continue;
        }
        // A child always comes after its parent, so that no walk is endless.
        let child = |value: f64| {
            let index = value as usize;
            let good = value.fract() == 0.0 && index > at && index < count;
            good.then_some(index)
                .ok_or_else(|| ModelFileError::Contradiction(format!("node {at} of tree {number_of_tree} has the child {value}")))
        };
        let feature = asked[at] as usize;
        if feature >= features {
            return Err(ModelFileError::Contradiction(format!("tree {number_of_tree} asks the feature {feature} of {features}")));
        }
        nodes.push(Node::Split {
            feature,
            below: conditions[at] as f32,
            left: child(left[at])?,
            right: child(right[at])?,
            missing_left: missing_left[at] != 0.0,
            gain: gains[at],
            cover: covers[at],
        });
    }
    Ok(Tree { nodes })
}

fn at<'a>(value: &'a Value, name: &str) -> Result<&'a Value, ModelFileError> {
    value.get(name).ok_or_else(|| ModelFileError::Missing(name.to_owned()))
}

fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str, ModelFileError> {
    value.as_str().ok_or_else(|| ModelFileError::Missing(name.to_owned()))
}

fn list<'a>(value: &'a Value, name: &str) -> Result<&'a Vec<Value>, ModelFileError> {
    value.as_array().ok_or_else(|| ModelFileError::Missing(name.to_owned()))
}

/// A number, which parameters have as text, and the base score since XGBoost 3.1 as text of a list with one number.
fn number(value: &Value, name: &str) -> Result<f64, ModelFileError> {
    let read = match value {
        Value::String(text) => text.trim().trim_start_matches('[').trim_end_matches(']').parse().ok(),
        Value::Bool(value) => Some(f64::from(u8::from(*value))),
        other => other.as_f64(),
    };
    read.ok_or_else(|| ModelFileError::Missing(name.to_owned()))
}

fn numbers(value: &Value, name: &str) -> Result<Vec<f64>, ModelFileError> {
    list(value, name)?.iter().map(|value| number(value, name)).collect()
}
