//! A digest of a table's content that the warehouse computes: the same rows give the same digest, in any order. The unload of the pipeline lies
//! in a folder named by it (`assets/lambda/unload.py` does the same in Python).

use sha2::{Digest, Sha256};

use super::feature_schema::digest_text;
use super::sql::{Quotes, identifier, literal};

/// The statement that names a table's columns, in order, one row each.
pub fn columns_statement(schema: &str, table: &str) -> String {
    format!(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = {} AND table_name = {} ORDER BY ordinal_position",
        literal(schema),
        literal(table)
    )
}

/// The statement that counts the rows and adds up a hash of each: one row of two cells. The sum does not depend on the order of the rows.
pub fn content_statement(schema: &str, table: &str, columns: &[String]) -> String {
    let row = columns.iter().fold("CAST(0 AS BIGINT)".to_owned(), |row, column| {
        // The comma keeps ('ab', 'c') apart from ('a', 'bc').
        format!("FNV_HASH(COALESCE(CAST({} AS VARCHAR), '') || ',', {row})", identifier(Quotes::Double, column))
    });
    let table = format!("{}.{}", identifier(Quotes::Double, schema), identifier(Quotes::Double, table));
    format!("SELECT COUNT(*), COALESCE(SUM(CAST({row} AS DECIMAL(38,0))), 0) FROM {table}")
}

/// The digest: of the columns' names and the two cells of [`content_statement`].
pub fn digest(columns: &[String], content: &[String]) -> String {
    digest_text(&Sha256::digest([columns, content].concat().join("\u{1f}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_reads_every_column() {
        let sql = content_statement("dm", "data", &["a".into(), "b\"".into()]);
        let nested = "FNV_HASH(COALESCE(CAST(\"b\"\"\" AS VARCHAR), '') || ',', FNV_HASH(COALESCE(CAST(a AS VARCHAR), '') || ',', ";
        assert!(sql.contains(nested), "{sql}");
    }

    #[test]
    fn names_and_content_both_count() {
        let of = |columns: &[&str], content: &[&str]| {
            let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
            digest(&owned(columns), &owned(content))
        };
        let one = of(&["a", "b"], &["2", "7"]);
        assert_eq!((one.len(), one == of(&["a", "b"], &["2", "7"])), (16, true));
        assert_ne!(one, of(&["a", "c"], &["2", "7"]));
        assert_ne!(one, of(&["a", "b"], &["2", "8"]));
    }
}
