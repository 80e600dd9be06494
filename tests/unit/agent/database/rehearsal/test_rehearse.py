"""A restore is rehearsed beside a real PostgreSQL: what a dump lacks is told, nothing is left."""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from pytest_rollback.agent.database import stamp
from pytest_rollback.agent.database.postgresql.server import reached
from pytest_rollback.agent.database.rehearsal import origin, programs
from pytest_rollback.agent.errors import HostError
from tests.unit.agent.database.rehearsal.dumps import DEFECTS, elsewhere, rehearsed, shell
from tests.unit.support.databases import FORMATS, Base
from tests.unit.support.deployed import Deploy
from tests.unit.support.dumped import MAJORS, NEWEST, OLDER, newest, version


@pytest.mark.parametrize("running", MAJORS, indirect=True)
@pytest.mark.parametrize("kind", FORMATS)
def test_a_good_dump_is_proven(running: Base, scratch: Path, kind: str) -> None:
    """In each format: what was measured is told and left as a stamp; nothing is left besides."""
    running.fresh(kind)
    running.sql("ALTER TABLE goods DROP COLUMN more")
    found = rehearsed(running, scratch)

    assert found.problems == ()
    assert (found.format, found.tables, found.rows, found.lost) == (kind, 2, 5000, ())
    assert found.digest == running.look().digest
    assert found.restore > 0
    assert stamp.read(str(running.state)) == found
    assert origin.look(running.request()).rehearsal == found
    assert (running.state / stamp.NAME).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("running", MAJORS, indirect=True)
@pytest.mark.parametrize("defect", DEFECTS)
def test_a_bad_dump_is_told(shop: Base, scratch: Path, defect: str) -> None:
    """Each in a sentence of its own; the stamp says so, and no restore goes by it."""
    begin, said = DEFECTS[defect]
    begin(shop)
    found = rehearsed(shop, scratch)

    assert [each.problem for each in found.problems], found
    assert any(re.search(said, each.problem) for each in found.problems), found.problems
    assert all(each.hint for each in found.problems)
    assert stamp.read(str(shop.state)) == found


@pytest.mark.parametrize("running", [OLDER], indirect=True)
@pytest.mark.parametrize("how", ["-Fc", "-Fp", "-Fc, read by its own version", "-Fc, by PATH"])
def test_a_dump_by_a_newer_pg_dump_is_told(
    shop: Base, scratch: Path, tmp_path_factory: pytest.TempPathFactory, how: str
) -> None:
    """Both versions are named, and the command of the server's own one."""
    kind, _, read = how.partition(", ")
    shop.dump.unlink()
    with newest(tmp_path_factory.mktemp("newest")) as tools:
        where = ("-h", str(shop.postgres.socket), "-p", str(shop.postgres.port), "-U", "postgres")
        subprocess.run([tools / "pg_dump", *where, kind, "-f", shop.dump, "shop"], check=True)
        shop.dump.chmod(0o600)
        places = {"": shop.tools, "by PATH": "", "read by its own version": str(tools)}
        found = rehearsed(shop, scratch, database=shop.access()._replace(tools=places[read]))

    ours, theirs = version(MAJORS[OLDER]), version(MAJORS[NEWEST])
    said = rf"it was made by pg_dump {theirs}\.\d+, which is newer than the server: that is {ours}"
    told, *_ = [each for each in found.problems if re.search(said, each.problem)]
    assert f"/usr/lib/postgresql/{ours}/bin/pg_dump -Fc -f {shop.dump} shop" in told.hint
    assert stamp.read(str(shop.state)) == found


@pytest.mark.parametrize("running", MAJORS, indirect=True)
def test_the_tools_of_the_live_version_are_chosen(shop: Base, scratch: Path) -> None:
    """Whatever PATH has."""
    found = rehearsed(shop, scratch, database=shop.access()._replace(tools=""))

    assert found.problems == ()
    assert reached(shop.access()._replace(tools="")).tools == shop.tools


def test_a_host_with_other_versions_says_which_package_lacks(shop: Base) -> None:
    """And which versions it has."""
    with pytest.raises(HostError, match="has no programs of a PostgreSQL 99 server") as caught:
        programs.programs(reached(shop.access()), "99")

    assert "apt-get install postgresql-99 " in caught.value.hint
    for each in Path("/usr/lib/postgresql").glob("*/bin/postgres"):
        assert f"it has those of {each.parts[-3]}" in caught.value.message


def test_a_dump_does_nothing_but_fill_its_own_server(shop: Base, scratch: Path) -> None:
    """A command of its author's is not run, and the live database is not reached."""
    for begin in (shell, elsewhere):
        begin(shop)
        assert rehearsed(shop, scratch).tables == 0
    assert not (shop.home / "proof").exists()
    assert shop.sql("SELECT count(*) FROM orders") == "200"


def test_a_superuser_rehearses_nothing(shop: Base, scratch: Path) -> None:
    """His dump could do anything; he may not restore it either."""
    found = rehearsed(shop, scratch, database=shop.access()._replace(user="postgres"))

    assert found.tables == 0
    assert any("is a superuser" in each.problem for each in found.problems)


def test_what_came_since_is_told_and_no_problem(shop: Base, scratch: Path) -> None:
    """Rows that a return would lose, and how many are newer by a column that was named."""
    shop.sql("INSERT INTO orders (words) SELECT 'late' FROM generate_series(1, 20)")
    found = rehearsed(shop, scratch, newest=("orders.at", "public.parts.id"))

    assert found.problems == ()
    assert [tuple(each) for each in found.lost] == [("public.orders", 200, 220, False)]
    assert [tuple(each) for each in found.newer] == [("orders.at", 20), ("public.parts.id", 0)]


def test_a_column_that_is_not_there_is_told(shop: Base, scratch: Path) -> None:
    """Nothing is stamped: the description is wrong, not the dump."""
    with pytest.raises(HostError, match=r"the column orders\.nothing cannot be asked"):
        rehearsed(shop, scratch, newest=("orders.nothing",))

    assert stamp.read(str(shop.state)) is None


def test_after_a_deploy_another_schema_is_no_problem_and_not_proven(
    running: Base, scratch: Path, tmp_path: Path
) -> None:
    """It may be the deploy's migration; before the deploy it is a problem."""
    running.fresh()
    deploy = Deploy(tmp_path)
    deploy.save()
    words = "lacks 1 of 11 objects: column public.goods.more"
    for overwrite in (False, True):
        if overwrite:
            deploy.overwrite()
        found = rehearsed(running, scratch, location=deploy.location)
        told = found.unsure if overwrite else found.problems
        assert found.deployed is overwrite
        assert len(found.problems) + len(found.unsure) == 1
        assert words in told[0].problem


def test_tables_that_do_not_count_are_left_out(shop: Base, scratch: Path) -> None:
    """A table that was made since the dump is a problem, until it is named."""
    shop.sql("CREATE TABLE made_since AS SELECT 1 AS id")

    assert "lacks 1 of 3" in rehearsed(shop, scratch).problems[0].problem
    assert rehearsed(shop, scratch, ignore=("made_since",)).problems == ()


def test_the_live_database_is_only_read(shop: Base, scratch: Path) -> None:
    """The server's own counters of rows that were written stand still."""
    query = (
        "SELECT pg_stat_force_next_flush(); SELECT n_tup_ins, n_tup_upd, n_tup_del "
        "FROM pg_stat_database d, pg_stat_user_tables t WHERE d.datname = 'shop' ORDER BY relname"
    )
    before = shop.sql(query)
    rehearsed(shop, scratch)

    assert shop.sql(query) == before


def test_a_lock_on_a_table_is_not_waited_for(shop: Base, scratch: Path) -> None:
    """Two seconds, and its name is told; who holds the lock is not disturbed."""
    psql = [shop.postgres.tools / "psql", "-h", shop.postgres.socket, "-p", shop.postgres.port]
    words = ["-U", "shop", "-qX", "-d", "shop", "-c", "BEGIN; LOCK TABLE orders; "]
    words[-1] += "SELECT pg_sleep(60)"
    holder = subprocess.Popen([str(each) for each in (*psql, *words)])
    try:
        until = time.monotonic() + 20
        held = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted"
        while shop.postgres.sql(held, "shop").strip() == "0" and time.monotonic() < until:
            time.sleep(0.05)
        with pytest.raises(HostError, match=r"keeps public\.orders.* of the database shop locked"):
            rehearsed(shop, scratch)
        assert holder.poll() is None
    finally:
        holder.kill()
        holder.wait()
        shop.postgres.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND query LIKE '%pg_sleep%'"
        )


@pytest.mark.parametrize(
    ("different", "said"),
    [
        ({"largest": 1000}, "more than the 1,000 that are rehearsed"),
        ({"place": "/nonexistent/place"}, "no throw-away server can be started"),
        ({"timeout": 0.2}, "time was up|timed out"),
    ],
)
def test_what_cannot_be_tried_leaves_the_stamp_as_it_was(
    shop: Base, scratch: Path, different: dict[str, Any], said: str
) -> None:
    """An earlier stamp stays, as nothing was found out."""
    first = rehearsed(shop, scratch)
    with pytest.raises(HostError, match=said):
        rehearsed(shop, scratch, **different)

    assert stamp.read(str(shop.state)) == first


def test_two_at_once_are_one(shop: Base, scratch: Path) -> None:
    """The second is refused: twice the load helps nobody."""
    with stamp.alone(str(shop.state)), pytest.raises(HostError, match="is under way") as refused:
        rehearsed(shop, scratch)

    assert refused.value.kind == "held"


@pytest.mark.parametrize(
    "damage", ["", "{}", '{"format": 1, "rehearsal": {}}', "[", '{"format":2}']
)
def test_a_damaged_stamp_is_told(shop: Base, damage: str) -> None:
    """With the command that puts it aside."""
    (shop.state / stamp.NAME).write_text(damage)
    with pytest.raises(HostError, match="damaged") as told:
        stamp.read(str(shop.state))

    assert "rollback rehearse" in told.value.hint


def test_a_stamp_that_others_can_write_counts_for_nothing(shop: Base, scratch: Path) -> None:
    """Whoever can write it would decide what is restored."""
    rehearsed(shop, scratch)
    (shop.state / stamp.NAME).chmod(0o666)
    with pytest.raises(HostError, match="can be written by others"):
        origin.look(shop.request())
