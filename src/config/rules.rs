//! What names may look like, by the kind of resource that they name. Names from the configuration reach SQL, policies and addresses; what
//! the service would refuse, or what would need quoting to be safe, is refused here first.
//!
//! Sources: the `Pattern` and length of each parameter in the service's API reference.

/// A rule for a text.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// What is expected, as the end of the sentence "… is expected".
    pub expected: &'static str,
    /// Whether the empty text stands for a default.
    pub optional: bool,
    check: fn(&str) -> bool,
}

impl Rule {
    /// Whether `text` is allowed.
    pub fn allows(&self, text: &str) -> bool {
        if text.is_empty() { self.optional } else { (self.check)(text) }
    }
}

fn length(text: &str, min: usize, max: usize) -> bool {
    (min..=max).contains(&text.len())
}
fn all(text: &str, extra: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || extra.as_bytes().contains(&byte))
}
fn starts_with_letter(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
}
fn no_upper(text: &str) -> bool {
    !text.bytes().any(|byte| byte.is_ascii_uppercase())
}
/// Hyphens neither doubled nor at an end.
fn single_hyphens(text: &str) -> bool {
    !text.contains("--") && !text.starts_with('-') && !text.ends_with('-')
}
fn printable(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

/// The name of the demonstration; every default name below is made of it and stays within its rule.
pub const DEMO_NAME: Rule = Rule {
    expected: "a name of 2 to 24 letters, digits and single hyphens that begins with a letter",
    optional: false,
    check: |text| length(text, 2, 24) && all(text, "-") && starts_with_letter(text) && single_hyphens(text),
};
/// A tag value.
pub const OWNER: Rule = Rule {
    expected: "a tag value of at most 256 letters, digits, spaces and _.:/=+-@",
    optional: true,
    check: |text| {
        text.chars().count() <= 256
            && text.chars().all(|character| character.is_alphanumeric() || character == ' ' || "_.:/=+-@".contains(character))
    },
};
/// A region.
pub const REGION: Rule = Rule {
    expected: "a region such as `us-east-1`",
    optional: false,
    check: |text| {
        let parts: Vec<&str> = text.split('-').collect();
        length(text, 5, 25)
            && parts.len() >= 3
            && parts.iter().all(|part| !part.is_empty())
            && all(text, "-")
            && no_upper(text)
            && starts_with_letter(text)
            && parts.last().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()))
    },
};
/// A profile of the shared configuration files.
pub const PROFILE: Rule = Rule {
    expected: "a profile name of at most 128 characters without brackets and line ends",
    optional: true,
    check: |text| length(text, 1, 128) && printable(text) && !text.contains(['[', ']']),
};
/// A bucket.
pub const BUCKET: Rule = Rule {
    expected: "a bucket name of 3 to 63 lower-case letters, digits, hyphens and single dots that begins and ends with a letter or digit",
    optional: true,
    check: |text| {
        length(text, 3, 63)
            && all(text, "-.")
            && no_upper(text)
            && !text.contains("..")
            && !text.starts_with(['-', '.'])
            && !text.ends_with(['-', '.'])
            && text.parse::<std::net::Ipv4Addr>().is_err()
            && !text.starts_with("xn--")
    },
};
/// A pattern of account aliases and ids.
pub const ACCOUNT_PATTERN: Rule = Rule {
    expected: "an account id, or an alias of lower-case letters, digits and hyphens, in which `*` stands for anything",
    optional: false,
    check: |text| length(text, 1, 63) && all(text, "-*") && no_upper(text),
};
/// An account's alias or id.
pub const ACCOUNT: Rule = Rule {
    expected: "an account id, or an alias of 3 to 63 lower-case letters, digits and single hyphens",
    optional: true,
    check: |text| length(text, 3, 63) && all(text, "-") && no_upper(text) && single_hyphens(text),
};
/// Where the data come from.
pub const SOURCE: Rule = Rule {
    expected: "`sample`, a path, or an s3:// or https:// address",
    optional: false,
    check: |text| {
        printable(text)
            && match text.split_once("://") {
                Some(("s3", rest)) => {
                    rest.split_once('/').is_some_and(|(bucket, key)| !bucket.is_empty() && BUCKET.allows(bucket) && !key.is_empty())
                }
                Some(("https", rest)) => !rest.is_empty(),
                Some(_) => false,
                None => true,
            }
    },
};
/// A secret.
pub const SECRET: Rule = Rule {
    expected: "a secret name of at most 256 letters, digits and /_+=.@-",
    optional: true,
    check: |text| length(text, 1, 256) && all(text, "/_+=.@-"),
};
/// A workgroup and namespace, or a cluster: what both services allow.
pub const WAREHOUSE: Rule = Rule {
    expected: "a name of 3 to 63 lower-case letters, digits and single hyphens that begins with a letter",
    optional: true,
    check: |text| length(text, 3, 63) && all(text, "-") && no_upper(text) && starts_with_letter(text) && single_hyphens(text),
};
/// A database, schema, table, function or user: an ordinary identifier in every dialect.
pub const SQL_NAME: Rule = Rule {
    expected: "an identifier of at most 63 lower-case letters, digits and underscores that does not begin with a digit",
    optional: true,
    check: |text| length(text, 1, 63) && all(text, "_") && no_upper(text) && !text.starts_with(|first: char| first.is_ascii_digit()),
};
/// An IAM role.
pub const ROLE: Rule = Rule {
    expected: "a role name of at most 64 letters, digits and _+=,.@-",
    optional: true,
    check: |text| length(text, 1, 64) && all(text, "_+=,.@-"),
};
/// An IAM role, by its name or its ARN.
pub const ROLE_OR_ARN: Rule = Rule {
    expected: "a role name, or an ARN such as arn:aws:iam::123456789012:role/NAME",
    optional: true,
    check: |text| match text.strip_prefix("arn:") {
        Some(arn) => length(arn, 10, 2000) && all(arn, ":/_+=,.@-") && arn.contains(":role/"),
        None => length(text, 1, 64) && all(text, "_+=,.@-"),
    },
};
/// A repository of CodeCommit.
pub const REPOSITORY: Rule = Rule {
    expected: "a repository name of at most 100 letters, digits, dots, hyphens and underscores, not ending in .git",
    optional: true,
    check: |text| length(text, 1, 100) && all(text, "._-") && !text.ends_with(".git"),
};
/// A pipeline of CodePipeline.
pub const DELIVERY: Rule = Rule {
    expected: "a pipeline name of at most 100 letters, digits and .@-_",
    optional: true,
    check: |text| length(text, 1, 100) && all(text, ".@-_"),
};
/// A Lambda function.
pub const FUNCTION: Rule = Rule {
    expected: "a function name of at most 64 letters, digits, hyphens and underscores",
    optional: true,
    check: |text| length(text, 1, 64) && all(text, "-_"),
};
/// A pipeline.
pub const PIPELINE: Rule = Rule {
    expected: "a name of at most 256 letters, digits and hyphens that begins and ends with a letter or digit",
    optional: true,
    check: |text| length(text, 1, 256) && all(text, "-") && !text.starts_with('-') && !text.ends_with('-'),
};
/// A model package group or an endpoint.
pub const SAGEMAKER: Rule = Rule {
    expected: "a name of at most 63 letters, digits and hyphens that begins and ends with a letter or digit",
    optional: true,
    check: |text| length(text, 1, 63) && all(text, "-") && !text.starts_with('-') && !text.ends_with('-'),
};
/// A subnet group.
pub const SUBNET_GROUP: Rule = Rule {
    expected: "a name of at most 255 lower-case letters, digits and hyphens, and not `default`",
    optional: true,
    check: |text| length(text, 1, 255) && all(text, "-") && no_upper(text) && text != "default",
};
/// A node type of Redshift.
pub const NODE_TYPE: Rule = Rule {
    expected: "a node type such as `ra3.large`",
    optional: false,
    check: |text| length(text, 3, 32) && all(text, ".") && no_upper(text) && text.contains('.'),
};
/// A subnet.
pub const SUBNET: Rule = Rule {
    expected: "them a subnet id such as `subnet-0a1b2c3d`",
    optional: false,
    check: |text| {
        text.strip_prefix("subnet-")
            .is_some_and(|id| length(id, 8, 17) && id.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase()))
    },
};
/// A network.
pub const VPC: Rule = Rule {
    expected: "a network id such as `vpc-0a1b2c3d`",
    optional: true,
    check: |text| {
        text.strip_prefix("vpc-")
            .is_some_and(|id| length(id, 8, 17) && id.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase()))
    },
};
/// The addresses of a network: what EC2 allows, as long as three subnets with addresses to spare come of it.
pub const BLOCK: Rule = Rule {
    expected: "an IPv4 block from /16 to /24 that begins where it says, such as `10.76.0.0/16`",
    optional: false,
    check: |text| crate::demo::network::Block::read(text).is_some_and(|block| (16..=24).contains(&block.prefix())),
};
/// A stack of CloudFormation.
pub const STACK: Rule = Rule {
    expected: "a stack name of at most 128 letters, digits and hyphens that begins with a letter",
    optional: true,
    check: |text| length(text, 1, 128) && all(text, "-") && starts_with_letter(text),
};
/// An Athena workgroup.
pub const WORKGROUP: Rule = Rule {
    expected: "a workgroup name of at most 128 letters, digits and ._-",
    optional: false,
    check: |text| length(text, 1, 128) && all(text, "._-"),
};
/// An instance type of SageMaker.
pub const INSTANCE: Rule = Rule {
    expected: "an instance type such as `ml.m5.xlarge`",
    optional: false,
    check: |text| text.starts_with("ml.") && length(text, 5, 32) && all(text, ".-") && no_upper(text) && text.split('.').count() == 3,
};
/// A column of the table.
pub const COLUMN: Rule = Rule {
    expected: "them a column name of at most 63 lower-case letters, digits and underscores that does not begin with a digit",
    optional: false,
    check: |text| length(text, 1, 63) && all(text, "_") && no_upper(text) && !text.starts_with(|first: char| first.is_ascii_digit()),
};
/// How fast a recording is played.
pub const PACE: Rule = Rule {
    expected: "`auto`, `recorded`, `fast`, or a factor such as 10",
    optional: false,
    check: |text| matches!(text, "auto" | "recorded" | "fast") || text.parse().is_ok_and(|factor: f64| factor.is_finite() && factor > 0.0),
};
/// A directory.
pub const PATH: Rule = Rule { expected: "a path", optional: true, check: printable };

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn names_that_would_have_to_be_quoted_are_refused() {
        for bad in ["a;drop", "a b", "a\"b", "a'b", "1a", "a-b", "A", "a.b", "ä", "", &"a".repeat(64)] {
            assert!(!SQL_NAME.allows(bad) || bad.is_empty(), "{bad}");
        }
        assert!(SQL_NAME.allows("bankdm_glue"));
        for bad in ["", "x", "1a", "a--b", "a-", "a_b", "a'b", "a;b", "a b", "abcdefghijklmnopqrstuvwxyz"] {
            assert!(!DEMO_NAME.allows(bad), "{bad}");
        }
        assert!(DEMO_NAME.allows("BankDM") && DEMO_NAME.allows("team-7"));
        for bad in ["ab", "Bucket", "a..b", "-ab", "192.168.0.1", "a_b"] {
            assert!(!BUCKET.allows(bad), "{bad}");
        }
        assert!(BUCKET.allows("bankdm-000000000000-us-east-1"));
    }

    #[test]
    fn places_are_recognised() {
        for good in ["us-east-1", "eu-central-2", "us-gov-west-1", "ap-southeast-12"] {
            assert!(REGION.allows(good), "{good}");
        }
        for bad in ["", "useast1", "us-east", "US-EAST-1", "us--1", "us-east-1/"] {
            assert!(!REGION.allows(bad), "{bad}");
        }
        for good in ["sample", "./a b.csv", "/data/bank.csv", "s3://bucket-1/key/a.csv", "https://example.org/bank.csv"] {
            assert!(SOURCE.allows(good), "{good}");
        }
        for bad in ["", "s3://bucket", "s3://Bad_Bucket/a", "http://example.org/a", "ftp://x/y", "a\nb"] {
            assert!(!SOURCE.allows(bad), "{bad}");
        }
        assert!(VPC.allows("vpc-0a1b2c3d4e5f60718") && VPC.allows("") && !VPC.allows("vpc-1") && !VPC.allows("subnet-0a1b2c3d"));
        for bad in ["10.76.0.0", "10.76.0.1/16", "10.76.0.0/15", "10.76.0.0/25", "10.76.0/16", "10.256.0.0/16", "::/16"] {
            assert!(!BLOCK.allows(bad), "{bad}");
        }
        assert!(BLOCK.allows("10.76.0.0/16") && BLOCK.allows("192.168.7.0/24"));
        assert!(SUBNET.allows("subnet-0a1b2c3d4e5f60718") && !SUBNET.allows("subnet-XYZ"));
        assert!(INSTANCE.allows("ml.m5.xlarge") && !INSTANCE.allows("m5.xlarge"));
    }
}
