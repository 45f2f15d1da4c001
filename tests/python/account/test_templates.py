"""The templates of the stacks, by the schemas of CloudFormation: cfn-lint has them, and comes with moto."""

import json
import pathlib

import cfnlint
import pytest

STACKS = pathlib.Path(__file__).parents[3] / "assets" / "stacks"
REGIONS = ["us-east-1", "us-west-1", "eu-central-1"]


def problems(template):
    """What cfn-lint says of a template."""
    return [str(match) for match in cfnlint.lint(template, regions=REGIONS)]


@pytest.mark.parametrize("name", ["network", "studio"])
def test_a_template_follows_the_schemas(name):
    assert problems((STACKS / f"{name}.json").read_text()) == []


def test_a_mistake_would_be_found():
    template = json.loads((STACKS / "network.json").read_text())
    template["Resources"]["Vpc"]["Properties"]["Cidr"] = "10.0.0.0/16"
    assert "Cidr" in "\n".join(problems(json.dumps(template)))
