"""Every stand-in writes down how it was called, and refuses what it does not expect."""
import json
import os
import sys

CALLS = "/var/log/standins.jsonl"


def called():
    with open(CALLS, "a") as file:
        file.write(json.dumps([os.path.basename(sys.argv[0]), *sys.argv[1:]]) + "\n")


def refuse(what):
    with open(CALLS, "a") as file:
        file.write(json.dumps(["REFUSED", os.path.basename(sys.argv[0]), what]) + "\n")
    sys.exit("stand-in %s: did not expect %s" % (os.path.basename(sys.argv[0]), what))


def fails_first(name):
    """Whether the test asked for this call to fail: /etc/standins/NAME holds how many still do."""
    path = "/etc/standins/" + name
    if not os.path.exists(path):
        return False
    with open(path) as file:
        left = int(file.read())
    with open(path, "w") as file:
        file.write(str(max(left - 1, 0)))
    return left > 0
