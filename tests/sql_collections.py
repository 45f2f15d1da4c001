#!/usr/bin/env python3
"""Runs public collections of SQL and the demonstration's own on the embedded warehouse and lake, and prints which share runs: docs/sql-coverage.md.

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

The redshift engine gets the statements as they are written, the athena engine what sqlglot makes of PostgreSQL's for Trino. A statement passes when
it runs where PostgreSQL runs it and fails where PostgreSQL fails. Three kinds are left out of the share and counted by themselves: those whose
tables are not there, those with what the service has not (`sql_lacks.py`), and on Athena those that Trino refuses because it converts no values.
"""

import argparse
import ast
import collections
import importlib
import itertools
import json
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile

from sql_lacks import LACKS, STRICT

# The regression tests about what both services have: values, functions, clauses.
POSTGRES = (
    "select select_distinct select_having select_implicit aggregates window groupingsets with union case subselect strings numeric int2 int4 "
    "int8 float4 float8 boolean char varchar text date time timestamp interval numerology limit join"
).split()


# How many statements one call of the program gets, and how long it may take for them: a statement takes milliseconds.
BATCH = 50
SECONDS = 10

# What the program may take of memory: a statement that asks for more is to fail, not the machine.
MEMORY = 8 << 30


class Program:
    def __init__(self, path, state):
        self.base = [path, "--state-dir", state, "--no-color", "--set", "local.pace=instant"]

    def call(self, *arguments, text=None, seconds=SECONDS):
        limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        return subprocess.run([*self.base, *arguments], input=text, capture_output=True, text=True, timeout=seconds, preexec_fn=limit)

    def run(self, engine, statements):
        """The error of each statement, None where it ran."""
        errors = []
        for start in range(0, len(statements), BATCH):
            errors += self.script(engine, statements[start : start + BATCH])
            if len(statements) > 10 * BATCH:
                print(f"{engine}: {len(errors)} of {len(statements)}", file=sys.stderr, flush=True)
        return errors

    def script(self, engine, statements):
        """The same of as many statements as a call gets. Where one of them hangs, kills the program, or is several statements for it,
        each is run by itself."""
        alone = len(statements) == 1
        script = ";\n".join(statements) + ";\n"
        try:
            done = self.call("sql", "--engine", engine, "--format", "jsonl", "--on-error", "continue", "-f", "-", text=script)
        except subprocess.TimeoutExpired:
            return [f"HANGS: no answer in {SECONDS} seconds"] if alone else self.singly(engine, statements)
        if alone:
            return [None if done.returncode == 0 else why(done.stderr) if done.returncode > 0 else f"DIES by signal {-done.returncode}"]
        errors = [None] * len(statements)
        parts = re.split(r"statement (\d+) of (\d+) \(", done.stderr)
        numbers = {int(total) for total in parts[2::3]}
        if (numbers or done.returncode) and numbers != {len(statements)} or done.returncode < 0:
            return self.singly(engine, statements)
        for number, text in zip(parts[1::3], parts[3::3]):
            errors[int(number) - 1] = why(text)
        return errors

    def singly(self, engine, statements):
        return [error for statement in statements for error in self.script(engine, [statement])]


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


# Columns that are days in the benchmark and texts in sqlglot's list of its tables.
DAYS = ("d_date",)


def hive(name, kind):
    kind = "date" if name in DAYS else kind.lower()
    if kind.startswith(("varchar", "char", "text")):
        return "string"
    return {"uint64": "bigint", "uint32": "int", "int64": "bigint", "int": "int", "float": "double", "float64": "double"}.get(kind, kind)


def redshift(name, kind):
    kind = "date" if name in DAYS else kind.lower()
    return {"uint64": "bigint", "uint32": "int", "int64": "bigint", "string": "varchar", "double": "float8", "float64": "float8"}.get(kind, kind)


def tables(program, engine, tables, bucket):
    statements = []
    for table, columns in tables.items():
        if engine == "redshift":
            listed = ", ".join(f"{name} {redshift(name, kind)}" for name, kind in columns.items())
            statements.append(f"CREATE TABLE {table} ({listed})")
        else:
            listed = ", ".join(f"{name} {hive(name, kind)}" for name, kind in columns.items())
            statements.append(f"CREATE EXTERNAL TABLE {table} ({listed}) STORED AS PARQUET LOCATION 's3://{bucket}/{table}/'")
    for statement, error in zip(statements, program.run(engine, statements)):
        if error:
            print("  set-up:", statement[:80], "->", error.splitlines()[0])


def pairs(path):
    """The first of each pair of queries in a fixture."""
    text = "\n".join(line for line in path.read_text().splitlines() if not line.startswith(("--", "#")))
    queries = [query.strip() for query in text.split(";") if query.strip()]
    return queries[::2]


# A statement of a psql script: texts of each kind, comments and names may hold a semicolon.
STATEMENT = re.compile(
    r"""(?:[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"[^"]*"|--[^\n]*|/\*.*?\*/|\$(\w*)\$.*?\$\1\$|[^;'"])+;""",
    re.S,
)


# What is run beside the queries, so that their tables are there.
SET_UP = re.compile(r"(CREATE\s+(TEMP\w*\s+)?(TABLE|VIEW)|DROP\s+(TABLE|VIEW)|INSERT|UPDATE|DELETE|TRUNCATE|ALTER\s+TABLE)\b", re.I)


def postgres(directory, name):
    """The statements of a regression test: each query with whether PostgreSQL fails it, and with None what makes and changes the tables."""
    text = (directory / "sql" / f"{name}.sql").read_text(errors="replace")
    expected = (directory / "expected" / f"{name}.out").read_text(errors="replace")
    text = re.sub(r"^\\.*$", "", text, flags=re.M)
    statements, at, begun = [], 0, []
    for found in STATEMENT.finditer(text):
        statement = found[0].strip()
        bare = re.sub(r"/\*.*?\*/|--[^\n]*", "", statement, flags=re.S).strip().rstrip(";").strip()
        word = bare.split(None, 1)[0].upper().lstrip("(") if bare else ""
        # psql repeats the statement and then tells what came of it, unless there are several in the line.
        echo = expected.find(statement + "\n", at)
        if echo >= 0:
            at = echo + len(statement) + 1
        # What changes rows inside a query, what is given to psql's commands, and what has psql's variables is left out.
        other = re.search(r"\b(INTO|INSERT|UPDATE|DELETE)\b|\\g|(?<![:\w\]]):['\"]?[a-z_]", bare, re.I)
        if word in ("SELECT", "WITH", "VALUES") and not other and echo >= 0:
            statements.append((bare, expected.startswith("ERROR", at)))
        elif SET_UP.match(bare):
            # Temporary tables would be gone in the next call of the program, and only system tables have the type name.
            bare = re.sub(r"^CREATE\s+TEMP(ORARY)?\b", "CREATE", bare, flags=re.I)
            statements.append((re.sub(r"(\w\s+)name\b(?=\s*[,)])", r"\1text", bare), None))
            begun += re.findall(r"^CREATE TABLE (\w+)", bare, flags=re.I)
        elif word in ("BEGIN", "START"):
            begun = []
        elif word == "ROLLBACK":
            # Each call of the program is a session of its own: what a transaction made is dropped instead.
            statements += [(f"DROP TABLE IF EXISTS {table}", None) for table in begun]
            begun = []
    return statements


def rows(directory, table, file):
    """The insertion of the first thousand rows of a data file of the regression tests."""
    lines = (directory / "data" / file).read_text().splitlines()[:1000]
    cells = lambda line: ", ".join(cell if cell.isdigit() else f"'{cell}'" for cell in line.split("\t"))
    return f"INSERT INTO {table} VALUES " + ", ".join(f"({cells(line)})" for line in lines)


def prepared(regress):
    """What makes the tables that PostgreSQL's regression tests have in common, with their rows."""
    made = postgres(regress, "test_setup")
    for table, file in (("onek", "onek.data"), ("tenk1", "tenk.data")):
        at = next(number for number, (text, _) in enumerate(made) if re.match(rf"CREATE TABLE {table}\b", text))
        made.insert(at + 1, (rows(regress, table, file), None))
    return made


def translator(directory, bucket):
    """Gives what a statement of PostgreSQL's is on Athena, as sqlglot translates it, and the statement itself where sqlglot cannot read it."""
    sys.path.insert(0, str(directory))
    sqlglot = importlib.import_module("sqlglot")
    places = itertools.count()

    def translated(statement):
        try:
            tree = sqlglot.parse_one(statement, read="postgres", error_level=sqlglot.ErrorLevel.RAISE)
            if isinstance(tree, sqlglot.exp.Create) and isinstance(tree.this, sqlglot.exp.Schema):
                table = tree.this.this.sql().lower()
                columns = ", ".join(f"{column.name} {column.kind.sql(dialect='hive')}" for column in tree.this.find_all(sqlglot.exp.ColumnDef))
                return f"CREATE EXTERNAL TABLE {table} ({columns}) STORED AS PARQUET LOCATION 's3://{bucket}/{next(places)}/'"
            return tree.sql(dialect="trino")
        except (sqlglot.errors.SqlglotError, ValueError, re.error):
            return statement

    return translated


def reason(error):
    line = error.splitlines()[0]
    line = re.sub(r'"[^"]*"', '"…"', line)
    line = re.sub(r"'[^']*'", "'…'", line)
    return re.sub(r"line \d+:\d+|\d+", "N", line)[:110]


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--program", required=True)
    options.add_argument("--collections", type=pathlib.Path, required=True)
    options.add_argument("--results", type=argparse.FileType("w"), help="write what became of every statement here, one JSON object a line")
    options.add_argument("--engine", action="append", choices=("redshift", "athena"), help="one of the two alone")
    options = options.parse_args()
    glot = next(options.collections.glob("sqlglot-*/sqlglot")).parent
    regress = next(options.collections.glob("**/src/test/regress"), None)
    if regress is None:
        print("PostgreSQL's regression tests are not there and are left out", file=sys.stderr)
    results = []

    def keep(some):
        results.extend(some)
        if options.results:
            options.results.writelines(json.dumps(result) + "\n" for result in some)
            options.results.flush()

    print(f"{'collection':<28}{'engine':<10}{'passed':>8}{'of':>6}{'share':>8}")
    for engine in options.engine or ("redshift", "athena"):
        for title, name in (("TPC-H", "TPCH_SCHEMA"), ("TPC-DS", "TPCDS_SCHEMA")):
            with tempfile.TemporaryDirectory() as state:
                program = Program(options.program, state)
                bucket = prepare(program)
                tables(program, engine, schema(glot / "tests/helpers.py", name), bucket)
                folder = title.lower()
                queries = [(query, False) for query in pairs(glot / "tests/fixtures/optimizer" / folder / f"{folder}.sql")]
                keep(report(title, engine, program, queries))
        if regress is None:
            continue
        with tempfile.TemporaryDirectory() as first:
            program = Program(options.program, f"{first}/state")
            bucket = prepare(program)
            translated = translator(glot, bucket) if engine == "athena" else lambda statement: statement
            program.run(engine, [translated(statement) for statement, _ in prepared(regress)])
            regression = []
            for name in POSTGRES:
                # Each test begins with the tables that all have in common.
                with tempfile.TemporaryDirectory() as own:
                    shutil.copytree(f"{first}/state", f"{own}/state", ignore=shutil.ignore_patterns("*.sock"))
                    program = Program(options.program, f"{own}/state")
                    statements = [(translated(statement), fails) for statement, fails in postgres(regress, name)]
                    done = report(f"PostgreSQL: {name}", engine, program, statements)
                keep(done)
                regression += done
            share("PostgreSQL", engine, regression)
    with tempfile.TemporaryDirectory() as state:
        keep(demonstration(Program(options.program, state)))
    for (engine, name), count in collections.Counter((result["engine"], result["lacks"]) for result in results if result["lacks"]).most_common():
        print(f"{count:>5}  {engine:<9} left out: {name}")
    failures = [result for result in results if result["outcome"] == "failed" and not result["lacks"]]
    for (engine, why), count in collections.Counter((failure["engine"], reason(failure["error"])) for failure in failures).most_common(60):
        print(f"{count:>5}  {engine:<9} {why}")


def with_columns(file):
    """A statement of the demonstration with the columns of its data in their places, as `tests/fixtures/statements.sql` has them."""
    template = re.sub(r"\A(--.*\n)+", "", file.read_text()).strip()
    fixture = (pathlib.Path(__file__).parent / "fixtures" / "statements.sql").read_text()
    filled = re.search(rf"^-- {re.escape(file.name)}\n(.*?)(?=^-- \d\d_|\Z)", fixture, re.DOTALL | re.MULTILINE)[1].strip()
    parts = re.split(r"(\{\{[^}]*\}\})", template)
    pattern = "".join("(.*?)" if part.startswith("{{") else re.escape(part) for part in parts)
    found = iter(re.fullmatch(pattern, filled, re.DOTALL).groups())
    columns = lambda part, value: value if part.startswith("{{@") else part
    return "".join(columns(part, next(found)) if part.startswith("{{") else part for part in parts)


def demonstration(program):
    """What becomes of the demonstration's own statements, in their order, over the sample that its step puts into the lake."""
    made = program.call("run", "foundation", "lake", "load", "redshift-ml", "--json", seconds=300).stdout
    bucket = re.search(r'"bucket":"([^"]+)"', made)[1]
    names = {"glue_database": "collections", "glue_table": "bank", "external_schema": "lake", "schema": "own", "table": "bank"}
    # A model is trained after its statement: what asks for predictions asks the ones that the step makes, in both of its ways.
    chosen = ["redshift_ml.mode=xgboost", "names.ml_model=chosen", "names.ml_function=choose"]
    arguments = [argument for setting in chosen for argument in ("--set", setting)]
    program.call("run", "redshift-ml", "--json", *arguments, seconds=300)
    models = {"auto": ("dm01", "predict_dm01"), "xgboost": ("chosen", "choose")}
    texts = {"bucket": bucket, "region": "us-east-1", "redshift_role_arn": "arn:aws:iam::000000000000:role/BankDM-RedShift"}
    texts |= {"data_location": re.search(r"s3://[^\"`\s]*/", made)[0], "unload_location": f"s3://{bucket}/collections/"}
    texts |= {"unload_query": "SELECT * FROM own.bank", "glue_database": "collections", "table_version": "1"}
    texts |= {"eta": "0.2", "max_depth": "5", "num_round": "20"}
    results = []
    for file in sorted(pathlib.Path(__file__).parent.parent.glob("sql/*.sql")):
        statement = with_columns(file)
        statement = re.sub(r"\{\{'(\w+)'\}\}", lambda found: f"'{texts[found[1]]}'", statement)
        own = f"_{file.name[:2]}" if "_create_model" in file.name else ""
        model, function = models["xgboost" if "xgboost" in file.name else "auto"]
        names |= {"ml_model": model + own, "ml_function": function + own}
        statement = re.sub(r"\{\{(\w+)\}\}", lambda found: names[found[1]], statement).replace("{{#max_runtime}}", "3600")
        engine = file.suffixes[0][1:]
        done = program.call("sql", "--yes", "--engine", engine, "--format", "jsonl", "-f", "-", text=statement, seconds=300)
        error = why(done.stderr) if done.returncode else None
        result = {"collection": "demonstration", "engine": engine, "query": statement, "outcome": "failed" if error else "passed"}
        results.append(result | {"lacks": None, "error": error})
    for engine in ("redshift", "athena"):
        share("demonstration", engine, [result for result in results if result["engine"] == engine])
    return results


def prepare(program):
    """An account with a warehouse and a bucket; gives the bucket."""
    made = program.call("run", "foundation", "--json")
    if made.returncode:
        raise SystemExit(made.stderr)
    program.run("athena", ["CREATE DATABASE bankdm"])
    return re.search(r'"bucket":"([^"]+)"', made.stdout)[1]


def report(title, engine, program, statements):
    """What became of each query; `statements` tells of each whether it is to fail, and with None that it is no query."""
    missing = re.compile(r"relation \S+ does not exist|TABLE_NOT_FOUND|table \S+ (does not exist|not found)|SCHEMA_NOT_FOUND", re.I)
    results = []
    for (query, fails), error in zip(statements, program.run(engine, [statement for statement, _ in statements])):
        if fails is None:
            continue
        lacks = None
        if title.startswith("PostgreSQL"):
            lacks = next((name for name, pattern in LACKS[engine] if re.search(pattern, query, re.I | re.S)), None)
            if engine == "athena" and not fails and (error or "").startswith(STRICT):
                lacks = lacks or "values that Trino does not convert"
        if error and missing.search(error) and not fails:
            outcome = "no such table"
        elif bool(error) == fails and not (error or "").startswith(("HANGS", "DIES")):
            outcome = "passed"
        else:
            outcome = "failed"
        error = error or ("ran, where PostgreSQL fails" if fails else None)
        results.append({"collection": title, "engine": engine, "query": query, "outcome": outcome, "lacks": lacks, "error": error})
    share(title, engine, results)
    return results


def share(title, engine, results):
    counted = [result["outcome"] for result in results if result["outcome"] != "no such table" and not result["lacks"]]
    passed = counted.count("passed")
    text = f"{100 * passed / len(counted):.1f} %" if counted else "-"
    print(f"{title:<28}{engine:<10}{passed:>8}{len(counted):>6}{text:>8}", flush=True)


if __name__ == "__main__":
    main()
