"""Answers of AWS services that a test gives in their place, in the protocol of each."""

import dataclasses
import json
import re
import urllib.parse


@dataclasses.dataclass
class Call:
    """What a request asks of which service."""

    service: str
    operation: str
    protocol: str


def call(method, path, headers, body):
    """The call of a signed request. Names of operations without one in the request are made of method and path."""
    scope = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", headers.get("authorization", ""))
    service = scope[1] if scope else ""
    target = headers.get("x-amz-target")
    if target:
        return Call(service, target.rsplit(".", 1)[-1], "json")
    if cbor := re.match(r"/service/[^/]+/operation/(\w+)", path):
        return Call(service, cbor[1], "cbor")
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return Call(service, urllib.parse.parse_qs(body.decode())["Action"][0], "query")
    place, _, query = path.partition("?")
    kind = "".join(sorted({name for name in ("tagging", "publicAccessBlock", "delete", "list-type") if name in query}))
    depth = min(place.rstrip("/").count("/"), 2) if service == "s3" else len(place.rstrip("/").split("/"))
    return Call(service, f"{method} {depth} {kind}".strip(), "s3" if service == "s3" else "rest")


def error(asked, status, code, message):
    """Status, headers and body of an error."""
    if asked.protocol == "json":
        return status, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps({"__type": code, "message": message}).encode()
    if asked.protocol == "rest":
        return status, {"Content-Type": "application/json", "x-amzn-ErrorType": code}, json.dumps({"message": message}).encode()
    if asked.protocol == "cbor":
        return status, {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}, cbor_map({"__type": code, "message": message})
    inside = f"<Code>{code}</Code><Message>{message}</Message>"
    if asked.protocol == "s3":
        return status, {"Content-Type": "application/xml"}, f"<Error>{inside}<RequestId>0</RequestId></Error>".encode()
    body = f"<ErrorResponse><Error><Type>Sender</Type>{inside}</Error><RequestId>0</RequestId></ErrorResponse>"
    return status, {"Content-Type": "text/xml"}, body.encode()


def cbor_map(members):
    """A map of texts in CBOR."""
    encoded = bytes([0xA0 + len(members)])
    for text in (text for member in members.items() for text in member):
        raw = text.encode()
        encoded += b"\x79" + len(raw).to_bytes(2, "big") + raw
    return encoded
