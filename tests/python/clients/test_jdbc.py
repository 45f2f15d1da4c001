"""The warehouse's port for programs in Java: all metadata through PostgreSQL's JDBC driver, and what DBeaver asks when it connects."""

import json
import os
import pathlib
import shutil
import subprocess

import psycopg
import pytest

HERE = pathlib.Path(__file__).parent
# Where Debian's libpostgresql-jdbc-java has the driver; SHIFTDECK_JDBC_DRIVER names another one.
DRIVER = pathlib.Path(os.environ.get("SHIFTDECK_JDBC_DRIVER", "/usr/share/java/postgresql.jar"))

# What DBeaver and drivers like it ask when they connect and when a schema is opened, in the forms in which they ask it.
SESSION = [
    "SET extra_float_digits = 3",
    "SET application_name = 'DBeaver 24.1.0 - Main <bankdm>'",
    "SHOW search_path",
    "SELECT version()",
    "SELECT current_schema(), session_user",
    "SHOW TRANSACTION ISOLATION LEVEL",
    "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE",
    "select * from pg_catalog.pg_settings where name = 'standard_conforming_strings'",
    "SELECT typcategory FROM pg_catalog.pg_type WHERE 1 <> 1 LIMIT 1",
]
CATALOG = {
    "databases": ("SELECT db.oid, db.* FROM pg_catalog.pg_database db WHERE datallowconn AND NOT datistemplate", ["bankdm"], "datname"),
    "schemas": (
        "SELECT n.oid, n.*, d.description FROM pg_catalog.pg_namespace n LEFT OUTER JOIN pg_catalog.pg_description d"
        " ON d.objoid = n.oid AND d.objsubid = 0 AND d.classoid = 'pg_namespace'::regclass WHERE n.nspname !~ '^pg_' ORDER BY nspname",
        ["athena", "dm", "information_schema", "public"],
        "nspname",
    ),
    "tables": (
        "SELECT c.oid, c.*, d.description FROM pg_catalog.pg_class c LEFT OUTER JOIN pg_catalog.pg_description d"
        " ON d.objoid = c.oid AND d.objsubid = 0 AND d.classoid = 'pg_class'::regclass"
        " WHERE c.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = 'dm') AND c.relkind NOT IN ('i', 'I', 'c')",
        ["data"],
        "relname",
    ),
    "sizes": (
        "SELECT c.relname, pg_catalog.pg_total_relation_size(c.oid) AS total_rel_size, pg_catalog.pg_relation_size(c.oid) AS rel_size"
        " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'dm' AND c.relkind = 'r'",
        ["data"],
        "relname",
    ),
    "roles": ("SELECT a.oid, a.* FROM pg_catalog.pg_roles a ORDER BY a.rolname", None, "rolname"),
    "external schemas": ("SELECT * FROM pg_catalog.svv_external_schemas", ["athena"], "schemaname"),
    "external tables": ("SELECT * FROM pg_catalog.svv_external_tables WHERE schemaname = 'athena'", ["bankdm_glue"], "tablename"),
}
COLUMNS = (
    "SELECT c.relname, a.*, pg_catalog.pg_get_expr(ad.adbin, ad.adrelid, true) AS def_value, dsc.description,"
    " format_encoding(a.attencodingtype::integer) AS encoding FROM pg_catalog.pg_attribute a"
    " INNER JOIN pg_catalog.pg_class c ON (a.attrelid = c.oid)"
    " LEFT OUTER JOIN pg_catalog.pg_attrdef ad ON (a.attrelid = ad.adrelid AND a.attnum = ad.adnum)"
    " LEFT OUTER JOIN pg_catalog.pg_description dsc ON (c.oid = dsc.objoid AND a.attnum = dsc.objsubid)"
    " WHERE NOT a.attisdropped AND c.oid = 'dm.data'::regclass ORDER BY a.attnum"
)
TYPES = (
    "SELECT t.oid, t.*, c.relkind, format_type(nullif(t.typbasetype, 0), t.typtypmod) AS base_type_name, d.description"
    " FROM pg_catalog.pg_type t LEFT OUTER JOIN pg_catalog.pg_type et ON et.oid = t.typelem"
    " LEFT OUTER JOIN pg_catalog.pg_class c ON c.oid = t.typrelid LEFT OUTER JOIN pg_catalog.pg_description d ON t.oid = d.objoid"
    " WHERE t.typname IS NOT NULL AND (c.relkind IS NULL OR c.relkind = 'c') AND (et.typcategory IS NULL OR et.typcategory <> 'C')"
)
CONSTRAINTS = (
    "SELECT c.oid, c.*, t.relname AS tabrelname, rt.relnamespace AS refnamespace, d.description FROM pg_catalog.pg_constraint c"
    " INNER JOIN pg_catalog.pg_class t ON t.oid = c.conrelid LEFT OUTER JOIN pg_catalog.pg_class rt ON rt.oid = c.confrelid"
    " LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid = c.oid AND d.objsubid = 0 AND d.classoid = 'pg_constraint'::regclass"
    " WHERE c.conrelid = 'public.jdbc_keys'::regclass ORDER BY c.oid"
)
INDEXES = (
    "SELECT i.*, i.indkey AS keys, c.relname, c.relnamespace, c.relam, tc.relname AS tabrelname, dsc.description,"
    " pg_catalog.pg_get_expr(i.indexprs, i.indrelid, true) AS expr FROM pg_catalog.pg_index i"
    " INNER JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid INNER JOIN pg_catalog.pg_class tc ON tc.oid = i.indrelid"
    " LEFT OUTER JOIN pg_catalog.pg_description dsc ON i.indexrelid = dsc.objoid"
    " WHERE i.indrelid = 'public.jdbc_keys'::regclass ORDER BY c.relname"
)


@pytest.fixture(scope="module")
def login(cloud, server):
    """Host, port, database, user and password, as the secret of the demonstration has them."""
    secret = json.loads(cloud.client("secretsmanager").get_secret_value(SecretId="bankdm_redshift_login")["SecretString"])
    host, port = server.postgres.split(":")
    return {"host": host, "port": int(port), "dbname": "bankdm", "user": secret["username"], "password": secret["password"]}


@pytest.mark.skipif(shutil.which("java") is None, reason="there is no java")
@pytest.mark.skipif(not DRIVER.exists(), reason=f"there is no JDBC driver for PostgreSQL at {DRIVER}")
def test_all_metadata_through_jdbc(login):
    url = f"jdbc:postgresql://{login['host']}:{login['port']}/{login['dbname']}"
    command = ["java", "-cp", str(DRIVER), str(HERE / "Metadata.java"), url, login["user"], login["password"]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-4000:]
    assert done.stdout.split("\n")[-2].endswith(" checks"), done.stdout


class Simple:
    """The simple protocol: a text, rows as text."""

    def __init__(self, connection):
        self.pgconn = connection.pgconn

    def __call__(self, sql):
        return read(self.pgconn.exec_(sql.encode()))


class Extended(Simple):
    """The extended protocol: prepared, described, bound and run."""

    def __call__(self, sql):
        return read(self.pgconn.exec_params(sql.encode(), []))


def read(result):
    """The rows of a result, by the names of the columns; the first of several columns of one name is the one."""
    good = (psycopg.pq.ExecStatus.TUPLES_OK, psycopg.pq.ExecStatus.COMMAND_OK)
    assert result.status in good, result.error_message
    names = [result.fname(column).decode() for column in range(result.nfields)]

    def value(row, column):
        found = result.get_value(row, column)
        return None if found is None else found.decode()

    return [{name: value(row, names.index(name)) for name in names} for row in range(result.ntuples)]


@pytest.fixture(params=[Simple, Extended])
def ask(request, login):
    """Asks in either protocol."""
    with psycopg.connect(**login, autocommit=True) as connection:
        yield request.param(connection)


def test_what_a_session_begins_with(ask):
    for sql in SESSION:
        ask(sql)
    assert ask("SHOW application_name")[0]["application_name"] == "DBeaver 24.1.0 - Main <bankdm>"
    assert ask("SHOW extra_float_digits")[0]["extra_float_digits"] == "3"
    assert "PostgreSQL 8.0.2" in ask("SELECT version()")[0]["version"]
    assert ask("SHOW search_path")[0]["search_path"] == '"$user", public'


def test_what_a_tree_of_databases_is_made_of(ask, login):
    for what, (sql, names, column) in CATALOG.items():
        found = sorted(row[column] for row in ask(sql))
        expected = [login["user"]] if names is None else names
        # Other tests may have tables beside the demonstration's.
        assert set(expected) <= set(found), f"{what}: {found}"
    sizes = ask(CATALOG["sizes"][0])
    assert all(row["total_rel_size"] == row["rel_size"] and int(row["rel_size"]) > 0 for row in sizes if row["relname"] == "data"), sizes


def test_columns_and_types(ask):
    columns = ask(COLUMNS)
    assert [row["attnum"] for row in columns] == [str(number) for number in range(1, 22)]
    assert (columns[0]["attname"], columns[0]["atttypid"], columns[-1]["attname"]) == ("age", "23", "y")
    assert {row["relname"] for row in columns} == {"data"} and all(row["encoding"] for row in columns)
    types = {row["typname"]: row for row in ask(TYPES)}
    assert (types["int4"]["typcategory"], types["varchar"]["typcategory"], types["_text"]["typelem"]) == ("N", "S", "25")
    assert types["int4"]["base_type_name"] is None


def test_keys_as_arrays(ask, login):
    ask("DROP TABLE IF EXISTS public.jdbc_keys")
    ask("CREATE TABLE public.jdbc_keys (a int, b int, c int, PRIMARY KEY (c, a), UNIQUE (b))")
    keys = {row["conname"]: row for row in ask(CONSTRAINTS)}
    assert {name: (row["contype"], row["conkey"]) for name, row in keys.items()} == {
        "jdbc_keys_pkey": ("p", "{3,1}"),
        "jdbc_keys_b_key": ("u", "{2}"),
    }
    assert {row["relname"]: row["keys"] for row in ask(INDEXES)} == {"jdbc_keys_pkey": "3 1", "jdbc_keys_b_key": "2"}
    with psycopg.connect(**login, autocommit=True) as connection:
        for binary in (False, True):
            cursor = connection.cursor(binary=binary)
            sql = "SELECT conkey, current_schemas(true) FROM pg_constraint WHERE conname = %s"
            assert cursor.execute(sql, ["jdbc_keys_pkey"]).fetchone() == ([3, 1], ["pg_catalog", "public"]), binary
    ask("DROP TABLE public.jdbc_keys")
