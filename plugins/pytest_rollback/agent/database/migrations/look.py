"""Which migrations the live database has that the previous release does not know."""

from __future__ import annotations

import contextlib
import re
from typing import Callable, Dict, Iterable, Iterator, List, NamedTuple, Tuple

from ...messages.location import Location
from ...state import backup_set
from ...state.backup_set import BackupSet
from ..messages import Migrations, MigrationState, UnknownMigration
from .sources import Sources, sources
from .tools import TOOLS, MigrationTool, normal

QUOTED = re.compile(r"""["']([^"'\n]{1,80})["']""")


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
        state(live, tool, name, location, record)
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
    live: LiveTables, tool: MigrationTool, table: str, place: Location, record: BackupSet
) -> MigrationState:
    """Return how far the live database is, and what of it the previous release does not know."""
    applied = [normal(each) for each in live.asked(tool.applied.format(table=table))]
    ahead: List[UnknownMigration] = []
    lacks: List[str] = []
    judged = False
    with contextlib.ExitStack() as stack:
        for files in sources(stack, place, record):
            ids = {each: path for path in files.known for each in [identity(tool, files, path)]}
            needed = heads(tool, files, {each: path for each, path in ids.items() if each})
            lacks += [each for each in needed if each not in applied]
            if files.are_all and any(ids):
                judged = True
                ahead += [
                    UnknownMigration(each, "", None)
                    for each in applied
                    if each not in ids and is_of_release(tool, each, ids, files)
                ]
            elif not files.are_all and (any(ids) or any(ids_of(tool, files, files.added))):
                judged = True
                ahead += added(tool, files, applied)
                ahead += unheard_of(tool, applied, {*ids, *ids_of(tool, files, files.added)})
    return MigrationState(
        tool=tool.name,
        applied=len(applied),
        head=applied[-1] if applied else "",
        ahead=tuple(ahead),
        judged=judged,
        lacks=tuple(lacks),
    )


def heads(tool: MigrationTool, files: Sources, ids: Dict[str, str]) -> List[str]:
    """Return the migrations that a release needs, by their ids and paths.

    Those of a tool that notes the last one alone are those that no other one follows.
    """
    if not tool.latest:
        return sorted(ids)
    if not tool.before:
        numbers = sorted((int(each), each) for each in ids if each.isdigit())
        return [each for _, each in numbers[-1:]]
    followed = {one for path in ids.values() for one in followed_by(tool, files, path)}
    return sorted(each for each in ids if each not in followed)


def followed_by(tool: MigrationTool, files: Sources, path: str) -> List[str]:
    """Return the ids that a migration's file says it follows."""
    before = tool.before.findall(files.read(path)) if tool.before else []
    return [one for words in before for one in QUOTED.findall(words)]


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


def ids_of(tool: MigrationTool, files: Sources, paths: Iterable[str]) -> Dict[str, str]:
    """Return the paths of migrations by their ids."""
    return {each: path for path in paths for each in [identity(tool, files, path)] if each}


def unheard_of(
    tool: MigrationTool, applied: List[str], ids: Iterable[str]
) -> Iterator[UnknownMigration]:
    """Yield what was applied and is in the files of no release, as a migration by hand.

    Files of old migrations are often deleted, once all databases have them: what was applied
    before the last one that is known is passed over, and so are those of apps that have no files.
    """
    known = set(ids)
    groups: Dict[str, List[str]] = {}
    for each in applied:
        groups.setdefault(each.split(".")[0] if tool.name == "Django" else "", []).append(each)
    for group in groups.values():
        there = [number for number, each in enumerate(group) if each in known]
        if there or tool.latest:
            after = 0 if tool.latest else there[-1]
            yield from (
                UnknownMigration(each, "", None) for each in group[after:] if each not in known
            )


def identity(tool: MigrationTool, files: Sources, path: str) -> str:
    """Return the id of a migration's file; "" of any other file."""
    found = tool.id_of(path)
    if found and tool.content:
        said = tool.content.search(files.read(path))
        return said[1] if said else ""
    return found


def added(tool: MigrationTool, files: Sources, applied: List[str]) -> Iterator[UnknownMigration]:
    """Yield the migrations among added files which the live database has applied."""
    ids = ids_of(tool, files, files.added)
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
    left = list(applied)
    while left:
        each = left.pop()
        if each in ids and each not in found:
            found.append(each)
            left += followed_by(tool, files, ids[each])
    return found[::-1]
