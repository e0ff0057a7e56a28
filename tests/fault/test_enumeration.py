# SPDX-License-Identifier: MIT
"""Does an answer tell who has an account? Interleaved samples of addresses with an account, without one, with a locked one
and with one that asks for a second factor: status, body and header fields must be alike, and their times must not be told
apart by Welch's test.

A difference of a few microseconds over some milliseconds of hashing needs thousands of samples to be seen: the long form
(AUTH_FAULTS=long) takes 10,000 of each kind, or AUTH_SAMPLES, and holds |t| below 4.5 and, where a password is hashed, the
gap of the medians below 1 % of a hash as it is shipped (the samples are of a cheaper one: what stands beside it shows the
more); the short one compares what is said, and times coarsely. What is answered at steps of 25 ms mostly waits, so several
connections ask for it at once, each for whatever kind is next.

`pytest -s` prints the report; AUTH_REPORT=path adds it to a file. `-k sqlite` and `-k postgres` are halves of the long form.
"""
import json
import math
import os
import random
import re
import statistics
import threading
import time

import pytest
from authtest.client import Person
from authtest.fleet import PASSWORD, Fleet
from authtest.planted import plant, plant_tokens
from authtest.totp import enrol

WRONG = plant("not the password of anybody")
NEW = plant("a password nobody will ever have")
# Tries of one address before it has to wait.
TRIES = 99
# One who asks is let through as often as can be, and what is mailed is not counted: else the samples were of a throttle.
SETTINGS = {"AUTH_THROTTLE_FREE_ATTEMPTS": "100", "AUTH_THROTTLE_STOP": "1000", "AUTH_CODE_REQUESTS": "100",
            "AUTH_MAIL_PER_HOUR": "1000000", "AUTH_MAIL_ACCOUNT_PER_HOUR": "1000000", "AUTH_MAIL_NOTICES_PER_HOUR": "1000000",
            "AUTH_ACCESS_TOKEN_SECONDS": "86400", "AUTH_FRESH_SECONDS": "86400"}
T_MAX = 4.5
# What a hash costs where nobody has set anything.
SHIPPED_HASH = {"AUTH_HASH_MEMORY_KIB": "19456", "AUTH_HASH_ITERATIONS": "2"}
GAP_OF_HASH_MAX = 0.01
# How many ask at once for what is answered at steps.
CONNECTIONS = 8
# Wrong codes that are looked at; after them it is as if there was none.
CODE_TRIES = 5
WRONG_CODE = "00000000"


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


class Samples:
    """All kinds in one random order, so that what one leaves to be done beside the traffic (a mail is sent) falls on those of
    every kind alike."""

    def __init__(self, classes, count):
        self.classes, self.lock, self.failure = classes, threading.Lock(), None
        self.said, self.seconds = {name: set() for name in classes}, {name: [] for name in classes}
        order = list(classes) * count
        random.Random(4).shuffle(order)
        used = dict.fromkeys(classes, 0)
        self.order = []
        for name in order:
            self.order.append((name, used[name]))
            used[name] += 1
        self.order.reverse()

    def take(self, ask):
        """Until there are no more."""
        while self.failure is None:
            with self.lock:
                if not self.order:
                    return
                name, i = self.order.pop()
            answer, took = ask(self.classes[name](i))
            with self.lock:
                self.said[name].add(answer)
                self.seconds[name].append(took)

    def take_of_thread(self, ask):
        try:
            self.take(ask)
        except Exception as failure:  # pylint: disable=broad-exception-caught
            self.failure = failure


def sample(asks, classes, count):
    """({name: answers}, {name: seconds}); each of `asks` has a connection of its own."""
    samples = Samples(classes, count)
    if len(asks) == 1:
        samples.take(asks[0])
    else:
        threads = [threading.Thread(target=samples.take_of_thread, args=(ask,)) for ask in asks]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if samples.failure:
        raise samples.failure
    return samples.said, samples.seconds


def hashes_of(fleet):
    """(seconds spent on hashes, their number) so far."""
    text = fleet.replicas[0].operations().get("/metrics").body.decode()
    return [float(re.search(rf"^auth_hash_seconds_{name} (\S+)$", text, re.MULTILINE).group(1)) for name in ("sum", "count")]


class Judge:
    """Takes samples, compares those of each kind with those of the first, and writes down what it saw before it says no."""

    def __init__(self, fleet, is_long, count, hash_seconds):
        self.fleet, self.is_long, self.count, self.hash_seconds = fleet, is_long, count, hash_seconds

    def ask_all(self, title, classes, question, connections=1, is_hashed=False):
        """question: (path, document[, token]) of what a class gives"""
        title = f"{self.fleet.engine}: {title}"
        askers = [Asker(self.fleet.clients[0]) for _ in range(connections)]
        before = hashes_of(self.fleet)[1]
        said, seconds = sample([lambda of, asker=asker: asker.ask(*question(of)) for asker in askers], classes, self.count)
        hashes = hashes_of(self.fleet)[1] - before
        assert not is_hashed or hashes == len(classes) * self.count, f"{title}: {hashes} hashes"
        first, *others = said
        faults = [f"{title}: answers vary: {said[first]}"] if len(said[first]) != 1 else []
        faults += [f"{title}: {name} and {first} are answered differently: {said[name]} {said[first]}"
                   for name in others if said[name] != said[first]]
        for name in others:
            faults += self.compare(f"{title}: {first} / {name}", seconds[first], seconds[name], is_hashed)
        assert not faults, "\n".join(faults)

    def compare(self, title, a, b, is_hashed):
        t = welch(a, b)
        medians = [statistics.median(seconds) for seconds in (a, b)]
        gap = abs(medians[0] - medians[1])
        line = (f"{title}: {len(a)} + {len(b)} samples, medians {medians[0] * 1e3:.3f} / {medians[1] * 1e3:.3f} ms "
                f"(gap {gap * 1e6:.0f} us), t = {t:+.2f}")
        is_far = False
        if is_hashed and self.is_long:
            line += f", gap {gap / self.hash_seconds:.2%} of a hash of {self.hash_seconds * 1e3:.3f} ms"
            is_far = gap >= GAP_OF_HASH_MAX * self.hash_seconds
        self.report(line)
        # What nobody needs statistics for: a hash that was left out.
        is_bad = gap > 0.5 * medians[0]
        if self.is_long:
            is_bad |= abs(t) >= T_MAX or is_far
        return [line] if is_bad else []

    def report(self, line):
        print(line)
        if "AUTH_REPORT" in os.environ:
            with open(os.environ["AUTH_REPORT"], "a", encoding="utf-8") as file:
                file.write(line + "\n")


@pytest.fixture(name="count")
def fixture_count(is_long):
    return int(os.environ.get("AUTH_SAMPLES", "10000")) if is_long else 150


@pytest.fixture(scope="module", name="proving", params=["sqlite", "postgres"])
def fixture_proving(request, folder):
    """A service that wants addresses proved."""
    servers = [request.getfixturevalue("postgres")] if request.param == "postgres" else []
    with Fleet(folder, f"proving-{request.param}", *servers, count=1, AUTH_SIGNUP_VERIFICATION="on", **SETTINGS) as made:
        made.engine = request.param
        yield made


@pytest.fixture(scope="module", name="hash_seconds")
def fixture_hash_seconds(folder, is_long):
    """What one takes as it is shipped."""
    if not is_long:
        return None
    with Fleet(folder, "shipped", count=1, **SHIPPED_HASH) as shipped:
        accounts(shipped, 50)
        spent, number = hashes_of(shipped)
        return spent / number


@pytest.fixture(name="judge")
def fixture_judge(fleet, is_long, count, hash_seconds):
    return Judge(fleet, is_long, count, hash_seconds)


@pytest.fixture(scope="module", name="fleet", params=["sqlite", "postgres"])
def fixture_fleet(request, folder):
    servers = [request.getfixturevalue("postgres")] if request.param == "postgres" else []
    with Fleet(folder, f"spied-{request.param}", *servers, count=1, **SETTINGS) as made:
        made.engine = request.param
        yield made


def accounts(fleet, count):
    return [fleet.new_account() for _ in range(count)]


def locked(fleet, count):
    made = accounts(fleet, count)
    for email in made:
        fleet.replicas[0].run("user", "lock", email)
    return made


def verified(fleet, count):
    """Whose addresses are proved."""
    made = accounts(fleet, count)
    for email in made:
        fleet.replicas[0].run("user", "set", email, "--verified")
    return made


def without_password(fleet, count):
    made = [f"keyless{i}@example.org" for i in range(count)]
    for email in made:
        fleet.replicas[0].run("user", "create", email, "--no-password", "--verified")
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


def sign_in(email):
    return "/v1/login", {"email": email, "password": WRONG}


def test_a_sign_in_tells_nobody_who_has_an_account_or_a_second_factor(fleet, judge, is_long, count):
    count = judge.count = count if is_long else 100
    needed = count // TRIES + 1
    classes = in_turn({"with an account": verified(fleet, needed), "locked": locked(fleet, needed),
                       "unverified": accounts(fleet, needed), "without a password": without_password(fleet, needed),
                       "with a second factor": guarded(fleet, needed),
                       "without an account": [f"nobody{i}@example.net" for i in range(needed)]})
    judge.ask_all("sign-in", classes, sign_in, is_hashed=True)


def test_a_sign_in_to_a_locked_account_with_the_right_password_looks_like_a_wrong_one(fleet):
    asker = Asker(fleet.clients[0])
    right, _ = asker.ask("/v1/login", {"email": locked(fleet, 1)[0], "password": PASSWORD})
    wrong, _ = asker.ask("/v1/login", {"email": accounts(fleet, 1)[0], "password": WRONG})
    assert right == wrong


def test_a_sign_up_tells_nobody_who_has_an_account(fleet, judge):
    taken = accounts(fleet, 20)
    classes = {"taken": lambda i: taken[i % len(taken)], "free": lambda i: f"newcomer{i}@example.net"}
    judge.ask_all("sign-up", classes, lambda email: ("/v1/signup", {"email": email, "password": WRONG}), CONNECTIONS, is_hashed=True)


def test_where_addresses_are_proved_a_sign_up_tells_nobody_who_has_an_account(proving, is_long, count, hash_seconds):
    taken = accounts(proving, 20)
    classes = {"taken": lambda i: taken[i % len(taken)], "free": lambda i: f"newcomer{i}@example.net"}
    judge = Judge(proving, is_long, count if is_long else count // 8, hash_seconds)
    judge.ask_all("sign-up with proof", classes, lambda email: ("/v1/signup", {"email": email, "password": WRONG}), CONNECTIONS,
                  is_hashed=True)


def test_where_addresses_are_proved_a_right_password_looks_like_a_wrong_one_before(proving, is_long, count, hash_seconds):
    """Mail to prove the address goes out, and neither the answer nor its time tells whoever asks."""
    count = count if is_long else count // 8
    needed = count // TRIES + 1
    classes = {name: lambda i, emails=accounts(proving, needed), word=word: (emails[i % needed], word)
               for name, word in (("wrong", WRONG), ("right", PASSWORD))}
    judge = Judge(proving, is_long, count, hash_seconds)
    judge.ask_all("sign-in before proof", classes, lambda one: ("/v1/login", {"email": one[0], "password": one[1]}),
                  CONNECTIONS)


def asking(purpose):
    return lambda email: ("/v1/codes", {"purpose": purpose, "email": email})


@pytest.mark.parametrize("purpose", ["verify", "login", "reset"])
def test_asking_for_a_code_tells_nobody_who_has_an_account(fleet, judge, is_long, count, purpose):
    count = judge.count = count if is_long else count // 5
    needed = count // TRIES + 1
    classes = in_turn({"with an account": accounts(fleet, needed), "locked": locked(fleet, needed),
                       "without an account": [f"{purpose}.nobody{i}@example.net" for i in range(needed)]})
    judge.ask_all(f"code to {purpose}", classes, asking(purpose), CONNECTIONS)


def opened(fleet, purpose, emails):
    """Asks for a code for each."""
    asks = [lambda email, asker=Asker(fleet.clients[0]): asker.ask(*asking(purpose)(email)) for _ in range(CONNECTIONS)]
    said, _ = sample(asks, {"all": lambda i: emails[i]}, len(emails))
    assert [answer[0] for answer in said["all"]] == [202]
    return emails


@pytest.mark.parametrize("purpose", ["verify", "login", "reset"])
def test_a_wrong_code_tells_nobody_who_has_an_account_or_a_code(fleet, judge, is_long, count, purpose):
    count = judge.count = count if is_long else count // 10
    needed = count // CODE_TRIES + 1
    nobody = [f"{purpose}.stranger{i}@example.net" for i in range(2 * needed)]
    classes = in_turn({"without an account": nobody[needed:],
                       "with an account and a code": opened(fleet, purpose, accounts(fleet, needed)),
                       "with an account": accounts(fleet, 20),
                       "without an account, asked for": opened(fleet, purpose, nobody[:needed])})
    fields = {"purpose": purpose, "code": WRONG_CODE} | ({"new_password": NEW} if purpose == "reset" else {})
    judge.ask_all(f"wrong code to {purpose}", classes, lambda email: ("/v1/codes/verify", {**fields, "email": email}),
                  CONNECTIONS)


def test_a_change_of_address_tells_nobody_who_has_the_new_one(fleet, judge, count):
    """Whoever is signed in may ask for any address; that it is somebody's is told to its owner alone."""
    taken, movers = accounts(fleet, 20), [person(fleet) for _ in range(2 * count // TRIES + 2)]
    for mover in movers:
        plant_tokens(mover.tokens)
    half = len(movers) // 2
    classes = {"taken": lambda i: (movers[i % half], taken[i % len(taken)]),
               "free": lambda i: (movers[half + i % half], f"free{i % 20}@example.net")}
    judge.ask_all("change of address", classes, lambda one: ("/v1/me/email", {"email": one[1]}, one[0].access))


def test_throttling_tells_nobody_who_has_an_account(fleet):
    asker = Asker(fleet.clients[0])
    told = []
    for email in (accounts(fleet, 1)[0], locked(fleet, 1)[0], "never.there@example.net"):
        answers = [asker.ask("/v1/login", {"email": email, "password": WRONG})[0] for _ in range(102)]
        assert [answer[0] for answer in answers] == [401] * 100 + [429] * 2
        told.append(answers)
    assert told[0] == told[1] == told[2]
