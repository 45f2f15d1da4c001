"""Every operation that the program calls, and every one that the embedded AWS serves, against botocore's models of the services: requests,
answers and the codes of errors. What was found is docs/operations.md; SHIFTDECK_WRITE=1 writes it.
"""

import io
import json
import os
import pathlib
import subprocess
import zipfile

import boto3
import botocore.exceptions
import pytest
from botocore.config import Config

import aws
import findings
import probe
from recorder import Recorder
from server import Served, Server, command, environment

DOCUMENT = pathlib.Path(__file__).parents[2] / "docs" / "operations.md"
NAME = "Model"


@pytest.fixture(scope="module")
def place(program, tmp_path_factory):
    """A fresh account, served, and the recorder before it."""
    state = tmp_path_factory.mktemp("operations")
    server = Server(program, state)
    recorder = Recorder(server.url)
    yield Served(recorder.url, server.key, server.secret), recorder, state
    recorder.close()
    server.close()


@pytest.fixture(scope="module")
def by_the_program(program, place):
    """What the program sends to an account on AWS, which here is the embedded one: the whole demonstration, and what else it does."""
    served, recorder, state = place
    run = [*command(program, state / "program", "aws"), "--set", f"demo.name={NAME}"]
    for arguments in [
        ["run", "--all", "--yes", "--json"],
        ["run", "--all", "--yes", "--json"],
        ["status", "--json"],
        ["doctor", "--json"],
        ["pipeline", "list", "--json"],
        ["model", "list", "--json"],
        ["endpoint", "list"],
        ["predict", "--sample", "3", "--json"],
        ["model", "score", "--table", "dm.data", "--into", "dm.scores"],
        ["sql", "--engine", "athena", "-e", "SELECT 1"],
        ["sql", "-e", "SELECT 1"],
        ["--set", "stacks.network=true", "--set", "stacks.studio=true", "run", "foundation"],
        ["stack", "list"],
        ["stack", "events", "network"],
        ["cleanup", "--yes"],
    ]:
        done = subprocess.run([*run, *arguments], capture_output=True, text=True, env=environment(**served.variables))
        assert done.returncode == 0, f"{arguments}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return list(recorder.exchanges)


@pytest.fixture(scope="module")
def asked_for(place, by_the_program):
    """The operations that the embedded AWS has, by service, and the exchanges in which it was asked for all that there are."""
    served, recorder, _ = place
    before = len(recorder.exchanges)
    options = Config(retries={"max_attempts": 1}, parameter_validation=False, inject_host_prefix=False)
    found = {}
    for service in probe.SERVICES:
        client = boto3.client(
            service,
            endpoint_url=served.url,
            region_name=aws.REGION,
            aws_access_key_id=served.key,
            aws_secret_access_key=served.secret,
            config=options,
        )
        found[service] = probe.served(client, service)
    return found, recorder.exchanges[before:]


@pytest.fixture(scope="module")
def exercised(place, by_the_program):
    """The exchanges in which boto3 uses what the program does not use."""
    served, recorder, _ = place
    before = len(recorder.exchanges)
    cloud = aws.Aws(served)
    for name, exercise in EXERCISES:
        try:
            exercise(cloud)
        except botocore.exceptions.ClientError as error:
            raise AssertionError(f"{name}: {error}") from error
    return recorder.exchanges[before:]


EXERCISES = []


def exercise(function):
    """Registers what is done with a service."""
    EXERCISES.append((function.__name__, function))
    return function


@exercise
def objects(cloud):
    s3, bucket = cloud.s3, "operations"
    s3.create_bucket(Bucket=bucket)
    s3.list_buckets()
    s3.get_bucket_location(Bucket=bucket)
    s3.get_bucket_versioning(Bucket=bucket)
    tags = {"TagSet": [{"Key": "a", "Value": "b"}]}
    s3.put_bucket_tagging(Bucket=bucket, Tagging=tags)
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == tags["TagSet"]
    s3.delete_bucket_tagging(Bucket=bucket)
    encryption = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=encryption)
    assert s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"] == encryption
    s3.delete_bucket_encryption(Bucket=bucket)
    block = dict.fromkeys(["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"], True)
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=block)
    assert s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"] == block
    s3.delete_public_access_block(Bucket=bucket)
    rules = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=rules)
    assert s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"] == rules
    s3.delete_bucket_ownership_controls(Bucket=bucket)
    lifecycle = {"Rules": [{"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "x"}, "Expiration": {"Days": 1}}]}
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=lifecycle)
    s3.get_bucket_lifecycle_configuration(Bucket=bucket)
    s3.delete_bucket_lifecycle(Bucket=bucket)
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    assert s3.get_bucket_policy(Bucket=bucket)["Policy"] == policy
    s3.delete_bucket_policy(Bucket=bucket)
    for key in ("a", "b/c", "b/d"):
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode() * 10, Metadata={"of": "mine"}, ContentType="text/plain")
    s3.head_object(Bucket=bucket, Key="a")
    assert s3.get_object(Bucket=bucket, Key="a", Range="bytes=1-3")["Body"].read() == b"aaa"
    s3.copy_object(Bucket=bucket, Key="e", CopySource=f"{bucket}/a")
    found = s3.list_objects_v2(Bucket=bucket, Delimiter="/", MaxKeys=1)
    assert found["IsTruncated"] and found["NextContinuationToken"]
    s3.list_objects(Bucket=bucket, Prefix="b/")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
    s3.list_multipart_uploads(Bucket=bucket)
    part = s3.upload_part(Bucket=bucket, Key="parts", UploadId=upload, PartNumber=1, Body=b"x" * 5_242_880)
    copied = s3.upload_part_copy(Bucket=bucket, Key="parts", UploadId=upload, PartNumber=2, CopySource=f"{bucket}/a")
    s3.list_parts(Bucket=bucket, Key="parts", UploadId=upload)
    parts = [{"PartNumber": 1, "ETag": part["ETag"]}, {"PartNumber": 2, "ETag": copied["CopyPartResult"]["ETag"]}]
    s3.complete_multipart_upload(Bucket=bucket, Key="parts", UploadId=upload, MultipartUpload={"Parts": parts})
    assert s3.head_object(Bucket=bucket, Key="parts")["ContentLength"] == 5_242_890
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
    s3.abort_multipart_upload(Bucket=bucket, Key="parts", UploadId=upload)
    s3.delete_object(Bucket=bucket, Key="a")
    keys = [{"Key": each["Key"]} for each in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    s3.delete_objects(Bucket=bucket, Delete={"Objects": keys})
    s3.delete_bucket(Bucket=bucket)


@exercise
def identities(cloud):
    iam, sts = cloud.client("iam"), cloud.client("sts")
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = iam.create_role(RoleName="operations", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.list_roles()
    iam.put_role_policy(RoleName="operations", PolicyName="p", PolicyDocument=trust)
    iam.list_role_policies(RoleName="operations")
    iam.get_role_policy(RoleName="operations", PolicyName="p")
    iam.tag_role(RoleName="operations", Tags=[{"Key": "a", "Value": "b"}])
    iam.list_role_tags(RoleName="operations")
    iam.untag_role(RoleName="operations", TagKeys=["a"])
    iam.update_assume_role_policy(RoleName="operations", PolicyDocument=trust)
    iam.simulate_principal_policy(PolicySourceArn=sts.get_caller_identity()["Arn"], ActionNames=["s3:GetObject"])
    policy = iam.create_policy(PolicyName="operations", PolicyDocument=trust)["Policy"]["Arn"]
    iam.get_policy(PolicyArn=policy)
    iam.attach_role_policy(RoleName="operations", PolicyArn=policy)
    iam.list_attached_role_policies(RoleName="operations")
    iam.detach_role_policy(RoleName="operations", PolicyArn=policy)
    iam.delete_policy(PolicyArn=policy)
    iam.create_user(UserName="operations")
    key = iam.create_access_key(UserName="operations")["AccessKey"]
    iam.list_access_keys(UserName="operations")
    caller = Served(cloud.served.url, key["AccessKeyId"], key["SecretAccessKey"])
    assert aws.Aws(caller).account == cloud.account, "a key of IAM is a key"
    iam.delete_access_key(UserName="operations", AccessKeyId=key["AccessKeyId"])
    with pytest.raises(botocore.exceptions.ClientError, match="InvalidClientTokenId"):
        aws.Aws(caller)
    iam.delete_user(UserName="operations")
    sts.assume_role(RoleArn=role, RoleSessionName="operations")
    sts.get_session_token()
    iam.delete_role_policy(RoleName="operations", PolicyName="p")
    iam.delete_role(RoleName="operations")


@exercise
def secrets(cloud):
    client, name = cloud.client("secretsmanager"), "operations"
    client.create_secret(Name=name, SecretString="one", Tags=[{"Key": "a", "Value": "b"}])
    client.put_secret_value(SecretId=name, SecretString="two")
    assert client.get_secret_value(SecretId=name)["SecretString"] == "two"
    client.update_secret(SecretId=name, Description="d")
    client.describe_secret(SecretId=name)
    client.list_secrets()
    client.list_secret_version_ids(SecretId=name)
    client.tag_resource(SecretId=name, Tags=[{"Key": "c", "Value": "d"}])
    client.untag_resource(SecretId=name, TagKeys=["c"])
    client.get_random_password()
    client.delete_secret(SecretId=name)
    client.restore_secret(SecretId=name)
    client.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)


@exercise
def quotas(cloud):
    client, service = cloud.client("service-quotas"), {"ServiceCode": "sagemaker"}
    assert service["ServiceCode"] in [each["ServiceCode"] for each in client.list_services()["Services"]]
    first = client.list_service_quotas(MaxResults=2, **service)
    second = client.list_service_quotas(MaxResults=2, NextToken=first["NextToken"], **service)
    quota = second["Quotas"][0]
    assert quota not in first["Quotas"]
    one = {"QuotaCode": quota["QuotaCode"], **service}
    assert client.get_service_quota(**one)["Quota"] == quota
    with pytest.raises(botocore.exceptions.ClientError, match="IllegalArgumentException"):
        client.request_service_quota_increase(DesiredValue=quota["Value"], **one)
    asked = client.request_service_quota_increase(DesiredValue=quota["Value"] + 1, **one)["RequestedQuota"]
    assert client.get_requested_service_quota_change(RequestId=asked["Id"])["RequestedQuota"]["Status"] == "APPROVED"
    assert client.get_service_quota(**one)["Quota"]["Value"] == quota["Value"] + 1


@exercise
def warehouses(cloud):
    serverless, redshift, data = cloud.client("redshift-serverless"), cloud.client("redshift"), cloud.client("redshift-data")
    password = "Operations1"
    namespace = serverless.create_namespace(namespaceName="operations", adminUsername="ops", adminUserPassword=password, dbName="ops")["namespace"]
    serverless.update_namespace(namespaceName="operations", iamRoles=[])
    serverless.list_namespaces()
    workgroup = serverless.create_workgroup(workgroupName="operations", namespaceName="operations")["workgroup"]
    serverless.update_workgroup(workgroupName="operations", baseCapacity=16)
    serverless.list_workgroups()
    serverless.get_credentials(workgroupName="operations")
    for arn in (namespace["namespaceArn"], workgroup["workgroupArn"]):
        serverless.tag_resource(resourceArn=arn, tags=[{"key": "a", "value": "b"}])
        assert serverless.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "a", "value": "b"}]
        serverless.untag_resource(resourceArn=arn, tagKeys=["a"])
    place = {"WorkgroupName": "operations", "Database": "ops"}
    started = data.execute_statement(Sql="SELECT 1 AS n", SessionKeepAliveSeconds=60, **place)
    cloud.wait(lambda: data.describe_statement(Id=started["Id"]), "Status", ("SUBMITTED", "PICKED", "STARTED"))
    data.get_statement_result(Id=started["Id"])
    csv = data.execute_statement(Sql="SELECT 1 AS n", ResultFormat="CSV", **place)["Id"]
    cloud.wait(lambda: data.describe_statement(Id=csv), "Status", ("SUBMITTED", "PICKED", "STARTED"))
    data.get_statement_result_v2(Id=csv)
    data.batch_execute_statement(Sqls=["CREATE TABLE t (a int, b varchar(3))", "INSERT INTO t VALUES (1, 'x')"], **place)
    data.list_statements()
    data.list_sessions()
    data.list_databases(**place)
    data.list_schemas(**place)
    data.list_tables(**place)
    data.describe_table(Table="t", Schema="public", **place)
    with pytest.raises(botocore.exceptions.ClientError, match="ValidationException"):
        data.cancel_statement(Id=started["Id"])
    endless = "SELECT count(*) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000) SELECT i FROM n)"
    running = data.execute_statement(Sql=endless, **place)["Id"]
    data.cancel_statement(Id=running)
    subnet = {"ClusterSubnetGroupName": "operations", "Description": "d", "SubnetIds": ["subnet-1"]}
    redshift.create_cluster_subnet_group(**subnet)
    redshift.describe_cluster_subnet_groups()
    cluster = {"ClusterIdentifier": "operations", "NodeType": "ra3.large", "MasterUsername": "ops", "MasterUserPassword": password}
    redshift.create_cluster(ClusterType="single-node", **cluster)
    redshift.get_waiter("cluster_available").wait(ClusterIdentifier="operations", WaiterConfig={"Delay": 1})
    found = redshift.describe_clusters(ClusterIdentifier="operations")["Clusters"][0]
    arn = f"arn:aws:redshift:{aws.REGION}:{cloud.account}:cluster:operations"
    redshift.create_tags(ResourceName=arn, Tags=[{"Key": "a", "Value": "b"}])
    redshift.describe_tags(ResourceName=arn)
    redshift.delete_tags(ResourceName=arn, TagKeys=["a"])
    redshift.modify_cluster(ClusterIdentifier="operations", MasterUserPassword="Operations2")
    redshift.modify_cluster_iam_roles(ClusterIdentifier="operations", AddIamRoles=[f"arn:aws:iam::{cloud.account}:role/x"])
    available = lambda: cloud.wait(  # noqa: E731
        lambda: redshift.describe_clusters(ClusterIdentifier="operations")["Clusters"][0], "ClusterStatus", ("modifying", "resuming", "pausing")
    )
    available()
    redshift.pause_cluster(ClusterIdentifier="operations")
    available()
    redshift.resume_cluster(ClusterIdentifier="operations")
    available()
    assert found["ClusterStatus"] == "available"
    redshift.delete_cluster(ClusterIdentifier="operations", SkipFinalClusterSnapshot=True)
    redshift.get_waiter("cluster_deleted").wait(ClusterIdentifier="operations", WaiterConfig={"Delay": 1})
    redshift.delete_cluster_subnet_group(ClusterSubnetGroupName="operations")
    serverless.delete_workgroup(workgroupName="operations")
    serverless.delete_namespace(namespaceName="operations")


@exercise
def stacks(cloud):
    client = cloud.client("cloudformation")
    template = (pathlib.Path(__file__).parents[2] / "assets" / "stacks" / "network.json").read_text()
    values = {"Cidr": "10.80.0.0/16", "SubnetCidrs": "10.80.0.0/18,10.80.64.0/18,10.80.128.0/18"}
    parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]
    client.validate_template(TemplateBody=template)
    made = {"StackName": "operations", "TemplateBody": template, "Parameters": parameters}
    identity = client.create_stack(Tags=[{"Key": "a", "Value": "b"}], ClientRequestToken="operations", **made)["StackId"]
    client.get_waiter("stack_create_complete").wait(StackName="operations", WaiterConfig={"Delay": 1})
    described = client.describe_stacks(StackName=identity)["Stacks"][0]
    assert {output["OutputKey"] for output in described["Outputs"]} == {"VpcId", "SubnetIds", "SecurityGroupId"}
    assert len(client.describe_stack_resources(StackName="operations")["StackResources"]) == 11
    assert len(client.list_stack_resources(StackName="operations")["StackResourceSummaries"]) == 11
    assert client.describe_stack_events(StackName="operations")["StackEvents"][-1]["ResourceStatusReason"] == "User Initiated"
    assert client.get_template(StackName="operations")["TemplateBody"]["Resources"]["Vpc"]["Type"] == "AWS::EC2::VPC"
    with pytest.raises(botocore.exceptions.ClientError, match="No updates are to be performed"):
        client.update_stack(**made)
    client.update_stack(Tags=[{"Key": "c", "Value": "d"}], **made)
    client.get_waiter("stack_update_complete").wait(StackName="operations", WaiterConfig={"Delay": 1})
    client.list_stacks(StackStatusFilter=["UPDATE_COMPLETE"])
    wrong = [{"ParameterKey": "Cidr", "ParameterValue": "10.80.0.0/8"}, parameters[1]]
    client.create_stack(StackName="wrong", TemplateBody=template, Parameters=wrong)
    assert client.describe_stacks(StackName="wrong")["Stacks"][0]["StackStatus"] == "ROLLBACK_COMPLETE"
    client.delete_stack(StackName="wrong")
    vpc = next(output["OutputValue"] for output in described["Outputs"] if output["OutputKey"] == "VpcId")
    subnets = next(output["OutputValue"] for output in described["Outputs"] if output["OutputKey"] == "SubnetIds")
    values = {"DomainName": "operations", "RoleArn": f"arn:aws:iam::{cloud.account}:role/x", "VpcId": vpc, "SubnetIds": subnets}
    studio = (pathlib.Path(__file__).parents[2] / "assets" / "stacks" / "studio.json").read_text()
    parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]
    client.create_stack(StackName="studio", TemplateBody=studio, Parameters=parameters)
    client.get_waiter("stack_create_complete").wait(StackName="studio", WaiterConfig={"Delay": 1})
    domain = cloud.sagemaker.list_domains()["Domains"][0]["DomainId"]
    assert cloud.sagemaker.describe_domain(DomainId=domain)["Status"] == "InService"
    user = cloud.sagemaker.list_user_profiles(DomainIdEquals=domain)["UserProfiles"][0]["UserProfileName"]
    cloud.sagemaker.describe_user_profile(DomainId=domain, UserProfileName=user)
    cloud.sagemaker.list_apps(DomainIdEquals=domain)
    cloud.sagemaker.list_spaces(DomainIdEquals=domain)
    cloud.sagemaker.delete_user_profile(DomainId=domain, UserProfileName=user)
    cloud.sagemaker.delete_domain(DomainId=domain, RetentionPolicy={"HomeEfsFileSystem": "Delete"})
    for name in ("studio", "operations"):
        client.delete_stack(StackName=name)
        client.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 1})


@exercise
def queries(cloud):
    athena = cloud.client("athena")
    cloud.s3.create_bucket(Bucket="operations-athena")
    output = {"OutputLocation": "s3://operations-athena/"}
    athena.create_work_group(Name="operations", Configuration={"ResultConfiguration": output}, Tags=[{"Key": "a", "Value": "b"}])
    athena.get_work_group(WorkGroup="operations")
    athena.list_work_groups()
    athena.update_work_group(WorkGroup="operations", Description="d")
    arn = f"arn:aws:athena:{aws.REGION}:{cloud.account}:workgroup/operations"
    athena.tag_resource(ResourceARN=arn, Tags=[{"Key": "c", "Value": "d"}])
    athena.list_tags_for_resource(ResourceARN=arn)
    athena.untag_resource(ResourceARN=arn, TagKeys=["c"])
    athena.create_prepared_statement(StatementName="one", WorkGroup="operations", QueryStatement="SELECT 1")
    athena.get_prepared_statement(StatementName="one", WorkGroup="operations")
    athena.update_prepared_statement(StatementName="one", WorkGroup="operations", QueryStatement="SELECT 2")
    athena.list_prepared_statements(WorkGroup="operations")
    athena.delete_prepared_statement(StatementName="one", WorkGroup="operations")
    for sql in (
        "CREATE DATABASE operations",
        "CREATE EXTERNAL TABLE operations.t (a int, b string) LOCATION 's3://operations-athena/t/'",
        "SELECT 1 AS n, 'x' AS t",
    ):
        identity = athena.start_query_execution(QueryString=sql, WorkGroup="operations")["QueryExecutionId"]
        status = lambda: athena.get_query_execution(QueryExecutionId=identity)["QueryExecution"]["Status"]  # noqa: B023, E731
        cloud.wait(status, "State", ("QUEUED", "RUNNING"))
    athena.get_query_results(QueryExecutionId=identity)
    athena.batch_get_query_execution(QueryExecutionIds=[identity])
    athena.get_query_runtime_statistics(QueryExecutionId=identity)
    athena.list_query_executions(WorkGroup="operations")
    athena.stop_query_execution(QueryExecutionId=identity)
    athena.list_data_catalogs()
    athena.get_data_catalog(Name="AwsDataCatalog")
    athena.list_databases(CatalogName="AwsDataCatalog")
    athena.get_database(CatalogName="AwsDataCatalog", DatabaseName="operations")
    athena.list_table_metadata(CatalogName="AwsDataCatalog", DatabaseName="operations")
    athena.get_table_metadata(CatalogName="AwsDataCatalog", DatabaseName="operations", TableName="t")
    athena.delete_work_group(WorkGroup="operations", RecursiveDeleteOption=True)


@exercise
def functions_and_logs(cloud):
    client, logs = cloud.client("lambda"), cloud.client("logs")
    source = (pathlib.Path(__file__).parents[2] / "assets" / "lambda" / "unload.py").read_text()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("unload.py", source)
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = cloud.client("iam").create_role(RoleName="operations-lambda", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    arn = client.create_function(
        FunctionName="operations", Runtime="python3.12", Role=role, Handler="unload.handler", Code={"ZipFile": packed.getvalue()}
    )["FunctionArn"]
    client.get_function(FunctionName="operations")
    client.get_function_configuration(FunctionName="operations")
    client.update_function_code(FunctionName="operations", ZipFile=packed.getvalue())
    client.update_function_configuration(FunctionName="operations", Timeout=60)
    client.list_functions()
    client.tag_resource(Resource=arn, Tags={"a": "b"})
    client.list_tags(Resource=arn)
    client.untag_resource(Resource=arn, TagKeys=["a"])
    client.invoke(FunctionName="operations", Payload=b"{}")
    client.delete_function(FunctionName="operations")
    cloud.client("iam").delete_role(RoleName="operations-lambda")
    logs.create_log_group(logGroupName="operations")
    logs.describe_log_groups()
    logs.put_retention_policy(logGroupName="operations", retentionInDays=7)
    logs.delete_retention_policy(logGroupName="operations")
    logs.create_log_stream(logGroupName="operations", logStreamName="s")
    logs.describe_log_streams(logGroupName="operations")
    logs.put_log_events(logGroupName="operations", logStreamName="s", logEvents=[{"timestamp": 1_700_000_000_000, "message": "m"}])
    logs.get_log_events(logGroupName="operations", logStreamName="s")
    logs.filter_log_events(logGroupName="operations")
    group = f"arn:aws:logs:{aws.REGION}:{cloud.account}:log-group:operations"
    logs.tag_resource(resourceArn=group, tags={"a": "b"})
    logs.list_tags_for_resource(resourceArn=group)
    logs.untag_resource(resourceArn=group, tagKeys=["a"])
    logs.delete_log_stream(logGroupName="operations", logStreamName="s")
    logs.delete_log_group(logGroupName="operations")
    cloud.client("cloudwatch").list_metrics()
    times = {"StartTime": 1_700_000_000, "EndTime": 1_700_003_600, "Period": 60}
    dimensions = [{"Name": "EndpointName", "Value": "x"}, {"Name": "VariantName", "Value": "AllTraffic"}]
    cloud.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SageMaker", MetricName="Invocations", Statistics=["Sum"], Dimensions=dimensions, **times
    )


def test_what_the_program_sends_follows_the_models(by_the_program):
    found = findings.of(by_the_program)
    assert {"sagemaker", "s3", "athena", "redshift-data", "iam"} <= {service for service, _ in found.operations}
    assert found.differences() == []


def test_what_the_embedded_aws_answers_follows_the_models(exercised, asked_for):
    found = findings.of(exercised)
    assert found.differences() == []
    refused = findings.of(asked_for[1], requests=False)
    assert refused.differences() == []


def test_the_document_says_so(by_the_program, exercised, asked_for):
    served, probes = asked_for
    text = findings.document(served, findings.of(by_the_program), findings.of(exercised), findings.of(probes, requests=False))
    if os.environ.get("SHIFTDECK_WRITE"):
        DOCUMENT.write_text(text)
    assert text == DOCUMENT.read_text()
