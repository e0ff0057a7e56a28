# SPDX-License-Identifier: MIT
"""One private copy of the stack: `docker-compose` on a copy of the project, with its own project name and port."""

import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile
import threading
import time

from edge import ROOT, free_port
from raw_http import request

# The script of the project works on the project it stands in: here that is the copy, where every command is run.
OWN = "scripts/compose"
COMPOSE = shlex.split(os.environ.get("COMPOSE", OWN))
if "/" in COMPOSE[0] and COMPOSE[0] != OWN:
    COMPOSE[0] = str((ROOT / COMPOSE[0]).resolve())
COPIED = ["CMakeLists.txt", "CMakePresets.json", "cmake", "include", "migrations", "src", "tests/CMakeLists.txt",
          "scripts/install-packages", OWN, "deploy", "nginx", "nginx.Dockerfile", "auth.Dockerfile", "docker-compose.yml",
          "docker-compose.production.yml", "postgres_init.sql", ".env", ".dockerignore"]
EMAIL = "ada@example.org"
PASSWORD = "correct horse battery staple"


def copy_project(folder):
    """What a user has after `git clone`: nothing is edited."""
    for name in COPIED:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / name, target)


def until(condition, seconds, what):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what}")


class Stack:
    def __init__(self, name, files=(), **environment):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{name}-"))
        copy_project(self.folder)
        self.name = f"{name}{os.getpid()}"
        self.files = [word for file in files for word in ("-f", file)]
        self.address = ("127.0.0.1", free_port())
        self.environment = {**os.environ, "HTTP_PORT": str(self.address[1]), "TAG": "e2e", **environment}

    def compose(self, *words, check=True, timeout=900, **environment):
        done = subprocess.run(
            [*COMPOSE, "-p", self.name, *self.files, *words], cwd=self.folder, text=True, capture_output=True,
            env={**self.environment, **environment}, timeout=timeout, stdin=subprocess.DEVNULL,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(words)}: {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        return done

    def up(self, *words, **environment):
        """Seconds until the first request is answered."""
        begun = time.monotonic()
        self.compose("up", "-d", *words, **environment)
        self.wait()
        return time.monotonic() - begun

    def wait(self, seconds=60):
        until(lambda: self.status_of("GET", "/v1/config") == 200, seconds, "an answer through the published port")

    def execute(self, service, *command, options=(), check=True):
        return self.compose("exec", "-T", *options, service, *command, check=check)

    def logs(self, service):
        return self.compose("logs", "--no-color", service).stdout

    def destroy(self):
        self.compose("down", "-v", "--remove-orphans", check=False)
        shutil.rmtree(self.folder)

    # --- requests ---

    def request(self, method, path, body=None, token=None, headers=None):
        fields = dict(headers or {})
        data = b""
        if isinstance(body, dict):
            fields["Content-Type"] = "application/json"
            data = json.dumps(body).encode()
        elif body:
            fields["Content-Type"] = "application/x-www-form-urlencoded"
            data = body.encode()
        if token:
            fields["Authorization"] = f"Bearer {token}"
        return request(self.address, method, path, fields, data)

    def status_of(self, *words, **named):
        try:
            return self.request(*words, **named).status
        except OSError:
            return 0

    def patiently(self, method, path, **named):
        """As a client that obeys Retry-After."""
        for _ in range(20):
            answer = self.request(method, path, **named)
            if answer.status != 429:
                return answer
            time.sleep(int(answer.header("Retry-After")))
        raise AssertionError("still refused after 20 attempts")

    def sign_up(self, email=EMAIL):
        return self.patiently("POST", "/v1/signup", body={"email": email, "password": PASSWORD})

    def log_in(self, email=EMAIL, password=PASSWORD):
        return self.patiently("POST", "/v1/login", body={"method": "password", "email": email, "password": password})


class Traffic:
    """Requests one after the other in the background: (seconds since the start, status)."""

    def __init__(self, send, pause_seconds=0.1):
        self.statuses = []
        self._send = send
        self._pause_seconds = pause_seconds
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        while not self._ends.is_set():
            try:
                self.statuses.append(self._send().status)
            except OSError:
                self.statuses.append(0)
            self._ends.wait(self._pause_seconds)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ends.set()
        self._thread.join()


def image_sizes(stack):
    """{"auth": megabytes, …} as `docker-compose images` prints them."""
    sizes = {}
    for line in stack.compose("images").stdout.splitlines():
        found = re.search(r"\s(auth|auth-webserver)\s.*?([\d.]+) ?MB", line)
        if found:
            sizes[found[1]] = float(found[2])
    return sizes
