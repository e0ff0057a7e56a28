# SPDX-License-Identifier: MIT
"""What the API of administration does, done by a command, and seen over the API."""
import json
import uuid

import pytest
from authtest.commands import lines_of, new_email, said
from authtest.planted import new_password
from authtest.totp import enrol

NOBODY = "019a0000-0000-7000-8000-000000000000"


@pytest.fixture(scope="module", name="replica")
def fixture_replica(alone):
    return alone.replicas[0]


@pytest.fixture(scope="module", name="root")
def fixture_root(alone, replica):
    """Somebody who sees over the API what a command has done."""
    person = alone.client().signup()
    replica.run("role", "grant", "administrator", person.email)
    return person.login_again()


def id_of(person):
    return person.get("/v1/me").json()["id"]


@pytest.mark.parametrize("given", [
    "", "x", "{", "{]", '{"a":1', '{"a":1}}', '{"a":1},"b":{}', '{"a":1},"claims":{"b":2}', "[]", "null", '{"sub":"x"}',
    '{"scope":"admin:users"}', '{"\\u0073ub":"x"}', '{"a":1,"a":2}', '{"a":"' + "x" * 2048 + '"}', "{" + " " * 20000 + "}",
])
def test_claims_that_are_refused_leave_those_that_were_there(alone, replica, root, given):
    account = id_of(alone.client().signup())
    replica.run("user", "claims", account, "--replace", '{"team":"red"}')
    code, output, error = said(replica, "user", "claims", account, "--replace", "-", stdin=given)
    assert code in (1, 2) and output == "" and error.startswith("auth user: "), (code, output, error)
    assert root.get(f"/v1/admin/users/{account}/claims").json() == {"claims": {"team": "red"}}


def test_claims_are_shown_and_replaced_from_a_word_a_file_and_standard_input(alone, replica, root, tmp_path):
    person = alone.client().signup()
    account = id_of(person)
    seen = lambda: root.get(f"/v1/admin/users/{account}/claims").json()["claims"]  # noqa: E731
    assert json.loads(replica.run("user", "claims", person.email, "--json")) == {"claims": {}}
    printed = replica.run("user", "claims", person.email, "--replace", ' { "team" : "red", "floor": 3 } ', "--json")
    assert json.loads(printed) == {"claims": {"team": "red", "floor": 3}} and seen() == {"team": "red", "floor": 3}
    assert replica.run("user", "claims", account).split() == ["claims", '{"floor":3,"team":"red"}']
    file = tmp_path / "claims.json"
    file.write_text('{\n  "team": "blue"\n}\n', encoding="utf-8")
    replica.run("user", "claims", account, "--replace", str(file))
    assert seen() == {"team": "blue"}
    replica.run("user", "claims", account, "--replace", "-", stdin="{}\n")
    assert seen() == {}
    noted = lines_of(replica.run("audit", "list", "--account", account, "--type", "account.claims_changed", "--json"))
    assert len(noted) == 3 and all(event["actor"].startswith("command:") for event in noted)


def test_invitations_are_listed_and_revoked(alone, replica, root):
    client, role = alone.client(), "r" + uuid.uuid4().hex[:12]
    replica.run("role", "create", role)
    email, other = new_email(), new_email()
    for address in (email, other):
        replica.run("user", "invite", address, "--roles", role, "--print-link")
    link = json.loads(replica.run("user", "invite", email, "--roles", role, "--print-link", "--json"))["url"]
    listed = {row["email"]: row for row in lines_of(replica.run("invitation", "list", "--json"))}
    over_api = {row["email"]: row for row in root.every_page("/v1/admin/invitations?limit=200")}
    assert listed[email] == over_api[email] and listed[email]["roles"] == [role]
    table = replica.run("invitation", "list").splitlines()
    assert table[0].split() == ["id", "email", "roles", "groups", "expires_at", "accepted_at"]
    assert any(listed[email]["id"] in line and email in line for line in table)
    assert lines_of(replica.run("invitation", "show", listed[email]["id"], "--json")) == [listed[email]]
    assert replica.run("invitation", "revoke", listed[email]["id"]) == ""
    assert root.get(f"/v1/admin/invitations/{listed[email]['id']}").status == 404
    signed_up = client.post("/v1/signup", {"email": email, "password": new_password(), "invite": link.split("#")[1]})
    assert signed_up.code() == "code_invalid"
    replica.run("invitation", "revoke", listed[email]["id"], expected=1)
    assert other in replica.run("invitation", "list")


def test_an_invitation_that_was_accepted_is_not_revoked(alone, replica):
    email = new_email()
    link = json.loads(replica.run("user", "invite", email, "--print-link", "--json"))["url"]
    answer = alone.client().post("/v1/signup", {"email": email, "password": new_password(), "invite": link.split("#")[1]})
    assert answer.status in (200, 201, 202), answer.body
    row = next(row for row in lines_of(replica.run("invitation", "list", "--json")) if row["email"] == email)
    assert row["accepted_at"] and row["account_id"]
    code, _, error = said(replica, "invitation", "revoke", row["id"])
    assert code == 1 and f"it was accepted: its account is there; see: auth invitation show {row['id']}" in error
    assert row["account_id"] in replica.run("invitation", "show", row["id"])


def test_a_group_is_shown_with_its_roles_and_changed(replica, root):
    name, other, role = ("g" + uuid.uuid4().hex[:12] for _ in range(3))
    group = json.loads(replica.run("group", "create", name, "--description", "Those", "--json"))["id"]
    replica.run("group", "create", other)
    replica.run("role", "create", role)
    replica.run("role", "grant", role, "--group", name)
    shown = json.loads(replica.run("group", "show", name, "--json"))
    assert (shown["id"], shown["name"], shown["description"], shown["roles"]) == (group, name, "Those", [role])
    code, _, error = said(replica, "group", "create", name)
    assert code == 1 and f"there is such a group already; see: auth group show {name}" in error
    code, _, error = said(replica, "group", "set", name, "--name", other)
    assert code == 1 and f"another group is called {other}" in error
    for refused in ("", "a,b", "x" * 65):
        replica.run("group", "set", name, "--name", refused, expected=1)
    replica.run("group", "set", name, "--description", "x" * 201, expected=1)
    changed = json.loads(replica.run("group", "set", name, "--name", name + "2", "--description", "", "--json"))
    assert changed["name"] == name + "2" and "description" not in changed and changed["roles"] == [role]
    over_api = root.get(f"/v1/admin/groups/{group}").json()
    assert (over_api["name"], over_api["description"]) == (name + "2", None)
    table = dict(line.split(None, 1) for line in replica.run("group", "show", group).splitlines())
    assert table["name"].strip() == name + "2" and table["roles"].strip() == role


def test_a_role_is_shown_and_changed(replica, root):
    role = "r" + uuid.uuid4().hex[:12]
    replica.run("role", "create", role, "--scopes", "a:read", "--description", "Reads")
    assert json.loads(replica.run("role", "show", role, "--json")) == {
        key: value for key, value in root.get(f"/v1/admin/roles/{role}").json().items() if value is not None}
    replica.run("role", "set", role, "--scopes", 'a"b', expected=1)
    replica.run("role", "set", role, "--description", "x" * 201, expected=1)
    changed = json.loads(replica.run("role", "set", role, "--scopes", "a:read b:write", "--json"))
    assert (changed["scopes"], changed["description"]) == (["a:read", "b:write"], "Reads")
    replica.run("role", "set", role, "--scopes", "", "--description", "Nothing")
    over_api = root.get(f"/v1/admin/roles/{role}").json()
    assert (over_api["scopes"], over_api["description"]) == ([], "Nothing")
    assert "admin:users" in replica.run("role", "show", "administrator")
    code, _, error = said(replica, "role", "set", "administrator", "--description", "x")
    assert code == 1 and "built-in role" in error
    scopes = lines_of(replica.run("role", "scopes", "--json"))
    assert scopes == root.get("/v1/admin/scopes").json()["data"] and "admin:users:read" in replica.run("role", "scopes")


def test_signing_keys_are_rotated_and_retired(start_alone):
    service = start_alone()
    replica = service.replicas[0]
    person = service.client().signup()
    replica.run("role", "grant", "administrator", person.email)
    root = person.login_again()
    first = lines_of(replica.run("key", "list", "--json"))[0]["kid"]
    for arguments, way in (([], "auth key rotate\n"), (["--now", "--yes"], "auth key rotate --now\n")):
        code, output, error = said(replica, "key", "retire", *arguments, "--", first)
        assert (code, output) == (1, "") and error.endswith(way), error
    following = json.loads(replica.run("key", "rotate", "--json"))
    assert json.loads(replica.run("key", "show", "--json", "--", following["kid"])) == following
    assert following["state"] == "next" and following["algorithm"] and "remove_at" not in following
    # One that has signed nothing is gone at once.
    assert replica.run("key", "retire", "--", following["kid"]) == ""
    assert [key["kid"] for key in root.get("/v1/admin/signing-keys").json()["data"]] == [first]
    second = replica.run("key", "rotate", "--now").strip()
    retired = json.loads(replica.run("key", "retire", "--json", "--", first))
    assert (retired["kid"], retired["state"]) == (first, "retired") and retired["remove_at"]
    states = {key["kid"]: key["state"] for key in root.get("/v1/admin/signing-keys").json()["data"]}
    assert states == {first: "retired", second: "current"}
    assert said(replica, "key", "retire", "--now", "--", first)[0] == 2
    assert replica.run("key", "retire", "--now", "--yes", "--", first) == ""
    assert [key["kid"] for key in lines_of(replica.run("key", "list", "--json"))] == [second]
    noted = lines_of(replica.run("audit", "list", "--type", "signing_key.retired", "--json"))
    assert len(noted) == 3


def test_one_session_ends_and_the_others_go_on(alone, replica, root):
    person, other = alone.client().signup(), alone.client().signup()
    second = person.login_again()
    sessions = [row["id"] for row in lines_of(replica.run("user", "sessions", person.email, "--json"))]
    foreign = lines_of(replica.run("user", "sessions", other.email, "--json"))[0]["id"]
    account = id_of(person)
    for word in ("x", NOBODY, foreign, person.email):
        code, output, error = said(replica, "user", "sessions", person.email, "--end", word)
        assert (code, output) == (1, "") and f"see: auth user sessions {person.email}" in error
    code, _, error = said(replica, "user", "sessions", person.email, sessions[0])
    assert code == 1 and "say --end" in error
    assert len(root.get(f"/v1/admin/users/{account}/sessions").json()["data"]) == len(sessions) == 2
    ended = second.get("/v1/me/sessions").json()["data"]
    current = next(row["id"] for row in ended if row["current"])
    assert replica.run("user", "sessions", account, "--end", current) == ""
    left = root.get(f"/v1/admin/users/{account}/sessions").json()["data"]
    assert [row["id"] for row in left] == [name for name in sessions if name != current]
    assert alone.client().refresh(second.refresh).code() == "invalid_grant" and person.get("/v1/me").status == 200


def test_one_factor_is_removed_and_the_last_one_of_who_must_have_one_is_not(alone, replica, root):
    client = alone.client()
    person, other = client.signup(), client.signup()
    enrol(person, "Phone")
    enrol(other, "Tablet")
    account = id_of(person)
    factor, foreign = (lines_of(replica.run("factor", "list", who.email, "--json"))[0]["id"] for who in (person, other))
    for word in ("x", NOBODY, foreign, "Phone"):
        code, output, error = said(replica, "factor", "remove", person.email, word)
        assert (code, output) == (1, "") and f"see: auth factor list {person.email}" in error
    replica.run("factor", "require", account)
    code, _, error = said(replica, "factor", "remove", account, factor)
    assert code == 1 and f"auth factor reset {account}" in error
    assert [row["id"] for row in root.get(f"/v1/admin/users/{account}/factors").json()["data"]] == [factor]
    replica.run("factor", "release", account)
    assert replica.run("factor", "remove", person.email, factor) == ""
    assert root.get(f"/v1/admin/users/{account}/factors").json()["data"] == []
    assert client.refresh(person.refresh).code() == "invalid_grant"  # what it has proved is proved no longer
    assert client.login(person.email, person.password)
    assert len(lines_of(replica.run("factor", "list", other.email, "--json"))) == 1


def test_accounts_are_listed_by_the_time_they_were_made(alone, replica, root):
    prefix = "t" + uuid.uuid4().hex[:12]
    for number in range(3):
        replica.run("user", "create", f"{prefix}{number}@example.org", "--no-password")
    made = [row["created_at"] for row in lines_of(replica.run("user", "list", "--prefix", prefix, "--json"))]

    def names(*options):
        rows = lines_of(replica.run("user", "list", "--prefix", prefix, *options, "--json"))
        return [row["email"][len(prefix)] for row in rows]

    def over_api(query):
        return [row["email"][len(prefix)] for row in root.every_page(f"/v1/admin/users?email_prefix={prefix}&{query}")]

    assert names("--created-after", made[1]) == over_api(f"created_after={made[1]}") == ["1", "2"]
    assert names("--created-before", made[1]) == over_api(f"created_before={made[1]}") == ["0"]
    assert names("--created-after", made[1], "--created-before", made[2]) == ["1"]
    assert names("--created-after", "2020-01-05") == ["0", "1", "2"]
    assert names("--created-before", "2020-01-05") == [] and names("--created-after", "2999-12-31") == []
