//! Processing and training jobs: their records, their requests, their runs.

mod files;
mod processing;
mod training;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::Inner;
use super::execution::Ended;
use super::instances::{Instances, Usage};
use super::names::{Doc, arn, doc, list, name_of, not_found, required_name};
use super::roles::pull;
use crate::local::iam::Assumed;
use crate::local::pace::Wait;
use crate::local::service::{ServiceError, ServiceResult};
use crate::local::services::logs::LogWriter;
use crate::local::services::protocol::aws_json::{Input, epoch};

/// A job, as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Job {
    /// What `Describe…` gives.
    pub description: Doc,
}

/// The kind of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JobKind {
    /// Runs a script in a container.
    Processing,
    /// Trains with a built-in algorithm.
    Training,
}

/// Why a job did not end well.
#[derive(Debug)]
pub(super) enum JobError {
    /// It failed.
    Failed(String),
    /// It was stopped.
    Stopped,
}

impl From<String> for JobError {
    fn from(reason: String) -> Self {
        JobError::Failed(reason)
    }
}

impl JobKind {
    /// The prefix of the job's members: `ProcessingJobName`, `TrainingJobStatus`, …
    const fn word(self) -> &'static str {
        match self {
            JobKind::Processing => "Processing",
            JobKind::Training => "Training",
        }
    }

    const fn arn_kind(self) -> &'static str {
        match self {
            JobKind::Processing => "processing-job",
            JobKind::Training => "training-job",
        }
    }

    /// The member of a step's metadata that has the job's ARN.
    pub(super) const fn step_member(self) -> &'static str {
        match self {
            JobKind::Processing => "ProcessingJob",
            JobKind::Training => "TrainingJob",
        }
    }

    const fn usage(self) -> Usage {
        match self {
            JobKind::Processing => Usage::Processing,
            JobKind::Training => Usage::Training,
        }
    }

    /// The member that has the status of a job.
    pub(super) fn status_member(self) -> String {
        self.member("Status")
    }

    /// The instances in a request or a description.
    pub(super) fn resources(self, members: &Doc) -> Value {
        let member = |name: &str| members.get(name).cloned().unwrap_or_default();
        match self {
            JobKind::Processing => member("ProcessingResources").get("ClusterConfig").cloned().unwrap_or_default(),
            JobKind::Training => member("ResourceConfig"),
        }
    }

    /// The action of IAM for an operation: `sagemaker:CreateTrainingJob`.
    pub(super) fn action(self, verb: &str) -> String {
        format!("sagemaker:{verb}{}Job", self.word())
    }

    /// ARN of a job.
    pub(super) fn arn(self, inner: &Inner, name: &str) -> String {
        arn(&inner.account, self.arn_kind(), name)
    }

    fn member(self, suffix: &str) -> String {
        format!("{}Job{suffix}", self.word())
    }

    /// Where a job logs, as its role: the group of its kind, and the stream of its one instance.
    fn log(self, inner: &Inner, role: &Assumed, name: &str) -> LogWriter {
        let created = inner.jobs.look(&self.key(name), |job| job.description.get("CreationTime").and_then(Value::as_f64)).flatten();
        // Seconds since 1970, which are positive and far below 2^53.
        let since = created.unwrap_or_default() as u64;
        let (group, stream) = (format!("/aws/sagemaker/{}Jobs", self.word()), format!("{name}/algo-1-{since}"));
        inner.account.logs.writer_of(role, &group, &stream, true)
    }

    /// The role of a recorded job.
    fn role(self, inner: &Inner, key: &str) -> Result<Assumed, JobError> {
        let role = inner.jobs.look(key, |job| job.description["RoleArn"].as_str().unwrap_or_default().to_owned()).unwrap_or_default();
        inner.assume(&role).map_err(|error| JobError::Failed(format!("ClientError: {}", error.message)))
    }

    /// The image of a recorded job.
    fn image(self, inner: &Inner, key: &str) -> String {
        let (member, image) = match self {
            JobKind::Processing => ("AppSpecification", "ImageUri"),
            JobKind::Training => ("AlgorithmSpecification", "TrainingImage"),
        };
        inner.jobs.look(key, |job| job.description[member][image].as_str().unwrap_or_default().to_owned()).unwrap_or_default()
    }

    /// The key of a job on the shelf; the two kinds have names of their own.
    fn key(self, name: &str) -> String {
        format!("{}-{name}", self.arn_kind())
    }

    /// Records a new job. Gives its ARN.
    pub(super) fn create(self, inner: &Inner, name: &str, input: &Input) -> ServiceResult<String> {
        let members: &[&str] = match self {
            JobKind::Processing => processing::check(input)?,
            JobKind::Training => training::check(input)?,
        };
        inner.assume(input.required_text("RoleArn")?)?;
        let key = self.key(name);
        if inner.jobs.look(&key, |_| ()).is_some() {
            return Err(ServiceError::new(
                "ResourceInUse",
                format!(
                    "Job name must be unique within an AWS account and region, and a {} job with this name already exists ({name})",
                    self.word().to_lowercase()
                ),
            ));
        }
        let mut more = Instances::default();
        more.add_resources(&self.resources(input.fields()));
        let _admission = inner.admission.lock();
        inner.admit(self.usage(), &more)?;
        let arn = self.arn(inner, name);
        let now = epoch(inner.account.clock.now());
        let mut description = doc(json!({
            self.member("Name"): name,
            self.member("Arn"): arn,
            self.member("Status"): "InProgress",
            "CreationTime": now,
            "LastModifiedTime": now,
        }));
        for member in members {
            if let Some(value) = input.value(member) {
                description.insert((*member).to_owned(), value.clone());
            }
        }
        if self == JobKind::Training {
            training::complete(&mut description);
            training::transition(&mut description, "Starting", "Preparing the instances for training", &now);
        }
        inner.jobs.put(&key, Job { description })?;
        inner.tag(&arn, input)?;
        Ok(arn)
    }

    /// Runs a recorded job to its end. The result's properties are its description.
    pub(super) async fn run(self, inner: &Arc<Inner>, name: &str, token: &CancellationToken) -> Ended {
        let key = self.key(name);
        inner.adopt(&key, token);
        let begun = self.role(inner, &key).map(|role| (self.log(inner, &role, name), role));
        let log = begun.as_ref().ok().map(|(log, _)| log.clone());
        let work = async {
            tokio::select! {
                () = inner.account.pace.wait(Wait::JobStart) => {}
                () = token.cancelled() => return Err(JobError::Stopped),
            }
            let (log, role) = begun?;
            pull(&role, &self.image(inner, &key)).map_err(|why| JobError::Failed(format!("ClientError: {why}")))?;
            match self {
                JobKind::Processing => processing::work(inner, &key, &role, &log, token).await,
                JobKind::Training => training::work(inner, &key, &role, &log, token).await,
            }
        };
        let result = work.await;
        inner.unregister(&key);
        let now = epoch(inner.account.clock.now());
        match (&result, &log) {
            (Err(JobError::Failed(reason)), Some(log)) => log.line(format!("ERROR {reason}")),
            (Err(JobError::Stopped), Some(log)) => log.line("SIGTERM received: the job is stopped"),
            (Ok(()), _) | (_, None) => {}
        }
        let (status, reason) = match &result {
            Ok(()) => ("Completed", None),
            Err(JobError::Failed(reason)) => ("Failed", Some(reason.clone())),
            Err(JobError::Stopped) => ("Stopped", None),
        };
        let saved = inner.jobs.change(&key, |job| {
            let description = &mut job.description;
            description.insert(self.member("Status"), status.into());
            description.insert(format!("{}EndTime", self.word()), now.clone());
            description.insert("LastModifiedTime".into(), now.clone());
            if let Some(reason) = &reason {
                description.insert("FailureReason".into(), reason.clone().into());
            }
            if self == JobKind::Training {
                let message =
                    reason.as_deref().unwrap_or(if status == "Completed" { "Training job completed" } else { "Training job stopped" });
                training::transition(description, status, message, &now);
                training::bill(description);
            }
        });
        match (result, saved) {
            (_, Err(error)) => Ended::Failed(error.message),
            (Ok(()), Ok(())) => Ended::Done(inner.jobs.look(&key, |job| Value::Object(job.description.clone())).unwrap_or_default()),
            (Err(JobError::Failed(reason)), Ok(())) => Ended::Failed(reason),
            (Err(JobError::Stopped), Ok(())) => Ended::Stopped,
        }
    }

    fn not_there(self) -> ServiceError {
        match self {
            JobKind::Processing => not_found("Could not find requested job with name"),
            JobKind::Training => not_found("Requested resource not found."),
        }
    }
}

impl Inner {
    pub(super) fn create_job(self: &Arc<Self>, input: &Input, kind: JobKind) -> ServiceResult {
        let name = required_name(input, &kind.member("Name"), 63)?.to_owned();
        let arn = kind.create(self, &name, input)?;
        let inner = self.clone();
        let token = self.root.child_token();
        tokio::spawn(async move { kind.run(&inner, &name, &token).await });
        Ok(json!({ kind.member("Arn"): arn }))
    }

    pub(super) fn describe_job(&self, input: &Input, kind: JobKind) -> ServiceResult {
        let member = kind.member("Name");
        let name = name_of(input.required_text(&member)?);
        let described = self.jobs.look(&kind.key(name), |job| Value::Object(job.description.clone()));
        let mut described = described.ok_or_else(|| kind.not_there())?;
        if kind == JobKind::Training && described["ModelArtifacts"].is_null() {
            // SageMaker names the place of the model also while there is none yet.
            described["ModelArtifacts"] = json!({ "S3ModelArtifacts": training::artifact(&described) });
        }
        Ok(described)
    }

    pub(super) fn list_jobs(&self, input: &Input, kind: JobKind) -> ServiceResult {
        let status = input.text("StatusEquals")?;
        let jobs = self.jobs.collect(|job| {
            let member = |name: &str| job.description.get(name).cloned().unwrap_or(Value::Null);
            let name = job.description.get(&kind.member("Name"))?.as_str()?.to_owned();
            if status.is_some_and(|status| member(&kind.member("Status")) != status) {
                return None;
            }
            let summary = doc(json!({
                kind.member("Name"): name,
                kind.member("Arn"): member(&kind.member("Arn")),
                kind.member("Status"): member(&kind.member("Status")),
                "CreationTime": member("CreationTime"),
                "LastModifiedTime": member("LastModifiedTime"),
                format!("{}EndTime", kind.word()): member(&format!("{}EndTime", kind.word())),
            }));
            Some((name, member("CreationTime"), Value::Object(summary)))
        });
        let summaries = kind.member("Summaries");
        list(input, &summaries, &summaries, true, jobs)
    }

    pub(super) fn stop_job(&self, input: &Input, kind: JobKind) -> ServiceResult {
        let member = kind.member("Name");
        let key = kind.key(name_of(input.required_text(&member)?));
        let status = self.jobs.look(&key, |job| job.description[&kind.member("Status")].clone()).ok_or_else(|| kind.not_there())?;
        if status == "InProgress" {
            self.jobs.change(&key, |job| {
                job.description.insert(kind.member("Status"), "Stopping".into());
            })?;
            self.cancel(&key);
        }
        Ok(Value::Null)
    }

    /// Settles jobs whose work died with the process.
    pub(super) fn fail_interrupted_jobs(&self) -> ServiceResult<()> {
        let now = epoch(self.account.clock.now());
        for kind in [JobKind::Processing, JobKind::Training] {
            let member = kind.member("Status");
            let interrupted = self.jobs.collect(|job| {
                let at_work = job.description.get(&member).is_some_and(|status| status == "InProgress" || status == "Stopping");
                at_work.then(|| job.description[&kind.member("Name")].as_str().unwrap_or_default().to_owned())
            });
            for name in interrupted {
                self.jobs.change(&kind.key(&name), |job| {
                    job.description.insert(member.clone(), "Failed".into());
                    job.description.insert("FailureReason".into(), super::INTERRUPTED.into());
                    job.description.insert("LastModifiedTime".into(), now.clone());
                    job.description.insert(format!("{}EndTime", kind.word()), now.clone());
                    if kind == JobKind::Training {
                        training::transition(&mut job.description, "Failed", super::INTERRUPTED, &now);
                    }
                })?;
            }
        }
        Ok(())
    }
}
