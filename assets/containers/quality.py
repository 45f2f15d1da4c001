"""Checks the unload of a table before a model is trained on it: columns, types, ranges, missing and unknown values, duplicated rows, the
share of the positive class, and drift against the data of the approved model.

Runs in SageMaker's scikit-learn container. Reads the gzip CSV files in unload/ and baseline/baseline.json below --input and writes
quality/report.json below --output, also when a check fails: then the job ends with the reason in words.

The embedded AWS of shiftdeck runs the same step in Rust: same checks, same figures, same words.
"""

import argparse
import glob
import gzip
import io
import json
import math
import os
import sys

import numpy as np
import pandas as pd

# What is written here is the job's exit message; the folder is there in a container of SageMaker.
MESSAGE = "/opt/ml/output/message"
# A reason may be this long (bytes); the report has all of it.
LONGEST_REASON = 1000
# Values that a sentence names.
NAMED = 5
LEAST_SHARE = 1e-4


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--input", default="/opt/ml/processing/input")
    parser.add_argument("--output", default="/opt/ml/processing/output")
    parser.add_argument("--target", required=True)
    parser.add_argument("--positive", required=True)
    parser.add_argument("--min-rows", type=int, default=50)
    parser.add_argument("--max-missing", type=float, default=0.05)
    parser.add_argument("--max-unseen", type=float, default=0.01)
    parser.add_argument("--max-absent", type=float, default=0.02)
    parser.add_argument("--max-outside", type=float, default=0.01)
    parser.add_argument("--max-duplicates", type=float, default=0.01)
    parser.add_argument("--min-target-rate", type=float, default=0.02)
    parser.add_argument("--max-target-rate", type=float, default=0.5)
    parser.add_argument("--max-drift", type=float, default=0.25)
    return parser.parse_args()


def leave(words):
    """Leaves words for whoever describes the job."""
    if os.path.isdir(os.path.dirname(MESSAGE)):
        with open(MESSAGE, "w", encoding="utf-8") as file:
            file.write(words)


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
        sys.exit("the data cannot be checked: the unload is empty")
    for part in parts[1:]:
        if list(part.columns) != list(parts[0].columns):
            sys.exit("the data cannot be checked: its files have different columns")
    table = pd.concat(parts, ignore_index=True)
    if table.empty:
        sys.exit("the data cannot be checked: the unload has a header but no rows")
    return table


def format_number(value):
    """The shortest decimal text of a double, without exponent; whole numbers without a point."""
    if float(value).is_integer() and abs(value) < 2.0**53:
        return str(int(value))
    return np.format_float_positional(value, trim="-")


def percent(share):
    return f"{share * 100.0:.2f} %"


def quoted(names):
    """Names in a sentence: the first few of them, and how many more there are."""
    text = ", ".join(f"`{name}`" for name in names[:NAMED])
    return text if len(names) <= NAMED else f"{text} and {len(names) - NAMED} more"


def by_bytes(texts):
    return sorted(texts, key=lambda text: text.encode("utf-8"))


def as_number(text):
    """The number that a text is, or None."""
    if any(character in "_ \t\r\n\x0b\x0c" for character in text):
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


class Column:
    """A column: its distinct texts, how many rows have each, and which of them are numbers."""

    def __init__(self, name, texts):
        counts = texts.value_counts(sort=False)
        self.name = name
        self.rows = len(texts)
        self.missing = int(counts.get("", 0))
        self.counts = {text: int(count) for text, count in counts.items() if text != ""}
        self.numbers = {text: as_number(text) for text in self.counts}

    def profile(self, number):
        """How the values are distributed: deciles of a number, rows of every text."""
        described = {"name": self.name, "rows": self.rows, "missing": self.missing}
        if number:
            by_value = {}
            for text, value in self.numbers.items():
                if value is not None:
                    by_value[value] = by_value.get(value, 0) + self.counts[text]
            ordered = sorted(by_value.items())
            edges = deciles(ordered)
            described["edges"], described["counts"] = edges, binned(ordered, edges)
        else:
            described["values"] = [{"value": text, "count": self.counts[text]} for text in by_bytes(self.counts)]
        return described


def deciles(ordered):
    """The values below and at which a tenth, two tenths, ... of the rows lie; each once, and not the largest value of all."""
    rows = sum(count for _, count in ordered)
    edges, before = [], 0
    for value, count in ordered[:-1]:
        # A tenth ends at this value when the rows up to it pass a multiple of a tenth of all.
        if (before + count) * 10 // rows > before * 10 // rows:
            edges.append(value)
        before += count
    if not edges and len(ordered) > 1:
        # Nearly all rows have the largest value: what is smaller still has a bin of its own.
        edges.append(ordered[-2][0])
    return edges


def binned(ordered, edges):
    counts = [0] * (len(edges) + 1)
    for value, count in ordered:
        counts[sum(1 for edge in edges if edge < value)] += count
    return counts


def stability_index(before, now):
    """The population stability index of two distributions over the same bins."""
    all_before, all_now = sum(before), sum(now)
    if all_before == 0 or all_now == 0:
        return 0.0
    index = 0.0
    for old, new in zip(before, now):
        if old + new > 0:
            expected, actual = max(old / all_before, LEAST_SHARE), max(new / all_now, LEAST_SHARE)
            index += (actual - expected) * math.log(actual / expected)
    return index


class Checks:
    """What was checked."""

    def __init__(self):
        self.all = []

    def add(self, name, column, ok, found, allowed):
        self.all.append({"name": name, "column": column, "ok": bool(ok), "found": found, "allowed": allowed})


def check_columns(checks, columns, expected):
    wanted = [column["name"] for column in expected]
    missing = [name for name in wanted if name not in columns]
    extra = [name for name in columns if name not in wanted]
    found = []
    if missing:
        found.append(f"{quoted(missing)} missing")
    if extra:
        found.append(f"{quoted(extra)} not expected")
    words = "; ".join(found) if found else f"{len(columns)} columns"
    checks.add("columns", None, not found, words, f"the {len(wanted)} columns of the data set")


def check_expected(checks, column, expected, options):
    """What holds for a column without knowing other data."""
    share = column.missing / column.rows
    checks.add("missing", column.name, share <= options.max_missing, f"{percent(share)} without a value", f"at most {percent(options.max_missing)}")
    if not column.counts:
        return
    texts = [text for text, number in column.numbers.items() if number is None]
    if expected["kind"] == "category":
        ok = column.name == options.target or len(texts) > 0
        checks.add("type", column.name, ok, "texts" if texts else "numbers only", "texts")
        return
    fractions = [text for text, number in column.numbers.items() if number is not None and number != math.floor(number)]
    kind = "whole numbers" if expected["integer"] else "numbers"
    wrong = texts if texts else (fractions if expected["integer"] else [])
    words = f"{quoted(by_bytes(wrong))} among them" if wrong else kind
    checks.add("type", column.name, not wrong, words, kind)
    low, high = expected.get("min"), expected.get("max")
    if texts or low is None or high is None:
        return
    outside = [(number, column.counts[text]) for text, number in column.numbers.items() if not low <= number <= high]
    share = sum(count for _, count in outside) / column.rows
    least, most = min(column.numbers.values()), max(column.numbers.values())
    found = f"{format_number(least)} to {format_number(most)}, {percent(share)} of the rows outside"
    allowed = f"{format_number(low)} to {format_number(high)}, at most {percent(options.max_outside)} outside"
    checks.add("range", column.name, share <= options.max_outside, found, allowed)


def check_against(checks, column, before, options):
    """What holds for a column against the data of the approved model."""
    index = None
    if before.get("values") is not None:
        known = {entry["value"]: entry["count"] for entry in before["values"]}
        unseen = by_bytes([text for text in column.counts if text not in known])
        share = sum(column.counts[text] for text in unseen) / column.rows
        found = f"{quoted(unseen)} in {percent(share)} of the rows" if unseen else "none"
        checks.add("unseen", column.name, share <= options.max_unseen, found, f"unknown values in at most {percent(options.max_unseen)}")
        total = sum(known.values())
        absent = by_bytes([text for text, count in known.items() if text not in column.counts and total and count / total > options.max_absent])
        found = f"{quoted(absent)} no longer there" if absent else "none is gone"
        checks.add("absent", column.name, not absent, found, f"every value that more than {percent(options.max_absent)} had")
        values = by_bytes(set(known) | set(column.counts))
        old = [known.get(value, 0) for value in values] + [before["missing"]]
        new = [column.counts.get(value, 0) for value in values] + [column.missing]
        index = stability_index(old, new)
    elif before.get("edges") is not None and all(number is not None for number in column.numbers.values()):
        ordered = [(number, column.counts[text]) for text, number in column.numbers.items()]
        index = stability_index(before["counts"] + [before["missing"]], binned(ordered, before["edges"]) + [column.missing])
    if index is not None:
        found = f"stability index {index:.4f}"
        checks.add("drift", column.name, index <= options.max_drift, found, f"at most {format_number(options.max_drift)}")


def check_target(checks, column, options):
    rate = column.counts.get(options.positive, 0) / column.rows
    others = by_bytes([text for text in column.counts if text != options.positive])
    ok = options.min_target_rate <= rate <= options.max_target_rate
    found = f"{percent(rate)} `{options.positive}`"
    checks.add("target_rate", column.name, ok, found, f"{percent(options.min_target_rate)} to {percent(options.max_target_rate)}")
    found = f"{quoted(others)} beside `{options.positive}`" if others else f"nothing beside `{options.positive}`"
    ok = len(others) == 1 and column.missing == 0
    checks.add("target_values", column.name, ok, found, "two values in all rows")
    return rate


def inspect(table, baseline, options):
    """The report."""
    checks = Checks()
    rows = len(table)
    names = list(table.columns)
    checks.add("rows", None, rows >= options.min_rows, f"{rows} rows", f"at least {options.min_rows}")
    check_columns(checks, names, baseline["columns"])
    profile, rate = [], None
    distinct = len(table.drop_duplicates())
    share = (rows - distinct) / rows
    found = f"{rows - distinct} rows ({percent(share)}) occur before"
    checks.add("duplicates", None, share <= options.max_duplicates, found, f"at most {percent(options.max_duplicates)}")
    columns = {name: Column(name, table[name]) for name in names}
    before = {entry["name"]: entry for entry in baseline.get("profile", [])}
    for expected in baseline["columns"]:
        column = columns.get(expected["name"])
        if column is None:
            continue
        check_expected(checks, column, expected, options)
        if expected["name"] == options.target:
            rate = check_target(checks, column, options)
        if expected["name"] in before:
            check_against(checks, column, before[expected["name"]], options)
        profile.append(column.profile(expected["kind"] == "number"))
    return {
        "version": 1,
        "rows": rows,
        "ok": all(check["ok"] for check in checks.all),
        "baseline": baseline["source"],
        "target_rate": rate,
        "checks": checks.all,
        "profile": profile,
    }


def reason(report):
    """Why the data are refused, in a sentence for each failed check."""
    failed = [check for check in report["checks"] if not check["ok"]]
    parts = []
    for check in failed:
        column = f" of `{check['column']}`" if check["column"] else ""
        parts.append(f"{check['name']}{column}: {check['found']} (allowed: {check['allowed']})")
    head = f"the data failed {len(failed)} of {len(report['checks'])} checks against {report['baseline']}: "
    text, shown = head, 0
    for part in parts:
        longer = text + ("; " if shown else "") + part
        if len(longer.encode("utf-8")) > LONGEST_REASON - 60:
            break
        text, shown = longer, shown + 1
    return text if shown == len(parts) else f"{text}; and {len(parts) - shown} more in report.json"


def main():
    options = arguments()
    table = read_unload(os.path.join(options.input, "unload"))
    with open(os.path.join(options.input, "baseline", "baseline.json"), encoding="utf-8") as file:
        baseline = json.load(file)
    if baseline.get("version") != 1:
        sys.exit(f"the baseline has version {baseline.get('version')}; this script reads version 1")
    report = inspect(table, baseline, options)
    os.makedirs(os.path.join(options.output, "quality"), exist_ok=True)
    with open(os.path.join(options.output, "quality", "report.json"), "w", encoding="utf-8") as file:
        json.dump(report, file, indent=2, ensure_ascii=False)
    for check in report["checks"]:
        column = f" {check['column']}" if check["column"] else ""
        print(f"{'ok' if check['ok'] else 'FAILED'} {check['name']}{column}: {check['found']} (allowed: {check['allowed']})")
    if not report["ok"]:
        leave(reason(report))
        sys.exit(reason(report))
    words = f"{report['rows']} rows passed {len(report['checks'])} checks against {report['baseline']}"
    print(words)
    leave(words)


if __name__ == "__main__":
    main()
