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
# What the boot wrote.
BOOT_LOG = "/var/log/cloud-init-output.log"
# Tells an app which version it is.
VERSION_VARIABLE = "APP_VERSION"


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


def env_file(service: str) -> str:
    """The variables of the running release."""
    return f"/opt/apps/{service}/current/.env"


def app_log(service: str, stream: str) -> str:
    """What the app writes, as PM2 keeps it: stream out or error."""
    return f"/home/appuser/.pm2/logs/{service}-{stream}.log"


def release_log(service: str) -> str:
    """What d2-release did."""
    return f"/var/log/d2/{service}-release.log"


def main(project: str, environment: str, service: str, account: str, version: str) -> None:
    """python -m d2moto.names PROJECT ENVIRONMENT SERVICE ACCOUNT VERSION: all of them, for names_test.go."""
    print(json.dumps({
        "tags": [ENVIRONMENT, PROJECT, SERVICE], "unreleased": UNRELEASED,
        "version": version_parameter(project, environment, service),
        "variables": variables(project, environment, service),
        "bucket": bucket(project, environment, account), "artifact": artifact(service, version),
        "bootLog": BOOT_LOG, "versionVariable": VERSION_VARIABLE, "envFile": env_file(service),
        "outLog": app_log(service, "out"), "errorLog": app_log(service, "error"), "releaseLog": release_log(service),
    }))


if __name__ == "__main__":
    main(*sys.argv[1:])
