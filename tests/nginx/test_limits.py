# SPDX-License-Identifier: MIT
"""How many are served at once, queued and refused, and who counts as whom."""

import pytest
from raw_http import at_once, request, request_bytes

# Two requests, then none for half a minute.
TWO = {"NGINX_CREDENTIALS_RATE": "1r/m", "NGINX_CREDENTIALS_BURST": "1", "NGINX_CREDENTIALS_DELAY": "nodelay"}
BODY = b'{"email":"ada@example.org","password":"correct horse"}'


def login_bytes(headers=None):
    return request_bytes("POST", "/v1/login", headers, BODY)


def count(answers, status):
    return sum(answer.status == status for answer in answers)


def test_of_fifty_logins_at_once_eleven_are_served_spaced_and_the_others_refused(edge):
    answers = at_once(edge.address, 50, login_bytes())
    served = sorted(answer.seconds for answer in answers if answer.status == 200)
    assert (len(served), count(answers, 429)) == (11, 39)
    # The first at once, then one every 200 ms.
    for place, seconds in enumerate(served):
        assert place * 0.2 - 0.06 <= seconds <= place * 0.2 + 0.3, served
    logged = [line["limit"] for line in edge.log(50)]
    assert (logged.count("PASSED"), logged.count("DELAYED"), logged.count("REJECTED")) == (1, 10, 39)
    assert {line["zone"] for line in edge.log(50)} == {"credentials"}


@pytest.mark.parametrize(
    "path, zone, at_once_count, served",
    [
        ("/v1/signup", "mail", 20, 6),
        ("/v1/codes", "mail", 20, 6),
        ("/v1/me", "general", 50, 21),
        ("/oauth/token", "token", 80, 41),
        ("/v1/authz", "verify", 150, 150),
        ("/v1/reauth", "credentials", 30, 11),
        ("/v1/login/enroll", "credentials", 30, 11),
    ],
)
def test_each_path_is_counted_in_its_zone(start, path, zone, at_once_count, served):
    edge = start(NGINX_MAIL_DELAY="nodelay", NGINX_GENERAL_DELAY="nodelay", NGINX_CREDENTIALS_DELAY="nodelay",
                 NGINX_CONNECTIONS_PER_CLIENT="500", NGINX_TOKEN_RATE="1r/s", NGINX_GENERAL_RATE="1r/s")
    answers = at_once(edge.address, at_once_count, request_bytes("POST", path))
    assert (count(answers, 200), count(answers, 429)) == (served, at_once_count - served)
    assert {line["zone"] for line in edge.log(at_once_count)} == {zone}


@pytest.mark.parametrize("spelling", ["/v1//login", "/v1/%6cogin", "/v1/x/../login", "/v1/LOGIN", "//v1/login?a=b"])
def test_another_spelling_of_a_path_is_in_the_same_zone(edge, spelling):
    request(edge.address, "POST", spelling)
    assert edge.log()[0]["zone"] == "credentials"


def test_a_refusal_is_a_problem_document_with_retry_after(start):
    edge = start(NGINX_ISSUER="https://id.example.org", **TWO)
    answers = at_once(edge.address, 3, login_bytes())
    refused = next(answer for answer in answers if answer.status == 429)
    assert refused.header("Content-Type") == "application/problem+json"
    assert refused.header("Retry-After") == "1"
    assert refused.header("Cache-Control") == "no-store"
    problem = refused.json()
    assert problem["type"] == "https://id.example.org/problems/rate_limited"
    assert (problem["status"], problem["code"]) == (429, "rate_limited")
    assert problem["instance"] == "urn:request:" + refused.header("X-Request-Id")


def test_a_refusal_on_an_oauth_path_is_an_oauth_error(start):
    edge = start(NGINX_TOKEN_BURST="1")
    answers = at_once(edge.address, 3, request_bytes("POST", "/oauth/token", {}, b"grant_type=x"))
    refused = next(answer for answer in answers if answer.status == 429)
    assert refused.header("Content-Type") == "application/json"
    assert refused.json()["error"] == "temporarily_unavailable"


def test_the_status_of_a_refusal_can_be_set(start):
    edge = start(NGINX_LIMIT_STATUS="503", **TWO)
    answers = at_once(edge.address, 3, login_bytes())
    refused = next(answer for answer in answers if answer.status == 503)
    assert refused.json()["code"] == "rate_limited"
    assert refused.header("Retry-After") == "1"


def test_a_zone_with_nodelay_serves_its_burst_at_once(start):
    edge = start(NGINX_CREDENTIALS_DELAY="nodelay")
    answers = at_once(edge.address, 30, login_bytes())
    served = [answer.seconds for answer in answers if answer.status == 200]
    assert len(served) == 11 and max(served) < 1.0


def test_a_second_address_is_not_disturbed_by_the_first(edge):
    answers = at_once(edge.address, 40, login_bytes(), sources=["127.0.0.1", "127.0.0.2"])
    assert (count(answers, 200), count(answers, 429)) == (22, 18)
    at_once(edge.address, 20, login_bytes(), sources=["127.0.0.1"])
    alone = request(edge.address, "POST", "/v1/login", {}, BODY, source="127.0.0.3")
    assert alone.status == 200 and alone.seconds < 0.5


SPOOFED = {
    "X-Forwarded-For": "203.0.113.7",
    "X-Real-IP": "203.0.113.7",
    "Forwarded": "for=203.0.113.7;host=evil.example;proto=https",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "https",
    "True-Client-IP": "203.0.113.7",
    "CF-Connecting-IP": "203.0.113.7",
    "X-Client-IP": "203.0.113.7",
    "X-Request-Id": "chosen",
    "X-Original-URL": "/v1/me",
}


def test_what_a_client_says_of_its_address_changes_nothing(start, upstream):
    edge = start(**TWO)
    statuses = [
        request(edge.address, "POST", "/v1/login", {**SPOOFED, "X-Forwarded-For": f"203.0.113.{n}"}, BODY).status
        for n in range(3)
    ]
    assert statuses == [200, 200, 429]
    for recorded in upstream.requests:
        assert recorded.one("X-Real-IP") == "127.0.0.1"
        assert recorded.one("X-Forwarded-For") == "127.0.0.1"
        assert recorded.one("X-Forwarded-Proto") == "http"
        assert recorded.one("X-Request-Id") != "chosen"
        for name in ("Forwarded", "X-Forwarded-Host", "True-Client-IP", "CF-Connecting-IP", "X-Client-IP", "X-Original-URL"):
            assert recorded.all(name) == []


def forwarded(address):
    return {"X-Forwarded-For": address}


def logins(edge, addresses, source=None):
    """The statuses of one login for each address that a trusted proxy names."""
    return [
        request(edge.address, "POST", "/v1/login", forwarded(address), BODY, source=source).status
        for address in addresses
    ]


def test_behind_a_trusted_proxy_clients_are_told_apart_by_what_it_says(start, upstream):
    edge = start(NGINX_TRUSTED_PROXIES="127.0.0.1 192.0.2.0/24", **TWO)
    # Only what stands rightmost and is no trusted proxy itself counts; the rest came from the client.
    said = ["198.51.100.1, 203.0.113.9", "203.0.113.9, 192.0.2.5", "198.51.100.3, 203.0.113.9"]
    assert logins(edge, said) == [200, 200, 429]
    assert {recorded.one("X-Real-IP") for recorded in upstream.requests} == {"203.0.113.9"}
    assert logins(edge, ["203.0.113.10"]) == [200]


def test_a_peer_that_is_not_on_the_list_cannot_name_an_address(start, upstream):
    edge = start(NGINX_TRUSTED_PROXIES="127.0.0.1", **TWO)
    assert logins(edge, ["203.0.113.1", "203.0.113.2", "203.0.113.3"], source="127.0.0.2") == [200, 200, 429]
    assert {recorded.one("X-Real-IP") for recorded in upstream.requests} == {"127.0.0.2"}


@pytest.mark.parametrize(
    "one_client, another",
    [
        (["2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff", "2001:db8:0:1::2"], "2001:db8:0:2::1"),
        # Bytes that a pattern could take for the end of a line.
        (["2001:db8:a0a:a0a::a", "2001:db8:a0a:a0a:a0a:a0a:a0a:a0a", "2001:db8:a0a:a0a::"], "2001:db8:a0a:a0b::a"),
        # IPv4 in IPv6 form is that IPv4 address, and not one network with all others.
        (["::ffff:203.0.113.1", "203.0.113.1", "::ffff:203.0.113.1"], "::ffff:203.0.113.2"),
    ],
)
def test_an_ipv6_client_is_its_64_bit_network(start, one_client, another):
    edge = start(NGINX_TRUSTED_PROXIES="127.0.0.1", **TWO)
    assert logins(edge, one_client) == [200, 200, 429]
    assert logins(edge, [another]) == [200]


def test_requests_of_one_client_served_at_a_time_are_bounded(start, upstream):
    """Security incident 59: also of streams that are reset at once."""
    upstream.delay_seconds = 1.0
    edge = start(NGINX_CONNECTIONS_PER_CLIENT="5")
    answers = at_once(edge.address, 30, request_bytes("POST", "/v1/authz"), sources=["127.0.0.1", "127.0.0.2"])
    assert (count(answers, 200), count(answers, 429)) == (10, 20)
    refused = next(answer for answer in answers if answer.status == 429)
    assert refused.json()["code"] == "rate_limited"
    assert any(line["connections"] == "REJECTED" and line["limit"] == "PASSED" for line in edge.log(30))
