//! What a demonstration has made by CloudFormation: the templates are the files of `assets/stacks/`.

use serde::Serialize;

use super::scenario::Scenario;

/// A stack of the demonstration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DemoStack {
    /// Subnets and a security group for the warehouse.
    Network,
    /// A SageMaker Studio domain with a user.
    Studio,
}

/// Output of the network: its id.
pub const VPC_ID: &str = "VpcId";
/// Output of the network: its subnets, with commas between them.
pub const SUBNET_IDS: &str = "SubnetIds";
/// Output of the network: the group of the warehouse.
pub const SECURITY_GROUP_ID: &str = "SecurityGroupId";
/// Output of the studio: the domain.
pub const DOMAIN_ID: &str = "DomainId";

impl DemoStack {
    /// Every stack, in the order in which they are made.
    pub const ALL: [DemoStack; 2] = [DemoStack::Network, DemoStack::Studio];

    /// The word for people and for the command line.
    pub const fn word(self) -> &'static str {
        match self {
            DemoStack::Network => "network",
            DemoStack::Studio => "studio",
        }
    }

    /// The stack's name.
    pub fn name(self, scenario: &Scenario) -> &str {
        match self {
            DemoStack::Network => &scenario.network_stack,
            DemoStack::Studio => &scenario.studio_stack,
        }
    }

    /// What it is for.
    pub const fn purpose(self) -> &'static str {
        match self {
            DemoStack::Network => "Private subnets and a security group for the warehouse",
            DemoStack::Studio => "SageMaker Studio, with one user",
        }
    }

    /// The template.
    pub const fn template(self) -> &'static str {
        match self {
            DemoStack::Network => include_str!("../../assets/stacks/network.json"),
            DemoStack::Studio => include_str!("../../assets/stacks/studio.json"),
        }
    }
}

/// How many availability zones an account has in a region, as far as the three subnets of a warehouse go. New accounts see two of Northern
/// California's three ("Considerations when using Amazon Redshift Serverless": three subnets there span two zones).
pub fn zones(region: &str) -> u8 {
    if region == "us-west-1" { 2 } else { 3 }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use serde_json::Value;

    use super::*;

    fn template(stack: DemoStack) -> Value {
        serde_json::from_str(stack.template()).unwrap()
    }

    #[test]
    fn templates_give_the_outputs_that_others_are_made_of() {
        for name in [VPC_ID, SUBNET_IDS, SECURITY_GROUP_ID] {
            assert!(template(DemoStack::Network)["Outputs"][name].is_object(), "{name}");
        }
        assert!(template(DemoStack::Studio)["Outputs"][DOMAIN_ID].is_object());
    }

    #[test]
    fn a_template_fits_in_a_request() {
        for stack in DemoStack::ALL {
            // "CloudFormation quotas": a template body of at most 51,200 bytes.
            assert!(stack.template().len() < 51_200, "{}", stack.word());
        }
    }
}
