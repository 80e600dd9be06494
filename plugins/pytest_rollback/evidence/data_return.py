"""What a rollback does to data: which way was decided, and what users lose by it, in words.

`keep` leaves the database as it is, `restore` makes that of the dump the live one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from pytest_rollback.evidence.json_data import Number
from pytest_rollback.text.quantities import count

MINUTE, HOUR = 60, 3600


@dataclass(frozen=True)
class DataLoss:
    """What users lose by a change.

    Args:
        database: of which database.
        seconds: of so many seconds all that was written, reckoned from when the loss was told.
        rows: how many rows that were when it was rehearsed; None where nobody has.
        by: what loses it.
    """

    database: str = ""
    seconds: float = 0.0
    rows: int | None = None
    by: str = "a restore"

    @property
    def time(self) -> str:
        """The time as it is shown, and typed to accept it."""
        return typed(self.seconds)

    @property
    def words(self) -> str:
        """The loss for people."""
        rows = "" if self.rows is None else f" ({count(self.rows, 'row')} when it was rehearsed)"
        return f"{self.by} of {self.database} loses {self.time} of what users wrote{rows}"


@dataclass(frozen=True)
class DataRecord:
    """What a run did to data.

    Args:
        how: keep or restore, as rollback.toml says; "" where it describes no database.
        database: its name.
        sentence: the same and what was lost, for people.
        seconds, rows: what was lost; None where nothing was restored, or nobody knows how many.
    """

    how: str = ""
    database: str = ""
    sentence: str = ""
    seconds: Number | None = None
    rows: int | None = None


def typed(seconds: float) -> str:
    """Return a time as one types it, rounded up: 45s, 79m, 27h."""
    if seconds < 2 * MINUTE:
        return f"{max(0, math.ceil(seconds))}s"
    if seconds < 3 * HOUR:
        return f"{math.ceil(seconds / MINUTE)}m"
    return f"{math.ceil(seconds / HOUR)}h"


def record(how: str, database: str, losses: Iterable[DataLoss], *, begun: bool) -> DataRecord:
    """Return what a run did to a database.

    Args:
        how: what its description says.
        database: its name.
        losses: what the changes of the run have lost.
        begun: whether a rollback was begun at all.
    """
    if how == "keep":
        said = "was kept as it was" if begun else "stays as it is in a rollback"
        return DataRecord(
            how, database, f"the database {database} {said}: none of its data is lost"
        )
    lost = next(iter(losses), None)
    if lost is None:
        said = (
            f"no restore of the database {database} was carried out by this run"
            if begun
            else f"a rollback restores the database {database}: what users wrote since the dump is "
            "lost"
        )
        return DataRecord(how, database, said)
    rows = "" if lost.rows is None else f", {count(lost.rows, 'row')} when it was rehearsed"
    said = f"the database {database} was restored: lost is what users wrote in {lost.time}{rows}"
    return DataRecord(how, database, said, lost.seconds, lost.rows)
