"""What an action is: it looks and it plans, and that is all; only the gate applies a plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic

from pytest_rollback.agent.messages.location import HolderProcess
from pytest_rollback.evidence.data_return import DataLoss
from pytest_rollback.manifest.model import Component, System
from pytest_rollback.manifest.values import Phase
from pytest_rollback.transport.batch import Found, Look, look
from pytest_rollback.transport.call import AnyCall
from pytest_rollback.transport.connection import Connection

SHARED = "shared"
"""The owner of files that belong to no single component."""


@dataclass(frozen=True)
class Scope:
    """What a rollback is about: a system, or some of its components with what they share.

    Args:
        system: the whole system.
        only: names of the components that are rolled back; empty for all of them.
        run: the id that the host journals under; "" as long as no run was begun there.
        holder: who took the host for that run; None as long as nobody did.
        defaults: whether it was confirmed that configuration which stays broken gets its defaults.
    """

    system: System
    only: frozenset[str] = frozenset()
    run: str = ""
    holder: HolderProcess | None = None
    defaults: bool = False

    @property
    def components(self) -> tuple[Component, ...]:
        """The components that are rolled back, in start order, the optional ones last."""
        chosen = [c for c in self.system.components if not self.only or c.name in self.only]
        return tuple(sorted(chosen, key=lambda component: not component.required))

    @property
    def owners(self) -> tuple[str, ...]:
        """Whose files are rolled back: component names and `shared`; empty for everybody's."""
        return (*sorted(self.only), SHARED) if self.only else ()


@dataclass(frozen=True)
class Change:
    """One thing that alters a host: a call to the agent, and why it is made.

    Args:
        call: the request that is carried out on the host.
        what: for people, as in "stop shop-web".
        why: what was found, as in "it is active".
        estimate: seconds that it is expected to take; used to foresee whether the RTO holds.
        loses: what users lose by it; the gate applies it only where that was accepted.
    """

    call: AnyCall
    what: str
    why: str
    estimate: float = 0.5
    loses: DataLoss | None = None


def unchanged(_scope: Scope, found: Found) -> Found:
    """Return what was found: earlier phases do not alter it."""
    return found


def all_of_it(_scope: Scope) -> str:
    """Return "": an action is never skipped by default."""
    return ""


@dataclass(frozen=True)
class Action(Generic[Found]):
    """Brings one aspect of a host to where the rollback wants it.

    Args:
        name: for people, as in "isolate components".
        phase: the phase of the procedure whose budget it uses.
        look: says what to ask of the host, and makes of the answers what is found.
        plan: pure; empty when there is nothing left to do.
        assuming: what `look` would find once the earlier actions were applied, for rehearsals.
        spared: what of it is left out of a rollback, and why; on a second line the way to have it.
        stays: what it leaves as it is because the description says so.
    """

    name: str
    phase: Phase
    look: Callable[[Scope], Look[Found]]
    plan: Callable[[Scope, Found], tuple[Change, ...]]
    assuming: Callable[[Scope, Found], Found] = unchanged
    spared: Callable[[Scope], str] = all_of_it
    stays: Callable[[Scope], str] = all_of_it

    def planned(self, connection: Connection, scope: Scope) -> tuple[Change, ...]:
        """Look at the host, and return what is left to do."""
        return self.plan(scope, look(connection, self.look(scope)))

    def foreseen(self, scope: Scope) -> Look[tuple[Change, ...]]:
        """Look, and find the plan as it would be once the earlier actions were applied."""
        found = yield from self.look(scope)
        return self.plan(scope, self.assuming(scope, found))


AnyAction = Action[Any]


@dataclass(frozen=True)
class Done:
    """An action whose plan is empty now, with the changes that it took."""

    action: AnyAction
    changes: tuple[Change, ...]
