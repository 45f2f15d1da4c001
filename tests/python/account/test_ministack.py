"""The program in the account of ministack, which has a lake that answers, and neither a warehouse nor SageMaker."""

import json
import threading

import pytest

import answers
import aws
import independent
from commands import Account
from front import Front
from server import Served


@pytest.fixture(scope="module")
def ministack(tmp_path_factory):
    """ministack."""
    server = independent.ministack(tmp_path_factory.mktemp("ministack"))
    yield server
    server.close()


@pytest.fixture(scope="module")
def cloud(ministack):
    """boto3's clients of it, with the demonstration's bucket, for the results of queries."""
    cloud = aws.Aws(ministack)
    cloud.s3.create_bucket(Bucket=f"bankdm-{cloud.account}-us-east-1")
    return cloud


@pytest.fixture
def account(program, ministack, tmp_path):
    """The program in it."""
    return Account(program, tmp_path, ministack)


def query(account, sql, *more):
    """A query of the lake."""
    return account.run("sql", "--engine", "athena", *more, "-e", sql)


def test_a_query_of_the_lake(account, cloud):
    ended = query(account, "SELECT * FROM (VALUES (1, 'x', 2.5), (2, NULL, NULL)) AS t(n, s, d) ORDER BY n", "--format", "json")
    assert ended.code == 0 and json.loads(ended.out) == [{"n": 1, "s": "x", "d": 2.5}, {"n": 2, "s": None, "d": None}], ended
    assert query(account, "SELECT count(*) AS n FROM range(70000)", "--format", "csv").out == "n\n70000\n"


def test_a_result_of_many_pages(account, cloud):
    rows = query(account, "SELECT i FROM range(2500) AS t(i) ORDER BY i", "--format", "csv").out.splitlines()
    assert rows == ["i", *map(str, range(2500))]


@pytest.mark.parametrize("sql", ["SELECT nothing FROM nowhere", "CREATE DATABASE d", "SELECT"])
def test_a_query_that_the_service_refuses(account, cloud, sql):
    ended = query(account, sql)
    assert ended.code == 1 and "error: the query failed" in ended.err and "Error" in ended.err and "next: Correct" in ended.err, ended


@pytest.mark.parametrize(
    "arguments",
    ["sql -e VALUES", "run foundation", "cleanup --yes", "predict --sample 2", "model list", "pipeline list"],
)
def test_what_the_account_does_not_have(account, arguments):
    ended = account.run(*arguments.split())
    assert ended.code == 1 and "error: " in ended.err and "why: " in ended.err, ended
    assert "HTTP status 400" in ended.err or "could not be read" in ended.err, ended.err


def test_a_checklist_has_every_line_of_what_there_is_and_of_what_there_is_not(account, cloud):
    states = {(line["kind"], line["name"]): line["state"] for line in json.loads(account.done("status", "--json").out)["resources"]}
    assert states["S3 bucket", f"bankdm-{cloud.account}-us-east-1"] == "ready"
    assert states["Secret", "bankdm_redshift_login"] == "missing" and states["Function", "bankdm-redshift-dl"] == "missing"
    assert states["Workgroup", "bankdm"] == "unknown" and states["Pipeline", "BankDM-Pipeline"] == "unknown"


def test_secret_function_roles_and_bucket_come_and_go(program, cloud, ministack, gaps, tmp_path):
    """What ministack lacks is answered as by an account in which nothing of it exists, and in which nothing of it can be made."""
    front = Front(ministack.url, nothing_of_sagemaker(gaps))
    account = Account(program, tmp_path, Served(front.url, ministack.key, ministack.secret), "demo.name=Mini")
    ended = account.run("run", "foundation", "--json")
    assert ended.code == 1 and "there is no warehouse here" in ended.err, ended
    made = {"mini_redshift_login", f"mini-{cloud.account}-us-east-1", "Mini-RedShift"}
    assert made <= mine(cloud), mine(cloud)
    account.done("cleanup", "--yes")
    front.close()
    assert mine(cloud) == set()


def nothing_of_sagemaker(gaps):
    """The answers in place of ministack. The refusal comes when the bucket has its tags: it ends all that goes on at the same time."""
    tagged = threading.Event()

    def answer(asked, body):
        if asked.operation == "PUT 1 tagging":
            tagged.set()
        if asked.service in ("sagemaker", "redshift", "redshift-serverless", "redshift-data"):
            if asked.operation.startswith("List"):
                return 200, {"Content-Type": "application/x-amz-json-1.1"}, b"{}"
            if asked.operation == "DescribeClusters":
                return answers.error(asked, 404, "ClusterNotFound", "Cluster not found.")
            if asked.operation == "DescribeClusterSubnetGroups":
                return answers.error(asked, 400, "ClusterSubnetGroupNotFoundFault", "Not found.")
            if asked.operation.startswith(("Describe", "Get")):
                code = "ValidationException" if asked.service == "sagemaker" else "ResourceNotFoundException"
                return answers.error(asked, 400, code, "It does not exist.")
            if asked.operation == "CreateModelPackageGroup":
                return 200, {"Content-Type": "application/x-amz-json-1.1"}, b'{"ModelPackageGroupArn": "arn:aws:sagemaker:us-east-1:0:x/y"}'
            tagged.wait(10)
            return answers.error(asked, 400, "AccessDeniedException", "there is no warehouse here")
        return gaps(asked, body)

    return answer


def mine(cloud):
    """What is there of the demonstration."""
    names = {bucket["Name"] for bucket in cloud.s3.list_buckets()["Buckets"]}
    names |= {role["RoleName"] for role in cloud.client("iam").list_roles()["Roles"]}
    names |= {secret["Name"] for secret in cloud.client("secretsmanager").list_secrets()["SecretList"]}
    names |= {function["FunctionName"] for function in cloud.client("lambda").list_functions()["Functions"]}
    return {name for name in names if name.lower().startswith("mini")}
