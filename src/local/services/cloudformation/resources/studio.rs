//! SageMaker Studio: domains and their users.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::kinds::{DOMAIN, USER_PROFILE};
use super::{Made, Making, New, Refusal, World, id, network, text, texts};

/// A name as SageMaker takes it: up to 63 letters, digits and single hyphens inside.
fn name(properties: &Map<String, Value>, member: &str) -> Result<String, Refusal> {
    let given = text(properties, member);
    let fine = !given.is_empty()
        && given.len() <= 63
        && given.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !given.starts_with('-')
        && !given.ends_with('-');
    if fine {
        return Ok(given);
    }
    let pattern = "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}";
    Err(Refusal::sagemaker(format!(
        "1 validation error detected: Value '{given}' at '{member}' failed to satisfy constraint: Member must satisfy regular expression pattern: {pattern}"
    )))
}

fn role(settings: Option<&Value>, needed: bool) -> Result<(), Refusal> {
    let given = settings.and_then(|settings| settings.get("ExecutionRole")).and_then(Value::as_str);
    match given {
        Some(arn) if arn.starts_with("arn:aws") && arn.contains(":iam::") && arn.contains(":role/") => Ok(()),
        Some(arn) => Err(Refusal::sagemaker(format!("The execution role '{arn}' is not the ARN of a role"))),
        None if needed => Err(Refusal::sagemaker("ExecutionRole must be provided in DefaultUserSettings")),
        None => Ok(()),
    }
}

pub(super) fn make_domain(properties: &Map<String, Value>, world: &World) -> Making {
    name(properties, "DomainName")?;
    let mode = text(properties, "AuthMode");
    if mode != "IAM" {
        return Err(Refusal::sagemaker(format!("The embedded AWS has domains with the AuthMode IAM only, not {mode}")));
    }
    role(properties.get("DefaultUserSettings"), true)?;
    let access = text(properties, "AppNetworkAccessType");
    if !matches!(access.as_str(), "" | "PublicInternetOnly" | "VpcOnly") {
        return Err(Refusal::sagemaker(format!("'{access}' is no AppNetworkAccessType: PublicInternetOnly or VpcOnly")));
    }
    let (vpc, subnets) = (text(properties, "VpcId"), texts(properties, "SubnetIds"));
    if vpc.is_empty() || subnets.is_empty() {
        return Err(Refusal::sagemaker("VpcId and SubnetIds must be provided"));
    }
    let unknown = |refusal: Refusal| Refusal::sagemaker(refusal.message());
    network::vpc(world, &vpc).map_err(unknown)?;
    for subnet in &subnets {
        if let Some(found) = network::subnet(world, subnet).map_err(unknown)?
            && found.text("VpcId").as_deref() != Some(&vpc)
        {
            return Err(Refusal::sagemaker(format!("The subnet '{subnet}' does not belong to the VPC '{vpc}'")));
        }
    }
    // Twelve lower-case letters and digits, as SageMaker's ids of domains have them.
    let random = Uuid::new_v4().simple().to_string();
    let physical = format!("d-{}", &random[..12]);
    let (region, account) = (&world.region, &world.account);
    Ok(New::of(physical.clone())
        .with("DomainArn", format!("arn:aws:sagemaker:{region}:{account}:domain/{physical}"))
        .with("HomeEfsFileSystemId", id("fs"))
        .with("SecurityGroupIdForDomainBoundary", "")
        .with("Url", format!("https://{physical}.studio.{region}.sagemaker.aws"))
        .with("DomainId", physical))
}

pub(super) fn make_user_profile(properties: &Map<String, Value>, world: &World) -> Making {
    let (domain, user) = (text(properties, "DomainId"), name(properties, "UserProfileName")?);
    if world.find(DOMAIN, &domain).is_none() {
        return Err(Refusal::sagemaker(format!("Domain [{domain}] does not exist")).missing());
    }
    role(properties.get("UserSettings"), false)?;
    if world.of(USER_PROFILE).any(|other| other.physical == user && other.text("DomainId").as_deref() == Some(&domain)) {
        return Err(Refusal::sagemaker(format!("UserProfile [{user}] already exists in the domain [{domain}]")).exists());
    }
    let (region, account) = (&world.region, &world.account);
    let arn = format!("arn:aws:sagemaker:{region}:{account}:user-profile/{domain}/{user}");
    Ok(New::of(user).with("UserProfileArn", arn))
}

/// Why a domain stays: it has users.
pub(super) fn held_domain(made: &Made, world: &World) -> Option<Refusal> {
    let users = world.of(USER_PROFILE).any(|user| user.text("DomainId").as_deref() == Some(&made.physical));
    users.then(|| Refusal::sagemaker(format!("Unable to delete Domain [{}] because UserProfile(s) are associated with it", made.physical)))
}
