# SPDX-License-Identifier: MIT
import pathlib
import sys

import pytest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "nginx"), str(TESTS / "e2e_compose")]

from stack import Stack, image_sizes  # noqa: E402

NOTES = []


@pytest.fixture(scope="session")
def note():
    """note("…") adds a line to the summary: what was measured."""
    return NOTES.append


def pytest_terminal_summary(terminalreporter):
    for line in NOTES:
        terminalreporter.write_line(f"measured: {line}")


@pytest.fixture(scope="session")
def stack(note):
    running = Stack("authe2e")
    try:
        running.compose("build")
        seconds = running.up()
        note(f"from nothing to the first answer: {seconds:.1f} s (images built)")
        note("images, MB: " + ", ".join(f"{name} {size}" for name, size in sorted(image_sizes(running).items())))
        assert running.sign_up().status == 202
        yield running
    finally:
        running.destroy()


@pytest.fixture
def session(stack):
    answer = stack.log_in()
    assert answer.status == 200, answer.body
    return answer.json()
