"""python -m d2moto --port PORT: run the local AWS until it is told to stop."""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path


def main(argv: list[str] | None = None) -> None:
    """Parse the command line, correct moto, serve."""
    parser = argparse.ArgumentParser(prog="d2moto", description="The local AWS: moto with a CloudFormation of its own.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on; loopback only (%(default)s)")
    parser.add_argument("--port", type=int, default=4566, help="port to listen on, 0 for a free one (%(default)s)")
    parser.add_argument("--account", default="111122223333", help="the account that everything is in (%(default)s)")
    parser.add_argument(
        "--hosted-zone", action="append", default=[], metavar="DOMAIN=ID",
        help="a Route 53 zone that exists from the start under a fixed id; may be repeated",
    )
    parser.add_argument("--state", type=Path, metavar="FILE", help="write port and pid here once requests are answered")
    parser.add_argument("--release", default="", help="what /d2moto/health tells as the version of this program")
    parser.add_argument("--parent", type=int, default=0, metavar="PID", help="end when this process has ended")
    parser.add_argument("--gateway", default="", metavar="JSON", help="the words that start the gateway of sessions, when there is one")
    parser.add_argument("--gateway-directory", default=".", metavar="DIR", help="where that is run (%(default)s)")
    parser.add_argument("--types", action="store_true", help="print the known resource types as Markdown and leave")
    options = parser.parse_args(argv)

    from .loopback import require_loopback

    require_loopback(options.host)
    if options.types:
        from . import resources  # noqa: F401  registers every type
        from .resources.table import markdown

        print(markdown())
        return
    _serve(options)


def _serve(options: argparse.Namespace) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        # Everything is in memory: there is nothing to put away.
        signal.signal(number, lambda *_: os._exit(0))
    if options.parent:
        threading.Thread(target=_end_with, args=(options.parent,), daemon=True).start()
    # moto reads these when it is imported.
    os.environ["MOTO_ACCOUNT_ID"] = options.account
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    logging.basicConfig(format="%(asctime)s %(name)s %(levelname)s %(message)s", level=logging.WARNING)
    logging.getLogger("d2moto").setLevel(logging.INFO)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)

    from werkzeug.serving import make_server

    from . import aws, corrections, gateway, zones
    from .server import Application

    corrections.apply()
    gateway.process.use(options.gateway, options.gateway_directory)
    application = Application(options.account, options.release)
    server = make_server(options.host, options.port, application, threaded=True)
    os.environ["MOTO_PORT"] = str(server.server_port)
    aws.use_endpoint(f"http://{options.host}:{server.server_port}")
    seed = zones.seeder(options.account, options.hosted_zone)
    application.on_reset.append(seed)
    seed()
    print(f"d2moto: listening on http://localhost:{server.server_port}", flush=True)
    if options.state:
        _write(options.state, {"pid": os.getpid(), "port": server.server_port, "account": options.account,
                               "release": options.release})
    server.serve_forever()


def _write(path: Path, state: dict[str, object]) -> None:
    # Renamed into place, so that no reader sees half of it.
    draft = path.with_suffix(".tmp")
    draft.write_text(json.dumps(state))
    draft.rename(path)


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
