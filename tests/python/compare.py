"""Says how two sets of files differ: what the container wrote, and what the embedded AWS wrote."""

import json
import math

import aws

TOLERANCE = 1e-6
# More lines of differences than this help nobody.
MOST = 12


def files(expected, found):
    """The differences of two sets of files by name, as lines; none when they are the same."""
    lines = []
    if set(expected) != set(found):
        lines.append(f"the container wrote {sorted(expected)}, the embedded AWS {sorted(found)}")
    for name in sorted(set(expected) & set(found)):
        lines += [f"{name}: {line}" for line in content(name, expected[name], found[name])]
    return lines[:MOST]


def content(name, expected, found):
    """The differences of two files."""
    if name.endswith(".json"):
        return values("", json.loads(expected), json.loads(found))
    if name.endswith(".tar.gz"):
        return files(aws.members(expected), aws.members(found))
    if expected == found:
        return []
    if not name.endswith(".csv"):
        return ["the bytes differ"]
    ours, theirs = found.decode().split("\n"), expected.decode().split("\n")
    if len(ours) != len(theirs):
        return [f"{len(theirs)} lines in the container, {len(ours)} in the embedded AWS"]
    return [f"line {number + 1}: {a!r} and {b!r}" for number, (a, b) in enumerate(zip(theirs, ours)) if a != b]


def values(path, expected, found):
    """The differences of two JSON values; numbers may differ by the tolerance, lists have an order."""
    if number(expected) and number(found):
        same = math.isclose(expected, found, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
        return [] if same else [f"{path}: {expected!r} and {found!r}"]
    if type(expected) is not type(found):
        return [f"{path}: {expected!r} and {found!r}"]
    if isinstance(expected, dict):
        if set(expected) != set(found):
            return [f"{path}: members {sorted(expected)} and {sorted(found)}"]
        return [line for key in expected for line in values(f"{path}.{key}", expected[key], found[key])]
    if isinstance(expected, list):
        if len(expected) != len(found):
            return [f"{path}: {len(expected)} items and {len(found)}"]
        return [line for index, (a, b) in enumerate(zip(expected, found)) for line in values(f"{path}[{index}]", a, b)]
    return [] if expected == found else [f"{path}: {expected!r} and {found!r}"]


def number(value):
    """Whether a JSON value is a number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)
