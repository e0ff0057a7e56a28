# SPDX-License-Identifier: MIT
"""An authenticator program: RFC 6238 by the letter of the RFC, and people who have one."""
import base64
import dataclasses
import hashlib
import hmac
import json
import struct
import time

from .planted import plant

STEP_SECONDS = 30
DRIFT = 1


def code_of(secret, step):
    """RFC 4226 section 5.3 with the step as the counter."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", step), hashlib.sha1).digest()
    offset = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[offset:offset + 4])[0] & 0x7fffffff) % 1000000:06d}"


@dataclasses.dataclass
class Authenticator:
    secret: str
    used: int = 0

    def step(self):
        return int(time.time()) // STEP_SECONDS

    def code(self, drift=0):
        """Of a step that many steps from now; it may have been used before."""
        return code_of(self.secret, self.step() + drift)

    def next(self):
        """A code that is good and was not used before: of the oldest step that still is. Waits for one at need."""
        while self.used >= self.step() + DRIFT:
            time.sleep(0.2)
        self.used = max(self.used + 1, self.step() - DRIFT)
        # A step is left so early that the answer may come when it is over.
        if self.used < self.step() and time.time() % STEP_SECONDS > STEP_SECONDS - 2:
            self.used += 1
        return code_of(self.secret, self.used)

    def wrong(self):
        """A code of none of the steps that are good, or will be soon."""
        near = {code_of(self.secret, self.step() + drift) for drift in range(-3, 5)}
        return next(code for code in ("000000", "111111", "222222", "333333", "444444", "555555", "666666", "777777",
                                      "888888") if code not in near)


def enrol(person, name=None):
    """Adds an authenticator program to a person's account; (Authenticator, the answer to the confirmation)."""
    body = {"type": "totp"} if name is None else {"type": "totp", "name": name}
    made = person.post("/v1/me/factors", body)
    assert made.status == 201, (made.status, made.body)
    authenticator = Authenticator(plant(made.json()["secret"]))
    answer = person.post(f"/v1/me/factors/{made.json()['id']}/verify", {"code": authenticator.next()})
    assert answer.status == 200, (answer.status, answer.body)
    verified = answer.json()
    for code in verified.get("recovery_codes", []):
        plant(code)
    return authenticator, verified


def begin(client, person, **fields):
    """The first step of signing in; the problem's members."""
    answer = client.post("/v1/login", {"email": person.email, "password": person.password, **fields})
    assert (answer.status, answer.code()) == (401, "mfa_required"), (answer.status, answer.body)
    plant(answer.json()["login_token"])
    return answer.json()


def finish(client, login_token, code, method="totp", **fields):
    return client.post("/v1/login/continue", {"login_token": login_token, "method": method, "code": code, **fields})


def sign_in(client, person, authenticator):
    """Both steps; the tokens."""
    answer = finish(client, begin(client, person)["login_token"], authenticator.next())
    assert answer.status == 200, (answer.status, answer.body)
    return answer.json()


def claims_of(token):
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
