"""Whatever goes wrong between the program and its account, a run ends, says why, and leaves nothing that a cleanup does not find.

SHIFTDECK_FAULT_RUNS is how many runs there are, spread over the kinds of fault; without it there is one of each. Runs mostly wait before they
try again, so that several go on at the same time.
"""

import concurrent.futures
import dataclasses
import json
import os
import threading
import time

import pytest

import aws
import leftovers
from commands import Account, Ended
from faults import KINDS, RATE, WORDS, Faults
from server import Served, Server

COUNT = int(os.environ.get("SHIFTDECK_FAULT_RUNS", len(KINDS)))
AT_ONCE = 6
ONE = threading.Lock()
# `run` of a healthy account takes five seconds; a call that fails is tried five times with pauses that double.
LIMIT = 300
SMALL = ("data.sample_rows=1500", "mlops.num_round=3", "mlops.auc_floor=0.5")
# A refusal is final: the runs have to get to different places before the first one.
FINAL = {"malformed": 1, "expired": 2, "denied": 5}
CALM = (20, 60, 110, 1, 40, 80, 150)
# Few calls give a role to a service.
RATES = {"role not yet known": 0.6}
# After a throttled call the SDK lets only every other second a call through.
MOST = {"throttling": 4}


@dataclasses.dataclass
class Result:
    """A run with faults, the cleanup without them, and what was left."""

    kind: str
    seed: int
    ended: Ended
    cleaned: Ended
    left: list
    seconds: float
    # The calls that failed, by service and operation, in their order, and how many calls there were.
    faults: list
    calls: int


@pytest.fixture(scope="module")
def results(program, tmp_path_factory):
    """All runs, by their number."""
    folders = [tmp_path_factory.mktemp(f"run{number}") for number in range(COUNT)]
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        ended = list(pool.map(lambda number: run(program, folders[number], number), range(COUNT)))
    if path := os.environ.get("SHIFTDECK_FAULT_REPORT"):
        with open(path, "w") as file:
            file.writelines(json.dumps(dataclasses.asdict(result)) + "\n" for result in ended)
    return ended


def run(program, folder, number):
    """One run with its cleanup, in an account of its own."""
    kind, seed = list(KINDS)[number % len(KINDS)], number // len(KINDS)
    calm = CALM[(seed + FINAL[kind]) % len(CALM)] if kind in FINAL else 1
    (folder / "service").mkdir()
    service = Server(program, folder / "service")
    proxy = Faults(service.url, kind, seed, calm, RATES.get(kind, RATE), MOST.get(kind, 1 << 30))
    account = Account(program, folder / "client", Served(proxy.url, service.key, service.secret), *SMALL)
    try:
        began = time.monotonic()
        ended = account.run("run", "--all", "--json", "--yes", limit=LIMIT)
        seconds = time.monotonic() - began
        proxy.off = True
        calls = proxy.calls
        cleaned = account.run("cleanup", "--yes", "--json", limit=LIMIT)
        # Making clients is not safe in threads.
        with ONE:
            cloud = aws.Aws(service)
            left = leftovers.of_demo(cloud, "bankdm") + leftovers.log_groups(cloud)
    finally:
        proxy.close()
        service.close()
    return Result(kind, seed, ended, cleaned, left, round(seconds, 1), proxy.injected, calls)


def named(number):
    """What a run is called."""
    return f"{list(KINDS)[number % len(KINDS)]}-{number // len(KINDS)}"


@pytest.mark.parametrize("number", range(COUNT), ids=named)
def test_a_run_with_faults_ends_with_a_reason(results, number):
    result = results[number]
    lines, err = result.ended.lines, result.ended.err
    # Few calls give a role to a service: a seed may spare all of them.
    assert result.faults or result.kind in RATES, "nothing happened"
    if result.ended.code == 0:
        assert lines[-1]["event"] == "summary" and lines[-1]["ok"]
        return
    assert result.ended.code in (1, 3), result.ended
    assert err.startswith("error: ") and "why:" in err, err
    assert "next:" in err, err
    if result.kind in ("throttling", "expired", "denied", "role not yet known"):
        assert WORDS in err, err
    if lines:
        assert lines[-1]["event"] == "summary" and not lines[-1]["ok"], lines
        failed = [line for line in lines if line["event"] == "failed"]
        assert len(failed) == 1 and failed[0]["message"], lines


@pytest.mark.parametrize("number", range(COUNT), ids=named)
def test_nothing_is_left_after_a_cleanup(results, number):
    result = results[number]
    assert result.cleaned.code == 0, result.cleaned
    assert result.left == []
