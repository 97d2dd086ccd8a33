"""The names by which a host finds its release: what Go's package config gives, said once more.

Python cannot read config, so this is where the two meet. names_test.go holds
every line against config; nothing else here may spell such a name.
"""

from __future__ import annotations

import json
import re
import sys

# Tag keys.
ENVIRONMENT, PROJECT, SERVICE = "Environment", "Project", "Service"
# The version before the first release, for which a placeholder answers.
UNRELEASED = "unreleased"
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,127}")


def version_parameter(project: str, environment: str, service: str) -> str:
    """The parameter that names a service's release."""
    return f"/{project}/{environment}/{service}/version"


def variables(project: str, environment: str, service: str) -> str:
    """The path above a service's variables."""
    return f"/{project}/{environment}/{service}/env"


def bucket(project: str, environment: str, account: str) -> str:
    """The bucket of artifacts."""
    return f"{project}-deployments-{environment}-{account}"


def artifact(service: str, version: str) -> str:
    """The file name of an artifact, under whatever prefix; its checksum has .sha256 after it."""
    return f"{service}-{version}.tar.gz"


def main(project: str, environment: str, service: str, account: str, version: str) -> None:
    """python -m d2moto.names PROJECT ENVIRONMENT SERVICE ACCOUNT VERSION: all of them, for names_test.go."""
    print(json.dumps({
        "tags": [ENVIRONMENT, PROJECT, SERVICE], "unreleased": UNRELEASED,
        "version": version_parameter(project, environment, service),
        "variables": variables(project, environment, service),
        "bucket": bucket(project, environment, account), "artifact": artifact(service, version),
    }))


if __name__ == "__main__":
    main(*sys.argv[1:])
