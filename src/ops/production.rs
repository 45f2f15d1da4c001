//! Whether an account is one in which nothing may happen by mistake.

use crate::config::Settings;

/// What has to be typed before anything is done in an account: its alias, or its id when it has none. `None` when the account is not one of
/// `aws.production`, or is the one of `aws.confirmed`.
pub fn phrase(settings: &Settings, account: &str, alias: Option<&str>) -> Option<String> {
    let names = || alias.into_iter().chain([account]);
    let production = settings.aws.production.iter().any(|pattern| names().any(|name| matches(pattern, name)));
    let confirmed = names().any(|name| name == settings.aws.confirmed);
    (production && !confirmed).then(|| alias.unwrap_or(account).to_owned())
}

/// Whether a name is of a pattern, in which `*` stands for anything.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut left) = name.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = left.find(part) else { return false };
        left = &left[at + part.len()..];
    }
    left.ends_with(last)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn asked(production: &[&str], confirmed: &str, account: &str, alias: Option<&str>) -> Option<String> {
        let mut settings = crate::config::load::load(&crate::config::Sources::default()).unwrap().settings;
        settings.aws.production = production.iter().map(|&pattern| pattern.to_owned()).collect();
        confirmed.clone_into(&mut settings.aws.confirmed);
        phrase(&settings, account, alias)
    }

    #[test]
    fn patterns_have_a_star_anywhere() {
        for (pattern, name, is) in [
            ("*prod*", "acme-production", true),
            ("*prod*", "prod", true),
            ("*prod*", "acme-dev", false),
            ("acme-*-live", "acme-eu-live", true),
            ("acme-*-live", "acme-live", false),
            ("*", "anything", true),
            ("acme", "acme", true),
            ("acme", "acme-2", false),
            ("a*b*b", "ab", false),
            ("a*b*b", "abb", true),
        ] {
            assert_eq!(matches(pattern, name), is, "{pattern} {name}");
        }
    }

    #[test]
    fn production_is_asked_about_by_its_alias_until_it_is_confirmed() {
        assert_eq!(asked(&["*prod*"], "", "123456789012", Some("acme-prod")).as_deref(), Some("acme-prod"));
        assert_eq!(asked(&["*prod*"], "", "123456789012", Some("acme-dev")), None);
        assert_eq!(asked(&["*prod*"], "acme-prod", "123456789012", Some("acme-prod")), None);
        assert_eq!(asked(&["*prod*"], "acme-prod", "123456789012", Some("other-prod")).as_deref(), Some("other-prod"));
        assert_eq!(asked(&["123456789012"], "", "123456789012", None).as_deref(), Some("123456789012"));
        assert_eq!(asked(&[], "", "123456789012", Some("acme-prod")), None);
    }
}
