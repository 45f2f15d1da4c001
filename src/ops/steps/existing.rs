//! A warehouse that is there already (`warehouse.existing`): it is looked at and used. Nothing of it is changed but what a note in the bucket
//! says that this demonstration made in it.

use serde::{Deserialize, Serialize};

use crate::config::settings::WarehouseKind;
use crate::ops::error::op;
use crate::ops::report::Run;
use crate::ops::{Context, OpError, notes, query};

/// The note, beside the demonstration's other ones.
const INSIDE: &str = "inside_warehouse.json";

/// What the demonstration made in a warehouse that is not its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inside {
    /// The warehouse and its database that this is true of.
    place: (String, String),
    /// The schema, when it was made here.
    pub schema: Option<String>,
    /// The external schema, when it was made here.
    pub external_schema: Option<String>,
    /// The table: schema and name.
    pub table: Option<(String, String)>,
}

impl Inside {
    /// What the note says of the warehouse of the settings; nothing when there is no note, or it is of another one.
    pub async fn read(context: &Context) -> Result<Inside, OpError> {
        let scenario = &context.scenario;
        let place = (scenario.warehouse.clone(), scenario.database.clone());
        let known = notes::read::<Inside>(context, INSIDE).await?.filter(|known| known.place == place);
        Ok(known.unwrap_or(Inside { place, ..Inside::default() }))
    }

    /// Keeps the note. It is written before something is made: a note of what is not there does no harm, something without a note would never
    /// be removed.
    pub async fn write(&self, context: &Context) -> Result<(), OpError> {
        notes::write(context, INSIDE, self).await
    }
}

/// Looks whether the warehouse can be used: it is there and available, it lets the demonstration's role work, and the login opens it.
///
/// # Errors
/// A precondition that says what somebody with the right to do it has to do.
pub async fn check(run: &Run<'_>, role: &str) -> Result<(), OpError> {
    let context = run.context;
    let scenario = &context.scenario;
    let name = &scenario.warehouse;
    run.say(name, "looking whether the warehouse that is there already can be used")?;
    match context.settings.warehouse.kind {
        WarehouseKind::Serverless => workgroup(context, role).await?,
        WarehouseKind::Provisioned => cluster(context, role).await?,
    }
    let secret = &scenario.secret;
    if context.gateways.secrets.find(secret).await.map_err(op(secret, "could not look for the login"))?.is_none_or(|found| found.deleted) {
        let fix = "correct names.secret: a secret with the members `username` and `password`";
        return Err(OpError::precondition(secret, "the warehouse cannot be opened", format!("there is no secret `{secret}`"), fix));
    }
    query::few_rows(context, "SELECT current_user").await.map_err(|error| {
        let fix = error.fix.clone().unwrap_or_else(|| {
            format!("check that the login in `{secret}` is one of `{name}`, and that the database `{}` is there", scenario.database)
        });
        OpError::precondition(name, "the warehouse cannot be opened", error.why, fix)
    })?;
    Ok(())
}

async fn workgroup(context: &Context, role: &str) -> Result<(), OpError> {
    let name = &context.scenario.warehouse;
    let gateway = &context.gateways.serverless;
    let found = gateway.workgroup(name).await.map_err(op(name, "could not read the workgroup"))?;
    let Some(found) = found else { return Err(not_there(name, "workgroup")) };
    must_be_available(name, &found.status)?;
    let namespace = &found.namespace;
    let roles = gateway.namespace(namespace).await.map_err(op(namespace, "could not read the namespace"))?.map(|it| it.roles);
    let attached: Vec<&str> = roles.iter().flatten().map(|text| arn_in(text)).collect();
    if attached.contains(&role) {
        return Ok(());
    }
    // The call replaces the whole list.
    let all = attached.iter().copied().chain([role]).collect::<Vec<_>>().join(" ");
    Err(not_attached(name, role, &format!("aws redshift-serverless update-namespace --namespace-name {namespace} --iam-roles {all}")))
}

async fn cluster(context: &Context, role: &str) -> Result<(), OpError> {
    let name = &context.scenario.warehouse;
    let found = context.gateways.cluster.find(name).await.map_err(op(name, "could not read the cluster"))?;
    let Some(found) = found else { return Err(not_there(name, "cluster")) };
    must_be_available(name, &found.status)?;
    if found.roles.iter().any(|(attached, _)| attached == role) {
        return Ok(());
    }
    Err(not_attached(name, role, &format!("aws redshift modify-cluster-iam-roles --cluster-identifier {name} --add-iam-roles {role}")))
}

fn not_there(name: &str, kind: &str) -> OpError {
    let why = format!("there is no {kind} `{name}`, and the setting warehouse.existing says that it is there");
    OpError::precondition(
        name,
        "the warehouse cannot be used",
        why,
        "correct names.warehouse or warehouse.kind, or set warehouse.existing to false",
    )
}

fn must_be_available(name: &str, status: &str) -> Result<(), OpError> {
    if status.eq_ignore_ascii_case("available") {
        return Ok(());
    }
    let why = format!("its state is {}", status.to_lowercase());
    Err(OpError::precondition(name, "the warehouse cannot be used now", why, "run the step again when it is available"))
}

fn not_attached(name: &str, role: &str, command: &str) -> OpError {
    let why =
        format!("the role {role}, which lets it read the lake and train models, is not attached to it, and nothing of it is changed here");
    OpError::precondition(name, "the warehouse cannot be used", why, format!("have its owner run: {command}"))
}

/// The ARN in how the service lists a namespace's role: alone, or as `IamRole(applyStatus=in-sync, iamRoleArn=arn:…)`.
fn arn_in(text: &str) -> &str {
    let from = text.find("arn:").unwrap_or(0);
    let rest = &text[from..];
    &rest[..rest.find([',', ')']).unwrap_or(rest.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_role_is_found_in_both_spellings() {
        let arn = "arn:aws:iam::111122223333:role/Analysts";
        assert_eq!(arn_in(arn), arn);
        assert_eq!(arn_in(&format!("IamRole(applyStatus=in-sync, iamRoleArn={arn})")), arn);
    }
}
