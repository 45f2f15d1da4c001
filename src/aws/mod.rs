//! Gateways, one file per service: SDK calls in, domain types out, errors translated once.

use crate as aws;

pub mod activity;
mod client;
pub mod cluster;
pub mod delivery;
pub mod endpoints;
mod error;
pub mod functions;
pub mod identity;
pub mod inference;
pub mod lake;
pub mod logs;
pub mod metrics;
pub mod objects;
pub mod pipelines;
pub mod poll;
pub mod quotas;
pub mod registry;
pub mod repository;
pub mod roles;
pub mod secrets;
pub mod serverless;
pub mod simulator;
pub mod stacks;
pub mod statements;
pub mod studio;
pub mod transform;
pub mod web;
pub mod zip;

use std::sync::Arc;

use aws_config::SdkConfig;
use tokio::sync::broadcast;

pub use client::Tags;
pub use error::{AwsError, AwsErrorKind, OrThere};
pub use poll::{Poll, PollError, Polling};

use activity::{ApiCall, Recorder};
use client::Source;

/// The gateways of one account. Built from one `SdkConfig`; which target that leads to is not known here. Building it costs nothing:
/// each SDK client comes about when it is first used.
pub struct Gateways {
    /// Who calls (STS).
    pub identity: identity::Identity,
    /// Roles (IAM).
    pub roles: roles::Roles,
    /// What a caller is allowed (IAM).
    pub simulator: simulator::Simulator,
    /// Secrets (Secrets Manager).
    pub secrets: secrets::Secrets,
    /// Buckets and objects (S3).
    pub objects: objects::Objects,
    /// A provisioned warehouse (Redshift).
    pub cluster: cluster::Clusters,
    /// A serverless warehouse (Redshift Serverless).
    pub serverless: serverless::Serverless,
    /// Statements on the warehouse (Redshift Data API).
    pub statements: statements::Statements,
    /// Queries on the lake (Athena).
    pub lake: lake::Lake,
    /// Functions (Lambda).
    pub functions: functions::Functions,
    /// Pipelines and their executions (SageMaker).
    pub pipelines: pipelines::Pipelines,
    /// Model packages (SageMaker).
    pub registry: registry::Registry,
    /// Models and endpoints (SageMaker).
    pub endpoints: endpoints::Endpoints,
    /// Predictions (SageMaker runtime).
    pub inference: inference::Inference,
    /// Log lines of jobs and functions (CloudWatch Logs).
    pub logs: logs::Logs,
    /// Batch scoring (SageMaker).
    pub transforms: transform::Transforms,
    /// Figures of endpoints (CloudWatch).
    pub metrics: metrics::Metrics,
    /// The repository of the pipeline's source (CodeCommit).
    pub repositories: repository::Repositories,
    /// The stages from a commit to production (CodePipeline).
    pub delivery: delivery::Delivery,
    /// How much of what the account may have (Service Quotas).
    pub quotas: quotas::Quotas,
    /// Stacks (CloudFormation).
    pub stacks: stacks::Stacks,
    /// What is in a studio (SageMaker).
    pub studio: studio::Studio,
    /// Files on the web.
    pub web: web::Web,
    /// Waiting.
    pub poll: Poll,
}

impl Gateways {
    /// Gateways over `config`. `calls` hears of every API call; `polling` says how often services are asked.
    pub fn new(config: &SdkConfig, calls: broadcast::Sender<ApiCall>, polling: Polling) -> Self {
        let source = Source { config: Arc::new(config.clone()), recorder: Recorder::new(config, calls) };
        Gateways {
            identity: identity::Identity::new(&source),
            roles: roles::Roles::new(&source),
            simulator: simulator::Simulator::new(&source),
            secrets: secrets::Secrets::new(&source),
            objects: objects::Objects::new(&source),
            cluster: cluster::Clusters::new(&source),
            serverless: serverless::Serverless::new(&source),
            statements: statements::Statements::new(&source),
            lake: lake::Lake::new(&source),
            functions: functions::Functions::new(&source),
            pipelines: pipelines::Pipelines::new(&source),
            registry: registry::Registry::new(&source),
            endpoints: endpoints::Endpoints::new(&source),
            inference: inference::Inference::new(&source),
            logs: logs::Logs::new(&source),
            transforms: transform::Transforms::new(&source),
            metrics: metrics::Metrics::new(&source),
            repositories: repository::Repositories::new(&source),
            delivery: delivery::Delivery::new(&source),
            quotas: quotas::Quotas::new(&source),
            stacks: stacks::Stacks::new(&source),
            studio: studio::Studio::new(&source),
            web: web::Web::new(&source),
            // The process id would do as well; a constant keeps runs alike.
            poll: Poll::new(polling, 0x5D),
        }
    }
}

impl std::fmt::Debug for Gateways {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gateways")
    }
}
