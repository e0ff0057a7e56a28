# SPDX-License-Identifier: MIT
"""What somebody who is signed in holds: her id, the claims of her token, a newer one."""
import base64
import json


def id_of(person):
    return person.get("/v1/me").json()["id"]


def payload(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def claims_of(person):
    return payload(person.access)


def refreshed(person):
    answer = person.client.refresh(person.refresh)
    assert answer.status == 200, answer.body
    person.tokens = answer.json()
    return person
