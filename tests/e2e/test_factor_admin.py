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


# --- a demand on sessions that are there already ------------------------------------------------------------------------------

def id_of(person):
    return person.get("/v1/me").json()["id"]


def by_route(service, root, person):  # pylint: disable=unused-argument
    assert root.put(f"/v1/admin/users/{id_of(person)}/mfa", {"required": True}).status == 204


def by_patch(service, root, person):  # pylint: disable=unused-argument
    assert root.patch(f"/v1/admin/users/{id_of(person)}", {"requires_mfa": True}).status == 200


def by_import(service, root, person):  # pylint: disable=unused-argument
    line = json.dumps({"id": id_of(person), "email": person.email, "requires_mfa": True}).encode()
    answer = root.post("/v1/admin/users/import?update=true", body=line, headers={"Content-Type": "application/x-ndjson"})
    assert answer.status == 200 and answer.json()["updated"] == 1, answer.body


def by_command(service, root, person):  # pylint: disable=unused-argument
    service.replicas[0].run("factor", "require", person.email)


def by_role(service, root, person):  # pylint: disable=unused-argument
    assert root.put(f"/v1/admin/users/{id_of(person)}/roles/treasurer").status == 204


def by_group(service, root, person):  # pylint: disable=unused-argument
    assert root.put(f"/v1/admin/groups/{root.purse}/members/{id_of(person)}").status == 204


def must_use_two_steps(client, person):
    """What a person's session is left with, and that her next sign-in asks for what is demanded."""
    refused = client.refresh(person.refresh)
    assert (refused.status, refused.code()) == (400, "invalid_grant"), refused.body
    assert person.get("/v1/me").status == 401
    assert client.refresh(person.refresh).code() == "invalid_grant"
    problem = begin(client, person)
    assert problem["methods"] == ["enroll"]
    made = client.post("/v1/login/enroll", {"login_token": problem["login_token"]}).json()
    tokens = finish(client, problem["login_token"], Authenticator(made["secret"]).next()).json()
    assert client.refresh(tokens["refresh_token"]).status == 200, "a session of two steps goes on"


@pytest.mark.parametrize("make", [by_route, by_patch, by_import, by_command], ids=lambda make: make.__name__)
def test_admin_mfa_ends_sessions_of_one_factor_when_they_are_refreshed(service, client, root, make):
    person = client.signup()
    person.tokens = client.refresh(person.refresh).json()
    make(service, root, person)
    answer = person.post("/v1/me/keys", {"name": "before it is noticed", "scopes": ["account"]})
    assert (answer.status, answer.code(), answer.json()["acr_values"]) == (401, "step_up_required", "aal2")
    must_use_two_steps(client, person)


@pytest.fixture(scope="module", name="guarding")
def fixture_guarding(folder):
    """A service where one role demands a second factor."""
    from conftest import make_alone  # pylint: disable=import-outside-toplevel,import-error
    made = make_alone(folder, "auth-guarding", AUTH_MFA_ROLES="operator,treasurer").start()
    yield made
    made.stop()


@pytest.mark.parametrize("make", [by_role, by_group], ids=lambda make: make.__name__)
def test_admin_user_role_put_that_demands_a_second_factor_ends_sessions_of_one(guarding, make):
    client = guarding.client()
    root, person = client.signup(), client.signup()
    guarding.replicas[0].run("role", "grant", "administrator", root.email)
    root = root.login_again()
    root.post("/v1/admin/roles", {"name": "treasurer", "scopes": ["purse"]})
    root.purse = root.post("/v1/admin/groups", {"name": make.__name__}).json()["id"]
    assert root.put(f"/v1/admin/groups/{root.purse}/roles/treasurer").status == 204
    make(guarding, root, person)
    must_use_two_steps(client, person)
    assert client.refresh(root.refresh).status == 200, "another role demands nothing"
