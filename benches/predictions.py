"""Measures predictions of the embedded endpoint as another program gets them: one row a call, and a thousand in one.

    python benches/predictions.py --program target/debug/shiftdeck [--calls 200]

Prints one line of JSON: milliseconds from the call of boto3 to its answer, signature and socket included. The rows are those of the test
split. The Python needs tests/python/requirements.txt.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "python"))

import aws  # noqa: E402
from server import Server, command, environment  # noqa: E402

THOUSAND = 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--calls", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        state = pathlib.Path(directory)
        steps = ["foundation", "lake", "load", "pipeline", "deploy"]
        subprocess.run([*command(options.program, state), "run", *steps, "--json"], check=True, capture_output=True, env=environment())
        server = Server(options.program, state)
        try:
            cloud = aws.Aws(server)
            rows = test_rows(cloud)
            endpoint = next(name for name in names(cloud) if name.endswith("-staging"))
            ask = lambda body: cloud.runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body=body)["Body"].read()
            one = measured(lambda at: ask(rows[at % len(rows)]), options.calls)
            many = measured(lambda at: ask("\n".join((rows * 2)[at % len(rows) :][:THOUSAND])), options.calls // 4)
        finally:
            server.close()
    print(json.dumps({"one_row_ms": one, "thousand_rows_ms": many}))


def names(cloud):
    """The endpoints."""
    return [endpoint["EndpointName"] for endpoint in cloud.sagemaker.list_endpoints()["Endpoints"]]


def test_rows(cloud):
    """The feature vectors of the test split, as text without the target."""
    buckets = [bucket["Name"] for bucket in cloud.s3.list_buckets()["Buckets"]]
    pages = cloud.s3.get_paginator("list_objects_v2").paginate(Bucket=buckets[0])
    keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    key = next(key for key in keys if key.endswith("/test.csv"))
    text = cloud.s3.get_object(Bucket=buckets[0], Key=key)["Body"].read().decode()
    rows = [line.split(",", 1)[1] for line in text.splitlines()]
    assert len(rows) >= THOUSAND, f"{key} has {len(rows)} rows"
    return rows


def measured(call, calls):
    """Median, 99th percentile and maximum in milliseconds; the first ten are not counted."""
    times = []
    for at in range(calls + 10):
        before = time.perf_counter()
        call(at)
        times.append((time.perf_counter() - before) * 1000)
    times = sorted(times[10:])
    return {"p50": round(statistics.median(times), 2), "p99": round(times[int(len(times) * 0.99)], 2), "max": round(times[-1], 2)}


if __name__ == "__main__":
    main()
