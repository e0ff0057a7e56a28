# SPDX-License-Identifier: MIT
"""Servers that are killed, stalled, filled and cut off. Each module has its own, so that no test inherits a wreck.

AUTH_FAULTS=long repeats the faults often and holds the service to its full figures, on a machine that does nothing else;
otherwise each fault happens once or twice, and times are lenient.
"""
import os
import pathlib
import shutil
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support" / "python"))
# pylint: disable=wrong-import-position
from authtest import checks
from authtest.servers import Postgres, Redis

IS_LONG = os.environ.get("AUTH_FAULTS") == "long"


@pytest.fixture(scope="session", name="is_long")
def fixture_is_long():
    return IS_LONG


@pytest.fixture(scope="session", name="session_folder", autouse=True)
def fixture_session_folder():
    """Short, since Unix sockets live in it. At the end nothing may have crashed, leaked or told a secret."""
    path = tempfile.mkdtemp(prefix="fault-")
    os.chmod(path, 0o755)
    yield path
    problems = checks.problems_of_logs()
    shutil.rmtree(path, ignore_errors=True)
    assert not problems, "\n".join(problems)


@pytest.fixture(scope="module", name="folder")
def fixture_folder(session_folder, request):
    path = os.path.join(session_folder, request.module.__name__.removeprefix("test_")[:12])
    os.makedirs(path)
    os.chmod(path, 0o755)
    return path


@pytest.fixture(scope="module", name="postgres")
def fixture_postgres(folder):
    server = Postgres(folder).start()
    yield server
    server.stop()


@pytest.fixture(scope="module", name="redis")
def fixture_redis(folder):
    server = Redis(folder).start()
    yield server
    server.stop()
