"""The containers of units of systemd: of `podman run` and `docker run`, and of quadlets.

Where such a unit lives is told by its file: what that is a link to, or a copy of. Its processes see
another host: what they run, and where they work, says nothing of this one.
"""

from __future__ import annotations

import os
import re
from typing import Dict, FrozenSet, Iterator, List, Mapping, NamedTuple, Sequence, Tuple

from ....errors import HostError
from ....files import lookup, reach
from ....messages.services.survey import SurveyedUnit, SurveyRequest, UnitContainer
from ....system.command_lines import words
from ....system.containers import images, inside, unit_containers
from ....system.containers.container import EngineContainer
from ....system.containers.engine import Engine
from ....system.containers.unit_containers import UnitMembers
from ....system.processes import Process
from . import kept, variables
from .facts import FoundUnit, is_apart

QUADLET = ".container"
RUN = re.compile(
    r"^\s*ExecStart=.*?\b(podman|docker)\s+(?:container\s+)?(?:run|start)\b", re.MULTILINE
)
"""How a unit starts a container by hand."""

NAMED = re.compile(r"^\s*Image=\s*(\S+\.(?:image|build))\s*$", re.MULTILINE)
"""How a quadlet names a file that has the name of its image."""

PARENTS = ("/srv", "/opt", "/usr/local", "/var/www", "/home")
"""Where releases are looked for that have a copy of a unit's file."""


class ContainedUnit(NamedTuple):
    """A unit that runs containers: the engine, its running containers, and their processes.

    `why` is why its containers cannot be told, "" where they can.
    """

    engine: str
    containers: Tuple[EngineContainer, ...] = ()
    pids: FrozenSet[int] = frozenset()
    why: str = ""


def found(units: Sequence[FoundUnit], table: Mapping[int, Process]) -> Dict[str, ContainedUnit]:
    """Return the units of systemd that run containers, or would, by name."""
    every: Dict[Engine, List[EngineContainer]] = {}
    told = {}
    for unit in units:
        if unit.manager.name != "systemd":
            continue
        engine = unit_containers.engine_of(unit.pids)
        one = _running(unit, engine, every, table) if engine else _by_files(unit)
        if one is not None:
            told[unit.name] = one
    return told


def _running(
    unit: FoundUnit,
    engine: Engine,
    every: Dict[Engine, List[EngineContainer]],
    table: Mapping[int, Process],
) -> ContainedUnit | None:
    """Return what a unit runs whose processes are of an engine; None where that is a project."""
    is_asked = _by_files(unit) is not None or any(map(_starts_one, unit.pids))
    account = _account(unit)
    if account and is_asked:
        why = (
            f"its {engine.name} runs as {account}: containers of an account are not handled; "
            "have it run as root, without User= in its file"
        )
        return ContainedUnit(engine.name, why=why)
    try:
        if engine not in every:
            every[engine] = images.all_containers(engine)
    except HostError as problem:
        return ContainedUnit(engine.name, why=problem.message)
    members = UnitMembers(f"{unit.name}.service", 0, frozenset(unit.pids))
    mine = [each for each in unit_containers.of(members, every[engine]) if each.runs]
    if any(each.project for each in mine) or not (mine or is_asked):
        return None
    if not mine:
        why = (
            f"none of the containers of {engine.name} shows that it is of this unit: write --name "
            f"in its command, or Environment={unit_containers.VARIABLE}=%n"
        )
        return ContainedUnit(engine.name, why=why)
    pids = inside.members(table, [each.pid for each in mine])
    why = f"it runs {len(mine)} containers: a rollback handles one for each unit"
    return ContainedUnit(engine.name, tuple(mine), pids, why if len(mine) > 1 else "")


def _starts_one(pid: int) -> bool:
    """Return whether a process is an engine's program that was asked to run a container."""
    said = words(pid)
    is_one = unit_containers.engine_of([pid]) is not None
    return is_one and not {"run", "start"}.isdisjoint(said[1:3])


def _account(unit: FoundUnit) -> str:
    """Return the account that runs the engine of a unit, "" for root."""
    for pid in unit.pids:
        if unit_containers.engine_of([pid]):
            try:
                uid = reach.status(f"/proc/{pid}").st_uid
            except OSError:
                continue
            return reach.account(uid) if uid else ""
    return ""


def _by_files(unit: FoundUnit) -> ContainedUnit | None:
    """Return what a unit would run by its files, None where that is no container."""
    first = unit.files[0] if unit.files else ""
    if first.endswith(QUADLET):
        return ContainedUnit("podman", why=_down(unit))
    asked = RUN.search(_text(first).replace("\\\n", " "))
    if asked is None:
        return None
    return ContainedUnit(asked[1], why=_down(unit))


def _down(unit: FoundUnit) -> str:
    """Return what is to be said of a unit that does not run."""
    start = f"systemctl start {unit.name}"
    return f"it is {unit.state}, so what it would run was not seen: {start}, and look again"


def seen(unit: SurveyedUnit, about: ContainedUnit, request: SurveyRequest) -> SurveyedUnit:
    """Return a unit with what is seen of its container, and of where its file comes from."""
    places = [*dict.fromkeys((*_places(unit, request), *unit.places))]
    unit = unit._replace(places=tuple(places), imports=())
    if not about.containers:
        own = _own(unit)
        about_it = UnitContainer(about.engine, own, files=(own,), why=about.why)
        return unit._replace(container=about_it)
    one = about.containers[0]
    _, databases = variables.seen(None, one.pid, [])
    published = {port.port for each in about.containers for port in each.ports}
    return unit._replace(
        runs=one.reference,
        ports=tuple(sorted(published.union(unit.ports))),
        databases=(*databases, *unit.databases),
        asked=_asked(unit, about.engine, one),
        health_after=one.health_after,
        container=_container(unit, about, one),
    )


def _container(unit: SurveyedUnit, about: ContainedUnit, one: EngineContainer) -> UnitContainer:
    """Return what a unit runs, the files that name it, and the name by which it would come back."""
    files = tuple(
        dict.fromkeys(
            os.path.realpath(path)
            for path in _candidates(unit)
            if images.is_named(_text(path), one.reference)
        )
    )
    better, why = "", about.why
    try:
        image = images.of(Engine(about.engine), one.image)
        named = images.of(Engine(about.engine), one.reference)
        better = images.pinned(one.reference, image.digests) if image else ""
        if not why and (named is None or named.id != one.image):
            now = "means another image now" if named else "means nothing on this host"
            why = f"it runs {one.reference}, which {now}: a rollback would not bring it back"
    except HostError as problem:
        why = why or problem.message
    pinned = "" if "@" in one.reference else better
    return UnitContainer(about.engine, _own(unit), one.reference, pinned, files, why)


def _own(unit: SurveyedUnit) -> str:
    """Return the real path of a unit's own file."""
    return os.path.realpath(unit.files[0]) if unit.files else ""


def _candidates(unit: SurveyedUnit) -> Iterator[str]:
    """Yield the files of a unit that may name its image: a quadlet may have it from another one."""
    yield from unit.files
    for path in unit.files:
        named = NAMED.search(_text(path)) if path.endswith(QUADLET) else None
        if named:
            yield os.path.join(os.path.dirname(path), named[1])
    yield from (each.path for each in unit.variables if each.path not in unit.files)


def _places(unit: SurveyedUnit, request: SurveyRequest) -> Iterator[Tuple[str, str]]:
    """Yield where a unit lives by its file: what that is a link to, or a copy of; or where it is.

    Only a quadlet can be of a release where its file lies: systemd reads no others there.
    """
    first = unit.files[0] if unit.files else ""
    real = os.path.realpath(first)
    if real != first and is_apart(os.path.dirname(real)):
        yield _above(real), f"{first} leads to {real}"
    elif not first.endswith(QUADLET):
        tops = [*request.places, *PARENTS]
        for place, name in kept.unit_files([unit._replace(places=())], tops):
            path = os.path.join(place, name)
            if path.startswith(tuple(f"{each}/" for each in request.places)):
                yield _above(path), f"{path} is called as the file of {unit.name}"
            elif _text(path) == _text(first):
                yield _above(path), f"{path} is as {first}"
    else:
        yield os.path.dirname(first), f"{first} lies there"


def _above(path: str) -> str:
    """Return the directory of a release that has a unit's file in it, or in a directory of it."""
    place = os.path.dirname(path)
    above = os.path.dirname(place)
    is_within = not path.endswith(QUADLET) and is_apart(above)
    return above if is_within else place


def _asked(unit: SurveyedUnit, engine: str, one: EngineContainer) -> Tuple[str, ...]:
    """Return a command that says how a container is: its health, where podman runs that.

    None where its name is another one after each start, and no label tells whose it is.
    """
    is_stable = one.name == f"systemd-{unit.name}" or any(
        one.name in _text(path) for path in unit.files[:1]
    )
    if one.has_health and engine == "podman" and is_stable:
        return ("podman", "healthcheck", "run", one.name)
    if not (is_stable or one.unit):
        return ()
    by = f"name=^{one.name}$" if is_stable else f"label={unit_containers.VARIABLE}={one.unit}"
    return (engine, "ps", "--quiet", "--filter", "status=running", "--filter", by)


def _text(path: str) -> str:
    """Return the text of a file, "" where it cannot be read."""
    try:
        if lookup.kind(path) == "file" and reach.status(path).st_size <= variables.LARGEST:
            return reach.text(path)
    except (OSError, ValueError):
        pass
    return ""
