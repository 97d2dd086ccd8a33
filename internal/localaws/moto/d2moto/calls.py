"""Which call of which service an HTTP request is, and how an error of that service is written."""

from __future__ import annotations

import functools
import io
import json
import re
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

import botocore.session

from .aws import USER_AGENT
from .cloudformation import wire

CREDENTIAL = re.compile(r"Credential=[^/]+/[^/]+/([^/]+)/([^/]+)/aws4_request")
CBOR = re.compile(r"/service/[^/]+/operation/(\w+)$")
VIRTUAL_HOST = re.compile(r"(.+?)\.(?:localhost|s3[.-])")
# Where the AWS command line has another name than the signature.
NAMES = {"elasticloadbalancing": "elbv2", "monitoring": "cloudwatch"}


@dataclass(frozen=True)
class Call:
    """A call of the API."""

    service: str  # as the AWS command line spells it
    signed: str  # as the signature and IAM actions spell it
    operations: tuple[str, ...]  # more than one where a request alone does not tell them apart
    protocol: str  # json, query, ec2, rest-xml, rest-json or cbor

    @property
    def action_prefix(self) -> str:
        """What IAM puts before the colon."""
        return "cloudwatch" if self.signed == "monitoring" else self.signed


@dataclass(frozen=True)
class Refusal:
    """An HTTP answer that is an error."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


_session = botocore.session.Session()


@functools.cache
def services() -> frozenset[str]:
    """Every service there is."""
    return frozenset(_session.get_available_services())


@functools.cache
def operations(service: str) -> frozenset[str]:
    """The operations of a service."""
    return frozenset(_model(service).operation_names)


@functools.cache
def _model(service: str) -> Any:
    return _session.get_service_model(service)


def read(environ: dict[str, Any]) -> Call | None:
    """The call that a request is; nothing for what is no call, or is the local AWS's own."""
    scope = CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    if scope is None or USER_AGENT in environ.get("HTTP_USER_AGENT", ""):
        return None
    service = NAMES.get(scope[2], scope[2])
    if "HTTP_X_AMZ_TARGET" in environ:
        return Call(service, scope[2], (environ["HTTP_X_AMZ_TARGET"].rpartition(".")[2],), "json")
    if found := CBOR.search(environ.get("PATH_INFO", "")):
        return Call(service, scope[2], (found[1],), "cbor")
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        action = parse_qs(_body(environ).decode(errors="replace")).get("Action", [""])[0]
        return Call(service, scope[2], (action,), "ec2" if service == "ec2" else "query")
    if service not in services():
        return None
    protocol = str(_model(service).metadata["protocol"])
    return Call(service, scope[2], _rest(_model(service), environ), protocol)


def _body(environ: dict[str, Any]) -> bytes:
    """The body of a request, which whoever answers it finds again."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return bytes(body)


def _rest(model: Any, environ: dict[str, Any]) -> tuple[str, ...]:
    """The operations whose method, path and required parameters a request has; of several, the most exact ones."""
    path, query = environ.get("PATH_INFO", "/"), parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    bucket = VIRTUAL_HOST.match(environ.get("HTTP_HOST", "")) if model.service_name == "s3" else None
    if bucket:
        path = f"/{bucket[1]}{path}".rstrip("/")
    found: dict[int, list[str]] = {}
    for name, method, pattern, parameters, headers in _routes(model.service_name):
        if method != environ["REQUEST_METHOD"] or not pattern.fullmatch(unquote(path)):
            continue
        if all(given in query for given in parameters) and all(header in environ for header in headers):
            found.setdefault(len(parameters) + len(headers), []).append(name)
    return tuple(sorted(found[max(found)], key=len)) if found else ("",)


@functools.cache
def _routes(service: str) -> list[tuple[str, str, re.Pattern[str], list[str], list[str]]]:
    """Name, method, path, required query parameters and required headers of each operation."""
    routes = []
    for name in _model(service).operation_names:
        operation = _model(service).operation_model(name)
        uri = urlsplit(operation.http["requestUri"])
        path = re.sub(r"\\\{(\w+)(\\\+)?\\\}", lambda part: "(.+)" if part[2] else "([^/]+)", re.escape(uri.path.rstrip("/")))
        shape = operation.input_shape
        needed = [shape.members[member].serialization for member in shape.required_members] if shape else []
        parameters = [part.partition("=")[0] for part in uri.query.split("&") if part]
        parameters += [each["name"] for each in needed if each.get("location") == "querystring"]
        headers = [f"HTTP_{each['name'].upper().replace('-', '_')}" for each in needed if each.get("location") == "header"]
        routes.append((name, operation.http["method"], re.compile(path + "/?"), parameters, headers))
    return routes


def refuse(call: Call, code: str, message: str, status: int) -> Refusal:
    """An error as this service writes it."""
    request = str(uuid.uuid4())
    headers = [("x-amzn-RequestId", request)]
    if call.protocol in ("json", "rest-json"):
        body, kind = json.dumps({"__type": code, "message": message}).encode(), "application/x-amz-json-1.1"
        headers.append(("x-amzn-ErrorType", code))
    elif call.protocol == "cbor":
        body, kind = _cbor({"__type": code, "message": message}), "application/cbor"
        headers += [("smithy-protocol", "rpc-v2-cbor"), ("x-amzn-query-error", f"{code};Sender")]
    elif call.service == "s3":
        text = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message><RequestId>{request}</RequestId></Error>"
        body, kind = f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode(), "application/xml"
    else:
        body, kind = wire.refusal(wire.ApiError(code, message, status), flat=call.protocol == "ec2"), "text/xml"
    return Refusal(status, [("Content-Type", kind), ("Content-Length", str(len(body))), *headers], body)


def _cbor(pairs: dict[str, str]) -> bytes:
    """A map of texts in CBOR (RFC 8949): the answer's one form, not worth a library."""
    def text(value: str) -> bytes:
        raw = value.encode()
        return (b"\x79" + len(raw).to_bytes(2, "big")) + raw

    return bytes([0xA0 + len(pairs)]) + b"".join(text(key) + text(value) for key, value in pairs.items())
