"""Components in start order, with their names and the files that are theirs alone."""

from __future__ import annotations

import os.path
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from pytest_rollback.agent.messages.services.survey import SurveyedUnit
from pytest_rollback.cli.init.candidates import COMPOSED, Candidate, is_below, ports_of, slug
from pytest_rollback.manifest.refused import RESERVED
from pytest_rollback.manifest.release import BACKUPS

LAST = 1 << 16
"""Where a unit without ports stands: after all ports."""


class Part(NamedTuple):
    """One component: its name, its unit, the directory that is its own, and why it stands here."""

    name: str
    unit: SurveyedUnit
    own: str
    order: str


def parts(candidate: Candidate, system: str) -> list[Part]:
    """Return the components of a system in the order in which they have to be started."""
    ordered = start_order(candidate.units)
    names = named([each.name for each, _ in ordered], system)
    own = directories(candidate)
    return [
        Part(name, unit, own.get(unit.name, ""), why)
        for name, (unit, why) in zip(names, ordered, strict=True)
    ]


def start_order(units: Sequence[SurveyedUnit]) -> list[tuple[SurveyedUnit, str]]:
    """Return units in start order: dependencies first, then priorities, then ports."""
    by_name = {each.name: each for each in units}
    left = sorted(units, key=_rank)
    placed: dict[str, str] = {}
    while left:
        waits = {each.name: needed(each, by_name.keys() - placed.keys()) for each in left}
        one = next((each for each in left if not waits[each.name]), left[0])  # a circle is cut
        placed[one.name] = _why(one, units, placed)
        left.remove(one)
    return [(by_name[name], why) for name, why in placed.items()]


def needed(unit: SurveyedUnit, names: Iterable[str]) -> set[str]:
    """Return which units have to be up before one."""
    return set(unit.after) & set(names) - {unit.name}


def _rank(unit: SurveyedUnit) -> tuple[int, int, str]:
    return (unit.order, min(ports_of(unit), default=LAST), unit.name)


def _why(unit: SurveyedUnit, units: Sequence[SurveyedUnit], placed: Mapping[str, str]) -> str:
    """Return by what a unit stands where it does, for people."""
    before = sorted(needed(unit, placed))
    if before and unit.manager == COMPOSED:
        return f"{unit.socket}: it depends on {' and '.join(before)}"
    if before:
        return f"systemctl show {unit.name}: After={' '.join(before)}"
    if len({each.order for each in units}) > 1:
        return f"supervisord: priority={unit.order}"
    return ""


def named(units: Sequence[str], system: str) -> list[str]:
    """Return a name for each unit: without what all of the system begin with, and each once."""
    found: list[str] = []
    for unit in units:
        group, _, process = unit.partition(":")
        whole = group if process in ("", "*", group) else f"{group}-{process}"
        name = slug(whole.replace("@", "-").removesuffix(".service"))
        short = name.removeprefix(f"{system}-").removeprefix(f"{system}_")
        name = name if short.isdigit() else short or name or "unit"
        name = f"{system}-{name}" if name in RESERVED else name
        found.append(name if name not in found else f"{name}-{len(found) + 1}")
    return found


def directories(candidate: Candidate) -> dict[str, str]:
    """Return the directory below the root that only one unit lives in, by unit."""
    found: dict[str, str] = {}
    if candidate.strategy != BACKUPS:
        return found  # a release comes back as a whole
    for unit in candidate.units:
        if unit.container:
            continue  # its own file is told
        inside = [place for place, _ in unit.places if is_below(place, candidate.root)]
        first = next((place for place in inside if place != candidate.root), "")
        others = [
            place
            for other in candidate.units
            if other.name != unit.name
            for place, _ in other.places
        ]
        environment = PurePosixPath(first).name == "bin"  # programs, as of a virtual environment
        if first and not environment and not any(_overlap(first, each) for each in others):
            found[unit.name] = os.path.relpath(first, candidate.root)
    return found if len(candidate.units) > 1 else {}


def _overlap(one: str, other: str) -> bool:
    return is_below(one, other) and is_below(other, one)
