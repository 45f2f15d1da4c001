"""Reads requests and answers off the wire by botocore's models of the services: the opposite of what botocore does with a request."""

import base64
import datetime
import io
import json
import re
import urllib.parse

import botocore.loaders
import botocore.model
import botocore.parsers
import botocore.utils

# The service's name in botocore by the name that requests are signed for.
SIGNED_FOR = {"monitoring": "cloudwatch", "servicequotas": "service-quotas"}
LOADER = botocore.loaders.Loader()
MODELS = {}


class Unreadable(Exception):
    """A request that the models do not know."""


def model(service):
    """botocore's model of a service."""
    if service not in MODELS:
        MODELS[service] = botocore.model.ServiceModel(LOADER.load_service_model(service, "service-2"), service)
    return MODELS[service]


def service_of(exchange):
    """The service that a request is for."""
    authorization = exchange.headers.get("authorization", "")
    credential = re.search(r"Credential=([^,\s]+)", authorization)
    if credential:
        scope = credential.group(1)
    else:
        scope = query_of(exchange).get("X-Amz-Credential", [""])[0]
    if scope.count("/") < 4:
        raise Unreadable("the request is not signed")
    name = scope.split("/")[-2]
    if name == "sagemaker" and exchange.path.startswith("/endpoints/"):
        return "sagemaker-runtime"
    return SIGNED_FOR.get(name, name)


def query_of(exchange):
    """The parameters of the query."""
    return urllib.parse.parse_qs(urllib.parse.urlsplit(exchange.path).query, keep_blank_values=True)


def request(exchange):
    """The operation of a request, and its input as a client would be given it; with it the members that no shape has."""
    service = model(service_of(exchange))
    unknown = []
    if exchange.path.startswith("/service/"):
        name = exchange.path.split("/")[-1]
        document = from_cbor(exchange.body)
        operation = service.operation_model(name)
        return operation, value(document, operation.input_shape, "", unknown) if operation.input_shape else {}, unknown
    if "x-amz-target" in exchange.headers:
        operation = service.operation_model(exchange.headers["x-amz-target"].split(".")[-1])
        document = json.loads(exchange.body or b"{}")
        return operation, value(document, operation.input_shape, "", unknown) if operation.input_shape else {}, unknown
    if service.metadata["protocol"] in ("query", "ec2"):
        form = dict(urllib.parse.parse_qsl(exchange.body.decode(), keep_blank_values=True)) or {
            name: values[0] for name, values in query_of(exchange).items()
        }
        operation = service.operation_model(form.pop("Action"))
        form.pop("Version", None)
        known = set()
        params = of_form(form, operation.input_shape, "", known) if operation.input_shape else {}
        return operation, params or {}, sorted(set(form) - known)
    return rest(service, exchange, unknown)


def answer(operation, exchange):
    """The answer as a client would get it, and the members that no shape has."""
    protocol = operation.service_model.resolved_protocol
    if exchange.path.startswith("/service/"):
        protocol = "smithy-rpc-v2-cbor"
    elif "x-amz-target" in exchange.headers:
        protocol = "json"
    parser = botocore.parsers.create_parser(protocol)
    body = exchange.answer
    shape = operation.output_shape
    parsed = parser.parse({"status_code": exchange.status, "headers": exchange.answer_headers, "body": body, "context": {}}, shape)
    unknown = []
    if exchange.status < 300 and shape is not None and protocol in ("json", "rest-json"):
        payload = shape.serialization.get("payload")
        if payload:
            shape = shape.members[payload]
        if shape.type_name == "structure" and body:
            value(json.loads(body), shape, "", unknown)
    parsed.pop("ResponseMetadata", None)
    return parsed, unknown


def value(document, shape, path, unknown):
    """A JSON or CBOR value as a client would be given it."""
    if document is None:
        return None
    kind = shape.type_name
    if kind == "structure" and isinstance(document, dict):
        members = {member.serialization.get("name", name): (name, member) for name, member in shape.members.items()}
        read = {}
        for name, item in document.items():
            if name not in members:
                if name != "__type":
                    unknown.append(f"{path}.{name}")
            elif item is not None:
                read[members[name][0]] = value(item, members[name][1], f"{path}.{name}", unknown)
        return read
    if kind == "list" and isinstance(document, list):
        return [value(item, shape.member, f"{path}[]", unknown) for item in document]
    if kind == "map" and isinstance(document, dict):
        return {key: value(item, shape.value, f"{path}{{}}", unknown) for key, item in document.items()}
    if kind == "timestamp" and not isinstance(document, datetime.datetime):
        return botocore.utils.parse_timestamp(document)
    if kind == "blob" and isinstance(document, str):
        return base64.b64decode(document)
    return document


def from_cbor(body):
    """A CBOR document."""
    parser = botocore.parsers.create_parser("smithy-rpc-v2-cbor")
    return parser.parse_data_item(io.BufferedReader(io.BytesIO(body))) if body else {}


def of_form(form, shape, prefix, known):
    """A value of the query protocol's form; None when it is not there."""
    kind = shape.type_name
    if kind == "structure":
        read = {}
        for name, member in shape.members.items():
            written = member.serialization.get("name", name)
            if kind_of_list(member) == "flattened":
                written = member.member.serialization.get("name", written)
            item = of_form(form, member, f"{prefix}.{written}" if prefix else written, known)
            if item is not None:
                read[name] = item
        return read or None
    if kind == "list":
        if prefix in form and form[prefix] == "":
            known.add(prefix)
            return []
        step = prefix if kind_of_list(shape) == "flattened" else f"{prefix}.{shape.member.serialization.get('name', 'member')}"
        items, index = [], 1
        while (item := of_form(form, shape.member, f"{step}.{index}", known)) is not None:
            items.append(item)
            index += 1
        return items or None
    if kind == "map":
        read, index = {}, 1
        step = prefix if shape.serialization.get("flattened") else f"{prefix}.entry"
        key_name, value_name = shape.key.serialization.get("name", "key"), shape.value.serialization.get("name", "value")
        while (key := of_form(form, shape.key, f"{step}.{index}.{key_name}", known)) is not None:
            read[key] = of_form(form, shape.value, f"{step}.{index}.{value_name}", known)
            index += 1
        return read or None
    if prefix not in form:
        return None
    known.add(prefix)
    return scalar(form[prefix], shape)


def kind_of_list(shape):
    """How the query protocol writes a list."""
    return "flattened" if shape.type_name == "list" and shape.serialization.get("flattened") else ""


def scalar(text, shape):
    """A text of a form, a query, a header or XML as the value that it stands for; one that stands for none stays a text."""
    kind = shape.type_name
    try:
        if kind in ("integer", "long"):
            return int(text)
        if kind in ("float", "double"):
            return float(text)
    except ValueError:
        return text
    if kind == "boolean":
        return {"true": True, "false": False}.get(text, text)
    if kind == "timestamp":
        return botocore.utils.parse_timestamp(text)
    if kind == "blob":
        return base64.b64decode(text)
    return text


def rest(service, exchange, unknown):
    """A request of restJson or restXml: the operation is that whose method, path and query are the most like it."""
    split = urllib.parse.urlsplit(exchange.path)
    path, query = split.path, query_of(exchange)
    found = []
    for name in service.operation_names:
        operation = service.operation_model(name)
        template = urllib.parse.urlsplit(operation.http["requestUri"])
        wanted = urllib.parse.parse_qs(template.query, keep_blank_values=True)
        # What is deprecated has the same address as what is there in its place.
        matches = operation.http["method"] == exchange.method and all(query.get(key, [None])[0] == item[0] for key, item in wanted.items())
        if operation.deprecated or not matches:
            continue
        labels = re.fullmatch(pattern_of(template.path), path)
        if not labels:
            continue
        try:
            params = rest_input(operation, exchange, labels.groupdict(), query, unknown)
        except (ValueError, botocore.parsers.ResponseParserError):
            continue
        shape = operation.input_shape
        complete = shape is None or all(member in params for member in shape.required_members)
        members = shape.members.values() if shape else []
        used = len(wanted) + sum(located(member, exchange, query) for member in members)
        found.append((complete, used, -len(labels.groupdict()), -len(name), name, params))
    if not found:
        raise Unreadable(f"no operation of {service.service_name} has {exchange.method} {exchange.path}")
    best = max(found, key=lambda each: each[:4])
    return service.operation_model(best[4]), best[5], unknown


def located(member, exchange, query):
    """Whether a member is in the query or a header of a request."""
    place, name = member.serialization.get("location"), member.serialization.get("name", "")
    return place == "querystring" and name in query or place == "header" and name.lower() in exchange.headers


def pattern_of(template):
    """A regular expression of a URI template; a label with a plus takes slashes too."""
    pattern = ""
    for part in re.split(r"(\{[^}]+\})", template.rstrip("/")):
        if part.startswith("{"):
            name = part[1:-1].rstrip("+")
            pattern += f"(?P<{name}>.+)" if part.endswith("+}") else f"(?P<{name}>[^/]+)"
        else:
            pattern += re.escape(part)
    return pattern + "/?"


def rest_input(operation, exchange, labels, query, unknown):
    """The input of a REST operation from where its members are."""
    params, body = {}, {}
    shape = operation.input_shape
    if shape is None:
        return params
    payload = shape.serialization.get("payload")
    for name, member in shape.members.items():
        place, written = member.serialization.get("location"), member.serialization.get("name", name)
        if place == "uri" and written in labels:
            params[name] = scalar(urllib.parse.unquote(labels[written]), member)
        elif place == "querystring" and written in query:
            texts = query[written]
            params[name] = [scalar(text, member.member) for text in texts] if member.type_name == "list" else scalar(texts[0], member)
        elif place == "header" and written.lower() in exchange.headers:
            params[name] = scalar(exchange.headers[written.lower()], member)
        elif place == "headers":
            start = written.lower()
            items = {key[len(start) :]: item for key, item in exchange.headers.items() if key.startswith(start)}
            if items:
                params[name] = items
        elif place is None:
            body[name] = member
    if not exchange.body:
        return params
    is_json = operation.service_model.metadata["protocol"] == "rest-json"
    if payload:
        member = shape.members[payload]
        if member.type_name == "structure":
            params[payload] = value(json.loads(exchange.body), member, "", unknown) if is_json else of_xml(exchange.body, member)
        else:
            params[payload] = exchange.body.decode() if member.type_name == "string" else exchange.body
    elif is_json and body:
        params.update(value(json.loads(exchange.body), shape, "", unknown))
    return params


def of_xml(body, shape):
    """An XML document by the parser that reads answers."""
    parser = botocore.parsers.create_parser("rest-xml")
    return parser._parse_shape(shape, parser._parse_xml_string_to_dom(body))
