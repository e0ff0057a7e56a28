# SPDX-License-Identifier: MIT
"""The service itself is killed, restarted under load, and left by its clients (security.md's invariants I1 to I4, I9)."""
import asyncio
import random
import re
import socket
import time

import pytest
from authtest import faults
from authtest.crowd import Load, ask_bytes
from authtest.fleet import PASSWORD, Fleet, Ledger, people_of, refresh_request
from authtest.process import wait_until
from authtest.servers import TEMPLATES, Nginx

GRACE = {"AUTH_REFRESH_GRACE_SECONDS": "120"}


def make_fleet(folder, engine, name, request, **settings):
    if engine == "sqlite":
        return Fleet(folder, f"{name}-sqlite", **settings)
    return Fleet(folder, f"{name}-pg", request.getfixturevalue("postgres"), request.getfixturevalue("redis"), **settings)


def gauge(replica, name):
    page = replica.operations().get("/metrics").body.decode()
    return float(re.search(rf"^{name} (\S+)$", page, re.MULTILINE)[1])


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_a_killed_service_keeps_what_it_acknowledged(folder, engine, request, is_long):
    kills = 100 if is_long else 3
    dice = random.Random(20)
    with make_fleet(folder, engine, "killed", request, **GRACE) as fleet:
        ledger = Ledger()
        people = people_of(fleet, ledger, 6)
        for i in range(kills):
            replica = fleet.replicas[i % len(fleet.replicas)]
            with Load(people, 6) as load:
                time.sleep(0.2 + 0.5 * dice.random())
                replica.process.kill()
                faults.start_again(replica, is_waiting=False)
                took = faults.seconds_until(replica.is_ready, 10, "readiness after a kill")
                assert took < (2.5 if is_long else 5), f"ready {took:.1f} s after the start"
                time.sleep(0.2)
            # Who comes while it starts is served a little later, or told to come again.
            strange = [note for note in load.notes if note.status not in (0, 200, 202, 204, 503)]
            assert not strange, load.summary(strange)
        assert ledger.signed_up and ledger.ended and ledger.replaced
        ledger.check(fleet)
        ledger.check_replays(fleet)


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_a_rotated_token_stays_refused_after_a_kill_and_a_restart(folder, engine, request):
    """Security incident 2. Nothing about rotation is kept in memory: a restart makes no used token good again."""
    with make_fleet(folder, engine, "replayed", request) as fleet:
        email = fleet.new_account()
        first = fleet.sign_in(email)["refresh_token"]
        second = fleet.refresh(first).json()["refresh_token"]
        third = fleet.refresh(second).json()["refresh_token"]
        for replica in fleet.replicas:
            replica.process.kill()
        for replica in fleet.replicas:
            faults.start_again(replica)
        assert fleet.refresh(first).code() == "invalid_grant"
        # The reuse ended the session, and that too outlives a kill.
        for replica in fleet.replicas:
            replica.process.kill()
        for replica in fleet.replicas:
            faults.start_again(replica)
        assert fleet.refresh(third).code() == "invalid_grant"
        assert fleet.living_sessions(email) == 0


def test_replicas_restarted_in_turn_lose_no_request(folder, postgres, redis, is_long):
    settings = {"AUTH_TRUSTED_PROXIES": "127.0.0.1", **GRACE}
    with Fleet(folder, "rolling", postgres, redis, **settings) as fleet:
        proxy = Nginx(folder, [replica.upstream for replica in fleet.replicas], TEMPLATES / "rolling.conf.template").start()
        ledger = Ledger()
        people = people_of(fleet, ledger, 8)
        people.places = [("127.0.0.1", proxy.port)]
        with Load(people, 8) as load:
            for i in range(100 if is_long else 6):
                replica = fleet.replicas[i % 2]
                assert replica.stop() == 0
                faults.start_again(replica)
                # nginx asks one it could not reach again after ten seconds, or when it has no other.
                time.sleep(0.2)
        lost = [note for note in load.notes if note.status not in (200, 202, 204)]
        proxy.stop()
        assert not lost, f"of {len(load.notes)}: {load.summary(lost)}"
        assert len(load.notes) > 200, load.summary()
        ledger.check(fleet)


async def ask_and_leave(place, payload, wait_seconds):
    """Sends a request and goes before the answer can be there."""
    reader, writer = await asyncio.open_connection(*place)
    writer.write(payload)
    await writer.drain()
    await asyncio.sleep(wait_seconds)
    # Reset, not closed in order.
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    writer.close()
    del reader


async def leave_all(place, payloads):
    await asyncio.gather(*(ask_and_leave(place, payload, 0.001 * (i % 20)) for i, payload in enumerate(payloads)))


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_clients_that_go_while_their_request_waits_leave_nothing_behind(folder, engine, request, is_long):
    with make_fleet(folder, engine, "left", request, AUTH_HASH_MEMORY_KIB="19456", AUTH_HASH_ITERATIONS="2") as fleet:
        email = fleet.new_account()
        tokens = fleet.sign_in(email)
        words, options = refresh_request(tokens["refresh_token"])
        login = ask_bytes("POST", "/v1/login", json={"email": email, "password": PASSWORD})
        payloads = [login, ask_bytes(*words, **options), ask_bytes("GET", "/v1/me", token=tokens["access_token"])]
        for _ in range(20 if is_long else 3):
            asyncio.run(leave_all(fleet.places[0], payloads * 20))
        # All have been dealt with: nothing waits, nothing is held, and the next one is served.
        replica = fleet.replicas[0]
        wait_until(lambda: gauge(replica, "auth_db_waiting") == 0 and gauge(replica, "auth_db_leases") == 0
                   and gauge(replica, "auth_hash_queue") == 0 and gauge(replica, "auth_hash_running") == 0, 15, "quiet")
        wait_until(lambda: gauge(replica, "auth_fibers") <= 1, 5, "no fiber but the one that answers")
        assert fleet.sign_in(email)
        assert fleet.refresh(tokens["refresh_token"]).status == 200
        began = time.monotonic()
        replica.stop()
        assert time.monotonic() - began < 3, "a connection that is gone is waited for"
        faults.start_again(replica)
