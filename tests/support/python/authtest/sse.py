# SPDX-License-Identifier: MIT
"""Server-sent events as the WHATWG standard has them, read as they come."""
import json
import queue
import socket
import threading


class Follower:
    """An open stream. Frames are dictionaries of their fields; comments are counted."""

    def __init__(self, client, path, token, headers=None):
        self.connection = client.connection()
        self.connection.request("GET", path, headers={"Authorization": "Bearer " + token, "Accept": "text/event-stream",
                                                      **(headers or {})})
        self.socket = self.connection.sock  # the connection forgets it when the answer is the last one
        self.response = self.connection.getresponse()
        self.status, self.headers = self.response.status, self.response.headers
        self.frames = queue.Queue()
        self.comments = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._read, daemon=True)
        if self.status == 200:
            self.thread.start()

    def _read(self):
        frame = {}
        try:
            for raw in self.response:
                line = raw.decode("utf-8").rstrip("\n")
                if not line and frame:
                    self.frames.put(frame)
                    frame = {}
                elif line.startswith(":"):
                    self.comments += 1
                elif line:
                    name, _, value = line.partition(":")
                    frame[name] = value.removeprefix(" ")
        except (OSError, ValueError):
            pass
        self.ended.set()

    def next(self, seconds=5):
        return self.frames.get(timeout=seconds)

    def event(self, seconds=5):
        """The next event; the number of the frame is its place."""
        while True:
            frame = self.next(seconds)
            if "id" in frame:
                event = json.loads(frame["data"])
                assert int(frame["id"]) == event["seq"]
                return event

    def has_more(self, seconds):
        try:
            self.frames.put(self.next(seconds))
            return True
        except queue.Empty:
            return False

    def close(self):
        """At once, whatever is on its way."""
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the other side was first
        if self.thread.is_alive():
            self.thread.join(5)
        self.connection.close()
