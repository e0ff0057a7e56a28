# SPDX-License-Identifier: MIT
"""The log of security events: kept in one chain, shown, exported and verified."""
import json
import sqlite3
import subprocess

import pytest

from authtest import audit_chain
from authtest.process import wait_until


def events_of(service, *options):
    return [json.loads(line) for line in service.replicas[0].run("audit", "list", "--json", *options).splitlines()]


def wait_event(service, kind, account_id, seconds=5):
    """The event, once it has its place."""
    found = []

    def look():
        found[:] = events_of(service, "--type", kind, "--account", account_id)
        return bool(found)
    wait_until(look, seconds, f"{kind} of {account_id}")
    return found[0]


def account_of(person):
    return person.get("/v1/me").json()["id"]


def run_sql(service, postgres, sql):
    """What the database says to it: empty, or why it refuses."""
    if service.name == "postgres":
        try:
            postgres.run_sql(sql, service.database)
        except (AssertionError, RuntimeError, subprocess.CalledProcessError) as error:
            return str(getattr(error, "stderr", "")) + str(error)
        return ""
    with sqlite3.connect(service.database, timeout=10) as file:
        try:
            file.execute(sql)
        except sqlite3.DatabaseError as error:
            return str(error)
    return ""


def test_an_event_gets_its_place_within_a_second_or_so(service, person):
    event = wait_event(service, "login.succeeded", account_of(person))
    assert event["seq"] > 0
    assert set(event) == {"account_id", "address_digest", "at", "chain_hash", "client_address", "id", "request_id", "seq",
                          "session_id", "type"}
    assert event["client_address"] == person.client.source


def test_an_export_is_verified_by_an_outsider_up_to_a_checkpoint(service, person):
    wait_event(service, "login.succeeded", account_of(person))
    replica = service.replicas[0]
    signed = json.loads(replica.run("audit", "checkpoint", "--json"))
    lines = replica.run("audit", "export").splitlines()
    seq, chain_hash = audit_chain.read_checkpoint(signed["checkpoint"], signed["public_key"])
    assert audit_chain.verify(lines[:seq]) == (seq, chain_hash)
    tail = replica.run("audit", "export", "--after", str(seq)).splitlines()
    audit_chain.verify(tail, seq, chain_hash)
    event = json.loads(lines[1])
    event["type"] = "account.locked"
    with pytest.raises(AssertionError, match="event 2 was changed"):
        audit_chain.verify([lines[0], json.dumps(event)] + lines[2:seq])
    with pytest.raises(AssertionError, match="event 2 is missing"):
        audit_chain.verify([lines[0]] + lines[2:seq])


def test_verify_says_that_all_is_well_and_takes_checkpoints(service, person, tmp_path):
    wait_event(service, "login.succeeded", account_of(person))
    replica = service.replicas[0]
    verdict = json.loads(replica.run("audit", "verify", "--json"))
    assert verdict["verified"] and verdict["events"] == verdict["last_seq"] >= 3 and verdict["checkpoints"] >= 1
    kept = tmp_path / "checkpoint"
    kept.write_text(replica.run("audit", "checkpoint"), encoding="ascii")
    assert "are as they were written" in replica.run("audit", "verify", "--against", str(kept))
    later = json.loads(replica.run("audit", "verify", "--from", kept.read_text(encoding="ascii").strip(), "--json"))
    assert later["verified"] and later["events"] < verdict["events"]


def test_verify_refuses_a_checkpoint_that_is_not_ours(service, tmp_path):
    forged = tmp_path / "checkpoint"
    forged.write_text("eyJhbGciOiJub25lIn0.e30.\n", encoding="ascii")
    service.replicas[0].run("audit", "verify", "--against", str(forged), expected=1)
    service.replicas[0].run("audit", "verify", "--against", "/nowhere", expected=1)


@pytest.mark.parametrize("statement", [
    "UPDATE audit_events SET type = 'account.locked'",
    "UPDATE audit_events SET at_ms = at_ms + 1",
    "UPDATE audit_events SET client_address = '192.0.2.1'",
    "UPDATE audit_events SET seq = seq + 1000000 WHERE seq IS NOT NULL",
    "UPDATE audit_events SET address_digest = NULL WHERE address_digest IS NOT NULL",
    "DELETE FROM audit_events",
    "DELETE FROM audit_checkpoints",
    "UPDATE audit_checkpoints SET signature = ''",
])
def test_the_database_itself_refuses_to_change_what_happened(service, person, postgres, statement):
    wait_event(service, "login.succeeded", account_of(person))
    service.replicas[0].run("audit", "checkpoint")
    assert "only ever added to" in run_sql(service, postgres, statement)


def test_the_database_refuses_to_empty_the_table(replicated, postgres):
    assert "only ever added to" in run_sql(replicated, postgres, "TRUNCATE audit_events")


def test_verify_names_the_first_event_that_was_changed_and_fails(start_alone):
    service = start_alone()
    person = service.client().signup()
    wait_event(service, "login.succeeded", account_of(person))
    with sqlite3.connect(service.database, timeout=10) as file:
        file.execute("DROP TRIGGER audit_events_update")
        file.execute("UPDATE audit_events SET account_id = zeroblob(16) WHERE seq = 2")
    verdict = json.loads(service.replicas[0].run("audit", "verify", "--json", expected=1))
    assert (verdict["verified"], verdict["bad_seq"]) == (False, 2)
    assert "WRONG at event 2: the event was changed" in service.replicas[0].run("audit", "verify", expected=1)


def test_list_filters_and_refuses_what_it_does_not_know(service, person):
    account_id = account_of(person)
    wait_event(service, "login.succeeded", account_id)
    found = events_of(service, "--account", account_id)
    assert (found[0]["type"], found[-1]["type"]) == ("login.succeeded", "account.created")
    assert events_of(service, "--account", account_id, "--oldest") == found[::-1]
    assert len(events_of(service, "--limit", "1")) == 1
    assert events_of(service, "--account", account_id, "--since", "2999-01-01") == []
    assert events_of(service, "--account", account_id, "--since", found[-1]["at"]) == found
    assert events_of(service, "--account", account_id, "--until", "2001-01-01") == []
    replica = service.replicas[0]
    for option, value in (("--since", "yesterday"), ("--limit", "-1"), ("--account", "ada")):
        replica.run("audit", "list", option, value, expected=1)
    replica.run("audit", "burn", expected=2)


def test_what_a_command_does_is_in_the_chain_when_it_ends(service):
    replica = service.replicas[0]
    account_id = replica.run("user", "create", service.client().new_email(), stdin="seven grey geese at dawn\n").split()[-1]
    event = events_of(service, "--account", account_id)[0]
    assert (event["type"], event["actor"]) == ("account.created", "command:user")

