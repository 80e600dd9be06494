"""What the state of a container means, in the words of all managers."""

from __future__ import annotations

import time
from typing import Dict, FrozenSet, Iterable, Sequence

from ...system.containers import inside
from ...system.containers.container import EngineContainer

WORDS = {
    "created": "inactive",
    "configured": "inactive",
    "initialized": "starting",
    "running": "active",
    "paused": "starting",
    "restarting": "backoff",
    "stopping": "stopping",
    "removing": "stopping",
}
"""What engines call the state of a container, and what all managers call it."""

AS_ASKED = (0, 130, 143)
"""Exit codes of a program that ended by itself, or by the signal of a stop."""

KILLED = 137

AGAIN = ("always", "unless-stopped", "on-failure")
"""Restart policies by which an engine starts what has ended."""

SOON = 15.0
"""Seconds in which podman has dealt with the end of a container, also where it has much to do."""


def of(one: EngineContainer) -> str:
    """Return how one container is, in the words of all managers."""
    if one.status == "running":
        return "active" if one.health in ("", "healthy") else "starting"
    if comes_back(one):
        return "backoff"
    if one.status in WORDS:
        return "failed" if one.status == "created" and one.error else WORDS[one.status]
    fine = one.exit_code in AS_ASKED or (one.exit_code == KILLED and not one.killed)
    return "inactive" if fine and not one.error else "failed"


def comes_back(one: EngineContainer) -> bool:
    """Return whether podman may be about to start a container again that has ended by itself.

    It is called "stopped" until podman has dealt with its end: by a start, or as "exited".
    """
    return one.status == "stopped" and one.policy in AGAIN and time.time() - one.ended < SOON


def detail(one: EngineContainer) -> str:
    """Return what else is to be said of a container."""
    if one.status == "running":
        said = f": {one.health_said}" if one.health_said else ""
        return f"its health is {one.health}{said}" if one.health not in ("", "healthy") else ""
    if one.killed:
        return "memory ran out"
    return one.error or (f"exit code {one.exit_code}" if one.exit_code else "")


def published(found: Sequence[EngineContainer], own: Iterable[int]) -> Dict[int, FrozenSet[int]]:
    """Return which processes of containers listen behind each published port."""
    ports: Dict[int, FrozenSet[int]] = {}
    for each in found:
        behind = inside.listening(each.pid, own) if each.ports else {}
        for one in each.ports:
            ports[one.port] = ports.get(one.port, frozenset()) | behind.get(one.inside, frozenset())
    return ports
