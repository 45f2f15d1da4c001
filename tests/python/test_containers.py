"""The container scripts for real SageMaker and the embedded steps are the same steps.

What a job was given is read from the job itself (its inputs, its arguments, its image), so that a step that is added is checked too.
"""

import gzip
import io
import json

import numpy as np
import pandas as pd
import pytest
import xgboost
from sklearn import metrics

import aws
import compare


def processing(pipeline):
    """The names of the processing steps that ran."""
    return [name for name, step in pipeline.steps.items() if "ProcessingJob" in step["Metadata"]]


def outputs(cloud, job):
    """What the embedded AWS wrote, by output."""
    return {each["OutputName"]: cloud.objects(each["S3Output"]["S3Uri"]) for each in job["ProcessingOutputConfig"]["Outputs"]}


def test_every_processing_step_writes_what_its_container_writes(cloud, pipeline, container):
    names = processing(pipeline)
    defined = [step["Name"] for step in aws.all_steps(pipeline.definition["Steps"]) if step["Type"] == "Processing"]
    assert sorted(names) == sorted(defined) and len(names) >= 2
    for name in names:
        job = cloud.job(pipeline.steps[name])
        ran, found = container(cloud, job), outputs(cloud, job)
        assert ran.process.returncode == 0, ran.said
        expected = ran.outputs
        assert set(expected) == set(found)
        for output in expected:
            assert expected[output], f"{name}: the container wrote nothing to {output}"
            assert compare.files(expected[output], found[output]) == [], f"{name}, output {output}"


def spoiled(text, what):
    """The unload's rows, spoiled."""
    header, *rows = [line.split(",") for line in text.decode().splitlines()]
    column = {name: at for at, name in enumerate(header)}
    if what == "a column is missing":
        for row in (header, *rows):
            del row[column["age"]]
    for number, row in enumerate(rows):
        if what == "values are missing" and number % 5 == 0:
            row[column["age"]] = ""
        if what == "a category is new" and number % 20 == 0:
            row[column["job"]] = "astronaut"
        if what == "numbers are out of range":
            row[column["age"]] = str(int(row[column["age"]]) + 100)
        if what == "texts are no numbers" and number == 3:
            row[column["campaign"]] = "many"
        if what == "rows are doubled" and number % 2:
            row[:] = rows[number - 1]
        if what == "nobody says yes":
            row[column["y"]] = "no"
        if what == "the months have moved":
            row[column["month"]] = "dec"
    return "\n".join(",".join(row) for row in (header, *rows)).encode() + b"\n"


@pytest.mark.parametrize(
    "what",
    [
        "a column is missing",
        "values are missing",
        "a category is new",
        "numbers are out of range",
        "texts are no numbers",
        "rows are doubled",
        "nobody says yes",
        "the months have moved",
    ],
)
def test_spoiled_data_fail_the_check_in_the_same_words(cloud, pipeline, container, what):
    job = next(job for job in (cloud.job(pipeline.steps[name]) for name in processing(pipeline)) if "quality" in str(job["AppSpecification"]))
    name = "spoiled-" + what.replace(" ", "-")
    unload = next(each["S3Input"] for each in job["ProcessingInputs"] if each["InputName"] == "unload")
    base = unload["S3Uri"].rstrip("/") + "-" + name
    texts = [gzip.decompress(content) for _, content in sorted(cloud.objects(unload["S3Uri"]).items())]
    whole = texts[0] + b"".join(text.split(b"\n", 1)[1] for text in texts[1:])
    cloud.write(f"{base}/unload/0.csv", spoiled(whole, what))
    # The data of the first run are what a later one is compared with.
    (expected,) = cloud.objects(next(each["S3Input"]["S3Uri"] for each in job["ProcessingInputs"] if each["InputName"] == "baseline")).values()
    profile = json.loads(outputs(cloud, job)["quality"]["report.json"])["profile"]
    cloud.write(f"{base}/baseline/baseline.json", json.dumps({**json.loads(expected), "source": "model version 1", "profile": profile}).encode())
    inputs = [
        {**each, "S3Input": {**each["S3Input"], "S3Uri": f"{base}/{each['InputName']}"}} if each["InputName"] in ("unload", "baseline") else each
        for each in job["ProcessingInputs"]
    ]
    results = {
        "Outputs": [
            # Beside the job's own: jobs may write there, and not where they read.
            {**each, "S3Output": {**each["S3Output"], "S3Uri": f"{each['S3Output']['S3Uri'].rstrip('/')}-{name}"}}
            for each in job["ProcessingOutputConfig"]["Outputs"]
        ]
    }
    cloud.sagemaker.create_processing_job(
        ProcessingJobName=name,
        ProcessingInputs=inputs,
        ProcessingOutputConfig=results,
        **{member: job[member] for member in ("ProcessingResources", "AppSpecification", "RoleArn", "StoppingCondition")},
    )
    done = cloud.wait(lambda: cloud.sagemaker.describe_processing_job(ProcessingJobName=name), "ProcessingJobStatus", ("InProgress",))
    assert done["ProcessingJobStatus"] == "Failed"
    ran = container(cloud, done)
    assert ran.process.returncode == 1, ran.said
    # SageMaker puts what the container wrote to its message into the reason.
    assert ran.message and ran.message in done["FailureReason"]
    assert done["FailureReason"].removeprefix("AlgorithmError: ").split(", exit code")[0] == ran.message
    for output, files in ran.outputs.items():
        assert compare.files(files, outputs(cloud, done)[output]) == []


def test_the_splits_are_whole_and_have_the_features_of_the_schema(cloud, pipeline):
    job = next(cloud.job(pipeline.steps[name]) for name in processing(pipeline) if "train" in str(cloud.job(pipeline.steps[name])["ProcessingOutputConfig"]))
    written = outputs(cloud, job)
    schema = json.loads(written["schema"]["feature_schema.json"])
    tables = {split: pd.read_csv(io.BytesIO(written[split][f"{split}.csv"]), header=None) for split in ("train", "validation", "test")}
    rows = sum(len(table) for table in tables.values())
    assert rows == 41188
    assert {table.shape[1] for table in tables.values()} == {len(schema["features"]) + 1}
    splits = pd.read_csv(io.BytesIO(written["rows"]["splits.csv"]))
    assert splits["split"].value_counts().to_dict() == {split: len(table) for split, table in tables.items()}
    assert list(splits["row"]) == list(range(rows))


def test_the_report_has_scikit_learns_figures(cloud, pipeline):
    name = next(name for name in processing(pipeline) if "evaluation" in str(cloud.job(pipeline.steps[name])["ProcessingOutputConfig"]))
    written = outputs(cloud, cloud.job(pipeline.steps[name]))
    report = json.loads(written["evaluation"]["evaluation.json"])
    test = next(
        cloud.objects(each["S3Input"]["S3Uri"]) for each in cloud.job(pipeline.steps[name])["ProcessingInputs"] if each["InputName"] == "test"
    )
    table = pd.read_csv(io.BytesIO(test["test.csv"]), header=None).to_numpy(dtype=np.float32)
    booster = xgboost.Booster()
    booster.load_model(bytearray(aws.members(written["model"]["model.tar.gz"])["xgboost-model"]))
    scores = booster.predict(xgboost.DMatrix(table[:, 1:])).astype(np.float64)
    truths = table[:, 0] > 0.5
    said = scores >= report["threshold"]
    expected = {
        "auc": metrics.roc_auc_score(truths, scores),
        "log_loss": metrics.log_loss(truths, scores),
        "accuracy": metrics.accuracy_score(truths, said),
        "precision": metrics.precision_score(truths, said),
        "recall": metrics.recall_score(truths, said),
        "f1": metrics.f1_score(truths, said),
    }
    found = {figure: report["binary_classification_metrics"][figure]["value"] for figure in expected}
    assert found == pytest.approx(expected, abs=1e-6)
    assert report["regression_metrics"]["mse"]["value"] == pytest.approx(metrics.mean_squared_error(truths, scores), abs=1e-6)
    counts = metrics.confusion_matrix(truths, said)
    assert report["binary_classification_metrics"]["confusion_matrix"] == {
        "0": {"0": counts[0][0], "1": counts[0][1]},
        "1": {"0": counts[1][0], "1": counts[1][1]},
    }


def test_a_difference_is_found():
    same = {"a.csv": b"1,2\n3,4\n", "b.json": b'{"x": [1.0, {"y": "z"}]}', "m.tar.gz": aws.artifact(b"model")}
    assert compare.files(same, dict(same)) == []
    assert compare.files(same, {**same, "b.json": b'{"x": [1.0000001, {"y": "z"}]}'}) == []
    for other, line in [
        ({**same, "a.csv": b"1,2\n3,5\n"}, "a.csv: line 2: '3,4' and '3,5'"),
        ({**same, "a.csv": b"1,2\n"}, "a.csv: 3 lines in the container, 2 in the embedded AWS"),
        ({**same, "b.json": b'{"x": [1.00001, {"y": "z"}]}'}, "b.json: .x[0]: 1.0 and 1.00001"),
        ({**same, "b.json": b'{"x": [1.0, {"w": "z"}]}'}, "b.json: .x[1]: members ['y'] and ['w']"),
        ({**same, "b.json": b'{"x": [1.0]}'}, "b.json: .x: 2 items and 1"),
        ({**same, "m.tar.gz": aws.artifact(b"other")}, "m.tar.gz: xgboost-model: the bytes differ"),
        ({"a.csv": same["a.csv"]}, "the container wrote ['a.csv', 'b.json', 'm.tar.gz'], the embedded AWS ['a.csv']"),
    ]:
        assert compare.files(same, other) == [line]
