//! A scalar function made of plain functions: how its arguments are coerced, what it returns, and its rows.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringArray, new_null_array};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};
use datafusion::common::cast::as_string_array;
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::cells::{self, Cell, Value};
use crate::local::engine::dialect::semistructured;

/// Decides argument types from the given ones; an error says that they do not fit.
pub(super) type Coerce = Box<dyn Fn(&[DataType]) -> Result<Vec<DataType>> + Send + Sync>;
/// The result type of coerced argument types.
pub(super) type Returns = Box<dyn Fn(&[DataType]) -> Result<DataType> + Send + Sync>;
/// Computes all rows of a result of the given type. Every argument has the same length; the fields say what the arguments are.
pub(super) type Rows = Box<dyn Fn(&[ArrayRef], &[FieldRef], &DataType) -> Result<ArrayRef> + Send + Sync>;

/// A timestamp without zone as the engine holds it.
pub(super) const TIMESTAMP: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

/// How arguments are coerced.
enum Arguments {
    /// To these types, whatever is given; those behind the first so many may be left out.
    Fixed(Vec<DataType>, usize),
    /// By a function.
    Depends(Coerce),
}

/// The function that takes a SUPER before a cast for the scalar in it, and leaves everything else as it is.
pub(super) const SCALAR_OF_SUPER: &str = "super_scalar";

/// A scalar function.
pub(super) struct Kernel {
    name: &'static str,
    signature: Signature,
    arguments: Arguments,
    returns: Returns,
    rows: Rows,
    /// Whether the result is a SUPER.
    semistructured: bool,
    /// The name of the result's type, where that is an array of PostgreSQL's.
    array: Option<&'static str>,
}

impl fmt::Debug for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kernel").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Kernel {
    /// A function whose argument types depend on what is given.
    pub fn coerced(
        name: &'static str,
        coerce: impl Fn(&[DataType]) -> Result<Vec<DataType>> + Send + Sync + 'static,
        returns: impl Fn(&[DataType]) -> Result<DataType> + Send + Sync + 'static,
        rows: impl Fn(&[ArrayRef]) -> Result<ArrayRef> + Send + Sync + 'static,
    ) -> Arc<ScalarUDF> {
        Self::new(name, Arguments::Depends(Box::new(coerce)), returns, move |args, _, _| rows(args)).udf()
    }

    /// A function of fixed argument types.
    pub fn exact(
        name: &'static str,
        arguments: &[DataType],
        returns: impl Fn(&[DataType]) -> Result<DataType> + Send + Sync + 'static,
        rows: impl Fn(&[ArrayRef]) -> Result<ArrayRef> + Send + Sync + 'static,
    ) -> Arc<ScalarUDF> {
        Self::new(name, Arguments::Fixed(arguments.to_vec(), arguments.len()), returns, move |args, _, _| rows(args)).udf()
    }

    /// A function that is computed row by row from arguments of fixed types, NULL when one of them is. Those behind the first `least`
    /// may be left out.
    pub fn cells(
        name: &'static str,
        arguments: &[DataType],
        least: usize,
        returns: DataType,
        row: impl Fn(&[Cell<'_>]) -> Result<Value> + Send + Sync + 'static,
    ) -> Arc<ScalarUDF> {
        Self::by_row(name, arguments, least, returns, row).udf()
    }

    /// The same, with a SUPER as its result: JSON in text.
    pub fn super_cells(
        name: &'static str,
        arguments: &[DataType],
        least: usize,
        row: impl Fn(&[Cell<'_>]) -> Result<Value> + Send + Sync + 'static,
    ) -> Arc<ScalarUDF> {
        let mut kernel = Self::by_row(name, arguments, least, DataType::Utf8, row);
        kernel.semistructured = true;
        kernel.udf()
    }

    /// The same, with an array of PostgreSQL's as its result, of the type of that name.
    pub fn array_cells(
        name: &'static str,
        arguments: &[DataType],
        array: &'static str,
        row: impl Fn(&[Cell<'_>]) -> Result<Value> + Send + Sync + 'static,
    ) -> Arc<ScalarUDF> {
        let mut kernel = Self::by_row(name, arguments, arguments.len(), DataType::Utf8, row);
        kernel.array = Some(array);
        kernel.udf()
    }

    /// A function that takes arguments as they are, and is told what they are and what type is wanted.
    pub fn general(
        name: &'static str,
        returns: impl Fn(&[DataType]) -> Result<DataType> + Send + Sync + 'static,
        rows: impl Fn(&[ArrayRef], &[FieldRef], &DataType) -> Result<ArrayRef> + Send + Sync + 'static,
    ) -> Arc<ScalarUDF> {
        Self::new(name, Arguments::Depends(Box::new(|given| Ok(given.iter().map(plain).collect()))), returns, rows).udf()
    }

    /// A function of exactly so many arguments, of which the first is an array: NULL when that is written as NULL.
    pub fn of_array(
        name: &'static str,
        count: usize,
        returns: impl Fn(&[DataType]) -> Result<DataType> + Send + Sync + 'static,
        rows: impl Fn(&[ArrayRef], &DataType) -> Result<ArrayRef> + Send + Sync + 'static,
    ) -> Arc<ScalarUDF> {
        let checked = move |types: &[DataType]| match types {
            [DataType::Null | DataType::List(_), ..] if types.len() == count => returns(types),
            [other, ..] if types.len() == count => plan_err!("function {name} takes an array, not {other}"),
            _ => plan_err!("function {name} takes {count} arguments, {} given", types.len()),
        };
        Self::general(name, checked, move |args, _, returned| match args.first() {
            Some(array) if array.data_type().is_null() => Ok(new_null_array(returned, array.len())),
            _ => rows(args, returned),
        })
    }

    /// The same, with a SUPER as its result: JSON in text.
    pub fn general_super(
        name: &'static str,
        rows: impl Fn(&[ArrayRef], &[FieldRef], &DataType) -> Result<ArrayRef> + Send + Sync + 'static,
    ) -> Arc<ScalarUDF> {
        let coerce: Coerce = Box::new(|given| Ok(given.iter().map(plain).collect()));
        let mut kernel = Self::new(name, Arguments::Depends(coerce), returns_text, rows);
        kernel.semistructured = true;
        kernel.udf()
    }

    fn by_row(
        name: &'static str,
        arguments: &[DataType],
        least: usize,
        returns: DataType,
        row: impl Fn(&[Cell<'_>]) -> Result<Value> + Send + Sync + 'static,
    ) -> Kernel {
        let rows = move |args: &[ArrayRef], _: &[FieldRef], returned: &DataType| cells::compute(args, returned, &row);
        Self::new(name, Arguments::Fixed(arguments.to_vec(), least), move |_| Ok(returns.clone()), rows)
    }

    fn new(
        name: &'static str,
        arguments: Arguments,
        returns: impl Fn(&[DataType]) -> Result<DataType> + Send + Sync + 'static,
        rows: impl Fn(&[ArrayRef], &[FieldRef], &DataType) -> Result<ArrayRef> + Send + Sync + 'static,
    ) -> Kernel {
        let signature = Signature::user_defined(Volatility::Immutable);
        Kernel { name, signature, arguments, returns: Box::new(returns), rows: Box::new(rows), semistructured: false, array: None }
    }

    fn udf(self) -> Arc<ScalarUDF> {
        Arc::new(ScalarUDF::new_from_impl(self))
    }
}

/// The one type of texts and of bytes that kernels work on.
fn plain(given: &DataType) -> DataType {
    match given {
        DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
        DataType::BinaryView | DataType::LargeBinary => DataType::Binary,
        other => other.clone(),
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
            Arguments::Fixed(types, least) if (*least..=types.len()).contains(&given.len()) => Ok(types[..given.len()].to_vec()),
            Arguments::Fixed(types, least) if *least == types.len() => {
                plan_err!("function {} takes {least} arguments, {} given", self.name, given.len())
            }
            Arguments::Fixed(types, least) => {
                plan_err!("function {} takes {least} to {} arguments, {} given", self.name, types.len(), given.len())
            }
            Arguments::Depends(coerce) => coerce(given),
        }
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        (self.returns)(arguments)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let types: Vec<DataType> = args.arg_fields.iter().map(|field| field.data_type().clone()).collect();
        let field = Field::new(self.name, self.return_type(&types)?, true);
        Ok(Arc::new(match self.array {
            Some(kind) => semistructured::mark_array(field, kind),
            None if self.semistructured => semistructured::mark(field),
            None => field,
        }))
    }

    /// What only matters for a SUPER is nothing for anything else.
    fn simplify(&self, args: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        match args.as_slice() {
            [value] if self.name == SCALAR_OF_SUPER && !semistructured::marked(&value.to_field(info.schema())?.1) => {
                Ok(ExprSimplifyResult::Simplified(value.clone()))
            }
            _ => Ok(ExprSimplifyResult::Original(args)),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let scalar = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let arrays = if scalar {
            args.args.iter().map(|arg| arg.to_array(1)).collect::<Result<Vec<_>>>()?
        } else {
            ColumnarValue::values_to_arrays(&args.args)?
        };
        let rows = (self.rows)(&arrays, &args.arg_fields, args.return_field.data_type())?;
        if !scalar {
            return Ok(ColumnarValue::Array(rows));
        }
        // A list that is made anew would lose the name and the mark of its items.
        Ok(ColumnarValue::Scalar(match rows.data_type() {
            DataType::List(_) => ScalarValue::List(Arc::new(rows.as_list::<i32>().clone())),
            _ => ScalarValue::try_from_array(&rows, 0)?,
        }))
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
