"""The AWS CLI, command by command, on what the program has made. It is run in this process, because it takes longer to start than to ask."""

import os
import urllib.error
import urllib.request

import pytest

from server import Served


def test_who_is_asking(cli):
    assert cli("sts", "get-caller-identity")["Account"] == "000000000000"


def test_objects_are_copied_listed_and_removed(cli, tmp_path):
    # More than eight megabytes: the CLI uploads and downloads it in parts.
    content = os.urandom(9 * 1024 * 1024)
    (tmp_path / "large").write_bytes(content)
    (tmp_path / "folder").mkdir()
    for name in ("a b.txt", "ü+1.txt", "c.txt"):
        (tmp_path / "folder" / name).write_text(name)
    cli("s3", "mb", "s3://cli-bucket")
    cli("s3", "cp", "large", "s3://cli-bucket/large")
    cli("s3", "cp", "s3://cli-bucket/large", "again")
    assert (tmp_path / "again").read_bytes() == content
    cli("s3", "sync", "folder", "s3://cli-bucket/folder")
    cli("s3", "sync", "s3://cli-bucket/folder", "copy")
    assert {file.name: file.read_text() for file in (tmp_path / "copy").iterdir()} == {name: name for name in ("a b.txt", "ü+1.txt", "c.txt")}
    assert cli("s3", "sync", "folder", "s3://cli-bucket/folder") == "", "nothing has changed"
    assert "ü+1.txt" in cli("s3", "ls", "s3://cli-bucket/folder/")
    url = cli("s3", "presign", "s3://cli-bucket/folder/a b.txt").strip()
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"a b.txt"
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(url.replace("a%20b", "c"))
    cli("s3", "mv", "s3://cli-bucket/large", "s3://cli-bucket/moved")
    found = cli("s3api", "list-objects-v2", "--bucket", "cli-bucket", "--max-items", "2")
    assert len(found["Contents"]) == 2 and found["NextToken"]
    assert "NoSuchKey" in cli("s3api", "get-object", "--bucket", "cli-bucket", "--key", "none", "out", fails=True)
    cli("s3", "rb", "--force", "s3://cli-bucket")
    assert "NoSuchBucket" in cli("s3", "ls", "s3://cli-bucket", fails=True)


def test_what_the_program_has_made_is_listed(cli):
    assert [each["workgroupName"] for each in cli("redshift-serverless", "list-workgroups")["workgroups"]] == ["bankdm"]
    assert [each["namespaceName"] for each in cli("redshift-serverless", "list-namespaces")["namespaces"]] == ["bankdm"]
    assert cli("redshift", "describe-clusters") == {"Clusters": []}
    assert "bankdm_redshift_login" in [each["Name"] for each in cli("secretsmanager", "list-secrets")["SecretList"]]
    assert {"BankDM-RedShift", "BankDM-SageMaker"} <= {each["RoleName"] for each in cli("iam", "list-roles")["Roles"]}
    assert [each["FunctionName"] for each in cli("lambda", "list-functions")["Functions"]] == ["bankdm-redshift-dl"]
    assert cli("logs", "describe-log-groups")["logGroups"]
    pipeline = cli("sagemaker", "list-pipelines")["PipelineSummaries"][0]["PipelineName"]
    executions = cli("sagemaker", "list-pipeline-executions", "--pipeline-name", pipeline)["PipelineExecutionSummaries"]
    assert "Succeeded" in [each["PipelineExecutionStatus"] for each in executions]
    assert cli("sagemaker", "list-model-package-groups")["ModelPackageGroupSummaryList"]
    assert cli("sagemaker", "list-training-jobs", "--status-equals", "Completed")["TrainingJobSummaries"]
    assert cli("cloudwatch", "list-metrics", "--namespace", "AWS/SageMaker")["Metrics"] is not None
    assert cli("codecommit", "list-repositories") == {"repositories": []}
    assert cli("codepipeline", "list-pipelines") == {"pipelines": []}


def test_a_statement_of_the_warehouse(cli):
    place = ["--workgroup-name", "bankdm", "--database", "bankdm"]
    started = cli("redshift-data", "execute-statement", *place, "--sql", "SELECT count(*) AS customers FROM dm.data WHERE y = 'yes'")
    cli("redshift-data", "describe-statement", "--id", started["Id"])
    while cli("redshift-data", "describe-statement", "--id", started["Id"])["Status"] not in ("FINISHED", "FAILED"):
        pass
    result = cli("redshift-data", "get-statement-result", "--id", started["Id"])
    assert result["ColumnMetadata"][0]["name"] == "customers" and result["Records"] == [[{"longValue": 4640}]]
    described = cli("redshift-data", "describe-table", *place, "--schema", "dm", "--table", "data")
    assert "age" in [column["name"] for column in described["ColumnList"]]
    assert "ValidationException" in cli("redshift-data", "execute-statement", *place, "--sql", "", fails=True)


def test_a_query_of_the_lake(cli):
    databases = cli("athena", "list-databases", "--catalog-name", "AwsDataCatalog")["DatabaseList"]
    database = next(each["Name"] for each in databases if each["Name"] != "default")
    table = cli("athena", "list-table-metadata", "--catalog-name", "AwsDataCatalog", "--database-name", database)["TableMetadataList"][0]["Name"]
    cli("s3", "mb", "s3://cli-athena")
    started = cli(
        "athena", "start-query-execution", "--query-string", f"SELECT count(*) FROM {database}.{table}",
        "--result-configuration", "OutputLocation=s3://cli-athena/",
    )  # fmt: skip
    identity = started["QueryExecutionId"]
    while cli("athena", "get-query-execution", "--query-execution-id", identity)["QueryExecution"]["Status"]["State"] in ("QUEUED", "RUNNING"):
        pass
    rows = cli("athena", "get-query-results", "--query-execution-id", identity)["ResultSet"]["Rows"]
    assert rows[1]["Data"][0]["VarCharValue"] == "41188"
    cli("s3", "rb", "--force", "s3://cli-athena")


def test_a_function_is_invoked(cli, tmp_path):
    answer = cli("lambda", "invoke", "--function-name", "bankdm-redshift-dl", "--payload", "{}", "out.json")
    assert answer["StatusCode"] == 200 and "KeyError" in (tmp_path / "out.json").read_text()


def test_a_role_is_taken_and_its_keys_are_good(cli, served, monkeypatch):
    role = next(each["Arn"] for each in cli("iam", "list-roles")["Roles"] if each["RoleName"] == "BankDM-SageMaker")
    taken = cli("sts", "assume-role", "--role-arn", role, "--role-session-name", "cli")["Credentials"]
    taken_by = Served(served.url, taken["AccessKeyId"], taken["SecretAccessKey"])
    monkeypatch.setattr(served, "key", taken_by.key)
    monkeypatch.setattr(served, "secret", taken_by.secret)
    assert "InvalidClientTokenId" in cli("sts", "get-caller-identity", fails=True), "the session token is missing"
    monkeypatch.setenv("AWS_SESSION_TOKEN", taken["SessionToken"])
    assert cli("sts", "get-caller-identity")["Account"] == "000000000000"
    assert cli("sagemaker", "list-endpoints")["Endpoints"] is not None
