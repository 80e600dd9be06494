"""Processes of the system that belong to none of its units.

A process is of the system if what it runs lies below the root, also where that was deleted or
replaced since; if it works there as the units' user; or if a unit of a component started it,
however far it went since. A shell, an editor, a pager or another tool of the host is none.
"""

from __future__ import annotations

import os
from typing import (
    TYPE_CHECKING,
    Callable,
    FrozenSet,
    Iterable,
    List,
    Mapping,
    NamedTuple,
    Set,
    Tuple,
)

from ...files import lookup
from ...messages.services.running import NamedProcess
from ...system.command_lines import GONE, Places, described, runs, script_of, words
from ...system.containers import inside
from ...system.open_files import Identity, has_open
from ...system.processes import Process
from .traces import (
    is_tool,
    owner,
    places_of,
    plain,
    reason,
)

if TYPE_CHECKING:
    Origin = Callable[[int], str]
    """Which unit started a process, "" where nothing tells."""

OURS = "from agent.main import serve"
"""What stands in the command line of each of our own requests."""

HERE = ("", inside.space(os.getpid(), "mnt"))
"""Spaces of mounted file systems in which a path means what it means here."""

KERNEL = 2
"""The process whose children are threads of the kernel."""


class Strangers(NamedTuple):
    """Who is of the system and of no unit, and how many of the users' could not be looked at.

    `former` run what a unit runs, as one of the units' users, from a place that is gone: they may
    be of an older release that lay elsewhere.
    """

    seen: Tuple[NamedProcess, ...]
    unread: int
    former: Tuple[NamedProcess, ...] = ()


class Owned(NamedTuple):
    """What is known to be of the system.

    `processes` are those of its units, `units` the units as their manager names the origin of a
    process, and `users` the numbers of the accounts that they run as. `data` are files that nobody
    else may have open.
    """

    processes: FrozenSet[int]
    units: FrozenSet[str]
    users: FrozenSet[int]
    data: FrozenSet[Identity] = frozenset()


def look(
    roots: Iterable[str], table: Mapping[int, Process], known: Owned, origin: Origin
) -> Strangers:
    """Return who is of the system below its roots and not known, us and our callers apart.

    Args:
        roots: where the system lies, as it is named.
        table: all processes, by number.
        known: what is of the system's units.
        origin: which unit started a process.
    """
    spared, places = {*known.processes, *ours(table)}, places_of(roots)
    own = frozenset(filter(None, map(runs, map(words, known.processes))))
    seen: List[NamedProcess] = []
    former: List[NamedProcess] = []
    unread = 0
    for pid, one in sorted(table.items()):
        if pid in spared or not one.lives or KERNEL in (pid, one.parent):
            continue
        try:
            why = _why(_reason(one, places, known), pid, origin(pid), known)
            gone = "" if why or owner(pid) not in known.users else _former(pid, own)
        except PermissionError:
            unread += owner(pid) in known.users
            continue
        except OSError:  # it ended meanwhile
            continue
        if why:
            seen.append(described(one)._replace(why=why))
        elif gone:
            former.append(described(one)._replace(why=gone))
    return Strangers(tuple(seen), unread, tuple(former))


def _reason(one: Process, places: Places, known: Owned) -> str:
    """Return what makes a process one of the system, "" where nothing does."""
    why = reason(one, places, known.users)
    return why or ("it has the live database open" if has_open(one.pid, known.data) else "")


def _why(why: str, pid: int, unit: str, known: Owned) -> str:
    """Return what makes a process a stranger, with the unit that started it; "" where nothing."""
    if unit in known.units:
        left = f"{unit} started it, and does not end it"
        if why or not is_tool(os.readlink(f"/proc/{pid}/exe"), words(pid)):
            return f"{why}; {left}" if why else left
    return f"{why}; it is of {unit}, which no component names" if why and unit else why


def _former(pid: int, own: FrozenSet[str]) -> str:
    """Return what is gone of a process that runs what a unit runs; "" where nothing is.

    What a path of another container means is not to be seen here.
    """
    if inside.space(pid, "mnt") not in HERE:
        return ""
    said = words(pid)
    if runs(said) not in own:
        return ""
    places = [os.readlink(f"/proc/{pid}/{link}") for link in ("cwd", "exe")]
    script = script_of(said)
    if script.startswith("/") and not lookup.kind(script):
        places.append(f"{script}{GONE}")
    gone = [plain(place) for place in places if place.endswith(GONE)]
    return f"it runs what a unit runs, and {gone[0]} is gone" if gone else ""


def ours(table: Mapping[int, Process]) -> Set[int]:
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
