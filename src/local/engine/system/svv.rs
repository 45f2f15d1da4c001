//! `svv_…`: tables, columns and schemas of the warehouse with those of external schemas.

use super::Kind::{Bool, Float, Int, Long, Text};
use super::{Kind, Snapshot, USER_ID, View, bare, encoding, pg, sizes, some, sort_position, truth, yes};
use crate::local::engine::parse::DistStyle;
use crate::local::engine::rows::Rows;
use crate::local::engine::{models, types::ColumnType};

const ALL_TABLES: &[(&str, Kind)] =
    &[("database_name", Text), ("schema_name", Text), ("table_name", Text), ("table_type", Text), ("table_acl", Text), ("remarks", Text)];
const SCHEMAS: &[(&str, Kind)] = &[
    ("database_name", Text),
    ("schema_name", Text),
    ("schema_owner", Int),
    ("schema_type", Text),
    ("schema_acl", Text),
    ("source_database", Text),
    ("schema_option", Text),
];

pub(super) const VIEWS: &[View] = &[
    View {
        name: "svv_tables",
        columns: &[("table_catalog", Text), ("table_schema", Text), ("table_name", Text), ("table_type", Text), ("remarks", Text)],
        fill: tables,
        ordered: false,
    },
    View {
        name: "svv_columns",
        columns: &[
            ("table_catalog", Text),
            ("table_schema", Text),
            ("table_name", Text),
            ("column_name", Text),
            ("ordinal_position", Int),
            ("column_default", Text),
            ("is_nullable", Text),
            ("data_type", Text),
            ("character_maximum_length", Int),
            ("numeric_precision", Int),
            ("numeric_precision_radix", Int),
            ("numeric_scale", Int),
            ("datetime_precision", Int),
            ("interval_type", Text),
            ("interval_precision", Text),
            ("character_set_catalog", Text),
            ("character_set_schema", Text),
            ("character_set_name", Text),
            ("collation_catalog", Text),
            ("collation_schema", Text),
            ("collation_name", Text),
            ("domain_name", Text),
            ("remarks", Text),
        ],
        fill: columns_in_full,
        ordered: true,
    },
    View { name: "svv_all_tables", columns: ALL_TABLES, fill: all_tables, ordered: false },
    View {
        name: "svv_redshift_tables",
        columns: &[
            ("database_name", Text),
            ("schema_name", Text),
            ("table_name", Text),
            ("table_type", Text),
            ("table_acl", Text),
            ("remarks", Text),
            ("table_owner", Text),
        ],
        fill: redshift_tables,
        ordered: false,
    },
    View {
        name: "svv_all_columns",
        columns: &[
            ("database_name", Text),
            ("schema_name", Text),
            ("table_name", Text),
            ("column_name", Text),
            ("ordinal_position", Int),
            ("column_default", Text),
            ("is_nullable", Text),
            ("data_type", Text),
            ("character_maximum_length", Int),
            ("numeric_precision", Int),
            ("numeric_scale", Int),
            ("remarks", Text),
        ],
        fill: columns,
        ordered: true,
    },
    View {
        name: "svv_redshift_columns",
        columns: &[
            ("database_name", Text),
            ("schema_name", Text),
            ("table_name", Text),
            ("column_name", Text),
            ("ordinal_position", Int),
            ("data_type", Text),
            ("column_default", Text),
            ("is_nullable", Text),
            ("encoding", Text),
            ("distkey", Bool),
            ("sortkey", Int),
            ("column_acl", Text),
            ("remarks", Text),
        ],
        fill: redshift_columns,
        ordered: true,
    },
    View { name: "svv_all_schemas", columns: SCHEMAS, fill: all_schemas, ordered: false },
    View { name: "svv_redshift_schemas", columns: SCHEMAS, fill: redshift_schemas, ordered: false },
    View {
        name: "svv_redshift_databases",
        columns: &[
            ("database_name", Text),
            ("database_owner", Int),
            ("database_type", Text),
            ("database_acl", Text),
            ("database_options", Text),
            ("database_isolation_level", Text),
        ],
        fill: databases,
        ordered: false,
    },
    View {
        name: "svv_redshift_functions",
        columns: &[
            ("database_name", Text),
            ("schema_name", Text),
            ("function_name", Text),
            ("function_type", Text),
            ("argument_type", Text),
            ("result_type", Text),
        ],
        fill: functions,
        ordered: false,
    },
    View { name: "svv_external_databases", columns: &[("eskind", Int), ("databasename", Text)], fill: external_databases, ordered: false },
    View {
        name: "svv_external_schemas",
        columns: &[("schemaname", Text), ("databasename", Text), ("eskind", Int), ("esowner", Int), ("esoptions", Text)],
        fill: external_schemas,
        ordered: false,
    },
    View {
        name: "svv_external_tables",
        columns: &[
            ("schemaname", Text),
            ("tablename", Text),
            ("location", Text),
            ("input_format", Text),
            ("output_format", Text),
            ("serialization_lib", Text),
            ("serde_parameters", Text),
            ("compressed", Int),
            ("parameters", Text),
            ("tabletype", Text),
        ],
        fill: external_tables,
        ordered: false,
    },
    View {
        name: "svv_external_columns",
        columns: &[
            ("schemaname", Text),
            ("tablename", Text),
            ("columnname", Text),
            ("external_type", Text),
            ("columnnum", Int),
            ("part_key", Int),
            ("is_nullable", Text),
        ],
        fill: external_columns,
        ordered: true,
    },
    View {
        name: "svv_external_partitions",
        columns: &[("schemaname", Text), ("tablename", Text), ("values", Text), ("location", Text), ("serialization_lib", Text)],
        fill: external_partitions,
        ordered: false,
    },
    View {
        name: "svv_table_info",
        columns: &[
            ("database", Text),
            ("schema", Text),
            ("table_id", Long),
            ("table", Text),
            ("encoded", Text),
            ("diststyle", Text),
            ("sortkey1", Text),
            ("max_varchar", Int),
            ("sortkey_num", Int),
            ("size", Long),
            ("empty", Long),
            ("unsorted", Float),
            ("stats_off", Float),
            ("tbl_rows", Long),
            ("estimated_visible_rows", Long),
            ("create_time", Kind::Time),
        ],
        fill: table_info,
        ordered: false,
    },
    View {
        name: "svv_mv_info",
        columns: &[
            ("database_name", Text),
            ("schema_name", Text),
            ("user_name", Text),
            ("name", Text),
            ("is_stale", Text),
            ("autorewrite", Bool),
            ("autorefresh", Bool),
        ],
        fill: materialized_views,
        ordered: false,
    },
];

fn tables(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for relation in snapshot.relations {
        rows.push([
            some(snapshot.database()),
            some(&relation.schema),
            some(&relation.name),
            some(relation.plain_kind()),
            relation.comment(""),
        ]);
    }
}

fn columns_in_full(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for (relation, index, column) in snapshot.columns() {
        let [length, precision, scale] = sizes(&column.column_type);
        let radix = precision.as_ref().map(|_| if matches!(column.column_type, ColumnType::Decimal { .. }) { "10" } else { "2" });
        let moment = matches!(column.column_type, ColumnType::Time | ColumnType::Timestamp | ColumnType::TimestampTz).then_some("6");
        rows.push([
            some(snapshot.database()),
            some(&relation.schema),
            some(&relation.name),
            some(&column.name),
            some((index + 1).to_string()),
            pg::relations::default_of(relation, index, column),
            yes(column.nullable),
            some(bare(column.column_type.redshift_text())),
            length,
            precision,
            radix.map(str::to_owned),
            scale,
            moment.map(str::to_owned),
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            relation.comment(&column.name),
        ]);
    }
}

fn columns(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for (relation, index, column) in snapshot.columns() {
        let [length, precision, scale] = sizes(&column.column_type);
        rows.push([
            some(snapshot.database()),
            some(&relation.schema),
            some(&relation.name),
            some(&column.name),
            some((index + 1).to_string()),
            column.default.clone(),
            yes(column.nullable),
            some(bare(column.column_type.redshift_text())),
            length,
            precision,
            scale,
            relation.comment(&column.name),
        ]);
    }
}

/// `TABLE` is what these views call a table.
fn short(kind: &'static str) -> &'static str {
    if kind == "BASE TABLE" { "TABLE" } else { kind }
}

fn all_tables(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for relation in snapshot.relations {
        rows.push([
            some(snapshot.database()),
            some(&relation.schema),
            some(&relation.name),
            some(short(relation.plain_kind())),
            None,
            relation.comment(""),
        ]);
    }
}

fn redshift_tables(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for relation in snapshot.own() {
        rows.push([
            some(snapshot.database()),
            some(&relation.schema),
            some(&relation.name),
            some(short(relation.plain_kind())),
            None,
            relation.comment(""),
            some(snapshot.owner()),
        ]);
    }
}

fn redshift_columns(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for (relation, index, column) in snapshot.columns().filter(|(relation, ..)| !relation.lake) {
        let table = relation.table.as_ref();
        rows.push([
            some(snapshot.database()),
            some(&relation.schema),
            some(&relation.name),
            some(&column.name),
            some((index + 1).to_string()),
            some(column.column_type.redshift_text()),
            column.default.clone(),
            yes(column.nullable),
            table.map(|table| encoding(table, column)),
            truth(table.is_some_and(|table| table.attributes.dist_key.as_ref() == Some(&column.name))),
            some(table.map_or(0, |table| sort_position(table, column)).to_string()),
            None,
            relation.comment(&column.name),
        ]);
    }
}

fn schemas(snapshot: &Snapshot<'_>, rows: &mut Rows, external: bool) {
    for (name, schema) in snapshot.catalog().database(snapshot.database()).into_iter().flat_map(|known| &known.schemas) {
        if schema.external.is_some() && !external {
            continue;
        }
        let kind = if schema.external.is_some() { "external" } else { "local" };
        let source = schema.external.as_ref().map(|known| known.database.clone());
        rows.push([some(snapshot.database()), some(name), some(USER_ID), some(kind), None, source, None]);
    }
}

fn all_schemas(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    schemas(snapshot, rows, true);
}

fn redshift_schemas(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    schemas(snapshot, rows, false);
}

fn databases(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for name in snapshot.catalog().warehouse.keys() {
        rows.push([some(name), some(USER_ID), some("local"), None, None, some("Snapshot Isolation")]);
    }
}

fn functions(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for function in models::signatures(snapshot.catalog(), snapshot.database()).unwrap_or_default() {
        let types: Vec<String> = function.arguments.iter().map(|(_, kind)| pg::functions::written(kind)).collect();
        rows.push([
            some(snapshot.database()),
            some(&function.schema),
            some(&function.name),
            some("REGULAR FUNCTION"),
            some(types.join(", ")),
            some(pg::functions::written(&function.returns)),
        ]);
    }
}

fn external_databases(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    // 1 is the data catalog.
    snapshot.catalog().lake.keys().for_each(|name| rows.add(["1", name]));
}

fn external_schemas(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for (name, schema) in snapshot.catalog().database(snapshot.database()).into_iter().flat_map(|known| &known.schemas) {
        if let Some(external) = &schema.external {
            let options = serde_json::json!({ "IAM_ROLE": external.iam_role, "REGION": external.region }).to_string();
            rows.add([name, &external.database, "1", USER_ID, &options]);
        }
    }
}

/// Pairs of texts as JSON, which is how these views show them.
fn pairs(pairs: &[(String, String)]) -> String {
    let object: serde_json::Map<String, serde_json::Value> =
        pairs.iter().map(|(name, value)| (name.clone(), serde_json::Value::from(value.as_str()))).collect();
    serde_json::Value::Object(object).to_string()
}

fn external_tables(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for relation in snapshot.relations {
        let Some(table) = &relation.external else { continue };
        let (input, output) = table.format.files();
        rows.add([
            &relation.schema,
            &relation.name,
            &table.location,
            input,
            output,
            table.format.serde(),
            &pairs(table.format.serde_properties()),
            "0",
            &pairs(&table.properties),
            "EXTERNAL_TABLE",
        ]);
    }
}

fn external_columns(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for (relation, index, column) in snapshot.columns() {
        let Some(table) = &relation.external else { continue };
        let key = (index + 1).saturating_sub(table.columns.len());
        rows.push([
            some(&relation.schema),
            some(&relation.name),
            some(&column.name),
            some(column.column_type.hive_text()),
            some((index + 1).to_string()),
            some(key.to_string()),
            None,
        ]);
    }
}

fn external_partitions(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for relation in snapshot.relations {
        for partition in relation.external.iter().flat_map(|table| table.partitions.iter()) {
            let values = serde_json::json!(partition.values).to_string();
            let serde = relation.external.as_ref().map_or("", |table| table.format.serde());
            rows.add([&relation.schema, &relation.name, &values, &partition.location, serde]);
        }
    }
}

fn table_info(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for relation in snapshot.own() {
        let Some(table) = &relation.table else { continue };
        let attributes = &table.attributes;
        let style = match (attributes.dist_style, &attributes.dist_key) {
            (_, Some(key)) => format!("KEY({key})"),
            (Some(DistStyle::Even), _) => "EVEN".to_owned(),
            (Some(DistStyle::All), _) => "ALL".to_owned(),
            _ => "AUTO(EVEN)".to_owned(),
        };
        let bytes: u64 = table.files.iter().map(|file| file.bytes).sum();
        let longest = table.columns.iter().filter_map(|column| match column.column_type {
            ColumnType::Varchar(length) => length,
            _ => None,
        });
        let encoded = if attributes.columns.iter().any(|(_, known)| known.encode.is_some()) { "Y" } else { "Y, AUTO(ENCODE)" };
        let sort = attributes.sort_key.first().filter(|key| *key != "auto").cloned();
        rows.push([
            some(snapshot.database()),
            some(&relation.schema),
            some(relation.oid()),
            some(&relation.name),
            some(encoded),
            some(style),
            sort.or_else(|| some("AUTO(SORTKEY)")),
            some(longest.max().unwrap_or(0).to_string()),
            some(attributes.sort_key.len().to_string()),
            // `size` is in blocks of 1 MB.
            some(bytes.div_ceil(1 << 20).to_string()),
            some("0"),
            None,
            some("0"),
            some(table.rows().to_string()),
            some(table.rows().to_string()),
            None,
        ]);
    }
}

fn materialized_views(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for relation in snapshot.own() {
        let Some(view) = relation.table.as_ref().and_then(|table| table.materialized.as_ref()) else { continue };
        rows.push([
            some(snapshot.database()),
            some(&relation.schema),
            some(snapshot.owner()),
            some(&relation.name),
            None,
            truth(false),
            truth(view.auto_refresh),
        ]);
    }
}
