# SPDX-License-Identifier: MIT
"""Migrations: many starters over many rounds, and a kill -9 at every statement boundary with waiters behind it."""
import itertools
import statistics

import pytest
from authtest import crash
from authtest.migrations import Site

NUMBERS = itertools.count(1)
STARTERS = 20
WAITERS = 5


@pytest.fixture(name="new_site")
def fixture_new_site(folder, postgres):
    def make(engine):
        return Site(engine, folder, f"site_{next(NUMBERS)}", postgres if engine == "postgres" else None)
    return make


def drop(site):
    if site.postgres:
        site.postgres.run_sql(f'DROP DATABASE "{site.name}" WITH (FORCE)')


@pytest.mark.parametrize("engine", ["postgres", "sqlite"])
def test_twenty_starters_apply_each_revision_once_in_every_round(new_site, engine, is_long, record_property):
    seconds = []
    for _ in range(50 if is_long else 1):
        site = new_site(engine)
        seconds.append(crash.start_at_once(site, STARTERS))
        drop(site)
    record_property("seconds", f"median {statistics.median(seconds):.2f}, most {max(seconds):.2f}")
    print(f"{engine}: {len(seconds)} rounds of {STARTERS}: median {statistics.median(seconds):.2f} s, "
          f"most {max(seconds):.2f} s")


@pytest.mark.parametrize("engine", ["postgres", "sqlite"])
def test_a_kill_at_every_statement_is_taken_over(new_site, engine, is_long, record_property):
    clean = crash.clean_schema(new_site(engine))
    seconds = {}
    for point in crash.POINTS if is_long else crash.POINTS[::6]:
        site = new_site(engine)
        seconds[point] = crash.kill_at(site, point, clean, WAITERS)
        drop(site)
    record_property("seconds", f"most {max(seconds.values()):.2f}")
    print(f"{engine}: {len(seconds)} points: median {statistics.median(seconds.values()):.2f} s, "
          f"most {max(seconds.values()):.2f} s")
    assert max(seconds.values()) < crash.TAKEOVER_SECONDS, seconds


def test_readers_wait_no_longer_than_the_lock_timeout(new_site):
    """An ALTER behind an open transaction gives up and tries again: readers pass in between."""
    site = new_site("postgres")
    site.revisions.add("0001", "", "CREATE TABLE people (id integer PRIMARY KEY);")
    site.expect("upgrade")
    site.revisions.add("0002", "0001", ("ALTER TABLE people ADD COLUMN mail text;", "SELECT 1;"), lock_timeout="1s")
    holder = crash.Session(site, "BEGIN; SELECT * FROM people")
    process = site.start("upgrade")
    waits = crash.time_reads(site, "people", 8)
    holder.close()
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "Trying again: 202601021000_0002.sql" in errors and "SQLSTATE 55P03" in errors
    assert max(waits) < 1.5, waits
