# SPDX-License-Identifier: MIT
"""The templates of nginx/ in an nginx of this machine, filled in as the image does it."""

import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support" / "python"))

from authtest.ports import free_port  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]


def image_environment():
    """The defaults, read from where they stand: the ENV lines of the Dockerfile."""
    text = (ROOT / "nginx.Dockerfile").read_text().replace("\\\n", " ")
    environment = {}
    for line in text.splitlines():
        if line.startswith("ENV "):
            for name, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|(\S+))', line):
                environment[name] = quoted or plain
    return environment


def fill_in(template, environment):
    """As envsubst with a list of names: other dollar signs stay."""
    return re.sub(r"\$\{(\w+)\}", lambda match: environment.get(match[1], match[0]), template)


def edge_environment(folder, settings):
    environment = image_environment()
    environment.update(
        NGINX_RUN_DIR=str(folder),
        NGINX_ENVSUBST_OUTPUT_DIR=str(folder),
        NGINX_HEALTH_LISTEN=f"127.0.0.1:{free_port()}",
        NGINX_ACCESS_LOG=f"{folder}/access.log",
        NGINX_ERROR_LOG=f"{folder}/error.log",
        NGINX_TLS_CERTIFICATE=f"{folder}/certificate.pem",
        NGINX_TLS_KEY=f"{folder}/key.pem",
        NGINX_WORKER_PROCESSES="1",
        # A name server that is never asked: upstreams of the tests are addresses.
        NGINX_RESOLVER="127.0.0.1",
        PATH=os.environ["PATH"],
    )
    environment.update(settings)
    return environment


def prepare(environment):
    """Runs the entry point's scripts and fills the templates in; returns the first script that failed, if one did."""
    folder = pathlib.Path(environment["NGINX_ENVSUBST_OUTPUT_DIR"])
    checks = subprocess.run([ROOT / "nginx/entrypoint/10-edge-checks.sh"], env=environment, capture_output=True, text=True)
    if checks.returncode != 0:
        return checks
    for template in (ROOT / "nginx/templates").glob("*.template"):
        (folder / template.stem).write_text(fill_in(template.read_text(), environment))
    return subprocess.run([ROOT / "nginx/entrypoint/30-edge-listen.sh"], env=environment, capture_output=True, text=True)


class Edge:
    """A running nginx. `settings` are those of the image (NGINX_…)."""

    def __init__(self, upstream_port, certificate=None, **settings):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="edge-"))
        self.folder.chmod(0o755)
        if certificate:
            shutil.copy(certificate[0], self.folder / "certificate.pem")
            shutil.copy(certificate[1], self.folder / "key.pem")
        self.address = ("127.0.0.1", free_port())
        self.tls_address = ("127.0.0.1", free_port())
        settings.setdefault("NGINX_UPSTREAM", f"127.0.0.1:{upstream_port}")
        settings.setdefault("NGINX_LISTEN", f"127.0.0.1:{self.address[1]}")
        settings.setdefault("NGINX_TLS_LISTEN", f"127.0.0.1:{self.tls_address[1]}")
        self.environment = edge_environment(self.folder, settings)
        prepared = prepare(self.environment)
        assert prepared.returncode == 0, prepared.stderr
        self.said = prepared.stdout
        self._start()

    def _start(self):
        # As root, workers would become another user that cannot write to the folder.
        user = "user root; " if os.getuid() == 0 else ""
        command = ["nginx", "-e", f"{self.folder}/error.log", "-c", f"{self.folder}/nginx.conf"]
        self.process = subprocess.Popen(
            command + ["-g", f"{user}daemon off;"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        host, port = self.environment["NGINX_HEALTH_LISTEN"].split(":")
        until = time.monotonic() + 10
        while time.monotonic() < until and self.process.poll() is None:
            try:
                socket.create_connection((host, int(port)), timeout=1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise AssertionError(f"nginx did not start: {self.process.stdout.read() if self.process.poll() else ''}")

    @property
    def health_address(self):
        host, port = self.environment["NGINX_HEALTH_LISTEN"].split(":")
        return (host, int(port))

    def log(self, count=1):
        """The access log, once it has `count` lines."""
        path = self.folder / "access.log"
        until = time.monotonic() + 5
        while time.monotonic() < until:
            lines = path.read_text().splitlines() if path.exists() else []
            if len(lines) >= count:
                return [json.loads(line) for line in lines]
            time.sleep(0.02)
        raise AssertionError(f"fewer than {count} lines in the access log")

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)
        self.process.stdout.close()
        shutil.rmtree(self.folder)
