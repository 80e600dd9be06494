"""Where the programs of a database server are: those of the live one, or of its major version."""

from __future__ import annotations

import contextlib
import os
import re
from typing import Iterator

from ...errors import HostError
from ...files import lookup, ownership
from ...system import processes
from ...system.command import identity, run, surroundings
from ..postgresql import tools
from ..postgresql.server import Server, running_from

NEEDED = ("postgres", "initdb")
VERSION = re.compile(r"\(PostgreSQL\) (\d+)(?:\.(\d+))?")
ASKING = 10.0


def programs(server: Server, version: str) -> str:
    """Return the directory with the programs of a server of a major version.

    Raises:
        HostError: this host has none that only root, or who runs them, can change.
    """
    refused = ""
    for place in dict.fromkeys(candidates(server, version)):
        if not all(lookup.kind(os.path.join(place, name)) == "file" for name in NEEDED):
            continue
        refused = unfit(server, place, version) or refused
        if not unfit(server, place, version):
            return place
    others = ", ".join(dict.fromkeys(tools.installed()))
    raise HostError(
        f"this host has no programs of a PostgreSQL {version} server to rehearse with"
        + (f": {refused}" if refused else "")
        + (f"; it has those of {others}" if others else ""),
        f"install them: {tools.package(version)}; or set tools in [database] to their directory; "
        "or rehearse where they are, on a copy of the dump",
    )


def candidates(server: Server, version: str) -> Iterator[str]:
    """Yield directories to look in: that of the running server first."""
    with contextlib.suppress(OSError, IndexError, ValueError):
        yield running_from(server)
    for each in processes.processes():  # one that is asked by a port has no file that names it
        with contextlib.suppress(OSError):
            program = os.readlink(f"/proc/{each.pid}/exe")
            if os.path.basename(program) in NEEDED:
                yield os.path.dirname(program)
    if server.tools:
        yield server.tools
    for place in tools.PLACES:
        yield place.format(version)
    yield from surroundings()["PATH"].split(":")


def unfit(server: Server, place: str, version: str) -> str:
    """Return why the programs of a directory cannot be used, "" where they can."""
    account = identity(server.account)
    allowed = {account.pw_uid if account else os.geteuid()}
    for name in NEEDED:
        path = os.path.join(place, name)
        others = ownership.changers(path) - allowed
        if others:
            return ownership.told(path, others)
    told = run([os.path.join(place, "postgres"), "--version"], ASKING, user=server.account, cwd="/")
    found = VERSION.search(told.out)
    if found is None:
        return f"{place}/postgres: {told.words}"
    there = found[1] if int(found[1]) >= tools.OLD else f"{found[1]}.{found[2]}"
    return "" if there == version else f"{place} has version {there}"
