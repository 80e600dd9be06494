"""Which migrations the live database has that the previous release does not know."""

from __future__ import annotations

import contextlib
import os
import re
from typing import Callable, Dict, Iterable, Iterator, List, NamedTuple, Tuple

from ...files.handles import Irregular, open_regular
from ...files.tree import Tree
from ...messages.location import Location
from ...state import backup_set
from ...state.backup_set import BackupSet
from ...state.releases import linked
from ..messages import Migrations, MigrationState, UnknownMigration
from .tools import TOOLS, MigrationTool, normal

MOST = 1 << 18
"""Bytes of a migration's file that are read."""

QUOTED = re.compile(r"""["']([^"'\n]{1,80})["']""")

Read = Callable[[str], str]
"""What returns the text of a file of a release, by its path; "" where it cannot be read."""


class Sources(NamedTuple):
    """The files of which a release's migrations are known.

    `added` are files that the previous release has not; with `are_all` its own files are `known`
    instead, all of them, and whatever is not among them it has not. `read` reads them, and `live`
    those of the live release.
    """

    known: Tuple[str, ...]
    added: Tuple[str, ...]
    read: Read
    are_all: bool
    live: Read


class LiveTables(NamedTuple):
    """What a live database has of migration tools, and how it is asked.

    `tables` are its tables with the names of theirs: each its name as SQL, its plain name, and its
    columns. `asked` returns the ids that a query yields, in order.
    """

    tables: Tuple[Tuple[str, str, Tuple[str, ...]], ...]
    asked: Callable[[str], List[str]]


def look(location: Location, live: LiveTables) -> Migrations:
    """Return each migration tool that the live database knows, with what is ahead.

    Raises:
        HostError: the database does not answer, or there is no record of a previous release.
    """
    record = backup_set.read(location.state)
    found = (
        state(live, tool, name, location.state, record)
        for name, table, columns in live.tables
        for tool in [known(table, columns)]
        if tool
    )
    return Migrations(tuple(found))


def known(table: str, columns: Iterable[str]) -> MigrationTool | None:
    """Return the tool that a table is of, None for one of no tool that is known."""
    there = set(columns)
    return next((each for each in TOOLS if each.table == table and each.columns <= there), None)


def state(
    live: LiveTables, tool: MigrationTool, table: str, place: str, record: BackupSet
) -> MigrationState:
    """Return how far the live database is, and what of it the previous release does not know."""
    applied = [normal(each) for each in live.asked(tool.applied.format(table=table))]
    ahead: List[UnknownMigration] = []
    judged = False
    with contextlib.ExitStack() as stack:
        for files in sources(stack, place, record):
            ids = {each: path for path in files.known for each in [identity(tool, files, path)]}
            if files.are_all and any(ids):
                judged = True
                ahead += [
                    UnknownMigration(each, "", None)
                    for each in applied
                    if each not in ids and is_of_release(tool, each, ids, files)
                ]
            elif not files.are_all:
                judged = True
                ahead += added(tool, files, applied)
    return MigrationState(
        tool=tool.name,
        applied=len(applied),
        head=applied[-1] if applied else "",
        ahead=tuple(ahead),
        judged=judged,
    )


def is_of_release(tool: MigrationTool, each: str, ids: Dict[str, str], files: Sources) -> bool:
    """Return whether a migration that a release has not is of the system, and of no library.

    Django's own apps are in no release where its packages lie elsewhere. An app that the release
    knows is the system's, and so is one that the live release has beside those.
    """
    if tool.name != "Django":
        return True
    app, name = each.split(".", 1)
    if any(one.startswith(f"{app}.") for one in ids):
        return True
    above = {path.rpartition("/migrations/")[0].rpartition("/")[0] for path in ids.values()}
    places = ("/".join(filter(None, (at, app, "migrations", f"{name}.py"))) for at in above)
    return any(files.live(path) for path in places)


def identity(tool: MigrationTool, files: Sources, path: str) -> str:
    """Return the id of a migration's file; "" of any other file."""
    found = tool.id_of(path)
    if found and tool.content:
        said = tool.content.search(files.read(path))
        return said[1] if said else ""
    return found


def added(tool: MigrationTool, files: Sources, applied: List[str]) -> Iterator[UnknownMigration]:
    """Yield the migrations among added files which the live database has applied."""
    ids = {each: path for path in files.added for each in [identity(tool, files, path)] if each}
    if tool.latest and tool.before:
        wanted = chain(tool, files, ids, applied)
    elif tool.latest:
        last = max((int(each) for each in applied if each.isdigit()), default=-1)
        wanted = [each for each in ids if each.isdigit() and int(each) <= last]
    else:
        wanted = [each for each in applied if each in ids]
    for each in wanted:
        way = bool(tool.back.search(files.read(ids[each]))) if tool.back else None
        yield UnknownMigration(each, ids[each], way)


def chain(
    tool: MigrationTool, files: Sources, ids: Dict[str, str], applied: List[str]
) -> List[str]:
    """Return the added migrations from the live heads down to what the previous release knows."""
    found: List[str] = []
    heads = list(applied)
    while heads:
        each = heads.pop()
        if each in ids and each not in found:
            found.append(each)
            before = tool.before.findall(files.read(ids[each])) if tool.before else []
            heads += [one for words in before for one in QUOTED.findall(words)]
    return found[::-1]


def sources(stack: contextlib.ExitStack, place: str, record: BackupSet) -> Iterator[Sources]:
    """Yield where a release's files are: the recorded listings, or what the deploy has added."""
    releases = linked.of(record)
    for each in releases:
        with contextlib.suppress(OSError):
            tree = stack.enter_context(Tree(each.place))
            live = stack.enter_context(Tree(os.path.join(record.root, each.link)))
            paths = tuple(one.path for one in linked.listed(place, each))
            yield Sources(paths, (), reader(tree), are_all=True, live=reader(live))
    if not record.parts and not record.partial:
        read = reader(stack.enter_context(Tree(record.root)))
        yield Sources((), record.added, read, are_all=False, live=read)


def reader(tree: Tree) -> Read:
    """Return what reads files of a tree."""

    def read(path: str) -> str:
        with contextlib.suppress(Irregular, OSError):
            opened = open_regular(*tree.parent(path))
            try:
                return os.pread(opened, MOST, 0).decode("utf-8", "replace")
            finally:
                os.close(opened)
        return ""

    return read
