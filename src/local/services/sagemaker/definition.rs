//! A pipeline definition, parsed and checked: what passes can be run.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde_json::Value;

use super::expression::{Reference, Selector, references, select};
use crate::demo::pipeline_definition::{Framework, framework_of};

/// The version of the format.
const VERSION: &str = "2020-12-01";

/// A definition.
#[derive(Debug, Clone)]
pub(super) struct Definition {
    parameters: Vec<Parameter>,
    /// Every step by name, those of branches after the condition that chooses them.
    pub steps: IndexMap<String, Step>,
}

#[derive(Debug, Clone)]
struct Parameter {
    name: String,
    kind: String,
    default: Option<Value>,
    choices: Vec<Value>,
}

/// A step.
#[derive(Debug, Clone)]
pub(super) struct Step {
    /// Name.
    pub name: String,
    /// Type.
    pub kind: Kind,
    /// The step as it was written.
    pub source: Value,
    /// Steps that have to succeed before.
    pub needs: BTreeSet<String>,
    /// The condition whose branch it is in, and in which: `true` is `IfSteps`.
    pub branch: Option<(String, bool)>,
}

/// The types of steps that can be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Invokes a function.
    Lambda,
    /// A processing job.
    Processing,
    /// A training job.
    Training,
    /// Chooses a branch.
    Condition,
    /// Ends the execution as failed.
    Fail,
    /// Registers a model package.
    RegisterModel,
}

impl Kind {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "Lambda" => Kind::Lambda,
            "Processing" => Kind::Processing,
            "Training" => Kind::Training,
            "Condition" => Kind::Condition,
            "Fail" => Kind::Fail,
            "RegisterModel" => Kind::RegisterModel,
            _ => return None,
        })
    }
}

/// Comparisons of a condition.
const COMPARISONS: &[&str] = &["Equals", "GreaterThan", "GreaterThanOrEqualTo", "LessThan", "LessThanOrEqualTo"];

impl Definition {
    /// Parses and checks a definition; the error is a sentence that names the step.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let document: Value = serde_json::from_str(text).map_err(|error| format!("It is not JSON: {error}"))?;
        if document["Version"] != VERSION {
            return Err(format!("Its Version has to be {VERSION}."));
        }
        let parameters = list(&document["Parameters"]).iter().map(Parameter::parse).collect::<Result<Vec<_>, _>>()?;
        let mut definition = Definition { parameters, steps: IndexMap::new() };
        let steps = document["Steps"].as_array().filter(|steps| !steps.is_empty()).ok_or("It has no Steps.")?;
        definition.add(steps, None)?;
        definition.check_references()?;
        definition.check_order()?;
        Ok(definition)
    }

    fn add(&mut self, steps: &[Value], branch: Option<&(String, bool)>) -> Result<(), String> {
        for source in steps {
            let step = Step::parse(source, branch.cloned())?;
            let (name, kind) = (step.name.clone(), step.kind);
            if self.steps.insert(name.clone(), step).is_some() {
                return Err(format!("Step names must be unique: {name} occurs twice."));
            }
            if kind == Kind::Condition {
                let arguments = &source["Arguments"];
                self.add(list(&arguments["IfSteps"]), Some(&(name.clone(), true)))?;
                self.add(list(&arguments["ElseSteps"]), Some(&(name, false)))?;
            }
        }
        Ok(())
    }

    fn check_references(&self) -> Result<(), String> {
        for step in self.steps.values() {
            let at = |why: String| format!("Step {}: {why}.", step.name);
            for name in &step.needs {
                if !self.steps.contains_key(name) {
                    return Err(at(format!("it depends on the step {name}, which does not exist")));
                }
            }
            let mut problem = None;
            references(&step.own_arguments(), &mut |reference| {
                if problem.is_none() {
                    problem = self.dangling(&reference);
                }
            })
            .map_err(&at)?;
            if let Some(problem) = problem {
                return Err(at(problem));
            }
        }
        Ok(())
    }

    /// Why a reference leads nowhere, as far as that can be seen before anything has run.
    fn dangling(&self, reference: &Reference) -> Option<String> {
        match reference {
            Reference::Execution(_) => None,
            Reference::Parameter(name) => (!self.parameters.iter().any(|parameter| parameter.name == *name))
                .then(|| format!("it refers to the parameter {name}, which is not declared")),
            Reference::Step { step: name, path } => {
                // That the step exists was checked with the other needs.
                let step = self.steps.get(name)?;
                let declared = |place: &Value, member: &str, wanted: &str| list(place).iter().any(|item| item[member] == wanted);
                let arguments = &step.source["Arguments"];
                let (known, wanted) = match path.as_slice() {
                    [Selector::Member(root), Selector::Member(file) | Selector::Named(file)] if root == "PropertyFiles" => {
                        (declared(&step.source["PropertyFiles"], "PropertyFileName", file), format!("property file {file}"))
                    }
                    [Selector::Member(root), Selector::Member(outputs), Selector::Named(output), ..]
                        if root == "ProcessingOutputConfig" && outputs == "Outputs" =>
                    {
                        let outputs = &arguments["ProcessingOutputConfig"]["Outputs"];
                        (declared(outputs, "OutputName", output), format!("output {output}"))
                    }
                    [Selector::Member(root), Selector::Named(output)] if root == "OutputParameters" => {
                        (declared(&step.source["OutputParameters"], "OutputName", output), format!("output parameter {output}"))
                    }
                    _ => return None,
                };
                (!known).then(|| format!("it refers to the {wanted} of {name}, which that step does not have"))
            }
        }
    }

    /// Refuses cycles: steps are taken away as long as one waits for none that is left.
    fn check_order(&self) -> Result<(), String> {
        let mut left: BTreeSet<&str> = self.steps.keys().map(String::as_str).collect();
        loop {
            let free: Vec<&str> =
                left.iter().copied().filter(|name| self.waits_for(name).iter().all(|need| !left.contains(need.as_str()))).collect();
            if free.is_empty() {
                break;
            }
            for name in free {
                left.remove(name);
            }
        }
        if left.is_empty() {
            return Ok(());
        }
        Err(format!("The steps {} wait for each other.", left.into_iter().collect::<Vec<_>>().join(", ")))
    }

    /// What a step waits for: what it needs, and the condition that chooses it.
    pub(super) fn waits_for(&self, name: &str) -> BTreeSet<String> {
        let Some(step) = self.steps.get(name) else { return BTreeSet::new() };
        let mut needs = step.needs.clone();
        needs.extend(step.branch.iter().map(|(condition, _)| condition.clone()));
        needs
    }

    /// The values of an execution's parameters: given ones, else defaults.
    pub(super) fn parameters(&self, given: &BTreeMap<String, String>) -> Result<IndexMap<String, Value>, String> {
        if let Some(unknown) = given.keys().find(|name| !self.parameters.iter().any(|parameter| parameter.name == **name)) {
            return Err(format!("Parameter '{unknown}' is not declared by the pipeline definition."));
        }
        self.parameters
            .iter()
            .map(|parameter| {
                let value = match given.get(&parameter.name) {
                    Some(text) => parameter.read(text)?,
                    None => parameter
                        .default
                        .clone()
                        .ok_or_else(|| format!("Parameter '{}' has no default and must be given.", parameter.name))?,
                };
                if !parameter.choices.is_empty() && !parameter.choices.contains(&value) {
                    return Err(format!("Parameter '{}' must be one of {}.", parameter.name, Value::from(parameter.choices.clone())));
                }
                Ok((parameter.name.clone(), value))
            })
            .collect()
    }
}

impl Parameter {
    fn parse(source: &Value) -> Result<Self, String> {
        let name = source["Name"].as_str().ok_or("A parameter has no Name.")?.to_owned();
        let kind = source["Type"].as_str().unwrap_or_default().to_owned();
        if !matches!(kind.as_str(), "String" | "Integer" | "Float" | "Boolean") {
            return Err(format!("Parameter {name}: the type {kind} does not exist."));
        }
        let default = source.get("DefaultValue").filter(|value| !value.is_null()).cloned();
        Ok(Parameter { name, kind, default, choices: list(&source["EnumValues"]).to_vec() })
    }

    fn read(&self, text: &str) -> Result<Value, String> {
        let value = match self.kind.as_str() {
            "Integer" => text.parse::<i64>().ok().map(Value::from),
            "Float" => text.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::from),
            "Boolean" => text.parse::<bool>().ok().map(Value::from),
            _ => Some(Value::from(text)),
        };
        value.ok_or_else(|| format!("Parameter '{}' is {text}, which is no {}.", self.name, self.kind))
    }
}

impl Step {
    fn parse(source: &Value, branch: Option<(String, bool)>) -> Result<Self, String> {
        let name = source["Name"].as_str().filter(|name| !name.is_empty()).ok_or("A step has no Name.")?.to_owned();
        let kind = source["Type"].as_str().unwrap_or_default();
        let kind = Kind::parse(kind).ok_or_else(|| format!("Step {name}: the embedded AWS does not support steps of type {kind}."))?;
        let at = |why: String| format!("Step {name}: {why}.");
        let mut step = Step { name: name.clone(), kind, source: source.clone(), needs: BTreeSet::new(), branch };
        let mut needs = BTreeSet::new();
        references(&step.own_arguments(), &mut |reference| {
            if let Reference::Step { step, .. } = reference {
                needs.insert(step);
            }
        })
        .map_err(&at)?;
        for needed in list(&source["DependsOn"]) {
            needs.insert(needed.as_str().ok_or_else(|| at("DependsOn is a list of step names".into()))?.to_owned());
        }
        step.needs = needs;
        step.check_arguments().map_err(&at)?;
        super::cache::lasting(source).map_err(at)?;
        Ok(step)
    }

    /// What the step itself is made of: of a condition, not its branches.
    pub(super) fn own_arguments(&self) -> Value {
        match self.kind {
            Kind::Condition => self.source["Arguments"]["Conditions"].clone(),
            Kind::Lambda => Value::from(vec![self.source["FunctionArn"].clone(), self.source["Arguments"].clone()]),
            _ => self.source["Arguments"].clone(),
        }
    }

    fn check_arguments(&self) -> Result<(), String> {
        let arguments = &self.source["Arguments"];
        let needs = |member: &str| match arguments.get(member) {
            Some(value) if !value.is_null() => Ok(()),
            _ => Err(format!("its Arguments have no {member}")),
        };
        match self.kind {
            Kind::Lambda if self.source["FunctionArn"].is_null() => Err("it has no FunctionArn".into()),
            Kind::Lambda => Ok(()),
            Kind::Processing => {
                needs("AppSpecification")?;
                needs("RoleArn")?;
                // An image that is put together while running is checked then.
                match arguments["AppSpecification"]["ImageUri"].as_str() {
                    Some(image) if framework_of(image).is_none() => Err(unknown_image(image)),
                    _ => Ok(()),
                }
            }
            Kind::Training => {
                needs("AlgorithmSpecification")?;
                needs("InputDataConfig")?;
                needs("OutputDataConfig")?;
                match arguments["AlgorithmSpecification"]["TrainingImage"].as_str() {
                    Some(image) if framework_of(image) != Some(Framework::XgBoost) => Err(unknown_image(image)),
                    _ => Ok(()),
                }
            }
            Kind::Condition => {
                let conditions = arguments["Conditions"].as_array().filter(|conditions| !conditions.is_empty());
                conditions.ok_or("it has no Conditions")?.iter().try_for_each(check_condition)
            }
            Kind::Fail => needs("ErrorMessage"),
            Kind::RegisterModel => needs("ModelPackageGroupName").and_then(|()| needs("InferenceSpecification")),
        }
    }
}

fn check_condition(condition: &Value) -> Result<(), String> {
    match condition["Type"].as_str().unwrap_or_default() {
        "Not" => check_condition(&condition["Expression"]),
        "Or" => list(&condition["Conditions"]).iter().try_for_each(check_condition),
        "In" => match (condition.get("QueryValue"), condition["Values"].is_array()) {
            (Some(_), true) => Ok(()),
            _ => Err("a condition of type In needs QueryValue and Values".into()),
        },
        kind if COMPARISONS.contains(&kind) => match (condition.get("LeftValue"), condition.get("RightValue")) {
            (Some(_), Some(_)) => Ok(()),
            _ => Err(format!("a condition of type {kind} needs LeftValue and RightValue")),
        },
        kind => Err(format!("there is no condition of type `{kind}`")),
    }
}

/// Whether a condition, whose expressions have been resolved, holds.
pub(super) fn holds(condition: &Value) -> Result<bool, String> {
    let kind = condition["Type"].as_str().unwrap_or_default();
    let (left, right) = (&condition["LeftValue"], &condition["RightValue"]);
    let ordered = || match (left.as_f64(), right.as_f64()) {
        (Some(left), Some(right)) => Ok((left, right)),
        _ => Err(format!("{left} and {right} cannot be compared by size")),
    };
    Ok(match kind {
        "Not" => !holds(&condition["Expression"])?,
        "Or" => list(&condition["Conditions"]).iter().map(holds).collect::<Result<Vec<_>, _>>()?.contains(&true),
        "In" => list(&condition["Values"]).contains(&condition["QueryValue"]),
        "Equals" => left == right || left.as_f64().is_some_and(|left| Some(left) == right.as_f64()),
        "GreaterThan" => ordered().map(|(left, right)| left > right)?,
        "GreaterThanOrEqualTo" => ordered().map(|(left, right)| left >= right)?,
        "LessThan" => ordered().map(|(left, right)| left < right)?,
        "LessThanOrEqualTo" => ordered().map(|(left, right)| left <= right)?,
        _ => return Err(format!("there is no condition of type `{kind}`")),
    })
}

/// Why an image cannot be run.
pub(super) fn unknown_image(image: &str) -> String {
    format!("the embedded AWS runs SageMaker's scikit-learn 1.2-1 and XGBoost 3.0-5 and 1.7-1 images, and not {image}")
}

/// The items of a list, none when it is absent.
pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A property of a step by its path.
pub(super) fn property(properties: &Value, path: &[Selector]) -> Option<Value> {
    select(properties, path).cloned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use serde_json::json;

    use super::*;
    use crate::demo::{example as demo, pipeline_definition};

    fn ours() -> Value {
        pipeline_definition::definition(&demo::scenario(), &demo::inputs()).unwrap()
    }

    fn refused(change: impl Fn(&mut Value)) -> String {
        let mut definition = ours();
        change(&mut definition);
        Definition::parse(&definition.to_string()).err().unwrap_or_default()
    }

    #[test]
    fn our_definition_is_valid_and_ordered_by_its_references() {
        let definition = Definition::parse(&ours().to_string()).unwrap();
        let waits = |name: &str| definition.waits_for(name).into_iter().collect::<Vec<_>>().join(" ");
        assert_eq!(waits("Lambda-RedShift-dl"), "");
        assert_eq!(waits("Step-DataQuality"), "Lambda-RedShift-dl");
        assert_eq!(waits("Step-PreProcess"), "Lambda-RedShift-dl");
        assert_eq!(waits("Step-Train"), "Step-DataQuality Step-PreProcess");
        assert_eq!(waits("Step-Eval"), "Step-PreProcess Step-Train");
        assert_eq!(waits("Step-AccuracyCond"), "Step-Eval");
        assert_eq!(waits("Step-RegisterModel"), "Step-AccuracyCond Step-DataQuality Step-Eval Step-PreProcess");
        assert_eq!(definition.steps["Step-GateRefused"].branch, Some(("Step-AccuracyCond".into(), false)));
    }

    #[test]
    fn what_cannot_be_run_is_refused_by_step() {
        assert!(refused(|definition| definition["Version"] = json!("1")).contains("2020-12-01"));
        assert!(refused(|definition| definition["Steps"] = json!([])).contains("no Steps"));
        assert!(
            refused(|definition| definition["Steps"][0]["Type"] = json!("EMR"))
                .contains("Lambda-RedShift-dl: the embedded AWS does not support steps of type EMR")
        );
        assert!(refused(|definition| definition["Steps"][2]["Name"] = json!("Step-Train")).contains("occurs twice"));
        assert!(
            refused(|definition| definition["Steps"][3]["DependsOn"] = json!(["Step-Nowhere"]))
                .contains("Step-Train: it depends on the step Step-Nowhere")
        );
        assert!(refused(|definition| definition["Steps"][0]["DependsOn"] = json!(["Step-Eval"])).contains("wait for each other"));
        let image = |definition: &mut Value| definition["Steps"][2]["Arguments"]["AppSpecification"]["ImageUri"] = json!("docker.io/me:1");
        assert!(refused(image).contains("Step-PreProcess: the embedded AWS runs"));
        let output = |definition: &mut Value| {
            definition["Steps"][2]["Arguments"]["ProcessingOutputConfig"]["Outputs"].as_array_mut().unwrap().remove(2);
        };
        assert!(refused(output).contains("Step-Eval: it refers to the output test of Step-PreProcess"));
        let file = |definition: &mut Value| definition["Steps"][4]["PropertyFiles"] = json!([]);
        assert!(refused(file).contains("the property file EvaluationReport of Step-Eval"));
        let parameter = |definition: &mut Value| {
            definition["Parameters"].as_array_mut().unwrap().remove(2);
        };
        assert!(refused(parameter).contains("the parameter TrainingInstanceType"));
        let comparison = |definition: &mut Value| definition["Steps"][5]["Arguments"]["Conditions"][0]["Type"] = json!("Better");
        assert!(refused(comparison).contains("no condition of type `Better`"));
    }

    #[test]
    fn a_cache_without_an_end_is_refused() {
        let cache = |definition: &mut Value| definition["Steps"][3]["CacheConfig"] = json!({"Enabled": true});
        assert!(refused(cache).contains("Step-Train: its CacheConfig is enabled and has no ExpireAfter"));
    }

    #[test]
    fn parameters_are_typed_and_checked() {
        let definition = Definition::parse(&ours().to_string()).unwrap();
        let with = |name: &str, value: &str| definition.parameters(&BTreeMap::from([(name.to_owned(), value.to_owned())]));
        assert_eq!(with("ProcessingInstanceCount", "2").unwrap()["ProcessingInstanceCount"], json!(2));
        assert!(with("ProcessingInstanceCount", "two").unwrap_err().contains("no Integer"));
        assert!(with("ModelApprovalStatus", "Maybe").unwrap_err().contains("must be one of"));
        assert!(with("Colour", "red").unwrap_err().contains("not declared"));
    }

    #[test]
    fn conditions_compare() {
        let condition = |kind: &str, left: Value, right: Value| holds(&json!({"Type": kind, "LeftValue": left, "RightValue": right}));
        assert_eq!(condition("LessThan", json!(0.9), json!(1)), Ok(true));
        assert_eq!(condition("LessThan", json!(1.0), json!(1)), Ok(false));
        assert_eq!(condition("GreaterThanOrEqualTo", json!(1.0), json!(1)), Ok(true));
        assert_eq!(condition("Equals", json!(1.0), json!(1)), Ok(true));
        assert!(condition("LessThan", json!("a"), json!(1)).is_err());
        let not = json!({"Type": "Not", "Expression": {"Type": "In", "QueryValue": "a", "Values": ["a", "b"]}});
        assert_eq!(holds(&not), Ok(false));
    }
}
