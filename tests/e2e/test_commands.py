# SPDX-License-Identifier: MIT
"""The commands of the binary at a terminal."""
import os
import pty
import signal
import subprocess
import termios

import pytest

from authtest.process import wait_until
from authtest.service import BINARY


@pytest.fixture(name="terminal")
def fixture_terminal():
    ours, theirs = pty.openpty()
    yield ours, theirs
    os.close(ours)
    os.close(theirs)


def shows_what_is_typed(terminal):
    return bool(termios.tcgetattr(terminal[1])[3] & termios.ECHO)


def test_ctrl_c_at_the_password_prompt_ends_the_command_and_gives_the_terminal_back(start_alone, terminal):
    replica = start_alone().replicas[0]
    with subprocess.Popen([BINARY, "user", "create", "ada@example.org"], env=replica.environment(), cwd=replica.folder,
                          stdin=terminal[1], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          start_new_session=True) as command:
        try:
            wait_until(lambda: not shows_what_is_typed(terminal), 10, "the prompt")
            os.write(terminal[0], b"half a passw")
            command.send_signal(signal.SIGINT)
            assert command.wait(10) == -signal.SIGINT
        finally:
            command.kill()
    assert shows_what_is_typed(terminal)
