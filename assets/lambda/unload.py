"""Unloads a Redshift table to S3 as gzip CSV and waits until Redshift has finished.

The event names the warehouse ({"WorkgroupName": ...} or {"ClusterIdentifier": ...}), database, secret_arn, iam_role, schema, table and the
location the files' names start with. Where the location has {fingerprint}, a digest of the table's content takes its place: the same rows
have the same location, in any order, and other rows another one, so that what reads the files knows whether they are new. The answer has
the number of rows, the statement's id, the location, its folder and the fingerprint. A failure of Redshift is raised with Redshift's own
message, so that the caller sees it; so is running out of time.
"""

import hashlib
import time

import boto3

# Where the digest goes in a location.
PLACE = "{fingerprint}"

# What is left for cancelling the statement and reporting, when the function's own time runs out.
RESERVE_SECONDS = 5.0


def identifier(name):
    """A quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text):
    """A quoted SQL text."""
    return "'" + text.replace("'", "''") + "'"


def columns_statement(event):
    """The statement that names the table's columns."""
    return (
        "SELECT column_name FROM information_schema.columns "
        f"WHERE table_schema = {literal(event['schema'])} AND table_name = {literal(event['table'])} ORDER BY ordinal_position"
    )


def fingerprint_statement(event, columns):
    """The statement that digests the content: the sum of a hash of every row does not depend on their order."""
    row = "CAST(0 AS BIGINT)"
    for column in columns:
        # The comma keeps ('ab', 'c') apart from ('a', 'bc').
        row = f"FNV_HASH(COALESCE(CAST({identifier(column)} AS VARCHAR), '') || ',', {row})"
    return (
        f"SELECT COUNT(*), COALESCE(SUM(CAST({row} AS DECIMAL(38,0))), 0) "
        f"FROM {identifier(event['schema'])}.{identifier(event['table'])}"
    )


def unload_statement(event, location, versioned):
    """The UNLOAD statement. A location of its own may hold what an interrupted unload left: that is removed."""
    query = f"SELECT * FROM {identifier(event['schema'])}.{identifier(event['table'])}"
    return (
        f"UNLOAD ({literal(query)}) TO {literal(location)} IAM_ROLE {literal(event['iam_role'])} "
        f"FORMAT AS CSV HEADER GZIP {'CLEANPATH' if versioned else 'ALLOWOVERWRITE'}"
    )


def run(client, event, context, sql, name):
    """Runs a statement to its end and gives its description."""
    warehouse = {key: event["warehouse"][key] for key in ("WorkgroupName", "ClusterIdentifier") if key in event["warehouse"]}
    statement_id = client.execute_statement(
        Database=event["database"], SecretArn=event["secret_arn"], Sql=sql, StatementName=f"{name} for the pipeline", **warehouse
    )["Id"]
    wait = 0.5
    while True:
        statement = client.describe_statement(Id=statement_id)
        status = statement["Status"]
        if status == "FINISHED":
            return statement
        if status in ("FAILED", "ABORTED"):
            raise RuntimeError(f"the {name} ended as {status}: {statement.get('Error', 'Redshift gave no reason')}")
        if context.get_remaining_time_in_millis() / 1000.0 < RESERVE_SECONDS + wait:
            client.cancel_statement(Id=statement_id)
            raise TimeoutError(f"the {name} was still {status} when the function's time ran out; it has been cancelled")
        time.sleep(wait)
        wait = min(wait * 1.5, 5.0)


def rows(client, statement):
    """The rows of a statement as lists of texts."""
    records = client.get_statement_result(Id=statement["Id"])["Records"]
    return [[str(next(iter(cell.values()))) for cell in record] for record in records]


def fingerprint(client, event, context):
    """A digest of the columns' names and the rows' content."""
    columns = [row[0] for row in rows(client, run(client, event, context, columns_statement(event), "list of the columns"))]
    if not columns:
        raise RuntimeError(f"the table {event['schema']}.{event['table']} does not exist or has no columns")
    content = rows(client, run(client, event, context, fingerprint_statement(event, columns), "digest of the table"))[0]
    return hashlib.sha256("\x1f".join(columns + content).encode("utf-8")).hexdigest()[:16]


def handler(event, context):
    """Runs the UNLOAD to its end."""
    client = boto3.client("redshift-data")
    location, digest = event["location"], ""
    versioned = PLACE in location
    if versioned:
        digest = fingerprint(client, event, context)
        location = location.replace(PLACE, digest)
    # CLEANPATH empties what the location names, which has to be the folder then.
    folder = location[: location.rindex("/") + 1]
    statement = run(client, event, context, unload_statement(event, folder if versioned else location, versioned), "UNLOAD")
    return {
        "statusCode": 200,
        "rows": statement.get("ResultRows", -1),
        "statement_id": statement["Id"],
        "location": folder if versioned else location,
        "folder": folder,
        "fingerprint": digest,
    }
