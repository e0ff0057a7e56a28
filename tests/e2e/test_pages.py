# SPDX-License-Identifier: MIT
"""The pages that links in mail lead to, as they are sent; what they do in a browser is looked at in tests/pages."""
import json
import re

import pytest

from authtest.planted import new_password

PAGES = ("/ui/verify", "/ui/reset", "/ui/login", "/ui/email", "/ui/invite")
ASSETS = {"/ui/page.css": "text/css; charset=utf-8", "/ui/page.js": "text/javascript; charset=utf-8"}
# What mail programs, scanners of links and those who count clicks send.
READERS = (
    ("GET", "", {}), ("HEAD", "", {}), ("GET", "?lang=de", {}), ("GET", "?utm_source=mail&fbclid=x&utm_source=again", {}),
    ("GET", "", {"User-Agent": "Mozilla/5.0 (compatible; scanner)", "Purpose": "prefetch", "Sec-Purpose": "prefetch"}),
)


def read(client, path):
    """As all of them; the last answer."""
    for method, query, headers in READERS:
        answer = client.request(method, path + query, headers=headers)
        assert answer.status == 200, (method, query, answer.body)
    return answer


def redeem(client, purpose, token, **fields):
    return client.post("/v1/codes/verify", {"purpose": purpose, "token": token, **fields})


def assert_page(answer):
    assert answer.header("Content-Type") == "text/html; charset=utf-8"
    assert answer.header("Cache-Control") == "no-store"
    assert b"<form" in answer.body


def mailed(service, client, purpose, email, kind):
    before = service.mails(email, kind)
    assert client.post("/v1/codes", {"purpose": purpose, "email": email}).status == 202
    service.wait_mail(email, kind, len(before) + 1)
    return next(mail for mail in service.mails(email, kind) if mail not in before)


def test_ui_verify_opened_by_anybody_spends_nothing(service, client, person):
    """A link that a scanner opens is still good for its reader."""
    mail = mailed(service, client, "verify", person.email, "verify")
    assert_page(read(client, "/ui/verify"))
    assert redeem(client, "verify", mail.token).status == 204


def test_ui_reset_opened_by_anybody_spends_nothing(service, client, person):
    mail = mailed(service, client, "reset", person.email, "password_reset")
    assert_page(read(client, "/ui/reset"))
    assert client.login(person.email, person.password), "the password is what it was"
    assert redeem(client, "reset", mail.token, new_password=new_password()).status == 204


def test_ui_login_opened_by_anybody_signs_nobody_in(service, client, person):
    mail = mailed(service, client, "login", person.email, "login_code")
    answer = read(client, "/ui/login")
    assert_page(answer)
    assert "Set-Cookie" not in answer.headers
    assert len(person.get("/v1/me/sessions").json()["data"]) == 1
    assert redeem(client, "login", mail.token).status == 200


def test_ui_email_opened_by_anybody_changes_no_address(service, client, person):
    new = client.new_email()
    assert person.post("/v1/me/email", {"email": new}).status == 202
    mail = service.wait_mail(new, "email_change")
    assert_page(read(client, "/ui/email"))
    assert person.get("/v1/me").json()["email"] == person.email
    assert redeem(client, "change", mail.token).status == 204
    assert person.get("/v1/me").json()["email"] == new


def test_ui_invite_opened_by_anybody_spends_no_invitation(service, client):
    email = client.new_email()
    made = json.loads(service.replicas[0].run("user", "invite", email, "--print-link", "--json"))
    page, _, token = made["url"].partition("#")
    assert page.endswith("/ui/invite")
    assert_page(read(client, "/ui/invite"))
    assert client.post("/v1/signup", {"email": email, "password": new_password(), "invite": token}).status == 202


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_ui_pages_take_nothing(client, path, method):
    """Not even what a form without its script would send."""
    answer = client.request(method, path, form={"new_password": "seven grey geese"})
    assert (answer.status, answer.code()) == (405, "method_not_allowed")


@pytest.mark.parametrize("path", PAGES)
def test_ui_pages_are_guarded_against_other_pages(client, path):
    """OWASP ASVS 3.4: only our own script and style, in no frame, with no trace in a Referer, kept by nobody."""
    headers = client.get(path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"


def test_ui_pages_hold_no_script_and_nothing_of_the_request(client):
    """Security incident 36: neither header nor query is repeated."""
    answer = client.get("/ui/reset?lang=%3Cscript%3E&x=evil", headers={"Host": "evil.example", "Accept-Language": "evil"})
    text = answer.body.decode()
    assert answer.body == client.get("/ui/verify").body and "evil" not in text
    assert re.findall(r"<script[^>]*>(.*?)</script>", text, re.S) == [""]
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|https?://", text)


def assert_asset(client, path):
    """Kept for a year under the version the page asks for; asked for anew under any other, since it may be of another release."""
    name = path.rpartition("/")[2]
    version = re.search(rf'{re.escape(name)}(\?v=[0-9a-f]{{16}})"', client.get("/ui/reset").body.decode())[1]
    answer = client.get(path + version)
    assert (answer.status, answer.header("Content-Type")) == (200, ASSETS[path])
    assert answer.header("Cache-Control") == "public, max-age=31536000, immutable"
    assert answer.header("X-Content-Type-Options") == "nosniff"
    for other in ("", "?v=", "?v=0123456789abcdef"):
        late = client.get(path + other)
        assert (late.status, late.body, late.header("Cache-Control")) == (200, answer.body, "no-cache")
        known = client.get(path + other, headers={"If-None-Match": late.header("ETag")})
        assert (known.status, known.body) == (304, b"")
    assert client.get(path + "?w=1").status == 422
    assert client.post(path).status == 405


def test_ui_style_may_be_kept_as_long_as_it_is_the_same(client):
    assert_asset(client, "/ui/page.css")


def test_ui_script_may_be_kept_as_long_as_it_is_the_same(client):
    assert_asset(client, "/ui/page.js")


@pytest.mark.parametrize("headers", [{}, {"Host": "evil.example"}, {"X-Forwarded-Host": "evil.example"}])
def test_change_password_leads_to_the_page_below_the_issuer(client, headers):
    """W3C, A Well-Known URL for Changing Passwords; security incident 36: no header steers where to."""
    for method in ("GET", "HEAD"):
        answer = client.request(method, "/.well-known/change-password", headers=headers)
        assert (answer.status, answer.header("Location")) == (302, "http://localhost:8080/ui/reset")
        assert answer.header("Cache-Control") == "no-store"


def test_change_password_has_neighbours_that_are_not_there(client):
    """What password managers ask to see whether a server answers everything with 200."""
    assert client.get("/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200").status == 404


def test_a_page_of_an_issuer_below_a_path_may_post_to_it(start_alone):
    """An origin has no path: the page's own is not a foreign one."""
    service = start_alone(AUTH_ISSUER="https://example.org/auth")
    client = service.client()
    body = {"purpose": "reset", "email": client.new_email()}
    assert client.post("/v1/codes", body, headers={"Origin": "https://example.org"}).status == 202
    for origin in ("https://example.org:8443", "http://example.org", "https://example.org.evil.example", "https://example.org/auth",
                   "https://evil.example", "null"):
        assert client.post("/v1/codes", body, headers={"Origin": origin}).status == 403, origin
    assert client.get("/.well-known/change-password").header("Location") == "https://example.org/auth/ui/reset"
