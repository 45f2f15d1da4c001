"""Models of Python's XGBoost behind an embedded endpoint, and models of the embedded training in Python's XGBoost."""

import contextlib
import itertools
import pathlib
import pickle
import subprocess
import sys

import numpy as np
import pytest
import xgboost
from botocore.exceptions import ClientError

import aws

REFERENCE = pathlib.Path(__file__).parent / "reference.py"
TOLERANCE = 1e-5
SERVED = [
    "logistic", "categorical", "onehot", "dart", "forest", "base_score", "lossguide", "exact",
    "squared", "poisson", "tweedie", "gamma", "huber", "hinge", "raw",
]  # fmt: skip
REFUSED = {"softprob": "answers 2 values a row", "targets": "answers 2 values a row", "linear": "booster is `gblinear`"}
VERSIONS = ["3.0.5", "1.7.4"]
counter = itertools.count(1)


def python_of(version, older_python):
    """A Python with a version of XGBoost."""
    return sys.executable if version == "3.0.5" else older_python


def run(python, *arguments):
    """Runs the reference program."""
    done = subprocess.run([python, str(REFERENCE), *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def references(older_python, tmp_path_factory):
    """Folders of models by version."""
    folders = {}
    for version in VERSIONS:
        folders[version] = tmp_path_factory.mktemp("reference")
        run(python_of(version, older_python), "train", folders[version])
    return folders


@pytest.fixture
def deploy(cloud, pipeline):
    """Registers a model file, approves it, and deploys it; gives the endpoint's description."""
    bucket = aws.split(aws.resolve({"Get": "Parameters.InputDataUrl"}, aws.variables(pipeline.definition, pipeline.execution)))[0]
    image = pipeline.step("Training")["Arguments"]["AlgorithmSpecification"]["TrainingImage"]
    group = pipeline.step("RegisterModel")["Arguments"]["ModelPackageGroupName"]

    def deploy(model):
        number = next(counter)
        # Where the role of the models may read.
        uri = f"s3://{bucket}/bankdm/pipeline/python/{number}/model.tar.gz"
        cloud.write(uri, aws.artifact(model))
        package = cloud.sagemaker.create_model_package(
            ModelPackageGroupName=group,
            ModelApprovalStatus="PendingManualApproval",
            InferenceSpecification={
                "Containers": [{"Image": image, "ModelDataUrl": uri}],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
        )["ModelPackageArn"]
        cloud.sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
        names.append(f"python-{number}")
        return cloud.deploy(names[-1], {"ModelPackageName": package}, pipeline.role)

    names = []
    yield deploy
    # An account may run so many instances and no more.
    for name in names:
        with contextlib.suppress(ClientError):
            cloud.sagemaker.delete_endpoint(EndpointName=name)


def lines(folder):
    """Rows as an endpoint wants them: a missing value is an empty cell."""
    return [line.replace("nan", "") for line in (folder / "rows.csv").read_text().splitlines()]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", SERVED)
def test_a_model_of_python_scores_as_it_does_in_python(cloud, references, deploy, version, name):
    folder = references[version]
    expected = np.loadtxt(folder / f"{name}.scores")
    assert len(set(expected)) > 1
    files = sorted(folder.glob(f"{name}.[jub]*"))
    assert len(files) == (2 if version == "3.0.5" or name in ("categorical", "onehot") else 3)
    for file in files:
        endpoint = deploy(file.read_bytes())
        assert endpoint["EndpointStatus"] == "InService", endpoint.get("FailureReason")
        assert cloud.invoke(endpoint["EndpointName"], lines(folder)) == pytest.approx(expected, abs=TOLERANCE), file.name


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", REFUSED)
def test_a_model_that_cannot_be_served_is_refused_by_name(references, deploy, version, name):
    for file in sorted(references[version].glob(f"{name}.[jub]*")):
        endpoint = deploy(file.read_bytes())
        assert endpoint["EndpointStatus"] == "Failed", file.name
        assert REFUSED[name] in endpoint["FailureReason"], endpoint["FailureReason"]


def test_what_is_no_model_is_refused(deploy):
    for content, reason in [(b"trees", "none of XGBoost's formats"), (pickle.dumps({}), "pickle"), (b"{}", "no `learner`")]:
        endpoint = deploy(content)
        assert endpoint["EndpointStatus"] == "Failed"
        assert reason in endpoint["FailureReason"], endpoint["FailureReason"]


TRAINED = {
    "as the pipeline does": {},
    "dart": {"booster": "dart", "rate_drop": "0.3", "one_drop": "1"},
    "forest": {"num_parallel_tree": "3", "subsample": "0.6"},
    "base score": {"base_score": "0.2"},
    "early": {"early_stopping_rounds": "2", "eta": "1", "max_depth": "8"},
    "squared": {"objective": "reg:squarederror"},
    "poisson": {"objective": "count:poisson"},
    "lossguide": {"grow_policy": "lossguide", "max_leaves": "9"},
    "exact": {"tree_method": "exact"},
}


# The older image differs in the file and the base score alone.
BOTH = [(name, "3.0-5") for name in TRAINED] + [(name, "1.7-1") for name in ("as the pipeline does", "dart", "early", "squared")]


@pytest.mark.parametrize(("name", "image"), BOTH)
def test_a_model_of_the_embedded_training_scores_in_python_as_it_does_there(cloud, pipeline, older_python, tmp_path, image, name):
    job = cloud.job(pipeline.steps[pipeline.step("Training")["Name"]])
    number = next(counter)
    container = job["AlgorithmSpecification"]["TrainingImage"].replace("3.0-5", image)
    cloud.sagemaker.create_training_job(
        TrainingJobName=f"python-{number}",
        AlgorithmSpecification={**job["AlgorithmSpecification"], "TrainingImage": container},
        HyperParameters={**job["HyperParameters"], "num_round": "12", **TRAINED[name]},
        **{member: job[member] for member in ("RoleArn", "InputDataConfig", "OutputDataConfig", "ResourceConfig", "StoppingCondition")},
    )
    done = cloud.wait(lambda: cloud.sagemaker.describe_training_job(TrainingJobName=f"python-{number}"), "TrainingJobStatus", ("InProgress",))
    assert done["TrainingJobStatus"] == "Completed", done.get("FailureReason")
    uri = done["ModelArtifacts"]["S3ModelArtifacts"]
    model = aws.members(cloud.read(uri))["xgboost-model"]
    assert model.startswith(b"{L" if image == "3.0-5" else b"binf")

    rows = [line.split(",", 1)[1] for line in validation_lines(cloud, job)[:500]]
    endpoint = cloud.deploy(f"python-{number}", {"Image": container, "ModelDataUrl": uri}, pipeline.role)
    assert endpoint["EndpointStatus"] == "InService", endpoint.get("FailureReason")
    ours = cloud.invoke(endpoint["EndpointName"], rows)

    (tmp_path / "rows.csv").write_text("\n".join(rows))
    (tmp_path / "xgboost-model").write_bytes(model)
    for version in VERSIONS:
        run(python_of(version, older_python), "score", tmp_path / "rows.csv", tmp_path / "xgboost-model")
        theirs = np.loadtxt(tmp_path / "xgboost-model.scores")
        assert len(set(theirs)) > 1
        assert ours == pytest.approx(theirs, abs=TOLERANCE), version


SAME = {
    "as the pipeline does": {},
    "another seed": {"seed": "7", "subsample": "0.5"},
    "all rows": {"subsample": "1"},
    "regularised": {"alpha": "2", "lambda": "0.5", "gamma": "0.8", "min_child_weight": "10"},
    "a number": {"objective": "reg:squarederror"},
    "weighted": {"scale_pos_weight": "4", "max_depth": "4"},
}


@pytest.mark.parametrize("name", SAME)
def test_the_embedded_training_grows_the_trees_that_xgboost_grows(cloud, pipeline, name):
    job = cloud.job(pipeline.steps[pipeline.step("Training")["Name"]])
    given = {**job["HyperParameters"], "num_round": "20", **SAME[name]}
    number = next(counter)
    cloud.sagemaker.create_training_job(
        TrainingJobName=f"python-{number}",
        HyperParameters=given,
        **{
            member: job[member]
            for member in ("AlgorithmSpecification", "RoleArn", "InputDataConfig", "OutputDataConfig", "ResourceConfig", "StoppingCondition")
        },
    )
    done = cloud.wait(lambda: cloud.sagemaker.describe_training_job(TrainingJobName=f"python-{number}"), "TrainingJobStatus", ("InProgress",))
    assert done["TrainingJobStatus"] == "Completed", done.get("FailureReason")
    ours = xgboost.Booster()
    ours.load_model(bytearray(aws.members(cloud.read(done["ModelArtifacts"]["S3ModelArtifacts"]))["xgboost-model"]))

    train, validation = (channel(cloud, job, name) for name in ("train", "validation"))
    watched = {}
    theirs = xgboost.train(
        {name: value for name, value in given.items() if name != "num_round"},
        train,
        int(given["num_round"]),
        evals=[(train, "train"), (validation, "validation")],
        evals_result=watched,
        verbose_eval=False,
    )
    a, b = theirs.trees_to_dataframe(), ours.trees_to_dataframe()
    for column in ("Tree", "Node", "Feature", "Split", "Yes", "No", "Missing"):
        assert a[column].fillna("").tolist() == b[column].fillna("").tolist(), column
    assert ours.predict(validation) == pytest.approx(theirs.predict(validation), abs=TOLERANCE)
    # And what the job reports is what XGBoost reports.
    reported = {metric["MetricName"]: metric["Value"] for metric in done["FinalMetricDataList"]}
    expected = {f"{data}:{metric}": values[-1] for data, metrics in watched.items() for metric, values in metrics.items()}
    assert reported == pytest.approx(expected, abs=TOLERANCE)


def channel(cloud, job, name):
    """A channel as XGBoost's matrix."""
    uri = next(each["DataSource"]["S3DataSource"]["S3Uri"] for each in job["InputDataConfig"] if each["ChannelName"] == name)
    (content,) = cloud.objects(uri).values()
    table = np.genfromtxt(content.decode().splitlines(), delimiter=",", dtype=np.float32)
    return xgboost.DMatrix(table[:, 1:], table[:, 0])


def validation_lines(cloud, job):
    """The lines of the validation channel."""
    channel = next(each for each in job["InputDataConfig"] if each["ChannelName"] == "validation")
    (content,) = cloud.objects(channel["DataSource"]["S3DataSource"]["S3Uri"]).values()
    return content.decode().splitlines()
