# SPDX-License-Identifier: MIT
"""Many clients at once: connections that are kept, requests sent at the same moment, load that goes on while things fail.

A Line is one connection of one client. `at_once` opens all lines first and then lets every request go together. A Load
runs workers in a thread of its own, so that a test can kill and restart servers meanwhile, and notes every answer.
"""
import asyncio
import collections
import dataclasses
import json as json_text
import threading
import time


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict
    body: bytes
    seconds: float

    def json(self):
        return json_text.loads(self.body)

    def code(self):
        """The problem's code, or OAuth's error, or nothing."""
        try:
            told = self.json()
        except ValueError:
            return ""
        return told.get("code") or told.get("error") or ""


def ask_bytes(method, path, host="localhost", json=None, form=None, token=None, headers=None):
    """A request as it goes over the line. `form` is text that is encoded already."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
    body = b""
    if json is not None:
        body = json if isinstance(json, bytes) else json_text.dumps(json).encode()
        lines.append("Content-Type: application/json")
    if form is not None:
        body = form.encode()
        lines.append("Content-Type: application/x-www-form-urlencoded")
    if token:
        lines.append(f"Authorization: Bearer {token}")
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body or method in ("POST", "PUT", "PATCH"):
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


class Line:
    """One connection; `place` is a path of a Unix socket or a pair of host and port."""

    def __init__(self, place):
        self.place = place
        self.reader = self.writer = None

    async def open(self):
        if isinstance(self.place, (tuple, list)):
            self.reader, self.writer = await asyncio.open_connection(*self.place)
        else:
            self.reader, self.writer = await asyncio.open_unix_connection(str(self.place))
        return self

    def close(self):
        if self.writer:
            self.writer.close()
        self.reader = self.writer = None

    async def answer(self, began):
        head = await self.reader.readuntil(b"\r\n\r\n")
        first, *rest = head.decode("latin-1").split("\r\n")
        headers = {}
        for row in filter(None, rest):
            name, _, value = row.partition(":")
            headers[name.lower()] = value.strip()
        length = int(headers.get("content-length", "0"))
        body = await self.reader.readexactly(length) if length else b""
        answer = Answer(int(first.split(" ")[1]), headers, body, time.monotonic() - began)
        if headers.get("connection", "").lower() == "close":
            self.close()
        return answer

    async def ask(self, *request, **options):
        """Opens the line when it is not open; ConnectionError or IncompleteReadError when the other side went away."""
        if self.writer is None:
            await self.open()
        began = time.monotonic()
        try:
            self.writer.write(ask_bytes(*request, **options))
            await self.writer.drain()
            return await self.answer(began)
        except BaseException:
            self.close()
            raise


async def gather_at_once(places, requests, seconds):
    lines = [Line(places[i % len(places)]) for i in range(len(requests))]
    # Fewer than the backlog of a listening socket at a time.
    for i in range(0, len(lines), 50):
        await asyncio.gather(*(line.open() for line in lines[i:i + 50]))
    try:
        asked = (line.ask(*request[0], **request[1]) for line, request in zip(lines, requests))
        return await asyncio.wait_for(asyncio.gather(*asked), seconds)
    finally:
        for line in lines:
            line.close()


def request(*words, **options):
    return words, options


def at_once(places, requests, seconds=60):
    """Sends all requests together, spread over the places in turn; the answers in the same order."""
    return asyncio.run(gather_at_once(list(places), list(requests), seconds))


@dataclasses.dataclass
class Note:
    """One request of a Load: what was asked, when it began and ended, what came of it."""
    name: str
    began: float
    ended: float
    status: int  # 0: no answer
    code: str
    retry_after: str
    error: str = ""

    @property
    def seconds(self):
        return self.ended - self.began


class Load:
    """Workers that ask again and again until stopped. A worker is `async def worker(load, number)`; it uses load.ask."""

    def __init__(self, worker, count, patience=30.0):
        self.worker, self.count, self.patience = worker, count, patience
        self.notes = []
        self.failures = []
        self.is_stopping = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self.run()), daemon=True)

    async def ask(self, line, name, *words, **options):
        """The answer, or None when there was none; either is noted."""
        began = time.monotonic()
        try:
            answer = await asyncio.wait_for(line.ask(*words, **options), self.patience)
        except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError) as error:
            line.close()
            self.notes.append(Note(name, began, time.monotonic(), 0, "", "", type(error).__name__))
            return None
        code = answer.code() if answer.status >= 400 else ""
        self.notes.append(Note(name, began, time.monotonic(), answer.status, code, answer.headers.get("retry-after", "")))
        return answer

    async def run(self):
        async def guarded(number):
            try:
                await self.worker(self, number)
            except Exception as error:  # pylint: disable=broad-except
                self.failures.append(error)
        await asyncio.gather(*(guarded(number) for number in range(self.count)))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.is_stopping.set()
        self.thread.join(self.patience + 10)
        assert not self.thread.is_alive(), "a worker of the load hangs"
        if self.failures:
            raise self.failures[0]

    @property
    def goes_on(self):
        return not self.is_stopping.is_set()

    def between(self, began, ended):
        """Requests that were under way at some time in between."""
        return [note for note in self.notes if note.ended >= began and note.began <= ended]

    def summary(self, notes=None):
        """For messages: how many of each kind."""
        kinds = collections.Counter((note.name, note.status, note.code or note.error)
                                    for note in (self.notes if notes is None else notes))
        return ", ".join(f"{name} {status} {what}: {count}".replace("  ", " ")
                         for (name, status, what), count in sorted(kinds.items()))
