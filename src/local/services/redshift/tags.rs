//! Tags of clusters and subnet groups, by ARN.

use super::{Form, Redshift, State, Tags, Xml, page, tags_fit};
use crate::local::service::{ServiceError, ServiceResult};

/// Tags of a resource at most.
const MOST_TAGS: usize = 50;

impl Redshift {
    fn tags_of<'s>(&self, state: &'s mut State, arn: &str) -> ServiceResult<&'s mut Tags> {
        let prefix = format!("arn:aws:redshift:{}:{}:", self.account.region, self.account.id);
        let found = match arn.strip_prefix(&prefix).and_then(|rest| rest.split_once(':')) {
            Some(("cluster", name)) => state.clusters.get_mut(name).map(|it| &mut it.tags),
            Some(("subnetgroup", name)) => state.subnet_groups.get_mut(name).map(|it| &mut it.tags),
            _ => None,
        };
        found.ok_or_else(|| ServiceError::new("ResourceNotFoundFault", format!("Resource {arn} not found.")).with_status(404))
    }

    pub(super) fn create_tags(&self, form: &Form) -> ServiceResult<Xml> {
        let arn = form.required("ResourceName")?;
        self.change(|state| {
            let tags = self.tags_of(state, arn)?;
            tags.extend(form.tags());
            if tags.len() > MOST_TAGS {
                return Err(ServiceError::new("TagLimitExceededFault", format!("A resource has at most {MOST_TAGS} tags.")));
            }
            Ok(Xml::default())
        })
    }

    pub(super) fn delete_tags(&self, form: &Form) -> ServiceResult<Xml> {
        let arn = form.required("ResourceName")?;
        let keys = form.texts("TagKeys", "TagKey");
        self.change(|state| {
            self.tags_of(state, arn)?.retain(|key, _| !keys.contains(key));
            Ok(Xml::default())
        })
    }

    pub(super) fn describe_tags(&self, form: &Form) -> ServiceResult<Xml> {
        let mut state = self.state();
        let wanted = form.text("ResourceName").map(str::to_owned);
        if let Some(arn) = &wanted {
            self.tags_of(&mut state, arn)?;
        }
        let kind = form.text("ResourceType").map(str::to_ascii_lowercase);
        let clusters = state.clusters.values().map(|it| ("cluster", self.arn("cluster", &it.name), &it.tags));
        let groups = state.subnet_groups.values().map(|it| ("subnetgroup", self.arn("subnetgroup", &it.name), &it.tags));
        let mut listed: Vec<(String, &str, &String, &String)> = clusters
            .chain(groups)
            .filter(|(it, arn, tags)| {
                wanted.as_ref().is_none_or(|wanted| wanted == arn) && kind.as_ref().is_none_or(|kind| kind == it) && tags_fit(form, tags)
            })
            .flat_map(|(kind, arn, tags)| tags.iter().map(move |(key, value)| (arn.clone(), kind, key, value)))
            .collect();
        listed.sort();
        let scope = format!("DescribeTags {wanted:?} {kind:?}");
        let (tags, marker) = page(form, &scope, listed, |(arn, _, key, _)| format!("{arn}\u{0}{key}"))?;
        let mut xml = Xml::default();
        xml.optional("Marker", marker).list("TaggedResources", "TaggedResource", tags, |xml, (arn, kind, key, value)| {
            xml.element("Tag", |xml| {
                xml.text("Key", key).text("Value", value);
            })
            .text("ResourceName", arn)
            .text("ResourceType", kind);
        });
        Ok(xml)
    }
}
