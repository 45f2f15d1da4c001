"""The program under test, and its `serve`."""

import dataclasses
import os
import re
import subprocess

import aws


def environment(**more):
    """This process's environment without settings of the program or of AWS."""
    return {**{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SHIFTDECK_"))}, **more}


def command(program, state, target="local"):
    """The program with a state directory."""
    return [program, "--state-dir", str(state), "--target", target, "--region", aws.REGION]


@dataclasses.dataclass
class Served:
    """Where an embedded AWS is, and the key to sign with."""

    url: str
    key: str
    secret: str

    @property
    def variables(self):
        """The environment of other programs."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": aws.REGION,
            "AWS_DEFAULT_REGION": aws.REGION,
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
        }


class Server(Served):
    """`shiftdeck serve` on a state directory, until it is closed."""

    def __init__(self, program, state, *arguments, **variables):
        self.log = state / "serve.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*command(program, state), "serve", "--addr", "127.0.0.1:0", "--pg", "127.0.0.1:0", *arguments],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=environment(**variables),
            )
        first, export, warehouse = (self.process.stdout.readline() for _ in range(3))
        assert first.startswith("serving on http://"), first + self.log.read_text()
        assert export.startswith("export "), export
        # Host and port of the warehouse.
        self.postgres = warehouse.split(": ")[-1].strip()
        variables = dict(re.findall(r"(\w+)=(\S+)", export))
        # boto3 and the AWS CLI of version 1 know the second of the two.
        assert variables["AWS_REGION"] == variables.get("AWS_DEFAULT_REGION") == aws.REGION, export
        super().__init__(variables["AWS_ENDPOINT_URL"], variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"])

    def close(self):
        """Ends it."""
        self.process.terminate()
        self.process.wait(timeout=30)
