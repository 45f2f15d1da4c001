"""What the tests of more than one client need: the AWS CLI, and the login of the warehouse's port."""

import contextlib
import io
import json

import awscli.clidriver
import pytest


@pytest.fixture
def cli(served, tmp_path, monkeypatch):
    """Runs a command and gives what it printed: read from JSON, unless it is of `s3`. With `fails` it gives the complaint of one that fails."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_PAGER", "")
    monkeypatch.chdir(tmp_path)

    def run(*arguments, fails=False):
        for name, value in served.variables.items():
            monkeypatch.setenv(name, value)
        printed, complained = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(complained):
            try:
                code = awscli.clidriver.create_clidriver().main(list(arguments))
            except SystemExit as ended:
                code = ended.code
        text, complaint = (stream.buffer.getvalue().decode() for stream in (printed, complained))
        assert (code != 0) == fails, text + complaint
        if fails:
            return complaint
        return json.loads(text) if text.lstrip().startswith(("{", "[")) else text

    return run


@pytest.fixture(scope="session")
def login(cloud, server):
    """Host, port, database, user and password, as the secret of the demonstration has them."""
    secret = json.loads(cloud.client("secretsmanager").get_secret_value(SecretId="bankdm_redshift_login")["SecretString"])
    host, port = server.postgres.split(":")
    return {"host": host, "port": int(port), "dbname": "bankdm", "user": secret["username"], "password": secret["password"]}
