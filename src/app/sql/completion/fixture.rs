//! A made-up catalog, for tests and measurements.

use crate::app::sql::catalog::{Catalog, CatalogColumn, Relation, RelationKind, Schema};

/// Two schemas with `tables` tables of `columns` columns each: `s0.t0` with `column_0`, and so on.
pub fn catalog(tables: usize, columns: usize) -> Catalog {
    let relation = |table: usize| Relation {
        name: format!("t{table}"),
        kind: RelationKind::Table,
        columns: (0..columns)
            .map(|column| CatalogColumn {
                name: format!("column_{column}"),
                type_name: if column % 2 == 0 { "integer" } else { "varchar(20)" }.into(),
            })
            .collect(),
        location: None,
        gives: None,
    };
    let schema = |name: &str| Schema { name: name.into(), relations: (0..tables).map(relation).collect() };
    Catalog {
        database: "dev".into(),
        default_schema: "s0".into(),
        schemas: vec![schema("s0"), schema("s1")],
        version: 1,
        ..Catalog::default()
    }
}
