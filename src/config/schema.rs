//! What each setting may be. The text of `config.toml` says it to people; this table says it to the program, and a test compares both.

use super::rules;
use super::settings::THEMES;

/// The kind of value that a setting takes.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// A whole number between two, both included.
    Integer(i64, i64),
    /// A number between two, for which `check` also holds.
    Number {
        /// Least.
        min: f64,
        /// Greatest.
        max: f64,
        /// Whether the least itself is allowed.
        min_allowed: bool,
        /// Whether the greatest itself is allowed.
        max_allowed: bool,
    },
    /// `true` or `false`.
    Boolean,
    /// A text for which a rule holds.
    Text(rules::Rule),
    /// A list of such texts.
    List(rules::Rule),
}

/// A setting.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Dotted key.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
}

impl Key {
    /// The environment variable of this setting.
    pub fn variable(&self) -> String {
        format!("SHIFTDECK_{}", self.name.to_uppercase().replace('.', "_"))
    }
}

/// The greatest seed that every layer can carry (TOML's whole numbers are signed).
const MAX_SEED: i64 = i64::MAX;

const fn key(name: &'static str, kind: Kind) -> Key {
    Key { name, kind }
}
const fn text(name: &'static str, rule: rules::Rule) -> Key {
    Key { name, kind: Kind::Text(rule) }
}
const fn share(min_allowed: bool, max_allowed: bool) -> Kind {
    Kind::Number { min: 0.0, max: 1.0, min_allowed, max_allowed }
}
const fn from_zero(max: f64) -> Kind {
    Kind::Number { min: 0.0, max, min_allowed: true, max_allowed: true }
}

/// Every setting, in the order of `config.toml`.
pub const KEYS: &[Key] = &[
    text("demo.name", rules::DEMO_NAME),
    text("demo.owner", rules::OWNER),
    key("aws.target", Kind::Choice(&["local", "aws", "replay"])),
    text("aws.region", rules::REGION),
    text("aws.profile", rules::PROFILE),
    text("aws.bucket", rules::BUCKET),
    key("aws.production", Kind::List(rules::ACCOUNT_PATTERN)),
    text("aws.confirmed", rules::ACCOUNT),
    text("data.source", rules::SOURCE),
    text("data.schema", rules::PATH),
    key("data.sample_rows", Kind::Integer(100, 1_000_000)),
    key("data.sample_seed", Kind::Integer(0, MAX_SEED)),
    text("names.secret", rules::SECRET),
    text("names.warehouse", rules::WAREHOUSE),
    text("names.database", rules::SQL_NAME),
    text("names.admin_user", rules::SQL_NAME),
    text("names.schema", rules::SQL_NAME),
    text("names.table", rules::SQL_NAME),
    text("names.external_schema", rules::SQL_NAME),
    text("names.glue_database", rules::SQL_NAME),
    text("names.glue_table", rules::SQL_NAME),
    text("names.redshift_role", rules::ROLE),
    text("names.lambda_role", rules::ROLE),
    text("names.sagemaker_role", rules::ROLE),
    text("names.function", rules::FUNCTION),
    text("names.pipeline", rules::PIPELINE),
    text("names.model_group", rules::SAGEMAKER),
    text("names.staging_endpoint", rules::SAGEMAKER),
    text("names.production_endpoint", rules::SAGEMAKER),
    text("names.ml_model", rules::SQL_NAME),
    text("names.ml_function", rules::SQL_NAME),
    text("names.subnet_group", rules::SUBNET_GROUP),
    text("names.network_stack", rules::STACK),
    text("names.studio_stack", rules::STACK),
    key("warehouse.kind", Kind::Choice(&["serverless", "provisioned"])),
    key("warehouse.existing", Kind::Boolean),
    key("warehouse.base_capacity", Kind::Integer(4, 1024)),
    text("warehouse.node_type", rules::NODE_TYPE),
    key("warehouse.nodes", Kind::Integer(1, 128)),
    key("warehouse.subnet_ids", Kind::List(rules::SUBNET)),
    text("lake.workgroup", rules::WORKGROUP),
    key("mlops.objective", Kind::Choice(&["binary:logistic", "reg:squarederror"])),
    key("mlops.num_round", Kind::Integer(1, 10_000)),
    key("mlops.max_depth", Kind::Integer(1, 20)),
    key("mlops.eta", share(false, true)),
    key("mlops.gamma", from_zero(1e6)),
    key("mlops.min_child_weight", from_zero(1e6)),
    key("mlops.subsample", share(false, true)),
    key("mlops.seed", Kind::Integer(0, MAX_SEED)),
    key("mlops.train_share", share(false, false)),
    key("mlops.validation_share", share(false, false)),
    key("mlops.auc_floor", Kind::Number { min: 0.5, max: 1.0, min_allowed: true, max_allowed: true }),
    key("mlops.auc_margin", share(true, true)),
    key("mlops.threshold", share(false, false)),
    key("mlops.segments", Kind::List(rules::COLUMN)),
    key("mlops.cache", Kind::Boolean),
    key("mlops.cache_days", Kind::Integer(1, 365)),
    key("mlops.approval", Kind::Choice(&["PendingManualApproval", "Approved"])),
    text("mlops.processing_instance", rules::INSTANCE),
    key("mlops.processing_instances", Kind::Integer(1, 20)),
    text("mlops.training_instance", rules::INSTANCE),
    text("mlops.endpoint_instance", rules::INSTANCE),
    key("mlops.quality.min_rows", Kind::Integer(1, 1_000_000_000)),
    key("mlops.quality.max_missing", share(true, true)),
    key("mlops.quality.max_unseen", share(true, true)),
    key("mlops.quality.max_absent", share(true, true)),
    key("mlops.quality.max_outside", share(true, true)),
    key("mlops.quality.max_duplicates", share(true, true)),
    key("mlops.quality.min_target_rate", share(true, true)),
    key("mlops.quality.max_target_rate", share(true, true)),
    key("mlops.quality.max_drift", from_zero(100.0)),
    key("project.enabled", Kind::Boolean),
    text("project.repository", rules::REPOSITORY),
    text("project.pipeline", rules::DELIVERY),
    text("project.role", rules::ROLE_OR_ARN),
    key("stacks.network", Kind::Boolean),
    text("stacks.cidr", rules::BLOCK),
    key("stacks.studio", Kind::Boolean),
    text("stacks.vpc_id", rules::VPC),
    key("stacks.subnet_ids", Kind::List(rules::SUBNET)),
    key("redshift_ml.mode", Kind::Choice(&["auto", "xgboost"])),
    key("redshift_ml.max_runtime", Kind::Integer(600, 360_000)),
    key("sql.editor", Kind::Choice(&["standard", "vim"])),
    key("sql.guard", Kind::Choice(&["aws", "always", "never"])),
    key("sql.ceiling_bytes", Kind::Integer(0, 1_000_000_000_000_000)),
    key("sql.ceiling_usd", from_zero(1e6)),
    key("sql.over_ceiling", Kind::Choice(&["ask", "refuse"])),
    key("sql.session_minutes", Kind::Integer(1, 1440)),
    text("sql.queries_dir", rules::PATH),
    key("costs.budget_usd", from_zero(1e6)),
    key("costs.over_budget", Kind::Choice(&["warn", "stop"])),
    key("local.pace", Kind::Choice(&["auto", "instant", "live"])),
    text("local.state_dir", rules::PATH),
    key("stage.minutes", Kind::Integer(0, 1440)),
    text("stage.fallback", rules::PATH),
    text("recording.file", rules::PATH),
    text("replay.file", rules::PATH),
    text("replay.pace", rules::PACE),
    key(
        "replay.from",
        Kind::Choice(&[
            "auto",
            "start",
            "end",
            "foundation",
            "explore",
            "lake",
            "load",
            "pipeline",
            "deploy",
            "predict",
            "redshift-ml",
            "cleanup",
        ]),
    ),
    key("screen.theme", Kind::Choice(&THEMES)),
    key("screen.size", Kind::Choice(&["normal", "large"])),
    key("screen.images", Kind::Choice(&["auto", "off", "kitty", "iterm2", "sixel"])),
    key("screen.mouse", Kind::Boolean),
    key("screen.motion", Kind::Boolean),
    key("screen.mask", Kind::Choice(&["auto", "on", "off"])),
];

/// The setting with this dotted key.
pub fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// The dotted key that looks most like `given`.
pub fn nearest(given: &str) -> &'static str {
    // The last part counts twice: `mlops.etta` is `mlops.eta`, and so is `etta` alone.
    let last = |key: &str| key.rsplit('.').next().unwrap_or(key).to_owned();
    let given = given.to_lowercase().replace('-', "_");
    let score = |key: &Key| strsim::jaro_winkler(key.name, &given) + strsim::jaro_winkler(&last(key.name), &last(&given));
    KEYS.iter().max_by(|a, b| score(a).total_cmp(&score(b))).map_or("", |key| key.name)
}

impl Kind {
    /// What is expected, as the end of the sentence "… is expected".
    pub fn expected(&self) -> String {
        match self {
            Kind::Choice(choices) => {
                let quoted: Vec<String> = choices.iter().map(|choice| format!("`{choice}`")).collect();
                format!("one of {}", quoted.join(", "))
            }
            Kind::Integer(min, i64::MAX) => format!("a whole number of {min} or more"),
            Kind::Integer(min, max) => format!("a whole number from {min} to {max}"),
            Kind::Number { min, max, min_allowed, max_allowed } => match (min_allowed, max_allowed) {
                (true, true) => format!("a number from {min} to {max}"),
                (false, true) => format!("a number above {min} and up to {max}"),
                (true, false) => format!("a number from {min} and below {max}"),
                (false, false) => format!("a number above {min} and below {max}"),
            },
            Kind::Boolean => "true or false".to_owned(),
            Kind::Text(rule) => rule.expected.to_owned(),
            Kind::List(rule) => format!("a list; each of {}", rule.expected),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_setting_has_one_variable() {
        let variables: BTreeSet<String> = KEYS.iter().map(Key::variable).collect();
        assert_eq!(variables.len(), KEYS.len());
        assert!(variables.contains("SHIFTDECK_REDSHIFT_ML_MAX_RUNTIME"));
        // `SHIFTDECK_LOG` chooses what is logged and must not be a setting.
        assert!(!variables.contains("SHIFTDECK_LOG"));
    }

    #[test]
    fn the_nearest_key_is_found() {
        assert_eq!(nearest("mlops.objectve"), "mlops.objective");
        assert_eq!(nearest("mlops.max-depth"), "mlops.max_depth");
        assert_eq!(nearest("ml.eta"), "mlops.eta");
        assert_eq!(nearest("data.sorce"), "data.source");
        assert_eq!(nearest("local.statedir"), "local.state_dir");
        assert_eq!(nearest("demo.nme"), "demo.name");
    }
}
