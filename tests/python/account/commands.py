"""The program in an account."""

import dataclasses
import json
import subprocess

from server import command, environment

# No command may take longer, whatever the account answers.
LIMIT = 120


@dataclasses.dataclass
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self):
        """Its JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


class Account:
    """Runs the program in an account."""

    def __init__(self, program, state, served, *settings):
        self.command = command(program, state, "aws")
        self.settings = [word for setting in settings for word in ("--set", setting)]
        self.served = served

    def run(self, *arguments, variables=None, limit=LIMIT):
        """Runs a command to its end."""
        variables = environment(**self.served.variables) if variables is None else variables
        done = subprocess.run(
            [*self.command, *self.settings, *arguments], capture_output=True, text=True, env=variables, stdin=subprocess.DEVNULL, timeout=limit
        )
        assert "panicked" not in done.stdout + done.stderr, done.stderr
        return Ended(done.returncode, done.stdout, done.stderr)

    def done(self, *arguments):
        """The same, of a command that has to succeed."""
        ended = self.run(*arguments)
        assert ended.code == 0, ended.out + ended.err
        return ended
