//! When a cached step of a SageMaker pipeline takes over what an earlier execution found: which of the things that it was called with count, and
//! for how long.
//!
//! Which inputs count follows the service's documentation ("Default cache key attributes by pipeline step type"): of a job its container,
//! its environment, its hyperparameters and where it reads, and not where it writes or on which instance.

use chrono::Duration;
use serde_json::{Value, json};

/// How old a result may be that a step of a definition takes over; `None` when its caching is off or it has none.
///
/// # Errors
/// Its `CacheConfig` is not one; a sentence.
pub fn lasting(step: &Value) -> Result<Option<Duration>, String> {
    let config = &step["CacheConfig"];
    if config.is_null() {
        return Ok(None);
    }
    let enabled = config["Enabled"].as_bool().ok_or("the member Enabled of its CacheConfig has to be true or false")?;
    let after = match &config["ExpireAfter"] {
        Value::Null if enabled => return Err("its CacheConfig is enabled and has no ExpireAfter".into()),
        Value::Null => return Ok(None),
        Value::String(text) => {
            duration(text).ok_or_else(|| format!("the ExpireAfter of its CacheConfig, {text}, is no ISO 8601 duration"))?
        }
        other => return Err(format!("the ExpireAfter of its CacheConfig, {other}, is no ISO 8601 duration")),
    };
    Ok(enabled.then_some(after))
}

/// `P30D`, `PT16M`, `P1Y2M`, and without the P and in lower case as the service's documentation writes it. A year has 365 days, a month 30.
fn duration(text: &str) -> Option<Duration> {
    let upper = text.to_ascii_uppercase();
    let rest = upper.strip_prefix('P').unwrap_or(&upper);
    let (mut seconds, mut number, mut time, mut parts) = (0_i64, String::new(), false, 0);
    for character in rest.chars() {
        match character {
            '0'..='9' => number.push(character),
            'T' if !time && number.is_empty() => time = true,
            unit => {
                let each = match (unit, time) {
                    ('Y', false) => 365 * 86_400,
                    ('M', false) => 30 * 86_400,
                    ('W', false) => 7 * 86_400,
                    ('D', false) => 86_400,
                    ('H', true) => 3600,
                    ('M', true) => 60,
                    ('S', true) => 1,
                    _ => return None,
                };
                seconds = number.parse::<i64>().ok()?.checked_mul(each)?.checked_add(seconds)?;
                number.clear();
                parts += 1;
            }
        }
    }
    // Ten thousand years are a duration that a time can be reduced by.
    (parts > 0 && number.is_empty() && seconds <= 315_360_000_000).then(|| Duration::seconds(seconds))
}

/// What of a step's arguments decides whether a result is the same, by the type of the step in the definition (`Processing`, `Training`).
pub fn attributes(step_type: &str, arguments: &Value) -> Value {
    let members: &[&str] = match step_type {
        "Training" => &[
            "AlgorithmSpecification",
            "CheckpointConfig",
            "DebugHookConfig",
            "DebugRuleConfigurations",
            "Environment",
            "HyperParameters",
            "InputDataConfig",
        ],
        _ => &["AppSpecification", "Environment"],
    };
    let mut looked: Vec<Value> = members.iter().map(|member| arguments[*member].clone()).collect();
    // Of a processing job's inputs, how they are transferred makes no difference.
    let inputs = arguments["ProcessingInputs"].as_array().into_iter().flatten();
    looked.extend(inputs.map(|input| json!([input["InputName"], input["S3Input"]["S3Uri"], input["S3Input"]["LocalPath"]])));
    Value::from(looked)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn durations_are_iso_8601() {
        let seconds = |text: &str| duration(text).map(|duration| duration.num_seconds());
        assert_eq!(seconds("P30D"), Some(30 * 86_400));
        assert_eq!(seconds("30d"), Some(30 * 86_400));
        assert_eq!(seconds("T16m"), Some(16 * 60));
        assert_eq!(seconds("PT1H30M"), Some(5400));
        assert_eq!(seconds("30dT5h"), Some(30 * 86_400 + 5 * 3600));
        for wrong in ["", "P", "PT", "30", "P5H", "P-1D", "soon", "P99999999999999D"] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_cache_has_to_say_how_long_it_lasts() {
        let of = |config: Value| lasting(&json!({ "CacheConfig": config }));
        assert_eq!(lasting(&json!({})), Ok(None));
        assert_eq!(of(json!({"Enabled": false})), Ok(None));
        assert_eq!(of(json!({"Enabled": true, "ExpireAfter": "P1D"})), Ok(Some(Duration::days(1))));
        assert!(of(json!({"Enabled": true})).unwrap_err().contains("no ExpireAfter"));
        assert!(of(json!({"Enabled": true, "ExpireAfter": "soon"})).unwrap_err().contains("ISO 8601"));
        assert!(of(json!({"Enabled": "yes"})).unwrap_err().contains("true or false"));
    }
}
