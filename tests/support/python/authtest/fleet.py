# SPDX-License-Identifier: MIT
"""Replicas that share one database, each asked directly, and people who use them while things fail."""
import asyncio
import contextlib
import itertools
import os
import sqlite3
import urllib.parse

from .crowd import Line, request
from .planted import plant, plant_tokens
from .service import Replica, new_secret_key

PASSWORD = plant("a horse that staples batteries")
COUNTER = itertools.count(1)

# Limits for each address are not what is looked at here, and one machine is one address. Hashes are cheap.
CHEAP = {"AUTH_RATE_LIMITS": "off", "AUTH_HASH_MEMORY_KIB": "7168", "AUTH_HASH_ITERATIONS": "1",
         "AUTH_SESSIONS_PER_ACCOUNT": "10000"}


def refresh_request(token):
    return request("POST", "/oauth/token", form=urllib.parse.urlencode(
        {"grant_type": "refresh_token", "client_id": "auth", "refresh_token": token}))


class Fleet:
    """Two replicas on PostgreSQL, with Redis if there is one; or one alone on SQLite."""

    def __init__(self, folder, name, postgres=None, redis=None, count=2, **settings):
        self.postgres, self.database = postgres, name
        shared = {**CHEAP, "AUTH_SECRET_KEY": new_secret_key(), **settings}
        if postgres:
            shared["SQL_URI"] = postgres.new_database(name)
        else:
            self.database = os.path.join(folder, name + ".db")
            shared.setdefault("SQL_URI", f"sqlite:///{self.database}")
            count = 1
        if redis:
            shared["REDIS_URL"] = redis.url
        self.replicas = [Replica(folder, f"auth-{name}-{number + 1}", shared) for number in range(count)]
        self.places = [replica.address for replica in self.replicas]
        self.clients = [replica.client() for replica in self.replicas]

    def start(self):
        for replica in self.replicas:
            replica.start()
        for replica in self.replicas:
            replica.wait_ready()
        return self

    def stop(self):
        for replica in self.replicas:
            replica.stop()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def new_account(self, email=None):
        email = email or f"person{next(COUNTER)}@example.org"
        assert self.clients[0].post("/v1/signup", {"email": email, "password": PASSWORD}).status == 202
        return email

    def sign_in(self, email, on=0):
        return self.clients[on].login(email, PASSWORD)

    def refresh(self, token, on=0):
        return self.clients[on].refresh(token)

    def query(self, sql):
        """The one value of a query."""
        if self.postgres:
            return self.postgres.run_sql(sql, self.database)
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            return connection.execute(sql).fetchone()[0]

    def count(self, what):
        return int(self.query(f"SELECT count(*) FROM {what}"))

    def living_sessions(self, email):
        return self.count("sessions s JOIN accounts a ON a.id = s.account_id "
                          f"WHERE a.email = '{email}' AND s.ended_at_ms IS NULL")


class Ledger:
    """What the service has acknowledged; each of it must hold afterwards, whatever happened in between."""

    def __init__(self):
        self.signed_up = []
        self.sessions = {}  # number of the worker: tokens of its session as last acknowledged
        self.replaced = {}  # number of the worker: a refresh token whose successor was used as well
        self.ended = []  # tokens of sessions whose end was acknowledged

    def check(self, fleet):
        """Nothing that was acknowledged is lost, nothing that was given up is taken."""
        for i in range(0, len(self.signed_up), 500):
            part = self.signed_up[i:i + 500]
            names = ", ".join(f"'{email}'" for email in part)
            assert fleet.count(f"accounts WHERE email IN ({names})") == len(part), "an acknowledged sign-up is lost"
        for tokens in self.ended:
            assert fleet.refresh(tokens["refresh_token"]).code() == "invalid_grant", "a revocation is lost"
            assert fleet.clients[0].get("/v1/authz", token=tokens["access_token"]).status == 401, "a revocation is lost"
        for tokens in self.sessions.values():
            answer = fleet.refresh(tokens["refresh_token"])
            assert answer.status == 200, f"an acknowledged refresh is lost: {answer.status} {answer.body}"
            plant_tokens(answer.json())

    def check_replays(self, fleet):
        """Tokens that were rotated away are refused; asking ends their sessions, so this comes last."""
        for token in self.replaced.values():
            answer = fleet.refresh(token)
            assert answer.code() == "invalid_grant", f"a rotated token was taken again: {answer.status}"


class People:
    """A worker of crowd.Load: refreshes its session, asks who it is, signs new people up, begins and ends sessions.

    What got no answer or 503 may or may not have happened; only what was acknowledged enters the ledger. A session that
    is refreshed is asked for again with the same token: the grace rule gives the same successor.
    """

    def __init__(self, places, ledger, sessions, pause=0.0):
        self.places, self.ledger, self.sessions, self.pause = list(places), ledger, sessions, pause
        self.parents = {}  # number of the worker: the token whose successor it holds
        ledger.sessions.update(enumerate(sessions))

    async def __call__(self, load, number):
        lines = [Line(place) for place in self.places]
        for turn in itertools.count():
            if not load.goes_on:
                break
            line = lines[(turn + number) % len(lines)]
            await self.refresh(load, line, number)
            await self.look(load, lines[turn % len(lines)], number)
            if turn % 3 == 0:
                await self.sign_up(load, line)
            if turn % 4 == 1:
                await self.come_and_go(load, line, number)
            await asyncio.sleep(self.pause)
        for line in lines:
            line.close()

    async def refresh(self, load, line, number):
        held = self.ledger.sessions[number]["refresh_token"]
        words, options = refresh_request(held)
        answer = await load.ask(line, "refresh", *words, **options)
        if not answer or answer.status != 200:
            return
        plant_tokens(answer.json())
        self.ledger.sessions[number] = answer.json()
        if number in self.parents:
            self.ledger.replaced[number] = self.parents[number]
        self.parents[number] = held

    async def look(self, load, line, number):
        await load.ask(line, "authz", "GET", "/v1/authz", token=self.ledger.sessions[number]["access_token"])

    async def sign_up(self, load, line):
        email = f"crowd{next(COUNTER)}@example.org"
        answer = await load.ask(line, "signup", "POST", "/v1/signup", json={"email": email, "password": PASSWORD})
        if answer and answer.status == 202:
            self.ledger.signed_up.append(email)

    async def come_and_go(self, load, line, number):
        email = self.sessions[number]["email"]
        answer = await load.ask(line, "login", "POST", "/v1/login", json={"email": email, "password": PASSWORD})
        if not answer or answer.status != 200:
            return
        tokens = answer.json()
        plant_tokens(tokens)
        ended = await load.ask(line, "logout", "POST", "/v1/logout", token=tokens["access_token"])
        if ended and ended.status == 204:
            self.ledger.ended.append(tokens)


def people_of(fleet, ledger, count, pause=0.0):
    """Workers, each with an account and a session of its own."""
    sessions = []
    for _ in range(count):
        email = fleet.new_account()
        sessions.append({"email": email, **fleet.sign_in(email)})
    return People(fleet.places, ledger, sessions, pause)
