//! What `CREATE MODEL` needs of its role. Redshift hands the rows to SageMaker through the bucket, SageMaker works as the same role, and
//! Redshift takes the model back: each part asks for what it would do.
//!
//! What is asked for follows Redshift's documentation ("Cluster and configure setup for Amazon Redshift ML administration"), which gives a
//! policy with the fewest permissions: `sagemaker:*Job*` there are the jobs below here. Which of the two operations for a search Redshift
//! calls is not documented.

use super::entry::Entry;
use crate::demo::pipeline_definition::{Framework, image_uri};
use crate::local::engine::outside::{denied, s3_words};
use crate::local::engine::{SqlError, SqlErrorKind};
use crate::local::iam::{AccessError, Assumed, Denied, Identity, Keys, ObjectsOf, Principal, pull, service};

/// Jobs of a search beside the search itself, and those that a training by `AUTO OFF` has: the kind in ARNs and in actions.
const OF_A_SEARCH: [(&str, &str); 2] = [("processing-job", "ProcessingJob"), ("transform-job", "TransformJob")];
/// Jobs of both: the training, and making of its result what the warehouse can run.
const OF_BOTH: [(&str, &str); 2] = [("training-job", "TrainingJob"), ("compilation-job", "CompilationJob")];
/// What is done with the model on SageMaker until it is taken back.
const OF_THE_MODEL: [&str; 3] = ["CreateModel", "DescribeModel", "DeleteModel"];
/// Where jobs log.
const LOG_GROUP: &str = "/aws/sagemaker/TrainingJobs";
/// Where jobs put their figures.
const NAMESPACE: &str = "/aws/sagemaker/TrainingJobs";

/// Where a model's data, its parts and its artifact lie in the bucket.
pub(super) fn folder(entry: &Entry) -> String {
    format!("redshift-ml/{}/", entry.job)
}

/// The beginning, which the statement waits for: the rows go to the bucket, and SageMaker is told to work.
pub(super) fn begin(identity: &Identity, objects: &ObjectsOf, entry: &Entry) -> Result<(), SqlError> {
    let Identity::Role(role) = identity else { return Ok(()) };
    let (bucket, folder) = (entry.bucket.as_str(), folder(entry));
    let s3 = |error: AccessError| {
        SqlError::new(
            SqlErrorKind::Execution,
            format!("ERROR: {}", s3_words(&error, &format!("the training data in s3://{bucket}/{folder}"))),
        )
    };
    objects.locate(bucket).map_err(s3)?;
    objects.list(bucket, &folder).map_err(s3)?;
    // The rows are written in parts; one that fails takes back what is there.
    let data = format!("{folder}input/000");
    objects.may_put(bucket, &data).and_then(|()| objects.may_abort(bucket, &data)).map_err(|refused| s3(refused.into()))?;
    handed_over(role, entry).map_err(|refused| denied(&refused))?;
    role.authority().assume(role.role_arn(), Principal::Service(service::SAGEMAKER), "SageMaker").map(drop).map_err(|error| {
        tracing::info!(%error, "a role is refused");
        let role = &error.role;
        let message = format!(
            "ERROR: ValidationException: Could not assume role {role}. Please ensure that the role exists and allows principal \
                               'sagemaker.amazonaws.com' to assume the role."
        );
        SqlError::new(SqlErrorKind::Execution, message)
    })
}

/// The call that begins the work of SageMaker as the same role.
fn handed_over(role: &Assumed, entry: &Entry) -> Result<(), Denied> {
    role.may_pass(role.role_arn(), service::SAGEMAKER)?;
    if entry.given.is_some() {
        // The training itself is the only job that begins.
        return role.may("sagemaker:AddTags", &arn(role, "training-job", entry));
    }
    let search = arn(role, "automl-job", entry);
    for action in ["sagemaker:CreateAutoMLJob", "sagemaker:CreateAutoMLJobV2", "sagemaker:AddTags"] {
        role.may(action, &search)?;
    }
    Ok(())
}

fn arn(role: &Assumed, kind: &str, entry: &Entry) -> String {
    // Names of jobs and models are in lower case in ARNs.
    role.authority().arn("sagemaker", &format!("{kind}/{}", entry.job.to_lowercase()))
}

/// The work on SageMaker; the error is the reason why the training failed.
pub(super) fn work(identity: &Identity, entry: &Entry) -> Result<(), String> {
    let Identity::Role(role) = identity else { return Ok(()) };
    // In a region that has no images of SageMaker's, nothing is pulled here either.
    let image = image_uri(Framework::XgBoost, role.authority().region()).ok();
    let pulled = |()| image.iter().try_for_each(|image| pull(role, image));
    on_sagemaker(role, entry).and_then(pulled).and_then(|()| told(role, entry)).map_err(|refused| reason(&refused))
}

fn on_sagemaker(role: &Assumed, entry: &Entry) -> Result<(), Denied> {
    let jobs = if entry.given.is_some() { &[] } else { OF_A_SEARCH.as_slice() };
    for (kind, name) in jobs.iter().chain(&OF_BOTH) {
        // What is still at work when the result is there is stopped.
        for verb in ["Create", "Describe", "Stop"] {
            role.may(&format!("sagemaker:{verb}{name}"), &arn(role, kind, entry))?;
        }
    }
    for action in OF_THE_MODEL {
        role.may(&format!("sagemaker:{action}"), &arn(role, "model", entry))?;
    }
    if entry.given.is_none() {
        for action in ["DescribeAutoMLJob", "DescribeAutoMLJobV2", "ListCandidatesForAutoMLJob", "StopAutoMLJob"] {
            role.may(&format!("sagemaker:{action}"), &arn(role, "automl-job", entry))?;
        }
    }
    Ok(())
}

/// What the jobs tell of themselves.
fn told(role: &Assumed, entry: &Entry) -> Result<(), Denied> {
    let stream = |name: &str| role.authority().arn("logs", &format!("log-group:{LOG_GROUP}:log-stream:{name}"));
    role.may("logs:CreateLogGroup", &stream(""))?;
    role.may("logs:DescribeLogStreams", &stream(""))?;
    for action in ["logs:CreateLogStream", "logs:PutLogEvents"] {
        role.may(action, &stream(&entry.job))?;
    }
    role.may_with("cloudwatch:PutMetricData", "*", Keys::default().with("cloudwatch:namespace", NAMESPACE))
}

/// The end: the artifact is taken from the bucket, and what lies there is removed unless it is to stay; the error is the reason.
pub(super) fn end(objects: &ObjectsOf, entry: &Entry) -> Result<(), String> {
    let artifact = format!("{}output/model.tar.gz", folder(entry));
    let (bucket, artifact) = (entry.bucket.as_str(), artifact.as_str());
    objects.may_put(bucket, artifact).and_then(|()| objects.may_get(bucket, artifact)).map_err(|refused| reason(&refused))?;
    if entry.garbage_collect {
        objects.may_delete(bucket, artifact).map_err(|refused| reason(&refused))?;
    }
    Ok(())
}

fn reason(denied: &Denied) -> String {
    format!("AccessDeniedException: {denied}")
}
