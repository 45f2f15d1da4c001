//! What can be said of any data set: how the classes share the rows, which category is rarest and most frequent among the positive ones,
//! and which numbers move together.

use super::{Correlation, Finding, Frequency, Overview, finding};
use crate::demo::dataset::DataSet;
use crate::demo::figures::percent;

/// A value with a smaller share of the rows than this says nothing.
const LEAST_SHARE: f64 = 0.02;

/// The findings.
pub(super) fn findings(data: &DataSet, overview: &Overview, frequencies: &[Frequency], correlations: &[Correlation]) -> Vec<Finding> {
    let all = overview.customers().max(1) as f64;
    let base = overview.yes as f64 / all;
    let words = &data.words;
    let first = data.inputs().first().map_or("", |column| column.name.as_str());
    let parts = [(data.target.positive.as_str(), base), (data.target.negative.as_str(), 1.0 - base)];
    let sentence = format!("{} of the {}s {}, {} {}.", percent(base), words.row, words.positive, percent(1.0 - base), words.negative);
    let mut found = vec![finding("classes", first, base, sentence, &parts)];

    if let Some(unknown) = &data.unknown {
        let mut shares: Vec<(&str, f64)> = frequencies
            .iter()
            .filter(|each| each.value == *unknown)
            .map(|each| (each.column.as_str(), each.customers as f64 / all))
            .collect();
        shares.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
        if let Some((column, share)) = shares.first().copied() {
            let sentence = format!("`{column}` is `{unknown}` for {} of the {}s.", percent(share), words.row);
            found.push(finding("unknown_values", column, share, sentence, &shares));
        }
    }

    let rate = |each: &Frequency| each.yes as f64 / each.customers.max(1) as f64;
    let mut rates: Vec<&Frequency> = frequencies.iter().filter(|each| each.customers as f64 / all >= LEAST_SHARE).collect();
    rates.sort_by(|a, b| rate(b).total_cmp(&rate(a)).then((&a.column, &a.value).cmp(&(&b.column, &b.value))));
    if let (Some(most), Some(least)) = (rates.first(), rates.last()) {
        let told = [("most_positive", most, "most often"), ("least_positive", least, "least often")];
        for (id, each, often) in told {
            let sentence = format!(
                "{}s with `{}` = `{}` {} {often} of all categories: {} of them, where it is {} of all.",
                capital(&words.row),
                each.column,
                each.value,
                words.positive,
                percent(rate(each)),
                percent(base)
            );
            found.push(finding(id, &each.column, rate(each), sentence, &[(&each.value, rate(each)), ("of all", base)]));
        }
    }

    let mut together: Vec<&Correlation> = correlations.iter().filter(|pair| pair.value.is_finite()).collect();
    together.sort_by(|a, b| b.value.abs().total_cmp(&a.value.abs()));
    if let Some(strongest) = together.first() {
        let sentence = format!(
            "`{}` and `{}` move together more than any other two numbers: they correlate with {:.2}.",
            strongest.one, strongest.other, strongest.value
        );
        let names: Vec<String> = together.iter().take(4).map(|pair| format!("{} · {}", pair.one, pair.other)).collect();
        let parts: Vec<(&str, f64)> = names.iter().zip(&together).map(|(name, pair)| (name.as_str(), super::rounded(pair.value))).collect();
        // Drawn as coefficients, as those of the bank's economy are.
        found.push(finding(super::TOGETHER, &strongest.one, strongest.value, sentence, &parts));
    }
    found
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn any_data_set_has_something_to_tell() {
        let text = "name = 'machines'\n[words]\nrow = 'machine'\npositive = 'failed'\nnegative = 'ran on'\n[target]\nname = 'failed'\npositive = 1\nnegative = 0\n\
                    [[column]]\nname = 'site'\ntype = 'text'\n";
        let data = crate::demo::dataset::description::read(text).unwrap();
        let frequency = |value: &str, customers, yes| Frequency { column: "site".into(), value: value.into(), customers, yes };
        let overview = Overview { yes: 20, no: 80, never_contacted: 0 };
        let pairs = [Correlation { one: "a".into(), other: "b".into(), value: -0.5 }];
        let found = super::super::findings(&data, &overview, &[frequency("rig", 40, 18), frequency("quay", 60, 2)], &pairs);
        let sentences: Vec<&str> = found.iter().map(|finding| finding.sentence.as_str()).collect();
        assert_eq!(
            sentences,
            [
                "20.0 % of the machines failed, 80.0 % ran on.",
                "Machines with `site` = `rig` failed most often of all categories: 45.0 % of them, where it is 20.0 % of all.",
                "Machines with `site` = `quay` failed least often of all categories: 3.3 % of them, where it is 20.0 % of all.",
                "`a` and `b` move together more than any other two numbers: they correlate with -0.50.",
            ]
        );
        assert!(found.iter().all(|finding| finding.parts.iter().all(|part| part.figure.is_finite())));
    }
}
