//! What commits hold.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::repository::{Commit, Entry, Repository, no_branch};
use super::{CodeCommit, refused};
use crate::local::service::{ServiceError, ServiceResult};
use crate::local::services::protocol::aws_json::{Input, without_nulls};

/// The commit that a request means: an id, a branch, or the default branch.
fn commit<'a>(repository: &'a Repository, specifier: Option<&str>) -> ServiceResult<(&'a str, &'a Commit)> {
    let id = match specifier {
        Some(specifier) => {
            let branch = specifier.strip_prefix("refs/heads/").unwrap_or(specifier);
            repository.branches.get(branch).map_or(specifier, String::as_str)
        }
        None => {
            let branch = repository.default_branch.as_deref().ok_or_else(|| no_branch("main"))?;
            repository.branches.get(branch).ok_or_else(|| no_branch(branch))?
        }
    };
    let found = repository.commits.get_key_value(id);
    found.map(|(id, commit)| (id.as_str(), commit)).ok_or_else(|| no_commit(id))
}

fn no_commit(id: &str) -> ServiceError {
    refused("CommitDoesNotExistException", format!("Commit {id} does not exist"))
}

impl CodeCommit {
    pub(super) fn get_commit(&self, input: &Input) -> ServiceResult {
        let id = input.text("commitId")?.ok_or_else(|| refused("CommitIdRequiredException", "A commit id is required"))?;
        self.look(input, |_, repository| {
            let commit = repository
                .commits
                .get(id)
                .ok_or_else(|| refused("CommitIdDoesNotExistException", format!("Commit {id} does not exist")))?;
            // Times are seconds and the offset from UTC, as in a commit of git.
            let who = json!({ "name": commit.author, "email": commit.email, "date": format!("{} +0000", commit.at.timestamp()) });
            Ok(json!({ "commit": {
                "commitId": id,
                "treeId": commit.tree_id,
                "parents": commit.parents,
                "message": commit.message,
                "author": who,
                "committer": who,
                "additionalData": "",
            }}))
        })
    }

    pub(super) fn get_file(&self, input: &Input) -> ServiceResult {
        let path = input.text("filePath")?.unwrap_or_default().trim_start_matches('/');
        if path.is_empty() {
            return Err(refused("PathRequiredException", "A file path is required"));
        }
        let specifier = input.text("commitSpecifier")?;
        let (id, entry) = self.look(input, |_, repository| {
            let (id, commit) = commit(repository, specifier)?;
            let entry = commit.files.get(path);
            let entry = entry.ok_or_else(|| refused("FileDoesNotExistException", format!("The file {path} does not exist in {id}")))?;
            Ok((id.to_owned(), entry.clone()))
        })?;
        Ok(json!({
            "commitId": id,
            "blobId": entry.blob,
            "filePath": path,
            "fileMode": entry.mode,
            "fileSize": entry.size,
            "fileContent": STANDARD.encode(self.blob(&entry.blob)?),
        }))
    }

    pub(super) fn get_blob(&self, input: &Input) -> ServiceResult {
        self.look(input, |_, _| Ok(()))?;
        let id = input.text("blobId")?.ok_or_else(|| refused("BlobIdRequiredException", "A blob id is required"))?;
        Ok(json!({ "content": STANDARD.encode(self.blob(id)?) }))
    }

    pub(super) fn get_folder(&self, input: &Input) -> ServiceResult {
        let folder = input.text("folderPath")?.unwrap_or_default().trim_matches('/');
        let specifier = input.text("commitSpecifier")?;
        self.look(input, |_, repository| {
            let (id, commit) = commit(repository, specifier)?;
            let (mut files, mut folders) = (Vec::new(), BTreeSet::new());
            for (path, entry) in &commit.files {
                let below =
                    if folder.is_empty() { Some(path.as_str()) } else { path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')) };
                match below.map(|below| below.split_once('/')) {
                    Some(Some((name, _))) => drop(folders.insert(name.to_owned())),
                    Some(None) => files.push(file(path, folder, entry)),
                    None => {}
                }
            }
            if files.is_empty() && folders.is_empty() && !folder.is_empty() {
                return Err(refused("FolderDoesNotExistException", format!("The folder {folder} does not exist in {id}")));
            }
            let folders: Vec<Value> = folders
                .into_iter()
                .map(|name| {
                    let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
                    json!({ "absolutePath": path, "relativePath": name })
                })
                .collect();
            Ok(json!({
                "commitId": id,
                "folderPath": folder,
                "treeId": commit.tree_id,
                "subFolders": folders,
                "files": files,
                "symbolicLinks": [],
                "subModules": [],
            }))
        })
    }

    pub(super) fn get_differences(&self, input: &Input) -> ServiceResult {
        let (before, after) = (input.text("beforeCommitSpecifier")?, input.required_text("afterCommitSpecifier")?);
        self.look(input, |_, repository| {
            let none = BTreeMap::new();
            let old = match before {
                Some(before) => &commit(repository, Some(before))?.1.files,
                None => &none,
            };
            let new = &commit(repository, Some(after))?.1.files;
            let side = |path: &str, entry: Option<&Entry>| {
                entry.map(|entry| json!({ "blobId": entry.blob, "path": path, "mode": git_mode(&entry.mode) }))
            };
            let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            let differences: Vec<Value> = paths
                .into_iter()
                .filter_map(|path| {
                    let (before, after) = (old.get(path), new.get(path));
                    let kind = match (before, after) {
                        (None, Some(_)) => "A",
                        (Some(_), None) => "D",
                        (before, after) if before != after => "M",
                        _ => return None,
                    };
                    Some(without_nulls(json!({ "beforeBlob": side(path, before), "afterBlob": side(path, after), "changeType": kind })))
                })
                .collect();
            Ok(json!({ "differences": differences }))
        })
    }
}

fn file(path: &str, folder: &str, entry: &Entry) -> Value {
    let relative = path.strip_prefix(folder).unwrap_or(path).trim_start_matches('/');
    json!({ "blobId": entry.blob, "absolutePath": path, "relativePath": relative, "fileMode": entry.mode })
}

fn git_mode(mode: &str) -> &'static str {
    match mode {
        "EXECUTABLE" => "100755",
        "SYMLINK" => "120000",
        _ => "100644",
    }
}
