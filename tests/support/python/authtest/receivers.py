# SPDX-License-Identifier: MIT
"""A receiver of webhooks: it writes down what it gets, answers as it is told, and verifies as a receiver should."""
import base64
import collections
import hashlib
import hmac
import http.server
import json
import ssl
import subprocess
import threading
import time

from .process import wait_until

TOLERANCE_SECONDS = 300

Request = collections.namedtuple("Request", "path headers body at")


def make_certificate_of_address(folder, address):
    """hooks.pem and hooks-key.pem; the first is its own authority."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", f"{folder}/hooks-key.pem", "-out", f"{folder}/hooks.pem", "-days", "2", "-subj", "/CN=hooks",
                    "-addext", f"subjectAltName=IP:{address}"], check=True, capture_output=True)
    return f"{folder}/hooks.pem"


def verify(secret, headers, body):
    """The document of a request signed with the secret; anything else is an error."""
    stamp, name = headers["webhook-timestamp"], headers["webhook-id"]
    assert abs(time.time() - int(stamp)) < TOLERANCE_SECONDS, "too old, or not yet"
    key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    signed = f"{name}.{stamp}.".encode() + body
    right = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert any(hmac.compare_digest(right, given) for given in headers["webhook-signature"].split(" ")), "not signed by it"
    return json.loads(body)


class Receiver:
    """`answers[path]` is a status, a list of statuses used up one after another (the last one stays), or an Event that is
    waited for; 204 for all other paths."""

    def __init__(self, address, certificate=None):
        self.requests, self.answers, self.lock = [], {}, threading.Lock()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # pylint: disable=invalid-name
                receiver.take(self)

            def log_message(self, *arguments):  # pylint: disable=arguments-differ
                pass

        self.server = http.server.ThreadingHTTPServer((address, 0), Handler)
        self.server.daemon_threads = True
        self.scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, certificate.replace("hooks.pem", "hooks-key.pem"))
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            self.scheme = "https"
        self.port = self.server.server_address[1]
        self.url = f"{self.scheme}://{address}:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def take(self, handler):
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        with self.lock:
            self.requests.append(Request(handler.path, handler.headers, body, time.time()))
            answer = self.answers.get(handler.path, 204)
            if isinstance(answer, list):
                answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if isinstance(answer, threading.Event):
            answer.wait(60)
            answer = 204
        handler.send_response(answer)
        if answer in (301, 302, 307, 308):
            handler.send_header("Location", self.url + "/elsewhere")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    def to(self, path):
        with self.lock:
            return [request for request in self.requests if request.path == path]

    def wait(self, path, count=1, seconds=15):
        """The requests to a path, once there are so many."""
        wait_until(lambda: len(self.to(path)) >= count, seconds, f"{count} requests to {path}")
        return self.to(path)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
