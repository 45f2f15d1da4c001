"""Turns the unload of a table into training, validation and test data for XGBoost, and describes the features.

Runs in SageMaker's scikit-learn container. Reads the gzip CSV files below --input in the order of their names and writes, below --output:
  train/train.csv, validation/validation.csv, test/test.csv   target first, no header
  schema/feature_schema.json                                   how a row becomes a vector
  rows/test_rows.csv                                           the raw rows of the test split, with header and target, in test order
  rows/splits.csv                                              row, digest, split and target of every row of the unload

The embedded AWS of shiftdeck runs the same step in Rust: same columns, same order, same rows in each split.
"""

import argparse
import glob
import gzip
import hashlib
import io
import json
import math
import os
import sys

import numpy as np
import pandas as pd

QUANTILES = [0.0, 0.01, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99, 1.0]
MAX_CATEGORIES = 1000
# What is written here is the job's exit message; the folder is there in a container of SageMaker.
MESSAGE = "/opt/ml/output/message"


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--input", default="/opt/ml/processing/input/unload")
    parser.add_argument("--output", default="/opt/ml/processing/output")
    parser.add_argument("--target", required=True)
    parser.add_argument("--positive", required=True)
    parser.add_argument("--drop", action="append", default=[])
    parser.add_argument("--derive", action="append", default=[], type=json.loads)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--train-share", type=float, default=0.7)
    parser.add_argument("--validation-share", type=float, default=0.2)
    return parser.parse_args()


def leave(words):
    """Leaves words for whoever describes the job."""
    if os.path.isdir(os.path.dirname(MESSAGE)):
        with open(MESSAGE, "w", encoding="utf-8") as file:
            file.write(words)


def refuse(reason):
    """Ends the job with a reason."""
    leave(f"the data cannot be prepared: {reason}")
    sys.exit(f"the data cannot be prepared: {reason}")


def read_unload(folder):
    """All rows as text, empty for NULL, in the order of the files' names and of the rows in them."""
    names = sorted(name for name in glob.glob(os.path.join(folder, "**", "*"), recursive=True) if os.path.isfile(name))
    parts = []
    for name in names:
        with open(name, "rb") as file:
            data = file.read()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        if data:
            parts.append(pd.read_csv(io.BytesIO(data), dtype=str, keep_default_na=False))
    if not parts:
        refuse("the unload is empty")
    for part in parts[1:]:
        if list(part.columns) != list(parts[0].columns):
            refuse("its files have different columns")
    table = pd.concat(parts, ignore_index=True)
    if table.empty:
        refuse("the unload has a header but no rows")
    return table


def format_number(value):
    """The shortest decimal text of a double, without exponent; whole numbers without a point."""
    if float(value).is_integer() and abs(value) < 2.0**53:
        return str(int(value))
    return np.format_float_positional(value, trim="-")


def as_numbers(texts):
    """The column as numbers with NaN for NULL, or None when a value is none."""
    present = texts[texts != ""]
    if present.empty:
        return None
    try:
        numbers = present.map(float)
    except ValueError:
        return None
    if not np.isfinite(numbers).all() or present.str.contains(r"[_\s]").any():
        return None
    return numbers.reindex(texts.index)


def shuffled(count, seed):
    """Row numbers ordered by SplitMix64 of seed and row number: any language can repeat it."""
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + (np.arange(count, dtype=np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return np.argsort(z, kind="stable")


def describe(name, texts, numbers, dropped):
    """A column's entry in the feature schema."""
    column = {"name": name, "dropped": dropped}
    if numbers is not None:
        present = numbers.dropna()
        column["kind"] = "number"
        column["integer"] = bool((present == np.floor(present)).all())
        column["min"], column["max"] = float(present.min()), float(present.max())
        column["mean"] = math.fsum(present) / len(present)
        column["quantiles"] = [float(value) for value in np.quantile(present, QUANTILES)]
    else:
        counts = texts[texts != ""].value_counts()
        if not dropped and len(counts) > MAX_CATEGORIES:
            refuse(f"`{name}` has {len(counts)} different texts; at most {MAX_CATEGORIES} can be made numeric")
        column["kind"] = "category"
        ordered = sorted(counts.index, key=lambda value: value.encode("utf-8"))
        column["values"] = [{"value": value, "count": int(counts[value])} for value in ordered]
    return column


def main():
    options = arguments()
    table = read_unload(options.input)
    if options.target not in table.columns:
        refuse(f"there is no target column `{options.target}`")
    for name in options.drop:
        if name not in table.columns:
            refuse(f"there is no column `{name}` to drop")
    target = table[options.target]
    classes = sorted(target.unique())
    if len(classes) != 2 or options.positive not in classes:
        refuse(f"the target `{options.target}` has the values {classes}; it must have two, one of them `{options.positive}`")
    negative = next(value for value in classes if value != options.positive)

    columns, texts_of, numbers_of, canonical = [], {}, {}, []
    for name in table.columns:
        if name == options.target:
            continue
        texts = table[name]
        numbers = as_numbers(texts)
        texts_of[name], numbers_of[name] = texts, numbers
        columns.append(describe(name, texts, numbers, name in options.drop))
        if numbers is None:
            canonical.append(texts)
        else:
            canonical.append(numbers.map(lambda value: "" if np.isnan(value) else format_number(value)))

    features = {}
    for column in columns:
        if column["kind"] == "number" and not column["dropped"]:
            features[column["name"]] = canonical[columns.index(column)]
    for derived in options.derive:
        source = derived["column"]
        if source not in texts_of:
            refuse(f"`{derived['name']}` is derived from `{source}`, which is no column")
        if derived["rule"] == "equals":
            if numbers_of[source] is None:
                refuse(f"`{derived['name']}` needs numbers, and `{source}` has none")
            holds = numbers_of[source] == float(derived["value"])
        elif derived["rule"] == "one_of":
            if numbers_of[source] is not None:
                refuse(f"`{derived['name']}` needs texts, and `{source}` has numbers")
            holds = texts_of[source].isin(derived["values"])
        else:
            refuse(f"`{derived['name']}` has the unknown rule `{derived['rule']}`")
        features[derived["name"]] = holds.map({True: "1", False: "0"})
    for column in columns:
        if column["kind"] == "category" and not column["dropped"]:
            for entry in column["values"]:
                holds = texts_of[column["name"]] == entry["value"]
                features[f"{column['name']}_{entry['value']}"] = holds.map({True: "1", False: "0"})

    label = (target == options.positive).map({True: "1", False: "0"})
    lines = pd.concat([label, *features.values()], axis=1).agg(",".join, axis=1)

    order = shuffled(len(table), options.seed)
    # The tiny addition undoes the rounding of shares such as 0.7 + 0.2.
    first = int(options.train_share * len(table) + 1e-9)
    second = int((options.train_share + options.validation_share) * len(table) + 1e-9)
    splits = {"train": order[:first], "validation": order[first:second], "test": order[second:]}
    split_of = np.empty(len(table), dtype=object)
    for name, rows in splits.items():
        if len(rows) == 0:
            refuse(f"the {name} split has no rows; {len(table)} rows are too few for the shares")
        split_of[rows] = name

    def path(*names):
        whole = os.path.join(options.output, *names)
        os.makedirs(os.path.dirname(whole), exist_ok=True)
        return whole

    for name, rows in splits.items():
        with open(path(name, f"{name}.csv"), "w", encoding="utf-8", newline="") as file:
            file.write("".join(line + "\n" for line in lines.iloc[rows]))
    schema = {
        "version": 1,
        "target": {"name": options.target, "positive": options.positive, "negative": negative},
        "columns": columns,
        "derived": options.derive,
        "features": list(features),
    }
    with open(path("schema", "feature_schema.json"), "w", encoding="utf-8") as file:
        json.dump(schema, file, indent=2, ensure_ascii=False)
    table.iloc[splits["test"]].to_csv(path("rows", "test_rows.csv"), index=False)
    contents = pd.concat(canonical, axis=1).agg("\x1f".join, axis=1)
    with open(path("rows", "splits.csv"), "w", encoding="utf-8", newline="") as file:
        file.write("row,digest,split,target\n")
        for row, content in enumerate(contents):
            digest = hashlib.sha256((content + "\x1f").encode("utf-8")).hexdigest()[:16]
            file.write(f"{row},{digest},{split_of[row]},{label.iloc[row]}\n")
    words = f"{len(table)} rows: {', '.join(f'{len(rows)} {name}' for name, rows in splits.items())}; {len(features)} features"
    print(words)
    leave(words)


if __name__ == "__main__":
    main()
