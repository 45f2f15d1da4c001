//! Rows as the bins that their values lie in.
//!
//! A bin is what lies between two cuts; missing values have a bin of their own. Of every feature the bin with the most rows is not written:
//! what falls into it is what the other bins leave of the whole. Where features are one of many (a job, a month), nine of ten values are
//! not written, and the histograms need as much less time.

use std::collections::HashMap;

use rayon::prelude::*;

use crate::train::Labelled;

/// Whole numbers from 0 to here are counted in a table.
const SMALL: usize = 1024;
/// Rows that one task goes through: what it asks of them stays near the processor.
const LARGEST_BLOCK: usize = 16_384;
/// Bins are addressed by `u16`.
const MOST_BINS: usize = 1 << 16;

/// A feature's bins.
pub(super) struct Feature {
    /// Its first bin.
    pub first: usize,
    /// Upper ends of the bins, without those of missing values: a value lies in the first bin whose end is above it.
    pub cuts: Vec<f32>,
    /// Whether missing values occur; their bin follows the others.
    pub missing: bool,
    /// The bin that is not written.
    pub usual: usize,
}

impl Feature {
    /// One past its last bin.
    pub(super) fn end(&self) -> usize {
        self.first + self.cuts.len() + usize::from(self.missing)
    }

    /// The bin of a value, counted from this feature's first. What the feature has no bin for is taken for missing.
    fn bin(&self, value: f32) -> usize {
        if value.is_nan() {
            return self.cuts.len();
        }
        self.cuts.partition_point(|cut| *cut <= value).min(self.cuts.len() - 1)
    }
}

/// Some rows that follow one another.
pub(super) struct Block {
    /// How many they are.
    pub rows: usize,
    /// The bins of the features' own numbering, feature by feature: a row's way down a tree asks for few features of many rows.
    columns: Vec<u16>,
    /// Where a row's written bins end; they begin where those of the row before end.
    ends: Vec<u32>,
    written: Vec<u16>,
}

impl Block {
    /// The bins of a row, in the numbering of all features, that are written.
    pub(super) fn written(&self, row: usize) -> &[u16] {
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.written[start as usize..self.ends[row] as usize]
    }

    /// The bins of a feature, in its own numbering.
    pub(super) fn column(&self, feature: usize) -> &[u16] {
        &self.columns[feature * self.rows..(feature + 1) * self.rows]
    }
}

/// All rows of the training data.
pub(super) struct Bins {
    /// The features.
    pub features: Vec<Feature>,
    /// How many bins there are.
    pub total: usize,
    /// The rows.
    pub blocks: Vec<Block>,
    /// Rows of every block but the last.
    pub block_rows: usize,
    /// The bins of small whole numbers, a table for every feature.
    small: Vec<u16>,
}

impl Bins {
    /// Finds the bins; `None` when there are too many for this representation.
    pub(super) fn new(data: &Labelled, most: usize) -> Option<Self> {
        let block_rows = data.rows().div_ceil(rayon::current_num_threads() * 4).clamp(1024, LARGEST_BLOCK);
        let counts =
            data.values.par_chunks(block_rows * data.width).map(|values| Counts::of(values, data.width)).reduce_with(Counts::with)?;
        let mut features = Vec::with_capacity(data.width);
        let mut total = 0;
        for feature in 0..data.width {
            let (values, missing) = counts.sorted(feature);
            let cuts = cuts(&values, most);
            let mut feature = Feature { first: total, cuts, missing: missing > 0, usual: total };
            let mut per_bin = vec![0_u64; feature.end() - feature.first];
            for (value, count) in values {
                per_bin[feature.bin(value)] += count;
            }
            if let (true, Some(last)) = (feature.missing, per_bin.last_mut()) {
                *last = missing;
            }
            let most_rows = per_bin.iter().copied().max().unwrap_or(0);
            feature.usual = total + per_bin.iter().position(|count| *count == most_rows).unwrap_or(0);
            total = feature.end();
            features.push(feature);
        }
        if total > MOST_BINS {
            return None;
        }
        // The total was checked: a bin is a u16.
        let small = features.iter().flat_map(|feature| (0..SMALL).map(|number| feature.bin(number as f32) as u16)).collect();
        let mut bins = Bins { features, total, blocks: Vec::new(), block_rows, small };
        bins.blocks = bins.blocks_of(data);
        Some(bins)
    }

    /// Rows in these bins, which may be others than those that the bins were made from.
    pub(super) fn blocks_of(&self, data: &Labelled) -> Vec<Block> {
        data.values.par_chunks(self.block_rows * data.width).map(|values| self.block(values)).collect()
    }

    fn block(&self, values: &[f32]) -> Block {
        let width = self.features.len();
        let rows = values.len() / width;
        let mut block =
            Block { rows, columns: vec![0; values.len()], ends: Vec::with_capacity(rows), written: Vec::with_capacity(values.len() / 3) };
        for (row, values) in values.chunks_exact(width).enumerate() {
            for (index, (value, feature)) in values.iter().zip(&self.features).enumerate() {
                let bin = match small_number(*value) {
                    Some(number) => self.small[index * SMALL + number],
                    None => feature.bin(*value) as u16,
                };
                block.columns[index * rows + row] = bin;
                let bin = feature.first + usize::from(bin);
                if bin != feature.usual {
                    block.written.push(bin as u16);
                }
            }
            // A block has at most 16,384 rows, and rows have at most 65,536 features with more than no bin: that is 2^30.
            block.ends.push(block.written.len() as u32);
        }
        block
    }
}

/// The place of a value in the table of small whole numbers.
fn small_number(value: f32) -> Option<usize> {
    // The cast cuts off, turns NaN and what is negative into 0, and is compared with the value.
    let number = value as usize;
    (number < SMALL && number as f32 == value).then_some(number)
}

/// How often every value of every feature occurs.
struct Counts {
    small: Vec<u32>,
    others: Vec<HashMap<u32, u64>>,
    missing: Vec<u64>,
}

impl Counts {
    fn of(values: &[f32], width: usize) -> Self {
        let mut counts = Counts { small: vec![0; width * SMALL], others: vec![HashMap::new(); width], missing: vec![0; width] };
        for row in values.chunks_exact(width) {
            for (feature, value) in row.iter().enumerate() {
                match small_number(*value) {
                    Some(number) => counts.small[feature * SMALL + number] += 1,
                    None if value.is_nan() => counts.missing[feature] += 1,
                    None => *counts.others[feature].entry(value.to_bits()).or_default() += 1,
                }
            }
        }
        counts
    }

    fn with(mut self, other: Counts) -> Self {
        self.small.iter_mut().zip(&other.small).for_each(|(mine, theirs)| *mine += theirs);
        self.missing.iter_mut().zip(&other.missing).for_each(|(mine, theirs)| *mine += theirs);
        for (mine, theirs) in self.others.iter_mut().zip(other.others) {
            for (value, count) in theirs {
                *mine.entry(value).or_default() += count;
            }
        }
        self
    }

    /// A feature's values with their counts in ascending order, and how many are missing.
    fn sorted(&self, feature: usize) -> (Vec<(f32, u64)>, u64) {
        let table = &self.small[feature * SMALL..(feature + 1) * SMALL];
        let small = table.iter().enumerate().filter(|(_, count)| **count > 0).map(|(number, count)| (number as f32, u64::from(*count)));
        let others = self.others[feature].iter().map(|(bits, count)| (f32::from_bits(*bits), *count));
        let mut values: Vec<(f32, u64)> = small.chain(others).collect();
        values.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        (values, self.missing[feature])
    }
}

/// The cuts between at most `most` bins, as XGBoost makes them: every value but the smallest begins a bin, and the last bin ends a little
/// above the largest value. Of more values, those are chosen that part the rows evenly.
fn cuts(values: &[(f32, u64)], most: usize) -> Vec<f32> {
    let Some(&(largest, _)) = values.last() else { return vec![1e-5] };
    let mut cuts = if values.len() <= most { values.iter().map(|(value, _)| *value).collect() } else { chosen(values, most + 1) };
    cuts.truncate(most);
    if !cuts.is_empty() {
        cuts.remove(0);
    }
    cuts.push(largest + (largest.abs() + 1e-5));
    cuts
}

/// At most `most` of the values, at even ranks: XGBoost's pruning of a summary in which every rank is known.
fn chosen(values: &[(f32, u64)], most: usize) -> Vec<f32> {
    // Twice the middle rank of every value is the sum of the ranks of its first and past its last row.
    let mut before = 0;
    let ranks: Vec<(u64, u64)> = values
        .iter()
        .map(|(_, count)| {
            let first = before;
            before += count;
            (first, before)
        })
        .collect();
    let last = values.len() - 1;
    let steps = most.saturating_sub(2) as u64;
    let begin = ranks[0].1;
    let range = ranks[last].0.saturating_sub(begin);
    let mut kept = vec![0];
    let mut at = 1;
    for step in 1..steps {
        let twice = 2 * (step * range / steps + begin);
        while at < last && twice >= ranks[at + 1].0 + ranks[at + 1].1 {
            at += 1;
        }
        if at == last {
            break;
        }
        // Between two values: the first row past the one, and the last row before the other.
        let nearer = if twice < (ranks[at].0 + (ranks[at].1 - ranks[at].0)) + (ranks[at + 1].1 - (ranks[at + 1].1 - ranks[at + 1].0)) {
            at
        } else {
            at + 1
        };
        if kept.last() != Some(&nearer) {
            kept.push(nearer);
        }
    }
    if kept.last() != Some(&last) {
        kept.push(last);
    }
    kept.into_iter().map(|index| values[index].0).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn data(width: usize, values: &[f32]) -> Labelled {
        Labelled { width, values: values.to_vec(), labels: vec![0.0; values.len() / width] }
    }

    #[test]
    fn every_value_has_a_bin_and_the_commonest_is_not_written() {
        let bins = Bins::new(&data(2, &[0.0, 7.5, 0.0, -2.0, 1.0, 7.5, 0.0, f32::NAN]), 256).unwrap();
        let [flag, number] = bins.features.as_slice() else { panic!("two features") };
        assert_eq!((flag.cuts.as_slice(), flag.missing, flag.usual), (&[1.0, 2.00001][..], false, 0));
        assert_eq!((number.first, number.cuts.as_slice(), number.missing, number.usual), (2, &[7.5, 15.00001][..], true, 3));
        let block = &bins.blocks[0];
        assert_eq!((0..4).map(|row| block.written(row).to_vec()).collect::<Vec<_>>(), [vec![], vec![2], vec![1], vec![4]]);
        assert_eq!((block.column(0), block.column(1)), (&[0, 0, 1, 0][..], &[1, 0, 1, 2][..]));
        assert_eq!(bins.total, 5);
    }

    #[test]
    fn many_values_are_parted_evenly() {
        let values: Vec<f32> = (0..10_000).map(|row| row as f32 * 0.37).collect();
        let bins = Bins::new(&data(1, &values), 16).unwrap();
        let mut rows = vec![0; bins.total];
        for block in &bins.blocks {
            block.column(0).iter().for_each(|bin| rows[usize::from(*bin)] += 1);
        }
        // The largest value has a bin of its own, as with XGBoost.
        assert_eq!((bins.total, rows.pop()), (16, Some(1)));
        assert!(rows.iter().all(|rows| (660..670).contains(rows)), "{rows:?}");
    }

    #[test]
    fn too_many_bins_are_not_for_this() {
        let values: Vec<f32> = (0..70_000).map(|row| row as f32).collect();
        assert!(Bins::new(&data(1, &values), 70_000).is_none());
    }
}
