//! A person decides.

use std::sync::Arc;

use serde_json::json;

use super::record::{Progress, Status};
use super::{Inner, refused};
use crate::local::service::ServiceResult;
use crate::local::services::protocol::aws_json::{Input, epoch};

impl Inner {
    pub(super) fn put_approval_result(self: &Arc<Self>, input: &Input) -> ServiceResult {
        let (name, stage, action) =
            (input.required_text("pipelineName")?, input.required_text("stageName")?, input.required_text("actionName")?);
        let pipeline = self.pipeline(name)?;
        let stages = pipeline.declaration["stages"].as_array().cloned().unwrap_or_default();
        let declared = stages.iter().find(|known| known["name"] == stage);
        let declared = declared.ok_or_else(|| refused("StageNotFoundException", format!("Pipeline '{name}' has no stage '{stage}'")))?;
        if !declared["actions"].as_array().into_iter().flatten().any(|known| known["name"] == action) {
            return Err(refused("ActionNotFoundException", format!("Stage '{stage}' has no action '{action}'")));
        }
        let result = input.required_object("result")?;
        let summary = result.required_text("summary")?.to_owned();
        let status = result.one_of("status", &["Approved", "Rejected"])?;
        let approved = status.ok_or_else(|| refused("ValidationException", "result.status must not be null"))? == "Approved";
        let token = input.required_text("token")?;
        let waiting = self.executions.collect(|execution| {
            let (at, place) =
                execution.pending_approval().filter(|_| execution.pipeline == name && execution.status == Status::InProgress)?;
            let pending = &execution.stages[at].actions[place];
            let here = execution.stages[at].name == stage && pending.name == action;
            here.then(|| (execution.id.clone(), at, place, pending.token.clone()))
        });
        let Some((id, at, place, expected)) = waiting.into_iter().next() else {
            return Err(refused("ApprovalAlreadyCompletedException", format!("Nobody is asked at '{stage}/{action}' now")));
        };
        if expected.as_deref() != Some(token) {
            return Err(refused("InvalidApprovalTokenException", "The approval token is not the one of the request that is open"));
        }
        let now = self.account.clock.now();
        self.executions.change(&id, |execution| {
            let action = &mut execution.stages[at].actions[place];
            // Somebody else may have decided between the look and the change.
            if action.token.as_deref() == Some(token) {
                action.end(if approved { Progress::Succeeded } else { Progress::Failed }, now);
                if !approved {
                    action.error = Some(("Rejected".to_owned(), summary.clone()));
                }
                action.summary = summary;
                execution.changed = now;
            }
        })?;
        self.go_on(&id);
        Ok(json!({ "approvedAt": epoch(now) }))
    }
}
