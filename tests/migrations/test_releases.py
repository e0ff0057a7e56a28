# SPDX-License-Identifier: MIT
"""Three releases that follow each other, as processes that serve (tests/releases): the second expands the schema, the third
contracts it. Each is started on the schema of each, and a fleet is led from one to the next and back while people use it."""
import itertools
import json
import os
import pathlib
import subprocess
import time

import pytest
from authtest.crowd import Load
from authtest.fleet import CHEAP, Fleet, Ledger, people_of
from authtest.migrations import Site
from authtest.servers import TEMPLATES, Nginx
from authtest.service import BINARY, Replica, new_secret_key

IS_LONG = os.environ.get("AUTH_FAULTS") == "long"
NUMBERS = itertools.count(1)
RELEASES = (1, 2, 3)
HEADS = {2: "release0002", 3: "release0003"}


def binary_of(release):
    path = pathlib.Path(BINARY).parent / f"auth_release_{release}"
    assert path.exists(), f"{path} is not built: ninja -C {path.parent} release_programs"
    return str(path)


def migrate(site, release, words, status=0):
    done = subprocess.run([binary_of(release), "migrate", *words.split()], env=site.environment(), cwd=site.home,
                          capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == status, (release, words, done.stdout, done.stderr)
    return done.stdout


@pytest.fixture(scope="module", name="at_release")
def fixture_at_release(folder, postgres):
    """at_release(n): a new database with the schema of release n, copied from one that was led there."""
    made = {}
    for release in RELEASES:
        made[release] = Site("postgres", folder, f"release_{release}", postgres)
        migrate(made[release], release, "upgrade")
    HEADS[1] = migrate(made[1], 1, "heads").split()[0]

    def make(release):
        site = made[release]
        copy = Site.__new__(Site)
        copy.__dict__.update(site.__dict__)
        copy.name = f"release_{release}_{next(NUMBERS)}"
        postgres.run_sql(f'CREATE DATABASE "{copy.name}" TEMPLATE "{site.name}"')
        copy.uri = site.uri.replace(f"/{site.name}", f"/{copy.name}")
        copy.home = pathlib.Path(folder, copy.name)
        copy.home.mkdir()
        return copy
    return make


def replica_of(site, release, **settings):
    given = {**CHEAP, "SQL_URI": site.uri, "AUTH_SECRET_KEY": new_secret_key(), "AUTH_START_WAIT_SECONDS": "20", **settings}
    return Replica(str(site.home), f"auth-{release}", given, binary=binary_of(release))


def heads_of(site):
    return migrate(site, 3, "current").split()[0]


def schema_of(replica):
    return json.loads(replica.operations().get("/readyz").body)


@pytest.mark.parametrize("schema", RELEASES)
@pytest.mark.parametrize("release", RELEASES)
def test_each_release_starts_on_the_schema_of_each(at_release, release, schema):
    site = at_release(schema)
    replica = replica_of(site, release)
    if release == 1 and schema == 3:
        replica.process.expected_status = 4
        assert replica.start().process.child.wait(40) == 4
        assert (f"database is at release0003, this binary knows up to {HEADS[1]}; release0003 (contract) requires a binary with "
                "release0002 or later") in replica.process.read_log()
        return
    replica.start().wait_ready()
    document = schema_of(replica)
    assert document.get("schema_ahead", False) == (schema > release), document
    assert heads_of(site) == HEADS[max(release, schema)]
    assert site.sql(f"SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = 'auth/{HEADS[release]}'") == "t"
    client = replica.client()
    assert client.post("/v1/signup", {"email": "a@example.org", "password": "a horse of all releases"}).status == 202
    assert client.login("a@example.org", "a horse of all releases")["access_token"]
    assert replica.stop() == 0


@pytest.mark.parametrize("release, schema", [(2, 1), (3, 1), (3, 2)])
def test_a_release_that_may_not_migrate_waits_for_its_schema(at_release, release, schema):
    """The contract of the third release takes away what only older ones need: it serves without."""
    site = at_release(schema)
    replica = replica_of(site, release, MIGRATE_ON_START="check")
    if schema == 1:
        replica.process.expected_status = 3
        assert replica.start().process.child.wait(40) == 3
    else:
        replica.start().wait_ready()
        assert "auth_schema_pending_contract" in replica.operations().get("/metrics").body.decode()
        assert replica.stop() == 0
    assert heads_of(site) == HEADS[schema]


# --- a fleet that is led from release to release ---


def replace(fleet, index, release):
    """One replica ends, its successor of another release takes its place at the same address."""
    replica = fleet.replicas[index]
    assert replica.stop() == 0
    replica.process.command[0] = replica.binary = binary_of(release)
    replica.process.expected_status = 0
    replica.start().wait_ready()
    time.sleep(0.5)


def test_a_fleet_goes_to_the_next_release_and_back_and_fails_no_request(folder, postgres):
    site = Site("postgres", folder, f"rolling_{next(NUMBERS)}", postgres)
    migrate(site, 1, "upgrade")
    name = f"fleet_{next(NUMBERS)}"
    settings = {"AUTH_TRUSTED_PROXIES": "127.0.0.1", "AUTH_REFRESH_GRACE_SECONDS": "120"}
    fleet = Fleet(folder, name, postgres, None, **settings)
    site.name, site.uri = name, fleet.replicas[0].settings["SQL_URI"]
    for replica in fleet.replicas:
        replica.process.command[0] = replica.binary = binary_of(1)
    with fleet:
        place = os.path.join(folder, name)
        os.makedirs(place)
        proxy = Nginx(place, [replica.upstream for replica in fleet.replicas],
                      TEMPLATES / "rolling.conf.template").start()
        ledger = Ledger()
        people = people_of(fleet, ledger, 6)
        people.places = [("127.0.0.1", proxy.port)]
        with Load(people, 6) as load:
            for _ in range(5 if IS_LONG else 1):
                for release in (2, 1):  # forth; back, on the schema of the newer one
                    for index in (0, 1):
                        replace(fleet, index, release)
                        time.sleep(0.5)
                assert heads_of(site) == "release0002"
                # What the second release added can be undone while the first serves, and is there again with the next.
                migrate(site, 2, "downgrade -1 --yes")
                time.sleep(0.5)
                assert heads_of(site) == migrate(site, 1, "heads").split()[0]
            # A third release finds the first: what contracts waits until no older one is left.
            replace(fleet, 0, 3)
            assert heads_of(site) == "release0002"
            assert schema_of(fleet.replicas[0])["pending_contract"] == "release0003"
            replace(fleet, 1, 3)
            # A session of the one before may have been ending still: then it is for the next start, or for this.
            migrate(site, 3, "upgrade")
            assert heads_of(site) == "release0003"
            time.sleep(0.5)
        lost = [note for note in load.notes if note.status not in (200, 202, 204)]
        proxy.stop()
        assert not lost, f"of {len(load.notes)}: {load.summary(lost)}"
        assert len(load.notes) > 200, load.summary()
        print(f"{len(load.notes)} requests, none failed")
        ledger.check(fleet)
