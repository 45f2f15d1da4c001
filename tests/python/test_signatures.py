"""What is not signed rightly is refused in the words of the service that was asked; what is, is not."""

import datetime
import urllib.error
import urllib.request
from unittest import mock

import boto3
import botocore.exceptions
import pytest
from botocore import UNSIGNED
from botocore.config import Config

import aws
from server import Server

CALLS = {
    "sts": lambda client: client.get_caller_identity(),
    "iam": lambda client: client.list_roles(),
    "redshift": lambda client: client.describe_clusters(),
    "s3": lambda client: client.list_buckets(),
    "sagemaker": lambda client: client.list_endpoints(),
    "redshift-data": lambda client: client.list_statements(),
    "athena": lambda client: client.list_work_groups(),
    "cloudwatch": lambda client: client.list_metrics(),
    "lambda": lambda client: client.list_functions(),
    "sagemaker-runtime": lambda client: client.invoke_endpoint(EndpointName="none", Body=b""),
}
QUERY, JSON = ("sts", "iam", "redshift"), ("sagemaker", "redshift-data", "athena", "cloudwatch")
REST = ("lambda", "sagemaker-runtime")


@pytest.fixture
def client(served):
    """A client of a service with a key, and with options of botocore."""

    def client(service, key=None, secret=None, **options):
        return boto3.client(
            service,
            endpoint_url=served.url,
            region_name=aws.REGION,
            aws_access_key_id=key or served.key,
            aws_secret_access_key=secret or served.secret,
            config=Config(retries={"max_attempts": 1}, **options),
        )

    return client


def refusal(service, client):
    """Status and code of the refusal of a service."""
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        CALLS[service](client)
    return refused.value.response["ResponseMetadata"]["HTTPStatusCode"], refused.value.response["Error"]["Code"]


def by_service(query, json, rest, s3):
    """What each service is expected to answer, by its protocol."""
    return {**dict.fromkeys(QUERY, query), **dict.fromkeys(JSON, json), **dict.fromkeys(REST, rest), "s3": s3}


@pytest.mark.parametrize("service", CALLS)
def test_an_unknown_key(client, service):
    known = by_service(
        (403, "InvalidClientTokenId"), (400, "UnrecognizedClientException"), (403, "UnrecognizedClientException"), (403, "InvalidAccessKeyId")
    )
    assert refusal(service, client(service, key="AKIAIOSFODNN7EXAMPLE")) == known[service]


@pytest.mark.parametrize("service", CALLS)
def test_another_secret(client, service):
    known = by_service(
        (403, "SignatureDoesNotMatch"), (400, "InvalidSignatureException"), (403, "InvalidSignatureException"), (403, "SignatureDoesNotMatch")
    )
    assert refusal(service, client(service, secret="another")) == known[service]


@pytest.mark.parametrize("service", ["sts", "sagemaker", "lambda", "s3"])
def test_a_clock_that_is_wrong(client, service):
    known = by_service(
        (403, "SignatureDoesNotMatch"), (400, "InvalidSignatureException"), (403, "InvalidSignatureException"), (403, "RequestTimeTooSkewed")
    )
    early = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) - datetime.timedelta(minutes=16)
    with mock.patch("botocore.auth.get_current_datetime", lambda *_, **__: early):
        assert refusal(service, client(service)) == known[service]


@pytest.mark.parametrize(
    ("service", "code"),
    [("sts", "MissingAuthenticationToken"), ("s3", "AccessDenied"), ("sagemaker", "MissingAuthenticationTokenException")],
)
def test_no_signature(client, service, code):
    assert refusal(service, client(service, signature_version=UNSIGNED))[1] == code


@pytest.mark.parametrize("options", [{}, {"signature_version": "s3v4"}, {"signature_version": "s3v4", "s3": {"payload_signing_enabled": True}}])
def test_presigned_urls_and_keys_of_all_kinds(client, options):
    s3 = client("s3", **options)
    s3.create_bucket(Bucket="signed")
    for key in ("a b/ü+&=?.txt", "x//y", "(1)!~*'.txt", "a%20b"):
        s3.put_object(Bucket="signed", Key=key, Body=key.encode(), Metadata={"spaces": "a  b"})
        assert s3.get_object(Bucket="signed", Key=key)["Body"].read() == key.encode()
        url = s3.generate_presigned_url("get_object", Params={"Bucket": "signed", "Key": key}, ExpiresIn=60)
        with urllib.request.urlopen(url) as answer:
            assert answer.read() == key.encode()
        for wrong in (url.replace("signed/", "signed/other"), url + "0"):
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(wrong)
            assert refused.value.code == 403 and b"<Code>SignatureDoesNotMatch</Code>" in refused.value.read()
    late = s3.generate_presigned_url("get_object", Params={"Bucket": "signed", "Key": "x//y"}, ExpiresIn=-1)
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(late)
    keys = [{"Key": each["Key"]} for each in s3.list_objects_v2(Bucket="signed")["Contents"]]
    s3.delete_objects(Bucket="signed", Delete={"Objects": keys})
    s3.delete_bucket(Bucket="signed")


def test_the_key_stays_and_a_given_one_takes_its_place(program, tmp_path):
    keys = []
    for variables in ({}, {}, {"AWS_ACCESS_KEY_ID": "mine", "AWS_SECRET_ACCESS_KEY": "own-secret"}):
        server = Server(program, tmp_path, **variables)
        assert aws.Aws(server).account == "000000000000"
        keys.append((server.key, server.secret))
        server.close()
    assert keys[0] == keys[1] and keys[2] == ("mine", "own-secret")
    assert (tmp_path / "keys" / "own.json").stat().st_mode & 0o777 == 0o600
