# SPDX-License-Identifier: MIT
"""What is passed on, what is answered from the cache, what is logged, and what happens when the upstream is away."""

import json
import socket
import ssl
import subprocess

import pytest
from edge import ROOT, Edge, edge_environment, free_port, image_environment, prepare
from raw_http import Answer, at_once, read_all, request, request_bytes

JWKS = "/.well-known/jwks.json"
KEYS = ("200 OK", {"Content-Type": "application/jwk-set+json", "Cache-Control": "public, max-age=300",
                   "X-Request-Id": "of-the-first"}, b'{"keys":[]}')


def test_keys_are_answered_from_the_cache_whatever_the_query(edge, upstream):
    upstream.answers[JWKS] = KEYS
    first = request(edge.address, "GET", JWKS)
    others = [request(edge.address, "GET", f"{JWKS}?n={n}") for n in range(5)]
    assert len(upstream.requests) == 1
    for answer in [first, *others]:
        assert (answer.status, answer.body) == (200, KEYS[2])
        assert answer.header("Cache-Control") == "public, max-age=300"
    # Each answer has an id of its own, though one was stored.
    assert len({answer.header("X-Request-Id") for answer in [first, *others]}) == 6
    assert [line["cache"] for line in edge.log(6)] == ["MISS"] + ["HIT"] * 5


def test_many_who_miss_the_cache_at_once_are_one_request(edge, upstream):
    upstream.answers[JWKS] = KEYS
    upstream.delay_seconds = 0.3
    answers = at_once(edge.address, 30, request_bytes("GET", JWKS), sources=["127.0.0.1", "127.0.0.2"])
    assert {answer.status for answer in answers} == {200}
    assert len(upstream.requests) == 1


def test_known_keys_are_answered_while_the_upstream_is_away(edge, upstream):
    upstream.answers[JWKS] = ("200 OK", {**KEYS[1], "Cache-Control": "public, max-age=1"}, KEYS[2])
    assert request(edge.address, "GET", JWKS).status == 200
    upstream.close()
    subprocess.run(["sleep", "1.2"], check=True)
    assert request(edge.address, "GET", JWKS).body == KEYS[2]


@pytest.mark.parametrize("path", ["/v1/me", "/v1/login", "/v1/authz", "/oauth/token"])
def test_nothing_else_is_cached(edge, upstream, path):
    upstream.answers[path] = ("200 OK", {"Cache-Control": "public, max-age=300"}, b"mine")
    request(edge.address, "GET", path)
    request(edge.address, "GET", path)
    assert len(upstream.requests) == 2


def test_a_refusal_is_never_cached(edge, upstream):
    upstream.answers[JWKS] = ("503 Service Unavailable", {"Cache-Control": "no-store"}, b"starting")
    assert request(edge.address, "GET", JWKS).status == 503
    upstream.answers[JWKS] = KEYS
    assert request(edge.address, "GET", JWKS).status == 200


def test_an_upstream_that_is_away_is_a_503_with_retry_after(start):
    edge = start(NGINX_UPSTREAM=f"127.0.0.1:{free_port()}")
    answer = request(edge.address, "POST", "/v1/login", {}, b"{}")
    assert (answer.status, answer.header("Retry-After")) == (503, "1")
    assert answer.header("Content-Type") == "application/problem+json"
    assert answer.json()["code"] == "not_ready"
    oauth = request(edge.address, "POST", "/oauth/token", {}, b"a=b")
    assert (oauth.status, oauth.json()["error"]) == (503, "temporarily_unavailable")


def test_an_upstream_that_does_not_answer_is_given_up(start, upstream):
    upstream.delay_seconds = 5
    edge = start(NGINX_UPSTREAM_TIMEOUT="1s")
    answer = request(edge.address, "POST", "/v1/login", {}, b"{}")
    assert answer.status == 503 and answer.seconds < 3
    # POST was sent once: it may have been acted upon.
    assert len(upstream.requests) == 1


def test_the_answers_of_the_service_pass_unchanged(edge, upstream):
    body = b'{"code":"invalid_credentials"}'
    upstream.answers["/v1/login"] = ("401 Unauthorized", {"Content-Type": "application/problem+json",
                                                          "WWW-Authenticate": "Bearer"}, body)
    upstream.answers["/v1/signup"] = ("429 Too Many Requests", {"Retry-After": "17"}, b"from the service")
    answer = request(edge.address, "POST", "/v1/login", {}, b"{}")
    assert (answer.status, answer.body, answer.header("WWW-Authenticate")) == (401, body, "Bearer")
    limited = request(edge.address, "POST", "/v1/signup", {}, b"{}")
    assert (limited.status, limited.header("Retry-After"), limited.body) == (429, "17", b"from the service")


def test_the_target_is_passed_as_it_was_written(edge, upstream):
    for path in ["/v1/%6de", "/v1//me", "/a/%2e%2e/b?c=%00&d"]:
        request(edge.address, "GET", path)
    assert [r.line.split(" ")[1] for r in upstream.requests] == ["/v1/%6de", "/v1//me", "/a/%2e%2e/b?c=%00&d"]


def test_fields_with_underscores_are_dropped(edge, upstream):
    """Security incident 39."""
    request(edge.address, "GET", "/v1/me", {"X_Real_IP": "203.0.113.1", "Proxy": "http://evil.example"})
    assert upstream.requests[0].all("X_Real_IP") == [] and upstream.requests[0].all("Proxy") == []


def test_the_log_has_the_id_that_client_and_service_saw_and_no_query(edge, upstream):
    answer = request(edge.address, "GET", "/v1/me?token=secret", {"User-Agent": 'a"\x1bb'})
    line = edge.log()[0]
    assert line["id"] == answer.header("X-Request-Id") == upstream.requests[0].one("X-Request-Id")
    assert (line["path"], line["status"], line["method"]) == ("/v1/me", 200, "GET")
    assert (line["limit"], line["zone"], line["from"]) == ("PASSED", "general", "127.0.0.1")
    assert "secret" not in (edge.folder / "access.log").read_text()
    assert "\x1b" not in (edge.folder / "access.log").read_text()


def test_pages_pass_with_their_header_fields_and_are_kept_by_nobody(edge, upstream):
    policy = "default-src 'none'; script-src 'self'"
    page = ("200 OK", {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
                       "Content-Security-Policy": policy}, b"<form>")
    for path in ["/ui/reset", "/ui/page.js"]:
        upstream.answers[path] = page
        for query in ["", "?lang=de&utm_source=mail"]:
            answer = request(edge.address, "GET", path + query)
            assert (answer.status, answer.body) == (200, b"<form>")
            assert [answer.header(name) for name in page[1]] == list(page[1].values())
    assert len(upstream.requests) == 4
    assert {(line["zone"], line["limit"], line["cache"]) for line in edge.log(4)} == {("verify", "PASSED", "")}
    assert "utm_source" not in (edge.folder / "access.log").read_text()


def test_the_address_password_managers_ask_passes_as_a_redirect(edge, upstream):
    path = "/.well-known/change-password"
    upstream.answers[path] = ("302 Found", {"Location": "https://auth.example/ui/reset", "Cache-Control": "no-store"}, b"")
    for _ in range(2):
        answer = request(edge.address, "GET", path)
        assert (answer.status, answer.header("Location")) == (302, "https://auth.example/ui/reset")
    assert len(upstream.requests) == 2
    assert {line["zone"] for line in edge.log(2)} == {"verify"}


def test_hostile_paths_stay_one_line_of_json(edge):
    request(edge.address, "GET", '/%0a%0d"},{"a":"%1b[31m')
    lines = (edge.folder / "access.log").read_text().splitlines()
    assert len(lines) == 1 and json.loads(lines[0])["status"] == 200


def test_health_is_answered_on_its_own_listener_alone(edge, upstream):
    assert request(edge.health_address, "GET", "/health").body == b"ok\n"
    assert request(edge.health_address, "GET", "/v1/me").status == 404
    request(edge.address, "GET", "/health")
    assert upstream.requests[0].line.startswith("GET /health")


def test_pages_of_nginx_itself_cannot_be_asked_for(edge, upstream):
    for path in ["/_problem", "/_authz"]:
        assert request(edge.address, "GET", path).status == 404
    assert upstream.requests == []


# --- the example of auth_request ---


def test_the_example_shows_who_the_service_says_the_caller_is(start, upstream):
    upstream.answers["/v1/authz"] = ("200 OK", {"Remote-User": "user-7", "Remote-Email": "ada@example.org"}, b"")
    edge = start(NGINX_SAMPLE="on")
    said = {"Authorization": "Bearer token", "Remote-User": "admin", "Remote-Email": "admin@example.org"}
    answer = request(edge.address, "POST", "/sample/page", said, b"the body")
    assert (answer.status, answer.body.splitlines()[0]) == (200, b"hello user-7 <ada@example.org>")
    asked = upstream.requests[0]
    assert asked.line == "GET /v1/authz HTTP/1.1" and asked.body == b""
    assert asked.one("Authorization") == "Bearer token"
    assert (asked.one("X-Original-URL"), asked.one("X-Original-Method")) == ("/sample/page", "POST")


REMOTE = ["User", "Client", "Email", "Acr", "Groups", "Roles", "Scopes", "Claims", "Groups-Omitted", "Roles-Omitted",
          "Scopes-Omitted", "Claims-Omitted"]


@pytest.mark.parametrize("name", REMOTE)
def test_the_example_hears_from_the_service_alone(start, upstream, name):
    """Security incident 39: neither under its name nor with underscores is a field of the client's passed on."""
    edge = start(NGINX_SAMPLE="on")
    for spelt in (f"Remote-{name}", f"REMOTE-{name.upper()}", f"Remote-{name}".replace("-", "_")):
        upstream.answers["/v1/authz"] = ("200 OK", {}, b"")
        answer = request(edge.address, "GET", "/sample/page", {spelt: "forged"})
        assert answer.status == 200 and b"forged" not in answer.body, spelt
        upstream.answers["/v1/authz"] = ("200 OK", {f"Remote-{name}": "told"}, b"")
        answer = request(edge.address, "GET", "/sample/page", {spelt: "forged"})
        assert b"told" in answer.body and b"forged" not in answer.body, spelt


def test_the_example_takes_all_that_the_service_may_tell(start, upstream):
    """3 KiB of lists, besides the fields of every answer."""
    lists = {"Remote-Groups": "g" * 1536, "Remote-Claims": "c" * 1536, "X-Others": "x" * 700}
    upstream.answers["/v1/authz"] = ("200 OK", {"Remote-User": "user-7", **lists}, b"")
    answer = request(start(NGINX_SAMPLE="on").address, "GET", "/sample/page")
    assert answer.status == 200 and b"c" * 1536 in answer.body


@pytest.mark.parametrize("status, expected", [("401 Unauthorized", 401), ("403 Forbidden", 403), ("500 Error", 500)])
def test_the_example_is_closed_to_whom_the_service_refuses(start, upstream, status, expected):
    upstream.answers["/v1/authz"] = (status, {"WWW-Authenticate": 'Bearer realm="x"'}, b"")
    edge = start(NGINX_SAMPLE="on")
    answer = request(edge.address, "GET", "/sample/page", {"Remote-User": "admin"})
    assert answer.status == expected and b"hello" not in answer.body
    assert answer.header("Content-Type") == "application/problem+json"
    if expected == 401:
        assert answer.header("WWW-Authenticate") == 'Bearer realm="x"'


def test_the_example_is_closed_while_the_service_is_away(start):
    edge = start(NGINX_SAMPLE="on", NGINX_UPSTREAM=f"127.0.0.1:{free_port()}")
    answer = request(edge.address, "GET", "/sample/page")
    assert answer.status == 500 and b"hello" not in answer.body


def test_the_example_is_off_unless_asked_for(edge, upstream):
    assert request(edge.address, "GET", "/sample/page").status == 404
    assert upstream.requests == []


# --- TLS ---


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    paths = (folder / "certificate.pem", folder / "key.pem")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
    subprocess.run([*command.split(), "-out", paths[0], "-keyout", paths[1]], check=True, capture_output=True)
    return paths


def tls_request(address, data, protocols=("http/1.1",), version=None):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(list(protocols))
    if version:
        # Or the client would refuse what the server is to refuse.
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
    with socket.create_connection(address, timeout=5) as plain, context.wrap_socket(plain) as connection:
        spoken = (connection.version(), connection.selected_alpn_protocol())
        if not data:
            return spoken, None
        connection.sendall(data)
        return spoken, Answer(read_all(connection), 0)


def test_with_a_certificate_https_is_served_and_http_refused(start, upstream, certificate):
    edge = start(certificate=certificate)
    spoken, answer = tls_request(edge.tls_address, request_bytes("GET", "/v1/me"))
    assert spoken[0] == "TLSv1.3" and answer.status == 200
    assert upstream.requests[0].one("X-Forwarded-Proto") == "https"
    plain = request(edge.address, "POST", "/v1/login", {}, b"{}")
    assert (plain.status, plain.json()["code"]) == (426, "https_required")
    assert plain.header("Upgrade") == "TLS/1.2, HTTP/1.1"
    assert len(upstream.requests) == 1


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_http_2_is_offered_and_old_tls_is_not(start, certificate):
    """Security incident 59: rapid resets meet the limits of nginx, which this asks; see test_limits.py."""
    edge = start(certificate=certificate)
    spoken, _ = tls_request(edge.tls_address, b"", protocols=("h2", "http/1.1"))
    assert spoken[1] == "h2"
    spoken, _ = tls_request(edge.tls_address, b"", version=ssl.TLSVersion.TLSv1_2)
    assert spoken[0] == "TLSv1.2"
    with pytest.raises(OSError):
        tls_request(edge.tls_address, b"", version=ssl.TLSVersion.TLSv1_1)


# --- settings ---


@pytest.mark.parametrize(
    "settings",
    [
        {"NGINX_GENERAL_RATE": "ten"},
        {"NGINX_MAIL_BURST": "-1"},
        {"NGINX_TOKEN_BURST": "0"},
        {"NGINX_TOKEN_DELAY": "soon"},
        {"NGINX_LIMIT_STATUS": "42"},
        {"NGINX_ZONE_SIZE": "10m; include /etc/passwd"},
        {"NGINX_UPSTREAM": "auth:8080; return 200"},
        {"NGINX_ISSUER": 'http://x/" $request_body'},
        {"NGINX_TRUSTED_PROXIES": "10.0.0.0/8 everybody"},
        {"NGINX_SAMPLE": "maybe"},
        {"NGINX_LISTEN": "8080; return 200"},
        {"NGINX_HEALTH_LISTEN": ""},
        {"NGINX_GENERAL_RATE": "10r/s\n20r/s"},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_a_wrong_setting_is_named_and_nothing_starts(tmp_path, settings):
    refused = prepare(edge_environment(tmp_path, settings))
    assert refused.returncode == 1
    assert next(iter(settings)) in refused.stderr and "nothing was started" in refused.stderr
    assert list(tmp_path.iterdir()) == []


def test_all_wrong_settings_are_named_at_once(tmp_path):
    refused = prepare(edge_environment(tmp_path, {"NGINX_GENERAL_RATE": "x", "NGINX_MAIL_BURST": "x"}))
    assert "NGINX_GENERAL_RATE" in refused.stderr and "NGINX_MAIL_BURST" in refused.stderr


def test_a_key_without_a_certificate_is_refused(tmp_path):
    (tmp_path / "key.pem").write_text("")
    assert "NGINX_TLS_CERTIFICATE" in prepare(edge_environment(tmp_path, {})).stderr


def test_compose_and_dotenv_state_the_defaults_of_the_image():
    image = image_environment()
    compose = (ROOT / "docker-compose.yml").read_text()
    dotenv = (ROOT / ".env").read_text()
    stated = [name for name in image if f"      {name}: ${{{name}" in compose]
    assert len(stated) > 20
    for name in stated:
        default = image[name]
        assert any(f"{name}: ${{{name}{sign}{default}}}" in compose for sign in ("-", ":-")) or name in (
            "NGINX_UPSTREAM", "NGINX_SAMPLE"), name
        if f"#{name}=" in dotenv:
            assert f"#{name}={default}\n" in dotenv, name


def test_every_variable_of_a_template_has_a_default():
    names = set()
    for template in (ROOT / "nginx/templates").glob("*.template"):
        names |= {part.split("}")[0] for part in template.read_text().split("${")[1:]}
    assert names <= set(image_environment())


def test_a_listener_can_be_another_address(upstream):
    port = free_port()
    edge = Edge(upstream.port, NGINX_LISTEN=f"127.0.0.3:{port} [::1]:{port}")
    try:
        assert request(("127.0.0.3", port), "GET", "/v1/me").status == 200
    finally:
        edge.stop()
