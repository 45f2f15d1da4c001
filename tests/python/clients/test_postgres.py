"""The warehouse's port for clients of PostgreSQL: psycopg, psycopg2, redshift_connector, SQLAlchemy and psql."""

import contextlib
import datetime
import decimal
import os
import shutil
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

ROWS = 41188


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


def test_schemas_by_sqlalchemy(engine):
    assert {"public", "dm"} <= set(sqlalchemy.inspect(engine).get_schema_names())


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


@pytest.mark.skipif(shutil.which("psql") is None, reason="there is no psql")
def test_psql(login):
    def psql(*arguments):
        place = f"host={login['host']} port={login['port']} dbname={login['dbname']} user={login['user']}"
        environment = {**os.environ, "PGPASSWORD": login["password"]}
        return subprocess.run(["psql", "-X", "-A", "-t", place, *arguments], capture_output=True, text=True, env=environment)

    done = psql("-c", "SELECT y, count(*) FROM dm.data GROUP BY y ORDER BY y")
    assert done.stdout == "no|36548\nyes|4640\n", done.stderr
    assert psql("-c", "SHOW server_version").stdout == "8.0.2\n"
    assert "42P01" in psql("-v", "VERBOSITY=verbose", "-c", "SELECT * FROM nothing").stderr
