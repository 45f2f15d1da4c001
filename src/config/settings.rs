//! The settings, as `config.toml` documents them.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::demo::dataset::DataSet;
use crate::demo::scenario::Scenario;
use crate::local::pace::Pace;

/// Every setting of the program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// What is demonstrated.
    pub demo: Demo,
    /// The account and where in it.
    pub aws: Aws,
    /// The data set.
    pub data: Data,
    /// Names of resources; an empty one follows from `demo.name`.
    pub names: Names,
    /// The warehouse.
    pub warehouse: Warehouse,
    /// The lake.
    pub lake: Lake,
    /// The pipeline and the model.
    pub mlops: Mlops,
    /// The way from a commit to production.
    pub project: Project,
    /// What is made through CloudFormation.
    pub stacks: Stacks,
    /// The model made in SQL.
    pub redshift_ml: RedshiftMl,
    /// The SQL console.
    pub sql: Sql,
    /// What may be spent.
    pub costs: Costs,
    /// The embedded AWS.
    pub local: Local,
    /// Presentations.
    pub stage: Stage,
    /// Where what crosses the SDK is recorded.
    pub recording: Recording,
    /// The recording that is played.
    pub replay: Replay,
    /// The screen.
    pub screen: Screen,
    /// What `data.schema` describes.
    #[serde(skip, default = "DataSet::bank")]
    pub data_set: Arc<DataSet>,
}

/// `[demo]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Demo {
    /// Name of the demonstration: prefix of resource names, value of the `shiftdeck:demo` tag.
    pub name: String,
    /// Value of the `shiftdeck:owner` tag, may be empty.
    pub owner: String,
}

/// Which AWS answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum TargetKind {
    /// The AWS embedded in the process.
    Local,
    /// The account that the credential chain leads to.
    Aws,
    /// A recorded session.
    Replay,
}

impl TargetKind {
    /// The name in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            TargetKind::Local => "local",
            TargetKind::Aws => "aws",
            TargetKind::Replay => "replay",
        }
    }
}

/// `[aws]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aws {
    /// Which AWS answers.
    pub target: TargetKind,
    /// Region.
    pub region: String,
    /// Profile of the shared configuration files; empty for the default chain.
    pub profile: String,
    /// Bucket; empty for `<demo>-<account>-<region>` in lower case.
    pub bucket: String,
    /// Patterns of aliases and account ids that are production.
    pub production: Vec<String>,
    /// The alias or id of a production account that may be worked in.
    pub confirmed: String,
}

/// `[data]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// `sample`, a path, an `s3://` or an `https://` address.
    pub source: String,
    /// Path of the description of the data; empty for the built-in one.
    pub schema: String,
    /// Rows of the sample.
    pub sample_rows: u32,
    /// Seed of the sample.
    pub sample_seed: u64,
}

/// `[names]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Names {
    /// Secret.
    pub secret: String,
    /// Warehouse (cluster, or namespace and workgroup).
    pub warehouse: String,
    /// Redshift database.
    pub database: String,
    /// Administrator of the warehouse.
    pub admin_user: String,
    /// Redshift schema.
    pub schema: String,
    /// Redshift table.
    pub table: String,
    /// External schema in Redshift.
    pub external_schema: String,
    /// Glue database.
    pub glue_database: String,
    /// Glue table.
    pub glue_table: String,
    /// Role of Redshift.
    pub redshift_role: String,
    /// Role of Lambda.
    pub lambda_role: String,
    /// Role of SageMaker.
    pub sagemaker_role: String,
    /// Lambda function.
    pub function: String,
    /// Pipeline.
    pub pipeline: String,
    /// Model package group.
    pub model_group: String,
    /// Staging endpoint.
    pub staging_endpoint: String,
    /// Production endpoint.
    pub production_endpoint: String,
    /// Redshift ML model.
    pub ml_model: String,
    /// Redshift ML function.
    pub ml_function: String,
    /// Subnet group.
    pub subnet_group: String,
    /// Stack of the network.
    pub network_stack: String,
    /// Stack of the studio.
    pub studio_stack: String,
}

/// How the warehouse is provisioned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WarehouseKind {
    /// Redshift Serverless.
    Serverless,
    /// A cluster.
    Provisioned,
}

/// `[warehouse]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Warehouse {
    /// Serverless or provisioned.
    pub kind: WarehouseKind,
    /// Whether the warehouse is there already, is only used, and never removed.
    pub existing: bool,
    /// Base capacity of a workgroup, in RPU.
    pub base_capacity: u32,
    /// Node type of a cluster.
    pub node_type: String,
    /// Nodes of a cluster.
    pub nodes: u32,
    /// Subnets of the warehouse; empty for the account's default.
    pub subnet_ids: Vec<String>,
}

/// `[lake]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lake {
    /// Athena workgroup.
    pub workgroup: String,
}

/// The objective of the boosting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Objective {
    /// A probability.
    #[serde(rename = "binary:logistic")]
    BinaryLogistic,
    /// The original's squared error.
    #[serde(rename = "reg:squarederror")]
    SquaredError,
}

impl Objective {
    /// XGBoost's name.
    pub const fn name(self) -> &'static str {
        match self {
            Objective::BinaryLogistic => "binary:logistic",
            Objective::SquaredError => "reg:squarederror",
        }
    }
}

/// The approval status that a registered package gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Approval {
    /// Usable at once.
    Approved,
    /// Somebody decides.
    PendingManualApproval,
}

/// `[mlops]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mlops {
    /// Objective.
    pub objective: Objective,
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
    /// Seed of the shuffle and the boosting.
    pub seed: u64,
    /// Share of the rows that train; the rest is for validation and test.
    pub train_share: f64,
    /// Share of the rows that validate.
    pub validation_share: f64,
    /// The gate refuses a model whose AUC on the test split is below this.
    pub auc_floor: f64,
    /// The gate refuses a model whose AUC is smaller than the approved model's by more than this.
    pub auc_margin: f64,
    /// A score from here on is a yes.
    pub threshold: f64,
    /// Columns by whose values the test rows are measured in parts.
    pub segments: Vec<String>,
    /// Whether a step whose inputs have not changed takes over what an earlier execution found.
    pub cache: bool,
    /// For how many days it may.
    pub cache_days: u32,
    /// Approval status of a registered package.
    pub approval: Approval,
    /// Instance of processing jobs.
    pub processing_instance: String,
    /// Number of processing instances.
    pub processing_instances: u32,
    /// Instance of the training job.
    pub training_instance: String,
    /// Instance of endpoints.
    pub endpoint_instance: String,
    /// Where the line between good and bad data runs.
    pub quality: Quality,
}

/// `[mlops.quality]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quality {
    /// Fewest rows.
    pub min_rows: u32,
    /// Largest share of rows of a column without a value.
    pub max_missing: f64,
    /// Largest share of rows with a text that the baseline does not know.
    pub max_unseen: f64,
    /// Largest share that a text may have had in the baseline and not occur now.
    pub max_absent: f64,
    /// Largest share of rows with a number outside of the plausible range.
    pub max_outside: f64,
    /// Largest share of rows that occur before.
    pub max_duplicates: f64,
    /// Least share of the positive class.
    pub min_target_rate: f64,
    /// Largest share of the positive class.
    pub max_target_rate: f64,
    /// Largest population stability index of a column against the baseline.
    pub max_drift: f64,
}

/// `[project]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Project {
    /// Whether the account has one, or may be given one.
    pub enabled: bool,
    /// Repository in CodeCommit; empty for `<demo>-source`.
    pub repository: String,
    /// Pipeline in CodePipeline; empty for `<demo>-project`.
    pub pipeline: String,
    /// Role that CodePipeline assumes, by name or ARN; empty for one of the project's own.
    pub role: String,
}

/// `[stacks]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stacks {
    /// Whether the warehouse gets a network of its own.
    pub network: bool,
    /// IPv4 block of that network.
    pub cidr: String,
    /// Whether there is a SageMaker Studio domain.
    pub studio: bool,
    /// Network of the studio; empty for the one of the stack.
    pub vpc_id: String,
    /// Subnets of the studio in that network.
    pub subnet_ids: Vec<String>,
}

impl Default for Stacks {
    /// None, with the block that the network would have.
    fn default() -> Self {
        Stacks { network: false, cidr: "10.76.0.0/16".into(), studio: false, vpc_id: String::new(), subnet_ids: Vec::new() }
    }
}

/// How `CREATE MODEL` finds a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MlMode {
    /// Autopilot.
    Auto,
    /// `AUTO OFF` with XGBoost hyperparameters.
    Xgboost,
}

/// `[redshift_ml]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedshiftMl {
    /// Autopilot or XGBoost.
    pub mode: MlMode,
    /// Longest search of Autopilot, in seconds.
    pub max_runtime: u32,
}

/// How one types in the editor of the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EditorKeys {
    /// The keys that people know from everywhere.
    Standard,
    /// Those of vim.
    Vim,
}

/// When a statement that destroys is asked about first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Guard {
    /// On the target `aws`.
    Aws,
    /// On every target.
    Always,
    /// Never.
    Never,
}

/// What happens to a query that would cost more than the ceiling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OverCeiling {
    /// It is asked about.
    Ask,
    /// It is refused.
    Refuse,
}

/// `[sql]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sql {
    /// Keys of the editor.
    pub editor: EditorKeys,
    /// When a statement that destroys is asked about.
    pub guard: Guard,
    /// Bytes that a query of Athena may read; 0 for no ceiling.
    pub ceiling_bytes: u64,
    /// US dollars that a query of Athena may cost; 0 for no ceiling.
    pub ceiling_usd: f64,
    /// What happens above a ceiling.
    pub over_ceiling: OverCeiling,
    /// Minutes that the session of a tab is kept after its last statement.
    pub session_minutes: u32,
    /// Directory of saved queries; empty for `queries` in the state directory.
    pub queries_dir: String,
}

/// `[local]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Local {
    /// How long waits last; without it `live` on the screen and `instant` elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pace: Option<Pace>,
    /// State directory; without it `$XDG_DATA_HOME/shiftdeck`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_dir: Option<PathBuf>,
}

/// `[stage]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Minutes for the whole presentation, to which the plan of its steps is stretched; 0 for the minutes of the walkthrough's files.
    pub minutes: u32,
    /// The recording that a presentation goes over to when the account fails; empty for the embedded AWS.
    pub fallback: String,
}

/// `[recording]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// The file that is made; empty for none.
    pub file: String,
}

/// `[replay]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replay {
    /// The recording that the target `replay` plays.
    pub file: String,
    /// `auto`, `recorded`, `fast` or a factor.
    pub pace: String,
    /// `auto`, `start`, `end` or the name of a step.
    pub from: String,
}

/// What happens when the budget is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OverBudget {
    /// Every step says so.
    Warn,
    /// No step makes more of what costs.
    Stop,
}

/// `[costs]`
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Costs {
    /// US dollars that the demonstration may cost on `aws`; 0 for no budget.
    pub budget_usd: f64,
    /// What happens when they are used up.
    pub over_budget: OverBudget,
}

/// The themes, in the order in which a key goes through them.
pub const THEMES: [&str; 6] = ["dark", "light", "contrast", "colour-blind", "sixteen", "mono"];

/// `[screen]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Screen {
    /// Theme: one of [`THEMES`].
    pub theme: String,
    /// How much a presentation shows at once.
    pub size: Size,
    /// Protocol for real images: `auto`, `off`, `kitty`, `iterm2`, `sixel`.
    pub images: String,
    /// Whether the mouse is used.
    pub mouse: bool,
    /// Whether things may move. Without, the screen changes only when something has happened.
    pub motion: bool,
    /// When account id and user are hidden.
    pub mask: Mask,
}

/// How much a presentation shows at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Size {
    /// As much as there is room for.
    Normal,
    /// One pane, short lines and much air, for those at the back of the room.
    Large,
}

/// When account id and user are hidden on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mask {
    /// On the target `aws`, and where a recording of it is played.
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}

impl Settings {
    /// The names of this demonstration's resources. `account` is the twelve-digit account id, which the default bucket name contains.
    pub fn scenario(&self, account: &str) -> Scenario {
        let name = &self.demo.name;
        let lower = name.to_lowercase();
        // Plain identifiers need no quotes in any dialect.
        let identifier = lower.replace('-', "_");
        let or = |given: &str, default: String| if given.is_empty() { default } else { given.to_owned() };
        let names = &self.names;
        Scenario {
            demo: name.clone(),
            region: self.aws.region.clone(),
            bucket: or(&self.aws.bucket, format!("{lower}-{account}-{}", self.aws.region)),
            secret: or(&names.secret, format!("{identifier}_redshift_login")),
            database: or(&names.database, identifier.clone()),
            admin_user: or(&names.admin_user, identifier.clone()),
            warehouse: or(&names.warehouse, lower.clone()),
            schema: or(&names.schema, "dm".into()),
            table: or(&names.table, "data".into()),
            external_schema: or(&names.external_schema, "athena".into()),
            glue_database: or(&names.glue_database, identifier.clone()),
            glue_table: or(&names.glue_table, format!("{identifier}_glue")),
            redshift_role: or(&names.redshift_role, format!("{name}-RedShift")),
            lambda_role: or(&names.lambda_role, format!("{name}-Lambda")),
            sagemaker_role: or(&names.sagemaker_role, format!("{name}-SageMaker")),
            project_role: format!("{name}-CodePipeline"),
            function: or(&names.function, format!("{lower}-redshift-dl")),
            data_prefix: format!("{lower}/data/"),
            unload_prefix: format!("{lower}/unload/"),
            pipeline_prefix: format!("{lower}/pipeline/"),
            // In a bucket of the reader's own there may be results of others' queries.
            athena_prefix: if self.aws.bucket.is_empty() { "athena/staging/".into() } else { format!("athena/staging/{lower}/") },
            pipeline: or(&names.pipeline, format!("{name}-Pipeline")),
            model_group: or(&names.model_group, format!("{name}-Group")),
            staging_endpoint: or(&names.staging_endpoint, format!("{name}-staging")),
            production_endpoint: or(&names.production_endpoint, format!("{name}-prod")),
            ml_model: or(&names.ml_model, "dm01".into()),
            ml_function: or(&names.ml_function, "predict_dm01".into()),
            subnet_group: or(&names.subnet_group, format!("{lower}-subnet")),
            network_stack: or(&names.network_stack, format!("{name}-network")),
            studio_stack: or(&names.studio_stack, format!("{name}-studio")),
            data: Arc::clone(&self.data_set),
        }
    }
}
