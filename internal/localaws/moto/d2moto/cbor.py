"""CloudWatch in CBOR, which the SDK for Go speaks and moto does not: moto is asked in JSON instead."""

from __future__ import annotations

import io
import re
from typing import Any, Callable

import botocore.session
from botocore.parsers import RpcV2CBORParser, create_parser
from botocore.serialize import create_serializer
from werkzeug.test import run_wsgi_app

from . import calls

SERVICE, TARGET = "cloudwatch", "GraniteServiceVersion20100801"
PATH = re.compile(rf"/service/{TARGET}/operation/(\w+)")
HEADERS = [("Content-Type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor")]

_model = botocore.session.Session().get_service_model(SERVICE)


def is_meant(environ: dict[str, Any]) -> bool:
    """Whether a request is one of these."""
    return bool(PATH.fullmatch(environ.get("PATH_INFO", "")))


def answer(moto: Any, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """Ask moto in JSON and answer in CBOR."""
    operation = _model.operation_model(PATH.fullmatch(environ["PATH_INFO"])[1])
    body = _in_json(operation, environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
    asked = {
        **environ, "PATH_INFO": "/", "REQUEST_URI": "/", "RAW_URI": "/", "CONTENT_TYPE": "application/x-amz-json-1.0",
        "HTTP_X_AMZ_TARGET": f"{TARGET}.{operation.name}", "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body),
    }
    told, status, headers = run_wsgi_app(moto, asked, buffered=True)
    code = int(status.split()[0])
    response = {"status_code": code, "headers": dict(headers), "body": b"".join(told)}
    result = create_parser("json").parse(response, operation.output_shape)
    if code >= 300:
        call = calls.Call(SERVICE, "monitoring", (operation.name,), "cbor")
        refusal = calls.refuse(call, result["Error"]["Code"], result["Error"]["Message"], code)
        start_response(f"{code} Error", refusal.headers)
        return [refusal.body]
    packed = _in_cbor(operation, result)
    start_response("200 OK", [*HEADERS, ("Content-Length", str(len(packed)))])
    return [packed]


def _in_json(operation: Any, body: bytes) -> bytes:
    reader = RpcV2CBORParser()
    given = reader.parse_data_item(reader.get_peekable_stream_from_bytes(body)) if body else {}
    written = create_serializer("json", include_validation=False).serialize_to_request(given, operation)
    return bytes(written["body"])


def _in_cbor(operation: Any, result: dict[str, Any]) -> bytes:
    result.pop("ResponseMetadata", None)
    if operation.output_shape is None:
        return b"\xa0"
    # botocore writes requests only, but by shape: an answer's shape does as well.
    writer = create_serializer("smithy-rpc-v2-cbor", include_validation=False)
    return bytes(writer._serialize_body_params(result, operation.output_shape))
