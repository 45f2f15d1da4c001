"""The embedded AWS as the tests see it: boto3's clients, objects, jobs, pipelines, endpoints."""

import io
import json
import tarfile
import time

import boto3
from botocore.config import Config

REGION = "us-east-1"
# The embedded AWS takes milliseconds where SageMaker takes minutes.
PAUSE = 0.05
PATIENCE = 120


class Aws:
    """Clients of the services of an account."""

    def __init__(self, served):
        self.served = served
        self.clients = {}
        self.sagemaker = self.client("sagemaker")
        self.s3 = self.client("s3")
        self.runtime = self.client("sagemaker-runtime")
        self.account = self.client("sts").get_caller_identity()["Account"]

    def client(self, service):
        """boto3's client of a service."""
        if service not in self.clients:
            self.clients[service] = boto3.client(
                service,
                endpoint_url=self.served.url,
                region_name=REGION,
                aws_access_key_id=self.served.key,
                aws_secret_access_key=self.served.secret,
                config=Config(retries={"max_attempts": 1}),
            )
        return self.clients[service]

    def read(self, uri):
        """An object's content."""
        bucket, key = split(uri)
        return self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()

    def write(self, uri, content):
        """Puts an object."""
        bucket, key = split(uri)
        self.s3.put_object(Bucket=bucket, Key=key, Body=content)

    def objects(self, uri):
        """The objects at an address or in the folder there: name below the address, and content. An object at the very address has its file
        name; one of an address that ends like a file's (`data_`) has the rest of it.
        """
        bucket, prefix = split(uri)
        found = {}
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for entry in page.get("Contents", []):
                key, rest = entry["Key"], entry["Key"][len(prefix) :]
                if not rest or rest.startswith("/") or prefix.endswith(("/", "_")):
                    found[rest.lstrip("/") or key.rsplit("/", 1)[-1]] = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return found

    def wait(self, describe, member, passing):
        """Asks until the status is none of those that pass; gives the last answer."""
        end = time.monotonic() + PATIENCE
        while True:
            answer = describe()
            if answer[member] not in passing:
                return answer
            if time.monotonic() > end:
                raise TimeoutError(f"still {answer[member]} after {PATIENCE} seconds")
            time.sleep(PAUSE)

    def run(self, pipeline, **options):
        """Starts a pipeline and waits for its end; gives the execution and its steps by name."""
        arn = self.sagemaker.start_pipeline_execution(PipelineName=pipeline, **options)["PipelineExecutionArn"]
        execution = self.wait(
            lambda: self.sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn),
            "PipelineExecutionStatus",
            ("Executing", "Stopping"),
        )
        return execution, self.steps(arn)

    def steps(self, execution_arn):
        """The steps of an execution by name."""
        pages = self.sagemaker.get_paginator("list_pipeline_execution_steps").paginate(PipelineExecutionArn=execution_arn)
        return {step["StepName"]: step for page in pages for step in page["PipelineExecutionSteps"]}

    def job(self, step):
        """The description of a step's processing or training job."""
        metadata = step["Metadata"]
        if "ProcessingJob" in metadata:
            return self.sagemaker.describe_processing_job(ProcessingJobName=metadata["ProcessingJob"]["Arn"].rsplit("/", 1)[-1])
        return self.sagemaker.describe_training_job(TrainingJobName=metadata["TrainingJob"]["Arn"].rsplit("/", 1)[-1])

    def deploy(self, name, container, role):
        """Makes a model and an endpoint of it; gives the endpoint's description when it has settled."""
        self.sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=role)
        variant = {"VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
        self.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        return self.wait(lambda: self.sagemaker.describe_endpoint(EndpointName=name), "EndpointStatus", ("Creating",))

    def invoke(self, endpoint, lines):
        """The scores of lines of features."""
        answer = self.runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body="\n".join(lines).encode())
        return [float(score) for score in answer["Body"].read().decode().split()]


def split(uri):
    """Bucket and key of an s3:// address."""
    return uri.removeprefix("s3://").split("/", 1)


def members(archive):
    """The files of a tar.gz."""
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as opened:
        return {member.name: opened.extractfile(member).read() for member in opened if member.isfile()}


def artifact(model):
    """A model.tar.gz with a model file."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        entry = tarfile.TarInfo("xgboost-model")
        entry.size = len(model)
        archive.addfile(entry, io.BytesIO(model))
    return packed.getvalue()


def resolve(value, known):
    """A value of a pipeline definition with its variables filled: `known` has them by name, as in Parameters.InputDataUrl."""
    if isinstance(value, list):
        return [resolve(item, known) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Get"}:
        return known[value["Get"]]
    if set(value) == {"Std:Join"}:
        join = value["Std:Join"]
        return join["On"].join(str(resolve(item, known)) for item in join["Values"])
    return {key: resolve(item, known) for key, item in value.items()}


def variables(definition, execution_arn):
    """The variables of an execution that was started without parameters of its own."""
    known = {f"Parameters.{each['Name']}": each["DefaultValue"] for each in definition["Parameters"]}
    known["Execution.PipelineExecutionId"] = execution_arn.rsplit("/", 1)[-1]
    return known


def all_steps(steps):
    """Every step of a definition, those behind conditions too."""
    for step in steps:
        yield step
        if step["Type"] == "Condition":
            yield from all_steps(step["Arguments"].get("IfSteps", []))
            yield from all_steps(step["Arguments"].get("ElseSteps", []))


def load(text):
    """A JSON document."""
    return json.loads(text)
