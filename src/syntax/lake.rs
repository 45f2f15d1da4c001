//! What changes an external table: partitions, columns, location and properties. Athena's forms, and Redshift's for its external tables.

use super::cursor::Cursor;
use super::hive::{self, ExternalColumn};
use super::{Name, Statement};
use crate::syntax::{Dialect, SqlError};

/// Values of partition columns, as written: `day = '2024-05-06'`.
pub type PartitionSpec = Vec<(String, String)>;

/// `ALTER TABLE` on an external table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlterExternalTable {
    /// Table.
    pub table: Name,
    /// What is changed.
    pub action: LakeAction,
}

/// What `ALTER TABLE` changes of an external table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LakeAction {
    /// `ADD [IF NOT EXISTS] PARTITION (…) [LOCATION '…'] …`.
    AddPartitions {
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
        /// Partitions, each with its location where one is named.
        partitions: Vec<(PartitionSpec, Option<String>)>,
    },
    /// `DROP [IF EXISTS] PARTITION (…), …`.
    DropPartitions {
        /// `IF EXISTS`.
        if_exists: bool,
        /// Partitions.
        partitions: Vec<PartitionSpec>,
    },
    /// `PARTITION (…) RENAME TO PARTITION (…)`.
    RenamePartition {
        /// Partition.
        from: PartitionSpec,
        /// New values.
        to: PartitionSpec,
    },
    /// `ADD COLUMNS (…)`.
    AddColumns(Vec<ExternalColumn>),
    /// `REPLACE COLUMNS (…)`.
    ReplaceColumns(Vec<ExternalColumn>),
    /// `[PARTITION (…)] SET LOCATION '…'`.
    SetLocation {
        /// Of a partition, or of the table.
        partition: Option<PartitionSpec>,
        /// `s3://…`.
        location: String,
    },
    /// `SET TBLPROPERTIES (…)`, in Redshift `SET TABLE PROPERTIES (…)`.
    SetProperties(Vec<(String, String)>),
}

/// What `MSCK REPAIR TABLE` does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepairTable {
    /// Table.
    pub table: Name,
    /// Partitions that are found are added.
    pub add: bool,
    /// Partitions whose folders are gone are dropped.
    pub drop: bool,
}

/// Reads an action on an external table when one stands here.
pub(super) fn action(cursor: &mut Cursor) -> Result<Option<LakeAction>, SqlError> {
    let athena = cursor.dialect() == Dialect::Athena;
    let start = cursor.position();
    if cursor.accept_word("ADD") {
        let if_not_exists = cursor.accept_words(&["IF", "NOT", "EXISTS"]);
        if cursor.peek_word().as_deref() == Some("PARTITION") {
            let mut partitions = Vec::new();
            while cursor.accept_word("PARTITION") {
                let spec = spec(cursor)?;
                let location = if cursor.accept_word("LOCATION") { Some(cursor.string("location")?) } else { None };
                partitions.push((spec, location));
                cursor.accept_symbol(',');
            }
            return Ok(Some(LakeAction::AddPartitions { if_not_exists, partitions }));
        }
        if athena && cursor.accept_word("COLUMNS") {
            return Ok(Some(LakeAction::AddColumns(hive::columns(cursor)?)));
        }
    } else if cursor.accept_word("DROP") {
        let if_exists = cursor.accept_words(&["IF", "EXISTS"]);
        if cursor.peek_word().as_deref() == Some("PARTITION") {
            let mut partitions = Vec::new();
            while cursor.accept_word("PARTITION") {
                partitions.push(spec(cursor)?);
                cursor.accept_symbol(',');
            }
            return Ok(Some(LakeAction::DropPartitions { if_exists, partitions }));
        }
        if athena && cursor.peek_word().as_deref() == Some("COLUMN") {
            return Err(cursor.unsupported("ALTER TABLE DROP COLUMN"));
        }
    } else if athena && cursor.accept_words(&["REPLACE", "COLUMNS"]) {
        return Ok(Some(LakeAction::ReplaceColumns(hive::columns(cursor)?)));
    } else if cursor.accept_word("PARTITION") {
        let from = spec(cursor)?;
        if cursor.accept_words(&["RENAME", "TO", "PARTITION"]) {
            return Ok(Some(LakeAction::RenamePartition { from, to: spec(cursor)? }));
        }
        cursor.expect_word("SET")?;
        cursor.expect_word("LOCATION")?;
        return Ok(Some(LakeAction::SetLocation { partition: Some(from), location: cursor.string("location")? }));
    } else if cursor.accept_words(&["SET", "LOCATION"]) {
        return Ok(Some(LakeAction::SetLocation { partition: None, location: cursor.string("location")? }));
    } else if cursor.accept_words(&["SET", "TBLPROPERTIES"]) || cursor.accept_words(&["SET", "TABLE", "PROPERTIES"]) {
        return Ok(Some(LakeAction::SetProperties(hive::properties(cursor)?)));
    } else if athena && matches!(cursor.peek_word().as_deref(), Some("RENAME" | "CHANGE")) {
        let word = cursor.peek_word().unwrap_or_default();
        return Err(cursor.unsupported(&format!("ALTER TABLE {word}")));
    }
    cursor.rewind(start);
    Ok(None)
}

/// Reads from after `MSCK`.
pub(super) fn repair(cursor: &mut Cursor) -> Result<Statement, SqlError> {
    cursor.expect_word("REPAIR")?;
    cursor.expect_word("TABLE")?;
    let table = cursor.name("table name")?;
    let (add, drop) = if cursor.accept_words(&["ADD", "PARTITIONS"]) {
        (true, false)
    } else if cursor.accept_words(&["DROP", "PARTITIONS"]) {
        (false, true)
    } else if cursor.accept_words(&["SYNC", "PARTITIONS"]) {
        (true, true)
    } else {
        (true, false)
    };
    cursor.expect_end()?;
    Ok(Statement::RepairTable(RepairTable { table, add, drop }))
}

/// `(column = value, …)`.
fn spec(cursor: &mut Cursor) -> Result<PartitionSpec, SqlError> {
    cursor.expect_symbol('(')?;
    let mut spec = Vec::new();
    loop {
        let (column, _) = cursor.identifier("partition column")?;
        cursor.expect_symbol('=')?;
        // `DATE '2024-01-01'` is the text of the date.
        cursor.accept_word("DATE");
        let value = match cursor.peek().map(|token| &token.token) {
            Some(sqlparser::tokenizer::Token::Number(digits, _)) => {
                let digits = digits.clone();
                cursor.advance();
                digits
            }
            Some(sqlparser::tokenizer::Token::Minus) => cursor.integer("value")?.to_string(),
            _ => cursor.string("value")?,
        };
        spec.push((column, value));
        if !cursor.accept_symbol(',') {
            break;
        }
    }
    cursor.expect_symbol(')')?;
    Ok(spec)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::syntax::parse;

    fn action(sql: &str) -> LakeAction {
        match parse(Dialect::Athena, sql, &[]).unwrap_or_else(|error| panic!("{sql}: {error}")) {
            Statement::AlterExternalTable(alter) => alter.action,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn partitions_are_added_and_dropped() {
        let sql = "ALTER TABLE lake.t ADD IF NOT EXISTS PARTITION (day='2024-01-01', n=3) LOCATION 's3://b/x/' PARTITION (day=DATE '2024-01-02', n=-4)";
        let LakeAction::AddPartitions { if_not_exists: true, partitions } = action(sql) else { panic!("not partitions") };
        assert_eq!(partitions[0].0, [("day".to_owned(), "2024-01-01".to_owned()), ("n".to_owned(), "3".to_owned())]);
        assert_eq!((partitions[0].1.as_deref(), partitions[1].1.as_deref()), (Some("s3://b/x/"), None));
        assert_eq!(partitions[1].0[1].1, "-4");
        assert!(matches!(action("alter table t drop if exists partition (day='x'), partition (day='y')"),
            LakeAction::DropPartitions { if_exists: true, partitions } if partitions.len() == 2));
    }

    #[test]
    fn columns_properties_and_repairs() {
        assert!(matches!(action("ALTER TABLE t ADD COLUMNS (a int, b string)"), LakeAction::AddColumns(columns) if columns.len() == 2));
        assert!(matches!(action("ALTER TABLE t SET TBLPROPERTIES ('a'='b')"), LakeAction::SetProperties(pairs) if pairs.len() == 1));
        let Ok(Statement::RepairTable(repair)) = parse(Dialect::Athena, "MSCK REPAIR TABLE lake.t", &[]) else { panic!("not a repair") };
        assert!(repair.add && !repair.drop);
        let error = parse(Dialect::Athena, "ALTER TABLE t RENAME TO u", &[]).unwrap_err();
        assert_eq!(error.message, "line 1:1: ALTER TABLE RENAME is not supported");
    }
}
