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


def test_commands_that_start_at_once_share_one_secret(tmp_path):
    for number in range(3):
        folder = tmp_path / str(number)
        folder.mkdir()
        commands = [subprocess.Popen([BINARY, "key", "list"], env={"PATH": os.environ["PATH"], "LOG_FORMAT": "json"},
                                     cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
                    for _ in range(8)]
        # There is no schema yet: what they say of that is another matter.
        said = "".join(command.communicate(timeout=30)[0] for command in commands)
        assert "made the server secret" in said
        assert "auth.db.key cannot" not in said and "does not hold" not in said, said
        assert [path.name for path in (folder / "var").glob("*.key*")] == ["auth.db.key"]
        assert (folder / "var" / "auth.db.key").stat().st_mode & 0o777 == 0o600


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
