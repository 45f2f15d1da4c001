//! The regions of AWS, partition by partition, as the endpoint rules of the SDKs have them (`partitions.json`, version 1.1).

/// Regions that have their own accounts, names of hosts, and ARNs.
struct Partition {
    /// The name in ARNs.
    name: &'static str,
    /// What a region begins with; after it come a direction and a number.
    prefixes: &'static [&'static str],
    /// The regions that are known to this version.
    regions: &'static [&'static str],
}

const PARTITIONS: [Partition; 8] = [
    Partition {
        name: "aws",
        prefixes: &["us", "eu", "ap", "sa", "ca", "me", "af", "il", "mx"],
        regions: &[
            "af-south-1",
            "ap-east-1",
            "ap-east-2",
            "ap-northeast-1",
            "ap-northeast-2",
            "ap-northeast-3",
            "ap-south-1",
            "ap-south-2",
            "ap-southeast-1",
            "ap-southeast-2",
            "ap-southeast-3",
            "ap-southeast-4",
            "ap-southeast-5",
            "ap-southeast-6",
            "ap-southeast-7",
            "ca-central-1",
            "ca-west-1",
            "eu-central-1",
            "eu-central-2",
            "eu-north-1",
            "eu-south-1",
            "eu-south-2",
            "eu-west-1",
            "eu-west-2",
            "eu-west-3",
            "il-central-1",
            "me-central-1",
            "me-south-1",
            "mx-central-1",
            "sa-east-1",
            "us-east-1",
            "us-east-2",
            "us-west-1",
            "us-west-2",
        ],
    },
    Partition { name: "aws-cn", prefixes: &["cn"], regions: &["cn-north-1", "cn-northwest-1"] },
    Partition { name: "aws-eusc", prefixes: &["eusc-de"], regions: &["eusc-de-east-1"] },
    Partition { name: "aws-iso", prefixes: &["us-iso"], regions: &["us-iso-east-1", "us-iso-west-1"] },
    Partition { name: "aws-iso-b", prefixes: &["us-isob"], regions: &["us-isob-east-1", "us-isob-west-1"] },
    Partition { name: "aws-iso-e", prefixes: &["eu-isoe"], regions: &["eu-isoe-west-1"] },
    Partition { name: "aws-iso-f", prefixes: &["us-isof"], regions: &["us-isof-east-1", "us-isof-south-1"] },
    Partition { name: "aws-us-gov", prefixes: &["us-gov"], regions: &["us-gov-east-1", "us-gov-west-1"] },
];

/// The partition that a region is in, by its form alone: a region that is newer than this version has one too. `None` for what is no region.
pub fn partition(region: &str) -> Option<&'static str> {
    let (rest, number) = region.rsplit_once('-')?;
    let (prefix, direction) = rest.rsplit_once('-')?;
    let numbered = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let directed = !direction.is_empty() && direction.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !numbered || !directed {
        return None;
    }
    PARTITIONS.iter().find(|partition| partition.prefixes.contains(&prefix)).map(|partition| partition.name)
}

/// Whether a region is among those that are known to this version.
pub fn known(region: &str) -> bool {
    PARTITIONS.iter().any(|partition| partition.regions.contains(&region))
}

/// The known region that is written most like this; `None` when none is like it.
pub fn nearest(region: &str) -> Option<&'static str> {
    /// From here on two names are meant to be the same.
    const ALIKE: f64 = 0.85;
    let all = PARTITIONS.iter().flat_map(|partition| partition.regions);
    let measured = all.map(|known| (strsim::jaro_winkler(region, known), *known));
    measured.filter(|(like, _)| *like >= ALIKE).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_region_is_of_the_form_of_its_partition() {
        for Partition { name, regions, .. } in &PARTITIONS {
            for region in *regions {
                assert_eq!(partition(region), Some(*name), "{region}");
            }
        }
    }

    #[test]
    fn a_new_region_has_a_partition_and_what_is_none_has_not() {
        assert_eq!((partition("eu-west-9"), known("eu-west-9")), (Some("aws"), false));
        assert_eq!(partition("us-gov-north-1"), Some("aws-us-gov"));
        for none in ["us-east1", "us-east", "useast-1", "mars-east-1", "us--1", "us-east-x", "", "us-gov-1-1-1", "eusc-fr-east-1"] {
            assert_eq!(partition(none), None, "{none}");
        }
    }

    #[test]
    fn a_slip_of_the_pen_is_seen_through() {
        assert_eq!(nearest("us-east1"), Some("us-east-1"));
        assert_eq!(nearest("eu-centrel-1"), Some("eu-central-1"));
        assert_eq!(nearest("mars"), None);
    }
}
