"""Stands before a server of others and answers in its place what it has no idea of."""

import json

import answers
from recorder import Exchange, Recorder, received


class Front(Recorder):
    """`answer` is asked of every call and its body: it gives status, headers and body, or nothing where the server is to be asked."""

    def __init__(self, url, answer):
        super().__init__(url)
        self.answer = answer

    def pass_on(self, handler):
        body = received(handler)
        headers = {name.lower(): value for name, value in handler.headers.items()}
        given = self.answer(answers.call(handler.command, handler.path, headers, body), body)
        if given is None:
            self.send_back(handler, self.ask(handler, body))
        else:
            self.send_back(handler, Exchange(handler.command, handler.path, headers, body, *given))


class Gaps:
    """Answers what moto has no idea of, as an account that has nothing of it; keeps which groups of models were removed."""

    def __init__(self):
        self.removed_groups = []

    def __call__(self, asked, body):
        if asked.service == "redshift-serverless" and asked.operation.startswith("Get"):
            return answers.error(asked, 400, "ResourceNotFoundException", "The resource does not exist.")
        if asked.operation == "GetTableMetadata":
            return answers.error(asked, 400, "MetadataException", "EntityNotFoundException: Entity Not Found")
        if asked.service == "redshift-data":
            return answers.error(asked, 400, "ValidationException", "Redshift endpoint doesn't exist in this region.")
        if asked.operation == "SimulatePrincipalPolicy":
            return answers.error(asked, 403, "AccessDenied", "You are not authorized to perform iam:SimulatePrincipalPolicy.")
        if asked.operation == "DeleteModelPackageGroup":
            self.removed_groups.append(json.loads(body)["ModelPackageGroupName"])
            return 200, {"Content-Type": "application/x-amz-json-1.1"}, b""
        if asked.operation == "DescribeModelPackageGroup" and json.loads(body)["ModelPackageGroupName"] in self.removed_groups:
            return answers.error(asked, 400, "ValidationException", "ModelPackageGroup does not exist.")
        return None
