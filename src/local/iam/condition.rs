//! Conditions of statements.
//!
//! What is done follows IAM's reference ("IAM JSON policy elements: Condition operators" and "Multivalued context keys"). An operator that is
//! not known here is never guessed: the statement then allows nothing, and denies all that it otherwise fits.

use serde_json::Value;

use super::document::texts;
use super::keys::Keys;
use super::pattern::{ArnPattern, Pattern, Reading};

/// What a condition compares a key with.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    Text(Vec<Pattern>),
    /// Lower case on both sides.
    TextInAnyCase(Vec<Pattern>),
    Arn(Vec<ArnPattern>),
    Truth(Vec<bool>),
    /// Whether the key is absent.
    Absent(bool),
    /// An operator that is not known here.
    Unknown,
}

/// How many of several values have to fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quantifier {
    Any,
    All,
}

/// An operator with one key and its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    /// The operator as it is written.
    operator: String,
    key: String,
    test: Test,
    /// `…Not…`: none of the values may fit.
    negated: bool,
    /// `…IfExists`.
    if_exists: bool,
    quantifier: Option<Quantifier>,
}

/// Whether a condition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict<'a> {
    Holds,
    Fails,
    /// The operator is not known here.
    Unknown(&'a str),
}

impl Condition {
    /// Reads the element `Condition` of a statement.
    pub(super) fn parse_all(element: &Value, variables: bool) -> Result<Vec<Condition>, String> {
        let operators = element.as_object().ok_or("Condition is not an object")?;
        let mut conditions = Vec::new();
        for (operator, tests) in operators {
            let tests = tests.as_object().ok_or_else(|| format!("the condition operator {operator} has no keys"))?;
            for (key, values) in tests {
                let values = texts(values).ok_or_else(|| format!("the values of the condition key {key} are no texts"))?;
                conditions.push(Condition::of(operator, key, &values, variables));
            }
        }
        Ok(conditions)
    }

    fn of(operator: &str, key: &str, values: &[String], variables: bool) -> Self {
        let (quantifier, plain) = match operator.split_once(':') {
            Some(("ForAnyValue", rest)) => (Some(Quantifier::Any), rest),
            Some(("ForAllValues", rest)) => (Some(Quantifier::All), rest),
            _ => (None, operator),
        };
        let (plain, if_exists) = plain.strip_suffix("IfExists").map_or((plain, false), |plain| (plain, true));
        let text = |wildcards: bool| values.iter().map(|value| Pattern::parse(value, Reading { wildcards, variables })).collect();
        let lower = || {
            let reading = Reading { wildcards: false, variables };
            values.iter().map(|value| Pattern::parse(&value.to_lowercase(), reading)).collect()
        };
        let arn = || values.iter().map(|value| ArnPattern::parse(value, variables)).collect();
        let truths = || values.iter().map(|value| truth(value)).collect::<Option<Vec<bool>>>();
        let (test, negated) = match plain {
            "StringEquals" => (Test::Text(text(false)), false),
            "StringNotEquals" => (Test::Text(text(false)), true),
            "StringEqualsIgnoreCase" => (Test::TextInAnyCase(lower()), false),
            "StringNotEqualsIgnoreCase" => (Test::TextInAnyCase(lower()), true),
            "StringLike" => (Test::Text(text(true)), false),
            "StringNotLike" => (Test::Text(text(true)), true),
            // The two behave identically, says the reference.
            "ArnEquals" | "ArnLike" => (Test::Arn(arn()), false),
            "ArnNotEquals" | "ArnNotLike" => (Test::Arn(arn()), true),
            "Bool" => (truths().map_or(Test::Unknown, Test::Truth), false),
            "Null" if quantifier.is_none() && !if_exists => match truths().as_deref() {
                Some([absent]) => (Test::Absent(*absent), false),
                _ => (Test::Unknown, false),
            },
            _ => (Test::Unknown, false),
        };
        Condition { operator: operator.to_owned(), key: key.to_ascii_lowercase(), test, negated, if_exists, quantifier }
    }

    /// Whether it holds for a request.
    pub(super) fn verdict(&self, keys: &Keys) -> Verdict<'_> {
        let given = keys.all(&self.key);
        let holds = match (&self.test, given) {
            (Test::Unknown, _) => return Verdict::Unknown(&self.operator),
            (Test::Absent(absent), given) => given.is_none() == *absent,
            (_, None) if self.if_exists => true,
            // Nothing is not the text that must not be there.
            (_, None) => match self.quantifier {
                Some(Quantifier::All) => true,
                Some(Quantifier::Any) => false,
                None => self.negated,
            },
            (test, Some(values)) => {
                let fits = |value: &String| test.fits(value, keys) != self.negated;
                match self.quantifier {
                    Some(Quantifier::Any) => values.iter().any(fits),
                    Some(Quantifier::All) => values.iter().all(fits),
                    None if self.negated => values.iter().all(fits),
                    None => values.iter().any(fits),
                }
            }
        };
        if holds { Verdict::Holds } else { Verdict::Fails }
    }
}

impl Test {
    /// Whether one of the values of the policy fits one of the request.
    fn fits(&self, value: &str, keys: &Keys) -> bool {
        match self {
            Test::Text(wanted) => wanted.iter().any(|wanted| wanted.matches(value, keys)),
            Test::TextInAnyCase(wanted) => {
                let value = value.to_lowercase();
                wanted.iter().any(|wanted| wanted.matches(&value, keys))
            }
            Test::Arn(wanted) => wanted.iter().any(|wanted| wanted.matches(value, keys)),
            Test::Truth(wanted) => truth(value).is_some_and(|value| wanted.contains(&value)),
            Test::Absent(_) | Test::Unknown => false,
        }
    }
}

fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use serde_json::json;

    use super::*;

    /// What a condition of one operator and one key says of a request.
    fn holds(condition: Value, keys: &Keys) -> bool {
        let conditions = Condition::parse_all(&condition, true).unwrap();
        conditions.iter().all(|condition| condition.verdict(keys) == Verdict::Holds)
    }

    fn one(key: &str, value: &str) -> Keys {
        Keys::default().with(key, value)
    }

    #[test]
    fn texts_are_compared_as_the_operator_says() {
        let keys = one("aws:PrincipalType", "AssumedRole");
        for (operator, value, expected) in [
            ("StringEquals", "AssumedRole", true),
            ("StringEquals", "assumedrole", false),
            ("StringEquals", "Assumed*", false),
            ("StringNotEquals", "User", true),
            ("StringNotEquals", "AssumedRole", false),
            ("StringEqualsIgnoreCase", "ASSUMEDROLE", true),
            ("StringNotEqualsIgnoreCase", "ASSUMEDROLE", false),
            ("StringLike", "Assumed?o*", true),
            ("StringNotLike", "Assumed*", false),
        ] {
            assert_eq!(holds(json!({ operator: { "aws:principaltype": value } }), &keys), expected, "{operator} {value}");
        }
    }

    #[test]
    fn of_several_values_one_is_enough_and_of_a_negated_operator_none_may_fit() {
        let keys = one("iam:PassedToService", "lambda.amazonaws.com");
        let services = json!(["lambda.amazonaws.com", "sagemaker.amazonaws.com"]);
        assert!(holds(json!({ "StringEquals": { "iam:PassedToService": services } }), &keys));
        assert!(!holds(json!({ "StringNotEquals": { "iam:PassedToService": services } }), &keys));
        // Several keys and several operators have to hold together.
        let both = json!({ "StringEquals": { "iam:PassedToService": "lambda.amazonaws.com" }, "Null": { "aws:TokenIssueTime": "false" } });
        assert!(!holds(both, &keys));
    }

    #[test]
    fn a_key_that_is_missing_fails_unless_it_may_be_missing() {
        let none = Keys::default();
        for (operator, expected) in [
            ("StringEquals", false),
            ("StringEqualsIfExists", true),
            ("StringNotEquals", true),
            ("StringLikeIfExists", true),
            ("ArnLike", false),
            ("ArnLikeIfExists", true),
            ("ForAnyValue:StringLike", false),
            ("ForAllValues:StringLike", true),
        ] {
            assert_eq!(holds(json!({ operator: { "aws:SourceArn": "x" } }), &none), expected, "{operator}");
        }
        assert!(!holds(json!({ "Bool": { "aws:SecureTransport": "true" } }), &none));
        assert!(holds(json!({ "BoolIfExists": { "aws:SecureTransport": true } }), &none));
    }

    #[test]
    fn arns_truths_and_absence() {
        let keys = one("aws:SourceArn", "arn:aws:lambda:us-east-1:000000000000:function:f").with("aws:SecureTransport", "true");
        assert!(holds(json!({ "ArnLike": { "aws:SourceArn": "arn:aws:lambda:*:000000000000:function:*" } }), &keys));
        assert!(holds(json!({ "ArnEquals": { "aws:SourceArn": "arn:*:lambda:us-east-1:*:function:f" } }), &keys));
        assert!(!holds(json!({ "ArnNotLike": { "aws:SourceArn": "arn:aws:lambda:*:*:function:f" } }), &keys));
        assert!(holds(json!({ "Bool": { "aws:SecureTransport": "TRUE" } }), &keys));
        assert!(!holds(json!({ "Bool": { "aws:SecureTransport": "false" } }), &keys));
        assert!(holds(json!({ "Null": { "aws:SourceArn": "false", "aws:SourceVpc": "true" } }), &keys));
    }

    #[test]
    fn of_several_values_of_the_request_any_or_all_have_to_fit() {
        let keys = one("aws:TagKeys", "a").with("aws:TagKeys", "b");
        assert!(holds(json!({ "ForAnyValue:StringEquals": { "aws:TagKeys": ["b", "c"] } }), &keys));
        assert!(!holds(json!({ "ForAllValues:StringEquals": { "aws:TagKeys": ["b", "c"] } }), &keys));
        assert!(holds(json!({ "ForAllValues:StringEquals": { "aws:TagKeys": ["a", "b", "c"] } }), &keys));
        assert!(!holds(json!({ "ForAnyValue:StringEquals": { "aws:TagKeys": ["c"] } }), &keys));
    }

    #[test]
    fn values_may_have_variables() {
        let owner = "redshift-data:statement-owner-iam-userid";
        let condition = json!({ "StringEquals": { owner: "${aws:userid}" } });
        assert!(holds(condition.clone(), &one(owner, "AROA:f").with("aws:userid", "AROA:f")));
        assert!(!holds(condition, &one(owner, "AROA:g").with("aws:userid", "AROA:f")));
    }

    #[test]
    fn an_operator_that_is_not_known_says_so() {
        for (operator, value) in
            [("NumericLessThan", json!("5")), ("IpAddress", json!("10.0.0.0/8")), ("Bool", json!("maybe")), ("NullIfExists", json!("true"))]
        {
            let conditions = Condition::parse_all(&json!({ operator: { "aws:SourceIp": value } }), true).unwrap();
            assert_eq!(conditions[0].verdict(&one("aws:SourceIp", "10.0.0.1")), Verdict::Unknown(operator));
        }
        assert!(Condition::parse_all(&json!({ "StringEquals": "x" }), true).is_err());
    }
}
