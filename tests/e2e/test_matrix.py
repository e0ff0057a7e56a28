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
from authtest.totp import begin, enrol

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
    fresh_with: tuple  # members of the body that make it a sensitive one
    acr: str
    body: str

    def target(self):
        return re.sub(r"\{\w+\}", str(uuid.uuid4()), self.path)


def members_of(cell):
    return tuple(cell.removeprefix("with ").split(", ")) if cell.startswith("with ") else ()


def routes():
    lines = [[cell.strip() for cell in line.strip().strip("|").split("|")]
             for line in ACCESS.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    heading, rows = lines[0], lines[2:]
    for row in rows:
        cells = dict(zip(heading, row))
        yield Route(cells["route"], cells["method"], cells["path"], cells["access"], cells["scope"], cells["key"],
                    cells["fresh"] == "yes", members_of(cells["fresh"]), cells["acr"], cells["body"])


BEARER = [route for route in routes() if route.access == "bearer"]
PERSONS = [route for route in BEARER if not route.scope]
SCOPED = [route for route in BEARER if route.scope]
ADMIN_SCOPES = " ".join(sorted({route.scope for route in SCOPED}))


def show(client, route, token):
    """The answer to the route's request with this bearer token and a body that no route takes."""
    document = None if route.body == "none" else {"no route has this": True}
    return client.request(route.method, route.target(), document=document, token=token)


# A body that is well formed, with the member by which it is a sensitive one.
SENSITIVE = {"email": {"email": "somebody@example.org"},
             "requires_mfa": {"requires_mfa": False},
             "roles": {"email": "somebody@example.org", "roles": ["administrator"]},
             "groups": {"email": "somebody@example.org", "groups": [str(uuid.uuid4())]},
             "scope": {"scope": "report:read"},
             "url": {"url": "https://example.org/events"},
             "grant_types": {"grant_types": ["client_credentials"]}}


def show_sensitive(client, token, is_wanted):
    """(Route, the answer) to each request for which `is_wanted` (of its route), or what its body has, asks for more."""
    for route in BEARER:
        if is_wanted(route):
            yield route, show(client, route, token)
        for member in route.fresh_with:
            yield route, client.request(route.method, route.target(), document=SENSITIVE[member], token=token)


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
        answer = show(client, route, service.client().signup().access)
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
    one = new_key(client.signup(), scope)
    for route in BEARER:
        answer = show(client, route, one if route.scope else new_key(service.client().signup(), scope))
        covered = {"account": ("any", "account", "account:read"), "account:read": ("any", "account:read")}[scope]
        assert is_let_in(answer) == (route.key in covered), (route.id, route.key, answer.status, answer.body)


# --- states of accounts -------------------------------------------------------------------------------------------------------

def account_of(person):
    return person.get("/v1/me").json()["id"]


def lock(service, person, root):  # pylint: disable=unused-argument
    service.replicas[0].run("user", "lock", person.email)


def close(service, person, root):  # pylint: disable=unused-argument
    assert person.delete("/v1/me").status == 202


def erase(service, person, root):  # pylint: disable=unused-argument
    assert root.delete(f"/v1/admin/users/{account_of(person)}?now=true").status == 202


def log_out(service, person, root):  # pylint: disable=unused-argument
    assert person.post("/v1/logout").status == 204


def demand(service, person, root):  # pylint: disable=unused-argument
    """A second factor of who has none: the session ends when it would be refreshed."""
    assert root.put(f"/v1/admin/users/{account_of(person)}/mfa", {"required": True}).status == 204
    refreshed = person.client.refresh(person.refresh)
    assert (refreshed.status, refreshed.code()) == (400, "invalid_grant")


def change_password(service, person, root):  # pylint: disable=unused-argument
    """From another session: this one ends."""
    other = person.login_again()
    assert other.put("/v1/me/password", {"current": person.password, "new": new_password()}).status == 204


ENDS = [lock, close, erase, log_out, demand, change_password]


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
def test_an_account_or_session_that_has_ended_opens_no_route(service, client, root, end):
    person = client.signup()
    key = new_key(person, "account") if end in (lock, close, erase) else None
    end(service, person, root)
    if service.name == "sqlite" and end is lock:
        time.sleep(6)  # a server on SQLite hears nothing of other processes
    for route in BEARER:
        for token in filter(None, (person.access, key)):
            answer = show(client, route, token)
            assert answer.status == 401, (route.id, token[:4], answer.status, answer.body)
    refreshed = client.refresh(person.refresh)
    assert (refreshed.status, refreshed.code()) == (400, "invalid_grant")


# --- assurance ----------------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module", name="hasty", params=["sqlite", "postgres"])
def fixture_hasty(folder, request):
    """A service for which an authentication is soon of long ago."""
    from conftest import make_alone, make_pair  # pylint: disable=import-outside-toplevel,import-error
    settings = {"AUTH_FRESH_SECONDS": str(FRESH_SECONDS)}
    if request.param == "sqlite":
        made = make_alone(folder, "auth-hasty", **settings)
    else:
        servers = [request.getfixturevalue(name) for name in ("postgres", "redis")]
        made = make_pair(folder, *servers, name="auth_hasty", **settings)
    made.start()
    yield made
    made.stop()


def new_root(service):
    person = service.client().signup()
    service.replicas[0].run("role", "grant", "administrator", person.email)
    return person.login_again()


def all_powerful(service, root):
    """Bearer tokens that carry every scope of administration and are of no session: of a client, and a key of the person."""
    pair = service.new_oauth_client("almighty", "--grants", "client_credentials", "--scopes", ADMIN_SCOPES)
    answer = service.client().post("/oauth/token", form={"grant_type": "client_credentials"}, basic=pair)
    made = root.post("/v1/me/keys", {"name": "almighty", "scopes": ADMIN_SCOPES.split()})
    assert made.status == 201, made.body
    return {"client": answer.json()["access_token"], "key": made.json()["key"]}


def expect_step_up(route, answer, *parts):
    assert (answer.status, answer.code()) == (401, "step_up_required"), (route.id, answer.status, answer.body)
    challenge = answer.header("WWW-Authenticate")
    for part in ("insufficient_user_authentication", *parts):
        assert part in challenge, (route.id, challenge)


def test_an_authentication_that_is_not_recent_opens_no_sensitive_route(hasty):
    """RFC 9470, OWASP ASVS 7.5.3: the answer says what is missing. Clients and keys, which have none, are asked for none."""
    client = hasty.client()
    root = new_root(hasty)
    strangers = all_powerful(hasty, root)
    people = {route.id: root if route.scope or route.fresh else client.signup() for route in BEARER}
    time.sleep(FRESH_SECONDS + 1)
    for route, answer in show_sensitive(client, root.access, lambda route: route.fresh):
        expect_step_up(route, answer, f'max_age="{FRESH_SECONDS}"')
    for route in BEARER:
        if not route.fresh:
            answer = show(client, route, people[route.id].access)
            assert is_let_in(answer), (route.id, answer.status, answer.body)
    for name, token in strangers.items():
        for route in SCOPED:
            answer = show(client, route, token)
            assert is_let_in(answer), (name, route.id, answer.status, answer.body)
    refreshed = client.refresh(root.refresh).json()["access_token"]
    for route, answer in show_sensitive(client, refreshed, lambda route: route.fresh):
        assert answer.status == 401, (route.id, "a refresh is no authentication")


def test_a_sign_in_with_one_factor_of_two_opens_no_route_that_wants_the_best(service, client):
    """Security incidents 18: what asks for two factors is not reached by a session that was begun with one."""
    root = new_root(service)
    enrol(root)
    for route, answer in show_sensitive(client, root.access, lambda route: route.acr == "best"):
        expect_step_up(route, answer, 'acr_values="aal2"')
        assert answer.json()["acr_values"] == "aal2", route.id


def test_a_demand_counts_where_the_best_is_wanted_before_there_is_a_factor(service, client, root):
    """The access token of before the demand lives on for minutes: it opens nothing that is sensitive."""
    person = new_root(service)
    assert root.put(f"/v1/admin/users/{account_of(person)}/mfa", {"required": True}).status == 204
    for route, answer in show_sensitive(client, person.access, lambda route: route.acr == "best"):
        expect_step_up(route, answer, 'acr_values="aal2"')
    password = person.post("/v1/reauth", {"method": "password", "password": person.password})
    assert (password.status, password.code(), password.json()["acr_values"]) == (401, "step_up_required", "aal2")
    assert person.get("/v1/me").status == 200


def test_an_unproved_address_opens_nothing_where_it_must_be_proved(start_alone):
    service = start_alone(AUTH_SIGNUP_VERIFICATION="on")
    client = service.client()
    email, password = f"{uuid.uuid4()}@example.org", new_password()
    asked = client.post("/v1/signup", {"email": email, "password": password})
    assert asked.status == 202 and b"token" not in asked.body, asked.body
    answer = client.post("/v1/login", {"email": email, "password": password})
    assert (answer.status, answer.code()) == (401, "invalid_credentials"), answer.body


def test_claims_of_a_token_are_what_the_matrix_says(client, person):
    claims = json.loads(base64.urlsafe_b64decode(person.access.split(".")[1] + "=="))
    assert set(claims) >= {"iss", "sub", "aud", "client_id", "iat", "exp", "jti", "sid", "auth_time", "amr"}
    assert client.get("/v1/me", token=person.access).json()["id"] == claims["sub"]


# --- artefacts in bodies --------------------------------------------------------------------------------------------------------

def mail_token(service, client, person, purpose, kind):
    assert client.post("/v1/codes", {"purpose": purpose, "email": person.email}).status == 202
    return service.wait_mail(person.email, kind).token


@pytest.fixture(name="hoard")
def fixture_hoard(service, client, robot):
    """One living artefact of each kind, by name; each is somebody's, and none has been used."""
    signed_in, asker, forgetful, two_factors = (client.signup() for _ in range(4))
    hoard = {"refresh_token": signed_in.refresh, "access_token": signed_in.login_again().access,
             "api_key": new_key(client.signup(), "account"), "client_secret": robot[1],
             "login_code": mail_token(service, client, asker, "login", "login_code"),
             "reset_code": mail_token(service, client, forgetful, "reset", "password_reset"),
             "device_token": client.login(asker.email, asker.password)["device_token"]}
    enrol(two_factors)
    hoard["login_token"] = begin(client, two_factors)["login_token"]
    return hoard


# Where an artefact may be given in a body: what is its own there, and how another one is refused.
def refresh(client, value):
    return client.refresh(value)


def redeem(purpose):
    def ask(client, value):
        fields = {"new_password": new_password()} if purpose == "reset" else {}
        return client.post("/v1/codes/verify", {"purpose": purpose, "token": value, **fields})
    return ask


def go_on(client, value):
    return client.post("/v1/login/continue", {"login_token": value, "method": "totp", "code": "123456"})


def enroll(client, value):
    return client.post("/v1/login/enroll", {"login_token": value})


DOORS = {
    "refresh": (refresh, {"refresh_token"}),
    "verify": (redeem("verify"), set()),
    "login by link": (redeem("login"), {"login_code"}),
    "reset by link": (redeem("reset"), {"reset_code"}),
    "second step": (go_on, {"login_token"}),
    "enrolment in a sign-in": (enroll, {"login_token"}),
}


@pytest.mark.parametrize("door", DOORS)
def test_an_artefact_opens_no_door_but_its_own(client, hoard, door):
    """Security incidents 6 and 15: each kind at each door; and what was tried at the wrong one is good for its own still."""
    ask, own = DOORS[door]
    for name, value in hoard.items():
        if name in own:
            continue
        answer = ask(client, value)
        assert answer.status in (400, 401, 410, 422), (door, name, answer.status, answer.body)
        assert b"access_token" not in answer.body, (door, name, answer.body)
    assert client.refresh(hoard["refresh_token"]).status == 200
    assert redeem("login")(client, hoard["login_code"]).status == 200
    assert redeem("reset")(client, hoard["reset_code"]).status == 204


def test_introspection_knows_tokens_and_nothing_else(client, hoard, inspector):
    """RFC 7662 section 2.2: what is no token is not active, whoever asks."""
    active = {name for name, value in hoard.items() if client.introspect(value, inspector)["active"]}
    assert active == {"refresh_token", "access_token", "api_key"}


def test_revocation_of_what_is_no_token_changes_nothing(client, hoard, robot):
    for name, value in hoard.items():
        answer = client.post("/oauth/revoke", form={"token": value}, basic=robot)
        assert answer.status in (200, 400), (name, answer.status, answer.body)
    assert client.refresh(hoard["refresh_token"]).status == 200, "it is another client's"
    assert redeem("login")(client, hoard["login_code"]).status == 200


@pytest.mark.parametrize("artefact,door", [("login_code", "login by link"), ("reset_code", "reset by link")])
def test_a_locked_accounts_artefacts_open_nothing(service, client, artefact, door):
    """Security incidents 14 and 21: the lock holds at every door, not at sign-in alone."""
    person = client.signup()
    purpose, kind = {"login_code": ("login", "login_code"), "reset_code": ("reset", "password_reset")}[artefact]
    token = mail_token(service, client, person, purpose, kind)
    lock(service, person, None)
    answer = DOORS[door][0](client, token)
    assert b"access_token" not in answer.body
    assert answer.status == 401, (answer.status, answer.body)
    assert client.post("/v1/login", {"email": person.email, "password": person.password}).status == 401


def test_a_second_step_of_a_locked_account_opens_nothing(service, client):
    person = client.signup()
    authenticator, _ = enrol(person)
    token = begin(client, person)["login_token"]
    lock(service, person, None)
    answer = client.post("/v1/login/continue", {"login_token": token, "method": "totp", "code": authenticator.next()})
    assert answer.status in (401, 410) and b"access_token" not in answer.body, answer.body
