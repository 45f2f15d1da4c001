"""Measures what latency costs the checklist: `status` on an account whose every call takes some time longer.

    python benches/checklist.py --program target/debug/shiftdeck [--latency 100] [--runs 5]

Prints one line of JSON: milliseconds of `status --json` as `--target aws` against `serve`, all of the demonstration there, without and with the
latency, and the difference in round trips. The first call of `status` (whose account it is) is one of them; a connection is made for each
call that goes at the same time as others. The Python needs tests/python/requirements.txt.
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

from recorder import Recorder, received  # noqa: E402
from server import Server, command, environment  # noqa: E402


class Slow(Recorder):
    """Answers every request some seconds later."""

    def __init__(self, url, seconds):
        super().__init__(url)
        self.seconds = seconds

    def pass_on(self, handler):
        body = received(handler)
        time.sleep(self.seconds)
        self.send_back(handler, self.ask(handler, body))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--latency", type=float, default=100, help="milliseconds")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        state = pathlib.Path(directory)
        subprocess.run([*command(options.program, state), "run", "--all", "--json"], check=True, capture_output=True, env=environment())
        server = Server(options.program, state)
        try:
            plain = measured(options, server, 0)
            slow = measured(options, server, options.latency / 1000)
        finally:
            server.close()
    trips = (slow - plain) / options.latency
    print(json.dumps({"plain_ms": round(plain), "slow_ms": round(slow), "latency_ms": options.latency, "round_trips": round(trips, 2)}))


def measured(options, server, seconds):
    """The median of some runs, in milliseconds."""
    proxy = Slow(server.url, seconds)
    with tempfile.TemporaryDirectory() as directory:
        client = [*command(options.program, pathlib.Path(directory), target="aws"), "status", "--json"]
        variables = environment(**{**server.variables, "AWS_ENDPOINT_URL": proxy.url})
        taken = []
        for _ in range(options.runs):
            began = time.perf_counter()
            subprocess.run(client, check=True, capture_output=True, env=variables)
            taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


if __name__ == "__main__":
    main()
