//! The services of the embedded AWS, one file or folder each.

pub mod athena;
pub mod cells;
pub mod cloudformation;
pub mod cloudwatch;
pub mod codecommit;
pub mod codepipeline;
pub mod generic;
mod kept;
pub mod lambda;
pub mod logs;
pub mod protocol;
pub mod redshift;
pub mod redshift_data;
pub mod redshift_serverless;
pub mod runs;
pub mod s3;
pub mod sagemaker;
pub mod sagemaker_runtime;
pub mod servicequotas;
pub mod warehouse;

use std::sync::Arc;

use winterbaume_secretsmanager::SecretsManagerService;

use super::LocalError;
use super::account::Account;
use super::service::Service;

/// Opens every service of an account beside IAM, which is open.
pub(super) async fn open(account: &Account, iam: generic::Iam) -> Result<Vec<Arc<dyn Service>>, LocalError> {
    let secrets =
        generic::SecretsManager::open(SecretsManagerService::new(), account.store.clone(), account.id.clone(), account.region.clone());
    let quotas = Arc::new(servicequotas::Quotas::open(&account.store)?);
    let sagemaker = sagemaker::SageMaker::open(account.clone(), quotas.clone())?;
    let meters = cloudwatch::Meters::open(account.store.clone(), account.clock.clone())?;
    let runtime = sagemaker.runtime(meters.clone());
    Ok(vec![
        Arc::new(iam),
        Arc::new(generic::Sts::open(account.id.clone())),
        Arc::new(secrets.await?),
        Arc::new(s3::S3::open(account)),
        Arc::new(athena::Athena::open(account.clone())?),
        Arc::new(redshift::Redshift::open(account.clone())?),
        Arc::new(redshift_data::RedshiftData::open(account.clone())?),
        Arc::new(redshift_serverless::RedshiftServerless::open(account.clone())?),
        Arc::new(lambda::Lambda::open(account.clone())?),
        Arc::new(logs::Logs::open(account.logs.clone(), &account.region, &account.id)),
        Arc::new(sagemaker),
        Arc::new(runtime),
        Arc::new(servicequotas::ServiceQuotas::open(account.clone(), quotas)),
        Arc::new(cloudwatch::CloudWatch::new(meters)),
        Arc::new(cloudformation::CloudFormation::open(account.clone())?),
        Arc::new(codecommit::CodeCommit::open(account.clone())?),
        Arc::new(codepipeline::CodePipeline::open(account.clone())?),
    ])
}
