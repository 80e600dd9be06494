"""What the journal of a run says of its database, and words that all engines use.

Apart from all that reads a backup set: what answers a small question brings nothing of that along.
Each event is one entry of the run's journal, in the order in which they stand here.
"""

from __future__ import annotations

from typing import List

RESTORING = "database"
"""The event before anything of a restore is done, with all that undo needs to know."""

RESTORED = "database restored"
"""The event once the dump is whole beside the live database."""

SWAPPED = "database swapped"
"""The event once the restored database is the live one: its seconds, and under which name the one
before is kept."""

UNDOING = "database undo"
"""The event before a restore is taken back: from here on the run restores nothing any more."""

UNDONE = "database undone"
"""The event once the database from before the run is the live one again."""

MOST = 3
"""Names that are given in one sentence."""

BUILDING = (RESTORING, RESTORED)
"""Of these the last one tells whether what waits for the live name is whole."""

CHANGED = ("the dump changed since the plan was made", "run the same command again")
"""What is said, and the way out, where a dump is not the one that was looked at."""


def some(names: List[str]) -> str:
    """Return the first of many, and how many more there are."""
    more = len(names) - MOST
    return ", ".join(names[:MOST]) + (f" and {more} more" if more > 0 else "")
