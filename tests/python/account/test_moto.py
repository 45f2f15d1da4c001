"""The program in the account of moto: what it makes, what it finds, what it removes, and what it leaves alone.

moto has no Redshift Serverless and none of the calls in `Gaps`. Where a test closes these gaps, all else is moto's.
"""

import json
import threading
import urllib.request

import pytest

import answers
import decoys
from account import contents
from commands import Account
from front import Front
from independent import free_port, without_settings
from server import Served, environment

OURS = 8
NEAR = {
    "begins like it": lambda name: f"{name}-old",
    "contains it": lambda name: f"x-{name}-x",
    "is longer by a letter": lambda name: f"{name}s",
}


def kinds(document):
    """What a plan removes."""
    return sorted((each["kind"], each["name"]) for each in json.loads(document)["removals"])


def test_a_foundation_is_laid_once_and_taken_away(account, moto, gaps):
    first, second = account.done("run", "foundation", "--json"), account.done("run", "foundation", "--json")
    assert first.lines[-1]["steps"]["foundation"]["changed"] and not second.lines[-1]["steps"]["foundation"]["changed"]
    made = contents(moto)
    assert len(made) == OURS, list(made)
    listed = {line["kind"]: line["state"] for line in json.loads(account.done("status", "--json").out)["resources"]}
    assert [listed[kind] for kind in ("Cluster", "Function", "Secret", "S3 bucket", "IAM role", "Model group")] == ["ready"] * 6, listed
    planned = kinds(account.done("cleanup", "--dry-run", "--json").out)
    assert contents(moto) == made, "a rehearsal changes nothing"
    removed = account.done("cleanup", "--yes", "--json").lines[-2]["detail"]["removed"]
    assert sorted(removed) == sorted(f"{kind} {name}" for kind, name in planned)
    assert left(moto, gaps) == {}
    assert "nothing to remove" in account.done("cleanup", "--dry-run").out
    again = account.done("cleanup", "--yes", "--json").lines[-1]["steps"]["cleanup"]
    assert again["ok"] and not again["changed"]


def left(moto, gaps):
    """What is in the account, without the groups of models that the gaps have removed."""
    return {name: what for name, what in contents(moto).items() if name not in {f"model group {group}" for group in gaps.removed_groups}}


def test_a_network_comes_from_a_stack_and_goes_with_it(program, moto, moto_server, gaps, tmp_path):
    """moto does not remove the route tables of a stack, and no network that has one: that is done in its place."""
    ec2, stacks = moto.client("ec2"), moto.client("cloudformation")

    def answer(asked, body):
        if asked.operation == "DeleteStack":
            without_routes(ec2)
        return gaps(asked, body)

    theirs = networks(ec2)
    front = Front(moto_server.url, answer)
    served = Served(front.url, moto_server.key, moto_server.secret)
    account = Account(program, tmp_path, served, "warehouse.kind=provisioned", "stacks.network=true")
    first, second = account.done("run", "foundation", "--json"), account.done("run", "foundation", "--json")
    assert first.lines[-1]["steps"]["foundation"]["changed"] and not second.lines[-1]["steps"]["foundation"]["changed"]
    told = [line["detail"]["state"] for line in first.lines if line.get("detail", {}).get("stack") == "BankDM-network"]
    assert told == ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"], told
    stack = stacks.describe_stacks(StackName="BankDM-network")["Stacks"][0]
    assert {"Key": "shiftdeck:demo", "Value": "BankDM"} in stack["Tags"]
    given = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    group = moto.client("redshift").describe_cluster_subnet_groups(ClusterSubnetGroupName="bankdm-subnet")["ClusterSubnetGroups"][0]
    assert sorted(subnet["SubnetIdentifier"] for subnet in group["Subnets"]) == sorted(given["SubnetIds"].split(","))
    cluster = moto.client("redshift").describe_clusters()["Clusters"][0]
    assert [each["VpcSecurityGroupId"] for each in cluster["VpcSecurityGroups"]] == [given["SecurityGroupId"]]
    zones = {subnet["AvailabilityZone"] for subnet in ec2.describe_subnets(SubnetIds=given["SubnetIds"].split(","))["Subnets"]}
    assert len(zones) == 3, zones
    rules = ec2.describe_security_groups(GroupIds=[given["SecurityGroupId"]])["SecurityGroups"][0]["IpPermissions"]
    assert [(rule["FromPort"], [pair["GroupId"] for pair in rule["UserIdGroupPairs"]]) for rule in rules] == [(5439, [given["SecurityGroupId"]])]
    listed = {line["id"]: line["state"] for line in json.loads(account.done("status", "--json").out)["resources"]}
    assert listed["stack/BankDM-network"] == "ready"
    removed = account.done("cleanup", "--yes", "--json").lines[-2]["detail"]["removed"]
    front.close()
    assert "Stack BankDM-network" in removed and stacks.describe_stacks()["Stacks"] == []
    assert networks(ec2) == theirs and left(moto, gaps) == {}


def networks(ec2):
    """Networks, subnets and groups of the account."""
    vpcs, subnets, groups = ec2.describe_vpcs()["Vpcs"], ec2.describe_subnets()["Subnets"], ec2.describe_security_groups()["SecurityGroups"]
    ids = [vpc["VpcId"] for vpc in vpcs] + [subnet["SubnetId"] for subnet in subnets] + [group["GroupId"] for group in groups]
    return sorted(ids)


def without_routes(ec2):
    """Removes every route table but the main ones."""
    for table in ec2.describe_route_tables()["RouteTables"]:
        for association in table["Associations"]:
            if association.get("SubnetId"):
                ec2.disassociate_route_table(AssociationId=association["RouteTableAssociationId"])
        if not any(association["Main"] for association in table["Associations"]):
            ec2.delete_route_table(RouteTableId=table["RouteTableId"])


@pytest.mark.parametrize("near", NEAR.values(), ids=NEAR)
def test_what_has_a_name_like_the_demonstrations_stays(account, moto, gaps, near):
    decoys.make(moto, decoys.Names(moto.account, near))
    theirs = contents(moto)
    account.done("run", "foundation")
    assert len(contents(moto)) == len(theirs) + OURS
    account.done("cleanup", "--yes")
    assert left(moto, gaps) == theirs


@pytest.mark.parametrize("tags", [decoys.TAGS, {}], ids=["other tags", "no tags"])
def test_what_has_the_demonstrations_name_without_its_tag_stays(account, moto, tags):
    decoys.make(moto, decoys.Names(moto.account), tags)
    theirs = contents(moto)
    refused = account.run("run", "foundation")
    assert refused.code == 1 and "did not make it" in refused.err and "next: choose another `demo.name`" in refused.err, refused.err
    assert json.loads(account.done("cleanup", "--dry-run", "--json").out) == {"removals": []}
    account.done("cleanup", "--yes")
    assert contents(moto) == theirs


def test_what_carries_the_tag_is_removed_whoever_made_it(account, moto, gaps):
    decoys.make(moto, decoys.Names(moto.account, lambda name: f"{name}-old"))
    theirs = contents(moto)
    decoys.make(moto, decoys.Names(moto.account), {"shiftdeck:demo": "BankDM"})
    account.done("cleanup", "--yes")
    ours = set(left(moto, gaps)) - set(theirs)
    # A database of the lake has no tags, and this one has a table that is not the demonstration's.
    assert ours == {"lake database bankdm"} and {name: what for name, what in left(moto, gaps).items() if name in theirs} == theirs


def test_objects_of_others_in_a_bucket_of_ones_own_stay(account, moto):
    moto.s3.create_bucket(Bucket="own-bucket")
    for key in ("bankdm.csv", "bankdm/database.csv", "bankdm2/data/x.csv", "x/bankdm/data/x.csv", "athena/stagings/x.csv"):
        moto.s3.put_object(Bucket="own-bucket", Key=key, Body=b"theirs")
    before = contents(moto)
    account.settings += ["--set", "aws.bucket=own-bucket"]
    account.done("run", "foundation")
    account.done("cleanup", "--yes")
    after = contents(moto)
    assert after["bucket own-bucket"][3] == before["bucket own-bucket"][3]


def test_results_of_others_in_a_bucket_of_ones_own_stay(account, moto):
    moto.s3.create_bucket(Bucket="own-bucket")
    moto.s3.put_object(Bucket="own-bucket", Key="athena/staging/theirs.csv", Body=b"theirs")
    account.settings += ["--set", "aws.bucket=own-bucket"]
    account.done("cleanup", "--yes")
    assert moto.s3.list_objects_v2(Bucket="own-bucket")["KeyCount"] == 1


def test_a_bucket_that_cannot_be_tagged_is_not_left(program, moto, moto_server, gaps, tmp_path):
    def no_tags(asked, body):
        return answers.error(asked, 403, "AccessDenied", "Access Denied") if asked.operation == "PUT 1 tagging" else gaps(asked, body)

    front = Front(moto_server.url, no_tags)
    refused = Account(program, tmp_path, Served(front.url, moto_server.key, moto_server.secret), "warehouse.kind=provisioned")
    assert "could not tag the bucket" in refused.run("run", "foundation").err
    assert refused.run("cleanup", "--yes").code == 0
    front.close()
    assert left(moto, gaps) == {}


def test_a_bucket_is_not_left_when_something_else_fails(program, moto, moto_server, gaps, tmp_path):
    """The bucket is there, and its tags are asked for, when the login is refused."""
    looked, refused = threading.Event(), threading.Event()

    def answer(asked, body):
        if asked.operation == "GET 1 tagging" and not refused.is_set():
            looked.set()
            refused.wait(10)
        if asked.operation == "CreateSecret":
            looked.wait(10)
            refused.set()
            return answers.error(asked, 400, "AccessDeniedException", "User is not authorized")
        return gaps(asked, body)

    front = Front(moto_server.url, answer)
    account = Account(program, tmp_path, Served(front.url, moto_server.key, moto_server.secret), "warehouse.kind=provisioned")
    assert "could not keep the login" in account.run("run", "foundation").err
    assert account.run("cleanup", "--yes").code == 0
    front.close()
    assert left(moto, gaps) == {}


def test_a_call_that_the_account_does_not_have_is_named(program, moto, moto_server, tmp_path):
    bare = Account(program, tmp_path, moto_server, "warehouse.kind=provisioned")
    ended = bare.run("run", "foundation", "--json")
    assert ended.code == 1 and ended.lines[-1]["ok"] is False
    failed = next(line for line in ended.lines if line["event"] == "failed")
    assert "HTTP status 500" in failed["message"] and "HTTP status 500" in ended.err
    assert contents(moto) == {}, "nothing is made before the names are known to be free"


def test_a_resource_that_cannot_be_removed_does_not_keep_the_others(program, account, moto, moto_server, gaps, tmp_path):
    account.done("run", "foundation")

    def without(asked, body):
        return None if asked.operation == "DeleteModelPackageGroup" else gaps(asked, body)

    front = Front(moto_server.url, without)
    ended = Account(program, tmp_path, Served(front.url, moto_server.key, moto_server.secret)).run("cleanup", "--yes", "--json")
    front.close()
    assert ended.code == 1 and "BankDM-Group: could not remove it" in ended.err and "next: run cleanup again" in ended.err
    assert list(contents(moto)) == ["model group BankDM-Group"]


def test_the_doctor_tells_what_is_missing(account):
    checks = {check["name"]: check for check in json.loads(account.run("doctor", "--json").out)["checks"]}
    assert checks["account"]["message"] == "123456789012" and checks["account"]["verdict"] == "ok"
    assert checks["names"]["verdict"] == "ok", checks["names"]
    assert checks["permissions"]["verdict"] == "warning" and checks["permissions"]["fix"]


def test_without_credentials(account, moto_server):
    for arguments in (["status"], ["run", "foundation", "--json"], ["cleanup", "--yes"], ["sql", "-e", "SELECT 1"]):
        ended = account.run(*arguments, variables=without_settings(moto_server.url))
        assert ended.code == 3 and ended.out == "", ended
        assert "could not find AWS credentials" in ended.err and "why:" in ended.err and "next: sign in" in ended.err


def test_nobody_at_the_address(account, moto_server):
    nowhere = {**moto_server.variables, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_port()}"}
    ended = account.run("status", variables=environment(**nowhere))
    assert ended.code == 3 and "could not be reached" in ended.err and "next: check the network" in ended.err, ended


def test_expired_keys_where_s3_gives_no_reason(program, moto, moto_server, gaps, tmp_path):
    """S3 answers HEAD with expired keys by a bare status 400."""

    def refuse(asked, body):
        return (400, {}, b"") if asked.service == "s3" and asked.operation.startswith("HEAD") else gaps(asked, body)

    front = Front(moto_server.url, refuse)
    account = Account(program, tmp_path, Served(front.url, moto_server.key, moto_server.secret), "warehouse.kind=provisioned")
    ended = account.run("run", "foundation")
    front.close()
    assert ended.code == 3 and "credentials" in ended.err and "next:" in ended.err, ended


def test_a_cleanup_that_nobody_confirmed(account, moto):
    account.done("run", "foundation")
    before = contents(moto)
    ended = account.run("cleanup")
    assert ended.code == 3 and "has to be confirmed" in ended.err and "--yes" in ended.err
    assert contents(moto) == before


def test_denied(account, moto, moto_server):
    """moto checks no signature, but does check policies once it is told to."""
    iam = moto.client("iam")
    iam.create_user(UserName="nobody")
    key = iam.create_access_key(UserName="nobody")["AccessKey"]
    before = contents(moto)
    denied = {**account.served.variables, "AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    try:
        authorise(moto_server, 0)
        ended = account.run("run", "foundation", variables=environment(**denied))
    finally:
        authorise(moto_server, 1 << 30)
    assert ended.code in (1, 3), ended
    assert "could not find out whose it is" in ended.err and "next: ask for the permission to call" in ended.err, ended.err
    assert contents(moto) == before


def authorise(moto_server, after):
    """Lets moto check policies after so many calls."""
    request = urllib.request.Request(
        f"{moto_server.url}/moto-api/reset-auth", data=str(after).encode(), headers={"Content-Type": "text/plain"}, method="POST"
    )
    urllib.request.urlopen(request).close()
