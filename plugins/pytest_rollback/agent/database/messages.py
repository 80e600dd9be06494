"""The system's database, and the dump that would bring it back: what each engine is asked."""

from typing import Dict, NamedTuple, Optional, Tuple

from ..messages.location import Location
from ..messages.system import Room
from ..protocol import Route


class DatabaseAccess(NamedTuple):
    """A database, its dump, and how its server is reached.

    `host` is a directory with a socket (of MariaDB the socket), or a name; `user` the role, "" for
    that of the account; `tools` a directory with its client and programs, "" for PATH; `account`
    the one that the system's units run as. A database without a server is a file, `name` its path.
    `scratch` is a directory for what is there for a while.
    """

    name: str
    dump: str
    host: str
    port: int
    user: str
    tools: str
    account: str
    scratch: str = "/var/tmp"  # noqa: S108 - a directory of its own is made there


class DatabaseRequest(NamedTuple):
    """Whether a dump could be restored; `timeout` is in seconds, for reading it to its end."""

    location: Location
    database: DatabaseAccess
    timeout: float


class DatabaseProblem(NamedTuple):
    """A problem that prevents a restore, and a hint."""

    problem: str
    hint: str


class DatabaseSwap(NamedTuple):
    """How two databases changed names: the seconds it took, and how many sessions it ended.

    `kept` is the name that the failed database is kept under.
    """

    seconds: float
    sessions: int
    kept: str


class RowLoss(NamedTuple):
    """A table, and its rows after a restore and now; `estimated` where the latter is no count."""

    table: str
    restored: int
    live: int
    estimated: bool


class NewerRows(NamedTuple):
    """How many live rows are newer, by this column, than all that a restore brings back."""

    column: str
    rows: int


class Rehearsal(NamedTuple):
    """How a dump was restored into a throw-away server, and what it lacks beside the live database.

    `when` is the time of its end, in seconds since 1970, `made` that of the dump; `digest`, `bytes`
    and `format` are the dump's, `record` is the digest of the backup set, `head` that of the live
    columns. `server` is the major version. `restore` and `seconds` are those of the restore alone
    and of all; `size` is the restored database's in bytes. `tables` and `rows` are restored, `lost`
    is by table; `problems` are reasons why the dump is not good enough. `deployed` tells that the
    current release was live already: what differs of the schema may be its work, and is `unsure`.
    `subject` is the database, and `tolerance` and `ignore` are what was asked of its dump.
    """

    when: float
    made: float
    digest: str
    bytes: int
    format: str
    record: str
    head: str
    server: str
    restore: float
    seconds: float
    size: int
    tables: int
    rows: int
    lost: Tuple[RowLoss, ...]
    newer: Tuple[NewerRows, ...]
    problems: Tuple[DatabaseProblem, ...]
    unsure: Tuple[DatabaseProblem, ...]
    deployed: bool
    subject: str
    tolerance: float
    ignore: Tuple[str, ...]


class RehearsalRequest(NamedTuple):
    """Rehearse the restore of a dump in a directory (`scratch`) of the host.

    `timeout` is in seconds, for all of it; `tolerance` the share of a table's rows that may be
    lost, `ignore` tables that do not count, `newest` columns by which newer rows are counted.
    `largest` is how many bytes the live database may have at most, `sources` other names of it.
    """

    location: Location
    database: DatabaseAccess
    scratch: str
    timeout: float
    tolerance: float
    largest: int
    ignore: Tuple[str, ...]
    newest: Tuple[str, ...]
    sources: Tuple[str, ...]


class DatabaseState(NamedTuple):
    """Whether the live database is that of the dump (`restored`), and what prevents a restore.

    `digest`, `bytes` and `format` are the dump's. `role` is who asked, `size` the live database's
    bytes. `rooms` are empty where the server's disk is not ours to see. `swap` is how this run's
    swap went, None before it. `rehearsal` is the last one, of whatever dump.
    `made` is when the dump was made, in seconds since 1970, 0 where there is none.
    """

    restored: bool
    digest: str
    bytes: int
    format: str
    role: str
    size: Optional[int]
    rooms: Tuple[Room, ...]
    swap: Optional[DatabaseSwap]
    problems: Tuple[DatabaseProblem, ...]
    rehearsal: Optional[Rehearsal] = None
    made: float = 0.0


class DatabaseRestoreRequest(NamedTuple):
    """Restore the dump with this sha256 `digest`; `timeout` is in seconds, for each long step."""

    location: Location
    database: DatabaseAccess
    timeout: float
    digest: str


class DatabaseRestored(NamedTuple):
    """The name of the live database that was restored; `swap` is None where it was before."""

    restored: str
    swap: Optional[DatabaseSwap]


class DatabaseUndone(NamedTuple):
    """How many databases were brought back."""

    undone: int


class PingRequest(NamedTuple):
    """Whether a server takes connections; `timeout` is in seconds."""

    database: DatabaseAccess
    timeout: float


class Ping(NamedTuple):
    """What a server has against connections, "" for nothing; and the seconds that it took."""

    problem: str
    seconds: float


class DumpRequest(NamedTuple):
    """A dump to read to its end within `timeout` seconds; `tools` as in `DatabaseAccess`.

    Its tool runs as the `account`, "" for who we are: what it reads is somebody else's work.
    """

    path: str
    tools: str
    timeout: float
    account: str = ""
    scratch: str = "/var/tmp"  # noqa: S108 - a directory of its own is made there


class DumpState(NamedTuple):
    """What a dump is, and every problem with it.

    `format` is custom, directory, tar, plain or "plain, gzip", "" for what is no dump; `tool` the
    program that restores it, None where it is not there. `age` and `seconds` (of reading it) are in
    seconds. `timed_out`: it could not be read to its end in time, which proves nothing.
    """

    format: str
    tool: Optional[str]
    bytes: int
    age: float
    timed_out: bool
    problems: Tuple[str, ...]
    seconds: float


class MigrationsRequest(NamedTuple):
    """Which migrations of the live database the recorded previous release does not know."""

    location: Location
    database: DatabaseAccess


class UnknownMigration(NamedTuple):
    """A migration that is applied, and that the previous release has no file of.

    `path` is its file in the live release, "" where it was not looked for; `way` whether that
    file has a way back, None where the tool does not say it there.
    """

    id: str
    path: str
    way: Optional[bool]


class MigrationState(NamedTuple):
    """A migration tool in the live database: how many it `applied`, the last one (`head`).

    `ahead` are those that the previous release does not know; unless `judged`, nobody could tell.
    `lacks` are those that it knows and that are not applied; of a tool that notes the last one
    alone, the heads of the previous release.
    """

    tool: str
    applied: int
    head: str
    ahead: Tuple[UnknownMigration, ...]
    judged: bool
    lacks: Tuple[str, ...] = ()


class Migrations(NamedTuple):
    """The migration tools that a live database knows; none for one without."""

    tools: Tuple[MigrationState, ...]


class DatabaseRoutes(NamedTuple):
    """What an engine answers: each question has the same request and answer for all of them.

    `look`: is the live database that of the dump, and what prevents a restore. `restore`: restore
    the dump beside the live database, and swap them. `undo`: swap them back. `answer`: does it take
    connections. `dump`: is the dump whole. `migrations`: what does the previous release not know.
    `rehearse`: restore the dump where it harms nobody, and compare.
    """

    look: Route[DatabaseRequest, DatabaseState]
    restore: Route[DatabaseRestoreRequest, DatabaseRestored]
    undo: Route[Location, DatabaseUndone]
    answer: Route[PingRequest, Ping]
    dump: Route[DumpRequest, DumpState]
    migrations: Route[MigrationsRequest, Migrations]
    rehearse: Route[RehearsalRequest, Rehearsal]


def named(engine: str) -> DatabaseRoutes:
    """Return the routes of an engine: the dispatch is the name of the question."""
    about = f"database.{engine}"
    return DatabaseRoutes(
        look=Route(f"{about}.look", DatabaseRequest, DatabaseState),
        restore=Route(f"{about}.restore", DatabaseRestoreRequest, DatabaseRestored),
        undo=Route(f"{about}.undo", Location, DatabaseUndone),
        answer=Route(f"{about}.answer", PingRequest, Ping),
        dump=Route(f"{about}.dump", DumpRequest, DumpState),
        migrations=Route(f"{about}.migrations", MigrationsRequest, Migrations),
        rehearse=Route(f"{about}.rehearse", RehearsalRequest, Rehearsal),
    )


ENGINES: Dict[str, DatabaseRoutes] = {
    "mariadb": named("mariadb"),
    "postgresql": named("postgresql"),
    "sqlite": named("sqlite"),
}
"""The engines there are, by their names in `rollback.toml`."""
