# SPDX-License-Identifier: MIT
"""Mail on its way: to the log, through a real mail server, and through servers that fail."""
import email
import email.policy
import json
import os
import pathlib
import re
import time

import pytest

from authtest import process
from authtest.mails import parse_mail
from authtest.mailservers import PASSWORD, Exim, FaultyServer, make_certificate
from authtest.process import wait_until
from conftest import make_alone, make_pair

TIMES = {"AUTH_MAIL_RETRY_SECONDS": "1", "AUTH_MAIL_RETRY_MAX_SECONDS": "4"}


@pytest.fixture(scope="module", name="exim")
def fixture_exim(folder):
    server = Exim(folder).start()
    yield server
    server.stop()


@pytest.fixture(name="faulty")
def fixture_faulty():
    server = FaultyServer().start()
    yield server
    server.stop()


@pytest.fixture(name="commands")
def fixture_commands(folder, request):
    """commands(NAME=value, ...): a service that is not started, for its commands; the schema is there."""
    def make(**settings):
        label = re.sub(r"\W+", "-", request.node.name)[:40]
        made = make_alone(folder, f"auth-{label}-{len(process.STARTED)}", **settings)
        made.replicas[0].run("migrate", "upgrade", "head")
        return made
    return make


@pytest.fixture(name="started")
def fixture_started():
    """started(service): starts it, and stops it after the test."""
    services = []

    def start(service):
        services.append(service)
        return service.start()
    yield start
    for service in services:
        service.stop()


def outbox(service):
    return [json.loads(line) for line in service.replicas[0].run("mail", "list", "--json").splitlines()]


def run_sql(service, postgres, sql):
    if service.name == "postgres":
        return postgres.run_sql(sql, service.database)
    import sqlite3  # pylint: disable=import-outside-toplevel
    with sqlite3.connect(service.database, timeout=20) as connection:
        rows = connection.execute(sql).fetchall()
    return rows[0][0] if rows else ""


# --- without a mail server ------------------------------------------------------------------------------------------


def test_without_a_mail_server_mail_is_printed_by_the_one_who_sends_it(alone):
    printed = alone.replicas[0].run("mail", "test", "printed@example.org", "--language", "de-AT")
    assert printed == "printed\n"
    last = [entry for entry in outbox(alone) if entry["recipient"] == "printed@example.org"][-1]
    assert last["state"] == "printed" and last["attempts"] == 1 and last["kind"] == "test"


def test_a_server_with_a_public_address_and_no_mail_server_says_so(start_alone):
    service = start_alone(AUTH_ISSUER="https://login.example.org")
    wait_until(lambda: "AUTH_SMTP_URL is not set" in service.replicas[0].process.read_log(), 5, "the warning")


@pytest.mark.parametrize("settings, words", [
    ({"AUTH_SMTP_URL": "http://mail.test"}, "smtp://"),
    ({"AUTH_SMTP_URL": "smtp://mail.test"}, "AUTH_MAIL_FROM"),
    ({"AUTH_SMTP_URL": "smtp://mail.test", "AUTH_MAIL_FROM": "nobody"}, "AUTH_MAIL_FROM"),
    ({"AUTH_SMTP_URL": "smtp://mail.test", "AUTH_MAIL_FROM": "a@b.test\x01"}, "AUTH_MAIL_FROM"),
    ({"AUTH_SMTP_URL": "smtp://mail.test", "AUTH_MAIL_FROM": "a@b.test", "AUTH_MAIL_REPLY_TO": "x y"}, "REPLY_TO"),
    ({"AUTH_SMTP_URL": "smtp://me@mail.test", "AUTH_MAIL_FROM": "a@b.test"}, "AUTH_SMTP_PASSWORD"),
    ({"AUTH_SMTP_URL": "smtp://mail.test", "AUTH_SMTP_PASSWORD": "secret-one", "AUTH_MAIL_FROM": "a@b.test"}, "no user"),
    ({"AUTH_SMTP_URL": "smtp://me:secret-one@mail.test", "AUTH_SMTP_STARTTLS": "opportunistic",
      "AUTH_MAIL_FROM": "a@b.test"}, "AUTH_SMTP_STARTTLS"),
    ({"AUTH_SMTP_URL": "smtp://mail.test", "AUTH_MAIL_FROM": "a@b.test", "AUTH_CA_FILE": "/nowhere"}, "AUTH_CA_FILE"),
    ({"AUTH_MAIL_TEMPLATES": "/nowhere"}, "AUTH_MAIL_TEMPLATES"),
    ({"AUTH_MAIL_LANGUAGE": "tlh"}, "AUTH_MAIL_LANGUAGE"),
])
def test_settings_that_are_wrong_end_the_start_and_tell_no_secret(folder, settings, words):
    import subprocess  # pylint: disable=import-outside-toplevel
    from authtest.service import BINARY  # pylint: disable=import-outside-toplevel
    environment = {"PATH": os.environ["PATH"], "AUTH_DATA_DIR": folder, **settings}
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
        if name in os.environ:
            environment[name] = os.environ[name]
    done = subprocess.run([BINARY, "mail", "test", "a@b.test"], env=environment, cwd=folder, capture_output=True, text=True,
                          check=False, timeout=30)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr and "secret-one" not in done.stderr


# --- a real one -----------------------------------------------------------------------------------------------------


def received(exim, address, count=1):
    def found():
        contents = [path.read_bytes() for path in sorted(pathlib.Path(exim.mail_folder).glob("*.eml"))]
        return [content for content in contents if f"Envelope-to: {address}".encode() in content]
    wait_until(lambda: len(found()) >= count, 15, f"mail to {address}")
    return found()


def check_message(content, address):
    """RFC 5322 and its neighbours, by a parser that nobody here wrote."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert not message.defects and not any(part.defects for part in message.walk())
    for name in ("Date", "From", "To", "Subject", "Message-ID", "MIME-Version", "Auto-Submitted"):
        assert len(message.get_all(name)) == 1, name
    assert message["To"].addresses[0].addr_spec == address
    assert message["From"].addresses[0].addr_spec == "login@auth.test"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@auth.test>")
    assert abs(message["Date"].datetime.timestamp() - time.time()) < 120
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert all(len(line) <= 998 for line in content.split(b"\n"))
    assert content.isascii()
    return message


def test_mail_arrives_by_starttls_and_tls_with_a_password(commands, exim):
    for number, more in enumerate(({}, {"AUTH_SMTP_URL": f"smtps://mailer%40auth.test@localhost:{exim.tls_port}",
                                       "AUTH_SMTP_PASSWORD": PASSWORD})):
        service = commands(**exim.settings(**more))
        address = f"ada{number}@example.org"
        assert service.replicas[0].run("mail", "test", address, "--language", "de") == "sent\n"
        message = check_message(received(exim, address)[0], address)
        assert message["Subject"] == "Testnachricht von localhost:8080"
        assert "Diese Nachricht zeigt" in message.get_body(("plain",)).get_content()
        assert "Gerät: auth mail test" in message.get_body(("plain",)).get_content()
        assert '<html lang="de">' in message.get_body(("html",)).get_content()
        assert message["Content-Language"] == "de"
        entry = outbox(service)[-1]
        assert entry["state"] == "sent" and "last_error" not in entry
        assert run_sql(service, None, "SELECT count(*) FROM mail_outbox WHERE sealed_content IS NOT NULL") == 0
    log = exim.log()
    assert "X=TLS1.3" in log and "A=plain:mailer@auth.test" in log


def test_a_certificate_that_is_not_known_stops_mail_and_the_password(commands, exim, folder):
    other = os.path.join(folder, "other-authority")
    os.makedirs(other)
    for url in (None, f"smtps://mailer%40auth.test:x@localhost:{exim.tls_port}"):
        more = {"AUTH_SMTP_URL": url} if url else {}
        service = commands(**exim.settings(AUTH_CA_FILE=make_certificate(other), **TIMES, **more))
        service.replicas[0].run("mail", "test", "nobody@example.org", expected=1)
        entry = outbox(service)[-1]
        assert entry["state"] == "waiting" and "certificate" in entry["last_error"], entry


def test_a_wrong_password_waits_and_is_told_to_nobody(commands, exim):
    service = commands(**exim.settings(AUTH_SMTP_URL=f"smtp://mailer%40auth.test:wrong-secret@localhost:{exim.port}",
                                          **TIMES))
    service.replicas[0].run("mail", "test", "nobody@example.org", expected=1)
    entry = outbox(service)[-1]
    assert entry["state"] == "waiting" and "wrong-secret" not in json.dumps(entry)


def test_a_person_the_server_does_not_know_is_given_up_at_once(commands, exim):
    service = commands(**exim.settings(**TIMES))
    service.replicas[0].run("mail", "test", "refused.person@example.org", expected=1)
    entry = outbox(service)[-1]
    assert entry["state"] == "failed" and "no such person" in entry["last_error"], entry
    service.replicas[0].run("mail", "retry", entry["id"], expected=1)


def test_templates_of_the_operator_take_the_place_of_ours(commands, exim, tmp_path):
    pages = tmp_path / "fr"
    pages.mkdir()
    source = pathlib.Path(__file__).resolve().parents[2] / "templates" / "mail" / "en"
    for path in source.iterdir():
        (pages / path.name).write_text(path.read_text())
    (pages / "test.txt").write_text("Essai de {{service}} à vous\n\nBonjour, ça marche & <b>bien</b>.\n\n"
                                    + "très " * 80 + "\n.\n.point\nFrom here\ntrailing \n")
    (pages / "test.html").write_text("<p>Bonjour {{device}}</p>\n")
    service = commands(**exim.settings(AUTH_MAIL_TEMPLATES=str(tmp_path), AUTH_MAIL_LANGUAGE="fr"))
    assert service.replicas[0].run("mail", "test", "marie@example.org", "--language", "fr-CA") == "sent\n"
    message = check_message(received(exim, "marie@example.org")[0], "marie@example.org")
    assert message["Subject"] == "Essai de localhost:8080 à vous"
    text = message.get_body(("plain",)).get_content()
    assert "ça marche & <b>bien</b>." in text and "très " * 79 in text
    assert "\n.\n.point\nFrom here\ntrailing \n" in text
    assert "<p>Bonjour auth mail test</p>" in message.get_body(("html",)).get_content()
    (pages / "test.txt").write_text("Sujet\n\n{{code}}\n{{nonsense}}\n")
    done = service.replicas[0].run("mail", "test", "marie@example.org", expected=2)
    assert done == ""


@pytest.mark.parametrize("address", ["a@b.test\r\nBcc: eve@example.org", "a@b.test>\r\nRCPT TO:<eve@example.org",
                                     "a b@example.org", '"a b"@example.org', "<a@example.org>", "a@example.org,eve@example.org",
                                     "a@[127.0.0.1]", "a@-example.org", "@example.org", "a@"])
def test_addresses_that_are_none_are_refused(alone, address):
    before = len(outbox(alone))
    alone.replicas[0].run("mail", "test", address, expected=1)
    assert len(outbox(alone)) == before


def fill_outbox(service, postgres, faulty, count, prefix):
    """Mail that waits: the mail server hangs up meanwhile, so that none of the commands tries what others have left."""
    faulty.answers["EHLO"] = "drop"
    for number in range(count):
        service.replicas[number % len(service.replicas)].run("mail", "test", f"{prefix}{number}@example.org", expected=1)
    assert int(run_sql(service, postgres, "SELECT count(*) FROM mail_outbox WHERE state = 'waiting'")) >= count
    faulty.answers.clear()


# --- one that fails -------------------------------------------------------------------------------------------------


def test_a_server_that_says_later_is_asked_again_and_less_and_less_often(commands, started, faulty):
    faulty.answers["RCPT"] = "450 4.2.0 greylisted, come back later"
    service = commands(**faulty.settings(AUTH_MAIL_RETRY_MAX_SECONDS="2"))
    service.replicas[0].run("mail", "test", "later@example.org", expected=1)
    entry = outbox(service)[-1]
    assert entry["state"] == "waiting" and "greylisted" in entry["last_error"]
    started(service)  # the server takes over
    wait_until(lambda: len(faulty.attempts) >= 3, 20, "three attempts")
    times = [at for at, _ in faulty.attempts]
    assert 0.7 <= times[1] - times[0] <= 3 and 1.4 <= times[2] - times[1] <= 4, times
    faulty.answers.clear()
    wait_until(lambda: faulty.letters, 20, "the letter")
    wait_until(lambda: outbox(service)[-1]["state"] == "sent", 5, "the note that it is sent")
    assert len(faulty.letters) == 1


def test_mail_is_given_up_after_a_time(commands, started, faulty):
    faulty.answers["RCPT"] = "451 not today"
    service = commands(**faulty.settings(AUTH_MAIL_GIVE_UP_SECONDS="2"))
    service.replicas[0].run("mail", "test", "never@example.org", expected=1)
    started(service)
    wait_until(lambda: outbox(service)[-1]["state"] == "failed", 15, "giving up")
    assert run_sql(service, None, "SELECT count(*) FROM mail_outbox WHERE sealed_content IS NOT NULL") == 0


@pytest.mark.parametrize("verb, answer, state", [
    ("RCPT", "550 5.1.1 no such person", "failed"),
    ("DATA", "554 5.7.1 looks like spam", "failed"),
    ("DATA", "451 4.3.0 disk full", "waiting"),
    ("MAIL", "550 5.7.1 I do not know you", "waiting"),
    ("EHLO", "drop", "waiting"),
    ("RCPT", "drop", "waiting"),
    ("DATA", "drop", "waiting"),
    ("RCPT", "421 4.3.2 going down", "waiting"),
    ("RCPT", 5, "waiting"),
    ("DATA", 5, "waiting"),
])
def test_a_refusal_of_the_letter_is_final_and_all_else_is_tried_again(commands, faulty, verb, answer, state):
    faulty.answers[verb] = answer
    more = {"AUTH_SMTP_TIMEOUT_SECONDS": "1"} if answer == 5 else {}
    service = commands(**faulty.settings(**more))
    service.replicas[0].run("mail", "test", "person@example.org", expected=1)
    entry = outbox(service)[-1]
    assert entry["state"] == state, entry
    assert entry["last_error"]


def test_a_server_that_is_away_costs_requests_nothing(commands, started, faulty):
    faulty.stop()
    service = commands(**faulty.settings())
    service.replicas[0].run("mail", "test", "waits@example.org", expected=1)
    started(service)
    client = service.client()
    person = client.signup()
    begun = time.monotonic()
    for _ in range(20):
        assert person.get("/v1/me").status == 200
    assert time.monotonic() - begun < 5
    FaultyServer.start(faulty)
    wait_until(lambda: faulty.letters, 20, "the letter, once the server is back")


def test_a_slow_server_does_not_hold_up_a_stop(commands, started, faulty):
    service = commands(**faulty.settings(AUTH_DRAIN_SECONDS="10"))
    fill_outbox(service, None, faulty, 1, "slow")
    faulty.answers["DATA"] = 60
    started(service)
    wait_until(lambda: faulty.attempts, 10, "an attempt of the server")
    begun = time.monotonic()
    assert service.replicas[0].stop() == 0
    assert time.monotonic() - begun < 9


def test_one_connection_serves_many_letters(commands, started, faulty):
    service = commands(**faulty.settings())
    fill_outbox(service, None, faulty, 6, "many")
    later = "SELECT count(*) FROM mail_outbox WHERE next_attempt_at_ms > "
    wait_until(lambda: int(run_sql(service, None, later + str(int(time.time() * 1000)))) == 0, 10, "all of them due")
    faulty.connections = 0
    started(service)
    wait_until(lambda: len(faulty.letters) == 6, 20, "six letters")
    assert faulty.connections == 1


def test_a_killed_server_sends_again_what_it_was_about_to(commands, started, faulty):
    """At least once: a server that dies between the handing over and the note of it sends a second time, after the claim."""
    faulty.answers["RCPT"] = "450 later"
    service = commands(**faulty.settings(AUTH_SMTP_TIMEOUT_SECONDS="1"))
    service.replicas[0].run("mail", "test", "twice@example.org", expected=1)
    replica = service.replicas[0]
    count = len(faulty.attempts)
    faulty.answers["RCPT"] = 0.9
    started(service)
    wait_until(lambda: len(faulty.attempts) > count, 10, "an attempt")
    replica.process.kill()
    replica.process.expected_status = 0  # of the next one
    faulty.answers.clear()
    replica.start().wait_ready()
    wait_until(lambda: faulty.letters, 25, "the letter, when the claim has run out")
    wait_until(lambda: outbox(service)[-1]["state"] == "sent", 5, "the note")
    messages = {email.message_from_bytes(content)["Message-ID"] for _, content in faulty.letters}
    assert len(messages) == 1, "the same mail has the same id each time"


def test_two_replicas_send_each_mail_once(folder, postgres, redis, faulty):
    service = make_pair(folder, postgres, redis, "auth-mail-pair", **faulty.settings())
    try:
        service.replicas[0].run("migrate", "upgrade", "head")
        fill_outbox(service, postgres, faulty, 12, "shared")
        service.start()
        wait_until(lambda: len(faulty.letters) >= 12, 20, "twelve letters")
        wait_until(lambda: {entry["state"] for entry in outbox(service)} == {"sent"}, 5, "the notes")
        assert sorted(to for to, _ in faulty.letters) == sorted(f"shared{number}@example.org" for number in range(12))
    finally:
        service.stop()


def test_a_command_sends_what_it_wrote_and_no_more(commands, faulty):
    service = commands(**faulty.settings())
    for number in range(5):
        assert service.replicas[0].run("mail", "test", f"both{number}@example.org") == "sent\n"
    assert sorted(to for to, _ in faulty.letters) == [f"both{number}@example.org" for number in range(5)]


def test_metrics_tell_what_waits_without_asking(start_alone, faulty):
    faulty.answers["RCPT"] = "450 later"
    service = start_alone(**faulty.settings(AUTH_MAIL_RETRY_SECONDS="2"))

    def metric(name):
        found = re.search(rf"^{name} (\S+)$", service.operations().get("/metrics").body.decode(), re.MULTILINE)
        return float(found.group(1))

    assert metric("auth_mail_waiting") == 0 and metric("auth_mail_oldest_seconds") == 0
    service.replicas[0].run("mail", "test", "counted@example.org", expected=1)
    service.replicas[0].stop()
    service.replicas[0].start().wait_ready()
    wait_until(lambda: metric("auth_mail_waiting") == 1, 10, "one that waits")
    assert metric("auth_mail_oldest_seconds") > 0
    faulty.answers.clear()
    wait_until(lambda: metric("auth_mail_sent_total") == 1, 15, "one that was sent")
    wait_until(lambda: metric("auth_mail_waiting") == 0, 5, "none that waits")

    def is_quiet():
        statements = metric("auth_db_statements_total")
        time.sleep(1)
        return metric("auth_db_statements_total") == statements

    wait_until(is_quiet, 10, "a server that asks nothing, since nothing waits")
    assert parse_mail(faulty.letters[0][1]).subject
