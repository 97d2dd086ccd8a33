"""The message gateway: a process of its own, written in Go, that runs sessions of Systems Manager.

It is started by the first session and ends with this process, which it sees at
the end of its standard input. Sessions are its own; what it has to know of the
platform (whether a host is online, what a document says, which databases there
are, what a host answers to a command) it is told or asks for.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
import urllib.error
import urllib.request
from typing import Any

# Where a session starts; internal/ssmtest/control.go has it.
START = "/_d2/start"
# How long the gateway may take for an answer, in seconds.
PATIENCE = 30


class Refused(Exception):
    """What the gateway answered with an error: its code and its words."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


class Gateway:
    """The process, once it is needed."""

    def __init__(self) -> None:
        self._command: list[str] = []
        self._directory = "."
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._url = ""

    def use(self, command: str, directory: str) -> None:
        """Tell how it is started: a list of words as JSON, and where it is run."""
        self._command, self._directory = json.loads(command) if command else [], directory

    @property
    def runs(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def url(self) -> str:
        """Where it answers; starts it if need be."""
        with self._lock:
            if not self.runs:
                self._start()
            return self._url

    def ask(self, path: str, body: Any = None, target: str = "") -> Any:
        """Ask it by its control, or by the API where a target names the operation."""
        headers = {"Content-Type": "application/x-amz-json-1.1", **({"X-Amz-Target": target} if target else {})}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url() + path, data, headers)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            told = json.load(error)
            raise Refused(told["__type"], told["message"]) from error

    def call(self, operation: str, body: dict[str, Any]) -> Any:
        """Have it answer an operation of Systems Manager."""
        return self.ask("/", body, f"AmazonSSM.{operation}")

    def _start(self) -> None:
        if not self._command:
            raise Refused("InternalServerError", "this local AWS was started without a session gateway")
        words = [*self._command, "--aws", f"http://127.0.0.1:{os.environ['MOTO_PORT']}"]
        # Its standard error is this process's log; our end of its standard input closes when we end.
        self._process = subprocess.Popen(
            words, cwd=self._directory, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        assert self._process.stdout
        self._url = self._process.stdout.readline().strip()
        if not self._url:
            self._process.communicate()
            raise Refused("InternalServerError", "the session gateway did not start; the local AWS's log says why")


process = Gateway()
