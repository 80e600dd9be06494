"""The stamp of a rehearsal of a way back: kept in the state directory."""

from __future__ import annotations

from typing import Optional

from ...stamp import StampFile
from .messages import DowngradeRehearsal, SchemaHead

STAMP = StampFile("migrate.json", "rehearsal", DowngradeRehearsal)


def read(state: str) -> Optional[DowngradeRehearsal]:
    """Return what was last rehearsed, None where nothing was.

    Raises:
        HostError: others can write the stamp, or it is damaged.
    """
    found: Optional[DowngradeRehearsal] = STAMP.read(state)
    return found


def write(state: str, rehearsal: DowngradeRehearsal) -> None:
    """Put a stamp in the place of the one there. Atomic, durable, 0600.

    Raises:
        HostError: the state directory cannot be used.
    """
    STAMP.write(state, rehearsal)


def is_good(last: Optional[DowngradeRehearsal], record: str, subject: str, commands: str) -> bool:
    """Return whether a rehearsal went well, and was about the same as today."""
    if last is None or last.problems:
        return False
    return (last.record, last.subject, last.commands) == (record, subject, commands)


def reached_in(last: DowngradeRehearsal, now: SchemaHead) -> bool:
    """Return whether a rehearsal ended at this head."""
    return last.after.digest == now.digest
