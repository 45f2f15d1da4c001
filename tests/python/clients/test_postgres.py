"""The warehouse's port for clients of PostgreSQL: psycopg, psycopg2, redshift_connector, SQLAlchemy and psql."""

import contextlib
import datetime
import decimal
import json
import os
import shutil
import subprocess
import threading
import time

import psycopg
import psycopg2
import psycopg2.extras
import pytest
import redshift_connector
import sqlalchemy

ROWS = 41188


@pytest.fixture(scope="module")
def login(cloud, server):
    """Host, port, database, user and password, as the secret of the demonstration has them."""
    secret = json.loads(cloud.client("secretsmanager").get_secret_value(SecretId="bankdm_redshift_login")["SecretString"])
    host, port = server.postgres.split(":")
    return {"host": host, "port": int(port), "dbname": "bankdm", "user": secret["username"], "password": secret["password"]}


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


def test_sqlalchemy(login):
    url = sqlalchemy.URL.create(
        "postgresql+psycopg", login["user"], login["password"], login["host"], login["port"], login["dbname"]
    )
    engine = sqlalchemy.create_engine(url, use_native_hstore=False)
    # The dialect reads the version of PostgreSQL, which is Redshift's old one.
    with engine.connect() as connection:
        found = connection.execute(sqlalchemy.text("SELECT count(*) FROM dm.data WHERE y = :answer"), {"answer": "yes"}).scalar_one()
        assert found == 4640


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
