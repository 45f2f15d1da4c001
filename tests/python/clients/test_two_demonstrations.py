"""Two demonstrations in one account at the same time: each has its own namespace and database, and nothing of one is in the other's way.

Redshift refuses a transaction (`ERROR: 1023`) when it could not have run before or after another one, and only then: another namespace is
another warehouse, which it cannot even read.
"""

import concurrent.futures
import contextlib
import itertools
import subprocess
import threading
import time

import psycopg
import pytest

import aws
from server import Server, command, environment

SMALL = ("data.sample_rows=1500", "mlops.num_round=3", "mlops.auc_floor=0.5")
PASSWORD = "Secret-pass-1"
PATIENCE = 20
# Names of namespaces that nobody else has.
numbers = itertools.count()


@pytest.fixture(scope="module")
def account(program, tmp_path_factory):
    """An account of its own for these tests."""
    server = Server(program, tmp_path_factory.mktemp("two"))
    yield server
    server.close()


@pytest.fixture(scope="module")
def clients(account):
    """boto3's clients of it."""
    cloud = aws.Aws(account)
    cloud.s3.create_bucket(Bucket="two-lakes")
    cloud.s3.put_object(Bucket="two-lakes", Key="data/a.csv", Body=b"1\n2\n")
    return cloud


def namespace(cloud, workgroup=False):
    """Makes a namespace with a database of the same name, and a workgroup when somebody is to connect; gives their name."""
    name = f"warehouse{next(numbers)}"
    again(cloud, name, workgroup)
    return name


def again(cloud, name, workgroup):
    """The same, of a name."""
    serverless = cloud.client("redshift-serverless")
    serverless.create_namespace(namespaceName=name, dbName=name, adminUsername=name, adminUserPassword=PASSWORD)
    if workgroup:
        serverless.create_workgroup(workgroupName=name, namespaceName=name)
        cloud.wait(lambda: serverless.get_workgroup(workgroupName=name)["workgroup"], "status", ("CREATING", "MODIFYING"))


@pytest.fixture
def connected(account):
    """Connects to a database as its administrator."""
    host, port = account.postgres.split(":")
    with contextlib.ExitStack() as open_connections:

        def connect(name, **options):
            connection = psycopg.connect(host=host, port=int(port), dbname=name, user=name, password=PASSWORD, **options)
            return open_connections.enter_context(contextlib.closing(connection))

        yield connect


@pytest.fixture
def ours(clients, connected):
    """A connection to a warehouse with a table, not in a transaction."""
    connection = connected(namespace(clients, workgroup=True))
    connection.execute("CREATE TABLE public.data (n int)")
    connection.commit()
    return connection


@pytest.fixture
def theirs(clients, connected):
    """A connection to another warehouse with a table, where each statement is by itself."""
    connection = connected(namespace(clients, workgroup=True), autocommit=True)
    connection.execute("CREATE TABLE public.data (n int)")
    return connection


def query(cloud, sql):
    """Runs a statement of the lake."""
    athena = cloud.client("athena")
    place = {"OutputLocation": "s3://two-lakes/results/"}
    identity = athena.start_query_execution(QueryString=sql, ResultConfiguration=place)["QueryExecutionId"]
    ended = cloud.wait(lambda: athena.get_query_execution(QueryExecutionId=identity)["QueryExecution"]["Status"], "State", ("QUEUED", "RUNNING"))
    assert ended["State"] == "SUCCEEDED", ended


# What somebody else does, who cannot have changed what a transaction of ours has read.
ELSEWHERE = {
    "rows": lambda cloud, theirs: theirs.execute("INSERT INTO public.data VALUES (1)"),
    "table": lambda cloud, theirs: theirs.execute("CREATE TABLE public.other (n int)"),
    "lake": lambda cloud, theirs: query(cloud, f"CREATE DATABASE lake{next(numbers)}"),
    "namespace": lambda cloud, theirs: namespace(cloud),
}


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
def test_what_happens_elsewhere_is_no_conflict_for_one_who_has_read(clients, ours, theirs, elsewhere):
    assert ours.execute("SELECT count(*) FROM public.data").fetchone() == (0,)
    ELSEWHERE[elsewhere](clients, theirs)
    ours.execute("INSERT INTO public.data VALUES (2)")
    ours.commit()
    assert ours.execute("SELECT count(*) FROM public.data").fetchone() == (1,)


def test_one_who_has_read_no_table_is_not_refused(ours, theirs):
    assert ours.execute("SELECT 1").fetchone() == (1,)
    theirs.execute("INSERT INTO public.data VALUES (1)")
    ours.execute("INSERT INTO public.data VALUES (2)")
    ours.commit()


def test_another_table_of_the_same_database_is_no_conflict(ours, connected):
    ours.execute("CREATE TABLE public.other (n int)")
    ours.commit()
    beside = connected(ours.info.dbname, autocommit=True)
    assert ours.execute("SELECT count(*) FROM public.data").fetchone() == (0,)
    beside.execute("INSERT INTO public.other VALUES (1)")
    ours.execute("INSERT INTO public.data VALUES (2)")
    ours.commit()


def test_who_writes_what_another_has_changed_since_it_was_read_is_refused(ours, connected):
    """This one is a conflict: ours has read no row and could not have come after theirs, nor before it, because theirs would have seen it."""
    beside = connected(ours.info.dbname)
    assert ours.execute("SELECT count(*) FROM public.data").fetchone() == (0,)
    assert beside.execute("SELECT count(*) FROM public.data").fetchone() == (0,)
    beside.execute("INSERT INTO public.data VALUES (1)")
    beside.commit()
    with pytest.raises(psycopg.errors.SerializationFailure, match="1023"):
        ours.execute("INSERT INTO public.data VALUES (2)")
        ours.commit()


def test_a_commit_does_not_fail_because_a_namespace_was_made(clients, ours):
    ours.execute("INSERT INTO public.data VALUES (1)")
    namespace(clients)
    ours.commit()


def test_what_a_deleted_namespace_had_is_gone(clients, connected, theirs):
    """Theirs is another one that stays."""
    name, serverless = namespace(clients, workgroup=True), clients.client("redshift-serverless")
    with contextlib.closing(connected(name, autocommit=True)) as connection:
        connection.execute("CREATE TABLE public.data (n int)")
    serverless.delete_workgroup(workgroupName=name)
    gone(lambda: name in [each["workgroupName"] for each in serverless.list_workgroups()["workgroups"]])
    serverless.delete_namespace(namespaceName=name)
    gone(lambda: name in [each["namespaceName"] for each in serverless.list_namespaces()["namespaces"]])
    again(clients, name, workgroup=True)
    with pytest.raises(psycopg.errors.UndefinedTable):
        connected(name, autocommit=True).execute("SELECT count(*) FROM public.data")
    assert theirs.execute("SELECT count(*) FROM public.data").fetchone() == (0,)


def gone(there):
    """Waits until something is not there any more."""
    end = time.monotonic() + PATIENCE
    while there():
        assert time.monotonic() < end
        time.sleep(aws.PAUSE)


@pytest.fixture
def run(program, account, tmp_path):
    """Starts the program in the account, for a demonstration of a name; gives its process."""

    def start(name, *arguments):
        settings = [word for setting in (*SMALL, f"demo.name={name}") for word in ("--set", setting)]
        return subprocess.Popen(
            [*command(program, tmp_path / name, "aws"), *settings, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment(**account.variables),
        )

    return start


def done(process):
    """What a process has printed that has to succeed."""
    printed, _ = process.communicate(timeout=300)
    assert process.returncode == 0, printed
    return printed


def test_a_table_is_loaded_while_others_make_their_namespaces(clients, run):
    """What the program does in one transaction: DELETE, INSERT … SELECT from the lake, COMMIT."""
    done(run("Loaded", "run", "foundation", "lake", "--yes"))
    ended = threading.Event()

    def make():
        while not ended.is_set():
            namespace(clients)

    with concurrent.futures.ThreadPoolExecutor() as pool:
        making = pool.submit(make)
        loading = run("Loaded", "run", "load", "--yes")
        printed, _ = loading.communicate(timeout=300)
        ended.set()
        making.result()
    assert loading.returncode == 0, printed
    done(run("Loaded", "cleanup", "--yes"))


def test_two_demonstrations_at_once(run):
    for process in [run(name, "run", "--all", "--yes") for name in ("Left", "Right")]:
        done(process)
    done(run("Left", "cleanup", "--yes"))
    assert "1500" in done(run("Right", "sql", "-e", "SELECT count(*) FROM dm.data"))
    assert "changed" not in done(run("Right", "run", "--all", "--yes", "--json")).replace('"changed":false', "")
    done(run("Right", "cleanup", "--yes"))
