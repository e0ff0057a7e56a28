# SPDX-License-Identifier: MIT
"""The commands of docs/operations.md that are marked as executed, as they stand."""

import re
import shlex
import subprocess

import pytest
from edge import ROOT
from stack import COMPOSE, until

BLOCK = re.compile(r"^\*\(executed\)\*\n\n```sh\n(.*?)^```$", re.M | re.S)
BLOCKS = BLOCK.findall((ROOT / "docs/operations.md").read_text())


def run(stack, block):
    as_named = shlex.join([*COMPOSE, "-p", stack.name])
    script = f'set -euo pipefail\ndocker-compose() {{ {as_named} "$@"; }}\n{block}'
    return subprocess.run(["bash", "-c", script], cwd=stack.folder, env=stack.environment, capture_output=True, text=True)


@pytest.mark.parametrize("number", range(len(BLOCKS)), ids=[block.split("\n")[0][:60] for block in BLOCKS])
def test_a_block_of_the_guide_runs_and_the_service_answers_afterwards(stack, number):
    if "pg_dump" in BLOCKS[number]:
        stack.sign_up("backup@example.org")
    done = run(stack, BLOCKS[number])
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    stack.wait()
    if "pg_restore" in BLOCKS[number]:
        assert until(lambda: stack.log_in("backup@example.org").status == 200, 20, "the account of the backup")


def test_the_guide_marks_its_blocks():
    assert len(BLOCKS) >= 6
