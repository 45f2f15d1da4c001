"""Trains models with the XGBoost of this Python, and scores with it.

    python reference.py train FOLDER              rows.csv; of every model NAME.json, NAME.ubj, NAME.scores (and NAME.binf before 3.1)
    python reference.py score ROWS MODEL...       of every MODEL file MODEL.scores
"""

import pathlib
import sys
import warnings

import numpy as np
import xgboost

LOGISTIC = {"objective": "binary:logistic"}
# Numbers, missing values, and in the last column categories.
TYPES = ["q", "q", "q", "q", "q", "c"]


def rows():
    """Features with missing values."""
    random = np.random.default_rng(3)
    table = random.normal(size=(1500, len(TYPES))).astype(np.float32)
    table[random.random(table.shape) < 0.15] = np.nan
    table[:, 5] = np.where(random.random(len(table)) < 0.1, np.nan, random.integers(0, 12, len(table)))
    return table


def labels(table):
    """A rule over numbers, missing values and categories, with noise."""
    first, second = np.nan_to_num(table[:, 0], nan=0.7), np.nan_to_num(table[:, 1])
    noise = np.random.default_rng(5).normal(size=len(table)) * 0.3
    return (first + np.isin(table[:, 5], [1, 4, 7, 9]) * 1.5 - second**2 + noise > 0).astype(np.float32)


def models(table, truths):
    """Names, parameters, labels and whether the last column is one of categories."""
    both = np.stack([truths, 1 - 2 * truths], axis=1)
    yield "logistic", LOGISTIC, truths, False
    yield "categorical", {**LOGISTIC, "max_cat_to_onehot": 1}, truths, True
    yield "onehot", {**LOGISTIC, "max_cat_to_onehot": 50}, truths, True
    yield "dart", {**LOGISTIC, "booster": "dart", "rate_drop": 0.3, "one_drop": 1}, truths, False
    yield "forest", {**LOGISTIC, "num_parallel_tree": 3, "subsample": 0.6}, truths, False
    yield "base_score", {**LOGISTIC, "base_score": 0.2}, truths, False
    yield "lossguide", {**LOGISTIC, "grow_policy": "lossguide", "max_leaves": 9, "max_depth": 0}, truths, False
    yield "exact", {**LOGISTIC, "tree_method": "exact"}, truths, False
    yield "squared", {"objective": "reg:squarederror"}, truths, False
    yield "poisson", {"objective": "count:poisson"}, truths, False
    yield "tweedie", {"objective": "reg:tweedie"}, truths, False
    yield "gamma", {"objective": "reg:gamma"}, truths + 0.5, False
    yield "huber", {"objective": "reg:pseudohubererror"}, truths, False
    yield "hinge", {"objective": "binary:hinge"}, truths, False
    yield "raw", {"objective": "binary:logitraw"}, truths, False
    # These answer more than one number a row, or have no trees.
    yield "softprob", {"objective": "multi:softprob", "num_class": 2}, truths, False
    yield "targets", {"objective": "reg:squarederror"}, both, False
    yield "linear", {**LOGISTIC, "booster": "gblinear", "tree_method": "auto"}, truths, False


def train(folder):
    """Trains and writes everything."""
    table = rows()
    np.savetxt(folder / "rows.csv", table, delimiter=",", fmt="%.9g")
    for name, given, truths, categorical in models(table, labels(table)):
        matrix = xgboost.DMatrix(
            table, truths, feature_types=TYPES if categorical else None, enable_categorical=categorical
        )
        booster = xgboost.train({"tree_method": "hist", "max_depth": 5, "seed": 1, "verbosity": 0, **given}, matrix, 12)
        for ending in ("json", "ubj"):
            booster.save_model(folder / f"{name}.{ending}")
        if xgboost.__version__.startswith("1.7.") and not categorical:
            # A file without an ending is what the container writes.
            booster.save_model(folder / name)
            (folder / name).rename(folder / f"{name}.binf")
        np.savetxt(folder / f"{name}.scores", booster.predict(matrix), fmt="%.9g")


def score(rows_file, files):
    """Scores the rows with every model, loaded from memory as evaluate.py does."""
    matrix = xgboost.DMatrix(np.genfromtxt(rows_file, delimiter=",", dtype=np.float32, ndmin=2))
    for file in files:
        booster = xgboost.Booster()
        booster.load_model(bytearray(pathlib.Path(file).read_bytes()))
        np.savetxt(f"{file}.scores", booster.predict(matrix), fmt="%.9g")


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    if sys.argv[1] == "train":
        train(pathlib.Path(sys.argv[2]))
    else:
        score(sys.argv[2], sys.argv[3:])
