"""What an undo finds before it begins: what comes back, what stands in the way, what is lost."""

from __future__ import annotations

from typing import Any, Dict, List, Sequence, Set, Tuple

from ..state import evidence, removed_directories
from . import moved_back

Entries = Sequence[Dict[str, Any]]


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
