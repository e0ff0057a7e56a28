# SPDX-License-Identifier: MIT
"""The production override: secrets as files, https, the schema changed by its own service alone."""

import base64
import os
import secrets
import subprocess

import pytest
from edge import free_port
from raw_http import request_bytes
from stack import EMAIL, PASSWORD, Stack
from test_proxy import tls_request

FILES = ("docker-compose.yml", "docker-compose.production.yml")
PASSWORDS = ("database_password", "database_migration_password", "database_superuser_password")


def make_secrets(folder):
    folder.mkdir()
    for name in PASSWORDS:
        (folder / name).write_text(secrets.token_urlsafe(24) + "\n")
    (folder / "auth_secret_key").write_text(base64.b64encode(os.urandom(32)).decode() + "\n")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
    subprocess.run(
        [*command.split(), "-out", folder / "tls_certificate", "-keyout", folder / "tls_key"],
        check=True, capture_output=True,
    )
    for file in folder.iterdir():
        file.chmod(0o444)


@pytest.fixture(scope="module")
def production(stack):  # for its images
    port = free_port()
    running = Stack("authprod", FILES, REGISTRY="", HTTPS_PORT=str(port), AUTH_ISSUER=f"https://localhost:{port}")
    running.tls_address = ("127.0.0.1", port)
    make_secrets(running.folder / "secrets")
    try:
        yield running
    finally:
        running.destroy()


def test_a_missing_tag_or_registry_is_named(production):
    refused = production.compose("config", check=False, TAG="")
    assert refused.returncode != 0 and "the version to run" in refused.stderr


def test_the_server_waits_for_the_migration_and_then_serves_https(production):
    production.compose("up", "-d", "--no-build", "database", "redis")
    done = production.compose("run", "--rm", "migrations", COMMAND="upgrade", REVISION="head")
    assert "Applied" in done.stdout + done.stderr
    production.compose("up", "-d", "--no-build")
    body = b'{"email":"%s","password":"%s"}' % (EMAIL.encode(), PASSWORD.encode())
    data = request_bytes("POST", "/v1/signup", {"Content-Type": "application/json"}, body)

    def sign_up():
        try:
            return tls_request(production.tls_address, data)[1]
        except OSError:
            return None

    from stack import until

    answer = until(sign_up, 60, "an answer over https")
    assert answer.status == 202
    assert answer.header("Strict-Transport-Security")
    assert production.request("POST", "/v1/login", body={"email": EMAIL}).status == 426


def test_no_secret_stands_in_the_environment_of_a_container_or_in_a_log(production):
    values = [(production.folder / "secrets" / name).read_text().strip() for name in (*PASSWORDS, "auth_secret_key")]
    for service in ("auth", "webserver", "database"):
        environment = production.execute(service, "env").stdout
        assert not any(value in environment for value in values)
        assert not any(value in production.logs(service) for value in values)
    assert "development" not in production.execute("auth", "env").stdout
