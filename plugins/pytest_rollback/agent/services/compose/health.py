"""The health command of a container, run by us where nobody else does in time."""

from __future__ import annotations

import os
import time
from typing import Dict

from ...system.containers.container import EngineContainer
from ...system.containers.engine import Engine

ASK_HEALTH = 1.0
"""Seconds between two runs of a health command that we ask for."""


class HealthCommands:
    """Runs health commands, none of them more often than once a second.

    podman has timers of systemd run them, the first time after a whole interval, and on a host
    without systemd never. docker runs them itself.
    """

    def __init__(self) -> None:
        self.next: Dict[str, float] = {}

    def of(self, engine: Engine, one: EngineContainer) -> EngineContainer:
        """Return a container with its health as it is now."""
        if one.health in ("", "healthy") or engine.name != "podman" or one.status != "running":
            return one
        if one.health == "unhealthy" and has_timers():
            return one
        if time.monotonic() < self.next.get(one.id, 0.0):
            return one
        outcome = engine.call("healthcheck", "run", one.id)
        self.next[one.id] = time.monotonic() + ASK_HEALTH
        if outcome.code == 0 and not outcome.timed_out:
            return one._replace(health="healthy")
        return one._replace(health_said=one.health_said or outcome.words)


def has_timers() -> bool:
    """Return whether this host has a systemd, which runs the health commands of podman."""
    return os.path.isdir("/run/systemd/system")
