//! The binary format that XGBoost wrote up to version 3.0 when a file's name did not say JSON or UBJSON: SageMaker's container 1.7-1 leaves
//! it in `xgboost-model`. From 3.1 on XGBoost itself no longer reads it.
//!
//! After the four letters `binf` come records of C++ as they lie in memory, little-endian: the learner's parameters (136 bytes), the
//! names of objective and booster, the parameters of the trees (160 bytes), for every tree its parameters (148 bytes), its nodes (20
//! bytes each) and their statistics (16 bytes each), then the output of every tree, DART's weights, and the attributes.

use serde_json::{Map, Value, json};

/// The first bytes of a file.
pub(super) const MAGIC: &[u8] = b"binf";
/// A node without parent, as JSON has it.
const NO_PARENT: u32 = (1 << 31) - 1;
/// The highest bit of a node's parent tells a left child, that of its feature that missing values go left.
const FLAG: u32 = 1 << 31;
const LEARNER_RESERVED: usize = 25;
const TREES_RESERVED: usize = 38;
const TREE_RESERVED: usize = 31;
/// The attribute that holds the objective with its parameters as JSON.
const OBJECTIVE: &str = "objective";

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or("the binary model ends too early")?;
        self.rest = rest;
        Ok(taken)
    }

    fn word(&mut self) -> Result<[u8; 4], String> {
        // Four bytes were taken.
        self.take(4).map(|word| word.first_chunk().copied().unwrap_or_default())
    }

    fn int(&mut self) -> Result<i32, String> {
        self.word().map(i32::from_le_bytes)
    }

    fn unsigned(&mut self) -> Result<u32, String> {
        self.word().map(u32::from_le_bytes)
    }

    fn float(&mut self) -> Result<f32, String> {
        self.word().map(f32::from_le_bytes)
    }

    fn skip(&mut self, words: usize) -> Result<(), String> {
        self.take(words * 4).map(drop)
    }

    /// A count of things that take at least `least` bytes each.
    fn count(&mut self, least: usize) -> Result<usize, String> {
        let bytes = self.take(8)?.first_chunk().copied().unwrap_or_default();
        self.bounded(u64::from_le_bytes(bytes), least)
    }

    fn bounded(&self, count: impl TryInto<usize>, least: usize) -> Result<usize, String> {
        let count = count.try_into().ok().filter(|count: &usize| count.checked_mul(least).is_some_and(|bytes| bytes <= self.rest.len()));
        count.ok_or_else(|| "the binary model ends too early".to_owned())
    }

    fn text(&mut self) -> Result<String, String> {
        let length = self.count(1)?;
        String::from_utf8(self.take(length)?.to_vec()).map_err(|_| "a text of the binary model is not UTF-8".to_owned())
    }
}

/// Reads a file as the document that XGBoost's JSON would have.
pub(super) fn decode(bytes: &[u8]) -> Result<Value, String> {
    let mut reader = Reader { rest: bytes.strip_prefix(MAGIC).ok_or("the binary model does not begin with `binf`")? };
    let base_score = reader.float()?;
    let num_feature = reader.unsigned()?;
    let num_class = reader.int()?;
    let has_attributes = reader.int()? != 0;
    let has_metrics = reader.int()? != 0;
    let (major, minor) = (reader.unsigned()?, reader.unsigned()?);
    let num_target = reader.unsigned()?.max(1);
    let boost_from_average = reader.int()?;
    reader.skip(LEARNER_RESERVED)?;
    if major == 0 {
        return Err("the binary model was written by an XGBoost before 1.0; load it there and save it as JSON".into());
    }
    let objective = reader.text()?;
    let booster = reader.text()?;
    if !matches!(booster.as_str(), "gbtree" | "dart") {
        return Err(super::not_trees(&booster));
    }
    let trees = reader.int()?;
    let parallel = reader.int()?.max(1);
    reader.skip(TREES_RESERVED)?;
    let trees = reader.bounded(trees, 4 * (6 + TREE_RESERVED))?;
    let documents = (0..trees).map(|id| tree(&mut reader, id)).collect::<Result<Vec<_>, _>>()?;
    let tree_info = (0..trees).map(|_| reader.int()).collect::<Result<Vec<_>, _>>()?;
    let mut model = json!({
        "gbtree_model_param": { "num_trees": trees.to_string(), "num_parallel_tree": parallel.to_string() },
        "tree_info": tree_info,
        "trees": documents,
    });
    if booster == "dart" && trees > 0 {
        let weights = reader.count(4)?;
        model["weight_drop"] = (0..weights).map(|_| reader.float()).collect::<Result<Vec<_>, _>>()?.into();
    }
    let mut attributes = Map::new();
    let mut described = Value::Null;
    if has_attributes {
        for _ in 0..reader.count(16)? {
            let (key, value) = (reader.text()?, reader.text()?);
            if key == OBJECTIVE {
                described = serde_json::from_str(&value).map_err(|error| format!("the binary model's objective: {error}"))?;
            } else if !key.starts_with("SAVED_PARAM_") {
                attributes.insert(key, value.into());
            }
        }
    }
    if has_metrics {
        for _ in 0..reader.count(8)? {
            reader.text()?;
        }
    }
    if described["name"] != objective.as_str() {
        described = json!({ "name": objective });
    }
    Ok(json!({
        "version": [major, minor, 0],
        "learner": {
            "attributes": attributes,
            "feature_names": [],
            "feature_types": [],
            "gradient_booster": { "name": "gbtree", "model": model },
            "learner_model_param": {
                "base_score": base_score.to_string(),
                "boost_from_average": boost_from_average.to_string(),
                "num_class": num_class.to_string(),
                "num_feature": num_feature.to_string(),
                "num_target": num_target.to_string(),
            },
            "objective": described,
        },
    }))
}

fn tree(reader: &mut Reader<'_>, id: usize) -> Result<Value, String> {
    reader.skip(1)?;
    let nodes = reader.int()?;
    let deleted = reader.int()?;
    reader.skip(1)?;
    let num_feature = reader.unsigned()?;
    let leaf_vector = reader.unsigned()?;
    reader.skip(TREE_RESERVED)?;
    let nodes = reader.bounded(nodes, 36)?;
    let mut columns: [Vec<Value>; 6] = Default::default();
    for _ in 0..nodes {
        let (parent, left, right, feature, condition) =
            (reader.unsigned()?, reader.int()?, reader.int()?, reader.unsigned()?, reader.float()?);
        let row: [Value; 6] = [
            (parent & NO_PARENT).into(),
            left.into(),
            right.into(),
            (feature & NO_PARENT).into(),
            u8::from(feature & FLAG != 0).into(),
            condition.into(),
        ];
        columns.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
    }
    let mut statistics: [Vec<Value>; 3] = Default::default();
    for _ in 0..nodes {
        for column in &mut statistics {
            column.push(reader.float()?.into());
        }
        reader.skip(1)?;
    }
    let [parents, left, right, features, default_left, conditions] = columns;
    let [loss_changes, sum_hessian, base_weights] = statistics;
    Ok(json!({
        "id": id,
        "tree_param": {
            "num_nodes": nodes.to_string(),
            "num_deleted": deleted.to_string(),
            "num_feature": num_feature.to_string(),
            "size_leaf_vector": leaf_vector.to_string(),
        },
        "parents": parents,
        "left_children": left,
        "right_children": right,
        "split_indices": features,
        "default_left": default_left,
        "split_conditions": conditions,
        "split_type": vec![0; nodes],
        "loss_changes": loss_changes,
        "sum_hessian": sum_hessian,
        "base_weights": base_weights,
        "categories": [],
        "categories_nodes": [],
        "categories_segments": [],
        "categories_sizes": [],
    }))
}

/// Writes a document as XGBoost 1.7 does.
pub(super) fn encode(document: &Value) -> Result<Vec<u8>, String> {
    let learner = &document["learner"];
    let parameters = &learner["learner_model_param"];
    let booster = &learner["gradient_booster"];
    let (name, weights) = match booster["name"].as_str() {
        Some("dart") => ("dart", Some(list(&booster["weight_drop"])?)),
        _ => ("gbtree", None),
    };
    let model = if name == "dart" { &booster["gbtree"]["model"] } else { &booster["model"] };
    let objective = &learner["objective"];
    let trees = list(&model["trees"])?;

    let mut out = MAGIC.to_vec();
    let mut put = |words: &[u32]| words.iter().for_each(|word| out.extend_from_slice(&word.to_le_bytes()));
    let base_score: f32 = number(&parameters["base_score"])?;
    let (features, classes): (u32, u32) = (number(&parameters["num_feature"])?, number(&parameters["num_class"])?);
    put(&[base_score.to_bits(), features, classes, 1, 0, 1, 7, number(&parameters["num_target"])?]);
    put(&[number(&parameters["boost_from_average"])?]);
    put(&[0; LEARNER_RESERVED]);
    text(objective["name"].as_str().unwrap_or_default(), &mut out);
    text(name, &mut out);
    let mut put = |words: &[u32]| words.iter().for_each(|word| out.extend_from_slice(&word.to_le_bytes()));
    put(&[number(&model["gbtree_model_param"]["num_trees"])?, number(&model["gbtree_model_param"]["num_parallel_tree"])?]);
    put(&[0; TREES_RESERVED]);
    for tree in trees {
        write_tree(tree, features, &mut put)?;
    }
    for output in list(&model["tree_info"])? {
        put(&[number(output)?]);
    }
    if let Some(weights) = weights {
        let length = weights.len() as u64;
        put(&[length as u32, (length >> 32) as u32]);
        for weight in weights {
            put(&[number::<f32>(weight)?.to_bits()]);
        }
    }
    let mut attributes: Vec<(&str, String)> = learner["attributes"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.as_str(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
        .collect();
    attributes.push((OBJECTIVE, objective.to_string()));
    attributes.sort_unstable();
    out.extend_from_slice(&(attributes.len() as u64).to_le_bytes());
    for (key, value) in attributes {
        text(key, &mut out);
        text(&value, &mut out);
    }
    Ok(out)
}

fn write_tree(tree: &Value, features: u32, put: &mut impl FnMut(&[u32])) -> Result<(), String> {
    if !list(&tree["categories"])?.is_empty() {
        return Err("XGBoost's binary format has no place for categorical splits".into());
    }
    let column = |name: &str| list(&tree[name]);
    let (parents, left, right) = (column("parents")?, column("left_children")?, column("right_children")?);
    let (indices, conditions, default_left) = (column("split_indices")?, column("split_conditions")?, column("default_left")?);
    let (loss, hessian, weights) = (column("loss_changes")?, column("sum_hessian")?, column("base_weights")?);
    let nodes = left.len();
    if [parents, right, indices, conditions, default_left, loss, hessian, weights].iter().any(|column| column.len() != nodes) {
        return Err("a tree of the model has columns of different lengths".into());
    }
    let signed = |value: &Value| number::<i32>(value).map(i32::cast_unsigned);
    // There are fewer nodes than 2^31: children are addressed by i32.
    put(&[1, nodes as u32, 0, 0, features, 0]);
    put(&[0; TREE_RESERVED]);
    for node in 0..nodes {
        let parent: u32 = number(&parents[node])?;
        let is_left = left.get(parent as usize).is_some_and(|child| child.as_u64() == Some(node as u64));
        let parent = if parent == NO_PARENT { u32::MAX } else { parent | if is_left { FLAG } else { 0 } };
        let missing = if number::<u32>(&default_left[node])? == 1 { FLAG } else { 0 };
        let feature: u32 = number(&indices[node])?;
        put(&[parent, signed(&left[node])?, signed(&right[node])?, feature | missing, number::<f32>(&conditions[node])?.to_bits()]);
    }
    for node in 0..nodes {
        for column in [loss, hessian, weights] {
            put(&[number::<f32>(&column[node])?.to_bits()]);
        }
        put(&[0]);
    }
    Ok(())
}

fn text(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(&(text.len() as u64).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn list(value: &Value) -> Result<&[Value], String> {
    value.as_array().map(Vec::as_slice).ok_or_else(|| "a list of the model is missing".to_owned())
}

/// A number, or the text of one: XGBoost writes parameters as texts.
fn number<T: std::str::FromStr>(value: &Value) -> Result<T, String> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.parse().map_err(|_| format!("`{text}` in the model is not the number that belongs there"))
}
