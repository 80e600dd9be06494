"""The running process of a unit, compared with what its files say; names of variables only."""

from __future__ import annotations

import importlib
import os
import re
from typing import Dict, FrozenSet, Iterator, List, NamedTuple, Optional, Tuple

from ...system import processes
from ...system.processes import environ, proc
from ...system.sockets import listeners
from ...system.unix_sockets import opened
from .environment import account_of
from .manager import Known, ManagerFacts, account, place
from .surroundings import Surroundings

OWN = re.compile(
    r"INVOCATION_ID|JOURNAL_STREAM|SYSTEMD_\w+|NOTIFY_SOCKET|LISTEN_\w+|MAINPID|WATCHDOG_\w+|"
    r"MEMORY_PRESSURE_\w+|\w+_DIRECTORY|MONITOR_\w+|MANAGERPID|REMOTE_\w+|SUPERVISOR_\w+|"
    r"PWD|OLDPWD|SHLVL|_|LC_\w+|LANG|LANGUAGE"
)
"""Variables that managers and shells set by themselves."""


class Live(NamedTuple):
    """A running process: its number, user, working directory, first words, environment.

    `environment` is None where it cannot be read.
    """

    pid: int
    user: str
    directory: str
    argv: Tuple[str, ...]
    environment: Optional[Dict[str, str]]


def found(manager: ManagerFacts, unit: str) -> Optional[Live]:
    """Return the main process of a unit, None where there is none."""
    pid = manager.units.get(unit, Known()).pid
    if manager.name == "supervisord":
        pid = child(manager.pid, unit)
    if not pid:
        return None
    words = [os.fsdecode(word) for word in proc(pid, "cmdline").split(b"\0")[:-1]]
    return Live(pid, account(pid), place(pid), tuple(words), environ(pid))


def child(parent: int, unit: str) -> int:
    """Return the process that a supervisord has for a unit, by the names in its environment."""
    group, _, process = unit.partition(":")
    wanted = (group, process or group)
    for pid in children(parent) if parent else ():
        has = environ(pid) or {}
        if (has.get("SUPERVISOR_GROUP_NAME"), has.get("SUPERVISOR_PROCESS_NAME")) == wanted:
            return pid
    return 0


def children(parent: int) -> List[int]:
    """Return the living children of a process."""
    found_: List[int] = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            state, above = processes.told(name).rpartition(")")[2].split()[:2]
        except (OSError, ValueError):
            continue
        if above == str(parent) and state not in "ZX":
            found_.append(int(name))
    return found_


def differences(live: Live, now: Surroundings) -> Iterator[str]:
    """Yield how a process differs from what its unit's files say now."""
    if now.user and account_of(live.user) != account_of(now.user):
        yield f"the process runs as {live.user}, its unit says {now.user}"
    if live.directory and os.path.realpath(now.directory) != os.path.realpath(live.directory):
        yield f"the process is in {live.directory}, its unit says {now.directory}"
    if live.environment is None:
        yield "the environment of the process cannot be read"
        return
    more = sorted(
        name for name in live.environment if name not in now.environment and not OWN.fullmatch(name)
    )
    less = sorted(
        name
        for name, value in now.environment.items()
        if live.environment.get(name) != value and not OWN.fullmatch(name)
    )
    if more:
        yield f"the process has variables that its unit does not set: {', '.join(more)}"
    if less:
        yield f"the process has other values than its unit sets now: {', '.join(less)}"


def exported(live: Optional[Live], now: Surroundings) -> Dict[str, str]:
    """Return what a shell between manager and program has exported, as far as the files tell."""
    if live is None or live.environment is None or not now.program.wrapped:
        return {}
    return {
        name: value
        for name, value in live.environment.items()
        if name not in now.environment and not OWN.fullmatch(name)
    }


def ports(live: Optional[Live], unit: str = "") -> Tuple[int, ...]:
    """Return the TCP ports on which a process or one of its descendants listens, sorted.

    Those of the containers that it runs are among them, where it is of an engine.

    Args:
        live: the process.
        unit: the whole name of its unit.
    """
    if live is None:
        return ()
    family, known = [live.pid], {live.pid}
    for pid in family:
        family += [each for each in children(pid) if each not in known]
        known.update(family)
    inside, published = _contained(live.pid, unit)
    held = {name for pid in known | inside for name in opened(pid)}
    own = {each.port for each in listeners() if f"socket:[{each.inode}]" in held}
    return tuple(sorted(own | published))


def _contained(pid: int, unit: str) -> Tuple[FrozenSet[int], FrozenSet[int]]:
    """Return the processes and the published ports of the containers that a process runs.

    Only the hosts of systems whose releases are images are sent what tells them.
    """
    try:
        module = importlib.import_module("...system.containers.unit_containers", __package__)
    except ImportError:
        return frozenset(), frozenset()
    found: Tuple[FrozenSet[int], FrozenSet[int]] = module.seen(pid, unit)
    return found
