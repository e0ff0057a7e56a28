# SPDX-License-Identifier: MIT
"""Accounts: sign-up and what people do with their own."""
import json
import time

import pytest

from authtest.planted import new_password, plant

BEARER_ROUTES = [
    ("GET", "/v1/me"), ("PATCH", "/v1/me"), ("DELETE", "/v1/me"), ("PUT", "/v1/me/password"), ("POST", "/v1/logout"),
    ("GET", "/v1/me/sessions"), ("DELETE", "/v1/me/sessions"), ("GET", "/v1/authz"),
    ("GET", "/v1/me/sessions/019a0000-0000-7000-8000-000000000000"),
    ("DELETE", "/v1/me/sessions/019a0000-0000-7000-8000-000000000000"),
]


@pytest.mark.parametrize("body,code", [
    (b"", "malformed_json"),
    (b"{", "malformed_json"),
    (b"[]", "malformed_json"),
    (b"null", "malformed_json"),
    (b'{"email": "a@example.org", "email": "b@example.org", "password": "x"}', "malformed_json"),
    (b'{"email": "\xff@example.org"}', "malformed_json"),
    (b'{"email": "a@example.org"} {}', "malformed_json"),
])
def test_signup_refuses_what_is_not_one_json_object(client, body, code):
    answer = client.post("/v1/signup", body=body, headers={"Content-Type": "application/json"})
    assert (answer.status, answer.code()) == (400, code)
    assert answer.header("Content-Type") == "application/problem+json"


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1"])
def test_signup_refuses_another_content_type(client, content_type):
    answer = client.post("/v1/signup", body=b'{"email": "a@example.org", "password": "b"}',
                         headers={"Content-Type": content_type})
    assert (answer.status, answer.code()) == (415, "unsupported_media")


def test_signup_names_every_offending_field_at_once(client):
    answer = client.post("/v1/signup", {"password": 7, "nickname": "x", "locale": "e"})
    assert (answer.status, answer.code()) == (422, "validation_failed")
    assert set(answer.pointers()) == {"/email", "/password", "/nickname", "/locale"}


@pytest.mark.parametrize("email", ["", "ab", "nobody", "@example.org", "a@", "a@b@example.org", "a b@example.org",
                                   "a@-example.org", "a\n@example.org", "a@" + "x" * 300 + ".org"])
def test_signup_refuses_what_is_not_an_address(client, email):
    answer = client.post("/v1/signup", {"email": email, "password": new_password()})
    assert (answer.status, answer.code()) == (422, "validation_failed")
    assert "/email" in answer.pointers()


@pytest.mark.parametrize("password", ["short", "password", "12345678", "qwertyuiop"])
def test_signup_refuses_passwords_that_are_short_or_common(client, password):
    answer = client.post("/v1/signup", {"email": client.new_email(), "password": password})
    assert answer.status == 422
    assert answer.code() in ("validation_failed", "weak_password")


def test_signup_refuses_a_body_over_the_limit(client, service):
    document = {"email": client.new_email(), "password": "x" * 70000}
    assert client.post("/v1/signup", document).status == 413
    for replica in service.replicas:
        answer = replica.client().post("/v1/signup", document)
        assert (answer.status, answer.code()) == (413, "too_large")


def test_signup_for_a_taken_address_changes_nothing_and_answers_as_for_a_new_one(client, person):
    taken = client.post("/v1/signup", {"email": person.email.upper(), "password": new_password()})
    fresh = client.post("/v1/signup", {"email": client.new_email(), "password": new_password()})
    assert (taken.status, taken.body) == (fresh.status, fresh.body)
    assert client.login(person.email, person.password)


def test_signup_is_closed_where_policy_says_so(start_alone):
    client = start_alone(AUTH_SIGNUP="closed").client()
    answer = client.post("/v1/signup", {"email": client.new_email(), "password": new_password()})
    assert (answer.status, answer.code()) == (403, "disabled_by_policy")


def test_signup_that_signs_in_answers_with_tokens_and_refuses_a_taken_address(start_alone):
    client = start_alone(AUTH_SIGNUP_SIGNS_IN="on").client()
    document = {"email": client.new_email(), "password": new_password()}
    first, second = client.post("/v1/signup", document), client.post("/v1/signup", document)
    assert (first.status, second.status, second.code()) == (201, 409, "conflict")
    assert client.get("/v1/me", token=first.json()["access_token"]).json()["email"] == document["email"]


@pytest.mark.smoke
def test_signup_makes_an_account_to_sign_in_to(client):
    password = plant("пароль ✓ with spaces " + new_password())
    person = client.signup(password=password, name="Ada Lovelace", locale="en-GB")
    assert person.tokens["token_type"] == "Bearer"
    assert person.tokens["expires_in"] == 300
    me = person.get("/v1/me").json()
    assert (me["name"], me["locale"], me["email"]) == ("Ada Lovelace", "en-GB", person.email)
    assert client.login(person.email, password)


@pytest.mark.parametrize("method,path", BEARER_ROUTES)
def test_me_get_and_all_other_bearer_routes_refuse_a_missing_token(client, method, path):
    answer = client.request(method, path)
    assert (answer.status, answer.code()) == (401, "invalid_token")
    assert answer.header("WWW-Authenticate").startswith("Bearer realm=")
    assert "error=" not in answer.header("WWW-Authenticate")


@pytest.mark.parametrize("token", ["x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.", "x" * 5000])
def test_me_get_refuses_what_is_no_token(client, token):
    answer = client.get("/v1/me", token=token)
    assert (answer.status, answer.code()) == (401, "invalid_token")
    assert 'error="invalid_token"' in answer.header("WWW-Authenticate")


def test_me_get_refuses_a_token_with_any_part_changed(client, person):
    header, payload, signature = person.access.split(".")
    flipped = signature[:10] + ("A" if signature[10] != "A" else "B") + signature[11:]
    for token in (f"{header}.{payload}.{flipped}", f"{header}.{payload}.", f"{header}.{payload}",
                  f"{header}.{payload}A.{signature}", f"{header}.{payload}.{signature}="):
        assert client.get("/v1/me", token=token).status == 401


def test_me_get_refuses_a_refresh_token(client, person):
    assert client.get("/v1/me", token=person.refresh).status == 401


def test_me_get_refuses_a_token_of_a_client(client, robot):
    answer = client.post("/oauth/token", form={"grant_type": "client_credentials"}, basic=robot)
    refused = client.get("/v1/me", token=answer.json()["access_token"])
    assert (refused.status, refused.code()) == (403, "insufficient_scope")


def test_me_get_refuses_a_body_and_a_query(client, person):
    assert person.get("/v1/me", body=b"{}", headers={"Content-Type": "application/json"}).status == 400
    assert person.get("/v1/me?x=1").status == 400


@pytest.mark.smoke
def test_me_get_tells_the_own_account(person):
    answer = person.get("/v1/me")
    assert answer.status == 200
    assert answer.header("Cache-Control") == "no-store"
    me = answer.json()
    assert set(me) == {"id", "email", "email_verified", "name", "locale", "created_at", "updated_at"}
    assert (me["email"], me["email_verified"], me["name"]) == (person.email, False, None)


@pytest.mark.parametrize("document,pointer", [({"name": ""}, "/name"), ({"name": 1}, "/name"), ({"email": "x@y.org"}, "/email"),
                                              ({"id": "1"}, "/id"), ({"locale": "e"}, "/locale")])
def test_me_patch_refuses_what_may_not_be_changed_so(person, document, pointer):
    answer = person.patch("/v1/me", document)
    assert (answer.status, answer.code()) == (422, "validation_failed")
    assert pointer in answer.pointers()


def test_me_patch_changes_what_is_named_and_null_removes_it(person):
    before = person.get("/v1/me").json()
    first = person.patch("/v1/me", {"name": "Grace", "locale": "en"}).json()
    assert (first["name"], first["locale"]) == ("Grace", "en")
    merge = {"Content-Type": "application/merge-patch+json"}
    second = person.patch("/v1/me", body=json.dumps({"name": None}).encode(), headers=merge)
    assert second.status == 200
    after = person.get("/v1/me").json()
    assert (after["name"], after["locale"], after["email"]) == (None, "en", before["email"])
    assert after["updated_at"] >= before["updated_at"]


def test_me_delete_wants_a_fresh_sign_in(start_alone):
    person = start_alone(AUTH_FRESH_SECONDS="10").client().signup()
    time.sleep(10.5)
    refused = person.delete("/v1/me")
    assert (refused.status, refused.code()) == (401, "step_up_required")
    assert "insufficient_user_authentication" in refused.header("WWW-Authenticate")
    assert person.get("/v1/me/export").code() == "step_up_required"
    assert person.login_again().delete("/v1/me").status == 202


def test_me_delete_tells_the_owner_until_when_it_can_be_undone(service, person):
    answer = person.delete("/v1/me")
    mail = service.wait_mail(person.email, "account_closed")
    day, time_of_day = answer.json()["delete_after"].split("T")
    assert f"deleted on {day} {time_of_day[:5]} UTC. Until then" in mail.text
    assert "change your password now" in mail.text


def test_me_delete_without_grace_promises_no_way_back(start_alone):
    service = start_alone(AUTH_DELETION_GRACE_SECONDS="0")
    person = service.client().signup()
    assert person.delete("/v1/me").status == 202
    mail = service.wait_mail(person.email, "account_closed")
    assert "was closed and is being deleted." in mail.text and "bring it back" not in mail.text


def test_me_delete_ends_all_sessions(client, person):
    other = person.login_again()
    answer = person.delete("/v1/me")
    assert answer.status == 202
    assert answer.json()
    assert person.get("/v1/me").status == 401
    assert other.get("/v1/me").status == 401
    assert client.refresh(other.refresh).status == 400


def test_me_password_refuses_a_wrong_current(person):
    answer = person.put("/v1/me/password", {"current": new_password(), "new": new_password()})
    assert (answer.status, answer.code()) == (401, "invalid_credentials")


def test_me_password_refuses_a_weak_new_password(client, person):
    answer = person.put("/v1/me/password", {"current": person.password, "new": "password1"})
    assert answer.status == 422
    assert client.login(person.email, person.password)


def test_me_password_tells_the_owner_and_nobody_of_a_refusal(service, person):
    person.put("/v1/me/password", {"current": new_password(), "new": new_password()})
    assert person.put("/v1/me/password", {"current": person.password, "new": new_password()}).status == 204
    assert "Address: 127." in service.wait_mail(person.email, "password_changed").text
    assert len(service.mails(person.email, "password_changed")) == 1


def test_me_password_ends_all_sessions_but_the_one_that_asks(client, person):
    other, chosen = person.login_again(), new_password()
    answer = person.put("/v1/me/password", {"current": person.password, "new": chosen})
    assert (answer.status, answer.body) == (204, b"")
    assert person.get("/v1/me").status == 200
    assert other.get("/v1/me").status == 401
    assert client.refresh(other.refresh).code() == "invalid_grant"
    assert client.post("/v1/login", {"email": person.email, "password": person.password}).status == 401
    assert client.login(person.email, chosen)


@pytest.mark.parametrize("document, pointer", [
    ({"name": " Ada"}, "/name"), ({"name": "Ada\u202eadA"}, "/name"), ({"name": "Ada\u2028Bcc: x"}, "/name"),
    ({"locale": "en;q=1"}, "/locale"), ({"locale": "../de"}, "/locale"), ({"locale": "d\u00e9"}, "/locale")])
def test_signup_and_me_update_take_the_names_administrators_may_give(client, person, document, pointer):
    """Such a name would be refused where an administrator changes the account, and speaks to whoever reads a mail or a list."""
    answer = client.post("/v1/signup", {"email": client.new_email(), "password": new_password(), **document})
    assert (answer.status, answer.pointers()) == (422, {pointer: "wrong_type"}), answer.body
    answer = person.patch("/v1/me", document)
    assert (answer.status, answer.pointers()) == (422, {pointer: "wrong_type"}), answer.body
