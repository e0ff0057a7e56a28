# SPDX-License-Identifier: MIT
"""Administration of accounts."""
import concurrent.futures
import json
import re
import threading
import time
import urllib.parse
import uuid

import pytest
from authtest.planted import new_password, plant_tokens

USERS = "/v1/admin/users"
NOBODY = "019a0000-0000-7000-8000-000000000000"


def id_of(person):
    return person.get("/v1/me").json()["id"]


def path_of(person):
    return f"{USERS}/{id_of(person)}"


def new_email():
    return f"u{uuid.uuid4().hex[:16]}@example.org"


def make(root, **fields):
    answer = root.post(USERS, {"email": new_email(), **fields})
    assert answer.status == 201, answer.body
    return answer.json()


def walk(root, query="", limit=200):
    """All of a list, page by page."""
    rows, after = [], ""
    while True:
        page = root.get(f"{USERS}?limit={limit}{query}{after}")
        assert page.status == 200, page.body
        rows += page.json()["data"]
        if page.json()["next"] is None:
            return rows
        after = "&after=" + page.json()["next"]


def everywhere(service, token):
    """How each replica answers to the token."""
    return {replica.client().get("/v1/me", token=token).status for replica in service.replicas}


def helper(root, *scopes):
    """The token of a client with some power over the service."""
    made = root.post("/v1/admin/clients", {"client_name": "Helper", "scope": " ".join(scopes)}).json()
    plant_tokens(made)
    answer = root.client.post("/oauth/token", form={"grant_type": "client_credentials"},
                              basic=(made["client_id"], made["client_secret"]))
    return answer.json()["access_token"]


def administrator_of(service):
    person = service.client().signup()
    service.replicas[0].run("role", "grant", "administrator", person.email)
    time.sleep(5.5)  # what a server on SQLite remembers of her
    return person.login_again()


# --- making -----------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("fields,pointer", [
    ({"email": "nobody"}, "/email"), ({"email": None}, "/email"), ({"name": "a\nb"}, "/name"), ({"name": " x"}, "/name"),
    ({"locale": "en_GB"}, "/locale"), ({"external_id": "x" * 256}, "/external_id"), ({"roles": ["nobody-has-it"]}, "/roles"),
    ({"roles": ["x"] * 51}, "/roles"), ({"claims": {"sub": "x"}}, "/claims"), ({"claims": [1]}, "/claims"),
    ({"password": "chosen by an administrator"}, "/password"), ({"password_hash": "$argon2id$x"}, "/password_hash"),
    ({"status": "locked"}, "/status"), ({"id": NOBODY}, "/id"), ({"version": 7}, "/version"),
])
def test_admin_user_create_refuses_what_is_no_account(root, fields, pointer):
    """OWASP ASVS 6.4.6 among it: administrators set no passwords."""
    answer = root.post(USERS, {"email": new_email(), **fields})
    assert (answer.status, answer.code()) == (422, "validation_failed"), answer.body
    assert pointer in answer.pointers()


def test_admin_user_create_refuses_what_is_taken(root, person):
    answer = root.post(USERS, {"email": person.email.upper()})
    assert (answer.status, answer.code(), answer.pointers()) == (409, "conflict", {"/email": "taken"})
    first = make(root, external_id="hr-" + uuid.uuid4().hex)
    answer = root.post(USERS, {"email": new_email(), "external_id": first["external_id"]})
    assert (answer.status, answer.code(), answer.pointers()) == (409, "conflict", {"/external_id": "taken"})


def test_admin_user_create_gives_no_role_its_maker_may_not_give(client, root):
    for scopes in (["admin:users"], ["admin:users", "admin:roles"]):
        token = helper(root, *scopes)
        refused = client.post(USERS, {"email": new_email(), "roles": ["administrator"]}, token=token)
        assert (refused.status, refused.code()) == (403, "forbidden"), scopes
    assert client.post(USERS, {"email": new_email()}, token=token).status == 201


def test_admin_user_create_makes_an_account_without_a_password(client, root):
    answer = root.post(USERS, {"email": new_email(), "name": "Grace Hopper", "locale": "en-GB", "email_verified": True,
                               "claims": {"department": "navy"}, "roles": ["administrator"]})
    made = answer.json()
    assert answer.status == 201 and answer.header("Location") == f"{USERS}/{made['id']}"
    assert (made["has_password"], made["email_verified"], made["status"]) == (False, True, "active")
    assert made["roles"] == ["administrator"]
    assert root.get(answer.header("Location")).json() == made
    assert "navy" in json.dumps(root.get(f"{USERS}/{made['id']}/claims").json())
    for password in ("x", new_password()):
        assert client.post("/v1/login", {"email": made["email"], "password": password}).status == 401


def mailed_link(service, email):
    """From the log: where no server for mail is set, mail is printed there."""
    for _ in range(100):
        lines = [line for replica in service.replicas for line in replica.process.read_log().splitlines() if email in line]
        found = re.findall(r"lk_[\w-]+", "".join(lines))
        if found:
            return found[-1]
        time.sleep(0.1)
    raise AssertionError("no link was mailed")


def choose_password(service, client, email):
    chosen = new_password()
    answer = client.post("/v1/codes/verify", {"purpose": "reset", "token": mailed_link(service, email), "new_password": chosen})
    assert answer.status in (200, 204), answer.body
    assert client.login(email, chosen)


def test_admin_user_create_mails_a_link_for_the_first_password(service, client, root):
    made = make(root, send_link=True)
    choose_password(service, client, made["email"])
    assert root.get(f"{USERS}/{made['id']}").json()["email_verified"] is True


def test_admin_user_create_a_hundred_times_at_once_with_one_key_makes_one(root):
    """Security incident 8."""
    key, email = {"Idempotency-Key": str(uuid.uuid4())}, new_email()
    with concurrent.futures.ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(lambda _: root.post(USERS, {"email": email}, headers=key), range(100)))
    assert {answer.status for answer in answers} <= {201, 409}
    assert {answer.code() for answer in answers if answer.status == 409} <= {"request_in_progress"}
    assert len({answer.json()["id"] for answer in answers if answer.status == 201}) == 1
    assert root.post(USERS, {"email": email}, headers=key).status == 201


# --- looking ----------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("query,pointer", [
    ("status=gone", "status"), ("verified=yes", "verified"), ("created_after=yesterday", "created_after"), ("group_id=x", "group_id"),
    ("limit=0", "limit"), ("limit=201", "limit"), ("emial=x", "emial"), ("offset=10", "offset"),
    ("status=active&status=locked", "status"), (f"role=x&group_id={NOBODY}", "group_id"), ("email=nobody", "email"),
    ("after=x", "after"),
])
def test_admin_users_list_refuses_what_is_no_filter(root, query, pointer):
    answer = root.get(f"{USERS}?{query}")
    assert (answer.status, answer.code()) == (422, "validation_failed"), answer.body
    assert pointer in answer.pointers()


def test_admin_users_list_refuses_the_cursors_of_other_lists(root):
    """Security incident 45: page tokens of others reach no statement."""
    make(root)
    cursor = root.get(f"{USERS}?limit=1").json()["next"]
    for path in ("/v1/admin/groups", "/v1/admin/clients", "/v1/admin/roles"):
        assert root.get(f"{path}?after={cursor}").code() == "validation_failed", path
    assert root.post("/v1/admin/roles", {"name": "r" + uuid.uuid4().hex[:12], "scopes": []}).status == 201
    other = root.get("/v1/admin/roles?limit=1").json()["next"]
    assert other and root.get(f"{USERS}?after={other}").pointers() == {"after": "malformed"}


@pytest.mark.parametrize("text", ["' OR '1'='1", "%", "_", "\\", "a'; DROP TABLE accounts; --"])
def test_admin_users_list_takes_filters_as_they_are(root, text):
    for name in ("email_prefix", "role"):
        assert root.get(f"{USERS}?{name}={urllib.parse.quote(text)}").json() == {"data": [], "next": None}


def test_admin_users_list_filters(root):
    tag = "f" + uuid.uuid4().hex[:10]
    before, role = make(root), "r" + tag
    assert root.post("/v1/admin/roles", {"name": role, "scopes": []}).status == 201
    group = root.post("/v1/admin/groups", {"name": tag}).json()["id"]
    made = {name: make(root, email=f"{tag}.{name}@example.org", email_verified=name == "proved")
            for name in ("plain", "proved", "locked", "member", "bearer")}
    assert root.put(f"{USERS}/{made['locked']['id']}/lock").status == 204
    assert root.put(f"/v1/admin/groups/{group}/members/{made['member']['id']}").status == 204
    assert root.put(f"/v1/admin/groups/{group}/roles/{role}").status == 204
    assert root.put(f"{USERS}/{made['bearer']['id']}/roles/{role}").status == 204

    def names(query):
        found = {row["id"] for row in walk(root, query)}
        return sorted(name for name, row in made.items() if row["id"] in found)

    assert names(f"&email_prefix={tag.upper()}") == sorted(made) and len(walk(root, f"&email_prefix={tag}")) == 5
    assert names(f"&email={tag.upper()}.PLAIN@example.org") == ["plain"]
    assert walk(root, "&email=not.there@example.org") == []
    assert names(f"&email_prefix={tag}&status=locked") == ["locked"]
    assert names(f"&email_prefix={tag}&verified=true") == ["proved"]
    assert names(f"&email_prefix={tag}&verified=false") == ["bearer", "locked", "member", "plain"]
    assert names(f"&role={role}") == ["bearer", "member"] and len(walk(root, f"&role={role}")) == 2
    assert names(f"&group_id={group}") == ["member"]
    assert names(f"&created_after={made['plain']['created_at']}") == sorted(made)
    earlier = walk(root, f"&created_before={made['plain']['created_at']}")
    assert before["id"] in {row["id"] for row in earlier} and names(f"&created_before={made['plain']['created_at']}") == []


def test_admin_users_list_pages_2500_without_loss_or_repetition_while_others_come_and_go(start_alone):
    root = administrator_of(start_alone(AUTH_RATE_LIMITS="off"))
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        there = {row["id"] for row in pool.map(lambda _: make(root), range(2500))}
    stop = threading.Event()

    def meanwhile():
        later = []
        while not stop.is_set():
            later.append(make(root)["id"])
            if len(later) > 5:
                root.delete(f"{USERS}/{later.pop(0)}?now=true")

    thread = threading.Thread(target=meanwhile)
    thread.start()
    try:
        rows = [row["id"] for row in walk(root, limit=97)]
    finally:
        stop.set()
        thread.join()
    assert len(rows) == len(set(rows)) and rows == sorted(rows)
    assert there <= set(rows)


def test_admin_user_get_refuses_what_is_not_there(root):
    for name in (NOBODY, "x", "1", NOBODY.upper()):
        assert root.get(f"{USERS}/{name}").status == 404, name


# --- changing ---------------------------------------------------------------------------------------------------------------

def test_no_route_lets_a_person_make_more_of_herself(person, root):
    """Security incident 23: mass assignment, member by member, at the routes a person has."""
    path = path_of(person)
    before = root.get(path).json()
    own = {"id": NOBODY, "email_verified": True, "is_email_verified": True, "status": "active", "roles": ["administrator"],
           "role": "administrator", "groups": ["x"], "requires_mfa": False, "claims": {"x": 1}, "external_id": "x",
           "scope": "admin:users", "scopes": ["admin:users"], "version": 9, "created_at": "2026-01-01T00:00:00Z", "lock_reason": "",
           "delete_after": None, "has_password": True, "password_hash": "x", "last_login_at": None}
    routes = [("PATCH", "/v1/me", {"name": "Ada"}), ("POST", "/v1/signup", {"email": new_email(), "password": new_password()}),
              ("PUT", "/v1/me/password", {"current": person.password, "new": new_password()}),
              ("POST", "/v1/login", {"email": person.email, "password": person.password})]
    for method, where, document in routes:
        for name, value in own.items():
            answer = person.client.request(method, where, document={**document, name: value}, token=person.access)
            assert answer.status == 422 and "/" + name in answer.pointers(), (where, name, answer.body)
    assert root.get(path).json() == before
    assert person.patch(path, {"email_verified": True}).status == 403


@pytest.mark.parametrize("document,pointer", [
    ({"status": "locked"}, "/status"), ({"roles": ["administrator"]}, "/roles"), ({"password": "x"}, "/password"),
    ({"claims": {}}, "/claims"), ({"email": None}, "/email"), ({"email": "xyz"}, "/email"),
    ({"email_verified": None}, "/email_verified"), ({"name": ""}, "/name"), ({"locale": "a b"}, "/locale"), ({"id": NOBODY}, "/id"),
])
def test_admin_user_patch_refuses_what_may_not_be_changed_so(root, document, pointer):
    answer = root.patch(f"{USERS}/{make(root)['id']}", document)
    assert (answer.status, answer.code()) == (422, "validation_failed"), answer.body
    assert pointer in answer.pointers()


def test_admin_user_patch_changes_what_is_named_and_null_removes_it(root):
    path = f"{USERS}/{make(root, name='A', locale='en', external_id='x' + uuid.uuid4().hex)['id']}"
    merge = {"Content-Type": "application/merge-patch+json"}
    answer = root.patch(path, body=json.dumps({"name": None, "requires_mfa": True, "email_verified": True}).encode(), headers=merge)
    user = answer.json()
    assert answer.status == 200
    assert (user["name"], user["locale"], user["requires_mfa"], user["email_verified"]) == (None, "en", True, True)
    assert "external_id" not in root.patch(path, {"external_id": None}).json()


def test_admin_user_patch_honours_versions(root):
    path = f"{USERS}/{make(root)['id']}"
    first = root.get(path).header("ETag")
    second = root.patch(path, {"name": "B"}, headers={"If-Match": first}).header("ETag")
    assert second not in (None, first)
    for method, where, document in (("PATCH", path, {"name": "C"}), ("PUT", path + "/lock", {}), ("DELETE", path + "/lock", None),
                                    ("DELETE", path, None), ("DELETE", path + "/sessions", None)):
        answer = root.client.request(method, where, document=document, token=root.access, headers={"If-Match": first})
        assert (answer.status, answer.code()) == (412, "precondition_failed"), (method, where)
    assert root.get(path).json()["status"] == "active" and root.get(path).json()["name"] == "B"


def test_admin_user_version_is_another_after_what_its_owner_changed(root, person):
    """What an administrator has looked at is no longer so; nor is a name overwritten that was set since."""
    path = path_of(person)
    for method, where, document in (("PATCH", "/v1/me", {"name": "Mine"}), ("PATCH", "/v1/me", {"locale": "fr"}),
                                    ("PUT", "/v1/me/password", {"current": person.password, "new": new_password()}),
                                    ("DELETE", "/v1/me", None)):
        before = root.get(path).header("ETag")
        answer = person.client.request(method, where, document=document, token=person.access)
        assert answer.status in (200, 202, 204), answer.body
        assert root.get(path).header("ETag") != before, (method, where)
        assert root.patch(path, {"name": "Theirs"}, headers={"If-Match": before}).code() == "precondition_failed"


def test_admin_user_patch_of_one_version_by_many_at_once_is_done_once(root):
    path = f"{USERS}/{make(root)['id']}"
    tag = root.get(path).header("ETag")
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        statuses = sorted(pool.map(lambda n: root.patch(path, {"name": f"N{n}"}, headers={"If-Match": tag}).status, range(16)))
    assert statuses == [200] + [412] * 15


def test_admin_user_patch_of_the_address_ends_sessions_and_needs_a_new_proof(service, client, root, person):
    path, address = path_of(person), new_email()
    other = make(root, external_id="hr-" + uuid.uuid4().hex)
    for field in ("email", "external_id"):
        answer = root.patch(path, {field: other[field]})
        assert (answer.status, answer.pointers()) == (409, {"/" + field: "taken"})
    assert root.patch(path, {"email_verified": True}).json()["email_verified"] is True
    changed = root.patch(path, {"email": address}).json()
    assert (changed["email"], changed["email_verified"]) == (address, False)
    assert everywhere(service, person.access) == {401}
    assert client.post("/v1/login", {"email": person.email, "password": person.password}).status == 401
    assert client.login(address, person.password)


# --- status -----------------------------------------------------------------------------------------------------------------

def test_admin_user_lock_ends_everything_at_once_and_unlock_lets_in_again(service, client, root, person):
    """Security incident 11: a disabled account gets nothing, by no way and on no replica."""
    path = path_of(person)
    assert everywhere(service, person.access) == {200}
    assert root.put(path + "/lock", {"reason": "left\nthe company"}).status == 422
    assert root.put(path + "/lock", {"reason": "left the company"}).status == 204
    assert everywhere(service, person.access) == {401}
    for replica in service.replicas:
        there = replica.client()
        assert there.refresh(person.refresh).code() == "invalid_grant"
        assert there.post("/v1/login", {"email": person.email, "password": person.password}).status == 401
    shown = root.get(path).json()
    assert (shown["status"], shown["lock_reason"]) == ("locked", "left the company")
    assert root.put(path + "/lock").status == 204, "again, for no reason"
    assert "lock_reason" not in root.get(path).json()
    assert root.delete(path + "/lock").status == 204
    assert everywhere(service, person.access) == {401}, "what has ended stays ended"
    assert client.login(person.email, person.password)


def test_admin_user_unlock_forgets_failed_attempts(client, root, person):
    for _ in range(8):
        client.post("/v1/login", {"email": person.email, "password": "wrong " + uuid.uuid4().hex})
    assert client.post("/v1/login", {"email": person.email, "password": person.password}).status == 429
    assert root.delete(path_of(person) + "/lock").status == 204
    assert client.login(person.email, person.password)


def test_admin_user_delete_is_not_taken_back_by_its_owner(service, client, root, person):
    path = path_of(person)
    answer = root.delete(path)
    assert answer.status == 202 and answer.json()["delete_after"]
    assert everywhere(service, person.access) == {401}
    refused = client.post("/v1/login", {"email": person.email, "password": person.password})
    assert (refused.status, refused.code()) == (401, "invalid_credentials")
    assert root.get(path).json()["status"] == "closing" and root.put(path + "/lock").status == 409
    assert root.delete(path + "/lock").status == 204
    assert client.login(person.email, person.password)


def test_admin_user_delete_of_what_its_owner_has_deleted_is_final(client, root, person):
    path = path_of(person)
    assert person.delete("/v1/me").status == 202
    assert root.delete(path + "/lock").status == 409, "an owner's deletion is the owner's to take back"
    assert root.delete(path).status == 202
    assert client.post("/v1/login", {"email": person.email, "password": person.password}).status == 401


def test_admin_user_delete_now_leaves_nothing(client, root, person):
    path = path_of(person)
    assert root.delete(path + "?now=maybe").status == 422
    answer = root.delete(path + "?now=true")
    assert (answer.status, answer.json()) == (202, {})
    assert root.get(path).status == 404 and root.delete(path).status == 404
    assert client.get("/v1/me", token=person.access).status == 401
    assert path_of(client.signup(email=person.email)) != path


def test_the_last_administrator_is_neither_locked_nor_deleted(start_alone):
    root = administrator_of(start_alone())
    path = path_of(root)
    for answer in (root.put(path + "/lock"), root.delete(path), root.delete(path + "?now=true"), root.delete("/v1/me")):
        assert (answer.status, answer.code()) == (409, "conflict"), answer.body
    other = f"{USERS}/{make(root, roles=['administrator'])['id']}"
    assert root.put(other + "/lock").status == 204
    assert root.put(path + "/lock").status == 409, "the other one is locked"
    assert root.delete(other + "/lock").status == 204
    assert root.put(path + "/lock").status == 204


def test_who_has_less_power_touches_nobody_who_has_more(client, root):
    """The way up over a reset, a lock or another address is closed."""
    token, path = helper(root, "admin:users"), path_of(root)
    tries = [("PATCH", path, {"email": new_email()}), ("PATCH", path, {"name": "x"}), ("DELETE", path, None), ("PUT", path + "/lock", {}),
             ("DELETE", path + "/lock", None), ("DELETE", path + "/sessions", None), ("DELETE", path + "/password", None),
             ("DELETE", f"{path}/factors/{NOBODY}", None), ("DELETE", f"{path}/sessions/{NOBODY}", None)]
    for method, where, document in tries:
        answer = client.request(method, where, document=document, token=token)
        assert (answer.status, answer.code()) == (403, "forbidden"), (method, where, answer.body)
    assert root.get("/v1/me").status == 200
    assert client.get(path, token=token).status == 200, "looking is something else"


# --- sessions, factors, password ----------------------------------------------------------------------------------------------

def test_admin_user_sessions_list_shows_those_of_the_account(root, person):
    person.login_again()
    rows = root.get(path_of(person) + "/sessions").json()["data"]
    assert len(rows) == 2 and all(row["current"] is False for row in rows)
    assert root.get(f"{USERS}/{NOBODY}/sessions").status == 404


def test_admin_user_sessions_end_ends_all_everywhere(service, root, person):
    other = person.login_again()
    assert root.delete(path_of(person) + "/sessions").status == 204
    assert everywhere(service, person.access) == everywhere(service, other.access) == {401}
    assert root.delete(f"{USERS}/{NOBODY}/sessions").status == 404


def test_admin_user_session_end_ends_one_of_the_account(service, root, person):
    path = path_of(person)
    row = root.get(path + "/sessions").json()["data"][0]
    other = person.login_again()
    foreign = root.get(path_of(root) + "/sessions").json()["data"][0]["id"]
    for name in (NOBODY, "x", foreign):
        assert root.delete(f"{path}/sessions/{name}").status == 404, name
    assert root.delete(f"{path}/sessions/{row['id']}").status == 204
    assert (everywhere(service, person.access), everywhere(service, other.access)) == ({401}, {200})


def test_admin_user_factor_remove_takes_one_of_the_account(root, person):
    path = path_of(person)
    enrolled = person.post("/v1/me/factors", {"type": "totp"}).json()["id"]
    for wrong in (f"{path}/factors/{NOBODY}", f"{path}/factors/x", f"{path_of(root)}/factors/{enrolled}",
                  f"{USERS}/{NOBODY}/factors/{enrolled}"):
        assert root.delete(wrong).status == 404, wrong
    assert root.delete(f"{path}/factors/{enrolled}").status == 204
    assert root.get(path + "/factors").json()["data"] == []


def test_admin_user_password_forget_mails_a_link_and_ends_sessions(service, client, root, person):
    path = path_of(person)
    answer = root.delete(path + "/password")
    assert (answer.status, answer.body) == (202, b"")
    assert everywhere(service, person.access) == {401}
    assert client.post("/v1/login", {"email": person.email, "password": person.password}).status == 401
    assert root.get(path).json()["has_password"] is False
    choose_password(service, client, person.email)
    assert root.delete(f"{USERS}/{NOBODY}/password").status == 404
