"""Systems Manager's sessions, which moto does not have: the gateway runs them, the host model says to whom.

Who knows what: this module whether the target's agent answers and what a
document says; the gateway all else, the sessions themselves included.
"""

from __future__ import annotations

import json
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.ssm.exceptions import SSMException
from moto.ssm.responses import SimpleSystemManagerResponse

from .. import gateway
from . import ssm


def apply() -> None:
    """Add the calls about sessions."""
    SimpleSystemManagerResponse.start_session = _start
    SimpleSystemManagerResponse.resume_session = _passed_on("ResumeSession")
    SimpleSystemManagerResponse.terminate_session = _passed_on("TerminateSession")
    SimpleSystemManagerResponse.describe_sessions = _describe
    SimpleSystemManagerResponse.get_connection_status = _status


def _start(self: Any) -> ActionResult:
    request = _request(self)
    return _ask(lambda: gateway.process.ask(gateway.START, {
        "Request": request, "Online": _is_online(self, request.get("Target", "")),
        "Document": _content(self, request.get("DocumentName", "")),
    }))


def _passed_on(operation: str) -> Any:
    return lambda self: _ask(lambda: gateway.process.call(operation, _request(self)))


def _describe(self: Any) -> ActionResult:
    if not gateway.process.runs:
        return ActionResult({"Sessions": []})
    return _passed_on("DescribeSessions")(self)


def _status(self: Any) -> ActionResult:
    target = self._get_param("Target")
    return ActionResult({"Target": target, "Status": "connected" if _is_online(self, target) else "notconnected"})


def _ask(question: Any) -> ActionResult:
    try:
        return ActionResult(question())
    except gateway.Refused as refused:
        raise SSMException(refused.code, refused.message) from refused


def _request(self: Any) -> dict[str, Any]:
    return dict(json.loads(self.body))


def _is_online(self: Any, target: str) -> bool:
    instances = ec2_backends[self.current_account][self.region].all_instances()
    return any(each.id == target and ssm.is_online(each) for each in instances)


def _content(self: Any, name: str) -> Any:
    """What a session document of the account says; nothing of AWS's own, which the gateway knows."""
    versions = self.ssm_backend._documents.get(name)
    document = versions.get_default_version() if versions else None
    if document is None:
        return None
    if document.document_type != "Session":
        text = f"Document {name} is of type {document.document_type}, not Session"
        raise SSMException("InvalidDocument", text)
    return json.loads(document.content)
