# SPDX-License-Identifier: MIT
"""The revisions that are shipped, each of them, whatever their number: there, back and there again with rows in every table."""
import re
import shutil

import pytest
from authtest import rows
from authtest.migrations import SHIPPED, Folder


@pytest.fixture(name="shipped")
def fixture_shipped(site):
    shutil.rmtree(site.revisions.path)
    shutil.copytree(SHIPPED, site.revisions.path)
    site.revisions = Folder(site.revisions.path)
    return site


def parts_of(sql):
    """A CREATE statement as the set of what stands in it: the order of columns is no difference."""
    sql = re.sub(r"\s+", " ", re.sub(r"--[^\n]*", "", sql))
    parts, depth, start, is_text = [], 0, 0, False
    for place, mark in enumerate(sql):
        is_text ^= mark == "'"
        if is_text:
            continue
        depth += {"(": 1, ")": -1}.get(mark, 0)
        if (mark == "," and depth == 1) or (mark == "(" and depth == 1) or (mark == ")" and depth == 0):
            parts.append(sql[start:place].strip())
            start = place + 1
    return sorted(parts + [sql[start:].strip()])


def dump(site):
    if site.postgres:
        return sorted(line.strip().rstrip(",") for line in site.schema().splitlines())
    found = []
    for name in site.sql("SELECT name FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'schema\\_version%' ESCAPE '\\' "
                         "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'").splitlines():
        found.append((name, parts_of(site.sql(f"SELECT sql FROM sqlite_schema WHERE name = '{name}'"))))
    return sorted(found)


def revisions_of(site):
    """Oldest first, parents before children."""
    return [re.match(r"[\w<>, ]+ -> (\w+)", line)[1] for line in reversed(site.expect("history").splitlines())]


def go_back(site, revision):
    """False where the file says that there is no way back."""
    done = site.run("downgrade -1 --yes")
    if done.returncode == 2 and f"{revision} cannot be undone" in done.stderr:
        return False
    assert done.returncode == 0, done
    return True


def test_every_revision_can_be_undone_and_done_again_with_rows_present(shipped):
    site = shipped
    site.sql("SELECT 1")
    before, found = dump(site), {}
    for revision in revisions_of(site):
        site.expect(f"upgrade {revision}")
        after = dump(site)
        assert after != before or "phase: expand" not in site.expect(f"show {revision} -v"), f"{revision} changes nothing"
        rows.fill(site)
        if go_back(site, revision):
            assert dump(site) == before, f"the way back from {revision} leads elsewhere"
            assert rows.counts(site, list(found)) == found, f"the way back from {revision} loses rows of older tables"
            site.expect(f"upgrade {revision}")
            assert dump(site) == after, f"{revision} leads elsewhere the second time"
        before, found = after, rows.fill(site)
    assert site.expect("check") == "No new upgrade operations detected.\n"
    assert site.run("lint").returncode == 0
    assert site.expect("current --check-heads").endswith("(head)\n")
    assert site.expect("verify").startswith("Verified ")


def test_all_of_it_can_be_undone_at_once(shipped):
    site = shipped
    site.sql("SELECT 1")
    empty = dump(site)
    site.expect("upgrade")
    rows.fill(site)
    done = site.run("downgrade base --yes")
    if "cannot be undone" in done.stderr:
        pytest.skip("a revision says that it has no way back")
    assert done.returncode == 0 and done.stdout.endswith("now at <base>\n"), done
    assert dump(site) == empty


def test_the_script_of_all_revisions_leaves_what_a_run_leaves(shipped, new_site):
    site, other = shipped, new_site(shipped.engine)
    done = other.run_script(site.expect("upgrade base:head --sql"))
    assert (done.returncode, done.stderr) == (0, ""), done
    site.expect("upgrade")
    assert dump(other) == dump(site)
