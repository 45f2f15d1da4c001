"""One call of a run fails, once: the run ends soon and says why, and a cleanup finds what was made before it.

SHIFTDECK_SINGLE_FAULTS is how many calls of all that a run makes fail, each in a run of its own, with a fault by chance; without it only those
that once left something behind.
"""

import concurrent.futures
import dataclasses
import itertools
import os
import random
import subprocess

import pytest

import aws
import leftovers
from commands import Account, Ended
from faults import WORDLESS, Once
from server import Served, Server
from test_faults import AT_ONCE, ONE, SMALL

COUNT = int(os.environ.get("SHIFTDECK_SINGLE_FAULTS", 0))
# A healthy run takes five seconds, and a fault that is no good to try again costs it no more.
LIMIT = 90
# Kind of fault, the call by service and operation, which one of them, and whether it fails after the service has done it.
KNOWN = [
    # A bucket that was made and has no tag yet: its tags and its openness are read before it gets one.
    ("denied", "s3 GET 1 tagging", 1, False),
    ("denied", "s3 GET 1 publicAccessBlock", 1, False),
    ("expired", "s3 GET 1 tagging", 1, False),
    ("malformed", "s3 PUT 1", 1, True),
    # A namespace or a workgroup that nobody has made is waited for.
    ("empty", "redshift-serverless GetNamespace", 2, True),
    ("empty", "redshift-serverless GetWorkgroup", 2, True),
]


@dataclasses.dataclass
class Result:
    """A run with one fault, the cleanup without one, and what was left."""

    fault: tuple
    ended: Ended | None
    cleaned: Ended
    left: list
    injected: list


@pytest.fixture(scope="module")
def results(program, tmp_path_factory):
    """All runs, those of the known faults first."""
    faults = KNOWN + drawn(program, tmp_path_factory.mktemp("healthy"))
    folders = [tmp_path_factory.mktemp(f"single{number}") for number in range(len(faults))]
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda each: run(program, *each), zip(folders, faults)))


def drawn(program, folder):
    """Calls of a healthy run with a fault for each, by chance and yet the same each time."""
    if not COUNT:
        return []
    made = run(program, folder, ("denied", "nothing", 0, False)).injected
    calls = [(name, nth) for name, count in sorted(made.items()) for nth in sorted({1, (count + 1) // 2, count})]
    kinds = [("denied", False), ("expired", False), ("malformed", False), ("malformed", True), ("empty", True)]
    # An answer to HEAD has no body: it can neither say why nor be empty.
    all_of_them = [
        (kind, *call, after) for (kind, after), call in itertools.product(kinds, calls) if kind == "malformed" or f" {WORDLESS}" not in call[0]
    ]
    return random.Random(1).sample(all_of_them, min(COUNT, len(all_of_them)))


def run(program, folder, fault):
    """One run with its cleanup, in an account of its own."""
    (folder / "service").mkdir()
    service = Server(program, folder / "service")
    proxy = Once(service.url, *fault)
    account = Account(program, folder / "client", Served(proxy.url, service.key, service.secret), *SMALL)
    try:
        try:
            ended = account.run("run", "--all", "--json", "--yes", limit=LIMIT)
        except subprocess.TimeoutExpired:
            ended = None
        proxy.off = True
        injected = proxy.injected or dict(proxy.made)
        cleaned = account.run("cleanup", "--yes", "--json", limit=LIMIT)
        # Making clients is not safe in threads.
        with ONE:
            cloud = aws.Aws(service)
            left = leftovers.of_demo(cloud, "bankdm") + leftovers.log_groups(cloud)
    finally:
        proxy.close()
        service.close()
    return Result(fault, ended, cleaned, left, injected)


def named(number):
    """What a run is called."""
    return f"{KNOWN[number][0]}-{KNOWN[number][1]}".replace(" ", "-") if number < len(KNOWN) else f"drawn-{number - len(KNOWN)}"


every = pytest.mark.parametrize("number", range(len(KNOWN) + COUNT), ids=named)


@pytest.fixture
def result(results, number):
    """A run whose call has failed. How often an account is asked whether something has ended is not always the same."""
    if number >= len(results):
        pytest.skip("a run has no more calls")
    if number >= len(KNOWN) and results[number].injected != [results[number].fault[1]]:
        pytest.skip("the run did not come to that call")
    return results[number]


@every
def test_a_run_with_one_fault_ends_with_a_reason(result):
    assert result.injected == [result.fault[1]], f"{result.fault} did not happen"
    assert result.ended, f"{result.fault}: still at work after {LIMIT} seconds"
    if result.ended.code:
        assert result.ended.code in (1, 3), result
        assert result.ended.err.startswith("error: ") and "why:" in result.ended.err and "next:" in result.ended.err, result


@every
def test_nothing_is_left_after_it(result):
    assert result.cleaned.code == 0, result
    assert result.left == [], f"{result.fault}: {result.ended and result.ended.err}"
