"""What people say of an incident, from the options of a session."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_rollback.manifest.values import seconds, share
from pytest_rollback.run.extra_types import Given
from pytest_rollback.run.options import value


@dataclass(frozen=True)
class Stated:
    """What only people know: the share of users affected, seconds of downtime, and two findings."""

    impact: float | None = None
    downtime: float | None = None
    security: bool = False
    corruption: bool = False


def stated(given: Given) -> Stated:
    """Return what the options say.

    Raises:
        UsageError: a share of users or a time cannot be read.
    """
    return Stated(
        impact=value("--impact", _text(given, "--impact"), affected, "--impact=30%"),
        downtime=value("--downtime", _text(given, "--downtime"), seconds, "--downtime=4m"),
        security=bool(given.get("--security")),
        corruption=bool(given.get("--data-corruption")),
    )


def _text(given: Given, name: str) -> str | None:
    found = given.get(name)
    return found if isinstance(found, str) else None


def affected(text: str) -> float:
    """Return a share of users.

    Raises:
        ValueError: it is none, or more than all of them.
    """
    found = share(text)
    if found > 1:
        raise ValueError("expected a share of users, at most 100%")
    return found
