"""Every host is asked at once, and nothing is changed: reached? free? which release does it have?

Promise: which release a host has is what the host says now. Nothing that this controller, or
another one, has written about it before is looked at.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import NamedTuple

from pytest_rollback.agent.messages.backup.verify import BACKUPS, Backups, BackupsRequest
from pytest_rollback.agent.messages.state.runs import RunState
from pytest_rollback.errors import RollbackError, Unreachable, UsageError
from pytest_rollback.extras.fleet.judge import HostOutcome
from pytest_rollback.extras.fleet.members.inventory import FleetMember
from pytest_rollback.extras.fleet.members.lines import FleetLines
from pytest_rollback.extras.fleet.record import HostRecord
from pytest_rollback.manifest import requests
from pytest_rollback.manifest.model import System
from pytest_rollback.recovery import status, strategies
from pytest_rollback.recovery.action import Scope
from pytest_rollback.recovery.actions.services import beheld
from pytest_rollback.text.quantities import count
from pytest_rollback.transport.batch import look
from pytest_rollback.transport.call import AnyCall, Call
from pytest_rollback.transport.connection import Connection
from pytest_rollback.transport.ssh import SshLine

DEADLINE = 120.0
"""Seconds for a look that reads every backup."""

PREVIOUS, CURRENT, HALF, UNKNOWN = "previous", "current", "half", "unknown"
ISOLATED = "isolated"
"""How a run ended that has only stopped the units."""


FINE = frozenset({"recovered", "undone", ""})
"""How the last rollback of a host ended that has nothing left to do."""


class HostState(NamedTuple):
    """What a host says of itself.

    `position` is previous, current, half or unknown: which release it has, as its record and its
    disk say. `release` names it. `run` is the id of the rollback there that an undo would take
    back, "" where none was begun, `outcome` how the last one ended. `holder` is who is at work on
    the host, "" where nobody is. `reached` is False where it did not answer. `why` is the reason
    for what is not known. `place` tells its state directory from that of every other host, "" where
    there is none.
    """

    name: str
    position: str = UNKNOWN
    release: str = ""
    run: str = ""
    outcome: str = ""
    holder: str = ""
    reached: bool = True
    why: str = ""
    place: str = ""

    @property
    def shown(self) -> str:
        """The release, for a table."""
        if not self.reached:
            return "not reached"
        half = f"half done ({self.release})" if self.release else "half done"
        return half if self.position == HALF else self.release or self.position

    @property
    def at_once(self) -> str:
        """What people should know before all other hosts have answered; "" for nothing."""
        if self.reached:
            return f"  {self.name}: held by {self.holder}" if self.holder else ""
        return f"  {self.name}: never reached, {self.why}"


def at(system: System, member: FleetMember) -> System:
    """Return the system as one host has it."""
    target = system.target.model_copy(update={"connection": member.connection})
    return system.model_copy(update={"target": target})


def surveyed(
    system: System,
    members: Iterable[FleetMember],
    lines: FleetLines,
    at_once: int,
    heard: Callable[[HostState], None] = lambda _: None,
) -> Mapping[str, HostState]:
    """Return what each host says of itself, by its name; `heard` is told each as it comes."""
    listed = tuple(members)
    with ThreadPoolExecutor(at_once) as pool:
        under_way = [
            pool.submit(asked, at(system, each), each.name, lines.of(each)) for each in listed
        ]
        for each in as_completed(under_way):
            heard(each.result())
    found = (each.result() for each in under_way)
    return {each.name: each for each in found}


def asked(system: System, name: str, line: SshLine | None) -> HostState:
    """Return what one host says of itself; whatever stands in the way is part of it."""
    with contextlib.closing(Connection(system, line)) as connection:
        try:
            return _of(connection, system, name)
        except Unreachable as error:
            return HostState(name, reached=False, why=error.message)
        except RollbackError as error:
            return HostState(name, why=error.message)


def _of(connection: Connection, system: System, name: str) -> HostState:
    runs = status.runs(connection)
    where, whose = requests.location(system), requests.selection(system)
    request = BackupsRequest(where, whose, system.about.user, requests.names(system))
    backups = Call(BACKUPS, request, DEADLINE)
    kept: list[AnyCall] = [*strategies.calls(strategies.used(system), system).values()]
    answers = connection.ask_all(
        [backups, *kept], deadline=DEADLINE + (strategies.PATIENT if kept else 0)
    )
    if runs and runs[-1].outcome == ISOLATED and is_up(connection, system):
        runs = [each for each in runs if each.outcome != ISOLATED]  # started again since
    last = runs[-1] if runs else None
    state = _last(HostState(name, place=_place(connection, system.about.state)), last)
    record, problem = answers.error(backups), ""
    if record is not None:
        return state._replace(why=record.message)
    found = answers.of(backups)
    parts = [part.is_back for call in kept for part in answers.of(call).parts]
    position, problem = _position(found, parts)
    if last and last.state != "over":
        position = HALF
    if last and last.outcome == ISOLATED and position == PREVIOUS:  # stopped for an undo
        rolled = [each.id for each in runs if each.outcome != ISOLATED]
        state = state._replace(run=rolled[-1] if rolled else "")
    return state._replace(position=position, release=_release(found, position), why=problem)


def is_up(connection: Connection, system: System) -> bool:
    """Return whether every unit runs; what cannot be told is not up."""
    try:
        states, _ = look(connection, beheld(Scope(system)))
    except Unreachable:
        raise
    except RollbackError:
        return False
    return all(each.state == "active" for each in states.values())


def _place(connection: Connection, state: str) -> str:
    """Return what no other host has: the kernel's run, and file system and inode of a directory."""
    asked = "stat -Lc %%d:%%i %s && cat /proc/sys/kernel/random/boot_id"
    found = connection.host.run(asked, state)
    return " ".join(str(found.stdout).split()) if found.rc == 0 else ""


def mixed(states: Iterable[HostState]) -> str:
    """Return that hosts do not all have one release, and how many have which; "" where they do."""
    found: dict[str, int] = {}
    for each in states:
        if each.reached and not each.holder:
            found[each.shown] = found.get(each.shown, 0) + 1
    if len(found) < 2 and not any(each.position == HALF for each in states):  # noqa: PLR2004
        return ""
    told = (f"{name} on {count(number, 'host')}" for name, number in sorted(found.items()))
    return f"half rolled, {', '.join(told)}"


def refuse_one_host(states: Iterable[HostState]) -> None:
    """Refuse two hosts that are one, by whatever addresses: it would be rolled back twice at once.

    Raises:
        UsageError: two of them have one state directory.
    """
    first: dict[str, str] = {}
    for each in states:
        if each.place and each.place in first:
            raise UsageError(
                f"{first[each.place]} and {each.name} are one host: both have one state directory",
                hint="leave one of both out of hosts in [fleet], or of the inventory",
            )
        first[each.place] = each.name


def taken_in(states: Mapping[str, HostState], hosts: Mapping[str, HostRecord], wanted: str) -> None:
    """Take in what hosts say before anything is begun; `wanted` is what all are to have."""
    for name, state in states.items():
        host = hosts[name]
        host.before, host.why = state.shown, state.why
        there = wanted == state.position
        if not state.reached:
            host.outcome = HostOutcome.NEVER_REACHED
        elif state.holder:
            host.outcome, host.why = HostOutcome.HELD, f"by {state.holder}"
        elif there and (state.outcome in FINE or (wanted == CURRENT and state.outcome != ISOLATED)):
            host.outcome = HostOutcome.ALREADY


def compared(states: Mapping[str, HostState], hosts: Mapping[str, HostRecord], wanted: str) -> None:
    """Hold what hosts say in the end against how they ended: what is not so is lost."""
    for name, state in states.items():
        host = hosts[name]
        host.after = state.shown
        if host.outcome is HostOutcome.RECOVERED and state.position != wanted:
            host.outcome = HostOutcome.LOST
            host.why = f"it ended well, and now says: {state.why or state.shown}"
        host.run = host.run or (state.run if state.position == HALF else "")


def _last(state: HostState, run: RunState | None) -> HostState:
    """Return a state with what is known of the last rollback there."""
    if run is None:
        return state
    holder = f"{run.by}, run {run.id}" if run.state == "held" else ""
    return state._replace(run=run.id, outcome=status.words(run), holder=holder)


def _position(found: Backups, parts: list[bool]) -> tuple[str, str]:
    """Return which release is live, and why that is not known."""
    record = found.record
    if record.previous is None or record.current is None:
        return UNKNOWN, "; ".join(record.problems) or "no backup set is recorded"
    if not (record.files + len(record.added) or parts or record.spent):
        return UNKNOWN, "the backup set is empty"
    back = not found.changes and all(parts)
    return (PREVIOUS if back else CURRENT), ""


def _release(found: Backups, position: str) -> str:
    """Return the name of the release that is live, "" where that is not known."""
    record = found.record
    named = {PREVIOUS: record.previous, CURRENT: record.current, HALF: None}.get(position)
    return (named.name or "") if named else ""
