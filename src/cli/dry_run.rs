//! How a dry run is told: what would be done, what would be asked for first, what would make it fail, and that nothing was changed.

use serde::Serialize;
use serde_json::{Value, json};

use super::failure::Failure;
use super::output::Output;
use crate::ops::{OpError, Outlook, prices};

/// What every dry run ends with.
pub const NOTHING: &str = "Nothing was changed.";

/// Tells an outlook: as lines of text, or as one JSON document. `asks` are the confirmations that the command would ask for.
///
/// # Errors
/// Exit code of the command itself, when something would make it fail.
pub fn tell<P: Serialize>(
    outlook: Result<Outlook<P>, OpError>,
    asks: &[String],
    json: bool,
    output: &mut Output,
    lines: impl FnOnce(&P) -> Vec<String>,
) -> Result<(), Failure> {
    let (plan, obstacles) = match outlook {
        Ok(Outlook { plan, obstacles }) => (Some(plan), obstacles),
        Err(error) => (None, vec![error]),
    };
    let code = obstacles.first().map(|obstacle| Failure::from(obstacle.clone()).code());
    if json {
        let told: Vec<Value> = obstacles.iter().map(obstacle).collect();
        output.json(&json!({
            "dry_run": true,
            "plan": plan,
            "asks": asks,
            "obstacles": told,
            "exit_code": code.unwrap_or_default(),
            "prices_as_of": prices::as_of(),
        }))?;
    } else {
        let told = plan.as_ref().map(lines).unwrap_or_default();
        told.iter().chain(&ending(asks, &obstacles)).try_for_each(|line| output.line(line))?;
    }
    output.flush()?;
    code.map_or(Ok(()), |code| Err(Failure::Silent(code)))
}

/// What comes after the plan.
fn ending(asks: &[String], obstacles: &[OpError]) -> Vec<String> {
    let mut lines: Vec<String> = asks.to_vec();
    for obstacle in obstacles {
        let (what, why) = (&obstacle.what, &obstacle.why);
        let what = obstacle.resource.as_deref().map_or_else(|| what.clone(), |resource| format!("{resource}: {what}"));
        lines.push(if why.is_empty() { format!("it would fail: {what}") } else { format!("it would fail: {what}: {why}") });
        lines.extend(obstacle.advice().map(|next| format!("  next: {next}")));
    }
    lines.push(NOTHING.to_owned());
    lines
}

fn obstacle(error: &OpError) -> Value {
    json!({
        "resource": error.resource,
        "what": error.what,
        "why": error.why,
        "next": error.advice(),
        "exit_code": Failure::from(error.clone()).code(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_and_what_is_in_the_way_come_before_the_last_line() {
        let obstacles = [
            OpError::precondition("BankDM-models", "version 2 cannot be deployed", "nobody has approved it", "approve it first"),
            OpError::failed("BankDM-v2", "will not touch the model", "").with_fix("choose another `demo.name`"),
        ];
        let told = ending(&["It asks for BankDM-prod to be typed.".to_owned()], &obstacles).join("\n");
        insta::assert_snapshot!(told, @r"
        It asks for BankDM-prod to be typed.
        it would fail: BankDM-models: version 2 cannot be deployed: nobody has approved it
          next: approve it first
        it would fail: BankDM-v2: will not touch the model
          next: choose another `demo.name`
        Nothing was changed.
        ");
        assert_eq!(ending(&[], &[]), [NOTHING]);
    }

    #[test]
    fn an_obstacle_has_the_exit_code_that_it_would_end_with() {
        let code = |error: &OpError| obstacle(error)["exit_code"].clone();
        assert_eq!(code(&OpError::precondition("", "a", "b", "c")), 3);
        assert_eq!(code(&OpError::usage("a", "b", "c")), 2);
        assert_eq!(code(&OpError::failed("", "a", "b")), 1);
    }
}
