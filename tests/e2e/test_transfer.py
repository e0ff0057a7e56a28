# SPDX-License-Identifier: MIT
"""Accounts moved in and out over the API. The commands and the forms of other systems: tests/transfer."""
import json
import time
import unicodedata

import pytest

from authtest.planted import new_password

# "password", by python3-bcrypt.
BCRYPT = "$2b$04$Dg04ZR6o1XeAa5V1LlplkuD.Ce1tUCS7O85khOHyJZSm3CqtrPk1e"
LINES = {"Content-Type": "application/x-ndjson"}


@pytest.fixture(name="root")
def fixture_root(service, client):
    person = client.signup()
    service.replicas[0].run("role", "grant", "administrator", person.email)
    return person.login_again()


@pytest.fixture(name="mover")
def fixture_mover(service, client, root):
    """Somebody who may bring people in, and nothing else."""
    person = client.signup()
    name = "mover-" + person.email.split("@")[0].replace("+", "-")
    assert root.post("/v1/admin/roles", {"name": name, "scopes": ["admin:import"]}).status == 201
    service.replicas[0].run("role", "grant", name, person.email)
    return person.login_again()


def text_of(*records):
    return "".join((record if isinstance(record, str) else json.dumps(record)) + "\n" for record in records).encode(errors="surrogatepass")


def send(person, *records, query=""):
    return person.post("/v1/admin/users/import" + query, body=text_of(*records), headers=LINES)


def wait_event(root, account_id, kind):
    """Events join the chain a moment after what they tell of."""
    until = time.monotonic() + 10
    while kind not in [event["type"] for event in root.get(f"/v1/admin/events?account_id={account_id}").json()["data"]]:
        assert time.monotonic() < until, f"no event {kind}"
        time.sleep(0.05)


def test_admin_users_import_and_export_are_for_those_who_may(client, person):
    for token in (None, person.access):
        for method, path in (("POST", "/v1/admin/users/import"), ("GET", "/v1/admin/users/export")):
            body = text_of({"email": "a@example.org"}) if method == "POST" else None
            answer = client.request(method, path, body=body, headers=LINES if body else {}, token=token)
            assert answer.code() == ("insufficient_scope" if token else "invalid_token")


def test_admin_users_import_takes_lines_alone(mover, client):
    answer = mover.post("/v1/admin/users/import", {"email": client.new_email()})
    assert (answer.status, answer.code()) == (415, "unsupported_media")
    answer = send(mover, "x" * 70_000)
    assert answer.status == 413
    assert send(mover, query="?update=maybe").status == 422


def test_admin_users_import_names_what_is_wrong_with_each_line(mover, client):
    email = client.new_email()
    answer = send(mover, {"email": email}, "{", "", {"email": "nobody"}, {"email": email.upper(), "name": "again"},
                  {"email": client.new_email(), "password_hash": "md5:x"},
                  {"email": client.new_email(), "password_hash": "$2b$31$" + "a" * 53},
                  {"email": client.new_email(), "claims": {"sub": "somebody else"}},
                  {"email": client.new_email(), "claims": {"scope": "admin:users"}},
                  {"email": client.new_email(), "rank": 1}, "[]", "\u0000", '{"email":"\ud83d')
    assert answer.status == 200
    document = answer.json()
    told = {entry["line"]: (entry["outcome"], entry.get("field", "")) for entry in document["data"]}
    assert told[1][0] == "created" and told[5][0] == "unchanged"
    assert 3 not in told, "an empty line is none"
    refused = {line: field for line, (outcome, field) in told.items() if outcome == "refused"}
    assert {line: refused[line] for line in (4, 6, 7, 8, 9, 10)} == {
        4: "/email", 6: "/password_hash", 7: "/password_hash", 8: "/claims", 9: "/claims", 10: "/rank"}
    assert {2, 11, 12, 13} <= set(refused)
    assert (document["created"], document["unchanged"], document["refused"]) == (1, 1, len(refused))


def test_admin_users_import_hands_out_no_power(mover, root, client):
    """Who may bring people in makes no administrators, takes nobody's address over and makes no groups with powers."""
    for power in ({"roles": ["administrator"]}, {"groups": ["staff"]}):
        entry = send(mover, {"email": client.new_email(), **power}, query="?create_groups=true").json()["data"][0]
        assert (entry["outcome"], entry["field"]) == ("refused", "/roles" if "roles" in power else "/groups")
    assert send(mover, {"email": root.email, "external_id": "x:1"}, query="?update=true").code() == "insufficient_scope"
    email = client.new_email()
    granted = send(root, {"email": email, "roles": ["administrator"], "password_hash": BCRYPT}).json()
    assert granted["data"][0]["outcome"] == "created"
    assert client.post("/v1/login", {"email": email, "password": "password"}).status == 200


def test_admin_users_import_changes_nobody_with_more_power(root, service, client):
    """Security incident 15: whose address is moved is who gets the mail to choose a password."""
    robot = service.new_oauth_client("sync", "--grants", "client_credentials", "--scopes", "admin:import admin:users")
    token = client.post("/oauth/token", form={"grant_type": "client_credentials"}, basic=robot).json()["access_token"]
    before = root.get("/v1/me").json()
    for change in ({"email": client.new_email(), "email_verified": True}, {"email": root.email, "status": "locked"},
                   {"email": root.email, "external_id": f"x:{before['id']}"}):
        answer = client.post("/v1/admin/users/import?update=true", body=text_of({"id": before["id"], **change}),
                             headers=LINES, token=token)
        assert [entry["outcome"] for entry in answer.json()["data"]] == ["refused"], answer.body
        assert "power" in answer.json()["data"][0]["reason"]
    assert root.get("/v1/me").json() == before
    assert send(root, {"id": before["id"], "email": root.email, "name": "Root"}, query="?update=true").json()["updated"] == 1


def test_admin_users_import_that_moves_an_address_ends_what_the_old_one_had(root, service, client, person):
    account_id, email = person.get("/v1/me").json()["id"], client.new_email()
    assert client.post("/v1/codes", {"purpose": "reset", "email": person.email}).status == 202
    mail = service.wait_mail(person.email, "password_reset")
    entry = send(root, {"id": account_id, "email": email}, query="?update=true").json()["data"][0]
    assert entry["outcome"] == "updated", entry
    assert service.wait_mail(person.email, "email_changed")
    assert person.get("/v1/me").code() == "invalid_token"
    answer = client.post("/v1/codes/verify", {"purpose": "reset", "token": mail.token, "new_password": new_password()})
    assert (answer.status, answer.code()) == (401, "code_invalid")
    wait_event(root, account_id, "email.changed")
    assert send(root, {"email": email, "status": "locked"}, query="?update=true").json()["updated"] == 1
    wait_event(root, account_id, "account.locked")


@pytest.mark.parametrize("fields, pointer", [
    ({"groups": ["staff,administrators"]}, "/groups"), ({"groups": ["a\u202eb"]}, "/groups"), ({"groups": [" a"]}, "/groups"),
    ({"roles": ["a b"]}, "/roles"), ({"name": "Ada\u2028Bcc: x"}, "/name"), ({"name": "Ada\u202eadA"}, "/name"),
    ({"external_id": "x\u009by"}, "/external_id"), ({"external_id": "\u00e9" * 200}, "/external_id")])
def test_admin_users_import_takes_no_name_that_could_not_be_given_here(root, client, fields, pointer):
    """Of groups above all: applications are told them parted by commas."""
    answer = send(root, {"email": client.new_email(), **fields}, query="?create_groups=true").json()["data"][0]
    assert (answer["outcome"], answer.get("field")) == ("refused", pointer), answer


def test_admin_users_import_writes_names_as_they_are_written_here(root, client):
    email, group = client.new_email(), "Cafe\u0301 " + client.new_email()[:20]
    entry = send(root, {"email": email, "name": " Ada ", "groups": [group]}, query="?create_groups=true").json()["data"][0]
    shown = root.get(f"/v1/admin/users/{entry['id']}").json()
    assert (shown["name"], shown["groups"]) == ("Ada", [unicodedata.normalize("NFC", group)])


def test_admin_users_import_brings_people_in_who_sign_in_as_before(mover, client):
    email = client.new_email()
    record = {"email": email, "name": "Ada", "external_id": f"old:{email}", "email_verified": True, "password_hash": BCRYPT}
    assert send(mover, record, query="?dry_run=true").json()["created"] == 1
    assert client.post("/v1/login", {"email": email, "password": "password"}).status == 401
    assert send(mover, record).json()["created"] == 1
    assert send(mover, record).json()["unchanged"] == 1
    assert client.post("/v1/login", {"email": email, "password": new_password()}).status == 401
    tokens = client.post("/v1/login", {"email": email, "password": "password"}).json()
    assert client.get("/v1/me", token=tokens["access_token"]).json()["name"] == "Ada"


def test_admin_users_export_tells_all_and_hashes_only_where_asked_for(mover, client, service):
    emails = [client.new_email() for _ in range(700)]
    for start in (0, 350):
        records = [{"email": email, "password_hash": BCRYPT} for email in emails[start:start + 350]]
        assert send(mover, *records).json()["created"] == 350
    answer = mover.get("/v1/admin/users/export")
    assert (answer.status, answer.header("Content-Type")) == (200, "application/x-ndjson")
    accounts = {account["email"]: account for account in map(json.loads, answer.body.splitlines())}
    assert set(emails) <= set(accounts)
    assert b"$2b$" not in answer.body and b"argon2" not in answer.body
    whole = mover.get("/v1/admin/users/export?with_hashes=true")
    assert whole.status == 200 and whole.body.count(BCRYPT.encode()) >= 700
    key_id, key_secret = service.new_oauth_client("reader", "--grants", "client_credentials", "--scopes", "admin:import:read")
    token = client.post("/oauth/token", form={"grant_type": "client_credentials"}, basic=(key_id, key_secret)).json()["access_token"]
    assert client.get("/v1/admin/users/export", token=token).status == 200
    assert client.get("/v1/admin/users/export?with_hashes=true", token=token).code() == "insufficient_scope"


def test_what_was_exported_is_taken_back_unchanged(start_alone):
    first, second = start_alone(), start_alone()
    administrators = []
    for service in (first, second):
        person = service.client().signup()
        service.replicas[0].run("role", "grant", "administrator", person.email)
        administrators.append(person.login_again())
    email = "grace@example.org"
    send(administrators[0], {"email": email, "name": "Grace", "locale": "en", "claims": {"team": "blue"},
                             "password_hash": BCRYPT, "status": "locked", "requires_mfa": True, "email_verified": True})
    lines = administrators[0].get("/v1/admin/users/export?with_hashes=true").body
    answer = administrators[1].post("/v1/admin/users/import", body=lines, headers=LINES)
    assert answer.json()["refused"] == 0

    def line_of(person):
        return [line for line in person.get("/v1/admin/users/export?with_hashes=true").body.splitlines()
                if email.encode() in line]
    assert line_of(administrators[0]) == line_of(administrators[1]) != []
