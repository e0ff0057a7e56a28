# SPDX-License-Identifier: MIT
"""What administrators say of an account: in its tokens, in introspection, at /v1/authz; who changes it knows what it was."""
import base64
import concurrent.futures
import json
import re
import time
import uuid

import pytest

from authtest.people import claims_of, id_of, refreshed

NOBODY = "019a0000-0000-7000-8000-000000000000"


@pytest.fixture(name="role")
def fixture_role(root):
    """A role with a scope of its own."""
    name = "r" + uuid.uuid4().hex[:12]
    answer = root.post("/v1/admin/roles", {"name": name, "description": "For a test", "scopes": [f"{name}:write"]})
    assert answer.status == 201, answer.body
    return name


@pytest.mark.parametrize("claims,code", [
    ({"sub": "x"}, "reserved"), ({"scope": "admin:users"}, "reserved"), ({"roles": ["administrator"]}, "reserved"),
    ({"groups": []}, "reserved"), ({"iss": 1}, "reserved"), ({"exp": 1}, "reserved"), ({"acr": "aal2"}, "reserved"),
    ({"a": "x" * 2100}, "too_long"), ([], "wrong_type"), ("x", "wrong_type"), (None, "wrong_type")])
def test_admin_user_claims_put_refuses_names_that_have_a_meaning(root, person, claims, code):
    answer = root.put(f"/v1/admin/users/{id_of(person)}/claims", {"claims": claims})
    assert (answer.status, answer.code()) == (422, "validation_failed")
    assert answer.pointers().get("/claims") in (code, "required")


def test_admin_user_claims_and_put_go_into_access_tokens(client, root):
    person = client.signup()
    path = f"/v1/admin/users/{id_of(person)}/claims"
    assert root.get(path).json() == {"claims": {}}
    wanted = {"department": "Küche", "https://example.org/level": 3, "nested": {"sub": [True, None]}}
    assert root.put(path, {"claims": wanted}).json() == {"claims": wanted}
    assert root.get(path).json() == {"claims": wanted}
    person = refreshed(person)
    assert {name: claims_of(person).get(name) for name in wanted} == wanted
    assert person.get("/v1/me").status == 200
    assert root.put(path, {"claims": {}}).status == 200
    assert "department" not in claims_of(refreshed(person))


def told(answer):
    """What /v1/authz says of the claims; None: nothing."""
    text = answer.header("Remote-Claims")
    return None if text is None else json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def set_claims(root, person, claims):
    assert root.put(f"/v1/admin/users/{id_of(person)}/claims", {"claims": claims}).status == 200


def test_authz_tells_scopes_and_claims_of_tokens_and_keys(client, root, role, robot):
    """Of an account without claims nothing is said, and no value can begin a field of its own."""
    person = client.signup()
    account = id_of(person)
    key = person.post("/v1/me/keys", {"name": "key", "scopes": ["account:read"]}).json()["key"]
    nothing = client.get("/v1/authz", token=person.access)
    for name in ("Scopes", "Scopes-Omitted", "Claims", "Claims-Omitted"):
        assert nothing.header(f"Remote-{name}") is None, name
    assert root.put(f"/v1/admin/users/{account}/roles/{role}").status == 204
    wanted = {"department": "K\u00fcche\r\nRemote-User: root", "https://example.org/level": 3, "nested": {"sub": [True, None]}}
    set_claims(root, person, wanted)
    person = refreshed(person)
    for _ in range(3):
        answer = person.get("/v1/authz")
        assert told(answer) == wanted
        assert answer.header("Remote-Scopes").split(" ") == claims_of(person)["scope"].split(" ")
        assert re.fullmatch("[A-Za-z0-9_-]+", answer.header("Remote-Claims")) and answer.header("Remote-User") == account
        answer = client.get("/v1/authz", token=key)
        assert (told(answer), answer.header("Remote-Scopes")) == (wanted, "account:read")
    token = client.post("/oauth/token", form={"grant_type": "client_credentials"}, basic=robot).json()["access_token"]
    answer = client.get("/v1/authz?scope=report:read", token=token)
    assert "report:read" in answer.header("Remote-Scopes").split(" ") and answer.header("Remote-Claims") is None


def test_authz_and_introspection_follow_a_change_of_claims_on_every_replica(client, service, root, inspector):
    person = client.signup()
    key = person.post("/v1/me/keys", {"name": "key", "scopes": []}).json()["key"]
    for wanted in ({"team": "a"}, {"team": "b", "x": 1}, {"y": "z" * 1800}, {}, {"team": "c"}, {}):
        for replica in service.replicas:
            for secret in (person.access, key):
                assert replica.client().get("/v1/authz", token=secret).status == 200
        set_claims(root, person, wanted)
        is_small = len(json.dumps(wanted)) < 1000
        expected = (wanted or None) if is_small else None
        deadline = time.monotonic() + 1
        for replica in service.replicas:
            for secret in (person.access, key):
                while told(answer := replica.client().get("/v1/authz", token=secret)) != expected:
                    assert time.monotonic() < deadline
                assert answer.header("Remote-Claims-Omitted") == (None if is_small else "true")
                said = replica.client().introspect(secret, inspector)
                assert {name: said[name] for name in ("team", "x", "y") if name in said} == wanted


def test_authz_leaves_claims_that_are_too_long_out_whole(client, root, inspector):
    """The largest that go into a field, and one more; all of it is in introspection, warm and cold."""
    person = client.signup()
    for size, is_told in ((1536, True), (1537, False), (2048, False)):
        wanted = {"a": "x" * (size - len('{"a":""}'))}
        set_claims(root, person, wanted)
        for _ in range(3):
            answer = person.get("/v1/authz")
            assert (told(answer), answer.header("Remote-Claims-Omitted")) == ((wanted, None) if is_told else (None, "true"))
            assert client.introspect(person.access, inspector)["a"] == wanted["a"]


def test_authz_fits_into_what_a_proxy_takes(client, root):
    """What does not fit beside the others is left out, and nginx, with its usual 4 KiB, passes on what is told."""
    person = client.signup()
    account = id_of(person)
    for name in (f"Long name {i:02} {uuid.uuid4().hex}{'x' * 16}" for i in range(30)):
        made = root.post("/v1/admin/groups", {"name": name}).json()
        assert root.put(f"/v1/admin/groups/{made['id']}/members/{account}").status == 204
    set_claims(root, person, {"a": "x" * 1500})
    answer = person.get("/v1/authz")
    assert answer.status == 200 and answer.header("Remote-Groups") and told(answer) is None
    assert answer.header("Remote-Claims-Omitted") == "true"
    set_claims(root, person, {"a": "x" * 400})
    assert told(person.get("/v1/authz")) == {"a": "x" * 400}


def test_introspection_shows_claims_beside_its_own_members(client, root, inspector):
    """RFC 7662 section 2.2; the names of the service are reserved, so that none can stand for another."""
    person = client.signup()
    before = client.introspect(person.access, inspector)
    set_claims(root, person, {"department": "press", "Active": False, "n": {"active": False}})
    said = client.introspect(person.access, inspector)
    assert said == {**before, "department": "press", "Active": False, "n": {"active": False}}
    for name in ("active", "scope", "client_id", "username", "token_type", "exp", "iat", "nbf", "sub", "aud", "iss", "jti"):
        answer = root.put(f"/v1/admin/users/{id_of(person)}/claims", {"claims": {name: "x"}})
        assert (answer.status, answer.pointers()) == (422, {"/claims": "reserved"}), name
    assert person.post("/v1/logout", {}).status in (200, 204)
    assert client.introspect(person.access, inspector) == {"active": False}


def test_admin_user_claims_put_and_admin_mfa_honour_versions(client, root):
    """Two administrators who read the same claims do not lose each other's change."""
    user = f"/v1/admin/users/{id_of(client.signup())}"
    claims, mfa = user + "/claims", user + "/mfa"
    first = root.get(claims).header("ETag")
    assert first is not None and first == root.get(user).header("ETag")
    second = root.put(claims, {"claims": {"a": 1}}, headers={"If-Match": first})
    assert second.status == 200 and second.header("ETag") == root.get(claims).header("ETag") != first
    for path, document in ((claims, {"claims": {"b": 2}}), (mfa, {"required": True})):
        for stale in (first, 'W/' + second.header("ETag"), '"x"', '"999"'):
            answer = root.put(path, document, headers={"If-Match": stale})
            assert (answer.status, answer.code()) == (412, "precondition_failed"), (path, stale)
    assert root.get(claims).json() == {"claims": {"a": 1}}
    assert root.get(user).json()["requires_mfa"] is False
    assert root.put(mfa, {"required": True}, headers={"If-Match": second.header("ETag")}).status == 204
    assert root.get(user).json()["requires_mfa"] is True
    assert root.put(claims, {"claims": {}}, headers={"If-Match": second.header("ETag")}).status == 412
    assert root.put(claims, {"claims": {}}, headers={"If-Match": root.get(user).header("ETag")}).status == 200
    assert root.put(claims, {"claims": {}}, headers={"If-Match": "*"}).status == 200
    nobody = f"/v1/admin/users/{NOBODY}"
    assert root.put(nobody + "/claims", {"claims": {}}, headers={"If-Match": first}).status == 404
    assert root.put(nobody + "/mfa", {"required": True}, headers={"If-Match": first}).status == 404


def test_admin_user_claims_put_of_one_version_is_made_once(client, root):
    path = f"/v1/admin/users/{id_of(client.signup())}/claims"
    tag = root.get(path).header("ETag")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(
            lambda n: root.put(path, {"claims": {"n": n}}, headers={"If-Match": tag}).status, range(8)))
    assert statuses == [200] + [412] * 7
