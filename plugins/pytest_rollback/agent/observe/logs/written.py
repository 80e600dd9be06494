"""The files that a unit writes, as the kernel has them open: its logs under whatever name.

A log that was renamed or deleted goes on under a name that nobody described, and so does what a
program logs beside the described file. Under supervisord the manager writes for its programs: of
its files those are a unit's which its configuration names for it, and, where the unit's own file
is not open any more, those that belong to nobody.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from types import MappingProxyType
from typing import (
    Dict,
    FrozenSet,
    Iterator,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Set,
    Tuple,
)

from ...configuration.units import manager as managers
from ...configuration.units import outputs, supervisord
from ...configuration.units.sources import Installed
from ...messages.logs import ComponentLog
from ...messages.trial import UnitSources
from ...system.processes import Process, family, processes
from . import offsets

Identity = Tuple[int, int]
"""Device and inode."""

NAMED = re.compile(
    r"(?:^|.*[._-])(?:logs?|out|err|errors?|stdout|stderr|trace|access|audit)(?:[._-].*|$)",
    re.IGNORECASE,
)
"""How files are called that are logs."""

DATA = re.compile(
    r".*(?:\.(?:db|sqlite3?|pid|lock|json|csv|sst|ldb|idx|dat|parquet|sock|tmp)|-(?:wal|journal|shm))",
    re.IGNORECASE,
)
FOLDERS = frozenset({"log", "logs"})
OUTPUTS = frozenset({"1", "2"})
HEAD = 4096
TICK = 0.01
"""Seconds by which the times of files are behind the clock at most."""

WRITES = os.O_WRONLY | os.O_RDWR
FLAGS = re.compile(rb"flags:\s+([0-7]+)")
GONE = " (deleted)"


class WrittenFile(NamedTuple):
    """A file that a process has open for writing.

    `place` is where it can be opened, also when no name leads to it; `name` is what it is called.
    `number` is the descriptor.
    """

    place: str
    name: str
    identity: Identity
    number: str


class Host(NamedTuple):
    """Processes by number; of a supervisord its process, configuration, and environment.

    `programs` is None, and `manager` 0, where supervisord is not the manager or does not answer.
    """

    table: Dict[int, Process]
    manager: int = 0
    programs: Optional[supervisord.ProgramFiles] = None
    variables: Mapping[str, str] = MappingProxyType({})


class Elsewhere(NamedTuple):
    """Files beside the described logs: those that are text, and names of those that are not."""

    texts: Tuple[WrittenFile, ...] = ()
    unread: Tuple[str, ...] = ()


class Outputs(NamedTuple):
    """Names of files that supervisord writes: for one unit, and for all other programs."""

    own: FrozenSet[str]
    others: FrozenSet[str]


def host(units: Optional[UnitSources]) -> Host:
    """Return the processes of this host; a supervisord with what its configuration names."""
    table = {one.pid: one for one in processes()}
    if units is None or units.manager.name != "supervisord":
        return Host(table)
    facts = managers.asked(units.manager, units.directory, ())
    with contextlib.suppress(OSError, supervisord.NotTaken):
        installed = Installed()
        variables = facts.environment or {}
        programs = supervisord.read(facts.main, installed.text, installed.listed, variables)
        return Host(table, facts.pid, programs, variables)
    return Host(table)


def elsewhere(asked: ComponentLog, known: Sequence[str], start: float, on: Host) -> Elsewhere:
    """Return what a unit wrote since a time beside the files that were read.

    Args:
        asked: the component and its described logs.
        known: the files that were read.
        start: seconds since the epoch.
        on: the processes.
    """
    main = on.table.get(asked.pid)
    if main is None:
        return Elsewhere()
    described = [log for log in asked.logs if log.startswith("/")]
    pids = sorted(family(on.table, [asked.pid]))
    found = [each for pid in pids for each in opened(pid) if is_log(each, described)]
    if on.manager and main.parent == on.manager:
        found += of_manager(opened(on.manager), named_for(on, asked.unit), asked.unit)
    hidden = [f"what process {pid} writes" for pid in pids if not can_be_asked(pid)]
    more = sorted_out(found, {identity(path) for path in (*described, *known)}, start)
    return more._replace(unread=(*more.unread, *hidden))


def is_unwritten(asked: ComponentLog, path: str, start: float, on: Host) -> bool:
    """Return whether a log says nothing since a time because its unit has said nothing.

    It is open where the unit's output goes, untouched since then, and no process of the unit has
    its output thrown away. Emptied, exchanged or moved it would have been touched.
    """
    main = on.table.get(asked.pid)
    try:
        status = offsets.status(path)
    except OSError:
        return False
    if main is None or max(status.st_mtime, status.st_ctime) >= start - TICK:
        return False
    pids = sorted(family(on.table, [asked.pid]))
    held = [each.identity for pid in pids for each in opened(pid)]
    if on.manager and main.parent == on.manager:
        named = named_for(on, asked.unit).own
        held += [each.identity for each in opened(on.manager) if each.name in named]
    return (status.st_dev, status.st_ino) in held and all(map(is_heard, pids))


def is_heard(pid: int) -> bool:
    """Return whether output or error of a process goes somewhere; one that is gone says nothing."""
    modes = []
    for number in sorted(OUTPUTS):
        with contextlib.suppress(OSError):
            modes.append(os.stat(f"/proc/{pid}/fd/{number}").st_mode)
    return any(not stat.S_ISCHR(mode) for mode in modes) or not os.path.isdir(f"/proc/{pid}")


def can_be_asked(pid: int) -> bool:
    """Return whether the files of a process can be listed; those of a dead one need not be."""
    return os.access(f"/proc/{pid}/fd", os.R_OK) or not os.path.isdir(f"/proc/{pid}")


def sorted_out(
    found: Sequence[WrittenFile], seen: Set[Optional[Identity]], start: float
) -> Elsewhere:
    """Return each file once that was written since a time and is none of those seen."""
    texts: List[WrittenFile] = []
    unread: List[str] = []
    for each in found:
        if each.identity in seen:
            continue
        seen.add(each.identity)
        try:
            status = offsets.status(each.place)
            if status.st_mtime < start or not status.st_size:
                continue
            (texts.append(each) if is_text(each.place) else unread.append(each.name))
        except OSError as error:
            unread.append(f"{each.name}: {error.strerror}")
    return Elsewhere(tuple(texts), tuple(unread))


def identity(path: str) -> Optional[Identity]:
    """Return what tells a file from others; None where there is none."""
    with contextlib.suppress(OSError):
        found = offsets.status(path)
        return found.st_dev, found.st_ino
    return None


def opened(pid: int) -> List[WrittenFile]:
    """Return the regular files that a process has open for writing; none where it is not told."""
    found: List[WrittenFile] = []
    with contextlib.suppress(OSError):
        for number in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                one = written(pid, number)
                found += [one] if one else []
    return found


def written(pid: int, number: str) -> Optional[WrittenFile]:
    """Return one open file of a process; None for what it only reads, and for what is no file."""
    place = f"/proc/{pid}/fd/{number}"
    status = os.stat(place)
    if not stat.S_ISREG(status.st_mode):
        return None
    with open(f"/proc/{pid}/fdinfo/{number}", "rb") as file:
        flags = FLAGS.search(file.read(HEAD))
    if flags and not int(flags[1], 8) & WRITES:
        return None
    target, found = os.readlink(place), (status.st_dev, status.st_ino)
    name = target[: -len(GONE)] if target.endswith(GONE) and not status.st_nlink else target
    return WrittenFile(name if identity(name) == found else place, name, found, number)


def is_log(file: WrittenFile, described: Sequence[str]) -> bool:
    """Return whether an open file is a log: by its name or folder, or the output of a program."""
    folder, base = os.path.split(file.name)
    if file.number in OUTPUTS or file.name in described:
        return True
    if DATA.fullmatch(base):
        return False
    beside = any(folder == os.path.dirname(log) for log in described)
    return beside or bool(NAMED.match(base)) or bool(FOLDERS & set(folder.split("/")[-2:]))


def is_text(path: str) -> bool:
    """Return whether the beginning of a file is text; one of NUL alone is a log with a hole."""
    with offsets.opened(path) as file:
        head = file.read(HEAD)
    return b"\0" not in head or not head.strip(b"\0")


def of_manager(held: Sequence[WrittenFile], named: Outputs, unit: str) -> Iterator[WrittenFile]:
    """Yield what supervisord writes for a unit, under whatever name.

    Where a file of the unit is not open under its name, it is one of those that have no owner.
    """
    programs = {unit, unit.rpartition(":")[2]}
    there = {each.name for each in held if not each.place.startswith("/proc/")}
    for each in held:
        auto = outputs.AUTO.fullmatch(os.path.basename(each.name))
        is_own = auto["name"] in programs if auto else each.name in named.own
        is_free = not auto and each.name not in named.others and each.number not in OUTPUTS
        if is_own or (is_free and named.own - there):
            yield each


def named_for(on: Host, unit: str) -> Outputs:
    """Return the names of the files that supervisord writes for a unit, and for all others."""
    own: Set[str] = set()
    others: Set[str] = set()
    if on.programs is None:
        return Outputs(frozenset(), frozenset())
    group, _, process = unit.partition(":")
    for one in supervisord.programs(on.programs, on.variables):
        owner, _, name = one.unit.partition(":")
        mine = owner == group and (process == "*" or name == (process or group))
        names = (os.path.realpath(log) for log in (one.log, one.error_log) if log.startswith("/"))
        (own if mine else others).update(names)
    parser = on.programs.parser
    others.add(os.path.realpath(parser.get("supervisord", "logfile", fallback="supervisord.log")))
    return Outputs(frozenset(own), frozenset(others - own))
