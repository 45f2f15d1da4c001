//! The SQL function of a model: all rows of a batch are encoded and scored at once.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use datafusion::arrow::array::{Array, ArrayRef, Float64Array, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use parking_lot::Mutex;

use super::entry::{Answer, Entry, State, Trained};
use crate::local::engine::types::ColumnType;
use crate::local::ml::train::Booster;

/// Functions of models that are ready, by training job, so that a model is read once and not for each query.
#[derive(Default)]
pub struct Functions {
    ready: Mutex<HashMap<String, Arc<ScalarUDF>>>,
}

impl Functions {
    /// The function of an entry. `file` is where its trained model is.
    pub(super) fn of(&self, entry: &Entry, file: PathBuf) -> Arc<ScalarUDF> {
        let make = || Arc::new(ScalarUDF::new_from_impl(Prediction::new(entry, file)));
        match entry.state {
            State::Ready(_) => Arc::clone(self.ready.lock().entry(entry.job.clone()).or_insert_with(make)),
            State::Training | State::Failed(_) => make(),
        }
    }

    /// The function of a model that is ready, when it has been made before.
    pub(super) fn known(&self, job: &str) -> Option<Arc<ScalarUDF>> {
        self.ready.lock().get(job).cloned()
    }

    /// Forgets the functions of models other than `jobs`.
    pub(super) fn retain(&self, jobs: &[&str]) {
        self.ready.lock().retain(|job, _| jobs.contains(&job.as_str()));
    }
}

/// The function of a model.
#[derive(Debug)]
struct Prediction {
    name: String,
    aliases: Vec<String>,
    job: String,
    signature: Signature,
    arguments: Vec<DataType>,
    returns: DataType,
    /// What was trained, or why there is nothing.
    trained: std::result::Result<Trained, String>,
    file: PathBuf,
    booster: OnceLock<std::result::Result<Booster, String>>,
}

impl Prediction {
    fn new(entry: &Entry, file: PathBuf) -> Self {
        let not_ready = |state: &str| {
            format!("The model for function {} is not ready. Its state is {state}.\n  Hint: See SHOW MODEL {}.", entry.function, entry.name)
        };
        let trained = match &entry.state {
            State::Ready(trained) => Ok(Trained::clone(trained)),
            State::Training => Err(not_ready("TRAINING")),
            State::Failed(_) => Err(not_ready("FAILED")),
        };
        Prediction {
            name: entry.function.clone(),
            aliases: vec![format!("{}.{}", entry.function_schema, entry.function)],
            job: entry.job.clone(),
            signature: Signature::user_defined(Volatility::Immutable),
            arguments: entry.arguments.iter().map(|(_, kind)| argument(kind)).collect(),
            returns: entry.returns.arrow(),
            trained,
            file,
            booster: OnceLock::new(),
        }
    }

    /// The trained model, read when it is first needed.
    fn booster(&self) -> Result<&Booster> {
        let booster = self.booster.get_or_init(|| {
            let bytes = std::fs::read(&self.file).map_err(|error| format!("{}: {error}", self.file.display()))?;
            Booster::from_xgboost(&bytes).map_err(|error| error.to_string())
        });
        match booster {
            Ok(booster) => Ok(booster),
            Err(reason) => exec_err!("the model of function {} cannot be read: {reason}", self.name),
        }
    }
}

/// The type in which an argument reaches the encoder.
pub(super) fn argument(kind: &ColumnType) -> DataType {
    match kind.arrow() {
        number if number.is_numeric() => DataType::Float64,
        other => other,
    }
}

impl PartialEq for Prediction {
    fn eq(&self, other: &Self) -> bool {
        self.job == other.job
    }
}

impl Eq for Prediction {}

impl Hash for Prediction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.job.hash(state);
    }
}

impl ScalarUDFImpl for Prediction {
    fn name(&self) -> &str {
        &self.name
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        if let Err(reason) = &self.trained {
            return plan_err!("{reason}");
        }
        if given.len() != self.arguments.len() {
            return plan_err!("function {} takes {} arguments, {} given", self.name, self.arguments.len(), given.len());
        }
        Ok(self.arguments.clone())
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.returns.clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let trained = match &self.trained {
            Ok(trained) => trained,
            Err(reason) => return exec_err!("{reason}"),
        };
        let scalar = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let columns = ColumnarValue::values_to_arrays(&args.args)?;
        let features = match trained.encoder.encode(&columns) {
            Ok(features) => features,
            Err(error) => return exec_err!("{error}"),
        };
        let scores = match self.booster()?.predict(&features) {
            Ok(scores) => scores,
            Err(error) => return exec_err!("function {}: {error}", self.name),
        };
        let answers = answers(&trained.answer, &scores, &self.returns)?;
        Ok(if scalar { ColumnarValue::Scalar(ScalarValue::try_from_array(&answers, 0)?) } else { ColumnarValue::Array(answers) })
    }
}

fn answers(answer: &Answer, scores: &[f32], returns: &DataType) -> Result<ArrayRef> {
    let array: ArrayRef = match answer {
        Answer::Value => Arc::new(scores.iter().map(|score| Some(f64::from(*score))).collect::<Float64Array>()),
        Answer::Class { classes, threshold } => {
            let class = |score: &f32| classes[usize::from(*score >= *threshold)].as_str();
            Arc::new(StringArray::from_iter_values(scores.iter().map(class)))
        }
    };
    Ok(if array.data_type() == returns { array } else { cast(&array, returns)? })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use datafusion::arrow::array::{Array, Int32Array};

    use super::*;

    #[test]
    fn a_class_has_the_targets_type() {
        let answer = Answer::Class { classes: ["0".into(), "1".into()], threshold: 0.5 };
        let classes = answers(&answer, &[0.2, 0.5], &DataType::Int32).unwrap();
        assert_eq!(classes.as_ref(), &Int32Array::from(vec![0, 1]) as &dyn Array);
    }
}
