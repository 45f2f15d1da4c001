//! Prepared statements of a workgroup, those that `PREPARE` makes among them.

use serde_json::{Value, json};

use super::{Athena, Input, internal, page, workgroups};
use crate::local::service::{ServiceError, ServiceResult};
use crate::local::services::protocol::aws_json::{epoch, without_nulls};

impl Athena {
    pub(super) async fn create_prepared_statement(&self, input: &Input) -> ServiceResult {
        let (group, name) = self.prepared_name(input)?;
        if self.inner.account.engine.prepared_statements(group).contains_key(name) {
            return Err(input.invalid(format!("PreparedStatement {name} already exists in WorkGroup {group}")));
        }
        self.keep_prepared(input, group, name).await
    }

    pub(super) async fn update_prepared_statement(&self, input: &Input) -> ServiceResult {
        let (group, name) = self.prepared_name(input)?;
        if !self.inner.account.engine.prepared_statements(group).contains_key(name) {
            return Err(missing(group, name));
        }
        self.keep_prepared(input, group, name).await
    }

    async fn keep_prepared(&self, input: &Input, group: &str, name: &str) -> ServiceResult {
        let text = input.required_text("QueryStatement")?;
        self.inner.account.engine.keep_prepared(group, name, Some(text)).await.map_err(|error| input.invalid(error.message))?;
        Ok(json!({}))
    }

    pub(super) fn get_prepared_statement(&self, input: &Input) -> ServiceResult {
        let (group, name) = self.prepared_name(input)?;
        let known = self.inner.account.engine.prepared_statements(group);
        let (text, at) = known.get(name).ok_or_else(|| missing(group, name))?;
        Ok(json!({ "PreparedStatement": {
            "StatementName": name,
            "QueryStatement": text,
            "WorkGroupName": group,
            "LastModifiedTime": epoch(*at),
        }}))
    }

    pub(super) async fn delete_prepared_statement(&self, input: &Input) -> ServiceResult {
        let (group, name) = self.prepared_name(input)?;
        let engine = &self.inner.account.engine;
        if !engine.prepared_statements(group).contains_key(name) {
            return Err(missing(group, name));
        }
        engine.keep_prepared(group, name, None).await.map_err(|error| internal(error.message))?;
        Ok(json!({}))
    }

    pub(super) fn list_prepared_statements(&self, input: &Input) -> ServiceResult {
        let group = input.required_text("WorkGroup")?;
        self.inner.group(group)?;
        let known = self.inner.account.engine.prepared_statements(group);
        let (listed, next) = page(input, &format!("ListPreparedStatements {group}"), known, |(name, _)| name.clone(), 50)?;
        let listed: Vec<Value> =
            listed.into_iter().map(|(name, (_, at))| json!({ "StatementName": name, "LastModifiedTime": epoch(at) })).collect();
        Ok(without_nulls(json!({ "PreparedStatements": listed, "NextToken": next })))
    }

    /// Workgroup and name of a request.
    fn prepared_name<'i>(&self, input: &'i Input) -> ServiceResult<(&'i str, &'i str)> {
        let group = input.text("WorkGroup")?.unwrap_or(workgroups::PRIMARY);
        self.inner.group(group)?;
        Ok((group, input.required_text("StatementName")?))
    }
}

fn missing(group: &str, name: &str) -> ServiceError {
    ServiceError::new("ResourceNotFoundException", format!("PreparedStatement {name} was not found in WorkGroup {group}"))
}
