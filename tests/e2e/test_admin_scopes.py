# SPDX-License-Identifier: MIT
"""Which scope opens which route of administration, to whom: made from the table of routes."""
import uuid

import pytest
from authtest.planted import plant_tokens
from test_matrix import SCOPED, is_let_in, show

ALL = sorted({route.scope.removesuffix(":read") for route in SCOPED})


def client_token(root, scopes):
    made = root.post("/v1/admin/clients", {"client_name": "Matrix", "scope": scopes}).json()
    plant_tokens(made)
    answer = root.client.post("/oauth/token", form={"grant_type": "client_credentials"},
                              basic=(made["client_id"], made["client_secret"]))
    return answer.json()["access_token"]


def key_of_client(root, scopes):
    made = root.post("/v1/admin/clients", {"client_name": "Matrix", "scope": scopes}).json()
    plant_tokens(made)
    answer = root.post("/v1/admin/keys", {"client_id": made["client_id"], "name": "matrix", "scopes": scopes.split()})
    assert answer.status == 201, answer.body
    return answer.json()["key"]


def person_token(root, scopes):
    name = "m" + uuid.uuid4().hex[:12]
    assert root.post("/v1/admin/roles", {"name": name, "scopes": scopes.split()}).status == 201
    person = root.client.signup()
    account = person.get("/v1/me").json()["id"]
    assert root.put(f"/v1/admin/users/{account}/roles/{name}").status == 204
    return person.login_again().access


def test_every_route_of_administration_has_a_scope_that_an_administrator_has(root):
    listed = {scope["name"] for scope in root.get("/v1/admin/scopes").json()["data"]}
    assert set(ALL) <= listed


@pytest.mark.parametrize("make", [client_token, key_of_client, person_token], ids=lambda make: make.__name__)
@pytest.mark.parametrize("scope", ALL)
def test_a_scope_opens_its_own_routes_and_reading_opens_reading(client, root, make, scope):
    everything, reading = make(root, scope), make(root, scope + ":read")
    for route in SCOPED:
        is_own = route.scope.removesuffix(":read") == scope
        answer = show(client, route, everything)
        refused = answer.status == 403 and answer.code() == "insufficient_scope"
        assert refused != is_own, (route.id, answer.status, answer.body)
        answer = show(client, route, reading)
        assert is_let_in(answer) == (is_own and route.scope.endswith(":read")), (route.id, answer.status, answer.body)
