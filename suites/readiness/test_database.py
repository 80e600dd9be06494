"""Issue 4, 'Database Connection Issues': 'Restore database backup if needed'."""

from __future__ import annotations

import time
from collections.abc import Callable

from pytest_rollback.agent.database.messages import (
    DatabaseState,
    DumpState,
    Migrations,
    UnknownMigration,
)
from pytest_rollback.agent.database.previous.downgrade.messages import DowngradeState
from pytest_rollback.agent.database.previous.messages import PreviousState
from pytest_rollback.agent.messages.backup.verify import Backups
from pytest_rollback.criteria import criterion
from pytest_rollback.errors import Inconclusive, Refused
from pytest_rollback.extras.database import migrated, ran, rehearsed, requests
from pytest_rollback.extras.database.action import RESTORE_DATABASE
from pytest_rollback.extras.database.migrate import MIGRATE_DATABASE
from pytest_rollback.fixtures.facts import fact
from pytest_rollback.manifest.model import System
from pytest_rollback.recovery.action import Scope
from pytest_rollback.text.quantities import count
from pytest_rollback.transport.batch import look
from pytest_rollback.transport.connection import Connection


@criterion("readiness.database.dump", phase="configuration", needs=("database",))
def test_the_dump_can_be_read(
    dump: DumpState | None, system: System, record_property: Callable[[str, object], None]
) -> None:
    """'Restore database backup': the dump is complete, private and readable by its tool."""
    record_property("dump", dump._asdict() if dump else "no database described")

    if dump and dump.problems:
        path = system.database.dump if system.database else ""
        again = requests.dumping(system.database) if system.database else ""
        raise Refused(
            f"the dump {path} cannot be used",
            findings=dump.problems,
            hint=f"dump again, by tools of the server's own version: (umask 077; {again}); or "
            "correct dump and tools in [database]",
        )
    if dump and dump.timed_out:
        raise Inconclusive(
            f"reading the dump took more than {dump.seconds:.0f} s",
            hint="a restore takes longer than that: keep a standby, or set a larger rto",
        )


@fact
def database(connection: Connection, scope: Scope) -> DatabaseState | None:
    """Whether the dump could be restored, and why not; None where a rollback restores none."""
    return look(connection, RESTORE_DATABASE.look(scope))


def shown(found: DatabaseState) -> dict[str, object]:
    """Return the state of a database as a report has it."""
    return {
        **found._asdict(),
        "rooms": [each._asdict() for each in found.rooms],
        "swap": found.swap._asdict() if found.swap else None,
        "problems": [each._asdict() for each in found.problems],
        "rehearsal": rehearsed.shown(found.rehearsal),
    }


@criterion(
    "readiness.database.restorable", phase="configuration", needs=('database.return = "restore"',)
)
def test_the_dump_can_be_restored(
    database: DatabaseState | None,
    system: System,
    record_property: Callable[[str, object], None],
) -> None:
    """'Restore database backup': the role may restore the dump, and the disk has room for it."""
    record_property("database", shown(database) if database else "a rollback restores none")

    if database and database.problems:
        raise Refused(
            f"the database {system.database.name if system.database else ''} cannot be restored",
            findings=[each.problem for each in database.problems],
            hint=" - or - ".join(dict.fromkeys(each.hint for each in database.problems)),
        )
    if database and not (database.restored or database.rooms):
        raise Inconclusive(
            "free disk space of the database server is unknown: its data directory is on another "
            "host, or not readable",
            hint="compare pg_database_size() with the free space there, then waive this criterion",
        )


@criterion(
    "readiness.database.rehearsed", phase="configuration", needs=('database.return = "restore"',)
)
def test_a_restore_was_rehearsed(
    database: DatabaseState | None,
    system: System,
    record_property: Callable[[str, object], None],
) -> None:
    """'Restore database backup': this dump was restored beside the live data, and lacks nothing."""
    record_property("rehearsal", rehearsed.shown(database.rehearsal) if database else None)
    if database is None or system.database is None or database.restored:
        return

    found = list(rehearsed.faults(database, system.database.rehearsal, time.time()))
    if found:
        raise Refused(
            f"the restore of {system.database.dump} is not proven",
            findings=found,
            hint=rehearsed.hint(database, requests.dumping(system.database)),
        )
    if database.rehearsal and database.rehearsal.unsure:
        raise Inconclusive(
            f"{system.database.dump} can be restored, and its schema is not the live one",
            findings=[each.problem for each in database.rehearsal.unsure],
            hint=rehearsed.UNSURE,
        )


@fact
def way_back(connection: Connection, scope: Scope) -> DowngradeState | None:
    """Where the database is, and how the way back was rehearsed; None where none is named."""
    return look(connection, MIGRATE_DATABASE.look(scope))


@criterion("readiness.database.migrated", phase="files", needs=('database.return = "migrate"',))
def test_the_way_back_was_rehearsed(
    way_back: DowngradeState | None,
    system: System,
    record_property: Callable[[str, object], None],
) -> None:
    """'Database migration not reverted': the commands that migrate back were run on a copy."""
    if way_back is None or system.database is None:
        return
    record_property("head", way_back.head.words)
    record_property("rehearsal", migrated.shown(way_back.last))
    if way_back.is_there:
        record_property("migrations", "the previous release needs no other head")
        return

    found = list(migrated.faults(way_back, system.database.rehearsal, time.time()))
    if found:
        raise Refused(
            f"the way back of {system.database.name} is not proven",
            findings=found,
            hint=migrated.hint(way_back),
        )


@criterion("readiness.database.embedded", phase="files")
def test_no_file_of_the_set_is_a_database(saved: Backups) -> None:
    """'Restore database backup': a rollback does not take back rows as if they were code."""
    if saved.databases:
        raise Refused(
            f"{count(len(saved.databases), 'file')} of the backup set hold a database: a rollback "
            "would lose all that was written into them since it was saved",
            findings=saved.databases,
            hint="keep data outside of files and of what a deploy changes, and save again; a file "
            'of SQLite can be the database of the system, engine = "sqlite" in [database]; if a '
            "deploy brings such a file and nobody writes into it, waive "
            "readiness.database.embedded in [[waivers]] of rollback.toml",
        )


@fact
def migrations(connection: Connection, system: System) -> Migrations | None:
    """Which migrations the live database has, and the previous release not; None: it comes back."""
    described = system.database
    if described is None or described.return_ != "keep":
        return None
    try:
        return connection.ask(requests.migrations(system, described))
    except Refused as error:
        raise Inconclusive(
            f"the live database cannot be asked for its migrations: {error.message}",
            hint=error.hint,
        ) from error


@criterion("readiness.database.schema", phase="configuration", needs=("database",))
def test_the_previous_release_knows_the_schema(
    migrations: Migrations | None,
    previous_state: PreviousState | None,
    system: System,
    record_property: Callable[[str, object], None],
) -> None:
    """'Database migration not reverted': the live database is not ahead of the previous release."""
    tools = migrations.tools if migrations else ()
    known = {each.tool: f"{each.applied} applied, last {each.head}" for each in tools}
    record_property("migrations", known or "of no tool that is known, or the dump is restored")
    ahead = [(each.tool, one) for each in tools for one in each.ahead]
    unjudged = [each.tool for each in tools if each.applied and not each.judged]

    wanted = system.database.rehearsal if system.database else None
    if previous_state and wanted and ran.is_proven(previous_state, wanted, time.time()):
        record_property("ahead, and the previous release was seen to run on it", len(ahead))
        return
    if ahead:
        raise Inconclusive(
            f"the live database is {count(len(ahead), 'migration')} ahead of the previous release, "
            "and nothing shows that this release runs on it",
            findings=[f"{tool} {one.id}{way(one)}" for tool, one in ahead],
            hint=f"{started(system)}try that by hand, and waive readiness.database.schema in "
            "[[waivers]] of rollback.toml until the next deploy; if it does not run, return = "
            "'restore' in [database] brings the dump back",
        )
    if unjudged:
        raise Inconclusive(
            f"nobody can tell which migrations of {' and '.join(unjudged)} the previous release "
            "knows: its files are not known",
            hint="compare them by hand, then waive readiness.database.schema in [[waivers]] of "
            "rollback.toml",
        )


def started(system: System) -> str:
    """Return how the previous release can be started on a copy, for an engine that has that."""
    if system.database and system.database.engine != "postgresql":
        return ""
    return (
        'set previous = "schema" in [database.rehearsal], then rollback rehearse: it starts the '
        "previous release on a copy of the live schema; or "
    )


def way(ahead: UnknownMigration) -> str:
    """Return where a migration is, and whether a way back is written there."""
    if not ahead.path:
        return ""
    words = {None: "", True: ", which has a way back", False: ", which has no way back"}
    return f" ({ahead.path}{words[ahead.way]})"
