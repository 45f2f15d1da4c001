"""The demonstration's nine steps with nothing but the AWS CLI, from the roles to the cleanup, in an account that has one already.

The tests are steps: each needs those before it.
"""

import json
import secrets
import time

import pytest

NAME = "cli-steps"
SCHEMA = "cli_steps"
BUCKET = f"{NAME}-000000000000-us-east-1"
ROWS = 41188
PATIENCE = 120
# Types of columns in the warehouse; the rest are texts.
TYPES = {
    **dict.fromkeys(("age", "campaign", "pdays", "previous", "duration"), "int"),
    **dict.fromkeys(("emp_var_rate", "cons_price_idx", "cons_conf_idx", "euribor3m", "nr_employed"), "decimal(10,4)"),
}
INPUTS = "age, job, marital, education, contact, month, poutcome, pdays, previous"


@pytest.fixture(scope="module")
def made():
    """What the steps before have made, by name."""
    return {}


@pytest.fixture
def until(cli):
    """Asks with a command until what it finds is none of those that pass."""

    def ask(found, passing, *command):
        end = time.monotonic() + PATIENCE
        while (state := found(answer := cli(*command))) in passing:
            assert time.monotonic() < end, f"still {state} after {PATIENCE} seconds"
        return answer

    return ask


@pytest.fixture
def lake(cli, until):
    """Runs a statement of Athena; gives the values of its rows, below the header of a query."""

    def run(sql):
        place = ["--result-configuration", f"OutputLocation=s3://{BUCKET}/athena/"]
        identity = cli("athena", "start-query-execution", "--query-string", sql, *place)["QueryExecutionId"]
        ended = until(
            lambda answer: answer["QueryExecution"]["Status"]["State"],
            ("QUEUED", "RUNNING"),
            *("athena", "get-query-execution", "--query-execution-id", identity),
        )
        assert ended["QueryExecution"]["Status"]["State"] == "SUCCEEDED", ended
        rows = cli("athena", "get-query-results", "--query-execution-id", identity)["ResultSet"]["Rows"]
        return [[cell.get("VarCharValue") for cell in row["Data"]] for row in rows[1:]]

    return run


@pytest.fixture
def warehouse(cli, until, made):
    """Runs statements in the warehouse, more than one as one transaction; gives the values of the last one's rows."""

    def run(*statements):
        place = ["--workgroup-name", NAME, "--database", SCHEMA, "--secret-arn", made["secret"]]
        if len(statements) == 1:
            started = cli("redshift-data", "execute-statement", *place, "--sql", statements[0])
        else:
            started = cli("redshift-data", "batch-execute-statement", *place, "--sqls", json.dumps(statements))
        passing = ("SUBMITTED", "PICKED", "STARTED")
        ended = until(lambda answer: answer["Status"], passing, "redshift-data", "describe-statement", "--id", started["Id"])
        assert ended["Status"] == "FINISHED", ended
        if not ended["HasResultSet"]:
            return []
        rows = cli("redshift-data", "get-statement-result", "--id", ended["SubStatements"][-1]["Id"] if len(statements) > 1 else ended["Id"])
        return [[None if "isNull" in cell else next(iter(cell.values())) for cell in row] for row in rows["Records"]]

    return run


# Whoever works by hand has roles that may do everything.
EVERYTHING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})


def trust(services):
    """Who may take a role."""
    principals = [f"{service}.amazonaws.com" for service in services]
    statement = {"Effect": "Allow", "Principal": {"Service": principals}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_1_foundation(cli, until, made):
    # Redshift ML hands its role to SageMaker.
    for role, services in [("warehouse", ["redshift", "sagemaker"]), ("training", ["sagemaker"])]:
        name = f"{NAME}-{role}"
        made[role] = cli("iam", "create-role", "--role-name", name, "--assume-role-policy-document", trust(services))["Role"]["Arn"]
        cli("iam", "put-role-policy", "--role-name", name, "--policy-name", "everything", "--policy-document", EVERYTHING)
        cli("iam", "wait", "role-exists", "--role-name", name)
    cli("s3", "mb", f"s3://{BUCKET}")
    cli("s3api", "put-bucket-tagging", "--bucket", BUCKET, "--tagging", "TagSet=[{Key=made,Value=by hand}]")
    assert cli("s3api", "get-bucket-tagging", "--bucket", BUCKET)["TagSet"] == [{"Key": "made", "Value": "by hand"}]
    password = f"Aa1{secrets.token_hex(12)}"
    login = json.dumps({"username": SCHEMA, "password": password})
    made["secret"] = cli("secretsmanager", "create-secret", "--name", NAME, "--secret-string", login)["ARN"]
    assert cli("secretsmanager", "get-secret-value", "--secret-id", NAME)["SecretString"] == login
    cli(
        *("redshift-serverless", "create-namespace", "--namespace-name", NAME, "--db-name", SCHEMA),
        *("--admin-username", SCHEMA, "--admin-user-password", password, "--iam-roles", made["warehouse"]),
    )
    cli("redshift-serverless", "create-workgroup", "--workgroup-name", NAME, "--namespace-name", NAME, "--base-capacity", "8")
    ask = ("redshift-serverless", "get-workgroup", "--workgroup-name", NAME)
    assert until(lambda answer: answer["workgroup"]["status"], ("CREATING", "MODIFYING"), *ask)["workgroup"]["baseCapacity"] == 8
    cli("sagemaker", "create-model-package-group", "--model-package-group-name", NAME)


def test_2_and_3_explore_the_lake(cli, lake, made, tmp_path):
    theirs = cli("s3api", "list-buckets", "--query", "Buckets[?starts_with(Name, 'bankdm-')]")[0]["Name"]
    found = cli("s3api", "list-objects-v2", "--bucket", theirs, "--prefix", "bankdm/data/")["Contents"]
    key = next(each["Key"] for each in found if each["Key"].endswith(".csv"))
    cli("s3", "cp", f"s3://{theirs}/{key}", "bank.csv")
    cli("s3", "cp", "bank.csv", f"s3://{BUCKET}/data/bank.csv", "--content-type", "text/csv")
    with (tmp_path / "bank.csv").open() as file:
        made["columns"] = file.readline().strip().replace('"', "").split(",")
    typed = ", ".join(f"`{name}` {'int' if TYPES.get(name) == 'int' else 'string'}" for name in made["columns"])
    lake(f"CREATE DATABASE {SCHEMA}")
    lake(
        f"CREATE EXTERNAL TABLE {SCHEMA}.bank ({typed}) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' "
        f"LOCATION 's3://{BUCKET}/data/' TBLPROPERTIES ('skip.header.line.count' = '1')"
    )
    assert dict(lake(f"SELECT y, count(*) FROM {SCHEMA}.bank GROUP BY y")) == {"no": "36548", "yes": "4640"}
    described = cli("athena", "get-table-metadata", "--catalog-name", "AwsDataCatalog", "--database-name", SCHEMA, "--table-name", "bank")
    assert [column["Name"] for column in described["TableMetadata"]["Columns"]] == made["columns"]


def test_4_load(cli, warehouse, made):
    role = made["warehouse"]
    warehouse(f"CREATE EXTERNAL SCHEMA {SCHEMA}_lake FROM DATA CATALOG DATABASE '{SCHEMA}' IAM_ROLE '{role}'")
    columns = ", ".join(f"{name} {TYPES.get(name, 'varchar(32)')}" for name in made["columns"])
    copy = f"COPY {SCHEMA}.bank FROM 's3://{BUCKET}/data/bank.csv' IAM_ROLE '{role}' CSV IGNOREHEADER 1"
    loaded = warehouse(
        f"CREATE SCHEMA {SCHEMA}", f"CREATE TABLE {SCHEMA}.bank ({columns})", copy, f"SELECT count(*) FROM {SCHEMA}.bank"
    )
    assert loaded == warehouse(f"SELECT count(*) FROM {SCHEMA}_lake.bank") == [[ROWS]]
    place = ["--workgroup-name", NAME, "--database", SCHEMA, "--secret-arn", made["secret"]]
    tables = cli("redshift-data", "list-tables", *place, "--schema-pattern", SCHEMA)["Tables"]
    assert [(table["schema"], table["name"]) for table in tables] == [(SCHEMA, "bank")]


def test_5_pipeline(cli, until, made, tmp_path):
    """The program's definition, on this warehouse's table and into this group."""
    theirs = cli("sagemaker", "describe-pipeline", "--pipeline-name", "BankDM-Pipeline")["PipelineDefinition"]
    definition = json.loads(theirs.replace("BankDM-Group", NAME))
    unload = next(step for step in definition["Steps"] if step["Type"] == "Lambda")["Arguments"]
    unload.update(warehouse={"WorkgroupName": NAME}, database=SCHEMA, secret_arn=made["secret"], schema=SCHEMA, table="bank", iam_role=made["warehouse"])
    (tmp_path / "definition.json").write_text(json.dumps(definition))
    # The function is the program's, whose role lets it into the program's own warehouse only.
    cli("iam", "put-role-policy", "--role-name", "BankDM-Lambda", "--policy-name", NAME, "--policy-document", EVERYTHING)
    cli(
        *("sagemaker", "create-pipeline", "--pipeline-name", NAME, "--role-arn", made["training"]),
        *("--pipeline-definition", "file://definition.json"),
    )
    parameters = ["--pipeline-parameters", "Name=ModelApprovalStatus,Value=PendingManualApproval"]
    arn = cli("sagemaker", "start-pipeline-execution", "--pipeline-name", NAME, *parameters)["PipelineExecutionArn"]
    ask = ("sagemaker", "describe-pipeline-execution", "--pipeline-execution-arn", arn)
    ended = until(lambda answer: answer["PipelineExecutionStatus"], ("Executing",), *ask)
    steps = cli("sagemaker", "list-pipeline-execution-steps", "--pipeline-execution-arn", arn)["PipelineExecutionSteps"]
    cli("iam", "delete-role-policy", "--role-name", "BankDM-Lambda", "--policy-name", NAME)
    assert {step["StepStatus"] for step in steps} == {"Succeeded"}, (ended, steps)
    found = {kind: step["Metadata"][kind]["Arn"] for step in steps for kind in step["Metadata"] if "Arn" in step["Metadata"][kind]}
    made["package"], made["training job"] = found["RegisterModel"], found["TrainingJob"].rsplit("/", 1)[-1]
    logs = cli(
        *("logs", "filter-log-events", "--log-group-name", "/aws/sagemaker/TrainingJobs"),
        *("--log-stream-name-prefix", f"{made['training job']}/"),
    )
    assert any("validation-logloss" in event["message"] for event in logs["events"])


def test_6_approve_and_deploy(cli, made):
    package = made["package"]
    cli("sagemaker", "update-model-package", "--model-package-arn", package, "--model-approval-status", "Approved")
    cli(
        *("sagemaker", "create-model", "--model-name", NAME, "--execution-role-arn", made["training"]),
        *("--primary-container", f"ModelPackageName={package}"),
    )
    variant = f"VariantName=AllTraffic,ModelName={NAME},InitialInstanceCount=1,InstanceType=ml.m5.large"
    cli("sagemaker", "create-endpoint-config", "--endpoint-config-name", NAME, "--production-variants", variant)
    cli("sagemaker", "create-endpoint", "--endpoint-name", NAME, "--endpoint-config-name", NAME, "--tags", "Key=made,Value=byhand")
    cli("sagemaker", "wait", "endpoint-in-service", "--endpoint-name", NAME)


def test_7_predict(cli, made, tmp_path):
    job = cli("sagemaker", "describe-training-job", "--training-job-name", made["training job"])
    validation = job["InputDataConfig"][1]["DataSource"]["S3DataSource"]["S3Uri"]
    cli("s3", "cp", f"{validation}/validation.csv", "rows.csv")
    lines = [line.split(",", 1) for line in (tmp_path / "rows.csv").read_text().split()[:500]]
    (tmp_path / "body.csv").write_text("\n".join(features for _, features in lines))
    answer = cli(
        *("sagemaker-runtime", "invoke-endpoint", "--endpoint-name", NAME, "--content-type", "text/csv"),
        *("--body", "fileb://body.csv", "scores.csv"),
    )
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    scores = [float(score) for score in (tmp_path / "scores.csv").read_text().split()]
    yes, no = ([score for score, (answer, _) in zip(scores, lines) if float(answer) == wanted] for wanted in (1, 0))
    assert len(scores) == 500 and sum(yes) / len(yes) > sum(no) / len(no)


def test_8_a_model_in_sql(until, warehouse, made):
    warehouse(
        f"CREATE MODEL {SCHEMA}.sql_model FROM (SELECT {INPUTS}, y FROM {SCHEMA}.bank) TARGET y FUNCTION predict_{SCHEMA} "
        f"IAM_ROLE '{made['warehouse']}' PROBLEM_TYPE BINARY_CLASSIFICATION OBJECTIVE 'F1' SETTINGS (S3_BUCKET '{BUCKET}', MAX_RUNTIME 1800)"
    )
    end = time.monotonic() + PATIENCE
    while (state := dict(warehouse(f"SHOW MODEL {SCHEMA}.sql_model"))["Model State"]) == "TRAINING":
        assert time.monotonic() < end, state
    assert state == "READY"
    matrix = warehouse(
        f"SELECT predicted, y, count(*) FROM (SELECT predict_{SCHEMA}({INPUTS}) AS predicted, y FROM {SCHEMA}.bank) AS answers GROUP BY 1, 2"
    )
    assert sum(count for *_, count in matrix) == ROWS
    assert sum(count for predicted, answer, count in matrix if predicted == answer) / ROWS > 0.88


def there(member):
    """Whether a listing still has what these steps have made."""
    return lambda answer: NAME in [each[f"{member}Name"] for each in answer[f"{member}s"]]


def test_9_cleanup(cli, until, lake, warehouse, made):
    warehouse(f"DROP MODEL {SCHEMA}.sql_model")
    warehouse(f"DROP SCHEMA {SCHEMA} CASCADE", f"DROP SCHEMA {SCHEMA}_lake")
    lake(f"DROP DATABASE {SCHEMA} CASCADE")
    cli("sagemaker", "delete-endpoint", "--endpoint-name", NAME)
    cli("sagemaker", "wait", "endpoint-deleted", "--endpoint-name", NAME)
    cli("sagemaker", "delete-endpoint-config", "--endpoint-config-name", NAME)
    cli("sagemaker", "delete-model", "--model-name", NAME)
    cli("sagemaker", "delete-pipeline", "--pipeline-name", NAME)
    cli("sagemaker", "delete-model-package", "--model-package-name", made["package"])
    cli("sagemaker", "delete-model-package-group", "--model-package-group-name", NAME)
    cli("redshift-serverless", "delete-workgroup", "--workgroup-name", NAME)
    # Deleting takes its time.
    until(there("workgroup"), (True,), "redshift-serverless", "list-workgroups")
    cli("redshift-serverless", "delete-namespace", "--namespace-name", NAME)
    until(there("namespace"), (True,), "redshift-serverless", "list-namespaces")
    cli("secretsmanager", "delete-secret", "--secret-id", NAME, "--force-delete-without-recovery")
    for role in ("warehouse", "training"):
        cli("iam", "delete-role-policy", "--role-name", f"{NAME}-{role}", "--policy-name", "everything")
        cli("iam", "delete-role", "--role-name", f"{NAME}-{role}")
        assert "NoSuchEntity" in cli("iam", "get-role", "--role-name", f"{NAME}-{role}", fails=True)
    cli("s3", "rb", "--force", f"s3://{BUCKET}")
    assert "404" in cli("s3api", "head-bucket", "--bucket", BUCKET, fails=True)
