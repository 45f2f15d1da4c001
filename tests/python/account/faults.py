"""A network and an account that have a bad day: a proxy that answers some calls with a fault of one kind.

Whether a call fails follows from the seed, the call's name and how many of the same were made before, so that a run can be repeated although
calls are made at the same time. Faults that lose an answer come before the service has seen the call or after it has done it.
"""

import random
import socket
import struct
import threading
import time
from collections import Counter

import answers
from recorder import Exchange, Recorder, received

RATE = 0.2
# How long the proxy keeps a call without an answer before it hangs up: the program's own patience is a minute and a half.
SILENCE = 0.5
# What the service says, so that a test finds its words again.
WORDS = "said-by-the-service"
# An answer to HEAD has no body, so that the service has no words.
WORDLESS = "HEAD"
# Calls that give a role to a service.
WITH_ROLE = {"CreateNamespace", "UpdateNamespace", "POST 3", "CreatePipeline", "StartPipelineExecution", "CreateModel"}


class Faults(Recorder):
    """`kind` is one of KINDS. Nothing fails before `calm` calls have been made, nor after `most` faults, nor while it is switched `off`."""

    def __init__(self, url, kind, seed, calm=0, rate=RATE, most=1 << 30):
        super().__init__(url)
        self.kind, self.seed, self.calm, self.rate, self.most = kind, seed, calm, rate, most
        self.off = False
        self.calls = 0
        self.injected = []
        self.made = Counter()
        self.lock = threading.Lock()

    def pass_on(self, handler):
        body = received(handler)
        headers = {name.lower(): value for name, value in handler.headers.items()}
        asked = answers.call(handler.command, handler.path, headers, body)
        with self.lock:
            self.calls += 1
            name = f"{asked.service} {asked.operation}"
            self.made[name] += 1
            draw = random.Random(f"{self.seed} {name} {self.made[name]}")
            fails = not self.off and self.fails(asked, name, draw)
            if fails:
                self.injected.append(name)
        if not fails:
            self.send_back(handler, self.ask(handler, body))
            return
        # A fault that loses an answer may lose it after the service has done what was asked.
        if self.loses_answer(draw):
            self.ask(handler, body)
        given = self.fault(asked, draw)
        if given is None:
            hang_up(handler, self.kind)
        else:
            self.send_back(handler, Exchange(handler.command, handler.path, headers, body, *given))

    def fault(self, asked, draw):
        """What is answered in the service's place, or nothing where the connection ends."""
        return KINDS[self.kind](asked, draw)

    def fails(self, asked, name, draw):
        """Whether the call is one that fails."""
        fails = self.calls > self.calm and len(self.injected) < self.most
        return fails and concerns(self.kind, asked) and draw.random() < self.rate

    def loses_answer(self, draw):
        """Whether the service does what is asked before the call fails."""
        return KINDS[self.kind] in LOSING and draw.random() < 0.5


class Once(Faults):
    """A healthy account in which one call fails: the `nth` of a name, before the service has done it or `after`."""

    def __init__(self, url, kind, name, nth, after):
        super().__init__(url, kind, f"{kind} {nth} {after}", most=1)
        self.name, self.nth, self.after = name, nth, after

    def fault(self, asked, draw):
        if self.kind == "empty":
            return 200, {"Content-Type": "application/json"}, b""
        given = super().fault(asked, draw)
        # Nothing says that all is well and has done nothing.
        return given if self.after or given is None or given[0] != 200 else (400, *given[1:])

    def fails(self, asked, name, draw):
        return name == self.name and self.made[name] == self.nth

    def loses_answer(self, draw):
        return self.after


def concerns(kind, asked):
    """Whether a fault can come to a call."""
    if kind == "role not yet known":
        return asked.operation in WITH_ROLE and asked.service in ("redshift-serverless", "lambda", "sagemaker")
    return kind not in SPEAKING or not asked.operation.startswith(WORDLESS)


def hang_up(handler, kind):
    """Ends the connection without an answer: at once and with a reset, or in the end."""
    if kind == "reset":
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    else:
        time.sleep(SILENCE)
    handler.close_connection = True
    handler.connection.close()


def throttled(asked, draw):
    """Too many calls, as each service says it."""
    code = {"s3": "SlowDown", "query": "Throttling", "rest": "TooManyRequestsException"}.get(asked.protocol, "ThrottlingException")
    return answers.error(asked, {"s3": 503, "rest": 429}.get(asked.protocol, 400), code, f"Rate exceeded, {WORDS}")


def broken(asked, draw):
    """The service, or a proxy before it, has a problem."""
    status = draw.choice([500, 502, 503])
    if draw.random() < 0.5:
        return status, {"Content-Type": "text/html"}, f"<html><h1>{WORDS}</h1></html>".encode()
    return answers.error(asked, status, "InternalFailure" if asked.protocol != "s3" else "InternalError", f"We had a problem, {WORDS}")


def silent(asked, draw):
    """No answer, for as long as the proxy is patient."""
    return None


def reset(asked, draw):
    """The connection ends at once."""
    return None


def malformed(asked, draw):
    """An answer that is none."""
    kinds = {"json": "application/x-amz-json-1.1", "rest": "application/json", "cbor": "application/cbor"}
    text = draw.choice([b"", b"{", b"<html>", b"\x00\xff\xfe", b"null", b"[]"])
    return draw.choice([200, 400]), {"Content-Type": kinds.get(asked.protocol, "text/xml")}, text


def expired(asked, draw):
    """The credentials have run out."""
    code = {"s3": "ExpiredToken", "query": "ExpiredToken"}.get(asked.protocol, "ExpiredTokenException")
    return answers.error(asked, 403 if asked.protocol in ("query", "rest") else 400, code, f"The security token has expired, {WORDS}")


def denied(asked, draw):
    """The caller may not."""
    code = "AccessDenied" if asked.protocol in ("s3", "query") else "AccessDeniedException"
    message = f"User is not authorized to perform {asked.operation}, {WORDS}"
    return answers.error(asked, 400 if asked.protocol == "json" else 403, code, message)


def unknown_role(asked, draw):
    """IAM has not told the service of the role yet."""
    if asked.service == "lambda":
        message = "The role defined for the function cannot be assumed by Lambda."
        return answers.error(asked, 400, "InvalidParameterValueException", f"{message} ({WORDS})")
    message = f"Could not assume role, {WORDS}. Please ensure that the role exists and allows the service to assume it."
    return answers.error(asked, 400, "ValidationException", message)


KINDS = {
    "throttling": throttled,
    "server error": broken,
    "timeout": silent,
    "reset": reset,
    "malformed": malformed,
    "expired": expired,
    "denied": denied,
    "role not yet known": unknown_role,
}
LOSING = {broken, silent, reset, malformed}
SPEAKING = {"throttling", "expired", "denied"}
