"""Servers that answer like AWS and were written by others."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from server import Served, environment

PATIENCE = 60


class Independent(Served):
    """A server of a package of this interpreter, until it is closed. Any key does."""

    def __init__(self, folder, port, script, health, *arguments, **variables):
        self.log = folder / f"{script}.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [str(Path(sys.executable).parent / script), *arguments],
                stdout=log,
                stderr=log,
                cwd=folder,
                env=environment(**variables),
            )
        super().__init__(f"http://127.0.0.1:{port}", "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
        end = time.monotonic() + PATIENCE
        while not answers(self.url + health):
            assert self.process.poll() is None and time.monotonic() < end, self.log.read_text()
            time.sleep(0.05)

    def close(self):
        """Ends it."""
        self.process.terminate()
        self.process.wait(timeout=30)


def moto(folder):
    """moto's server, with the managed policies of IAM."""
    port = free_port()
    arguments = ["-H", "127.0.0.1", "-p", str(port)]
    return Independent(folder, port, "moto_server", "/moto-api/data.json", *arguments, MOTO_IAM_LOAD_MANAGED_POLICIES="true")


def ministack(folder):
    """ministack, which keeps nothing."""
    port = free_port()
    return Independent(folder, port, "ministack", "/_ministack/health", GATEWAY_PORT=str(port), IOT_MTLS_ENABLED="0", SFTP_ENABLED="0")


def free_port():
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def answers(url):
    """Whether there is an HTTP answer."""
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def without_settings(url):
    """The environment of somebody who has nothing but an address: no key, no files of AWS, no instance that has a role."""
    nowhere = os.devnull
    return environment(
        AWS_ENDPOINT_URL=url, AWS_CONFIG_FILE=nowhere, AWS_SHARED_CREDENTIALS_FILE=nowhere, AWS_EC2_METADATA_DISABLED="true"
    )
