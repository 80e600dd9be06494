"""The live database is migrated back: looked at, and changed by the commands that were rehearsed.

Before each command the journal says so, with the head before it. After a kill the head decides what
is done already; where it is none that was seen in the rehearsal, nobody guesses.
"""

from __future__ import annotations

import os
import time
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from ....backup.strategies.at_work import given, named, settled
from ....errors import HostError
from ....messages.location import Location
from ....messages.rollback.migrations import (
    COMMAND,
    ENDED,
    FORWARD,
    FORWARDED,
    MIGRATED,
    MIGRATING,
    MigrationCommands,
)
from ....observe.trial.components import TrialRun, units_of
from ....state.journal import entries
from ....state.lock import CHANGES, ExclusiveRun, folder_of, working
from ....state.runs import record_of
from ...messages import DatabaseAccess, DatabaseProblem
from ...postgresql.server import Server, reached
from ...stamp import subject
from . import commands, downgrade_stamp, heads
from .downgrade_stamp import RehearsedOf, tool_of
from .messages import (
    Downgraded,
    DowngradeLookRequest,
    DowngradeRehearsal,
    DowngradeRequest,
    DowngradeState,
    SchemaHead,
)

BEGINS, ENDS = (COMMAND, FORWARD), (ENDED, FORWARDED)
"""The events around each command; those that begin name its input."""

ACCESS = ("host", "port", "user", "tools", "account", "name")
"""The fields of `DatabaseAccess` that the journal holds, by their names there."""


class DowngradeProgress(NamedTuple):
    """How far a run has come: how many commands have ended well, and the head before the next.

    `head` is the digest that was noted when the next one was begun, "" where it was not.
    """

    ended: int
    head: str


def look(request: DowngradeLookRequest) -> DowngradeState:
    """Return where the live database is, and what a rehearsal says of the way back.

    Raises:
        HostError: the server does not answer, or there is no record of a previous release.
    """
    location, asked = request.location, request.commands
    server = reached(request.database, location.run)
    now = heads.head(server)
    need = heads.need(location, server, now, asked.target)
    last = downgrade_stamp.read(location.state)
    where, faults = _runnable(asked)
    today = RehearsedOf(record_of(location.state), subject(request.database), "", ())
    if where:
        today = RehearsedOf.now(location, request.database, (asked, where), tool_of(last, now))
    rehearsed = last if downgrade_stamp.is_good(last, today) else None
    begun, ended = progress(_written(location)), ends(location, rehearsed)
    stuck, way = "", ""
    if begun and where:
        stuck, way = standing(begun, now, rehearsed, (asked, where))
    return DowngradeState(
        head=now,
        is_there=need.is_met or now.digest in ended,
        is_known=need.is_known,
        needs=need.words,
        last=last,
        record=today.record,
        subject=today.subject,
        commands=today.commands,
        files=today.files,
        faults=faults,
        begun=begun is not None,
        stuck=stuck,
        way=way,
    )


def _runnable(
    asked: MigrationCommands,
) -> Tuple[Optional[TrialRun], Tuple[DatabaseProblem, ...]]:
    """Return where commands would run, None where they could not, and why not."""
    try:
        where = commands.place(asked.trial, units_of(asked.trial))
    except HostError as problem:
        return None, (DatabaseProblem(problem.message, problem.hint),)
    return where, tuple(commands.faults(asked, where))


def _written(location: Location) -> List[Dict[str, Any]]:
    folder = folder_of(location)
    return entries(os.path.join(folder, CHANGES)) if folder else []


def ends(location: Location, last: Optional[DowngradeRehearsal]) -> List[str]:
    """Return the heads, by digest, at which a rehearsal that counts and this run have ended."""
    noted = [str(each["head"]) for each in _written(location) if each["event"] == MIGRATED]
    return [*([last.after.digest] if last else []), *noted[-1:]]


def progress(written: List[Dict[str, Any]]) -> Optional[DowngradeProgress]:
    """Return how far a run has come that has not noted the end; None where it has not begun."""
    found: Optional[DowngradeProgress] = None
    for each in written:
        if each["event"] == MIGRATING:
            found = DowngradeProgress(0, "")
        elif each["event"] == MIGRATED:
            found = None
        elif found and each["event"] == COMMAND:
            found = DowngradeProgress(int(each["number"]), str(each["head"]))
        elif found and each["event"] == ENDED:
            found = DowngradeProgress(int(each["number"]) + 1, "")
    return found


def standing(
    begun: DowngradeProgress,
    now: SchemaHead,
    last: Optional[DowngradeRehearsal],
    asked: Tuple[MigrationCommands, TrialRun],
) -> Tuple[str, str]:
    """Return why an interrupted run cannot go on by itself, and the way on; "" where it can."""
    down, where = asked[0].down, asked[1]
    if begun.ended >= len(down) or following(begun, now, last) is not None:
        return "", ""
    argv = down[begun.ended]
    words = (
        f"a run was interrupted in {commands.as_typed(argv)}, and the database is at {now.words}: "
        "neither where it was before that command, nor where it was after it in the rehearsal"
    )
    by_hand = commands.by_hand(where, argv)
    return words, f"on the host: {by_hand}; then run the same command again"


def following(
    begun: DowngradeProgress, now: SchemaHead, last: Optional[DowngradeRehearsal]
) -> Optional[int]:
    """Return the number of the command that comes next, by the head; None where nobody can tell."""
    if not begun.head or now.digest == begun.head:
        return begun.ended
    if last and now.digest == last.after.digest:
        return len(last.steps)
    if last and now.digest == last.steps[begun.ended].head.digest:
        return begun.ended + 1
    return None


def migrate(request: DowngradeRequest) -> Downgraded:
    """Migrate the live database back, unless it is; the head proves it.

    Raises:
        HostError: a command failed, or the head is not the expected one.
    """
    location, asked = request.location, request.commands
    started = time.monotonic()
    with working(location) as work:
        server = reached(request.database, location.run)
        settled(work, BEGINS, ENDS, asked.timeout)
        where = commands.place(asked.trial, units_of(asked.trial))
        before = heads.head(server)
        last = _proven(request, where, before)
        if request.expected and last is None:
            raise HostError(
                "the commands, or files that they read, are others than when this was planned",
                "run the same command again",
            )
        number = _first(request, work, before, last)
        for each in range(number, len(asked.down)):
            _one(work, asked, where, (each, heads.head(server)))
        after = heads.head(server)
        _demand(request, server, after)
        seconds = round(time.monotonic() - started, 3)
        work.journal.add(MIGRATED, at=time.time(), seconds=seconds, head=after.digest)
    return Downgraded(before, after, seconds)


def _proven(
    request: DowngradeRequest, where: TrialRun, now: SchemaHead
) -> Optional[DowngradeRehearsal]:
    """Return the last rehearsal, where it went well and was of the same."""
    location, asked = request.location, request.commands
    last = downgrade_stamp.read(location.state)
    today = RehearsedOf.now(location, request.database, (asked, where), tool_of(last, now))
    return last if downgrade_stamp.is_good(last, today) else None


def _first(
    request: DowngradeRequest,
    work: ExclusiveRun,
    now: SchemaHead,
    last: Optional[DowngradeRehearsal],
) -> int:
    """Return the number of the command to begin with; one that begins anew is announced.

    Raises:
        HostError: the head is another one than was planned from, or none that is known.
    """
    begun = progress(work.journal.entries)
    if begun is None:
        if now.digest != request.seen:
            raise HostError(
                f"the database is at {now.words}, and was elsewhere when this was planned",
                "run the same command again",
            )
        facts = {key: getattr(request.database, key) for key in ACCESS}
        work.journal.add(
            MIGRATING,
            **facts,
            run=request.location.run,
            before=now.digest,
            after=request.expected,
            words=now.words,
        )
        return 0
    number = following(begun, now, last)
    if number is None:
        where = commands.place(request.commands.trial, units_of(request.commands.trial))
        raise HostError(*standing(begun, now, last, (request.commands, where)), "unfinished")
    return number


def _one(
    work: ExclusiveRun,
    asked: MigrationCommands,
    where: TrialRun,
    at: Tuple[int, SchemaHead],
) -> None:
    """Run one command, written down before and after.

    Raises:
        HostError: it failed, or took too long.
    """
    number, head = at
    argv = asked.down[number]
    with given(work) as file:
        work.journal.add(
            COMMAND, number=number, head=head.digest, words=head.words, input=named(work)
        )
        outcome = commands.called(where, argv, asked.timeout, file)
    problem = commands.wrong(outcome, asked.timeout)
    if problem:
        raise HostError(
            f"{commands.as_typed(argv)} {problem}",
            f"on the host: {commands.by_hand(where, argv)}; then run the same command again: the "
            "head decides what is left to do",
            "unfinished",
        )
    work.journal.add(ENDED, number=number)


def _demand(request: DowngradeRequest, server: Server, after: SchemaHead) -> None:
    """Raise unless the database is where it was to be.

    Raises:
        HostError: it is not.
    """
    if request.expected:
        words = "" if after.digest == request.expected else "not where it was in the rehearsal"
    else:
        need = heads.need(request.location, server, after, request.commands.target)
        words = "" if need.is_met else need.words
    if words:
        raise HostError(
            f"all commands of {commands.WHERE} ended well, and the database is at {after.words}: "
            f"{words}",
            "rollback rehearse shows where they lead; correct down, and run the same command again",
            "unfinished",
        )


def access_of(entry: Dict[str, Any]) -> DatabaseAccess:
    """Return how the database of an entry of the journal is reached."""
    return DatabaseAccess(dump="", **{key: entry[key] for key in ACCESS})
