//! What a query asks about its session: user, database, schema, version.

use std::any::Any;
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::StringArray;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::cast::as_string_array;
use datafusion::common::config::{ConfigEntry, ConfigExtension, ConfigOptions, ExtensionOptions};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use datafusion::sql::sqlparser::ast::Expr;

use super::Rewritten;
use crate::local::engine::dialect::call::{self, Call};
use crate::local::engine::system::Objects;
use crate::local::engine::{Dialect, SqlError};

/// What `version()` says in Redshift; clients read the number of PostgreSQL in it.
const REDSHIFT_VERSION: &str =
    "PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 (Red Hat 3.4.2-6.fc3), Redshift 1.0.103262";

/// What functions are told of the session that they are called in.
#[derive(Debug, Clone, Default)]
pub struct SessionFacts {
    /// The user that statements run as.
    pub user: String,
    /// Its parameters with their values.
    pub settings: BTreeMap<String, String>,
    /// What there is, for functions that are asked with a number.
    pub objects: Arc<Objects>,
}

impl ConfigExtension for SessionFacts {
    const PREFIX: &'static str = "session";
}

impl ExtensionOptions for SessionFacts {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn cloned(&self) -> Box<dyn ExtensionOptions> {
        Box::new(self.clone())
    }

    fn set(&mut self, key: &str, _: &str) -> Result<()> {
        plan_err!("the session's {key} cannot be set")
    }

    fn entries(&self) -> Vec<ConfigEntry> {
        Vec::new()
    }
}

/// What stands for a value without being a call.
pub(in crate::engine::dialect) fn keyword(word: &str) -> Option<Expr> {
    match word.to_lowercase().as_str() {
        "current_user" | "session_user" | "user" | "current_user_id" | "current_schema" | "current_catalog" | "current_database" => {
            Some(call::function(fact(word)?, Vec::new()))
        }
        _ => None,
    }
}

fn fact(word: &str) -> Option<&'static str> {
    Some(match word.to_lowercase().as_str() {
        "current_user" | "session_user" | "user" => "session_user",
        "current_user_id" => "session_user_id",
        "current_schema" => "session_schema",
        "current_catalog" | "current_database" => "session_database",
        "version" => "session_version",
        _ => return None,
    })
}

pub(super) fn rewrite(call: Call) -> Result<Rewritten, SqlError> {
    if call.args.is_empty()
        && let Some(name) = fact(&call.name)
    {
        return Ok(Rewritten::Done(call.renamed(name)));
    }
    Ok(match call.name.as_str() {
        "current_timezone" if call.dialect == Dialect::Athena => Rewritten::Done(call::text("UTC")),
        _ => Rewritten::Other(call),
    })
}

pub(super) fn scalar(dialect: Dialect) -> Vec<Arc<ScalarUDF>> {
    let text = |text: &str| ScalarValue::from(text.to_owned());
    let facts: Vec<Fact> = vec![
        Fact::new("session_user", DataType::Utf8, Box::new(user)),
        Fact::new("session_user_id", DataType::Int32, Box::new(|_| ScalarValue::Int32(Some(100)))),
        Fact::new("session_schema", DataType::Utf8, Box::new(|options| ScalarValue::from(options.catalog.default_schema.clone()))),
        Fact::new("session_database", DataType::Utf8, Box::new(|options| ScalarValue::from(options.catalog.default_catalog.clone()))),
        Fact::new(
            "session_version",
            DataType::Utf8,
            Box::new(move |_| text(if dialect == Dialect::Redshift { REDSHIFT_VERSION } else { "Athena engine version 3" })),
        ),
        Fact::new(
            "pg_backend_pid",
            DataType::Int32,
            Box::new(|_| ScalarValue::Int32(Some(i32::try_from(std::process::id()).unwrap_or(i32::MAX)))),
        ),
    ];
    let mut all: Vec<Arc<ScalarUDF>> = facts.into_iter().map(|fact| Arc::new(ScalarUDF::new_from_impl(fact))).collect();
    if dialect == Dialect::Redshift {
        all.push(Arc::new(ScalarUDF::new_from_impl(Setting { signature: Signature::exact(vec![DataType::Utf8], Volatility::Stable) })));
    }
    all
}

fn user(options: &ConfigOptions) -> ScalarValue {
    ScalarValue::from(options.extensions.get::<SessionFacts>().map(|facts| facts.user.clone()).unwrap_or_default())
}

/// `current_setting(name)`.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Setting {
    signature: Signature,
}

impl ScalarUDFImpl for Setting {
    fn name(&self) -> &'static str {
        "current_setting"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let settings = args.config_options.extensions.get::<SessionFacts>().map(|facts| &facts.settings);
        let value = |name: &str| match settings.and_then(|settings| settings.get(&name.to_lowercase())) {
            Some(value) => Ok(value.clone()),
            None => plan_err!("unrecognized configuration parameter \"{name}\""),
        };
        match args.args.as_slice() {
            [ColumnarValue::Scalar(ScalarValue::Utf8(name))] => {
                Ok(ColumnarValue::Scalar(ScalarValue::Utf8(name.as_deref().map(value).transpose()?)))
            }
            [ColumnarValue::Array(names)] => {
                let values = as_string_array(names)?.iter().map(|name| name.map(value).transpose());
                Ok(ColumnarValue::Array(Arc::new(values.collect::<Result<StringArray>>()?)))
            }
            _ => plan_err!("current_setting takes the name of a parameter"),
        }
    }
}

type Say = Box<dyn Fn(&ConfigOptions) -> ScalarValue + Send + Sync>;

/// A function without arguments that a session answers.
struct Fact {
    name: &'static str,
    returns: DataType,
    signature: Signature,
    say: Say,
}

impl Fact {
    fn new(name: &'static str, returns: DataType, say: Say) -> Self {
        Fact { name, returns, signature: Signature::nullary(Volatility::Stable), say }
    }
}

impl std::fmt::Debug for Fact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for Fact {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Fact {}

impl Hash for Fact {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for Fact {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        if given.is_empty() { Ok(self.returns.clone()) } else { plan_err!("{} takes no arguments", self.name) }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Ok(ColumnarValue::Scalar((self.say)(&args.config_options)))
    }
}
