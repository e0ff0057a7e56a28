# SPDX-License-Identifier: MIT
"""The disk under the embedded database is full: writers are told 503, readers are served, and when there is room again all
goes on without a restart."""
import contextlib
import os
import sqlite3
import subprocess

import pytest
from authtest.fleet import PASSWORD, Fleet
from authtest.process import wait_until


@pytest.fixture(name="small_disk")
def fixture_small_disk(folder):
    place = os.path.join(folder, "disk")
    os.makedirs(place)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m,mode=0777", "tmpfs", place], check=False,
                             capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", place], check=True)


@contextlib.contextmanager
def filled(place):
    """Not a byte is left."""
    ballast = os.path.join(place, "ballast")
    with open(ballast, "wb", buffering=0) as stream, contextlib.suppress(OSError):
        while True:
            stream.write(bytes(4096))
    yield
    os.remove(ballast)


def test_a_full_disk_stops_writers_alone_and_passes(folder, small_disk):
    database = os.path.join(small_disk, "auth.db")
    with Fleet(folder, "full", SQL_URI=f"sqlite:///{database}") as fleet:
        fleet.database = database
        client = fleet.clients[0]
        email = fleet.new_account()
        tokens = fleet.sign_in(email)
        acknowledged = [email]
        with filled(small_disk):
            refused = 0
            for i in range(400):
                email = f"full{i}@example.org"
                answer = client.post("/v1/signup", {"email": email, "password": PASSWORD})
                assert answer.status in (202, 503), answer.body
                if answer.status == 202:
                    acknowledged.append(email)
                refused += answer.status == 503
                if refused == 5:
                    break
                if answer.status == 503:
                    assert answer.code() == "database_unavailable" and int(answer.header("Retry-After")) >= 1
            assert refused == 5, "the disk was never full"
            assert client.get("/v1/me", token=tokens["access_token"]).status == 200
            assert client.get("/v1/authz", token=tokens["access_token"]).status == 200
            assert client.refresh(tokens["refresh_token"]).status == 503
            assert client.post("/v1/logout", token=tokens["access_token"]).status == 503
            assert fleet.replicas[0].operations().get("/livez").status == 200
        wait_until(lambda: client.post("/v1/signup", {"email": "room@example.org", "password": PASSWORD}).status == 202, 5,
                   "room is found")
        assert client.refresh(tokens["refresh_token"]).status == 200
        names = ", ".join(f"'{name}'" for name in acknowledged)
        assert fleet.count(f"accounts WHERE email IN ({names})") == len(acknowledged)
    with contextlib.closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
