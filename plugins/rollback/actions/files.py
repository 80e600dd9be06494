"""Phase 2: every live file equals its recorded saved copy."""

from __future__ import annotations

from typing import Any

from rollback.connection import Connection
from rollback.gate import Action, Change
from rollback.model import System


def place(system: System) -> dict[str, Any]:
    """Return what every question about the restore states of the system."""
    about = system.about
    return {
        "root": about.root,
        "state": about.state,
        "suffix": about.suffix,
        "components": [{"name": c.name, "patterns": c.files} for c in system.components],
    }


def pending(connection: Connection, system: System) -> dict[str, Any]:
    """Return the paths that are not as recorded, their bytes, and the digest of this very plan."""
    found: dict[str, Any] = connection.ask("restore", "look", deadline=120.0, **place(system))
    return found


def restores(system: System, found: dict[str, Any]) -> tuple[Change, ...]:
    """Return one change for all files that differ; none when none differs."""
    paths = found["paths"]
    if not paths:
        return ()
    arguments = {**place(system), "digest": found["digest"]}
    what, why = f"restore {len(paths)} files", f"{paths[0]} and others differ from the record"
    return (Change("restore", "apply", what, why, system.budgets.files, arguments),)


RESTORE_FILES = Action("restore files", "files", look=pending, plan=restores)
