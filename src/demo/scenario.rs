//! The names of everything the demonstration makes, in one place, and the data set that it is about.

use std::sync::Arc;

use super::dataset::DataSet;

/// Names and locations of the demonstration's resources.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// Name of the demonstration, also the value of the `shiftdeck:demo` tag (`BankDM`).
    pub demo: String,
    /// Region.
    pub region: String,
    /// Bucket that holds everything.
    pub bucket: String,
    /// Secrets Manager secret with the warehouse login.
    pub secret: String,
    /// Redshift database, and user name of its administrator.
    pub database: String,
    /// Administrator of the warehouse.
    pub admin_user: String,
    /// Cluster identifier, or namespace and workgroup name when serverless.
    pub warehouse: String,
    /// Schema of the table in Redshift.
    pub schema: String,
    /// Table in Redshift.
    pub table: String,
    /// External (Spectrum) schema in Redshift.
    pub external_schema: String,
    /// Glue database.
    pub glue_database: String,
    /// Glue table.
    pub glue_table: String,
    /// Role assumed by Redshift and SageMaker to reach the data.
    pub redshift_role: String,
    /// Role assumed by Lambda.
    pub lambda_role: String,
    /// SageMaker execution role.
    pub sagemaker_role: String,
    /// Role of the project's stages, where no other one is set.
    pub project_role: String,
    /// Lambda function that unloads the table.
    pub function: String,
    /// S3 prefix of the CSV, with a slash at the end.
    pub data_prefix: String,
    /// S3 prefix of the unload, with a slash at the end.
    pub unload_prefix: String,
    /// S3 prefix of the pipeline's code and outputs, with a slash at the end.
    pub pipeline_prefix: String,
    /// S3 prefix of Athena's results, with a slash at the end.
    pub athena_prefix: String,
    /// SageMaker pipeline.
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
    /// Subnet group of a provisioned cluster.
    pub subnet_group: String,
    /// CloudFormation stack of the network.
    pub network_stack: String,
    /// CloudFormation stack of the studio.
    pub studio_stack: String,
    /// The data that all this is about.
    pub data: Arc<DataSet>,
}
