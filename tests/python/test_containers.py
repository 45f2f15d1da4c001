"""The container scripts for real SageMaker and the embedded steps are the same steps.

What a job was given is read from the job itself (its inputs, its arguments, its image), so that a step that is added is checked too.
"""

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
        expected, found = container(cloud, job), outputs(cloud, job)
        assert set(expected) == set(found)
        for output in expected:
            assert expected[output], f"{name}: the container wrote nothing to {output}"
            assert compare.files(expected[output], found[output]) == [], f"{name}, output {output}"


def test_the_splits_are_whole_and_have_the_features_of_the_schema(cloud, pipeline):
    job = next(cloud.job(pipeline.steps[name]) for name in processing(pipeline) if "train" in str(cloud.job(pipeline.steps[name])["ProcessingOutputConfig"]))
    written = outputs(cloud, job)
    schema = json.loads(written["schema"]["feature_schema.json"])
    tables = {split: pd.read_csv(io_of(written[split][f"{split}.csv"]), header=None) for split in ("train", "validation", "test")}
    rows = sum(len(table) for table in tables.values())
    assert rows == 41188
    assert {table.shape[1] for table in tables.values()} == {len(schema["features"]) + 1}
    splits = pd.read_csv(io_of(written["rows"]["splits.csv"]))
    assert splits["split"].value_counts().to_dict() == {split: len(table) for split, table in tables.items()}
    assert list(splits["row"]) == list(range(rows))


def test_the_report_has_scikit_learns_figures(cloud, pipeline):
    name = next(name for name in processing(pipeline) if "evaluation" in str(cloud.job(pipeline.steps[name])["ProcessingOutputConfig"]))
    written = outputs(cloud, cloud.job(pipeline.steps[name]))
    report = json.loads(written["evaluation"]["evaluation.json"])
    test = next(
        cloud.objects(each["S3Input"]["S3Uri"]) for each in cloud.job(pipeline.steps[name])["ProcessingInputs"] if each["InputName"] == "test"
    )
    table = pd.read_csv(io_of(test["test.csv"]), header=None).to_numpy(dtype=np.float32)
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


def io_of(content):
    """Bytes as a file."""
    import io

    return io.BytesIO(content)
