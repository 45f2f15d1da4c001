//! The demonstration with the names and figures of an unchanged configuration, on an account of no one: what the tests of all packages work on.

pub mod model;

use super::data_quality::Limits;
use super::dataset::DataSet;
use super::pipeline_definition::{FeaturePlan, PipelineInputs, WarehouseRef};
use super::scenario::Scenario;

/// The names of the demonstration.
pub fn scenario() -> Scenario {
    Scenario {
        demo: "BankDM".into(),
        region: "us-east-1".into(),
        bucket: "bankdm-000000000000-us-east-1".into(),
        secret: "bankdm_redshift_login".into(),
        database: "bankdm".into(),
        admin_user: "bankdm".into(),
        warehouse: "bankdm".into(),
        schema: "dm".into(),
        table: "data".into(),
        external_schema: "athena".into(),
        glue_database: "bankdm".into(),
        glue_table: "bankdm_glue".into(),
        redshift_role: "BankDM-RedShift".into(),
        lambda_role: "BankDM-Lambda".into(),
        sagemaker_role: "BankDM-SageMaker".into(),
        project_role: "BankDM-CodePipeline".into(),
        function: "bankdm-redshift-dl".into(),
        data_prefix: "bankdm/data/".into(),
        unload_prefix: "bankdm/unload/".into(),
        pipeline_prefix: "bankdm/pipeline/".into(),
        athena_prefix: "athena/staging/".into(),
        pipeline: "BankDM-Pipeline".into(),
        model_group: "BankDM-Group".into(),
        staging_endpoint: "BankDM-staging".into(),
        production_endpoint: "BankDM-prod".into(),
        ml_model: "dm01".into(),
        ml_function: "predict_dm01".into(),
        subnet_group: "bankdm-subnet".into(),
        network_stack: "BankDM-network".into(),
        studio_stack: "BankDM-studio".into(),
        data: DataSet::bank(),
    }
}

/// What the data check allows.
pub fn limits() -> Limits {
    Limits {
        min_rows: 50,
        max_missing: 0.05,
        max_unseen: 0.01,
        max_absent: 0.02,
        max_outside: 0.01,
        max_duplicates: 0.01,
        min_target_rate: 0.02,
        max_target_rate: 0.5,
        max_drift: 0.25,
    }
}

/// What the pipeline definition is filled with.
pub fn inputs() -> PipelineInputs {
    PipelineInputs {
        role_arn: "arn:aws:iam::000000000000:role/BankDM-SageMaker".into(),
        unload_role_arn: "arn:aws:iam::000000000000:role/BankDM-RedShift".into(),
        function_arn: "arn:aws:lambda:us-east-1:000000000000:function:bankdm-redshift-dl".into(),
        secret_arn: "arn:aws:secretsmanager:us-east-1:000000000000:secret:bankdm_redshift_login-abcdef".into(),
        warehouse: WarehouseRef::Workgroup("bankdm".into()),
        features: FeaturePlan::of(&DataSet::bank()),
        objective: "binary:logistic".into(),
        num_round: 50,
        max_depth: 6,
        eta: 0.3,
        gamma: 0.0,
        min_child_weight: 1.0,
        subsample: 0.7,
        seed: 42,
        train_share: 0.7,
        validation_share: 0.2,
        auc_floor: 0.7,
        auc_margin: 0.01,
        threshold: 0.5,
        segments: vec!["job".into(), "contact".into(), "poutcome".into()],
        quality: limits(),
        cache: true,
        cache_days: 30,
        approval: "PendingManualApproval".into(),
        processing_instance: "ml.m5.xlarge".into(),
        processing_instances: 1,
        training_instance: "ml.m5.xlarge".into(),
        endpoint_instance: "ml.m5.large".into(),
    }
}
