"""Processes of the system that belong to none of its units: what they run lies below the root.

A process is of the system if its program, its script or a library that it runs lies below the root,
also one that was deleted or replaced since; or if it works below the root as the units' user and is
no tool of the host. A shell, an editor or a pager that somebody opened there is none.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, FrozenSet, Iterable, List, Mapping, NamedTuple, Set, Tuple

from ..messages.services.running import NamedProcess
from ..system.processes import Process, began

if TYPE_CHECKING:
    from typing import Iterator

INTERPRETER = re.compile(
    r"(?:python|pypy|perl|ruby|php|node|nodejs|lua|java|bun|deno|bash|dash|sh|zsh|ksh)[\d.]*"
)
SHELL = re.compile(r"(?:ba|da|z|k)?sh[\d.]*")
TOOLS = ("/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/lib/", "/usr/libexec/")
"""Where the host's own programs lie."""

OURS = "from agent.main import serve"
"""What stands in the command line of each of our own requests."""

KERNEL = 2
"""The process whose children are threads of the kernel."""

GONE = " (deleted)"
LONGEST = 1 << 16
"""Bytes of a command line that are read."""


class Strangers(NamedTuple):
    """Who is of the system and of no unit, and how many of the users' could not be looked at.

    `former` run what a unit runs, as one of the units' users, from a place that is gone: they may
    be of an older release that lay elsewhere.
    """

    seen: Tuple[NamedProcess, ...]
    unread: int
    former: Tuple[NamedProcess, ...] = ()


def look(
    root: str, table: Mapping[int, Process], known: Iterable[int], users: FrozenSet[int]
) -> Strangers:
    """Return who is of the system below a root and not `known`, us and our callers apart.

    Args:
        root: the system's root, as it is named.
        table: all processes, by number.
        known: the processes of units.
        users: the numbers of the accounts that units run as.
    """
    spared = {*known, *_ours(table)}
    places = tuple({f"{os.path.realpath(root)}/", f"{os.path.abspath(root)}/"})
    own = frozenset(filter(None, map(_runs, map(words, known))))
    seen: List[NamedProcess] = []
    former: List[NamedProcess] = []
    unread = 0
    for pid, one in sorted(table.items()):
        if pid in spared or not one.lives or KERNEL in (pid, one.parent):
            continue
        try:
            why = _reason(one, places, users)
            gone = "" if why or _owner(pid) not in users else _former(pid, own)
        except PermissionError:
            unread += _owner(pid) in users
            continue
        except OSError:  # it ended meanwhile
            continue
        if why:
            seen.append(described(one)._replace(why=why))
        elif gone:
            former.append(described(one)._replace(why=gone))
    return Strangers(tuple(seen), unread, tuple(former))


def _former(pid: int, own: FrozenSet[str]) -> str:
    """Return what is gone of a process that runs what a unit runs; "" where nothing is."""
    said = words(pid)
    if _runs(said) not in own:
        return ""
    places = [os.readlink(f"/proc/{pid}/{link}") for link in ("cwd", "exe")]
    script = script_of(said)
    if script.startswith("/") and not os.path.exists(script):
        places.append(f"{script}{GONE}")
    gone = [_plain(place) for place in places if place.endswith(GONE)]
    return f"it runs what a unit runs, and {gone[0]} is gone" if gone else ""


def _runs(said: List[str]) -> str:
    """Return the name of what a command line runs: of a script, of a module, or of a program."""
    script = os.path.basename(script_of(said))
    if script or not said:
        return script
    name = os.path.basename(said[0].lstrip("-"))
    if not INTERPRETER.fullmatch(name):
        return name
    return " ".join(said[said.index("-m") : said.index("-m") + 2]) if "-m" in said else ""


def _ours(table: Mapping[int, Process]) -> Set[int]:
    """Return us, those who called us, and every request of ours with what it started."""
    found: Set[int] = set()
    pid = os.getpid()
    while pid in table and pid not in found:
        found.add(pid)
        pid = table[pid].parent
    more = {pid for pid in table if OURS in "\n".join(words(pid))}
    while more:
        found |= more
        more = {each.pid for each in table.values() if each.parent in more} - found
    return found


def _reason(one: Process, places: Tuple[str, ...], users: FrozenSet[int]) -> str:
    """Return what makes a process one of the system, "" where it is none."""
    said = words(one.pid)
    script = _script(one.pid, said, places)
    if script:
        return f"it runs {script}"
    program = os.readlink(f"/proc/{one.pid}/exe")
    if program.startswith(places):
        return f"it runs {program}"
    uid = _owner(one.pid)
    if uid in users:
        library = _mapped(one.pid, places)
        if library:
            return f"it has loaded {library}"
        if not one.terminal and _works_there(one.pid, program, said, places):
            return "it works below the root, as the units' user"
    return ""


def _script(pid: int, said: List[str], places: Tuple[str, ...]) -> str:
    """Return the program or script below the root that a command line names, "" for none."""
    if said and said[0].startswith(places):
        return said[0]
    name = script_of(said)
    if not name:
        return ""
    if not name.startswith("/"):
        name = os.path.join(os.readlink(f"/proc/{pid}/cwd"), name)
        name = name if os.path.exists(name) else ""
    return os.path.normpath(name) if os.path.normpath(name).startswith(places) else ""


def script_of(said: List[str]) -> str:
    """Return what an interpreter was told to run, "" where a command line is of none."""
    if not said or not INTERPRETER.fullmatch(os.path.basename(said[0].lstrip("-"))):
        return ""
    for word in said[1:]:
        if word in {"-c", "-m", "-e", "-"}:
            return ""
        if not word.startswith("-"):
            return word
    return ""


def _mapped(pid: int, places: Tuple[str, ...]) -> str:
    """Return a file below the root whose code a process has loaded, "" for none."""
    with open(f"/proc/{pid}/maps", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            fields = line.rstrip("\n").split(None, 5)
            if len(fields) == 6 and "x" in fields[1] and fields[5].startswith(places):  # noqa: PLR2004
                return fields[5]
    return ""


def _works_there(pid: int, program: str, said: List[str], places: Tuple[str, ...]) -> bool:
    """Return whether a process works below the root and is no tool that somebody uses there."""
    directory = os.readlink(f"/proc/{pid}/cwd")
    if not f"{_plain(directory)}/".startswith(places):
        return False
    name = os.path.basename(said[0]) if said else os.path.basename(program)
    if SHELL.fullmatch(name.lstrip("-")):
        return False
    own = bool(INTERPRETER.fullmatch(os.path.basename(_plain(program))))
    return own or not program.startswith(TOOLS)


def described(one: Process) -> NamedProcess:
    """Return a process for people: program and script only, since options may hold secrets."""
    said = words(one.pid)
    script = script_of(said)
    command = f"{said[0]} {script}".strip() if said else _name(one.pid)
    try:
        directory = os.readlink(f"/proc/{one.pid}/cwd")
    except OSError:
        directory = ""
    return NamedProcess(one.pid, command, directory, began(one))


def words(pid: int) -> List[str]:
    """Return the command line of a process; nothing where it has none or is gone."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            text = file.read(LONGEST).decode("utf-8", "surrogateescape")
    except OSError:
        return []
    return [word for word in text.split("\0") if word]


def owners(pids: Iterable[int]) -> Iterator[int]:
    """Yield the account of each process that is still there."""
    for pid in pids:
        uid = _owner(pid)
        if uid >= 0:
            yield uid


def _owner(pid: int) -> int:
    """Return the account of a process, -1 when it is gone."""
    try:
        return os.stat(f"/proc/{pid}").st_uid
    except OSError:
        return -1


def _name(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return "?"


def _plain(path: str) -> str:
    return path[: -len(GONE)] if path.endswith(GONE) else path
