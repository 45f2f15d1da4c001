//! The figures that the sample is drawn from: counts and quantiles of the published data set, as `assets/sample/` has them.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The file.
const TEXT: &str = include_str!("../../../assets/sample/bank-marketing.json");

/// All figures.
#[derive(Debug, Deserialize)]
pub struct Figures {
    /// The values of each category, in the order in which counts are given.
    pub values: BTreeMap<String, Vec<String>>,
    /// The months of the campaign in their order.
    pub regimes: Vec<Regime>,
    /// Months that are alike.
    pub groups: Vec<Group>,
    /// The calls of a customer that each count of `campaign` begins with, and the end of the last.
    pub campaign_from: Vec<u32>,
    /// Education by answer and job.
    pub education: ByAnswer<BTreeMap<String, Vec<u32>>>,
    /// The shares at which `age` gives quantiles.
    pub age_quantiles: Vec<f64>,
    /// Age by period, answer and job.
    pub age: BTreeMap<Period, ByAnswer<BTreeMap<String, Vec<u32>>>>,
    /// Upper ends of the age bands.
    pub age_bands: Vec<u32>,
    /// Marital status by answer and age band.
    pub marital: ByAnswer<Vec<Vec<u32>>>,
    /// How much more often than on average the default is unknown, by age band.
    pub unknown_default_by_age: Vec<f64>,
    /// The same by education.
    pub unknown_default_by_education: Vec<f64>,
    /// Housing and personal loan.
    pub housing_loan: HousingLoan,
    /// Days of the week by answer.
    pub day_of_week: ByAnswer<Vec<u32>>,
    /// Days since the previous campaign (position is the number), where known.
    pub pdays: Vec<u32>,
    /// Share of customers who said no in the previous campaign and for whom the days are known all the same.
    pub pdays_known_after_failure: f64,
    /// The shares at which `duration` gives quantiles.
    pub duration_quantiles: Vec<f64>,
    /// Seconds of the last call by period and answer.
    pub duration: BTreeMap<Period, ByAnswer<Vec<u32>>>,
}

/// Before and after the interest rates fell, at the end of 2008. Customers over 60 were only called after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Period {
    /// Until the end of 2008.
    Before,
    /// From 2009.
    After,
}

/// Something for those who said no, and for those who said yes.
#[derive(Debug, Deserialize)]
pub struct ByAnswer<T> {
    /// No.
    pub no: T,
    /// Yes.
    pub yes: T,
}

impl<T> ByAnswer<T> {
    /// The one for an answer.
    pub fn of(&self, yes: bool) -> &T {
        if yes { &self.yes } else { &self.no }
    }

    /// Something made of both.
    pub fn map<'a, U>(&'a self, make: impl Fn(&'a T) -> U) -> ByAnswer<U> {
        ByAnswer { no: make(&self.no), yes: make(&self.yes) }
    }
}

/// A month: what the economy was like, how many were called, how many said yes. Economic figures are in thousandths.
#[derive(Debug, Deserialize)]
pub struct Regime {
    /// Month.
    pub month: String,
    /// Employment variation rate.
    pub emp_var_rate: i64,
    /// Consumer price index.
    pub cons_price_idx: i64,
    /// Consumer confidence index.
    pub cons_conf_idx: i64,
    /// Number employed, in thousands.
    pub nr_employed: i64,
    /// Euribor 3 month rate: least, mean, greatest.
    pub euribor3m: [i64; 3],
    /// Rows.
    pub rows: u32,
    /// Rows whose answer is yes.
    pub yes: u32,
    /// Position in the groups.
    pub group: usize,
}

/// Months that are alike, and what differs between those who said no and yes in them.
#[derive(Debug, Deserialize)]
pub struct Group {
    /// Period.
    pub period: Period,
    /// Earlier contacts (position is their number) by the outcome of the previous campaign.
    pub previous: Vec<Vec<u32>>,
    /// Those who said no.
    pub no: GroupCounts,
    /// Those who said yes.
    pub yes: GroupCounts,
}

/// Counts of a group.
#[derive(Debug, Deserialize)]
pub struct GroupCounts {
    /// By job.
    pub job: Vec<u32>,
    /// By kind of contact.
    pub contact: Vec<u32>,
    /// By the outcome of the previous campaign.
    pub poutcome: Vec<u32>,
    /// By calls.
    pub campaign: Vec<u32>,
    /// By default.
    pub defaulted: Vec<u32>,
}

/// Housing and personal loan together: one is unknown exactly when the other is.
#[derive(Debug, Deserialize)]
pub struct HousingLoan {
    /// The pairs that occur.
    pub pairs: Vec<(String, String)>,
    /// Their counts.
    #[serde(flatten)]
    pub counts: ByAnswer<Vec<u32>>,
}

impl Figures {
    /// The figures that are built in.
    #[allow(clippy::expect_used)]
    pub fn built_in() -> Self {
        // The text is part of the program, and a test reads it.
        serde_json::from_str(TEXT).expect("the built-in figures are well-formed")
    }

    /// The values of a category, in the order in which counts are given.
    pub fn values(&self, column: &str) -> &[String] {
        self.values.get(column).map_or(&[], Vec::as_slice)
    }

    /// The band that an age is in.
    pub fn age_band(&self, age: u32) -> usize {
        self.age_bands.iter().position(|end| age <= *end).unwrap_or(self.age_bands.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn the_figures_agree_with_each_other() {
        let figures = Figures::built_in();
        let rows: u32 = figures.regimes.iter().map(|regime| regime.rows).sum();
        let yes: u32 = figures.regimes.iter().map(|regime| regime.yes).sum();
        assert_eq!((rows, yes), (41_188, 4_640));
        for (index, group) in figures.groups.iter().enumerate() {
            let of_group = || figures.regimes.iter().filter(|regime| regime.group == index);
            let yes: u32 = of_group().map(|regime| regime.yes).sum();
            let no: u32 = of_group().map(|regime| regime.rows - regime.yes).sum();
            for (counts, expected) in [(&group.no, no), (&group.yes, yes)] {
                for counted in [&counts.job, &counts.contact, &counts.poutcome, &counts.campaign, &counts.defaulted] {
                    assert_eq!(counted.iter().sum::<u32>(), expected);
                }
            }
        }
        assert_eq!(figures.campaign_from.len(), figures.groups[0].no.campaign.len() + 1);
        assert_eq!(figures.marital.yes.len(), figures.age_bands.len());
    }
}
