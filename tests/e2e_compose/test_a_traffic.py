# SPDX-License-Identifier: MIT
"""Real traffic through the published port of a stack that came up from nothing."""

import base64
import json
import re
import time

import pytest
from raw_http import at_once, connect, count_answers, read_all, request_bytes
from smuggling_corpus import CASES, HIDDEN
from stack import EMAIL, PASSWORD

QUEUE_SECONDS = 2.5  # until the queue of the credentials zone is empty again


def login_bytes(headers=None):
    body = json.dumps({"method": "password", "email": EMAIL, "password": PASSWORD}).encode()
    return request_bytes("POST", "/v1/login", {"Content-Type": "application/json", **(headers or {})}, body)


def count(answers, status):
    return sum(answer.status == status for answer in answers)


def test_sign_up_log_in_refresh_verify_and_log_out(stack):
    email = "grace@example.org"
    assert stack.sign_up(email).status == 202
    tokens = stack.log_in(email).json()
    me = stack.patiently("GET", "/v1/me", token=tokens["access_token"])
    assert (me.status, me.json()["email"]) == (200, email)
    form = f"grant_type=refresh_token&client_id=auth&refresh_token={tokens['refresh_token']}"
    renewed = stack.patiently("POST", "/oauth/token", body=form)
    assert renewed.status == 200, renewed.body
    access = renewed.json()["access_token"]
    assert stack.patiently("GET", "/v1/authz", token=access).header("Remote-Email") == email
    assert stack.patiently("POST", "/v1/logout", body={"scope": "this"}, token=access).status == 204
    assert stack.patiently("GET", "/v1/me", token=access).status == 401


def test_keys_come_from_the_cache_and_verify_the_token(stack, session):
    answer = stack.request("GET", "/.well-known/jwks.json")
    header = session["access_token"].split(".")[0]
    kid = json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))["kid"]
    assert kid in {key["kid"] for key in answer.json()["keys"]}
    again = stack.request("GET", "/.well-known/jwks.json")
    assert f'"id":"{again.header("X-Request-Id")}"' in stack.logs("webserver")
    assert again.header("X-Request-Id") not in stack.logs("auth")


def test_of_fifty_logins_at_once_eleven_are_served_spaced_and_the_others_refused(stack, note):
    time.sleep(QUEUE_SECONDS)
    answers = at_once(stack.address, 50, login_bytes())
    served = sorted(answer.seconds for answer in answers if answer.status == 200)
    assert (len(served), count(answers, 429)) == (11, 39)
    for place, seconds in enumerate(served):
        assert place * 0.2 - 0.06 <= seconds <= place * 0.2 + 0.5, served
    refused = next(answer for answer in answers if answer.status == 429)
    assert refused.header("Retry-After") == "1" and refused.json()["code"] == "rate_limited"
    note(f"of 50 logins at once: 1 served at once, 10 queued (last after {served[-1]:.2f} s), 39 refused with 429")


def test_another_address_is_not_disturbed_by_a_flood(stack):
    time.sleep(QUEUE_SECONDS)
    at_once(stack.address, 12, login_bytes())  # the queue of this address is full for two seconds
    body = json.dumps({"method": "password", "email": EMAIL, "password": PASSWORD})
    flood = stack.execute(
        "webserver", "curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code} %{time_total}",
        "--header", "Content-Type: application/json", "--data", body, "http://127.0.0.1:8080/v1/login",
    ).stdout
    status, seconds = flood.split()
    assert status == "200" and float(seconds) < 0.5


def test_what_a_client_says_of_its_address_changes_nothing(stack):
    time.sleep(QUEUE_SECONDS)
    spoofed = {name: "203.0.113.77" for name in ("X-Forwarded-For", "X-Real-IP", "True-Client-IP", "CF-Connecting-IP")}
    spoofed["Forwarded"] = "for=203.0.113.77"
    half = at_once(stack.address, 25, login_bytes())
    other_half = at_once(stack.address, 25, login_bytes(spoofed))
    assert count(half, 200) == 11
    # Two seconds have passed: the queue is that of the same address.
    assert count(other_half, 200) <= 11
    time.sleep(QUEUE_SECONDS)
    both = at_once(stack.address, 50, login_bytes(spoofed))
    assert (count(both, 200), count(both, 429)) == (11, 39)
    assert "203.0.113.77" not in stack.logs("auth") + stack.logs("webserver")


@pytest.mark.parametrize("data, status", [
    (request_bytes("POST", "/v1/login", {"Content-Length": "70000"}), 413),
    (request_bytes("GET", "/v1/me", {"X-A": "b" * 9000}), 431),
    (request_bytes("GET", "/" + "a" * 9000), 414),
], ids=["body", "header", "target"])
def test_what_is_too_large_is_refused(stack, data, status):
    with connect(stack.address) as connection:
        connection.sendall(data)
        assert read_all(connection).startswith(b"HTTP/1.1 %d" % status)


def test_no_hidden_request_is_answered(stack, note):
    reached = []
    for name, data in CASES:
        with connect(stack.address, timeout_seconds=0.4) as connection:
            connection.sendall(data)
            raw = read_all(connection).replace(b"HTTP/1.1 100", b"")
        if count_answers(raw) > 1:
            reached.append(name)
    assert reached == []
    assert f"path={HIDDEN}" not in stack.logs("auth")
    note(f"smuggling probes through nginx: {len(CASES)}, reaching a second answer: 0")


def test_each_request_is_one_readable_line_without_secrets(stack):
    tokens = stack.log_in().json()
    wrong = stack.patiently("POST", "/v1/login", body={"method": "password", "email": EMAIL, "password": "not this one"})
    me = stack.patiently("GET", "/v1/me", token=tokens["access_token"])
    log = stack.logs("auth")
    lines = [line for line in log.splitlines() if me.header("X-Request-Id") in line]
    assert len(lines) == 1
    assert re.search(r"\d{4}-\d\d-\d\dT[\d:.]+Z INFO +request id=\w+ method=GET path=/v1/me status=200 ms=[\d.]+", lines[0])
    assert "account=" in lines[0]
    refused = next(line for line in log.splitlines() if wrong.header("X-Request-Id") in line)
    assert "status=401" in refused and "code=invalid_credentials" in refused
    everything = log + stack.logs("webserver") + stack.logs("database")
    for secret in (PASSWORD, "not this one", tokens["access_token"], tokens["refresh_token"], "development-auth",
                   "development-migrations"):
        assert secret not in everything


def test_the_start_says_what_migrated_and_where_it_listens(stack):
    log = stack.logs("auth")
    assert re.search(r"INFO +migrated to=[0-9a-f]{12}", log)
    assert re.search(r"INFO +ready listen=0\.0\.0\.0:8080 .*database=postgresql://auth@database:5432/auth", log)


def test_the_example_application_is_protected(stack, session):
    assert stack.patiently("GET", "/sample/").status == 401
    answer = stack.patiently("GET", "/sample/", token=session["access_token"], headers={"Remote-User": "admin"})
    assert answer.status == 200 and f"<{EMAIL}>".encode() in answer.body and b"admin" not in answer.body
