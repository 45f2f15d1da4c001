"""What an audience sees of a whole presentation on an account: no secret, no number of the account, no name of a person, no address in it."""

import dataclasses
import json
import re

import pytest

import aws
from presentation import Presentation
from server import Served, Server, command, environment

SMALL = ["--set", "data.sample_rows=20000"]
# As an administrator of a company would be logged in: the session of a role has the person's name.
PERSON = "jane.canary"
# The number of the account, as the audience sees it.
HIDDEN = "AWS ••••••••••••"
# Where a warehouse or a studio is reached.
ADDRESS = re.compile(r"[\w-]+(?:\.[\w-]+)*\.(?:redshift|redshift-serverless|studio)\.[\w.-]+")


@dataclasses.dataclass
class Presented:
    """Every frame of a presentation, what the terminal got, and what nobody was to see."""

    frames: list
    sent: bytes
    places: set
    secrets: dict


@pytest.fixture(scope="module")
def presented(program, tmp_path_factory):
    """Everything from the first step to the end of the cleanup, each key pressed as a presenter does."""
    service = tmp_path_factory.mktemp("service")
    server = Server(program, service, *SMALL, "--set", "local.pace=instant")
    cloud = aws.Aws(server)
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
    role = cloud.client("iam").create_role(RoleName="presenter", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    keys = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName=PERSON)["Credentials"]
    variables = environment(
        **Served(server.url, keys["AccessKeyId"], keys["SecretAccessKey"]).variables, AWS_SESSION_TOKEN=keys["SessionToken"]
    )
    presentation = Presentation([*command(program, tmp_path_factory.mktemp("person"), "aws"), *SMALL], variables)
    places = set(presentation.to_the_end())
    password = json.loads(cloud.client("secretsmanager").get_secret_value(SecretId="bankdm_redshift_login")["SecretString"])["password"]
    # On an account the name of the demonstration has to be typed.
    presentation.screen.press("BankDM\r")
    presentation.screen.until(lambda text: 9 in presentation.done(), "the end of the cleanup")
    presentation.on()
    presentation.screen.until(lambda text: presentation.place(text) == (9, "notice"), "its result")
    presentation.screen.settle(most=3)
    assert presentation.close() == 0
    server.close()
    secrets = {
        "password": password,
        "key": keys["AccessKeyId"],
        "secret key": keys["SecretAccessKey"],
        "session token": keys["SessionToken"],
        "account": cloud.account,
        "person": PERSON,
    }
    return Presented(presentation.screen.frames, presentation.screen.sent, places, secrets)


def test_every_beat_was_seen(presented):
    beats = {(step, beat) for step in range(1, 9) for beat in ("say", "show", "do", "notice")}
    # A step that takes no time has no beat in which one sees it run.
    assert {(step, beat) for step, beat in beats if beat != "do"} <= presented.places, presented.places
    assert any(HIDDEN in frame for frame in presented.frames)


@pytest.mark.parametrize("what", ["password", "key", "secret key", "session token", "account", "person"])
def test_nothing_private_is_on_the_screen(presented, what):
    secret = presented.secrets[what]
    assert [frame for frame in presented.frames if secret in frame] == []
    # What is drawn piece by piece reaches the terminal in one piece somewhere, as a rule.
    assert secret.encode() not in presented.sent


def test_no_address_in_the_account_is_on_the_screen(presented):
    assert {found[0] for frame in presented.frames for found in ADDRESS.finditer(frame)} == set()
