# SPDX-License-Identifier: MIT
"""Passwords: hashes from elsewhere, the pepper, lists of stolen ones."""
import base64
import contextlib
import hashlib
import http.server
import secrets
import sqlite3
import subprocess
import threading
import time

import pytest

from authtest.planted import new_password, plant
from authtest.service import BINARY

# "password", made by python3-bcrypt and Django.
BCRYPT = "$2b$04$Dg04ZR6o1XeAa5V1LlplkuD.Ce1tUCS7O85khOHyJZSm3CqtrPk1e"
DJANGO = "pbkdf2_sha256$1000$pNsiemTmV1bDixZmAs8GPh$9U98VVB2Md8NFylXWzMVWYvkLHpYYmXTr3C55n9SxvA="


def digest_of(password):
    return hashlib.sha1(password.encode()).hexdigest().upper()


def write_list(path, passwords):
    """As Have I Been Pwned gives it out: ordered by hash, with Windows line ends."""
    digests = sorted(digest_of(password) for password in passwords)
    path.write_bytes(b"".join(b"%s:%d\r\n" % (digest.encode(), place + 1) for place, digest in enumerate(digests)))


def stored_hash(service, email=None):
    with sqlite3.connect(service.database) as database:
        return database.execute("SELECT password_hash FROM accounts WHERE email = ? OR ? IS NULL", (email, email)).fetchone()[0]


def set_hash(service, text):
    with sqlite3.connect(service.database) as database:
        database.execute("UPDATE accounts SET password_hash = ?", (text,))


@pytest.mark.parametrize("content", [b"", b"hello\n", b"F" * 40 + b":1\n" + b"0" * 40 + b":1\n"])
def test_a_file_that_is_no_sorted_list_stops_the_start(tmp_path, content):
    (tmp_path / "list").write_bytes(content)
    done = subprocess.run([BINARY, "serve", "--set", f"AUTH_BREACHED_PASSWORDS_FILE={tmp_path}/list"], cwd=tmp_path,
                          capture_output=True, text=True, check=False, timeout=30, env={})
    assert done.returncode == 2
    assert "/list is no " in done.stderr


@pytest.mark.parametrize("pepper", ["short", "a:MDEy", "a:b:c", "UPPER:" + base64.b64encode(bytes(32)).decode()])
def test_a_pepper_that_is_none_stops_the_start_and_is_not_shown(tmp_path, pepper):
    done = subprocess.run([BINARY, "serve"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=30,
                          env={"AUTH_PASSWORD_PEPPER": pepper})
    assert done.returncode == 2
    assert "AUTH_PASSWORD_PEPPER" in done.stderr and pepper not in done.stderr


def test_stolen_passwords_are_refused_by_name(start_alone, tmp_path):
    stolen = [new_password() for _ in range(200)]
    write_list(tmp_path / "pwned.txt", stolen)
    subprocess.run([BINARY, "breached", "pack", tmp_path / "pwned.txt", tmp_path / "pwned.bin"], check=True,
                   capture_output=True)
    for name in ("pwned.txt", "pwned.bin"):
        client = start_alone(AUTH_BREACHED_PASSWORDS_FILE=str(tmp_path / name)).client()
        for password in stolen[:3]:
            answer = client.post("/v1/signup", {"email": client.new_email(), "password": password})
            assert (answer.status, answer.code(), answer.pointers()) == \
                (422, "breached_password", {"/password": "breached_password"})
        person = client.signup()
        answer = person.put("/v1/me/password", {"current": person.password, "new": stolen[5]})
        assert answer.code() == "breached_password"


@contextlib.contextmanager
def range_server(answer):
    """The range API of Have I Been Pwned, and what it was asked: answer(prefix) -> (status, body)."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):  # pylint: disable=invalid-name
            asked.append((self.path, dict(self.headers)))
            status, body = answer(self.path.rsplit("/", 1)[1])
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(body)

        def log_message(self, *_):  # pylint: disable=arguments-differ
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield {"AUTH_BREACHED_PASSWORDS_URL": f"http://127.0.0.1:{server.server_port}/range/",
               "AUTH_FETCH_ALLOW": "127.0.0.1"}, asked
    finally:
        server.shutdown()
        server.server_close()


def test_the_online_list_is_told_five_digits_and_no_more(start_alone):
    stolen = new_password()
    digest = digest_of(stolen)

    def answer(prefix):
        lines = [f"{number:035X}:{number}" for number in range(1, 500)] + ["F" * 35 + ":0"]
        if digest.startswith(prefix):
            lines.append(digest[5:] + ":7")
        return 200, "\r\n".join(lines).encode()

    with range_server(answer) as (settings, asked):
        client = start_alone(**settings).client()
        email = client.new_email()
        refused = client.post("/v1/signup", {"email": email, "password": stolen})
        assert (refused.status, refused.code()) == (422, "breached_password")
        client.signup()
        assert [path for path, _ in asked][0] == f"/range/{digest[:5]}" and len(asked) == 2
        for path, headers in asked:
            assert len(path) == len("/range/") + 5
            assert headers["Add-Padding"] == "true"
            sent = repr((path, headers))
            assert digest[5:] not in sent and email not in sent and "Cookie" not in headers


@pytest.mark.parametrize("answer", [
    lambda prefix: (503, b"later"), lambda prefix: (200, b"<html>welcome</html>"), lambda prefix: (200, b""),
    lambda prefix: (302, b""), lambda prefix: (200, b"0" * 600_000), lambda prefix: (time.sleep(1), (200, b""))[1],
], ids=["failing", "another page", "empty", "elsewhere", "endless", "slow"])
def test_no_answer_of_the_online_list_is_no_answer(start_alone, answer):
    """Open: the other rules have to do, and the log says so. Closed: not now."""
    with range_server(answer) as (settings, _):
        settings["AUTH_BREACHED_PASSWORDS_TIMEOUT_MS"] = "300"
        lenient = start_alone(**settings)
        client = lenient.client()
        client.signup()
        assert "without the online list" in lenient.replicas[0].process.read_log()
        strict = start_alone(AUTH_BREACHED_PASSWORDS_FAIL="closed", **settings).client()
        refused = strict.post("/v1/signup", {"email": strict.new_email(), "password": new_password()})
        assert (refused.status, refused.code()) == (503, "check_unavailable")


def test_breached_commands(start_alone, tmp_path):
    stolen = [new_password() for _ in range(50)]
    write_list(tmp_path / "pwned.txt", stolen)
    replica = start_alone().replicas[0]
    listed, packed = str(tmp_path / "pwned.txt"), str(tmp_path / "pwned.bin")
    assert replica.run("breached", "check", listed) == f"{listed}: 50 digests, in order\n"
    assert replica.run("breached", "pack", listed, packed) == f"{packed}: 50 digests, in order\n"
    assert (tmp_path / "pwned.bin").stat().st_size == 51 * 20
    assert replica.run("breached", "find", packed, "--json", stdin=stolen[7] + "\n") == '{"is_breached":true}\n'
    assert replica.run("breached", "find", packed, "--json", stdin=new_password() + "\n") == '{"is_breached":false}\n'
    lines = (tmp_path / "pwned.txt").read_bytes().splitlines(keepends=True)
    lines[30], lines[31] = lines[31], lines[30]
    (tmp_path / "pwned.txt").write_bytes(b"".join(lines))
    replica.run("breached", "pack", listed, str(tmp_path / "other.bin"), expected=1)
    assert not list(tmp_path.glob("other*")), "half a list was left"


def test_the_answer_names_the_rule_that_refused(client):
    email = client.new_email()
    answer = client.post("/v1/signup", {"email": email, "password": email.split("@")[0]})
    assert (answer.status, answer.code()) == (422, "weak_password")
    assert answer.json()["errors"][0]["code"] == "context_word"


@pytest.mark.parametrize("text", [BCRYPT, DJANGO])
def test_a_hash_from_elsewhere_opens_the_account_and_is_made_anew(start_alone, text):
    service = start_alone()
    client = service.client()
    email = client.signup().email
    set_hash(service, text)
    assert client.post("/v1/login", {"email": email, "password": plant(new_password())}).status == 401
    assert stored_hash(service) == text
    assert client.post("/v1/login", {"email": email, "password": "password"}).status == 200
    assert stored_hash(service).startswith("$argon2id$")
    assert client.post("/v1/login", {"email": email, "password": "password"}).status == 200


def test_a_pepper_turns_and_a_lost_one_locks_all_out(start_alone, tmp_path):
    first, second = (base64.b64encode(secrets.token_bytes(32)).decode() for _ in range(2))
    service = start_alone(AUTH_PASSWORD_PEPPER=plant(f"2025:{first}"))
    client = service.client()
    person = client.signup()
    login = {"email": person.email, "password": person.password}
    assert stored_hash(service).startswith("$pepper$k=2025$argon2id$")

    def with_peppers(peppers):
        (tmp_path / "pepper").write_text(peppers)
        replica = service.replicas[0]
        replica.stop()
        replica.settings.pop("AUTH_PASSWORD_PEPPER", None)
        replica.process.environment = {**replica.environment(), "AUTH_PASSWORD_PEPPER_FILE": str(tmp_path / "pepper")}
        replica.start().wait_ready()
        return replica.client()

    assert with_peppers(f"2026:{second}").post("/v1/login", login).status == 500
    assert with_peppers(f"2026:{second},2025:{first}").post("/v1/login", login).status == 200
    assert stored_hash(service).startswith("$pepper$k=2026$argon2id$")
    assert with_peppers(f"2026:{second}").post("/v1/login", login).status == 200
