"""Measures a model on the test split, writes the report for the quality gate, and packs the model together with its feature schema.

Runs in SageMaker's XGBoost container. Reads model/model.tar.gz, test/test.csv, schema/feature_schema.json, rows/test_rows.csv (the same
rows as they are in the table) and champion/champion.json (the approved model's figures, absences without one) below --input and writes,
below --output, evaluation/evaluation.json and model/model.tar.gz. The training container accepts no channel beside train and validation,
so the schema joins the model here. It lies in a folder of its own, because the serving container takes every file beside the model for a
model.
"""

import argparse
import io
import json
import math
import os
import sys
import tarfile

import numpy as np
import pandas as pd
import xgboost


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--input", default="/opt/ml/processing/input")
    parser.add_argument("--output", default="/opt/ml/processing/output")
    parser.add_argument("--threshold", type=float, default=0.5)
    parser.add_argument("--segment", action="append", default=[])
    return parser.parse_args()


# What is written here is the job's exit message; the folder is there in a container of SageMaker.
MESSAGE = "/opt/ml/output/message"
# Values of a column that are measured as segments: those with the most rows.
MOST_SEGMENTS = 50


def leave(words):
    """Leaves words for whoever describes the job."""
    if os.path.isdir(os.path.dirname(MESSAGE)):
        with open(MESSAGE, "w", encoding="utf-8") as file:
            file.write(words)


def read_model(path):
    """The bytes of the model file in an artifact."""
    with tarfile.open(path, "r:gz") as archive:
        for member in archive:
            if member.isfile() and os.path.basename(member.name) == "xgboost-model":
                return archive.extractfile(member).read()
    sys.exit(f"{path} has no xgboost-model")


def pack(path, files):
    """Writes an artifact."""
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            member.mode = 0o644
            archive.addfile(member, io.BytesIO(content))


def roc_auc(scores, truths):
    """Area under the ROC curve from the rank sum of the positives, ties by average rank."""
    positives, negatives = int(truths.sum()), int((~truths).sum())
    if positives == 0 or negatives == 0:
        return None
    ranks = pd.Series(scores).rank(method="average").to_numpy()
    return float((ranks[truths].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def measure(scores, truths, threshold):
    """The report."""
    labels = truths.astype(float)
    rows, positives = len(labels), int(truths.sum())
    base_rate = positives / rows
    errors = labels - scores
    mse = math.fsum(errors**2) / rows
    centre = math.fsum(errors) / rows
    deviation = math.sqrt(math.fsum((errors - centre) ** 2) / rows)
    held = np.clip(scores, 1e-15, 1 - 1e-15)
    log_loss = math.fsum(np.where(truths, -np.log(held), -np.log(1 - held))) / rows
    said = scores >= threshold
    tp, fp = int((said & truths).sum()), int((said & ~truths).sum())
    tn, fn = int((~said & ~truths).sum()), int((~said & truths).sum())
    order = np.argsort(-scores, kind="stable")
    top = -(-rows // 10)
    lift = float(truths[order[:top]].mean() / base_rate) if positives else None
    bins = np.clip((scores * 10).astype(int), 0, 9)
    calibration = []
    for number in range(10):
        inside = bins == number
        count = int(inside.sum())
        calibration.append(
            {
                "lower": number / 10,
                "upper": (number + 1) / 10,
                "rows": count,
                "mean_score": float(scores[inside].mean()) if count else 0.0,
                "positive_rate": float(labels[inside].mean()) if count else 0.0,
            }
        )
    base_rate_mse = base_rate * (1 - base_rate)

    def value(number, spread="NaN"):
        return {"value": number, "standard_deviation": spread}

    def share(part, whole):
        return part / whole if whole else 0.0

    return {
        "version": 1,
        "rows": rows,
        "positives": positives,
        "base_rate": base_rate,
        "threshold": threshold,
        "regression_metrics": {
            "mse": value(mse, deviation),
            "base_rate_mse": value(base_rate_mse),
            "mse_over_base_rate": value(mse / base_rate_mse if base_rate_mse else 1e9),
        },
        "binary_classification_metrics": {
            # Without one of the classes nothing can be ranked: the gate sees a chance ranking.
            "auc": value(auc if (auc := roc_auc(scores, truths)) is not None else 0.5),
            "log_loss": value(log_loss),
            "accuracy": value(share(tp + tn, rows)),
            "precision": value(share(tp, tp + fp)),
            "recall": value(share(tp, tp + fn)),
            "f1": value(share(2 * tp, 2 * tp + fp + fn)),
            "lift_top_decile": value(lift if lift is not None else 0.0),
            "confusion_matrix": {"0": {"0": tn, "1": fp}, "1": {"0": fn, "1": tp}},
        },
        "calibration": calibration,
    }


def segments(rows, columns, scores, truths, threshold):
    """The figures of the rows that have one value in a column, for each of the columns."""
    measured = []
    for column in columns:
        if column not in rows.columns:
            sys.exit(f"there is no column `{column}` to measure by")
        values = rows[column].to_numpy()
        counts = rows[column].value_counts(sort=False).to_dict()
        most = sorted(counts, key=lambda value: (-counts[value], value.encode("utf-8")))[:MOST_SEGMENTS]
        for value in sorted(most, key=lambda value: value.encode("utf-8")):
            inside = values == value
            score, truth = scores[inside], truths[inside]
            said = score >= threshold
            hits, decided, positives = int((said & truth).sum()), int(said.sum()), int(truth.sum())
            measured.append(
                {
                    "column": column,
                    "value": value,
                    "rows": len(truth),
                    "positive_rate": positives / len(truth),
                    "mean_score": math.fsum(score) / len(truth),
                    "auc": roc_auc(score, truth),
                    "precision": hits / decided if decided else 0.0,
                    "recall": hits / positives if positives else 0.0,
                }
            )
    return measured


def against(report, champion):
    """The approved model beside the new one, and the figures as the gate shows them."""
    auc = report["binary_classification_metrics"]["auc"]["value"]
    known = champion.get("auc") is not None
    change = auc - champion["auc"] if known else 0.0
    if champion.get("version") is None:
        words = "no model is approved yet"
    elif known:
        words = f"the approved version {champion['version']} has AUC {champion['auc']:.4f}"
    else:
        words = f"the figures of the approved version {champion['version']} are not known"
    report["champion"] = {
        "version": champion.get("version"),
        "auc": champion.get("auc"),
        "mse": champion.get("mse"),
        "auc_change": {"value": change, "standard_deviation": "NaN"},
    }
    regression = report["regression_metrics"]
    report["shown"] = {
        "mse": f"{regression['mse']['value']:.4f}",
        "base_rate_mse": f"{regression['base_rate_mse']['value']:.4f}",
        "auc": f"{auc:.4f}",
        "champion": words,
    }


def main():
    options = arguments()
    model = read_model(os.path.join(options.input, "model", "model.tar.gz"))
    booster = xgboost.Booster()
    booster.load_model(bytearray(model))
    test = pd.read_csv(os.path.join(options.input, "test", "test.csv"), header=None)
    with open(os.path.join(options.input, "schema", "feature_schema.json"), "rb") as file:
        schema = file.read()
    features = len(json.loads(schema)["features"])
    if test.shape[1] != features + 1 or booster.num_features() != features:
        sys.exit(f"the schema has {features} features, the test rows {test.shape[1] - 1}, the model {booster.num_features()}")
    scores = booster.predict(xgboost.DMatrix(test.iloc[:, 1:].to_numpy(dtype=np.float32))).astype(np.float64)
    truths = test.iloc[:, 0].to_numpy() > 0.5
    report = measure(scores, truths, options.threshold)
    rows = pd.read_csv(os.path.join(options.input, "rows", "test_rows.csv"), dtype=str, keep_default_na=False)
    if len(rows) != len(truths):
        sys.exit(f"there are {len(rows)} raw rows for {len(truths)} test rows")
    report["segments"] = segments(rows, options.segment, scores, truths, options.threshold)
    with open(os.path.join(options.input, "champion", "champion.json"), encoding="utf-8") as file:
        against(report, json.load(file))
    os.makedirs(os.path.join(options.output, "evaluation"), exist_ok=True)
    os.makedirs(os.path.join(options.output, "model"), exist_ok=True)
    with open(os.path.join(options.output, "evaluation", "evaluation.json"), "w", encoding="utf-8") as file:
        json.dump(report, file, indent=2)
    pack(
        os.path.join(options.output, "model", "model.tar.gz"),
        [("xgboost-model", model), ("schema/feature_schema.json", schema)],
    )
    print(f"{report['rows']} rows: mean squared error {report['shown']['mse']} (base rate {report['shown']['base_rate_mse']})")
    print(f"AUC {report['shown']['auc']}; {report['shown']['champion']}")
    leave(f"AUC {report['shown']['auc']}, mean squared error {report['shown']['mse']} (base rate {report['shown']['base_rate_mse']})")


if __name__ == "__main__":
    main()
