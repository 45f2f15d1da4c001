//! Redshift's `CREATE EXTERNAL SCHEMA`.

use super::cursor::Cursor;
use crate::syntax::SqlError;

/// `CREATE EXTERNAL SCHEMA [IF NOT EXISTS] name FROM DATA CATALOG DATABASE '…' [REGION '…'] IAM_ROLE '…' [CREATE EXTERNAL DATABASE IF NOT
/// EXISTS]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateExternalSchema {
    /// Schema in the warehouse.
    pub name: String,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
    /// Glue database.
    pub database: String,
    /// `IAM_ROLE`: an ARN, several joined by commas, `default` or `SESSION`.
    pub iam_role: Option<String>,
    /// `REGION`.
    pub region: Option<String>,
    /// `CREATE EXTERNAL DATABASE IF NOT EXISTS`.
    pub create_database: bool,
}

/// Reads it from after `CREATE EXTERNAL SCHEMA`.
pub(super) fn create_external_schema(cursor: &mut Cursor) -> Result<CreateExternalSchema, SqlError> {
    let if_not_exists = cursor.accept_words(&["IF", "NOT", "EXISTS"]);
    let name = cursor.identifier("schema name")?.0;
    cursor.expect_word("FROM")?;
    if !cursor.accept_words(&["DATA", "CATALOG"]) {
        let source = cursor.peek_word().unwrap_or_default();
        if matches!(source.as_str(), "HIVE" | "POSTGRES" | "MYSQL" | "KINESIS" | "KAFKA" | "REDSHIFT" | "MSK") {
            return Err(cursor.unsupported(&format!("CREATE EXTERNAL SCHEMA FROM {source}")));
        }
        return Err(cursor.unexpected(&["DATA CATALOG"]));
    }
    let mut schema =
        CreateExternalSchema { name, if_not_exists, database: String::new(), iam_role: None, region: None, create_database: false };
    loop {
        if cursor.accept_word("DATABASE") {
            schema.database = cursor.string("database name")?;
        } else if cursor.accept_word("REGION") {
            schema.region = Some(cursor.string("region")?);
        } else if cursor.accept_word("IAM_ROLE") {
            schema.iam_role = Some(cursor.string_or_word("IAM role")?);
        } else if cursor.accept_word("CATALOG_ROLE") || cursor.accept_word("CATALOG_ID") {
            cursor.string_or_word("catalog")?;
        } else if cursor.accept_words(&["CREATE", "EXTERNAL", "DATABASE", "IF", "NOT", "EXISTS"]) {
            schema.create_database = true;
        } else {
            break;
        }
    }
    cursor.expect_end()?;
    if schema.database.is_empty() {
        return Err(cursor.unexpected(&["DATABASE"]));
    }
    if schema.iam_role.is_none() {
        return Err(cursor.unexpected(&["IAM_ROLE"]));
    }
    Ok(schema)
}
