"""Hooks of the incident: messages, escalation, checklists, postmortem."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pytest_rollback.run.extra_types import Command, ExtraOption
from pytest_rollback.run.hookspecs import hookimpl

if TYPE_CHECKING:
    from pytest_rollback.criteria import Outcome
    from pytest_rollback.evidence.events import Event
    from pytest_rollback.manifest.model import System
    from pytest_rollback.run.run_record import ChecklistEntry
    from pytest_rollback.run.run_view import RunView


@hookimpl
def pytest_rollback_options() -> Sequence[ExtraOption]:
    """Add `--notify-test`."""
    return (ExtraOption("--notify-test", "readiness: send a test message through every channel"),)


@hookimpl
def pytest_rollback_commands() -> Mapping[str, Command]:
    """Add the checklist and the draft of the review."""
    here = "extras.incident"
    return {
        "checklist": Command(
            f"{here}.checklist_command:main", "show the checklist of a run, tick items, escalate"
        ),
        "report postmortem": Command(
            f"{here}.postmortem_command:main", "write a draft of the postmortem of a run"
        ),
    }


@hookimpl
def pytest_rollback_secrets(system: System) -> Mapping[str, str]:
    """Return what the channels must not show."""
    from pytest_rollback.extras.incident.channels import secrets_of  # noqa: PLC0415

    return secrets_of(system)


@hookimpl
def pytest_rollback_decided(run: RunView) -> None:
    """Start the messages."""
    from pytest_rollback.extras.incident.notifications import begin  # noqa: PLC0415

    begin(run)


@hookimpl
def pytest_rollback_ended(run: RunView) -> None:
    """Send the messages about the end."""
    from pytest_rollback.extras.incident.notifications import end  # noqa: PLC0415

    end(run)


@hookimpl
def pytest_rollback_checklist(
    outcomes: Sequence[Outcome], events: Sequence[Event], now: dt.datetime
) -> Sequence[ChecklistEntry]:
    """Return the procedure's checklists."""
    from pytest_rollback.extras.incident.checklist import checklist  # noqa: PLC0415

    return checklist(outcomes, events, now=now)


@hookimpl
def pytest_rollback_next(run: RunView) -> Sequence[str]:
    """Return the commands that end or continue an open escalation."""
    from pytest_rollback.extras.incident.notifications import following  # noqa: PLC0415

    return following(run)
