"""Whatever goes wrong between the program and its account, a run ends, says why, and leaves nothing that a cleanup does not find.

SHIFTDECK_FAULT_RUNS is how many runs there are, spread over the kinds of fault; without it there is one of each.
"""

import dataclasses
import json
import os
import time

import pytest

import aws
import leftovers
from commands import Account
from faults import KINDS, WORDS, Faults
from server import Served, Server

# `run` of a healthy account takes five seconds; a call that fails is tried five times with pauses that double.
LIMIT = 240
SMALL = ("data.sample_rows=1500", "mlops.num_round=3", "mlops.auc_floor=0.5")
# A refusal is final: some runs have to get further than the first calls before the first one.
FINAL = {"expired", "denied", "malformed"}


def campaign():
    """Kind and seed of every run."""
    count = int(os.environ.get("SHIFTDECK_FAULT_RUNS", len(KINDS)))
    return [(list(KINDS)[number % len(KINDS)], number // len(KINDS)) for number in range(count)]


@pytest.fixture(scope="module")
def service(program, tmp_path_factory):
    """The embedded AWS that is served, for all runs: each leaves nothing."""
    server = Server(program, tmp_path_factory.mktemp("service"))
    yield server
    server.close()


@pytest.fixture(scope="module")
def cloud(service):
    """boto3's clients of it."""
    return aws.Aws(service)


@pytest.mark.parametrize(("kind", "seed"), campaign())
def test_a_run_with_faults_ends_with_a_reason_and_leaves_nothing(program, service, cloud, tmp_path, kind, seed):
    calm = (1, 25, 60, 120, 200, 300, 45)[seed % 7] if kind in FINAL else 1
    proxy = Faults(service.url, kind, seed, calm, 0.6 if kind == "role not yet known" else 0.2)
    account = Account(program, tmp_path, Served(proxy.url, service.key, service.secret), *SMALL)
    began = time.monotonic()
    ended = account.run("run", "--all", "--json", "--yes", limit=LIMIT)
    took = time.monotonic() - began
    proxy.off = True
    print(json.dumps(dataclasses.asdict(ended)))
    report = {"kind": kind, "seed": seed, "code": ended.code, "seconds": round(took, 1), "faults": len(proxy.injected), "calls": proxy.calls}
    keep(report, ended)
    try:
        told(ended, kind)
        cleaned = account.run("cleanup", "--yes", "--json", limit=LIMIT)
        assert cleaned.code == 0, cleaned.out + cleaned.err
        assert leftovers.of_demo(cloud) == []
    finally:
        proxy.close()


def told(ended, kind):
    """What a run says at its end."""
    lines = ended.lines
    assert lines[-1]["event"] == "summary" and lines[-1]["ok"] == (ended.code == 0), ended
    if ended.code == 0:
        return
    assert ended.code in (1, 3), ended
    failed = [line for line in lines if line["event"] == "failed"]
    assert len(failed) == 1 and failed[0]["message"], ended.out
    assert "why:" in ended.err and "next:" in ended.err, ended.err
    if kind in ("throttling", "expired", "denied", "role not yet known"):
        assert WORDS in ended.err and WORDS in failed[0]["message"], ended.err


def keep(report, ended):
    """Adds a run to the table of a whole campaign."""
    if path := os.environ.get("SHIFTDECK_FAULT_REPORT"):
        with open(path, "a") as file:
            print(json.dumps({**report, "err": ended.err}), file=file)
