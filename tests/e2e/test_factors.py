# SPDX-License-Identifier: MIT
"""Second factors: enrolment, confirmation, recovery codes, and what changes of them need."""
import re
import shutil
import subprocess
import urllib.parse

import pytest

from authtest.totp import Authenticator, begin, code_of, enrol, finish, sign_in

MISSING = "/v1/me/factors/019a0000-0000-7000-8000-000000000000"
RECOVERY_CODE = re.compile(r"(?:[a-z2-7]{4}-){5}[a-z2-7]{4}")


@pytest.mark.parametrize("body,pointer", [({}, "/type"), ({"type": "sms"}, "/type"), ({"type": "totp", "name": ""}, "/name"),
                                          ({"type": "totp", "name": "x" * 65}, "/name"),
                                          ({"type": "totp", "secret": "A"}, "/secret")])
def test_factors_add_names_what_is_wrong(person, body, pointer):
    answer = person.post("/v1/me/factors", body)
    assert (answer.status, answer.code()) == (422, "validation_failed")
    assert pointer in answer.pointers()


def test_factors_add_refuses_recovery_codes_that_stand_in_for_nothing(person):
    answer = person.post("/v1/me/factors", {"type": "recovery_codes"})
    assert (answer.status, answer.code()) == (409, "conflict")


def test_factors_add_wants_two_factors_once_there_is_one(person):
    """The session was begun with one: it may not add a factor, remove the one there is, or make codes."""
    _, factor = enrol(person)
    path = f"/v1/me/factors/{factor['id']}"
    for answer in (person.post("/v1/me/factors", {"type": "totp"}), person.post("/v1/me/factors", {"type": "recovery_codes"}),
                   person.delete(path), person.post(path + "/verify", {"code": "123456"}), person.delete("/v1/me"),
                   person.put("/v1/me/password", {"current": person.password, "new": "another " + person.password})):
        assert (answer.status, answer.code()) == (401, "step_up_required")
        assert answer.json()["acr_values"] == "aal2"
        challenge = answer.header("WWW-Authenticate")
        assert 'error="insufficient_user_authentication"' in challenge
        assert 'acr_values="aal2"' in challenge and 'max_age="300"' in challenge
    assert person.get(path).status == 200


def test_factors_add_shows_the_seed_once_for_any_authenticator_program(person, tmp_path):
    """oathtool computes the codes and zbarimg reads the picture: neither was written here."""
    made = person.post("/v1/me/factors", {"type": "totp", "name": "Telefon ☎"}).json()
    secret, uri = made["secret"], made["otpauth_uri"]
    assert re.fullmatch(r"[A-Z2-7]{32}", secret)  # 160 bits
    parts = urllib.parse.urlsplit(uri)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert urllib.parse.unquote(parts.path) == f"/localhost:{person.email}"
    assert dict(urllib.parse.parse_qsl(parts.query)) == {
        "secret": secret, "issuer": "localhost", "algorithm": "SHA1", "digits": "6", "period": "30"}
    assert person.get(f"/v1/me/factors/{made['id']}").json() == {
        "id": made["id"], "type": "totp", "name": "Telefon ☎", "confirmed": False,
        "created_at": person.get("/v1/me/factors").json()["data"][0]["created_at"]}

    for tool in ("oathtool", "rsvg-convert", "zbarimg"):
        assert shutil.which(tool), f"{tool} is missing: scripts/install-packages e2e"
    picture = tmp_path / "qr.png"
    subprocess.run(["rsvg-convert", "--zoom", "2", "--output", picture], input=made["qr_svg"].encode(), check=True)
    read = subprocess.run(["zbarimg", "--quiet", "--raw", picture], capture_output=True, text=True, check=True).stdout
    assert read.strip() == uri

    code = subprocess.run(["oathtool", "--totp", "--base32", secret], capture_output=True, text=True, check=True).stdout.strip()
    verified = person.post(f"/v1/me/factors/{made['id']}/verify", {"code": code})
    assert (verified.status, verified.json()["confirmed"]) == (200, True)


@pytest.mark.smoke
def test_factor_verify_makes_it_count_and_gives_recovery_codes(client, person):
    authenticator, factor = enrol(person, "Phone")
    codes = factor["recovery_codes"]
    assert len(set(codes)) == 10 and all(RECOVERY_CODE.fullmatch(code) for code in codes)
    assert (factor["type"], factor["name"], factor["confirmed"]) == ("totp", "Phone", True)
    listed = person.get("/v1/me/factors").json()
    assert (listed["recovery_codes_left"], listed["required"], listed["next"]) == (10, True, None)
    assert [item["id"] for item in listed["data"]] == [factor["id"]]
    assert sign_in(client, person, authenticator)["token_type"] == "Bearer"


def test_factor_verify_refuses_wrong_codes_and_counts_them(person):
    made = person.post("/v1/me/factors", {"type": "totp"}).json()
    path = f"/v1/me/factors/{made['id']}/verify"
    authenticator = Authenticator(made["secret"])
    for code in (authenticator.wrong(), "12345", "1234567", "abcdef", " ", authenticator.code(-3), authenticator.code(4)):
        answer = person.post(path, {"code": code})
        assert (answer.status, answer.code()) in ((401, "code_invalid"), (429, "rate_limited")), code
    answer = person.post(path, {"code": authenticator.code()})
    assert (answer.status, answer.code()) == (429, "rate_limited")
    assert int(answer.header("Retry-After")) >= 1
    assert person.get(f"/v1/me/factors/{made['id']}").json()["confirmed"] is False


def test_factor_verify_refuses_what_is_not_there_confirmed_or_of_another_person(client, person):
    other = client.signup()
    theirs = other.post("/v1/me/factors", {"type": "totp"}).json()
    code = Authenticator(theirs["secret"]).code()
    for path in (f"/v1/me/factors/{theirs['id']}/verify", MISSING + "/verify", "/v1/me/factors/x/verify"):
        assert person.post(path, {"code": code}).status == 404
    assert other.post(f"/v1/me/factors/{theirs['id']}/verify", {"code": code}).status == 200


def test_factor_verify_of_an_older_enrolment_is_too_late(person):
    first = person.post("/v1/me/factors", {"type": "totp"}).json()
    second = person.post("/v1/me/factors", {"type": "totp"}).json()
    assert person.post(f"/v1/me/factors/{first['id']}/verify", {"code": Authenticator(first["secret"]).code()}).status == 404
    assert person.post(f"/v1/me/factors/{second['id']}/verify", {"code": Authenticator(first["secret"]).code()}).status == 401
    assert person.post(f"/v1/me/factors/{second['id']}/verify", {"code": Authenticator(second["secret"]).code()}).status == 200


def test_factor_verify_ends_the_other_sessions(person):
    other = person.login_again()
    enrol(person)
    assert other.get("/v1/me").status == 401
    assert person.get("/v1/me").status == 200
    assert other.client.refresh(other.refresh).code() == "invalid_grant"


@pytest.mark.parametrize("method,path", [("GET", MISSING), ("PATCH", MISSING), ("DELETE", MISSING)])
def test_factor_get_and_the_like_do_not_know_what_is_not_the_own(client, person, method, path):
    theirs = client.signup().post("/v1/me/factors", {"type": "totp"}).json()
    for place in (path, f"/v1/me/factors/{theirs['id']}"):
        document = {"name": "x"} if method == "PATCH" else None
        assert client.request(method, place, document=document, token=person.access).status == 404


def test_factor_patch_names_it_and_null_removes_the_name(person):
    made = person.post("/v1/me/factors", {"type": "totp"}).json()
    path = f"/v1/me/factors/{made['id']}"
    assert person.patch(path, {"name": "Old phone"}).json()["name"] == "Old phone"
    assert person.patch(path, {}).json()["name"] == "Old phone"
    assert person.patch(path, {"name": None}).json()["name"] is None
    assert person.patch(path, {"confirmed": True}).status == 422


def test_factors_list_never_shows_a_seed(person):
    made = person.post("/v1/me/factors", {"type": "totp"}).json()
    _, factor = enrol(person)
    for path in ("/v1/me/factors", f"/v1/me/factors/{factor['id']}"):
        text = person.get(path).body.decode()
        assert made["secret"] not in text and "secret" not in text and not RECOVERY_CODE.search(text)


def test_factor_remove_leaves_an_account_of_one_factor(client, person):
    authenticator, factor = enrol(person)
    strong = client.__class__(client.address)
    tokens = sign_in(strong, person, authenticator)
    answer = client.request("DELETE", f"/v1/me/factors/{factor['id']}", token=tokens["access_token"])
    assert answer.status == 204
    assert client.login(person.email, person.password)
    listed = client.request("GET", "/v1/me/factors", token=tokens["access_token"]).json()
    assert (listed["data"], listed["recovery_codes_left"], listed["required"]) == ([], 0, False)
    assert person.get("/v1/me").status == 401  # the other session has ended


def test_factors_add_replaces_recovery_codes_as_a_whole(client, person):
    authenticator, factor = enrol(person)
    tokens = sign_in(client, person, authenticator)
    answer = client.post("/v1/me/factors", {"type": "recovery_codes"}, token=tokens["access_token"])
    assert answer.status == 201
    assert set(answer.json()) == {"type", "recovery_codes"}
    old = finish(client, begin(client, person)["login_token"], factor["recovery_codes"][0], "recovery")
    assert (old.status, old.code()) == (401, "code_invalid")
    new = answer.json()["recovery_codes"][0]
    assert finish(client, begin(client, person)["login_token"], new.upper().replace("-", " "), "recovery").status == 200


def test_factors_add_makes_several_programs_of_which_any_will_do(client, person):
    first, _ = enrol(person, "Phone")
    person.tokens = sign_in(client, person, first)
    second, factor = enrol(person, "Tablet")
    assert "recovery_codes" not in factor
    assert sign_in(client, person, second)
    assert sign_in(client, person, first)
    assert code_of(first.secret, 1) != code_of(second.secret, 1)
