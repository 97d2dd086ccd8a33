"""Hosted zones that exist before any stack does, under ids that templates name."""

from __future__ import annotations

from typing import Callable

from moto.route53.models import HostedZoneIdentifier, route53_backends
from moto.utilities.id_generator import moto_id_manager


def seeder(account: str, wanted: list[str]) -> Callable[[], None]:
    """A function that makes the zones of DOMAIN=ID arguments."""
    pairs = {}
    for entry in wanted:
        domain, separator, zone_id = entry.partition("=")
        if not (domain and separator and zone_id):
            raise SystemExit(f"d2moto: --hosted-zone {entry}: give DOMAIN=ID, e.g. example.com=Z0123456789EXAMPLE")
        pairs[domain.rstrip(".") + "."] = zone_id

    def seed() -> None:
        for domain, zone_id in pairs.items():
            _make(account, domain, zone_id)

    return seed


def _make(account: str, domain: str, zone_id: str) -> None:
    # The API draws ids at random, so moto is told which id the next zone of this name takes.
    backend = route53_backends[account]["aws"]
    identity = HostedZoneIdentifier(account, domain, None)
    moto_id_manager.set_custom_id(identity, zone_id)
    try:
        backend.create_hosted_zone(name=domain, private_zone=False, comment="made by the local AWS")
    finally:
        moto_id_manager.unset_custom_id(identity)
