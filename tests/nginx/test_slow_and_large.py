# SPDX-License-Identifier: MIT
"""Clients that send slowly, much or nothing hold little, not for long, and disturb nobody."""

import shutil
import subprocess
import time

import pytest
from raw_http import connect, read_all, request, request_bytes

SLOW = 6


def seconds_until_closed(connection, drip=b"", every_seconds=0.4, limit_seconds=15):
    begun = time.monotonic()
    connection.settimeout(every_seconds)
    while time.monotonic() - begun < limit_seconds:
        try:
            if drip:
                connection.sendall(drip)
            if connection.recv(4096) == b"":
                break
        except TimeoutError:
            continue
        except OSError:
            break
    return time.monotonic() - begun


def test_a_header_that_drips_is_ended_though_it_never_pauses(start):
    edge = start(NGINX_HEADER_TIMEOUT="2s")
    with connect(edge.address) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        assert seconds_until_closed(connection, b"X-A: b\r\n") < 4


def test_a_client_that_says_nothing_is_ended(start):
    edge = start(NGINX_HEADER_TIMEOUT="1s")
    with connect(edge.address) as connection:
        assert seconds_until_closed(connection) < 3


def test_a_body_that_pauses_is_ended_and_the_upstream_never_hears_of_it(start, upstream):
    edge = start(NGINX_BODY_TIMEOUT="1s")
    with connect(edge.address) as connection:
        connection.sendall(b"POST /v1/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nabc")
        assert seconds_until_closed(connection) < 4
    assert upstream.requests == []


def test_a_client_holds_few_dripping_bodies_and_the_upstream_none(start, upstream):
    edge = start(NGINX_CONNECTIONS_PER_CLIENT="3", NGINX_BODY_TIMEOUT="5s")
    head = request_bytes("POST", "/v1/authz", {"Content-Length": "1000"})
    held = [connect(edge.address, "127.0.0.1") for _ in range(8)]
    for connection in held:
        connection.sendall(head + b"abc")
    time.sleep(0.3)
    for connection in held:
        connection.settimeout(0.1)
    refused = sum(read_all(connection).startswith(b"HTTP/1.1 429") for connection in held)
    assert refused == 5
    assert request(edge.address, "GET", "/v1/authz", source="127.0.0.2").status == 200
    assert [recorded.line for recorded in upstream.requests] == ["GET /v1/authz HTTP/1.1"]
    for connection in held:
        connection.close()


def test_an_answer_that_is_read_slowly_does_not_hold_the_upstream(edge, upstream):
    upstream.answers["/large"] = ("200 OK", {"Content-Type": "text/plain"}, b"x" * 30000)
    with connect(edge.address) as connection:
        connection.sendall(request_bytes("GET", "/large"))
        time.sleep(0.5)
        assert len(upstream.requests) == 1
        assert request(edge.address, "GET", "/v1/me").status == 200
        assert read_all(connection).endswith(b"x" * 100)


@pytest.mark.skipif(shutil.which("slowhttptest") is None, reason="slowhttptest is not installed")
@pytest.mark.parametrize("attack", ["-H", "-B", "-X"])
def test_slowhttptest_does_not_disturb_another_client(start, upstream, attack, tmp_path):
    upstream.answers["/v1/authz"] = ("200 OK", {"Content-Type": "text/plain"}, b"x" * 20000)
    edge = start()
    url = f"http://{edge.address[0]}:{edge.address[1]}/v1/authz"
    options = ["-c", "300", "-r", "300", "-i", "2", "-l", str(SLOW), "-p", "2", "-x", "20"]
    options += ["-w", "512", "-y", "1024", "-n", "2", "-z", "32"] if attack == "-X" else []
    attacker = subprocess.Popen(["slowhttptest", attack, *options, "-u", url], cwd=tmp_path, stdout=subprocess.DEVNULL)
    try:
        time.sleep(2)
        for _ in range(10):
            answer = request(edge.address, "GET", "/v1/me", source="127.0.0.2")
            assert answer.status == 200 and answer.seconds < 1.0
    finally:
        attacker.terminate()
        attacker.wait(20)


@pytest.mark.parametrize(
    "data, status, code",
    [
        (request_bytes("POST", "/v1/login", {"Content-Length": "65537"}), 413, "too_large"),
        (request_bytes("POST", "/v1/login", {"Transfer-Encoding": "chunked"}) + b"10001\r\n" + b"x" * 70000, 413, "too_large"),
        (request_bytes("GET", "/" + "a" * 9000), 414, "uri_too_long"),
        (request_bytes("GET", "/", {"X-A": "b" * 9000}), 431, "headers_too_large"),
        (request_bytes("GET", "/", {f"X-{n}": "b" * 4000 for n in range(12)}), 431, "headers_too_large"),
        (b"GET / HTTP/1.1\r\n\r\n", 400, "bad_request"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, "bad_request"),
        (b"TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n", 405, "method_not_allowed"),
    ],
    ids=["body", "chunked_body", "target", "header", "headers", "no_host", "tls_on_http", "trace"],
)
def test_what_is_too_large_or_malformed_is_refused_in_the_words_of_the_service(edge, upstream, data, status, code):
    with connect(edge.address, timeout_seconds=5) as connection:
        try:
            connection.sendall(data)
        except OSError:
            pass
        raw = read_all(connection)
    head, _, body = raw.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d" % status), raw[:300]
    assert b"Content-Type: application/problem+json" in head
    assert b'"code":"%s"' % code.encode() in body
    assert upstream.requests == []


def test_the_largest_body_arrives_whole_and_with_a_length(edge, upstream):
    assert request(edge.address, "POST", "/v1/me", {}, b"x" * 65536).status == 200
    chunked = request_bytes("POST", "/v1/me", {"Transfer-Encoding": "chunked"}) + b"5\r\nhello\r\n0\r\n\r\n"
    with connect(edge.address) as connection:
        connection.sendall(chunked)
        assert read_all(connection).startswith(b"HTTP/1.1 200")
    assert upstream.requests[0].body == b"x" * 65536
    assert upstream.requests[1].one("Content-Length") == "5" and upstream.requests[1].body == b"hello"
