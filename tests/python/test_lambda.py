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
    for name, value in served.variables.items():
        monkeypatch.setenv(name, value)
    return runpy.run_path(str(SOURCE))["handler"]


@pytest.fixture
def event(cloud, pipeline):
    """The event of the pipeline's own unload."""
    step = pipeline.step("Lambda")
    return aws.resolve(step["Arguments"], aws.variables(pipeline.definition, pipeline.execution))


@pytest.fixture
def elsewhere(event):
    """The event with another place for the files."""
    return {**event, "location": event["location"].replace("{fingerprint}", "elsewhere/{fingerprint}")}


def invoke(cloud, pipeline, event):
    """Invokes the function that the pipeline's step names; gives the answer and its payload."""
    function = pipeline.step("Lambda")["FunctionArn"]
    answer = cloud.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event).encode())
    assert answer["StatusCode"] == 200
    return answer, json.loads(answer["Payload"].read())


def rows(files):
    """The header and the rows of an unload."""
    texts = [gzip.decompress(content).decode().splitlines() for _, content in sorted(files.items())]
    assert len({text[0] for text in texts}) == 1
    return texts[0][0], [row for text in texts for row in text[1:]]


def test_the_handler_unloads_what_the_function_unloaded(cloud, pipeline, handler, event, elsewhere):
    _, ours = invoke(cloud, pipeline, event)
    theirs = handler(elsewhere, Context())
    assert set(ours) == set(theirs)
    assert {name: value for name, value in ours.items() if name != "statement_id"} == {
        name: value.replace("elsewhere/", "") if isinstance(value, str) else value
        for name, value in theirs.items()
        if name != "statement_id"
    }
    assert (theirs["statusCode"], theirs["rows"]) == (200, 41188)
    written = rows(cloud.objects(theirs["folder"]))
    assert len(written[1]) == 41188
    assert rows(cloud.objects(ours["folder"])) == written
    described = cloud.client("redshift-data").describe_statement(Id=theirs["statement_id"])
    assert described["Status"] == "FINISHED" and "UNLOAD" in described["QueryString"]


def test_a_place_without_a_digest_is_written_to_as_it_is(cloud, pipeline, handler, event):
    plain = [{**event, "location": event["location"].replace("{fingerprint}", name)} for name in ("function", "handler")]
    _, ours = invoke(cloud, pipeline, plain[0])
    theirs = handler(plain[1], Context())
    assert ours["location"] == plain[0]["location"] and theirs["location"] == plain[1]["location"]
    assert ours["fingerprint"] == theirs["fingerprint"] == ""
    files = [cloud.objects(answer["folder"]) for answer in (ours, theirs)]
    assert set(files[0]) == set(files[1]) and rows(files[0]) == rows(files[1])


def test_a_table_that_does_not_exist_is_told_by_both(cloud, pipeline, handler, event):
    broken = {**event, "table": "no_such_table"}
    with pytest.raises(RuntimeError) as raised:
        handler(broken, Context())
    assert "no_such_table" in str(raised.value)
    answer, payload = invoke(cloud, pipeline, broken)
    assert answer["FunctionError"] == "Unhandled"
    assert (payload["errorType"], payload["errorMessage"]) == ("RuntimeError", str(raised.value))


def test_redshifts_failure_is_raised_with_its_message(cloud, pipeline, handler, event):
    broken = {**event, "iam_role": "no role", "location": "s3://no-such-bucket-anywhere/data_"}
    with pytest.raises(RuntimeError) as raised:
        handler(broken, Context())
    assert "the UNLOAD ended as FAILED: " in str(raised.value)
    answer, payload = invoke(cloud, pipeline, broken)
    assert answer["FunctionError"] == "Unhandled"
    assert (payload["errorType"], payload["errorMessage"]) == ("RuntimeError", str(raised.value))


def test_a_missing_member_of_the_event_is_named(cloud, pipeline, handler, event):
    del event["iam_role"]
    with pytest.raises(KeyError, match="iam_role"):
        handler(event, Context())
    _, payload = invoke(cloud, pipeline, event)
    assert (payload["errorType"], payload["errorMessage"]) == ("KeyError", "'iam_role'")
