"""What `[database]` says, as the host is asked about it."""

from __future__ import annotations

import shlex

from pytest_rollback.agent.database.messages import (
    ENGINES,
    DatabaseAccess,
    DatabaseRoutes,
    DumpRequest,
    DumpState,
    Migrations,
    MigrationsRequest,
    Ping,
    PingRequest,
    Rehearsal,
    RehearsalRequest,
)
from pytest_rollback.agent.database.previous.downgrade.messages import (
    LOOK,
    REHEARSE,
    DowngradeLookRequest,
    DowngradeState,
    DowngradeTrial,
    DowngradeTrialRequest,
)
from pytest_rollback.agent.database.previous.messages import (
    PREVIOUS,
    PREVIOUS_STATE,
    NamedProbe,
    PreviousComponent,
    PreviousLookRequest,
    PreviousRequest,
    PreviousRun,
    PreviousState,
)
from pytest_rollback.manifest import requests
from pytest_rollback.manifest.model import Database, System
from pytest_rollback.recovery.action import Scope
from pytest_rollback.recovery.actions.requests import location
from pytest_rollback.recovery.actions.requests import migrations as named
from pytest_rollback.transport.call import Call

SHARE = 0.5
"""Of the RTO: a dump that takes longer to read than this is restored far too late."""

GRACE = 10.0
"""Seconds that a look may take beside reading the dump."""

PATIENCE = 5.0
"""Seconds that a database may take to say something."""


DUMPING = {
    "postgresql": "pg_dump -Fc -f {dump} {name}",
    "mariadb": "mariadb-dump --single-transaction {name} > {dump}",
    "sqlite": "sqlite3 {name} '.backup {dump}'",
}
"""How a dump is made, by the engine."""


def dumping(described: Database) -> str:
    """Return the command that makes the dump of a database, for its host."""
    words = {each: shlex.quote(getattr(described, each)) for each in ("dump", "name")}
    return DUMPING[described.engine].format(**words)


def routes(described: Database) -> DatabaseRoutes:
    """Return what the engine of a database is asked."""
    return ENGINES[described.engine]


def access(system: System, described: Database) -> DatabaseAccess:
    """Return how a system's database is reached; a file has no server."""
    is_file = described.engine == "sqlite"
    return DatabaseAccess(
        name=described.name,
        dump=described.dump,
        host="" if is_file else described.host,
        port=0 if is_file else described.port,
        user=described.user,
        tools=described.tools,
        account=system.about.user,
        scratch=described.rehearsal.scratch,
    )


def dump(system: System, described: Database) -> Call[DumpRequest, DumpState]:
    """Return the call that reads the dump to its end, by the tool that would restore it."""
    seconds = system.about.rto * SHARE
    where = described.rehearsal.scratch
    request = DumpRequest(described.dump, described.tools, seconds, system.about.user, where)
    return Call(routes(described).dump, request, seconds + GRACE)


def migrations(system: System, described: Database) -> Call[MigrationsRequest, Migrations]:
    """Return the call that asks which applied migrations the previous release does not know."""
    request = MigrationsRequest(requests.location(system), access(system, described))
    return Call(routes(described).migrations, request)


def ping(system: System, described: Database) -> Call[PingRequest, Ping]:
    """Return the call that asks whether the live database answers."""
    request = PingRequest(access(system, described), PATIENCE)
    return Call(routes(described).answer, request, PATIENCE)


LOOKING = 60.0
"""Seconds in which a database tells where it is."""

STARTING = 300.0
"""Seconds that a rehearsal may take beside its limit: the dump is read, a server started."""


def rehearsal(system: System, described: Database) -> Call[RehearsalRequest, Rehearsal]:
    """Return the call that rehearses a restore of the dump on the host."""
    settings = described.rehearsal
    request = RehearsalRequest(
        location=requests.location(system),
        database=access(system, described),
        scratch=settings.scratch,
        timeout=settings.limit,
        tolerance=settings.tolerance,
        largest=settings.largest,
        ignore=settings.ignore,
        newest=settings.newest,
        sources=settings.sources,
    )
    return Call(routes(described).rehearse, request, settings.limit + STARTING)


def previous(system: System, described: Database) -> Call[PreviousRequest, PreviousRun]:
    """Return the call that tries the previous release on a copy of the live schema."""
    settings, asked = described.rehearsal, requests.component
    request = PreviousRequest(
        location=requests.location(system),
        database=access(system, described),
        trial=requests.trial(system, map(asked, system.components), settings.limit),
        components=_components(system),
        rows=settings.previous,
        scratch=settings.scratch,
        timeout=settings.limit,
        largest=settings.largest,
        migrated=_down(described),
    )
    return Call(PREVIOUS, request, settings.limit + STARTING)


def downgrade(system: System, described: Database) -> Call[DowngradeTrialRequest, DowngradeTrial]:
    """Return the call that rehearses the way back of a database, whose commands are named."""
    commands = named(system)
    if commands is None:
        raise LookupError("no commands are named")
    asked = previous(system, described)
    return Call(REHEARSE, DowngradeTrialRequest(commands, asked.request), asked.seconds)


def downgrade_state(
    scope: Scope, described: Database
) -> Call[DowngradeLookRequest, DowngradeState]:
    """Return the call that asks where a database is, whose commands are named."""
    commands, place = named(scope.system), access(scope.system, described)
    if commands is None:
        raise LookupError("no commands are named")
    return Call(LOOK, DowngradeLookRequest(location(scope), place, commands), LOOKING)


def _down(described: Database) -> tuple[tuple[str, ...], ...]:
    """Return the commands by which a copy is migrated back before a release is started there."""
    return described.migrate.down if described.migrates and described.migrate else ()


def _components(system: System) -> tuple[PreviousComponent, ...]:
    return tuple(
        PreviousComponent(
            name=each.name,
            health=_named(system, each.health),
            requests=tuple(_named(system, name) for name in each.requests),
            start=each.start,
        )
        for each in system.components
    )


def _named(system: System, name: str) -> NamedProbe:
    return NamedProbe(name, requests.probe(system.probes[name]))


def previous_state(system: System, described: Database) -> Call[PreviousLookRequest, PreviousState]:
    """Return the call that asks how the previous release ran, and what is live today."""
    place = requests.location(system)
    about = access(system, described), _components(system), _down(described)
    request = PreviousLookRequest(place, *about)
    return Call(PREVIOUS_STATE, request)
