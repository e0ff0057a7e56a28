# SPDX-License-Identifier: MIT
"""What has gone wrong elsewhere and belongs to no one part of this service."""
import contextlib
import itertools
import os
import pathlib
import re
import resource
import shutil
import signal
import statistics
import subprocess
import time
import urllib.parse

import pytest
from authtest.client import FORM, Client
from authtest.fleet import PASSWORD, Fleet
from authtest.planted import plant_tokens
from authtest.ports import free_port
from authtest.process import wait_until
from authtest.service import BINARY, READY_SECONDS, new_secret_key

NOBODY = 65534

# --- orders of ending ---------------------------------------------------------------------------------------------


class Endings:
    """People and a robot on one process, or on two that are asked in turn, and all that ends what they were given."""

    def __init__(self, fleet):
        self.fleet, self.turn = fleet, 0
        self.admin = fleet.new_account()
        fleet.replicas[0].run("role", "grant", "administrator", self.admin)

    def client(self):
        self.turn += 1
        return self.fleet.clients[self.turn % len(self.fleet.clients)]

    def call(self, method, path, document=None, token=None):
        token = token or self.sign_in(self.admin)["access_token"]
        return self.client().request(method, path, document=document, token=token)

    def sign_in(self, email):
        return self.client().login(email, PASSWORD)

    def somebody(self):
        """(address, id, id of the session, access token)"""
        email = self.fleet.new_account()
        token = self.sign_in(email)["access_token"]
        sessions = self.call("GET", "/v1/me/sessions", token=token).json()["data"]
        return email, self.call("GET", "/v1/me", token=token).json()["id"], sessions[0]["id"], token

    def is_dead(self, token):
        """Cold and warm, on each replica; the others hear of it a moment later, and then for good."""
        deadline = time.monotonic() + 1
        while {client.get("/v1/authz", token=token).status for client in self.fleet.clients} != {401}:
            if time.monotonic() > deadline:
                return False
        return {client.get("/v1/authz", token=token).status for client in self.fleet.clients * 2} == {401}

    def end_session(self, somebody):
        other = self.sign_in(somebody[0])["access_token"]
        assert self.call("DELETE", f"/v1/me/sessions/{somebody[2]}", token=other).status in (204, 404)

    def end_all(self, somebody):
        assert self.call("POST", "/v1/logout", {"scope": "all"}, token=self.sign_in(somebody[0])["access_token"]).status == 204

    def end_token(self, somebody):
        assert self.client().post("/oauth/revoke", form={"client_id": "auth", "token": somebody[3]}).status == 200

    def end_account(self, somebody):
        """It is locked and unlocked: what was given before stays dead."""
        path = f"/v1/admin/users/{somebody[1]}/lock"
        assert self.call("PUT", path).status == 204
        assert self.is_dead(somebody[3])
        assert self.call("DELETE", path).status == 204

    def end_key(self, _=None):
        """Another key signs, and the one that did is good for nothing from now on."""
        keys = self.call("GET", "/v1/admin/signing-keys").json()["data"]
        assert self.call("POST", "/v1/admin/signing-keys", {"now": True}).status == 201
        for key in keys:
            if key["state"] == "current":
                retired = self.call("PATCH", f"/v1/admin/signing-keys/{key['kid']}", {"state": "retired", "now": True})
                assert retired.status == 204, retired.body

    def robot(self):
        """(id, secret, access token)"""
        made = self.call("POST", "/v1/admin/clients", {"client_name": "Robot", "scope": "report:read"}).json()
        plant_tokens(made)
        pair = made["client_id"], made["client_secret"]
        answer = self.client().post("/oauth/token", form={"grant_type": "client_credentials"}, basic=pair)
        assert answer.status == 200, answer.body
        return *pair, answer.json()["access_token"]

    def end_robot_token(self, robot):
        assert self.client().post("/oauth/revoke", form={"token": robot[2]}, basic=robot[:2]).status == 200

    def end_client(self, robot):
        """It is disabled, which its token is dead by as long as that lasts, and enabled again."""
        path = f"/v1/admin/clients/{robot[0]}"
        assert self.call("PATCH", path, {"disabled": True}).status == 200
        assert self.is_dead(robot[2])
        assert self.call("PATCH", path, {"disabled": False}).status == 200


@pytest.fixture(scope="session", name="make_endings")
def fixture_make_endings(request, folder):
    """make_endings(engine, name, count, **settings): one of each name."""
    made = {}

    def make(engine, name, count, **settings):
        if (engine, name) not in made:
            servers = [request.getfixturevalue(each) for each in ("postgres", "redis")] if engine == "postgres" else []
            made[engine, name] = Endings(Fleet(folder, f"{name}-{engine}", *servers, count=count, **settings).start())
        return made[engine, name]

    yield make
    for endings in made.values():
        endings.fleet.stop()


@pytest.fixture(name="endings", params=["sqlite", "postgres"])
def fixture_endings(request, make_endings):
    return make_endings(request.param, "endings", 2)


@pytest.fixture(name="keyed", params=["sqlite", "postgres"])
def fixture_keyed(request, make_endings):
    """One process, which hears of a key at once and remembers nothing it has verified; others take a minute."""
    return make_endings(request.param, "keyed", 1, AUTH_SESSION_CACHE_SECONDS="0")


def assert_dead_in_every_order(endings, names, new):
    for order in itertools.permutations(names):
        given = new()
        for i, name in enumerate(order):
            getattr(endings, "end_" + name)(given)
            # A client that is enabled again has its token back.
            assert order[:i + 1] == ("client",) or endings.is_dead(given[-1]), (order, name)


def test_what_a_person_was_given_stays_dead_whatever_ends_before_or_after(endings):
    """Security incident 5: no ending hides or undoes another, in any order, on any replica."""
    assert_dead_in_every_order(endings, ["session", "all", "token", "account"], endings.somebody)


def test_what_a_client_was_given_stays_dead_whatever_ends_before_or_after(endings):
    """Security incident 5."""
    assert_dead_in_every_order(endings, ["robot_token", "client"], endings.robot)


def test_what_a_key_has_signed_stays_dead_whatever_ends_before_or_after(keyed):
    """Security incident 5: the key among the others."""
    assert_dead_in_every_order(keyed, ["session", "token", "key"], keyed.somebody)
    assert_dead_in_every_order(keyed, ["all", "key"], keyed.somebody)
    assert_dead_in_every_order(keyed, ["robot_token", "client", "key"], keyed.robot)


# --- what is long or many -----------------------------------------------------------------------------------------

TRIES = 15
# What an answer to something long may take more than one to something short; sanitizers are slow.
SLOWER_SECONDS_MAX = 0.1


def median_seconds(ask):
    """(statuses, the median of the times)"""
    statuses, times = set(), []
    for _ in range(TRIES):
        began = time.perf_counter()
        statuses.add(ask().status)
        times.append(time.perf_counter() - began)
    return statuses, statistics.median(times)


@pytest.mark.parametrize("unit", ["203.0.113.9, ", ",", "[", "for=\"[2001:db8::1]:4711\";", "a,", "::", "1.1.1.1:"])
@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_a_long_list_of_proxies_costs_little(client, name, unit):
    """Security incident 38: 8 KiB of what proxies say is passed over or refused, and fast."""
    long = (unit * 8192)[:8192 - len(name) - 4]
    _, plain = median_seconds(lambda: client.get("/v1/config"))
    statuses, seconds = median_seconds(lambda: client.get("/v1/config", headers={name: long}))
    assert statuses <= {200, 400, 431}
    assert seconds < plain + SLOWER_SECONDS_MAX, (seconds, plain)


def test_as_many_scopes_and_parameters_as_there_may_be_are_answered_fast(client, service):
    """Security incident 47."""
    letters = [a + b for a in "abcdefghijklmnop" for b in "abcdefghijk"][:170]
    scopes = " ".join(letters)  # 509 bytes of 512
    robot = service.new_oauth_client("many", "--grants", "client_credentials", "--scopes", scopes)
    grant = {"grant_type": "client_credentials"}
    _, plain = median_seconds(lambda: client.post("/oauth/token", form=grant, basic=robot))
    heavy = [
        ({200}, {**grant, "scope": scopes}),
        ({200}, {**grant, "scope": " ".join(reversed(letters))}),
        ({200, 400}, {**grant, "scope": " ".join(["aa"] * 170)}),
        ({400}, {**grant, "scope": " ".join(["aa"] * 20000)}),
        ({400}, {**grant, "scope": "a" * 60000}),
        ({200, 400}, {**grant, **{f"p{i}": "x" for i in range(60)}}),
        ({400}, {**grant, **{f"p{i}": "" for i in range(8000)}}),
        ({400}, [*grant.items(), *[("scope", "aa")] * 6000]),
        ({200, 400}, {**grant, "resource": "%" * 20000}),
    ]
    for expected, form in heavy:
        body = urllib.parse.urlencode(form).encode()
        statuses, seconds = median_seconds(lambda body=body: client.post("/oauth/token", body=body, basic=robot,
                                                                         headers={"Content-Type": FORM}))
        assert statuses <= expected, (statuses, str(form)[:80])
        assert seconds < plain + SLOWER_SECONDS_MAX, (seconds, plain, str(form)[:80])


# --- memory that outlives the process -----------------------------------------------------------------------------


@contextlib.contextmanager
def running(folder):
    """A service of somebody who is not root, in whose place cores may be as large as they like."""
    place = os.path.join(folder, "no-core")
    os.makedirs(place)
    binary = shutil.copy(BINARY, place)
    port = free_port()
    environment = {"PATH": os.environ["PATH"], "AUTH_DATA_DIR": place, "AUTH_LISTEN": f"127.0.0.1:{free_port()}",
                   "AUTH_OPS_LISTEN": f"127.0.0.1:{port}", "AUTH_SECRET_KEY": new_secret_key()}
    options = {}
    if os.getuid() == 0:
        os.chown(place, NOBODY, NOBODY)
        options = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    with open(os.path.join(place, "log"), "wb") as log:
        child = subprocess.Popen([binary, "serve"], env=environment, cwd=place, stdin=subprocess.DEVNULL, stdout=log,
                                 stderr=subprocess.STDOUT, **options)
    resource.setrlimit(resource.RLIMIT_CORE, before)

    def is_ready():
        with contextlib.suppress(OSError):
            return Client(("127.0.0.1", port)).get("/readyz").status == 200
        return False
    try:
        wait_until(is_ready, READY_SECONDS, "readiness")
        yield child, place
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()


def test_a_running_server_leaves_no_core_and_shows_nobody_its_memory(folder):
    """Security incident 56: a key was stolen from a crash dump."""
    with running(folder) as (child, place):
        limits = pathlib.Path(f"/proc/{child.pid}/limits").read_text(encoding="ascii")
        assert re.search(r"^Max core file size +0 +0 ", limits, re.MULTILINE), limits
        # It is its own user's only where the process may be dumped.
        assert os.stat(f"/proc/{child.pid}/mem").st_uid != NOBODY
        assert os.getuid() == 0 or not os.access(f"/proc/{child.pid}/mem", os.R_OK)
        os.kill(child.pid, signal.SIGSYS)  # whose default is a core
        _, status = os.waitpid(child.pid, 0)
        child.returncode = -os.WTERMSIG(status)
        assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGSYS
        assert not os.WCOREDUMP(status)
        assert not [name for name in os.listdir(place) if name.startswith("core")]
