//! `INSERT` statements.

use super::cells;
use crate::ops::query::{Cell, FloatText, QueryColumn};

/// `INSERT` statements that put the rows into `table`, a hundred rows each. Numbers stay as they are, everything else is quoted.
pub fn insert_statements(table: &str, columns: &[QueryColumn], rows: &[Vec<Cell>]) -> String {
    let names: Vec<String> = cells::keys(columns).iter().map(|name| format!("\"{}\"", name.replace('"', "\"\""))).collect();
    let mut out = String::new();
    for chunk in rows.chunks(100) {
        out.push_str(&format!("INSERT INTO {table} ({}) VALUES\n", names.join(", ")));
        for (index, row) in chunk.iter().enumerate() {
            let values: Vec<String> = row.iter().zip(columns).map(|(cell, column)| literal(cell, column)).collect();
            out.push_str(&format!("  ({}){}\n", values.join(", "), if index + 1 == chunk.len() { ";" } else { "," }));
        }
    }
    out
}

fn literal(cell: &Cell, column: &QueryColumn) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    match cell {
        Cell::Null => "NULL".to_owned(),
        Cell::Integer(number) => number.to_string(),
        Cell::Float(number) if number.is_finite() => number.to_string(),
        Cell::Float(number) => quoted(&FloatText(*number).to_string()),
        Cell::Boolean(truth) => truth.to_string(),
        Cell::Text(text) if column.numeric && cells::is_json_number(text) => text.clone(),
        Cell::Text(text) => quoted(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inserts_quote_what_is_no_number() {
        let column = |name: &str, numeric| QueryColumn { name: name.into(), type_name: String::new(), numeric };
        let rows = [vec![Cell::Text("2.50".into()), Cell::Text("O'Hara".into())], vec![Cell::Null, Cell::Boolean(true)]];
        let text = insert_statements("dm.t", &[column("n", true), column("a\"b", false)], &rows);
        assert_eq!(text, "INSERT INTO dm.t (\"n\", \"a\"\"b\") VALUES\n  (2.50, 'O''Hara'),\n  (NULL, true);\n");
    }
}
