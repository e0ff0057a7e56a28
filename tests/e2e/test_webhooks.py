# SPDX-License-Identifier: MIT
"""Webhooks: security events sent to receivers on this machine, by https and http, by one server and by two."""
import concurrent.futures
import itertools
import json
import os
import threading
import time
import uuid

import pytest
from authtest.planted import plant
from authtest.process import wait_until
from authtest.receivers import Receiver, make_certificate_of_address, verify

import conftest

ADDRESS = "127.0.0.9"  # the one address of this machine that the operator allows
PATHS = itertools.count(1)
HOOKS = "/v1/admin/webhooks"


@pytest.fixture(scope="module", name="certificate")
def fixture_certificate(folder):
    return make_certificate_of_address(folder, ADDRESS)


@pytest.fixture(scope="module", name="receiver")
def fixture_receiver(certificate):
    made = Receiver(ADDRESS, certificate)
    yield made
    made.stop()


def settings_of(certificate):
    return {"AUTH_FETCH_ALLOW": ADDRESS, "AUTH_CA_FILE": certificate, "AUTH_WEBHOOK_RETRY_SECONDS": "1,1,1",
            "AUTH_WEBHOOK_TIMEOUT_SECONDS": "2"}


@pytest.fixture(scope="module", name="service", params=["sqlite", "postgres"])
def fixture_service(request, folder, certificate):
    """Services of this module's own: they may reach one address more."""
    if request.param == "sqlite":
        made = conftest.make_alone(folder, "auth-hooks", **settings_of(certificate))
    else:
        servers = request.getfixturevalue("postgres"), request.getfixturevalue("redis")
        made = conftest.make_pair(folder, *servers, name="auth-hooks-pair", **settings_of(certificate))
    made.start()
    yield made
    made.stop()


class Hook:
    """A webhook made for a test, at a path of its own."""

    def __init__(self, root, receiver, events, **fields):
        self.root, self.receiver, self.path = root, receiver, f"/hook{next(PATHS)}"
        body = {"name": "Alarms", "url": receiver.url + self.path, "events": events, **fields}
        answer = root.post(HOOKS, body)
        assert answer.status == 201, answer.body
        self.made = answer.json()
        self.tag = answer.header("ETag")
        self.secret = plant(self.made["secret"])
        self.url = f"{HOOKS}/{self.made['id']}"

    def read(self):
        return self.root.get(self.url).json()

    def deliveries(self, state=None):
        return self.root.get(self.url + "/deliveries" + (f"?state={state}" if state else "")).json()["data"]

    def wait_state(self, state, count=1, seconds=15):
        wait_until(lambda: len(self.deliveries(state)) >= count, seconds, f"{count} deliveries that are {state}")
        return self.deliveries(state)

    def wait_error(self, seconds=15):
        """Of the latest delivery, once an attempt has failed."""
        wait_until(lambda: "last_error" in self.deliveries()[0], seconds, "a failed attempt")
        return self.deliveries()[0]

    def test(self):
        answer = self.root.post(self.url + "/test")
        assert answer.status == 202, answer.body
        return answer.json()


@pytest.fixture(name="hook")
def fixture_hook(root, receiver):
    made = []

    def make(*events, **fields):
        made.append(Hook(root, receiver, list(events), **fields))
        return made[-1]

    yield make
    for one in made:
        root.delete(one.url)


# --- refused ----------------------------------------------------------------------------------------------------------------

GOOD = {"name": "x", "url": "https://hooks.example.org/", "events": ["*"]}


@pytest.mark.parametrize("change,pointer", [
    ({"name": None}, "/name"), ({"name": ""}, "/name"), ({"name": "x" * 101}, "/name"), ({"events": []}, "/events"),
    ({"events": ["login.suceeded"]}, "/events"), ({"events": ["nobody.*"]}, "/events"), ({"events": "*"}, "/events"),
    ({"secret": "whsec_mine"}, "/secret"), ({"enabled": "yes"}, "/enabled"),
    ({"url": "https://example.org/" + "x" * 2048}, "/url"), ({"url": "example.org"}, "/url"), ({"url": ""}, "/url"),
])
def test_admin_webhook_create_refuses_what_is_no_webhook(root, change, pointer):
    body = {name: value for name, value in {**GOOD, **change}.items() if value is not None}
    answer = root.post(HOOKS, body)
    assert (answer.status, answer.code()) == (422, "validation_failed")
    assert pointer in answer.pointers() or any(name.startswith(pointer + "/") for name in answer.pointers())


@pytest.mark.parametrize("url", [
    "https://127.0.0.1/", "https://10.0.0.1/", "https://192.168.0.1:8443/x", "https://169.254.169.254/latest/meta-data/",
    "https://[::1]/", "https://[fe80::1]/", "https://[::ffff:10.0.0.1]/", "https://0x7f000001/", "https://017700000001/",
    "https://0/", "http://hooks.example.org/", "http://127.0.0.1/", "https://user:password@example.org/", "ftp://example.org/",
    "gopher://example.org/", "file:///etc/passwd", "unix:///var/run/docker.sock", "https://example.org\\@10.0.0.1/",
])
def test_admin_webhook_create_refuses_addresses_that_are_not_public(root, hook, url):
    """Security incident 48: what a webhook may reach is the operator's to say."""
    answer = root.post(HOOKS, {**GOOD, "url": url})
    assert (answer.status, answer.pointers().get("/url")) == (422, "not_allowed"), answer.body
    made = hook("login.failed")
    changed = root.patch(made.url, {"url": url})
    assert (changed.status, changed.pointers().get("/url")) == (422, "not_allowed")
    assert made.read()["url"] == made.made["url"]


def test_admin_webhook_deliveries_list_shows_that_a_name_of_an_inner_address_is_refused(root, hook):
    """Security incident 48: the address counts that the name has when the connection is opened."""
    inner = Receiver("127.0.0.1")
    made = hook("webhook.enabled", url=f"https://localhost:{inner.port}/inner")
    made.test()
    row = made.wait_error()
    assert row["last_error"].startswith("refused") and "last_status" not in row
    assert not inner.requests
    inner.stop()


def test_admin_webhook_deliveries_list_shows_that_redirects_are_not_followed(receiver, hook):
    """Security incident 48: nor does a receiver say what is reached."""
    made = hook("webhook.enabled")
    receiver.answers[made.path] = [301, 302, 307, 308]
    made.test()
    row = made.wait_state("failed")[0]
    assert (row["last_status"], row["last_error"], row["attempts"]) == (308, "answered 308", 4)
    assert len(receiver.to(made.path)) == 4 and not receiver.to("/elsewhere")


def test_admin_webhook_get_refuses_others_names(root):
    for name in (uuid.uuid4(), "nobody", "x" * 300, "..%2f"):
        assert root.get(f"{HOOKS}/{name}").status == 404, name
        assert root.get(f"{HOOKS}/{name}/deliveries").status == 404, name
        assert root.patch(f"{HOOKS}/{name}", {"name": "x"}).status == 404, name
        assert root.delete(f"{HOOKS}/{name}").status == 404, name
        assert root.post(f"{HOOKS}/{name}/test").status == 404, name
        assert root.post(f"{HOOKS}/{name}/secret").status == 404, name


def test_admin_webhook_create_is_for_those_who_may(client, root, hook):
    made = hook("*")
    role = "r" + uuid.uuid4().hex[:12]
    assert root.post("/v1/admin/roles", {"name": role, "scopes": ["admin:webhooks:read"]}).status == 201
    person = client.signup()
    me = person.get("/v1/me").json()["id"]
    assert root.put(f"/v1/admin/users/{me}/roles/{role}").status in (201, 204)
    reader = person.login_again()
    assert reader.get(made.url).status == 200
    for answer in (reader.post(HOOKS, GOOD), reader.patch(made.url, {"name": "y"}), reader.delete(made.url),
                   reader.post(made.url + "/secret"), reader.post(made.url + "/test")):
        assert (answer.status, answer.code()) == (403, "insufficient_scope")


# --- administration ---------------------------------------------------------------------------------------------------------

def test_admin_webhook_create_shows_the_secret_once(root, receiver, hook):
    made = hook("login.failed", "account.*", "login.failed")
    assert made.secret.startswith("whsec_") and made.tag == '"0"'
    assert made.made["events"] == ["login.failed", "account.*"] and made.made["enabled"] is True
    shown = made.read()
    assert set(shown) == {"id", "name", "url", "events", "enabled", "created_at", "updated_at"}
    assert made.secret not in json.dumps([shown, root.get(HOOKS).json()])
    body = {**GOOD, "url": receiver.url + "/again"}
    key = {"Idempotency-Key": str(uuid.uuid4())}
    one, two = root.post(HOOKS, body, headers=key), root.post(HOOKS, body, headers=key)
    plant(one.json()["secret"])
    assert (one.status, two.status) == (201, 201) and one.json() == two.json()
    assert root.delete(one.header("Location")).status == 204


def test_admin_webhooks_list_is_paged_in_order(root, hook):
    made = [hook("login.failed").made["id"] for _ in range(5)]
    seen, after = [], ""
    while after is not None:
        page = root.get(f"{HOOKS}?limit=2{after}").json()
        assert len(page["data"]) <= 2
        seen += [row["id"] for row in page["data"]]
        after = page["next"] and "&after=" + page["next"]
    assert seen == sorted(set(seen)) and [name for name in seen if name in made] == made


def test_admin_webhook_patch_changes_one_version(root, hook):
    made = hook("login.failed")
    first = root.patch(made.url, {"name": "Other", "events": ["*"]}, headers={"If-Match": made.tag})
    assert (first.status, first.json()["name"], first.json()["events"]) == (200, "Other", ["*"])
    assert first.json()["url"] == made.made["url"], "what is not named stays"
    for stale in (made.tag, 'W/"1"', '"x"'):
        assert root.patch(made.url, {"name": "Third"}, headers={"If-Match": stale}).status == 412
        assert root.delete(made.url, headers={"If-Match": stale}).status == 412
        assert root.post(made.url + "/secret", headers={"If-Match": stale}).status == 412
    assert root.patch(made.url, {"name": "Third"}, headers={"If-Match": first.header("ETag")}).status == 200


def test_admin_webhook_patch_disables_and_enables(root, receiver, hook):
    made = hook("login.failed")
    receiver.answers[made.path] = 500
    made.test()
    made.wait_state("waiting")
    assert root.patch(made.url, {"enabled": False}).json()["enabled"] is False
    rows = made.deliveries()
    assert [row["state"] for row in rows] == ["failed"] and rows[0]["last_error"] == "the webhook was disabled"
    refused = root.post(made.url + "/test")
    assert (refused.status, refused.code()) == (409, "conflict")
    assert root.post(f"{made.url}/deliveries/{rows[0]['id']}/retry").status == 409
    receiver.answers[made.path] = 204
    assert root.patch(made.url, {"enabled": True}).json()["enabled"] is True
    made.test()
    made.wait_state("delivered")


def test_admin_webhook_delete_takes_its_deliveries_along(root, receiver, hook):
    made = hook("webhook.enabled")
    receiver.answers[made.path] = 500
    made.test()
    receiver.wait(made.path)
    assert root.delete(made.url).status == 204
    assert root.get(made.url).status == 404 and root.get(made.url + "/deliveries").status == 404
    count = len(receiver.to(made.path))
    time.sleep(2.5)
    assert len(receiver.to(made.path)) <= count + 1, "at most what was under way"


# --- deliveries -------------------------------------------------------------------------------------------------------------

def test_admin_webhook_test_arrives_signed(receiver, hook):
    made = hook("webhook.enabled")
    row = made.test()
    assert (row["type"], row["state"], row["attempts"]) == ("webhook.test", "waiting", 0)
    request = receiver.wait(made.path)[0]
    document = verify(made.secret, request.headers, request.body)
    assert set(document) == {"type", "timestamp", "data"} and document["type"] == "webhook.test"
    assert request.headers["webhook-id"] == row["id"] == document["data"]["id"]
    assert request.headers["Content-Type"] == "application/json" and request.headers["User-Agent"].startswith("auth/")
    with pytest.raises(AssertionError, match="not signed"):
        verify(made.secret, request.headers, request.body + b" ")
    with pytest.raises(AssertionError, match="not signed"):
        verify("whsec_" + "A" * 43 + "=", request.headers, request.body)
    done = made.wait_state("delivered")[0]
    assert done["last_status"] == 204 and done["attempts"] == 1 and done["last_duration_ms"] >= 0


def test_admin_webhook_create_brings_events_as_they_happen(client, root, receiver, hook):
    made = hook("login.*", "account.created")
    other = hook("password.reset")
    person = client.signup()
    client.post("/v1/login", {"email": person.email, "password": "not the one at all"})
    requests = receiver.wait(made.path, 3)
    documents = [verify(made.secret, request.headers, request.body) for request in requests]
    mine = [document for document in documents if document["data"].get("account_id")]
    assert [document["type"] for document in mine][:2] == ["account.created", "login.succeeded"]
    for document in mine:
        listed = root.get(f"/v1/admin/events?type={document['type']}&account_id={document['data']['account_id']}").json()
        told = [row for row in listed["data"] if row["id"] == document["data"]["id"]]
        assert told == [document["data"]], "the event as it is told everywhere"
        assert document["timestamp"] == document["data"]["at"]
    assert not other.deliveries() and not receiver.to(other.path)


def test_admin_webhook_deliveries_list_has_each_event_once(service, client, receiver, hook):
    """Also where two servers work on the same list."""
    made = hook("account.created")
    clients = [replica.client() for replica in service.replicas] + [client]
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        people = list(pool.map(lambda number: clients[number % len(clients)].signup(), range(24)))
    requests = receiver.wait(made.path, len(people))
    made.wait_state("delivered", len(people))
    time.sleep(1)
    ids = [request.headers["webhook-id"] for request in receiver.to(made.path)]
    assert len(requests) == len(people) and len(ids) == len(set(ids)) == len(people)
    assert {verify(made.secret, request.headers, request.body)["type"] for request in requests} == {"account.created"}
    assert all(row["attempts"] == 1 for row in made.deliveries())
    seen, after = [], ""
    while after is not None:
        page = made.root.get(f"{made.url}/deliveries?limit=7{after}").json()
        seen += [row["id"] for row in page["data"]]
        after = page["next"] and "&after=" + page["next"]
    assert seen == sorted(ids, reverse=True), "newest first"
    assert made.root.get(made.url + "/deliveries?state=lost").status == 422


def test_admin_webhook_delivery_get_shows_what_is_tried_again(receiver, hook):
    made = hook("webhook.enabled")
    receiver.answers[made.path] = [500, 503, 200]
    row = made.test()
    requests = receiver.wait(made.path, 3)
    assert {request.headers["webhook-id"] for request in requests} == {row["id"]}
    assert len({request.body for request in requests}) == 1
    for request in requests:
        verify(made.secret, request.headers, request.body)
    made.wait_state("delivered")
    read = made.root.get(f"{made.url}/deliveries/{row['id']}")
    assert read.status == 200 and read.json()["attempts"] == 3 and "last_error" not in read.json()
    assert made.root.get(f"{made.url}/deliveries/{uuid.uuid4()}").status == 404
    assert made.root.get(f"{HOOKS}/{uuid.uuid4()}/deliveries/{row['id']}").status == 404
    assert "failing_since" not in made.read()


def test_admin_webhook_delivery_retry_sends_once_more(root, receiver, hook):
    made = hook("webhook.enabled")
    row = made.test()
    made.wait_state("delivered")
    again = root.post(f"{made.url}/deliveries/{row['id']}/retry")
    assert (again.status, again.json()["state"]) == (202, "waiting")
    requests = receiver.wait(made.path, 2)
    assert requests[0].body == requests[1].body
    wait_until(lambda: made.deliveries("delivered") and made.deliveries()[0]["attempts"] == 2, 10, "the second delivery")
    assert root.post(f"{made.url}/deliveries/{uuid.uuid4()}/retry").status == 404
    other = hook("webhook.enabled")
    assert root.post(f"{other.url}/deliveries/{row['id']}/retry").status == 404, "another's"


def test_admin_webhook_delivery_retry_is_refused_while_it_is_sent(root, receiver, hook):
    made = hook("webhook.enabled")
    receiver.answers[made.path] = threading.Event()
    row = made.test()
    receiver.wait(made.path)
    refused = root.post(f"{made.url}/deliveries/{row['id']}/retry")
    assert (refused.status, refused.code()) == (409, "conflict")
    receiver.answers[made.path].set()


def test_admin_webhook_secret_rotate_overlaps(root, receiver, hook):
    made = hook("webhook.enabled")
    answer = root.post(made.url + "/secret", {"overlap_seconds": 3600})
    new = plant(answer.json()["secret"])
    assert answer.status == 200 and new != made.secret and "previous_secret_until" in made.read()
    made.test()
    request = receiver.wait(made.path)[0]
    assert verify(made.secret, request.headers, request.body) == verify(new, request.headers, request.body)
    last = plant(root.post(made.url + "/secret", {"overlap_seconds": 0}).json()["secret"])
    made.test()
    request = receiver.wait(made.path, 2)[1]
    verify(last, request.headers, request.body)
    for old in (made.secret, new):
        with pytest.raises(AssertionError, match="not signed"):
            verify(old, request.headers, request.body)
    assert root.post(made.url + "/secret", {"overlap_seconds": 604801}).status == 422
    assert root.post(made.url + "/secret", {"overlap_seconds": -1}).status == 422
    plant(root.post(made.url + "/secret").json()["secret"])


def test_a_receiver_that_is_gone_is_disabled(root, receiver, hook):
    made = hook("webhook.enabled")
    receiver.answers[made.path] = 410
    made.test()
    made.wait_state("failed")
    wait_until(lambda: made.read()["enabled"] is False, 5, "the webhook disabled")
    assert "410" in made.read()["disabled_reason"]
    wait_until(lambda: root.get("/v1/admin/events?type=webhook.disabled").json()["data"], 5, "the event")
    assert root.patch(made.url, {"enabled": True}).json().get("disabled_reason") is None


def test_a_receiver_that_hangs_holds_up_no_other(receiver, hook):
    hanging, good = [hook("account.locked") for _ in range(3)], hook("webhook.enabled")
    gate = threading.Event()
    for one in hanging:
        receiver.answers[one.path] = gate
        one.test()
    for one in hanging:
        receiver.wait(one.path)
    began = time.time()
    for number in range(5):
        good.test()
        receiver.wait(good.path, number + 1)
    assert time.time() - began < 3
    gate.set()


def test_plain_http_and_tls_that_is_not_right(hook, folder):
    """Without TLS only to an address the operator allows; a certificate of somebody else's is none."""
    plain = Receiver(ADDRESS)
    made = hook("webhook.enabled", url=plain.url + "/plain")
    made.test()
    request = plain.wait("/plain")[0]
    verify(made.secret, request.headers, request.body)
    stranger_folder = os.path.join(folder, "stranger" + uuid.uuid4().hex[:6])
    os.mkdir(stranger_folder)
    stranger = Receiver(ADDRESS, make_certificate_of_address(stranger_folder, ADDRESS))
    other = hook("webhook.enabled", url=stranger.url + "/stranger")
    other.test()
    assert other.wait_error()["last_error"].startswith("tls_failed") and not stranger.requests
    wait_until(lambda: "failing_since" in other.read(), 5, "the webhook failing")
    plain.stop()
    stranger.stop()


def test_a_restart_goes_on_with_what_waited(folder, certificate):
    service = conftest.make_alone(folder, "auth-hooks-restart", **settings_of(certificate)).start()
    person = service.client().signup()
    service.replicas[0].run("role", "grant", "administrator", person.email)
    root = person.login_again()
    receiver = Receiver(ADDRESS, certificate)
    made = Hook(root, receiver, ["account.created"])
    receiver.answers[made.path] = 500
    service.client().signup()
    receiver.wait(made.path)
    service.replicas[0].stop()
    receiver.answers[made.path] = 204
    before = len(receiver.to(made.path))
    service.start()
    requests = receiver.wait(made.path, before + 1)
    assert len({request.headers["webhook-id"] for request in requests}) == 1
    wait_until(lambda: made.deliveries("delivered"), 10, "the delivery")
    metrics = service.operations().get("/metrics").body.decode()
    assert "\nauth_webhooks_delivered_total 1\n" in metrics and "\nauth_webhooks_waiting " in metrics
    service.stop()
    receiver.stop()


def test_a_receiver_that_hangs_holds_up_no_stop(folder, certificate):
    settings = {**settings_of(certificate), "AUTH_WEBHOOK_TIMEOUT_SECONDS": "60", "AUTH_DRAIN_SECONDS": "1"}
    service = conftest.make_alone(folder, "auth-hooks-stop", **settings).start()
    person = service.client().signup()
    service.replicas[0].run("role", "grant", "administrator", person.email)
    receiver = Receiver(ADDRESS, certificate)
    made = Hook(person.login_again(), receiver, ["account.created"])
    receiver.answers[made.path] = threading.Event()
    service.client().signup()
    receiver.wait(made.path)
    began = time.monotonic()
    assert service.replicas[0].stop() == 0
    assert time.monotonic() - began < 8
    receiver.answers[made.path].set()
    receiver.stop()


# --- from the command line --------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("arguments,code", [
    (["webhook"], 2), (["webhook", "make"], 2), (["webhook", "create", "x"], 2), (["webhook", "create", "x", "https://example.org/"], 1),
    (["webhook", "create", "x", "https://10.0.0.1/", "--event", "*"], 1), (["webhook", "show", "nobody"], 1),
    (["webhook", "create", "x", "https://example.org/", "--event", "nobody.*"], 1), (["webhook", "show", str(uuid.uuid4())], 1),
    (["webhook", "change", str(uuid.uuid4()), "--name", "x"], 1), (["webhook", "change", "x", "--enable", "--disable"], 2), (["webhook", "delete", str(uuid.uuid4())], 2),
    (["webhook", "delete", str(uuid.uuid4()), "--yes"], 1), (["webhook", "secret", str(uuid.uuid4()), "--overlap", "soon"], 1),
    (["webhook", "test", str(uuid.uuid4())], 1), (["webhook", "deliveries", str(uuid.uuid4())], 1),
    (["webhook", "deliveries", str(uuid.uuid4()), "--state", "lost"], 1), (["webhook", "retry", str(uuid.uuid4()), "x"], 1),
])
def test_commands_that_are_refused_say_why(service, arguments, code):
    assert service.replicas[0].run(*arguments, expected=code) == ""


def test_commands_do_the_same(service, receiver):
    def run(*words, expected=0):
        lines = [json.loads(line) for line in service.replicas[0].run("webhook", *words, "--json", expected=expected).splitlines()]
        return lines

    path = f"/command{next(PATHS)}"
    made = run("create", "Alarms", receiver.url + path, "--event", "webhook.*", "--event", "account.locked")[0]
    secret = plant(made["secret"])
    assert made["events"] == "webhook.* account.locked" and made["enabled"] is True
    request = receiver.wait(path)[0]
    assert verify(secret, request.headers, request.body)["type"] == "webhook.created", "a command sends what it has done"
    assert [row["name"] for row in run("list") if row["id"] == made["id"]] == ["Alarms"]
    sent = run("test", made["id"])[0]
    assert (sent["state"], sent["last_status"]) == ("delivered", 204)
    assert {json.loads(one.body)["type"] for one in receiver.to(path)} >= {"webhook.created", "webhook.test"}
    plant(run("secret", made["id"], "--overlap", "60")[0]["secret"])
    receiver.answers[path] = 500
    failed = run("test", made["id"], expected=1)[0]
    assert (failed["state"], failed["last_error"]) == ("waiting", "answered 500")
    receiver.answers[path] = 204
    assert run("retry", made["id"], sent["id"])[0]["attempts"] == 2
    assert run("change", made["id"], "--name", "Other", "--disable")[0]["enabled"] is False
    assert "secret" not in run("show", made["id"])[0]
    assert {row["state"] for row in run("deliveries", made["id"])} <= {"delivered", "failed"}
    assert failed["id"] in [row["id"] for row in run("deliveries", made["id"], "--state", "failed")]
    assert service.replicas[0].run("webhook", "deliveries", made["id"]).startswith("id ")
    assert run("delete", made["id"], "--yes") == []
    assert run("show", made["id"], expected=1) == []
