# SPDX-License-Identifier: MIT
"""Codes and links by mail: signing in, another password, proving an address; and all they are not good for."""
import concurrent.futures
import re

import pytest

from authtest.planted import new_password

PURPOSES = ("verify", "login", "reset")
KINDS = {"verify": "verify", "login": "login_code", "reset": "password_reset"}


def ask(client, purpose, email, **options):
    return client.post("/v1/codes", {"purpose": purpose, "email": email}, **options)


def mailed(service, client, purpose, email):
    """Asks for a code and returns the mail that comes."""
    before = service.mails(email, KINDS[purpose])
    answer = ask(client, purpose, email)
    assert answer.status == 202, (answer.status, answer.body)
    return newest(service, email, KINDS[purpose], before)


def newest(service, email, kind, before):
    """The one mail more than before, whichever replica sends it."""
    service.wait_mail(email, kind, len(before) + 1)
    return next(mail for mail in service.mails(email, kind) if mail not in before)


def redeem(client, purpose, **fields):
    if purpose == "reset":
        fields.setdefault("new_password", new_password())
    return client.post("/v1/codes/verify", {"purpose": purpose, **fields})


def assert_refused(answer):
    assert (answer.status, answer.code()) == (401, "code_invalid"), answer.body


@pytest.mark.parametrize("document,pointers", [
    ({}, {"/purpose", "/email"}),
    ({"purpose": "change", "email": "a@example.org"}, {"/purpose"}),
    ({"purpose": "login", "email": "nobody"}, {"/email"}),
    ({"purpose": "login", "email": "a@example.org", "account_id": "1"}, {"/account_id"}),
])
def test_codes_ask_refuses_what_is_no_request(client, document, pointers):
    answer = client.post("/v1/codes", document)
    assert (answer.status, answer.code()) == (422, "validation_failed")
    assert set(answer.pointers()) == pointers


@pytest.mark.parametrize("purpose", PURPOSES)
def test_codes_ask_answers_alike_for_any_address(client, person, purpose):
    """Security incident 44: neither status nor body nor header tells who has an account."""
    answers = [ask(client, purpose, email) for email in (person.email, client.new_email(), "nobody@nowhere.example")]
    shapes = {(answer.status, answer.body, tuple(sorted(name for name, _ in answer.headers.items()))) for answer in answers}
    assert len(shapes) == 1
    assert set(answers[0].json()) == {"expires_in"}


def test_codes_ask_is_limited_for_each_address_whether_or_not_it_has_an_account(client, person):
    for email in (person.email, client.new_email()):
        statuses = [ask(client, "reset", email).status for _ in range(7)]
        assert statuses == [202] * 5 + [429] * 2, statuses
        refused = ask(client, "reset", email.upper())
        assert (refused.status, refused.code()) == (429, "rate_limited")
        assert 0 < int(refused.header("Retry-After")) <= 60
    assert client.login(person.email, person.password), "the account itself is not locked"


def test_codes_ask_of_an_unknown_address_sends_nothing(service, client, person):
    stranger = client.new_email()
    for purpose in PURPOSES:
        assert ask(client, purpose, stranger).status == 202
    mailed(service, client, "reset", person.email)
    assert service.mails(stranger) == []


@pytest.mark.parametrize("headers", [
    {"Host": "evil.example"}, {"X-Forwarded-Host": "evil.example"}, {"Forwarded": "host=evil.example;proto=http"},
    {"X-Forwarded-Proto": "ftp", "X-Forwarded-Server": "evil.example", "X-Original-Host": "evil.example"},
    {"X-Host": "evil.example", "X-HTTP-Host-Override": "evil.example", "X-Forwarded-Prefix": "/evil"},
])
def test_codes_ask_makes_links_from_the_issuer_alone(service, client, person, headers):
    """Security incident 36, feature incident 15: no header steers a link."""
    alone = client if service.name == "sqlite" else service.replicas[1].client()
    assert ask(alone, "reset", person.email, headers=headers).status == 202
    mail = service.wait_mail(person.email, "password_reset")
    assert mail.link.startswith("http://localhost:8080/ui/reset#lk_")
    assert "evil" not in mail.text


@pytest.mark.parametrize("document,pointers", [
    ({"purpose": "login"}, {"/email", "/code"}),
    ({"purpose": "login", "email": "a@example.org"}, {"/code"}),
    ({"purpose": "login", "email": "a@example.org", "code": "1234567"}, {"/code"}),
    ({"purpose": "login", "token": "lk_x", "email": "a@example.org", "code": "12345678"}, {"/email", "/code"}),
    ({"purpose": "login", "token": "lk_x", "new_password": "seven grey geese"}, {"/new_password"}),
    ({"purpose": "reset", "token": "lk_x"}, {"/new_password"}),
    ({"purpose": "change", "email": "a@example.org", "code": "12345678"}, {"/token", "/email", "/code"}),
])
def test_codes_verify_names_what_does_not_fit_together(client, document, pointers):
    answer = client.post("/v1/codes/verify", document)
    assert (answer.status, answer.code()) == (422, "validation_failed")
    assert set(answer.pointers()) == pointers


def test_codes_verify_refuses_a_token_with_any_character_changed(service, client, person):
    """Security incident 14: cut, lengthened or with a bit flipped, nothing is good but the whole."""
    token = mailed(service, client, "reset", person.email).token
    assert re.fullmatch(r"lk_[A-Za-z0-9_-]{49}", token)
    broken = [token[:i] + chr(ord(token[i]) ^ 1) + token[i + 1:] for i in range(0, len(token), 4)]
    broken += [token[:-1], token[:-6], token[1:], token + "=", token.upper(), token.swapcase(), "lk_", "x"]
    for text in broken:
        assert_refused(redeem(client, "reset", token=text))
    assert redeem(client, "reset", token=token).status == 204


def test_codes_verify_refuses_a_code_of_another_purpose(service, client, person):
    """Security incident 6: what was made for one thing is good for nothing else."""
    mails = {purpose: mailed(service, client, purpose, person.email) for purpose in PURPOSES}
    for made, mail in mails.items():
        for used in PURPOSES + ("change",):
            if made == used:
                continue
            assert_refused(redeem(client, used, token=mail.token))
        for path, document in (("/v1/signup", {"email": client.new_email(), "password": mail.token}),
                               ("/v1/login", {"email": person.email, "password": mail.token})):
            assert client.post(path, document).status != 200
        assert client.get("/v1/me", token=mail.token).status == 401
        assert client.refresh(mail.token).status == 400
    codes = {purpose: mail.code for purpose, mail in mails.items()}
    if len(set(codes.values())) == len(codes):
        assert_refused(redeem(client, "login", email=person.email, code=codes["reset"]))
        assert_refused(redeem(client, "reset", email=person.email, code=codes["verify"]))
    for purpose, mail in mails.items():
        if purpose != "reset":  # which ends all the others
            assert redeem(client, purpose, token=mail.token).status in (200, 204)


def test_codes_verify_refuses_a_code_of_another_address(service, client, person):
    other = client.signup()
    code = mailed(service, client, "login", person.email).code
    ask(client, "login", other.email)
    assert_refused(redeem(client, "login", email=other.email, code=code))
    assert redeem(client, "login", email=person.email.upper(), code=code).status == 200


def test_codes_verify_allows_five_wrong_codes_and_leaves_the_link(service, client, person):
    mail = mailed(service, client, "reset", person.email)
    wrong = f"{(int(mail.code) + 1) % 10 ** 8:08}"
    for _ in range(5):
        assert_refused(redeem(client, "reset", email=person.email, code=wrong))
    assert_refused(redeem(client, "reset", email=person.email, code=mail.code))
    assert client.login(person.email, person.password)
    assert redeem(client, "reset", token=mail.token).status == 204


def test_codes_verify_kills_an_older_code_with_a_newer_one(service, client, person):
    older = mailed(service, client, "login", person.email)
    newer = mailed(service, client, "login", person.email)
    assert_refused(redeem(client, "login", token=older.token))
    if older.code != newer.code:
        assert_refused(redeem(client, "login", email=person.email, code=older.code))
    assert redeem(client, "login", token=newer.token).status == 200


@pytest.mark.parametrize("by", ["token", "code"])
def test_codes_verify_lets_one_of_a_hundred_at_once_succeed(service, client, person, by):
    """Security incident 8, feature incident 13: checked and used up in one step."""
    mail = mailed(service, client, "login", person.email)
    fields = {"token": mail.token} if by == "token" else {"email": person.email, "code": mail.code}
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(lambda _: redeem(client, "login", **fields).status, range(100)))
    assert sorted(set(statuses)) == [200, 401]
    assert statuses.count(200) == 1


@pytest.mark.smoke
def test_codes_verify_signs_in_with_a_code(service, client, person):
    mail = mailed(service, client, "login", person.email)
    assert re.fullmatch(r"[0-9]{8}", mail.code)
    tokens = redeem(client, "login", email=person.email, code=mail.code).json()
    assert client.get("/v1/me", token=tokens["access_token"]).json()["email"] == person.email
    sessions = client.get("/v1/me/sessions", token=tokens["access_token"]).json()["data"]
    assert [session["amr"] for session in sessions if session["current"]] == [["email"]]
    assert_refused(redeem(client, "login", email=person.email, code=mail.code))


def test_codes_verify_takes_an_unproved_account_from_whoever_made_it(service, client):
    """Feature incident 17: signing in by mail drops the password, sessions and keys of somebody who never proved the
    address."""
    squatter = client.signup()
    key = squatter.post("/v1/me/keys", {"name": "hidden", "scopes": ["account"]}).json()["key"]
    assert client.get("/v1/me", token=key).status == 200
    mail = mailed(service, client, "login", squatter.email)
    tokens = redeem(client, "login", token=mail.token).json()
    owner = client.get("/v1/me", token=tokens["access_token"]).json()
    assert owner["email_verified"] is True
    assert squatter.get("/v1/me").status == 401
    assert client.refresh(squatter.refresh).status == 400
    assert client.get("/v1/me", token=key).status == 401
    assert client.post("/v1/login", {"email": squatter.email, "password": squatter.password}).status == 401
    chosen = new_password()
    reset = mailed(service, client, "reset", squatter.email)
    assert redeem(client, "reset", token=reset.token, new_password=chosen).status == 204
    assert client.login(squatter.email, chosen)


def test_codes_verify_keeps_the_password_of_a_proved_account(service, client, person):
    proof = mailed(service, client, "verify", person.email)
    answer = redeem(client, "verify", token=proof.token)
    assert (answer.status, answer.body) == (204, b"")
    assert person.get("/v1/me").json()["email_verified"] is True
    login = mailed(service, client, "login", person.email)
    assert redeem(client, "login", token=login.token).status == 200
    assert person.get("/v1/me").status == 200
    assert client.login(person.email, person.password)


def test_codes_verify_resets_the_password_and_ends_all_sessions(service, client, person):
    other, chosen = person.login_again(), new_password()
    mail = mailed(service, client, "reset", person.email)
    weak = redeem(client, "reset", token=mail.token, new_password="password1")
    assert weak.status == 422, "and the link stays good"
    answer = redeem(client, "reset", token=mail.token, new_password=chosen)
    assert (answer.status, answer.body) == (204, b""), "nobody is signed in by it"
    for session in (person, other):
        assert session.get("/v1/me").status == 401
        assert client.refresh(session.refresh).status == 400
    assert client.post("/v1/login", {"email": person.email, "password": person.password}).status == 401
    assert client.login(person.email, chosen)
    assert service.wait_mail(person.email, "password_changed")


def test_codes_verify_reset_is_the_way_back_for_who_was_throttled(service, client, person):
    for _ in range(6):
        client.post("/v1/login", {"email": person.email, "password": new_password()})
    assert client.post("/v1/login", {"email": person.email, "password": person.password}).status == 429
    mail, chosen = mailed(service, client, "reset", person.email), new_password()
    assert redeem(client, "reset", email=person.email, code=mail.code, new_password=chosen).status == 204
    assert client.login(person.email, chosen)


@pytest.mark.parametrize("purpose", PURPOSES)
def test_codes_verify_is_of_no_use_to_a_locked_account(service, client, person, purpose):
    mail = mailed(service, client, purpose, person.email)
    service.replicas[0].run("user", "lock", person.email)
    assert_refused(redeem(client, purpose, token=mail.token))
    answer = ask(client, purpose, person.email)
    assert answer.status == 202
    service.replicas[0].run("user", "unlock", person.email)
    assert len(service.mails(person.email, KINDS[purpose])) == 1


def test_codes_verify_signs_in_to_a_closing_account_and_resets_none(service, client, person):
    assert person.delete("/v1/me").status == 202
    assert ask(client, "reset", person.email).status == 202
    mail = mailed(service, client, "login", person.email)
    assert redeem(client, "login", token=mail.token).status == 200
    assert service.mails(person.email, "password_reset") == []


def test_codes_verify_is_refused_where_codes_do_not_sign_in(start_alone):
    client = start_alone(AUTH_CODE_SIGN_IN="off").client()
    for answer in (ask(client, "login", client.new_email()),
                   redeem(client, "login", email=client.new_email(), code="12345678")):
        assert (answer.status, answer.code()) == (403, "disabled_by_policy")


# --- another address ----------------------------------------------------------------------------------------------


def ask_change(service, person, new):
    before = service.mails(new, "email_change")
    answer = person.post("/v1/me/email", {"email": new})
    assert answer.status == 202, (answer.status, answer.body)
    return newest(service, new, "email_change", before)


@pytest.mark.parametrize("document,pointers", [({}, {"/email"}), ({"email": "nobody"}, {"/email"}),
                                               ({"email": "a@example.org", "email_verified": True}, {"/email_verified"})])
def test_me_email_ask_refuses_what_is_no_address(person, document, pointers):
    answer = person.post("/v1/me/email", document)
    assert (answer.status, answer.code()) == (422, "validation_failed")
    assert set(answer.pointers()) == pointers


def test_me_email_ask_answers_alike_for_a_taken_address_and_tells_its_owner(service, client, person):
    """Security incident 44: who changes an address does not learn who has an account."""
    other, free = client.signup(), client.new_email()
    taken_answer = person.post("/v1/me/email", {"email": other.email})
    free_answer = person.post("/v1/me/email", {"email": free})
    names = [sorted(name for name, _ in answer.headers.items()) for answer in (taken_answer, free_answer)]
    assert (taken_answer.status, taken_answer.body, names[0]) == (free_answer.status, free_answer.body, names[1])
    notice = service.wait_mail(other.email, "signup_repeated")
    assert (notice.code, notice.link) == ("", "")
    assert service.wait_mail(person.email, "email_change_asked", 2)
    assert service.mails(other.email, "email_change") == []


def test_me_email_verify_refuses_a_wrong_code_and_one_of_another_account(service, client, person):
    other, new = client.signup(), client.new_email()
    mail = ask_change(service, person, new)
    other.post("/v1/me/email", {"email": client.new_email()})
    assert_refused(other.post("/v1/me/email/verify", {"code": mail.code}))
    assert_refused(person.post("/v1/me/email/verify", {"code": f"{(int(mail.code) + 1) % 10 ** 8:08}"}))
    assert person.get("/v1/me").json()["email"] == person.email
    assert person.post("/v1/me/email/verify", {"code": mail.code}).status == 204


def test_me_email_verify_changes_the_address_and_ends_the_other_sessions(service, client, person):
    other, old, new = person.login_again(), person.email, client.new_email()
    reset = mailed(service, client, "reset", old)
    mail = ask_change(service, person, new)
    assert person.post("/v1/me/email/verify", {"code": mail.code}).status == 204
    me = person.get("/v1/me").json()
    assert (me["email"], me["email_verified"]) == (new, True)
    assert other.get("/v1/me").status == 401
    assert_refused(person.post("/v1/me/email/verify", {"code": mail.code}))
    assert_refused(redeem(client, "reset", token=reset.token))
    assert client.post("/v1/login", {"email": old, "password": person.password}).status == 401
    assert client.login(new, person.password)
    assert service.wait_mail(old, "email_changed")
    assert client.post("/v1/signup", {"email": old, "password": new_password()}).status == 202


def test_me_email_verify_by_the_link_needs_no_session(service, client, person):
    new = client.new_email()
    mail = ask_change(service, person, new)
    assert mail.link.startswith("http://localhost:8080/ui/email#lk_")
    assert redeem(client, "change", token=mail.token).status == 204
    assert_refused(redeem(client, "change", token=mail.token))
    assert person.get("/v1/me").json()["email"] == new


def test_me_email_verify_lets_one_of_two_accounts_have_an_address(service, client, person):
    """Two change to the same address at the same moment: one gets it."""
    other, new = client.signup(), client.new_email()
    tokens = [ask_change(service, someone, new).token for someone in (person, other)]
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        statuses = list(pool.map(lambda i: redeem(client, "change", token=tokens[i % 2]).status, range(20)))
    assert sorted(set(statuses)) == [204, 401] and statuses.count(204) == 1
    assert [someone.get("/v1/me").json()["email"] for someone in (person, other)].count(new) == 1
