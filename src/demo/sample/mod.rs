//! The sample: generated rows that look like the published data set. Nobody's data are in it.
//!
//! Month by month, the numbers of customers called and of those who said yes are exact. What a customer is like is then drawn given
//! the time and the answer: job, contact, outcome of the previous campaign, number of calls and default by group of months; age by job;
//! education by job; marital status by age; duration by period. What a model can learn from the published data it can therefore
//! learn from the sample, and about as well.

mod draw;
mod figures;
mod tables;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::dataset::DataSet;
use draw::{apportion, below, unit};
use figures::{Figures, Regime};
use tables::Tables;

/// Rows of the published data set.
pub const PUBLISHED_ROWS: u32 = 41_188;

/// What `pdays` says of a customer who was not called in the previous campaign.
const NEVER: u32 = 999;

/// Generates `rows` rows as canonical CSV (what [`prepare`](super::dataset::prepare) would make of them), in the order of the campaign's
/// months. The same seed gives the same bytes on every machine.
pub fn generate(rows: u32, seed: u64) -> Vec<u8> {
    let figures = Figures::built_in();
    let tables = Tables::new(&figures);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut out = Vec::with_capacity(rows as usize * 128 + 256);
    let data = DataSet::bank();
    let names: Vec<&str> = data.columns.iter().map(|column| column.name.as_str()).collect();
    out.extend_from_slice(names.join(",").as_bytes());
    out.push(b'\n');

    // Each month has two cells, no and yes; the rows are shared out over all cells at once.
    let cells: Vec<u32> = figures.regimes.iter().flat_map(|regime| [regime.rows - regime.yes, regime.yes]).collect();
    let shares = apportion(&cells, rows);
    for (regime, cell) in figures.regimes.iter().zip(shares.chunks_exact(2)) {
        let [no, yes] = cell else { continue };
        let economy = Economy::of(regime);
        let (mut left, mut yes_left) = (no + yes, *yes);
        while left > 0 {
            // Drawn without putting back: at the end of the month exactly so many have said yes.
            let yes = below(&mut rng, left) < yes_left;
            yes_left -= u32::from(yes);
            left -= 1;
            write_row(&tables, &economy, yes, &mut rng, &mut out);
        }
    }
    out
}

/// The economic figures of a month; all but one are the same for all its rows, and written once.
struct Economy<'a> {
    regime: &'a Regime,
    /// `emp_var_rate,cons_price_idx,cons_conf_idx,`
    indices: String,
    /// `,nr_employed,`
    employed: String,
}

impl<'a> Economy<'a> {
    fn of(regime: &'a Regime) -> Self {
        let mut bytes = vec![];
        for figure in [regime.emp_var_rate, regime.cons_price_idx, regime.cons_conf_idx] {
            push_thousandths(&mut bytes, figure);
            bytes.push(b',');
        }
        let mut employed = vec![b','];
        push_thousandths(&mut employed, regime.nr_employed);
        employed.push(b',');
        let text = |bytes: Vec<u8>| bytes.into_iter().map(char::from).collect();
        Economy { regime, indices: text(bytes), employed: text(employed) }
    }

    /// A rate in thousandths: below the mean as often as keeps the mean, and even on both sides of it.
    fn euribor3m(&self, rng: &mut ChaCha8Rng) -> i64 {
        let [least, mean, greatest] = self.regime.euribor3m;
        let range = (greatest - least).max(1) as f64;
        let below_mean = (greatest - mean) as f64 / range;
        let (from, to) = if unit(rng) < below_mean { (least, mean) } else { (mean, greatest) };
        // Ranges are below 2^32 thousandths.
        from + i64::from(below(rng, (to - from + 1) as u32))
    }
}

fn write_row(tables: &Tables<'_>, economy: &Economy<'_>, yes: bool, rng: &mut ChaCha8Rng, out: &mut Vec<u8>) {
    let figures = tables.figures;
    let group = tables.groups[economy.regime.group].of(yes);
    let job = group.job.draw(rng);
    let age = group.age[job].draw(rng);
    let band = figures.age_band(age);
    let education = tables.education.of(yes)[job].draw(rng);
    let marital = tables.marital.of(yes)[band].draw(rng);
    let unknown_default = group.unknown_default * figures.unknown_default_by_age[band] * figures.unknown_default_by_education[education];
    let defaulted = match unit(rng) {
        drawn if drawn < unknown_default => "unknown",
        _ if unit(rng) < group.defaulted => "yes",
        _ => "no",
    };
    let (housing, loan) = &figures.housing_loan.pairs[tables.housing_loan.of(yes).draw(rng)];
    let contact = group.contact.draw(rng);
    let day = tables.day_of_week.of(yes).draw(rng);
    let duration = group.duration.draw(rng);
    let class = group.campaign.draw(rng);
    let campaign = {
        let (from, to) = (figures.campaign_from[class], figures.campaign_from[class + 1]);
        // The lesser of two draws: in the long classes few calls are more common than many.
        from + below(rng, to - from).min(below(rng, to - from))
    };
    let poutcome = group.poutcome.draw(rng);
    let outcome = figures.values("poutcome")[poutcome].as_str();
    let days_known = match outcome {
        "success" => true,
        "failure" => unit(rng) < figures.pdays_known_after_failure,
        _ => false,
    };
    // The position in the counts is the number of days.
    let pdays = if days_known { tables.pdays.draw(rng) as u32 } else { NEVER };
    let previous = tables.previous[economy.regime.group][poutcome].draw(rng) as u32;

    let mut row = RowWriter { out };
    let category = |column: &str, position: usize| figures.values(column)[position].as_str();
    row.number(age);
    row.text(category("job", job));
    row.text(category("marital", marital));
    row.text(category("education", education));
    row.text(defaulted);
    row.text(housing);
    row.text(loan);
    row.text(category("contact", contact));
    row.text(&economy.regime.month);
    row.text(category("day_of_week", day));
    row.number(duration);
    row.number(campaign);
    row.number(pdays);
    row.number(previous);
    row.text(outcome);
    out.extend_from_slice(economy.indices.as_bytes());
    push_thousandths(out, economy.euribor3m(rng));
    out.extend_from_slice(economy.employed.as_bytes());
    out.extend_from_slice(if yes { b"yes" as &[u8] } else { b"no" });
    out.push(b'\n');
}

/// Writes fields, each followed by a comma.
struct RowWriter<'a> {
    out: &'a mut Vec<u8>,
}

impl RowWriter<'_> {
    fn text(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(b',');
    }

    fn number(&mut self, number: u32) {
        push_digits(self.out, u64::from(number), 1);
        self.out.push(b',');
    }
}

/// At least `width` digits.
fn push_digits(out: &mut Vec<u8>, mut number: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    while number > 0 || digits.len() - at < width {
        at -= 1;
        // A remainder of ten fits a byte.
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
    }
    out.extend_from_slice(&digits[at..]);
}

/// A number of thousandths in its shortest form.
fn push_thousandths(out: &mut Vec<u8>, thousandths: i64) {
    if thousandths < 0 {
        out.push(b'-');
    }
    let magnitude = thousandths.unsigned_abs();
    push_digits(out, magnitude / 1000, 1);
    let (mut decimals, mut width) = (magnitude % 1000, 3);
    if decimals > 0 {
        while decimals.is_multiple_of(10) {
            decimals /= 10;
            width -= 1;
        }
        out.push(b'.');
        push_digits(out, decimals, width);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::demo::dataset::prepare;
    use std::collections::BTreeMap;

    /// Count and yes count of each value of a column.
    fn by_value(csv: &[u8], column: &str) -> BTreeMap<String, (f64, f64)> {
        let position = DataSet::bank().columns.iter().position(|known| known.name == column).unwrap();
        let mut counts: BTreeMap<String, (f64, f64)> = BTreeMap::new();
        for line in std::str::from_utf8(csv).unwrap().lines().skip(1) {
            let fields: Vec<&str> = line.split(',').collect();
            let entry = counts.entry(fields[position].to_owned()).or_default();
            entry.0 += 1.0;
            entry.1 += f64::from(u8::from(fields[20] == "yes"));
        }
        counts
    }

    fn numbers(csv: &[u8], column: &str) -> Vec<f64> {
        let position = DataSet::bank().columns.iter().position(|known| known.name == column).unwrap();
        std::str::from_utf8(csv).unwrap().lines().skip(1).map(|line| line.split(',').nth(position).unwrap().parse().unwrap()).collect()
    }

    fn correlation(a: &[f64], b: &[f64]) -> f64 {
        let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
        let (ma, mb) = (mean(a), mean(b));
        let cross = |x: &[f64], mx: f64, y: &[f64], my: f64| x.iter().zip(y).map(|(p, q)| (p - mx) * (q - my)).sum::<f64>();
        cross(a, ma, b, mb) / (cross(a, ma, a, ma) * cross(b, mb, b, mb)).sqrt()
    }

    #[test]
    fn the_sample_is_canonical_and_always_the_same() {
        let csv = generate(PUBLISHED_ROWS, 2014);
        let prepared = prepare(&csv, "sample", &DataSet::bank()).unwrap();
        assert!(prepared.bytes == csv, "reading the sample changes it");
        assert_eq!((prepared.rows, prepared.yes), (41_188, 4_640));
        assert_eq!(prepared.sha256, "024dc01e939bc0d3123556de059a88eeeade0950b51616332bd8dd2c0e56b97b");
        assert!(generate(1000, 1) != generate(1000, 2));
        assert_eq!(prepare(&generate(100, 7), "sample", &DataSet::bank()).unwrap().rows, 100);
    }

    #[test]
    fn categories_are_as_frequent_and_as_willing_as_published() {
        let csv = generate(PUBLISHED_ROWS, 2014);
        // Rows and share of yes in the published data set.
        for (column, value, rows, yes) in [
            ("job", "admin.", 10_422.0, 0.1297),
            ("job", "blue-collar", 9_254.0, 0.0689),
            ("job", "student", 875.0, 0.3143),
            ("job", "retired", 1_720.0, 0.2523),
            ("marital", "married", 24_928.0, 0.1016),
            ("marital", "single", 11_568.0, 0.1400),
            ("education", "university.degree", 12_168.0, 0.1372),
            ("education", "basic.9y", 6_045.0, 0.0782),
            ("defaulted", "unknown", 8_597.0, 0.0515),
            ("housing", "yes", 21_576.0, 0.1162),
            ("loan", "yes", 6_248.0, 0.1093),
            ("contact", "telephone", 15_044.0, 0.0523),
            ("month", "may", 13_769.0, 0.0643),
            ("month", "dec", 182.0, 0.4890),
            ("poutcome", "success", 1_373.0, 0.6511),
            ("poutcome", "failure", 4_252.0, 0.1423),
            ("day_of_week", "thu", 8_623.0, 0.1212),
            ("pdays", "999", 39_673.0, 0.0926),
            ("previous", "0", 35_563.0, 0.0883),
        ] {
            let (count, positive) = by_value(&csv, column)[value];
            let tolerance = 0.06_f64.max(3.0 / f64::sqrt(rows));
            assert!((count / rows - 1.0).abs() < tolerance, "{column} {value}: {count} rows, {rows} published");
            assert!((positive / count - yes).abs() < 0.02_f64.max(1.5 / f64::sqrt(rows)), "{column} {value}: {}, {yes}", positive / count);
        }
        assert!(by_value(&csv, "month")["dec"].0 / 41_188.0 < 0.01);
    }

    #[test]
    fn numbers_are_distributed_as_published() {
        let csv = generate(PUBLISHED_ROWS, 2014);
        for (column, mean, deviation) in [
            ("age", 40.02, 10.42),
            ("duration", 258.3, 259.3),
            ("campaign", 2.568, 2.770),
            ("pdays", 962.5, 186.9),
            ("previous", 0.173, 0.495),
        ] {
            let values = numbers(&csv, column);
            let found = values.iter().sum::<f64>() / values.len() as f64;
            let spread = (values.iter().map(|value| (value - found).powi(2)).sum::<f64>() / values.len() as f64).sqrt();
            assert!((found / mean - 1.0).abs() < 0.04, "{column}: mean {found}, {mean} published");
            assert!((spread / deviation - 1.0).abs() < 0.08, "{column}: deviation {spread}, {deviation} published");
        }
        for (one, other, published) in [
            ("emp_var_rate", "euribor3m", 0.972),
            ("emp_var_rate", "cons_price_idx", 0.775),
            ("euribor3m", "nr_employed", 0.945),
            ("cons_conf_idx", "euribor3m", 0.278),
            ("previous", "nr_employed", -0.501),
            ("pdays", "previous", -0.588),
            ("campaign", "emp_var_rate", 0.151),
        ] {
            let found = correlation(&numbers(&csv, one), &numbers(&csv, other));
            assert!((found - published).abs() < 0.06, "{one} and {other}: {found}, {published} published");
        }
    }
}
