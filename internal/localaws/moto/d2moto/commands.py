"""What a host answers to shell commands: a model of what runs there, and nothing of this machine.

Commands about releases are answered from the host model. A short list of
harmless ones runs in a real shell, its words quoted. Anything else is refused,
in words: a test must not pass because a command did nothing.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import threading
import time
from dataclasses import dataclass
from typing import Callable

from moto.ec2.models import ec2_backends

from . import hosts, names
from .hosts import App, Host

# What runs in a real shell, and the options that it may be given there.
HARMLESS = {
    "echo": r"(?s).*", "true": "", "false": "", "uname": r"-[asnrvmpio]+", "date": r"\+.*|-u|-R", "uptime": r"-[ps]",
    "df": r"-[hkTi]+|/", "free": r"-[bkmgh]+",
}
PREFIX = re.compile(r"^sudo( -[niEH]+| -u \w[\w-]*)* ")
# What runbook DEV 2 looks at on a host, and what a good one answers.
VERSIONS = {
    "node": "v20.19.5", "npm": "10.8.2", "mysql": "mysql  Ver 8.0.46 for Linux on x86_64 (MySQL Community Server - GPL)",
    "aws": "aws-cli/2.31.0 Python/3.9.23 Linux/6.1.0 exe/x86_64.amzn.2023",
}
UNITS = ("amazon-ssm-agent", "amazon-cloudwatch-agent", "pm2")
# sed that only replaces: nothing after the last slash but g.
REPLACES = re.compile(r"s/(?:[^/\\]|\\.)*/(?:[^/\\]|\\.)*/gI?", re.DOTALL)
URL = re.compile(r"(?:http://)?(?:localhost|127\.0\.0\.1):(\d+)(?:/\S*)?")
# The shell's own words for what cannot be run and for what was stopped.
NOT_RUN, STOPPED = 127, 137


# Seconds that a line of an interactive shell may run.
LINE_SECONDS = 3600


def interactive(account: str, instance: str, line: str) -> dict[str, object]:
    """What a host answers to one line that a person typed."""
    for backend in list(ec2_backends[account].values()):
        for each in backend.all_instances():
            if each.id == instance:
                result = Shell(hosts.of(each), threading.Event(), LINE_SECONDS).run(line)
                return {"code": result.code, "out": result.out, "error": result.error}
    return {"code": NOT_RUN, "out": "", "error": f"{instance} is gone\n"}


class NotRun(Exception):
    """A command that the local AWS does not run."""


class Exit(Exception):
    """The script's own exit."""


@dataclass
class Result:
    """What a script came to."""

    code: int = 0
    out: str = ""
    error: str = ""


class Shell:
    """One run of a script on a host. ``stop`` ends it before its time."""

    def __init__(self, host: Host, stop: threading.Event, seconds: float):
        self.host, self.stop, self.deadline = host, stop, time.monotonic() + seconds
        self.result = Result()
        self._known: dict[str, Callable[[list[str]], int]] = {
            "d2-release": self._release, "pm2": self._pm2, "cat": self._cat, "tail": self._tail, "head": self._tail,
            "curl": self._curl, "sleep": self._sleep, "exit": self._exit, "set": self._set, "sed": self._sed,
            "nc": self._nc, "systemctl": self._systemctl,
        }
        self._stops_at_failure = False

    @property
    def overdue(self) -> bool:
        """Whether its time is over."""
        return time.monotonic() > self.deadline

    def run(self, script: str) -> Result:
        """Run line by line, as sh does."""
        for line in map(str.strip, script.splitlines()):
            if not line or line.startswith("#"):
                continue
            if self.stop.is_set() or self.overdue:
                self.result.code = STOPPED
                break
            try:
                self.result.code = self._line(line)
            except Exit as end:
                self.result.code = int(str(end))
                break
            except NotRun:
                self.result.error += f"the local AWS does not run this: {line}\n"
                self.result.code = NOT_RUN
                break
            if self.result.code and self._stops_at_failure:
                break
        return self.result

    def _line(self, line: str) -> int:
        words = _words(line)
        name = words[0].rpartition("/")[2]
        if name in VERSIONS:
            return self._version(name, words[1:])
        if name in self._known:
            return self._known[name](words[1:])
        if name not in HARMLESS or not all(re.fullmatch(HARMLESS[name], word) for word in words[1:]):
            raise NotRun
        done = subprocess.run(
            ["/bin/sh", "-c", shlex.join([name, *words[1:]])], env={"PATH": "/usr/bin:/bin"}, cwd="/",
            capture_output=True, text=True, timeout=10, check=False,
        )
        return self._say(done.stdout, done.returncode, done.stderr)

    def _say(self, out: str, code: int = 0, error: str = "") -> int:
        self.result.out += out
        self.result.error += error
        return code

    def _release(self, words: list[str]) -> int:
        match words:
            case ["status", *services] if len(services) < 2:
                return self._status(services)
            case ["restart", service]:
                code, line = self.host.restart(service)
            case [service] if not service.startswith("-"):
                code, line = self.host.release(service)
            case _:
                code, line = 2, "d2-release: usage: d2-release SERVICE | restart SERVICE | status [SERVICE]"
        return self._say(line + "\n", code)

    def _status(self, services: list[str]) -> int:
        known = self.host.services()
        if strangers := [service for service in services if service not in known]:
            return self._say(f"d2-release: {strangers[0]}: FAILED: this host runs {', '.join(known) or 'no service'}\n", 2)
        return self._say("".join(self.host.status(service) + "\n" for service in services or known))

    def _pm2(self, words: list[str]) -> int:
        match words:
            case ["jlist"]:
                return self._say(json.dumps([
                    {"name": service, "pid": 1000 + number, "pm2_env": {"status": status, "env": app.env}}
                    for number, (service, app, status) in enumerate(self._processes())
                ]) + "\n")
            case ["list", "-m"]:
                return self._say("".join(
                    f"+--- {service}\nnamespace : default\nversion : N/A\npid : {1000 + number}\npm2 id : {number}\n"
                    f"status : {status}\nmode : fork\nrestarted : {app.restarts}\nuptime : 2h\nmemory usage : 84.2mb\n"
                    f"error log : {names.app_log(service, 'error')}\nwatching : no\nPID file : /home/appuser/.pm2/pids/{service}.pid\n\n"
                    for number, (service, app, status) in enumerate(self._processes())
                ))
            case ["reload", service]:
                if self.host.reload(service):
                    return self._say(f"[PM2] Applying action reloadProcessId on app [{service}](ids: [ 0 ])\n[PM2] [{service}](0) ✓\n")
                return self._say("", 1, f"[PM2][ERROR] Process or Namespace {service} not found\n")
        raise NotRun

    def _processes(self) -> list[tuple[str, App, str]]:
        """What PM2 knows: the placeholder is not its."""
        apps = {service: self.host.app(service) for service in self.host.services()}
        return [(service, app, "errored" if app.fault == "crash" else "online")
                for service, app in apps.items() if app.version not in ("", names.UNRELEASED)]

    def _files(self) -> dict[str, str]:
        files = {
            "/etc/os-release": 'NAME="Amazon Linux"\nVERSION="2023"\nID="amzn"\n',
            names.BOOT_LOG: "".join(line + "\n" for line in self.host.said),
        }
        for service in self.host.services():
            app = self.host.app(service)
            logs = {names.app_log(service, "out"): "out", names.app_log(service, "error"): "error", names.release_log(service): "release"}
            files |= {path: "".join(line + "\n" for line in app.logs[stream]) for path, stream in logs.items()}
            if app.version not in ("", names.UNRELEASED):
                files[names.env_file(service)] = "".join(f"{key}={shlex.quote(value)}\n" for key, value in sorted(app.env.items()))
        return files

    def _cat(self, words: list[str]) -> int:
        return max([self._show(path, slice(None)) for path in words] or [0])

    def _tail(self, words: list[str]) -> int:
        match words:
            case ["-n", count, path] if count.isdigit():
                return self._show(path, slice(-int(count), None))
            case [path]:
                return self._show(path, slice(-10, None))
        raise NotRun

    def _show(self, path: str, lines: slice) -> int:
        if path not in self._files():
            return self._say("", 1, f"{path}: No such file or directory\n")
        return self._say("".join(self._files()[path].splitlines(keepends=True)[lines]))

    def _sed(self, words: list[str]) -> int:
        """Run for real: --sandbox keeps sed from files and commands, and the host's file comes through its input."""
        match words:
            case ["--sandbox", "-zE", expression, path] if REPLACES.fullmatch(expression):
                if path not in self._files():
                    return self._say("", 2, f"sed: can't read {path}: No such file or directory\n")
                done = subprocess.run(["sed", "--sandbox", "-zE", expression], input=self._files()[path],
                                      capture_output=True, text=True, timeout=10, check=False)
                return self._say(done.stdout, done.returncode, done.stderr)
        raise NotRun

    def _nc(self, words: list[str]) -> int:
        """Whether MySQL lets in: a database that is available does."""
        match words:
            case ["-zv", "-w", seconds, address, port] if seconds.isdigit():
                if self.host.reaches(address, port):
                    return self._say("", 0, f"Ncat: Connected to {address}:{port}.\n")
                return self._say("", 1, "Ncat: TIMEOUT.\n")
        raise NotRun

    def _systemctl(self, words: list[str]) -> int:
        match words:
            case ["is-active", *units] if units:
                states = ["active" if unit in UNITS else "inactive" for unit in units]
                return self._say("\n".join(states) + "\n", 3 if "inactive" in states else 0)
        raise NotRun

    def _version(self, name: str, words: list[str]) -> int:
        if words != ["--version"]:
            raise NotRun
        return self._say(VERSIONS[name] + "\n")

    def _curl(self, words: list[str]) -> int:
        options = [word for word in words if word.startswith("-")]
        urls = [URL.fullmatch(word) for word in words if not word.startswith("-")]
        if len(urls) != 1 or urls[0] is None or not all(re.fullmatch(r"-[sSf]+|--fail|--silent", word) for word in options):
            raise NotRun
        port = urls[0][1]
        service = next((each for each in self.host.services() if self.host.port(each) == port), "")
        app = self.host.app(service) if service else None
        if app is None or not app.version or app.fault == "crash":
            return self._say("", 7, f"curl: (7) Failed to connect to localhost port {port}: Connection refused\n")
        if app.fault == "timeout":
            return self._say("", 28, "curl: (28) Operation timed out\n")
        if app.fault and any(word == "--fail" or "f" in word for word in options):
            return self._say("", 22, "curl: (22) The requested URL returned error: 503\n")
        return self._say(json.dumps({"status": app.fault or "ok", "service": service, "version": app.version}))

    def _sleep(self, words: list[str]) -> int:
        if len(words) != 1 or not re.fullmatch(r"\d+(\.\d+)?", words[0]):
            raise NotRun
        left = self.deadline - time.monotonic()
        stopped = self.stop.wait(min(float(words[0]), left)) or float(words[0]) > left
        return STOPPED if stopped else 0

    def _exit(self, words: list[str]) -> int:
        if words and not words[0].isdigit():
            raise NotRun
        raise Exit(words[0] if words else self.result.code)

    def _set(self, words: list[str]) -> int:
        self._stops_at_failure |= any(word.startswith("-") and "e" in word for word in words)
        return 0


def _words(line: str) -> list[str]:
    """The words of a simple command; what needs a shell to be understood is not run."""
    line = PREFIX.sub("", line)
    # A dollar or a backtick would be expanded by a shell; here it would stay as it is.
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.commenters, lexer.whitespace_split = "", True
    try:
        words = list(lexer)
    except ValueError as error:
        raise NotRun from error
    if not words or re.search(r"[$`]", line) or any(word and set(word) <= set("();<>|&") for word in words):
        raise NotRun
    return words
