//! Gradient boosting for what the pipeline trains: trees of limited depth over histograms, for a probability or a number.
//!
//! It grows the trees that XGBoost 3.0 grows from the same rows, hyperparameters and seed, in less time: see [`bins`] for why. Everything
//! else (dropout, forests, constraints, other objectives) is left to the boosting library; [`Plan::of`] says what is what.

mod bins;
mod grow;
mod sample;

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use hessboost::config::TreeMethod;
use hessboost::metric::{EvalMetric, Metric};
use hessboost::objective::Objective;
use rayon::prelude::*;
use serde_json::{Value, json};

use self::bins::{Bins, Block};
use self::grow::{Gradients, Node, Rules};
use self::sample::{Twister, Walk};
use super::hyperparameters::Hyperparameters;
use super::train::{Labelled, MlError, Round};

/// Hyperparameters that are understood here.
const UNDERSTOOD: &[&str] = &[
    "alpha",
    "base_score",
    "booster",
    "early_stopping_rounds",
    "eta",
    "eval_metric",
    "gamma",
    "lambda",
    "max_bin",
    "max_depth",
    "min_child_weight",
    "nthread",
    "num_round",
    "objective",
    "save_model_on_termination",
    "scale_pos_weight",
    "seed",
    "subsample",
    "tree_method",
    "verbosity",
];
/// The histograms of a level take at most 2^(depth - 1) times the bins; deeper trees are left to the library.
const DEEPEST: usize = 10;

/// What a score is.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Loss {
    /// A probability: `binary:logistic`. Positive rows weigh this much.
    Logistic(f32),
    /// A number: `reg:squarederror`.
    Squared,
}

/// A training that is understood here.
pub(super) struct Plan {
    loss: Loss,
    rules: Rules,
    rounds: usize,
    patience: Option<usize>,
    share: f32,
    seed: u64,
    most_bins: usize,
    metrics: Vec<Box<dyn Metric>>,
}

impl Plan {
    /// The plan for hyperparameters; `None` when they ask for more than is understood here.
    pub(super) fn of(given: &BTreeMap<String, String>, parsed: &Hyperparameters) -> Option<Self> {
        let params = &parsed.params;
        let known = given.keys().all(|name| UNDERSTOOD.contains(&name.as_str()));
        let trees = given.get("booster").is_none_or(|booster| booster == "gbtree") && params.tree_method == TreeMethod::Hist;
        let depth = params.max_depth.map(usize::from).filter(|depth| *depth <= DEEPEST)?;
        if !known || !trees {
            return None;
        }
        let (loss, usual) = match &params.objective {
            Objective::BinaryLogistic(loss) => (Loss::Logistic(loss.scale_pos_weight() as f32), EvalMetric::LogLoss),
            Objective::SquaredError(loss) if loss.scale_pos_weight() == 1.0 => (Loss::Squared, EvalMetric::Rmse),
            _ => return None,
        };
        let usual = [usual];
        let metrics = if params.eval_metric.is_empty() { &usual[..] } else { &params.eval_metric[..] };
        let simple = [EvalMetric::Rmse, EvalMetric::Mae, EvalMetric::LogLoss, EvalMetric::Error, EvalMetric::Auc, EvalMetric::AucPr];
        if !metrics.iter().all(|metric| simple.iter().any(|simple| simple.name() == metric.name())) {
            return None;
        }
        Some(Plan {
            loss,
            rules: Rules {
                eta: params.eta as f32,
                gamma: params.gamma as f32,
                max_depth: depth,
                min_child_weight: params.min_child_weight as f32,
                lambda: params.lambda as f32,
                alpha: params.alpha as f32,
            },
            rounds: parsed.num_round,
            patience: parsed.early_stopping_rounds,
            share: params.subsample as f32,
            seed: params.seed,
            most_bins: params.max_bin,
            metrics: metrics.iter().map(|metric| metric.build(1)).collect::<Result<_, _>>().ok()?,
        })
    }

    /// Trains. `start` is what every row has before the first tree. `None` when the data are not for this representation.
    pub(super) fn train(
        &self,
        start: f32,
        data: &Labelled,
        validation: Option<&Labelled>,
        on_round: &mut (dyn FnMut(&Round) -> ControlFlow<()> + Send),
    ) -> Option<Result<Forest, MlError>> {
        let bins = Bins::new(data, self.most_bins)?;
        let mut random = Twister::new(self.seed as u32);
        // XGBoost's sampler of columns takes the first number, whether columns are sampled or not.
        random.draw();
        let mut watched = vec![Watched::new("train", data, start, Vec::new())];
        watched.extend(validation.map(|data| Watched::new("validation", data, start, bins.blocks_of(data))));
        let mut places = vec![0; data.rows()];
        let mut forest = Forest { trees: Vec::with_capacity(self.rounds) };
        let mut best = Best::default();
        for number in 0..self.rounds {
            let gradients = self.gradients(&watched[0], &mut random);
            let tree = grow::grow(&bins, &gradients, &self.rules, &mut places);
            for watched in &mut watched {
                watched.add(&tree, &places, bins.block_rows);
            }
            forest.trees.push(tree);
            let metrics = self.measure(&watched);
            let last = metrics.last().map(|(_, value)| *value);
            // A round beyond u32 would need 4 billion; num_round is parsed as a u32.
            let flow = on_round(&Round { number: u32::try_from(number).unwrap_or(u32::MAX), metrics });
            if flow.is_break() {
                return Some(Err(MlError::Stopped));
            }
            let maximize = self.metrics.last().is_some_and(|metric| metric.maximize());
            if let (Some(patience), Some(last)) = (self.patience, last)
                && best.observe(number, last, maximize) >= patience
            {
                break;
            }
        }
        if self.patience.is_some() {
            forest.trees.truncate(best.round + 1);
        }
        Some(Ok(forest))
    }

    fn gradients(&self, watched: &Watched<'_>, random: &mut Twister) -> Gradients {
        let loss = self.loss;
        let mut pairs: Vec<(f32, f32)> = watched
            .margins
            .par_iter()
            .zip(&watched.data.labels)
            .map(|(margin, label)| match loss {
                Loss::Logistic(positive) => {
                    let score = sigmoid(*margin);
                    let weight = if *label == 1.0 { positive } else { 1.0 };
                    ((score - label) * weight, (score * (1.0 - score)).max(1e-16) * weight)
                }
                Loss::Squared => (margin - label, 1.0),
            })
            .collect();
        if self.share < 1.0 {
            let mut walk = Walk::new(random.draw(), self.share);
            for pair in &mut pairs {
                if !walk.takes() {
                    *pair = (0.0, 0.0);
                }
            }
        }
        Gradients::new(&pairs)
    }

    fn measure(&self, watched: &[Watched<'_>]) -> Vec<(String, f64)> {
        let mut figures = Vec::with_capacity(watched.len() * self.metrics.len());
        for watched in watched {
            let scores: Vec<f32> = match self.loss {
                Loss::Logistic(_) => watched.margins.par_iter().map(|margin| sigmoid(*margin)).collect(),
                Loss::Squared => watched.margins.clone(),
            };
            for metric in &self.metrics {
                figures.push((format!("{}-{}", watched.name, metric.name()), metric.eval(&scores, &watched.data.labels, None)));
            }
        }
        figures
    }
}

/// XGBoost's own, in its precision.
fn sigmoid(margin: f32) -> f32 {
    1.0 / ((-margin).min(88.7).exp() + 1.0 + 1e-16)
}

/// A channel whose scores are followed.
struct Watched<'a> {
    name: &'static str,
    data: &'a Labelled,
    margins: Vec<f32>,
    /// None for the training rows: the leaves that they lie in are known.
    blocks: Vec<Block>,
}

impl<'a> Watched<'a> {
    fn new(name: &'static str, data: &'a Labelled, start: f32, blocks: Vec<Block>) -> Self {
        Watched { name, data, margins: vec![start; data.rows()], blocks }
    }

    /// Adds a tree, in which the training rows lie at `places`.
    fn add(&mut self, tree: &[Node], places: &[u32], block_rows: usize) {
        if self.blocks.is_empty() {
            self.margins.par_iter_mut().zip(places).for_each(|(margin, place)| *margin += tree[*place as usize].value);
        } else {
            let blocks = self.margins.par_chunks_mut(block_rows).zip(&self.blocks);
            blocks.for_each(|(margins, block)| grow::add_leaves(tree, block, margins));
        }
    }
}

/// The best round so far, for early stopping.
#[derive(Default)]
struct Best {
    value: Option<f64>,
    round: usize,
}

impl Best {
    /// How many rounds ago the best one was.
    fn observe(&mut self, round: usize, value: f64, maximize: bool) -> usize {
        let better = self.value.is_none_or(|best| if maximize { value > best } else { value < best });
        if better {
            (self.value, self.round) = (Some(value), round);
        }
        round - self.round
    }
}

/// Trained trees.
pub(super) struct Forest {
    trees: Vec<Vec<Node>>,
}

impl Forest {
    /// Puts the trees into the document of a model without any, which has base score and objective.
    pub(super) fn into_document(self, document: &mut Value, width: usize) {
        let learner = &mut document["learner"];
        learner["learner_model_param"]["num_feature"] = width.to_string().into();
        let count = self.trees.len();
        learner["gradient_booster"] = json!({
            "name": "gbtree",
            "model": {
                "gbtree_model_param": { "num_parallel_tree": "1", "num_trees": count.to_string() },
                "iteration_indptr": (0..=count).collect::<Vec<_>>(),
                "tree_info": vec![0; count],
                "trees": self.trees.iter().enumerate().map(|(id, tree)| tree_document(id, tree, width)).collect::<Vec<_>>(),
            },
        });
    }
}

fn tree_document(id: usize, tree: &[Node], width: usize) -> Value {
    let column = |value: &dyn Fn(&Node) -> Value| Value::from(tree.iter().map(value).collect::<Vec<_>>());
    let child = |node: &Node, right: usize| node.split.map_or(json!(-1), |_| json!(node.left + right));
    json!({
        "id": id,
        "tree_param": {
            "num_deleted": "0",
            "num_feature": width.to_string(),
            "num_nodes": tree.len().to_string(),
            "size_leaf_vector": "0",
        },
        "left_children": column(&|node| child(node, 0)),
        "right_children": column(&|node| child(node, 1)),
        "parents": column(&|node| node.parent.map_or(json!(i32::MAX), |parent| json!(parent))),
        "split_indices": column(&|node| json!(node.split.map_or(0, |split| split.feature))),
        "split_conditions": column(&|node| json!(node.split.map_or(node.value, |split| split.condition))),
        "default_left": column(&|node| json!(u8::from(node.split.is_some_and(|split| split.default_left)))),
        "loss_changes": column(&|node| json!(node.split.map_or(0.0, |split| split.gain))),
        "sum_hessian": column(&|node| json!(node.hessian)),
        "base_weights": column(&|node| json!(node.value)),
        "split_type": vec![0; tree.len()],
        "categories": [],
        "categories_nodes": [],
        "categories_segments": [],
        "categories_sizes": [],
    })
}
