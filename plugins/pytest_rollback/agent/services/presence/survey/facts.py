"""What a unit and its processes show: where they live, what they run, who listens."""

from __future__ import annotations

import os
from typing import Dict, FrozenSet, Iterator, List, Mapping, NamedTuple, Sequence, Set, Tuple

from ....configuration.units import manager as managers
from ....configuration.units import outputs
from ....configuration.units.definition import TriedTree
from ....configuration.units.sources import Installed
from ....configuration.units.surroundings import Surroundings, derived
from ....errors import HostError
from ....files import lookup, reach
from ....messages.services.survey import SurveyedUnit
from ....system import sockets, unix_sockets
from ....system.command_lines import module_of, script_of, words
from ....system.processes import Process, family
from ..traces import MODULE, PYTHON, plain, searched
from . import likely, switched, variables

SYSTEMS = (
    *("/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/nix/store", "/proc", "/run"),
    *("/sbin", "/snap", "/sys", "/usr/bin", "/usr/games", "/usr/include", "/usr/lib"),
    *("/usr/libexec", "/usr/local/bin", "/usr/local/lib", "/usr/local/sbin", "/usr/sbin"),
    *("/usr/share", "/var/cache", "/var/log", "/var/run", "/var/spool"),
)
"""Directories in which no release is deployed."""

TOO_HIGH = frozenset(
    ("/", "/home", "/media", "/mnt", "/opt", "/root", "/srv", "/usr", "/usr/local", "/var")
) | {"/tmp", "/var/lib", "/var/www"}  # noqa: S108 - nothing is made there
"""Directories that several systems share, or that say nothing."""


class FoundUnit(NamedTuple):
    """A unit as its manager names it; `own` is whether people have installed it.

    `inside` are processes of its containers: they see another host.
    """

    name: str
    manager: managers.ManagerFacts
    state: str
    pids: Tuple[int, ...]
    files: Tuple[str, ...]
    own: bool
    after: Tuple[str, ...] = ()
    order: int = 0
    socket: str = ""
    socket_file: str = ""
    unhandled: str = ""
    inside: FrozenSet[int] = frozenset()


class OpenSockets:
    """The listening sockets of some processes, read once."""

    def __init__(self, pids: Sequence[int]) -> None:
        opened = sockets.listeners()
        self.listeners = {each.inode: each.port for each in opened}
        named = {each.file[8:-1]: each.name for each in unix_sockets.listening()}
        self.paths = {inode: name for inode, name in named.items() if name.startswith("/")}
        wanted = frozenset(self.listeners) | frozenset(self.paths)
        self.held, self.unread = sockets.held(wanted, pids)
        seen = {inode for inodes in self.held.values() for inode in inodes}
        self.free = [each for each in opened if each.inode not in seen]

    def of(self, pids: Set[int]) -> Tuple[Tuple[int, ...], Tuple[str, ...]]:
        """Return the TCP ports and the unix sockets on which processes listen."""
        mine = {inode for pid in pids for inode in self.held.get(pid, ())}
        ports = {self.listeners[inode] for inode in mine if inode in self.listeners}
        return tuple(sorted(ports)), tuple(sorted(self.paths[i] for i in mine if i in self.paths))


def processes_of(unit: FoundUnit, table: Mapping[int, Process]) -> Set[int]:
    """Return the processes of a unit with all that descend from them, without its containers'."""
    return family(table, [pid for pid in unit.pids if pid in table]) - unit.inside


def seen(
    unit: FoundUnit,
    table: Mapping[int, Process],
    ports: OpenSockets,
    passed: FrozenSet[int] = frozenset(),
) -> SurveyedUnit:
    """Return all that is seen of a unit; `passed` are ports to which a proxy passes."""
    pids = processes_of(unit, table)
    about = _defined(unit)
    held, paths = ports.of(pids | unit.inside)
    shown = list(dict.fromkeys(_places(unit, about, sorted(pids))))
    first = next((pid for pid in sorted(pids)), 0)
    files, databases = variables.seen(about, first, [place for place, _ in shown])
    return SurveyedUnit(
        name=unit.name,
        manager=unit.manager.name,
        state=unit.state,
        socket=unit.socket,
        socket_file=unit.socket_file,
        files=unit.files,
        places=tuple(shown),
        directory=unit.manager.directory,
        runs=" ".join(_runs(about, first)),
        ports=held,
        sockets=paths,
        after=unit.after,
        order=unit.order,
        imports=tuple(_imports(sorted(pids))),
        started_by=tuple(about.program.files) if about else (),
        log=outputs.told(unit.manager, unit.name),
        variables=files,
        databases=databases,
        unhandled=unit.unhandled,
        unseen=bool((pids | unit.inside) & ports.unread),
        likely=tuple(_likely(pids, about, ports, passed)),
        links=tuple(switched.links(place for place, _ in shown)),
    )


def _likely(
    pids: Set[int], about: Surroundings | None, ports: OpenSockets, passed: FrozenSet[int]
) -> Iterator[Tuple[int, str]]:
    """Yield ports of a unit whose sockets were not seen, by what else tells of them."""
    if pids & ports.unread:
        told = about.environment if about else {}
        yield from likely.ports(pids, told, ports.free, ports.unread, passed)


def _defined(unit: FoundUnit) -> Surroundings | None:
    """Return how a unit is started, as its files say; None where they do not tell."""
    try:
        found = managers.defined(unit.manager, unit.name, Installed())
        return derived(unit.manager, found, TriedTree((), "/"))
    except (LookupError, OSError, HostError):
        return None


def _runs(about: Surroundings | None, pid: int) -> Iterator[str]:
    """Yield the program and the script of a unit; the rest of a command line may hold secrets."""
    said = words(pid) if pid else []
    if not said and about and about.unit.main:
        said = list(about.unit.main.argv)
    yield from (word for word in (*said[:1], script_of(said), *module_of(said)) if word)


def _places(
    unit: FoundUnit, about: Surroundings | None, pids: Sequence[int]
) -> Iterator[Tuple[str, str]]:
    """Yield where a unit lives, the likeliest first: its directory, its scripts, its programs.

    Of a unit that a package has installed, only what it runs counts.
    """
    if unit.own and about and about.unit.directory and is_apart(about.directory):
        yield about.directory, _told(unit)
    for pid in pids:
        for place, why in _shown(pid, unit.manager.place, whole=unit.own):
            if is_apart(place):
                yield place, f"{unit.name}, pid {pid}: {why}"
    for path in about.program.files if about else ():
        if is_apart(os.path.dirname(path)):
            yield os.path.dirname(path), f"{unit.name}: it runs {path}"


def _told(unit: FoundUnit) -> str:
    """Return where the working directory of a unit is said."""
    if unit.manager.name == "systemd":
        return f"systemctl show {unit.name}: WorkingDirectory"
    return f"{unit.files[0]}, {unit.name}: directory"


def _shown(pid: int, inherited: str, *, whole: bool) -> Iterator[Tuple[str, str]]:
    """Yield what a process shows; it may end meanwhile.

    `inherited` is a working directory that only its manager has chosen.
    """
    said = words(pid)
    here, program = _link(pid, "cwd"), _link(pid, "exe")
    if here and whole and here != inherited:
        yield here, "its working directory"
    script = script_of(said)
    if script:
        path = os.path.normpath(os.path.join(here, script))  # relative where we may not look
        yield os.path.dirname(path), f"it runs {path}"
    for path in dict.fromkeys((program, *[each for each in said[:1] if each.startswith("/")])):
        yield os.path.dirname(path), f"its program is {path}"


def _link(pid: int, name: str) -> str:
    """Return where a link of a process leads, "" where it is gone or not for us."""
    try:
        return plain(os.readlink(f"/proc/{pid}/{name}"))
    except OSError:
        return ""


def is_apart(place: str) -> bool:
    """Return whether a directory is one that something was deployed to."""
    if place in TOO_HIGH or not place.startswith("/"):
        return False
    return not any(f"{place}/".startswith(f"{each}/") for each in SYSTEMS)


def _imports(pids: Sequence[int]) -> Iterator[str]:
    """Yield the modules that Pythons of a unit serve, such as `shop.app:make`, if they are files.

    One that only runs when it is imported is left out: to try that would start it again.
    """
    found: Dict[str, None] = {}
    for pid in pids:
        said = words(pid)
        if not said or not PYTHON.fullmatch(os.path.basename(said[0])):
            continue
        try:
            where: List[str] = searched(pid)
        except OSError:
            continue
        for word in said[1:]:
            module, mark, name = word.partition(":")
            is_served = mark and MODULE.match(word) and name.isidentifier()
            if is_served and _file_of(module, where):
                found[word] = None
        for module in module_of(said)[1:]:
            if _is_guarded(_file_of(module, where)):
                found[module] = None
    yield from found


def _file_of(module: str, where: Sequence[str]) -> str:
    """Return the file of a module in the first directory that has one, "" for none."""
    path = module.replace(".", "/")
    paths = (f"{place}/{path}{ending}" for place in where for ending in (".py", "/__init__.py"))
    return next((each for each in paths if lookup.kind(each) == "file"), "")


def _is_guarded(path: str) -> bool:
    """Return whether a module that is run does so by its name alone, and not when imported."""
    if path.endswith("/__init__.py"):
        return lookup.kind(path.replace("__init__", "__main__")) == "file"
    try:
        return bool(path) and "__name__" in reach.text(path)
    except OSError:
        return False
