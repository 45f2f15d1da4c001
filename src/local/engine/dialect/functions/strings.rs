//! Text functions.

use std::sync::Arc;

use datafusion::arrow::array::{Array, Int64Array};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::cast::{as_int64_array, as_string_array};
use datafusion::common::exec_err;
use datafusion::logical_expr::ScalarUDF;
use datafusion::sql::sqlparser::ast::{BinaryOperator, DataType as SqlType};

use super::Rewritten;
use super::kernel::{Kernel, at, returns_int8};
use crate::local::engine::dialect::call::{self, Call};
use crate::local::engine::{Dialect, SqlError};

pub(super) fn rewrite(mut call: Call) -> Result<Rewritten, SqlError> {
    let redshift = call.dialect == Dialect::Redshift;
    let expr = match call.name.as_str() {
        "len" | "textlen" | "char_length" if redshift => call.renamed("character_length"),
        "charindex" if redshift => {
            let [needle, hay] = call.exactly()?;
            call::function("strpos", vec![hay, needle])
        }
        "replicate" if redshift => call.renamed("repeat"),
        "dlog1" if redshift => call.renamed("ln"),
        // concat() of DataFusion skips NULL; the services' gives NULL.
        "concat" if call.args.len() >= 2 => {
            let args = std::mem::take(&mut call.args).into_iter();
            let args = args.map(|arg| if redshift { call::cast(arg, SqlType::Varchar(None)) } else { arg });
            let joined = args.reduce(|left, right| call::binary(left, BinaryOperator::StringConcat, right));
            match joined {
                Some(joined) => joined,
                None => return Ok(Rewritten::Other(call)),
            }
        }
        "levenshtein_distance" if !redshift => call.renamed("levenshtein"),
        "codepoint" if !redshift => call.renamed("ascii"),
        _ => return Ok(Rewritten::Other(call)),
    };
    Ok(Rewritten::Done(expr))
}

pub(super) fn scalar() -> Vec<Arc<ScalarUDF>> {
    vec![Kernel::exact("strtol", &[DataType::Utf8, DataType::Int64], returns_int8, |args| {
        let (texts, bases) = (as_string_array(&args[0])?, as_int64_array(&args[1])?);
        let mut out = Vec::with_capacity(texts.len());
        for row in 0..texts.len() {
            let Some(text) = at(texts, row).filter(|_| bases.is_valid(row)) else {
                out.push(None);
                continue;
            };
            let Some(base) = u32::try_from(bases.value(row)).ok().filter(|base| (2..=36).contains(base)) else {
                return exec_err!("the base of strtol must be between 2 and 36");
            };
            let digits = text.trim();
            let digits = if base == 16 { digits.trim_start_matches("0x") } else { digits };
            match i64::from_str_radix(digits, base) {
                Ok(number) => out.push(Some(number)),
                Err(_) => return exec_err!("the input {text} is not valid to be converted to base {base}"),
            }
        }
        Ok(Arc::new(Int64Array::from(out)))
    })]
}
