//! Step 7, first half: the newest model of the registry behind the staging endpoint.

use serde_json::json;

use super::StepOutcome;
use crate::aws::registry::{ApprovalState, PackageSummary};
use crate::demo::policies::DemoRole;
use crate::ops::error::op;
use crate::ops::report::Run;
use crate::ops::{OpError, models, predict};

/// What is noted with the approval.
const NOTE: &str = "Approved by the presenter in the step `deploy`";

pub async fn run(run: &Run<'_>) -> Result<StepOutcome, OpError> {
    let context = run.context;
    let scenario = &context.scenario;
    let endpoint = &scenario.staging_endpoint;
    let package = newest(run).await?;
    let approved_here = package.approval == ApprovalState::PendingManualApproval;
    if approved_here {
        run.say(&scenario.model_group, format!("approving version {}: running this step is the approval", package.version))?;
        context
            .gateways
            .registry
            .decide(&package.arn, ApprovalState::Approved, NOTE)
            .await
            .map_err(op(&package.arn, "could not approve the model"))?;
    }
    let mut changed = approved_here;
    // Names carry the version, so that a new version is a new model and configuration, and the endpoint is switched over to it.
    let model = format!("{}-v{}", scenario.demo, package.version);
    let config = format!("{endpoint}-v{}", package.version);
    let gateway = &context.gateways.endpoints;
    let tags = context.tags(&context.caller().await?);
    let (found_model, found_config, found) = tokio::try_join!(
        async { gateway.model(&model).await.map_err(op(&model, "could not look for the model")) },
        async { gateway.config(&config).await.map_err(op(&config, "could not look for the endpoint's configuration")) },
        async { gateway.find(endpoint).await.map_err(op(endpoint, "could not look for the endpoint")) },
    )?;
    // A model of that name that was made from another registry (removed and made anew since) must not be served.
    let foreign = found_model.as_ref().is_some_and(|found| found.package.as_deref().is_some_and(|arn| arn != package.arn));
    if foreign {
        gateway.delete_model(&model).await.map_err(op(&model, "could not replace the model"))?;
    }
    if found_model.is_none() || foreign {
        run.say(&model, format!("making a model from version {}", package.version))?;
        let role = context.role_arn(DemoRole::SageMaker.name(scenario)).await?;
        let what = "the model, once IAM's new role is known";
        let make = || gateway.create_model(&model, &package.arn, &role, &tags);
        let made = context.gateways.poll.while_role_settles(&context.cancel, what, make).await;
        made.map_err(op(&model, "could not make the model"))?;
        changed = true;
    }
    if found_config.is_none() {
        let instance = &context.settings.mlops.endpoint_instance;
        run.say(&config, format!("configuring one {instance}"))?;
        gateway.create_config(&config, &model, instance, &tags).await.map_err(op(&config, "could not configure the endpoint"))?;
        changed = true;
    }
    match found {
        Some(found) if found.status == "Failed" => {
            run.say(endpoint, "the endpoint had failed: making it anew")?;
            gateway.delete(endpoint).await.map_err(op(endpoint, "could not remove the failed endpoint"))?;
            gone(run, endpoint).await?;
            gateway.create(endpoint, &config, &tags).await.map_err(op(endpoint, "could not make the endpoint"))?;
            changed = true;
        }
        Some(found) if found.status == "Deleting" => {
            gone(run, endpoint).await?;
            gateway.create(endpoint, &config, &tags).await.map_err(op(endpoint, "could not make the endpoint"))?;
            changed = true;
        }
        Some(found) if found.config != config => {
            in_service(run, endpoint).await?;
            run.say(endpoint, format!("switching the endpoint over to version {}", package.version))?;
            gateway.update(endpoint, &config).await.map_err(op(endpoint, "could not switch the endpoint over"))?;
            changed = true;
        }
        Some(_) => {}
        None => {
            run.say(endpoint, "making the endpoint")?;
            gateway.create(endpoint, &config, &tags).await.map_err(op(endpoint, "could not make the endpoint"))?;
            changed = true;
        }
    }
    in_service(run, endpoint).await?;

    run.say(endpoint, "asking it one question, to be sure that it answers")?;
    let deployed = predict::at(context, endpoint).await?;
    let samples = predict::samples(context, &deployed, 1, context.settings.mlops.seed).await?;
    let rows: Vec<_> = samples.into_iter().map(|sample| sample.row).collect();
    let answers = predict::predict(context, &deployed, &rows).await?;
    let answer = answers.first().ok_or_else(|| OpError::failed(endpoint, "the endpoint gave no answer", "its answer was empty"))?;
    let message = format!("Version {} answers at `{endpoint}`", package.version);
    let detail = json!({
        "endpoint": endpoint,
        "version": package.version,
        "model": model,
        "approved_here": approved_here,
        "smoke_test": { "score": answer.score, "decision": answer.decision },
    });
    Ok(StepOutcome::new(changed, message, detail))
}

/// The newest package that is not rejected.
async fn newest(run: &Run<'_>) -> Result<PackageSummary, OpError> {
    let group = &run.context.scenario.model_group;
    let packages = models::summaries(run.context).await?;
    let all = packages.len();
    packages.into_iter().find(|package| package.approval != ApprovalState::Rejected && package.status == "Completed").ok_or_else(|| {
        let why = if all == 0 { "no model is registered".to_owned() } else { format!("none of the {all} registered models may be used") };
        OpError::precondition(group, "there is no model to deploy", why, "run the step `pipeline` first")
    })
}

async fn in_service(run: &Run<'_>, endpoint: &str) -> Result<(), OpError> {
    let context = run.context;
    let gateway = &context.gateways.endpoints;
    let found = context
        .gateways
        .poll
        .until(&context.cancel, "the endpoint to be in service", None, || async {
            Ok(match gateway.find(endpoint).await? {
                Some(found) if matches!(found.status.as_str(), "Creating" | "Updating" | "SystemUpdating" | "RollingBack") => None,
                other => Some(other),
            })
        })
        .await
        .map_err(op(endpoint, "the endpoint did not come into service"))?;
    match found {
        Some(found) if found.status == "InService" => Ok(()),
        Some(found) => {
            let why = found.failure.unwrap_or_else(|| format!("SageMaker reports it as {}", found.status));
            Err(OpError::failed(endpoint, "the endpoint did not come into service", why)
                .with_fix("run this step again: a failed endpoint is made anew"))
        }
        None => Err(OpError::failed(endpoint, "the endpoint did not come into service", "it does not exist any more")
            .with_fix("run this step again")),
    }
}

async fn gone(run: &Run<'_>, endpoint: &str) -> Result<(), OpError> {
    let context = run.context;
    let gateway = &context.gateways.endpoints;
    context
        .gateways
        .poll
        .until(&context.cancel, "the old endpoint to go", None, || async { Ok(gateway.find(endpoint).await?.is_none().then_some(())) })
        .await
        .map_err(op(endpoint, "the old endpoint did not go"))
}
