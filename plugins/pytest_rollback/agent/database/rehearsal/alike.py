"""Are the rows of a dump those of the live database? Another one may have the same tables.

Of each table the rows at both ends of its primary key are taken from the restored dump, and asked
for in the live database by that key: a few by index, however large the table is. Rows change; but
hardly ever all columns of all rows in which each row had a value of its own. A table where they do
is of another database, as of a staging one; and so is a dump where most tables are.
"""

from __future__ import annotations

from typing import Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ..differences import FEW, ComparedDatabases
from ..events import some
from ..messages import DatabaseProblem

TABLES = 12
"""How many tables are asked, those with most rows first."""

ROWS = 10
"""How many rows are taken from each end of a table."""

COLUMNS = 40
"""How many columns of a table are compared, beside its key."""

LEAST = 0.05
"""The share of rows alike in a column below which it has other values."""

Row = Sequence[Optional[str]]
"""The values of a row's key, and digests of its other columns; None for none."""


class TableKey(NamedTuple):
    """A table's columns: those of its primary key in their order, and others to compare."""

    key: Tuple[str, ...]
    others: Tuple[str, ...]

    @classmethod
    def of(cls, key: Iterable[str], columns: Iterable[str]) -> TableKey:
        """Return the key of a table with these columns."""
        own = tuple(key)
        return cls(own, tuple(each for each in columns if each not in own))


Keys = Dict[str, TableKey]
"""Tables that have a primary key, by name."""


class Sample(NamedTuple):
    """Rows of a table of a restored dump, by the values of their keys."""

    table: str
    about: TableKey
    rows: Dict[Row, Row]

    @classmethod
    def of(cls, table: str, about: TableKey, found: Iterable[Row]) -> Sample:
        """Return what was found, some rows of it twice."""
        size = len(about.key)
        return cls(table, about, {tuple(row[:size]): tuple(row[size:]) for row in found})

    @property
    def keys(self) -> List[Tuple[str, ...]]:
        """The values of each row's key."""
        return [tuple(map(str, key)) for key in self.rows]

    def is_alike(self, live: Iterable[Row]) -> Optional[bool]:
        """Return whether live rows are these; None where that cannot be told."""
        now = Sample.of(self.table, self.about, live).rows
        telling = [place for place, _ in enumerate(self.about.others) if self._tells(place)]
        if len(self.rows) < FEW or not telling:
            return None
        same = (sum(self._is_same(key, now, each) for key in self.rows) for each in telling)
        return max(same) >= LEAST * len(self.rows)

    def _tells(self, place: int) -> bool:
        """Return whether most rows have a value of their own in a column."""
        return len({row[place] for row in self.rows.values()} - {None}) * 2 > len(self.rows)

    def _is_same(self, key: Row, now: Dict[Row, Row], place: int) -> bool:
        return key in now and now[key][place] == self.rows[key][place]


class Alike(NamedTuple):
    """The tables whose rows are live, and those that have other rows."""

    same: Tuple[str, ...] = ()
    other: Tuple[str, ...] = ()

    def plus(self, sample: Sample, live: Iterable[Row]) -> Alike:
        """Return this with one table more."""
        judged = sample.is_alike(live)
        if judged is None:
            return self
        same, other = ((sample.table,), ()) if judged else ((), (sample.table,))
        return Alike(self.same + same, self.other + other)


def shared(compared: ComparedDatabases, restored: Keys, live: Keys) -> Keys:
    """Return the tables to ask, with the columns that both have; the one with most rows first."""
    rows = {name: each.rows or 0 for name, each in compared.restored.tables.items()}
    both = [each for each in compared.tables if each in restored and each in live]
    same = [each for each in both if restored[each].key == live[each].key and rows.get(each)]
    largest = sorted(same, key=lambda each: -rows[each])[:TABLES]
    return {each: _common(restored[each], live[each]) for each in largest}


def _common(one: TableKey, other: TableKey) -> TableKey:
    return TableKey(one.key, tuple(e for e in one.others if e in other.others)[:COLUMNS])


def ends(what: str, place: str, keys: List[str], where: str = "") -> str:
    """Return the query for some rows at both ends of a table; all is SQL already."""
    down = ", ".join(f"{each} DESC" for each in keys)
    first = f"SELECT {what} FROM {place}{where} ORDER BY {', '.join(keys)} LIMIT {ROWS}"  # noqa: S608
    last = f"SELECT {what} FROM {place}{where} ORDER BY {down} LIMIT {ROWS}"  # noqa: S608
    return f"SELECT * FROM ({first}) one UNION ALL SELECT * FROM ({last}) two"  # noqa: S608


def among(keys: List[str], rows: Iterable[Sequence[str]]) -> str:
    """Return the condition that a row is one of these; all is SQL already."""
    names = keys[0] if len(keys) == 1 else f"({', '.join(keys)})"
    values = (row[0] if len(row) == 1 else f"({', '.join(row)})" for row in rows)
    return f"{names} IN ({', '.join(values)})"


def problems(compared: ComparedDatabases, found: Alike) -> Iterator[DatabaseProblem]:
    """Yield that most tables of a dump have other rows than the live database."""
    if len(found.other) > len(found.same):
        yield DatabaseProblem(
            f"the dump {compared.path} has other rows under the same keys than the live database, "
            f"in {len(found.other)} of {len(found.other) + len(found.same)} tables that can tell: "
            f"{some(list(found.other))}; it is of another database with the same tables",
            f"correct dump in [database]; or {compared.again}; tables whose rows all change may be "
            "named in ignore of [database.rehearsal]",
        )
