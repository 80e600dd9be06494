"""Where a part of `extras/` can join a session: pluggy's specifications, by name and types.

A part is a folder with a module `hooks` that implements some of these with `hookimpl`. A conftest
or a plugin of somebody else can implement them as well. `extras.Extras` calls them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pluggy import HookimplMarker, HookspecMarker

if TYPE_CHECKING:
    from pytest_rollback.criteria import Outcome
    from pytest_rollback.evidence.events import Event
    from pytest_rollback.manifest.model import System
    from pytest_rollback.run.completeness import Completeness
    from pytest_rollback.run.extra_types import (
        Command,
        ExtraOption,
        Given,
        PlacedAction,
        PracticeKind,
        ResultText,
        RunResult,
    )
    from pytest_rollback.run.run_record import ChecklistEntry, RecommendationRecord
    from pytest_rollback.run.run_view import RunView
    from pytest_rollback.text.next_steps import NextSteps

hookspec = HookspecMarker("pytest")
hookimpl = HookimplMarker("pytest")


@hookspec
def pytest_rollback_options() -> Sequence[ExtraOption]:  # type: ignore[empty-body]
    """Return the options that the part adds to pytest; asked by every session."""


@hookspec
def pytest_rollback_check(given: Given) -> None:
    """Look at the values of the part's options before anything is started.

    Raises:
        UsageError: one of them cannot be used.
    """


@hookspec
def pytest_rollback_commands() -> Mapping[str, Command]:  # type: ignore[empty-body]
    """Return commands of the command line, by what is typed."""


@hookspec
def pytest_rollback_practice() -> Mapping[str, PracticeKind]:  # type: ignore[empty-body]
    """Return systems to practise on that can be named as a target, by name."""


@hookspec
def pytest_rollback_actions() -> Sequence[PlacedAction]:  # type: ignore[empty-body]
    """Return restore actions, each with the action of the core that it comes after."""


@hookspec
def pytest_rollback_secrets(system: System) -> Mapping[str, str]:  # type: ignore[empty-body]
    """Return secret values that the part knows, by name: no artefact shows them."""


@hookspec
def pytest_rollback_decided(run: RunView) -> None:
    """A rollback is about to begin: called before the clock of the objective starts."""


@hookspec
def pytest_rollback_ended(run: RunView) -> None:
    """The verdict is known, and the host is left; the timeline can still be written."""


@hookspec(firstresult=True)
def pytest_rollback_advice(
    outcomes: Sequence[Outcome], following: NextSteps, completeness: Completeness
) -> RecommendationRecord | None:
    """Return what the outcomes recommend; None where no criterion of the part took place.

    `completeness` says how much of the triage was evaluated.
    """


@hookspec(firstresult=True)
def pytest_rollback_checklist(
    outcomes: Sequence[Outcome], events: Sequence[Event], now: dt.datetime
) -> Sequence[ChecklistEntry] | None:
    """Return the checklists of the procedure as this run and people have ticked them."""


@hookspec
def pytest_rollback_next(run: RunView) -> Sequence[str]:  # type: ignore[empty-body]
    """Return lines for the end of the summary: commands that come next."""


@hookspec(firstresult=True)
def pytest_rollback_quiet(given: Given) -> bool | None:
    """Return True where the part prints the only line of the session itself."""


@hookspec
def pytest_rollback_result(result: RunResult) -> ResultText | None:
    """Write the result of a session in other formats, at the end."""


@hookspec(firstresult=True)
def pytest_rollback_refused(given: Given, message: str) -> ResultText | None:
    """Report in the requested format that a session could not begin."""
