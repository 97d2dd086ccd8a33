"""The HTTP server: CloudFormation is answered here, everything else by moto."""

from __future__ import annotations

import functools
import json
import logging
import os
from typing import Any, Callable, Iterable

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from . import cbor, commands, databases, faults, gateway
from .calls import CREDENTIAL
from .cloudformation import wire
from .cloudformation.api import Api
from .cloudformation.stacks import Store

log = logging.getLogger("d2moto")

HEALTH = "/d2moto/health"
# For Go: where the gateway is. For the gateway: which databases there are, what a host answers.
GATEWAY, DATABASES, SHELL = "/_d2/gateway", "/_d2/databases", "/_d2/shell"

StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class Application:
    """The WSGI application."""

    def __init__(self, account: str, release: str = "") -> None:
        self.moto = DomainDispatcherApplication(create_backend_app)
        self.store = Store(account)
        self.health = {"name": "d2moto", "pid": os.getpid(), "account": account, "release": release}
        self.api = Api(self.store)
        self.faults = faults.Faults(account)
        self.on_reset: list[Callable[[], None]] = []

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == HEALTH:
            return _send(start_response, "200 OK", "application/json", json.dumps(self.health).encode())
        if path == faults.PATH:
            status, body = self.faults.control(environ["REQUEST_METHOD"], _body(environ))
            return _send(start_response, f"{status} Answer", "application/json", body)
        if path in (GATEWAY, DATABASES, SHELL):
            return self._sessions(path, environ, start_response)
        if path == "/moto-api/reset" and environ["REQUEST_METHOD"] == "POST":
            return self._reset(environ, start_response)
        if struck := self.faults.strike(environ):
            start_response(f"{struck.status} Fault", struck.headers)
            return [struck.body]
        scope = CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
        if scope and scope[2] == "cloudformation":
            return self._cloudformation(scope[1], environ, start_response)
        if cbor.is_meant(environ):
            return cbor.answer(functools.partial(self._moto, cbor.SERVICE), environ, start_response)
        return self._moto(scope[2] if scope else "", environ, start_response)

    def _moto(self, service: str, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Let moto answer; what it cannot do becomes an error that the caller can read.

        By itself moto answers a page of HTML then, which SDKs repeat their request after and cannot parse.
        """
        try:
            return self.moto(environ, start_response)
        except NotImplementedError as error:
            code, message = "NotImplemented", f"{error}: the local AWS (moto) does not have it"
        except Exception as error:
            log.exception("%s", service)
            code, message = "InternalFailure", f"moto broke: {type(error).__name__}: {error}; the log has the trace"
        if "HTTP_X_AMZ_TARGET" in environ:
            body, kind = json.dumps({"__type": code, "message": message}).encode(), "application/x-amz-json-1.1"
        else:
            body, kind = wire.refusal(wire.ApiError(code, message), flat=service == "ec2"), "text/xml"
        return _send(start_response, "400 Bad Request", kind, body)

    def _sessions(self, path: str, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        account, status, answer = self.health["account"], "200 OK", None
        try:
            if path == GATEWAY:
                answer = {"url": gateway.process.url()}
            elif path == DATABASES:
                answer = databases.listed(account)
            else:
                asked = json.loads(_body(environ))
                answer = commands.interactive(account, asked["instance"], asked["line"])
        except gateway.Refused as refused:
            status, answer = "503 Unavailable", {"error": str(refused)}
        return _send(start_response, status, "application/json", json.dumps(answer).encode())

    def _reset(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        answer = list(self.moto(environ, start_response))
        self.store.clear()
        self.faults.clear()
        for again in self.on_reset:
            again()
        return answer

    def _cloudformation(
        self, region: str, environ: dict[str, Any], start_response: StartResponse
    ) -> Iterable[bytes]:
        try:
            request = wire.parse(_body(environ))
            action = request.pop("Action", "")
            answer = wire.answer(action, self.api.call(action, region, request))
            return _send(start_response, "200 OK", "text/xml", answer)
        except wire.ApiError as error:
            return _send(start_response, f"{error.status} Error", "text/xml", wire.refusal(error))
        except Exception as error:
            log.exception("cloudformation")
            # 400 and not 500: SDKs repeat a request after a 500, which can hide what happened.
            message = f"{type(error).__name__}: {error}; the local AWS's log has the trace"
            refused = wire.ApiError("LocalAwsDefect", message)
            return _send(start_response, "400 Error", "text/xml", wire.refusal(refused))


def _body(environ: dict[str, Any]) -> bytes:
    return bytes(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))


def _send(start_response: StartResponse, status: str, kind: str, body: bytes) -> list[bytes]:
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]
