//! The repository of the pipeline's source (CodeCommit).

use aws_sdk_codecommit::primitives::Blob;
use aws_sdk_codecommit::types::PutFileEntry;
use chrono::{DateTime, Utc};

use super::client::{Lazy, Source, Tags, lazy_client};
use super::error::fault;
use super::{AwsError, AwsErrorKind};

const SERVICE: &str = "CodeCommit";

/// A repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// ARN.
    pub arn: String,
    /// Tags.
    pub tags: Tags,
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitInfo {
    /// Id.
    pub id: String,
    /// Message.
    pub message: String,
    /// Who made it.
    pub author: String,
    /// When it was made.
    pub at: Option<DateTime<Utc>>,
}

/// Who makes a commit, and what they say.
#[derive(Debug, Clone, Copy)]
pub struct Authorship<'a> {
    /// Name.
    pub author: &'a str,
    /// Message.
    pub message: &'a str,
}

/// The gateway.
pub struct Repositories {
    client: Lazy<aws_sdk_codecommit::Client>,
}

impl Repositories {
    pub(super) fn new(source: &Source) -> Self {
        Repositories { client: lazy_client!(source, aws_sdk_codecommit) }
    }

    /// The repository, if it exists.
    pub async fn find(&self, name: &str) -> Result<Option<Repository>, AwsError> {
        let client = self.client.get();
        let said = match client.get_repository().repository_name(name).send().await.map_err(fault(SERVICE, "GetRepository")) {
            Ok(said) => said,
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(error),
        };
        let arn = said.repository_metadata().and_then(|metadata| metadata.arn()).unwrap_or_default().to_owned();
        let tags = client.list_tags_for_resource().resource_arn(&arn).send().await.map_err(fault(SERVICE, "ListTagsForResource"))?;
        let tags = tags.tags().into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect();
        Ok(Some(Repository { arn, tags }))
    }

    /// Makes a repository.
    pub async fn create(&self, name: &str, description: &str, tags: &Tags) -> Result<(), AwsError> {
        let mut request = self.client.get().create_repository().repository_name(name).repository_description(description);
        for (key, value) in tags {
            request = request.tags(key, value);
        }
        request.send().await.map_err(fault(SERVICE, "CreateRepository")).map(drop)
    }

    /// Removes a repository. Gives false when it was not there.
    pub async fn delete(&self, name: &str) -> Result<bool, AwsError> {
        let said = self.client.get().delete_repository().repository_name(name).send().await.map_err(fault(SERVICE, "DeleteRepository"))?;
        Ok(said.repository_id().is_some())
    }

    /// The newest commit of a branch, if the branch exists.
    pub async fn head(&self, repository: &str, branch: &str) -> Result<Option<CommitInfo>, AwsError> {
        let client = self.client.get();
        let request = client.get_branch().repository_name(repository).branch_name(branch);
        let id = match request.send().await.map_err(fault(SERVICE, "GetBranch")) {
            Ok(said) => said.branch().and_then(|branch| branch.commit_id()).unwrap_or_default().to_owned(),
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(error),
        };
        let said = client.get_commit().repository_name(repository).commit_id(&id).send().await.map_err(fault(SERVICE, "GetCommit"))?;
        let commit = said.commit();
        let author = commit.and_then(|commit| commit.author());
        // Seconds since 1970 and the offset from UTC, which the seconds do not depend on.
        let seconds = author.and_then(|author| author.date()?.split(' ').next()?.parse().ok());
        Ok(Some(CommitInfo {
            id,
            message: commit.and_then(|commit| commit.message()).unwrap_or_default().trim_end().to_owned(),
            author: author.and_then(|author| author.name()).unwrap_or_default().to_owned(),
            at: seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0)),
        }))
    }

    /// Commits files to a branch; `parent` is its newest commit. Gives the commit's id, `None` when every file was so already.
    pub async fn commit(
        &self,
        repository: &str,
        branch: &str,
        parent: Option<&str>,
        authorship: Authorship<'_>,
        files: &[(String, Vec<u8>)],
    ) -> Result<Option<String>, AwsError> {
        let mut request = self
            .client
            .get()
            .create_commit()
            .repository_name(repository)
            .branch_name(branch)
            .set_parent_commit_id(parent.map(str::to_owned))
            .author_name(authorship.author)
            .commit_message(authorship.message);
        for (path, content) in files {
            let entry = PutFileEntry::builder().file_path(path).file_content(Blob::new(content.clone())).build();
            request = request.put_files(entry.map_err(|error| unbuilt(&error))?);
        }
        match request.send().await.map_err(fault(SERVICE, "CreateCommit")) {
            Ok(said) => Ok(Some(said.commit_id().unwrap_or_default().to_owned())),
            Err(error) if error.code == "NoChangeException" => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The content of a file at the head of a branch, if both exist.
    pub async fn file(&self, repository: &str, branch: &str, path: &str) -> Result<Option<Vec<u8>>, AwsError> {
        let request = self.client.get().get_file().repository_name(repository).commit_specifier(branch).file_path(path);
        match request.send().await.map_err(fault(SERVICE, "GetFile")) {
            Ok(said) => Ok(Some(said.file_content().as_ref().to_vec())),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn unbuilt(error: &dyn std::error::Error) -> AwsError {
    AwsError {
        service: SERVICE,
        operation: "CreateCommit",
        code: String::new(),
        message: error.to_string(),
        kind: AwsErrorKind::Validation,
    }
}
