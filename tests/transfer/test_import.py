# SPDX-License-Identifier: MIT
"""Accounts that come from elsewhere: refused records first, then each system's export, and people who sign in after it."""
import base64
import json
import os
import uuid

import pytest
from authtest.process import wait_until
from authtest.totp import Authenticator, finish
from foreign import bcrypt
from moving import COUNTER, exported, lines, measured, new_email, person, take, write

KNOWN_HASH = bcrypt("not used to sign in with")


# --- what is refused --------------------------------------------------------------------------------------------------

REFUSED = [
    ("{\"email\":\"half", "/email", "is not valid JSON"),
    ("[]", "", "must be an object"),
    ("\"text\"", "", None),
    (json.dumps({"name": "nobody"}), "/email", "must be given"),
    (json.dumps({"email": "nobody"}), "/email", None),
    (json.dumps({"email": "a@b.example\r\nBcc: x@example.org"}), "/email", None),
    (json.dumps({"email": "c@example.org", "rank": 1}), "/rank", None),
    (json.dumps({"email": "c@example.org", "name": "x" * 201}), "/name", None),
    (json.dumps({"email": "c@example.org", "name": "a\u0007b"}), "/name", None),
    (json.dumps({"email": "c@example.org", "locale": "en us"}), "/locale", None),
    (json.dumps({"email": "c@example.org", "password_hash": "hunter2"}), "/password_hash", None),
    (json.dumps({"email": "c@example.org", "password_hash": "$argon2id$v=19$m=4194304,t=99,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAA"}),
     "/password_hash", None),
    (json.dumps({"email": "c@example.org", "roles": ["emperor"]}), "/roles", None),
    (json.dumps({"email": "c@example.org", "groups": ["nowhere"]}), "/groups", None),
    (json.dumps({"email": "c@example.org", "claims": [1]}), "/claims", None),
    (json.dumps({"email": "c@example.org", "claims": {"a": "x" * 3000}}), "/claims", None),
    (json.dumps({"email": "c@example.org", "totp_secret": "0189"}), "/totp_secret", None),
    (json.dumps({"email": "c@example.org", "totp_secret": "JBSWY3DPEHPK3PXP"}), "/totp_secret", "must be a key of 20 to 64 bytes"),
    (json.dumps({"email": "c@example.org", "claims": {"sub": "somebody else"}}), "/claims", None),
    (json.dumps({"email": "c@example.org", "claims": {"scope": "admin:users"}}), "/claims", None),
    (json.dumps({"email": "c@example.org", "id": "42"}), "/id", None),
]


def test_a_record_that_is_wrong_is_told_and_stops_nothing(replica, tmp_path):
    good = [{"email": new_email()}, {"email": new_email()}]
    path = write(tmp_path, lines(good[0]) + "".join(text + "\n" for text, _, _ in REFUSED) + "\n" + lines(good[1]))
    outcomes = take(replica, path, expected=1)
    assert [outcome["verdict"] for outcome in sorted(outcomes, key=lambda outcome: outcome["number"])] == \
        ["created"] + ["refused"] * len(REFUSED) + ["created"]
    told = {outcome["number"]: outcome for outcome in outcomes}
    for number, (text, pointer, reason) in enumerate(REFUSED, start=2):
        assert told[number].get("pointer", "") == pointer, (text, told[number])
        assert reason is None or reason in told[number]["reason"], (text, told[number])
    assert "c@example.org" not in exported(replica)


def test_bytes_that_are_no_text_are_refused(replica, tmp_path):
    records = [b"{\"email\":\"x@example.org\xff\"}", b"{\"email\":\"x@exam\x00ple.org\"}", b"\xef\xbb\xbf{\"email\":\"x@example.org\"}",
               b"{\"email\":\"\xed\xa0\x80@example.org\"}"]
    outcomes = take(replica, write(tmp_path, b"".join(record + b"\n" for record in records)), expected=1)
    assert [outcome["verdict"] for outcome in outcomes] == ["refused"] * 4


HUGE_BYTES = 32 * 1024 * 1024
GROWTH_KIB_MAX = 8 * 1024


def one_gigantic(form, size):
    """A record of that many bytes, and one of a person after it."""
    filler, email = "x" * size, new_email()
    if form == "csv":
        return f"email,raw_user_meta_data\nbig@example.org,\"{filler}\"\n{email},\n", email
    records = [f"{{\"email\":\"big@example.org\",\"name\":\"{filler}\"}}", json.dumps({"email": email})]
    return ("[" + ",".join(records) + "]" if form == "array" else "\n".join(records) + "\n"), email


@pytest.mark.parametrize("form", ["lines", "array", "csv"])
def test_a_gigantic_record_is_passed_over_in_constant_memory(replica, tmp_path, form):
    peaks = []
    for size in (300_000, HUGE_BYTES):  # both are too long
        text, email = one_gigantic(form, size)
        path = write(tmp_path, text)
        printed, peak_kib = measured(replica, "import", path, "--json", "--from", "gotrue" if form == "csv" else "auth",
                                     expected=1)
        outcomes = sorted(map(json.loads, printed.splitlines()), key=lambda outcome: outcome["number"])
        assert [outcome["verdict"] for outcome in outcomes] == ["refused", "created"], outcomes
        assert "too long" in outcomes[0]["reason"] and outcomes[1]["email"] == email
        peaks.append(peak_kib)
        os.unlink(path)
    assert peaks[1] < peaks[0] + GROWTH_KIB_MAX, f"{peaks} KiB"


@pytest.mark.parametrize("text", ["{\"realm\":\"shop\"}\n\n", "{\n\"users\": [\n{\"email\":\"a@example.org\"},\n{\"email\":\"b@exa",
                                  "[{\"email\":\"a@example.org\"}", "id,email\n1\n", "-- dump\nSELECT 1;\n"])
def test_a_file_that_is_cut_short_or_of_another_form_fails_with_its_place(replica, tmp_path, text):
    replica.run("import", write(tmp_path, text), "--from", "gotrue", expected=1)


@pytest.mark.parametrize("arguments", [[], ["a", "b"], ["/does/not/exist"], ["x", "--from", "ldap"],
                                       ["x", "--from", "firebase"], ["x", "--from", "firebase", "--firebase-rounds", "x"]])
def test_wrong_options_start_nothing(replica, arguments):
    replica.run("import", *arguments, expected=2)


# --- people who were there before ----------------------------------------------------------------------------------------

def test_spellings_of_one_address_are_one_account(replica, tmp_path):
    email = new_email()
    path = write(tmp_path, lines({"email": email}, {"email": email.upper()}, {"email": "\u00dcx@example.org"}))
    outcomes = sorted(take(replica, path, expected=1), key=lambda outcome: outcome["number"])
    assert [outcome["verdict"] for outcome in outcomes] == ["created", "unchanged", "refused"]
    assert outcomes[0]["id"] == outcomes[1]["id"]


def test_a_file_read_again_changes_nothing(replica, tmp_path):
    path = write(tmp_path, lines(*({"email": new_email(), "external_id": f"x:{next(COUNTER)}"} for _ in range(700))))
    first, second = take(replica, path), take(replica, path)
    assert {outcome["verdict"] for outcome in first} == {"created"}
    assert {outcome["verdict"] for outcome in second} == {"unchanged"}
    assert {outcome["id"] for outcome in first} == {outcome["id"] for outcome in second}


def test_a_dry_run_stores_nothing(replica, tmp_path):
    email = new_email()
    assert take(replica, write(tmp_path, lines({"email": email})), "--dry-run")[0]["verdict"] == "created"
    assert email not in exported(replica)


def test_one_persons_address_and_anothers_id_are_nobody(replica, tmp_path):
    ada, eve = ({"email": new_email(), "external_id": f"crm:{next(COUNTER)}", "id": str(uuid.uuid4())} for _ in range(2))
    take(replica, write(tmp_path, lines(ada, eve)))
    mixed = [{**ada, "email": eve["email"]}, {"email": ada["email"], "external_id": eve["external_id"]},
             {"email": ada["email"], "external_id": "crm:somebody-else"}, {"email": ada["email"], "id": eve["id"]}]
    for options in ([], ["--update"]):
        outcomes = take(replica, write(tmp_path, lines(*mixed)), *options, expected=1)
        assert [outcome["verdict"] for outcome in outcomes] == ["refused"] * 4, (options, outcomes)


def test_an_update_brings_up_to_date_and_takes_no_power_back(service, replica, tmp_path):
    client = service.client()
    made = client.signup()
    changed = {"email": made.email, "name": "New Name", "locale": "de_AT", "password_hash": KNOWN_HASH, "status": "active",
               "email_verified": True, "claims": {"tier": "gold"}, "external_id": f"crm:{next(COUNTER)}"}
    assert take(replica, write(tmp_path, lines(changed)))[0]["verdict"] == "unchanged"
    assert take(replica, write(tmp_path, lines(changed)), "--update")[0]["verdict"] == "updated"
    assert take(replica, write(tmp_path, lines(changed)), "--update")[0]["verdict"] == "unchanged"
    account = exported(replica, "--with-hashes")[made.email]
    assert (account["name"], account["locale"], account["email_verified"], account["claims"]) == \
        ("New Name", "de-AT", True, {"tier": "gold"})
    assert account["password_hash"] != KNOWN_HASH, "its owner chose it here"
    assert made.get("/v1/me").json()["name"] == "New Name"
    locked = {**changed, "status": "locked"}
    assert take(replica, write(tmp_path, lines(locked)), "--update")[0]["verdict"] == "updated"
    # On SQLite a server hears nothing of other processes: what it remembers of a session lives for five seconds.
    wait_until(lambda: made.get("/v1/me").status == 401, 8, "the end of what is open")
    assert take(replica, write(tmp_path, lines(changed)), "--update")[0]["verdict"] == "unchanged", "an import unlocks nobody"


def test_an_update_gives_a_password_to_who_never_had_one_alone(replica, tmp_path):
    """What an administrator had forgotten stays so, however old the file is that is imported then."""
    never, forgotten = new_email(), new_email()
    take(replica, write(tmp_path, lines({"email": never}, {"email": forgotten, "password_hash": KNOWN_HASH})))
    replica.run("user", "reset", forgotten, "--print-link", "--yes")
    given = write(tmp_path, lines(*({"email": email, "password_hash": KNOWN_HASH} for email in (never, forgotten))))
    assert [outcome["verdict"] for outcome in take(replica, given, "--update")] == ["updated", "unchanged"]
    accounts = exported(replica, "--with-hashes")
    assert [accounts[email].get("password_hash") for email in (never, forgotten)] == [KNOWN_HASH, None]


def test_groups_are_made_only_where_asked_for(replica, tmp_path):
    record = {"email": new_email(), "groups": [f"team {next(COUNTER)}", "caf\u00e9"]}
    assert take(replica, write(tmp_path, lines(record)), expected=1)[0]["verdict"] == "refused"
    assert take(replica, write(tmp_path, lines(record)), "--create-groups")[0]["verdict"] == "created"
    assert sorted(exported(replica)[record["email"]]["groups"]) == sorted(record["groups"])


# --- what comes along, and what goes -------------------------------------------------------------------------------------------

def test_a_second_factor_comes_along_and_is_asked_for(service, replica, tmp_path):
    someone = person()
    seed = base64.b32encode(b"12345678901234567890").decode()
    record = {"email": someone["email"], "password_hash": bcrypt(someone["password"]), "totp_secret": seed}
    path = write(tmp_path, lines(record, {"email": new_email()}))
    assert [outcome["verdict"] for outcome in take(replica, path)] == ["created", "created"]
    assert [outcome["verdict"] for outcome in take(replica, path, "--update")] == ["unchanged", "unchanged"]
    client = service.client()
    first = client.post("/v1/login", {"email": someone["email"], "password": someone["password"]})
    assert (first.status, first.code(), first.json()["methods"]) == (401, "mfa_required", ["totp"])
    second = finish(client, first.json()["login_token"], Authenticator(seed).code())
    assert second.status == 200, second.body
    assert seed not in replica.run("export", "--with-hashes")


def test_what_is_exported_is_imported_unchanged(replica, tmp_path):
    records = [{"id": str(uuid.uuid4()), "external_id": f"x:{next(COUNTER)}", "email": new_email(), "email_verified": True,
                "name": "Zo\u00eb \"Z\" O'Neil", "locale": "fr-CA", "password_hash": KNOWN_HASH, "status": "locked",
                "requires_mfa": True, "claims": {"a": [1, {"b": None}]}, "groups": ["round trip"],
                "created_at": "2020-02-29T12:00:00.000Z"}]
    take(replica, write(tmp_path, lines(*records)), "--create-groups")
    assert exported(replica, "--with-hashes")[records[0]["email"]] == records[0]
    assert "password_hash" not in exported(replica)[records[0]["email"]]
    everything = replica.run("export", "--with-hashes")
    outcomes = take(replica, write(tmp_path, everything), "--update")
    assert {outcome["verdict"] for outcome in outcomes} <= {"unchanged"}, outcomes
    assert replica.run("export", "--with-hashes") == everything


def test_standard_input_is_read_as_well(replica):
    email = new_email()
    assert take(replica, "-", stdin=lines({"email": email}))[0]["verdict"] == "created"
