# SPDX-License-Identifier: MIT
"""`auth migrate` on both engines; a database of its own for every test."""
import itertools
import os
import pathlib
import shutil
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support" / "python"))
# pylint: disable=wrong-import-position
from authtest import checks
from authtest.migrations import Site
from authtest.servers import Postgres

NUMBERS = itertools.count(1)


@pytest.fixture(scope="session", name="folder")
def fixture_folder():
    """Short, since Unix sockets live in it."""
    path = tempfile.mkdtemp(prefix="mig-")
    os.chmod(path, 0o755)
    yield path
    problems = checks.problems_of_logs()
    shutil.rmtree(path, ignore_errors=True)
    assert not problems, "\n".join(problems)


@pytest.fixture(scope="session", name="postgres")
def fixture_postgres(folder):
    server = Postgres(folder).start()
    yield server
    server.stop()


@pytest.fixture(name="postgres_site")
def fixture_postgres_site(folder, postgres):
    return Site("postgres", folder, f"site_{next(NUMBERS)}", postgres)


@pytest.fixture(name="new_site")
def fixture_new_site(folder, postgres):
    """Makes sites: new_site("postgres"), new_site("sqlite")."""
    def make(engine):
        return Site(engine, folder, f"site_{next(NUMBERS)}", postgres if engine == "postgres" else None)
    return make


@pytest.fixture(name="site", params=["postgres", "sqlite"])
def fixture_site(request, new_site):
    return new_site(request.param)
