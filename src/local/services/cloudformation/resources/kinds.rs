//! The table of types: which properties each takes, which attributes it gives, how long making one takes.
//!
//! Source: the resource schemas of CloudFormation, as far as the properties are understood here. What is not in the table is refused by
//! name, as CloudFormation refuses what is not in a schema.

use serde_json::{Map, Value};

use super::{Making, World, gateways, groups, network, studio};

pub(in super::super) const VPC: &str = "AWS::EC2::VPC";
pub(in super::super) const SUBNET: &str = "AWS::EC2::Subnet";
pub(in super::super) const ROUTE_TABLE: &str = "AWS::EC2::RouteTable";
pub(in super::super) const ROUTE: &str = "AWS::EC2::Route";
pub(in super::super) const ASSOCIATION: &str = "AWS::EC2::SubnetRouteTableAssociation";
pub(in super::super) const SECURITY_GROUP: &str = "AWS::EC2::SecurityGroup";
pub(in super::super) const INGRESS: &str = "AWS::EC2::SecurityGroupIngress";
pub(in super::super) const EGRESS: &str = "AWS::EC2::SecurityGroupEgress";
pub(in super::super) const ENDPOINT: &str = "AWS::EC2::VPCEndpoint";
pub(in super::super) const INTERNET_GATEWAY: &str = "AWS::EC2::InternetGateway";
pub(in super::super) const ATTACHMENT: &str = "AWS::EC2::VPCGatewayAttachment";
pub(in super::super) const DOMAIN: &str = "AWS::SageMaker::Domain";
pub(in super::super) const USER_PROFILE: &str = "AWS::SageMaker::UserProfile";

/// A type of resources.
pub(in super::super) struct Kind {
    pub name: &'static str,
    pub properties: &'static [Property],
    pub attributes: &'static [&'static str],
    /// How long making one takes, in tenths of what an ordinary one takes.
    pub ticks: u32,
    pub(super) make: fn(&Map<String, Value>, &World) -> Making,
}

/// A property of a type.
pub(in super::super) struct Property {
    pub name: &'static str,
    pub shape: Shape,
    pub required: bool,
}

/// What a property may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Shape {
    /// A text.
    Text,
    /// A whole number.
    Number,
    /// A truth value.
    Flag,
    /// A list of texts.
    Texts,
    /// A list of objects.
    Objects,
    /// An object.
    Object,
}

impl Shape {
    /// Whether a value is of this shape; texts of numbers and truth values are taken for them, as CloudFormation takes them.
    pub fn fits(self, value: &Value) -> bool {
        match self {
            Shape::Text => value.is_string() || value.is_number() || value.is_boolean(),
            Shape::Number => value.is_i64() || value.is_u64() || value.as_str().is_some_and(|text| text.parse::<i64>().is_ok()),
            Shape::Flag => value.is_boolean() || matches!(value.as_str(), Some("true" | "false")),
            Shape::Texts => value.as_array().is_some_and(|items| items.iter().all(|item| Shape::Text.fits(item))),
            Shape::Objects => value.as_array().is_some_and(|items| items.iter().all(Value::is_object)),
            Shape::Object => value.is_object(),
        }
    }

    /// JSON's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Shape::Text => "String",
            Shape::Number => "Integer",
            Shape::Flag => "Boolean",
            Shape::Texts | Shape::Objects => "JSONArray",
            Shape::Object => "JSONObject",
        }
    }
}

const fn needed(name: &'static str, shape: Shape) -> Property {
    Property { name, shape, required: true }
}

const fn may(name: &'static str, shape: Shape) -> Property {
    Property { name, shape, required: false }
}

use Shape::{Flag, Number, Object, Objects, Text, Texts};

/// Every type that is known.
pub(super) static KINDS: &[Kind] = &[
    Kind {
        name: VPC,
        properties: &[
            may("CidrBlock", Text),
            may("EnableDnsSupport", Flag),
            may("EnableDnsHostnames", Flag),
            may("InstanceTenancy", Text),
            may("Tags", Objects),
        ],
        attributes: &["VpcId", "CidrBlock", "DefaultSecurityGroup", "DefaultNetworkAcl"],
        ticks: 12,
        make: network::make_vpc,
    },
    Kind {
        name: SUBNET,
        properties: &[
            needed("VpcId", Text),
            may("CidrBlock", Text),
            may("AvailabilityZone", Text),
            may("MapPublicIpOnLaunch", Flag),
            may("Tags", Objects),
        ],
        attributes: &["SubnetId", "VpcId", "CidrBlock", "AvailabilityZone", "NetworkAclAssociationId"],
        ticks: 8,
        make: network::make_subnet,
    },
    Kind {
        name: ROUTE_TABLE,
        properties: &[needed("VpcId", Text), may("Tags", Objects)],
        attributes: &["RouteTableId"],
        ticks: 8,
        make: network::make_route_table,
    },
    Kind {
        name: ROUTE,
        properties: &[needed("RouteTableId", Text), may("DestinationCidrBlock", Text), may("GatewayId", Text), may("VpcEndpointId", Text)],
        attributes: &["CidrBlock"],
        ticks: 8,
        make: gateways::make_route,
    },
    Kind {
        name: ASSOCIATION,
        properties: &[needed("SubnetId", Text), needed("RouteTableId", Text)],
        attributes: &["Id"],
        ticks: 6,
        make: network::make_association,
    },
    Kind {
        name: SECURITY_GROUP,
        properties: &[
            needed("GroupDescription", Text),
            may("GroupName", Text),
            may("VpcId", Text),
            may("SecurityGroupIngress", Objects),
            may("SecurityGroupEgress", Objects),
            may("Tags", Objects),
        ],
        attributes: &["GroupId", "VpcId", "Id"],
        ticks: 10,
        make: groups::make_group,
    },
    Kind { name: INGRESS, properties: INGRESS_PROPERTIES, attributes: &["Id"], ticks: 6, make: groups::make_ingress },
    Kind { name: EGRESS, properties: EGRESS_PROPERTIES, attributes: &["Id"], ticks: 6, make: groups::make_egress },
    Kind {
        name: ENDPOINT,
        properties: &[
            needed("VpcId", Text),
            needed("ServiceName", Text),
            may("VpcEndpointType", Text),
            may("RouteTableIds", Texts),
            may("SubnetIds", Texts),
            may("SecurityGroupIds", Texts),
            may("PrivateDnsEnabled", Flag),
            may("PolicyDocument", Object),
            may("Tags", Objects),
        ],
        attributes: &["Id", "CreationTimestamp"],
        ticks: 12,
        make: gateways::make_endpoint,
    },
    Kind {
        name: INTERNET_GATEWAY,
        properties: &[may("Tags", Objects)],
        attributes: &["InternetGatewayId"],
        ticks: 10,
        make: gateways::make_internet_gateway,
    },
    Kind {
        name: ATTACHMENT,
        properties: &[needed("VpcId", Text), may("InternetGatewayId", Text), may("VpnGatewayId", Text)],
        attributes: &["AttachmentType"],
        ticks: 6,
        make: gateways::make_attachment,
    },
    Kind {
        name: DOMAIN,
        properties: &[
            needed("AuthMode", Text),
            needed("DefaultUserSettings", Object),
            needed("DomainName", Text),
            may("VpcId", Text),
            may("SubnetIds", Texts),
            may("AppNetworkAccessType", Text),
            may("AppSecurityGroupManagement", Text),
            may("DefaultSpaceSettings", Object),
            may("DomainSettings", Object),
            may("KmsKeyId", Text),
            may("TagPropagation", Text),
            may("Tags", Objects),
        ],
        attributes: &["DomainArn", "DomainId", "HomeEfsFileSystemId", "SecurityGroupIdForDomainBoundary", "Url"],
        ticks: 40,
        make: studio::make_domain,
    },
    Kind {
        name: USER_PROFILE,
        properties: &[
            needed("DomainId", Text),
            needed("UserProfileName", Text),
            may("UserSettings", Object),
            may("SingleSignOnUserIdentifier", Text),
            may("SingleSignOnUserValue", Text),
            may("Tags", Objects),
        ],
        attributes: &["UserProfileArn"],
        ticks: 14,
        make: studio::make_user_profile,
    },
];

const INGRESS_PROPERTIES: &[Property] = &[
    needed("IpProtocol", Text),
    may("GroupId", Text),
    may("GroupName", Text),
    may("Description", Text),
    may("FromPort", Number),
    may("ToPort", Number),
    may("CidrIp", Text),
    may("CidrIpv6", Text),
    may("SourcePrefixListId", Text),
    may("SourceSecurityGroupId", Text),
];

const EGRESS_PROPERTIES: &[Property] = &[
    needed("IpProtocol", Text),
    needed("GroupId", Text),
    may("Description", Text),
    may("FromPort", Number),
    may("ToPort", Number),
    may("CidrIp", Text),
    may("CidrIpv6", Text),
    may("DestinationPrefixListId", Text),
    may("DestinationSecurityGroupId", Text),
];

/// A type by its name.
pub(in super::super) fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}
