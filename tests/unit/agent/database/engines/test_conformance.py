"""Each engine keeps the same promises: one suite for all of them, with real databases."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from pytest_rollback.agent.database import stamp
from pytest_rollback.agent.database.messages import (
    ENGINES,
    DatabaseRequest,
    DatabaseRestored,
    DatabaseState,
)
from pytest_rollback.agent.database.routes import ROUTES
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.protocol import PROTOCOL, decode, unframe
from pytest_rollback.manifest.model import Database
from pytest_rollback.transport.payload import BOOT, needed, packed, payload, started
from tests.unit.agent.database.engines.shop import DAMAGES, Shop

STRIDE = int(os.environ.get("ROLLBACK_STRIDE", "4"))
"""Of the steps at which the agent is killed, one in so many is tried; 1 for all of them."""


def test_each_engine_answers_all_questions() -> None:
    """And each can be named in rollback.toml."""
    verbs = {each.partition(".")[2] for each in ROUTES if "." in each}
    named = {route.name for engine in ENGINES.values() for route in engine}

    assert named <= {f"database.{each}" for each in ROUTES}
    assert len(named) == len(ENGINES) * len(verbs)
    schema = Database.model_json_schema()["properties"]["engine"]
    assert sorted(schema["enum"]) == sorted(ENGINES)


def test_a_dump_becomes_the_live_database_and_back(shop: Shop) -> None:
    """What was live is kept under the run's name; undo brings it back; twice changes nothing."""
    before = shop.look()
    done = shop.restore()

    assert (before.restored, before.problems, shop.release()) == (False, (), "previous")
    assert done.swap
    assert "failed" in done.swap.kept
    assert any("failed_r1" in each for each in shop.kept())
    assert shop.look().restored
    assert shop.look("r2").restored
    assert shop.restore() == DatabaseRestored(done.restored, None)
    for _ in range(2):
        shop.undo()
        assert shop.release() == "current"
        assert not any("failed" in each for each in shop.kept())
        assert any("rollback_r1" in each for each in shop.kept())
    assert not shop.look("r2").restored
    with pytest.raises(HostError, match="this run was undone"):
        shop.restore()


def test_it_answers_as_it_is_sent_to_a_host(shop: Shop) -> None:
    """With the modules of the question alone, none of which lies on a disk."""
    asked = DatabaseRequest(shop.located(), shop.access(), 60.0)
    route = ENGINES[shop.engine].look.name
    request = {"protocol": PROTOCOL, "deadline": 60, "ask": [{"route": route, "request": asked}]}
    words = [*started(BOOT), payload(needed([route], (), "systemd")), packed(request)]
    done = subprocess.run([sys.executable, *words], capture_output=True, check=True)
    said = unframe(done.stdout) or {}

    assert decode(DatabaseState, said["answers"][0]["value"]).digest == shop.look().digest


def test_what_was_written_after_the_restore_is_kept_by_an_undo(shop: Shop) -> None:
    """Under the name of the restored one; and the failed one has nothing of it."""
    shop.restore()
    shop.write()
    shop.undo()

    assert shop.release() == "current"
    assert any("rollback_r1" in each for each in shop.kept())


def test_a_run_without_a_restore_has_nothing_to_undo(shop: Shop) -> None:
    """Nothing is there besides, before and after."""
    shop.undo()

    assert (shop.kept(), shop.release()) == ([], "current")


def test_a_look_and_a_rehearsal_change_nothing(shop: Shop) -> None:
    """The live database is as it was, and nothing lies beside it."""
    shop.look()
    shop.rehearse()

    assert (shop.kept(), shop.release()) == ([], "current")


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_dump_is_told(shop: Shop, how: str) -> None:
    """By whichever question can tell it; the rehearsal tells all of them, and leaves a stamp."""
    shop.damaged(how)
    found = shop.rehearse()

    assert found.problems or found.unsure, how
    assert stamp.read(str(shop.state)) == found
    assert (shop.kept(), shop.release()) == ([], "current")
    if how in {"cut", "empty", "no dump"}:
        assert shop.read().problems
        assert shop.look().problems


def test_a_dump_that_is_missing_is_told(shop: Shop) -> None:
    """With the words of the system."""
    shop.dump.unlink()

    assert any("No such file" in each.problem for each in shop.look().problems)
    assert "No such file" in shop.read().problems[0]


def test_a_dump_of_what_is_live_is_good(shop: Shop) -> None:
    """A rehearsal finds nothing, counts all rows, and the look shows it."""
    shop.same()
    found = shop.rehearse()

    assert (found.problems, found.unsure, found.lost) == ((), (), ())
    assert found.rows >= 2000
    assert shop.look().rehearsal == found
    assert shop.look()._replace(rehearsal=None).digest == found.digest


@pytest.mark.parametrize(
    ("where", "told"), [("", True), (" WHERE id % 2 = 0", False), (" WHERE id > 5", False)]
)
def test_a_dump_of_another_database_with_the_same_tables_is_told(
    shop: Shop, where: str, *, told: bool
) -> None:
    """As of a staging system: nothing but the rows tells it. Rows that change are no defect."""
    if shop.engine == "postgresql":  # its code stays the same for ever, and would tell
        shop.sql("ALTER TABLE goods DROP COLUMN code")
    shop.sql("UPDATE goods SET words = id")
    shop.sql("CREATE TABLE more (id INTEGER, part INTEGER, words TEXT, PRIMARY KEY (id, part))")
    shop.sql("INSERT INTO more SELECT id, 1, words FROM goods")
    shop.sql("DELETE FROM more WHERE id = 7")
    shop.same()
    for table in ("goods", "more"):
        shop.sql(f"UPDATE {table} SET words = -id{where}")  # noqa: S608 - ours
    found, ignored = shop.rehearse(), shop.rehearse(ignore=("goods", "more"))

    words = [each.problem for each in found.problems if "has other rows under" in each.problem]
    assert [("goods" in each, "more" in each, "orders" in each) for each in words] == [
        (True, True, False)
    ] * told
    assert not any("has other rows" in each.problem for each in ignored.problems)


def test_a_dump_that_is_live_is_rehearsed_all_the_same(shop: Shop) -> None:
    """A stamp says what was restored, and never that nothing had to be."""
    shop.restore()
    found = shop.rehearse()

    assert found.rows >= 2000
    assert (found.problems, found.lost) == ((), ())


def test_a_dump_of_another_day_is_told_by_its_age(shop: Shop) -> None:
    """When it was made is part of the stamp: what is too old, whoever asks decides."""
    shop.same()
    then = time.time() - 40 * 86400
    os.utime(shop.dump, (then, then))

    says_so = shop.engine == "postgresql"  # an archive has the time in itself, whoever touched it
    assert (shop.rehearse().made <= then + 1) != says_so


def test_a_dump_that_changes_after_the_plan_is_refused(shop: Shop) -> None:
    """The plan is bound to its digest."""
    digest = shop.look().digest
    shop.damaged("a table missing")
    restore = ENGINES[shop.engine].restore

    with pytest.raises(HostError, match="changed since the plan"):
        shop.ask(restore, shop.restoring(digest))
    assert (shop.kept(), shop.release()) == ([], "current")


def test_a_dump_that_cannot_be_restored_leaves_the_live_database_alone(shop: Shop) -> None:
    """Whatever the look said: the restore looks as well."""
    shop.damaged("cut")
    digest = shop.look().digest
    with pytest.raises(HostError, match=r"cannot be restored|cannot list|cut"):
        shop.ask(ENGINES[shop.engine].restore, shop.restoring(digest))

    assert shop.release() == "current"
    shop.undo()
    assert (shop.kept(), shop.release()) == ([], "current")


def test_a_database_that_answers_does_so(shop: Shop) -> None:
    """And one that is not there does not."""
    assert shop.ping().problem == ""
    nowhere = shop.access()._replace(name="/nowhere/x" if shop.engine == "sqlite" else "nowhere")
    assert shop.ping(nowhere._replace(port=1)).problem


@pytest.mark.parametrize("way", ["restore", "undo"])
def test_a_kill_at_any_step_leaves_a_whole_database(shop: Shop, way: str) -> None:
    """The live one is the old or the new one, and the same call again goes on."""
    died, point = 0, 1 - STRIDE
    while True:
        point += STRIDE
        shop.fresh()
        if way == "undo":
            shop.restore()
        process = shop.dying(way, point)
        _, said = process.communicate(timeout=60)
        assert process.returncode in {0, -signal.SIGKILL}, said.decode()
        if process.returncode == 0:
            break
        died += 1
        if shop.engine != "postgresql":  # which has no name at all for an instant of a transaction
            assert shop.release() in {"current", "previous"}
        if way == "restore":
            shop.restore()
            assert shop.release() == "previous"
        shop.undo()
        assert shop.release() == "current"
        assert not any("failed" in each or "build" in each for each in shop.kept())
    assert died * STRIDE >= 8, "few kills prove little"
