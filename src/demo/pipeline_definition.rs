//! The SageMaker pipeline of the demonstration, as the JSON document that `CreatePipeline` takes.
//!
//! `assets/pipeline/definition.json` is the document with placeholders: a JSON string that is exactly `${NAME}` stands for a value (a text,
//! a number, a list, an object), which replaces the string in the tree. Nothing is pasted into text, so no value can break the document.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::data_quality::{Baseline, Limits};
use super::dataset::DataSet;
use super::feature_schema::Derived;
use super::scenario::Scenario;

/// What the step that checks the data runs: `assets/containers/quality.py`.
pub const QUALITY_SCRIPT: &str = include_str!("../../assets/containers/quality.py");
/// What the step that prepares the data runs: `assets/containers/preprocess.py`.
pub const PREPROCESS_SCRIPT: &str = include_str!("../../assets/containers/preprocess.py");
/// What the step that measures the model runs: `assets/containers/evaluate.py`.
pub const EVALUATE_SCRIPT: &str = include_str!("../../assets/containers/evaluate.py");
/// The Lambda function that unloads the table: `assets/lambda/unload.py`. Its handler is [`UNLOAD_HANDLER`].
pub const UNLOAD_FUNCTION: &str = include_str!("../../assets/lambda/unload.py");
/// File name of the function inside its zip.
pub const UNLOAD_FILE: &str = "unload.py";
/// Handler of the function.
pub const UNLOAD_HANDLER: &str = "unload.handler";

const TEMPLATE: &str = include_str!("../../assets/pipeline/definition.json");
const IMAGES: &str = include_str!("../../assets/pipeline/images.json");

/// Names of the steps, in the order of the definition.
pub mod step {
    /// Unloads the table.
    pub const UNLOAD: &str = "Lambda-RedShift-dl";
    /// Checks the data.
    pub const QUALITY: &str = "Step-DataQuality";
    /// Makes features and splits.
    pub const PREPROCESS: &str = "Step-PreProcess";
    /// Boosts trees.
    pub const TRAIN: &str = "Step-Train";
    /// Measures the model on the test split.
    pub const EVALUATE: &str = "Step-Eval";
    /// The quality gate.
    pub const GATE: &str = "Step-AccuracyCond";
    /// A version in the registry.
    pub const REGISTER: &str = "Step-RegisterModel";
    /// The reason of a refusal.
    pub const REFUSED: &str = "Step-GateRefused";
}

/// Names of the parameters that an execution is started with by the program.
pub mod parameter {
    /// `s3://` address of what the data are compared with.
    pub const BASELINE: &str = "DataQualityBaselineUrl";
    /// `s3://` address of the figures of the approved model.
    pub const CHAMPION: &str = "ChampionUrl";
    /// Part of the environment of every cached step: another value makes it another step.
    pub const CACHE_KEY: &str = "CacheKey";
}

/// Keys of the registered package's customer metadata: where what belongs to the model is found.
pub mod metadata {
    /// `s3://` address of the feature schema (JSON).
    pub const FEATURE_SCHEMA: &str = "feature_schema";
    /// `s3://` address of the report on the data (JSON).
    pub const QUALITY: &str = "data_quality";
    /// `s3://` address of the evaluation report (JSON).
    pub const EVALUATION: &str = "evaluation";
    /// `s3://` address of the raw rows of the test split (CSV with header and target, in test order).
    pub const TEST_ROWS: &str = "test_rows";
    /// `s3://` address of the split of every row (CSV: `row,digest,split,target`).
    pub const SPLITS: &str = "splits";
    /// The threshold from which on a score is a yes.
    pub const THRESHOLD: &str = "threshold";
    /// XGBoost's name of the objective.
    pub const OBJECTIVE: &str = "objective";
    /// Id of the execution that made the model.
    pub const EXECUTION: &str = "execution";
}

/// How the warehouse is addressed through the Data API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WarehouseRef {
    /// A serverless workgroup.
    Workgroup(String),
    /// A provisioned cluster.
    Cluster(String),
}

/// What preprocessing makes of the table.
#[derive(Debug, Clone, PartialEq)]
pub struct FeaturePlan {
    /// Target column.
    pub target: String,
    /// The target's positive value.
    pub positive: String,
    /// Columns that stay out of the vector.
    pub dropped: Vec<String>,
    /// Features made from columns.
    pub derived: Vec<Derived>,
}

impl FeaturePlan {
    /// The plan of a data set.
    pub fn of(data: &DataSet) -> Self {
        FeaturePlan {
            target: data.target.name.clone(),
            positive: data.target.positive.clone(),
            dropped: data.columns.iter().filter(|column| column.kept_out.is_some()).map(|column| column.name.clone()).collect(),
            derived: data.derived.clone(),
        }
    }
}

/// What fills the definition beside the scenario's names.
#[derive(Debug, Clone, PartialEq)]
pub struct PipelineInputs {
    /// ARN of the role that SageMaker's jobs assume.
    pub role_arn: String,
    /// ARN of the role that Redshift assumes to write the unload.
    pub unload_role_arn: String,
    /// ARN of the function that unloads.
    pub function_arn: String,
    /// ARN of the secret with the warehouse's login.
    pub secret_arn: String,
    /// The warehouse.
    pub warehouse: WarehouseRef,
    /// What preprocessing makes of the table.
    pub features: FeaturePlan,
    /// XGBoost's name of the objective.
    pub objective: String,
    /// Boosting rounds.
    pub num_round: u32,
    /// Depth of a tree.
    pub max_depth: u32,
    /// Learning rate.
    pub eta: f64,
    /// Least loss reduction of a split.
    pub gamma: f64,
    /// Least sum of instance weight in a child.
    pub min_child_weight: f64,
    /// Share of the rows that a tree sees.
    pub subsample: f64,
    /// Seed of the shuffle and of the boosting.
    pub seed: u64,
    /// Share of the rows that train.
    pub train_share: f64,
    /// Share of the rows that validate; the rest tests.
    pub validation_share: f64,
    /// The gate refuses a model with a smaller AUC on the test split.
    pub auc_floor: f64,
    /// The gate refuses a model whose AUC is smaller than the approved model's by more than this.
    pub auc_margin: f64,
    /// A score from here on is a yes.
    pub threshold: f64,
    /// Columns by whose values the test rows are measured in parts.
    pub segments: Vec<String>,
    /// Where the line between good and bad data runs.
    pub quality: Limits,
    /// Whether a step whose inputs have not changed takes over what an earlier execution found.
    pub cache: bool,
    /// For how many days it may.
    pub cache_days: u32,
    /// `Approved` or `PendingManualApproval`.
    pub approval: String,
    /// Instance of processing jobs.
    pub processing_instance: String,
    /// Number of processing instances.
    pub processing_instances: u32,
    /// Instance of the training job.
    pub training_instance: String,
    /// Instance of endpoints.
    pub endpoint_instance: String,
}

/// Why there is no definition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DefinitionError {
    /// AWS publishes no framework images in the region.
    #[error("SageMaker's framework images are not published in the region `{0}`; choose another region")]
    Region(String),
    /// The template or the image table in the program is damaged.
    #[error("the pipeline template is damaged: {0}")]
    Template(String),
}

/// A framework whose images SageMaker publishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framework {
    /// scikit-learn 1.2-1, for preprocessing.
    ScikitLearn,
    /// XGBoost 3.0-5 (or the older 1.7-1), for training, evaluation and inference.
    XgBoost,
}

/// A release of SageMaker's XGBoost container. The releases differ in the model's file and in what `base_score` is when it is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum XgboostRelease {
    /// 1.7-1, with XGBoost 1.7.4: its own binary format, a `base_score` of one half.
    V1_7,
    /// 3.0-5, with XGBoost 3.0.5: UBJSON, a `base_score` found from the labels.
    V3_0,
}

impl XgboostRelease {
    /// The release that an image URI names; `None` when it is no XGBoost image that is known here.
    pub fn of(image_uri: &str) -> Option<Self> {
        if framework_of(image_uri) != Some(Framework::XgBoost) {
            return None;
        }
        match image_uri.rsplit_once(':')?.1 {
            "1.7-1" => Some(XgboostRelease::V1_7),
            "3.0-5" => Some(XgboostRelease::V3_0),
            _ => None,
        }
    }
}

#[derive(Deserialize)]
struct Images {
    xgboost: Image,
    #[serde(rename = "scikit-learn")]
    sklearn: Image,
    domains: BTreeMap<String, String>,
    accounts: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Image {
    repository: String,
    /// The tag of the image that the definition names.
    tag: String,
    /// Older tags that run too.
    #[serde(default)]
    also: Vec<String>,
}

fn images() -> Result<Images, DefinitionError> {
    serde_json::from_str(IMAGES).map_err(|error| DefinitionError::Template(error.to_string()))
}

/// The image of a framework in a region.
pub fn image_uri(framework: Framework, region: &str) -> Result<String, DefinitionError> {
    let images = images()?;
    let account = images.accounts.get(region).ok_or_else(|| DefinitionError::Region(region.to_owned()))?;
    // The longest prefix wins: `us-isob-` over `us-iso-` cannot clash, the default has none.
    let domain = images
        .domains
        .iter()
        .filter(|(prefix, _)| region.starts_with(prefix.as_str()))
        .max_by_key(|(prefix, _)| prefix.len())
        .or_else(|| images.domains.get_key_value("default"))
        .map_or("amazonaws.com", |(_, domain)| domain.as_str());
    let image = match framework {
        Framework::ScikitLearn => &images.sklearn,
        Framework::XgBoost => &images.xgboost,
    };
    Ok(format!("{account}.dkr.ecr.{region}.{domain}/{}:{}", image.repository, image.tag))
}

/// Which framework an image URI names, whatever its region; `None` for an image that is not one of SageMaker's in the versions used here.
pub fn framework_of(image_uri: &str) -> Option<Framework> {
    let images = images().ok()?;
    let (registry, image) = image_uri.split_once('/')?;
    let (account, host) = registry.split_once(".dkr.ecr.")?;
    let region = host.split('.').next()?;
    if images.accounts.get(region).map(String::as_str) != Some(account) {
        return None;
    }
    let (repository, tag) = image.split_once(':')?;
    let named = |known: &Image| repository == known.repository && (tag == known.tag || known.also.iter().any(|also| also == tag));
    if named(&images.sklearn) {
        Some(Framework::ScikitLearn)
    } else if named(&images.xgboost) {
        Some(Framework::XgBoost)
    } else {
        None
    }
}

/// The figures of the approved model that a new one is compared with; nothing but absences when no model is approved.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize, Deserialize)]
pub struct Champion {
    /// Version in the registry.
    pub version: Option<u32>,
    /// Area under the ROC curve on its test rows.
    pub auc: Option<f64>,
    /// Mean squared error on its test rows.
    pub mse: Option<f64>,
}

/// The scripts that have to be in the bucket before an execution starts: key and content. The key has the content's digest, so that a
/// changed script makes a changed definition, and a running execution keeps its own.
pub fn code_objects(scenario: &Scenario) -> [(String, &'static str); 3] {
    [
        code_object(scenario, "quality.py", QUALITY_SCRIPT),
        code_object(scenario, "preprocess.py", PREPROCESS_SCRIPT),
        code_object(scenario, "evaluate.py", EVALUATE_SCRIPT),
    ]
}

fn code_object(scenario: &Scenario, file: &str, content: &'static str) -> (String, &'static str) {
    (format!("{}code/{}/{file}", scenario.pipeline_prefix, short_digest(content)), content)
}

fn short_digest(content: &str) -> String {
    super::feature_schema::digest_text(&Sha256::digest(content.as_bytes()))
}

/// A document that an execution is compared with: its key, which has the content's digest, and its content.
pub fn reference_object(scenario: &Scenario, file: &str, document: &Value) -> (String, String) {
    let content = document.to_string();
    (format!("{}references/{}/{file}", scenario.pipeline_prefix, short_digest(&content)), content)
}

/// What an execution is compared with when nobody says otherwise: the expectations without the data of a model, and no model. They have
/// to be in the bucket before an execution starts.
pub fn default_references(scenario: &Scenario) -> [(String, String); 2] {
    [
        // Both are plain structures of texts and numbers, which always have a JSON form.
        reference_object(scenario, "baseline.json", &serde_json::to_value(Baseline::expected(&scenario.data)).unwrap_or_default()),
        reference_object(scenario, "champion.json", &serde_json::to_value(Champion::default()).unwrap_or_default()),
    ]
}

/// The definition, ready for `CreatePipeline`.
pub fn definition(scenario: &Scenario, inputs: &PipelineInputs) -> Result<Value, DefinitionError> {
    let values = values(scenario, inputs)?;
    let mut tree: Value = serde_json::from_str(TEMPLATE).map_err(|error| DefinitionError::Template(error.to_string()))?;
    fill(&mut tree, &values)?;
    Ok(tree)
}

/// Identifies a definition: hex SHA-256 of its compact text.
pub fn digest(definition: &Value) -> String {
    use std::fmt::Write;
    Sha256::digest(definition.to_string().as_bytes()).iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn fill(node: &mut Value, values: &BTreeMap<&'static str, Value>) -> Result<(), DefinitionError> {
    match node {
        Value::String(text) => {
            if let Some(name) = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
                *node = values.get(name).cloned().ok_or_else(|| DefinitionError::Template(format!("nothing is known as `{name}`")))?;
            }
            Ok(())
        }
        Value::Array(items) => items.iter_mut().try_for_each(|item| fill(item, values)),
        Value::Object(members) => members.values_mut().try_for_each(|member| fill(member, values)),
        _ => Ok(()),
    }
}

fn values(scenario: &Scenario, inputs: &PipelineInputs) -> Result<BTreeMap<&'static str, Value>, DefinitionError> {
    let bucket_url = format!("s3://{}", scenario.bucket);
    let [(quality_code, _), (preprocess_code, _), (evaluate_code, _)] = code_objects(scenario);
    let [(baseline, _), (champion, _)] = default_references(scenario);
    let cache = json!({ "Enabled": inputs.cache, "ExpireAfter": format!("P{}D", inputs.cache_days) });
    let warehouse = match &inputs.warehouse {
        WarehouseRef::Workgroup(name) => json!({ "WorkgroupName": name }),
        WarehouseRef::Cluster(name) => json!({ "ClusterIdentifier": name }),
    };
    let text = |value: &str| Value::from(value);
    Ok(BTreeMap::from([
        ("PROCESSING_INSTANCE_TYPE", text(&inputs.processing_instance)),
        ("PROCESSING_INSTANCE_COUNT", Value::from(inputs.processing_instances)),
        ("TRAINING_INSTANCE_TYPE", text(&inputs.training_instance)),
        ("APPROVAL_STATUS", text(&inputs.approval)),
        ("INPUT_DATA_URL", text(&bucket_url)),
        ("BASELINE_URL", Value::from(format!("{bucket_url}/{baseline}"))),
        ("CHAMPION_URL", Value::from(format!("{bucket_url}/{champion}"))),
        ("CACHE", cache),
        ("QUALITY_ARGUMENTS", quality_arguments(inputs)),
        ("QUALITY_CODE", Value::from(format!("{bucket_url}/{quality_code}"))),
        ("FUNCTION_ARN", text(&inputs.function_arn)),
        ("WAREHOUSE", warehouse),
        ("DATABASE", text(&scenario.database)),
        ("SECRET_ARN", text(&inputs.secret_arn)),
        ("UNLOAD_ROLE_ARN", text(&inputs.unload_role_arn)),
        ("SCHEMA", text(&scenario.schema)),
        ("TABLE", text(&scenario.table)),
        ("UNLOAD_PREFIX", text(scenario.unload_prefix.trim_matches('/'))),
        ("RUNS_URL", Value::from(format!("{bucket_url}/{}runs", scenario.pipeline_prefix))),
        ("ROLE_ARN", text(&inputs.role_arn)),
        ("SKLEARN_IMAGE", Value::from(image_uri(Framework::ScikitLearn, &scenario.region)?)),
        ("XGBOOST_IMAGE", Value::from(image_uri(Framework::XgBoost, &scenario.region)?)),
        ("PREPROCESS_ARGUMENTS", preprocess_arguments(inputs)?),
        ("PREPROCESS_CODE", Value::from(format!("{bucket_url}/{preprocess_code}"))),
        ("EVALUATE_ARGUMENTS", evaluate_arguments(inputs)),
        ("EVALUATE_CODE", Value::from(format!("{bucket_url}/{evaluate_code}"))),
        ("HYPERPARAMETERS", hyperparameters(inputs)),
        ("AUC_FLOOR", Value::from(inputs.auc_floor)),
        ("AUC_FLOOR_TEXT", Value::from(inputs.auc_floor.to_string())),
        ("AUC_MARGIN", Value::from(-inputs.auc_margin)),
        ("AUC_MARGIN_TEXT", Value::from(inputs.auc_margin.to_string())),
        ("THRESHOLD", Value::from(inputs.threshold.to_string())),
        ("OBJECTIVE", text(&inputs.objective)),
        ("MODEL_GROUP", text(&scenario.model_group)),
        ("INFERENCE_INSTANCE_TYPES", json!([inputs.endpoint_instance])),
        ("TRANSFORM_INSTANCE_TYPES", json!([inputs.processing_instance])),
    ]))
}

fn quality_arguments(inputs: &PipelineInputs) -> Value {
    let limits = &inputs.quality;
    let mut arguments =
        vec!["--target".to_owned(), inputs.features.target.clone(), "--positive".to_owned(), inputs.features.positive.clone()];
    for (name, value) in [
        ("--min-rows", limits.min_rows.to_string()),
        ("--max-missing", limits.max_missing.to_string()),
        ("--max-unseen", limits.max_unseen.to_string()),
        ("--max-absent", limits.max_absent.to_string()),
        ("--max-outside", limits.max_outside.to_string()),
        ("--max-duplicates", limits.max_duplicates.to_string()),
        ("--min-target-rate", limits.min_target_rate.to_string()),
        ("--max-target-rate", limits.max_target_rate.to_string()),
        ("--max-drift", limits.max_drift.to_string()),
    ] {
        arguments.extend([name.to_owned(), value]);
    }
    Value::from(arguments)
}

fn evaluate_arguments(inputs: &PipelineInputs) -> Value {
    let mut arguments = vec!["--threshold".to_owned(), inputs.threshold.to_string()];
    for column in &inputs.segments {
        arguments.extend(["--segment".to_owned(), column.clone()]);
    }
    Value::from(arguments)
}

fn preprocess_arguments(inputs: &PipelineInputs) -> Result<Value, DefinitionError> {
    let plan = &inputs.features;
    let mut arguments = vec![
        "--target".to_owned(),
        plan.target.clone(),
        "--positive".to_owned(),
        plan.positive.clone(),
        "--seed".to_owned(),
        inputs.seed.to_string(),
        "--train-share".to_owned(),
        inputs.train_share.to_string(),
        "--validation-share".to_owned(),
        inputs.validation_share.to_string(),
    ];
    for column in &plan.dropped {
        arguments.extend(["--drop".to_owned(), column.clone()]);
    }
    for derived in &plan.derived {
        let rule = serde_json::to_string(derived).map_err(|error| DefinitionError::Template(error.to_string()))?;
        arguments.extend(["--derive".to_owned(), rule]);
    }
    Ok(Value::from(arguments))
}

/// The training job's hyperparameters, all text as the API wants them.
fn hyperparameters(inputs: &PipelineInputs) -> Value {
    json!({
        "objective": inputs.objective,
        "num_round": inputs.num_round.to_string(),
        "max_depth": inputs.max_depth.to_string(),
        "eta": inputs.eta.to_string(),
        "gamma": inputs.gamma.to_string(),
        "min_child_weight": inputs.min_child_weight.to_string(),
        "subsample": inputs.subsample.to_string(),
        "tree_method": "hist",
        "seed": inputs.seed.to_string(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;
    use crate::demo::example::{inputs, scenario};

    #[test]
    fn every_placeholder_is_filled_and_every_value_is_used() {
        let text = definition(&scenario(), &inputs()).unwrap().to_string();
        assert!(!text.contains("${"), "{text}");
        for name in values(&scenario(), &inputs()).unwrap().keys() {
            assert!(TEMPLATE.contains(&format!("\"${{{name}}}\"")), "{name} is not in the template");
        }
    }

    #[test]
    fn a_value_cannot_break_the_document() {
        let mut inputs = inputs();
        inputs.function_arn = "\"}], \"Steps\": [".into();
        let definition = definition(&scenario(), &inputs).unwrap();
        assert_eq!(definition["Steps"].as_array().unwrap().len(), 6);
        assert_eq!(definition["Steps"][0]["FunctionArn"], json!("\"}], \"Steps\": ["));
    }

    #[test]
    fn arguments_stay_within_the_limit_of_a_processing_job() {
        let definition = definition(&scenario(), &inputs()).unwrap();
        for step in definition["Steps"].as_array().unwrap().iter().filter(|step| step["Type"] == "Processing") {
            let arguments = step["Arguments"]["AppSpecification"]["ContainerArguments"].as_array().unwrap();
            assert!(arguments.len() <= 100, "{}", step["Name"]);
            assert!(arguments.iter().all(|argument| argument.as_str().unwrap().len() <= 256), "{}", step["Name"]);
            assert!(step["Arguments"]["ProcessingInputs"].as_array().unwrap().len() <= 10, "{}", step["Name"]);
        }
    }

    #[test]
    fn images_are_known_by_region_and_recognised() {
        let uri = image_uri(Framework::XgBoost, "us-east-1").unwrap();
        assert_eq!(uri, "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.0-5");
        assert_eq!((framework_of(&uri), XgboostRelease::of(&uri)), (Some(Framework::XgBoost), Some(XgboostRelease::V3_0)));
        let older = uri.replace("3.0-5", "1.7-1");
        assert_eq!((framework_of(&older), XgboostRelease::of(&older)), (Some(Framework::XgBoost), Some(XgboostRelease::V1_7)));
        let china = image_uri(Framework::ScikitLearn, "cn-north-1").unwrap();
        assert!(china.ends_with(".dkr.ecr.cn-north-1.amazonaws.com.cn/sagemaker-scikit-learn:1.2-1-cpu-py3"), "{china}");
        assert_eq!((framework_of(&china), XgboostRelease::of(&china)), (Some(Framework::ScikitLearn), None));
        assert_eq!(framework_of("123456789012.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.0-5"), None);
        assert_eq!(framework_of("683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.0-1"), None);
        assert_eq!(image_uri(Framework::XgBoost, "mars-1"), Err(DefinitionError::Region("mars-1".into())));
    }

    #[test]
    fn the_digest_follows_the_settings() {
        let one = definition(&scenario(), &inputs()).unwrap();
        let mut changed = inputs();
        changed.num_round = 51;
        let other = definition(&scenario(), &changed).unwrap();
        assert_eq!(digest(&one), digest(&definition(&scenario(), &inputs()).unwrap()));
        assert_ne!(digest(&one), digest(&other));
        assert_eq!(digest(&one).len(), 64);
    }
}
