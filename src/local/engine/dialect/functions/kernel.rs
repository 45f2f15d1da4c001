//! A scalar function made of plain functions: how its arguments are coerced, what it returns, and its rows.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, StringArray};
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::cast::as_string_array;
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

/// Decides argument types from the given ones; an error says that they do not fit.
pub(super) type Coerce = fn(&[DataType]) -> Result<Vec<DataType>>;
/// The result type of coerced argument types.
pub(super) type Returns = fn(&[DataType]) -> Result<DataType>;
/// Computes all rows. Every argument has the same length.
pub(super) type Rows = fn(&[ArrayRef]) -> Result<ArrayRef>;

/// A timestamp without zone as the engine holds it.
pub(super) const TIMESTAMP: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

/// How arguments are coerced.
#[derive(Debug)]
enum Arguments {
    /// To these types, whatever is given.
    Fixed(Vec<DataType>),
    /// By a function.
    Depends(Coerce),
}

/// A scalar function.
#[derive(Debug)]
pub(super) struct Kernel {
    name: &'static str,
    signature: Signature,
    arguments: Arguments,
    returns: Returns,
    rows: Rows,
}

impl Kernel {
    /// A function whose argument types depend on what is given.
    pub fn coerced(name: &'static str, coerce: Coerce, returns: Returns, rows: Rows) -> Arc<ScalarUDF> {
        Self::build(name, Arguments::Depends(coerce), returns, rows)
    }

    /// A function of fixed argument types.
    pub fn exact(name: &'static str, arguments: &[DataType], returns: Returns, rows: Rows) -> Arc<ScalarUDF> {
        Self::build(name, Arguments::Fixed(arguments.to_vec()), returns, rows)
    }

    fn build(name: &'static str, arguments: Arguments, returns: Returns, rows: Rows) -> Arc<ScalarUDF> {
        let signature = Signature::user_defined(Volatility::Immutable);
        Arc::new(ScalarUDF::new_from_impl(Kernel { name, signature, arguments, returns, rows }))
    }
}

// One name is one function: within a dialect no two kernels share a name.
impl PartialEq for Kernel {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Kernel {}

impl Hash for Kernel {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for Kernel {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        match &self.arguments {
            Arguments::Fixed(types) if types.len() == given.len() => Ok(types.clone()),
            Arguments::Fixed(types) => plan_err!("function {} takes {} arguments, {} given", self.name, types.len(), given.len()),
            Arguments::Depends(coerce) => coerce(given),
        }
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        (self.returns)(arguments)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let scalar = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let rows = (self.rows)(&arrays)?;
        Ok(if scalar { ColumnarValue::Scalar(ScalarValue::try_from_array(&rows, 0)?) } else { ColumnarValue::Array(rows) })
    }
}

/// Result type: text.
pub(super) fn returns_text(_: &[DataType]) -> Result<DataType> {
    Ok(DataType::Utf8)
}

/// Result type: bigint.
pub(super) fn returns_int8(_: &[DataType]) -> Result<DataType> {
    Ok(DataType::Int64)
}

/// Result type: timestamp.
pub(super) fn returns_timestamp(_: &[DataType]) -> Result<DataType> {
    Ok(TIMESTAMP)
}

/// The text in row `row`, `None` for NULL.
pub(super) fn at(texts: &StringArray, row: usize) -> Option<&str> {
    texts.is_valid(row).then(|| texts.value(row))
}

/// A text function of text arguments: NULL when one of them is.
pub(super) fn text_rows(args: &[ArrayRef], f: impl Fn(&[&str]) -> Result<Option<String>>) -> Result<ArrayRef> {
    let texts = args.iter().map(|arg| as_string_array(arg)).collect::<Result<Vec<_>>>()?;
    let rows = texts.first().map_or(0, |first| first.len());
    let mut out = Vec::with_capacity(rows);
    for row in 0..rows {
        let values: Option<Vec<&str>> = texts.iter().map(|texts| at(texts, row)).collect();
        out.push(values.map_or(Ok(None), |values| f(&values))?);
    }
    Ok(Arc::new(StringArray::from(out)))
}
