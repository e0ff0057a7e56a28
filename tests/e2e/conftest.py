# SPDX-License-Identifier: MIT
"""The service under test: alone on an embedded database, and as two replicas behind nginx on PostgreSQL and Redis."""
import os
import pathlib
import re
import shutil
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support" / "python"))
# pylint: disable=wrong-import-position
from authtest import checks, process
from authtest.servers import Nginx, Postgres, Redis
from authtest.service import BINARY, Replica, Service, new_secret_key

ISSUER = "http://localhost:8080"


def pytest_configure(config):
    config.addinivalue_line("markers", "smoke: enough to see that a build works")
    if not os.access(BINARY, os.X_OK):
        pytest.exit(f"{BINARY} is not there; run make build, or set AUTH_BINARY", returncode=3)


@pytest.fixture(scope="session", name="folder")
def fixture_folder():
    """Short, since Unix sockets live in it."""
    path = tempfile.mkdtemp(prefix="e2e-")
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def fixture_clean_logs(folder):  # pylint: disable=unused-argument
    """Set up first and torn down last: by then every process has ended."""
    yield
    problems = checks.problems_of_logs()
    assert not problems, "\n".join(problems)


def make_alone(folder, name="auth-alone", **settings):
    """One process on SQLite; the cache is its own."""
    database = os.path.join(folder, name + ".db")
    settings = {"SQL_URI": f"sqlite:///{database}", "AUTH_ISSUER": ISSUER, **settings}
    return Service("sqlite", [Replica(folder, name, settings)], database=database)


def make_pair(folder, postgres, redis, name="auth-pair", **settings):
    """Two processes, one behind a Unix socket and one behind TCP, and nginx before them."""
    settings = {"SQL_URI": postgres.new_database(name), "REDIS_URL": redis.url, "AUTH_ISSUER": ISSUER,
                "AUTH_SECRET_KEY": new_secret_key(), "AUTH_TRUSTED_PROXIES": "127.0.0.1,unix",
                "AUTH_LOOPS": os.environ.get("AUTH_LOOPS", "2"), **settings}
    replicas = [Replica(folder, f"{name}-1", settings, is_on_socket=True), Replica(folder, f"{name}-2", settings)]
    return Service("postgres", replicas, Nginx(folder, [replica.upstream for replica in replicas]), database=name)


@pytest.fixture(scope="session", name="postgres")
def fixture_postgres(folder):
    server = Postgres(folder).start()
    yield server
    server.stop()


@pytest.fixture(scope="session", name="redis")
def fixture_redis(folder):
    server = Redis(folder).start()
    yield server
    server.stop()


@pytest.fixture(scope="session", name="alone")
def fixture_alone(folder):
    made = make_alone(folder).start()
    yield made
    made.stop()


@pytest.fixture(scope="session", name="replicated")
def fixture_replicated(folder, postgres, redis):
    made = make_pair(folder, postgres, redis).start()
    yield made
    made.stop()


@pytest.fixture(scope="session", name="service", params=["sqlite", "postgres"])
def fixture_service(request):
    return request.getfixturevalue("alone" if request.param == "sqlite" else "replicated")


@pytest.fixture(name="start_alone")
def fixture_start_alone(folder, request):
    """start_alone(NAME=value, ...): a service of the test's own."""
    made = []

    def start(**settings):
        label = re.sub(r"\W+", "-", request.node.name)[:40]
        made.append(make_alone(folder, f"auth-{label}-{len(process.STARTED)}", **settings).start())
        return made[-1]

    yield start
    for service in made:
        service.stop()


@pytest.fixture(name="client")
def fixture_client(service):
    return service.client()


@pytest.fixture(name="person")
def fixture_person(client):
    """Somebody who has just signed up."""
    return client.signup()


@pytest.fixture(scope="module", name="root")
def fixture_root(service):
    """An administrator, made by who has the shell."""
    person = service.client().signup()
    service.replicas[0].run("role", "grant", "administrator", person.email)
    return person.login_again()


@pytest.fixture(scope="session", name="robot")
def fixture_robot(service):
    """A confidential client that may act for itself: (id, secret)."""
    return service.new_oauth_client("robot", "--grants", "client_credentials", "--scopes", "report:read report:write")


@pytest.fixture(scope="session", name="inspector")
def fixture_inspector(service):
    """A confidential client that may look at every token: (id, secret)."""
    return service.new_oauth_client("inspector", "--grants", "client_credentials", "--scopes", "introspect")
