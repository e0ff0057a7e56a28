# SPDX-License-Identifier: MIT
"""The operations listener, starts, stops, and what survives them."""
import concurrent.futures
import re
import signal
import socket
import subprocess
import time

import pytest

from authtest.planted import new_password
from authtest.process import wait_until
from authtest.service import BINARY


@pytest.fixture(name="operations")
def fixture_operations(service):
    return service.operations()


def test_livez_is_not_served_to_the_public(client):
    assert [client.get(path).status for path in ("/livez", "/readyz", "/metrics")] == [404] * 3


def test_livez_is_all_the_operations_listener_and_its_like_serve(operations):
    for path in ("/v1/config", "/v1/me", "/v1/login", "/oauth/token", "/.well-known/jwks.json"):
        assert operations.get(path).status in (404, 405)


@pytest.mark.smoke
def test_livez_answers(operations):
    assert operations.get("/livez").json() == {"status": "ok"}


@pytest.mark.smoke
def test_readyz_names_its_checks(operations):
    document = operations.get("/readyz").json()
    assert document["status"] == "ready"
    assert {name: check["status"] for name, check in document["checks"].items()} == \
        {"server": "ok", "schema": "ok", "database": "ok", "keys": "ok"}


def test_metrics_count_requests_by_route_and_status(operations, client, service):
    pattern = re.compile(r'^auth_http_requests_total\{[^}]*route="config"[^}]*\} (\d+)', re.M)

    def count():
        pages = [replica.operations().get("/metrics") for replica in service.replicas]
        assert all(page.header("Content-Type").startswith("text/plain; version=0.0.4") for page in pages)
        return sum(int(number) for page in pages for number in pattern.findall(page.body.decode()))

    before = count()
    for _ in range(3):
        client.get("/v1/config")
    assert count() == before + 3
    assert "auth_ready 1" in operations.get("/metrics").body.decode()


def test_metrics_name_no_person(operations, person):
    assert person.email not in operations.get("/metrics").body.decode()


def test_a_restart_keeps_accounts_sessions_and_keys(start_alone):
    service = start_alone()
    person = service.client().signup()
    replica = service.replicas[0]
    assert replica.stop() == 0
    replica.start().wait_ready()
    assert person.get("/v1/me").status == 200
    assert service.client().refresh(person.refresh).status == 200


def test_a_killed_process_loses_nothing_that_was_answered(start_alone):
    service = start_alone()
    client = service.client()
    people = [client.signup() for _ in range(3)]
    people[0].post("/v1/logout")
    replica = service.replicas[0]
    replica.process.kill()
    replica.process.expected_status = 0
    replica.start().wait_ready()
    assert [person.get("/v1/me").status for person in people] == [401, 200, 200]


def test_a_stop_finishes_what_has_begun(start_alone):
    service = start_alone(AUTH_HASH_ITERATIONS="16", AUTH_HASH_MEMORY_KIB="65536",
                          AUTH_REQUEST_SECONDS="60", AUTH_DRAIN_SECONDS="60")
    client, operations = service.client(), service.operations()
    person = client.signup()

    def ask(_):
        return client.post("/v1/login", {"email": person.email, "password": person.password}).status

    def are_all_hashing():
        page = operations.get("/metrics").body.decode()
        return sum(int(number) for number in re.findall(r"^auth_hash_(?:queue|running) (\d+)", page, re.M)) == 3

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        answers = [pool.submit(ask, number) for number in range(3)]
        wait_until(are_all_hashing, 10, "the hashing of three passwords")
        assert service.replicas[0].stop(signal.SIGTERM) == 0
        assert [answer.result() for answer in answers] == [200, 200, 200]


def test_a_stop_waits_for_every_loop(start_alone):
    """One that has nothing left to do must not take the others with it."""
    replica = start_alone(AUTH_LOOPS="4").replicas[0]
    lines = [socket.create_connection(replica.address, timeout=5) for _ in range(16)]
    for line in lines:
        line.sendall(b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: localhost\r\n")
    answers = []
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        stopped = pool.submit(replica.stop)
        wait_until(lambda: "stopping: what has begun" in replica.process.read_log(), 5, "the stop")
        for line in lines:
            with line:
                line.sendall(b"\r\n")
                answers.append(line.recv(12))
            time.sleep(0.05)
        assert stopped.result() == 0
    assert answers == [b"HTTP/1.1 200"] * len(lines)


def test_a_second_replica_hears_of_a_sign_out(replicated):
    near, far = (replica.client() for replica in replicated.replicas)
    for _ in range(5):
        person = near.signup()
        assert far.get("/v1/me", token=person.access).status == 200
        assert near.post("/v1/logout", token=person.access).status == 204
        # Told through Redis: on its way when the answer is sent.
        wait_until(lambda: far.get("/v1/me", token=person.access).status == 401, 0.5, "the other replica's refusal")


def test_logs_tell_one_line_for_each_request(start_alone):
    service = start_alone()
    client = service.client()
    answer = client.post("/v1/login", {"email": "nobody@example.org", "password": new_password()})
    lines = [line for line in service.replicas[0].process.read_log().splitlines() if '"path":"/v1/login"' in line]
    assert len(lines) == 1
    assert answer.header("X-Request-Id") in lines[0]
    assert '"status":401' in lines[0]


@pytest.mark.parametrize("name,value", [("AUTH_PASSWORD_MIN", "3"), ("REDIS_URL", "rediss://cache:6379"),
                                        ("REDIS_URL", "redis://name@cache"), ("SQL_URI", "mysql://h/d")])
def test_a_wrong_setting_is_told_by_name_and_nothing_starts(start_alone, name, value):
    replica = start_alone().replicas[0]
    replica.settings[name] = value
    done = subprocess.run([BINARY, "config", "check"], env=replica.environment(), cwd=replica.folder, capture_output=True,
                          text=True, check=False, timeout=10)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"auth config: {name}: " in done.stderr
