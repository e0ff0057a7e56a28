# SPDX-License-Identifier: MIT
"""A stretch of network between a client and a server on this machine, which can stop forwarding or be cut."""
import contextlib
import select
import socket
import struct
import threading


# SSLRequest and GSSENCRequest of PostgreSQL's protocol: eight bytes that may come before anything else.
ENCRYPTIONS = (80877103, 80877104)


def refuse_as_starting(near):
    """What a PostgreSQL server answers that does not take connections yet."""
    fields = b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0"
    with near:
        size, code = struct.unpack(">II", near.recv(8, socket.MSG_WAITALL))
        while code in ENCRYPTIONS:
            near.sendall(b"N")
            size, code = struct.unpack(">II", near.recv(8, socket.MSG_WAITALL))
        near.recv(size - 8, socket.MSG_WAITALL)
        near.sendall(b"E" + struct.pack(">I", len(fields) + 4) + fields)


class Wire:
    """Forwards 127.0.0.1:`port` to `target`. While it is stalled every connection stays open and nothing moves."""

    def __init__(self, target, refusals=0):
        self.target = target
        self.refusals = refusals  # how many are told that the server is starting
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.is_stalled = threading.Event()
        self.spared = None  # whoever came after the stall, where it is not for all
        self.is_closed = threading.Event()
        self.pairs = []
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.is_closed.set()
        self.cut()
        self.listener.close()
        self.thread.join(5)

    def uri(self, uri, port):
        """The same database by way of this wire."""
        return uri.replace(f":{port}/", f":{self.port}/")

    def stall(self, is_new_too=True):
        self.spared = None if is_new_too else len(self.pairs)
        self.is_stalled.set()

    def cut(self):
        """Both ends are told."""
        for pair in list(self.pairs):
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def _accept(self):
        while not self.is_closed.is_set():
            if not select.select([self.listener], [], [], 0.1)[0]:
                continue
            with contextlib.suppress(OSError):
                near, _ = self.listener.accept()
                if self.refusals > 0:
                    self.refusals -= 1
                    refuse_as_starting(near)
                    continue
                far = socket.create_connection(("127.0.0.1", self.target))
                number = len(self.pairs)
                self.pairs.append((near, far))
                threading.Thread(target=self._relay, args=(number, near, far), daemon=True).start()

    def _is_held(self, number):
        return self.is_stalled.is_set() and (self.spared is None or number < self.spared)

    def _relay(self, number, near, far):
        with near, far, contextlib.suppress(OSError):
            while not self.is_closed.is_set():
                if self._is_held(number):
                    self.is_closed.wait(0.05)
                    continue
                for end in select.select([near, far], [], [], 0.05)[0]:
                    chunk = end.recv(65536)
                    if not chunk:
                        return
                    (far if end is near else near).sendall(chunk)
