"""Clients for the service APIs of this very server."""

from __future__ import annotations

import threading
from typing import Any

import boto3
from botocore.config import Config

# By this, faults that are set (see ``faults``) know what the local AWS asks itself.
USER_AGENT = "d2moto/internal"

_lock = threading.Lock()
_session = boto3.session.Session(aws_access_key_id="local", aws_secret_access_key="local")
_clients: dict[tuple[str, str], Any] = {}
_endpoint = ""


def use_endpoint(url: str) -> None:
    """Tell where the server listens; clients are made on first use."""
    global _endpoint
    with _lock:
        _endpoint = url
        _clients.clear()


def client(service: str, region: str) -> Any:
    """A client that never retries: an error of the server is a defect to report, not to hide."""
    with _lock:
        key = (service, region)
        if key not in _clients:
            _clients[key] = _session.client(
                service, region_name=region, endpoint_url=_endpoint,
                config=Config(retries={"max_attempts": 0}, user_agent_extra=USER_AGENT),
            )
        return _clients[key]
