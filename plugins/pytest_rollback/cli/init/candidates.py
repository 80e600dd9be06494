"""The systems that a host may have: its units, put together by where they live."""

from __future__ import annotations

import itertools
import os.path
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from pytest_rollback.agent.messages.services.survey import (
    GitCheckout,
    OwningPackage,
    Survey,
    SurveyedUnit,
    SwitchedLink,
)
from pytest_rollback.manifest.release import BACKUPS, IMAGES, LINKS, PACKAGES

COMPOSED = "compose"
"""The manager whose units are services of a project."""

RUNNERS = ("docker", "podman", "docker-compose", "podman-compose")
"""Programs of units that have containers started."""

PARENTS = ("/opt", "/srv", "/usr/local", "/var/lib", "/var/www", "/home", "/data", "/apps")
"""Directories whose entries are systems, or accounts."""

PLAIN = frozenset(
    [
        "app",
        "apps",
        "build",
        "code",
        "containers",
        "current",
        "deploy",
        "dist",
        "html",
        "live",
        "public",
        "release",
        "root",
        "site",
        "src",
        "srv",
        "system",
        "systemd",
        "units",
        "www",
    ]
)
"""Names of directories that say nothing of a system."""


class Candidate(NamedTuple):
    """One system: where it lies, why we think so, its units, and its working tree if it has one.

    `others` live there as well, under another manager.
    """

    root: str
    seen: str
    units: tuple[SurveyedUnit, ...]
    checkout: GitCheckout | None = None
    others: tuple[SurveyedUnit, ...] = ()

    @property
    def links(self) -> tuple[SwitchedLink, ...]:
        """The links below the root by which its units go to the release that is live."""
        found = {each.link: each for unit in self.units for each in unit.links}
        return tuple(each for each in found.values() if is_below(each.link, self.root))

    @property
    def packages(self) -> dict[str, OwningPackage]:
        """The packages of Debian that brought its units, by name."""
        apart = self.contained  # a package that brings an engine is no release
        plain = [unit for unit in self.units if unit not in apart]
        found = {each.name: each for unit in plain for each in unit.packages}
        return dict(sorted(found.items()))

    @property
    def contained(self) -> tuple[SurveyedUnit, ...]:
        """Units that run containers, beside others that run from a tree; none where all do."""
        found = tuple(each for each in self.units if each.container)
        return found if len(found) < len(self.units) else ()

    @property
    def strategy(self) -> str:
        """How its previous release seems to be kept; that of `contained` is images."""
        if all(each.container for each in self.units):
            return IMAGES
        if self.links:
            return LINKS
        if self.units[0].manager == COMPOSED:
            return IMAGES
        return PACKAGES if self.packages else BACKUPS

    def named(self, path: str) -> str:
        """Return a path as the link leads to it, where it lies in the release that is live."""
        for each in self.links:
            if is_below(path, each.place):
                return each.link + path[len(each.place) :]
        return path

    @property
    def name(self) -> str:
        """A name for it: what its units' names have in common, else that of its directory."""
        prefix = common([each.name for each in self.units])
        own = PurePosixPath(self.root).name
        several = len(self.units) > 1
        return slug(prefix if prefix and (several or own in PLAIN) else own) or "system"


def candidates(survey: Survey, root: str = "", named: Sequence[str] = ()) -> list[Candidate]:
    """Return the systems of a host, those with most units first.

    Args:
        survey: what is on it.
        root: where the one that is meant lies; then there is no other.
        named: units of which a system has to have one; it is all of the system that is returned.
    """
    groups: dict[str, list[SurveyedUnit]] = {}
    for unit in survey.units:
        key = root or home(unit, survey.checkouts)
        if key:
            groups.setdefault(key, []).append(unit)
    found = [
        _candidate((key, bool(root)), units, survey, named)
        for key, units in groups.items()
        if not named or any(each.name in named for each in units)
    ]
    return sorted(found, key=lambda each: (-len(each.units), each.root))


def home(unit: SurveyedUnit, checkouts: Sequence[GitCheckout]) -> str:
    """Return the directory by which a unit is put together with others, "" where none shows."""
    if not unit.places:
        return ""
    first = unit.places[0][0]
    if unit.links:
        return base(str(PurePosixPath(unit.links[0].link).parent))
    tops = [each.top for each in checkouts if is_below(first, each.top)]
    return max(tops, key=len, default="") or base(first)


def base(place: str) -> str:
    """Return the entry of a directory with systems that a place is in; else the place itself."""
    for parent in PARENTS:
        if is_below(place, parent) and place != parent:
            return f"{parent}/{place[len(parent) + 1 :].split('/', maxsplit=1)[0]}"
    return place


def _candidate(
    where: tuple[str, bool], units: list[SurveyedUnit], survey: Survey, named: Sequence[str]
) -> Candidate:
    """Return the system of a directory, which is given or found: the units of one manager."""
    key, given = where
    checkout = next((each for each in survey.checkouts if each.top == key), None)
    meant = [each for each in units if each.name in named] or units
    composed = [each for each in units if each.manager == COMPOSED]
    meant = composed if composed and all(map(runs_containers, meant)) else meant
    first = Counter(map(_kind, meant)).most_common(1)[0][0]
    same = tuple(each for each in units if _kind(each) == first)
    others = tuple(each for each in units if each not in same)
    if given or checkout:
        seen = "--root" if given else f"git -C {key}: its working tree"
        return Candidate(key, seen, same, checkout, others)
    places = [place for unit in same for place, _ in unit.places if is_below(place, key)]
    links = [each for unit in same for each in unit.links]
    places += [str(PurePosixPath(each.link).parent) for each in links]
    root = os.path.commonpath(places)
    if links:
        return Candidate(root, f"what lies around {links[0].link}", same, others=others)
    return Candidate(root, first_seen(same, root), same, others=others)


def _kind(unit: SurveyedUnit) -> tuple[str, str]:
    """Return what all units of one description share: a manager."""
    return unit.manager, unit.socket


def first_seen(units: Sequence[SurveyedUnit], root: str) -> str:
    """Return where a root was seen: what says so itself, or else what lies below it."""
    told = [each for unit in units for each in unit.places]
    exact = next((why for place, why in told if place == root), "")
    below = ", ".join(sorted({place for place, _ in told if is_below(place, root)}))
    return exact or f"what {below} have in common"


def ports_of(unit: SurveyedUnit) -> tuple[int, ...]:
    """Return the ports on which a unit listens; those that are likely where none could be seen."""
    return unit.ports or tuple(port for port, _ in unit.likely)


def runs_containers(unit: SurveyedUnit) -> bool:
    """Return whether a unit is a container, or has some started."""
    names = {PurePosixPath(path).name for path in unit.started_by}
    composed = unit.manager == COMPOSED or unit.container is not None
    return composed or not names.isdisjoint(RUNNERS)


def is_below(place: str, above: str) -> bool:
    """Return whether a path is another one, or lies below it."""
    return f"{place}/".startswith(f"{above}/")


def common(names: Sequence[str]) -> str:
    """Return the words, as between `-`, with which the names of all units begin."""
    parts = [re.split(r"[-_:@]", name) for name in names]
    columns = zip(*(each[:-1] or each for each in parts), strict=False)
    same = (each[0] for each in itertools.takewhile(lambda column: len(set(column)) == 1, columns))
    return "-".join(same)


def slug(text: str) -> str:
    """Return a text as the name of a system or a component."""
    return re.sub(r"[^a-z0-9_-]+", "-", text.lower()).strip("-_")
