# SPDX-License-Identifier: MIT
"""Requests as bytes: what a well-behaved client library would not send, and many at the same instant."""

import json
import socket
import threading
import time


class Answer:
    def __init__(self, raw, seconds):
        self.seconds = seconds
        self.raw = raw
        head, _, self.body = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split(" ")[1]) if lines[0].startswith("HTTP/") else 0
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.headers.setdefault(name.strip().lower(), []).append(value.strip())

    def header(self, name):
        values = self.headers.get(name.lower(), [])
        assert len(values) <= 1, f"{name} is there {len(values)} times: {values}"
        return values[0] if values else None

    def json(self):
        return json.loads(self.body)


def connect(address, source=None, timeout_seconds=20):
    source_address = (source, 0) if source else None
    return socket.create_connection(address, timeout=timeout_seconds, source_address=source_address)


def read_all(connection):
    """Everything until the other side closes, or nothing more comes."""
    data = b""
    while True:
        try:
            part = connection.recv(65536)
        except (TimeoutError, ConnectionResetError):
            return data
        if not part:
            return data
        data += part


def request_bytes(method, path, headers=None, body=b""):
    fields = {"Host": "localhost", "Connection": "close"}
    if body:
        fields["Content-Length"] = str(len(body))
    fields.update(headers or {})
    lines = [f"{method} {path} HTTP/1.1"] + [f"{name}: {value}" for name, value in fields.items()]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def send_raw(address, data, source=None, timeout_seconds=20):
    begun = time.monotonic()
    with connect(address, source, timeout_seconds) as connection:
        connection.sendall(data)
        return Answer(read_all(connection), time.monotonic() - begun)


def request(address, method, path, headers=None, body=b"", source=None):
    return send_raw(address, request_bytes(method, path, headers, body), source)


def at_once(address, count, data, sources=None):
    """The answers to `count` requests sent in the same instant over connections that are already open."""
    sources = sources or [None]
    connections = [connect(address, sources[i % len(sources)], 30) for i in range(count)]
    barrier = threading.Barrier(count + 1)
    answers = [None] * count

    def run(index):
        barrier.wait()
        begun = time.monotonic()
        with connections[index] as connection:
            connection.sendall(data)
            answers[index] = Answer(read_all(connection), time.monotonic() - begun)

    threads = [threading.Thread(target=run, args=(index,)) for index in range(count)]
    for thread in threads:
        thread.start()
    barrier.wait()
    for thread in threads:
        thread.join()
    return answers


def count_answers(raw):
    """How many final responses a stream of bytes holds."""
    return raw.count(b"HTTP/1.1 ") + raw.count(b"HTTP/1.0 ")
