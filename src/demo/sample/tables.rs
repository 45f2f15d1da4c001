//! The tables that rows are drawn from, made from the figures once for all rows.

use std::collections::BTreeMap;

use super::draw::{Counts, Quantiles};
use super::figures::{ByAnswer, Figures, Group, GroupCounts};

/// Tables for all months.
pub struct Tables<'a> {
    /// The values of the categories and the small lists.
    pub figures: &'a Figures,
    /// By group of months and answer.
    pub groups: Vec<ByAnswer<GroupTables>>,
    /// Education, by job.
    pub education: ByAnswer<Vec<Counts>>,
    /// Marital status, by age band.
    pub marital: ByAnswer<Vec<Counts>>,
    /// Pair of housing and personal loan.
    pub housing_loan: ByAnswer<Counts>,
    /// Day of the week.
    pub day_of_week: ByAnswer<Counts>,
    /// Earlier contacts, by group of months and outcome of the previous campaign.
    pub previous: Vec<Vec<Counts>>,
    /// Days since the previous campaign.
    pub pdays: Counts,
}

/// Tables of one group of months and one answer.
pub struct GroupTables {
    /// Job.
    pub job: Counts,
    /// Kind of contact.
    pub contact: Counts,
    /// Outcome of the previous campaign.
    pub poutcome: Counts,
    /// Class of the number of calls.
    pub campaign: Counts,
    /// Probability of an unknown default, to be multiplied by the ratios of age and education.
    pub unknown_default: f64,
    /// Probability that a known default is yes.
    pub defaulted: f64,
    /// Age, by job.
    pub age: Vec<Quantiles>,
    /// Seconds of the last call.
    pub duration: Quantiles,
}

impl<'a> Tables<'a> {
    /// Makes the tables.
    pub fn new(figures: &'a Figures) -> Self {
        let by = |table: &BTreeMap<String, Vec<u32>>, column: &str| -> Vec<Counts> {
            figures.values(column).iter().map(|value| Counts::new(table.get(value).map_or(&[][..], Vec::as_slice))).collect()
        };
        let both = |counts: &ByAnswer<Vec<u32>>| counts.map(|counts| Counts::new(counts));
        Tables {
            figures,
            groups: figures
                .groups
                .iter()
                .map(|group| ByAnswer { no: GroupTables::new(figures, group, false), yes: GroupTables::new(figures, group, true) })
                .collect(),
            education: figures.education.map(|by_job| by(by_job, "job")),
            marital: figures.marital.map(|bands| bands.iter().map(|counts| Counts::new(counts)).collect()),
            housing_loan: both(&figures.housing_loan.counts),
            day_of_week: both(&figures.day_of_week),
            previous: figures.groups.iter().map(|group| group.previous.iter().map(|counts| Counts::new(counts)).collect()).collect(),
            pdays: Counts::new(&figures.pdays),
        }
    }
}

impl GroupTables {
    fn new(figures: &Figures, group: &Group, yes: bool) -> Self {
        let counts: &GroupCounts = if yes { &group.yes } else { &group.no };
        let quantiles = |shares: &[f64], values: Option<&Vec<u32>>| Quantiles::new(shares, values.map_or(&[][..], Vec::as_slice));
        let ages = figures.age.get(&group.period).map(|by_answer| by_answer.of(yes));
        let age: Vec<Quantiles> =
            figures.values("job").iter().map(|job| quantiles(&figures.age_quantiles, ages.and_then(|by_job| by_job.get(job)))).collect();
        let duration = figures.duration.get(&group.period).map(|by_answer| by_answer.of(yes));
        let total: u32 = counts.defaulted.iter().sum();
        let (no, unknown, defaulted) = match counts.defaulted[..] {
            [no, unknown, yes] => (no, unknown, yes),
            _ => (total, 0, 0),
        };
        let ratio = average_ratio(figures, &counts.job, &age, yes);
        GroupTables {
            job: Counts::new(&counts.job),
            contact: Counts::new(&counts.contact),
            poutcome: Counts::new(&counts.poutcome),
            campaign: Counts::new(&counts.campaign),
            unknown_default: f64::from(unknown) / f64::from(total.max(1)) / ratio,
            defaulted: f64::from(defaulted) / f64::from((no + defaulted).max(1)),
            age,
            duration: quantiles(&figures.duration_quantiles, duration),
        }
    }
}

/// The mean of the ratios of age and education in a group with these jobs, so that the group as a whole keeps its share.
fn average_ratio(figures: &Figures, jobs: &[u32], ages: &[Quantiles], yes: bool) -> f64 {
    const POINTS: u32 = 32;
    let (mut sum, mut weight) = (0.0, 0.0);
    for ((job, count), age) in figures.values("job").iter().zip(jobs).zip(ages) {
        let by_age: f64 = (0..POINTS)
            .map(|point| {
                let age = age.at((f64::from(point) + 0.5) / f64::from(POINTS));
                figures.unknown_default_by_age[figures.age_band(age as u32)]
            })
            .sum::<f64>()
            / f64::from(POINTS);
        let education = figures.education.of(yes).get(job).map_or(&[][..], Vec::as_slice);
        let total: u32 = education.iter().sum();
        let by_education: f64 =
            education.iter().zip(&figures.unknown_default_by_education).map(|(count, ratio)| f64::from(*count) * ratio).sum::<f64>()
                / f64::from(total.max(1));
        sum += f64::from(*count) * by_age * by_education;
        weight += f64::from(*count);
    }
    if sum > 0.0 { sum / weight } else { 1.0 }
}
