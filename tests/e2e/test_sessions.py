# SPDX-License-Identifier: MIT
"""Sign-in, sessions, sign-out."""
import pytest

from authtest.planted import new_password

NOBODYS = "019a0000-0000-7000-8000-000000000000"


def sessions_of(person):
    return person.get("/v1/me/sessions").json()["data"]


def current_of(person):
    return next(session["id"] for session in sessions_of(person) if session["current"])


def test_login_answers_alike_for_a_wrong_password_and_an_unknown_address(client, person):
    wrong = client.post("/v1/login", {"email": person.email, "password": new_password()})
    unknown = client.post("/v1/login", {"email": client.new_email(), "password": new_password()})
    assert (wrong.status, wrong.code()) == (401, "invalid_credentials")

    def without_request(answer):
        return {name: value for name, value in answer.json().items() if name != "instance"}

    assert without_request(wrong) == without_request(unknown)
    dropped = {"date", "x-request-id"}
    assert [name for name in wrong.headers if name.lower() not in dropped] == \
        [name for name in unknown.headers if name.lower() not in dropped]


@pytest.mark.parametrize("document,pointer", [
    ({"email": "a@example.org"}, "/password"),
    ({"password": "x"}, "/email"),
    ({"email": "a@example.org", "password": ""}, "/password"),
    ({"email": "a@example.org", "password": "x", "method": "magic"}, "/method"),
    ({"email": "a@example.org", "password": "x", "remember": True}, "/remember"),
    ({"email": ["a@example.org"], "password": "x"}, "/email"),
])
def test_login_names_the_offending_field(client, document, pointer):
    answer = client.post("/v1/login", document)
    assert (answer.status, answer.code()) == (422, "validation_failed")
    assert pointer in answer.pointers()


def test_login_refuses_pages_of_foreign_origins(client, person):
    answer = client.post("/v1/login", {"email": person.email, "password": person.password},
                         headers={"Origin": "https://evil.example"})
    assert (answer.status, answer.code()) == (403, "origin_refused")
    assert answer.header("Access-Control-Allow-Origin") is None


def test_login_makes_guessing_slow_and_lets_others_in(client, person):
    other = client.signup()
    codes = [client.post("/v1/login", {"email": person.email, "password": new_password()}).status for _ in range(8)]
    assert codes[:5] == [401] * 5
    assert client.login(other.email, other.password)


def test_login_limits_each_address(start_alone):
    service = start_alone()
    client = service.client()
    statuses = []
    for _ in range(61):
        statuses.append(client.post("/v1/signup", {"email": "x"}).status)
    assert statuses[-1] == 429 and 429 not in statuses[:60]
    refused = client.post("/v1/signup", {"email": "x"})
    assert int(refused.header("Retry-After")) >= 1
    assert service.client().post("/v1/signup", {"email": "x"}).status == 422


@pytest.mark.smoke
def test_login_begins_a_session_of_its_own(client, person):
    other = person.login_again(headers={"User-Agent": "tests/1"})
    assert other.access != person.access
    listed = sessions_of(other)
    assert len(listed) == 2
    newest = listed[0]
    assert newest["current"] and newest["user_agent"] == "tests/1"
    assert newest["amr"] == ["pwd"]
    assert client.refresh(other.refresh).status == 200


def test_login_knows_the_address_in_any_case(client, person):
    name, domain = person.email.split("@")
    assert client.login(f"{name}@{domain.upper()}", person.password)


def test_logout_refuses_an_unknown_scope(person):
    answer = person.post("/v1/logout", {"scope": "everyone"})
    assert answer.status == 422 and "/scope" in answer.pointers()
    assert person.get("/v1/me").status == 200


@pytest.mark.smoke
def test_logout_ends_this_session_at_once(client, person):
    other = person.login_again()
    assert person.post("/v1/logout").status == 204
    assert person.get("/v1/me").status == 401
    assert client.refresh(person.refresh).code() == "invalid_grant"
    assert other.get("/v1/me").status == 200


def test_logout_of_the_others_keeps_this_one(person):
    other = person.login_again()
    assert person.post("/v1/logout", {"scope": "others"}).status == 204
    assert other.get("/v1/me").status == 401
    assert person.get("/v1/me").status == 200


def test_logout_of_all_keeps_none(client, person):
    other = person.login_again()
    assert other.post("/v1/logout", {"scope": "all"}).status == 204
    assert [person.get("/v1/me").status, other.get("/v1/me").status] == [401, 401]
    assert client.login(person.email, person.password)


def test_sessions_list_shows_the_own_ones_only(client, person):
    stranger = client.signup()
    mine = {session["id"] for session in sessions_of(person)}
    assert len(mine) == 1
    assert mine.isdisjoint(session["id"] for session in sessions_of(stranger))
    answer = person.get("/v1/me/sessions").json()
    assert answer["next"] is None


def test_sessions_list_is_paged_newest_first(client, person):
    others = [person.login_again() for _ in range(4)]
    ids = [current_of(other) for other in reversed(others)] + [current_of(person)]
    assert [session["id"] for session in person.every_page("/v1/me/sessions?limit=2")] == ids
    assert [session["id"] for session in person.every_page("/v1/me/sessions?limit=5")] == ids
    cursor = person.get("/v1/me/sessions?limit=2").json()["next"]
    for query in ("limit=0", "limit=201", "limit=x", "after=x", f"after={cursor}x"):
        assert person.get("/v1/me/sessions?" + query).status == 422, query
    stranger = client.signup()
    assert stranger.get(f"/v1/me/sessions?after={cursor}").json()["data"] in ([], sessions_of(stranger)), "one's own alone"


def test_sessions_end_others_keeps_the_current(person):
    others = [person.login_again() for _ in range(2)]
    assert person.delete("/v1/me/sessions").status == 204
    assert [other.get("/v1/me").status for other in others] == [401, 401]
    assert [session["current"] for session in sessions_of(person)] == [True]


@pytest.mark.parametrize("name", [NOBODYS, "x", NOBODYS.upper(), "%30" + NOBODYS[1:], NOBODYS + "/x"])
def test_session_get_refuses_what_is_not_an_own_session(person, name):
    answer = person.get(f"/v1/me/sessions/{name}")
    assert (answer.status, answer.code()) == (404, "not_found")


def test_session_get_hides_the_sessions_of_others(client, person):
    stranger = client.signup()
    assert person.get(f"/v1/me/sessions/{current_of(stranger)}").status == 404


def test_session_get_tells_one_own_session(person):
    other = person.login_again()
    answer = person.get(f"/v1/me/sessions/{current_of(other)}")
    assert answer.status == 200
    assert answer.json()["current"] is False
    assert answer.json()["expires_at"] > answer.json()["created_at"]


def test_session_end_refuses_the_sessions_of_others(client, person):
    stranger = client.signup()
    assert person.delete(f"/v1/me/sessions/{current_of(stranger)}").status == 404
    assert person.delete(f"/v1/me/sessions/{NOBODYS}").status == 404
    assert stranger.get("/v1/me").status == 200


def test_session_end_ends_one_own_session(client, person):
    other = person.login_again()
    ended = current_of(other)
    assert person.delete(f"/v1/me/sessions/{ended}").status == 204
    assert other.get("/v1/me").status == 401
    assert client.refresh(other.refresh).status == 400
    assert person.get(f"/v1/me/sessions/{ended}").status == 404
    assert person.get("/v1/me").status == 200


def test_authz_refuses_a_session_that_has_ended(person):
    other = person.login_again()
    other.post("/v1/logout")
    answer = other.get("/v1/authz")
    assert answer.status == 401
    assert answer.header("Remote-User") is None


def test_authz_tells_a_proxy_who_asks(person):
    answer = person.get("/v1/authz")
    assert answer.status == 200
    assert answer.header("Remote-User") == person.get("/v1/me").json()["id"]
    assert answer.header("Remote-Email") == person.email
