# SPDX-License-Identifier: MIT
"""What the service tells about itself, and what every answer carries."""
import pytest


def test_config_refuses_a_query_and_other_methods(client):
    assert client.get("/v1/config?x").status == 400
    answer = client.request("DELETE", "/v1/config")
    assert (answer.status, answer.code()) == (405, "method_not_allowed")


def test_config_tells_a_sign_in_page_what_it_needs(client):
    document = client.get("/v1/config").json()
    assert document["signup"] == "open"
    assert document["login_methods"] == ["password", "code"]
    assert document["password"]["min_length"] == 8


@pytest.mark.smoke
def test_openapi_lists_the_public_routes_only(client):
    answer = client.get("/v1/openapi.json")
    document = answer.json()
    assert document["openapi"].startswith("3.1")
    assert "/v1/login" in document["paths"]
    assert not {"/livez", "/readyz", "/metrics"} & set(document["paths"])


def test_openapi_is_not_sent_again_to_who_has_it(client):
    tag = client.get("/v1/openapi.json").header("ETag")
    answer = client.get("/v1/openapi.json", headers={"If-None-Match": tag})
    assert (answer.status, answer.body) == (304, b"")


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/", "/v1/me/", "//v1/me", "/v1/./me", "/v1/%6de", "/V1/ME", "/v1/me;x",
                                  "/livez", "/readyz", "/metrics", "/.well-known/openid-configuration"])
def test_an_unknown_path_is_not_found(client, person, path):
    answer = person.get(path)
    assert answer.status in (400, 404)
    if answer.status == 404:
        assert answer.code() == "not_found"


@pytest.mark.parametrize("path", ["/v1/config", "/v1/me", "/nowhere"])
def test_every_answer_tells_browsers_to_do_nothing_with_it(client, path):
    answer = client.get(path)
    assert answer.header("X-Content-Type-Options") == "nosniff"
    assert "default-src 'none'" in answer.header("Content-Security-Policy")
    assert answer.header("X-Request-Id")
    assert "Set-Cookie" not in answer.headers


def test_head_is_answered_like_get_without_a_body(client):
    got, headed = client.get("/v1/config"), client.request("HEAD", "/v1/config")
    assert (headed.status, headed.body) == (200, b"")
    assert headed.header("Content-Length") == str(len(got.body))


def test_a_preflight_of_an_unlisted_origin_allows_nothing(client):
    """Security incident 40."""
    answer = client.request("OPTIONS", "/v1/login", headers={"Origin": "https://evil.example",
                                                             "Access-Control-Request-Method": "POST"})
    assert answer.header("Access-Control-Allow-Origin") is None


def test_a_preflight_of_a_listed_origin_is_answered(start_alone):
    client = start_alone(AUTH_CORS_ORIGINS="https://app.example").client()
    answer = client.request("OPTIONS", "/v1/login", headers={"Origin": "https://app.example",
                                                             "Access-Control-Request-Method": "POST"})
    assert answer.status == 204
    assert answer.header("Access-Control-Allow-Origin") == "https://app.example"
    assert {"If-Match", "Idempotency-Key"} <= set(answer.header("Access-Control-Allow-Headers").split(", "))
    answer = client.get("/v1/me", headers={"Origin": "https://app.example"})
    assert {"ETag", "Location"} <= set(answer.header("Access-Control-Expose-Headers").split(", "))


@pytest.mark.parametrize("path", ["/.well-known/jwks.json", "/.well-known/oauth-authorization-server", "/v1/config"])
def test_what_is_the_same_for_everybody_may_be_read_by_any_page(client, path):
    answer = client.get(path)
    assert answer.header("Access-Control-Allow-Origin") == "*"
    again = client.get(path, headers={"If-None-Match": answer.header("ETag"), "Origin": "https://any.example"})
    assert (again.status, again.header("Access-Control-Allow-Origin")) == (304, "*")
