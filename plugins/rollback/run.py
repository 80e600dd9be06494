"""One run: the target, the connection to it, how each criterion ended, and the verdict."""

from __future__ import annotations

import datetime as dt
import getpass
import json
import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rollback import criteria
from rollback.connection import Connection, agent_sha256
from rollback.criteria import Outcome
from rollback.manifest import Loaded

GOOD: Mapping[str, str] = {"readiness": "READY", "drill": "RECOVERED", "validate": "RECOVERED"}
"""What a suite proves when every criterion of it is met; `NOT` in front when not."""


def identity(now: dt.datetime) -> str:
    """Return the id of a run that starts now: sorted by time, unique by chance."""
    return f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def operator() -> str:
    """Return who runs this, also behind sudo: `name@host`."""
    name = os.environ.get("SUDO_USER") or getpass.getuser()
    return f"{name}@{socket.gethostname()}"


@dataclass
class Run:
    """What is known of one run so far. `outcomes` grows while it goes on."""

    loaded: Loaded
    incident: str | None = None
    started: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))
    outcomes: list[Outcome] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.system = self.loaded.system
        self.connection = Connection(self.system)
        self.identity = identity(self.started)

    @property
    def suites(self) -> set[str]:
        """The suites whose criteria took part."""
        return {each.identity.split(".")[0] for each in self.outcomes}

    @property
    def exit_code(self) -> int:
        """The exit code that says what the criteria said, or why no change was allowed."""
        own = {each.code for each in self.reasons} - {0, 1, criteria.Inconclusive.exit_code}
        if own:
            return min(own)
        return criteria.exit_code(each.outcome for each in self.outcomes)

    @property
    def verdict(self) -> str:
        """READY, RECOVERED, their opposites, or INCONCLUSIVE."""
        last = next((s for s in reversed(list(GOOD)) if s in self.suites), "readiness")
        if self.exit_code == criteria.Inconclusive.exit_code:
            return "INCONCLUSIVE"
        return GOOD[last] if self.exit_code == 0 else f"NOT {GOOD[last]}"

    @property
    def reasons(self) -> list[Outcome]:
        """The outcomes that stand against the good verdict."""
        return [each for each in self.outcomes if each.outcome not in {"met", "waived"}]

    def grouped(self) -> list[str]:
        """Return the reasons as text, one paragraph for each: what is concerned, why, the way out."""
        found: dict[tuple[str, str], list[str]] = {}
        for each in self.reasons:
            where = f" [{each.component}]" if each.component else ""
            row = f"{each.outcome.upper()} {each.identity}{where}"
            found.setdefault((each.message, each.hint), []).append(row)
        return [
            "\n".join([*rows, f"  {message}", *([f"  HINT: {hint}"] if hint else []), ""])
            for (message, hint), rows in found.items()
        ]

    def record(self) -> dict[str, object]:
        """Return everything that `report.json` states."""
        target = self.system.target
        return {
            "run": self.identity,
            "verdict": self.verdict,
            "reasons": [each.message for each in self.reasons],
            "system": self.system.about.name,
            "target": {"name": target.name, "connection": target.connection},
            "incident": self.incident,
            "operator": operator(),
            "started": self.started.isoformat(timespec="seconds"),
            "finished": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            "rto": self.system.about.rto,
            "criteria": [asdict(each) for each in self.outcomes],
            "round_trips": self.connection.trips,
            "manifest": {"path": str(self.loaded.path), "sha256": self.loaded.sha256},
            "agent_sha256": agent_sha256(),
        }

    def write(self, reports: Path) -> Path:
        """Write the record into the run's own folder; nobody else can read it."""
        folder = reports / self.identity
        folder.mkdir(0o700, parents=True, exist_ok=True)
        path = folder / "report.json"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            json.dump(self.record(), file, indent=2)
        return path
