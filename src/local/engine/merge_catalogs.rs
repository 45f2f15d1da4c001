//! Two changes of one catalog, put together: what happens when a database is made or removed (which takes no writer's lock) while a
//! transaction is writing.

use std::collections::BTreeMap;

use super::catalog::{Catalog, Database, LakeDatabase, Schema};

/// The catalog with what `mine` and what `theirs` changed of `base`; `None` when both changed the same thing differently.
pub fn merged(base: &Catalog, mine: &Catalog, theirs: &Catalog) -> Option<Catalog> {
    Some(Catalog {
        warehouse: maps(&base.warehouse, &mine.warehouse, &theirs.warehouse, database)?,
        lake: maps(&base.lake, &mine.lake, &theirs.lake, lake_database)?,
        prepared: maps(&base.prepared, &mine.prepared, &theirs.prepared, |base, mine, theirs| maps(base, mine, theirs, whole))?,
    })
}

fn database(base: &Database, mine: &Database, theirs: &Database) -> Option<Database> {
    Some(Database {
        schemas: maps(&base.schemas, &mine.schemas, &theirs.schemas, schema)?,
        models: maps(&base.models, &mine.models, &theirs.models, whole)?,
    })
}

fn schema(base: &Schema, mine: &Schema, theirs: &Schema) -> Option<Schema> {
    Some(Schema {
        external: one(&base.external, &mine.external, &theirs.external)?,
        relations: maps(&base.relations, &mine.relations, &theirs.relations, whole)?,
        comment: one(&base.comment, &mine.comment, &theirs.comment)?,
    })
}

fn lake_database(base: &LakeDatabase, mine: &LakeDatabase, theirs: &LakeDatabase) -> Option<LakeDatabase> {
    Some(LakeDatabase {
        comment: one(&base.comment, &mine.comment, &theirs.comment)?,
        location: one(&base.location, &mine.location, &theirs.location)?,
        properties: one(&base.properties, &mine.properties, &theirs.properties)?,
        tables: maps(&base.tables, &mine.tables, &theirs.tables, whole)?,
    })
}

/// What cannot be put together from two changes.
fn whole<T>(_: &T, _: &T, _: &T) -> Option<T> {
    None
}

/// The one of the two that has changed, or either when both have become the same.
fn one<T: PartialEq + Clone>(base: &T, mine: &T, theirs: &T) -> Option<T> {
    if mine == base || mine == theirs {
        Some(theirs.clone())
    } else if theirs == base {
        Some(mine.clone())
    } else {
        None
    }
}

fn maps<K: Ord + Clone, V: PartialEq + Clone>(
    base: &BTreeMap<K, V>,
    mine: &BTreeMap<K, V>,
    theirs: &BTreeMap<K, V>,
    both: fn(&V, &V, &V) -> Option<V>,
) -> Option<BTreeMap<K, V>> {
    let mut merged = BTreeMap::new();
    // What is in `base` only was removed by both.
    for key in mine.keys().chain(theirs.keys().filter(|key| !mine.contains_key(*key))) {
        let (base, mine, theirs) = (base.get(key), mine.get(key), theirs.get(key));
        let value = match (one(&base, &mine, &theirs), base, mine, theirs) {
            (Some(value), ..) => value.cloned(),
            (None, Some(base), Some(mine), Some(theirs)) => Some(both(base, mine, theirs)?),
            (None, ..) => return None,
        };
        if let Some(value) = value {
            merged.insert(key.clone(), value);
        }
    }
    Some(merged)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use super::super::catalog::{DataFile, PUBLIC, Relation, TableDef};
    use super::*;

    fn table(rows: u64) -> Relation {
        let files = vec![DataFile { name: format!("{rows}.parquet"), rows, bytes: 1 }];
        Relation::Table(Arc::new(TableDef { files, ..TableDef::default() }))
    }

    fn put(catalog: &Catalog, name: &str, rows: u64) -> Catalog {
        let mut changed = catalog.clone();
        changed.schema_mut("bankdm", PUBLIC).unwrap().relations.insert(name.into(), table(rows));
        changed
    }

    fn base() -> Catalog {
        let catalog = Catalog { warehouse: BTreeMap::from([("bankdm".to_owned(), Database::default())]), ..Catalog::default() };
        put(&catalog, "data", 1)
    }

    #[test]
    fn changes_of_different_things_are_both_kept() {
        let base = base();
        let mine = put(&base, "data", 2);
        let mut theirs = put(&base, "orders", 7);
        theirs.warehouse.insert("other".into(), Database::default());
        theirs.lake.insert("lake".into(), LakeDatabase::default());
        let merged = merged(&base, &mine, &theirs).unwrap();
        let relations = &merged.schema("bankdm", PUBLIC).unwrap().relations;
        assert_eq!(relations["data"], table(2));
        assert_eq!(relations["orders"], table(7));
        assert!(merged.warehouse.contains_key("other") && merged.lake.contains_key("lake"));
    }

    #[test]
    fn what_one_removes_stays_removed() {
        let base = put(&base(), "orders", 7);
        let mut theirs = base.clone();
        theirs.schema_mut("bankdm", PUBLIC).unwrap().relations.remove("orders");
        let merged = merged(&base, &put(&base, "data", 2), &theirs).unwrap();
        assert_eq!(merged.schema("bankdm", PUBLIC).unwrap().relations.keys().collect::<Vec<_>>(), ["data"]);
    }

    #[test]
    fn two_changes_of_one_thing_cannot_be_put_together() {
        let base = base();
        assert!(merged(&base, &put(&base, "data", 2), &put(&base, "data", 3)).is_none());
        assert!(merged(&base, &put(&base, "data", 2), &Catalog::default()).is_none(), "its database is gone");
        assert!(merged(&base, &put(&base, "new", 2), &put(&base, "new", 2)).is_some(), "the same change twice is one");
    }
}
