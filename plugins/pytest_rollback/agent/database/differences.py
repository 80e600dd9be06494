"""What a restored dump lacks beside the live database, in sentences with a way out."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Dict, Iterable, Iterator, List, NamedTuple, Optional, Set, Tuple

from .events import some
from .messages import DatabaseProblem, NewerRows, RowLoss

FEW = 10
"""Rows of a table below which a share of them says nothing."""

AGAIN = "dump again, of all of the database: pg_dump -Fc"


class TableFacts(NamedTuple):
    """A table: its bytes, its rows (None where nobody knows), and who may do what with it.

    `estimated` tells that the rows were not counted.
    """

    bytes: int
    rows: Optional[int]
    estimated: bool
    granted: Set[str]

    @property
    def holds(self) -> bool:
        """Whether there are rows."""
        return self.bytes > 0 if self.rows is None else self.rows > 0


class DatabaseFacts(NamedTuple):
    """A database: its tables by schema and name, and what else it holds."""

    tables: Dict[str, TableFacts]
    extensions: Dict[str, str]
    objects: int
    columns: str
    size: int


class Rehearsed(NamedTuple):
    """What came of a restore into a throw-away server.

    Both databases are None where the dump could not be restored, for the reason in `problems`.
    """

    restore: float
    restored: Optional[DatabaseFacts]
    live: Optional[DatabaseFacts]
    newer: Tuple[NewerRows, ...]
    problems: Tuple[DatabaseProblem, ...]
    schema: Tuple[DatabaseProblem, ...] = ()


NOTHING = Rehearsed(0.0, None, None, (), ())


class ComparedDatabases(NamedTuple):
    """What is compared: the restored dump, the live database, and what may differ.

    `tolerance` is the share of a table's rows that may be lost; `ignore` names tables. `again` says
    how to dump all of the database, and `rows` what is to be heeded so that its rows are in it.
    """

    path: str
    restored: DatabaseFacts
    live: DatabaseFacts
    tolerance: float
    ignore: tuple[str, ...]
    again: str = AGAIN
    rows: str = ", without --schema-only"

    @property
    def tables(self) -> list[str]:
        """The live tables that count, by name."""
        return sorted(each for each in self.live.tables if not is_ignored(each, self.ignore))


def is_ignored(table: str, ignore: Iterable[str]) -> bool:
    """Return whether a table is one of those to ignore, which may be patterns."""
    return any(fnmatchcase(table, each) for each in ignore)


def bare(compared: ComparedDatabases) -> Iterator[DatabaseProblem]:
    """Yield that a dump is of another database, or has no row at all where there are some now."""
    if is_other(compared):
        yield DatabaseProblem(
            f"the dump {compared.path} has none of the {len(compared.tables)} tables of the live "
            f"database: {some(compared.tables)}; it is of another database",
            "correct dump in [database]",
        )
    elif compared.tables and not any(each.holds for each in compared.restored.tables.values()):
        holding = [each for each in compared.tables if compared.live.tables[each].holds]
        if holding:
            yield DatabaseProblem(
                f"the dump {compared.path} has no rows at all, and {len(holding)} live tables hold "
                f"some now: {some(holding)}",
                f"{compared.again}{compared.rows}",
            )


def is_other(compared: ComparedDatabases) -> bool:
    """Return whether a dump has none of the live tables."""
    return bool(compared.tables) and not set(compared.tables) & set(compared.restored.tables)


def differences(compared: ComparedDatabases) -> Iterator[DatabaseProblem]:
    """Yield what the restored dump lacks of rows, objects and privileges."""
    if is_other(compared):
        yield from bare(compared)
        return
    yield from _empty(compared)
    yield from _fewer(compared)
    yield from _unknown(compared)
    yield from _privileges(compared)
    yield from _large_objects(compared)


def schema(compared: ComparedDatabases) -> Iterator[DatabaseProblem]:
    """Yield tables and extensions that the restored dump lacks, which a deploy may have made."""
    if set(compared.tables) & set(compared.restored.tables):
        yield from _missing(compared)
    gone = sorted(set(compared.live.extensions) - set(compared.restored.extensions))
    if gone:
        yield DatabaseProblem(
            f"the dump {compared.path} brings back a database without {some(gone)}, which the "
            "live one has as extensions",
            AGAIN,
        )


def _missing(compared: ComparedDatabases) -> Iterator[DatabaseProblem]:
    live, restored = compared.live.tables, compared.restored.tables
    missing = [each for each in compared.tables if each not in restored and live[each].holds]
    if missing:
        yield DatabaseProblem(
            f"the dump {compared.path} lacks {len(missing)} of {len(live)} tables that hold rows "
            f"now: {some(missing)}",
            f"{compared.again}; tables that were made since may be named in ignore in "
            "[database.rehearsal]",
        )


def _empty(compared: ComparedDatabases) -> Iterator[DatabaseProblem]:
    live, restored = compared.live.tables, compared.restored.tables
    both = [each for each in compared.tables if each in restored]
    empty = [each for each in both if live[each].holds and not restored[each].holds]
    if empty:
        yield DatabaseProblem(
            f"the dump {compared.path} has no rows for {len(empty)} of {len(both)} tables that "
            f"hold some now: {some(empty)}",
            f"{compared.again}{compared.rows}; tables that may be empty: ignore in "
            "[database.rehearsal]",
        )


def _fewer(compared: ComparedDatabases) -> Iterator[DatabaseProblem]:
    """Yield which tables would lose more rows than they may."""
    fewer = [
        f"{loss.table} {loss.restored:,} of {'about ' * loss.estimated}{loss.live:,} rows"
        for loss in losses(compared)
        if loss.restored
        and loss.live >= FEW
        and loss.restored < loss.live * (1 - compared.tolerance)
    ]
    if fewer:
        yield DatabaseProblem(
            f"the dump {compared.path} would lose more than {compared.tolerance:.0%} of the rows "
            f"of {len(fewer)} of {len(compared.tables)} tables: {some(fewer)}",
            f"{compared.again}; or set tolerance in [database.rehearsal]; where it says about: "
            "ANALYZE the live table, and rehearse again",
        )


def _unknown(compared: ComparedDatabases) -> Iterator[DatabaseProblem]:
    """Yield tables of which nobody knows the rows, and that are much smaller once restored."""
    live, restored = compared.live.tables, compared.restored.tables
    unknown = [
        each
        for each in compared.tables
        if each in restored
        and live[each].rows is None
        and restored[each].holds
        and restored[each].bytes < live[each].bytes * (1 - compared.tolerance)
    ]
    if unknown:
        yield DatabaseProblem(
            f"nobody knows how many rows {len(unknown)} of {len(live)} live tables have, which are "
            f"much smaller once {compared.path} is restored: {some(unknown)}",
            "ANALYZE them on the live server, as their owner; then rollback rehearse",
        )


def losses(compared: ComparedDatabases) -> Iterator[RowLoss]:
    """Yield each table of both with fewer rows than it has now."""
    for each in compared.tables:
        there, now = compared.restored.tables.get(each), compared.live.tables[each]
        if there and there.rows is not None and now.rows is not None and there.rows < now.rows:
            yield RowLoss(each, there.rows, now.rows, now.estimated)


def _privileges(compared: ComparedDatabases) -> Iterator[DatabaseProblem]:
    lost = [
        f"{each} ({some(sorted(gone))})"
        for each in compared.tables
        if each in compared.restored.tables
        for gone in [compared.live.tables[each].granted - compared.restored.tables[each].granted]
        if gone
    ]
    if lost:
        yield DatabaseProblem(
            f"after a restore of {compared.path} privileges lack on {len(lost)} of "
            f"{len(compared.tables)} tables: {some(lost)}",
            f"{AGAIN}, without --no-privileges; the service may not get at its rows otherwise",
        )


def _large_objects(compared: ComparedDatabases) -> Iterator[DatabaseProblem]:
    """Yield that fewer large objects come back than may be lost."""
    there, now = compared.restored.objects, compared.live.objects
    if now and there < now * (1 - compared.tolerance):
        yield DatabaseProblem(
            f"the dump {compared.path} has {there:,} of {now:,} large objects",
            f"{AGAIN} --large-objects (before version 16: --blobs)",
        )


Objects = Dict[str, str]
"""What each object is, or a digest of that, by its kind and name."""


def objects(
    compared: ComparedDatabases, restored: Objects, live: Objects
) -> Iterator[DatabaseProblem]:
    """Yield what a restored database has not, has otherwise, or has too much."""
    for words, names in (
        ("lacks", sorted(set(live) - set(restored))),
        ("would bring back otherwise", altered(restored, live)),
        ("would bring back, beside what there is now,", sorted(set(restored) - set(live))),
    ):
        if names:
            yield DatabaseProblem(
                f"the dump {compared.path} {words} {len(names):,} of {len(live):,} objects: "
                f"{some(names)}",
                f"{compared.again}; and rehearse before a deploy changes the schema",
            )


def altered(restored: Objects, live: Objects) -> List[str]:
    """Return the names of objects that both have, and that differ."""
    return sorted(each for each, what in live.items() if restored.get(each, what) != what)
