"""Unloads a Redshift table to S3 as gzip CSV and waits until Redshift has finished.

The event names the warehouse ({"WorkgroupName": ...} or {"ClusterIdentifier": ...}), database, secret_arn, iam_role, schema, table and the
location the files' names start with. The answer has the number of rows, the statement's id and the location. A failure of Redshift is
raised with Redshift's own message, so that the caller sees it; so is running out of time.
"""

import time

import boto3

# What is left for cancelling the statement and reporting, when the function's own time runs out.
RESERVE_SECONDS = 5.0


def identifier(name):
    """A quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text):
    """A quoted SQL text."""
    return "'" + text.replace("'", "''") + "'"


def unload_statement(event):
    """The UNLOAD statement for an event."""
    query = f"SELECT * FROM {identifier(event['schema'])}.{identifier(event['table'])}"
    return (
        f"UNLOAD ({literal(query)}) TO {literal(event['location'])} IAM_ROLE {literal(event['iam_role'])} "
        "FORMAT AS CSV HEADER GZIP ALLOWOVERWRITE"
    )


def handler(event, context):
    """Runs the UNLOAD to its end."""
    client = boto3.client("redshift-data")
    warehouse = {key: event["warehouse"][key] for key in ("WorkgroupName", "ClusterIdentifier") if key in event["warehouse"]}
    statement_id = client.execute_statement(
        Database=event["database"],
        SecretArn=event["secret_arn"],
        Sql=unload_statement(event),
        StatementName="unload for the pipeline",
        **warehouse,
    )["Id"]
    wait = 0.5
    while True:
        statement = client.describe_statement(Id=statement_id)
        status = statement["Status"]
        if status == "FINISHED":
            return {
                "statusCode": 200,
                "rows": statement.get("ResultRows", -1),
                "statement_id": statement_id,
                "location": event["location"],
            }
        if status in ("FAILED", "ABORTED"):
            raise RuntimeError(f"the UNLOAD ended as {status}: {statement.get('Error', 'Redshift gave no reason')}")
        if context.get_remaining_time_in_millis() / 1000.0 < RESERVE_SECONDS + wait:
            client.cancel_statement(Id=statement_id)
            raise TimeoutError(f"the UNLOAD was still {status} when the function's time ran out; it has been cancelled")
        time.sleep(wait)
        wait = min(wait * 1.5, 5.0)
