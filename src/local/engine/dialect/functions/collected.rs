//! Aggregates that need all their rows: maps, histograms, percentiles that are one of the values, the first so many.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};

use crate::local::engine::Dialect;

/// What the rows of a group give; a row is the values of the arguments.
type Finish = fn(&[Vec<ScalarValue>], &DataType) -> Result<ScalarValue>;
/// The result type of argument types.
type Returns = fn(&[DataType]) -> Result<DataType>;

pub(super) fn aggregate(dialect: Dialect) -> Vec<Arc<AggregateUDF>> {
    let functions: Vec<Collected> = match dialect {
        Dialect::Redshift => vec![
            Collected::new("percentile_disc_of", 2, |types| Ok(types[0].clone()), percentile_disc),
            Collected::new("percentile_cont_of", 2, |_| Ok(DataType::Float64), |rows, _| percentile_cont(rows)),
        ],
        Dialect::Athena => vec![
            Collected::new("map_agg", 2, |types| map_type(&types[0], &types[1]), map_agg),
            Collected::new("multimap_agg", 2, |types| map_type(&types[0], &DataType::new_list(types[1].clone(), true)), multimap_agg),
            Collected::new("histogram", 1, |types| map_type(&types[0], &DataType::Int64), histogram),
            Collected::new("set_agg", 1, |types| Ok(DataType::new_list(types[0].clone(), true)), set_agg),
            Collected::new("max_by_of", 2, |types| Ok(types[0].clone()), |rows, kind| by(rows, kind, true)),
            Collected::new("min_by_of", 2, |types| Ok(types[0].clone()), |rows, kind| by(rows, kind, false)),
            Collected::new("max_by_n", 3, |types| Ok(DataType::new_list(types[0].clone(), true)), |rows, kind| by_n(rows, kind, true)),
            Collected::new("min_by_n", 3, |types| Ok(DataType::new_list(types[0].clone(), true)), |rows, kind| by_n(rows, kind, false)),
            Collected::new("max_n", 2, |types| Ok(DataType::new_list(types[0].clone(), true)), |rows, kind| most(rows, kind, true)),
            Collected::new("min_n", 2, |types| Ok(DataType::new_list(types[0].clone(), true)), |rows, kind| most(rows, kind, false)),
            Collected::new("skewness", 1, |_| Ok(DataType::Float64), |rows, _| Ok(moments(rows, 3))),
            Collected::new("kurtosis", 1, |_| Ok(DataType::Float64), |rows, _| Ok(moments(rows, 4))),
            Collected::new("entropy", 1, |_| Ok(DataType::Float64), |rows, _| Ok(entropy(rows))),
            Collected::new("checksum", 1, |_| Ok(DataType::Binary), |rows, _| Ok(checksum(rows))),
            Collected::new("approx_percentiles", 2, |types| Ok(DataType::new_list(types[0].clone(), true)), percentiles),
        ],
    };
    functions.into_iter().map(|function| Arc::new(AggregateUDF::new_from_impl(function))).collect()
}

/// The type of a map.
pub(super) fn map_type(key: &DataType, value: &DataType) -> Result<DataType> {
    let fields = Fields::from(vec![Field::new("key", key.clone(), false), Field::new("value", value.clone(), true)]);
    Ok(DataType::Map(Arc::new(Field::new("entries", DataType::Struct(fields), false)), false))
}

#[derive(Debug)]
struct Collected {
    name: &'static str,
    arguments: usize,
    signature: Signature,
    returns: Returns,
    finish: Finish,
}

impl Collected {
    fn new(name: &'static str, arguments: usize, returns: Returns, finish: Finish) -> Self {
        Collected { name, arguments, signature: Signature::user_defined(Volatility::Immutable), returns, finish }
    }
}

impl PartialEq for Collected {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Collected {}

impl Hash for Collected {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl AggregateUDFImpl for Collected {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        if given.len() == self.arguments {
            Ok(given.to_vec())
        } else {
            plan_err!("{} takes {} arguments, {} given", self.name, self.arguments, given.len())
        }
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        (self.returns)(given)
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let types = args.expr_fields.iter().map(|field| field.data_type().clone()).collect();
        let returns = args.return_field.data_type().clone();
        Ok(Box::new(Rows { rows: Vec::new(), types, returns, finish: self.finish, distinct: args.is_distinct }))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let columns = args.input_fields.iter().enumerate().map(|(index, field)| {
            let name = format_state_name(args.name, &format!("column{index}"));
            Arc::new(Field::new(name, DataType::new_list(field.data_type().clone(), true), true)) as FieldRef
        });
        Ok(columns.collect())
    }
}

/// The rows of a group.
#[derive(Debug)]
struct Rows {
    rows: Vec<Vec<ScalarValue>>,
    types: Vec<DataType>,
    returns: DataType,
    finish: Finish,
    distinct: bool,
}

impl Accumulator for Rows {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for row in 0..values.first().map_or(0, |first| first.len()) {
            let row = values.iter().map(|values| ScalarValue::try_from_array(values, row)).collect::<Result<Vec<_>>>()?;
            if !self.distinct || !self.rows.contains(&row) {
                self.rows.push(row);
            }
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        (self.finish)(&self.rows, &self.returns)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.rows.iter().flatten().map(ScalarValue::size).sum::<usize>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let columns = self.types.iter().enumerate().map(|(index, kind)| {
            let values: Vec<ScalarValue> = self.rows.iter().filter_map(|row| row.get(index).cloned()).collect();
            ScalarValue::List(ScalarValue::new_list_nullable(&values, kind))
        });
        Ok(columns.collect())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for row in 0..states.first().map_or(0, |first| first.len()) {
            let columns: Vec<ArrayRef> = states.iter().map(|state| state.as_list::<i32>().value(row)).collect();
            self.update_batch(&columns)?;
        }
        Ok(())
    }
}

fn list(values: &[ScalarValue], kind: &DataType) -> Result<ScalarValue> {
    match kind {
        DataType::List(item) => Ok(ScalarValue::List(ScalarValue::new_list_nullable(values, item.data_type()))),
        other => exec_err!("{other} is no array"),
    }
}

/// A map of keys in the order in which they came.
fn map(keys: &[ScalarValue], values: &[ScalarValue], kind: &DataType) -> Result<ScalarValue> {
    let DataType::Map(entry, sorted) = kind else { return exec_err!("{kind} is no map") };
    let DataType::Struct(fields) = entry.data_type() else { return exec_err!("a map has no entries") };
    if keys.is_empty() {
        return ScalarValue::try_from(kind);
    }
    let columns = vec![ScalarValue::iter_to_array(keys.iter().cloned())?, ScalarValue::iter_to_array(values.iter().cloned())?];
    let columns = columns
        .into_iter()
        .zip(fields)
        .map(|(column, field)| super::super::arithmetic::strict_cast(&column, field.data_type()))
        .collect::<Result<Vec<_>>>()?;
    let entries = datafusion::arrow::array::StructArray::try_new(fields.clone(), columns, None)?;
    let offsets = datafusion::arrow::buffer::OffsetBuffer::from_lengths([keys.len()]);
    let map = datafusion::arrow::array::MapArray::try_new(Arc::clone(entry), offsets, entries, None, *sorted)?;
    Ok(ScalarValue::Map(Arc::new(map)))
}

fn map_agg(rows: &[Vec<ScalarValue>], kind: &DataType) -> Result<ScalarValue> {
    let (mut keys, mut values) = (Vec::new(), Vec::new());
    for row in rows {
        if !row[0].is_null() && !keys.contains(&row[0]) {
            keys.push(row[0].clone());
            values.push(row[1].clone());
        }
    }
    map(&keys, &values, kind)
}

/// Positions of the rows by the first value, in the order in which the values came.
fn grouped(rows: &[Vec<ScalarValue>]) -> (Vec<ScalarValue>, Vec<Vec<usize>>) {
    let (mut known, mut keys, mut members): (HashMap<ScalarValue, usize>, Vec<ScalarValue>, Vec<Vec<usize>>) = Default::default();
    for (index, row) in rows.iter().enumerate().filter(|(_, row)| !row[0].is_null()) {
        let group = *known.entry(row[0].clone()).or_insert_with(|| {
            keys.push(row[0].clone());
            members.push(Vec::new());
            keys.len() - 1
        });
        members[group].push(index);
    }
    (keys, members)
}

fn multimap_agg(rows: &[Vec<ScalarValue>], kind: &DataType) -> Result<ScalarValue> {
    let (keys, members) = grouped(rows);
    let values = members.iter().map(|members| {
        let values: Vec<ScalarValue> = members.iter().map(|index| rows[*index][1].clone()).collect();
        let kind = values.first().map_or(DataType::Null, ScalarValue::data_type);
        ScalarValue::List(ScalarValue::new_list_nullable(&values, &kind))
    });
    map(&keys, &values.collect::<Vec<_>>(), kind)
}

fn histogram(rows: &[Vec<ScalarValue>], kind: &DataType) -> Result<ScalarValue> {
    let (keys, members) = grouped(rows);
    let counts: Vec<ScalarValue> = members.iter().map(|members| ScalarValue::Int64(i64::try_from(members.len()).ok())).collect();
    map(&keys, &counts, kind)
}

fn set_agg(rows: &[Vec<ScalarValue>], kind: &DataType) -> Result<ScalarValue> {
    let mut distinct: Vec<ScalarValue> = Vec::new();
    for row in rows {
        if !distinct.contains(&row[0]) {
            distinct.push(row[0].clone());
        }
    }
    list(&distinct, kind)
}

/// The rows whose value at `key` is known, in its order.
fn sorted(rows: &[Vec<ScalarValue>], key: usize, descending: bool) -> Vec<&Vec<ScalarValue>> {
    let mut known: Vec<&Vec<ScalarValue>> = rows.iter().filter(|row| !row[key].is_null()).collect();
    known.sort_by(|left, right| {
        let order = left[key].partial_cmp(&right[key]).unwrap_or(std::cmp::Ordering::Equal);
        if descending { order.reverse() } else { order }
    });
    known
}

fn by(rows: &[Vec<ScalarValue>], kind: &DataType, descending: bool) -> Result<ScalarValue> {
    match sorted(rows, 1, descending).first() {
        Some(row) => Ok(row[0].clone()),
        None => ScalarValue::try_from(kind),
    }
}

fn wanted(rows: &[Vec<ScalarValue>], at: usize) -> Result<usize> {
    match rows.first().map(|row| row[at].cast_to(&DataType::Int64)) {
        Some(Ok(ScalarValue::Int64(Some(count)))) if count > 0 => Ok(usize::try_from(count).unwrap_or(0)),
        None => Ok(0),
        _ => exec_err!("INVALID_FUNCTION_ARGUMENT: third argument of max_by/min_by must be a positive integer"),
    }
}

fn by_n(rows: &[Vec<ScalarValue>], kind: &DataType, descending: bool) -> Result<ScalarValue> {
    let count = wanted(rows, 2)?;
    let values: Vec<ScalarValue> = sorted(rows, 1, descending).into_iter().take(count).map(|row| row[0].clone()).collect();
    if rows.is_empty() { ScalarValue::try_from(kind) } else { list(&values, kind) }
}

fn most(rows: &[Vec<ScalarValue>], kind: &DataType, descending: bool) -> Result<ScalarValue> {
    let count = wanted(rows, 1)?;
    let values: Vec<ScalarValue> = sorted(rows, 0, descending).into_iter().take(count).map(|row| row[0].clone()).collect();
    if rows.is_empty() { ScalarValue::try_from(kind) } else { list(&values, kind) }
}

fn float(value: &ScalarValue) -> Option<f64> {
    match value.cast_to(&DataType::Float64) {
        Ok(ScalarValue::Float64(value)) => value,
        _ => None,
    }
}

fn numbers(rows: &[Vec<ScalarValue>]) -> Vec<f64> {
    rows.iter().filter_map(|row| float(&row[0])).collect()
}

/// The value at which the cumulative distribution first reaches the fraction.
fn percentile_disc(rows: &[Vec<ScalarValue>], kind: &DataType) -> Result<ScalarValue> {
    let fraction = rows.first().and_then(|row| float(&row[1])).unwrap_or(0.0);
    if !(0.0..=1.0).contains(&fraction) {
        return exec_err!("percentile value must be between 0 and 1");
    }
    let known = sorted(rows, 0, false);
    let position = (fraction * known.len() as f64).ceil().max(1.0) as usize - 1;
    known.get(position).map_or_else(|| ScalarValue::try_from(kind), |row| Ok(row[0].clone()))
}

/// The value at the fraction of the way from the smallest to the largest, between the two next to it.
fn percentile_cont(rows: &[Vec<ScalarValue>]) -> Result<ScalarValue> {
    let fraction = rows.first().and_then(|row| float(&row[1])).unwrap_or(0.0);
    if !(0.0..=1.0).contains(&fraction) {
        return exec_err!("percentile value must be between 0 and 1");
    }
    let mut values = numbers(rows);
    values.sort_by(f64::total_cmp);
    let Some(last) = values.len().checked_sub(1) else { return Ok(ScalarValue::Float64(None)) };
    let position = fraction * last as f64;
    let (low, high) = (position.floor(), position.ceil());
    let (below, above) = (values[low as usize], values[high as usize]);
    let value = if low == high { below } else { (high - position) * below + (position - low) * above };
    Ok(ScalarValue::Float64(Some(value)))
}

fn percentiles(rows: &[Vec<ScalarValue>], kind: &DataType) -> Result<ScalarValue> {
    let Some(ScalarValue::List(fractions)) = rows.first().map(|row| &row[1]) else { return ScalarValue::try_from(kind) };
    let fractions = datafusion::arrow::compute::cast(&fractions.value(0), &DataType::Float64)?;
    let known = sorted(rows, 0, false);
    let mut values = Vec::new();
    for fraction in fractions.as_primitive::<datafusion::arrow::datatypes::Float64Type>().iter().flatten() {
        let position = (fraction * (known.len().saturating_sub(1)) as f64).round() as usize;
        values.extend(known.get(position).map(|row| row[0].clone()));
    }
    list(&values, kind)
}

/// Skewness, or excess kurtosis, of a sample, as Trino defines them.
fn moments(rows: &[Vec<ScalarValue>], order: i32) -> ScalarValue {
    let values = numbers(rows);
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let about = |power: i32| values.iter().map(|value| (value - mean).powi(power)).sum::<f64>();
    let second = about(2);
    ScalarValue::Float64(match order {
        3 if count >= 3.0 => Some(count.sqrt() * about(3) / second.powf(1.5)),
        4 if count >= 4.0 => {
            let scale = (count - 1.0) / ((count - 2.0) * (count - 3.0));
            Some(scale * ((count + 1.0) * count * about(4) / (second * second) - 3.0 * (count - 1.0)))
        }
        _ => None,
    })
}

/// log2 entropy of counts.
fn entropy(rows: &[Vec<ScalarValue>]) -> ScalarValue {
    let counts = numbers(rows);
    let total: f64 = counts.iter().sum();
    let parts = counts.iter().filter(|count| **count > 0.0).map(|count| count / total * (total / count).log2());
    ScalarValue::Float64(Some(parts.sum()))
}

/// Eight bytes that do not depend on the order of the rows.
fn checksum(rows: &[Vec<ScalarValue>]) -> ScalarValue {
    if rows.is_empty() {
        return ScalarValue::Binary(None);
    }
    let hash = |row: &Vec<ScalarValue>| {
        row[0].to_string().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    };
    let sum = rows.iter().fold(0_u64, |sum, row| sum.wrapping_add(hash(row)));
    ScalarValue::Binary(Some(sum.to_le_bytes().to_vec()))
}
