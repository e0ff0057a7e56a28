# SPDX-License-Identifier: MIT
"""Commands of the binary beside a service, and what they say."""
import json
import subprocess
import uuid

from .service import BINARY


def new_email():
    return f"c{uuid.uuid4().hex[:12]}@example.org"


def said(replica, *arguments, stdin=""):
    """(exit code, standard output, standard error)"""
    done = subprocess.run([BINARY, *arguments], env=replica.environment(), input=stdin, capture_output=True, text=True, check=False,
                          timeout=60, cwd=replica.folder)
    return done.returncode, done.stdout, done.stderr


def lines_of(printed):
    return [json.loads(line) for line in printed.splitlines()]
