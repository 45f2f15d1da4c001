"""Compares the embedded training with Python's XGBoost: the same rows, hyperparameters and threads, in one go.

    cargo bench --profile dev --bench training --no-run     # what `cargo run` builds; prints the program's path
    python benches/training.py --program PATH --data FILE [--times 1 10 100] [--repeat 3]

FILE is the Bank Marketing data (`bank-additional-full.csv`). It is prepared by assets/containers/preprocess.py; at ten times the rows every
row stands there ten times, and in each copy one feature in twenty has another row's value. The Python needs tests/python/requirements.txt.
"""

import argparse
import csv
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PREPARE = HERE.parent / "assets" / "containers" / "preprocess.py"
HYPERPARAMETERS = {
    "objective": "binary:logistic",
    "num_round": "50",
    "max_depth": "6",
    "eta": "0.3",
    "gamma": "0",
    "min_child_weight": "1",
    "subsample": "0.7",
    "tree_method": "hist",
    "seed": "42",
}
DROPPED = ["duration", "emp_var_rate", "cons_price_idx", "cons_conf_idx", "euribor3m", "nr_employed"]
DERIVED = [
    {"name": "no_previous_contact", "rule": "equals", "column": "pdays", "value": 999.0},
    {"name": "not_working", "rule": "one_of", "column": "job", "values": ["student", "retired", "unemployed"]},
]
SHARE_OF_NOISE = 0.05
MEDIANS = ("rows", "read", "train", "processor", "score", "megabytes")
SPLITS = ("train", "validation", "test")


def prepare(data, folder):
    """Splits and features by the container's script."""
    (folder / "unload").mkdir()
    with open(data, newline="", encoding="utf-8") as file:
        separator = ";" if ";" in file.readline() else ","
        file.seek(0)
        header, *rows = csv.reader(file, delimiter=separator)
    names = [{"default": "defaulted"}.get(name, name.replace(".", "_")) for name in header]
    with open(folder / "unload" / "0.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([names, *rows])
    arguments = ["--target", "y", "--positive", "yes"]
    for name in DROPPED:
        arguments += ["--drop", name]
    for rule in DERIVED:
        arguments += ["--derive", json.dumps(rule)]
    subprocess.run(
        [sys.executable, str(PREPARE), "--input", str(folder / "unload"), "--output", str(folder), *arguments], check=True, stdout=sys.stderr
    )
    return [folder / split / f"{split}.csv" for split in SPLITS]


def repeat(files, times, folder):
    """The training and validation rows many times with noise; the test rows stay as they are."""
    import numpy as np
    import pandas as pd

    out = []
    for file in files[:2]:
        table = pd.read_csv(file, header=None).to_numpy()
        random = np.random.default_rng(times)
        target = folder / f"{file.stem}-{times}.csv"
        with open(target, "w", encoding="utf-8") as text:
            for copy in range(times):
                rows = table.copy()
                if copy:
                    noise = random.random(rows.shape) < SHARE_OF_NOISE
                    noise[:, 0] = False
                    places = np.nonzero(noise)
                    rows[places] = table[random.integers(0, len(table), len(places[0])), places[1]]
                pd.DataFrame(rows).to_csv(text, header=False, index=False)
        out.append(target)
    return [*out, files[2]]


def python_side(files, threads):
    """What benches/training.rs does, by XGBoost."""
    import resource
    import time

    import numpy as np
    import pandas as pd
    import xgboost
    from sklearn import metrics

    def load(file):
        table = pd.read_csv(file, header=None, dtype=np.float32).to_numpy()
        return xgboost.DMatrix(table[:, 1:], table[:, 0])

    start = time.perf_counter()
    train, validation = load(files[0]), load(files[1])
    reading = time.perf_counter() - start
    given = {name: value for name, value in HYPERPARAMETERS.items() if name != "num_round"}
    start, busy = time.perf_counter(), time.process_time()
    booster = xgboost.train(
        {**given, "nthread": threads},
        train,
        int(HYPERPARAMETERS["num_round"]),
        evals=[(train, "train"), (validation, "validation")],
        verbose_eval=False,
    )
    training, busy = time.perf_counter() - start, time.process_time() - busy
    test = load(files[2])
    start = time.perf_counter()
    scores = booster.predict(test)
    scoring = time.perf_counter() - start
    truths = test.get_label()
    return {
        "version": xgboost.__version__,
        "rows": train.num_row(),
        "read": reading,
        "train": training,
        "processor": busy,
        "score": scoring,
        "auc": float(metrics.roc_auc_score(truths, scores)),
        "mse": float(metrics.mean_squared_error(truths, scores)),
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def measured(command, environment):
    """The JSON object that a command prints last."""
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment})
    return json.loads(done.stdout.splitlines()[-1])


def main():
    if sys.argv[1:2] == ["--only-python"]:
        # A process of its own for every measurement.
        *files, threads, HYPERPARAMETERS["seed"] = sys.argv[2:]
        print(json.dumps(python_side(files, int(threads))))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--times", type=int, nargs="+", default=[1, 10])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds the quality is the mean of")
    options = parser.parse_args()
    failed = False
    print(f"{'rows':>9} {'':8} {'read s':>8} {'train s':>8} {'CPU s':>8} {'score s':>8} {'AUC':>8} {'MSE':>8} {'MB':>6}")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        files = prepare(options.data, folder)
        for times in options.times:
            given = files if times == 1 else repeat(files, times, folder)
            sides = {"python": [], "embedded": []}
            for number in range(max(options.repeat, options.seeds)):
                seed = str(42 + number % options.seeds)
                paths = [str(path) for path in given]
                python = [sys.executable, __file__, "--only-python", *paths, str(options.threads), seed]
                sides["python"].append(measured(python, {"OMP_NUM_THREADS": str(options.threads)}))
                text = json.dumps({**HYPERPARAMETERS, "seed": seed})
                sides["embedded"].append(measured([options.program, *paths, text], {"RAYON_NUM_THREADS": str(options.threads)}))
            middle = {
                side: {figure: statistics.median(run[figure] for run in runs) for figure in MEDIANS}
                | {figure: statistics.mean(run[figure] for run in runs) for figure in ("auc", "mse")}
                for side, runs in sides.items()
            }
            for side, run in middle.items():
                print(
                    f"{run['rows']:>9.0f} {side:8} {run['read']:>8.3f} {run['train']:>8.3f} {run['processor']:>8.3f} {run['score']:>8.3f}"
                    f" {run['auc']:>8.4f} {run['mse']:>8.5f} {run['megabytes']:>6.0f}",
                    flush=True,
                )
            apart = abs(middle["python"]["auc"] - middle["embedded"]["auc"])
            share, busy = (middle["embedded"][figure] / middle["python"][figure] for figure in ("train", "processor"))
            print(
                f"{'':9} AUC {apart:.4f} apart; training takes {share:.2f} of the time and {busy:.2f} of the processors' time"
                f" of XGBoost {sides['python'][0]['version']}, {options.threads} threads"
            )
            failed |= apart > 0.005
            if times != 1:
                for path in given[:2]:
                    path.unlink()
    if failed:
        sys.exit("the areas under the curve are more than 0.005 apart")


if __name__ == "__main__":
    main()
