"""What was recorded of an account plays to the screens that it was recorded from, beat by beat.

SHIFTDECK_REPLAYS is how many recordings are made; each is played twice, once without waiting and once at a multiple of its own pace.
"""

import os
import subprocess

import pytest

from commands import Account
from server import Server, command, environment

COUNT = int(os.environ.get("SHIFTDECK_REPLAYS", "1"))
ROWS = "data.sample_rows=20000"
PACES = ["fast", "8"]
# A presentation of nine steps has four beats each.
BEATS = 9 * 4


@pytest.fixture(scope="module", params=range(COUNT))
def recorded(request, program, tmp_path_factory):
    """A recording of the whole presentation on an account, and the report of what was seen."""
    folder = tmp_path_factory.mktemp("recorded")
    server = Server(program, folder, "--set", "local.pace=instant")
    account = Account(program, folder / "state", server, ROWS)
    account.done("--record", str(folder / "talk.rec"), "rehearse", "--yes", "--report", str(folder / "seen"))
    server.close()
    return folder


@pytest.mark.parametrize("pace", PACES)
def test_a_recording_plays_to_the_screens_that_it_was_made_from(program, recorded, tmp_path, pace):
    assert len(list((recorded / "seen" / "screens").glob("*.txt"))) == BEATS
    play = subprocess.run(
        [*command(program, tmp_path, f"replay:{recorded / 'talk.rec'}"), "--set", f"replay.pace={pace}", "rehearse", "--like", str(recorded / "seen")],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=300,
    )
    assert play.returncode == 0, play.stdout + play.stderr
    assert "9 of 9 steps are as they should be" in play.stdout
