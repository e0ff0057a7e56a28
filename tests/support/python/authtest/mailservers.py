# SPDX-License-Identifier: MIT
"""Mail servers of the tests: a real one (exim), and one that does what it is told to (faults)."""
import asyncio
import os
import pathlib
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time

from aiosmtpd.controller import Controller

from .planted import plant
from .ports import free_port
from .process import Process, wait_until

EXIM = "/usr/sbin/exim4"
USER = "mailer@auth.test"
PASSWORD = "mail-password%of:the/tests@"

CONFIGURATION = """
primary_hostname = localhost
domainlist local_domains = *
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port} : {tls_port}
tls_on_connect_ports = {tls_port}
tls_certificate = {folder}/cert.pem
tls_privatekey = {folder}/key.pem
tls_advertise_hosts = *
auth_advertise_hosts = ${{if eq{{$tls_in_cipher}}{{}}{{}}{{*}}}}
spool_directory = {folder}/spool
log_file_path = {folder}/exim-%slog
pid_file_path = {folder}/exim.pid
exim_user = {user}
exim_group = {group}
deliver_drop_privilege
host_lookup =
rfc1413_query_timeout = 0s
log_selector = +smtp_connection +subject
acl_smtp_rcpt = acl_rcpt
begin acl
acl_rcpt:
  deny    local_parts = ^refused
          message = no such person
  accept  authenticated = *
          encrypted = *
  deny    message = sign in first
begin routers
all:
  driver = accept
  transport = one_file
begin transports
one_file:
  driver = appendfile
  file = {folder}/mail/$message_exim_id.eml
  message_prefix =
  message_suffix =
  check_string =
  envelope_to_add
  return_path_add
begin retry
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{{name}}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_set_id = $auth2
"""


def make_certificate(folder, name="localhost"):
    """cert.pem and key.pem; the first is its own authority."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem", "-days", "2", "-subj", f"/CN={name}",
                    "-addext", f"subjectAltName=DNS:{name}"], check=True, capture_output=True)
    return f"{folder}/cert.pem"


class Exim:
    """With STARTTLS on one port and TLS from the first byte on another; takes mail from who signs in, for anybody."""

    def __init__(self, folder):
        self.folder = os.path.join(folder, "exim")
        self.mail_folder = os.path.join(self.folder, "mail")
        self.port, self.tls_port = free_port(), free_port()
        self.user = "Debian-exim" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
        self.process = None
        for path in (self.folder, self.mail_folder, os.path.join(self.folder, "spool")):
            os.makedirs(path)
        self.ca_file = make_certificate(self.folder)
        plant(PASSWORD)

    def start(self):
        group = pwd.getpwnam(self.user).pw_gid
        name = subprocess.run(["id", "-gn", self.user], check=True, capture_output=True, text=True).stdout.strip()
        path = pathlib.Path(self.folder, "exim.conf")
        path.write_text(CONFIGURATION.format(folder=self.folder, port=self.port, tls_port=self.tls_port, user=self.user,
                                             group=name, name=USER, password=PASSWORD), encoding="ascii")
        os.chmod(self.folder, 0o755)
        os.chmod(f"{self.folder}/key.pem", 0o644)
        if os.getuid() == 0:
            for entry in (self.folder, self.mail_folder, os.path.join(self.folder, "spool")):
                shutil.chown(entry, self.user, group)
        self.process = Process("exim", [EXIM, "-C", str(path), "-bdf", "-q1s"], os.path.dirname(self.folder),
                               user=self.user).start()
        wait_until(self._is_listening, 20, "a connection to exim")
        return self

    def _is_listening(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def settings(self, **more):
        user, password = USER.replace("@", "%40"), PASSWORD.replace("%", "%25").replace("/", "%2F").replace("@", "%40")
        return {"AUTH_SMTP_URL": f"smtp://{user}:{password}@localhost:{self.port}", "AUTH_CA_FILE": self.ca_file,
                "AUTH_MAIL_FROM": "Auth Tests <login@auth.test>", **more}

    def log(self):
        return "".join(path.read_text(errors="replace") for path in pathlib.Path(self.folder).glob("exim-*log"))

    def stop(self):
        if self.process:
            self.process.stop(signal.SIGTERM)


class FaultyServer:
    """A mail server that answers as `answers` says: by verb, a line, "drop" or a number of seconds to wait."""

    def __init__(self, port=None, certificate=None):
        self.port = port or free_port()
        self.certificate = certificate  # a folder with cert.pem and key.pem: STARTTLS is offered
        self.answers = {}
        self.letters = []
        self.attempts = []  # (time, recipient)
        self.connections = 0
        self.lock = threading.Lock()
        self.controller = None

    async def _answer(self, verb, server, default):
        answer = self.answers.get(verb, default)
        if callable(answer):
            answer = answer()
        if isinstance(answer, (int, float)):
            await asyncio.sleep(answer)
            answer = default
        if answer == "drop":
            server.transport.abort()
            raise ConnectionResetError
        return answer

    async def handle_EHLO(self, server, session, _envelope, hostname, responses):  # pylint: disable=invalid-name
        session.host_name = hostname
        with self.lock:
            self.connections += 1
        answer = await self._answer("EHLO", server, None)
        return [answer] if answer else responses

    async def handle_MAIL(self, server, _session, envelope, address, options):  # pylint: disable=invalid-name
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return await self._answer("MAIL", server, "250 OK")

    async def handle_RCPT(self, server, _session, envelope, address, _options):  # pylint: disable=invalid-name
        with self.lock:
            self.attempts.append((time.monotonic(), address))
        answer = await self._answer("RCPT", server, "250 OK")
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server, _session, envelope):  # pylint: disable=invalid-name
        answer = await self._answer("DATA", server, "250 taken")
        if answer.startswith("2"):
            with self.lock:
                self.letters.append((envelope.rcpt_tos[0], bytes(envelope.content)))
        return answer

    def start(self):
        context = None
        if self.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(f"{self.certificate}/cert.pem", f"{self.certificate}/key.pem")
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port, tls_context=context)
        self.controller.start()
        return self

    def settings(self, **more):
        """Without TLS, unless said otherwise; short waits."""
        return {"AUTH_SMTP_URL": f"smtp://127.0.0.1:{self.port}", "AUTH_SMTP_STARTTLS": "off",
                "AUTH_MAIL_FROM": "login@auth.test", "AUTH_SMTP_TIMEOUT_SECONDS": "2", "AUTH_MAIL_RETRY_SECONDS": "1",
                "AUTH_MAIL_RETRY_MAX_SECONDS": "4", **more}

    def stop(self):
        if self.controller:
            self.controller.stop()
