"""What the stages of the project run (`assets/project/deliver.py`), against the embedded AWS."""

import copy
import json
import pathlib
import runpy
import sys
import time

import pytest

import aws

SOURCE = pathlib.Path(__file__).parents[2] / "assets" / "project" / "deliver.py"
ENDPOINT = "Deliver-prod"
NAME = "Deliver-Pipeline"


@pytest.fixture
def deliver(served, pipeline, tmp_path, monkeypatch, capsys):
    """Runs a stage on a definition; gives the NAME=VALUE lines that it leaves for the stages after it."""
    for name, value in {
        **served.variables,
        "PIPELINE_NAME": NAME,
        "ROLE_ARN": pipeline.role,
        "TAGS": json.dumps([{"Key": "shiftdeck:demo", "Value": "Deliver"}]),
        "COMMIT": "5b325c7c",
        "MODEL_GROUP": pipeline.step("RegisterModel")["Arguments"]["ModelPackageGroupName"],
        "MODEL_PREFIX": "Deliver",
        "ENDPOINT": ENDPOINT,
        "INSTANCE": "ml.m5.large",
    }.items():
        monkeypatch.setenv(name, value)
    pause = time.sleep
    # The stage waits ten seconds between two looks, as one may of SageMaker.
    monkeypatch.setattr(time, "sleep", lambda seconds: pause(min(seconds, aws.PAUSE)))
    monkeypatch.chdir(tmp_path)

    def deliver(stage, definition=None, **environment):
        if definition is not None:
            place = tmp_path / "pipeline" / "definition.json"
            place.parent.mkdir(exist_ok=True)
            place.write_text(json.dumps(definition))
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["deliver.py", stage])
        capsys.readouterr()
        runpy.run_path(str(SOURCE), run_name="__main__")
        return dict(line.split("=", 1) for line in capsys.readouterr().out.splitlines())

    return deliver


def approve(cloud, arn):
    cloud.sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")


def tags(cloud, arn):
    return {tag["Key"]: tag["Value"] for tag in cloud.sagemaker.list_tags(ResourceArn=arn)["Tags"]}


def test_a_commit_is_built_approved_and_deployed_and_the_next_one_switches_over(cloud, pipeline, deliver):
    built = deliver("build", pipeline.definition)
    execution = cloud.sagemaker.describe_pipeline_execution(PipelineExecutionArn=built["PIPELINE_EXECUTION_ARN"])
    assert execution["PipelineExecutionStatus"] == "Succeeded"
    assert execution["PipelineExecutionDescription"] == "commit 5b325c7c"
    described = cloud.sagemaker.describe_pipeline(PipelineName=NAME)
    assert tags(cloud, described["PipelineArn"])["shiftdeck:demo"] == "Deliver"

    # Nobody has said yes.
    with pytest.raises(SystemExit) as refused:
        deliver("deploy", MODEL_PACKAGE_ARN=built["MODEL_PACKAGE_ARN"])
    assert "is not approved: it is PendingManualApproval" in str(refused.value)
    approve(cloud, built["MODEL_PACKAGE_ARN"])
    first = deliver("deploy", MODEL_PACKAGE_ARN=built["MODEL_PACKAGE_ARN"])["DEPLOYED_VERSION"]
    endpoint = cloud.sagemaker.describe_endpoint(EndpointName=ENDPOINT)
    assert (endpoint["EndpointStatus"], endpoint["EndpointConfigName"]) == ("InService", f"{ENDPOINT}-v{first}")
    assert "shiftdeck:previous" not in tags(cloud, endpoint["EndpointArn"])

    # Another commit changes the same pipeline; the newest approved package is what is deployed when none is named.
    altered = copy.deepcopy(pipeline.definition)
    training = next(step for step in aws.all_steps(altered["Steps"]) if step["Type"] == "Training")
    training["Arguments"]["HyperParameters"]["num_round"] = "20"
    built = deliver("build", altered)
    definition = json.loads(cloud.sagemaker.describe_pipeline(PipelineName=NAME)["PipelineDefinition"])
    assert definition == altered
    approve(cloud, built["MODEL_PACKAGE_ARN"])
    second = deliver("deploy", MODEL_PACKAGE_ARN="")["DEPLOYED_VERSION"]
    assert int(second) == int(first) + 1
    endpoint = cloud.sagemaker.describe_endpoint(EndpointName=ENDPOINT)
    assert (endpoint["EndpointStatus"], endpoint["EndpointConfigName"]) == ("InService", f"{ENDPOINT}-v{second}")
    assert tags(cloud, endpoint["EndpointArn"])["shiftdeck:previous"] == f"{ENDPOINT}-v{first}"

    # The same again changes nothing, and the way back stays.
    assert deliver("deploy", MODEL_PACKAGE_ARN=built["MODEL_PACKAGE_ARN"])["DEPLOYED_VERSION"] == second
    assert tags(cloud, endpoint["EndpointArn"])["shiftdeck:previous"] == f"{ENDPOINT}-v{first}"


def test_a_build_that_fails_names_the_step_and_the_reason(pipeline, deliver):
    altered = copy.deepcopy(pipeline.definition)
    training = next(step for step in aws.all_steps(altered["Steps"]) if step["Type"] == "Training")
    training["Arguments"]["HyperParameters"]["max_dept"] = "3"
    with pytest.raises(SystemExit) as failed:
        deliver("build", altered)
    assert str(failed.value).startswith(f"{training['Name']}: ") and "max_dept" in str(failed.value)
