"""A way back that is killed while it is rehearsed leaves nothing, wherever it was killed."""

from __future__ import annotations

import contextlib
import json
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
from tests.unit.agent.database.previous.test_alone import left

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


def dies(note: Path) -> Callable[..., None]:
    """Return what dies as by the kernel's hand, and notes before who works for it."""

    def die(*_given: object, **_named: object) -> None:
        note.write_text(json.dumps(sorted(below(os.getpid()))))
        os.kill(os.getpid(), signal.SIGKILL)

    return die


def below(root: int) -> set[tuple[int, int]]:
    """Return the processes that one has started, and these: each with the time of its start."""
    parents: dict[int, list[int]] = {}
    began: dict[int, int] = {}
    for each in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            pid, (_, parent, *rest) = (
                int(each.parent.name),
                each.read_text().split(") ")[-1].split(),
            )
            parents.setdefault(int(parent), []).append(pid)
            began[pid] = int(rest[17])
    found = [root]
    for pid in found:
        found += parents.get(pid, [])
    return {(pid, began[pid]) for pid in found[1:]}


def alive(noted: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """Return which of some processes are still there."""
    return noted & below(1)


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


def nothing_is_left(
    corner: MigratedCorner, place: Path, noted: set[tuple[int, int]], rows: str
) -> None:
    """See to it that no process, directory and session is left, and nothing was written.

    With its last process a namespace is gone: none of them is kept by a name.
    """
    waited(lambda: not left(place) and not alive(noted))
    waited(lambda: corner.base.sql(SESSIONS) == "0")
    assert left(place) == []
    assert alive(noted) == set()
    assert corner.base.sql(SESSIONS) == "0"
    assert corner.base.sql(COUNTERS) == rows
    assert "buyer" in corner.columns()
    assert downgrade_stamp.read(str(corner.state)) is None


@pytest.mark.parametrize("site", SITES)
def test_nothing_is_left_of_one_that_was_killed(
    ahead: MigratedCorner, scratch: Path, site: str
) -> None:
    """Before each step; what had worked for it was there until then."""
    rows, note = ahead.base.sql(COUNTERS), ahead.home / "note"
    child = begun(ahead, scratch, lambda: setattr(*SITES[site], dies(note)))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    noted = {(pid, start) for pid, start in json.loads(note.read_text())}

    assert bool(noted) == (site != "all is done"), "its server has ended by then"
    nothing_is_left(ahead, scratch, noted, rows)


def test_nothing_is_left_of_one_that_was_killed_within_a_command(
    ahead: MigratedCorner, scratch: Path
) -> None:
    """The command ends as well: it is alone, and the first process of its namespaces is gone."""
    ahead.down = (ahead.script("down", DOWN, "sleep 60.4711"),)
    rows = ahead.base.sql(COUNTERS)
    child = begun(ahead, scratch, lambda: None)
    waited(lambda: is_run("sleep 60.4711"))
    noted = below(child)
    assert is_run("sleep 60.4711")
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)

    nothing_is_left(ahead, scratch, noted, rows)
    assert not is_run("sleep 60.4711")
    ahead.script("down", DOWN)
    assert ahead.rehearsed(scratch).rehearsal.problems == ()
