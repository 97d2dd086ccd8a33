"""Faults on demand: errors and latency for chosen calls, before any service sees them.

Set by ``PUT /_d2/faults``, shown by ``GET``, cleared by ``DELETE``. Nothing is
random: a rate of 0.3 fails the 4th, 7th and 10th of ten calls.
"""

from __future__ import annotations

import json
import math
import threading
import time
from dataclasses import asdict, dataclass, field
from typing import Any

from . import calls
from .calls import Call

PATH = "/_d2/faults"

# What an error is called where ("" is everywhere else), its HTTP status and its message. Any other
# error is passed on as it is spelled.
SPELLINGS: dict[str, tuple[dict[str, tuple[str, int]], str]] = {
    "ThrottlingException": ({
        "": ("ThrottlingException", 400), "query": ("Throttling", 400), "ec2": ("RequestLimitExceeded", 503),
        "s3": ("SlowDown", 503), "cloudfront": ("Throttling", 400), "route53": ("Throttling", 400),
    }, "Rate exceeded"),
    "AccessDenied": ({
        "": ("AccessDeniedException", 400), "query": ("AccessDenied", 403), "ec2": ("UnauthorizedOperation", 403),
        "s3": ("AccessDenied", 403), "cloudfront": ("AccessDenied", 403), "route53": ("AccessDenied", 403),
    }, "User: {user} is not authorized to perform: {action} because no identity-based policy allows the {action} action"),
    "ExpiredToken": ({
        "": ("ExpiredTokenException", 400), "query": ("ExpiredToken", 403), "ec2": ("RequestExpired", 400),
        "s3": ("ExpiredToken", 400), "cloudfront": ("ExpiredToken", 403), "route53": ("ExpiredToken", 403),
    }, "The security token included in the request is expired"),
}


@dataclass
class Fault:
    """Which calls it hits, how often, and what happens to them."""

    service: str = "*"  # as the AWS command line spells it: ssm, autoscaling, elbv2, cloudwatch
    operation: str = "*"  # as the API spells it: SendCommand
    rate: float = 1.0  # the share of calls that it hits
    times: int = 0  # how many calls it hits at most; 0 is no limit
    error: str = ""  # a key of SPELLINGS or an error code; "" lets the call through, late
    message: str = ""  # instead of the error's own
    latency_ms: int = 0
    seen: int = field(default=0, compare=False)
    hit: int = field(default=0, compare=False)

    def strikes(self, call: Call) -> bool:
        """Count a call, and tell whether this is one that is hit."""
        if self.service not in ("*", call.service) or self.operation not in ("*", *call.operations):
            return False
        self.seen += 1
        share = [math.floor(round(self.rate * count, 9)) for count in (self.seen - 1, self.seen)]
        if share[0] == share[1] or (self.times and self.hit >= self.times):
            return False
        self.hit += 1
        return True


class Faults:
    """The faults that are set."""

    def __init__(self, account: str) -> None:
        self.user = f"arn:aws:iam::{account}:user/local"
        self._lock = threading.Lock()
        self._set: list[Fault] = []

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._set = []

    def control(self, method: str, body: bytes) -> tuple[int, bytes]:
        """Answer a request for PATH: status and body."""
        try:
            if method == "PUT":
                wanted = [_read(entry) for entry in json.loads(body)]
                with self._lock:
                    self._set = wanted
            elif method == "DELETE":
                self.clear()
            elif method != "GET":
                return 405, b'{"error": "PUT, GET or DELETE"}'
        except (ValueError, TypeError) as error:
            return 400, json.dumps({"error": str(error)}).encode()
        return 200, json.dumps([asdict(fault) for fault in self._set]).encode()

    def strike(self, environ: dict[str, Any]) -> calls.Refusal | None:
        """Hold a request up, and answer it with an error, where a fault says so."""
        if not self._set:
            return None
        call = calls.read(environ)
        if call is None:
            return None
        with self._lock:
            fault = next((fault for fault in self._set if fault.strikes(call)), None)
        if fault is None:
            return None
        time.sleep(fault.latency_ms / 1000)
        return self._refuse(fault, call) if fault.error else None

    def _refuse(self, fault: Fault, call: Call) -> calls.Refusal:
        spellings, message = SPELLINGS.get(fault.error, ({"": (fault.error, 400)}, f"{fault.error}, as a fault that was set"))
        for where in (call.service, call.protocol, ""):
            if where in spellings:
                break
        code, status = spellings[where]
        operation = call.operations[0] if fault.operation == "*" else fault.operation
        action = f"{call.action_prefix}:{operation}"
        return calls.refuse(call, code, fault.message or message.format(user=self.user, action=action), status)


def _read(entry: Any) -> Fault:
    """A fault from JSON; what it does not know it does not guess."""
    known = {
        "service": str, "operation": str, "rate": (int, float), "times": int, "error": str, "message": str,
        "latency_ms": int,
    }
    if not isinstance(entry, dict):
        raise ValueError(f"a fault is an object, not {entry!r}")
    for key, value in entry.items():
        if key not in known or not isinstance(value, known[key]) or isinstance(value, bool):
            raise ValueError(f"a fault has no {key} {value!r}; it has {', '.join(known)}")
    fault = Fault(**entry)
    if not 0 < fault.rate <= 1 or fault.times < 0 or fault.latency_ms < 0:
        raise ValueError(f"rate is above 0 and at most 1, times and latency_ms are not negative: {entry}")
    if fault.service != "*" and fault.service not in calls.services():
        raise ValueError(f"there is no service {fault.service!r}; name it as the aws command line does, e.g. elbv2")
    if fault.operation != "*" and fault.service != "*" and fault.operation not in calls.operations(fault.service):
        what = f"{fault.service} has no operation {fault.operation!r}"
        raise ValueError(f"{what}; name it as the API does, e.g. SendCommand")
    return fault
