# SPDX-License-Identifier: MIT
"""What befalls servers: an end without warning, a standstill, a start on what was left behind."""
import contextlib
import os
import pathlib
import signal
import time

from .process import wait_until


def children_of(pid):
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError, IndexError):
            # The name in parentheses may hold spaces; the parent follows the state.
            if int((entry / "stat").read_text(encoding="latin-1").rsplit(")", 1)[1].split()[1]) == pid:
                found.append(int(entry.name))
    return found


def postmaster(postgres):
    text = pathlib.Path(postgres.folder, "data", "postmaster.pid").read_text(encoding="ascii")
    return int(text.split("\n", 1)[0])


def stop_at_once(postgres):
    """As `pg_ctl stop -m immediate`: no connection is ended in order, the next start recovers from the log."""
    os.kill(postmaster(postgres), signal.SIGQUIT)
    postgres.process.child.wait(20)


def start_again(replica, is_waiting=True):
    """A replica that was killed or stopped: the same settings, the same log."""
    replica.process.expected_status = 0
    replica.start()
    if is_waiting:
        replica.wait_ready()


@contextlib.contextmanager
def standstill(*pids):
    """The processes exist and their sockets are open, but nothing moves."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


@contextlib.contextmanager
def standstill_of_postgres(postgres):
    """The postmaster, so that nobody new is served, and every backend there is then."""
    pid = postmaster(postgres)
    with standstill(pid), standstill(*children_of(pid)):
        yield
    # runuser stops itself when the program it runs has stopped.
    with standstill(postgres.process.child.pid):
        pass


def seconds_until(check, limit, what):
    """How long it took."""
    began = time.monotonic()
    wait_until(check, limit, what)
    return time.monotonic() - began
