"""What exchanges say of each operation: whether it was asked as its model says, answered as its model says, and refused with codes that its
service has.
"""

import collections
import functools

import shapes
import wire

# Errors that any operation of a service may answer with, as the services' pages of common errors have them.
COMMON = {
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredToken",
    "IncompleteSignature",
    "InternalFailure",
    "InvalidAction",
    "InvalidClientTokenId",
    "InvalidParameterCombination",
    "InvalidParameterValue",
    "InvalidParameterException",
    "InvalidRequestException",
    "MissingAction",
    "MissingAuthenticationToken",
    "MissingParameter",
    "NotImplemented",
    "SerializationException",
    "SignatureDoesNotMatch",
    "UnknownOperationException",
    "ValidationError",
    "ValidationException",
}
# S3's page of errors; its model declares few.
OF_S3 = {
    "404",
    "AuthorizationHeaderMalformed",
    "BadDigest",
    "BucketAlreadyExists",
    "BucketAlreadyOwnedByYou",
    "BucketNotEmpty",
    "EntityTooSmall",
    "InvalidArgument",
    "InvalidBucketName",
    "InvalidPart",
    "InvalidRange",
    "InvalidRequest",
    "MalformedXML",
    "MethodNotAllowed",
    "NoSuchBucket",
    "NoSuchBucketPolicy",
    "NoSuchKey",
    "NoSuchLifecycleConfiguration",
    "NoSuchPublicAccessBlockConfiguration",
    "NoSuchTagSet",
    "NoSuchUpload",
    "OwnershipControlsNotFoundError",
    "PreconditionFailed",
    "ServerSideEncryptionConfigurationNotFoundError",
}
# What is known to differ: the crate behind the embedded IAM leaves a list out that the model requires.
KNOWN = {("iam", "ListPoliciesGrantingServiceAccess")}


class Findings:
    """What was found, by service and operation."""

    def __init__(self):
        self.operations = collections.defaultdict(lambda: {"answers": 0, "errors": collections.Counter(), "differences": []})

    def differences(self):
        """All that differs and is not known, one line each."""
        found = sorted(((key, each) for key, each in self.operations.items() if key not in KNOWN), key=lambda pair: pair[0])
        return [f"{service} {operation}: {line}" for (service, operation), each in found for line in each["differences"]]


def of(exchanges, requests=True):
    """Reads exchanges. With `requests` what was sent is compared too."""
    found = Findings()
    for exchange in exchanges:
        try:
            operation, params, unknown = wire.request(exchange)
        except Exception as error:  # noqa: BLE001
            # A request that cannot be read is a finding, unless it was made up to be refused.
            if requests:
                found.operations["unread", exchange.path]["differences"].append(f"{exchange.method} {type(error).__name__}: {error}")
            continue
        entry = found.operations[operation.service_model.service_name, operation.name]
        lines = []
        if requests:
            lines += [f"sends {line}, which the model has not" for line in unknown]
            lines += [f"sends {line}" for line in shapes.differences(params, operation.input_shape)]
        lines += answered(operation, exchange, entry)
        entry["differences"] += [line for line in lines if line not in entry["differences"]]
    return found


@functools.cache
def codes(service):
    """The codes of a service's errors. It may answer any of its operations with any of them."""
    model = wire.model(service)
    errors = [shape for shape in map(model.shape_for, model.shape_names) if shape.metadata.get("exception")]
    return {name for shape in errors for name in (shape.name, shape.metadata.get("error", {}).get("code"))}


def answered(operation, exchange, entry):
    """How an answer differs from the model."""
    parsed, unknown = wire.answer(operation, exchange)
    if exchange.status < 300 or exchange.status == 304:
        entry["answers"] += 1
        lines = [f"answers {line}, which the model has not" for line in unknown]
        return lines + [f"answers {line}" for line in shapes.differences(parsed, operation.output_shape)] if operation.output_shape else lines
    code = parsed.get("Error", {}).get("Code", "")
    entry["errors"][code] += 1
    model = operation.service_model
    known = code in COMMON or code in codes(model.service_name) or model.service_name == "s3" and code in OF_S3
    return [] if known else [f"refuses with {code}, which is none of its errors"]


def document(served, program, others, probes):
    """docs/operations.md."""
    lines = [
        "# Operations of the embedded AWS",
        "",
        "Made by `tests/python/test_operations.py` (`SHIFTDECK_WRITE=1` writes it anew), which runs the whole demonstration against",
        "`shiftdeck serve`, uses what else is served through boto3, asks for every operation of botocore's models, and compares requests,",
        "answers and the codes of errors with the models: members that are required, types, enumerations, lengths, patterns.",
        "",
        "*program*: the program calls it. *answers*: an answer was compared. Without, only its refusals were. *follows*: nothing differed.",
        "",
    ]
    total = follows = 0
    for service, names in served.items():
        lines += [f"## {service}", "", "| operation | program | answers | follows |", "|---|---|---|---|"]
        for name in sorted(names):
            entries = [each.operations.get((service, name)) for each in (program, others, probes)]
            there = [entry for entry in entries if entry]
            differs = any(entry["differences"] for entry in there)
            answers = any(entry["answers"] for entry in there)
            total, follows = total + 1, follows + (not differs)
            lines.append(f"| {name} | {'✔' if entries[0] else ''} | {'✔' if answers else ''} | {'no' if differs else '✔'} |")
        lines.append("")
    lines.insert(8, f"{total} operations, {follows} follow their models.")
    lines.insert(9, "")
    return "\n".join(lines)
