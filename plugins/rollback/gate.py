"""The only door to changes: it opens for the target whose name was given, and proves each action."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rollback.connection import Connection
from rollback.errors import GateClosed, NotDone
from rollback.model import Phase, System
from rollback.timeline import Timeline


@dataclass(frozen=True)
class Change:
    """One thing that alters the host: a question to the agent, why, and its deadline in seconds."""

    noun: str
    verb: str
    what: str
    why: str
    seconds: float
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Action:
    """Brings one aspect of a host to where the rollback wants it: `look` reads, `plan` is pure."""

    name: str
    phase: Phase
    look: Callable[[Connection, System], Any]
    plan: Callable[[System, Any], tuple[Change, ...]]


@dataclass(frozen=True)
class Done:
    """An action whose plan is empty now, with the changes that it took."""

    action: Action
    changes: tuple[Change, ...]


class Gate:
    """Applies plans.

    Args:
        connection: the host.
        timeline: where a `begin` is written before every change.
        armed: the target's name as given on the command line, or None.
        run: the id under which the host journals.
        worker: whether this process is one of several; a gate never opens there.
    """

    def __init__(
        self,
        connection: Connection,
        timeline: Timeline,
        *,
        armed: str | None,
        run: str,
        worker: bool = False,
    ) -> None:
        if worker:
            raise GateClosed(
                "a worker of pytest-xdist changes nothing: every worker would do it again",
                hint="run pytest suites/drill without -n",
            )
        self.connection, self.timeline, self.run = connection, timeline, run
        self.system, self._armed = connection.system, armed

    def foresee(self, action: Action) -> tuple[Change, ...]:
        """Return the plan of an action that comes later, so that what refuses it refuses now."""
        return action.plan(self.system, action.look(self.connection, self.system))

    def perform(self, action: Action) -> Done:
        """Look, plan, apply, and look again.

        Raises:
            GateClosed: the plan is not empty and the run is not armed for this target.
            NotDone: after the changes the plan still is not empty.
        """
        changes = self.foresee(action)
        for change in changes:
            self._apply(action, change)
        left = self.foresee(action)
        if left:
            raise NotDone(
                f"{action.name}: still needed: {'; '.join(f'{c.what} ({c.why})' for c in left)}",
                hint="see what keeps the host from it, then run the same command again",
            )
        self.timeline.note("done", action=action.name, phase=action.phase, changes=len(changes))
        return Done(action, changes)

    def _apply(self, action: Action, change: Change) -> None:
        target = self.system.target.name
        if self._armed != target:
            raise GateClosed(
                f"refused to {change.what} on target {target!r}",
                hint=f"pass --arm={target} to allow changes on this target",
            )
        begin = self.timeline.note(
            "begin", action=action.name, phase=action.phase, what=change.what, why=change.why
        )
        self.connection.ask(
            change.noun, change.verb, deadline=change.seconds + 10, run=self.run, **change.arguments
        )
        end = self.timeline.note("end", action=action.name, phase=action.phase, what=change.what)
        self.timeline.note("took", what=change.what, seconds=round(end - begin, 3))
