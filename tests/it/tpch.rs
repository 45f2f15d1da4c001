//! The 22 queries of TPC-H in Redshift's dialect, at scale factor 0.1, against the answers of another engine over the same data
//! (`tests/tpch/answers.py` says how they were made).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fmt::{Display, Write as _};
use std::path::{Path, PathBuf};

use shiftdeck::local::engine::Dialect;
use tpchgen::generators::{
    CustomerGenerator, LineItemGenerator, NationGenerator, OrderGenerator, PartGenerator, PartSuppGenerator, RegionGenerator,
    SupplierGenerator,
};

use crate::common::sql::Sql;

const SCALE: f64 = 0.1;

const TABLES: [(&str, &str); 8] = [
    ("region", "r_regionkey int, r_name char(25), r_comment varchar(152)"),
    ("nation", "n_nationkey int, n_name char(25), n_regionkey int, n_comment varchar(152)"),
    (
        "supplier",
        "s_suppkey int, s_name char(25), s_address varchar(40), s_nationkey int, s_phone char(15), s_acctbal decimal(12,2), s_comment varchar(101)",
    ),
    (
        "part",
        "p_partkey int, p_name varchar(55), p_mfgr char(25), p_brand char(10), p_type varchar(25), p_size int, p_container char(10),
         p_retailprice decimal(12,2), p_comment varchar(23)",
    ),
    ("partsupp", "ps_partkey int, ps_suppkey int, ps_availqty int, ps_supplycost decimal(12,2), ps_comment varchar(199)"),
    (
        "customer",
        "c_custkey int, c_name varchar(25), c_address varchar(40), c_nationkey int, c_phone char(15), c_acctbal decimal(12,2),
         c_mktsegment char(10), c_comment varchar(117)",
    ),
    (
        "orders",
        "o_orderkey bigint, o_custkey int, o_orderstatus char(1), o_totalprice decimal(12,2), o_orderdate date, o_orderpriority char(15),
         o_clerk char(15), o_shippriority int, o_comment varchar(79)",
    ),
    (
        "lineitem",
        "l_orderkey bigint, l_partkey int, l_suppkey int, l_linenumber int, l_quantity decimal(12,2), l_extendedprice decimal(12,2),
         l_discount decimal(12,2), l_tax decimal(12,2), l_returnflag char(1), l_linestatus char(1), l_shipdate date, l_commitdate date,
         l_receiptdate date, l_shipinstruct char(25), l_shipmode char(10), l_comment varchar(44)",
    ),
];

fn lines<T: Display>(rows: impl Iterator<Item = T>) -> String {
    rows.fold(String::new(), |mut text, row| {
        write!(text, "{row}").unwrap();
        // The generator ends each line with a delimiter.
        text.pop();
        text.push('\n');
        text
    })
}

/// A table as the generator prints it, with `|` between the fields.
fn generated(table: &str) -> String {
    match table {
        "region" => lines(RegionGenerator::new(SCALE, 1, 1).iter()),
        "nation" => lines(NationGenerator::new(SCALE, 1, 1).iter()),
        "supplier" => lines(SupplierGenerator::new(SCALE, 1, 1).iter()),
        "part" => lines(PartGenerator::new(SCALE, 1, 1).iter()),
        "partsupp" => lines(PartSuppGenerator::new(SCALE, 1, 1).iter()),
        "customer" => lines(CustomerGenerator::new(SCALE, 1, 1).iter()),
        "orders" => lines(OrderGenerator::new(SCALE, 1, 1).iter()),
        "lineitem" => lines(LineItemGenerator::new(SCALE, 1, 1).iter()),
        other => panic!("no table {other}"),
    }
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tpch")
}

/// A number is the same to a cent, or to a millionth of itself: averages and quotients have the digits of each engine's own types.
/// Everything else is the same to the letter, but for the blanks behind a CHAR.
fn same(ours: &str, theirs: &str) -> bool {
    match (ours.parse::<f64>(), theirs.parse::<f64>()) {
        (Ok(ours), Ok(theirs)) => (ours - theirs).abs() <= 0.01_f64.max(theirs.abs() * 1e-6),
        _ => ours.trim_end() == theirs.trim_end(),
    }
}

#[tokio::test]
async fn the_22_queries_of_tpch_answer_as_another_engine_does() {
    let warehouse = Sql::new().await;
    let export = std::env::var_os("SHIFTDECK_TPCH_DATA").map(PathBuf::from);
    let began = std::time::Instant::now();
    for (table, columns) in TABLES {
        let text = generated(table);
        if let Some(export) = &export {
            std::fs::write(export.join(format!("{table}.tbl")), &text).unwrap();
        }
        warehouse.objects.put("lake", &format!("tpch/{table}.tbl"), text, None).unwrap();
        warehouse.redshift(&format!("CREATE TABLE {table} ({columns})")).await;
        warehouse.redshift(&format!("COPY {table} FROM 's3://lake/tpch/{table}.tbl' IAM_ROLE default DELIMITER '|'")).await;
    }
    println!("generated and loaded in {:.1} s", began.elapsed().as_secs_f64());
    let mut wrong = Vec::new();
    for number in 1..=22 {
        let sql = std::fs::read_to_string(directory().join(format!("queries/q{number:02}.sql"))).unwrap();
        let began = std::time::Instant::now();
        let rows = match warehouse.ask(Dialect::Redshift, &sql).await {
            Ok(answer) => answer.rows,
            Err(error) => {
                wrong.push(format!("query {number}: {error}"));
                continue;
            }
        };
        println!("query {number}: {} rows in {:.3} s", rows.len(), began.elapsed().as_secs_f64());
        let expected = std::fs::read_to_string(directory().join(format!("answers/q{number:02}.txt"))).unwrap();
        let expected: Vec<&str> = expected.lines().collect();
        if rows.len() != expected.len() {
            wrong.push(format!("query {number}: {} rows, not {}", rows.len(), expected.len()));
        }
        let differs = rows.iter().zip(&expected).find(|(ours, theirs)| {
            let (ours, theirs): (Vec<&str>, Vec<&str>) = (ours.split('|').collect(), theirs.split('|').collect());
            ours.len() != theirs.len() || !ours.iter().zip(&theirs).all(|(ours, theirs)| same(ours, theirs))
        });
        if let Some((ours, theirs)) = differs {
            wrong.push(format!("query {number}:\n  ours   {ours}\n  theirs {theirs}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
