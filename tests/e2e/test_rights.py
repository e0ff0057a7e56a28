# SPDX-License-Identifier: MIT
"""Roles, groups, API keys and their administration; custom claims: test_claims.py."""
import base64
import json
import time
import urllib.parse
import uuid

import pytest

from authtest.people import claims_of, id_of, refreshed

NOBODY = "019a0000-0000-7000-8000-000000000000"
ADMIN_ROUTES = [
    ("GET", "/v1/admin/scopes"), ("GET", "/v1/admin/roles"), ("POST", "/v1/admin/roles"), ("GET", "/v1/admin/roles/x"),
    ("PATCH", "/v1/admin/roles/x"), ("DELETE", "/v1/admin/roles/x"), ("GET", f"/v1/admin/users/{NOBODY}/roles"),
    ("PUT", f"/v1/admin/users/{NOBODY}/roles/administrator"), ("DELETE", f"/v1/admin/users/{NOBODY}/roles/administrator"),
    ("GET", f"/v1/admin/users/{NOBODY}/groups"), ("GET", f"/v1/admin/users/{NOBODY}/claims"),
    ("PUT", f"/v1/admin/users/{NOBODY}/claims"), ("GET", f"/v1/admin/users/{NOBODY}/keys"), ("GET", "/v1/admin/groups"),
    ("POST", "/v1/admin/groups"), ("GET", f"/v1/admin/groups/{NOBODY}"), ("PATCH", f"/v1/admin/groups/{NOBODY}"),
    ("DELETE", f"/v1/admin/groups/{NOBODY}"), ("GET", f"/v1/admin/groups/{NOBODY}/members"),
    ("PUT", f"/v1/admin/groups/{NOBODY}/members/{NOBODY}"), ("DELETE", f"/v1/admin/groups/{NOBODY}/members/{NOBODY}"),
    ("GET", f"/v1/admin/groups/{NOBODY}/roles"), ("PUT", f"/v1/admin/groups/{NOBODY}/roles/x"),
    ("DELETE", f"/v1/admin/groups/{NOBODY}/roles/x"), ("GET", "/v1/admin/keys"), ("POST", "/v1/admin/keys"),
    ("GET", f"/v1/admin/keys/{NOBODY}"), ("DELETE", f"/v1/admin/keys/{NOBODY}"),
]


@pytest.fixture(name="role")
def fixture_role(root):
    """A role with a scope of its own."""
    name = "r" + uuid.uuid4().hex[:12]
    answer = root.post("/v1/admin/roles", {"name": name, "description": "For a test", "scopes": [f"{name}:write"]})
    assert answer.status == 201, answer.body
    return name


@pytest.fixture(name="group")
def fixture_group(root):
    answer = root.post("/v1/admin/groups", {"name": "Köche " + uuid.uuid4().hex[:12]})
    assert answer.status == 201, answer.body
    return answer.json()


@pytest.mark.parametrize("method,path", ADMIN_ROUTES)
def test_admin_scopes_and_all_other_routes_of_administration_refuse_who_has_no_power(client, person, method, path):
    document = {} if method in ("POST", "PATCH") or path.endswith("/claims") and method == "PUT" else None
    assert client.request(method, path, document=document).status == 401
    refused = client.request(method, path, document=document, token=person.access)
    assert (refused.status, refused.code()) == (403, "insufficient_scope")


def test_admin_scopes_lists_what_an_administrator_has(root):
    listed = root.get("/v1/admin/scopes").json()["data"]
    assert {"admin:users", "admin:groups", "admin:roles", "admin:keys"} <= {scope["name"] for scope in listed}
    assert set(claims_of(root)["scope"].split()) == {scope["name"] for scope in listed}
    assert claims_of(root)["roles"] == ["administrator"]


@pytest.mark.parametrize("document,pointer", [
    ({"name": "a,b"}, "/name"), ({"name": "a\nb"}, "/name"), ({"name": "administrator"}, "/name"), ({"name": ""}, "/name"),
    ({"name": "x" * 65}, "/name"), ({"name": "x", "scopes": ["a b"]}, "/scopes"), ({"name": "x", "scopes": ['a"b']}, "/scopes"),
    ({"name": "x", "scopes": ["y" * 600]}, "/scopes"), ({"name": "x", "description": "a\nb"}, "/description"),
])
def test_admin_role_create_refuses_what_is_no_role(root, document, pointer):
    answer = root.post("/v1/admin/roles", document)
    assert (answer.status, answer.code()) == (422, "validation_failed")
    assert any(name.startswith(pointer) for name in answer.pointers())


def test_admin_role_create_gives_no_power_its_maker_lacks(client, root):
    some = client.signup()
    name = "r" + uuid.uuid4().hex[:12]
    assert root.post("/v1/admin/roles", {"name": name, "scopes": ["admin:roles"]}).status == 201
    assert root.put(f"/v1/admin/users/{id_of(some)}/roles/{name}").status == 204
    some = some.login_again()
    refused = some.post("/v1/admin/roles", {"name": name + "x", "scopes": ["admin:users"]})
    assert (refused.status, refused.code()) == (403, "forbidden")
    assert some.put(f"/v1/admin/users/{id_of(some)}/roles/administrator").status == 403
    assert some.patch(f"/v1/admin/roles/{name}", {"scopes": ["admin:roles", "admin:keys"]}).status == 403
    assert some.post("/v1/admin/roles", {"name": name + "x", "scopes": ["articles:write"]}).status == 201


def test_admin_role_get_patch_and_delete_change_one_version(root, role):
    read = root.get(f"/v1/admin/roles/{role}")
    assert read.json()["scopes"] == [f"{role}:write"]
    stale = {"If-Match": '"999"'}
    assert root.patch(f"/v1/admin/roles/{role}", {"description": "Other"}, headers=stale).status == 412
    assert root.delete(f"/v1/admin/roles/{role}", headers=stale).status == 412
    changed = root.patch(f"/v1/admin/roles/{role}", {"description": None}, headers={"If-Match": read.header("ETag")})
    assert (changed.status, changed.json()["description"], changed.json()["scopes"]) == (200, None, [f"{role}:write"])
    assert root.delete(f"/v1/admin/roles/{role}", headers={"If-Match": changed.header("ETag")}).status == 204
    assert root.get(f"/v1/admin/roles/{role}").status == 404
    assert root.post("/v1/admin/roles", {"name": "taken"}).status in (201, 409)
    assert root.post("/v1/admin/roles", {"name": "taken"}).status == 409


def test_admin_role_patch_and_delete_leave_the_built_in_role_alone(root):
    assert root.get("/v1/admin/roles/administrator").status == 200
    assert root.patch("/v1/admin/roles/administrator", {"scopes": []}).status == 403
    assert root.delete("/v1/admin/roles/administrator").status == 403


def test_admin_roles_list_is_paged_by_cursors_that_are_ours(root, role):  # pylint: disable=unused-argument
    """Security incident 45."""
    seen, after = [], ""
    while True:
        page = root.get("/v1/admin/roles?limit=2" + (f"&after={after}" if after else "")).json()
        seen += [item["name"] for item in page["data"]]
        after = page["next"]
        if not after:
            break
    assert role in seen and "administrator" in seen and len(seen) == len(set(seen))
    for forged in (role, "x' OR 1=1--", base64.urlsafe_b64encode(b"0" * 16 + role.encode()).decode().rstrip("=")):
        answer = root.get("/v1/admin/roles?after=" + urllib.parse.quote(forged))
        assert (answer.status, answer.code()) == (422, "validation_failed")


def test_admin_user_role_put_and_delete_hold_at_once_on_every_replica(client, service, root, role):
    person = client.signup()
    account = id_of(person)
    assert root.put(f"/v1/admin/users/{account}/roles/{role}").status == 204
    assert root.put(f"/v1/admin/users/{account}/roles/{role}").status == 204
    assert [item["name"] for item in root.get(f"/v1/admin/users/{account}/roles").json()["data"]] == [role]
    person = refreshed(person)
    assert (claims_of(person)["roles"], claims_of(person)["scope"]) == ([role], f"{role}:write")
    for replica in service.replicas:
        assert replica.client().get("/v1/authz", token=person.access).header("Remote-Roles") == role
    assert root.delete(f"/v1/admin/users/{account}/roles/{role}").status == 204
    deadline = time.monotonic() + 1
    for replica in service.replicas:
        while replica.client().get("/v1/authz", token=person.access).header("Remote-Roles"):
            assert time.monotonic() < deadline
    assert root.delete(f"/v1/admin/users/{account}/roles/{role}").status == 404
    assert root.put(f"/v1/admin/users/{account}/roles/none").status == 404
    assert root.put(f"/v1/admin/users/{NOBODY}/roles/{role}").status == 404
    assert "roles" not in claims_of(refreshed(person))


def test_admin_user_roles_of_a_demoted_administrator_are_gone_from_tokens_that_are_out(client, service, root):
    """Security incident 11: the token still names the scopes; on no replica do they count."""
    second = client.signup()
    account = id_of(second)
    assert root.put(f"/v1/admin/users/{account}/roles/administrator").status == 204
    second = second.login_again()
    key = second.post("/v1/me/keys", {"name": "admin", "scopes": ["admin:roles:read"]}).json()["key"]
    for replica in service.replicas:
        for token in (second.access, key):
            assert replica.client().get("/v1/admin/roles", token=token).status == 200
    assert root.delete(f"/v1/admin/users/{account}/roles/administrator").status == 204
    deadline = time.monotonic() + 1
    for replica in service.replicas:
        for token in (second.access, key):
            while replica.client().get("/v1/admin/roles", token=token).status != 403:
                assert time.monotonic() < deadline
    assert "admin:roles" in claims_of(second)["scope"]


def test_admin_user_role_delete_keeps_the_last_administrator(start_alone):
    service = start_alone()
    first, second = service.client().signup(), service.client().signup()
    service.replicas[0].run("role", "grant", "administrator", first.email)
    first = first.login_again()
    refused = first.delete(f"/v1/admin/users/{id_of(first)}/roles/administrator")
    assert (refused.status, refused.code()) == (409, "conflict")
    assert first.put(f"/v1/admin/users/{id_of(second)}/roles/administrator").status == 204
    assert first.delete(f"/v1/admin/users/{id_of(first)}/roles/administrator").status == 204
    second = second.login_again()
    assert second.delete("/v1/me").status == 409
    assert second.delete(f"/v1/admin/users/{id_of(second)}/roles/administrator").status == 409


@pytest.mark.parametrize("name", ["", " a", "a ", "a,b", "a\nb", "a\r\nRemote-User: x", "a\u2028b", "a\u202eb", "x" * 65])
def test_admin_group_create_refuses_names_that_could_be_two(root, name):
    answer = root.post("/v1/admin/groups", {"name": name})
    assert (answer.status, answer.code()) == (422, "validation_failed")
    assert "/name" in answer.pointers()


def test_admin_group_get_patch_and_delete_change_one_version(root, group):
    path = f"/v1/admin/groups/{group['id']}"
    read = root.get(path)
    assert read.json()["name"] == group["name"]
    assert root.post("/v1/admin/groups", {"name": group["name"]}).status == 409
    assert root.patch(path, {"name": "a,b"}).status == 422
    assert root.patch(path, {"description": "x"}, headers={"If-Match": '"77"'}).status == 412
    changed = root.patch(path, {"description": "People"}, headers={"If-Match": read.header("ETag")})
    assert (changed.status, changed.json()["description"]) == (200, "People")
    assert root.delete(path, headers={"If-Match": read.header("ETag")}).status == 412
    assert root.delete(path).status == 204
    assert root.get(path).status == 404
    assert root.get("/v1/admin/groups/x").status == 404


def test_admin_groups_list_and_admin_group_members_are_paged(client, root, group):
    people = [id_of(client.signup()) for _ in range(3)]
    path = f"/v1/admin/groups/{group['id']}/members"
    for account in people:
        assert root.put(f"{path}/{account}").status == 204
    first = root.get(path + "?limit=2").json()
    second = root.get(path + "?limit=2&after=" + first["next"]).json()
    assert [item["id"] for item in first["data"] + second["data"]] == sorted(people)
    assert second["next"] is None
    assert root.get("/v1/admin/groups?after=" + first["next"]).status == 422
    assert root.post("/v1/admin/groups", {"name": "One more " + uuid.uuid4().hex}).status == 201
    assert root.get("/v1/admin/groups?limit=1").json()["next"]
    assert root.get(f"/v1/admin/users/{people[0]}/groups").json()["data"][0]["id"] == group["id"]


def test_admin_group_members_and_admin_group_roles_of_no_group_are_not_found(root):
    for path in (NOBODY, "x"):
        assert root.get(f"/v1/admin/groups/{path}/members").status == 404
        assert root.get(f"/v1/admin/groups/{path}/roles").status == 404


def test_admin_group_patch_refuses_a_name_that_is_taken(root, group):
    other = root.post("/v1/admin/groups", {"name": "Other " + uuid.uuid4().hex}).json()
    refused = root.patch(f"/v1/admin/groups/{other['id']}", {"name": group["name"]})
    assert (refused.status, refused.code()) == (409, "conflict")
    assert root.patch(f"/v1/admin/groups/{NOBODY}", {"name": "x"}).status == 404


def test_admin_group_delete_of_no_group_is_not_found(root):
    assert root.delete(f"/v1/admin/groups/{NOBODY}").status == 404


def test_admin_group_member_delete_of_no_member_is_not_found(root, group):
    assert root.delete(f"/v1/admin/groups/{group['id']}/members/{NOBODY}").status == 404
    assert root.delete(f"/v1/admin/groups/{group['id']}/members/x").status == 404


def test_admin_group_roles_are_empty_at_first(root, group):
    assert root.get(f"/v1/admin/groups/{group['id']}/roles").json() == {"data": [], "next": None}


def test_admin_group_role_delete_of_what_was_not_given_is_not_found(root, group, role):
    assert root.delete(f"/v1/admin/groups/{group['id']}/roles/{role}").status == 404


def test_admin_key_get_of_no_key_is_not_found(root):
    assert root.get(f"/v1/admin/keys/{NOBODY}").status == 404
    assert root.get("/v1/admin/keys/x").status == 404


def test_admin_user_keys_of_who_has_none_are_none(root, person):
    assert root.get(f"/v1/admin/users/{id_of(person)}/keys").json() == {"data": [], "next": None}


def test_admin_user_groups_and_claims_and_keys_of_nobody_are_not_found(root):
    for what in ("groups", "claims", "keys", "roles"):
        assert root.get(f"/v1/admin/users/{NOBODY}/{what}").status == 404
        assert root.get(f"/v1/admin/users/x/{what}").status == 404


def test_admin_group_member_put_and_delete_show_in_every_place(client, service, root, group, inspector):
    person = client.signup()
    path = f"/v1/admin/groups/{group['id']}/members/{id_of(person)}"
    assert root.delete(path).status == 404
    assert root.put(path).status == 204
    person = refreshed(person)
    assert claims_of(person)["groups"] == [group["name"]]
    assert person.get("/v1/me").json()["groups"] == [group["name"]]
    assert client.introspect(person.access, inspector)["groups"] == [group["name"]]
    header = person.get("/v1/authz").header("Remote-Groups")
    assert header == group["name"].replace("ö", "%C3%B6")
    assert root.delete(path).status == 204
    deadline = time.monotonic() + 1
    for replica in service.replicas:
        while replica.client().get("/v1/authz", token=person.access).header("Remote-Groups"):
            assert time.monotonic() < deadline
    assert root.put(f"/v1/admin/groups/{NOBODY}/members/{id_of(person)}").status == 404
    assert root.put(f"/v1/admin/groups/{group['id']}/members/{NOBODY}").status == 404


def test_admin_group_role_put_and_delete_and_admin_group_roles_reach_the_members(client, service, root, group, role):
    person = client.signup()
    path = f"/v1/admin/groups/{group['id']}"
    assert root.put(f"{path}/members/{id_of(person)}").status == 204
    assert root.put(f"{path}/roles/none").status == 404
    assert root.put(f"{path}/roles/{role}").status == 204
    assert [item["name"] for item in root.get(f"{path}/roles").json()["data"]] == [role]
    person = refreshed(person)
    assert claims_of(person)["scope"] == f"{role}:write"
    for replica in service.replicas:
        assert replica.client().get("/v1/authz", token=person.access).header("Remote-Roles") == role
    assert root.delete(f"{path}/roles/{role}").status == 204
    deadline = time.monotonic() + 1
    for replica in service.replicas:
        while replica.client().get("/v1/authz", token=person.access).header("Remote-Roles"):
            assert time.monotonic() < deadline
    assert root.delete(f"{path}/roles/{role}").status == 404


def test_admin_role_delete_and_admin_group_delete_take_all_of_it_away(client, root, group, role):
    person = client.signup()
    path = f"/v1/admin/groups/{group['id']}"
    assert root.put(f"{path}/members/{id_of(person)}").status == 204
    assert root.put(f"{path}/roles/{role}").status == 204
    assert root.put(f"/v1/admin/users/{id_of(person)}/roles/{role}").status == 204
    person = refreshed(person)
    assert root.delete(f"/v1/admin/roles/{role}").status == 204
    assert root.delete(path).status == 204
    answer = person.get("/v1/authz")
    assert (answer.header("Remote-Roles"), answer.header("Remote-Groups")) == (None, None)
    assert person.get("/v1/me").status == 200


@pytest.mark.parametrize("document,status,pointer", [
    ({"name": "x", "scopes": ["admin:users"]}, 422, "/scopes"), ({"name": "x", "scopes": ["account"]}, 422, "/scopes"),
    ({"name": ""}, 422, "/name"), ({"client_id": None, "name": "x"}, 422, "/client_id"),
    ({"name": "x", "account_id": NOBODY}, 422, "/account_id"),
    ({"client_id": "nobody", "name": "x"}, 404, None), ({"client_id": "auth", "name": "x"}, 404, None)])
def test_admin_key_create_refuses_what_is_not_the_clients(root, robot, document, status, pointer):
    answer = root.post("/v1/admin/keys", {"client_id": robot[0], **document})
    assert answer.status == status
    if pointer:
        assert any(name.startswith(pointer) for name in answer.pointers())


def test_admin_key_create_get_revoke_and_list_keys_of_clients(client, service, root, robot, person):
    answer = root.post("/v1/admin/keys", {"client_id": robot[0], "name": "nightly", "scopes": ["report:read"]})
    made = answer.json()
    assert (answer.status, answer.header("Location")) == (201, f"/v1/admin/keys/{made['id']}")
    key = made.pop("key")
    assert root.get(f"/v1/admin/keys/{made['id']}").json() == made
    assert made["id"] in [item["id"] for item in root.get(f"/v1/admin/keys?client_id={robot[0]}").json()["data"]]
    assert made["id"] in [item["id"] for item in root.every_page("/v1/admin/keys?limit=200")]
    assert client.introspect(key, robot)["scope"] == "report:read"
    for replica in service.replicas:
        assert replica.client().introspect(key, robot)["active"]
    assert client.get("/v1/me", token=key).status == 403
    assert person.delete(f"/v1/me/keys/{made['id']}").status == 404
    assert root.delete(f"/v1/admin/keys/{made['id']}").status == 204
    deadline = time.monotonic() + 1
    for replica in service.replicas:
        while replica.client().introspect(key, robot)["active"]:
            assert time.monotonic() < deadline
    assert root.get(f"/v1/admin/keys/{made['id']}").status == 404
    assert root.delete(f"/v1/admin/keys/{made['id']}").status == 404


def test_admin_key_revoke_and_admin_user_keys_reach_the_keys_of_people(client, root):
    person = client.signup()
    made = person.post("/v1/me/keys", {"name": "mine", "scopes": ["account:read"]}).json()
    listed = root.get(f"/v1/admin/users/{id_of(person)}/keys").json()["data"]
    assert [(item["id"], item["account_id"]) for item in listed] == [(made["id"], id_of(person))]
    assert "key" not in listed[0]
    assert client.get("/v1/me", token=made["key"]).status == 200
    assert root.delete(f"/v1/admin/keys/{made['id']}").status == 204
    assert client.get("/v1/me", token=made["key"]).status == 401


def test_admin_user_keys_revoke_ends_all_of_one_person(service, client, root):
    people = [client.signup(), client.signup()]
    keys = [[person.post("/v1/me/keys", {"name": "k", "scopes": ["account:read"]}).json()["key"] for _ in range(3)]
            for person in people]
    path = f"/v1/admin/users/{id_of(people[0])}/keys"
    for made in keys:
        assert {client.get("/v1/me", token=key).status for key in made} == {200}
    assert people[1].delete(path).status == 403
    assert root.delete(f"/v1/admin/users/{NOBODY}/keys").status == 404
    assert root.delete(path).status == 204
    for replica in service.replicas:
        assert {replica.client().get("/v1/me", token=key).status for key in keys[0]} == {401}
    assert {client.get("/v1/me", token=key).status for key in keys[1]} == {200}, "nobody else's"
    assert root.get(path).json()["data"] == []
    assert root.delete(path).status == 204, "nothing is left to revoke"


def test_admin_keys_list_refuses_foreign_cursors(root):
    assert root.get("/v1/admin/keys?after=AAAA").status == 422
    assert root.get("/v1/admin/keys?limit=0").status == 422


def test_a_client_gives_up_its_own_key_and_no_other(client, root, robot, inspector):
    key = root.post("/v1/admin/keys", {"client_id": robot[0], "name": "to give up"}).json()["key"]
    assert client.post("/oauth/revoke", form={"token": key}, basic=inspector).status == 400
    assert client.introspect(key, robot)["active"]
    assert client.post("/oauth/revoke", form={"token": key}, basic=robot).status == 200
    assert not client.introspect(key, robot)["active"]


def test_keys_with_a_scope_administer_and_cannot_do_more(client, root):
    key = root.post("/v1/me/keys", {"name": "reads", "scopes": ["admin:roles:read"]}).json()["key"]
    assert client.get("/v1/admin/roles", token=key).status == 200
    assert client.post("/v1/admin/roles", {"name": "x"}, token=key).status == 403
    assert client.get("/v1/admin/groups", token=key).status == 403
    assert client.get("/v1/me", token=key).status == 403


def test_commands_group_role_and_apikey_do_what_their_help_says(service, robot):
    run, mark = service.replicas[0].run, uuid.uuid4().hex[:8]
    person = service.client().signup()
    made = json.loads(run("group", "create", f"Editors {mark}", "--description", "All who write", "--json"))
    run("role", "create", f"editor-{mark}", "--scopes", "articles:write articles:read")
    run("role", "grant", f"editor-{mark}", "--group", f"Editors {mark}")
    run("group", "add", made["id"], person.email)
    assert f"Editors {mark}" in run("group", "list")
    assert person.email in run("group", "members", f"Editors {mark}")
    assert f"editor-{mark}" in run("role", "list")
    assert claims_of(person.login_again())["scope"] == "articles:write articles:read"
    key = json.loads(run("apikey", "create", "cli", "--user", person.email, "--scopes", "account:read", "--days", "1",
                         "--json"))
    machine = json.loads(run("apikey", "create", "cli", "--client", robot[0], "--scopes", "report:read", "--json"))
    assert person.client.get("/v1/me", token=key["key"]).status == 200
    assert person.client.introspect(machine["key"], robot)["scope"] == "report:read"
    assert key["id"] in run("apikey", "list", "--user", person.email)
    assert machine["id"] in run("apikey", "list", "--json")
    run("apikey", "revoke", key["id"])
    run("apikey", "revoke", key["id"], expected=1)
    run("apikey", "create", "cli", "--user", person.email)
    run("apikey", "revoke", "--user", person.email)
    assert json.loads(run("apikey", "list", "--user", person.email, "--json") or "{}") == {}
    run("apikey", "create", "cli", expected=1)
    run("apikey", "create", "cli", "--user", person.email, "--scopes", "admin:users", expected=1)
    run("role", "revoke", f"editor-{mark}", "--group", f"Editors {mark}")
    run("role", "revoke", f"editor-{mark}", person.email, expected=1)
    run("role", "grant", "none", person.email, expected=1)
    run("role", "grant", f"editor-{mark}", expected=1)
    run("group", "remove", f"Editors {mark}", person.email)
    run("group", "remove", f"Editors {mark}", person.email, expected=1)
    run("group", "delete", f"Editors {mark}")
    run("group", "delete", f"Editors {mark}", expected=1)
    run("role", "delete", f"editor-{mark}")


def test_authz_demands_scopes_groups_and_roles(client, root, group, role, robot):
    """What a location of the proxy demands; a client passes for a scope alone, and never as a person."""
    person = client.signup()
    assert root.put(f"/v1/admin/groups/{group['id']}/members/{id_of(person)}").status == 204
    assert root.put(f"/v1/admin/users/{id_of(person)}/roles/{role}").status == 204
    person = refreshed(person)
    name = urllib.parse.quote(group["name"])
    for query in (f"scope={role}:write", f"scope={role}:write:read", f"group={name}", f"group=Nobody,{name}", f"role={role}",
                  f"scope={role}:write&group={name}&role=x,{role}", ""):
        assert person.get("/v1/authz?" + query).status == 200, query
    refusals = {f"scope={role}:write+x": "insufficient_scope", "scope=x": "insufficient_scope", "scope=a++b": "insufficient_scope",
                "group=Nobody": "forbidden", "group=" + name[:-1]: "forbidden", "group=,": "forbidden", "role=x": "forbidden",
                f"role={role}&group=Nobody": "forbidden"}
    for query, code in refusals.items():
        answer = person.get("/v1/authz?" + query)
        assert (answer.status, answer.code()) == (403, code), query
    token = client.post("/oauth/token", form={"grant_type": "client_credentials"}, basic=robot).json()["access_token"]
    key = root.post("/v1/admin/keys", {"client_id": robot[0], "name": "gate", "scopes": ["report:read"]}).json()["key"]
    for secret in (token, key):
        assert client.get("/v1/authz", token=secret).status == 403
        assert client.get("/v1/authz?scope=x", token=secret).status == 403
        answer = client.get("/v1/authz?scope=report:read", token=secret)
        assert (answer.status, answer.header("Remote-Client"), answer.header("Remote-User")) == (200, robot[0], None)
        assert client.get("/v1/authz?scope=report:read&group=x", token=secret).status == 403
    assert client.get("/v1/authz?scope=report:write", token=key).status == 403


def test_authz_leaves_a_list_of_groups_that_is_too_long_out_whole(client, root):
    person = client.signup()
    account, names = id_of(person), [f"A group with a long name {i} {uuid.uuid4().hex}" for i in range(50)]
    for name in names:
        made = root.post("/v1/admin/groups", {"name": name}).json()
        assert root.put(f"/v1/admin/groups/{made['id']}/members/{account}").status == 204
    answer = person.get("/v1/authz")
    assert (answer.header("Remote-Groups"), answer.header("Remote-Groups-Omitted")) == (None, "true")
    assert person.get("/v1/authz?group=" + urllib.parse.quote(names[30])).status == 200
    assert claims_of(refreshed(person))["groups_omitted"] is True
    assert sorted(person.get("/v1/me").json()["groups"]) == sorted(names)
