//! Functions that are asked about an object by its number, or by its name: what it is called, whether it is found, how it is made.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::{ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use super::cells::{self, Cell, Value};
use super::session::SessionFacts;
use super::text_arrays;
use crate::local::engine::dialect::semistructured;
use crate::local::engine::system::{Objects, type_name, type_number};

/// What an argument is taken as.
#[derive(Debug, Clone, Copy)]
enum Argument {
    Number,
    Text,
    /// A number, or the name that stands for one.
    Either,
}

type Answer = fn(&Objects, &[Cell<'_>]) -> Result<Value>;

/// A function with its answer; NULL for an argument that is NULL.
struct Asked {
    name: &'static str,
    arguments: &'static [Argument],
    /// `None`: a number for a name, a name for a number.
    returns: Option<DataType>,
    array: Option<&'static str>,
    answer: Answer,
    signature: Signature,
}

use Argument::{Either, Number, Text};

/// Name, arguments, result and answer.
type Line = (&'static str, &'static [Argument], Option<DataType>, Answer);

pub(super) fn scalar() -> Vec<Arc<ScalarUDF>> {
    let (text, truth, number) = (|| Some(DataType::Utf8), || Some(DataType::Boolean), || Some(DataType::Int64));
    let lines: Vec<Line> = vec![
        ("pg_relation_is_visible", &[Number], truth(), |objects, args| truth_or_null(objects.is_visible(args[0].int()))),
        ("pg_routine_is_visible", &[Number], truth(), |objects, args| truth_or_null(objects.is_visible_function(args[0].int()))),
        ("pg_user_name", &[Number], text(), |objects, args| Ok(Value::text(objects.user(args[0].int())))),
        ("pg_comment", &[Number, Number, Text], text(), |objects, args| {
            let class = args[2].text();
            // An empty name stands for any kind of object.
            let known = if class.is_empty() { None } else { Some(objects.relation_number(class).unwrap_or_default()) };
            Ok(Value::maybe(objects.comment(args[0].int(), known, args[1].int())))
        }),
        ("pg_key_text", &[Number], text(), |objects, args| Ok(Value::maybe(objects.constraint_definition(args[0].int())))),
        ("pg_index_text", &[Number, Number], text(), |objects, args| {
            Ok(Value::maybe(objects.index_definition(args[0].int(), args[1].int())))
        }),
        ("pg_view_text", &[Either], text(), |objects, args| {
            Ok(Value::maybe(relation(objects, args[0])?.and_then(|number| objects.view_definition(number))))
        }),
        ("pg_function_arguments", &[Number], text(), |objects, args| Ok(Value::maybe(objects.function_arguments(args[0].int())))),
        ("pg_function_result", &[Number], text(), |objects, args| Ok(Value::maybe(objects.function_result(args[0].int())))),
        ("pg_bytes_of_table", &[Either], number(), |objects, args| {
            Ok(whole(relation(objects, args[0])?.and_then(|number| objects.size(number))))
        }),
        ("pg_bytes_of_database", &[Either], number(), |objects, args| Ok(whole(objects.database_size(database(objects, args[0])?)))),
        ("pg_may_use_table", &[Either], truth(), |objects, args| Ok(allowed(relation(objects, args[0])?.is_some()))),
        ("pg_may_use_column", &[Either, Text], truth(), |objects, args| {
            let Some(number) = relation(objects, args[0])? else { return Ok(Value::Null) };
            if objects.has_column(number, args[1].text()) {
                return Ok(Value::Bool(true));
            }
            let name = objects.relation_name(number).unwrap_or_default();
            exec_err!("column \"{}\" of relation \"{name}\" does not exist", args[1].text())
        }),
        ("pg_may_use_schema", &[Either], truth(), |objects, args| match args[0] {
            Cell::Text(name) if objects.schema_number(name).is_none() => exec_err!("schema \"{name}\" does not exist"),
            Cell::Text(_) => Ok(Value::Bool(true)),
            other => Ok(allowed(objects.has_schema(other.int()))),
        }),
        ("pg_may_use_database", &[Either], truth(), |objects, args| {
            database(objects, args[0]).map(|name| allowed(objects.database_size(name).is_some()))
        }),
        ("pg_regclass", &[Either], None, |objects, args| match args[0] {
            Cell::Text(_) => Ok(relation(objects, args[0])?.map_or(Value::Null, Value::Int)),
            other => Ok(Value::text(objects.relation_name(other.int()).unwrap_or_else(|| number_text(other.int())))),
        }),
        ("pg_regtype", &[Either], None, |_, args| match args[0] {
            Cell::Text(name) => match name.trim().parse::<i64>().ok().or_else(|| type_number(name).map(i64::from)) {
                Some(number) => Ok(Value::Int(number)),
                None => exec_err!("type \"{name}\" does not exist"),
            },
            other => Ok(Value::text(type_name(other.int(), -1))),
        }),
        ("pg_regproc", &[Either], text(), |objects, args| match args[0] {
            Cell::Text(name) => Ok(Value::text(name)),
            other => Ok(Value::text(objects.function_name(other.int()).unwrap_or_else(|| number_text(other.int())))),
        }),
        ("pg_function_number", &[Text], number(), |objects, args| match objects.function_number(args[0].text()) {
            Some(number) => Ok(Value::Int(number)),
            None => exec_err!("function \"{}\" does not exist", args[0].text()),
        }),
    ];
    let schemas = Asked::new(("pg_schemas_of_path", &[Number], text(), |objects, args| {
        let names = objects.schemas(args[0].int() != 0);
        Ok(Value::text(text_arrays::written(names.iter().map(|name| Some(*name)))))
    }));
    let all = lines.into_iter().map(Asked::new).chain([Asked { array: Some("_name"), ..schemas }]);
    all.map(|asked| Arc::new(ScalarUDF::new_from_impl(asked))).collect()
}

/// The number of a relation that is given as one or by its name; `None` when there is none of that number.
fn relation(objects: &Objects, given: Cell<'_>) -> Result<Option<i64>> {
    let Cell::Text(name) = given else {
        let number = given.int();
        return Ok(objects.is_visible(number).map(|_| number));
    };
    match name.trim().parse().ok().or_else(|| objects.relation_number(name)) {
        Some(number) => Ok(Some(number)),
        None => exec_err!("relation \"{name}\" does not exist"),
    }
}

/// The name of a database that is given by it or by its number.
fn database<'a>(objects: &'a Objects, given: Cell<'a>) -> Result<&'a str> {
    match given {
        Cell::Text(name) if objects.database_size(name).is_none() => exec_err!("database \"{name}\" does not exist"),
        Cell::Text(name) => Ok(name),
        other => Ok(objects.database_name(other.int()).unwrap_or_default()),
    }
}

/// Everybody may do everything with what there is in a warehouse of one user.
fn allowed(exists: bool) -> Value {
    if exists { Value::Bool(true) } else { Value::Null }
}

fn truth_or_null(truth: Option<bool>) -> Result<Value> {
    Ok(truth.map_or(Value::Null, Value::Bool))
}

fn whole(number: Option<u64>) -> Value {
    number.and_then(|number| i64::try_from(number).ok()).map_or(Value::Null, Value::Int)
}

/// A number that stands for nothing, as PostgreSQL shows it where it would show a name.
fn number_text(number: i64) -> String {
    if number == 0 { "-".to_owned() } else { number.to_string() }
}

impl Asked {
    fn new((name, arguments, returns, answer): Line) -> Self {
        Asked { name, arguments, returns, array: None, answer, signature: Signature::user_defined(Volatility::Stable) }
    }
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for Asked {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Asked {}

impl Hash for Asked {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for Asked {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        if given.len() != self.arguments.len() {
            return plan_err!("function {} takes {} arguments, {} given", self.name, self.arguments.len(), given.len());
        }
        let taken = |(argument, kind): (&Argument, &DataType)| match argument {
            Argument::Number => DataType::Int64,
            Argument::Either if kind.is_integer() => DataType::Int64,
            Argument::Text | Argument::Either => DataType::Utf8,
        };
        Ok(self.arguments.iter().zip(given).map(taken).collect())
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        Ok(match (&self.returns, given.first()) {
            (Some(known), _) => known.clone(),
            (None, Some(first)) if first.is_integer() => DataType::Utf8,
            (None, _) => DataType::Int64,
        })
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let types: Vec<DataType> = args.arg_fields.iter().map(|field| field.data_type().clone()).collect();
        let field = Field::new(self.name, self.return_type(&types)?, true);
        Ok(Arc::new(match self.array {
            Some(kind) => semistructured::mark_array(field, kind),
            None => field,
        }))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let facts = args.config_options.extensions.get::<SessionFacts>();
        let Some(objects) = facts.map(|facts| &facts.objects) else { return exec_err!("{} is asked outside a session", self.name) };
        let scalar = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let arrays = if scalar {
            args.args.iter().map(|arg| arg.to_array(1)).collect::<Result<Vec<_>>>()?
        } else {
            ColumnarValue::values_to_arrays(&args.args)?
        };
        let rows = cells::compute(&arrays, args.return_field.data_type(), &|cells| (self.answer)(objects, cells))?;
        Ok(if scalar { ColumnarValue::Scalar(ScalarValue::try_from_array(&rows, 0)?) } else { ColumnarValue::Array(rows) })
    }
}
