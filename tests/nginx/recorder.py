# SPDX-License-Identifier: MIT
"""An upstream that remembers every request byte for byte, and answers each connection's first request only."""

import socket
import threading
import time


class Recorded:
    def __init__(self, head, body):
        self.head = head
        self.body = body
        lines = head.decode("latin-1").split("\r\n")
        self.line = lines[0]
        self.headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:] if line]

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def one(self, name):
        values = self.all(name)
        assert len(values) == 1, f"{name}: {values}"
        return values[0]


class Recorder:
    """`answers` maps a path to (status line, headers, body); any other path is answered 200 "upstream"."""

    def __init__(self):
        self.requests = []
        self.leftovers = []  # bytes behind a request on the same connection: a smuggled one would be here
        self.answers = {}
        self.delay_seconds = 0.0
        self._lock = threading.Lock()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            try:
                self._exchange(connection)
            except OSError:
                pass

    def _exchange(self, connection):
        connection.settimeout(20)
        data = b""
        while b"\r\n\r\n" not in data:
            part = connection.recv(65536)
            if not part:
                return
            data += part
        head, rest = data.split(b"\r\n\r\n", 1)
        recorded = Recorded(head, b"")
        length = int((recorded.all("Content-Length") or ["0"])[0])
        while len(rest) < length:
            part = connection.recv(65536)
            if not part:
                break
            rest += part
        recorded.body = rest[:length]
        with self._lock:
            self.requests.append(recorded)
            if rest[length:]:
                self.leftovers.append(rest[length:])
        if self.delay_seconds:
            time.sleep(self.delay_seconds)
        connection.sendall(self._answer(recorded))

    def _answer(self, recorded):
        path = recorded.line.split(" ")[1].split("?")[0]
        default = ("200 OK", {"Content-Type": "text/plain"}, b"upstream")
        status, headers, body = self.answers.get(path, default)
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        sent = b"" if recorded.line.startswith("HEAD ") else body
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + sent

    def clear(self):
        with self._lock:
            self.requests.clear()
            self.leftovers.clear()

    def close(self):
        # Closing alone would leave the thread waiting, and it would take one more connection.
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
