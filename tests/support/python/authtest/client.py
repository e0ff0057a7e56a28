# SPDX-License-Identifier: MIT
"""A client of the API that adds nothing of its own: what a test gives is what is sent."""
import base64
import dataclasses
import http.client
import itertools
import json
import socket
import urllib.parse

from .planted import new_password, plant, plant_tokens

# Each client comes from an address of its own, so that limits for each address stay on and do not mix tests.
ADDRESSES = (f"127.{a}.{b}.{c}" for a, b, c in itertools.product(range(1, 255), range(255), range(1, 255)))
COUNTER = itertools.count(1)
FORM = "application/x-www-form-urlencoded"


@dataclasses.dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self):
        return json.loads(self.body)

    def header(self, name):
        return self.headers.get(name)

    def code(self):
        """The problem's code, or the OAuth error."""
        document = self.json()
        return document.get("code") or document.get("error")

    def pointers(self):
        """The fields that were refused, with their codes."""
        return {error["pointer"]: error["code"] for error in self.json().get("errors", [])}


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


@dataclasses.dataclass
class Person:
    """Somebody with an account, and what was last given to them."""
    client: "Client"
    email: str
    password: str
    tokens: dict

    @property
    def access(self):
        return self.tokens["access_token"]

    @property
    def refresh(self):
        return self.tokens["refresh_token"]

    def get(self, path, **options):
        return self.client.request("GET", path, token=self.access, **options)

    def post(self, path, document=None, **options):
        return self.client.request("POST", path, document=document, token=self.access, **options)

    def put(self, path, document=None, **options):
        return self.client.request("PUT", path, document=document, token=self.access, **options)

    def patch(self, path, document=None, **options):
        return self.client.request("PATCH", path, document=document, token=self.access, **options)

    def delete(self, path, **options):
        return self.client.request("DELETE", path, token=self.access, **options)

    def every_page(self, path):
        """What a list holds, on any number of pages."""
        cursor = ""
        while cursor is not None:
            page = self.get(path + (f"&after={cursor}" if cursor else "")).json()
            yield from page["data"]
            cursor = page["next"]

    def login_again(self, **options):
        """A further session of the same account."""
        return Person(self.client, self.email, self.password, self.client.login(self.email, self.password, **options))


class Client:
    def __init__(self, address, timeout=30):
        self.address = address  # ("127.0.0.1", port) or the path of a Unix socket
        self.source = next(ADDRESSES)
        self.timeout = timeout

    def connection(self):
        if isinstance(self.address, str):
            return UnixConnection(self.address, self.timeout)
        return http.client.HTTPConnection(*self.address, timeout=self.timeout, source_address=(self.source, 0))

    def request(self, method, path, document=None, form=None, body=None, token=None, basic=None, headers=None):
        """One request on a connection of its own: `document` is sent as JSON, `form` as a form, `body` as it is."""
        fields = {}
        if document is not None:
            body, fields["Content-Type"] = json.dumps(document).encode(), "application/json"
        elif form is not None:
            body, fields["Content-Type"] = urllib.parse.urlencode(form).encode(), FORM
        if token is not None:
            fields["Authorization"] = "Bearer " + token
        if basic is not None:
            pair = ":".join(urllib.parse.quote(part, safe="") for part in basic)
            fields["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        fields.update(headers or {})
        connection = self.connection()
        try:
            try:
                connection.request(method, path, body=body, headers=fields)
            except BrokenPipeError:
                pass  # refused before it was sent whole: the answer is there to be read
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, response.read())
        finally:
            connection.close()
        if answer.header("Content-Type") == "application/json" and answer.body:
            plant_tokens(answer.json())
        return answer

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, document=None, **options):
        return self.request("POST", path, document=document, **options)

    def new_email(self):
        return f"person{next(COUNTER)}.{self.source.replace('.', '-')}@example.org"

    def signup(self, email=None, password=None, **fields):
        """Makes an account and signs in."""
        email, password = email or self.new_email(), plant(password) or new_password()
        answer = self.post("/v1/signup", {"email": email, "password": password, **fields})
        assert answer.status == 202, (answer.status, answer.body)
        return Person(self, email, password, self.login(email, password))

    def login(self, email, password, **options):
        answer = self.post("/v1/login", {"email": email, "password": plant(password)}, **options)
        assert answer.status == 200, (answer.status, answer.body)
        return answer.json()

    def refresh(self, refresh_token, client_id="auth", **fields):
        form = {"grant_type": "refresh_token", "client_id": client_id, "refresh_token": refresh_token, **fields}
        return self.post("/oauth/token", form=form)

    def introspect(self, token, basic):
        answer = self.post("/oauth/introspect", form={"token": token}, basic=basic)
        assert answer.status == 200, (answer.status, answer.body)
        return answer.json()
