"""A database that was migrated back is migrated forward again, where a run is undone.

That is done last of all, in the tree of the failed release, and before it is started: no other one
has these migrations. What they had taken away does not come back with them.
"""

from __future__ import annotations

from typing import Any, Dict, List, Sequence, Tuple

from ....backup.strategies.at_work import given, named, settled
from ....errors import HostError
from ....messages.rollback.migrations import (
    FORWARD,
    FORWARDED,
    MIGRATED,
    MIGRATIONS,
    MigrationCommands,
)
from ....observe.trial.components import TrialRun, units_of
from ....state.lock import ExclusiveRun
from ...postgresql.server import reached
from . import commands, heads
from .downgrade import BEGINS, ENDS, access_of
from .messages import SchemaHead

STAYS = "the migration of the database cannot be undone"
NO_UP = (
    f"{STAYS}: {commands.WHERE} has no up; name the command that migrates forward there, or leave "
    "the database as it is, and migrate by hand before the failed release is started"
)


def standing(
    asked: MigrationCommands, written: Sequence[Dict[str, Any]]
) -> Tuple[List[str], List[Tuple[str, str]]]:
    """Return what an undo would run for the database, and what prevents it, with the name of that.

    Args:
        asked: the commands as they are now.
        written: the entries of a run that migrated back.

    Raises:
        HostError: the database does not answer.
    """
    begun, ended = written[0], [each for each in written if each["event"] == MIGRATED]
    now = _head(begun)
    if now.digest == begun["before"]:
        return [], []
    why = ""
    if not asked.up:
        why = NO_UP
    elif ended and now.digest != ended[-1]["head"] and not _is_forward(written):
        why = (
            f"{STAYS}: it is at {now.words}, where the run has not left it: somebody has migrated "
            "it since"
        )
    if why:
        return [], [(MIGRATIONS, why)]
    return list(commands.steps(asked.up)), []


def _is_forward(written: Sequence[Dict[str, Any]]) -> bool:
    """Return whether an undo has begun to migrate forward: then the head is on its way."""
    return any(each["event"] == FORWARD for each in written)


def _head(entry: Dict[str, Any]) -> SchemaHead:
    return heads.head(reached(access_of(entry), str(entry["run"])))


def take_back(
    asked: MigrationCommands, work: ExclusiveRun, written: Sequence[Dict[str, Any]]
) -> None:
    """Migrate the database forward to where it was before the run, unless it is there.

    Raises:
        HostError: that is not possible, a command failed, or the head is another one afterwards.
    """
    settled(work, BEGINS, ENDS, asked.timeout)
    for _, why in standing(asked, written)[1]:
        raise HostError(why, f"see {commands.WHERE} in rollback.toml; then run the same again")
    begun = written[0]
    if _head(begun).digest == begun["before"]:
        return
    where = commands.place(asked.trial, units_of(asked.trial))
    for argv in asked.up:
        _one(work, asked, where, argv)
    now = _head(begun)
    if now.digest != begun["before"]:
        raise HostError(
            f"up ended well, and the database is at {now.words}, not at {begun['words']}",
            f"see up in {commands.WHERE}; on the host: {commands.by_hand(where, asked.up[-1])}",
            "unfinished",
        )


def _one(
    work: ExclusiveRun, asked: MigrationCommands, where: TrialRun, argv: Sequence[str]
) -> None:
    """Run one command, written down before and after.

    Raises:
        HostError: it failed, or took too long.
    """
    with given(work) as file:
        work.journal.add(FORWARD, input=named(work))
        outcome = commands.called(where, argv, asked.timeout, file)
    problem = commands.wrong(outcome, asked.timeout)
    if problem:
        raise HostError(
            f"the files of the failed release are back, and its database is not: "
            f"{commands.as_typed(argv)} {problem}",
            f"on the host: {commands.by_hand(where, argv)}; then run the same command again",
            "unfinished",
        )
    work.journal.add(FORWARDED)
