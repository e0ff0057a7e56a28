# SPDX-License-Identifier: MIT
"""Throttling, and the devices an account was signed in to from: an attacker elsewhere cannot lock the owner out."""
import json
import sqlite3

import pytest

from authtest.totp import begin, enrol, finish

WRONG = "not it, not it"


def login(client, email, password, device_token=None, **options):
    body = {"email": email, "password": password}
    if device_token is not None:
        body["device_token"] = device_token
    return client.post("/v1/login", body, **options)


def lock_out(client, email, device_token=None):
    """Guesses until the throttle answers; how many were looked at."""
    for count in range(50):
        answer = login(client, email, WRONG, device_token)
        if answer.status == 429:
            assert int(answer.header("Retry-After")) >= 1
            return count
        assert answer.code() == "invalid_credentials"
    raise AssertionError("never throttled")


LONG_WAIT = {"AUTH_THROTTLE_FIRST_DELAY_SECONDS": "600"}


@pytest.fixture(scope="session", name="slow_pair")
def fixture_slow_pair(folder, postgres, redis):
    from conftest import make_pair  # pylint: disable=import-outside-toplevel,import-error
    made = make_pair(folder, postgres, redis, "auth-slow", **LONG_WAIT).start()
    yield made
    made.stop()


@pytest.fixture(name="slow", params=["sqlite", "postgres"])
def fixture_slow(request):
    """A throttle whose first wait outlasts the test: of one process, and of two that are asked in turn."""
    if request.param == "postgres":
        return request.getfixturevalue("slow_pair")
    return request.getfixturevalue("start_alone")(**LONG_WAIT)


def test_login_throttles_one_counter_for_every_spelling_of_an_address(slow):
    """Security incident 20: case and the spellings of an international domain name share what is counted."""
    client = slow.client()
    spellings = ["ada@bücher.example", "ADA@bu\u0308cher.example", "ada@xn--bcher-kva.example", "Ada@BÜCHER.example", "ada@XN--BCHER-KVA.EXAMPLE"]
    answers = [login(client, email, WRONG) for email in spellings]
    assert [answer.code() for answer in answers] == ["invalid_credentials"] * 5
    assert {login(client, email, WRONG).status for email in spellings} == {429}
    assert login(client, "ada+tag@bücher.example", WRONG).code() == "invalid_credentials"  # another address


def test_login_from_a_known_device_is_not_locked_out_by_guesses_from_elsewhere(slow):
    owner, attacker = slow.client(), slow.client()
    person = owner.signup()
    token = person.tokens["device_token"]
    assert token.startswith("dt_") and len(token) == 67
    assert lock_out(attacker, person.email) == 5
    assert login(attacker, person.email, person.password).status == 429
    answer = login(owner, person.email, person.password, token)
    assert answer.status == 200
    # Whoever signs in from a known device proves to be the owner, and the way is free for other devices, too.
    assert login(attacker, person.email, person.password).status == 200


def test_login_from_a_known_device_has_a_limit_of_its_own(slow):
    client = slow.client()
    person = client.signup()
    token = person.tokens["device_token"]
    assert lock_out(client, person.email, token) == 5
    assert login(client, person.email, person.password, token).status == 429
    assert login(client, person.email, person.password).status == 200  # the others' counter is untouched


@pytest.mark.parametrize("count", [32])
def test_login_gives_no_allowance_for_a_device_token_that_is_not_right(slow, count):
    """Security incident 14: cut, altered, of another account, of another kind."""
    client = slow.client()
    person, other = client.signup(), client.signup()
    good = person.tokens["device_token"]
    lock_out(client, person.email)
    altered = {good[:at] + ("A" if good[at] != "A" else "B") + good[at + 1:] for at in range(3, 67, 64 // count)}
    for token in altered | {good[:-1], good + "A", "", "dt_", other.tokens["device_token"], person.refresh[:100], "x" * 128}:
        assert login(client, person.email, person.password, token).status == 429
    assert login(client, person.email, person.password, "x" * 129).status == 422
    assert login(client, person.email, person.password, good).status == 200


def test_login_device_tokens_are_the_same_for_the_same_looks_and_else_another(client, person):
    token = person.tokens["device_token"]
    again = client.login(person.email, person.password)["device_token"]
    other = client.login(person.email, person.password, headers={"User-Agent": "Another/1.0"})["device_token"]
    kept = login(client, person.email, person.password, token, headers={"User-Agent": "Third/1.0"}).json()["device_token"]
    assert (again, kept) == (token, token) and other != token


def mails(service, email):
    """What lies in the outbox for an address."""
    with sqlite3.connect(service.database) as database:
        return [kind for (kind,) in database.execute("SELECT kind FROM mail_outbox WHERE recipient = ? ORDER BY id", (email,))]


def test_login_from_a_new_device_tells_the_owner_by_mail_but_the_first_time(start_alone):
    service = start_alone()
    client = service.client()
    person = client.signup()
    assert "new_device" not in mails(service, person.email)
    client.login(person.email, person.password)
    client.login(person.email, person.password, headers={"User-Agent": "Tablet/1.0"})
    assert mails(service, person.email).count("new_device") == 1
    client.login(person.email, person.password, headers={"User-Agent": "Tablet/1.0"})
    login(client, person.email, person.password, person.tokens["device_token"], headers={"User-Agent": "Renewed/2.0"})
    assert mails(service, person.email).count("new_device") == 1
    assert login(client, person.email, WRONG, headers={"User-Agent": "Eve/1.0"}).status == 401
    assert mails(service, person.email).count("new_device") == 1


def test_factor_changes_tell_the_owner_by_mail(start_alone):
    service = start_alone()
    client = service.client()
    person = client.signup()
    _, factor = enrol(person)
    strong = finish(client, begin(client, person)["login_token"], factor["recovery_codes"][0], "recovery").json()["access_token"]
    assert client.request("DELETE", f"/v1/me/factors/{factor['id']}", token=strong).status == 204
    kinds = [kind for kind in mails(service, person.email) if kind in ("factor_added", "recovery_code_used", "factor_removed")]
    assert kinds == ["factor_added", "recovery_code_used", "factor_removed"]


def test_login_device_tokens_are_off_where_policy_says_so(start_alone):
    person = start_alone(AUTH_DEVICE_SECONDS="0").client().signup()
    assert "device_token" not in person.tokens


def test_reauth_and_change_of_password_have_counters_of_their_own(slow):
    """Who guesses at the door does not keep the owner, who is signed in, from anything; nor one guess from another."""
    client = slow.client()
    person = client.signup()
    lock_out(client, person.email)
    wrong = {"method": "password", "password": WRONG}
    answers = [person.post("/v1/reauth", wrong) for _ in range(6)]
    assert [answer.status for answer in answers] == [401] * 5 + [429]
    assert answers[0].code() == "invalid_credentials"
    change = {"current": WRONG, "new": "a quite new one 4711"}
    assert [person.put("/v1/me/password", change).status for _ in range(6)] == [401] * 5 + [429]


def test_reauth_opens_the_door_again_for_who_is_signed_in(slow):
    """The owner's way back: a device that is signed in."""
    client = slow.client()
    person = client.signup()
    lock_out(client, person.email)
    assert person.post("/v1/reauth", {"method": "password", "password": person.password}).status == 200
    assert login(client, person.email, person.password).status == 200


def test_login_continue_from_a_known_device_is_counted_by_itself(slow):
    """Who has stolen the password and guesses codes does not keep the owner from using theirs."""
    owner, thief = slow.client(), slow.client()
    person = owner.signup()
    authenticator, _ = enrol(person)
    codes = [finish(thief, begin(thief, person)["login_token"], authenticator.wrong()).code() for _ in range(6)]
    assert codes == ["code_invalid"] * 5 + ["rate_limited"]
    assert finish(thief, begin(thief, person)["login_token"], authenticator.code()).code() == "rate_limited"
    mine = begin(owner, person, device_token=person.tokens["device_token"])["login_token"]
    assert finish(owner, mine, authenticator.next()).status == 200


def test_login_answers_say_nothing_of_devices(client, person):
    answers = [login(client, email, WRONG, person.tokens["device_token"]) for email in (person.email, client.new_email())]
    bodies = [json.dumps({**answer.json(), "instance": None}) for answer in answers]
    assert bodies[0] == bodies[1]


def listed(person):
    answer = person.get("/v1/me/devices")
    assert answer.status == 200, answer.body
    return answer.json()["data"]


def test_devices_list_tells_when_each_was_seen_and_nothing_that_signs_in(client, person):
    other = client.login(person.email, person.password, headers={"User-Agent": "Another/1.0"})
    again = client.login(person.email, person.password)
    devices = listed(person)
    assert len(devices) == 2 and all(set(device) == {"id", "first_seen_at", "last_seen_at"} for device in devices)
    assert devices[0]["last_seen_at"] >= devices[1]["last_seen_at"]
    assert all(device["first_seen_at"] <= device["last_seen_at"] for device in devices)
    text = json.dumps(devices)
    assert not any(token[3:19] in text for token in (other["device_token"], again["device_token"]))
    assert listed(client.signup())[0]["id"] not in {device["id"] for device in devices}


@pytest.mark.parametrize("name", ["x", "019a0000-0000-7000-8000-000000000000"])
def test_device_forget_of_what_is_no_device_is_not_found(client, person, name):
    assert person.delete(f"/v1/me/devices/{name}").status == 404
    theirs = listed(client.signup())[0]["id"]
    assert person.delete(f"/v1/me/devices/{theirs}").status == 404
    assert len(listed(person)) == 1


def test_device_forget_makes_the_device_one_of_many(slow):
    client = slow.client()
    person = client.signup()
    gone, kept = person.tokens["device_token"], client.login(person.email, person.password, headers={"User-Agent": "Tablet/1.0"})
    device = listed(person)[-1]
    assert person.delete(f"/v1/me/devices/{device['id']}").status == 204
    assert person.delete(f"/v1/me/devices/{device['id']}").status == 404
    assert [each["id"] for each in listed(person)] != [device["id"]] and len(listed(person)) == 1
    assert person.get("/v1/me").status == 200, "sessions go on"
    assert lock_out(slow.client(), person.email) == 5
    assert login(client, person.email, person.password, gone).status == 429
    assert login(client, person.email, person.password, kept["device_token"]).status == 200


def test_devices_forget_forgets_all_and_the_next_sign_in_is_told(start_alone):
    """Whoever forgets them to come in unseen is seen."""
    service = start_alone()
    client = service.client()
    person = client.signup()
    client.login(person.email, person.password, headers={"User-Agent": "Tablet/1.0"})
    before = mails(service, person.email).count("new_device")
    assert person.delete("/v1/me/devices").status == 204
    assert listed(person) == []
    assert person.delete("/v1/me/devices").status == 204
    client.login(person.email, person.password, headers={"User-Agent": "Tablet/1.0"})
    assert mails(service, person.email).count("new_device") == before + 1
    assert len(listed(person)) == 1
    with sqlite3.connect(service.database) as database:
        told = [subject for (subject,) in database.execute("SELECT subject FROM audit_events WHERE type = 'device.forgotten'")]
    assert told == ["device:all", "device:all"]
