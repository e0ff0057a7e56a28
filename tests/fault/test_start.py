# SPDX-License-Identifier: MIT
"""Starts without a database: the service waits, says so, and gives up in time."""
import json
import socket
import time

from authtest import faults
from authtest.ports import free_port
from authtest.process import wait_until
from authtest.service import Replica, new_secret_key


def replica_without_database(folder, name, port, seconds):
    return Replica(folder, name, {"SQL_URI": f"postgresql://postgres:nothing@127.0.0.1:{port}/auth",
                                  "AUTH_SECRET_KEY": new_secret_key(), "AUTH_START_WAIT_SECONDS": str(seconds)})


def is_alive(replica):
    try:
        return replica.operations().get("/livez").status == 200
    except OSError:
        return False


def test_a_database_that_does_not_come_ends_the_start_with_exit_code_7(folder):
    replica = replica_without_database(folder, "auth-alone", free_port(), 3)
    replica.process.expected_status = 7
    began = time.monotonic()
    replica.start()
    wait_until(lambda: is_alive(replica), 10, "liveness")
    # Alive, not ready, and saying why; the public is told to come again.
    assert replica.is_ready() is False
    document = replica.operations().get("/readyz").json()
    assert document["status"] == "unready"
    assert document["checks"]["server"]["status"] == "fail" and document["checks"]["server"]["detail"]
    answer = replica.client().get("/v1/config")
    assert (answer.status, answer.code()) == (503, "not_ready") and int(answer.header("Retry-After")) >= 1
    assert replica.process.child.wait(20) == 7
    assert 2.5 < time.monotonic() - began < 10
    lines = [json.loads(line) for line in replica.process.read_log().splitlines()]
    waiting = [line for line in lines if line["message"] == "waiting for the database"]
    assert waiting and all("refused" in line["detail"] for line in waiting), waiting
    assert [line["exit"] for line in lines if line["message"] == "not started"] == [7]


def test_a_start_goes_on_when_the_database_comes(folder, postgres):
    settings = {"SQL_URI": postgres.new_database("late"), "AUTH_SECRET_KEY": new_secret_key(), "AUTH_START_WAIT_SECONDS": "60"}
    faults.stop_at_once(postgres)
    replica = Replica(folder, "auth-late", settings).start()
    wait_until(lambda: is_alive(replica), 10, "liveness")
    assert replica.is_ready() is False
    postgres.start()
    assert faults.seconds_until(replica.is_ready, 10, "readiness") < 6
    assert replica.client().post("/v1/signup", {"email": "late@example.org", "password": "a horse that is late"}).status == 202
    assert replica.stop() == 0


def test_a_start_that_is_told_to_stop_while_a_database_is_silent_stops(folder):
    """The thread that waits for the database works for a fiber that will not go on."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        replica = replica_without_database(folder, "auth-silent", silent.getsockname()[1], 60).start()
        wait_until(lambda: is_alive(replica), 10, "liveness")
        time.sleep(0.3)
        began = time.monotonic()
        assert replica.stop() == 0
        assert time.monotonic() - began < 8


def test_a_start_that_is_told_to_stop_while_it_waits_stops(folder):
    replica = replica_without_database(folder, "auth-stopped", free_port(), 60).start()
    wait_until(lambda: is_alive(replica), 10, "liveness")
    began = time.monotonic()
    assert replica.stop() == 0
    assert time.monotonic() - began < 3
