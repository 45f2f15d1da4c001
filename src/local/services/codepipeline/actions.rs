//! The work of an action, done as the pipeline's role.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::Inner;
use super::declaration::{Kind, kind};
use super::deliver::Deliver;
use super::record::{Execution, Source};
use crate::demo::delivery::{DELIVER_FILE, DELIVER_SCRIPT, work_of};

/// What an action leaves.
#[derive(Default)]
pub(super) struct Done {
    /// What it says about itself.
    pub summary: String,
    /// What it ran elsewhere.
    pub external: Option<String>,
    /// Output variables.
    pub outputs: BTreeMap<String, String>,
    /// The commit, of a source action.
    pub source: Option<Source>,
}

impl Inner {
    /// Does the work of an action; the error is its reason.
    pub(super) async fn work(
        self: &Arc<Self>,
        execution: &Execution,
        stage: usize,
        action: usize,
        token: &CancellationToken,
    ) -> Result<Done, String> {
        let action = &execution.stages[stage].actions[action];
        match kind(&action.declared) {
            Some(Kind::Source) => self.commit(execution, &action.name, &action.resolved).await,
            Some(Kind::Commands) => self.commands(execution, &action.declared, &action.resolved, token).await,
            // An approval is decided on by a person, and no other kinds are declared.
            Some(Kind::Approval) | None => Err("the embedded AWS cannot run this action".to_owned()),
        }
    }

    /// The newest commit of the branch.
    async fn commit(&self, execution: &Execution, name: &str, configuration: &BTreeMap<String, String>) -> Result<Done, String> {
        let setting = |name: &str| configuration.get(name).cloned().unwrap_or_default();
        let (repository, branch) = (setting("RepositoryName"), setting("BranchName"));
        self.may_take(&self.role_of(execution)?, execution, &repository)?;
        let ask = async |operation: &str, input: Value| {
            self.account.services.json("codecommit", operation, &input).await.map_err(|error| format!("{}: {}", error.code, error.message))
        };
        let head = ask("GetBranch", json!({ "repositoryName": repository, "branchName": branch })).await?;
        let id = head["branch"]["commitId"].as_str().unwrap_or_default().to_owned();
        let found = ask("GetCommit", json!({ "repositoryName": repository, "commitId": id })).await?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (message, author) = (text(&found["commit"]["message"]), &found["commit"]["author"]);
        let outputs = BTreeMap::from([
            ("CommitId".to_owned(), id.clone()),
            ("CommitMessage".to_owned(), message.clone()),
            ("BranchName".to_owned(), branch),
            ("RepositoryName".to_owned(), repository.clone()),
            ("AuthorDate".to_owned(), text(&author["date"])),
        ]);
        let source = Source { action: name.to_owned(), repository, commit: id.clone(), summary: message.clone() };
        Ok(Done { summary: message, external: Some(id), outputs, source: Some(source) })
    }

    /// Commands on the source. No shell is run: the work of the project's own script has an equivalent in this program, which does it when
    /// the commit has exactly that script and the commands call it.
    async fn commands(
        self: &Arc<Self>,
        execution: &Execution,
        declared: &Value,
        environment: &BTreeMap<String, String>,
        token: &CancellationToken,
    ) -> Result<Done, String> {
        let commands: Vec<String> =
            declared["commands"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
        let Some(work) = work_of(&commands) else {
            return Err(format!("the embedded AWS runs no shell: it knows the commands that call {DELIVER_FILE}, and not these"));
        };
        let role = self.role_of(execution)?;
        self.may_run(&role, execution)?;
        let source = execution.source.as_ref().ok_or("there is no source")?;
        if self.file(source, DELIVER_FILE).await? != DELIVER_SCRIPT.as_bytes() {
            return Err(format!(
                "the embedded AWS has no equivalent of the committed {DELIVER_FILE}: it runs the one that this program commits"
            ));
        }
        let deliver = Deliver { inner: self, role: &role, source, environment, token };
        match work {
            "build" => deliver.build().await,
            _ => deliver.deploy().await,
        }
    }

    /// A file of the commit that an execution began with.
    pub(super) async fn file(&self, source: &Source, path: &str) -> Result<Vec<u8>, String> {
        let asked = json!({ "repositoryName": source.repository, "commitSpecifier": source.commit, "filePath": path });
        let file = self.account.services.json("codecommit", "GetFile", &asked).await.map_err(|error| error.message)?;
        STANDARD.decode(file["fileContent"].as_str().unwrap_or_default()).map_err(|error| format!("{path}: {error}"))
    }
}
