"""Rows of a dump, asked for in the live file of SQLite."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Sequence, Tuple

from ...errors import HostError
from ..differences import ComparedDatabases
from ..rehearsal import alike
from ..rehearsal.alike import Alike, Keys, Sample, TableKey
from . import library
from .live import LiveFile

Query = Tuple[str, Tuple[str, ...], bool]

KEYS = """
SELECT m.name, c.name, c.pk FROM sqlite_master m JOIN pragma_table_info(m.name) c
WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite@_%' ESCAPE '@' ORDER BY m.name, c.name
"""
LONGEST = 200
"""Letters of a value that count."""


def keys(there: LiveFile, timeout: float) -> Keys:
    """Return the tables of the live file with a primary key.

    Raises:
        HostError: it cannot be read.
    """
    (rows,) = _asked(there, timeout, [(KEYS, (), True)])
    places: Dict[str, Dict[int, str]] = {}
    columns: Dict[str, List[str]] = {}
    for table, column, place in rows:
        columns.setdefault(table, []).append(column)
        if int(place):
            places.setdefault(table, {})[int(place)] = column
    return {
        table: TableKey.of([found[each] for each in sorted(found)], columns[table])
        for table, found in places.items()
    }


def queries(live: Keys) -> List[Query]:
    """Return the questions to the dump for rows of these tables, in their order."""
    return [(_ends(table, about), (), True) for table, about in live.items()]


def alike_rows(
    compared: ComparedDatabases,
    there: LiveFile,
    timeout: float,
    found: Sequence[Tuple[Tuple[str, TableKey], Sequence[Sequence[Any]]]],
) -> Alike:
    """Return which tables have the rows of a dump.

    Args:
        compared: both databases.
        there: the live file.
        timeout: seconds for the live file.
        found: each table with its key, and the rows that the dump has.
    """
    about = dict(each for each, _ in found)
    wanted = alike.shared(compared, about, about)
    rows = {table: each for (table, _), each in found}
    samples = [Sample.of(table, key, rows[table]) for table, key in wanted.items()]
    samples = [each for each in samples if each.rows]
    try:
        live = _asked(there, timeout, list(map(_live, samples)))
    except HostError:  # its writers are busy: nothing is known
        return Alike()
    total = Alike()
    for sample, said in zip(samples, live):
        total = total.plus(sample, said)
    return total


def _ends(table: str, about: TableKey) -> str:
    names = list(map(_quoted, about.key))
    plain = " AND ".join(f"typeof({each}) NOT IN ('blob', 'null')" for each in names)
    return alike.ends(_row(about), _quoted(table), names, f" WHERE {plain}")


def _live(sample: Sample) -> Query:
    names = list(map(_quoted, sample.about.key))
    marks = [("?",) * len(names)] * len(sample.rows)
    values = tuple(value for key in sample.keys for value in key)
    where = alike.among(names, marks)
    if len(names) > 1:  # older than 3.15 knows no rows of values
        one = " AND ".join(f"{each} = ?" for each in names)
        where = " OR ".join([f"({one})"] * len(sample.rows))
    query = f"SELECT {_row(sample.about)} FROM {_quoted(sample.table)} WHERE {where}"  # noqa: S608
    return query, values, True


def _row(about: TableKey) -> str:
    """Return a row as SQL: the values of its key, and the beginnings of the others."""
    others = (f"substr(quote({_quoted(each)}), 1, {LONGEST})" for each in about.others)
    return ", ".join([*map(_quoted, about.key), *others])


def _quoted(name: str) -> str:
    """Return a name as SQL, in the quotes in which it can be nothing else, as text is."""
    return "`" + name.replace("`", "``") + "`"


def _asked(there: LiveFile, timeout: float, asked: List[Query]) -> Iterator[List[List[Any]]]:
    """Return the answers of the live file."""
    path = there.path
    return iter(library.asked("read", there.account, timeout, path=path, queries=asked))
