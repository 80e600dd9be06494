"""What a criterion is to pytest: a stable id, and an outcome that is never a silent pass."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from rollback.errors import Inconclusive
from rollback.model import Waiver

ID = re.compile(r"[a-z]+(\.[a-z_]+){2}")
Test = TypeVar("Test", bound=Callable[..., object])


def criterion(identity: str) -> Callable[[Test], Test]:
    """Give a test under `suites/` its stable id, such as `readiness.backups.intact`."""
    if not ID.fullmatch(identity):
        raise ValueError(f"{identity!r} is no criterion id: suite.noun.quality")

    def marked(test: Test) -> Test:
        test.criterion = identity  # type: ignore[attr-defined]
        return test

    return marked


@dataclass(frozen=True)
class Outcome:
    """How one criterion ended, for one component where it is about one."""

    identity: str
    component: str | None
    outcome: str
    title: str
    seconds: float
    message: str = ""
    hint: str = ""
    code: int = 0


def judged(error: BaseException | None) -> str:
    """Return met, not met or inconclusive for what a criterion raised."""
    if error is None:
        return "met"
    return "inconclusive" if isinstance(error, Inconclusive) else "not met"


def waiver(waivers: Iterable[Waiver], identity: str, component: str | None) -> Waiver | None:
    """Return the waiver declared for a criterion, expired or not."""
    return next(
        (
            each
            for each in waivers
            if each.criterion == identity and each.component in {None, component}
        ),
        None,
    )


def holds(each: Waiver, now: dt.datetime) -> bool:
    """Return whether a waiver still holds: until the end of its last day, UTC."""
    return now.astimezone(dt.UTC).date() <= each.until


def exit_code(outcomes: Iterable[str]) -> int:
    """Return the run's exit code: not met before inconclusive before met; nothing is not met."""
    seen = set(outcomes)
    if not seen or "not met" in seen:
        return 1
    return Inconclusive.exit_code if "inconclusive" in seen else 0


def words(findings: Iterable[str], most: int = 50) -> str:
    """Return findings as lines, and how many more there are."""
    lines = list(findings)
    more = [f"… and {len(lines) - most:,} more"] if len(lines) > most else []
    return "\n".join([*(f"  - {line}" for line in lines[:most]), *more])
