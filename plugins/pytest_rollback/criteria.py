"""What a criterion is to pytest: a stable id, and an outcome that is never a silent pass."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_rollback.errors import Advisory, Inconclusive
from pytest_rollback.manifest.values import PHASES, Phase

if TYPE_CHECKING:
    from pytest_rollback.manifest.model import Waiver

ID = re.compile(r"[a-z]+(\.[a-z_]+){2}")
Test = TypeVar("Test", bound=Callable[..., object])


SUITES = ("triage", "readiness", "drill", "validate", "monitor", "troubleshooting")
"""The suites in the order in which an incident needs them; the last one is for practice."""

OUTCOMES = ("not met", "inconclusive", "not reached", "waived", "advisory", "met")
"""How a criterion can end, worst first."""

AGAINST = OUTCOMES[:3]
"""Outcomes that stand against the good verdict."""

EXCUSED = ("waived", "advisory")
"""Outcomes that are not met, and do not stand against it."""


@dataclass(frozen=True)
class Criterion:
    """What a test under `suites/` stands for: its stable id, and the phase it belongs to.

    It applies where `rollback.toml` has a value under one of the keys `needs`; always if it has
    none. A key such as `component.imports` is one of each component.
    """

    identity: str
    phase: Phase
    needs: tuple[str, ...] = ()

    @property
    def suite(self) -> str:
        """The suite that it is part of."""
        return self.identity.split(".")[0]

    @property
    def place(self) -> tuple[int, int]:
        """Where it stands in the procedure: by suite, then by phase."""
        return SUITES.index(self.suite), PHASES.index(self.phase)


def criterion(
    identity: str, phase: Phase = "validate", needs: tuple[str, ...] = ()
) -> Callable[[Test], Test]:
    """Give a test under `suites/` its stable id, such as `readiness.backups.intact`.

    Args:
        identity: the suite, a noun, a quality.
        phase: the phase of the procedure whose budget it uses.
        needs: keys of `rollback.toml`, one of which has to describe something.
    """
    if not ID.fullmatch(identity) or identity.split(".", maxsplit=1)[0] not in SUITES:
        raise ValueError(f"{identity!r} is not a criterion id: suite.noun.quality")

    def marked(test: Test) -> Test:
        test.criterion = Criterion(identity, phase, needs)  # type: ignore[attr-defined]
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
    phase: str = "validate"
    message: str = ""
    hint: str = ""
    findings: tuple[str, ...] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)
    nodeid: str = ""
    code: int = 0

    @property
    def suite(self) -> str:
        """The suite that the criterion is part of."""
        return self.identity.split(".")[0]

    @property
    def row(self) -> str:
        """How it ended, which criterion, and for whom."""
        return f"{self.outcome.upper()} {self.identity}" + (
            f" [{self.component}]" if self.component else ""
        )

    @property
    def paragraph(self) -> tuple[str, ...]:
        """Everything that there is to say, for people: lines without an end."""
        hint = (f"  HINT: {self.hint}",) if self.hint else ()
        return (self.row, f"  {self.message}", *(f"    - {each}" for each in self.findings), *hint)


def judged(error: BaseException | None) -> str:
    """Return the outcome that what a criterion raised stands for."""
    if error is None:
        return "met"
    kinds = ((Inconclusive, "inconclusive"), (Advisory, "advisory"))
    return next((word for kind, word in kinds if isinstance(error, kind)), "not met")


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
    if not seen or seen & {"not met", "not reached"}:
        return 1
    return Inconclusive.exit_code if "inconclusive" in seen else 0
