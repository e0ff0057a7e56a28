# SPDX-License-Identifier: MIT
"""Does an answer tell who has an account? Interleaved samples of addresses with an account, without one, with a locked one
and with one that asks for a second factor: status, body and header fields must be alike, and their times must not be told
apart by Welch's test.

A difference of a few microseconds over some milliseconds of hashing needs thousands of samples to be seen: the long form
(AUTH_FAULTS=long; `pytest -s` prints the report) takes 10,000 of each kind, or AUTH_SAMPLES, and holds |t| below 4.5; the
short one compares what is said, and times coarsely. Requests for codes, which are answered at steps of 25 ms, are a fifth of
that: what is left of the work in them is less than the beat of a timer.
"""
import json
import math
import os
import random
import re
import statistics
import time

import pytest
from authtest.client import Person
from authtest.fleet import PASSWORD, Fleet
from authtest.planted import plant, plant_tokens
from authtest.totp import enrol

WRONG = plant("not the password of anybody")
# Tries of one address before it has to wait.
TRIES = 99
# One who asks is let through as often as can be, and what is mailed is not counted: else the samples were of a throttle.
SETTINGS = {"AUTH_THROTTLE_FREE_ATTEMPTS": "100", "AUTH_THROTTLE_STOP": "1000", "AUTH_CODE_REQUESTS": "100",
            "AUTH_MAIL_PER_HOUR": "1000000", "AUTH_MAIL_ACCOUNT_PER_HOUR": "1000000", "AUTH_MAIL_NOTICES_PER_HOUR": "1000000",
            "AUTH_ACCESS_TOKEN_SECONDS": "86400", "AUTH_FRESH_SECONDS": "86400"}
T_MAX = 4.5


class Asker:
    """One kept connection; every answer as what it says and how long it took."""

    def __init__(self, client):
        self.connection = client.connection()

    def ask(self, path, document, token=None):
        body = json.dumps(document)
        fields = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        began = time.perf_counter()
        self.connection.request("POST", path, body, fields)
        response = self.connection.getresponse()
        text = response.read().decode()
        seconds = time.perf_counter() - began
        fields = [(name, value) for name, value in response.getheaders() if name not in ("Date", "X-Request-Id")]
        return (response.status, re.sub(r"urn:request:\w+", "urn:request:ID", text), tuple(fields)), seconds


def welch(a, b):
    return (statistics.fmean(a) - statistics.fmean(b)) / math.sqrt(statistics.variance(a) / len(a) + statistics.variance(b) / len(b))


def sample(ask, classes, count):
    """{name: answers}, {name: seconds}: all in one random order, so that what one leaves to be done beside the traffic (a
    mail is sent) falls on those of every kind alike."""
    said, seconds = {name: set() for name in classes}, {name: [] for name in classes}
    order = list(classes) * count
    random.Random(4).shuffle(order)
    for name in order:
        answer, took = ask(classes[name](len(seconds[name])))
        said[name].add(answer)
        seconds[name].append(took)
    return said, seconds


def judge(title, said, seconds, is_long):
    """The first kind is what the others are compared with."""
    first, *others = said
    report = []
    for name in others:
        assert said[name] == said[first], f"{title}: {name} and {first} are answered differently"
        t = welch(seconds[first], seconds[name])
        medians = [statistics.median(seconds[kind]) for kind in (first, name)]
        gap = abs(medians[0] - medians[1]) / medians[0]
        report.append(f"{title}: {first} / {name}: {len(seconds[name])} samples, medians {medians[0] * 1e3:.3f} / "
                      f"{medians[1] * 1e3:.3f} ms ({gap:.2%}), t = {t:+.2f}")
        print(report[-1])
        if is_long:
            assert abs(t) < T_MAX, report[-1]
        # What nobody needs statistics for: a hash that was left out.
        assert gap < 0.5, report[-1]
    assert len(said[first]) == 1, f"{title}: answers vary: {said[first]}"


@pytest.fixture(name="count")
def fixture_count(is_long):
    return int(os.environ.get("AUTH_SAMPLES", "10000")) if is_long else 150


@pytest.fixture(scope="module", name="fleet", params=["sqlite", "postgres"])
def fixture_fleet(request, folder):
    servers = [request.getfixturevalue("postgres")] if request.param == "postgres" else []
    with Fleet(folder, f"spied-{request.param}", *servers, count=1, **SETTINGS) as made:
        yield made


def accounts(fleet, count):
    return [fleet.new_account() for _ in range(count)]


def locked(fleet, count):
    made = accounts(fleet, count)
    for email in made:
        fleet.replicas[0].run("user", "lock", email)
    return made


def person(fleet):
    email = fleet.new_account()
    return Person(fleet.clients[0], email, PASSWORD, fleet.sign_in(email))


def guarded(fleet, count):
    """Accounts that ask for a code of an authenticator program after the password."""
    made = [person(fleet) for _ in range(count)]
    for one in made:
        enrol(one)
    return [one.email for one in made]


def in_turn(kinds):
    """{name: which of its addresses the i-th sample is of}"""
    return {name: lambda i, emails=emails: emails[i % len(emails)] for name, emails in kinds.items()}


def test_a_sign_in_tells_nobody_who_has_an_account_or_a_second_factor(fleet, is_long, count):
    needed = count // TRIES + 1
    classes = in_turn({"with an account": accounts(fleet, needed), "locked": locked(fleet, needed),
                       "with a second factor": guarded(fleet, needed),
                       "without an account": [f"nobody{i}@example.net" for i in range(needed)]})
    asker = Asker(fleet.clients[0])
    judge("sign-in", *sample(lambda email: asker.ask("/v1/login", {"email": email, "password": WRONG}), classes, count), is_long)


def test_a_sign_in_to_a_locked_account_with_the_right_password_looks_like_a_wrong_one(fleet):
    asker = Asker(fleet.clients[0])
    right, _ = asker.ask("/v1/login", {"email": locked(fleet, 1)[0], "password": PASSWORD})
    wrong, _ = asker.ask("/v1/login", {"email": accounts(fleet, 1)[0], "password": WRONG})
    assert right == wrong


def test_a_sign_up_tells_nobody_who_has_an_account(fleet, is_long, count):
    taken = accounts(fleet, 20)
    asker = Asker(fleet.clients[0])
    classes = {"taken": lambda i: taken[i % len(taken)], "free": lambda i: f"newcomer{i}@example.net"}
    judge("sign-up", *sample(lambda email: asker.ask("/v1/signup", {"email": email, "password": WRONG}), classes, count), is_long)


@pytest.mark.parametrize("purpose", ["verify", "login", "reset"])
def test_asking_for_a_code_tells_nobody_who_has_an_account(fleet, is_long, count, purpose):
    count //= 5
    needed = count // TRIES + 1
    classes = in_turn({"with an account": accounts(fleet, needed), "locked": locked(fleet, needed),
                       "without an account": [f"{purpose}.nobody{i}@example.net" for i in range(needed)]})
    asker = Asker(fleet.clients[0])
    judge(f"code to {purpose}", *sample(lambda email: asker.ask("/v1/codes", {"purpose": purpose, "email": email}), classes, count),
          is_long)


def test_a_change_of_address_tells_nobody_who_has_the_new_one(fleet, is_long, count):
    """Whoever is signed in may ask for any address; that it is somebody's is told to its owner alone."""
    taken, movers = accounts(fleet, 20), [person(fleet) for _ in range(2 * count // TRIES + 2)]
    for mover in movers:
        plant_tokens(mover.tokens)
    half = len(movers) // 2
    classes = {"taken": lambda i: (movers[i % half], taken[i % len(taken)]),
               "free": lambda i: (movers[half + i % half], f"free{i % 20}@example.net")}
    asker = Asker(fleet.clients[0])
    judge("change of address", *sample(lambda one: asker.ask("/v1/me/email", {"email": one[1]}, one[0].access), classes, count),
          is_long)


def test_throttling_tells_nobody_who_has_an_account(fleet):
    asker = Asker(fleet.clients[0])
    told = []
    for email in (accounts(fleet, 1)[0], locked(fleet, 1)[0], "never.there@example.net"):
        answers = [asker.ask("/v1/login", {"email": email, "password": WRONG})[0] for _ in range(102)]
        assert [answer[0] for answer in answers] == [401] * 100 + [429] * 2
        told.append(answers)
    assert told[0] == told[1] == told[2]
