"""Where the tools of PostgreSQL are: those of the live server's major version before all others.

Where several versions are installed, PATH has one of them, and it may be another one: an older
`pg_dump` refuses a newer server, an older `pg_restore` a newer archive, and what a newer one says
an older server does not know.
"""

from __future__ import annotations

import os
import re
import shutil
from typing import Iterable, Iterator, List, Optional

from ...files import lookup, ownership
from ...system.command import identity, surroundings

CLIENTS = ("psql", "pg_dump", "pg_restore")
PLACES = ("/usr/lib/postgresql/{}/bin", "/usr/pgsql-{}/bin", "/usr/local/pgsql-{}/bin")
"""Where packages of a major version put its programs."""

MAJOR = re.compile(r"\d+")
OLD = 10
"""Since this version the first number alone is the major version."""


def major(number: int) -> str:
    """Return a server's major version by its number: 150003 is "15", 90624 is "9.6"."""
    first, rest = divmod(number, 10000)
    return str(first) if first >= OLD else f"{first}.{rest // 100}"


def where(tool: str, tools: str = "") -> Optional[str]:
    """Return where a tool of PostgreSQL is; where the manifest names a place, only there."""
    return shutil.which(tool, path=tools or surroundings()["PATH"])


def way(tool: str, tools: str = "") -> str:
    """Return how to get a tool that is not where it was looked for."""
    other = where(tool)
    if tools and other:
        return f"correct tools in [database]; without it {other} is used"
    return "set tools in [database], or install them: apt-get install postgresql-client"


def of_version(version: str, first: Iterable[str], account: str) -> str:
    """Return the directory with all clients of a major version, "" where there is none.

    Args:
        version: the major version.
        first: directories of that version to look in before those of packages.
        account: who runs them, "" for who we are; nobody else but root may change them.
    """
    for place in (*first, *(each.format(version) for each in PLACES)):
        if all(is_ours(os.path.join(place, name), account) for name in CLIENTS):
            return place
    return ""


def is_ours(path: str, account: str) -> bool:
    """Return whether a program is there, and nobody but root and who runs it can change it."""
    found = identity(account)
    try:
        others = ownership.changers(path) - {found.pw_uid if found else os.geteuid()}
    except OSError:
        return False
    return lookup.kind(path) == "file" and not others


def installed() -> Iterator[str]:
    """Yield the major versions of which this host has programs of a server, by their places."""
    for place in PLACES:
        above, _, name = place.rpartition("/bin")[0].rpartition("/")
        prefix = name.partition("{")[0]
        for each in sorted(names(above)):
            version = each[len(prefix) :]
            program = os.path.join(above, each, "bin", "postgres")
            if each.startswith(prefix) and MAJOR.match(version) and lookup.kind(program) == "file":
                yield version


def names(path: str) -> List[str]:
    """Return the names in a directory; none of one that is not there."""
    try:
        return lookup.names(path)
    except OSError:
        return []


def package(version: str) -> str:
    """Return how to install the programs of a major version."""
    return (
        f"apt-get install postgresql-{version} (of another major version than Debian's: first "
        "/usr/share/postgresql-common/pgdg/apt.postgresql.org.sh), or dnf install "
        f"postgresql{version}-server"
    )
