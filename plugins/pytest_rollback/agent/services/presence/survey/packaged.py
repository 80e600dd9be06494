"""Units that packages of Debian have brought: which ones, and where the package has its files."""

from __future__ import annotations

import os
import re
from typing import Dict, Iterable, Iterator, List, NamedTuple, Sequence, Tuple

from ....messages.location import is_below
from ....messages.services.survey import OwningPackage, SurveyedUnit, SurveyRequest
from ....system.command import run
from ....system.command_lines import INTERPRETER
from ....system.package_owners import owners

SECONDS = 20.0
"""For one question to dpkg; the largest database is read in a few."""

FORMAT = "${binary:Package}\\t${Version}\\t${source:Package}\\t${Essential}\\t${Depends}\\n"

OWN = ("/usr/lib", "/usr/libexec", "/usr/share", "/opt", "/srv", "/etc")
"""Directories in which a package has one of its own, the likeliest first."""

TRIPLET = re.compile(r"^/usr/lib/[\w]+-linux-[\w]+")


class KnownPackage(NamedTuple):
    """What dpkg says of an installed package."""

    name: str
    version: str
    source: str
    is_essential: bool
    depends: str = ""


def seen(units: Sequence[SurveyedUnit], request: SurveyRequest) -> List[SurveyedUnit]:
    """Return units with the packages that brought them.

    One that lives apart from the system's own directories is of a package where that has brought
    what lives there; any other one has to be asked for, by its name or the root.
    """
    paths = {unit.name: list(_paths(unit, request)) for unit in units}
    owned = owners(path for each in paths.values() for path in each)
    known = installed() if owned else {}
    return [_with(unit, _chosen(unit, paths[unit.name], owned, known), known) for unit in units]


def _paths(unit: SurveyedUnit, request: SurveyRequest) -> Iterator[str]:
    """Yield the files by which a unit may be of a package: its own file, and what it runs."""
    if unit.manager == "compose":
        return
    homes = _homes(unit)
    if homes:
        apart = [path for path in unit.started_by if path.startswith(homes)]
        yield from (*apart, *(unit.files[:1] if apart else ()))
    elif unit.name in request.units or any(
        is_below(each, request.places) for each in unit.started_by
    ):
        yield from unit.files[:1]
        yield from _scripts(unit)


def _homes(unit: SurveyedUnit) -> Tuple[str, ...]:
    """Return the directories in which a unit lives, without those of its interpreter alone."""
    found = (f"{place}/" for place, _ in unit.places)
    scripts = tuple(_scripts(unit))
    return tuple(
        place
        for place in found
        if not place.endswith("/bin/") or any(each.startswith(place) for each in scripts)
    )


def _scripts(unit: SurveyedUnit) -> Iterator[str]:
    return (path for path in unit.started_by if not _is_interpreter(path))


def _is_interpreter(path: str) -> bool:
    return bool(INTERPRETER.fullmatch(os.path.basename(path)))


def installed() -> Dict[str, KnownPackage]:
    """Return all packages that are installed, by name; nothing where there is no dpkg."""
    done = run(["dpkg-query", "--show", f"--showformat={FORMAT}"], SECONDS)
    found = {}
    for line in done.out.splitlines():
        name, version, source, essential, depends = line.split("\t")
        found[name] = KnownPackage(name, version, source, essential == "yes", depends)
    return found


def _chosen(
    unit: SurveyedUnit,
    paths: Sequence[str],
    owned: Dict[str, str],
    known: Dict[str, KnownPackage],
) -> Dict[str, str]:
    """Return the packages of a unit, each with the file by which it is one.

    The first that was found, and others of the same source: what else it runs is the system's. Of a
    unit that lives apart, its own file alone says nothing of what it runs there.
    """
    found: Dict[str, str] = {}
    for path in paths:
        package = known.get(owned.get(path, ""))
        if not found and path in unit.files and _homes(unit):
            return {}
        if package is None or package.is_essential:
            continue
        first = known[next(iter(found), package.name)]
        if first.source == package.source:
            found.setdefault(package.name, path)
    return found


def _with(
    unit: SurveyedUnit, chosen: Dict[str, str], known: Dict[str, KnownPackage]
) -> SurveyedUnit:
    """Return a unit with its packages, and with their directory where it lives in no other."""
    if not chosen:
        return unit
    sources = {known[name].source for name in chosen}
    same = (each.name for each in known.values() if each.source in sources)
    beside = tuple(sorted(name for name in same if name not in chosen))
    packages = tuple(
        OwningPackage(name, known[name].version, f"dpkg-query --search {path}: {name}", beside)
        for name, path in chosen.items()
    )
    packages += tuple(tied(chosen, known))
    places = () if _homes(unit) else tuple(_places(unit, packages))
    return unit._replace(packages=packages, places=(*places, *unit.places))


def exact(depends: str) -> Iterator[Tuple[str, str]]:
    """Yield the packages that are needed in one version alone, each with that version."""
    for each in depends.replace("|", ",").split(","):
        name, mark, version = each.strip().partition(" (= ")
        if mark:
            yield name.partition(":")[0], version.partition(")")[0].strip()


def tied(chosen: Iterable[str], known: Dict[str, KnownPackage]) -> Iterator[OwningPackage]:
    """Yield packages that others need in the very version that is installed: they go together."""
    seen, left = {*chosen}, list(chosen)
    while left:
        needing = known[left.pop()]
        for plain, version in exact(needing.depends):
            name = next((each for each in known if each.partition(":")[0] == plain), "")
            if not name or name in seen or known[name].is_essential:
                continue
            if known[name].version == version:
                seen.add(name)
                left.append(name)
                why = f"dpkg-query --show: {needing.name} depends on {plain} (= {version})"
                yield OwningPackage(name, version, why)


def _places(unit: SurveyedUnit, packages: Sequence[OwningPackage]) -> Iterator[Tuple[str, str]]:
    """Yield the directory of the files of a unit's packages: of what it runs, else their own."""
    for path in unit.started_by:
        place = own(path)
        if place:
            yield place, f"{unit.name}: it runs {path}, of {packages[0].name}"
    for each in packages:
        listed = run(["dpkg-query", "--listfiles", each.name], SECONDS).out.splitlines()
        plain = each.name.partition(":")[0]
        there = [f"{place}/{plain}" for place in OWN if f"{place}/{plain}" in listed]
        yield from ((place, f"dpkg-query --listfiles {each.name}") for place in there[:1])


def own(path: str) -> str:
    """Return the directory of a package that a file lies in, "" where it is one of all."""
    place = os.path.dirname(path)
    for above in (*filter(None, [_triplet(path)]), *OWN):
        if place.startswith(f"{above}/"):
            return f"{above}/{place[len(above) + 1 :].partition('/')[0]}"
    return ""


def _triplet(path: str) -> str:
    found = TRIPLET.match(path)
    return found[0] if found else ""
