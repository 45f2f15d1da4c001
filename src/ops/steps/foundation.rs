//! Step 1: bucket, roles with their policies, warehouse with its login, the function that unloads, the group of models; on request the
//! network that the warehouse lies in, and a studio.
//!
//! What does not depend on each other is made at the same time, so that the waits overlap.

use std::collections::HashMap;

use base64::Engine as _;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{StepOutcome, existing, roles, stacks, warehouse};
use crate::aws::functions::NewFunction;
use crate::aws::{OrThere, Tags, zip};
use crate::config::settings::WarehouseKind;
use crate::demo::pipeline_definition::{UNLOAD_FILE, UNLOAD_FUNCTION, UNLOAD_HANDLER};
use crate::demo::policies::DemoRole;
use crate::demo::stack::DemoStack;
use crate::ops::error::op;
use crate::ops::report::Run;
use crate::ops::{Context, OpError, OpErrorKind, data, doctor};

/// The longest that the function may run: Lambda's own limit.
const FUNCTION_SECONDS: i32 = 900;

pub async fn run(run: &Run<'_>) -> Result<StepOutcome, OpError> {
    let context = run.context;
    let scenario = &context.scenario;
    // A bad file is refused here, before anything is made.
    data::check(context).await?;
    doctor::only_ours(context).await?;
    let caller = context.caller().await?;
    let tags = context.tags(&caller);
    let account = caller.account.as_str();

    let with_warehouse = async {
        if context.settings.warehouse.existing {
            let ((network, stacks_changed), (role, role_changed), (sagemaker, sagemaker_changed)) = tokio::try_join!(
                stacks::network(run, &tags),
                roles::ensure(run, DemoRole::Redshift, account, &tags),
                roles::ensure(run, DemoRole::SageMaker, account, &tags),
            )?;
            let ((), studio_changed) = tokio::try_join!(existing::check(run, &role), stacks::studio(run, &sagemaker, &network, &tags))?;
            return Ok(stacks_changed || studio_changed || role_changed || sagemaker_changed);
        }
        let ((network, stacks_changed), (role, role_changed), (sagemaker, sagemaker_changed), password) = tokio::try_join!(
            stacks::network(run, &tags),
            roles::ensure(run, DemoRole::Redshift, account, &tags),
            roles::ensure(run, DemoRole::SageMaker, account, &tags),
            warehouse::ensure_login(run, &tags),
        )?;
        let (changed, studio_changed) =
            tokio::try_join!(warehouse::ensure(run, &role, &password, &network, &tags), stacks::studio(run, &sagemaker, &network, &tags))?;
        Ok::<bool, OpError>(changed || stacks_changed || studio_changed || role_changed || sagemaker_changed || password.made)
    };
    let with_function = async {
        let (role, role_changed) = roles::ensure(run, DemoRole::Lambda, account, &tags).await?;
        Ok::<bool, OpError>(function(run, &role, &tags).await? || role_changed)
    };
    // First and alone: it is the one thing that is not made with its tag, so that it must not be broken off when something else fails.
    let bucket = bucket(run, &tags).await?;
    let (warehouse, function, group) = tokio::try_join!(with_warehouse, with_function, model_group(run, &tags))?;
    let changed = bucket || warehouse || function || group;
    let warehouse = match context.settings.warehouse.kind {
        _ if context.settings.warehouse.existing => "which was there already and is only used".to_owned(),
        WarehouseKind::Serverless => format!("Redshift Serverless with {} RPU", context.settings.warehouse.base_capacity),
        WarehouseKind::Provisioned => {
            format!("{} × {}", context.settings.warehouse.nodes, context.settings.warehouse.node_type)
        }
    };
    let stacks: Vec<&str> = DemoStack::ALL
        .into_iter()
        .filter(|stack| crate::ops::stacks::is_wanted(context, *stack))
        .map(|stack| stack.name(scenario))
        .collect();
    let more = match stacks.as_slice() {
        [] => String::new(),
        [one] => format!(", and the stack `{one}`"),
        [one, other, ..] => format!(", and the stacks `{one}` and `{other}`"),
    };
    let message =
        format!("The warehouse `{}` is available ({warehouse}), with bucket, three roles, login and function{more}", scenario.warehouse);
    let mut detail = json!({
        "bucket": scenario.bucket,
        "warehouse": scenario.warehouse,
        "roles": DemoRole::ALL.map(|role| role.name(scenario).to_owned()),
        "secret": scenario.secret,
        "function": scenario.function,
        "model_group": scenario.model_group,
    });
    if !stacks.is_empty() {
        detail["stacks"] = json!(stacks);
    }
    Ok(StepOutcome::new(changed, message, detail))
}

async fn bucket(run: &Run<'_>, tags: &Tags) -> Result<bool, OpError> {
    let context = run.context;
    let name = &context.scenario.bucket;
    let gateway = &context.gateways.objects;
    let mut changed = false;
    let exists = gateway.bucket_exists(name).await.map_err(|error| taken(name, op(name, "could not look for the bucket")(error)))?;
    if !exists {
        run.say(name, "creating the bucket, tagged and closed to the public")?;
        make_bucket(context, tags).await?;
        changed = true;
    }
    let (present, private) =
        tokio::try_join!(async { gateway.bucket_tags(name).await.map_err(op(name, "could not read the bucket's tags")) }, async {
            gateway.is_private(name).await.map_err(op(name, "could not read who may see the bucket"))
        },)?;
    // A bucket that was there is the user's own: it is used, and never removed. One without tags and objects may be ours from a run that was
    // broken off before it came to that.
    let empty = async { gateway.is_empty(name).await.map_err(op(name, "could not look into the bucket")) };
    if present.is_empty() && empty.await? {
        gateway.tag_bucket(name, tags).await.map_err(op(name, "could not tag the bucket"))?;
        changed = true;
    }
    if !private {
        gateway.block_public_access(name).await.map_err(op(name, "could not close the bucket to the public"))?;
        changed = true;
    }
    Ok(changed)
}

/// Makes a bucket and tags it before anything else can fail: without its tag nobody would know whose it is, and a cleanup would leave it.
async fn make_bucket(context: &Context, tags: &Tags) -> Result<(), OpError> {
    let name = &context.scenario.bucket;
    let gateway = &context.gateways.objects;
    if let Err(error) = gateway.create_bucket(name, &context.scenario.region).await {
        // The answer may be what has failed: it was not there a moment ago, and one of another account is not shown as there.
        if !matches!(gateway.bucket_exists(name).await, Ok(true)) {
            return Err(taken(name, op(name, "could not create the bucket")(error)));
        }
    }
    if let Err(error) = gateway.tag_bucket(name, tags).await {
        let _ = gateway.delete_bucket(name).await;
        return Err(op(name, "could not tag the bucket")(error));
    }
    Ok(())
}

/// A bucket's name is one of all accounts; a refusal may mean that somebody else has it.
fn taken(name: &str, error: OpError) -> OpError {
    if error.kind == OpErrorKind::Failed && error.fix.is_none() || error.why.contains("AccessDenied") {
        return error.with_fix(format!("if `{name}` belongs to another account, set `aws.bucket` to a name of your own"));
    }
    error
}

async fn function(run: &Run<'_>, role: &str, tags: &Tags) -> Result<bool, OpError> {
    let context = run.context;
    let name = &context.scenario.function;
    let gateway = &context.gateways.functions;
    let package = zip::package(UNLOAD_FILE, UNLOAD_FUNCTION.as_bytes());
    let digest = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(&package));
    let environment = HashMap::new();
    let found = gateway.find(name).await.map_err(op(name, "could not look for the function"))?;
    let mut changed = false;
    match found {
        None => {
            run.say(name, "creating the function that unloads the table")?;
            let new = NewFunction {
                name,
                description: "Unloads the demonstration's table to S3",
                handler: UNLOAD_HANDLER,
                role,
                package: &package,
                environment: &environment,
                timeout: FUNCTION_SECONDS,
                tags,
            };
            let what = "the function, once IAM's new role is known";
            let made =
                context.gateways.poll.while_role_settles(&context.cancel, what, || async { gateway.create(&new).await.or_there() }).await;
            made.map_err(op(name, "could not create the function"))?;
            changed = true;
        }
        Some(found) => {
            if found.code_sha256 != digest {
                active(run).await?;
                run.say(name, "updating the function's code")?;
                gateway.update_code(name, &package).await.map_err(op(name, "could not update the function's code"))?;
                changed = true;
            }
            if found.role != role {
                active(run).await?;
                run.say(name, "updating the function's role")?;
                gateway.update_configuration(name, role, &environment).await.map_err(op(name, "could not update the function's role"))?;
                changed = true;
            }
        }
    }
    active(run).await?;
    Ok(changed)
}

/// Waits until the function can be called.
async fn active(run: &Run<'_>) -> Result<(), OpError> {
    let context = run.context;
    let name = &context.scenario.function;
    let gateway = &context.gateways.functions;
    let ended = context
        .gateways
        .poll
        .until(&context.cancel, "the function to be active", None, || async {
            Ok(gateway.find(name).await?.filter(|function| function.state != "Pending" && function.update != "InProgress"))
        })
        .await
        .map_err(op(name, "the function did not become active"))?;
    if ended.state == "Failed" || ended.update == "Failed" {
        return Err(OpError::failed(name, "the function cannot be used", "Lambda reports it as failed")
            .with_fix("remove it with `shiftdeck cleanup`, then run this step again"));
    }
    Ok(())
}

async fn model_group(run: &Run<'_>, tags: &Tags) -> Result<bool, OpError> {
    let context = run.context;
    let name = &context.scenario.model_group;
    let gateway = &context.gateways.registry;
    if gateway.group(name).await.map_err(op(name, "could not look for the model group"))?.is_some() {
        return Ok(false);
    }
    run.say(name, "creating the group that models are registered in")?;
    match gateway.create_group(name, "Models of the demonstration", tags).await {
        Ok(()) => Ok(true),
        Err(error) if error.is_already_there() => Ok(false),
        Err(error) => Err(op(name, "could not create the model group")(error)),
    }
}
