# SPDX-License-Identifier: MIT
"""A service on each engine to move accounts into."""
import os
import pathlib
import shutil
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support" / "python"))
# pylint: disable=wrong-import-position
from authtest import checks
from authtest.servers import Postgres
from authtest.service import Replica, Service, new_secret_key


@pytest.fixture(scope="session", name="folder")
def fixture_folder():
    path = tempfile.mkdtemp(prefix="transfer-")
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def fixture_clean_logs(folder):  # pylint: disable=unused-argument
    yield
    problems = checks.problems_of_logs()
    assert not problems, "\n".join(problems)


@pytest.fixture(scope="session", name="postgres")
def fixture_postgres(folder):
    server = Postgres(folder).start()
    yield server
    server.stop()


@pytest.fixture(scope="session", name="service", params=["sqlite", "postgres"])
def fixture_service(request, folder):
    settings = {"AUTH_HASH_MEMORY_KIB": "7168", "AUTH_HASH_ITERATIONS": "1"}
    if request.param == "postgres":
        settings["SQL_URI"] = request.getfixturevalue("postgres").new_database("transfer")
        settings["AUTH_SECRET_KEY"] = new_secret_key()
    made = Service(request.param, [Replica(folder, "transfer-" + request.param, settings)]).start()
    yield made
    made.stop()


@pytest.fixture(name="replica")
def fixture_replica(service):
    return service.replicas[0]
