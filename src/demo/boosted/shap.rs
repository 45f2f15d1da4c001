//! Contributions of the features to one answer: exact Shapley values of the trees, path dependent, as XGBoost's `pred_contribs` gives them.
//!
//! The algorithm is Tree SHAP (Lundberg, Erion and Lee, "Consistent Individualized Feature Attribution for Tree Ensembles", 2018, algorithm 2): on
//! the way to each leaf it keeps, for every number of features known, the weight of the subsets that let a row come this far.

use super::{BoostedTrees, Node, Tree};

/// A feature on the way to a leaf.
#[derive(Debug, Clone, Copy)]
struct Asked {
    /// The feature; the root stands for none.
    feature: usize,
    /// Share of the subsets without the feature that go on here.
    absent: f64,
    /// Whether the row itself goes on here, 1 or 0.
    present: f64,
    /// Weight of the subsets with as many known features as this place has before it.
    weight: f64,
}

impl BoostedTrees {
    /// The contribution of every feature to the margin of a vector. Together with [`BoostedTrees::expected_margin`] they add up to
    /// [`BoostedTrees::margin`], up to rounding.
    pub fn contributions(&self, vector: &[f32]) -> Vec<f64> {
        let mut found = vec![0.0; self.features];
        let mut way = Vec::new();
        for (tree, weight) in self.trees.iter().zip(&self.weights) {
            let mut walk = Walk { tree, vector, weight: *weight, found: &mut found };
            walk.down(0, &mut way, 0, Asked { feature: usize::MAX, absent: 1.0, present: 1.0, weight: 1.0 });
            way.clear();
        }
        found
    }

    /// The margin of a row of which nothing is known: the mean over the rows of training, as the trees remember them by their covers.
    pub fn expected_margin(&self) -> f64 {
        self.base_margin + self.trees.iter().zip(&self.weights).map(|(tree, weight)| tree.mean(0) * weight).sum::<f64>()
    }
}

impl Tree {
    /// The mean answer below a node, by cover.
    fn mean(&self, at: usize) -> f64 {
        match self.nodes[at] {
            Node::Leaf { value, .. } => value,
            Node::Split { left, right, .. } => {
                let (left_cover, right_cover) = (self.nodes[left].cover(), self.nodes[right].cover());
                let both = left_cover + right_cover;
                if both > 0.0 { (self.mean(left) * left_cover + self.mean(right) * right_cover) / both } else { 0.0 }
            }
        }
    }
}

struct Walk<'a> {
    tree: &'a Tree,
    vector: &'a [f32],
    weight: f64,
    found: &'a mut [f64],
}

impl Walk<'_> {
    /// Goes down from a node. `way[start..]` is the way to its parent; what is added here is taken away again before it returns.
    fn down(&mut self, at: usize, way: &mut Vec<Asked>, start: usize, next: Asked) {
        extend(way, start, next);
        match self.tree.nodes[at] {
            Node::Leaf { value, .. } => {
                for place in start + 1..way.len() {
                    let asked = way[place];
                    let weight = weight_without(&way[start..], place - start);
                    self.found[asked.feature] += weight * (asked.present - asked.absent) * value * self.weight;
                }
            }
            split @ Node::Split { feature, left, right, cover, .. } => {
                // A feature that was asked before is one feature, not two: its earlier place is taken back, its shares go on from there.
                let (mut absent, mut present) = (1.0, 1.0);
                let mut without = way[start..].to_vec();
                if let Some(before) = without.iter().skip(1).position(|asked| asked.feature == feature) {
                    let asked = without[before + 1];
                    (absent, present) = (asked.absent, asked.present);
                    take_back(&mut without, before + 1);
                }
                let taken = split.next(self.vector);
                for child in [left, right] {
                    let share = if cover > 0.0 { self.tree.nodes[child].cover() / cover } else { 0.0 };
                    let present = if child == taken { present } else { 0.0 };
                    let from = way.len();
                    way.extend_from_slice(&without);
                    self.down(child, way, from, Asked { feature, absent: absent * share, present, weight: 0.0 });
                    way.truncate(from);
                }
            }
        }
    }
}

/// Adds a feature to the way `way[start..]`.
fn extend(way: &mut Vec<Asked>, start: usize, next: Asked) {
    let before = way.len() - start;
    way.push(Asked { weight: if before == 0 { 1.0 } else { 0.0 }, ..next });
    let way = &mut way[start..];
    let places = (before + 1) as f64;
    for place in (0..before).rev() {
        way[place + 1].weight += next.present * way[place].weight * (place + 1) as f64 / places;
        way[place].weight *= next.absent * (before - place) as f64 / places;
    }
}

/// Takes a feature out of the way, as if it had not been asked.
fn take_back(way: &mut Vec<Asked>, place: usize) {
    let last = way.len() - 1;
    let places = (last + 1) as f64;
    let Asked { absent, present, .. } = way[place];
    let mut carried = way[last].weight;
    for at in (0..last).rev() {
        if present != 0.0 {
            let held = way[at].weight;
            way[at].weight = carried * places / ((at + 1) as f64 * present);
            carried = held - way[at].weight * absent * (last - at) as f64 / places;
        } else if absent != 0.0 {
            way[at].weight *= places / (absent * (last - at) as f64);
        }
    }
    for at in place..last {
        let after = way[at + 1];
        let here = &mut way[at];
        (here.feature, here.absent, here.present) = (after.feature, after.absent, after.present);
    }
    way.pop();
}

/// The sum of the weights of a way with one feature taken out.
fn weight_without(way: &[Asked], place: usize) -> f64 {
    let last = way.len() - 1;
    let places = (last + 1) as f64;
    let Asked { absent, present, .. } = way[place];
    let mut carried = way[last].weight;
    let mut sum = 0.0;
    for at in (0..last).rev() {
        if present != 0.0 {
            let weight = carried * places / ((at + 1) as f64 * present);
            sum += weight;
            carried = way[at].weight - weight * absent * (last - at) as f64 / places;
        } else if absent != 0.0 {
            sum += way[at].weight * places / (absent * (last - at) as f64);
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn leaf(value: f64, cover: f64) -> Node {
        Node::Leaf { value, cover }
    }

    fn split(feature: usize, below: f32, left: usize, right: usize, cover: f64) -> Node {
        Node::Split { feature, below, left, right, missing_left: true, gain: 1.0, cover }
    }

    fn model(trees: Vec<Vec<Node>>, features: usize) -> BoostedTrees {
        let weights = vec![1.0; trees.len()];
        let trees = trees.into_iter().map(|nodes| Tree { nodes }).collect();
        BoostedTrees { trees, base_margin: -1.5, objective: "binary:logistic".into(), features, weights }
    }

    /// The mean of a tree when only the features of a subset are known.
    fn conditional(tree: &Tree, at: usize, vector: &[f32], known: u32) -> f64 {
        match tree.nodes[at] {
            Node::Leaf { value, .. } => value,
            node @ Node::Split { feature, left, right, cover, .. } => {
                if known & (1 << feature) != 0 {
                    return conditional(tree, node.next(vector), vector, known);
                }
                [left, right].iter().map(|child| conditional(tree, *child, vector, known) * tree.nodes[*child].cover() / cover).sum()
            }
        }
    }

    /// Shapley values by their definition: over all subsets.
    fn by_definition(model: &BoostedTrees, vector: &[f32]) -> Vec<f64> {
        let count = model.features;
        let factorial = |n: usize| (1..=n).map(|value| value as f64).product::<f64>();
        (0..count)
            .map(|feature| {
                let mut sum = 0.0;
                for known in 0..1_u32 << count {
                    if known & (1 << feature) != 0 {
                        continue;
                    }
                    let size = known.count_ones() as usize;
                    let weight = factorial(size) * factorial(count - size - 1) / factorial(count);
                    for tree in &model.trees {
                        sum += weight * (conditional(tree, 0, vector, known | 1 << feature) - conditional(tree, 0, vector, known));
                    }
                }
                sum
            })
            .collect()
    }

    #[test]
    fn contributions_are_the_shapley_values_of_the_definition() {
        // The first tree asks feature 0 twice on one way; the second has a branch that no row of the first kind takes.
        let first = vec![
            split(0, 5.0, 1, 2, 100.0),
            split(1, 2.0, 3, 4, 60.0),
            split(2, 0.5, 5, 6, 40.0),
            split(0, 1.0, 7, 8, 25.0),
            leaf(0.4, 35.0),
            leaf(-0.3, 10.0),
            leaf(0.9, 30.0),
            leaf(-1.2, 5.0),
            leaf(0.1, 20.0),
        ];
        let second = vec![split(3, 0.0, 1, 2, 80.0), leaf(-0.5, 70.0), split(1, 7.0, 3, 4, 10.0), leaf(0.2, 9.0), leaf(2.0, 1.0)];
        let model = model(vec![first, second], 4);
        for vector in
            [[0.5, 1.0, 0.0, -1.0], [3.0, 3.0, 1.0, 1.0], [9.0, 8.0, 1.0, 3.0], [f32::NAN, 1.0, f32::NAN, 0.0], [4.0, 0.0, 0.2, 5.0]]
        {
            let (found, expected) = (model.contributions(&vector), by_definition(&model, &vector));
            for (found, expected) in found.iter().zip(&expected) {
                assert!((found - expected).abs() < 1e-12, "{vector:?}: {found} instead of {expected}");
            }
            let sum = model.expected_margin() + found.iter().sum::<f64>();
            assert!((sum - model.margin(&vector)).abs() < 1e-12, "{vector:?}");
        }
    }

    #[test]
    fn importances_count_gain() {
        let model =
            model(vec![vec![split(1, 0.0, 1, 2, 2.0), leaf(1.0, 1.0), split(0, 0.0, 3, 4, 1.0), leaf(0.0, 0.5), leaf(0.0, 0.5)]], 3);
        let found: Vec<(usize, u64, f64)> = model.importances().iter().map(|one| (one.feature, one.splits, one.total_gain)).collect();
        assert_eq!(found, [(0, 1, 1.0), (1, 1, 1.0)]);
    }
}
