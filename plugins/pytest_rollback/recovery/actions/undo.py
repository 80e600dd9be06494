"""Taking one run back: its units stopped, the failed release returned as it was, started again."""

from __future__ import annotations

import shlex

from pytest_rollback.agent.messages.rollback.undo import UNDO, UNDO_PLAN, UndoPlan, UndoRequest
from pytest_rollback.agent.messages.services.running import Running
from pytest_rollback.agent.messages.services.units import START
from pytest_rollback.errors import Refused
from pytest_rollback.evidence.data_return import DataLoss
from pytest_rollback.recovery.action import Action, AnyAction, Change, Scope
from pytest_rollback.recovery.actions.requests import PATIENT, location, migrations
from pytest_rollback.recovery.actions.services import (
    MARGIN,
    States,
    beheld,
    refuse_holders,
    running_of,
    stops,
    unit_request,
)
from pytest_rollback.recovery.strategies import commands, looks
from pytest_rollback.text.quantities import count
from pytest_rollback.transport.batch import Look
from pytest_rollback.transport.call import Call

SECONDS = 420.0
LOOKS = 4
"""How often an undo looks which release is live: before anything, and around its command."""

NAMED = 5
"""Processes that are left to run and named."""


def request(scope: Scope, run: str, without: tuple[str, ...] = ()) -> UndoRequest:
    """Return what every request about the undo of a run states; paths `without` are left alone."""
    services, page = scope.system.services, scope.system.maintenance
    return UndoRequest(
        location=location(scope)._replace(run=run, holder=None),
        manager=services.manager,
        socket=services.reached,
        check=tuple(page.check) if page else (),
        reload=tuple(page.reload) if page else (),
        without=without,
        release=commands(scope.system) if scope.system.release.commands else None,
        migrations=migrations(scope.system),
    )


def _more(scope: Scope, asked: UndoRequest) -> float:
    """Return the seconds that the commands of a release, or of its database, may take."""
    told, up = asked.release, asked.migrations
    seconds = 2 * told.change_timeout + looks(scope.system, LOOKS) if told else 0.0
    return seconds + ((len(up.up) + 1) * up.timeout if up else 0.0)


def starts(scope: Scope, found: States) -> tuple[Change, ...]:
    """Return one start per unit that is down. Nobody expects the failed release to be healthy."""
    return tuple(
        Change(
            Call(START, unit_request(scope, component, component.start), component.start + MARGIN),
            f"start {component.unit}",
            f"it is {found[component.unit].state}",
        )
        for component in scope.components
        if found[component.unit].state != "active"
    )


def states(scope: Scope) -> Look[States]:
    """Return every unit's state; who is of no unit stops no undo, unless he holds a unit's port.

    Raises:
        Refused: the manager does not know a unit, or another's process listens on its port.
    """
    found, running = yield from beheld(scope)
    refuse_holders(scope, found, running)
    return found


def stay(running: Running) -> str:
    """Return which processes of no unit an undo leaves; "" where there are none."""
    named = ", ".join(f"pid {each.pid} ({each.command})" for each in running.strangers[:NAMED])
    more = f" and {len(running.strangers) - NAMED} more" if running.strangers[NAMED:] else ""
    return f"; of no unit, and left to run: {named}{more}" if named else ""


ISOLATE = Action("isolate components", "isolate", look=states, plan=stops)
START_FAILED = Action("start the failed release", "services", look=states, plan=starts)


def way_out(run: str, found: UndoPlan, without: tuple[str, ...]) -> str:
    """Return what there is to do, and the command that undoes all else."""
    paths = dict.fromkeys((*without, *found.paths))
    left = "".join(f" --without={shlex.quote(path)}" for path in paths)
    way = "put them back there" if found.lost else "put the run's versions back"
    return f"{way}; or leave them as they are: rollback undo {run}{left}"


def undoing(run: str, without: tuple[str, ...] = ()) -> tuple[AnyAction, ...]:
    """Return the actions that take a run back, in their order, but for the paths `without`."""

    def look(scope: Scope) -> Look[tuple[UndoPlan, Running]]:
        """Return what undo would bring back, what prevents it, and who runs meanwhile."""
        seconds = PATIENT + looks(scope.system)
        asked, running = Call(UNDO_PLAN, request(scope, run, without), seconds), running_of(scope)
        answers = yield [asked, running]
        return answers.of(asked), answers.of(running)

    def plan(scope: Scope, seen: tuple[UndoPlan, Running]) -> tuple[Change, ...]:
        """Return the one change that takes all of it back.

        Raises:
            Refused: something was changed after the run.
        """
        found, running = seen
        if found.undone:
            return ()
        if found.conflicts:
            raise Refused(
                f"{count(len(found.conflicts), 'file')} changed after run {run}",
                findings=found.conflicts,
                hint=way_out(run, found, without),
            )
        files = len(found.files) + len(found.moved) + len(found.units)
        why = f"run {run} is being undone{stay(running)}"
        asks = request(scope, run, without)
        undo = Call(UNDO, asks, SECONDS + _more(scope, asks))
        what = f"restore {count(files, 'file')} of the failed release"
        what += "".join(f", and run {command}" for command in (*found.release, *found.migrations))
        if found.since is None:
            return (Change(undo, what, why, 1 + files / 1000),)
        what += f", and swap the database {found.database} back (that of now becomes {found.kept})"
        lost = DataLoss(found.database or "", found.since, by="taking back the restore")
        return (Change(undo, what, why, 1 + files / 1000, lost),)

    return (ISOLATE, Action("undo", "files", look=look, plan=plan), START_FAILED)
