//! `shiftdeck costs`: what the demonstration costs, now and so far.

use std::sync::Arc;

use clap::Args;

use super::failure::Failure;
use super::output::{Output, columns};
use super::session::Session;
use crate::config::Settings;
use crate::config::settings::TargetKind;
use crate::demo::figures;
use crate::ops::costs::{self, Costs};
use crate::ops::prices::{money, rate};

/// Show what the demonstration costs, by the hour and so far
#[derive(Debug, Args)]
#[command(
    after_help = "An estimate, by what the account shows and the dated prices of this program: on demand, without tax and free tier."
)]
pub struct CostsOf {
    /// One JSON document
    #[arg(long)]
    pub json: bool,
}

/// Shows the costs.
///
/// # Errors
/// When the account does not say.
pub async fn run(arguments: &CostsOf, settings: &Arc<Settings>, mut output: Output) -> Result<(), Failure> {
    let session = Session::open_to_look(settings).await?;
    let costs = costs::read(&session.quiet()).await?;
    if arguments.json {
        output.json(&costs)?;
    } else {
        if settings.aws.target == TargetKind::Local {
            output.line("The embedded AWS costs nothing. On an account this would be:")?;
        }
        lines(&costs).iter().try_for_each(|line| output.line(line))?;
        for idle in costs.parts.iter().filter_map(|part| part.idle.as_deref()) {
            output.line(&format!("{} {idle}", output.paint("33", "!")))?;
        }
    }
    output.flush()?;
    session.close().await;
    Ok(())
}

/// The costs as lines of text.
fn lines(costs: &Costs) -> Vec<String> {
    if costs.parts.is_empty() {
        return vec!["nothing is there that costs".to_owned()];
    }
    let mut rows = vec![["", "", "an hour", "so far", ""].map(str::to_owned).to_vec()];
    for part in &costs.parts {
        let hourly = match (part.usd_per_hour, part.usd_per_hour_at_work) {
            (Some(hourly), _) => rate(hourly),
            (None, Some(hourly)) => format!("{} at work", rate(hourly)),
            (None, None) => "unknown".to_owned(),
        };
        let so_far = part.usd.map(money).unwrap_or_default();
        rows.push(vec![part.kind.to_owned(), part.name.clone(), hourly, so_far, part.note.clone()]);
    }
    let mut lines = columns(&rows);
    lines.push(format!("{} (prices of {}, on demand)", costs.in_words(), costs.prices_as_of));
    if let Some(budget) = costs.budget_usd {
        let share = figures::percent(costs.usd / budget);
        lines.push(format!("{share} of the budget of {}", money(budget)));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::costs::Cost;

    #[test]
    fn costs_are_a_table_with_its_sum() {
        let part = |kind, usd_per_hour, usd_per_hour_at_work, usd| Cost {
            kind,
            name: "bankdm".to_owned(),
            usd_per_hour,
            usd_per_hour_at_work,
            since: None,
            usd,
            note: "1 × ml.m5.large".to_owned(),
            idle: None,
        };
        let parts = vec![part("Endpoint", Some(0.115), None, Some(0.23)), part("Workgroup", None, Some(1.5), Some(0.025))];
        let costs = Costs { parts, usd_per_hour: 0.115, usd: 0.255, prices_as_of: "2025-11-01", budget_usd: Some(1.0) };
        let text = lines(&costs).join("\n");
        assert!(
            text.contains("$1.50 at work") && text.contains("$0.115 an hour now, $0.26 so far (prices of 2025-11-01, on demand)"),
            "{text}"
        );
        assert!(text.contains("of the budget of $1.00"), "{text}");
    }
}
