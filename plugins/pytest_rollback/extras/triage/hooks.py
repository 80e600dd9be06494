"""Hooks of triage: its options, and the recommendation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pytest_rollback.run.extra_types import Command, ExtraOption, Given
from pytest_rollback.run.hookspecs import hookimpl

if TYPE_CHECKING:
    from pytest_rollback.criteria import Outcome
    from pytest_rollback.run.completeness import Completeness
    from pytest_rollback.run.run_record import RecommendationRecord
    from pytest_rollback.text.next_steps import NextSteps


@hookimpl
def pytest_rollback_options() -> Sequence[ExtraOption]:
    """Add what only people know."""
    return (
        ExtraOption("--impact", "triage: the share of users affected", "30%"),
        ExtraOption("--downtime", "triage: how long users have been without the system", "4m"),
        ExtraOption("--security", "triage: a vulnerability was found"),
        ExtraOption("--data-corruption", "triage: corrupt or lost data was found"),
    )


@hookimpl
def pytest_rollback_check(given: Given) -> None:
    """Refuse a share or a time that cannot be read."""
    if given.get("--impact") is None and given.get("--downtime") is None:
        return
    from pytest_rollback.extras.triage.stated import stated  # noqa: PLC0415 - few give them

    stated(given)


@hookimpl
def pytest_rollback_commands() -> Mapping[str, Command]:
    """Add the command that runs the suite."""
    about = "at the alarm: measure, and recommend what to do"
    return {"triage": Command("cli.suites:triage", about)}


@hookimpl
def pytest_rollback_advice(
    outcomes: Sequence[Outcome], following: NextSteps, completeness: Completeness
) -> RecommendationRecord | None:
    """Return one recommendation of all rules that fired."""
    if not any(each.suite == "triage" for each in outcomes):
        return None
    from pytest_rollback.extras.triage.recommendation import (  # noqa: PLC0415 - triage alone pays
        advice,
        recommended,
    )

    return recommended(advice(outcomes, completeness), following)
