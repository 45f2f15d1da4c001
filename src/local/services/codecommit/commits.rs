//! Commits: files change, and a branch moves.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::repository::{Commit, Entry, Repository, branch_name, missing, no_branch, repository_name};
use super::{CodeCommit, refused};
use crate::local::service::ServiceResult;
use crate::local::services::kept::internal;
use crate::local::services::protocol::aws_json::Input;

/// The largest file.
const LARGEST_FILE: usize = 6 * 1024 * 1024;
/// The most files that a commit changes.
const MOST_FILES: usize = 100;

/// What a commit does.
struct Change {
    puts: Vec<(String, Vec<u8>, Option<String>)>,
    deletes: Vec<String>,
    modes: Vec<(String, String)>,
}

impl CodeCommit {
    pub(super) async fn create_commit(&self, input: &Input) -> ServiceResult {
        let mut change = Change { puts: Vec::new(), deletes: Vec::new(), modes: Vec::new() };
        for file in input.objects("putFiles")? {
            if file.has("sourceFile") {
                return Err(refused(
                    "InvalidParameterException",
                    "The embedded AWS takes files by their content, and not from another commit",
                ));
            }
            let mode = file.one_of("fileMode", &["NORMAL", "EXECUTABLE", "SYMLINK"])?.map(str::to_owned);
            change.puts.push((path(&file, "filePath")?, content(&file)?, mode));
        }
        for file in input.objects("deleteFiles")? {
            change.deletes.push(path(&file, "filePath")?);
        }
        for file in input.objects("setFileModes")? {
            let mode = file.one_of("fileMode", &["NORMAL", "EXECUTABLE", "SYMLINK"])?;
            let mode = mode.ok_or_else(|| refused("FileModeRequiredException", "A file mode is required"))?;
            change.modes.push((path(&file, "filePath")?, mode.to_owned()));
        }
        if change.puts.len() + change.deletes.len() + change.modes.len() > MOST_FILES {
            return Err(refused("MaximumFileEntriesExceededException", format!("A commit changes at most {MOST_FILES} files")));
        }
        let message = input.text("commitMessage")?.unwrap_or_default();
        let answer = self.commit(input, change, message, input.text("authorName")?)?;
        self.tell(repository_name(input)?, branch_name(input)?, answer["commitId"].as_str().unwrap_or_default()).await;
        Ok(answer)
    }

    pub(super) async fn put_file(&self, input: &Input) -> ServiceResult {
        let mode = input.one_of("fileMode", &["NORMAL", "EXECUTABLE", "SYMLINK"])?.map(str::to_owned);
        let file = path(input, "filePath")?;
        let change = Change { puts: vec![(file.clone(), content(input)?, mode)], deletes: Vec::new(), modes: Vec::new() };
        let message = input.text("commitMessage")?.map_or_else(|| format!("Edited {file}"), str::to_owned);
        let answer = self.commit(input, change, &message, input.text("name")?)?;
        self.tell(repository_name(input)?, branch_name(input)?, answer["commitId"].as_str().unwrap_or_default()).await;
        let touched = answer["filesAdded"].get(0).or_else(|| answer["filesUpdated"].get(0)).cloned().unwrap_or_default();
        Ok(json!({ "commitId": answer["commitId"], "blobId": touched["blobId"], "treeId": answer["treeId"] }))
    }

    fn commit(&self, input: &Input, change: Change, message: &str, author: Option<&str>) -> ServiceResult {
        let (name, branch) = (repository_name(input)?, branch_name(input)?);
        let parent = input.text("parentCommitId")?;
        let author = author.unwrap_or("shiftdeck").to_owned();
        let email = input.text("email")?.unwrap_or_default().to_owned();
        // Contents are there before a commit names them: a kill in between leaves files that nobody names.
        for (_, content, _) in &change.puts {
            self.keep(content)?;
        }
        let now = self.account.clock.now();
        self.repositories.change(|repositories| {
            let repository = repositories.get_mut(name).ok_or_else(|| missing(name))?;
            let before = parent_of(repository, branch, parent)?;
            let mut files = before.as_ref().map(|(_, commit)| commit.files.clone()).unwrap_or_default();
            let changed = apply(&mut files, &change)?;
            let commit = Commit {
                tree_id: tree_id(&files),
                parents: before.into_iter().map(|(id, _)| id).collect(),
                message: message.to_owned(),
                author,
                email,
                at: now,
                files,
            };
            let id = commit_id(&commit);
            let answer = json!({
                "commitId": id,
                "treeId": commit.tree_id,
                "filesAdded": changed.added,
                "filesUpdated": changed.updated,
                "filesDeleted": changed.deleted,
            });
            repository.commits.insert(id.clone(), commit);
            repository.branches.insert(branch.to_owned(), id);
            repository.default_branch.get_or_insert_with(|| branch.to_owned());
            repository.changed = now;
            Ok(answer)
        })
    }

    fn blob_path(&self, id: &str) -> std::path::PathBuf {
        self.account.store.root().join("services/codecommit/blobs").join(id)
    }

    fn keep(&self, content: &[u8]) -> ServiceResult<()> {
        let path = self.blob_path(&blob_id(content));
        if path.exists() {
            return Ok(());
        }
        self.account.store.replace(&path, content).map_err(|error| internal(&error))
    }

    /// The content of a file.
    pub(super) fn blob(&self, id: &str) -> ServiceResult<Vec<u8>> {
        // Ids are hexadecimal digits; anything else must not become a path.
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(refused("InvalidBlobIdException", format!("{id} is no valid blob id")));
        }
        std::fs::read(self.blob_path(id)).map_err(|_| refused("BlobIdDoesNotExistException", format!("Blob {id} does not exist")))
    }
}

/// Where a branch stands, if it is there; a commit has to name it as its parent.
fn parent_of(repository: &Repository, branch: &str, given: Option<&str>) -> ServiceResult<Option<(String, Commit)>> {
    let Some(head) = repository.branches.get(branch) else {
        // The first commit of a repository makes its branch.
        return if repository.commits.is_empty() { Ok(None) } else { Err(no_branch(branch)) };
    };
    match given {
        None => Err(refused(
            "ParentCommitIdRequiredException",
            "A parent commit ID is required. To view the full commit ID of a branch in a repository, use GetBranch",
        )),
        Some(given) if !repository.commits.contains_key(given) => {
            Err(refused("ParentCommitDoesNotExistException", format!("The parent commit {given} does not exist")))
        }
        Some(given) if given != head => {
            Err(refused("ParentCommitIdOutdatedException", format!("The parent commit is {given}, and the branch {branch} is at {head}")))
        }
        Some(_) => Ok(repository.commits.get(head).map(|commit| (head.clone(), commit.clone()))),
    }
}

#[derive(Default)]
struct Changed {
    added: Vec<Value>,
    updated: Vec<Value>,
    deleted: Vec<Value>,
}

fn apply(files: &mut BTreeMap<String, Entry>, change: &Change) -> ServiceResult<Changed> {
    let mut changed = Changed::default();
    for (path, content, mode) in &change.puts {
        let known = files.get(path);
        let mode = mode.clone().or_else(|| known.map(|entry| entry.mode.clone())).unwrap_or_else(|| "NORMAL".to_owned());
        let entry = Entry { blob: blob_id(content), mode, size: content.len() as u64 };
        if known == Some(&entry) {
            continue;
        }
        let list = if known.is_some() { &mut changed.updated } else { &mut changed.added };
        list.push(json!({ "absolutePath": path, "blobId": entry.blob, "fileMode": entry.mode }));
        files.insert(path.clone(), entry);
    }
    for path in &change.deletes {
        let gone = files.remove(path).ok_or_else(|| refused("FileDoesNotExistException", format!("The file {path} does not exist")))?;
        changed.deleted.push(json!({ "absolutePath": path, "blobId": gone.blob, "fileMode": gone.mode }));
    }
    for (path, mode) in &change.modes {
        let entry = files.get_mut(path).ok_or_else(|| refused("FileDoesNotExistException", format!("The file {path} does not exist")))?;
        if entry.mode != *mode {
            entry.mode.clone_from(mode);
            changed.updated.push(json!({ "absolutePath": path, "blobId": entry.blob, "fileMode": mode }));
        }
    }
    if changed.added.is_empty() && changed.updated.is_empty() && changed.deleted.is_empty() {
        return Err(refused("NoChangeException", "The commit would change nothing: every file is as it is already"));
    }
    Ok(changed)
}

fn path(input: &Input, member: &str) -> ServiceResult<String> {
    let path = input.text(member)?.unwrap_or_default().trim_start_matches('/').to_owned();
    if path.is_empty() {
        return Err(refused("PathRequiredException", "A file path is required"));
    }
    if path.split('/').any(|part| part.is_empty() || part == "." || part == ".." || part == ".git") {
        return Err(refused("InvalidPathException", format!("{path} is no valid path")));
    }
    Ok(path)
}

fn content(input: &Input) -> ServiceResult<Vec<u8>> {
    let text = input.text("fileContent")?.ok_or_else(|| refused("FileContentRequiredException", "The content of the file is required"))?;
    let content = STANDARD.decode(text).map_err(|_| refused("InvalidParameterException", "fileContent is not base64"))?;
    if content.len() > LARGEST_FILE {
        return Err(refused("FileContentSizeLimitExceededException", format!("A file has at most {LARGEST_FILE} bytes")));
    }
    Ok(content)
}

/// The id of something that is kept under its content, as git writes it before hashing.
fn object_id(kind: &str, content: &[u8]) -> String {
    let digest = Sha256::new().chain_update(format!("{kind} {}\0", content.len())).chain_update(content).finalize();
    let mut id: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    id.truncate(40);
    id
}

pub(super) fn blob_id(content: &[u8]) -> String {
    object_id("blob", content)
}

fn tree_id(files: &BTreeMap<String, Entry>) -> String {
    let listing: String = files.iter().map(|(path, entry)| format!("{} {} {path}\n", entry.mode, entry.blob)).collect();
    object_id("tree", listing.as_bytes())
}

fn commit_id(commit: &Commit) -> String {
    let parents: String = commit.parents.iter().map(|parent| format!("parent {parent}\n")).collect();
    let text = format!(
        "tree {}\n{parents}author {} <{}> {} +0000\n\n{}",
        commit.tree_id,
        commit.author,
        commit.email,
        commit.at.timestamp_millis(),
        commit.message
    );
    object_id("commit", text.as_bytes())
}
