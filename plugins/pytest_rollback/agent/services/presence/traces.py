"""What a process has of a root: a program, script, module, library, directory or open file."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, FrozenSet, List

from ...files import lookup
from ...system.command_lines import GONE, INTERPRETER, Places, is_of, script_of, words
from ...system.processes import Process, environ

if TYPE_CHECKING:
    from typing import Iterable, Iterator

PYTHON = re.compile(r"(?:python|pypy)[\d.]*")
SHELL = re.compile(r"(?:ba|da|z|k)?sh[\d.]*")
MODULE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+|[A-Za-z_]\w*(?=:[A-Za-z_])")
"""A word that names a module: with a dot, or with what is in it behind a colon."""

TOOLS = ("/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/lib/", "/usr/libexec/")
"""Where the host's own programs lie."""

STANDARD = frozenset({"0", "1", "2"})
"""Descriptors that whoever starts a process leads somewhere: they say nothing of what it runs."""

WRITES = 0o3
"""The bits of the flags of a descriptor that say whether it may write."""


def places_of(roots: Iterable[str]) -> Places:
    """Return how what lies below some roots may begin; a root that is a file is all of it."""
    named = {each for root in roots for each in (os.path.realpath(root), os.path.abspath(root))}
    return tuple(each if lookup.kind(each) == "file" else f"{each}/" for each in sorted(named))


def reason(one: Process, places: Places, users: FrozenSet[int]) -> str:
    """Return what makes a process one of the system, "" where nothing does.

    Raises:
        OSError: it ended meanwhile, or may not be looked at (PermissionError).
    """
    said = words(one.pid)
    program = os.readlink(f"/proc/{one.pid}/exe")
    ran = script_below(one.pid, said, places) or (program if is_of(program, places) else "")
    ran = ran or module_below(one, said, places)
    if ran:
        return f"it runs {ran}"
    if owner(one.pid) not in users:
        return ""
    library = _mapped(one.pid, places)
    if library:
        return f"it has loaded {library}"
    if one.terminal or is_tool(program, said):
        return ""
    return _at_work(one.pid, said, places)


def _at_work(pid: int, said: List[str], places: Places) -> str:
    """Return what a process of the units' user, which is no tool, has to do with the root."""
    if is_of(f"{plain(os.readlink(f'/proc/{pid}/cwd'))}/", places):
        return "it works below the root, as the units' user"
    if said and PYTHON.fullmatch(os.path.basename(said[0])):
        leads = [each for each in searched(pid)[1:] if is_of(f"{each}/", places)]
        if leads:
            return f"its PYTHONPATH has {leads[0]}"
    written = _written(pid, places)
    return f"it writes {written}" if written else ""


def is_tool(program: str, said: List[str]) -> bool:
    """Return whether a process is a shell, or a program of the host that runs nobody's script."""
    name = os.path.basename(said[0]) if said else os.path.basename(program)
    if SHELL.fullmatch(name.lstrip("-")):
        return True
    own = bool(INTERPRETER.fullmatch(os.path.basename(plain(program))))
    return not own and program.startswith(TOOLS)


def script_below(pid: int, said: List[str], places: Places) -> str:
    """Return the program or script below the root that a command line names, "" for none."""
    if said and is_of(said[0], places):
        return said[0]
    name = script_of(said)
    if not name:
        return ""
    if not name.startswith("/"):
        name = os.path.join(os.readlink(f"/proc/{pid}/cwd"), name)
        name = name if lookup.kind(name) else ""
    return os.path.normpath(name) if is_of(os.path.normpath(name), places) else ""


def module_below(one: Process, said: List[str], places: Places) -> str:
    """Return the module below the root that a Python was told to run, "" for none.

    A server that loads an application names it as a word of its own, such as `shop.app:make`;
    at a terminal such a word may be what somebody looks at, and only `-m` counts.
    """
    if not said or not PYTHON.fullmatch(os.path.basename(said[0])):
        return ""
    named = said[said.index("-m") + 1 :][:1] if "-m" in said else []
    if not one.terminal:
        named += [found.group() for found in map(MODULE.match, said[1:]) if found]
    where = searched(one.pid) if named else []
    for name in named:
        found = _first(name.replace(".", "/"), where)
        if is_of(found, places):
            return found
    return ""


def _first(path: str, where: List[str]) -> str:
    """Return the first file that an import of a module would find, "" for none."""
    for place in where:
        for ending in (".py", "/__init__.py", "/__main__.py"):
            if lookup.kind(f"{place}/{path}{ending}") == "file":
                return f"{place}/{path}{ending}"
    return ""


def searched(pid: int) -> List[str]:
    """Return where a Python looks for modules first: its directory, then its PYTHONPATH."""
    here = plain(os.readlink(f"/proc/{pid}/cwd"))
    more = (environ(pid) or {}).get("PYTHONPATH", "").split(":")
    return [here, *(os.path.normpath(os.path.join(here, each)) for each in more if each)]


def _mapped(pid: int, places: Places) -> str:
    """Return a file below the root whose code a process has loaded, "" for none."""
    with open(f"/proc/{pid}/maps", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            fields = line.rstrip("\n").split(None, 5)
            if len(fields) == 6 and "x" in fields[1] and is_of(fields[5], places):  # noqa: PLR2004
                return fields[5]
    return ""


def _written(pid: int, places: Places) -> str:
    """Return a file below the root that a process has open to write, "" for none.

    Where its standard streams lead was chosen by whoever started it.
    """
    for name in sorted(set(os.listdir(f"/proc/{pid}/fd")) - STANDARD):
        try:
            path = os.readlink(f"/proc/{pid}/fd/{name}")
            if not is_of(path, places):
                continue
            with open(f"/proc/{pid}/fdinfo/{name}", encoding="ascii") as file:
                flags = next(line.split()[1] for line in file if line.startswith("flags:"))
        except (OSError, StopIteration):  # it was closed meanwhile
            continue
        if int(flags, 8) & WRITES:
            return path
    return ""


def owners(pids: Iterable[int]) -> Iterator[int]:
    """Yield the account of each process that is still there."""
    for pid in pids:
        uid = owner(pid)
        if uid >= 0:
            yield uid


def owner(pid: int) -> int:
    """Return the account of a process, -1 when it is gone."""
    try:
        return os.stat(f"/proc/{pid}").st_uid
    except OSError:
        return -1


def plain(path: str) -> str:
    """Return a path of /proc without the mark that it is gone."""
    return path[: -len(GONE)] if path.endswith(GONE) else path
