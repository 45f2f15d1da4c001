//! Redshift ML's `CREATE MODEL`.

use sqlparser::ast;
use sqlparser::tokenizer::Token;

use super::Name;
use super::cursor::Cursor;
use crate::syntax::{SqlError, SqlErrorKind};

/// What a model is trained on.
#[derive(Debug, Clone, PartialEq)]
pub enum ModelSource {
    /// A whole table.
    Table(Name),
    /// A query and its text.
    Query(Box<ast::Query>, String),
}

/// `AUTO OFF …`: the user chooses the algorithm.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AutoOff {
    /// `PREPROCESSORS`.
    pub preprocessors: Option<String>,
    /// `HYPERPARAMETERS DEFAULT EXCEPT (…)`, names in lower case.
    pub hyperparameters: Vec<(String, String)>,
}

/// `CREATE MODEL`.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateModel {
    /// Model.
    pub name: Name,
    /// `FROM`.
    pub source: ModelSource,
    /// `TARGET` column.
    pub target: String,
    /// `FUNCTION`.
    pub function: Name,
    /// `IAM_ROLE`: an ARN or `default`.
    pub iam_role: String,
    /// `AUTO OFF`; `None` is Autopilot.
    pub auto_off: Option<AutoOff>,
    /// `MODEL_TYPE` in upper case.
    pub model_type: Option<String>,
    /// `PROBLEM_TYPE` in upper case.
    pub problem_type: Option<String>,
    /// `OBJECTIVE` as written.
    pub objective: Option<String>,
    /// `SETTINGS (S3_BUCKET …)`.
    pub s3_bucket: String,
    /// `SETTINGS (MAX_RUNTIME …)` in seconds.
    pub max_runtime: Option<u64>,
    /// `SETTINGS (MAX_CELLS …)`.
    pub max_cells: Option<u64>,
    /// `SETTINGS (S3_GARBAGE_COLLECT …)`: on unless `OFF` is written.
    pub garbage_collect: bool,
}

/// Reads from after `CREATE MODEL`.
pub(super) fn create_model(cursor: &mut Cursor) -> Result<CreateModel, SqlError> {
    let name = cursor.name("model name")?;
    cursor.expect_word("FROM")?;
    let source = source(cursor)?;
    let mut model = CreateModel {
        name,
        source,
        target: String::new(),
        function: Name { parts: Vec::new(), span: sqlparser::tokenizer::Span::empty() },
        iam_role: String::new(),
        auto_off: None,
        model_type: None,
        problem_type: None,
        objective: None,
        s3_bucket: String::new(),
        max_runtime: None,
        max_cells: None,
        garbage_collect: true,
    };
    let mut off = AutoOff::default();
    let mut auto = true;
    let mut first_off_clause = None;
    while !cursor.at_end() {
        let place = cursor.position();
        let clause = cursor.peek_word().unwrap_or_default();
        cursor.advance();
        match clause.as_str() {
            "TARGET" => model.target = cursor.identifier("column name")?.0,
            "FUNCTION" => {
                model.function = cursor.name("function name")?;
                if cursor.peek_symbol('(') {
                    return Err(cursor.unsupported("CREATE MODEL with a remote or imported model"));
                }
            }
            "RETURNS" | "SAGEMAKER" => return Err(cursor.unsupported(&format!("CREATE MODEL with {clause}"))),
            "IAM_ROLE" => model.iam_role = cursor.string_or_word("IAM role")?,
            "AUTO" => {
                auto = cursor.accept_word("ON");
                if !auto && !cursor.accept_word("OFF") {
                    return Err(cursor.unexpected(&["ON", "OFF"]));
                }
            }
            "MODEL_TYPE" => model.model_type = Some(model_type(cursor)?),
            "PROBLEM_TYPE" => model.problem_type = Some(problem_type(cursor)?),
            "OBJECTIVE" => model.objective = Some(objective(cursor)?),
            "PREPROCESSORS" => {
                first_off_clause.get_or_insert(place);
                off.preprocessors = Some(cursor.string("preprocessors")?);
            }
            "HYPERPARAMETERS" => {
                first_off_clause.get_or_insert(place);
                off.hyperparameters = hyperparameters(cursor)?;
            }
            "SETTINGS" => settings(cursor, &mut model)?,
            _ => {
                cursor.rewind(place);
                return Err(cursor.unexpected(&["TARGET", "FUNCTION", "IAM_ROLE", "AUTO", "SETTINGS"]));
            }
        }
    }
    if auto && let Some(place) = first_off_clause {
        cursor.rewind(place);
        let span = cursor.peek().map_or_else(sqlparser::tokenizer::Span::empty, |token| token.span);
        let clause = cursor.peek_word().unwrap_or_default();
        return Err(cursor.error_at(span, SqlErrorKind::Semantic, &format!("{clause} can only be given with AUTO OFF")));
    }
    for (missing, clause) in [
        (model.target.is_empty(), "TARGET"),
        (model.function.parts.is_empty(), "FUNCTION"),
        (model.iam_role.is_empty(), "IAM_ROLE"),
        (model.s3_bucket.is_empty(), "SETTINGS"),
    ] {
        if missing {
            return Err(cursor.unexpected(&[clause]));
        }
    }
    model.auto_off = (!auto).then_some(off);
    Ok(model)
}

fn source(cursor: &mut Cursor) -> Result<ModelSource, SqlError> {
    if matches!(cursor.peek().map(|token| &token.token), Some(Token::SingleQuotedString(_))) {
        return Err(cursor.unsupported("CREATE MODEL from a training job"));
    }
    if !cursor.accept_symbol('(') {
        return Ok(ModelSource::Table(cursor.name("table name")?));
    }
    let from = cursor.position();
    let query = cursor.with_parser(|parser| parser.parse_query())?;
    let text = cursor.slice(from, cursor.position()).to_owned();
    cursor.expect_symbol(')')?;
    Ok(ModelSource::Query(query, text))
}

fn model_type(cursor: &mut Cursor) -> Result<String, SqlError> {
    let name = cursor.word("model type")?;
    match name.as_str() {
        "XGBOOST" => Ok(name),
        "MLP" | "LINEAR_LEARNER" | "KMEANS" | "FORECAST" => Err(cursor.unsupported(&format!("MODEL_TYPE {name}"))),
        _ => {
            cursor.back();
            Err(cursor.unexpected(&["XGBOOST"]))
        }
    }
}

fn problem_type(cursor: &mut Cursor) -> Result<String, SqlError> {
    let parenthesis = cursor.accept_symbol('(');
    let name = cursor.word("problem type")?;
    if !matches!(name.as_str(), "BINARY_CLASSIFICATION" | "REGRESSION" | "MULTICLASS_CLASSIFICATION") {
        cursor.back();
        return Err(cursor.unexpected(&["REGRESSION", "BINARY_CLASSIFICATION", "MULTICLASS_CLASSIFICATION"]));
    }
    if parenthesis {
        cursor.expect_symbol(')')?;
    }
    Ok(name)
}

fn objective(cursor: &mut Cursor) -> Result<String, SqlError> {
    let parenthesis = cursor.accept_symbol('(');
    let objective = cursor.string("objective")?;
    if parenthesis {
        cursor.expect_symbol(')')?;
    }
    Ok(objective)
}

fn hyperparameters(cursor: &mut Cursor) -> Result<Vec<(String, String)>, SqlError> {
    cursor.expect_word("DEFAULT")?;
    let mut values = Vec::new();
    if !cursor.accept_word("EXCEPT") {
        return Ok(values);
    }
    cursor.expect_symbol('(')?;
    loop {
        let (name, _) = cursor.identifier("hyperparameter")?;
        let value = match cursor.peek().map(|token| &token.token) {
            Some(Token::Number(digits, _)) => {
                let digits = digits.clone();
                cursor.advance();
                digits
            }
            _ => cursor.string("value")?,
        };
        values.push((name, value));
        if !cursor.accept_symbol(',') {
            break;
        }
    }
    cursor.expect_symbol(')')?;
    Ok(values)
}

fn settings(cursor: &mut Cursor, model: &mut CreateModel) -> Result<(), SqlError> {
    cursor.expect_symbol('(')?;
    loop {
        let setting = cursor.word("setting")?;
        match setting.as_str() {
            "S3_BUCKET" => model.s3_bucket = cursor.string("bucket name")?,
            "KMS_KEY_ID" | "TAGS" => drop(cursor.string("value")?),
            "MAX_RUNTIME" => model.max_runtime = Some(positive(cursor)?),
            "MAX_CELLS" => model.max_cells = Some(positive(cursor)?),
            "MAX_BATCH_ROWS" => drop(positive(cursor)?),
            "S3_GARBAGE_COLLECT" => {
                model.garbage_collect = !cursor.accept_word("OFF");
                if model.garbage_collect {
                    cursor.expect_word("ON")?;
                }
            }
            _ => {
                cursor.back();
                return Err(cursor.unexpected(&["S3_BUCKET", "MAX_RUNTIME", "MAX_CELLS", "S3_GARBAGE_COLLECT", "KMS_KEY_ID"]));
            }
        }
        if !cursor.accept_symbol(',') {
            break;
        }
    }
    cursor.expect_symbol(')')
}

fn positive(cursor: &mut Cursor) -> Result<u64, SqlError> {
    let value = cursor.integer("number")?;
    u64::try_from(value).map_err(|_| {
        cursor.back();
        cursor.unexpected(&["number"])
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::syntax::Dialect;
    use crate::syntax::{Statement, parse};

    fn model(sql: &str) -> Result<CreateModel, SqlError> {
        parse(Dialect::Redshift, sql, &[]).map(|statement| match statement {
            Statement::CreateModel(model) => model,
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn the_autopilot_form() {
        let model = model(
            "CREATE MODEL dm01 FROM dm.data TARGET y FUNCTION predict_dm01 IAM_ROLE 'arn' PROBLEM_TYPE BINARY_CLASSIFICATION
             OBJECTIVE 'F1' SETTINGS (S3_BUCKET 'b', MAX_RUNTIME 5400)",
        )
        .unwrap();
        assert_eq!(model.auto_off, None);
        assert_eq!((model.target.as_str(), model.function.to_string().as_str()), ("y", "predict_dm01"));
        assert_eq!((model.max_runtime, model.objective.as_deref()), (Some(5400), Some("F1")));
    }

    #[test]
    fn auto_off_with_a_query() {
        let model = model(
            "create model m from (select age, case when y = 'yes' then 1 else 0 end as y from dm.data where (age) > 3) target y function f
             iam_role default auto off model_type xgboost objective 'binary:logistic' preprocessors 'none'
             hyperparameters default except (num_round '100', max_depth 4) settings (s3_bucket 'b', s3_garbage_collect off)",
        )
        .unwrap();
        let off = model.auto_off.unwrap();
        assert_eq!(off.hyperparameters, [("num_round".to_owned(), "100".to_owned()), ("max_depth".to_owned(), "4".to_owned())]);
        let ModelSource::Query(_, text) = model.source else { panic!("not a query") };
        assert!(text.starts_with("select age") && text.ends_with("(age) > 3"), "{text}");
        assert!(!model.garbage_collect);
    }

    #[test]
    fn what_is_missing_or_refused_is_named() {
        let error = model("CREATE MODEL m FROM t TARGET y FUNCTION f IAM_ROLE default").unwrap_err();
        assert!(error.message.starts_with("ERROR: syntax error at end of input"), "{error}");
        let error = model("CREATE MODEL m FROM t FUNCTION f MODEL_TYPE KMEANS").unwrap_err();
        assert_eq!(error.message, "ERROR: MODEL_TYPE KMEANS is not supported");
        let error = model("CREATE MODEL m FROM t TARGET y FUNCTION f IAM_ROLE default PREPROCESSORS 'none' SETTINGS (S3_BUCKET 'b')");
        assert!(error.unwrap_err().message.starts_with("ERROR: PREPROCESSORS can only be given with AUTO OFF"));
    }
}
