"""The only door to changes: open for the target whose name was given; it proves each action."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from rollback.action import Action, Change, Done, Scope
from rollback.connection import Connection
from rollback.errors import GateClosed, NotDone, RollbackError
from rollback.timeline import Timeline

GRACE = 10.0
"""Seconds beyond a change's own deadline after which its answer is not waited for any more."""


@dataclass(frozen=True)
class Holder:
    """Who holds the host while changes are made: the lease's words, for whoever comes second."""

    run: str
    by: str
    host: str
    pid: int
    pid_started: float

    @classmethod
    def here(cls, run: str, by: str) -> Holder:
        """Return this process as the holder of a run."""
        return cls(run, by, socket.gethostname(), os.getpid(), process_started())


def process_started() -> float:
    """Return when this process started, in clock ticks since boot: with the pid it is unique."""
    try:
        stat = Path("/proc/self/stat").read_text(encoding="ascii", errors="replace")
        return float(stat.rpartition(")")[2].split()[19])
    except (OSError, IndexError, ValueError):
        return 0.0


class Gate:
    """Applies plans.

    Args:
        connection: the host.
        scope: what is rolled back.
        timeline: where a `begin` is written before every change.
        armed: the target's name as given on the command line, or None.
        holder: who the host is told that it is held by.
        worker: whether this process is one of several; a gate never opens there.
        journaled: whether the host is taken for a run of ours; undo writes into the undone one's.
    """

    def __init__(
        self,
        connection: Connection,
        scope: Scope,
        timeline: Timeline,
        *,
        armed: str | None,
        holder: Holder,
        worker: bool = False,
        journaled: bool = True,
    ) -> None:
        if worker:
            raise GateClosed(
                "a worker of pytest-xdist changes nothing: every worker would do it again",
                hint="run pytest suites/drill without -n",
            )
        self.connection, self.scope, self.timeline = connection, scope, timeline
        self._armed, self._holder, self._journaled = armed, holder, journaled
        self.adopted: dict[str, object] = {}

    @property
    def target(self) -> str:
        """The name that --arm has to repeat."""
        return self.scope.system.target.name

    @property
    def is_open(self) -> bool:
        """Whether the run is armed for this very target."""
        return self._armed == self.target

    def foresee(self, action: Action) -> tuple[Change, ...]:
        """Return the plan of an action that comes later, so that what refuses it refuses now."""
        found = action.look(self.connection, self.scope)
        return action.plan(self.scope, action.ahead(self.scope, found))

    def perform(self, action: Action, *, vital: bool = True) -> Done:
        """Look, plan, apply, and look again.

        Args:
            action: what to do.
            vital: whether its failure is the failure of its phase.

        Raises:
            GateClosed: the plan is not empty and the run is not armed for this target.
            NotDone: after the changes the plan still is not empty.
        """
        self.timeline.note("action", action=action.name, phase=action.phase)
        try:
            if self.is_open and self._journaled:
                self._begin()
            return self._performed(action)
        except RollbackError as error:
            where = {"action": action.name, "phase": action.phase}
            self.timeline.note("failed" if vital else "advisory", **where, message=error.message)
            raise

    def _performed(self, action: Action) -> Done:
        changes = self._planned(action)
        for change in changes:
            self._apply(action, change)
        left = self._planned(action) if changes else ()
        if left:
            raise NotDone(
                f"{action.name}: still needed after it was done",
                findings=words(left),
                hint="see what keeps the host from it, then run the same command again",
            )
        self.timeline.note("done", action=action.name, phase=action.phase, changes=len(changes))
        return Done(action, changes)

    def _planned(self, action: Action) -> tuple[Change, ...]:
        return action.plan(self.scope, action.look(self.connection, self.scope))

    def _begin(self) -> None:
        """Take the host for this run, or go on with the unfinished one that is found there."""
        if self.scope.run:
            return
        about, holder = self.scope.system.about, self._holder
        self.adopted = self.connection.ask(
            "runs",
            "begin",
            state=about.state,
            target=self.target,
            only=sorted(self.scope.only),
            run=holder.run,
            by=holder.by,
            host=holder.host,
            pid=holder.pid,
            pid_started=holder.pid_started,
        )
        self.scope = replace(self.scope, run=str(self.adopted["run"]))
        self.timeline.note("run", **self.adopted)

    def _apply(self, action: Action, change: Change) -> None:
        if not self.is_open:
            other = f": the run is armed for {self._armed!r}" if self._armed else ""
            raise GateClosed(
                f"refused to {change.what} on target {self.target!r}{other}",
                hint=f"pass --arm={self.target} to allow changes on this target",
            )
        where = {"action": action.name, "phase": action.phase, "what": change.what}
        begin = self.timeline.note("begin", **where, why=change.why)
        about = {"state": self.scope.system.about.state, "run": self.scope.run}
        deadline = change.seconds + GRACE
        self.connection.ask(
            change.noun, change.verb, deadline=deadline, **{**about, **change.arguments}
        )
        seconds = round(self.timeline.note("end", **where) - begin, 3)
        self.timeline.note("took", **where, seconds=seconds)

    def end(self, outcome: str) -> None:
        """Let go of the host: the run was `recovered`, `failed` or `interrupted`."""
        if self.scope.run:
            state = self.scope.system.about.state
            self.connection.ask(
                "runs", "end", state=state, run=self.scope.run, outcome=outcome, deadline=30.0
            )


def words(changes: Iterable[Change]) -> list[str]:
    """Return changes as lines for people."""
    return [f"{change.what} ({change.why})" for change in changes]
