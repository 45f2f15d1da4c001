"""awswrangler and PyAthena: data frames from objects, the lake and the warehouse."""

import boto3
import pandas
import pytest
import redshift_connector
import sqlalchemy

import aws

wrangler = pytest.importorskip("awswrangler")
BUCKET = "frames-bucket"


@pytest.fixture(scope="module")
def session(served):
    """A session of boto3 that leads to the embedded AWS."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in served.variables.items():
            patch.setenv(name, value)
        session = boto3.Session(region_name=aws.REGION)
        session.client("s3").create_bucket(Bucket=BUCKET)
        yield session


@pytest.fixture(scope="module")
def table(cloud):
    """Database and table of the lake that the program has made."""
    athena = cloud.client("athena")
    databases = athena.list_databases(CatalogName="AwsDataCatalog")["DatabaseList"]
    for database in (each["Name"] for each in databases):
        for found in athena.list_table_metadata(CatalogName="AwsDataCatalog", DatabaseName=database)["TableMetadataList"]:
            return database, found["Name"]
    raise AssertionError("the lake is empty")


def test_a_frame_goes_to_s3_and_back(session):
    frame = pandas.DataFrame({"n": [1, 2, 3], "t": ["a", "ü", None], "d": [0.5, 1.5, 2.5]})
    for kind, write, read in [
        ("csv", lambda path: wrangler.s3.to_csv(frame, path, index=False, boto3_session=session), wrangler.s3.read_csv),
        ("parquet", lambda path: wrangler.s3.to_parquet(frame, path, boto3_session=session), wrangler.s3.read_parquet),
        ("json", lambda path: wrangler.s3.to_json(frame, path, boto3_session=session), wrangler.s3.read_json),
    ]:
        path = f"s3://{BUCKET}/frames/{kind}/one.{kind}"
        write(path)
        found = read(path, boto3_session=session)
        assert found["n"].tolist() == [1, 2, 3] and found["d"].sum() == 4.5, kind
        assert found["t"][1] == "ü", kind
    assert len(wrangler.s3.list_objects(f"s3://{BUCKET}/frames/", boto3_session=session)) == 3
    wrangler.s3.delete_objects(f"s3://{BUCKET}/frames/", boto3_session=session)
    assert wrangler.s3.list_objects(f"s3://{BUCKET}/frames/", boto3_session=session) == []


def test_athena_gives_a_frame(session, table):
    database, name = table
    frame = wrangler.athena.read_sql_query(
        f"SELECT y, count(*) AS customers, avg(age) AS age FROM {name} GROUP BY y ORDER BY y",
        database=database,
        ctas_approach=False,
        s3_output=f"s3://{BUCKET}/athena/",
        boto3_session=session,
    )
    assert frame["customers"].sum() == 41188 and frame["y"].tolist() == ["no", "yes"]
    assert frame["age"].between(30, 50).all()


def test_athena_answers_with_parameters_and_in_portions(session, table):
    database, name = table
    place = {"database": database, "ctas_approach": False, "s3_output": f"s3://{BUCKET}/athena/", "boto3_session": session}
    found = wrangler.athena.read_sql_query(f"SELECT count(*) AS old FROM {name} WHERE age > :age", params={"age": 60}, **place)
    assert 0 < found["old"][0] < 41188
    portions = wrangler.athena.read_sql_query(f"SELECT age, y FROM {name}", chunksize=10000, **place)
    assert sum(len(portion) for portion in portions) == 41188


def test_athena_describes_a_table(session, table):
    """awswrangler quotes the database that a statement without one is in."""
    database, name = table
    place = {"table": name, "database": database, "s3_output": f"s3://{BUCKET}/athena/", "boto3_session": session}
    assert "age" in wrangler.athena.describe_table(**place)["Column Name"].tolist()
    assert wrangler.athena.show_create_table(**place).startswith("CREATE EXTERNAL TABLE")


def test_a_frame_goes_to_folders_and_back(session):
    frame = pandas.DataFrame({"n": [1, 2, 3], "part": ["a", "b", "b"]})
    path = f"s3://{BUCKET}/folders/"
    wrangler.s3.to_parquet(frame, path, dataset=True, partition_cols=["part"], mode="overwrite", boto3_session=session)
    found = wrangler.s3.read_parquet(path, dataset=True, boto3_session=session)
    assert sorted(zip(found["n"], found["part"])) == [(1, "a"), (2, "b"), (3, "b")]
    wrangler.s3.delete_objects(path, boto3_session=session)


@pytest.fixture
def connection(login):
    """Redshift's own driver, as awswrangler uses it."""
    place = {name: value for name, value in login.items() if name != "dbname"}
    with redshift_connector.connect(**place, database="bankdm", ssl=False) as connection:
        yield connection


def test_frames_go_to_the_warehouse_and_back(session, cloud, connection):
    redshift = wrangler.redshift
    frame = pandas.DataFrame({"n": [1, 2], "t": ["ü", None], "d": [1.5, 2.5]})
    redshift.to_sql(frame, connection, "frame", "public", mode="overwrite", use_column_names=True)
    more = pandas.DataFrame({"n": [2, 3], "t": ["b", "c"], "d": [0.0, 0.5]})
    redshift.to_sql(more, connection, "frame", "public", mode="upsert", primary_keys=["n"], use_column_names=True)
    found = redshift.read_sql_query("SELECT n, t, d FROM public.frame WHERE n > %s ORDER BY n", con=connection, params=[0])
    assert found.values.tolist() == [[1, "ü", 1.5], [2, "b", 0.0], [3, "c", 0.5]]
    place = f"s3://bankdm-{cloud.account}-us-east-1/bankdm/unload/frames/"
    role = cloud.client("iam").get_role(RoleName="BankDM-RedShift")["Role"]["Arn"]
    redshift.copy(more, f"{place}in/", connection, "copied", "public", iam_role=role, mode="overwrite", boto3_session=session)
    found = redshift.unload("SELECT n, t FROM public.copied", f"{place}out/", connection, iam_role=role, boto3_session=session)
    assert sorted(zip(found["n"], found["t"])) == [(2, "b"), (3, "c")]
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE public.frame")
        cursor.execute("DROP TABLE public.copied")
    connection.commit()


def test_the_login_has_the_members_of_aws_own_secrets(session):
    """By them awswrangler, and AWS's functions that change passwords, find the database."""
    secret = wrangler.secretsmanager.get_secret_json("bankdm_redshift_login", boto3_session=session)
    assert {"engine": "redshift", "username": "bankdm", "port": 5439, "dbname": "bankdm"}.items() <= secret.items()


def test_the_data_api_gives_a_frame(session):
    connection = wrangler.data_api.redshift.connect(workgroup_name="bankdm", database="bankdm", boto3_session=session)
    frame = wrangler.data_api.redshift.read_sql_query("SELECT y, count(*) AS customers FROM dm.data GROUP BY y ORDER BY y", con=connection)
    assert dict(zip(frame["y"], frame["customers"])) == {"no": 36548, "yes": 4640}


def test_pyathena_is_a_database(session, table, served):
    import pyathena
    import pyathena.pandas.cursor

    database, name = table
    place = {"s3_staging_dir": f"s3://{BUCKET}/pyathena/", "region_name": aws.REGION, "schema_name": database, "session": session}
    with pyathena.connect(poll_interval=0.05, **place) as connection:
        cursor = connection.cursor()
        cursor.execute(f"SELECT age, job, y FROM {name} WHERE age > %(age)s ORDER BY age DESC LIMIT 5", {"age": 80})
        rows = cursor.fetchall()
        assert len(rows) == 5 and all(isinstance(age, int) and age > 80 for age, _, _ in rows)
        assert [column[0] for column in cursor.description] == ["age", "job", "y"]
        frame = connection.cursor(pyathena.pandas.cursor.PandasCursor).execute(f"SELECT count(*) AS customers FROM {name}").as_pandas()
        assert frame["customers"].tolist() == [41188]
        with pytest.raises(pyathena.error.OperationalError, match="no_such_table"):
            connection.cursor().execute("SELECT * FROM no_such_table")


def test_statements_of_the_lake_by_pyathena(session, table, served):
    import pyathena
    from pyathena.async_cursor import AsyncCursor
    from pyathena.cursor import DictCursor

    database, name = table
    place = {"s3_staging_dir": f"s3://{BUCKET}/pyathena/", "region_name": aws.REGION, "schema_name": database, "session": session}
    with pyathena.connect(poll_interval=0.05, **place) as connection:
        cursor = connection.cursor()
        cursor.execute(f"CREATE EXTERNAL TABLE by_pyathena (a int, b string) LOCATION 's3://{BUCKET}/by_pyathena/'")
        cursor.execute("INSERT INTO by_pyathena VALUES (1, 'x'), (2, 'ü')")
        assert sorted(cursor.execute("SELECT a, b FROM by_pyathena").fetchall()) == [(1, "x"), (2, "ü")]
        assert {("by_pyathena",), (name,)} <= set(cursor.execute("SHOW TABLES").fetchall())
        cursor.execute("CREATE TABLE by_pyathena_too AS SELECT y, count(*) AS customers FROM " + name + " GROUP BY y")
        counted = connection.cursor(DictCursor).execute("SELECT y, customers FROM by_pyathena_too ORDER BY y").fetchall()
        assert counted == [{"y": "no", "customers": 36548}, {"y": "yes", "customers": 4640}]
        old = f"SELECT count(*) FROM {name} WHERE age > ?"
        (marked,), = cursor.execute(old, ["60"], paramstyle="qmark").fetchall()
        asking = connection.cursor(AsyncCursor)
        _, coming = asking.execute(f"SELECT count(*) FROM {name} WHERE age > 60")
        assert coming.result().fetchall() == [(marked,)] and 0 < marked < 41188
        asking.close()
        for made in ("by_pyathena", "by_pyathena_too"):
            cursor.execute(f"DROP TABLE {made}")


def test_pyathena_under_sqlalchemy(session, table, served):
    place = {"s3_staging_dir": f"s3://{BUCKET}/sqlalchemy/", "region_name": aws.REGION}
    url = sqlalchemy.URL.create(
        "awsathena+rest", served.key, served.secret, f"athena.{aws.REGION}.amazonaws.com", 443, table[0], query={**place, "poll_interval": "0.05"}
    )
    engine = sqlalchemy.create_engine(url)
    counted = pandas.read_sql(f"SELECT y, count(*) AS customers FROM {table[1]} GROUP BY y ORDER BY y", engine)
    assert counted["customers"].tolist() == [36548, 4640]
    found = sqlalchemy.inspect(engine)
    assert table[1] in found.get_table_names()
    assert found.get_columns(table[1])[0]["name"] == "age"
    reflected = sqlalchemy.Table(table[1], sqlalchemy.MetaData(), autoload_with=engine)
    with engine.connect() as connection:
        assert connection.execute(sqlalchemy.select(sqlalchemy.func.max(reflected.c.age))).scalar_one() > 80
    engine.dispose()
