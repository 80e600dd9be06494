"""Calls the hooks of all installed parts: the only module that knows `extras/`, by name."""

from __future__ import annotations

import datetime as dt
import functools
import pkgutil
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pluggy

from pytest_rollback.errors import UsageError
from pytest_rollback.run import hookspecs
from pytest_rollback.run.extra_types import (
    Command,
    ExtraOption,
    Given,
    PracticeKind,
    ResultText,
    RunResult,
)

if TYPE_CHECKING:
    from pytest_rollback.criteria import Outcome
    from pytest_rollback.evidence.events import Event
    from pytest_rollback.manifest.model import System
    from pytest_rollback.recovery.action import AnyAction
    from pytest_rollback.run.completeness import Completeness
    from pytest_rollback.run.run_record import ChecklistEntry, RecommendationRecord
    from pytest_rollback.run.run_view import RunView
    from pytest_rollback.text.next_steps import NextSteps

FOLDER = Path(__file__).parents[1] / "extras"
TABLES = {
    "database": "database",
    "triage": "triage",
    "runbook": "runbook",
    "notify": "incident",
    "contacts": "incident",
}
"""Tables of rollback.toml that only a part reads."""


def names() -> list[str]:
    """Return the parts that are there."""
    return sorted(each.name for each in pkgutil.iter_modules([str(FOLDER)]) if each.ispkg)


def modules() -> Iterator[tuple[str, ModuleType]]:
    """Yield the name of each part that joins by hooks, and its module of them."""
    for name in names():
        if (FOLDER / name / "hooks.py").is_file():
            yield name, import_module(f"pytest_rollback.extras.{name}.hooks")


@functools.cache
def outside() -> Extras:
    """Return the parts for a process that is no session of pytest."""
    manager = pluggy.PluginManager("pytest")
    manager.add_hookspecs(hookspecs)
    for name, module in modules():
        manager.register(module, f"rollback-{name}")
    return Extras(manager.hook)


def described(system: System, path: Path) -> None:
    """Refuse a rollback.toml with a table that nothing here reads: it would not be evaluated.

    Raises:
        UsageError: the part for a table is not installed.
    """
    known = names()
    for table in sorted(system.model_fields_set & TABLES.keys()):
        if TABLES[table] not in known:
            raise UsageError(
                f"{path} has [{table}], but the part {TABLES[table]!r} is not installed",
                hint=f"install pytest-rollback with all parts, or remove [{table}] from {path}",
            )


class Extras:
    """The parts that joined, with types around what pluggy leaves untyped.

    Args:
        relay: pluggy's `hook` of the session, or of `outside`.
    """

    def __init__(self, relay: Any) -> None:  # noqa: ANN401 - pluggy gives hooks no types
        self._relay = relay

    @property
    def options(self) -> list[ExtraOption]:
        """The options of all parts."""
        return _flat(self._relay.pytest_rollback_options())

    def check(self, given: Given) -> None:
        """Refuse options of parts that cannot be used."""
        self._relay.pytest_rollback_check(given=given)

    @property
    def commands(self) -> dict[str, Command]:
        """The commands of all parts, by name."""
        return _joined(self._relay.pytest_rollback_commands())

    @property
    def practice(self) -> dict[str, PracticeKind]:
        """The systems to practise on, by the name that a target is given."""
        return _joined(self._relay.pytest_rollback_practice())

    @property
    def actions(self) -> tuple[AnyAction, ...]:
        """Every restore action in the order of the procedure, those of parts in their places."""
        from pytest_rollback.recovery.actions import ACTIONS  # noqa: PLC0415 - few ask for it

        placed = _flat(self._relay.pytest_rollback_actions())
        return tuple(
            one
            for core in ACTIONS
            for one in (core, *(each.action for each in placed if each.after == core.name))
        )

    def after(self, action: AnyAction) -> list[AnyAction]:
        """Return the actions of parts that come directly after one of the core's."""
        placed = _flat(self._relay.pytest_rollback_actions())
        return [each.action for each in placed if each.after == action.name]

    def secrets(self, system: System) -> dict[str, str]:
        """Return the secret values that parts know, by name."""
        return _joined(self._relay.pytest_rollback_secrets(system=system))

    def decided(self, run: RunView) -> None:
        """Tell the parts that a rollback is about to begin."""
        self._relay.pytest_rollback_decided(run=run)

    def ended(self, run: RunView) -> None:
        """Tell the parts that the verdict is known."""
        self._relay.pytest_rollback_ended(run=run)

    def advice(
        self,
        outcomes: Sequence[Outcome],
        target: str,
        following: NextSteps,
        completeness: Completeness,
    ) -> RecommendationRecord | None:
        """Return what is recommended; None where no part recommends anything."""
        found: RecommendationRecord | None = self._relay.pytest_rollback_advice(
            outcomes=outcomes, target=target, following=following, completeness=completeness
        )
        return found

    def checklist(
        self, outcomes: Sequence[Outcome], events: Sequence[Event], now: dt.datetime
    ) -> tuple[ChecklistEntry, ...]:
        """Return the checklists; none where no part has any."""
        told = {"outcomes": outcomes, "events": events, "now": now}
        return tuple(self._relay.pytest_rollback_checklist(**told) or ())

    def following(self, run: RunView) -> list[str]:
        """Return the lines of parts about what comes next."""
        return _flat(self._relay.pytest_rollback_next(run=run))

    def quiet(self, given: Given) -> bool:
        """Return whether a part prints the only line of the session."""
        return bool(self._relay.pytest_rollback_quiet(given=given))

    def written(self, result: RunResult) -> list[ResultText]:
        """Have the parts write a result; return what became of it."""
        return [each for each in self._relay.pytest_rollback_result(result=result) if each]

    def refused(self, given: Given, message: str) -> ResultText | None:
        """Return what a part says of a session that could not begin."""
        found: ResultText | None = self._relay.pytest_rollback_refused(given=given, message=message)
        return found


def _flat(found: Iterable[Iterable[Any]]) -> list[Any]:
    return [one for each in found for one in each]


def _joined(found: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return {name: one for each in found for name, one in each.items()}
