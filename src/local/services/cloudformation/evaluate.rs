//! Values of a template, evaluated: references and functions become what they stand for.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::parameters::{Declared, scalar};
use super::pseudo::{NO_VALUE, Place};
use super::references::{self, Part, Reference};
use super::resources::Made;
use crate::demo::network::Block;

/// What names stand for while a stack is made.
pub(super) struct Scope<'t> {
    pub place: &'t Place,
    /// Parameters as they are declared, and the value of each.
    pub declared: &'t indexmap::IndexMap<String, Declared>,
    pub parameters: &'t BTreeMap<String, String>,
    pub conditions: BTreeMap<String, bool>,
    /// Resources that are there, by their names in the template.
    pub made: BTreeMap<String, Made>,
}

impl<'t> Scope<'t> {
    /// A scope in which the conditions of a template are known and nothing is made yet.
    pub fn new(
        place: &'t Place,
        declared: &'t indexmap::IndexMap<String, Declared>,
        parameters: &'t BTreeMap<String, String>,
        conditions: &Map<String, Value>,
    ) -> Result<Self, String> {
        let mut scope = Scope { place, declared, parameters, conditions: BTreeMap::new(), made: BTreeMap::new() };
        // A condition may be made of others that stand behind it: as many rounds as there are conditions are enough.
        for _ in 0..conditions.len() {
            for (name, value) in conditions {
                if let Some(truth) = scope.truth(value)? {
                    scope.conditions.insert(name.clone(), truth);
                }
            }
        }
        match conditions.keys().find(|name| !scope.conditions.contains_key(*name)) {
            Some(name) => Err(format!("the condition {name} depends on itself")),
            None => Ok(scope),
        }
    }

    /// Whether something with a condition is there.
    pub fn holds(&self, condition: Option<&str>) -> bool {
        condition.is_none_or(|name| self.conditions.get(name).copied().unwrap_or(false))
    }

    /// A value without references and functions; nothing for [`NO_VALUE`].
    pub fn value(&self, value: &Value) -> Result<Option<Value>, String> {
        if let Some((name, given)) = references::call(value) {
            return self.call(name, given);
        }
        Ok(Some(match value {
            Value::Array(items) => {
                let items: Result<Vec<Option<Value>>, String> = items.iter().map(|item| self.value(item)).collect();
                items?.into_iter().flatten().collect()
            }
            Value::Object(members) => Value::Object(self.members(members)?),
            plain => plain.clone(),
        }))
    }

    /// The members of an object, evaluated.
    pub fn members(&self, members: &Map<String, Value>) -> Result<Map<String, Value>, String> {
        let mut evaluated = Map::new();
        for (name, member) in members {
            if let Some(member) = self.value(member)? {
                evaluated.insert(name.clone(), member);
            }
        }
        Ok(evaluated)
    }

    /// A value that has to be a text.
    pub fn text(&self, value: &Value, wanted: &str) -> Result<String, String> {
        let evaluated = self.value(value)?;
        evaluated.as_ref().and_then(scalar).ok_or_else(|| format!("Template error: {wanted} must be a string"))
    }

    fn list(&self, value: &Value, function: &str) -> Result<Vec<Value>, String> {
        match self.value(value)? {
            Some(Value::Array(items)) => Ok(items),
            _ => Err(format!("Template error: every {function} object requires a list of values")),
        }
    }

    fn call(&self, name: &str, given: &Value) -> Result<Option<Value>, String> {
        Ok(Some(match name {
            "Ref" => match given.as_str().unwrap_or_default() {
                NO_VALUE => return Ok(None),
                name => self.named(name)?,
            },
            "Fn::GetAtt" => {
                let (resource, attribute) = references::attribute(given)?;
                self.attribute(&resource, &attribute)?
            }
            "Fn::Sub" => Value::from(self.substitute(given)?),
            "Fn::Join" => {
                let (delimiter, items) = pair(given, name)?;
                let delimiter = self.text(delimiter, "the delimiter of Fn::Join")?;
                let items = self.list(items, name)?;
                let texts: Option<Vec<String>> = items.iter().map(scalar).collect();
                let texts = texts.ok_or("Template error: every Fn::Join object requires a list of strings")?;
                Value::from(texts.join(&delimiter))
            }
            "Fn::Split" => {
                let (delimiter, text) = pair(given, name)?;
                let delimiter = self.text(delimiter, "the delimiter of Fn::Split")?;
                if delimiter.is_empty() {
                    return Err("Template error: the delimiter of Fn::Split must not be empty".to_owned());
                }
                self.text(text, "what Fn::Split divides")?.split(&delimiter).map(Value::from).collect()
            }
            "Fn::Select" => {
                let (index, items) = pair(given, name)?;
                let index = self.text(index, "the index of Fn::Select")?;
                let items = self.list(items, name)?;
                let item = index.parse::<usize>().ok().and_then(|index| items.into_iter().nth(index));
                item.ok_or_else(|| format!("Template error: Fn::Select cannot select nonexistent value at index {index}"))?
            }
            "Fn::GetAZs" => {
                let region = self.text(given, "the region of Fn::GetAZs")?;
                let region = if region.is_empty() { &self.place.region } else { &region };
                Place::zones(region).into_iter().map(Value::from).collect()
            }
            "Fn::Cidr" => self.blocks(given)?,
            "Fn::If" => {
                // Three parts: whoever reads a template has made sure.
                let (condition, then, otherwise) = (&given[0], &given[1], &given[2]);
                return self.value(if self.holds(Some(condition.as_str().unwrap_or_default())) { then } else { otherwise });
            }
            other => return Err(format!("Template error: {other} is allowed in conditions only")),
        }))
    }

    fn named(&self, name: &str) -> Result<Value, String> {
        if let Some(value) = self.place.value(name) {
            return Ok(value);
        }
        if let (Some(declared), Some(given)) = (self.declared.get(name), self.parameters.get(name)) {
            return Ok(declared.value(given));
        }
        // A resource is made before what refers to it; one that is not there is left out by its condition.
        let made =
            self.made.get(name).ok_or_else(|| format!("Template error: {name} is not there, because its condition does not hold"))?;
        Ok(Value::from(made.reference()))
    }

    fn attribute(&self, resource: &str, attribute: &str) -> Result<Value, String> {
        let made = self.made.get(resource);
        let made = made.ok_or_else(|| format!("Template error: {resource} is not there, because its condition does not hold"))?;
        let value = made.attributes.get(attribute);
        let unknown = || format!("Template error: resource {resource} does not support attribute type {attribute} in Fn::GetAtt");
        value.map(|value| Value::from(value.as_str())).ok_or_else(unknown)
    }

    fn substitute(&self, given: &Value) -> Result<String, String> {
        let (text, values) = references::substitution(given)?;
        let mut filled = String::new();
        for part in references::parts(text)? {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Place(place) => {
                    let value = match values.and_then(|values| values.get(place)) {
                        Some(own) => self.value(own)?.unwrap_or_default(),
                        None => match references::placed(place) {
                            Reference::Attribute(resource, attribute) => self.attribute(&resource, &attribute)?,
                            Reference::Name(name) | Reference::Condition(name) => self.named(&name)?,
                        },
                    };
                    let text = scalar(&value);
                    filled.push_str(&text.ok_or_else(|| format!("Template error: Fn::Sub cannot put the list {place} into a text"))?);
                }
            }
        }
        Ok(filled)
    }

    /// `Fn::Cidr`: the first blocks of so many bits of a network.
    fn blocks(&self, given: &Value) -> Result<Value, String> {
        let parts = given.as_array().map(Vec::as_slice).unwrap_or_default();
        let ([network, count] | [network, count, _]) = parts else {
            return Err("Template error: every Fn::Cidr object requires a block, a count and bits".to_owned());
        };
        let network = self.text(network, "the block of Fn::Cidr")?;
        let number = |value: &Value, wanted: &str| {
            let text = self.text(value, wanted)?;
            text.parse::<u8>().map_err(|_| format!("Template error: {wanted} must be a number, not {text}"))
        };
        let count = number(count, "the count of Fn::Cidr")?;
        let bits = parts.get(2).map(|bits| number(bits, "the bits of Fn::Cidr")).transpose()?;
        let block = Block::around(&network).ok_or_else(|| format!("Template error: {network} is no IPv4 block for Fn::Cidr"))?;
        let blocks = block.split(usize::from(count), bits.unwrap_or(8));
        let blocks = blocks.ok_or_else(|| format!("Template error: Fn::Cidr cannot take {count} blocks of that size out of {network}"))?;
        Ok(blocks.into_iter().map(|block| Value::from(block.to_string())).collect())
    }

    /// A condition; nothing as long as one that it is made of is not known.
    fn truth(&self, value: &Value) -> Result<Option<bool>, String> {
        let malformed = || format!("Template format error: {value} is no condition");
        let (name, given) = references::call(value).ok_or_else(malformed)?;
        let each = |least: usize| -> Result<Option<Vec<bool>>, String> {
            let parts = given.as_array().filter(|parts| parts.len() >= least && parts.len() <= 10).ok_or_else(malformed)?;
            parts.iter().map(|part| self.truth(part)).collect()
        };
        Ok(match name {
            "Condition" => self.conditions.get(given.as_str().unwrap_or_default()).copied(),
            "Fn::Equals" => {
                let (one, other) = pair(given, name)?;
                Some(self.value(one)?.map(plain) == self.value(other)?.map(plain))
            }
            "Fn::And" => each(2)?.map(|truths| truths.into_iter().all(|truth| truth)),
            "Fn::Or" => each(2)?.map(|truths| truths.into_iter().any(|truth| truth)),
            "Fn::Not" => each(1)?.map(|truths| !truths.into_iter().all(|truth| truth)),
            _ => return Err(malformed()),
        })
    }
}

/// A value as `Fn::Equals` compares it: numbers and truth values are texts.
fn plain(value: Value) -> Value {
    scalar(&value).map_or(value, Value::from)
}

fn pair<'v>(given: &'v Value, function: &str) -> Result<(&'v Value, &'v Value), String> {
    match given.as_array().map(Vec::as_slice) {
        Some([one, other]) => Ok((one, other)),
        _ => Err(format!("Template error: every {function} object requires two parameters")),
    }
}

#[cfg(test)]
#[path = "evaluate_tests.rs"]
mod tests;
