"""No secret leaves the program: not to a file, to its output, to its log, to the screen or to the list of processes.

The canaries are the warehouse's password, which the program makes and nobody is meant to read; the key that it signs with; and what a person
writes into a statement. The service's own store and log are its own.
"""

import base64
import dataclasses
import json
import re
import subprocess
import urllib.parse

import pytest

import aws
from commands import Account
from faults import Faults
from front import Front
from screen import Screen
from server import Served, Server, command, environment

SMALL = [word for setting in ("data.sample_rows=1500", "mlops.num_round=3", "mlops.auc_floor=0.5") for word in ("--set", setting)]
USER, KEY, MASTER, TORN = "CanaryUser-7hQ", "CanaryKey/9+zW", "CanaryMaster=3kP", "CanaryTorn-4vB"
# A person may write these; the third ends in the middle of its text.
STATEMENTS = {
    "user": f"CREATE USER canary PASSWORD '{USER}'",
    "keys": f"COPY dm.data FROM 's3://x/y' CREDENTIALS 'aws_access_key_id=AKIAX;aws_secret_access_key={KEY}'",
    "unload": f"UNLOAD ('SELECT 1') TO 's3://x/y' ACCESS_KEY_ID 'AKIAX' SECRET_ACCESS_KEY '{KEY}' MASTER_SYMMETRIC_KEY '{MASTER}' ENCRYPTED",
}
COMMANDS = [
    ["run", "--all", "--json", "--yes"],
    ["run", "--all"],
    ["status"],
    ["status", "--json"],
    ["doctor"],
    ["doctor", "--json"],
    ["doctor", "--policy"],
    ["config"],
    ["predict", "--sample", "3"],
    ["predict", "--sample", "1", "--explain", "--compare"],
    ["pipeline", "list"],
    ["pipeline", "show"],
    ["model", "list", "--json"],
    ["model", "show"],
    ["endpoint", "list"],
    ["explore", "age"],
    ["sql", "-e", "SELECT * FROM dm.data LIMIT 3"],
    ["sql", "-e", "SELECT * FROM pg_user"],
    ["sql", "-e", "SELECT * FROM sys_query_history", "--format", "json"],
    ["sql", "--engine", "athena", "-e", "SELECT count(*) FROM bankdm.bankdm_glue"],
    ["cleanup", "--dry-run", "--json"],
]


@dataclasses.dataclass
class Evidence:
    """What was seen of the program, by where: bytes. And what must not be in it."""

    seen: dict
    canaries: dict


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The directories of a person: everything that the program writes is below."""
    return tmp_path_factory.mktemp("person")


@pytest.fixture(scope="module")
def service(program, tmp_path_factory):
    """The service, with a directory of its own."""
    server = Server(program, tmp_path_factory.mktemp("service"))
    yield server
    server.close()


@pytest.fixture(scope="module")
def cloud(service):
    """boto3's clients of it."""
    return aws.Aws(service)


@pytest.fixture(scope="module")
def credentials(cloud):
    """Keys of a session, so that there is a token too."""
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
    role = cloud.client("iam").create_role(RoleName="canary", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    return cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="canary")["Credentials"]


@pytest.fixture(scope="module")
def variables(credentials, home):
    """The environment of a person: where things are, and the keys; the address is that of a proxy."""

    def variables(url, **more):
        return environment(
            **Served(url, credentials["AccessKeyId"], credentials["SecretAccessKey"]).variables,
            AWS_SESSION_TOKEN=credentials["SessionToken"],
            HOME=str(home / "home"),
            XDG_CONFIG_HOME=str(home / "config"),
            XDG_CACHE_HOME=str(home / "cache"),
            XDG_DATA_HOME=str(home / "data"),
            **more,
        )

    return variables


@pytest.fixture(scope="module")
def evidence(program, service, cloud, credentials, variables, home):
    """Everything that a person does, and what is seen of it."""
    seen = {}
    proxy = Front(service.url, lambda asked, body: None)
    state = home / "state"
    base = [*command(program, state, "aws"), "-vv", *SMALL]
    watched = variables(proxy.url)

    def run(name, arguments, variables=watched, text=None):
        process = subprocess.Popen(
            [*base, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=variables, cwd=home
        )
        seen[f"arguments of {name}"] = command_line(process.pid)
        seen[f"output of {name}"], seen[f"errors of {name}"] = process.communicate(text and text.encode(), timeout=120)
        return process.returncode

    assert run("run", COMMANDS[0]) == 0, seen["errors of run"]
    secret = json.loads(cloud.client("secretsmanager").get_secret_value(SecretId="bankdm_redshift_login")["SecretString"])
    for arguments in COMMANDS[1:]:
        code = run(" ".join(arguments), arguments)
        assert code in (0, 1), seen[f"errors of {' '.join(arguments)}"]
    for name, sql in STATEMENTS.items():
        for engine in ("redshift", "athena"):
            run(f"{name} on {engine}", ["sql", "--engine", engine, "--yes", "-f", "-"], text=sql)
            run(f"rehearsal of {name} on {engine}", ["sql", "--engine", engine, "--dry-run", "-f", "-"], text=sql)
    screen = walk(base, watched, seen)
    seen["frames"] = "\n\f\n".join(screen.frames).encode()
    seen["what the terminal got"] = screen.sent
    for kind in ("malformed", "denied", "server error"):
        faulty = Faults(service.url, kind, 7, calm=5)
        run(f"status with {kind}", ["status"], variables(faulty.url))
        run(f"run with {kind}", ["run", "--all", "--json"], variables(faulty.url)) if kind != "server error" else None
        faulty.close()
    assert run("cleanup", ["cleanup", "--yes"]) == 0
    proxy.close()
    for file in home.rglob("*"):
        if file.is_file():
            seen[f"file {file.relative_to(home)}"] = file.read_bytes()
    assert len(seen["file state/shiftdeck.log"]) > 10_000, "the log was written"
    canaries = {
        "password": secret["password"],
        "secret key": credentials["SecretAccessKey"],
        "session token": credentials["SessionToken"],
        "password of a user": USER,
        "key in a statement": KEY,
        "symmetric key": MASTER,
    }
    return Evidence(seen, canaries)


# The account's id, as the audience sees it.
HIDDEN = "AWS ••••••••••••"


def walk(base, variables, seen):
    """Walks through the panes, with something done in each."""
    screen = Screen(base, variables)
    screen.until(lambda text: "Walkthrough" in text and HIDDEN in text)
    seen["arguments of the screen"] = command_line(screen.process.pid)
    for pane in "1234567":
        screen.press(f"\x1b{pane}")
        screen.settle(most=2)
    # Views of the pipeline's pane: graph, runs, models, endpoints.
    screen.press("\x1b4")
    for view in "gume":
        screen.press(view)
        screen.settle(most=1)
    screen.press("\x1b3SELECT * FROM pg_user\x12")
    screen.until(lambda text: re.search(r"Failed after|\d+ rows?", text), "the result")
    screen.press("\x1b2")
    screen.settle(most=2)
    assert screen.close() == 0
    return screen


def command_line(process):
    """What the list of processes shows of a process."""
    with open(f"/proc/{process}/cmdline", "rb") as file:
        return file.read()


def forms(secret):
    """A secret as it may be written: plain, escaped for JSON or a URL, in base64 wherever it begins in what is encoded."""
    raw = secret.encode()
    yield raw
    yield json.dumps(secret)[1:-1].encode()
    yield json.dumps(secret)[1:-1].replace("/", "\\/").encode()
    yield urllib.parse.quote(secret, safe="").encode()
    yield urllib.parse.quote_plus(secret).encode()
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw)
        # What the neighbours have a part in is left out.
        yield encoded[4 * (shift > 0) : len(encoded) - 4]
        yield base64.urlsafe_b64encode(b"\0" * shift + raw)[4 * (shift > 0) : len(encoded) - 4]
    yield raw.hex().encode()


def places(evidence, canary):
    """Where a canary is."""
    wanted = set(forms(evidence.canaries[canary]))
    return [place for place, content in evidence.seen.items() if any(form in content for form in wanted)]


def told_of_statements(place):
    """Whether a place is what the program says of a statement that a person wrote."""
    said = re.match(r"(?:output|errors) of (?:rehearsal of )?(\w+) on ", place)
    return said is not None and said[1] in STATEMENTS


CANARIES = ["password", "secret key", "session token", "password of a user", "key in a statement", "symmetric key"]


def test_the_account_is_on_no_screen(evidence):
    assert HIDDEN.encode() in evidence.seen["frames"]
    assert [place for place in ("frames", "what the terminal got") if b"000000000000" in evidence.seen[place]] == []


@pytest.mark.parametrize("canary", CANARIES)
def test_a_secret_is_nowhere(evidence, canary):
    assert [place for place in places(evidence, canary) if not told_of_statements(place)] == []


@pytest.mark.parametrize("canary", CANARIES[3:])
def test_a_secret_in_a_statement_is_not_repeated(evidence, canary):
    assert [place for place in places(evidence, canary) if told_of_statements(place)] == []


def test_there_is_something_to_search(evidence):
    """The search finds what is there: names of the demonstration in the log, on the screen and in the output."""
    for place in ("file state/shiftdeck.log", "frames", "output of run", "output of status"):
        assert b"bankdm" in evidence.seen[place], place


@pytest.fixture(scope="module")
def warehouse(evidence, program, service, tmp_path_factory):
    """A warehouse again, after all that was removed."""
    Account(program, tmp_path_factory.mktemp("again"), service).done("run", "foundation")


def typed(program, service, variables, state, sql):
    """Types a statement on the screen, runs it, removes it, and leaves; gives what is in the files afterwards."""
    proxy = Front(service.url, lambda asked, body: None)
    screen = Screen([*command(program, state, "aws"), "-vv", *SMALL], variables(proxy.url))
    screen.until(lambda text: HIDDEN in text)
    screen.press("\x1b3" + sql)
    screen.until(lambda text: sql[-10:] in text)
    screen.press("\x12")
    screen.until(lambda text: "Failed after" in text, "the refusal")
    screen.press("\x01\x7f")
    screen.settle(most=1)
    assert screen.close() == 0
    proxy.close()
    return {str(file.relative_to(state)): file.read_bytes() for file in state.rglob("*") if file.is_file()}


def test_a_secret_that_was_typed_is_in_no_file(warehouse, program, service, variables, tmp_path):
    files = typed(program, service, variables, tmp_path, f"ALTER USER canary PASSWORD '{USER}'")
    assert b"'***'" in files["console/history.jsonl"]
    assert [name for name, content in files.items() if USER.encode() in content] == []


def test_a_secret_in_a_message_is_in_no_file(warehouse, program, service, variables, tmp_path):
    files = typed(program, service, variables, tmp_path, f"ALTER USER canary PASSWORD '{TORN}")
    assert [name for name, content in files.items() if TORN.encode() in content] == []


def test_a_statement_is_in_no_trace(warehouse, program, service, variables, tmp_path):
    ended = subprocess.run(
        [*command(program, tmp_path, "aws"), "sql", "-f", "-"],
        input=STATEMENTS["user"],
        capture_output=True,
        text=True,
        env=variables(service.url, SHIFTDECK_LOG="trace"),
        timeout=120,
    )
    assert ended.returncode == 1
    assert USER not in (tmp_path / "shiftdeck.log").read_text(errors="replace")


def test_files_are_the_persons_own(evidence, home):
    """What the console keeps is for nobody else's eyes."""
    modes = {file.name: file.stat().st_mode & 0o777 for file in (home / "state" / "console").iterdir()}
    assert modes.pop("lock") in (0o600, 0o644)
    assert modes and set(modes.values()) == {0o600}, modes


def test_a_wrong_key_is_not_repeated(program, service, variables, tmp_path):
    wrong = {**variables(service.url), "AWS_SECRET_ACCESS_KEY": "CanaryWrong+5tR", "AWS_SESSION_TOKEN": "CanaryToken/8mN"}
    account = Account(program, tmp_path, service)
    ended = account.run("-vv", "status", variables=wrong)
    assert ended.code == 3 and "next:" in ended.err, ended
    everything = ended.out + ended.err + "".join(file.read_text(errors="replace") for file in tmp_path.rglob("*") if file.is_file())
    assert "CanaryWrong" not in everything and "CanaryToken" not in everything
