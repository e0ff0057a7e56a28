# SPDX-License-Identifier: MIT
"""What is looked for in the logs of all processes of a run, when all have ended."""
import os
import pathlib
import re

from . import planted, process

SIGNS = re.compile(r"Sanitizer|runtime error:|panic|Assertion")


def problems_of_logs():
    """Security incident 60: no secret in any log, no sanitizer's report, no crash, every exit status as it should be."""
    problems = []
    for started in process.STARTED:
        text = started.read_log()
        problems += [f"the log of {started.name} holds the secret {leak}" for leak in planted.leaks_in(text)]
        if SIGNS.search(text):
            problems += [f"{started.name}: {line}" for line in text.splitlines() if SIGNS.search(line)]
        status = started.child.poll() if started.child else None
        if started.name.startswith("auth") and status is not None and status != started.expected_status:
            problems.append(f"{started.name} ended with {status}: {text[-1500:]}")
    for report in pathlib.Path(os.environ.get("SANITIZER_FOLDER", "/nonexistent")).glob("sanitizer.*"):
        problems.append(report.read_text(encoding="utf-8", errors="replace")[:4000])
    return problems
