# SPDX-License-Identifier: MIT
"""Administration from the command line."""
import fcntl
import json
import os
import pty
import struct
import subprocess
import termios
import uuid

import pytest
from authtest.planted import new_password
from authtest.service import BINARY


def new_email():
    return f"c{uuid.uuid4().hex[:12]}@example.org"


@pytest.fixture(scope="module", name="replica")
def fixture_replica(alone):
    return alone.replicas[0]


def said(replica, *arguments, stdin=""):
    """(exit code, standard output, standard error)"""
    done = subprocess.run([BINARY, *arguments], env=replica.environment(), input=stdin, capture_output=True, text=True, check=False,
                          timeout=60, cwd=replica.folder)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("arguments,code", [
    (["user"], 2), (["user", "make"], 2), (["user", "create"], 2), (["user", "create", "a", "b"], 2), (["user", "show"], 2),
    (["user", "list", "--stats", "x"], 2), (["user", "list", "--status"], 2), (["user", "list", "--status", "gone"], 1),
    (["user", "list", "--role", "a", "--role", "b"], 1), (["user", "show", "nobody@example.org"], 1), (["user", "show", "x"], 1),
    (["user", "lock", "019a0000-0000-7000-8000-000000000000"], 1), (["user", "delete", "nobody@example.org"], 2),
    (["user", "delete", "nobody@example.org", "--yes"], 1), (["user", "reset", "nobody@example.org"], 2),
    (["user", "create", "nobody", "--no-password"], 1), (["user", "create", "x@example.org", "--no-password", "--role", "none"], 1),
    (["user", "create", "x@example.org"], 2), (["client"], 2), (["client", "show", "nobody"], 1), (["client", "secret"], 2),
    (["client", "secret", "give", "x"], 2), (["client", "delete", "nobody"], 2), (["client", "delete", "nobody", "--yes"], 1),
    (["client", "create", "x", "--scopes", "a  b"], 1), (["client", "set", "nobody", "--disable"], 1),
])
def test_what_is_refused_says_why_on_standard_error(replica, arguments, code):
    returned, output, error = said(replica, *arguments)
    assert (returned, output) == (code, ""), (output, error)
    assert error.startswith("auth") and error.strip()


@pytest.mark.parametrize("command", ["user", "client", "key", "webhook"])
def test_help_has_an_example(replica, command):
    code, output, _ = said(replica, "help", command)
    assert code == 0 and f"auth {command} " in output and "example: auth " + command in output


def test_no_account_is_there_before_one_is_made(start_alone):
    """No default account, ever: nobody can sign in, and nobody is an administrator."""
    service = start_alone()
    assert service.replicas[0].run("user", "list", "--json") == ""
    for email in ("admin@localhost.localdomain", "admin@example.org", "root@example.org"):
        for password in ("admin", "password", "changeme"):
            assert service.client().post("/v1/login", {"email": email, "password": password}).status == 401


def test_the_first_administrator_is_made_by_who_has_the_shell(start_alone):
    service = start_alone()
    email, password = new_email(), new_password()
    made = service.replicas[0].run("user", "create", email, "--admin", "--name", "Ada", "--verified", "--json", stdin=password + "\n")
    assert json.loads(made)["roles"] == ["administrator"] and json.loads(made)["email_verified"] is True
    client = service.client()
    token = client.login(email, password)["access_token"]
    assert client.get("/v1/admin/users", token=token).status == 200
    code, _, error = said(service.replicas[0], "user", "lock", email)
    assert code == 1 and "last administrator" in error


def test_an_account_from_making_to_deletion(alone, replica):
    email, other = new_email(), new_email()
    client = alone.client()
    account = replica.run("user", "create", email, "--no-password", "--name", "Grace", "--locale", "en").strip()
    shown = json.loads(replica.run("user", "show", account, "--json"))
    assert (shown["email"], shown["status"], shown["has_password"]) == (email, "active", False)
    link = replica.run("user", "reset", email, "--print-link", "--yes").strip()
    assert "/ui/reset#lk_" in link
    password = new_password()
    answer = client.post("/v1/codes/verify", {"purpose": "reset", "token": link.split("#")[1], "new_password": password})
    assert answer.status in (200, 204)
    client.login(email, password)
    assert len(replica.run("user", "sessions", email, "--json").splitlines()) == 1
    replica.run("user", "sessions", email, "--end")
    assert replica.run("user", "sessions", email, "--json") == ""
    changed = json.loads(replica.run("user", "set", account, "--email", other, "--require-mfa", "--external-id", account, "--json"))
    assert (changed["email"], changed["requires_mfa"], changed["external_id"]) == (other, True, account)
    replica.run("user", "set", account, "--no-require-mfa", "--name", "")
    replica.run("user", "lock", other, "--reason", "left")
    assert json.loads(replica.run("user", "show", other, "--json"))["lock_reason"] == "left"
    assert account in replica.run("user", "list", "--status", "locked", "--json")
    replica.run("user", "unlock", other)
    assert "auth user unlock" in replica.run("user", "delete", other, "--yes")
    replica.run("user", "unlock", other)
    assert replica.run("user", "delete", other, "--now", "--yes") == ""
    replica.run("user", "show", account, expected=1)


def test_a_client_and_its_secrets(replica):
    name = "k" + uuid.uuid4().hex[:12]
    replica.run("client", "create", "A client", "--id", name, "--scopes", "a b", "--json")
    added = json.loads(replica.run("client", "secret", "add", name, "--json"))
    listed = [json.loads(line) for line in replica.run("client", "secret", "list", name, "--json").splitlines()]
    assert len(listed) == 2 and added["id"] in {row["id"] for row in listed}
    assert all("client_secret" not in row for row in listed)
    replica.run("client", "secret", "remove", name, added["id"], expected=2)
    replica.run("client", "secret", "remove", name, added["id"], "--yes")
    replica.run("client", "secret", "remove", name, listed[0]["id"], "--yes", expected=1)
    assert json.loads(replica.run("client", "show", name, "--json"))["scope"] == "a b"
    replica.run("client", "set", name, "--disable", "--scopes", "a")
    shown = json.loads(replica.run("client", "show", name, "--json"))
    assert (shown["disabled"], shown["scope"]) == (True, "a")
    replica.run("client", "delete", name, "--yes")


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_a_table_fits_the_terminal_and_speaks_no_escapes_to_it(replica, columns):
    email = new_email()
    replica.run("user", "create", email, "--no-password", "--name", "Ångström 💡 " + "x" * 60)
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with subprocess.Popen([BINARY, "user", "list", "--prefix", email], env=replica.environment(), cwd=replica.folder, stdin=theirs,
                          stdout=theirs, stderr=subprocess.DEVNULL) as command:
        assert command.wait(30) == 0
    text = os.read(ours, 65536).decode()
    os.close(ours)
    os.close(theirs)
    lines = text.splitlines()
    least = 6 * 8 + 5 * 2  # no column becomes narrower than eight
    assert len(lines) == 2 and all(len(line) <= max(columns, least) for line in lines), lines
    assert ("…" in lines[1]) == (columns < 190) and "\x1b" not in text


def test_roles_groups_and_scopes_are_arrays_as_over_the_api(replica):
    email, role, group = new_email(), "r" + new_email()[:12], "g" + new_email()[:12]
    made = json.loads(replica.run("role", "create", role, "--scopes", "a:read b:write", "--json"))
    assert made["scopes"] == ["a:read", "b:write"] and "scope" not in made
    assert made in [json.loads(line) for line in replica.run("role", "list", "--json").splitlines()]
    account = replica.run("user", "create", email, "--no-password", "--role", role).strip()
    replica.run("group", "create", group)
    replica.run("group", "add", group, email)
    shown = json.loads(replica.run("user", "show", account, "--json"))
    assert (shown["roles"], shown["groups"]) == ([role], [group])
    assert "roles" in replica.run("user", "show", account) and role in replica.run("user", "show", account)
    replica.run("apikey", "create", "k", "--user", email, "--scopes", "a:read")
    listed = [json.loads(line) for line in replica.run("apikey", "list", "--user", email, "--json").splitlines()]
    assert [key["scopes"] for key in listed] == [["a:read"]]
