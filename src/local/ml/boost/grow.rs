//! One tree, level by level, by XGBoost's rules for `hist`: the same gains in the same precision, the same order of candidates, the same
//! numbers of nodes.
//!
//! Gradients are summed as whole numbers. Their sums do not depend on the order of the rows, so any number of threads grows the same
//! tree, and a histogram less one of its children is exactly the other's.

use rayon::prelude::*;

use super::bins::{Bins, Block, Feature};

/// A gradient, or a sum of them, in units of [`Gradients::unit`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sum {
    gradient: i64,
    hessian: i64,
}

impl Sum {
    fn add(&mut self, other: Sum) {
        self.gradient += other.gradient;
        self.hessian += other.hessian;
    }

    fn less(self, other: Sum) -> Sum {
        Sum { gradient: self.gradient - other.gradient, hessian: self.hessian - other.hessian }
    }
}

/// The gradients of all rows; zero for those that a tree does not see.
pub(super) struct Gradients {
    /// One a row.
    pub rows: Vec<Sum>,
    /// What one unit of the sums is worth, a power of two.
    unit: f64,
}

impl Gradients {
    /// Rounds gradients and Hessians to the finest unit whose sum over all rows still fits.
    pub(super) fn new(pairs: &[(f32, f32)]) -> Self {
        let largest = pairs.par_iter().map(|(gradient, hessian)| gradient.abs().max(*hessian)).reduce(|| 0.0, f32::max);
        let bits = (f64::from(largest.max(f32::MIN_POSITIVE)) * (pairs.len() + 1) as f64).log2().ceil();
        // Sums stay below 2^61. Both exponents are small whole numbers.
        let scale = (61.0 - bits).exp2();
        let whole = |number: f32| (f64::from(number) * scale).round() as i64;
        let rows = pairs.par_iter().map(|&(gradient, hessian)| Sum { gradient: whole(gradient), hessian: whole(hessian) }).collect();
        Gradients { rows, unit: 1.0 / scale }
    }
}

/// What trees are grown with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// Learning rate.
    pub eta: f32,
    /// Least loss reduction of a split.
    pub gamma: f32,
    /// Levels of splits.
    pub max_depth: usize,
    /// Least sum of Hessians in a child.
    pub min_child_weight: f32,
    /// L2 regularisation.
    pub lambda: f32,
    /// L1 regularisation.
    pub alpha: f32,
}

/// XGBoost takes no smaller loss reduction for one.
const SMALLEST_GAIN: f32 = 1e-6;

/// A node of a tree.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    /// Its parent, `None` for the root.
    pub parent: Option<usize>,
    /// Its split; `None` for a leaf.
    pub split: Option<Split>,
    /// The children of a split: the left one; the right one follows it.
    pub left: usize,
    /// The leaf's value, learning rate included; a split's own weight without it.
    pub value: f32,
    /// The sum of Hessians.
    pub hessian: f32,
}

/// A split.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Split {
    /// The feature.
    pub feature: usize,
    /// Smaller values go left.
    pub condition: f32,
    /// Missing values go left.
    pub default_left: bool,
    /// The loss reduction.
    pub gain: f32,
    /// How many of the feature's bins go left.
    bins: u16,
    /// The feature's bin of missing values.
    missing: u16,
    left: Sum,
    right: Sum,
}

impl Split {
    /// Whether rows of a bin go right.
    fn right(&self, bin: u16) -> bool {
        if bin == self.missing { !self.default_left } else { bin >= self.bins }
    }
}

/// A node that may be split, with the sums of its bins.
struct Open {
    node: usize,
    sum: Sum,
    histogram: Vec<Sum>,
}

/// Where the rows of a node go.
#[derive(Clone, Copy)]
struct Route {
    split: Split,
    left: u32,
    /// The histogram that the left and right child's rows are added to.
    slots: [Option<usize>; 2],
}

/// Grows a tree. `places` gets the leaf of every row.
pub(super) fn grow(bins: &Bins, gradients: &Gradients, rules: &Rules, places: &mut [u32]) -> Vec<Node> {
    Growing { bins, gradients, rules }.run(places)
}

struct Growing<'a> {
    bins: &'a Bins,
    gradients: &'a Gradients,
    rules: &'a Rules,
}

impl Growing<'_> {
    fn run(&self, places: &mut [u32]) -> Vec<Node> {
        places.par_iter_mut().for_each(|place| *place = 0);
        let sum = self.gradients.rows.par_iter().copied().reduce(Sum::default, |mut a, b| {
            a.add(b);
            a
        });
        let mut nodes = vec![self.node(None, sum)];
        let mut first = self.pass(&[], 0, 1, places);
        self.complete(&mut first, sum);
        let mut level = vec![Open { node: 0, sum, histogram: first }];
        let mut start = 0;
        for depth in 1..=self.rules.max_depth {
            let found: Vec<Option<Split>> = level.par_iter().map(|open| self.best(open)).collect();
            let end = nodes.len();
            let mut routes: Vec<Option<Route>> = vec![None; end - start];
            let mut children = Vec::new();
            let mut slots = 0;
            for (open, split) in level.into_iter().zip(found) {
                let Some(split) = split else { continue };
                let left = nodes.len();
                nodes.push(self.node(Some(open.node), split.left));
                nodes.push(self.node(Some(open.node), split.right));
                let node = &mut nodes[open.node];
                (node.split, node.left, node.value) = (Some(split), left, self.weight(open.sum));
                // The lighter child's histogram is summed, the other's is what is left of the parent's.
                let lighter = usize::from(split.right.hessian < split.left.hessian);
                let mut route = Route { split, left: left as u32, slots: [None; 2] };
                if depth < self.rules.max_depth {
                    route.slots[lighter] = Some(slots);
                    slots += 1;
                    children.push((left, lighter, split, open.histogram));
                }
                routes[open.node - start] = Some(route);
            }
            if nodes.len() == end {
                break;
            }
            let summed = self.pass(&routes, start, slots, places);
            start = end;
            let histograms = summed.chunks_exact(self.bins.total.max(1));
            level = children
                .into_par_iter()
                .zip(histograms.collect::<Vec<_>>())
                .flat_map_iter(|((left, lighter, split, mut parent), summed)| {
                    let sums = [split.left, split.right];
                    let mut light = summed.to_vec();
                    self.complete(&mut light, sums[lighter]);
                    parent.iter_mut().zip(&light).for_each(|(parent, light)| *parent = parent.less(*light));
                    let light = Open { node: left + lighter, sum: sums[lighter], histogram: light };
                    let heavy = Open { node: left + 1 - lighter, sum: sums[1 - lighter], histogram: parent };
                    if lighter == 0 { [light, heavy] } else { [heavy, light] }
                })
                .collect();
        }
        nodes
    }

    /// Sends every row to its node of the next level and adds its gradients to the histogram there. The routes are those of the nodes from
    /// `start` on; rows of earlier nodes lie in leaves. Without routes every row is added to the one histogram.
    fn pass(&self, routes: &[Option<Route>], start: usize, slots: usize, places: &mut [u32]) -> Vec<Sum> {
        let empty = || vec![Sum::default(); slots * self.bins.total];
        let rows = self.bins.block_rows;
        places
            .par_chunks_mut(rows)
            .zip(self.gradients.rows.par_chunks(rows))
            .zip(&self.bins.blocks)
            .fold(empty, |mut histograms, ((places, gradients), block)| {
                if routes.is_empty() {
                    self.add_all(block, gradients, &mut histograms);
                } else {
                    self.send(block, routes, start, places, gradients, &mut histograms);
                }
                histograms
            })
            .reduce(empty, |mut a, b| {
                a.iter_mut().zip(b).for_each(|(a, b)| a.add(b));
                a
            })
    }

    fn add_all(&self, block: &Block, gradients: &[Sum], histogram: &mut [Sum]) {
        for (row, gradient) in gradients.iter().enumerate() {
            if *gradient != Sum::default() {
                add(block.written(row), *gradient, histogram);
            }
        }
    }

    fn send(&self, block: &Block, routes: &[Option<Route>], start: usize, places: &mut [u32], gradients: &[Sum], histograms: &mut [Sum]) {
        let total = self.bins.total;
        // The nodes' columns are looked up once and not for every row.
        let columns: Vec<&[u16]> =
            routes.iter().map(|route| route.as_ref().map_or(&[][..], |route| block.column(route.split.feature))).collect();
        for (row, place) in places.iter_mut().enumerate() {
            let node = (*place as usize).wrapping_sub(start);
            let Some(Some(route)) = routes.get(node) else { continue };
            let right = usize::from(route.split.right(columns[node][row]));
            *place = route.left + right as u32;
            let gradient = gradients[row];
            if let Some(slot) = route.slots[right]
                && gradient != Sum::default()
            {
                add(block.written(row), gradient, &mut histograms[slot * total..(slot + 1) * total]);
            }
        }
    }

    /// Fills in the bins that are not written.
    fn complete(&self, histogram: &mut [Sum], sum: Sum) {
        for feature in &self.bins.features {
            let written = histogram[feature.first..feature.end()].iter().fold(Sum::default(), |mut sum, bin| {
                sum.add(*bin);
                sum
            });
            // The bin itself has nothing yet.
            histogram[feature.usual] = sum.less(written);
        }
    }

    /// The split with the largest loss reduction; of equal ones the first.
    fn best(&self, open: &Open) -> Option<Split> {
        let before = self.gain(open.sum);
        let mut best: Option<Split> = None;
        for (index, feature) in self.bins.features.iter().enumerate() {
            self.candidates(index, feature, open, before, &mut best);
        }
        best.filter(|best| best.gain > SMALLEST_GAIN && best.gain >= self.rules.gamma && best.left.hessian != 0 && best.right.hessian != 0)
    }

    fn candidates(&self, index: usize, feature: &Feature, open: &Open, before: f32, best: &mut Option<Split>) {
        let least = f64::from(self.rules.min_child_weight);
        let heavy = |sum: Sum| sum.hessian as f64 * self.gradients.unit >= least;
        let missing = feature.cuts.len() as u16;
        let mut consider = |left: Sum, right: Sum, condition: f32, bins: usize, default_left: bool| {
            if !heavy(left) || !heavy(right) {
                return;
            }
            let gain = self.gain(left) + self.gain(right) - before;
            if gain.is_finite() && best.is_none_or(|best| gain > best.gain) {
                // There are at most 65,536 bins.
                *best = Some(Split { feature: index, condition, default_left, gain, bins: bins as u16, missing, left, right });
            }
        };
        let bins = &open.histogram[feature.first..feature.first + feature.cuts.len()];
        // Missing values on the right.
        let mut left = Sum::default();
        for (at, (bin, cut)) in bins.iter().zip(&feature.cuts).enumerate() {
            left.add(*bin);
            consider(left, open.sum.less(left), *cut, at + 1, false);
        }
        // And on the left, where this node has any.
        if left != open.sum {
            let mut right = Sum::default();
            for at in (1..bins.len()).rev() {
                right.add(bins[at]);
                consider(open.sum.less(right), right, feature.cuts[at - 1], at, true);
            }
        }
    }

    fn shrunk(&self, sum: Sum) -> (f64, f64) {
        let (gradient, alpha) = (sum.gradient as f64 * self.gradients.unit, f64::from(self.rules.alpha));
        let gradient = if gradient > alpha {
            gradient - alpha
        } else if gradient < -alpha {
            gradient + alpha
        } else {
            0.0
        };
        (gradient, sum.hessian as f64 * self.gradients.unit)
    }

    fn gain(&self, sum: Sum) -> f32 {
        let (gradient, hessian) = self.shrunk(sum);
        if hessian <= 0.0 { 0.0 } else { (gradient * gradient / (hessian + f64::from(self.rules.lambda))) as f32 }
    }

    fn weight(&self, sum: Sum) -> f32 {
        let (gradient, hessian) = self.shrunk(sum);
        if hessian <= 0.0 || hessian < f64::from(self.rules.min_child_weight) {
            0.0
        } else {
            (-gradient / (hessian + f64::from(self.rules.lambda))) as f32
        }
    }

    /// A leaf.
    fn node(&self, parent: Option<usize>, sum: Sum) -> Node {
        let hessian = (sum.hessian as f64 * self.gradients.unit) as f32;
        Node { parent, split: None, left: 0, value: self.weight(sum) * self.rules.eta, hessian }
    }
}

fn add(bins: &[u16], gradient: Sum, histogram: &mut [Sum]) {
    for bin in bins {
        histogram[usize::from(*bin)].add(gradient);
    }
}

/// Adds the leaf of every row of a block to its margin.
pub(super) fn add_leaves(nodes: &[Node], block: &Block, margins: &mut [f32]) {
    let columns: Vec<&[u16]> = nodes.iter().map(|node| node.split.as_ref().map_or(&[][..], |split| block.column(split.feature))).collect();
    for (row, margin) in margins.iter_mut().enumerate() {
        let mut at = 0;
        while let Some(split) = &nodes[at].split {
            at = nodes[at].left + usize::from(split.right(columns[at][row]));
        }
        *margin += nodes[at].value;
    }
}
