# SPDX-License-Identifier: MIT
"""A server's start: what it says while the schema changes, and which schemas it serves on."""
import re
import shutil
import subprocess
import threading
import time

import pytest
from authtest import crash
from authtest.migrations import SHIPPED, Folder, Site
from authtest.process import wait_until
from authtest.service import Replica, new_secret_key


class Place(Site):
    """A site whose revisions are those of the binary, and whatever a newer one adds."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        shutil.rmtree(self.revisions.path)
        shutil.copytree(SHIPPED, self.revisions.path)
        self.revisions = Folder(self.revisions.path)
        self.revisions.count = 10
        self.head = self.expect("heads", directory=False).split()[0]
        self.first = re.match(r"<base> -> (\w+)", self.expect("history", directory=False).splitlines()[-1])[1]

    def replica(self, name, **settings):
        given = {"SQL_URI": self.uri, "AUTH_START_WAIT_SECONDS": "20", **settings}
        if self.postgres:
            given["AUTH_SECRET_KEY"] = new_secret_key()
        return Replica(str(self.home), f"auth-{self.name}-{name}", given)


@pytest.fixture(name="place", params=["postgres", "sqlite"])
def fixture_place(request, folder, postgres):
    number = next(PLACES)
    is_postgres = request.param == "postgres"
    return Place(request.param, folder, f"place_{number}", postgres if is_postgres else None)


@pytest.fixture(name="postgres_place")
def fixture_postgres_place(folder, postgres):
    return Place("postgres", folder, f"place_{next(PLACES)}", postgres)


PLACES = iter(range(1, 100))


def page(replica, path):
    try:
        answer = replica.operations().get(path)
    except OSError:
        return 0, None
    return answer.status, answer


def is_migrating(replica):
    _, answer = page(replica, "/readyz")
    return answer is not None and "migrating" in answer.json()


def ends_with(replica, status):
    replica.process.expected_status = status
    replica.start()
    assert replica.process.child.wait(40) == status, replica.process.read_log()
    return replica.process.read_log()


def test_a_schema_that_is_incompatible_ends_the_start_with_exit_4(place):
    place.revisions.add("ffff0001", place.head, "SELECT 1;", phase="contract")
    place.expect("upgrade --force" if place.postgres else "upgrade")
    log = ends_with(place.replica("old"), 4)
    assert (f"database is at ffff0001, this binary knows up to {place.head}; ffff0001 (contract) requires a binary with "
            "ffff0001 or later") in log
    assert "requires a binary with" in place.fails("upgrade", 4, directory=False)


def test_check_refuses_a_schema_that_is_behind(place):
    log = ends_with(place.replica("checking", MIGRATE_ON_START="check"), 3)
    assert "the schema is behind this binary; run: auth migrate upgrade" in log
    place.expect("upgrade", directory=False)
    place.replica("checked", MIGRATE_ON_START="check").start().wait_ready().stop()


def test_a_compatible_newer_schema_is_served_and_told(place):
    place.revisions.add("ffff0001", place.head, "ALTER TABLE accounts ADD COLUMN nickname text;", min_binary=place.head)
    place.expect("upgrade")
    replica = place.replica("old").start().wait_ready()
    document = replica.operations().get("/readyz").json()
    assert document["schema_ahead"] is True and document["checks"]["schema"]["detail"] == "ffff0001"
    assert "\nauth_schema_ahead 1\n" in replica.operations().get("/metrics").body.decode()
    assert place.expect("upgrade", directory=False) == "Already at ffff0001 (ahead of this binary)\n"
    assert place.expect("current", directory=False) == "ffff0001 (unknown)\n"
    assert replica.stop() == 0


def test_an_expand_revision_under_load_fails_no_request(postgres_place):
    place = postgres_place
    replica = place.replica("loaded").start().wait_ready()
    statuses = []
    is_ending = threading.Event()

    def sign_up():
        client = replica.client()
        while not is_ending.is_set():
            number = len(statuses)
            answer = client.post("/v1/signup", {"email": f"a{number}@example.org", "password": "a horse under some load"})
            statuses.append(answer.status)

    worker = threading.Thread(target=sign_up)
    worker.start()
    place.revisions.add("ffff0001", place.head, "ALTER TABLE accounts ADD COLUMN nickname text;",
                        "ALTER TABLE accounts DROP COLUMN nickname;", min_binary=place.head)
    time.sleep(1)
    place.expect("upgrade")
    time.sleep(1)
    place.expect("downgrade -1 --yes")
    time.sleep(0.5)
    is_ending.set()
    worker.join()
    assert len(statuses) > 5 and set(statuses) <= {202, 429}, statuses
    assert replica.stop() == 0


def test_contracts_wait_while_a_server_needs_the_old_schema(postgres_place):
    place = postgres_place
    place.revisions.add("ffff0001", place.head, "ALTER TABLE accounts ADD COLUMN nickname text;", min_binary=place.head)
    place.revisions.add("ffff0002", "ffff0001", "ALTER TABLE accounts DROP COLUMN nickname;", phase="contract",
                        min_binary="ffff0001")
    replica = place.replica("old").start().wait_ready()
    # Its name among the sessions says what it was built for.
    assert place.sql(f"SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = 'auth/{place.head}'") == "t"
    done = place.run("upgrade")
    assert done.returncode == 0 and "WARNING: ffff0002 waits: servers of an older binary are connected" in done.stderr
    assert done.stdout.endswith("now at ffff0001\n")
    assert replica.stop() == 0
    servers = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'auth/%' AND datname = current_database()"
    wait_until(lambda: place.sql(servers) == "0", 10, "the end of its sessions")
    assert place.expect("upgrade").endswith("now at ffff0002 (head)\n")


def test_while_the_schema_changes_a_server_is_alive_and_not_ready(postgres_place):
    place = postgres_place
    # A table that nobody has committed yet holds up the CREATE TABLE of the same name.
    holder = crash.Session(place, "BEGIN; CREATE TABLE accounts (i int)")
    replica = place.replica("new").start()
    wait_until(lambda: page(replica, "/livez")[0] == 200, 10, "liveness")
    wait_until(lambda: is_migrating(replica), 10, "progress")
    status, answer = page(replica, "/readyz")
    document = answer.json()
    assert status == 503 and (document["migrating"], document["done"]) == (place.first, 0) and document["total"] >= 1
    assert "auth_migration_steps_total" in replica.operations().get("/metrics").body.decode()
    assert replica.client().get("/v1/config").status == 503
    began = time.monotonic()
    assert replica.stop() == 0
    assert time.monotonic() - began < 5
    other = place.replica("next").start()
    wait_until(lambda: is_migrating(other), 15, "progress")
    holder.say("ROLLBACK")
    holder.close()
    other.wait_ready()
    assert other.stop() == 0


def test_shipped_settings_meet_a_throw_away_postgres_at_once(postgres_place, tmp_path):
    """User postgres, password 1234, database auth: only the host is missing."""
    place = postgres_place
    settings = SHIPPED.parent / "settings.ini"
    shutil.copy(settings, tmp_path / "settings.ini")
    postgres = place.postgres
    if postgres.run_sql("SELECT 1 FROM pg_database WHERE datname = 'auth'") != "1":
        postgres.run_sql("CREATE DATABASE auth")
    environment = {name: value for name, value in place.environment().items() if name != "SQL_URI"}
    environment.update(POSTGRES_HOST="127.0.0.1", POSTGRES_PORT=str(postgres.port))
    postgres.run_sql("ALTER ROLE postgres PASSWORD '1234'")
    try:
        done = subprocess.run(place.command("upgrade", False), env=environment, cwd=tmp_path, capture_output=True, text=True,
                              check=False)
    finally:
        subprocess.run([f"{postgres.programs}/psql", "-X", "-q", "-h", "127.0.0.1", "-p", str(postgres.port), "-U", "postgres",
                        "-c", f"ALTER ROLE postgres PASSWORD '{postgres.PASSWORD}'"], check=True,
                       env={**environment, "PGPASSWORD": "1234"})
    assert done.returncode == 0 and done.stdout.endswith("(head)\n"), done
