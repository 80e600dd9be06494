"""The containers that units of systemd run, told by the processes and the labels of both sides.

A unit whose command is `podman run` or `docker run` has the engine's program as its process. Its
container is in the control group of the unit where the unit asks for that, as quadlets do, and
otherwise in one of its own: then the label tells it that podman sets for a unit, or the name that
the running program was given.
"""

from __future__ import annotations

import os
from typing import Dict, FrozenSet, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ...errors import HostError
from ..command import run
from ..command_lines import words
from ..processes import environ, proc, processes
from . import images, inside
from .container import EngineContainer
from .engine import Engine, any_engine

PROGRAMS = {"podman": "podman", "conmon": "podman", "docker": "docker"}
"""Programs that stay while a container runs, and the engine that they are of."""

VARIABLE = "PODMAN_SYSTEMD_UNIT"
"""By this variable podman is told of the unit that runs it, and labels its container so."""

RESUMED = frozenset(("start", "attach"))
"""Commands of an engine that are given containers, and not an image."""


PROPERTIES = "Id,FragmentPath,SourcePath,MainPID"
ONE_CALL = 10.0


class UnitMembers(NamedTuple):
    """A unit of systemd by its whole name, such as `web.service`, and its main process, 0 for none.

    `pids` are the processes of its control group.
    """

    name: str
    main: int
    pids: FrozenSet[int]


class AskedUnit(NamedTuple):
    """What systemd says of a unit: its whole name, its main process, and the file to edit."""

    name: str
    main: int
    file: str


def asked(units: Sequence[str]) -> Dict[str, AskedUnit]:
    """Return what systemd says of each unit, with one call.

    The file of one that a generator makes, as of a quadlet, is what that reads.

    Raises:
        HostError: systemd does not answer.
    """
    argv = ["systemctl", "show", f"--property={PROPERTIES}", "--", *units]
    told = run(argv, ONE_CALL)
    blocks = [
        dict(line.partition("=")[::2] for line in block.split("\n"))
        for block in told.out.strip("\n").split("\n\n")
    ]
    if told.code or told.timed_out or len(blocks) != len(units):
        raise HostError(f"systemctl show failed: {told.words}", " ".join(argv), "unreachable")
    found = {}
    for unit, each in zip(units, blocks):
        name, main = each.get("Id") or unit, each.get("MainPID", "")
        path = each.get("SourcePath") or each.get("FragmentPath", "")
        found[unit] = AskedUnit(name, int(main) if main.isdigit() else 0, path)
    return found


def engine_of(pids: Iterable[int]) -> Optional[Engine]:
    """Return the engine whose program one of some processes is, None where none is."""
    for pid in sorted(pids):
        name = PROGRAMS.get(_program(pid))
        if name:
            return Engine(name)
    return None


def members(mains: Mapping[str, int]) -> Dict[str, UnitMembers]:
    """Return what is in the control group of each unit.

    Args:
        mains: the main process of each unit, by its whole name; 0 for none.
    """
    own = {name: _group(pid) for name, pid in mains.items() if pid}
    found: Dict[str, List[int]] = {name: [] for name in mains}
    if any(own.values()):
        for pid in (int(each) for each in os.listdir("/proc") if each.isdigit()):
            group = _group(pid)
            for name, mine in own.items():
                if mine and f"{group}/".startswith(f"{mine}/"):
                    found[name].append(pid)
    return {
        name: UnitMembers(name, pid, frozenset([*found[name], *([pid] if pid else [])]))
        for name, pid in mains.items()
    }


def engine(units: Iterable[UnitMembers]) -> Engine:
    """Return the engine of which units run containers; where none runs, that of the host.

    Raises:
        HostError: no unit runs one, and this host has no engine that answers.
    """
    return engine_of(pid for unit in units for pid in unit.pids) or any_engine()


def of(unit: UnitMembers, every: Iterable[EngineContainer]) -> List[EngineContainer]:
    """Return which of all containers a unit runs, or has left behind."""
    asked = _asked(unit.pids)
    return [
        each
        for each in every
        if each.unit == unit.name
        or not unit.pids.isdisjoint({each.pid, each.monitor} - {0})
        or (not each.unit and (each.name in asked or each.id in asked))
    ]


def seen(pid: int, name: str) -> Tuple[FrozenSet[int], FrozenSet[int]]:
    """Return the processes and the published ports of the containers of a unit.

    Nothing where its main process is of no engine, or the engine does not answer.
    """
    engine = engine_of([pid])
    if engine is None:
        return frozenset(), frozenset()
    try:
        every = images.all_containers(engine)
    except HostError:
        return frozenset(), frozenset()
    found = [each for each in of(members({name: pid})[name], every) if each.runs]
    table = {one.pid: one for one in processes()}
    ports = frozenset(port.port for each in found for port in each.ports)
    return inside.members(table, [each.pid for each in found]), ports


def is_expected(unit: UnitMembers) -> bool:
    """Return whether a container of a unit could be told, once it is there."""
    return bool(_asked(unit.pids)) or VARIABLE in (environ(unit.main) or {})


def _asked(pids: Iterable[int]) -> FrozenSet[str]:
    """Return the names and ids of containers that running programs of an engine were given."""
    found = set()
    for pid in pids:
        if _program(pid) not in ("podman", "docker"):
            continue
        said = words(pid)
        for position, word in enumerate(said):
            name, mark, value = word.partition("=")
            if name == "--name":
                found.add(value if mark else "".join(said[position + 1 : position + 2]))
            if word in RESUMED and position < 3:  # noqa: PLR2004 - `podman container start`
                found |= {each for each in said[position + 1 :] if not each.startswith("-")}
    return frozenset(found - {""})


def _program(pid: int) -> str:
    """Return the name of the program of a process, "" where it is gone or not for us."""
    try:
        return os.path.basename(os.readlink(f"/proc/{pid}/exe").replace(" (deleted)", ""))
    except OSError:
        return ""


def _group(pid: int) -> str:
    """Return the control group of a process as systemd names it, "" for the root of all."""
    rows = (line.split(":", 2) for line in os.fsdecode(proc(pid, "cgroup")).splitlines())
    paths = {row[1]: row[2] for row in rows if len(row) == 3}  # noqa: PLR2004 - cgroups(7)
    return (paths.get("name=systemd") or paths.get("", "")).rstrip("/")
