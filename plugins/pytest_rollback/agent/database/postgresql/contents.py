"""What a dump would bring back, beside what the live database holds: rows, and whose tables are.

A dump can be whole and restorable, and still lack the rows, or give the tables to a role that is
not the service's. The live database tells what there is now; the dump tells what there would be.
"""

from __future__ import annotations

import json
import re
from typing import Callable, Dict, Iterator, List, NamedTuple, Set

from ...errors import HostError
from ..events import some
from ..messages import DatabaseProblem
from .server import Server

LISTED = re.compile(
    r"^\d+; \d+ \d+ (?P<kind>TABLE DATA|TABLE) (?P<schema>\S+) (?P<name>.*) (?P<owner>\S*)$",
    re.MULTILINE,
)
"""A table, or its rows, in an archive's list of contents."""

NAME = rb'(?P<name>(?:"(?:[^"]|"")+"|[^\s".(;]+)(?:\.(?:"(?:[^"]|"")+"|[^\s".(;]+))?)'
MADE = re.compile(rb"CREATE (?:UNLOGGED )?TABLE " + NAME, re.IGNORECASE)
FILLED = re.compile(rb"(?:COPY|INSERT\s+INTO) " + NAME, re.IGNORECASE)
OWNED = re.compile(
    rb"ALTER TABLE (?:ONLY )?" + NAME + rb" OWNER TO (?P<owner>[^;]+);", re.IGNORECASE
)
WORD = re.compile(r'"(?P<quoted>(?:[^"]|"")+)"|(?P<plain>[^."]+)')
LOOKING = "SET default_transaction_read_only = on; SET lock_timeout = '2s';"
"""What comes before a question to the live database."""

LIVE = """
SELECT coalesce(json_object_agg(n.nspname || '.' || c.relname, json_build_object(
  'owner', pg_get_userbyid(c.relowner), 'bytes', {size})), '{{}}')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema';
"""


class DumpedTables(NamedTuple):
    """The tables that a dump makes, those that it has rows for, and who owns them, where told."""

    made: Set[str]
    filled: Set[str]
    owners: Dict[str, str]

    def take(self, command: bytes) -> None:
        """Take what the first line of a statement of a plain dump says."""
        if found := MADE.match(command):
            self.made.add(unquoted(found["name"]))
        elif found := FILLED.match(command):
            self.filled.add(unquoted(found["name"]))
        elif found := OWNED.match(command):
            (owner,) = words(found["owner"].decode("utf-8", "replace").strip()) or [""]
            self.owners[unquoted(found["name"])] = owner


def nothing() -> DumpedTables:
    """Return the tables of a dump of which nothing is read yet."""
    return DumpedTables(set(), set(), {})


def words(name: str) -> List[str]:
    """Return the parts of an identifier without their quotes."""
    return [
        each["plain"] or each["quoted"].replace('""', '"')  # one of both matched
        for each in WORD.finditer(name)
    ]


def unquoted(name: bytes) -> str:
    """Return a table's name as the catalog has it: schema, dot, name."""
    parts = words(name.decode("utf-8", "replace"))
    return ".".join(parts if len(parts) > 1 else ["public", *parts])


def listed(listing: str) -> DumpedTables:
    """Return the tables of an archive by its list of contents."""
    found = nothing()
    for each in LISTED.finditer(listing):
        name = f"{each['schema']}.{each['name']}"
        if each["kind"] == "TABLE":
            found.made.add(name)
            if each["owner"]:
                found.owners[name] = each["owner"]
        else:
            found.filled.add(name)
    return found


class LiveTable(NamedTuple):
    """A table that is there now: whose it is, and the bytes of its rows."""

    owner: str
    bytes: int


def sized(asked: Callable[[str], str]) -> str:
    """Return what a query says, with the sizes of tables; where one is locked, with old sizes."""
    try:
        return asked("pg_relation_size(c.oid)")
    except HostError as problem:
        if "lock timeout" not in problem.message:
            raise
        return asked("c.relpages::bigint * 8192")


def live(server: Server, name: str) -> Dict[str, LiveTable]:
    """Return the tables of a database by schema and name.

    Raises:
        HostError: it cannot be asked.
    """
    found = json.loads(sized(lambda size: server.sql(LOOKING + LIVE.format(size=size), name)))
    return {table: LiveTable(**facts) for table, facts in found.items()}


def problems(
    dumped: DumpedTables, live: Dict[str, LiveTable], role: str, path: str
) -> Iterator[DatabaseProblem]:
    """Yield what a restore by a role would lose, against what the live database holds."""
    both = sorted(dumped.made & set(live))
    bare = [each for each in both if each not in dumped.filled and live[each].bytes]
    if bare:
        yield DatabaseProblem(
            f"the dump {path} has no rows of {len(bare)} of {len(both)} tables that hold some now: "
            f"{some(bare)}",
            "dump again with data: pg_dump -Fc, without --schema-only and --exclude-table-data",
        )
    moved = [
        f"{each} to {owner} instead of {live[each].owner}"
        for each in both
        for owner in [dumped.owners.get(each, role)]
        if owner and owner != live[each].owner
    ]
    if moved:
        yield DatabaseProblem(
            f"the dump {path} would give {len(moved)} of {len(both)} tables to another owner than "
            f"they have now: {some(moved)}",
            "dump again: pg_dump -Fc, without --no-owner; the service may not read them otherwise",
        )
