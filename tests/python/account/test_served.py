"""The same in the program's own AWS, which has what moto has not: the lake's statements, Redshift Serverless, executions that run."""

import json

import pytest

import aws
import leftovers
from commands import Account
from decoys import TAGS
from server import Server

SMALL = ("data.sample_rows=1500", "mlops.num_round=3", "mlops.auc_floor=0.5")


@pytest.fixture
def service(program, tmp_path):
    """An account of its own for a test."""
    state = tmp_path / "service"
    state.mkdir()
    server = Server(program, state)
    yield server
    server.close()


@pytest.fixture
def cloud(service):
    """boto3's clients of it, and what others have there."""
    cloud = aws.Aws(service)
    cloud.s3.create_bucket(Bucket="theirs")
    cloud.s3.put_object(Bucket="theirs", Key="customers/x.csv", Body=b"1\n2\n")
    return cloud


@pytest.fixture
def account(program, service, tmp_path):
    """The program in it."""
    return Account(program, tmp_path / "client", service, *SMALL)


def query(cloud, sql):
    """Runs a statement of the lake by others' hands."""
    athena = cloud.client("athena")
    started = athena.start_query_execution(QueryString=sql, ResultConfiguration={"OutputLocation": "s3://theirs/results/"})
    identity = started["QueryExecutionId"]
    ended = cloud.wait(lambda: athena.get_query_execution(QueryExecutionId=identity)["QueryExecution"]["Status"], "State", ("QUEUED", "RUNNING"))
    assert ended["State"] == "SUCCEEDED", ended


def lake(cloud):
    """The tables of every database of the lake."""
    athena = cloud.client("athena")
    databases = [each["Name"] for each in athena.list_databases(CatalogName="AwsDataCatalog")["DatabaseList"] if each["Name"] != "default"]
    found = {name: athena.list_table_metadata(CatalogName="AwsDataCatalog", DatabaseName=name)["TableMetadataList"] for name in databases}
    return {name: [(table["Name"], table["Columns"], table["Parameters"]) for table in tables] for name, tables in found.items()}


def test_all_of_it_goes_and_the_neighbours_stay(account, cloud):
    pairs = [{"key": key, "value": value} for key, value in TAGS.items()]
    serverless, logs = cloud.client("redshift-serverless"), cloud.client("logs")
    for name in ("bankdm-old", "x-bankdm", "bankdms"):
        serverless.create_namespace(namespaceName=name, adminUsername="theirs", adminUserPassword="Their-password-1", tags=pairs)
        serverless.create_workgroup(workgroupName=name, namespaceName=name, tags=pairs)
    for database, table in (("bankdm_old", "bankdm_glue"), ("xbankdm", "bankdm_glue"), ("bankdms", "customers")):
        query(cloud, f"CREATE DATABASE {database}")
        query(cloud, f"CREATE EXTERNAL TABLE {database}.{table} (a int) LOCATION 's3://theirs/customers/'")
    for group in ("/aws/sagemaker/ProcessingJobs", "/aws/sagemaker/Endpoints/BankDM-staging-old", "/aws/lambda/bankdm-redshift-dl-old"):
        logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName="pipelines-theirs-Step-PreProcess/algo-1")
    before = neighbours(cloud)
    account.done("run", "--all")
    account.done("cleanup", "--yes")
    assert neighbours(cloud) == before
    theirs = ("-old", "_old", "xbank", "x-bank", "bankdms")
    assert [name for name in leftovers.of_demo(cloud, "bankdm") if not any(other in name for other in theirs)] == []


def neighbours(cloud):
    """What is there of kinds that moto has not, and who the streams of logs belong to."""
    serverless, logs = cloud.client("redshift-serverless"), cloud.client("logs")
    groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    return json.dumps(
        {
            "namespaces": serverless.list_namespaces()["namespaces"],
            "workgroups": serverless.list_workgroups()["workgroups"],
            "lake": lake(cloud),
            "logs": {group: logs.describe_log_streams(logGroupName=group)["logStreams"] for group in groups},
            "objects": [each["Key"] for each in cloud.s3.list_objects_v2(Bucket="theirs")["Contents"]],
        },
        default=str,
        sort_keys=True,
    )


def test_a_table_of_others_in_the_lakes_database_stays(account, cloud):
    account.done("run", "foundation", "lake")
    query(cloud, "CREATE EXTERNAL TABLE bankdm.customers (a int) LOCATION 's3://theirs/customers/'")
    account.done("cleanup", "--yes")
    assert [name for name, *_ in lake(cloud).get("bankdm", [])] == ["customers"]


def test_a_database_of_others_with_the_lakes_name_stays(account, cloud):
    query(cloud, "CREATE DATABASE bankdm")
    query(cloud, "CREATE EXTERNAL TABLE bankdm.customers (a int) LOCATION 's3://theirs/customers/'")
    before = lake(cloud)
    account.done("run", "foundation")
    account.done("cleanup", "--yes")
    assert lake(cloud) == before


def test_a_lake_without_its_bucket_is_told_and_goes_with_a_new_one(account, cloud):
    account.done("run", "foundation", "lake")
    bucket = f"bankdm-{cloud.account}-us-east-1"
    for entry in cloud.s3.list_objects_v2(Bucket=bucket)["Contents"]:
        cloud.s3.delete_object(Bucket=bucket, Key=entry["Key"])
    cloud.s3.delete_bucket(Bucket=bucket)
    refused = account.run("cleanup", "--yes")
    assert refused.code == 1 and "Lake database" in refused.out and "run the step `foundation`" in refused.err, refused
    account.done("run", "foundation")
    account.done("cleanup", "--yes")
    assert leftovers.of_demo(cloud, "bankdm") == []


def test_a_model_of_others_is_not_replaced(account, cloud):
    account.done("run", "foundation", "lake", "load", "pipeline")
    role = cloud.client("iam").get_role(RoleName="BankDM-SageMaker")["Role"]["Arn"]
    package = cloud.sagemaker.list_model_packages(ModelPackageGroupName="BankDM-Group")["ModelPackageSummaryList"][0]["ModelPackageArn"]
    cloud.sagemaker.create_model_package_group(ModelPackageGroupName="theirs")
    described = cloud.sagemaker.describe_model_package(ModelPackageName=package)
    theirs = cloud.sagemaker.create_model_package(
        ModelPackageGroupName="theirs", InferenceSpecification=described["InferenceSpecification"], ModelApprovalStatus="Approved"
    )["ModelPackageArn"]
    cloud.sagemaker.create_model(ModelName="BankDM-v1", ExecutionRoleArn=role, PrimaryContainer={"ModelPackageName": theirs})
    before = cloud.sagemaker.describe_model(ModelName="BankDM-v1")
    account.run("run", "deploy")
    after = cloud.sagemaker.describe_model(ModelName="BankDM-v1")
    assert after["CreationTime"] == before["CreationTime"]


def test_an_execution_that_is_at_work_leaves_nothing(program, account, service, tmp_path):
    account.done("run", "foundation", "lake", "load", "pipeline")
    service.close()
    slow = Server(program, tmp_path / "service", "--set", "local.pace=live")
    account.served, cloud = slow, aws.Aws(slow)
    anew = [{"Name": "CacheKey", "Value": "other"}]
    started = cloud.sagemaker.start_pipeline_execution(PipelineName="BankDM-Pipeline", PipelineParameters=anew)

    def running():
        steps = cloud.steps(started["PipelineExecutionArn"]).values()
        working = [step for step in steps if step["StepStatus"] == "Executing" and "ProcessingJob" in step.get("Metadata", {})]
        return {"Working": bool(working)}

    cloud.wait(running, "Working", (False,))
    account.done("cleanup", "--yes")
    left = leftovers.of_demo(cloud, "bankdm") + leftovers.log_groups(cloud)
    slow.close()
    assert left == []
