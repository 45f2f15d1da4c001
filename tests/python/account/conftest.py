"""Accounts that are not the program's own: independent servers, and the program that works in them."""

import urllib.request

import pytest

import aws
import independent
from commands import Account
from front import Front, Gaps
from server import Served

@pytest.fixture(scope="session")
def moto_server(tmp_path_factory):
    """moto."""
    server = independent.moto(tmp_path_factory.mktemp("moto"))
    yield server
    server.close()


@pytest.fixture(scope="session")
def moto_clients(moto_server):
    """boto3's clients of moto: making them takes longer than using them."""
    return aws.Aws(moto_server)


@pytest.fixture
def moto(moto_server, moto_clients):
    """moto with nothing in it."""
    urllib.request.urlopen(urllib.request.Request(f"{moto_server.url}/moto-api/reset", method="POST")).close()
    return moto_clients


@pytest.fixture
def gaps():
    """What is answered in moto's place."""
    return Gaps()


@pytest.fixture
def account(program, moto, moto_server, gaps, tmp_path):
    """The program in moto's account, whose gaps are closed, with a warehouse of the kind that moto has."""
    front = Front(moto_server.url, gaps)
    yield Account(program, tmp_path, Served(front.url, moto_server.key, moto_server.secret), "warehouse.kind=provisioned")
    front.close()
