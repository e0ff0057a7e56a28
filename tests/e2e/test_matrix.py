# SPDX-License-Identifier: MIT
"""What a caller holds x which route it is shown to x how its account is x how it was authenticated: every pair, made from
the table of routes (tests/golden/access.md, which a unit test holds to the table itself).

A route lets a caller in when it answers neither 401 nor 403: what is sent is refused for its form after that, and who might
lose something by it is there for that one request.
"""
import base64
import dataclasses
import json
import pathlib
import re
import time
import uuid

import pytest
from authtest.planted import new_password

ACCESS = pathlib.Path(__file__).resolve().parents[1] / "golden" / "access.md"
FRESH_SECONDS = 10


@dataclasses.dataclass(frozen=True)
class Route:
    id: str
    method: str
    path: str
    access: str
    scope: str
    key: str
    fresh: bool
    body: str

    def target(self):
        return re.sub(r"\{\w+\}", str(uuid.uuid4()), self.path)


def routes():
    lines = [[cell.strip() for cell in line.strip().strip("|").split("|")]
             for line in ACCESS.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    heading, rows = lines[0], lines[2:]
    for row in rows:
        cells = dict(zip(heading, row))
        yield Route(cells["route"], cells["method"], cells["path"], cells["access"], cells["scope"], cells["key"],
                    bool(cells["fresh"]), cells["body"])


BEARER = [route for route in routes() if route.access == "bearer"]
PERSONS = [route for route in BEARER if not route.scope]
SCOPED = [route for route in BEARER if route.scope]


def show(client, route, token):
    """The answer to the route's request with this bearer token and a body that no route takes."""
    document = None if route.body == "none" else {"no route has this": True}
    return client.request(route.method, route.target(), document=document, token=token)


def is_let_in(answer):
    return answer.status not in (401, 403)


def test_every_route_says_who_may_use_it():
    assert {route.access for route in routes()} <= {"public", "bearer", "client", "operations"}
    assert all(route.path.startswith("/v1/admin/") == bool(route.scope) for route in BEARER), "administration has scopes"
    assert all(route.scope.startswith("admin:") for route in SCOPED)
    assert all(route.scope.endswith(":read") == (route.method == "GET") for route in SCOPED), "who may look may not change"


# --- artefacts ------------------------------------------------------------------------------------------------------------

def unsigned(token):
    """The token's claims with a header that asks for no signature."""
    head = base64.urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt"}').rstrip(b"=").decode()
    return f"{head}.{token.split('.')[1]}."


def foreign_artefacts(client, person, robot):
    """Everything that is no access token and no API key."""
    robot_id, robot_secret = robot
    access = person.access
    return {
        "nothing": "",
        "a word": "access",
        "a refresh token": person.refresh,
        "a client secret": robot_secret,
        "a client id": robot_id,
        "an account id": client.get("/v1/me", token=access).json()["id"],
        "a password": person.password,
        "an unsigned token": unsigned(access),
        "a token cut short": access[:-1],
        "a token made longer": access + "A",
        "a token of another's claims": ".".join([access.split(".")[0], person.login_again().access.split(".")[1],
                                                access.split(".")[2]]),
        "a key that is none": "auk_" + "A" * 49,
    }


def test_what_is_no_bearer_token_opens_no_route(service, client, person, robot):
    artefacts = foreign_artefacts(client, person, robot)
    for route in BEARER:
        for name, artefact in artefacts.items():
            answer = show(client, route, artefact)
            assert answer.status == 401, (route.id, name, answer.status, answer.body)
        assert client.request(route.method, route.target()).status == 401, route.id


def test_a_token_of_a_client_opens_no_route_of_people(service, client, robot):
    answer = client.post("/oauth/token", form={"grant_type": "client_credentials"}, basic=robot)
    token = answer.json()["access_token"]
    for route in BEARER:
        answer = show(client, route, token)
        assert answer.status == 403, (route.id, answer.status, answer.body)


def test_a_person_without_roles_opens_her_own_routes_and_no_others(service, client):
    bystander = client.signup()
    for route in PERSONS:
        answer = show(client, route, client.signup().access)
        assert is_let_in(answer), (route.id, answer.status, answer.body)
    for route in SCOPED:
        answer = show(client, route, bystander.access)
        assert (answer.status, answer.code()) == (403, "insufficient_scope"), (route.id, answer.status, answer.body)


def new_key(person, *scopes):
    answer = person.post("/v1/me/keys", {"name": "matrix", "scopes": list(scopes)})
    assert answer.status == 201, answer.body
    return answer.json()["key"]


@pytest.mark.parametrize("scope", ["account", "account:read"])
def test_a_key_opens_what_its_scope_says(service, client, scope):
    for route in BEARER:
        answer = show(client, route, new_key(client.signup(), scope))
        covered = {"account": ("any", "account", "account:read"), "account:read": ("any", "account:read")}[scope]
        assert is_let_in(answer) == (route.key in covered), (route.id, route.key, answer.status, answer.body)


# --- states of accounts -------------------------------------------------------------------------------------------------------

def lock(service, person):
    service.replicas[0].run("user", "lock", person.email)


def close(service, person):  # pylint: disable=unused-argument
    assert person.delete("/v1/me").status == 202


def log_out(service, person):  # pylint: disable=unused-argument
    assert person.post("/v1/logout").status == 204


def change_password(service, person):  # pylint: disable=unused-argument
    """From another session: this one ends."""
    other = person.login_again()
    assert other.put("/v1/me/password", {"current": person.password, "new": new_password()}).status == 204


@pytest.mark.parametrize("end", [lock, close, log_out, change_password], ids=lambda end: end.__name__)
def test_an_account_or_session_that_has_ended_opens_no_route(service, client, end):
    person = client.signup()
    key = new_key(person, "account") if end in (lock, close) else None
    end(service, person)
    if service.name == "sqlite" and end is lock:
        time.sleep(6)  # a server on SQLite hears nothing of other processes
    for route in BEARER:
        for token in filter(None, (person.access, key)):
            answer = show(client, route, token)
            assert answer.status == 401, (route.id, token[:4], answer.status, answer.body)
    refreshed = client.refresh(person.refresh)
    assert (refreshed.status, refreshed.code()) == (400, "invalid_grant")


# --- assurance ----------------------------------------------------------------------------------------------------------------

def test_an_authentication_that_is_not_recent_opens_no_sensitive_route(start_alone):
    """RFC 9470: the answer says what is missing."""
    service = start_alone(AUTH_FRESH_SECONDS=str(FRESH_SECONDS))
    client = service.client()
    people = {route.id: client.signup() for route in PERSONS}
    time.sleep(FRESH_SECONDS + 1)
    for route in PERSONS:
        answer = show(client, route, people[route.id].access)
        if not route.fresh:
            assert is_let_in(answer), (route.id, answer.status, answer.body)
            continue
        assert (answer.status, answer.code()) == (401, "step_up_required"), (route.id, answer.status, answer.body)
        challenge = answer.header("WWW-Authenticate")
        assert "insufficient_user_authentication" in challenge and f'max_age="{FRESH_SECONDS}"' in challenge, challenge
        refreshed = client.refresh(people[route.id].refresh).json()
        assert show(client, route, refreshed["access_token"]).status == 401, "a refresh is no authentication"


def test_claims_of_a_token_are_what_the_matrix_says(client, person):
    claims = json.loads(base64.urlsafe_b64decode(person.access.split(".")[1] + "=="))
    assert set(claims) >= {"iss", "sub", "aud", "client_id", "iat", "exp", "jti", "sid", "auth_time", "amr"}
    assert client.get("/v1/me", token=person.access).json()["id"] == claims["sub"]
