# SPDX-License-Identifier: MIT
"""Signing in in two steps, fresh authentication and what asks for it."""
import threading
import time

import pytest

from authtest.client import Person
from authtest.totp import Authenticator, begin, claims_of, enrol, finish, sign_in

LOGIN_TOKEN = "lt_" + "A" * 49


@pytest.fixture(name="guarded")
def fixture_guarded(person):
    """Somebody with an authenticator program."""
    person.authenticator, factor = enrol(person)
    person.recovery_codes = factor["recovery_codes"]
    return person


def at_once(count, work):
    """work(number) in as many threads, begun together; what they return."""
    barrier, found = threading.Barrier(count), [None] * count

    def run(number):
        barrier.wait()
        found[number] = work(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


# --- the first step ----------------------------------------------------------------------------------------------------


def test_login_with_a_second_factor_asks_for_it_and_gives_no_token(client, guarded):
    answer = client.post("/v1/login", {"email": guarded.email, "password": guarded.password})
    assert (answer.status, answer.code()) == (401, "mfa_required")
    assert answer.header("Content-Type") == "application/problem+json"
    problem = answer.json()
    assert (problem["methods"], problem["expires_in"]) == (["totp", "recovery"], 300)
    assert problem["login_token"].startswith("lt_") and len(problem["login_token"]) == 52
    assert not {"access_token", "refresh_token", "device_token"} & set(problem)
    assert len(guarded.get("/v1/me/sessions").json()["data"]) == 1


def test_login_refuses_a_wrong_password_alike_whether_or_not_there_is_a_second_factor(client, guarded):
    """Enumeration: who does not know the password does not learn that there is a second factor."""
    plain = client.signup()
    answers = [client.post("/v1/login", {"email": email, "password": "not it, not it"})
               for email in (guarded.email, plain.email, client.new_email())]
    bodies = [{**answer.json(), "instance": None} for answer in answers]
    assert [answer.status for answer in answers] == [401] * 3
    assert bodies[0] == bodies[1] == bodies[2]
    assert bodies[0]["code"] == "invalid_credentials"
    assert len({tuple(sorted(name for name, _ in answer.headers.items())) for answer in answers}) == 1


# --- the second step ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body,pointer", [({}, "/login_token"), ({"login_token": LOGIN_TOKEN, "method": "password", "code": "1"}, "/method"),
                                          ({"login_token": LOGIN_TOKEN, "method": "totp"}, "/code"),
                                          ({"login_token": LOGIN_TOKEN, "method": "totp", "code": "1" * 65}, "/code")])
def test_login_continue_names_what_is_wrong(client, body, pointer):
    answer = client.post("/v1/login/continue", body)
    assert (answer.status, answer.code()) == (422, "validation_failed")
    assert pointer in answer.pointers()


@pytest.mark.parametrize("token", [LOGIN_TOKEN, "x", "rt_" + "A" * 75])
def test_login_continue_refuses_a_login_token_that_is_none(client, token):
    answer = finish(client, token, "123456")
    assert (answer.status, answer.code()) == (410, "expired")


def test_login_continue_refuses_every_token_of_another_kind_and_every_change_of_one(client, guarded):
    """Security incidents 6 and 14: one kind of token for another, and login tokens that are cut or altered."""
    token = begin(client, guarded)["login_token"]
    code = guarded.authenticator.next()
    for other in (guarded.access, guarded.refresh, guarded.tokens["device_token"]):
        assert finish(client, other, code).status in (410, 422)
    altered = [token[:-1], token + "A", token[:20] + ("A" if token[20] != "A" else "B") + token[21:], token.upper()]
    assert {finish(client, each, code).status for each in altered} == {410}
    assert client.get("/v1/me", token=token).status == 401
    assert client.refresh(token).code() == "invalid_grant"
    assert finish(client, token, code).status == 200


@pytest.mark.smoke
def test_login_continue_gives_tokens_of_two_factors(client, guarded):
    tokens = sign_in(client, guarded, guarded.authenticator)
    claims = claims_of(tokens["access_token"])
    assert (claims["amr"], claims["acr"]) == (["pwd", "otp", "mfa"], "aal2")
    assert abs(claims["auth_time"] - time.time()) < 5
    refreshed = claims_of(client.refresh(tokens["refresh_token"]).json()["access_token"])
    assert [refreshed[name] for name in ("amr", "acr", "auth_time", "sid")] == [claims[name] for name in ("amr", "acr", "auth_time", "sid")]
    assert claims_of(guarded.access)["acr"] == "aal1"


def test_login_continue_takes_a_recovery_code_once(client, guarded):
    code = guarded.recovery_codes[3]
    tokens = finish(client, begin(client, guarded)["login_token"], code, "recovery")
    assert tokens.status == 200
    claims = claims_of(tokens.json()["access_token"])
    assert (claims["amr"], claims["acr"]) == (["pwd", "rec", "mfa"], "aal2")
    again = finish(client, begin(client, guarded)["login_token"], code, "recovery")
    assert (again.status, again.code()) == (401, "code_invalid")
    assert client.get("/v1/me/factors", token=tokens.json()["access_token"]).json()["recovery_codes_left"] == 9


def test_login_continue_takes_no_code_of_one_kind_as_the_other(client, guarded):
    token = begin(client, guarded)["login_token"]
    assert finish(client, token, guarded.recovery_codes[0], "totp").code() == "code_invalid"
    assert finish(client, token, guarded.authenticator.code(), "recovery").code() == "code_invalid"
    assert client.post("/v1/login", {"email": guarded.email, "password": guarded.recovery_codes[0]}).code() == "invalid_credentials"


def test_login_continue_accepts_each_step_once(client, guarded):
    code = guarded.authenticator.next()
    assert finish(client, begin(client, guarded)["login_token"], code).status == 200
    again = finish(client, begin(client, guarded)["login_token"], code)
    assert (again.status, again.code()) == (401, "code_invalid")


def test_login_continue_accepts_a_step_once_on_both_replicas(service, guarded):
    """The same code at the same moment, at each process: one sign-in."""
    clients = [service.replicas[number % len(service.replicas)].client() for number in range(4)]
    tokens = [begin(client, guarded)["login_token"] for client in clients]
    code = guarded.authenticator.next()
    answers = at_once(4, lambda number: finish(clients[number], tokens[number], code))
    assert sorted(answer.status for answer in answers).count(200) == 1, [answer.body for answer in answers]


def test_login_continue_uses_a_login_token_once(client, guarded):
    token = begin(client, guarded)["login_token"]
    assert finish(client, token, guarded.authenticator.next()).status == 200
    again = finish(client, token, guarded.authenticator.next())
    assert (again.status, again.code()) == (410, "expired")


def test_login_continue_evaluates_five_codes_for_a_login_token(client, guarded):
    token = begin(client, guarded)["login_token"]
    answers = at_once(20, lambda number: finish(client, token, guarded.authenticator.wrong()))
    codes = [answer.code() for answer in answers]
    assert codes.count("code_invalid") + codes.count("rate_limited") <= 5
    assert codes.count("expired") >= 15
    assert finish(client, token, guarded.authenticator.code()).code() == "expired"


def test_login_continue_is_bound_to_the_device_it_was_begun_on(client, guarded):
    first = client.post("/v1/login", {"email": guarded.email, "password": guarded.password}, headers={"User-Agent": "Browser of Ada"})
    body = {"login_token": first.json()["login_token"], "method": "totp", "code": guarded.authenticator.next()}
    for agent in ("Browser of Eve", ""):
        answer = client.post("/v1/login/continue", body, headers={"User-Agent": agent})
        assert (answer.status, answer.code()) == (410, "expired")
    assert client.post("/v1/login/continue", body, headers={"User-Agent": "Browser of Ada"}).status == 200


def test_login_continue_of_one_account_takes_no_code_of_another(client, guarded):
    """Security incident 15: what is for one person is of no use for another."""
    other = client.signup()
    theirs, factor = enrol(other)
    token = begin(client, guarded)["login_token"]
    assert finish(client, token, theirs.next()).code() == "code_invalid"
    assert finish(client, token, factor["recovery_codes"][0], "recovery").code() == "code_invalid"


def test_login_continue_dies_with_a_change_of_password_and_with_a_lock(service, client, guarded):
    strong = sign_in(client, guarded, guarded.authenticator)
    pending = begin(client, guarded)["login_token"]
    changed = client.request("PUT", "/v1/me/password", {"current": guarded.password, "new": "a new " + guarded.password},
                             token=strong["access_token"])
    assert changed.status == 204
    assert finish(client, pending, guarded.recovery_codes[0], "recovery").code() == "expired"
    guarded.password = "a new " + guarded.password
    pending = begin(client, guarded)["login_token"]
    service.replicas[0].run("user", "lock", guarded.email)
    assert finish(client, pending, guarded.recovery_codes[1], "recovery").code() == "expired"


def test_login_continue_finished_by_a_victim_gives_the_attacker_nothing(client, guarded):
    """Security incident 16, session fixation: who began a sign-in gets nothing from who finishes it."""
    attacker, victim = client.signup(), guarded
    theirs, _ = enrol(attacker)
    planted = begin(client, attacker)["login_token"]
    assert finish(client, planted, victim.authenticator.next()).code() == "code_invalid"
    finished = finish(client, planted, theirs.next()).json()
    assert claims_of(finished["access_token"])["sub"] == claims_of(attacker.access)["sub"]
    assert finish(client, planted, theirs.next()).code() == "expired"
    assert len(victim.get("/v1/me/sessions").json()["data"]) == 1


@pytest.mark.parametrize("count", [100])
def test_login_continue_spends_a_recovery_code_once_however_many_try(client, guarded, count):
    token = begin(client, guarded)["login_token"]
    others = [begin(client, guarded)["login_token"] for _ in range(4)]
    code = guarded.recovery_codes[0]
    answers = at_once(count, lambda number: finish(client, ([token] + others)[number % 5], code, "recovery"))
    statuses = [answer.status for answer in answers]
    assert statuses.count(200) == 1
    assert set(statuses) <= {200, 401, 410, 429}


# --- an account that must and has none ---------------------------------------------------------------------------------


def test_login_enroll_is_for_who_must_have_a_factor_and_has_none(client, guarded):
    token = begin(client, guarded)["login_token"]
    answer = client.post("/v1/login/enroll", {"login_token": token})
    assert (answer.status, answer.code()) == (410, "expired")
    assert client.post("/v1/login/enroll", {"login_token": LOGIN_TOKEN}).status == 410
    assert client.post("/v1/login/enroll", {}).status == 422


def must_enrol(client, email, password):
    answer = client.post("/v1/login", {"email": email, "password": password})
    assert (answer.status, answer.code(), answer.json()["methods"]) == (401, "mfa_required", ["enroll"])
    return answer.json()["login_token"]


def test_login_enroll_adds_the_factor_on_the_way_in(start_alone):
    """AUTH_MFA=required: never let in with one factor, never locked out for having none."""
    client = start_alone(AUTH_MFA="required").client()
    email, password = client.new_email(), "correct horse battery staple 7"
    assert client.post("/v1/signup", {"email": email, "password": password}).status == 202
    token = must_enrol(client, email, password)
    assert finish(client, token, "123456").code() == "code_invalid"
    assert finish(client, token, "aaaa-bbbb", "recovery").code() == "code_invalid"
    made = client.post("/v1/login/enroll", {"login_token": token})
    assert made.status == 200
    authenticator = Authenticator(made.json()["secret"])
    assert finish(client, token, authenticator.wrong()).code() == "code_invalid"
    tokens = finish(client, token, authenticator.next())
    assert tokens.status == 200, tokens.body
    access = tokens.json()["access_token"]
    assert claims_of(access)["acr"] == "aal2"
    codes = client.post("/v1/me/factors", {"type": "recovery_codes"}, token=access)
    assert codes.status == 201
    factor = client.get("/v1/me/factors", token=access).json()["data"][0]
    removal = client.request("DELETE", f"/v1/me/factors/{factor['id']}", token=access)
    assert (removal.status, removal.code()) == (409, "conflict")


def test_login_enroll_cannot_add_a_factor_beside_one_that_is_there(start_alone):
    """Two sign-ins wait; the first that is finished decides whose factor it is."""
    client = start_alone(AUTH_MFA="required").client()
    email, password = client.new_email(), "correct horse battery staple 8"
    client.post("/v1/signup", {"email": email, "password": password})
    ours, theirs = must_enrol(client, email, password), must_enrol(client, email, password)
    mine = Authenticator(client.post("/v1/login/enroll", {"login_token": ours}).json()["secret"])
    assert finish(client, ours, mine.next()).status == 200
    assert client.post("/v1/login/enroll", {"login_token": theirs}).code() == "expired"
    assert finish(client, theirs, mine.next()).code() == "expired"


def test_login_enroll_is_offered_when_signing_up_signs_in(start_alone):
    """Security incident 18: no way in goes past the second factor."""
    client = start_alone(AUTH_MFA="required", AUTH_SIGNUP_SIGNS_IN="on").client()
    answer = client.post("/v1/signup", {"email": client.new_email(), "password": "correct horse battery staple 9"})
    assert (answer.status, answer.code(), answer.json()["methods"]) == (401, "mfa_required", ["enroll"])


# --- no way past it -----------------------------------------------------------------------------------------------------


def mailed(service, client, purpose, kind, email):
    """Asks for a code and returns the mail that comes."""
    before = len(service.mails(email, kind))
    assert client.post("/v1/codes", {"purpose": purpose, "email": email}).status == 202
    return service.wait_mail(email, kind, before + 1)


def prove_address(service, client, person):
    mail = mailed(service, client, "verify", "verify", person.email)
    assert client.post("/v1/codes/verify", {"purpose": "verify", "token": mail.token}).status in (200, 204)


def test_login_continue_follows_a_sign_in_by_code(service, client, person):
    """Security incident 18: by mail, too, the second factor is asked for. Mail is no factor (NIST SP 800-63B-4, OWASP ASVS
    6.3.6): with a code it is one, not two."""
    prove_address(service, client, person)
    authenticator, _ = enrol(person)
    mail = mailed(service, client, "login", "login_code", person.email)
    answer = client.post("/v1/codes/verify", {"purpose": "login", "token": mail.token})
    assert (answer.status, answer.code()) == (401, "mfa_required")
    assert "access_token" not in answer.json()
    tokens = finish(client, answer.json()["login_token"], authenticator.next())
    assert tokens.status == 200
    claims = claims_of(tokens.json()["access_token"])
    assert (claims["amr"], claims["acr"]) == (["email", "otp"], "aal1")
    access = tokens.json()["access_token"]
    assert client.get("/v1/authz?acr=aal2", token=access).code() == "step_up_required"
    # There is a password: what wants the best wants it, and by it the same session gets there.
    refused = client.post("/v1/me/factors", {"type": "recovery_codes"}, token=access)
    assert (refused.code(), refused.json()["acr_values"]) == ("step_up_required", "aal2")
    known = client.post("/v1/reauth", {"method": "password", "password": person.password}, token=access).json()
    best = client.post("/v1/reauth", {"method": "totp", "code": authenticator.next()}, token=known["access_token"]).json()
    claims = claims_of(best["access_token"])
    assert (claims["amr"], claims["acr"]) == (["pwd", "otp", "mfa"], "aal2")
    assert client.post("/v1/me/factors", {"type": "recovery_codes"}, token=best["access_token"]).status == 201


def by_mail(service, client, email):
    mail = mailed(service, client, "login", "login_code", email)
    return client.post("/v1/codes/verify", {"purpose": "login", "token": mail.token})


def test_login_continue_is_the_best_an_account_without_a_password_can_do(service, client):
    """Its factors are its own to change, after both steps; two factors it never is."""
    email = client.new_email()
    assert client.post("/v1/signup", {"email": email}).status == 202
    first = by_mail(service, client, email)
    assert first.status == 200, first.body
    authenticator, made = enrol(Person(client, email, None, first.json()))
    path = f"/v1/me/factors/{made['id']}"
    weak = client.request("DELETE", path, token=first.json()["access_token"])
    assert (weak.status, weak.code()) == (401, "step_up_required")
    tokens = finish(client, by_mail(service, client, email).json()["login_token"], authenticator.next()).json()
    claims = claims_of(tokens["access_token"])
    assert (claims["amr"], claims["acr"]) == (["email", "otp"], "aal1")
    assert client.get("/v1/authz?acr=aal2", token=tokens["access_token"]).code() == "step_up_required"
    assert client.request("DELETE", path, token=tokens["access_token"]).status == 204


def test_login_continue_follows_a_reset_and_what_waited_is_dead(service, client, person):
    """Security incident 18; OWASP ASVS 6.4.3: another password, and the same second factor."""
    prove_address(service, client, person)
    authenticator, _ = enrol(person)
    waiting = begin(client, person)["login_token"]
    mail = mailed(service, client, "reset", "password_reset", person.email)
    chosen = "another " + person.password
    assert client.post("/v1/codes/verify", {"purpose": "reset", "token": mail.token, "new_password": chosen}).status == 204
    assert finish(client, waiting, authenticator.next()).code() == "expired"
    person.password = chosen
    assert sign_in(client, person, authenticator)


def test_login_of_one_factor_never_grows_by_a_refresh(client, person):
    """Security incident 18: the session that was there before the factor stays one of one factor."""
    enrol(person)
    tokens = client.refresh(person.refresh).json()
    assert claims_of(tokens["access_token"])["acr"] == "aal1"
    assert client.get("/v1/authz?acr=aal2", token=tokens["access_token"]).code() == "step_up_required"


# --- fresh authentication ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body,pointer", [({}, "/method"), ({"method": "password"}, "/password"), ({"method": "totp"}, "/code"),
                                          ({"method": "recovery", "password": "x"}, "/code"), ({"method": "email"}, "/method")])
def test_reauth_names_what_is_wrong(person, body, pointer):
    answer = person.post("/v1/reauth", body)
    assert (answer.status, answer.code()) == (422, "validation_failed")
    assert pointer in answer.pointers()


def test_reauth_refuses_wrong_proofs_and_those_an_account_does_not_have(person):
    assert person.post("/v1/reauth", {"method": "password", "password": "not it, not it"}).code() == "invalid_credentials"
    assert person.post("/v1/reauth", {"method": "totp", "code": "123456"}).code() == "code_invalid"
    assert person.post("/v1/reauth", {"method": "recovery", "code": "aaaa-aaaa-aaaa-aaaa-aaaa-aaaa"}).code() == "code_invalid"


def test_reauth_by_password_makes_auth_time_fresh_and_the_old_refresh_token_dead(client, person):
    before = claims_of(person.access)
    time.sleep(1.1)
    answer = person.post("/v1/reauth", {"method": "password", "password": person.password})
    assert answer.status == 200
    after = claims_of(answer.json()["access_token"])
    assert after["auth_time"] > before["auth_time"]
    assert (after["sid"], after["acr"], after["amr"]) == (before["sid"], "aal1", ["pwd"])
    assert claims_of(person.access) == before and person.get("/v1/me").status == 200
    assert client.refresh(person.refresh).code() == "invalid_grant"
    assert client.refresh(answer.json()["refresh_token"]).code() == "invalid_grant"  # the old one's use is a theft


def test_reauth_by_totp_raises_the_same_session(client, guarded):
    answer = guarded.post("/v1/reauth", {"method": "totp", "code": guarded.authenticator.next()})
    assert answer.status == 200
    claims = claims_of(answer.json()["access_token"])
    assert (claims["sid"], claims["acr"], claims["amr"]) == (claims_of(guarded.access)["sid"], "aal2", ["pwd", "otp", "mfa"])
    refreshed = client.refresh(answer.json()["refresh_token"]).json()
    assert claims_of(refreshed["access_token"])["acr"] == "aal2"
    assert client.post("/v1/me/factors", {"type": "recovery_codes"}, token=answer.json()["access_token"]).status == 201
    assert guarded.post("/v1/me/factors", {"type": "recovery_codes"}).code() == "step_up_required"  # the old token stays


def test_reauth_by_password_alone_never_counts_as_two_factors(client, guarded):
    """A session has no more assurance than its last authentication."""
    strong = sign_in(client, guarded, guarded.authenticator)
    answer = client.post("/v1/reauth", {"method": "password", "password": guarded.password}, token=strong["access_token"])
    assert claims_of(answer.json()["access_token"])["acr"] == "aal1"
    assert claims_of(client.refresh(answer.json()["refresh_token"]).json()["access_token"])["acr"] == "aal1"


def test_reauth_uses_each_code_once(guarded):
    code = guarded.authenticator.next()
    assert guarded.post("/v1/reauth", {"method": "totp", "code": code}).status == 200
    assert guarded.post("/v1/reauth", {"method": "totp", "code": code}).code() == "code_invalid"
    recovery = {"method": "recovery", "code": guarded.recovery_codes[0]}
    assert [guarded.post("/v1/reauth", recovery).status for _ in range(2)] == [200, 401]


@pytest.mark.parametrize("query,pointer", [("acr=aal3", "acr"), ("max_age=0", "max_age"), ("max_age=x", "max_age")])
def test_authz_names_what_is_wrong_in_its_query(person, query, pointer):
    answer = person.get("/v1/authz?" + query)
    assert (answer.status, answer.code()) == (422, "validation_failed")
    assert pointer in answer.pointers()


def test_authz_answers_with_the_challenge_of_what_is_wanted(client, guarded):
    """RFC 9470 section 3."""
    weak = guarded.get("/v1/authz?acr=aal2&max_age=300")
    assert (weak.status, weak.code()) == (401, "step_up_required")
    challenge = weak.header("WWW-Authenticate")
    assert challenge.startswith("Bearer ") and 'error="insufficient_user_authentication"' in challenge
    assert challenge.endswith('acr_values="aal2", max_age="300"')
    assert (weak.json()["acr_values"], weak.json()["max_age"]) == ("aal2", 300)
    only = guarded.get("/v1/authz?acr=aal2").header("WWW-Authenticate")
    assert 'acr_values="aal2"' in only and "max_age" not in only
    fine = guarded.get("/v1/authz?acr=aal1&max_age=300")
    assert (fine.status, fine.header("Remote-Acr")) == (200, "aal1")
    strong = sign_in(client, guarded, guarded.authenticator)
    answer = client.get("/v1/authz?acr=aal2&max_age=300", token=strong["access_token"])
    assert (answer.status, answer.header("Remote-Acr")) == (200, "aal2")
    time.sleep(2)
    old = client.get("/v1/authz?acr=aal2&max_age=1", token=strong["access_token"])
    assert (old.status, old.code()) == (401, "step_up_required")
