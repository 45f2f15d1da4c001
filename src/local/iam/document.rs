//! Policy documents: read once, asked often.

use serde_json::{Map, Value};

use super::condition::{Condition, Verdict};
use super::keys::Keys;
use super::pattern::{ArnPattern, Pattern, Reading};

/// The version of policies that has variables.
const WITH_VARIABLES: &str = "2012-10-17";
/// The elements of a statement.
const ELEMENTS: [&str; 9] = ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

/// A policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Policy {
    pub(super) statements: Vec<Statement>,
}

/// What a statement does with what fits it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Allow,
    Deny,
}

/// Those that are named, or all but those.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Named<T> {
    These(Vec<T>),
    AllBut(Vec<T>),
}

impl<T> Named<T> {
    fn has(&self, fits: impl Fn(&T) -> bool) -> bool {
        match self {
            Named::These(named) => named.iter().any(fits),
            Named::AllBut(named) => !named.iter().any(fits),
        }
    }
}

/// Who is meant, in a trust policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Principals {
    everyone: bool,
    services: Vec<String>,
    /// ARNs and account ids.
    accounts: Vec<String>,
}

/// A statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) sid: Option<String>,
    pub(super) effect: Effect,
    /// Lower case: the names of actions are the same in any case.
    actions: Named<Pattern>,
    /// Absent in a trust policy, which is about the role that has it.
    resources: Option<Named<ArnPattern>>,
    /// Absent in the policy of an identity.
    principals: Option<Principals>,
    conditions: Vec<Condition>,
}

/// Who wants to assume a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Principal<'a> {
    /// A service: `lambda.amazonaws.com`.
    Service(&'a str),
    /// A role of the account, by its ARN.
    Role(&'a str),
}

/// Whether a statement is about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit<'a> {
    No,
    Yes,
    /// It depends on a condition operator that is not known here.
    Unknown(&'a str),
}

impl Policy {
    /// Reads a document; the error says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Policy, String> {
        let document: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let members = document.as_object().ok_or("it is not an object")?;
        let variables = members.get("Version").and_then(Value::as_str) == Some(WITH_VARIABLES);
        let statements = match members.get("Statement") {
            Some(Value::Array(statements)) => statements.iter().collect(),
            Some(statement @ Value::Object(_)) => vec![statement],
            _ => return Err("it has no Statement".to_owned()),
        };
        let read = statements.into_iter().map(|statement| Statement::parse(statement, variables));
        Ok(Policy { statements: read.collect::<Result<_, _>>()? })
    }
}

impl Statement {
    fn parse(statement: &Value, variables: bool) -> Result<Statement, String> {
        let members = statement.as_object().ok_or("a statement is not an object")?;
        if let Some(other) = members.keys().find(|member| !ELEMENTS.contains(&member.as_str())) {
            return Err(format!("a statement has the unknown element {other}"));
        }
        let effect = match members.get("Effect").and_then(Value::as_str) {
            Some("Allow") => Effect::Allow,
            Some("Deny") => Effect::Deny,
            _ => return Err("the Effect of a statement is neither Allow nor Deny".to_owned()),
        };
        if members.contains_key("NotPrincipal") {
            return Err("NotPrincipal is not supported by the embedded AWS".to_owned());
        }
        let reading = Reading { wildcards: true, variables };
        let actions = named(members, "Action", "NotAction", |text| Pattern::parse(&text.to_ascii_lowercase(), reading))?;
        let conditions = members.get("Condition").map(|element| Condition::parse_all(element, variables)).transpose()?;
        Ok(Statement {
            sid: members.get("Sid").and_then(Value::as_str).map(str::to_owned),
            effect,
            actions: actions.ok_or("a statement has neither Action nor NotAction")?,
            resources: named(members, "Resource", "NotResource", |text| ArnPattern::parse(text, variables))?,
            principals: members.get("Principal").map(Principals::parse).transpose()?,
            conditions: conditions.unwrap_or_default(),
        })
    }

    /// Whether it is about an action of an identity on a resource.
    pub(super) fn is_about(&self, action: &str, resource: &str, keys: &Keys) -> Fit<'_> {
        let fits = self.actions.has(|wanted| wanted.matches(&action.to_ascii_lowercase(), keys))
            && self.resources.as_ref().is_some_and(|resources| resources.has(|wanted| wanted.matches(resource, keys)));
        if fits { self.under_conditions(keys) } else { Fit::No }
    }

    /// Whether it is about an action of a principal on the role that has the policy.
    pub(super) fn is_about_principal(&self, principal: Principal<'_>, action: &str, keys: &Keys) -> Fit<'_> {
        let fits = self.actions.has(|wanted| wanted.matches(&action.to_ascii_lowercase(), keys))
            && self.principals.as_ref().is_some_and(|principals| principals.have(principal));
        if fits { self.under_conditions(keys) } else { Fit::No }
    }

    fn under_conditions(&self, keys: &Keys) -> Fit<'_> {
        let mut unknown = None;
        for condition in &self.conditions {
            match condition.verdict(keys) {
                Verdict::Holds => {}
                Verdict::Fails => return Fit::No,
                Verdict::Unknown(operator) => unknown = Some(operator),
            }
        }
        unknown.map_or(Fit::Yes, Fit::Unknown)
    }
}

impl Principals {
    fn parse(element: &Value) -> Result<Self, String> {
        let mut principals = Principals::default();
        match element {
            Value::String(text) if text == "*" => principals.everyone = true,
            Value::Object(kinds) => {
                for (kind, named) in kinds {
                    let named = texts(named).ok_or_else(|| format!("the Principal {kind} is no text"))?;
                    match kind.as_str() {
                        "Service" => principals.services = named,
                        "AWS" => principals.accounts = named,
                        // Nobody signs in here through a federation.
                        "Federated" | "CanonicalUser" => {}
                        _ => return Err(format!("the Principal has the unknown kind {kind}")),
                    }
                }
            }
            _ => return Err("Principal is neither * nor an object".to_owned()),
        }
        Ok(principals)
    }

    fn have(&self, principal: Principal<'_>) -> bool {
        match principal {
            _ if self.everyone => true,
            Principal::Service(service) => self.services.iter().any(|known| known == service),
            Principal::Role(arn) => self.accounts.iter().any(|known| {
                let account = arn.split(':').nth(4).unwrap_or_default();
                known == "*" || known == arn || known == account || known.strip_suffix(":root").is_some_and(|root| root.ends_with(account))
            }),
        }
    }
}

/// Texts of the element that names, or of the one that excludes; `None` when there is neither.
fn named<T>(members: &Map<String, Value>, these: &str, all_but: &str, read: impl Fn(&str) -> T) -> Result<Option<Named<T>>, String> {
    let of = |element: &str| -> Result<Option<Vec<T>>, String> {
        let Some(value) = members.get(element) else { return Ok(None) };
        let listed = texts(value).ok_or_else(|| format!("{element} is neither a text nor a list of texts"))?;
        Ok(Some(listed.iter().map(|text| read(text)).collect()))
    };
    match (of(these)?, of(all_but)?) {
        (Some(_), Some(_)) => Err(format!("a statement has both {these} and {all_but}")),
        (Some(listed), None) => Ok(Some(Named::These(listed))),
        (None, Some(listed)) => Ok(Some(Named::AllBut(listed))),
        (None, None) => Ok(None),
    }
}

/// One value or several, as policies write them; truths and numbers as texts.
pub(super) fn texts(value: &Value) -> Option<Vec<String>> {
    let one = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    };
    match value {
        Value::Array(values) => values.iter().map(one).collect(),
        value => one(value).map(|text| vec![text]),
    }
}
