# SPDX-License-Identifier: MIT
"""No message reaches a second answer, and nothing but one request with one length ever reaches the upstream."""

import pytest
from edge import Edge
from raw_http import connect, count_answers, read_all
from recorder import Recorder
from smuggling_corpus import CASES, HIDDEN


@pytest.fixture(scope="module")
def pair():
    """One nginx for the whole corpus; what is under test is its parser, so nothing is limited."""
    recorder = Recorder()
    edge = Edge(recorder.port, NGINX_BODY_TIMEOUT="200ms", NGINX_HEADER_TIMEOUT="200ms",
                NGINX_CREDENTIALS_RATE="1000r/s", NGINX_CREDENTIALS_BURST="1000")
    yield edge, recorder
    edge.stop()
    recorder.close()


def exchange(address, data):
    with connect(address, timeout_seconds=0.4) as connection:
        connection.sendall(data)
        return read_all(connection)


@pytest.mark.parametrize("name, data", CASES, ids=[name for name, _ in CASES])
def test_a_hidden_request_is_not_forwarded(pair, name, data):
    """Security incident 39: proxy and service read the same."""
    edge, upstream = pair
    upstream.clear()
    raw = exchange(edge.address, data)
    forwarded = [recorded.line for recorded in upstream.requests]
    assert not any(HIDDEN in line for line in forwarded), forwarded
    assert upstream.leftovers == []
    assert len(forwarded) <= 1
    # "100 Continue" is no final answer.
    assert count_answers(raw.replace(b"HTTP/1.1 100", b"")) <= 1, raw
    for recorded in upstream.requests:
        assert recorded.all("Transfer-Encoding") == []
        assert len(recorded.all("Content-Length")) <= 1
        assert len(recorded.all("Host")) == 1
        assert recorded.all("Upgrade") == [] and recorded.all("Expect") == []


def test_two_honest_requests_on_one_connection_are_two(edge, upstream):
    """That the corpus can fail: a pipelined request that is not hidden is answered."""
    first = b"GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"
    second = f"GET {HIDDEN} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    assert count_answers(exchange(edge.address, first + second)) == 2
    assert any(HIDDEN in recorded.line for recorded in upstream.requests)
