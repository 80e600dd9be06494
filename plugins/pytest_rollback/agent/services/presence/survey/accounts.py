"""Units of accounts that run containers: those of `systemctl --user`, which no rollback changes.

They are told, so that nobody takes a host for one without them.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import re
from typing import Dict, Iterable, Iterator, Mapping, Tuple

from ....files import lookup, reach
from ....system.containers import unit_containers
from ....system.processes import Process
from ...systemd_parts import control_group

USER = re.compile(r"/user@(\d+)\.service/(?:.*/)?([^/]+\.service)(?:/|$)")
"""The control group of a service of an account's own systemd."""

QUADLET = ".container"
PLACE = ".config/containers/systemd"
SYSTEM = "/etc/containers/systemd"
LINGER = "/var/lib/systemd/linger"
"""Names the accounts whose units are started without a login."""

MOST = 400
"""Accounts whose quadlets are looked for."""


def units(table: Mapping[int, Process]) -> Iterator[str]:
    """Yield a line for each such unit: by its processes, and by the file of a quadlet."""
    seen: Dict[Tuple[str, str], str] = {}
    for name, account in _running(table):
        seen.setdefault((name, account), "runs a container")
    for path, account in _quadlets():
        name = f"{os.path.basename(path)[: -len(QUADLET)]}.service"
        seen[name, account] = f"is made of {path}"
    for (name, account), what in sorted(seen.items()):
        yield (
            f"containers of {account}: {name} {what}, under systemctl --user, which is not "
            f"handled; one of the system's own systemd is: put its file into {SYSTEM}, and see "
            "docs/recipes/quadlets.md"
        )


def _running(table: Iterable[int]) -> Iterator[Tuple[str, str]]:
    """Yield services of accounts that have a program of an engine as a process."""
    for pid in table:
        found = USER.search(control_group(pid))
        if found and unit_containers.engine_of([pid]):
            yield found[2], reach.account(int(found[1]))


def _quadlets() -> Iterator[Tuple[str, str]]:
    """Yield the files of quadlets of accounts: in their homes, and where root keeps them."""
    for account, home in _homes().items():
        for name in _names(os.path.join(home, PLACE)):
            if name.endswith(QUADLET):
                yield os.path.join(home, PLACE, name), account
    for name in _names(f"{SYSTEM}/users"):
        if name.endswith(QUADLET):
            yield f"{SYSTEM}/users/{name}", "each account"


def _homes() -> Dict[str, str]:
    """Return the homes of accounts that may have units of their own, by name."""
    found = {each: os.path.join("/home", each) for each in _names("/home")}
    for name in _names(LINGER):
        with contextlib.suppress(KeyError):
            found[name] = pwd.getpwnam(name).pw_dir
    return found


def _names(place: str) -> Iterable[str]:
    """Return what is in a directory; nothing of one that cannot be read."""
    if lookup.kind(place) != "directory":
        return ()
    try:
        return lookup.names(place, MOST)
    except OSError:
        return ()
