# SPDX-License-Identifier: MIT
"""Accounts moved in and out by the commands, against PostgreSQL's own COPY of the same rows and the same table."""
import base64
import json
import random
import statistics
import subprocess
import time

from measures import Row, ratio
from servers import Service

from authtest.peak import run_measured

TEMPLATE, CAME, COPIED = "moves_template", "moves_in", "moves_copied"
PEAK_MIB_MAX = 32


def people_file(bench):
    """Records as `auth export --with-hashes` writes them; nobody signs in, so the hashes are of nothing."""
    chance = random.Random(1)
    path = bench.folder / "people.ndjson"

    def text(size):
        return base64.b64encode(chance.randbytes(size)).decode().rstrip("=")

    with path.open("w", encoding="utf-8") as file:
        for number in range(1, bench.accounts + 1):
            file.write(json.dumps({
                "external_id": f"crm:{number}", "email": f"user{number}@example.org", "email_verified": True,
                "name": f"User Number {number}", "password_hash": f"$argon2id$v=19$m=19456,t=2,p=1${text(16)}${text(32)}",
                "created_at": "2024-05-06T07:08:09.123Z"}) + "\n")
    return path


class Moves:
    """Databases with the service's tables and nothing in them, made anew for each round."""

    def __init__(self, bench, postgres):
        self.bench, self.postgres = bench, postgres
        self.people, self.rows, self.out = people_file(bench), bench.folder / "rows", bench.folder / "out.ndjson"
        postgres.ask(f"CREATE DATABASE {TEMPLATE}", "postgres")
        self.service = Service(bench.program("auth"), bench.folder, "moves", SQL_URI=postgres.uri_of(TEMPLATE))
        self.service.command("migrate", "upgrade")
        self.service.environment["SQL_URI"] = postgres.uri_of(CAME)

    def empty(self, name):
        self.postgres.ask(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}", "postgres")
        self.postgres.ask("CHECKPOINT", "postgres")

    def drop(self):
        for name in (CAME, COPIED):
            self.postgres.ask(f"DROP DATABASE {name}", "postgres")

    def check(self, database):
        count = int(self.postgres.ask("SELECT count(*) FROM accounts", database))
        if count != self.bench.accounts:
            raise RuntimeError(f"{count} accounts are in {database}, not {self.bench.accounts}")

    def command(self, *words, output=subprocess.DEVNULL):
        """(accounts a second, MiB it had resident at most)."""
        _, peak_kib, seconds = run_measured([self.bench.program("auth"), *words], env=self.service.environment, check=True,
                                            cwd=self.service.folder, stdin=subprocess.DEVNULL, stdout=output)
        return self.bench.accounts / seconds, peak_kib / 1024

    def come(self):
        self.empty(CAME)
        done = self.command("import", self.people)
        self.check(CAME)
        return done

    def go(self):
        with self.out.open("wb") as output:
            done = self.command("export", "--with-hashes", output=output)
        with self.out.open("rb") as lines:
            if sum(1 for _ in lines) != self.bench.accounts:
                raise RuntimeError("the export is not whole")
        return done

    def copy(self, database, direction):
        began = time.monotonic()
        self.postgres.ask(f"\\copy accounts {direction} '{self.rows}'", database)
        return self.bench.accounts / (time.monotonic() - began)

    def copy_in(self):
        self.empty(COPIED)
        rate = self.copy(COPIED, "FROM")
        self.check(COPIED)
        return rate


def row(name, runs, limits, limit_name):
    rates = [rate for rate, _ in runs]
    return Row(name, "/s", statistics.median(rates), statistics.median(limits), limit_name, ratio(rates, limits),
               note=f"{min(rates):,.0f} to {max(rates):,.0f}")


def peak_row(name, runs):
    most = max(peak_mib for _, peak_mib in runs)
    return Row(name, "MiB", most, aim=f"<= {PEAK_MIB_MAX}", is_met=most <= PEAK_MIB_MAX, note="resident, the most in this run")


def move_rows(bench, postgres):
    moves = Moves(bench, postgres)
    came, copied_in, went, copied_out = [], [], [], []
    for _ in range(bench.rounds):
        came.append(moves.come())
        copied_out.append(moves.copy(CAME, "TO"))
        went.append(moves.go())
        copied_in.append(moves.copy_in())
        moves.drop()
    count = f"{bench.accounts:,} accounts"
    return [row(f"auth import, {count}", came, copied_in, "COPY FROM, the same rows, table and indexes"),
            peak_row(f"auth import, {count}", came),
            row(f"auth export, {count}", went, copied_out, "COPY TO, the same rows"),
            peak_row(f"auth export, {count}", went)]
