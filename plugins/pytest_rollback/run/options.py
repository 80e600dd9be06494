"""What the command line says of a run; what cannot be read is an error."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pytest_rollback.errors import UsageError
from pytest_rollback.evidence.data_return import ALL, Acceptance, AcceptedRows, typed
from pytest_rollback.manifest import parts
from pytest_rollback.manifest.model import System
from pytest_rollback.manifest.values import seconds
from pytest_rollback.run.extra_types import Given

Value = TypeVar("Value")


@dataclass(frozen=True)
class SoakOptions:
    """How long a system is watched.

    Args:
        seconds: None for as long as rollback.toml says.
        scale: by how much a monitor's clock runs faster than time; 1.0 but in demonstrations.
    """

    seconds: float | None = None
    scale: float = 1.0


@dataclass(frozen=True)
class RunOptions:
    """The options of a run.

    Args:
        arguments: the command line, to resume with the same command.
        armed: the target's name given to --arm.
        accepted: what of users' data may be lost, given to --accept-loss.
        only: the components given to --component.
        defaults: whether configuration that stays broken may get its defaults.
        dry: rehearse: print the plan, change nothing.
        isolate: a drill only stops the units.
        despite: criteria of readiness in spite of which a drill goes on.
        incident: the incident that the report belongs to.
        soak: how long is watched.
        given: the options of parts, by name.
        command: the command that runs pytest, such as rollback now; "" for pytest itself.
    """

    arguments: tuple[str, ...] = ()
    armed: str | None = None
    accepted: Acceptance | None = None
    only: frozenset[str] = frozenset()
    defaults: bool = False
    dry: bool = False
    isolate: bool = False
    despite: frozenset[str] = frozenset()
    incident: str | None = None
    soak: SoakOptions = field(default_factory=SoakOptions)
    given: Given = field(default_factory=dict)
    command: str = ""

    def fit(self, system: System, path: Path) -> None:
        """See that the names in the options are those of a system, before it is asked anything.

        Raises:
            UsageError: there is no such component, or the target has another name.
        """
        known = [each.name for each in system.components]
        unknown = sorted(self.only.difference(known))
        if unknown:
            raise UsageError(
                f"there is no component {', '.join(unknown)} in {path}",
                hint=f"choose one of: {', '.join(known)}",
            )
        for part in parts.divided(system, self.only):
            raise UsageError(
                f"{part.words} come back together: they are one part of the release",
                hint=" ".join(f"--component={each}" for each in part.components),
            )
        fitting(self.armed, system)

    def declared(self, *, isolate: bool) -> list[str]:
        """Return the options that a run of the same scope needs, and its arming."""
        return [
            *(["--isolate"] if isolate or self.isolate else []),
            *(f"--component={each}" for each in sorted(self.only)),
            *([f"--arm={self.armed}"] if self.armed else []),
            *([f"--accept-loss={typed(self.accepted)}"] if self.accepted else []),
        ]


def fitting(armed: str | None, system: System) -> None:
    """See that what a run is armed for is its target.

    Raises:
        UsageError: the target has another name.
    """
    name = system.target.name
    if armed not in {None, name}:
        raise UsageError(
            f"--arm={armed}, and the name of the target is {name}: nothing was changed",
            hint=f"--arm={name}, or name the target by --rollback-target",
        )


def value(name: str, given: str | None, read: Callable[[str], Value], example: str) -> Value | None:
    """Return an option's value, None where it was not given.

    Raises:
        UsageError: it cannot be read.
    """
    if given is None:
        return None
    try:
        return read(given)
    except ValueError as error:
        raise UsageError(
            f"{name}: found {given!r}, {error}", hint=f"for example {example}"
        ) from error


def lost(text: str | None) -> Acceptance | None:
    """Return what of users' data may be lost, None where nobody said.

    Raises:
        UsageError: it is neither a time nor a number of rows.
    """
    return value("--accept-loss", text, accepted, "--accept-loss=79m, or --accept-loss=412rows")


def accepted(text: str) -> Acceptance:
    """Return a time, or a number of rows."""
    if text == ALL:
        return AcceptedRows(math.inf)
    number = text.removesuffix("rows").removesuffix("row").strip()
    if number != text and number.isascii() and number.isdigit():
        return AcceptedRows(int(number))
    return watched(text)


def watched(text: str) -> float:
    """Return a time that is one."""
    found = seconds(text)
    if not found:
        raise ValueError("expected a duration above zero")
    return found


def faster(text: str) -> float:
    """Return by how much a clock runs faster."""
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 1 <= found <= 1_000_000:  # noqa: PLR2004 - beyond it a soak has no samples
        raise ValueError("expected a number, at least 1")
    return found


def told_openly(text: str) -> str:
    """Return what an operator typed as it may be shown: without what looks like a secret."""
    from pytest_rollback.agent.system.masking.shapes import masked  # noqa: PLC0415 - few commands need it

    return masked(text)
