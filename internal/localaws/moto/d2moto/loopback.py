"""Where the server may listen."""

from __future__ import annotations

import ipaddress


def require_loopback(host: str) -> None:
    """Refuse every address that others could reach: this server accepts any credentials."""
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise SystemExit(
            f"d2moto: refusing to listen on {host}: the local AWS accepts any credentials; use 127.0.0.1"
        )
