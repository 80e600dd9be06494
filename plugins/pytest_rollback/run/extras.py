"""Calls the hooks of all installed parts: the only module that knows `extras/`, by name."""

from __future__ import annotations

import argparse
import datetime as dt
import functools
import pkgutil
from collections.abc import Collection, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pluggy

from pytest_rollback.errors import UsageError
from pytest_rollback.run import hookspecs
from pytest_rollback.run.command_line.arguments import add_target
from pytest_rollback.run.command_line.arguments import path as path_of
from pytest_rollback.run.command_line.shared import reports, settings
from pytest_rollback.run.extra_types import (
    Command,
    ExtraOption,
    Given,
    PlacedAction,
    PracticeKind,
    ResultText,
    RunResult,
)
from pytest_rollback.run.hook_calls import HookCalls, listing, naming, one
from pytest_rollback.text import entry_points
from pytest_rollback.text.places import MANIFEST, home

if TYPE_CHECKING:
    from pytest_rollback.criteria import Outcome
    from pytest_rollback.evidence.events import Event
    from pytest_rollback.manifest.model import System
    from pytest_rollback.recovery.action import AnyAction
    from pytest_rollback.run.completeness import Completeness
    from pytest_rollback.run.run_record import ChecklistEntry, RecommendationRecord
    from pytest_rollback.run.run_view import RunView
    from pytest_rollback.text.next_steps import NextSteps

SHORTEST = 4
"""Letters of a secret that is redacted, at least."""

FOLDER = Path(__file__).parents[1] / "extras"
TABLES = {
    "database": "database",
    "triage": "triage",
    "runbook": "runbook",
    "notify": "incident",
    "contacts": "incident",
    "fleet": "fleet",
}
"""Tables of rollback.toml that only a part reads."""


def names() -> list[str]:
    """Return the parts that are there."""
    return sorted(each.name for each in pkgutil.iter_modules([str(FOLDER)]) if each.ispkg)


def modules() -> Iterator[tuple[str, ModuleType]]:
    """Yield the name of each part that joins by hooks, and its module of them."""
    for name in names():
        if has_hooks(name):
            yield name, import_module(f"pytest_rollback.extras.{name}.hooks")


def joining() -> Iterator[tuple[str, ModuleType]]:
    """Yield each part that joins a session or a command: ours, and those of other packages."""
    yield from modules()
    yield from ((name, each) for name, each in entry_points.parts().items() if name not in names())


def has_hooks(name: str) -> bool:
    """Return whether a part joins by hooks, and not by fixtures and criteria alone."""
    return (FOLDER / name / "hooks.py").is_file()


@functools.cache
def outside() -> Extras:
    """Return the parts for a process that is no session of pytest."""
    manager = pluggy.PluginManager("pytest")
    manager.add_hookspecs(hookspecs)
    for name, module in joining():
        manager.register(module, f"rollback-{name}")
    return Extras(manager.hook)


def usual() -> str:
    """Return the target that is meant when none is named: `rollback_target` of pytest."""
    set_ = settings()
    named = set_.values.get("rollback_target", "")
    if named in outside().practice:
        return named
    path, here = set_.path("rollback_target") or home() / MANIFEST, Path.cwd()
    near = path.exists() and path.is_relative_to(here)
    return str(path.relative_to(here) if near else path)


def reports_of(named: str) -> Path:
    """Return where runs about a target leave their folders."""
    practice = named in outside().practice
    return reports(None if practice else Path(named).absolute().parent)


def runs_of(asked: argparse.Namespace) -> Path:
    """Return the folder of runs that a command means: named itself, or by its target."""
    named: Path | None = asked.reports
    return named or reports_of(asked.rollback_target or usual())


def add_runs(parser: argparse.ArgumentParser) -> None:
    """Add the options by which a command finds runs."""
    add_target(parser)
    about = "where runs are kept; default: reports/ beside the rollback.toml"
    parser.add_argument("--reports", type=path_of, metavar="FOLDER", help=about)


def place(named: str) -> Path:
    """Return the rollback.toml that a target's name means.

    Raises:
        UsageError: the sandbox is meant, and none is kept running.
    """
    kind = outside().practice.get(named)
    return kind.kept() if kind else Path(named)


def described(system: System, path: Path, known: Collection[str]) -> None:
    """Refuse a rollback.toml with a table that nothing here reads: it would not be evaluated.

    Args:
        system: what the file describes.
        path: the file.
        known: the parts that joined.

    Raises:
        UsageError: the part for a table is not installed, or was left out.
    """
    for table in sorted(system.model_fields_set & TABLES.keys()):
        if TABLES[table] not in known:
            raise UsageError(
                f"{path} has [{table}], but the part {TABLES[table]!r} is not installed",
                hint=f"install pytest-rollback with all parts, leave out -p no:rollback-"
                f"{TABLES[table]}, or remove [{table}] from {path}",
            )


class Extras:
    """The parts that joined, with types around what pluggy leaves untyped.

    Args:
        relay: pluggy's `hook` of the session, or of `outside`.

    A part that fails where it is asked for something is a UsageError that names it. One that fails
    where it is told something, or asked for words, is one of `problems`: a rollback goes on.
    """

    def __init__(self, relay: Any) -> None:  # noqa: ANN401 - pluggy gives hooks no types
        self._hooks = HookCalls(relay)

    @property
    def problems(self) -> list[str]:
        """What failed in parts that were told something."""
        return self._hooks.problems

    @property
    def parts(self) -> list[str]:
        """The parts that joined: those that are there and were not left out by `-p no:`."""
        hooks = [name for name in vars(hookspecs) if name.startswith("pytest_rollback_")]
        joined = self._hooks.plugins(*hooks)
        return [each for each in names() if not has_hooks(each) or f"rollback-{each}" in joined]

    @property
    def options(self) -> list[ExtraOption]:
        """The options of all parts."""
        return self._listed("pytest_rollback_options", ExtraOption)

    def check(self, given: Given) -> None:
        """Refuse options of parts that cannot be used, and parts that cannot be loaded.

        Raises:
            UsageError: one of another package cannot be.
        """
        for each in entry_points.problems():
            raise UsageError(f"the part {each}", hint="pip uninstall that package, or repair it")
        for _ in self._hooks.answers("pytest_rollback_check", bool, given=given):
            continue

    @property
    def commands(self) -> dict[str, Command]:
        """The commands of all parts, by name."""
        return self._named("pytest_rollback_commands", Command)

    @property
    def practice(self) -> dict[str, PracticeKind]:
        """The systems to practise on, by the name that a target is given."""
        return self._named("pytest_rollback_practice", object)

    @property
    def actions(self) -> tuple[AnyAction, ...]:
        """Every restore action in the order of the procedure, those of parts in their places.

        Raises:
            UsageError: one wants to come after another action, where nobody would perform it.
        """
        from pytest_rollback.recovery.actions import ACTIONS, PLACES  # noqa: PLC0415 - few ask

        known = [each.name for each in PLACES]
        for each in self._placed():
            if each.after not in known:
                names = " or ".join(map(repr, known))
                raise UsageError(
                    f"the action {each.action.name!r} of a plugin is to come after {each.after!r}; "
                    f"an action can be added after {names} only",
                    hint=f"PlacedAction(..., after={known[-1]!r})",
                )
        return tuple(one for each in ACTIONS for one in (each, *self.after(each)))

    def after(self, action: AnyAction) -> list[AnyAction]:
        """Return the actions of parts that come after one action of the core."""
        return [each.action for each in self._placed() if each.after == action.name]

    def _placed(self) -> list[PlacedAction]:
        found: list[PlacedAction] = self._listed("pytest_rollback_actions", PlacedAction)
        return found

    def secrets(self, system: System) -> dict[str, str]:
        """Return the secrets that parts know, by name; a short one would redact half a page."""
        found = self._named("pytest_rollback_secrets", str, system=system)
        return {name: value for name, value in found.items() if len(value) >= SHORTEST}

    def decided(self, run: RunView) -> None:
        """Tell the parts that a rollback is about to begin."""
        self._hooks.tell("pytest_rollback_decided", run=run)

    def ended(self, run: RunView) -> None:
        """Tell the parts that the verdict is known."""
        self._hooks.tell("pytest_rollback_ended", run=run)

    def advice(
        self,
        outcomes: Sequence[Outcome],
        following: NextSteps,
        completeness: Completeness,
    ) -> RecommendationRecord | None:
        """Return what is recommended; None where no part recommends anything."""
        from pytest_rollback.run.run_record import RecommendationRecord  # noqa: PLC0415 - with a run

        found = self._hooks.tell(
            "pytest_rollback_advice",
            one(RecommendationRecord),
            outcomes=tuple(outcomes),
            following=following,
            completeness=completeness,
        )
        return found[0].value if found else None

    def checklist(
        self, outcomes: Sequence[Outcome], events: Sequence[Event], now: dt.datetime
    ) -> tuple[ChecklistEntry, ...]:
        """Return the checklists; none where no part has any."""
        from pytest_rollback.run.run_record import ChecklistEntry  # noqa: PLC0415 - with a run

        told = {"outcomes": tuple(outcomes), "events": tuple(events), "now": now}
        found = self._hooks.tell("pytest_rollback_checklist", listing(ChecklistEntry), **told)
        return tuple(found[0].value) if found else ()

    def following(self, run: RunView) -> list[str]:
        """Return the lines of parts about what comes next."""
        found = self._hooks.tell("pytest_rollback_next", listing(str), run=run)
        return [line for each in found for line in each.value]

    def quiet(self, given: Given) -> bool:
        """Return whether a part prints the only line of the session."""
        return any(
            each.value for each in self._hooks.tell("pytest_rollback_quiet", one(bool), given=given)
        )

    def written(self, result: RunResult) -> list[ResultText]:
        """Have the parts write a result; return what became of it."""
        found = self._hooks.tell("pytest_rollback_result", one(ResultText), result=result)
        return [each.value for each in found]

    def refused(self, given: Given, message: str) -> ResultText | None:
        """Return what a part says of a session that could not begin."""
        told = {"given": given, "message": message}
        found = self._hooks.tell("pytest_rollback_refused", one(ResultText), **told)
        return found[0].value if found else None

    def _listed(self, name: str, kind: type[object]) -> list[Any]:
        return [each for found in self._hooks.answers(name, listing(kind)) for each in found.value]

    def _named(self, name: str, kind: type[object], **given: object) -> dict[str, Any]:
        found = self._hooks.answers(name, naming(kind), **given)
        return {key: value for each in found for key, value in each.value.items()}
