"""What a rollback does to data: which way was decided, and what users lose by it, in words.

`keep` leaves the database as it is, `restore` makes that of the dump the live one, and `migrate`
takes its migrations back by named commands.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from pytest_rollback.evidence.json_data import Number
from pytest_rollback.text.quantities import count

MINUTE, HOUR = 60, 3600

ALL = "allrows"
"""What is typed to lose whatever a migration takes away."""

MIGRATE = "migrate the database"
"""The name of the action that migrates a database back."""


@dataclass(frozen=True)
class DataLoss:
    """What users lose by a change.

    Args:
        database: of which database.
        seconds: of so many seconds all that was written, reckoned from when the loss was told.
        rows: how many rows that were when it was rehearsed; None where nobody has.
        by: what loses it.
        what: which rows and values are lost, where it is these alone and no time; "" otherwise.
    """

    database: str = ""
    seconds: float = 0.0
    rows: int | None = None
    by: str = "a restore"
    what: str = ""

    @property
    def time(self) -> str:
        """The time, or the number of rows, as it is shown, and typed to accept it."""
        return typed(AcceptedRows(self.counted) if self.what else self.seconds)

    @property
    def counted(self) -> float:
        """The rows that are lost; infinity where nobody has counted them."""
        return math.inf if self.rows is None else self.rows

    @property
    def words(self) -> str:
        """The loss for people."""
        if self.what:
            return f"{self.by} of {self.database} loses {self.what}"
        rows = "" if self.rows is None else f" ({count(self.rows, 'row')} when it was rehearsed)"
        return f"{self.by} of {self.database} loses {self.time} of what users wrote{rows}"


@dataclass(frozen=True)
class AcceptedRows:
    """So many rows, and values in columns that are taken away, that may be lost.

    Infinity is all of them, as where nobody has counted.
    """

    number: float


Acceptance = float | AcceptedRows
"""What somebody has accepted: seconds of what users wrote, or rows; infinity is anything."""


def covers(mine: Acceptance | None, lost: DataLoss, more: float) -> bool:
    """Return whether what was accepted is as much as what is lost.

    A time may be greater by so many seconds `more`.
    """
    if isinstance(mine, AcceptedRows):
        return bool(lost.what) and lost.counted <= mine.number
    if mine is None or (lost.what and math.isfinite(mine)):
        return False
    return bool(lost.what) or lost.seconds <= mine + more


@dataclass(frozen=True)
class DataRecord:
    """What a run did to data.

    Args:
        how: keep, restore or migrate, as rollback.toml says; "" where it describes no database.
        database: its name.
        sentence: the same and what was lost, for people.
        seconds, rows: what was lost; None where nothing was restored, or nobody knows how many. A
            database that was migrated back has lost rows alone.
    """

    how: str = ""
    database: str = ""
    sentence: str = ""
    seconds: Number | None = None
    rows: int | None = None


def typed(accepted: Acceptance) -> str:
    """Return what may be lost as one types it: a time, rounded up, 45s, 79m, 27h; or 412rows."""
    if isinstance(accepted, AcceptedRows):
        return f"{accepted.number}rows" if math.isfinite(accepted.number) else ALL
    seconds = accepted
    if seconds < 2 * MINUTE:
        return f"{max(0, math.ceil(seconds))}s"
    if seconds < 3 * HOUR:
        return f"{math.ceil(seconds / MINUTE)}m"
    return f"{math.ceil(seconds / HOUR)}h"


def record(
    how: str, database: str, losses: Iterable[DataLoss], *, begun: bool, took: float | None = None
) -> DataRecord:
    """Return what a run did to a database.

    Args:
        how: what its description says.
        database: its name.
        losses: what the changes of the run have lost.
        begun: whether a rollback was begun at all.
        took: the seconds in which it was migrated back, None where it was not.
    """
    if how == "migrate":
        return migrated(database, losses, begun=begun, took=took)
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


def migrated(
    database: str, losses: Iterable[DataLoss], *, begun: bool, took: float | None
) -> DataRecord:
    """Return what a run did to a database that is migrated back; parameters as in `record`."""
    how = "migrate"
    if took is None:
        said = (
            f"the database {database} was not, or not wholly, migrated back by this run"
            if begun
            else f"a rollback migrates the database {database} back, by the commands in "
            "[database.migrate]"
        )
        return DataRecord(how, database, said)
    lost = next(iter(losses), None)
    what = "no row and no value was lost, as counted when it was rehearsed"
    if lost and lost.rows is None:
        what = f"what was lost is not known: {lost.what}"
    elif lost:
        what = f"lost are {lost.what}, as counted when it was rehearsed"
    said = f"the database {database} was migrated back in {took:.1f} s: {what}"
    return DataRecord(how, database, said, None, lost.rows if lost else 0)
