# SPDX-License-Identifier: MIT
"""Every operation of the API document against bodies it must not take. The document says what is right; each case spoils
one thing. Refusals name what is wrong, are told in the documented status, come at once, and leave nothing behind."""
import contextlib
import copy
import json
import sqlite3
import time
import urllib.parse

import pytest

TABLES = ("accounts", "sessions", "clients", "signing_keys", "throttles", "revoked_tokens", "audit_events")
BODY_BYTES_MAX = 65536
ANSWER_SECONDS = 5
# What the document gives no example of.
VALUES = {"current": "the password until now", "new": "the password from now on", "token": "rt_nothing", "refresh_token": "rt_nothing",
          "grant_type": "refresh_token", "token_type_hint": "refresh_token", "scope": "report:read"}
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


class Operation:
    """One operation of the document, and a body that is right."""

    def __init__(self, document, method, path, row):
        self.name, self.method, self.path = row["operationId"], method.upper(), path
        self.is_bearer = any("bearer" in need for need in row.get("security", []))
        self.content_type, shape = next(iter(row["requestBody"]["content"].items()))
        self.schema = resolve(document, shape["schema"])
        self.takes_query = bool([row for row in row.get("parameters", []) if row["in"] == "query"])
        self.is_optional = not row["requestBody"].get("required", False)
        self.statuses = {int(status) for status in row["responses"]}
        self.properties = self.schema["properties"]
        self.right = {name: value_of(name, shape) for name, shape in self.properties.items() if name in self.required()}
        if not self.right:
            self.right = {name: value_of(name, shape) for name, shape in list(self.properties.items())[:1]}

    def required(self):
        return self.schema.get("required", [])


def resolve(document, schema):
    if "$ref" not in schema:
        return schema
    found = document
    for part in schema["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return found


def value_of(name, shape):
    if "enum" in shape:
        return shape["enum"][0]
    return shape.get("examples", [VALUES.get(name)])[0]


@pytest.fixture(scope="module", name="document")
def fixture_document(service):
    return service.client().get("/v1/openapi.json").json()


@pytest.fixture(scope="module", name="operations")
def fixture_operations(document):
    found = [Operation(document, method, path, row) for path, rows in document["paths"].items()
             for method, row in rows.items() if isinstance(row, dict) and "requestBody" in row]
    assert {operation.name for operation in found} >= {"signup", "login", "me_patch", "me_password", "oauth_token"}
    return found


@pytest.fixture(scope="module", name="access")
def fixture_access(service):
    """Of somebody who may do everything, so that it is the body that is refused."""
    person = service.client().signup()
    service.replicas[0].run("role", "grant", "administrator", person.email)
    if service.name == "sqlite":
        time.sleep(5.5)  # what a server on SQLite remembers of her
    return person.login_again().access


@pytest.fixture(scope="module", name="rows_of")
def fixture_rows_of(service, request):
    """How many rows each table has."""
    columns = ", ".join(f"(SELECT count(*) FROM {table})" for table in TABLES)
    if service.name == "sqlite":
        def count():
            with contextlib.closing(sqlite3.connect(f"file:{service.database}?mode=ro", uri=True)) as connection:
                return dict(zip(TABLES, connection.execute(f"SELECT {columns}").fetchone()))
    else:
        postgres = request.getfixturevalue("postgres")

        def count():
            return dict(zip(TABLES, map(int, postgres.run_sql(f"SELECT {columns}", service.database).split("|"))))
    return count


class Asker:
    """Sends spoiled requests and gathers what was answered wrongly, so that one run tells all."""

    def __init__(self, service, access, robot):
        self.service, self.access, self.robot = service, access, robot
        self.problems, self.count = [], 0
        self.is_direct = False  # past the proxy

    def ask(self, operation, body, content_type="", method=None, path=None):
        headers = {"Content-Type": content_type or operation.content_type} if content_type is not None else {}
        token, basic = (self.access, None) if operation.is_bearer else (None, None)
        if operation.path.startswith("/oauth/"):
            basic = self.robot
        # From an address of its own each time: limits are not what is looked at.
        client = self.service.replicas[0].client() if self.is_direct else self.service.client()
        return client.request(method or operation.method, path or operation.path, body=body, token=token, basic=basic,
                              headers=headers)

    def expect(self, what, operation, body, statuses, pointer=None, **options):
        """The answer must have one of the statuses, be a whole refusal, and name the field."""
        self.count += 1
        began = time.monotonic()
        answer = self.ask(operation, body, **options)
        seconds = time.monotonic() - began
        wrong = [problem for problem in self.look_at(operation, answer, statuses, pointer) if problem]
        if seconds > ANSWER_SECONDS:
            wrong.append(f"took {seconds:.1f} s")
        if wrong:
            self.problems.append(f"{operation.name}, {what}: {'; '.join(wrong)} {answer.status} {answer.body[:300]}")

    @staticmethod
    def look_at(operation, answer, statuses, pointer):
        yield answer.status not in statuses and f"expected {statuses}"
        yield answer.status not in operation.statuses | {405} and "the document does not know this status"
        # Too large is what a body is before anybody looks whom it is for.
        is_protocol = operation.path.startswith("/oauth/") and answer.status != 413
        expected = "application/json" if is_protocol else "application/problem+json"
        yield answer.header("Content-Type") != expected and f"content type {answer.header('Content-Type')}"
        with contextlib.suppress(ValueError):
            told = answer.json()
            yield not is_protocol and not {"type", "title", "status", "code", "instance"} <= set(told) and "no problem document"
            yield is_protocol and not {"error", "error_description"} <= set(told) and "no error of OAuth"
            named = told.get("error_description", "") if is_protocol else [error["pointer"] for error in told.get("errors", [])]
            yield pointer is not None and pointer not in named and f"does not name {pointer}"
            return
        yield "no JSON"


@pytest.fixture(name="asker")
def fixture_asker(service, access, robot, rows_of):
    asker = Asker(service, access, robot)
    before = rows_of()
    yield asker
    assert not asker.problems, "\n".join(asker.problems)
    assert asker.count > 0
    assert rows_of() == before, "something was stored"


def of_json(operations):
    return [operation for operation in operations if operation.content_type == JSON]


def of_form(operations):
    return [operation for operation in operations if operation.content_type == FORM]


def types_of(shape):
    kinds = shape.get("type", "string")
    return kinds if isinstance(kinds, list) else [kinds]


KINDS = {"null": type(None), "boolean": bool, "integer": int, "array": list, "object": dict}


def is_of_type(value, shape):
    """Whether the document lets a member be of the value's type; what it says nothing of is an object of any kind."""
    kinds = types_of(shape) if "type" in shape else ["object"]
    return any(type(value) is KINDS.get(kind) for kind in kinds)  # pylint: disable=unidiomatic-typecheck


def test_members_of_a_wrong_type_are_named(operations, asker):
    for operation in of_json(operations):
        for name, shape in operation.properties.items():
            for value in (5, 1.5, True, [], ["text"], {}, {"text": 1}, None):
                if is_of_type(value, shape):
                    continue
                body = json.dumps({**operation.right, name: value})
                asker.expect(f"{name} = {value!r}", operation, body, {422}, f"/{name}")


def test_missing_members_are_named(operations, asker):
    for operation in of_json(operations):
        for name in operation.required():
            body = {key: value for key, value in operation.right.items() if key != name}
            asker.expect(f"without {name}", operation, json.dumps(body), {422}, f"/{name}")


def test_unknown_members_are_named(operations, asker):
    for operation in of_json(operations):
        for name in ("surprise", "is_email_verified", "id", "Email", "", "__proto__"):
            asker.expect(f"unknown {name!r}", operation, json.dumps({**operation.right, name: "x"}), {422}, f"/{name}")


def test_all_that_is_wrong_is_named_at_once(operations, asker):
    for operation in of_json(operations):
        wrong = {name: "x" if is_of_type(5, shape) else 5 for name, shape in operation.properties.items()}
        body = json.dumps({**wrong, "surprise": 1})
        for name in [*operation.properties, "surprise"]:
            asker.expect("everything wrong", operation, body, {422}, f"/{name}")


def test_texts_too_long_too_short_or_not_on_the_list_are_named(operations, asker):
    for operation in of_json(operations):
        for name, shape in operation.properties.items():
            spoiled = [text * (shape["maxLength"] + 1) for text in ("x", "ü", "\U0001F600") if "maxLength" in shape]
            spoiled += ["x" * (shape["minLength"] - 1)] if shape.get("minLength") else []
            spoiled += ["no such choice"] if "enum" in shape else []
            for value in spoiled:
                body = json.dumps({**operation.right, name: value}, ensure_ascii=False).encode()
                asker.expect(f"{name} of {len(value)} characters", operation, body, {422}, f"/{name}")


def test_texts_with_nul_and_half_characters_are_refused(operations, asker):
    for operation in of_json(operations):
        for name in operation.right:
            for escape in ("\\u0000", "a\\u0000b", "\\ud800", "\\udc00\\ud800"):
                body = json.dumps({**operation.right, name: "PLACE"}).replace("PLACE", escape)
                asker.expect(f"{name} with {escape}", operation, body, {400, 422})


def test_bytes_that_are_not_utf_8_are_refused(operations, asker):
    for operation in of_json(operations):
        for name in operation.right:
            for spoiled in (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"):
                body = json.dumps({**operation.right, name: "PLACE"}).encode().replace(b"PLACE", spoiled)
                asker.expect(f"{name} with {spoiled!r}", operation, body, {400})


def test_a_repeated_member_is_refused(operations, asker):
    for operation in of_json(operations):
        for name, value in operation.right.items():
            pair = f"{json.dumps(name)}: {json.dumps(value)}"
            body = json.dumps(operation.right)[:-1] + f", {pair}}}"
            asker.expect(f"{name} twice", operation, body, {400, 422})


NO_OBJECTS = (b"[]", b'"text"', b"5", b"null", b"true", b"{", b"}", b"{}{}", b"{}x", b"\xef\xbb\xbf{}", b"{'a': 1}", b"{a: 1}",
              b'{"a": 1,}', b"// remark\n{}", b'{"a": NaN}', b'{"a": 1e999}', b'{"a": 01}', b'{"a": "\n"}', b"\x00", b"{}\x00",
              b"[" * 30000, b'{"a":' * 5000, b'{"a":' * 5000 + b"1" + b"}" * 5000, b"[" * 30000 + b"]" * 30000)


def test_what_is_no_object_is_refused(operations, asker):
    for operation in of_json(operations):
        for body in NO_OBJECTS:
            asker.expect(f"{body[:20]!r} of {len(body)} bytes", operation, body, {400, 422})


def test_many_members_are_refused(operations, asker):
    for operation in of_json(operations):
        body = json.dumps({**operation.right, **{f"m{i}": i for i in range(3000)}})
        asker.expect("3000 members", operation, body, {400, 422})


def test_a_body_that_is_too_large_is_refused(operations, asker):
    asker.is_direct = True  # a proxy has a limit, and words, of its own
    for operation in operations:
        for size in (BODY_BYTES_MAX + 1, 2 * BODY_BYTES_MAX - 1):
            asker.expect(f"{size} bytes", operation, b" " * size, {413})


def test_a_body_that_must_be_there_is_missed(operations, asker):
    # A file of records may hold none.
    for operation in of_json(operations) + of_form(operations):
        if not operation.is_optional:
            asker.expect("no body", operation, b"", {400, 422})


WRONG_TYPES = ("text/plain", "application/xml", "application/jsonp", "application/json; charset=latin-1", "application/json;x",
               "multipart/form-data; boundary=x", "*/*", "json", "application/json, text/plain", None)


def test_a_wrong_content_type_is_refused(operations, asker):
    for operation in operations:
        body = json.dumps(operation.right) if operation.content_type == JSON else urllib.parse.urlencode(operation.right)
        other = FORM if operation.content_type == JSON else JSON
        for content_type in [*WRONG_TYPES, other]:
            # http.client sets none of its own for bytes.
            asker.expect(f"as {content_type}", operation, body.encode(), {415}, content_type=content_type)


def test_a_query_is_refused_where_none_is_taken(operations, asker):
    for operation in operations:
        body = json.dumps(operation.right) if operation.content_type == JSON else urllib.parse.urlencode(operation.right)
        asker.expect("with a query", operation, body, {422} if operation.takes_query else {400}, path=operation.path + "?password=x")


def test_a_method_that_a_path_does_not_have_is_refused_and_the_others_are_named(service, document, rows_of):
    before = rows_of()
    for path, rows in document["paths"].items():
        there = {method.upper() for method in rows if isinstance(rows[method], dict)}
        for method in ({"GET", "POST", "PUT", "PATCH", "DELETE"} - there) | {"TRACE", "CONNECT", "PROPFIND", "get"}:
            answer = service.client().request(method, path.replace("{id}", "01a1fb26-7d9d-7657-9a31-fadadb8d9dbe"))
            assert answer.status in (400, 405), (method, path, answer.status)
            if method in ("POST", "PUT", "PATCH", "DELETE") or (method == "GET" and "GET" not in there):
                assert answer.status == 405
                assert there <= set((answer.header("Allow") or "").replace(" ", "").split(",")), (method, path)
    assert rows_of() == before


def test_parameters_that_are_missing_repeated_or_too_long_are_named(operations, asker):
    for operation in of_form(operations):
        for name, shape in operation.properties.items():
            rest = {key: value for key, value in operation.right.items() if key != name}
            encoded, value = urllib.parse.urlencode(rest), urllib.parse.quote(str(value_of(name, shape)))
            asker.expect(f"{name} twice", operation, f"{encoded}&{name}={value}&{name}={value}", {400}, name)
            asker.expect(f"long {name}", operation, f"{encoded}&{name}={'x' * (shape['maxLength'] + 1)}", {400}, name)
            if name in operation.required():
                asker.expect(f"without {name}", operation, encoded or "other=1", {400}, name)
                asker.expect(f"empty {name}", operation, f"{encoded}&{name}=", {400}, name)


def test_parameters_with_broken_escapes_nul_or_other_bytes_are_refused(operations, asker):
    for operation in of_form(operations):
        for name in operation.properties:
            rest = urllib.parse.urlencode({key: value for key, value in operation.right.items() if key != name})
            for value in ("%", "%zz", "%4", "%00", "a%00b", "%ff", "%c0%80", "%ed%a0%80"):
                asker.expect(f"{name}={value}", operation, f"{rest}&{name}={value}", {400})


def test_parameters_nobody_knows_are_ignored(operations, service, robot):
    """RFC 6749 section 3.2: "The authorization server MUST ignore unrecognized request parameters"."""
    operation = next(each for each in of_form(operations) if each.name == "oauth_token")
    form = {"grant_type": "client_credentials", "surprise": "1", "resource": "https://example.org"}
    assert service.client().post(operation.path, form=form, basic=robot).status == 200


def test_examples_of_the_document_are_taken(operations, service):
    """The cases above spoil bodies that are right to begin with."""
    signup = next(each for each in operations if each.name == "signup")
    body = copy.deepcopy(signup.right)
    body["email"], body["password"] = "example.of.the.document@example.org", "an example nobody guesses"
    assert service.client().post("/v1/signup", body).status in (201, 202)
