# SPDX-License-Identifier: MIT
"""The token endpoints, as the RFCs have them."""
import concurrent.futures
import time

import pytest

from authtest.jws import decode, verify_es256
from authtest.planted import new_password


def token(client, basic=None, **form):
    return client.post("/oauth/token", form=form, basic=basic)


@pytest.mark.parametrize("form,error", [
    ({}, "invalid_request"),
    ({"grant_type": "password", "username": "a", "password": "b"}, "unsupported_grant_type"),
    ({"grant_type": "authorization_code"}, "unsupported_grant_type"),
    ({"grant_type": "refresh_token"}, "invalid_request"),
    ({"grant_type": "refresh_token", "refresh_token": "x"}, "invalid_grant"),
    ({"grant_type": "client_credentials"}, "unauthorized_client"),
])
def test_oauth_token_refuses_with_the_errors_of_rfc_6749(client, form, error):
    answer = client.post("/oauth/token", form={"client_id": "auth", **form})
    assert (answer.status, answer.code()) == (400, error)
    assert answer.header("Cache-Control") == "no-store"
    assert set(answer.json()) <= {"error", "error_description", "error_uri"}


def test_oauth_token_refuses_a_parameter_given_twice(client):
    answer = client.post("/oauth/token", body=b"grant_type=refresh_token&grant_type=refresh_token&client_id=auth",
                         headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert (answer.status, answer.code()) == (400, "invalid_request")


def test_oauth_token_refuses_json(client):
    answer = client.post("/oauth/token", {"grant_type": "client_credentials"})
    assert answer.status in (400, 401, 415)


def test_oauth_token_refuses_unknown_clients_and_wrong_secrets(client, robot):
    for basic in (("nobody", new_password()), (robot[0], new_password()), (robot[0], "")):
        answer = token(client, basic=basic, grant_type="client_credentials")
        assert (answer.status, answer.code()) == (401, "invalid_client")
        assert answer.header("WWW-Authenticate").startswith("Basic ")


def test_oauth_token_refuses_two_ways_of_authentication_at_once(client, robot):
    answer = token(client, basic=robot, grant_type="client_credentials", client_secret=robot[1])
    assert (answer.status, answer.code()) == (400, "invalid_request")


def test_oauth_token_refuses_a_scope_beyond_the_clients(client, robot):
    answer = token(client, basic=robot, grant_type="client_credentials", scope="report:read admin")
    assert (answer.status, answer.code()) == (400, "invalid_scope")


def test_oauth_token_refuses_the_refresh_token_of_another_client(client, person, service):
    """Security incident 7."""
    other, _ = service.new_oauth_client("phone", "--public", "--grants", "refresh_token")
    answer = client.refresh(person.refresh, client_id=other)
    assert (answer.status, answer.code()) == (400, "invalid_grant")
    assert client.refresh(person.refresh).status == 200


def test_oauth_token_repeats_its_answer_to_a_retry_and_ends_the_session_on_reuse(client, person):
    first = client.refresh(person.refresh).json()
    retry = client.refresh(person.refresh).json()
    assert retry["refresh_token"] == first["refresh_token"]
    second = client.refresh(first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    reused = client.refresh(person.refresh)
    assert (reused.status, reused.code()) == (400, "invalid_grant")
    assert client.refresh(second["refresh_token"]).code() == "invalid_grant"
    assert client.get("/v1/me", token=second["access_token"]).status == 401


def test_oauth_token_ends_the_session_on_reuse_after_the_grace_time(start_alone):
    client = start_alone(AUTH_REFRESH_GRACE_SECONDS="1").client()
    person = client.signup()
    successor = client.refresh(person.refresh).json()["refresh_token"]
    time.sleep(1.2)
    assert client.refresh(person.refresh).code() == "invalid_grant"
    assert client.refresh(successor).code() == "invalid_grant"


def test_oauth_token_gives_racing_refreshes_one_successor(client, person):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.refresh(person.refresh), range(8)))
    assert [answer.status for answer in answers] == [200] * 8
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1


@pytest.mark.smoke
def test_oauth_token_refreshes_in_a_long_chain(client, person):
    refresh_token = person.refresh
    for _ in range(10):
        answer = client.refresh(refresh_token)
        assert answer.status == 200
        refresh_token = answer.json()["refresh_token"]
    assert client.get("/v1/me", token=answer.json()["access_token"]).status == 200


@pytest.mark.smoke
def test_oauth_token_lets_a_client_act_for_itself(client, robot):
    answer = token(client, basic=robot, grant_type="client_credentials", scope="report:read")
    assert answer.status == 200
    document = answer.json()
    assert "refresh_token" not in document
    assert (document["token_type"], document["scope"]) == ("Bearer", "report:read")
    header, claims, _ = decode(document["access_token"])
    assert header["typ"] == "at+jwt"
    assert (claims["sub"], claims["client_id"]) == (robot[0], robot[0])
    posted = token(client, grant_type="client_credentials", client_id=robot[0], client_secret=robot[1])
    assert posted.status == 200


def test_oauth_revoke_refuses_without_a_client_or_a_token(client, robot):
    answer = client.post("/oauth/revoke", form={"token": "x"}, basic=(robot[0], new_password()))
    assert (answer.status, answer.code()) == (401, "invalid_client")
    answer = client.post("/oauth/revoke", form={"client_id": "auth"})
    assert (answer.status, answer.code()) == (400, "invalid_request")


def test_oauth_revoke_refuses_the_token_of_another_client(client, person, robot):
    answer = client.post("/oauth/revoke", form={"token": person.refresh}, basic=robot)
    assert (answer.status, answer.code()) == (400, "unauthorized_client")
    assert client.refresh(person.refresh).status == 200


def test_oauth_revoke_says_nothing_about_what_is_no_token(client):
    assert client.post("/oauth/revoke", form={"client_id": "auth", "token": "x"}).status == 200


def test_oauth_revoke_of_a_refresh_token_ends_the_session(client, person):
    assert client.post("/oauth/revoke", form={"client_id": "auth", "token": person.refresh}).status == 200
    assert client.refresh(person.refresh).code() == "invalid_grant"
    assert person.get("/v1/me").status == 401


def test_oauth_revoke_of_an_access_token_leaves_the_session(client, person):
    form = {"client_id": "auth", "token": person.access, "token_type_hint": "access_token"}
    assert client.post("/oauth/revoke", form=form).status == 200
    assert person.get("/v1/me").status == 401
    assert client.refresh(person.refresh).status == 200


def test_oauth_introspect_refuses_clients_without_a_secret(client, person):
    answer = client.post("/oauth/introspect", form={"client_id": "auth", "token": person.access})
    assert (answer.status, answer.code()) == (401, "invalid_client")


def test_oauth_introspect_tells_a_stranger_nothing(client, person, robot):
    assert client.introspect(person.access, robot) == {"active": False}
    assert client.introspect("x", robot) == {"active": False}


def test_oauth_introspect_knows_what_has_ended(client, person, inspector):
    assert client.introspect(person.access, inspector)["active"]
    person.post("/v1/logout")
    assert client.introspect(person.access, inspector) == {"active": False}
    assert client.introspect(person.refresh, inspector) == {"active": False}


def test_oauth_introspect_tells_an_entitled_client_all(client, person, inspector):
    document = client.introspect(person.access, inspector)
    assert document["active"] and document["username"] == person.email
    assert document["sub"] == person.get("/v1/me").json()["id"]
    assert document["exp"] - document["iat"] == 300
    assert client.introspect(person.refresh, inspector)["sid"] == document["sid"]


def test_jwks_refuses_other_methods(client):
    answer = client.post("/.well-known/jwks.json", {})
    assert answer.status == 405
    assert "GET" in answer.header("Allow")


@pytest.mark.smoke
def test_jwks_holds_the_key_that_signed(client, person):
    answer = client.get("/.well-known/jwks.json")
    assert answer.header("Content-Type") == "application/jwk-set+json"
    keys = answer.json()["keys"]
    assert all("d" not in key for key in keys)
    header, claims, _ = decode(person.access)
    key = next(key for key in keys if key["kid"] == header["kid"])
    assert verify_es256(person.access, key)
    changed = person.access.split(".")
    changed[1] = changed[1][:-2] + ("AA" if changed[1][-2:] != "AA" else "BB")
    assert not verify_es256(".".join(changed), key)
    assert claims["aud"] and claims["iss"] == "http://localhost:8080"


def test_oauth_metadata_refuses_a_query(client):
    assert client.get("/.well-known/oauth-authorization-server?x=1").status == 400


def test_oauth_metadata_names_what_is_there(client):
    document = client.get("/.well-known/oauth-authorization-server").json()
    assert document["issuer"] == "http://localhost:8080"
    for name in ("token_endpoint", "revocation_endpoint", "introspection_endpoint"):
        path = document[name].removeprefix(document["issuer"])
        assert client.post(path, form={}).status in (400, 401)
    assert client.get(document["jwks_uri"].removeprefix(document["issuer"])).status == 200
