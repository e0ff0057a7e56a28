# SPDX-License-Identifier: MIT
"""Administration from the command line."""
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios
import uuid

import pytest
from authtest.commands import new_email, said
from authtest.planted import new_password
from authtest.service import BINARY

NOBODY = "019a0000-0000-7000-8000-000000000000"


@pytest.fixture(scope="module", name="replica")
def fixture_replica(alone):
    return alone.replicas[0]


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
    (["user", "claims"], 2), (["user", "claims", "nobody@example.org"], 1), (["user", "claims", "x", "--replace"], 2),
    (["user", "claims", "x", "--replace", "/nowhere/claims.json"], 2), (["user", "claims", "x", "--replace", "/"], 2),
    (["user", "list", "--created-after", "yesterday"], 1), (["user", "list", "--created-before", "2026-13-01"], 1),
    (["user", "sessions", "nobody@example.org", "--end", NOBODY], 1), (["user", "sessions", "a", "b", "c"], 2),
    (["invitation"], 2), (["invitation", "make"], 2), (["invitation", "list", "x"], 2), (["invitation", "revoke"], 2),
    (["group", "show"], 2), (["group", "set", "x"], 1), (["group", "set", NOBODY, "--name", "x"], 1), (["role", "show"], 2),
    (["role", "set", "x"], 1), (["role", "set", "administrator", "--scopes", "a"], 1), (["key", "retire"], 2),
    (["key", "retire", "x", "--now"], 2), (["factor", "remove", "x"], 2), (["factor", "remove", "nobody@example.org", NOBODY], 1),
])
def test_what_is_refused_says_why_on_standard_error(replica, arguments, code):
    returned, output, error = said(replica, *arguments)
    assert (returned, output) == (code, ""), (output, error)
    assert error.startswith("auth") and error.strip()


@pytest.mark.parametrize("arguments,next_step", [
    (["invitation", "revoke", "x"], "see: auth invitation list"), (["invitation", "revoke", NOBODY], "see: auth invitation list"),
    (["group", "show", "nobody"], "see: auth group list"), (["group", "set", "nobody", "--name", "x"], "see: auth group list"),
    (["group", "set", "nobody"], "say --name or --description"), (["role", "set", "nobody"], "say --scopes or --description"),
    (["role", "show", "nobody"], "see: auth role list"), (["role", "set", "nobody", "--scopes", "a"], "see: auth role list"),
    (["key", "show", "nobody"], "see: auth key list"), (["invitation", "show", NOBODY], "see: auth invitation list"),
    (["apikey", "show", "x"], "see: auth apikey list"), (["apikey", "revoke", NOBODY], "see: auth apikey list"),
    (["apikey", "revoke"], "see: auth apikey list"), (["apikey", "revoke", NOBODY, "--user", "u"], "see: auth apikey list"),
    (["client", "show", "nobody"], "see: auth client list"), (["webhook", "show", NOBODY], "see: auth webhook list"),
    (["user", "show", "nobody@example.org"], "see: auth user list"), (["key", "retire", "nobody"], "see: auth key list"), (["key", "retire", "nobody", "--now", "--yes"], "see: auth key list"),
    (["key", "retire", "--", "--nobody"], "see: auth key list"), (["key", "retire", "nobody", "--now"], "say --yes"),
    (["user", "claims", "x", "--replace", "[1]"], "--replace takes a JSON object, a file"),
])
def test_a_refusal_says_what_to_do_next(replica, arguments, next_step):
    code, output, error = said(replica, *arguments)
    assert code != 0 and output == "" and next_step in error, error


def rows_of_help():
    printed = subprocess.run([BINARY, "help"], capture_output=True, text=True, check=True, timeout=60).stdout
    return [line.split()[0] for line in printed.splitlines() if line.startswith("  ") and "example:" not in line]


@pytest.mark.parametrize("command", rows_of_help())
def test_help_has_an_example(replica, command):
    code, output, _ = said(replica, "help", command)
    assert code == 0 and f"auth {command}" in output
    example = next(line for line in output.splitlines() if line.lstrip().lower().startswith("example: "))
    assert f"auth {command}" in example


# What does the same as a route of administration; a route that is not here has no command yet.
COMMANDS_OF_ROUTES = {
    "admin_factors_list": "factor list", "admin_factors_reset": "factor reset", "admin_mfa": "factor require",
    "admin_users_list": "user list", "admin_user_create": "user create", "admin_user_get": "user show", "admin_user_patch": "user set",
    "admin_user_delete": "user delete", "admin_user_lock": "user lock", "admin_user_unlock": "user unlock",
    "admin_user_sessions_list": "user sessions", "admin_user_sessions_end": "user sessions USER --end",
    "admin_user_session_end": "user sessions USER --end [ID]", "admin_user_factor_remove": "factor remove",
    "admin_user_password_forget": "user reset", "admin_invitations_list": "invitation list", "admin_invitation_create": "user invite",
    "admin_invitation_get": "invitation show", "admin_invitation_delete": "invitation revoke", "admin_user_links": "user link",
    "admin_users_import": "import", "admin_users_export": "export", "admin_scopes": "role scopes", "admin_roles_list": "role list",
    "admin_role_create": "role create", "admin_role_get": "role show", "admin_role_patch": "role set", "admin_role_delete": "role delete",
    "admin_user_roles": "user show", "admin_user_role_put": "role grant", "admin_user_role_delete": "role revoke",
    "admin_user_groups": "user show", "admin_user_claims": "user claims", "admin_user_claims_put": "user claims USER [--replace",
    "admin_groups_list": "group list", "admin_group_create": "group create", "admin_group_get": "group show",
    "admin_group_patch": "group set", "admin_group_delete": "group delete", "admin_group_members": "group members",
    "admin_group_member_put": "group add", "admin_group_member_delete": "group remove", "admin_group_roles": "group show",
    "admin_group_role_put": "role grant NAME --group", "admin_group_role_delete": "role revoke NAME --group",
    "admin_keys_list": "apikey list", "admin_key_create": "apikey create", "admin_key_get": "apikey show",
    "admin_key_revoke": "apikey revoke", "admin_user_keys": "apikey list [--user",
    "admin_user_keys_revoke": "apikey revoke --user", "admin_clients_list": "client list",
    "admin_client_create": "client create", "admin_client_get": "client show", "admin_client_patch": "client set",
    "admin_client_delete": "client delete", "admin_client_secret_create": "client secret add",
    "admin_client_secret_delete": "client secret remove", "admin_signing_keys_list": "key list", "admin_signing_key_rotate": "key rotate",
    "admin_signing_key_get": "key show", "admin_signing_key_retire": "key retire", "admin_events": "audit list",
    "admin_events_checkpoint": "audit checkpoint", "admin_webhooks_list": "webhook list", "admin_webhook_create": "webhook create",
    "admin_webhook_get": "webhook show", "admin_webhook_patch": "webhook change", "admin_webhook_delete": "webhook delete",
    "admin_webhook_secret_rotate": "webhook secret", "admin_webhook_test": "webhook test",
    "admin_webhook_deliveries_list": "webhook deliveries", "admin_webhook_delivery_get": "webhook deliveries",
    "admin_webhook_delivery_retry": "webhook retry",
}


def test_every_route_of_administration_has_a_command(alone, replica):
    paths = alone.client().get("/v1/openapi.json").json()["paths"]
    routes = {operation["operationId"] for path, item in paths.items() if path.startswith("/v1/admin/")
              for operation in item.values() if isinstance(operation, dict)}
    assert len(routes) > 70 and routes - set(COMMANDS_OF_ROUTES) == set()
    told = {command: replica.run("help", command) for command in rows_of_help()}
    for route in routes:
        words = COMMANDS_OF_ROUTES[route]
        assert f"auth {words}" in told[words.split()[0]], route


def options_told(told):
    """By the word that follows the command: the options that its lines of the help tell of."""
    options, word = {}, None
    for line in told.splitlines():
        if line.startswith("auth "):
            word = line.split()[2]
        elif not line.startswith("     "):
            word = None
        if word:
            options.setdefault(word, set()).update(re.findall(r"--[a-z][a-z-]+", line))
    return options


@pytest.mark.parametrize("command", ["user", "client", "group", "role", "apikey", "key", "webhook", "mail"])
def test_a_word_takes_the_options_its_help_tells_of_and_no_other(replica, command):
    told = {word: options - {"--json"} for word, options in options_told(replica.run("help", command)).items()}
    every = set().union(*told.values())
    assert len(every) >= 1
    too_many = ["a", "b", "c", "d", "e"]
    for word in set(told) - {"secret"} if command == "client" else told:
        for option in [*told[word], *sorted(every - told[word])[:2]]:
            code, _, error = said(replica, command, word, option, *too_many)
            assert code == 2 and (" takes " in error) == (option in told[word]), (word, option, error)
            assert ("is not an option of it" in error) == (option not in told[word]), (word, option, error)


def test_an_option_of_another_word_is_refused(replica):
    """One that is passed over would be a filter that lets all through, or a change that is not made."""
    for arguments in (["user", "list", "--end"], ["user", "show", "x", "--replace", "{}"], ["user", "lock", "x", "--now"],
                      ["user", "unlock", "x", "--reason", "r"], ["client", "list", "--scopes", "a"], ["client", "delete", "x", "--id", "y"],
                      ["client", "secret", "add", "x", "--name", "n"], ["client", "secret", "remove", "x", "y", "--grants", "g"],
                      ["group", "list", "--name", "n"], ["group", "add", "x", "y", "--description", "d"], ["role", "list", "--group", "g"],
                      ["role", "delete", "x", "--scopes", "a"], ["apikey", "list", "--scopes", "a"], ["apikey", "revoke", "x", "--client", "c"],
                      ["key", "list", "--now"], ["key", "rotate", "--yes"], ["audit", "verify", "--type", "login.failed"],
                      ["audit", "checkpoint", "--since", "2026-01-05"], ["webhook", "list", "--state", "failed"],
                      ["webhook", "change", "x", "--overlap", "1"], ["mail", "list", "--language", "en"]):
        code, output, error = said(replica, *arguments)
        assert (code, output) == (2, "") and " is not an option of it; see: auth help " + arguments[0] in error, (arguments, error)


def test_help_tells_of_every_word_that_may_follow(replica):
    seen = 0
    for command in set(rows_of_help()) - {"serve", "migrate", "config", "help", "version", "healthcheck", "import", "export"}:
        code, output, error = said(replica, command)
        assert (code, output) == (2, "") and ": one of " in error and " must follow; see: auth help" in error, error
        choices = error.split(": one of ")[1].split(" must follow")[0].replace(" or ", ", ").split(", ")
        told = replica.run("help", command)
        for choice in choices:
            assert f"auth {command} {choice}" in told
            seen += 1
    assert seen > 50


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
    shown = json.loads(replica.run("apikey", "show", listed[0]["id"], "--json"))
    assert shown.pop("created_at") and shown == listed[0]
