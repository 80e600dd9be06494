"""What an undo finds before it begins: what comes back, what stands in the way, what is lost."""

from __future__ import annotations

import importlib
from typing import Any, Dict, List, Sequence, Set, Tuple

from ..messages.rollback.migrations import FORWARD as FORWARDING
from ..messages.rollback.migrations import MIGRATED, MIGRATING, MIGRATIONS
from ..messages.rollback.undo import RELEASE, UndoRequest
from ..state import evidence, removed_directories
from . import moved_back

Entries = Sequence[Dict[str, Any]]

RETURN = "backup.strategies.returned"
"""What brings a release back; it travels only to systems whose commands can."""

FORWARD = "database.previous.downgrade.upgrade"
"""What migrates a database forward again; it travels only where rollback.toml names commands."""

NO_COMMANDS = "the release cannot be undone: rollback.toml has no [release.commands]"

NO_MIGRATIONS = (
    "the migration of the database cannot be undone: rollback.toml has no [database.migrate]"
)


class Findings:
    """What undo brings back, what stands in its way, each with its path, and what is lost."""

    def __init__(self) -> None:
        self.files: List[str] = []
        self.moved: List[str] = []
        self.conflicts: List[Tuple[str, str]] = []
        self.lost: List[str] = []

    def add(self, found: Tuple[List[Any], ...], *lists: List[Any]) -> None:
        """Add what was found to some of the lists."""
        for each, known in zip(found, lists):
            known.extend(each)

    def miss(self, paths: Sequence[str], why: str, apart: Set[str]) -> None:
        """Add what is lost, but for what is left out anyway."""
        gone = [path for path in paths if path not in apart]
        self.lost += gone
        self.conflicts += [(path, f"{path}: {why}") for path in gone]

    def told(self) -> List[Tuple[str, str]]:
        """Return every conflict once: what is lost is one."""
        named = {path for path, _ in self.conflicts}
        more = (path for path in dict.fromkeys(self.lost) if path not in named)
        return self.conflicts + [(path, f"{path}: {moved_back.GONE}") for path in more]


def away(written: Entries) -> Dict[str, str]:
    """Return where failed versions are in the run's folder; "" for directories."""
    moves = [each for each in of(written, evidence.MOVING) if each["kind"] == evidence.FAILED]
    gone = [
        each[0]
        for entry in of(written, removed_directories.EMPTYING)
        for each in entry["directories"]
    ]
    kept = {each[0]: f"{evidence.FOLDER}/{each[1]}" for entry in moves for each in entry["moves"]}
    return {**dict.fromkeys(gone, ""), **kept}


def of(written: Entries, event: str) -> List[Dict[str, Any]]:
    """Return the entries of an event."""
    return [each for each in written if each["event"] == event]


def migrations(written: Entries) -> List[Dict[str, Any]]:
    """Return the entries about a database that was migrated back, the first that begins it."""
    about = (MIGRATING, MIGRATED, FORWARDING)
    return [each for each in written if each["event"] in about] if of(written, MIGRATING) else []


def sent(name: str) -> Any:  # noqa: ANN401 - a module
    """Return a module of the agent that travels only to some systems."""
    return importlib.import_module(f"{__package__.rpartition('.')[0]}.{name}")


def forward(
    request: UndoRequest, written: List[Dict[str, Any]], apart: Set[str]
) -> Tuple[List[str], List[Tuple[str, str]]]:
    """Return what undo would run for a database, and what prevents it."""
    if not written or MIGRATIONS in apart:
        return [], []
    if request.migrations is None:
        return [], [(MIGRATIONS, NO_MIGRATIONS)]
    found: Tuple[List[str], List[Tuple[str, str]]] = sent(FORWARD).standing(
        request.migrations, written
    )
    return found


def returned(
    request: UndoRequest, written: List[Dict[str, Any]], apart: Set[str]
) -> Tuple[List[str], List[Tuple[str, str]]]:
    """Return what undo would run for a release, and what prevents it."""
    if not written or RELEASE in apart:
        return [], []
    if request.release is None:
        return [], [(RELEASE, NO_COMMANDS)]
    found: Tuple[List[str], List[Tuple[str, str]]] = sent(RETURN).standing(request.release, written)
    return found
