"""Bounds in `rollback.toml`: of triage, soak, logs, drills, and rehearsals of a database."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from pytest_rollback.manifest.refused import matches_all, reached_at, too_wide
from pytest_rollback.manifest.values import (
    DURATION,
    SHARE,
    Absolute,
    Day,
    Frozen,
    Name,
    Pattern,
    Relation,
    RelationColumn,
    Seconds,
    Share,
    Size,
    SomeShare,
    seconds,
    share,
)

Recovery = Literal["monitor", "fix", "isolate", "roll back"]
RECOVERIES: tuple[Recovery, ...] = ("monitor", "fix", "isolate", "roll back")
"""What triage can recommend, the mildest first."""

BOUND = re.compile(rf"(>=?) ?(?:{SHARE.pattern}|{DURATION.pattern})")


def bound(text: str) -> tuple[float, bool]:
    """Return a lower bound such as `> 50%` or `>= 1m` and whether it is itself included.

    Raises:
        ValueError: it is none.
    """
    if not BOUND.fullmatch(text):
        raise ValueError('expected a lower bound, such as "> 50%" or ">= 1m"')
    number = text.lstrip(">= ")
    return (share if number.endswith("%") else seconds)(number), ">=" in text


def reaches(value: float, text: str) -> bool:
    """Return whether a value is within a lower bound."""
    least, included = bound(text)
    return value > least or (included and value == least)


def _edge(text: str) -> tuple[float, bool]:
    """Return a bound so that a higher one is greater."""
    least, included = bound(text)
    return least, not included


def _bound_of(pattern: str, example: str) -> AfterValidator:
    form = re.compile(rf">=? ?{pattern}")

    def checked(text: str) -> str:
        if not form.fullmatch(text):
            raise ValueError(f"expected a lower bound such as {example!r}")
        return text

    return AfterValidator(checked)


Impact = Annotated[
    str,
    _bound_of(SHARE.pattern, "> 50%"),
    Field(json_schema_extra={"pattern": rf"^>=? ?{SHARE.pattern}$"}),
]
Downtime = Annotated[
    str,
    _bound_of(DURATION.pattern, "> 5m"),
    Field(json_schema_extra={"pattern": rf"^>=? ?({DURATION.pattern})$"}),
]


class Severity(Frozen):
    """`[[triage.severities]]`: one row of the decision matrix; the worst row comes first.

    A row holds when the users affected or the downtime reach its bound.
    """

    name: str
    impact: Impact
    downtime: Downtime
    action: Recovery


MATRIX = (
    Severity(name="critical", impact="> 50%", downtime="> 5m", action="roll back"),
    Severity(name="high", impact=">= 10%", downtime=">= 1m", action="isolate"),
    Severity(name="medium", impact="> 0%", downtime="> 0s", action="fix"),
    Severity(name="low", impact=">= 0%", downtime=">= 0s", action="monitor"),
)
"""The procedure's decision matrix."""


class Triage(Frozen):
    """`[triage]`: the rules for rolling back, isolating a component, or neither."""

    degraded: Share = 0.5
    tolerated: SomeShare = 0.25
    cascade: Annotated[int, Field(ge=2)] = 2
    critical: tuple[Name, ...] = ()
    window: Seconds = 3600.0
    severities: Annotated[tuple[Severity, ...], Field(min_length=1)] = MATRIX

    @model_validator(mode="after")
    def worse_is_never_milder(self) -> Triage:
        """Refuse what would make the decision contradict itself."""
        if self.tolerated > self.degraded:
            raise ValueError("expected tolerated to be below degraded")
        for worse, milder in pairwise(self.severities):
            for key in ("impact", "downtime"):
                if _edge(getattr(worse, key)) < _edge(getattr(milder, key)):
                    raise ValueError(
                        f"expected severities from the worst to the mildest: {key} of "
                        f"{worse.name} starts below that of {milder.name}"
                    )
            if RECOVERIES.index(worse.action) < RECOVERIES.index(milder.action):
                raise ValueError(
                    f"expected {worse.name} to have no milder action than {milder.name}"
                )
        return self


class Monitor(Frozen):
    """`[monitor]`: duration, interval and tolerance of the soak after a rollback."""

    soak: Seconds = 900.0
    interval: Seconds = 5.0
    tolerated: SomeShare = 0.0
    in_a_row: Annotated[int, Field(ge=1)] = 3


class Drills(Frozen):
    """`[drills]`: how old the last successful drill may be."""

    max_age: Seconds = 90 * 86400.0


class EngineTable(Frozen):
    """A table that names an engine: what it does not say of a server is as that engine has it."""

    @model_validator(mode="before")
    @classmethod
    def _has_the_places_of_its_engine(cls, given: object) -> object:
        """Return the table with the host and the port that a server of its engine has."""
        return reached_at(given)


class DatabaseRehearsal(Frozen):
    """`[database.rehearsal]`: how a restore of the dump is rehearsed, and what it may lose."""

    required: bool = True
    max_age: Seconds = 7 * 86400.0
    tolerance: SomeShare = 0.5
    ignore: tuple[Relation, ...] = ()
    newest: tuple[RelationColumn, ...] = ()
    sources: tuple[str, ...] = ()
    previous: Literal["", "schema", "sample", "full"] = ""
    scratch: Absolute = "/var/tmp"  # noqa: S108 - a directory of its own is made there
    limit: Seconds = 3600.0
    largest: Size = 10 * 10**9


class Noise(Frozen):
    """A harmless line that matches the pattern of errors, until a day."""

    pattern: Annotated[Pattern, AfterValidator(too_wide)]
    owner: str
    until: Day


class Logs(Frozen):
    """`[logs]`: the pattern of errors, and for how long the log has to be clean."""

    errors: Annotated[Pattern, AfterValidator(matches_all)] = (
        r"\b(ERROR|CRITICAL|FATAL)\b|Traceback \(most recent call last\)"
    )
    window: Seconds = 300.0
    noise: tuple[Noise, ...] = ()
