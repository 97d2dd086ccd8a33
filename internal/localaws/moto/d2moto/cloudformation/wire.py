"""The AWS Query protocol, as CloudFormation speaks it: form fields in, XML out."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

NAMESPACE = "http://cloudformation.amazonaws.com/doc/2010-05-15/"


class ApiError(Exception):
    """An error that the caller of the API gets to see."""

    def __init__(self, code: str, message: str, status: int = 400):
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


class ValidationError(ApiError):
    """The request or the template is wrong."""

    def __init__(self, message: str):
        super().__init__("ValidationError", message)


def parse(body: bytes) -> dict[str, Any]:
    """Turn ``Tags.member.1.Key=a`` into ``{"Tags": [{"Key": "a"}]}``."""
    tree: dict[str, Any] = {}
    for name, value in parse_qsl(body.decode("utf-8"), keep_blank_values=True):
        *parents, last = name.split(".")
        node = tree
        for part in parents:
            node = node.setdefault(part, {})
        node[last] = value
    return _lists(tree)


def _lists(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    if set(node) == {"member"} and isinstance(node["member"], dict):
        members = node["member"]
        return [_lists(members[key]) for key in sorted(members, key=int)]
    return {key: _lists(value) for key, value in node.items()}


def answer(action: str, result: dict[str, Any] | None) -> bytes:
    """The XML answer to an action; ``None`` for actions that have no result."""
    inner = "" if result is None else f"<{action}Result>{_xml(result)}</{action}Result>"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><{action}Response xmlns="{NAMESPACE}">{inner}'
        f"<ResponseMetadata><RequestId>{uuid.uuid4()}</RequestId></ResponseMetadata></{action}Response>"
    ).encode()


def refusal(error: ApiError, flat: bool = False) -> bytes:
    """The XML that carries an error; ``flat`` is the form that EC2 has for itself."""
    kind = "Sender" if error.status < 500 else "Receiver"
    inner = f"<Code>{error.code}</Code><Message>{escape(error.message)}</Message>"
    request = f"<RequestId>{uuid.uuid4()}</RequestId>"
    if flat:
        text = f"<Response><Errors><Error>{inner}</Error></Errors>{request}</Response>"
    else:
        text = f'<ErrorResponse xmlns="{NAMESPACE}"><Error><Type>{kind}</Type>{inner}</Error>{request}</ErrorResponse>'
    return f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode()


def _xml(value: Any) -> str:
    if isinstance(value, dict):
        return "".join(f"<{k}>{_xml(v)}</{k}>" for k, v in value.items() if v is not None)
    if isinstance(value, (list, tuple)):
        return "".join(f"<member>{_xml(v)}</member>" for v in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    return escape("".join(c for c in str(value) if c >= " " or c in "\t\n\r"))
