//! XGBoost's model files: one document in three encodings, and what its versions write differently.
//!
//! [`read`] takes JSON, UBJSON and the binary format of XGBoost up to 3.0, as Python's `save_model` and SageMaker's containers write them,
//! and gives the layout that the boosting library reads. [`write()`] gives the file that a release of SageMaker's container would leave. The
//! differences that matter:
//!
//! * Up to 3.0, `base_score` is a number in a text (`"5E-1"`); from 3.1 on a list of them (`"[5E-1]"`). The versions before 3.1 take a list
//!   for zero and say nothing, so that their scores are wrong: a single number is what every version reads.
//! * Boosters with dropout are called `dart` and wrap the trees of a `gbtree`.
//! * Version 1.7 writes `NaN` where a categorical split has no threshold, which JSON does not have.

mod legacy;
mod ubjson;

use std::borrow::Cow;

use serde_json::{Value, json};

use self::ubjson::Element;
use super::pipeline_definition::XgboostRelease;

/// Reads a file as the JSON text that the boosting library reads. The error names what is not supported.
pub fn read(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let document = if bytes.starts_with(legacy::MAGIC) {
        legacy::decode(bytes)?
    } else if bytes.first() == Some(&0x80) {
        return Err("the model is a Python pickle, which can run any program; save it with save_model".into());
    } else {
        match bytes.trim_ascii_start().strip_prefix(b"{").map(<[u8]>::trim_ascii_start) {
            Some([b'"' | b'}', ..]) => serde_json::from_slice(&finite(bytes)).map_err(|error| format!("the model is no JSON: {error}"))?,
            Some(_) => ubjson::decode(bytes)?,
            None => return Err("the model is in none of XGBoost's formats (JSON, UBJSON, binary)".into()),
        }
    };
    let document = for_library(document)?;
    serde_json::to_vec(&document).map_err(|error| error.to_string())
}

/// Writes the model as a release of the container does, from the JSON text that the boosting library writes.
pub fn write(json: &[u8], release: XgboostRelease) -> Result<Vec<u8>, String> {
    let document = for_xgboost(json, release)?;
    match release {
        XgboostRelease::V1_7 => legacy::encode(&document),
        XgboostRelease::V3_0 => ubjson::encode(&document, &element),
    }
}

/// Writes the model as JSON that every XGBoost from 1.7 on reads alike.
pub fn write_json(json: &[u8]) -> Result<Vec<u8>, String> {
    serde_json::to_vec(&for_xgboost(json, XgboostRelease::V3_0)?).map_err(|error| error.to_string())
}

/// Why a booster that has no trees is refused.
fn not_trees(booster: &str) -> String {
    format!("the model's booster is `{booster}`; the embedded AWS serves trees (`gbtree`, `dart`)")
}

/// The document in the layout of the newest XGBoost.
fn for_library(mut document: Value) -> Result<Value, String> {
    let learner = document.get_mut("learner").ok_or("the model has no `learner`: it is no XGBoost model")?;
    let booster = &mut learner["gradient_booster"];
    match booster["name"].as_str().unwrap_or("gbtree") {
        "gbtree" => {}
        "dart" => {
            let weights = booster["weight_drop"].take();
            let mut model = booster["gbtree"]["model"].take();
            if weights.is_array() {
                model["weight_drop"] = weights;
            }
            *booster = json!({ "name": "gbtree", "model": model });
        }
        other => return Err(not_trees(other)),
    }
    for tree in booster["model"]["trees"].as_array_mut().into_iter().flatten() {
        let categorical: Vec<bool> = tree["split_type"].as_array().into_iter().flatten().map(|kind| kind.as_u64() == Some(1)).collect();
        for (node, condition) in tree["split_conditions"].as_array_mut().into_iter().flatten().enumerate() {
            if condition.is_null() && categorical.get(node) == Some(&true) {
                *condition = json!(0.0);
            }
        }
    }
    if let Some(base_score) = learner["learner_model_param"].get_mut("base_score")
        && let Some(text) = base_score.as_str()
        && !text.trim_start().starts_with('[')
    {
        *base_score = format!("[{text}]").into();
    }
    Ok(document)
}

/// The document in the layout of a release.
fn for_xgboost(json: &[u8], release: XgboostRelease) -> Result<Value, String> {
    let mut document: Value = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    document["version"] = match release {
        XgboostRelease::V1_7 => json!([1, 7, 4]),
        XgboostRelease::V3_0 => json!([3, 0, 5]),
    };
    let learner = &mut document["learner"];
    if let Some(base_score) = learner["learner_model_param"].get_mut("base_score")
        && let Some(single) = base_score.as_str().and_then(|text| text.strip_prefix('[')?.strip_suffix(']'))
        && !single.contains(',')
    {
        *base_score = single.into();
    }
    let booster = &mut learner["gradient_booster"];
    if let Some(weights) = booster["model"].as_object_mut().and_then(|model| model.remove("weight_drop")) {
        let trees = booster.take();
        *booster = json!({ "name": "dart", "gbtree": trees, "weight_drop": weights });
    }
    Ok(document)
}

/// The lists that XGBoost keeps as numbers of one type, and reads only as such.
fn element(key: &str) -> Option<Element> {
    Some(match key {
        "split_conditions" | "base_weights" | "loss_changes" | "sum_hessian" => Element::Float,
        "left_children" | "right_children" | "parents" | "split_indices" | "categories" | "categories_nodes" => Element::Int,
        "categories_segments" | "categories_sizes" => Element::Long,
        "default_left" | "split_type" => Element::Byte,
        _ => return None,
    })
}

/// JSON without the words that it does not have: `NaN` becomes null, an infinity the text that names it.
fn finite(text: &[u8]) -> Cow<'_, [u8]> {
    let words: [(&[u8], &[u8]); 3] = [(b"NaN", b"null"), (b"-Infinity", b"\"-Infinity\""), (b"Infinity", b"\"Infinity\"")];
    let mut out: Option<Vec<u8>> = None;
    // What lies before `done` has been copied to `out`.
    let (mut done, mut at, mut quoted) = (0, 0, false);
    while let Some(&byte) = text.get(at) {
        match byte {
            b'\\' if quoted => at += 1,
            b'"' => quoted = !quoted,
            b'N' | b'I' | b'-' if !quoted => {
                if let Some((word, instead)) = words.iter().find(|(word, _)| text[at..].starts_with(word)) {
                    let out = out.get_or_insert_with(|| Vec::with_capacity(text.len()));
                    out.extend_from_slice(&text[done..at]);
                    out.extend_from_slice(instead);
                    at += word.len();
                    done = at;
                    continue;
                }
            }
            _ => {}
        }
        at += 1;
    }
    match out {
        Some(mut out) => {
            out.extend_from_slice(&text[done..]);
            Cow::Owned(out)
        }
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    /// A tree with one split on the second of three features, as the library writes it: `x < 2.5` or missing goes left.
    fn document() -> Value {
        json!({
            "version": [3, 4, 2],
            "learner": {
                "attributes": { "best_iteration": "0" }, "feature_names": [], "feature_types": [],
                "gradient_booster": { "name": "gbtree", "model": {
                    "gbtree_model_param": { "num_parallel_tree": "1", "num_trees": "1" },
                    "iteration_indptr": [0, 1], "tree_info": [0],
                    "trees": [{
                        "id": 0,
                        "tree_param": { "num_deleted": "0", "num_feature": "3", "num_nodes": "3", "size_leaf_vector": "0" },
                        "left_children": [1, -1, -1], "right_children": [2, -1, -1], "parents": [2_147_483_647, 0, 0],
                        "split_indices": [1, 0, 0], "split_conditions": [2.5, -0.5, 0.75], "default_left": [1, 0, 0],
                        "base_weights": [0.0, -0.5, 0.75], "loss_changes": [9.0, 0.0, 0.0], "sum_hessian": [30.0, 10.0, 20.0],
                        "split_type": [0, 0, 0], "categories": [], "categories_nodes": [], "categories_segments": [],
                        "categories_sizes": [],
                    }],
                } },
                "learner_model_param": {
                    "base_score": "[0.25]", "boost_from_average": "0", "num_class": "0", "num_feature": "3", "num_target": "1",
                },
                "objective": { "name": "binary:logistic", "reg_loss_param": { "scale_pos_weight": "1" } },
            },
        })
    }

    fn text(document: &Value) -> Vec<u8> {
        serde_json::to_vec(document).unwrap()
    }

    fn back(file: &[u8]) -> Value {
        serde_json::from_slice(&read(file).unwrap()).unwrap()
    }

    #[test]
    fn every_release_reads_one_number_as_the_base_score() {
        let json: Value = serde_json::from_slice(&write_json(&text(&document())).unwrap()).unwrap();
        assert_eq!(json["learner"]["learner_model_param"]["base_score"], "0.25");
        assert_eq!(json["version"], json!([3, 0, 5]));
        // And the library reads the list.
        assert_eq!(back(&text(&json))["learner"]["learner_model_param"]["base_score"], "[0.25]");
    }

    #[test]
    fn the_formats_of_both_containers_hold_the_same_model() {
        for release in [XgboostRelease::V1_7, XgboostRelease::V3_0] {
            let file = write(&text(&document()), release).unwrap();
            let read = back(&file);
            let (expected, read) = (&document()["learner"], &read["learner"]);
            assert_eq!(read["objective"], expected["objective"], "{release:?}");
            assert_eq!(read["attributes"], expected["attributes"], "{release:?}");
            assert_eq!(read["learner_model_param"], expected["learner_model_param"], "{release:?}");
            let tree = |learner: &Value| learner["gradient_booster"]["model"]["trees"][0].clone();
            assert_eq!(tree(read), tree(expected), "{release:?}");
        }
    }

    #[test]
    fn the_binary_format_is_laid_out_as_xgboost_1_7_lays_it_out() {
        let file = write(&text(&document()), XgboostRelease::V1_7).unwrap();
        // Magic, parameters of the learner, `binary:logistic`, `gbtree`, parameters of the trees: the first tree's begin here.
        let start = 4 + 136 + 8 + 15 + 8 + 6 + 160;
        let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
        assert_eq!([word(4), word(8)], [0.25_f32.to_bits(), 3]);
        assert_eq!([word(start), word(start + 4), word(start + 16)], [1, 3, 3]);
        // The root has no parent, its missing values go left; its left child knows that it is one.
        let node = start + 148;
        assert_eq!([word(node), word(node + 12), word(node + 16)], [u32::MAX, 0x8000_0001, 2.5_f32.to_bits()]);
        assert_eq!([word(node + 20), word(node + 40)], [0x8000_0000, 0]);
    }

    #[test]
    fn a_model_with_dropout_is_a_wrapped_one() {
        let mut given = document();
        given["learner"]["gradient_booster"]["model"]["weight_drop"] = json!([0.5]);
        for release in [XgboostRelease::V1_7, XgboostRelease::V3_0] {
            let written = for_xgboost(&text(&given), release).unwrap();
            let booster = &written["learner"]["gradient_booster"];
            assert_eq!((&booster["name"], &booster["weight_drop"]), (&json!("dart"), &json!([0.5])));
            assert_eq!(booster["gbtree"]["model"]["trees"].as_array().unwrap().len(), 1);
            let read = back(&write(&text(&given), release).unwrap());
            assert_eq!(read["learner"]["gradient_booster"]["model"]["weight_drop"], json!([0.5]), "{release:?}");
        }
    }

    #[test]
    fn a_categorical_split_has_no_threshold() {
        let mut given = document();
        given["learner"]["gradient_booster"]["model"]["trees"][0]["split_type"] = json!([1, 0, 0]);
        let json = String::from_utf8(text(&given)).unwrap().replacen("2.5", "NaN", 1);
        let read = back(json.as_bytes());
        assert_eq!(read["learner"]["gradient_booster"]["model"]["trees"][0]["split_conditions"], json!([0.0, -0.5, 0.75]));
        let refused = legacy::encode(&json!({ "learner": { "gradient_booster": { "model": { "trees": [{ "categories": [1] }] } } } }));
        assert!(refused.is_err());
    }

    #[test]
    fn words_that_json_lacks_are_replaced_outside_of_texts() {
        let replaced = |text: &str| String::from_utf8(finite(text.as_bytes()).into_owned()).unwrap();
        assert_eq!(replaced(r#"{"NaN":[NaN,-Infinity,Infinity,-1,"\"NaN"]}"#), r#"{"NaN":[null,"-Infinity","Infinity",-1,"\"NaN"]}"#);
        assert!(matches!(finite(b"[1,-2]"), Cow::Borrowed(_)));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let message = |bytes: &[u8]| read(bytes).unwrap_err();
        assert!(message(b"PK\x03\x04").contains("none of XGBoost's formats"));
        assert!(message(b"\x80\x04").contains("pickle"));
        assert!(message(b"{\"a\":1}").contains("no `learner`"));
        assert!(message(b"{L").contains("ends too early"));
        assert!(message(b"binf\0\0").contains("ends too early"));
        let mut linear = document();
        linear["learner"]["gradient_booster"] = json!({ "name": "gblinear", "model": { "weights": [1.0] } });
        assert_eq!(message(&text(&linear)), "the model's booster is `gblinear`; the embedded AWS serves trees (`gbtree`, `dart`)");
    }

    #[test]
    fn a_binary_file_cut_off_anywhere_is_refused() {
        let file = write(&text(&document()), XgboostRelease::V1_7).unwrap();
        for length in 4..file.len() {
            assert!(read(&file[..length]).is_err(), "{length} bytes");
        }
    }
}
