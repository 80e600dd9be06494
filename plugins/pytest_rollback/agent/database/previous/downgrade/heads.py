"""Where a database is, and whether that is what the previous release needs.

A database with the table of a known migration tool is where that says; any other one is told by all
that it has beside rows.
"""

from __future__ import annotations

import hashlib
import json
from typing import Dict, List, NamedTuple, Tuple

from ....messages.location import Location
from ...events import some
from ...messages import Migrations, MigrationState
from ...migrations import look as migrations
from ...migrations.tools import AND, TOOLS, normal
from ...postgresql.applied import live_tables
from ...postgresql.server import Server
from ...rehearsal import objects
from .messages import SchemaHead

LETTERS = 12
"""Letters of a fingerprint that people see, and name as target."""


class HeadNeed(NamedTuple):
    """Whether the previous release needs another head: what speaks for that, in words.

    Unless `is_known`, that cannot be told by its files, and no target is named.
    """

    words: str
    is_known: bool

    @property
    def is_met(self) -> bool:
        """Whether it is known that no other head is needed."""
        return self.is_known and not self.words


def head(server: Server) -> SchemaHead:
    """Return where the database of a server is.

    Raises:
        HostError: it cannot be asked.
    """
    tables = live_tables(server)
    found: List[Tuple[str, str, List[str]]] = []
    last: Dict[str, List[str]] = {}
    for name, table, columns in tables.tables:
        tool = migrations.known(table, columns)
        if tool:
            applied = [normal(each) for each in tables.asked(tool.applied.format(table=name))]
            found.append((name, tool.name, sorted(applied)))
            last[tool.name] = applied if tool.latest else applied[-1:]
    if not found:
        return fingerprint(server)
    words = (f"{name} {', '.join(ids) or 'without a migration'}" for name, ids in last.items())
    ids = tuple(each for ids in last.values() for each in ids)
    return SchemaHead(AND.join(words), digest(sorted(found)), ids, AND.join(last))


def fingerprint(server: Server) -> SchemaHead:
    """Return where a database is that no tool tells: the digest of all it has beside rows."""
    whole = digest(sorted(objects.objects(server, server.name).items()))
    return SchemaHead(f"schema {whole[:LETTERS]}", whole, (whole[:LETTERS],), "")


def digest(found: object) -> str:
    """Return the digest of what was found."""
    return hashlib.sha256(json.dumps(found).encode()).hexdigest()


def need(location: Location, server: Server, now: SchemaHead, target: str) -> HeadNeed:
    """Return whether the previous release needs another head than the one a database has.

    Args:
        location: where its backup set is.
        server: the database.
        now: where it is.
        target: the head that rollback.toml names, "" for none.

    Raises:
        HostError: the server does not answer, or there is no record of a previous release.
    """
    if target:
        is_there = normal(target) in now.ids
        return HeadNeed("" if is_there else f"it is at {now.words}, not at {target}", is_known=True)
    if not now.tool:
        return HeadNeed("no migration tool is known there, and no target is named", is_known=False)
    return judged(migrations.look(location, live_tables(server)))


def judged(found: Migrations) -> HeadNeed:
    """Return what the files of the previous release say."""
    unknown = [each.tool for each in found.tools if each.applied and not each.judged]
    words = [f"{each.tool} {one.id}" for each in found.tools for one in each.ahead]
    ahead = [f"ahead of the previous release by {some(words)}"] if words else []
    short = [f"{each.tool} {one}" for each in found.tools for one in lacking(each)]
    behind = [f"the previous release needs {some(short)}"] if short and not ahead else []
    if unknown and not ahead:
        return HeadNeed(
            f"which migrations of {' and '.join(unknown)} the previous release has is not known",
            is_known=False,
        )
    return HeadNeed("; ".join([*ahead, *behind]), is_known=True)


def lacking(state: MigrationState) -> Tuple[str, ...]:
    """Return the migrations that a release needs and that are not applied, of one tool.

    A tool that notes each one has perhaps never applied some, as of an app that is not installed.
    """
    tool = next(each for each in TOOLS if each.name == state.tool)
    return state.lacks if tool.latest and state.judged else ()


def taken_too_far(before: Migrations, after: Migrations) -> List[str]:
    """Return the migrations that were applied before, and that the previous release has."""
    known = {each.tool: set(each.lacks) for each in before.tools}
    return [
        f"{each.tool} {one}"
        for each in after.tools
        for one in each.lacks
        if each.judged and each.tool in known and one not in known[each.tool]
    ]
