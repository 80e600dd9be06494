"""What a release did to a copy of the database: statements that failed, objects, rows.

A release may answer its users although all that it asked was refused, or bring the schema back to
what it knows, and rows with it: its answers tell nothing of that, and the throw-away server does.
"""

from __future__ import annotations

import base64
import re
from typing import Dict, Iterator, List, NamedTuple, Set, Tuple

from ...errors import shortened
from ...system.masking import shapes
from ..postgresql.server import Server, literal
from ..rehearsal import facts, objects
from ..rehearsal.guard import LOG

MARK = "rollback|"
"""What each line of the log begins with, before the code of the error."""

LINE = re.compile(r"rollback\|([0-9A-Z]{5})\|(?:ERROR|FATAL): {1,4}(.*)")
NUMBERS = re.compile(r"[0-9]+")
MOST = 1 << 20
"""Bytes of the log that are read."""

SHOWN, LETTERS = 5, 200
PASSING = ("08", "25P02", "40", "53", "55P03", "57")
"""Codes of errors that say nothing of a schema: lines that were cut, statements after one that
failed, others in the way, a server that is full or goes down."""


class ReleaseEffects(NamedTuple):
    """What was done to a copy while a release ran there.

    `failed` are statements that the server refused, by what is equal in them, in its words.
    `gone` are objects that are not there any more, `changed` those that are others now, `added`
    those that are new; `taken` are tables with fewer rows, and by how many.
    """

    failed: Dict[str, str]
    gone: Set[str]
    changed: Set[str]
    added: Set[str]
    taken: Dict[str, int]

    def beyond(self, other: ReleaseEffects) -> ReleaseEffects:
        """Return what another release did not do as well."""
        return ReleaseEffects(
            {same: words for same, words in self.failed.items() if same not in other.failed},
            self.gone - other.gone,
            self.changed - other.changed,
            self.added - other.added,
            {table: rows for table, rows in self.taken.items() if table not in other.taken},
        )

    @property
    def is_harmless(self) -> bool:
        """Whether nothing failed, and nothing is gone."""
        return not (self.failed or self.gone or self.changed or self.taken)

    def words(self) -> Tuple[str, ...]:
        """Return what is no good in it, for people."""
        taken = [f"{rows:,} rows of {table}" for table, rows in sorted(self.taken.items())]
        return (
            *some("a statement failed: {}", sorted(self.failed.values())),
            *some("it takes away {}", sorted(self.gone)),
            *some("it changes {}", sorted(self.changed)),
            *some("it takes away {}", taken),
        )


def some(words: str, found: List[str]) -> Iterator[str]:
    """Yield the first of many, and how many more there are."""
    yield from (words.format(each) for each in found[:SHOWN])
    if len(found) > SHOWN:
        yield words.format(f"{len(found) - SHOWN} more")


def watched(fresh: Server) -> int:
    """Have the server note the code of each error; return how long its log is before a release."""
    fresh.sql(f"ALTER SYSTEM SET log_line_prefix = '{MARK}%e|';")
    fresh.sql("ALTER SYSTEM SET log_min_error_statement = panic;")  # a statement has users' data
    fresh.sql("SELECT pg_reload_conf();")
    return length(fresh)


def length(fresh: Server) -> int:
    """Return the bytes of the server's log."""
    return int(fresh.sql(f"SELECT (pg_stat_file({log(fresh)})).size;"))


def log(fresh: Server) -> str:
    """Return where the server's log is, as SQL."""
    return literal(f"{fresh.host}/{LOG}")


def of(fresh: Server, copy: str, before: int) -> ReleaseEffects:
    """Return what was done to a copy.

    Args:
        fresh: the throw-away server, as its superuser.
        copy: the same database as it was before, by name.
        before: how long the log was then.

    Raises:
        HostError: the server cannot be asked.
    """
    was, now = (objects.objects(fresh, each) for each in (copy, fresh.name))
    rows, left = (counted(fresh, each) for each in (copy, fresh.name))
    return ReleaseEffects(
        failed(fresh, before),
        set(was) - set(now),
        {each for each in was if each in now and was[each] != now[each]},
        set(now) - set(was),
        {each: count - left[each] for each, count in rows.items() if count > left.get(each, count)},
    )


def counted(fresh: Server, database: str) -> Dict[str, int]:
    """Return the rows of each table that could be counted."""
    tables = facts.facts(fresh, database, float("inf")).tables
    return {
        name: each.rows
        for name, each in tables.items()
        if each.rows is not None and not each.estimated
    }


def failed(fresh: Server, before: int) -> Dict[str, str]:
    """Return the errors that the server has noted, each kind once; none that passes by itself."""
    query = f"SELECT encode(pg_read_binary_file({log(fresh)}, {before}, {MOST}), 'base64');"
    text = base64.b64decode(fresh.sql(query, most=2 * MOST)).decode("utf-8", "replace")
    found: Dict[str, str] = {}
    for line in text.splitlines():
        told = LINE.fullmatch(line)
        if told and not told[1].startswith(PASSING):
            words = shortened(shapes.masked(told[2]), LETTERS)
            found.setdefault(f"{told[1]} {NUMBERS.sub('0', words)}", words)
    return found
