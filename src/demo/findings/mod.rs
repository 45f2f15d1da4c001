//! What an audience is told about the data: sentences whose figures are computed from it.

mod any;

use serde::Serialize;

use super::dataset::DataSet;
use super::figures::percent;

/// How often a category occurs, and how often it says yes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frequency {
    /// Column.
    pub column: String,
    /// Value.
    pub value: String,
    /// Customers with it.
    pub customers: u64,
    /// Those of them who said yes.
    pub yes: u64,
}

/// The whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Overview {
    /// Customers who said yes.
    pub yes: u64,
    /// Customers who said no.
    pub no: u64,
    /// Customers of the bank who were never contacted before (`pdays` is 999).
    pub never_contacted: u64,
}

impl Overview {
    /// All customers.
    pub fn customers(&self) -> u64 {
        self.yes + self.no
    }
}

/// How two numeric columns move together (Pearson).
#[derive(Debug, Clone, PartialEq)]
pub struct Correlation {
    /// One column.
    pub one: String,
    /// The other.
    pub other: String,
    /// From -1 to 1.
    pub value: f64,
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// Stable identifier (`mostly_no`).
    pub id: &'static str,
    /// The sentence, figures included.
    pub sentence: String,
    /// Its main figure, a share or a coefficient.
    pub figure: f64,
    /// The column that shows it.
    pub column: String,
    /// The figures of the sentence, to be drawn.
    pub parts: Vec<Part>,
}

/// A figure of a finding.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Part {
    /// What it is the figure of.
    pub label: String,
    /// A share or a coefficient.
    pub figure: f64,
}

/// What the statement about the bank's numbers counts beside them, for the findings.
pub(super) const NEVER_CONTACTED: &str = "sum(CASE WHEN pdays = 999 THEN 1 ELSE 0 END) AS never_contacted";

/// The finding whose figures are coefficients and no shares.
pub const TOGETHER: &str = "economy_moves_together";

/// Categories that the demonstration points at because they are rarer among the yes than among all.
const RARER_AMONG_YES: [(&str, &str, &str); 5] = [
    ("job", "blue-collar", "Blue-collar workers"),
    ("marital", "married", "Married customers"),
    ("defaulted", "unknown", "Customers of whom nobody knows whether they defaulted"),
    ("contact", "telephone", "Customers called on a landline"),
    ("month", "may", "Customers called in May"),
];

/// The findings, computed: those that an audience is told of the built-in data, and for another data set what can be said of any.
pub fn findings(data: &DataSet, overview: &Overview, frequencies: &[Frequency], correlations: &[Correlation]) -> Vec<Finding> {
    if data.built_in {
        of_the_bank(data, overview, frequencies, correlations)
    } else {
        any::findings(data, overview, frequencies, correlations)
    }
}

fn finding(id: &'static str, column: &str, figure: f64, sentence: String, parts: &[(&str, f64)]) -> Finding {
    let parts = parts.iter().map(|(label, figure)| Part { label: (*label).to_owned(), figure: *figure }).collect();
    Finding { id, sentence, figure: rounded(figure), column: column.to_owned(), parts }
}

/// A category that the data do not have is counted as 0.
fn of_the_bank(data: &DataSet, overview: &Overview, frequencies: &[Frequency], correlations: &[Correlation]) -> Vec<Finding> {
    let all = overview.customers().max(1) as f64;
    let yes = overview.yes.max(1) as f64;
    let find = |column: &str, value: &str| {
        let found = frequencies.iter().find(|frequency| frequency.column == column && frequency.value == value);
        found.map_or((0.0, 0.0), |frequency| (frequency.customers as f64 / all, frequency.yes as f64 / yes))
    };
    let mut found = Vec::new();

    let no = overview.no as f64 / all;
    found.push(finding(
        "mostly_no",
        "job",
        no,
        format!("{} of the customers said no.", percent(no)),
        &[("no", no), ("yes", overview.yes as f64 / all)],
    ));

    let mut unknown: Vec<(&str, f64)> = frequencies
        .iter()
        .filter(|frequency| frequency.value == "unknown")
        .map(|frequency| (frequency.column.as_str(), frequency.customers as f64 / all))
        .collect();
    unknown.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
    let total: f64 = unknown.iter().map(|(_, share)| share).sum();
    let listed: Vec<String> = unknown.iter().take(3).map(|(column, share)| format!("`{column}` {}", percent(*share))).collect();
    let sentence = match listed.is_empty() {
        true => "No value is unknown.".to_owned(),
        false => format!("Many values are unknown: {} of {}.", listed.join(", "), "the customers"),
    };
    found.push(finding("unknown_values", "defaulted", total, sentence, &unknown));

    let (may, december) = (find("month", "may").0, find("month", "dec").0);
    let sentence = format!("{} of the calls were in May, {} in December.", percent(may), percent(december));
    found.push(finding("mostly_may", "month", may, sentence, &[("May", may), ("December", december)]));

    let never = overview.never_contacted as f64 / all;
    let sentence = format!("`pdays` is 999 for {}: never contacted before.", percent(never));
    found.push(finding("never_contacted", "pdays", never, sentence, &[("never before", never), ("before", 1.0 - never)]));

    for (column, value, who) in RARER_AMONG_YES {
        let (of_all, of_yes) = find(column, value);
        let sentence = format!("{who}: {} of all, {} of those who said yes.", percent(of_all), percent(of_yes));
        let parts = [("of all", of_all), ("of the yes", of_yes)];
        found.push(finding(column_id(column), column, of_yes - of_all, sentence, &parts));
    }

    let mut together: Vec<&Correlation> =
        correlations.iter().filter(|pair| data.together.contains(&pair.one) && data.together.contains(&pair.other)).collect();
    together.sort_by(|a, b| b.value.abs().total_cmp(&a.value.abs()));
    if let Some(strongest) = together.first() {
        let strong = together.iter().filter(|pair| pair.value.abs() >= 0.5).count();
        let sentence = format!(
            "The economic columns move together: `{}` and `{}` correlate with {:.2}; {strong} of {} pairs with 0.5 or more.",
            strongest.one,
            strongest.other,
            strongest.value,
            together.len()
        );
        let names: Vec<String> = together.iter().take(4).map(|pair| format!("{} · {}", pair.one, pair.other)).collect();
        let parts: Vec<(&str, f64)> = names.iter().zip(&together).map(|(name, pair)| (name.as_str(), rounded(pair.value))).collect();
        found.push(finding(TOGETHER, "euribor3m", strongest.value, sentence, &parts));
    }
    found
}

fn column_id(column: &str) -> &'static str {
    match column {
        "job" => "rarer_blue_collar",
        "marital" => "rarer_married",
        "defaulted" => "rarer_default_unknown",
        "contact" => "rarer_telephone",
        _ => "rarer_may",
    }
}

fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn figures_are_computed_from_what_is_given() {
        let frequency =
            |column: &str, value: &str, customers, yes| Frequency { column: column.into(), value: value.into(), customers, yes };
        let overview = Overview { yes: 20, no: 80, never_contacted: 90 };
        let frequencies =
            [frequency("job", "blue-collar", 30, 2), frequency("month", "may", 40, 4), frequency("defaulted", "unknown", 10, 1)];
        let correlations = [Correlation { one: "euribor3m".into(), other: "nr_employed".into(), value: 0.945 }];
        let found = findings(&DataSet::bank(), &overview, &frequencies, &correlations);
        let sentence = |id: &str| found.iter().find(|finding| finding.id == id).unwrap().sentence.clone();
        assert_eq!(sentence("mostly_no"), "80.0 % of the customers said no.");
        assert_eq!(sentence("unknown_values"), "Many values are unknown: `defaulted` 10.0 % of the customers.");
        assert_eq!(sentence("mostly_may"), "40.0 % of the calls were in May, 0.0 % in December.");
        assert_eq!(sentence("rarer_blue_collar"), "Blue-collar workers: 30.0 % of all, 10.0 % of those who said yes.");
        assert!(sentence("economy_moves_together").contains("0.94") || sentence("economy_moves_together").contains("0.95"));
        assert_eq!(found.len(), 10);
        let parts =
            |id: &str| found.iter().find(|finding| finding.id == id).unwrap().parts.iter().map(|part| part.figure).collect::<Vec<_>>();
        assert_eq!(parts("rarer_blue_collar"), [0.3, 0.1]);
        assert_eq!(parts("mostly_no"), [0.8, 0.2]);
    }
}
