//! The container images of ECR as a role may pull them. No image is pulled here; who would pull one asks for what that needs.

use super::authority::{Assumed, Denied};

/// What has to be asked of a repository before an image can be pulled from it, in this order.
const OF_THE_REPOSITORY: [&str; 3] = ["ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"];

/// Pulls an image, as far as permissions are concerned.
///
/// # Errors
/// The role may not.
pub fn pull(role: &Assumed, image: &str) -> Result<(), Denied> {
    role.may("ecr:GetAuthorizationToken", "*")?;
    let repository = repository_arn(image);
    OF_THE_REPOSITORY.iter().try_for_each(|action| role.may(action, &repository))
}

/// The ARN of the repository of `ACCOUNT.dkr.ecr.REGION.DOMAIN/NAME:TAG`.
fn repository_arn(image: &str) -> String {
    let (registry, path) = image.split_once('/').unwrap_or((image, ""));
    let mut labels = registry.split('.');
    let (account, region) = (labels.next().unwrap_or_default(), labels.nth(2).unwrap_or_default());
    let name = path.split(['@', ':']).next().unwrap_or(path);
    format!("arn:aws:ecr:{region}:{account}:repository/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_in_the_repository_of_its_name() {
        let arn = "arn:aws:ecr:us-east-1:683313688378:repository/sagemaker-xgboost";
        for tag in [":3.0-5", "@sha256:0123", ""] {
            assert_eq!(repository_arn(&format!("683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost{tag}")), arn);
        }
    }
}
