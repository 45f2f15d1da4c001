"""An account fails in front of an audience, at a moment that nobody has chosen: the presentation goes on.

SHIFTDECK_FAILOVERS is how often; SHIFTDECK_FAILOVER_REPORT the file that the figures of each are written to, as JSON lines.
"""

import json
import os
import random

import pytest

from commands import Account
from line import WAYS, Line
from presentation import Presentation
from server import Served, Server, command, environment

COUNT = int(os.environ.get("SHIFTDECK_FAILOVERS", "2"))
SMALL = [word for setting in ("data.sample_rows=20000", "local.pace=instant") for word in ("--set", setting)]
# How long a presentation takes that is pressed on as soon as the screen is still.
WHOLE = 24


@pytest.fixture(scope="module")
def recording(program, tmp_path_factory):
    """A recording of the whole presentation, made on an account."""
    folder = tmp_path_factory.mktemp("recorded")
    server = Server(program, folder, *SMALL)
    file = folder / "talk.rec"
    account = Account(program, folder / "state", server, "data.sample_rows=20000")
    account.done("--record", str(file), "rehearse", "--yes")
    server.close()
    return file


@pytest.mark.parametrize("number", range(COUNT))
def test_the_presentation_goes_on_wherever_the_account_fails(program, recording, tmp_path, number):
    generator = random.Random(number)
    way, moment = WAYS[number % len(WAYS)], generator.uniform(0, WHOLE)
    (tmp_path / "served").mkdir()
    server = Server(program, tmp_path / "served", *SMALL)
    line = Line(server.url)
    served = Served(line.url, server.key, server.secret)
    presentation = Presentation(
        [*command(program, tmp_path / "state", "aws"), *SMALL[:2], "--fallback", str(recording)], environment(**served.variables)
    )
    try:
        presentation.until(moment)
        line.cut(way)
        # Somebody has to notice it first; the last press may still be on its way to the screen.
        presentation.screen.settle(quiet=generator.uniform(0.3, 0.6), most=2)
        place = presentation.at
        seconds = presentation.go_over()
        assert presentation.at == place, f"{place}:\n{presentation.screen.text}"
        if os.environ.get("SHIFTDECK_FAILOVER_REPORT"):
            with open(os.environ["SHIFTDECK_FAILOVER_REPORT"], "a") as report:
                report.write(json.dumps({"number": number, "way": way, "after": round(moment, 1), "place": place, "seconds": round(seconds, 3)}) + "\n")

        presentation.to_the_end()
        assert presentation.done() == set(range(1, 9)), presentation.screen.text
        assert presentation.is_over
        presentation.screen.press("\x1b")
        presentation.screen.settle(quiet=0.5, most=3)
        # The audience is told nothing but the mark.
        header = presentation.screen.display.display[0]
        assert "AWS" in header and "replay" not in header, header

        # The network is there again, and the presenter goes back.
        line.mend()
        for _ in range(40):
            presentation.screen.settle(quiet=1, most=1)
            presentation.screen.press("\x1b0")
            presentation.screen.settle(quiet=0.5, most=2)
            if not presentation.is_over:
                break
        assert not presentation.is_over, presentation.screen.text
    finally:
        code = presentation.close()
        line.close()
        server.close()
    assert code == 0
