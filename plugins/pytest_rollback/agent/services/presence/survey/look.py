"""Answers what is on a host: units, working trees, proxies."""

from __future__ import annotations

import contextlib
import os
from typing import Dict, Iterator, List, Mapping, Tuple

from ....errors import HostError
from ....files import lookup
from ....messages.location import is_below
from ....messages.services.survey import Survey, SurveyedUnit, SurveyRequest
from ....system.command import PLACES
from ....system.processes import processes
from . import (
    accounts,
    checkouts,
    composed,
    contained,
    facts,
    kept,
    owned,
    packaged,
    programs,
    proxies,
    systemd_units,
)
from .contained import ContainedUnit
from .facts import FoundUnit, OpenSockets

TOOLS = ("curl", "systemctl", "supervisorctl", "nginx", "caddy", "pg_dump")


def look(request: SurveyRequest) -> Survey:
    """Return the units that run something which was installed for it, and what is around them."""
    table = {one.pid: one for one in processes()}
    unread: List[str] = []
    units = list(_units(request, unread))
    within = contained.found(units, table)
    units = [_apart(unit, within) for unit in units]
    own = sorted({pid for unit in units for pid in facts.processes_of(unit, table) | unit.inside})
    ports = OpenSockets(own)
    if ports.unread:
        who = "only root" if os.geteuid() else "only root with CAP_SYS_PTRACE"
        unread.append(f"open sockets of {len(ports.unread)} processes: {who} sees them")
    sites = tuple(proxies.sites())
    passed = frozenset(proxies.ports(sites))
    others = [facts.seen(unit, table, ports, passed) for unit in units]
    others = [
        contained.seen(each, within[each.name], request) if _has(each, within) else each
        for each in packaged.seen(others, request)
    ]
    seen = [*composed.units(others, request), *others]
    unread += [*composed.unused(seen, request), *accounts.units(table)]
    meant = tuple(each for each in seen if _is_meant(each, request))
    tops = checkouts.tops(meant)
    return Survey(
        host=os.uname().nodename,
        root=os.geteuid() == 0,
        units=meant,
        checkouts=tuple(map(checkouts.described, tops)),
        proxies=sites,
        kept=tuple(kept.unit_files(meant, (*request.places, *tops))),
        owned=tuple(dict.fromkeys(owned.directories(meant, (*request.places, *tops)))),
        tools=_tools(),
        unread=tuple(unread),
    )


def _units(request: SurveyRequest, unread: List[str]) -> Iterator[FoundUnit]:
    """Yield the units of each manager; one that does not answer is noted, the others are asked."""
    told = (programs.units(each, request.units) for each in programs.daemons())
    for found in (systemd_units.units(request.units), *told):
        with noting(unread):
            yield from found


def _apart(unit: FoundUnit, within: Mapping[str, ContainedUnit]) -> FoundUnit:
    """Return a unit with the processes of its containers told from its own."""
    is_one = unit.manager.name == "systemd" and unit.name in within
    return unit._replace(inside=within[unit.name].pids) if is_one else unit


def _has(unit: SurveyedUnit, within: Mapping[str, ContainedUnit]) -> bool:
    return unit.manager == "systemd" and unit.name in within


@contextlib.contextmanager
def noting(unread: List[str]) -> Iterator[None]:
    """Note what could not be looked at."""
    try:
        yield
    except HostError as problem:
        unread.append(problem.message)


def _is_meant(unit: SurveyedUnit, request: SurveyRequest) -> bool:
    """Return whether a unit was asked for, or lives where nothing of the system's own does."""
    if unit.name in request.units or (request.units and not request.others):
        return unit.name in request.units
    if not request.places:
        return bool(unit.places or unit.container)
    roots = [*map(os.path.realpath, request.places)]
    return any(is_below(os.path.realpath(place), roots) for place, _ in unit.places)


def _tools() -> Tuple[str, ...]:
    """Return which programs that probes and proxies need are there, with their paths."""
    places = [*os.environ.get("PATH", "").split(":"), *PLACES.split(":"), *programs.beside()]
    found: Dict[str, str] = {}
    for name in TOOLS:
        paths = (f"{place}/{name}" for place in places if place.startswith("/"))
        path = next((each for each in paths if lookup.kind(each) == "file"), "")
        if path:
            found[name] = path
    return tuple(found.values())
