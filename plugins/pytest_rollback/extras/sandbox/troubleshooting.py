"""The procedure's troubleshooting, practised: a sandbox is broken on purpose and rolled back.

Each way has a timeline, a run on the host and seconds of its own: what happened in one is no
other one's.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_rollback.checks.availability import Availability
from pytest_rollback.checks.edge import prober_for
from pytest_rollback.errors import RollbackError, UsageError
from pytest_rollback.evidence.timeline import Timeline
from pytest_rollback.manifest.thresholds import DatabaseRehearsal
from pytest_rollback.recovery import actions
from pytest_rollback.recovery.action import AnyAction, Scope
from pytest_rollback.recovery.gate import Gate
from pytest_rollback.recovery.lock_holder import Holder
from pytest_rollback.recovery.rehearsal import rehearse
from pytest_rollback.run.run import Run, operator

if TYPE_CHECKING:
    from pytest_rollback.manifest.model import System
    from pytest_rollback.run.extra_types import PracticeTarget


@dataclass(frozen=True)
class PracticedRollback:
    """What came of one rollback.

    Args:
        name: the trouble.
        changes: what was changed, in order, in the words of the plan.
        seconds: from the decision to the last change.
        users: what users got meanwhile.
    """

    name: str
    changes: tuple[str, ...]
    seconds: float
    users: Availability

    @property
    def told(self) -> dict[str, Any]:
        """Return what the report says of it."""
        return {
            "seconds": round(self.seconds, 1),
            "outage_seconds": round(self.users.outage_seconds or 0.0, 1),
            "maintenance_seconds": round(self.users.maintenance_seconds or 0.0, 1),
            "changes": list(self.changes),
        }


class Troubleshooting:
    """Breaks a sandbox in one of its ways, and carries the whole rollback out.

    Args:
        run: the session's.
        sandbox: what is broken; None where the target is no sandbox.

    Raises:
        UsageError: the target is no sandbox: nothing else may be broken on purpose.
    """

    def __init__(self, run: Run, sandbox: PracticeTarget | None) -> None:
        if sandbox is None:
            raise UsageError(
                f"the target {run.system.target.name} is not a sandbox: only a sandbox is broken "
                "on purpose; nothing was changed",
                hint="pytest suites/drill/troubleshooting --rollback-target=sandbox, or =machine",
            )
        self.run, self.sandbox = run, sandbox

    def __call__(
        self, name: str, *, defaults: bool = False, database: bool = False
    ) -> PracticedRollback:
        """Break it, roll it back, and return what came of it; it is left as it is then.

        Args:
            name: the trouble, a folder among those of the sandbox.
            defaults: configuration that stays broken is replaced by its defaults.
            database: the dump is restored as well.

        Raises:
            RollbackError: the rollback did not do what it is for.
        """
        self.run.connection.close()  # where a machine is put back, the line to it breaks
        self.sandbox.trouble(name)
        self.run.facts.clear()
        system = restoring(self.run.system) if database else self.run.system
        timeline = Timeline(self.run.folder / name)
        timeline.redact = self.run.timeline.redact
        scope = replace(self.run.scope, system=system, defaults=defaults)
        try:
            return self._drilled(name, timeline, scope)
        finally:
            timeline.close()

    def _drilled(self, name: str, timeline: Timeline, scope: Scope) -> PracticedRollback:
        holder = Holder.here(f"{self.run.identity}-{name}", operator())
        armed = scope.system.target.name
        gate = Gate(
            self.run.connection, scope, timeline, armed=armed, accepted=math.inf, holder=holder
        )
        timeline.decide()
        prober = prober_for(scope.system)
        prober.start()
        try:
            rehearse(gate, self.run.extras.actions)  # what cannot be finished is not begun
            changes = tuple(
                change for one in self.run.extras.actions for change in performed(gate, one)
            )
        except BaseException:
            with contextlib.suppress(RollbackError):  # the first reason is the one that counts
                gate.end("failed")
            raise
        finally:
            users = prober.stop()
        gate.end("recovered")
        return PracticedRollback(name, changes, timeline.elapsed or 0.0, users)


def performed(gate: Gate, action: AnyAction) -> Iterator[str]:
    """Yield what an action changed; an optional component may stay down, and is looked at later."""
    vital = action.name not in actions.OPTIONAL
    with contextlib.suppress(*(() if vital else (RollbackError,))):
        yield from (change.what for change in gate.perform(action, vital=vital).changes)


def restoring(system: System) -> System:
    """Return a system whose rollback restores the database too, where it has one."""
    database = system.database
    rehearsal = DatabaseRehearsal(required=False)  # the practice is the restore itself
    update = {"return_": "restore", "rehearsal": rehearsal}
    wanted = database.model_copy(update=update) if database else None
    return system.model_copy(update={"database": wanted})
