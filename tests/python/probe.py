"""Asks a server for every operation of botocore's models, with the least input that a model allows, to learn which it has."""

import botocore.exceptions

import wire

SERVICES = [
    "athena",
    "cloudformation",
    "cloudwatch",
    "codecommit",
    "codepipeline",
    "iam",
    "lambda",
    "logs",
    "redshift",
    "redshift-data",
    "redshift-serverless",
    "s3",
    "sagemaker",
    "sagemaker-runtime",
    "secretsmanager",
    "service-quotas",
    "sts",
]
# How the protocols say that there is no such operation.
UNKNOWN = {"UnknownOperationException", "InvalidAction", "NotImplemented", "UnknownService", "404UnknownOperation"}
# What comes as a stream of events, which is another protocol.
STREAMS = "eventstream"


def example(shape, seen=()):
    """The least value of a shape."""
    kind = shape.type_name
    if kind == "structure":
        return {name: example(shape.members[name], (*seen, shape.name)) for name in shape.required_members if shape.name not in seen}
    if kind == "list":
        return [example(shape.member, seen)] * shape.metadata.get("min", 0)
    if kind == "map":
        return {}
    if kind == "string":
        return shape.enum[0] if shape.enum else "probe-none-such".ljust(shape.metadata.get("min", 1), "x")[: shape.metadata.get("max", 1000)]
    if kind in ("integer", "long", "float", "double"):
        return max(1, shape.metadata.get("min", 1))
    return {"boolean": False, "timestamp": 0, "blob": b""}[kind]


def served(client, service):
    """The operations of a service that a server has."""
    found = []
    model = wire.model(service)
    for name in model.operation_names:
        operation = model.operation_model(name)
        if operation.deprecated or operation.has_event_stream_input or operation.has_event_stream_output:
            continue
        params = example(operation.input_shape) if operation.input_shape else {}
        try:
            client._make_api_call(name, params)
        except botocore.exceptions.ClientError as error:
            code, message = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
            if code in UNKNOWN or "does not support" in message or "no operation" in message:
                continue
        found.append(name)
    return found
