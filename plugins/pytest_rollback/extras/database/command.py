"""Rehearse what a rollback does to the database: in a throw-away server, beside the live one.

The dump is restored there; or, with return = "migrate", the commands that migrate back are run on a
copy of the live database, alone on the host, and what they lose is counted.

The server has the live one's major version and roles, a socket of its own and no port; it is gone
afterwards. The live database is only read. What was found is left as a stamp in the state
directory: readiness judges it, and without a good one nothing is restored, or migrated.

With previous in [database.rehearsal] the previous release is started as well, on a copy of the live
schema, alone on the host: without its network, its sockets, and a file that is not its own.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from pytest_rollback.agent.database.messages import Rehearsal
from pytest_rollback.errors import Inconclusive, Refused, RollbackError, UsageError
from pytest_rollback.extras.database import migrated, ran
from pytest_rollback.extras.database.rehearsed import UNSURE, aged, days, hints, moment
from pytest_rollback.extras.database.requests import downgrade, dumping, previous, rehearsal
from pytest_rollback.manifest.load import load
from pytest_rollback.manifest.model import Database
from pytest_rollback.run.command_line.arguments import Parser, add_target
from pytest_rollback.run.command_line.shared import shown
from pytest_rollback.run.extras import place, usual
from pytest_rollback.text.quantities import count
from pytest_rollback.transport.connection import Connection

EXAMPLES = """
examples:
  {me}
  {me} --target staging.toml
  {me} --previous

exit codes: 0 the dump can be restored, and brings back what it should; 1 it cannot, or would lose
too much, or the previous release does not run; 4 usage, or a problem in rollback.toml; 7 the host
cannot be used; 10 its schema is not the live one, which may be the work of a deploy, or neither
release runs; 12 another rehearsal is under way
"""
SERVERS = {
    "postgresql": "a PostgreSQL {} of its own",
    "mariadb": "a MariaDB {} of its own",
    "sqlite": "SQLite {} in a directory of its own",
}
"""What a dump was restored into, by the engine."""

MOST = 5
"""Tables of which losses are shown."""


def main(arguments: Sequence[str], program: str) -> int:
    """Rehearse a restore; return the exit code.

    Raises:
        Refused: the dump cannot be restored, or would lose too much.
    """
    parser = Parser(prog=program, description=__doc__, epilog=EXAMPLES.format(me=program))
    add_target(parser)
    parser.add_argument(
        "--previous", action="store_true", help="only start the previous release, restore no dump"
    )
    asked = parser.parse_args(arguments)
    manifest = place(asked.rollback_target or usual()).absolute()
    system = load(manifest).system
    database = system.database
    if database is None:
        raise UsageError(
            f"{system.about.name} has no database to rehearse",
            hint=f"describe one in {manifest}: [database], see docs/manifest.md",
        )
    if asked.previous and not database.rehearsal.previous:
        raise UsageError(
            "the previous release is not to be started",
            hint=f'set previous = "schema" in [database.rehearsal] of {manifest}'
            if database.engine == "postgresql"
            else "leave out --previous: a copy of the live schema is made of PostgreSQL alone",
        )
    with contextlib.closing(Connection(system)) as connection:
        problems = list(tried(connection, database, only=asked.previous))
    for each in sorted(problems, key=lambda problem: isinstance(problem, Inconclusive)):
        raise each
    return 0


def tried(connection: Connection, database: Database, *, only: bool) -> Iterator[RollbackError]:
    """Rehearse what a rollback does to a database; yield what is against it.

    `only` the previous release is started, where that is all that is wanted.
    """
    system = connection.system
    if database.migrates:
        trial = connection.ask(downgrade(system, database))
        say(migrated.lines(trial.rehearsal))
        yield from refused(lambda: migrated.judged(trial.rehearsal))
        if trial.rehearsal.problems:
            return
        shown(f"REHEARSED: the commands lead back to {trial.rehearsal.after.words}")
        run = trial.run
    else:
        found = None if only else connection.ask(rehearsal(system, database))
        say(lines(found, database, time.time()) if found else ())
        run = connection.ask(previous(system, database)) if database.rehearsal.previous else None
        yield from refused(lambda: judged(found, database))
    back = database.migrates
    say(ran.lines(run, back=back) if run else ())
    yield from refused(lambda: ran.judge(run, back=back))


def say(words: Iterable[str]) -> None:
    """Print lines."""
    for each in words:
        shown(each)


def refused(judge: Callable[[], None]) -> Iterator[RollbackError]:
    """Yield what a judgement raises, so that the next one is made as well."""
    try:
        judge()
    except (Refused, Inconclusive) as problem:
        yield problem


def judged(found: Rehearsal | None, database: Database) -> None:
    """Say that a dump is good enough.

    Raises:
        Refused: it is not.
        Inconclusive: nobody can tell.
    """
    if found is None:
        return
    old = list(aged(found, database.rehearsal, time.time()))
    if found.problems or old:
        raise Refused(
            f"a restore of {database.dump} is not good enough",
            findings=[*(each.problem for each in found.problems), *old],
            hint=hints(found.problems) or f"dump again: (umask 077; {dumping(database)})",
        )
    if found.unsure:
        raise Inconclusive(
            "the dump can be restored; that its schema is another one may be the deploy's work, "
            "which is live already",
            findings=[each.problem for each in found.unsure],
            hint=UNSURE,
        )
    shown("REHEARSED: the dump can be restored, and has what the live database has")


def lines(found: Rehearsal, database: Database, now: float) -> Iterator[str]:
    """Yield what a rehearsal measured."""
    yield f"tried on {moment(found.when)}: {database.dump}"
    if found.tables:
        tables = f"{count(found.tables, 'table')}, {count(found.rows, 'row')}"
        yield f"  restored   {tables} in {found.restore:.1f} s, {found.size / 1e6:,.1f} MB"
        where = SERVERS[database.engine].format(found.server)
        yield f"  server     {where}, {found.seconds:.1f} s in all"
    if found.made:
        age = days(max(0.0, now - found.made))
        yield f"  made       {moment(found.made)}; a restore loses {age}"
    for column in found.newer:
        yield f"  newer      {count(column.rows, 'row')} by {column.column}"
    for each in found.lost[:MOST]:
        about = "about " if each.estimated else ""
        lost = f"{each.live - each.restored:,} of {about}{each.live:,} rows"
        yield f"  loses      {lost} of {each.table}"
    if len(found.lost) > MOST:
        yield f"  loses      rows of {count(len(found.lost) - MOST, 'more table')}"
