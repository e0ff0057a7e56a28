# SPDX-License-Identifier: MIT
"""Administration of OAuth clients, their secrets, and the keys that sign tokens."""
import base64
import concurrent.futures
import json
import time
import uuid

import pytest
from authtest.planted import plant_tokens

GRANT = {"grant_type": "client_credentials"}


def new_id():
    return "c" + uuid.uuid4().hex[:16]


def register(root, **fields):
    answer = root.post("/v1/admin/clients", {"client_id": new_id(), "client_name": "A client", **fields})
    assert answer.status == 201, answer.body
    plant_tokens(answer.json())
    return answer.json()


def token_of(client, made, secret=None, **fields):
    return client.post("/oauth/token", form={**GRANT, **fields}, basic=(made["client_id"], secret or made["client_secret"]))


@pytest.mark.parametrize("document,pointer", [
    ({}, "/client_name"), ({"client_name": "x", "client_id": "a b"}, "/client_id"),
    ({"client_name": "x", "client_id": "auth"}, "/client_id"),
    ({"client_name": "x", "grant_types": ["password"]}, "/grant_types"),
    ({"client_name": "x", "confidential": False, "grant_types": ["client_credentials"]}, "/grant_types"),
    ({"client_name": "x", "scope": "a  b"}, "/scope"), ({"client_name": "x", "client_secret": "mine"}, "/client_secret"),
    ({"client_name": "x", "version": 1}, "/version"),
])
def test_admin_client_create_refuses_what_is_no_client(root, document, pointer):
    answer = root.post("/v1/admin/clients", document)
    assert (answer.status, answer.code()) == (422, "validation_failed")
    assert pointer in answer.pointers()


def test_admin_client_create_gives_no_power_its_maker_lacks(client, root):
    """Who may administer clients may not become an administrator by making one."""
    some = register(root, scope="admin:clients")
    token = token_of(client, some).json()["access_token"]
    body = {"client_name": "x", "scope": "admin:users"}
    refused = client.post("/v1/admin/clients", body, token=token)
    assert (refused.status, refused.code()) == (403, "forbidden")
    other = register(root, scope="admin:users")
    path = f"/v1/admin/clients/{other['client_id']}"
    assert client.post(path + "/secrets", token=token).status == 403, "its power by a secret of one's own"
    assert client.request("PATCH", path, {"disabled": True}, token=token).status == 403
    assert client.request("DELETE", path, token=token).status == 403
    own = f"/v1/admin/clients/{some['client_id']}"
    assert client.request("PATCH", own, {"scope": "admin:clients admin:users"}, token=token).status == 403
    assert client.request("PATCH", own, {"scope": "admin:clients articles:read"}, token=token).status == 200
    assert root.get(path).json()["disabled"] is False


def test_admin_client_create_shows_the_secret_once(client, root):
    answer = root.post("/v1/admin/clients", {"client_name": "Report", "scope": "report:read"})
    made = answer.json()
    plant_tokens(made)
    assert answer.header("Location") == f"/v1/admin/clients/{made['client_id']}"
    assert answer.header("ETag") == '"0"'
    assert token_of(client, made).json()["scope"] == "report:read"
    shown = root.get(answer.header("Location")).json()
    assert "client_secret" not in shown and made["client_secret"] not in json.dumps(shown)
    assert [set(secret) for secret in shown["secrets"]] == [{"id", "created_at"}]
    again = root.post("/v1/admin/clients", {"client_name": "x", "client_id": made["client_id"]})
    assert (again.status, again.code()) == (409, "conflict")
    public = register(root, confidential=False)
    assert public["grant_types"] == ["refresh_token"] and "client_secret" not in public


def test_admin_clients_list_is_paged_in_order(root):
    made = sorted(register(root)["client_id"] for _ in range(5))
    seen, after = [], ""
    while True:
        page = root.get("/v1/admin/clients?limit=2" + after).json()
        assert len(page["data"]) <= 2
        seen += [row["client_id"] for row in page["data"]]
        if page["next"] is None:
            break
        after = "&after=" + page["next"]
    assert seen == sorted(set(seen)) and set(made) <= set(seen)


def test_admin_client_get_refuses_unknown_ones(root):
    for name in ("nobody", "auth", "x" * 65, "a'%20OR%201=1"):
        assert root.get("/v1/admin/clients/" + name).status == 404, name


def test_admin_client_patch_changes_one_version(root):
    made = register(root, scope="a b")
    path = f"/v1/admin/clients/{made['client_id']}"
    read = root.get(path)
    first = root.patch(path, {"client_name": "Other", "scope": None}, headers={"If-Match": read.header("ETag")})
    assert (first.status, first.json()["client_name"], first.json()["scope"]) == (200, "Other", "")
    assert first.json()["grant_types"] == ["client_credentials"], "what is not named stays"
    for stale in (read.header("ETag"), 'W/"1"', '"x"', '"01"', '"-1"', "1"):
        refused = root.patch(path, {"client_name": "Third"}, headers={"If-Match": stale})
        assert (refused.status, refused.code()) == (412, "precondition_failed"), stale
    for good in (first.header("ETag"), "*", '"7", "3"'):
        answer = root.patch(path, {"client_name": "Third"}, headers={"If-Match": good})
        assert answer.status == 200, good
    assert root.delete(path, headers={"If-Match": read.header("ETag")}).status == 412
    assert root.patch("/v1/admin/clients/nobody", {"client_name": "x"}, headers={"If-Match": "*"}).status == 404


def test_admin_client_patch_of_one_version_by_many_at_once_is_done_once(root):
    path = f"/v1/admin/clients/{register(root)['client_id']}"
    tag = root.get(path).header("ETag")

    def change(number):
        return root.patch(path, {"client_name": f"Name {number}"}, headers={"If-Match": tag}).status

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        statuses = sorted(pool.map(change, range(16)))
    assert statuses == [200] + [412] * 15


def test_admin_client_patch_disables_at_once_on_every_replica(service, client, root):
    """Security incident 11: what is disabled gets nothing any more, by no grant and nowhere."""
    made = register(root, scope="introspect report:read")
    credentials = (made["client_id"], made["client_secret"])
    path = f"/v1/admin/clients/{made['client_id']}"
    token = token_of(client, made).json()["access_token"]
    replicas = [replica.client() for replica in service.replicas]
    for replica in replicas:  # remembered everywhere
        assert replica.post("/oauth/introspect", form={"token": token}, basic=credentials).json()["active"]
    assert root.patch(path, {"disabled": True}).json()["disabled"] is True
    for replica in replicas:
        assert token_of(replica, made).code() == "invalid_client"
        assert replica.post("/oauth/introspect", form={"token": token}, basic=credentials).code() == "invalid_client"
        assert replica.post("/oauth/revoke", form={"token": token}, basic=credentials).code() == "invalid_client"
        assert replica.get("/v1/authz", token=token).status == 401
    assert root.patch(path, {"disabled": False}).status == 200
    for replica in replicas:
        assert token_of(replica, made).status == 200


def test_admin_client_delete_ends_its_tokens_at_once(service, client, root):
    made = register(root, scope="admin:users:read")
    token = token_of(client, made).json()["access_token"]
    path = f"/v1/admin/clients/{made['client_id']}"
    for replica in service.replicas:
        assert replica.client().get("/v1/admin/scopes", token=token).status != 401
    assert root.delete(path).status == 204
    for replica in service.replicas:
        assert replica.client().get("/v1/admin/scopes", token=token).status == 401
        assert token_of(replica.client(), made).code() == "invalid_client"
    assert root.delete(path).status == 404


def test_admin_client_secret_create_and_delete_rotate_without_a_gap(service, client, root):
    made = register(root)
    path = f"/v1/admin/clients/{made['client_id']}"
    first = made["client_secret"]
    answer = root.post(path + "/secrets")
    second = answer.json()
    plant_tokens(second)
    assert answer.status == 201 and set(second) == {"id", "created_at", "client_secret"}
    for replica in service.replicas:
        for secret in (first, second["client_secret"]):
            assert token_of(replica.client(), made, secret).status == 200
    listed = root.get(path).json()["secrets"]
    assert [secret["id"] for secret in listed][1:] == [second["id"]]
    assert root.delete(f"{path}/secrets/{listed[0]['id']}").status == 204
    for replica in service.replicas:
        assert token_of(replica.client(), made, first).code() == "invalid_client"
        assert token_of(replica.client(), made, second["client_secret"]).status == 200
    last = root.delete(f"{path}/secrets/{second['id']}")
    assert (last.status, last.code()) == (409, "conflict")
    assert root.delete(f"{path}/secrets/{listed[0]['id']}").status == 404


def test_admin_client_secret_create_refuses_too_many_and_public_clients(root):
    path = f"/v1/admin/clients/{register(root)['client_id']}"
    answers = [root.post(path + "/secrets") for _ in range(5)]
    assert [answer.status for answer in answers] == [201] * 4 + [409]
    public = register(root, confidential=False)
    assert root.post(f"/v1/admin/clients/{public['client_id']}/secrets").status == 409
    assert root.post("/v1/admin/clients/nobody/secrets").status == 404


def test_admin_client_secret_delete_refuses_others_secrets(root):
    one, two = register(root), register(root)
    root.post(f"/v1/admin/clients/{one['client_id']}/secrets")
    foreign = two["secrets"][0]["id"]
    assert root.delete(f"/v1/admin/clients/{one['client_id']}/secrets/{foreign}").status == 404


# --- requests that are sent again -------------------------------------------------------------------------------------------

@pytest.mark.parametrize("key", ["", '""', "x" * 256, "a\tb", 'a"b'])
def test_admin_client_create_refuses_what_is_no_idempotency_key(root, key):
    answer = root.post("/v1/admin/clients", {"client_name": "x"}, headers={"Idempotency-Key": key})
    assert answer.status == (201 if key == "" else 400)


def test_admin_client_create_again_with_the_same_key_gives_the_same_answer(root):
    key = {"Idempotency-Key": f'"{uuid.uuid4()}"'}
    document = {"client_name": "Once", "client_id": new_id()}
    first = root.post("/v1/admin/clients", document, headers=key)
    again = root.post("/v1/admin/clients", document, headers=key)
    plant_tokens(first.json())
    assert (first.status, again.status) == (201, 201) and first.body == again.body
    assert (again.header("Location"), again.header("ETag")) == (first.header("Location"), first.header("ETag"))
    assert (first.header("Idempotency-Replayed"), again.header("Idempotency-Replayed")) == (None, "true")
    other = root.post("/v1/admin/clients", {**document, "client_name": "Other"}, headers=key)
    assert (other.status, other.code()) == (422, "idempotency_key_reused")


def test_admin_client_create_with_the_key_of_another_principal_or_route_is_another_request(client, root):
    key = {"Idempotency-Key": str(uuid.uuid4())}
    document = {"client_name": "x"}
    first = root.post("/v1/admin/clients", document, headers=key).json()
    some = register(root, scope="admin:clients")
    token = token_of(client, some).json()["access_token"]
    other = client.post("/v1/admin/clients", document, token=token, headers=key).json()
    assert other["client_id"] != first["client_id"]
    assert root.post(f"/v1/admin/clients/{first['client_id']}/secrets", headers=key).status == 201
    assert root.post(f"/v1/admin/clients/{other['client_id']}/secrets", headers=key).code() == "idempotency_key_reused"


def test_admin_client_create_that_was_refused_leaves_the_key_free(root):
    key = {"Idempotency-Key": str(uuid.uuid4())}
    assert root.post("/v1/admin/clients", {"client_name": "x", "scope": "a  b"}, headers=key).status == 422
    assert root.post("/v1/admin/clients", {"client_name": "x", "scope": "a b"}, headers=key).status == 201


def test_admin_client_create_a_hundred_times_at_once_with_one_key_makes_one(root):
    """Security incident 8."""
    key = {"Idempotency-Key": str(uuid.uuid4())}
    name = f"Parallel {uuid.uuid4()}"

    def create(_):
        return root.post("/v1/admin/clients", {"client_name": name}, headers=key)

    with concurrent.futures.ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(create, range(100)))
    assert {answer.status for answer in answers} <= {201, 409}
    assert len({answer.json()["client_id"] for answer in answers if answer.status == 201}) == 1
    assert {answer.code() for answer in answers if answer.status == 409} <= {"request_in_progress"}
    assert root.post("/v1/admin/clients", {"client_name": name}, headers=key).status == 201
    assert len([row for row in all_clients(root) if row["client_name"] == name]) == 1


def all_clients(root):
    rows, after = [], ""
    while True:
        page = root.get("/v1/admin/clients?limit=200" + after).json()
        rows += page["data"]
        if page["next"] is None:
            return rows
        after = "&after=" + page["next"]


# --- cursors ------------------------------------------------------------------------------------------------------------------

def test_admin_clients_list_refuses_forged_and_foreign_cursors(root):
    """Security incident 45: page tokens that were not made here reach no statement."""
    for _ in range(2):
        register(root)
    cursor = root.get("/v1/admin/clients?limit=1").json()["next"]
    raw = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    forged = ["x", "auth", "' OR 1=1 --", base64.urlsafe_b64encode(b"\0" * 16 + b"shop").decode().rstrip("="), cursor[:-1],
              cursor + "A", cursor + "=", base64.urlsafe_b64encode(bytes(raw[:16])).decode().rstrip("=")]
    for place in (0, 15, 16, len(raw) - 1):
        changed = bytearray(raw)
        changed[place] ^= 1
        forged.append(base64.urlsafe_b64encode(bytes(changed)).decode().rstrip("="))
    forged.append(root.get("/v1/admin/users?limit=1").json().get("next") or "none")
    for after in forged:
        answer = root.get("/v1/admin/clients?after=" + after.replace(" ", "%20").replace("=", "%3D").replace("'", "%27"))
        assert (answer.status, answer.code()) == (422, "validation_failed"), after
        assert answer.pointers() == {"after": "malformed"}
    for query in ("limit=0", "limit=201", "limit=x", "limit=-1", "after=" + "x" * 500, "afer=x", "limit=1&limit=2", "offset=2"):
        answer = root.get("/v1/admin/clients?" + query)
        assert (answer.status, answer.code()) == (422, "validation_failed"), query


# --- the keys that sign ---------------------------------------------------------------------------------------------------------

def keys_of(root):
    return {row["kid"]: row for row in root.get("/v1/admin/signing-keys").json()["data"]}


def published(client):
    return {key["kid"] for key in client.get("/.well-known/jwks.json").json()["keys"]}


def administrator_of(service):
    person = service.client().signup()
    service.replicas[0].run("role", "grant", "administrator", person.email)
    time.sleep(5.5)  # what a server on SQLite remembers of her
    return person.login_again()


def test_admin_signing_keys_list_shows_no_private_half(root):
    rows = keys_of(root).values()
    assert [row["state"] for row in rows].count("current") == 1
    assert all(set(row) <= {"kid", "algorithm", "state", "created_at", "active_from", "remove_at"} for row in rows)


def test_admin_signing_key_rotate_get_and_retire(start_alone):
    service = start_alone()
    client, root = service.client(), administrator_of(service)
    first = next(iter(keys_of(root)))
    assert root.patch(f"/v1/admin/signing-keys/{first}", {"state": "retired"}).code() == "conflict"
    assert root.patch(f"/v1/admin/signing-keys/{first}", {"state": "current"}).status == 422
    made = root.post("/v1/admin/signing-keys")
    waiting = made.json()
    assert (made.status, waiting["state"]) == (201, "next")
    assert root.get(made.header("Location")).json() == waiting
    assert {first, waiting["kid"]} <= published(client)
    assert root.patch(made.header("Location"), {"state": "retired"}).status == 204, "it has signed nothing"
    assert root.get(made.header("Location")).status == 404
    assert root.patch(made.header("Location"), {"state": "retired"}).status == 404
    now = root.post("/v1/admin/signing-keys", {"now": True}).json()
    assert (now["state"], keys_of(root)[first]["state"]) == ("current", "retired")
    assert root.get("/v1/me").status == 200, "what the retired key has signed is good"
    assert root.patch(f"/v1/admin/signing-keys/{first}", {"state": "retired"}).status == 204
    assert "remove_at" in keys_of(root)[first] and root.get("/v1/me").status == 200


def test_admin_signing_key_retire_now_refuses_what_it_has_signed(start_alone):
    service = start_alone()
    client, root = service.client(), administrator_of(service)
    first = next(iter(keys_of(root)))
    root.post("/v1/admin/signing-keys", {"now": True})
    other = root.login_again()
    assert root.patch(f"/v1/admin/signing-keys/{first}", {"state": "retired", "now": True}).status == 204
    assert first not in published(client)
    time.sleep(5.5)  # what was verified is remembered this long
    assert root.get("/v1/me").status == 401
    assert other.get("/v1/me").status == 200


def test_admin_signing_key_get_knows_the_keys_there_are_and_no_others(root):
    kid, row = next(iter(keys_of(root).items()))
    assert root.get("/v1/admin/signing-keys/nobodys").status == 404
    assert root.get(f"/v1/admin/signing-keys/{kid}").json() == row
