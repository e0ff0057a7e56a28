# SPDX-License-Identifier: MIT
"""A child process with a log file, waiting with a limit."""
import os
import signal
import subprocess
import time

STARTED = []  # every process of the run, for the look at their logs at the end


def wait_until(check, seconds, what):
    """Calls check until it is true; fails with what it waited for."""
    until = time.monotonic() + seconds
    while not check():
        if time.monotonic() > until:
            raise TimeoutError(f"{what} did not happen within {seconds} s")
        time.sleep(0.02)


class Process:
    """Runs a command; standard output and error go to one file."""

    def __init__(self, name, command, folder, environment=None, user=None):
        self.name = name
        self.log_path = os.path.join(folder, name + ".log")
        self.log = open(self.log_path, "ab")  # pylint: disable=consider-using-with
        self.command = ["runuser", "-u", user, "--", *command] if user and os.getuid() == 0 else command
        self.environment = environment
        self.child = None
        self.expected_status = 0
        STARTED.append(self)

    def start(self):
        self.child = subprocess.Popen(self.command, env=self.environment, stdin=subprocess.DEVNULL, stdout=self.log,
                                      stderr=subprocess.STDOUT)
        return self

    def is_running(self):
        return self.child is not None and self.child.poll() is None

    def read_log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as stream:
            return stream.read()

    def stop(self, how=signal.SIGTERM, seconds=20):
        """Ends it and returns its exit status; one that does not end is killed, which is a failure of the caller."""
        if self.child is None:
            return None
        if self.is_running():
            self.child.send_signal(how)
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            raise TimeoutError(f"{self.name} did not end within {seconds} s of signal {how}") from None

    def kill(self):
        self.expected_status = -signal.SIGKILL
        return self.stop(signal.SIGKILL)
