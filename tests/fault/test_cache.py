# SPDX-License-Identifier: MIT
"""Redis is killed, emptied, stopped and started under load: nobody notices, and no session that was ended comes back
(security.md's invariant I6)."""
import subprocess
import time

import pytest
from authtest import faults
from authtest.crowd import Load
from authtest.fleet import Fleet, Ledger, people_of
from authtest.process import wait_until

# How long an entry of the near cache may live; the bound of every error.
ENTRY_SECONDS = 5.0


@pytest.fixture(scope="module", name="fleet")
def fixture_fleet(folder, postgres, redis):
    with Fleet(folder, "cachefaults", postgres, redis, AUTH_REFRESH_GRACE_SECONDS="120") as made:
        yield made


@pytest.fixture(autouse=True)
def fixture_redis_is_there(fleet, redis):
    """Whatever the test before has left."""
    if not redis.process.is_running():
        redis.start()
    wait_until_found(fleet)


def wait_until_found(fleet):
    """Who asks nothing looks for nothing: Redis is found again by requests that could use it."""
    access = fleet.sign_in(fleet.new_account())["access_token"]

    def is_found():
        assert {client.get("/v1/authz", token=access).status for client in fleet.clients} == {200}
        pages = [replica.operations().get("/metrics").body.decode() for replica in fleet.replicas]
        return all("\nauth_cache_shared_up 1" in page for page in pages)

    wait_until(is_found, 15, "Redis is found")


def empty(redis):
    subprocess.run(["redis-cli", "-s", redis.socket, "FLUSHALL"], check=True, stdout=subprocess.DEVNULL,
                   env={"REDISCLI_AUTH": redis.PASSWORD, "PATH": "/usr/bin:/bin"})


def under_load(fleet, befall):
    """No request fails while it befalls; what was acknowledged holds."""
    ledger = Ledger()
    with Load(people_of(fleet, ledger, 6, pause=0.01), 6) as load:
        time.sleep(0.3)
        befall()
        time.sleep(0.5)
    failed = [note for note in load.notes if note.status not in (200, 202, 204)]
    assert not failed, load.summary(failed)
    assert len(load.notes) > 50, load.summary()
    ledger.check(fleet)
    return load


def kill_and_start(redis, away_seconds):
    redis.process.kill()
    time.sleep(away_seconds)
    redis.start()


def test_no_request_fails_while_redis_is_killed_again_and_again(fleet, redis, is_long):
    def befall():
        for i in range(30 if is_long else 3):
            kill_and_start(redis, 0.2 + 0.3 * (i % 3))
            time.sleep(0.4)
    under_load(fleet, befall)


def test_no_request_fails_while_redis_is_emptied_again_and_again(fleet, redis, is_long):
    def befall():
        for _ in range(500 if is_long else 40):
            empty(redis)
            time.sleep(0.02)
    under_load(fleet, befall)


def test_no_request_fails_and_none_is_slow_while_redis_stands_still(fleet, redis, is_long):
    def befall():
        with faults.standstill(redis.process.child.pid):
            time.sleep(3)
    load = under_load(fleet, befall)
    slowest = max(note.seconds for note in load.notes)
    assert slowest < (1.5 if is_long else 4), f"{slowest:.2f} s"


def stale_rounds(fleet, rounds):
    """Rounds in which the other replica took a token after the end of its session had been answered."""
    email = fleet.new_account()
    stale = 0
    for i in range(rounds):
        here, there = fleet.clients[i % 2], fleet.clients[(i + 1) % 2]
        access = fleet.sign_in(email, on=i % 2)["access_token"]
        assert [there.get("/v1/authz", token=access).status for _ in range(2)] == [200, 200]
        assert here.post("/v1/logout", token=access).status == 204
        stale += there.get("/v1/authz", token=access).status != 401
    return stale


def test_without_redis_an_ended_session_is_refused_at_once_by_the_other_replica(fleet, redis, is_long):
    redis.process.kill()
    assert stale_rounds(fleet, 200 if is_long else 30) == 0


def test_an_emptied_redis_brings_no_ended_session_back(fleet, redis, is_long):
    email = fleet.new_account()
    for i in range(50 if is_long else 10):
        here, there = fleet.clients[i % 2], fleet.clients[(i + 1) % 2]
        tokens = fleet.sign_in(email)
        assert there.get("/v1/authz", token=tokens["access_token"]).status == 200
        assert here.post("/v1/logout", token=tokens["access_token"]).status == 204
        empty(redis)
        assert [side.get("/v1/authz", token=tokens["access_token"]).status for side in (here, there)] == [401, 401]
        assert fleet.refresh(tokens["refresh_token"], on=i % 2).code() == "invalid_grant"


def test_while_redis_stands_still_an_ended_session_lives_five_seconds_at_most(fleet, redis):
    """The denial does not reach the other replica: its entry's life is the bound, and the refresh token is dead at once."""
    email = fleet.new_account()
    tokens = fleet.sign_in(email)
    access = tokens["access_token"]
    assert [fleet.clients[1].get("/v1/authz", token=access).status for _ in range(2)] == [200, 200]
    with faults.standstill(redis.process.child.pid):
        assert fleet.clients[0].post("/v1/logout", token=access).status == 204
        assert fleet.clients[0].get("/v1/authz", token=access).status == 401
        assert fleet.refresh(tokens["refresh_token"], on=1).code() == "invalid_grant"
        passed = faults.seconds_until(lambda: fleet.clients[1].get("/v1/authz", token=access).status == 401,
                                      ENTRY_SECONDS + 1, "the entry dies")
        assert passed < ENTRY_SECONDS + 0.5
    # Nothing that was remembered meanwhile comes up again.
    for _ in range(5):
        assert [side.get("/v1/authz", token=access).status for side in fleet.clients] == [401, 401]
        time.sleep(0.2)


def test_redis_that_was_not_there_at_the_start_is_found_later(folder, postgres, redis):
    redis.process.kill()
    with Fleet(folder, "lateredis", postgres, redis) as fleet:
        email = fleet.new_account()
        access = fleet.sign_in(email)["access_token"]
        assert fleet.clients[1].get("/v1/authz", token=access).status == 200
        redis.start()
        wait_until_found(fleet)
        assert stale_rounds(fleet, 10) == 0
