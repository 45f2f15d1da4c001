//! Repositories and branches.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{CodeCommit, refused};
use crate::local::service::{ServiceError, ServiceResult};
use crate::local::services::protocol::aws_json::{Input, epoch, without_nulls};
use crate::local::services::protocol::pages;

/// Repositories by name.
pub(super) type Repositories = BTreeMap<String, Repository>;

/// A repository. The contents of its files are in a folder of the store, by their ids.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Repository {
    pub id: String,
    pub description: Option<String>,
    pub created: DateTime<Utc>,
    pub changed: DateTime<Utc>,
    pub default_branch: Option<String>,
    pub tags: BTreeMap<String, String>,
    /// Commit ids by branch.
    pub branches: BTreeMap<String, String>,
    pub commits: BTreeMap<String, Commit>,
}

/// A commit.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Commit {
    pub tree_id: String,
    pub parents: Vec<String>,
    pub message: String,
    pub author: String,
    pub email: String,
    pub at: DateTime<Utc>,
    /// Files by path.
    pub files: BTreeMap<String, Entry>,
}

/// A file of a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Id of its content.
    pub blob: String,
    /// `NORMAL`, `EXECUTABLE` or `SYMLINK`.
    pub mode: String,
    /// Bytes.
    pub size: u64,
}

/// Repositories of a page.
const PAGE: usize = 1000;

impl CodeCommit {
    pub(super) fn create_repository(&self, input: &Input) -> ServiceResult {
        let name = repository_name(input)?.to_owned();
        let description = input.text("repositoryDescription")?.map(str::to_owned);
        let tags: BTreeMap<String, String> = match input.object("tags")? {
            Some(tags) => tags.fields().iter().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect(),
            None => BTreeMap::new(),
        };
        let now = self.account.clock.now();
        self.repositories.change(|repositories| {
            if repositories.contains_key(&name) {
                return Err(refused("RepositoryNameExistsException", format!("Repository named {name} already exists")));
            }
            let id = uuid::Uuid::new_v4().to_string();
            let repository = Repository { id, description, created: now, changed: now, tags, ..Repository::default() };
            let metadata = self.metadata(&name, &repository);
            repositories.insert(name.clone(), repository);
            Ok(json!({ "repositoryMetadata": metadata }))
        })
    }

    fn arn(&self, name: &str) -> String {
        format!("arn:aws:codecommit:{}:{}:{name}", self.account.region, self.account.id)
    }

    fn metadata(&self, name: &str, repository: &Repository) -> Value {
        let region = &self.account.region;
        without_nulls(json!({
            "accountId": &*self.account.id,
            "repositoryId": repository.id,
            "repositoryName": name,
            "repositoryDescription": repository.description,
            "defaultBranch": repository.default_branch,
            "lastModifiedDate": epoch(repository.changed),
            "creationDate": epoch(repository.created),
            "cloneUrlHttp": format!("https://git-codecommit.{region}.amazonaws.com/v1/repos/{name}"),
            "cloneUrlSsh": format!("ssh://git-codecommit.{region}.amazonaws.com/v1/repos/{name}"),
            "Arn": self.arn(name),
        }))
    }

    /// Looks at the repository that a request names.
    pub(super) fn look<R>(&self, input: &Input, look: impl FnOnce(&str, &Repository) -> ServiceResult<R>) -> ServiceResult<R> {
        let name = repository_name(input)?;
        self.repositories.read(|repositories| match repositories.get(name) {
            Some(repository) => look(name, repository),
            None => Err(missing(name)),
        })
    }

    pub(super) fn get_repository(&self, input: &Input) -> ServiceResult {
        self.look(input, |name, repository| Ok(json!({ "repositoryMetadata": self.metadata(name, repository) })))
    }

    pub(super) fn list_repositories(&self, input: &Input) -> ServiceResult {
        let names: Vec<(String, String)> =
            self.repositories.read(|repositories| repositories.iter().map(|(name, it)| (name.clone(), it.id.clone())).collect());
        let (page, next) = pages::page("ListRepositories", names, |(name, _)| name.clone(), input.text("nextToken")?, PAGE)
            .map_err(|error| refused("InvalidContinuationTokenException", error.to_string()))?;
        let listed: Vec<Value> = page.into_iter().map(|(name, id)| json!({ "repositoryName": name, "repositoryId": id })).collect();
        Ok(without_nulls(json!({ "repositories": listed, "nextToken": next })))
    }

    pub(super) fn delete_repository(&self, input: &Input) -> ServiceResult {
        let name = repository_name(input)?.to_owned();
        let removed = self.repositories.change(|repositories| Ok(repositories.remove(&name)))?;
        // The service answers well for one that is not there, without its id.
        Ok(without_nulls(json!({ "repositoryId": removed.map(|repository| repository.id) })))
    }

    fn of_arn<'a>(&self, input: &'a Input) -> ServiceResult<&'a str> {
        let arn = input.required_text("resourceArn")?;
        Ok(arn.rsplit(':').next().unwrap_or(arn))
    }

    pub(super) fn tag_resource(&self, input: &Input) -> ServiceResult {
        let name = self.of_arn(input)?;
        let tags = input.required_object("tags")?;
        self.repositories.change(|repositories| {
            let repository = repositories.get_mut(name).ok_or_else(|| missing(name))?;
            let given = tags.fields().iter().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
            repository.tags.extend(given);
            Ok(Value::Null)
        })
    }

    pub(super) fn untag_resource(&self, input: &Input) -> ServiceResult {
        let (name, keys) = (self.of_arn(input)?, input.texts("tagKeys")?);
        self.repositories.change(|repositories| {
            let repository = repositories.get_mut(name).ok_or_else(|| missing(name))?;
            repository.tags.retain(|key, _| !keys.contains(key));
            Ok(Value::Null)
        })
    }

    pub(super) fn list_tags_for_resource(&self, input: &Input) -> ServiceResult {
        let name = self.of_arn(input)?;
        let tags = self.repositories.read(|repositories| repositories.get(name).map(|it| it.tags.clone())).ok_or_else(|| missing(name))?;
        Ok(json!({ "tags": tags }))
    }

    pub(super) fn create_branch(&self, input: &Input) -> ServiceResult {
        let (name, branch) = (repository_name(input)?, branch_name(input)?.to_owned());
        let commit = input.required_text("commitId")?.to_owned();
        self.repositories.change(|repositories| {
            let repository = repositories.get_mut(name).ok_or_else(|| missing(name))?;
            if !repository.commits.contains_key(&commit) {
                return Err(refused("CommitDoesNotExistException", format!("Commit {commit} does not exist")));
            }
            if repository.branches.contains_key(&branch) {
                return Err(refused("BranchNameExistsException", format!("Branch {branch} already exists")));
            }
            repository.branches.insert(branch, commit);
            Ok(Value::Null)
        })
    }

    pub(super) fn get_branch(&self, input: &Input) -> ServiceResult {
        let branch = branch_name(input)?;
        self.look(input, |_, repository| {
            let commit = repository.branches.get(branch).ok_or_else(|| no_branch(branch))?;
            Ok(json!({ "branch": { "branchName": branch, "commitId": commit } }))
        })
    }

    pub(super) fn list_branches(&self, input: &Input) -> ServiceResult {
        self.look(input, |_, repository| Ok(json!({ "branches": repository.branches.keys().collect::<Vec<_>>() })))
    }
}

pub(super) fn missing(name: &str) -> ServiceError {
    refused("RepositoryDoesNotExistException", format!("{name} does not exist"))
}

pub(super) fn no_branch(branch: &str) -> ServiceError {
    refused("BranchDoesNotExistException", format!("Branch {branch} does not exist"))
}

/// The name of a repository: letters, digits, dots, underscores and hyphens.
pub(super) fn repository_name(input: &Input) -> ServiceResult<&str> {
    let name = input.text("repositoryName")?.unwrap_or_default();
    if name.is_empty() {
        return Err(refused("RepositoryNameRequiredException", "A repository name is required"));
    }
    let formed = name.len() <= 100
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
        && !name.ends_with(".git");
    if formed { Ok(name) } else { Err(refused("InvalidRepositoryNameException", format!("{name} is no valid repository name"))) }
}

pub(super) fn branch_name(input: &Input) -> ServiceResult<&str> {
    let name = input.text("branchName")?.unwrap_or_default();
    if name.is_empty() {
        return Err(refused("BranchNameRequiredException", "A branch name is required"));
    }
    let formed =
        name.len() <= 256 && !name.contains(['\\', ' ', '~', '^', ':', '?', '*', '[']) && !name.contains("..") && !name.starts_with('/');
    if formed { Ok(name) } else { Err(refused("InvalidBranchNameException", format!("{name} is no valid branch name"))) }
}
