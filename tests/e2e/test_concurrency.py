# SPDX-License-Identifier: MIT
"""Many at once, on two replicas that share PostgreSQL and Redis (security invariants I2, I3, I4, I5)."""
import asyncio
import concurrent.futures
import time

import pytest
from authtest.crowd import Line, at_once, request
from authtest.fleet import PASSWORD, Fleet, refresh_request
from authtest.planted import new_password, plant, plant_tokens

ROUNDS = 200

# Hashes may queue, and nothing gives up: what is looked at is who wins.
SETTINGS = {"AUTH_HASH_QUEUE": "1000", "AUTH_THROTTLE_FIRST_DELAY_SECONDS": "900", "AUTH_REQUEST_SECONDS": "60",
            "AUTH_DB_LOCK_TIMEOUT_MS": "14000", "AUTH_DB_STATEMENT_TIMEOUT_MS": "14000"}


@pytest.fixture(scope="module", name="pair")
def fixture_pair(folder, postgres, redis):
    with Fleet(folder, "crowd", postgres, redis, **SETTINGS) as made:
        yield made


@pytest.fixture(name="guessed", params=["redis", "no-redis"])
def fixture_guessed(request, folder, postgres):
    """Counters are kept by the database: whether there is a cache between the replicas makes no difference."""
    if request.param == "redis":
        yield request.getfixturevalue("pair")
        return
    with Fleet(folder, "cacheless", postgres, **SETTINGS) as made:
        yield made


def test_200_parallel_refreshes_without_grace_give_one_successor_at_most(folder, postgres, redis):
    """Security incident 1."""
    pair = Fleet(folder, "strict", postgres, redis, AUTH_REFRESH_GRACE_SECONDS="0", **SETTINGS).start()
    token = pair.sign_in(pair.new_account())["refresh_token"]
    answers = at_once(pair.places, [refresh_request(token)] * 200)
    winners = [answer.json() for answer in answers if answer.status == 200]
    losers = {(answer.status, answer.code()) for answer in answers if answer.status != 200}
    assert len(winners) == 1 and losers == {(400, "invalid_grant")}, (len(winners), losers)
    # A repeated use ended the session: nobody can tell which of the two is the thief.
    plant_tokens(winners[0])
    assert pair.refresh(winners[0]["refresh_token"]).code() == "invalid_grant"
    assert pair.clients[1].get("/v1/me", token=winners[0]["access_token"]).status == 401
    assert pair.count("sessions WHERE end_reason = 'refresh_reused'") == 1
    assert pair.count("audit_events WHERE type = 'refresh.reused'") == 1
    pair.stop()


def test_200_parallel_refreshes_give_one_and_the_same_successor(pair):
    """Security incident 1."""
    token = pair.sign_in(pair.new_account())["refresh_token"]
    answers = at_once(pair.places, [refresh_request(token)] * 200)
    assert {answer.status for answer in answers} == {200}, {answer.code() for answer in answers if answer.status != 200}
    successors = {answer.json()["refresh_token"] for answer in answers}
    assert len(successors) == 1
    successor = plant(successors.pop())
    assert pair.count("sessions WHERE refresh_counter = 1") == 1

    # With the successor used, the first one is no retry any more.
    grandchild = plant(pair.refresh(successor, on=1).json()["refresh_token"])
    assert pair.refresh(token).code() == "invalid_grant"
    assert pair.refresh(grandchild, on=1).code() == "invalid_grant"


SPELLINGS = ("jo.doe@bücher.example", "JO.Doe@BÜCHER.example", "jo.doe@xn--bcher-kva.example", "jo.DOE@bu\u0308cher.Example",
             "jo.doe@XN--BCHER-KVA.EXAMPLE")


def test_500_parallel_wrong_passwords_are_counted_exactly_however_the_address_is_spelt(guessed):
    """Security incidents 19 and 20."""
    guessed.new_account(SPELLINGS[0])
    wrong = new_password()
    answers = at_once(guessed.places, [request("POST", "/v1/login", json={"email": SPELLINGS[i % len(SPELLINGS)], "password": wrong})
                                    for i in range(500)])
    told = [(answer.status, answer.code()) for answer in answers]
    assert told.count((401, "invalid_credentials")) == 5
    assert told.count((429, "rate_limited")) == 495
    assert all(int(answer.headers["retry-after"]) in range(880, 902) for answer in answers if answer.status == 429)
    assert guessed.count("throttles") == 1 and guessed.count("throttles WHERE failures = 5") == 1
    # The right password does not help now; somebody else is not bothered.
    for on, spelling in enumerate(SPELLINGS[:2]):
        assert guessed.clients[on].post("/v1/login", {"email": spelling, "password": PASSWORD}).status == 429
    assert guessed.sign_in(guessed.new_account(), on=1)


def test_500_parallel_guesses_at_an_address_without_account_look_the_same(pair):
    wrong = new_password()
    answers = at_once(pair.places, [request("POST", "/v1/login", json={"email": "nobody@example.net", "password": wrong})] * 500)
    told = [(answer.status, answer.code()) for answer in answers]
    assert told.count((401, "invalid_credentials")) == 5 and told.count((429, "rate_limited")) == 495


def test_100_parallel_signups_of_one_address_make_one_account(pair):
    before = pair.count("accounts")
    passwords = [new_password() for _ in range(100)]
    spellings = [spelling.replace("jo.", "sam.") for spelling in SPELLINGS]
    answers = at_once(pair.places, [request("POST", "/v1/signup", json={"email": spellings[i % len(spellings)], "password": password})
                                    for i, password in enumerate(passwords)])
    assert {answer.status for answer in answers} == {202}, {answer.code() for answer in answers if answer.status != 202}
    assert len({answer.body for answer in answers}) == 1
    assert pair.count("accounts") == before + 1
    assert pair.count("audit_events WHERE type = 'account.signup_repeated'") == 99


async def revoke_and_look(pair, accesses):
    """Rounds whose token the other replica still takes after the logout has been answered. The connections are open
    already: nothing lies between the answer here and the question there."""
    lines = [await Line(place).open() for place in pair.places]
    stale = []
    for i, access in enumerate(accesses):
        here, there = lines[i % 2], lines[(i + 1) % 2]
        # Twice: the second answer comes from the memory of the replica.
        warm = [(await line.ask("GET", "/v1/authz", token=access)).status for line in (here, there, there)]
        assert warm == [200, 200, 200]
        assert (await here.ask("POST", "/v1/logout", token=access)).status == 204
        if (await there.ask("GET", "/v1/authz", token=access)).status != 401:
            stale.append(i)
        assert (await here.ask("GET", "/v1/authz", token=access)).status == 401
    for line in lines:
        line.close()
    return stale


def test_a_session_revoked_on_one_replica_is_refused_at_once_by_the_other(pair):
    email = pair.new_account()
    accesses = [pair.sign_in(email, on=i % 2)["access_token"] for i in range(ROUNDS)]
    stale = asyncio.run(revoke_and_look(pair, accesses))
    assert not stale, f"{len(stale)} of {ROUNDS} rounds were answered from an old memory"


def test_all_sessions_ended_on_one_replica_are_refused_at_once_by_the_other(pair):
    email = pair.new_account()
    for i in range(10):
        here, there = pair.clients[i % 2], pair.clients[(i + 1) % 2]
        tokens = [pair.sign_in(email, on=j % 2) for j in range(6)]
        assert {there.get("/v1/authz", token=each["access_token"]).status for each in tokens} == {200}
        assert here.post("/v1/logout", {"scope": "all"}, token=tokens[0]["access_token"]).status == 204
        assert {there.get("/v1/authz", token=each["access_token"]).status for each in tokens} == {401}
        assert {pair.refresh(each["refresh_token"], on=1).code() for each in tokens} == {"invalid_grant"}


def test_a_logout_beside_refreshes_never_leaves_a_living_session(pair):
    email = pair.new_account()
    for _ in range(40):
        first = pair.sign_in(email)
        logout = request("POST", "/v1/logout", token=first["access_token"])
        answers = at_once(pair.places, [refresh_request(first["refresh_token"])] * 3 + [logout]
                          + [refresh_request(first["refresh_token"])] * 4)
        assert answers[3].status == 204
        given = [answer.json() for answer in answers if answer.status == 200]
        assert {(answer.status, answer.code()) for answer in answers if answer.status not in (200, 204)} <= {(400, "invalid_grant")}
        for tokens in given:
            plant_tokens(tokens)
            for on in (0, 1):
                assert pair.clients[on].get("/v1/authz", token=tokens["access_token"]).status == 401
                assert pair.refresh(tokens["refresh_token"], on=on).code() == "invalid_grant"
    assert pair.living_sessions(email) == 0


def ask_while(pair, work, requests):
    """The answers to the requests, sent together again and again while the work goes on."""
    answers = []
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        working = pool.submit(work)
        until = time.monotonic() + 30
        while not working.done() and time.monotonic() < until:
            answers += at_once(pair.places, requests)
        working.result()
    return answers


def test_sign_ins_beside_a_lock_of_the_account_never_leave_a_living_session(pair):
    for _ in range(5):
        email = pair.new_account()
        sign_in = request("POST", "/v1/login", json={"email": email, "password": PASSWORD})
        answers = ask_while(pair, lambda: pair.replicas[0].run("user", "lock", email), [sign_in] * 4)  # pylint: disable=cell-var-from-loop
        for tokens in (answer.json() for answer in answers if answer.status == 200):
            plant_tokens(tokens)
            assert pair.refresh(tokens["refresh_token"]).code() == "invalid_grant"
        assert pair.living_sessions(email) == 0


def test_sign_ins_with_the_old_password_beside_its_change_never_leave_a_living_session(pair):
    for _ in range(10):
        email = pair.new_account()
        mine, chosen = pair.sign_in(email), new_password()
        change = request("PUT", "/v1/me/password", json={"current": PASSWORD, "new": chosen}, token=mine["access_token"])
        sign_in = request("POST", "/v1/login", json={"email": email, "password": PASSWORD})
        answers = at_once(pair.places, [sign_in] * 2 + [change] + [sign_in] * 2)
        assert answers[2].status == 204, answers[2].body
        for answer in answers[:2] + answers[3:]:
            assert answer.status in (200, 401), answer.body
            if answer.status == 200:
                plant_tokens(answer.json())
                assert pair.refresh(answer.json()["refresh_token"], on=1).code() == "invalid_grant"
        assert pair.living_sessions(email) == 1
