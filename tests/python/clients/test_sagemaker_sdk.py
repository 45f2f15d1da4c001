"""The SageMaker SDK for Python, as a notebook uses it on what the program has made: files, pipeline, jobs, models, endpoints, predictions."""

import contextlib
import json
import os
import pathlib

import boto3
import numpy
import pytest
from botocore.exceptions import ClientError, WaiterError

import aws
import findings

# Its version 2 announces version 3 whenever one of its classes is used.
os.environ["SAGEMAKER_SUPPRESS_V2_WARNING"] = "1"

import sagemaker  # noqa: E402
from sagemaker.deserializers import BytesDeserializer, CSVDeserializer  # noqa: E402
from sagemaker.estimator import Estimator  # noqa: E402
from sagemaker.inputs import TrainingInput  # noqa: E402
from sagemaker.model import Model, ModelPackage  # noqa: E402
from sagemaker.predictor import Predictor  # noqa: E402
from sagemaker.processing import ProcessingInput, ProcessingOutput, ScriptProcessor  # noqa: E402
from sagemaker.s3 import S3Downloader, S3Uploader  # noqa: E402
from sagemaker.serializers import CSVSerializer  # noqa: E402
from sagemaker.serverless import ServerlessInferenceConfig  # noqa: E402
from sagemaker.transformer import Transformer  # noqa: E402
from sagemaker.workflow.condition_step import ConditionStep  # noqa: E402
from sagemaker.workflow.conditions import ConditionGreaterThanOrEqualTo  # noqa: E402
from sagemaker.workflow.execution_variables import ExecutionVariables  # noqa: E402
from sagemaker.workflow.fail_step import FailStep  # noqa: E402
from sagemaker.workflow.functions import Join, JsonGet  # noqa: E402
from sagemaker.workflow.lambda_step import LambdaOutput, LambdaOutputTypeEnum, LambdaStep  # noqa: E402
from sagemaker.workflow.model_step import ModelStep  # noqa: E402
from sagemaker.workflow.parameters import ParameterFloat, ParameterInteger, ParameterString  # noqa: E402
from sagemaker.workflow.pipeline import Pipeline  # noqa: E402
from sagemaker.workflow.pipeline_context import PipelineSession  # noqa: E402
from sagemaker.workflow.properties import PropertyFile  # noqa: E402
from sagemaker.workflow.steps import CacheConfig, ProcessingStep, TrainingStep  # noqa: E402

ACCOUNT = "000000000000"
NAME = "BankDM-Pipeline"
GROUP = "BankDM-Group"
CONTAINERS = pathlib.Path(__file__).parents[3] / "assets" / "containers"
# The SDK waits half a minute before it asks for the first time; the embedded AWS takes milliseconds.
SOON = 0.1


def connected(served, **keys):
    """boto3's session. The SDK asks STS at the address that the service has on AWS, whatever the environment says: such a request is led back
    before it is signed.
    """
    session = boto3.Session(region_name=aws.REGION, **keys)
    session.events.register("before-call.sts", lambda params, **_: params.update(url=f"{served.url}/"))
    return session


def of_sdk(boto_session, kind=sagemaker.Session, **options):
    """The SDK's session with the clients of boto3's session."""
    return kind(boto_session=boto_session, sagemaker_client=boto_session.client("sagemaker"), **options)


@pytest.fixture(scope="module")
def boto_session(served):
    """boto3's session that leads to the embedded AWS."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in served.variables.items():
            patch.setenv(name, value)
        # The SDK tells Amazon what is called. The setting against it makes the SDK read the scheme of all its settings at every call, which
        # takes longer than the call.
        patch.setattr("sagemaker.telemetry.telemetry_logging._requests_helper", lambda url, timeout: None)
        yield connected(served)


@pytest.fixture(scope="module")
def begun(recorder_of_all):
    """How many exchanges there were before these tests."""
    return len(recorder_of_all.exchanges)


@pytest.fixture(scope="module")
def session(boto_session, begun):
    """The SDK's session."""
    return of_sdk(boto_session, sagemaker_runtime_client=boto_session.client("sagemaker-runtime"))


@pytest.fixture(scope="module")
def role(session):
    """The role that the demonstration trains with."""
    return session.expand_role("BankDM-SageMaker")


@pytest.fixture(scope="module")
def own_role(boto_session):
    """A role for jobs that the demonstration has not: its own may do no more than it needs."""
    iam = boto_session.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    made = iam.create_role(RoleName="by-the-sdk", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.put_role_policy(RoleName="by-the-sdk", PolicyName="everything", PolicyDocument=json.dumps(everything))
    return made["Role"]["Arn"]


@pytest.fixture(scope="module")
def execution(session):
    """An execution of the demonstration's pipeline that the SDK has started, and seen to its end."""
    pipeline = Pipeline(NAME, sagemaker_session=session)
    started = pipeline.start({"CacheKey": "sdk"}, execution_display_name="from-the-sdk", execution_description="für Fremde")
    started.wait(delay=1)
    return started


@pytest.fixture(scope="module")
def steps(execution):
    """Its steps by name."""
    return {step["StepName"]: step for step in execution.list_steps()}


@pytest.fixture(scope="module")
def training(steps):
    """The name of its training job."""
    return steps["Step-Train"]["Metadata"]["TrainingJob"]["Arn"].rsplit("/", 1)[-1]


@pytest.fixture(scope="module")
def package(steps):
    """The model package that it has registered."""
    return steps["Step-RegisterModel"]["Metadata"]["RegisterModel"]["Arn"]


@pytest.fixture(scope="module")
def outputs(session, steps):
    """Where its preprocessing has written what, by the output's name."""
    job = session.describe_processing_job(steps["Step-PreProcess"]["Metadata"]["ProcessingJob"]["Arn"].rsplit("/", 1)[-1])
    return {each["OutputName"]: each["S3Output"]["S3Uri"] for each in job["ProcessingOutputConfig"]["Outputs"]}


@pytest.fixture(scope="module")
def customers(session, outputs):
    """Features of the first customers of the test split."""
    lines = S3Downloader.read_file(f"{outputs['test']}/test.csv", sagemaker_session=session).split()
    return [[float(cell) for cell in line.split(",")[1:]] for line in lines[:20]]


@pytest.fixture(scope="module")
def predictor(session, role, package):
    """The package behind an endpoint, in text and by CSV."""
    model = ModelPackage(role=role, model_package_arn=package, sagemaker_session=session, predictor_cls=Predictor)
    predictor = deployed(session, model, "sdk-package")
    yield predictor
    predictor.delete_model()
    predictor.delete_endpoint()


def deployed(session, model, name, **options):
    """A model behind an endpoint that is in service."""
    machine = options or {"initial_instance_count": 1, "instance_type": "ml.m5.large"}
    predictor = model.deploy(endpoint_name=name, serializer=CSVSerializer(), deserializer=CSVDeserializer(), wait=False, **machine)
    session.wait_for_endpoint(name, poll=SOON)
    return predictor


def scores(answer):
    """The numbers of a CSV with one score a line."""
    assert all(len(row) == 1 for row in answer), answer
    return [float(row[0]) for row in answer]


def test_the_sessions_bucket_is_made_and_found_again(session, boto_session):
    name = f"sagemaker-{aws.REGION}-{ACCOUNT}"
    assert session.account_id() == ACCOUNT
    assert session.default_bucket() == name
    assert of_sdk(boto_session).default_bucket() == name
    assert of_sdk(boto_session, default_bucket="sdk-bucket").default_bucket() == "sdk-bucket"


def test_a_bucket_is_not_somebody_elses(session):
    """The SDK asks for its bucket with the account that has to own it, because anybody could have made a bucket of that name."""
    with pytest.raises(ClientError) as refused:
        session.s3_client.list_objects_v2(Bucket=session.default_bucket(), ExpectedBucketOwner="111111111111")
    assert refused.value.response["Error"]["Code"] == "AccessDenied"


def test_files_go_up_and_come_back(session, tmp_path):
    (tmp_path / "up" / "deep").mkdir(parents=True)
    files = {"a.csv": "1,2\n", "ü b.csv": "3,4\n", "deep/c.csv": "5,6\n"}
    for name, content in files.items():
        (tmp_path / "up" / name).write_text(content)
    bucket = session.default_bucket()
    assert session.upload_data(str(tmp_path / "up"), key_prefix="sdk/data") == f"s3://{bucket}/sdk/data"
    assert sorted(session.list_s3_files(bucket, "sdk/data")) == sorted(f"sdk/data/{name}" for name in files)
    assert session.read_s3_file(bucket, "sdk/data/ü b.csv") == "3,4\n"
    session.download_data(str(tmp_path / "down"), bucket, "sdk/data")
    assert {name: (tmp_path / "down" / name).read_text() for name in files} == files
    one = S3Uploader.upload(str(tmp_path / "up" / "a.csv"), f"s3://{bucket}/sdk/one", sagemaker_session=session)
    assert S3Downloader.read_bytes(one, sagemaker_session=session) == b"1,2\n"
    text = S3Uploader.upload_string_as_file_body("grün", f"s3://{bucket}/sdk/text", sagemaker_session=session)
    assert S3Downloader.read_file(text, sagemaker_session=session) == "grün"
    assert len(S3Downloader.list(f"s3://{bucket}/sdk/data", sagemaker_session=session)) == 3
    S3Downloader.download(f"s3://{bucket}/sdk/data", str(tmp_path / "again"), sagemaker_session=session)
    assert {name: (tmp_path / "again" / name).read_text() for name in files} == files


def test_a_user_is_no_role(session):
    with pytest.raises(ValueError, match="is not a role: arn:aws:iam::000000000000:user/"):
        sagemaker.get_execution_role(session)


def test_the_pipeline_is_read(session):
    pipeline = Pipeline(NAME, sagemaker_session=session)
    described = pipeline.describe()
    assert described["PipelineStatus"] == "Active"
    names = [step["Name"] for step in json.loads(described["PipelineDefinition"])["Steps"]]
    assert {"Lambda-RedShift-dl", "Step-PreProcess", "Step-Train", "Step-Eval", "Step-AccuracyCond"} <= set(names)
    first = pipeline.list_executions(sort_by="CreationTime", sort_order="Ascending", max_results=1)["PipelineExecutionSummaries"][0]
    assert first["PipelineExecutionStatus"] == "Succeeded"
    arn = first["PipelineExecutionArn"]
    assert pipeline.build_parameters_from_execution(arn, {"CacheKey": "mine"})["CacheKey"] == "mine"
    with pytest.raises(ValueError, match="not present in the pipeline execution"):
        pipeline.build_parameters_from_execution(arn, {"Nothing": "1"})
    with pytest.raises(ClientError, match="ResourceNotFound"):
        Pipeline("nothing", sagemaker_session=session).describe()


def test_an_execution_is_started_and_followed(session, execution, steps):
    described = execution.describe()
    assert described["PipelineExecutionStatus"] == "Succeeded"
    assert (described["PipelineExecutionDisplayName"], described["PipelineExecutionDescription"]) == ("from-the-sdk", "für Fremde")
    assert {step["StepStatus"] for step in steps.values()} == {"Succeeded"}
    assert not any("CacheHitResult" in step for step in steps.values()), "the parameter makes the steps new ones"
    assert steps["Step-AccuracyCond"]["Metadata"]["Condition"]["Outcome"] == "True"
    page = execution.list_parameters(max_results=2)
    assert len(page["PipelineParameters"]) == 2 and page["NextToken"]
    parameters = Pipeline(NAME, sagemaker_session=session).build_parameters_from_execution(execution.arn)
    assert (parameters["CacheKey"], parameters["ProcessingInstanceCount"]) == ("sdk", "1")


def test_parameters_that_the_pipeline_has_not_are_refused(session):
    pipeline = Pipeline(NAME, sagemaker_session=session)
    for parameters in ({"Nothing": "1"}, {"ProcessingInstanceCount": "many"}, {"ModelApprovalStatus": "Perhaps"}):
        with pytest.raises(ClientError, match="ValidationException"):
            pipeline.start(parameters)


def test_a_training_is_described_and_its_log_read(session, training, capsys):
    described = session.describe_training_job(training)
    assert described["TrainingJobStatus"] == "Completed" and described["HyperParameters"]["num_round"] == "50"
    session.logs_for_job(training)
    printed = capsys.readouterr().out
    assert "Completed - Training job completed" in printed
    assert "[49]" in printed and "validation-logloss:" in printed
    assert session.wait_for_job(training, poll=SOON)["TrainingJobName"] == training


def test_a_processing_is_described_and_its_log_read(session, steps, capsys):
    job = steps["Step-DataQuality"]["Metadata"]["ProcessingJob"]["Arn"].rsplit("/", 1)[-1]
    assert session.was_processing_job_successful(job)
    session.logs_for_processing_job(job, wait=True, poll=SOON)
    assert "41188 rows passed" in capsys.readouterr().out


def test_an_estimator_is_attached_to_a_training(session, training, role):
    """The SDK reads the key that the artifacts are encrypted with, which SageMaker always tells, be it empty."""
    estimator = Estimator.attach(training, sagemaker_session=session)
    assert estimator.hyperparameters()["objective"] == "binary:logistic"
    assert estimator.role == role and estimator.model_data.endswith("/output/model.tar.gz")


def test_what_a_training_takes_is_told(session, training):
    """What the SDK prints as training seconds and billable seconds."""
    described = session.describe_training_job(training)
    assert described["TrainingTimeInSeconds"] >= 0 and described["BillableTimeInSeconds"] >= 0


def test_an_estimator_trains(session, own_role, outputs, customers):
    image = sagemaker.image_uris.retrieve("xgboost", aws.REGION, "3.0-5")
    rules = {"objective": "binary:logistic", "num_round": 5, "eval_metric": "auc"}
    estimator = Estimator(image, own_role, 1, "ml.m5.large", sagemaker_session=session, hyperparameters=rules, base_job_name="sdk")
    channels = {name: TrainingInput(outputs[name], content_type="text/csv") for name in ("train", "validation")}
    estimator.fit(channels, wait=False)
    job = estimator.latest_training_job.name
    described = session.wait_for_job(job, poll=SOON)
    figures = {each["MetricName"]: each["Value"] for each in described["FinalMetricDataList"]}
    assert figures["train:auc"] > figures["validation:auc"] > 0.7
    assert estimator.model_data == f"s3://{session.default_bucket()}/{job}/output/model.tar.gz"
    model = estimator.create_model(predictor_cls=Predictor, name="sdk-estimator")
    predictor = deployed(session, model, "sdk-estimator")
    assert len(scores(predictor.predict(customers))) == len(customers)
    predictor.delete_model()
    predictor.delete_endpoint()


def test_a_package_is_approved_by_its_deployment(session, package, predictor):
    described = session.sagemaker_client.describe_model_package(ModelPackageName=package)
    assert described["ModelApprovalStatus"] == "Approved"
    assert session.get_most_recently_created_approved_model_package(GROUP).model_package_arn == package
    assert session.describe_endpoint("sdk-package")["EndpointStatus"] == "InService"
    assert session.endpoint_in_service_or_not("sdk-package") and not session.endpoint_in_service_or_not("nothing")


def test_predictions(session, predictor, customers):
    found = scores(predictor.predict(customers))
    assert len(found) == len(customers) and all(0 < score < 1 for score in found) and len(set(found)) > 5
    assert scores(predictor.predict(numpy.array(customers))) == found
    assert scores(predictor.predict(customers[0])) == found[:1]
    told = {"target_variant": "AllTraffic", "inference_id": "sdk", "custom_attributes": "trace"}
    assert scores(predictor.predict(customers[:2], **told)) == found[:2]
    raw = Predictor("sdk-package", sagemaker_session=session, serializer=CSVSerializer(), deserializer=BytesDeserializer())
    assert [float(score) for score in raw.predict(customers).split()] == found
    with pytest.raises(ClientError, match="Feature size of csv inference data 3"):
        predictor.predict([[1, 2, 3]])
    with pytest.raises(ClientError, match="Variant nothing is not found"):
        predictor.predict(customers[0], target_variant="nothing")
    with pytest.raises(ClientError, match="Endpoint nothing .* not found"):
        Predictor("nothing", sagemaker_session=session, serializer=CSVSerializer()).predict([1])


def numbers(document):
    """Every number of a JSON document, in its order."""
    if isinstance(document, dict):
        document = list(document.values())
    return [number for each in document for number in numbers(each)] if isinstance(document, list) else [document]


def test_a_model_file_is_deployed_changed_and_removed(session, role, package, predictor, customers):
    container = session.sagemaker_client.describe_model_package(ModelPackageName=package)["InferenceSpecification"]["Containers"][0]
    model = Model(
        container["Image"], container["ModelDataUrl"], role, predictor_cls=Predictor, name="sdk-model", sagemaker_session=session
    )
    other = deployed(session, model, "sdk-model")
    assert scores(other.predict(customers)) == scores(predictor.predict(customers))
    other.update_endpoint(initial_instance_count=2, instance_type="ml.m5.xlarge", wait=False)
    described = session.wait_for_endpoint("sdk-model", poll=SOON)
    variant = session.describe_endpoint_config(described["EndpointConfigName"])["ProductionVariants"][0]
    assert (variant["InitialInstanceCount"], variant["InstanceType"]) == (2, "ml.m5.xlarge")
    serverless = deployed(session, model, "sdk-serverless", serverless_inference_config=ServerlessInferenceConfig(2048, 2))
    assert scores(serverless.predict(customers)) == scores(predictor.predict(customers))
    serverless.delete_endpoint()
    other.delete_model()
    other.delete_endpoint()
    # The configuration before the update is nobody's any more.
    session.delete_endpoint_config("sdk-model")
    for describe in (session.describe_endpoint, session.describe_endpoint_config, session.describe_model):
        with pytest.raises(ClientError, match="Could not find"):
            describe("sdk-model")
    assert not session.endpoint_in_service_or_not("sdk-model")
    with pytest.raises(ClientError, match="Could not find endpoint"):
        session.delete_endpoint("sdk-model")


@pytest.fixture(scope="module")
def transformed(session, own_role, package, customers):
    """A job that has scored a file."""
    container = session.sagemaker_client.describe_model_package(ModelPackageName=package)["InferenceSpecification"]["Containers"][0]
    model = Model(container["Image"], container["ModelDataUrl"], own_role, name="sdk-batch", sagemaker_session=session)
    place = f"s3://{session.default_bucket()}/sdk/batch"
    rows = "\n".join(",".join(map(str, row)) for row in customers)
    given = S3Uploader.upload_string_as_file_body(rows, f"{place}/in/rows.csv", sagemaker_session=session)
    transformer = model.transformer(
        1, "ml.m5.large", output_path=f"{place}/out", assemble_with="Line", accept="text/csv"
    )
    transformer.transform(given, content_type="text/csv", split_type="Line", wait=False)
    session.wait_for_transform_job(transformer.latest_transform_job.name, poll=SOON)
    yield transformer
    transformer.delete_model()


def test_a_file_is_scored(session, transformed, predictor, customers):
    written, = S3Downloader.list(transformed.output_path, sagemaker_session=session)
    assert written.endswith("/rows.csv.out")
    lines = S3Downloader.read_file(written, sagemaker_session=session).split()
    assert [float(line) for line in lines] == scores(predictor.predict(customers))
    job = transformed.latest_transform_job.name
    assert Transformer.attach(job, sagemaker_session=session).model_name == "sdk-batch"


def test_a_model_is_registered_and_rejected(session, role, package):
    container = session.sagemaker_client.describe_model_package(ModelPackageName=package)["InferenceSpecification"]["Containers"][0]
    model = Model(container["Image"], container["ModelDataUrl"], role, sagemaker_session=session)
    registered = model.register(
        content_types=["text/csv"],
        response_types=["text/csv"],
        inference_instances=["ml.m5.large"],
        transform_instances=["ml.m5.large"],
        model_package_group_name="sdk-registered",
        approval_status="PendingManualApproval",
        customer_metadata_properties={"made": "by hand"},
    )
    registered.update_approval_status("Rejected", "not good enough")
    registered.update_customer_metadata({"seen": "by somebody"})
    client = session.sagemaker_client
    described = client.describe_model_package(ModelPackageName=registered.model_package_arn)
    assert (described["ModelApprovalStatus"], described["ApprovalDescription"]) == ("Rejected", "not good enough")
    assert described["CustomerMetadataProperties"] == {"made": "by hand", "seen": "by somebody"}
    client.delete_model_package(ModelPackageName=registered.model_package_arn)
    client.delete_model_package_group(ModelPackageGroupName="sdk-registered")


@pytest.fixture(scope="module")
def built(boto_session, session, own_role):
    """The demonstration's steps, written with the classes of the SDK."""
    definition = json.loads(Pipeline(NAME, sagemaker_session=session).describe()["PipelineDefinition"])
    theirs = {step["Name"]: step for step in definition["Steps"]}
    defaults = {each["Name"]: each["DefaultValue"] for each in definition["Parameters"]}

    def arguments(step):
        return theirs[step]["Arguments"]["AppSpecification"]["ContainerArguments"]

    inside = of_sdk(boto_session, PipelineSession)
    place = f"{defaults['InputDataUrl']}/bankdm/pipeline/sdk"
    machine = ParameterString("Machine", "ml.m5.xlarge")
    count = ParameterInteger("Machines", 1)
    floor = ParameterFloat("AucFloor", 0.65)
    group = ParameterString("Group", "sdk-built")

    def folder(name):
        return Join("/", [place, ExecutionVariables.PIPELINE_EXECUTION_ID, name])

    def given(name, source):
        return ProcessingInput(source=source, destination=f"/opt/ml/processing/input/{name}", input_name=name)

    def kept(name):
        return ProcessingOutput(output_name=name, source=f"/opt/ml/processing/output/{name}", destination=folder(name))

    def output(step, name):
        return step.properties.ProcessingOutputConfig.Outputs[name].S3Output.S3Uri

    unload = theirs["Lambda-RedShift-dl"]
    unloaded = LambdaStep(
        "Unload",
        lambda_func=sagemaker.lambda_helper.Lambda(function_arn=unload["FunctionArn"], session=inside),
        inputs={**unload["Arguments"], "location": f"{defaults['InputDataUrl']}/bankdm/unload/{{fingerprint}}/data_"},
        outputs=[LambdaOutput("folder", LambdaOutputTypeEnum.String), LambdaOutput("rows", LambdaOutputTypeEnum.Integer)],
    )
    sklearn = sagemaker.image_uris.retrieve("sklearn", aws.REGION, "1.2-1")
    xgboost = sagemaker.image_uris.retrieve("xgboost", aws.REGION, "3.0-5")
    cached = CacheConfig(enable_caching=True, expire_after="P30D")

    def processor(image):
        return ScriptProcessor(own_role, image, ["python3"], count, machine, sagemaker_session=inside)

    prepared = ProcessingStep(
        "Prepare",
        step_args=processor(sklearn).run(
            code=str(CONTAINERS / "preprocess.py"),
            inputs=[given("unload", unloaded.properties.Outputs["folder"])],
            outputs=[kept(name) for name in ("train", "validation", "test", "schema", "rows")],
            arguments=arguments("Step-PreProcess"),
        ),
        cache_config=cached,
    )
    estimator = Estimator(
        xgboost,
        own_role,
        1,
        machine,
        output_path=folder("artifacts"),
        sagemaker_session=inside,
        hyperparameters=theirs["Step-Train"]["Arguments"]["HyperParameters"],
        # The debugger's output would be another place each time, and the training never one that was done before.
        debugger_hook_config=False,
    )
    channels = {name: TrainingInput(output(prepared, name), content_type="text/csv") for name in ("train", "validation")}
    trained = TrainingStep("Train", step_args=estimator.fit(channels), cache_config=cached)
    artifact = trained.properties.ModelArtifacts.S3ModelArtifacts
    report = PropertyFile("Report", output_name="evaluation", path="evaluation.json")
    evaluated = ProcessingStep(
        "Evaluate",
        step_args=processor(xgboost).run(
            code=str(CONTAINERS / "evaluate.py"),
            inputs=[given("model", artifact), given("champion", defaults["ChampionUrl"])]
            + [given(name, output(prepared, name)) for name in ("test", "schema", "rows")],
            outputs=[kept("evaluation"), kept("model")],
            arguments=arguments("Step-Eval"),
        ),
        property_files=[report],
        cache_config=cached,
    )
    auc = JsonGet(step_name=evaluated.name, property_file=report, json_path="binary_classification_metrics.auc.value")
    registered = ModelStep(
        "Register",
        step_args=Model(xgboost, artifact, own_role, sagemaker_session=inside).register(
            content_types=["text/csv"],
            response_types=["text/csv"],
            inference_instances=["ml.m5.large"],
            transform_instances=["ml.m5.large"],
            model_package_group_name=group,
        ),
    )
    gate = ConditionStep(
        "Gate",
        conditions=[ConditionGreaterThanOrEqualTo(auc, floor)],
        if_steps=[registered],
        else_steps=[FailStep("Refused", error_message=Join(" ", ["the AUC is", auc]))],
    )
    pipeline = Pipeline(
        "sdk-pipeline",
        parameters=[machine, count, floor, group],
        steps=[unloaded, prepared, trained, evaluated, gate],
        sagemaker_session=inside,
    )
    pipeline.create(own_role, tags=[{"Key": "made", "Value": "by the SDK"}])
    session.sagemaker_client.create_model_package_group(ModelPackageGroupName="sdk-built")
    yield pipeline
    pipeline.delete()


def ended(pipeline, **parameters):
    """The steps of a new execution, when it has ended."""
    execution = pipeline.start(parameters)
    # The steps say why it failed.
    with contextlib.suppress(WaiterError):
        execution.wait(delay=1)
    return {step["StepName"]: step for step in execution.list_steps()}


def test_a_pipeline_of_the_sdk_runs(session, built, own_role):
    steps = ended(built)
    assert {step["StepStatus"] for step in steps.values()} == {"Succeeded"}, steps
    arn = steps["Register-RegisterModel"]["Metadata"]["RegisterModel"]["Arn"]
    assert session.sagemaker_client.describe_model_package(ModelPackageName=arn)["ModelPackageGroupName"] == "sdk-built"
    # It can be changed, and what has not changed is not done again.
    again = built.upsert(own_role, description="again", tags=[{"Key": "more", "Value": "1"}])
    assert {tag["Key"] for tag in session.list_tags(again["PipelineArn"])} == {"made", "more"}
    refused = ended(built, AucFloor=0.99)
    assert {name for name, step in refused.items() if "CacheHitResult" in step} == {"Prepare", "Train", "Evaluate"}
    assert refused["Gate"]["Metadata"]["Condition"]["Outcome"] == "False"
    assert refused["Refused"]["FailureReason"].startswith("the AUC is 0.7")
    assert "Register-RegisterModel" not in refused


def test_all_that_was_asked_and_answered_follows_the_models(recorder_of_all, begun, built):
    assert findings.of(recorder_of_all.exchanges[begun:]).differences() == []
