//! The system's views: what clients and people ask for, with true contents.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use crate::common::sql::Sql;

async fn sample() -> Sql {
    let sql = Sql::new().await;
    sql.put("ext/day=1/a.csv", "1,x\n");
    sql.athena(
        "CREATE EXTERNAL TABLE ext (id int, what string) PARTITIONED BY (day int)
         ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION 's3://lake/ext/'",
    )
    .await;
    sql.athena("MSCK REPAIR TABLE ext").await;
    sql.all(&[
        "CREATE SCHEMA dm",
        "CREATE TABLE dm.data (id int NOT NULL PRIMARY KEY, job varchar(12) DEFAULT 'none' ENCODE lzo, rate decimal(7,3), UNIQUE (job)) DISTKEY(id) SORTKEY(rate, job)",
        "CREATE TABLE dm.child (id int REFERENCES dm.data (id))",
        "INSERT INTO dm.data VALUES (1, 'a', 1), (2, 'b', 2)",
        "CREATE VIEW dm.v AS SELECT job FROM dm.data",
        "CREATE MATERIALIZED VIEW dm.m AUTO REFRESH YES AS SELECT count(*) AS n FROM dm.data",
        "CREATE EXTERNAL SCHEMA lake FROM DATA CATALOG DATABASE 'bankdm' IAM_ROLE 'arn:x'",
        "COMMENT ON TABLE dm.data IS 'customers'",
        "COMMENT ON COLUMN dm.data.rate IS 'it''s a rate'",
        "COMMENT ON SCHEMA dm IS 'data mining'",
    ])
    .await;
    sql
}

#[tokio::test]
async fn tables_and_columns_of_every_kind() {
    let sql = sample().await;
    assert_eq!(
        sql.redshift(
            "SELECT table_schema, table_name, table_type, remarks FROM svv_tables WHERE table_schema IN ('dm', 'lake') ORDER BY 1, 2"
        )
        .await,
        ["dm|child|BASE TABLE|∅", "dm|data|BASE TABLE|customers", "dm|m|VIEW|∅", "dm|v|VIEW|∅", "lake|ext|EXTERNAL TABLE|∅"]
    );
    assert_eq!(
        sql.redshift(
            "SELECT column_name, data_type, character_maximum_length, numeric_precision, column_default, is_nullable, remarks
            FROM svv_all_columns WHERE table_name = 'data' ORDER BY ordinal_position"
        )
        .await,
        ["id|integer|∅|32|∅|NO|∅", "job|character varying|12|∅|'none'|YES|∅", "rate|numeric|∅|7|∅|YES|it's a rate"]
    );
    let mut session = sql.session();
    let definitions = "SELECT \"column\", type, encoding, distkey, sortkey, \"notnull\" FROM pg_table_def WHERE tablename = 'data'";
    assert_eq!(sql.within(&mut session, definitions).await.unwrap().rows, Vec::<String>::new());
    sql.all_within(&mut session, &["SET search_path TO dm, public"]).await;
    assert_eq!(
        sql.within(&mut session, definitions).await.unwrap().rows,
        ["id|integer|none|true|0|true", "job|character varying(12)|lzo|false|2|false", "rate|numeric(7,3)|none|false|1|false"]
    );
    assert_eq!(
        sql.redshift("SELECT \"table\", diststyle, sortkey1, sortkey_num, tbl_rows FROM svv_table_info WHERE \"table\" = 'data'").await,
        ["data|KEY(id)|rate|2|2"]
    );
    assert_eq!(
        sql.redshift("SELECT columnname, external_type, columnnum, part_key FROM svv_external_columns WHERE tablename = 'ext'").await,
        ["id|int|1|0", "what|string|2|0", "day|int|3|1"]
    );
    assert_eq!(sql.redshift("SELECT \"values\", location FROM svv_external_partitions").await, ["[\"1\"]|s3://lake/ext/day=1/"]);
    assert_eq!(
        sql.redshift("SELECT schema_name, schema_type FROM svv_all_schemas WHERE source_database = 'bankdm'").await,
        ["lake|external"]
    );
    assert_eq!(sql.redshift("SELECT name, autorefresh FROM svv_mv_info").await, ["m|true"]);
    assert_eq!(
        sql.athena("SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'ext'").await,
        ["id|integer", "what|varchar", "day|integer"]
    );
}

#[tokio::test]
async fn pg_catalog_joins_as_clients_join_it() {
    let sql = sample().await;
    let columns = "SELECT n.nspname, c.relname, a.attname, format_type, a.attnotnull, d.adsrc, e.description
        FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        JOIN (SELECT oid AS type, typname AS format_type FROM pg_type) t ON t.type = a.atttypid
        LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        LEFT JOIN pg_catalog.pg_description e ON e.objoid = c.oid AND e.objsubid = a.attnum
        WHERE n.nspname = 'dm' AND c.relkind = 'r' AND c.relname = 'data' ORDER BY a.attnum";
    assert_eq!(
        sql.redshift(columns).await,
        ["dm|data|id|int4|true|∅|∅", "dm|data|job|varchar|false|'none'|∅", "dm|data|rate|numeric|false|∅|it's a rate"]
    );
    assert_eq!(
        sql.redshift("SELECT conname, contype, conkey FROM pg_constraint ORDER BY conname").await,
        ["child_id_fkey|f|{1}", "data_job_key|u|{2}", "data_pkey|p|{1}"]
    );
    assert_eq!(
        sql.redshift("SELECT constraint_name, column_name FROM information_schema.key_column_usage WHERE table_name = 'data' ORDER BY 1")
            .await,
        ["data_job_key|job", "data_pkey|id"]
    );
    assert_eq!(sql.redshift("SELECT description FROM pg_description d JOIN pg_namespace n ON n.oid = d.objoid").await, ["data mining"]);
    assert_eq!(sql.redshift("SELECT usename, usesuper FROM pg_user").await, ["admin|true"]);
    assert_eq!(sql.redshift("SELECT datname FROM pg_database").await, ["bankdm"]);
    assert_eq!(sql.redshift("SELECT viewname FROM pg_views WHERE schemaname = 'dm' ORDER BY 1").await, ["m", "v"]);
    let mut session = sql.session();
    sql.all_within(&mut session, &["SET query_group TO 'x'"]).await;
    let settings = sql.within(&mut session, "SELECT setting, source FROM pg_settings WHERE name = 'query_group'").await.unwrap();
    assert_eq!(settings.rows, ["x|session"]);
    assert!(sql.refused("SELECT * FROM stl_nothing").await.starts_with("ERROR: relation \"stl_nothing\" does not exist"));
}

#[tokio::test]
async fn statements_are_remembered_without_their_secrets() {
    let sql = sample().await;
    let mut session = sql.session();
    sql.all_within(&mut session, &["SET query_group TO 'night'", "SELECT id FROM dm.data"]).await;
    assert!(sql.within(&mut session, "SELECT nothing FROM dm.data").await.is_err());
    assert!(sql.within(&mut session, "COPY dm.data FROM 's3://lake/none' CREDENTIALS 'aws_secret_access_key=hidden' CSV").await.is_err());
    let sql = sql.reopened().await;
    let found = sql
        .redshift(
            "SELECT query_type, status, returned_rows, query_label, query_text FROM sys_query_history
             WHERE query_label = 'night' ORDER BY query_id",
        )
        .await;
    assert_eq!(
        found,
        [
            "SELECT|success|2|night|SELECT id FROM dm.data",
            "SELECT|failed|0|night|SELECT nothing FROM dm.data",
            "COPY|failed|0|night|COPY dm.data FROM 's3://lake/none' CREDENTIALS '***' CSV"
        ]
    );
    assert_eq!(sql.redshift("SELECT count(*) FROM stl_query WHERE label = 'night' AND aborted = 1").await, ["2"]);
    assert_eq!(sql.redshift("SELECT text FROM stv_inflight").await, ["SELECT text FROM stv_inflight"]);
    assert_eq!(sql.redshift("SELECT count(*) FROM stv_sessions").await, ["1"]);
    assert_eq!(sql.redshift("SELECT count(*) > 10 AND count(DISTINCT query) = count(*) FROM svl_qlog").await, ["true"]);
}

#[tokio::test]
async fn show_tells_how_a_table_is_made() {
    let sql = sample().await;
    assert_eq!(
        sql.redshift("SHOW TABLE dm.data").await,
        [
            "CREATE TABLE dm.data (\n    id integer NOT NULL,\n    job character varying(12) DEFAULT 'none' ENCODE lzo,\n    rate numeric(7,3),\n    PRIMARY KEY (id),\n    UNIQUE (job)\n)\nDISTSTYLE KEY\nDISTKEY (id)\nSORTKEY (rate, job);"
        ]
    );
    assert_eq!(
        sql.redshift("SHOW VIEW dm.m").await,
        ["CREATE MATERIALIZED VIEW dm.m AUTO REFRESH YES AS SELECT count(*) AS n FROM dm.data;"]
    );
    assert_eq!(sql.redshift("SHOW COLUMNS FROM TABLE bankdm.dm.child").await, ["bankdm|dm|child|id|1|∅|YES|integer"]);
}
