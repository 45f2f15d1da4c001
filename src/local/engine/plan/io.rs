//! `EXPLAIN (TYPE IO)`: which tables a statement reads and writes, as Trino's JSON.

use serde_json::{Value, json};

use super::super::catalog::TableName;
use super::{Domain, End, Node, Step};

/// The catalog that the tables of the lake are in, as Athena calls it.
const CATALOG: &str = "awsdatacatalog";

/// The document. What is written is known by its name.
pub(super) fn document(tree: &Node, written: Option<&TableName>) -> String {
    let mut inputs = Vec::new();
    collect(tree, &mut inputs);
    let mut document = json!({ "inputTableColumnInfos": inputs, "estimate": estimate(tree) });
    if let Some(name) = written {
        document["outputTable"] = table(&name.schema, &name.table);
    }
    // A document of values that are all representable.
    serde_json::to_string_pretty(&document).unwrap_or_default()
}

fn table(schema: &str, name: &str) -> Value {
    json!({ "catalog": CATALOG, "schemaTable": { "schema": schema, "table": name } })
}

fn collect(node: &Node, inputs: &mut Vec<Value>) {
    if let Step::Scan { about, table: name, domains, .. } = &node.step {
        let (schema, name) =
            about.as_ref().map_or(("information_schema", name.as_str()), |about| (about.name.schema.as_str(), about.name.table.as_str()));
        let constraints: Vec<Value> = domains.iter().map(domain).collect();
        inputs.push(json!({
            "table": self::table(schema, name),
            "constraint": { "none": false, "columnConstraints": constraints },
            "estimate": estimate(node),
        }));
    }
    for input in node.inputs.iter().chain(&node.scalars) {
        collect(input, inputs);
    }
}

/// What conditions leave of a partition column.
fn domain(domain: &Domain) -> Value {
    let end = |end: &End, beyond: &str| match end {
        Some((value, true)) => json!({ "value": value, "bound": "EXACTLY" }),
        Some((value, false)) => json!({ "value": value, "bound": beyond }),
        None => json!({ "bound": beyond }),
    };
    let ranges: Vec<Value> =
        domain.ranges.iter().map(|(low, high)| json!({ "low": end(low, "ABOVE"), "high": end(high, "BELOW") })).collect();
    json!({
        "columnName": domain.column,
        "type": domain.kind.trino_text(),
        "domain": { "nullsAllowed": false, "ranges": ranges },
    })
}

fn estimate(node: &Node) -> Value {
    let (rows, bytes) = (node.rows, node.rows * node.width());
    let read = match &node.step {
        Step::Scan { bytes, .. } => *bytes,
        _ => bytes,
    };
    json!({ "outputRowCount": rows, "outputSizeInBytes": bytes, "cpuCost": read, "maxMemory": 0.0, "networkCost": 0.0 })
}
