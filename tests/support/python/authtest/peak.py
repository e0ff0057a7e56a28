# SPDX-License-Identifier: MIT
"""How much memory a command had resident at most, and how long it took."""
import os
import subprocess
import sys
import tempfile

# A child's peak begins with that of the process it is forked from: a large one would hide it, so a small one forks.
RUNNER = """
import os, resource, sys, time
began = time.monotonic()
status = os.spawnv(os.P_WAIT, sys.argv[2], sys.argv[2:])
with open(sys.argv[1], "w") as report:
    report.write("%d %f" % (resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, time.monotonic() - began))
sys.exit(status)
"""


def run_measured(command, **options):
    """(how it ended, KiB, seconds) of a command with subprocess.run's options; its program is named by its path."""
    with tempfile.TemporaryDirectory() as folder:
        report = os.path.join(folder, "report")
        done = subprocess.run([sys.executable, "-I", "-S", "-c", RUNNER, report, *map(str, command)], **options)
        with open(report, encoding="utf-8") as stream:
            kib, seconds = stream.read().split()
    return done, int(kib), float(seconds)
