//! The statements of batch scoring. The columns follow from a feature schema, which the files of `sql/` cannot know.

use super::feature_schema::{ColumnKind, FeatureSchema};
use super::sql::{Quotes, identifier, literal};

/// Column with the model's answer.
pub const SCORE: &str = "score";
/// Column with the class that the score means.
pub const DECISION: &str = "decision";

/// A table of the warehouse by its two names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableName {
    /// Schema.
    pub schema: String,
    /// Table.
    pub table: String,
}

impl TableName {
    /// Reads `schema.table`; `None` when it is not two names.
    pub fn parse(text: &str) -> Option<Self> {
        let (schema, table) = text.trim().split_once('.')?;
        let named = |name: &str| !name.is_empty() && name.len() <= 127 && !name.contains(['.', '"', '\0']);
        (named(schema) && named(table)).then(|| TableName { schema: schema.to_lowercase(), table: table.to_lowercase() })
    }

    /// Quoted for a statement.
    pub fn quoted(&self) -> String {
        format!("{}.{}", identifier(Quotes::Double, &self.schema), identifier(Quotes::Double, &self.table))
    }
}

impl std::fmt::Display for TableName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.schema, self.table)
    }
}

/// Writes a table as CSV files below an `s3://` prefix.
pub fn unload(table: &TableName, prefix: &str, role: &str) -> String {
    format!(
        "UNLOAD ({})\nTO {}\nIAM_ROLE {}\nFORMAT AS CSV\nHEADER\nALLOWOVERWRITE",
        literal(&format!("SELECT * FROM {}", table.quoted())),
        literal(prefix),
        literal(role)
    )
}

/// Makes the table of the scores anew and fills it from the files below an `s3://` prefix: to be run as one transaction. `with_target` says
/// whether the rows have the true answers.
pub fn replace(table: &TableName, schema: &FeatureSchema, with_target: bool, prefix: &str, role: &str, region: &str) -> [String; 3] {
    let mut columns: Vec<String> = schema
        .columns
        .iter()
        .map(|column| {
            let sql_type = match &column.kind {
                ColumnKind::Number { integer: true, .. } => "bigint",
                ColumnKind::Number { integer: false, .. } => "double precision",
                ColumnKind::Category { .. } => "varchar(256)",
            };
            format!("  {} {sql_type}", identifier(Quotes::Double, &column.name))
        })
        .collect();
    if with_target {
        columns.push(format!("  {} varchar(256)", identifier(Quotes::Double, &schema.target.name)));
    }
    columns.push(format!("  {SCORE} double precision"));
    columns.push(format!("  {DECISION} varchar(256)"));
    let table = table.quoted();
    [
        format!("DROP TABLE IF EXISTS {table}"),
        format!("CREATE TABLE {table} (\n{}\n)", columns.join(",\n")),
        format!(
            "COPY {table}\nFROM {}\nIAM_ROLE {}\nFORMAT AS CSV\nIGNOREHEADER 1\nREGION {}",
            literal(prefix),
            literal(role),
            literal(region)
        ),
    ]
}

/// Tells a table of scores by its columns: it fails on any other table.
pub fn probe(table: &TableName) -> String {
    format!("SELECT {SCORE}, {DECISION} FROM {} LIMIT 1", table.quoted())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;
    use crate::demo::feature_schema::{CategoryValue, Column, Target};

    #[test]
    fn names_are_two_and_quoted() {
        let name = TableName::parse("DM.Scores").unwrap();
        assert_eq!((name.to_string().as_str(), name.quoted().as_str()), ("dm.scores", "dm.scores"));
        assert_eq!(TableName::parse("dm.my table").unwrap().quoted(), "dm.\"my table\"");
        for text in ["scores", "a.b.c", ".b", "a.", "a.\"b"] {
            assert_eq!(TableName::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_table_has_the_columns_of_the_schema() {
        let number = |integer| ColumnKind::Number { integer, min: 0.0, max: 1.0, mean: 0.5, quantiles: vec![] };
        let column = |name: &str, kind| Column { name: name.into(), dropped: false, kind };
        let schema = FeatureSchema {
            version: 1,
            target: Target { name: "y".into(), positive: "yes".into(), negative: "no".into() },
            columns: vec![
                column("age", number(true)),
                column("rate", number(false)),
                column("job", ColumnKind::Category { values: vec![CategoryValue { value: "x".into(), count: 1 }] }),
            ],
            derived: vec![],
            features: vec![],
        };
        let table = TableName::parse("dm.scores").unwrap();
        let [drop, create, copy] = replace(&table, &schema, true, "s3://b/it's", "arn", "us-east-1");
        assert_eq!(drop, "DROP TABLE IF EXISTS dm.scores");
        assert_eq!(
            create,
            "CREATE TABLE dm.scores (\n  age bigint,\n  rate double precision,\n  job varchar(256),\n  y varchar(256),\n  \
             score double precision,\n  decision varchar(256)\n)"
        );
        assert!(copy.contains("FROM 's3://b/it''s'") && copy.contains("IGNOREHEADER 1"), "{copy}");
        let [_, create, _] = replace(&table, &schema, false, "s3://b/p", "arn", "us-east-1");
        assert!(!create.contains("  y "));
    }
}
