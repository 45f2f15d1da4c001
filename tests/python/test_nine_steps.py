"""The demonstration's nine steps by somebody else's hands: boto3 alone, from the roles to the cleanup, in an account that has one already.

The tests are steps: each needs those before it.
"""

import io
import json
import pathlib
import secrets
import zipfile

import botocore.exceptions
import pytest

import aws

NAME = "others"
BUCKET = f"{NAME}-000000000000-us-east-1"
ROWS = 41188
NUMBERS = {"age", "campaign", "pdays", "previous", "duration"}
DECIMALS = {"emp_var_rate", "cons_price_idx", "cons_conf_idx", "euribor3m", "nr_employed"}


class Warehouse:
    """The warehouse through the Data API."""

    def __init__(self, cloud, secret):
        self.cloud, self.data = cloud, cloud.client("redshift-data")
        self.place = {"WorkgroupName": NAME, "Database": NAME, "SecretArn": secret}

    def run(self, sql, *more, **options):
        """Runs statements, more than one as one transaction; gives the description of the end."""
        if more:
            started = self.data.batch_execute_statement(Sqls=[sql, *more], **self.place, **options)
        else:
            started = self.data.execute_statement(Sql=sql, **self.place, **options)
        return self.cloud.wait(
            lambda: self.data.describe_statement(Id=started["Id"]), "Status", ("SUBMITTED", "PICKED", "STARTED")
        )

    def done(self, sql, *more, **options):
        """The same, of statements that have to work."""
        end = self.run(sql, *more, **options)
        assert end["Status"] == "FINISHED", end.get("Error")
        return end

    def rows(self, sql, **options):
        """The rows of a query."""
        end = self.done(sql, **options)
        pages = self.data.get_paginator("get_statement_result").paginate(Id=end["Id"])
        return [tuple(cell(each) for each in record) for page in pages for record in page["Records"]]


def cell(field):
    """The value of a cell of the Data API."""
    (kind, value), = field.items()
    return None if kind == "isNull" else value


def lake(cloud, sql):
    """Runs a statement of Athena; gives its description and its rows without the header."""
    athena = cloud.client("athena")
    started = athena.start_query_execution(QueryString=sql, ResultConfiguration={"OutputLocation": f"s3://{BUCKET}/athena/"})
    identity = started["QueryExecutionId"]
    end = cloud.wait(
        lambda: {"State": (query := athena.get_query_execution(QueryExecutionId=identity)["QueryExecution"])["Status"]["State"], **query},
        "State",
        ("QUEUED", "RUNNING"),
    )
    assert end["State"] == "SUCCEEDED", end["Status"]
    pages = athena.get_paginator("get_query_results").paginate(QueryExecutionId=identity)
    rows = [tuple(each.get("VarCharValue") for each in row["Data"]) for page in pages for row in page["ResultSet"]["Rows"]]
    return end, rows[1:]


def kind_of(column):
    """The type of a column in the warehouse."""
    return "int" if column in NUMBERS else "decimal(10,4)" if column in DECIMALS else "varchar(32)"


# The roles: who may take each, and what each may do.
ROLES = {
    "warehouse": (["redshift", "sagemaker"], ["s3:*", "glue:*", "sagemaker:*", "ecr:*", "logs:*", "cloudwatch:*", "iam:PassRole"]),
    "function": (["lambda"], ["redshift-data:*", "secretsmanager:GetSecretValue", "logs:*"]),
    "training": (["sagemaker"], ["s3:*", "sagemaker:*", "lambda:InvokeFunction", "ecr:*", "logs:*", "cloudwatch:*", "iam:PassRole"]),
}


def trust(services):
    """Who may take a role."""
    principal = {"Service": [f"{service}.amazonaws.com" for service in services]}
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]})


def package():
    """The code of the function that unloads, as Lambda takes it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(pathlib.Path(__file__).parents[2] / "assets" / "lambda" / "unload.py", "unload.py")
    return packed.getvalue()


@pytest.fixture(scope="module")
def made():
    """What the steps before have made, by name."""
    return {}


@pytest.fixture(scope="module")
def warehouse(cloud, made):
    """The warehouse of these steps."""
    return Warehouse(cloud, made["secret"])


@pytest.fixture(scope="module")
def csv(cloud, pipeline):
    """The content of the program's own CSV."""
    bucket = pipeline.definition["Parameters"][4]["DefaultValue"].removeprefix("s3://")
    found = {key: content for key, content in cloud.objects(f"s3://{bucket}/bankdm/data").items() if key.endswith(".csv")}
    return found.popitem()[1]


def test_1_foundation(cloud, made):
    iam, serverless = cloud.client("iam"), cloud.client("redshift-serverless")
    for role, (services, actions) in ROLES.items():
        name = f"{NAME}-{role}"
        made[role] = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(services), Description="für Fremde")["Role"]["Arn"]
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
        iam.put_role_policy(RoleName=name, PolicyName="objects", PolicyDocument=json.dumps(policy))
        assert iam.get_role(RoleName=name)["Role"]["Description"] == "für Fremde"
        assert iam.get_role_policy(RoleName=name, PolicyName="objects")["PolicyDocument"] == policy
    cloud.s3.create_bucket(Bucket=BUCKET)
    cloud.s3.get_waiter("bucket_exists").wait(Bucket=BUCKET)
    password = f"Aa1{secrets.token_hex(12)}"
    login = json.dumps({"username": NAME, "password": password})
    made["secret"] = cloud.client("secretsmanager").create_secret(Name=f"{NAME}-login", SecretString=login)["ARN"]
    assert cloud.client("secretsmanager").get_secret_value(SecretId=f"{NAME}-login")["SecretString"] == login
    serverless.create_namespace(
        namespaceName=NAME, adminUsername=NAME, adminUserPassword=password, dbName=NAME, iamRoles=[made["warehouse"]]
    )
    serverless.create_workgroup(workgroupName=NAME, namespaceName=NAME, baseCapacity=8)
    workgroup = cloud.wait(lambda: serverless.get_workgroup(workgroupName=NAME)["workgroup"], "status", ("CREATING", "MODIFYING"))
    assert (workgroup["status"], workgroup["baseCapacity"]) == ("AVAILABLE", 8)
    made["unload"] = cloud.client("lambda").create_function(
        FunctionName=f"{NAME}-unload",
        Runtime="python3.13",
        Role=made["function"],
        Handler="unload.handler",
        Timeout=300,
        Code={"ZipFile": package()},
    )["FunctionArn"]
    made["group"] = cloud.sagemaker.create_model_package_group(ModelPackageGroupName=NAME)["ModelPackageGroupArn"]


def test_2_and_3_explore_the_lake(cloud, csv):
    cloud.s3.put_object(Bucket=BUCKET, Key="data/bank.csv", Body=csv, ContentType="text/csv")
    assert cloud.s3.head_object(Bucket=BUCKET, Key="data/bank.csv")["ContentLength"] == len(csv)
    columns = csv.split(b"\n", 1)[0].decode().strip().replace('"', "").split(",")
    typed = ", ".join(f"`{name}` {'int' if name in NUMBERS else 'string'}" for name in columns)
    lake(cloud, f"CREATE DATABASE {NAME}")
    lake(
        cloud,
        f"CREATE EXTERNAL TABLE {NAME}.bank ({typed}) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' "
        f"LOCATION 's3://{BUCKET}/data/' TBLPROPERTIES ('skip.header.line.count' = '1')",
    )
    end, rows = lake(cloud, f"SELECT y, count(*) FROM {NAME}.bank GROUP BY y ORDER BY y")
    assert sum(int(count) for _, count in rows) == ROWS and [answer for answer, _ in rows] == ["no", "yes"]
    assert end["Statistics"]["DataScannedInBytes"] == len(csv)
    assert cloud.read(end["ResultConfiguration"]["OutputLocation"]).decode().splitlines()[0] == '"y","_col1"'
    table = cloud.client("athena").get_table_metadata(CatalogName="AwsDataCatalog", DatabaseName=NAME, TableName="bank")["TableMetadata"]
    assert [column["Name"] for column in table["Columns"]] == columns


def test_4_load(cloud, warehouse, made, csv):
    warehouse.done(f"CREATE EXTERNAL SCHEMA {NAME}_lake FROM DATA CATALOG DATABASE '{NAME}' IAM_ROLE '{made['warehouse']}'")
    columns = csv.split(b"\n", 1)[0].decode().strip().replace('"', "").split(",")
    warehouse.done(
        f"CREATE SCHEMA IF NOT EXISTS {NAME}",
        f"CREATE TABLE {NAME}.bank ({', '.join(f'{name} {kind_of(name)}' for name in columns)})",
        f"COPY {NAME}.bank FROM 's3://{BUCKET}/data/bank.csv' IAM_ROLE '{made['warehouse']}' CSV IGNOREHEADER 1",
    )
    (loaded, yes), = warehouse.rows(f"SELECT count(*), count(CASE WHEN y = 'yes' THEN 1 END) FROM {NAME}.bank")
    assert (loaded, yes) == (ROWS, warehouse.rows(f"SELECT count(*) FROM {NAME}_lake.bank WHERE y = 'yes'")[0][0])
    old, = warehouse.rows(f"SELECT count(*) FROM {NAME}.bank WHERE age >= :age", Parameters=[{"name": "age", "value": "60"}])
    assert 0 < old[0] < ROWS
    end = warehouse.run(f"SELECT no_such_column FROM {NAME}.bank")
    assert end["Status"] == "FAILED" and "no_such_column" in end["Error"]
    unload = f"UNLOAD ('SELECT * FROM {NAME}.bank') TO 's3://{BUCKET}/unload/data_' IAM_ROLE '{made['warehouse']}' FORMAT AS CSV HEADER GZIP"
    warehouse.done(unload)
    assert all(name.endswith(".gz") for name in cloud.objects(f"s3://{BUCKET}/unload"))
    tables = cloud.client("redshift-data").list_tables(**{**warehouse.place, "SchemaPattern": NAME})["Tables"]
    assert [(table["schema"], table["name"], table["type"]) for table in tables] == [(NAME, "bank", "TABLE")]


def test_5_pipeline(cloud, pipeline, made):
    # The program's definition, on this warehouse's table and into this group.
    group = pipeline.step("RegisterModel")["Arguments"]["ModelPackageGroupName"]
    definition = json.loads(json.dumps(pipeline.definition).replace(group, NAME))
    step = next(step for step in definition["Steps"] if step["Type"] == "Lambda")
    step["FunctionArn"] = made["unload"]
    step["Arguments"].update(warehouse={"WorkgroupName": NAME}, database=NAME, secret_arn=made["secret"], schema=NAME, table="bank")
    name = f"{NAME}-pipeline"
    cloud.sagemaker.create_pipeline(
        PipelineName=name, PipelineDefinition=json.dumps(definition), RoleArn=made["training"], ClientRequestToken=name * 3
    )
    execution, steps = cloud.run(name)
    assert execution["PipelineExecutionStatus"] == "Succeeded", execution.get("FailureReason")
    assert {step["StepStatus"] for step in steps.values()} == {"Succeeded"}
    packages = cloud.sagemaker.list_model_packages(ModelPackageGroupName=NAME)["ModelPackageSummaryList"]
    assert len(packages) == 1 and packages[0]["ModelApprovalStatus"] == "PendingManualApproval"
    made["package"] = packages[0]["ModelPackageArn"]
    package = cloud.sagemaker.describe_model_package(ModelPackageName=made["package"])
    evaluation = json.loads(cloud.read(package["CustomerMetadataProperties"]["evaluation"]))
    assert 0.70 <= evaluation["binary_classification_metrics"]["auc"]["value"] <= 0.85


def test_6_approve_and_deploy(cloud, made):
    cloud.sagemaker.update_model_package(ModelPackageArn=made["package"], ModelApprovalStatus="Approved")
    endpoint = cloud.deploy(NAME, {"ModelPackageName": made["package"]}, made["training"])
    assert endpoint["EndpointStatus"] == "InService", endpoint.get("FailureReason")
    cloud.sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=NAME)


def test_7_predict(cloud, pipeline):
    step = next(step for step in pipeline.steps.values() if step["StepName"] == "Step-PreProcess")
    output = next(each for each in cloud.job(step)["ProcessingOutputConfig"]["Outputs"] if each["OutputName"] == "test")
    lines = cloud.objects(output["S3Output"]["S3Uri"])["test.csv"].decode().split()[:500]
    scores = cloud.invoke(NAME, [line.split(",", 1)[1] for line in lines])
    answers = [float(line.split(",", 1)[0]) for line in lines]
    yes = [score for score, answer in zip(scores, answers) if answer == 1]
    no = [score for score, answer in zip(scores, answers) if answer == 0]
    assert len(scores) == 500 and all(0 <= score <= 1 for score in scores)
    # Who subscribed has the higher score in more of the pairs than chance would give.
    assert sum(a > b for a in yes for b in no) / (len(yes) * len(no)) > 0.65


def test_8_a_model_in_sql(warehouse, made):
    inputs = "age, job, marital, education, contact, month, poutcome, pdays, previous"
    warehouse.done(
        f"CREATE MODEL {NAME}.sql_model FROM (SELECT {inputs}, y FROM {NAME}.bank) TARGET y FUNCTION predict_{NAME} "
        f"IAM_ROLE '{made['warehouse']}' PROBLEM_TYPE BINARY_CLASSIFICATION OBJECTIVE 'F1' SETTINGS (S3_BUCKET '{BUCKET}', MAX_RUNTIME 1800)"
    )
    def state():
        shown = dict(warehouse.rows(f"SHOW MODEL {NAME}.sql_model"))
        return {"State": shown["Model State"]}
    assert warehouse.cloud.wait(state, "State", ("TRAINING",))["State"] == "READY"
    matrix = warehouse.rows(
        f"SELECT predicted, y, count(*) FROM (SELECT predict_{NAME}({inputs}) AS predicted, y FROM {NAME}.bank) AS answers "
        "GROUP BY 1, 2"
    )
    assert sum(count for _, _, count in matrix) == ROWS
    right = sum(count for predicted, answer, count in matrix if predicted == answer) / ROWS
    assert right > 0.88, matrix


def test_9_cleanup(cloud, warehouse):
    serverless, iam = cloud.client("redshift-serverless"), cloud.client("iam")
    warehouse.done(f"DROP MODEL {NAME}.sql_model")
    warehouse.done(f"DROP SCHEMA {NAME} CASCADE", f"DROP SCHEMA {NAME}_lake")
    lake(cloud, f"DROP DATABASE {NAME} CASCADE")
    cloud.sagemaker.delete_endpoint(EndpointName=NAME)
    cloud.sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=NAME)
    cloud.sagemaker.delete_endpoint_config(EndpointConfigName=NAME)
    cloud.sagemaker.delete_model(ModelName=NAME)
    cloud.sagemaker.delete_pipeline(PipelineName=f"{NAME}-pipeline")
    for package in cloud.sagemaker.list_model_packages(ModelPackageGroupName=NAME)["ModelPackageSummaryList"]:
        cloud.sagemaker.delete_model_package(ModelPackageName=package["ModelPackageArn"])
    cloud.sagemaker.delete_model_package_group(ModelPackageGroupName=NAME)
    serverless.delete_workgroup(workgroupName=NAME)
    gone(cloud, lambda: serverless.get_workgroup(workgroupName=NAME), "ResourceNotFoundException")
    serverless.delete_namespace(namespaceName=NAME)
    gone(cloud, lambda: serverless.get_namespace(namespaceName=NAME), "ResourceNotFoundException")
    cloud.client("secretsmanager").delete_secret(SecretId=f"{NAME}-login", ForceDeleteWithoutRecovery=True)
    gone(cloud, lambda: cloud.client("secretsmanager").describe_secret(SecretId=f"{NAME}-login"), "ResourceNotFoundException")
    cloud.client("lambda").delete_function(FunctionName=f"{NAME}-unload")
    for name in (f"{NAME}-{role}" for role in ROLES):
        iam.delete_role_policy(RoleName=name, PolicyName="objects")
        iam.delete_role(RoleName=name)
        gone(cloud, lambda: iam.get_role(RoleName=name), "NoSuchEntity")
    pages = cloud.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
    keys = [{"Key": key["Key"]} for page in pages for key in page.get("Contents", [])]
    assert keys
    cloud.s3.delete_objects(Bucket=BUCKET, Delete={"Objects": keys})
    cloud.s3.delete_bucket(Bucket=BUCKET)
    gone(cloud, lambda: cloud.s3.head_bucket(Bucket=BUCKET), "404")


def gone(cloud, describe, code):
    """Waits until what was deleted is not found any more."""

    def state():
        try:
            describe()
        except botocore.exceptions.ClientError as error:
            return {"Code": error.response["Error"]["Code"]}
        return {"Code": "there"}

    assert cloud.wait(state, "Code", ("there",))["Code"] == code
