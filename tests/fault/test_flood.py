# SPDX-License-Identifier: MIT
"""A flood of sign-ins: what costs much is bounded and told so, and nobody else waits for it."""
import collections
import json
import os
import subprocess
import sys
import time

import pytest
from authtest.fleet import Fleet

# A process of its own, so that the one who measures has no part in it.
FLOOD = """
import json, sys
from authtest.crowd import at_once, request
place, count, salt = json.loads(sys.argv[1])
requests = [request("POST", "/v1/login", json={"email": f"nobody{salt}.{i}@example.org", "password": "wrong password"})
            for i in range(count)]
answers = at_once([place], requests)
print(json.dumps([[answer.status, answer.code(), answer.headers.get("retry-after", ""), answer.seconds] for answer in answers]))
"""
LOGINS = 500


def start_flood(place, salt):
    return subprocess.Popen([sys.executable, "-B", "-c", FLOOD, json.dumps([list(place), LOGINS, salt])],
                            stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})


def measure_while(client, flood, token):
    """Seconds of each check of a token, on one kept connection, until the flood has been answered."""
    connection = client.connection()
    seconds = []
    while flood.poll() is None:
        began = time.monotonic()
        connection.request("GET", "/v1/authz", headers={"Authorization": f"Bearer {token}"})
        response = connection.getresponse()
        response.read()
        seconds.append(time.monotonic() - began)
        assert response.status == 200
        time.sleep(0.002)
    connection.close()
    return sorted(seconds)


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_500_sign_ins_at_once_slow_nobody_else_down(folder, engine, request, is_long):
    costly = {"AUTH_HASH_MEMORY_KIB": "19456", "AUTH_HASH_ITERATIONS": "2"}
    servers = [] if engine == "sqlite" else [request.getfixturevalue("postgres"), request.getfixturevalue("redis")]
    with Fleet(folder, f"flood-{engine}", *servers, count=1, **costly) as fleet:
        token = fleet.sign_in(fleet.new_account())["access_token"]
        seconds = []
        for salt in range(10 if is_long else 1):
            flood = start_flood(fleet.places[0], salt)
            seconds += measure_while(fleet.clients[0], flood, token)
            answers = json.loads(flood.stdout.read())
            check_flood(answers)
        seconds.sort()
        p99 = seconds[int(len(seconds) * 0.99)]
        print(f"{engine}: {len(seconds)} checks, median {seconds[len(seconds) // 2] * 1e3:.1f} ms, p99 {p99 * 1e3:.1f} ms")
        # 50 ms is what is promised; a machine that does other things besides gets more.
        assert p99 < (0.050 if is_long else 0.500), f"p99 {p99 * 1e3:.0f} ms of {len(seconds)}"
        # The queue is worked off: the next one is served.
        assert fleet.sign_in(fleet.new_account())


def check_flood(answers):
    kinds = collections.Counter((status, code) for status, code, _, _ in answers)
    assert set(kinds) == {(401, "invalid_credentials"), (503, "hashing_busy")}, kinds
    assert all(int(retry_after) >= 1 for status, _, retry_after, _ in answers if status == 503)
    # Two seconds of work may wait; who is turned away is told at once.
    assert max(seconds for status, _, _, seconds in answers if status == 401) < 10
