"""One run of the demonstration by the program, and the program serving what it left, for all tests.

SHIFTDECK_PROGRAM is the program; SHIFTDECK_OLDER_PYTHON is a Python with requirements-older.txt.
"""

import json
import os
import pathlib
import subprocess
import sys

import pytest

# Small models: threads that wait for one another cost more than they save. XGBoost reads this when it is imported.
os.environ["OMP_NUM_THREADS"] = "1"

import aws  # noqa: E402
from recorder import Recorder  # noqa: E402
from server import Served, Server, command, environment  # noqa: E402

STEPS = ["foundation", "lake", "load", "pipeline"]
HERE = pathlib.Path(__file__).parent


@pytest.fixture(scope="session")
def older_python():
    """A Python with the packages of the older containers."""
    return os.environ["SHIFTDECK_OLDER_PYTHON"]


@pytest.fixture(scope="session")
def program():
    """Runs the program, or starts it: its command with a state directory of its own, without the caller's own settings."""
    return os.environ["SHIFTDECK_PROGRAM"]


@pytest.fixture(scope="session")
def server(program, tmp_path_factory):
    """The program serving its embedded AWS after one run of the pipeline."""
    state = tmp_path_factory.mktemp("state")
    run = subprocess.run([*command(program, state), "run", *STEPS, "--json"], capture_output=True, text=True, env=environment())
    assert run.returncode == 0, run.stdout + run.stderr
    server = Server(program, state)
    yield server
    server.close()


@pytest.fixture(scope="session")
def recorder_of_all(server):
    """What all tests send and get, through a proxy before the server."""
    recorder = Recorder(server.url)
    yield recorder
    recorder.close()


@pytest.fixture(scope="session")
def served(server, recorder_of_all):
    """Where the embedded AWS is, and what to sign with."""
    return Served(recorder_of_all.url, server.key, server.secret)


@pytest.fixture(scope="session")
def cloud(served):
    """boto3's clients."""
    return aws.Aws(served)


@pytest.fixture(scope="session")
def pipeline(cloud):
    """The demonstration's pipeline: its name, its definition, its one execution and the steps of that."""
    summaries = cloud.sagemaker.list_pipelines()["PipelineSummaries"]
    assert len(summaries) == 1, summaries
    name = summaries[0]["PipelineName"]
    described = cloud.sagemaker.describe_pipeline(PipelineName=name)
    executions = cloud.sagemaker.list_pipeline_executions(PipelineName=name)["PipelineExecutionSummaries"]
    assert [execution["PipelineExecutionStatus"] for execution in executions] == ["Succeeded"]
    arn = executions[0]["PipelineExecutionArn"]
    definition = cloud.sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=arn)["PipelineDefinition"]
    assert json.loads(definition) == json.loads(described["PipelineDefinition"])
    return Pipeline(name, described["RoleArn"], json.loads(definition), arn, cloud.steps(arn))


class Pipeline:
    """A pipeline with an execution that succeeded."""

    def __init__(self, name, role, definition, execution, steps):
        self.name, self.role, self.definition, self.execution, self.steps = name, role, definition, execution, steps

    def step(self, kind, containing=""):
        """The definition's step of a type, whose text has a word in it."""
        found = [step for step in aws.all_steps(self.definition["Steps"]) if step["Type"] == kind and containing in json.dumps(step)]
        assert len(found) == 1, [step["Name"] for step in found]
        return found[0]


@pytest.fixture
def container(older_python, tmp_path):
    """Runs a processing job's script in the packages of its container."""

    def run(cloud, job):
        folder = tmp_path / job["ProcessingJobName"]
        image = job["AppSpecification"]["ImageUri"]
        python = sys.executable if "xgboost:3.0-5" in image else older_python
        for each in job["ProcessingInputs"]:
            place = below(folder, each["S3Input"]["LocalPath"])
            for name, content in cloud.objects(each["S3Input"]["S3Uri"]).items():
                file = place / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
        below(folder, "/opt/ml/output").mkdir(parents=True)
        script = next(part for part in job["AppSpecification"]["ContainerEntrypoint"] if part.endswith(".py"))
        arguments = job["AppSpecification"].get("ContainerArguments", [])
        done = subprocess.run(
            [python, str(HERE / "container.py"), str(folder), str(below(folder, script)), *arguments], capture_output=True, text=True
        )
        outputs = {}
        for each in job["ProcessingOutputConfig"]["Outputs"]:
            place = below(folder, each["S3Output"]["LocalPath"])
            files = [file for file in place.rglob("*") if file.is_file()]
            outputs[each["OutputName"]] = {str(file.relative_to(place)): file.read_bytes() for file in files}
        message = below(folder, "/opt/ml/output/message")
        return Ran(done, outputs, message.read_text() if message.exists() else "")

    return run


class Ran:
    """A script that has run: the process, the files of every output by its name, and the message that SageMaker shows of a failed one."""

    def __init__(self, process, outputs, message):
        self.process, self.outputs, self.message = process, outputs, message

    @property
    def said(self):
        """What it printed."""
        return self.process.stdout + self.process.stderr


def below(folder, path):
    """A container's path below a folder."""
    return folder / path.lstrip("/")
