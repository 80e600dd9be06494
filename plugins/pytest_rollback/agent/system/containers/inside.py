"""What is inside of a container, by its namespaces: its processes, and who listens there."""

from __future__ import annotations

import os
from typing import Dict, FrozenSet, Iterable, Mapping

from .. import sockets
from ..processes import Process, family, here

FORWARDERS = frozenset(
    {
        "conmon",
        "rootlessport",
        "slirp4netns",
        "pasta",
        "pasta.avx2",
        "passt",
        "docker-proxy",
    }
)
"""Programs by which an engine holds the published ports of containers."""


def space(pid: int, kind: str) -> str:
    """Return which namespace of a kind a process is in; "" where it cannot be read."""
    try:
        return os.readlink(f"/proc/{pid}/ns/{kind}")
    except OSError:
        return ""


def members(table: Mapping[int, Process], mains: Iterable[int]) -> FrozenSet[int]:
    """Return all processes of containers, by the first process of each.

    Those that descend from it, and whatever else is in its space of process numbers, such as what
    `exec` started, where that is not our own space.
    """
    first = [pid for pid in mains if pid in table]
    spaces = {space(pid, "pid") for pid in first} - {"", here().space}
    found = set(family(table, first))
    if spaces:
        found |= {pid for pid, one in table.items() if one.lives and space(pid, "pid") in spaces}
    return frozenset(found)


def listening(pid: int, own: Iterable[int]) -> Dict[int, FrozenSet[int]]:
    """Return which of a container's processes listen on which TCP port of its network.

    Args:
        pid: a process of the container.
        own: all processes of it.
    """
    found = sockets.listeners(pid)
    held, _ = sockets.held(frozenset(each.inode for each in found), own)
    return {
        each.port: frozenset(who for who, inodes in held.items() if each.inode in inodes)
        for each in found
    }


def forwards(pid: int) -> bool:
    """Return whether a process is a program by which an engine holds published ports."""
    try:
        program = os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return False
    return os.path.basename(program.replace(" (deleted)", "")) in FORWARDERS
