"""The warehouse's port for clients of PostgreSQL: psycopg, psycopg2, redshift_connector, SQLAlchemy and psql, with and without TLS."""

import contextlib
import csv
import datetime
import decimal
import hashlib
import json
import os
import re
import shutil
import ssl
import subprocess
import threading
import time

import pandas
import psycopg
import psycopg2
import psycopg2.extras
import pytest
import redshift_connector
import sqlalchemy

import aws
from server import Server, command, environment

ROWS = 41188


def login_of(cloud, server):
    """Host, port, database, user and password, as the secret of the demonstration has them."""
    secret = json.loads(cloud.client("secretsmanager").get_secret_value(SecretId="bankdm_redshift_login")["SecretString"])
    host, port = server.postgres.split(":")
    return {"host": host, "port": int(port), "dbname": "bankdm", "user": secret["username"], "password": secret["password"]}


@pytest.fixture(scope="module")
def login(cloud, server):
    """The login of the warehouse that all tests share."""
    return login_of(cloud, server)


@pytest.fixture
def connection(login):
    """psycopg's connection."""
    with psycopg.connect(**login, autocommit=True) as connection:
        yield connection


def test_a_wrong_password_and_an_unknown_database_are_refused(login):
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(**{**login, "password": "wrong"})
    with pytest.raises(psycopg2.OperationalError) as refused:
        psycopg2.connect(**{**login, "password": "wrong"})
    assert "password authentication failed" in str(refused.value)
    with pytest.raises(psycopg.OperationalError, match='database "nothing" does not exist'):
        psycopg.connect(**{**login, "dbname": "nothing"})


def test_parameters_and_types_come_back(connection):
    values = {
        "int4": 7,
        "int8": 2**40,
        "float8": 0.1,
        "numeric(12,4)": decimal.Decimal("-123.4500"),
        "bool": True,
        "varchar(10)": "it's ü",
        "date": datetime.date(2024, 2, 29),
        "timestamp": datetime.datetime(2024, 2, 29, 23, 59, 59, 123456),
    }
    columns = ", ".join(f"%s::{kind}" for kind in values)
    for binary in (False, True):
        row = connection.execute(f"SELECT {columns}, NULL::int", list(values.values()), binary=binary).fetchone()
        assert row == (*values.values(), None), binary
    count, = connection.execute("SELECT count(*) FROM dm.data WHERE age >= %s AND job = %s", [60, "retired"]).fetchone()
    assert 0 < count < ROWS
    assert connection.execute("SELECT count(*) FROM dm.data LIMIT %s", [1]).fetchone() == (ROWS,)


def test_errors_have_codes_and_positions(connection):
    for sql, code in [
        ("SELECT * FROM dm.nothing", "42P01"),
        ("SELECT colour FROM dm.data", "42703"),
        ("SELEC 1", "42601"),
        ("SELECT no_such_function(1)", "42883"),
        ("CREATE USER somebody PASSWORD 'Abcdefg1'", "0A000"),
        ("COPY dm.data FROM STDIN", "0A000"),
        ("SELECT 'dm.nothing'::regclass", "42P01"),
    ]:
        with pytest.raises(psycopg.Error) as refused:
            connection.execute(sql)
        assert refused.value.sqlstate == code, f"{sql}: {refused.value}"
    with pytest.raises(psycopg.Error) as refused:
        connection.execute("SELECT age,\n  colour FROM dm.data")
    assert refused.value.diag.statement_position == "15"


def test_transactions(login):
    with psycopg.connect(**login) as connection:
        connection.execute("CREATE TABLE public.pg_tx (a int)")
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS
        connection.commit()
        connection.execute("INSERT INTO public.pg_tx VALUES (1), (2)")
        connection.rollback()
        assert connection.execute("SELECT count(*) FROM public.pg_tx").fetchone() == (0,)
        with pytest.raises(psycopg.Error):
            connection.execute("SELECT nothing")
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.INERROR
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            connection.execute("SELECT 1")
        connection.rollback()
        cursor = connection.execute("INSERT INTO public.pg_tx VALUES (%s)", [5])
        assert (cursor.rowcount, cursor.statusmessage) == (1, "INSERT 0 1")
        connection.execute("DROP TABLE public.pg_tx")


def test_statements_that_are_sent_together_are_one_transaction(login):
    # `with` would open a transaction.
    with contextlib.closing(psycopg2.connect(**login)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            with pytest.raises(psycopg2.Error):
                cursor.execute("CREATE TABLE public.pg_both (a int); SELECT nothing")
            cursor.execute("CREATE TABLE public.pg_both (a int); INSERT INTO public.pg_both VALUES (1); SELECT a FROM public.pg_both")
            assert cursor.fetchall() == [(1,)]
            cursor.execute("DROP TABLE public.pg_both")


def test_a_statement_is_cancelled_from_another_connection(login):
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) SELECT count(*) FROM n"
    with psycopg.connect(**login, autocommit=True) as connection:
        timer = threading.Timer(0.5, connection.cancel)
        timer.start()
        begun = time.monotonic()
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute(endless)
        assert time.monotonic() - begun < 20
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_rows_are_taken_in_portions(login):
    """As JDBC does with a fetch size: the protocol's row limit on a portal."""
    with psycopg.connect(**login, autocommit=True) as connection, connection.cursor() as cursor:
        pages = 0
        for row in cursor.stream("SELECT age, y FROM dm.data"):
            assert len(row) == 2
            pages += 1
        assert pages == ROWS


def test_redshifts_own_driver(login):
    place = {**login, "database": login["dbname"], "ssl": False}
    place.pop("dbname")
    with redshift_connector.connect(**place) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT y, count(*) AS customers, avg(age::float) FROM dm.data GROUP BY y ORDER BY y")
        assert [column[0] for column in cursor.description] == ["y", "customers", "avg"]
        rows = cursor.fetchall()
        assert [(row[0], row[1]) for row in rows] == [("no", 36548), ("yes", 4640)]
        cursor.execute("SELECT count(*) FROM dm.data WHERE age > %s", (60,))
        assert 0 < cursor.fetchone()[0] < ROWS
        cursor.execute("SELECT y, age FROM dm.data LIMIT 3")
        assert cursor.fetch_dataframe().shape == (3, 2)


def engine_of(login, driver):
    """SQLAlchemy's engine. The dialect reads the version of PostgreSQL, which is Redshift's old one."""
    place = login["host"], login["port"], login["dbname"]
    url = sqlalchemy.URL.create(f"postgresql+{driver}", login["user"], login["password"], *place)
    return sqlalchemy.create_engine(url, use_native_hstore=False)


@pytest.fixture(params=["psycopg", "psycopg2"])
def engine(login, request):
    """SQLAlchemy's engine with either driver."""
    engine = engine_of(login, request.param)
    yield engine
    engine.dispose()


def test_sqlalchemy(engine):
    with engine.connect() as connection:
        found = connection.execute(sqlalchemy.text("SELECT count(*) FROM dm.data WHERE y = :answer"), {"answer": "yes"}).scalar_one()
        assert found == 4640
    assert sqlalchemy.inspect(engine).has_table("data", "dm") and not sqlalchemy.inspect(engine).has_table("nothing", "dm")


def test_tables_of_sqlalchemy(engine):
    tables = sqlalchemy.MetaData()
    table = sqlalchemy.Table("core", tables, sqlalchemy.Column("a", sqlalchemy.Integer), sqlalchemy.Column("b", sqlalchemy.String(10)))
    tables.create_all(engine)
    with engine.begin() as connection:
        connection.execute(table.insert(), [{"a": 1, "b": "x"}, {"a": 2, "b": "ü"}])
        connection.execute(table.update().where(table.c.a == 1).values(b="z"))
    with pytest.raises(sqlalchemy.exc.ProgrammingError, match="nothing"), engine.begin() as connection:
        connection.execute(table.delete())
        connection.execute(sqlalchemy.text("SELECT nothing FROM core"))
    with engine.connect() as connection:
        assert connection.execute(sqlalchemy.select(table).order_by(table.c.a)).fetchall() == [(1, "z"), (2, "ü")]
    tables.drop_all(engine)


def test_frames_by_sqlalchemy(engine):
    pandas.DataFrame({"n": [1, 2], "t": ["a", None]}).to_sql("frame", engine, schema="public", index=False)
    found = pandas.read_sql("SELECT n, t FROM public.frame ORDER BY n", engine)
    assert found["n"].tolist() == [1, 2] and found["t"][0] == "a" and found["t"].isna().tolist() == [False, True]
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("DROP TABLE public.frame"))


@pytest.fixture(params=["psycopg2", "redshift_connector", "sqlalchemy"])
def run(login, request):
    """Runs a statement by a client, by itself, and gives its rows."""
    if request.param == "sqlalchemy":
        engine = engine_of(login, "psycopg2").execution_options(isolation_level="AUTOCOMMIT")
        connection = engine.connect()
    elif request.param == "psycopg2":
        connection = psycopg2.connect(**login)
    else:
        connection = redshift_connector.connect(**{name: value for name, value in login.items() if name != "dbname"}, database="bankdm", ssl=False)

    def of_sqlalchemy(sql):
        result = connection.exec_driver_sql(sql)
        return [tuple(row) for row in result.fetchall()] if result.returns_rows else []

    def of_driver(sql):
        with contextlib.closing(connection.cursor()) as cursor:
            cursor.execute(sql)
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []

    if request.param != "sqlalchemy":
        connection.autocommit = True
    yield request.param, of_sqlalchemy if request.param == "sqlalchemy" else of_driver
    connection.close()


def test_the_steps_of_the_warehouse(cloud, run):
    """What the demonstration does in SQL, from the lake to the answers of a model, by somebody else's client."""
    client, run = run
    name = f"by_{client}"
    role = cloud.client("iam").get_role(RoleName="BankDM-RedShift")["Role"]["Arn"]
    bucket = f"bankdm-{cloud.account}-us-east-1"
    lake, = (each["Name"] for each in cloud.client("athena").list_databases(CatalogName="AwsDataCatalog")["DatabaseList"] if each["Name"] == "bankdm")
    run(f"CREATE SCHEMA {name}")
    run(f"CREATE EXTERNAL SCHEMA {name}_lake FROM DATA CATALOG DATABASE '{lake}' IAM_ROLE '{role}'")
    run(f"CREATE TABLE {name}.data (LIKE dm.data)")
    run(f"INSERT INTO {name}.data SELECT * FROM {name}_lake.bankdm_glue")
    assert run(f"SELECT y, count(*) FROM {name}.data GROUP BY y ORDER BY y") == [("no", 36548), ("yes", 4640)]
    run(f"TRUNCATE {name}.data")
    run(f"COPY {name}.data FROM 's3://{bucket}/bankdm/data/' IAM_ROLE '{role}' FORMAT AS CSV IGNOREHEADER 1")
    assert run(f"SELECT count(*), sum(euribor3m) FROM {name}.data") == run("SELECT count(*), sum(euribor3m) FROM dm.data")
    place = f"s3://{bucket}/bankdm/unload/{name}/data_"
    run(f"UNLOAD ('SELECT * FROM {name}.data') TO '{place}' IAM_ROLE '{role}' FORMAT AS CSV HEADER GZIP")
    assert cloud.objects(place)
    inputs = "age, job, marital, education, contact, month, poutcome, pdays, previous"
    run(
        f"CREATE MODEL {name}.model FROM (SELECT {inputs}, y FROM {name}.data) TARGET y FUNCTION predict_{name} IAM_ROLE '{role}' "
        f"PROBLEM_TYPE BINARY_CLASSIFICATION OBJECTIVE 'F1' SETTINGS (S3_BUCKET '{bucket}', MAX_RUNTIME 1800)"
    )
    end = time.monotonic() + 120
    while (state := dict(run(f"SHOW MODEL {name}.model"))["Model State"]) == "TRAINING":
        assert time.monotonic() < end, state
    assert state == "READY"
    matrix = run(f"SELECT predicted, y, count(*) FROM (SELECT predict_{name}({inputs}) AS predicted, y FROM {name}.data) AS a GROUP BY 1, 2")
    assert sum(count for predicted, answer, count in matrix if predicted == answer) / ROWS > 0.88
    run(f"DROP MODEL {name}.model")
    run(f"DROP SCHEMA {name}_lake")
    run(f"DROP SCHEMA {name} CASCADE")
    assert run(f"SELECT count(*) FROM pg_namespace WHERE nspname IN ('{name}', '{name}_lake')") == [(0,)]


def test_redshifts_own_driver_reads_metadata(login):
    place = {**login, "database": login["dbname"], "ssl": False}
    place.pop("dbname")
    with redshift_connector.connect(**place) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        assert [list(row) for row in cursor.get_catalogs()] == [["bankdm"]]
        schemas = {row[0] for row in cursor.get_schemas()}
        assert {"athena", "dm", "information_schema", "pg_catalog", "public"} <= schemas
        assert [row[:4] for row in cursor.get_tables(schema_pattern="dm", table_name_pattern="data")] == [["bankdm", "dm", "data", "TABLE"]]
        external = cursor.get_tables(schema_pattern="athena")
        assert [row[:4] for row in external] == [["bankdm", "athena", "bankdm_glue", "EXTERNAL TABLE"]]
        columns = {row[3]: row for row in cursor.get_columns(schema_pattern="dm", tablename_pattern="data")}
        assert len(columns) == 21
        assert (columns["age"][5], columns["age"][10], columns["age"][16]) == ("int4", 1, 1)
        assert len([row for row in cursor.get_columns() if row[1:3] == ["dm", "data"]]) == 21
        cursor.execute("CREATE TABLE public.pg_keys (a int NOT NULL, b int, PRIMARY KEY (a))")
        assert [list(row[1:]) for row in cursor.get_primary_keys(schema="public", table="pg_keys")] == [["public", "pg_keys", "a", 1, "pg_keys_pkey"]]
        cursor.execute("DROP TABLE public.pg_keys")
        assert isinstance(list(cursor.get_procedures()), list)


psql_there = pytest.mark.skipif(shutil.which("psql") is None, reason="there is no psql")


@pytest.fixture
def psql(login):
    """Runs psql's commands."""

    def run(*commands, **more):
        return run_psql({**login, **more}, *commands)

    return run


def run_psql(login, *commands):
    place = {name: value for name, value in login.items() if name != "password"}
    words = " ".join(f"{name}='{value}'" for name, value in place.items())
    arguments = [word for each in commands for word in ("-c", each)]
    variables = {**os.environ, "PGPASSWORD": login["password"]}
    return subprocess.run(["psql", "-X", "-A", "-t", words, *arguments], capture_output=True, text=True, env=variables)


@psql_there
def test_psql(psql):
    done = psql("SELECT y, count(*) FROM dm.data GROUP BY y ORDER BY y")
    assert done.stdout == "no|36548\nyes|4640\n", done.stderr
    assert psql("SHOW server_version").stdout == "8.0.2\n"
    failed = psql("\\set VERBOSITY verbose", "SELECT * FROM nothing")
    assert "42P01" in failed.stderr


@psql_there
def test_psql_describes(psql, connection):
    sql = """SELECT column_name, data_type FROM svv_redshift_columns WHERE schema_name = 'dm' AND table_name = 'data'
             ORDER BY ordinal_position"""
    columns = connection.execute(sql).fetchall()
    assert len(columns) == 21 and columns[0] == ("age", "integer")
    described = psql(r"\d dm.data")
    assert described.stdout.splitlines()[:21] == [f"{name}|{kind}|||" for name, kind in columns], described.stderr
    assert not described.stderr
    more = psql(r"\d+ dm.data")
    assert more.stdout.startswith("age|integer||||plain||\n"), more.stdout + more.stderr
    connection.execute("CREATE TABLE public.pg_parent (id int NOT NULL PRIMARY KEY, code varchar(7) DEFAULT 'x')")
    connection.execute("CREATE TABLE public.pg_child (parent int REFERENCES public.pg_parent (id))")
    connection.execute("CREATE VIEW public.pg_codes AS SELECT code FROM public.pg_parent")
    try:
        # With what stands below the columns, which `-t` leaves out.
        parent = psql(r"\pset tuples_only off", r"\d pg_parent").stdout
        for line in [
            "id|integer||not null|",
            "code|character varying(7)|||'x'",
            '"pg_parent_pkey" PRIMARY KEY, btree (id)',
            'TABLE "pg_child" CONSTRAINT "pg_child_parent_fkey" FOREIGN KEY (parent) REFERENCES public.pg_parent(id)',
        ]:
            assert line in parent, parent
        child = psql(r"\pset tuples_only off", r"\d pg_child").stdout
        assert '"pg_child_parent_fkey" FOREIGN KEY (parent) REFERENCES public.pg_parent(id)' in child
        view = psql(r"\pset tuples_only off", r"\d+ pg_codes").stdout
        assert "code|character varying(7)||||extended|" in view and "SELECT code FROM public.pg_parent;" in view, view
        assert f"public|pg_parent_pkey|index|{connection.info.user}|pg_parent\n" in psql(r"\di").stdout
        assert "public|pg_codes|view|" in psql(r"\dv").stdout
    finally:
        connection.execute("DROP VIEW public.pg_codes")
        connection.execute("DROP TABLE public.pg_child")
        connection.execute("DROP TABLE public.pg_parent")


@psql_there
def test_psql_lists(psql, login):
    user = login["user"]
    for command, line in [
        (r"\dt dm.*", f"dm|data|table|{user}"),
        (r"\dn", f"athena|{user}"),
        (r"\dn+", f"dm|{user}||"),
        (r"\l", "bankdm|"),
        (r"\l+", "|pg_default|"),
        (r"\du", f"{user}|Superuser, Create role, Create DB"),
        (r"\dTS", "pg_catalog|character varying|"),
        (r"\dS", "pg_catalog|pg_class|table|"),
        (r"\dp dm.data", "dm|data|table||"),
        (r"\db", f"pg_default|{user}|"),
        (r"\conninfo", f'You are connected to database "bankdm" as user "{user}"'),
    ]:
        done = psql(command)
        assert done.returncode == 0 and not done.stderr, f"{command}: {done.stderr}"
        assert line in done.stdout, f"{command}: {done.stdout}"
    # Nothing of these is here, and nothing fails.
    for command in [r"\df", r"\df+", r"\dT", r"\dT+", r"\ds", r"\da", r"\dm", r"\dE"]:
        done = psql(command)
        assert (done.returncode, done.stderr.replace("Did not find any relations.\n", "")) == (0, ""), f"{command}: {done.stderr}"
    assert "Time: " in psql(r"\timing", "SELECT 1").stdout
    missing = psql(r"\dx")
    assert "relation \"pg_catalog.pg_extension\" does not exist" in missing.stderr


@psql_there
def test_psql_copies_rows_to_a_file(psql, tmp_path):
    file = tmp_path / "rows.csv"
    done = psql(rf"\copy (SELECT y, count(*) AS customers, NULL AS nothing, 'a,b' AS text FROM dm.data GROUP BY y ORDER BY y) to '{file}' csv header")
    assert done.stdout == "COPY 2\n", done.stderr
    assert list(csv.reader(file.open())) == [["y", "customers", "nothing", "text"], ["no", "36548", "", "a,b"], ["yes", "4640", "", "a,b"]]
    table = psql(rf"\copy dm.data (age, y) to '{file}'")
    assert table.stdout == f"COPY {ROWS}\n" and len(file.read_text().splitlines()) == ROWS
    assert "COPY FROM STDIN is not supported" in psql(rf"\copy dm.data from '{file}'").stderr


def test_rows_are_copied_to_the_client(connection):
    with connection.cursor() as cursor, cursor.copy("COPY (SELECT 1, NULL, E'a\\tb') TO STDOUT") as copy:
        assert b"".join(copy) == b"1\t\\N\ta\\tb\n"
    with pytest.raises(psycopg.Error) as refused, connection.cursor() as cursor, cursor.copy("COPY dm.nothing TO STDOUT") as copy:
        list(copy)
    assert refused.value.sqlstate == "42P01"
    # The connection goes on.
    assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.fixture(scope="module")
def secured(program, tmp_path_factory):
    """A server of its own with TLS, its login, and the file of its certificate."""
    state = tmp_path_factory.mktemp("secured")
    run = subprocess.run([*command(program, state), "run", "foundation", "--json"], capture_output=True, text=True, env=environment())
    assert run.returncode == 0, run.stdout + run.stderr
    server = Server(program, state, "--pg-tls")
    told = [server.process.stdout.readline() for _ in range(2)]
    yield login_of(aws.Aws(server), server), re.search("sslrootcert='(.*)'", told[0]).group(1), told[1].split()[-1]
    server.close()


def test_tls_with_a_certificate_that_is_checked(secured):
    login, root, fingerprint = secured
    assert os.stat(root).st_mode & 0o777 == 0o600
    der = ssl.PEM_cert_to_DER_cert(open(root).read())
    assert hashlib.sha256(der).hexdigest().upper() == fingerprint.replace(":", "")
    for host in ("localhost", "127.0.0.1"):
        with psycopg.connect(**{**login, "host": host}, sslmode="verify-full", sslrootcert=root, autocommit=True) as connection:
            assert connection.pgconn.ssl_in_use
            assert connection.execute("SELECT count(*) FROM generate_series(1, 100000)").fetchone() == (100000,)
            # Over TLS too.
            timer = threading.Timer(0.5, connection.cancel)
            timer.start()
            with pytest.raises(psycopg.errors.QueryCanceled):
                connection.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) SELECT count(*) FROM n")
    # Who does not ask for it has none.
    with psycopg.connect(**login, sslmode="disable") as connection:
        assert not connection.pgconn.ssl_in_use
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_another_certificate_is_not_taken_for_it(secured, tmp_path):
    login, _, _ = secured
    key, other = tmp_path / "key.pem", tmp_path / "other.pem"
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make another certificate")
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", other, "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run(made, check=True, capture_output=True)
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        psycopg.connect(**{**login, "host": "localhost"}, sslmode="verify-full", sslrootcert=str(other))


def test_tls_is_declined_where_there_is_none(login):
    with pytest.raises(psycopg.OperationalError, match="server does not support SSL"):
        psycopg.connect(**login, sslmode="require")


@psql_there
def test_psql_with_tls(secured):
    login, root, _ = secured
    done = run_psql({**login, "host": "localhost", "sslmode": "verify-full", "sslrootcert": root}, r"\conninfo")
    assert "SSL connection (protocol: TLSv1.3" in done.stdout, done.stdout + done.stderr
