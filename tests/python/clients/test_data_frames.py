"""awswrangler and PyAthena: data frames from objects, the lake and the warehouse."""

import boto3
import pandas
import pytest

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
