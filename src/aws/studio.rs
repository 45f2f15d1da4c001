//! SageMaker Studio: what is in a domain, and its removal with the files that people keep in it (SageMaker).

use aws_sdk_sagemaker::types::{AppStatus, AppType, RetentionPolicy, RetentionType};

use super::AwsError;
use super::client::{Lazy, Source, lazy_client};
use super::error::fault;

const SERVICE: &str = "SageMaker";

/// Something that runs in a studio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// Its kind: `JupyterLab`.
    pub kind: String,
    /// Name.
    pub name: String,
    /// The user whose it is.
    pub user: Option<String>,
    /// The space that it runs in.
    pub space: Option<String>,
    /// Whether it is being ended already.
    pub ending: bool,
}

/// The gateway.
pub struct Studio {
    client: Lazy<aws_sdk_sagemaker::Client>,
}

impl Studio {
    pub(super) fn new(source: &Source) -> Self {
        Studio { client: lazy_client!(source, aws_sdk_sagemaker) }
    }

    /// Whether a domain is there.
    pub async fn exists(&self, domain: &str) -> Result<bool, AwsError> {
        match self.client.get().describe_domain().domain_id(domain).send().await.map_err(fault(SERVICE, "DescribeDomain")) {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// What runs in a domain; what has been ended is listed by the service for a day, and left out here.
    pub async fn applications(&self, domain: &str) -> Result<Vec<Application>, AwsError> {
        let mut found = Vec::new();
        let mut token = None;
        loop {
            let request = self.client.get().list_apps().domain_id_equals(domain).set_next_token(token.take());
            let said = request.send().await.map_err(fault(SERVICE, "ListApps"))?;
            found.extend(said.apps().iter().filter(|app| app.status() != Some(&AppStatus::Deleted)).map(|app| Application {
                kind: app.app_type().map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
                name: app.app_name().unwrap_or_default().to_owned(),
                user: app.user_profile_name().map(str::to_owned),
                space: app.space_name().map(str::to_owned),
                ending: app.status() == Some(&AppStatus::Deleting),
            }));
            match said.next_token() {
                Some(next) => token = Some(next.to_owned()),
                None => return Ok(found),
            }
        }
    }

    /// Begins to end something that runs; what has ended is no error.
    pub async fn delete_application(&self, domain: &str, application: &Application) -> Result<(), AwsError> {
        let request = self
            .client
            .get()
            .delete_app()
            .domain_id(domain)
            .app_type(AppType::from(application.kind.as_str()))
            .app_name(&application.name)
            .set_user_profile_name(application.user.clone())
            .set_space_name(application.space.clone());
        gone(request.send().await.map_err(fault(SERVICE, "DeleteApp")))
    }

    /// The names of a domain's spaces.
    pub async fn spaces(&self, domain: &str) -> Result<Vec<String>, AwsError> {
        let mut found = Vec::new();
        let mut token = None;
        loop {
            let request = self.client.get().list_spaces().domain_id_equals(domain).set_next_token(token.take());
            let said = request.send().await.map_err(fault(SERVICE, "ListSpaces"))?;
            found.extend(said.spaces().iter().filter_map(|space| space.space_name()).map(str::to_owned));
            match said.next_token() {
                Some(next) => token = Some(next.to_owned()),
                None => return Ok(found),
            }
        }
    }

    /// Begins to remove a space; one that is not there is no error.
    pub async fn delete_space(&self, domain: &str, space: &str) -> Result<(), AwsError> {
        let request = self.client.get().delete_space().domain_id(domain).space_name(space);
        gone(request.send().await.map_err(fault(SERVICE, "DeleteSpace")))
    }

    /// The names of a domain's users.
    pub async fn users(&self, domain: &str) -> Result<Vec<String>, AwsError> {
        let mut found = Vec::new();
        let mut token = None;
        loop {
            let request = self.client.get().list_user_profiles().domain_id_equals(domain).set_next_token(token.take());
            let said = request.send().await.map_err(fault(SERVICE, "ListUserProfiles"))?;
            found.extend(said.user_profiles().iter().filter_map(|user| user.user_profile_name()).map(str::to_owned));
            match said.next_token() {
                Some(next) => token = Some(next.to_owned()),
                None => return Ok(found),
            }
        }
    }

    /// Begins to remove a user; one that is not there is no error.
    pub async fn delete_user(&self, domain: &str, user: &str) -> Result<(), AwsError> {
        let request = self.client.get().delete_user_profile().domain_id(domain).user_profile_name(user);
        gone(request.send().await.map_err(fault(SERVICE, "DeleteUserProfile")))
    }

    /// Begins to remove a domain and the files of its users; one that is not there is no error.
    pub async fn delete_domain(&self, domain: &str) -> Result<(), AwsError> {
        let files = RetentionPolicy::builder().home_efs_file_system(RetentionType::Delete).build();
        let request = self.client.get().delete_domain().domain_id(domain).retention_policy(files);
        gone(request.send().await.map_err(fault(SERVICE, "DeleteDomain")))
    }
}

/// That something is not there any more is what was wanted.
fn gone<T>(result: Result<T, AwsError>) -> Result<(), AwsError> {
    match result {
        Ok(_) => Ok(()),
        Err(error) if error.is_not_found() => Ok(()),
        Err(error) => Err(error),
    }
}
