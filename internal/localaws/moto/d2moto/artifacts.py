"""Releases in the artifact bucket, fetched and verified as a host does it."""

from __future__ import annotations

import hashlib
import io
import json
import posixpath
import tarfile

from moto.s3.models import s3_backends

from . import names

# A member of an artifact that makes it a bad release on purpose: {"health": "never"}.
FAULT = "d2-fault.json"
# What its "health" may be: answers 503, dies at once, or takes requests and never answers.
FAULTS = ("never", "crash", "timeout")


class Unusable(Exception):
    """A release that d2-release refuses; ``code`` is its exit code."""

    def __init__(self, code: int, cause: str):
        super().__init__(cause)
        self.code = code


def fetch(account: str, bucket: str, service: str, version: str) -> str:
    """Verify a release. The answer is the fault that it carries: one of FAULTS, or nothing."""
    packed = _read(account, bucket, names.artifact(service, version))
    checksum = _read(account, bucket, names.artifact(service, version) + ".sha256")
    expected = (checksum.decode(errors="replace").split() or [""])[0].lower()
    actual = hashlib.sha256(packed).hexdigest()
    if actual != expected:
        raise Unusable(5, f"the checksum of {names.artifact(service, version)} is {actual}, not {expected}")
    return _look_into(packed, version)


def _read(account: str, bucket: str, name: str) -> bytes:
    """The newest object of this name under any prefix: the prefix is config's, and not told to hosts here."""
    backend = s3_backends[account]["aws"]
    if bucket in backend.buckets:
        keys = backend.buckets[bucket].keys
        for key in sorted(keys):
            found = backend.get_object(bucket, key) if posixpath.basename(key) == name else None
            if found is not None:
                return bytes(found.value)
    raise Unusable(4, f"{name} is not in the bucket {bucket}")


def _look_into(packed: bytes, version: str) -> str:
    try:
        with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as archive:
            members = {posixpath.normpath(member.name): member for member in archive}
            if "ecosystem.config.js" not in members:
                raise Unusable(4, f"the artifact of {version} has no ecosystem.config.js")
            if FAULT not in members:
                return ""
            content = archive.extractfile(members[FAULT])
            health = json.load(content)["health"] if content else ""
    except (tarfile.TarError, OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise Unusable(4, f"the artifact cannot be unpacked: {error}") from error
    if health not in FAULTS:
        raise Unusable(4, f"{FAULT} says health {health!r}; the local AWS knows {', '.join(FAULTS)}")
    return str(health)
