# SPDX-License-Identifier: MIT
"""Whoever has less power does not touch who has more: every route that changes an account, made from the API document, so
that a route which is added and forgets to ask is found here."""
import json
import pathlib
import re
import uuid

import pytest

from authtest.totp import enrol

DOCUMENT = json.loads((pathlib.Path(__file__).resolve().parents[2] / "docs" / "openapi.json").read_text(encoding="utf-8"))
OF_ONE_ACCOUNT = "/v1/admin/users/{id}"
CHANGING = ("put", "post", "patch", "delete")
ROUTES = sorted((path, method) for path, methods in DOCUMENT["paths"].items() for method in methods
                if method in CHANGING and (path == OF_ONE_ACCOUNT or path.startswith(OF_ONE_ACCOUNT + "/")))


def examples(schema):
    """What a body must have, as the document shows it."""
    schema = DOCUMENT["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return {name: schema["properties"][name]["examples"][0] for name in schema.get("required", [])}


def body_of(path, method):
    body = DOCUMENT["paths"][path][method].get("requestBody")
    return examples(body["content"]["application/json"]["schema"]) if body else None


def account_of(person):
    return person.get("/v1/me").json()["id"]


@pytest.fixture(name="make_person")
def fixture_make_person(client, root):
    """make_person(scope, ...): somebody with a role of these scopes."""

    def make(*scopes):
        name = "p" + uuid.uuid4().hex[:12]
        assert root.post("/v1/admin/roles", {"name": name, "scopes": list(scopes)}).status == 201
        person = client.signup()
        assert root.put(f"/v1/admin/users/{account_of(person)}/roles/{name}").status == 204
        person = person.login_again()
        person.role = name
        return person

    return make


@pytest.fixture(name="target")
def fixture_target(make_person, root):
    """An administrator with all there is to be taken away: {parameter of a path: what it is of theirs}."""
    person = make_person("articles:write")
    enrol(person)
    names = {"id": account_of(person), "role": person.role}
    names["fid"] = root.get(f"/v1/admin/users/{names['id']}/factors").json()["data"][0]["id"]
    assert root.put(f"/v1/admin/users/{names['id']}/roles/administrator").status == 204
    names["sid"] = root.get(f"/v1/admin/users/{names['id']}/sessions").json()["data"][0]["id"]
    person.names = names
    return person


def send(person, route, names):
    path, method = route
    target = re.sub(r"\{(\w+)\}", lambda found: names.get(found[1], str(uuid.uuid4())), path)
    return person.client.request(method.upper(), target, document=body_of(path, method), token=person.access)


def test_there_are_routes_that_change_an_account():
    assert len(ROUTES) >= 13 and (OF_ONE_ACCOUNT, "patch") in ROUTES, ROUTES


def test_who_may_administer_users_alone_changes_no_administrator(make_person, target):
    weak = make_person("admin:users")
    for route in ROUTES:
        answer = send(weak, route, target.names)
        assert answer.status == 403, (route, answer.status, answer.body)
    assert target.get("/v1/me").status == 200


def test_who_lacks_one_power_changes_nobody_who_has_it_and_is_not_stopped_by_the_scope(root, make_person, target):
    listed = [scope["name"] for scope in root.get("/v1/admin/scopes").json()["data"]]
    almost = make_person(*[scope for scope in listed if scope != "admin:webhooks"])
    for route in ROUTES:
        answer = send(almost, route, target.names)
        assert (answer.status, answer.code()) == (403, "forbidden"), (route, answer.status, answer.body)
    assert target.get("/v1/me").status == 200


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route[1]} {route[0].removeprefix(OF_ONE_ACCOUNT)}")
def test_who_has_as_much_power_may(root, target, route):
    """The same requests, so that what refuses the others is their want of power and not a mistake in what they send."""
    assert send(root, route, target.names).status in (200, 201, 202, 204)


def test_admin_key_revoke_takes_no_key_of_somebody_with_more_power(make_person, root):
    weak, key = make_person("admin:keys"), root.post("/v1/me/keys", {"name": "mine", "scopes": ["account:read"]}).json()
    refused = weak.delete(f"/v1/admin/keys/{key['id']}")
    assert (refused.status, refused.code()) == (403, "forbidden")
    theirs = weak.post("/v1/me/keys", {"name": "own", "scopes": ["account:read"]}).json()
    assert weak.delete(f"/v1/admin/keys/{theirs['id']}").status == 204
    assert root.delete(f"/v1/admin/keys/{key['id']}").status == 204


def test_admin_key_revoke_takes_no_key_of_a_client_with_more_power(make_person, root):
    weak = make_person("admin:keys")
    made = root.post("/v1/admin/clients", {"client_name": "Strong", "scope": "admin:users report:read"}).json()
    strong, plain = (root.post("/v1/admin/keys", {"client_id": made["client_id"], "name": "k", "scopes": [scope]}).json()["id"]
                     for scope in ("admin:users", "report:read"))
    assert weak.delete(f"/v1/admin/keys/{strong}").code() == "forbidden"
    assert weak.delete(f"/v1/admin/keys/{plain}").status == 204


def test_admin_users_import_moves_no_address_of_somebody_with_more_power(make_person, target):
    """Another address would be a way to the account: by a reset that is mailed there."""
    weak, plain = make_person("admin:import", "admin:users"), make_person("articles:write")
    records = [{"id": target.names["id"], "email": "taken-over." + target.email},
               {"id": account_of(plain), "email": "moved." + plain.email}]
    body = "".join(json.dumps(record) + "\n" for record in records).encode()
    answer = weak.post("/v1/admin/users/import?update=true", body=body, headers={"Content-Type": "application/x-ndjson"})
    assert answer.status == 200, answer.body
    told = answer.json()["data"]
    assert [line["outcome"] for line in told] == ["refused", "updated"], told
    assert "power" in told[0]["reason"]
    assert target.get("/v1/me").json()["email"] == target.email
    # Another address ends what was open under the old one.
    assert plain.get("/v1/me").status == 401
