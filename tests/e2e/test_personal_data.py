# SPDX-License-Identifier: MIT
"""What is kept of a person, for that person."""
import sqlite3


def test_me_export_is_refused_without_a_token(client):
    """That a sign-in must be recent is tried where deletion is (test_accounts.py)."""
    assert client.get("/v1/me/export").code() == "invalid_token"


def test_me_export_tells_all_that_is_kept_and_no_secret(client, person):
    other = person.login_again()
    answer = person.get("/v1/me/export")
    assert answer.status == 200
    assert answer.header("Content-Type") == "application/json"
    assert answer.header("Cache-Control") == "no-store"
    document = answer.json()
    assert set(document) == {"generated_at", "data", "truncated"}
    assert document["truncated"] == []
    data = document["data"]
    assert data["account"]["email"] == person.email and data["account"]["has_password"] is True
    assert data["account"]["email_verified"] is False
    assert data["account"]["last_login_at"] == data["sessions"][0]["created_at"], "the latest comes first"
    assert len(data["sessions"]) == 2
    assert {"login.succeeded", "account.created", "account.exported"} <= {event["type"] for event in data["events"]}
    assert {"factors", "recovery_codes", "known_devices", "roles", "groups", "api_keys", "invitations", "codes",
            "mails"} <= set(data)
    text = answer.body.decode()
    for secret in ("argon2", person.password, person.refresh, other.refresh, "digest"):
        assert secret not in text


def test_nothing_says_who_an_erased_account_was(start_alone):
    """Every text and every id in every table is looked at, those of tables to come as well."""
    service = start_alone(AUTH_DELETION_GRACE_SECONDS="0")
    client = service.client()
    person = client.signup()
    person.login_again()
    account_id = person.get("/v1/me").json()["id"]
    assert person.delete("/v1/me").status == 202
    # The next account of the address makes room for itself; its own rows are told apart by its id.
    heir = client.signup(email=person.email)
    heir_id = heir.get("/v1/me").json()["id"]
    assert heir_id != account_id
    needle = bytes.fromhex(account_id.replace("-", ""))
    with sqlite3.connect(service.database) as database:
        for (table,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
            for row in database.execute(f"SELECT * FROM {table}"):
                is_theirs = needle in row or account_id in row
                assert not is_theirs or table == "audit_events", (table, row)
        addresses = database.execute("SELECT count(*) FROM audit_events WHERE account_id = ? AND client_address IS NOT NULL",
                                     (needle,)).fetchone()
        assert addresses == (0,)
