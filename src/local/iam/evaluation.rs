//! Whether policies allow something: an explicit deny wins, an allow is needed.

use super::document::{Effect, Fit, Policy, Principal, Statement};
use super::keys::Keys;

/// What policies say of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decision {
    /// A statement allows it and none denies it.
    Allowed,
    /// A statement denies it.
    Denied,
    /// No statement is about it.
    NotAllowed,
    /// A statement that is about it has a condition operator that is not known here: the statement and the operator.
    Unknown {
        /// `Sid` of the statement.
        sid: Option<String>,
        /// Operator.
        operator: String,
    },
}

/// What the policies of an identity say of an action on a resource.
pub(super) fn of_identity<'a>(policies: impl Iterator<Item = &'a Policy>, action: &str, resource: &str, keys: &Keys) -> Decision {
    decide(policies, |statement| statement.is_about(action, resource, keys))
}

/// What a role's trust policy says of somebody who wants to assume it.
pub(super) fn of_trust(policy: &Policy, principal: Principal<'_>, keys: &Keys) -> Decision {
    decide(std::iter::once(policy), |statement| statement.is_about_principal(principal, "sts:AssumeRole", keys))
}

fn decide<'a>(policies: impl Iterator<Item = &'a Policy>, fit: impl Fn(&'a Statement) -> Fit<'a>) -> Decision {
    let (mut allowed, mut may_deny, mut may_allow) = (false, None, None);
    for statement in policies.flat_map(|policy| &policy.statements) {
        let unknown = |operator: &str| Decision::Unknown { sid: statement.sid.clone(), operator: operator.to_owned() };
        match (statement.effect, fit(statement)) {
            (_, Fit::No) => {}
            (Effect::Deny, Fit::Yes) => return Decision::Denied,
            (Effect::Deny, Fit::Unknown(operator)) => may_deny = Some(unknown(operator)),
            (Effect::Allow, Fit::Yes) => allowed = true,
            (Effect::Allow, Fit::Unknown(operator)) => may_allow = Some(unknown(operator)),
        }
    }
    // What cannot be evaluated denies, because it could; and it allows nothing, because it might not.
    match (may_deny, allowed, may_allow) {
        (Some(unknown), ..) | (None, false, Some(unknown)) => unknown,
        (None, true, _) => Decision::Allowed,
        (None, false, None) => Decision::NotAllowed,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use serde_json::{Value, json};

    use super::*;

    fn policy(statements: &Value) -> Policy {
        Policy::parse(&json!({ "Version": "2012-10-17", "Statement": statements }).to_string()).unwrap()
    }

    fn asked(policies: &[Policy], action: &str, resource: &str) -> Decision {
        of_identity(policies.iter(), action, resource, &Keys::default())
    }

    #[test]
    fn a_deny_wins_over_an_allow_of_another_policy() {
        let allow = policy(&json!({ "Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*" }));
        let deny = policy(&json!([{ "Effect": "Deny", "Action": ["s3:DeleteObject"], "Resource": "*" }]));
        let both = [allow.clone(), deny.clone()];
        assert_eq!(asked(&both, "s3:GetObject", "arn:aws:s3:::b/k"), Decision::Allowed);
        assert_eq!(asked(&both, "S3:deleteobject", "arn:aws:s3:::b/k"), Decision::Denied);
        assert_eq!(asked(&[deny, allow], "s3:DeleteObject", "arn:aws:s3:::b/k"), Decision::Denied);
        assert_eq!(asked(&both, "s3:GetObject", "arn:aws:s3:::other/k"), Decision::NotAllowed);
        assert_eq!(asked(&[], "s3:GetObject", "arn:aws:s3:::b/k"), Decision::NotAllowed);
    }

    #[test]
    fn all_but_those_that_are_named() {
        let policy = [policy(&json!([
            { "Effect": "Allow", "NotAction": ["iam:*", "sts:*"], "NotResource": "arn:aws:s3:::secret/*" },
        ]))];
        assert_eq!(asked(&policy, "s3:GetObject", "arn:aws:s3:::b/k"), Decision::Allowed);
        assert_eq!(asked(&policy, "s3:GetObject", "arn:aws:s3:::secret/k"), Decision::NotAllowed);
        assert_eq!(asked(&policy, "iam:PassRole", "arn:aws:iam::000000000000:role/r"), Decision::NotAllowed);
    }

    #[test]
    fn a_statement_counts_only_under_its_conditions() {
        let pass = [policy(&json!({
            "Effect": "Allow", "Action": "iam:PassRole", "Resource": "*",
            "Condition": { "StringEquals": { "iam:PassedToService": "sagemaker.amazonaws.com" } },
        }))];
        let to = |service: &str| of_identity(pass.iter(), "iam:PassRole", "r", &Keys::default().with("iam:PassedToService", service));
        assert_eq!((to("sagemaker.amazonaws.com"), to("lambda.amazonaws.com")), (Decision::Allowed, Decision::NotAllowed));
    }

    #[test]
    fn what_cannot_be_evaluated_neither_allows_nor_lets_through() {
        let condition = json!({ "NumericLessThan": { "s3:max-keys": "10" } });
        let statement = |effect: &str| json!({ "Sid": "Odd", "Effect": effect, "Action": "s3:*", "Resource": "*", "Condition": condition });
        let all = policy(&json!({ "Effect": "Allow", "Action": "*", "Resource": "*" }));
        let odd = |policies: &[Policy]| {
            matches!(asked(policies, "s3:ListBucket", "b"), Decision::Unknown { sid, operator }
                if sid.as_deref() == Some("Odd") && operator == "NumericLessThan")
        };
        assert!(odd(&[policy(&statement("Allow"))]));
        assert!(odd(&[all.clone(), policy(&statement("Deny"))]));
        // It is not asked for where something else decides.
        assert_eq!(asked(&[policy(&statement("Allow")), all.clone()], "s3:ListBucket", "b"), Decision::Allowed);
        let deny = policy(&json!({ "Effect": "Deny", "Action": "s3:*", "Resource": "*" }));
        assert_eq!(asked(&[all, policy(&statement("Deny")), deny], "s3:ListBucket", "b"), Decision::Denied);
    }

    #[test]
    fn a_role_is_trusted_to_services_and_accounts() {
        let trust = |principal: Value| policy(&json!({ "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole" }));
        let lambda = Principal::Service("lambda.amazonaws.com");
        let role = Principal::Role("arn:aws:iam::000000000000:role/r");
        let says = |policy: &Policy, who: Principal<'_>| of_trust(policy, who, &Keys::default()) == Decision::Allowed;
        let services = trust(json!({ "Service": ["redshift.amazonaws.com", "lambda.amazonaws.com"] }));
        assert!(says(&services, lambda) && !says(&services, Principal::Service("sagemaker.amazonaws.com")) && !says(&services, role));
        for account in ["000000000000", "arn:aws:iam::000000000000:root", "arn:aws:iam::000000000000:role/r", "*"] {
            assert!(says(&trust(json!({ "AWS": account })), role), "{account}");
        }
        assert!(!says(&trust(json!({ "AWS": "arn:aws:iam::111111111111:root" })), role));
        assert!(says(&trust(json!("*")), lambda));
    }

    #[test]
    fn a_document_that_is_not_understood_is_refused() {
        for (document, why) in [
            ("{", "EOF"),
            ("[]", "not an object"),
            ("{}", "no Statement"),
            (r#"{"Statement":[{"Effect":"Maybe","Action":"*","Resource":"*"}]}"#, "neither Allow nor Deny"),
            (r#"{"Statement":[{"Effect":"Allow","Resource":"*"}]}"#, "neither Action nor NotAction"),
            (r#"{"Statement":[{"Effect":"Allow","Action":"*","NotAction":"*","Resource":"*"}]}"#, "both"),
            (r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Conditions":{}}]}"#, "Conditions"),
            (r#"{"Statement":[{"Effect":"Allow","Action":"*","NotPrincipal":"*"}]}"#, "NotPrincipal"),
            (r#"{"Statement":[{"Effect":"Allow","Action":{"a":1},"Resource":"*"}]}"#, "Action"),
        ] {
            let refused = Policy::parse(document).unwrap_err();
            assert!(refused.contains(why), "{document}: {refused}");
        }
    }
}
