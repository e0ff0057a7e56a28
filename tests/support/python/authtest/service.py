# SPDX-License-Identifier: MIT
"""The service: one or more processes of the binary, with or without a proxy before them."""
import base64
import json
import os
import pathlib
import secrets
import signal
import subprocess

from .client import Client
from .mails import printed_mails, received_mails
from .planted import plant, plant_tokens
from .ports import free_port
from .process import Process, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[4]
BINARY = os.environ.get("AUTH_BINARY", str(ROOT / "build" / "auth"))
# Sanitizers and coverage slow a start down.
READY_SECONDS = 30


def new_secret_key():
    return plant(base64.b64encode(secrets.token_bytes(32)).decode())


class Replica:
    """One process. It listens on a Unix socket or on a free port; operations have a port of their own."""

    def __init__(self, folder, name, settings, is_on_socket=False, binary=BINARY):
        self.folder = os.path.join(folder, name)
        self.binary = binary
        os.makedirs(self.folder)
        self.ops_port = free_port()
        self.address = os.path.join(self.folder, "auth.sock") if is_on_socket else ("127.0.0.1", free_port())
        listen = f"unix:{self.address}" if is_on_socket else f"127.0.0.1:{self.address[1]}"
        self.upstream = listen
        self.settings = {"AUTH_LISTEN": listen, "AUTH_OPS_LISTEN": f"127.0.0.1:{self.ops_port}", "LOG_FORMAT": "json",
                         "AUTH_DRAIN_SECONDS": "5", **settings}
        self.process = Process(name, [binary, "serve"], self.folder, self.environment())

    def environment(self):
        """The machine's environment without settings of its own, but for the loops: races need several."""
        kept = ("PATH", "HOME", "LANG", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS",
                "AUTH_LOOPS")
        return {**{name: os.environ[name] for name in kept if name in os.environ},
                "AUTH_DATA_DIR": self.folder, **self.settings}

    def start(self):
        self.process.start()
        return self

    def wait_ready(self):
        wait_until(self.is_ready, READY_SECONDS, f"readiness of {self.process.name} (see {self.process.log_path})")
        return self

    def is_ready(self):
        if not self.process.is_running():
            raise RuntimeError(f"{self.process.name} ended:\n{self.process.read_log()[-2000:]}")
        try:
            return self.operations().get("/readyz").status == 200
        except OSError:
            return False

    def operations(self):
        return Client(("127.0.0.1", self.ops_port))

    def client(self):
        return Client(self.address)

    def run(self, *arguments, stdin=None, expected=0):
        """A command of the binary with the same settings; its standard output."""
        done = subprocess.run([self.binary, *arguments], env=self.environment(), input=stdin or "", capture_output=True,
                              text=True, check=False, timeout=60, cwd=self.folder)
        assert done.returncode == expected, (arguments, done.returncode, done.stdout, done.stderr)
        return done.stdout

    def stop(self, how=signal.SIGTERM):
        return self.process.stop(how)


class Service:
    """Replicas, and where the outside reaches them."""

    def __init__(self, name, replicas, proxy=None, database=None):
        self.name, self.replicas, self.proxy, self.database = name, replicas, proxy, database
        self.mail_folder = None  # where a mail server puts what it gets; None: mail is printed to the logs

    def start(self):
        for replica in self.replicas:
            replica.start()
        for replica in self.replicas:
            replica.wait_ready()
        if self.proxy:
            self.proxy.start()
        return self

    def client(self):
        """From an address of its own, through the proxy if there is one."""
        return Client(("127.0.0.1", self.proxy.port)) if self.proxy else self.replicas[0].client()

    def operations(self):
        return self.replicas[0].operations()

    def new_oauth_client(self, name, *options):
        """(client_id, client_secret); the secret is None for a public client."""
        made = json.loads(self.replicas[0].run("client", "create", name, "--json", *options))
        plant_tokens(made)
        return made["client_id"], made.get("client_secret")

    def mails(self, address, kind=None):
        """What has been sent to the address so far (see mails.Mail), oldest first; of one kind if it is named."""
        if self.mail_folder:
            found = received_mails(self.mail_folder)
        else:
            printed = [mail for replica in self.replicas for mail in printed_mails(replica.process.read_log())]
            found = sorted(printed, key=lambda mail: mail.at)
        return [mail for mail in found if mail.to.lower() == address.lower() and kind in (None, mail.kind)]

    def wait_mail(self, address, kind=None, count=1, seconds=10):
        """The latest mail to the address, once there are `count` of them (of the kind)."""
        wait_until(lambda: len(self.mails(address, kind)) >= count, seconds, f"mail {kind or ''} to {address}")
        return self.mails(address, kind)[-1]

    def stop(self):
        if self.proxy:
            self.proxy.stop()
        for replica in self.replicas:
            replica.stop()
