"""What the host's journals say of the runs there, and the exact command that comes next."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pytest_rollback.agent.messages.rollback.undo import UNDO_PLAN
from pytest_rollback.agent.messages.state.runs import RUNS, RunsRequest, RunState
from pytest_rollback.errors import RollbackError
from pytest_rollback.manifest.model import System
from pytest_rollback.recovery.action import Scope
from pytest_rollback.recovery.actions import ACTIONS
from pytest_rollback.recovery.actions.requests import PATIENT
from pytest_rollback.recovery.actions.undo import request, undoing
from pytest_rollback.recovery.lock_holder import is_gone
from pytest_rollback.transport.batch import look
from pytest_rollback.transport.call import Call
from pytest_rollback.transport.connection import Connection


class WayBack(NamedTuple):
    """Whether a run can be undone, or gone on with, as the host is now.

    Args:
        without: the files that have to be left out, because they cannot be brought back.
        refused: why undo would refuse, in one line; "" where it would not.
        stuck: why the run would not be gone on with, in one line; "" where it would.
    """

    without: tuple[str, ...] = ()
    refused: str = ""
    stuck: str = ""

    @property
    def options(self) -> str:
        """What undo has to be told, with a blank before it."""
        return "".join(f" --without={shlex.quote(path)}" for path in self.without)

    @property
    def no_undo(self) -> str:
        """Why there is no undo, in words."""
        return f"it cannot be undone: {self.refused}"


FREE = WayBack()
"""Nothing is in the way."""


def ways(connection: Connection, system: System, run: RunState) -> WayBack:
    """Return the same, and whether the run would be gone on with, by all that a drill plans."""
    back = way_back(connection, system, run)
    if run.state != "open" or run.progress.damage or run.progress.undo == "begun":
        return back  # only undo is offered
    scope = Scope(system, frozenset(run.only))
    try:
        for action in ACTIONS:
            look(connection, action.foreseen(scope))
    except RollbackError as error:
        return back._replace(stuck=first_line(error))
    return back


def way_back(connection: Connection, system: System, run: RunState) -> WayBack:
    """Return whether a run can be undone, by all that undo looks at before it begins."""
    if settled(run) or run.progress.damage or run.state == "held":
        return FREE  # no undo is offered
    scope = Scope(system, frozenset(run.only))
    try:
        lost = connection.ask(Call(UNDO_PLAN, request(scope, run.id), PATIENT)).lost
        for action in undoing(run.id, lost):
            look(connection, action.foreseen(scope))
    except RollbackError as error:
        return WayBack(refused=first_line(error))
    return WayBack(lost)


def first_line(error: RollbackError) -> str:
    """Return an error in one line."""
    return " - ".join([error.message, *error.findings[:1]])


def settled(run: RunState) -> bool:
    """Return whether a run was undone."""
    return run.progress.undo == "done" or run.outcome == "undone"


def runs(connection: Connection, run: str = "") -> list[RunState]:
    """Return every run that the host knows, the oldest first, or the one that is named."""
    found = connection.ask(Call(RUNS, RunsRequest(connection.system.about.state, run))).runs
    return [
        each._replace(state="open") if each.state == "held" and is_gone(each.holder) else each
        for each in found
    ]


def words(run: RunState) -> str:
    """Return how a run is, in a word or two."""
    if run.progress.damage:
        return "damaged"
    if run.progress.undo == "begun":
        return "partly undone"
    if run.state == "held":
        return "running"
    return run.outcome or "interrupted"


def facts(run: RunState) -> dict[str, object]:
    """Return the facts of a run for a report, as plain JSON."""
    steps = [step._asdict() for step in run.progress.steps]
    found = {**run._asdict(), **run.progress._asdict(), "steps": steps}
    return {name: value for name, value in found.items() if name != "progress"}


def table(found: Sequence[RunState], back: WayBack = FREE) -> Iterator[str]:
    """Yield one line for each run, and what comes next for the last one."""
    for run in found:
        about = ", ".join(run.only) or "everything"
        yield f"{run.id}  {words(run):<12} {run.when[:16]}  {run.by}  {about}"
    if found:
        yield f"next: {following(found[-1], back)}"


def detail(run: RunState, back: WayBack = FREE) -> Iterator[str]:
    """Yield everything about one run: its steps, its journal's head, and what comes next."""
    yield f"run {run.id} on {run.target}: {words(run)}"
    yield f"  begun {run.when} by {run.by}" + (f", ended {run.ended}" if run.ended else "")
    yield from (f"  {step.state:>7}  {step.name}" for step in run.progress.steps)
    if run.progress.damage:
        yield f"  {run.progress.damage}"
    yield f"  journal head {run.progress.head or 'none'}"
    yield f"next: {following(run, back)}"


def following(run: RunState, back: WayBack = FREE) -> str:
    """Return the exact command that comes next for a run, with the other choice there is.

    Args:
        run: the run.
        back: whether undo, or going on, would be taken up; each is offered only then.
    """
    only = "".join(f" --component={name}" for name in run.only)
    again, undo = f"rollback now{only}", f"rollback undo {run.id}{back.options}"
    if run.progress.damage:
        return "compare the files with their backups by hand; no file is lost"
    if run.progress.undo == "begun":
        return f"mend what stops the undo, {back.refused}; then {undo}" if back.refused else undo
    if run.state == "held":
        return f"wait for {run.by} (pid {run.holder.pid} on {run.holder.host})"
    if run.state == "open":
        return _open(back, again, undo)
    if settled(run):
        return "nothing: the run was undone"
    return f"nothing; {back.no_undo}" if back.refused else f"nothing; to undo it: {undo}"


def _open(back: WayBack, again: str, undo: str) -> str:
    """Return what comes next for a run that somebody can go on with: that, or undo; or neither."""
    if not back.stuck:
        return f"{again}; {back.no_undo}" if back.refused else f"{again}, or to undo it: {undo}"
    mended = f"mend what stops it, {back.stuck}; then {again}"
    return f"{mended}; {back.no_undo}" if back.refused else f"to undo it: {undo}; or {mended}"
