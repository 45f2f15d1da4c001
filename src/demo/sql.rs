//! Every SQL statement that the demonstration runs, and the one place where names and texts are quoted for SQL.
//!
//! The statements are the files of `sql/`, embedded. A placeholder says what it becomes: `{{name}}` an identifier, `{{'name'}}` a text
//! in quotes, `{{#name}}` a whole number, `{{@name}}` a part that follows from the data set. Nothing else gets into a statement.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::dataset::DataSet;
use super::scenario::Scenario;
use super::sql_columns::part;

/// Who runs a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SqlEngine {
    /// The warehouse.
    Redshift,
    /// The lake.
    Athena,
}

/// How identifiers are quoted: Athena reads its definitions in Hive's dialect and its queries in Trino's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quotes {
    /// `"name"`.
    Double,
    /// `` `name` ``.
    Backtick,
}

/// A statement of the library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SqlStatement {
    /// File name in `sql/`, also its identifier (`07_explore_frequencies.athena.sql`).
    pub file: &'static str,
    /// Position in the demonstration.
    pub number: u8,
    /// The name in the file name (`explore_frequencies`).
    pub name: &'static str,
    /// What it does, for people.
    pub title: &'static str,
    /// Who runs it.
    pub engine: SqlEngine,
    /// The file's text: comments, placeholders.
    pub text: &'static str,
}

/// A statement cannot be filled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SqlFillError {
    /// No statement of that name.
    #[error("there is no statement `{0}` in the library")]
    UnknownStatement(String),
    /// A placeholder that nothing is known for.
    #[error("`{file}` asks for `{placeholder}`, which is not known here")]
    UnknownPlaceholder {
        /// The statement's file.
        file: &'static str,
        /// The placeholder's name.
        placeholder: String,
    },
    /// A number was expected.
    #[error("`{file}` asks for the number `{placeholder}`, and it is `{given}`")]
    NotANumber {
        /// The statement's file.
        file: &'static str,
        /// The placeholder's name.
        placeholder: String,
        /// What was given.
        given: String,
    },
    /// The statement needs columns that the data set does not have, or tells of another one.
    #[error("`{file}` is not for the {title} data: {why}")]
    OtherData {
        /// The statement's file.
        file: &'static str,
        /// The data set.
        title: String,
        /// Why not.
        why: String,
    },
    /// A placeholder without an end.
    #[error("a placeholder of `{0}` has no end")]
    Unclosed(&'static str),
}

/// Version of the external table's definition, kept as a property of the table: a table of another version is made anew.
pub const TABLE_VERSION: &str = "1";

macro_rules! library {
    ($($file:literal),* $(,)?) => {
        &[$(($file, include_str!(concat!("../../sql/", $file)))),*]
    };
}

const FILES: &[(&str, &str)] = library![
    "01_create_database.athena.sql",
    "02_create_external_table.athena.sql",
    "03_show_databases.athena.sql",
    "04_show_tables.athena.sql",
    "05_sample_lake.athena.sql",
    "06_verify_lake.athena.sql",
    "07_explore_frequencies.athena.sql",
    "08_explore_numbers.athena.sql",
    "09_explore_correlations.athena.sql",
    "10_explore_ages.athena.sql",
    "11_create_schema.redshift.sql",
    "12_create_external_schema.redshift.sql",
    "13_sample_spectrum.redshift.sql",
    "14_create_table.redshift.sql",
    "15_empty_table.redshift.sql",
    "16_load_table.redshift.sql",
    "17_verify_table.redshift.sql",
    "18_sample_table.redshift.sql",
    "19_copy_table.redshift.sql",
    "20_unload_table.redshift.sql",
    "21_explore_frequencies.redshift.sql",
    "22_explore_numbers.redshift.sql",
    "23_explore_correlations.redshift.sql",
    "24_explore_months.redshift.sql",
    "25_explore_ages.redshift.sql",
    "30_create_model.redshift.sql",
    "31_create_model_xgboost.redshift.sql",
    "32_show_model.redshift.sql",
    "33_predict.redshift.sql",
    "34_confusion_matrix.redshift.sql",
    "35_confusion_matrix_xgboost.redshift.sql",
    "36_drop_model.redshift.sql",
    "40_drop_table.athena.sql",
    "41_drop_database.athena.sql",
];

/// Statements that tell of the built-in data set and of no other, by their names.
const STORIES: [&str; 2] = ["explore_ages", "explore_months"];

/// Every statement, in the order of the demonstration.
pub fn statements() -> impl Iterator<Item = SqlStatement> {
    FILES.iter().map(|(file, text)| statement(file, text))
}

/// The statement of a name and engine (`verify_table` on Redshift).
pub fn find(engine: SqlEngine, name: &str) -> Result<SqlStatement, SqlFillError> {
    statements()
        .find(|statement| statement.engine == engine && statement.name == name)
        .ok_or_else(|| SqlFillError::UnknownStatement(name.to_owned()))
}

/// Takes a file apart: `07_explore_frequencies.athena.sql`, and the first comment as the title.
fn statement(file: &'static str, text: &'static str) -> SqlStatement {
    let stem = file.strip_suffix(".sql").unwrap_or(file);
    let (stem, engine) = match stem.rsplit_once('.') {
        Some((stem, "athena")) => (stem, SqlEngine::Athena),
        Some((stem, _)) => (stem, SqlEngine::Redshift),
        None => (stem, SqlEngine::Redshift),
    };
    let (number, name) = stem.split_once('_').unwrap_or(("0", stem));
    let title = text.lines().next().and_then(|line| line.strip_prefix("-- ")).unwrap_or(name);
    SqlStatement { file, number: number.parse().unwrap_or_default(), name, title, engine, text }
}

impl SqlStatement {
    /// How its identifiers are quoted.
    pub fn quotes(&self) -> Quotes {
        let first = self.body().split_whitespace().next().unwrap_or_default();
        match (self.engine, first) {
            (SqlEngine::Redshift, _) | (SqlEngine::Athena, "SELECT" | "WITH") => Quotes::Double,
            (SqlEngine::Athena, _) => Quotes::Backtick,
        }
    }

    /// The text without the comments at its head.
    pub fn body(&self) -> &'static str {
        let mut rest = self.text;
        while rest.starts_with("--") {
            rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
        }
        rest.trim_end()
    }

    /// The statement with its placeholders filled, without the comments at its head.
    pub fn fill(&self, values: &SqlValues) -> Result<String, SqlFillError> {
        self.fill_text(self.body(), values)
    }

    /// The statement with its placeholders filled and with its comments, for an editor.
    pub fn fill_with_comments(&self, values: &SqlValues) -> Result<String, SqlFillError> {
        self.fill_text(self.text.trim_end(), values)
    }

    fn fill_text(&self, text: &str, values: &SqlValues) -> Result<String, SqlFillError> {
        let data = &values.data;
        let other = |why: String| SqlFillError::OtherData { file: self.file, title: data.title.clone(), why };
        if STORIES.contains(&self.name) {
            data.story("what it asks").map_err(other)?;
        }
        let mut out = String::with_capacity(text.len() + 64);
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let (placeholder, after) = after.split_once("}}").ok_or(SqlFillError::Unclosed(self.file))?;
            out.push_str(before);
            rest = after;
            if let Some(name) = placeholder.strip_prefix('@') {
                let unknown = || SqlFillError::UnknownPlaceholder { file: self.file, placeholder: placeholder.to_owned() };
                let written = part(data, self.engine, self.quotes(), name).ok_or_else(unknown)?;
                out.push_str(&written.ok_or_else(|| other(format!("it has no {}", name.replace('_', " "))))?);
                continue;
            }
            let quoted = placeholder.strip_prefix('\'').and_then(|name| name.strip_suffix('\''));
            let number = placeholder.strip_prefix('#');
            let name = quoted.or(number).unwrap_or(placeholder);
            let value =
                values.named.get(name).ok_or_else(|| SqlFillError::UnknownPlaceholder { file: self.file, placeholder: name.to_owned() })?;
            if quoted.is_some() {
                out.push_str(&literal(value));
            } else if number.is_some() {
                if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err(SqlFillError::NotANumber { file: self.file, placeholder: name.to_owned(), given: value.clone() });
                }
                out.push_str(value);
            } else {
                out.push_str(&identifier(self.quotes(), value));
            }
        }
        out.push_str(rest);
        Ok(out)
    }
}

/// What placeholders stand for.
#[derive(Debug, Clone, PartialEq)]
pub struct SqlValues {
    named: BTreeMap<&'static str, String>,
    data: Arc<DataSet>,
}

impl SqlValues {
    /// The names and locations of a scenario.
    pub fn of(scenario: &Scenario) -> Self {
        let s = scenario;
        let at = |prefix: &str| format!("s3://{}/{prefix}", s.bucket);
        let unload_query = format!("SELECT * FROM {}.{}", identifier(Quotes::Double, &s.schema), identifier(Quotes::Double, &s.table));
        let named = BTreeMap::from([
            ("region", s.region.clone()),
            ("bucket", s.bucket.clone()),
            ("database", s.database.clone()),
            ("schema", s.schema.clone()),
            ("table", s.table.clone()),
            ("external_schema", s.external_schema.clone()),
            ("glue_database", s.glue_database.clone()),
            ("glue_table", s.glue_table.clone()),
            ("ml_model", s.ml_model.clone()),
            ("ml_function", s.ml_function.clone()),
            ("data_location", at(&s.data_prefix)),
            ("unload_location", at(&format!("{}console/data_", s.unload_prefix))),
            ("unload_query", unload_query),
            ("table_version", s.data.table_version()),
        ]);
        SqlValues { named, data: Arc::clone(&s.data) }
    }

    /// The same with one more value.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.named.insert(name, value.into());
        self
    }
}

/// An identifier, quoted where it has to be.
pub fn identifier(quotes: Quotes, name: &str) -> String {
    let mut bytes = name.bytes();
    let plain = bytes.next().is_some_and(|first| first.is_ascii_lowercase() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        // Hive takes no name that begins with an underscore unless it is quoted.
        && !(quotes == Quotes::Backtick && name.starts_with('_'))
        && RESERVED.binary_search(&name).is_err();
    if plain {
        return name.to_owned();
    }
    match quotes {
        Quotes::Double => format!("\"{}\"", name.replace('"', "\"\"")),
        Quotes::Backtick => format!("`{}`", name.replace('`', "``")),
    }
}

/// A text in quotes. A backslash is doubled for nobody: neither Redshift nor Trino reads it as an escape in a plain text.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

impl fmt::Display for SqlEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SqlEngine::Redshift => "Redshift",
            SqlEngine::Athena => "Athena",
        })
    }
}

/// Replaces named parameters (`:name`) by `?` for a service that knows only positions, and gives their values in that order as SQL. Texts,
/// quoted identifiers, comments and casts (`::`) are left alone. A name without a value stays as it is, for the service to refuse.
pub fn positional(sql: &str, parameters: &[(String, String)]) -> (String, Vec<String>) {
    let mut out = String::with_capacity(sql.len());
    let mut values = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let taken = if let Some(end) = skipped(rest) {
            out.push_str(&rest[..end]);
            end
        } else if rest.starts_with("::") {
            out.push_str("::");
            2
        } else if first == ':' {
            let name: &str = &rest[1..1 + rest[1..].find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len() - 1)];
            match parameters.iter().find(|(known, _)| known == name) {
                Some((_, value)) => {
                    out.push('?');
                    values.push(if value.parse::<f64>().is_ok() { value.clone() } else { literal(value) });
                }
                None => out.push_str(&rest[..=name.len()]),
            }
            1 + name.len()
        } else {
            out.push(first);
            first.len_utf8()
        };
        rest = &rest[taken..];
    }
    (out, values)
}

/// The length of the text, quoted identifier or comment that `rest` begins with.
fn skipped(rest: &str) -> Option<usize> {
    let until = |open: &str, close: &str| {
        rest.strip_prefix(open).map(|inside| inside.find(close).map_or(rest.len(), |at| open.len() + at + close.len()))
    };
    // A doubled quote ends one text and begins the next, which comes to the same here.
    until("'", "'").or_else(|| until("\"", "\"")).or_else(|| until("`", "`")).or_else(|| until("--", "\n")).or_else(|| until("/*", "*/"))
}

/// Words that at least one of Redshift, Trino and Hive reserves, sorted.
const RESERVED: &[&str] = &[
    "aes128",
    "aes256",
    "all",
    "allowoverwrite",
    "alter",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "authorization",
    "az64",
    "backup",
    "between",
    "bigint",
    "binary",
    "blanksasnull",
    "boolean",
    "both",
    "by",
    "bytedict",
    "bzip2",
    "case",
    "cast",
    "char",
    "check",
    "collate",
    "column",
    "constraint",
    "create",
    "credentials",
    "cross",
    "cube",
    "current_catalog",
    "current_date",
    "current_path",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "current_user_id",
    "cursor",
    "date",
    "deallocate",
    "decimal",
    "default",
    "deferrable",
    "deflate",
    "defrag",
    "delete",
    "delta",
    "delta32k",
    "desc",
    "describe",
    "disable",
    "distinct",
    "do",
    "double",
    "drop",
    "else",
    "emptyasnull",
    "enable",
    "encode",
    "encrypt",
    "encryption",
    "end",
    "escape",
    "except",
    "exchange",
    "execute",
    "exists",
    "explain",
    "extended",
    "external",
    "extract",
    "false",
    "fetch",
    "float",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "function",
    "globaldict256",
    "globaldict64k",
    "grant",
    "group",
    "grouping",
    "gzip",
    "having",
    "identity",
    "ignore",
    "ilike",
    "import",
    "in",
    "initially",
    "inner",
    "insert",
    "int",
    "integer",
    "intersect",
    "interval",
    "into",
    "is",
    "isnull",
    "join",
    "json_array",
    "json_exists",
    "json_object",
    "json_query",
    "json_table",
    "json_value",
    "language",
    "lateral",
    "leading",
    "left",
    "less",
    "like",
    "limit",
    "listagg",
    "local",
    "localtime",
    "localtimestamp",
    "lun",
    "luns",
    "lzo",
    "lzop",
    "macro",
    "map",
    "minus",
    "more",
    "mostly16",
    "mostly32",
    "mostly8",
    "natural",
    "new",
    "none",
    "normalize",
    "not",
    "notnull",
    "null",
    "nulls",
    "numeric",
    "of",
    "off",
    "offline",
    "offset",
    "oid",
    "old",
    "on",
    "only",
    "open",
    "or",
    "order",
    "out",
    "outer",
    "over",
    "overlaps",
    "parallel",
    "partialscan",
    "partition",
    "percent",
    "permissions",
    "pivot",
    "placing",
    "preceding",
    "precision",
    "prepare",
    "preserve",
    "primary",
    "procedure",
    "qualify",
    "range",
    "raw",
    "readratio",
    "reads",
    "recover",
    "recursive",
    "reduce",
    "references",
    "regexp",
    "reject",
    "resort",
    "respect",
    "restore",
    "revoke",
    "right",
    "rlike",
    "rollup",
    "row",
    "rows",
    "select",
    "session_user",
    "set",
    "similar",
    "skip",
    "smallint",
    "snapshot",
    "some",
    "start",
    "sysdate",
    "system",
    "table",
    "tablesample",
    "tag",
    "tdes",
    "text255",
    "text32k",
    "then",
    "timestamp",
    "to",
    "top",
    "trailing",
    "transform",
    "trigger",
    "trim",
    "true",
    "truncate",
    "truncatecolumns",
    "type",
    "uescape",
    "unbounded",
    "union",
    "unique",
    "uniquejoin",
    "unnest",
    "unpivot",
    "update",
    "user",
    "using",
    "utc_tmestamp",
    "values",
    "varchar",
    "verbose",
    "views",
    "when",
    "where",
    "wildcard",
    "window",
    "with",
    "without",
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::demo::example::scenario;

    fn values() -> SqlValues {
        SqlValues::of(&scenario())
            .with("redshift_role_arn", "arn:aws:iam::000000000000:role/BankDM-RedShift")
            .with("max_runtime", "5400")
            .with("num_round", "50")
            .with("max_depth", "6")
            .with("eta", "0.3")
    }

    #[test]
    fn reserved_words_are_sorted_for_the_search() {
        assert!(RESERVED.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn every_statement_is_filled_and_has_a_title() {
        let mut last = 0;
        for statement in statements() {
            let text = statement.fill(&values()).unwrap_or_else(|error| panic!("{error}"));
            assert!(!text.contains("{{") && !text.starts_with("--") && !text.ends_with(';'), "{text}");
            assert!(statement.text.starts_with(&format!("-- {}\n", statement.title)));
            assert!(statement.number > last, "{} is out of order", statement.file);
            last = statement.number;
        }
        assert_eq!(statements().count(), std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../sql")).unwrap().count());
    }

    /// The statements as they were when every column stood in the files.
    #[test]
    fn the_statements_of_the_built_in_data_are_these() {
        let written: Vec<String> =
            statements().map(|statement| format!("-- {}\n{}\n", statement.file, statement.fill(&values()).unwrap())).collect();
        let expected = include_str!("../../tests/fixtures/statements.sql");
        for (written, expected) in written.iter().zip(expected.split("\n\n")) {
            assert_eq!(written.trim_end(), expected.trim_end());
        }
        assert_eq!(written.len(), expected.split("\n\n").count());
    }

    #[test]
    fn the_statements_follow_another_data_set() {
        let text =
            "name = 'machines'\n[target]\nname = 'order'\npositive = \"it's\"\nnegative = 0\n[[column]]\nname = 'group'\ntype = 'text'\n";
        let other = Scenario { data: Arc::new(crate::demo::dataset::description::read(text).unwrap()), ..scenario() };
        let values = SqlValues::of(&other);
        let filled = |engine, name: &str| find(engine, name).unwrap().fill(&values);
        let verify = filled(SqlEngine::Redshift, "verify_table").unwrap();
        assert!(verify.ends_with("sum(CASE WHEN \"order\" = 'it''s' THEN 1 ELSE 0 END) AS yes_rows\nFROM dm.data"), "{verify}");
        let create = filled(SqlEngine::Athena, "create_external_table").unwrap();
        assert!(create.contains("(\n  `group` string,\n  `order` string\n)"), "{create}");
        let missing = filled(SqlEngine::Athena, "explore_correlations").unwrap_err().to_string();
        assert_eq!(missing, "`09_explore_correlations.athena.sql` is not for the machines data: it has no correlations");
        assert!(matches!(filled(SqlEngine::Redshift, "explore_months"), Err(SqlFillError::OtherData { .. })));
    }

    #[test]
    fn identifiers_are_quoted_where_they_have_to_be() {
        assert_eq!(identifier(Quotes::Double, "dm"), "dm");
        assert_eq!(identifier(Quotes::Double, "order"), "\"order\"");
        assert_eq!(identifier(Quotes::Double, "My table"), "\"My table\"");
        assert_eq!(identifier(Quotes::Double, "a\"; DROP TABLE x; --"), "\"a\"\"; DROP TABLE x; --\"");
        assert_eq!(identifier(Quotes::Backtick, "a`b"), "`a``b`");
        assert_eq!(identifier(Quotes::Backtick, "_a"), "`_a`");
        assert_eq!(identifier(Quotes::Double, ""), "\"\"");
    }

    #[test]
    fn a_name_cannot_leave_its_place() {
        let mut hostile = scenario();
        hostile.table = "data\"; DROP TABLE users; --".into();
        hostile.bucket = "x' OR '1'='1".into();
        let verify = find(SqlEngine::Redshift, "verify_table").unwrap().fill(&SqlValues::of(&hostile)).unwrap();
        assert!(verify.ends_with("FROM dm.\"data\"\"; DROP TABLE users; --\""), "{verify}");
        let create = find(SqlEngine::Athena, "create_external_table").unwrap().fill(&SqlValues::of(&hostile)).unwrap();
        assert!(create.contains("LOCATION 's3://x'' OR ''1''=''1/bankdm/data/'"), "{create}");
        let number = find(SqlEngine::Redshift, "create_model").unwrap().fill(&values().with("max_runtime", "1; DROP"));
        assert!(matches!(number, Err(SqlFillError::NotANumber { .. })));
    }

    #[test]
    fn parameters_become_positions_outside_texts_and_comments() {
        let given = [("who".to_owned(), "O'Neil".to_owned()), ("age".to_owned(), "40".to_owned())];
        let (sql, values) = positional("SELECT ':who', a::int, \":age\" FROM t -- :who\nWHERE n = :who AND b > :age AND c = :none", &given);
        assert_eq!(sql, "SELECT ':who', a::int, \":age\" FROM t -- :who\nWHERE n = ? AND b > ? AND c = :none");
        assert_eq!(values, ["'O''Neil'", "40"]);
    }
}
