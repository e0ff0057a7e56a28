# SPDX-License-Identifier: MIT
"""Security events over HTTP: pages, the stream, the checkpoint, and one's own."""
import json
import signal
import time

import pytest

from authtest import audit_chain
from authtest.process import wait_until
from authtest.sse import Follower

EVENTS = "/v1/admin/events"


@pytest.fixture(scope="session", name="watcher")
def fixture_watcher(service):
    """A client that may look at events: (id, secret)."""
    return service.new_oauth_client("watcher", "--grants", "client_credentials", "--scopes", "admin:events:read")


def token_of(client, pair):
    answer = client.post("/oauth/token", form={"grant_type": "client_credentials"}, basic=pair)
    assert answer.status == 200, answer.body
    return answer.json()["access_token"]


@pytest.fixture(name="token")
def fixture_token(client, watcher):
    return token_of(client, watcher)


@pytest.fixture(name="follow_as")
def fixture_follow_as():
    opened = []

    def follow_as(client, token, query="", headers=None):
        opened.append(Follower(client, EVENTS + query, token, headers))
        return opened[-1]
    yield follow_as
    for follower in opened:
        follower.close()


@pytest.fixture(name="follow")
def fixture_follow(client, token, follow_as):
    return lambda query="", headers=None: follow_as(client, token, query, headers)


def account_of(person):
    return person.get("/v1/me").json()["id"]


def page(client, token, query=""):
    answer = client.get(EVENTS + query, token=token)
    assert answer.status == 200, answer.body
    return answer.json()


def wait_events(client, token, query, count):
    found = []

    def look():
        found[:] = page(client, token, query)["data"]
        return len(found) >= count
    wait_until(look, 5, f"{count} events of {query}")
    return found


def wait_signed_in(client, token, account):
    """All events of somebody who has just signed up and in, oldest first: others may note more than these two."""
    query = f"?account_id={account}&order=oldest"
    wait_events(client, token, query + "&type=login.succeeded", 1)
    found = page(client, token, query)["data"]
    assert (found[0]["type"], found[-1]["type"]) == ("account.created", "login.succeeded")
    return found


# --- who may ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
def test_admin_events_are_not_for_those_without_the_scope(client, person, robot, accept):
    for token in (person.access, token_of(client, robot)):
        answer = client.get(EVENTS, token=token, headers={"Accept": accept})
        assert (answer.status, answer.code()) == (403, "insufficient_scope")
    answer = client.get(EVENTS, headers={"Accept": accept})
    assert (answer.status, answer.code()) == (401, "invalid_token")
    assert client.get(EVENTS + "/checkpoint", token=person.access).status == 403


@pytest.mark.parametrize("query,parameter", [
    ("?limit=0", "limit"), ("?limit=201", "limit"), ("?after=x", "after"), ("?after=-1", "after"),
    ("?after=99999999999999999999", "after"), ("?account_id=ada", "account_id"), ("?since=yesterday", "since"),
    ("?order=random", "order"), ("?type=", None), ("?unknown=1", None)])
def test_admin_events_refuses_parameters_by_name(client, token, query, parameter):
    answer = client.get(EVENTS + query, token=token)
    if parameter:
        assert answer.status in (400, 422) and parameter in json.dumps(answer.json()), answer.body
    streamed = client.get(EVENTS + query, token=token, headers={"Accept": "text/event-stream"}) if parameter else answer
    assert streamed.status == answer.status


def test_admin_events_refuses_a_last_event_id_that_is_no_place(client, token):
    answer = client.get(EVENTS, token=token, headers={"Accept": "text/event-stream", "Last-Event-ID": "abc"})
    assert answer.status == 422 and "Last-Event-ID" in answer.pointers()


# --- pages -----------------------------------------------------------------------------------------------------------

def test_admin_events_are_paged_both_ways(client, token, person):
    for _ in range(4):
        person.login_again()
    account = f"account_id={account_of(person)}"
    newest = [event["seq"] for event in wait_events(client, token, f"?{account}", 6)]
    assert newest == sorted(newest, reverse=True)
    for order, expected in (("newest", newest), ("oldest", newest[::-1])):
        found, after = [], ""
        while True:
            one = page(client, token, f"?{account}&limit=2&order={order}{after}")
            found += [event["seq"] for event in one["data"]]
            if one["next"] is None:
                break
            after = f"&after={one['next']}"
        assert found == expected


def test_admin_events_can_be_filtered(client, token, person):
    account = account_of(person)
    begun = wait_signed_in(client, token, account)
    client.post("/v1/login", {"email": person.email, "password": "wrong password here"})
    found = wait_events(client, token, f"?account_id={account}", len(begun) + 1)
    assert [event["seq"] for event in found[1:]] == [event["seq"] for event in begun[::-1]]
    failed = page(client, token, f"?account_id={account}&type=login.failed")["data"]
    assert [event["seq"] for event in failed] == [found[0]["seq"]]
    assert failed[0]["client_address"] == client.source
    assert page(client, token, f"?account_id={account}&since=2999-01-01T00:00:00Z")["data"] == []
    assert page(client, token, f"?account_id={account}&until=2001-01-01T00:00:00Z")["data"] == []
    assert page(client, token, f"?account_id={account}&since={found[-1]['at']}")["data"] == found
    assert page(client, token, f"?account_id={account}&client_id=nobody")["data"] == []
    assert page(client, token, "?actor=nobody")["data"] == []
    assert page(client, token, "?type=no.such")["data"] == []


def test_admin_events_checkpoint_signs_where_the_chain_stands(client, token, person, service):
    wait_events(client, token, f"?account_id={account_of(person)}", 2)
    answer = client.get(EVENTS + "/checkpoint", token=token)
    assert answer.status == 200
    signed = answer.json()
    seq, chain_hash = audit_chain.read_checkpoint(signed["checkpoint"], signed["public_key"])
    assert seq == signed["seq"] and chain_hash == audit_chain.from_base64url(signed["chain_hash"])
    assert page(client, token, f"?after={seq - 1}&order=oldest&limit=1")["data"][0]["chain_hash"] == signed["chain_hash"]
    assert "as they were written" in service.replicas[0].run("audit", "verify", "--against", signed["checkpoint"])


# --- one's own -------------------------------------------------------------------------------------------------------

def test_me_events_tell_what_happened_to_the_own_account_alone(client, token, person):
    other = client.signup()
    wait_signed_in(client, token, account_of(other))
    begun = wait_signed_in(client, token, account_of(person))
    mine = person.get("/v1/me/events").json()
    assert [event["id"] for event in mine["data"]] == [event["id"] for event in begun[::-1]]
    assert mine["next"] is None
    assert set(mine["data"][0]) == {"id", "at", "type", "client_address", "session_id", "is_by_others"}
    first = person.get("/v1/me/events?limit=1").json()
    second = person.get(f"/v1/me/events?limit=1&after={first['next']}").json()
    assert [first["data"][0]["id"], second["data"][0]["id"]] == [event["id"] for event in mine["data"][:2]]
    assert person.get("/v1/me/events?account_id=" + account_of(other)).status in (400, 422)


def test_me_events_needs_a_token(client, token):
    assert client.get("/v1/me/events").status == 401
    assert client.get("/v1/me/events", token=token).status == 403, "a client has no account"


# --- the stream ------------------------------------------------------------------------------------------------------

def test_admin_events_stream_replays_and_then_follows(client, token, person, follow):
    account = account_of(person)
    begun = wait_signed_in(client, token, account)
    follower = follow(f"?account_id={account}&after={begun[0]['seq'] - 1}")
    assert follower.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert follower.headers["Cache-Control"] == "no-store"
    assert [follower.event()["seq"] for _ in begun] == [event["seq"] for event in begun]
    assert not follower.has_more(0.3)
    began = time.monotonic()
    person.login_again()
    assert follower.event()["type"] == "login.succeeded"
    assert time.monotonic() - began < 3


def test_admin_events_stream_of_every_replica_sees_the_events_of_all(service, token, follow_as):
    followers = [follow_as(replica.client(), token) for replica in service.replicas]
    time.sleep(0.5)
    people = [replica.client().signup() for replica in service.replicas]
    accounts = {account_of(person) for person in people}
    for follower in followers:
        seen, deadline = set(), time.monotonic() + 5
        while not accounts <= seen and time.monotonic() < deadline:
            seen.add(follower.event().get("account_id"))
        assert accounts <= seen


def test_admin_events_stream_goes_on_where_it_was_left(client, token, person, follow):
    account = account_of(person)
    last = wait_events(client, token, f"?account_id={account}", 2)[0]["seq"]
    person.login_again()
    wait_events(client, token, f"?account_id={account}", 3)
    follower = follow(f"?account_id={account}&after=0", headers={"Last-Event-ID": str(last)})
    assert follower.event()["seq"] > last
    assert not follower.has_more(0.3)


def test_admin_events_stream_begins_with_what_comes(client, token, person, follow):
    account = account_of(person)
    wait_events(client, token, f"?account_id={account}", 2)
    follower = follow(f"?account_id={account}")
    assert not [frame for frame in (follower.next(),) if "id" in frame]
    assert not follower.has_more(1.5)
    person.login_again()
    assert follower.event()["type"] == "login.succeeded"


def test_admin_events_stream_sends_hundreds_in_order(client, token, follow):
    last = page(client, token, "?limit=1")["data"][0]["seq"]
    follower = follow("?after=0")
    assert [follower.event()["seq"] for _ in range(last)] == list(range(1, last + 1))


def test_admin_events_head_opens_no_stream(client, token):
    answer = client.request("HEAD", EVENTS, token=token, headers={"Accept": "text/event-stream"})
    assert answer.status == 200 and answer.body == b""


def start_watched(start_alone, **settings):
    service = start_alone(**settings)
    return service, service.client(), service.new_oauth_client("watcher", "--grants", "client_credentials", "--scopes",
                                                               "admin:events:read")


def test_admin_events_stream_beats_while_nothing_happens(start_alone, follow_as):
    _, client, pair = start_watched(start_alone)
    follower = follow_as(client, token_of(client, pair))
    wait_until(lambda: follower.comments > 0, 12, "a heartbeat")
    assert not follower.ended.is_set()


def test_admin_events_streams_are_bounded(start_alone, follow_as):
    _, client, pair = start_watched(start_alone, AUTH_AUDIT_STREAMS_MAX="2", AUTH_LOOPS="1")
    token = token_of(client, pair)
    first, second = (follow_as(client, token) for _ in range(2))
    third = follow_as(client, token)
    assert (first.status, second.status, third.status) == (200, 200, 503)
    assert third.headers["Retry-After"]
    first.close()
    wait_until(lambda: follow_as(client, token).status == 200, 5, "room for another")


def test_admin_events_stream_ends_with_its_token(start_alone, follow_as):
    _, client, pair = start_watched(start_alone, AUTH_ACCESS_TOKEN_SECONDS="10")
    token = token_of(client, pair)
    expiring = follow_as(client, token)
    revoked_token = token_of(client, pair)
    revoked = follow_as(client, revoked_token)
    assert client.post("/oauth/revoke", form={"token": revoked_token}, basic=pair).status == 200
    assert revoked.ended.wait(8), "within five seconds of the revocation"
    assert not expiring.ended.is_set()
    assert expiring.ended.wait(14)
    for follower in (revoked, expiring):
        frames = list(follower.frames.queue)
        assert frames[-1] == {"event": "end", "data": '{"reason":"invalid_token"}'}


def test_admin_events_streams_end_at_a_drain(start_alone, follow_as):
    service, client, pair = start_watched(start_alone)
    token = token_of(client, pair)
    followers = [follow_as(client, token) for _ in range(5)]
    time.sleep(0.3)
    began = time.monotonic()
    assert service.replicas[0].stop(signal.SIGTERM) == 0
    assert time.monotonic() - began < 4
    assert all(follower.ended.wait(1) for follower in followers)
