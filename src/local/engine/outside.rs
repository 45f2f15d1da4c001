//! What the warehouse does outside itself (objects of S3, the data catalog, SageMaker) it does as a role: the one that a statement names,
//! which has to be attached to a warehouse and to trust it.
//!
//! An engine without an account around it, and statements of Athena, which work as whoever sent them, are refused nothing.

use std::collections::BTreeMap;

use parking_lot::RwLock;

use super::{Dialect, Engine, SqlError, SqlErrorKind};
use crate::local::iam::{AccessError, Assumed, Authority, Denied, Identity, NotAssumed, ObjectsOf, Principal, service};
use crate::local::objects::ObjectError;

/// The name that Redshift gives its sessions.
const SESSION: &str = "RedshiftIamRoleSession";
/// AWS's number of the error that access is denied, as Redshift shows it.
const ACCESS_DENIED: u32 = 15;
/// The number that Redshift shows for a role that it does not get.
const UNAUTHORIZED: u32 = 138;

/// The roles of the warehouses of one service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AttachedRoles {
    /// ARNs.
    pub roles: Vec<String>,
    /// ARN of the one that `IAM_ROLE default` means.
    pub default: Option<String>,
}

/// The account around the engine.
pub(super) struct Outside {
    authority: Authority,
    /// By service. All warehouses are doors to one engine, so that a role of any of them will do.
    attached: RwLock<BTreeMap<&'static str, AttachedRoles>>,
}

impl Outside {
    pub(super) fn new(authority: Authority) -> Self {
        Outside { authority, attached: RwLock::default() }
    }

    fn is_attached(&self, role: &str) -> bool {
        self.attached.read().values().any(|known| known.roles.iter().any(|known| known == role))
    }

    fn default_role(&self) -> Option<String> {
        self.attached.read().values().find_map(|known| known.default.clone())
    }

    /// Assumes the roles of a chain, each by the one before it, the first one by Redshift. Gives the last.
    fn assume(&self, chain: &str) -> Result<Assumed, SqlError> {
        let mut roles = chain.split(',').map(str::trim);
        let first = roles.next().unwrap_or_default();
        // A cluster and a workgroup take a role that either of the two services may have.
        let as_service = |name| self.authority.assume(first, Principal::Service(name), SESSION);
        let mut assumed = as_service(service::REDSHIFT).or_else(|_| as_service(service::REDSHIFT_SERVERLESS)).map_err(no_role)?;
        for role in roles {
            let before = assumed.role_arn().to_owned();
            assumed.may("sts:AssumeRole", role).map_err(|denied| unauthorized(&denied.to_string()))?;
            assumed = self.authority.assume(role, Principal::Role(&before), SESSION).map_err(no_role)?;
        }
        Ok(assumed)
    }
}

impl Engine {
    /// Tells which roles the warehouses of a service have.
    pub fn attach_roles(&self, service: &'static str, roles: AttachedRoles) {
        if let Some(outside) = &self.inner.outside {
            outside.attached.write().insert(service, roles);
        }
    }

    /// On whose behalf a statement works outside the warehouse that says `IAM_ROLE`: an ARN, a chain of them, `default`, or `SESSION`, which
    /// means whoever sent the statement.
    pub(super) fn identity(&self, written: &str) -> Result<Identity, SqlError> {
        let Some(outside) = &self.inner.outside else { return Ok(Identity::Owner) };
        if written.eq_ignore_ascii_case("session") {
            return Ok(Identity::Owner);
        }
        let role = if written.eq_ignore_ascii_case("default") {
            outside.default_role().ok_or_else(|| {
                let hint = "Name a role with IAM_ROLE 'arn:aws:iam::<account>:role/<name>', or make one of the attached roles the default.";
                let message = format!("ERROR: the warehouse has no default IAM role\n  Hint: {hint}");
                SqlError::new(SqlErrorKind::Semantic, message)
            })?
        } else {
            written.to_owned()
        };
        let first = role.split(',').next().unwrap_or_default().trim();
        if !outside.is_attached(first) {
            return Err(unauthorized(&format!("The requested role {first} is not associated to cluster")));
        }
        outside.assume(&role).map(Identity::Role)
    }

    /// The same for work that goes on after a restart: the role was attached when it began.
    pub(super) fn identity_again(&self, role: &str) -> Result<Identity, SqlError> {
        match &self.inner.outside {
            Some(outside) if !role.eq_ignore_ascii_case("session") => outside.assume(role).map(Identity::Role),
            _ => Ok(Identity::Owner),
        }
    }

    /// The objects of S3 as an identity may use them.
    pub(super) fn objects_of(&self, identity: Identity) -> ObjectsOf {
        ObjectsOf::new(self.objects(), identity)
    }
}

fn no_role(error: NotAssumed) -> SqlError {
    tracing::info!(%error, "a role is refused");
    unauthorized(&format!("Not authorized to get credentials of role {}", error.role))
}

/// An exception of another service in Redshift's words.
fn exception(name: &str, number: u32, message: &str) -> SqlError {
    let message = format!("ERROR: exception name : {name}, error type : {number}, message: {message}, should retry : 0");
    SqlError::new(SqlErrorKind::Execution, message)
}

fn unauthorized(message: &str) -> SqlError {
    exception("UnauthorizedException", UNAUTHORIZED, message)
}

/// What another service than S3 does not allow, in Redshift's words.
pub(super) fn denied(denied: &Denied) -> SqlError {
    exception("AccessDeniedException", ACCESS_DENIED, &denied.to_string())
}

/// A failure of S3 in Redshift's words, without `ERROR`. `doing` says what was being done when it was access that failed.
pub(super) fn s3_words(error: &AccessError, doing: &str) -> String {
    match error {
        AccessError::Denied(denied) => {
            format!("S3ServiceException:{denied},Status 403,Error AccessDenied,CanRetry 1\n  Detail: {doing}")
        }
        AccessError::Object(ObjectError::NoBucket(bucket)) => {
            format!("S3ServiceException:The specified bucket does not exist,Status 404,Error NoSuchBucket ({bucket})")
        }
        AccessError::Object(ObjectError::NoKey { bucket, key }) => {
            format!("S3ServiceException:The specified key does not exist.,Status 404,Error NoSuchKey (s3://{bucket}/{key})")
        }
        AccessError::Object(other) => format!("S3ServiceException:{other}"),
    }
}

/// Asks for an action of the data catalog. Of a table it also concerns its database, and of a database the catalog.
pub(super) fn catalog(identity: &Identity, action: &str, database: &str, table: Option<&str>) -> Result<(), SqlError> {
    let Identity::Role(role) = identity else { return Ok(()) };
    let resources =
        [Some("catalog".to_owned()), Some(format!("database/{database}")), table.map(|table| format!("table/{database}/{table}"))];
    for resource in resources.into_iter().flatten() {
        role.may(action, &role.authority().arn("glue", &resource)).map_err(|refused| denied(&refused))?;
    }
    Ok(())
}

/// What Redshift's documentation of permissions names for reading a table with partitions. It does not say which is asked when.
const PARTITIONS: [&str; 3] = ["glue:GetPartitions", "glue:GetPartition", "glue:BatchGetPartition"];

/// Asks for the definition of an external table, with its partitions where it has any.
pub(super) fn definition(identity: &Identity, database: &str, table: &str, partitioned: bool) -> Result<(), SqlError> {
    catalog(identity, "glue:GetTable", database, Some(table))?;
    let partitions = if partitioned { PARTITIONS.as_slice() } else { &[] };
    partitions.iter().try_for_each(|action| catalog(identity, action, database, Some(table)))
}

impl super::work::Work<'_> {
    /// On whose behalf the external schema of a name works on the lake.
    pub(super) fn lake_identity(&self, name: &super::catalog::TableName) -> Result<Identity, SqlError> {
        if self.dialect() == Dialect::Athena {
            return Ok(Identity::Owner);
        }
        match self.catalog().schema(&name.database, &name.schema).and_then(|schema| schema.external.as_ref()) {
            Some(external) => self.engine().identity(&external.iam_role),
            None => Ok(Identity::Owner),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use serde_json::json;

    use super::*;
    use crate::local::iam::RoleDocuments;

    fn role(name: &str, principal: serde_json::Value, actions: &[&str]) -> RoleDocuments {
        let document = |statement: serde_json::Value| json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
        RoleDocuments {
            arn: arn(name),
            name: name.to_owned(),
            trust: document(json!({ "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole" })),
            policies: vec![("p".to_owned(), document(json!({ "Effect": "Allow", "Action": actions, "Resource": "*" })))],
            ..RoleDocuments::default()
        }
    }

    fn arn(name: &str) -> String {
        format!("arn:aws:iam::000000000000:role/{name}")
    }

    fn outside() -> Outside {
        let authority = Authority::new("000000000000", "us-east-1");
        authority.replace([
            role("cluster", json!({ "Service": service::REDSHIFT }), &["sts:AssumeRole"]),
            role("serverless", json!({ "Service": service::REDSHIFT_SERVERLESS }), &["glue:GetTable"]),
            role("chained", json!({ "AWS": arn("cluster") }), &["s3:GetObject"]),
            role("other", json!({ "Service": service::LAMBDA }), &["s3:GetObject"]),
        ]);
        Outside::new(authority)
    }

    #[test]
    fn a_role_has_to_trust_one_of_the_two_services() {
        let outside = outside();
        for name in ["cluster", "serverless"] {
            assert_eq!(outside.assume(&arn(name)).unwrap().role_arn(), arn(name));
        }
        let refused = outside.assume(&arn("other")).unwrap_err().message;
        assert!(refused.contains("UnauthorizedException") && refused.contains("Not authorized to get credentials of role"), "{refused}");
        assert!(outside.assume(&arn("none")).is_err());
    }

    #[test]
    fn roles_are_chained_where_the_first_may_and_the_second_trusts_it() {
        let outside = outside();
        assert_eq!(outside.assume(&format!("{}, {}", arn("cluster"), arn("chained"))).unwrap().role_arn(), arn("chained"));
        let may_not = outside.assume(&format!("{},{}", arn("serverless"), arn("chained"))).unwrap_err().message;
        assert!(may_not.contains("sts:AssumeRole"), "{may_not}");
        assert!(outside.assume(&format!("{},{}", arn("cluster"), arn("other"))).is_err());
    }

    #[test]
    fn the_data_catalog_is_asked_about_everything_above_a_table() {
        let role = outside().assume(&arn("serverless")).unwrap();
        let identity = Identity::Role(role);
        assert!(definition(&identity, "bankdm", "t", false).is_ok());
        let refused = definition(&identity, "bankdm", "t", true).unwrap_err().message;
        assert!(
            refused.contains("AccessDeniedException") && refused.contains("glue:GetPartitions") && refused.contains(":catalog"),
            "{refused}"
        );
        assert!(definition(&Identity::Owner, "bankdm", "t", true).is_ok());
    }

    #[test]
    fn a_denial_of_s3_has_its_code() {
        let who = "arn:aws:sts::000000000000:assumed-role/r/s".to_owned();
        let reason = crate::local::iam::Reason::NotAllowed;
        let denied = Denied { who, action: "s3:GetObject".into(), resource: "arn:aws:s3:::b/k".into(), reason };
        let words = s3_words(&AccessError::Denied(denied), "S3 key being read : s3://b/k");
        assert!(words.starts_with("S3ServiceException:User: arn:aws:sts::") && words.contains("Error AccessDenied"), "{words}");
        assert!(s3_words(&AccessError::Object(ObjectError::NoBucket("b".into())), "").contains("NoSuchBucket"));
    }
}
