# SPDX-License-Identifier: MIT
"""Second factors in the hands of administrators: the way out for who has lost everything, and who must use one."""
import json

import pytest

from authtest.totp import Authenticator, begin, enrol, finish, sign_in

NOBODY = "019a0000-0000-7000-8000-000000000000"


@pytest.fixture(scope="session", name="steward")
def fixture_steward(service):
    """A client that may change accounts: (id, secret)."""
    return service.new_oauth_client("steward", "--grants", "client_credentials", "--scopes", "admin:users")


@pytest.fixture(name="admin_token")
def fixture_admin_token(client, steward):
    return client.post("/oauth/token", form={"grant_type": "client_credentials"}, basic=steward).json()["access_token"]


def path_of(person, what="factors"):
    return f"/v1/admin/users/{person.get('/v1/me').json()['id']}/{what}"


@pytest.mark.parametrize("method,what", [("GET", "factors"), ("DELETE", "factors"), ("PUT", "mfa")])
def test_admin_factors_reset_and_the_like_are_for_administrators(client, person, inspector, method, what):
    token = client.post("/oauth/token", form={"grant_type": "client_credentials"}, basic=inspector).json()["access_token"]
    document = {"required": True} if method == "PUT" else None
    for bearer in (person.access, token):
        answer = client.request(method, path_of(person, what), document=document, token=bearer)
        assert (answer.status, answer.code()) == (403, "insufficient_scope")


@pytest.mark.parametrize("account", [NOBODY, "x"])
def test_admin_factors_list_and_the_like_do_not_know_who_is_not_there(client, admin_token, account):
    for method, what, document in (("GET", "factors", None), ("DELETE", "factors", None), ("PUT", "mfa", {"required": True})):
        assert client.request(method, f"/v1/admin/users/{account}/{what}", document=document, token=admin_token).status == 404


def test_admin_factors_reset_lets_the_owner_in_by_password_again(client, person, admin_token):
    authenticator, _ = enrol(person)
    strong = sign_in(client, person, authenticator)["access_token"]
    listed = client.get(path_of(person), token=admin_token).json()
    assert (len(listed["data"]), listed["recovery_codes_left"], listed["required"]) == (1, 10, True)
    waiting = begin(client, person)["login_token"]
    assert client.request("DELETE", path_of(person), token=admin_token).status == 204
    assert client.get("/v1/me", token=strong).status == 401
    assert finish(client, waiting, authenticator.next()).code() == "expired"
    assert client.login(person.email, person.password)


def test_admin_mfa_demands_a_second_factor_of_one_account(client, person, admin_token):
    assert client.request("PUT", path_of(person, "mfa"), document={}, token=admin_token).status == 422
    assert client.request("PUT", path_of(person, "mfa"), document={"required": True}, token=admin_token).status == 204
    problem = begin(client, person)
    assert problem["methods"] == ["enroll"]
    made = client.post("/v1/login/enroll", {"login_token": problem["login_token"]}).json()
    assert finish(client, problem["login_token"], Authenticator(made["secret"]).next()).status == 200
    assert client.request("PUT", path_of(client.signup(), "mfa"), document={"required": False}, token=admin_token).status == 204


def test_the_factor_command_lists_resets_and_demands(service, client, person):
    run = service.replicas[0].run
    assert run("factor", "list", "nobody@example.org", expected=1) == ""
    run("factor", "require", person.email)
    assert begin(client, person)["methods"] == ["enroll"]
    run("factor", "release", person.email)
    assert client.login(person.email, person.password)
    enrol(person, "Phone")
    rows = [json.loads(line) for line in run("factor", "list", person.email, "--json").splitlines()]
    assert [(row["type"], row["name"], row["confirmed"]) for row in rows] == [("totp", "Phone", True)]
    run("factor", "reset", person.email)
    assert client.login(person.email, person.password)
