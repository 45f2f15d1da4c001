//! What clients of PostgreSQL ask of the warehouse's catalog: the queries of psql as it sends them, and those of JDBC drivers, with what is
//! there as their answers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use shiftdeck::local::engine::{BoundValue, Session};

use crate::common::sql::Sql;

/// What psql sends, by the names that the fixture gives.
const PSQL: &str = include_str!("../fixtures/psql_queries.sql");

/// A warehouse with keys, comments, views, an external schema and a model.
async fn sample() -> Sql {
    let sql = Sql::new().await;
    sql.put("ext/a.csv", "1,x\n");
    sql.athena("CREATE EXTERNAL TABLE ext (id int, what string) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION 's3://lake/ext/'")
        .await;
    sql.all(&[
        "CREATE SCHEMA dm",
        "CREATE TABLE dm.data (id int NOT NULL PRIMARY KEY, job varchar(12) DEFAULT 'none' ENCODE lzo, rate decimal(7,3), UNIQUE (job)) DISTKEY(id) SORTKEY(rate, job)",
        "CREATE TABLE dm.child (id int REFERENCES dm.data (id), n bigint IDENTITY(1, 1))",
        "INSERT INTO dm.data VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 1), (4, 'd', 2)",
        "CREATE VIEW dm.v AS SELECT job FROM dm.data",
        "CREATE VIEW dm.late AS SELECT job, rate FROM dm.data WITH NO SCHEMA BINDING",
        "CREATE EXTERNAL SCHEMA lake FROM DATA CATALOG DATABASE 'bankdm' IAM_ROLE 'arn:x'",
        "COMMENT ON TABLE dm.data IS 'customers'",
        "COMMENT ON COLUMN dm.data.rate IS 'it''s a rate'",
        "COMMENT ON SCHEMA dm IS 'data mining'",
        "CREATE MODEL dm.guess FROM dm.data TARGET rate FUNCTION dm.guess_rate IAM_ROLE default SETTINGS (S3_BUCKET 'lake')",
    ])
    .await;
    sql
}

/// A query of the fixture, about the relation of a number.
fn psql(name: &str, relation: &str) -> String {
    let marked = format!("--- {name}\n");
    let (_, rest) = PSQL.split_once(&marked).unwrap_or_else(|| panic!("no query {name}"));
    rest.split("\n--- ").next().unwrap().replace(":relation", relation)
}

/// The names of all queries of the fixture.
fn names() -> Vec<&'static str> {
    PSQL.lines().filter_map(|line| line.strip_prefix("--- ")).collect()
}

async fn number(sql: &Sql, name: &str) -> String {
    sql.redshift(&format!("SELECT '{name}'::regclass::oid")).await.remove(0)
}

/// A session that finds what is in `dm`.
async fn in_dm(sql: &Sql) -> Session {
    let mut session = sql.session();
    sql.all_within(&mut session, &["SET search_path TO dm, public"]).await;
    session
}

async fn rows(sql: &Sql, session: &mut Session, query: &str) -> Vec<String> {
    sql.within(session, query).await.unwrap_or_else(|error| panic!("{query}: {error}")).rows
}

#[tokio::test]
async fn psql_describes_a_table() {
    let sql = sample().await;
    let (data, child) = (number(&sql, "dm.data").await, number(&sql, "dm.child").await);
    let ask = async |step: u8, relation: &str| sql.redshift(&psql(&format!("\\d dm.data {step}"), relation)).await;
    assert_eq!(ask(1, &data).await, [format!("{data}|dm|data")]);
    assert_eq!(ask(2, &data).await, ["0|r|true|false|true|false|false|false|false||0||p"]);
    assert_eq!(
        ask(3, &data).await,
        ["id|integer|∅|true|∅||", "job|character varying(12)|'none'|false|∅||", "rate|numeric(7,3)|∅|false|∅||"]
    );
    assert_eq!(
        ask(4, &data).await,
        [
            "data_pkey|true|true|false|true|CREATE UNIQUE INDEX data_pkey ON dm.data USING btree (id)|PRIMARY KEY (id)|p|false|false|false|0",
            "data_job_key|false|true|false|true|CREATE UNIQUE INDEX data_job_key ON dm.data USING btree (job)|UNIQUE (job)|u|false|false|false|0"
        ]
    );
    assert_eq!(ask(6, &data).await, Vec::<String>::new());
    assert_eq!(ask(6, &child).await, ["true|child_id_fkey|FOREIGN KEY (id) REFERENCES dm.data(id)|dm.child"]);
    assert_eq!(ask(7, &data).await, ["child_id_fkey|dm.child|FOREIGN KEY (id) REFERENCES dm.data(id)"]);
    for step in [5, 8, 9, 10] {
        assert_eq!(ask(step, &data).await, Vec::<String>::new(), "step {step}");
    }
    // The next number of an IDENTITY is written as Redshift writes it.
    assert_eq!(ask(3, &child).await[1], format!("n|bigint|\"identity\"({child}, 1, '1,1'::text)|false|∅||"));
}

#[tokio::test]
async fn psql_describes_more_with_a_plus() {
    let sql = sample().await;
    let data = number(&sql, "dm.data").await;
    assert_eq!(sql.redshift(&psql("\\d+ dm.data 2", &data)).await, ["0|r|true|false|true|false|false|false|false||0||p"]);
    assert_eq!(
        sql.redshift(&psql("\\d+ dm.data 3", &data)).await,
        [
            "id|integer|∅|true|∅|||p|∅|∅",
            "job|character varying(12)|'none'|false|∅|||x|∅|∅",
            "rate|numeric(7,3)|∅|false|∅|||x|∅|it's a rate"
        ]
    );
    let view = number(&sql, "dm.v").await;
    assert_eq!(sql.redshift(&psql("\\d+ view 3", &view)).await, ["job|character varying(12)|∅|false|∅|||x|∅"]);
    assert_eq!(sql.redshift(&psql("\\d+ view 4", &view)).await, ["SELECT job FROM dm.data;"]);
    let index = number(&sql, "dm.data_job_key").await;
    assert_eq!(sql.redshift(&psql("\\d index 3", &index)).await, ["job|character varying(12)|job"]);
    assert_eq!(sql.redshift(&psql("\\d index 4", &index)).await, ["true|false|false|true|false|false|false|false|btree|data|∅"]);
}

#[tokio::test]
async fn psql_lists_what_there_is() {
    let sql = sample().await;
    let mut session = in_dm(&sql).await;
    let mut ask = async |name: &str| rows(&sql, &mut session, &psql(name, "0")).await;
    let tables = ["dm|child|table|admin", "dm|data|table|admin"];
    let views = ["dm|late|view|admin", "dm|v|view|admin"];
    assert_eq!(ask("\\d 1").await, [tables, views].concat());
    assert_eq!(ask("\\dt 1").await, tables);
    assert_eq!(ask("\\dt dm.* 1").await, tables);
    assert_eq!(ask("\\dv 1").await, views);
    assert_eq!(ask("\\di 1").await, ["dm|data_job_key|index|admin|data", "dm|data_pkey|index|admin|data"]);
    assert_eq!(ask("\\ds 1").await, Vec::<String>::new());
    assert_eq!(ask("\\dn 1").await, ["dm|admin", "lake|admin", "public|admin"]);
    assert_eq!(ask("\\dn+ 1").await, ["dm|admin|∅|data mining", "lake|admin|∅|∅", "public|admin|∅|∅"]);
    assert_eq!(ask("\\l 1").await, ["bankdm|admin|UTF8|C|C|∅|libc|∅"]);
    assert_eq!(ask("16 \\l 1").await, ["bankdm|admin|UTF8|libc|C|C|∅|∅|∅"]);
    assert_eq!(ask("\\du 1").await, ["admin|true|true|true|true|true|-1|∅|{}|false"]);
    assert_eq!(ask("16 \\du 1").await, ["admin|true|true|true|true|true|-1|∅|false"]);
    assert_eq!(ask("16 \\drg 1").await, Vec::<String>::new());
    assert_eq!(ask("\\db 1").await, ["pg_default|admin|", "pg_global|admin|"]);
    assert_eq!(ask("\\dT 1").await, Vec::<String>::new());
    assert_eq!(ask("\\da 1").await, Vec::<String>::new());
    let own: Vec<String> = [tables, views].concat().iter().map(|row| format!("{}|∅|", row.trim_end_matches("|admin"))).collect();
    for name in ["\\dp 1", "16 \\dp 1"] {
        let listed = ask(name).await;
        assert!(own.iter().all(|row| listed.contains(row)), "{name}: {listed:?}");
    }
    assert_eq!(ask("\\dconfig *path* 1").await, ["search_path|dm, public"]);
    let types = ask("\\dTS 1").await;
    assert!(types.contains(&"pg_catalog|character varying|∅".to_owned()) && types.contains(&"pg_catalog|super|∅".to_owned()), "{types:?}");
    // Arrays are told by their items, vectors are types of their own.
    assert!(!types.contains(&"pg_catalog|smallint[]|∅".to_owned()) && types.contains(&"pg_catalog|int2vector|∅".to_owned()), "{types:?}");
    let system = ask("\\dS 1").await;
    assert!(system.contains(&"pg_catalog|pg_class|table|admin".to_owned()), "{system:?}");
    assert!(system.contains(&"pg_catalog|svv_tables|view|admin".to_owned()), "{system:?}");
}

#[tokio::test]
async fn psql_lists_sizes_and_comments_with_a_plus() {
    let sql = sample().await;
    let mut session = in_dm(&sql).await;
    let listed = rows(&sql, &mut session, &psql("\\dt+ 1", "0")).await;
    let (child, data) = (&listed[0], &listed[1]);
    assert_eq!(child, "dm|child|table|admin|permanent|0 bytes|∅");
    assert!(
        data.starts_with("dm|data|table|admin|permanent|") && data.ends_with(" bytes|customers") && !data.contains("|0 bytes"),
        "{data}"
    );
    for name in ["\\l+ 1", "16 \\l+ 1"] {
        let listed = rows(&sql, &mut session, &psql(name, "0")).await;
        assert!(listed.len() == 1 && listed[0].ends_with("|pg_default|∅") && listed[0].contains(" bytes|"), "{listed:?}");
    }
}

#[tokio::test]
async fn psql_lists_the_functions_of_models() {
    let sql = sample().await;
    let mut session = in_dm(&sql).await;
    let function = "dm|guess_rate|numeric|id integer, job character varying|func";
    assert_eq!(rows(&sql, &mut session, &psql("\\df 1", "0")).await, [function]);
    assert_eq!(
        rows(&sql, &mut session, &psql("\\df+ 1", "0")).await,
        [format!("{function}|immutable|admin|invoker|∅|internal|dm.guess|∅")]
    );
    assert_eq!(
        rows(&sql, &mut session, &psql("16 \\df+ 1", "0")).await,
        [format!("{function}|immutable|admin|invoker|∅|internal|dm.guess|∅")]
    );
    // Outside the search path it is not listed.
    assert_eq!(sql.redshift(&psql("\\df 1", "0")).await, Vec::<String>::new());
}

#[tokio::test]
async fn every_query_of_psql_is_answered_described_and_planned_with_nothing_there() {
    let (sql, empty) = (sample().await, Sql::new().await);
    let data = number(&sql, "dm.data").await;
    for name in names() {
        let query = psql(name, &data);
        let described = sql.engine.describe(&mut sql.session(), &query, &[]).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        let done = sql.try_redshift(&query).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        let labels: Vec<String> = described.columns.into_iter().map(|column| column.label).collect();
        assert_eq!(labels, done.labels, "{name}");
        assert!(empty.try_redshift(&query).await.is_ok(), "{name}");
    }
}

#[tokio::test]
async fn jdbc_reads_keys_by_arrays_rows_and_dependencies() {
    let sql = sample().await;
    // The columns of a primary key, a row each, by the fields of rows that a function gives.
    assert_eq!(
        sql.redshift(
            "SELECT result.table_name, result.column_name, result.key_seq, result.pk_name FROM
             (SELECT ct.relname AS table_name, a.attname AS column_name, (information_schema._pg_expandarray(i.indkey)).n AS key_seq,
                     ci.relname AS pk_name, information_schema._pg_expandarray(i.indkey) AS keys, a.attnum AS a_attnum
              FROM pg_catalog.pg_class ct JOIN pg_catalog.pg_attribute a ON (ct.oid = a.attrelid)
              JOIN pg_catalog.pg_namespace n ON (ct.relnamespace = n.oid) JOIN pg_catalog.pg_index i ON (a.attrelid = i.indrelid)
              JOIN pg_catalog.pg_class ci ON (ci.oid = i.indexrelid)
              WHERE true AND n.nspname = 'dm' AND ct.relname = 'data' AND i.indisprimary) result
             WHERE result.a_attnum = (result.keys).x ORDER BY result.table_name, result.pk_name, result.key_seq"
        )
        .await,
        ["data|id|1|data_pkey"]
    );
    // A foreign key with the key that it needs, by subscripts of a series.
    assert_eq!(
        sql.redshift(
            "SELECT pkc.relname, pka.attname, fkc.relname, fka.attname, pos.n, con.conname, pkic.relname
             FROM pg_catalog.pg_namespace pkn, pg_catalog.pg_class pkc, pg_catalog.pg_attribute pka, pg_catalog.pg_namespace fkn,
                  pg_catalog.pg_class fkc, pg_catalog.pg_attribute fka, pg_catalog.pg_constraint con,
                  pg_catalog.generate_series(1, 32) pos(n), pg_catalog.pg_class pkic, pg_catalog.pg_depend dep
             WHERE pkn.oid = pkc.relnamespace AND pkc.oid = pka.attrelid AND pka.attnum = con.confkey[pos.n] AND con.confrelid = pkc.oid
               AND fkn.oid = fkc.relnamespace AND fkc.oid = fka.attrelid AND fka.attnum = con.conkey[pos.n] AND con.conrelid = fkc.oid
               AND con.contype = 'f' AND pkic.relkind = 'i' AND con.oid = dep.objid AND pkic.oid = dep.refobjid
               AND dep.classid = 'pg_constraint'::regclass::oid AND dep.refclassid = 'pg_class'::regclass::oid
               AND fkn.nspname = 'dm' AND fkc.relname = 'child' ORDER BY con.conname, pos.n"
        )
        .await,
        ["data|id|child|id|1|child_id_fkey|data_pkey"]
    );
    assert_eq!(
        sql.redshift(
            "SELECT a.attname FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)
             WHERE c.conname = 'data_job_key'"
        )
        .await,
        ["job"]
    );
    assert_eq!(sql.redshift("SELECT conkey[1], confkey[1], conkey[2] FROM pg_constraint WHERE contype = 'f'").await, ["1|1|∅"]);
    let done =
        sql.try_redshift("SELECT conkey, indkey FROM pg_constraint JOIN pg_index ON conindid = indexrelid WHERE contype = 'u'").await;
    let done = done.unwrap();
    assert_eq!(done.rows, ["{2}|2"]);
    assert_eq!(done.types.iter().map(|kind| kind.name.as_str()).collect::<Vec<_>>(), ["_int2", "int2vector"]);
}

#[tokio::test]
async fn jdbc_finds_types_schemas_and_functions() {
    let sql = sample().await;
    let types = "SELECT typinput='pg_catalog.array_in'::regproc AS is_array, typtype, typname, pg_type.oid FROM pg_catalog.pg_type
        LEFT JOIN (SELECT ns.oid AS nspoid, ns.nspname, r.r FROM pg_namespace AS ns
                   JOIN (SELECT s.r, (current_schemas(false))[s.r] AS nspname
                         FROM generate_series(1, array_upper(current_schemas(false), 1)) AS s(r)) AS r USING (nspname)) AS sp
        ON sp.nspoid = typnamespace WHERE typname = $1 ORDER BY sp.r, pg_type.oid DESC LIMIT 1";
    for (name, row) in [("_int4", "true|b|_int4|1007"), ("varchar", "false|b|varchar|1043")] {
        let bound = [BoundValue { text: Some(name.to_owned()), sql_type: None }];
        let mut session = sql.session();
        let outcome = sql.engine.execute_bound(&mut session, types, &bound).await.unwrap();
        assert_eq!(crate::common::sql::read(outcome).await.unwrap().rows, [row]);
    }
    let schemas = "SELECT nspname AS table_schem FROM pg_catalog.pg_namespace WHERE nspname <> 'pg_toast'
        AND (nspname !~ '^pg_temp_' OR nspname = (pg_catalog.current_schemas(true))[1]) ORDER BY table_schem";
    assert_eq!(sql.redshift(schemas).await, ["dm", "information_schema", "lake", "pg_catalog", "public"]);
    assert_eq!(
        sql.redshift(
            "SELECT p.proname, p.prorettype, p.proargtypes, p.proargnames, p.proargmodes, t.typtype FROM pg_catalog.pg_proc p, pg_catalog.pg_namespace n,
             pg_catalog.pg_type t WHERE p.pronamespace = n.oid AND p.prorettype = t.oid AND n.nspname = 'dm'"
        )
        .await,
        ["guess_rate|1700|23 1043|{\"id\",\"job\"}|∅|b"]
    );
    assert_eq!(
        sql.redshift(
            "SELECT count(*) > 30, bool_or(t.typname = 'int4') FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON (t.typnamespace = n.oid)
             WHERE n.nspname != 'pg_toast' AND (t.typrelid = 0 OR (SELECT c.relkind = 'c' FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid))"
        )
        .await,
        ["true|true"]
    );
    // In FROM: a function of the session, and the columns of views that are bound late.
    assert_eq!(sql.redshift("SELECT current_database AS table_cat FROM current_database() ORDER BY table_cat").await, ["bankdm"]);
    assert_eq!(
        sql.redshift("SELECT * FROM pg_get_late_binding_view_cols() cols(s name, t name, c name, kind varchar, n int) ORDER BY n").await,
        ["dm|late|job|character varying(12)|1", "dm|late|rate|numeric(7,3)|2"]
    );
}

#[tokio::test]
async fn functions_tell_of_what_there_is() {
    let sql = sample().await;
    let mut session = in_dm(&sql).await;
    for (query, answer) in [
        ("SELECT pg_table_is_visible('dm.data'::regclass), pg_table_is_visible(7)", "true|∅"),
        (
            "SELECT 'data'::regclass::text, 'pg_catalog.pg_class'::regclass::oid, 'integer'::regtype::int, 1043::regtype",
            "data|1259|23|character varying",
        ),
        ("SELECT current_schemas(true), current_schemas(false)", "{pg_catalog,dm,public}|{dm,public}"),
        (
            "SELECT array_to_string(current_schemas(true), ' > '), array_upper(current_schemas(false), 1), (current_schemas(true))[3]",
            "pg_catalog > dm > public|2|public",
        ),
        ("SELECT 'dm' = ANY (current_schemas(false)), 'lake' = ANY (current_schemas(true))", "true|false"),
        (
            "SELECT format_type(1700, 458759), format_type(1043, NULL), format_type(1005, -1), format_type(0, NULL)",
            "numeric(7,3)|character varying|smallint[]|-",
        ),
        ("SELECT pg_get_userbyid(100), pg_get_userbyid(7)", "admin|unknown (OID=7)"),
        (
            "SELECT obj_description('data'::regclass, 'pg_class'), obj_description('data'::regclass), col_description('data'::regclass, 3)",
            "customers|customers|it's a rate",
        ),
        (
            "SELECT obj_description(oid, 'pg_namespace'), obj_description(oid, 'pg_class') FROM pg_namespace WHERE nspname = 'dm'",
            "data mining|∅",
        ),
        ("SELECT pg_encoding_to_char(6), pg_client_encoding(), pg_size_pretty(123456::bigint)", "UTF8|UTF8|121 kB"),
        (
            "SELECT has_table_privilege('data', 'select'), has_schema_privilege('admin', 'dm', 'usage'), has_database_privilege('bankdm', 'connect')",
            "true|true|true",
        ),
        ("SELECT has_column_privilege('data', 'job', 'select'), has_table_privilege(7, 'select')", "true|∅"),
        ("SELECT ARRAY(SELECT conname FROM pg_constraint WHERE contype <> 'f' ORDER BY conname DESC)", "{data_pkey,data_job_key}"),
        (
            "SELECT c.relname, ARRAY(SELECT a.attname FROM pg_attribute a WHERE a.attrelid = c.oid ORDER BY 1) FROM pg_class c WHERE c.relname = 'child'",
            "child|{id,n}",
        ),
        ("SELECT pg_get_viewdef('dm.v'), pg_get_viewdef('dm.v'::regclass, true)", "SELECT job FROM dm.data;|SELECT job FROM dm.data;"),
        ("SELECT setting, boot_val, source FROM pg_settings WHERE name = 'search_path'", "dm, public|\"$user\", public|session"),
        ("SELECT setting FROM pg_settings WHERE name = 'max_index_keys'", "32"),
    ] {
        assert_eq!(rows(&sql, &mut session, query).await, [answer], "{query}");
    }
    for (query, message) in [
        ("SELECT 'dm.nothing'::regclass", "ERROR: relation \"dm.nothing\" does not exist"),
        ("SELECT has_table_privilege('nothing', 'select')", "ERROR: relation \"nothing\" does not exist"),
        ("SELECT has_schema_privilege('nowhere', 'usage')", "ERROR: schema \"nowhere\" does not exist"),
        ("SELECT has_database_privilege('nowhere', 'connect')", "ERROR: database \"nowhere\" does not exist"),
        ("SELECT 'colour'::regtype", "ERROR: type \"colour\" does not exist"),
        ("SELECT * FROM pg_extension", "ERROR: relation \"pg_extension\" does not exist"),
        // Of several rows none is the one.
        (
            "SELECT (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = c.oid) FROM pg_class c WHERE c.relname = 'data'",
            "ERROR: more than one row returned by a subquery used as an expression",
        ),
    ] {
        let refused = sql.refused(query).await;
        assert!(refused.starts_with(message), "{query}: {refused}");
    }
}

#[tokio::test]
async fn a_temporary_table_is_found_and_told_apart() {
    let sql = sample().await;
    let mut session = sql.session();
    sql.all_within(&mut session, &["CREATE TEMP TABLE data (a int)"]).await;
    let found = "SELECT n.nspname, c.relpersistence FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relname = 'data' AND pg_table_is_visible(c.oid)";
    assert_eq!(rows(&sql, &mut session, found).await, ["pg_temp|t"]);
    assert_eq!(rows(&sql, &mut session, "SELECT current_schemas(true)").await, ["{pg_temp,pg_catalog,public}"]);
    assert_eq!(sql.redshift(found).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_session_takes_what_drivers_set() {
    let sql = sample().await;
    let mut session = sql.session();
    sql.all_within(
        &mut session,
        &[
            "SET extra_float_digits = 3",
            "SET application_name = 'DBeaver 24.1 - Main'",
            "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED",
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
            "CREATE TEMP TABLE moments (d date, t timestamp)",
            // As JDBC writes a day of which it does not know whether it is one.
            "INSERT INTO moments VALUES ('2024-02-29 +00', '2024-02-29 12:34:56.789')",
        ],
    )
    .await;
    assert_eq!(rows(&sql, &mut session, "SELECT d, t FROM moments").await, ["2024-02-29|2024-02-29T12:34:56.789"]);
    let refused = sql.refused("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY").await;
    assert_eq!(refused, "ERROR: SET TRANSACTION READ ONLY is not supported");
    assert_eq!(sql.refused("SET max_index_keys TO 64").await, "ERROR: parameter \"max_index_keys\" cannot be changed");
}
