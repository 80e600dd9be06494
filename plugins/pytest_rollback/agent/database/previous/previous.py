"""The previous release, started on a copy of the live schema beside the live system.

The live database is only read. What was found is left as a stamp in the state directory.
"""

from __future__ import annotations

import time
from typing import Callable, List, NamedTuple, Optional, Tuple

from ...errors import HostError
from ...messages.trial import TrialRequest
from ...observe.trial.components import units_of
from ...state import backup_set
from ...state.directory import record_of
from ...state.releases import linked
from ...system import unix_sockets
from ...system.command import entering, identity
from .. import naming, stamp
from ..postgresql import catalog, tools
from ..postgresql.catalog import Catalog
from ..postgresql.server import Server, quoted, reached
from ..rehearsal import commands, keeper, programs, scratch
from ..rehearsal.guard import ServerLimits, ServerPlan
from ..rehearsal.rehearse import BYTES_A_SECOND, EMPTY, RESERVE
from . import box, effects, previous_stamp, relay, schema, starts
from .box import BoxResult, ServerPlace, Surrounded
from .effects import ReleaseEffects
from .inside import ReleaseTask, Tell
from .messages import PreviousRequest, PreviousRun, ReleaseRun

KEPT = "rollback_copy"
"""The copy as it was made, in the throw-away server."""

COPIES = 2
"""Databases of the size of the live one that a try has at a time, with all rows."""

FORCED = 13
"""Since this version a database can be dropped although somebody is connected to it."""

MAIL = (("127.0.0.1", 25), ("127.0.0.1", 587))


class Scene(NamedTuple):
    """The throw-away server, as its superuser, and what a release finds there."""

    request: PreviousRequest
    live: Server
    fresh: Server
    until: float
    modern: bool

    def tried(
        self,
        trial: TrialRequest,
        work: Optional[Callable[[Tell], None]] = None,
        hears: Tell = box.silent,
    ) -> BoxResult:
        """Try one release; with some `work` nothing is started, and that is done instead."""
        database = self.request.database
        names = [each.name for each in unix_sockets.listening() if each.name.startswith("/")]
        host = database.host if not database.host.startswith("/") else "127.0.0.1"
        units = starts.alone(units_of(trial))
        asked = () if work else self.request.components
        task = ReleaseTask(trial, units, asked, self.until, work)
        server = ServerPlace(
            f"{self.fresh.host}/.s.PGSQL.{commands.PORT}", entering(identity(self.live.account))
        )
        around = Surrounded(names, ((host, database.port), *MAIL))
        return box.tried(task, relay.places(database.host, database.port), server, around, hears)

    def seen(self, trial: TrialRequest, copy: str = KEPT) -> Tuple[BoxResult, ReleaseEffects]:
        """Try one release, and look at what it did to the database that was made of a copy."""
        before = effects.watched(self.fresh)
        done = self.tried(trial)
        return done, effects.of(self.fresh, copy, before)


def try_previous(request: PreviousRequest) -> PreviousRun:
    """Try the previous release on a copy of the live schema; leave a stamp of how that went.

    Raises:
        HostError: it could not be tried: no namespaces, no server, nothing of the release.
    """
    location, began = request.location, time.monotonic()
    with stamp.alone(location.state):
        record = refuse_others(location.state)
        live = reached(request.database)
        found = catalog.look(live, naming.names(request.database.name, location.run))
        version = tools.major(found.role["version"])
        plan = planned(request, live, found, version)
        head = schema.head(live)
        with scratch.server(live, plan) as fresh:
            scratch.furnish(live, fresh, found.databases[live.name], found.role["name"])
            schema.copied(live, fresh, request.rows, request.timeout)
            scene = Scene(request, live, fresh, began + request.timeout, float(version) >= FORCED)
            fresh.sql(f"CREATE DATABASE {quoted(KEPT)} TEMPLATE {quoted(live.name)};")
            done, control, did = judged(scene)
        told = of_run(request, record, (done, control, did), (version, head))._replace(
            seconds=round(time.monotonic() - began, 3)
        )
        previous_stamp.write(location.state, told)
    return told


def of_run(
    request: PreviousRequest,
    record: backup_set.BackupSet,
    found: Tuple[BoxResult, List[ReleaseRun], ReleaseEffects],
    about: Tuple[str, str],
) -> PreviousRun:
    """Return what is told of a run.

    Args:
        request: what was asked.
        record: the backup set of the release.
        found: what `judged` has returned.
        about: the version of the server, and the digest of the live schema.
    """
    done, control, did = found
    return PreviousRun(
        when=time.time(),
        seconds=0.0,
        rows=request.rows,
        head=about[1],
        record=record_of(request.location.state),
        subject=stamp.subject(request.database),
        previous=record.previous.name,
        current=record.current.name,
        server=about[0],
        runs=tuple(done.runs),
        control=tuple(control),
        gaps=(*done.gaps, *effects.some("it adds {}", sorted(did.added))),
        connections=done.connections,
        effects=did.words(),
        asked=previous_stamp.digest(request),
    )


def refuse_others(state: str) -> backup_set.BackupSet:
    """Return the record of the previous release, of which all files are known.

    Raises:
        HostError: it is kept in another way, or in part.
    """
    record = backup_set.read(state)
    others = sorted(set(record.parts) - {linked.PART})
    if others or record.partial:
        kept = f"as {' and '.join(others)}" if others else "in part"
        raise HostError(
            f"the previous release is kept {kept}: it cannot be started beside the live one",
            'try it on another host; or set previous = "" in [database.rehearsal]',
        )
    return record


def judged(scene: Scene, lives: str = KEPT) -> Tuple[BoxResult, List[ReleaseRun], ReleaseEffects]:
    """Try the previous release, and where all is not well the live one, to have what to compare.

    That one runs on the copy `lives`, which may be another one.
    """
    done, did = scene.seen(scene.request.trial)
    if did.is_harmless and not any(each.problem for each in done.runs):
        return done, [], did
    pristine(scene, lives)
    control, also = scene.seen(scene.request.trial._replace(live=True, files=()), lives)
    return done, control.runs, did.beyond(also)


def pristine(scene: Scene, copy: str = KEPT) -> None:
    """Have the database as it was when a copy of it was made."""
    name = quoted(scene.live.name)
    scene.fresh.sql(
        f"DROP DATABASE {name} WITH (FORCE);" if scene.modern else f"DROP DATABASE {name};"
    )
    scene.fresh.sql(f"CREATE DATABASE {name} TEMPLATE {quoted(copy)};")
    schema.settings(scene.live, scene.fresh)


def planned(
    request: PreviousRequest, live: Server, found: Catalog, version: str, copies: int = COPIES
) -> ServerPlan:
    """Return the server to start, once it is known that there is room for so many copies.

    Raises:
        HostError: there is no such database, no room, or no programs.
    """
    database = found.databases.get(live.name)
    if database is None:
        raise HostError(f"there is no database {live.name}", "correct name in [database]")
    size = int(database.row["size"] or 0) if request.rows == "full" else 0
    if size > request.largest:
        raise HostError(
            f"the database {live.name} has {size:,} bytes, more than the {request.largest:,} that "
            f"are copied: that would take about {size / BYTES_A_SECOND / 60:.0f} min of this host",
            'set previous = "schema" in [database.rehearsal], or largest'
            if copies == COPIES
            else "set largest in [database.rehearsal]; or rehearse on another host",
        )
    short = keeper.lacking(request.scratch, copies * size + EMPTY, RESERVE)
    if short:
        raise HostError(
            f"no room for a copy of the database: {short}",
            f"free space there, see df {request.scratch}; or set scratch in [database.rehearsal]",
        )
    place, limits = programs.programs(live, version), ServerLimits(request.timeout, RESERVE)
    return commands.planned(place, version, request.scratch, limits, alone=True)
