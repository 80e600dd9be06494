"""A way back that is killed while it is rehearsed leaves nothing, wherever it was killed."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.database.previous import schema
from pytest_rollback.agent.database.previous.downgrade import downgrade_stamp, losses, rehearse
from pytest_rollback.agent.database.rehearsal import scratch as scratches
from tests.unit.agent.database.downgrade.conftest import DOWN, MigratedCorner
from tests.unit.agent.database.previous.test_alone import left, namespaces

if TYPE_CHECKING:
    from collections.abc import Callable

SITES = {
    "a server is there": (scratches, "furnish"),
    "it is like the live one": (schema, "copied"),
    "the copy is made": (rehearse, "migrated"),
    "a command is next": (rehearse, "ran"),
    "all commands have ended": (losses, "lost"),
    "its end is judged": (rehearse, "arrived"),
    "the undo is next": (rehearse, "returned"),
    "all is done": (downgrade_stamp, "write"),
}
"""Where it is killed: before a function of a module is called."""

COUNTERS = """SELECT pg_stat_force_next_flush(); SELECT n_tup_ins, n_tup_upd, n_tup_del FROM
pg_stat_user_tables ORDER BY relname"""
SESSIONS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = 'shop' AND pid <> pg_backend_pid()"
)
PATIENCE = 60.0


def begun(corner: MigratedCorner, place: Path, spoil: Callable[[], None]) -> int:
    """Rehearse in a process that is spoilt before; return its id."""
    child = os.fork()
    if not child:
        try:
            spoil()
            corner.rehearsed(place, "schema")
        finally:
            os._exit(0)
    return child


def dies(*_given: object, **_named: object) -> None:
    """Die as by the kernel's hand."""
    os.kill(os.getpid(), signal.SIGKILL)


def is_run(words: str) -> bool:
    """Tell whether somebody runs a command of these words."""
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if words in each.read_text().replace("\0", " "):
                return True
    return False


def waited(until: Callable[[], bool]) -> None:
    """Wait until something is so; whoever asks afterwards sees whether it is."""
    end = time.monotonic() + PATIENCE
    while not until() and time.monotonic() < end:
        time.sleep(0.05)


def nothing_is_left(corner: MigratedCorner, place: Path, before: set[str], rows: str) -> None:
    """See to it that no process, directory, namespace and session is left, and nothing written."""
    waited(lambda: not left(place) and not namespaces() - before)
    waited(lambda: corner.base.sql(SESSIONS) == "0")
    assert left(place) == []
    assert namespaces() - before == set()
    assert corner.base.sql(SESSIONS) == "0"
    assert corner.base.sql(COUNTERS) == rows
    assert "buyer" in corner.columns()
    assert downgrade_stamp.read(str(corner.state)) is None


@pytest.mark.parametrize("site", SITES)
def test_nothing_is_left_of_one_that_was_killed(
    ahead: MigratedCorner, scratch: Path, site: str
) -> None:
    """Before each step."""
    before, rows = namespaces(), ahead.base.sql(COUNTERS)
    child = begun(ahead, scratch, lambda: setattr(*SITES[site], dies))

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    nothing_is_left(ahead, scratch, before, rows)


def test_nothing_is_left_of_one_that_was_killed_within_a_command(
    ahead: MigratedCorner, scratch: Path
) -> None:
    """The command ends as well: it is alone, and the first process of its namespaces is gone."""
    ahead.down = (ahead.script("down", DOWN, "sleep 60.4711"),)
    before, rows = namespaces(), ahead.base.sql(COUNTERS)
    child = begun(ahead, scratch, lambda: None)
    waited(lambda: is_run("sleep 60.4711"))
    assert is_run("sleep 60.4711")
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)

    nothing_is_left(ahead, scratch, before, rows)
    assert not is_run("sleep 60.4711")
    ahead.script("down", DOWN)
    assert ahead.rehearsed(scratch).rehearsal.problems == ()
