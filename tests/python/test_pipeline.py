"""The definition that the program sends, created, started and altered through boto3."""

import copy
import json

import botocore.exceptions
import pytest

import aws


@pytest.fixture
def create(cloud, pipeline):
    """Creates a pipeline of a definition under a new name."""
    made = []

    def create(name, definition):
        cloud.sagemaker.create_pipeline(
            PipelineName=name,
            PipelineDefinition=json.dumps(definition),
            RoleArn=pipeline.role,
            ClientRequestToken=f"{name}-{'0' * 32}",
        )
        made.append(name)
        return name

    yield create
    for name in made:
        cloud.sagemaker.delete_pipeline(PipelineName=name)


@pytest.fixture
def definition(pipeline):
    """A copy of the definition, to be altered."""
    return copy.deepcopy(pipeline.definition)


def named(definition, name):
    """A step of a definition."""
    return next(step for step in aws.all_steps(definition["Steps"]) if step["Name"] == name)


def packages(cloud, group):
    """ARNs of a group's packages."""
    pages = cloud.sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName=group)
    return {package["ModelPackageArn"] for page in pages for package in page["ModelPackageSummaryList"]}


def report(cloud, steps):
    """The evaluation report of an execution."""
    for step in steps.values():
        if "ProcessingJob" in step["Metadata"]:
            for output in cloud.job(step)["ProcessingOutputConfig"]["Outputs"]:
                if output["OutputName"] == "evaluation":
                    return json.loads(cloud.objects(output["S3Output"]["S3Uri"])["evaluation.json"])
    raise AssertionError("no step has evaluated")


def refusal(create, name, definition):
    """The message with which CreatePipeline refuses a definition."""
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        create(name, definition)
    error = refused.value.response["Error"]
    assert error["Code"] == "ValidationException", error
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return error["Message"]


def test_the_same_definition_runs_to_succeeded(cloud, pipeline, create, definition):
    group = pipeline.step("RegisterModel")["Arguments"]["ModelPackageGroupName"]
    before = packages(cloud, group)
    execution, steps = cloud.run(create("Boto3-Same", definition))
    assert execution["PipelineExecutionStatus"] == "Succeeded", execution.get("FailureReason")
    assert {name: step["StepStatus"] for name, step in steps.items()} == {
        name: step["StepStatus"] for name, step in pipeline.steps.items()
    }
    assert report(cloud, steps) == report(cloud, pipeline.steps)
    new = packages(cloud, group) - before
    assert len(new) == 1
    package = cloud.sagemaker.describe_model_package(ModelPackageName=new.pop())
    assert package["ModelPackageStatus"] == "Completed"
    metadata = package["CustomerMetadataProperties"]
    assert metadata["execution"] == execution["PipelineExecutionArn"].rsplit("/", 1)[-1]
    assert json.loads(cloud.read(metadata["evaluation"])) == report(cloud, steps)


def test_parameters_given_at_the_start_are_used(cloud, pipeline, create, definition):
    name = create("Boto3-Parameters", definition)
    execution, steps = cloud.run(
        name, PipelineParameters=[{"Name": "ModelApprovalStatus", "Value": "Approved"}], PipelineExecutionDisplayName="approved"
    )
    assert execution["PipelineExecutionStatus"] == "Succeeded"
    arn = next(step["Metadata"]["RegisterModel"]["Arn"] for step in steps.values() if "RegisterModel" in step["Metadata"])
    assert cloud.sagemaker.describe_model_package(ModelPackageName=arn)["ModelApprovalStatus"] == "Approved"
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        cloud.sagemaker.start_pipeline_execution(PipelineName=name, PipelineParameters=[{"Name": "Colour", "Value": "red"}])
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_a_step_that_others_need_cannot_be_removed(create, definition):
    preprocess = next(step for step in definition["Steps"] if "preprocess.py" in json.dumps(step))
    definition["Steps"].remove(preprocess)
    assert preprocess["Name"] in refusal(create, "Boto3-Removed", definition)


def test_a_step_that_nothing_needs_can_be_removed(cloud, pipeline, create, definition):
    register = pipeline.step("RegisterModel")
    condition = next(step for step in definition["Steps"] if step["Type"] == "Condition")
    condition["Arguments"]["IfSteps"] = [step for step in condition["Arguments"]["IfSteps"] if step["Name"] != register["Name"]]
    group = register["Arguments"]["ModelPackageGroupName"]
    before = packages(cloud, group)
    execution, steps = cloud.run(create("Boto3-Leaf", definition))
    assert execution["PipelineExecutionStatus"] == "Succeeded", execution.get("FailureReason")
    assert register["Name"] not in steps
    assert packages(cloud, group) == before


def test_a_condition_that_fails_ends_in_the_reason(cloud, pipeline, create, definition):
    group = pipeline.step("RegisterModel")["Arguments"]["ModelPackageGroupName"]
    before = packages(cloud, group)
    auc = next(
        condition
        for step in definition["Steps"]
        if step["Type"] == "Condition"
        for condition in step["Arguments"]["Conditions"]
        if "auc" in json.dumps(condition["LeftValue"])
    )
    auc["RightValue"] = 0.999
    execution, steps = cloud.run(create("Boto3-Gate", definition))
    assert execution["PipelineExecutionStatus"] == "Failed"
    fail = pipeline.step("Fail")["Name"]
    assert steps[fail]["StepStatus"] == "Failed"
    reason = steps[fail]["FailureReason"]
    measured = report(cloud, steps)["binary_classification_metrics"]["auc"]["value"]
    assert "quality gate" in reason and f"{measured:.4f}" in reason, reason
    gate = next(step for step in steps.values() if "Condition" in step["Metadata"])
    assert gate["Metadata"]["Condition"]["Outcome"] == "False"
    assert packages(cloud, group) == before


@pytest.mark.parametrize(
    "image",
    [
        "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.0-1-cpu-py3",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/my-training:latest",
    ],
)
def test_a_container_that_cannot_run_is_refused(pipeline, create, definition, image):
    training = named(definition, pipeline.step("Training")["Name"])
    training["Arguments"]["AlgorithmSpecification"]["TrainingImage"] = image
    assert image in refusal(create, "Boto3-Image", definition)


def test_a_step_of_an_unknown_type_is_refused(create, definition):
    definition["Steps"].append({"Name": "Extra", "Type": "Teleport", "Arguments": {}})
    assert "Teleport" in refusal(create, "Boto3-Type", definition)


def test_a_definition_that_is_no_json_is_refused(cloud, pipeline):
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        cloud.sagemaker.create_pipeline(
            PipelineName="Boto3-Text", PipelineDefinition="{not json", RoleArn=pipeline.role, ClientRequestToken="0" * 32
        )
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_a_wrong_hyperparameter_fails_the_training_with_the_containers_words(cloud, pipeline, create, definition):
    training = named(definition, pipeline.step("Training")["Name"])
    training["Arguments"]["HyperParameters"]["max_dept"] = "3"
    execution, steps = cloud.run(create("Boto3-Hyper", definition))
    assert execution["PipelineExecutionStatus"] == "Failed"
    step = steps[training["Name"]]
    assert step["StepStatus"] == "Failed"
    assert "Extraneous hyperparameter found: max_dept" in step["FailureReason"]
    assert cloud.job(step)["TrainingJobStatus"] == "Failed"


def test_the_older_container_runs_too(cloud, pipeline, create, definition):
    text = json.dumps(definition).replace("sagemaker-xgboost:3.0-5", "sagemaker-xgboost:1.7-1")
    execution, steps = cloud.run(create("Boto3-Older", json.loads(text)))
    assert execution["PipelineExecutionStatus"] == "Succeeded", execution.get("FailureReason")
    model = cloud.job(steps[pipeline.step("Training")["Name"]])["ModelArtifacts"]["S3ModelArtifacts"]
    # XGBoost 1.7's own binary format, which that container leaves.
    assert aws.members(cloud.read(model))["xgboost-model"].startswith(b"binf")
