//! `EXPLAIN` in the form of each service.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use shiftdeck::ops::query::plan;

use crate::common::sql::Sql;

const TABLES: [&str; 6] = [
    "CREATE SCHEMA dm",
    "CREATE TABLE dm.data (id int, job varchar(12), age int, rate decimal(7,3)) DISTKEY (id) SORTKEY (id)",
    "CREATE TABLE dm.calls (id int, at date, seconds int) DISTKEY (id) SORTKEY (id)",
    "CREATE TABLE dm.jobs (job varchar(12), title varchar(40)) DISTSTYLE ALL",
    "INSERT INTO dm.data SELECT n, 'job ' || (n % 7)::varchar, 20 + n % 50, n / 10.0 FROM generate_series(1, 1000) AS n",
    "INSERT INTO dm.calls SELECT n % 1000, '2024-01-01'::date + n % 30, n FROM generate_series(1, 3000) AS n",
];

async fn warehouse() -> Sql {
    let sql = Sql::new().await;
    sql.all(&TABLES).await;
    sql.all(&["INSERT INTO dm.jobs VALUES ('job 1', 'one'), ('job 2', 'two')"]).await;
    sql
}

/// What `EXPLAIN` prints, as one text.
async fn explained(sql: &Sql, query: &str) -> String {
    sql.redshift(&format!("EXPLAIN {query}")).await.join("\n")
}

/// The lines without their figures.
fn shape(plan: &str) -> Vec<String> {
    plan.lines().map(|line| line.split("  (cost=").next().unwrap_or(line).to_owned()).collect()
}

#[tokio::test]
async fn a_grouped_and_sorted_query_is_merged_on_the_leader() {
    let sql = warehouse().await;
    let plan = explained(&sql, "SELECT job, count(*) AS n FROM dm.data WHERE age > 30 GROUP BY job ORDER BY n DESC LIMIT 3").await;
    assert_eq!(
        shape(&plan),
        [
            "XN Limit",
            "  ->  XN Merge",
            "        Merge Key: count(*)",
            "        ->  XN Network",
            "              Send to leader",
            "              ->  XN Sort",
            "                    Sort Key: count(*)",
            "                    ->  XN HashAggregate",
            "                          ->  XN Seq Scan on data",
            "                                Filter: (age > 30)",
        ],
        "{plan}"
    );
    let last = plan.lines().rev().nth(1).unwrap();
    assert!(last.ends_with("(cost=0.00..12.50 rows=333 width=6)"), "{last}");
    assert!(plan.starts_with("XN Limit  (cost=10000000000"), "a sort is dear: {plan}");
}

#[tokio::test]
async fn joins_say_where_their_rows_go() {
    let sql = warehouse().await;
    let plan = explained(&sql, "SELECT d.age, c.seconds FROM dm.data d JOIN dm.calls c ON d.id = c.id").await;
    assert_eq!(
        shape(&plan),
        [
            "XN Merge Join DS_DIST_NONE",
            "  Merge Cond: (\"outer\".id = \"inner\".id)",
            "  ->  XN Seq Scan on calls c",
            "  ->  XN Seq Scan on data d",
        ],
        "{plan}"
    );
    let plan = explained(&sql, "SELECT d.age, j.title FROM dm.data d LEFT JOIN dm.jobs j ON d.job = j.job").await;
    assert_eq!(
        shape(&plan),
        [
            "XN Hash Left Join DS_DIST_ALL_NONE",
            "  Hash Cond: (\"outer\".job = \"inner\".job)",
            "  ->  XN Seq Scan on data d",
            "  ->  XN Hash",
            "        ->  XN Seq Scan on jobs j",
        ],
        "{plan}"
    );
    let plan = explained(&sql, "SELECT count(*) FROM dm.data d, dm.calls c WHERE d.age = c.seconds").await;
    assert!(plan.contains("XN Hash Join DS_DIST_BOTH"), "{plan}");
    let plan =
        explained(&sql, "SELECT count(*) FROM dm.calls c, (SELECT age FROM dm.data WHERE id = 3 AND age = 4) d WHERE d.age = c.seconds")
            .await;
    assert!(plan.contains("XN Hash Join DS_BCAST_INNER"), "{plan}");
    let plan = explained(&sql, "SELECT count(*) FROM dm.data a, dm.data b WHERE a.age < b.age").await;
    assert!(plan.contains("XN Nested Loop DS_BCAST_INNER") && plan.contains("Join Filter: (\""), "{plan}");
    assert!(plan.ends_with("----- Nested Loop Join in the query plan - review the join predicates to avoid Cartesian products -----"));
}

#[tokio::test]
async fn every_kind_of_step_has_its_name() {
    let sql = warehouse().await;
    for (query, wanted) in [
        ("SELECT sum(age) FROM dm.data", vec!["XN Aggregate", "XN Seq Scan on data"]),
        ("SELECT 1", vec!["XN Result"]),
        ("SELECT id FROM dm.data UNION ALL SELECT id FROM dm.calls", vec!["XN Append", "XN Subquery Scan \"*SELECT* 2\""]),
        ("SELECT id FROM dm.data UNION SELECT id FROM dm.calls", vec!["XN HashAggregate", "XN Append"]),
        (
            "SELECT job, rank() OVER (PARTITION BY job ORDER BY age) FROM dm.data",
            vec!["XN Window", "Partition: job", "Order: age", "XN Sort", "Sort Key: job, age", "XN Network", "Distribute"],
        ),
        ("SELECT max(n) FROM (SELECT job, count(*) AS n FROM dm.data GROUP BY job) t", vec!["XN Aggregate", "XN Subquery Scan t"]),
        ("SELECT id FROM dm.data WHERE id IN (SELECT id FROM dm.calls)", vec!["XN Hash IN Join DS_DIST_NONE"]),
        ("SELECT id FROM dm.data WHERE job LIKE 'a%' AND rate IN (1, 2)", vec!["(job)::text ~~ 'a%'::text"]),
        ("SELECT count(*) FROM pg_class", vec!["LD Seq Scan on pg_class"]),
        ("DELETE FROM dm.data WHERE id = 1", vec!["XN Seq Scan on data", "Filter: (id = 1)"]),
    ] {
        let plan = explained(&sql, query).await;
        for part in wanted {
            assert!(plan.contains(part), "{query} lacks {part}:\n{plan}");
        }
        no_words_of_the_engine(&plan);
        let tree = plan::read(&plan.lines().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(tree.nodes.len(), plan.matches("  (cost=").count(), "{plan}");
    }
}

fn no_words_of_the_engine(plan: &str) {
    for word in ["Exec", "Projection", "SubqueryAlias", "TableScan:", "__", "Utf8", "Int64", "Repartition", "super_", "to_int"] {
        assert!(!plan.contains(word), "{word} is no word of the service:\n{plan}");
    }
}

const LAKE: &str = "CREATE EXTERNAL TABLE people (id bigint, job string, age int) PARTITIONED BY (day string) \
                    ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION 's3://lake/people/'";

async fn lake() -> Sql {
    let sql = Sql::new().await;
    sql.put("people/day=1/a.csv", "1,admin,40\n2,maid,20\n3,admin,50\n");
    sql.put("people/day=2/a.csv", "4,admin,41\n");
    sql.athena(LAKE).await;
    sql.athena("MSCK REPAIR TABLE people").await;
    sql
}

#[tokio::test]
async fn the_warehouse_reads_the_lake_by_s3_steps() {
    let sql = lake().await;
    sql.all(&["CREATE EXTERNAL SCHEMA s3 FROM DATA CATALOG DATABASE 'bankdm' IAM_ROLE default"]).await;
    let plan = explained(&sql, "SELECT job FROM s3.people WHERE age > 30 AND day = '1'").await;
    assert_eq!(
        shape(&plan),
        [
            "XN Partition Loop",
            "  ->  XN Seq Scan PartitionInfo of s3.people",
            "        Filter: ((day)::text = '1'::text)",
            "  ->  XN S3 Query Scan people",
            "        ->  S3 Seq Scan s3.people location:\"s3://lake/people/\" format:TEXT",
            "              Filter: (age > 30)",
        ],
        "{plan}"
    );
}

#[tokio::test]
async fn the_lake_explains_fragments() {
    let sql = lake().await;
    let query = "SELECT job, count(*) AS n FROM people WHERE age > 30 GROUP BY job ORDER BY n DESC";
    let plan = sql.athena(&format!("EXPLAIN {query}")).await.join("\n");
    for part in [
        "Fragment 0 [SINGLE]",
        "    Output[columnNames = [job, n]]",
        "    └─ RemoteMerge[sourceFragmentIds = [1]]",
        "Fragment 1 [ROUND_ROBIN]",
        "LocalMerge[orderBy = [count DESC NULLS LAST]]",
        "Fragment 2 [HASH]",
        "Aggregate(FINAL)[job]",
        "count := count(count_0)",
        "Aggregate(PARTIAL)[job]",
        "Fragment 3 [SOURCE]",
        "Output partitioning: HASH [job]",
        "ScanFilter[table = awsdatacatalog:bankdm:people, filterPredicate = (age > INTEGER '30')]",
        "age := age:int:REGULAR",
        "Layout: [job:varchar, count:bigint]",
        "Estimates: {rows: ",
    ] {
        assert!(plan.contains(part), "lacks {part}:\n{plan}");
    }
    no_words_of_the_engine(&plan);
    let tree = plan::read(&plan.lines().map(str::to_owned).collect::<Vec<_>>());
    assert!(tree.nodes.iter().any(|node| node.title.starts_with("ScanFilter[") && node.rows.is_some()), "{tree:#?}");
    let logical = sql.athena(&format!("EXPLAIN (TYPE LOGICAL) {query}")).await.join("\n");
    assert!(logical.starts_with("Output[columnNames") && logical.contains("RemoteExchange[type = REPARTITION]"), "{logical}");
    let join = sql.athena("EXPLAIN SELECT a.id FROM people a JOIN people b ON a.id = b.id WHERE a.day = '1'").await.join("\n");
    assert!(join.contains("InnerJoin[criteria = ") && join.contains("BROADCAST []"), "{join}");
}

#[tokio::test]
async fn explain_says_what_is_read_and_whether_it_is_valid() {
    let sql = lake().await;
    let io = sql.athena("EXPLAIN (TYPE IO, FORMAT JSON) SELECT id FROM people WHERE day = '1'").await.join("\n");
    let document: serde_json::Value = serde_json::from_str(&io).unwrap();
    let table = &document["inputTableColumnInfos"][0];
    assert_eq!(table["table"]["schemaTable"]["table"], "people");
    let day = &table["constraint"]["columnConstraints"][0];
    assert_eq!((day["columnName"].as_str(), day["domain"]["ranges"][0]["low"]["value"].as_str()), (Some("day"), Some("1")));
    assert_eq!(sql.athena("EXPLAIN (TYPE VALIDATE) SELECT id FROM people").await, ["true"]);
    assert!(sql.athena_refused("EXPLAIN (TYPE VALIDATE) SELECT nothing FROM people").await.contains("nothing"));
    let json = sql.athena("EXPLAIN (FORMAT JSON) SELECT job, count(*) FROM people GROUP BY job").await.join("\n");
    let document: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(document["0"]["name"], "Output");
    assert!(sql.athena_refused("EXPLAIN (FORMAT GRAPHVIZ) SELECT 1").await.contains("GRAPHVIZ"));
    assert!(sql.athena_refused("EXPLAIN (TYPE NONSENSE) SELECT 1").await.contains("NONSENSE"));
}

#[tokio::test]
async fn explain_analyze_counts_the_rows_that_there_were() {
    let sql = lake().await;
    let done = sql.try_athena("EXPLAIN ANALYZE SELECT job, count(*) FROM people WHERE age > 30 GROUP BY job").await.unwrap();
    let plan = done.rows.join("\n");
    assert!(plan.starts_with("Queued: ") && plan.contains("Execution: "), "{plan}");
    let scan = plan.lines().skip_while(|line| !line.contains("ScanFilter[")).find(|line| line.contains("Output: ")).unwrap();
    assert!(scan.ends_with("Output: 3 rows"), "{plan}");
    let group = plan.lines().skip_while(|line| !line.contains("Aggregate(FINAL)")).find(|line| line.contains("Output: ")).unwrap();
    assert!(group.ends_with("Output: 1 rows"), "{plan}");
    assert!(done.scanned > 0, "it was run");
}
