"""Which installed package of Debian has brought a file, and which files one has; dpkg knows it."""

from __future__ import annotations

from typing import Dict, Iterable, List, Tuple

from ..files import lookup, reach
from .command import run

SECONDS = 20.0
"""For one question to dpkg; the largest database is read in a few."""

MERGED = ("/bin/", "/lib/", "/sbin/")
"""What lies below `/usr` by now, and is known to dpkg by either name."""


def owners(paths: Iterable[str]) -> Dict[str, str]:
    """Return the package that brought each of some files; nothing where there is no dpkg."""
    wanted: Dict[str, List[str]] = {}
    for path in paths:
        for name in _names(path):
            wanted.setdefault(name, []).append(path)
    if not wanted:
        return {}
    done = run(["dpkg-query", "--search", "--", *wanted], SECONDS)
    found: Dict[str, str] = {}
    for line in done.out.splitlines():
        packages, mark, name = line.rpartition(": ")
        if mark and not packages.startswith("diversion by"):
            for path in wanted.get(name, ()):
                found.setdefault(path, packages.split(", ")[0])
    return found


def _names(path: str) -> Tuple[str, ...]:
    """Return the names under which dpkg may know a file."""
    if any(each in path for each in "*?[\\"):
        return ()  # dpkg would take it for a pattern
    if path.startswith(MERGED):
        return (path, f"/usr{path}")
    return (path, path[4:]) if path[4:].startswith(MERGED) else (path,)


def listings(packages: Iterable[Tuple[str, str]]) -> List[str]:
    """Return the files that dpkg writes when it unpacks packages, where they are there.

    Args:
        packages: by name and architecture; the file of one has that in its name where several of
            the same name can be installed.
    """
    info = "/var/lib/dpkg/info"
    plain = ((name.partition(":")[0], architecture) for name, architecture in packages)
    paths = [f"{info}/{name}{end}.list" for name, of in plain for end in (f":{of}", "")]
    return [path for path in paths if lookup.kind(path) == "file"]


def installed_files(packages: Iterable[Tuple[str, str]]) -> List[str]:
    """Return the paths that packages, by name and architecture, have on this host, as dpkg has."""
    found = (reach.text(path).splitlines() for path in listings(packages))
    return [line for lines in found for line in lines]
