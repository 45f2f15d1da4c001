"""The handler that real Lambda runs (`assets/lambda/unload.py`) against the embedded AWS, and the function that the embedded AWS runs."""

import gzip
import json
import pathlib
import runpy

import pytest

import aws

SOURCE = pathlib.Path(__file__).parents[2] / "assets" / "lambda" / "unload.py"


class Context:
    """What Lambda hands to a handler: the time that is left."""

    def __init__(self, milliseconds=60_000):
        self.milliseconds = milliseconds

    def get_remaining_time_in_millis(self):
        """As Lambda's context."""
        return self.milliseconds


@pytest.fixture
def handler(served, monkeypatch):
    """The handler, whose boto3 finds the embedded AWS as it finds AWS: in its environment."""
    for name, value in {
        "AWS_ENDPOINT_URL": served,
        "AWS_DEFAULT_REGION": aws.REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }.items():
        monkeypatch.setenv(name, value)
    return runpy.run_path(str(SOURCE))["handler"]


@pytest.fixture
def event(cloud, pipeline):
    """The event of the pipeline's own unload."""
    step = pipeline.step("Lambda")
    return aws.resolve(step["Arguments"], aws.variables(pipeline.definition, pipeline.execution))


def rows(files):
    """The rows of an unload, and its header."""
    texts = [gzip.decompress(content).decode().splitlines() for _, content in sorted(files.items())]
    assert len({text[0] for text in texts}) == 1
    return texts[0][0], [row for text in texts for row in text[1:]]


def test_the_handler_unloads_what_the_function_unloaded(cloud, pipeline, handler, event):
    ours = rows(cloud.objects(event["location"]))
    assert len(ours[1]) == 41188
    moved = {**event, "location": event["location"].replace("data_", "again_")}
    answer = handler(moved, Context())
    assert answer == {"statusCode": 200, "rows": 41188, "statement_id": answer["statement_id"], "location": moved["location"]}
    theirs = rows(cloud.objects(moved["location"]))
    assert ours == theirs
    described = cloud.client("redshift-data").describe_statement(Id=answer["statement_id"])
    assert described["Status"] == "FINISHED" and "UNLOAD" in described["QueryString"]


def test_the_function_answers_as_the_handler(cloud, pipeline, handler, event):
    moved = {**event, "location": event["location"].replace("data_", "invoked_")}
    function = pipeline.step("Lambda")["FunctionArn"]
    invoked = cloud.client("lambda").invoke(FunctionName=function, Payload=json.dumps(moved).encode())
    assert invoked["StatusCode"] == 200 and "FunctionError" not in invoked
    ours, theirs = json.loads(invoked["Payload"].read()), handler(moved, Context())
    assert set(ours) == set(theirs)
    assert {**ours, "statement_id": ""} == {**theirs, "statement_id": ""}


def test_redshifts_failure_is_raised_with_its_message(cloud, pipeline, handler, event):
    broken = {**event, "table": "no_such_table"}
    with pytest.raises(RuntimeError) as raised:
        handler(broken, Context())
    assert "ended as FAILED" in str(raised.value) and "no_such_table" in str(raised.value)
    function = pipeline.step("Lambda")["FunctionArn"]
    invoked = cloud.client("lambda").invoke(FunctionName=function, Payload=json.dumps(broken).encode())
    assert invoked["FunctionError"] == "Unhandled"
    payload = json.loads(invoked["Payload"].read())
    assert (payload["errorType"], payload["errorMessage"]) == ("RuntimeError", str(raised.value))


def test_a_missing_member_of_the_event_is_named(cloud, pipeline, handler, event):
    del event["iam_role"]
    with pytest.raises(KeyError, match="iam_role"):
        handler(event, Context())
    invoked = cloud.client("lambda").invoke(FunctionName=pipeline.step("Lambda")["FunctionArn"], Payload=json.dumps(event).encode())
    payload = json.loads(invoked["Payload"].read())
    assert (payload["errorType"], payload["errorMessage"]) == ("KeyError", "'iam_role'")
