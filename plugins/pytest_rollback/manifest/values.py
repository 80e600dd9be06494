"""What the values of `rollback.toml` are: durations, shares, paths, patterns; and what tables are.

Durations are seconds (`float`), written with a unit in TOML: `"100ms"`, `"3s"`, `"15m"`, `"90d"`.
Shares are parts of 1 (`float`), written in percent: `"50%"`. Sizes are bytes (`int`), written with
a unit: `"10GB"`.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

Phase = Literal["prepare", "isolate", "files", "configuration", "services", "validate"]
PHASES: tuple[Phase, ...] = (
    "prepare",
    "isolate",
    "files",
    "configuration",
    "services",
    "validate",
)
"""The phases of the procedure, in order."""

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
SHARE = re.compile(r"(\d+(?:\.\d+)?)%")
SIZES = {"MB": 10**6, "GB": 10**9, "TB": 10**12}
SIZE = re.compile(r"(\d+(?:\.\d+)?)(MB|GB|TB)")


def seconds(value: object) -> float:
    """Return a duration in seconds.

    Raises:
        ValueError: the value is not a text of number and unit.
    """
    found = DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError('expected a duration with a unit, such as "100ms", "3s" or "15m"')
    return float(found[1]) * UNITS[found[2]]


def positive(value: object) -> float:
    """Return a duration in seconds that is one.

    Raises:
        ValueError: it is none, or takes no time.
    """
    found = seconds(value)
    if not found:
        raise ValueError("expected a duration above zero: with none nothing is checked")
    return found


def shown_connection(connection: str) -> str:
    """Return how messages and reports name a host: its connection, without password and options."""
    scheme, slashes, place = connection.partition("?")[0].partition("://")
    user, at, host = place.rpartition("@")
    return f"{scheme}{slashes}{user.partition(':')[0]}{at}{host}"


def share(value: object) -> float:
    """Return a part of 1.

    Raises:
        ValueError: the value is not a text of number and percent sign.
    """
    found = SHARE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError('expected a share with a percent sign, such as "50%"')
    return float(found[1]) / 100


def size(value: object) -> int:
    """Return a size in bytes.

    Raises:
        ValueError: the value is not a text of number and unit.
    """
    found = SIZE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError('expected a size with a unit, such as "500MB" or "10GB"')
    return int(float(found[1]) * SIZES[found[2]])


def below_all(part: float) -> float:
    """Return a share that leaves something to be wrong.

    Raises:
        ValueError: it is all.
    """
    if part >= 1:
        raise ValueError("expected a share below 100%: with all of it nothing is ever wrong")
    return part


def inside(path: str) -> str:
    """Return a path that stays below the root it is relative to."""
    parts = path.split("/")
    if path.startswith("/") or ".." in parts or "\0" in path or not path:
        raise ValueError("expected a path inside the root: relative, without '..' or NUL")
    return path


def secret_file(path: str) -> str:
    """Return the path of a secret file: below the root, or an absolute one of somewhere else."""
    return absolute(path) if path.startswith("/") else inside(path)


def environment_file(path: str) -> str:
    """Return the path of an environment file without what units write in front of it.

    Raises:
        ValueError: it begins with the `-` by which a unit lets a file be missing.
    """
    if path.startswith("-"):
        raise ValueError("expected a path: the '-' of EnvironmentFile=-PATH is no part of it")
    return path


def absolute(path: str) -> str:
    """Return an absolute path without detours."""
    if not path.startswith("/") or ".." in path.split("/") or "\0" in path:
        raise ValueError("expected an absolute path without '..' or NUL")
    return path


def expression(pattern: str) -> str:
    """Return a pattern that compiles."""
    try:
        re.compile(pattern)
    except re.error as problem:
        raise ValueError(f"expected a regular expression: {problem}") from problem
    return pattern


def several(value: object) -> object:
    """Return one text as a list of it."""
    return (value,) if isinstance(value, str) else value


def log_place(value: str) -> str:
    """Return the place of a log.

    Raises:
        ValueError: it is neither the journal nor an absolute path.
    """
    return value if value == "journal" else absolute(value)


def instant(value: object) -> object:
    """Refuse a date given as anything but a date."""
    if not isinstance(value, (str, dt.date)):
        raise ValueError("expected a date such as 2026-12-31")  # noqa: TRY004 - pydantic wants it
    return value


Seconds = Annotated[
    float,
    BeforeValidator(
        positive, json_schema_input_type=Annotated[str, Field(pattern=f"^{DURATION.pattern}$")]
    ),
]
Share = Annotated[
    float,
    BeforeValidator(
        share, json_schema_input_type=Annotated[str, Field(pattern=f"^{SHARE.pattern}$")]
    ),
]
Size = Annotated[
    int,
    BeforeValidator(
        size, json_schema_input_type=Annotated[str, Field(pattern=f"^{SIZE.pattern}$")]
    ),
]
SomeShare = Annotated[Share, AfterValidator(below_all)]
Inside = Annotated[
    str,
    AfterValidator(inside),
    Field(json_schema_extra={"pattern": r"^(?!(.*/)?\.\.(/|$)).+$"}),
]
SecretFile = Annotated[
    str,
    AfterValidator(secret_file),
    Field(json_schema_extra={"pattern": r"^(?!(.*/)?\.\.(/|$)).+$"}),
]
EnvironmentFile = Annotated[
    str,
    AfterValidator(inside),
    AfterValidator(environment_file),
    Field(json_schema_extra={"pattern": r"^(?!-)(?!(.*/)?\.\.(/|$)).+$"}),
]
Absolute = Annotated[
    str, AfterValidator(absolute), Field(json_schema_extra={"pattern": r"^/(?!(.*/)?\.\.(/|$))"})
]
DataReturn = Literal["keep", "restore", "migrate"]
"""What a rollback does to a database."""

Relation = Annotated[str, Field(min_length=1)]
"""A table: `table`, or `schema.table`; a pattern may have `*`."""

RelationColumn = Annotated[str, Field(pattern=r'^("[^"]+"|[^".]+)(\.("[^"]+"|[^".]+)){1,2}$')]
"""A column of a table: `table.column`, or `schema.table.column`; odd names stand in quotes."""

Pattern = Annotated[str, AfterValidator(expression)]
LogPlaces = Annotated[
    tuple[Annotated[str, AfterValidator(log_place)], ...],
    Field(min_length=1),
    BeforeValidator(several, json_schema_input_type=str | tuple[str, ...]),
]
Day = Annotated[dt.date, Field(strict=False), BeforeValidator(instant)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
Unit = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9:_.@-]*(:\*)?$")]
Port = Annotated[int, Field(ge=1, le=65535)]


class Frozen(BaseModel):
    """What all tables have in common: nothing unknown, nothing converted, nothing changed later."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)
