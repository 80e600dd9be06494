"""What a sandbox is and how it is, for people and programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pytest_rollback.extras.sandbox.common import health

UNKNOWN = "UNKNOWN"
"""The state of a unit that the service manager could not be asked about."""


@dataclass(frozen=True)
class UnitStatus:
    """One unit: its state in the service manager's words, and whether its component is healthy.

    `healthy` is None for a unit that is no component, such as the edge proxy.
    """

    state: str = UNKNOWN
    healthy: bool | None = None


@dataclass(frozen=True)
class EdgeStatus:
    """The URL that users ask, and the HTTP status of its answer; 0 when nothing answered."""

    url: str
    status: int

    @classmethod
    def of(cls, url: str) -> EdgeStatus:
        """Ask the URL once."""
        return cls(url, health.ask(url).status)


@dataclass(frozen=True)
class SandboxStatus:
    """One sandbox: where it lies, whether it runs, its release, its units by name, its ports."""

    directory: Path
    manifest: Path
    running: bool
    release: str
    units: Mapping[str, UnitStatus]
    edge: EdgeStatus
    ports: Mapping[str, int]

    @property
    def healthy(self) -> bool:
        """Whether every component answers as its health probe wants it."""
        return self.running and all(each.healthy is not False for each in self.units.values())
