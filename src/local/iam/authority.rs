//! The roles of the account as they are now, and what is decided by them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use parking_lot::RwLock;

use super::document::{Policy, Principal};
use super::evaluation::{self, Decision};
use super::keys::Keys;

/// A role as IAM has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleDocuments {
    /// ARN.
    pub arn: String,
    /// Name.
    pub name: String,
    /// Unique id, `AROA…`.
    pub id: String,
    /// Who may assume it: a policy document.
    pub trust: String,
    /// Its inline policies and the managed ones that are attached: name or ARN, and document.
    pub policies: Vec<(String, String)>,
    /// Its permissions boundary: ARN, and document.
    pub boundary: Option<(String, String)>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

/// A role with its documents read. They are read when they are first asked, and again when IAM has other ones.
#[derive(Debug)]
struct Role {
    documents: RoleDocuments,
    read: OnceLock<Read>,
}

/// The documents of a role; of one that cannot be read, why.
#[derive(Debug)]
struct Read {
    trust: Result<Policy, String>,
    policies: Result<Vec<Policy>, String>,
    boundary: Option<Result<Policy, String>>,
}

impl Role {
    fn read(&self) -> &Read {
        self.read.get_or_init(|| {
            let read =
                |(name, text): &(String, String)| Policy::parse(text).map_err(|why| format!("the policy {name} cannot be read: {why}"));
            Read {
                trust: Policy::parse(&self.documents.trust).map_err(|why| format!("its trust policy cannot be read: {why}")),
                policies: self.documents.policies.iter().map(read).collect(),
                boundary: self.documents.boundary.as_ref().map(read),
            }
        })
    }
}

#[derive(Debug)]
struct Shared {
    account: String,
    region: String,
    partition: &'static str,
    /// By ARN.
    roles: RwLock<Arc<BTreeMap<String, Arc<Role>>>>,
}

/// Who may do what in an account. Clones share it.
#[derive(Debug, Clone)]
pub struct Authority {
    shared: Arc<Shared>,
}

/// Why a service does not get a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAssumed {
    /// ARN of the role.
    pub role: String,
    /// Who wanted it: a service's principal or the ARN of another role.
    pub by: String,
    /// There is no such role.
    pub missing: bool,
    /// Its trust policy cannot be evaluated here, and why.
    pub unknown: Option<String>,
}

impl fmt::Display for NotAssumed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let NotAssumed { role, by, .. } = self;
        match (self.missing, &self.unknown) {
            (true, _) => write!(f, "the role {role} does not exist"),
            (false, Some(why)) => write!(f, "the role {role} cannot be assumed by {by}: {why}"),
            (false, None) => write!(f, "the trust policy of the role {role} does not allow {by} to assume it"),
        }
    }
}

impl std::error::Error for NotAssumed {}

/// Why an action is denied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// No policy of the role allows it.
    NotAllowed,
    /// A policy denies it.
    ExplicitDeny,
    /// The permissions boundary does not allow it.
    Boundary,
    /// The policies cannot be evaluated, and why.
    Unknown(String),
}

/// A role may not do something. Its text is IAM's sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// ARN of the session of the role.
    pub who: String,
    /// The action, `s3:GetObject`.
    pub action: String,
    /// ARN of what it would be done to.
    pub resource: String,
    /// Why.
    pub reason: Reason,
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Denied { who, action, resource, reason } = self;
        write!(f, "User: {who} is not authorized to perform: {action} on resource: {resource} ")?;
        match reason {
            Reason::NotAllowed => write!(f, "because no identity-based policy allows the {action} action"),
            Reason::ExplicitDeny => f.write_str("with an explicit deny in an identity-based policy"),
            Reason::Boundary => write!(f, "because no permissions boundary allows the {action} action"),
            Reason::Unknown(why) => write!(f, "because {why}"),
        }
    }
}

impl std::error::Error for Denied {}

impl Authority {
    /// The authority over an account that has no roles yet.
    pub fn new(account: &str, region: &str) -> Self {
        let partition = match region {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        };
        let shared = Shared { account: account.to_owned(), region: region.to_owned(), partition, roles: RwLock::default() };
        Authority { shared: Arc::new(shared) }
    }

    /// Takes over the roles as IAM has them now. What is read of a role that has not changed stays.
    pub fn replace(&self, roles: impl IntoIterator<Item = RoleDocuments>) {
        let before = self.roles();
        let after = roles.into_iter().map(|documents| {
            let arn = self.in_partition(&documents.arn);
            let same = before.get(&arn).filter(|role| role.documents == documents).cloned();
            (arn, same.unwrap_or_else(|| Arc::new(Role { documents, read: OnceLock::new() })))
        });
        let after = Arc::new(after.collect());
        *self.shared.roles.write() = after;
    }

    fn roles(&self) -> Arc<BTreeMap<String, Arc<Role>>> {
        Arc::clone(&self.shared.roles.read())
    }

    fn role(&self, arn: &str) -> Option<Arc<Role>> {
        self.shared.roles.read().get(&self.in_partition(arn)).cloned()
    }

    /// An ARN of the embedded account in the partition of its region. The embedded services write `aws` everywhere, and policies are
    /// written for the partition that the region belongs to.
    fn in_partition(&self, arn: &str) -> String {
        match arn.strip_prefix("arn:aws:") {
            Some(rest) if self.shared.partition != "aws" => format!("arn:{}:{rest}", self.shared.partition),
            _ => arn.to_owned(),
        }
    }

    /// The region of the account.
    pub fn region(&self) -> &str {
        &self.shared.region
    }

    /// `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`.
    pub fn arn(&self, service: &str, resource: &str) -> String {
        let Shared { account, region, partition, .. } = &*self.shared;
        format!("arn:{partition}:{service}:{region}:{account}:{resource}")
    }

    /// Lets somebody assume a role, if its trust policy does.
    ///
    /// # Errors
    /// The role does not exist, or is not for this principal.
    pub fn assume(&self, role: &str, by: Principal<'_>, session: &str) -> Result<Assumed, NotAssumed> {
        let refused = |missing: bool, unknown: Option<String>| {
            let (Principal::Service(by) | Principal::Role(by)) = by;
            NotAssumed { role: role.to_owned(), by: by.to_owned(), missing, unknown }
        };
        let Some(found) = self.role(role) else { return Err(refused(true, None)) };
        let keys = self.keys_of(by);
        match &found.read().trust {
            Err(why) => Err(refused(false, Some(why.clone()))),
            Ok(policy) => match evaluation::of_trust(policy, by, &keys) {
                Decision::Allowed => {
                    let role = self.in_partition(role);
                    Ok(Assumed { authority: self.clone(), role: role.into(), session: session.into() })
                }
                Decision::Denied | Decision::NotAllowed => Err(refused(false, None)),
                Decision::Unknown { sid, operator } => Err(refused(false, Some(unknown_operator(sid.as_deref(), &operator)))),
            },
        }
    }

    /// What a trust policy can ask of somebody who wants to assume the role.
    fn keys_of(&self, by: Principal<'_>) -> Keys {
        let keys = Keys::default().with("aws:SecureTransport", "true").with("aws:RequestedRegion", &self.shared.region);
        match by {
            Principal::Service(service) => {
                let keys = keys.with("aws:PrincipalIsAWSService", "true").with("aws:PrincipalServiceName", service);
                keys.with("aws:SourceAccount", &self.shared.account)
            }
            Principal::Role(arn) => keys.with("aws:PrincipalArn", arn).with("aws:PrincipalAccount", &self.shared.account),
        }
    }
}

fn unknown_operator(sid: Option<&str>, operator: &str) -> String {
    let statement = sid.map_or_else(|| "a statement".to_owned(), |sid| format!("the statement {sid}"));
    format!("{statement} has the condition operator {operator}, which the embedded AWS does not evaluate")
}

/// A role that somebody has assumed. Whether it may do something is decided by its policies at the moment when it is asked.
#[derive(Debug, Clone)]
pub struct Assumed {
    authority: Authority,
    role: Arc<str>,
    session: Arc<str>,
}

impl Assumed {
    /// ARN of the role.
    pub fn role_arn(&self) -> &str {
        &self.role
    }

    /// ARN of the session, which is who does what is done.
    pub fn arn(&self) -> String {
        let Shared { account, partition, .. } = &*self.authority.shared;
        let name = self.role.rsplit('/').next().unwrap_or(&self.role);
        format!("arn:{partition}:sts::{account}:assumed-role/{name}/{}", self.session)
    }

    /// The unique id of the session, `AROA…:NAME`.
    pub fn user_id(&self) -> String {
        let id = self.authority.role(&self.role).map(|role| role.documents.id.clone()).unwrap_or_default();
        format!("{id}:{}", self.session)
    }

    /// The account's authority.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Whether the role may do something now.
    ///
    /// # Errors
    /// It may not.
    pub fn may(&self, action: &str, resource: &str) -> Result<(), Denied> {
        self.may_with(action, resource, Keys::default())
    }

    /// Whether the role may do something now, in a request with further keys.
    ///
    /// # Errors
    /// It may not.
    pub fn may_with(&self, action: &str, resource: &str, keys: Keys) -> Result<(), Denied> {
        let resource = self.authority.in_partition(resource);
        match self.why_not(action, &resource, keys) {
            None => Ok(()),
            Some(reason) => {
                let denied = Denied { who: self.arn(), action: action.to_owned(), resource, reason };
                tracing::info!(%denied, "an action of a role is denied");
                Err(denied)
            }
        }
    }

    /// Whether the role may hand a role over to a service.
    ///
    /// # Errors
    /// It may not.
    pub fn may_pass(&self, role: &str, service: &str) -> Result<(), Denied> {
        self.may_with("iam:PassRole", role, Keys::default().with("iam:PassedToService", service))
    }

    fn why_not(&self, action: &str, resource: &str, keys: Keys) -> Option<Reason> {
        // A role that is gone has no policies.
        let Some(role) = self.authority.role(&self.role) else { return Some(Reason::NotAllowed) };
        let keys = self.keys(&role, keys);
        let read = role.read();
        let policies = match &read.policies {
            Ok(policies) => policies,
            Err(why) => return Some(Reason::Unknown(why.clone())),
        };
        match evaluation::of_identity(policies.iter(), action, resource, &keys) {
            Decision::Allowed => {}
            Decision::Denied => return Some(Reason::ExplicitDeny),
            Decision::NotAllowed => return Some(Reason::NotAllowed),
            Decision::Unknown { sid, operator } => return Some(Reason::Unknown(unknown_operator(sid.as_deref(), &operator))),
        }
        match &read.boundary {
            None => None,
            Some(Err(why)) => Some(Reason::Unknown(why.clone())),
            Some(Ok(boundary)) => match evaluation::of_identity(std::iter::once(boundary), action, resource, &keys) {
                Decision::Allowed => None,
                Decision::Denied => Some(Reason::ExplicitDeny),
                Decision::NotAllowed => Some(Reason::Boundary),
                Decision::Unknown { sid, operator } => Some(Reason::Unknown(unknown_operator(sid.as_deref(), &operator))),
            },
        }
    }

    /// What every request of the session has, beside its own.
    fn keys(&self, role: &Role, own: Keys) -> Keys {
        let Shared { account, region, .. } = &*self.authority.shared;
        let keys = own
            .with("aws:userid", format!("{}:{}", role.documents.id, self.session))
            .with("aws:PrincipalArn", &*self.role)
            .with("aws:PrincipalAccount", account)
            .with("aws:PrincipalType", "AssumedRole")
            .with("aws:ResourceAccount", account)
            .with("aws:RequestedRegion", region)
            .with("aws:SecureTransport", "true");
        role.documents.tags.iter().fold(keys, |keys, (key, value)| keys.with(&format!("aws:PrincipalTag/{key}"), value))
    }
}

/// On whose behalf something is done.
#[derive(Debug, Clone)]
pub enum Identity {
    /// Of whoever owns the embedded account: nothing is refused.
    Owner,
    /// Of a role.
    Role(Assumed),
}

impl Identity {
    /// Whether it may be done now.
    ///
    /// # Errors
    /// It may not.
    pub fn may(&self, action: &str, resource: &str) -> Result<(), Denied> {
        self.may_with(action, resource, Keys::default())
    }

    /// Whether it may be done now, in a request with further keys.
    ///
    /// # Errors
    /// It may not.
    pub fn may_with(&self, action: &str, resource: &str, keys: Keys) -> Result<(), Denied> {
        match self {
            Identity::Owner => Ok(()),
            Identity::Role(assumed) => assumed.may_with(action, resource, keys),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use serde_json::json;

    use super::super::service;
    use super::*;

    const ROLE: &str = "arn:aws:iam::000000000000:role/R";
    const LAMBDA: Principal<'_> = Principal::Service(service::LAMBDA);

    fn role(statements: &serde_json::Value) -> RoleDocuments {
        let document = |statements: &serde_json::Value| json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        let trusted = json!({ "Effect": "Allow", "Principal": { "Service": service::LAMBDA }, "Action": "sts:AssumeRole" });
        RoleDocuments {
            arn: ROLE.to_owned(),
            name: "R".to_owned(),
            id: "AROA1".to_owned(),
            trust: document(&trusted),
            policies: vec![("p".to_owned(), document(statements))],
            ..RoleDocuments::default()
        }
    }

    fn reads() -> serde_json::Value {
        json!({ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*" })
    }

    fn authority(role: RoleDocuments) -> Authority {
        let authority = Authority::new("000000000000", "us-east-1");
        authority.replace([role]);
        authority
    }

    #[test]
    fn a_role_is_assumed_by_those_whom_it_trusts() {
        let authority = authority(role(&reads()));
        let assumed = authority.assume(ROLE, LAMBDA, "f").unwrap();
        assert_eq!(assumed.arn(), "arn:aws:sts::000000000000:assumed-role/R/f");
        assert_eq!(assumed.user_id(), "AROA1:f");
        let other = authority.assume(ROLE, Principal::Service(service::SAGEMAKER), "s").unwrap_err();
        assert!(!other.missing && other.to_string().contains("sagemaker.amazonaws.com"), "{other}");
        let missing = authority.assume("arn:aws:iam::000000000000:role/none", LAMBDA, "f").unwrap_err();
        assert!(missing.missing);
    }

    #[test]
    fn a_session_is_bound_to_the_policies_of_now() {
        let authority = authority(role(&reads()));
        let assumed = authority.assume(ROLE, LAMBDA, "f").unwrap();
        assert_eq!(assumed.may("s3:GetObject", "arn:aws:s3:::b/k"), Ok(()));
        let denied = assumed.may("s3:PutObject", "arn:aws:s3:::b/k").unwrap_err();
        assert_eq!(
            denied.to_string(),
            "User: arn:aws:sts::000000000000:assumed-role/R/f is not authorized to perform: s3:PutObject on resource: arn:aws:s3:::b/k \
             because no identity-based policy allows the s3:PutObject action"
        );
        authority.replace([role(&json!({ "Effect": "Deny", "Action": "*", "Resource": "*" }))]);
        assert_eq!(assumed.may("s3:GetObject", "arn:aws:s3:::b/k").unwrap_err().reason, Reason::ExplicitDeny);
        authority.replace([]);
        assert_eq!(assumed.may("s3:GetObject", "arn:aws:s3:::b/k").unwrap_err().reason, Reason::NotAllowed);
    }

    #[test]
    fn a_role_that_has_not_changed_is_not_read_again() {
        let authority = authority(role(&reads()));
        let before = authority.role(ROLE).unwrap();
        authority.replace([role(&reads())]);
        assert!(Arc::ptr_eq(&before, &authority.role(ROLE).unwrap()));
        authority.replace([role(&json!([]))]);
        assert!(!Arc::ptr_eq(&before, &authority.role(ROLE).unwrap()));
    }

    #[test]
    fn a_boundary_takes_away_and_gives_nothing() {
        let boundary = json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::b/in/*" },
        ] });
        let bounded = RoleDocuments { boundary: Some(("boundary".into(), boundary.to_string())), ..role(&reads()) };
        let assumed = authority(bounded).assume(ROLE, LAMBDA, "f").unwrap();
        assert_eq!(assumed.may("s3:GetObject", "arn:aws:s3:::b/in/k"), Ok(()));
        assert_eq!(assumed.may("s3:GetObject", "arn:aws:s3:::b/k").unwrap_err().reason, Reason::Boundary);
        assert_eq!(assumed.may("s3:PutObject", "arn:aws:s3:::b/in/k").unwrap_err().reason, Reason::NotAllowed);
    }

    #[test]
    fn what_cannot_be_read_or_evaluated_allows_nothing_and_says_so() {
        let mut broken = role(&reads());
        broken.policies.push(("odd".to_owned(), "{".to_owned()));
        let denied = authority(broken).assume(ROLE, LAMBDA, "f").unwrap().may("s3:GetObject", "arn:aws:s3:::b/k").unwrap_err();
        assert!(denied.to_string().contains("the policy odd cannot be read"), "{denied}");
        let odd = json!({ "Sid": "Odd", "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": { "DateLessThan": { "aws:CurrentTime": "x" } } });
        let denied = authority(role(&odd)).assume(ROLE, LAMBDA, "f").unwrap().may("s3:GetObject", "arn:aws:s3:::b/k").unwrap_err();
        assert!(denied.to_string().contains("the statement Odd has the condition operator DateLessThan"), "{denied}");
    }

    #[test]
    fn variables_and_tags_are_those_of_the_session() {
        let own = json!([
            { "Effect": "Allow", "Action": "redshift-data:DescribeStatement", "Resource": "*",
              "Condition": { "StringEquals": { "redshift-data:statement-owner-iam-userid": "${aws:userid}" } } },
            { "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/${aws:PrincipalTag/team}/*" },
        ]);
        let tagged = RoleDocuments { tags: BTreeMap::from([("team".to_owned(), "blue".to_owned())]), ..role(&own) };
        let assumed = authority(tagged).assume(ROLE, LAMBDA, "f").unwrap();
        let of = |owner: &str| {
            let keys = Keys::default().with("redshift-data:statement-owner-iam-userid", owner);
            assumed.may_with("redshift-data:DescribeStatement", "*", keys).is_ok()
        };
        assert!(of("AROA1:f") && !of("AROA1:g"));
        assert!(
            assumed.may("s3:GetObject", "arn:aws:s3:::b/blue/k").is_ok() && assumed.may("s3:GetObject", "arn:aws:s3:::b/red/k").is_err()
        );
    }

    #[test]
    fn a_role_is_passed_to_the_service_that_the_policy_names() {
        let pass = json!({ "Effect": "Allow", "Action": "iam:PassRole", "Resource": ROLE,
            "Condition": { "StringEquals": { "iam:PassedToService": service::SAGEMAKER } } });
        let assumed = authority(role(&pass)).assume(ROLE, LAMBDA, "f").unwrap();
        assert!(assumed.may_pass(ROLE, service::SAGEMAKER).is_ok() && assumed.may_pass(ROLE, service::LAMBDA).is_err());
    }

    #[test]
    fn arns_of_the_account_are_in_the_partition_of_its_region() {
        let china = Authority::new("000000000000", "cn-north-1");
        let reads = json!({ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws-cn:s3:::b/*" });
        china.replace([role(&reads)]);
        let assumed = china.assume("arn:aws-cn:iam::000000000000:role/R", LAMBDA, "f").unwrap();
        assert!(assumed.may("s3:GetObject", "arn:aws:s3:::b/k").is_ok());
        assert_eq!(china.arn("glue", "catalog"), "arn:aws-cn:glue:cn-north-1:000000000000:catalog");
    }

    #[test]
    fn the_owner_of_the_account_is_refused_nothing() {
        assert_eq!(Identity::Owner.may("iam:DeleteRole", "*"), Ok(()));
    }
}
