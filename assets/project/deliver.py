"""What the stages of the project run on a commit of the pipeline's source.

`build` brings the SageMaker pipeline to the committed definition, starts it, waits for its end and names the model package that it
registered. `deploy` puts an approved package behind the production endpoint without an interruption. Names come from the environment.
Progress goes to standard error; standard output has NAME=VALUE lines for the stages after this one.
"""

import json
import os
import sys
import time
import uuid

import boto3

PREVIOUS = "shiftdeck:previous"


def say(text):
    print(text, file=sys.stderr, flush=True)


def missing(error):
    message = error.response["Error"]["Message"].lower()
    return any(sign in message for sign in ("could not find", "does not exist", "not found"))


def tags():
    return json.loads(os.environ.get("TAGS", "[]"))


def build(sagemaker):
    name, role = os.environ["PIPELINE_NAME"], os.environ["ROLE_ARN"]
    with open("pipeline/definition.json", encoding="utf-8") as file:
        definition = json.dumps(json.load(file))
    token = str(uuid.uuid4())
    try:
        sagemaker.describe_pipeline(PipelineName=name)
        say(f"updating the pipeline {name}")
        sagemaker.update_pipeline(PipelineName=name, PipelineDefinition=definition, RoleArn=role)
    except sagemaker.exceptions.ClientError as error:
        if not missing(error):
            raise
        say(f"making the pipeline {name}")
        sagemaker.create_pipeline(
            PipelineName=name, PipelineDefinition=definition, RoleArn=role, ClientRequestToken=token, Tags=tags()
        )
    commit = os.environ.get("COMMIT", "unknown")
    started = sagemaker.start_pipeline_execution(
        PipelineName=name, PipelineExecutionDescription=f"commit {commit}", ClientRequestToken=str(uuid.uuid4())
    )
    arn = started["PipelineExecutionArn"]
    say(f"started {arn}")
    while True:
        state = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
        if state["PipelineExecutionStatus"] not in ("Executing", "Stopping"):
            break
        time.sleep(10)
    steps = []
    for page in sagemaker.get_paginator("list_pipeline_execution_steps").paginate(PipelineExecutionArn=arn):
        steps.extend(page["PipelineExecutionSteps"])
    if state["PipelineExecutionStatus"] != "Succeeded":
        failed = next((step for step in steps if step["StepStatus"] == "Failed"), {})
        sys.exit(f"{failed.get('StepName', name)}: {failed.get('FailureReason', state.get('FailureReason', 'it was stopped'))}")
    packages = [step["Metadata"]["RegisterModel"]["Arn"] for step in steps if "RegisterModel" in step.get("Metadata", {})]
    if not packages:
        sys.exit("the execution registered no model")
    print(f"PIPELINE_EXECUTION_ARN={arn}")
    print(f"MODEL_PACKAGE_ARN={packages[0]}")


def package_to_deploy(sagemaker):
    arn = os.environ.get("MODEL_PACKAGE_ARN", "")
    if not arn.startswith("arn:"):
        newest = sagemaker.list_model_packages(
            ModelPackageGroupName=os.environ["MODEL_GROUP"], ModelApprovalStatus="Approved",
            SortBy="CreationTime", SortOrder="Descending", MaxResults=1,
        )["ModelPackageSummaryList"]
        if not newest:
            sys.exit("no model package is approved")
        arn = newest[0]["ModelPackageArn"]
    package = sagemaker.describe_model_package(ModelPackageName=arn)
    if package["ModelApprovalStatus"] != "Approved":
        sys.exit(f"{arn} is not approved: it is {package['ModelApprovalStatus']}")
    return arn, package["ModelPackageVersion"]


def make(call, **arguments):
    """Makes something unless it is there."""
    try:
        call(Tags=tags(), **arguments)
    except Exception as error:  # the exception's class differs by operation; its message does not
        if "already exist" not in str(error):
            raise


def deploy(sagemaker):
    arn, version = package_to_deploy(sagemaker)
    endpoint = os.environ["ENDPOINT"]
    model, config = f"{os.environ['MODEL_PREFIX']}-v{version}", f"{endpoint}-v{version}"
    make(
        sagemaker.create_model, ModelName=model, ExecutionRoleArn=os.environ["ROLE_ARN"],
        Containers=[{"ModelPackageName": arn}],
    )
    make(
        sagemaker.create_endpoint_config, EndpointConfigName=config,
        ProductionVariants=[{
            "VariantName": "AllTraffic", "ModelName": model, "InstanceType": os.environ["INSTANCE"],
            "InitialInstanceCount": 1, "InitialVariantWeight": 1.0,
        }],
    )
    before = None
    try:
        found = sagemaker.describe_endpoint(EndpointName=endpoint)
        before = found["EndpointConfigName"]
        if before != config:
            say(f"switching {endpoint} over from {before} to {config}")
            sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=config)
    except sagemaker.exceptions.ClientError as error:
        if not missing(error):
            raise
        say(f"making {endpoint}")
        sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=config, Tags=tags())
    while True:
        found = sagemaker.describe_endpoint(EndpointName=endpoint)
        if found["EndpointStatus"] not in ("Creating", "Updating", "SystemUpdating", "RollingBack"):
            break
        time.sleep(10)
    if found["EndpointStatus"] != "InService" or found["EndpointConfigName"] != config:
        sys.exit(f"{endpoint} is {found['EndpointStatus']}: {found.get('FailureReason', 'SageMaker gives no reason')}")
    if before and before != config:
        sagemaker.add_tags(ResourceArn=found["EndpointArn"], Tags=[{"Key": PREVIOUS, "Value": before}])
    print(f"DEPLOYED_VERSION={version}")


if __name__ == "__main__":
    client = boto3.client("sagemaker")
    {"build": build, "deploy": deploy}[sys.argv[1]](client)
