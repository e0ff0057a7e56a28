# SPDX-License-Identifier: MIT
"""Files of accounts, the command that takes them, and what is there afterwards."""
import base64
import itertools
import json
import subprocess
import uuid

from authtest.peak import run_measured
from authtest.planted import new_password
from foreign import FIREBASE_KEY, FIREBASE_OPTIONS

COUNTER = itertools.count(1)


def new_email():
    return f"mover{next(COUNTER)}@example.org"


def person(**more):
    return {"id": str(uuid.uuid4()), "email": new_email(), "password": new_password(), **more}


def write(folder, text):
    path = folder / f"import{next(COUNTER)}.data"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def take(replica, path, *options, expected=0, stdin=None):
    """One outcome for each record."""
    printed = replica.run("import", path, "--json", *options, expected=expected, stdin=stdin)
    return [json.loads(line) for line in printed.splitlines()]


def attempt(replica, *arguments):
    """A command with all it says and how it ended."""
    return subprocess.run([replica.binary, *arguments], env=replica.environment(), stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False, timeout=120, cwd=replica.folder)


def measured(replica, *arguments, expected=0):
    """(what it printed, KiB it had resident at most)."""
    done, peak_kib, _ = run_measured([replica.binary, *arguments], env=replica.environment(), stdin=subprocess.DEVNULL,
                                     capture_output=True, text=True, check=False, timeout=120, cwd=replica.folder)
    assert done.returncode == expected, (arguments, done.returncode, done.stdout[-2000:], done.stderr[-2000:])
    return done.stdout, peak_kib


def lines(*records):
    return "".join(json.dumps(record) + "\n" for record in records)


def exported(replica, *options):
    return {account["email"]: account
            for account in map(json.loads, replica.run("export", *options).splitlines())}


def options_of(system, folder):
    if system != "firebase":
        return []
    key = folder / "signer.key"
    key.write_text(base64.b64encode(FIREBASE_KEY).decode() + "\n")
    return ["--firebase-signer-key-file", str(key)] + [word for pair in FIREBASE_OPTIONS.items() for word in pair]
