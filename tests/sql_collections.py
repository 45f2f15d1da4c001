#!/usr/bin/env python3
"""Runs public collections of SQL on the embedded warehouse and lake, and prints which share of them runs: docs/sql-coverage.md.

The collections are fetched into a directory of the caller's and never into the project:

    mkdir /tmp/collections && cd /tmp/collections
    pip download --no-deps --no-binary :all: sqlglot && tar xzf sqlglot-*.tar.gz      # TPC-H and TPC-DS
    apt-get source --download-only postgresql-15 && tar xjf postgresql-*.orig.tar.bz2  # PostgreSQL's regression tests

apt-get needs a `deb-src` line for that. Without one, give it lists of its own:

    echo "deb-src http://deb.debian.org/debian bookworm main" > sources.list && mkdir -p lists/partial
    apt="apt-get -o Dir::Etc::sourcelist=$PWD/sources.list -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists=$PWD/lists"
    $apt update && $apt source --download-only postgresql-15

Then:

    python3 tests/sql_collections.py --program target/debug/shiftdeck --collections /tmp/collections

A statement passes when it runs where PostgreSQL runs it and fails where PostgreSQL fails. Statements whose tables are not there (PostgreSQL's
are made of what a warehouse has not) are left out, and so is what is not a query.
"""

import argparse
import ast
import collections
import json
import pathlib
import re
import subprocess
import sys
import tempfile

# The regression tests about what both services have: values, functions, clauses.
POSTGRES = (
    "select select_distinct select_having select_implicit aggregates window groupingsets with union case subselect strings numeric int2 int4 "
    "int8 float4 float8 boolean char varchar text date time timestamp interval numerology limit join"
).split()


# How long a script of fifty statements may take.
SECONDS = 180


class Program:
    def __init__(self, path, state):
        self.base = [path, "--state-dir", state, "--no-color", "--set", "local.pace=instant"]

    def call(self, *arguments, text=None):
        return subprocess.run([*self.base, *arguments], input=text, capture_output=True, text=True, timeout=SECONDS)

    def run(self, engine, statements):
        """The error of each statement, None where it ran."""
        errors = []
        for start in range(0, len(statements), 50):
            errors += self.script(engine, statements[start : start + 50])
        return errors

    def script(self, engine, statements):
        script = ";\n".join(statements) + ";\n"
        try:
            done = self.call("sql", "--engine", engine, "--format", "jsonl", "--on-error", "continue", "-f", "-", text=script)
        except subprocess.TimeoutExpired:
            if len(statements) == 1:
                return [f"no answer in {SECONDS} seconds"]
            half = len(statements) // 2
            return self.script(engine, statements[:half]) + self.script(engine, statements[half:])
        if len(statements) == 1:
            return [None if done.returncode == 0 else why(done.stderr)]
        errors = [None] * len(statements)
        parts = re.split(r"statement (\d+) of (\d+) \(", done.stderr)
        numbers = {int(total) for total in parts[2::3]}
        if numbers and numbers != {len(statements)}:
            # One of them is several for the program: the halves by themselves.
            half = len(statements) // 2
            return self.script(engine, statements[:half]) + self.script(engine, statements[half:])
        if done.returncode and not numbers:
            raise SystemExit(done.stderr)
        for number, text in zip(parts[1::3], parts[3::3]):
            errors[int(number) - 1] = why(text)
        return errors


def why(text):
    """The service's own message in what the program says."""
    found = re.search(r"why:\s*(.*?)(?:\n\s*next:|\Z)", text, re.S)
    return (found[1] if found else text).strip()


def schema(helpers, name):
    """A table of tables in sqlglot's helpers."""
    tree = ast.parse(helpers.read_text())
    for node in tree.body:
        if isinstance(node, ast.Assign) and node.targets[0].id == name:
            return ast.literal_eval(node.value)
    raise SystemExit(f"no {name} in {helpers}")


def hive(kind):
    kind = kind.lower()
    if kind.startswith(("varchar", "char", "text")):
        return "string"
    return {"uint64": "bigint", "uint32": "int", "int64": "bigint", "int": "int", "float": "double", "float64": "double"}.get(kind, kind)


def redshift(kind):
    kind = kind.lower()
    return {"uint64": "bigint", "uint32": "int", "int64": "bigint", "string": "varchar", "double": "float8", "float64": "float8"}.get(kind, kind)


def tables(program, engine, tables, bucket):
    statements = []
    for table, columns in tables.items():
        if engine == "redshift":
            listed = ", ".join(f"{name} {redshift(kind)}" for name, kind in columns.items())
            statements.append(f"CREATE TABLE {table} ({listed})")
        else:
            listed = ", ".join(f"{name} {hive(kind)}" for name, kind in columns.items())
            statements.append(f"CREATE EXTERNAL TABLE {table} ({listed}) STORED AS PARQUET LOCATION 's3://{bucket}/{table}/'")
    for statement, error in zip(statements, program.run(engine, statements)):
        if error:
            print("  set-up:", statement[:80], "->", error.splitlines()[0])


def pairs(path):
    """The first of each pair of queries in a fixture."""
    text = "\n".join(line for line in path.read_text().splitlines() if not line.startswith(("--", "#")))
    queries = [query.strip() for query in text.split(";") if query.strip()]
    return queries[::2]


def postgres(directory, name):
    """The queries of a regression test with whether PostgreSQL fails them, and the statements that make its tables."""
    text = (directory / "sql" / f"{name}.sql").read_text(errors="replace")
    expected = (directory / "expected" / f"{name}.out").read_text(errors="replace")
    text = re.sub(r"^\\.*$", "", text, flags=re.M)
    queries, made, at = [], [], 0
    for statement in re.findall(r"(?:'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/|\$\$.*?\$\$|[^;'])+;", text, flags=re.S):
        bare = re.sub(r"--[^\n]*", "", statement).strip().rstrip(";").strip()
        word = bare.split(None, 1)[0].upper().lstrip("(") if bare else ""
        found = expected.find(statement.strip(), at)
        behind = ""
        if found >= 0:
            at = found + len(statement.strip())
            behind = expected[at : at + 7].strip()
        if word in ("SELECT", "WITH", "VALUES") and not re.search(r"\bINTO\b|\bINSERT\b|\bUPDATE\b|\bDELETE\b", bare, re.I):
            queries.append((bare, behind.startswith("ERROR")))
        elif word in ("CREATE", "INSERT") and re.match(r"(CREATE (TEMP |TEMPORARY )?TABLE|INSERT)\b", bare, re.I):
            made.append(bare)
    return queries, made


def reason(error):
    line = error.splitlines()[0]
    line = re.sub(r'"[^"]*"', '"…"', line)
    line = re.sub(r"'[^']*'", "'…'", line)
    return re.sub(r"line \d+:\d+|\d+", "N", line)[:110]


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--program", required=True)
    options.add_argument("--collections", type=pathlib.Path, required=True)
    options.add_argument("--failures", type=pathlib.Path, help="write every failure here, one JSON object a line")
    options = options.parse_args()
    fixtures = next(options.collections.glob("sqlglot-*/tests"))
    regress = next(options.collections.glob("**/src/test/regress"), None)
    if regress is None:
        print("PostgreSQL's regression tests are not there and are left out", file=sys.stderr)
    failures = []
    print(f"{'collection':<28}{'engine':<10}{'passed':>8}{'of':>6}{'share':>8}")
    for engine in ("redshift", "athena"):
        for title, name in (("TPC-H", "TPCH_SCHEMA"), ("TPC-DS", "TPCDS_SCHEMA")):
            with tempfile.TemporaryDirectory() as state:
                program = Program(options.program, state)
                bucket = prepare(program)
                tables(program, engine, schema(fixtures / "helpers.py", name), bucket)
                folder = title.lower()
                queries = [(query, False) for query in pairs(fixtures / "fixtures/optimizer" / folder / f"{folder}.sql")]
                report(title, engine, program, queries, failures)
        if regress is None:
            continue
        with tempfile.TemporaryDirectory() as state:
            program = Program(options.program, state)
            prepare(program)
            everything = []
            for name in POSTGRES:
                queries, made = postgres(regress, name)
                if engine == "redshift":
                    program.run(engine, made)
                everything += queries
            report("PostgreSQL regression", engine, program, everything, failures)
    if options.failures:
        options.failures.write_text("".join(json.dumps(failure) + "\n" for failure in failures))
    for (engine, why), count in collections.Counter((failure["engine"], reason(failure["error"])) for failure in failures).most_common(60):
        print(f"{count:>5}  {engine:<9} {why}")


def prepare(program):
    """An account with a warehouse and a bucket; gives the bucket."""
    made = program.call("run", "foundation", "--json")
    if made.returncode:
        raise SystemExit(made.stderr)
    program.run("athena", ["CREATE DATABASE bankdm"])
    return re.search(r'"bucket":"([^"]+)"', made.stdout)[1]


def report(title, engine, program, queries, failures):
    errors = program.run(engine, [query for query, _ in queries])
    missing = re.compile(r"relation \S+ does not exist|TABLE_NOT_FOUND|table \S+ (does not exist|not found)|SCHEMA_NOT_FOUND", re.I)
    counted = [(query, fails, error) for (query, fails), error in zip(queries, errors) if not (error and missing.search(error))]
    passed = sum(1 for _, fails, error in counted if bool(error) == fails)
    share = f"{100 * passed / len(counted):.1f} %" if counted else "-"
    print(f"{title:<28}{engine:<10}{passed:>8}{len(counted):>6}{share:>8}", flush=True)
    for query, fails, error in counted:
        if bool(error) != fails:
            failures.append({"collection": title, "engine": engine, "query": query, "error": error or "ran, where PostgreSQL fails"})


if __name__ == "__main__":
    main()
