# SPDX-License-Identifier: MIT
"""API keys of people: made, used, revoked, and all they may not do."""
import re
import time

import pytest

KEY = r"auk_[A-Za-z0-9_-]{49}"


def make_key(person, **fields):
    answer = person.post("/v1/me/keys", {"name": "script", **fields})
    assert answer.status == 201, (answer.status, answer.body)
    return answer.json()


@pytest.fixture(name="key")
def fixture_key(person):
    return make_key(person, scopes=["account"])


@pytest.mark.parametrize("document,pointer", [
    ({}, "/name"), ({"name": ""}, "/name"), ({"name": "x" * 101}, "/name"), ({"name": "a\nb"}, "/name"),
    ({"name": "a", "scopes": "account"}, "/scopes"), ({"name": "a", "scopes": ["admin:users"]}, "/scopes"),
    ({"name": "a", "scopes": ["account account"]}, "/scopes"), ({"name": "a", "scopes": [""]}, "/scopes"),
    ({"name": "a", "scopes": ["a" * 600]}, "/scopes"),
    ({"name": "a", "expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"), ({"name": "a", "expires_at": 7}, "/expires_at"),
])
def test_key_create_refuses_what_no_key_may_be(person, document, pointer):
    answer = person.post("/v1/me/keys", document)
    assert (answer.status, answer.code()) == (422, "validation_failed")
    assert any(name.startswith(pointer) for name in answer.pointers())


@pytest.mark.parametrize("member", ["account_id", "user_id", "client_id", "owner", "sub"])
def test_key_create_takes_no_owner_from_the_body(client, person, member):
    """Feature incident 16: whose key it is, is decided by who asks."""
    other = client.signup()
    victim = other.get("/v1/me").json()["id"]
    answer = person.post("/v1/me/keys", {"name": "mine", "scopes": ["account"], member: victim})
    assert answer.status == 422
    assert client.post("/v1/me/keys", {"name": "nobody's", member: victim}).status == 401
    assert other.get("/v1/me/keys").json()["data"] == []


def test_key_create_wants_a_fresh_sign_in(start_alone):
    person = start_alone(AUTH_FRESH_SECONDS="10").client().signup()
    time.sleep(10.5)
    refused = person.post("/v1/me/keys", {"name": "late"})
    assert (refused.status, refused.code()) == (401, "step_up_required")
    assert person.login_again().post("/v1/me/keys", {"name": "again"}).status == 201


def test_key_create_stops_at_the_limit(start_alone):
    person = start_alone(AUTH_API_KEYS_PER_ACCOUNT="2").client().signup()
    first = make_key(person)
    make_key(person)
    refused = person.post("/v1/me/keys", {"name": "third"})
    assert (refused.status, refused.code()) == (409, "conflict")
    assert person.delete(f"/v1/me/keys/{first['id']}").status == 204
    make_key(person)


def test_key_create_makes_a_key_that_is_shown_once(client, person):
    answer = person.post("/v1/me/keys", {"name": "backup ✓", "scopes": ["account:read"], "expires_at": "2099-01-01T00:00:00Z"})
    made = answer.json()
    assert answer.status == 201
    assert answer.header("Location") == f"/v1/me/keys/{made['id']}"
    assert re.fullmatch(KEY, made["key"])
    assert made["key"].startswith(made["hint"])
    listed = person.get("/v1/me/keys").json()
    assert listed["next"] is None
    assert [key["id"] for key in listed["data"]] == [made["id"]]
    assert "key" not in listed["data"][0]
    assert client.get("/v1/me", token=made["key"]).json()["email"] == person.email


def test_keys_list_is_paged_oldest_first(person):
    ids = [make_key(person)["id"] for _ in range(5)]
    assert [key["id"] for key in person.every_page("/v1/me/keys?limit=2")] == ids
    for query in ("limit=0", "limit=201", "after=x"):
        assert person.get("/v1/me/keys?" + query).status == 422, query


def test_key_get_tells_the_own_ones_alone(client, person, key):
    assert person.get(f"/v1/me/keys/{key['id']}").json()["name"] == "script"
    assert client.signup().get(f"/v1/me/keys/{key['id']}").status == 404
    assert person.get("/v1/me/keys/x").status == 404


def test_keys_list_is_the_owners_alone(client, person, key):
    assert [one["id"] for one in person.get("/v1/me/keys").json()["data"]] == [key["id"]]
    assert client.signup().get("/v1/me/keys").json()["data"] == []


def test_key_revoke_is_for_the_owner_and_holds_at_once_on_every_replica(client, service, person, key):
    """Security incidents 9 and 13: a key that was taken away is refused by the next request."""
    for replica in service.replicas:
        assert replica.client().get("/v1/authz", token=key["key"]).status == 200
    assert client.signup().delete(f"/v1/me/keys/{key['id']}").status == 404
    assert person.delete(f"/v1/me/keys/{key['id']}").status == 204
    deadline = time.monotonic() + 1
    for replica in service.replicas:
        while replica.client().get("/v1/authz", token=key["key"]).status != 401:
            assert time.monotonic() < deadline
    assert person.delete(f"/v1/me/keys/{key['id']}").status == 404
    assert person.get("/v1/me/keys").json()["data"] == []


def test_key_of_any_other_spelling_is_refused(client, key):
    """Security incident 14: each byte dropped, flipped or appended."""
    text = key["key"]
    for at in range(len(text)):
        swapped = "A" if text[at] != "A" else "B"
        for wrong in (text[:at] + text[at + 1:], text[:at] + swapped + text[at + 1:], text[:at] + text[at] + text[at:]):
            answer = client.get("/v1/authz", token=wrong)
            assert (answer.status, answer.code()) == (401, "invalid_token"), wrong
    for wrong in (text + "A", text + "=", text.upper(), text + "." + text):
        assert client.get("/v1/authz", token=wrong).status == 401
    assert client.get("/v1/authz", token=text).status == 200


# What a key with the scope "account" may not do: make keys, change credentials, end sessions, delete.
NEVER = [("POST", "/v1/me/keys", {"name": "child"}), ("DELETE", "/v1/me", None), ("DELETE", "/v1/me/sessions", None),
         ("PUT", "/v1/me/password", {"current": "a", "new": "b"}), ("POST", "/v1/logout", {})]


@pytest.mark.parametrize("method,path,document", NEVER)
def test_key_may_never_change_what_signs_in(client, key, method, path, document):
    answer = client.request(method, path, document=document, token=key["key"])
    assert (answer.status, answer.code()) == (403, "insufficient_scope")


def test_key_may_no_more_than_its_scopes(client, person):
    bare, reader, writer = (make_key(person, scopes=scopes)["key"] for scopes in ([], ["account:read"], ["account"]))
    expected = {bare: (403, 403), reader: (200, 403), writer: (200, 200)}
    for key, statuses in expected.items():
        found = (client.get("/v1/me", token=key).status,
                 client.request("PATCH", "/v1/me", document={"name": "Ada"}, token=key).status)
        assert found == statuses
        assert client.get("/v1/authz", token=key).header("Remote-Email") == person.email


def test_key_of_a_locked_owner_is_refused_everywhere(client, service, person, key):
    """Security incidents 11 and 21."""
    for replica in service.replicas:
        assert replica.client().get("/v1/me", token=key["key"]).status == 200
    service.replicas[0].run("user", "lock", person.email)
    deadline = time.monotonic() + 6
    for replica in service.replicas:
        while replica.client().get("/v1/me", token=key["key"]).status != 401:
            assert time.monotonic() < deadline
    service.replicas[0].run("user", "unlock", person.email)
    deadline = time.monotonic() + 6
    while client.get("/v1/me", token=key["key"]).status != 200:
        assert time.monotonic() < deadline


def test_key_of_an_account_that_is_deleted_is_refused_at_once(client, person, key):
    assert client.get("/v1/me", token=key["key"]).status == 200
    assert person.delete("/v1/me").status == 202
    assert client.get("/v1/me", token=key["key"]).status == 401


def test_key_is_refused_the_moment_it_expires(client, person):
    """Security incident 13: no job has to run for it."""
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2))
    key = make_key(person, scopes=["account:read"], expires_at=soon)["key"]
    assert client.get("/v1/me", token=key).status == 200
    time.sleep(2.1)
    assert client.get("/v1/me", token=key).status == 401


def test_key_tells_when_it_was_last_used(client, person, key):
    assert person.get(f"/v1/me/keys/{key['id']}").json()["last_used_at"] is None
    assert client.get("/v1/authz", token=key["key"]).status == 200
    first = person.get(f"/v1/me/keys/{key['id']}").json()["last_used_at"]
    assert first
    assert client.get("/v1/authz", token=key["key"]).status == 200
    assert person.get(f"/v1/me/keys/{key['id']}").json()["last_used_at"] == first


def test_key_is_active_for_those_who_may_introspect_it(client, person, key, inspector, robot):
    told = client.introspect(key["key"], inspector)
    assert told["active"] and told["username"] == person.email and told["scope"] == "account"
    assert client.introspect(key["key"], robot) == {"active": False}
    assert person.delete(f"/v1/me/keys/{key['id']}").status == 204
    assert client.introspect(key["key"], inspector) == {"active": False}


# Every state a key can be in, and every class of route: what the key needs there (None: no key may).
CLASSES = {("GET", "/v1/authz"): "any", ("GET", "/v1/me"): "account:read", ("PATCH", "/v1/me"): "account",
           ("POST", "/v1/me/keys"): None, ("GET", "/v1/admin/roles"): "admin:roles:read"}


def test_key_in_any_bad_state_is_refused_on_every_class_of_route(client, service):
    """Security incidents 6, 11 and 21, and 41: cold and warm alike."""
    people = {state: client.signup() for state in ("revoked", "locked", "deleted", "expired")}
    keys = {}
    for state, person in people.items():
        soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2))
        keys[state] = make_key(person, scopes=["account"], **({"expires_at": soon} if state == "expired" else {}))
        assert client.get("/v1/me", token=keys[state]["key"]).status == 200
    people["revoked"].delete(f"/v1/me/keys/{keys['revoked']['id']}")
    people["deleted"].delete("/v1/me")
    service.replicas[0].run("user", "lock", people["locked"].email)
    time.sleep(5.5)
    bad = {state: key["key"] for state, key in keys.items()}
    bad["no key"] = "auk_" + "A" * 49
    bad["a refresh token"] = client.signup().refresh
    for (method, path), _ in CLASSES.items():
        for state, key in bad.items():
            for _ in range(2):
                document = {} if method != "GET" else None
                answer = client.request(method, path, document=document, token=key)
                assert (answer.status, answer.code()) == (401, "invalid_token"), (state, method, path)
    for key in bad.values():
        refused = client.post("/oauth/token", form={"grant_type": "refresh_token", "client_id": "auth", "refresh_token": key})
        assert refused.status in (200, 400) and (refused.status == 400 or key == bad["a refresh token"])


def test_key_that_is_good_passes_by_its_scope_alone(client, person):
    for scope in ([], ["account:read"], ["account"]):
        key = make_key(person, scopes=scope)["key"]
        for (method, path), needed in CLASSES.items():
            document = {} if method != "GET" else None
            covered = needed == "any" or needed in scope or needed == "account:read" and "account" in scope
            answer = client.request(method, path, document=document, token=key)
            assert answer.status == (200 if covered else 403), (scope, method, path)
