//! `CodeCommit`: repositories with branches, commits and files.
//!
//! Commits, trees and file contents are named by digests of what they hold, as git does it (git's own names are SHA-1 of the same texts;
//! these are the first forty digits of SHA-256). A commit on a branch is told to `CodePipeline`, whose pipelines may begin with it.

mod commits;
mod files;
mod repository;

use async_trait::async_trait;

use self::repository::Repositories;
use super::kept::Kept;
use crate::local::account::Account;
use crate::local::service::{Request, Response, Service, ServiceError, ServiceResult};
use crate::local::services::protocol::aws_json::{Call, respond};
use crate::local::store::StoreError;

/// The service.
pub struct CodeCommit {
    account: Account,
    repositories: Kept<Repositories>,
}

impl CodeCommit {
    /// Opens the service.
    pub fn open(account: Account) -> Result<Self, StoreError> {
        let repositories = Kept::open(&account.store, "services/codecommit/repositories")?;
        Ok(CodeCommit { account, repositories })
    }

    async fn dispatch(&self, request: &Request) -> ServiceResult {
        let call = Call::parse(request, "InvalidParameterException")?;
        let input = &call.input;
        match call.operation {
            "CreateRepository" => self.create_repository(input),
            "GetRepository" => self.get_repository(input),
            "ListRepositories" => self.list_repositories(input),
            "DeleteRepository" => self.delete_repository(input),
            "TagResource" => self.tag_resource(input),
            "UntagResource" => self.untag_resource(input),
            "ListTagsForResource" => self.list_tags_for_resource(input),
            "CreateBranch" => self.create_branch(input),
            "GetBranch" => self.get_branch(input),
            "ListBranches" => self.list_branches(input),
            "CreateCommit" => self.create_commit(input).await,
            "PutFile" => self.put_file(input).await,
            "GetCommit" => self.get_commit(input),
            "GetFile" => self.get_file(input),
            "GetFolder" => self.get_folder(input),
            "GetBlob" => self.get_blob(input),
            "GetDifferences" => self.get_differences(input),
            _ => Err(call.unknown()),
        }
    }

    /// `CodePipeline` hears of a commit. That no pipeline wants to know is fine.
    async fn tell(&self, repository: &str, branch: &str, commit: &str) {
        let told = serde_json::json!({ "repositoryName": repository, "branchName": branch, "commitId": commit });
        if let Err(error) = self.account.services.json("codepipeline", super::codepipeline::SOURCE_CHANGED, &told).await {
            tracing::warn!(%error, repository, branch, "the pipelines were not told of a commit");
        }
    }
}

/// An exception by its name.
fn refused(code: &'static str, message: impl Into<String>) -> ServiceError {
    ServiceError::new(code, message)
}

#[async_trait]
impl Service for CodeCommit {
    fn signing_name(&self) -> &'static str {
        "codecommit"
    }

    async fn handle(&self, request: Request) -> Response {
        respond(self.dispatch(&request).await)
    }
}
